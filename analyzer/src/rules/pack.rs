//! The pack: built-in pages and a consultant's own.
//!
//! Owns the order of rules, the uniqueness of ids and the pack's hash.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};

use super::{Page, Problem, check, check_joins};
use crate::frames::Frames;
use crate::given;
use crate::typo::did_you_mean;

/// File name and text of every built-in page, sorted by name.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The largest page that is read.
pub(crate) const PAGE_LIMIT: u64 = 1 << 20;

/// A page that does not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(file: &str, problem: Problem) -> Self {
        Self {
            file: file.to_owned(),
            line: problem.line,
            reason: problem.message,
        }
    }
}

/// All rules that will run, ordered by family and code.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    pub(crate) pages: Vec<Page>,
    /// Pages of a consultant's own that cannot run.
    pub(crate) refused: Vec<Refusal>,
    /// Where each of a consultant's own pages is, by id.
    own: BTreeMap<String, String>,
    /// SHA-256 over all pages, and over the ids of those that were selected; lower-case hexadecimal.
    pub(crate) sha256: String,
    /// Rules that were not asked for.
    pub(crate) left_out: u64,
}

impl Pack {
    /// The built-in pages, and those under `own`; of these the malformed ones, and those with the id or code of another,
    /// are refused.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read, or it holds no page. A built-in page is malformed, which is a defect of
    /// the program.
    pub(crate) fn load(own: Option<&Path>) -> Result<Self> {
        let mut loading = Loading::default();
        for (name, text) in BUILT_IN {
            if let Err(problem) = loading.add(name, text) {
                bail!("{}", problem.at(name));
            }
        }
        let built_in = loading.by_id.len();
        let mut refused = Vec::new();
        for file in own.map_or_else(|| Ok(Vec::new()), files)? {
            let name = file.display().to_string();
            let text = given::page(&file, PAGE_LIMIT).map_err(|error| {
                Problem::new(error.line.unwrap_or(1), format!("it {}", error.what))
            });
            if let Err(problem) = text.and_then(|text| loading.add(&name, &text)) {
                refused.push(Refusal::new(&name, problem));
            }
        }
        let Loading {
            by_id,
            hasher,
            order,
            ..
        } = loading;
        let own = order
            .into_iter()
            .skip(built_in)
            .filter_map(|id| Some((id.clone(), by_id.get(&id)?.0.clone())))
            .collect();
        let mut pages: Vec<Page> = by_id.into_values().map(|(_, page)| page).collect();
        pages.sort_by(|a, b| {
            (&a.front.family, &a.front.code, &a.front.id).cmp(&(
                &b.front.family,
                &b.front.code,
                &b.front.id,
            ))
        });
        let sha256 = super::hex(&hasher.finalize());
        Ok(Self {
            pages,
            refused,
            own,
            sha256,
            left_out: 0,
        })
    }

