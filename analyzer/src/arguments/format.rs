//! What output can look like.

use clap::ValueEnum;

/// Output formats of what prints a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For spreadsheets; no cell is a formula
    Csv,
}

/// Output formats of what holds several tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TablesFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Output formats of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, on a terminal
    #[default]
    Text,
    /// For programs
    Json,
    /// For people, in a browser: one file that needs nothing else
    Html,
    /// For wikis and tickets (Markdown)
    Md,
    /// For code scanning and viewers of findings (SARIF 2.1.0)
    Sarif,
    /// For a SIEM: an event a line (OCSF 1.3.0)
    Ocsf,
    /// Tables as an Excel workbook (-o FILE)
    Xlsx,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Output formats of a comparison, of two snapshots or of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    #[default]
    Text,
    /// For tickets and pull requests (Markdown)
    Md,
    /// For programs
    Json,
    /// Tables as an Excel workbook (-o FILE)
    Xlsx,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Severities on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArgument {
    /// Leads to control of the domain
    Critical,
    /// Leads to control of an account or host that matters
    High,
    /// Weakens a defence
    Medium,
    /// Hygiene
    Low,
    /// A fact worth knowing
    Info,
}
