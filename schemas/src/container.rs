//! The container: a manifest in a zstd skippable frame, then one zstd frame that holds the database.
//!
//! Owns sealing, hashing, size limits before decompression, and telling foreign files apart.
//! `zstd -d` skips the manifest, so a customer can look at every row with ordinary tools.
//! Deliberately does not know what is in the database.
//!
//! | offset | type | field |
//! | --- | --- | --- |
//! | 0 | u32 LE | 0x184D2A5C, a skippable frame (RFC 8878, section 3.1.2) |
//! | 4 | u32 LE | length of the manifest in bytes |
//! | 8 | JSON | the manifest, UTF-8 |
//! | 8 + length | | zstd frame with content size and checksum |

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::manifest::{FORMAT, Manifest};
use crate::snapshot::{FORMAT_VERSION, SnapshotError};

const SKIPPABLE_MAGIC: u32 = 0x184D_2A5C;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const MANIFEST_LIMIT: u32 = 1 << 20;
const LEVEL: i32 = 6;
/// 128 MiB, the most that `zstd -d` accepts without a flag. Written with the level's own, smaller window: memory that does
/// not depend on the directory, for files that are hardly larger.
const WINDOW_LOG: u32 = 27;

/// What a file may cost to open. Checked before anything is decompressed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of the decompressed database.
    pub database_bytes: u64,
    /// Most decompressed bytes for each byte of the file.
    pub ratio: u64,
    /// Databases up to this many bytes are held in memory, larger ones in a temporary file.
    pub in_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            database_bytes: 64 << 30,
            ratio: 1_000,
            in_memory_bytes: 1 << 30,
        }
    }
}

/// A file that passed all checks.
pub(crate) struct Opened {
    pub(crate) manifest: Manifest,
    pub(crate) file_sha256: String,
    pub(crate) database: Database,
}

/// The decompressed database.
pub(crate) enum Database {
    Memory(Vec<u8>),
    File(tempfile::TempPath),
}

/// Reads the manifest only: no decompression, whatever the size of the file.
///
/// # Errors
/// The file is foreign, cut short before the database, or newer.
pub fn read_manifest(path: &Path) -> Result<Manifest, SnapshotError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    read_label(&mut BufReader::new(file), size)
}

/// SHA-256 of a whole file, lower-case hexadecimal: what `sha256sum` prints. Nothing is decompressed.
///
/// # Errors
/// It cannot be read.
pub fn file_sha256(path: &Path) -> Result<String, SnapshotError> {
    let mut file = HashingReader::new(File::open(path)?);
    io::copy(&mut file, &mut io::sink())?;
    Ok(hex(&file.finish().1))
}

/// Checks the whole file and decompresses the database.
pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Opened, SnapshotError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut file = HashingReader::new(BufReader::with_capacity(1 << 17, file));
    let manifest = read_label(&mut file, size)?;
    let claimed = manifest.database_bytes;
    let limit = limits.database_bytes.min(size.saturating_mul(limits.ratio));
    if claimed > limit {
        return Err(SnapshotError::TooLarge { claimed, limit });
    }
    let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(
        zstd::zstd_safe::DCtx::in_size(),
        &mut file,
    ))?
    .single_frame();
    decoder.window_log_max(WINDOW_LOG)?;
    let mut database = HashingReader::new(decoder.take(claimed.saturating_add(1)));
    let copied;
    let kept = if claimed <= limits.in_memory_bytes {
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(
                usize::try_from(claimed)
                    .unwrap_or(usize::MAX)
                    .saturating_add(1),
            )
            .map_err(|_| SnapshotError::TooLarge { claimed, limit })?;
        copied = database.read_to_end(&mut bytes).map_err(decompression)? as u64;
        Database::Memory(bytes)
    } else {
        let mut scratch = NamedTempFile::new()?;
        copied = io::copy(&mut database, &mut scratch).map_err(decompression)?;
        scratch.flush()?;
        Database::File(scratch.into_temp_path())
    };
    let (decoder, digest) = database.finish();
    if copied < claimed {
        return Err(SnapshotError::Truncated(format!(
            "{copied} of {claimed} bytes of the database are there"
        )));
    }
    if copied > claimed {
        return Err(SnapshotError::Damaged(
            "the database is longer than its manifest says".to_owned(),
        ));
    }
    if hex(&digest) != manifest.database_sha256 {
        return Err(SnapshotError::Damaged(
            "its SHA-256 does not match the manifest".to_owned(),
        ));
    }
    // Nothing may follow the frame: bytes that no reader looks at would still count as evidence.
    if io::copy(&mut decoder.into_inner().finish(), &mut io::sink())? > 0 {
        return Err(SnapshotError::Damaged(
            "something follows the database".to_owned(),
        ));
    }
    Ok(Opened {
        manifest,
        file_sha256: hex(&file.finish().1),
        database: kept,
    })
}

/// A database that can be read twice.
pub(crate) trait SeekRead: Read + Seek {}

impl<T: Read + Seek> SeekRead for T {}

