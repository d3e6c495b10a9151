//! DM: delegated managed service accounts and where they can be made.

use anyhow::Result;
use coldcase_schemas::report::Severity::{self, Critical, High, Info, Low, Medium};

use super::super::planted::PlantedObject;
use super::super::population::DISABLED;
use super::bed::{Bed, ENFORCED, Grown, UPDATED};
use super::faultless::{flagged, instead, readers_of, without};
use super::{Fact, aces};

/// msDS-DelegatedMSAState and msDS-SupersededServiceAccountState.
const STARTED: i64 = 1;
const COMPLETED: i64 = 2;

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let host = bed.computer("DMHOST");
    let host = bed.plant(host, &[]);
    places(bed);
    switches(bed);
    permissions(bed, &host)?;
    migrations(bed, &host)?;

    let object = bed.dmsa("dm-open", &["AU"])?;
    bed.plant(object, &[("dmsa-readers", Critical)]);
    let person = bed.trustee("dm.person");
    let object = bed.dmsa("dm-human", &[&host.sid, &person.sid])?;
    bed.plant(object, &[("dmsa-readers", High)]);
    let dead = bed.dead_sid();
    let object = bed.dmsa("dm-dead", &[&host.sid, &dead])?;
    bed.plant(object, &[("dmsa-readers", Medium)]);
    // Made today, so it may still be set up: information. Not so after two months.
    let nobody = |bed: &Bed<'_>, name: &str| {
        let object = bed.dmsa(name, &[])?;
        Ok::<_, anyhow::Error>(without(object, "msDS-GroupMSAMembership"))
    };
    let object = nobody(bed, "dm-nobody")?;
    bed.plant(object, &[("dmsa-readers", Info)]);
    let object = nobody(bed, "dm-forgotten")?;
    let forgotten = bed.plant(object, &[("dmsa-readers", Low)]);
    bed.age(&forgotten.dn, 60);
    let object = bed.dmsa("dm-fine", &[&host.sid])?;
    bed.plant(object, &[]);
    bed.unit("Stray");
    let object = bed.dmsa("dm-stray", &[&host.sid])?;
    let object = bed.moved(object, "OU=Stray");
    bed.plant(object, &[("dmsa-odd-parent", Medium)]);

    // An alias of HOST on an ordinary server.
    let back = bed.computer("DMBACK");
    let back = back.with("servicePrincipalName", format!("HOST/dmback.{}", bed.dns()));
    bed.plant(back, &[]);
    let object = bed.dmsa("dm-copied", &[&host.sid])?;
    let target = format!("HTTP/dmback.{}", bed.dns());
    bed.plant(
        object.with("msDS-AllowedToDelegateTo", target),
        &[("dmsa-copied-delegation", High)],
    );
    // Nobody has the SID that is let in.
    let object = bed.dmsa("dm-let-in", &[&host.sid])?;
    bed.plant(
        object.with(
            "msDS-AllowedToActOnBehalfOfOtherIdentity",
            readers_of(&[&dead]),
        ),
        &[("dmsa-copied-delegation", Medium)],
    );
    Ok(())
}

