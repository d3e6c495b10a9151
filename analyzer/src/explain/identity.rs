//! What an account is and where it runs.
//!
//! Hosts are those that the directory names: by msDS-HostServiceAccount, as readers of the password, by service
//! principal names. Deliberately guesses none from descriptions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use coldcase_schemas::explain::{Host, HostBy, Identity, ServiceName, UnknownFact};

use super::absent::{not_shown, note};
use super::{links_of, moment};
use crate::frames::{Analysis, Owners, host_part, let_in};
use crate::graph::RightKind;
use crate::load::{Kind, Object};
use crate::rules::subject_of;

/// Hosts that are told; of more readers the rest is a number in who may read.
const HOSTS: usize = 50;

/// What says where accounts run and who looks after them.
pub(super) struct Places<'a> {
    analysis: &'a Analysis,
    /// managedBy and manager, ids by id.
    managers: [HashMap<i64, Vec<i64>>; 2],
    /// Hosts by the standalone managed account that is installed on them.
    installed: HashMap<i64, Vec<usize>>,
    /// Computers that a list of readers lets in, by descriptor.
    readers: HashMap<i64, Vec<usize>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let mut installed: HashMap<i64, Vec<usize>> = HashMap::new();
        for (host, account) in analysis.directory.links("msDS-HostServiceAccount") {
            if let Some(host) = analysis.directory.place(*host) {
                installed.entry(*account).or_default().push(host);
            }
        }
        Self {
            analysis,
            managers: ["managedBy", "manager"].map(|attribute| links_of(analysis, attribute)),
            installed,
            readers: HashMap::new(),
        }
    }

    pub(super) fn identity(&mut self, place: usize, object: &Object, owners: &Owners) -> Identity {
        let analysis = self.analysis;
        let mut unknown = Vec::new();
        let managed_by = self.manager(object);
        for (attribute, is_set) in [
            ("userPrincipalName", object.user_principal_name.is_some()),
            ("description", object.description.is_some()),
            ("whenCreated", object.created.is_some()),
            ("servicePrincipalName", !object.spns.is_empty()),
        ] {
            let of_group = matches!(attribute, "userPrincipalName" | "servicePrincipalName");
            if !(of_group && object.kind == Kind::Group) {
                note(analysis, object, attribute, is_set, &mut unknown);
            }
        }
        if object.user_account_control.is_none() && object.kind.is_principal() {
            unknown.push(not_shown("userAccountControl"));
        }
        let hosts = self.hosts(object, owners, &mut unknown);
        let computer = |spn: &str| {
            let host = owners.host(&host_part(spn))?;
            analysis.object(host).map(subject_of)
        };
        Identity {
            service_account: object.is_service_account(),
            object_name: object.name.clone(),
            user_principal_name: object.user_principal_name.clone(),
            description: object.description.clone(),
            managed_by,
            created: object.created.and_then(|ticks| moment(analysis, ticks)),
            enabled: object.enabled(),
            tier0: analysis.principals.is_tier0(place),
            spns: object
                .spns
                .iter()
                .map(|spn| ServiceName {
                    spn: spn.clone(),
                    computer: computer(spn),
                })
                .collect(),
            hosts,
            unknown,
        }
    }

    fn manager(&self, object: &Object) -> Option<String> {
        let ids = self.managers.iter().filter_map(|of| of.get(&object.id));
        let first = ids.flatten().next()?;
        self.analysis.directory.dn(*first).map(str::to_owned)
    }

    fn hosts(
        &mut self,
        object: &Object,
        owners: &Owners,
        unknown: &mut Vec<UnknownFact>,
    ) -> Vec<Host> {
        let analysis = self.analysis;
        let mut found: BTreeMap<usize, BTreeSet<HostBy>> = BTreeMap::new();
        let mut add = |place: usize, by: HostBy| {
            found.entry(place).or_default().insert(by);
        };
        for host in self.installed.get(&object.id).into_iter().flatten() {
            add(*host, HostBy::Installed);
        }
        if object.kind.is_managed() {
            let why = analysis
                .directory
                .hides(&["computers"], "msDS-HostServiceAccount");
            unknown.extend(why.map(|why| UnknownFact {
                attribute: "msDS-HostServiceAccount".to_owned(),
                why,
            }));
        }
        let has_readers = matches!(object.kind, Kind::Gmsa | Kind::Dmsa);
        match object.readers.filter(|_| has_readers) {
            Some(id) => {
                // Hosts read by groups: whoever is not seen in one is not seen here.
                let why = analysis.directory.hides(&["groups"], "member");
                unknown.extend(why.map(|why| UnknownFact {
                    attribute: "msDS-GroupMSAMembership".to_owned(),
                    why,
                }));
                let readers = self.readers.entry(id);
                let readers = readers.or_insert_with(|| computers(analysis, id));
                for host in readers.iter() {
                    add(*host, HostBy::Reader);
                }
            }
            None if has_readers => unknown.push(not_shown("msDS-GroupMSAMembership")),
            None => (),
        }
        if object.kind != Kind::Computer {
            for host in object
                .spns
                .iter()
                .filter_map(|spn| owners.host(&host_part(spn)))
            {
                add(host, HostBy::ServiceName);
            }
        }
        let mut hosts: Vec<(&Object, BTreeSet<HostBy>)> = found
            .into_iter()
            .filter_map(|(place, by)| Some((analysis.object(place)?, by)))
            .collect();
        hosts.sort_by_key(|(host, _)| (host.display_name(), host.id));
        hosts
            .into_iter()
            .take(HOSTS)
            .map(|(host, by)| Host {
                computer: subject_of(host),
                by: by.into_iter().collect(),
                enabled: host.enabled(),
                operating_system: host.operating_system.clone(),
            })
            .collect()
    }
}

/// Computers that a list of readers lets in, those aside who read because nearly everybody does.
fn computers(analysis: &Analysis, readers: i64) -> Vec<usize> {
    let tokens = &analysis.effective.tokens;
    let held = let_in(analysis, readers, RightKind::ReadPassword).unwrap_or_default();
    let narrow = held.iter().filter(|held| {
        let sid = analysis.sid_of(held.holder);
        !sid.is_some_and(|sid| analysis.principals.is_broad(sid))
    });
    let mut places: Vec<usize> = narrow
        .flat_map(|held| {
            let reach = tokens.reach(held.holder);
            let denied = |holder: &u32| {
                let except = held.except.as_ref();
                except.is_some_and(|except| except.contains(*holder))
            };
            let mut holders = reach.holders();
            holders.retain(|holder| !denied(holder));
            holders
        })
        .filter_map(|holder| tokens.place(holder))
        .filter(|place| {
            let object = analysis.object(*place);
            object.is_some_and(|object| object.kind == Kind::Computer)
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    // In the order of names, and no more than are told.
    let name = |place: &usize| analysis.object(*place).map(Object::display_name);
    places.sort_by(|a, b| name(a).cmp(&name(b)).then(a.cmp(b)));
    places.truncate(HOSTS);
    places
}
