//! Frames about accounts and what they hang on: readers, groups, hosts, names, keys.
//!
//! Owns names, types and meanings. Deliberately does not list them in order: that is [`super::FRAMES`].

use super::Type::{Boolean as B, Float as F, Integer as I, Text as T};
use super::{Frame, column};

#[rustfmt::skip]
pub(super) const PRINCIPALS: Frame = Frame { name: "principals", about: "A user, computer or managed service account", columns: &[
    column("object_id", I, "Key"),
    column("kind", T, "user, computer, gmsa, smsa, dmsa"),
    column("sid", T, "objectSid"),
    column("sam_account_name", T, "sAMAccountName"),
    column("service_account", B, "gMSA, sMSA, dMSA, or user with a servicePrincipalName (krbtgt is none)"),
    column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
    column("user_account_control", I, "userAccountControl flags"),
    column("domain_controller", B, "SERVER_TRUST_ACCOUNT or PARTIAL_SECRETS_ACCOUNT; primary group 516 or 521 where the flags are not readable"),
    column("tier0", B, "In a tier-0 group (nested, primary group, SID of the past), domain controller, RID 500 or 502"),
    column("password_days", F, "Days since pwdLastSet; NULL if never set (0)"),
    column("last_logon_days", F, "Days since the later of lastLogonTimestamp and lastLogon; NULL if none is known"),
    column("created_days", F, "Days since whenCreated"),
    column("primary_group_id", I, "primaryGroupID (RID)"),
    column("admin_count", I, "adminCount"),
    column("encryption_types", I, "msDS-SupportedEncryptionTypes flags (MS-KILE 2.2.7); of exports that name them one by one, the lowest five"),
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
    column("ciphers", T, "By msDS-SupportedEncryptionTypes, strongest first: aes, aes+rc4, aes+rc4+des, aes+des, rc4, rc4+des, des; without a cipher des if USE_DES_KEY_ONLY is set, else default (MS-KILE 2.2.7)"),
    column("aes_keys", B, "FALSE if the password was set before the domain could make AES keys of it (aes_days in domain); NULL if either date is missing"),
    column("protected", B, "AdminSDHolder protects it: a member of a protected group, nested ones included, the 16th character of dSHeuristics honoured (MS-ADTS 3.1.1.6.1.2); NULL if not all groups were read, or only a primary group says so"),
    column("system_build", I, "Build of Windows in operatingSystemVersion, e.g. 20348; NULL if it is not Windows"),
    column("support_ended_days", F, "Days since Microsoft's extended support of that build ended, without Extended Security Updates; negative while it goes on; NULL if the build is not known (Microsoft Lifecycle)"),
    column("comment", T, "comment"),
    column("admin_description", T, "adminDescription"),
    column("password_attribute", B, "userPassword, unixUserPassword or msSFU30Password is set, which a filter told (the values are not asked for); NULL if not asked, or if the filter did not match and nothing shows that the collector may read them; NULL for managed accounts and computers"),
    column("protected_user", B, "In Protected Users (RID 525), nested; NULL if not seen there and not all groups were read"),
    column("silo", T, "DN of msDS-AssignedAuthNPolicySilo"),
    column("silo_admits", B, "That silo lists the account (msDS-AuthNPolicySiloMembers), without which the assignment is without effect (MS-KILE 3.3.5.4); NULL if the silo is not in the snapshot"),
    column("silo_enforced", B, "msDS-AuthNPolicySiloEnforced of that silo; a silo that is not enforced only logs"),
    column("logon_count", I, "logonCount of the controller asked; it is not replicated"),
    column("user_workstations", T, "userWorkstations: computers from which it may log on, separated by commas"),
    column("service_confidence", T, "How sure it is that a user is a service account, by service_hints: high, medium, low; NULL if nothing speaks for it"),
]};

