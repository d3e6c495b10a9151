//! What a principal stands for: everybody, an administrator one expects, tier 0.
//!
//! Owns the well-known SIDs of MS-DTYP 2.4.2.4 that matter here and tier 0 by membership.
//! Deliberately does not follow control paths.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use coldcase_winsec::Sid;

use super::Memberships;
use crate::load::{Directory, Kind, Object};

/// RIDs of domain groups that are tier 0: Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins,
/// Key Admins, Enterprise Key Admins.
const TIER0_GROUPS: &[u32] = &[512, 516, 518, 519, 526, 527];

/// RIDs of tier-0 accounts: Administrator, krbtgt.
const TIER0_ACCOUNTS: &[u32] = &[500, 502];

/// BUILTIN\Administrators.
const ADMINISTRATORS: u32 = 544;

/// BUILTIN operators: Account, Server, Print, Backup, Replicator.
const OPERATORS: &[u32] = &[548, 549, 550, 551, 552];

/// Group Policy Creator Owners.
const GPO_CREATORS: u32 = 520;

/// Groups that have no fixed RID and give control over a server or the domain's names.
const OPERATORS_BY_NAME: &[&str] = &[
    "DnsAdmins",
    "Exchange Trusted Subsystem",
    "Exchange Windows Permissions",
    "Organization Management",
];

/// Everyone, Local, Dialup, Network, Batch, Interactive, Service, Anonymous, Authenticated Users, This Organization, Other
/// Organization, NTLM, SChannel and Digest Authentication, Authentication authority and Service asserted identity:
/// SIDs that stand in the token of whoever logs on in some ordinary way.
const BROAD: &[&str] = &[
    "S-1-1-0",
    "S-1-2-0",
    "S-1-5-1",
    "S-1-5-2",
    "S-1-5-3",
    "S-1-5-4",
    "S-1-5-6",
    "S-1-5-7",
    "S-1-5-11",
    "S-1-5-15",
    "S-1-5-1000",
    "S-1-5-64-10",
    "S-1-5-64-14",
    "S-1-5-64-21",
    "S-1-5-65-1",
    "S-1-18-1",
    "S-1-18-2",
    "S-1-18-3",
    "S-1-18-4",
    "S-1-18-5",
    "S-1-18-6",
];

/// BUILTIN Users, Guests, Pre-Windows 2000 Compatible Access.
const BROAD_BUILTIN: &[u32] = &[545, 546, 554];

/// Domain Users, Domain Guests, Domain Computers.
const BROAD_DOMAIN: &[u32] = &[513, 514, 515];

/// SYSTEM, Enterprise Domain Controllers, SELF, Creator Owner: hold rights by design.
const EXPECTED: &[&str] = &["S-1-5-18", "S-1-5-9", "S-1-5-10", "S-1-3-0"];

const SERVER_TRUST_ACCOUNT: i64 = 0x2000;

/// Groups that matter beyond this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupClass {
    Tier0,
    Operators,
}

impl GroupClass {
    /// As frames spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Tier0 => "tier0",
            Self::Operators => "operators",
        }
    }
}

/// Classification of all principals of a directory.
#[derive(Debug)]
pub(crate) struct Principals {
    /// Places of everything in tier 0: groups, their members, domain controllers.
    tier0: HashSet<usize>,
    /// Places of groups that are tier 0 by the word of whoever asks.
    added: HashSet<usize>,
    broad: HashSet<Sid>,
    expected: HashSet<Sid>,
    /// Places of the foreign principals that stand for Everyone and Authenticated Users.
    in_every_token: Vec<usize>,
    /// SIDs of the past, which are in the token like a group's.
    history: HashMap<usize, Vec<Sid>>,
}

