//! Where an inherited entry comes from: the container above that has it as its own.
//!
//! Deliberately reads nothing else of a descriptor, and does not say what an entry is worth.

use coldcase_winsec::{Ace, AceFlags};

use super::analysis::Analysis;

/// CREATOR OWNER and CREATOR GROUP, which become somebody's SID in what is inherited (MS-DTYP 2.5.3.4.3).
const CREATORS: [&str; 2] = ["S-1-3-0", "S-1-3-1"];

impl Analysis {
    /// The place of the nearest container that has an inherited entry as its own, beginning with the one at `parent`;
    /// `None` if none that was read has.
    pub(crate) fn origin(&self, parent: usize, ace: &Ace) -> Option<usize> {
        let directory = &self.directory;
        let mut above = std::iter::successors(Some(parent), |place| {
            directory.parent(directory.objects.get(*place)?)
        });
        above.find(|place| self.has_own(*place, ace))
    }

    /// Whether a container has an entry as its own, as [`is_source`] compares.
    pub(crate) fn has_own(&self, place: usize, ace: &Ace) -> bool {
        let descriptor = self
            .object(place)
            .and_then(|object| self.directory.descriptors.get(object.descriptor?));
        let aces = descriptor.and_then(|descriptor| descriptor.dacl.as_ref());
        aces.is_some_and(|acl| {
            let mut own = acl
                .aces
                .iter()
                .filter(|own| !own.flags.contains(AceFlags::INHERITED));
            own.any(|own| is_source(own, ace))
        })
    }
}

/// Whether what is inherited as `ace` may come from `source`: the same but for flags, for generic rights, which are mapped,
/// and for who creates (MS-DTYP 2.5.3.4.3).
pub(crate) fn is_source(source: &Ace, ace: &Ace) -> bool {
    let (Some(source), Some(ace)) = (source.known(), ace.known()) else {
        return source.body == ace.body;
    };
    let creator = CREATORS.contains(&source.trustee.to_string().as_str());
    source.ace_type == ace.ace_type
        && source.object_type == ace.object_type
        && source.application_data == ace.application_data
        && source.mask.map_generic_ds() == ace.mask.map_generic_ds()
        && (source.trustee == ace.trustee || creator)
}
