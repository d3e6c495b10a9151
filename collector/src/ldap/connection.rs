//! A bound connection that reads pages.
//!
//! Owns paging and range retrieval. Deliberately does not decide what to ask and does not retry: a broken connection
//! is reported to the reader, and not asked again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use coldcase_schemas::plan::Scope;
use coldcase_schemas::{Entry, RawAttribute};
use ldap3::exop::WhoAmI;
use ldap3::result::ExopResult;
use ldap3::{LdapConn, LdapError, ResultEntry, SearchOptions};

use super::entry::Decoded;
use super::failure::{self, Failure};
use super::page::Page;
use super::{control, entry, range};
use crate::transport::{self, Identity, Server, Way};

/// Values of one attribute of one object; a server that offers more is stopped there and the list marked as cut short.
const VALUE_LIMIT: usize = 10_000_000;

/// How much longer than the server's own limit an answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// What is asked of the root DSE (MS-ADTS 3.1.1.3.2), by name like everything else.
const ROOT_DSE: &[&str] = &[
    "defaultNamingContext",
    "rootDomainNamingContext",
    "configurationNamingContext",
    "schemaNamingContext",
    "namingContexts",
    "dnsHostName",
    "serverName",
    "dsServiceName",
    "currentTime",
    "highestCommittedUSN",
    "domainFunctionality",
    "forestFunctionality",
    "domainControllerFunctionality",
    "supportedCapabilities",
    "supportedControl",
    "supportedLDAPPolicies",
    "isGlobalCatalogReady",
    "tokenGroups",
];

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    /// RFC 4515 text.
    pub(crate) filter: &'a str,
    /// lDAPDisplayNames.
    pub(crate) attributes: &'a [&'a str],
    /// True if the base may be missing.
    pub(crate) optional: bool,
}

/// A bound connection.
#[derive(Debug)]
pub(crate) struct Connection {
    ldap: LdapConn,
    timeout: Duration,
    /// Set when the user wants the program to end.
    stop: Arc<AtomicBool>,
    /// A server that fell silent once would be waited for again with every question.
    lost: bool,
}

