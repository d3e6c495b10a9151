//! The style, the script, and the Content-Security-Policy that admits these two and nothing else.
//!
//! Both are embedded when the program is built; their hashes are computed from the text that is written (CSP Level 3,
//! section 8.3), so they cannot drift apart.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// What is between `<style>` and `</style>`.
pub(super) const STYLE: &str = include_str!("../../templates/html/style.css");

/// What is between `<script>` and `</script>`.
pub(super) const SCRIPT: &str = include_str!("../../templates/html/script.js");

/// No request of any kind; no style and no script but these; no form, no other base for links.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_a_browser() {
        // Content Security Policy Level 2, section 4.2.5, has this example.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
        // Neither text may end its own element.
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains('\r'));
        }
    }
}
