//! Effective rights: who holds which right by a descriptor, as a domain controller would decide for each of them.
//!
//! A descriptor is looked at once for all objects that share it and their class. Where no deny stands before an allow,
//! the trustees of the allow ACEs are the answer. Where one does, the whole DACL is walked at once for everybody, as
//! sets of holders, and what is left is told in the fewest words: groups, and those of their members who are denied.
//! Conditional ACEs cannot be decided offline: a right that hangs on one is *unknown*.
//! Owns no list of rights ([`super::right`]) and no frame.

mod everybody;
mod grantees;
mod held;
mod prepared;
mod relevant;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use coldcase_winsec::access::{Decision, Entry, Node, Outcome, Trustee};
use coldcase_winsec::{AccessMask, Guid, Sid};

use super::right::{Form, Part, Right, RightKind, Rights, bits};
use super::token::{Holder, Holders, Reach, Token, Tokens};
use crate::load::{Directory, Kind};
use grantees::Cover;
pub(crate) use grantees::Grantees;
pub(crate) use held::Held;
use held::{Rows, without_weaker};
use prepared::Asking;
pub(crate) use prepared::Prepared;
use relevant::Relevant;

/// The engine: tokens and rights of one directory.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) tokens: Tokens,
    pub(crate) rights: Rights,
    /// Owners of computer-derived objects may not change the DACL by being owners (dSHeuristics, MS-ADTS 6.1.3.4).
    pub(crate) owners_blocked: bool,
    /// Who did not authenticate may do more than read the rootDSE (fLDAPBlockAnonOps, MS-ADTS 6.1.1.2.4.1.2).
    pub(crate) anonymous: bool,
    /// Domain and Enterprise Admins, whom that does not concern.
    pub(crate) exempt: Vec<Holder>,
}

impl Effective {
    /// Who holds which right over objects of `kind` and class `root` that have this descriptor.
    pub(crate) fn held(&self, prepared: &Prepared, kind: Kind, root: Option<Guid>) -> Vec<Held> {
        self.held_of(prepared, &self.rights.of(kind, root), self.blocks(kind))
    }

    /// Owner rights are blocked on what derives from computer only.
    pub(crate) fn blocks(&self, kind: Kind) -> bool {
        self.owners_blocked && matches!(kind, Kind::Computer | Kind::Gmsa | Kind::Smsa | Kind::Dmsa)
    }

    /// Who holds `rights`; what follows from a stronger right of the same holder is left out.
    pub(crate) fn held_of(
        &self,
        prepared: &Prepared,
        rights: &[Right],
        blocked: bool,
    ) -> Vec<Held> {
        let mut found = self.all_held(prepared, rights, blocked);
        found.retain(|held| !self.is_left_to_outsiders(held));
        without_weaker(found)
    }

    /// A right of Everyone that is denied to all who log on is left to those who did not, and they may do nothing at all.
    fn is_left_to_outsiders(&self, held: &Held) -> bool {
        let Some(except) = held.except.as_ref().filter(|_| !self.anonymous) else {
            return false;
        };
        let outside = self.tokens.outside();
        let reach = self.tokens.reach(held.holder);
        reach.count() <= except.count() + outside.len()
            && reach
                .holders()
                .into_iter()
                .all(|holder| except.contains(holder) || outside.contains(&holder))
    }

