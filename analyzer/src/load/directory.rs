//! Everything a snapshot holds, loaded in one pass a table.
//!
//! Owns lookup by id, SID and DN. Deliberately does not follow memberships.

#[cfg(test)]
pub(crate) mod made;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use coldcase_schemas::ledger::{CoverageRow, LedgerRow};
use coldcase_schemas::plan::{USERS_WITH_PASSWORD, asks_for_passwords_set};
use coldcase_schemas::{Manifest, Snapshot};
use coldcase_winsec::Sid;
use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::claims::{self, ClaimedRight};
use super::exports::Exports;
use super::object::{COLUMNS, ClassLists, Kind, Object};
use super::{
    Classes, Clock, CrossRef, Descriptors, DomainFacts, GroupPolicies, KdsKey, PasswordPolicy,
    Requester, Schema, Trust, silo,
};

/// Queries that bring every principal.
pub(crate) const PRINCIPALS: [&str; 4] = ["users", "computers", "groups", "service-accounts"];

/// Queries whose objects describe the schema, not the domain.
const SCHEMA_QUERIES: &str =
    "SELECT id FROM query WHERE name IN ('schema-classes', 'schema-attributes')";
/// Queries whose objects the analysis does not look at. A collector would not have brought those of the last: see
/// [`coldcase_schemas::plan::OTHER_OBJECTS`].
const NOT_LOADED: &str = "SELECT id FROM query WHERE name IN
     ('schema-classes', 'schema-attributes', 'extended-rights', 'other-objects')";

/// A value that does not fit its attribute, or values that are missing.
#[derive(Debug, Clone)]
pub(crate) struct Defect {
    pub(crate) object_id: i64,
    pub(crate) attribute: String,
    /// `misfit` or `cut-short`.
    pub(crate) kind: String,
    pub(crate) detail: String,
}

/// An attribute of which some objects do not have all values.
#[derive(Debug)]
pub(crate) struct CutShort {
    pub(crate) query: String,
    pub(crate) attribute: String,
    pub(crate) objects: i64,
}

const LINKS: &str = "SELECT attribute, object, target FROM link";
const VALUES: &str = "SELECT attribute, object, value FROM value";

/// Rows of one attribute: (object id, value).
type Rows<T> = Vec<(i64, T)>;

/// A snapshot in memory.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) manifest: Manifest,
    /// SHA-256 of the snapshot file.
    pub(crate) sha256: String,
    pub(crate) clock: Clock,
    pub(crate) requester: Requester,
    pub(crate) ledger: Vec<LedgerRow>,
    /// Attributes that were asked for and did not come, by query and class.
    pub(crate) coverage: Vec<CoverageRow>,
    /// Value lists that are not whole.
    pub(crate) cut_short: Vec<CutShort>,
    /// What the collector could not store as it should be, by object.
    pub(crate) defects: Vec<Defect>,
    /// DN of the configuration naming context, in lower case, if the schema was asked for.
    configuration: Option<String>,
    /// Sorted by id.
    pub(crate) objects: Vec<Object>,
    pub(crate) descriptors: Descriptors,
    pub(crate) schema: Schema,
    pub(crate) classes: Classes,
    pub(crate) domain: DomainFacts,
    /// Index of the domain head.
    pub(crate) head: Option<usize>,
    pub(crate) domain_sid: Option<Sid>,
    pub(crate) kds_keys: Vec<KdsKey>,
    pub(crate) policies: Vec<PasswordPolicy>,
    pub(crate) trusts: Vec<Trust>,
    pub(crate) cross_refs: Vec<CrossRef>,
    /// Authentication policy silos by object id: whether they are enforced.
    pub(crate) silos: BTreeMap<i64, Option<bool>>,
    pub(crate) group_policies: GroupPolicies,
    /// Ticks of 100 ns by which values may be less than the directory's, by object id and attribute: exports round.
    pub(crate) rounded: HashMap<(i64, String), i64>,
    /// Rights that an export says somebody has; none where it holds the descriptors themselves.
    pub(crate) claimed_rights: Vec<ClaimedRight>,
    /// What the exports that the snapshot was made from say of themselves; empty for a collector's.
    pub(crate) exports: Exports,
    links: HashMap<String, Rows<i64>>,
    values: HashMap<String, Rows<Vec<u8>>>,
    names: Vec<(i64, String)>,
    /// DNs in lower case that links name and that have no object; found when first asked for.
    named_only: OnceLock<HashSet<String>>,
    by_sid: HashMap<Sid, usize>,
    by_dn: HashMap<String, usize>,
}

