//! Reads `coldcase.toml` and refuses what makes no sense in it.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Assumptions;
use crate::given;

/// Name of the file beside a snapshot.
const NAME: &str = "coldcase.toml";

/// No file of assumptions is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// No list in it is longer.
const MOST: usize = 200;

/// Assumptions and where they come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Given {
    pub(crate) assumptions: Assumptions,
    /// Name of the file, without its folder.
    pub(crate) file: Option<String>,
}

/// Reads `given`, else the file [`NAME`] beside the snapshot if there is one, else takes the defaults.
///
/// # Errors
/// The file that was given is not there; a file is not TOML, has unknown keys, or values that make no sense. The message
/// names file and line.
pub(crate) fn load(given: Option<&Path>, snapshot: &Path) -> Result<Given> {
    let beside = snapshot.with_file_name(NAME);
    let path = match given {
        Some(path) => path,
        None if beside.is_file() => &beside,
        None => return Ok(Given::default()),
    };
    let text = given::text(path, LONGEST)?;
    let assumptions = parse(&text).with_context(|| path.display().to_string())?;
    Ok(Given {
        assumptions,
        file: given::name(path),
    })
}

fn parse(text: &str) -> Result<Assumptions> {
    let assumptions: Assumptions =
        toml::from_str(text).map_err(|error| given::toml_problem(text, &error))?;
    let lists = [
        ("tier0.add", &assumptions.tier0.add),
        ("names.services", &assumptions.names.services),
        ("units.managed", &assumptions.units.managed),
    ];
    for (key, list) in lists {
        if list.len() > MOST {
            bail!("{key} has {} entries; {MOST} is the most", list.len());
        }
        if list.iter().any(|entry| entry.trim().is_empty()) {
            bail!("{key} has an empty entry");
        }
    }
    let any = |pattern: &&String| pattern.chars().all(|c| c == '*');
    let odd = |pattern: &&String| pattern.contains(['[', ']', '|', '+', '\\', '^']);
    if let Some(pattern) = assumptions.names.services.iter().find(odd) {
        bail!(
            "names.services cannot be {pattern:?}: only * has a meaning, and no name holds such characters"
        );
    }
    if let Some(pattern) = assumptions.names.services.iter().find(any) {
        bail!("names.services cannot be {pattern:?}, which fits every name");
    }
    let thresholds = &assumptions.thresholds;
    let days = [
        ("stale_days", thresholds.stale_days),
        ("dormant_days", thresholds.dormant_days),
        ("password_days", thresholds.password_days),
        ("root_key_days", thresholds.root_key_days),
        ("in_use_days", thresholds.in_use_days),
        ("interval_days", thresholds.interval_days),
        ("long_interval_days", thresholds.long_interval_days),
        ("migration_days", thresholds.migration_days),
        ("new_days", thresholds.new_days),
    ];
    for (key, days) in days {
        if days == 0 || days > 36_500 {
            bail!("thresholds.{key} is {days}; it must be between 1 and 36500 days");
        }
    }
    if thresholds.long_interval_days < thresholds.interval_days {
        bail!(
            "thresholds.long_interval_days is {}, which is less than interval_days ({})",
            thresholds.long_interval_days,
            thresholds.interval_days
        );
    }
    for (key, count) in [
        ("many_hosts", thresholds.many_hosts),
        ("service_logons", thresholds.service_logons),
    ] {
        if count == 0 {
            bail!("thresholds.{key} is 0, which every account reaches; it must be at least 1");
        }
    }
    if thresholds.password_length > 255 {
        bail!(
            "thresholds.password_length is {}; a policy cannot ask for more than 255",
            thresholds.password_length
        );
    }
    Ok(assumptions)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_beside_the_snapshot_is_read_and_a_given_one_instead() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = folder.path().join("a.sqlite.zst");
        assert_eq!(load(None, &snapshot).unwrap(), Given::default());
        let beside = folder.path().join(NAME);
        std::fs::write(&beside, "[thresholds]\nreaders = 7\n").unwrap();
        let found = load(None, &snapshot).unwrap();
        assert_eq!(found.assumptions.thresholds.readers, 7);
        assert_eq!(found.file.as_deref(), Some(NAME));
        let given = folder.path().join("mine.toml");
        std::fs::write(&given, "[thresholds]\nreaders = 8\n").unwrap();
        let found = load(Some(&given), &snapshot).unwrap();
        assert_eq!(found.assumptions.thresholds.readers, 8);
        assert_eq!(found.assumptions.thresholds.stale_days, 90);
        assert_eq!(found.file.as_deref(), Some("mine.toml"));
        let missing = load(Some(&folder.path().join("no.toml")), &snapshot).unwrap_err();
        assert!(format!("{missing:#}").contains("no.toml"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let complaint = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(complaint("[thresholds]\nreader = 7").contains("line 2"));
        assert!(complaint("[controllers]\nupdated = \"maybe\"").contains("maybe"));
        assert!(complaint("[names]\nservices = [\"**\"]").contains("every name"));
        assert!(complaint("[names]\nservices = [\"^svc-.*\"]").contains("only *"));
        assert!(complaint("[tier0]\nadd = [\" \"]").contains("empty"));
        assert!(complaint("[thresholds]\nstale_days = 0").contains("stale_days"));
        assert!(complaint("[thresholds]\npassword_length = 256").contains("255"));
        assert!(complaint("[thresholds]\nreaders = -1").contains("line 2"));
        assert!(complaint("[thresholds]\nmigration_days = 0").contains("migration_days"));
        assert!(complaint("[thresholds]\ninterval_days = 91").contains("less than interval_days"));
        assert!(complaint("[thresholds]\nmany_hosts = 0").contains("many_hosts"));
        assert!(complaint("[thresholds]\nservice_logons = 0").contains("service_logons"));
    }
}
