//! Frames about password settings and group policies.
//!
//! Owns names, types and meanings. Deliberately does not list them in order: that is [`super::FRAMES`].

use super::Type::{Boolean as B, Integer as I, Text as T};
use super::{Frame, column};

#[rustfmt::skip]
pub(super) const PASSWORD_POLICIES: Frame = Frame { name: "password_policies", about: "A password settings object", columns: &[
    column("object_id", I, "Key"),
    column("name", T, "cn"),
    column("precedence", I, "msDS-PasswordSettingsPrecedence; the lowest wins"),
    column("min_length", I, "msDS-MinimumPasswordLength"),
    column("reversible_encryption", B, "msDS-PasswordReversibleEncryptionEnabled"),
    column("applies_to", I, "Number of msDS-PSOAppliesTo values"),
]};

#[rustfmt::skip]
pub(super) const POLICY_SETTINGS: Frame = Frame { name: "policy_settings", about: "A setting of a group policy, from GptTmpl.inf or registry.pol in SYSVOL; no row if SYSVOL was not collected (the query sysvol is then not in queries)", columns: &[
    column("gpo_id", I, "object_id of the policy; NULL if it has no object in the snapshot"),
    column("gpo", T, "GUID of the policy in braces, upper case"),
    column("gpo_name", T, "displayName of the policy"),
    column("linked", B, "The domain head or a unit links it and the link is not disabled (sites are not looked at); NULL if no link was seen and not all were asked for"),
    column("enabled", B, "This side of the policy is not switched off in its flags; NULL if they are not readable"),
    column("side", T, "machine or user"),
    column("source", T, "GptTmpl.inf or registry.pol"),
    column("section", T, "System Access, Kerberos Policy, Privilege Rights, Group Membership, Registry Values (both files)"),
    column("name", T, "Name of the setting; for registry values the whole path, MACHINE\\…; for Group Membership *SID or name of the group, then __Members or __Memberof"),
    column("kind", T, "integer, REG_DWORD, principals, delete (the policy removes the registry value)"),
    column("value", T, "As text; lists of principals as written"),
    column("number", I, "The value of an integer or REG_DWORD; -1 often stands for never"),
]};

#[rustfmt::skip]
pub(super) const POLICY_PRINCIPALS: Frame = Frame { name: "policy_principals", about: "A principal in a list of a group policy: who is given a user right, who is put into a group of the machine (or which groups a group is put into)", columns: &[
    column("gpo_id", I, "As in policy_settings"),
    column("gpo", T, "As in policy_settings"),
    column("gpo_name", T, "As in policy_settings"),
    column("linked", B, "As in policy_settings"),
    column("enabled", B, "As in policy_settings"),
    column("section", T, "Privilege Rights or Group Membership"),
    column("name", T, "The right, e.g. SeServiceLogonRight; or the group, as in policy_settings"),
    column("principal", T, "As written: *SID or a name"),
    column("principal_sid", T, "Its SID; NULL if the file has only a name"),
    column("principal_id", I, "object_id of the principal, if it is in the snapshot"),
    column("principal_name", T, "Name of the object or well-known SID, else as written"),
]};

#[rustfmt::skip]
pub(super) const POLICY_LINKS: Frame = Frame { name: "policy_links", about: "A group policy that a unit or the domain head links (gPLink), disabled links left out; links of sites are not collected", columns: &[
    column("gpo_id", I, "object_id of the policy; NULL if it has no object in the snapshot"),
    column("gpo", T, "GUID of the policy in braces, upper case; the DN in the link if that has none"),
    column("container_id", I, "object_id of the unit or domain head"),
    column("enforced", B, "The link is enforced: it passes units that block inheritance"),
    column("tier0", B, "By this link the policy applies to a tier-0 account or computer: it lies there or below, and no unit in between blocks inheritance, or the link is enforced. Security and WMI filters are not looked at"),
]};

#[rustfmt::skip]
pub(super) const LOGON_RIGHTS: Frame = Frame { name: "logon_rights", about: "A logon right that a group policy gives to or takes from a service account, groups expanded; groups of BUILTIN (each machine has its own), and rights that everybody is given are left out. A principal that is written as name or DOMAIN\\name counts if the domain has one of that name, save Administrator and Guest without a domain, which each machine has too. To which machines the policy applies is not computed", columns: &[
    column("account_id", I, "object_id of the service account"),
    column("right", T, "SeInteractiveLogonRight, SeRemoteInteractiveLogonRight, SeNetworkLogonRight, SeBatchLogonRight, SeServiceLogonRight, or SeDeny… of the same"),
    column("denied", B, "The right is one of SeDeny…"),
    column("gpo_id", I, "As in policy_settings"),
    column("gpo_name", T, "As in policy_settings"),
    column("linked", B, "As in policy_settings"),
    column("enabled", B, "As in policy_settings"),
    column("via", T, "The principal in the list: the account, or what it is in"),
]};
