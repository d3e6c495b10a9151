//! Who may impersonate users to a service account, and who may read a managed password.

use anyhow::Result;
use coldcase_schemas::diff::{CauseKind, Direction, Power};

use super::super::rules::aces;
use super::super::rules::faultless::readers_of;
use super::ground::{Ground, Placed, access, attribute, changed, modified, service_name};
use super::{Step, Told};

const ACTING: &str = "msDS-AllowedToActOnBehalfOfOtherIdentity";
const READERS: &str = "msDS-GroupMSAMembership";
const DELEGATE_TO: &str = "msDS-AllowedToDelegateTo";

pub(super) fn plant(ground: &mut Ground<'_>) -> Result<()> {
    let [kept, other] = ["HOST01", "HOST02"].map(|name| {
        let object = ground.computer(name);
        ground.plant(object)
    });
    readers(ground, &kept, &other)?;

    let object = ground.gmsa("gmsa-acted", &["S-1-5-9"], 5)?;
    let object = object.with(ACTING, readers_of(&[&kept.sid]));
    let target = ground.plant_managed(object);
    ground.change(
        "somebody else may impersonate users to a service",
        listed(&target, ACTING, &[&kept.sid, &other.sid]),
        vec![
            changed(&target.dn),
            in_list(&target, ACTING, true, &other),
            access(
                &target.dn,
                Power::Delegate,
                Direction::Gained,
                &other.dn,
                CauseKind::AllowAdded,
            ),
        ],
    );

    let object = ground.service("svc-back");
    let back = ground.plant(object);
    let object = ground.service("svc-front");
    let front = ground.plant(object);
    let name = service_name("svc-back");
    ground.change(
        "a service may delegate to another",
        Step::Files(modified(&front.dn, "add", DELEGATE_TO, &[&name])),
        vec![
            changed(&front.dn),
            attribute(&front.dn, DELEGATE_TO, &[], &[&name]),
            access(
                &back.dn,
                Power::Delegate,
                Direction::Gained,
                &front.dn,
                CauseKind::Attribute,
            ),
        ],
    );
    Ok(())
}

fn readers(ground: &mut Ground<'_>, kept: &Placed, other: &Placed) -> Result<()> {
    let target = ground.plant_gmsa("gmsa-more-readers", &[&kept.sid])?;
    ground.change(
        "somebody else may read a managed password",
        listed(&target, READERS, &[&kept.sid, &other.sid]),
        vec![
            changed(&target.dn),
            in_list(&target, READERS, true, other),
            read(&target, Direction::Gained, other, CauseKind::AllowAdded),
        ],
    );
    let target = ground.plant_gmsa("gmsa-fewer-readers", &[&kept.sid, &other.sid])?;
    ground.change(
        "somebody may read a managed password no longer",
        listed(&target, READERS, &[&kept.sid]),
        vec![
            changed(&target.dn),
            in_list(&target, READERS, false, other),
            read(&target, Direction::Lost, other, CauseKind::AllowRemoved),
        ],
    );
    Ok(())
}

fn read(target: &Placed, direction: Direction, holder: &Placed, cause: CauseKind) -> Told {
    access(&target.dn, Power::Read, direction, &holder.dn, cause)
}

/// Puts these, and nobody else, into a list that is a descriptor.
fn listed(target: &Placed, attribute: &str, sids: &[&str]) -> Step {
    Step::Files(modified(
        &target.dn,
        "replace",
        attribute,
        &[&readers_of(sids)],
    ))
}

fn in_list(target: &Placed, attribute: &str, added: bool, who: &Placed) -> Told {
    Told::Entry {
        of: target.dn.clone(),
        attribute: attribute.to_owned(),
        added,
        sddl: aces::allow(aces::FULL_CONTROL, &who.sid),
    }
}
