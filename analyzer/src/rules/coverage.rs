//! What a rule needs, held against what the collection saw.
//!
//! Owns the sentences that explain a *not evaluated*. Unknown is not clean: an attribute that nobody could
//! read, a query that was cut short and a kind that is hidden by default all count as not seen.

use std::collections::BTreeSet;

use std::str::FromStr as _;

use anyhow::{Result, bail};

use coldcase_schemas::plan::{QUERIES, is_part_of};
use coldcase_winsec::Sid;

use super::page::{Front, Needs, OutsideFact};
use crate::assumptions::Known;
use crate::frames::{Analysis, Starts};
use crate::load::{Directory, Fact, Kind, Object};

/// noSuchObject: the base is not there or may not be seen, and nothing tells which.
const NO_SUCH_OBJECT: u32 = 32;

/// Queries that bring something in every domain, if the collector may see it.
const NEVER_EMPTY: &[&str] = &[
    "users",
    "groups",
    "computers",
    "containers",
    "schema-classes",
    "schema-attributes",
    "cross-refs",
    "extended-rights",
    // The two default policies, and the well-known SIDs of which every domain's groups have some.
    "gpos",
    "foreign-principals",
];

/// Kinds that default ACLs hide.
const VISIBLE: &[&str] = &["dmsa", "kds-root-keys", "password-settings"];

/// Why a rule cannot say *clear*.
#[derive(Debug, Default)]
pub(super) struct Limits {
    sentences: Vec<String>,
    /// True if something may be there that was not seen, so that its absence proves nothing.
    pub(super) hide_presence: bool,
    /// Places of subjects that do not show what the rule needs of them.
    pub(super) subjects: BTreeSet<usize>,
    /// True if it needs what no snapshot holds and nobody has said.
    pub(super) beyond: bool,
    /// True if something else limits the rule, so that no subject is known to be clear.
    others: bool,
}

impl Limits {
    /// True if the rule saw everything it needs.
    pub(super) fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// As one line.
    pub(super) fn sentence(&self) -> String {
        self.sentences.join("; ")
    }

    /// True if all subjects but those in `subjects` were judged.
    pub(super) fn others_judged(&self) -> bool {
        !self.others
    }

    fn add(&mut self, limit: Option<String>) {
        self.hide_presence |= limit.is_some();
        self.others |= limit.is_some();
        self.sentences.extend(limit);
    }
}

/// Why `needs` are not met.
///
/// # Errors
/// The page names a kind, attribute or visibility that does not exist.
pub(super) fn limits(analysis: &Analysis, front: &Front) -> Result<Limits> {
    let directory = &analysis.directory;
    let needs = &front.needs;
    let mut limits = Limits::default();
    for name in &needs.queries {
        limits.add(query_limit(directory, name));
        limits.add(cut_short_limit(directory, name));
    }
    let queries: Vec<&str> = needs.queries.iter().map(String::as_str).collect();
    for attribute in &needs.attributes {
        limits.add(directory.not_asked(&queries, attribute));
        limits.add(directory.withheld(&queries, attribute));
    }
    // Tier 0, readers and who is expected all hang on memberships.
    if needs.queries.iter().any(|name| name == "groups")
        && !needs.attributes.iter().any(|name| name == "member")
    {
        limits.add(directory.withheld(&queries, "member"));
    }
    if needs.free_text && !directory.manifest.pseudonyms.is_empty() {
        limits.add(Some(
            "it reads free text, and this snapshot has pseudonyms in its place".to_owned(),
        ));
    }
    for (kind, attributes) in &needs.readable {
        for attribute in attributes {
            readable_limit(analysis, front, (kind, attribute), &mut limits)?;
        }
    }
    for object in &needs.present {
        limits.add(present_limit(directory, object));
    }
    for fact in &needs.facts {
        let limit = fact_limit(analysis, *fact);
        limits.beyond |= limit.is_some() && fact.is_beyond();
        limits.add(limit);
    }
    for kind in &needs.visible {
        let limit = visible_limit(directory, kind)?;
        // Root keys are looked for by those who miss them; a dMSA is not, so what is said of others holds. Nor does it
        // change what is said of a subject that is judged by itself, unless they are only what a subject is judged by.
        if kind == "dmsa" {
            let subject = front.applies_to.iter().any(|about| about == kind);
            limits.others |= limit.is_some() && !(needs.each_by_itself && subject);
            limits.sentences.extend(limit);
        } else {
            limits.add(limit);
        }
    }
    Ok(limits)
}

