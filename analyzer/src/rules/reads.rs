//! What a query reads, in terms of what was asked of the directory.
//!
//! Owns the queries and attributes that frames and columns hang on. They are added to what a page says it needs, so that a
//! page which forgets one is not taken for clear where that was not seen. Which kinds a rule is about, its page says
//! (`applies_to`): the queries that bring them are added too. Deliberately judges nothing.

use super::page::{Front, Needs, OutsideFact};
use super::words::pieces;
use crate::frames::catalogue::{FRAMES, find};

/// Queries and attributes, each list separated by spaces.
struct Source {
    /// Names of the plan.
    queries: &'static str,
    /// lDAPDisplayNames.
    attributes: &'static str,
}

const fn source(queries: &'static str, attributes: &'static str) -> Source {
    Source {
        queries,
        attributes,
    }
}

/// Rights hang on descriptors, on who is in which group, and on the GUIDs of what a right is about.
const RIGHTS: Source = source(
    "users computers groups foreign-principals schema-classes schema-attributes extended-rights",
    "nTSecurityDescriptor member",
);

/// Who is in which group: members, primary groups, SIDs of the past, and what everybody is in.
const TOKENS: Source = source(
    "groups foreign-principals",
    "member primaryGroupID sIDHistory",
);

/// Frames whose rows hang on more than the objects themselves.
#[rustfmt::skip]
const OF_FRAMES: &[(&str, Source)] = &[
    ("readers", source("users computers groups foreign-principals", "msDS-GroupMSAMembership member")),
    ("reader_groups", source("groups", "msDS-GroupMSAMembership member")),
    ("memberships", TOKENS),
    ("members", source("groups", "member primaryGroupID")),
    ("groups", source("groups", "member")),
    ("spns", source("", "servicePrincipalName")),
    ("delegations", source(
        "users computers service-accounts groups foreign-principals",
        "userAccountControl servicePrincipalName msDS-AllowedToDelegateTo msDS-AllowedToActOnBehalfOfOtherIdentity member",
    )),
    ("controls", RIGHTS),
    ("computer_controls", RIGHTS),
    ("spn_jacks", RIGHTS),
    ("dmsa_pairs", RIGHTS),
    ("takeovers", source(
        "domain containers gpos service-accounts users computers groups foreign-principals kds-root-keys schema-classes \
         schema-attributes extended-rights",
        "nTSecurityDescriptor member primaryGroupID sIDHistory userAccountControl servicePrincipalName \
         msDS-GroupMSAMembership msDS-AllowedToDelegateTo msDS-AllowedToActOnBehalfOfOtherIdentity \
         msDS-HostServiceAccount msDS-ManagedAccountPrecededByLink gPLink",
    )),
    ("service_hints", source("users groups gpos domain containers", "servicePrincipalName description userAccountControl mail employeeID manager gPLink member")),
    ("dmsa_creation", source("domain containers gpos users computers groups foreign-principals schema-classes", "nTSecurityDescriptor member")),
    ("dmsa_inheritance", source("domain containers gpos groups schema-classes schema-attributes", "nTSecurityDescriptor member")),
    ("descriptor_changes", source("schema-classes", "nTSecurityDescriptor defaultSecurityDescriptor")),
    ("kds_keys", source("kds-root-keys", "")),
    ("account_hosts", source("computers", "msDS-HostServiceAccount")),
    ("successions", source("users computers service-accounts", "msDS-ManagedAccountPrecededByLink msDS-SupersededManagedAccountLink")),
    ("sid_history", source("", "sIDHistory")),
    ("domain", source("domain", "")),
    ("password_policies", source("password-settings", "")),
    ("trusts", source("trusts", "")),
    ("domains", source("cross-refs", "nCName dnsRoot")),
    ("classes", source("schema-classes", "")),
    ("containers", source("domain containers", "")),
    ("policy_links", source("domain containers gpos", "gPLink")),
    ("policy_settings", source("gpos", "")),
    ("policy_principals", source("gpos", "")),
    ("logon_rights", source("gpos groups", "member")),
];

/// Frames from SYSVOL.
const OF_SYSVOL: [&str; 4] = [
    "policy_settings",
    "policy_principals",
    "logon_rights",
    "service_hints",
];

