//! What is made, deleted, and made again with the same name. Who may do something to a service account that is new or gone
//! gained or lost it with the account; who is gone lost what they could do.

use anyhow::Result;
use coldcase_schemas::diff::{CauseKind, Direction, ObjectState, Power};

use super::super::planted::{PlantedObject, Value};
use super::attributes::{AES_BY_NAME, ENCRYPTION};
use super::ground::{
    Ground, Placed, SERVERS, access, attribute, changed, created, deleted, membership, object,
    placed,
};
use super::{FILLED_IN, Step, Told, anew};

pub(super) fn plant(ground: &mut Ground<'_>) -> Result<()> {
    made(ground)?;
    gone(ground)?;
    again(ground);
    Ok(())
}

fn made(ground: &mut Ground<'_>) -> Result<()> {
    let user = ground.service("svc-new").with("description", "new");
    ground.change("a user is made", created(&user), come(&user));

    let computer = ground.computer("NEW01").with("description", "new");
    ground.change("a computer is made", created(&computer), come(&computer));

    let reader = ground.computer("READS01");
    let reader = ground.plant(reader);
    let gmsa = ground.gmsa("gmsa-new", &[&reader.sid], 5)?;
    let mut told = come(&gmsa);
    told.push(access(
        &gmsa.dn,
        Power::Read,
        Direction::Gained,
        &reader.dn,
        CauseKind::Created,
    ));
    ground.change("a gMSA is made", created(&gmsa), told);

    let dn = ground.below_head("OU=Made");
    let ldif = format!(
        "dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\nou: Made\ndescription: new\n"
    );
    let told = vec![
        object(&dn, ObjectState::Created),
        attribute(&dn, "description", &[], &["new"]),
    ];
    ground.change("a unit is made", Step::Ldap(ldif), told);

    let member = ground.service("svc-joins-new");
    let member = ground.plant(member);
    let dn = ground.below_head("CN=GG-New,OU=Groups");
    let ldif = format!(
        "dn: {dn}\nchangetype: add\nobjectClass: group\nsAMAccountName: GG-New\nmember: {}\n",
        member.dn
    );
    let told = vec![
        object(&dn, ObjectState::Created),
        attribute(&dn, "sAMAccountName", &[], &["GG-New"]),
        attribute(&dn, "member", &[], &[&member.dn]),
        membership(&member, &dn, Direction::Gained, CauseKind::MemberAdded),
    ];
    ground.change("a group is made", Step::Ldap(ldif), told);
    Ok(())
}

fn gone(ground: &mut Ground<'_>) -> Result<()> {
    let user = ground.service("svc-gone").with("description", "old");
    let user_placed = ground.plant(user.clone());
    let group = ground.group("GG-Left", &[&user_placed]);
    let group = ground.plant(group);
    let mut told = went(&user);
    told.push(changed(&group.dn));
    told.push(attribute(&group.dn, "member", &[&user_placed.dn], &[]));
    ground.change("a user is deleted", deleted(&user.dn), told);

    // Its SID stays in the list of readers, and nobody has it any more.
    let host = ground.computer("GONE01").with("description", "old");
    let host_placed = ground.plant(host.clone());
    let read = ground.plant_gmsa("gmsa-read", &[&host_placed.sid])?;
    let mut told = went(&host);
    told.push(access(
        &read.dn,
        Power::Read,
        Direction::Lost,
        &host.dn,
        CauseKind::Deleted,
    ));
    ground.change("a computer is deleted", deleted(&host.dn), told);

    let reader = ground.computer("READS02");
    let reader = ground.plant(reader);
    let gmsa = ground.gmsa("gmsa-gone", &[&reader.sid], 5)?;
    ground.plant(gmsa.clone());
    let mut told = went(&gmsa);
    told.push(access(
        &gmsa.dn,
        Power::Read,
        Direction::Lost,
        &reader.dn,
        CauseKind::Deleted,
    ));
    ground.change("a gMSA is deleted", deleted(&gmsa.dn), told);

    let unit = ground.unit("Gone");
    ground.change(
        "a unit is deleted",
        deleted(&unit.dn),
        vec![object(&unit.dn, ObjectState::Deleted)],
    );

    let member = ground.service("svc-stays");
    let member = ground.plant(member);
    let group = ground.group("GG-Gone", &[&member]);
    let placed = ground.plant(group.clone());
    let mut told = went(&group);
    told.push(attribute(&placed.dn, "member", &[&member.dn], &[]));
    told.push(membership(
        &member,
        &placed.dn,
        Direction::Lost,
        CauseKind::MemberRemoved,
    ));
    ground.change("a group is deleted", deleted(&placed.dn), told);
    Ok(())
}

