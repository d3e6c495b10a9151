//! The pseudonymizer as a whole: what must agree, what must be gone, what must stay.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;

use coldcase_fixtures::{Forest, contoso};
use coldcase_schemas::Source;
use proptest::prelude::*;

use super::*;

pub(super) fn names() -> Names {
    Names::new(Key::from_bytes([7; 32]), Sids::Keep, BTreeSet::new())
}

pub(super) fn rebasing() -> Names {
    Names::new(Key::from_bytes([7; 32]), Sids::Rebase, BTreeSet::new())
}

pub(super) fn pseudonymizer() -> Pseudonymizer {
    Pseudonymizer::new(Key::from_bytes([7; 32]), Sids::Rebase, BTreeSet::new())
}

fn events(forest: &Forest) -> Vec<Event> {
    let mut source = forest.source();
    let mut events = Vec::new();
    while let Some(event) = source.next_event().unwrap() {
        events.push(event);
    }
    events
}

/// A forest with a value in every attribute that holds a name in some way.
fn everything() -> Forest {
    contoso::month(12)
        .on("svc-sql")
        .set(
            "scriptPath",
            "\\\\file01.contoso.example\\netlogon\\kontoskript.bat",
        )
        .set("profilePath", "\\\\FILE01\\profile$\\svc-sql")
        .set("userWorkstations", "SQL01,SQL02.contoso.example")
        .set(
            "altSecurityIdentities",
            "X509:<I>DC=example,CN=Contoso Root<S>CN=svc-sql",
        )
        .set("info", "Ask Zacharias")
        .set("mail", "dienst.sql@mail.contoso.example")
        .key_credential("phone of Ada")
        .on("gmsa-sql")
        .set(
            "msDS-AllowedToDelegateTo",
            "Geheimdienst/web01.contoso.example/CONTOSO",
        )
        .on("OU=Services")
        .set("description", "Dienste von Kontoso")
        .on("")
        .gp_link(&["Default Domain Policy"])
}

/// Names that no other directory has, in lower case.
fn distinctive(events: &[Event]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = [
        "contoso",
        "example",
        "fabrikam",
        "kontoso",
        "kontoskript",
        "zacharias",
        "dienst",
        "geheim",
        "profile$",
        "summer2026",
        "auditor",
    ]
    .map(str::to_owned)
    .into();
    let mut names = names();
    for event in events {
        let Event::Entry(entry) = event else { continue };
        if Place::of(&entry.dn) != Place::Domain {
            continue;
        }
        for attribute in [
            "name",
            "sAMAccountName",
            "displayName",
            "description",
            "dNSHostName",
            "mail",
            "employeeID",
        ] {
            for value in entry.values(attribute).unwrap_or_default() {
                let text = String::from_utf8(value.clone()).unwrap();
                let bare = text.trim_end_matches('$');
                // OU=Servers is called like CN=Servers of CN=Configuration, and Service Accounts are part of what every
                // domain has.
                let common = known::NAMES
                    .iter()
                    .chain(known::CONFIGURATION)
                    .any(|known| known.to_lowercase().contains(&bare.to_lowercase()));
                if !common && names.name(bare) != bare {
                    found.insert(bare.to_lowercase());
                }
            }
        }
    }
    found
}

/// Every text and every value of an event.
fn bytes_of(event: &Event) -> Vec<Vec<u8>> {
    let attributes = |attributes: &[RawAttribute]| -> Vec<Vec<u8>> {
        attributes
            .iter()
            .flat_map(|attribute| attribute.values.clone())
            .collect()
    };
    match event {
        Event::RootDse(all) => attributes(all),
        Event::Entry(entry) => {
            let mut all = attributes(&entry.attributes);
            all.push(entry.dn.clone().into_bytes());
            all
        }
        Event::QueryStarted(plan) => [&plan.base, &plan.filter, &plan.server]
            .map(|text| text.clone().into_bytes())
            .into(),
        Event::QueryEnded(outcome) => vec![outcome.result_text.clone().into_bytes()],
        Event::PartitionStarted(plan) => [&plan.filter, &plan.server]
            .map(|text| text.clone().into_bytes())
            .into(),
        Event::PartitionEnded(ended) => vec![ended.outcome.result_text.clone().into_bytes()],
        Event::PartitionAbandoned | Event::QueryAbandoned | Event::QueryLeft => Vec::new(),
        Event::QueryResumed(name) => vec![name.clone().into_bytes()],
    }
}

