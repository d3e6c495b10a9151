//! SP: users that run services.

use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::PlantedObject;
use super::super::population::{AES, DISABLED, NO_EXPIRY};
use super::bed::Bed;
use super::faultless::{flagged, instead, without};
use super::{Fact, aces};

// userAccountControl, MS-ADTS 2.2.16.
const NO_PREAUTHENTICATION: i64 = 0x40_0000;
const PASSWORD_NOT_REQUIRED: i64 = 0x20;
const REVERSIBLE: i64 = 0x80;
const DES_ONLY: i64 = 0x20_0000;

// msDS-SupportedEncryptionTypes, MS-KILE 2.2.7.
const DES: i64 = 0x3;
const RC4: i64 = 0x4;

pub(super) fn plant(bed: &mut Bed<'_>) {
    let object = bed.service("sp-fine");
    bed.plant(object, &[]);
    ciphers(bed);
    passwords(bed);
    policies(bed);
    hosts(bed);

    let object = bed.service("sp-tier0").with("adminCount", 1);
    let tier0 = bed.plant(object, &[("spn-privileged", Critical)]);
    bed.promote(&tier0);

    let object = bed.service("sp-person").with("employeeID", "4711");
    bed.plant(object, &[("spn-human", Medium)]);

    let object = seen(bed, "sp-dormant", 300);
    bed.plant(object, &[("spn-dormant", Medium)]);
    let object = seen(bed, "sp-quiet", 150);
    bed.plant(object, &[]);

    // Disabled, and keeps its name.
    let object = flagged(bed.service("sp-zombie"), DISABLED);
    bed.plant(object, &[("spn-zombie", Low)]);

    let object = bed.service("sp-twin1");
    bed.plant(object, &[("spn-duplicate", Medium)]);
    let object = bed.service("sp-twin2");
    let twin = bed.plant(object, &[("spn-duplicate", Medium)]);
    // No controller lets a second account have the name.
    bed.write_past(
        &twin.dn,
        "servicePrincipalName",
        "HTTP/sp-twin1.partner.example",
    );
}

/// SP05, SP06.
fn ciphers(bed: &mut Bed<'_>) {
    let mut with = |name: &str, ciphers: i64, facts: &[Fact]| {
        let object = instead(bed.service(name), "msDS-SupportedEncryptionTypes", ciphers);
        bed.plant(object, facts);
    };
    with("sp-rc4", RC4, &[("spn-weak-encryption", High)]);
    with("sp-rc4-aes", AES | RC4, &[("spn-weak-encryption", Medium)]);
    with("sp-des", DES, &[("spn-des", High)]);

    // The flag is not looked at where a value names ciphers.
    let object = flagged(bed.service("sp-flag"), DES_ONLY);
    bed.plant(object, &[("spn-des", Low)]);

    let who = bed.trustee("sp.cipher");
    let object = bed.service("sp-cipher");
    let cipher = bed.plant(object, &[("spn-encryption-writable", Medium)]);
    bed.grant(&cipher.dn, &aces::write(aces::CIPHERS, &who.sid));

    // The group of read-only controllers tells since when passwords have AES keys.
    let marker = format!("CN=Read-only Domain Controllers,CN=Users,{}", bed.base_dn());
    bed.age(&marker, 4_000);
    let object = instead(bed.service("sp-keyless"), "pwdLastSet", bed.days_ago(4_500));
    bed.plant(
        object,
        &[("spn-no-aes-keys", High), ("spn-old-password", High)],
    );
}

