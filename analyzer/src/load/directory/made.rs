//! A directory made by hand, without a snapshot: what tests of the stages after this one start from.
//!
//! Owns a small schema with the published GUIDs and the head of a domain. Deliberately has no defaults beyond it: an
//! object has what a test gives it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use coldcase_schemas::ledger::{LedgerRow, QueryOutcome, QueryPlan};
use coldcase_schemas::manifest::{Counts, FORMAT, Manifest};
use coldcase_schemas::plan::QUERIES;
use coldcase_schemas::snapshot::FORMAT_VERSION;
use coldcase_winsec::{Guid, SddlDomains, SecurityDescriptor, Sid};

use super::{Directory, Exports, by_dn, by_sid};
use crate::load::{
    Classes, Clock, Descriptors, DomainFacts, GroupPolicies, KdsKey, Kind, Object, PasswordPolicy,
    Requester, Schema,
};

/// DN of the head.
pub(crate) const HEAD: &str = "DC=corp,DC=example";

/// SID of the domain.
pub(crate) const DOMAIN: &str = "S-1-5-21-1-2-3";

const TAKEN_AT: &str = "2026-01-01T00:00:00Z";

/// GROUP_TYPE_ACCOUNT_GROUP and GROUP_TYPE_SECURITY_ENABLED (MS-ADTS 2.2.12).
pub(crate) const SECURITY_GROUP: i64 = 0x8000_0002;

/// Class, superclass, schemaIDGUID (MS-ADSC).
const CLASSES: &[(&str, &str, &str)] = &[
    ("top", "top", "bf967ab7-0de6-11d0-a285-00aa003049e2"),
    ("user", "top", "bf967aba-0de6-11d0-a285-00aa003049e2"),
    ("computer", "user", "bf967a86-0de6-11d0-a285-00aa003049e2"),
    ("group", "top", "bf967a9c-0de6-11d0-a285-00aa003049e2"),
    ("container", "top", "bf967a8b-0de6-11d0-a285-00aa003049e2"),
    (
        "organizationalUnit",
        "top",
        "bf967aa5-0de6-11d0-a285-00aa003049e2",
    ),
    ("domainDNS", "top", "19195a5b-6da0-11d0-afd3-00c04fd930c9"),
    (
        "foreignSecurityPrincipal",
        "top",
        "89e31c12-8530-11d0-afda-00c04fd930c9",
    ),
    (
        "groupPolicyContainer",
        "container",
        "f30e3bc2-9ff0-11d1-b603-0000f80367c1",
    ),
    (
        "msDS-PasswordSettings",
        "top",
        "3bcd9db8-f84b-451c-952f-6c52b81f9ec6",
    ),
    (
        "msKds-ProvRootKey",
        "top",
        "aa02fd41-17e0-4f18-8687-b2239649736b",
    ),
    (
        "msDS-ManagedServiceAccount",
        "computer",
        "ce206244-5827-4a86-ba1c-1c0c386c1b64",
    ),
    (
        "msDS-GroupManagedServiceAccount",
        "computer",
        "7b8b558a-93a5-4af7-adca-c017e67f1057",
    ),
    (
        "msDS-DelegatedManagedServiceAccount",
        "computer",
        "0feb936f-47b3-49f2-9386-1dedc2c23765",
    ),
];

const PUBLIC_INFORMATION: &str = "e48d0154-bcf8-11d1-8702-00c04fb96050";
const ACCOUNT_RESTRICTIONS: &str = "4c164200-20c0-11d0-a768-00aa006e0529";
const LOGON_INFORMATION: &str = "5f202010-79a5-11d0-9020-00c04fc2d4cf";
const MEMBERSHIP: &str = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf";
const PERSONAL_INFORMATION: &str = "77b5b886-944a-11d1-aebd-0000f80367c1";
const VALIDATED_KEY: &str = "9b026da6-0d3c-465c-8bee-5199d7165cba";

