//! Rows whose values are known, and what an export says of its queries.

use super::*;

#[test]
fn values_go_back() {
    let full = user(
        1104,
        ",\"samaccountname\":\"svc\",\"description\":\"d\",\"serviceprincipalnames\":[\"a/b\",\"c/d\"],\
         \"sidhistory\":[\"S-1-5-21-9-9-9-500\"],\"pwdlastset\":1676222824,\"lastlogon\":0,\"lastlogontimestamp\":-1,\
         \"whencreated\":1676194024,\"admincount\":true,\"enabled\":false,\"sensitive\":true,\"passwordnotreqd\":false,\
         \"email\":null,\"displayname\":\"\",\"supportedencryptiontypes\":[\"RC4-HMAC-MD5\",\"AES256-CTS-HMAC-SHA1-96\"],\
         \"userpassword\":\"hush\"",
        ",\"PrimaryGroupSID\":\"S-1-5-21-1-2-3-513\",\"Aces\":[\
         {\"PrincipalSID\":\"B.C-S-1-5-32-544\",\"PrincipalType\":\"Group\",\"RightName\":\"Owns\",\"IsInherited\":false},\
         {\"PrincipalSID\":\"S-1-5-21-1-2-3-512\",\"RightName\":\"GenericAll\",\"IsInherited\":true},\
         {\"PrincipalSID\":null,\"RightName\":\"GenericAll\"}]",
    );
    let (export, said) = read_one("users", OBJECT_PROPS, &[full]);
    let dn = "CN=U1104,DC=B,DC=C";
    assert_eq!(said.text(dn, "sAMAccountName"), ["svc"]);
    assert_eq!(said.text(dn, "servicePrincipalName"), ["a/b", "c/d"]);
    assert_eq!(said.text(dn, "primaryGroupID"), ["513"]);
    assert_eq!(said.text(dn, "adminCount"), ["1"]);
    assert_eq!(said.text(dn, "lastLogon"), ["0"]);
    assert_eq!(said.text(dn, "pwdLastSet"), ["133206964240000000"]);
    assert_eq!(
        said.text(dn, "objectClass"),
        ["top", "person", "organizationalPerson", "user"]
    );
    assert_eq!(said.text(dn, "userPassword"), ["hush"]);
    let object = said.object(dn);
    assert_eq!(
        object.rounded,
        [("pwdLastSet".to_owned(), Precision::Second)]
    );
    for absent in [
        "lastLogonTimestamp",
        "whenCreated",
        "mail",
        "displayName",
        "userAccountControl",
        "member",
    ] {
        assert_eq!(object.entry.values(absent), None, "{absent}");
    }
    let sid = Sid::parse(&object.entry.values("objectSid").expect("a SID")[0]).expect("a SID");
    assert_eq!(sid.to_string(), "S-1-5-21-1-2-3-1104");
    let old = Sid::parse(&object.entry.values("sIDHistory").expect("a SID")[0]).expect("a SID");
    assert_eq!(old.to_string(), "S-1-5-21-9-9-9-500");
    let rights: Vec<_> = said
        .rights
        .iter()
        .map(|right| {
            (
                right.trustee.as_str(),
                right.right.as_str(),
                right.inherited,
            )
        })
        .collect();
    assert_eq!(
        rights,
        [
            ("S-1-5-32-544", "Owns", Some(false)),
            ("S-1-5-21-1-2-3-512", "GenericAll", Some(true))
        ]
    );
    assert!(
        said.rights
            .iter()
            .all(|right| right.object == "S-1-5-21-1-2-3-1104")
    );
    let bits: Vec<_> = said
        .bits
        .iter()
        .map(|bits| (bits.attribute.as_str(), bits.mask, bits.value))
        .collect();
    assert_eq!(
        bits,
        [
            ("userAccountControl", 0x10_0022, 0x10_0002),
            ("msDS-SupportedEncryptionTypes", 0x1f, 0x14)
        ]
    );
    assert_eq!(said.troubles.len(), 1);
    assert!(said.trouble("1 of its rights").what.contains("trustee"));
    let shown = attributes(&export, "users");
    for attribute in [
        "objectSid",
        "objectClass",
        "sAMAccountName",
        "servicePrincipalName",
        "pwdLastSet",
        "mail",
        "sIDHistory",
        "primaryGroupID",
    ] {
        assert!(shown.contains(&attribute), "{attribute} in {shown:?}");
    }
    for attribute in [
        "adminCount",
        "userAccountControl",
        "whenCreated",
        "msDS-AllowedToDelegateTo",
        "nTSecurityDescriptor",
        "msDS-SupportedEncryptionTypes",
        "userPrincipalName",
        "accountExpires",
        "objectGUID",
        "operatingSystem",
        "name",
    ] {
        assert!(!shown.contains(&attribute), "{attribute}");
    }
    assert!(
        export
            .limits()
            .iter()
            .all(|sentence| sentence.ends_with('.'))
    );
}

