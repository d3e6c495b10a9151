//! `coldcase plan-migration`: every verdict, everything that stands in the way, and PowerShell that no name gets out of.

use std::collections::BTreeSet;
use std::fs;

use coldcase_collector::{Pseudonymizer, Sids};
use coldcase_fixtures::{Forest, uac};
use coldcase_schemas::migration::{
    AccountPlan, Effect, MigrationPlan, ObstacleKind, Possible, Target, Verdict,
};
use coldcase_schemas::pseudonym::Key;
use coldcase_tests::programs::coldcase;

use crate::pseudonyms::with_pseudonyms;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

/// Collected by an ordinary user: root keys, dMSAs and delegation are hidden.
const MARCH: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

const SERVER_2025: (&str, &str) = ("Windows Server 2025 Standard", "10.0 (26100)");

fn read(arguments: &[&str]) -> MigrationPlan {
    let ended =
        coldcase(&[&["plan-migration"], arguments, &["--format", "json"]].concat()).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    let plan: MigrationPlan = serde_json::from_str(&ended.stdout).unwrap();
    let again = serde_json::to_string_pretty(&plan).unwrap();
    assert_eq!(again.trim(), ended.stdout.trim());
    plan
}

fn plan(forest: &Forest) -> MigrationPlan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.sqlite.zst");
    forest.write_snapshot(&path).unwrap();
    read(&[path.to_str().unwrap()])
}

fn account<'p>(plan: &'p MigrationPlan, name: &str) -> &'p AccountPlan {
    let found = plan.accounts.iter().find(|account| account.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn has(account: &AccountPlan, kind: ObstacleKind, effect: Effect) -> bool {
    let mut obstacles = account.obstacles.iter();
    obstacles.any(|obstacle| obstacle.kind == kind && obstacle.effect == effect)
}

fn possible(account: &AccountPlan, target: Target) -> Possible {
    let option = account
        .options
        .iter()
        .find(|option| option.target == target);
    option.unwrap().possible
}

/// A domain in which a gMSA can be made.
fn corp() -> Forest {
    Forest::new("corp.example")
        .kds_root_key("first", 400)
        .computer("WEB01")
        .computer("WEB02")
}

/// A user with an SPN of its own for a host.
fn service(forest: Forest, name: &str, host: &str) -> Forest {
    forest
        .user(name)
        .spn(&format!("{name}/{host}.corp.example"))
}

#[test]
fn the_plan_of_contoso_is_the_golden_one() {
    let ended = coldcase(&["plan-migration", LAST]).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
    }
    insta::assert_snapshot!("migration_plan", ended.stdout);
    let again = coldcase(&["plan-migration", LAST]).unwrap();
    assert_eq!(again.stdout, ended.stdout);
}

#[test]
fn one_account_is_shown_with_its_powershell() {
    let ended = coldcase(&["plan-migration", LAST, "svc-sql"]).unwrap();
    insta::assert_snapshot!("migration_account", ended.stdout);
    // Neither text nor scripts repeat what a description holds: svc-bi has a password there.
    for format in ["text", "json"] {
        let ended = coldcase(&["plan-migration", LAST, "svc-bi", "--format", format]).unwrap();
        assert!(
            ended.stdout.contains("spn-password-in-text"),
            "{}",
            ended.stdout
        );
        assert!(!ended.stdout.contains("Summer2026"), "{}", ended.stdout);
    }
}

#[test]
fn what_an_ordinary_user_is_not_shown_decides_nothing() {
    let plan = read(&[MARCH]);
    assert!(!plan.accounts.is_empty());
    let key = plan
        .domain
        .iter()
        .find(|obstacle| obstacle.kind == ObstacleKind::KdsRootKey);
    assert_eq!(key.unwrap().effect, Effect::Unknown);
    for account in &plan.accounts {
        assert_eq!(account.verdict, Verdict::NotDecidable, "{}", account.name);
        assert!(
            account.script.is_none() && !account.why.is_empty(),
            "{}",
            account.name
        );
    }
}

