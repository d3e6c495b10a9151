//! A control path as a drawing: a box for each node, an arrow for each step with the right that makes it, in rows.
//!
//! A finding is drawn if its evidence tells a way to tier 0, or if the control graph has the step between its subject and
//! the one that its key names.
//!
//! Sizes are in the units of the drawing, which the style sheet shows as pixels. A browser cannot be asked here how wide
//! a text is, so boxes are wide and names are cut; the list below the drawing has every name and the evidence in full.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use askama::Template;
use coldcase_schemas::report::{AccountRisk, Finding, Severity};

use super::findings::Group;
use super::told::Told;
use super::words;
use crate::frames::Analysis;
use crate::paths::Chain;
use crate::report::{counted, visible, wrap};

const BOX: usize = 178;
const HIGH: usize = 52;
/// Between two boxes of a row, where the words of the arrow stand.
const GAP: usize = 140;
/// Between two rows.
const DOWN: usize = 74;
const IN_ROW: usize = 3;
const MARGIN: usize = 8;
/// Length of the head of an arrow.
const TIP: usize = 9;

/// Accounts whose way is drawn in their own section; a list tells it of every one.
const ACCOUNTS: usize = 25;

/// Characters of a name that fit into a box, and of the words that fit beside an arrow.
const NAME: usize = 22;
const WORDS: u16 = 20;

/// Ways to tier 0 of the accounts whose findings tell one.
pub(super) struct Drawings<'a> {
    analysis: &'a Analysis,
    places: BTreeMap<&'a str, usize>,
}

/// A way that begins with the step of a finding.
pub(super) struct Step(Chain);

#[derive(Template)]
#[template(path = "way.html")]
struct Way<'a> {
    title: String,
    width: usize,
    height: usize,
    nodes: Vec<Node>,
    arrows: Vec<Arrow>,
    chain: &'a Chain,
}

struct Node {
    name: String,
    whole: String,
    kind: String,
    x: usize,
    y: usize,
    end: bool,
}

struct Arrow {
    path: String,
    /// Its head.
    tip: String,
    /// Lines of text with their places.
    lines: Vec<(usize, usize, String)>,
}

impl<'a> Drawings<'a> {
    pub(super) fn new(analysis: &'a Analysis, findings: &'a [Finding]) -> Self {
        let told = findings
            .iter()
            .filter(|finding| ways(finding).next().is_some());
        let dns = told.filter_map(|finding| finding.subject.dn.as_deref());
        Self {
            analysis,
            places: dns
                .filter_map(|dn| Some((dn, analysis.directory.place_of_dn(dn)?)))
                .collect(),
        }
    }

    /// The way of a finding, if it is the one that the control graph has: what is drawn is what is told.
    pub(super) fn of(&self, finding: &Finding) -> Result<Option<String>> {
        let Some(place) = finding
            .subject
            .dn
            .as_deref()
            .and_then(|dn| self.places.get(dn))
        else {
            return Ok(None);
        };
        let Ok(node) = u32::try_from(*place) else {
            return Ok(None);
        };
        let graph = self.analysis.control_graph();
        let Some(chain) = graph.to_tier0(self.analysis, node) else {
            return Ok(None);
        };
        let words = chain.in_words();
        if !ways(finding).any(|way| way == words) {
            return Ok(None);
        }
        Ok(Some(drawn(&chain, |dn| self.kind_of(dn)).render()?))
    }