/// DM01, DM02, DM04, DM12: units in which dMSAs can be made, and a controller that knows them.
fn places(bed: &mut Bed<'_>) {
    bed.expect(("dmsa-controller-update", Info), bed.base_dn());
    let name = "DC2025";
    let controller = bed
        .controller_account(name)
        .with("operatingSystem", "Windows Server 2025 Standard");
    bed.plant(controller, &[]);

    let unit = bed.unit("Projects");
    bed.expect(("dmsa-create-child", Critical), &unit.dn);
    // Once enforced, whoever creates may not set what makes a successor.
    bed.expect_in(ENFORCED, 1, ("dmsa-create-child", Low), &unit.dn);
    // With the update he must write the victim as well, and below he does: an account in tier 0.
    bed.expect_in(UPDATED, 1, ("dmsa-create-child", Critical), &unit.dn);
    let who = bed.trustee("dm.maker");
    bed.grant(&unit.dn, &aces::create(aces::DMSA, &who.sid));
    // The same person names the successor of a service: both halves.
    let object = bed.service("dm-victim");
    let victim = bed.plant(object, &[("dmsa-successor-pair", High)]);
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR, &who.sid));
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR_STATE, &who.sid));
    let object = bed.person("dm.prize").with("adminCount", 1);
    let prize = bed.plant(object, &[("dmsa-successor-pair", Critical)]);
    bed.promote(&prize);
    bed.grant(&prize.dn, &aces::write(aces::SUCCESSOR, &who.sid));
    bed.grant(&prize.dn, &aces::write(aces::SUCCESSOR_STATE, &who.sid));
    // One half, and nobody's who can make a dMSA.
    let half = bed.trustee("dm.half");
    let object = bed.service("dm-spared");
    let spared = bed.plant(object, &[]);
    bed.grant(&spared.dn, &aces::write(aces::SUCCESSOR, &half.sid));
    bed.grant(&spared.dn, &aces::write(aces::SUCCESSOR_STATE, &half.sid));
    // Another who makes dMSAs, and writes no victim.
    let unit = bed.unit("Works");
    let worker = bed.trustee("dm.worker");
    bed.grant(&unit.dn, &aces::create(aces::DMSA, &worker.sid));
    bed.expect(("dmsa-create-child", Critical), &unit.dn);
    bed.expect_in(ENFORCED, 1, ("dmsa-create-child", Low), &unit.dn);
    bed.expect_in(UPDATED, 1, ("dmsa-create-child", Low), &unit.dn);
    // The published mitigation: a deny of the class.
    let unit = bed.unit("Denied");
    bed.grant(&unit.dn, &aces::create(aces::DMSA, &who.sid));
    let denied = format!("(OD;;CC;{};;WD)", aces::DMSA);
    bed.grant(&unit.dn, &denied);

    let unit = bed.unit("Handed over");
    expect_controlled(bed, &unit);
    let who = bed.trustee("dm.changer");
    bed.grant(&unit.dn, &aces::allow("WD", &who.sid));
    // Makes a unit of his own, in which he can do what he likes; nobody's account lies there yet.
    let unit = bed.unit("Divided");
    let who = bed.trustee("dm.divider");
    bed.grant(&unit.dn, &aces::create(aces::UNIT, &who.sid));
    bed.expect(("dmsa-container-takeover", Critical), &unit.dn);
    bed.expect_in(ENFORCED, 1, ("dmsa-container-takeover", Critical), &unit.dn);
    bed.expect_in(UPDATED, 1, ("dmsa-container-takeover", Low), &unit.dn);
    let unit = bed.unit("Kept");
    bed.grant(&unit.dn, &aces::allow("WD", &who.sid));
    bed.grant(&unit.dn, &aces::deny("WD", &who.sid));
}

/// DM03, DM05: who may change an account that is there.
fn permissions(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let who = bed.trustee("dm.namer");
    let object = bed.dmsa("dm-link", &[&host.sid])?;
    let link = bed.plant(object, &[("dmsa-predecessor-writable", Critical)]);
    bed.grant(&link.dn, &aces::write(aces::PREDECESSOR, &who.sid));
    bed.expect_in(UPDATED, 1, ("dmsa-predecessor-writable", Low), &link.name);
    // With the update it takes the other half: over a service, and over an account in tier 0.
    let object = bed.service("dm-named");
    let named = bed.plant(object, &[("dmsa-successor-pair", High)]);
    inherit(bed, host, "dm-link-victim", &named, High)?;
    let object = bed.person("dm.chief").with("adminCount", 1);
    let chief = bed.plant(object, &[("dmsa-successor-pair", Critical)]);
    bed.promote(&chief);
    inherit(bed, host, "dm-link-chief", &chief, Critical)?;

    let who = bed.trustee("dm.readers");
    let object = bed.dmsa("dm-list", &[&host.sid])?;
    let list = bed.plant(object, &[("dmsa-state-writable", High)]);
    bed.grant(&list.dn, &aces::write(aces::READERS, &who.sid));

    // In tier 0, and only controllers are handed its keys (S-1-5-9).
    let who = bed.trustee("dm.crown");
    let object = bed.dmsa("dm-crown", &["S-1-5-9"])?.with("adminCount", 1);
    let crown = bed.plant(object, &[("dmsa-state-writable", Critical)]);
    bed.promote(&crown);
    bed.grant(&crown.dn, &aces::write(aces::READERS, &who.sid));

    // A right that hands over nothing.
    let object = bed.dmsa("dm-phone", &[&host.sid])?;
    let phone = bed.plant(object, &[]);
    bed.grant(&phone.dn, &aces::write(aces::TELEPHONE, &who.sid));
    Ok(())
}

/// Plants a dMSA, and somebody who names its predecessor and its successor in turn: `victim`.
fn inherit(
    bed: &mut Bed<'_>,
    host: &Grown,
    name: &str,
    victim: &Grown,
    updated: Severity,
) -> Result<()> {
    let who = bed.trustee(&name.replace("dm-", "dm."));
    let object = bed.dmsa(name, &[&host.sid])?;
    let link = bed.plant(object, &[("dmsa-predecessor-writable", Critical)]);
    bed.expect_in(
        UPDATED,
        1,
        ("dmsa-predecessor-writable", updated),
        &link.name,
    );
    bed.grant(&link.dn, &aces::write(aces::PREDECESSOR, &who.sid));
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR, &who.sid));
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR_STATE, &who.sid));
    Ok(())
}

