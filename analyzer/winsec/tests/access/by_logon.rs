//! SIDs that a token holds by the way of logging on (MS-DTYP 2.4.2.4).

use coldcase_winsec::access::{AccessList, Decider, Decision, Outcome, Trustee, is_by_logon};

use crate::{EVERYONE, NOTHING, USER, WRITE, ask, descriptor, granted, sid, spn};

const BY_LOGON: [&str; 9] = [
    "S-1-5-64-10",
    "S-1-5-64-14",
    "S-1-5-64-21",
    "S-1-5-65-1",
    "S-1-18-2",
    "S-1-18-3",
    "S-1-18-4",
    "S-1-18-5",
    "S-1-18-6",
];

#[test]
fn an_ace_for_a_sid_by_logon_is_conditional() {
    for text in BY_LOGON {
        assert!(is_by_logon(&sid(text)), "{text}");
        let list = AccessList::new(&descriptor(&format!("D:(A;;WP;;;{text})(D;;RP;;;{text})")));
        let read: Vec<_> = list
            .entries()
            .iter()
            .map(|entry| (entry.allow, entry.conditional, entry.trustee.clone()))
            .collect();
        let trustee = Trustee::Sid(sid(text));
        assert_eq!(
            read,
            [(true, true, trustee.clone()), (false, true, trustee)]
        );
    }
    for text in [
        USER, EVERYONE, "S-1-5-2", "S-1-5-11", "S-1-5-15", "S-1-18-1",
    ] {
        assert!(!is_by_logon(&sid(text)), "{text}");
        let list = AccessList::new(&descriptor(&format!("D:(A;;WP;;;{text})")));
        assert!(list.entries().iter().all(|entry| !entry.conditional));
        assert_eq!(
            ask(&format!("D:(A;;WP;;;{text})"), &[text], WRITE, spn()),
            granted(0)
        );
    }
}

#[test]
fn how_somebody_logs_on_leaves_the_answer_open() {
    for text in BY_LOGON {
        let allow = format!("D:(A;;WP;;;{text})");
        let open = Outcome {
            least: Decision::Denied(None),
            most: Decision::Granted(Decider::Ace(0)),
        };
        assert_eq!(ask(&allow, &[USER, text], WRITE, spn()), open);
        // Whoever cannot hold it is not concerned.
        assert_eq!(ask(&allow, &[USER], WRITE, spn()), NOTHING);

        let deny = format!("D:(D;;WP;;;{text})(A;;WP;;;{USER})");
        let open = Outcome {
            least: Decision::Denied(Some(0)),
            most: Decision::Granted(Decider::Ace(1)),
        };
        assert_eq!(ask(&deny, &[USER, text], WRITE, spn()), open);
        assert_eq!(ask(&deny, &[USER], WRITE, spn()), granted(1));

        let late = format!("D:(A;;WP;;;{USER})(D;;WP;;;{text})");
        assert_eq!(ask(&late, &[USER, text], WRITE, spn()), granted(0));
    }
}
