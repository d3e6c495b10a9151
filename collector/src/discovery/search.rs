//! One search for domain controllers, step by step: DNS, else the Kerberos configuration, the ping, the machine's site.
//!
//! Owns the steps, the limits on what they may bring, and the words of the outcome. The order of the candidates is
//! `ranking`'s.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::netlogon::{Answer, ServerState};
use super::ping::{self, Reply};
use super::ranking::{self, Ranked};
use super::resolver::{Resolver, Service};
use super::{Candidate, Choice, LDAP_PORT, Origin, Ping, kerberos};
use crate::ldap::Failure;

/// Of one list: enough for a site, and a burst that no network takes for an attack.
const MOST_CANDIDATES: usize = 32;
/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 4;

/// Searches for servers of `domain`, which must be in small letters. `wait` is for one round of pings.
pub(super) fn run(
    domain: &str,
    resolver: &Resolver,
    wait: Duration,
    kerberos_files: &[PathBuf],
) -> Result<Choice, Failure> {
    let mut search = Search {
        domain,
        resolver,
        wait,
        found: Vec::new(),
        notes: Vec::new(),
    };
    // All writable domain controllers of a domain are in this record (MS-ADTS 6.3.2.3, 6.3.6.1).
    let record = format!("_ldap._tcp.dc._msdcs.{domain}");
    if let Err(dns) = search.ask_dns(&record) {
        search.read_kerberos(&dns, kerberos_files)?;
    }
    if let Some(site) = search.site_to_visit() {
        search.visit_site(&site);
    }
    search.finish()
}

/// A search under way.
struct Search<'a> {
    domain: &'a str,
    resolver: &'a Resolver,
    wait: Duration,
    found: Vec<Ranked>,
    notes: Vec<String>,
}

