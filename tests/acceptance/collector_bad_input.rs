//! What the collector does when a server misbehaves: one clear sentence, the right exit code, and a snapshot
//! that says what is missing.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use coldcase_schemas::Snapshot;
use coldcase_tests::ldap_script::{Answer, Request, ScriptedServer};
use coldcase_tests::programs::{Ended, coldcase, collect};

const DOMAIN: &str = "DC=corp,DC=example";

/// Collects from `server`; the snapshot is in the server's folder.
fn collect_from(server: &ScriptedServer, more: &[&str]) -> (Ended, PathBuf) {
    let output = server.folder().join("out.sqlite.zst");
    let address = server.address();
    let mut arguments = vec![
        "--server",
        &address,
        "--user",
        "auditor",
        "--password-stdin",
        "--ca-file",
        server.ca_file().to_str().unwrap(),
        "--timeout",
        "10",
        "--retries",
        "0",
        "-o",
        output.to_str().unwrap(),
    ];
    arguments.extend(more);
    let mut ended = collect(&arguments, "secret\n").unwrap();
    // Sentences are broken into lines that fit a terminal.
    ended.stdout = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (ended, output)
}

fn user(name: &str) -> Answer {
    Answer::entry(
        &format!("CN={name},{DOMAIN}"),
        &[
            ("objectClass", &["top", "person", "user"]),
            ("sAMAccountName", &[name]),
        ],
    )
}

/// Answers everything with success, and the users' query with `answers`.
fn users(answers: impl Fn(&Request) -> Vec<Answer> + Send + 'static) -> ScriptedServer {
    ScriptedServer::start(move |request| {
        // Only the filters of users have a negation in them; one of them asks for password attributes first.
        let users = matches!(request, Request::Search { base, filter, .. }
            if base == DOMAIN && filter.contains(&0xA2)
                && !filter.windows(12).any(|name| name == b"userPassword"));
        if users {
            answers(request)
        } else {
            others(request)
        }
    })
    .unwrap()
}

/// What a domain has besides: its head, and nothing else.
fn others(request: &Request) -> Vec<Answer> {
    // (objectClass=*) is nothing but the name of the attribute (RFC 4511, section 4.5.1).
    let head = matches!(request, Request::Search { base, filter, .. } if base == DOMAIN && filter == b"objectClass");
    let mut answers = Vec::new();
    if head {
        answers.push(Answer::entry(
            DOMAIN,
            &[("objectClass", &["top", "domain", "domainDNS"])],
        ));
    }
    answers.push(Answer::success());
    answers
}

fn done(code: u8, text: &str) -> Answer {
    Answer::Done(code, text.to_owned(), Vec::new(), Vec::new())
}

