//! Inputs that are cut and changed anywhere.

use super::*;

/// Reads whatever it is; every sentence has a place, and the buffer stays within its bound.
fn survives(bytes: Vec<u8>) {
    let most = 256 << 10;
    if let Ok(mut export) = SharpHound::open_zip(Cursor::new(bytes.clone())) {
        judge(&drain(&mut export));
        assert!(export.buffer.len() <= most.max(2 * bytes.len() * 200));
        for query in QUERIES {
            if let Answer::Asked {
                attributes,
                partial,
            } = export.answer(query, &contexts())
            {
                assert!(partial.is_some());
                assert!(!attributes.contains(&"nTSecurityDescriptor"));
            }
        }
    }
    match SharpHound::open_files(vec![("x_users.json".to_owned(), Cursor::new(bytes))]) {
        Ok(mut export) => judge(&drain(&mut export)),
        Err(error) => assert!(error.to_string().contains("x_users.json"), "{error}"),
    }
}

fn judge(said: &Said) {
    for trouble in &said.troubles {
        assert!(!trouble.what.is_empty() && !trouble.what.ends_with('.'));
        assert!(!trouble.what.contains("hush"), "{}", trouble.what);
    }
    if let Some(error) = &said.error {
        let sentence = error.to_string();
        assert!(
            sentence.to_lowercase().contains(".json") || matches!(error, ImportError::Io(_)),
            "{sentence}"
        );
        assert!(!sentence.contains("hush"), "{sentence}");
    }
}

fn synthetic() -> (Vec<u8>, Vec<u8>) {
    let rows = [
        user(
            1,
            ",\"userpassword\":\"hush\",\"pwdlastset\":1676222824,\"serviceprincipalnames\":[\"a/b\"]",
            ",\"Aces\":[{\"PrincipalSID\":\"B-S-1-5-32-544\",\"RightName\":\"Owns\"}]",
        ),
        user(
            2,
            ",\"description\":\"\\u00e9\\\"\"",
            ",\"PrimaryGroupSID\":\"S-1-5-21-1-2-3-513\"",
        ),
    ];
    let text = file("users", 0, &rows).into_bytes();
    let zip = zip_of(&[
        ("1_users.json", &text),
        ("2_groups.json", file("groups", 1, &[]).as_bytes()),
    ]);
    (text, zip)
}

fn change(bytes: &mut Vec<u8>, at: usize, how: u8, byte: u8) {
    let at = at % bytes.len().max(1);
    match how % 4 {
        0 => bytes.truncate(at),
        1 => {
            if let Some(one) = bytes.get_mut(at) {
                *one ^= byte.max(1);
            }
        }
        2 => bytes.iter_mut().skip(at).take(4).for_each(|one| *one = 0),
        _ => bytes
            .iter_mut()
            .skip(at)
            .take(4)
            .for_each(|one| *one = 0xff),
    }
}

#[test]
fn a_file_that_is_cut_anywhere_keeps_its_whole_rows() {
    let (text, zip) = synthetic();
    let whole = read_text("1_users.json", text.clone()).1.objects;
    let end_of_first = text
        .windows(5)
        .position(|five| five == b"},{\"P")
        .expect("a second row")
        + 1;
    for cut in 0..text.len() {
        match SharpHound::open_files(vec![(
            "1_users.json".to_owned(),
            Cursor::new(text[..cut].to_vec()),
        )]) {
            Ok(mut export) => {
                let said = drain(&mut export);
                let error = said.error.as_ref().expect("an error").to_string();
                assert!(error.contains("1_users.json"), "{error}");
                assert_eq!(said.objects, whole[..said.objects.len()]);
                assert!(cut < end_of_first || !said.objects.is_empty(), "{cut}");
            }
            Err(error) => {
                assert!(error.to_string().contains("1_users.json"), "{error}");
                assert!(cut < end_of_first, "{cut}");
            }
        }
    }
    for cut in 0..zip.len() {
        assert!(
            SharpHound::open_zip(Cursor::new(zip[..cut].to_vec())).is_err(),
            "{cut}"
        );
    }
}

#[test]
fn a_damaged_file_costs_itself_only() {
    let groups = file("groups", 1, &[user(7, "", "")]);
    let users = file("users", 1, &[user(1, "", ""), user(2, "", "")]);
    let cut = |text: &str| Cursor::new(text.as_bytes()[..text.len() - 70].to_vec());
    let files = vec![
        ("1_groups.json".to_owned(), cut(&groups)),
        ("2_users.json".to_owned(), cut(&users)),
        (
            "3_users.json".to_owned(),
            Cursor::new(users.clone().into_bytes()),
        ),
    ];
    let mut export = SharpHound::open_files(files).expect("opens");
    let said = drain(&mut export);
    let error = said.error.as_ref().expect("an error").to_string();
    assert!(error.contains("1_groups.json"), "{error}");
    let told: Vec<&str> = said.troubles.iter().map(|one| one.what.as_str()).collect();
    assert!(
        told.iter().any(|what| what.contains("2_users.json")),
        "{told:?}"
    );
    assert!(said.objects.len() >= 3, "{} objects", said.objects.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_files_and_zips_never_panic(
        at in any::<usize>(), again in any::<usize>(), how in any::<u8>(), more in any::<u8>(), byte in any::<u8>()
    ) {
        let (mut text, mut zip) = synthetic();
        for bytes in [&mut text, &mut zip] {
            change(bytes, at, how, byte);
            change(bytes, again, more, byte);
        }
        survives(text);
        survives(zip);
    }

    #[test]
    fn strange_json_never_panics(tail in "[\\[\\]{}\":,0-9a-z\\\\ ]{0,200}", at in any::<usize>()) {
        let (mut text, _) = synthetic();
        let at = at % text.len();
        text.splice(at..at, tail.bytes());
        survives(text);
    }
}

#[test]
fn the_real_sample_changed_anywhere_never_panics() {
    let Some(bytes) = sample() else { return };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    runner
        .run(
            &(any::<usize>(), any::<u8>(), any::<u8>()),
            |(at, how, byte)| {
                let mut bytes = bytes.clone();
                // A cut zip has no directory, which another test covers: here it is damaged inside.
                change(&mut bytes, at, (how % 3) + 1, byte);
                survives(bytes);
                Ok(())
            },
        )
        .expect("no panic");
}

#[test]
fn a_file_of_the_real_sample_changed_anywhere_never_panics() {
    let Some(bytes) = sample() else { return };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut text = Vec::new();
    archive
        .by_name("20240305110427_users.json")
        .expect("the file")
        .read_to_end(&mut text)
        .expect("its text");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(200));
    runner
        .run(
            &(any::<usize>(), any::<u8>(), any::<u8>()),
            |(at, how, byte)| {
                let mut text = text.clone();
                change(&mut text, at, how, byte);
                survives(text);
                Ok(())
            },
        )
        .expect("no panic");
}
