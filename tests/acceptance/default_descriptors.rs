//! Managed accounts as Windows makes them: nobody controls them who should not, and nothing is reported.
//!
//! Their permissions are the class's default in the schema of Windows Server 2025, and what the head of a domain hands
//! down. A gMSA and a dMSA carry a deny among them, which a reader of allow ACEs alone gets wrong.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_fixtures::Forest;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

const ACCOUNTS: [&str; 3] = ["gmsa-sql", "smsa-scan", "dmsa-web"];

/// Rules outside the family `control` that look at the permissions of an account or of where it lies.
const OTHERS: [&str; 9] = [
    "delegation-spn-jack",
    "delegation-writable",
    "dmsa-create-child",
    "dmsa-successor-pair",
    "gmsa-creator-rights",
    "gmsa-default-deny-removed",
    "gmsa-reader-group-takeover",
    "policy-takeover",
    "smsa-host-link-writable",
];

/// What the head of a domain of Windows Server 2025 hands down beyond the class's default: entries that preparing the
/// domain adds.
const HANDED_DOWN: [&str; 5] = [
    "(OA;CI;RPWP;[msDS-KeyCredentialLink];;{Key Admins})",
    "(OA;CI;RPWP;[msDS-KeyCredentialLink];;{Enterprise Key Admins})",
    "(OA;CIIO;SW;9b026da6-0d3c-465c-8bee-5199d7165cba;[computer];CO)",
    "(OA;CIIO;SW;9b026da6-0d3c-465c-8bee-5199d7165cba;[computer];PS)",
    "(A;CI;LC;;;RU)",
];

/// A domain with an account of each kind in CN=Managed Service Accounts. `change` is applied to each.
fn forest(change: impl Fn(Forest) -> Forest) -> Forest {
    let mut forest = Forest::new("corp.example")
        .user("anna.berg")
        .in_ou("OU=People")
        .group("Helpdesk")
        .in_ou("OU=Groups")
        .member("anna.berg")
        .computer("SQL01")
        .in_ou("OU=Servers")
        .on("");
    for ace in HANDED_DOWN {
        forest = forest.ace(ace);
    }
    let [gmsa, smsa, dmsa] = ACCOUNTS;
    forest = change(forest.gmsa(gmsa).readers(&["SQL01"]));
    forest = change(forest.smsa(smsa).host("SQL01").on(smsa));
    change(forest.dmsa(dmsa).readers(&["SQL01"]))
}

fn report(forest: &Forest) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("domain.sqlite.zst");
    forest.write_snapshot(&path).unwrap();
    let ended = coldcase(&["report", path.to_str().unwrap(), "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The rules that read permissions, by their family in the program itself.
fn rules() -> BTreeSet<String> {
    let ended = coldcase(&["rules", "--format", "json"]).unwrap();
    let rules: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let control = rules
        .iter()
        .filter(|rule| rule["family"] == "control")
        .map(|rule| rule["id"].as_str().unwrap().to_owned());
    let found: BTreeSet<String> = control.chain(OTHERS.map(str::to_owned)).collect();
    for known in [
        "account-foreign-owner",
        "account-full-control",
        "account-reset-password",
        "account-spn-write",
    ] {
        assert!(found.contains(known), "{found:?}");
    }
    found
}

/// Findings of the rules that read permissions: account, rule, and the key with names for SIDs.
fn findings(report: &Value, forest: &Forest) -> BTreeSet<(String, String, String)> {
    let rules = rules();
    let names: BTreeMap<String, &str> = ["anna.berg", "Helpdesk"]
        .into_iter()
        .map(|name| (forest.sid_of(name).unwrap(), name))
        .collect();
    let mut found = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        if !rules.contains(rule) {
            continue;
        }
        let account = finding["subject"]["sam_account_name"]
            .as_str()
            .unwrap_or("?")
            .trim_end_matches('$');
        let mut key = finding["key"].as_str().unwrap().to_owned();
        for (sid, name) in &names {
            key = key.replace(sid, name);
        }
        found.insert((account.to_owned(), rule.to_owned(), key));
    }
    found
}

fn expected(rows: &[(&str, &str, &str)]) -> BTreeSet<(String, String, String)> {
    let owned = |row: &(&str, &str, &str)| (row.0.to_owned(), row.1.to_owned(), row.2.to_owned());
    rows.iter().map(owned).collect()
}

#[test]
fn accounts_with_the_defaults_of_their_class_give_no_control_finding() {
    let forest = forest(|account| account);
    let report = report(&forest);
    assert_eq!(findings(&report, &forest), expected(&[]));
    // Clear because it was looked at, and not for want of sight.
    let verdicts: BTreeMap<&str, &Value> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["id"].as_str().unwrap(), rule))
        .collect();
    for rule in rules() {
        let result = verdicts[rule.as_str()];
        assert_eq!(result["verdict"], "clear", "{rule}: {result}");
    }
}

