//! From a row to an object and to what the exporter concluded.
//!
//! Owns the way back to LDAP values of one row. Deliberately does not compare rows with each other.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::str::FromStr as _;

use coldcase_schemas::attribute::SECRETS;
use coldcase_schemas::{Entry, RawAttribute};
use coldcase_winsec::Sid;

use super::kind::{GMSA, Kind, Methods, SMSA};
use super::property::{ENCRYPTION, FLAGS, How, PROPERTIES, Shown, encryption_bit};
use super::row::{Principal, Row, Value};
use super::trust;
use crate::error::{Place, Trouble};
use crate::export::{Claim, KnownBits, Object, Precision, Record, Right};
use crate::wire;

/// Who a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// objectSid as text.
    Sid(String),
    /// objectGUID as text.
    Guid(String),
}

impl Identity {
    /// From `ObjectIdentifier`: well-known SIDs stand behind the domain's name (`CORP.LOCAL-S-1-5-32-544`).
    pub(super) fn of(id: &str) -> Option<Self> {
        let sid = if starts_as_sid(id) {
            Some(id)
        } else {
            id.char_indices()
                .rev()
                .filter_map(|(at, c)| (c == '-').then(|| id.get(at + 1..)).flatten())
                .find(|rest| starts_as_sid(rest))
        };
        if let Some(sid) = sid {
            return Sid::from_str(sid)
                .ok()
                .map(|sid| Self::Sid(sid.to_string()));
        }
        wire::guid(id).map(|_| Self::Guid(id.to_owned()))
    }

    fn text(&self) -> &str {
        match self {
            Self::Sid(text) | Self::Guid(text) => text,
        }
    }
}

fn starts_as_sid(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("S-1-"))
}

/// What became of a row besides records.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Which attributes it showed; `None` for a placeholder.
    pub(super) shown: Option<Shown>,
    /// SID and DN of the object.
    pub(super) identity: Option<(String, String)>,
}

/// Turns a row into records, in the order object, claims.
pub(super) fn convert(
    row: Row<'_>,
    kind: Kind,
    methods: Methods,
    place: &Place,
    records: &mut VecDeque<Record>,
) -> Outcome {
    let mut made = Made {
        methods,
        place,
        dn: None,
        attributes: Vec::new(),
        rounded: Vec::new(),
        shown: Shown::default(),
        troubles: Vec::new(),
        lacking: Vec::new(),
    };
    let property = |name: &str| {
        row.properties
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    if row.id.is_none() && row.properties.is_empty() {
        made.trouble(None, "the row is empty");
        records.extend(made.troubles.into_iter().map(Record::Trouble));
        return Outcome::default();
    }
    made.dn = match property("distinguishedname") {
        Some(Value::Text(dn)) if !dn.is_empty() => Some(dn.clone().into_owned()),
        _ => None,
    };
    if row.deleted {
        made.trouble(
            None,
            "the row says that the object is deleted; it was left out",
        );
        records.extend(made.troubles.into_iter().map(Record::Trouble));
        return Outcome::default();
    }
    let identity = row.id.as_deref().and_then(Identity::of);
    let mut outcome = Outcome::default();
    let mut bits = None;
    if made.dn.is_some() {
        made.identity(kind, identity.as_ref());
        made.classes(kind, &row);
        for (key, value) in &row.properties {
            made.property(key, value);
        }
        made.when_created(property("whencreated"));
        made.operating_system(property("operatingsystem"));
        if property("admincount") == Some(&Value::Bool(true)) {
            made.put("adminCount", vec![b"1".to_vec()]);
        }
        if matches!(kind, Kind::Users | Kind::Computers) {
            bits = made.account_control(&row.properties);
        }
        made.links(&row);
    }
    if identity.is_none() {
        made.trouble(None, "its identifier is neither a SID nor a GUID");
    }
    let object = identity.as_ref().map(Identity::text).unwrap_or_default();
    let mut claims = Vec::new();
    if !object.is_empty() {
        let known = |attribute: &str, (mask, value): (i64, i64)| {
            Claim::Bits(KnownBits {
                place: place.clone(),
                object: object.to_owned(),
                attribute: attribute.to_owned(),
                mask,
                value,
            })
        };
        claims.extend(bits.map(|bits| known("userAccountControl", bits)));
        let encryption =
            property("supportedencryptiontypes").and_then(|value| made.encryption(value));
        claims.extend(encryption.map(|bits| known("msDS-SupportedEncryptionTypes", bits)));
        let scope = property("groupscope").and_then(group_scope);
        claims.extend(scope.map(|bits| known("groupType", bits)));
        made.rights(object, &row, &mut claims);
    }
    let mut trusts = Vec::new();
    if let (Kind::Domains, Some(dn)) = (kind, made.dn.clone()) {
        for trust in &row.trusts {
            match trust::object(trust, &dn, place) {
                Ok(object) => trusts.push(object),
                Err(what) => made.trouble(None, what),
            }
        }
    }
    let Made {
        dn,
        attributes,
        rounded,
        shown,
        troubles,
        lacking,
        ..
    } = made;
    if let Some(dn) = dn {
        outcome.shown = Some(shown);
        if let Some(Identity::Sid(sid)) = identity {
            outcome.identity = Some((sid, dn.clone()));
        }
        let mut entry = Entry { dn, attributes };
        lacking.iter().for_each(|name| entry.lacks(name));
        records.push_back(Record::Object(Object {
            place: place.clone(),
            entry,
            rounded,
        }));
    }
    records.extend(trusts);
    records.extend(claims.into_iter().map(Record::Claim));
    records.extend(troubles.into_iter().map(Record::Trouble));
    outcome
}

struct Made<'p> {
    methods: Methods,
    place: &'p Place,
    dn: Option<String>,
    attributes: Vec<RawAttribute>,
    rounded: Vec<(String, Precision)>,
    shown: Shown,
    troubles: Vec<Trouble>,
    /// Attributes of which a value could not be read.
    lacking: Vec<String>,
}