fn fact_limit(analysis: &Analysis, fact: OutsideFact) -> Option<String> {
    match fact {
        OutsideFact::Sysvol => {
            let collected = analysis
                .directory
                .query("sysvol")
                .is_some_and(|row| row.is_complete());
            (!collected).then(|| {
                "the settings of group policies were not collected, or not all (--sysvol)"
                    .to_owned()
            })
        }
        OutsideFact::SystemAcl => {
            Some("system ACLs are not in a snapshot: ordinary users may not read them".to_owned())
        }
        OutsideFact::ControllerUpdates => {
            let told = analysis.assumptions.controllers.updated != Known::Unknown;
            (!told && analysis.may_have_2025()).then(|| {
                "a directory does not say which updates its controllers have, and coldcase.toml does not either \
                 (controllers.updated)"
                    .to_owned()
            })
        }
    }
}

/// Why a query's answer does not prove that something is not there; `None` if it does.
pub(crate) fn query_limit(directory: &Directory, name: &str) -> Option<String> {
    let Some(row) = directory.query(name) else {
        return Some(format!("the query {name} was not asked"));
    };
    let Some(outcome) = &row.outcome else {
        return Some(format!("the query {name} did not come to its end"));
    };
    if !outcome.complete && !directory.manifest.exports.is_empty() {
        return Some(format!(
            "of {name} {} are here, perhaps not all: {}",
            row.stored, outcome.result_text
        ));
    }
    if !outcome.complete {
        return Some(format!(
            "the query {name} ended early after {} entries: {}",
            outcome.entries, outcome.result_text
        ));
    }
    if outcome.result_code == Some(NO_SUCH_OBJECT) {
        // Then it is known not to be there.
        if name == "authentication-silos" && has_no_silos(directory) {
            return None;
        }
        return Some(format!("{} is not there or may not be seen", row.plan.base));
    }
    // A base that answers with success and no object is an object that the collector may not see, and so is everything of
    // which each domain has some.
    if row.stored > 0 {
        return None;
    }
    if NEVER_EMPTY.contains(&name) {
        return Some(format!(
            "the query {name} brought nothing, which no domain is without"
        ));
    }
    (row.plan.scope == "base").then(|| format!("{} may not be seen", row.plan.base))
}

/// Silos come with Windows Server 2012 R2: a controller of a lower level finds no policy (MS-KILE 3.3.5.5), and the domain's
/// level is that of the oldest one it may have.
fn has_no_silos(directory: &Directory) -> bool {
    const WIN2012R2: i64 = 6;
    let level = directory.domain.functional_level;
    level.is_some_and(|level| level < WIN2012R2)
}

/// A list of values that was cut short (a range that could not be read to its end) may hide anything.
pub(crate) fn cut_short_limit(directory: &Directory, query: &str) -> Option<String> {
    let mut lists = directory
        .cut_short
        .iter()
        .filter(|list| list.query == query || is_part_of(&list.query, query))
        .peekable();
    lists.peek()?;
    let lists: Vec<String> = lists
        .map(|list| format!("{} of {} objects", list.attribute, list.objects))
        .collect();
    Some(format!(
        "values were cut short in the query {query}: {}",
        lists.join(", ")
    ))
}

/// An attribute that some object of a kind does not show. Where the rule judges each subject by itself, only those are
/// not known.
fn readable_limit(
    analysis: &Analysis,
    front: &Front,
    (kind, attribute): (&str, &str),
    limits: &mut Limits,
) -> Result<()> {
    let directory = &analysis.directory;
    if let Some(hidden) = of_the_domain(directory, kind, attribute) {
        limits.add(hidden.then(|| format!("the domain does not show {attribute}")));
        return Ok(());
    }
    let fact = Fact::named(attribute);
    if fact.is_none() && attribute != START {
        bail!("needs.readable cannot watch the attribute {attribute}");
    }
    let mut starts = Starts::new(analysis);
    let Some(belongs) = kind_named(kind) else {
        bail!("needs.readable does not know the kind {kind}");
    };
    let (mut count, mut hidden) = (0_u64, 0_u64);
    for (place, object) in directory.objects.iter().enumerate() {
        if !belongs(object) {
            continue;
        }
        count += 1;
        let shown = match fact {
            Some(fact) => shown(directory, object, fact),
            None => starts.knows(object),
        };
        if shown {
            continue;
        }
        hidden += 1;
        let subject = front
            .applies_to
            .iter()
            .any(|kind| kind == object.kind.as_str());
        if subject {
            limits.subjects.insert(place);
        }
        // What one subject hides makes nothing absent for another that is judged by what it shows itself.
        let others = !subject || !front.needs.each_by_itself;
        limits.others |= others;
        limits.hide_presence |= others;
    }
    if hidden > 0 {
        limits.sentences.push(if fact.is_some() {
            format!("{hidden} of {count} {kind} objects do not show {attribute}")
        } else {
            format!("it is not known what {hidden} of {count} {kind} objects start with ({START}, AdminSDHolder)")
        });
    }
    Ok(())
}

