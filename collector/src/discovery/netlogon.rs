//! Reads what a domain controller says of itself in the LDAP ping: NETLOGON_SAM_LOGON_RESPONSE_EX.
//!
//! Owns the layout of that structure and its compressed names (MS-ADTS 6.3.1.9, 6.3.1.10). The bytes come over UDP from
//! anybody, so every read is checked. Asks nothing and ranks nothing.

/// The server holds a writable copy of the domain (MS-ADTS 6.3.1.2).
pub(super) const DS_WRITABLE_FLAG: u32 = 0x0000_0100;
/// The server is in the site that is closest to the client.
pub(super) const DS_CLOSEST_FLAG: u32 = 0x0000_0080;

/// Operation codes of the answers (MS-ADTS 6.3.1.3).
const LOGON_SAM_LOGON_RESPONSE_EX: u16 = 23;
const LOGON_SAM_PAUSE_RESPONSE_EX: u16 = 24;

/// RFC 1035 2.3.4.
const LONGEST_NAME: usize = 255;

/// What the value of the attribute `Netlogon` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A domain controller that serves.
    Serving(Box<ServerState>),
    /// A domain controller whose Net Logon service is paused: clients should go elsewhere.
    Paused,
    /// Another structure, known by its operation code: older servers and unknown users.
    Other(u16),
}

/// The fields of NETLOGON_SAM_LOGON_RESPONSE_EX that matter for a choice. Names are empty where the server has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerState {
    pub(super) flags: u32,
    pub(super) domain_guid: [u8; 16],
    pub(super) forest: String,
    pub(super) domain: String,
    pub(super) host_name: String,
    pub(super) server_site: String,
    pub(super) client_site: String,
}

/// Reads the value of the attribute `Netlogon`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Answer, &'static str> {
    let mut reader = Reader { bytes, at: 0 };
    match reader.u16()? {
        LOGON_SAM_LOGON_RESPONSE_EX => {}
        LOGON_SAM_PAUSE_RESPONSE_EX => return Ok(Answer::Paused),
        other => return Ok(Answer::Other(other)),
    }
    reader.take(2)?; // Sbz
    let flags = u32::from_le_bytes(reader.array()?);
    let domain_guid = reader.array()?;
    let forest = reader.name()?;
    let domain = reader.name()?;
    let host_name = reader.name()?;
    let _netbios_domain = reader.name()?;
    let _netbios_host = reader.name()?;
    let _user = reader.name()?;
    let server_site = reader.name()?;
    let client_site = reader.name()?;
    // A socket address and a next closest site come only on request; NtVersion and two tokens always end it.
    reader.take(8)?;
    Ok(Answer::Serving(Box::new(ServerState {
        flags,
        domain_guid,
        forest,
        domain,
        host_name,
        server_site,
        client_site,
    })))
}

