//! Frames about the domain, its objects, and what was asked of it.
//!
//! Owns names, types and meanings. Deliberately does not list them in order: that is [`super::FRAMES`].

use super::Type::{Boolean as B, Float as F, Integer as I, Text as T};
use super::{Frame, column};

#[rustfmt::skip]
pub(super) const OBJECTS: Frame = Frame { name: "objects", about: "A directory object (without schema, extended rights)", columns: &[
    column("object_id", I, "Key, the same in all frames of one snapshot"),
    column("object_guid", T, "objectGUID"),
    column("sid", T, "objectSid"),
    column("kind", T, "user, computer, gmsa, smsa, dmsa, group, foreign-principal, ou, container, domain, gpo, kds-root-key, password-settings, trust, cross-ref, other"),
    column("sam_account_name", T, "sAMAccountName"),
    column("name", T, "sAMAccountName, else name"),
    column("dn", T, "Distinguished name"),
    column("parent_id", I, "object_id of the parent, if it is in the snapshot"),
    column("description", T, "description, values joined by a line feed"),
    column("created_days", F, "Days since whenCreated"),
    column("owner_sid", T, "Owner in nTSecurityDescriptor"),
    column("owner_name", T, "Name of the owner"),
    column("owner_tier0", B, "The owner is an expected administrator or in tier 0"),
    column("descriptor_readable", B, "nTSecurityDescriptor came with the object and decodes whole; NULL if it was asked for of nothing, as in some exports"),
    column("tier0", B, "A tier-0 group or nested in one, or as in principals"),
    column("privileged", B, "Group: of tier 0 or of operators, or nested in one that is; NULL for what is no group"),
    column("policies_reach_tier0", B, "Unit or domain head: a policy that is linked there and enforced applies to a tier-0 account or computer, which lies in it or below (filters are not looked at); NULL for others"),
]};

#[rustfmt::skip]
pub(super) const DOMAIN: Frame = Frame { name: "domain", about: "One row: the domain", columns: &[
    column("object_id", I, "object_id of the domain head; NULL if it could not be read"),
    column("dns_name", T, "DNS name"),
    column("sid", T, "Domain SID"),
    column("functional_level", I, "msDS-Behavior-Version; 6 is 2012 R2, 7 is 2016, 10 is 2025"),
    column("machine_account_quota", I, "ms-DS-MachineAccountQuota"),
    column("min_password_length", I, "minPwdLength"),
    column("reversible_encryption", B, "DOMAIN_PASSWORD_STORE_CLEARTEXT in pwdProperties"),
    column("ds_heuristics", T, "dSHeuristics"),
    column("dmsa_class", B, "The schema has msDS-DelegatedManagedServiceAccount; NULL if the schema was not read"),
    column("controllers_2025", I, "Domain controllers whose operatingSystem names Server 2025"),
    column("may_have_2025", B, "A domain controller may be Server 2025: FALSE if each is seen and names another system"),
    column("managed_accounts_id", I, "object_id of the container for managed service accounts (otherWellKnownObjects)"),
    column("seen_by_administrator", B, "Who collected is an administrator of the domain, by the token that the domain controller made: then what is not there is not hidden; NULL if the snapshot does not tell"),
    column("aes_days", F, "Days since whenCreated of the group with RID 521, which the first Windows Server 2008 domain controller brings: older passwords have no AES keys"),
]};

#[rustfmt::skip]
pub(super) const ASSUMPTIONS: Frame = Frame { name: "assumptions", about: "One row: what the analysis assumes, by coldcase.toml or by default (`coldcase assumptions`)", columns: &[
    column("readers", I, "thresholds.readers: readers of one managed password"),
    column("shared_classes", I, "thresholds.shared_classes: service classes of one managed account"),
    column("shared_hosts", I, "thresholds.shared_hosts: hosts of one managed account"),
    column("password_length", I, "thresholds.password_length: characters that a policy asks for"),
    column("stale_days", F, "thresholds.stale_days: days after which a host is stale"),
    column("dormant_days", F, "thresholds.dormant_days: days after which an account is dormant"),
    column("password_days", F, "thresholds.password_days: days after which a password is old"),
    column("root_key_days", F, "thresholds.root_key_days: days after which a KDS root key is old"),
    column("in_use_days", F, "thresholds.in_use_days: days since the last logon within which an account is in use"),
    column("interval_days", F, "thresholds.interval_days: days between two passwords of a managed account from which on that is seldom"),
    column("long_interval_days", F, "thresholds.long_interval_days: the same, from which on it is too seldom"),
    column("migration_days", F, "thresholds.migration_days: days that a migration to a dMSA may take"),
    column("new_days", F, "thresholds.new_days: days for which an account that has just been made may still be set up"),
    column("controllers_updated", T, "controllers.updated: yes, no, unknown"),
    column("default_ciphers", T, "Ciphers of an account that names none, by controllers.default_ciphers and the snapshot's date: rc4, aes, unknown"),
    column("cipher_step", T, "How far the change of that default (KB5073381) has come by the snapshot's date, where the updates are installed: before, april (AES only, unless a registry value undoes it), july (AES only)"),
]};

