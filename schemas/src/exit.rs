//! Exit codes of both programs: a public contract that scripts rely on.
//!
//! Owns the numbers and their meaning. Deliberately does not end a process: only `main` does.

/// How `coldcase-collect` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectExit {
    /// A snapshot was written and every query ran to its end.
    Complete = 0,
    /// No snapshot was written.
    Failed = 2,
    /// A snapshot was written and says what is missing from it.
    Partial = 3,
}

/// How `coldcase` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalyzeExit {
    /// It ran; nothing at or above `--fail-on` (or `--fail-on` was not given).
    Clean = 0,
    /// It ran; at least one finding at or above `--fail-on`.
    Findings = 1,
    /// It could not run: bad arguments, unreadable or foreign snapshot, broken rule.
    Failed = 2,
    /// It ran, but some rules were not evaluated, or in part (only with `--strict`).
    NotEvaluated = 3,
}

impl From<CollectExit> for u8 {
    fn from(exit: CollectExit) -> u8 {
        exit as u8
    }
}

impl From<AnalyzeExit> for u8 {
    fn from(exit: AnalyzeExit) -> u8 {
        exit as u8
    }
}
