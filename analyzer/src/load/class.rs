//! Classes of this forest: which attributes their objects may have, and what may be created below them.
//!
//! Owns the inheritance of MS-ADTS 3.1.1.2.4: superclasses, auxiliary classes, possible superiors. Deliberately does
//! not know rights: which of these attributes somebody may write, [`crate::graph`] computes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use coldcase_winsec::Guid;
use rusqlite::Connection;

use super::schema::well_known_guid;

/// FLAG_ATTR_IS_CONSTRUCTED of systemFlags (MS-ADTS 2.2.10).
const CONSTRUCTED: i64 = 4;

/// objectClassCategory (MS-ADTS 3.1.1.2.4.4).
const ABSTRACT: i64 = 2;
const AUXILIARY: i64 = 3;

/// An attributeSchema object.
#[derive(Debug, Clone)]
pub(crate) struct AttributeSchema {
    /// lDAPDisplayName.
    pub(crate) name: String,
    /// schemaIDGUID.
    pub(crate) guid: Guid,
    /// attributeSecurityGUID.
    pub(crate) property_set: Option<Guid>,
    link: Option<i64>,
    system_flags: i64,
}

/// A classSchema object. Other classes and attributes are named in lower case.
#[derive(Debug, Clone, Default)]
struct Class {
    name: String,
    guid: Option<Guid>,
    parent: String,
    category: i64,
    system_only: bool,
    auxiliaries: Vec<String>,
    superiors: Vec<String>,
    attributes: Vec<String>,
    /// defaultSecurityDescriptor, in SDDL.
    default_descriptor: Option<String>,
}

impl Class {
    /// Neither abstract nor auxiliary, not left to the system.
    fn is_creatable(&self) -> bool {
        self.category != ABSTRACT && self.category != AUXILIARY && !self.system_only
    }
}

/// All classes and attributes of the schema, by lower-case lDAPDisplayName.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    classes: BTreeMap<String, Class>,
    attributes: HashMap<String, AttributeSchema>,
    /// By objectClass list: thousands of objects share one.
    known: Mutex<HashMap<String, Known>>,
}

/// A class of which objects may be created.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Child {
    /// lDAPDisplayName.
    pub(crate) name: String,
    /// schemaIDGUID.
    pub(crate) guid: Guid,
    /// Its objects are security principals or hold them, which live in a domain only (MS-ADTS 3.1.1.4.2).
    pub(crate) principal: bool,
}

/// A class as the schema defines it. Other classes are named in lower case.
#[derive(Debug, Clone)]
pub(crate) struct ClassView<'a> {
    /// lDAPDisplayName.
    pub(crate) name: &'a str,
    pub(crate) guid: Option<Guid>,
    /// objectClassCategory (MS-ADTS 3.1.1.2.4.4).
    pub(crate) category: i64,
    /// Its objects can be created by others than the system: neither abstract nor auxiliary.
    pub(crate) creatable: bool,
    /// The class and what it derives from, the class first, [`DEEPEST`] of them at most.
    pub(crate) ancestry: Vec<&'a str>,
    /// possSuperiors and systemPossSuperiors, without those of the classes it derives from.
    pub(crate) superiors: &'a [String],
    /// defaultSecurityDescriptor, in SDDL.
    pub(crate) default_descriptor: Option<&'a str>,
}

/// Classes that one derives from, over which nobody looks further; no class of Microsoft's has ten.
const DEEPEST: usize = 32;

/// What objects of some classes may have and hold.
#[derive(Debug, Clone)]
struct Known {
    writable: Arc<[AttributeSchema]>,
    children: Arc<[Child]>,
}

/// Lists of classes that are remembered; a directory has a few dozen.
const MOST_KNOWN: usize = 1_000;

