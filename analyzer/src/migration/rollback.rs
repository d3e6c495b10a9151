//! PowerShell that gives everything back as the snapshot has it.
//!
//! Owns its order: a service principal name leaves the new account before the old one has it again, since no two may have
//! it. Deliberately cannot bring back a password: the old account still has its own, as long as it is not deleted.

use coldcase_schemas::migration::Target;

use super::powershell::array;
use super::script::{Values, acting, groups, head, identity};
use crate::report::name_of;

pub(super) fn script(values: &Values<'_>) -> Option<String> {
    let purpose = format!("Rolls the migration to a {} back", values.target.about());
    let mut lines = head(values, &purpose, &[])?;
    let present = &values.plan.present;
    lines.comment("", "If the old account was deleted, bring it back first; without the recycle bin that is impossible:");
    lines.add("# Restore-ADObject -Identity $old -WhatIf:$preview");
    lines.comment(
        "",
        "The new account may be gone already; then there is less to undo.",
    );
    lines.add("$successor = Get-ADServiceAccount -Filter 'SamAccountName -eq $account' -Properties ServicePrincipalNames");
    if values.target == Target::Dmsa {
        lines.comment(
            "",
            "Undoes one phase at a time, until no state is left. The cmdlet has no -WhatIf.",
        );
        lines.add(
            "$user = Get-ADUser -Identity $old -Properties 'msDS-SupersededServiceAccountState'",
        );
        lines.add("$state = [int] $user.'msDS-SupersededServiceAccountState'");
        lines.add("for (; $successor -and $state -gt 0; $state--) {");
        lines.add("    if ($Execute) { Undo-ADServiceAccountMigration -Identity $account -SupersededAccount $user.DistinguishedName }");
        lines.add(
            "    else { Write-Host 'What if: Undo-ADServiceAccountMigration from state' $state }",
        );
        lines.add("}");
    }
    if !present.spns.is_empty() {
        lines.comment(
            "",
            "First from the new account, then to the old one: no two may have an SPN.",
        );
        lines.add("$held = @(if ($successor) { $successor.ServicePrincipalNames | Where-Object { $spns -contains $_ } })");
        lines.add("if ($held.Count -gt 0) {");
        lines.add("    Set-ADServiceAccount -Identity $account -ServicePrincipalNames @{ Remove = $held } -WhatIf:$preview");
        lines.add("}");
        lines.add("Set-ADUser -Identity $old -ServicePrincipalNames @{ Replace = $spns } -WhatIf:$preview");
    }
    lines.comment(
        "",
        "Flags, encryption types and delegation as they were; the flags enable it again.",
    );
    if !present.delegates_to.is_empty() {
        let services = array(present.delegates_to.iter().map(String::as_str))?;
        lines.add(format!(
            "Set-ADUser -Identity $old -Replace @{{ 'msDS-AllowedToDelegateTo' = {services} }} -WhatIf:$preview"
        ));
    }
    if !present.impersonated_by.is_empty() {
        let ids: Option<Vec<String>> = present.impersonated_by.iter().map(identity).collect();
        lines.add(format!(
            "Set-ADUser -Identity $old -PrincipalsAllowedToDelegateToAccount @({}) -WhatIf:$preview",
            ids?.join(", ")
        ));
    }
    if let Some(types) = present.encryption_types {
        lines.add(format!(
            "Set-ADUser -Identity $old -Replace @{{ 'msDS-SupportedEncryptionTypes' = {types} }} -WhatIf:$preview"
        ));
    }
    lines.add(format!(
        "Set-ADUser -Identity $old -Replace @{{ userAccountControl = {} }} -WhatIf:$preview",
        present.user_account_control? & !COMPUTED
    ));
    for held in groups(values) {
        let group = identity(&held.group)?;
        lines.comment("", &format!("Group {}", name_of(&held.group)));
        lines.add(format!("$group = Get-ADGroup -Identity {group}"));
        lines.add("if (@((Get-ADUser -Identity $old -Properties MemberOf).MemberOf) -notcontains $group.DistinguishedName) {");
        lines.add("    Add-ADGroupMember -Identity $group -Members $old -WhatIf:$preview");
        lines.add("}");
    }
    lines.comment(
        "",
        "Now, on each host, give service, task or pool the old account again, and restart it.",
    );
    lines.add("if ($successor) {");
    if values.target != Target::Dmsa {
        for resource in &present.impersonates_to {
            let left = "$allowed | Where-Object { $_ -ne $successor.DistinguishedName }";
            acting(resource, left, "    ", &mut lines)?;
        }
    }
    lines.comment(
        "    ",
        "The new account is kept, disabled; remove it when the service runs again.",
    );
    lines.add("    Disable-ADAccount -Identity $account -WhatIf:$preview");
    lines.add("    # Remove-ADServiceAccount -Identity $account -WhatIf:$preview");
    lines.add("}");
    Some(lines.finish())
}

/// ADS_UF_LOCKOUT and ADS_UF_PASSWORD_EXPIRED (MS-ADTS 2.2.16), which are computed and cannot be written.
const COMPUTED: i64 = 0x10 | 0x80_0000;