#[test]
fn a_verdict_for_each_kind() {
    let forest = corp()
        .on("DC1")
        .operating_system(SERVER_2025.0, SERVER_2025.1)
        .computer("NEW01")
        .operating_system(SERVER_2025.0, SERVER_2025.1)
        .computer("OLD01")
        .operating_system("Windows Server 2008 R2 Standard", "6.1 (7601)")
        .computer("OLD02")
        .operating_system("Windows Server 2008 Standard", "6.0 (6003)")
        .computer("TUX01")
        .operating_system("Ubuntu", "24.04");
    let mut forest = service(forest, "svc-old", "old01");
    for (name, host) in [
        ("svc-one", "web01"),
        ("svc-new", "new01"),
        ("svc-older", "old02"),
        ("svc-tux", "tux01"),
        ("svc-ghost", "gone01"),
    ] {
        forest = service(forest, name, host);
    }
    let forest = service(forest, "svc-two", "web01").spn("HTTP/web02.corp.example");
    let forest = service(forest, "svc-off", "web01").disabled();
    let forest = forest.user("svc-nowhere").person("Nora Where");
    let plan = plan(&forest);
    let verdicts = [
        ("svc-one", Verdict::Gmsa),
        ("svc-two", Verdict::Gmsa),
        ("svc-new", Verdict::Dmsa),
        ("svc-old", Verdict::Smsa),
        ("svc-older", Verdict::StaysUser),
        ("svc-tux", Verdict::StaysUser),
        ("svc-off", Verdict::StaysUser),
        ("svc-ghost", Verdict::NotDecidable),
        ("svc-nowhere", Verdict::NotDecidable),
    ];
    for (name, verdict) in verdicts {
        let account = account(&plan, name);
        assert_eq!(account.verdict, verdict, "{name}: {:#?}", account.obstacles);
        let migrates = matches!(verdict, Verdict::Gmsa | Verdict::Smsa | Verdict::Dmsa);
        assert_eq!(account.script.is_some(), migrates, "{name}");
        assert_eq!(account.ready, migrates.then_some(true), "{name}");
        assert!(
            !account.steps.is_empty() && !account.why.is_empty(),
            "{name}"
        );
        if let Some(new) = &account.new_name {
            assert!(new.len() <= 15, "{new}");
        }
    }
    assert_eq!(
        possible(account(&plan, "svc-one"), Target::Smsa),
        Possible::Yes
    );
    assert_eq!(
        possible(account(&plan, "svc-two"), Target::Smsa),
        Possible::No
    );
    assert_eq!(
        possible(account(&plan, "svc-ghost"), Target::Gmsa),
        Possible::Unknown
    );
    assert!(has(
        account(&plan, "svc-older"),
        ObstacleKind::HostSystem,
        Effect::Blocks
    ));
    assert!(has(
        account(&plan, "svc-tux"),
        ObstacleKind::OtherSystem,
        Effect::Blocks
    ));
    assert!(has(
        account(&plan, "svc-off"),
        ObstacleKind::Disabled,
        Effect::Blocks
    ));
    assert!(has(
        account(&plan, "svc-ghost"),
        ObstacleKind::Hosts,
        Effect::Unknown
    ));
    let counted: usize = plan
        .summary
        .verdicts
        .iter()
        .map(|count| count.accounts)
        .sum();
    assert_eq!(counted, plan.accounts.len());
    assert_eq!(plan.summary.accounts, verdicts.len());
    // Each kind has the commands of its own.
    let commands = |name: &str| {
        let script = account(&plan, name).script.clone().unwrap();
        (script.migrate, script.rollback)
    };
    let (migrate, rollback) = commands("svc-new");
    assert!(
        migrate.contains("-CreateDelegatedServiceAccount"),
        "{migrate}"
    );
    assert!(
        migrate.contains("Start-ADServiceAccountMigration"),
        "{migrate}"
    );
    assert!(
        migrate.contains("Complete-ADServiceAccountMigration"),
        "{migrate}"
    );
    assert!(
        rollback.contains("Undo-ADServiceAccountMigration"),
        "{rollback}"
    );
    let (migrate, _) = commands("svc-old");
    assert!(migrate.contains("-RestrictToSingleComputer"), "{migrate}");
    assert!(
        migrate.contains("Add-ADComputerServiceAccount"),
        "{migrate}"
    );
    let (migrate, _) = commands("svc-two");
    assert!(
        migrate.contains("-PrincipalsAllowedToRetrieveManagedPassword $group"),
        "{migrate}"
    );
}

