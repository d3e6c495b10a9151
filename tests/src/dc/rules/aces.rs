//! Entries of access control lists as SDDL, and the GUIDs they name (MS-ADSC, MS-ADA1 to 3, MS-ADTS 5.1.3.2.1).

/// Class `user`.
pub(in crate::dc) const USER: &str = "bf967aba-0de6-11d0-a285-00aa003049e2";
/// Class `msDS-DelegatedManagedServiceAccount`.
pub(in crate::dc) const DMSA: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
/// Class `organizationalUnit`.
pub(in crate::dc) const UNIT: &str = "bf967aa5-0de6-11d0-a285-00aa003049e2";
/// Class `computer`.
pub(in crate::dc) const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";

/// Attribute `altSecurityIdentities`.
pub(in crate::dc) const ALTERNATE_IDENTITIES: &str = "00fbf30c-91fe-11d1-aebc-0000f80367c1";
/// Attribute `member`.
pub(in crate::dc) const MEMBER: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";
/// Attribute `msDS-AllowedToActOnBehalfOfOtherIdentity`.
pub(in crate::dc) const ALLOWED_TO_ACT: &str = "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79";
/// Attribute `cn`.
pub(in crate::dc) const COMMON_NAME: &str = "bf96793f-0de6-11d0-a285-00aa003049e2";
/// Attribute `msDS-AllowedToDelegateTo`.
pub(in crate::dc) const DELEGATE_TO: &str = "800d94d7-b7a1-42a1-b14d-7cae1423d07f";
/// Attribute `gPCFileSysPath`.
pub(in crate::dc) const POLICY_PATH: &str = "f30e3bc1-9ff0-11d1-b603-0000f80367c1";
/// Attribute `gPLink`.
pub(in crate::dc) const POLICY_LINKS: &str = "f30e3bbe-9ff0-11d1-b603-0000f80367c1";
/// Attribute `msDS-GroupMSAMembership`.
pub(in crate::dc) const READERS: &str = "888eedd6-ce04-df40-b462-b8a50e41ba38";
/// Attribute `msDS-HostServiceAccount`.
pub(in crate::dc) const HOST_LINK: &str = "80641043-15a2-40e1-92a2-8ca866f70776";
/// Attribute `msDS-KeyCredentialLink`.
pub(in crate::dc) const KEY_CREDENTIAL: &str = "5b47d60f-6090-40b2-9f37-2a4de88f3063";
/// Attribute `msDS-ManagedAccountPrecededByLink`.
pub(in crate::dc) const PREDECESSOR: &str = "a0945b2b-57a2-43bd-b327-4d112a4e8bd1";
/// Attribute `name`, the relative distinguished name.
pub(in crate::dc) const RELATIVE_NAME: &str = "bf967a0e-0de6-11d0-a285-00aa003049e2";
/// Attribute `scriptPath`.
pub(in crate::dc) const LOGON_SCRIPT: &str = "bf9679a8-0de6-11d0-a285-00aa003049e2";
/// Attribute `servicePrincipalName`.
pub(in crate::dc) const SERVICE_NAMES: &str = "f3a64788-5306-11d1-a9c5-0000f80367c1";
/// Attribute `msDS-SupersededManagedAccountLink`.
pub(in crate::dc) const SUCCESSOR: &str = "3752e002-43be-48c8-b3ca-2cb2fffbc8a1";
/// Attribute `msDS-SupersededServiceAccountState`.
pub(in crate::dc) const SUCCESSOR_STATE: &str = "a4693096-a4c3-4ecd-b8cb-73cd6398b7a2";
/// Attribute `msDS-SupportedEncryptionTypes`.
pub(in crate::dc) const CIPHERS: &str = "20119867-1d04-4ab7-9371-cfc3d5df0afd";
/// Attribute `telephoneNumber`, which hands over nothing.
pub(in crate::dc) const TELEPHONE: &str = "bf967a49-0de6-11d0-a285-00aa003049e2";

/// Property set Account Restrictions.
pub(in crate::dc) const RESTRICTIONS: &str = "4c164200-20c0-11d0-a768-00aa006e0529";
/// Extended right User-Force-Change-Password.
pub(in crate::dc) const RESET_PASSWORD: &str = "00299570-246d-11d0-a768-00aa006e0529";
/// Extended right User-Change-Password, which takes the old one.
pub(in crate::dc) const CHANGE_PASSWORD: &str = "ab721a53-1e2f-11d0-9819-00aa0040529b";
/// Extended right DS-Replication-Get-Changes.
pub(in crate::dc) const GET_CHANGES: &str = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2";
/// Extended right DS-Replication-Get-Changes-All.
pub(in crate::dc) const GET_CHANGES_ALL: &str = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2";

/// Every right over a directory object.
pub(in crate::dc) const FULL_CONTROL: &str = "CCDCLCSWRPWPDTLOCRSDRCWDWO";

/// Allows `rights` over the whole object.
pub(in crate::dc) fn allow(rights: &str, sid: &str) -> String {
    format!("(A;;{rights};;;{sid})")
}

/// Denies `rights` over the whole object.
pub(in crate::dc) fn deny(rights: &str, sid: &str) -> String {
    format!("(D;;{rights};;;{sid})")
}

/// Allows writing one attribute.
pub(in crate::dc) fn write(attribute: &str, sid: &str) -> String {
    format!("(OA;;WP;{attribute};;{sid})")
}

/// Denies writing one attribute.
pub(in crate::dc) fn deny_write(attribute: &str, sid: &str) -> String {
    format!("(OD;;WP;{attribute};;{sid})")
}

/// Allows an extended right.
pub(in crate::dc) fn control(right: &str, sid: &str) -> String {
    format!("(OA;;CR;{right};;{sid})")
}

/// Allows creating and deleting objects of a class.
pub(in crate::dc) fn manage(class: &str, sid: &str) -> String {
    format!("(OA;;CCDC;{class};;{sid})")
}

/// Allows creating objects of a class.
pub(in crate::dc) fn create(class: &str, sid: &str) -> String {
    format!("(OA;;CC;{class};;{sid})")
}