/// Columns that hang on an attribute, or on another query: of a frame, or of every frame that has one of that name.
#[rustfmt::skip]
const OF_COLUMNS: &[(&str, &str, Source)] = &[
    ("", "enabled", source("", "userAccountControl")),
    ("", "user_account_control", source("", "userAccountControl")),
    ("", "unconstrained", source("", "userAccountControl")),
    ("", "domain_controller", source("", "userAccountControl primaryGroupID")),
    ("", "tier0", TOKENS),
    ("", "target_tier0", TOKENS),
    ("", "victim_tier0", TOKENS),
    ("", "predecessor_tier0", TOKENS),
    ("", "predecessor_strength", source("domain users computers groups foreign-principals", "member primaryGroupID sIDHistory userAccountControl servicePrincipalName msDS-AllowedToDelegateTo nTSecurityDescriptor")),
    ("", "service_confidence", source("users groups gpos", "servicePrincipalName description mail employeeID manager")),
    ("", "protected", source("groups", "member")),
    ("", "protected_user", source("groups", "member")),
    ("", "privileged", source("groups", "member")),
    ("", "trustee_expected", source("groups", "member")),
    ("", "readers_owner_expected", source("groups", "member")),
    ("", "password_days", source("", "pwdLastSet")),
    ("accounts", "password_unset", source("", "pwdLastSet")),
    ("accounts", "template", source("", "adminCount nTSecurityDescriptor")),
    ("", "last_logon_days", source("", "lastLogonTimestamp")),
    ("", "last_seen_days", source("", "lastLogonTimestamp pwdLastSet")),
    ("", "created_days", source("", "whenCreated")),
    ("", "primary_group_id", source("", "primaryGroupID")),
    ("", "admin_count", source("", "adminCount")),
    ("", "encryption_types", source("", "msDS-SupportedEncryptionTypes")),
    ("", "encryption_shown", source("", "msDS-SupportedEncryptionTypes")),
    ("", "ciphers", source("", "msDS-SupportedEncryptionTypes userAccountControl")),
    ("", "aes_keys", source("groups", "pwdLastSet whenCreated")),
    ("", "spn_count", source("", "servicePrincipalName")),
    ("", "operating_system", source("", "operatingSystem")),
    ("", "system_build", source("", "operatingSystemVersion")),
    ("", "support_ended_days", source("", "operatingSystemVersion")),
    ("", "host_name", source("", "dNSHostName")),
    ("", "description", source("", "description")),
    ("", "info", source("", "info")),
    ("", "comment", source("", "comment")),
    ("", "admin_description", source("", "adminDescription")),
    ("", "managed_by", source("", "managedBy manager")),
    ("", "mail", source("", "mail")),
    ("", "employee_id", source("", "employeeID")),
    ("", "key_credentials", source("", "msDS-KeyCredentialLink")),
    ("", "script_path", source("", "scriptPath")),
    ("", "password_attribute", source("users-with-password", "")),
    ("", "silo", source("", "msDS-AssignedAuthNPolicySilo")),
    ("", "silo_admits", source("authentication-silos", "msDS-AuthNPolicySiloMembers")),
    ("", "silo_enforced", source("authentication-silos", "msDS-AuthNPolicySiloEnforced")),
    ("", "logon_count", source("", "logonCount")),
    ("", "user_workstations", source("", "userWorkstations")),
    ("", "interval_days", source("", "msDS-ManagedPasswordInterval")),
    ("", "epoch_days", source("", "msDS-ManagedPasswordId")),
    ("", "root_key_id", source("", "msDS-ManagedPasswordId")),
    ("", "previous_epoch_days", source("", "msDS-ManagedPasswordPreviousId")),
    ("", "readers_state", source("", "msDS-GroupMSAMembership")),
    ("", "readers_deny", source("", "msDS-GroupMSAMembership")),
    ("", "readers_owner_sid", source("", "msDS-GroupMSAMembership")),
    ("", "readers_canonical", source("", "msDS-GroupMSAMembership")),
    ("", "reset_denied_to_everyone", source("", "nTSecurityDescriptor")),
    ("", "creator_known", source("schema-classes", "defaultSecurityDescriptor")),
    ("", "owner_sid", source("", "nTSecurityDescriptor")),
    ("", "owner_tier0", source("groups", "nTSecurityDescriptor member")),
    ("", "descriptor_readable", source("", "nTSecurityDescriptor")),
    ("", "dmsa_state", source("", "msDS-DelegatedMSAState")),
    ("", "superseded_state", source("", "msDS-SupersededServiceAccountState")),
    ("", "predecessor_state", source("", "msDS-SupersededServiceAccountState")),
    ("containers", "inherits", source("", "nTSecurityDescriptor")),
    ("", "home", source("domain", "otherWellKnownObjects")),
    ("", "policies_reach_tier0", source("domain containers gpos", "gPLink")),
    ("accounts", "password_policy", source("domain groups password-settings", "msDS-PSOAppliesTo msDS-PasswordSettingsPrecedence")),
    ("accounts", "min_password_length", source("domain groups password-settings", "minPwdLength msDS-MinimumPasswordLength msDS-PSOAppliesTo")),
    ("accounts", "reversible_encryption", source("domain groups password-settings", "pwdProperties msDS-PasswordReversibleEncryptionEnabled msDS-PSOAppliesTo")),
    ("domain", "functional_level", source("", "msDS-Behavior-Version")),
    ("domain", "machine_account_quota", source("", "ms-DS-MachineAccountQuota")),
    ("domain", "min_password_length", source("", "minPwdLength")),
    ("domain", "reversible_encryption", source("", "pwdProperties")),
    ("domain", "ds_heuristics", source("directory-service", "dSHeuristics")),
    ("domain", "dmsa_class", source("schema-classes", "")),
    ("domain", "controllers_2025", source("computers", "operatingSystem")),
    ("domain", "may_have_2025", source("computers", "operatingSystem")),
    ("domain", "managed_accounts_id", source("", "otherWellKnownObjects")),
    ("domain", "aes_days", source("groups", "whenCreated")),
    ("spns", "host_known", source("computers", "dNSHostName")),
    ("spns", "computer_id", source("computers", "dNSHostName")),
    ("spns", "host_in_domain", source("cross-refs", "dnsRoot")),
    ("kds_keys", "created_days", source("", "msKds-CreateTime")),
    ("kds_keys", "effective_days", source("", "msKds-UseStartTime")),
    ("kds_keys", "newest", source("", "msKds-UseStartTime")),
    ("kds_keys", "maker", source("", "msKds-DomainID")),
    ("kds_keys", "maker_in_domain", source("", "msKds-DomainID")),
    ("kds_keys", "accounts", source("service-accounts", "msDS-ManagedPasswordId")),
    ("policy_settings", "enabled", source("gpos", "flags")),
    ("policy_principals", "enabled", source("gpos", "flags")),
    ("logon_rights", "enabled", source("gpos", "flags")),
    ("trusts", "direction", source("", "trustDirection")),
    ("trusts", "attributes", source("", "trustAttributes")),
    ("accounts", "password_policy_id", source("domain groups password-settings", "msDS-PSOAppliesTo")),
];

