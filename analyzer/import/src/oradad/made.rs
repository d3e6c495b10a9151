//! Small dumps, made by tests.

#![expect(clippy::unwrap_used, reason = "tests")]
use std::fs;
use std::path::{Path, PathBuf};

/// Text with the mark, as the exporter writes it.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// Rows of a file.
pub(crate) fn rows(rows: &[&[&str]]) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.join("\t"));
        text.push_str("\r\n");
    }
    utf16(&text)
}

/// A dump in a temporary folder.
pub(crate) struct Dump {
    pub(crate) folder: tempfile::TempDir,
    tables: String,
    metadata: Vec<[String; 2]>,
    header: bool,
}

impl Dump {
    /// `header`: files begin with the names of their columns, else `tables.tsv` tells them.
    pub(crate) fn new(header: bool) -> Self {
        let entries = [
            ("oradad_version", "3.4.115.0"),
            ("forest|rootdns", "corp.example"),
            ("forest|systemtime", "20260331-140000"),
            ("oradad|config|level", "4"),
            ("oradad_processtime", "1234"),
        ];
        let dump = Self {
            folder: tempfile::tempdir().unwrap(),
            tables: "corp.example_20260331-140000\n".to_owned(),
            metadata: entries
                .iter()
                .map(|(key, value)| [(*key).to_owned(), (*value).to_owned()])
                .collect(),
            header,
        };
        dump.write(
            "oradad.log",
            b"Dumping 'corp.example/domain/corp.example/user'.\r\n",
        );
        dump.write(
            "rootDSE.tsv",
            &rows(&[&["dc1.corp.example", "1"], &["dc1.corp.example", "2"]]),
        );
        dump
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("20260331-140000")
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A file with its columns and rows; `name`: `domain/corp.example/user`.
    pub(crate) fn table(&mut self, name: &str, columns: &[&str], content: &[&[&str]]) {
        let (folder, request) = name.rsplit_once('/').unwrap();
        let kind = folder.split('/').next().unwrap();
        let path = name.replace('/', "\\");
        self.tables.push_str(&format!(
            "{path}.tsv\t{}\t{kind}_{request}\t{}",
            name.replace('/', "_"),
            columns.len()
        ));
        for column in columns {
            self.tables.push_str(&format!("\t{column}\tnvarchar(9)"));
        }
        self.tables.push('\n');
        let header: Vec<&[&str]> = if self.header {
            vec![columns]
        } else {
            Vec::new()
        };
        let all: Vec<&[&str]> = header.iter().chain(content).copied().collect();
        self.write(&format!("{name}.tsv"), &rows(&all));
    }

    pub(crate) fn without(&mut self, key: &str) {
        self.metadata.retain(|[one, _]| one != key);
    }

    /// Writes what says what is where.
    pub(crate) fn finish(&self) {
        let pairs: Vec<Vec<&str>> = self
            .metadata
            .iter()
            .map(|pair| pair.iter().map(String::as_str).collect())
            .collect();
        let pairs: Vec<&[&str]> = pairs.iter().map(Vec::as_slice).collect();
        self.write("metadata.tsv", &rows(&pairs));
        if !self.header {
            self.write("tables.tsv", self.tables.as_bytes());
        }
    }
}

pub(crate) fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