    fn all_held(&self, prepared: &Prepared, rights: &[Right], blocked: bool) -> Vec<Held> {
        if prepared.list.is_null() {
            return self.everything(rights);
        }
        let mut found: Vec<Held> = Vec::new();
        let limited = prepared
            .list
            .entries()
            .iter()
            .any(|entry| entry.trustee == Trustee::OwnerRights);
        let blocks = |owner: &Holder| {
            blocked
                && !self
                    .exempt
                    .iter()
                    .any(|group| self.tokens.reach(*group).contains(*owner))
        };
        if let Some(owner) = prepared.owner.filter(|owner| !limited && !blocks(owner)) {
            found.push(Held {
                holder: owner,
                right: RightKind::Owner,
                ace: None,
                inherited: false,
                unknown: prepared.is_owned_by_logon(),
                except: None,
            });
        }
        for right in rights {
            let rows = match &right.form {
                Form::Whole(mask, node) => self.whole(prepared, right.kind, *mask, node),
                Form::Any(parts) if parts.iter().any(|part| has_deny(prepared, part)) => {
                    let reached = self.reached(prepared, parts);
                    self.rows(prepared, right, parts, &reached)
                }
                Form::Any(parts) => self.undenied(prepared, right.kind, parts),
                Form::All(parts) => {
                    let reached = self.reached_all(prepared, parts, &Token::new());
                    self.rows(prepared, right, parts, &reached)
                }
            };
            found.extend(rows);
        }
        found
    }

    /// The rights that everybody holds on an object without a DACL (MS-DTYP 2.5.3.2).
    fn everything(&self, rights: &[Right]) -> Vec<Held> {
        let Some(everyone) = self.tokens.everybody().first() else {
            return Vec::new();
        };
        let there = rights.iter().filter(|right| match &right.form {
            Form::Whole(..) => true,
            Form::Any(parts) => !parts.is_empty(),
            Form::All(parts) => parts.len() > 1,
        });
        let all = there.map(|right| Held {
            holder: *everyone,
            right: right.kind,
            ace: None,
            inherited: false,
            unknown: false,
            except: None,
        });
        all.collect()
    }

    /// Trustees whose own token is granted every bit of `mask` over the whole object. Asked as somebody who logs on:
    /// of Everyone and Anonymous in a group, the weaker rights tell.
    fn whole(
        &self,
        prepared: &Prepared,
        kind: RightKind,
        mask: AccessMask,
        node: &Node,
    ) -> Vec<Held> {
        let parts: Vec<Part> = bits(mask).map(|bit| Part { bit, node: *node }).collect();
        let mut rows = Rows::default();
        let mut asked = BTreeSet::new();
        let entries = Relevant::of_all(prepared, &parts);
        // Where nobody is denied, members hold what the trustee holds.
        let mut walked: Option<Vec<Grantees>> = None;
        for entry in prepared.list.entries() {
            let Some(trustee) = prepared.trustee(entry).filter(|_| entry.allow) else {
                continue;
            };
            // Nobody has all by an ACE that gives only to read.
            if !entry.mask.intersects(AccessMask::WRITE_DACL) || !asked.insert(trustee) {
                continue;
            }
            let outcomes = self.outcomes(prepared, trustee, &entries);
            let Some(deciders) = outcomes
                .iter()
                .map(|outcome| granted(&outcome.most))
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let denied = walked.get_or_insert_with(|| {
                let denied = parts.iter().filter(|part| has_deny(prepared, part));
                denied.map(|part| self.walk(prepared, part)).collect()
            });
            let reach = self.tokens.reach(trustee);
            let rest: BTreeSet<Holder> = denied
                .iter()
                .flat_map(|reached| reach.split(&reached.possible).1.holders())
                .collect();
            let rest: Vec<Holder> = rest.into_iter().collect();
            let except = (!rest.is_empty()).then(|| Arc::new(Reach::of(rest, self.tokens.len())));
            let certain = outcomes
                .iter()
                .all(|outcome| granted(&outcome.least).is_some())
                && denied
                    .iter()
                    .all(|reached| reached.is_certain(&reach, except.as_deref()));
            let ace = deciders.iter().copied().flatten().max();
            let row = Held {
                holder: trustee,
                right: kind,
                ace,
                inherited: prepared.inherited(ace),
                unknown: !certain,
                except,
            };
            rows.add(row, self.is_everybodys(prepared, &deciders, trustee));
        }
        rows.told(&self.tokens)
    }

