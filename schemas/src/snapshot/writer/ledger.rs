//! Queries and their parts: when they begin and end, and what is taken back when one is asked again.
//!
//! Owns the moments of commit. Deliberately does not decide whether something is asked again.

use rusqlite::{OptionalExtension, params};

use super::SnapshotWriter;
use crate::ledger::{PartitionOutcome, PartitionPlan, QueryOutcome, QueryPlan};
use crate::snapshot::SnapshotError;

impl SnapshotWriter {
    pub(super) fn query_started(&mut self, plan: &QueryPlan) -> Result<(), SnapshotError> {
        if self.open_query.is_some() {
            return Err(SnapshotError::Order("a query began inside another"));
        }
        self.store.begin()?;
        let attributes = plan.attributes.join("\n");
        let unfinished: Option<i64> = self
            .store
            .database
            .query_row(
                "SELECT id FROM query WHERE name = ?1 AND ended IS NULL",
                [&plan.name],
                |row| row.get(0),
            )
            .optional()?;
        let id = match unfinished {
            Some(id) => {
                self.store.database.execute(
                    "UPDATE query SET base = ?2, scope = ?3, filter = ?4, attributes = ?5 WHERE id = ?1",
                    params![id, plan.base, plan.scope, plan.filter, attributes],
                )?;
                // Whoever answers from here on answers all of it, unless parts of an earlier answer are kept.
                self.store.database.execute(
                    "UPDATE query SET server = ?2, started = ?3 WHERE id = ?1
                       AND NOT EXISTS (SELECT 1 FROM partition WHERE partition.query = query.id)",
                    params![id, plan.server, plan.started],
                )?;
                id
            }
            None => {
                self.store.database.execute(
                    "INSERT INTO query (name, base, scope, filter, attributes, server, started, complete, stored)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
                    params![
                        plan.name,
                        plan.base,
                        plan.scope,
                        plan.filter,
                        attributes,
                        plan.server,
                        plan.started
                    ],
                )?;
                self.counts.queries += 1;
                self.store.database.last_insert_rowid()
            }
        };
        self.left.remove(&plan.name);
        self.open_query = Some(id);
        self.store.commit()
    }

    pub(super) fn query_left(&mut self) -> Result<(), SnapshotError> {
        let query = self
            .open_query
            .take()
            .ok_or(SnapshotError::Order("a query was left that had not begun"))?;
        if self.open_partition.is_some() {
            return Err(SnapshotError::Order("a query was left inside a part of it"));
        }
        if !self.left.values().any(|id| *id == query) {
            let name = self.store.database.query_row(
                "SELECT name FROM query WHERE id = ?1",
                [query],
                |row| row.get(0),
            )?;
            self.left.insert(name, query);
        }
        Ok(())
    }

    pub(super) fn query_resumed(&mut self, name: &str) -> Result<(), SnapshotError> {
        if self.open_query.is_some() {
            return Err(SnapshotError::Order("a query began inside another"));
        }
        self.open_query = Some(*self.left.get(name).ok_or(SnapshotError::Order(
            "a query goes on that had not been left",
        ))?);
        Ok(())
    }

    pub(super) fn partition_started(&mut self, plan: &PartitionPlan) -> Result<(), SnapshotError> {
        let query = self
            .open_query
            .ok_or(SnapshotError::Order("a part of a query without a query"))?;
        if self.open_partition.is_some() {
            return Err(SnapshotError::Order(
                "a part of a query began inside another",
            ));
        }
        self.store.begin()?;
        self.store.database.execute(
            "INSERT INTO partition (query, filter, first_usn, last_usn, server, database, attempts, started, complete)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, 0)",
            params![query, plan.filter, plan.first_usn, plan.last_usn, plan.server, plan.database, plan.started],
        )?;
        self.open_partition = Some(self.store.database.last_insert_rowid());
        Ok(())
    }

    pub(super) fn partition_ended(
        &mut self,
        ended: &PartitionOutcome,
    ) -> Result<(), SnapshotError> {
        let partition = self.open_partition.take().ok_or(SnapshotError::Order(
            "a part of a query ended that had not begun",
        ))?;
        let outcome = &ended.outcome;
        self.store.begin()?;
        self.store.database.execute(
            "UPDATE partition SET ended = ?2, pages = ?3, entries = ?4, \"references\" = ?5,
                 result_code = ?6, result_text = ?7, complete = ?8, attempts = ?9 WHERE id = ?1",
            params![
                partition,
                outcome.ended,
                outcome.pages as i64,
                outcome.entries as i64,
                outcome.references as i64,
                outcome.result_code,
                outcome.result_text,
                outcome.complete,
                ended.attempts
            ],
        )?;
        if outcome.complete {
            self.store.database.execute(
                "DELETE FROM build.arrival WHERE partition = ?1",
                [partition],
            )?;
        }
        self.store.commit()
    }

