//! SP: users that run services.

use super::super::planted::PlantedObject;
use super::super::population::{AES, DISABLED, NO_EXPIRY};
use super::bed::{Bed, flagged, instead};

// userAccountControl, MS-ADTS 2.2.16.
const NO_PREAUTHENTICATION: i64 = 0x40_0000;
const PASSWORD_NOT_REQUIRED: i64 = 0x20;

// msDS-SupportedEncryptionTypes, MS-KILE 2.2.7.
const DES: i64 = 0x3;
const RC4: i64 = 0x4;

pub(super) fn plant(bed: &mut Bed<'_>) {
    let object = bed.service("sp-fine");
    bed.plant(object, &[]);
    ciphers(bed);
    passwords(bed);

    let object = bed.service("sp-tier0").with("adminCount", 1);
    let tier0 = bed.plant(object, &["spn-privileged", "privileged-membership"]);
    bed.promote(&tier0);

    let object = bed.service("sp-person").with("employeeID", "4711");
    bed.plant(object, &["spn-human"]);

    let object = seen(bed, "sp-dormant", 300);
    bed.plant(object, &["spn-dormant"]);
    let object = seen(bed, "sp-quiet", 150);
    bed.plant(object, &[]);

    // Disabled, and keeps its name.
    let object = flagged(bed.service("sp-zombie"), DISABLED);
    bed.plant(object, &["spn-zombie"]);

    let object = bed.service("sp-twin1");
    bed.plant(object, &["spn-duplicate"]);
    let object = bed.service("sp-twin2");
    let twin = bed.plant(object, &["spn-duplicate"]);
    // No controller lets a second account have the name.
    bed.write_past(
        &twin.dn,
        "servicePrincipalName",
        "HTTP/sp-twin1.partner.example",
    );
}

/// SP05, SP06.
fn ciphers(bed: &mut Bed<'_>) {
    let mut with = |name: &str, ciphers: i64, rules: &[&'static str]| {
        let object = instead(bed.service(name), "msDS-SupportedEncryptionTypes", ciphers);
        bed.plant(object, rules);
    };
    with("sp-rc4", RC4, &["spn-weak-encryption"]);
    with("sp-rc4-aes", AES | RC4, &["spn-weak-encryption"]);
    with("sp-des", DES, &["spn-des"]);
}

/// SP03, SP07 to SP09, SP11.
fn passwords(bed: &mut Bed<'_>) {
    let object = instead(bed.service("sp-old"), "pwdLastSet", bed.days_ago(500));
    bed.plant(object, &["spn-old-password"]);
    let object = instead(bed.service("sp-aging"), "pwdLastSet", bed.days_ago(300));
    bed.plant(object, &[]);

    let object = flagged(bed.service("sp-forever"), NO_EXPIRY);
    bed.plant(object, &["spn-password-never-expires"]);
    let object = flagged(bed.service("sp-empty"), PASSWORD_NOT_REQUIRED);
    bed.plant(object, &["spn-password-not-required"]);

    // Every user is looked at, with and without a service principal name.
    let object = flagged(bed.person("sp.roast"), NO_PREAUTHENTICATION);
    bed.plant(object, &["spn-no-preauthentication"]);
    let object = flagged(bed.person("sp.off"), NO_PREAUTHENTICATION | DISABLED);
    bed.plant(object, &[]);

    let object = instead(
        bed.service("sp-note"),
        "description",
        "Nightly run, password: Summer-2019",
    );
    bed.plant(object, &["spn-password-in-text"]);
    let object = instead(
        bed.service("sp-vault"),
        "description",
        "Password is in the vault, team 7",
    );
    bed.plant(object, &[]);
}

fn seen(bed: &Bed<'_>, name: &str, days: i64) -> PlantedObject {
    instead(bed.service(name), "lastLogonTimestamp", bed.days_ago(days))
}
