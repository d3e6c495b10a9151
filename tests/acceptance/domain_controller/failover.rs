//! A server that goes away for good in the middle: another one of the domain takes over, and nothing of two databases
//! is mixed.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use coldcase_schemas::Snapshot;
use coldcase_schemas::ledger::{Absence, CoverageRow, PartitionRow};
use coldcase_tests::dc::DomainController;
use coldcase_tests::dns::{DnsServer, Record};
use coldcase_tests::programs::{Ended, collect_in};
use coldcase_tests::proxy::{Action, Afterwards, Plan, Proxy, Stream};
use coldcase_tests::seed::Seeded;

use super::content::{self, Attributes};
use super::discovery;

const FIRST: &str = "dc1.corp.example";
const SECOND: &str = "dc2.corp.example";
const LDAPS: u16 = 636;

pub(super) fn a_second_server_takes_over(controller: &mut DomainController) {
    let twin = controller.twin("dc2").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authorities = discovery::authorities(folder.path(), &[controller, &twin]);
    let target = SocketAddr::from((controller.address(), LDAPS));
    let front = Front::open(target);
    let run = |name: &str, plan: Plan, more: &[&str]| {
        let output = folder.path().join(format!("{name}.sqlite.zst"));
        let proxy = Proxy::start(target, plan).unwrap();
        front.lead_to(proxy.address());
        let ended = from_the_domain(&front, &twin, &authorities, &output, more);
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
        (output, ended, proxy.bytes_seen(Stream::ToClient))
    };

    // Nothing happens: the second server is not asked.
    let (first, _, length) = run("first", Plan::undisturbed(), &[]);
    let second = folder.path().join("second.sqlite.zst");
    let ended = from_the_twin(&twin, &authorities, &second);
    assert_eq!(ended.code, 0, "{ended:?}");
    let (first, second) = (Answered::read(&first), Answered::read(&second));
    assert_eq!(
        (&first.servers[..], &second.servers[..]),
        (&[FIRST.to_owned()][..], &[SECOND.to_owned()][..])
    );
    assert_ne!(first.databases, second.databases);

    // In thousandths, since the stream's length differs by some bytes between runs. The last fifth is the last query and
    // what follows it.
    let mut most_parts = 0;
    for at in Seeded::new(10).points(2, 800) {
        let what = format!("cut after {at} thousandths of {length} bytes");
        let plan = Plan::at(
            Stream::ToClient,
            length * at / 1000,
            Action::Reset,
            Afterwards::Refuse,
        );
        let (output, ended, _) = run(&format!("cut-{at}"), plan, &[]);
        let found = Answered::read(&output);
        assert_eq!(found.servers, [FIRST, SECOND], "{what}");
        let databases = [&first.databases[..], &second.databases[..]].concat();
        assert_eq!(found.databases, databases, "{what}");
        assert!(
            ended.stderr.contains("going on with dc2.corp.example"),
            "{what}: {}",
            ended.stderr
        );
        content::assert_same(&second.content, &found.content, &what);
        assert_eq!(found.coverage, second.coverage, "{what}");
        most_parts = most_parts.max(found.parts_begun_anew());
    }
    assert!(most_parts > 1, "no query that was begun anew had parts");
    a_silent_server_is_waited_for_once(&first, length, run);
}

/// After the last query, when it is asked why attributes did not come: there is nothing to begin anew, and little to lose.
fn a_silent_server_is_waited_for_once(
    wanted: &Answered,
    length: u64,
    run: impl Fn(&str, Plan, &[&str]) -> (PathBuf, Ended, u64),
) {
    let silence = Action::Delay(Duration::from_secs(3_600));
    let plan = Plan::at(
        Stream::ToClient,
        length - 40_000,
        silence,
        Afterwards::Admit,
    );
    let began = Instant::now();
    let (output, _, _) = run("silent", plan, &["--timeout", "5"]);
    // Once is 10 seconds: --timeout, and 5 more for the server's own word. Everything that was left to ask is minutes.
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let found = Answered::read(&output);
    assert_eq!(found.servers, [FIRST]);
    content::assert_same(&wanted.content, &found.content, "silent");
    // What was not told is unknown, and nothing else.
    let mut unknown = 0;
    assert_eq!(found.coverage.len(), wanted.coverage.len());
    for (found, wanted) in found.coverage.iter().zip(&wanted.coverage) {
        if found != wanted {
            assert_eq!(found.absence, Absence::Unknown, "{found:?}, not {wanted:?}");
            unknown += 1;
        }
    }
    assert!(unknown > 0);
}

