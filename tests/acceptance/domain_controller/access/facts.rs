//! What the directory's database files say about the objects that are asked about: descriptors, classes, schema, groups.
//! Read without LDAP, so whatever the collector or the analyzer makes of a value is not believed here. Decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_tests::dc::{DomainController, LdbRecord};
use coldcase_winsec::{Guid, SecurityDescriptor, Sid};

/// Constructed attributes have this bit in systemFlags (MS-ADTS 2.2.10).
const CONSTRUCTED: i64 = 4;
/// A security-enabled group (MS-ADTS 2.2.12).
const SECURITY_ENABLED: i64 = 0x8000_0000;

/// An attribute of the schema.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) guid: Guid,
    pub(super) property_set: Option<Guid>,
    pub(super) system_only: bool,
    /// Neither constructed nor a back link: what allowedAttributesEffective may hold (MS-ADTS 3.1.1.4.5.7).
    pub(super) writable: bool,
}

/// An object that is asked about.
#[derive(Debug)]
pub(super) struct Object {
    /// schemaIDGUID of its most specific structural class.
    pub(super) class: Guid,
    pub(super) sid: Option<Sid>,
    pub(super) descriptor: SecurityDescriptor,
    /// allowedAttributes (MS-ADTS 3.1.1.4.5.6), which no descriptor changes.
    pub(super) attributes: BTreeSet<String>,
    /// allowedChildClasses (MS-ADTS 3.1.1.4.5.3), likewise.
    pub(super) classes: BTreeSet<String>,
}

/// The directory.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) classes: BTreeMap<String, Guid>,
    /// By DN in small letters.
    pub(super) objects: BTreeMap<String, Object>,
    /// SIDs that an account or group had before.
    pub(super) history: BTreeMap<Sid, Vec<Sid>>,
    /// Security groups by the SID of a direct member.
    pub(super) holders: BTreeMap<Sid, BTreeSet<Sid>>,
}

impl Facts {
    /// Reads the schema, the groups, and the objects in `places` (scope and DN).
    pub(super) fn read(controller: &DomainController, places: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::default();
        facts.schema(controller);
        facts.groups(controller);
        let wanted = [
            "objectClass",
            "objectSid",
            "nTSecurityDescriptor",
            "allowedAttributes",
            "allowedChildClasses",
        ];
        for (scope, base) in places {
            let found = controller
                .ldbsearch(base, scope, "(objectClass=*)", &wanted)
                .unwrap();
            for record in found {
                let object = facts.object(&record);
                facts.objects.insert(record.dn.to_lowercase(), object);
            }
        }
        facts
    }

    fn schema(&mut self, controller: &DomainController) {
        let base = format!("CN=Schema,CN=Configuration,{}", controller.base_dn());
        let search = |filter: &str, wanted: &[&str]| {
            controller.ldbsearch(&base, "one", filter, wanted).unwrap()
        };
        let wanted = [
            "lDAPDisplayName",
            "schemaIDGUID",
            "attributeSecurityGUID",
            "systemOnly",
            "systemFlags",
            "linkID",
        ];
        for record in search("(objectClass=attributeSchema)", &wanted) {
            let constructed = number(&record, "systemFlags") & CONSTRUCTED != 0;
            let name = text(&record, "lDAPDisplayName");
            let back_link = number(&record, "linkID") % 2 != 0;
            let attribute = Attribute {
                guid: guid(&record, "schemaIDGUID").unwrap(),
                property_set: guid(&record, "attributeSecurityGUID"),
                system_only: texts(&record, "systemOnly").contains("TRUE"),
                writable: !back_link && (!constructed || name == "entryTTL"),
            };
            self.attributes.insert(name, attribute);
        }
        let wanted = ["lDAPDisplayName", "schemaIDGUID"];
        for record in search("(objectClass=classSchema)", &wanted) {
            let guid = guid(&record, "schemaIDGUID").unwrap();
            self.classes.insert(text(&record, "lDAPDisplayName"), guid);
        }
    }

    fn groups(&mut self, controller: &DomainController) {
        let wanted = ["objectSid", "sIDHistory", "member", "groupType"];
        let found = controller
            .ldbsearch(controller.base_dn(), "sub", "(objectSid=*)", &wanted)
            .unwrap();
        let sid_of: BTreeMap<String, Sid> = found
            .iter()
            .filter_map(|record| Some((record.dn.to_lowercase(), sid(record)?)))
            .collect();
        for record in &found {
            let own = sid(record).unwrap();
            let former = record.values("sIDHistory").iter();
            let former: Vec<Sid> = former.map(|value| Sid::parse(value).unwrap()).collect();
            if !former.is_empty() {
                self.history.insert(own.clone(), former);
            }
            if number(record, "groupType") & SECURITY_ENABLED == 0 {
                continue;
            }
            for member in texts(record, "member") {
                if let Some(member) = sid_of.get(&member.to_lowercase()) {
                    let holders = self.holders.entry(member.clone()).or_default();
                    holders.insert(own.clone());
                }
            }
        }
    }

    fn object(&self, record: &LdbRecord) -> Object {
        let bytes = record.values("nTSecurityDescriptor").first().unwrap();
        let decoded = SecurityDescriptor::decode(bytes);
        assert!(
            decoded.defects.is_empty(),
            "{}: {:?}",
            record.dn,
            decoded.defects
        );
        // The last value is the most specific one (MS-ADTS 3.1.1.1.4).
        let class = record.values("objectClass").last().unwrap();
        let class = String::from_utf8(class.clone()).unwrap();
        Object {
            class: self.classes[&class],
            sid: sid(record),
            descriptor: decoded.value,
            attributes: texts(record, "allowedAttributes"),
            classes: texts(record, "allowedChildClasses"),
        }
    }
}

fn sid(record: &LdbRecord) -> Option<Sid> {
    let bytes = record.values("objectSid").first()?;
    Some(Sid::parse(bytes).unwrap())
}

fn guid(record: &LdbRecord, name: &str) -> Option<Guid> {
    Guid::from_bytes(record.values(name).first()?)
}

fn text(record: &LdbRecord, name: &str) -> String {
    texts(record, name).into_iter().next().unwrap()
}

fn number(record: &LdbRecord, name: &str) -> i64 {
    let texts = texts(record, name);
    texts.first().map_or(0, |text| text.parse().unwrap())
}

fn texts(record: &LdbRecord, name: &str) -> BTreeSet<String> {
    let values = record.values(name).iter();
    values
        .map(|value| String::from_utf8(value.clone()).unwrap())
        .collect()
}
