//! SM: standalone managed accounts and their hosts.

use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::PlantedObject;
use super::super::population::DISABLED;
use super::aces;
use super::bed::{Bed, Grown};
use super::faultless::{flagged, instead};

pub(super) fn plant(bed: &mut Bed<'_>) {
    // Made today, so it may still be set up: information.
    let object = bed.smsa("sm-orphan");
    bed.plant(object, &[("smsa-unlinked", Info)]);
    let object = bed.smsa("sm-left");
    let left = bed.plant(object, &[("smsa-unlinked", Medium)]);
    bed.age(&left.dn, 60);
    let object = flagged(bed.smsa("sm-shut"), DISABLED);
    bed.plant(object, &[("smsa-unlinked", Low)]);

    // One host, young password: nothing.
    let object = bed.smsa("sm-fine");
    let fine = bed.plant(object, &[]);
    on(bed, "SMFINE", &fine);

    let object = bed.smsa("sm-twice");
    let twice = bed.plant(object, &[("smsa-multiple-hosts", Medium)]);
    on(bed, "SMTWO1", &twice);
    on(bed, "SMTWO2", &twice);

    let object = bed.smsa("sm-dead");
    let dead = bed.plant(object, &[("smsa-stale-host", Medium)]);
    let host = flagged(bed.computer("SMDEAD"), DISABLED);
    install(bed, host, &dead);
    // A host that was away for eighty days is not gone yet.
    let object = bed.smsa("sm-away");
    let away = bed.plant(object, &[]);
    let host = instead(bed.computer("SMAWAY"), "pwdLastSet", bed.days_ago(80));
    let host = instead(host, "lastLogonTimestamp", bed.days_ago(80));
    install(bed, host, &away);

    // More than three rollovers, which no policy sets: ninety days.
    let object = instead(bed.smsa("sm-old"), "pwdLastSet", bed.days_ago(200));
    let old = bed.plant(object, &[("smsa-old-password", Medium)]);
    on(bed, "SMOLD", &old);
    // Two rollovers.
    let object = instead(bed.smsa("sm-older"), "pwdLastSet", bed.days_ago(60));
    let older = bed.plant(object, &[("smsa-old-password", Low)]);
    on(bed, "SMOLDER", &older);
    // Ten days late is within one and a half rollovers.
    let object = instead(bed.smsa("sm-late"), "pwdLastSet", bed.days_ago(40));
    let late = bed.plant(object, &[]);
    on(bed, "SMLATE", &late);

    let object = bed.smsa("sm-tier0").with("adminCount", 1);
    let tier0 = bed.plant(object, &[("smsa-privileged-host", Critical)]);
    bed.promote(&tier0);
    on(bed, "SMTIER0", &tier0);

    // A host that could use a gMSA.
    let object = bed.smsa("sm-modern");
    let modern = bed.plant(object, &[("smsa-replaceable", Info)]);
    let host = bed
        .computer("SMMODERN")
        .with("operatingSystemVersion", "10.0 (20348)");
    install(bed, host, &modern);
    // One that could not, and whose support has ended.
    let object = bed.smsa("sm-ancient");
    let ancient = bed.plant(object, &[("smsa-stale-host", Medium)]);
    let host = bed
        .computer("SMANCIENT")
        .with("operatingSystemVersion", "6.1 (7601)");
    let host = instead(host, "operatingSystem", "Windows Server 2008 R2 Standard");
    install(bed, host, &ancient);

    // Who may install accounts on computers is told of their unit.
    let who = bed.trustee("sm.installer");
    let unit = bed.unit("Kiosks");
    bed.expect(("smsa-host-link-writable", Medium), &unit.dn);
    let host = bed.computer_in("SMKIOSK", "OU=Kiosks");
    let host = bed.plant(host, &[]);
    bed.grant(&host.dn, &aces::write(aces::HOST_LINK, &who.sid));

    let who = bed.trustee("sm.reset");
    let object = bed.smsa("sm-reset");
    let reset = bed.plant(object, &[("smsa-resettable", High)]);
    on(bed, "SMRESET", &reset);
    bed.grant(&reset.dn, &aces::control(aces::RESET_PASSWORD, &who.sid));
    let who = bed.trustee("sm.crown");
    let object = bed.smsa("sm-crown").with("adminCount", 1);
    let facts = [
        ("smsa-resettable", Critical),
        ("smsa-privileged-host", Critical),
    ];
    let crown = bed.plant(object, &facts);
    bed.promote(&crown);
    on(bed, "SMCROWN", &crown);
    bed.grant(&crown.dn, &aces::control(aces::RESET_PASSWORD, &who.sid));
    // Who must know the old password to change it takes nothing over.
    let object = bed.smsa("sm-change");
    let change = bed.plant(object, &[]);
    on(bed, "SMCHANGE", &change);
    bed.grant(&change.dn, &aces::control(aces::CHANGE_PASSWORD, &who.sid));
}

/// Installs the account on a server of its own.
fn on(bed: &mut Bed<'_>, host: &str, account: &Grown) {
    let host = bed.computer(host);
    install(bed, host, account);
}

fn install(bed: &mut Bed<'_>, host: PlantedObject, account: &Grown) {
    let host = host.with("msDS-HostServiceAccount", account.dn.as_str());
    bed.plant(host, &[]);
}
