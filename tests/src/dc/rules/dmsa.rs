//! DM: delegated managed service accounts and where they can be made.

use anyhow::Result;
use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::PlantedObject;
use super::super::population::DISABLED;
use super::bed::{Bed, Grown};
use super::faultless::{flagged, instead};
use super::{Fact, aces};

/// msDS-DelegatedMSAState and msDS-SupersededServiceAccountState.
const STARTED: i64 = 1;
const COMPLETED: i64 = 2;

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let host = bed.computer("DMHOST");
    let host = bed.plant(host, &[]);
    places(bed);
    permissions(bed, &host)?;
    migrations(bed, &host)?;

    let object = bed.dmsa("dm-open", &["AU"])?;
    bed.plant(object, &[("dmsa-readers", Critical)]);
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
    let who = bed.trustee("dm.maker");
    bed.grant(&unit.dn, &aces::create(aces::DMSA, &who.sid));
    // The same person names the successor of a service: both halves.
    let object = bed.service("dm-victim");
    let victim = bed.plant(object, &[("dmsa-successor-pair", High)]);
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR, &who.sid));
    bed.grant(&victim.dn, &aces::write(aces::SUCCESSOR_STATE, &who.sid));
    // One half, and nobody's who can make a dMSA.
    let half = bed.trustee("dm.half");
    let object = bed.service("dm-spared");
    let spared = bed.plant(object, &[]);
    bed.grant(&spared.dn, &aces::write(aces::SUCCESSOR, &half.sid));
    bed.grant(&spared.dn, &aces::write(aces::SUCCESSOR_STATE, &half.sid));
    // The published mitigation: a deny of the class.
    let unit = bed.unit("Denied");
    bed.grant(&unit.dn, &aces::create(aces::DMSA, &who.sid));
    let denied = format!("(OD;;CC;{};;WD)", aces::DMSA);
    bed.grant(&unit.dn, &denied);

    let unit = bed.unit("Handed over");
    bed.expect(("dmsa-container-takeover", Critical), &unit.dn);
    let who = bed.trustee("dm.changer");
    bed.grant(&unit.dn, &aces::allow("WD", &who.sid));
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

    let who = bed.trustee("dm.readers");
    let object = bed.dmsa("dm-list", &[&host.sid])?;
    let list = bed.plant(object, &[("dmsa-state-writable", High)]);
    bed.grant(&list.dn, &aces::write(aces::READERS, &who.sid));

    // A right that hands over nothing.
    let object = bed.dmsa("dm-phone", &[&host.sid])?;
    let phone = bed.plant(object, &[]);
    bed.grant(&phone.dn, &aces::write(aces::TELEPHONE, &who.sid));
    Ok(())
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
