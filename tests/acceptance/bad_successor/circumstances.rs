//! What the right comes to: controllers and schema, the update, dSHeuristics, conditions that only a controller decides.

use coldcase_fixtures::Forest;

use super::{
    CLASS, DMSA, PUBLISHED, Row, Seen, assert_says, blocked, check, critical, forest, leads_there,
    seen, typed,
};

const AUDIT: &str = "00000000010000000002000000000";
const ONLY_28: &str = "00000000010000000002000000010";
const ONLY_29: &str = "00000000010000000002000000001";
const BOTH: &str = "00000000010000000002000000011";

#[test]
fn without_a_controller_or_class_it_is_latent_and_as_critical() {
    let services = |right| [critical("OU=Services", "Helpdesk", right)];
    let seen = check("a 2025 controller", &typed(), &services("create-dmsa"));
    assert_eq!(seen.evidence[0]["latent"], false);
    assert_eq!(seen.evidence[0]["class_in_schema"], true);
    assert_says(
        &seen,
        "Server 2025 domain controllers seen: 1; dMSA class in the schema",
    );
    assert_says(&seen, "update of August 2025 not in LDAP");

    let old = typed()
        .on("DC1")
        .operating_system("Windows Server 2022 Datacenter", "10.0 (20348)");
    let seen = check("none", &old, &services("create-dmsa"));
    assert_eq!(seen.evidence[0]["latent"], true);
    assert_says(&seen, "Server 2025 domain controllers seen: 0");

    for (grant, right) in [("(A;;CC;;;{Helpdesk})", "create-any"), ("", "create-dmsa")] {
        let granted = if grant.is_empty() {
            typed()
        } else {
            forest().ace(grant)
        };
        let seen = check(
            "no class",
            &granted.without_schema_class(CLASS),
            &services(right),
        );
        assert_eq!(seen.evidence[0]["class_in_schema"], false);
        assert_says(&seen, "dMSA class not in the schema yet");
    }
}

#[test]
fn after_the_update_a_victim_has_to_be_written_as_well() {
    let both = |forest: Forest, who: &str| {
        forest
            .grant_write(who, "msDS-SupersededManagedAccountLink")
            .grant_write(who, "msDS-SupersededServiceAccountState")
    };
    let domain = Row {
        after: "domain".to_owned(),
        ..critical("OU=Services", "Helpdesk", "create-dmsa")
    };
    let without = critical("OU=Services", "Helpdesk", "create-dmsa");
    let administrator = || typed().on("Administrator");
    let writes = |seen: &Seen| seen.raw[0]["writes_victim"].as_bool().unwrap();

    let seen = check(
        "an administrator",
        &both(administrator(), "Helpdesk"),
        std::slice::from_ref(&domain),
    );
    assert!(writes(&seen));
    assert_eq!(
        seen.evidence[0]["clears"],
        "nothing but taking the right away: it can write a tier-0 victim as well"
    );
    check(
        "his permissions",
        &administrator().ace("(A;;WD;;;{Helpdesk})"),
        std::slice::from_ref(&domain),
    );
    check(
        "by everybody",
        &both(administrator(), "S-1-5-11"),
        &[domain],
    );
    // Half a migration is none.
    let half = administrator().grant_write("Helpdesk", "msDS-SupersededManagedAccountLink");
    let seen = check("the link alone", &half, std::slice::from_ref(&without));
    assert!(!writes(&seen));
    let denied = both(administrator(), "Helpdesk").ace("(D;;WP;;;{Helpdesk})");
    check("denied", &denied, std::slice::from_ref(&without));
    // Two who hold one half each are two rows: neither has the domain alone.
    let another = both(
        typed()
            .group("Clerks")
            .in_ou("OU=Groups")
            .on("Administrator"),
        "Clerks",
    );
    check("another", &another, std::slice::from_ref(&without));
    // A service account is a victim, and not the domain.
    let service = both(
        typed()
            .user("svc-sql")
            .spn("MSSQLSvc/sql01.corp.example:1433"),
        "Helpdesk",
    );
    let seen = check(
        "a service account",
        &service,
        std::slice::from_ref(&without),
    );
    assert!(writes(&seen));
}

