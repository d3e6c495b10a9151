//! SIDs that are the same on every machine (MS-DTYP 2.4.2.4): English name and SDDL alias.
//!
//! One table for both, so a name and an alias cannot disagree. SIDs relative to a domain are not
//! here.

use crate::sid::Sid;

/// One SID of the table.
pub(crate) struct WellKnown {
    authority: u64,
    sub_authorities: &'static [u32],
    /// As an English Windows shows it.
    pub(crate) name: &'static str,
    /// Two letters of SDDL (MS-DTYP 2.5.1.1), if there are any.
    pub(crate) alias: Option<&'static str>,
}

impl WellKnown {
    pub(crate) fn sid(&self) -> Option<Sid> {
        Sid::new(self.authority, self.sub_authorities).ok()
    }
}

pub(crate) fn find(sid: &Sid) -> Option<&'static WellKnown> {
    TABLE.iter().find(|known| {
        known.authority == sid.authority() && known.sub_authorities == sid.sub_authorities()
    })
}

pub(crate) fn by_alias(alias: &str) -> Option<&'static WellKnown> {
    TABLE.iter().find(|known| known.alias == Some(alias))
}

const fn known(authority: u64, sub_authorities: &'static [u32], name: &'static str) -> WellKnown {
    WellKnown {
        authority,
        sub_authorities,
        name,
        alias: None,
    }
}

const fn aliased(
    authority: u64,
    sub_authorities: &'static [u32],
    name: &'static str,
    alias: &'static str,
) -> WellKnown {
    WellKnown {
        authority,
        sub_authorities,
        name,
        alias: Some(alias),
    }
}