    pub(super) fn partition_abandoned(&mut self) -> Result<(), SnapshotError> {
        self.open_partition.take().ok_or(SnapshotError::Order(
            "a part of a query was abandoned that had not begun",
        ))?;
        self.store.roll_back()?;
        self.reload()
    }

    pub(super) fn query_abandoned(&mut self) -> Result<(), SnapshotError> {
        let query = self.open_query.take().ok_or(SnapshotError::Order(
            "a query was abandoned that had not begun",
        ))?;
        self.open_partition = None;
        self.store.roll_back()?;
        self.store.begin()?;
        self.forget_query(query)?;
        self.reload()?;
        self.store.commit()
    }

    pub(super) fn query_ended(&mut self, outcome: &QueryOutcome) -> Result<(), SnapshotError> {
        let query = self
            .open_query
            .take()
            .ok_or(SnapshotError::Order("a query ended that had not begun"))?;
        self.store.begin()?;
        self.store.database.execute(
            "UPDATE query SET ended = ?2, pages = ?3, entries = ?4, \"references\" = ?5,
                 result_code = ?6, result_text = ?7, complete = ?8 WHERE id = ?1",
            params![
                query,
                outcome.ended,
                outcome.pages as i64,
                outcome.entries as i64,
                outcome.references as i64,
                outcome.result_code,
                outcome.result_text,
                outcome.complete
            ],
        )?;
        // What came in parts is counted from them: an earlier run may have brought some.
        self.store.database.execute(
            "UPDATE query SET (pages, entries, \"references\") =
               (SELECT sum(pages), sum(entries), sum(\"references\") FROM partition WHERE query = ?1)
             WHERE id = ?1 AND EXISTS (SELECT 1 FROM partition WHERE query = ?1)",
            [query],
        )?;
        self.store.commit()
    }

    /// After an interruption: what did not come to its end is forgotten, and its queries are open again.
    pub(super) fn forget_unfinished(&mut self) -> Result<(), SnapshotError> {
        let database = &self.store.database;
        database.execute_batch(
            "CREATE TEMP TABLE forgotten (id INTEGER PRIMARY KEY);
             INSERT INTO forgotten SELECT object FROM build.arrival
               WHERE partition IN (SELECT id FROM main.partition WHERE complete = 0);",
        )?;
        self.forget_objects()?;
        self.store.database.execute_batch(
            "DELETE FROM main.partition WHERE complete = 0;
             INSERT INTO forgotten SELECT id FROM object WHERE query IN
               (SELECT id FROM query WHERE complete = 0
                AND NOT EXISTS (SELECT 1 FROM partition WHERE partition.query = query.id));",
        )?;
        self.forget_objects()?;
        self.store.database.execute_batch(
            "UPDATE query SET ended = NULL, result_code = NULL, result_text = NULL WHERE complete = 0;
             DELETE FROM coverage;
             DROP TABLE forgotten;",
        )?;
        Ok(())
    }

    /// Forgets all that `query` brought, and that it began.
    fn forget_query(&mut self, query: i64) -> Result<(), SnapshotError> {
        self.store
            .database
            .execute_batch("CREATE TEMP TABLE forgotten (id INTEGER PRIMARY KEY)")?;
        self.store.database.execute(
            "INSERT INTO forgotten SELECT id FROM object WHERE query = ?1",
            [query],
        )?;
        self.forget_objects()?;
        self.store
            .database
            .execute("DELETE FROM partition WHERE query = ?1", [query])?;
        self.store.database.execute(
            "UPDATE query SET ended = NULL, pages = NULL, entries = NULL, \"references\" = NULL WHERE id = ?1",
            [query],
        )?;
        self.store.database.execute_batch("DROP TABLE forgotten")?;
        Ok(())
    }

    /// Removes the objects whose ids are in `forgotten`, and empties it.
    ///
    /// A later query may have brought them too, and left them to the one that came first: it is opened again, so that
    /// it keeps what the first one may not bring a second time.
    fn forget_objects(&mut self) -> Result<(), SnapshotError> {
        self.store.database.execute_batch(
            "CREATE TEMP TABLE reopened AS
               SELECT id FROM query AS later
               WHERE complete = 1
                 AND id > (SELECT min(query) FROM object WHERE id IN forgotten)
                 AND entries > (SELECT count(*) FROM object WHERE query = later.id);
             UPDATE query SET complete = 0, ended = NULL WHERE id IN (SELECT id FROM reopened);
             DELETE FROM partition WHERE query IN (SELECT id FROM reopened);
             DROP TABLE reopened;
             DELETE FROM object WHERE id IN forgotten;
             DELETE FROM link WHERE object IN forgotten;
             DELETE FROM value WHERE object IN forgotten;
             DELETE FROM defect WHERE object IN forgotten;
             DELETE FROM rounded WHERE object IN forgotten;
             DELETE FROM build.arrival WHERE object IN forgotten;
             DELETE FROM forgotten;",
        )?;
        Ok(())
    }
}
