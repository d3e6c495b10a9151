//! Frame `spn_jacks`: constrained delegation whose target the delegating account can exchange for one in tier 0, by taking
//! the service principal name from its owner and giving it to another account.
//!
//! msDS-AllowedToDelegateTo holds names, not accounts (MS-SFU 3.2.5.2): whoever holds the name at the moment is meant. A
//! name is unique (MS-ADTS 3.1.1.5.1.3), so one that somebody holds must be taken from him first.
//! Deliberately looks at the delegating account's own rights only.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{Held, Holder, RightKind};

/// Rights by which one writes servicePrincipalName, at once or after another step.
const WRITING: [RightKind; 6] = [
    RightKind::WriteSpn,
    RightKind::WriteAll,
    RightKind::FullControl,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
    RightKind::Owner,
];

/// A list of rights that objects share.
type Rows = Arc<Vec<Held>>;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("spn_jacks")?;
    let owners = analysis.owners();
    let controls = Writers::new(analysis);
    for object in &analysis.directory.objects {
        let holder = object
            .sid
            .as_ref()
            .and_then(|sid| analysis.effective.tokens.of(&analysis.directory, sid));
        let (false, true, Some(holder)) = (
            object.delegates_to.is_empty(),
            object.kind.is_principal(),
            holder,
        ) else {
            continue;
        };
        let token = analysis.effective.tokens.token(holder);
        let Some((target, unsure)) = controls.target(analysis, &token, holder) else {
            continue;
        };
        let mut seen = HashSet::new();
        for spn in &object.delegates_to {
            if !seen.insert(spn.to_lowercase()) {
                continue;
            }
            let owner = owners.of(spn);
            let taken = match owner {
                // Nobody has to lose it.
                None => Some(false),
                Some(owner) => controls.of.get(&owner).and_then(|rows| {
                    rows.iter()
                        .filter_map(|held| written(held, &token, holder))
                        .min()
                }),
            };
            let (Some(unsure_owner), Some(target)) = (taken, analysis.object(target)) else {
                continue;
            };
            frame.row([
                object.id.into(),
                spn.as_str().into(),
                owner.is_none().into(),
                owner
                    .and_then(|place| analysis.object(place))
                    .map(|owner| owner.id)
                    .into(),
                owner
                    .map(|place| analysis.principals.is_tier0(place))
                    .into(),
                target.id.into(),
                target.display_name().into(),
                (unsure || unsure_owner).into(),
            ]);
        }
    }
    frame.finish()
}

/// Who may write the names of which account.
struct Writers {
    of: HashMap<usize, Rows>,
    /// Of each list of rights over something in tier 0, one object.
    tier0: Vec<(usize, Rows)>,
}

impl Writers {
    fn new(analysis: &Analysis) -> Self {
        let mut writers = Self {
            of: HashMap::new(),
            tier0: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (place, rows) in &analysis.controls().rows {
            let principal = analysis
                .object(*place)
                .is_some_and(|object| object.kind.is_principal());
            // Of an account there are further lists, of what comes together from several descriptors.
            if !principal || !rows.iter().any(|held| WRITING.contains(&held.right)) {
                continue;
            }
            writers.of.insert(*place, Arc::clone(rows));
            if analysis.principals.is_tier0(*place) && seen.insert(Arc::as_ptr(rows).addr()) {
                writers.tier0.push((*place, Arc::clone(rows)));
            }
        }
        writers
    }

    /// Something in tier 0, not the account itself, whose names the token writes; and whether that is unsure.
    fn target(
        &self,
        analysis: &Analysis,
        token: &HashSet<Holder>,
        own: Holder,
    ) -> Option<(usize, bool)> {
        let found = self.tier0.iter().filter_map(|(place, rows)| {
            if analysis.effective.tokens.place(own) == Some(*place) {
                return None;
            }
            let unsure = rows
                .iter()
                .filter_map(|held| written(held, token, own))
                .min()?;
            Some((unsure, *place))
        });
        found.min().map(|(unsure, place)| (place, unsure))
    }
}

/// Whether the row gives the token the right to write the names: `Some(true)` if that hangs on a condition.
fn written(held: &Held, token: &HashSet<Holder>, own: Holder) -> Option<bool> {
    let denied = held
        .except
        .as_ref()
        .is_some_and(|except| except.contains(own));
    (WRITING.contains(&held.right) && token.contains(&held.holder) && !denied)
        .then_some(held.unknown)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    const WRITE: &str = "(OA;;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;S-1-5-21-1-2-3-1104)";
    const DENY: &str = "(OD;;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;S-1-5-21-1-2-3-1105)";

    /// (SPN, nobody holds it) of what a member of a group can do by the group's rights over a server and a controller.
    fn jacks(server_aces: &str, controller_aces: &str) -> Vec<(String, bool)> {
        let mut made = Made::new();
        let group = made.principal("group", "writers", HEAD, 1104);
        let service = made.principal("user", "svc", HEAD, 1105);
        made.member(group, service);
        made.objects[service].delegates_to = ["HTTP/web", "http/WEB", "cifs/gone", "odd", ""]
            .map(str::to_owned)
            .to_vec();
        let server = made.principal("computer", "WEB$", HEAD, 1106);
        made.protect(server, &format!("O:DAD:{server_aces}"));
        let controller = made.principal("computer", "DC$", HEAD, 1107);
        made.objects[controller].user_account_control = Some(0x2000);
        made.protect(controller, &format!("O:DAD:{controller_aces}"));
        let frame = build(&Analysis::new(made.directory())).unwrap();
        let spns = frame.column("spn").unwrap().str().unwrap().into_iter();
        let ghosts = frame.column("ghost").unwrap().bool().unwrap().into_iter();
        spns.zip(ghosts)
            .map(|(spn, ghost)| (spn.unwrap().to_owned(), ghost.unwrap()))
            .collect()
    }

    #[test]
    fn a_held_name_takes_both_rights_and_a_free_one_the_second() {
        let free = [("cifs/gone", true), ("odd", true), ("", true)];
        let own = |rows: &[(&str, bool)]| -> Vec<(String, bool)> {
            rows.iter()
                .map(|(spn, ghost)| ((*spn).to_owned(), *ghost))
                .collect()
        };
        let mut both = vec![("HTTP/web", false)];
        both.extend(free);
        assert_eq!(jacks(WRITE, WRITE), own(&both));
        assert_eq!(jacks(&format!("{DENY}{WRITE}"), WRITE), own(&free));
        assert_eq!(jacks("", WRITE), own(&free));
        assert_eq!(jacks(WRITE, &format!("{DENY}{WRITE}")), []);
        assert_eq!(jacks(WRITE, ""), []);
    }
}
