//! What a collection costs beside `ldapsearch` and, where it is installed, `rusthound-ce`: same server, same run, in
//! turns. Prints a table and the limits, and says whether all were kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use coldcase_schemas::container::read_manifest;
use coldcase_tests::dc::{self, DomainController, Population};

use crate::ldapsearch;
use crate::measure::{self, Cost, median};
use crate::table::{Limit, heading, limits, mebibytes, row};

const USAGE: &str = "bench collect [--principals N] [--small N] [--runs N] [--page-size N] [--collector FILE] \
                     [--rusthound FILE]";

/// What is to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    principals: usize,
    small: usize,
    runs: usize,
    page_size: u32,
    collector: PathBuf,
    /// Not compared where there is none.
    rusthound: Option<PathBuf>,
}

impl Options {
    /// From the words after `collect`.
    pub(crate) fn parse(words: &[String]) -> Result<Options> {
        let mut options = Options {
            principals: 25_000,
            small: 2_500,
            runs: 3,
            page_size: 500,
            collector: coldcase_tests::programs::workspace()
                .join("target/release/coldcase-collect"),
            rusthound: rusthound_on_path(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value: {USAGE}"))?;
            let number = || value.parse().with_context(|| format!("{word} {value}"));
            match word.as_str() {
                "--principals" => options.principals = number()?,
                "--small" => options.small = number()?,
                "--runs" => options.runs = number()?.max(1),
                "--page-size" => options.page_size = u32::try_from(number()?)?,
                "--collector" => options.collector = PathBuf::from(value),
                "--rusthound" => options.rusthound = Some(PathBuf::from(value)),
                _ => bail!("{word} is not known: {USAGE}"),
            }
        }
        ensure!(
            options.collector.exists(),
            "{} is not there: build it with `cargo build --release -p coldcase-collector`, or name another with --collector",
            options.collector.display()
        );
        Ok(options)
    }
}

/// Measures and prints. False if a limit was missed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut out = io::stdout().lock();
    let folder = tempfile::tempdir()?;

    let small = {
        let bench = Bench::start(options, options.small, folder.path(), &mut out)?;
        bench.collect("warm-up")?;
        let runs = (0..options.runs)
            .map(|_| bench.collect("small"))
            .collect::<Result<Vec<_>>>()?;
        median(runs)
    };

    let bench = Bench::start(options, options.principals, folder.path(), &mut out)?;
    bench.ldapsearch()?;
    bench.collect("warm-up")?;
    let (mut searches, mut collections, mut hounds) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=options.runs {
        writeln!(out, "round {round} of {} …", options.runs)?;
        out.flush()?;
        // In turns, so that a noisy moment hits all of them.
        searches.push(bench.ldapsearch()?);
        collections.push(bench.collect("large")?);
        if let Some(program) = &options.rusthound {
            hounds.push(bench.rusthound(program)?);
        }
    }
    let manifest = read_manifest(&bench.snapshot("large"))?;
    ensure!(manifest.complete, "the collection is not complete");
    let search = median(searches);
    let collection = median(collections);

    writeln!(
        out,
        "\n{} principals, {} objects, pages of {}, median of {}",
        options.principals, manifest.counts.objects, options.page_size, options.runs
    )?;
    heading(&mut out)?;
    row(&mut out, "ldapsearch", &search)?;
    row(&mut out, "coldcase-collect", &collection)?;
    if hounds.is_empty() {
        writeln!(out, "rusthound-ce is not installed: not compared")?;
    } else {
        row(&mut out, "rusthound-ce", &median(hounds))?;
    }
    row(
        &mut out,
        &format!("coldcase-collect, {}", options.small),
        &small,
    )?;

    let sizes = bench.sizes()?;
    writeln!(out, "\n{:<28}{:>12}", "", "size, KiB")?;
    size(&mut out, "LDIF", sizes.ldif)?;
    size(&mut out, "LDIF through zstd -3", sizes.compressed)?;
    size(&mut out, "snapshot", sizes.snapshot)?;
    if let Some(zip) = sizes.zip {
        size(&mut out, "zip of rusthound-ce", zip)?;
    }

    limits(
        &mut out,
        &[
            Limit {
                name: "wall: collect / ldapsearch",
                measured: collection.wall.as_secs_f64() / search.wall.as_secs_f64(),
                at_most: 1.10,
            },
            Limit {
                name: "collect: CPU / wall",
                measured: collection.cpu_share(),
                at_most: 0.25,
            },
            Limit {
                name: "collect: peak, MiB",
                measured: mebibytes(collection.peak),
                at_most: 64.0,
            },
            Limit {
                name: "collect: peak, large / small domain",
                measured: mebibytes(collection.peak) / mebibytes(small.peak),
                at_most: 1.10,
            },
            Limit {
                name: "size: snapshot / LDIF through zstd -3",
                measured: ratio(sizes.snapshot, sizes.compressed),
                at_most: 1.0,
            },
        ],
    )
}

