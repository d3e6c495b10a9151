//! Text to code and back: what the code looks like, what is refused, and that what is written reads as the same code.

use crate::bytes::pad_to_four;
use crate::sddl::token::{AND, NOT, OR, SIGNATURE};
use crate::sddl::{
    MAX_CONDITION_DEPTH, SddlDomains, SddlError, SddlErrorKind, condition_from_sddl,
    condition_to_sddl,
};

fn names() -> SddlDomains {
    SddlDomains::default()
}

fn compile(text: &str) -> Result<Vec<u8>, SddlError> {
    condition_from_sddl(text, &names())
}

fn written(text: &str) -> String {
    let code = compile(text).unwrap_or_else(|error| unreachable!("{text}: {error}"));
    let written =
        condition_to_sddl(&code, &names()).unwrap_or_else(|error| unreachable!("{text}: {error}"));
    assert_eq!(compile(&written), Ok(code), "{text} became {written}");
    written
}

#[test]
fn byte_code_of_a_comparison() {
    let expected = [
        b"artx".as_slice(),
        &[0xf9, 2, 0, 0, 0, b't', 0],
        &[0x10, 4, 0, 0, 0, b'P', 0, b'M', 0],
        &[0x80, 0, 0, 0],
    ]
    .concat();
    assert_eq!(compile("(@User.t == \"PM\")"), Ok(expected));
}

#[test]
fn byte_code_of_integers() {
    for (text, value, sign, base) in [
        ("1", 1_i64, 3, 2),
        ("-1", -1, 2, 2),
        ("+010", 8, 1, 1),
        ("0xfffffffff", 0xf_ffff_ffff, 3, 3),
        ("-0x8000000000000000", i64::MIN, 2, 3),
        ("0", 0, 3, 2),
    ] {
        let expected = [
            b"artx".as_slice(),
            &[0xf8, 2, 0, 0, 0, b'a', 0, 0x04],
            &value.to_le_bytes(),
            &[sign, base, 0x80, 0, 0],
        ]
        .concat();
        let mut expected = expected;
        expected.truncate(4 + 7 + 11 + 1);
        pad_to_four(&mut expected);
        assert_eq!(compile(&format!("(a=={text})")), Ok(expected), "{text}");
        assert_eq!(written(&format!("(a == {text})")), format!("(a == {text})"));
    }
}