/// What `bytes` say in lower case: as text, and as every UTF-16LE text in them.
fn shown(bytes: &[u8]) -> [String; 3] {
    let narrow = |from: usize| -> String {
        bytes[from.min(bytes.len())..]
            .chunks_exact(2)
            .map(|unit| if unit[1] == 0 { unit[0] } else { 0 })
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect()
    };
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    [text, narrow(0), narrow(1)]
}

/// A short name, such as a number, counts only as a word: anything may stand in a hash or a time.
fn holds(text: &str, name: &str) -> bool {
    let inside = |byte: Option<&u8>| name.len() < 6 && byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.match_indices(name).any(|(place, _)| {
        let before = place.checked_sub(1).and_then(|place| bytes.get(place));
        !inside(before) && !inside(bytes.get(place + name.len()))
    })
}

#[test]
fn no_name_of_a_forest_survives() {
    let mut events = events(&everything());
    let names = distinctive(&events);
    assert!(names.len() > 200, "{}", names.len());
    for known in [
        "svc-sql",
        "ada ashgrove",
        "sql01",
        "gmsa-sql",
        "sql01.contoso.example",
    ] {
        assert!(names.contains(known), "{known}");
    }
    // Names stand in the plain events, so the search below can find them.
    let plain: BTreeSet<String> = events
        .iter()
        .flat_map(bytes_of)
        .flat_map(|bytes| shown(&bytes))
        .collect();
    for name in ["contoso", "svc-sql", "zacharias", "ada ashgrove"] {
        assert!(plain.iter().any(|text| holds(text, name)), "{name}");
    }
    events.push(Event::QueryEnded(QueryOutcome {
        pages: 1,
        entries: 1,
        references: 0,
        result_code: Some(1),
        result_text: "svc-sql is not allowed to read OU=Services,DC=contoso,DC=example of SQL01"
            .to_owned(),
        ended: String::new(),
        complete: false,
    }));
    for sids in [Sids::Keep, Sids::Rebase] {
        let mut pseudonymizer = Pseudonymizer::new(Key::from_bytes([9; 32]), sids, BTreeSet::new());
        let mut out: BTreeSet<Vec<u8>> = BTreeSet::new();
        for event in &events {
            out.extend(bytes_of(&pseudonymizer.event(event.clone())));
        }
        for (token, sealed) in pseudonymizer.take_new() {
            out.extend([token.into_bytes(), sealed]);
        }
        for text in [
            "CONTOSO\\auditor",
            "auditor@contoso.example",
            "dc1.contoso.example",
        ] {
            out.insert(pseudonymizer.text(text).into_bytes());
        }
        // One text to search: no name holds the control character between the parts.
        let texts: BTreeSet<String> = out.iter().flat_map(|bytes| shown(bytes)).collect();
        let texts = Vec::from_iter(texts).join("\u{1}");
        for name in &names {
            assert!(!holds(&texts, name), "{name}");
        }
    }
}

#[test]
fn an_object_is_called_the_same_everywhere() {
    let mut pseudonymizer = pseudonymizer();
    let entries: Vec<Entry> = events(&everything())
        .into_iter()
        .filter_map(|event| match pseudonymizer.event(event) {
            Event::Entry(entry) => Some(entry),
            _ => None,
        })
        .collect();
    let text = |entry: &Entry, attribute: &str| -> String {
        let value = entry.values(attribute).unwrap_or_default().first().cloned();
        String::from_utf8(value.unwrap_or_default()).unwrap()
    };
    let dns: BTreeSet<&str> = entries.iter().map(|entry| entry.dn.as_str()).collect();
    assert_eq!(dns.len(), entries.len(), "no two objects have become one");
    let mut joined = 0;
    for entry in &entries {
        let rdns = dn::parse(&entry.dn).unwrap();
        assert_eq!(rdns[0][0].value(), text(entry, "name"), "{}", entry.dn);
        let host = text(entry, "dNSHostName");
        if !host.is_empty() {
            let account = text(entry, "sAMAccountName");
            assert_eq!(
                account.strip_suffix('$'),
                host.split('.').next(),
                "{}",
                entry.dn
            );
            joined += 1;
        }
        // Every link goes to an object as before, or outside as before.
        for attribute in ["member", "managedBy", "manager", "msDS-HostServiceAccount"] {
            for value in entry.values(attribute).unwrap_or_default() {
                let target = std::str::from_utf8(value).unwrap();
                assert!(dns.contains(target), "{target}");
            }
        }
    }
    assert!(joined > 20);
}

