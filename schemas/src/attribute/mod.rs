//! The attribute table: every attribute that may be asked for, how it is stored, and why it is wanted.
//!
//! Owns the allow-list and the list of secrets that are never asked for and never kept.
//! Deliberately does not decode a value.

mod table;

pub use table::ATTRIBUTES;

/// How the values of an attribute are written on the wire (MS-ADTS 3.1.1.2.2.2) and stored in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Boolean: `TRUE` or `FALSE`. Column INTEGER, 1 or 0.
    Boolean,
    /// Integer, Enumeration or LargeInteger: signed decimal. Column INTEGER. FILETIMEs stay ticks of 100 ns.
    Integer,
    /// GeneralizedTime: `YYYYMMDDHHMMSS.0Z`. Column TEXT, as it came.
    Time,
    /// One Unicode, IA5, Printable or OID string. Column TEXT.
    Text,
    /// Several strings. Column TEXT, joined by a line feed.
    TextList,
    /// One octet string, SID or GUID. Column BLOB.
    Bytes,
    /// Several octet strings or DN-binary values: rows of table `value`.
    BytesList,
    /// Self-relative security descriptor. Column INTEGER, an id of table `security_descriptor`.
    SecurityDescriptor,
    /// One or several DNs: rows of table `link`.
    Dn,
}

impl Syntax {
    /// True if an attribute of the table with this syntax has one value at most.
    pub fn is_single(self) -> bool {
        !matches!(self, Self::TextList | Self::BytesList | Self::Dn)
    }
}

/// Kinds of objects. A query asks for the attributes of its families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Every object.
    Any,
    /// Users, computers and managed service accounts.
    Account,
    /// gMSA, sMSA, dMSA.
    ServiceAccount,
    /// Groups.
    Group,
    /// Organizational units, containers and the domain.
    Container,
    /// The head of the domain naming context, the Directory Service object, crossRefs.
    Domain,
    /// Group policy containers.
    Gpo,
    /// KDS root keys.
    Kds,
    /// Password settings objects.
    Pso,
    /// Trusted domain objects.
    Trust,
    /// classSchema and attributeSchema.
    Schema,
    /// controlAccessRight.
    ExtendedRight,
    /// Authentication policy silos.
    Silo,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// lDAPDisplayName, spelled as in the schema.
    pub name: &'static str,
    /// How it is stored.
    pub syntax: Syntax,
    /// Which objects are asked for it.
    pub families: &'static [Family],
    /// Why Coldcase wants it, one line that a customer can read.
    pub reason: &'static str,
}

impl Attribute {
    /// True if the attribute has a column of its own in table `object`.
    pub fn has_column(&self) -> bool {
        !matches!(self.syntax, Syntax::Dn | Syntax::BytesList)
    }
}

/// Attributes that hold secrets. They are never asked for; a source that brings them has them dropped and counted.
///
/// Sources: MS-ADTS 3.1.1.3.1.1.4 (unicodePwd and its kin), MS-ADA2 2.379 (msDS-ManagedPassword),
/// msKds-RootKeyData (searchFlags 0x280), the two LAPS generations, RFC 2307 passwords.
pub const SECRETS: &[&str] = &[
    "msDS-ManagedPassword",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "trustAuthIncoming",
    "trustAuthOutgoing",
    "initialAuthIncoming",
    "initialAuthOutgoing",
    "currentValue",
    "priorValue",
    "ms-Mcs-AdmPwd",
    "msLAPS-Password",
    "msLAPS-EncryptedPassword",
    "msLAPS-EncryptedPasswordHistory",
    "msLAPS-EncryptedDSRMPassword",
    "msLAPS-EncryptedDSRMPasswordHistory",
    "msKds-RootKeyData",
    "msFVE-RecoveryPassword",
    "msFVE-KeyPackage",
    "userPassword",
    "unixUserPassword",
    "msSFU30Password",
];

/// True if `name` (compared without case) holds a secret.
pub fn is_secret(name: &str) -> bool {
    SECRETS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// The row of `name` (compared without case), with its position, which is its id in a snapshot.
pub fn find(name: &str) -> Option<(usize, &'static Attribute)> {
    ATTRIBUTES
        .iter()
        .enumerate()
        .find(|(_, attribute)| attribute.name.eq_ignore_ascii_case(name))
}

/// The attributes that objects of `families` are asked for, in the table's order.
pub fn asked_of(families: &[Family]) -> Vec<&'static str> {
    ATTRIBUTES
        .iter()
        .filter(|attribute| {
            attribute
                .families
                .iter()
                .any(|family| *family == Family::Any || families.contains(family))
        })
        .map(|attribute| attribute.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_none_is_a_secret() {
        let mut seen = BTreeSet::new();
        for attribute in ATTRIBUTES {
            assert!(
                seen.insert(attribute.name.to_ascii_lowercase()),
                "{} twice",
                attribute.name
            );
            assert!(!is_secret(attribute.name), "{} is a secret", attribute.name);
        }
    }

    #[test]
    fn every_attribute_has_a_reason_and_a_family() {
        for attribute in ATTRIBUTES {
            assert!(
                attribute.reason.len() > 10,
                "{} has no reason",
                attribute.name
            );
            assert!(
                !attribute.families.is_empty(),
                "{} has no family",
                attribute.name
            );
        }
    }

    #[test]
    fn secrets_are_recognised_without_case() {
        assert!(is_secret("MSDS-MANAGEDPASSWORD"));
        assert!(!is_secret("msDS-ManagedPasswordId"));
    }
}
