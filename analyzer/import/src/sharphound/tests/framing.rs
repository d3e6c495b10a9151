//! Files and zips that are odd, broken or something else.

use super::*;

#[test]
fn bad_rows_cost_themselves_only() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let rows = [
        "{}".to_owned(),
        deep,
        "{\"ObjectIdentifier\":\"a\",\"ObjectIdentifier\":\"a\"}".to_owned(),
        "7".to_owned(),
        user(1, ",\"pwdlastset\":\"soon\",\"serviceprincipalnames\":3", ""),
        "{\"Properties\":{\"distinguishedname\":\"CN=D,DC=B\"},\"ObjectIdentifier\":\"S-1-5-21-1-2-3-7\",\"IsDeleted\":true}".to_owned(),
        user(1, ",\"x\":0", "").replace("CN=U1", "CN=U2"),
        "{\"Properties\":{\"name\":\"X\"},\"ObjectIdentifier\":\"B.C-S-1-5-20\"}".to_owned(),
        "{\"Properties\":{\"distinguishedname\":\"CN=N,DC=B\"},\"ObjectIdentifier\":\"NULL\"}".to_owned(),
    ];
    let (export, said) = read_one("users", 0, &rows);
    assert!(said.error.is_none());
    let place = |row| Place::Row {
        file: "x_users.json".to_owned(),
        row,
    };
    assert_eq!(said.trouble("the row is empty").place, place(1));
    assert_eq!(said.trouble("nested 101 deep").place, place(2));
    assert_eq!(said.trouble("a key comes twice").place, place(3));
    assert_eq!(said.trouble("another type").place, place(4));
    assert_eq!(
        said.trouble("a time in seconds").attribute.as_deref(),
        Some("pwdLastSet")
    );
    assert_eq!(
        said.trouble("text was expected").attribute.as_deref(),
        Some("servicePrincipalName")
    );
    assert_eq!(said.trouble("is deleted").place, place(6));
    let conflict = said.trouble("of another object");
    assert_eq!(conflict.dn.as_deref(), Some("CN=U2,DC=B,DC=C"));
    assert!(
        conflict.what.contains("S-1-5-21-1-2-3-1") && conflict.what.contains("x_users.json, row 5"),
        "{}",
        conflict.what
    );
    assert_eq!(said.trouble("neither a SID nor a GUID").place, place(9));
    let dns: Vec<_> = said
        .objects
        .iter()
        .map(|object| object.entry.dn.as_str())
        .collect();
    assert_eq!(dns, ["CN=U1,DC=B,DC=C", "CN=U2,DC=B,DC=C", "CN=N,DC=B"]);
    let Answer::Asked { partial, .. } = answer(&export, "users") else {
        panic!("users were asked for");
    };
    assert!(
        partial
            .expect("a clause")
            .contains("some rows could not be read")
    );
}

#[test]
fn a_wrong_count_is_told_and_the_rows_win() {
    let text = file("users", 0, &[user(1, "", "")]).replace("\"count\":1", "\"count\":4294967295");
    let (_, said) = read_text("u.json", text.into_bytes());
    assert_eq!(said.objects.len(), 1);
    assert_eq!(
        said.trouble("counts 4294967295 rows, 1 are there").place,
        Place::File("u.json".to_owned())
    );
}

#[test]
fn a_byte_order_mark_meta_first_and_other_keys_do_not_matter() {
    let row = user(1, "", "");
    let text = format!(
        "\u{feff} {{ \"meta\" : {{\"type\":\"USERS\",\"version\":5}} , \"x\":\"]}}\\\"\", \"data\" : [ {row} ] }}\r\n\0"
    );
    let (export, said) = read_text("u.json", text.into_bytes());
    assert!(
        said.error.is_none() && said.troubles.is_empty(),
        "{:?} {:?}",
        said.error,
        said.troubles
    );
    assert_eq!(said.objects.len(), 1);
    assert_eq!(export.label().variant, "BloodHound format 5");
}