/// A server, and what is run against it.
struct Bench<'a> {
    options: &'a Options,
    controller: DomainController,
    folder: &'a Path,
    password_file: PathBuf,
}

impl<'a> Bench<'a> {
    fn start(
        options: &'a Options,
        principals: usize,
        folder: &'a Path,
        out: &mut impl Write,
    ) -> Result<Bench<'a>> {
        write!(out, "making a domain of {principals} principals … ")?;
        out.flush()?;
        let population = Population::Large { principals };
        let controller =
            DomainController::start_with(&dc::Options::default().population(population))?;
        let timings = controller.timings();
        writeln!(
            out,
            "{:.0} s",
            (timings.provision + timings.plant + timings.server).as_secs_f64()
        )?;
        let password_file = folder.join("password");
        fs::write(&password_file, controller.admin_password())?;
        Ok(Bench {
            options,
            controller,
            folder,
            password_file,
        })
    }

    fn ldif(&self) -> PathBuf {
        self.folder.join("answers.ldif")
    }

    fn snapshot(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.sqlite.zst"))
    }

    fn hound_folder(&self) -> PathBuf {
        self.folder.join("rusthound")
    }

    fn ldapsearch(&self) -> Result<Cost> {
        ldapsearch::run(
            &self.controller,
            &self.password_file,
            self.options.page_size,
            &self.ldif(),
            self.folder,
        )
    }

    fn collect(&self, name: &str) -> Result<Cost> {
        let snapshot = self.snapshot(name);
        let _ = fs::remove_file(&snapshot);
        let mut command = Command::new(&self.options.collector);
        command
            .args(["--server", &self.controller.address().to_string()])
            .args(["--user", self.controller.admin_user(), "--password-file"])
            .arg(&self.password_file)
            .arg("--ca-file")
            .arg(self.controller.ca_file())
            .args(["--page-size", &self.options.page_size.to_string(), "-o"])
            .arg(&snapshot)
            .current_dir(self.folder);
        measure::run(&command, self.output("collect.txt")?, self.folder, &[0])
    }

    fn rusthound(&self, program: &Path) -> Result<Cost> {
        let folder = self.hound_folder();
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let domain = self.controller.domain();
        let mut command = Command::new(program);
        command
            .args(["-d", domain.dns(), "-f", self.controller.host_name()])
            .args(["-i", &self.controller.address().to_string()])
            .args(["-u", &format!("Administrator@{}", domain.dns())])
            .args(["-p", self.controller.admin_password()])
            // It speaks to more than the directory unless told not to.
            .args(["-c", "LdapOnly", "--ldaps", "-z", "-o"])
            .arg(&folder)
            .current_dir(&folder);
        let cost = measure::run(&command, self.output("rusthound.txt")?, self.folder, &[0])?;
        ensure!(
            zip_of(&folder)?.is_some(),
            "rusthound-ce wrote no zip:\n{}",
            fs::read_to_string(self.folder.join("rusthound.txt")).unwrap_or_default()
        );
        Ok(cost)
    }

    fn output(&self, name: &str) -> Result<File> {
        let path = self.folder.join(name);
        File::create(&path).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn sizes(&self) -> Result<Sizes> {
        let mut ldif = File::open(self.ldif())?;
        let mut compressed = Counter(0);
        zstd::stream::copy_encode(&mut ldif, &mut compressed, 3)?;
        let hound_folder = self.hound_folder();
        Ok(Sizes {
            ldif: ldif.metadata()?.len(),
            compressed: compressed.0,
            snapshot: fs::metadata(self.snapshot("large"))?.len(),
            zip: if hound_folder.exists() {
                zip_of(&hound_folder)?
            } else {
                None
            },
        })
    }
}

/// Bytes of the results.
struct Sizes {
    ldif: u64,
    compressed: u64,
    snapshot: u64,
    zip: Option<u64>,
}

/// Counts what is written to it.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn size(out: &mut impl Write, name: &str, bytes: u64) -> Result<()> {
    writeln!(out, "{name:<28}{:>12}", bytes.div_ceil(1024))?;
    Ok(())
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn rusthound_on_path() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where a program is installed is no fact about a directory"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("rusthound-ce"))
        .find(|program| program.is_file())
}

/// The size of the one zip in `folder`.
fn zip_of(folder: &Path) -> Result<Option<u64>> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.path().extension().is_some_and(|end| end == "zip") {
            return Ok(Some(file.metadata()?.len()));
        }
    }
    Ok(None)
}
