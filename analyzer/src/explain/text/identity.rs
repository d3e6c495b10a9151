//! The head: which account it is, and where it runs.

use std::io::{self, Write};

use coldcase_schemas::explain::Explanation;

use super::{fact, shown, told};
use crate::explain::words::{self, known, name, not_known, when};
use crate::report::{Style, visible};

pub(super) fn write(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let identity = &told_of.identity;
    let account = &told_of.account;
    let head = format!("{} ({})", told_of.name, kind(&account.kind));
    writeln!(out, "{}", style.bold(&visible(&head)))?;
    let snapshot = &told_of.snapshot;
    told(
        &format!("{}, taken {}", snapshot.domain, snapshot.taken_at),
        style,
        0,
        out,
    )?;
    if !identity.service_account {
        told(
            "This is no service account (gMSA, sMSA, dMSA, or user with a service principal name): rules on service \
             accounts do not judge it.",
            style,
            0,
            out,
        )?;
    }
    writeln!(out)?;
    let unknown = &identity.unknown;
    let state = match (identity.enabled, account.kind.as_str()) {
        (_, "group") => String::new(),
        (Some(true), _) => "enabled".to_owned(),
        (Some(false), _) => "disabled".to_owned(),
        (None, _) => not_known("userAccountControl", unknown).unwrap_or_default(),
    };
    let tier0 = if identity.tier0 {
        "in tier 0"
    } else {
        "not seen to be in tier 0"
    };
    let state = [state.as_str(), tier0];
    let state = state.iter().filter(|text| !text.is_empty());
    fact(
        "state",
        &state.copied().collect::<Vec<_>>().join(", "),
        style,
        out,
    )?;
    fact("DN", account.dn.as_deref().unwrap_or_default(), style, out)?;
    fact("SID", account.sid.as_deref().unwrap_or("none"), style, out)?;
    fact(
        "objectGUID",
        account.object_guid.as_deref().unwrap_or("not shown"),
        style,
        out,
    )?;
    // Others seldom have one, and need none.
    if account.kind == "user" || identity.user_principal_name.is_some() {
        let upn = identity.user_principal_name.as_deref();
        fact("UPN", &known(upn, "userPrincipalName", unknown), style, out)?;
    }
    let created = identity.created.as_ref().map(when);
    fact(
        "created",
        &known(created.as_deref(), "whenCreated", unknown),
        style,
        out,
    )?;
    let description = identity.description.as_deref();
    fact(
        "description",
        &known(description, "description", unknown),
        style,
        out,
    )?;
    if let Some(manager) = &identity.managed_by {
        fact("managed by", manager, style, out)?;
    }
    if account.kind == "group" {
        return Ok(());
    }
    services(told_of, style, out)?;
    hosts(told_of, style, out)
}

fn services(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let identity = &told_of.identity;
    let spns = &identity.spns;
    if spns.is_empty() {
        let none = known(None, "servicePrincipalName", &identity.unknown);
        return fact("SPNs", &none, style, out);
    }
    let shown = shown(style, spns.len());
    for (number, spn) in spns.iter().take(shown).enumerate() {
        let label = if number == 0 { "SPNs" } else { "" };
        let host = match &spn.computer {
            Some(computer) => format!(" (on {})", name(computer)),
            None => " (no computer of the snapshot has that name)".to_owned(),
        };
        fact(label, &format!("{}{host}", spn.spn), style, out)?;
    }
    more(spns.len(), shown, style, out)
}

fn hosts(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let hosts = &told_of.identity.hosts;
    let unknown = not_known("msDS-GroupMSAMembership", &told_of.identity.unknown);
    let shown = shown(style, hosts.len());
    for (number, host) in hosts.iter().take(shown).enumerate() {
        let label = if number == 0 { "hosts" } else { "" };
        fact(label, &words::host(host), style, out)?;
    }
    more(hosts.len(), shown, style, out)?;
    let installed = not_known("msDS-HostServiceAccount", &told_of.identity.unknown);
    if let Some(why) = &installed {
        fact(
            if hosts.is_empty() { "hosts" } else { "" },
            &format!("those that it is installed on are {why}"),
            style,
            out,
        )?;
    }
    match (hosts.is_empty() && installed.is_none(), unknown) {
        (_, Some(why)) => fact(
            if hosts.is_empty() && installed.is_none() {
                "hosts"
            } else {
                ""
            },
            &format!("those that may read its password are {why}"),
            style,
            out,
        ),
        (true, None) => fact("hosts", "the directory names none", style, out),
        (false, None) => Ok(()),
    }
}

fn more(count: usize, shown: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match count.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(more) => fact(
            "",
            &format!("… and {more} more (--all shows them)"),
            style,
            out,
        ),
    }
}

/// What people call a kind.
fn kind(kind: &str) -> &str {
    match kind {
        "gmsa" => "group managed service account",
        "smsa" => "standalone managed service account",
        "dmsa" => "delegated managed service account",
        other => other,
    }
}
