//! Values of attributes: flags by name, lists as sets, text as text. None of them says who may do what.

use super::super::population::{AES, DISABLED, NORMAL, WORKSTATION};
use super::super::rules::faultless::without;
use super::ground::{Ground, Placed, attribute, changed, modified, service_name};
use super::{Step, Told};

pub(super) const ENCRYPTION: &str = "msDS-SupportedEncryptionTypes";
/// AES128 and AES256 as MS-KILE 2.2.7 names them.
pub(super) const AES_BY_NAME: [&str; 2] = ["AES128-CTS-HMAC-SHA1-96", "AES256-CTS-HMAC-SHA1-96"];
/// RC4-HMAC, MS-KILE 2.2.7.
const RC4: i64 = 0x4;
const CONTROL: &str = "userAccountControl";
/// TRUSTED_FOR_DELEGATION and DONT_REQUIRE_PREAUTH, MS-ADTS 2.2.16.
const UNCONSTRAINED: i64 = 0x8_0000;
const NO_PREAUTH: i64 = 0x40_0000;
const NAMES: &str = "servicePrincipalName";
const QUOTA: &str = "ms-DS-MachineAccountQuota";
const POLICY: &str = "CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System";

pub(super) fn plant(ground: &mut Ground<'_>) {
    names(ground);
    flags(ground);
    of_people(ground);
    of_containers(ground);
}

fn names(ground: &mut Ground<'_>) {
    let object = ground.service("svc-more-names");
    let user = ground.plant(object);
    let name = service_name("svc-further");
    ground.change(
        "a service principal name is added",
        Step::Ldap(modified(&user.dn, "add", NAMES, &[&name])),
        told(&user, NAMES, &[], &[&name]),
    );

    let object = ground.person("becomes.service");
    let person = ground.plant(object);
    let name = service_name("becomes");
    ground.change(
        "a person becomes a service account",
        Step::Ldap(modified(&person.dn, "add", NAMES, &[&name])),
        told(&person, NAMES, &[], &[&name]),
    );

    let object = ground.service("svc-fewer-names");
    let name = service_name("svc-former");
    let kept = service_name("svc-fewer-names");
    let object = without(object, NAMES).with_all(NAMES, vec![kept, name.clone()]);
    let user = ground.plant(object);
    ground.change(
        "a service principal name is taken away",
        Step::Ldap(modified(&user.dn, "delete", NAMES, &[&name])),
        told(&user, NAMES, &[&name], &[]),
    );
}

fn flags(ground: &mut Ground<'_>) {
    let set =
        |flags: i64, dn: &str| Step::Files(modified(dn, "replace", CONTROL, &[&flags.to_string()]));
    let object = ground.service("svc-disabled");
    let user = ground.plant(object);
    ground.change(
        "a user is disabled",
        set(NORMAL | DISABLED, &user.dn),
        told(&user, CONTROL, &[], &["ACCOUNTDISABLE"]),
    );
    let object = ground.service("svc-roastable");
    let user = ground.plant(object);
    ground.change(
        "pre-authentication is switched off",
        set(NORMAL | NO_PREAUTH, &user.dn),
        told(&user, CONTROL, &[], &["DONT_REQUIRE_PREAUTH"]),
    );
    let object = ground.computer("OPEN01");
    let computer = ground.plant(object);
    ground.change(
        "a computer may delegate to everything",
        set(WORKSTATION | UNCONSTRAINED, &computer.dn),
        told(&computer, CONTROL, &[], &["TRUSTED_FOR_DELEGATION"]),
    );

    let object = ground.service("svc-rc4");
    let user = ground.plant(object);
    let value = (AES | RC4).to_string();
    ground.change(
        "RC4 is admitted",
        Step::Ldap(modified(&user.dn, "replace", ENCRYPTION, &[&value])),
        told(&user, ENCRYPTION, &[], &["RC4-HMAC"]),
    );
}

fn of_people(ground: &mut Ground<'_>) {
    let object = ground.service("svc-told").with("description", "before");
    let user = ground.plant(object);
    ground.change(
        "a description is another",
        Step::Ldap(modified(&user.dn, "replace", "description", &["after"])),
        told(&user, "description", &["before"], &["after"]),
    );
    let object = ground.person("marked");
    let person = ground.plant(object);
    ground.change(
        "adminCount is set",
        Step::Ldap(modified(&person.dn, "add", "adminCount", &["1"])),
        told(&person, "adminCount", &[], &["1"]),
    );
    let object = ground.group("GG-Managed", &[]);
    let group = ground.plant(object);
    let object = ground.person("manager");
    let manager = ground.plant(object);
    ground.change(
        "a group gets a manager",
        Step::Ldap(modified(&group.dn, "add", "managedBy", &[&manager.dn])),
        told(&group, "managedBy", &[], &[&manager.dn]),
    );
}

fn of_containers(ground: &mut Ground<'_>) {
    let unit = ground.unit("Linked");
    let link = format!("[LDAP://{};0]", ground.below_head(POLICY));
    ground.change(
        "a policy is linked to a unit",
        Step::Ldap(modified(&unit.dn, "add", "gPLink", &[&link])),
        told(&unit, "gPLink", &[], &[&link]),
    );
    // Ten, as in every new domain (MS-ADTS 6.1.1.1.1).
    let head = ground.base_dn();
    ground.change(
        "nobody may create computers by default any more",
        Step::Ldap(modified(head, "replace", QUOTA, &["0"])),
        vec![changed(head), attribute(head, QUOTA, &["10"], &["0"])],
    );
}

fn told(object: &Placed, name: &str, removed: &[&str], added: &[&str]) -> Vec<Told> {
    vec![
        changed(&object.dn),
        attribute(&object.dn, name, removed, added),
    ]
}