/// Attribute, schemaIDGUID, attributeSecurityGUID or nothing (MS-ADA1 to 3).
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    (
        "servicePrincipalName",
        "f3a64788-5306-11d1-a9c5-0000f80367c1",
        PUBLIC_INFORMATION,
    ),
    (
        "altSecurityIdentities",
        "00fbf30c-91fe-11d1-aebc-0000f80367c1",
        PUBLIC_INFORMATION,
    ),
    (
        "msDS-AllowedToDelegateTo",
        "800d94d7-b7a1-42a1-b14d-7cae1423d07f",
        PUBLIC_INFORMATION,
    ),
    (
        "userAccountControl",
        "bf967a68-0de6-11d0-a285-00aa003049e2",
        ACCOUNT_RESTRICTIONS,
    ),
    (
        "msDS-AllowedToActOnBehalfOfOtherIdentity",
        "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79",
        ACCOUNT_RESTRICTIONS,
    ),
    (
        "scriptPath",
        "bf9679a8-0de6-11d0-a285-00aa003049e2",
        LOGON_INFORMATION,
    ),
    (
        "profilePath",
        "bf967a05-0de6-11d0-a285-00aa003049e2",
        LOGON_INFORMATION,
    ),
    ("member", "bf9679c0-0de6-11d0-a285-00aa003049e2", MEMBERSHIP),
    (
        "msDS-KeyCredentialLink",
        "5b47d60f-6090-40b2-9f37-2a4de88f3063",
        VALIDATED_KEY,
    ),
    (
        "msDS-GroupMSAMembership",
        "888eedd6-ce04-df40-b462-b8a50e41ba38",
        "",
    ),
    (
        "msDS-ManagedAccountPrecededByLink",
        "a0945b2b-57a2-43bd-b327-4d112a4e8bd1",
        "",
    ),
    (
        "msDS-SupersededManagedAccountLink",
        "3752e002-0000-4000-8000-000000000001",
        "",
    ),
    (
        "msKds-RootKeyData",
        "26627c27-08a2-0a40-a1b1-8dce85b42993",
        "",
    ),
    ("gPLink", "f30e3bbe-9ff0-11d1-b603-0000f80367c1", ""),
    (
        "name",
        "bf967a0e-0de6-11d0-a285-00aa003049e2",
        PUBLIC_INFORMATION,
    ),
    (
        "msDS-HostServiceAccount",
        "80641043-15a2-40e1-92a2-8ca866f70776",
        PERSONAL_INFORMATION,
    ),
    (
        "msDS-SupportedEncryptionTypes",
        "20119867-1d04-4ab7-9371-cfc3d5df0afd",
        PERSONAL_INFORMATION,
    ),
    // Made up, since it is not published.
    (
        "msDS-DelegatedMSAState",
        "5a6b1c2e-7f0d-4d53-9c41-0b7e2d9f8a34",
        "",
    ),
];

/// Ids of what has no object come after those of all objects.
const BARE: i64 = 1_000_000;

/// A directory in the making. Objects are told apart by their place; the head of the domain is at 0.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) objects: Vec<Object>,
    pub(crate) links: Vec<(&'static str, usize, usize)>,
    /// Groups, and DNs of members that have no object.
    pub(crate) bare_members: Vec<(usize, String)>,
    pub(crate) history: Vec<(usize, Sid)>,
    pub(crate) ds_heuristics: Option<String>,
    pub(crate) machine_account_quota: Option<i64>,
    pub(crate) functional_level: Option<i64>,
    pub(crate) min_password_length: Option<i64>,
    pub(crate) password_properties: Option<i64>,
    pub(crate) policies: Vec<PasswordPolicy>,
    /// Queries that came to their end.
    pub(crate) complete: Vec<&'static str>,
    /// SIDs of the requester's groups.
    pub(crate) token: Vec<Sid>,
    descriptors: BTreeMap<i64, Vec<u8>>,
}

impl Made {
    /// A domain without objects.
    pub(crate) fn new() -> Self {
        let mut made = Self {
            objects: Vec::new(),
            links: Vec::new(),
            bare_members: Vec::new(),
            history: Vec::new(),
            ds_heuristics: None,
            machine_account_quota: None,
            functional_level: None,
            min_password_length: None,
            password_properties: None,
            policies: Vec::new(),
            complete: Vec::new(),
            token: Vec::new(),
            descriptors: BTreeMap::new(),
        };
        let head = made.add("domainDNS", HEAD);
        made.objects[head].sid = Some(sid(DOMAIN));
        made
    }

