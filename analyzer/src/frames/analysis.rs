//! What frames are built from: the directory and what follows from it.

use std::collections::HashSet;
use std::sync::OnceLock;

use coldcase_winsec::{SecurityDescriptor, Sid};

use super::controls::Controls;
use super::delegations::Owners;
use crate::assumptions::{Assumptions, Given};
use crate::graph::{
    Effective, Holder, Memberships, Prepared, Principals, Rights, Tokens, is_domain_controller,
    trustees,
};
use crate::load::{Directory, Found, Kind, Object};
use crate::paths::ControlGraph;

/// A directory with its memberships and classifications.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) directory: Directory,
    pub(crate) memberships: Memberships,
    pub(crate) principals: Principals,
    pub(crate) effective: Effective,
    pub(crate) assumptions: Assumptions,
    /// Name of the file that they come from.
    pub(crate) assumptions_file: Option<String>,
    /// Entries of `tier0.add` and `units.managed` that name nothing in this snapshot, each with its key.
    pub(crate) unmatched: Vec<String>,
    controls: OnceLock<Controls>,
    graph: OnceLock<ControlGraph>,
    owners: OnceLock<Owners>,
}

impl Analysis {
    /// Under the assumptions that Coldcase makes by itself.
    #[cfg(test)]
    pub(crate) fn new(directory: Directory) -> Self {
        Self::under(Given::default(), directory)
    }

    pub(crate) fn under(given: Given, directory: Directory) -> Self {
        let assumptions = given.assumptions;
        let memberships = Memberships::new(&directory);
        let mut unmatched = Vec::new();
        let mut added = Vec::new();
        for name in &assumptions.tier0.add {
            match directory.find(name) {
                Ok(Found::Object(place)) => added.push(place),
                Ok(Found::Sid(_)) | Err(_) => unmatched.push(format!("tier0.add {name}")),
            }
        }
        for dn in &assumptions.units.managed {
            if directory.place_of_dn(dn).is_none() {
                unmatched.push(format!("units.managed {dn}"));
            }
        }
        let principals = Principals::new(&directory, &memberships, &added);
        let groups = |place| {
            memberships
                .groups(place)
                .iter()
                .map(|(group, _)| *group)
                .collect()
        };
        let tokens = Tokens::new(
            &directory,
            groups,
            principals.history(),
            trustees(&directory),
        );
        // Domain Admins, and Enterprise Admins if this is the root of the forest.
        let exempt = [512, 519]
            .iter()
            .filter_map(|rid| directory.domain_rid(*rid));
        let effective = Effective {
            exempt: exempt
                .filter_map(|sid| tokens.of(&directory, &sid))
                .collect(),
            tokens,
            rights: Rights::new(&directory.schema),
            owners_blocked: directory.domain.owners_blocked(),
            anonymous: directory.domain.admits_anonymous(),
        };
        Self {
            directory,
            memberships,
            principals,
            effective,
            assumptions,
            assumptions_file: given.file,
            unmatched,
            controls: OnceLock::new(),
            graph: OnceLock::new(),
            owners: OnceLock::new(),
        }
    }

    /// Whether it is known who is in which group, as far as the attributes go that say so.
    pub(crate) fn knows_members(&self) -> bool {
        let directory = &self.directory;
        let principals = ["service-accounts", "users", "computers"];
        directory.hides(&["groups"], "member").is_none()
            && directory.hides(&principals, "primaryGroupID").is_none()
    }

    /// Domain controllers whose operatingSystem names Server 2025.
    pub(crate) fn controllers_2025(&self) -> usize {
        let objects = self.directory.objects.iter();
        objects
            .filter(|object| is_domain_controller(object))
            .filter(|object| {
                let system = object.operating_system.as_deref();
                system.is_some_and(|name| name.contains("2025"))
            })
            .count()
    }

    /// Whether a controller may be a Server 2025: unless each is seen and says that it is another system.
    pub(crate) fn may_have_2025(&self) -> bool {
        let objects = self.directory.objects.iter();
        let mut controllers = objects
            .filter(|object| is_domain_controller(object))
            .peekable();
        controllers.peek().is_none()
            || controllers.any(|object| {
                let system = object.operating_system.as_deref();
                system.is_none_or(|name| name.contains("2025"))
            })
    }

