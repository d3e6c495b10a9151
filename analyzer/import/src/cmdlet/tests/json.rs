//! What ConvertTo-Json wrote.

use super::*;

pub(super) fn json_account(sid: &str, name: &str, more: &str) -> String {
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
