//! Frame `spns`: service principal names taken apart, and the hosts they mean.
//!
//! Deliberately does not say who answers for a name: that is [`super::delegations`]' [`Owners`].

use anyhow::Result;
use polars::prelude::DataFrame;

use super::accounts::host_part;
use super::analysis::Analysis;
use super::builder::Builder;
use super::delegations::Owners;
use super::domains::HostNames;

/// Service classes that Windows registers for the computer itself, in lower case: the host service and its kin, remote
/// desktop and management, file shares, and what a domain controller serves (directory, global catalog, names, replication
/// of directory and files). A service of one's own does not use them, but AD LDS uses some with a port.
const MACHINE_CLASSES: &[&str] = &[
    "host",
    "restrictedkrbhost",
    "termsrv",
    "wsman",
    "cifs",
    "ldap",
    "gc",
    "dns",
    "rpc",
    "rpcss",
    "e3514235-4b06-11d1-ab04-00c04fc2dcd2",
    "dfsr-12f9a27c-bf97-4787-9364-d31b6c55eb04",
    "ntfrs-88f5d2bd-b646-11d2-a6d3-00c04fc9b232",
];

/// The parts of a name that tell more than the host (MS-ADTS 5.1.1.4: class/host[:port or instance][/name]).
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    class: &'a str,
    port: Option<i64>,
    instance: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(spn: &'a str) -> Self {
        let mut parts = spn.split('/');
        let class = parts.next().unwrap_or_default();
        let after = parts
            .next()
            .and_then(|host| host.split_once(':'))
            .map(|(_, after)| after)
            .filter(|after| !after.is_empty());
        let port = after
            .and_then(|text| text.parse::<u16>().ok())
            .map(i64::from);
        Self {
            class,
            port,
            instance: after.filter(|_| port.is_none()),
        }
    }

    fn is_machine_class(&self) -> bool {
        MACHINE_CLASSES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(self.class))
    }
}

pub(super) fn build(analysis: &Analysis, owners: &Owners) -> Result<DataFrame> {
    let mut frame = Builder::new("spns")?;
    let names = HostNames::new(&analysis.directory);
    for object in &analysis.directory.objects {
        for spn in &object.spns {
            let host = host_part(spn);
            let computer = owners.host(&host).and_then(|place| analysis.object(place));
            let parts = Parts::of(spn);
            frame.row([
                object.id.into(),
                spn.as_str().into(),
                spn.to_lowercase().into(),
                parts.class.into(),
                host.as_str().into(),
                computer.is_some().into(),
                parts.port.into(),
                parts.instance.into(),
                computer.map(|computer| computer.id).into(),
                parts.is_machine_class().into(),
                names.in_domain(&host).into(),
            ]);
        }
    }
    frame.finish()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    fn parts(spn: &str) -> (&str, Option<i64>, Option<&str>) {
        let parts = Parts::of(spn);
        (parts.class, parts.port, parts.instance)
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            parts("MSSQLSvc/db1.corp.example:1433"),
            ("MSSQLSvc", Some(1433), None)
        );
        assert_eq!(
            parts("MSSQLSvc/db1:PAYROLL"),
            ("MSSQLSvc", None, Some("PAYROLL"))
        );
        assert_eq!(
            parts("GC/dc1.corp.example/corp.example"),
            ("GC", None, None)
        );
        assert_eq!(
            parts("ldap/dc1:389/corp.example"),
            ("ldap", Some(389), None)
        );
        // A number that is no port is an instance.
        assert_eq!(parts("x/h:65536"), ("x", None, Some("65536")));
        assert_eq!(parts("x/h:-1"), ("x", None, Some("-1")));
        for odd in ["", "/", "x", "x/", "x/h:", "//:"] {
            let (_, port, instance) = parts(odd);
            assert_eq!((port, instance), (None, None), "{odd}");
        }
        let huge = format!("x/h:{}", "9".repeat(100_000));
        assert_eq!(parts(&huge).1, None);
    }

    #[test]
    fn classes_of_the_machine_mind_no_case() {
        for own in [
            "HOST/web01",
            "host/web01",
            "RestrictedKrbHost/web01",
            "TERMSRV/web01",
            "cifs/web01:1",
        ] {
            assert!(Parts::of(own).is_machine_class(), "{own}");
        }
        for other in ["HTTP/web01", "MSSQLSvc/web01", "HOSTS/web01", "/web01", ""] {
            assert!(!Parts::of(other).is_machine_class(), "{other}");
        }
    }

    #[test]
    fn hosts_are_computers_by_any_of_their_names() {
        let mut made = Made::new();
        let host = made.principal("computer", "WEB01$", HEAD, 1103);
        made.objects[host].host_name = Some("Web01.corp.example".to_owned());
        let service = made.principal("user", "svc", HEAD, 1104);
        let names = [
            "HTTP/WEB01",
            "HTTP/web01.corp.example:80",
            "HTTP/web02",
            "odd",
        ];
        made.objects[service].spns = names.map(str::to_owned).into();
        let analysis = Analysis::new(made.directory());
        let frame = build(&analysis, &Owners::new(&analysis)).unwrap();
        let column = frame.column("computer_id").unwrap().i64().unwrap();
        let found: Vec<Option<i64>> = column.into_iter().collect();
        assert_eq!(found, [Some(2), Some(2), None, None]);
    }
}
