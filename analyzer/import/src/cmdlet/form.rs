//! In which form accounts were written, by the first bytes of a file.
//!
//! Deliberately believes no file's name.

use super::table;
use super::text::first_text;

/// How the accounts were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `Export-Csv` or `ConvertTo-Csv`.
    Csv,
    /// `ConvertTo-Json`.
    Json,
    /// `Export-Clixml`.
    Clixml,
}

impl Form {
    /// As the label has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "Export-Csv",
            Self::Json => "ConvertTo-Json",
            Self::Clixml => "Export-Clixml",
        }
    }
}

/// In which form a file holds managed service accounts, by its first bytes (some thousand suffice); `None` if it does not.
pub fn recognise(first_bytes: &[u8]) -> Option<Form> {
    let text = first_text(first_bytes);
    let text = text.trim_start();
    let has = |what: &str| {
        text.as_bytes()
            .windows(what.len())
            .any(|window| window.eq_ignore_ascii_case(what.as_bytes()))
    };
    // Only accounts of services have hosts, and their classes are theirs alone.
    let of_services = has("HostComputers")
        || has("GroupManagedServiceAccount")
        || has("msDS-ManagedServiceAccount")
        || has("msDS-DelegatedManagedServiceAccount")
        || has("Microsoft.ActiveDirectory.Management.ADServiceAccount");
    if !of_services {
        return None;
    }
    if text.starts_with('<') {
        return (has("<Objs") && has("http://schemas.microsoft.com/powershell/2004/04"))
            .then_some(Form::Clixml);
    }
    if text.starts_with(['{', '[']) {
        let inner = text.trim_start_matches('[').trim_start();
        return (inner.starts_with('{') && has("\"DistinguishedName\"")).then_some(Form::Json);
    }
    let line = text
        .lines()
        .find(|line| !line.starts_with("#TYPE") && !line.trim().is_empty())?;
    let (_, names) = table::header(line);
    let is_table = names.len() > 1
        && names
            .iter()
            .any(|name| name.eq_ignore_ascii_case("DistinguishedName"));
    is_table.then_some(Form::Csv)
}