/// What an object starts with: an attribute of its class and, where it is protected, AdminSDHolder's permissions.
const START: &str = "defaultSecurityDescriptor";

/// Attributes of the head of the domain that `needs.readable` can watch.
const OF_THE_DOMAIN: &[&str] = &[
    "ms-DS-MachineAccountQuota",
    "msDS-Behavior-Version",
    "otherWellKnownObjects",
    "minPwdLength",
    "pwdProperties",
];

/// Whether the head of the domain hides the attribute; `None` if it is none of these.
fn of_the_domain(directory: &Directory, kind: &str, attribute: &str) -> Option<bool> {
    let domain = &directory.domain;
    let shown = match attribute {
        "ms-DS-MachineAccountQuota" => domain.machine_account_quota.is_some(),
        "msDS-Behavior-Version" => domain.functional_level.is_some(),
        "minPwdLength" => domain.min_password_length.is_some(),
        "pwdProperties" => domain.password_properties.is_some(),
        "otherWellKnownObjects" => {
            let head = directory.head.and_then(|head| directory.objects.get(head));
            let mut values = directory.values(attribute).iter();
            head.is_some_and(|head| values.any(|(object, _)| *object == head.id))
        }
        _ => return None,
    };
    (kind == "domain").then_some(!shown)
}

/// The objects that `needs.readable` calls so.
fn kind_named(kind: &str) -> Option<fn(&Object) -> bool> {
    Some(match kind {
        "gmsa" => |object| object.kind == Kind::Gmsa,
        "smsa" => |object| object.kind == Kind::Smsa,
        "dmsa" => |object| object.kind == Kind::Dmsa,
        "service-user" => |object| object.kind == Kind::User && object.is_service_account(),
        "account" => Object::is_service_account,
        "principal" => |object| object.kind.is_principal(),
        "computer" => |object| object.kind == Kind::Computer,
        "container" => |object| matches!(object.kind, Kind::Container | Kind::OrganizationalUnit),
        "group" => |object| object.kind == Kind::Group,
        "gpo" => |object| object.kind == Kind::Gpo,
        "domain" => |object| object.kind == Kind::Domain,
        "kds-root-key" => |object| object.kind == Kind::KdsRootKey,
        _ => return None,
    })
}

/// Whether the names in `needs` mean something.
///
/// # Errors
/// The first one that does not.
pub(super) fn known(needs: &Needs) -> Result<()> {
    let mut queries: Vec<&str> = QUERIES.iter().map(|query| query.name).collect();
    queries.push("sysvol");
    for name in &needs.queries {
        if !queries.contains(&name.as_str()) {
            bail!(
                "needs.queries does not know {name:?}; known are {}",
                queries.join(", ")
            );
        }
    }
    for attribute in &needs.attributes {
        if coldcase_schemas::attribute::find(attribute).is_none() {
            bail!("needs.attributes names {attribute:?}, which is never collected");
        }
    }
    for (kind, attributes) in &needs.readable {
        for attribute in attributes {
            let special = kind == "domain" && OF_THE_DOMAIN.contains(&attribute.as_str());
            if !special && attribute != START && Fact::named(attribute).is_none() {
                bail!("needs.readable cannot watch the attribute {attribute:?}");
            }
            if kind_named(kind).is_none() {
                bail!("needs.readable does not know the kind {kind:?}");
            }
        }
    }
    match needs
        .visible
        .iter()
        .find(|kind| !VISIBLE.contains(&kind.as_str()))
    {
        Some(kind) => bail!(
            "needs.visible does not know {kind:?}; known are {}",
            VISIBLE.join(", ")
        ),
        None => Ok(()),
    }
}

