//! An export as a stream of records, whatever its format.
//!
//! Owns the shape that every reader delivers and the question what an export would have shown. Deliberately does not
//! decide in which query of the ledger an object belongs: the caller does, by class and naming context.

use coldcase_schemas::Entry;
use coldcase_schemas::plan::{NamingContexts, Query};

use crate::error::{ImportError, Place, Trouble};

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Sysinternals ADExplorer snapshot (.dat).
    AdExplorer,
    /// LDIF (RFC 2849) as ldapsearch, ldbsearch and ldifde write it.
    Ldif,
    /// Text log of an ldapsearch-style tool (pyldapsearch, add-ons of C2 frameworks).
    SearchLog,
    /// SharpHound, RustHound-CE, BloodHound.py: JSON files, usually in a zip.
    SharpHound,
    /// ORADAD (ANSSI): a folder of TSV files.
    Oradad,
    /// Get-ADServiceAccount: CSV, CLIXML or JSON.
    ServiceAccountCmdlet,
    /// ldapdomaindump: JSON files in a folder.
    LdapDomainDump,
}

/// What an export says of itself, before its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its format.
    pub format: Format,
    /// Which kind or version of it, for people: `SharpHound 6`, `ldifde`; empty if nothing tells.
    pub variant: String,
    /// The domain controller that was asked; empty if nothing tells.
    pub server: String,
    /// When it was made, RFC 3339 UTC to the second; `None` if nothing tells. A local time without zone is none.
    pub taken_at: Option<String>,
    /// The operator's own description; empty if there is none.
    pub description: String,
}

/// What an export says next.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An object of the directory.
    Object(Object),
    /// What the exporter concluded, without the values it concluded it from.
    Claim(Claim),
    /// Something that was not understood and is left out.
    Trouble(Trouble),
}

/// An object as an export has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Where it begins.
    pub place: Place,
    /// DN and LDAP wire values. Attributes are spelled as in the schema where the export has other case. A DN value that is
    /// known by SID or objectGUID only is written as MS-ADTS 3.1.1.3.1.2.4 has it: `<SID=S-1-5-…>`, `<GUID=…>`. An object
    /// that showed nothing but its name has no attributes.
    pub entry: Entry,
    /// Attributes of `entry` whose values are near the directory's, not equal, with how near.
    pub rounded: Vec<(String, Precision)>,
}

/// How near a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// A FILETIME from seconds (steps of 10,000,000 ticks of 100 ns), rounded down.
    Second,
    /// A FILETIME from microseconds (steps of 10 ticks), rounded down.
    Microsecond,
}

/// A conclusion of an exporter about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A right that somebody is said to have.
    Right(Right),
    /// Some bits of an integer attribute are known, others not.
    Bits(KnownBits),
}

/// An interpreted right: an edge, of which the descriptor is not in the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Where it is said.
    pub place: Place,
    /// The object: SID as text, or objectGUID as text for what has none.
    pub object: String,
    /// Who holds it: SID as text.
    pub trustee: String,
    /// The exporter's name of it, as it spells it: `GenericAll`, `ReadGMSAPassword`.
    pub right: String,
    /// Whether by an inherited entry; `None` if it is not said.
    pub inherited: Option<bool>,
}

/// Bits of an integer attribute that an exporter turned into flags of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBits {
    /// Where it is said.
    pub place: Place,
    /// The object: SID as text, or objectGUID as text for what has none.
    pub object: String,
    /// lDAPDisplayName: `userAccountControl`.
    pub attribute: String,
    /// Which bits are known.
    pub mask: i64,
    /// The value of these bits; others are zero.
    pub value: i64,
}

/// Whether an export would have shown the objects of a query of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It cannot have them, or did not ask for them: a clause that says why, for people who read the report.
    NotAsked(String),
    /// It has them.
    Asked {
        /// Which of the query's attributes it would show where they are set and readable: lDAPDisplayNames.
        attributes: Vec<&'static str>,
        /// `None` if it has all objects that its reader may see; else a clause that says what may be missing.
        partial: Option<String>,
    },
}

/// A reader of one export. It is pulled, so that memory stays bounded.
pub trait Export {
    /// What it says of itself. Known before the first record.
    fn label(&self) -> &Label;

    /// Tells which attributes are wanted, before the first record: a reader may leave others out without decoding them, and
    /// says whether it will.
    fn keep_only(&mut self, _is_wanted: fn(&str) -> bool) -> bool {
        false
    }

    /// The next record, or `None` at the end. After an error there is nothing more.
    ///
    /// # Errors
    /// For what ends the reading only; see [`ImportError`].
    fn next_record(&mut self) -> Result<Option<Record>, ImportError>;

    /// What it would have shown of `query`. Asked after the last record.
    fn answer(&self, query: &Query, contexts: &NamingContexts) -> Answer;

    /// What it cannot show whatever it is asked, for the first page of a report: one sentence each.
    fn limits(&self) -> Vec<String>;

    /// Objects that showed nothing but their name although everything was asked of them: whoever made it was no
    /// administrator. Asked after the last record.
    fn unreadable(&self) -> u64 {
        0
    }

    /// Bytes of input read so far, and in all, for progress.
    fn progress(&self) -> (u64, u64);
}
