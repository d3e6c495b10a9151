//! `coldcase reveal`: puts names back in the place of pseudonyms, for who holds the key.
//!
//! Owns finding pseudonyms in any text and writing a name so that the text around it stays what it was. The map is in
//! the snapshot, sealed; it is only ever opened here. Deliberately does not parse the text: it is copied as it streams by.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::pseudonym::{Key, TOKEN_LENGTH, is_token};

use super::{open, output};
use crate::report::visible;

/// `coldcase reveal`.
#[derive(Debug, Args)]
pub struct RevealArguments {
    /// Key file that the snapshot was collected with
    #[arg(long, value_name = "KEYFILE")]
    pub key: PathBuf,
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// Report to copy with names; standard input if not given or `-`, and on a terminal a list of all pseudonyms
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What begins the SID of a domain. With other sub-authorities, it stands for another domain's.
const DOMAIN: &[u8] = b"S-1-5-21-";

/// The longest pseudonym: the SID of a domain with three numbers of ten digits.
const LONGEST: usize = DOMAIN.len() + 3 * 10 + 2;

/// Bytes that are read at a time.
const CHUNK: usize = 65_536;

/// How a name must be written to be itself in the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Html,
}

/// Names by pseudonym.
#[derive(Debug)]
struct Names {
    names: HashMap<Vec<u8>, String>,
}

pub(crate) fn run(arguments: &RevealArguments) -> Result<AnalyzeExit> {
    let key = Key::read(&arguments.key)?;
    let file = arguments.output.as_deref();
    if let Some(file) = file {
        refuse_input(file, arguments)?;
    }
    let snapshot = open(&arguments.snapshot)?;
    let sealed = snapshot.pseudonyms()?;
    drop(snapshot);
    if sealed.is_empty() {
        bail!(
            "{} holds no pseudonyms: it was collected without --pseudonyms, and its names are readable",
            arguments.snapshot.display()
        );
    }
    let mut opened = Vec::with_capacity(sealed.len());
    for (token, sealed) in sealed {
        let name = key.open(&token, &sealed).with_context(|| {
            format!(
                "{} cannot be read with {}",
                arguments.snapshot.display(),
                arguments.key.display()
            )
        })?;
        opened.push((token, name));
    }
    let named = arguments
        .file
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    match named {
        Some(path) => {
            let input =
                File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let form = form_of(path);
            reveal(opened, input, form, path, file)?;
        }
        None if arguments.file.is_none() && io::stdin().is_terminal() => {
            output::to(file, |out| {
                opened
                    .iter()
                    .try_for_each(|(token, name)| writeln!(out, "{token}  {}", visible(name)))
            })?;
        }
        None => {
            let form = file.and_then(form_of);
            let name = Path::new("standard input");
            reveal(opened, io::stdin().lock(), form, name, file)?;
        }
    }
    Ok(AnalyzeExit::Clean)
}

/// The key and the report are read, and are not to be written over.
fn refuse_input(file: &Path, arguments: &RevealArguments) -> Result<()> {
    let Ok(place) = fs::canonicalize(file) else {
        return Ok(());
    };
    let inputs = [Some(&arguments.key), arguments.file.as_ref()];
    for input in inputs.into_iter().flatten() {
        if fs::canonicalize(input).is_ok_and(|input| input == place) {
            bail!(
                "{} is read, choose another file to write to",
                file.display()
            );
        }
    }
    Ok(())
}

/// By the ending of the file's name; `None` if it tells nothing.
fn form_of(path: &Path) -> Option<Form> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        "json" | "sarif" => Some(Form::Json),
        "html" | "htm" => Some(Form::Html),
        "txt" | "md" | "csv" | "log" => Some(Form::Text),
        _ => None,
    }
}

/// Copies `input`. A form that is not known is told by the first byte.
fn reveal(
    opened: Vec<(String, String)>,
    mut input: impl Read,
    form: Option<Form>,
    name: &Path,
    file: Option<&Path>,
) -> Result<()> {
    let names = Names::new(opened);
    let cannot = || format!("{} cannot be read", name.display());
    let mut first = Vec::new();
    input
        .by_ref()
        .take(CHUNK as u64)
        .read_to_end(&mut first)
        .with_context(cannot)?;
    if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
        bail!(
            "{} is UTF-16, in which pseudonyms are not found; write it as UTF-8 \
             (in PowerShell, `-o FILE` instead of `> FILE`)",
            name.display()
        );
    }
    let form = form.unwrap_or_else(|| match first.trim_ascii_start().first() {
        Some(b'{' | b'[') => Form::Json,
        Some(b'<') => Form::Html,
        _ => Form::Text,
    });
    let mut unread = None;
    output::to(file, |out| {
        let mut rest = first.as_slice().chain(input);
        let read = |buffer: &mut Vec<u8>| match rest.by_ref().take(CHUNK as u64).read_to_end(buffer)
        {
            Ok(count) => count,
            Err(error) => {
                unread = Some(error);
                0
            }
        };
        names.copy(read, form, out)
    })?;
    match unread {
        Some(error) => Err(error).with_context(cannot),
        None => Ok(()),
    }
}