/// Writes the content of a file through a writer that it is given.
pub type Fill<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// What a snapshot is wrapped in on its way to the disk, encryption for instance.
pub trait Envelope {
    /// Lets `fill` write the content, and writes it wrapped into `file`.
    ///
    /// # Errors
    /// The file cannot be written, or what `fill` answers.
    fn wrap(&self, file: &mut File, fill: &mut Fill<'_>) -> io::Result<()>;
}

/// No envelope.
#[derive(Debug, Clone, Copy)]
pub struct Clear;

impl Envelope for Clear {
    fn wrap(&self, file: &mut File, fill: &mut Fill<'_>) -> io::Result<()> {
        let mut file = BufWriter::new(file);
        fill(&mut file)?;
        file.flush()
    }
}

/// Hashes and compresses `database` and puts manifest and frame at `output` in one step. What is there already is
/// replaced only if `replaces`. Until then the file grows in `folder`, which is on the file system of `output`.
pub(crate) fn seal(
    database: &mut dyn SeekRead,
    mut manifest: Manifest,
    output: &Path,
    folder: &Path,
    envelope: &dyn Envelope,
    replaces: bool,
) -> Result<Manifest, SnapshotError> {
    let mut hashed = HashingReader::new(&mut *database);
    manifest.database_bytes = io::copy(&mut hashed, &mut io::sink())?;
    manifest.database_sha256 = hex(&hashed.finish().1);
    database.rewind()?;

    let label = serde_json::to_vec(&manifest).map_err(io::Error::from)?;
    let length = u32::try_from(label.len()).unwrap_or(u32::MAX);
    if length > MANIFEST_LIMIT {
        return Err(SnapshotError::Damaged(
            "the manifest is too long".to_owned(),
        ));
    }
    let mut part = scratch_in(folder, ".part")?;
    envelope.wrap(part.as_file_mut(), &mut |mut out| {
        out.write_all(&SKIPPABLE_MAGIC.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&label)?;
        let mut encoder = zstd::stream::write::Encoder::new(&mut out, LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.include_contentsize(true)?;
        encoder.set_pledged_src_size(Some(manifest.database_bytes))?;
        io::copy(&mut *database, &mut encoder)?;
        encoder.finish()?.flush()
    })?;
    part.as_file().sync_all()?;
    if replaces {
        part.persist(output).map_err(|error| error.error)?;
    } else {
        part.persist_noclobber(output)
            .map_err(|error| error.error)?;
    }
    Ok(manifest)
}

/// A temporary file in `folder`.
pub(crate) fn scratch_in(folder: &Path, suffix: &str) -> Result<NamedTempFile, SnapshotError> {
    Ok(tempfile::Builder::new()
        .prefix(".coldcase-")
        .suffix(suffix)
        .tempfile_in(folder)?)
}

/// The folder that `path` lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn read_label(file: &mut impl Read, size: u64) -> Result<Manifest, SnapshotError> {
    let mut head = Vec::new();
    file.take(8).read_to_end(&mut head)?;
    let (magic, length) = match (head.first_chunk::<4>(), head.last_chunk::<4>()) {
        (Some(magic), Some(length)) if head.len() == 8 => (*magic, u32::from_le_bytes(*length)),
        _ => return Err(foreign(&head)),
    };
    if u32::from_le_bytes(magic) != SKIPPABLE_MAGIC {
        return Err(foreign(&head));
    }
    if length > MANIFEST_LIMIT {
        return Err(SnapshotError::Foreign(
            "its manifest is too long".to_owned(),
        ));
    }
    if u64::from(length) + 8 > size {
        return Err(SnapshotError::Truncated(
            "it ends inside its manifest".to_owned(),
        ));
    }
    let mut json = Vec::new();
    file.take(u64::from(length)).read_to_end(&mut json)?;
    let probe: FormatProbe = serde_json::from_slice(&json).map_err(|error| {
        SnapshotError::Foreign(format!("its manifest is not readable ({error})"))
    })?;
    if probe.format != FORMAT {
        return Err(SnapshotError::Foreign(
            "its manifest names another format".to_owned(),
        ));
    }
    if probe.format_version > FORMAT_VERSION {
        return Err(SnapshotError::Newer {
            found: probe.format_version,
            supported: FORMAT_VERSION,
        });
    }
    serde_json::from_slice(&json)
        .map_err(|error| SnapshotError::Damaged(format!("manifest: {error}")))
}

/// The two fields that every version of the manifest keeps.
#[derive(serde::Deserialize)]
struct FormatProbe {
    format: String,
    format_version: u32,
}

fn foreign(head: &[u8]) -> SnapshotError {
    let what = match head {
        [] => "it is empty",
        [b'a', b'g', b'e', b'-', b'e', b'n', b'c', ..] => {
            "it is encrypted with age; decrypt it first: age --decrypt -i KEYFILE -o SNAPSHOT.sqlite.zst FILE"
        }
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => {
            "it is a bare SQLite database; give the .sqlite.zst file as it was collected (of a case file, `coldcase trend \
             --case` tells)"
        }
        [b'P', b'K', 3, 4, ..] => {
            "it is a zip archive; give the .sqlite.zst file in it. What SharpHound or RustHound wrote is for `coldcase import`"
        }
        [b'w', b'i', b'n', b'-', b'a', b'd', ..] => {
            "it is an ADExplorer snapshot; make a snapshot of it with `coldcase import`"
        }
        [a, b, c, d, ..] if [*a, *b, *c, *d] == ZSTD_MAGIC => {
            "it is zstd data without a manifest; give the .sqlite.zst file as it was collected"
        }
        _ => "it does not begin with a manifest",
    };
    SnapshotError::Foreign(what.to_owned())
}

fn decompression(error: io::Error) -> SnapshotError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            SnapshotError::Truncated("the compressed database ends too early".to_owned())
        }
        _ => SnapshotError::Damaged(format!("decompression: {error}")),
    }
}

struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
}

impl<R> HashingReader<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
        }
    }

    fn finish(self) -> (R, [u8; 32]) {
        (self.inner, self.hasher.finalize().into())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(read) = buffer.get(..count) {
            self.hasher.update(read);
        }
        Ok(count)
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
