//! The pack: built-in pages and a consultant's own.
//!
//! Owns the order of rules, the uniqueness of ids and the pack's hash.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::Page;

/// File name and text of every built-in page, sorted by name.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The largest page that is read.
const PAGE_LIMIT: u64 = 1 << 20;

/// All rules that will run, ordered by family and code.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) pages: Vec<Page>,
    /// SHA-256 over all pages, lower-case hexadecimal.
    pub(crate) sha256: String,
}

impl Pack {
    /// The built-in pages, and those under `own`.
    ///
    /// # Errors
    /// A page is malformed, unreadable, or has the id of another.
    pub(crate) fn load(own: Option<&Path>) -> Result<Self> {
        let mut texts: Vec<(String, String)> = BUILT_IN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        if let Some(folder) = own {
            let mut files = Vec::new();
            list(folder, &mut files)?;
            if files.is_empty() {
                bail!("{} holds no rule page (*.md)", folder.display());
            }
            files.sort();
            for file in files {
                texts.push((file.display().to_string(), read(&file)?));
            }
        }
        let mut by_id: BTreeMap<String, (String, Page)> = BTreeMap::new();
        let mut by_code: BTreeMap<String, String> = BTreeMap::new();
        let mut hasher = Sha256::new();
        for (name, text) in texts {
            let page = Page::parse(&name, &text)?;
            let id = page.front.id.clone();
            if let Some(other) = by_code.insert(page.front.code.clone(), name.clone()) {
                bail!(
                    "the rule code {} is in both {other} and {name}; give one of them another code",
                    page.front.code
                );
            }
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
            if let Some((other, _)) = by_id.insert(id.clone(), (name.clone(), page)) {
                bail!(
                    "the rule id {id} is in both {other} and {name}; give one of them another id"
                );
            }
        }
        let mut pages: Vec<Page> = by_id.into_values().map(|(_, page)| page).collect();
        pages.sort_by(|a, b| {
            (&a.front.family, &a.front.code, &a.front.id).cmp(&(
                &b.front.family,
                &b.front.code,
                &b.front.id,
            ))
        });
        let sha256 = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { pages, sha256 })
    }

    /// The page with this id or code.
    pub(crate) fn find(&self, id: &str) -> Option<&Page> {
        self.pages
            .iter()
            .find(|page| page.front.id == id || page.front.code.eq_ignore_ascii_case(id))
    }
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
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    let size = fs::metadata(file)?.len();
    if size > PAGE_LIMIT {
        bail!(
            "{} is too long for a rule page ({size} bytes)",
            file.display()
        );
    }
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;

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
