//! Writes the planted objects as LDIF. Knows which attributes need which of Samba's controls, not what they mean.

use super::planted::{Kind, Planted, PlantedObject, Value};

/// `relax` admits what only the system may write: object SIDs and GUIDs, SID history, `msDS-ManagedPasswordId`
/// and `msDS-ManagedPasswordInterval` (both systemOnly). The second control is Samba's "bypass the password module":
/// with it, `pwdLastSet` takes any date, and accounts need no password.
pub(super) const OBJECT_CONTROLS: &str =
    "# controls: relax:0 local_oid:1.3.6.1.4.1.7165.4.3.12:0\n\n";

/// Attributes that point to objects, which must exist first: groups may even contain each other.
const LINKS: [&str; 9] = [
    "managedBy",
    "member",
    "msDS-AssignedAuthNPolicySilo",
    "msDS-AuthNPolicySiloMembers",
    "msDS-HostServiceAccount",
    "msDS-KeyCredentialLink",
    "msDS-ManagedAccountPrecededByLink",
    "msDS-PSOAppliesTo",
    "msDS-SupersededManagedAccountLink",
];

/// All objects without their links.
pub(super) fn objects(planted: &Planted) -> String {
    let mut text = OBJECT_CONTROLS.to_owned();
    // Samba refuses to add stand-ins for foreign principals; it makes them when a group names their SID.
    for object in planted
        .objects
        .iter()
        .filter(|object| object.kind != Kind::ForeignSecurityPrincipal)
    {
        line(&mut text, "dn", object.dn.as_bytes());
        line(
            &mut text,
            "objectClass",
            object.kind.object_class().as_bytes(),
        );
        if let Some(sid) = &object.sid {
            line(&mut text, "objectSid", sid.as_bytes());
        }
        for (name, values) in object
            .attributes
            .iter()
            .filter(|(name, _)| !LINKS.contains(name))
        {
            lines(&mut text, name, values);
        }
        text.push('\n');
    }
    text
}

/// The links between the objects, and what is added to objects that exist anyway.
pub(super) fn links(planted: &Planted) -> String {
    // No controls: under `relax`, Samba does not make stand-ins for foreign members.
    let mut text = "# links\n\n".to_owned();
    let foreign: Vec<&PlantedObject> = planted.of(Kind::ForeignSecurityPrincipal).collect();
    for object in &planted.objects {
        for (name, values) in object
            .attributes
            .iter()
            .filter(|(name, _)| LINKS.contains(name))
        {
            modify(&mut text, &object.dn, "add", name);
            let by_sid = |value: &Value| match foreign
                .iter()
                .find(|other| *value == Value::Text(other.dn.clone()))
            {
                Some(PlantedObject { sid: Some(sid), .. }) => Value::Text(format!("<SID={sid}>")),
                _ => value.clone(),
            };
            lines(
                &mut text,
                name,
                &values.iter().map(by_sid).collect::<Vec<_>>(),
            );
            text.push('\n');
        }
    }
    for addition in &planted.additions {
        modify(&mut text, &addition.dn, "add", addition.attribute);
        line(&mut text, addition.attribute, addition.value.as_bytes());
        text.push('\n');
    }
    text
}

/// The passwords, which need the password module that the other files bypass.
pub(super) fn passwords(planted: &Planted) -> String {
    let mut text = "# passwords\n\n".to_owned();
    for object in &planted.objects {
        if let Some(set) = object.password {
            text.push_str(&password(&object.dn, set));
        }
    }
    text
}

/// Sets one password (MS-ADTS 3.1.1.3.1.5).
pub(super) fn password(dn: &str, password: &str) -> String {
    let mut text = String::new();
    modify(&mut text, dn, "replace", "unicodePwd");
    let quoted: Vec<u8> = format!("\"{password}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    line(&mut text, "unicodePwd", &quoted);
    text.push('\n');
    text
}

pub(super) fn modify(text: &mut String, dn: &str, operation: &str, attribute: &str) {
    line(text, "dn", dn.as_bytes());
    line(text, "changetype", b"modify");
    line(text, operation, attribute.as_bytes());
}

fn lines(text: &mut String, name: &str, values: &[Value]) {
    for value in values {
        match value {
            Value::Text(value) => line(text, name, value.as_bytes()),
            Value::Bytes(value) => line(text, name, value),
        }
    }
}

/// RFC 2849: plain where the value is harmless ASCII, base64 otherwise.
pub(super) fn line(text: &mut String, name: &str, value: &[u8]) {
    let plain = value.iter().all(|byte| matches!(byte, b'!'..=b'~' | b' '))
        && !matches!(value.first(), None | Some(b' ' | b':' | b'<'))
        && value.last() != Some(&b' ');
    text.push_str(name);
    if plain {
        text.push_str(": ");
        text.extend(value.iter().map(|&byte| char::from(byte)));
    } else {
        text.push_str(":: ");
        base64(text, value);
    }
    text.push('\n');
}

pub(super) fn base64(text: &mut String, value: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in value.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4_usize {
            let digit = DIGITS
                .get(bits >> (18 - 6 * place) & 63)
                .copied()
                .unwrap_or(b'=');
            text.push(char::from(if place <= chunk.len() { digit } else { b'=' }));
        }
    }
}