#[test]
fn a_healthy_server_gives_a_complete_snapshot_and_is_asked_with_critical_controls() {
    let server = users(|request| {
        let Request::Search { critical, .. } = request else {
            return vec![];
        };
        assert!(
            critical.iter().any(|oid| oid == "1.2.840.113556.1.4.801"),
            "{critical:?}"
        );
        vec![
            user("a"),
            Answer::Reference("ldap://x".to_owned()),
            Answer::success(),
        ]
    });
    let (ended, output) = collect_from(&server, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let snapshot = Snapshot::open(&output).unwrap();
    assert!(snapshot.manifest().complete);
    assert_eq!(snapshot.manifest().taken_at, "2026-01-31T06:00:00Z");
    let ledger = snapshot.ledger().unwrap();
    let row = ledger.iter().find(|row| row.plan.name == "users").unwrap();
    let outcome = row.outcome.as_ref().unwrap();
    assert_eq!(
        (outcome.entries, outcome.references, outcome.result_code),
        (1, 1, Some(0))
    );
}

#[test]
fn a_size_limit_is_a_partial_snapshot() {
    let server = users(|_| vec![user("a"), user("b"), done(4, "")]);
    let (ended, output) = collect_from(&server, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains("PARTIAL"), "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .contains("query users ended early after 2 entries: sizeLimitExceeded (4)"),
        "{}",
        ended.stdout
    );
    let snapshot = Snapshot::open(&output).unwrap();
    assert!(!snapshot.manifest().complete);
    assert!(snapshot.entry(&format!("CN=b,{DOMAIN}")).unwrap().is_some());
}

#[test]
fn a_referral_is_told_and_not_chased() {
    let server = users(|_| {
        vec![Answer::Done(
            10,
            "0000202B: RefErr".to_owned(),
            vec!["ldap://other.example".to_owned()],
            vec![],
        )]
    });
    let (ended, _) = collect_from(&server, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stdout.contains("it refers to ldap://other.example"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_connection_cut_in_the_middle_of_a_page_is_a_partial_snapshot() {
    let server = users(|request| match request {
        Request::Search {
            cookie: Some(cookie),
            ..
        } if cookie.is_empty() => {
            vec![
                user("a"),
                Answer::Done(0, String::new(), vec![], b"next".to_vec()),
            ]
        }
        _ => vec![user("b"), Answer::Cut],
    });
    let (ended, output) = collect_from(&server, &["--page-size", "1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("query users ended early after 2 entries"),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stdout
            .contains("query groups ended early after 0 entries: not asked"),
        "{}",
        ended.stdout
    );
    let snapshot = Snapshot::open(&output).unwrap();
    // What had come is kept, and nothing after it looks as if it had been there and empty.
    assert!(snapshot.entry(&format!("CN=b,{DOMAIN}")).unwrap().is_some());
    let ledger = snapshot.ledger().unwrap();
    let complete = |name: &str| {
        ledger
            .iter()
            .find(|row| row.plan.name == name)
            .unwrap()
            .is_complete()
    };
    assert!(
        complete("computers")
            && !complete("users")
            && !complete("groups")
            && !complete("schema-attributes")
    );
}

#[test]
fn ranges_are_joined_to_the_end() {
    let server = ScriptedServer::start(|request| {
        let group = format!("CN=big,{DOMAIN}");
        match request {
            Request::Search {
                base, attributes, ..
            } if *base == group => {
                let piece = match attributes[0].as_str() {
                    "member;range=2-*" => ("member;range=2-3", &["CN=2", "CN=3"][..]),
                    "member;range=4-*" => ("member;range=4-*", &["CN=4"][..]),
                    other => panic!("asked for {other}"),
                };
                vec![Answer::entry(&group, &[piece]), Answer::success()]
            }
            request
                if request.is_search(DOMAIN, "group")
                    && !request.is_search(DOMAIN, "groupPolicy") =>
            {
                vec![
                    Answer::entry(
                        &group,
                        &[
                            ("objectClass", &["top", "group"]),
                            ("member", &[]),
                            ("member;range=0-1", &["CN=0", "CN=1"]),
                        ],
                    ),
                    Answer::success(),
                ]
            }
            request => others(request),
        }
    })
    .unwrap();
    let (ended, output) = collect_from(&server, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let entry = Snapshot::open(&output)
        .unwrap()
        .entry(&format!("CN=big,{DOMAIN}"))
        .unwrap()
        .unwrap();
    let members: Vec<_> = entry
        .values("member")
        .unwrap()
        .iter()
        .map(|dn| String::from_utf8_lossy(dn).into_owned())
        .collect();
    assert_eq!(members, ["CN=0", "CN=1", "CN=2", "CN=3", "CN=4"]);
}

#[test]
fn a_range_that_does_not_end_is_cut_short_not_whole() {
    let server = ScriptedServer::start(|request| {
        let group = format!("CN=big,{DOMAIN}");
        match request {
            Request::Search { base, .. } if *base == group => vec![done(51, "busy")],
            request
                if request.is_search(DOMAIN, "group")
                    && !request.is_search(DOMAIN, "groupPolicy") =>
            {
                vec![
                    Answer::entry(
                        &group,
                        &[
                            ("objectClass", &["group"]),
                            ("member;range=0-1", &["CN=0", "CN=1"]),
                        ],
                    ),
                    Answer::success(),
                ]
            }
            request => others(request),
        }
    })
    .unwrap();
    let (ended, output) = collect_from(&server, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    // Who else is in the group is not known, so no rule about memberships is clear.
    let report = coldcase(&["report", output.to_str().unwrap(), "--format", "json"]).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let rules = report["rules"].as_array().unwrap();
    let rule = rules
        .iter()
        .find(|rule| rule["id"] == "privileged-membership")
        .unwrap();
    assert_eq!(rule["verdict"], "not-evaluated");
    assert!(
        rule["reason"]
            .as_str()
            .unwrap()
            .contains("values were cut short in the query groups: member of 1 objects"),
        "{rule}"
    );
    assert!(
        ended.stdout.contains("1 value lists were cut short"),
        "{}",
        ended.stdout
    );
    assert!(!Snapshot::open(&output).unwrap().manifest().complete);
}

#[test]
fn entries_that_are_none_make_the_query_incomplete() {
    let server = users(|_| vec![user("a"), Answer::Garbage, Answer::success()]);
    let (ended, _) = collect_from(&server, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stdout.contains("1 entries could not be decoded"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_server_without_an_end_is_stopped() {
    let endless = users(|_| {
        let mut answers: Vec<Answer> = (0..50).map(|n| user(&format!("u{n}"))).collect();
        answers.push(Answer::success());
        answers
    });
    let (ended, _) = collect_from(&endless, &["--page-size", "10"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("the server sent more than 20 entries in a page"),
        "{}",
        ended.stdout
    );

    let empty = users(|_| vec![Answer::Done(0, String::new(), vec![], b"again".to_vec())]);
    let (ended, _) = collect_from(&empty, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stdout.contains("empty pages in a row"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_refused_bind_says_why_and_writes_nothing() {
    for (text, sentence) in [
        (
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v4563",
            "the user name or the password is wrong",
        ),
        (
            "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v4563",
            "it is locked out",
        ),
    ] {
        let server = ScriptedServer::start(move |_| vec![done(49, text)]).unwrap();
        let (ended, output) = collect_from(&server, &[]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains("the server refused auditor") && ended.stderr.contains(sentence),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(!output.exists());
    }
}

#[test]
fn an_untrusted_certificate_is_named() {
    let server = ScriptedServer::start(|_| vec![]).unwrap();
    let other = ScriptedServer::start(|_| vec![]).unwrap();
    let address = server.address();
    let ended = collect(
        &[
            "--server",
            &address,
            "--user",
            "a",
            "--password-stdin",
            "--ca-file",
            other.ca_file().to_str().unwrap(),
        ],
        "x",
    )
    .unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("is not signed by a trusted authority"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn an_unreachable_host_is_named() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let ended = collect(
        &["--server", &address, "--user", "a", "--password-stdin"],
        "x",
    )
    .unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains(&format!("{address} cannot be reached")),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn bad_arguments_are_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let existing = folder.path().join("old.sqlite.zst");
    fs::write(&existing, "evidence").unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let base = ["--server", "127.0.0.1:1", "--user", "a", "--password-stdin"];
    for (more, input, sentence) in [
        (
            vec!["-o", existing.to_str().unwrap()],
            "x",
            "is already there",
        ),
        (
            vec!["--ca-file", empty.to_str().unwrap()],
            "x",
            "holds no certificate",
        ),
        (vec!["--ca-file", "/nowhere.pem"], "x", "cannot be read"),
        (vec![], "", "the password is empty"),
    ] {
        let ended = collect(&[&base[..], &more].concat(), input).unwrap();
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains(sentence),
            "{sentence}: {}",
            ended.stderr
        );
    }
    assert_eq!(fs::read_to_string(&existing).unwrap(), "evidence");
}
