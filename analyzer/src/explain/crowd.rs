//! Whom a holder of a right stands for: how many, how many of them in tier 0, and some by name.
//!
//! Found once for each holder and set of denied members. Deliberately does not say what they hold.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use coldcase_schemas::report::Subject;
use coldcase_winsec::Sid;

use crate::frames::{Analysis, kind_of};
use crate::graph::{Holder, Reach};
use crate::load::{Kind, Object};
use crate::rules::subject_of;

/// Names that are told of many.
pub(super) const EXAMPLES: usize = 10;

/// Who is behind a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crowd {
    reach: Arc<Reach>,
    denied: Option<Arc<Reach>>,
    /// Users, computers and managed accounts.
    principals: u64,
    tier0: u64,
    /// Members without an object here, whose own members nobody knows.
    outside: u64,
    /// Places of the first, those outside tier 0 before others, then by name; one more than is told.
    first: Vec<usize>,
}

/// A crowd without the account that it is about.
pub(super) struct Counted {
    pub(super) principals: u64,
    pub(super) tier0: u64,
    pub(super) outside: u64,
    pub(super) examples: Vec<String>,
}

/// All that were asked for. A set of denied members is known by its address, which it keeps as long as the crowd does.
pub(super) struct Crowds<'a> {
    analysis: &'a Analysis,
    known: HashMap<(Holder, Option<usize>), Rc<Crowd>>,
}

impl<'a> Crowds<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            known: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, holder: Holder, denied: Option<&Arc<Reach>>) -> Rc<Crowd> {
        let key = (holder, denied.map(|denied| Arc::as_ptr(denied).addr()));
        let analysis = self.analysis;
        let crowd = self.known.entry(key);
        let crowd = crowd.or_insert_with(|| Rc::new(gather(analysis, holder, denied)));
        Rc::clone(crowd)
    }
}

impl Crowd {
    /// Without the account at `place`, which is nobody else.
    pub(super) fn without(&self, analysis: &Analysis, place: usize) -> Counted {
        let own = Holder::try_from(place).is_ok_and(|own| {
            let denied = self.denied.as_ref();
            self.reach.contains(own) && !denied.is_some_and(|denied| denied.contains(own))
        }) && analysis
            .object(place)
            .is_some_and(|object| object.kind.is_principal());
        let tier0 = own && analysis.principals.is_tier0(place);
        let others = self.first.iter().filter(|other| **other != place);
        Counted {
            principals: self.principals - u64::from(own),
            tier0: self.tier0 - u64::from(tier0),
            outside: self.outside,
            examples: others
                .filter_map(|other| analysis.object(*other))
                .map(|object| analysis.title(object))
                .take(EXAMPLES)
                .collect(),
        }
    }
}

fn gather(analysis: &Analysis, holder: Holder, denied: Option<&Arc<Reach>>) -> Crowd {
    let tokens = &analysis.effective.tokens;
    let reach = tokens.reach(holder);
    let mut places = Vec::new();
    let mut outside = 0_u64;
    for member in reach.holders() {
        if denied.is_some_and(|denied| denied.contains(member)) {
            continue;
        }
        let Some(place) = tokens.place(member) else {
            let sid = analysis.sid_of(member);
            // A well-known SID stands for members that were counted, or for nobody who has an account.
            let stranger =
                sid.is_some_and(|sid| kind_of(analysis, Some(sid), None) != "well-known");
            outside += u64::from(stranger);
            continue;
        };
        let Some(object) = analysis.object(place) else {
            continue;
        };
        match object.kind {
            kind if kind.is_principal() => places.push(place),
            Kind::Group => outside += analysis.memberships.outside(place).len() as u64,
            Kind::ForeignPrincipal => {
                let kind = kind_of(analysis, object.sid.as_ref(), None);
                outside += u64::from(kind != "well-known");
            }
            _ => (),
        }
    }
    let is_tier0 = |place: &usize| analysis.principals.is_tier0(*place);
    let name = |place: &usize| analysis.object(*place).map(Object::display_name);
    let tier0 = places.iter().filter(|place| is_tier0(place)).count() as u64;
    let principals = places.len() as u64;
    let order = |a: &usize, b: &usize| {
        let key = |place: &usize| (is_tier0(place), name(place), *place);
        key(a).cmp(&key(b))
    };
    // Of a hundred thousand a few are told.
    if places.len() > EXAMPLES + 1 {
        places.select_nth_unstable_by(EXAMPLES, order);
        places.truncate(EXAMPLES + 1);
    }
    places.sort_by(order);
    Crowd {
        denied: denied.cloned(),
        principals,
        tier0,
        outside,
        first: places,
        reach,
    }
}

/// A holder as other programs know it.
pub(super) fn subject_of_sid(analysis: &Analysis, sid: &Sid) -> Subject {
    let place = analysis.directory.place_of_sid(sid);
    match place.and_then(|place| analysis.object(place)) {
        Some(object) => subject_of(object),
        None => Subject {
            object_guid: None,
            sid: Some(sid.to_string()),
            sam_account_name: None,
            dn: None,
            kind: kind_of(analysis, Some(sid), None).to_owned(),
        },
    }
}