    /// Asked by an administrator of domain and forest, who sees every object.
    pub(crate) fn by_administrator(&mut self) {
        self.token = vec![domain_sid(512)];
    }

    /// An object without a SID; gives its place.
    pub(crate) fn add(&mut self, class: &str, dn: &str) -> usize {
        let mut chain = vec![class];
        while let Some((_, parent, _)) =
            CLASSES.iter().find(|(name, ..)| Some(name) == chain.last())
            && !chain.contains(parent)
        {
            chain.push(parent);
        }
        chain.reverse();
        let id = i64::try_from(self.objects.len() + 1).unwrap();
        self.objects.push(Object::bare(id, dn, &chain.join("\n")));
        self.objects.len() - 1
    }

    /// Somebody with a RID of the domain, named `name` and in the container `parent`.
    pub(crate) fn principal(&mut self, class: &str, name: &str, parent: &str, rid: u32) -> usize {
        let place = self.add(class, &format!("CN={name},{parent}"));
        let object = &mut self.objects[place];
        object.sid = Some(domain_sid(rid));
        object.sam_account_name = Some(name.to_owned());
        match object.kind {
            Kind::Group => object.group_type = Some(SECURITY_GROUP),
            Kind::User => object.user_account_control = Some(0x200),
            _ => object.user_account_control = Some(0x1000),
        }
        place
    }

    /// The object that stands for a SID of elsewhere: Everyone, a user of another domain.
    pub(crate) fn foreign(&mut self, text: &str) -> usize {
        let dn = format!("CN={text},CN=ForeignSecurityPrincipals,{HEAD}");
        let place = self.add("foreignSecurityPrincipal", &dn);
        self.objects[place].sid = Some(sid(text));
        place
    }

    /// Adds to `member` of a group.
    pub(crate) fn member(&mut self, group: usize, member: usize) {
        self.links.push(("member", group, member));
    }

    /// Keeps a descriptor in SDDL, in which `DA` and its like are the domain's; gives its id.
    pub(crate) fn sddl(&mut self, text: &str) -> i64 {
        let names = SddlDomains {
            domain: Some(sid(DOMAIN)),
            forest_root: Some(sid(DOMAIN)),
            machine: Some(sid(DOMAIN)),
        };
        let descriptor = SecurityDescriptor::from_sddl(text, &names);
        self.bytes(descriptor.unwrap().encode())
    }

