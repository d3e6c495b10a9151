//! Managed service accounts in their three forms: made ones, broken ones, and what an import makes of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::io::Cursor;

use coldcase_schemas::plan::QUERIES;
use coldcase_winsec::SecurityDescriptor;
use proptest::prelude::*;

use super::text::first_text;
use super::*;
use crate::wire;

const SID: &str = "S-1-5-21-1-2-3-1105";
const GUID: &str = "d12cfafd-1a96-404a-bfa3-cbd19ad5cf75";
const DN: &str = "CN=gmsa-web,CN=Managed Service Accounts,DC=corp,DC=example";
const GMSA: &str = "msDS-GroupManagedServiceAccount";
/// An alias of the domain, one of the forest's root and a SID.
const SDDL: &str = "O:DAG:DAD:(A;;GA;;;EA)(A;;CCDCLC;;;S-1-5-21-1-2-3-1200)";

struct Read {
    objects: Vec<Object>,
    claims: Vec<Claim>,
    troubles: Vec<Trouble>,
    error: Option<ImportError>,
}

impl Read {
    fn first(&self, name: &str) -> Option<String> {
        let values = self.objects.first()?.entry.values(name)?;
        assert_eq!(values.len(), 1, "{name}");
        Some(String::from_utf8_lossy(&values[0]).into_owned())
    }

    fn trouble(&self, attribute: &str) -> &Trouble {
        let mut found = self
            .troubles
            .iter()
            .filter(|trouble| trouble.attribute.as_deref() == Some(attribute));
        let trouble = found.next().unwrap();
        assert!(found.next().is_none(), "{attribute} is told once");
        trouble
    }
}

fn read_all<R: std::io::Read>(export: &mut ServiceAccounts<R>) -> Read {
    let mut read = Read {
        objects: Vec::new(),
        claims: Vec::new(),
        troubles: Vec::new(),
        error: None,
    };
    loop {
        match export.next_record() {
            Ok(Some(Record::Object(object))) => read.objects.push(object),
            Ok(Some(Record::Claim(claim))) => read.claims.push(claim),
            Ok(Some(Record::Trouble(trouble))) => read.troubles.push(trouble),
            Ok(None) => return read,
            Err(error) => read.error = Some(error),
        }
    }
}

type Opened = ServiceAccounts<Cursor<Vec<u8>>>;

fn open(bytes: &[u8]) -> Opened {
    let length = bytes.len() as u64;
    ServiceAccounts::open("accounts", Cursor::new(bytes.to_vec()), length).unwrap()
}

fn read(bytes: &[u8]) -> (Read, Opened) {
    let mut export = open(bytes);
    let read = read_all(&mut export);
    (read, export)
}

fn contexts() -> NamingContexts {
    NamingContexts {
        domain: "DC=corp,DC=example".to_owned(),
        configuration: "CN=Configuration,DC=corp,DC=example".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=corp,DC=example".to_owned(),
    }
}

/// Attributes that the export would have shown of managed service accounts; all else is not asked, and nothing is whole.
fn shown<R: std::io::Read>(export: &ServiceAccounts<R>) -> Vec<&'static str> {
    let mut shown = None;
    for query in QUERIES {
        match export.answer(query, &contexts()) {
            Answer::NotAsked(_) => assert_ne!(query.name, "service-accounts"),
            Answer::Asked {
                attributes,
                partial,
            } => {
                assert_eq!(query.name, "service-accounts");
                assert!(partial.unwrap().contains("which accounts were asked for"));
                shown = Some(attributes);
            }
        }
    }
    shown.unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Columns and cells of an account that a table shows well, and the ones that it loses.
