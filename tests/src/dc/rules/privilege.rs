//! PR: privileged groups, and ways to them.

use anyhow::Result;
use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::{FOREIGN_SID, Kind, PlantedObject};
use super::super::population::DISABLED;
use super::bed::{Bed, Grown};
use super::faultless::flagged;
use super::{Fact, aces};

/// Domain Admins of a domain that does not exist here.
const FOREIGN_ADMINS: &str = "S-1-5-21-1111111111-2222222222-3333333333-512";
/// userAccountControl, MS-ADTS 2.2.16.
const NOT_DELEGATED: i64 = 0x10_0000;
/// Domain Guests.
const GUESTS: i64 = 514;
/// Domain Admins.
const ADMINS: i64 = 512;

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let object = bed.service("pr-backup").with("adminCount", 1);
    let backup = bed.plant(object, &[("operators-membership", High)]);
    bed.join("CN=Backup Operators,CN=Builtin", &backup);
    // Neither operators nor tier 0.
    let object = bed.service("pr-reader");
    let reader = bed.plant(object, &[]);
    bed.join("CN=Event Log Readers,CN=Builtin", &reader);

    // In a protected group, and not marked as such.
    let object = bed.service("pr-unmarked");
    let facts = [
        ("privileged-admin-count", High),
        ("spn-privileged", Critical),
    ];
    let unmarked = bed.plant(object, &facts);
    bed.promote(&unmarked);

    // Marked, and in no such group any more.
    let object = bed.service("pr-former").with("adminCount", 1);
    bed.plant(object, &[("privileged-admin-count", Low)]);

    let object = bed.service("pr-past").with("sIDHistory", FOREIGN_ADMINS);
    bed.plant(object, &[("privileged-sid-history", Critical)]);
    let object = bed.service("pr-migrated").with("sIDHistory", FOREIGN_SID);
    bed.plant(object, &[]);

    let object = bed.person("pr.guest").with("primaryGroupID", GUESTS);
    bed.plant(object, &[("unusual-primary-group", Medium)]);
    let object = bed.person("pr.primary").with("primaryGroupID", ADMINS);
    bed.plant(object, &[("unusual-primary-group", Critical)]);

    silo(bed);
    head(bed);
    way(bed);
    policies(bed);
    managed(bed)
}

/// PR07: a silo that is enforced and holds a domain administrator. Who is in none is in the file of delegation.
fn silo(bed: &mut Bed<'_>) {
    let base_dn = bed.base_dn();
    let policies = format!("CN=AuthN Policy Configuration,CN=Services,CN=Configuration,{base_dn}");
    let silos = format!("CN=AuthN Silos,{policies}");
    let silo = format!("CN=Tier 0,{silos}");
    let object = PlantedObject::new(Kind::Container, "AuthN Policy Configuration", policies);
    bed.plant(object, &[]);
    let object = PlantedObject::new(Kind::AuthenticationSilos, "AuthN Silos", silos);
    bed.plant(object, &[]);

    let object = flagged(bed.service("pr-siloed"), NOT_DELEGATED)
        .with("adminCount", 1)
        .with("msDS-AssignedAuthNPolicySilo", silo.as_str());
    let siloed = bed.plant(object, &[("spn-privileged", Critical)]);
    bed.appoint(&siloed);
    let object = PlantedObject::new(Kind::AuthenticationSilo, "Tier 0", silo)
        .with("msDS-AuthNPolicySiloEnforced", "TRUE")
        .with("msDS-AuthNPolicySiloMembers", siloed.dn.as_str());
    bed.plant(object, &[]);
}

