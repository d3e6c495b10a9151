//! Every domain of a forest: one snapshot each, and one manifest over all.
//!
//! The attributes of managed service accounts are not in the global catalog, so each domain is asked by a domain
//! controller of its own. Deliberately does not follow trusts out of the forest.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::CollectExit;
use coldcase_schemas::forest::{FORMAT, ForestManifest, ForestMember};
use coldcase_schemas::plan::Scope;

use super::domain::{self, Done, naming_contexts};
use super::output::{Wanted, domain_name};
use super::{Run, summary};
use crate::ldap::{Connection, Search};
use crate::progress;
use crate::pseudonym::{Pseudonymizer, Sids};
use crate::reader::{Servers, first_text};

/// crossRefs of domains: FLAG_CR_NTDS_NC and FLAG_CR_NTDS_DOMAIN (MS-ADTS 2.2.11), by LDAP_MATCHING_RULE_BIT_AND.
const DOMAINS: &str = "(&(objectClass=crossRef)(systemFlags:1.2.840.113556.1.4.803:=3))";
/// More domains than any forest has.
const LIMIT: u32 = 1_000;

/// A domain of the forest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Domain {
    /// The object that describes it.
    dn: String,
    /// `None` if it may not be read.
    naming_context: Option<String>,
    dns_root: Option<String>,
}

impl Domain {
    fn name(&self) -> &str {
        self.dns_root.as_deref().unwrap_or(&self.dn)
    }
}

/// Collects every domain of the forest that the named server belongs to.
pub(super) fn collect(run: &Run<'_>) -> Result<CollectExit> {
    let folder = run.arguments.output.output.clone().unwrap_or_default();
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(&folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    let shown = &run.arguments.output;
    let mut servers = Servers::new(
        run.servers_named()?,
        run.way.clone(),
        run.identity.clone(),
        Arc::clone(&run.stop),
    );
    let mut opened = servers.open_any(&mut |note| progress::note(shown, &note))?;
    let contexts = naming_contexts(&opened.root_dse)?;
    let forest = first_text(&opened.root_dse, "rootDomainNamingContext").unwrap_or_default();
    let mut domains = domains(&mut opened.connection, &contexts.configuration)?;
    // The domain of the server comes first, whatever the configuration says.
    domains.retain(|domain| {
        let same = |name: &String| name.eq_ignore_ascii_case(&contexts.domain);
        !domain.naming_context.as_ref().is_some_and(same)
    });
    progress::note(
        shown,
        &format!(
            "domains in the forest of {}: {}",
            domain_name(&forest),
            domains.len() + 1
        ),
    );
    let wanted = Wanted::In(folder.clone());
    let mut members = vec![Member {
        name: domain_name(&contexts.domain),
        outcome: domain::collect_from(run, servers, opened, &wanted),
    }];
    for domain in &domains {
        let outcome = match &domain.dns_root {
            _ if run.stop.load(std::sync::atomic::Ordering::Relaxed) => {
                Err(anyhow::anyhow!("not asked: stopped by the user"))
            }
            None => Err(anyhow::anyhow!(
                "its DNS name may not be read, so no server of it can be found"
            )),
            Some(dns_root) => run
                .servers_of(dns_root)
                .map_err(anyhow::Error::from)
                .and_then(|candidates| domain::collect(run, candidates, &wanted)),
        };
        members.push(Member {
            name: domain.name().to_owned(),
            outcome,
        });
    }
    finish(run, &folder, &domain_name(&forest), members)
}

struct Member {
    name: String,
    outcome: Result<Done>,
}

fn domains(connection: &mut Connection, configuration: &str) -> Result<Vec<Domain>> {
    let base = format!("CN=Partitions,{configuration}");
    let search = Search {
        base: &base,
        scope: Scope::Subtree,
        filter: DOMAINS,
        attributes: &["nCName", "dnsRoot"],
        optional: false,
    };
    let page = connection.page(&search, LIMIT, Vec::new());
    if page.result_code != Some(0) || !page.cookie.is_empty() || page.malformed > 0 {
        bail!("the domains of the forest cannot be read: {}", page.text);
    }
    let mut domains = Vec::new();
    for decoded in page.entries {
        let attributes = &decoded.entry.attributes;
        domains.push(Domain {
            naming_context: first_text(attributes, "nCName"),
            dns_root: first_text(attributes, "dnsRoot"),
            dn: decoded.entry.dn.clone(),
        });
    }
    domains.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(domains)
}

fn finish(run: &Run<'_>, folder: &Path, forest: &str, members: Vec<Member>) -> Result<CollectExit> {
    let mut names = run
        .key
        .as_ref()
        .map(|key| Pseudonymizer::new(key.clone(), Sids::Keep, std::collections::BTreeSet::new()));
    let mut public = |name: &str| match &mut names {
        Some(names) => names.text(name),
        None => name.to_owned(),
    };
    let exits: Vec<CollectExit> = members
        .iter()
        .map(|member| match &member.outcome {
            Ok(done) => done.exit(),
            Err(_) => CollectExit::Failed,
        })
        .collect();
    let mut manifest = ForestManifest {
        format: FORMAT.to_owned(),
        format_version: 1,
        forest: public(forest),
        complete: exits.iter().all(|exit| *exit == CollectExit::Complete),
        domains: Vec::new(),
    };
    for member in members {
        if let Err(error) = &member.outcome {
            // Not a note: a domain that is missing is told even when nothing else is.
            let _ = writeln!(
                std::io::stderr(),
                "coldcase-collect: {}: {error:#}",
                member.name
            );
        }
        manifest.domains.push(match member.outcome {
            Ok(done) => described(&done)?,
            Err(error) => ForestMember {
                domain: public(&member.name),
                // The reason may hold names of its own.
                failure: if run.key.is_some() {
                    "it could not be collected".to_owned()
                } else {
                    format!("{error:#}")
                },
                ..ForestMember::default()
            },
        });
    }
    if exits.iter().all(|exit| *exit == CollectExit::Failed) {
        bail!("no domain of the forest could be collected");
    }
    let taken_at: String = manifest
        .domains
        .iter()
        .map(|member| member.taken_at.as_str())
        .filter(|taken_at| !taken_at.is_empty())
        .min()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let path = write(folder, &manifest, &taken_at)?;
    writeln!(
        std::io::stdout(),
        "\nForest {}: {} of {} domains completely; {}",
        manifest.forest,
        exits
            .iter()
            .filter(|exit| **exit == CollectExit::Complete)
            .count(),
        exits.len(),
        path.display()
    )?;
    Ok(if manifest.complete {
        CollectExit::Complete
    } else {
        CollectExit::Partial
    })
}

fn described(done: &Done) -> Result<ForestMember> {
    let (bytes, sha256) = summary::measure(&done.output)?;
    let manifest = &done.manifest;
    Ok(ForestMember {
        domain: manifest.domain.clone(),
        snapshot: done
            .output
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        bytes,
        sha256,
        server: manifest.server.clone(),
        taken_at: manifest.taken_at.clone(),
        complete: manifest.complete,
        missing: manifest.missing.clone(),
        failure: String::new(),
    })
}

fn write(folder: &Path, manifest: &ForestManifest, taken_at: &str) -> Result<PathBuf> {
    let path = folder.join(format!("forest-{}-{taken_at}.json", manifest.forest));
    let text = serde_json::to_string_pretty(manifest)?;
    File::create_new(&path)
        .and_then(|mut file| writeln!(file, "{text}"))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
