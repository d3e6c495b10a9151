//! The JSON files of an export, out of a zip or as they are, as streams of bytes.
//!
//! Owns the zip's directory, inflating and its limits. Deliberately never uses a name as a path and looks into no archive
//! inside the archive.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::error::{ImportError, Place, Trouble};
use crate::json_rows::Bytes;
use crate::limits;

/// Characters of a file's name that are shown.
const NAME_CHARS: usize = 200;
/// Bytes from the end of a zip in which its end record may begin: the record and the longest comment (APPNOTE 4.3.16).
const END_BYTES: u64 = 22 + 65_535;
/// Bytes of a zip's directory that are read: 4 KiB for each file.
const DIRECTORY_BYTES: u64 = 4_096 * limits::ZIP_MEMBERS as u64;

/// A JSON file of the export and where its bytes are.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name, for people.
    pub(super) name: String,
    /// Which reader has it.
    reader: usize,
    start: u64,
    /// Bytes as they are stored.
    pub(super) stored: u64,
    deflated: bool,
    /// CRC-32 of its contents, if the zip says it.
    crc: Option<u32>,
}

/// All files of the export.
#[derive(Debug)]
pub(super) struct Members<R> {
    /// `None` while a file of that reader is open.
    readers: Vec<Option<R>>,
    pub(super) all: Vec<Member>,
}

impl<R: Read + Seek> Members<R> {
    /// The JSON files of a zip, and what else is in it.
    pub(super) fn of_zip(mut reader: R) -> Result<(Self, Vec<Trouble>), ImportError> {
        let bytes = reader.seek(SeekFrom::End(0))?;
        within("its size", bytes, limits::FILE_BYTES, "bytes", bytes)?;
        check_directory(&mut reader, bytes)?;
        let mut archive = ZipArchive::new(reader).map_err(|error| damaged(bytes, &error))?;
        let files = u64::try_from(archive.len()).unwrap_or(u64::MAX);
        within(
            "the number of files inside",
            files,
            limits::ZIP_MEMBERS as u64,
            "files",
            bytes,
        )?;
        let mut all = Vec::new();
        let mut troubles = Vec::new();
        for position in 0..archive.len() {
            let file = archive
                .by_index_raw(position)
                .map_err(|error| damaged(bytes, &error))?;
            let raw = file.name_raw();
            let name = shown(&String::from_utf8_lossy(raw));
            let trouble = |what: &str| Trouble {
                place: Place::File(name.clone()),
                dn: None,
                attribute: None,
                what: what.to_owned(),
            };
            if raw.ends_with(b"/") || raw.ends_with(b"\\") {
                continue;
            }
            if !is_json(&name) {
                troubles.push(trouble(if name.to_ascii_lowercase().ends_with(".zip") {
                    "an archive inside the archive is not opened"
                } else {
                    "it is no JSON file and was left out"
                }));
                continue;
            }
            if file.encrypted() {
                return Err(ImportError::Unsupported(format!(
                    "{name} in it is encrypted: unpack it with its password and import the JSON files"
                )));
            }
            let deflated = match file.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => {
                    return Err(ImportError::Unsupported(format!(
                        "{name} in it is compressed with {other}, not with deflate: unpack it and import the JSON files"
                    )));
                }
            };
            let start = file.data_start().ok_or_else(|| {
                ImportError::broken(
                    Place::File(name.clone()),
                    "where its bytes begin is not said",
                )
            })?;
            let stored = file.compressed_size();
            if start.checked_add(stored).is_none_or(|end| end > bytes) {
                return Err(ImportError::broken(
                    Place::File(name),
                    "its bytes would lie outside the zip",
                ));
            }
            if leads_out(raw) {
                troubles.push(trouble(
                    "its name leads out of the archive; it was read all the same, names are not used as paths",
                ));
            }
            let crc = Some(file.crc32());
            all.push(Member {
                name,
                reader: 0,
                start,
                stored,
                deflated,
                crc,
            });
        }
        let readers = vec![Some(archive.into_inner())];
        Ok((Self { readers, all }, troubles))
    }

    /// JSON files that are not in a zip.
    pub(super) fn of_files(files: Vec<(String, R)>) -> Result<Self, ImportError> {
        let count = u64::try_from(files.len()).unwrap_or(u64::MAX);
        within(
            "the number of files",
            count,
            limits::ZIP_MEMBERS as u64,
            "files",
            0,
        )?;
        let mut members = Self {
            readers: Vec::new(),
            all: Vec::new(),
        };
        for (position, (name, mut reader)) in files.into_iter().enumerate() {
            let stored = reader.seek(SeekFrom::End(0))?;
            within("its size", stored, limits::FILE_BYTES, "bytes", stored)?;
            members.readers.push(Some(reader));
            members.all.push(Member {
                name: shown(&name),
                reader: position,
                start: 0,
                stored,
                deflated: false,
                crc: None,
            });
        }
        Ok(members)
    }

    /// Begins with a file. `before` is how many bytes were inflated before it.
    pub(super) fn open(
        &mut self,
        position: usize,
        before: u64,
    ) -> Result<Contents<R>, ImportError> {
        let member = self.all.get(position);
        let place = || Place::File(member.map(|member| member.name.clone()).unwrap_or_default());
        let busy = || ImportError::broken(place(), "it is already being read");
        let member = member.ok_or_else(busy)?;
        let reader = self.readers.get_mut(member.reader).ok_or_else(busy)?;
        let mut open = reader.take().ok_or_else(busy)?;
        open.seek(SeekFrom::Start(member.start))?;
        let window = BufReader::with_capacity(
            64 << 10,
            Window {
                reader: open,
                left: member.stored,
            },
        );
        Ok(Contents {
            name: member.name.clone(),
            body: if member.deflated {
                Body::Deflated(DeflateDecoder::new(window))
            } else {
                Body::Stored(window)
            },
            stored: member.stored,
            crc: member.crc.map(|crc| (crc, Crc::new())),
            produced: 0,
            before,
        })
    }

    /// Ends with a file that [`Members::open`] gave, read to its end or not.
    pub(super) fn close(&mut self, position: usize, contents: Contents<R>) {
        let reader = self.all.get(position).map(|member| member.reader);
        if let Some(slot) = reader.and_then(|reader| self.readers.get_mut(reader)) {
            *slot = Some(contents.into_reader());
        }
    }
}

