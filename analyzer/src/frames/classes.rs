//! Frame `classes`: the classes of the schema, and which of them may lie below accounts.
//!
//! Where an object may be created is said by possSuperiors and systemPossSuperiors of its class, those of the classes it derives
//! from included (MS-ADTS 3.1.1.2.4.2). Owns what Microsoft publishes of that for accounts. Deliberately says nothing of rights:
//! who may create below an account is another matter.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;
use coldcase_winsec::Guid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::load::ClassView;

/// Class, and those of its possible superiors that are accounts or what accounts derive from, in lower case: MS-ADSC in the form
/// of the LDIF files that Microsoft publishes for Windows Server 2008 R2 to 2016, which agree. Later versions put no class
/// below accounts (the class of dMSAs names units and containers).
const PUBLISHED: &[(&str, &[&str])] = &[
    ("applicationprocess", &["computer"]),
    ("applicationversion", &["computer"]),
    ("classstore", &["computer", "user"]),
    ("connectionpoint", &["computer"]),
    ("dsa", &["computer"]),
    ("intellimirrorscp", &["computer"]),
    ("ipsecfilter", &["computer"]),
    ("ipsecisakmppolicy", &["computer"]),
    ("ipsecnegotiationpolicy", &["computer"]),
    ("ipsecnfa", &["computer"]),
    ("ipsecpolicy", &["computer"]),
    ("ms-net-ieee-80211-grouppolicy", &["computer", "person"]),
    ("ms-net-ieee-8023-grouppolicy", &["computer", "person"]),
    ("msdfsr-localsettings", &["computer"]),
    ("msds-app-configuration", &["computer"]),
    ("msds-appdata", &["computer"]),
    ("msds-groupmanagedserviceaccount", &["computer"]),
    ("msfve-recoveryinformation", &["computer"]),
    ("msieee80211-policy", &["computer"]),
    ("msmqconfiguration", &["computer"]),
    ("ntfrssubscriptions", &["computer", "user"]),
    ("printqueue", &["computer"]),
    ("remotestorageservicepoint", &["computer"]),
    ("ridset", &["computer", "user"]),
    ("rrasadministrationconnectionpoint", &["computer"]),
    ("serviceadministrationpoint", &["computer"]),
    ("serviceconnectionpoint", &["computer"]),
];

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let schema: Schema<'_> = Schema {
        classes: analysis.directory.classes.all().collect(),
    };
    let accounts = schema.accounts();
    // What an object must be of to be an account: the account classes and what they derive from.
    let names: HashSet<&str> = accounts
        .iter()
        .filter_map(|name| schema.classes.get(name))
        .flat_map(|class| class.ancestry.iter().copied())
        .collect();
    let holders = schema.holders(&accounts);
    let mut sorted: Vec<(&str, &ClassView<'_>)> = schema
        .classes
        .iter()
        .map(|(name, class)| (*name, class))
        .collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    let mut frame = Builder::new("classes")?;
    for (folded, class) in sorted {
        let superiors = schema.superiors(class);
        let odd = superiors
            .iter()
            .copied()
            .filter(|name| names.contains(name) && !is_published(class, name))
            .collect();
        frame.row([
            class.name.into(),
            class.guid.as_ref().map(Guid::to_string).into(),
            class
                .ancestry
                .get(1)
                .map(|name| schema.spelled(name))
                .into(),
            class.category.into(),
            class.creatable.into(),
            accounts.contains(folded).into(),
            schema.joined(&superiors).into(),
            schema.joined(&odd).into(),
            holders.contains(folded).into(),
            class.default_descriptor.into(),
        ]);
    }
    frame.finish()
}

/// The class, or one it derives from, has this superior in the schema that Microsoft publishes.
fn is_published(class: &ClassView<'_>, superior: &str) -> bool {
    PUBLISHED
        .iter()
        .any(|(name, superiors)| class.ancestry.contains(name) && superiors.contains(&superior))
}

/// Classes by lower-case lDAPDisplayName.
struct Schema<'a> {
    classes: HashMap<&'a str, ClassView<'a>>,
}

