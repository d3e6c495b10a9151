//! Accounts as group policies write them (MS-GPSB 2.2.6 and 2.2.10): SIDs and names in lists, and groups with what is
//! set of them.
//!
//! Owns these texts. Which settings hold accounts is the caller's to know; numbers pass.

use super::known;
use super::name::{Names, is_plain};

/// Behind the name of a group: who is in it, what it is in.
const OF_GROUPS: &[&str] = &["__Members", "__Memberof"];

impl Names {
    /// `*S-1-5-32-544,CORP\svc-sql`, `*S-1-5-32-544__Members`, or a number.
    pub(super) fn setting(&mut self, text: &str) -> String {
        let accounts: Vec<String> = text
            .split(',')
            .map(|item| {
                let bare = item.trim().trim_matches('"');
                let start = item.find(bare).unwrap_or_default();
                let (before, rest) = item.split_at_checked(start).unwrap_or(("", item));
                let after = rest.get(bare.len()..).unwrap_or_default();
                format!("{before}{}{after}", self.listed(bare))
            })
            .collect();
        accounts.join(",")
    }

    fn listed(&mut self, item: &str) -> String {
        if is_plain(item) {
            return item.to_owned();
        }
        let suffix = OF_GROUPS.iter().find_map(|suffix| {
            let place = item.len().checked_sub(suffix.len())?;
            let (account, end) = item.split_at_checked(place)?;
            end.eq_ignore_ascii_case(suffix).then_some((account, end))
        });
        match suffix {
            Some((account, end)) => format!("{}{end}", self.account(account)),
            None => self.account(item),
        }
    }

    /// `*SID`, `DOMAIN\name`, `name@domain` or a name.
    fn account(&mut self, account: &str) -> String {
        if let Some(sid) = account.strip_prefix('*') {
            return format!("*{}", self.label(sid));
        }
        let Some((domain, name)) = account.split_once('\\') else {
            return self.principal(account);
        };
        let known = known::AUTHORITIES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(domain));
        let domain = match known {
            true => domain.to_owned(),
            false => self.dns(domain),
        };
        format!("{domain}\\{}", self.name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn accounts_are_called_as_elsewhere() {
        let mut names = names();
        let [contoso, sql, hosts, own] =
            ["contoso", "svc-sql", "SQL Hosts", "x"].map(|name| names.token(name));
        for (text, expected) in [
            ("", String::new()),
            ("30", "30".to_owned()),
            ("-1", "-1".to_owned()),
            ("*S-1-5-32-544", "*S-1-5-32-544".to_owned()),
            (
                "*S-1-5-20, CONTOSO\\svc-sql,\"SQL Hosts\"",
                format!("*S-1-5-20, {contoso}\\{sql},\"{hosts}\""),
            ),
            ("svc-sql@contoso,", format!("{sql}@{contoso},")),
            ("Domain Admins", "Domain Admins".to_owned()),
            ("BUILTIN\\Users", "BUILTIN\\Users".to_owned()),
            ("NT SERVICE\\x", format!("NT SERVICE\\{own}")),
            (
                "*S-1-5-32-544__Members",
                "*S-1-5-32-544__Members".to_owned(),
            ),
            ("SQL Hosts__Memberof", format!("{hosts}__Memberof")),
            ("*x", format!("*{own}")),
        ] {
            assert_eq!(names.setting(text), expected, "{text}");
        }
    }
}