#[test]
fn what_is_not_such_an_export_is_refused_with_a_sentence() {
    let refuse = |name: &str, text: &[u8]| {
        SharpHound::open_files(vec![(name.to_owned(), Cursor::new(text.to_vec()))])
            .map(drop)
            .expect_err("refused")
            .to_string()
    };
    let old = file("users", 0, &[]).replace("\"version\":6", "\"version\":3");
    assert!(
        refuse("u.json", old.as_bytes())
            .contains("version 3 of the format; versions 4 to 6 are read")
    );
    assert!(refuse("u.json", b"[1]").contains("does not begin as a JSON object"));
    assert!(refuse("u.json", b"").contains("does not begin as a JSON object"));
    assert!(refuse("u.json", b"{\"a\":1}").contains("it has no rows"));
    assert!(refuse("u.json", b"{\"data\":[]}").contains("it has no `meta`"));
    assert!(refuse("u.json", b"{\"data\":[],\"meta\":{},\"meta\":{}}").contains("two keys `meta`"));
    assert!(refuse("u.json", b"{\"data\":[],\"meta\":7}").contains("`meta` cannot be read"));
    assert!(refuse("u.json", file("azure", 0, &[]).as_bytes()).contains("another kind of rows"));
    let wide: Vec<u8> = "\u{feff}{\"data\":[]}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(refuse("u.json", &wide).contains("UTF-16"));
    assert!(refusal(Vec::new()).contains("does not end with its directory"));
    assert!(refusal(b"PK\x05\x06".to_vec()).contains("directory"));
    assert!(refusal(zip_of(&[("a.txt", b"x")])).contains("no JSON file"));
}

#[test]
fn other_text_encodings_cost_their_rows() {
    let mut text = file("users", 0, &[user(1, "", ""), user(2, "", "")]).into_bytes();
    let at = text
        .windows(2)
        .position(|two| two == b"U1")
        .expect("a name");
    // Latin-1.
    text[at] = 0xe9;
    let (_, said) = read_text("u.json", text);
    assert_eq!(said.objects.len(), 1);
    assert!(
        said.trouble("no valid JSON")
            .what
            .contains("the row was left out")
    );
}

#[test]
fn names_in_a_zip_are_no_paths_and_other_files_are_left_out() {
    let users = file("users", 0, &[user(1, "", "")]);
    let zip = zip_of(&[
        ("../../etc/1_users.json", users.as_bytes()),
        ("inner.zip", &zip_of(&[("a.json", users.as_bytes())])),
        ("readme.txt", b"x"),
        ("settings.json", b"{\"a\":1}"),
    ]);
    let mut export = SharpHound::open_zip(Cursor::new(zip)).expect("opens");
    let said = drain(&mut export);
    assert_eq!(said.objects.len(), 1);
    assert!(said.trouble("leads out").what.contains("not used as paths"));
    assert_eq!(
        said.trouble("archive inside").place,
        Place::File("inner.zip".to_owned())
    );
    assert_eq!(
        said.trouble("no JSON file").place,
        Place::File("readme.txt".to_owned())
    );
    assert_eq!(
        said.trouble("no rows under").place,
        Place::File("settings.json".to_owned())
    );
}

#[test]
fn a_bomb_goes_off_at_its_limit_after_all_else_was_read() {
    let mut zeros = b"{\"data\":[".to_vec();
    zeros.resize(32 << 20, b' ');
    let users = file("users", 0, &[user(1, "", "")]);
    let zip = zip_of(&[
        ("1_groups.json", &zeros),
        ("2_users.json", users.as_bytes()),
    ]);
    assert!(zip.len() < 100_000);
    let mut export = SharpHound::open_zip(Cursor::new(zip)).expect("opens");
    let said = drain(&mut export);
    assert_eq!(said.objects.len(), 1);
    let error = said.error.expect("a limit").to_string();
    assert!(
        error.contains("1_groups.json") && error.contains("200 times as many"),
        "{error}"
    );
    assert!(
        matches!(answer(&export, "groups"), Answer::Asked { attributes, partial: Some(partial) }
        if attributes.is_empty() && partial.contains("not read to its end"))
    );
}

