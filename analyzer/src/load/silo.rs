//! Authentication policy silos.
//!
//! Deliberately reads no authentication policies: what a silo limits is not collected, only whether it does.

use std::collections::BTreeMap;

use rusqlite::Connection;

/// Every silo with msDS-AuthNPolicySiloEnforced; `None` where it is not set or not readable.
pub(super) fn load(database: &Connection) -> rusqlite::Result<BTreeMap<i64, Option<bool>>> {
    let mut statement = database.prepare(
        "SELECT object.id, \"msDS-AuthNPolicySiloEnforced\" FROM object
         WHERE query IN (SELECT id FROM query WHERE name = 'authentication-silos')",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
