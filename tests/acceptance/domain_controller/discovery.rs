//! A server from nothing but the name of a domain, and every domain of a forest.

use std::fs;
use std::net::SocketAddr;

use coldcase_schemas::forest::ForestManifest;
use coldcase_schemas::{Snapshot, container};
use coldcase_tests::dc::{DomainController, Options, Population};
use coldcase_tests::dns::{DnsServer, Record};
use coldcase_tests::programs::{Ended, collect_in};

/// Both controllers' authorities in one file.
pub(super) fn authorities(folder: &std::path::Path, controllers: &[&DomainController]) -> String {
    let text: String = controllers
        .iter()
        .map(|controller| fs::read_to_string(controller.ca_file()).unwrap())
        .collect();
    let file = folder.join("authorities.pem");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn run(controller: &DomainController, dns: SocketAddr, authorities: &str, more: &[&str]) -> Ended {
    let dns = dns.to_string();
    let mut arguments = vec![
        "--dns-server",
        &dns,
        "--user",
        "Administrator@corp.example",
        "--password-stdin",
        "--ca-file",
        authorities,
    ];
    arguments.extend(more);
    collect_in(&arguments, controller.admin_password(), &[]).unwrap()
}

pub(super) fn a_server_is_found_by_its_domain(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let authorities = authorities(folder.path(), &[controller]);
    let dns = DnsServer::start(vec![
        Record::domain_controller("corp.example", 0, 100, "dc0.corp.example"),
        Record::address("dc0.corp.example", "127.255.255.250".parse().unwrap()),
        Record::domain_controller("corp.example", 10, 100, "dc1.corp.example"),
        Record::address("dc1.corp.example", controller.address()),
    ])
    .unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let more = ["--domain", "corp.example", "-o", output.to_str().unwrap()];
    let ended = run(controller, dns.address(), &authorities, &more);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.contains("dc1.corp.example") && ended.stderr.contains("LDAP ping"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        Snapshot::open(&output).unwrap().manifest().server,
        "dc1.corp.example"
    );
    let more = ["--domain", "absent.example"];
    let ended = run(controller, dns.address(), &authorities, &more);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--server"), "{}", ended.stderr);

    // Without DNS, the Kerberos configuration names the controllers.
    let more = folder.path().join("b.sqlite.zst");
    let ended = collect_in(
        &[
            "--domain",
            "corp.example",
            "--server-name",
            controller.host_name(),
            "--user",
            controller.admin_user(),
            "--password-stdin",
            "--ca-file",
            &authorities,
            "-o",
            more.to_str().unwrap(),
        ],
        controller.admin_password(),
        &[("KRB5_CONFIG", controller.krb5_conf().to_str().unwrap())],
    )
    .unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.contains("Kerberos configuration"),
        "{}",
        ended.stderr
    );
}

pub(super) fn a_forest_is_collected_domain_by_domain(controller: &DomainController) {
    let child = DomainController::start_with(
        &Options::domain("child.corp.example").population(Population::Bare),
    )
    .unwrap();
    controller
        .add_cross_reference("child.corp.example", "CHILD", "DC=child,DC=corp,DC=example")
        .unwrap();
    controller
        .add_cross_reference("gone.corp.example", "GONE", "DC=gone,DC=corp,DC=example")
        .unwrap();
    // The account of the one domain is not one of the other here, as it would be in a forest: so both have one of that name.
    for (server, base) in [
        (controller, controller.base_dn()),
        (&child, child.base_dn()),
    ] {
        let ldif = format!(
            "dn: CN=Administrator,CN=Users,{base}\nchangetype: modify\n\
             replace: userPrincipalName\nuserPrincipalName: auditor@forest.example\n"
        );
        server.apply_ldif(&ldif).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let authorities = authorities(folder.path(), &[controller, &child]);
    let dns = DnsServer::start(vec![
        Record::domain_controller("corp.example", 0, 100, "dc1.corp.example"),
        Record::address("dc1.corp.example", controller.address()),
        Record::domain_controller("child.corp.example", 0, 100, child.host_name()),
        Record::address(child.host_name(), child.address()),
    ])
    .unwrap();
    let snapshots = folder.path().join("forest");
    let ended = collect_in(
        &[
            "--dns-server",
            &dns.address().to_string(),
            "--domain",
            "corp.example",
            "--forest",
            "--user",
            "auditor@forest.example",
            "--password-stdin",
            "--ca-file",
            &authorities,
            "-o",
            snapshots.to_str().unwrap(),
        ],
        controller.admin_password(),
        &[],
    )
    .unwrap();
    // The third domain cannot be found, so the forest is not complete.
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stderr.contains("gone.corp.example"),
        "{}",
        ended.stderr
    );
    let manifest = fs::read_dir(&snapshots)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "json"))
        .unwrap();
    let manifest: ForestManifest =
        serde_json::from_str(&fs::read_to_string(manifest).unwrap()).unwrap();
    assert!(!manifest.complete);
    assert_eq!(manifest.forest, "corp.example");
    let domains: Vec<_> = manifest
        .domains
        .iter()
        .map(|member| (member.domain.as_str(), member.complete))
        .collect();
    assert_eq!(
        domains,
        [
            ("corp.example", true),
            ("child.corp.example", true),
            ("gone.corp.example", false)
        ]
    );
    for member in manifest.domains.iter().filter(|member| member.complete) {
        let file = snapshots.join(&member.snapshot);
        let snapshot = Snapshot::open(&file).unwrap();
        assert_eq!(snapshot.file_sha256(), member.sha256);
        assert_eq!(
            container::read_manifest(&file).unwrap().domain,
            member.domain
        );
    }
    assert!(!manifest.domains[2].failure.is_empty());
}
