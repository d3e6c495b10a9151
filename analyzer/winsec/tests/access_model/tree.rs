//! The access check as the specification writes it down, slow and plain: a whole object type tree
//! with what is granted and denied at each node, and one walk over the DACL (MS-ADTS 5.1.3.3.2 to
//! 5.1.3.3.5, MS-DTYP 2.5.3.2).
//!
//! Shares with the checked code only the decoded descriptor and the shape of an answer.

use coldcase_winsec::access::{Decider, Decision};
use coldcase_winsec::{Ace, AceBody, AceFlags, Guid, KnownAce, SecurityDescriptor, Sid};

/// Bits of an access mask.
pub(crate) const BITS: usize = 32;

/// One decision for each bit.
pub(crate) type Decisions = [Decision; BITS];

/// The rights of MS-ADTS 5.1.3.2; its diagram marks all other bits X, ignored.
const CC: u32 = 0x1;
const DC: u32 = 0x2;
const LC: u32 = 0x4;
const VW: u32 = 0x8;
const RP: u32 = 0x10;
const WP: u32 = 0x20;
const DT: u32 = 0x40;
const LO: u32 = 0x80;
const CR: u32 = 0x100;
const DE: u32 = 0x1_0000;
const RC: u32 = 0x2_0000;
const WD: u32 = 0x4_0000;
const WO: u32 = 0x8_0000;
const GA: u32 = 0x1000_0000;
const GX: u32 = 0x2000_0000;
const GW: u32 = 0x4000_0000;
const GR: u32 = 0x8000_0000;
const ALL: u32 = DE | RC | WD | WO | CC | DC | DT | RP | WP | LC | LO | CR | VW;

/// The question: who, on which object, under which assumptions.
#[derive(Clone, Debug)]
pub(crate) struct Check<'a> {
    pub(crate) descriptor: &'a SecurityDescriptor,
    pub(crate) token: &'a [Sid],
    pub(crate) object: Option<&'a Sid>,
    /// The implicit WRITE_DAC of owners is blocked for this requester.
    pub(crate) blocked: bool,
    /// Positions of the conditional ACEs whose condition holds, and of the ACEs for a SID by logon
    /// where the requester logged on that way.
    pub(crate) holding: Vec<usize>,
}

/// What a check needs of a descriptor, the same for every node.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    no_dacl: bool,
    /// What the owner holds before the first ACE.
    owner: u32,
    parts: Vec<Part>,
}

/// An object type tree; node 0 is the root.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: Vec<TreeNode>,
    /// Whether a node is granted what all its children are granted.
    adds_up: bool,
}

#[derive(Clone, Debug)]
struct TreeNode {
    guid: Option<Guid>,
    parent: Option<usize>,
    grant: [Option<Decider>; BITS],
    deny: [Option<usize>; BITS],
}

/// An ACE that takes part, as the cases of MS-DTYP 2.5.3.2 tell them apart.
#[derive(Clone, Debug)]
struct Part {
    position: usize,
    allow: bool,
    mask: u32,
    object_type: Option<Guid>,
}

impl Tree {
    pub(crate) fn new(root: Option<Guid>) -> Tree {
        let mut tree = Tree {
            nodes: Vec::new(),
            adds_up: true,
        };
        tree.push(root, None);
        tree
    }

    /// Adds a node below `parent` and gives its number.
    pub(crate) fn add(&mut self, guid: Guid, parent: usize) -> usize {
        self.push(Some(guid), Some(parent))
    }

    /// The tree without the one rule that makes a whole of its parts.
    pub(crate) fn without_adding_up(self) -> Tree {
        Tree {
            adds_up: false,
            ..self
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn push(&mut self, guid: Option<Guid>, parent: Option<usize>) -> usize {
        self.nodes.push(TreeNode {
            guid,
            parent,
            grant: [None; BITS],
            deny: [None; BITS],
        });
        self.nodes.len() - 1
    }

    fn is_below(&self, node: usize, ancestor: usize) -> bool {
        let parent = self.nodes[node].parent;
        parent.is_some_and(|parent| parent == ancestor || self.is_below(parent, ancestor))
    }

    fn descendants(&self, of: usize) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|node| self.is_below(*node, of))
            .collect()
    }