/// The query that brings a kind, by what `applies_to` calls it.
const OF_KINDS: [(&str, &str); 16] = [
    ("user", "users"),
    ("computer", "computers"),
    ("gmsa", "service-accounts"),
    ("smsa", "service-accounts"),
    ("dmsa", "service-accounts"),
    ("group", "groups"),
    ("foreign-principal", "foreign-principals"),
    ("ou", "containers"),
    ("container", "containers"),
    ("domain", "domain"),
    ("gpo", "gpos"),
    ("kds-root-key", "kds-root-keys"),
    ("password-settings", "password-settings"),
    ("trust", "trusts"),
    ("cross-ref", "cross-refs"),
    ("other", ""),
];

/// Kinds that default permissions hide, by what `applies_to` calls them.
const HIDDEN: [(&str, &str); 3] = [
    ("dmsa", "dmsa"),
    ("kds-root-key", "kds-root-keys"),
    ("password-settings", "password-settings"),
];

/// Adds to what the page says it needs what its SQL reads, and the sight of the kinds it is about.
pub(super) fn complete(front: &mut Front, sql: &str) {
    for (kind, visible) in HIDDEN {
        if front.applies_to.iter().any(|about| about == kind) {
            add(&mut front.needs.visible, visible);
        }
    }
    for (kind, query) in OF_KINDS {
        if !query.is_empty() && front.applies_to.iter().any(|about| about == kind) {
            add(&mut front.needs.queries, query);
        }
    }
    let words = names(sql);
    let used: Vec<&str> = FRAMES
        .iter()
        .map(|frame| frame.name)
        .filter(|frame| is_read(&words, frame))
        .filter(|frame| !front.needs.is_spare(frame))
        .collect();
    let by_hint = words.iter().any(|word| word == "service_confidence")
        && !front.needs.is_spare("service_confidence");
    for (frame, source) in OF_FRAMES {
        if used.contains(frame) {
            front.needs.add(source);
        }
    }
    if (by_hint || used.iter().any(|frame| OF_SYSVOL.contains(frame)))
        && !front.needs.facts.contains(&OutsideFact::Sysvol)
    {
        front.needs.facts.push(OutsideFact::Sysvol);
    }
    for frame in used.iter().filter_map(|name| find(name)) {
        for column in frame.columns {
            let named = words.iter().any(|word| word == column.name);
            if let Some(source) = of_column(frame.name, column.name)
                && named
                && !front.needs.is_spare(column.name)
            {
                front.needs.add(source);
            }
        }
    }
}

