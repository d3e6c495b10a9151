//! Which reader a file or folder is for.
//!
//! Owns opening and hashing. Names of files inside an export are looked at and never used as paths. Deliberately does not
//! guess: what no reader recognises is refused, with what is read.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::adexplorer::{self, AdExplorer};
use crate::cmdlet::{self, ServiceAccounts};
use crate::error::ImportError;
use crate::export::Export;
use crate::importer::Given;
use crate::ldapdomaindump::{self, LdapDomainDump};
use crate::ldif::{self, Ldif};
use crate::limits;
use crate::oradad::{self, Oradad};
use crate::search_log::{self, SearchLog};
use crate::sharphound::{self, SharpHound};

/// Bytes by which a file is recognised.
const FIRST: u64 = 4_096;

/// What is read, for whoever named something else.
const READ: &str = "what is read: ADExplorer snapshots (.dat), LDIF, logs of pyldapsearch and its like, the JSON files or the zip of SharpHound, RustHound-CE and \
                    BloodHound.py, the JSON files of ldapdomaindump, the extracted folder of ORADAD, and Get-ADServiceAccount as CSV, JSON or CLIXML";

/// The skippable frame (RFC 8878, section 3.1.2) that a snapshot begins with.
const SNAPSHOT: [u8; 4] = 0x184D_2A5C_u32.to_le_bytes();

/// What a zip begins with (APPNOTE 4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";

/// Opens an export and hashes it. `progress` is told bytes hashed.
///
/// # Errors
/// It cannot be read, is none of the formats, or its reader refuses it.
pub fn open(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<Given, ImportError> {
    let name = path.file_name().map_or_else(
        || path.to_string_lossy().into_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let about = path.metadata()?;
    if about.is_dir() {
        return open_folder(path, name, progress);
    }
    let first = first_bytes(path)?;
    let length = about.len();
    let export: Box<dyn Export> = if adexplorer::recognise(&first) {
        Box::new(AdExplorer::open(File::open(path)?, length)?)
    } else if cmdlet::recognise(&first).is_some() {
        // Before LDIF, of which a line `#TYPE` would be a comment.
        Box::new(ServiceAccounts::open(&name, File::open(path)?, length)?)
    } else if ldif::recognise(&first) {
        Box::new(Ldif::open(File::open(path)?, length)?)
    } else if search_log::recognise(&first) {
        Box::new(SearchLog::open(File::open(path)?, length)?)
    } else if ldapdomaindump::recognise(&name, &first) {
        let file = (name.clone(), File::open(path)?, length);
        Box::new(LdapDomainDump::open(vec![file])?)
    } else if sharphound::recognise(&name, &first) {
        if first.starts_with(ZIP) {
            Box::new(SharpHound::open_zip(File::open(path)?)?)
        } else {
            Box::new(SharpHound::open_files(vec![(
                name.clone(),
                File::open(path)?,
            )])?)
        }
    } else {
        return Err(ImportError::Unsupported(refused(&name, &first)));
    };
    Ok(Given {
        name,
        sha256: sha256(File::open(path)?, progress)?,
        bytes: length,
        export,
    })
}

/// A folder of files that belong together. Others in it are left alone.
fn open_folder(
    path: &Path,
    name: String,
    progress: &mut dyn FnMut(u64),
) -> Result<Given, ImportError> {
    if oradad::recognise(path) {
        return open_oradad(path, name, progress);
    }
    let mut paths = Vec::new();
    for entry in path.read_dir()? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
        if paths.len() > limits::ZIP_MEMBERS {
            return Err(ImportError::Unsupported(format!(
                "it is a folder of more than {} files; {READ}",
                limits::ZIP_MEMBERS
            )));
        }
    }
    paths.sort();
    let folder = path;
    let (mut files, mut dumped) = (Vec::new(), Vec::new());
    let mut hasher = Sha256::new();
    let mut bytes = 0_u64;
    for path in paths {
        let file_name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let first = first_bytes(&path)?;
        let length = path.metadata()?.len();
        if ldapdomaindump::recognise(&file_name, &first) {
            dumped.push((file_name.clone(), File::open(&path)?, length));
        } else if sharphound::recognise(&file_name, &first) {
            files.push((file_name.clone(), File::open(&path)?));
        } else if file_name.to_ascii_lowercase().ends_with(".json") && is_utf16(&first) {
            return Err(ImportError::Unsupported(format!("{file_name} {UTF16}")));
        } else {
            continue;
        }
        hasher.update(&file_name);
        hasher.update([0]);
        hasher.update(sha256(File::open(&path)?, progress)?);
        bytes += length;
    }
    let export: Box<dyn Export> = match (files.is_empty(), dumped.is_empty()) {
        (false, true) => Box::new(SharpHound::open_files(files)?),
        (true, false) => Box::new(LdapDomainDump::open(dumped)?),
        (false, false) => {
            return Err(ImportError::Unsupported(
                "it is a folder with files of ldapdomaindump and of a BloodHound collector; put each export into a folder of its own"
                    .to_owned(),
            ));
        }
        (true, true) => {
            // ORADAD makes a folder of a time in a folder of a forest.
            if let Some(dump) = oradad::find_below(folder)? {
                return open_oradad(&dump, name, progress);
            }
            return Err(ImportError::Unsupported(format!(
                "it is a folder without a file that is read; {READ}"
            )));
        }
    };
    Ok(Given {
        name,
        sha256: hex(&hasher.finalize()),
        bytes,
        export,
    })
}

fn open_oradad(
    path: &Path,
    name: String,
    progress: &mut dyn FnMut(u64),
) -> Result<Given, ImportError> {
    let export = Oradad::open(path)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0_u64;
    for file in export.files() {
        hasher.update(&file.name);
        hasher.update([0]);
        hasher.update(sha256(File::open(&file.path)?, progress)?);
        bytes = bytes.saturating_add(file.bytes);
    }
    Ok(Given {
        name,
        sha256: hex(&hasher.finalize()),
        bytes,
        export: Box::new(export),
    })
}

fn first_bytes(path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut first = Vec::new();
    File::open(path)?.take(FIRST).read_to_end(&mut first)?;
    Ok(first)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a file is not read, and what to do.
fn refused(name: &str, first: &[u8]) -> String {
    if first.is_empty() {
        return "it is empty".to_owned();
    }
    if first.starts_with(&SNAPSHOT) {
        return "it is a snapshot already: give it to `coldcase report`".to_owned();
    }
    if let Some(packed) = oradad::packed(name, first) {
        return packed.to_owned();
    }
    if is_utf16(first) {
        return format!("it {UTF16}");
    }
    format!("it is none of the formats that are read; {READ}")
}

/// What is said of a format that is read in UTF-8 only.
const UTF16: &str = "is UTF-16, as PowerShell writes files with `>`; make it UTF-8 and name it again, for example with \
                     iconv -f UTF-16 -t UTF-8 FILE, or in PowerShell Get-Content FILE | Set-Content -Encoding utf8 COPY";

/// By its byte order mark.
fn is_utf16(first: &[u8]) -> bool {
    first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff])
}

fn sha256(file: File, progress: &mut dyn FnMut(u64)) -> Result<String, ImportError> {
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut hashed = 0;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hasher.update(piece);
        hashed += read as u64;
        progress(hashed);
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