    /// Trustees of the ACEs that allow one of `parts`, none of which is denied to anybody.
    fn undenied(&self, prepared: &Prepared, kind: RightKind, parts: &[Part]) -> Vec<Held> {
        let allows = || {
            let relevant = parts
                .iter()
                .flat_map(|part| prepared.list.relevant(part.bit, &part.node));
            relevant
                .filter(|entry| entry.allow)
                .filter_map(|entry| Some((entry, prepared.trustee(entry)?)))
        };
        let mut certain: HashMap<Holder, &Entry> = HashMap::new();
        for (entry, trustee) in allows().filter(|(entry, _)| !entry.conditional) {
            certain.entry(trustee).or_insert(entry);
        }
        let mut found: Vec<Held> = Vec::new();
        let mut seen = HashSet::new();
        let mut everybody: Option<Arc<Reach>> = None;
        for (entry, trustee) in allows() {
            if !seen.insert(trustee) {
                continue;
            }
            // What everybody holds is told once, of everybody. Everyone is more than Authenticated Users.
            let told = |all: &Arc<Reach>| self.tokens.reach(trustee).is_part_of(all);
            if everybody.as_ref().is_some_and(told) {
                continue;
            }
            let sure = certain.get(&trustee).copied();
            if sure.is_some() && self.tokens.everybody().contains(&trustee) {
                everybody = Some(self.tokens.reach(trustee));
            }
            let decider = sure.unwrap_or(entry);
            found.push(Held {
                holder: trustee,
                right: kind,
                ace: Some(decider.position),
                inherited: decider.inherited,
                unknown: sure.is_none(),
                except: None,
            });
        }
        found
    }

    /// Rows for those who were found, each with the ACE that decides last.
    fn rows(
        &self,
        prepared: &Prepared,
        right: &Right,
        parts: &[Part],
        reached: &Grantees,
    ) -> Vec<Held> {
        let allows = parts
            .iter()
            .flat_map(|part| prepared.list.relevant(part.bit, &part.node));
        let trustees = allows
            .filter(|entry| entry.allow)
            .filter_map(|entry| prepared.trustee(entry));
        let mut rows = Rows::default();
        let entries = Relevant::of_all(prepared, parts);
        for Cover {
            holder,
            except,
            certain,
        } in reached.cover(&self.tokens, trustees)
        {
            let deciders = self.deciders(prepared, holder, &right.form, &entries);
            let ace = deciders.iter().copied().flatten().max();
            let row = Held {
                holder,
                right: right.kind,
                ace,
                inherited: prepared.inherited(ace),
                unknown: !certain,
                except,
            };
            rows.add(row, self.is_everybodys(prepared, &deciders, holder));
        }
        rows.told(&self.tokens)
    }