/// A descriptor that could not be decoded whole may hide anything.
fn shown(directory: &Directory, object: &Object, fact: Fact) -> bool {
    let descriptor = match fact {
        Fact::Descriptor => object.descriptor,
        Fact::Readers => object.readers,
        Fact::AllowedToAct => object.allowed_to_act,
        Fact::UserAccountControl
        | Fact::PwdLastSet
        | Fact::PasswordId
        | Fact::PasswordAttribute => None,
    };
    object.shows(fact) && !descriptor.is_some_and(|id| directory.descriptors.is_broken(id))
}

/// A single object that the rule looks at and the snapshot does not hold.
fn present_limit(directory: &Directory, wanted: &str) -> Option<String> {
    let there = match Sid::from_str(wanted) {
        Ok(sid) => directory.place_of_sid(&sid).is_some(),
        Err(_) => {
            let start = format!("{},", wanted.to_lowercase());
            let mut objects = directory.objects.iter();
            objects.any(|object| object.dn.to_lowercase().starts_with(&start))
        }
    };
    (!there).then(|| format!("{wanted} is not in the snapshot"))
}

fn visible_limit(directory: &Directory, kind: &str) -> Result<Option<String>> {
    let Some(hidden) = directory.may_hide(kind) else {
        bail!("needs.visible does not know {kind}");
    };
    Ok(hidden.then(|| {
        let what = match kind {
            "dmsa" => "dMSAs",
            "password-settings" => "password settings objects",
            _ => "KDS root keys",
        };
        let why = if directory.requester.is_known() {
            "who collected is no administrator"
        } else {
            "the snapshot does not tell whether an administrator collected"
        };
        format!("{what} are hidden from ordinary users, and {why}")
    }))
}

#[cfg(test)]
mod tests {
    use coldcase_schemas::ledger::{Absence, CoverageRow};

    use super::*;
    use crate::load::Requester;
    use crate::load::made::{Made, domain_sid};

    fn withheld(absence: Absence, rid: u32) -> Option<String> {
        let mut directory = Made::new().directory();
        directory.requester = Requester::with(vec![domain_sid(rid)]);
        directory.coverage.push(CoverageRow {
            query: "computers".to_owned(),
            class: "computer".to_owned(),
            attribute: "msDS-HostServiceAccount".to_owned(),
            objects: 7,
            absence,
        });
        directory.withheld(&["computers"], "msDS-HostServiceAccount")
    }

    #[test]
    fn what_may_have_been_withheld_is_not_known() {
        let said = Some("msDS-HostServiceAccount was not shown of 7 computer objects".to_owned());
        assert_eq!(withheld(Absence::NotReadable, 512), said);
        assert_eq!(withheld(Absence::NotReadable, 513), said);
        assert_eq!(withheld(Absence::Unknown, 513), said);
        assert_eq!(withheld(Absence::Unknown, 512), None);
        assert_eq!(withheld(Absence::NoValue, 513), None);
    }

    #[test]
    fn what_every_domain_has_was_not_seen_if_nothing_came() {
        let mut made = Made::new();
        made.complete = NEVER_EMPTY.iter().chain(&["trusts"]).copied().collect();
        let mut directory = made.directory();
        for row in &mut directory.ledger {
            row.stored = 0;
        }
        for name in NEVER_EMPTY {
            let said = query_limit(&directory, name).unwrap_or_default();
            assert!(said.contains("no domain is without"), "{name}: {said}");
        }
        assert!(NEVER_EMPTY.contains(&"gpos") && NEVER_EMPTY.contains(&"foreign-principals"));
        assert_eq!(query_limit(&directory, "trusts"), None);
    }

    #[test]
    fn the_object_looked_at_must_be_there() {
        let mut made = Made::new();
        let dn = "CN=AdminSDHolder,CN=System,DC=corp,DC=example";
        made.add("container", dn);
        made.foreign("S-1-5-32-548");
        let directory = made.directory();
        let missing = |wanted| present_limit(&directory, wanted).is_some();
        assert!(!missing("cn=adminsdholder,CN=System"));
        assert!(!missing("S-1-5-32-548"));
        // Another object of that name, or one whose name only begins so.
        assert!(missing("CN=AdminSDHolder,CN=Users"));
        assert!(missing("CN=AdminSD"));
        assert!(missing("S-1-5-32-549"));
    }
}
