//! Finds the key distribution centres of a domain in the machine's Kerberos configuration (krb5.conf(5)).
//!
//! In Active Directory every KDC is a domain controller, so this is the second place to look when DNS says nothing. Owns
//! the reading of the profile format as far as `[realms]` and `[domain_realm]` need it; asks no KDC.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

const DEFAULT_FILE: &str = "/etc/krb5.conf";
/// A configuration is a few kilobytes; anything much larger is not one.
const LONGEST_FILE: u64 = 1 << 20;
/// Files of one configuration, counted together, which also ends one that includes itself.
const MOST_FILES: usize = 64;

/// What the configuration says about one domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Realm {
    pub(super) name: String,
    /// Hosts of `kdc` relations in the order of the files, without their ports, which are those of Kerberos.
    pub(super) hosts: Vec<String>,
}

/// The files that Kerberos reads: those of `KRB5_CONFIG`, separated by colons, or `/etc/krb5.conf`.
pub(super) fn files() -> Vec<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "krb5.conf(5) lets this variable name the configuration; it changes which server is asked, no fact"
    )]
    let variable = std::env::var_os("KRB5_CONFIG");
    named_files(variable)
}

fn named_files(variable: Option<OsString>) -> Vec<PathBuf> {
    match variable {
        Some(list) if !list.is_empty() => std::env::split_paths(&list).collect(),
        _ => vec![PathBuf::from(DEFAULT_FILE)],
    }
}

/// The realm of the DNS domain `domain` and its KDCs, if the configuration in `files` names any. Files that are missing
/// are skipped, as Kerberos does; others that cannot be read are added to `notes`.
pub(super) fn realm(domain: &str, files: &[PathBuf], notes: &mut Vec<String>) -> Option<Realm> {
    let mut profile = Profile::default();
    for file in files {
        profile.read(file, notes);
    }
    let own = domain.to_uppercase();
    let named = |realm: &str| Realm {
        name: realm.to_owned(),
        hosts: profile.hosts(realm),
    };
    // A realm of Active Directory is always its domain in capitals (RFC 4120 6.1, domain style), mapped or not.
    let candidates = [Some(own.as_str()), profile.mapped(domain)];
    candidates
        .into_iter()
        .flatten()
        .map(named)
        .find(|realm| !realm.hosts.is_empty())
}

/// The relations that matter, of all files in turn.
#[derive(Debug, Default)]
struct Profile {
    /// (realm, value of `kdc`)
    kdcs: Vec<(String, String)>,
    /// (domain or host name, realm)
    mappings: Vec<(String, String)>,
    files: usize,
}