#[test]
fn what_is_the_same_in_every_directory_stays() {
    let mut pseudonymizer = pseudonymizer();
    let contoso = pseudonymizer.text("contoso");
    let example = pseudonymizer.text("example");
    let tail = format!("DC={contoso},DC={example}");
    let mut seen = BTreeSet::new();
    for event in events(&everything()) {
        if let Event::Entry(entry) = pseudonymizer.event(event) {
            seen.insert(entry.dn);
        }
    }
    for dn in [
        "CN=Domain Admins,CN=Users",
        "CN=Administrators,CN=Builtin",
        "CN=AdminSDHolder,CN=System",
        "CN=DnsAdmins,CN=Users",
        "OU=Domain Controllers",
        "CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System",
        "CN=S-1-5-11,CN=ForeignSecurityPrincipals",
        "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration",
        "CN=Enterprise Schema,CN=Partitions,CN=Configuration",
        "CN=User-Force-Change-Password,CN=Extended-Rights,CN=Configuration",
    ] {
        assert!(seen.contains(&format!("{dn},{tail}")), "{dn}");
    }
    let keys = format!(
        ",CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,{tail}"
    );
    assert_eq!(seen.iter().filter(|dn| dn.ends_with(&keys)).count(), 2);
    let crossref = format!("CN={contoso},CN=Partitions,CN=Configuration,{tail}");
    assert!(
        seen.contains(&crossref),
        "the short name equals the first label"
    );
}

#[test]
fn names_the_server_calls_built_in_stay_if_asked() {
    let keep = BTreeSet::from(["Domänen-Admins".to_owned()]);
    let mut pseudonymizer = Pseudonymizer::new(Key::from_bytes([7; 32]), Sids::Keep, keep);
    assert_eq!(
        pseudonymizer.names.dn("CN=DOMÄNEN-ADMINS"),
        "CN=DOMÄNEN-ADMINS"
    );
    assert_ne!(names().dn("CN=Domänen-Admins"), "CN=Domänen-Admins");
    // A domain or a computer that is called like a container is a customer's all the same.
    assert_ne!(
        names().dns("users.corp"),
        format!("users.{}", names().token("corp"))
    );
    assert_ne!(names().name("Users$"), "Users$");
}

#[test]
fn every_pseudonym_can_be_turned_back() {
    let key = Key::from_bytes([7; 32]);
    let mut pseudonymizer = pseudonymizer();
    for event in events(&everything()) {
        pseudonymizer.event(event);
    }
    let new = pseudonymizer.take_new();
    assert!(pseudonymizer.take_new().is_empty());
    let opened: BTreeSet<String> = new
        .iter()
        .map(|(token, sealed)| key.open(token, sealed).unwrap())
        .collect();
    for name in [
        "contoso",
        "svc-sql",
        "Ada Ashgrove",
        "SQL01",
        "BI gateway, pw: Summer2026!",
        "Ask Zacharias",
        "kontoskript.bat",
    ] {
        assert!(
            opened.iter().any(|it| it.eq_ignore_ascii_case(name)),
            "{name}"
        );
    }
    let domain = coldcase_fixtures::forest::domain_sid("contoso.example");
    assert!(opened.contains(&domain));
    let tokens: BTreeSet<&String> = new.iter().map(|(token, _)| token).collect();
    assert_eq!(
        tokens.len(),
        new.len(),
        "each is handed out once while it is remembered"
    );
}

