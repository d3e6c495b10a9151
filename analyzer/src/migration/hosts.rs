//! Where an account runs by what the directory says, and whether those hosts can use a managed account.
//!
//! Hosts are named by service principal names and by userWorkstations. Deliberately takes no host for known that only a
//! description names, nor a cluster's virtual computer for a host.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::migration::{HostSource, Obstacle, ObstacleKind, PlannedHost, Target};

use super::environment::{SERVER_2012, SERVER_2025};
use super::obstacle::{blocks, unknown, warns};
use crate::frames::{Analysis, HostNames, Owners, build_of, forest_domains, host_part, is_windows};
use crate::graph::is_domain_controller;
use crate::load::Object;
use crate::rules::{query_limit, subject_of};

/// First build of Windows Server 2008 R2, the first that knows an sMSA.
const SERVER_2008_R2: i64 = 7600;

/// Which build each kind of account needs, and what it is called.
const NEEDED: [(Target, i64, &str); 3] = [
    (
        Target::Dmsa,
        SERVER_2025,
        "Windows Server 2025 or Windows 11 24H2",
    ),
    (Target::Gmsa, SERVER_2012, "Windows Server 2012"),
    (Target::Smsa, SERVER_2008_R2, "Windows Server 2008 R2"),
];

/// The service class of a computer account that stands for a failover cluster or a role in it.
const VIRTUAL_COMPUTER: &str = "MSClusterVirtualServer";

/// Service classes of the cluster service itself, which runs under no managed account.
const CLUSTER_SERVICE: &[&str] = &[
    VIRTUAL_COMPUTER,
    "MSServerCluster",
    "MSServerClusterMgmtAPI",
];

/// TRUST_ATTRIBUTE_WITHIN_FOREST (MS-ADTS 6.1.6.7.9).
const WITHIN_FOREST: i64 = 0x20;

/// What names mean, found once for all accounts.
pub(super) struct Names<'a> {
    analysis: &'a Analysis,
    owners: &'a Owners,
    own: HostNames,
    forest: BTreeSet<String>,
    /// DNS names of trusted domains outside of the forest, in lower case.
    foreign: BTreeSet<String>,
    /// Why a name that no computer has proves nothing; `None` if all computers were seen.
    not_all: Option<String>,
}

/// Hosts of one account and what stands in the way of them.
pub(super) struct Runs {
    pub(super) hosts: Vec<PlannedHost>,
    pub(super) obstacles: Vec<Obstacle>,
}

impl<'a> Names<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let directory = &analysis.directory;
        let outside = directory.trusts.iter().filter(|trust| {
            trust
                .attributes
                .is_none_or(|attributes| attributes & WITHIN_FOREST == 0)
        });
        let foreign = outside.filter_map(|trust| trust.partner.as_deref());
        Self {
            analysis,
            owners: analysis.owners(),
            own: HostNames::new(directory),
            forest: forest_domains(directory),
            foreign: foreign.map(str::to_lowercase).collect(),
            not_all: query_limit(directory, "computers"),
        }
    }

    /// Where `object` runs.
    pub(super) fn runs(&self, object: &Object) -> Runs {
        let mut obstacles = Vec::new();
        let mut named: BTreeMap<String, BTreeSet<HostSource>> = BTreeMap::new();
        for spn in &object.spns {
            match host_part(spn) {
                host if host.is_empty() => obstacles.push(unknown(
                    ObstacleKind::Hosts,
                    &Target::ALL,
                    format!("the SPN {spn} names no host"),
                )),
                host => {
                    named.entry(host).or_default().insert(HostSource::Spn);
                }
            }
        }
        let stations = object.user_workstations.as_deref().unwrap_or_default();
        for station in stations.split(',').map(str::trim) {
            if !station.is_empty() {
                let sources = named.entry(station.to_lowercase()).or_default();
                sources.insert(HostSource::UserWorkstations);
            }
        }
        if let Some(class) = cluster_class(object, CLUSTER_SERVICE) {
            obstacles.push(blocks(
                ObstacleKind::FailoverCluster,
                &Target::ALL,
                format!("its SPN of class {class} is that of the cluster service, which runs under no managed account"),
            ));
        }
        let mut found: BTreeMap<usize, BTreeSet<HostSource>> = BTreeMap::new();
        let mut hosts = Vec::new();
        for (name, sources) in named {
            match self.owners.host(&name) {
                Some(place) => found.entry(place).or_default().extend(sources),
                None => {
                    obstacles.extend(self.nobody(&name));
                    hosts.push(PlannedHost {
                        name,
                        computer: None,
                        named_by: sources.into_iter().collect(),
                        operating_system: None,
                        build: None,
                    });
                }
            }
        }
        let mut computers: Vec<(usize, &Object, BTreeSet<HostSource>)> = found
            .into_iter()
            .filter_map(|(place, sources)| Some((place, self.analysis.object(place)?, sources)))
            .collect();
        computers.sort_by_key(|(place, host, _)| (host.display_name(), *place));
        let only: Vec<&Object> = computers.iter().map(|(_, host, _)| *host).collect();
        obstacles.extend(systems(&only));
        let known = computers.into_iter().map(|(_, host, sources)| PlannedHost {
            name: host.display_name().to_owned(),
            computer: Some(subject_of(host)),
            named_by: sources.into_iter().collect(),
            operating_system: host.operating_system.clone(),
            build: build_of(host),
        });
        hosts.splice(0..0, known);
        match hosts.len() {
            0 => obstacles.push(unknown(
                ObstacleKind::Hosts,
                &Target::ALL,
                "no SPN and no userWorkstations name a host".to_owned(),
            )),
            1 => (),
            count => obstacles.push(blocks(
                ObstacleKind::Hosts,
                &[Target::Smsa],
                format!("it runs on {count} hosts, and an sMSA on one only"),
            )),
        }
        Runs { hosts, obstacles }
    }

    /// What a name means that no computer of the snapshot has.
    fn nobody(&self, name: &str) -> Vec<Obstacle> {
        let kind = ObstacleKind::CrossForest;
        if self.own.in_domain(name) != Some(true) {
            let domain = longest(&self.forest, name);
            let trusted = longest(&self.foreign, name);
            match (domain, trusted) {
                (Some(domain), trusted)
                    if trusted.is_none_or(|other| other.len() <= domain.len()) =>
                {
                    return vec![
                        unknown(
                            kind,
                            &[Target::Dmsa, Target::Gmsa],
                            format!(
                                "{name} is in {domain}, whose computers are not in this snapshot"
                            ),
                        ),
                        blocks(
                            kind,
                            &[Target::Smsa],
                            format!(
                                "{name} is in {domain}, and an sMSA serves its own domain only"
                            ),
                        ),
                    ];
                }
                (_, Some(trusted)) => {
                    return vec![blocks(
                        kind,
                        &Target::ALL,
                        format!("{name} is in {trusted}, a trusted domain of another forest"),
                    )];
                }
                _ => (),
            }
            let text = format!(
                "{name} is no name of this domain, nor of a domain that is seen: an alias, or a host elsewhere"
            );
            return vec![unknown(kind, &Target::ALL, text)];
        }
        let text = match &self.not_all {
            Some(why) => format!("{name} may be a computer that was not seen: {why}"),
            None => format!(
                "no computer is called {name}: an alias, a load balancer, or a host that is gone"
            ),
        };
        vec![unknown(ObstacleKind::Hosts, &Target::ALL, text)]
    }
}