impl Made<'_> {
    fn trouble(&mut self, attribute: Option<&str>, what: impl Into<String>) {
        self.troubles.push(Trouble {
            place: self.place.clone(),
            dn: self.dn.clone(),
            attribute: attribute.map(str::to_owned),
            what: what.into(),
        });
    }

    /// A value that is there and cannot be read.
    fn lost(&mut self, attribute: &str, what: &str) {
        self.lacking.push(attribute.to_owned());
        self.trouble(Some(attribute), what);
    }

    fn put(&mut self, attribute: &str, values: Vec<Vec<u8>>) {
        let there = |known: &RawAttribute| *known.name == *attribute;
        if !values.is_empty() && !self.attributes.iter().any(there) {
            self.attributes.push(RawAttribute::new(attribute, values));
        }
    }

    fn identity(&mut self, kind: Kind, identity: Option<&Identity>) {
        match identity {
            Some(Identity::Sid(sid)) => {
                self.put("objectSid", wire::sid(sid).into_iter().collect());
            }
            Some(Identity::Guid(guid)) if !kind.is_principal() => {
                self.put("objectGUID", wire::guid(guid).into_iter().collect());
                self.shown.add("objectGUID");
            }
            _ => {}
        }
        if kind.is_principal() {
            self.shown.add("objectSid");
        }
    }

    fn classes(&mut self, kind: Kind, row: &Row<'_>) {
        let flag = |name: &str| {
            row.properties
                .iter()
                .any(|(key, value)| key == name && *value == Value::Bool(true))
        };
        let account = matches!(kind, Kind::Users | Kind::Computers);
        let readers = || {
            row.aces
                .iter()
                .any(|ace| ace.right.as_deref() == Some("ReadGMSAPassword"))
        };
        let classes = if account && (flag("gmsa") || readers()) {
            GMSA
        } else if account && flag("msa") {
            SMSA
        } else {
            kind.classes()
        };
        self.put(
            "objectClass",
            classes
                .iter()
                .map(|class| class.as_bytes().to_vec())
                .collect(),
        );
        self.shown.add("objectClass");
    }

    fn property(&mut self, key: &str, value: &Value<'_>) {
        let Some(property) = PROPERTIES.iter().find(|property| property.name == key) else {
            // SharpHound can write further attributes by their own name in lower case.
            if let Some(secret) = SECRETS
                .iter()
                .find(|secret| secret.eq_ignore_ascii_case(key))
            {
                self.secret(secret, value);
            }
            return;
        };
        if property.complete && self.methods.properties() || property.name == "samaccountname" {
            self.shown.add(property.attribute);
        }
        match property.how {
            How::Text => {
                if let Some(texts) = self.texts(property.attribute, value) {
                    self.put(property.attribute, texts.into_iter().map(bytes).collect());
                }
            }
            How::Sids => {
                let Some(texts) = self.texts(property.attribute, value) else {
                    return;
                };
                let mut sids = Vec::with_capacity(texts.len());
                for text in texts {
                    match Identity::of(text) {
                        Some(Identity::Sid(sid)) => sids.extend(wire::sid(&sid)),
                        _ => self.lost(property.attribute, "a value is no SID"),
                    }
                }
                self.put(property.attribute, sids);
            }
            How::Guid => {
                if let Some(texts) = self.texts(property.attribute, value) {
                    let guids: Vec<_> = texts.iter().filter_map(|text| wire::guid(text)).collect();
                    if guids.len() < texts.len() {
                        self.lost(property.attribute, "a value is no GUID");
                    }
                    self.put(property.attribute, guids);
                }
            }
            How::Time => self.time(property.attribute, value),
            How::Number => match value {
                // Others than SharpHound write 0 where nothing could be read.
                Value::Integer(0) if !self.methods.known() => {}
                Value::Integer(number) => {
                    self.put(property.attribute, vec![number.to_string().into_bytes()]);
                }
                Value::Null => {}
                _ => self.lost(property.attribute, "a number was expected"),
            },
            How::Secret => self.secret(property.attribute, value),
        }
    }

    fn secret(&mut self, attribute: &str, value: &Value<'_>) {
        match value {
            Value::Null => {}
            Value::Text(text) if text.is_empty() => {}
            Value::Text(text) => self.put(attribute, vec![text.as_bytes().to_vec()]),
            Value::List(texts) => {
                self.put(attribute, texts.iter().map(|text| bytes(text)).collect())
            }
            // Something is there: that is what counts.
            Value::Bool(_) | Value::Integer(_) | Value::Other => {
                self.put(attribute, vec![Vec::new()])
            }
        }
    }

    /// Texts that are not empty; `None` for null and, with a trouble, for other types.
    fn texts<'v>(&mut self, attribute: &str, value: &'v Value<'_>) -> Option<Vec<&'v str>> {
        match value {
            Value::Null => None,
            Value::Text(text) => Some(if text.is_empty() {
                Vec::new()
            } else {
                vec![text.as_ref()]
            }),
            Value::List(list) => Some(
                list.iter()
                    .map(Cow::as_ref)
                    .filter(|text| !text.is_empty())
                    .collect(),
            ),
            _ => {
                self.lost(attribute, "text was expected");
                None
            }
        }
    }

    fn time(&mut self, attribute: &'static str, value: &Value<'_>) {
        match value {
            Value::Null => {}
            // SharpHound: not set or not convertible. BloodHound.py: the epoch less 369 years.
            Value::Integer(seconds) if *seconds < 0 => {}
            // Only SharpHound writes -1 for what is not there; of the others some write 0.
            Value::Integer(0) if !self.methods.known() => {}
            Value::Integer(0) => self.put(attribute, vec![b"0".to_vec()]),
            Value::Integer(seconds) => match wire::filetime_of_unix(*seconds) {
                Some(ticks) => {
                    self.put(attribute, vec![ticks.to_string().into_bytes()]);
                    self.rounded.push((attribute.to_owned(), Precision::Second));
                }
                None => self.lost(attribute, "the time is out of range"),
            },
            _ => self.lost(attribute, "a time in seconds was expected"),
        }
    }

    /// Older SharpHound wrote whenCreated in the local time of the machine it ran on, as if it were UTC; nothing tells
    /// which one did. The others write UTC.
    fn when_created(&mut self, value: Option<&Value<'_>>) {
        if !self.methods.said_nothing() {
            return;
        }
        if let Some(Value::Integer(seconds)) = value {
            self.shown.add("whenCreated");
            if *seconds > 0 {
                match wire::generalized_time_of_unix(*seconds) {
                    Some(time) => self.put("whenCreated", vec![time]),
                    None => self.lost("whenCreated", "the time is out of range"),
                }
            }
        }
    }

    /// SharpHound puts operatingSystemServicePack behind it.
    fn operating_system(&mut self, value: Option<&Value<'_>>) {
        if let Some(Value::Text(name)) = value
            && !name.is_empty()
            && !name.to_ascii_lowercase().contains("service pack")
        {
            self.put("operatingSystem", vec![bytes(name)]);
        }
    }

    /// userAccountControl where it is written, else which of its bits are known.
    fn account_control(&mut self, properties: &[(Cow<'_, str>, Value<'_>)]) -> Option<(i64, i64)> {
        let get = |name: &str| {
            properties
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let mut known = None;
        let mut readable = false;
        match get("useraccountcontrol") {
            Some(value) => {
                if self.methods.properties() {
                    self.shown.add("userAccountControl");
                }
                // Exporters write 0 for what they cannot read. No account has 0 (MS-ADTS 3.1.1.5.2.4).
                if let Value::Integer(control @ 1..=0xffff_ffff) = value {
                    let signed = u32::try_from(*control).unwrap_or_default().cast_signed();
                    self.put("userAccountControl", vec![signed.to_string().into_bytes()]);
                    readable = true;
                } else if !matches!(value, Value::Integer(0) | Value::Null) {
                    self.trouble(
                        Some("userAccountControl"),
                        "a number of 32 bits was expected",
                    );
                }
            }
            // Without `enabled` the exporter did not ask for userAccountControl and its flags mean nothing.
            None if matches!(get("enabled"), Some(Value::Bool(_))) => {
                let (mut mask, mut value) = (0, 0);
                for (name, bit, sense) in FLAGS {
                    if let Some(Value::Bool(flag)) = get(name) {
                        mask |= bit;
                        if flag == sense {
                            value |= bit;
                        }
                    }
                }
                // pwdLastSet is in the same property set and every account has it: where both look unset, neither could be
                // read, and the flags are those of a zero.
                let set = matches!(get("pwdlastset"), Some(Value::Integer(seconds)) if *seconds > 0 || (*seconds == 0 && self.methods.known()));
                readable = value != 0;
                known = (readable || set).then_some((mask, value));
            }
            None => {}
        }
        if readable && !self.methods.known() && get("pwdlastset") == Some(&Value::Integer(0)) {
            self.put("pwdLastSet", vec![b"0".to_vec()]);
        }
        known
    }

    fn encryption(&mut self, value: &Value<'_>) -> Option<(i64, i64)> {
        let Value::List(names) = value else {
            return None;
        };
        let mut bits = 0;
        for name in names {
            let Some(bit) = encryption_bit(name) else {
                self.trouble(
                    Some("msDS-SupportedEncryptionTypes"),
                    "an encryption type has a name that is not known",
                );
                return None;
            };
            bits |= bit;
        }
        (!names.is_empty()).then_some((ENCRYPTION, bits))
    }

    fn links(&mut self, row: &Row<'_>) {
        if let Some(group) = &row.primary_group {
            match Identity::of(group) {
                Some(Identity::Sid(sid)) => {
                    let rid = Sid::from_str(&sid).ok().and_then(|sid| sid.rid());
                    if let Some(rid) = rid.filter(|rid| *rid != 0) {
                        self.put("primaryGroupID", vec![rid.to_string().into_bytes()]);
                        self.shown.add("primaryGroupID");
                    }
                }
                _ => self.lost("primaryGroupID", "the primary group is no SID"),
            }
        }
        if let Some(members) = &row.members {
            if self.methods.groups() {
                self.shown.add("member");
            }
            self.principals("member", members);
        }
        if let Some(accounts) = &row.dump_smsa_password {
            if self.methods.hosts() {
                self.shown.add("msDS-HostServiceAccount");
            }
            self.principals("msDS-HostServiceAccount", accounts);
        }
    }

    fn principals(&mut self, attribute: &str, principals: &[Principal<'_>]) {
        let mut values = Vec::with_capacity(principals.len());
        let mut lost = 0_usize;
        for principal in principals {
            let id = principal.id.as_deref().unwrap_or_default();
            match Identity::of(id) {
                Some(Identity::Sid(sid)) => values.push(format!("<SID={sid}>").into_bytes()),
                Some(Identity::Guid(guid)) => values.push(format!("<GUID={guid}>").into_bytes()),
                // What the exporter could not find stands there with its DN.
                None if id.contains('=') => values.push(id.as_bytes().to_vec()),
                None => lost += 1,
            }
        }
        if lost > 0 {
            self.trouble(Some(attribute), format!("{lost} values name nobody"));
        }
        let before = self.attributes.len();
        self.put(attribute, values);
        if lost > 0
            && let Some(put) = self.attributes.get_mut(before)
        {
            put.complete = false;
        }
    }

    fn rights(&mut self, object: &str, row: &Row<'_>, claims: &mut Vec<Claim>) {
        let mut lost = 0_usize;
        let mut claim = |trustee: Option<&str>, right: Option<&str>, inherited: Option<bool>| match (
            trustee.and_then(Identity::of),
            right,
        ) {
            (Some(Identity::Sid(trustee)), Some(right)) => claims.push(Claim::Right(Right {
                place: self.place.clone(),
                object: object.to_owned(),
                trustee,
                right: right.to_owned(),
                inherited,
            })),
            _ => lost += 1,
        };
        for ace in &row.aces {
            claim(ace.trustee.as_deref(), ace.right.as_deref(), ace.inherited);
        }
        for principal in &row.allowed_to_act {
            claim(principal.id.as_deref(), Some("AllowedToAct"), None);
        }
        if lost > 0 {
            self.trouble(
                None,
                format!("{lost} of its rights have no trustee with a SID or no name"),
            );
        }
    }
}

/// Bits of groupType (MS-ADTS 2.2.12): a group has one scope.
fn group_scope(value: &Value<'_>) -> Option<(i64, i64)> {
    let Value::Text(scope) = value else {
        return None;
    };
    let bit = match scope.as_ref() {
        "Global" => 0x2,
        "DomainLocal" => 0x4,
        "Universal" => 0x8,
        _ => return None,
    };
    Some((0xe, bit))
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
