//! Measures importing ADExplorer snapshots: `cargo run --release -p coldcase-import --features made --example
//! adexplorer-speed -- FILE [MEGABYTES]`. With a size it makes the file first, without one it imports the file.

#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use coldcase_import::adexplorer::AdExplorer;
use coldcase_import::adexplorer::made::{Values, Writer};
use coldcase_import::{Export as _, Options, import, recognise};

const DOMAIN: &str = "DC=corp,DC=example";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file is missing")?;
    if let Some(megabytes) = arguments.next() {
        make(&path, megabytes.parse::<u64>()? << 20)?;
        return Ok(());
    }
    let stored = std::fs::metadata(&path)?.len();
    let megabytes = stored as f64 / 1e6;
    let start = Instant::now();
    let mut export = AdExplorer::open(File::open(&path)?, stored)?;
    let mut records = 0_u64;
    while export.next_record()?.is_some() {
        records += 1;
    }
    let read = start.elapsed().as_secs_f64();
    println!(
        "read: {records} records in {read:.2} s, {:.0} MB/s",
        megabytes / read
    );

    let folder = std::env::temp_dir().join(format!("adexplorer-speed-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let start = Instant::now();
    let given = recognise::open(path.as_ref(), &mut |_| ())?;
    let hashed = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut last = start;
    let options = Options {
        program: "adexplorer-speed".to_owned(),
        ..Options::default()
    };
    let imported = import(
        vec![given],
        &options,
        &folder.join("snapshot"),
        &mut |_, _| last = Instant::now(),
    )?;
    let (written, all) = ((last - start).as_secs_f64(), start.elapsed().as_secs_f64());
    std::fs::remove_dir_all(&folder)?;
    println!("hashed in {hashed:.2} s");
    println!(
        "into tables in {written:.2} s, {:.0} MB/s; sealed after {:.2} s more",
        megabytes / written,
        all - written
    );
    println!(
        "{} objects, {} links",
        imported.manifest.counts.objects, imported.manifest.counts.links
    );
    Ok(())
}

/// A domain of users and a group for every fifty of them, with what such objects have in a real snapshot.
fn make(path: &str, bytes: u64) -> Result<(), Box<dyn std::error::Error>> {
    let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut writer = Writer::new(file, 133_000_000_000_000_000, "dc1.corp.example", &[DOMAIN])?;
    let class = |names: &[&str]| ("objectClass", Values::texts(names));
    writer.object(
        DOMAIN,
        &[
            class(&["top", "domain", "domainDNS"]),
            ("objectGUID", Values::Octets(vec![vec![1; 16]])),
            ("objectSid", sid(0)),
        ],
    )?;
    let mut members = Vec::new();
    let mut number = 1_000_u32;
    while writer.bytes() < bytes {
        number += 1;
        let name = format!("user{number:07}");
        let dn = format!("CN={name},OU=Unit {},OU=People,{DOMAIN}", number % 200);
        let mut guid = number.to_le_bytes().to_vec();
        guid.resize(16, 7);
        // A descriptor of its own for one in twenty, as delegated units have.
        let mut descriptor = vec![1, 0, 4, 0x8c, 0, 0, 0, 0];
        descriptor.resize(2_400, u8::try_from(number % 200).unwrap_or(0));
        if number.is_multiple_of(20) {
            descriptor.extend(number.to_le_bytes());
        }
        let large = |value: i64| Values::Large(vec![value]);
        let long = i64::from(number);
        let time = Values::Time(vec![[
            2023,
            5,
            1,
            10,
            u16::try_from(number % 60)?,
            u16::try_from(number / 60 % 60)?,
        ]]);
        writer.object(
            &dn,
            &[
                class(&["top", "person", "organizationalPerson", "user"]),
                ("cn", Values::text(&name)),
                ("sn", Values::text("Surname")),
                ("givenName", Values::text(&format!("Given{}", number % 999))),
                (
                    "displayName",
                    Values::text(&format!("Given{} Surname of {name}", number % 999)),
                ),
                ("instanceType", Values::Integer(vec![4])),
                ("whenCreated", time.clone()),
                ("whenChanged", time),
                ("uSNCreated", large(long * 3)),
                ("uSNChanged", large(long * 7)),
                (
                    "memberOf",
                    Values::Dn(vec![format!("CN=group{},OU=Groups,{DOMAIN}", number / 50)]),
                ),
                ("name", Values::text(&name)),
                ("objectGUID", Values::Octets(vec![guid])),
                ("userAccountControl", Values::Integer(vec![512])),
                ("badPwdCount", Values::Integer(vec![0])),
                ("codePage", Values::Integer(vec![0])),
                ("countryCode", Values::Integer(vec![0])),
                (
                    "pwdLastSet",
                    large(132_000_000_000_000_000 + long * 1_000_003),
                ),
                ("primaryGroupID", Values::Integer(vec![513])),
                ("objectSid", sid(number)),
                ("accountExpires", large(i64::MAX)),
                (
                    "logonCount",
                    Values::Integer(vec![i32::try_from(number % 500)?]),
                ),
                ("sAMAccountName", Values::text(&name)),
                (
                    "userPrincipalName",
                    Values::text(&format!("{name}@corp.example")),
                ),
                ("mail", Values::text(&format!("{name}@corp.example"))),
                (
                    "lastLogonTimestamp",
                    large(132_900_000_000_000_000 + long * 977),
                ),
                ("nTSecurityDescriptor", Values::Descriptor(descriptor)),
            ],
        )?;
        members.push(dn);
        if number.is_multiple_of(50) {
            let name = format!("group{}", number / 50);
            let mut guid = number.to_le_bytes().to_vec();
            guid.resize(16, 9);
            writer.object(
                &format!("CN={name},OU=Groups,{DOMAIN}"),
                &[
                    class(&["top", "group"]),
                    ("objectGUID", Values::Octets(vec![guid])),
                    ("groupType", Values::Integer(vec![-2_147_483_646])),
                    ("sAMAccountName", Values::text(&name)),
                    ("member", Values::Dn(std::mem::take(&mut members))),
                ],
            )?;
        }
    }
    println!("made: {} bytes, {number} users", writer.bytes());
    writer.finish()?;
    Ok(())
}

fn sid(rid: u32) -> Values {
    let mut bytes = vec![1, if rid == 0 { 4 } else { 5 }, 0, 0, 0, 0, 0, 5];
    for part in [21, 1, 2, 3] {
        bytes.extend(u32::to_le_bytes(part));
    }
    if rid > 0 {
        bytes.extend(rid.to_le_bytes());
    }
    Values::Octets(vec![bytes])
}
