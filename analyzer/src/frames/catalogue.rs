//! Every frame and column that rules and `coldcase sql` may use: the documentation and the check in one table.
//!
//! A test holds the frames that are built against this table, name by name and type by type.
//! Deliberately does not build anything.

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// 64-bit integer.
    Integer,
    /// Double; ages are days before the snapshot's clock.
    Float,
    /// UTF-8.
    Text,
    /// TRUE or FALSE.
    Boolean,
}

/// A column: name, type, meaning. NULL means not set or not readable unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Name in SQL.
    pub(crate) name: &'static str,
    /// Type.
    pub(crate) kind: Type,
    /// Meaning and unit.
    pub(crate) about: &'static str,
}

/// A frame: name, what a row is, columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Name in SQL.
    pub(crate) name: &'static str,
    /// What a row is.
    pub(crate) about: &'static str,
    /// Columns in order.
    pub(crate) columns: &'static [Column],
}

const fn column(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, about }
}

use Type::{Boolean as B, Float as F, Integer as I, Text as T};

/// All frames.
#[rustfmt::skip]
pub(crate) const FRAMES: &[Frame] = &[
    Frame { name: "objects", about: "A directory object (without schema, extended rights)", columns: &[
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
        column("descriptor_readable", B, "nTSecurityDescriptor came with the object and decodes whole"),
        column("tier0", B, "A tier-0 group or nested in one, or as in principals"),
    ]},
    Frame { name: "principals", about: "A user, computer or managed service account", columns: &[
        column("object_id", I, "Key"),
        column("kind", T, "user, computer, gmsa, smsa, dmsa"),
        column("sid", T, "objectSid"),
        column("sam_account_name", T, "sAMAccountName"),
        column("service_account", B, "gMSA, sMSA, dMSA, or user with a servicePrincipalName (krbtgt is none)"),
        column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
        column("user_account_control", I, "userAccountControl flags"),
        column("domain_controller", B, "SERVER_TRUST_ACCOUNT or PARTIAL_SECRETS_ACCOUNT; primary group 516 or 521 where the flags are not readable"),
        column("tier0", B, "In a tier-0 group (nested, primary group), domain controller, RID 500 or 502"),
        column("password_days", F, "Days since pwdLastSet; NULL if never set (0)"),
        column("last_logon_days", F, "Days since the later of lastLogonTimestamp and lastLogon; NULL if none is known"),
        column("created_days", F, "Days since whenCreated"),
        column("primary_group_id", I, "primaryGroupID (RID)"),
        column("admin_count", I, "adminCount"),
        column("encryption_types", I, "msDS-SupportedEncryptionTypes flags (MS-KILE 2.2.7)"),
        column("spn_count", I, "Number of servicePrincipalName values"),
        column("operating_system", T, "operatingSystem"),
        column("host_name", T, "dNSHostName"),
        column("description", T, "description"),
        column("info", T, "info (notes)"),
        column("managed_by", T, "DN of managedBy or manager"),
        column("mail", T, "mail"),
        column("employee_id", T, "employeeID"),
        column("key_credentials", I, "Number of msDS-KeyCredentialLink values"),
        column("script_path", T, "scriptPath"),
    ]},
    Frame { name: "accounts", about: "A service account: gMSA, sMSA, dMSA, user with a servicePrincipalName", columns: &[
        column("object_id", I, "Key"),
        column("kind", T, "gmsa, smsa, dmsa, user"),
        column("sid", T, "objectSid"),
        column("sam_account_name", T, "sAMAccountName"),
        column("dn", T, "Distinguished name"),
        column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
        column("user_account_control", I, "userAccountControl flags"),
        column("tier0", B, "In a tier-0 group (nested, primary group), domain controller, RID 500 or 502"),
        column("password_days", F, "Days since pwdLastSet; NULL if never set (0)"),
        column("last_logon_days", F, "Days since the later of lastLogonTimestamp and lastLogon; NULL if none is known"),
        column("created_days", F, "Days since whenCreated"),
        column("primary_group_id", I, "primaryGroupID (RID)"),
        column("admin_count", I, "adminCount"),
        column("encryption_types", I, "msDS-SupportedEncryptionTypes flags (MS-KILE 2.2.7)"),
        column("spn_count", I, "Number of servicePrincipalName values"),
        column("description", T, "description"),
        column("info", T, "info (notes)"),
        column("managed_by", T, "DN of managedBy or manager"),
        column("mail", T, "mail"),
        column("employee_id", T, "employeeID"),
        column("key_credentials", I, "Number of msDS-KeyCredentialLink values"),
        column("interval_days", I, "msDS-ManagedPasswordInterval; NULL if not set (the server then uses 30)"),
        column("epoch_days", F, "Days since the epoch in msDS-ManagedPasswordId began (MS-GKDI 2.2.4)"),
        column("root_key_id", T, "KDS root key in msDS-ManagedPasswordId"),
        column("readers_state", T, "Of msDS-GroupMSAMembership: absent, broken, null-dacl, empty, present; NULL for users and sMSAs"),
        column("readers_deny", B, "msDS-GroupMSAMembership holds a deny ACE"),
        column("reset_denied_to_everyone", B, "nTSecurityDescriptor denies User-Force-Change-Password to Everyone, the schema default of gMSA and dMSA; NULL if the descriptor is not readable"),
        column("dmsa_state", I, "msDS-DelegatedMSAState: 1 migration started, 2 completed"),
        column("superseded_state", I, "msDS-SupersededServiceAccountState"),
        column("impact", F, "What taking it over is worth: 1 reaches tier 0, 0.5 operator or may impersonate anybody, 0.2 otherwise, 0.05 disabled"),
    ]},
    Frame { name: "readers", about: "Who may read a gMSA's or dMSA's password by msDS-GroupMSAMembership, after denies, groups expanded (broad ones are not)", columns: &[
        column("account_id", I, "object_id of the account"),
        column("reader_id", I, "object_id of the reader, if it is in the snapshot"),
        column("sid", T, "SID of the reader; NULL for kind outside"),
        column("name", T, "Name of the reader"),
        column("kind", T, "Kind of the reader as in objects, or well-known, unresolved (a SID of this domain without an object), foreign (a SID of another domain), outside (a group member without an object in the snapshot, name is its DN)"),
        column("via", T, "The trustee and groups that lead to the reader"),
        column("direct", B, "The reader is itself the trustee of an ACE"),
        column("broad", B, "Stands for everybody or nearly: Everyone, Anonymous, Authenticated Users, Domain Users, Domain Computers, Users, …"),
        column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
        column("tier0", B, "In a tier-0 group (nested, primary group), domain controller, RID 500 or 502"),
        column("last_seen_days", F, "Days since the later of logon and password change; NULL if unknown"),
        column("operating_system", T, "operatingSystem of the reader"),
    ]},
    Frame { name: "memberships", about: "A service account in a group, nested memberships, primary group and foreign principals included", columns: &[
        column("account_id", I, "object_id of the account"),
        column("group_id", I, "object_id of the group"),
        column("group_sid", T, "SID of the group"),
        column("group_name", T, "sAMAccountName of the group"),
        column("group_class", T, "tier0, operators, or NULL"),
        column("depth", I, "1 for a direct membership"),
        column("via", T, "The chain of groups"),
    ]},
    Frame { name: "members", about: "A direct membership: member values, and primaryGroupID", columns: &[
        column("group_id", I, "object_id of the group"),
        column("member_id", I, "object_id of the member"),
        column("primary", B, "By primaryGroupID"),
    ]},
    Frame { name: "spns", about: "A servicePrincipalName", columns: &[
        column("object_id", I, "object_id of the account"),
        column("spn", T, "As stored"),
        column("folded", T, "Lower case, for comparison"),
        column("service_class", T, "Before the first /"),
        column("host", T, "Host name, lower case, without port"),
        column("host_known", B, "A computer of the snapshot has that dNSHostName, HOST name or sAMAccountName"),
    ]},
    Frame { name: "delegations", about: "A right to impersonate, one row a target", columns: &[
        column("object_id", I, "The account that may impersonate; for resource-based, the account impersonated to"),
        column("kind", T, "unconstrained, constrained, protocol-transition, resource-based"),
        column("target", T, "Target SPN; for resource-based, the SID that may impersonate, groups expanded (NULL for kind outside)"),
        column("target_kind", T, "Resource-based: kind as in readers"),
        column("target_id", I, "object_id of the owner of the target SPN, or of the SID"),
        column("target_name", T, "Its name"),
        column("target_tier0", B, "The target is tier 0; for resource-based, the trusted principal is"),
        column("target_known", B, "Some account holds the SPN, itself or as a HOST alias (sPNMappings); or the SID belongs to an object or is well known"),
        column("broad", B, "Resource-based: the trusted principal is broad as in readers"),
        column("to_domain_controller", B, "The target SPN belongs to a domain controller"),
    ]},
    Frame { name: "controls", about: "A right that a principal has over a service account, one of its hosts, a KDS root key, container, group policy, privileged or reader group or the domain, as the domain controller computes it: denies, order, object types and nested groups honoured", columns: &[
        column("object_id", I, "The object controlled"),
        column("trustee_sid", T, "Who"),
        column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
        column("trustee_name", T, "Name of the trustee"),
        column("trustee_expected", B, "SYSTEM, Administrators, Domain, Enterprise or Schema Admins, domain controllers, SELF, the account itself, or tier 0"),
        column("trustee_broad", B, "As in readers"),
        column("right", T, "owner, full-control, write-all, write-dacl, write-owner, delete, reset-password, write-spn, write-key-credential, write-alt-identities, write-allowed-to-act, write-delegate-to, write-account-control, write-logon-script, write-readers, write-predecessor, write-successor, write-member, add-self, create-any, create-dmsa, create-account, create-root-key, delete-child, write-gplink, set-owner, replicate-all, read-secret, recreate, move; what follows from a stronger right of the same trustee is left out"),
        column("inherited", B, "The deciding ACE is inherited"),
        column("ace", I, "Position of the deciding ACE in the DACL, from 0; NULL for an owner, a missing DACL, or rights that come together from several"),
        column("unknown", B, "A conditional ACE decides, which only the domain controller can evaluate"),
        column("except_members", I, "Members of the trustee who are denied the right"),
    ]},
    Frame { name: "takeovers", about: "A service account in the control graph: rights, memberships and attributes by which one object takes over another", columns: &[
        column("account_id", I, "object_id of the account"),
        column("tier0_hops", I, "Steps of the shortest way to tier 0; 0 in tier 0, NULL if no way is seen"),
        column("tier0_way", T, "That way in words"),
        column("taken_over_by", I, "Users, computers and managed accounts outside tier 0 that can take it over; NULL if its permissions were not readable, or its list of readers is malformed"),
        column("reaches_accounts", I, "Service accounts that it can take over"),
        column("by_everybody", B, "Whoever logs on can take it over; NULL if that is not known"),
    ]},
    Frame { name: "dmsa_creation", about: "Somebody who is not expected to and may create a delegated managed service account (dMSA) in a container, or come to that", columns: &[
        column("container_id", I, "object_id of the unit, container or domain head"),
        column("trustee_sid", T, "Who"),
        column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
        column("trustee_name", T, "Name of the trustee"),
        column("trustee_broad", B, "As in readers"),
        column("right", T, "create-dmsa or create-any, as in controls, decided for the class; else what leads there: full-control, write-dacl, write-owner, owner, create-container (creates a unit of its own in the container, and the dMSA in that)"),
        column("inherited", B, "The deciding ACE is inherited"),
        column("ace", I, "As in controls"),
        column("unknown", B, "As in controls"),
        column("except_members", I, "As in controls"),
        column("creates", B, "The right is create-dmsa or create-any: a dMSA can be created there as things are"),
        column("creates_container", B, "It may create a unit or container there too, which a deny of the class does not bind and dSHeuristics neither"),
        column("controls_created", B, "It may write who reads the new dMSA's keys and whom that succeeds: on creation, or as its owner, or by what it inherits, dSHeuristics 28 and 29 as they are"),
        column("controls_enforced", B, "The same if dSHeuristics 28 and 29 were both enforced"),
        column("writes_victim", B, "It may name the successor of some service account or tier-0 account, or give itself the right to"),
        column("before_update", T, "What it comes to while a Server 2025 domain controller lacks the update of August 2025 (CVE-2025-53779): domain, no, unknown (a conditional ACE decides)"),
        column("after_update", T, "What it comes to when none does: domain, needs a write on the victim, no, unknown (as before, or the permissions of some tier-0 account were not seen)"),
        column("assumes", T, "What the snapshot shows of the circumstances, and what it cannot"),
    ]},
    Frame { name: "kds_keys", about: "A KDS root key, seen as an object or inferred from a password id", columns: &[
        column("object_id", I, "NULL if only inferred"),
        column("key_id", T, "Root key identifier"),
        column("seen", B, "The object is in the snapshot"),
        column("created_days", F, "Days since msKds-CreateTime"),
        column("effective_days", F, "Days since msKds-UseStartTime; negative if in the future"),
        column("accounts", I, "Managed accounts whose password id names the key"),
    ]},
    Frame { name: "account_hosts", about: "A host that runs an sMSA (msDS-HostServiceAccount)", columns: &[
        column("account_id", I, "object_id of the sMSA"),
        column("host_id", I, "object_id of the computer"),
        column("host_name", T, "sAMAccountName of the computer"),
        column("enabled", B, "The computer is enabled"),
        column("tier0", B, "The computer is tier 0"),
        column("last_seen_days", F, "As in readers"),
        column("operating_system", T, "operatingSystem"),
    ]},
    Frame { name: "successions", about: "A link between a dMSA and the account it replaces, from either side", columns: &[
        column("dmsa_id", I, "object_id of the dMSA; NULL if it has no object in the snapshot"),
        column("predecessor_id", I, "object_id of the account replaced; NULL if it has no object in the snapshot"),
        column("predecessor_name", T, "Its name, or its DN if it has no object in the snapshot"),
        column("predecessor_sid", T, "Its objectSid; NULL if it has no object in the snapshot"),
        column("predecessor_impact", F, "What taking it over is worth, as impact in accounts; NULL if it has no object in the snapshot"),
        column("predecessor_tier0", B, "It is tier 0"),
        column("predecessor_enabled", B, "It is enabled"),
        column("predecessor_spn_count", I, "Its number of SPNs"),
        column("predecessor_state", I, "Its msDS-SupersededServiceAccountState"),
        column("forward", B, "msDS-ManagedAccountPrecededByLink on the dMSA is set"),
        column("backward", B, "msDS-SupersededManagedAccountLink on the predecessor is set"),
    ]},
    Frame { name: "sid_history", about: "A sIDHistory value", columns: &[
        column("object_id", I, "The account or group"),
        column("sid", T, "The SID of the past"),
        column("same_domain", B, "It is of this domain"),
        column("privileged", B, "Its RID is 500, 502, 512, 516, 518, 519, 520, 526 or 527, or it is in BUILTIN"),
        column("service_account", B, "The object is a service account"),
    ]},
    Frame { name: "domain", about: "One row: the domain", columns: &[
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
    ]},
    Frame { name: "password_policies", about: "A password settings object", columns: &[
        column("object_id", I, "Key"),
        column("name", T, "cn"),
        column("precedence", I, "msDS-PasswordSettingsPrecedence; the lowest wins"),
        column("min_length", I, "msDS-MinimumPasswordLength"),
        column("reversible_encryption", B, "msDS-PasswordReversibleEncryptionEnabled"),
        column("applies_to", I, "Number of msDS-PSOAppliesTo values"),
    ]},
    Frame { name: "trusts", about: "A trusted domain", columns: &[
        column("object_id", I, "Key"),
        column("partner", T, "trustPartner"),
        column("sid", T, "securityIdentifier"),
        column("direction", I, "trustDirection: 1 inbound, 2 outbound, 3 both"),
        column("attributes", I, "trustAttributes flags (MS-ADTS 6.1.6.7.9)"),
    ]},
    Frame { name: "policy_settings", about: "A setting of a group policy, from GptTmpl.inf or registry.pol in SYSVOL; no row if SYSVOL was not collected (the query sysvol is then not in queries)", columns: &[
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
    ]},
    Frame { name: "policy_principals", about: "A principal in a list of a group policy: who is given a user right, who is put into a group of the machine (or which groups a group is put into)", columns: &[
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
    ]},
    Frame { name: "queries", about: "The ledger: what was asked, and whether the answer came to its end", columns: &[
        column("name", T, "Name of the query"),
        column("base", T, "Search base"),
        column("filter", T, "LDAP filter"),
        column("entries", I, "Entries received"),
        column("result_code", I, "LDAP result code; NULL if no result arrived"),
        column("result_text", T, "What the server said"),
        column("complete", B, "The answer came to its end"),
    ]},
    Frame { name: "coverage", about: "Attributes that were asked for and came with no object of a class", columns: &[
        column("query", T, "Name of the query"),
        column("class", T, "Most specific objectClass"),
        column("attribute", T, "lDAPDisplayName"),
        column("objects", I, "Objects of the class"),
        column("verdict", T, "not-in-schema, not-in-class, no-value, not-readable or unknown"),
    ]},
    Frame { name: "defects", about: "Something that is broken or leads nowhere, so that what it says is not known", columns: &[
        column("object_id", I, "The object; NULL for a SID without one"),
        column("name", T, "Its name, or the SID"),
        column("attribute", T, "lDAPDisplayName"),
        column("kind", T, "misfit (a value that does not fit its syntax), cut-short (values are missing), malformed (a security descriptor), cycle (groups in each other), unresolved (a SID of the domain without an object)"),
        column("detail", T, "What is wrong"),
    ]},
];

/// The two parts of `readers`, which share `descriptor_id`. Not for rules.
#[rustfmt::skip]
pub(super) const ACCOUNTS_BY_DESCRIPTOR: Frame = Frame { name: "accounts by descriptor", about: "A managed account", columns: &[
    column("account_id", I, ""), column("descriptor_id", I, ""),
]};

/// See [`ACCOUNTS_BY_DESCRIPTOR`].
#[rustfmt::skip]
pub(super) const READERS_BY_DESCRIPTOR: Frame = Frame { name: "readers by descriptor", about: "A reader", columns: &[
    column("descriptor_id", I, ""), column("reader_id", I, ""), column("sid", T, ""), column("name", T, ""),
    column("kind", T, ""), column("via", T, ""), column("direct", B, ""), column("broad", B, ""),
    column("enabled", B, ""), column("tier0", B, ""), column("last_seen_days", F, ""), column("operating_system", T, ""),
]};

/// The frame `name`.
pub(crate) fn find(name: &str) -> Option<&'static Frame> {
    FRAMES.iter().find(|frame| frame.name == name)
}