fn cells() -> Vec<(&'static str, String)> {
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

fn table(rows: &[Vec<(&'static str, String)>], delimiter: &str, typed: bool) -> String {
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

fn with(
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

fn json_account(sid: &str, name: &str, more: &str) -> String {
    format!(
        "{{\"AccountExpirationDate\":null,\"AddedProperties\":[],\"Created\":\"\\/Date(1643277548092)\\/\",\
         \"DistinguishedName\":\"CN={name},DC=corp,DC=example\",\"Enabled\":true,\"HostComputers\":[],\
         \"ObjectClass\":\"{GMSA}\",\"ObjectGUID\":\"{GUID}\",\
         \"SID\":{{\"BinaryLength\":28,\"AccountDomainSid\":\"S-1-5-21-1-2-3\",\"Value\":\"{sid}\"}},\
         \"SamAccountName\":\"{name}$\",\"pwdLastSet\":132878087480000000{more}}}"
    )
}

#[test]
fn json_of_several_accounts() {
    let more = ",\"ServicePrincipalNames\":[\"HTTP/a\",\"HTTP/b\"],\"SIDHistory\":[],\
                \"msDS-ManagedPasswordId\":[1,0,255],\"whenChanged\":\"2022-01-27T10:59:08.0000000+01:00\",\
                \"PrincipalsAllowedToRetrieveManagedPassword\":[\"CN=b,DC=corp,DC=example\",\"S-1-5-21-1-2-3-77\",\"CN=Group,DC=corp,DC=example\"],\
                \"TrustedForDelegation\":false,\"nTSecurityDescriptor\":{\"Owner\":\"CORP\\\\x\",\"Access\":\"System.Security.AuthorizationRuleCollection\"},\
                \"unicodePwd\":\"secret\"";
    let two = format!(
        "[{},\n{}]",
        json_account(SID, "a", more),
        json_account("S-1-5-21-1-2-3-1106", "b", "")
    );
    for bytes in [two.clone().into_bytes(), utf16(&two)] {
        assert_eq!(recognise(&bytes), Some(Form::Json));
        let (read, export) = read(&bytes);
        assert!(read.error.is_none(), "{:?}", read.error);
        assert_eq!(read.objects.len(), 2);
        let entry = &read.objects[0].entry;
        assert_eq!(
            read.objects[1].place,
            Place::Row {
                file: "accounts".to_owned(),
                row: 2
            }
        );
        assert_eq!(
            entry.values("objectSid").unwrap(),
            [wire::sid(SID).unwrap()]
        );
        assert_eq!(entry.values("servicePrincipalName").unwrap().len(), 2);
        assert_eq!(
            entry.values("msDS-ManagedPasswordId").unwrap(),
            [[1, 0, 255]]
        );
        assert_eq!(
            read.first("whenCreated").as_deref(),
            Some("20220127095908.0Z")
        );
        assert_eq!(
            read.first("whenChanged").as_deref(),
            Some("20220127095908.0Z")
        );
        assert_eq!(
            read.first("unicodePwd").as_deref(),
            Some("secret"),
            "the writer drops and counts it"
        );
        assert_eq!(entry.values("nTSecurityDescriptor"), None);
        assert!(
            read.trouble("nTSecurityDescriptor")
                .what
                .contains("for 1 accounts")
        );
        let rights: Vec<(&str, &str, &str)> = read
            .claims
            .iter()
            .filter_map(|claim| match claim {
                Claim::Right(right) => Some((
                    right.object.as_str(),
                    right.trustee.as_str(),
                    right.right.as_str(),
                )),
                Claim::Bits(_) => None,
            })
            .collect();
        assert_eq!(
            rights,
            [
                (SID, "S-1-5-21-1-2-3-77", "ReadGMSAPassword"),
                // By the name of an account that came later.
                (SID, "S-1-5-21-1-2-3-1106", "ReadGMSAPassword"),
            ]
        );
        let nameless: Vec<&Trouble> = read
            .troubles
            .iter()
            .filter(|trouble| trouble.what.contains("known by name only"))
            .collect();
        assert_eq!(nameless.len(), 1);
        assert!(
            nameless[0]
                .what
                .starts_with("1 who are said to have ReadGMSAPassword")
        );
        let Claim::Bits(bits) = &read.claims[0] else {
            unreachable!("flags come first");
        };
        assert_eq!((bits.mask, bits.value), (0x8_0002, 0));
        assert!(
            export
                .limits()
                .iter()
                .any(|limit| limit.contains("known by name only"))
        );
        // No account shows what `-Properties *` shows: only what both show was asked for.
        assert_eq!(
            shown(&export),
            [
                "objectGUID",
                "objectClass",
                "objectSid",
                "sAMAccountName",
                "whenCreated",
                "pwdLastSet"
            ]
        );
    }
}

#[test]
fn one_account_and_all_properties() {
    let more = ",\"uSNChanged\":1,\"uSNCreated\":1,\"instanceType\":4,\
                \"objectCategory\":\"CN=ms-DS-Group-Managed-Service-Account,CN=Schema,CN=Configuration,DC=corp,DC=example\",\
                \"userAccountControl\":4096,\"msDS-GroupMSAMembership\":{\"Sddl\":\"SDDL\"}";
    let text = json_account(SID, "a", &more.replace("SDDL", SDDL));
    let (one, export) = read(text.as_bytes());
    assert_eq!(
        (one.objects.len(), one.troubles.len()),
        (1, 0),
        "{:?}",
        one.troubles
    );
    assert_eq!(one.claims, []);
    let descriptor = &one.objects[0]
        .entry
        .values("msDS-GroupMSAMembership")
        .unwrap()[0];
    let decoded = SecurityDescriptor::decode(descriptor);
    assert_eq!(
        decoded.value.owner.unwrap().to_string(),
        "S-1-5-21-1-2-3-512"
    );
    let shown = shown(&export);
    for asked in [
        "sIDHistory",
        "servicePrincipalName",
        "msDS-DelegatedMSAState",
        "msDS-GroupMSAMembership",
    ] {
        assert!(shown.contains(&asked), "{asked}");
    }
    for not in ["nTSecurityDescriptor", "msDS-User-Account-Control-Computed"] {
        assert!(!shown.contains(&not), "{not}");
    }
    // In another domain of the forest, nobody knows what EA is.
    let elsewhere = more
        .replace("SDDL", SDDL)
        .replace(",DC=corp,DC=example", ",DC=example");
    let (other, export) = read(json_account(SID, "a", &elsewhere).as_bytes());
    assert!(
        other
            .trouble("msDS-GroupMSAMembership")
            .what
            .contains("SDDL")
    );
    assert!(!self::shown(&export).contains(&"msDS-GroupMSAMembership"));
}

#[test]
fn json_that_is_odd() {
    let odd = |text: &str| -> Read { read(text.as_bytes()).0 };
    let twice = odd(&json_account(SID, "a", ",\"sid\":null"));
    assert_eq!(twice.objects.len(), 0);
    assert!(twice.troubles[0].what.contains("a key comes twice"));
    let deep = format!(",\"x\":{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(odd(&json_account(SID, "a", &deep)).objects.len(), 1);
    let sid = json_account(SID, "a", "").replace("\"Value\"", "\"V\"");
    let sid = odd(&sid);
    assert_eq!(sid.objects[0].entry.values("objectSid"), None);
    assert!(
        sid.troubles
            .iter()
            .any(|trouble| trouble.what.contains("no SID"))
    );
    let whole = format!("[{}]", json_account(SID, "a", ""));
    let cut = odd(&whole[..whole.len() - 10]);
    assert!(
        cut.error
            .unwrap()
            .to_string()
            .contains("row 1: the file ends inside an account")
    );
    let more = odd(&format!("{whole} x"));
    assert_eq!((more.objects.len(), more.error.is_some()), (1, true));
    let wrapped = json_account(
        SID,
        "a",
        ",\"servicePrincipalName\":{\"value\":[\"a/b\"],\"Count\":1}",
    );
    assert_eq!(
        odd(&wrapped).first("servicePrincipalName").as_deref(),
        Some("a/b")
    );
}

const HEAD: &str =
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";

fn xml_account(number: u32, name: &str, props: &str, more: &str) -> String {
    format!(
        "<Obj RefId=\"{number}0\"><TN RefId=\"0\"><T>Microsoft.ActiveDirectory.Management.ADServiceAccount</T></TN>\
         <ToString>CN={name},DC=corp,DC=example</ToString><Props><S N=\"DistinguishedName\">CN={name},DC=corp,DC=example</S><S N=\"ObjectClass\">{GMSA}</S>\
         <G N=\"ObjectGUID\">{GUID}</G><Nil N=\"AccountExpirationDate\" />\
         <Obj N=\"SID\" RefId=\"{number}1\"><TN RefId=\"1\"><T>System.Security.Principal.SecurityIdentifier</T></TN>\
         <ToString>S-1-5-21-1-2-3-110{number}</ToString><Props><I32 N=\"BinaryLength\">28</I32>\
         <S N=\"Value\">S-1-5-21-1-2-3-110{number}</S></Props></Obj>\
         <Ref N=\"objectSid\" RefId=\"{number}1\" />{props}</Props>{more}</Obj>"
    )
}

fn xml(accounts: &str) -> String {
    format!("{HEAD}{accounts}</Objs>")
}

fn rich() -> String {
    let props = format!(
        "<S N=\"Description\">a_x000A_b &lt;&#x26;&gt; _x005F_x0041_</S><I32 N=\"userAccountControl\">4096</I32>\
         <I64 N=\"pwdLastSet\">132878087480000000</I64><DT N=\"whenCreated\">2022-01-27T10:59:08+01:00</DT>\
         <BA N=\"msDS-ManagedPasswordId\">AQD/</BA><B N=\"isCriticalSystemObject\">false</B>\
         <Obj N=\"servicePrincipalName\" RefId=\"5\"><LST><S>HTTP/a</S><S>HTTP/b</S></LST></Obj>\
         <Obj N=\"nTSecurityDescriptor\" RefId=\"6\"><TNRef RefId=\"2\" />\
         <ToString>System.DirectoryServices.ActiveDirectorySecurity</ToString>\
         <Props><S N=\"Owner\">CORP\\x</S></Props><MS><S N=\"Sddl\">{SDDL}</S></MS></Obj>\
         <S N=\"objectCategory\">CN=x,CN=Schema,CN=Configuration,DC=corp,DC=example</S>\
         <SS N=\"Password\">0100</SS><Obj N=\"AddedProperties\" RefId=\"7\"><DCT><En><S N=\"Key\">SID</S></En></DCT></Obj>\
         <Obj N=\"PrincipalsAllowedToRetrieveManagedPassword\" RefId=\"8\"><LST><S>S-1-5-21-1-2-3-1200</S></LST></Obj>"
    );
    xml_account(
        1,
        "a",
        &props,
        "<MS><S N=\"ObjectClass\">msDS-GroupManagedServiceAccount</S></MS>",
    )
}

#[test]
fn clixml() {
    let text = xml(&format!("{}{}", rich(), xml_account(2, "b", "", "")));
    for bytes in [
        text.clone().into_bytes(),
        utf16(&text),
        format!("\u{feff}{text}").into_bytes(),
    ] {
        assert_eq!(
            recognise(&bytes[..bytes.len().min(4_096)]),
            Some(Form::Clixml)
        );
        let (read, export) = read(&bytes);
        assert!(read.error.is_none(), "{:?}", read.error);
        assert_eq!(
            (read.objects.len(), read.troubles.len()),
            (2, 0),
            "{:?}",
            read.troubles
        );
        let entry = &read.objects[0].entry;
        assert_eq!(
            read.first("description").as_deref(),
            Some("a\nb <&> _x0041_")
        );
        assert_eq!(
            read.first("pwdLastSet").as_deref(),
            Some("132878087480000000")
        );
        assert_eq!(
            read.first("whenCreated").as_deref(),
            Some("20220127095908.0Z")
        );
        assert_eq!(
            read.first("isCriticalSystemObject").as_deref(),
            Some("FALSE")
        );
        assert_eq!(
            entry.values("msDS-ManagedPasswordId").unwrap(),
            [[1, 0, 255]]
        );
        assert_eq!(entry.values("servicePrincipalName").unwrap().len(), 2);
        assert_eq!(
            entry.values("objectSid").unwrap(),
            [wire::sid("S-1-5-21-1-2-3-1101").unwrap()]
        );
        let descriptor = &entry.values("nTSecurityDescriptor").unwrap()[0];
        let dacl = SecurityDescriptor::decode(descriptor).value.dacl.unwrap();
        assert_eq!(dacl.aces.len(), 2);
        let Claim::Right(right) = &read.claims[0] else {
            unreachable!("the readers");
        };
        assert_eq!(
            (right.trustee.as_str(), read.claims.len()),
            ("S-1-5-21-1-2-3-1200", 1)
        );
        // The second account shows neither.
        assert_eq!(shown(&export), ["objectGUID", "objectClass", "objectSid"]);
    }
}

#[test]
fn a_list_of_accounts_as_one_object() {
    let list = xml(&format!(
        "<Obj RefId=\"100\"><TN RefId=\"9\"><T>System.Object[]</T></TN><LST>{}{}</LST><MS><S N=\"x\">y</S></MS></Obj>",
        xml_account(1, "a", "", ""),
        xml_account(2, "b", "", "")
    ));
    let (read, _) = read(list.as_bytes());
    assert!(read.error.is_none(), "{:?}", read.error);
    assert_eq!(
        (read.objects.len(), read.troubles.len()),
        (2, 0),
        "{:?}",
        read.troubles
    );
}

#[test]
fn an_account_that_is_also_a_list_is_one_account() {
    let odd = xml_account(1, "a", "", "").replace(
        "</ToString><Props><S N=\"DistinguishedName\">",
        "</ToString><IE><S>x</S></IE><Props><S N=\"DistinguishedName\">",
    );
    assert!(odd.contains("<IE>"));
    let (read, _) = read(xml(&odd).as_bytes());
    assert_eq!(
        (read.objects.len(), read.troubles.len()),
        (1, 0),
        "{:?}",
        read.troubles
    );
}

#[test]
fn references_that_lead_nowhere() {
    let of = |props: &str| read(xml(&xml_account(1, "a", props, "")).as_bytes()).0;
    let cycle = of("<Obj N=\"description\" RefId=\"5\"><LST><Ref RefId=\"5\" /></LST></Obj>");
    assert!(cycle.trouble("description").what.contains("a part of"));
    let nothing = of("<Ref N=\"description\" RefId=\"99\" />");
    assert!(nothing.trouble("description").what.contains("not there"));
    let skipped = of(
        "<Obj N=\"x\" RefId=\"5\"><DCT><Obj RefId=\"6\" /></DCT></Obj><Ref N=\"description\" RefId=\"6\" />",
    );
    assert!(skipped.trouble("description").what.contains("not read"));
    let twice = of("<Obj N=\"x\" RefId=\"5\" /><Obj N=\"y\" RefId=\"5\" />");
    assert!(twice.error.unwrap().to_string().contains("same RefId"));
    // Each level refers to the one before twice: nothing is multiplied.
    let mut levels = "<Obj N=\"x0\" RefId=\"50\"><LST><S>a</S></LST></Obj>".to_owned();
    for level in 1..200 {
        levels.push_str(&format!(
            "<Obj N=\"x{level}\" RefId=\"5{level}\"><LST><Ref RefId=\"5{0}\" /><Ref RefId=\"5{0}\" /></LST></Obj>",
            level - 1
        ));
    }
    levels.push_str("<Ref N=\"servicePrincipalName\" RefId=\"5199\" />");
    let levels = of(&levels);
    assert_eq!(levels.objects.len(), 1);
    assert_eq!(levels.objects[0].entry.values("servicePrincipalName"), None);
}

#[test]
fn xml_that_is_odd() {
    let odd = |text: String| -> Read { read(text.as_bytes()).0 };
    let deep = format!(
        "{}{}",
        "<Obj N=\"x\"><LST>".repeat(100),
        "</LST></Obj>".repeat(100)
    );
    assert_eq!(odd(xml(&xml_account(1, "a", &deep, ""))).objects.len(), 1);
    let entity = odd(xml(&xml_account(1, "a", "<S N=\"x\">&y;</S>", "")));
    assert!(
        entity
            .error
            .unwrap()
            .to_string()
            .contains("row 1: it uses an entity")
    );
    let doctype = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", xml(&rich()));
    assert!(
        odd(doctype)
            .error
            .unwrap()
            .to_string()
            .contains("document type")
    );
    let whole = xml(&rich());
    let cut = odd(whole[..whole.len() - 40].to_owned());
    assert!(cut.error.is_some() && cut.objects.is_empty());
    let outside = odd(format!("{whole}<Objs></Objs>"));
    assert!(outside.error.is_some() && outside.objects.len() == 1);
    let contradiction = odd(xml(&xml_account(
        1,
        "a",
        "<S N=\"Name\">a</S><S N=\"name\">b</S>",
        "",
    )));
    assert!(
        contradiction.troubles[0]
            .what
            .contains("twice with different values")
    );
}

#[test]
fn an_account_without_an_end_is_bounded() {
    struct Endless<'a>(&'a [u8]);
    impl std::io::Read for Endless<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                out.fill(b'a');
                return Ok(out.len());
            }
            self.0.read(out)
        }
    }
    let row = table(&[cells()], ",", true);
    let json = json_account(SID, "a", ",\"x\":\"");
    let xml = xml(&rich());
    for start in [
        format!("{row}\""),
        json[..json.len() - 1].to_owned(),
        format!("{}<S>", &xml[..xml.len() - 30]),
    ] {
        let mut export = ServiceAccounts::open("a", Endless(start.as_bytes()), 0).unwrap();
        let read = read_all(&mut export);
        let said = read.error.unwrap().to_string();
        assert!(said.contains("one account is over the limit"), "{said}");
    }
}

#[test]
fn other_files_are_none() {
    for text in [
        "",
        "dn: CN=a,DC=b\nobjectClass: msDS-GroupManagedServiceAccount\n",
        "{\"data\":[{\"Properties\":{\"gmsa\":true}}],\"meta\":{}}",
        "\"DistinguishedName\",\"Name\"\r\n\"CN=a\",\"a\"\r\n",
        "<Objs xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj/></Objs>",
        "--------------------\ndistinguishedName: CN=a\nobjectClass: msDS-GroupManagedServiceAccount\n",
    ] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
        assert!(ServiceAccounts::open("a", text.as_bytes(), 0).is_err());
    }
}

#[test]
fn two_files_become_one_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        crate::recognise::open(&path, &mut |_| ()).unwrap()
    };
    let row = with(cells(), "Description", "by the table");
    let row = with(row, "SID", "S-1-5-21-1-2-3-1101");
    let row = with(row, "objectSid", "S-1-5-21-1-2-3-1101");
    let row = with(row, "DistinguishedName", "CN=a,DC=corp,DC=example");
    let given = vec![
        file("table.csv", table(&[row], ";", true).as_bytes()),
        file(
            "accounts.xml",
            &utf16(&xml(&rich().replace(GUID, &GUID.to_uppercase()))),
        ),
    ];
    let variants: Vec<String> = given
        .iter()
        .map(|one| one.export.label().variant.clone())
        .collect();
    assert_eq!(variants, ["Export-Csv", "Export-Clixml"]);
    let mut one = file("again.csv", table(&[cells()], ",", false).as_bytes());
    let listing = crate::listing::list(one.export.as_mut(), &mut |_, _| ());
    assert_eq!(listing.domains, [("corp.example".to_owned(), 1)]);
    assert!(listing.broken.is_none());
    let brought: Vec<&str> = listing
        .queries
        .iter()
        .filter(|query| query.asked)
        .map(|query| query.query)
        .collect();
    assert_eq!(brought, ["service-accounts"]);

    let path = folder.path().join("snapshot");
    let options = crate::Options {
        taken_at: Some("2026-03-31T14:00:00Z".to_owned()),
        ..crate::Options::default()
    };
    let imported = crate::import(given, &options, &path, &mut |_, _| ()).unwrap();
    assert_eq!(imported.manifest.domain, "corp.example");
    assert_eq!(imported.manifest.counts.objects, 1);
    // The two descriptions.
    assert_eq!(imported.conflicts, 1);
    assert!(!imported.manifest.complete);
    let snapshot = coldcase_schemas::Snapshot::open(&path).unwrap();
    let account = snapshot.entry("CN=a,DC=corp,DC=example").unwrap().unwrap();
    assert_eq!(account.values("description").unwrap(), [b"by the table"]);
    assert_eq!(account.values("servicePrincipalName").unwrap().len(), 2);
    assert_eq!(account.values("sAMAccountName").unwrap(), [b"gmsa-web$"]);
    let ledger = snapshot.ledger().unwrap();
    let query = ledger
        .iter()
        .find(|row| row.plan.name == "service-accounts")
        .unwrap();
    assert_eq!((query.stored, query.is_complete()), (1, false));
    assert!(
        query
            .plan
            .attributes
            .iter()
            .any(|name| name == "nTSecurityDescriptor")
    );
    let one = |sql: &str| -> String {
        let database = snapshot.database();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        one("SELECT right_name || ' ' || trustee FROM interpreted_right"),
        "ReadGMSAPassword S-1-5-21-1-2-3-1200"
    );
    assert_eq!(one("SELECT CAST(count(*) AS TEXT) FROM known_bits"), "0");
}