#[test]
fn user_account_control_is_raw_where_it_is_written_and_unknown_where_it_could_not_be_read() {
    let rows = [
        user(
            1,
            ",\"useraccountcontrol\":66048,\"enabled\":true,\"pwdlastset\":5",
            "",
        ),
        user(
            2,
            ",\"useraccountcontrol\":0,\"enabled\":true,\"pwdlastset\":-1",
            "",
        ),
        user(
            3,
            ",\"enabled\":true,\"sensitive\":false,\"pwdlastset\":-1",
            "",
        ),
        user(
            4,
            ",\"enabled\":true,\"sensitive\":false,\"pwdlastset\":0",
            "",
        ),
        user(5, ",\"sensitive\":false,\"pwdlastset\":1", ""),
        user(6, ",\"useraccountcontrol\":2147484160", ""),
        user(7, ",\"useraccountcontrol\":\"512\"", ""),
    ];
    let (_, said) = read_one("users", OBJECT_PROPS, &rows);
    assert_eq!(
        said.text("CN=U1,DC=B,DC=C", "userAccountControl"),
        ["66048"]
    );
    assert_eq!(
        said.text("CN=U6,DC=B,DC=C", "userAccountControl"),
        ["-2147483136"]
    );
    assert!(
        said.text("CN=U2,DC=B,DC=C", "userAccountControl")
            .is_empty()
    );
    let bits: Vec<_> = said
        .bits
        .iter()
        .map(|bits| (bits.object.as_str(), bits.mask, bits.value))
        .collect();
    assert_eq!(bits, [("S-1-5-21-1-2-3-4", 0x10_0002, 0)]);
    assert_eq!(
        said.trouble("32 bits").attribute.as_deref(),
        Some("userAccountControl")
    );
    assert_eq!(said.troubles.len(), 1);
}

#[test]
fn a_zero_of_an_exporter_that_writes_zero_for_nothing_is_no_zero() {
    let rows = [
        user(
            1,
            ",\"useraccountcontrol\":512,\"pwdlastset\":0,\"lastlogon\":0,\"whencreated\":1676194024",
            "",
        ),
        user(2, ",\"useraccountcontrol\":0,\"pwdlastset\":0", ""),
        user(3, ",\"enabled\":true,\"pwdlastset\":0", ""),
    ];
    let (export, said) = read_one("users", 0, &rows);
    assert_eq!(said.text("CN=U1,DC=B,DC=C", "pwdLastSet"), ["0"]);
    assert!(said.text("CN=U1,DC=B,DC=C", "lastLogon").is_empty());
    assert!(said.text("CN=U2,DC=B,DC=C", "pwdLastSet").is_empty());
    assert!(said.text("CN=U3,DC=B,DC=C", "pwdLastSet").is_empty());
    assert_eq!(
        said.text("CN=U1,DC=B,DC=C", "whenCreated"),
        ["20230212092704.0Z"]
    );
    assert!(said.bits.is_empty(), "flags of a zero are no knowledge");
    assert!(
        export
            .limits()
            .iter()
            .any(|sentence| sentence.contains("does not say what was collected"))
    );
    let Answer::Asked { partial, .. } = answer(&export, "service-accounts") else {
        panic!("users were asked for");
    };
    assert!(
        partial
            .expect("a clause")
            .contains("cannot be told from users")
    );
}

