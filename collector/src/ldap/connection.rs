//! A bound LDAPS connection that reads pages.
//!
//! Owns TLS trust, the simple bind, paging and range retrieval. Deliberately does not decide what to ask
//! and does not retry: a broken connection is reported and written down.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coldcase_schemas::plan::{Query, Scope};
use coldcase_schemas::{Entry, RawAttribute};
use ldap3::{LdapConn, LdapConnSettings, LdapError, ResultEntry, SearchOptions};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::entry::Decoded;
use super::failure::{self, Failure};
use super::page::Page;
use super::{control, entry, range};

/// Values of one attribute of one object; a server that offers more is stopped there and the list marked as cut short.
const VALUE_LIMIT: usize = 10_000_000;

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
];

/// Where to connect and whom to trust.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// HOST or HOST:PORT.
    pub(crate) server: String,
    /// The only trusted authorities; the system's if `None`.
    pub(crate) authorities: Option<RootCertStore>,
    /// Longest wait for one answer.
    pub(crate) timeout: Duration,
}

/// A simple bind (RFC 4513, section 5.1.3).
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A bound connection.
#[derive(Debug)]
pub(crate) struct Connection {
    ldap: LdapConn,
    timeout: Duration,
}

impl Connection {
    /// Connects over TLS and binds.
    pub(crate) fn open(target: &Target, credentials: &Credentials) -> Result<Self, Failure> {
        let address = with_port(&target.server);
        let mut settings = LdapConnSettings::new().set_conn_timeout(target.timeout);
        if let Some(authorities) = &target.authorities {
            settings = settings.set_config(client_config(authorities.clone())?);
        }
        let mut ldap = LdapConn::with_settings(settings, &format!("ldaps://{address}"))
            .map_err(|error| failure::connecting(&address, &error))?;
        let result = ldap
            .with_timeout(target.timeout)
            .simple_bind(&credentials.user, &credentials.password)
            .map_err(|error| failure::connecting(&address, &error))?;
        if result.rc != 0 {
            return Err(failure::binding(&credentials.user, &result));
        }
        Ok(Self {
            ldap,
            timeout: target.timeout,
        })
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
    pub(crate) fn page(&mut self, query: &Query, base: &str, size: u32, cookie: Vec<u8>) -> Page {
        let mut page = Page {
            limit: 2 * size as usize,
            ..Page::default()
        };
        let controls = vec![control::paged(size, cookie), control::sd_flags()];
        page.entries = self.read(
            &mut page,
            base,
            query.scope,
            query.filter,
            &query.attributes(),
            controls,
        );
        page
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
        let mut found = Vec::new();
        let scope = match scope {
            Scope::Base => ldap3::Scope::Base,
            Scope::Subtree => ldap3::Scope::Subtree,
        };
        let seconds = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        self.ldap
            .with_timeout(self.timeout)
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
        loop {
            match stream.next() {
                Ok(Some(_)) if found.len() >= page.limit => {
                    page.connection_lost = true;
                    page.text =
                        format!("the server sent more than {} entries in a page", page.limit);
                    return found;
                }
                Ok(Some(item)) => take(item, page, &mut found),
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

/// Reads the certificates of a PEM file.
pub(crate) fn read_authorities(path: &Path) -> Result<RootCertStore, Failure> {
    let name = path.display();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| Failure::new(format!("{name} cannot be read: {error}")))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| store.add(certificate).map_err(|error| error.to_string()))
            .map_err(|error| {
                Failure::new(format!(
                    "{name} holds a certificate that is not valid: {error}"
                ))
            })?;
    }
    if store.is_empty() {
        return Err(Failure::new(format!(
            "{name} holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)"
        )));
    }
    Ok(store)
}

fn client_config(authorities: RootCertStore) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(format!("TLS: {error}")))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// `host` as `host:636`; an IPv6 address gets its brackets.
fn with_port(server: &str) -> String {
    if server.parse::<std::net::Ipv6Addr>().is_ok() {
        return format!("[{server}]:636");
    }
    match server.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => server.to_owned(),
        _ => format!("{server}:636"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        assert_eq!(with_port("dc1"), "dc1:636");
        assert_eq!(with_port("dc1:3269"), "dc1:3269");
        assert_eq!(with_port("::1"), "[::1]:636");
        assert_eq!(with_port("[::1]:700"), "[::1]:700");
    }
}