/// What is said of the frame's own column goes before what is said of all of that name.
fn of_column(frame: &str, column: &str) -> Option<&'static Source> {
    let said = |of: &str| {
        OF_COLUMNS
            .iter()
            .find(|(frame, name, _)| *frame == of && *name == column)
    };
    let (.., source) = said(frame).or_else(|| said(""))?;
    Some(source)
}

/// Names and keywords of the query, in lower case. One that cannot be taken apart does not run.
fn names(sql: &str) -> Vec<String> {
    let pieces = pieces(sql).unwrap_or_default();
    pieces
        .iter()
        .filter_map(|piece| piece.name())
        .map(str::to_owned)
        .collect()
}

/// The frame stands where a table stands, not where a column does.
fn is_read(words: &[String], frame: &str) -> bool {
    words
        .windows(2)
        .any(|pair| matches!(pair, [before, name] if name == frame && matches!(before.as_str(), "from" | "join")))
}

fn add(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|there| there.eq_ignore_ascii_case(name)) {
        list.push(name.to_owned());
    }
}

impl Needs {
    fn is_spare(&self, name: &str) -> bool {
        self.spare.iter().any(|spare| spare == name)
    }

    fn add(&mut self, source: &Source) {
        for query in source.queries.split_whitespace() {
            add(&mut self.queries, query);
        }
        for attribute in source.attributes.split_whitespace() {
            add(&mut self.attributes, attribute);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use coldcase_schemas::attribute;
    use coldcase_schemas::plan::QUERIES;

    use super::*;
    use crate::rules::Pack;

    /// Frames that are there whatever was seen: which objects they hold, a page's own needs say.
    const PLAIN_FRAMES: [&str; 10] = [
        "objects",
        "principals",
        "accounts",
        "assumptions",
        "queries",
        "coverage",
        "defects",
        "interpreted_rights",
        "conflicts",
        "export_notes",
    ];

    /// Columns that say who an object is, or only weigh it.
    const PLAIN_COLUMNS: [&str; 13] = [
        "object_id",
        "object_guid",
        "kind",
        "sid",
        "sam_account_name",
        "name",
        "dn",
        "dns_name",
        "parent_id",
        "service_account",
        "owner_name",
        "impact",
        "seen_by_administrator",
    ];

    fn front(needs: &str, about: &str) -> Front {
        toml::from_str(&format!(
            "id = 'a'\ncode = 'A'\nrevision = 1\ntitle = 'T'\nseverity = 'high'\nconfidence = 'high'\n\
             family = 'x'\napplies_to = ['{about}']\n[needs]\n{needs}"
        ))
        .unwrap()
    }

    #[test]
    fn every_frame_and_column_is_decided_on() {
        for frame in FRAMES {
            let hangs = OF_FRAMES.iter().any(|(name, _)| *name == frame.name);
            assert_ne!(hangs, PLAIN_FRAMES.contains(&frame.name), "{}", frame.name);
            if !matches!(frame.name, "accounts" | "principals" | "objects" | "domain") {
                continue;
            }
            for column in frame.columns {
                let hangs = of_column(frame.name, column.name).is_some();
                let plain = PLAIN_COLUMNS.contains(&column.name);
                assert_ne!(hangs, plain, "{}.{}", frame.name, column.name);
            }
        }
    }

    #[test]
    fn what_the_tables_name_is_there() {
        let frames = OF_FRAMES.iter().map(|(frame, source)| (*frame, source));
        let columns = OF_COLUMNS.iter().map(|(frame, column, source)| {
            let having = FRAMES
                .iter()
                .filter(|of| frame.is_empty() || of.name == *frame);
            let mut having = having.flat_map(|frame| frame.columns);
            assert!(having.any(|has| has.name == *column), "{frame}.{column}");
            (*frame, source)
        });
        for (frame, source) in frames.chain(columns) {
            assert!(frame.is_empty() || find(frame).is_some(), "{frame}");
            for name in source.queries.split_whitespace() {
                assert!(QUERIES.iter().any(|query| query.name == name), "{name}");
            }
            for name in source.attributes.split_whitespace() {
                assert!(attribute::find(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn a_page_needs_what_it_reads() {
        let mut page = front("queries = ['service-accounts']", "dmsa");
        complete(
            &mut page,
            "SELECT k.key_id FROM accounts a JOIN kds_keys k ON a.root_key_id = k.key_id -- mail
             WHERE a.description = 'tier0'",
        );
        assert_eq!(page.needs.queries, ["service-accounts", "kds-root-keys"]);
        assert_eq!(
            page.needs.attributes,
            ["description", "msDS-ManagedPasswordId"]
        );
        assert_eq!(page.needs.visible, ["dmsa"]);
        assert!(page.needs.facts.is_empty());
    }

    #[test]
    fn a_page_needs_the_kinds_that_it_is_about_and_the_hints_that_it_asks() {
        let mut page = front("queries = ['service-accounts']", "user");
        complete(
            &mut page,
            "SELECT object_id, object_id AS key FROM principals WHERE service_confidence = 'high'",
        );
        for query in ["users", "groups", "gpos"] {
            assert!(
                page.needs.queries.iter().any(|name| name == query),
                "{query}"
            );
        }
        assert_eq!(page.needs.facts, [OutsideFact::Sysvol]);
        let mut page = front("queries = ['users']", "user");
        complete(&mut page, "SELECT d.object_id FROM delegations d");
        for attribute in [
            "msDS-AllowedToDelegateTo",
            "msDS-AllowedToActOnBehalfOfOtherIdentity",
        ] {
            assert!(page.needs.attributes.iter().any(|name| name == attribute));
        }
    }

    #[test]
    fn what_only_adds_evidence_is_not_needed() {
        let sql =
            "SELECT a.mail FROM accounts a LEFT JOIN policy_settings p ON p.gpo_id = a.object_id";
        let mut page = front("queries = ['users']", "user");
        complete(&mut page, sql);
        assert_eq!(page.needs.facts, [OutsideFact::Sysvol]);
        assert_eq!(page.needs.attributes, ["mail"]);
        let mut page = front(
            "queries = ['users']\nspare = ['mail', 'policy_settings']",
            "user",
        );
        complete(&mut page, sql);
        assert!(page.needs.facts.is_empty() && page.needs.attributes.is_empty());
        assert_eq!(page.needs.queries, ["users"]);
    }

    #[test]
    fn the_built_in_pages_spare_only_what_they_read() {
        for page in Pack::load(None).unwrap().pages {
            let words = names(&page.sql);
            for spare in &page.front.needs.spare {
                assert!(words.contains(spare), "{}: {spare}", page.front.id);
            }
        }
    }
}
