//! The real sample, where there is one.

use std::collections::BTreeSet;

use super::*;

const PHANTOM: &str = "S-1-5-21-2697957641-2271029196-387917394";

#[test]
fn the_real_sample_gives_what_is_expected() {
    let Some(bytes) = sample() else { return };
    assert!(recognise("sharphound-v6-sample.zip", &bytes[..512]));
    let mut export = SharpHound::open_zip(Cursor::new(bytes)).expect("opens");
    assert_eq!(export.label().variant, "SharpHound 6");
    let domains: Vec<_> = export
        .domains()
        .iter()
        .map(|domain| domain.dn.clone())
        .collect();
    assert_eq!(
        domains,
        [
            "DC=PHANTOM,DC=CORP",
            "DC=GHOST,DC=CORP",
            "DC=WRAITH,DC=CORP"
        ]
    );
    assert_eq!(export.domains()[0].sid, PHANTOM);
    assert_eq!(export.members.all.len(), 31);
    let said = drain(&mut export);
    assert!(said.error.is_none());
    assert_eq!(export.inflated, 3_518_594);
    assert_eq!(export.rows, 1_718);
    // 82 groups and 3 users are placeholders; 6 trusts stand in the rows of domains.
    assert_eq!(said.objects.len(), 1_718 - 85 + 6);
    let trusts = said.objects.iter().filter(|object| {
        let classes = object.entry.values("objectClass").unwrap_or_default();
        classes.iter().any(|class| class == b"trustedDomain")
    });
    assert_eq!(trusts.count(), 6);
    let count = |kind: Kind| export.kinds[&kind].objects;
    assert_eq!(
        Kind::ALL.map(|kind| if export.kinds.contains_key(&kind) {
            count(kind)
        } else {
            0
        }),
        [97, 34, 203, 3, 20, 32, 1121, 6, 5, 4, 2, 106, 0]
    );
    assert_eq!(
        export.kinds.values().map(|kind| kind.files).sum::<u64>(),
        31
    );

    let by_right = said
        .rights
        .iter()
        .fold(BTreeMap::new(), |mut counts, right| {
            *counts.entry(right.right.as_str()).or_insert(0_u32) += 1;
            counts
        });
    assert_eq!(by_right.values().sum::<u32>(), 11_772 + 1);
    for (right, expected) in [
        ("GenericAll", 3500),
        ("WriteDacl", 2603),
        ("Owns", 1625),
        ("ReadGMSAPassword", 7),
        ("AllowedToAct", 1),
    ] {
        assert_eq!(by_right[right], expected, "{right}");
    }
    assert_eq!(
        said.rights
            .iter()
            .filter(|right| right.inherited == Some(true))
            .count(),
        6_333
    );

    let of_class = |class: &str| -> Vec<&Object> {
        said.objects
            .iter()
            .filter(|object| {
                let classes = object.entry.values("objectClass").expect("a class");
                classes.last().is_some_and(|last| last == class.as_bytes())
            })
            .collect()
    };
    let gmsas = of_class("msDS-GroupManagedServiceAccount");
    assert_eq!(gmsas.len(), 7);
    let readers: BTreeMap<_, _> = said
        .rights
        .iter()
        .filter(|right| right.right == "ReadGMSAPassword")
        .map(|right| (right.object.clone(), right.trustee.clone()))
        .collect();
    for gmsa in gmsas {
        let sid = Sid::parse(&gmsa.entry.values("objectSid").expect("a SID")[0])
            .expect("a SID")
            .to_string();
        let name = &gmsa.entry.values("sAMAccountName").expect("a name")[0];
        let reader = if name == b"gmsa_shs$" { 2167 } else { 2102 };
        assert_eq!(
            readers[&sid],
            format!("{PHANTOM}-{reader}"),
            "{}",
            gmsa.entry.dn
        );
    }
    let smsas = of_class("msDS-ManagedServiceAccount");
    assert_eq!(smsas.len(), 1);
    assert_eq!(
        smsas[0].entry.values("objectSid").expect("a SID")[0],
        crate::wire::sid(&format!("{PHANTOM}-2159")).expect("a SID")
    );
    let hosts: Vec<_> = said
        .objects
        .iter()
        .filter_map(|object| {
            Some((
                object.entry.dn.as_str(),
                object.entry.values("msDS-HostServiceAccount")?,
            ))
        })
        .collect();
    let expected = vec![format!("<SID={PHANTOM}-2159>").into_bytes()];
    assert_eq!(
        hosts,
        [(
            "CN=DC01,OU=DOMAIN CONTROLLERS,DC=PHANTOM,DC=CORP",
            expected.as_slice()
        )]
    );
    let members: usize = said
        .objects
        .iter()
        .filter_map(|object| object.entry.values("member"))
        .map(<[Vec<u8>]>::len)
        .sum();
    // 161 with those of the placeholders for Enterprise Domain Controllers, which are no objects.
    assert_eq!(members, 158);
    let delegating = said
        .objects
        .iter()
        .filter(|object| object.entry.values("msDS-AllowedToDelegateTo").is_some());
    assert_eq!(delegating.count(), 1);

    let ids: BTreeSet<_> = said
        .objects
        .iter()
        .filter_map(|object| {
            let id = object
                .entry
                .values("objectSid")
                .or_else(|| object.entry.values("objectGUID"));
            // Of trusts the trusted domain is known, not the object itself.
            let trust = object.entry.values("trustPartner").is_some();
            assert!(id.is_some() != trust, "{}", object.entry.dn);
            Some(id?[0].clone())
        })
        .collect();
    // The groups of Builtin have the same SIDs in each domain, and two users have one: 1,395 of the 1,469 identifiers are
    // left without placeholders and prefixes.
    assert_eq!(ids.len(), 1_395);

    let counts = said
        .troubles
        .iter()
        .filter(|trouble| trouble.what.contains("`meta` counts"))
        .count();
    assert_eq!(counts, 6);
    let conflicts: Vec<_> = said
        .troubles
        .iter()
        .filter(|trouble| trouble.what.contains(&format!("{PHANTOM}-2186 is also")))
        .collect();
    assert_eq!(conflicts.len(), 1);
}

