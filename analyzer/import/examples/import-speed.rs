//! Measures importing: `cargo run --release -p coldcase-import --features made --example import-speed -- FILE [MEGABYTES]`.
//! With a size it makes the file first, LDIF if its name ends so, else an ADExplorer snapshot; without one it imports the
//! file, whatever its format.
//!
//! Tells processor time beside wall time: what compresses and what else runs on the machine does not count then.

#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldcase_import::adexplorer::made::{Values, Writer};
use coldcase_import::{Options, import, recognise};

const DOMAIN: &str = "DC=corp,DC=example";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file is missing")?;
    if let Some(megabytes) = arguments.next() {
        let bytes = megabytes.parse::<u64>()? << 20;
        if path.ends_with(".ldif") {
            return make_ldif(&path, bytes);
        }
        return make(&path, bytes);
    }
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let mut given = recognise::open(path.as_ref(), &mut |_| ())?;
    let clock = Clock::start();
    let mut records = 0_u64;
    while given.export.next_record()?.is_some() {
        records += 1;
    }
    println!("read:        {records} records, {}", clock.told(megabytes));

    let folder = std::env::temp_dir().join(format!("import-speed-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let given = recognise::open(path.as_ref(), &mut |_| ())?;
    let clock = Clock::start();
    let mut last = String::new();
    let untimed = given.export.label().taken_at.is_none();
    let options = Options {
        program: "import-speed".to_owned(),
        taken_at: untimed.then(|| "2026-01-01T00:00:00Z".to_owned()),
        ..Options::default()
    };
    let output = folder.join("snapshot");
    let imported = import(vec![given], &options, &output, &mut |_, _| {
        last = clock.told(megabytes);
    })?;
    println!("into tables: {last}");
    println!("sealed:      {}", clock.told(megabytes));
    std::fs::remove_dir_all(&folder)?;
    let counts = imported.manifest.counts;
    println!("{} objects, {} links", counts.objects, counts.links);
    for line in std::fs::read_to_string("/proc/self/status")?.lines() {
        if line.starts_with("VmHWM") {
            println!("{line}");
        }
    }
    Ok(())
}

/// Wall and processor time from a moment on.
struct Clock {
    wall: Instant,
    processor: f64,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor(),
        }
    }

    fn told(&self, megabytes: f64) -> String {
        let (wall, spent) = (
            self.wall.elapsed().as_secs_f64(),
            processor() - self.processor,
        );
        format!(
            "{wall:.2} s, {:.0} MB/s; {spent:.2} s of a processor, {:.0} MB/s",
            megabytes / wall,
            megabytes / spent
        )
    }
}

/// Seconds that this process has had of a processor, in steps of 10 ms (proc(5): fields 14 and 15 of stat).
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The same domain as ldapsearch prints it, folded at 76 characters, descriptors in base64.
fn make_ldif(path: &str, bytes: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut written = 0_u64;
    let mut put = |text: &str| -> std::io::Result<()> {
        for line in text.lines() {
            for (part, piece) in line.as_bytes().chunks(76).enumerate() {
                if part > 0 {
                    file.write_all(b" ")?;
                }
                file.write_all(piece)?;
                file.write_all(b"\n")?;
            }
            if line.is_empty() {
                file.write_all(b"\n")?;
            }
        }
        written += text.len() as u64;
        Ok(())
    };
    put(&format!(
        "# extended LDIF\n#\n# LDAPv3\n# base <{DOMAIN}> with scope subtree\n# filter: (objectClass=*)\n# requesting: * nTSecurityDescriptor \n#\n\n\
         # corp.example\ndn: {DOMAIN}\nobjectClass: top\nobjectClass: domain\nobjectClass: domainDNS\nobjectSid:: {}\n\n",
        STANDARD.encode(octets(&sid(0)))
    ))?;
    let mut number = 1_000_u32;
    loop {
        number += 1;
        let name = format!("user{number:07}");
        let mut descriptor = vec![1, 0, 4, 0x8c, 0, 0, 0, 0];
        descriptor.resize(2_400, u8::try_from(number % 200).unwrap_or(0));
        if number.is_multiple_of(20) {
            descriptor.extend(number.to_le_bytes());
        }
        let mut guid = number.to_le_bytes().to_vec();
        guid.resize(16, 7);
        let text = format!(
            "# {name}, Unit {unit}, People, corp.example\ndn: CN={name},OU=Unit {unit},OU=People,{DOMAIN}\nobjectClass: top\nobjectClass: person\n\
             objectClass: organizationalPerson\nobjectClass: user\ncn: {name}\nsn: Surname\ngivenName: Given{given}\n\
             displayName: Given{given} Surname of {name}\ninstanceType: 4\nwhenCreated: 20230501101112.0Z\nwhenChanged: 20230501101112.0Z\n\
             uSNCreated: {usn}\nuSNChanged: {usn}\nmemberOf: CN=group{group},OU=Groups,{DOMAIN}\nname: {name}\nobjectGUID:: {guid}\n\
             userAccountControl: 512\nbadPwdCount: 0\ncodePage: 0\ncountryCode: 0\npwdLastSet: 132000000{number:09}\nprimaryGroupID: 513\n\
             objectSid:: {sid}\naccountExpires: 9223372036854775807\nlogonCount: {logons}\nsAMAccountName: {name}\n\
             sAMAccountType: 805306368\nuserPrincipalName: {name}@corp.example\nobjectCategory: CN=Person,CN=Schema,CN=Configuration,{DOMAIN}\n\
             nTSecurityDescriptor:: {descriptor}\n\n",
            unit = number % 200,
            given = number % 999,
            usn = u64::from(number) * 3,
            group = number / 50,
            guid = STANDARD.encode(guid),
            sid = STANDARD.encode(octets(&sid(number))),
            logons = number % 500,
            descriptor = STANDARD.encode(descriptor),
        );
        put(&text)?;
        if u64::from(number) * 4_400 > bytes {
            break;
        }
    }
    put(&format!(
        "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: {number}\n# numEntries: {number}\n"
    ))?;
    file.flush()?;
    println!("made: {written} bytes, {} users", number - 1_000);
    Ok(())
}

fn octets(values: &Values) -> Vec<u8> {
    match values {
        Values::Octets(values) => values.first().cloned().unwrap_or_default(),
        _ => Vec::new(),
    }
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