impl Names {
    fn new(opened: Vec<(String, String)>) -> Self {
        let names = opened
            .into_iter()
            .map(|(token, name)| (token.into_bytes(), name))
            .collect();
        Self { names }
    }

    /// Copies what `read` appends to its buffer, until it appends nothing. Memory is bounded, however long a line is.
    fn copy(
        &self,
        mut read: impl FnMut(&mut Vec<u8>) -> usize,
        form: Form,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut buffer: Vec<u8> = Vec::new();
        // What was written last, to see whether a name is part of a DN.
        let mut before: Vec<u8> = Vec::new();
        loop {
            let ended = read(&mut buffer) == 0;
            // A pseudonym that begins behind here may not be whole yet; one more byte tells that a number has ended.
            let end = if ended {
                buffer.len()
            } else {
                buffer.len().saturating_sub(LONGEST)
            };
            let mut written = 0;
            let mut place = 0;
            while place < end {
                let rest = buffer.get(place..).unwrap_or_default();
                let Some((length, name)) = self.at(rest) else {
                    place += 1;
                    continue;
                };
                let plain = buffer.get(written..place).unwrap_or_default();
                out.write_all(plain)?;
                push_tail(&mut before, plain);
                let name = match is_rdn(&before) {
                    true => escaped_rdn(name),
                    false => name.to_owned(),
                };
                out.write_all(written_as(form, &name).as_bytes())?;
                before.clear();
                place += length;
                written = place;
            }
            let plain = buffer.get(written..place).unwrap_or_default();
            out.write_all(plain)?;
            push_tail(&mut before, plain);
            buffer.drain(..place.min(buffer.len()));
            if ended {
                return Ok(());
            }
        }
    }

    /// The pseudonym at the start of `text`: its length, and the name. Nothing else has this form by chance, so it does
    /// not matter what stands beside it.
    fn at(&self, text: &[u8]) -> Option<(usize, &str)> {
        let length = match text.first()? {
            b'c' | b'C' => {
                let token = text.get(..TOKEN_LENGTH)?.to_ascii_lowercase();
                if !is_token(&token) {
                    return None;
                }
                return Some((TOKEN_LENGTH, self.names.get(&token)?));
            }
            b'S' if text.starts_with(DOMAIN) => domain_length(text)?,
            _ => return None,
        };
        let name = self.names.get(text.get(..length)?)?;
        Some((length, name))
    }
}

/// Bytes of `S-1-5-21-a-b-c` at the start of `text`.
fn domain_length(text: &[u8]) -> Option<usize> {
    let mut length = DOMAIN.len();
    for number in 0..3 {
        if number > 0 {
            if text.get(length) != Some(&b'-') {
                return None;
            }
            length += 1;
        }
        let digits = text.get(length..)?.iter();
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=10).contains(&digits) {
            return None;
        }
        length += digits;
    }
    Some(length)
}

/// Keeps the last bytes of what was written.
fn push_tail(before: &mut Vec<u8>, written: &[u8]) {
    before.extend(
        written
            .get(written.len().saturating_sub(4)..)
            .unwrap_or_default(),
    );
    let surplus = before.len().saturating_sub(4);
    before.drain(..surplus);
}