impl Search<'_> {
    /// Candidates of the SRV record, pinged.
    ///
    /// # Errors
    /// Half a sentence: why DNS gives none.
    fn ask_dns(&mut self, record: &str) -> Result<(), String> {
        let mut services = self
            .resolver
            .services(record)
            .map_err(|why| format!("DNS could not be asked for {record} ({why})"))?;
        if services.is_empty() {
            return Err(format!("DNS has no SRV record {record}"));
        }
        self.limit(&mut services, record);
        let candidates = self.located(services);
        if candidates.is_empty() {
            return Err(format!(
                "no server of the SRV record {record} has an address"
            ));
        }
        self.ask(candidates);
        Ok(())
    }

    /// Sorts as RFC 2782 does, but with the weights in a fixed order, and cuts what is too much.
    fn limit(&mut self, services: &mut Vec<Service>, record: &str) {
        services.sort_by(|a, b| {
            (a.priority, b.weight, &a.target, a.port)
                .cmp(&(b.priority, a.weight, &b.target, b.port))
        });
        services.dedup();
        if services.len() > MOST_CANDIDATES {
            self.notes.push(format!(
                "{record} names {} servers; only the first {MOST_CANDIDATES} were looked at",
                services.len()
            ));
            services.truncate(MOST_CANDIDATES);
        }
    }

    fn located(&mut self, services: Vec<Service>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for service in services {
            let addresses = if service.addresses.is_empty() {
                self.resolver.addresses(&service.target)
            } else {
                service.addresses
            };
            let origin = Origin::Srv {
                priority: service.priority,
                weight: service.weight,
            };
            self.add(
                &mut candidates,
                service.target,
                addresses,
                service.port,
                &origin,
            );
        }
        candidates
    }

    fn add(
        &mut self,
        candidates: &mut Vec<Candidate>,
        name: String,
        addresses: Vec<IpAddr>,
        port: u16,
        origin: &Origin,
    ) {
        if addresses.is_empty() {
            self.notes.push(format!("{name} has no address"));
        }
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            let known = |other: &Candidate| {
                other.address == address
                    && other.port == port
                    && other.name.eq_ignore_ascii_case(&name)
            };
            if !candidates.iter().any(known) && !self.found.iter().any(|one| known(&one.candidate))
            {
                candidates.push(Candidate {
                    name: name.clone(),
                    address,
                    port,
                    origin: origin.clone(),
                    ping: None,
                });
            }
        }
    }

    /// Candidates of the Kerberos configuration, pinged. `dns` says why they are needed.
    fn read_kerberos(&mut self, dns: &str, files: &[PathBuf]) -> Result<(), Failure> {
        let realm = kerberos::realm(self.domain, files, &mut self.notes);
        let mut candidates = Vec::new();
        let finding = match realm {
            Some(realm) => {
                for (place, host) in realm.hosts.into_iter().take(MOST_CANDIDATES).enumerate() {
                    let addresses = self.resolver.addresses(&host);
                    let origin = Origin::KerberosConfiguration {
                        realm: realm.name.clone(),
                        place,
                    };
                    self.add(&mut candidates, host, addresses, LDAP_PORT, &origin);
                }
                format!(
                    "no KDC of realm {} in the Kerberos configuration has an address",
                    realm.name
                )
            }
            None => {
                let files: Vec<_> = files
                    .iter()
                    .map(|file| file.display().to_string())
                    .collect();
                format!(
                    "the Kerberos configuration ({}) names no KDC of realm {}",
                    files.join(", "),
                    self.domain.to_uppercase()
                )
            }
        };
        if candidates.is_empty() {
            return Err(Failure::new(format!(
                "no domain controller of {} was found: {dns}; {finding}; name one with --server",
                self.domain
            )));
        }
        self.notes
            .push(format!("{dns}, so the Kerberos configuration was used"));
        self.ask(candidates);
        Ok(())
    }

    /// The site of this machine, if the answers agree on one and none came from a server near it; its
    /// record is then asked for (MS-ADTS 6.3.6.1).
    fn site_to_visit(&self) -> Option<String> {
        let mut pings = self
            .found
            .iter()
            .filter_map(|one| one.candidate.ping.as_ref());
        if pings.clone().any(Ping::is_near) {
            return None;
        }
        let site = &pings.find(|ping| !ping.client_site.is_empty())?.client_site;
        // Anybody may have answered, and the name goes into a question to DNS.
        let sound = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        (site.len() <= 63 && site.chars().all(sound)).then(|| site.clone())
    }

    /// Servers of the machine's own site, among them read-only ones, which no other record names.
    fn visit_site(&mut self, site: &str) {
        let record = format!("_ldap._tcp.{site}._sites.dc._msdcs.{}", self.domain);
        if let Ok(mut services) = self.resolver.services(&record) {
            self.limit(&mut services, &record);
            let candidates = self.located(services);
            self.ask(candidates);
        }
    }

    /// Pings `candidates`, and keeps those that do not turn out to be of another domain.
    fn ask(&mut self, candidates: Vec<Candidate>) {
        let targets: Vec<SocketAddr> = candidates
            .iter()
            .map(|candidate| SocketAddr::new(candidate.address, candidate.port))
            .collect();
        let replies = ping::ping(&targets, self.domain, self.wait);
        for (mut candidate, reply) in candidates.into_iter().zip(replies) {
            let who = ranking::place(&candidate);
            let mut unfit = false;
            let note = match reply {
                None => Some("did not answer the LDAP ping".to_owned()),
                Some(Reply::Unreachable(why)) => {
                    unfit = true;
                    Some(format!("cannot be sent an LDAP ping: {why}"))
                }
                Some(Reply::Unreadable(why)) => Some(format!(
                    "answered the LDAP ping with something unreadable: {why}"
                )),
                Some(Reply::NoSuchDomain) => {
                    self.notes.push(format!(
                        "{who} holds no domain {}; it is not used",
                        self.domain
                    ));
                    continue;
                }
                Some(Reply::Answer(Answer::Paused, _)) => {
                    unfit = true;
                    Some("answered that its Net Logon service is paused".to_owned())
                }
                Some(Reply::Answer(Answer::Other(code), _)) => Some(format!(
                    "answered the LDAP ping in another form (operation code {code})"
                )),
                Some(Reply::Answer(Answer::Serving(state), took)) => {
                    let domain = state.domain.trim_end_matches('.');
                    if !domain.eq_ignore_ascii_case(self.domain) {
                        self.notes
                            .push(format!("{who} is a server of {domain}; it is not used"));
                        continue;
                    }
                    adopt(&mut candidate, *state, took, self.domain);
                    None
                }
            };
            if let Some(note) = note {
                self.notes.push(format!("{who} {note}"));
            }
            self.found.push(Ranked { candidate, unfit });
        }
    }

    fn finish(mut self) -> Result<Choice, Failure> {
        ranking::sort(&mut self.found);
        let Some(why) = ranking::sentence(&self.found) else {
            return Err(Failure::new(format!(
                "no domain controller of {} was found: {}; name one with --server",
                self.domain,
                self.notes.join("; ")
            )));
        };
        Ok(Choice {
            why,
            candidates: self.found.into_iter().map(|one| one.candidate).collect(),
            notes: self.notes,
        })
    }
}