impl Classes {
    pub(super) fn load(database: &Connection) -> rusqlite::Result<Self> {
        let mut schema = Self::default();
        let mut statement = database.prepare(
            "SELECT object.\"lDAPDisplayName\", object.\"schemaIDGUID\", object.\"isDefunct\", object.\"systemOnly\",
                    object.\"attributeSecurityGUID\", object.\"linkID\", object.\"systemFlags\",
                    object.\"subClassOf\", object.\"objectClassCategory\",
                    object.\"auxiliaryClass\", object.\"systemAuxiliaryClass\",
                    object.\"possSuperiors\", object.\"systemPossSuperiors\",
                    object.\"mayContain\", object.\"mustContain\", object.\"systemMayContain\", object.\"systemMustContain\",
                    query.name, object.\"defaultSecurityDescriptor\"
             FROM object JOIN query ON query.id = object.query
             WHERE query.name IN ('schema-classes', 'schema-attributes')",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (Some(name), defunct): (Option<String>, Option<i64>) = (row.get(0)?, row.get(2)?)
            else {
                continue;
            };
            if defunct == Some(1) {
                continue;
            }
            let guid = row
                .get::<_, Option<Vec<u8>>>(1)?
                .and_then(|bytes| Guid::from_bytes(&bytes));
            let folded = name.to_lowercase();
            if row.get::<_, String>(17)? == "schema-attributes" {
                let Some(guid) = guid else { continue };
                let set: Option<Vec<u8>> = row.get(4)?;
                schema.attributes.insert(
                    folded,
                    AttributeSchema {
                        name,
                        guid,
                        property_set: set.and_then(|bytes| Guid::from_bytes(&bytes)),
                        link: row.get(5)?,
                        system_flags: row.get::<_, Option<i64>>(6)?.unwrap_or(0),
                    },
                );
                continue;
            }
            let lists = |columns: &[usize]| -> rusqlite::Result<Vec<String>> {
                let mut names = Vec::new();
                for column in columns {
                    let joined: Option<String> = row.get(*column)?;
                    names.extend(
                        joined
                            .iter()
                            .flat_map(|text| text.split('\n'))
                            .map(str::to_lowercase),
                    );
                }
                Ok(names)
            };
            schema.classes.insert(
                folded,
                Class {
                    name,
                    guid,
                    parent: row
                        .get::<_, Option<String>>(7)?
                        .unwrap_or_default()
                        .to_lowercase(),
                    category: row.get::<_, Option<i64>>(8)?.unwrap_or(0),
                    system_only: row.get::<_, Option<i64>>(3)? == Some(1),
                    auxiliaries: lists(&[9, 10])?,
                    superiors: lists(&[11, 12])?,
                    attributes: lists(&[13, 14, 15, 16])?,
                    default_descriptor: row.get(18)?,
                },
            );
        }
        Ok(schema)
    }

