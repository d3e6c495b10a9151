//! The GUIDs that random ACEs name: classes, property sets, attributes, extended rights and validated writes of a forest's
//! schema (MS-ADSC, MS-ADA1 to 3, MS-ADTS 5.1.3.2.1). Decides nothing.

/// Class `user`.
pub(super) const USER: &str = "bf967aba-0de6-11d0-a285-00aa003049e2";
/// Class `computer`.
pub(super) const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";
/// Class `group`.
pub(super) const GROUP: &str = "bf967a9c-0de6-11d0-a285-00aa003049e2";
/// Class `organizationalUnit`.
pub(super) const UNIT: &str = "bf967aa5-0de6-11d0-a285-00aa003049e2";
/// Class `container`.
pub(super) const CONTAINER: &str = "bf967a8b-0de6-11d0-a285-00aa003049e2";
/// Class `msDS-GroupManagedServiceAccount`.
pub(super) const GMSA: &str = "7b8b558a-93a5-4af7-adca-c017e67f1057";
/// Class `msDS-ManagedServiceAccount`.
pub(super) const SMSA: &str = "ce206244-5827-4a86-ba1c-1c0c386c1b64";
/// Class `msDS-DelegatedManagedServiceAccount`.
pub(super) const DMSA: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
/// Attribute `nTSecurityDescriptor`.
pub(super) const DESCRIPTOR: &str = "bf9679e3-0de6-11d0-a285-00aa003049e2";

/// Classes of the planted objects, others that could be their children, and superclasses, which are no root of any
/// object's tree.
pub(super) const CLASSES: [&str; 13] = [
    USER,
    COMPUTER,
    GROUP,
    UNIT,
    CONTAINER,
    GMSA,
    SMSA,
    DMSA,
    "4828cc14-1437-45bc-9b07-ad6f015e5f28", // inetOrgPerson
    "5cb41ed0-0e4c-11d0-a286-00aa003049e2", // contact
    "bf967aa8-0de6-11d0-a285-00aa003049e2", // printQueue
    "bf967aa7-0de6-11d0-a285-00aa003049e2", // person
    "bf967ab7-0de6-11d0-a285-00aa003049e2", // top
];

/// Property sets. One has the GUID of an attribute in it: DNS-Host-Name-Attributes and `dNSHostName`.
pub(super) const PROPERTY_SETS: [&str; 11] = [
    "77b5b886-944a-11d1-aebd-0000f80367c1", // Personal-Information
    "e48d0154-bcf8-11d1-8702-00c04fb96050", // Public-Information
    "59ba2f42-79a2-11d0-9020-00c04fc2d3cf", // General-Information
    "4c164200-20c0-11d0-a768-00aa006e0529", // User-Account-Restrictions
    "5f202010-79a5-11d0-9020-00c04fc2d4cf", // User-Logon
    "bc0ac240-79a9-11d0-9020-00c04fc2d4cf", // Membership
    "e45795b3-9455-11d1-aebd-0000f80367c1", // Web-Information
    "e45795b2-9455-11d1-aebd-0000f80367c1", // Email-Information
    "037088f8-0ae1-11d2-b422-00a0c968f939", // RAS-Information
    "91e647de-d96f-4b70-9557-d63ff4f3ccd8", // Private-Information
    "72e39547-7b18-11d1-adef-00c04fd8d5cd", // DNS-Host-Name-Attributes
];

/// Attributes: of all objects and of some, in property sets and in none, linked, constructed, written by the system only.
pub(super) const ATTRIBUTES: [&str; 24] = [
    "bf967950-0de6-11d0-a285-00aa003049e2", // description
    "bf967953-0de6-11d0-a285-00aa003049e2", // displayName
    "bf967a0e-0de6-11d0-a285-00aa003049e2", // name
    "bf96793f-0de6-11d0-a285-00aa003049e2", // cn
    "bf96793e-0de6-11d0-a285-00aa003049e2", // info
    "bf9679e5-0de6-11d0-a285-00aa003049e2", // objectClass
    "bf967a49-0de6-11d0-a285-00aa003049e2", // telephoneNumber
    "bf967a68-0de6-11d0-a285-00aa003049e2", // userAccountControl
    "bf967a0a-0de6-11d0-a285-00aa003049e2", // pwdLastSet
    "bf9679e1-0de6-11d0-a285-00aa003049e2", // unicodePwd
    "3e0abfd0-126a-11d0-a060-00aa006c33ed", // sAMAccountName
    "f3a64788-5306-11d1-a9c5-0000f80367c1", // servicePrincipalName
    "bf9679c0-0de6-11d0-a285-00aa003049e2", // member
    "bf967991-0de6-11d0-a285-00aa003049e2", // memberOf
    "0296c120-40da-11d1-a9c0-0000f80367c1", // managedBy
    "f30e3bbe-9ff0-11d1-b603-0000f80367c1", // gPLink
    "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79", // msDS-AllowedToActOnBehalfOfOtherIdentity
    "888eedd6-ce04-df40-b462-b8a50e41ba38", // msDS-GroupMSAMembership
    "e362ed86-b728-0842-b27d-2dea7a9df218", // msDS-ManagedPassword
    "20119867-1d04-4ab7-9371-cfc3d5df0afd", // msDS-SupportedEncryptionTypes
    "17eb4278-d167-11d0-b002-0000f80367c1", // sIDHistory
    "bf967a78-0de6-11d0-a285-00aa003049e2", // whenCreated
    "9a7ad940-ca53-11d1-bbd0-0080c76670c0", // allowedAttributes
    DESCRIPTOR,
];

/// Extended rights and validated writes, and one GUID that nothing has.
pub(super) const RIGHTS: [&str; 7] = [
    "00299570-246d-11d0-a768-00aa006e0529", // User-Force-Change-Password
    "ab721a53-1e2f-11d0-9819-00aa0040529b", // User-Change-Password
    "ab721a54-1e2f-11d0-9819-00aa0040529b", // Send-As
    "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", // DS-Replication-Get-Changes
    "f3a64788-5306-11d1-a9c5-0000f80367c1", // Validated-SPN
    "bf9679c0-0de6-11d0-a285-00aa003049e2", // Self-Membership
    "c01dca5e-0000-4000-8000-000000000000",
];
