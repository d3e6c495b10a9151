//! Passwords: a rotation that a controller makes, one that no controller makes, and one that a person makes.

use anyhow::Result;
use coldcase_schemas::diff::Rotation;

use super::super::ldif;
use super::ground::{Ground, changed};
use super::{Step, Told};

const EPOCH: &str = "msDS-ManagedPasswordId";

pub(super) fn plant(ground: &mut Ground<'_>) -> Result<()> {
    // From forty days ago to three: more than the thirty of its interval.
    epoch(
        ground,
        "a managed password rotates",
        ("gmsa-rotates", 40, 3),
        Rotation::Rotated,
    )?;
    epoch(
        ground,
        "a managed password goes backwards",
        ("gmsa-backwards", 5, 40),
        Rotation::Backwards,
    )?;
    epoch(
        ground,
        "a managed password rotates too soon",
        ("gmsa-hurries", 9, 3),
        Rotation::Ahead,
    )?;

    let object = ground.service("svc-reset");
    let user = ground.plant(object);
    ground.change(
        "the password of a service account is set",
        Step::Ldap(ldif::password(&user.dn, "Pa55w0rd-Reset!x")),
        vec![
            changed(&user.dn),
            Told::Later {
                of: user.dn.clone(),
                attribute: "pwdLastSet".to_owned(),
            },
        ],
    );
    Ok(())
}

/// Only a controller writes the epoch. Nothing else of the account changes.
fn epoch(
    ground: &mut Ground<'_>,
    what: &'static str,
    (name, before, after): (&str, i64, i64),
    rotation: Rotation,
) -> Result<()> {
    let object = ground.gmsa(name, &["S-1-5-9"], before)?;
    let target = ground.plant(object);
    let mut text = "# controls: relax:0\n\n".to_owned();
    ldif::modify(&mut text, &target.dn, "replace", EPOCH);
    ldif::line(&mut text, EPOCH, &ground.epoch(after)?);
    ground.change(
        what,
        Step::Files(text),
        vec![Told::Password {
            of: target.dn,
            rotation,
        }],
    );
    Ok(())
}
