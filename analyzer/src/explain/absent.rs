//! Why an attribute that an object does not show may have a value all the same.
//!
//! Deliberately leaves the decision to [`crate::compare::Sight`], which knows the ledger.

use coldcase_schemas::explain::UnknownFact;

use crate::compare::{Sight, query_of};
use crate::frames::Analysis;
use crate::load::Object;

/// Why; `None` if the snapshot shows that it has no value.
pub(crate) fn why_hidden(analysis: &Analysis, object: &Object, attribute: &str) -> Option<String> {
    let query = query_of(analysis, object);
    if analysis.directory.query(query).is_none() {
        return Some(format!("{attribute} was not asked for"));
    }
    // Every account has both: who is not shown them, an administrator too, may not be shown more.
    let unshown = [
        ("nTSecurityDescriptor", object.descriptor.is_none()),
        (
            "userAccountControl",
            object.user_account_control.is_none() && object.kind.is_principal(),
        ),
    ];
    if let Some((other, _)) = unshown.iter().find(|(_, unshown)| *unshown) {
        return Some(format!(
            "it does not show {other}, and may hide {attribute} too"
        ));
    }
    Sight::of(analysis).may_hide_value(object, query, attribute, false)
}

/// The attribute among the unknown, if it is not set and may be hidden.
pub(super) fn note(
    analysis: &Analysis,
    object: &Object,
    attribute: &str,
    is_set: bool,
    unknown: &mut Vec<UnknownFact>,
) {
    if is_set {
        return;
    }
    unknown.extend(
        why_hidden(analysis, object, attribute).map(|why| UnknownFact {
            attribute: attribute.to_owned(),
            why,
        }),
    );
}

/// Among the unknown: every such object has the attribute, so it was not shown.
pub(super) fn not_shown(attribute: &str) -> UnknownFact {
    UnknownFact {
        attribute: attribute.to_owned(),
        why: format!("{attribute} was not readable"),
    }
}