#[test]
fn one_more_entry_is_one_more_finding() {
    let each = |rule, key| ACCOUNTS.map(|account| (account, rule, key));
    for (ace, expecting) in [
        (
            "(A;;GA;;;{Helpdesk})",
            each("account-full-control", "Helpdesk"),
        ),
        (
            "(A;;WP;;;{Helpdesk})",
            each("account-full-control", "Helpdesk"),
        ),
        (
            "(A;;WD;;;{Helpdesk})",
            each("account-permissions-writable", "Helpdesk"),
        ),
        (
            "(A;;WO;;;{Helpdesk})",
            each("account-permissions-writable", "Helpdesk"),
        ),
        (
            "(OA;;WP;[msDS-KeyCredentialLink];;{Helpdesk})",
            each("account-key-credential-writable", "Helpdesk"),
        ),
        (
            "(OA;;WP;[servicePrincipalName];;{Helpdesk})",
            each("account-spn-write", "Helpdesk"),
        ),
        (
            "(OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;{Helpdesk})",
            each("delegation-writable", "Helpdesk"),
        ),
    ] {
        let forest = forest(|account| account.ace(ace));
        assert_eq!(
            findings(&report(&forest), &forest),
            expected(&expecting),
            "{ace}"
        );
    }
}

#[test]
fn the_default_deny_keeps_the_reset_and_its_absence_is_told() {
    let [gmsa, _, dmsa] = ACCOUNTS;
    let reset = "(OA;;CR;[User-Force-Change-Password];;{Helpdesk})";
    // Of gMSAs and dMSAs. The class of sMSAs has no such deny; a rule of that family tells them.
    let denied = forest(|account| account.ace(reset));
    assert_eq!(findings(&report(&denied), &denied), expected(&[]));
    // Without the deny, the same entry counts.
    let removed = forest(|account| account.ace(reset))
        .on(gmsa)
        .without_default_ace("(OD;;CR;00299570")
        .on(dmsa)
        .without_default_ace("(OD;;CR;00299570");
    let all = expected(&[
        (gmsa, "account-reset-password", "Helpdesk"),
        (dmsa, "account-reset-password", "Helpdesk"),
        (gmsa, "gmsa-default-deny-removed", ""),
        (dmsa, "gmsa-default-deny-removed", ""),
    ]);
    assert_eq!(findings(&report(&removed), &removed), all);
}

/// Who creates an account as an ordinary delegate owns it, and the class's default gives its creator some rights.
#[test]
fn what_an_ordinary_creator_holds_is_told_and_no_more() {
    let [gmsa, smsa, dmsa] = ACCOUNTS;
    let owned = || forest(|account| account.owner("anna.berg"));
    let rights = [
        // The property set Account Restrictions holds msDS-AllowedToActOnBehalfOfOtherIdentity.
        (gmsa, "gmsa-creator-rights", "anna.berg"),
        (smsa, "gmsa-creator-rights", "anna.berg"),
        (dmsa, "gmsa-creator-rights", "anna.berg"),
    ];
    let owner = ACCOUNTS.map(|account| (account, "account-foreign-owner", "anna.berg"));
    let ordinary = owned();
    let all: Vec<_> = rights.iter().chain(&owner).copied().collect();
    assert_eq!(findings(&report(&ordinary), &ordinary), expected(&all));
    // With BlockOwnerImplicitRights the owner holds no more than the entries say.
    let blocked = owned().ds_heuristics("00000000010000000002000000001");
    assert_eq!(findings(&report(&blocked), &blocked), expected(&rights));
}