/// PR05, PR08, PR11: the head of the domain, and the template of protected accounts.
fn head(bed: &mut Bed<'_>) {
    let domain = bed.base_dn();
    let who = bed.trustee("pr.replicator");
    bed.expect(("replication-rights", Critical), domain);
    bed.grant(domain, &aces::control(aces::GET_CHANGES, &who.sid));
    bed.grant(domain, &aces::control(aces::GET_CHANGES_ALL, &who.sid));
    // One of the two delivers no passwords.
    let who = bed.trustee("pr.follower");
    bed.grant(domain, &aces::control(aces::GET_CHANGES, &who.sid));

    let who = bed.trustee("pr.changer");
    bed.expect(("domain-takeover", Critical), domain);
    bed.grant(domain, &aces::allow("WD", &who.sid));

    let template = format!("CN=AdminSDHolder,CN=System,{domain}");
    let who = bed.trustee("pr.template");
    bed.expect(("adminsdholder-entry", Critical), &template);
    bed.grant(&template, &aces::allow("WD", &who.sid));
    bed.grant(&template, &aces::write(aces::TELEPHONE, &bed.sid(513)));
}

/// PR10 with AC08: a service resets the password of a person, who fills Domain Admins.
fn way(bed: &mut Bed<'_>) {
    let object = bed.service("pr-climber");
    let climber = bed.plant(object, &[("tier0-in-reach", Critical)]);
    let between = bed.trustee("pr.between");
    bed.grant(
        &between.dn,
        &aces::control(aces::RESET_PASSWORD, &climber.sid),
    );
    let admins = format!("CN=Domain Admins,CN=Users,{}", bed.base_dn());
    bed.grant(&admins, &aces::write(aces::MEMBER, &between.sid));
    bed.expect(("group-takeover", Critical), "Domain Admins");

    further(bed, &between);

    // The same right over somebody from whom no way leads on.
    let object = bed.service("pr-helper");
    let helper = bed.plant(object, &[]);
    let nobody = bed.trustee("pr.nobody");
    bed.grant(
        &nobody.dn,
        &aces::control(aces::RESET_PASSWORD, &helper.sid),
    );
}

/// Longer ways to the same end: of three steps, and of five. And a short one from an account that is off.
fn further(bed: &mut Bed<'_>, between: &Grown) {
    let step = |bed: &mut Bed<'_>, name: &str, to: &Grown| {
        let who = bed.trustee(name);
        bed.grant(&to.dn, &aces::control(aces::RESET_PASSWORD, &who.sid));
        who
    };
    let third = step(bed, "pr.third", between);
    let fourth = step(bed, "pr.fourth", &third);
    let fifth = step(bed, "pr.fifth", &fourth);
    let start = |bed: &mut Bed<'_>, object: PlantedObject, facts: &[Fact], to: &Grown| {
        let from = bed.plant(object, facts);
        bed.grant(&to.dn, &aces::control(aces::RESET_PASSWORD, &from.sid));
    };
    let far = [("tier0-in-reach", High)];
    let object = bed.service("pr-far");
    start(bed, object, &far, &third);
    let farther = [("tier0-in-reach", Medium)];
    let object = bed.service("pr-farther");
    start(bed, object, &farther, &fifth);
    // Disabled, and keeps its name.
    let shut = [("tier0-in-reach", Low), ("spn-zombie", Low)];
    let object = flagged(bed.service("pr-shut"), DISABLED);
    start(bed, object, &shut, between);
}

/// PR07: nobody types the password of a managed account. Only controllers read this one (S-1-5-9), but it may be
/// impersonated.
fn managed(bed: &mut Bed<'_>) -> Result<()> {
    let object = bed.gmsa("pr-managed", &["S-1-5-9"])?.with("adminCount", 1);
    let facts = [
        ("privileged-without-silo", Info),
        ("delegation-of-privileged", Medium),
    ];
    let managed = bed.plant(object, &facts);
    bed.appoint(&managed);
    Ok(())
}

/// PR09: the policy of the domain controllers.
fn policies(bed: &mut Bed<'_>) {
    let policy = format!(
        "CN={{6AC1786C-016F-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{}",
        bed.base_dn()
    );
    let who = bed.trustee("pr.policy");
    bed.expect(("policy-takeover", Critical), &policy);
    bed.grant(&policy, &aces::write(aces::POLICY_PATH, &who.sid));
    // Links of a unit in which nothing of tier 0 lies.
    let unit = bed.unit("Linked");
    bed.grant(&unit.dn, &aces::write(aces::POLICY_LINKS, &who.sid));
}
