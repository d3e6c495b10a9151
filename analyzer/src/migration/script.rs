//! PowerShell that makes the new account and hands the service over, to be reviewed before it is run.
//!
//! Owns what both scripts share: head, values, and the order of their lines. Every value of the directory is a
//! [`literal`], objects are known by objectGUID. Deliberately writes no password, changes nothing without `-Execute`, and
//! carries over no privilege by itself.

use coldcase_schemas::migration::{AccountPlan, HeldGroup, Target};
use coldcase_schemas::report::Subject;

use super::inherited::NOT_DELEGATED;
use super::new_name::hosts_group;
use super::powershell::{array, literal};
use super::{rollback, verdict};
use crate::frames::{Analysis, PROTOCOL_TRANSITION};
use crate::report::{name_of, visible};

/// What a script is made of.
pub(super) struct Values<'a> {
    pub(super) plan: &'a AccountPlan,
    pub(super) target: Target,
    /// Name of the new account, without `$`.
    name: String,
    /// DNS name of the domain.
    domain: &'a str,
    /// `corp.example at 2026-08-31T06:00:00Z`.
    origin: String,
    /// Whether a root key must be made before.
    root_key: bool,
}

/// A script a line at a time, each with its indent.
#[derive(Default)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    pub(super) fn add(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    /// A comment; names in it are made visible, so that none begins a line.
    pub(super) fn comment(&mut self, indent: &str, text: &str) {
        self.0.push(format!("{indent}# {}", visible(text)));
    }

    /// With the line ends that Windows writes.
    pub(super) fn finish(self) -> String {
        let mut text = self.0.join("\r\n");
        text.push_str("\r\n");
        text
    }
}

/// Both scripts: to migrate and to roll back. `None` if a value cannot stand in a script.
pub(super) fn scripts(
    analysis: &Analysis,
    plan: &AccountPlan,
    root_key: bool,
) -> Option<(String, String)> {
    let manifest = &analysis.directory.manifest;
    let values = Values {
        plan,
        target: verdict::target_of(plan.verdict)?,
        name: plan.new_name.clone()?,
        domain: &manifest.domain,
        origin: format!("{} at {}", manifest.domain, manifest.taken_at),
        root_key,
    };
    Some((migrate(&values)?, rollback::script(&values)?))
}

/// What identifies an object for good: objectGUID, else SID.
pub(super) fn identity(subject: &Subject) -> Option<String> {
    literal(subject.object_guid.as_deref().or(subject.sid.as_deref())?)
}

/// The beginning of both scripts.
pub(super) fn head(values: &Values<'_>, purpose: &str, phases: &[&str]) -> Option<Lines> {
    let mut lines = Lines::default();
    let plan = values.plan;
    lines.comment("", "REVIEW BEFORE RUNNING.");
    lines.comment("", &format!("{purpose}: {}", plan.name));
    lines.comment(
        "",
        &format!(
            "Written by Coldcase from the snapshot of {}.",
            values.origin
        ),
    );
    lines.comment(
        "",
        "Every value is the snapshot's: compare them with the directory of today.",
    );
    lines.comment(
        "",
        "Without -Execute nothing is changed: commands only say what they would do.",
    );
    lines.add("#requires -Modules ActiveDirectory");
    lines.add("[CmdletBinding()]");
    lines.add("param(");
    if !phases.is_empty() {
        let phases = array(phases.iter().copied())?;
        let set = phases.trim_start_matches("@(").trim_end_matches(')');
        lines.add(format!(
            "    [Parameter(Mandatory)] [ValidateSet({set})] [string] $Phase,"
        ));
    }
    lines.add("    [switch] $Execute");
    lines.add(")");
    lines.add("Set-StrictMode -Version Latest");
    lines.add("# A preview goes on where a command misses what an earlier one would have made.");
    lines.add("$ErrorActionPreference = if ($Execute) { 'Stop' } else { 'Continue' }");
    lines.add("$preview = -not $Execute");
    lines.add("");
    lines.comment(
        "",
        &format!("The user account, by its objectGUID: {}", plan.name),
    );
    lines.add(format!("$old = {}", identity(&plan.account)?));
    lines.comment("", "The new account.");
    lines.add(format!("$new = {}", literal(&values.name)?));
    lines.add("$account = $new + '$'");
    lines.add(format!(
        "$spns = {}",
        array(plan.present.spns.iter().map(String::as_str))?
    ));
    lines.add("");
    Some(lines)
}