#[test]
fn byte_code_of_membership() {
    let everyone = [0x51, 12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let single = [b"artx".as_slice(), &everyone, &[0x89, 0, 0]].concat();
    let listed = [
        b"artx".as_slice(),
        &[0x50, 17, 0, 0, 0],
        &everyone,
        &[0x8c, 0],
    ]
    .concat();
    for text in ["(Member_of SID(WD))", "(mEMBER_OF(SID(S-1-1-0)))"] {
        assert_eq!(compile(text), Ok(single.clone()), "{text}");
    }
    assert_eq!(compile("(Device_Member_of_Any{SID(WD)})"), Ok(listed));
}

#[test]
fn operators_are_postfix_and_and_binds_stronger() {
    let code = |text: &str| {
        compile(text).map(|code| {
            code.into_iter()
                .skip(4)
                .filter(|byte| *byte >= 0xa0 || *byte >= b'a')
                .collect()
        })
    };
    let local = 0xf8;
    let (a, b, c) = (b'a', b'b', b'c');
    assert_eq!(
        code("(a || b && c)"),
        Ok(vec![local, a, local, b, local, c, AND, OR])
    );
    assert_eq!(
        code("(a && b || c)"),
        Ok(vec![local, a, local, b, AND, local, c, OR])
    );
    assert_eq!(
        code("(a || b || c)"),
        Ok(vec![local, a, local, b, OR, local, c, OR])
    );
    assert_eq!(
        code("(!(a) && (b || c))"),
        Ok(vec![local, a, NOT, local, b, local, c, OR, AND])
    );
}

#[test]
fn written_text_is_canonical() {
    for (text, canonical) in [
        ("(@user.A&&@Device.B)", "((@USER.A) && (@DEVICE.B))"),
        (
            "(@User.P Any_of @Resource.P)",
            "(@USER.P Any_of @RESOURCE.P)",
        ),
        (
            "(!(!( Member_of{SID(AA)} )))",
            "(!(!(Member_of {SID(AA)})))",
        ),
        ("(a==##1#2#3##)", "(a == #01020300)"),
        (
            "(a NOT_contains {1,2, \"x\"})",
            "(a Not_Contains {1, 2, \"x\"})",
        ),
        (
            "(exists @User.x || NOT_EXISTS y)",
            "((Exists @USER.x) || (Not_Exists y))",
        ),
        (
            "(@User.ad://ext/Silo == \"s\")",
            "(@USER.ad://ext/Silo == \"s\")",
        ),
        ("(@User.a-b == {})", "(@USER.a%002db == {})"),
        ("(%0045xists == 1)", "(%0045xists == 1)"),
        ("(é == 1)", "(%00e9 == 1)"),
        (
            "(a <= 1 && b >= 1 && c < 1 && d > 1 && e != 1)",
            "(((((a <= 1) && (b >= 1)) && (c < 1)) && (d > 1)) && (e != 1))",
        ),
    ] {
        assert_eq!(written(text), canonical);
    }
}

#[test]
fn what_windows_refuses_is_refused() {
    for text in [
        "",
        "()",
        "(a",
        "(a == )",
        "(a == a)",
        "(1 == 1)",
        "(! Member_of{SID(BA)})",
        "(!!(a))",
        "(Member_of {SID(ernie)})",
        "(Member_of_AnySID(S-1-1-0))",
        "(Member_of {1, 2})",
        "(@User.t == !(@User.t))",
        "(a == 0x10000000000000000)",
        "(a == 9223372036854775808)",
        "(a == -9223372036854775809)",
        "(a == 08)",
        "(a == \"x)",
        "(a == #123)",
        "(a == {1, {2}})",
        "(%12 == 1)",
        "(%+123 == 1)",
        "(a) b",
    ] {
        assert!(compile(text).is_err(), "{text}");
    }
}

#[test]
fn depth_is_limited_and_the_limit_round_trips() {
    let nots = |count: usize| format!("({}a{})", "!(".repeat(count), ")".repeat(count));
    assert_eq!(
        written(&nots(MAX_CONDITION_DEPTH)),
        nots(MAX_CONDITION_DEPTH)
    );
    let parentheses = |count: usize| format!("({}a{})", "(".repeat(count), ")".repeat(count));
    assert!(compile(&parentheses(MAX_CONDITION_DEPTH)).is_ok());
    let chain = |count: usize| format!("(a{})", "&&a".repeat(count));
    written(&chain(MAX_CONDITION_DEPTH));
    let deep = MAX_CONDITION_DEPTH + 1;
    for text in [
        nots(deep),
        parentheses(deep),
        chain(deep),
        "(".repeat(100_000),
    ] {
        assert!(matches!(
            compile(&text),
            Err(SddlError {
                kind: SddlErrorKind::TooDeep,
                ..
            })
        ));
    }
}

#[test]
fn malformed_byte_code_has_no_text() {
    let attribute = [0xf8, 2, 0, 0, 0, b'a', 0];
    for tail in [
        vec![],
        vec![0],
        vec![0x80],
        vec![NOT],
        vec![0x51, 0, 0, 0, 0],
        vec![0x10, 0xff, 0xff, 0xff, 0xff],
        vec![0x10, 2, 0, 0, 0, b'"', 0],
        vec![0x10, 1, 0, 0, 0, b'x'],
        vec![0x50, 5, 0, 0, 0, 0x50, 0, 0, 0, 0],
        vec![0xf8, 0, 0, 0, 0],
        [attribute.as_slice(), &attribute].concat(),
        [attribute.as_slice(), &[0, 1]].concat(),
        [attribute.as_slice(), &[0x77]].concat(),
        [attribute.as_slice(), &[0xa2; 40]].concat(),
    ] {
        let data = [SIGNATURE.as_slice(), &tail].concat();
        assert!(condition_to_sddl(&data, &names()).is_err(), "{tail:x?}");
    }
    assert!(condition_to_sddl(b"art", &names()).is_err());
}