    fn ancestors(&self, of: usize) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|node| self.is_below(of, *node))
            .collect()
    }

    fn siblings(&self, of: usize) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|node| *node != of && self.nodes[*node].parent == self.nodes[of].parent)
            .collect()
    }

    fn granted(&self, node: usize) -> [bool; BITS] {
        self.nodes[node].grant.map(|by| by.is_some())
    }

    /// "If the rights in M are not in Deny(v), then add the rights in M to Grant(v)".
    fn grant(&mut self, node: usize, mask: u32, by: Decider) {
        let node = &mut self.nodes[node];
        for bit in bits(mask) {
            if node.deny[bit].is_none() && node.grant[bit].is_none() {
                node.grant[bit] = Some(by);
            }
        }
    }

    /// "If the rights in M are not in Grant(v), then add the rights in M to Deny(v)".
    fn deny(&mut self, node: usize, mask: u32, position: usize) {
        let node = &mut self.nodes[node];
        for bit in bits(mask) {
            if node.grant[bit].is_none() && node.deny[bit].is_none() {
                node.deny[bit] = Some(position);
            }
        }
    }

    /// Rules 3.3 to 3.8 of MS-ADTS 5.1.3.3.3 for one ACE whose SID matches.
    fn apply(&mut self, part: &Part) {
        let at = match part.object_type {
            // "treat the ACE type as Access Allowed", or as Access Denied
            None => Some(0),
            Some(guid) => self.nodes.iter().position(|node| node.guid == Some(guid)),
        };
        let Some(at) = at else { return };
        if part.allow {
            let by = Decider::Ace(part.position);
            self.grant(at, part.mask, by);
            for below in self.descendants(at) {
                self.grant(below, part.mask, by);
            }
            if self.adds_up {
                self.hand_up(at);
            }
        } else {
            self.deny(at, part.mask, part.position);
            for below in self.descendants(at) {
                self.deny(below, part.mask, part.position);
            }
            for above in self.ancestors(at) {
                for bit in bits(part.mask) {
                    self.nodes[above].deny[bit].get_or_insert(part.position);
                }
            }
        }
    }

    /// What all children of a node are granted, the node is granted.
    fn hand_up(&mut self, mut node: usize) {
        while let Some(parent) = self.nodes[node].parent {
            let siblings = self.siblings(node);
            if siblings
                .into_iter()
                .any(|other| self.granted(other) != self.granted(node))
            {
                return;
            }
            for bit in 0..BITS {
                if let Some(by) = self.nodes[node].grant[bit] {
                    self.nodes[parent].grant[bit].get_or_insert(by);
                }
            }
            node = parent;
        }
    }

    /// Grant(u), the maximum access at a node, with what decided.
    fn decisions(&self, node: usize) -> Decisions {
        let node = &self.nodes[node];
        std::array::from_fn(|bit| match (node.grant[bit], node.deny[bit]) {
            (Some(by), _) => Decision::Granted(by),
            (None, by) => Decision::Denied(by),
        })
    }
}

impl Walk {
    /// MS-ADTS 5.1.3.3.2 and 5.1.3.3.3: what is granted at this node of this tree.
    pub(crate) fn over(&self, mut tree: Tree, node: usize) -> Decisions {
        if self.no_dacl {
            return std::array::from_fn(|bit| null_dacl(1 << bit));
        }
        for index in 0..tree.nodes.len() {
            tree.grant(index, self.owner, Decider::Owner);
        }
        for part in &self.parts {
            tree.apply(part);
        }
        tree.decisions(node)
    }

    /// MS-ADTS 5.1.3.3.4: a control access right.
    pub(crate) fn control_access(&self, right: Guid) -> Decision {
        self.right_by_guid(CR, right)
    }

    /// MS-ADTS 5.1.3.3.5: a validated write.
    pub(crate) fn validated_write(&self, right: Guid) -> Decision {
        self.right_by_guid(VW, right)
    }

    fn right_by_guid(&self, bit: u32, right: Guid) -> Decision {
        if self.no_dacl {
            return null_dacl(bit);
        }
        for part in &self.parts {
            if part.mask & bit == 0 {
                continue;
            }
            let named = part.object_type.is_none_or(|guid| guid == right);
            match (named, part.allow) {
                (true, true) => return Decision::Granted(Decider::Ace(part.position)),
                (true, false) => return Decision::Denied(Some(part.position)),
                (false, _) => {}
            }
        }
        Decision::Denied(None)
    }
}

