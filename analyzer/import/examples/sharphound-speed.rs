//! Measures the reading of SharpHound zips: `cargo run --release -p coldcase-import --features made --example
//! sharphound-speed -- FILE [MEGABYTES]`. With a size it makes the file first, without one it reads the file.

#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::time::Instant;

use coldcase_import::sharphound::{SharpHound, made};
use coldcase_import::{Claim, Export as _, Record};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file is missing")?;
    if let Some(megabytes) = arguments.next() {
        let writer = BufWriter::new(File::create(&path)?);
        let (rows, inflated) = made::write_zip(writer, megabytes.parse::<u64>()? << 20)?;
        println!("made: {rows} rows, {inflated} bytes before deflating");
        return Ok(());
    }
    let stored = std::fs::metadata(&path)?.len();
    let start = Instant::now();
    let mut export = SharpHound::open_zip(BufReader::new(File::open(&path)?))?;
    let opened = start.elapsed();
    let (mut objects, mut rights, mut troubles) = (0_u64, 0_u64, 0_u64);
    while let Some(record) = export.next_record()? {
        match record {
            Record::Object(_) => objects += 1,
            Record::Claim(Claim::Right(_)) => rights += 1,
            Record::Claim(Claim::Bits(_)) => {}
            Record::Trouble(_) => troubles += 1,
        }
    }
    println!("{objects} objects, {rights} rights, {troubles} troubles of {stored} bytes");
    println!("opened after {opened:?}, read after {:?}", start.elapsed());
    for line in std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
    {
        if line.starts_with("VmHWM") {
            println!("{line}");
        }
    }
    Ok(())
}