#[test]
fn managed_accounts_groups_and_hosts() {
    let reader =
        ",\"Aces\":[{\"PrincipalSID\":\"S-1-5-21-1-2-3-9\",\"RightName\":\"ReadGMSAPassword\"}]";
    let users = [
        user(1, ",\"gmsa\":true", ""),
        user(2, ",\"msa\":true", ""),
        user(3, "", reader),
        user(4, ",\"gmsa\":false", ""),
    ];
    let host = "{\"Properties\":{\"distinguishedname\":\"CN=H,DC=B,DC=C\",\"dnshostname\":\"h.b.c\",\
        \"operatingsystem\":\"Windows Server 2008 Service Pack 2\",\"machineaccountquota\":7},\
        \"ObjectIdentifier\":\"S-1-5-21-1-2-3-8\",\"DumpSMSAPassword\":[{\"ObjectIdentifier\":\"S-1-5-21-1-2-3-2\",\"ObjectType\":\"Base\"}],\
        \"AllowedToAct\":[{\"ObjectIdentifier\":\"S-1-5-21-1-2-3-4\",\"ObjectType\":\"User\"}]}";
    let group = "{\"Properties\":{\"distinguishedname\":\"CN=G,DC=B,DC=C\"},\"ObjectIdentifier\":\"B.C-S-1-5-32-544\",\
        \"Members\":[{\"ObjectIdentifier\":\"S-1-5-21-1-2-3-4\"},{\"ObjectIdentifier\":\"B-X.C-S-1-5-11\"},\
        {\"ObjectIdentifier\":\"CN=X,DC=B,DC=C\",\"ObjectType\":\"Base\"},{\"ObjectIdentifier\":\"NULL\"},\
        {\"ObjectIdentifier\":\"6BA11144-DC08-497C-A9C0-3AF9F4B4A39E\"}]}";
    let zip = zip_of(&[
        ("1_users.json", file("users", 0x240, &users).as_bytes()),
        (
            "1_computers.json",
            file("computers", 0x240, &[host.to_owned()]).as_bytes(),
        ),
        (
            "1_groups.json",
            file("groups", 0x240, &[group.to_owned()]).as_bytes(),
        ),
    ]);
    let mut export = SharpHound::open_zip(Cursor::new(zip)).expect("opens");
    assert_eq!(export.label().variant, "SharpHound 6");
    let said = drain(&mut export);
    let class = |dn: &str| said.text(dn, "objectClass").pop().expect("a class");
    assert_eq!(class("CN=U1,DC=B,DC=C"), "msDS-GroupManagedServiceAccount");
    assert_eq!(class("CN=U2,DC=B,DC=C"), "msDS-ManagedServiceAccount");
    assert_eq!(class("CN=U3,DC=B,DC=C"), "msDS-GroupManagedServiceAccount");
    assert_eq!(class("CN=U4,DC=B,DC=C"), "user");
    assert_eq!(
        said.text("CN=H,DC=B,DC=C", "msDS-HostServiceAccount"),
        ["<SID=S-1-5-21-1-2-3-2>"]
    );
    assert_eq!(said.text("CN=H,DC=B,DC=C", "dNSHostName"), ["h.b.c"]);
    assert!(said.text("CN=H,DC=B,DC=C", "operatingSystem").is_empty());
    assert_eq!(
        said.text("CN=G,DC=B,DC=C", "member"),
        [
            "<SID=S-1-5-21-1-2-3-4>",
            "<SID=S-1-5-11>",
            "CN=X,DC=B,DC=C",
            "<GUID=6BA11144-DC08-497C-A9C0-3AF9F4B4A39E>"
        ]
    );
    let member = said
        .object("CN=G,DC=B,DC=C")
        .entry
        .attributes
        .iter()
        .find(|one| &*one.name == "member");
    assert!(!member.expect("members").complete);
    assert_eq!(
        said.trouble("1 values name nobody").attribute.as_deref(),
        Some("member")
    );
    let acting = said
        .rights
        .iter()
        .find(|right| right.right == "AllowedToAct")
        .expect("the right");
    assert_eq!(
        (acting.object.as_str(), acting.trustee.as_str()),
        ("S-1-5-21-1-2-3-8", "S-1-5-21-1-2-3-4")
    );
    // Without the method for groups an empty list of members says nothing.
    assert!(!attributes(&export, "groups").contains(&"member"));
    assert!(attributes(&export, "computers").contains(&"msDS-HostServiceAccount"));
    assert!(matches!(answer(&export, "gpos"), Answer::NotAsked(_)));
    assert!(matches!(answer(&export, "domain"), Answer::NotAsked(_)));
    assert!(matches!(
        answer(&export, "users-with-password"),
        Answer::NotAsked(_)
    ));
    for query in [
        "trusts",
        "kds-root-keys",
        "password-settings",
        "schema-classes",
        "schema-attributes",
        "extended-rights",
        "authentication-silos",
        "directory-service",
        "cross-refs",
        "foreign-principals",
    ] {
        assert!(
            matches!(answer(&export, query), Answer::NotAsked(_)),
            "{query}"
        );
    }
}