#[test]
fn what_the_domain_lacks() {
    let domain = |forest: Forest| {
        let plan = plan(&service(forest, "svc-one", "web01"));
        (plan.accounts[0].clone(), plan.domain)
    };
    let effect = |domain: &[coldcase_schemas::migration::Obstacle], kind: ObstacleKind| {
        let found = domain.iter().find(|obstacle| obstacle.kind == kind);
        found.map(|obstacle| obstacle.effect)
    };
    let bare = || Forest::new("corp.example").without_kds_root_key("kds-root-key-1");
    let hosts = |forest: Forest| forest.computer("WEB01").computer("WEB02");
    // A key must be made.
    let (account, found) = domain(hosts(bare()));
    assert_eq!(
        effect(&found, ObstacleKind::KdsRootKey),
        Some(Effect::First)
    );
    assert_eq!(
        (account.verdict, account.ready),
        (Verdict::Gmsa, Some(false))
    );
    assert!(
        account
            .steps
            .iter()
            .any(|step| step.title.contains("KDS root key"))
    );
    assert!(account.script.unwrap().migrate.contains("Add-KdsRootKey"));
    // A key is not in effect yet.
    let later = hosts(
        bare()
            .kds_root_key("first", 1)
            .root_key_made_at("2049-01-01"),
    );
    let (account, found) = domain(later);
    assert_eq!(
        effect(&found, ObstacleKind::KdsRootKey),
        Some(Effect::First)
    );
    assert_eq!(account.ready, Some(false));
    // Keys may be hidden, or were not answered.
    for unsure in [
        hosts(bare()).low_privilege(),
        hosts(bare()).query_fails("kds-root-keys", 1, "operations error"),
    ] {
        let (account, found) = domain(unsure);
        assert_eq!(
            effect(&found, ObstacleKind::KdsRootKey),
            Some(Effect::Unknown)
        );
        assert_eq!(account.verdict, Verdict::NotDecidable);
    }
    // The schema is older.
    let (account, found) = domain(corp().without_schema_class("msDS-GroupManagedServiceAccount"));
    assert_eq!(effect(&found, ObstacleKind::Schema), Some(Effect::Blocks));
    assert_eq!(account.verdict, Verdict::Smsa);
    // Level and controllers are older; an older level alone is told.
    let (account, found) = domain(corp().on("").set("msDS-Behavior-Version", "4"));
    assert_eq!(
        effect(&found, ObstacleKind::FunctionalLevel),
        Some(Effect::Warns)
    );
    assert_eq!(account.verdict, Verdict::Gmsa);
    let older = corp()
        .on("")
        .set("msDS-Behavior-Version", "4")
        .on("DC1")
        .operating_system("Windows Server 2008 R2 Standard", "6.1 (7601)");
    let (account, found) = domain(older);
    assert_eq!(
        effect(&found, ObstacleKind::FunctionalLevel),
        Some(Effect::Blocks)
    );
    assert_eq!(
        effect(&found, ObstacleKind::Server2025),
        Some(Effect::Blocks)
    );
    assert_eq!(account.verdict, Verdict::Smsa);
    let unsure = corp()
        .on("")
        .set("msDS-Behavior-Version", "4")
        .on("DC1")
        .unset("operatingSystem")
        .unset("operatingSystemVersion");
    let (account, found) = domain(unsure);
    assert_eq!(
        effect(&found, ObstacleKind::FunctionalLevel),
        Some(Effect::Unknown)
    );
    assert_eq!(account.verdict, Verdict::NotDecidable);
    // Computers were not all seen: the name in the SPN may be one of those.
    let partial = service(corp(), "svc-one", "web09").query_fails("computers", 4, "size limit");
    let found = plan(&partial);
    assert_eq!(found.accounts[0].verdict, Verdict::NotDecidable);
    assert!(
        found.accounts[0].why[0].contains("query computers"),
        "{:?}",
        found.accounts[0].why
    );
}

