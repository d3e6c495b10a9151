//! What Export-Csv wrote.

use super::*;

/// Columns and cells of an account that a table shows well, and the ones that it loses.
pub(super) fn cells() -> Vec<(&'static str, String)> {
    let list = "Microsoft.ActiveDirectory.Management.ADPropertyValueCollection";
    let text = str::to_owned;
    vec![
        ("AccountExpirationDate", String::new()),
        ("Created", text("1/27/2022 9:59:08 AM")),
        ("Description", text("runs \"web\",\r\nsince; 2022")),
        ("DistinguishedName", text(DN)),
        ("Enabled", text("True")),
        ("HostComputers", text(list)),
        (
            "msDS-GroupMSAMembership",
            text("System.DirectoryServices.ActiveDirectorySecurity"),
        ),
        ("msDS-ManagedPasswordId", text("System.Byte[]")),
        ("msDS-ManagedPasswordInterval", text("30")),
        ("ObjectClass", text(GMSA)),
        ("ObjectGUID", text(GUID)),
        ("objectSid", text(SID)),
        ("PrincipalsAllowedToRetrieveManagedPassword", text(list)),
        ("pwdLastSet", text("132878087480000000")),
        ("SamAccountName", text("gmsa-web$")),
        ("ServicePrincipalNames", text(list)),
        ("SID", text(SID)),
        ("userAccountControl", text("4096")),
        ("whenCreated", text("1/27/2022 9:59:08 AM")),
    ]
}

pub(super) fn table(rows: &[Vec<(&'static str, String)>], delimiter: &str, typed: bool) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = String::new();
    if typed {
        text.push_str("#TYPE Microsoft.ActiveDirectory.Management.ADServiceAccount\r\n");
    }
    let header: Vec<String> = rows[0].iter().map(|(name, _)| quoted(name)).collect();
    text.push_str(&header.join(delimiter));
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|(_, cell)| {
                if cell.is_empty() {
                    String::new()
                } else {
                    quoted(cell)
                }
            })
            .collect();
        text.push_str(&cells.join(delimiter));
        text.push_str("\r\n");
    }
    text
}

pub(super) fn with(
    mut cells: Vec<(&'static str, String)>,
    name: &'static str,
    cell: &str,
) -> Vec<(&'static str, String)> {
    match cells.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => cell.clone_into(known),
        None => cells.push((name, cell.to_owned())),
    }
    cells
}

#[test]
fn a_table_in_every_encoding_and_delimiter() {
    for (delimiter, typed) in [(",", true), (";", true), (",", false), ("\t", false)] {
        let text = table(&[cells(), cells()], delimiter, typed);
        let marked = format!("\u{feff}{text}").into_bytes();
        for bytes in [text.clone().into_bytes(), marked, utf16(&text)] {
            assert_eq!(recognise(&bytes[..bytes.len().min(4_096)]), Some(Form::Csv));
            let (read, export) = read(&bytes);
            assert!(read.error.is_none(), "{:?}", read.error);
            assert_eq!(read.objects.len(), 2);
            assert_eq!(read.objects[0].entry.dn, DN);
            let line = 2 + u64::from(typed);
            assert_eq!(read.objects[0].place, Place::Line(line));
            assert_eq!(
                read.objects[1].place,
                Place::Line(line + 2),
                "a cell has two lines"
            );
            let classes = read.objects[0].entry.values("objectClass").unwrap();
            assert_eq!(classes.len(), 6);
            assert_eq!(classes[5], GMSA.as_bytes());
            let first = |name| read.first(name).unwrap();
            assert_eq!(first("description"), "runs \"web\",\r\nsince; 2022");
            assert_eq!(first("pwdLastSet"), "132878087480000000");
            assert_eq!(first("userAccountControl"), "4096");
            assert_eq!(first("sAMAccountName"), "gmsa-web$");
            let entry = &read.objects[0].entry;
            assert_eq!(
                entry.values("objectSid").unwrap(),
                [wire::sid(SID).unwrap()]
            );
            assert_eq!(
                entry.values("objectGUID").unwrap(),
                [wire::guid(GUID).unwrap()]
            );
            for lost in [
                "msDS-GroupMSAMembership",
                "msDS-ManagedPasswordId",
                "servicePrincipalName",
                "PrincipalsAllowedToRetrieveManagedPassword",
                "whenCreated",
            ] {
                assert_eq!(entry.values(lost), None, "{lost}");
                assert!(read.trouble(lost).what.contains("for 2 accounts"), "{lost}");
            }
            assert_eq!(read.troubles.len(), 5, "{:?}", read.troubles);
            assert_eq!(read.claims, [], "the attribute itself is there");
            assert_eq!(
                shown(&export),
                [
                    "objectGUID",
                    "objectClass",
                    "objectSid",
                    "sAMAccountName",
                    "description",
                    "userAccountControl",
                    "pwdLastSet",
                    "msDS-ManagedPasswordInterval",
                ]
            );
            assert!(
                export
                    .limits()
                    .iter()
                    .any(|limit| limit.contains("msDS-GroupMSAMembership, "))
            );
            assert_eq!(export.progress(), (bytes.len() as u64, bytes.len() as u64));
        }
    }
}