    /// The step that a finding is about, and on to tier 0. Which other object that is, its key says: somebody by SID, or a
    /// service by SPN.
    pub(super) fn step_of(&self, finding: &Finding) -> Option<Step> {
        let analysis = self.analysis;
        if finding.severity == Severity::Info {
            return None;
        }
        let place = analysis
            .directory
            .place_of_dn(finding.subject.dn.as_deref()?)?;
        let subject = u32::try_from(place).ok()?;
        let named = finding.key.split(' ').next()?;
        let other = match named.parse() {
            Ok(sid) => analysis.effective.tokens.of(&analysis.directory, &sid)?,
            Err(_) => u32::try_from(analysis.owners().of(named)?).ok()?,
        };
        let graph = analysis.control_graph();
        // What tier 0 may do is by design; what leads to it is not.
        let over = || match graph.is_tier0(other) {
            true => None,
            false => graph
                .by_step(analysis, other, subject)
                .or_else(|| graph.by_right_on(analysis, other, place)),
        };
        // The way of the subject itself is drawn once, in its own section.
        let own = |chain: &Chain| {
            let own = graph.to_tier0(analysis, subject);
            own.is_some_and(|own| own.in_words() == chain.in_words())
        };
        let under = || {
            graph
                .by_step(analysis, subject, other)
                .or_else(|| graph.by_membership(analysis, subject, other))
        };
        over()
            .or_else(|| under().filter(|chain| !own(chain)))
            .map(Step)
    }

    pub(super) fn draw(&self, step: &Step) -> Result<String> {
        Ok(drawn(&step.0, |dn| self.kind_of(dn)).render()?)
    }

    /// The ways of the first accounts that have one which no finding draws; nothing for the others.
    pub(super) fn of_accounts(
        &self,
        accounts: &[AccountRisk],
        told: &[Option<Told>],
        groups: &[Group<'_>],
    ) -> Result<Vec<Option<String>>> {
        let rows = groups.iter().flat_map(|group| &group.rows);
        let told_with_finding: BTreeSet<Option<&str>> = rows
            .filter(|row| row.tells_way)
            .map(|row| row.finding.subject.dn.as_deref())
            .collect();
        let mut left = ACCOUNTS;
        let drawings = accounts.iter().zip(told).map(|(account, told)| {
            let dn = account.subject.dn.as_deref();
            let has_way = told.as_ref().is_some_and(|told| !told.reach.way.is_empty());
            if left == 0 || !has_way || told_with_finding.contains(&dn) {
                return Ok(None);
            }
            let place = dn.and_then(|dn| self.analysis.directory.place_of_dn(dn));
            let node = place.and_then(|place| u32::try_from(place).ok());
            let graph = self.analysis.control_graph();
            let Some(chain) = node.and_then(|node| graph.to_tier0(self.analysis, node)) else {
                return Ok(None);
            };
            left -= 1;
            Ok(Some(drawn(&chain, |dn| self.kind_of(dn)).render()?))
        });
        drawings.collect()
    }

    fn kind_of(&self, dn: Option<&str>) -> String {
        let place = dn.and_then(|dn| self.analysis.directory.place_of_dn(dn));
        let object = place.and_then(|place| self.analysis.object(place));
        object.map_or_else(String::new, |object| {
            words::kind(object.kind.as_str()).to_owned()
        })
    }
}

/// Whether a column of the evidence holds a way: `way`, `tier0_way`.
pub(super) fn is_way(column: &str) -> bool {
    column.split('_').any(|word| word == "way")
}

/// Texts of the evidence that may be a way: those of a column that is named so.
fn ways(finding: &Finding) -> impl Iterator<Item = &str> {
    let named = finding.evidence.iter().filter(|(name, _)| is_way(name));
    named.filter_map(|(_, value)| value.as_str())
}

fn drawn(chain: &Chain, kind_of: impl Fn(Option<&str>) -> String) -> Way<'_> {
    let mut nodes = vec![node(0, &chain.from, kind_of(chain.from_dn.as_deref()))];
    let mut arrows = Vec::new();
    for (number, step) in chain.steps.iter().enumerate() {
        nodes.push(node(number + 1, &step.to, kind_of(step.to_dn.as_deref())));
        arrows.push(arrow(number, step.words));
    }
    if let Some(last) = nodes.last_mut() {
        last.end = true;
    }
    let rows = nodes.len().div_ceil(IN_ROW);
    let columns = nodes.len().min(IN_ROW);
    Way {
        title: format!(
            "{} reaches {} in {}",
            chain.from,
            chain.to,
            counted(chain.steps.len(), "step")
        ),
        width: 2 * MARGIN + columns * BOX + (columns - 1) * GAP,
        height: 2 * MARGIN + rows * HIGH + (rows - 1) * DOWN,
        nodes,
        arrows,
        chain,
    }
}

