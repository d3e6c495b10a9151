//! Objects of which whoever made an export was shown nothing but the name.
//!
//! Owns how they are told. Deliberately does not conclude which other objects were not shown at all.

/// Names that are told.
const TOLD: usize = 5;

/// How many there are, and the first few.
#[derive(Debug, Default)]
pub(crate) struct Unreadable {
    objects: u64,
    first: Vec<String>,
}

impl Unreadable {
    pub(crate) fn note(&mut self, dn: &str) {
        self.objects += 1;
        if self.first.len() < TOLD {
            self.first.push(dn.to_owned());
        }
    }

    pub(crate) fn objects(&self) -> u64 {
        self.objects
    }

    /// What it means for whoever reads the report.
    pub(crate) fn limit(&self) -> Option<String> {
        let mut names = self.first.join("; ");
        let more = self.objects - self.first.len() as u64;
        if more > 0 {
            names.push_str(&format!("; and {more} more"));
        }
        match self.objects {
            0 => None,
            1 => Some(format!(
                "1 object shows nothing but its name, and what lies below it may be missing: {names}."
            )),
            more => Some(format!(
                "{more} objects show nothing but their name, and what lies below them may be missing: {names}."
            )),
        }
    }
}
