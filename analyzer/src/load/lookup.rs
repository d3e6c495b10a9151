//! Finds the object that somebody typed: by sAMAccountName, DN, SID, objectGUID, userPrincipalName or name.

use std::str::FromStr;

use anyhow::{Result, bail};
use coldcase_winsec::{Guid, Sid};

use super::{Directory, Object};
use crate::report::visible;

/// Names that an error offers at most.
const OFFERED: usize = 5;

/// Letters that may be wrong, missing or swapped in a name that is offered.
const MISTYPED: usize = 2;

/// What a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The place of an object.
    Object(usize),
    /// A SID that has no object here.
    Sid(Sid),
}

impl Directory {
    /// The object or SID that `text` names.
    ///
    /// # Errors
    /// Nothing has that name, or several objects have; the message says what to type instead.
    pub(crate) fn find(&self, text: &str) -> Result<Found> {
        let text = text.trim();
        if text.is_empty() {
            bail!(
                "an empty name names nothing; give a sAMAccountName, DN, SID, objectGUID or userPrincipalName"
            );
        }
        // CORP\name: the snapshot is of one domain.
        let text = match text.rsplit_once('\\') {
            Some((domain, name)) if !domain.contains(['=', ',']) => name,
            _ => text,
        };
        if let (true, Some(head)) = (text.eq_ignore_ascii_case(&self.manifest.domain), self.head) {
            return Ok(Found::Object(head));
        }
        if let Ok(sid) = Sid::from_str(text) {
            return Ok(self
                .place_of_sid(&sid)
                .map_or(Found::Sid(sid), Found::Object));
        }
        let guid = Guid::from_str(text.trim_start_matches('{').trim_end_matches('}')).ok();
        let same = |value: &Option<String>| {
            value
                .as_deref()
                .is_some_and(|value| value.eq_ignore_ascii_case(text))
        };
        let tests: [&dyn Fn(&Object) -> bool; 6] = [
            &|object| guid.is_some() && object.guid == guid,
            &|object| object.dn.eq_ignore_ascii_case(text),
            &|object| same(&object.sam_account_name),
            &|object| {
                let name = object.sam_account_name.as_deref();
                name.and_then(|name| name.strip_suffix('$'))
                    .is_some_and(|name| name.eq_ignore_ascii_case(text))
            },
            &|object| same(&object.user_principal_name),
            &|object| same(&object.name),
        ];
        for test in tests {
            let places: Vec<usize> = self
                .objects
                .iter()
                .enumerate()
                .filter(|(_, object)| test(object))
                .map(|(place, _)| place)
                .collect();
            match places.as_slice() {
                [] => (),
                [place] => return Ok(Found::Object(*place)),
                several => {
                    let dns = self.dns(several);
                    bail!(
                        "{text:?} names {} objects; give the DN or SID of one:\n  {dns}",
                        several.len()
                    );
                }
            }
        }
        let well_known = ["Everyone", "Authenticated Users", "Anonymous"]
            .iter()
            .zip(["S-1-1-0", "S-1-5-11", "S-1-5-7"]);
        for (name, sid) in well_known {
            if name.eq_ignore_ascii_case(text)
                && let Ok(sid) = Sid::from_str(sid)
            {
                return Ok(self
                    .place_of_sid(&sid)
                    .map_or(Found::Sid(sid), Found::Object));
            }
        }
        let like = self.alike(text);
        if like.is_empty() {
            bail!(
                "nothing in the snapshot is named {text:?}; give a sAMAccountName, DN, SID, objectGUID or userPrincipalName"
            );
        }
        bail!(
            "nothing in the snapshot is named {text:?}; did you mean one of these?\n  {}",
            self.dns(&like)
        );
    }

    fn dns(&self, places: &[usize]) -> String {
        let shown = places
            .iter()
            .take(OFFERED)
            .filter_map(|place| self.objects.get(*place));
        shown
            .map(|object| visible(&object.dn))
            .collect::<Vec<_>>()
            .join("\n  ")
    }

    /// Objects whose name contains the text, or else is nearly it.
    fn alike(&self, text: &str) -> Vec<usize> {
        let folded = text.trim_end_matches('$').to_lowercase();
        let named = || {
            let objects = self.objects.iter().enumerate();
            objects.filter(|(_, object)| object.sid.is_some())
        };
        let holding =
            named().filter(|(_, object)| object.display_name().to_lowercase().contains(&folded));
        let found: Vec<usize> = holding.map(|(place, _)| place).take(OFFERED).collect();
        if !found.is_empty() {
            return found;
        }
        let mut close: Vec<(usize, usize)> = named()
            .map(|(place, object)| {
                let name = object.display_name().trim_end_matches('$').to_lowercase();
                (strsim::osa_distance(&name, &folded), place)
            })
            .filter(|(distance, _)| *distance <= MISTYPED)
            .collect();
        close.sort_unstable();
        close.truncate(OFFERED);
        close.into_iter().map(|(_, place)| place).collect()
    }
}