#[rustfmt::skip]
pub(super) const ACCOUNTS: Frame = Frame { name: "accounts", about: "A service account: gMSA, sMSA, dMSA, user with a servicePrincipalName", columns: &[
    column("object_id", I, "Key"),
    column("kind", T, "gmsa, smsa, dmsa, user"),
    column("sid", T, "objectSid"),
    column("sam_account_name", T, "sAMAccountName"),
    column("dn", T, "Distinguished name"),
    column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
    column("user_account_control", I, "userAccountControl flags"),
    column("tier0", B, "In a tier-0 group (nested, primary group, SID of the past), domain controller, RID 500 or 502"),
    column("password_days", F, "Days since pwdLastSet; NULL if never set (0)"),
    column("last_logon_days", F, "Days since the later of lastLogonTimestamp and lastLogon; NULL if none is known"),
    column("created_days", F, "Days since whenCreated"),
    column("primary_group_id", I, "primaryGroupID (RID)"),
    column("admin_count", I, "adminCount"),
    column("encryption_types", I, "msDS-SupportedEncryptionTypes flags (MS-KILE 2.2.7); of exports that name them one by one, the lowest five"),
    column("encryption_shown", B, "msDS-SupportedEncryptionTypes was asked for of such accounts: where encryption_types is NULL, it is not set or not readable"),
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
    column("readers_state", T, "Of msDS-GroupMSAMembership: absent, broken, null-dacl, empty, present; NULL for users and sMSAs, and where it was not asked for"),
    column("readers_deny", B, "msDS-GroupMSAMembership holds a deny ACE"),
    column("reset_denied_to_everyone", B, "nTSecurityDescriptor effectively denies User-Force-Change-Password to everybody, as the schema default of gMSA and dMSA does; NULL if the descriptor is not readable whole"),
    column("dmsa_state", I, "msDS-DelegatedMSAState: 1 migration started, 2 completed"),
    column("superseded_state", I, "msDS-SupersededServiceAccountState"),
    column("impact", F, "What taking it over is worth by what it is itself: 1 tier 0 or as good, 0.5 operator or may impersonate anybody, 0.2 otherwise, 0.05 disabled; the report adds what it reaches in the control graph"),
    column("ciphers", T, "By msDS-SupportedEncryptionTypes, strongest first: aes, aes+rc4, aes+rc4+des, aes+des, rc4, rc4+des, des; without a cipher des if USE_DES_KEY_ONLY is set, else default (MS-KILE 2.2.7)"),
    column("aes_keys", B, "FALSE if the password was set before the domain could make AES keys of it (aes_days in domain); NULL if either date is missing"),
    column("protected", B, "AdminSDHolder protects it: a member of a protected group, nested ones included, the 16th character of dSHeuristics honoured (MS-ADTS 3.1.1.6.1.2); NULL if not all groups were read, or only a primary group says so"),
    column("parent_id", I, "object_id of the container it is in, if that is in the snapshot"),
    column("home", T, "managed-accounts: in the container for managed service accounts or below it; approved: in a unit of units.managed in coldcase.toml or below it; elsewhere; NULL for users, and if the domain head shows no otherWellKnownObjects"),
    column("password_unset", B, "pwdLastSet is 0: none was set yet, or the next logon must set one; NULL if it is not readable"),
    column("template", B, "SDProp wrote AdminSDHolder's permissions over its own (adminCount 1, no inheritance); NULL if the descriptor is not readable whole"),
    column("password_policy_id", I, "object_id of the password settings object that applies; NULL if it is the domain's policy, or not known"),
    column("password_policy", T, "Its name, or domain; NULL for managed accounts, and where password settings are hidden (MS-ADTS 3.1.1.4.5.36)"),
    column("min_password_length", I, "Characters that policy asks for at the next change; NULL as password_policy"),
    column("reversible_encryption", B, "ENCRYPTED_TEXT_PWD_ALLOWED is set, or that policy says so: the password can be read from the database (MS-SAMR 3.1.1.8.11.5); of a managed account the flag alone"),
    column("previous_epoch_days", F, "Days since the epoch in msDS-ManagedPasswordPreviousId began"),
    column("readers_owner_sid", T, "Owner in msDS-GroupMSAMembership"),
    column("readers_owner_expected", B, "That owner is an expected administrator, as trustee_expected in controls"),
    column("readers_canonical", B, "Explicit ACEs of msDS-GroupMSAMembership that deny stand before those that allow (MS-DTYP 2.4.5); NULL without a DACL"),
    column("comment", T, "comment"),
    column("admin_description", T, "adminDescription"),
    column("password_attribute", B, "userPassword, unixUserPassword or msSFU30Password is set, which a filter told (the values are not asked for); NULL if not asked, or if the filter did not match and nothing shows that the collector may read them; NULL for managed accounts and computers"),
    column("protected_user", B, "In Protected Users (RID 525), nested; NULL if not seen there and not all groups were read"),
    column("silo", T, "DN of msDS-AssignedAuthNPolicySilo"),
    column("silo_admits", B, "That silo lists the account (msDS-AuthNPolicySiloMembers), without which the assignment is without effect (MS-KILE 3.3.5.4); NULL if the silo is not in the snapshot"),
    column("silo_enforced", B, "msDS-AuthNPolicySiloEnforced of that silo; a silo that is not enforced only logs"),
    column("logon_count", I, "logonCount of the controller asked; it is not replicated"),
    column("user_workstations", T, "userWorkstations: computers from which it may log on, separated by commas"),
    column("creator_known", B, "It is known which entries the creator of the account is given: the defaultSecurityDescriptor of its class is in the snapshot, or AdminSDHolder protects it; NULL for users"),
]};

