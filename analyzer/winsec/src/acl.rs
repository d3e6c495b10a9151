//! Access control lists, MS-DTYP 2.4.5.
//!
//! Owns the list and its header. Knows neither where the list is in a descriptor nor what its
//! order means.

use crate::ace::{Ace, AceFlags, HEADER as ACE_HEADER};
use crate::bytes::Reader;
use crate::defect::{DefectKind, EncodeError, Part};

const HEADER: usize = 8;
const REVISION: u8 = 2;
const REVISION_DS: u8 = 4;

/// An access control list.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 1 | AclRevision: 2, or 4 with object ACEs |
/// | 1 | 1 | Sbz1 |
/// | 2 | 2 | AclSize, header and unused bytes included |
/// | 4 | 2 | AceCount |
/// | 6 | 2 | Sbz2 |
/// | 8 | | the ACEs |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acl {
    /// 2, or 4 if the list holds object ACEs.
    pub revision: u8,
    /// Reserved, zero.
    pub sbz1: u8,
    /// Reserved, zero.
    pub sbz2: u16,
    /// In the order of the list, which decides what a DACL grants.
    pub aces: Vec<Ace>,
    /// Bytes inside the list after its last ACE. Windows leaves some at times.
    pub unused: Vec<u8>,
}

impl Default for Acl {
    fn default() -> Acl {
        Acl::new(Vec::new())
    }
}

impl Acl {
    /// A list of these ACEs, of revision 4 if one is an object ACE, else of revision 2.
    pub fn new(aces: Vec<Ace>) -> Acl {
        let object = aces
            .iter()
            .filter_map(Ace::known)
            .any(|known| known.ace_type.is_object());
        Acl {
            revision: if object { REVISION_DS } else { REVISION },
            sbz1: 0,
            sbz2: 0,
            aces,
            unused: Vec::new(),
        }
    }

    /// Decodes a list at the start of `bytes`, which reach to the end of the descriptor. Gives
    /// the list and the bytes it takes. `defect` takes offsets from the start of the list.
    pub(crate) fn decode(
        bytes: &[u8],
        part: Part,
        mut defect: impl FnMut(usize, DefectKind),
    ) -> Option<(Acl, usize)> {
        let mut reader = Reader::new(bytes);
        let Some((revision, sbz1, size, count, sbz2)) = header(&mut reader) else {
            defect(0, DefectKind::Truncated(part));
            return None;
        };
        if revision != REVISION && revision != REVISION_DS {
            defect(0, DefectKind::AclRevision(revision));
        }
        let length = usize::from(size);
        if length < HEADER {
            defect(2, DefectKind::AclSizeTooSmall(size));
        } else if length > bytes.len() {
            defect(2, DefectKind::AclSizeTooLarge(size));
        }
        let length = length.clamp(HEADER, bytes.len());
        let list = bytes.get(..length).unwrap_or_default();
        let mut reader = Reader::at(list, HEADER).unwrap_or(Reader::new(&[]));
        let mut aces = Vec::new();
        while aces.len() < usize::from(count) && !reader.rest().is_empty() {
            let Some(ace) = next_ace(&mut reader, &mut defect) else {
                break;
            };
            aces.push(ace);
        }
        if aces.len() < usize::from(count) {
            defect(
                4,
                DefectKind::AceCount {
                    stated: count,
                    read: aces.len(),
                },
            );
        }
        let unused = reader.rest().to_vec();
        Some((
            Acl {
                revision,
                sbz1,
                sbz2,
                aces,
                unused,
            },
            length,
        ))
    }

    /// The wire form.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = vec![0; HEADER];
        for ace in &self.aces {
            bytes.extend(ace.encode()?);
        }
        bytes.extend(&self.unused);
        let too_large = EncodeError::AclTooLarge(bytes.len());
        let size = u16::try_from(bytes.len()).map_err(|_| too_large)?;
        let count = u16::try_from(self.aces.len()).map_err(|_| too_large)?;
        if let Some(header) = bytes.first_chunk_mut::<HEADER>() {
            let ([a, b], [c, d], [e, f]) = (
                size.to_le_bytes(),
                count.to_le_bytes(),
                self.sbz2.to_le_bytes(),
            );
            *header = [self.revision, self.sbz1, a, b, c, d, e, f];
        }
        Ok(bytes)
    }
}