impl Principals {
    /// `added` are places of what is tier 0 here beside the directory's own privileged groups.
    pub(crate) fn new(directory: &Directory, memberships: &Memberships, added: &[usize]) -> Self {
        let added: HashSet<usize> = added.iter().copied().collect();
        let history = sid_history(directory);
        let mut tier0 = tier0(directory, memberships, &added, &history);
        let sid = |text: &str| Sid::from_str(text).ok();
        let builtin = |rid: &u32| sid(&format!("S-1-5-32-{rid}"));
        let domain = |rid: &u32| directory.domain_rid(*rid);
        let broad = BROAD
            .iter()
            .filter_map(|text| sid(text))
            .chain(BROAD_BUILTIN.iter().filter_map(builtin))
            .chain(BROAD_DOMAIN.iter().filter_map(domain))
            .collect();
        let mut expected: HashSet<Sid> = EXPECTED
            .iter()
            .filter_map(|text| sid(text))
            .chain(builtin(&ADMINISTRATORS))
            .chain(TIER0_GROUPS.iter().filter_map(domain))
            .collect();
        // Full control of every managed account is Account Operators' schema default; it matters once somebody is in it.
        if let Some(operators) = builtin(&548) {
            // Links are counted, not memberships: a member of another domain has no object here.
            let group = directory
                .place_of_sid(&operators)
                .and_then(|place| directory.objects.get(place));
            let empty = group.is_some_and(|group| {
                !directory
                    .links("member")
                    .iter()
                    .any(|(object, _)| *object == group.id)
            });
            if empty {
                expected.insert(operators);
            }
        }
        let everyone = sid("S-1-1-0");
        let authenticated = sid("S-1-5-11");
        let in_every_token: Vec<usize> = [&everyone, &authenticated]
            .into_iter()
            .flatten()
            .filter_map(|sid| directory.place_of_sid(sid))
            .collect();
        // Schema and Enterprise Admins of the forest root hold rights in every domain of the forest.
        if let Some(root) = forest_root(directory) {
            expected.extend([518, 519].iter().filter_map(|rid| root.child(*rid).ok()));
        }
        // If everybody is in tier 0 by way of Everyone or Authenticated Users, then everybody is.
        if in_every_token.iter().any(|place| tier0.contains(place)) {
            let all = directory.objects.iter().enumerate();
            tier0.extend(
                all.filter(|(_, object)| object.kind.is_principal())
                    .map(|(place, _)| place),
            );
        }
        Self {
            history,
            tier0,
            added,
            broad,
            expected,
            in_every_token,
        }
    }

    /// SIDs of the past, by place.
    pub(crate) fn history(&self) -> &HashMap<usize, Vec<Sid>> {
        &self.history
    }

    /// In tier 0.
    pub(crate) fn is_tier0(&self, place: usize) -> bool {
        self.tier0.contains(&place)
    }

    /// Of a group: tier 0 by its SID or because it was added, operators, or neither. A group that is only nested in one of
    /// tier 0 is neither; what is in it is in the other too.
    pub(crate) fn group_class(&self, directory: &Directory, place: usize) -> Option<GroupClass> {
        let object = directory.objects.get(place)?;
        match object.kind {
            Kind::Group if self.added.contains(&place) => Some(GroupClass::Tier0),
            Kind::Group => built_in_class(directory, object),
            _ => None,
        }
    }

    /// Stands for everybody, or nearly.
    pub(crate) fn is_broad(&self, sid: &Sid) -> bool {
        self.broad.contains(sid)
    }

    /// Holds rights by design, or is tier 0 itself. Who stands for everybody is never expected.
    pub(crate) fn is_expected(&self, directory: &Directory, sid: &Sid) -> bool {
        let tier0 = || {
            directory
                .place_of_sid(sid)
                .is_some_and(|place| self.is_tier0(place))
        };
        !self.is_broad(sid) && (self.expected.contains(sid) || tier0())
    }

    /// Places from which the groups of `place` are followed: itself, its SIDs of the past and what is in every token.
    pub(crate) fn token_roots(&self, directory: &Directory, place: usize) -> Vec<usize> {
        let mut roots = self.present_roots(place);
        roots.extend(self.past(directory, place).map(|(_, past)| past));
        roots
    }

