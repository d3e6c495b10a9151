//! Values that hold a DN or an identity inside something else: DN-binary, gPLink, altSecurityIdentities.
//!
//! Owns their outer form. What cannot be taken apart becomes one pseudonym.

use super::name::Names;

impl Names {
    /// `B:32:A9D1CA15768811D1ADED00C04FD8D5CD:CN=Users,…` (MS-ADTS 3.1.1.2.2.2.3): the digits stay. DN-string, `S:3:abc:…`,
    /// may hold a name, which becomes a pseudonym like the DN.
    pub(super) fn dn_binary(&mut self, text: &str) -> String {
        if let Some((digits, dn)) = binary(text) {
            return format!("B:{}:{digits}:{}", digits.len(), self.dn(dn));
        }
        let string = || {
            let (count, rest) = text.strip_prefix("S:")?.split_once(':')?;
            let (text, dn) = rest.split_at_checked(count.parse().ok()?)?;
            Some((text, dn.strip_prefix(':')?))
        };
        match string() {
            Some((text, dn)) => {
                let text = self.whole(text);
                format!("S:{}:{text}:{}", text.len(), self.dn(dn))
            }
            None => self.whole(text),
        }
    }

    /// `[LDAP://cn={GUID},cn=policies,cn=system,DC=corp,DC=example;0]…` (MS-GPOL 2.2.2). A single blank is how the editor
    /// leaves an empty list.
    pub(super) fn gp_link(&mut self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(inner) = rest.strip_prefix('[') {
            let Some((link, after)) = inner.split_once(']') else {
                break;
            };
            let Some((path, options)) = link.rsplit_once(';') else {
                break;
            };
            let (scheme, dn) = match path.get(..7) {
                Some(scheme) if scheme.eq_ignore_ascii_case("LDAP://") => path.split_at(7),
                _ => ("", path),
            };
            if !options.bytes().all(|byte| byte.is_ascii_digit()) {
                break;
            }
            replaced.push_str(&format!("[{scheme}{};{options}]", self.dn(dn)));
            rest = after;
        }
        if !rest.trim().is_empty() {
            replaced.push_str(&self.whole(rest));
        } else {
            replaced.push_str(rest);
        }
        replaced
    }

    /// `X509:<I>issuer<S>subject` or `Kerberos:user@REALM` (MS-ADTS 5.1.1.1.3 and 6.1.1.2.4.1): the kind of mapping
    /// stays, what is mapped becomes a pseudonym.
    pub(super) fn mapping(&mut self, text: &str) -> String {
        let Some((kind, content)) = text.split_once(':') else {
            return self.whole(text);
        };
        if kind.eq_ignore_ascii_case("Kerberos") {
            return format!("{kind}:{}", self.principal(content));
        }
        if !kind.eq_ignore_ascii_case("X509") {
            return self.whole(text);
        }
        let mut replaced = format!("{kind}:");
        let mut rest = content;
        while let Some(tag) = TAGS.iter().find_map(|tag| {
            rest.get(..tag.len())
                .filter(|it| it.eq_ignore_ascii_case(tag))
        }) {
            rest = rest.get(tag.len()..).unwrap_or_default();
            // The next tag, not a `<` of the name, ends the part.
            let end = (0..rest.len())
                .find(|place| {
                    TAGS.iter().any(|tag| {
                        rest.get(*place..*place + tag.len())
                            .is_some_and(|it| it.eq_ignore_ascii_case(tag))
                    })
                })
                .unwrap_or(rest.len());
            let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            replaced.push_str(tag);
            replaced.push_str(&self.whole(part));
            rest = after;
        }
        replaced.push_str(&self.whole(rest));
        replaced
    }
}

/// Digits and DN of a DN-binary value.
pub(super) fn binary(text: &str) -> Option<(&str, &str)> {
    let (count, rest) = text.strip_prefix("B:")?.split_once(':')?;
    let (digits, dn) = rest.split_once(':')?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (plain && count.parse() == Ok(digits.len())).then_some((digits, dn))
}

/// What an X.509 mapping goes by: issuer, subject, serial number, key identifier, hash of the key, mail address.
const TAGS: &[&str] = &["<I>", "<S>", "<SR>", "<SKI>", "<SHA1-PUKEY>", "<RFC822>"];

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn dn_binary_keeps_its_digits() {
        let mut names = names();
        let users = "B:4:A9D1:CN=Users,DC=contoso,DC=example";
        let contoso = names.token("contoso");
        let example = names.token("example");
        assert_eq!(
            names.dn_binary(users),
            format!("B:4:A9D1:CN=Users,DC={contoso},DC={example}")
        );
        let ada = names.token("Ada");
        assert_eq!(
            names.dn_binary("S:3:Ada:CN=Ada"),
            format!("S:15:{ada}:CN={ada}")
        );
        for odd in ["B:4:A9:CN=x", "B:x:A9D1:CN=x", "S:9:Ada:CN=x", "B:", "Ada"] {
            assert_eq!(names.dn_binary(odd), names.token(odd), "{odd}");
        }
    }

    #[test]
    fn links_of_policies_keep_policy_and_options() {
        let mut names = names();
        let link =
            "[LDAP://cn={31B2F340-016D-11D2-945F-00C04FB984F9},cn=policies,cn=system,DC=contoso;2]";
        let contoso = names.token("contoso");
        assert_eq!(
            names.gp_link(&format!("{link}{link}")),
            format!("{link}{link}").replace("contoso", &contoso)
        );
        assert_eq!(names.gp_link(" "), " ");
        assert_eq!(names.gp_link(""), "");
        for odd in ["[contoso", "[contoso]", "[contoso;x]", "contoso"] {
            assert_eq!(names.gp_link(odd), names.token(odd), "{odd}");
        }
    }

    #[test]
    fn mappings_keep_their_kind() {
        let mut names = names();
        let (issuer, subject) = (
            names.token("DC=example,CN=Contoso CA"),
            names.token("CN=Ada"),
        );
        assert_eq!(
            names.mapping("X509:<I>DC=example,CN=Contoso CA<S>CN=Ada"),
            format!("X509:<I>{issuer}<S>{subject}")
        );
        let hash = names.token("ABC123");
        assert_eq!(
            names.mapping("X509:<SHA1-PUKEY>ABC123"),
            format!("X509:<SHA1-PUKEY>{hash}")
        );
        let (ada, contoso) = (names.token("ada"), names.token("CONTOSO"));
        assert_eq!(
            names.mapping("Kerberos:ada@CONTOSO"),
            format!("Kerberos:{ada}@{contoso}")
        );
        for odd in ["ada", "X:ada"] {
            assert_eq!(names.mapping(odd), names.token(odd), "{odd}");
        }
        let rest = names.token("é<x>ada");
        assert_eq!(names.mapping("X509:é<x>ada"), format!("X509:{rest}"));
    }
}
