//! Values that only the system writes: they go past Samba into the file of the domain. What they are, the population says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::domain::Domain;
use super::planted::Planted;
use super::{command, packages};

const SCRIPT: &str = include_str!("past.py");
const LIMIT: Duration = Duration::from_secs(60);

/// Writes them into the files of the domain in `directory`, whose server must not run.
///
/// # Errors
/// The files are not where they are expected, or an object is not there.
pub(super) fn write(directory: &Path, domain: &Domain, planted: &Planted) -> Result<()> {
    if planted.past.is_empty() {
        return Ok(());
    }
    let file = directory.join("past-values");
    fs::write(&file, &planted.past).with_context(|| format!("cannot write {}", file.display()))?;
    let mut python = Command::new(packages::PYTHON);
    python
        .args(["-I", "-c", SCRIPT])
        .arg(database(directory, domain)?)
        .arg(&file);
    command::run(&mut python, directory, "past.py", LIMIT)
        .context("cannot write values past Samba")?;
    Ok(())
}

/// Samba keeps a file for each naming context, named after it.
pub(super) fn database(directory: &Path, domain: &Domain) -> Result<PathBuf> {
    let name = format!("{}.ldb", domain.base_dn().to_ascii_uppercase());
    let path = directory.join("private/sam.ldb.d").join(name);
    ensure!(path.exists(), "{} is missing", path.display());
    Ok(path)
}
