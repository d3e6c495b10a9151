//! The list of settings that may leave the house.
//!
//! Owns names and nothing else; every comparison is without case, and what comes back is the list's own spelling.
//! Deliberately has no wildcard: a setting that is not named here is never kept.

pub(super) const SYSTEM_ACCESS: &str = "System Access";
pub(super) const KERBEROS_POLICY: &str = "Kerberos Policy";
pub(super) const PRIVILEGE_RIGHTS: &str = "Privilege Rights";
pub(crate) const GROUP_MEMBERSHIP: &str = "Group Membership";
pub(super) const REGISTRY_VALUES: &str = "Registry Values";

/// Passwords, lockout and the local accounts that are always there (MS-GPSB 2.2.1). All are integers.
const ACCESS: &[&str] = &[
    "MinimumPasswordAge",
    "MaximumPasswordAge",
    "MinimumPasswordLength",
    "PasswordComplexity",
    "PasswordHistorySize",
    "ClearTextPassword",
    "RequireLogonToChangePassword",
    "LockoutBadCount",
    "ResetLockoutCount",
    "LockoutDuration",
    "AllowAdministratorLockout",
    "ForceLogoffWhenHourExpire",
    "LSAAnonymousNameLookup",
    "EnableAdminAccount",
    "EnableGuestAccount",
];

/// Ticket lifetimes and clock skew (MS-GPSB 2.2.2). All are integers.
const KERBEROS: &[&str] = &[
    "MaxTicketAge",
    "MaxRenewAge",
    "MaxServiceAge",
    "MaxClockSkew",
    "TicketValidateClient",
];

/// Privileges and logon rights (MS-GPSB 2.2.6; names in MS-LSAD 3.1.1.2.1 and 3.1.1.2.2).
const RIGHTS: &[&str] = &[
    "SeAssignPrimaryTokenPrivilege",
    "SeAuditPrivilege",
    "SeBackupPrivilege",
    "SeBatchLogonRight",
    "SeChangeNotifyPrivilege",
    "SeCreateGlobalPrivilege",
    "SeCreatePagefilePrivilege",
    "SeCreatePermanentPrivilege",
    "SeCreateSymbolicLinkPrivilege",
    "SeCreateTokenPrivilege",
    "SeDebugPrivilege",
    "SeDelegateSessionUserImpersonatePrivilege",
    "SeDenyBatchLogonRight",
    "SeDenyInteractiveLogonRight",
    "SeDenyNetworkLogonRight",
    "SeDenyRemoteInteractiveLogonRight",
    "SeDenyServiceLogonRight",
    "SeEnableDelegationPrivilege",
    "SeImpersonatePrivilege",
    "SeIncreaseBasePriorityPrivilege",
    "SeIncreaseQuotaPrivilege",
    "SeIncreaseWorkingSetPrivilege",
    "SeInteractiveLogonRight",
    "SeLoadDriverPrivilege",
    "SeLockMemoryPrivilege",
    "SeMachineAccountPrivilege",
    "SeManageVolumePrivilege",
    "SeNetworkLogonRight",
    "SeProfileSingleProcessPrivilege",
    "SeRelabelPrivilege",
    "SeRemoteInteractiveLogonRight",
    "SeRemoteShutdownPrivilege",
    "SeRestorePrivilege",
    "SeSecurityPrivilege",
    "SeServiceLogonRight",
    "SeShutdownPrivilege",
    "SeSyncAgentPrivilege",
    "SeSystemEnvironmentPrivilege",
    "SeSystemProfilePrivilege",
    "SeSystemtimePrivilege",
    "SeTakeOwnershipPrivilege",
    "SeTcbPrivilege",
    "SeTimeZonePrivilege",
    "SeTrustedCredManAccessPrivilege",
    "SeUndockPrivilege",
    "SeUnsolicitedInputPrivilege",
];

/// What a group policy says of a group (MS-GPSB 2.2.10).
const MEMBERSHIP: &[&str] = &["Members", "Memberof"];

/// Registry values of the machine (HKEY_LOCAL_MACHINE), by key. All are REG_DWORD. The names are those that the
/// editor of security options writes into `GptTmpl.inf`; the last three keys are documented by Microsoft for MS-KILE
/// 2.2.7 flags, for delegated managed service accounts, for Kerberos armoring (Kerberos.admx, KDC.admx) and for the end of
/// RC4 as a default (KB5073381).
const REGISTRY: &[(&str, &[&str])] = &[
    (
        "System\\CurrentControlSet\\Services\\Netlogon\\Parameters",
        &[
            "MaximumPasswordAge",
            "DisablePasswordChange",
            "RefusePasswordChange",
            "RequireSignOrSeal",
            "SealSecureChannel",
            "SignSecureChannel",
            "RequireStrongKey",
        ],
    ),
    (
        "System\\CurrentControlSet\\Control\\Lsa",
        &[
            "LmCompatibilityLevel",
            "NoLMHash",
            "RestrictAnonymous",
            "RestrictAnonymousSAM",
            "EveryoneIncludesAnonymous",
            "RunAsPPL",
        ],
    ),
    (
        "System\\CurrentControlSet\\Services\\LDAP",
        &["LDAPClientIntegrity"],
    ),
    (
        "System\\CurrentControlSet\\Services\\NTDS\\Parameters",
        &["LDAPServerIntegrity", "LdapEnforceChannelBinding"],
    ),
    (
        "System\\CurrentControlSet\\Services\\KDC",
        &["DefaultDomainSupportedEncTypes"],
    ),
    (
        "Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\Kerberos\\Parameters",
        &[
            "SupportedEncryptionTypes",
            "DelegatedMSAEnabled",
            "EnableCbacAndArmor",
            "RequireFast",
            "RC4DefaultDisablementPhase",
        ],
    ),
    (
        "Software\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\KDC\\Parameters",
        &["EnableCbacAndArmor", "CbacAndArmorLevel"],
    ),
];