const CUT: &str = "it ends too early";

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let end = self.at.checked_add(length).ok_or(CUT)?;
        let taken = self.bytes.get(self.at..end).ok_or(CUT)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_| CUT)
    }

    fn u8(&mut self) -> Result<u8, &'static str> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, &'static str> {
        self.array().map(u16::from_le_bytes)
    }

    /// A UTF-8 name in the compression of RFC 1035 4.1.4 (MS-ADTS 6.3.1.10); pointers count from the structure's start.
    fn name(&mut self) -> Result<String, &'static str> {
        let mut name = String::new();
        // Where reading goes on after the name: behind its first pointer, if there is one.
        let mut after = None;
        // Every pointer must point before the place where the labels it ends began, so a name ends for sure.
        let mut limit = self.at;
        loop {
            let length = self.u8()?;
            match length {
                0 => break,
                1..=63 => {
                    let label = str::from_utf8(self.take(usize::from(length))?)
                        .map_err(|_| "a name is not UTF-8")?;
                    if label.chars().any(char::is_control) {
                        return Err("a name holds control characters");
                    }
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(label);
                    if name.len() > LONGEST_NAME {
                        return Err("a name is too long");
                    }
                }
                0xC0.. => {
                    let target = usize::from(length & 0x3F) << 8 | usize::from(self.u8()?);
                    after.get_or_insert(self.at);
                    if target >= limit {
                        return Err("a name points to itself or forward");
                    }
                    limit = target;
                    self.at = target;
                }
                _ => return Err("a name holds a label of an unknown kind"),
            }
        }
        if let Some(after) = after {
            self.at = after;
        }
        Ok(name)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )]

    use proptest::prelude::*;

    use super::*;

    /// Laid out by hand after MS-ADTS 6.3.1.9; the offsets are those of the compression pointers.
    #[rustfmt::skip]
    pub(in crate::discovery) const RESPONSE: &[u8] = &[
        0x17, 0x00, 0x00, 0x00,                                     //   0 Opcode 23, Sbz
        0xFD, 0xF3, 0x03, 0x00,                                     //   4 Flags
        0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE,             //   8 DomainGuid
        0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
        4, b'c', b'o', b'r', b'p',                                  //  24 DnsForestName corp.example
        7, b'e', b'x', b'a', b'm', b'p', b'l', b'e', 0,             //  29
        0xC0, 24,                                                   //  38 DnsDomainName → 24
        3, b'd', b'c', b'1', 0xC0, 38,                              //  40 DnsHostName dc1 → 38 → 24
        4, b'C', b'O', b'R', b'P', 0,                               //  46 NetbiosDomainName
        3, b'D', b'C', b'1', 0,                                     //  52 NetbiosComputerName
        0,                                                          //  57 UserName
        5, b'P', b'a', b'r', b'i', b's', 0,                         //  58 DcSiteName
        0xC0, 58,                                                   //  65 ClientSiteName → 58
        0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF,             //  67 NtVersion, LmNtToken, Lm20Token
    ];

    fn serving(bytes: &[u8]) -> Result<ServerState, &'static str> {
        match parse(bytes)? {
            Answer::Serving(state) => Ok(*state),
            other => panic!("{other:?}"),
        }
    }

    fn changed(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut changed = RESPONSE.to_vec();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    }

    #[test]
    fn a_response_with_pointers() {
        let expected = ServerState {
            flags: 0x0003_F3FD,
            domain_guid: RESPONSE[8..24].try_into().unwrap(),
            forest: "corp.example".to_owned(),
            domain: "corp.example".to_owned(),
            host_name: "dc1.corp.example".to_owned(),
            server_site: "Paris".to_owned(),
            client_site: "Paris".to_owned(),
        };
        assert_eq!(serving(RESPONSE), Ok(expected.clone()));
        // What other versions append is no concern.
        assert_eq!(serving(&[RESPONSE, b"\0\x01\x02"].concat()), Ok(expected));
    }

    #[test]
    fn every_cut_is_noticed() {
        for length in 0..RESPONSE.len() {
            assert_eq!(parse(&RESPONSE[..length]), Err(CUT), "{length}");
        }
    }

    #[test]
    fn pointers_that_would_loop() {
        const FORWARD: &str = "a name points to itself or forward";
        for (at, pointer) in [
            (38, [0xC0, 38]), // itself
            (38, [0xC0, 40]), // to a name that points back here
            (38, [0xC0, 65]), // forward
            (44, [0xC0, 40]), // to its own beginning
            (44, [0xC0, 44]),
            (65, [0xFF, 0xFF]), // beyond the end
        ] {
            assert_eq!(
                serving(&changed(at, &pointer)),
                Err(FORWARD),
                "{at} {pointer:?}"
            );
        }
    }

    #[test]
    fn labels_that_are_none() {
        assert_eq!(
            serving(&changed(58, &[0x80])),
            Err("a name holds a label of an unknown kind")
        );
        assert_eq!(
            serving(&changed(41, b"\x1b")),
            Err("a name holds control characters")
        );
        assert_eq!(serving(&changed(41, b"\xff")), Err("a name is not UTF-8"));
    }

    #[test]
    fn a_name_does_not_grow_without_end() {
        let mut bytes = RESPONSE[..24].to_vec();
        for _ in 0..5 {
            bytes.push(63);
            bytes.extend([b'a'; 63]);
        }
        assert_eq!(parse(&bytes), Err("a name is too long"));
    }

    #[test]
    fn other_structures_are_told_apart() {
        assert_eq!(parse(&changed(0, &[24])), Ok(Answer::Paused));
        // NETLOGON_SAM_LOGON_RESPONSE (MS-ADTS 6.3.1.8), the answer without NETLOGON_NT_VERSION_5EX.
        assert_eq!(parse(b"\x13\0\\\0\\\0D\0C\0\0\0"), Ok(Answer::Other(19)));
        assert_eq!(parse(&changed(0, &[25])), Ok(Answer::Other(25)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse(&[&RESPONSE[..24], &bytes].concat());
        }

        #[test]
        fn names_are_bounded(bytes in proptest::collection::vec(
            prop_oneof![Just(0xC0_u8), 0_u8..100, any::<u8>()], 0..300)) {
            if let Ok(Answer::Serving(state)) = parse(&[&RESPONSE[..24], &bytes].concat()) {
                prop_assert!(state.host_name.len() <= LONGEST_NAME);
            }
        }
    }
}