/// True if the value of an RDN follows: `CN=`, `OU=` or `DC=`, and not the end of a longer word.
fn is_rdn(before: &[u8]) -> bool {
    let (word, kind) = before.split_at(before.len().saturating_sub(3));
    let kind = kind.to_ascii_uppercase();
    matches!(kind.as_slice(), b"CN=" | b"OU=" | b"DC=")
        && !word.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// The name as the value of an RDN (RFC 4514, section 2.4).
fn escaped_rdn(name: &str) -> String {
    let last = name.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(name.len());
    for (place, c) in name.chars().enumerate() {
        let edge = c == ' ' && (place == 0 || place == last);
        if edge
            || (c == '#' && place == 0)
            || matches!(c, ',' | '\\' | '+' | '<' | '>' | ';' | '"' | '=')
        {
            escaped.push('\\');
        }
        match c {
            '\0'..='\u{1f}' => escaped.push_str(&format!("\\{:02X}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The name so that it is nothing but a name: a control character from a directory must not reach a terminal.
fn written_as(form: Form, name: &str) -> String {
    match form {
        Form::Text => visible(name),
        Form::Json => {
            let quoted = serde_json::Value::from(name).to_string();
            quoted
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'))
                .unwrap_or_default()
                .to_owned()
        }
        Form::Html => visible(name)
            .chars()
            .map(|c| match c {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&#39;".to_owned(),
                _ => c.to_string(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const ADA: &str = "cc-aaaaaaaaaaaa";
    const ODD: &str = "cc-bbbbbbbbbbbb";

    fn names() -> Names {
        Names::new(
            [
                (ADA, "Ashgrove, Ada"),
                (ODD, "a\"<b>\u{1b}"),
                ("S-1-5-21-1-22-333", "S-1-5-21-7-8-9"),
            ]
            .map(|(token, name)| (token.to_owned(), name.to_owned()))
            .into(),
        )
    }

    /// With a reader that gives `step` bytes at a time.
    fn revealed(text: &str, form: Form, step: usize) -> String {
        let mut parts = text.as_bytes().chunks(step);
        let mut out = Vec::new();
        let read = |buffer: &mut Vec<u8>| {
            let part = parts.next().unwrap_or_default();
            buffer.extend(part);
            part.len()
        };
        names().copy(read, form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_stand_where_pseudonyms_stood() {
        assert!(is_token(ADA.as_bytes()) && is_token(ODD.as_bytes()));
        for (text, expected) in [
            ("", ""),
            (
                "no name, cc-cccccccccccc and cc-",
                "no name, cc-cccccccccccc and cc-",
            ),
            ("cc-aaaaaaaaaaaa", "Ashgrove, Ada"),
            (
                "xCC-AAAAAAAAAAAA$ →cc-aaaaaaaaaaaaé",
                "xAshgrove, Ada$ →Ashgrove, Adaé",
            ),
            ("cc-cc-aaaaaaaaaaaa", "cc-Ashgrove, Ada"),
            ("CN=cc-aaaaaaaaaaaa,OU=x", "CN=Ashgrove\\, Ada,OU=x"),
            ("ACN=cc-aaaaaaaaaaaa", "ACN=Ashgrove, Ada"),
            ("S-1-5-21-1-22-333-500", "S-1-5-21-7-8-9-500"),
            (
                "S-1-5-21-1-22-3334 S-1-5-21-1-22",
                "S-1-5-21-1-22-3334 S-1-5-21-1-22",
            ),
            ("cc-bbbbbbbbbbbb", "a\"<b>\u{fffd}"),
        ] {
            for step in [1, 2, 7, 41, 1000] {
                assert_eq!(
                    revealed(text, Form::Text, step),
                    expected,
                    "{text} by {step}"
                );
            }
        }
    }

    #[test]
    fn json_and_html_stay_what_they_are() {
        let text = format!("{{\"dn\": \"CN={ADA}\\n{ODD}\"}}");
        let json: serde_json::Value =
            serde_json::from_str(&revealed(&text, Form::Json, 9)).unwrap();
        assert_eq!(json.get("dn").unwrap(), "CN=Ashgrove\\, Ada\na\"<b>\u{1b}");
        assert_eq!(
            revealed(&format!("<td title='{ODD}'>"), Form::Html, 9),
            "<td title='a&quot;&lt;b&gt;\u{fffd}'>"
        );
    }

    #[test]
    fn endings_tell_the_form() {
        for (name, form) in [
            ("a.json", Some(Form::Json)),
            ("a.SARIF", Some(Form::Json)),
            ("a.htm", Some(Form::Html)),
            ("a.txt", Some(Form::Text)),
            ("a", None),
        ] {
            assert_eq!(form_of(Path::new(name)), form);
        }
    }

    proptest! {
        #[test]
        fn how_it_is_read_does_not_matter(
            parts in prop::collection::vec(prop_oneof![
                Just(ADA.to_owned()), Just(ODD.to_owned()), Just("S-1-5-21-1-22-333".to_owned()),
                Just("CN=".to_owned()), "[ -~]{0,5}", Just("cc-".to_owned()), Just("S-1-5-21-1".to_owned()),
            ], 0..12),
            step in 1_usize..60,
        ) {
            let text = parts.concat();
            prop_assert_eq!(revealed(&text, Form::Text, step), revealed(&text, Form::Text, text.len().max(1)));
        }
    }
}
