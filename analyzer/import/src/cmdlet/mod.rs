//! Get-ADServiceAccount: managed service accounts as Export-Csv, ConvertTo-Json or Export-Clixml wrote them.
//!
//! Owns the three forms, what each of them loses, and what an export of them would have shown. Deliberately believes no
//! property that the cmdlet computes where the attribute itself is there, and never that all accounts were asked for.
//!
//! Memory is bounded by one account (at most 16 MiB of text and [`VALUES`] values) and by the names of at most
//! [`NAMES`] accounts and readers.

mod account;
mod answer;
mod clixml;
mod escape;
mod form;
mod json;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::Read;

use coldcase_schemas::plan::{NamingContexts, Query};

use self::account::{Account, Principal, convert};
use self::answer::Shown;
use self::clixml::Clixml;
pub use self::form::{Form, recognise};
use self::json::Json;
use self::table::Table;
use self::text::Text;
use self::value::{Reading, Refusal, Value};
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Claim, Export, Format, KnownBits, Label, Object, Record, Right};
use crate::limits;

/// Values of one account.
const VALUES: usize = 500_000;
/// Accounts whose SIDs are remembered, and principals that are looked for among them at the end.
const NAMES: usize = 100_000;
/// Bytes by which a file is recognised.
const FIRST: u64 = 4_096;

/// Properties of an account by name.
type Properties = Vec<(String, Value)>;
/// Where an account is and what it says, or why it cannot be read.
type Found = (Place, Result<Properties, String>);

enum Accounts<R> {
    Csv(Table<R>),
    Json(Json<R>),
    Clixml(Clixml<R>),
}

impl<R: Read> Accounts<R> {
    fn next_account(&mut self) -> Result<Option<Found>, ImportError> {
        match self {
            Self::Csv(table) => table.next_account(),
            Self::Json(json) => json.next_account(),
            Self::Clixml(xml) => xml.next_account(),
        }
    }

    fn read(&self) -> u64 {
        match self {
            Self::Csv(table) => table.text().read,
            Self::Json(json) => json.text().read,
            Self::Clixml(xml) => xml.text().read,
        }
    }

    fn reading(&self) -> Reading {
        match self {
            Self::Csv(table) => Reading {
                cell: true,
                ascii: table.ascii(),
            },
            _ => Reading {
                cell: false,
                ascii: false,
            },
        }
    }
}

/// A principal that is known by its DN only, until all accounts were read.
struct Named {
    place: Place,
    /// SID of the account that it has a right over.
    object: String,
    dn: String,
    right: &'static str,
    principal: String,
}

/// A file of accounts being read.
pub struct ServiceAccounts<R> {
    label: Label,
    accounts: Accounts<R>,
    length: u64,
    shown: Shown,
    objects: u64,
    /// SIDs of the accounts by DN in lower case.
    sids: HashMap<String, String>,
    named: Vec<Named>,
    /// Principals without a SID: how many, by account and right, with where it is.
    nameless: BTreeMap<(String, &'static str), (Place, u64)>,
    /// Attributes that the export lost: how often, and where first.
    lost: BTreeMap<String, (Place, u64)>,
    queue: VecDeque<Record>,
    ended: bool,
}

impl<R: Read> ServiceAccounts<R> {
    /// Opens a file. `name`: of the file, for places; `length`: its bytes.
    ///
    /// # Errors
    /// It is too large, cannot be read, or [`recognise`] does not know it.
    pub fn open(name: &str, mut input: R, length: u64) -> Result<Self, ImportError> {
        if length > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::File(name.to_owned()),
                what: format!("a file of {length} bytes"),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        let mut first = Vec::new();
        (&mut input).take(FIRST).read_to_end(&mut first)?;
        let Some(form) = recognise(&first) else {
            return Err(ImportError::Unsupported(
                "it holds no managed service accounts as Get-ADServiceAccount shows them"
                    .to_owned(),
            ));
        };
        let text = Text::new(first, input);
        let name = name.to_owned();
        let mut shown = Shown::new(form);
        let accounts = match form {
            Form::Csv => {
                let table = Table::open(text)?;
                shown.columns(table.header());
                Accounts::Csv(table)
            }
            Form::Json => Accounts::Json(Json::new(name, text)),
            Form::Clixml => Accounts::Clixml(Clixml::new(name, text)),
        };
        Ok(Self {
            label: Label {
                format: Format::ServiceAccountCmdlet,
                variant: form.as_str().to_owned(),
                server: String::new(),
                taken_at: None,
                description: String::new(),
            },
            accounts,
            length,
            shown,
            objects: 0,
            sids: HashMap::new(),
            named: Vec::new(),
            nameless: BTreeMap::new(),
            lost: BTreeMap::new(),
            queue: VecDeque::new(),
            ended: false,
        })
    }