/// What a snapshot says, and who said it.
struct Answered {
    /// In the order of the queries, neighbours that are equal once.
    servers: Vec<String>,
    /// In the order of the parts, neighbours that are equal once.
    databases: Vec<String>,
    parts: Vec<PartitionRow>,
    content: BTreeMap<String, Attributes>,
    coverage: Vec<CoverageRow>,
}

impl Answered {
    fn read(path: &Path) -> Answered {
        let snapshot = Snapshot::open(path).unwrap();
        assert!(snapshot.manifest().complete);
        let (ledger, parts) = (snapshot.ledger().unwrap(), snapshot.partitions().unwrap());
        for part in &parts {
            let query = ledger.iter().find(|row| row.plan.name == part.query);
            assert_eq!(part.plan.server, query.unwrap().plan.server, "{part:?}");
        }
        let mut servers: Vec<_> = ledger.into_iter().map(|row| row.plan.server).collect();
        servers.dedup();
        let mut databases: Vec<_> = parts.iter().map(|row| row.plan.database.clone()).collect();
        databases.dedup();
        Answered {
            servers,
            databases,
            parts,
            content: content::of(path),
            coverage: snapshot.coverage().unwrap(),
        }
    }

    /// Of the first query that the second server answered, which is the one that the first server left.
    fn parts_begun_anew(&self) -> usize {
        let first = self.parts.iter().find(|part| part.plan.server == SECOND);
        let query = &first.unwrap().query;
        self.parts
            .iter()
            .filter(|part| part.query == *query)
            .count()
    }
}

/// Collects from the domain, which has both servers.
fn from_the_domain(
    front: &Front,
    twin: &DomainController,
    authorities: &str,
    output: &Path,
    more: &[&str],
) -> Ended {
    // Nothing can be sent to this port: LDAP pings, which do not pass the front, decide nothing.
    let server = |priority, target: &str| Record::Service {
        name: "_ldap._tcp.dc._msdcs.corp.example".to_owned(),
        priority,
        weight: 100,
        port: 0,
        target: target.to_owned(),
    };
    let dns = DnsServer::start(vec![
        server(0, FIRST),
        Record::address(FIRST, front.address),
        server(10, SECOND),
        Record::address(SECOND, twin.address()),
    ])
    .unwrap();
    let dns = dns.address().to_string();
    let whom = ["--dns-server", &dns, "--domain", "corp.example"];
    collect(&[&whom, more].concat(), twin, authorities, output)
}

/// Collects from the second server alone.
fn from_the_twin(twin: &DomainController, authorities: &str, output: &Path) -> Ended {
    let server = twin.address().to_string();
    let whom = ["--server", &server, "--server-name", SECOND];
    collect(&whom, twin, authorities, output)
}

fn collect(arguments: &[&str], twin: &DomainController, authorities: &str, output: &Path) -> Ended {
    let mut arguments = arguments.to_vec();
    arguments.extend([
        "--user",
        twin.admin_user(),
        "--password-stdin",
        "--ca-file",
        authorities,
        "--retries",
        "1",
        // Small parts, so that some of a query are done when the server goes.
        "--partition-size",
        "20",
        "--page-size",
        "50",
        "-o",
        output.to_str().unwrap(),
    ]);
    collect_in(&arguments, twin.admin_password(), &[]).unwrap()
}

/// An address with nothing but port 636, which leads elsewhere: a server that is found in DNS has no other port.
struct Front {
    address: Ipv4Addr,
    to: Arc<Mutex<SocketAddr>>,
}

impl Front {
    /// Open until the process ends.
    fn open(to: SocketAddr) -> Front {
        // Another one for each process; those of the domain controllers are all in 127.0.0.0/24.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 128 | high, middle, low);
        let listener = TcpListener::bind((address, LDAPS)).unwrap();
        let to = Arc::new(Mutex::new(to));
        let now = Arc::clone(&to);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let to = *now.lock().unwrap();
                // Whoever cannot be led on is dismissed.
                if let Ok(server) = TcpStream::connect(to) {
                    forward(client, server);
                }
            }
        });
        Front { address, to }
    }

    fn lead_to(&self, to: SocketAddr) {
        *self.to.lock().unwrap() = to;
    }
}

/// What one side says goes to the other, until one of them has ended.
fn forward(client: TcpStream, server: TcpStream) {
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    for (mut from, mut to) in [(from, to), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            for end in [from, to] {
                let _ = end.shutdown(Shutdown::Both);
            }
        });
    }
}
