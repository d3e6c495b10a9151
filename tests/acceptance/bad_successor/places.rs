//! Where the right counts: units, containers and the head of the domain, with denies, inheritance and the order of entries.

use coldcase_fixtures::Forest;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

use super::{
    CLASS, DMSA, Row, below_the_head, check, critical, forest, leads_there, mitigated, seen, text,
    typed,
};

#[test]
fn a_vulnerable_unit_is_critical_however_the_right_came() {
    let services = |right| [critical("OU=Services", "Helpdesk", right)];
    check("the class", &typed(), &services("create-dmsa"));
    check(
        "every class",
        &forest().ace("(A;;CC;;;{Helpdesk})"),
        &services("create-any"),
    );
    check(
        "full control",
        &forest().ace("(A;;GA;;;{Helpdesk})"),
        &services("create-any"),
    );
    check(
        "everybody",
        &forest().ace(&format!("(OA;;CC;{DMSA};;AU)")),
        &[critical(
            "OU=Services",
            "NT AUTHORITY\\Authenticated Users",
            "create-dmsa",
        )],
    );
    // The class counts, not what it derives from.
    check(
        "computers only",
        &forest().ace("(OA;;CC;[computer];;{Helpdesk})"),
        &[],
    );
    check(
        "gMSAs only",
        &forest().ace("(OA;;CC;[msDS-GroupManagedServiceAccount];;{Helpdesk})"),
        &[],
    );
    check(
        "administrators",
        &forest().ace(&format!("(OA;;CC;{DMSA};;DA)")),
        &[],
    );
}

#[test]
fn a_unit_with_the_published_mitigation_is_not_reported() {
    let class = format!("(OA;;CC;{DMSA};;{{Helpdesk}})");
    for grant in [class.as_str(), "(OA;;CC;[computer];;{Helpdesk})"] {
        check(grant, &mitigated(forest().ace(grant)), &[]);
    }
    check(
        "every principal",
        &mitigated(forest().ace(&format!("(OA;;CC;{DMSA};;WD)"))),
        &[],
    );
    // The grant comes from the head of the domain, which it is for as well; People and Groups have no mitigation.
    let above = forest().on("").ace(&format!(
        "(OA;CI;CC;{DMSA};[organizationalUnit];{{Helpdesk}})"
    ));
    let unmitigated = [
        "",
        "OU=Domain Controllers",
        "OU=Groups",
        "OU=People",
        "OU=SQL,OU=Services",
    ];
    let rows: Vec<Row> = unmitigated
        .iter()
        .map(|container| critical(container, "Helpdesk", "create-dmsa"))
        .collect();
    check("inherited", &mitigated(above.on("OU=Services")), &rows);
    // The deny is for the class alone: a unit can still be created, which inherits no deny. The frame says so.
    check(
        "every class",
        &mitigated(forest().ace("(A;;CC;;;{Helpdesk})")),
        &[leads_there("OU=Services", "Helpdesk", "create-container")],
    );
    check(
        "full control",
        &mitigated(forest().ace("(A;;GA;;;{Helpdesk})")),
        &[leads_there("OU=Services", "Helpdesk", "full-control")],
    );
}

#[test]
fn entries_count_in_their_order() {
    let services = [critical("OU=Services", "Helpdesk", "create-dmsa")];
    let allow = format!("(OA;;CC;{DMSA};;{{Helpdesk}})");
    let deny = format!("(OD;;CC;{DMSA};;AU)");
    let whole = |aces: &str| forest().descriptor(&format!("O:DAG:DAD:P(A;;GA;;;DA){aces}"));
    check("deny first", &whole(&format!("{deny}{allow}")), &[]);
    check("allow first", &whole(&format!("{allow}{deny}")), &services);
    // A member is denied, the others are not.
    let seen = check(
        "a member",
        &typed().ace(&format!("(OD;;CC;{DMSA};;{{ole.dahl}})")),
        &services,
    );
    assert_eq!(seen.evidence[0]["denied_members"], 1);
    // His group is denied, so he is.
    let his = forest().ace(&format!("(OA;;CC;{DMSA};;{{ole.dahl}})"));
    check(
        "his own",
        &his,
        &[critical("OU=Services", "ole.dahl", "create-dmsa")],
    );
    check(
        "his group",
        &his.ace(&format!("(OD;;CC;{DMSA};;{{Helpdesk}})")),
        &[],
    );
}

#[test]
fn a_unit_below_a_mitigated_one_is_vulnerable() {
    let inherited = mitigated(forest().ace(&format!("(OA;CI;CC;{DMSA};;{{Helpdesk}})")));
    check(
        "the deny is not inherited",
        &inherited,
        &[critical("OU=SQL,OU=Services", "Helpdesk", "create-dmsa")],
    );
    check(
        "mitigated as well",
        &mitigated(inherited.on("OU=SQL,OU=Services")),
        &[],
    );
}

