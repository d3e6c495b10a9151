//! What an analysis is told to assume where a directory cannot say: `coldcase.toml`, or its defaults.
//!
//! Owns the keys, their defaults, the bounds of each and the documented file that `coldcase assumptions` prints. Every
//! report repeats them. Deliberately does not judge: rules read them from the frame `assumptions`, tier 0 and names from
//! here.

mod file;
mod pattern;
mod settings;

use serde::{Deserialize, Serialize};

use crate::load::Clock;

pub(crate) use file::{Given, load};
pub(crate) use pattern::fits;
pub(crate) use settings::{Setting, settings};

/// The documented file with every default, which [`Assumptions::default`] must equal.
pub(crate) const DOCUMENTED: &str = include_str!("coldcase.toml");

/// Every assumption.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Assumptions {
    pub(crate) controllers: Controllers,
    pub(crate) tier0: Tier0,
    pub(crate) names: Names,
    pub(crate) units: Units,
    pub(crate) thresholds: Thresholds,
}

/// What is known of the domain controllers beside the directory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Controllers {
    /// Whether every Server 2025 controller has the update of August 2025 (CVE-2025-53779).
    pub(crate) updated: Known,
    /// The ciphers of an account that names none.
    pub(crate) default_ciphers: DefaultCiphers,
}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Known {
    Yes,
    No,
    #[default]
    Unknown,
}

impl Known {
    /// As the file and the frame spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// The ciphers of an account without `msDS-SupportedEncryptionTypes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DefaultCiphers {
    /// RC4 is among them.
    Rc4,
    /// AES only.
    Aes,
    /// RC4 before the updates of April 2026 (KB5073381); after them it depends on the controllers, see [`CipherStep`].
    #[default]
    ByDate,
}

/// What is tier 0 beside what the directory's own privileged groups say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tier0 {
    /// SIDs, distinguished names or sAMAccountNames of groups, accounts and computers.
    pub(crate) add: Vec<String>,
}

/// How service accounts are called here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Names {
    /// Patterns of sAMAccountName with `*`, whatever the case.
    pub(crate) services: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        let services = [
            "svc*", "*svc", "service*", "*service", "sql*", "srv-*", "srv_*", "sa-*", "sa_*",
            "*-sa", "*_sa", "app-*", "app_*", "task-*", "task_*", "batch-*", "batch_*",
        ];
        Self {
            services: services.map(str::to_owned).to_vec(),
        }
    }
}

/// Where managed accounts belong here, beside their container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Units {
    /// Distinguished names of units and containers.
    pub(crate) managed: Vec<String>,
}

/// From where on a number matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Thresholds {
    /// Readers of one managed password.
    pub(crate) readers: u32,
    /// Service classes of one managed account.
    pub(crate) shared_classes: u32,
    /// Hosts named by the SPNs of one managed account.
    pub(crate) shared_hosts: u32,
    /// Characters of a service account's password by policy.
    pub(crate) password_length: u32,
    /// Days without a sign of life after which a host is stale.
    pub(crate) stale_days: u32,
    /// Days without a logon after which an account is dormant.
    pub(crate) dormant_days: u32,
    /// Days after which a service account's password is old.
    pub(crate) password_days: u32,
    /// Days after which a KDS root key is old.
    pub(crate) root_key_days: u32,
    /// Days since the last logon within which an account is in use.
    pub(crate) in_use_days: u32,
    /// Days between two passwords of a managed account from which on that is seldom.
    pub(crate) interval_days: u32,
    /// The same, from which on it is too seldom.
    pub(crate) long_interval_days: u32,
    /// Days that the migration to a delegated managed account may take.
    pub(crate) migration_days: u32,
    /// Days for which an account that has just been made may still be set up.
    pub(crate) new_days: u32,
    /// Computers from which on taking them over is worth half of a domain.
    pub(crate) many_hosts: u32,
    /// Logons a day that no person has.
    pub(crate) service_logons: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            readers: 50,
            shared_classes: 2,
            shared_hosts: 10,
            password_length: 25,
            stale_days: 90,
            dormant_days: 180,
            password_days: 365,
            root_key_days: 1825,
            in_use_days: 45,
            interval_days: 30,
            long_interval_days: 90,
            migration_days: 28,
            new_days: 30,
            many_hosts: 10,
            service_logons: 24,
        }
    }
}

/// In FILETIME ticks: 2026-04-14T00:00:00Z, when the updates of April 2026 appeared (KB5073381).
const APRIL_2026: i64 = 134_205_984_000_000_000;

/// In FILETIME ticks: 2026-07-14T00:00:00Z, when those of July 2026 did, from which on no registry value undoes it.
const JULY_2026: i64 = 134_284_608_000_000_000;

/// How far Microsoft's change of the default ciphers (KB5073381) has come by the time of a snapshot, where the updates are
/// installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CipherStep {
    /// RC4 is a default.
    Before,
    /// AES only, unless `RC4DefaultDisablementPhase` in a controller's registry undoes it.
    April,
    /// AES only, and that value is read no more.
    July,
}

impl CipherStep {
    /// As the frame spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::April => "april",
            Self::July => "july",
        }
    }

    /// By the snapshot's own date.
    pub(crate) fn at(clock: Clock) -> Self {
        let before = |day| clock.days_since(day).is_some_and(|days| days < 0.0);
        match (before(APRIL_2026), before(JULY_2026)) {
            (true, _) => Self::Before,
            (false, true) => Self::April,
            (false, false) => Self::July,
        }
    }
}

impl Assumptions {
    /// What an account that names no ciphers is taken to have: `rc4`, `aes`, or `unknown` where it depends on what the
    /// controllers have installed.
    pub(crate) fn default_ciphers(&self, clock: Clock) -> &'static str {
        match self.controllers.default_ciphers {
            DefaultCiphers::Rc4 => "rc4",
            DefaultCiphers::Aes => "aes",
            DefaultCiphers::ByDate if CipherStep::at(clock) == CipherStep::Before => "rc4",
            DefaultCiphers::ByDate => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_documented_file_holds_the_defaults_and_every_key() {
        let documented: toml::Table = toml::from_str(DOCUMENTED).unwrap();
        let read: Assumptions = toml::from_str(DOCUMENTED).unwrap();
        assert_eq!(read, Assumptions::default());
        for setting in settings(&Assumptions::default()) {
            let (table, key) = setting.key.split_once('.').unwrap();
            assert!(
                documented.get(table).is_some_and(|t| t.get(key).is_some()),
                "{} is not documented",
                setting.key
            );
        }
    }

    #[test]
    fn the_date_decides_where_nothing_is_said() {
        let march = Clock::parse("2026-04-13T23:59:59Z").unwrap();
        let april = Clock::parse("2026-04-14T00:00:00Z").unwrap();
        let mut assumptions = Assumptions::default();
        assert_eq!(assumptions.default_ciphers(march), "rc4");
        assert_eq!(assumptions.default_ciphers(april), "unknown");
        let step = |text| CipherStep::at(Clock::parse(text).unwrap());
        assert_eq!(CipherStep::at(march), CipherStep::Before);
        assert_eq!(CipherStep::at(april), CipherStep::April);
        assert_eq!(step("2026-07-13T23:59:59Z"), CipherStep::April);
        assert_eq!(step("2026-07-14T00:00:00Z"), CipherStep::July);
        assumptions.controllers.default_ciphers = DefaultCiphers::Aes;
        assert_eq!(assumptions.default_ciphers(march), "aes");
    }
}