impl Connection {
    /// Connects and binds. Searches end early once `stop` is set.
    pub(crate) fn open(
        server: &Server,
        way: &Way,
        identity: &Identity,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            ldap: transport::open(server, way, identity)?,
            timeout: way.timeout,
            stop,
            lost: false,
        })
    }

    /// True once the connection can no longer be used: then nothing comes, which does not mean that nothing is there.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Who the server says we are (RFC 4532): `u:CORP\auditor` or `dn:…`, without the prefix. `None` if it does not say.
    pub(crate) fn who_am_i(&mut self) -> Option<String> {
        let ExopResult(answer, result) =
            self.ldap.with_timeout(self.timeout).extended(WhoAmI).ok()?;
        let said = String::from_utf8(answer.val.filter(|_| result.rc == 0)?).ok()?;
        let name = said
            .strip_prefix("u:")
            .or(said.strip_prefix("dn:"))
            .unwrap_or(&said);
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The root DSE (MS-ADTS 3.1.1.3.2).
    pub(crate) fn root_dse(&mut self) -> Result<Vec<RawAttribute>, Failure> {
        let mut page = Page::default();
        let found = self.read(
            &mut page,
            "",
            Scope::Base,
            "(objectClass=*)",
            ROOT_DSE,
            Vec::new(),
        );
        match (found.into_iter().next(), page.result_code) {
            (Some(decoded), Some(0)) => Ok(decoded.entry.attributes),
            _ => Err(Failure::new(format!(
                "the server did not tell its naming contexts: {}",
                page.text
            ))),
        }
    }

    /// The next page of `query` below `base`. Ranged attributes are fetched by [`Self::complete`], entry by entry.
    pub(crate) fn page(&mut self, search: &Search<'_>, size: u32, cookie: Vec<u8>) -> Page {
        let mut page = Page {
            limit: 2 * size as usize,
            ..Page::default()
        };
        let controls = vec![control::paged(size, cookie), control::sd_flags()];
        page.entries = self.read(
            &mut page,
            search.base,
            search.scope,
            search.filter,
            search.attributes,
            controls,
        );
        page
    }

    /// One object by its DN, or by `<GUID=…>` (MS-ADTS 3.1.1.3.1.2.4); `None` if it is not there or did not come.
    pub(crate) fn object(&mut self, dn: &str, attributes: &[&str]) -> Option<Entry> {
        let mut page = Page::default();
        let found = self.read(
            &mut page,
            dn,
            Scope::Base,
            "(objectClass=*)",
            attributes,
            Vec::new(),
        );
        Some(self.complete(found.into_iter().next()?).0)
    }

    /// Asks for next to nothing, so that an idle connection is not closed (MaxConnIdleTime, 900 seconds by default).
    pub(crate) fn keep_alive(&mut self) {
        let mut page = Page::default();
        self.read(
            &mut page,
            "",
            Scope::Base,
            "(objectClass=*)",
            &["currentTime"],
            Vec::new(),
        );
    }

    /// Fetches what is missing of an entry's ranged attributes. The flag tells that the connection was lost.
    pub(crate) fn complete(&mut self, decoded: Decoded) -> (Entry, bool) {
        let Decoded {
            mut entry,
            unfinished,
        } = decoded;
        let mut lost = false;
        for (position, next) in unfinished {
            let dn = entry.dn.clone();
            if let Some(attribute) = entry.attributes.get_mut(position) {
                attribute.complete = !lost && self.rest_of_range(&mut lost, &dn, attribute, next);
            }
        }
        (entry, lost)
    }

    /// Fetches the remaining pieces of a ranged attribute; false if the list stays cut short.
    fn rest_of_range(
        &mut self,
        lost: &mut bool,
        dn: &str,
        attribute: &mut RawAttribute,
        mut next: usize,
    ) -> bool {
        while attribute.values.len() < VALUE_LIMIT {
            let wanted = range::from(&attribute.name, next);
            let mut piece = Page::default();
            let found = self.read(
                &mut piece,
                dn,
                Scope::Base,
                "(objectClass=*)",
                &[wanted.as_str()],
                Vec::new(),
            );
            *lost |= piece.connection_lost;
            let Some(Decoded {
                mut entry,
                unfinished,
            }) = found.into_iter().next()
            else {
                return false;
            };
            let Some(more) = entry
                .attributes
                .iter_mut()
                .find(|more| more.name.eq_ignore_ascii_case(&attribute.name))
            else {
                return false;
            };
            if more.values.is_empty() || self.stop.load(Ordering::Relaxed) {
                return false;
            }
            attribute.values.append(&mut more.values);
            match unfinished.first() {
                None => return piece.result_code == Some(0),
                Some((_, after)) if *after > next => next = *after,
                Some(_) => return false,
            }
        }
        false
    }

    /// One search operation. What it brings is returned, how it ended is written into `page`.
    fn read(
        &mut self,
        page: &mut Page,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        controls: Vec<ldap3::controls::RawControl>,
    ) -> Vec<Decoded> {
        if self.lost {
            page.connection_lost = true;
            page.text = "the connection was lost before".to_owned();
            return Vec::new();
        }
        let found = self.ask(page, base, scope, filter, attributes, controls);
        self.lost = page.connection_lost;
        found
    }

    fn ask(
        &mut self,
        page: &mut Page,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        controls: Vec<ldap3::controls::RawControl>,
    ) -> Vec<Decoded> {
        let mut found = Vec::new();
        let scope = match scope {
            Scope::Base => ldap3::Scope::Base,
            Scope::Subtree => ldap3::Scope::Subtree,
        };
        let seconds = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        // The server's own limit comes first: its answer tells more than silence.
        self.ldap
            .with_timeout(self.timeout + GRACE)
            .with_search_options(SearchOptions::new().timelimit(seconds));
        if !controls.is_empty() {
            self.ldap.with_controls(controls);
        }
        let mut stream = match self.ldap.streaming_search(base, scope, filter, attributes) {
            Ok(stream) => stream,
            Err(error) => {
                page.broke(&error);
                return found;
            }
        };
        let mut items = 0;
        loop {
            match stream.next() {
                Ok(Some(_)) if items >= page.limit => {
                    page.connection_lost = true;
                    page.text =
                        format!("the server sent more than {} entries in a page", page.limit);
                    return found;
                }
                Ok(Some(_)) if self.stop.load(Ordering::Relaxed) => {
                    page.connection_lost = true;
                    page.text = "stopped by the user".to_owned();
                    return found;
                }
                Ok(Some(item)) => {
                    items += 1;
                    take(item, page, &mut found);
                }
                Ok(None) => break,
                Err(error) => {
                    page.broke(&error);
                    return found;
                }
            }
        }
        let result = stream.result();
        page.result_code = Some(result.rc);
        page.text = failure::describe(&result);
        match control::cookie(&result.ctrls) {
            Ok(cookie) => page.cookie = cookie.unwrap_or_default(),
            Err(why) => {
                page.result_code = None;
                page.text = why.to_owned();
            }
        }
        found
    }
}

impl Page {
    fn broke(&mut self, error: &LdapError) {
        self.connection_lost = true;
        self.result_code = None;
        self.text = failure::innermost(error);
    }
}

fn take(item: ResultEntry, page: &mut Page, found: &mut Vec<Decoded>) {
    if item.is_ref() {
        page.references += 1;
    } else if !item.is_intermediate() {
        match entry::decode(item.0) {
            Ok(decoded) => found.push(decoded),
            Err(_) => page.malformed += 1,
        }
    }
}