/// Root of the registry values of a machine, as `GptTmpl.inf` spells it (MS-GPSB 2.2.5).
const MACHINE: &str = "MACHINE";

fn spelled(list: &[&'static str], name: &str) -> Option<&'static str> {
    list.iter()
        .find(|listed| listed.eq_ignore_ascii_case(name))
        .copied()
}

/// A setting of section System Access.
pub(super) fn access(name: &str) -> Option<&'static str> {
    spelled(ACCESS, name)
}

/// A setting of section Kerberos Policy.
pub(super) fn kerberos(name: &str) -> Option<&'static str> {
    spelled(KERBEROS, name)
}

/// A privilege or logon right.
pub(super) fn right(name: &str) -> Option<&'static str> {
    spelled(RIGHTS, name)
}

/// `GROUP__Members` or `GROUP__Memberof` with a group's `*SID` or name as written (MS-GPSB 2.2.10).
pub(super) fn membership(name: &str) -> Option<String> {
    let (group, what) = name.rsplit_once("__")?;
    let what = spelled(MEMBERSHIP, what)?;
    (!group.is_empty()).then(|| format!("{group}__{what}"))
}

/// A registry value by its path from the root: `MACHINE\…\NAME`.
pub(super) fn registry_path(path: &str) -> Option<String> {
    let (root, rest) = path.split_once('\\')?;
    if !root.eq_ignore_ascii_case(MACHINE) {
        return None;
    }
    let (key, value) = rest.rsplit_once('\\')?;
    registry_value(key, value)
}

/// A registry value by its key below HKEY_LOCAL_MACHINE and its name.
pub(super) fn registry_value(key: &str, value: &str) -> Option<String> {
    let (key, values) = REGISTRY
        .iter()
        .find(|(listed, _)| listed.eq_ignore_ascii_case(key))?;
    spelled(values, value).map(|value| path(key, value))
}

/// All registry values of a key below HKEY_LOCAL_MACHINE that are on the list.
pub(super) fn registry_key(key: &str) -> Vec<String> {
    REGISTRY
        .iter()
        .filter(|(listed, _)| listed.eq_ignore_ascii_case(key))
        .flat_map(|(key, values)| values.iter().map(|value| path(key, value)))
        .collect()
}

fn path(key: &str, value: &str) -> String {
    format!("{MACHINE}\\{key}\\{value}")
}

/// The whole list, for those who must approve it: section and name.
pub(crate) fn listed() -> impl Iterator<Item = (&'static str, String)> {
    let plain = [
        (SYSTEM_ACCESS, ACCESS),
        (KERBEROS_POLICY, KERBEROS),
        (PRIVILEGE_RIGHTS, RIGHTS),
        (GROUP_MEMBERSHIP, &["GROUP__Members", "GROUP__Memberof"]),
    ];
    plain
        .into_iter()
        .flat_map(|(section, names)| names.iter().map(move |name| (section, (*name).to_owned())))
        .chain(REGISTRY.iter().flat_map(|(key, values)| {
            values
                .iter()
                .map(move |value| (REGISTRY_VALUES, path(key, value)))
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_the_list_decides_the_spelling() {
        assert_eq!(right("seSERVICElogonright"), Some("SeServiceLogonRight"));
        assert_eq!(access("maximumpasswordage"), Some("MaximumPasswordAge"));
        assert_eq!(
            registry_path(
                "machine\\SYSTEM\\CurrentControlSet\\Services\\NETLOGON\\parameters\\maximumpasswordage"
            )
            .as_deref(),
            Some(
                "MACHINE\\System\\CurrentControlSet\\Services\\Netlogon\\Parameters\\MaximumPasswordAge"
            )
        );
    }

    #[test]
    fn what_is_not_named_is_not_wanted() {
        let winlogon = "Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
        assert_eq!(registry_value(winlogon, "DefaultPassword"), None);
        assert_eq!(registry_key(winlogon), Vec::<String>::new());
        assert_eq!(access("NewAdministratorName"), None);
        assert_eq!(right("SePrivilege"), None);
        // The value is on the list, but of another key or root.
        assert_eq!(registry_value("System", "MaximumPasswordAge"), None);
        assert_eq!(
            registry_path(
                "USERS\\System\\CurrentControlSet\\Services\\Netlogon\\Parameters\\MaximumPasswordAge"
            ),
            None
        );
    }

    #[test]
    fn members_of_groups() {
        assert_eq!(
            membership("*S-1-5-32-544__members").as_deref(),
            Some("*S-1-5-32-544__Members")
        );
        assert_eq!(
            membership("CORP\\a__b__MEMBEROF").as_deref(),
            Some("CORP\\a__b__Memberof")
        );
        assert_eq!(membership("__Members"), None);
        assert_eq!(membership("Administrators"), None);
    }

    #[test]
    fn every_listed_name_is_recognised() {
        let mut count = 0;
        for (section, name) in listed() {
            let known = match section {
                SYSTEM_ACCESS => access(&name).is_some(),
                KERBEROS_POLICY => kerberos(&name).is_some(),
                PRIVILEGE_RIGHTS => right(&name).is_some(),
                GROUP_MEMBERSHIP => membership(&name).is_some(),
                _ => registry_path(&name).as_ref() == Some(&name),
            };
            assert!(known, "{section} {name}");
            count += 1;
        }
        assert_eq!(count, ACCESS.len() + KERBEROS.len() + RIGHTS.len() + 2 + 24);
    }
}
