//! Groups: who comes in and goes, with a nested group, by the primary group and by a SID of the past; and who may do more
//! by that.

use coldcase_schemas::diff::{CauseKind, Direction, Power};

use super::super::rules::aces;
use super::ground::{Ground, Placed, access, attribute, changed, membership, modified};
use super::{Step, Told};

/// Domain Users.
const USERS: &str = "513";

pub(super) fn plant(ground: &mut Ground<'_>) {
    direct(ground);
    nested(ground);
    privileged(ground);
    primary(ground);
    past(ground);
}

fn direct(ground: &mut Ground<'_>) {
    // The group may reset the password of another service.
    let object = ground.group("GG-Joined", &[]);
    let group = ground.plant(object);
    let target = target(ground, "svc-target-join", &group);
    let object = ground.service("svc-joins");
    let member = ground.plant(object);
    let mut told = member_told(&group, &[], &[&member.dn]);
    told.push(membership(
        &member,
        &group.dn,
        Direction::Gained,
        CauseKind::MemberAdded,
    ));
    told.push(reset(
        &target,
        Direction::Gained,
        &member.dn,
        CauseKind::MemberAdded,
    ));
    ground.change(
        "a service account is added to a group",
        Step::Ldap(modified(&group.dn, "add", "member", &[&member.dn])),
        told,
    );

    let object = ground.service("svc-leaves");
    let member = ground.plant(object);
    let object = ground.person("stays");
    let other = ground.plant(object);
    let object = ground.group("GG-Parted", &[&member, &other]);
    let group = ground.plant(object);
    let target = self::target(ground, "svc-target-part", &group);
    let mut told = member_told(&group, &[&member.dn], &[]);
    told.push(membership(
        &member,
        &group.dn,
        Direction::Lost,
        CauseKind::MemberRemoved,
    ));
    told.push(reset(
        &target,
        Direction::Lost,
        &member.dn,
        CauseKind::MemberRemoved,
    ));
    ground.change(
        "a service account is taken from a group",
        Step::Ldap(modified(&group.dn, "delete", "member", &[&member.dn])),
        told,
    );
}

/// The inner group is told for everybody in it.
fn nested(ground: &mut Ground<'_>) {
    let object = ground.service("svc-nested");
    let member = ground.plant(object);
    let object = ground.person("nested");
    let person = ground.plant(object);
    let object = ground.group("GG-Inner", &[&member, &person]);
    let inner = ground.plant(object);
    let object = ground.group("GG-Outer", &[]);
    let outer = ground.plant(object);
    let target = target(ground, "svc-target-nest", &outer);
    let mut told = member_told(&outer, &[], &[&inner.dn]);
    told.push(membership(
        &member,
        &outer.dn,
        Direction::Gained,
        CauseKind::MemberAdded,
    ));
    told.push(reset(
        &target,
        Direction::Gained,
        &inner.dn,
        CauseKind::MemberAdded,
    ));
    ground.change(
        "a group is nested in another",
        Step::Ldap(modified(&outer.dn, "add", "member", &[&inner.dn])),
        told,
    );
}

/// Who became an administrator is told as that, and not for every account that administrators have power over.
fn privileged(ground: &mut Ground<'_>) {
    let object = ground.person("promoted");
    let person = ground.plant(object);
    let admins = ground.below_head("CN=Domain Admins,CN=Users");
    ground.change(
        "a person becomes a domain administrator",
        Step::Ldap(modified(&admins, "add", "member", &[&person.dn])),
        vec![
            changed(&admins),
            attribute(&admins, "member", &[], &[&person.dn]),
            membership(&person, &admins, Direction::Gained, CauseKind::MemberAdded),
        ],
    );
}

/// Whose primary group is another leaves the list of its members, and comes into that of the group that was it before
/// (MS-SAMR 3.1.1.8.2). Who is in which group stays the same.
fn primary(ground: &mut Ground<'_>) {
    let object = ground.person("primary");
    let person = ground.plant(object);
    let object = ground.group("GG-Primary", &[&person]);
    let group = ground.plant(object);
    let rid = group.sid.rsplit('-').next().unwrap_or_default().to_owned();
    let users = ground.below_head("CN=Domain Users,CN=Users");
    let mut told = member_told(&group, &[&person.dn], &[]);
    told.extend([
        changed(&users),
        attribute(&users, "member", &[], &[&person.dn]),
        changed(&person.dn),
        attribute(&person.dn, "primaryGroupID", &[USERS], &[&rid]),
    ]);
    ground.change(
        "a person gets another primary group",
        Step::Ldap(modified(&person.dn, "replace", "primaryGroupID", &[&rid])),
        told,
    );
}

/// Only the system writes sIDHistory.
fn past(ground: &mut Ground<'_>) {
    let object = ground.person("past");
    let person = ground.plant(object);
    let object = ground.group("GG-Past", &[]);
    let group = ground.plant(object);
    let target = target(ground, "svc-target-past", &group);
    let ldif = modified(&person.dn, "add", "sIDHistory", &[&group.sid]);
    ground.change(
        "a person gets the SID of a group as a SID of the past",
        Step::Files(format!("# controls: relax:0\n\n{ldif}")),
        vec![
            changed(&person.dn),
            attribute(&person.dn, "sIDHistory", &[], &[&group.sid]),
            reset(&target, Direction::Gained, &person.dn, CauseKind::Token),
        ],
    );
}

/// A service whose password the group may reset.
fn target(ground: &mut Ground<'_>, name: &str, group: &Placed) -> Placed {
    let object = ground.service(name);
    let target = ground.plant(object);
    ground.grant(&target.dn, &aces::control(aces::RESET_PASSWORD, &group.sid));
    target
}

fn reset(target: &Placed, direction: Direction, holder: &str, cause: CauseKind) -> Told {
    access(&target.dn, Power::Reset, direction, holder, cause)
}

fn member_told(group: &Placed, removed: &[&str], added: &[&str]) -> Vec<Told> {
    vec![
        changed(&group.dn),
        attribute(&group.dn, "member", removed, added),
    ]
}
