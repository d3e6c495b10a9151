//! Frames `policy_settings` and `policy_principals`: what the group policies' files in SYSVOL set.
//!
//! Deliberately does not say to which machines a policy applies, nor which of several policies wins.

use std::str::FromStr;

use anyhow::Result;
use coldcase_schemas::policy::PolicySetting;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::{Builder, Cell};

/// The halves of a policy that its flags switch off (MS-GPOL 2.2.4).
const USER_DISABLED: i64 = 1;
const MACHINE_DISABLED: i64 = 2;

/// Value of [`PolicySetting::kind`] for lists of principals.
const PRINCIPALS: &str = "principals";

/// Both frames.
pub(super) fn build(analysis: &Analysis) -> Result<(DataFrame, DataFrame)> {
    let mut settings = Builder::new("policy_settings")?;
    let mut principals = Builder::new("policy_principals")?;
    for setting in &analysis.directory.group_policies.settings {
        let [gpo_id, gpo, gpo_name, linked, enabled] = policy(analysis, setting);
        settings.row([
            gpo_id.clone(),
            gpo.clone(),
            gpo_name.clone(),
            linked.clone(),
            enabled.clone(),
            setting.side.as_str().into(),
            setting.source.as_str().into(),
            setting.section.as_str().into(),
            setting.name.as_str().into(),
            setting.kind.as_str().into(),
            setting.value.as_str().into(),
            number(setting).into(),
        ]);
        for principal in listed(setting) {
            let sid = sid(principal);
            let object = sid.as_ref().and_then(|sid| analysis.by_sid(sid));
            principals.row([
                gpo_id.clone(),
                gpo.clone(),
                gpo_name.clone(),
                linked.clone(),
                enabled.clone(),
                setting.section.as_str().into(),
                setting.name.as_str().into(),
                principal.into(),
                sid.as_ref().map(Sid::to_string).into(),
                object.map(|object| object.id).into(),
                sid.as_ref()
                    .map_or_else(|| principal.to_owned(), |sid| analysis.name_of(sid))
                    .into(),
            ]);
        }
    }
    Ok((settings.finish()?, principals.finish()?))
}

/// Columns `gpo_id`, `gpo`, `gpo_name`, `linked`, `enabled`.
pub(super) fn policy(analysis: &Analysis, setting: &PolicySetting) -> [Cell; 5] {
    let policies = &analysis.directory.group_policies;
    let object = policies.object(&setting.gpo);
    let off = if setting.side == "user" {
        USER_DISABLED
    } else {
        MACHINE_DISABLED
    };
    [
        object.map(|object| object.object_id).into(),
        setting.gpo.as_str().into(),
        object.and_then(|object| object.display_name.clone()).into(),
        policies.linked(&setting.gpo).into(),
        object
            .and_then(|object| object.flags)
            .map(|flags| flags & off == 0)
            .into(),
    ]
}

/// The value as a number. A list or a deletion is none, whatever its text.
fn number(setting: &PolicySetting) -> Option<i64> {
    matches!(setting.kind.as_str(), "integer" | "REG_DWORD")
        .then(|| setting.value.parse().ok())
        .flatten()
}

/// Members of a list, `*SID` or names (MS-GPSB 2.2.6 and 2.2.10), as written.
pub(super) fn listed(setting: &PolicySetting) -> impl Iterator<Item = &str> {
    let value = if setting.kind == PRINCIPALS {
        setting.value.as_str()
    } else {
        ""
    };
    value
        .split(',')
        .map(|principal| principal.trim().trim_matches('"'))
        .filter(|principal| !principal.is_empty())
}

/// A member of a list that is written as a SID.
pub(super) fn sid(principal: &str) -> Option<Sid> {
    Sid::from_str(principal.strip_prefix('*').unwrap_or(principal)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(kind: &str, value: &str) -> PolicySetting {
        PolicySetting {
            gpo: "{31B2F340-016D-11D2-945F-00C04FB984F9}".to_owned(),
            side: "machine".to_owned(),
            source: "GptTmpl.inf".to_owned(),
            section: "Privilege Rights".to_owned(),
            name: "SeServiceLogonRight".to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(
            number(&setting("REG_DWORD", "4294967295")),
            Some(4_294_967_295)
        );
        assert_eq!(number(&setting("integer", "-1")), Some(-1));
        assert_eq!(number(&setting("principals", "7")), None);
        assert_eq!(number(&setting("delete", "")), None);
        assert_eq!(number(&setting("integer", "a")), None);
    }

    #[test]
    fn lists() {
        let of = |kind, value| {
            listed(&setting(kind, value))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("principals", "*S-1-5-32-544, CORP\\svc ,,\"a b\""),
            ["*S-1-5-32-544", "CORP\\svc", "a b"]
        );
        assert_eq!(of("principals", " "), Vec::<String>::new());
        assert_eq!(of("integer", "7"), Vec::<String>::new());
    }

    #[test]
    fn sids_with_and_without_a_star() {
        let administrators = Sid::new(5, &[32, 544]).ok();
        assert_eq!(sid("*S-1-5-32-544"), administrators);
        assert_eq!(sid("S-1-5-32-544"), administrators);
        assert_eq!(sid("CORP\\svc"), None);
    }
}
