//! Names of hosts and what contains them: service and user principal names, paths, lists of workstations.
//!
//! Owns the way into these texts. A host name is replaced label by label, so that its first label equals the name of the
//! computer and the others those of the domain.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::known;
use super::name::Names;

impl Names {
    /// A DNS name, label by label; an address is one name. Labels that begin with `_` name services (RFC 2782).
    pub(super) fn dns(&mut self, host: &str) -> String {
        if host.parse::<Ipv4Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok() {
            return self.token(host);
        }
        let labels: Vec<String> = host
            .split('.')
            .map(|label| {
                let zone = known::ZONES
                    .iter()
                    .any(|zone| zone.eq_ignore_ascii_case(label));
                if zone {
                    label.to_owned()
                } else {
                    self.label(label)
                }
            })
            .collect();
        labels.join(".")
    }

    /// `service/host:port/name` (MS-ADTS 2.2.21): well-known service classes, ports and GUIDs stay.
    pub(super) fn spn(&mut self, spn: &str) -> String {
        let Some((class, rest)) = spn.split_once('/') else {
            return self.whole(spn);
        };
        let known = known::SERVICES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(class));
        let mut text = if known {
            class.to_owned()
        } else {
            self.label(class)
        };
        for part in rest.split('/') {
            text.push('/');
            text.push_str(&self.instance(part));
        }
        text
    }

    /// `host:1433` or `host:INSTANCE`.
    fn instance(&mut self, part: &str) -> String {
        let mut pieces = part.split(':');
        let mut text = self.dns(pieces.next().unwrap_or_default());
        for piece in pieces {
            text.push(':');
            if piece.bytes().all(|byte| byte.is_ascii_digit()) {
                text.push_str(piece);
            } else {
                text.push_str(&self.label(piece));
            }
        }
        text
    }

    /// `user@domain` (userPrincipalName, mail); without `@`, a name.
    pub(super) fn principal(&mut self, name: &str) -> String {
        match name.rsplit_once('@') {
            Some((user, domain)) => format!("{}@{}", self.name(user), self.dns(domain)),
            None => self.name(name),
        }
    }

    /// userWorkstations: names separated by commas.
    pub(super) fn workstations(&mut self, list: &str) -> String {
        let hosts: Vec<String> = list.split(',').map(|host| self.dns(host.trim())).collect();
        hosts.join(",")
    }

    /// `\\host\share\folder\file`, `C:\folder` or `file`. Drives, variables and the share of SYSVOL stay. A part that
    /// repeats the host, as the path of a group policy does, is a DNS name too.
    pub(super) fn path(&mut self, path: &str) -> String {
        let unc = path.starts_with("\\\\") || path.starts_with("//");
        let mut parts = path.split_inclusive(['\\', '/']).map(|piece| {
            let part = piece.trim_end_matches(['\\', '/']);
            (part, piece.get(part.len()..).unwrap_or_default())
        });
        let mut host: Option<&str> = None;
        let mut text = String::with_capacity(path.len());
        for (part, separator) in &mut parts {
            let replaced = match host {
                _ if part.is_empty() || is_drive(part) || is_variable(part) => part.to_owned(),
                None if unc => {
                    host = Some(part);
                    self.dns(part)
                }
                Some(host) if host.eq_ignore_ascii_case(part) => self.dns(part),
                _ if known::SHARES
                    .iter()
                    .any(|share| share.eq_ignore_ascii_case(part)) =>
                {
                    part.to_owned()
                }
                _ => self.name(part),
            };
            text.push_str(&replaced);
            text.push_str(separator);
        }
        text
    }
}

fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Variables that every system has; one of the customer's own may say whose it is.
fn is_variable(part: &str) -> bool {
    known::VARIABLES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn service_names_match_their_hosts() {
        let mut names = names();
        let [sql, contoso, instance, own] =
            ["sql01", "contoso", "CRM", "AcmePay"].map(|name| names.token(name));
        for (spn, expected) in [
            (
                "MSSQLSvc/SQL01.contoso:1433",
                format!("MSSQLSvc/{sql}.{contoso}:1433"),
            ),
            ("MSSQLSvc/sql01:CRM", format!("MSSQLSvc/{sql}:{instance}")),
            ("ldap/sql01/contoso", format!("ldap/{sql}/{contoso}")),
            ("acmepay/sql01", format!("{own}/{sql}")),
            ("acmepay", own.clone()),
            ("HTTP/", "HTTP/".to_owned()),
            (
                "ldap/0e9a4b1c-5d1f-4d0e-9b43-2f8a7c6d5e4f._msdcs.contoso",
                format!("ldap/0e9a4b1c-5d1f-4d0e-9b43-2f8a7c6d5e4f._msdcs.{contoso}"),
            ),
        ] {
            assert_eq!(names.spn(spn), expected);
        }
        assert_eq!(
            names.workstations("SQL01, sql01.contoso"),
            format!("{sql},{sql}.{contoso}")
        );
        assert_eq!(
            names.path(
                "\\\\contoso\\SysVol\\CONTOSO\\Policies\\{31B2F340-016D-11D2-945F-00C04FB984F9}"
            ),
            format!(
                "\\\\{contoso}\\SysVol\\{contoso}\\Policies\\{{31B2F340-016D-11D2-945F-00C04FB984F9}}"
            )
        );
        assert_eq!(
            names.path("C:\\sql01\\%USERNAME%"),
            format!("C:\\{sql}\\%USERNAME%")
        );
        assert_eq!(names.path("sql01"), sql);
    }
}
