//! What each attribute holds: a rule for every row of the attribute table.
//!
//! Owns the classification. Deliberately does not carry it out.

use std::collections::HashMap;

use coldcase_schemas::Syntax;
use coldcase_schemas::attribute::ATTRIBUTES;

/// What the values of an attribute hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// No name: GUIDs, OIDs, names of the schema, operating systems.
    Keep,
    /// A number, a flag or a time; anything else is taken for text.
    Number,
    /// The name of an object.
    Name,
    /// A NetBIOS name, equal to a DNS label.
    Label,
    /// Free text: one pseudonym for the whole value.
    Whole,
    /// A distinguished name.
    Dn,
    /// DN-binary (MS-ADTS 3.1.1.2.2.2.3).
    DnBinary,
    /// msDS-KeyCredentialLink: a key credential (MS-ADTS 2.2.20) as DN-binary.
    KeyCredential,
    /// gPLink (MS-GPOL 2.2.2).
    GpLink,
    /// A DNS name.
    Dns,
    /// A service principal name (MS-ADTS 2.2.21).
    Spn,
    /// `user@domain`.
    Principal,
    /// Hosts separated by commas.
    Workstations,
    /// A file or UNC path.
    Path,
    /// altSecurityIdentities: a kind of mapping and what is mapped.
    Mapping,
    /// SDDL.
    Sddl,
    /// A SID as on the wire.
    Sid,
    /// A self-relative security descriptor.
    Descriptor,
    /// msDS-ManagedPasswordId (MS-GKDI 2.2.4).
    PasswordId,
}

/// Rows of the attribute table whose syntax does not tell: numbers, times, DNs and descriptors are known by theirs.
#[rustfmt::skip]
const TABLE: &[(Rule, &[&str])] = &[
    (Rule::Keep, &[
        "objectGUID", "objectClass", "operatingSystem", "operatingSystemVersion", "dSHeuristics", "msKds-KDFAlgorithmID",
        "lDAPDisplayName", "schemaIDGUID", "attributeSecurityGUID", "attributeID", "attributeSyntax", "governsID",
        "subClassOf", "possSuperiors", "systemPossSuperiors", "auxiliaryClass", "systemAuxiliaryClass", "rightsGuid",
        "appliesTo", "mayContain", "mustContain", "systemMayContain", "systemMustContain",
    ]),
    (Rule::Name, &["name", "cn", "sAMAccountName", "displayName"]),
    (Rule::Label, &["nETBIOSName", "flatName"]),
    (Rule::Whole, &["description", "info", "employeeID", "comment", "adminDescription"]),
    (Rule::DnBinary, &["wellKnownObjects", "otherWellKnownObjects"]),
    (Rule::KeyCredential, &["msDS-KeyCredentialLink"]),
    (Rule::GpLink, &["gPLink"]),
    (Rule::Dns, &["dNSHostName", "dnsRoot", "trustPartner", "msDS-AdditionalDnsHostName"]),
    (Rule::Spn, &["servicePrincipalName", "msDS-AllowedToDelegateTo"]),
    (Rule::Principal, &["userPrincipalName", "mail"]),
    (Rule::Workstations, &["userWorkstations"]),
    (Rule::Path, &["gPCFileSysPath", "scriptPath", "profilePath"]),
    (Rule::Mapping, &["altSecurityIdentities"]),
    (Rule::Sddl, &["defaultSecurityDescriptor"]),
    (Rule::Sid, &["objectSid", "sIDHistory", "securityIdentifier"]),
    (Rule::PasswordId, &["msDS-ManagedPasswordId", "msDS-ManagedPasswordPreviousId"]),
];

/// Attributes of the root DSE, in lower case, that hold capabilities, beside those that begin with `supported`.
pub(super) const ROOT_DSE_KEPT: &[&str] = &["vendorname", "vendorversion", "dsaversionstring"];

/// The attribute of the root DSE whose values are SIDs, in lower case: the groups of who asks.
pub(super) const ROOT_DSE_SIDS: &str = "tokengroups";

/// The rules by attribute.
#[derive(Debug)]
pub(super) struct Rules {
    by_name: HashMap<String, Rule>,
}

impl Rules {
    pub(super) fn new() -> Self {
        let by_name = ATTRIBUTES
            .iter()
            .filter_map(|attribute| {
                let rule = of(attribute.name, attribute.syntax)?;
                Some((attribute.name.to_ascii_lowercase(), rule))
            })
            .collect();
        Self { by_name }
    }

    /// The rule of an attribute, compared without case; `None` if it is not in the attribute table.
    pub(super) fn find(&self, attribute: &str) -> Option<Rule> {
        self.by_name.get(&attribute.to_ascii_lowercase()).copied()
    }
}

fn of(name: &str, syntax: Syntax) -> Option<Rule> {
    let listed = TABLE.iter().find(|(_, names)| names.contains(&name));
    match (listed, syntax) {
        (Some((rule, _)), _) => Some(*rule),
        (None, Syntax::Boolean | Syntax::Integer | Syntax::Time) => Some(Rule::Number),
        (None, Syntax::Dn) => Some(Rule::Dn),
        (None, Syntax::SecurityDescriptor) => Some(Rule::Descriptor),
        (None, Syntax::Text | Syntax::TextList | Syntax::Bytes | Syntax::BytesList) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_attribute_is_classified() {
        let missing: Vec<&str> = ATTRIBUTES
            .iter()
            .filter(|attribute| of(attribute.name, attribute.syntax).is_none())
            .map(|attribute| attribute.name)
            .collect();
        assert_eq!(missing, [""; 0], "say in TABLE what these hold");
    }

    #[test]
    fn every_row_is_an_attribute_once() {
        let mut seen = BTreeSet::new();
        for name in TABLE.iter().flat_map(|(_, names)| *names) {
            assert!(
                ATTRIBUTES.iter().any(|attribute| attribute.name == *name),
                "{name}"
            );
            assert!(seen.insert(name), "{name} twice");
        }
    }
}