/// Rules that found something above info: rule and subject.
fn above_info(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] != "info")
        .map(|finding| {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            format!("{} {}", finding["rule"].as_str().unwrap(), name.unwrap())
        })
        .collect()
}

/// The whole pack, not only the rules that read permissions.
///
/// A domain that somebody keeps in order. It departs from what the cmdlets make on their own in this; without it fire, as
/// info in the first 30 days of an account (`thresholds.new_days`), and after that:
/// - readers of the gMSA: `gmsa-no-readers`, low
/// - readers of the dMSA: `dmsa-readers`, low
/// - a host of the sMSA: `smsa-unlinked`, medium
/// - a description and who manages it, on each account: `service-account-ownerless`, low
/// - no quota of computers for everybody, as in every fixture: `machine-account-quota`, always medium
///
/// [`plain_new_accounts_fire_what_is_listed`] shows the first days.
#[test]
fn a_domain_of_defaults_fires_nothing_above_info() {
    // What New-ADServiceAccount writes when it is not told otherwise, of an account that somebody answers for.
    let as_made = |account: Forest| {
        account
            .encryption_types(28)
            .description("Runs a service")
            .managed_by("anna.berg")
    };
    let plain = report(&forest(as_made));
    assert_eq!(above_info(&plain), Vec::<String>::new());
    let rules = plain["rules"].as_array().unwrap();
    let unknown: Vec<&Value> = rules
        .iter()
        .filter(|rule| rule["verdict"] == "not-evaluated" && rule["beyond_snapshot"] == false)
        // The settings of group policies are collected on demand.
        .filter(|rule| !rule["reason"].as_str().unwrap().contains("--sysvol"))
        .map(|rule| &rule["id"])
        .collect();
    assert_eq!(unknown, Vec::<&Value>::new());
    // A new domain also lets everybody add ten computers, and that is told.
    let quota = forest(as_made)
        .on("")
        .set("ms-DS-MachineAccountQuota", "10");
    assert_eq!(
        above_info(&report(&quota)),
        ["machine-account-quota DC=corp,DC=example"]
    );
}

/// Accounts as `New-ADServiceAccount` makes them with its required parameters only (`-DNSHostName`, or
/// `-RestrictToSingleComputer`, or `-CreateDelegatedServiceAccount`), in a domain with the quota of a new one.
#[test]
fn plain_new_accounts_fire_what_is_listed() {
    let [gmsa, smsa, dmsa] = ACCOUNTS;
    let forest = Forest::new("corp.example")
        .machine_account_quota(10)
        .gmsa(gmsa)
        .encryption_types(28)
        .created(3)
        .smsa(smsa)
        .encryption_types(28)
        .created(3)
        .dmsa(dmsa)
        .encryption_types(28)
        .created(3);
    let report = report(&forest);
    let found: BTreeSet<(String, String, String)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"].as_str();
            let name = name.or(subject["dn"].as_str()).unwrap();
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            (
                name.trim_end_matches('$').to_owned(),
                text("rule"),
                text("severity"),
            )
        })
        .collect();
    let head = "DC=corp,DC=example";
    let all = [
        (gmsa, "gmsa-no-readers", "info"),
        (gmsa, "gmsa-weak-encryption", "info"),
        (gmsa, "service-account-ownerless", "info"),
        (smsa, "smsa-unlinked", "info"),
        (smsa, "gmsa-weak-encryption", "info"),
        (smsa, "service-account-ownerless", "info"),
        (dmsa, "dmsa-readers", "info"),
        (dmsa, "gmsa-weak-encryption", "info"),
        (dmsa, "service-account-ownerless", "info"),
        (head, "machine-account-quota", "medium"),
        // Of the domain: switches that are not set, and the inventory of its root keys.
        (head, "dmsa-directory-switches", "info"),
        (head, "kds-root-key-presence", "info"),
    ];
    assert_eq!(found, expected(&all));
}