#[rustfmt::skip]
pub(super) const TRUSTS: Frame = Frame { name: "trusts", about: "A trusted domain", columns: &[
    column("object_id", I, "Key"),
    column("partner", T, "trustPartner"),
    column("sid", T, "securityIdentifier"),
    column("direction", I, "trustDirection: 1 inbound, 2 outbound, 3 both"),
    column("attributes", I, "trustAttributes flags (MS-ADTS 6.1.6.7.9)"),
]};

#[rustfmt::skip]
pub(super) const MEMBERS: Frame = Frame { name: "members", about: "A direct membership: member values, and primaryGroupID", columns: &[
    column("group_id", I, "object_id of the group"),
    column("member_id", I, "object_id of the member"),
    column("primary", B, "By primaryGroupID"),
]};

#[rustfmt::skip]
pub(super) const GROUPS: Frame = Frame { name: "groups", about: "A group", columns: &[
    column("object_id", I, "Key"),
    column("sid", T, "objectSid"),
    column("name", T, "sAMAccountName"),
    column("class", T, "tier0, operators, or NULL"),
    column("scope", T, "builtin, domain-local, global, universal (groupType, MS-ADTS 2.2.12)"),
    column("security", B, "A security group; FALSE for a distribution list"),
    column("members", I, "Direct members: member values, those without an object included, and primary groups"),
    column("outside", I, "Of those, without an object in the snapshot"),
    column("service_accounts", I, "Service accounts in it, nested ones, SIDs of the past and Everyone included"),
    column("reader_of", I, "Managed accounts whose msDS-GroupMSAMembership names it in an allow ACE, as far as that was readable"),
]};

#[rustfmt::skip]
pub(super) const SID_HISTORY: Frame = Frame { name: "sid_history", about: "A sIDHistory value", columns: &[
    column("object_id", I, "The account or group"),
    column("sid", T, "The SID of the past"),
    column("same_domain", B, "It is of this domain"),
    column("privileged", B, "Its RID is 500, 502, 512, 516, 518, 519, 520, 526 or 527, or it is in BUILTIN"),
    column("service_account", B, "The object is a service account"),
]};

#[rustfmt::skip]
pub(super) const QUERIES: Frame = Frame { name: "queries", about: "The ledger: what was asked, and whether the answer came to its end", columns: &[
    column("name", T, "Name of the query"),
    column("base", T, "Search base"),
    column("filter", T, "LDAP filter"),
    column("entries", I, "Entries received"),
    column("result_code", I, "LDAP result code; NULL if no result arrived"),
    column("result_text", T, "What the server said"),
    column("complete", B, "The answer came to its end"),
]};

#[rustfmt::skip]
pub(super) const COVERAGE: Frame = Frame { name: "coverage", about: "Attributes that were asked for and came with no object of a class", columns: &[
    column("query", T, "Name of the query"),
    column("class", T, "Most specific objectClass"),
    column("attribute", T, "lDAPDisplayName"),
    column("objects", I, "Objects of the class"),
    column("verdict", T, "not-in-schema, not-in-class, no-value, not-readable or unknown"),
]};

#[rustfmt::skip]
pub(super) const DEFECTS: Frame = Frame { name: "defects", about: "Something that is broken or leads nowhere, so that what it says is not known", columns: &[
    column("object_id", I, "The object; NULL for a SID without one"),
    column("name", T, "Its name, or the SID"),
    column("attribute", T, "lDAPDisplayName"),
    column("kind", T, "misfit (a value that does not fit its syntax), cut-short (values are missing), malformed (a security descriptor), cycle (groups in each other), unresolved (a SID of the domain without an object)"),
    column("detail", T, "What is wrong"),
]};

