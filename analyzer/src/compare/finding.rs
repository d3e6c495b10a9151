//! Findings that came, went or changed.
//!
//! Both sides are evaluated by the same pages, each at its own clock. A finding counts as opened only if the earlier side
//! shows that it was not there, and as closed only if the later side shows that it is gone. Deliberately evaluates nothing.

use std::collections::{HashMap, HashSet};

use coldcase_schemas::diff::{FindingChange, FindingState, ObjectChange, ObjectState};
use coldcase_schemas::report::{Finding, Report, RuleResult};

use crate::rules::identity;
use serde_json::Value;

/// What an object's own fate says of its findings.
enum Fate<'a> {
    Created,
    Gone,
    /// Not seen on one side, and why.
    Unseen(&'a str),
}

/// Compares the findings of two reports. `old_later` are the findings of the earlier directory at the later clock: what is
/// among them came by age alone.
pub(super) fn findings(
    old: &Report,
    new: &Report,
    objects: &[ObjectChange],
    old_later: &HashMap<String, Finding>,
) -> Vec<FindingChange> {
    let (before, now) = (Judgement::of(old), Judgement::of(new));
    let fates = fates(objects);
    let renames = renames(objects);
    let was: HashMap<&str, &Finding> = by_id(old);
    let half_named = half_named(old, new);
    let mut is: HashSet<&str> = new.findings.iter().map(|one| one.id.as_str()).collect();
    is.extend(half_named.values().map(|earlier| earlier.id.as_str()));
    let mut changes = Vec::new();
    for finding in &new.findings {
        let title = now.title(finding);
        let id = finding.id.as_str();
        let change = match was.get(id).or(half_named.get(id)) {
            Some(earlier) => {
                let unsure = [&before, &now]
                    .into_iter()
                    .find_map(|side| side.unjudged(finding));
                changed(earlier, finding, title, old_later, &renames).map(|change| FindingChange {
                    note: unsure.map_or_else(String::new, |why| {
                        format!("perhaps because a side did not see everything: {why}")
                    }),
                    ..change
                })
            }
            None => {
                let (state, note) = match fates.get(identity(&finding.subject)) {
                    Some(Fate::Created) => (FindingState::Opened, "the object is new".to_owned()),
                    Some(Fate::Unseen(why)) => (FindingState::UnknownBefore, (*why).to_owned()),
                    _ => match before.unjudged(finding) {
                        Some(why) => (FindingState::UnknownBefore, why),
                        None => (FindingState::Opened, String::new()),
                    },
                };
                Some(FindingChange {
                    state,
                    finding: finding.clone(),
                    title,
                    was: None,
                    evidence_changed: Vec::new(),
                    about: String::new(),
                    aged: aged(finding, old_later),
                    note,
                })
            }
        };
        changes.extend(change);
    }
    for finding in &old.findings {
        if is.contains(finding.id.as_str()) {
            continue;
        }
        let (state, note) = match fates.get(identity(&finding.subject)) {
            Some(Fate::Gone) => (FindingState::Closed, "the object is gone".to_owned()),
            Some(Fate::Unseen(why)) => (FindingState::UnknownNow, (*why).to_owned()),
            _ => match now.unjudged(finding) {
                Some(why) => (FindingState::UnknownNow, why),
                None => (FindingState::Closed, String::new()),
            },
        };
        changes.push(FindingChange {
            state,
            finding: finding.clone(),
            title: before.title(finding),
            was: None,
            evidence_changed: Vec::new(),
            about: String::new(),
            aged: false,
            note,
        });
    }
    changes.sort_by(|a, b| order(a).cmp(&order(b)));
    changes
}

/// What came first, the most severe first.
fn order(change: &FindingChange) -> impl Ord + '_ {
    let finding = &change.finding;
    (
        change.state,
        finding.severity,
        &finding.rule,
        &finding.subject,
        &finding.key,
    )
}

/// Earlier findings by the id of the later: of objects whose GUID only one side shows, which is part of the id.
fn half_named<'a>(old: &'a Report, new: &'a Report) -> HashMap<&'a str, &'a Finding> {
    let about = |finding: &'a Finding| {
        let sid = finding.subject.sid.as_deref()?;
        Some((finding.rule.as_str(), finding.key.as_str(), sid))
    };
    let shows = |finding: &Finding| finding.subject.object_guid.is_some();
    let by_sid: HashMap<_, &Finding> = old
        .findings
        .iter()
        .filter_map(|finding| Some((about(finding)?, finding)))
        .collect();
    new.findings
        .iter()
        .filter_map(|finding| {
            let earlier = by_sid.get(&about(finding)?)?;
            (shows(earlier) != shows(finding)).then_some((finding.id.as_str(), *earlier))
        })
        .collect()
}

fn by_id(report: &Report) -> HashMap<&str, &Finding> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.id.as_str(), finding))
        .collect()
}