#[test]
fn secrets_are_counted_and_unasked_attributes_left_out() {
    let attributes = vec![
        RawAttribute::new("unicodePwd", vec![b"secret".to_vec()]),
        RawAttribute::new("contosoBadge", vec![b"secret".to_vec()]),
        RawAttribute::new("UIDNUMBER", vec![b"secret".to_vec()]),
        RawAttribute::new(
            "DESCRIPTION",
            vec![b"a\nb".to_vec(), vec![0xff], Vec::new()],
        ),
        RawAttribute::new("adminCount", vec![b"secret".to_vec(), b"-1".to_vec()]),
        RawAttribute::new("objectSid", vec![b"secret!!".to_vec()]),
    ];
    let entry = Entry {
        dn: "CN=a".to_owned(),
        attributes,
    };
    let mut pseudonymizer = pseudonymizer();
    let entry = pseudonymizer.entry(entry);
    assert_eq!(entry.values("unicodePwd"), Some(&[Vec::new()][..]));
    assert_eq!(entry.attributes.len(), 4);
    assert_eq!(entry.values("description").unwrap()[2], b"");
    assert_eq!(entry.values("adminCount").unwrap()[1], b"-1");
    assert_eq!(entry.values("objectSid").unwrap()[0], [0; 8]);
    for bytes in bytes_of(&Event::Entry(entry)) {
        assert!(!shown(&bytes).iter().any(|text| holds(text, "secret")));
    }
}

#[test]
fn the_root_dse_is_capabilities_and_names() {
    let values = |text: &[&str]| text.iter().map(|text| text.as_bytes().to_vec()).collect();
    let attributes = vec![
        RawAttribute::new("supportedSASLMechanisms", values(&["GSSAPI"])),
        RawAttribute::new("highestCommittedUSN", values(&["4711"])),
        RawAttribute::new("isSynchronized", values(&["TRUE"])),
        RawAttribute::new("currentTime", values(&["20260131060000.0Z"])),
        RawAttribute::new(
            "ldapServiceName",
            values(&["contoso.example:dc1$@CONTOSO.EXAMPLE"]),
        ),
        RawAttribute::new(
            "serverName",
            values(&[
                "CN=DC1,CN=Servers,CN=Contoso HQ,CN=Sites,CN=Configuration,DC=contoso,DC=example",
            ]),
        ),
        RawAttribute::new("netlogon", vec![vec![0xff, 0xfe]]),
        RawAttribute::new(
            "tokenGroups",
            vec![
                vec![1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0],
                b"CONTOSO admins".to_vec(),
            ],
        ),
    ];
    let mut pseudonymizer = pseudonymizer();
    let Event::RootDse(replaced) = pseudonymizer.event(Event::RootDse(attributes.clone())) else {
        panic!("the root DSE has become something else")
    };
    assert_eq!(replaced[..4], attributes[..4]);
    let [contoso, example, dc, site] =
        ["contoso", "example", "DC1", "Contoso HQ"].map(|name| pseudonymizer.names.token(name));
    let text = |at: usize| String::from_utf8(replaced[at].values[0].clone()).unwrap();
    assert_eq!(
        text(4),
        format!("{contoso}.{example}:{dc}$@{contoso}.{example}")
    );
    assert_eq!(
        text(5),
        format!("CN={dc},CN=Servers,CN={site},CN=Sites,CN=Configuration,DC={contoso},DC={example}")
    );
    assert_eq!(replaced[6].values.len(), 0);
    // Well-known SIDs stay, what is none does not.
    assert_eq!(replaced[7].values[0], attributes[7].values[0]);
    assert_eq!(replaced[7].values[1], [0; 14]);
}

proptest! {
    #[test]
    fn nothing_makes_it_stumble(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut pseudonymizer = pseudonymizer();
        let attributes = coldcase_schemas::attribute::ATTRIBUTES
            .iter()
            .map(|attribute| {
                RawAttribute::new(attribute.name, vec![text.clone().into_bytes(), bytes.clone()])
            })
            .collect();
        let entry = Entry { dn: text.clone(), attributes };
        let event = pseudonymizer.event(Event::Entry(entry.clone()));
        prop_assert_eq!(&event, &pseudonymizer.event(Event::Entry(entry)));
        pseudonymizer.message(&text);
        pseudonymizer.setting(&text);
        pseudonymizer.text(&text);
        pseudonymizer.filter(&text);
    }
}