/// The same name, another object: it has another SID, and is in no group.
fn again(ground: &mut Ground<'_>) {
    let before = ground.service("svc-again");
    let old = ground.plant(before);
    let group = ground.group("GG-Again", &[&old]);
    let group = ground.plant(group);
    let mut after = ground.service("svc-again");
    // Only now is it in nobody's way; the name is the same.
    after.dn.clone_from(&old.dn);
    let new = Placed {
        dn: anew(&old.dn),
        ..placed(&after)
    };
    let told = vec![
        Told::Object {
            of: new.dn,
            state: ObjectState::Recreated,
            renamed: false,
            moved: false,
            replaces: Some(old.dn.clone()),
        },
        changed(&group.dn),
        attribute(&group.dn, "member", &[&old.dn], &[]),
    ];
    ground.change_in_steps(
        "a user is deleted and made again with its name",
        vec![deleted(&old.dn), created(&after)],
        told,
    );

    // The same account name in another place.
    let before = ground.computer("AGAIN01");
    let old = ground.plant(before);
    let mut after = ground.computer("AGAIN01");
    after.dn = ground.below_head(&format!("CN=AGAIN01-2,{SERVERS}"));
    let told = vec![Told::Object {
        of: after.dn.clone(),
        state: ObjectState::Recreated,
        renamed: true,
        moved: false,
        replaces: Some(old.dn.clone()),
    }];
    ground.change_in_steps(
        "a computer is deleted and made again under another common name",
        vec![deleted(&old.dn), created(&after)],
        told,
    );
}

/// An object that came, with every value that it was made with and that a controller does not fill in anyway.
fn come(planted: &PlantedObject) -> Vec<Told> {
    let mut told = vec![object(&planted.dn, ObjectState::Created)];
    let values = made_with(planted);
    told.extend(
        values
            .iter()
            .map(|(name, values)| attribute(&planted.dn, name, &[], values)),
    );
    told
}

/// The same of one that went.
fn went(planted: &PlantedObject) -> Vec<Told> {
    let mut told = vec![object(&planted.dn, ObjectState::Deleted)];
    let values = made_with(planted);
    told.extend(
        values
            .iter()
            .map(|(name, values)| attribute(&planted.dn, name, values, &[])),
    );
    told
}

/// Attributes with their values as people read them: neither links nor descriptors nor what is told of passwords.
fn made_with(planted: &PlantedObject) -> Vec<(&'static str, Vec<&str>)> {
    const TOLD_OTHERWISE: [&str; 3] = [
        "member",
        "msDS-GroupMSAMembership",
        "msDS-ManagedPasswordId",
    ];
    let plain = planted
        .attributes
        .iter()
        .filter(|(name, _)| !FILLED_IN.contains(name) && !TOLD_OTHERWISE.contains(name));
    plain
        .filter_map(|(name, values)| match values.as_slice() {
            [Value::Text(_)] if *name == ENCRYPTION => Some((*name, AES_BY_NAME.to_vec())),
            [Value::Text(text)] => Some((*name, vec![text.as_str()])),
            _ => None,
        })
        .collect()
}