#[test]
fn enforcing_dsheuristics_stops_only_who_can_do_nothing_else() {
    let with = |forest: Forest, heuristics| forest.ds_heuristics(heuristics);
    let class = [critical("OU=Services", "Helpdesk", "create-dmsa")];
    let no = [blocked("OU=Services", "Helpdesk", "create-dmsa")];
    for (name, heuristics) in [
        ("audit", AUDIT),
        ("28", ONLY_28),
        ("29", ONLY_29),
        ("off", "0000000001000000000200000022"),
    ] {
        let seen = check(name, &with(typed(), heuristics), &class);
        assert_eq!(
            seen.evidence[0]["clears"],
            "the update of August 2025 on every Server 2025 controller, or dSHeuristics 28 and 29 enforced"
        );
    }
    assert_says(
        &seen(&with(typed(), AUDIT)),
        "dSHeuristics 28 (rights on creation) audit, 29 (rights of owners) audit",
    );
    let seen = check("28 and 29", &with(typed(), BOTH), &no);
    assert_says(
        &seen,
        "dSHeuristics 28 (rights on creation) enforced, 29 (rights of owners) enforced",
    );
    // What is not defined counts as enforced (MS-ADTS 6.1.1.2.4.1.2).
    check("x", &with(typed(), "000000000100000000020000000xx"), &no);

    // Below that, rights that a new dMSA inherits give its creator what he needs.
    let inherits = |ace: &str| with(typed().ace(ace), BOTH);
    for ace in [
        "(A;CIIO;WP;;;{Helpdesk})".to_owned(),
        format!("(OA;CIIO;WD;;{DMSA};{{Helpdesk}})"),
        format!("(OA;CIIO;GA;;{DMSA};CO)"),
        format!("(OA;CIIO;WP;{DMSA};{DMSA};{{Helpdesk}})"),
    ] {
        check(&ace, &inherits(&ace), &class);
    }
    // Such a right over everything below is one over the units there too.
    let below = leads_there("OU=SQL,OU=Services", "Helpdesk", "write-dacl");
    let everywhere = inherits("(A;CIIO;WD;;;{Helpdesk})");
    check("permissions", &everywhere, &[class[0].clone(), below]);
    for ace in [
        // One of the two attributes, the wrong class, the wrong right.
        format!("(OA;CIIO;WP;[msDS-ManagedAccountPrecededByLink];{DMSA};{{Helpdesk}})"),
        "(OA;CIIO;WD;;[computer];{Helpdesk})".to_owned(),
        "(A;CIIO;SWRPCR;;;{Helpdesk})".to_owned(),
        "(A;CINPIO;WP;;;{Domain Guests})".to_owned(),
    ] {
        check(&ace, &inherits(&ace), &no);
    }
    // Every class: he creates a unit, which is his, and in that the dMSA.
    let any = [Row {
        controls: false,
        ..critical("OU=Services", "Helpdesk", "create-any")
    }];
    let seen = check(
        "a unit of one's own",
        &with(forest().ace("(A;;CC;;;{Helpdesk})"), BOTH),
        &any,
    );
    assert_eq!(
        seen.evidence[0]["clears"],
        "the update of August 2025 on every Server 2025 controller"
    );
    assert_eq!(seen.raw[0]["creates_container"], true);
    // Nor is that unit his if owners of everything below hold nothing.
    let no_owners = with(
        forest()
            .ace("(A;;CC;;;{Helpdesk})")
            .ace("(A;CIIO;LC;;;S-1-3-4)"),
        BOTH,
    );
    check(
        "no rights of owners",
        &no_owners,
        &[blocked("OU=Services", "Helpdesk", "create-any")],
    );
}

#[test]
fn the_other_published_entries_count_where_creation_is_checked() {
    let [_, owners, link] = PUBLISHED;
    let class = [critical("OU=Services", "Helpdesk", "create-dmsa")];
    let no = [blocked("OU=Services", "Helpdesk", "create-dmsa")];
    // Without enforcement the attributes are set on creation, before any of the two applies.
    check(
        "audit",
        &typed().ace(owners).ace(link).ds_heuristics(AUDIT),
        &class,
    );
    // With 28 the owner would have to change the permissions, and holds nothing by being it.
    check("28", &typed().ace(owners).ds_heuristics(ONLY_28), &no);
    // An inherited write of everything is denied for the link, which comes first.
    let writes = |forest: Forest| forest.ace("(A;CIIO;WP;;;{Helpdesk})").ds_heuristics(BOTH);
    check("28 and 29", &writes(typed().ace(link)), &no);
    check("without", &writes(typed()), &class);
}

#[test]
fn a_condition_leaves_the_verdict_open() {
    let unknown = Row {
        before: "unknown".to_owned(),
        finding: Some("high".to_owned()),
        ..critical("OU=Projects", "Helpdesk", "create-any")
    };
    let condition = "(@USER.Department == \"IT\")";
    for aces in [
        format!("(XA;;CC;;;{{Helpdesk}};{condition})"),
        format!("(XD;;CC;;;AU;{condition})(A;;CC;;;{{Helpdesk}})"),
    ] {
        let unit = forest()
            .ou("OU=Projects")
            .descriptor(&format!("O:DAG:DAD:P(A;;GA;;;DA){aces}"));
        let seen = check(&aces, &unit, std::slice::from_ref(&unknown));
        assert_eq!(seen.evidence[0]["conditional"], true, "{aces}");
    }
}
