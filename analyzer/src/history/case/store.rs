//! Rows of a case file.
//!
//! Owns what is read from the two tables and the checks of it: what a case holds may have been written by anybody.
//! Deliberately does not decide what should be there.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use coldcase_schemas::Manifest;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::history::domain::Domain;
use crate::history::evaluated::Label;
use crate::history::files::taken_at;
use crate::history::moment::Moment;
use crate::history::summary::{Basis, Summary};

/// Bytes that a decompressed summary may have.
const LONGEST: u64 = 1 << 28;

/// Level of compression.
const LEVEL: i32 = 6;

/// A snapshot that the case knows.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// SHA-256 of its file.
    pub(crate) sha256: String,
    pub(crate) domain: Domain,
    pub(crate) taken_at: Moment,
    pub(crate) manifest: Manifest,
    /// Where it was found last.
    pub(crate) found_at: PathBuf,
}

/// Every snapshot, by domain, then by the time it was taken.
///
/// # Errors
/// The database is damaged, or a row makes no sense.
pub(super) fn snapshots(database: &Connection) -> Result<Vec<Kept>> {
    let mut statement = database
        .prepare("SELECT sha256, domain_sid, manifest, found_at, taken_at FROM snapshot")?;
    let mut rows = statement.query([])?;
    let mut snapshots = Vec::new();
    while let Some(row) = rows.next()? {
        snapshots.push(kept(row)?);
    }
    snapshots.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(snapshots)
}

fn order(kept: &Kept) -> (&str, &str, Moment, &str) {
    let Kept {
        sha256,
        domain,
        taken_at,
        ..
    } = kept;
    (&domain.forest, &domain.key, *taken_at, sha256)
}

fn kept(row: &Row<'_>) -> Result<Kept> {
    let sha256: String = row.get(0)?;
    let sid: Option<String> = row.get(1)?;
    let manifest: String = row.get(2)?;
    let found_at: String = row.get(3)?;
    let stored: String = row.get(4)?;
    let manifest: Manifest = serde_json::from_str(&manifest)
        .with_context(|| format!("the manifest of snapshot {sha256} is not readable"))?;
    let taken_at = taken_at(&manifest)?;
    ensure!(
        stored == taken_at.to_string(),
        "snapshot {sha256} was taken at {taken_at} by its manifest, at {stored} by the case"
    );
    Ok(Kept {
        domain: Domain::new(sid.as_deref(), &manifest),
        found_at: PathBuf::from(found_at),
        sha256,
        taken_at,
        manifest,
    })
}

/// Puts a snapshot in, or notes where it is now.
pub(super) fn keep(database: &Connection, label: &Label, found_at: &Path) -> Result<()> {
    database.execute(
        "INSERT INTO snapshot (sha256, domain_sid, taken_at, manifest, found_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (sha256) DO UPDATE SET found_at = excluded.found_at",
        params![
            label.sha256,
            label.domain_sid,
            taken_at(&label.manifest)?.to_string(),
            serde_json::to_string(&label.manifest)?,
            found_at.to_string_lossy()
        ],
    )?;
    Ok(())
}

/// Notes where a snapshot is now.
pub(super) fn moved(database: &Connection, sha256: &str, found_at: &Path) -> Result<()> {
    database.execute(
        "UPDATE snapshot SET found_at = ?2 WHERE sha256 = ?1",
        params![sha256, found_at.to_string_lossy()],
    )?;
    Ok(())
}

/// Takes a snapshot out, with its results.
pub(super) fn forget(database: &Connection, sha256: &str) -> Result<()> {
    database.execute("DELETE FROM result WHERE snapshot = ?1", [sha256])?;
    database.execute("DELETE FROM snapshot WHERE sha256 = ?1", [sha256])?;
    Ok(())
}

/// Puts a summary in.
pub(super) fn put(database: &Connection, summary: &Summary) -> Result<()> {
    let json = serde_json::to_vec(summary)?;
    let blob = zstd::stream::encode_all(json.as_slice(), LEVEL)?;
    database.execute(
        "INSERT OR REPLACE INTO result (snapshot, pack, assumptions, clock, summary) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            summary.facts.sha256,
            summary.basis.pack,
            summary.basis.assumptions,
            summary.clock.to_string(),
            blob
        ],
    )?;
    Ok(())
}

/// Whether there is a summary.
pub(super) fn has(
    database: &Connection,
    sha256: &str,
    basis: &Basis,
    clock: Moment,
) -> Result<bool> {
    let found = database
        .query_row(
            "SELECT 1 FROM result WHERE snapshot = ?1 AND pack = ?2 AND assumptions = ?3 AND clock = ?4",
            params![sha256, basis.pack, basis.assumptions, clock.to_string()],
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

/// The summary of a snapshot at a clock; `None` if there is none.
///
/// # Errors
/// It is not what it should be: too long, not readable, or of something else.
pub(super) fn get(
    database: &Connection,
    sha256: &str,
    basis: &Basis,
    clock: Moment,
) -> Result<Option<Summary>> {
    let blob: Option<Vec<u8>> = database
        .query_row(
            "SELECT summary FROM result WHERE snapshot = ?1 AND pack = ?2 AND assumptions = ?3 AND clock = ?4",
            params![sha256, basis.pack, basis.assumptions, clock.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(blob) = blob else {
        return Ok(None);
    };
    let summary =
        decode(&blob).with_context(|| format!("the result of snapshot {sha256} is damaged"))?;
    let same =
        (summary.facts.sha256.as_str(), &summary.basis, summary.clock) == (sha256, basis, clock);
    ensure!(
        same,
        "the result of snapshot {sha256} is that of something else"
    );
    Ok(Some(summary))
}

fn decode(blob: &[u8]) -> Result<Summary> {
    let mut json = Vec::new();
    zstd::stream::read::Decoder::new(blob)?
        .take(LONGEST + 1)
        .read_to_end(&mut json)?;
    if json.len() as u64 > LONGEST {
        bail!("it is longer than {LONGEST} bytes");
    }
    let summary: Summary = serde_json::from_slice(&json)?;
    summary.check()?;
    Ok(summary)
}

/// Under what a snapshot was evaluated at its own clock, in order.
pub(super) fn bases(database: &Connection, kept: &Kept) -> Result<Vec<Basis>> {
    let mut statement = database.prepare_cached(
        "SELECT pack, assumptions FROM result WHERE snapshot = ?1 AND clock = ?2 ORDER BY 1, 2",
    )?;
    let rows = statement.query_map(params![kept.sha256, kept.taken_at.to_string()], |row| {
        Ok(Basis {
            pack: row.get(0)?,
            assumptions: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes out what a snapshot was at other clocks than `clocks`: those of neighbours that it has no more.
pub(super) fn prune(database: &Connection, sha256: &str, clocks: &[Moment]) -> Result<()> {
    let mut statement =
        database.prepare_cached("SELECT DISTINCT clock FROM result WHERE snapshot = ?1")?;
    let stored: Vec<String> = statement
        .query_map([sha256], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for clock in stored {
        if !clocks.iter().any(|wanted| wanted.to_string() == clock) {
            database.execute(
                "DELETE FROM result WHERE snapshot = ?1 AND clock = ?2",
                params![sha256, clock],
            )?;
        }
    }
    Ok(())
}
