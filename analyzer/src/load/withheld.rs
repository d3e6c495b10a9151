//! Attributes that a whole kind of object did not show, or was not asked for.
//!
//! Owns the two ways in which an attribute can be missing of all. Deliberately leaves single objects to
//! [`super::Object::shows`]: one that shows a value is no proof for the others, and one that shows none none against them.

use coldcase_schemas::ledger::Absence;
use coldcase_schemas::plan::is_part_of;

use super::Directory;

impl Directory {
    /// An attribute must have been asked for by at least one of the queries: not every kind of object has it.
    pub(crate) fn not_asked(&self, queries: &[&str], attribute: &str) -> Option<String> {
        let asked = queries
            .iter()
            .filter_map(|name| self.query(name))
            .flat_map(|row| &row.plan.attributes)
            .any(|asked| asked.eq_ignore_ascii_case(attribute));
        (!asked).then(|| format!("{attribute} was not asked for"))
    }

    /// An attribute that the server holds for a class and did not show of any of its objects. Of links and of what is not
    /// replicated nobody can say whether it holds any; an administrator would have seen them.
    pub(crate) fn withheld(&self, queries: &[&str], attribute: &str) -> Option<String> {
        let administrator = self.requester.administers_domain(self.domain_sid.as_ref());
        let classes: Vec<String> = self
            .coverage
            .iter()
            .filter(|row| {
                (row.absence == Absence::NotReadable
                    || (row.absence == Absence::Unknown && !administrator))
                    && row.attribute.eq_ignore_ascii_case(attribute)
                    && queries
                        .iter()
                        .any(|query| row.query == *query || is_part_of(&row.query, query))
            })
            .map(|row| format!("{} {}", row.objects, row.class))
            .collect();
        (!classes.is_empty()).then(|| {
            format!(
                "{attribute} was not shown of {} objects",
                classes.join(", ")
            )
        })
    }

    /// Why it is not known which objects of these queries have a value of the attribute; `None` if it is. A query that was
    /// not asked, or brought nothing, is no reason here: that is told by itself.
    pub(crate) fn hides(&self, queries: &[&str], attribute: &str) -> Option<String> {
        let brought = |name: &&&str| self.query(name).is_some_and(|row| row.stored > 0);
        let of: Vec<&str> = queries.iter().filter(brought).copied().collect();
        let unasked: Vec<&str> = of
            .iter()
            .filter(|name| self.not_asked(&[name], attribute).is_some())
            .copied()
            .collect();
        if !unasked.is_empty() {
            return Some(format!(
                "{attribute} was not asked for of {}",
                unasked.join(", ")
            ));
        }
        self.withheld(&of, attribute)
    }
}