#[test]
fn encrypted_files_unknown_compression_and_wrong_checksums_are_told() {
    let users = file("users", 0, &[user(1, "", "")]);
    let zip = zip_of(&[("1_users.json", users.as_bytes())]);
    let central = zip
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .expect("a directory");
    let mut encrypted = zip.clone();
    encrypted[6] |= 1;
    encrypted[central + 8] |= 1;
    assert!(refusal(encrypted).contains("is encrypted"));
    let mut strange = zip.clone();
    strange[8] = 14;
    strange[central + 10] = 14;
    assert!(refusal(strange).contains("not with deflate"));
    let mut wrong = zip.clone();
    wrong[central + 16] ^= 1;
    let mut export =
        SharpHound::open_zip(Cursor::new(wrong)).expect("opens, as its name tells what it is");
    let said = drain(&mut export);
    assert_eq!(said.objects.len(), 1);
    assert!(
        said.error
            .expect("an error")
            .to_string()
            .contains("checksum is wrong")
    );
    let mut many = zip;
    let end = many
        .windows(4)
        .position(|four| four == b"PK\x05\x06")
        .expect("an end");
    many[end + 10] = 0xfe;
    many[end + 11] = 0xff;
    assert!(refusal(many).contains("65534 files, is over the limit of 4096 files"));
}

#[test]
fn stored_files_and_recognition() {
    let users = file("users", 0, &[user(1, "", "")]);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file("u.json", stored).expect("start");
    zip.write_all(users.as_bytes()).expect("write");
    let zip = zip.finish().expect("finish").into_inner();
    let mut export = SharpHound::open_zip(Cursor::new(zip.clone())).expect("opens");
    assert_eq!(drain(&mut export).objects.len(), 1);
    let (done, total) = export.progress();
    assert_eq!(done, total);
    assert!(done > 0);
    assert!(recognise("x.zip", &zip));
    assert!(!recognise("x.zip", &zip_of(&[("a.txt", b"x")])));
    assert!(!recognise("x.zip", b"PK\x03\x04"));
    assert!(recognise("x_users.JSON", users.as_bytes()));
    assert!(recognise("x.json", b"\xef\xbb\xbf{\r\n  \"data\": [\r\n {"));
    assert!(!recognise("x.json", b"[{\"attributes\":{"));
    assert!(!recognise("x.txt", users.as_bytes()));
}

#[test]
fn made_exports_are_read_in_little_memory() {
    let mut zip = Cursor::new(Vec::new());
    let (rows, _) = made::write_zip(&mut zip, 200_000).expect("written");
    let mut export = SharpHound::open_zip(zip).expect("opens");
    let said = drain(&mut export);
    assert!(
        said.error.is_none() && said.troubles.is_empty(),
        "{:?}",
        said.troubles.first()
    );
    assert_eq!(u64::try_from(said.objects.len()).expect("small"), rows);
    assert_eq!(u64::try_from(said.rights.len()).expect("small"), rows * 6);
    assert_eq!(export.domains()[0].dn, "DC=MADE,DC=EXAMPLE");
    assert_eq!(
        export.buffer.len(),
        256 << 10,
        "the buffer does not grow with the file"
    );
}

#[test]
fn a_file_cut_short_does_not_say_who_wrote_it() {
    let row = user(
        1,
        ",\"whencreated\":1676194024,\"samaccountname\":\"a\"",
        "",
    );
    let mut text = file("users", 0, &[row]);
    let (_, whole) = read_text("x_users.json", text.clone().into_bytes());
    assert_eq!(whole.text("CN=U1,DC=B,DC=C", "whenCreated").len(), 1);
    text.truncate(text.len() - 20);
    let (export, cut) = read_text("x_users.json", text.into_bytes());
    assert!(cut.error.is_some());
    assert_eq!(cut.text("CN=U1,DC=B,DC=C", "sAMAccountName"), ["a"]);
    assert!(cut.text("CN=U1,DC=B,DC=C", "whenCreated").is_empty());
    let Answer::Asked { partial, .. } = answer(&export, "users") else {
        panic!("users were asked for");
    };
    assert!(partial.expect("a clause").contains("not read to its end"));
}

#[test]
fn a_row_over_the_limit_ends_the_reading_and_keeps_what_came_before() {
    let mut text = format!("{{\"data\":[{},{{\"x\":\"", user(1, "", "")).into_bytes();
    text.resize(limits::VALUE_BYTES + 1_000, b'y');
    text.extend_from_slice(b"\"}],\"meta\":{\"type\":\"users\",\"version\":6}}");
    let (export, said) = read_text("x_users.json", text);
    assert_eq!(said.objects.len(), 1);
    let error = said.error.expect("a limit").to_string();
    assert!(
        error.contains("x_users.json, row 2: one row is over the limit of 67108864 bytes"),
        "{error}"
    );
    let open = export.open.expect("it stopped inside");
    assert_eq!(open.rows.into_buffer().len(), limits::VALUE_BYTES);
}
