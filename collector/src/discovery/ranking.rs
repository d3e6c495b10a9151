//! Puts domain controllers into an order and says what decided.
//!
//! Owns the criteria and their words. A later run over the same network should come to the same server, since a
//! continued collection is bound to one: so response times count only in coarse steps and after everything else.

use std::cmp::{Ordering, Reverse};
use std::net::SocketAddr;

use super::netlogon::{DS_CLOSEST_FLAG, DS_WRITABLE_FLAG};
use super::{Candidate, LDAP_PORT, Origin, Ping};

/// Differences of response time below this many milliseconds say nothing.
const STEP_MS: u128 = 50;

/// A candidate, and what the ping made of it beyond an answer.
#[derive(Debug)]
pub(super) struct Ranked {
    pub(super) candidate: Candidate,
    /// It said that it should not be used now, or cannot be sent anything.
    pub(super) unfit: bool,
}

/// What sets one candidate before another, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Criterion {
    Answered,
    Unfit,
    Site,
    Writable,
    Record,
    ResponseTime,
    Name,
}

impl Criterion {
    const ALL: [Criterion; 7] = [
        Criterion::Answered,
        Criterion::Unfit,
        Criterion::Site,
        Criterion::Writable,
        Criterion::Record,
        Criterion::ResponseTime,
        Criterion::Name,
    ];

    fn compare(self, one: &Ranked, other: &Ranked) -> Ordering {
        let (a, b) = (&one.candidate, &other.candidate);
        let pinged = |test: fn(&Ping) -> bool, c: &Candidate| c.ping.as_ref().is_some_and(test);
        match self {
            Criterion::Answered => b.ping.is_some().cmp(&a.ping.is_some()),
            Criterion::Unfit => one.unfit.cmp(&other.unfit),
            Criterion::Site => pinged(Ping::is_near, b).cmp(&pinged(Ping::is_near, a)),
            Criterion::Writable => {
                pinged(Ping::is_read_only, a).cmp(&pinged(Ping::is_read_only, b))
            }
            Criterion::Record => record_key(a).cmp(&record_key(b)),
            Criterion::ResponseTime => step(a).cmp(&step(b)),
            Criterion::Name => (a.name.to_lowercase(), a.address, a.port).cmp(&(
                b.name.to_lowercase(),
                b.address,
                b.port,
            )),
        }
    }

    /// Why the first candidate is before the second.
    fn reason(self, first: &Candidate) -> String {
        match self {
            Criterion::Answered => "it answered the LDAP ping and the next one did not".to_owned(),
            Criterion::Unfit => "the next one cannot serve now".to_owned(),
            Criterion::Site => match first.ping.as_ref().map(|ping| ping.server_site.as_str()) {
                Some(site) if !site.is_empty() => {
                    format!("it is in the site closest to this machine ({site})")
                }
                _ => "it is in the site closest to this machine".to_owned(),
            },
            Criterion::Writable => "it is writable and the next one is not".to_owned(),
            Criterion::Record => "its priority or weight in DNS is better".to_owned(),
            Criterion::ResponseTime => "it answered clearly sooner than the next one".to_owned(),
            Criterion::Name => {
                "it equals the next one in all that counts and precedes it by name".to_owned()
            }
        }
    }
}

/// Lower priority first, then higher weight. RFC 2782 draws lots among weights; this must not.
fn record_key(candidate: &Candidate) -> (u16, Reverse<u16>, usize) {
    match candidate.origin {
        Origin::Srv { priority, weight } => (priority, Reverse(weight), 0),
        // All candidates are of one origin; the order of the configuration is the administrator's.
        Origin::KerberosConfiguration { place, .. } => (0, Reverse(0), place),
    }
}

fn step(candidate: &Candidate) -> Option<u128> {
    let ping = candidate.ping.as_ref()?;
    ping.took.as_millis().checked_div(STEP_MS)
}