    /// The place of AdminSDHolder.
    pub(crate) fn admin_sd_holder(&self) -> Option<usize> {
        let head = self.object(self.directory.head?)?;
        self.directory
            .place_of_dn(&format!("CN=AdminSDHolder,CN=System,{}", head.dn))
    }

    /// Who holds what over the objects that matter, computed when it is first asked for.
    pub(crate) fn controls(&self) -> &Controls {
        self.controls.get_or_init(|| Controls::new(self))
    }

    /// Who can take over what, built when it is first asked for: it takes longer than all frames together.
    pub(crate) fn control_graph(&self) -> &ControlGraph {
        self.graph.get_or_init(|| ControlGraph::of(self))
    }

    /// Who answers to which service principal name, collected when it is first asked for.
    pub(crate) fn owners(&self) -> &Owners {
        self.owners.get_or_init(|| Owners::new(self))
    }

    /// Service accounts with their places, in the order of the snapshot.
    pub(super) fn service_accounts(&self) -> impl Iterator<Item = (usize, &Object)> {
        self.directory
            .objects
            .iter()
            .enumerate()
            .filter(|(_, object)| object.is_service_account())
    }

    /// A descriptor that was decoded without defect.
    pub(super) fn whole_descriptor(&self, id: i64) -> Option<&SecurityDescriptor> {
        let descriptors = &self.directory.descriptors;
        descriptors.get(id).filter(|_| !descriptors.is_broken(id))
    }

    /// A descriptor that was decoded without defect, ready for access checks.
    pub(crate) fn prepared(&self, id: i64) -> Option<Prepared> {
        Some(Prepared::new(
            self.whole_descriptor(id)?,
            &self.effective.tokens,
            &self.directory,
        ))
    }

    /// The same for the object at `place`, if the descriptor says something of PRINCIPAL SELF and the object is a group,
    /// whose members are then meant. Of any other object it is the object alone, over itself.
    pub(crate) fn prepared_of(&self, id: i64, place: Option<usize>) -> Option<Prepared> {
        Some(Prepared::of(
            self.whole_descriptor(id)?,
            &self.effective.tokens,
            &self.directory,
            place.and_then(|place| Holder::try_from(place).ok()),
        ))
    }

    /// The SID of a holder.
    pub(crate) fn sid_of(&self, holder: Holder) -> Option<&Sid> {
        self.effective.tokens.sid(&self.directory, holder)
    }

    pub(crate) fn object(&self, place: usize) -> Option<&Object> {
        self.directory.objects.get(place)
    }

    pub(super) fn by_sid(&self, sid: &Sid) -> Option<&Object> {
        self.object(self.directory.place_of_sid(sid)?)
    }

    /// The SIDs in the token of somebody.
    pub(super) fn token(&self, sid: &Sid) -> HashSet<Sid> {
        let tokens = &self.effective.tokens;
        let token = tokens
            .of(&self.directory, sid)
            .map(|holder| tokens.token(holder))
            .unwrap_or_default();
        token
            .into_iter()
            .filter_map(|holder| self.sid_of(holder).cloned())
            .collect()
    }

    /// Name of an object for people. A foreign principal's own name is its SID; the well-known name says more.
    pub(crate) fn title(&self, object: &Object) -> String {
        match &object.sid {
            Some(sid) if object.kind == Kind::ForeignPrincipal => self.name_of(sid),
            _ => object.display_name().to_owned(),
        }
    }

    /// Name of a SID for people: the object's, the well-known one, or the SID itself.
    pub(crate) fn name_of(&self, sid: &Sid) -> String {
        match self.by_sid(sid) {
            // A foreign principal's own name is its SID; the well-known name says more.
            Some(object) if object.sam_account_name.is_some() => object.display_name().to_owned(),
            _ => sid
                .well_known_name()
                .map_or_else(|| sid.to_string(), str::to_owned),
        }
    }

    pub(super) fn days(&self, filetime: Option<i64>) -> Option<f64> {
        self.directory.clock.days_since(filetime?)
    }
}