/// SP10, SP12, SP20, SP21: what policies say.
fn policies(bed: &mut Bed<'_>) {
    let object = flagged(bed.service("sp-clear"), REVERSIBLE);
    bed.plant(object, &[("spn-reversible-encryption", High)]);
    bed.ungovern("sp-short");
    let object = bed.service("sp-short");
    bed.plant(object, &[("spn-short-password", Medium)]);

    let object = without(bed.service("sp-desktop"), "userWorkstations");
    bed.plant(object, &[("spn-interactive-logon", Low)]);
    let object = without(bed.service("sp-denied"), "userWorkstations");
    let denied = bed.plant(object, &[]);
    bed.logon_right("SeDenyInteractiveLogonRight", &[&denied.sid]);
    bed.logon_right("SeDenyRemoteInteractiveLogonRight", &[&denied.sid]);

    let object = bed.person("sp.shadow");
    let shadow = bed.plant(object, &[("spn-shadow-account", Info)]);
    // Local Service is no account of the domain.
    bed.logon_right("SeServiceLogonRight", &["S-1-5-19", &shadow.sid]);
    let object = bed.person("sp.viewer");
    let viewer = bed.plant(object, &[]);
    bed.logon_right("SeInteractiveLogonRight", &[&viewer.sid]);
}

/// SP14, SP15, SP22: the hosts that names mean.
fn hosts(bed: &mut Bed<'_>) {
    let dns = bed.dns();
    let named = |object: PlantedObject, spn: &str| instead(object, "servicePrincipalName", spn);

    let object = named(bed.service("sp-ghost"), &format!("HTTP/spgone.{dns}"));
    bed.plant(object, &[("spn-ghost-host", Medium)]);

    let host = bed.computer("SPHOST");
    bed.plant(host, &[]);
    let object = named(bed.service("sp-machine"), &format!("TERMSRV/sphost.{dns}"));
    bed.plant(object, &[("spn-foreign-host", High)]);
    // The normal case: a service of its own on a host whose build is not known.
    let object = named(bed.service("sp-web"), &format!("HTTP/sphost.{dns}"));
    bed.plant(object, &[]);

    let host = bed
        .computer("SPNEW")
        .with("operatingSystemVersion", "10.0 (20348)");
    bed.plant(host, &[]);
    let object = named(
        bed.service("sp-ready"),
        &format!("MSSQLSvc/spnew.{dns}:1433"),
    );
    bed.plant(object, &[("spn-gmsa-candidate", Info)]);
}

/// SP03, SP07 to SP09, SP11.
fn passwords(bed: &mut Bed<'_>) {
    // Older than a year, and not three.
    let object = instead(bed.service("sp-old"), "pwdLastSet", bed.days_ago(500));
    bed.plant(object, &[("spn-old-password", Medium)]);
    let object = instead(bed.service("sp-aging"), "pwdLastSet", bed.days_ago(300));
    bed.plant(object, &[]);

    let object = flagged(bed.service("sp-forever"), NO_EXPIRY);
    bed.plant(object, &[("spn-password-never-expires", Medium)]);
    let object = flagged(bed.service("sp-crown"), NO_EXPIRY).with("adminCount", 1);
    let facts = [
        ("spn-password-never-expires", High),
        ("spn-privileged", Critical),
    ];
    let crown = bed.plant(object, &facts);
    bed.promote(&crown);
    let object = flagged(bed.service("sp-empty"), PASSWORD_NOT_REQUIRED);
    bed.plant(object, &[("spn-password-not-required", High)]);

    // Every user is looked at, with and without a service principal name.
    let object = flagged(bed.person("sp.roast"), NO_PREAUTHENTICATION);
    bed.plant(object, &[("spn-no-preauthentication", High)]);
    let object = flagged(bed.person("sp.admin"), NO_PREAUTHENTICATION).with("adminCount", 1);
    let admin = bed.plant(object, &[("spn-no-preauthentication", Critical)]);
    bed.promote(&admin);
    let object = flagged(bed.person("sp.off"), NO_PREAUTHENTICATION | DISABLED);
    bed.plant(object, &[]);

    let object = instead(
        bed.service("sp-note"),
        "description",
        "Nightly run, password: Summer-2019",
    );
    bed.plant(object, &[("spn-password-in-text", High)]);
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
