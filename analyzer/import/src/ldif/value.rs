//! From what a writer of LDIF made of a value back to the LDAP wire value.
//!
//! Owns the text that Samba's ldbsearch writes for SIDs, GUIDs, security descriptors and extended DNs. Deliberately leaves
//! every value alone that is none of these: LDIF itself holds wire values.

use std::io::{Read, Seek, SeekFrom};
use std::str::FromStr;

use coldcase_schemas::attribute::{self, Syntax};
use coldcase_winsec::{SddlDomains, SecurityDescriptor, Sid};

use super::lines::Lines;
use crate::error::ImportError;
use crate::naming::Named;
use crate::wire;

/// What text may stand for another wire value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sid,
    Guid,
    Descriptor,
    Dn,
    Other,
}

/// Octet strings that are SIDs, and those that are GUIDs.
const SIDS: &[&str] = &[
    "objectSid",
    "sIDHistory",
    "securityIdentifier",
    "mS-DS-CreatorSID",
];
const GUIDS: &[&str] = &["objectGUID", "schemaIDGUID", "attributeSecurityGUID"];

impl Kind {
    /// Of an attribute.
    pub(super) fn of(name: &str) -> Self {
        let among = |names: &[&str]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        if among(SIDS) {
            return Self::Sid;
        }
        if among(GUIDS) {
            return Self::Guid;
        }
        match attribute::find(name).map(|(_, found)| found.syntax) {
            Some(Syntax::SecurityDescriptor) => Self::Descriptor,
            Some(Syntax::Dn) => Self::Dn,
            _ => Self::Other,
        }
    }
}

/// The wire value, or why there is none. No binary SID, GUID or descriptor looks like the text of one.
pub(super) fn wire(kind: Kind, bytes: Vec<u8>, domains: &SddlDomains) -> Result<Vec<u8>, String> {
    let text = || std::str::from_utf8(&bytes).ok();
    match kind {
        Kind::Sid if bytes.starts_with(b"S-1-") => text()
            .and_then(wire::sid)
            .ok_or_else(|| "it is no SID".to_owned()),
        Kind::Guid if bytes.len() != 16 => text()
            .and_then(wire::guid)
            .ok_or_else(|| "it is no GUID".to_owned()),
        Kind::Descriptor if matches!(bytes.get(..2), Some(b"O:" | b"G:" | b"D:" | b"S:")) => {
            let text = text().ok_or("its SDDL is no text")?;
            let hint = if domains.domain.is_none() || domains.forest_root.is_none() {
                "; the file must hold the head of the domain too, whose SID the aliases stand for (ldbsearch --cross-ncs)"
            } else {
                ""
            };
            let descriptor = SecurityDescriptor::from_sddl(text, domains)
                .map_err(|error| format!("its SDDL cannot be turned back: {error}{hint}"))?;
            Ok(descriptor.encode())
        }
        Kind::Dn if bytes.starts_with(b"<GUID=") || bytes.starts_with(b"<SID=") => {
            let plain = bytes.windows(2).rposition(|pair| pair == b">;");
            Ok(plain
                .and_then(|at| bytes.get(at + 2..))
                .map_or(bytes.clone(), <[u8]>::to_vec))
        }
        _ => Ok(bytes),
    }
}

/// The domains that aliases in SDDL stand for, found by looking through a file of ldbsearch once: the domain by the SID of the
/// object at the head of a tail, the root of the forest by the tail of the schema, where each object's category lies.
pub(super) fn domains(input: &mut (impl Read + Seek)) -> Result<SddlDomains, ImportError> {
    input.seek(SeekFrom::Start(0))?;
    let mut lines = Lines::new(&mut *input);
    let mut line = Vec::new();
    let (mut dn, mut head, mut forest) = (String::new(), None, None);
    while lines.next(&mut line)?.is_some() {
        let text = String::from_utf8_lossy(&line);
        if let Some(name) = text.strip_prefix("dn: ") {
            name.clone_into(&mut dn);
        } else if let Some(category) = text.strip_prefix("objectCategory: ")
            && forest.is_none()
        {
            forest = Some(Named::of(category).tail.to_lowercase());
        } else if let Some(sid) = text.strip_prefix("objectSid: ")
            && head.is_none()
            && Named::of(&dn).tail == dn
        {
            head = Sid::from_str(sid.trim())
                .ok()
                .map(|sid| (dn.to_lowercase(), sid));
        }
        if head.is_some() && forest.is_some() {
            break;
        }
    }
    input.seek(SeekFrom::Start(0))?;
    let Some((tail, sid)) = head else {
        return Ok(SddlDomains::default());
    };
    Ok(SddlDomains {
        forest_root: (forest.as_ref() == Some(&tail)).then(|| sid.clone()),
        machine: Some(sid.clone()),
        domain: Some(sid),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_of_ldbsearch() {
        let domains = SddlDomains {
            domain: Sid::from_str("S-1-5-21-1-2-3").ok(),
            ..SddlDomains::default()
        };
        let turned =
            |name: &str, text: &str| wire(Kind::of(name), text.as_bytes().to_vec(), &domains);
        assert_eq!(
            turned("objectSid", "S-1-5-32-544").ok(),
            wire::sid("S-1-5-32-544")
        );
        assert_eq!(
            turned("objectguid", "d12cfafd-1a96-404a-bfa3-cbd19ad5cf75")
                .unwrap()
                .len(),
            16
        );
        assert!(turned("objectGUID", "short").is_err());
        let descriptor = turned("nTSecurityDescriptor", "O:DAG:DAD:(A;;GA;;;DA)").unwrap();
        let owner = SecurityDescriptor::decode(&descriptor).value.owner.unwrap();
        assert_eq!(owner.to_string(), "S-1-5-21-1-2-3-512");
        assert!(
            turned("nTSecurityDescriptor", "O:EAD:").is_err(),
            "the root is not known"
        );
        let extended = "<GUID=d12cfafd-1a96-404a-bfa3-cbd19ad5cf75>;<SID=S-1-5-32-544>;CN=a,DC=b";
        assert_eq!(turned("member", extended).unwrap(), b"CN=a,DC=b");
        assert_eq!(
            turned("description", extended).unwrap(),
            extended.as_bytes()
        );
        // Wire values stay what they are.
        let binary = vec![1, 0, 4, 0x80];
        assert_eq!(wire(Kind::Descriptor, binary.clone(), &domains), Ok(binary));
        assert_eq!(wire(Kind::Guid, vec![7; 16], &domains), Ok(vec![7; 16]));
    }

    #[test]
    fn the_domain_is_found_by_its_head() {
        let file = "# record 1\ndn: CN=x,DC=b\nobjectSid: S-1-5-21-9-9-9-500\n\
                    objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=b\n\n\
                    dn: DC=b\nobjectSid: S-1-5-21-1-2-3\n";
        let found = domains(&mut std::io::Cursor::new(file)).unwrap();
        assert_eq!(
            found.domain.as_ref().map(Sid::to_string).as_deref(),
            Some("S-1-5-21-1-2-3")
        );
        assert_eq!(found.forest_root, found.domain);
        let child = file.replace("CN=Configuration,DC=b", "CN=Configuration,DC=root");
        assert_eq!(
            domains(&mut std::io::Cursor::new(child))
                .unwrap()
                .forest_root,
            None
        );
    }
}
