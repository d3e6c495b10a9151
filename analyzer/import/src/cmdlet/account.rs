//! One account: from PowerShell's properties to an object and to what is only claimed.
//!
//! Owns which property is which attribute. Deliberately makes no descriptor of lists of names and no userAccountControl of
//! flags: they stay claims.

use std::collections::BTreeMap;
use std::str::FromStr;

use coldcase_schemas::attribute::{self, Attribute};
use coldcase_schemas::{Entry, RawAttribute};
use coldcase_winsec::{SddlDomains, Sid};

use super::value::{Reading, Refusal, Value, boolean, wire_values};
use crate::naming::Named;

/// Properties that are an attribute under another name.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("SID", "objectSid"),
    ("ServicePrincipalNames", "servicePrincipalName"),
    ("Created", "whenCreated"),
    ("Modified", "whenChanged"),
];

/// Properties that list principals, the attribute whose descriptor they were made of, and the right.
const PRINCIPALS: &[(&str, &str, &str)] = &[
    (
        "PrincipalsAllowedToRetrieveManagedPassword",
        "msDS-GroupMSAMembership",
        "ReadGMSAPassword",
    ),
    (
        "PrincipalsAllowedToDelegateToAccount",
        "msDS-AllowedToActOnBehalfOfOtherIdentity",
        "AllowedToAct",
    ),
];

/// Properties that are a bit of userAccountControl (MS-ADTS 2.2.16): bit, and whether true means that it is set.
const FLAGS: &[(&str, i64, bool)] = &[
    ("Enabled", 0x2, false),
    ("HomedirRequired", 0x8, true),
    ("PasswordNotRequired", 0x20, true),
    ("AllowReversiblePasswordEncryption", 0x80, true),
    ("MNSLogonAccount", 0x2_0000, true),
    ("PasswordNeverExpires", 0x1_0000, true),
    ("TrustedForDelegation", 0x8_0000, true),
    ("AccountNotDelegated", 0x10_0000, true),
    ("UseDESKeyOnly", 0x20_0000, true),
    ("DoesNotRequirePreAuth", 0x40_0000, true),
    ("TrustedToAuthForDelegation", 0x100_0000, true),
];

/// What only `-Properties *` shows of every account: attributes that every object has and that no other wish brings.
const SHOWN_BY_ALL: &[&str] = &["uSNChanged", "uSNCreated", "instanceType", "objectCategory"];

/// Classes of managed service accounts, each with what is above it (MS-ADSC 2.161, 2.165).
const CLASSES: &[&str] = &[
    "msDS-GroupManagedServiceAccount",
    "msDS-ManagedServiceAccount",
    "msDS-DelegatedManagedServiceAccount",
];
const ABOVE: &[&str] = &["top", "person", "organizationalPerson", "user", "computer"];

/// A principal that is said to hold a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// SID as text.
    Sid(String),
    /// DN, whose SID the account does not say.
    Name(String),
}

/// What is wrong with one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Defect {
    pub(super) attribute: Option<String>,
    pub(super) refusal: Refusal,
}

/// What one account says.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) entry: Entry,
    /// SID as text.
    pub(super) sid: Option<String>,
    /// Right and who holds it.
    pub(super) rights: Vec<(&'static str, Principal)>,
    /// Known bits of userAccountControl, if the attribute itself is not there: mask and value.
    pub(super) bits: Option<(i64, i64)>,
    pub(super) defects: Vec<Defect>,
    /// Attributes of the table that are there, empty or not.
    pub(super) shown: Vec<&'static str>,
    /// True if it shows what only `-Properties *` shows.
    pub(super) whole: bool,
}

/// The attribute of the table that a property shows.
pub(super) fn attribute_of(property: &str) -> Option<&'static Attribute> {
    let other = OTHER_NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(property));
    let name = other.map_or(property, |(_, attribute)| attribute);
    attribute::find(name).map(|(_, attribute)| attribute)
}