impl Check<'_> {
    pub(crate) fn walk(&self) -> Walk {
        Walk {
            no_dacl: self.descriptor.dacl.is_none(),
            owner: self.owner_rights(),
            parts: self.parts(),
        }
    }

    /// What the owner holds before the walk (MS-DTYP 2.5.3.2; MS-ADTS 5.1.3.3.1 for blocking).
    fn owner_rights(&self) -> u32 {
        let owned = self
            .descriptor
            .owner
            .as_ref()
            .is_some_and(|owner| self.sid_in_token(owner));
        let named = self.aces().any(|(_, ace, known)| {
            !ace.flags.contains(AceFlags::INHERIT_ONLY)
                && kind(ace).is_some()
                && known.trustee.to_string() == "S-1-3-4"
        });
        match (owned && !named, self.blocked) {
            (false, _) => 0,
            (true, true) => RC,
            (true, false) => RC | WD,
        }
    }

    fn aces(&self) -> impl Iterator<Item = (usize, &Ace, &KnownAce)> {
        let aces = self.descriptor.dacl.iter().flat_map(|acl| &acl.aces);
        aces.enumerate()
            .filter_map(|(position, ace)| match &ace.body {
                AceBody::Known(known) => Some((position, ace, known)),
                AceBody::Unknown { .. } => None,
            })
    }

    /// The ACEs that are effective, match the token, and whose condition holds.
    fn parts(&self) -> Vec<Part> {
        self.aces()
            .filter(|(_, ace, _)| !ace.flags.contains(AceFlags::INHERIT_ONLY))
            .filter(|(_, _, known)| self.matches(&known.trustee))
            .filter_map(|(position, ace, known)| {
                let (allow, object, conditional) = kind(ace)?;
                let conditional = conditional || by_logon(&known.trustee);
                (!conditional || self.holding.contains(&position)).then_some(Part {
                    position,
                    allow,
                    mask: map_generic(known.mask.0) & ALL,
                    object_type: known.object_type.filter(|_| object),
                })
            })
            .collect()
    }

    fn matches(&self, trustee: &Sid) -> bool {
        match trustee.to_string().as_str() {
            "S-1-3-0" | "S-1-3-1" | "S-1-3-2" | "S-1-3-3" => false,
            "S-1-3-4" => self
                .descriptor
                .owner
                .as_ref()
                .is_some_and(|owner| self.sid_in_token(owner)),
            _ => self.sid_in_token(trustee),
        }
    }

    /// SidInToken of MS-DTYP 2.5.3.1.1.
    fn sid_in_token(&self, sid: &Sid) -> bool {
        let substitute = if sid.to_string() == "S-1-5-10" {
            self.object
        } else {
            Some(sid)
        };
        substitute.is_some_and(|wanted| self.token.iter().any(|held| held == wanted))
    }
}

/// Whether the ACE allows, has room for object types, and is conditional; by its type byte
/// (MS-DTYP 2.4.4.1). `None` if it is not for a DACL.
pub(crate) fn kind(ace: &Ace) -> Option<(bool, bool, bool)> {
    match ace.type_byte() {
        0x00 => Some((true, false, false)),
        0x01 => Some((false, false, false)),
        0x05 => Some((true, true, false)),
        0x06 => Some((false, true, false)),
        0x09 => Some((true, false, true)),
        0x0a => Some((false, false, true)),
        0x0b => Some((true, true, true)),
        0x0c => Some((false, true, true)),
        _ => None,
    }
}

/// SIDs that say how the requester logged on (MS-DTYP 2.4.2.4).
pub(crate) fn by_logon(sid: &Sid) -> bool {
    matches!(
        sid.to_string().as_str(),
        "S-1-5-64-10"
            | "S-1-5-64-14"
            | "S-1-5-64-21"
            | "S-1-5-65-1"
            | "S-1-18-2"
            | "S-1-18-3"
            | "S-1-18-4"
            | "S-1-18-5"
            | "S-1-18-6"
    )
}

/// "Grant the requester all possible access rights".
fn null_dacl(bit: u32) -> Decision {
    if ALL & bit == 0 {
        Decision::Denied(None)
    } else {
        Decision::Granted(Decider::NullDacl)
    }
}

fn map_generic(mask: u32) -> u32 {
    let mut mapped = mask;
    for (generic, rights) in [
        (GR, RC | LC | RP | LO),
        (GW, RC | WP | VW),
        (GX, RC | LC),
        (GA, ALL),
    ] {
        if mask & generic != 0 {
            mapped |= rights;
        }
    }
    mapped
}

fn bits(mask: u32) -> impl Iterator<Item = usize> {
    (0..BITS).filter(move |bit| mask & (1 << bit) != 0)
}
