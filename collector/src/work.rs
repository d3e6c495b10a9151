//! The working folder of a run: where the database grows, and what an interrupted run leaves for the next one.
//!
//! Owns its name, its lock, and its removal on every way out; after a crash the next start finds it. Deliberately does
//! not know what is in the database.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use coldcase_schemas::SnapshotWriter;

use crate::ldap::Failure;

/// Ends the name of every working folder.
const SUFFIX: &str = ".coldcase-work";
/// Held while a run is going on.
const LOCK: &str = "lock";
/// There if what is in the folder must not outlive a run.
const PRIVATE: &str = "private";
const DATABASE: &str = "snapshot.sqlite";

/// What to do with what an interrupted run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Go on with it.
    Resume,
    /// Throw it away.
    StartOver,
    /// Go on with it if there is something, else start: a forest has domains of both kinds.
    ResumeIfAny,
    /// Say that it is there, and end.
    Refuse,
}

/// A working folder that belongs to this run.
#[derive(Debug)]
pub(crate) struct Work {
    folder: PathBuf,
    lock: Option<File>,
    /// False: the folder goes when this value does.
    keep: bool,
}

impl Work {
    /// Enters the working folder for `domain` beside `output`. The flag tells whether there is something to go on with.
    ///
    /// `private`: what is in it is removed on every way out of this program.
    pub(crate) fn enter(
        output: &Path,
        domain: &str,
        leftover: Leftover,
        private: bool,
    ) -> Result<(Self, bool), Failure> {
        let folder = beside(output).join(format!("{domain}{SUFFIX}"));
        let there = folder.symlink_metadata().is_ok();
        if leftover == Leftover::Resume && !there {
            return Err(Failure::new(format!(
                "there is nothing to resume: {} does not exist; leave out --resume to start",
                folder.display()
            )));
        }
        if !there {
            private_folder(&folder).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Failure::new(format!(
                    "the folder {} does not exist",
                    beside(output).display()
                )),
                _ => cannot("created", &folder, &error),
            })?;
        }
        refuse_foreign(&folder)?;
        let lock = lock(&folder)?;
        let mut work = Self {
            folder,
            lock: Some(lock),
            keep: true,
        };
        let resumable = work.database().exists();
        match leftover {
            Leftover::Resume | Leftover::ResumeIfAny if resumable => {}
            Leftover::Refuse if resumable && !work.marker().exists() => {
                return Err(Failure::new(format!(
                    "an interrupted run of {domain} is in {}; add --resume to go on with it, or --start-over to throw it away",
                    work.folder.display()
                )));
            }
            Leftover::Resume => {
                work.keep = false;
                return Err(Failure::new(format!(
                    "the interrupted run in {} had not begun to read; leave out --resume to start",
                    work.folder.display()
                )));
            }
            Leftover::StartOver | Leftover::Refuse | Leftover::ResumeIfAny => {
                for file in SnapshotWriter::files(&work.database()) {
                    remove(&file).map_err(|error| cannot("removed", &file, &error))?;
                }
            }
        }
        if private {
            let marker = work.marker();
            open_private(&marker).map_err(|error| cannot("written", &marker, &error))?;
        }
        work.keep = !private;
        let resumes = matches!(leftover, Leftover::Resume | Leftover::ResumeIfAny);
        Ok((work, resumable && resumes))
    }

    /// Removes what a crash left beside `output` of runs that were to leave nothing. Tells which folders.
    pub(crate) fn sweep(output: &Path, resume: bool) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(beside(output)) else {
            return Vec::new();
        };
        let mut swept = Vec::new();
        for folder in entries.flatten().map(|entry| entry.path()) {
            let named = folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX));
            if !named
                || resume
                || !folder.join(PRIVATE).exists()
                || refuse_foreign(&folder).is_err()
            {
                continue;
            }
            // A lock that is held is a run that is going on.
            if lock(&folder).is_ok() && fs::remove_dir_all(&folder).is_ok() {
                swept.push(folder);
            }
        }
        swept.sort();
        swept
    }

    /// The database, there or not.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// Where it is, for people.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// True if it stays when the run ends early.
    pub(crate) fn is_kept(&self) -> bool {
        self.keep
    }

    /// The snapshot is complete: nothing is needed any more.
    pub(crate) fn discard(mut self) {
        self.keep = false;
    }

    fn marker(&self) -> PathBuf {
        self.folder.join(PRIVATE)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.lock.take();
        if !self.keep {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn beside(output: &Path) -> &Path {
    match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(LOCK);
    let file = open_private(&path).map_err(|error| cannot("written", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "another run is going on in {}; wait for it, or write to another folder",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot("locked", &path, &error)),
    }
}

/// A folder that somebody else made, or may write to, is not entered: what is in it may point anywhere.
fn refuse_foreign(folder: &Path) -> Result<(), Failure> {
    let metadata = folder
        .symlink_metadata()
        .map_err(|error| cannot("read", folder, &error))?;
    let mut own = metadata.is_dir();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let me = own_user(folder)?;
        own = own && metadata.uid() == me && metadata.permissions().mode() & 0o077 == 0;
    }
    if own {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} is not a private folder of yours; remove it, or write to another folder",
        folder.display()
    )))
}