/// Turns the properties of an account. `Err`: it is left out, with why.
pub(super) fn convert(
    properties: &[(String, Value)],
    reading: Reading,
) -> Result<Account, (Option<String>, String)> {
    let find = |wanted: &str| {
        properties
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    // A name with a lost character is still the best there is; it is told below.
    let lenient = Reading {
        ascii: false,
        ..reading
    };
    let named = find("DistinguishedName").map(|value| value.name(lenient));
    let dn = match named {
        Some(Ok(dn)) if !dn.is_empty() => dn.to_owned(),
        Some(Err(Refusal::Wrong(what))) => {
            return Err((None, format!("its DistinguishedName: {what}")));
        }
        _ => return Err((None, "it has no DistinguishedName".to_owned())),
    };
    let mut account = Account::default();
    if reading.ascii && dn.contains('?') {
        account.defects.push(Defect {
            attribute: Some("distinguishedName".to_owned()),
            refusal: Refusal::Wrong(
                "it holds a question mark, which Export-Csv writes for a character that ASCII does not have: the name is wrong"
                    .to_owned(),
            ),
        });
    }
    account.sid = find("objectSid")
        .into_iter()
        .chain(find("SID"))
        .filter_map(|value| value.name(reading).ok())
        .find_map(|text| Sid::from_str(text).ok())
        .map(|sid| sid.to_string());
    let domains = domains(&account, &dn, find("objectCategory"));
    account.entry.dn = dn;
    account.whole = SHOWN_BY_ALL.iter().all(|name| find(name).is_some());

    let mut slots: BTreeMap<usize, Slot> = BTreeMap::new();
    for (property, value) in properties {
        if attribute::is_secret(property) {
            if !value.is_empty() {
                account.secret(property, value);
            }
            continue;
        }
        if property.eq_ignore_ascii_case("objectClass") {
            continue;
        }
        let Some(attribute) = attribute_of(property) else {
            continue;
        };
        let Some((place, _)) = attribute::find(attribute.name) else {
            continue;
        };
        let slot = slots.entry(place).or_insert_with(|| Slot::new(attribute));
        slot.put(wire_values(attribute, value, reading, &domains));
    }
    account.classes(find("objectClass"), reading)?;
    for slot in slots.into_values() {
        account.take(slot);
    }
    account.claims(properties, reading);
    Ok(account)
}

/// What the aliases of SDDL mean. The forest's root is known if this domain is it, which the name of the schema tells.
fn domains(account: &Account, dn: &str, category: Option<&Value>) -> SddlDomains {
    let domain = account
        .sid
        .as_ref()
        .and_then(|sid| Sid::from_str(sid).ok())
        .and_then(|sid| sid.domain());
    let category = match category {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let (here, root) = (Named::of(dn).tail, Named::of(category).tail);
    let is_root = !here.is_empty() && here.eq_ignore_ascii_case(root);
    SddlDomains {
        forest_root: domain.clone().filter(|_| is_root),
        domain,
        // The machine is the one that wrote the export.
        machine: None,
    }
}

/// What the properties say of one attribute.
struct Slot {
    attribute: &'static Attribute,
    values: Option<Vec<Vec<u8>>>,
    refusal: Option<Refusal>,
}

impl Slot {
    fn new(attribute: &'static Attribute) -> Self {
        Self {
            attribute,
            values: None,
            refusal: None,
        }
    }

    fn put(&mut self, values: Result<Vec<Vec<u8>>, Refusal>) {
        match (values, &self.values) {
            (Ok(values), Some(before)) if !before.is_empty() && !values.is_empty() => {
                let sorted = |values: &[Vec<u8>]| {
                    let mut values = values.to_vec();
                    values.sort_unstable();
                    values
                };
                if sorted(&values) != sorted(before) {
                    self.refusal = Some(Refusal::Wrong(
                        "two properties say different things of it".to_owned(),
                    ));
                    self.values = Some(Vec::new());
                }
            }
            (Ok(values), before) => {
                if before.is_none() || !values.is_empty() {
                    self.values = Some(values);
                }
            }
            (Err(refusal), _) => self.refusal = Some(refusal),
        }
    }
}

impl Account {
    /// A secret is handed on, to be dropped and counted.
    fn secret(&mut self, name: &str, value: &Value) {
        let values = value
            .elements()
            .iter()
            .map(|value| match value {
                Value::Text(text) => text.as_bytes().to_vec(),
                Value::Bytes(bytes) => bytes.clone(),
                _ => Vec::new(),
            })
            .collect();
        self.entry.attributes.push(RawAttribute::new(name, values));
    }

    /// The cmdlet shows the last class only; those above it are the schema's.
    fn classes(
        &mut self,
        value: Option<&Value>,
        reading: Reading,
    ) -> Result<(), (Option<String>, String)> {
        let left_out = |dn: &str, what: String| Err((Some(dn.to_owned()), what));
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            self.defects.push(Defect {
                attribute: Some("objectClass".to_owned()),
                refusal: Refusal::Wrong(
                    "it is not in the export: which kind of account it is, is not known".to_owned(),
                ),
            });
            return Ok(());
        };
        let Some(class) = value
            .elements()
            .last()
            .and_then(|class| class.name(reading).ok())
        else {
            return left_out(&self.entry.dn, "its ObjectClass cannot be read".to_owned());
        };
        let known = CLASSES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(class));
        let Some(class) = known else {
            return left_out(
                &self.entry.dn,
                "its ObjectClass is not that of a managed service account".to_owned(),
            );
        };
        let chain = ABOVE.iter().chain(std::iter::once(class));
        let values = chain.map(|class| class.as_bytes().to_vec()).collect();
        self.entry
            .attributes
            .push(RawAttribute::new("objectClass", values));
        self.shown.push("objectClass");
        Ok(())
    }

    fn take(&mut self, slot: Slot) {
        let name = slot.attribute.name;
        self.shown.push(name);
        match (slot.values, slot.refusal) {
            (Some(values), _) if !values.is_empty() => {
                self.entry.attributes.push(RawAttribute::new(name, values));
            }
            (_, Some(refusal)) => {
                self.defects.push(Defect {
                    attribute: Some(name.to_owned()),
                    refusal,
                });
            }
            _ => {}
        }
    }

    /// What the exporter concluded and did not show.
    fn claims(&mut self, properties: &[(String, Value)], reading: Reading) {
        for (property, attribute, right) in PRINCIPALS {
            let value = properties
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(property))
                .map(|(_, value)| value);
            let Some(value) = value.filter(|_| self.entry.values(attribute).is_none()) else {
                continue;
            };
            for element in value.elements() {
                match element.name(reading) {
                    Ok("") => {}
                    Ok(text) => {
                        let principal = match Sid::from_str(text) {
                            Ok(sid) => Principal::Sid(sid.to_string()),
                            Err(_) => Principal::Name(text.to_owned()),
                        };
                        self.rights.push((right, principal));
                    }
                    Err(refusal) => self.defects.push(Defect {
                        attribute: Some((*property).to_owned()),
                        refusal,
                    }),
                }
            }
        }
        if self.entry.values("userAccountControl").is_none() {
            let (mut mask, mut bits) = (0, 0);
            for (property, bit, set) in FLAGS {
                let value = properties
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(property));
                if let Some((_, value)) = value
                    && let Ok(value) = boolean(value, reading)
                {
                    mask |= bit;
                    if value == *set {
                        bits |= bit;
                    }
                }
            }
            self.bits = (mask != 0).then_some((mask, bits));
        }
    }
}