    /// Classes without attributes: name, schemaIDGUID, subClassOf.
    #[cfg(test)]
    pub(crate) fn of<'a>(classes: impl Iterator<Item = (&'a str, Guid, &'a str)>) -> Self {
        let class = |(name, guid, parent): (&str, Guid, &str)| {
            let class = Class {
                name: name.to_owned(),
                guid: Some(guid),
                parent: parent.to_lowercase(),
                category: 1,
                ..Class::default()
            };
            (name.to_lowercase(), class)
        };
        Self {
            classes: classes.map(class).collect(),
            ..Self::default()
        }
    }

    /// Adds possible superiors to a class.
    #[cfg(test)]
    pub(crate) fn put_below(&mut self, class: &str, superiors: &[&str]) {
        if let Some(class) = self.classes.get_mut(&class.to_lowercase()) {
            let superiors = superiors.iter().map(|name| name.to_lowercase());
            class.superiors.extend(superiors);
        }
    }

    /// schemaIDGUID of the most special class of an objectClass list (one a line, from `top` down): the root of the
    /// object type tree of MS-ADTS 5.1.3.3.3. A published constant where the schema was not read.
    pub(crate) fn root(&self, object_class: &str) -> Option<Guid> {
        let special = object_class.rsplit('\n').next()?;
        match self.classes.get(&special.to_lowercase()) {
            Some(class) => class.guid,
            None => well_known_guid(special),
        }
    }

    /// Whether the most special class of an objectClass list is in the schema that was read.
    pub(crate) fn has_root(&self, object_class: &str) -> bool {
        let special = object_class.rsplit('\n').next().unwrap_or_default();
        self.classes.contains_key(&special.to_lowercase())
    }

    /// defaultSecurityDescriptor of a class, in SDDL; `None` if the snapshot does not hold it.
    pub(crate) fn default_descriptor(&self, class: &str) -> Option<&str> {
        let class = self.classes.get(&class.to_lowercase())?;
        class.default_descriptor.as_deref()
    }

    /// Every class, by lower-case lDAPDisplayName.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, ClassView<'_>)> {
        self.classes.iter().map(|(folded, class)| {
            let ancestry = self.line(folded).take(DEEPEST).collect();
            let view = ClassView {
                name: &class.name,
                guid: class.guid,
                category: class.category,
                creatable: class.is_creatable(),
                ancestry,
                superiors: &class.superiors,
                default_descriptor: class.default_descriptor.as_deref(),
            };
            (folded.as_str(), view)
        })
    }

    /// The class and its superclasses. A broken schema may have a cycle: then it does not end.
    fn line<'a>(&'a self, folded: &str) -> impl Iterator<Item = &'a str> {
        let first = self.classes.get_key_value(folded);
        std::iter::successors(first, |(name, class)| {
            let next = self.classes.get_key_value(&class.parent)?;
            // `top` is its own superclass.
            (next.0 != *name).then_some(next)
        })
        .map(|(name, _)| name.as_str())
    }

    /// Whether what objects of these classes may have is known: every class with the lists of its attributes.
    pub(crate) fn knows(&self, object_class: &str) -> bool {
        self.has_lists()
            && object_class
                .split('\n')
                .all(|class| self.classes.contains_key(&class.to_lowercase()))
    }

    /// A snapshot from before the lists were collected has none at all.
    fn has_lists(&self) -> bool {
        self.classes
            .values()
            .any(|class| !class.attributes.is_empty())
    }

    /// The attributes that a requester may be granted to write on objects of these classes, by name: the allowed ones
    /// without back links and constructed ones (allowedAttributesEffective, MS-ADTS 3.1.1.4.5.7).
    pub(crate) fn writable(&self, object_class: &str) -> Arc<[AttributeSchema]> {
        self.known(object_class).writable
    }

    /// The classes of which objects may be created below objects of these classes, by name (allowedChildClasses, MS-ADTS
    /// 3.1.1.4.5.3): neither abstract nor auxiliary, not left to the system.
    pub(crate) fn children(&self, object_class: &str) -> Arc<[Child]> {
        self.known(object_class).children
    }

    fn known(&self, object_class: &str) -> Known {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(object_class) {
            return found.clone();
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        let found = Known {
            writable: self.find_writable(object_class),
            children: self.find_children(object_class),
        };
        known.insert(object_class.to_owned(), found.clone());
        found
    }

    fn find_writable(&self, object_class: &str) -> Arc<[AttributeSchema]> {
        let mut names = BTreeSet::new();
        for class in self.with_ancestors(object_class.split('\n')) {
            names.extend(class.attributes.iter().map(String::as_str));
        }
        names
            .into_iter()
            .filter_map(|name| self.attributes.get(name))
            .filter(|attribute| attribute.link.is_none_or(|link| link % 2 == 0))
            .filter(|attribute| {
                attribute.system_flags & CONSTRUCTED == 0 || attribute.name == "entryTTL"
            })
            .cloned()
            .collect()
    }

    fn find_children(&self, object_class: &str) -> Arc<[Child]> {
        let mut own: HashSet<&str> = HashSet::new();
        for class in object_class.split('\n') {
            let (above, _) = self.above(&class.to_lowercase(), |name| own.contains(name));
            own.extend(above.iter().map(|(name, _)| *name));
        }
        let below = self.inherited(|_, class| {
            class
                .superiors
                .iter()
                .any(|name| own.contains(name.as_str()))
        });
        // MS-ADTS 3.1.1.4.2.
        const ROOTS: &[&str] = &["builtindomain", "samserver", "samdomain", "group", "user"];
        let principals = self.inherited(|name, _| ROOTS.contains(&name));
        let mut found: Vec<Child> = self
            .classes
            .iter()
            .filter(|(_, class)| class.is_creatable())
            .filter(|(folded, _)| below.get(folded.as_str()) == Some(&true))
            .filter_map(|(folded, class)| {
                Some(Child {
                    name: class.name.clone(),
                    guid: class.guid?,
                    principal: principals.get(folded.as_str()) == Some(&true),
                })
            })
            .collect();
        found.sort_unstable();
        found.into()
    }

    /// Whether it holds of each class or of one above it.
    fn inherited(&self, holds: impl Fn(&str, &Class) -> bool) -> HashMap<&str, bool> {
        let mut known: HashMap<&str, bool> = HashMap::new();
        for name in self.classes.keys() {
            if known.contains_key(name.as_str()) {
                continue;
            }
            let (above, next) = self.above(name, |name| known.contains_key(name));
            // Classes of a cycle are above each other.
            let cycle = above.iter().position(|(name, _)| Some(*name) == next);
            let mut held = match cycle.and_then(|start| above.get(start..)) {
                Some(cycle) => cycle.iter().any(|(name, class)| holds(name, class)),
                None => next
                    .and_then(|next| known.get(next))
                    .copied()
                    .unwrap_or(false),
            };
            for (name, class) in above.iter().rev() {
                held |= holds(name, class);
                known.insert(name, held);
            }
        }
        known
    }

    /// The class and its superclasses, up to one that is `known` or was there before (`top` is its own superclass, and a
    /// broken schema may have a cycle), which is told besides.
    fn above(
        &self,
        folded: &str,
        known: impl Fn(&str) -> bool,
    ) -> (Vec<(&str, &Class)>, Option<&str>) {
        let mut found: Vec<(&str, &Class)> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut next = folded;
        while let Some((name, class)) = self.classes.get_key_value(next) {
            if known(name) || !seen.insert(name) {
                return (found, Some(name));
            }
            found.push((name, class));
            next = &class.parent;
        }
        (found, None)
    }

    /// The classes, their superclasses and the auxiliary classes of all of them, each once.
    fn with_ancestors<'a>(&'a self, classes: impl IntoIterator<Item = &'a str>) -> Vec<&'a Class> {
        let mut waiting: Vec<String> = classes.into_iter().map(str::to_lowercase).collect();
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(class) = self.classes.get(&name) else {
                continue;
            };
            waiting.push(class.parent.clone());
            waiting.extend(class.auxiliaries.iter().cloned());
            found.push(class);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Classes {
        let guid = |number: u8| Guid::from_bytes(&[number; 16]);
        let class = |name: &str, parent: &str, category, number| Class {
            name: name.to_owned(),
            guid: guid(number),
            parent: parent.to_owned(),
            category,
            ..Class::default()
        };
        let attribute = |name: &str, link, system_flags| AttributeSchema {
            name: name.to_owned(),
            guid: guid(1).unwrap_or_default(),
            property_set: None,
            link,
            system_flags,
        };
        let mut schema = Classes::default();
        let mut top = class("top", "top", ABSTRACT, 2);
        top.attributes = vec![
            "description".to_owned(),
            "memberof".to_owned(),
            "entryttl".to_owned(),
        ];
        let mut mail = class("mailRecipient", "top", AUXILIARY, 3);
        mail.attributes = vec!["mail".to_owned()];
        let mut group = class("group", "top", 1, 4);
        group.auxiliaries = vec!["mailrecipient".to_owned()];
        group.attributes = vec!["member".to_owned(), "primarygrouptoken".to_owned()];
        group.superiors = vec!["container".to_owned()];
        let container = class("container", "top", 1, 5);
        let mut special = class("specialGroup", "group", 1, 6);
        special.system_only = false;
        let folder = class("folder", "container", 1, 7);
        for class in [top, mail, group, container, special, folder] {
            schema.classes.insert(class.name.to_lowercase(), class);
        }
        for attribute in [
            attribute("description", None, 0),
            attribute("memberOf", Some(3), 0),
            attribute("entryTTL", None, CONSTRUCTED),
            attribute("mail", None, 0),
            attribute("member", Some(2), 0),
            attribute("primaryGroupToken", None, CONSTRUCTED),
        ] {
            schema
                .attributes
                .insert(attribute.name.to_lowercase(), attribute);
        }
        schema
    }

    #[test]
    fn attributes_come_from_ancestors_and_auxiliaries() {
        let schema = schema();
        let writable = schema.writable("top\ngroup\nspecialGroup");
        let names: Vec<_> = writable
            .iter()
            .map(|attribute| attribute.name.as_str())
            .collect();
        assert_eq!(names, ["description", "entryTTL", "mail", "member"]);
        assert!(schema.knows("top\ngroup"));
        assert!(!schema.knows("top\ngroup\nstranger"));
    }

    #[test]
    fn superiors_are_inherited_on_both_sides() {
        let schema = schema();
        let below = |classes| -> Vec<String> {
            let children = schema.children(classes);
            children.iter().map(|child| child.name.clone()).collect()
        };
        assert_eq!(below("top\ncontainer"), ["group", "specialGroup"]);
        assert_eq!(below("top\ncontainer\nfolder"), ["group", "specialGroup"]);
        assert!(below("top\ngroup").is_empty());
    }

    #[test]
    fn the_root_is_the_most_special_class() {
        assert_eq!(schema().root("top\ngroup"), Guid::from_bytes(&[4; 16]));
        assert_eq!(schema().root("top\nstranger"), None);
    }

    #[test]
    fn a_cycle_of_classes_ends() {
        let guid = |number: u8| Guid::from_bytes(&[number; 16]).unwrap_or_default();
        let ring = [
            ("one", 1, "three"),
            ("two", 2, "one"),
            ("three", 3, "two"),
            ("own", 4, "own"),
            ("lost", 5, "nowhere"),
        ];
        let mut schema = Classes::of(
            ring.map(|(name, number, parent)| (name, guid(number), parent))
                .into_iter(),
        );
        for (name, class) in &mut schema.classes {
            class.auxiliaries = vec!["one".to_owned(), "three".to_owned(), name.clone()];
            class.superiors = vec![name.clone(), "two".to_owned()];
            class.attributes = vec!["nothing".to_owned()];
        }
        for (name, number, _) in ring {
            assert_eq!(schema.root(name), Some(guid(number)));
            assert!(schema.knows(name) && schema.writable(name).is_empty());
            assert!(schema.children(name).iter().all(|child| !child.principal));
        }
        let below: Vec<String> = schema
            .children("one")
            .iter()
            .map(|child| child.name.clone())
            .collect();
        assert_eq!(below, ["lost", "one", "own", "three", "two"]);
        let depths: Vec<usize> = schema
            .all()
            .map(|(_, class)| class.ancestry.len())
            .collect();
        assert_eq!(depths, [1, DEEPEST, 1, DEEPEST, DEEPEST]);
    }
}
