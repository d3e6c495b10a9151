//! Frame `logon_rights`: what group policies say of how service accounts may log on.
//!
//! Owns whom a list of principals means. Deliberately does not say to which machines a policy applies, nor which of several
//! policies wins.

use std::collections::HashMap;

use coldcase_schemas::policy::PolicySetting;
use coldcase_winsec::Sid;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::policies::{listed, policy, sid};
use crate::graph::Holder;
use crate::load::Kind;

/// Logon rights (MS-LSAD 3.1.1.2.2). Those that take one away begin with `SeDeny`.
const RIGHTS: &[&str] = &[
    "SeBatchLogonRight",
    "SeDenyBatchLogonRight",
    "SeDenyInteractiveLogonRight",
    "SeDenyNetworkLogonRight",
    "SeDenyRemoteInteractiveLogonRight",
    "SeDenyServiceLogonRight",
    "SeInteractiveLogonRight",
    "SeNetworkLogonRight",
    "SeRemoteInteractiveLogonRight",
    "SeServiceLogonRight",
];

/// Built-in accounts that each machine has as well: a bare name in a policy means the machine's own there.
const ALSO_LOCAL: [u32; 2] = [500, 501];

/// A right with those whom it is given to or taken from.
struct Listed<'a> {
    setting: &'a PolicySetting,
    holders: Vec<Holder>,
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("logon_rights")?;
    let names = Names::new(analysis);
    let lists: Vec<Listed<'_>> = settings(analysis)
        .map(|setting| Listed {
            setting,
            holders: holders(analysis, &names, setting),
        })
        .filter(|list| !list.holders.is_empty())
        .collect();
    if lists.is_empty() {
        return frame.finish();
    }
    let tokens = &analysis.effective.tokens;
    for (_, account) in analysis.service_accounts() {
        let holder = account
            .sid
            .as_ref()
            .and_then(|sid| tokens.of(&analysis.directory, sid));
        let Some(token) = holder.map(|holder| tokens.token(holder)) else {
            continue;
        };
        for list in &lists {
            let through = list.holders.iter().find(|holder| token.contains(holder));
            let Some(through) = through else { continue };
            let [gpo_id, _, gpo_name, linked, enabled] = policy(analysis, list.setting);
            frame.row([
                account.id.into(),
                list.setting.name.as_str().into(),
                denies(&list.setting.name).into(),
                gpo_id,
                gpo_name,
                linked,
                enabled,
                analysis
                    .sid_of(*through)
                    .map(|sid| analysis.name_of(sid))
                    .into(),
            ]);
        }
    }
    frame.finish()
}

/// Users whom a policy that may be in force gives `right`: place and the principal in the list. Who stands for everybody,
/// and groups of the machine itself, are left out.
pub(super) fn users_given(analysis: &Analysis, right: &str) -> Vec<(usize, String)> {
    let directory = &analysis.directory;
    let names = Names::new(analysis);
    let mut found = Vec::new();
    for setting in settings(analysis).filter(|setting| setting.name == right) {
        if directory.group_policies.linked(&setting.gpo) == Some(false) {
            continue;
        }
        for sid in names.principals(setting) {
            if of_the_machine(&sid) || analysis.principals.is_broad(&sid) {
                continue;
            }
            let Some(place) = directory.place_of_sid(&sid) else {
                continue;
            };
            let name = analysis.name_of(&sid);
            match analysis.object(place).map(|object| object.kind) {
                Some(Kind::User) => found.push((place, name)),
                Some(Kind::Group) => {
                    let members = analysis.memberships.all_members(place, |_| true);
                    let users = members.iter().filter(|member| {
                        analysis
                            .object(member.place)
                            .is_some_and(|object| object.kind == Kind::User)
                    });
                    found.extend(users.map(|member| (member.place, name.clone())));
                }
                _ => (),
            }
        }
    }
    found
}

fn settings(analysis: &Analysis) -> impl Iterator<Item = &PolicySetting> {
    let all = analysis.directory.group_policies.settings.iter();
    all.filter(|setting| {
        setting.section == "Privilege Rights" && RIGHTS.contains(&setting.name.as_str())
    })
}

