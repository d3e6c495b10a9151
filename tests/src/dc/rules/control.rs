//! AC: who may change a service account. AC08 is in the file of privileges.

use anyhow::Result;
use coldcase_schemas::report::Severity::{High, Medium};

use super::bed::{Bed, Grown, OPERATORS};
use super::{Fact, aces};

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let held = |bed: &mut Bed<'_>, name: &str, ace: &dyn Fn(&str) -> String, facts| {
        let (account, who) = pair(bed, name, facts);
        bed.grant(&account.dn, &ace(&who.sid));
    };
    let write = |attribute: &'static str| move |sid: &str| aces::write(attribute, sid);
    let allow = |rights: &'static str| move |sid: &str| aces::allow(rights, sid);

    held(
        bed,
        "ac-full",
        &allow(aces::FULL_CONTROL),
        &[("account-full-control", High)],
    );
    held(
        bed,
        "ac-dacl",
        &allow("WD"),
        &[("account-permissions-writable", High)],
    );
    held(
        bed,
        "ac-taker",
        &allow("WO"),
        &[("account-permissions-writable", High)],
    );
    let reset = |sid: &str| aces::control(aces::RESET_PASSWORD, sid);
    held(bed, "ac-reset", &reset, &[("account-reset-password", High)]);
    held(
        bed,
        "ac-names",
        &write(aces::SERVICE_NAMES),
        &[("account-spn-write", High)],
    );
    held(
        bed,
        "ac-keys",
        &write(aces::KEY_CREDENTIAL),
        &[("account-key-credential-writable", High)],
    );
    held(
        bed,
        "ac-certs",
        &write(aces::ALTERNATE_IDENTITIES),
        &[("account-alternate-identities", High)],
    );
    held(
        bed,
        "ac-script",
        &write(aces::LOGON_SCRIPT),
        &[("account-logon-script-writable", Medium)],
    );
    // A telephone number hands over nothing, and reading neither.
    held(bed, "ac-phone", &write(aces::TELEPHONE), &[]);
    held(bed, "ac-seen", &allow("RPLCLORC"), &[]);
    // Only deleting: the name is gone, but not taken.
    held(bed, "ac-deleted", &allow("SD"), &[]);

    let (account, who) = pair(bed, "ac-owned", &[("account-foreign-owner", High)]);
    bed.give(&account.dn, &who.sid);

    // The deny of the class stands before what the unit or somebody allows.
    let host = bed.computer("ACHOST");
    let host = bed.plant(host, &[]);
    let who = bed.trustee("ac.denied");
    let object = bed.gmsa("ac-denied", &[&host.sid])?;
    let denied = bed.plant(object, &[]);
    bed.grant(&denied.dn, &aces::control(aces::RESET_PASSWORD, &who.sid));

    let object = bed.service("ac-hello");
    let value = format!("B:16:0123456789ABCDEF:{}", object.dn);
    bed.plant(
        object.with("msDS-KeyCredentialLink", value),
        &[("account-key-credential-present", Medium)],
    );

    replaceable(bed);

    let operator = bed.trustee("ac.operator");
    let operators = format!("CN=Account Operators,CN=Builtin,{}", bed.base_dn());
    let ldif = format!(
        "dn: {operators}\nchangetype: modify\nadd: member\nmember: {}\n\n",
        operator.dn
    );
    bed.change(OPERATORS, &ldif);
    bed.expect_in(
        OPERATORS,
        1,
        ("account-operators-filled", High),
        "Account Operators",
    );
    Ok(())
}

/// AC10: deleting here and creating there come together.
fn replaceable(bed: &mut Bed<'_>) {
    let unit = bed.unit("Replaceable");
    let who = bed.trustee("ac.replacer");
    let object = bed.account_in("ac-replaced", "OU=Replaceable");
    let replaced = bed.plant(object, &[("account-relocatable", High)]);
    bed.grant(&replaced.dn, &aces::allow("SD", &who.sid));
    bed.grant(&unit.dn, &aces::create(aces::USER, &who.sid));
}

/// A service user, and somebody to hold a right over it.
fn pair(bed: &mut Bed<'_>, name: &str, facts: &[Fact]) -> (Grown, Grown) {
    let who = bed.trustee(&name.replace("ac-", "ac."));
    let object = bed.service(name);
    (bed.plant(object, facts), who)
}