#[test]
fn what_was_not_collected_is_not_shown() {
    let rows = [user(
        1,
        ",\"samaccountname\":\"a\",\"description\":null,\"pwdlastset\":0",
        "",
    )];
    let (export, _) = read_one("users", 0x41, &rows);
    let shown = attributes(&export, "users");
    assert!(shown.contains(&"sAMAccountName"));
    assert!(
        !shown.contains(&"description") && !shown.contains(&"pwdLastSet"),
        "{shown:?}"
    );
}

#[test]
fn what_only_one_of_two_files_showed_is_not_shown() {
    let zip = zip_of(&[
        (
            "1_users.json",
            file(
                "users",
                0,
                &[user(
                    1,
                    ",\"description\":null,\"samaccountname\":\"a\"",
                    "",
                )],
            )
            .as_bytes(),
        ),
        (
            "2_users.json",
            file("users", 0, &[user(2, ",\"samaccountname\":\"a\"", "")]).as_bytes(),
        ),
        ("3_users.json", file("users", 0, &[]).as_bytes()),
    ]);
    let mut export = SharpHound::open_zip(Cursor::new(zip)).expect("opens");
    let Answer::Asked { partial, .. } = answer(&export, "service-accounts") else {
        // Nothing is read yet, so there is nothing to tell.
        assert_eq!(drain(&mut export).objects.len(), 2);
        let shown = attributes(&export, "service-accounts");
        assert!(
            shown.contains(&"sAMAccountName") && !shown.contains(&"description"),
            "{shown:?}"
        );
        return;
    };
    panic!("{partial:?}");
}

#[test]
fn domains_come_from_heads_or_from_objects() {
    let head = "{\"Properties\":{\"domain\":\"B.C\",\"name\":\"B.C\",\"distinguishedname\":\"DC=B,DC=C\",\"machineaccountquota\":0,\
        \"minpwdlength\":7},\"ObjectIdentifier\":\"S-1-5-21-1-2-3\"}";
    let other = "{\"Properties\":{\"domain\":\"D.E\",\"domainsid\":\"S-1-5-21-4-5-6\",\"distinguishedname\":\"CN=A\\\\,DC,DC=D,DC=E\"},\
        \"ObjectIdentifier\":\"S-1-5-21-4-5-6-7\"}";
    let zip = zip_of(&[
        ("a.json", file("users", 1, &[other.to_owned()]).as_bytes()),
        (
            "b.json",
            file("domains", OBJECT_PROPS, &[head.to_owned()]).as_bytes(),
        ),
    ]);
    let mut export = SharpHound::open_zip(Cursor::new(zip)).expect("opens");
    let domain = |dns_name: &str, sid: &str, dn: &str| Domain {
        dns_name: dns_name.to_owned(),
        sid: sid.to_owned(),
        dn: dn.to_owned(),
    };
    assert_eq!(
        export.domains(),
        [
            domain("B.C", "S-1-5-21-1-2-3", "DC=B,DC=C"),
            domain("D.E", "S-1-5-21-4-5-6", "DC=D,DC=E")
        ]
    );
    let said = drain(&mut export);
    assert_eq!(said.text("DC=B,DC=C", "ms-DS-MachineAccountQuota"), ["0"]);
    assert_eq!(said.text("DC=B,DC=C", "minPwdLength"), ["7"]);
    assert!(said.error.is_none());
    let shown = attributes(&export, "domain");
    assert!(
        shown.contains(&"minPwdLength")
            && !shown.contains(&"maxPwdAge")
            && !shown.contains(&"gPLink"),
        "{shown:?}"
    );
}

#[test]
fn of_a_group_the_scope_is_known() {
    let group = "{\"Properties\":{\"distinguishedname\":\"CN=G,DC=B,DC=C\",\"groupscope\":\"Universal\"},\"ObjectIdentifier\":\"S-1-5-21-1-2-3-9\"}";
    let other = group.replace("Universal", "Unknown");
    let (_, said) = read_one("groups", OBJECT_PROPS, &[group.to_owned(), other]);
    let bits: Vec<_> = said
        .bits
        .iter()
        .map(|bits| (bits.attribute.as_str(), bits.mask, bits.value))
        .collect();
    assert_eq!(bits, [("groupType", 0xe, 0x8)]);
}
