//! What Export-Clixml wrote.

use super::*;

const HEAD: &str =
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";

pub(super) fn xml_account(number: u32, name: &str, props: &str, more: &str) -> String {
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

pub(super) fn xml(accounts: &str) -> String {
    format!("{HEAD}{accounts}</Objs>")
}

pub(super) fn rich() -> String {
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
