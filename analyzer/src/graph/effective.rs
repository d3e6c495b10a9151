//! Effective rights: who holds which right by a descriptor, as a domain controller would decide for each of them.
//!
//! A descriptor is looked at once for all objects that share it and their class. Where no deny stands before an allow,
//! the trustees of the allow ACEs are the answer. Where one does, the whole DACL is walked at once for everybody, as
//! sets of holders, and what is left is told in the fewest words: groups, and those of their members who are denied. Conditional ACEs cannot be decided offline: a right that hangs on one is *unknown*.
//! Owns no list of rights ([`super::right`]) and no frame.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use coldcase_winsec::access::{AccessList, Decision, Entry, Node, Requester, Trustee};
use coldcase_winsec::{AccessMask, Guid, SecurityDescriptor, Sid};

use super::right::{Form, Part, Right, RightKind, Rights};
use super::token::{Holder, Holders, Reach, Token, Tokens, index};
use crate::load::{Directory, Kind};

/// Members of a group that are told one by one, where they hold a right only by being in another group as well. Of more,
/// the group is told, with those who do not hold it.
const SINGLED_OUT: usize = 2_000;

/// Somebody holds a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) holder: Holder,
    pub(crate) right: RightKind,
    /// Position in the DACL of the ACE that decides; `None` for an owner or a missing DACL.
    pub(crate) ace: Option<usize>,
    pub(crate) inherited: bool,
    /// Hangs on a condition that only the domain controller can decide.
    pub(crate) unknown: bool,
    /// Members of the holder who are denied the right.
    pub(crate) except: Option<Arc<Reach>>,
}

/// A descriptor with its ACEs' trustees as holders.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) list: AccessList,
    /// By place in `list.entries()`; `None` for PRINCIPAL SELF and for SIDs nobody announced.
    trustees: Vec<Option<Holder>>,
    owner: Option<Holder>,
}

/// A token before a descriptor.
struct Asking<'a> {
    prepared: &'a Prepared,
    token: &'a Token,
    /// The object itself, if it is somebody.
    object: Option<Holder>,
}

impl Requester for Asking<'_> {
    fn is(&self, entry: &Entry) -> bool {
        match &entry.trustee {
            Trustee::PrincipalSelf => self.object.is_some_and(|object| self.token.contains(&object)),
            Trustee::OwnerRights => self.owns(),
            Trustee::Sid(_) => self
                .prepared
                .trustee(entry)
                .is_some_and(|trustee| self.token.contains(&trustee)),
        }
    }

    fn owns(&self) -> bool {
        self.prepared.owner.is_some_and(|owner| self.token.contains(&owner))
    }
}

/// A holder, and those of its members who are denied what it holds.
type Cover = (Holder, Option<Arc<Reach>>);

/// Who holds a part: for certain, and if every condition is met.
#[derive(Debug, Clone)]
pub(crate) struct Grantees {
    certain: Holders,
    possible: Holders,
}

impl Grantees {
    /// Adds all of `other`.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.certain.union_with(&other.certain);
        self.possible.union_with(&other.possible);
    }

    /// Leaves those who are in `other` too.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.certain.intersect_with(&other.certain);
        self.possible.intersect_with(&other.possible);
    }

    /// Nobody at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.possible.is_clear()
    }
}

/// The engine: tokens and rights of one directory.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) tokens: Tokens,
    pub(crate) rights: Rights,
    /// Owners of computer-derived objects may not change the DACL by being owners (dSHeuristics, MS-ADTS 6.1.3.4).
    pub(crate) owners_blocked: bool,
    /// Domain and Enterprise Admins, whom that does not concern.
    pub(crate) exempt: Vec<Holder>,
}

impl Prepared {
    pub(crate) fn new(descriptor: &SecurityDescriptor, tokens: &Tokens, directory: &Directory) -> Self {
        let list = AccessList::new(descriptor);
        let owner = list.owner().and_then(|owner| tokens.of(directory, owner));
        let trustees = list
            .entries()
            .iter()
            .map(|entry| match &entry.trustee {
                Trustee::Sid(sid) => tokens.of(directory, sid),
                Trustee::OwnerRights => owner,
                Trustee::PrincipalSelf => None,
            })
            .collect();
        Self { list, trustees, owner }
    }

    fn trustee(&self, entry: &Entry) -> Option<Holder> {
        // Entries keep the order of the DACL, so the position finds the entry.
        let place = self
            .list
            .entries()
            .binary_search_by_key(&entry.position, |known| known.position)
            .ok()?;
        self.trustees.get(place).copied().flatten()
    }