/// A file while it is read.
#[derive(Debug)]
pub(super) struct Contents<R> {
    pub(super) name: String,
    body: Body<R>,
    stored: u64,
    crc: Option<(u32, Crc)>,
    /// Bytes given so far.
    pub(super) produced: u64,
    before: u64,
}

#[derive(Debug)]
enum Body<R> {
    Stored(BufReader<Window<R>>),
    Deflated(DeflateDecoder<BufReader<Window<R>>>),
}

impl<R: Read> Bytes for Contents<R> {
    fn name(&self) -> &str {
        &self.name
    }

    /// The checksum is compared at the end.
    fn fill(&mut self, space: &mut [u8]) -> Result<usize, ImportError> {
        let place = || Place::File(self.name.clone());
        let read = match &mut self.body {
            Body::Stored(body) => body.read(space),
            Body::Deflated(body) => body.read(space),
        };
        let read = match read {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return self.fill(space);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::UnexpectedEof
                ) =>
            {
                return Err(ImportError::broken(
                    place(),
                    format!("it cannot be inflated after byte {}", self.produced),
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let bytes = space.get(..read).unwrap_or_default();
        self.produced = self
            .produced
            .saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if let Some((expected, crc)) = &mut self.crc {
            crc.update(bytes);
            if read == 0 && crc.sum() != *expected {
                return Err(ImportError::broken(place(), "its checksum is wrong"));
            }
        }
        let too_large = |what: String, limit: String| ImportError::TooLarge {
            place: place(),
            what,
            limit,
        };
        if matches!(self.body, Body::Deflated(_))
            && self.produced > self.stored.saturating_mul(limits::ZIP_RATIO)
        {
            return Err(too_large(
                format!("what {} bytes inflate to", self.stored),
                format!("{} times as many", limits::ZIP_RATIO),
            ));
        }
        if self.crc.is_some() && self.before.saturating_add(self.produced) > limits::ZIP_BYTES {
            return Err(too_large(
                "what the zip inflates to".to_owned(),
                format!("{} bytes", limits::ZIP_BYTES),
            ));
        }
        Ok(read)
    }
}

impl<R: Read> Contents<R> {
    /// Stored bytes read so far.
    pub(super) fn consumed(&self) -> u64 {
        let window = match &self.body {
            Body::Stored(body) => body.get_ref(),
            Body::Deflated(body) => body.get_ref().get_ref(),
        };
        self.stored.saturating_sub(window.left)
    }

    fn into_reader(self) -> R {
        match self.body {
            Body::Stored(body) => body.into_inner().reader,
            Body::Deflated(body) => body.into_inner().into_inner().reader,
        }
    }
}

/// The next `left` bytes of a reader.
#[derive(Debug)]
struct Window<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(space.len());
        let read = self
            .reader
            .read(space.get_mut(..most).unwrap_or_default())?;
        self.left = self
            .left
            .saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// True for a name that ends in `.json`, in any case.
pub(super) fn is_json(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".json")
}

/// A name without control characters and not too long.
fn shown(name: &str) -> String {
    name.chars()
        .take(NAME_CHARS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// True for a name that would be outside of the folder that the zip is unpacked into.
fn leads_out(name: &[u8]) -> bool {
    let separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    name.first().is_some_and(separator)
        || name.get(1) == Some(&b':')
        || name.split(separator).any(|part| part == b"..")
}

fn within(what: &str, size: u64, limit: u64, unit: &str, at: u64) -> Result<(), ImportError> {
    if size <= limit {
        return Ok(());
    }
    Err(ImportError::TooLarge {
        place: Place::Offset(at),
        what: format!("{what}, {size} {unit},"),
        limit: format!("{limit} {unit}"),
    })
}

fn damaged(bytes: u64, error: &zip::result::ZipError) -> ImportError {
    ImportError::broken(
        Place::Offset(bytes),
        format!("the directory at the end of the zip cannot be read ({error})"),
    )
}

/// Refuses a directory whose size alone is over the limits, before the library makes entries of it (APPNOTE 4.3.16).
fn check_directory<R: Read + Seek>(reader: &mut R, bytes: u64) -> Result<(), ImportError> {
    let start = bytes.saturating_sub(END_BYTES);
    reader.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    BufReader::new(reader.by_ref())
        .take(END_BYTES)
        .read_to_end(&mut tail)?;
    let Some(at) = tail.windows(4).rposition(|four| four == b"PK\x05\x06") else {
        return Err(ImportError::broken(
            Place::Offset(bytes),
            "the zip does not end with its directory",
        ));
    };
    let number = |from: usize, bytes: usize| -> u64 {
        tail.get(at.saturating_add(from)..at.saturating_add(from + bytes))
            .unwrap_or_default()
            .iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    // All ones: the true numbers are in a zip64 record, which the library checks against the bytes there are.
    let (files, size) = (number(10, 2), number(12, 4));
    if files != 0xffff {
        within(
            "the number of files inside",
            files,
            limits::ZIP_MEMBERS as u64,
            "files",
            bytes,
        )?;
    }
    let size = if size == 0xffff_ffff { 0 } else { size };
    within("its directory", size, DIRECTORY_BYTES, "bytes", bytes)
}