    /// The ACEs that give the right to the token of `holder`. Nothing where it takes being in another group as well.
    fn deciders(
        &self,
        prepared: &Prepared,
        holder: Holder,
        form: &Form,
        parts: &[Relevant<'_>],
    ) -> Vec<Option<usize>> {
        let outcomes = self.outcomes(prepared, holder, parts);
        if matches!(form, Form::Any(_)) {
            let sure = outcomes.iter().find_map(|outcome| granted(&outcome.least));
            let best = sure.or_else(|| outcomes.iter().find_map(|outcome| granted(&outcome.most)));
            return best.into_iter().collect();
        }
        let all: Option<Vec<_>> = outcomes
            .iter()
            .map(|outcome| granted(&outcome.most))
            .collect();
        all.unwrap_or_default()
    }

    fn outcomes(
        &self,
        prepared: &Prepared,
        holder: Holder,
        parts: &[Relevant<'_>],
    ) -> Vec<Outcome> {
        let token = self.tokens.token(holder);
        let owns = prepared.owner.is_some_and(|owner| token.contains(&owner));
        parts.iter().map(|part| part.decide(&token, owns)).collect()
    }

    /// True if `holder` has the right only as everybody has it.
    fn is_everybodys(
        &self,
        prepared: &Prepared,
        deciders: &[Option<usize>],
        holder: Holder,
    ) -> bool {
        let everybody = self.tokens.everybody();
        let by_all = |ace: &Option<usize>| {
            let trustee = ace.and_then(|ace| prepared.trustee_at(ace));
            trustee.is_some_and(|trustee| trustee != holder && everybody.contains(&trustee))
        };
        !deciders.is_empty() && deciders.iter().all(by_all)
    }

    /// Everybody who is granted a part: the DACL walked in order with sets, first match deciding for each. The owner's
    /// WRITE_DAC is a row of its own; to read the descriptor no ACE can deny him.
    fn walk(&self, prepared: &Prepared, part: &Part) -> Grantees {
        self.walk_in(prepared, part, &Token::new())
    }

    /// The same once they are all in `joined` as well.
    fn walk_in(&self, prepared: &Prepared, part: &Part, joined: &Token) -> Grantees {
        let reach_of = |trustee: Holder| {
            if joined.contains(&trustee) {
                let mut all = Holders::with_capacity(self.tokens.len());
                all.insert_range(..);
                return Arc::new(Reach::Many(all));
            }
            self.tokens.reach(trustee)
        };
        let empty = || Holders::with_capacity(self.tokens.len());
        let (mut not_certain, mut not_possible) = (empty(), empty());
        let implicit = prepared
            .list
            .implicit_owner_rights(true)
            .intersects(part.bit);
        let owner = prepared.owner.filter(|_| implicit);
        let Grantees {
            mut certain,
            mut possible,
        } = owner.map_or_else(
            || self.reached_by_none(),
            |owner| self.all_in(&reach_of(owner)),
        );
        if prepared.is_owned_by_logon() {
            certain.clear();
        }
        for entry in prepared.list.relevant(part.bit, &part.node) {
            let Some(trustee) = prepared.trustee(entry) else {
                continue;
            };
            let reach = reach_of(trustee);
            match (entry.allow, entry.conditional) {
                (true, conditional) => {
                    reach.add_to(&mut possible, &not_possible);
                    if !conditional {
                        reach.add_to(&mut certain, &not_certain);
                    }
                }
                (false, conditional) => {
                    reach.add_to(&mut not_certain, &certain);
                    if !conditional {
                        reach.add_to(&mut not_possible, &possible);
                    }
                }
            }
        }
        Grantees { certain, possible }
    }

    /// Everybody who is granted one of `parts`, sure or not.
    pub(crate) fn set(&self, prepared: &Prepared, parts: &[Part]) -> Holders {
        self.reached(prepared, parts).possible
    }

    /// Everybody who is granted one of `parts`.
    pub(crate) fn reached(&self, prepared: &Prepared, parts: &[Part]) -> Grantees {
        let mut reached = self.reached_by_none();
        if prepared.list.is_null() {
            reached.certain.insert_range(..);
            reached.possible.insert_range(..);
        }
        for part in parts {
            reached.unite(&self.walk(prepared, part));
        }
        reached
    }

    /// Everybody who is granted each of `parts` once he is in `joined` as well. Nobody by less than two parts: this forest
    /// does not have what the right is about. The descriptor has a DACL.
    pub(crate) fn reached_all(
        &self,
        prepared: &Prepared,
        parts: &[Part],
        joined: &Token,
    ) -> Grantees {
        let each = parts
            .iter()
            .map(|part| self.walk_in(prepared, part, joined));
        let reached = each.reduce(|mut all, next| {
            all.intersect(&next);
            all
        });
        let reached = reached.filter(|_| parts.len() > 1);
        reached.unwrap_or_else(|| self.reached_by_none())
    }

    /// Nobody.
    pub(crate) fn reached_by_none(&self) -> Grantees {
        Grantees {
            certain: Holders::with_capacity(self.tokens.len()),
            possible: Holders::with_capacity(self.tokens.len()),
        }
    }

    /// Everybody of whom one of these rows tells.
    pub(crate) fn reached_by_rows(&self, rows: &[Held]) -> Grantees {
        let nobody = Holders::with_capacity(self.tokens.len());
        let mut reached = self.reached_by_none();
        for held in rows {
            let reach = self.tokens.reach(held.holder);
            let denied = held.except.as_ref().map(|except| {
                let mut denied = nobody.clone();
                except.add_to(&mut denied, &nobody);
                denied
            });
            let denied = denied.as_ref().unwrap_or(&nobody);
            reach.add_to(&mut reached.possible, denied);
            if !held.unknown {
                reach.add_to(&mut reached.certain, denied);
            }
        }
        reached
    }

    /// Who may change the DACL by holding the owner's SID. Not for objects that derive from computer.
    pub(crate) fn reached_by_owner(&self, prepared: &Prepared) -> Grantees {
        let implicit = prepared.list.implicit_owner_rights(false);
        let owner = prepared
            .owner
            .filter(|_| implicit.contains(AccessMask::WRITE_DACL));
        owner.map_or_else(|| self.reached_by_none(), |owner| self.all_of(owner))
    }

    /// Everybody in whose token the holder is.
    fn all_of(&self, holder: Holder) -> Grantees {
        self.all_in(&self.tokens.reach(holder))
    }

    fn all_in(&self, reach: &Reach) -> Grantees {
        let mut all = Holders::with_capacity(self.tokens.len());
        reach.add_to(&mut all, &Holders::with_capacity(self.tokens.len()));
        Grantees {
            certain: all.clone(),
            possible: all,
        }
    }

    /// Rows for a right that comes together from several ACEs, of which none decides alone.
    pub(crate) fn together(
        &self,
        right: RightKind,
        reached: &Grantees,
        trustees: impl Iterator<Item = Holder>,
    ) -> Vec<Held> {
        let covered = reached.cover(&self.tokens, trustees).into_iter();
        let told = covered.map(
            |Cover {
                 holder,
                 except,
                 certain,
             }| Held {
                holder,
                right,
                ace: None,
                inherited: false,
                unknown: !certain,
                except,
            },
        );
        told.filter(|held| !self.is_left_to_outsiders(held))
            .collect()
    }

    /// Decides one question for one token, exactly; `object` is the one the descriptor is of.
    pub(crate) fn decide(
        &self,
        prepared: &Prepared,
        token: &Token,
        object: Option<Holder>,
        part: &Part,
        blocked: bool,
    ) -> Outcome {
        let asking = Asking {
            prepared,
            token,
            object,
        };
        prepared.list.decide(&asking, part.bit, &part.node, blocked)
    }
}

/// The SIDs in DACLs and as owners, for [`Tokens::new`].
pub(crate) fn trustees(directory: &Directory) -> impl Iterator<Item = &Sid> {
    let of_descriptors = directory.descriptors.all().flat_map(|descriptor| {
        let aces = descriptor.dacl.iter().flat_map(|acl| &acl.aces);
        let trustees = aces
            .filter_map(|ace| ace.known())
            .map(|known| &known.trustee);
        trustees.chain(&descriptor.owner)
    });
    of_descriptors.chain(directory.claimed_rights.iter().map(|right| &right.trustee))
}

/// A deny that comes before an allow: only then can it take something away.
fn has_deny(prepared: &Prepared, part: &Part) -> bool {
    let mut denied = false;
    for entry in prepared.list.relevant(part.bit, &part.node) {
        if entry.allow && denied {
            return true;
        }
        denied |= !entry.allow;
    }
    false
}

/// The ACE of a grant: `Some(None)` where no ACE was needed.
fn granted(decision: &Decision) -> Option<Option<usize>> {
    decision.is_granted().then(|| decision.ace())
}

#[cfg(test)]
mod tests;