const TABLE: &[WellKnown] = &[
    known(0, &[0], "NULL SID"),
    aliased(1, &[0], "Everyone", "WD"),
    known(2, &[0], "LOCAL"),
    known(2, &[1], "CONSOLE LOGON"),
    aliased(3, &[0], "CREATOR OWNER", "CO"),
    aliased(3, &[1], "CREATOR GROUP", "CG"),
    known(3, &[2], "CREATOR OWNER SERVER"),
    known(3, &[3], "CREATOR GROUP SERVER"),
    aliased(3, &[4], "OWNER RIGHTS", "OW"),
    known(5, &[1], "NT AUTHORITY\\DIALUP"),
    aliased(5, &[2], "NT AUTHORITY\\NETWORK", "NU"),
    known(5, &[3], "NT AUTHORITY\\BATCH"),
    aliased(5, &[4], "NT AUTHORITY\\INTERACTIVE", "IU"),
    aliased(5, &[6], "NT AUTHORITY\\SERVICE", "SU"),
    aliased(5, &[7], "NT AUTHORITY\\ANONYMOUS LOGON", "AN"),
    known(5, &[8], "NT AUTHORITY\\PROXY"),
    aliased(5, &[9], "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS", "ED"),
    aliased(5, &[10], "NT AUTHORITY\\SELF", "PS"),
    aliased(5, &[11], "NT AUTHORITY\\Authenticated Users", "AU"),
    aliased(5, &[12], "NT AUTHORITY\\RESTRICTED", "RC"),
    known(5, &[13], "NT AUTHORITY\\TERMINAL SERVER USER"),
    known(5, &[14], "NT AUTHORITY\\REMOTE INTERACTIVE LOGON"),
    known(5, &[15], "NT AUTHORITY\\This Organization"),
    known(5, &[17], "NT AUTHORITY\\IUSR"),
    aliased(5, &[18], "NT AUTHORITY\\SYSTEM", "SY"),
    aliased(5, &[19], "NT AUTHORITY\\LOCAL SERVICE", "LS"),
    aliased(5, &[20], "NT AUTHORITY\\NETWORK SERVICE", "NS"),
    aliased(5, &[33], "NT AUTHORITY\\WRITE RESTRICTED", "WR"),
    known(5, &[64, 10], "NT AUTHORITY\\NTLM Authentication"),
    known(5, &[64, 14], "NT AUTHORITY\\SChannel Authentication"),
    known(5, &[64, 21], "NT AUTHORITY\\Digest Authentication"),
    known(5, &[65, 1], "NT AUTHORITY\\This Organization Certificate"),
    known(5, &[80, 0], "NT SERVICE\\ALL SERVICES"),
    known(5, &[83, 0], "NT VIRTUAL MACHINE\\Virtual Machines"),
    aliased(
        5,
        &[84, 0, 0, 0, 0, 0],
        "NT AUTHORITY\\USER MODE DRIVERS",
        "UD",
    ),
    known(5, &[113], "NT AUTHORITY\\Local account"),
    known(
        5,
        &[114],
        "NT AUTHORITY\\Local account and member of Administrators group",
    ),
    known(5, &[1000], "NT AUTHORITY\\Other Organization"),
    known(5, &[32], "BUILTIN"),
    aliased(5, &[32, 544], "BUILTIN\\Administrators", "BA"),
    aliased(5, &[32, 545], "BUILTIN\\Users", "BU"),
    aliased(5, &[32, 546], "BUILTIN\\Guests", "BG"),
    aliased(5, &[32, 547], "BUILTIN\\Power Users", "PU"),
    aliased(5, &[32, 548], "BUILTIN\\Account Operators", "AO"),
    aliased(5, &[32, 549], "BUILTIN\\Server Operators", "SO"),
    aliased(5, &[32, 550], "BUILTIN\\Print Operators", "PO"),
    aliased(5, &[32, 551], "BUILTIN\\Backup Operators", "BO"),
    aliased(5, &[32, 552], "BUILTIN\\Replicator", "RE"),
    aliased(
        5,
        &[32, 554],
        "BUILTIN\\Pre-Windows 2000 Compatible Access",
        "RU",
    ),
    aliased(5, &[32, 555], "BUILTIN\\Remote Desktop Users", "RD"),
    aliased(
        5,
        &[32, 556],
        "BUILTIN\\Network Configuration Operators",
        "NO",
    ),
    known(5, &[32, 557], "BUILTIN\\Incoming Forest Trust Builders"),
    aliased(5, &[32, 558], "BUILTIN\\Performance Monitor Users", "MU"),
    aliased(5, &[32, 559], "BUILTIN\\Performance Log Users", "LU"),
    known(5, &[32, 560], "BUILTIN\\Windows Authorization Access Group"),
    known(5, &[32, 561], "BUILTIN\\Terminal Server License Servers"),
    known(5, &[32, 562], "BUILTIN\\Distributed COM Users"),
    aliased(5, &[32, 568], "BUILTIN\\IIS_IUSRS", "IS"),
    aliased(5, &[32, 569], "BUILTIN\\Cryptographic Operators", "CY"),
    aliased(5, &[32, 573], "BUILTIN\\Event Log Readers", "ER"),
    aliased(
        5,
        &[32, 574],
        "BUILTIN\\Certificate Service DCOM Access",
        "CD",
    ),
    aliased(5, &[32, 575], "BUILTIN\\RDS Remote Access Servers", "RA"),
    aliased(5, &[32, 576], "BUILTIN\\RDS Endpoint Servers", "ES"),
    aliased(5, &[32, 577], "BUILTIN\\RDS Management Servers", "MS"),
    aliased(5, &[32, 578], "BUILTIN\\Hyper-V Administrators", "HA"),
    aliased(
        5,
        &[32, 579],
        "BUILTIN\\Access Control Assistance Operators",
        "AA",
    ),
    aliased(5, &[32, 580], "BUILTIN\\Remote Management Users", "RM"),
    known(5, &[32, 581], "BUILTIN\\System Managed Accounts Group"),
    known(5, &[32, 582], "BUILTIN\\Storage Replica Administrators"),
    known(5, &[32, 583], "BUILTIN\\Device Owners"),
    known(5, &[32, 584], "BUILTIN\\User Mode Hardware Operators"),
    aliased(
        15,
        &[2, 1],
        "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES",
        "AC",
    ),
    known(
        15,
        &[2, 2],
        "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES",
    ),
    known(16, &[0], "Mandatory Label\\Untrusted Mandatory Level"),
    aliased(16, &[4096], "Mandatory Label\\Low Mandatory Level", "LW"),
    aliased(16, &[8192], "Mandatory Label\\Medium Mandatory Level", "ME"),
    aliased(
        16,
        &[8448],
        "Mandatory Label\\Medium Plus Mandatory Level",
        "MP",
    ),
    aliased(16, &[12288], "Mandatory Label\\High Mandatory Level", "HI"),
    aliased(
        16,
        &[16384],
        "Mandatory Label\\System Mandatory Level",
        "SI",
    ),
    known(
        16,
        &[20480],
        "Mandatory Label\\Protected Process Mandatory Level",
    ),
    known(
        16,
        &[28672],
        "Mandatory Label\\Secure Process Mandatory Level",
    ),
    aliased(18, &[1], "Authentication authority asserted identity", "AS"),
    aliased(18, &[2], "Service asserted identity", "SS"),
    known(18, &[3], "Fresh public key identity"),
    known(18, &[4], "Key trust identity"),
    known(18, &[5], "Multi-factor authentication key property"),
    known(18, &[6], "Attested key property"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sids_and_aliases_are_unique_and_valid() {
        let sids: BTreeSet<Sid> = TABLE.iter().filter_map(WellKnown::sid).collect();
        assert_eq!(sids.len(), TABLE.len());
        let aliases: Vec<&str> = TABLE.iter().filter_map(|known| known.alias).collect();
        assert_eq!(aliases.iter().collect::<BTreeSet<_>>().len(), aliases.len());
        assert!(aliases.iter().all(|alias| alias.len() == 2));
    }
}