/// Those of a list that accounts of the domain can have in their token. A right that everybody is given says nothing of an
/// account; one that everybody is denied does.
fn holders(analysis: &Analysis, names: &Names, setting: &PolicySetting) -> Vec<Holder> {
    let tokens = &analysis.effective.tokens;
    names
        .principals(setting)
        .filter(|sid| !of_the_machine(sid))
        .filter_map(|sid| tokens.of(&analysis.directory, &sid))
        .filter(|holder| denies(&setting.name) || !tokens.everybody().contains(holder))
        .collect()
}

/// Whom names mean that stand in a list in the place of a SID (MS-GPSB 2.2.6), as `name` or `DOMAIN\name`.
#[derive(Default)]
struct Names {
    /// What the domain is called before a backslash, in lower case.
    domain: Vec<String>,
    /// By sAMAccountName in lower case.
    sids: HashMap<String, Sid>,
}

impl Names {
    fn new(analysis: &Analysis) -> Self {
        let mut named = settings(analysis).flat_map(listed);
        if named.all(|principal| sid(principal).is_some()) {
            return Self::default();
        }
        let directory = &analysis.directory;
        let dns = directory.manifest.domain.to_lowercase();
        let own = directory.cross_refs.iter().filter(|reference| {
            let root = reference.dns_root.as_deref();
            root.is_some_and(|root| root.to_lowercase() == dns)
        });
        let mut domain: Vec<String> = own
            .filter_map(|reference| reference.netbios.as_deref())
            .map(str::to_lowercase)
            .collect();
        domain.push(dns);
        let objects = directory.objects.iter();
        let sids = objects
            .filter(|object| directory.is_in_domain(object))
            .filter_map(|object| {
                let name = object.sam_account_name.as_ref()?.to_lowercase();
                Some((name, object.sid.clone()?))
            })
            .collect();
        Self { domain, sids }
    }

    /// The principals of a setting that are a SID, or the name of somebody in the domain.
    fn principals(&self, setting: &PolicySetting) -> impl Iterator<Item = Sid> {
        listed(setting).filter_map(|principal| sid(principal).or_else(|| self.sid(principal)))
    }

    fn sid(&self, principal: &str) -> Option<Sid> {
        let principal = principal.to_lowercase();
        match principal.split_once('\\') {
            Some((domain, name)) => {
                let own = self.domain.iter().any(|own| own == domain);
                self.sids.get(name).filter(|_| own).cloned()
            }
            None => {
                let sid = self.sids.get(&principal)?;
                let local = sid.rid().is_some_and(|rid| ALSO_LOCAL.contains(&rid));
                (!local).then(|| sid.clone())
            }
        }
    }
}

fn denies(right: &str) -> bool {
    right.starts_with("SeDeny")
}