/// Notes what a server said of itself.
fn adopt(candidate: &mut Candidate, state: ServerState, took: Duration, domain: &str) {
    // Certificates and tickets are for names. A name that did not come from the configuration or DNS is taken only if
    // it is within the domain, so that an answer from anybody cannot lead to a machine elsewhere.
    if candidate.name.parse::<IpAddr>().is_ok()
        && state
            .host_name
            .to_lowercase()
            .strip_suffix(domain)
            .is_some_and(|host| host.len() > 1 && host.ends_with('.'))
    {
        candidate.name.clone_from(&state.host_name);
    }
    candidate.ping = Some(Ping {
        server_site: state.server_site,
        client_site: state.client_site,
        flags: state.flags,
        took,
    });
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::fs;
    use std::net::{Ipv4Addr, UdpSocket};

    use simple_dns::rdata::{A, RData, SRV};
    use simple_dns::{CLASS, Name, Packet, ResourceRecord};

    use super::super::netlogon::tests::RESPONSE;
    use super::super::ping::tests::{answering, responder};
    use super::*;

    const WAIT: Duration = Duration::from_millis(200);
    const ALL: &str = "_ldap._tcp.dc._msdcs.corp.example";

    /// A name server that answers `questions` questions: (record, priority, weight, port, target), all of them here.
    fn name_server(records: Vec<(&'static str, u16, u16, u16, &'static str)>) -> Resolver {
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(3)))
            .unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let query = Packet::parse(&buffer[..length]).unwrap();
                let name = query.questions[0].qname.to_string();
                let mut reply = Packet::new_reply(query.id());
                reply.questions = query.questions.clone();
                for (owner, priority, weight, port, target) in &records {
                    let target = Name::new_unchecked(target);
                    let record = |name, data| ResourceRecord::new(name, CLASS::IN, 60, data);
                    if *owner == name {
                        let service = SRV {
                            priority: *priority,
                            weight: *weight,
                            port: *port,
                            target: target.clone(),
                        };
                        let owner = Name::new_unchecked(owner);
                        reply.answers.push(record(owner, RData::SRV(service)));
                        let address = A {
                            address: Ipv4Addr::LOCALHOST.to_bits(),
                        };
                        reply
                            .additional_records
                            .push(record(target, RData::A(address)));
                    }
                }
                socket
                    .send_to(&reply.build_bytes_vec().unwrap(), from)
                    .unwrap();
            }
        });
        Resolver::new(Some(address), Duration::from_secs(2)).unwrap()
    }

    /// [`RESPONSE`] with other flags, and another site of the client (of the same length as `Paris`) if given.
    fn response(flags: u32, client_site: &str) -> Vec<u8> {
        let mut response = RESPONSE[..65].to_vec();
        response[4..8].copy_from_slice(&flags.to_le_bytes());
        response.push(client_site.len() as u8);
        response.extend(client_site.as_bytes());
        response.extend([0; 9]);
        response
    }

    fn names(choice: &Choice) -> Vec<&str> {
        let names = choice.candidates.iter().map(|one| one.name.as_str());
        names.collect()
    }

    const WRITABLE: u32 = 0x100;

    #[test]
    fn an_answer_outweighs_the_record_and_other_domains_are_dropped() {
        let silent = responder(0, |_, _| Vec::new()).port();
        let good = answering(RESPONSE.to_vec()).port();
        let mut other = RESPONSE.to_vec();
        other[25..29].copy_from_slice(b"evil");
        let other = answering(other).port();
        let resolver = name_server(vec![
            (ALL, 0, 100, silent, "dc1.corp.example"),
            (ALL, 0, 100, other, "dc2.corp.example"),
            (ALL, 1, 100, good, "dc3.corp.example"),
        ]);
        let choice = run("corp.example", &resolver, WAIT, &[]).unwrap();
        assert_eq!(names(&choice), ["dc3.corp.example", "dc1.corp.example"]);
        assert_eq!(
            choice.why,
            format!(
                "dc3.corp.example (127.0.0.1:{good}) from DNS (SRV priority 1, weight 100): first of 2 candidates, \
                 because it answered the LDAP ping and the next one did not"
            )
        );
        assert_eq!(
            choice.notes,
            [
                format!("dc1.corp.example (127.0.0.1:{silent}) did not answer the LDAP ping"),
                format!(
                    "dc2.corp.example (127.0.0.1:{other}) is a server of evil.example; it is not used"
                ),
            ]
        );
        assert!(choice.candidates[0].ping.is_some());
    }

    #[test]
    fn the_site_of_this_machine_is_asked_for() {
        const SITE: &str = "_ldap._tcp.Lyon._sites.dc._msdcs.corp.example";
        let far = answering(response(WRITABLE, "Lyon")).port();
        let near = answering(response(0x80, "Lyon")).port();
        let resolver = name_server(vec![
            (ALL, 0, 100, far, "dc1.corp.example"),
            (SITE, 0, 100, far, "dc1.corp.example"),
            (SITE, 0, 100, near, "rodc.corp.example"),
        ]);
        let choice = run("corp.example", &resolver, WAIT, &[]).unwrap();
        assert_eq!(names(&choice), ["rodc.corp.example", "dc1.corp.example"]);
        assert!(
            choice
                .why
                .contains("it is in the site closest to this machine (Paris)"),
            "{}",
            choice.why
        );
        assert!(
            choice.why.contains("it is read-only and lacks"),
            "{}",
            choice.why
        );
        assert_eq!(choice.notes, [] as [String; 0]);
    }

    #[test]
    fn a_site_from_anybody_is_no_part_of_a_question() {
        let hostile = answering(response(WRITABLE, "a.b c")).port();
        let resolver = name_server(vec![(ALL, 0, 100, hostile, "dc1.corp.example")]);
        let choice = run("corp.example", &resolver, WAIT, &[]).unwrap();
        assert_eq!(names(&choice), ["dc1.corp.example"]);
        assert!(
            choice
                .why
                .ends_with("the only candidate; it answered the LDAP ping"),
            "{}",
            choice.why
        );
    }

    #[test]
    fn silence_leaves_the_order_of_dns() {
        let silent = || responder(0, |_, _| Vec::new()).port();
        let resolver = name_server(vec![
            (ALL, 1, 900, silent(), "dc1.corp.example"),
            (ALL, 0, 10, silent(), "dc2.corp.example"),
            (ALL, 0, 20, silent(), "dc3.corp.example"),
        ]);
        let choice = run("corp.example", &resolver, WAIT, &[]).unwrap();
        assert_eq!(
            names(&choice),
            ["dc3.corp.example", "dc2.corp.example", "dc1.corp.example"]
        );
        assert!(
            choice
                .why
                .contains("since none gave a usable answer to the LDAP ping"),
            "{}",
            choice.why
        );
        assert_eq!(choice.notes.len(), 3);
    }

    #[test]
    fn too_many_servers_are_cut_and_said() {
        let silent = responder(0, |_, _| Vec::new()).port();
        let names: Vec<&'static str> = (b'a'..=b'z')
            .flat_map(|c| [format!("{}1", char::from(c)), format!("{}2", char::from(c))])
            .map(|name| &*name.leak())
            .collect();
        // Short names: all of them must fit into the name server's datagram.
        let records = names
            .iter()
            .map(|name| ("_ldap._tcp.dc._msdcs.c", 0, 0, silent, *name));
        let resolver = name_server(records.collect());
        let choice = run("c", &resolver, Duration::from_millis(20), &[]).unwrap();
        assert_eq!(choice.candidates.len(), MOST_CANDIDATES);
        assert_eq!(
            choice.notes[0],
            "_ldap._tcp.dc._msdcs.c names 52 servers; only the first 32 were looked at"
        );
    }

    #[test]
    fn without_dns_the_kerberos_configuration_is_used() {
        let resolver = name_server(Vec::new());
        let folder = std::env::temp_dir().join(format!("coldcase-search-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("krb5.conf");
        // Nothing listens on this address of the loopback network.
        fs::write(
            &file,
            "[realms]\nCORP.EXAMPLE = {\nkdc = 127.255.255.250\n}\n",
        )
        .unwrap();
        let choice = run("corp.example", &resolver, WAIT, std::slice::from_ref(&file)).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names(&choice), ["127.255.255.250"]);
        assert_eq!(
            choice.why,
            "127.255.255.250 from the Kerberos configuration (realm CORP.EXAMPLE): the only candidate; \
             it gave no usable answer to the LDAP ping, which firewalls often block"
        );
        assert_eq!(
            choice.notes[0],
            "DNS has no SRV record _ldap._tcp.dc._msdcs.corp.example, so the Kerberos configuration was used"
        );

        let failure =
            run("corp.example", &resolver, WAIT, std::slice::from_ref(&file)).unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!(
                "no domain controller of corp.example was found: DNS has no SRV record \
                 _ldap._tcp.dc._msdcs.corp.example; the Kerberos configuration ({}) names no KDC of realm CORP.EXAMPLE; \
                 name one with --server",
                file.display()
            )
        );
    }

    #[test]
    fn an_address_takes_the_servers_name_only_within_the_domain() {
        let candidate = |host_name: &str| {
            let mut candidate = Candidate {
                name: "10.0.0.5".to_owned(),
                address: "10.0.0.5".parse().unwrap(),
                port: LDAP_PORT,
                origin: Origin::KerberosConfiguration {
                    realm: "CORP.EXAMPLE".to_owned(),
                    place: 0,
                },
                ping: None,
            };
            let Ok(Answer::Serving(mut state)) = super::super::netlogon::parse(RESPONSE) else {
                return String::new();
            };
            state.host_name = host_name.to_owned();
            adopt(&mut candidate, *state, WAIT, "corp.example");
            candidate.name
        };
        assert_eq!(candidate("DC1.corp.example"), "DC1.corp.example");
        assert_eq!(candidate("dc1.evil.example"), "10.0.0.5");
        assert_eq!(candidate("evilcorp.example"), "10.0.0.5");
        assert_eq!(candidate(".corp.example"), "10.0.0.5");
    }
}