    /// No page at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self {
            pages: Vec::new(),
            refused: Vec::new(),
            own: BTreeMap::new(),
            sha256: String::new(),
            left_out: 0,
        }
    }

    /// The file of a page that is not built in.
    pub(crate) fn file_of(&self, page: &Page) -> Option<&str> {
        self.own.get(&page.front.id).map(String::as_str)
    }

    /// Refuses the consultant's own pages that do not run on frames without rows.
    ///
    /// # Errors
    /// None that a page can cause.
    pub(crate) fn try_out(&mut self) -> Result<()> {
        if self.own.is_empty() {
            return Ok(());
        }
        let empty = Frames::empty()?;
        let own = self
            .pages
            .iter()
            .filter(|page| self.file_of(page).is_some());
        let wrong: Vec<(String, Problem)> = own
            .filter_map(|page| {
                let outcome = check_joins(page).and_then(|()| check(page, &empty));
                Some((page.front.id.clone(), outcome.err()?))
            })
            .collect();
        for (id, problem) in wrong {
            self.refuse(&id, problem);
        }
        Ok(())
    }

    /// Runs every page on frames without rows.
    ///
    /// # Errors
    /// The first page that does not run.
    pub(crate) fn try_all(&self) -> Result<()> {
        let empty = Frames::empty()?;
        for page in &self.pages {
            check(page, &empty).map_err(|problem| {
                anyhow!("{}:{}: {}", page.front.id, problem.line, problem.message)
            })?;
        }
        Ok(())
    }

    /// Takes out a page that turns out not to run.
    pub(crate) fn refuse(&mut self, id: &str, problem: Problem) {
        if let Some(file) = self.own.get(id) {
            self.refused.push(Refusal::new(file, problem));
            self.refused.sort();
            self.pages.retain(|page| page.front.id != id);
        }
    }

    /// Leaves only the rules with these ids or codes; all if there are none.
    ///
    /// # Errors
    /// There is no such rule.
    pub(crate) fn select(&mut self, wanted: &[String]) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let mut ids = BTreeSet::new();
        for name in wanted {
            let page = self.find(name);
            let page = page.with_context(|| self.no_rule(name))?;
            ids.insert(page.front.id.clone());
        }
        let before = self.pages.len();
        self.pages.retain(|page| ids.contains(&page.front.id));
        let mut hasher = Sha256::new_with_prefix(self.sha256.as_bytes());
        for id in &ids {
            hasher.update(id.as_bytes());
            hasher.update(b"\n");
        }
        self.sha256 = super::hex(&hasher.finalize());
        self.left_out = (before - self.pages.len()) as u64;
        Ok(())
    }

    /// What to say of an id or code that no rule has.
    pub(crate) fn no_rule(&self, name: &str) -> String {
        let fronts = || self.pages.iter().map(|page| &page.front);
        let ids = fronts().map(|front| front.id.as_str());
        let codes = fronts().map(|front| front.code.as_str());
        let near = did_you_mean(name, ids.chain(codes));
        format!(
            "there is no rule {name}{}`coldcase rules` lists all of them",
            match near.as_str() {
                "" => "; ".to_owned(),
                near => format!("{near} "),
            }
        )
    }

    /// The page with this id or code.
    pub(crate) fn find(&self, id: &str) -> Option<&Page> {
        self.pages
            .iter()
            .find(|page| page.front.id == id || page.front.code.eq_ignore_ascii_case(id))
    }
}

/// Pages that were read so far.
#[derive(Default)]
struct Loading {
    /// File and page.
    by_id: BTreeMap<String, (String, Page)>,
    by_code: BTreeMap<String, String>,
    /// Ids in the order of the files.
    order: Vec<String>,
    hasher: Sha256,
}

impl Loading {
    fn add(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let page = Page::parse(text)?;
        let (id, code) = (page.front.id.clone(), page.front.code.clone());
        if let Some((other, _)) = self.by_id.get(&id) {
            let message = format!("id {id} is in {other} already; give it another");
            return Err(page.in_front(message));
        }
        if let Some(other) = self.by_code.get(&code) {
            let message = format!("code {code} is in {other} already; give it another");
            return Err(page.in_front(message));
        }
        self.hasher.update((text.len() as u64).to_le_bytes());
        self.hasher.update(text.as_bytes());
        self.by_code.insert(code, name.to_owned());
        self.by_id.insert(id.clone(), (name.to_owned(), page));
        self.order.push(id);
        Ok(())
    }
}