impl Directory {
    /// Loads everything from an open snapshot.
    ///
    /// # Errors
    /// The snapshot's clock is not a time, or a table holds values of the wrong type.
    pub(crate) fn load(snapshot: &Snapshot) -> Result<Self> {
        let manifest = snapshot.manifest().clone();
        let clock = Clock::parse(&manifest.taken_at).with_context(|| {
            format!(
                "the snapshot does not say when it was taken (taken_at is {:?})",
                manifest.taken_at
            )
        })?;
        let database = snapshot.database();
        let attributes = attribute_names(database)?;
        let mut objects = load_objects(database)?;
        let values = rows_by_attribute(database, &attributes, VALUES)?;
        add_odd_text(&mut objects, &values);
        claims::add_flags(database, &mut objects)?;
        let ledger = snapshot.ledger()?;
        let head = objects
            .iter()
            .position(|object| object.kind == Kind::Domain && object.sid.is_some());
        let domain_sid = head
            .and_then(|head| objects.get(head))
            .and_then(|object| object.sid.clone())
            .or_else(|| most_common_domain(&objects));
        let requester = Requester::load(snapshot)?;
        let administrator = requester.administers_domain(domain_sid.as_ref());
        mark_passwords(database, &ledger, &mut objects, administrator)?;
        let index = |wanted: Kind| {
            objects
                .iter()
                .filter(move |object| object.kind == wanted)
                .map(|object| object.id)
        };
        let head_id = head
            .and_then(|head| objects.get(head))
            .map(|object| object.id);
        let schema_complete = ["schema-classes", "schema-attributes"].iter().all(|name| {
            ledger
                .iter()
                .any(|row| row.plan.name == *name && row.is_complete() && row.stored > 0)
        });
        let links_known = ["domain", "containers"].iter().all(|name| {
            ledger.iter().any(|row| {
                row.plan.name == *name
                    && row.is_complete()
                    && row.stored > 0
                    && row.plan.attributes.iter().any(|asked| asked == "gPLink")
            })
        });
        let group_policies = GroupPolicies::load(
            database,
            head.and_then(|head| objects.get(head))
                .map(|head| head.dn.as_str()),
            links_known,
            values.get("gPLink").map_or(&[], Vec::as_slice),
        )?;
        // A container of the domain may be called Configuration too.
        let configuration = ledger
            .iter()
            .find(|row| row.plan.name == "schema-classes")
            .and_then(|row| parent_dn(&row.plan.base))
            .map(str::to_lowercase);
        let directory = Self {
            configuration,
            sha256: snapshot.file_sha256().to_owned(),
            clock,
            ledger,
            coverage: snapshot.coverage()?,
            cut_short: load_cut_short(database)?,
            defects: load_defects(database)?,
            descriptors: Descriptors::load(database)?,
            schema: Schema::load(database, SCHEMA_QUERIES, schema_complete)?,
            classes: Classes::load(database)?,
            domain: DomainFacts::load(database, head_id)?,
            head,
            domain_sid,
            requester,
            kds_keys: index(Kind::KdsRootKey)
                .map(|id| KdsKey::load(database, id))
                .collect::<Result<_, _>>()?,
            policies: index(Kind::PasswordSettings)
                .map(|id| PasswordPolicy::load(database, id))
                .collect::<Result<_, _>>()?,
            trusts: index(Kind::Trust)
                .map(|id| Trust::load(database, id))
                .collect::<Result<_, _>>()?,
            cross_refs: index(Kind::CrossRef)
                .map(|id| CrossRef::load(database, id))
                .collect::<Result<_, _>>()?,
            silos: silo::load(database)?,
            group_policies,
            claimed_rights: claims::rights(database, &objects)?,
            exports: Exports::load(database)?,
            rounded: claims::rounded(database)?,
            links: rows_by_attribute(database, &attributes, LINKS)?,
            values,
            names: load_names(database)?,
            named_only: OnceLock::new(),
            by_sid: by_sid(&objects),
            by_dn: by_dn(&objects),
            objects,
            manifest,
        };
        Ok(directory)
    }