fn fates(objects: &[ObjectChange]) -> HashMap<&str, Fate<'_>> {
    let mut fates = HashMap::new();
    for change in objects {
        let fate = match change.state {
            ObjectState::Created | ObjectState::Recreated => Fate::Created,
            ObjectState::Deleted => Fate::Gone,
            // An object that one side has alone says why; one that is on both sides has attributes that are not known.
            ObjectState::UnknownBefore | ObjectState::UnknownNow if !change.note.is_empty() => {
                Fate::Unseen(&change.note)
            }
            _ => continue,
        };
        fates.insert(identity(&change.subject), fate);
        if let Some(replaced) = &change.replaces {
            fates.insert(identity(replaced), Fate::Gone);
        }
    }
    fates
}

/// There on both sides: another severity or other evidence; `None` if it is as it was.
fn changed(
    earlier: &Finding,
    finding: &Finding,
    title: String,
    old_later: &HashMap<String, Finding>,
    renames: &Renames<'_>,
) -> Option<FindingChange> {
    let same_severity = earlier.severity == finding.severity;
    let same_evidence = earlier.evidence_sha256 == finding.evidence_sha256;
    if same_severity && same_evidence {
        return None;
    }
    let evidence_changed = if same_evidence {
        Vec::new()
    } else {
        evidence_changed(earlier, finding, renames)
    };
    // What one side did not see is no change.
    if same_severity && evidence_changed.is_empty() {
        return None;
    }
    Some(FindingChange {
        state: FindingState::Changed,
        finding: finding.clone(),
        title,
        was: (!same_severity).then_some(earlier.severity),
        evidence_changed,
        about: String::new(),
        aged: same_evidence && aged(finding, old_later),
        note: String::new(),
    })
}

/// Whether the earlier directory has the same finding once it is as late: the same severity and the same facts, ages
/// included. When somebody last logged on is no act that would have prevented it.
fn aged(finding: &Finding, old_later: &HashMap<String, Finding>) -> bool {
    let Some(later) = old_later.get(&finding.id) else {
        return false;
    };
    let facts = |finding: &Finding| {
        let facts = finding.evidence.iter();
        let mut facts: Vec<(String, String)> = facts
            .filter(|(name, _)| name.as_str() != "last_logon_days")
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect();
        facts.sort();
        facts
    };
    later.severity == finding.severity && facts(later) == facts(finding)
}

/// Former names of objects, and the present ones.
type Renames<'a> = HashSet<(&'a str, &'a str)>;

fn renames(objects: &[ObjectChange]) -> Renames<'_> {
    let mut renames = HashSet::new();
    for change in objects {
        let moved = change.was_dn.as_deref().zip(change.subject.dn.as_deref());
        renames.extend(moved);
        let names = change
            .attributes
            .iter()
            .filter(|attribute| attribute.single);
        let names = names.filter_map(|attribute| {
            let named = matches!(
                attribute.attribute.as_str(),
                "sAMAccountName" | "name" | "cn"
            );
            named.then_some(())?;
            Some((
                attribute.removed.first()?.as_str(),
                attribute.added.first()?.as_str(),
            ))
        });
        renames.extend(names);
    }
    renames
}

/// Names of the evidence that both sides show and that is another, ages aside. Another name of the same object is no
/// other evidence.
fn evidence_changed(earlier: &Finding, finding: &Finding, renames: &Renames<'_>) -> Vec<String> {
    let known = |finding: &'_ Finding, name: &str| {
        let value = finding.evidence.get(name).cloned();
        value.filter(|value| !value.is_null())
    };
    let names = finding.evidence.keys();
    names
        .filter(|name| !name.ends_with("_days"))
        .filter(|name| {
            let (was, is) = (known(earlier, name), known(finding, name));
            let renamed = |was: &Value, is: &Value| {
                let names = was.as_str().zip(is.as_str());
                names.is_some_and(|names| renames.contains(&names))
            };
            was.zip(is)
                .is_some_and(|(was, is)| was != is && !renamed(&was, &is))
        })
        .cloned()
        .collect()
}

/// What a report could judge.
struct Judgement<'a> {
    rules: HashMap<&'a str, &'a RuleResult>,
    /// Subject and rule.
    unjudged: HashSet<(&'a str, &'a str)>,
}

impl<'a> Judgement<'a> {
    fn of(report: &'a Report) -> Self {
        let rules = report.rules.iter();
        let accounts = report.accounts.iter();
        Self {
            rules: rules.map(|rule| (rule.id.as_str(), rule)).collect(),
            unjudged: accounts
                .flat_map(|account| {
                    let subject = identity(&account.subject);
                    let rules = account.not_evaluated.iter();
                    rules.map(move |rule| (subject, rule.as_str()))
                })
                .collect(),
        }
    }

    fn title(&self, finding: &Finding) -> String {
        let rule = self.rules.get(finding.rule.as_str());
        rule.map_or_else(String::new, |rule| rule.title.clone())
    }

    /// Why it is not known that the rule holds for the subject no more, or did not yet; `None` if it was judged.
    fn unjudged(&self, finding: &Finding) -> Option<String> {
        let Some(rule) = self.rules.get(finding.rule.as_str()) else {
            return Some("the rule did not run".to_owned());
        };
        let subject = (identity(&finding.subject), finding.rule.as_str());
        let judged =
            rule.reason.is_empty() || (rule.others_judged && !self.unjudged.contains(&subject));
        (!judged).then(|| rule.reason.clone())
    }
}
