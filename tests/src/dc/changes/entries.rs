//! Permissions: entries that come and go, at the account and handed down to it, owners, and inheritance.

use anyhow::Result;
use coldcase_schemas::diff::{CauseKind, Direction, Power};

use super::super::rules::aces;
use super::ground::{Ground, Placed, access, attribute, changed, described, entry, modified};
use super::names::{handed_down, helpdesk};
use super::{Step, Told};

/// Characters 28 and 29 are enforced (MS-ADTS 6.1.1.2.4.1.2); 10 and 20 count along.
const ENFORCED: &str = "00000000010000000002000000011";

pub(super) fn plant(ground: &mut Ground<'_>) -> Result<()> {
    allowed(ground);
    denied(ground);
    inherited(ground);
    owned(ground)
}

fn allowed(ground: &mut Ground<'_>) {
    let who = somebody(ground, "allowed");
    let target = service(ground, "svc-allowed");
    let ace = aces::control(aces::RESET_PASSWORD, &who.sid);
    let told = of_entry(
        &target,
        (true, &ace),
        (Power::Reset, Direction::Gained),
        (&who, CauseKind::AllowAdded),
    );
    ground.change("a right is given", step(&target, "add", &ace), told);

    let who = somebody(ground, "allowed.no.more");
    let target = service(ground, "svc-allowed-no-more");
    let ace = aces::allow(aces::FULL_CONTROL, &who.sid);
    ground.grant(&target.dn, &ace);
    let mut told = of_entry(
        &target,
        (false, &ace),
        (Power::Control, Direction::Lost),
        (&who, CauseKind::AllowRemoved),
    );
    // Full control has every power in it.
    told.push(access(
        &target.dn,
        Power::Reset,
        Direction::Lost,
        &who.dn,
        CauseKind::AllowRemoved,
    ));
    ground.change(
        "full control is taken away",
        step(&target, "remove", &ace),
        told,
    );
}

/// One of a group is denied what the group may do.
fn denied(ground: &mut Ground<'_>) {
    for (add, name) in [(true, "svc-denied"), (false, "svc-denied-no-more")] {
        let people = if add {
            ["denied", "not.denied"]
        } else {
            ["denied.before", "never.denied"]
        };
        let [who, other] = people.map(|name| somebody(ground, name));
        let object = ground.group(&format!("GG-{name}"), &[&who, &other]);
        let group = ground.plant(object);
        let target = service(ground, name);
        ground.grant(&target.dn, &aces::control(aces::RESET_PASSWORD, &group.sid));
        let ace = format!("(OD;;CR;{};;{})", aces::RESET_PASSWORD, who.sid);
        let (what, operation, direction, cause) = if add {
            (
                "one of a group is denied what it may do",
                "add",
                Direction::Lost,
                CauseKind::DenyAdded,
            )
        } else {
            ground.grant(&target.dn, &ace);
            (
                "a deny is taken away",
                "remove",
                Direction::Gained,
                CauseKind::DenyRemoved,
            )
        };
        let told = of_entry(
            &target,
            (add, &ace),
            (Power::Reset, direction),
            (&who, cause),
        );
        ground.change(what, step(&target, operation, &ace), told);
    }
}

/// What a container hands down is told there, with how many inherit it; who may do more, at each account.
fn inherited(ground: &mut Ground<'_>) {
    let who = somebody(ground, "inherits");
    let unit = ground.unit("Handing");
    let accounts = ["svc-heir-one", "svc-heir-two"].map(|name| {
        let object = ground.service_in(name, "OU=Handing");
        ground.plant(object)
    });
    let ace = handed_down(&who.sid);
    let mut told = vec![
        changed(&unit.dn),
        entry(&unit.dn, true, &ace),
        Told::Heirs {
            of: unit.dn.clone(),
            count: 2,
        },
    ];
    told.extend(accounts.iter().map(|account| {
        access(
            &account.dn,
            Power::Reset,
            Direction::Gained,
            &who.dn,
            CauseKind::AllowAdded,
        )
    }));
    ground.change("a unit hands down a right", step(&unit, "add", &ace), told);

    let helpers = helpdesk(ground, "GG-Help-Block", ["hb.one", "hb.two"]);
    let unit = ground.unit("Blocked");
    ground.grant(&unit.dn, &handed_down(&helpers.sid));
    let object = ground.service_in("svc-blocked", "OU=Blocked");
    let target = ground.plant(object);
    ground.change(
        "inheritance is blocked",
        Step::Permissions(described(&target.dn, "protect", "")),
        vec![
            changed(&target.dn),
            Told::Inheritance {
                of: target.dn.clone(),
                blocked: true,
            },
            access(
                &target.dn,
                Power::Reset,
                Direction::Lost,
                &helpers.dn,
                CauseKind::AllowRemoved,
            ),
        ],
    );
}

/// Who owns an object may change its permissions (MS-DTYP 2.5.3.2), but for what dSHeuristics says of computers and what
/// derives from them.
fn owned(ground: &mut Ground<'_>) -> Result<()> {
    let who = somebody(ground, "owner");
    let target = service(ground, "svc-owned");
    ground.change(
        "somebody else becomes the owner",
        step(&target, "owner", &who.sid),
        vec![
            changed(&target.dn),
            Told::Owner {
                of: target.dn.clone(),
                is: who.name.clone(),
            },
            access(
                &target.dn,
                Power::Control,
                Direction::Gained,
                &who.dn,
                CauseKind::Owner,
            ),
        ],
    );

    let who = somebody(ground, "owner.blocked");
    let target = ground.plant_gmsa("gmsa-owned", &["S-1-5-9"])?;
    ground.give(&target.dn, &who.sid);
    let service =
        ground.below_head("CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration");
    ground.change(
        "dSHeuristics takes rights from owners of managed accounts",
        Step::Ldap(modified(&service, "replace", "dSHeuristics", &[ENFORCED])),
        vec![
            changed(&service),
            attribute(&service, "dSHeuristics", &[], &[ENFORCED]),
            access(
                &target.dn,
                Power::Control,
                Direction::Lost,
                &who.dn,
                CauseKind::DsHeuristics,
            ),
        ],
    );
    Ok(())
}

fn somebody(ground: &mut Ground<'_>, name: &str) -> Placed {
    let object = ground.person(name);
    ground.plant(object)
}

fn service(ground: &mut Ground<'_>, name: &str) -> Placed {
    let object = ground.service(name);
    ground.plant(object)
}

fn step(target: &Placed, operation: &str, value: &str) -> Step {
    Step::Permissions(described(&target.dn, operation, value))
}

/// An entry that came or went, and who has what by it.
fn of_entry(
    target: &Placed,
    (added, ace): (bool, &str),
    (power, direction): (Power, Direction),
    (holder, cause): (&Placed, CauseKind),
) -> Vec<Told> {
    vec![
        changed(&target.dn),
        entry(&target.dn, added, ace),
        access(&target.dn, power, direction, &holder.dn, cause),
    ]
}