#[test]
fn an_inherit_only_grant_counts_below_and_not_where_it_stands() {
    let deep = || {
        forest()
            .ou("OU=Reporting,OU=SQL,OU=Services")
            .on("OU=Services")
    };
    let sql = critical("OU=SQL,OU=Services", "Helpdesk", "create-dmsa");
    let reporting = critical("OU=Reporting,OU=SQL,OU=Services", "Helpdesk", "create-dmsa");
    check(
        "units below",
        &deep().ace(&format!(
            "(OA;CIIO;CC;{DMSA};[organizationalUnit];{{Helpdesk}})"
        )),
        &[sql.clone(), reporting],
    );
    check(
        "children, not grandchildren",
        &deep().ace(&format!(
            "(OA;CINPIO;CC;{DMSA};[organizationalUnit];{{Helpdesk}})"
        )),
        &[sql],
    );
    check(
        "containers, of which there are none",
        &deep().ace(&format!("(OA;CIIO;CC;{DMSA};[container];{{Helpdesk}})")),
        &[],
    );
}

#[test]
fn containers_and_the_head_of_the_domain_count_as_units_do() {
    let grant = format!("(OA;;CC;{DMSA};;{{Helpdesk}})");
    let accounts = "CN=Managed Service Accounts";
    check(
        accounts,
        &forest().on(accounts).ace(&grant),
        &[critical(accounts, "Helpdesk", "create-dmsa")],
    );
    check(
        "mitigated",
        &mitigated(forest().on(accounts).ace(&grant)),
        &[],
    );
    check(
        "the head",
        &forest().on("").ace(&grant),
        &[critical("", "Helpdesk", "create-dmsa")],
    );
    // No account can be created in the configuration.
    check(
        "configuration",
        &forest().on("CN=Services,CN=Configuration").ace(&grant),
        &[],
    );
}

/// `coldcase access` decides for one person after the other, along another way through the program.
#[test]
fn the_frame_agrees_with_what_a_person_may_create() {
    let any = || forest().ace("(A;CI;CC;;;{Helpdesk})");
    for forest in [
        typed(),
        any(),
        mitigated(typed()),
        mitigated(any()),
        forest().ace(&format!(
            "(OA;CIIO;CC;{DMSA};[organizationalUnit];{{ole.dahl}})"
        )),
        forest().ace("(OA;;CC;[computer];;{Helpdesk})"),
        mitigated(typed())
            .on("")
            .ace(&format!("(OA;;CC;{DMSA};;WD)")),
    ] {
        let mut rows: Vec<String> = Vec::new();
        for row in seen(&forest).rows {
            if row.creates {
                rows.push(row.container);
            }
        }
        assert_eq!(rows, where_ole_may_create(&forest));
    }
}

/// Containers whose allowedChildClassesEffective names the class.
fn where_ole_may_create(forest: &Forest) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("domain.sqlite.zst");
    forest.write_snapshot(&path).unwrap();
    let ended = coldcase(&[
        "access",
        text(&path),
        "--as",
        "ole.dahl",
        "--format",
        "json",
    ])
    .unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut found: Vec<String> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|answer| {
            answer["create_classes"]
                .as_array()
                .is_some_and(|classes| classes.iter().any(|class| class == CLASS))
        })
        .map(|answer| below_the_head(answer["target"]["dn"].as_str().unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn what_leads_there_is_in_the_frame() {
    for (right, ace) in [
        ("write-dacl", "(A;;WD;;;{Helpdesk})"),
        ("write-owner", "(A;;WO;;;{Helpdesk})"),
    ] {
        check(
            right,
            &forest().ace(ace),
            &[leads_there("OU=Services", "Helpdesk", right)],
        );
    }
    let owned = forest().owner("ole.dahl");
    check(
        "owner",
        &owned,
        &[leads_there("OU=Services", "ole.dahl", "owner")],
    );
    // The published entry for owners is for dMSAs, and yet it is read on the unit itself: it has no inherit-only flag.
    check("owner of a mitigated unit", &mitigated(owned), &[]);
    check(
        "a unit",
        &forest().ace("(OA;;CC;[organizationalUnit];;{Helpdesk})"),
        &[leads_there("OU=Services", "Helpdesk", "create-container")],
    );
}

#[test]
fn a_unit_whose_permissions_are_hidden_is_not_called_clear() {
    let hidden = forest()
        .descriptor("O:DAG:DAD:P(A;;GA;;;DA)(A;;RPLC;;;AU)")
        .low_privilege();
    let seen = seen(&hidden);
    assert!(seen.rows.is_empty());
    assert_eq!(seen.verdict, "not-evaluated");
}
