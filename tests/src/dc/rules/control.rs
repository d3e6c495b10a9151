//! AC: who may change a service account. AC08 is in the file of privileges.

use anyhow::Result;
use coldcase_schemas::report::Severity::{Critical, High, Medium};

use super::bed::{Bed, Grown, OPERATORS};
use super::{Fact, aces, dmsa};

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

    crown(bed);
    replaceable(bed);
    groups(bed);

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

/// An account in tier 0, over which each of these holds something else.
fn crown(bed: &mut Bed<'_>) {
    let facts = [
        ("spn-privileged", Critical),
        ("account-full-control", Critical),
        ("account-permissions-writable", Critical),
        ("account-foreign-owner", Critical),
        ("account-reset-password", Critical),
        ("account-key-credential-writable", Critical),
        ("account-alternate-identities", Critical),
        ("account-logon-script-writable", High),
    ];
    let object = bed.service("ac-crown").with("adminCount", 1);
    let crown = bed.plant(object, &facts);
    bed.promote(&crown);
    let mut hold = |name: &str, ace: &dyn Fn(&str) -> String| {
        let who = bed.trustee(name);
        bed.grant(&crown.dn, &ace(&who.sid));
    };
    hold("ac.crown-full", &|sid| aces::allow(aces::FULL_CONTROL, sid));
    hold("ac.crown-dacl", &|sid| aces::allow("WD", sid));
    hold("ac.crown-reset", &|sid| {
        aces::control(aces::RESET_PASSWORD, sid)
    });
    hold("ac.crown-keys", &|sid| {
        aces::write(aces::KEY_CREDENTIAL, sid)
    });
    hold("ac.crown-certs", &|sid| {
        aces::write(aces::ALTERNATE_IDENTITIES, sid)
    });
    hold("ac.crown-script", &|sid| {
        aces::write(aces::LOGON_SCRIPT, sid)
    });
    let owner = bed.trustee("ac.crown-owner");
    bed.give(&crown.dn, &owner.sid);
}

/// AC08: below tier 0, and without any privilege but that of holding a service. The one in tier 0 is in the file of
/// privileges.
fn groups(bed: &mut Bed<'_>) {
    let who = bed.trustee("ac.operators");
    let operators = format!("CN=Backup Operators,CN=Builtin,{}", bed.base_dn());
    bed.expect(("group-takeover", High), "Backup Operators");
    bed.grant(&operators, &aces::write(aces::MEMBER, &who.sid));

    let who = bed.trustee("ac.apps");
    let object = bed.service("ac-app");
    let app = bed.plant(object, &[]);
    let apps = bed.group("GG-AC-Apps", &[&app]);
    let apps = bed.plant(apps, &[("group-takeover", Medium)]);
    bed.grant(&apps.dn, &aces::write(aces::MEMBER, &who.sid));
}

/// AC10: deleting here and creating there come together.
fn replaceable(bed: &mut Bed<'_>) {
    let unit = bed.unit("Replaceable");
    let who = bed.trustee("ac.replacer");
    let object = bed.account_in("ac-replaced", "OU=Replaceable");
    let replaced = bed.plant(object, &[("account-relocatable", High)]);
    bed.grant(&replaced.dn, &aces::allow("SD", &who.sid));
    bed.grant(&unit.dn, &aces::create(aces::USER, &who.sid));

    // One in tier 0 goes to a unit whose permissions the mover may change. That he can make dMSAs there is told too.
    let who = bed.trustee("ac.mover");
    let unit = bed.unit("Elsewhere");
    dmsa::expect_controlled(bed, &unit);
    bed.grant(&unit.dn, &aces::allow("WD", &who.sid));
    bed.grant(&unit.dn, &aces::create(aces::USER, &who.sid));
    let object = bed.service("ac-moved").with("adminCount", 1);
    let facts = [
        ("account-relocatable", Critical),
        ("spn-privileged", Critical),
    ];
    let moved = bed.plant(object, &facts);
    bed.promote(&moved);
    bed.grant(&moved.dn, &aces::allow("SD", &who.sid));
    bed.grant(&moved.dn, &aces::write(aces::COMMON_NAME, &who.sid));
    bed.grant(&moved.dn, &aces::write(aces::RELATIVE_NAME, &who.sid));
}

/// A service user, and somebody to hold a right over it.
fn pair(bed: &mut Bed<'_>, name: &str, facts: &[Fact]) -> (Grown, Grown) {
    let who = bed.trustee(&name.replace("ac-", "ac."));
    let object = bed.service(name);
    (bed.plant(object, facts), who)
}