/// The user that this program runs as, without asking the C library: the owner of its own entry in /proc.
#[cfg(unix)]
fn own_user(folder: &Path) -> Result<u32, Failure> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self")
        .map(|metadata| metadata.uid())
        .map_err(|error| cannot("checked", folder, &error))
}

/// A file that only its owner may read; a link in its place is not followed.
fn open_private(path: &Path) -> io::Result<File> {
    if path
        .symlink_metadata()
        .is_ok_and(|metadata| !metadata.is_file())
    {
        return Err(io::Error::other("it is not a file"));
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn enter(output: &Path, leftover: Leftover, private: bool) -> Result<(Work, bool), String> {
        Work::enter(output, "corp.example", leftover, private)
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_is_left_is_never_thrown_away_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.sqlite.zst");
        let why = enter(&output, Leftover::Resume, false).unwrap_err();
        assert!(why.contains("nothing to resume"), "{why}");
        let (work, resumed) = enter(&output, Leftover::Refuse, false).unwrap();
        assert!(!resumed);
        let why = enter(&output, Leftover::Refuse, false).unwrap_err();
        assert!(why.contains("another run is going on"), "{why}");
        fs::write(work.database(), "rows").unwrap();
        drop(work);
        let why = enter(&output, Leftover::Refuse, false).unwrap_err();
        assert!(why.contains("--resume"), "{why}");
        let (work, resumed) = enter(&output, Leftover::Resume, false).unwrap();
        assert!(resumed && work.database().exists());
        drop(work);
        let (work, resumed) = enter(&output, Leftover::StartOver, false).unwrap();
        assert!(!resumed && !work.database().exists());
        let place = work.folder().to_owned();
        work.discard();
        assert!(!place.exists());
    }

    #[test]
    fn a_private_folder_goes_on_every_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.sqlite.zst");
        let (work, _) = enter(&output, Leftover::Refuse, true).unwrap();
        let place = work.folder().to_owned();
        fs::write(work.database(), "rows").unwrap();
        assert_eq!(Work::sweep(&output, false), Vec::<PathBuf>::new(), "in use");
        drop(work);
        assert!(!place.exists());
        // As a crash leaves it.
        private_folder(&place).unwrap();
        fs::write(place.join(PRIVATE), "").unwrap();
        fs::write(place.join(DATABASE), "rows").unwrap();
        assert_eq!(
            Work::sweep(&output, true),
            Vec::<PathBuf>::new(),
            "to be resumed"
        );
        assert_eq!(Work::sweep(&output, false), [place]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_not_private_is_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a");
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let place = folder.path().join("corp.example.coldcase-work");
        private_folder(&place).unwrap();
        std::os::unix::fs::symlink(&victim, place.join(LOCK)).unwrap();
        assert!(enter(&output, Leftover::Refuse, false).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_dir_all(&place).unwrap();
        fs::create_dir(&place).unwrap();
        let why = enter(&output, Leftover::Refuse, false).unwrap_err();
        assert!(why.contains("not a private folder"), "{why}");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_into_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (work, _) = enter(&folder.path().join("a"), Leftover::Refuse, true).unwrap();
        let mode = fs::metadata(work.folder()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