/// Every page under a folder, sorted by name; or the one page that is named itself.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_file() {
        if !is_page(folder) {
            bail!("{} is no rule page (*.md)", folder.display());
        }
        return Ok(vec![folder.to_owned()]);
    }
    list(folder, &mut files)?;
    if files.is_empty() {
        bail!("{} holds no rule page (*.md)", folder.display());
    }
    files.sort();
    Ok(files)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("the rules folder {} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        // A link could lead out of the folder or in a circle.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&path, files)?;
        } else if kind.is_file() && is_page(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::literal::literals_of;
    use super::*;
    use coldcase_schemas::report::Severity;

    #[test]
    fn the_built_in_pages_are_well_formed_and_proved() {
        let pack = Pack::load(None).unwrap();
        assert!(pack.pages.len() >= 15, "{} rules", pack.pages.len());
        let mut codes = BTreeSet::new();
        for page in &pack.pages {
            assert!(
                page.front.scenarios.is_some(),
                "{} names no scenarios",
                page.front.id
            );
            assert!(
                codes.insert(&page.front.code),
                "code {} twice",
                page.front.code
            );
            assert!(
                !page.front.references.is_empty(),
                "{} has no reference",
                page.front.id
            );
        }
    }

    #[test]
    fn the_built_in_pages_say_what_they_are_about() {
        for page in Pack::load(None).unwrap().pages {
            let front = &page.front;
            assert!(!front.applies_to.is_empty(), "{}: applies_to", front.id);
            assert!(
                !front.needs.each_by_itself || !front.needs.readable.is_empty(),
                "{}: each_by_itself without readable",
                front.id
            );
            for column in &front.drifts {
                let given = page.sql.contains(&format!(" AS {column}"));
                assert!(given, "{}: there is no column {column}", front.id);
            }
        }
    }

    /// That a rule cannot tell proves nothing of it, unless no snapshot ever lets it tell.
    #[test]
    fn a_page_is_proved_by_firing_unless_it_asks_what_no_snapshot_holds() {
        for page in Pack::load(None).unwrap().pages {
            let front = &page.front;
            let scenarios = front.scenarios.as_ref().unwrap();
            let proved = scenarios.fires.is_some() && scenarios.clear.is_some();
            let beyond = front.needs.facts.iter().any(|fact| fact.is_beyond());
            assert!(proved || beyond, "{}", front.id);
        }
    }

    /// Set-ADUser refuses managed accounts, and nobody sets their passwords; Microsoft says not to put accounts that run
    /// services into Protected Users.
    #[test]
    fn what_a_page_advises_works_on_managed_accounts() {
        const OF_USERS: [&str; 3] = ["Set-ADUser", "Set-ADAccountPassword", "Unlock-ADAccount"];
        let (mut managed, mut mixed) = (0, 0);
        for page in Pack::load(None).unwrap().pages {
            let front = &page.front;
            for line in page.body.lines() {
                let joins = line.contains("Add-ADGroupMember") && line.contains("Protected Users");
                assert!(!joins, "{}: {line}", front.id);
            }
            let is_managed = |kind: &String| ["gmsa", "smsa", "dmsa"].contains(&kind.as_str());
            if !front.applies_to.iter().any(is_managed) {
                continue;
            }
            match front.applies_to.iter().all(is_managed) {
                true => managed += 1,
                false => mixed += 1,
            }
            for line in page.body.lines() {
                let of_users = OF_USERS.iter().any(|command| line.contains(command));
                // Such a line must say that it is about a user account, or what to use instead.
                let told = line.contains("user account") || line.contains("Set-ADServiceAccount");
                assert!(!of_users || told, "{}: {line}", front.id);
            }
        }
        assert!(managed > 30 && mixed > 30, "{managed} and {mixed} pages");
    }

    #[test]
    fn the_severities_of_a_page_are_those_of_its_sql() {
        let pack = Pack::load(None).unwrap();
        let mut with_column = 0;
        for page in &pack.pages {
            let front = &page.front;
            let named = front.otherwise.keys().copied().chain([front.severity]);
            let named: BTreeSet<Severity> = named.collect();
            let given = match literals_of(&page.sql, "severity") {
                Some(texts) if texts.is_empty() => BTreeSet::from([front.severity]),
                Some(texts) => {
                    with_column += 1;
                    texts.iter().filter_map(|text| severity(text)).collect()
                }
                // Not to be told from the text.
                None => continue,
            };
            assert_eq!(
                named, given,
                "{}: severity and otherwise, and the SQL",
                front.id
            );
        }
        assert!(with_column > 40, "{with_column} pages");
    }

    fn severity(text: &str) -> Option<Severity> {
        serde_json::from_value(text.into()).ok()
    }

    #[test]
    fn every_rule_that_a_page_cites_exists() {
        let pack = Pack::load(None).unwrap();
        let families: BTreeSet<&str> = pack
            .pages
            .iter()
            .filter_map(|page| page.front.code.get(..2))
            .collect();
        for page in &pack.pages {
            for word in page.body.split(|c: char| !c.is_ascii_alphanumeric()) {
                let code = word.len() == 4
                    && word
                        .get(..2)
                        .is_some_and(|family| families.contains(family))
                    && word
                        .get(2..)
                        .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
                assert!(
                    !code || pack.find(word).is_some(),
                    "{} cites {word}",
                    page.front.id
                );
            }
        }
    }
}
