//! Made-up exports, for tests and to measure with.
//!
//! Owns a generator of zips in the shape of SharpHound's version 6. Deliberately reaches for size, not for a plausible
//! directory.

use std::io::{self, Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Bytes that a row deflates to, about, as measured: the writer cannot be asked while a file is open.
const ROW_DEFLATED: u64 = 250;

/// Writes a zip of computers, in files of 100,000, until it has about `bytes` bytes. Gives the number of rows and of
/// bytes before deflating.
///
/// # Errors
/// If writing fails.
pub fn write_zip<W: Write + Seek>(writer: W, bytes: u64) -> io::Result<(u64, u64)> {
    let mut zip = ZipWriter::new(writer);
    let (mut rows, mut inflated, mut file) = (0_u64, 0_u64, 0_u64);
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut deflated = 0_u64;
    while deflated < bytes {
        let options = SimpleFileOptions::default().large_file(true);
        zip.start_file(format!("20260101000000_{file}_computers.json"), options)?;
        zip.write_all(b"{\"data\":[")?;
        let mut here = 0_u64;
        while here < 100_000 && deflated < bytes {
            let row = computer(rows, &mut noise);
            if here > 0 {
                zip.write_all(b",")?;
            }
            zip.write_all(row.as_bytes())?;
            inflated += u64::try_from(row.len()).unwrap_or(0) + 1;
            deflated += ROW_DEFLATED;
            here += 1;
            rows += 1;
        }
        write!(
            zip,
            "],\"meta\":{{\"methods\":521215,\"type\":\"computers\",\"count\":{here},\"version\":6}}}}"
        )?;
        file += 1;
    }
    zip.finish()?;
    Ok((rows, inflated))
}

fn computer(number: u64, noise: &mut u64) -> String {
    let mut random = || {
        // xorshift64 (Marsaglia 2003).
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        *noise
    };
    let domain = "S-1-5-21-2697957641-2271029196-387917394";
    let rid = number + 1_000;
    let name = format!("HOST{:X}", random());
    // So that it deflates to a tenth, as real exports do.
    let description: String = (0..16).map(|_| format!("{:016x}", random())).collect();
    let mut aces = String::new();
    for right in [
        "Owns",
        "GenericAll",
        "WriteDacl",
        "WriteOwner",
        "GenericWrite",
        "AddKeyCredentialLink",
    ] {
        if !aces.is_empty() {
            aces.push(',');
        }
        aces.push_str(&format!(
            "{{\"PrincipalSID\":\"{domain}-{}\",\"PrincipalType\":\"Group\",\"RightName\":\"{right}\",\"IsInherited\":{}}}",
            random() % 1_000_000,
            random() % 2 == 0
        ));
    }
    format!(
        "{{\"Properties\":{{\"domain\":\"MADE.EXAMPLE\",\"name\":\"{name}.MADE.EXAMPLE\",\
         \"distinguishedname\":\"CN={name},OU=MADE,DC=MADE,DC=EXAMPLE\",\"domainsid\":\"{domain}\",\
         \"samaccountname\":\"{name}$\",\"haslaps\":false,\"isaclprotected\":false,\"description\":\"{description}\",\
         \"whencreated\":{},\"enabled\":true,\"unconstraineddelegation\":false,\"trustedtoauth\":false,\"isdc\":false,\
         \"lastlogon\":{},\"lastlogontimestamp\":{},\"pwdlastset\":{},\
         \"serviceprincipalnames\":[\"HOST/{name}\",\"HOST/{name}.made.example\",\"RestrictedKrbHost/{name}\"],\
         \"email\":null,\"operatingsystem\":\"Windows Server 2022 Standard\",\"sidhistory\":[]}},\
         \"PrimaryGroupSID\":\"{domain}-515\",\"AllowedToDelegate\":[],\"AllowedToAct\":[],\"HasSIDHistory\":[],\
         \"DumpSMSAPassword\":[],\"Sessions\":{{\"Results\":[],\"Collected\":true,\"FailureReason\":null}},\
         \"LocalGroups\":[],\"UserRights\":[],\"IsDC\":false,\"DomainSID\":\"{domain}\",\"Aces\":[{aces}],\
         \"ObjectIdentifier\":\"{domain}-{rid}\",\"IsDeleted\":false,\"IsACLProtected\":false,\"ContainedBy\":null}}",
        1_650_000_000 + random() % 50_000_000,
        1_700_000_000 + random() % 50_000_000,
        1_700_000_000 + random() % 50_000_000,
        1_700_000_000 + random() % 50_000_000,
    )
}
