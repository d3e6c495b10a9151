//! Whether every colour of the style sheet can be read on what it stands on, in light, in dark and on paper.
//!
//! Contrast as WCAG 2.2 defines it (relative luminance, 1.4.3 for text, 1.4.11 for what is drawn).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use super::policy::STYLE;

/// What text stands on.
const GROUNDS: [&str; 3] = ["page", "card", "bound"];

/// Text of any size.
const TEXTS: [&str; 7] = [
    "text", "muted", "accent", "critical", "high", "medium", "low",
];

/// Lines and areas that mean something.
const DRAWN: [&str; 8] = [
    "edge", "critical", "high", "medium", "low", "info", "user", "managed",
];

type Colours = BTreeMap<String, [u8; 3]>;

/// The variables of each `:root`: light, dark, paper.
fn schemes() -> Vec<Colours> {
    let roots = STYLE.split(":root {").skip(1);
    let scheme = |root: &str| -> Colours {
        let (block, _) = root.split_once('}').unwrap();
        let declarations = block
            .split(';')
            .filter_map(|one| one.trim().split_once(':'));
        let colours = declarations.filter_map(|(name, value)| {
            let hex = value.trim().strip_prefix('#')?;
            let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap();
            let name = name.trim().strip_prefix("--")?;
            Some((name.to_owned(), [part(0), part(2), part(4)]))
        });
        colours.collect()
    };
    roots.map(scheme).collect()
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn black_on_white_has_most() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    assert!((contrast([119; 3], [255; 3]) - 4.48).abs() < 0.01);
}

#[test]
fn every_colour_can_be_read() {
    let schemes = schemes();
    assert_eq!(schemes.len(), 3, "light, dark, paper");
    for (colours, scheme) in schemes.iter().zip(["light", "dark", "paper"]) {
        let enough = |front: &str, ground: &str, least: f64| {
            let ratio = contrast(colours[front], colours[ground]);
            assert!(
                ratio >= least,
                "{scheme}: --{front} on --{ground}: {ratio:.2}"
            );
        };
        for ground in GROUNDS {
            for text in TEXTS {
                enough(text, ground, 4.5);
            }
            for drawn in DRAWN {
                enough(drawn, ground, 3.0);
            }
        }
        for chip in ["critical", "high", "medium", "low", "info"] {
            enough("on", chip, 4.5);
        }
    }
}

/// A colour that comes to the style sheet comes to this test.
#[test]
fn no_colour_is_left_out() {
    let used = |property: &str| -> BTreeSet<&str> {
        let begins = format!("{property}: var(--");
        let uses: Vec<usize> = STYLE.match_indices(&begins).map(|(at, _)| at).collect();
        let names = uses.into_iter().filter_map(|at| {
            // `border-color` and `background-color` end alike.
            let before = STYLE.get(..at)?.chars().last()?;
            let name = STYLE.get(at + begins.len()..)?.split_once(')')?.0;
            (before != '-').then_some(name)
        });
        names.collect()
    };
    for name in used("color") {
        assert!(TEXTS.contains(&name) || name == "on", "text in --{name}");
    }
    for property in ["fill", "stroke"] {
        for name in used(property) {
            let known = DRAWN.contains(&name) || TEXTS.contains(&name) || GROUNDS.contains(&name);
            assert!(known, "{property} --{name}");
        }
    }
    for name in used("background") {
        let known = GROUNDS.contains(&name) || DRAWN.contains(&name);
        assert!(known, "background --{name}");
    }
}