impl Profile {
    fn hosts(&self, realm: &str) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for (_, kdc) in self
            .kdcs
            .iter()
            .filter(|(of, _)| of.eq_ignore_ascii_case(realm))
        {
            if let Some(host) = host_of(kdc)
                && !hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
            {
                hosts.push(host.to_owned());
            }
        }
        hosts
    }

    /// The realm of `[domain_realm]`: the domain itself, with or without a leading dot. A parent's entry is not taken,
    /// since a child domain has domain controllers of its own.
    fn mapped(&self, domain: &str) -> Option<&str> {
        self.mappings
            .iter()
            .find(|(name, _)| name.trim_start_matches('.').eq_ignore_ascii_case(domain))
            .map(|(_, realm)| realm.as_str())
    }

    fn read(&mut self, file: &Path, notes: &mut Vec<String>) {
        self.files += 1;
        if self.files > MOST_FILES {
            if self.files == MOST_FILES + 1 {
                notes.push(format!(
                    "the Kerberos configuration names more than {MOST_FILES} files; {} and later ones were not read",
                    file.display()
                ));
            }
            return;
        }
        match load(file) {
            Ok(Some(text)) => self.take(&text, notes),
            Ok(None) => {}
            Err(why) => notes.push(format!(
                "the Kerberos configuration {} cannot be read: {why}",
                file.display()
            )),
        }
    }

    fn take(&mut self, text: &str, notes: &mut Vec<String>) {
        let mut section = String::new();
        // Names of the open braces, outermost first.
        let mut open: Vec<String> = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(path) = directive(line, "include") {
                self.read(Path::new(path), notes);
            } else if let Some(path) = directive(line, "includedir") {
                for file in in_directory(Path::new(path)) {
                    self.read(&file, notes);
                }
            } else if let Some(rest) = line.strip_prefix('[') {
                section = rest.split(']').next().unwrap_or_default().to_owned();
                open.clear();
            } else if line.starts_with('}') {
                open.pop();
            } else if let Some((name, value)) = line.split_once('=') {
                // An asterisk marks a relation that later files may not add to.
                let name = name.trim().trim_end_matches('*').trim_end();
                let value = unquoted(value.trim());
                if value.starts_with('{') {
                    // `kdc = { … }` on one line is not the format; only the name of the brace counts.
                    if !value.ends_with('}') {
                        open.push(name.to_owned());
                    }
                } else {
                    match (section.as_str(), open.as_slice()) {
                        ("realms", [realm]) if name == "kdc" => {
                            self.kdcs.push((realm.clone(), value.to_owned()));
                        }
                        ("domain_realm", []) => {
                            self.mappings.push((name.to_owned(), value.to_owned()));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// The text of a file; `None` if there is no such file.
fn load(file: &Path) -> Result<Option<String>, String> {
    match fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(about) if !about.is_file() => return Err("it is not a file".to_owned()),
        Ok(about) if about.len() > LONGEST_FILE => {
            return Err(format!("it is longer than {LONGEST_FILE} bytes"));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The files that `includedir` takes, in the order of their names: letters, digits, dashes and underscores only, or
/// any that end in `.conf` and do not begin with a dot.
fn in_directory(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return false;
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            name.chars().all(plain) || (name.ends_with(".conf") && !name.starts_with('.'))
        })
        .take(MOST_FILES + 1)
        .collect();
    files.sort();
    files
}

/// The argument of `include PATH`.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?;
    rest.starts_with([' ', '\t']).then(|| rest.trim())
}

fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value)
}

/// The host of `host`, `host:port`, `[address]:port`, `tcp/host:port`; `None` for an HTTPS proxy, which is no KDC.
fn host_of(kdc: &str) -> Option<&str> {
    if kdc.contains("://") || kdc.starts_with("http/") {
        return None;
    }
    let place = kdc
        .strip_prefix("tcp/")
        .or_else(|| kdc.strip_prefix("udp/"))
        .unwrap_or(kdc);
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // More than one colon outside brackets is an IPv6 address without a port.
        None if place.matches(':').count() == 1 => place.split_once(':')?.0,
        None => place,
    };
    let host = host.trim().trim_end_matches('.');
    let sound = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!host.is_empty() && host.chars().all(sound)).then_some(host)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"
# kdc = comment.corp.example
[libdefaults]
    default_realm = CORP.EXAMPLE
    kdc = libdefaults.corp.example
[realms]*
    CORP.EXAMPLE = {
        kdc = dc1.corp.example
        kdc = "dc2.corp.example:88"
        kdc* = [2001:db8::5]:88
        kdc = 2001:db8::6
        kdc = tcp/DC1.corp.example:88
        kdc = https://proxy.corp.example/KdcProxy
        kdc = dc\x1b[2J
        admin_server = dc9.corp.example
        auth_to_local_names = {
            kdc = nested.corp.example
        }
        ; kdc = comment.corp.example
        kdc = dc3.corp.example.
    }
    OTHER.EXAMPLE = {
        kdc = dc.other.example
    }
[domain_realm]
    .legacy.example = OTHER.EXAMPLE
    legacy.example = OTHER.EXAMPLE
    .corp.example = CORP.EXAMPLE
"#;

    fn of(domain: &str, text: &str) -> Option<Realm> {
        let folder = folder(&[("krb5.conf", text)]);
        let found = realm(domain, &[folder.join("krb5.conf")], &mut Vec::new());
        fs::remove_dir_all(&folder).unwrap();
        found
    }

    /// A folder of this thread's own; the names of the tests keep them apart.
    fn folder(files: &[(&str, &str)]) -> PathBuf {
        let name = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let folder = std::env::temp_dir().join(format!("coldcase-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn kdcs_of_a_realm() {
        let found = of("corp.example", TEXT).unwrap();
        assert_eq!(found.name, "CORP.EXAMPLE");
        assert_eq!(
            found.hosts,
            [
                "dc1.corp.example",
                "dc2.corp.example",
                "2001:db8::5",
                "2001:db8::6",
                "dc3.corp.example"
            ]
        );
    }

    #[test]
    fn a_mapped_domain() {
        let found = of("Legacy.Example", TEXT).unwrap();
        assert_eq!(found.name, "OTHER.EXAMPLE");
        assert_eq!(found.hosts, ["dc.other.example"]);
        assert_eq!(of("child.corp.example", TEXT), None);
        assert_eq!(of("corp.example", "[realms]\nCORP.EXAMPLE = {\n}\n"), None);
    }

    #[test]
    fn included_files() {
        let folder = folder(&[
            ("two", "[realms]\nA.B = {\n kdc = two.a.b\n}\n"),
            ("one.conf", "[realms]\nA.B = {\n kdc = one.a.b\n}\n"),
            (".hidden.conf", "[realms]\nA.B = {\n kdc = hidden.a.b\n}\n"),
            ("backup~", "[realms]\nA.B = {\n kdc = backup.a.b\n}\n"),
        ]);
        let place = folder.display();
        let main = folder.join("main~");
        let text = format!(
            "include {place}/missing\nincludedir {place}\ninclude {place}/main~\n[realms]\na.b = {{\nkdc = main.a.b\n}}\n"
        );
        fs::write(&main, text).unwrap();
        let mut notes = Vec::new();
        let found = realm("a.b", &[main], &mut notes).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.hosts, ["one.a.b", "two.a.b", "main.a.b"]);
        // The file that includes itself is read a bounded number of times, and that is said once.
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn several_files_are_read_and_missing_ones_skipped() {
        let folder = folder(&[
            ("a", "[realms]\nA.B={\nkdc=dc1\n}"),
            ("b", "[realms]\nA.B={\nkdc=dc2\n}"),
        ]);
        let list = std::env::join_paths([folder.join("a"), folder.join("none"), folder.join("b")])
            .unwrap();
        let mut notes = Vec::new();
        let found = realm("a.b", &named_files(Some(list)), &mut notes).unwrap();
        assert_eq!(found.hosts, ["dc1", "dc2"]);
        assert_eq!(notes, [] as [String; 0]);
        assert_eq!(
            realm("a.b", std::slice::from_ref(&folder), &mut notes),
            None
        );
        assert!(notes.concat().ends_with("it is not a file"), "{notes:?}");
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(named_files(None), [PathBuf::from("/etc/krb5.conf")]);
    }

    proptest! {
        #[test]
        fn arbitrary_text(text in "([\\[\\]{}=\"#;:/a-z\\n .]|kdc = |\\[realms\\]\n|A = \\{\n){0,60}") {
            let mut profile = Profile::default();
            profile.take(&text.replace("include", "exclude"), &mut Vec::new());
            for host in profile.hosts("A") {
                prop_assert!(!host.is_empty() && !host.contains(char::is_whitespace));
            }
        }
    }
}