    /// Place of the object with this id in `objects`.
    pub(crate) fn place(&self, id: i64) -> Option<usize> {
        self.objects
            .binary_search_by_key(&id, |object| object.id)
            .ok()
    }

    /// Place of the object with this SID.
    pub(crate) fn place_of_sid(&self, sid: &Sid) -> Option<usize> {
        self.by_sid.get(sid).copied()
    }

    /// True for an object of the domain naming context, false for one of the configuration.
    pub(crate) fn is_in_domain(&self, object: &Object) -> bool {
        let dn = object.dn.to_lowercase();
        match &self.configuration {
            Some(configuration) => {
                dn != *configuration && !dn.ends_with(&format!(",{configuration}"))
            }
            None => !dn.contains(",cn=configuration,dc="),
        }
    }

    /// Place of the object with this DN, whose case does not matter.
    pub(crate) fn place_of_dn(&self, dn: &str) -> Option<usize> {
        self.by_dn.get(&dn.to_lowercase()).copied()
    }

    /// Gives a name to an id without an object.
    #[cfg(test)]
    pub(crate) fn name(&mut self, id: i64, dn: &str) {
        self.names.push((id, dn.to_owned()));
    }

    /// Place of the parent, if it is in the snapshot.
    pub(crate) fn parent(&self, object: &Object) -> Option<usize> {
        self.place_of_dn(parent_dn(&object.dn)?)
    }

    /// The DN with this id, whether or not the object is in the snapshot.
    pub(crate) fn dn(&self, id: i64) -> Option<&str> {
        let place = self.names.binary_search_by_key(&id, |name| name.0).ok()?;
        self.names.get(place).map(|name| name.1.as_str())
    }

    /// Whether a link names this DN and the snapshot has no object of it: then it was there without being seen.
    pub(crate) fn only_names(&self, dn: &str) -> bool {
        let named = self.named_only.get_or_init(|| {
            let bare = self
                .names
                .iter()
                .filter(|(id, _)| self.place(*id).is_none());
            bare.map(|(_, dn)| dn.to_lowercase()).collect()
        });
        named.contains(&dn.to_lowercase())
    }

    /// Whether a DN lies in this domain, as far as the DN of its head says: so does that of a child domain.
    pub(crate) fn is_below_head(&self, dn: &str) -> bool {
        let head = self.head.and_then(|head| self.objects.get(head));
        head.is_some_and(|head| {
            let (dn, head) = (dn.to_lowercase(), head.dn.to_lowercase());
            dn.ends_with(&format!(",{head}"))
        })
    }

    /// (object id, target id) of a DN-valued attribute.
    pub(crate) fn links(&self, attribute: &str) -> &[(i64, i64)] {
        self.links.get(attribute).map_or(&[], Vec::as_slice)
    }

    /// (object id, raw value) of an attribute that is kept in table `value`.
    pub(crate) fn values(&self, attribute: &str) -> &[(i64, Vec<u8>)] {
        self.values.get(attribute).map_or(&[], Vec::as_slice)
    }

    /// The ledger row of a query.
    pub(crate) fn query(&self, name: &str) -> Option<&LedgerRow> {
        self.ledger.iter().find(|row| row.plan.name == name)
    }

    /// Whether every query for users, computers, managed accounts and groups was asked and came to its end.
    pub(crate) fn sees_principals(&self) -> bool {
        let complete = |name: &&str| self.query(name).is_some_and(LedgerRow::is_complete);
        PRINCIPALS.iter().all(complete)
    }

    /// Whether objects of a kind may be there that the requester did not see; `None` for a kind that everybody sees. What
    /// was seen of a kind proves nothing of the rest: one KDS root key, or the dMSAs of one unit, may be delegated. A
    /// forest whose schema has no such class has no such object.
    pub(crate) fn may_hide(&self, kind: &str) -> Option<bool> {
        let domain = self.domain_sid.as_ref();
        let (class, seen) = match kind {
            "kds-root-keys" => (
                "msKds-ProvRootKey",
                self.requester.administers_forest(domain),
            ),
            "dmsa" => (
                "msDS-DelegatedManagedServiceAccount",
                self.requester.administers_domain(domain),
            ),
            "password-settings" => (
                "msDS-PasswordSettings",
                self.requester.administers_domain(domain),
            ),
            _ => return None,
        };
        Some(!seen && self.schema.has(class) != Some(false))
    }