    /// The trustees of allow ACEs, each once, in order.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = Holder> + '_ {
        let mut seen = HashSet::new();
        self.list
            .entries()
            .iter()
            .zip(&self.trustees)
            .filter(|(entry, _)| entry.allow)
            .filter_map(|(_, trustee)| *trustee)
            .filter(move |trustee| seen.insert(*trustee))
    }

    fn inherited(&self, ace: Option<usize>) -> bool {
        ace.and_then(|ace| {
            let entries = self.list.entries();
            let place = entries.binary_search_by_key(&ace, |known| known.position).ok()?;
            entries.get(place)
        })
        .is_some_and(|entry| entry.inherited)
    }
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
    pub(crate) fn held_of(&self, prepared: &Prepared, rights: &[Right], blocked: bool) -> Vec<Held> {
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
            blocked && !self.exempt.iter().any(|group| self.tokens.reach(*group).contains(*owner))
        };
        if let Some(owner) = prepared.owner.filter(|owner| !limited && !blocks(owner)) {
            found.push(Held {
                holder: owner,
                right: RightKind::Owner,
                ace: None,
                inherited: false,
                unknown: false,
                except: None,
            });
        }
        for right in rights {
            match &right.form {
                Form::Whole(mask, node) => self.add_whole(&mut found, prepared, right.kind, *mask, node),
                Form::Any(parts) => {
                    for part in parts {
                        self.add_part(&mut found, prepared, right.kind, part);
                    }
                }
                Form::All(parts) if parts.len() > 1 => {
                    self.add_all(&mut found, prepared, right.kind, parts);
                }
                Form::All(_) => (),
            }
        }
        without_weaker(found)
    }

    /// The rights that everybody holds on an object without a DACL (MS-DTYP 2.5.3.2).
    fn everything(&self, rights: &[Right]) -> Vec<Held> {
        let Some(everyone) = self.tokens.everybody().first() else {
            return Vec::new();
        };
        let all = rights.iter().map(|right| Held {
            holder: *everyone,
            right: right.kind,
            ace: None,
            inherited: false,
            unknown: false,
            except: None,
        });
        without_weaker(all.collect())
    }

    /// Trustees whose own token is granted every bit of `mask` over the whole object.
    fn add_whole(&self, found: &mut Vec<Held>, prepared: &Prepared, kind: RightKind, mask: AccessMask, node: &Node) {
        let bits = bits(mask);
        let mut asked = BTreeSet::new();
        for entry in prepared.list.entries() {
            let Some(trustee) = prepared.trustee(entry).filter(|_| entry.allow) else {
                continue;
            };
            // Nobody has all by an ACE that gives only to read.
            if !entry.mask.intersects(AccessMask::WRITE_DACL) || !asked.insert(trustee) {
                continue;
            }
            let token = self.tokens.token(trustee);
            let asking = Asking { prepared, token: &token, object: None };
            let outcomes: Vec<_> = bits
                .iter()
                .map(|bit| prepared.list.decide(&asking, *bit, node, true))
                .collect();
            let certain = outcomes.iter().all(|outcome| granted(&outcome.least).is_some());
            let last = outcomes.iter().map(|outcome| granted(&outcome.most)).collect::<Option<Vec<_>>>();
            let Some(aces) = last else { continue };
            let ace = aces.into_iter().flatten().max();
            if self.is_everybodys(prepared, ace, trustee) {
                continue;
            }
            found.push(Held {
                holder: trustee,
                right: kind,
                ace,
                inherited: prepared.inherited(ace),
                unknown: !certain,
                except: self.denied(prepared, trustee, &bits, node),
            });
        }
    }

    /// Members of `trustee` who are denied one of `bits` over the whole object.
    fn denied(&self, prepared: &Prepared, trustee: Holder, bits: &[AccessMask], node: &Node) -> Option<Arc<Reach>> {
        let mut rest = BTreeSet::new();
        for bit in bits {
            let part = Part { bit: *bit, node: *node };
            if has_deny(prepared, &part) {
                let (_, denied) = self.tokens.reach(trustee).split(&self.walk(prepared, &part).possible);
                rest.extend(denied.holders());
            }
        }
        let rest: Vec<Holder> = rest.into_iter().collect();
        (!rest.is_empty()).then(|| Arc::new(Reach::of(rest, self.tokens.len())))
    }

    fn add_part(&self, found: &mut Vec<Held>, prepared: &Prepared, kind: RightKind, part: &Part) {
        let told: HashSet<Holder> = found
            .iter()
            .filter(|held| held.right == kind)
            .map(|held| held.holder)
            .collect();
        let allows: Vec<&Entry> = prepared
            .list
            .relevant(part.bit, &part.node)
            .filter(|entry| entry.allow)
            .collect();
        if allows.is_empty() {
            return;
        }
        if has_deny(prepared, part) {
            let reached = self.walk(prepared, part);
            let trustees = allows.iter().filter_map(|entry| prepared.trustee(entry));
            let covered = self.cover(&reached, trustees);
            let parts = std::slice::from_ref(part);
            let rows = covered.into_iter().filter(|cover| !told.contains(&cover.0));
            found.extend(self.rows(prepared, kind, parts, rows));
            return;
        }
        let mut seen = told;
        let mut everybody = false;
        for entry in &allows {
            let Some(trustee) = prepared.trustee(entry) else { continue };
            // What everybody holds is told once, of everybody.
            if everybody || !seen.insert(trustee) {
                continue;
            }
            let certain = !entry.conditional
                || allows.iter().any(|other| !other.conditional && prepared.trustee(other) == Some(trustee));
            everybody = certain && self.tokens.everybody().contains(&trustee);
            found.push(Held {
                holder: trustee,
                right: kind,
                ace: Some(entry.position),
                inherited: entry.inherited,
                unknown: !certain,
                except: None,
            });
        }
    }

    fn add_all(&self, found: &mut Vec<Held>, prepared: &Prepared, kind: RightKind, parts: &[Part]) {
        let mut trustees = Vec::new();
        let mut reached: Option<Grantees> = None;
        for part in parts {
            let allows = prepared.list.relevant(part.bit, &part.node).filter(|entry| entry.allow);
            trustees.extend(allows.filter_map(|entry| prepared.trustee(entry)));
            let next = self.walk(prepared, part);
            match &mut reached {
                Some(reached) => reached.intersect(&next),
                None => reached = Some(next),
            }
        }
        let Some(reached) = reached else { return };
        let covered = self.cover(&reached, trustees.into_iter());
        found.extend(self.rows(prepared, kind, parts, covered.into_iter()));
    }

    /// Rows for holders that were found, each with the ACE that decides last.
    fn rows(
        &self,
        prepared: &Prepared,
        kind: RightKind,
        parts: &[Part],
        covered: impl Iterator<Item = Cover>,
    ) -> Vec<Held> {
        covered
            .map(|(holder, except)| {
                let token = self.tokens.token(holder);
                let asking = Asking { prepared, token: &token, object: None };
                let outcomes: Vec<_> = parts
                    .iter()
                    .map(|part| prepared.list.decide(&asking, part.bit, &part.node, true))
                    .collect();
                let aces = outcomes.iter().map(|outcome| granted(&outcome.most)).collect::<Option<Vec<_>>>();
                // Of a group whose members hold the right by being in another as well, no ACE decides alone.
                let sure = aces.is_none() || outcomes.iter().all(|outcome| granted(&outcome.least).is_some());
                let ace = aces.into_iter().flatten().flatten().max();
                Held {
                    holder,
                    right: kind,
                    ace,
                    inherited: prepared.inherited(ace),
                    unknown: !sure,
                    except,
                }
            })
            .filter(|held| !self.is_everybodys(prepared, held.ace, held.holder))
            .collect()
    }

    /// True if `holder` has the right only as everybody has it, and that is told of everybody.
    fn is_everybodys(&self, prepared: &Prepared, ace: Option<usize>, holder: Holder) -> bool {
        let everybody = self.tokens.everybody();
        let by = ace.and_then(|ace| {
            let entries = prepared.list.entries();
            let place = entries.binary_search_by_key(&ace, |known| known.position).ok()?;
            prepared.trustees.get(place).copied().flatten()
        });
        by.is_some_and(|by| by != holder && everybody.contains(&by))
    }

    /// Everybody who is granted a part: the DACL walked in order with sets, first match deciding for each.
    fn walk(&self, prepared: &Prepared, part: &Part) -> Grantees {
        let empty = || Holders::with_capacity(self.tokens.len());
        let (mut certain, mut possible) = (empty(), empty());
        let (mut not_certain, mut not_possible) = (empty(), empty());
        for entry in prepared.list.relevant(part.bit, &part.node) {
            let Some(trustee) = prepared.trustee(entry) else { continue };
            let reach = self.tokens.reach(trustee);
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

    /// The holders of a set in the fewest words: trustees all of whose members are in it, the members of the others one
    /// by one, or if these are too many the trustee with those who are not in it.
    fn cover(&self, reached: &Grantees, trustees: impl Iterator<Item = Holder>) -> Vec<Cover> {
        let set = &reached.possible;
        let mut covered: Vec<Cover> = Vec::new();
        let mut seen = HashSet::new();
        let mut mixed = Vec::new();
        for trustee in trustees {
            if !seen.insert(trustee) {
                continue;
            }
            let reach = self.tokens.reach(trustee);
            if reach.is_within(set) {
                covered.push((trustee, None));
                continue;
            }
            let (inside, except) = reach.split(set);
            if set.contains(index(trustee)) {
                covered.push((trustee, Some(Arc::new(except))));
            } else if inside.count() > 0 {
                mixed.push((trustee, inside, except));
            }
        }
        // Being in the trustee is not enough, but some of its members hold the right, by being in another as well.
        for (trustee, inside, except) in mixed {
            if inside.count() > SINGLED_OUT {
                covered.push((trustee, Some(Arc::new(except))));
            } else {
                covered.extend(self.outermost(&inside, &mut seen));
            }
        }
        covered
    }

    /// The outermost members of a set: those whose groups are not in it as well.
    fn outermost(&self, inside: &Reach, seen: &mut HashSet<Holder>) -> Vec<Cover> {
        inside
            .holders()
            .into_iter()
            .filter(|member| {
                let groups = self.tokens.groups(*member);
                !groups.iter().any(|group| inside.contains(*group))
            })
            .filter(|member| seen.insert(*member))
            .map(|member| (member, None))
            .collect()
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

    /// Nobody.
    pub(crate) fn reached_by_none(&self) -> Grantees {
        Grantees {
            certain: Holders::with_capacity(self.tokens.len()),
            possible: Holders::with_capacity(self.tokens.len()),
        }
    }

    /// Who may change the DACL by holding the owner's SID. Not for objects that derive from computer.
    pub(crate) fn reached_by_owner(&self, prepared: &Prepared) -> Grantees {
        let mut reached = self.reached_by_none();
        let implicit = prepared.list.implicit_owner_rights(false);
        if let Some(owner) = prepared.owner.filter(|_| implicit.contains(AccessMask::WRITE_DACL)) {
            let nobody = Holders::with_capacity(self.tokens.len());
            let reach = self.tokens.reach(owner);
            reach.add_to(&mut reached.certain, &nobody);
            reach.add_to(&mut reached.possible, &nobody);
        }
        reached
    }

    /// Rows for a right that comes together from several ACEs, of which none decides alone.
    pub(crate) fn together(
        &self,
        right: RightKind,
        reached: &Grantees,
        trustees: impl Iterator<Item = Holder>,
    ) -> Vec<Held> {
        self.cover(reached, trustees)
            .into_iter()
            .map(|(holder, except)| Held {
                holder,
                right,
                ace: None,
                inherited: false,
                unknown: !reached.certain.contains(index(holder)),
                except,
            })
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
    ) -> coldcase_winsec::access::Outcome {
        let asking = Asking { prepared, token, object };
        prepared.list.decide(&asking, part.bit, &part.node, blocked)
    }
}

/// The SIDs in DACLs and as owners, for [`Tokens::new`].
pub(crate) fn trustees(directory: &Directory) -> impl Iterator<Item = &Sid> {
    directory.descriptors.all().flat_map(|descriptor| {
        let aces = descriptor.dacl.iter().flat_map(|acl| &acl.aces);
        let trustees = aces.filter_map(|ace| ace.known()).map(|known| &known.trustee);
        trustees.chain(&descriptor.owner)
    })
}

/// The bits of a mask, one by one.
fn bits(mask: AccessMask) -> Vec<AccessMask> {
    (0..u32::BITS)
        .map(|bit| AccessMask(mask.0 & (1 << bit)))
        .filter(|bit| !bit.is_empty())
        .collect()
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

/// Leaves out what follows from a stronger right that the same holder has for as many members and as surely.
fn without_weaker(found: Vec<Held>) -> Vec<Held> {
    let mut strong: HashMap<Holder, Vec<(RightKind, bool, bool)>> = HashMap::new();
    for held in &found {
        strong
            .entry(held.holder)
            .or_default()
            .push((held.right, held.unknown, held.except.is_some()));
    }
    found
        .into_iter()
        .filter(|held| {
            !strong.get(&held.holder).into_iter().flatten().any(|(right, unknown, except)| {
                held.right.follows_from(*right) && *unknown <= held.unknown && *except <= held.except.is_some()
            })
        })
        .collect()
}