/// DM02: somebody may change the permissions of the unit. He gives himself what enforcing takes away; with the update
/// he still lacks the write on the victim, but has what lies in the unit.
pub(super) fn expect_controlled(bed: &mut Bed<'_>, unit: &Grown) {
    bed.expect(("dmsa-container-takeover", Critical), &unit.dn);
    bed.expect_in(ENFORCED, 1, ("dmsa-container-takeover", Critical), &unit.dn);
    bed.expect_in(UPDATED, 1, ("dmsa-container-takeover", Medium), &unit.dn);
}

/// DM13: characters 28 and 29 of dSHeuristics; 10 and 20 count along.
fn switches(bed: &mut Bed<'_>) {
    let service = format!(
        "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,{}",
        bed.base_dn()
    );
    for (state, value) in [(ENFORCED, 1), (UPDATED, 2)] {
        let ldif = format!(
            "dn: {service}\nchangetype: modify\nreplace: dSHeuristics\n\
             dSHeuristics: 000000000100000000020000000{value}{value}\n\n"
        );
        bed.change(state, &ldif);
    }
    let domain = bed.base_dn();
    bed.expect_in(UPDATED, 2, ("dmsa-directory-switches", Medium), domain);
}

/// DM06 to DM09: links and states.
fn migrations(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let admin = flagged(bed.person("dm.admin"), DISABLED).with("adminCount", 1);
    let admin = succeeded(bed, admin, "dm-heir", COMPLETED);
    bed.promote(&admin);
    succeed(
        bed,
        "dm-heir",
        host,
        &admin,
        COMPLETED,
        &[("dmsa-privileged-predecessor", Critical)],
    )?;

    // Completed on both sides, and the old account is off: as it should end.
    let old = flagged(bed.person("dm.retired"), DISABLED);
    let old = succeeded(bed, old, "dm-done", COMPLETED);
    succeed(bed, "dm-done", host, &old, COMPLETED, &[])?;

    // Off, but its names were not moved.
    let kept = flagged(bed.service("dm-kept"), DISABLED);
    let kept = succeeded(bed, kept, "dm-untidy", COMPLETED);
    succeed(
        bed,
        "dm-untidy",
        host,
        &kept,
        COMPLETED,
        &[("dmsa-dirty-completion", Low)],
    )?;

    // Operators are one step below tier 0.
    let operator = flagged(bed.person("dm.operator"), DISABLED).with("adminCount", 1);
    let operator = succeeded(bed, operator, "dm-operates", COMPLETED);
    bed.join("CN=Backup Operators,CN=Builtin", &operator);
    succeed(
        bed,
        "dm-operates",
        host,
        &operator,
        COMPLETED,
        // Operators work on the controllers: the dMSA is three steps from tier 0.
        &[
            ("dmsa-privileged-predecessor", High),
            ("tier0-in-reach", High),
        ],
    )?;

    let unaware = bed.trustee("dm.unaware");
    succeed(
        bed,
        "dm-oneside",
        host,
        &unaware,
        STARTED,
        &[("dmsa-one-sided-link", High)],
    )?;

    let moving = bed.person("dm.moving");
    let moving = succeeded(bed, moving, "dm-stuck", STARTED);
    let stuck = succeed(
        bed,
        "dm-stuck",
        host,
        &moving,
        STARTED,
        &[("dmsa-stuck-migration", Low)],
    )?;
    bed.age(&stuck.dn, 60);
    // Two weeks are what Microsoft plans.
    let moving = bed.person("dm.learning");
    let moving = succeeded(bed, moving, "dm-learning", STARTED);
    let learning = succeed(bed, "dm-learning", host, &moving, STARTED, &[])?;
    bed.age(&learning.dn, 14);

    let awake = bed.person("dm.awake");
    let awake = succeeded(bed, awake, "dm-dirty", COMPLETED);
    succeed(
        bed,
        "dm-dirty",
        host,
        &awake,
        COMPLETED,
        &[("dmsa-dirty-completion", Medium)],
    )?;
    Ok(())
}

/// Plants the account that the dMSA of that name replaces, with its side of the link.
fn succeeded(bed: &mut Bed<'_>, account: PlantedObject, dmsa: &str, state: i64) -> Grown {
    let link = format!("CN={dmsa},CN=Managed Service Accounts,{}", bed.base_dn());
    let account = account
        .with("msDS-SupersededManagedAccountLink", link)
        .with("msDS-SupersededServiceAccountState", state);
    bed.plant(account, &[])
}

/// Plants a dMSA that names its predecessor.
fn succeed(
    bed: &mut Bed<'_>,
    name: &str,
    host: &Grown,
    predecessor: &Grown,
    state: i64,
    facts: &[Fact],
) -> Result<Grown> {
    let object = instead(
        bed.dmsa(name, &[&host.sid])?,
        "msDS-DelegatedMSAState",
        state,
    );
    let link = predecessor.dn.as_str();
    Ok(bed.plant(
        object.with("msDS-ManagedAccountPrecededByLink", link),
        facts,
    ))
}
