//! What the frames know of each service account beside the report: dates, names, who reads its password.
//!
//! Deliberately has no description: people keep passwords in it, and the page travels. It reads frames only, so that what stands here can be asked again with `coldcase sql`.

use std::collections::BTreeMap;

use anyhow::Result;
use polars::prelude::{AnyValue, Column, DataFrame};

use crate::frames::Frames;
use crate::rules::run;

const ACCOUNTS: &str = "
    SELECT a.object_id, a.dn, a.kind, a.tier0, a.password_days, a.password_unset, a.last_logon_days, a.created_days,
           a.spn_count, a.readers_state, a.managed_by, a.ciphers
    FROM accounts a ORDER BY a.object_id";

const READERS: &str = "
    SELECT r.account_id, r.name, r.kind, r.via, r.broad, r.tier0, r.enabled
    FROM readers r ORDER BY r.account_id, r.name, r.via, r.sid";

const SPNS: &str = "SELECT s.object_id, s.spn FROM spns s ORDER BY s.object_id, s.spn";

/// What [`facts`] asks: the frames must have been built for it.
pub(crate) const ASKED: [&str; 3] = [ACCOUNTS, READERS, SPNS];

/// Readers and names of one account that are kept; the rest is counted.
const KEPT: usize = 25;

/// A service account; `None` is what the snapshot does not tell.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) tier0: Option<bool>,
    pub(super) password_days: Option<f64>,
    /// pwdLastSet is 0.
    pub(super) password_unset: bool,
    pub(super) last_logon_days: Option<f64>,
    pub(super) created_days: Option<f64>,
    pub(super) spns: Vec<String>,
    pub(super) spn_count: Option<i64>,
    pub(super) managed_by: Option<String>,
    pub(super) ciphers: Option<String>,
    pub(super) readers: Readers,
}

/// Who reads the password of an account.
#[derive(Debug, Default)]
pub(super) enum Readers {
    /// Nobody by such a list: a user, an sMSA.
    #[default]
    NotSo,
    /// The list was not readable, is not set or is malformed.
    NotKnown,
    /// It has no DACL.
    Everybody,
    /// Those who matter most first, the first of them kept.
    Listed { count: usize, first: Vec<Reader> },
}

/// Somebody who may read the password.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) via: String,
    pub(super) broad: bool,
    pub(super) tier0: bool,
    pub(super) disabled: bool,
}

/// Facts of every service account, by DN.
pub(super) fn facts(frames: &Frames) -> Result<BTreeMap<String, Facts>> {
    let mut context = frames.sql();
    let accounts = run(&mut context, ACCOUNTS)?;
    let mut readers = readers(&run(&mut context, READERS)?)?;
    let mut spns: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let names = run(&mut context, SPNS)?;
    let (of, spn) = (names.column("object_id")?, names.column("spn")?);
    for row in 0..names.height() {
        let list = spns.entry(number(of, row).unwrap_or_default()).or_default();
        if list.len() < KEPT {
            list.extend(text(spn, row));
        }
    }
    let cell = Cells(&accounts);
    let mut facts = BTreeMap::new();
    for row in 0..accounts.height() {
        let id = cell.number("object_id", row)?.unwrap_or_default();
        let Some(dn) = cell.text("dn", row)? else {
            continue;
        };
        let (kind, state) = (cell.text("kind", row)?, cell.text("readers_state", row)?);
        let listed = readers.remove(&id);
        let of_account = Facts {
            tier0: cell.flag("tier0", row)?,
            password_days: cell.float("password_days", row)?,
            password_unset: cell.flag("password_unset", row)? == Some(true),
            last_logon_days: cell.float("last_logon_days", row)?,
            created_days: cell.float("created_days", row)?,
            spns: spns.remove(&id).unwrap_or_default(),
            spn_count: cell.number("spn_count", row)?,
            managed_by: cell.text("managed_by", row)?,
            ciphers: cell.text("ciphers", row)?,
            readers: match state.as_deref() {
                None if matches!(kind.as_deref(), Some("gmsa" | "dmsa")) => Readers::NotKnown,
                None => Readers::NotSo,
                Some("null-dacl") => Readers::Everybody,
                Some("present" | "empty") => listed.unwrap_or(Readers::Listed {
                    count: 0,
                    first: Vec::new(),
                }),
                Some(_) => Readers::NotKnown,
            },
        };
        facts.insert(dn, of_account);
    }
    Ok(facts)
}

/// Everybody first, then those outside tier 0.
fn readers(frame: &DataFrame) -> Result<BTreeMap<i64, Readers>> {
    let cell = Cells(frame);
    let mut lists: BTreeMap<i64, Vec<Reader>> = BTreeMap::new();
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for row in 0..frame.height() {
        let account = cell.number("account_id", row)?.unwrap_or_default();
        *counts.entry(account).or_default() += 1;
        let reader = Reader {
            name: cell.text("name", row)?.unwrap_or_default(),
            kind: cell.text("kind", row)?.unwrap_or_default(),
            via: cell.text("via", row)?.unwrap_or_default(),
            broad: cell.flag("broad", row)? == Some(true),
            tier0: cell.flag("tier0", row)? == Some(true),
            disabled: cell.flag("enabled", row)? == Some(false),
        };
        let list = lists.entry(account).or_default();
        list.push(reader);
        // Sorting is stable, so what is cut is what would have come last.
        if list.len() > 2 * KEPT {
            shortened(list);
        }
    }
    Ok(lists
        .into_iter()
        .map(|(account, mut first)| {
            shortened(&mut first);
            let count = counts.get(&account).copied().unwrap_or_default();
            (account, Readers::Listed { count, first })
        })
        .collect())
}

fn shortened(list: &mut Vec<Reader>) {
    list.sort_by_key(|reader| (!reader.broad, reader.tier0));
    list.truncate(KEPT);
}

/// Cells of a dataframe by column and row.
struct Cells<'a>(&'a DataFrame);

impl Cells<'_> {
    fn number(&self, column: &str, row: usize) -> Result<Option<i64>> {
        Ok(number(self.0.column(column)?, row))
    }

    fn float(&self, column: &str, row: usize) -> Result<Option<f64>> {
        Ok(match self.0.column(column)?.get(row)? {
            AnyValue::Float64(value) => Some(value),
            _ => None,
        })
    }

    fn flag(&self, column: &str, row: usize) -> Result<Option<bool>> {
        Ok(match self.0.column(column)?.get(row)? {
            AnyValue::Boolean(value) => Some(value),
            _ => None,
        })
    }

    fn text(&self, column: &str, row: usize) -> Result<Option<String>> {
        Ok(text(self.0.column(column)?, row))
    }
}

fn number(column: &Column, row: usize) -> Option<i64> {
    match column.get(row) {
        Ok(AnyValue::Int64(value)) => Some(value),
        _ => None,
    }
}

/// Empty is as good as not set.
fn text(column: &Column, row: usize) -> Option<String> {
    let cell = column.get(row).ok()?;
    cell.get_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