/// The longest of the domains that `host` lies in.
fn longest<'d>(domains: &'d BTreeSet<String>, host: &str) -> Option<&'d str> {
    let lies_in = |domain: &&String| {
        host == domain.as_str()
            || host
                .strip_suffix(domain.as_str())
                .is_some_and(|labels| labels.ends_with('.'))
    };
    let found = domains.iter().filter(|domain| !domain.is_empty());
    found
        .filter(lies_in)
        .max_by_key(|domain| domain.len())
        .map(String::as_str)
}

/// The first service class of `object` that is one of `classes`.
fn cluster_class<'o>(object: &'o Object, classes: &[&str]) -> Option<&'o str> {
    let mut own = object.spns.iter().filter_map(|spn| spn.split('/').next());
    own.find(|class| {
        classes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(class))
    })
}

/// What the systems of the hosts rule out or leave open.
fn systems(hosts: &[&Object]) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut builds: Vec<(&Object, i64)> = Vec::new();
    for host in hosts {
        let name = host.display_name();
        if cluster_class(host, &[VIRTUAL_COMPUTER]).is_some() {
            obstacles.push(unknown(
                ObstacleKind::FailoverCluster,
                &Target::ALL,
                format!("{name} stands for a failover cluster; which nodes it has is not in the directory"),
            ));
            continue;
        }
        match (&host.operating_system, build_of(host)) {
            (Some(_), Some(build)) => builds.push((host, build)),
            (Some(system), None) if !is_windows(host) => obstacles.push(blocks(
                ObstacleKind::OtherSystem,
                &Target::ALL,
                format!(
                    "{name} runs {system}: without Windows a service needs a password or a keytab"
                ),
            )),
            (system, _) => {
                let shown = match system {
                    Some(system) => format!("{name} runs {system} of an unknown build"),
                    None => format!("{name} does not show its operating system"),
                };
                obstacles.push(unknown(ObstacleKind::HostSystem, &Target::ALL, shown));
            }
        }
        if host.enabled() == Some(false) {
            obstacles.push(unknown(
                ObstacleKind::Hosts,
                &Target::ALL,
                format!("the computer {name} is disabled, so it runs elsewhere or not at all"),
            ));
        }
        if is_domain_controller(host) {
            obstacles.push(warns(
                ObstacleKind::Privileged,
                &[],
                format!("{name} is a domain controller: what runs there is in tier 0"),
            ));
        }
    }
    for (target, needed, called) in NEEDED {
        let older = builds.iter().filter(|(_, build)| *build < needed);
        let older: Vec<String> = older
            .map(|(host, build)| {
                let system = host.operating_system.as_deref().unwrap_or_default();
                format!("{} ({system}, build {build})", host.display_name())
            })
            .collect();
        if !older.is_empty() {
            obstacles.push(blocks(
                ObstacleKind::HostSystem,
                &[target],
                format!(
                    "{} {} older than {called}, which {} {} needs",
                    older.join(", "),
                    if older.len() == 1 { "is" } else { "are" },
                    if target == Target::Smsa { "an" } else { "a" },
                    target.about()
                ),
            ));
        }
    }
    obstacles
}