#[rustfmt::skip]
pub(super) const READERS: Frame = Frame { name: "readers", about: "Who may read a gMSA's or dMSA's password by msDS-GroupMSAMembership, after denies, groups expanded (broad ones are not)", columns: &[
    column("account_id", I, "object_id of the account"),
    column("reader_id", I, "object_id of the reader, if it is in the snapshot"),
    column("sid", T, "SID of the reader; NULL for kinds outside and unseen"),
    column("name", T, "Name of the reader"),
    column("kind", T, "Kind of the reader as in objects, or well-known, unresolved (a SID of this domain without an object), foreign (a SID of another domain), outside (a group member without an object in the snapshot, name is its DN), unseen (the same of this domain, where the collection did not see everybody)"),
    column("via", T, "The trustee and groups that lead to the reader"),
    column("direct", B, "The reader is itself the trustee of an ACE"),
    column("broad", B, "Stands for everybody or nearly: Everyone, Anonymous, Authenticated Users, Domain Users, Domain Computers, Users, …"),
    column("enabled", B, "ACCOUNTDISABLE is not set; NULL if userAccountControl is not readable"),
    column("tier0", B, "In a tier-0 group (nested, primary group, SID of the past), domain controller, RID 500 or 502"),
    column("last_seen_days", F, "Days since the later of logon and password change; NULL if unknown"),
    column("operating_system", T, "operatingSystem of the reader"),
    column("unconstrained", B, "TRUSTED_FOR_DELEGATION is set and it is no domain controller; NULL if userAccountControl is not readable"),
    column("system_build", I, "Build of Windows in operatingSystemVersion, e.g. 20348; NULL if it is not Windows"),
    column("support_ended_days", F, "Days since Microsoft's extended support of that build ended, without Extended Security Updates; negative while it goes on; NULL if the build is not known (Microsoft Lifecycle)"),
    column("list_digest", T, "Sixteen hexadecimal digits that are others when anybody joins or leaves this list of readers, whatever the order"),
]};

#[rustfmt::skip]
pub(super) const MEMBERSHIPS: Frame = Frame { name: "memberships", about: "A group in the token of a service account, once: nested memberships, primary group, foreign principals and SIDs of the past included", columns: &[
    column("account_id", I, "object_id of the account"),
    column("group_id", I, "object_id of the group"),
    column("group_sid", T, "SID of the group"),
    column("group_name", T, "sAMAccountName of the group"),
    column("group_class", T, "tier0 (groups of tier0.add too), operators, or NULL"),
    column("depth", I, "1 for a direct membership, and for the group that a SID of the past names"),
    column("via", T, "The chain of groups; it begins with SID history where only that brings it"),
    column("history_sid", T, "The SID of the past without which the account would not be in the group; NULL if it is in it as things are"),
]};

#[rustfmt::skip]
pub(super) const SPNS: Frame = Frame { name: "spns", about: "A servicePrincipalName", columns: &[
    column("object_id", I, "object_id of the account"),
    column("spn", T, "As stored"),
    column("folded", T, "Lower case, for comparison"),
    column("service_class", T, "Before the first /"),
    column("host", T, "Host name, lower case, without port"),
    column("host_known", B, "A computer of the snapshot has that dNSHostName, msDS-AdditionalDnsHostName, HOST name or sAMAccountName"),
    column("port", I, "After the colon of the host part, if it is a number"),
    column("instance", T, "After that colon, if it is no number: an instance of SQL Server"),
    column("computer_id", I, "object_id of that computer"),
    column("machine_class", B, "Windows registers the service class for the computer itself: HOST, RestrictedKrbHost, TERMSRV, WSMAN, cifs, ldap, GC, DNS, RPC, RPCSS, replication"),
    column("host_in_domain", B, "The host name is a single label or below this domain's DNS name, and in no domain of the forest below that; NULL without a name, or if domains below it may not have been seen"),
]};