impl<'a> Schema<'a> {
    /// `user` and what derives from it.
    fn accounts(&self) -> HashSet<&'a str> {
        self.classes
            .iter()
            .filter(|(_, class)| class.ancestry.contains(&"user"))
            .map(|(name, _)| *name)
            .collect()
    }

    /// Possible superiors, inherited ones included.
    fn superiors(&self, class: &ClassView<'a>) -> BTreeSet<&'a str> {
        class
            .ancestry
            .iter()
            .filter_map(|name| self.classes.get(name))
            .flat_map(|class| class.superiors.iter().map(String::as_str))
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Classes below whose objects an account can be created, or something below which one can, by others than the system.
    fn holders(&self, accounts: &HashSet<&'a str>) -> HashSet<&'a str> {
        let mut derived: HashMap<&str, Vec<&'a str>> = HashMap::new();
        for (name, class) in &self.classes {
            for above in class.ancestry.iter().filter(|_| class.creatable) {
                derived.entry(above).or_default().push(name);
            }
        }
        let mut holders = HashSet::new();
        let mut asked = HashSet::new();
        let mut waiting: Vec<&'a str> = accounts.iter().copied().collect();
        while let Some(name) = waiting.pop() {
            let Some(class) = self.classes.get(name).filter(|class| class.creatable) else {
                continue;
            };
            for superior in self.superiors(class) {
                if !asked.insert(superior) {
                    continue;
                }
                for holder in derived.get(superior).into_iter().flatten() {
                    if holders.insert(*holder) {
                        waiting.push(holder);
                    }
                }
            }
        }
        holders
    }

    fn spelled(&self, folded: &'a str) -> &'a str {
        self.classes.get(folded).map_or(folded, |class| class.name)
    }

    fn joined(&self, names: &BTreeSet<&'a str>) -> Option<String> {
        let names: Vec<&str> = names.iter().map(|name| self.spelled(name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::Classes;
    use crate::load::made::Made;

    /// Name, superclass, possible superiors.
    type Row = (&'static str, &'static str, &'static [&'static str]);

    const SCHEMA: &[Row] = &[
        ("top", "top", &[]),
        ("person", "top", &["container"]),
        ("user", "person", &["organizationalUnit"]),
        ("computer", "user", &["container"]),
        (
            "msDS-GroupManagedServiceAccount",
            "computer",
            &["computer", "container"],
        ),
        ("container", "top", &["container"]),
        ("connectionPoint", "top", &["container", "computer"]),
    ];

    fn classes(rows: &[Row]) -> Classes {
        let named = rows.iter().map(|row| (row.0, Guid::default(), row.1));
        let mut classes = Classes::of(named);
        for (name, _, superiors) in rows {
            classes.put_below(name, superiors);
        }
        classes
    }

    /// Class, odd superiors, whether it holds accounts; of the classes that say something.
    fn told(more: &[Row]) -> Vec<(String, Option<String>, bool)> {
        let rows = [SCHEMA, more].concat();
        let mut directory = Made::new().directory();
        directory.classes = classes(&rows);
        let frame = build(&Analysis::new(directory)).unwrap();
        let text = |column: &str| frame.column(column).unwrap().str().unwrap().clone();
        let holds = frame.column("holds_accounts").unwrap().bool().unwrap();
        let (names, odd) = (text("name"), text("odd_superiors"));
        let rows = names.into_iter().zip(&odd).zip(holds);
        let own = |text: Option<&str>| text.map(str::to_owned);
        rows.map(|((name, odd), holds)| (own(name).unwrap(), own(odd), holds.unwrap()))
            .filter(|(name, odd, _)| odd.is_some() || more.iter().any(|row| row.0 == name))
            .collect()
    }

    fn row(name: &str, odd: Option<&str>, holds: bool) -> (String, Option<String>, bool) {
        (name.to_owned(), odd.map(str::to_owned), holds)
    }

    #[test]
    fn the_published_superiors_are_not_odd() {
        assert_eq!(told(&[]), []);
        // Nor what a class inherits of them.
        assert_eq!(
            told(&[("agent", "connectionPoint", &["container"])]),
            [row("agent", None, false)]
        );
    }

    #[test]
    fn what_holds_accounts_below_accounts_is_told() {
        let found = told(&[
            ("storageGroup", "container", &["Computer"]),
            ("licence", "top", &["person"]),
            ("box", "top", &["user", "nowhere"]),
            ("inner", "container", &["box"]),
            ("special", "storageGroup", &[]),
        ]);
        assert_eq!(
            found,
            [
                row("box", Some("user"), true),
                row("inner", None, true),
                row("licence", Some("person"), false),
                row("special", Some("computer"), true),
                row("storageGroup", Some("computer"), true),
            ]
        );
    }

    #[test]
    fn a_published_class_with_another_superior_is_odd() {
        let mut directory = Made::new().directory();
        directory.classes = classes(SCHEMA);
        directory
            .classes
            .put_below("computer", &["inetOrgPerson", "user"]);
        let frame = build(&Analysis::new(directory)).unwrap();
        let odd = frame.column("odd_superiors").unwrap().str().unwrap();
        let odd: Vec<&str> = odd.into_iter().flatten().collect();
        // Of computers, and of gMSAs, which are computers.
        assert_eq!(odd, ["user", "user"]);
    }

    #[test]
    fn rings_end() {
        let ring: &[Row] = &[
            ("one", "two", &["two"]),
            ("two", "one", &["user", "one"]),
            ("user", "one", &["two"]),
        ];
        let found = told(ring);
        assert!(found.iter().all(|(_, odd, holds)| odd.is_some() && *holds));
        assert_eq!(found.len(), 3 + 2);
    }
}
