//! Bars: findings by family and severity, ages of passwords, readers of managed passwords.
//!
//! Owns which bars there are and how long they are. What is not known has a bar of its own: it is not nought.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Report, Severity};

use super::account::Section;
use super::inventory::{Facts, Readers};
use super::words;

/// Units of the drawing between label and number.
const LONGEST: f64 = 200.0;

/// Where bars begin.
const LEFT: f64 = 172.0;

/// A bar and the blank below it.
const STEP: usize = 26;

/// Accounts whose readers are drawn.
const ACCOUNTS: usize = 12;

pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: String,
    /// Name and class of each series.
    pub(super) series: Vec<(&'static str, &'static str)>,
    pub(super) label: &'static str,
    pub(super) bars: Vec<Bar>,
    pub(super) height: usize,
}

pub(super) struct Bar {
    pub(super) label: String,
    /// Of each series.
    pub(super) values: Vec<usize>,
    pub(super) pieces: Vec<Piece>,
    /// What stands at the end of the bar.
    pub(super) total: String,
    pub(super) y: usize,
    pub(super) end: String,
}

pub(super) struct Piece {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) class: &'static str,
}

pub(super) fn charts(report: &Report, sections: &[Section<'_>]) -> Vec<Chart> {
    let charts = [families(report), ages(sections), readers(sections)];
    charts
        .into_iter()
        .filter(|chart| !chart.bars.is_empty())
        .collect()
}

fn families(report: &Report) -> Chart {
    const SERIES: [(Severity, &str, &str); 5] = [
        (Severity::Critical, "critical", "s-critical"),
        (Severity::High, "high", "s-high"),
        (Severity::Medium, "medium", "s-medium"),
        (Severity::Low, "low", "s-low"),
        (Severity::Info, "info", "s-info"),
    ];
    let of_rule: BTreeMap<&str, &str> = report
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule.family.as_str()))
        .collect();
    let partly: BTreeSet<&str> = report
        .rules
        .iter()
        .filter(|rule| !rule.reason.is_empty() && !rule.beyond_snapshot)
        .map(|rule| rule.family.as_str())
        .collect();
    let mut counts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for family in of_rule.values() {
        counts
            .entry(family)
            .or_insert_with(|| vec![0; SERIES.len()]);
    }
    for finding in &report.findings {
        let family = of_rule.get(finding.rule.as_str());
        let place = SERIES
            .iter()
            .position(|(severity, ..)| *severity == finding.severity);
        let counted = family.and_then(|family| counts.get_mut(family));
        if let Some(count) = place.and_then(|place| counted?.get_mut(place)) {
            *count += 1;
        }
    }
    let rows = counts.into_iter().map(|(family, values)| {
        let bound = if partly.contains(family) { "≥ " } else { "" };
        let total = format!("{bound}{}", values.iter().sum::<usize>());
        (words::family(family), values, total)
    });
    Chart::new(
        "families",
        "Findings by family",
        "≥ stands where a rule of the family did not see everything.".to_owned(),
        "family",
        SERIES.map(|(_, name, class)| (name, class)).to_vec(),
        rows.collect(),
    )
}