#[test]
fn names_of_other_places() {
    let forest = corp()
        .child_domain("emea.corp.example")
        .trust("partner.example")
        .user("svc-child")
        .spn("HTTP/web01.emea.corp.example")
        .user("svc-partner")
        .spn("HTTP/web01.partner.example")
        .user("svc-alias")
        .spn("HTTP/www.shop.test")
        .user("svc-odd")
        .spn("HTTP")
        .computer("CLU01")
        .spn("MSClusterVirtualServer/CLU01")
        .user("svc-role")
        .spn("HTTP/clu01.corp.example")
        .user("svc-cluster")
        .spn("MSServerCluster/web01.corp.example")
        .computer("OFF01")
        .disabled()
        .user("svc-idle")
        .spn("HTTP/off01.corp.example")
        .computer("MUTE01")
        .unset("operatingSystem")
        .unset("operatingSystemVersion");
    let forest = service(forest, "svc-mute", "mute01");
    let forest = service(forest, "svc-bound", "web01").set("userWorkstations", "WEB01,WEB02");
    let plan = plan(&forest);
    for (name, kind, effect, verdict) in [
        (
            "svc-child",
            ObstacleKind::CrossForest,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
        (
            "svc-partner",
            ObstacleKind::CrossForest,
            Effect::Blocks,
            Verdict::StaysUser,
        ),
        (
            "svc-alias",
            ObstacleKind::CrossForest,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
        (
            "svc-odd",
            ObstacleKind::Hosts,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
        (
            "svc-role",
            ObstacleKind::FailoverCluster,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
        (
            "svc-cluster",
            ObstacleKind::FailoverCluster,
            Effect::Blocks,
            Verdict::StaysUser,
        ),
        (
            "svc-idle",
            ObstacleKind::Hosts,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
        (
            "svc-mute",
            ObstacleKind::HostSystem,
            Effect::Unknown,
            Verdict::NotDecidable,
        ),
    ] {
        let account = account(&plan, name);
        assert!(
            has(account, kind, effect),
            "{name}: {:#?}",
            account.obstacles
        );
        assert_eq!(account.verdict, verdict, "{name}");
    }
    assert_eq!(
        possible(account(&plan, "svc-child"), Target::Smsa),
        Possible::No
    );
    let bound = account(&plan, "svc-bound");
    assert_eq!(bound.hosts.len(), 2);
    assert_eq!(bound.hosts[0].named_by.len(), 2);
}

#[test]
fn what_must_be_looked_at_and_carried_over() {
    let forest = corp()
        .group("Report Readers")
        .user("svc-rich")
        .spn("HTTP/web01.corp.example")
        .uac(uac::PROTOCOL_TRANSITION)
        .delegates_to("MSSQLSvc/web02.corp.example:1433")
        .encryption_types(4)
        .allowed_to_act(&["WEB02"])
        .set("mail", "rich@corp.example")
        .set("adminCount", "1")
        .sid_history("S-1-5-21-9-9-9-1200")
        .on("Report Readers")
        .member("svc-rich")
        .on("Backup Operators")
        .member("svc-rich")
        .on("WEB02")
        .allowed_to_act(&["svc-rich"])
        .gpo("Services")
        .policy_right("SeServiceLogonRight", &["svc-rich"])
        .on("")
        .gp_link(&["Services"])
        .user("svc-any")
        .spn("HTTP/web02.corp.example")
        .uac(uac::UNCONSTRAINED)
        .never_logged_on()
        .user("svc-twice")
        .spn("HTTP/WEB02.corp.example")
        .user("svc-unix")
        .spn("ftp/web01.corp.example")
        .password_attribute()
        .user("svc-left")
        .spn("smtp/web01.corp.example")
        .dmsa("dmsa-left")
        .preceded_by("svc-left")
        .on("svc-left")
        .superseded_by("dmsa-left", 1);
    let plan = plan(&forest);
    let rich = account(&plan, "svc-rich");
    for kind in [
        ObstacleKind::Delegation,
        ObstacleKind::Encryption,
        ObstacleKind::Interactive,
        ObstacleKind::Privileged,
        ObstacleKind::ServiceUse,
    ] {
        assert!(
            has(rich, kind, Effect::Warns),
            "{kind:?}: {:#?}",
            rich.obstacles
        );
    }
    let past = rich
        .obstacles
        .iter()
        .any(|obstacle| obstacle.evidence.contains("sIDHistory"));
    assert!(past, "{:#?}", rich.obstacles);
    assert_eq!((rich.verdict, rich.ready), (Verdict::Gmsa, Some(true)));
    let script = rich.script.as_ref().unwrap();
    for part in [
        "Set-ADServiceAccount -Identity $account -Add @{ 'msDS-AllowedToDelegateTo' = @('MSSQLSvc/web02.corp.example:1433') }",
        "Set-ADAccountControl -Identity $account -TrustedToAuthForDelegation $true",
        "Set-ADComputer -Identity",
        "    # Group Backup Operators (privileged: only if it must be)\r\n    # Add-ADGroupMember",
        "    # Group Report Readers\r\n    Add-ADGroupMember",
    ] {
        assert!(script.migrate.contains(part), "{part}:\n{}", script.migrate);
    }
    for part in [
        "Set-ADUser -Identity $old -Replace @{ 'msDS-SupportedEncryptionTypes' = 4 }",
        "Set-ADUser -Identity $old -Replace @{ 'msDS-AllowedToDelegateTo' = @('MSSQLSvc/web02.corp.example:1433') }",
        "userAccountControl = 16777728",
        "$named = @($allowed | Where-Object { $_ -ne $successor.DistinguishedName })",
    ] {
        assert!(
            script.rollback.contains(part),
            "{part}:\n{}",
            script.rollback
        );
    }
    // No two accounts may have an SPN, so the new one loses it first.
    for text in [&script.migrate, &script.rollback] {
        let taken = text.find("@{ Remove = ").unwrap();
        let given = text
            .find("@{ Add = ")
            .or_else(|| text.find("@{ Replace = $spns"))
            .unwrap();
        assert!(taken < given, "{text}");
    }
    let any = account(&plan, "svc-any");
    assert!(has(any, ObstacleKind::Delegation, Effect::Warns));
    assert!(has(any, ObstacleKind::Dormant, Effect::Warns));
    assert!(has(any, ObstacleKind::DuplicateSpn, Effect::First));
    assert_eq!((any.verdict, any.ready), (Verdict::Gmsa, Some(false)));
    assert!(
        !any.script
            .as_ref()
            .unwrap()
            .migrate
            .contains("TrustedForDelegation")
    );
    let unix = account(&plan, "svc-unix");
    assert!(has(unix, ObstacleKind::KnownPassword, Effect::Unknown));
    assert_eq!(unix.verdict, Verdict::NotDecidable);
    let left = account(&plan, "svc-left");
    assert_eq!(left.verdict, Verdict::UnderWay);
    assert!(left.why[0].contains("dmsa-left"), "{:?}", left.why);
}

#[test]
fn what_is_not_shown_is_not_carried_over_by_a_script() {
    let forest =
        service(corp(), "svc-one", "web01").without_attribute("users", "msDS-AllowedToDelegateTo");
    let forest = service(forest, "svc-two", "web02").delegates_to("HTTP/web01");
    let plan = plan(&forest);
    let one = account(&plan, "svc-one");
    assert!(
        has(one, ObstacleKind::NotShown, Effect::Unknown),
        "{:#?}",
        one.obstacles
    );
    assert!(one.script.is_none());
    assert!(
        one.script_withheld.as_ref().unwrap().contains("not known"),
        "{one:#?}"
    );
}

/// The strings of a script; `None` if one does not end in its line.
fn strings(line: &str) -> Option<Vec<String>> {
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201B}');
    let mut found = Vec::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '#' {
            break;
        }
        if !is_quote(c) {
            continue;
        }
        let mut string = String::new();
        loop {
            match rest.next()? {
                c if !is_quote(c) => string.push(c),
                c if rest.peek().copied().is_some_and(is_quote) => {
                    string.push(c);
                    rest.next();
                }
                _ => break,
            }
        }
        found.push(string);
    }
    Some(found)
}

#[test]
fn no_name_gets_out_of_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("hostile.sqlite.zst");
    let quotes = "x'); calc; ('\u{2019}); calc #\u{2018}\u{201a}\u{201b}$(calc)`n\"";
    let spn = format!("HTTP/web01.corp.example/{quotes}");
    let forest = corp()
        .user("svc-quotes")
        .spn(&spn)
        .delegates_to(&format!("HTTP/{quotes}"))
        .set("sAMAccountName", &format!("svc{quotes}"))
        .group("Evil")
        .set("sAMAccountName", &format!("Evil{quotes}\u{85}calc"))
        .member("svc-quotes")
        .user("svc-hidden")
        .spn("HTTP/web01.corp.example/a\u{1b}[31m\u{202e}");
    forest.write_snapshot(&snapshot).unwrap();
    let snapshot = snapshot.to_str().unwrap();
    let scripts = folder.path().join("scripts");
    let told = read(&[snapshot, "--script", scripts.to_str().unwrap()]);
    let hidden = account(&told, "svc-hidden");
    assert!(has(hidden, ObstacleKind::Unprintable, Effect::Warns));
    assert!(hidden.script.is_none() && hidden.script_withheld.is_some());
    let script = account(&told, &format!("svc{quotes}"))
        .script
        .clone()
        .unwrap();
    for (what, text) in [("migrate", &script.migrate), ("rollback", &script.rollback)] {
        let mut values = Vec::new();
        for line in text.lines() {
            values.extend(strings(line).unwrap_or_else(|| panic!("a string does not end: {line}")));
            assert!(!line.trim_start().starts_with("calc"), "{line}");
        }
        assert!(values.contains(&spn), "{values:?}");
        let file = fs::read(scripts.join(format!("{}.{what}.ps1", script.file_stem))).unwrap();
        let file = String::from_utf8(file).unwrap();
        // Without the mark Windows PowerShell reads other characters, quotes among them.
        assert_eq!(file.strip_prefix('\u{feff}'), Some(text.as_str()));
        assert!(file.contains("REVIEW BEFORE RUNNING"));
    }
    // What somebody may have reviewed is not written over.
    let again = coldcase(&[
        "plan-migration",
        snapshot,
        "--script",
        scripts.to_str().unwrap(),
    ])
    .unwrap();
    assert_eq!(again.code, 2, "{again:?}");
    assert!(
        again.stderr.contains("nothing is written over"),
        "{}",
        again.stderr
    );
    let text = coldcase(&["plan-migration", snapshot, "--all"]).unwrap();
    assert!(
        !text.stdout.contains(['\u{1b}', '\u{202e}', '\u{85}']),
        "{}",
        text.stdout
    );
}

#[test]
fn a_pseudonym_is_in_no_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hidden.sqlite.zst");
    let key = Key::from_bytes([7; 32]);
    let pseudonyms = Pseudonymizer::new(key, Sids::Keep, BTreeSet::new());
    with_pseudonyms(&service(corp(), "svc-one", "web01"), &path, pseudonyms);
    let found = read(&[path.to_str().unwrap()]);
    let account = &found.accounts[0];
    assert_eq!(account.verdict, Verdict::Gmsa, "{account:#?}");
    assert!(account.script.is_none());
    assert!(
        account
            .script_withheld
            .as_ref()
            .unwrap()
            .contains("pseudonyms")
    );
}

#[test]
fn only_users_are_migrated() {
    let said = |account: &str| {
        let ended = coldcase(&["plan-migration", LAST, account]).unwrap();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{account}");
        ended.stderr
    };
    assert!(said("FILE01$").contains("is no user account but of kind computer"));
    assert!(said("gmsa-file$").contains("is no user account but of kind gmsa"));
    assert!(said("svc-sqk").contains("did you mean"));
    let both = read(&[LAST, "svc-sql", "svc-bi"]);
    let all = read(&[LAST]);
    assert_eq!(both.accounts.len(), 2);
    for named in &both.accounts {
        assert_eq!(named, account(&all, &named.name));
    }
    // A person runs no service: that is told, not assumed.
    let person = read(&[LAST, "june.dunmoor"]);
    assert_eq!(person.accounts[0].verdict, Verdict::NotDecidable);
    assert!(has(
        &person.accounts[0],
        ObstacleKind::ServiceUse,
        Effect::Unknown
    ));
}
