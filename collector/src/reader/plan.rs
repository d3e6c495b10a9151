//! What is to be asked of one domain: the queries of the scope, with what an earlier run has answered already.
//!
//! Deliberately does not ask anything: `--dry-run` prints it and ends.

use coldcase_schemas::ledger::{LedgerRow, PartitionOutcome, PartitionRow};
use coldcase_schemas::plan::{NamingContexts, Query, Selection};

use super::ranges::Part;

/// A query that is still to be asked, at least in part.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) query: &'static Query,
    pub(crate) base: String,
    /// Parts that were answered in an earlier run.
    pub(crate) done: Vec<Part>,
    /// True if an earlier run had parts from another database, whose numbers mean nothing here.
    pub(crate) start_over: bool,
}

/// The tasks of `selection`, in the order of the plan. `database` is the one that will be asked.
pub(crate) fn tasks(
    selection: Selection,
    database: &str,
    contexts: &NamingContexts,
    ledger: &[LedgerRow],
    partitions: &[PartitionRow],
) -> Vec<Task> {
    selection
        .queries()
        .into_iter()
        .filter(|query| {
            !ledger
                .iter()
                .any(|row| row.plan.name == query.name && row.is_complete())
        })
        .map(|query| {
            let mut done = Vec::new();
            let mut start_over = false;
            for row in partitions.iter().filter(|row| row.query == query.name) {
                let complete = |ended: &PartitionOutcome| ended.outcome.complete;
                if row.plan.database != database {
                    start_over = true;
                } else if row.outcome.as_ref().is_some_and(complete) {
                    let bounds = (row.plan.first_usn, row.plan.last_usn);
                    done.push(Part::from_ledger(query.filter, &row.plan.filter, bounds));
                }
            }
            if start_over {
                done.clear();
            }
            Task {
                query,
                base: query.base(contexts),
                done,
                start_over,
            }
        })
        .collect()
}
