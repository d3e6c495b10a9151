//! DG: who may impersonate whom to what.

use coldcase_schemas::report::Severity::{Critical, High, Low, Medium};

use super::super::planted::PlantedObject;
use super::super::population::DISABLED;
use super::aces;
use super::bed::Bed;
use super::faultless::{flagged, readers_of};

// userAccountControl, MS-ADTS 2.2.16.
const UNCONSTRAINED: i64 = 0x8_0000;
const PROTOCOL_TRANSITION: i64 = 0x100_0000;

const DELEGATE_TO: &str = "msDS-AllowedToDelegateTo";
const ALLOWED_TO_ACT: &str = "msDS-AllowedToActOnBehalfOfOtherIdentity";

pub(super) fn plant(bed: &mut Bed<'_>) {
    let object = flagged(bed.computer("DGOPEN"), UNCONSTRAINED);
    bed.plant(object, &[("delegation-unconstrained", Critical)]);
    let object = flagged(bed.computer("DGSHUT"), UNCONSTRAINED | DISABLED);
    bed.plant(object, &[("delegation-unconstrained", Low)]);

    constrained(bed);
    resource_based(bed);

    // A domain administrator whom nobody shields from being impersonated.
    let object = bed.service("dg-bare").with("adminCount", 1);
    let facts = [
        ("delegation-of-privileged", Medium),
        ("privileged-without-silo", Medium),
        ("spn-privileged", Critical),
    ];
    let bare = bed.plant(object, &facts);
    bed.appoint(&bare);

    // Delegates to a name that nobody holds, and may give it to a domain administrator.
    let object = bed.service("dg-prize").with("adminCount", 1);
    let facts_of_prize = [
        ("spn-privileged", Critical),
        ("account-spn-write", Critical),
    ];
    let prize = bed.plant(object, &facts_of_prize);
    bed.promote(&prize);
    let object = bed
        .service("dg-jack")
        .with(DELEGATE_TO, format!("HTTP/dgfree.{}", bed.dns()));
    let facts = [
        ("delegation-spn-jack", Critical),
        ("tier0-in-reach", Critical),
    ];
    let jack = bed.plant(object, &facts);
    bed.grant(&prize.dn, &aces::write(aces::SERVICE_NAMES, &jack.sid));

    // The same where a server outside tier 0 holds the name, and lets it go.
    let held = format!("HTTP/dgheld.{}", bed.dns());
    let holder = bed.computer("DGHELD");
    let holder = bed.plant(holder.with("servicePrincipalName", held.as_str()), &[]);
    let object = bed.service("dg-prize2").with("adminCount", 1);
    let prize = bed.plant(object, &facts_of_prize);
    bed.promote(&prize);
    let object = bed.service("dg-taker").with(DELEGATE_TO, held);
    let facts = [
        ("delegation-spn-jack", High),
        ("delegation-constrained-elsewhere", Medium),
        ("tier0-in-reach", Critical),
    ];
    let taker = bed.plant(object, &facts);
    bed.grant(&prize.dn, &aces::write(aces::SERVICE_NAMES, &taker.sid));
    bed.grant(&holder.dn, &aces::write(aces::SERVICE_NAMES, &taker.sid));

    let who = bed.trustee("dg.writer");
    let object = bed.service("dg-writable");
    let writable = bed.plant(object, &[("delegation-writable", High)]);
    bed.grant(&writable.dn, &aces::write(aces::ALLOWED_TO_ACT, &who.sid));
    let who = bed.trustee("dg.crown");
    let object = bed.service("dg-crown").with("adminCount", 1);
    let facts = [
        ("delegation-writable", Critical),
        ("spn-privileged", Critical),
    ];
    let crown = bed.plant(object, &facts);
    bed.promote(&crown);
    bed.grant(&crown.dn, &aces::write(aces::ALLOWED_TO_ACT, &who.sid));
    let who = bed.trustee("dg.targets");
    let object = bed.service("dg-targets");
    let targets = bed.plant(object, &[("delegation-writable", Medium)]);
    bed.grant(&targets.dn, &aces::write(aces::DELEGATE_TO, &who.sid));
}

/// DG02 to DG04, DG07.
fn constrained(bed: &mut Bed<'_>) {
    let dns = bed.dns();
    let to = |object: PlantedObject, target: &str| object.with(DELEGATE_TO, target);

    let controller = format!("cifs/{}", bed.controller_host());
    let object = flagged(bed.service("dg-any"), PROTOCOL_TRANSITION);
    bed.plant(
        to(object, &controller),
        &[("delegation-protocol-transition", Critical)],
    );
    let object = to(bed.service("dg-passes"), &controller);
    bed.plant(object, &[("delegation-constrained", Critical)]);

    let database = format!("MSSQLSvc/dgback.{dns}:1433");
    let back = bed
        .computer("DGBACK")
        .with("servicePrincipalName", database.as_str());
    bed.plant(back, &[]);
    let object = to(bed.service("dg-front"), &database);
    bed.plant(object, &[("delegation-constrained-elsewhere", Medium)]);
    let object = flagged(bed.service("dg-anyone"), PROTOCOL_TRANSITION);
    bed.plant(
        to(object, &database),
        &[("delegation-constrained-elsewhere", High)],
    );

    // A class that HOST stands for, but no host.
    let object = to(bed.service("dg-ghost"), &format!("HTTP/dggone.{dns}"));
    bed.plant(object, &[("delegation-ghost-target", High)]);
    // Disabled, and keeps its name and its target.
    let object = to(bed.service("dg-ghost-off"), &format!("HTTP/dggone.{dns}"));
    let object = flagged(object, DISABLED);
    bed.plant(object, &[("delegation-ghost-target", Medium)]);
    bed.expect_times(2, ("spn-zombie", Low), "dg-ghost-off");

    // Disabled, so that delegation to tier 0 gives nothing today: it is told as a remnant, and as a way that is open again
    // once somebody enables the account.
    let object = flagged(to(bed.service("dg-off"), &controller), DISABLED);
    bed.plant(object, &[("tier0-in-reach", Low)]);
    bed.expect_times(2, ("spn-zombie", Low), "dg-off");
}

/// DG05, DG06.
fn resource_based(bed: &mut Bed<'_>) {
    let front = bed.computer("DGWEB");
    let front = bed.plant(front, &[]);
    let person = bed.trustee("dg.person");

    let admin = bed.person("dg.admin").with("adminCount", 1);
    let object = admin.with(ALLOWED_TO_ACT, readers_of(&[&front.sid]));
    let admin = bed.plant(object, &[("delegation-resource-based-tier0", Critical)]);
    bed.promote(&admin);
    // Nobody has the SID that is let in.
    let dead = bed.dead_sid();
    let admin = bed.person("dg.left").with("adminCount", 1);
    let object = admin.with(ALLOWED_TO_ACT, readers_of(&[&dead]));
    let admin = bed.plant(object, &[("delegation-resource-based-tier0", Medium)]);
    bed.promote(&admin);
    let object = bed
        .computer("DGLEFT")
        .with(ALLOWED_TO_ACT, readers_of(&[&dead]));
    bed.plant(object, &[("delegation-resource-based-broad", Medium)]);

    let object = bed
        .computer("DGLOOSE")
        .with(ALLOWED_TO_ACT, readers_of(&[&person.sid]));
    bed.plant(object, &[("delegation-resource-based-broad", High)]);
    // A front end that is a computer is what the attribute is for.
    let object = bed
        .computer("DGTIGHT")
        .with(ALLOWED_TO_ACT, readers_of(&[&front.sid]));
    bed.plant(object, &[]);
}