fn migrate(values: &Values<'_>) -> Option<String> {
    let phases: &[&str] = match values.target {
        Target::Dmsa => &["Prepare", "Start", "Complete"],
        Target::Gmsa | Target::Smsa => &["Prepare", "Switch", "Retire"],
    };
    let purpose = format!("Migrates a user account to a {}", values.target.about());
    let mut lines = head(values, &purpose, phases)?;
    lines.add("if ($Phase -eq 'Prepare') {");
    if values.root_key && values.target != Target::Smsa {
        lines.comment(
            "    ",
            "Once for the forest; the key is in effect after 10 hours. Wait before the rest.",
        );
        lines.add("    if (-not (Get-KdsRootKey)) {");
        lines.add("        Add-KdsRootKey -EffectiveImmediately -WhatIf:$preview");
        lines.add("        return");
        lines.add("    }");
    }
    create(values, &mut lines)?;
    if values.target != Target::Dmsa {
        carry_over(values, &mut lines)?;
    }
    lines.add("}");
    lines.add("");
    match values.target {
        Target::Dmsa => succeed(&mut lines),
        Target::Gmsa | Target::Smsa => hand_over(values, &mut lines),
    }
    Some(lines.finish())
}

fn create(values: &Values<'_>, lines: &mut Lines) -> Option<()> {
    let host_name = literal(&format!("{}.{}", values.name, values.domain))?;
    let hosts: Vec<&Subject> = values
        .plan
        .hosts
        .iter()
        .filter_map(|host| host.computer.as_ref())
        .collect();
    for host in &hosts {
        lines.comment(
            "    ",
            &format!("Host {}: {}", name_of(host), identity(host)?),
        );
    }
    match values.target {
        Target::Gmsa => {
            let group = literal(&hosts_group(&values.name))?;
            let ids: Option<Vec<String>> = hosts.iter().map(|host| identity(host)).collect();
            lines.add(format!("    $group = {group}"));
            lines.add("    New-ADGroup -Name $group -SamAccountName $group -GroupScope Global -GroupCategory Security -WhatIf:$preview");
            lines.add(format!(
                "    Add-ADGroupMember -Identity $group -Members @({}) -WhatIf:$preview",
                ids?.join(", ")
            ));
            lines.add(format!(
                "    New-ADServiceAccount -Name $new -DNSHostName {host_name} -PrincipalsAllowedToRetrieveManagedPassword $group -KerberosEncryptionType AES128, AES256 -WhatIf:$preview"
            ));
        }
        Target::Smsa => {
            let host = identity(hosts.first()?)?;
            lines.add("    New-ADServiceAccount -Name $new -RestrictToSingleComputer -KerberosEncryptionType AES128, AES256 -WhatIf:$preview");
            lines.add(format!(
                "    Add-ADComputerServiceAccount -Identity {host} -ServiceAccount $account -WhatIf:$preview"
            ));
        }
        Target::Dmsa => {
            lines.add(format!(
                "    New-ADServiceAccount -Name $new -DNSHostName {host_name} -CreateDelegatedServiceAccount -KerberosEncryptionType AES256 -WhatIf:$preview"
            ));
        }
    }
    Some(())
}

/// Groups and delegation. What gives privileges stands in comments: somebody must want it.
fn carry_over(values: &Values<'_>, lines: &mut Lines) -> Option<()> {
    let present = &values.plan.present;
    for held in &present.groups {
        let (off, why) = match held.privileged {
            true => ("# ", " (privileged: only if it must be)"),
            false => ("", ""),
        };
        lines.comment("    ", &format!("Group {}{why}", name_of(&held.group)));
        lines.add(format!(
            "    {off}Add-ADGroupMember -Identity {} -Members $account -WhatIf:$preview",
            identity(&held.group)?
        ));
    }
    let flags = present.user_account_control.unwrap_or(0);
    if !present.delegates_to.is_empty() {
        let services = array(present.delegates_to.iter().map(String::as_str))?;
        lines.add(format!(
            "    Set-ADServiceAccount -Identity $account -Add @{{ 'msDS-AllowedToDelegateTo' = {services} }} -WhatIf:$preview"
        ));
        if flags & PROTOCOL_TRANSITION != 0 {
            lines.add("    Set-ADAccountControl -Identity $account -TrustedToAuthForDelegation $true -WhatIf:$preview");
        }
    }
    if flags & NOT_DELEGATED != 0 {
        lines.add("    Set-ADServiceAccount -Identity $account -AccountNotDelegated $true -WhatIf:$preview");
    }
    if !present.impersonated_by.is_empty() {
        let ids: Option<Vec<String>> = present.impersonated_by.iter().map(identity).collect();
        lines.add(format!(
            "    Set-ADServiceAccount -Identity $account -PrincipalsAllowedToDelegateToAccount @({}) -WhatIf:$preview",
            ids?.join(", ")
        ));
    }
    for resource in &present.impersonates_to {
        acting(resource, "$allowed + $account", "    ", lines)?;
    }
    Some(())
}

