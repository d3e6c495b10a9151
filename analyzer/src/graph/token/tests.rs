//! Tokens: what is in them, and that who has a SID is the way back.
//!
//! Owns random nestings and the edges of primary groups. Deliberately not the access check.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::frames::Analysis;
use crate::graph::random::{self, Domain};

fn analysis(domain: &Domain) -> Analysis {
    Analysis::new(domain.made().directory())
}

/// Every holder with a SID.
fn holders(analysis: &Analysis) -> Vec<Holder> {
    let all = 0..Holder::try_from(analysis.effective.tokens.len()).unwrap();
    all.filter(|holder| analysis.sid_of(*holder).is_some())
        .collect()
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_token_holds_what_the_model_says(domain in random::domains()) {
        let analysis = analysis(&domain);
        let tokens = &analysis.effective.tokens;
        for holder in holders(&analysis) {
            let sid = analysis.sid_of(holder).unwrap();
            // The domain itself and objects of nobody are in no group, but have the SIDs of all.
            let expected = domain.token(sid);
            let token: HashSet<Sid> =
                tokens.token(holder).into_iter().map(|other| analysis.sid_of(other).unwrap().clone()).collect();
            prop_assert_eq!(&token, &expected, "{}", sid);
            prop_assert_eq!(tokens.of(&analysis.directory, sid), Some(holder));
        }
    }

    #[test]
    fn reach_is_the_way_back(domain in random::domains()) {
        let analysis = analysis(&domain);
        let tokens = &analysis.effective.tokens;
        let all = 0..Holder::try_from(tokens.len()).unwrap();
        let members: HashMap<Holder, HashSet<Holder>> = all
            .clone()
            .map(|who| (who, tokens.token(who)))
            .collect();
        for holder in all.clone() {
            let reach = tokens.reach(holder);
            for who in all.clone() {
                prop_assert_eq!(members[&who].contains(&holder), reach.contains(who), "{} in the token of {}", holder, who);
            }
            prop_assert_eq!(reach.count(), reach.holders().len());
            prop_assert!(reach.holders().is_sorted());
            prop_assert!(reach.holders().into_iter().all(|who| reach.contains(who)));
        }
    }

    /// The same answers from a list and from a set.
    #[test]
    fn few_and_many_agree(
        one in vec(0..100_u32, 0..20),
        other in vec(0..100_u32, 0..20),
        set in vec(0..100_u32, 0..60),
        unless in vec(0..100_u32, 0..30),
    ) {
        let full = |numbers: &[u32]| {
            let mut set = Holders::with_capacity(100);
            numbers.iter().for_each(|number| set.insert(index(*number)));
            set
        };
        let few = |numbers: &[u32]| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers.dedup();
            Reach::Few(numbers)
        };
        let many = |numbers: &[u32]| Reach::Many(full(numbers));
        let (a, b) = ([few(&one), many(&one)], [few(&other), many(&other)]);
        let (set, unless) = (full(&set), full(&unless));
        for a in &a {
            prop_assert_eq!(a.count(), a.holders().len());
            prop_assert_eq!(a.holders(), self::few(&one));
            prop_assert_eq!(a.is_within(&set), one.iter().all(|number| set.contains(index(*number))));
            for b in &b {
                prop_assert_eq!(a.is_disjoint(b), !one.iter().any(|number| other.contains(number)));
                prop_assert_eq!(a.is_part_of(b), one.iter().all(|number| other.contains(number)));
            }
            let (inside, outside) = a.split(&set);
            let (yes, no): (Vec<u32>, Vec<u32>) = self::few(&one).into_iter().partition(|number| set.contains(index(*number)));
            prop_assert_eq!((inside.holders(), outside.holders()), (yes, no));
            let mut sum = full(&other);
            a.add_to(&mut sum, &unless);
            let expected: Vec<u32> = (0..100)
                .filter(|number| other.contains(number) || (one.contains(number) && !unless.contains(index(*number))))
                .collect();
            prop_assert_eq!(Reach::Many(sum).holders(), expected);
        }
        for count in [100, 10_000] {
            prop_assert_eq!(Reach::of(self::few(&one), count).holders(), self::few(&one));
        }
    }
}

/// Each once, in ascending order.
fn few(numbers: &[u32]) -> Vec<u32> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