/// A group of BUILTIN: in a policy the one of each machine, whose members the directory does not know.
fn of_the_machine(sid: &Sid) -> bool {
    sid.authority() == 5 && sid.sub_authorities().first() == Some(&32)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::CrossRef;
    use crate::load::made::{HEAD, Made};

    fn setting(name: &str, value: &str) -> PolicySetting {
        PolicySetting {
            gpo: "{31B2F340-016D-11D2-945F-00C04FB984F9}".to_owned(),
            side: "machine".to_owned(),
            source: "GptTmpl.inf".to_owned(),
            section: "Privilege Rights".to_owned(),
            name: name.to_owned(),
            kind: "principals".to_owned(),
            value: value.to_owned(),
        }
    }

    /// `svc` runs a service and is in a group; `plain` is in it too, and runs none.
    fn analysis(settings: &[(&str, &str)]) -> Analysis {
        let mut made = Made::new();
        let group = made.principal("group", "Services", HEAD, 1200);
        let svc = made.principal("user", "svc", HEAD, 1201);
        made.objects.get_mut(svc).unwrap().spns = vec!["HTTP/web".to_owned()];
        let plain = made.principal("user", "plain", HEAD, 1202);
        for member in [svc, plain] {
            made.member(group, member);
        }
        made.principal("user", "Administrator", HEAD, 500);
        let mut directory = made.directory();
        directory.manifest.domain = "corp.example".to_owned();
        directory.cross_refs = vec![CrossRef {
            object_id: 1,
            netbios: Some("CORP".to_owned()),
            dns_root: Some("corp.example".to_owned()),
            system_flags: None,
            functional_level: None,
        }];
        directory.group_policies.settings = settings
            .iter()
            .map(|(name, value)| setting(name, value))
            .collect();
        Analysis::new(directory)
    }

    fn rows(settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let frame = build(&analysis(settings)).unwrap();
        let column = |name: &str| -> Vec<String> {
            let column = frame.column(name).unwrap().str().unwrap();
            column
                .into_iter()
                .map(|text| text.unwrap_or("?").to_owned())
                .collect()
        };
        column("right").into_iter().zip(column("via")).collect()
    }

    fn pair(right: &str, via: &str) -> (String, String) {
        (right.to_owned(), via.to_owned())
    }

    #[test]
    fn groups_are_expanded_and_everybody_is_only_denied() {
        assert_eq!(
            rows(&[
                ("SeDenyInteractiveLogonRight", "*S-1-5-21-1-2-3-1200"),
                ("SeDenyRemoteInteractiveLogonRight", "*S-1-1-0"),
                ("SeInteractiveLogonRight", "*S-1-1-0,*S-1-5-11"),
                ("SeServiceLogonRight", "*S-1-5-21-1-2-3-1201"),
                ("SeBackupPrivilege", "*S-1-5-21-1-2-3-1201"),
                ("SeBatchLogonRight", "*S-1-5-21-1-2-3-1202"),
            ]),
            [
                pair("SeDenyInteractiveLogonRight", "Services"),
                pair("SeDenyRemoteInteractiveLogonRight", "Everyone"),
                pair("SeServiceLogonRight", "svc"),
            ]
        );
    }

    #[test]
    fn groups_of_the_machine_names_and_nonsense_say_nothing() {
        assert_eq!(
            rows(&[
                ("SeDenyInteractiveLogonRight", "*S-1-5-32-545"),
                (
                    "SeDenyRemoteInteractiveLogonRight",
                    "ELSEWHERE\\svc,.\\svc,nobody"
                ),
                ("SeDenyBatchLogonRight", "*S-1-5-,,*,S-1-"),
                ("SeDenyServiceLogonRight", "*S-1-5-21-9-9-9-1201"),
                ("SeDenyNetworkLogonRight", ""),
            ]),
            []
        );
    }

    #[test]
    fn a_name_means_whom_the_domain_calls_so() {
        assert_eq!(
            rows(&[
                ("SeDenyInteractiveLogonRight", "SVC"),
                ("SeDenyBatchLogonRight", "corp.example\\Services"),
                ("SeDenyNetworkLogonRight", "Corp\\svc"),
            ]),
            [
                pair("SeDenyInteractiveLogonRight", "svc"),
                pair("SeDenyBatchLogonRight", "Services"),
                pair("SeDenyNetworkLogonRight", "svc"),
            ]
        );
        // Each machine has an Administrator of its own.
        let analysis = analysis(&[("SeBatchLogonRight", "Administrator")]);
        let names = Names::new(&analysis);
        assert_eq!(names.sid("Administrator"), None);
        let rid = |name| names.sid(name).and_then(|sid| sid.rid());
        assert_eq!(rid("CORP\\Administrator"), Some(500));
        assert_eq!(rid("plain"), Some(1202));
    }

    #[test]
    fn users_are_found_whether_they_run_a_service_or_not() {
        let analysis = analysis(&[
            ("SeServiceLogonRight", "*S-1-5-21-1-2-3-1200,*S-1-1-0"),
            ("SeBatchLogonRight", "*S-1-5-21-1-2-3-513"),
        ]);
        let names: Vec<String> = users_given(&analysis, "SeServiceLogonRight")
            .into_iter()
            .map(|(place, via)| format!("{} {via}", analysis.object(place).unwrap().display_name()))
            .collect();
        assert_eq!(names, ["svc Services", "plain Services"]);
        assert_eq!(users_given(&analysis, "SeBatchLogonRight"), []);
    }
}