#[rustfmt::skip]
pub(super) const CONFLICTS: Frame = Frame { name: "conflicts", about: "Two exports that contradict each other about an object, and which was believed: the newer, unless only the older shows a value. The first 100,000", columns: &[
    column("object_id", I, "The object; NULL if it is not in the snapshot under this name"),
    column("dn", T, "Its distinguishedName"),
    column("attribute", T, "lDAPDisplayName; NULL where two objects claim one objectGUID, SID or name"),
    column("kept_value", T, "The value that the snapshot has; of lists, what only this one has"),
    column("kept_export", T, "Which export it is from"),
    column("other_value", T, "The value that it does not have; (asked for and not shown): unset or unreadable in the other export"),
    column("other_export", T, "Which export that is from"),
]};

#[rustfmt::skip]
pub(super) const EXPORT_NOTES: Frame = Frame { name: "export_notes", about: "What an export that the snapshot was made from cannot show, and what of it was not understood and left out", columns: &[
    column("export", T, "Name of the file or folder"),
    column("kind", T, "limit, trouble"),
    column("text", T, "What it is"),
    column("place", T, "Where in the export: line 9, offset 1079; NULL for a limit"),
    column("dn", T, "The object; NULL if it is about none"),
    column("attribute", T, "lDAPDisplayName; NULL if it is about none"),
]};

#[rustfmt::skip]
pub(super) const DOMAINS: Frame = Frame { name: "domains", about: "A domain of the forest (crossRef)", columns: &[
    column("object_id", I, "object_id of the crossRef"),
    column("dns_name", T, "dnsRoot, lower case"),
    column("netbios", T, "nETBIOSName"),
    column("dn", T, "nCName: DN of the domain's head"),
    column("parent", T, "DNS name of the domain above (trustParent); NULL for the root of a tree"),
    column("root", B, "It is the root of the forest"),
    column("own", B, "It is the domain of this snapshot"),
    column("functional_level", I, "msDS-Behavior-Version, as in domain"),
]};

#[rustfmt::skip]
pub(super) const CLASSES: Frame = Frame { name: "classes", about: "A class of the forest's schema (classSchema), those that are defunct aside; no row if the schema was not read", columns: &[
    column("name", T, "lDAPDisplayName"),
    column("guid", T, "schemaIDGUID"),
    column("parent", T, "Class that it derives from (subClassOf); NULL for top, and if the schema does not have it"),
    column("category", I, "objectClassCategory: 0 of before 1993, 1 structural, 2 abstract, 3 auxiliary"),
    column("creatable", B, "Its objects can be created, and not by the system only (systemOnly)"),
    column("account", B, "It is user or derives from it"),
    column("superiors", T, "Classes below whose objects its own may lie (possSuperiors, systemPossSuperiors, those of the classes it derives from included), joined by a comma"),
    column("odd_superiors", T, "Of these, account classes and what those derive from, as far as Microsoft's published schema does not put the class below them; NULL if there is none"),
    column("holds_accounts", B, "By the schema, accounts can be created below its objects, or something below which they can"),
    column("default_descriptor", T, "defaultSecurityDescriptor, in SDDL"),
]};

#[rustfmt::skip]
pub(super) const CONTAINERS: Frame = Frame { name: "containers", about: "A unit, a container or the domain head: the tree that objects lie in", columns: &[
    column("object_id", I, "Key"),
    column("parent_id", I, "object_id of the container above; NULL for a domain head, and if it is not in the snapshot"),
    column("kind", T, "ou, container, domain"),
    column("name", T, "Its name"),
    column("dn", T, "Distinguished name"),
    column("depth", I, "Steps down from the topmost container above it that is in the snapshot; 0 for that"),
    column("children", I, "Objects directly in it, as far as they are in the snapshot"),
    column("accounts", I, "Service accounts directly in it"),
    column("accounts_below", I, "Service accounts in it and below"),
    column("inherits", B, "It inherits permissions from above (SE_DACL_PROTECTED is not set); NULL if nTSecurityDescriptor is not readable"),
]};