    /// Whether new managed passwords come from the root key with this id: the one that was made last among those in effect
    /// (MS-GKDI 3.1.4.1). `None` if root keys may be hidden.
    pub(crate) fn is_newest_root_key(&self, id: &str) -> Option<bool> {
        if self.may_hide("kds-root-keys") == Some(true) {
            return None;
        }
        let in_effect = self.kds_keys.iter().filter(|key| {
            key.effective
                .is_none_or(|effective| self.clock.is_after(effective))
        });
        let newest = in_effect.max_by_key(|key| (key.effective, key.created));
        Some(newest.is_some_and(|key| key.key_id.eq_ignore_ascii_case(id)))
    }

    /// SID `RID` of this domain.
    pub(crate) fn domain_rid(&self, rid: u32) -> Option<Sid> {
        self.domain_sid.as_ref()?.child(rid).ok()
    }
}

/// Of two objects with one SID, the first counts.
fn by_sid(objects: &[Object]) -> HashMap<Sid, usize> {
    let places = objects.iter().enumerate().rev();
    places
        .filter_map(|(place, object)| Some((object.sid.clone()?, place)))
        .collect()
}

fn by_dn(objects: &[Object]) -> HashMap<String, usize> {
    objects
        .iter()
        .enumerate()
        .map(|(place, object)| (object.dn.to_lowercase(), place))
        .collect()
}