fn ages(sections: &[Section<'_>]) -> Chart {
    /// Up to so many days.
    const STEPS: [(f64, &str); 6] = [
        (30.0, "up to 30 days"),
        (90.0, "31 to 90 days"),
        (180.0, "91 to 180 days"),
        (365.0, "181 days to a year"),
        (730.0, "1 to 2 years"),
        (1826.0, "2 to 5 years"),
    ];
    let mut counts = vec![[0_usize; 2]; STEPS.len() + 3];
    for (section, facts) in service_accounts(sections) {
        let series = usize::from(section.account.subject.kind != "user");
        let place = match (facts.password_days, facts.password_unset) {
            (Some(days), _) => STEPS.iter().position(|(limit, _)| days.round() <= *limit),
            (None, true) => Some(STEPS.len() + 1),
            (None, false) => Some(STEPS.len() + 2),
        };
        let count = counts.get_mut(place.unwrap_or(STEPS.len()));
        if let Some(count) = count.and_then(|count| count.get_mut(series)) {
            *count += 1;
        }
    }
    let labels = STEPS.iter().map(|(_, label)| *label);
    let labels = labels.chain(["more than 5 years", "never set", words::NOT_KNOWN]);
    let rows = labels.zip(counts).map(|(label, values)| {
        let total: usize = values.iter().sum();
        (label.to_owned(), values.to_vec(), total.to_string())
    });
    Chart::new(
        "ages",
        "Age of passwords",
        "Service accounts by the days since their password was set, at the time of the snapshot."
            .to_owned(),
        "age",
        vec![
            ("user accounts", "s-user"),
            ("managed accounts", "s-managed"),
        ],
        rows.collect(),
    )
}

fn readers(sections: &[Section<'_>]) -> Chart {
    let mut listed: Vec<(usize, bool, &str, String)> = Vec::new();
    let (mut not_known, mut everybody) = (0_usize, 0_usize);
    for (section, facts) in service_accounts(sections) {
        match &facts.readers {
            Readers::NotSo => {}
            Readers::NotKnown => not_known += 1,
            Readers::Everybody => everybody += 1,
            Readers::Listed { count, first } => {
                let broad = first.iter().any(|reader| reader.broad);
                let total = section.readers.clone();
                listed.push((*count, broad, section.name, total));
            }
        }
    }
    listed.sort_by(|a, b| (b.1, b.0, a.2).cmp(&(a.1, a.0, b.2)));
    let mut about =
        "gMSAs and dMSAs by how many may read their password, groups counted by their members."
            .to_owned();
    let more = listed.len().saturating_sub(ACCOUNTS);
    for (count, words) in [
        (more, "more have fewer readers; the inventory has all"),
        (everybody, "have a list that lets everybody in"),
        (not_known, "have readers that are not known"),
    ] {
        if count > 0 {
            about.push_str(&format!(" {count} {words}."));
        }
    }
    let rows = listed
        .into_iter()
        .take(ACCOUNTS)
        .map(|(count, _, name, total)| (name.to_owned(), vec![count], total));
    Chart::new(
        "readers",
        "Readers of managed passwords",
        about,
        "account",
        vec![("readers", "s-managed")],
        rows.collect(),
    )
}

fn service_accounts<'a>(
    sections: &'a [Section<'a>],
) -> impl Iterator<Item = (&'a Section<'a>, &'a Facts)> {
    sections
        .iter()
        .filter_map(|section| Some((section, section.facts?)))
}

impl Chart {
    fn new(
        id: &'static str,
        title: &'static str,
        about: String,
        label: &'static str,
        series: Vec<(&'static str, &'static str)>,
        rows: Vec<(String, Vec<usize>, String)>,
    ) -> Self {
        let most = rows
            .iter()
            .map(|(_, values, _)| values.iter().sum::<usize>())
            .max();
        let scale = LONGEST / most.unwrap_or(1).max(1) as f64;
        let bars: Vec<Bar> = rows
            .into_iter()
            .enumerate()
            .map(|(number, (label, values, total))| {
                let mut x = LEFT;
                let mut pieces = Vec::new();
                for (value, (_, class)) in values.iter().zip(&series) {
                    let width = *value as f64 * scale;
                    if *value > 0 {
                        pieces.push(Piece {
                            x: format!("{x:.1}"),
                            width: format!("{width:.1}"),
                            class,
                        });
                    }
                    x += width;
                }
                Bar {
                    label,
                    values,
                    pieces,
                    total,
                    y: number * STEP,
                    end: format!("{:.1}", x + 6.0),
                }
            })
            .collect();
        Self {
            id,
            title,
            about,
            series,
            label,
            height: bars.len() * STEP,
            bars,
        }
    }

    /// A label that fits before the bar.
    pub(super) fn cut(&self, label: &str) -> String {
        const FITS: usize = 22;
        if label.chars().count() <= FITS {
            return label.to_owned();
        }
        let kept: String = label.chars().take(FITS - 1).collect();
        format!("{kept}…")
    }
}