    fn found(&mut self, (place, properties): Found) -> Result<(), ImportError> {
        self.objects += 1;
        if self.objects > limits::OBJECTS {
            return Err(ImportError::TooLarge {
                place,
                what: format!("{} accounts", self.objects),
                limit: limits::OBJECTS.to_string(),
            });
        }
        let converted = properties
            .map_err(|what| (None, what))
            .and_then(|properties| convert(&properties, self.accounts.reading()));
        match converted {
            Ok(account) => self.account(place, account),
            Err((dn, what)) => {
                self.shown.left_out();
                self.queue.push_back(Record::Trouble(Trouble {
                    place,
                    dn,
                    attribute: None,
                    what: format!("{what}; the account was left out"),
                }));
            }
        }
        Ok(())
    }

    fn account(&mut self, place: Place, account: Account) {
        self.shown.account(&account);
        let dn = account.entry.dn.clone();
        for defect in account.defects {
            match (defect.refusal, defect.attribute) {
                (Refusal::Lost, Some(attribute)) => {
                    let first = self.lost.entry(attribute);
                    first.or_insert_with(|| (place.clone(), 0)).1 += 1;
                }
                (Refusal::Lost, None) => {}
                (Refusal::Wrong(what), attribute) => {
                    if let Some(attribute) = &attribute {
                        self.shown.refused(attribute);
                    }
                    self.trouble(&place, &dn, attribute, what);
                }
            }
        }
        let sid = account.sid;
        if let Some(sid) = &sid
            && self.sids.len() < NAMES
        {
            self.sids.insert(dn.to_lowercase(), sid.clone());
        }
        self.queue.push_back(Record::Object(Object {
            place: place.clone(),
            entry: account.entry,
            rounded: Vec::new(),
        }));
        let Some(object) = sid else {
            if !account.rights.is_empty() || account.bits.is_some() {
                let what = "it shows no SID: what the export claims of it is left out".to_owned();
                self.trouble(&place, &dn, None, what);
            }
            return;
        };
        if let Some((mask, value)) = account.bits {
            self.queue.push_back(Record::Claim(Claim::Bits(KnownBits {
                place: place.clone(),
                object: object.clone(),
                attribute: "userAccountControl".to_owned(),
                mask,
                value,
            })));
        }
        for (right, principal) in account.rights {
            match principal {
                Principal::Sid(trustee) => {
                    self.right(place.clone(), object.clone(), trustee, right);
                }
                Principal::Name(principal) if self.named.len() < NAMES => {
                    self.named.push(Named {
                        place: place.clone(),
                        object: object.clone(),
                        dn: dn.clone(),
                        right,
                        principal,
                    });
                }
                Principal::Name(_) => self.without_sid(dn.clone(), right, place.clone()),
            }
        }
    }

    fn right(&mut self, place: Place, object: String, trustee: String, right: &str) {
        self.queue.push_back(Record::Claim(Claim::Right(Right {
            place,
            object,
            trustee,
            right: right.to_owned(),
            inherited: None,
        })));
    }

    fn without_sid(&mut self, dn: String, right: &'static str, place: Place) {
        self.shown.nameless();
        if self.nameless.len() < NAMES || self.nameless.contains_key(&(dn.clone(), right)) {
            let count = self.nameless.entry((dn, right));
            count.or_insert((place, 0)).1 += 1;
        }
    }

    fn trouble(&mut self, place: &Place, dn: &str, attribute: Option<String>, what: String) {
        self.queue.push_back(Record::Trouble(Trouble {
            place: place.clone(),
            dn: Some(dn.to_owned()),
            attribute,
            what,
        }));
    }

    /// What only all accounts together tell.
    fn finish(&mut self) {
        for named in std::mem::take(&mut self.named) {
            match self.sids.get(&named.principal.to_lowercase()) {
                Some(trustee) => {
                    let trustee = trustee.clone();
                    self.right(named.place, named.object, trustee, named.right);
                }
                None => self.without_sid(named.dn, named.right, named.place),
            }
        }
        for ((dn, right), (place, count)) in std::mem::take(&mut self.nameless) {
            let what = format!(
                "{count} who are said to have {right} are known by name only, without a SID: the right is left out"
            );
            self.trouble(&place, &dn, None, what);
        }
        for (attribute, (place, count)) in &self.lost {
            self.shown.lost(attribute);
            self.queue.push_back(Record::Trouble(Trouble {
                place: place.clone(),
                dn: None,
                attribute: Some(attribute.clone()),
                what: format!(
                    "the export shows that it is there and not what it is, for {count} accounts"
                ),
            }));
        }
    }
}

impl<R: Read> Export for ServiceAccounts<R> {
    fn label(&self) -> &Label {
        &self.label
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        loop {
            if let Some(record) = self.queue.pop_front() {
                return Ok(Some(record));
            }
            if self.ended {
                return self.shown.take_broken().map_or(Ok(None), Err);
            }
            let outcome = match self.accounts.next_account() {
                Ok(Some(found)) => self.found(found),
                Ok(None) => {
                    self.ended = true;
                    self.finish();
                    Ok(())
                }
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                // What the accounts before say together is told first.
                self.ended = true;
                self.finish();
                self.shown.broke(error);
            }
        }
    }

    fn answer(&self, query: &Query, _: &NamingContexts) -> Answer {
        self.shown.answer(query)
    }

    fn limits(&self) -> Vec<String> {
        self.shown.limits()
    }

    fn progress(&self) -> (u64, u64) {
        (self.accounts.read().min(self.length), self.length)
    }
}