#[rustfmt::skip]
pub(super) const KDS_KEYS: Frame = Frame { name: "kds_keys", about: "A KDS root key, seen as an object or inferred from a password id", columns: &[
    column("object_id", I, "NULL if only inferred"),
    column("key_id", T, "Root key identifier"),
    column("seen", B, "The object is in the snapshot"),
    column("created_days", F, "Days since msKds-CreateTime"),
    column("effective_days", F, "Days since msKds-UseStartTime; negative if in the future"),
    column("accounts", I, "Managed accounts whose password id names the key"),
    column("maker", T, "DN in msKds-DomainID: the domain controller that made it"),
    column("maker_id", I, "object_id of that controller, if it is in the snapshot"),
    column("maker_in_domain", B, "That DN is one of this domain, not of another of the forest"),
    column("newest", B, "Of the keys seen the one with the latest msKds-UseStartTime that is not in the future; NULL if only inferred or without that time"),
]};

#[rustfmt::skip]
pub(super) const ACCOUNT_HOSTS: Frame = Frame { name: "account_hosts", about: "A host that runs an sMSA (msDS-HostServiceAccount)", columns: &[
    column("account_id", I, "object_id of the sMSA"),
    column("host_id", I, "object_id of the computer"),
    column("host_name", T, "sAMAccountName of the computer"),
    column("enabled", B, "The computer is enabled"),
    column("tier0", B, "The computer is tier 0"),
    column("last_seen_days", F, "As in readers"),
    column("operating_system", T, "operatingSystem"),
    column("unconstrained", B, "TRUSTED_FOR_DELEGATION is set and it is no domain controller; NULL if userAccountControl is not readable"),
    column("system_build", I, "Build of Windows in operatingSystemVersion, e.g. 20348; NULL if it is not Windows"),
    column("support_ended_days", F, "Days since Microsoft's extended support of that build ended, without Extended Security Updates; negative while it goes on; NULL if the build is not known (Microsoft Lifecycle)"),
]};

#[rustfmt::skip]
pub(super) const SUCCESSIONS: Frame = Frame { name: "successions", about: "A link between a dMSA and the account it replaces, from either side", columns: &[
    column("dmsa_id", I, "object_id of the dMSA; NULL if it has no object in the snapshot"),
    column("predecessor_id", I, "object_id of the account replaced; NULL if it has no object in the snapshot"),
    column("predecessor_name", T, "Its name, or its DN if it has no object in the snapshot"),
    column("predecessor_sid", T, "Its objectSid; NULL if it has no object in the snapshot"),
    column("predecessor_impact", F, "What taking it over is worth, as impact in accounts; NULL if it has no object in the snapshot"),
    column("predecessor_strength", T, "Why it gives more than another account, disabled or not: tier 0 or as good, the privileged group it is in, delegation to any service or as anybody; NULL if nothing is known to"),
    column("predecessor_tier0", B, "It is tier 0"),
    column("predecessor_enabled", B, "It is enabled"),
    column("predecessor_spn_count", I, "Its number of SPNs"),
    column("predecessor_state", I, "Its msDS-SupersededServiceAccountState"),
    column("forward", B, "msDS-ManagedAccountPrecededByLink on the dMSA is set"),
    column("backward", B, "msDS-SupersededManagedAccountLink on the predecessor is set"),
]};

#[rustfmt::skip]
pub(super) const READER_GROUPS: Frame = Frame { name: "reader_groups", about: "A group whose members read the password of a gMSA or dMSA: it is allowed to by msDS-GroupMSAMembership, or nested in one that is, and not denied it", columns: &[
    column("account_id", I, "object_id of the account"),
    column("group_id", I, "object_id of the group"),
    column("group_sid", T, "SID of the group"),
    column("group_name", T, "sAMAccountName of the group"),
    column("depth", I, "1 if the list names it, 2 if it is directly in one that the list names, and so on; the shortest way"),
    column("via", T, "The chain of groups from the list down to it; NULL if the list names it"),
]};

#[rustfmt::skip]
pub(super) const SERVICE_HINTS: Frame = Frame { name: "service_hints", about: "Something that speaks for a user being a service account; of users with one good hint or two weak ones. The domain's own accounts (RID below 1000) and those of trusts are left out", columns: &[
    column("object_id", I, "object_id of the user"),
    column("hint", T, "spn, service-logon-right, batch-logon-right (a linked policy gives it, to the user or a group it is in), name (sAMAccountName: svc*, *svc, service*, sql*, srv-*, sa-*, app-*, task-*, batch-* and the like), description (a word such as service account), never-expires, logon-pattern (24 logons a day and more since it was made, on the controller asked), no-person (neither mail nor employeeID nor manager)"),
    column("detail", T, "The SPN, principal, pattern, word or number"),
    column("strength", T, "high (spn, service-logon-right), medium (batch-logon-right, name, description), low"),
]};
