//! What frames are built from: the directory and what follows from it.

use std::collections::HashSet;

use coldcase_winsec::{SecurityDescriptor, Sid};

use crate::graph::{Memberships, Principals, Rights};
use crate::load::{Directory, Object};

/// A directory with its memberships and classifications.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) directory: Directory,
    pub(crate) memberships: Memberships,
    pub(crate) principals: Principals,
    pub(crate) rights: Rights,
}

impl Analysis {
    pub(crate) fn new(directory: Directory) -> Self {
        let memberships = Memberships::new(&directory);
        let principals = Principals::new(&directory, &memberships);
        let rights = Rights::new(&directory.schema);
        Self {
            directory,
            memberships,
            principals,
            rights,
        }
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

    pub(super) fn object(&self, place: usize) -> Option<&Object> {
        self.directory.objects.get(place)
    }

    pub(super) fn by_sid(&self, sid: &Sid) -> Option<&Object> {
        self.object(self.directory.place_of_sid(sid)?)
    }

    pub(super) fn token(&self, sid: &Sid) -> HashSet<Sid> {
        self.principals
            .token(&self.directory, &self.memberships, sid)
    }

    /// Name of a SID for people: the object's, the well-known one, or the SID itself.
    pub(super) fn name_of(&self, sid: &Sid) -> String {
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