    /// The same without SIDs of the past.
    pub(crate) fn present_roots(&self, place: usize) -> Vec<usize> {
        let every = self.in_every_token.iter().copied();
        std::iter::once(place).chain(every).collect()
    }

    /// SIDs of the past of `place` that are an object's here, and the object's place.
    pub(crate) fn past<'a>(
        &'a self,
        directory: &'a Directory,
        place: usize,
    ) -> impl Iterator<Item = (&'a Sid, usize)> {
        let sids = self.history.get(&place).into_iter().flatten();
        sids.filter_map(|sid| Some((sid, directory.place_of_sid(sid)?)))
    }
}

/// Places of all of tier 0: roots by SID, flags or word of whoever asks, what holds the SID of one as a SID of the past, and
/// the members of each of them. A SID of the past is in the token like a group's, also that of a group one is in: so its holder may bring more members and more holders.
fn tier0(
    directory: &Directory,
    memberships: &Memberships,
    added: &HashSet<usize>,
    history: &HashMap<usize, Vec<Sid>>,
) -> HashSet<usize> {
    let mut tier0 = HashSet::new();
    let extend = |tier0: &mut HashSet<usize>, root: usize| {
        let new = tier0.insert(root);
        // Of what is no group there are no members.
        let members = memberships.all_members(root, |_| true);
        tier0.extend(members.iter().map(|member| member.place));
        new
    };
    for (place, object) in directory.objects.iter().enumerate() {
        let rid = domain_rid(directory, object);
        let root = match object.kind {
            Kind::Group => built_in_class(directory, object) == Some(GroupClass::Tier0),
            Kind::User => rid.is_some_and(|rid| TIER0_ACCOUNTS.contains(&rid)),
            Kind::Computer => is_domain_controller(object),
            _ => false,
        };
        if root || added.contains(&place) {
            extend(&mut tier0, place);
        }
    }
    loop {
        let privileged = |sid: &Sid| match directory.place_of_sid(sid) {
            Some(place) => tier0.contains(&place),
            None => is_tier0_sid(directory, sid),
        };
        let holders: Vec<usize> = history
            .iter()
            .filter(|(place, sids)| !tier0.contains(place) && sids.iter().any(privileged))
            .map(|(place, _)| *place)
            .collect();
        if holders.is_empty() {
            return tier0;
        }
        for holder in holders {
            extend(&mut tier0, holder);
        }
    }
}

/// By SID and name alone.
fn built_in_class(directory: &Directory, object: &Object) -> Option<GroupClass> {
    let sid = object.sid.as_ref()?;
    let rid = sid.rid()?;
    if let Some(rid) = domain_rid(directory, object) {
        if TIER0_GROUPS.contains(&rid) {
            return Some(GroupClass::Tier0);
        }
        let named = object.sam_account_name.as_deref().is_some_and(|name| {
            OPERATORS_BY_NAME
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        });
        return (rid == GPO_CREATORS || named).then_some(GroupClass::Operators);
    }
    match sid.sub_authorities() {
        [32, _] if rid == ADMINISTRATORS => Some(GroupClass::Tier0),
        [32, _] if OPERATORS.contains(&rid) => Some(GroupClass::Operators),
        _ => None,
    }
}

/// BUILTIN Server, Print and Backup Operators and DnsAdmins: what they may do on a domain controller leads to the domain.
pub(crate) fn operates_controllers(directory: &Directory, object: &Object) -> bool {
    const BY_RID: &[u32] = &[549, 550, 551];
    let builtin = object
        .sid
        .as_ref()
        .is_some_and(|sid| matches!(sid.sub_authorities(), [32, rid] if BY_RID.contains(rid)));
    let named = object
        .sam_account_name
        .as_deref()
        .is_some_and(|name| name.eq_ignore_ascii_case("DnsAdmins"));
    object.kind == Kind::Group && (builtin || (named && domain_rid(directory, object).is_some()))
}

