//! What is renamed and moved stays what it is: it is told by its objectGUID, and what lies below it is not told at all.

use coldcase_schemas::diff::{CauseKind, Direction, ObjectState, Power};

use super::super::rules::aces;
use super::ground::{Ground, Placed, access};
use super::{Step, Told, bare_entry};

pub(super) fn plant(ground: &mut Ground<'_>) {
    let object = ground.service("svc-named");
    let user = ground.plant(object);
    ground.change(
        "a user is renamed",
        Step::Ldap(renamed(&user, "CN=svc-renamed")),
        vec![placed_anew(&user, true, false)],
    );

    // What both units hand down is the same.
    let elsewhere = ground.unit("Elsewhere");
    let object = ground.service("svc-moved");
    let user = ground.plant(object);
    ground.change(
        "a user is moved",
        Step::Ldap(moved(&user, &elsewhere.dn)),
        vec![placed_anew(&user, false, true)],
    );

    let object = ground.service("svc-both");
    let user = ground.plant(object);
    let both = format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: CN=svc-both-new\ndeleteoldrdn: 1\nnewsuperior: {}\n",
        user.dn, elsewhere.dn
    );
    ground.change(
        "a user is renamed and moved at once",
        Step::Files(both),
        vec![placed_anew(&user, true, true)],
    );

    let unit = ground.unit("Wandering");
    let object = ground.service_in("svc-carried", "OU=Wandering");
    ground.plant(object);
    ground.change(
        "a unit is moved with what lies in it",
        Step::Ldap(moved(&unit, &elsewhere.dn)),
        vec![placed_anew(&unit, false, true)],
    );

    let unit = ground.unit("Named");
    let object = ground.service_in("svc-inside", "OU=Named");
    ground.plant(object);
    ground.change(
        "a unit is renamed with what lies in it",
        Step::Ldap(renamed(&unit, "OU=Renamed")),
        vec![placed_anew(&unit, true, false)],
    );
    under_others(ground);
}

/// Into a unit that hands down a right.
fn under_others(ground: &mut Ground<'_>) {
    let helpers = helpdesk(ground, "GG-Help-Move", ["hm.one", "hm.two"]);
    let unit = ground.unit("Helped");
    let ace = handed_down(&helpers.sid);
    ground.grant(&unit.dn, &ace);
    let object = ground.service("svc-to-helped");
    let user = ground.plant(object);
    ground.change(
        "a user is moved to where others may reset its password",
        Step::Ldap(moved(&user, &unit.dn)),
        vec![
            placed_anew(&user, false, true),
            Told::Inherited {
                of: user.dn.clone(),
                from: unit.dn.clone(),
                added: true,
                entry: bare_entry(&ace),
            },
            access(
                &user.dn,
                Power::Reset,
                Direction::Gained,
                &helpers.dn,
                CauseKind::AllowAdded,
            ),
        ],
    );
}

/// A group of two people.
pub(super) fn helpdesk(ground: &mut Ground<'_>, name: &str, people: [&str; 2]) -> Placed {
    let people = people.map(|person| {
        let object = ground.person(person);
        ground.plant(object)
    });
    let group = ground.group(name, &people.each_ref());
    ground.plant(group)
}

/// Users below may get their password reset by `sid`.
pub(super) fn handed_down(sid: &str) -> String {
    format!("(OA;CIIO;CR;{};{};{sid})", aces::RESET_PASSWORD, aces::USER)
}

fn renamed(object: &Placed, name: &str) -> String {
    format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\n",
        object.dn
    )
}

fn moved(object: &Placed, parent: &str) -> String {
    let own = object.dn.split(',').next().unwrap_or_default();
    format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: {own}\ndeleteoldrdn: 1\nnewsuperior: {parent}\n",
        object.dn
    )
}

fn placed_anew(object: &Placed, renamed: bool, moved: bool) -> Told {
    Told::Object {
        of: object.dn.clone(),
        state: ObjectState::Changed,
        renamed,
        moved,
        replaces: None,
    }
}
