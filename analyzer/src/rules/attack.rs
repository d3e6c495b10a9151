//! Which rules say that an account's password is exposed otherwise than to those who may read it by its list of readers.
//!
//! The pages tell it by the techniques of ATT&CK that they name. Deliberately has no list of rules: a page of one's own
//! counts like those of the pack.

use super::page::Front;

/// The password is read where somebody wrote it down, or from what a machine stores. Not T1555: managed passwords that
/// are handed out are a right, and who has that is told by name.
const READ: [&str; 2] = ["T1003", "T1552"];

/// The password is guessed: in logons, or offline from tickets.
const GUESSED: [&str; 3] = ["T1110", "T1558.003", "T1558.004"];

impl Front {
    /// Whether what it finds of an object of `kind` exposes the password. Nobody guesses one that a controller made.
    pub(crate) fn exposes_password(&self, kind: &str) -> bool {
        let names = |techniques: &[&str]| {
            let mut named = self.attack.iter();
            named.any(|named| techniques.iter().any(|one| is_part(named, one)))
        };
        names(&READ) || (kind == "user" && names(&GUESSED))
    }
}

/// Whether it is the technique, or a part of it (`T1003.006` of `T1003`).
fn is_part(named: &str, technique: &str) -> bool {
    let rest = named.strip_prefix(technique);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use crate::rules::Pack;

    #[test]
    fn pages_tell_by_their_techniques_what_exposes_a_password() {
        let pack = Pack::load(None).unwrap();
        let codes = |kind: &str| -> Vec<&str> {
            let pages = pack.pages.iter();
            let exposing = pages
                .filter(|page| page.front.family == "spn" && page.front.exposes_password(kind));
            exposing.map(|page| page.front.code.as_str()).collect()
        };
        let user = codes("user");
        for code in ["SP01", "SP09", "SP10", "SP11"] {
            assert!(user.contains(&code), "{code}: {user:?}");
        }
        for code in ["SP13", "SP17", "SP18", "SP20", "SP22"] {
            assert!(!user.contains(&code), "{code}: {user:?}");
        }
        // What a controller made cannot be guessed, but it can be read.
        assert!(!codes("gmsa").contains(&"SP01"));
        assert!(codes("gmsa").contains(&"SP11"));
    }
}