    /// Keeps the bytes of a descriptor, well-formed or not; gives its id.
    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) -> i64 {
        if let Some((known, _)) = self.descriptors.iter().find(|(_, known)| **known == bytes) {
            return *known;
        }
        let id = i64::try_from(self.descriptors.len() + 1).unwrap();
        self.descriptors.insert(id, bytes);
        id
    }

    /// Gives an object the descriptor in SDDL.
    pub(crate) fn protect(&mut self, place: usize, text: &str) {
        let id = self.sddl(text);
        self.objects[place].descriptor = Some(id);
    }

    /// The finished directory.
    pub(crate) fn directory(self) -> Directory {
        let id = |place: usize| i64::try_from(place + 1).unwrap();
        let mut links: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
        for (attribute, from, to) in &self.links {
            links
                .entry((*attribute).to_owned())
                .or_default()
                .push((id(*from), id(*to)));
        }
        let bare = (BARE..).zip(self.bare_members);
        let bare: Vec<(i64, usize, String)> =
            bare.map(|(id, (group, dn))| (id, group, dn)).collect();
        for (member, group, _) in &bare {
            let members = links.entry("member".to_owned()).or_default();
            members.push((id(*group), *member));
        }
        let history = self
            .history
            .iter()
            .map(|(place, sid)| (id(*place), sid.to_bytes()))
            .collect();
        let objects = self.objects;
        let kds_keys = objects
            .iter()
            .filter(|object| object.kind == Kind::KdsRootKey);
        Directory {
            manifest: manifest(),
            sha256: String::new(),
            clock: Clock::parse(TAKEN_AT).unwrap(),
            requester: Requester::with(self.token),
            ledger: self.complete.iter().map(|name| complete(name)).collect(),
            coverage: Vec::new(),
            cut_short: Vec::new(),
            defects: Vec::new(),
            claimed_rights: Vec::new(),
            exports: Exports::default(),
            rounded: HashMap::new(),
            configuration: None,
            descriptors: Descriptors::of(
                self.descriptors
                    .iter()
                    .map(|(id, bytes)| (*id, bytes.as_slice())),
            ),
            schema: Schema::of(
                CLASSES
                    .iter()
                    .map(|(name, _, text)| (*name, guid(text), None))
                    .chain(
                        ATTRIBUTES
                            .iter()
                            .map(|(name, text, set)| (*name, guid(text), Guid::from_str(set).ok())),
                    ),
            ),
            classes: Classes::of(
                CLASSES
                    .iter()
                    .map(|(name, parent, text)| (*name, guid(text), *parent)),
            ),
            domain: DomainFacts {
                ds_heuristics: self.ds_heuristics,
                machine_account_quota: self.machine_account_quota,
                functional_level: self.functional_level,
                min_password_length: self.min_password_length,
                password_properties: self.password_properties,
            },
            head: Some(0),
            domain_sid: Some(sid(DOMAIN)),
            kds_keys: kds_keys
                .map(|object| KdsKey {
                    object_id: object.id,
                    key_id: object.name.clone().unwrap_or_default(),
                    created: None,
                    effective: None,
                })
                .collect(),
            policies: self.policies,
            trusts: Vec::new(),
            cross_refs: Vec::new(),
            silos: BTreeMap::new(),
            group_policies: GroupPolicies::default(),
            links,
            values: HashMap::from([("sIDHistory".to_owned(), history)]),
            named_only: std::sync::OnceLock::new(),
            names: objects
                .iter()
                .map(|object| (object.id, object.dn.clone()))
                .chain(bare.into_iter().map(|(id, _, dn)| (id, dn)))
                .collect(),
            by_sid: by_sid(&objects),
            by_dn: by_dn(&objects),
            objects,
        }
    }
}

/// A SID of the domain.
pub(crate) fn domain_sid(rid: u32) -> Sid {
    sid(DOMAIN).child(rid).unwrap()
}

/// A SID from text.
pub(crate) fn sid(text: &str) -> Sid {
    Sid::from_str(text).unwrap()
}

/// A GUID from text.
pub(crate) fn guid(text: &str) -> Guid {
    Guid::from_str(text).unwrap()
}

/// The ledger row of a query that was answered whole, and asked for all that the collector asks for.
fn complete(name: &str) -> LedgerRow {
    let query = QUERIES.iter().find(|query| query.name == name);
    let attributes = query.map(|query| query.attributes()).unwrap_or_default();
    LedgerRow {
        plan: QueryPlan {
            name: name.to_owned(),
            base: HEAD.to_owned(),
            scope: "sub".to_owned(),
            filter: String::new(),
            attributes: attributes.into_iter().map(str::to_owned).collect(),
            server: String::new(),
            started: TAKEN_AT.to_owned(),
        },
        outcome: Some(QueryOutcome {
            pages: 1,
            entries: 1,
            references: 0,
            result_code: Some(0),
            result_text: String::new(),
            ended: TAKEN_AT.to_owned(),
            complete: true,
        }),
        stored: 1,
    }
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        program: String::new(),
        domain: "corp.example".to_owned(),
        forest: "corp.example".to_owned(),
        server: String::new(),
        collected_as: String::new(),
        taken_at: TAKEN_AT.to_owned(),
        complete: true,
        missing: Vec::new(),
        scope: String::new(),
        connection: String::new(),
        pseudonyms: String::new(),
        exports: Vec::new(),
        counts: Counts::default(),
        database_bytes: 0,
        database_sha256: String::new(),
    }
}