/// The upper left corner of a box.
fn corner(number: usize) -> (usize, usize) {
    let (row, column) = (number / IN_ROW, number % IN_ROW);
    (MARGIN + column * (BOX + GAP), MARGIN + row * (HIGH + DOWN))
}

fn node(number: usize, name: &str, kind: String) -> Node {
    let (x, y) = corner(number);
    Node {
        name: cut(name),
        whole: name.to_owned(),
        kind,
        x,
        y,
        end: false,
    }
}

/// The arrow from a box to the next one: to its right, or down to the beginning of the next row.
fn arrow(number: usize, words: &str) -> Arrow {
    let ((x, y), (to_x, to_y)) = (corner(number), corner(number + 1));
    if to_y == y {
        let lines = wrap(words, WORDS, 0);
        let (middle, level) = (x + BOX + GAP / 2, y + HIGH / 2);
        // Two lines stand above the arrow, more of them below.
        let lines = lines.into_iter().enumerate().map(|(line, text)| {
            let y = if line < 2 {
                level + 14 * line - 20
            } else {
                level + 14 * line - 10
            };
            (middle, y, text)
        });
        return Arrow {
            path: format!("M{} {level}H{}", x + BOX, to_x - TIP),
            tip: format!(
                "M{} {}L{to_x} {level}L{0} {}Z",
                to_x - TIP,
                level - 5,
                level + 5
            ),
            lines: lines.collect(),
        };
    }
    let (down, across) = (y + HIGH, y + HIGH + DOWN / 2);
    let (from, to) = (x + BOX / 2, to_x + BOX / 2);
    Arrow {
        path: format!("M{from} {down}V{across}H{to}V{}", to_y - TIP),
        tip: format!("M{} {}L{to} {to_y}L{} {1}Z", to - 5, to_y - TIP, to + 5),
        lines: vec![((x + to_x + BOX) / 2, across - 7, words.to_owned())],
    }
}

fn cut(name: &str) -> String {
    let name = visible(name);
    if name.chars().count() <= NAME {
        return name;
    }
    let kept: String = name.chars().take(NAME - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Step;

    /// A way through so many nodes after the first.
    fn chain(steps: usize) -> Chain {
        let name = |number: usize| format!("node-{number}");
        let step = |number: usize| Step {
            from: name(number),
            by: "member",
            words: "keeps the tickets of callers (a controller can be made to call), and so reaches",
            to: name(number + 1),
            to_dn: None,
            evidence: String::new(),
            act: true,
        };
        Chain {
            from: name(0),
            from_dn: None,
            to: name(steps),
            hops: 0,
            steps: (0..steps).map(step).collect(),
        }
    }

    #[test]
    fn a_long_way_goes_on_in_the_next_row() {
        let chain = chain(7);
        let way = drawn(&chain, |_| "user".to_owned());
        let rows: Vec<usize> = way.nodes.iter().map(|node| node.y).collect();
        assert_eq!(rows, [8, 8, 8, 134, 134, 134, 260, 260]);
        assert!(
            way.nodes
                .iter()
                .all(|node| node.x + BOX <= way.width && node.y + HIGH <= way.height)
        );
        assert_eq!(way.arrows.len(), 7);
        // The third and the sixth arrow go down to the first box of the next row.
        let down = way
            .arrows
            .iter()
            .map(|arrow| arrow.path.matches('V').count());
        assert_eq!(down.collect::<Vec<_>>(), [0, 0, 2, 0, 0, 2, 0]);
        let ends = way.nodes.iter().filter(|node| node.end).count();
        assert_eq!(ends, 1);
    }

    #[test]
    fn a_long_name_is_cut_in_its_box_only() {
        let mut chain = chain(1);
        chain.to = "x".repeat(10_000);
        if let Some(step) = chain.steps.first_mut() {
            step.to = chain.to.clone();
        }
        let way = drawn(&chain, |_| String::new());
        let last = way
            .nodes
            .last()
            .map(|node| (node.name.chars().count(), node.whole.len()));
        assert_eq!(last, Some((NAME, 10_000)));
    }
}