/// Puts `named`, an expression over `$allowed`, in the place of whom `resource` lets impersonate users.
pub(super) fn acting(
    resource: &Subject,
    named: &str,
    indent: &str,
    lines: &mut Lines,
) -> Option<()> {
    let noun = match resource.kind.as_str() {
        "computer" => "ADComputer",
        "user" => "ADUser",
        "gmsa" | "smsa" | "dmsa" => "ADServiceAccount",
        _ => return None,
    };
    let id = identity(resource)?;
    let property = "PrincipalsAllowedToDelegateToAccount";
    lines.comment(
        indent,
        &format!("Who may impersonate users to {}", name_of(resource)),
    );
    for line in [
        format!(
            "$allowed = @((Get-{noun} -Identity {id} -Properties {property}).{property} | Where-Object {{ $_ }})"
        ),
        format!("$named = @({named})"),
        "if ($named.Count -eq 0) { $named = $null }".to_owned(),
        format!("Set-{noun} -Identity {id} -{property} $named -WhatIf:$preview"),
    ] {
        lines.add(format!("{indent}{line}"));
    }
    Some(())
}

/// To a gMSA or sMSA, in a maintenance window.
fn hand_over(values: &Values<'_>, lines: &mut Lines) {
    lines.comment("", "Before: on each host  Install-ADServiceAccount  and  Test-ADServiceAccount  with the new name.");
    lines.add("if ($Phase -eq 'Switch') {");
    if values.plan.present.spns.is_empty() {
        lines.comment("    ", "There are no SPNs to move.");
    } else {
        lines.add("    Set-ADUser -Identity $old -ServicePrincipalNames @{ Remove = $spns } -WhatIf:$preview");
        lines.add("    Set-ADServiceAccount -Identity $account -ServicePrincipalNames @{ Add = $spns } -WhatIf:$preview");
    }
    lines.comment("    ", "Now, on each host, give service, task or pool the new account with an empty password, and restart it.");
    lines.add("}");
    lines.add("");
    lines.add("if ($Phase -eq 'Retire') {");
    lines.comment("    ", "When nobody has missed the old account for a while. Keep it disabled before it is deleted.");
    lines.add("    Disable-ADAccount -Identity $old -WhatIf:$preview");
    lines.add("    # Remove-ADUser -Identity $old -WhatIf:$preview");
    lines.add("}");
}

/// To a dMSA: the cmdlets have no -WhatIf.
fn succeed(lines: &mut Lines) {
    lines.add("$dn = (Get-ADUser -Identity $old).DistinguishedName");
    for (phase, verb, what) in [
        (
            "Start",
            "Start",
            "Links both: msDS-DelegatedMSAState and msDS-SupersededServiceAccountState become 1. The old account goes on working.",
        ),
        (
            "Complete",
            "Complete",
            "After every host has logged on with it. SPNs and delegation go to the dMSA, the old account is disabled, both states become 2.",
        ),
    ] {
        lines.add(format!("if ($Phase -eq '{phase}') {{"));
        lines.comment("    ", what);
        let command =
            format!("{verb}-ADServiceAccountMigration -Identity $account -SupersededAccount $dn");
        lines.add(format!("    if ($Execute) {{ {command} }}"));
        lines.add(format!(
            "    else {{ Write-Host 'What if: {verb}-ADServiceAccountMigration for' $account 'and' $dn }}"
        ));
        lines.add("}");
    }
    lines.comment("", "Do not delete the old account while permissions name it: the dMSA acts with its SID through the link.");
}

/// The groups that a roll-back gives back.
pub(super) fn groups<'a>(values: &Values<'a>) -> &'a [HeldGroup] {
    &values.plan.present.groups
}