/// SERVER_TRUST_ACCOUNT. The primary group tells only where the flags are not readable: anybody who may write
/// primaryGroupID could hide behind it. A read-only controller is none: it holds few secrets and is not tier 0.
pub(crate) fn is_domain_controller(object: &Object) -> bool {
    object
        .has_flag(SERVER_TRUST_ACCOUNT)
        .unwrap_or(object.primary_group_id == Some(516))
}

/// A SID of this domain's tier-0 groups and accounts, or BUILTIN\Administrators, whether or not the object is there.
fn is_tier0_sid(directory: &Directory, sid: &Sid) -> bool {
    let listed = |rid: u32| TIER0_GROUPS.contains(&rid) || TIER0_ACCOUNTS.contains(&rid);
    match (sid.domain(), sid.sub_authorities()) {
        (Some(domain), _) => Some(domain) == directory.domain_sid && sid.rid().is_some_and(listed),
        (None, [32, rid]) => *rid == ADMINISTRATORS,
        _ => false,
    }
}

fn sid_history(directory: &Directory) -> HashMap<usize, Vec<Sid>> {
    let mut history: HashMap<usize, Vec<Sid>> = HashMap::new();
    for (id, value) in directory.values("sIDHistory") {
        if let (Some(place), Ok(sid)) = (directory.place(*id), Sid::parse(value)) {
            history.entry(place).or_default().push(sid);
        }
    }
    history
}

/// SID of the forest root domain, if this is another domain of the forest and trusts it as such
/// (TRUST_ATTRIBUTE_WITHIN_FOREST, MS-ADTS 6.1.6.7.9).
fn forest_root(directory: &Directory) -> Option<&Sid> {
    const WITHIN_FOREST: i64 = 0x20;
    let manifest = &directory.manifest;
    let root = directory.trusts.iter().find(|trust| {
        trust
            .attributes
            .is_some_and(|flags| flags & WITHIN_FOREST != 0)
            && trust
                .partner
                .as_deref()
                .is_some_and(|partner| partner.eq_ignore_ascii_case(&manifest.forest))
    })?;
    root.sid.as_ref()
}

/// The RID, if the object's SID is of this domain.
fn domain_rid(directory: &Directory, object: &Object) -> Option<u32> {
    let sid = object.sid.as_ref()?;
    (sid.domain() == directory.domain_sid && directory.domain_sid.is_some())
        .then(|| sid.rid())
        .flatten()
}

#[cfg(test)]
mod tests {
    use crate::frames::Analysis;
    use crate::load::made::{HEAD, Made, domain_sid};

    #[test]
    fn a_group_with_a_tier_0_sid_of_the_past_brings_its_members_and_their_holders() {
        let mut made = Made::new();
        made.principal("group", "Domain Admins", HEAD, 512);
        let moved = made.principal("group", "Moved", HEAD, 1200);
        let member = made.principal("user", "svc-a", HEAD, 1101);
        let holder = made.principal("user", "svc-b", HEAD, 1102);
        let stranger = made.principal("user", "svc-c", HEAD, 1103);
        made.history.push((moved, domain_sid(512)));
        made.member(moved, member);
        made.history.push((holder, domain_sid(1101)));
        let analysis = Analysis::new(made.directory());
        let tier0 = |place| analysis.principals.is_tier0(place);
        assert_eq!(
            [moved, member, holder, stranger].map(tier0),
            [true, true, true, false]
        );
    }

    #[test]
    fn the_sid_counts_also_where_its_group_was_not_collected() {
        let mut made = Made::new();
        let moved = made.principal("group", "Moved", HEAD, 1200);
        let member = made.principal("user", "svc-a", HEAD, 1101);
        made.history.push((moved, domain_sid(519)));
        made.member(moved, member);
        let analysis = Analysis::new(made.directory());
        assert!(analysis.principals.is_tier0(member));
    }
}
