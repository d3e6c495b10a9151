//! The range option of an attribute description (MS-ADTS 3.1.1.3.1.3.3).
//!
//! A server that holds more than MaxValRange values answers `member;range=0-1499`, and `member;range=1500-*`
//! with the last piece. Deliberately does not fetch: [`super::connection`] does.

/// An attribute description taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// The name without options.
    pub(super) name: String,
    /// The index of the first value that has not come, if more are to come.
    pub(super) next: Option<usize>,
}

/// Takes `member;range=0-1499` apart. An option that is not a range is dropped from the name.
pub(super) fn parse(description: &str) -> Described {
    let mut parts = description.split(';');
    let name = parts.next().unwrap_or_default().to_owned();
    let next = parts.find_map(|option| {
        let (key, bounds) = option.split_once('=')?;
        if !key.eq_ignore_ascii_case("range") {
            return None;
        }
        let (_, last) = bounds.split_once('-')?;
        last.parse::<usize>().ok()?.checked_add(1)
    });
    Described { name, next }
}

/// The description that asks for the values from `first` on.
pub(super) fn from(name: &str, first: usize) -> String {
    format!("{name};range={first}-*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let next = |text| parse(text).next;
        assert_eq!(next("member"), None);
        assert_eq!(next("member;range=0-1499"), Some(1500));
        assert_eq!(next("member;Range=1500-*"), None);
        assert_eq!(next("member;range=0-99999999999999999999999"), None);
        assert_eq!(parse("userCertificate;binary").name, "userCertificate");
        assert_eq!(from("member", 1500), "member;range=1500-*");
    }
}
