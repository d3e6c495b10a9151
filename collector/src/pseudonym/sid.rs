//! Security identifiers (MS-DTYP 2.4.2), as bytes and as text.
//!
//! Owns the choice whether they stay. Only those of a domain are changed, and of these only the three sub-authorities
//! that the domain chose for itself: the RID says whether it is Domain Admins, and stays.

use super::name::Names;

/// What becomes of the SIDs of domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sids {
    /// They stay: findings can be looked up in the directory without the key.
    Keep,
    /// `S-1-5-21-a-b-c` becomes another such SID, the same one for the same domain.
    Rebase,
}

/// Revision 1, at most 15 sub-authorities (MS-DTYP 2.4.2.2).
const MOST_SUB_AUTHORITIES: usize = 15;

/// Bytes before the first sub-authority.
const HEAD: usize = 8;

/// Authority 5 and sub-authority 21: the SID of a domain or of something in one.
const DOMAIN: [u8; 10] = [0, 0, 0, 0, 0, 5, 21, 0, 0, 0];

impl Names {
    /// The value of an attribute that holds a SID; what is none becomes zeros.
    pub(super) fn sid_value(&mut self, value: &[u8]) -> Vec<u8> {
        match self.sid_prefix(value) {
            Some(sid) if sid.len() == value.len() => sid,
            _ => vec![0; value.len()],
        }
    }

    /// The SID at the start of `bytes`.
    pub(super) fn sid_prefix(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let count = match bytes {
            [1, count, ..] if usize::from(*count) <= MOST_SUB_AUTHORITIES => usize::from(*count),
            _ => return None,
        };
        let mut sid = bytes.get(..HEAD + 4 * count)?.to_vec();
        if let [_, _, rest @ ..] = sid.as_mut_slice()
            && let Some((head, rest)) = rest.split_first_chunk_mut::<10>()
            && *head == DOMAIN
            && let Some(domain) = rest.first_chunk_mut::<12>()
        {
            *domain = self.domain(*domain);
        }
        Some(sid)
    }

    /// The text of a SID; `None` if it is none.
    pub(super) fn sid_text(&mut self, text: &str) -> Option<String> {
        let numbers = text
            .strip_prefix("S-1-")
            .or_else(|| text.strip_prefix("s-1-"))?;
        let numbers: Vec<&str> = numbers.split('-').collect();
        let decimal = |number: &&str| {
            !number.is_empty()
                && number.len() <= 15
                && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !numbers.iter().all(decimal) {
            return None;
        }
        let [authority @ "5", "21", a, b, c, rest @ ..] = numbers.as_slice() else {
            return Some(text.to_owned());
        };
        let mut domain = [0; 12];
        for (to, number) in domain.chunks_exact_mut(4).zip([a, b, c]) {
            to.copy_from_slice(&number.parse::<u32>().ok()?.to_le_bytes());
        }
        let mut rebased = format!(
            "S-1-{authority}-21-{}",
            sub_authorities(self.domain(domain))
        );
        for number in rest {
            rebased.push('-');
            rebased.push_str(number);
        }
        Some(rebased)
    }

    /// SDDL (MS-DTYP 2.5.1). One with a condition may hold anything, and becomes one pseudonym.
    pub(super) fn sddl(&mut self, text: &str) -> String {
        if text.contains(['"', '@', '#']) {
            return self.whole(text);
        }
        let mut replaced = String::with_capacity(text.len());
        for word in text.split_inclusive([';', ')', '(', ':']) {
            let bare = word.trim_end_matches([';', ')', '(', ':']);
            let end = word.get(bare.len()..).unwrap_or_default();
            // `O:S-1-5-21-…D:` and `G:S-1-5-21-…D:`: the letter of the next part stands behind the SID.
            let (sid, letter) = match bare.strip_suffix(['O', 'G', 'D', 'S']) {
                Some(sid) if sid.starts_with("S-1-") => (sid, bare.get(sid.len()..)),
                _ => (bare, None),
            };
            replaced.push_str(&self.sid_text(sid).unwrap_or_else(|| sid.to_owned()));
            replaced.push_str(letter.unwrap_or_default());
            replaced.push_str(end);
        }
        replaced
    }

    /// What stands for the three sub-authorities of a domain.
    fn domain(&mut self, domain: [u8; 12]) -> [u8; 12] {
        // S-1-5-21-0-0-0-496 and -497 are well known (MS-DTYP 2.4.2.4) and belong to no domain.
        if self.sids == Sids::Keep || domain == [0; 12] {
            return domain;
        }
        let rebased = self.key.rebase(domain);
        self.put_once(
            &format!("S-1-5-21-{}", sub_authorities(rebased)),
            &format!("S-1-5-21-{}", sub_authorities(domain)),
        );
        rebased
    }
}

fn sub_authorities(bytes: [u8; 12]) -> String {
    let numbers: Vec<String> = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| u32::from_le_bytes(*chunk).to_string())
        .collect();
    numbers.join("-")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::tests::{names as keeping, rebasing};

    #[test]
    fn sids_of_domains_change_alike_in_bytes_and_in_text() {
        let mut names = rebasing();
        let bytes = [
            1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0,
        ];
        let value = names.sid_value(&bytes);
        let numbers: Vec<String> = value[12..]
            .chunks_exact(4)
            .map(|chunk| u32::from_le_bytes(chunk.try_into().unwrap()).to_string())
            .collect();
        let text = names.sid_text("S-1-5-21-1-2-3-500").unwrap();
        assert_eq!(text, format!("S-1-5-21-{}", numbers.join("-")));
        assert_eq!(names.dn("CN=S-1-5-21-1-2-3-500"), format!("CN={text}"));
        assert_eq!(
            names.sddl("O:S-1-5-21-1-2-3-500G:DAD:(A;;GA;;;S-1-5-21-1-2-3-500)(A;;GA;;;BA)"),
            format!("O:{text}G:DAD:(A;;GA;;;{text})(A;;GA;;;BA)")
        );
        for same in ["S-1-5-32-544", "S-1-1-0", "S-1-5-21-0-0-0-497", "S-1-5-21"] {
            assert_eq!(names.sid_text(same).as_deref(), Some(same));
        }
        for none in ["S-1-", "S-1-5-x", "S-2-5", "S-1-5-21-99999999999-1-1"] {
            assert_eq!(names.sid_text(none), None, "{none}");
        }
        assert_eq!(keeping().sid_value(&bytes), bytes);
        assert_eq!(names.sid_value(&bytes[..27]), [0; 27]);
    }
}
