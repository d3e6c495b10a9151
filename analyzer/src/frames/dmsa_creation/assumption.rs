//! The sentence that says what the verdicts assume: what the snapshot shows, and what LDAP does not tell.

use coldcase_schemas::ledger::Absence;

use crate::load::Directory;

use super::CLASS;

/// One line, the same for the whole domain.
pub(super) fn text(directory: &Directory, controllers_2025: usize) -> String {
    let class = match directory.schema.has(CLASS) {
        Some(true) => "in the schema",
        Some(false) => "not in the schema yet",
        None => "not known, the schema was not read",
    };
    let heuristics = is_read(directory).then(|| {
        directory
            .domain
            .ds_heuristics
            .as_deref()
            .unwrap_or_default()
    });
    let default = if directory.domain.authorizes_on_add() {
        "; new dMSAs start with the published permissions of their class"
    } else {
        ""
    };
    format!(
        "Server 2025 domain controllers seen: {controllers_2025}; dMSA class {class}; dSHeuristics 28 (rights on creation) \
         {}, 29 (rights of owners) {}; update of August 2025 not in LDAP{default}",
        switch(heuristics, 28),
        switch(heuristics, 29),
    )
}

/// dSHeuristics came, or is not set: an attribute that was withheld looks like one that is not set.
pub(in crate::frames) fn is_read(directory: &Directory) -> bool {
    let asked = directory.query("directory-service").is_some_and(|row| {
        row.is_complete()
            && row.stored > 0
            && row
                .plan
                .attributes
                .iter()
                .any(|asked| asked == "dSHeuristics")
    });
    let withheld = directory.coverage.iter().any(|row| {
        row.attribute.eq_ignore_ascii_case("dSHeuristics")
            && matches!(row.absence, Absence::NotReadable | Absence::Unknown)
    });
    directory.domain.ds_heuristics.is_some() || (asked && !withheld)
}

/// MS-ADTS 6.1.1.2.4.1.2: characters count from 1, a missing one is 0, an undefined one is 1.
fn switch(heuristics: Option<&str>, character: usize) -> &'static str {
    let Some(text) = heuristics else {
        return "not read, taken as audit";
    };
    match text.chars().nth(character - 1) {
        None | Some('0') => "audit",
        Some('2') => "off",
        Some('3') => "3, taken as off",
        Some(_) => "enforced",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_told_in_words() {
        let of = |text| [28, 29].map(|character| switch(text, character));
        assert_eq!(of(None), ["not read, taken as audit"; 2]);
        assert_eq!(of(Some("")), ["audit", "audit"]);
        assert_eq!(
            of(Some("00000000010000000002000000010")),
            ["enforced", "audit"]
        );
        assert_eq!(
            of(Some("0000000001000000000200000002x")),
            ["off", "enforced"]
        );
        assert_eq!(
            of(Some("000000000100000000020000000 3")),
            ["enforced", "3, taken as off"]
        );
    }
}