/// Sorts, best first.
pub(super) fn sort(ranked: &mut [Ranked]) {
    ranked.sort_by(|a, b| {
        Criterion::ALL
            .iter()
            .map(|criterion| criterion.compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

/// The first criterion by which two candidates differ.
fn decisive(one: &Ranked, other: &Ranked) -> Option<Criterion> {
    Criterion::ALL
        .into_iter()
        .find(|criterion| criterion.compare(one, other).is_ne())
}

/// The sentence about the first of a sorted list: which, from where, why it is first; `None` if there is none.
pub(super) fn sentence(ranked: &[Ranked]) -> Option<String> {
    let (first, others) = ranked.split_first()?;
    let candidate = &first.candidate;
    let origin = match &candidate.origin {
        Origin::Srv { priority, weight } => {
            format!("DNS (SRV priority {priority}, weight {weight})")
        }
        Origin::KerberosConfiguration { realm, .. } => {
            format!("the Kerberos configuration (realm {realm})")
        }
    };
    let silent = candidate.ping.is_none();
    let reason = match others.first() {
        None if silent => {
            "the only candidate; it gave no usable answer to the LDAP ping, which firewalls often block"
                .to_owned()
        }
        None => "the only candidate; it answered the LDAP ping".to_owned(),
        Some(_) if silent => format!(
            "first of {} candidates in the order given there, since none gave a usable answer to the LDAP ping, which firewalls often block",
            ranked.len()
        ),
        Some(next) => {
            let decided = decisive(first, next)
                .map(|criterion| format!(", because {}", criterion.reason(candidate)))
                .unwrap_or_default();
            format!("first of {} candidates{decided}", ranked.len())
        }
    };
    let caution = if candidate.ping.as_ref().is_some_and(Ping::is_read_only) {
        "; it is read-only and lacks attributes that are kept from such servers"
    } else {
        ""
    };
    Some(format!(
        "{} from {origin}: {reason}{caution}",
        place(candidate)
    ))
}

/// A candidate in a sentence.
pub(super) fn place(candidate: &Candidate) -> String {
    let Candidate {
        name,
        address,
        port,
        ..
    } = candidate;
    let at = if *port == LDAP_PORT {
        address.to_string()
    } else {
        SocketAddr::new(*address, *port).to_string()
    };
    if name.parse() == Ok(*address) {
        at
    } else {
        format!("{name} ({at})")
    }
}

impl Ping {
    /// In the site of this machine, or in the closest one that has a domain controller.
    pub(crate) fn is_near(&self) -> bool {
        self.flags & DS_CLOSEST_FLAG != 0
            || (!self.client_site.is_empty()
                && self.client_site.eq_ignore_ascii_case(&self.server_site))
    }

    /// A read-only domain controller (RODC), which lacks the attributes of the filtered set.
    pub(crate) fn is_read_only(&self) -> bool {
        self.flags & DS_WRITABLE_FLAG == 0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;

    fn ping(site: &str, flags: u32, took_ms: u64) -> Ping {
        Ping {
            server_site: site.to_owned(),
            client_site: "Paris".to_owned(),
            flags,
            took: Duration::from_millis(took_ms),
        }
    }

    fn candidate(name: &str, priority: u16, weight: u16, ping: Option<Ping>) -> Ranked {
        Ranked {
            candidate: Candidate {
                name: name.to_owned(),
                address: "10.0.0.1".parse().unwrap(),
                port: 389,
                origin: Origin::Srv { priority, weight },
                ping,
            },
            unfit: false,
        }
    }

    /// Sorts both ways round, so that the order given cannot be what decides.
    fn names(build: fn() -> Vec<Ranked>) -> Vec<String> {
        let mut forwards = build();
        let mut backwards: Vec<Ranked> = build().into_iter().rev().collect();
        sort(&mut forwards);
        sort(&mut backwards);
        let names = |all: &[Ranked]| all.iter().map(|one| one.candidate.name.clone()).collect();
        let result: Vec<String> = names(&forwards);
        assert_eq!(result, names(&backwards) as Vec<String>);
        result
    }

    #[test]
    fn every_criterion_outweighs_all_later_ones() {
        let order = names(|| {
            let writable = DS_WRITABLE_FLAG;
            let mut unfit = candidate("a-unfit", 0, 100, None);
            unfit.unfit = true;
            vec![
                candidate("z-near", 9, 0, Some(ping("PARIS", writable, 900))),
                candidate(
                    "y-near-by-flag",
                    10,
                    0,
                    Some(ping("Lyon", writable | DS_CLOSEST_FLAG, 900)),
                ),
                candidate("x-near-read-only", 0, 100, Some(ping("Paris", 0, 1))),
                candidate("f-far-priority", 0, 10, Some(ping("Rome", writable, 300))),
                candidate("e-far-weight", 1, 50, Some(ping("Rome", writable, 300))),
                candidate("d-far-fast", 1, 10, Some(ping("Rome", writable, 49))),
                candidate("b-far-slow", 1, 10, Some(ping("Rome", writable, 101))),
                // 100 and 149 ms are the same.
                candidate("c-far-slow", 1, 10, Some(ping("Rome", writable, 100))),
                candidate("a-far-read-only", 0, 100, Some(ping("Rome", 0, 1))),
                candidate("b-silent", 0, 100, None),
                candidate("a-silent", 1, 100, None),
                unfit,
            ]
        });
        assert_eq!(
            order,
            [
                "z-near",
                "y-near-by-flag",
                "x-near-read-only",
                "f-far-priority",
                "e-far-weight",
                "d-far-fast",
                "b-far-slow",
                "c-far-slow",
                "a-far-read-only",
                "b-silent",
                "a-silent",
                "a-unfit",
            ]
        );
    }

    #[test]
    fn what_decides_is_named() {
        let far = candidate("b", 0, 100, Some(ping("Rome", DS_WRITABLE_FLAG, 1)));
        let near = candidate("c", 0, 100, Some(ping("Paris", DS_WRITABLE_FLAG, 1)));
        let criterion = decisive(&near, &far).unwrap();
        assert_eq!(criterion, Criterion::Site);
        assert_eq!(
            criterion.reason(&near.candidate),
            "it is in the site closest to this machine (Paris)"
        );
        let again = candidate("b", 0, 100, Some(ping("Rome", DS_WRITABLE_FLAG, 7)));
        assert_eq!(decisive(&far, &again), None);
    }
}