#[test]
fn the_real_sample_has_its_identifiers() {
    let Some(bytes) = sample() else { return };
    let mut export = SharpHound::open_zip(Cursor::new(bytes)).expect("opens");
    let mut ids = BTreeSet::new();
    let (mut rows, mut members) = (0, 0);
    for position in 0..export.members.all.len() {
        export
            .visit(position, |_, text| {
                let row = row::read(text).expect("a row");
                members += row.members.as_ref().map_or(0, Vec::len);
                ids.insert(row.id.expect("an identifier").into_owned());
                rows += 1;
            })
            .expect("readable");
    }
    assert_eq!((rows, ids.len(), members), (1_718, 1_469, 161));
}

#[test]
fn the_real_sample_would_have_shown() {
    let Some(bytes) = sample() else { return };
    let mut export = SharpHound::open_zip(Cursor::new(bytes)).expect("opens");
    drain(&mut export);
    let account = [
        "objectClass",
        "objectSid",
        "sAMAccountName",
        "description",
        "displayName",
        "servicePrincipalName",
        "primaryGroupID",
        "pwdLastSet",
        "lastLogon",
        "lastLogonTimestamp",
        "sIDHistory",
        "scriptPath",
        "mail",
    ];
    for query in ["users", "users-with-password", "service-accounts"] {
        assert_eq!(attributes(&export, query), account, "{query}");
    }
    assert_eq!(
        attributes(&export, "groups"),
        [
            "objectClass",
            "objectSid",
            "sAMAccountName",
            "description",
            "member"
        ]
    );
    assert_eq!(
        attributes(&export, "domain"),
        ["objectClass", "objectSid", "description"]
    );
    assert_eq!(
        attributes(&export, "gpos"),
        ["objectGUID", "objectClass", "description", "gPCFileSysPath"]
    );
    assert_eq!(
        attributes(&export, "containers"),
        ["objectGUID", "objectClass"]
    );
    let computers = attributes(&export, "computers");
    assert!(computers.contains(&"msDS-HostServiceAccount"));
    assert!(!computers.contains(&"operatingSystem") && !computers.contains(&"dNSHostName"));
}