#[test]
fn a_question_mark_in_ascii_is_not_believed() {
    let row = with(cells(), "Description", "M?ller");
    let text = table(&[row], ",", true);
    let (doubted, export) = read(text.as_bytes());
    assert_eq!(doubted.first("description"), None);
    assert!(
        doubted
            .trouble("description")
            .what
            .contains("question mark")
    );
    assert!(
        !doubted.trouble("description").what.contains("ller"),
        "no value is quoted"
    );
    assert!(!shown(&export).contains(&"description"));
    let (believed, export) = read(&utf16(&text));
    assert_eq!(believed.first("description").as_deref(), Some("M?ller"));
    assert!(shown(&export).contains(&"description"));
    let name = with(cells(), "DistinguishedName", "CN=M?ller,DC=corp,DC=example");
    let (named, _) = read(table(&[name], ",", true).as_bytes());
    assert_eq!(named.objects.len(), 1);
    assert!(
        named
            .trouble("distinguishedName")
            .what
            .contains("the name is wrong")
    );
    // Latin-1: the code page is not known.
    let text = table(&[with(cells(), "Description", "M\u{fc}ller")], ",", true);
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let (latin, _) = read(&bytes);
    assert!(latin.trouble("description").what.contains("code page"));
    assert_eq!(latin.objects.len(), 1);
}

#[test]
fn lists_that_somebody_wrote_out() {
    let row = with(
        cells(),
        "ServicePrincipalNames",
        "HTTP/a;HTTP/b.corp.example:80",
    );
    let (list, export) = read(table(&[row], ",", true).as_bytes());
    let names = list.objects[0]
        .entry
        .values("servicePrincipalName")
        .unwrap();
    assert_eq!(
        names,
        [b"HTTP/a".to_vec(), b"HTTP/b.corp.example:80".to_vec()]
    );
    assert!(shown(&export).contains(&"servicePrincipalName"));
    let row = with(cells(), "ServicePrincipalNames", "a;b");
    let (none, _) = read(table(&[row], ",", true).as_bytes());
    assert!(
        none.trouble("servicePrincipalName")
            .what
            .contains("no list")
    );
    let row = with(cells(), "SIDHistory", "S-1-5-21-9-9-9-5;S-1-5-21-9-9-9-6");
    let (unknown, export) = read(table(&[row], ",", true).as_bytes());
    assert!(
        unknown
            .trouble("sIDHistory")
            .what
            .contains("what parts them")
    );
    assert!(!shown(&export).contains(&"sIDHistory"));
}

#[test]
fn rows_that_are_no_account() {
    let mut short = cells();
    short.pop();
    let user = with(cells(), "ObjectClass", "user");
    let torn = with(cells(), "SID", "S-1-5-21-1-2-3-9");
    let number = with(cells(), "userAccountControl", "0x1000");
    let rows = [cells(), user, short, torn, number, cells()];
    let (read, export) = read(table(&rows, ",", true).as_bytes());
    assert!(read.error.is_none());
    assert_eq!(read.objects.len(), 4);
    let told = |what: &str| {
        read.troubles
            .iter()
            .any(|trouble| trouble.what.contains(what))
    };
    assert!(told(
        "not that of a managed service account; the account was left out"
    ));
    assert!(told("it has 18 cells and the header 19"));
    assert!(told("two properties say different things"));
    assert!(told("not a whole number"));
    let Answer::Asked { partial, .. } = export.answer(&QUERIES[2], &contexts()) else {
        unreachable!("it was asked");
    };
    assert!(partial.unwrap().contains("some accounts could not be read"));
    let double = "\"DistinguishedName\",\"SID\",\"sid\",\"HostComputers\"\r\n";
    let error = ServiceAccounts::open("a", double.as_bytes(), 0)
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("same name"), "{error}");
}

#[test]
fn a_table_that_was_cut() {
    let text = table(&[cells(), cells()], ",", true);
    let whole = text.len();
    for left in [1, 2, 3, 60, 200] {
        let (read, export) = read(&text.as_bytes()[..whole - left]);
        if left <= 2 {
            // The line end alone is missing.
            assert_eq!(read.objects.len(), 2);
            assert!(read.error.is_none());
            continue;
        }
        assert_eq!(read.objects.len(), 1, "{left}");
        let said = read.error.unwrap().to_string();
        assert!(
            said.contains("line 5") && said.contains("inside a row"),
            "{said}"
        );
        // What the accounts before the cut lost is told all the same.
        assert!(
            read.troubles
                .iter()
                .any(|trouble| trouble.what.contains("for 1 accounts"))
        );
        assert!(!shown(&export).contains(&"msDS-GroupMSAMembership"));
    }
}
