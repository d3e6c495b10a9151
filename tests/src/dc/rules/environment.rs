//! EN and GV. The functional level and the machine account quota of a new domain are found as they are.

use anyhow::Result;
use coldcase_schemas::report::Severity::{High, Info, Low};

use super::aces;
use super::bed::Bed;
use super::faultless::without;

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    // A container that fits below computers, and so accounts do; and a leaf, in which nothing lies.
    bed.class("corpStorageGroup", 1, "container");
    bed.class("corpSensor", 2, "leaf");
    bed.expect(("schema-odd-superiors", High), bed.base_dn());
    // No policy in SYSVOL turns armoring on.
    bed.expect(("kerberos-armoring", Info), bed.base_dn());

    // Made today, so it may still be set up: information.
    let object = without(bed.service("ev-nobodys"), "description");
    bed.plant(object, &[("service-account-ownerless", Info)]);
    let object = without(bed.service("ev-orphaned"), "description");
    let orphaned = bed.plant(object, &[("service-account-ownerless", Low)]);
    bed.age(&orphaned.dn, 60);
    // Notes are enough.
    let object = without(bed.service("ev-noted"), "description").with("info", "Ask team 7");
    bed.plant(object, &[]);

    let host = bed.computer("EVHOST");
    let host = bed.plant(host, &[]);
    // Not even administrators may read its permissions; the owner could, so it is the system's.
    let object = bed.gmsa("ev-hidden", &[&host.sid])?;
    let hidden = bed.plant(object, &[("unreadable-descriptors", Info)]);
    bed.grant_unnoticed(&hidden.dn, &aces::deny("RC", "WD"));
    bed.give(&hidden.dn, "SY");
    Ok(())
}
