//! What would be asked and why, for the person who must approve it. Sends nothing.

use std::io::{self, Write};

use anyhow::{Result, bail};
use coldcase_schemas::attribute::{ATTRIBUTES, SECRETS, find};
use coldcase_schemas::plan::{NamingContexts, Query, Selection};

use crate::arguments::{Arguments, Scope, Transport};
use crate::sysvol;
use crate::wrapping::{WIDTH, wrapped};

/// Prints every attribute with its reason, or one of them.
pub(crate) fn attributes(name: Option<&str>) -> Result<()> {
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        for attribute in ATTRIBUTES {
            writeln!(out, "{}", attribute.name)?;
            writeln!(out, "    {}", attribute.reason)?;
        }
        writeln!(
            out,
            "\nNever asked for, and dropped if a server sends them anyway:"
        )?;
        wrapped(&mut out, "    ", &SECRETS.join(", "))?;
        writeln!(
            out,
            "\nTaken from group policy files, only with --sysvol, and nothing else from them:"
        )?;
        for (section, name) in sysvol::listed() {
            wrapped(&mut out, "    ", &format!("{section}: {name}"))?;
        }
        return Ok(());
    };
    if let Some(secret) = SECRETS
        .iter()
        .find(|secret| secret.eq_ignore_ascii_case(name))
    {
        writeln!(
            out,
            "{secret} holds a secret: it is never asked for, and dropped if a server sends it anyway."
        )?;
        return Ok(());
    }
    let Some((_, attribute)) = find(name) else {
        bail!("{name} is not asked for; `coldcase-collect explain` lists what is");
    };
    writeln!(out, "{}", attribute.name)?;
    writeln!(out, "    {}", attribute.reason)?;
    let asked: Vec<&str> = Selection::All
        .queries()
        .into_iter()
        .filter(|query| query.attributes().contains(&attribute.name))
        .map(|query| query.name)
        .collect();
    wrapped(&mut out, "    asked for in: ", &asked.join(", "))?;
    Ok(())
}

/// Prints every query as it would be sent.
pub(crate) fn queries(arguments: &Arguments) -> Result<()> {
    let contexts = contexts(arguments.target.domain.as_deref());
    let selection = match arguments.reading.scope {
        Scope::All => Selection::All,
        Scope::ServiceAccounts => Selection::ServiceAccounts,
    };
    let mut out = io::stdout().lock();
    preface(&mut out, arguments)?;
    for (number, query) in selection.queries().into_iter().enumerate() {
        writeln!(out)?;
        wrapped(
            &mut out,
            "",
            &format!("{}. {}: {}", number + 1, query.name, query.about),
        )?;
        print(&mut out, query, &contexts)?;
    }
    writeln!(out)?;
    wrapped(
        &mut out,
        "",
        "Where a server gives a list of values in pieces (member;range=0-1499), the rest is asked for object by object. An \
         idle connection asks for currentTime of the root DSE every minute.",
    )?;
    if arguments.privacy.pseudonyms.is_some() {
        wrapped(
            &mut out,
            "",
            "Before, for --pseudonyms: name and sAMAccountName of critical groups and containers, which stay readable \
             (isCriticalSystemObject=TRUE).",
        )?;
    }
    if arguments.target.forest {
        wrapped(
            &mut out,
            "",
            "For --forest: nCName and dnsRoot of the crossRef objects in CN=Partitions; then all of this of each domain, \
             by a domain controller of its own.",
        )?;
    }
    if arguments.reading.sysvol.is_some() {
        wrapped(
            &mut out,
            "",
            "For --sysvol: files of the folder, of which `coldcase-collect explain` lists the settings that are kept.",
        )?;
    }
    wrapped(
        &mut out,
        "",
        "Afterwards, for up to 10 objects of each class in which an attribute never came, a base search for \
         allowedAttributes and replPropertyMetaData, which tell why.",
    )?;
    wrapped(&mut out, "Never asked for: ", &SECRETS.join(", "))?;
    Ok(())
}

fn preface(out: &mut impl Write, arguments: &Arguments) -> Result<()> {
    let reading = &arguments.reading;
    let protection = match arguments.target.transport {
        Transport::Ldaps => "over TLS (LDAPS, port 636)",
        Transport::Starttls => "over TLS (StartTLS, port 389)",
        Transport::Sealed => "on port 389, encrypted by Kerberos or NTLM",
        Transport::Plain => "on port 389 WITHOUT ENCRYPTION",
    };
    let rate = reading
        .rate
        .map_or("as fast as the server answers".to_owned(), |rate| {
            format!("at most {rate} objects a second on average")
        });
    wrapped(
        out,
        "",
        &format!(
            "One connection {protection}, read-only LDAP searches one after the other, pages of {} objects, {rate}. \
             Nothing is written to the directory. First the root DSE (naming contexts, name, clock and abilities of the \
             server) and invocationId of the server's own object are read; then the queries below.",
            reading.page_size,
        ),
    )?;
    wrapped(
        out,
        "",
        &format!(
            "Every search carries two critical controls: paged results (1.2.840.113556.1.4.319) and SD flags \
             (1.2.840.113556.1.4.801, value 7: owner, group and DACL, no SACL), and a time limit of {} seconds. Large \
             queries are asked in parts of about {} objects, by adding (uSNCreated>=N)(uSNCreated<=M) to the filter.",
            arguments.target.timeout, reading.partition_size
        ),
    )?;
    if arguments.target.server.is_none() && arguments.target.domain.is_some() {
        wrapped(
            out,
            "",
            "The domain controller is found by a DNS query for SRV records and an LDAP ping (UDP, port 389).",
        )?;
    }
    Ok(())
}

fn print(out: &mut impl Write, query: &Query, contexts: &NamingContexts) -> io::Result<()> {
    writeln!(out, "   base    {}", query.base(contexts))?;
    writeln!(out, "   scope   {}", query.scope.as_str())?;
    filter(out, query.filter)?;
    wrapped(out, "   attrs   ", &query.attributes().join(", "))
}

/// The filter, broken between its parts only: put together it is what is sent.
fn filter(out: &mut impl Write, filter: &str) -> io::Result<()> {
    let mut line = "   filter  ".to_owned();
    let indent = line.len();
    for part in filter.split_inclusive(')') {
        if line.len() > indent && line.len() + part.len() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
        }
        line.push_str(part);
    }
    writeln!(out, "{line}")
}

/// The naming contexts as far as they are known without asking.
fn contexts(domain: Option<&str>) -> NamingContexts {
    let domain = domain.map_or_else(
        || "<the domain>".to_owned(),
        |name| {
            let labels: Vec<String> = name.split('.').map(|label| format!("DC={label}")).collect();
            labels.join(",")
        },
    );
    NamingContexts {
        domain,
        configuration: "CN=Configuration,<the forest>".to_owned(),
        schema: "CN=Schema,CN=Configuration,<the forest>".to_owned(),
    }
}