fn header(reader: &mut Reader<'_>) -> Option<(u8, u8, u16, u16, u16)> {
    Some((
        reader.u8()?,
        reader.u8()?,
        reader.u16()?,
        reader.u16()?,
        reader.u16()?,
    ))
}

fn next_ace(reader: &mut Reader<'_>, defect: &mut impl FnMut(usize, DefectKind)) -> Option<Ace> {
    let start = reader.offset();
    let mut ahead = *reader;
    let (ace_type, flags, size) = (ahead.u8()?, ahead.u8()?, ahead.u16()?);
    let Some(body) = usize::from(size)
        .checked_sub(ACE_HEADER)
        .and_then(|length| ahead.take(length))
    else {
        defect(start, DefectKind::AceSize(size));
        return None;
    };
    if !size.is_multiple_of(4) {
        defect(start, DefectKind::AceAlignment(size));
    }
    *reader = ahead;
    Some(Ace::decode(ace_type, AceFlags(flags), body, |kind| {
        defect(start, kind)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = (Option<(Acl, usize)>, Vec<(usize, DefectKind)>);

    fn decode(bytes: &[u8]) -> Outcome {
        let mut defects = Vec::new();
        let acl = Acl::decode(bytes, Part::Dacl, |offset, kind| {
            defects.push((offset, kind))
        });
        (acl, defects)
    }

    #[test]
    fn empty_list() {
        let bytes = [2, 0, 8, 0, 0, 0, 0, 0];
        assert_eq!(decode(&bytes), (Some((Acl::default(), 8)), vec![]));
        assert_eq!(Acl::default().encode(), Ok(bytes.to_vec()));
    }

    #[test]
    fn reserved_fields_and_unused_bytes_are_kept() {
        let bytes = [4, 7, 12, 0, 0, 0, 9, 8, 1, 2, 3, 4];
        let (acl, defects) = decode(&bytes);
        assert_eq!(defects, []);
        assert_eq!(acl.map(|(acl, _)| acl.encode()), Some(Ok(bytes.to_vec())));
    }

    #[test]
    fn huge_counts_and_sizes_are_named() {
        let (acl, defects) = decode(&[2, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        assert_eq!(
            acl.map(|(acl, length)| (acl.aces.len(), length)),
            Some((0, 8))
        );
        assert_eq!(
            defects,
            [
                (2, DefectKind::AclSizeTooLarge(0xffff)),
                (
                    4,
                    DefectKind::AceCount {
                        stated: 0xffff,
                        read: 0
                    }
                )
            ]
        );
    }

    #[test]
    fn small_sizes_and_odd_revisions_are_named() {
        let (acl, defects) = decode(&[9, 0, 3, 0, 0, 0, 0, 0]);
        assert!(acl.is_some());
        assert_eq!(
            defects,
            [
                (0, DefectKind::AclRevision(9)),
                (2, DefectKind::AclSizeTooSmall(3))
            ]
        );
    }

    #[test]
    fn an_ace_past_the_end_is_kept_as_unused() {
        let bytes = [2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 99, 0];
        let (acl, defects) = decode(&bytes);
        assert_eq!(
            defects,
            [
                (8, DefectKind::AceSize(99)),
                (4, DefectKind::AceCount { stated: 1, read: 0 })
            ]
        );
        assert_eq!(acl.map(|(acl, _)| acl.unused), Some(vec![0, 0, 99, 0]));
    }

    #[test]
    fn an_ace_of_odd_size_is_named_and_kept() {
        let bytes = [2, 0, 13, 0, 1, 0, 0, 0, 0x77, 0, 5, 0, 1];
        let (acl, defects) = decode(&bytes);
        assert_eq!(
            defects,
            [
                (8, DefectKind::AceAlignment(5)),
                (8, DefectKind::AceType(0x77))
            ]
        );
        assert_eq!(acl.map(|(acl, _)| acl.encode()), Some(Ok(bytes.to_vec())));
    }

    #[test]
    fn a_cut_header_is_no_list() {
        assert_eq!(
            decode(&[2, 0, 8]),
            (None, vec![(0, DefectKind::Truncated(Part::Dacl))])
        );
    }
}