fn load_cut_short(database: &Connection) -> Result<Vec<CutShort>> {
    let mut statement = database.prepare(
        "SELECT query.name, attribute.name, count(*) FROM defect
         JOIN object ON object.id = defect.object
         JOIN query ON query.id = object.query
         JOIN attribute ON attribute.id = defect.attribute
         WHERE defect.kind = 'cut-short' GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(CutShort {
            query: row.get(0)?,
            attribute: row.get(1)?,
            objects: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn load_defects(database: &Connection) -> Result<Vec<Defect>> {
    let mut statement = database.prepare(
        "SELECT defect.object, attribute.name, defect.kind, defect.detail FROM defect
         JOIN attribute ON attribute.id = defect.attribute ORDER BY 1, 2, 3",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Defect {
            object_id: row.get(0)?,
            attribute: row.get(1)?,
            kind: row.get(2)?,
            detail: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn attribute_names(database: &Connection) -> Result<HashMap<i64, String>> {
    let mut statement = database.prepare("SELECT id, name FROM attribute")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn load_objects(database: &Connection) -> Result<Vec<Object>> {
    let columns: Vec<String> = COLUMNS
        .iter()
        .map(|name| format!("object.\"{name}\""))
        .collect();
    let mut statement = database.prepare(&format!(
        "SELECT name.dn, object.id, {} FROM object CROSS JOIN name ON name.id = object.id
         WHERE object.query NOT IN ({NOT_LOADED}) ORDER BY object.id",
        columns.join(", ")
    ))?;
    let mut lists = ClassLists::default();
    let count: i64 = database.query_row("SELECT count(*) FROM object", [], |row| row.get(0))?;
    // Growing step by step would copy them all several times.
    let mut objects = Vec::with_capacity(usize::try_from(count)?);
    for object in statement.query_map([], |row| Object::read(row, &mut lists))? {
        objects.push(object.context("table object holds a value of the wrong type")?);
    }
    Ok(objects)
}

/// `query` gives attribute id, object id and value.
fn rows_by_attribute<T: FromSql>(
    database: &Connection,
    attributes: &HashMap<i64, String>,
    query: &str,
) -> Result<HashMap<String, Rows<T>>> {
    let mut statement = database.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut by_id: HashMap<i64, Rows<T>> = HashMap::new();
    while let Some(row) = rows.next()? {
        by_id
            .entry(row.get(0)?)
            .or_default()
            .push((row.get(1)?, row.get(2)?));
    }
    let named = by_id
        .into_iter()
        .filter_map(|(id, rows)| Some((attributes.get(&id)?.clone(), rows)));
    Ok(named.collect())
}

fn load_names(database: &Connection) -> Result<Vec<(i64, String)>> {
    let mut statement = database.prepare("SELECT id, dn FROM name ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Text that did not fit its column (a line feed in a list, bytes that are not UTF-8) is kept raw; it counts all the same.
fn add_odd_text(objects: &mut [Object], values: &HashMap<String, Rows<Vec<u8>>>) {
    let mut add = |attribute: &str, list: fn(&mut Object) -> &mut Vec<String>| {
        for (id, value) in values.get(attribute).map_or(&[][..], Vec::as_slice) {
            let place = objects.binary_search_by_key(id, |object| object.id);
            if let Some(object) = place.ok().and_then(|place| objects.get_mut(place)) {
                list(object).push(String::from_utf8_lossy(value).into_owned());
            }
        }
    };
    add("servicePrincipalName", |object| &mut object.spns);
    add("msDS-AllowedToDelegateTo", |object| {
        &mut object.delegates_to
    });
    add("msDS-AdditionalDnsHostName", |object| {
        &mut object.host_aliases
    });
    let mut append = |attribute: &str, text: fn(&mut Object) -> &mut Option<String>| {
        for (id, value) in values.get(attribute).map_or(&[][..], Vec::as_slice) {
            let place = objects.binary_search_by_key(id, |object| object.id);
            if let Some(object) = place.ok().and_then(|place| objects.get_mut(place)) {
                let all = text(object).get_or_insert_default();
                if !all.is_empty() {
                    all.push('\n');
                }
                all.push_str(&String::from_utf8_lossy(value));
            }
        }
    };
    append("description", |object| &mut object.description);
    append("info", |object| &mut object.info);
    append("comment", |object| &mut object.comment);
    append("adminDescription", |object| &mut object.admin_description);
}

/// Says of every user whether a password attribute is set. Who came by the query that asks for it has one. That the others
/// have none is known only of a reader who may read these attributes: a filter does not match what may not be read
/// (MS-ADTS 3.1.1.4.3), and ordinary users may not; an administrator of the domain may.
fn mark_passwords(
    database: &Connection,
    ledger: &[LedgerRow],
    objects: &mut [Object],
    administrator: bool,
) -> Result<()> {
    let Some(row) = ledger
        .iter()
        .find(|row| asks_for_passwords_set(&row.plan.name))
    else {
        return Ok(());
    };
    let mut statement = database.prepare(
        "SELECT object.id FROM object JOIN query ON query.id = object.query WHERE query.name = ?1",
    )?;
    let brought = statement
        .query_map([&row.plan.name], |row| row.get(0))?
        .collect::<Result<HashSet<i64>, _>>()?;
    let all = row.plan.name == USERS_WITH_PASSWORD;
    for object in objects
        .iter_mut()
        .filter(|object| object.kind == Kind::User)
    {
        let asked = all || !object.spns.is_empty();
        object.password_attribute = match brought.contains(&object.id) {
            true => Some(true),
            false => (asked && administrator && row.is_complete()).then_some(false),
        };
    }
    Ok(())
}

/// The domain head may be unreadable; then the domain is the one that most objects belong to.
fn most_common_domain(objects: &[Object]) -> Option<Sid> {
    let mut counts: HashMap<Sid, usize> = HashMap::new();
    for domain in objects
        .iter()
        .filter_map(|object| object.sid.as_ref()?.domain())
    {
        *counts.entry(domain).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(sid, _)| sid)
}

/// What follows the first comma that is not escaped (RFC 4514).
pub(crate) fn parent_dn(dn: &str) -> Option<&str> {
    let mut escaped = false;
    for (place, byte) in dn.bytes().enumerate() {
        match byte {
            b'\\' => escaped = !escaped,
            b',' if !escaped => return dn.get(place + 1..),
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents() {
        assert_eq!(parent_dn(r"CN=Dienst Müller\, Köln,OU=a"), Some("OU=a"));
        assert_eq!(parent_dn(r"CN=a\\,OU=b"), Some("OU=b"));
        assert_eq!(parent_dn("DC=a"), None);
    }
}