fn samples() -> Vec<Vec<u8>> {
    let table = table(&[cells(), cells()], ";", true);
    let json = format!(
        "[{},{}]",
        json_account(SID, "a", ""),
        json_account(SID, "b", ",\"x\":[[1]]")
    );
    let xml = xml(&rich());
    [table, json, xml]
        .into_iter()
        .flat_map(|text| [utf16(&text), text.into_bytes()])
        .collect()
}

proptest! {
    #[test]
    fn nothing_that_happens_to_the_bytes_makes_it_panic(
        sample in 0_usize..6,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        fields in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![[0_u8; 4], [0xff; 4], *b"\"\"\"\"", *b"<!--", *b"[[[["])), 0..2),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = samples()[sample].clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in fields {
            let at = at.index(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&value);
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(mut export) = ServiceAccounts::open("a", bytes.as_slice(), bytes.len() as u64) {
            let read = read_all(&mut export);
            prop_assert!(read.objects.len() <= 2);
            if let Some(error) = read.error {
                prop_assert!(!error.to_string().is_empty());
            }
            for trouble in &read.troubles {
                prop_assert!(!trouble.what.is_empty());
            }
            for query in QUERIES {
                let answer = export.answer(query, &contexts());
                let whole = matches!(answer, Answer::Asked { partial: None, .. });
                prop_assert!(!whole);
            }
        }
    }

    #[test]
    fn a_cut_file_gives_what_came_before_and_says_so(sample in 0_usize..6, cut in any::<prop::sample::Index>()) {
        let whole = samples()[sample].clone();
        let cut = cut.index(whole.len());
        if let Ok(mut export) = ServiceAccounts::open("accounts", &whole[..cut], cut as u64) {
            let all = read_all(&mut open(&whole)).objects;
            let read = read_all(&mut export);
            prop_assert!(read.objects.len() <= all.len());
            prop_assert_eq!(&read.objects[..], &all[..read.objects.len()]);
            // Only a table that ends with a whole row cannot know that there were more.
            let text = first_text(&whole[..cut]);
            let row = sample < 2 && text.ends_with(['\n', '\r', '"']);
            prop_assert!(read.error.is_some() || row);
        }
    }
}
