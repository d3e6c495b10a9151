//! Where in a forest a DN lies, by its text alone.
//!
//! Owns the naming context and the domain's tail (`DC=corp,DC=example`). Deliberately does not ask whether there is such an
//! object. Text: RFC 4514; naming contexts: MS-ADTS 3.1.1.1.5.

use coldcase_schemas::plan::Context;

const SCHEMA: &str = "CN=Schema,CN=Configuration";
const CONFIGURATION: &str = "CN=Configuration";
/// Application partitions that each forest has (MS-ADTS 6.1.1.1).
const APPLICATION: [&str; 2] = ["DC=DomainDnsZones", "DC=ForestDnsZones"];

/// A DN, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// What precedes the tail and the comma before it.
    front: &'a str,
    /// The components `DC=…` at its end; empty if there are none.
    pub(crate) tail: &'a str,
}

impl<'a> Named<'a> {
    /// Takes `dn` apart.
    pub(crate) fn of(dn: &'a str) -> Self {
        let mut start = dn.len();
        loop {
            let before = dn
                .get(..start.saturating_sub(usize::from(start < dn.len())))
                .unwrap_or_default();
            if before.is_empty() {
                break;
            }
            let at = last_component(before);
            let is_dc = before
                .get(at..at + 3)
                .is_some_and(|kind| kind.eq_ignore_ascii_case("DC="));
            if !is_dc {
                break;
            }
            start = at;
        }
        // A component of a partition or a DNS zone is called DC as well, below one that is not: the tail ends there.
        Self {
            front: dn.get(..start).unwrap_or_default().trim_end_matches(','),
            tail: dn.get(start..).unwrap_or_default(),
        }
    }

    /// The naming context; `None` for an application partition or a DN without a tail.
    pub(crate) fn context(&self) -> Option<Context> {
        let partition = |name: &&str| -> bool {
            self.tail
                .get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        if self.tail.is_empty() || APPLICATION.iter().any(partition) {
            None
        } else if ends_with_component(self.front, SCHEMA) {
            Some(Context::Schema)
        } else if ends_with_component(self.front, CONFIGURATION) {
            Some(Context::Configuration)
        } else {
            Some(Context::Domain)
        }
    }

    /// What lies below the head of the naming context, without the comma; empty for the head itself.
    pub(crate) fn below_head(&self) -> &'a str {
        let head = match self.context() {
            Some(Context::Schema) => SCHEMA,
            Some(Context::Configuration) => CONFIGURATION,
            _ => "",
        };
        let end = self.front.len().saturating_sub(head.len());
        self.front
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches(',')
    }
}

/// Naming contexts of which an export showed an object.
#[derive(Debug, Default)]
pub(crate) struct ContextsSeen([bool; 3]);

impl ContextsSeen {
    /// Notes an object.
    pub(crate) fn note(&mut self, dn: &str) {
        if let Some(seen) = Named::of(dn)
            .context()
            .and_then(|context| self.0.get_mut(place_of(context)))
        {
            *seen = true;
        }
    }

    /// Whether an object of the naming context was noted.
    pub(crate) fn has(&self, context: Context) -> bool {
        self.0.get(place_of(context)).copied().unwrap_or(false)
    }
}

fn place_of(context: Context) -> usize {
    match context {
        Context::Domain => 0,
        Context::Configuration => 1,
        Context::Schema => 2,
    }
}

/// `DC=corp,DC=example` as `corp.example`, in lower case; `None` for anything else.
pub fn dns_name(tail: &str) -> Option<String> {
    let labels: Option<Vec<String>> = tail
        .split(',')
        .map(|part| {
            let (kind, label) = part.split_once('=')?;
            let label = label.trim();
            (kind.trim().eq_ignore_ascii_case("DC") && !label.is_empty())
                .then(|| label.to_lowercase())
        })
        .collect();
    labels.map(|labels| labels.join("."))
}

fn ends_with_component(text: &str, end: &str) -> bool {
    let Some(at) = text.len().checked_sub(end.len()) else {
        return false;
    };
    text.get(at..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        && (at == 0
            || text
                .get(..at)
                .is_some_and(|before| before.ends_with(',') && !before.ends_with("\\,")))
}

/// Where the last component of a DN begins.
fn last_component(dn: &str) -> usize {
    let bytes = dn.as_bytes();
    let mut at = bytes.len();
    while let Some(comma) = bytes
        .get(..at)
        .and_then(|part| part.iter().rposition(|byte| *byte == b','))
    {
        let escapes = bytes.get(..comma).map_or(0, |part| {
            part.iter().rev().take_while(|byte| **byte == b'\\').count()
        });
        if escapes % 2 == 0 {
            return comma + 1;
        }
        at = comma;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails() {
        for (dn, front, tail) in [
            ("CN=a,OU=b,DC=c,dc=d", "CN=a,OU=b", "DC=c,dc=d"),
            ("DC=c,DC=d", "", "DC=c,DC=d"),
            (r"CN=a\,DC=b,DC=c", r"CN=a\,DC=b", "DC=c"),
            ("CN=a", "CN=a", ""),
            ("", "", ""),
            (
                "DC=@,DC=zone,CN=MicrosoftDNS,DC=c",
                "DC=@,DC=zone,CN=MicrosoftDNS",
                "DC=c",
            ),
            ("<SID=S-1-5-9>", "<SID=S-1-5-9>", ""),
            (",", ",", ""),
        ] {
            let named = Named::of(dn);
            assert_eq!(
                (named.front, named.tail),
                (front.trim_end_matches(','), tail),
                "{dn}"
            );
        }
    }

    #[test]
    fn contexts() {
        let context = |dn| Named::of(dn).context();
        assert_eq!(context("CN=a,DC=b"), Some(Context::Domain));
        assert_eq!(
            context("cn=configuration,DC=b"),
            Some(Context::Configuration)
        );
        assert_eq!(
            context("CN=x,CN=Schema,CN=Configuration,DC=b"),
            Some(Context::Schema)
        );
        assert_eq!(
            context("CN=x,CN=MyConfiguration,DC=b"),
            Some(Context::Domain)
        );
        assert_eq!(context("CN=x,DC=ForestDnsZones,DC=b"), None);
        assert_eq!(context("CN=x"), None);
        assert_eq!(
            Named::of("CN=x,CN=Schema,CN=Configuration,DC=b").below_head(),
            "CN=x"
        );
        assert_eq!(Named::of("CN=Configuration,DC=b").below_head(), "");
        assert_eq!(Named::of("OU=x,DC=b").below_head(), "OU=x");
    }

    #[test]
    fn names_of_domains() {
        assert_eq!(
            dns_name("DC=Corp,dc=example").as_deref(),
            Some("corp.example")
        );
        assert_eq!(dns_name("CN=a,DC=b"), None);
        assert_eq!(dns_name(""), None);
    }
}
