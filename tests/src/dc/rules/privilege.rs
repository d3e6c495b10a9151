//! PR: privileged groups, and ways to them.

use super::super::planted::FOREIGN_SID;
use super::aces;
use super::bed::Bed;

/// Domain Admins of a domain that does not exist here.
const FOREIGN_ADMINS: &str = "S-1-5-21-1111111111-2222222222-3333333333-512";
/// Domain Guests.
const GUESTS: i64 = 514;

pub(super) fn plant(bed: &mut Bed<'_>) {
    let object = bed.service("pr-backup").with("adminCount", 1);
    let backup = bed.plant(object, &["operators-membership"]);
    bed.join("CN=Backup Operators,CN=Builtin", &backup);
    // Neither operators nor tier 0.
    let object = bed.service("pr-reader");
    let reader = bed.plant(object, &[]);
    bed.join("CN=Event Log Readers,CN=Builtin", &reader);

    let object = bed.service("pr-past").with("sIDHistory", FOREIGN_ADMINS);
    bed.plant(object, &["privileged-sid-history"]);
    let object = bed.service("pr-migrated").with("sIDHistory", FOREIGN_SID);
    bed.plant(object, &[]);

    let object = bed.person("pr.guest").with("primaryGroupID", GUESTS);
    bed.plant(object, &["unusual-primary-group"]);

    head(bed);
    way(bed);
}

/// PR05, PR08, PR11: the head of the domain, and the template of protected accounts.
fn head(bed: &mut Bed<'_>) {
    let domain = bed.base_dn();
    let who = bed.trustee("pr.replicator");
    bed.expect("replication-rights", domain);
    bed.grant(domain, &aces::control(aces::GET_CHANGES, &who.sid));
    bed.grant(domain, &aces::control(aces::GET_CHANGES_ALL, &who.sid));
    // One of the two delivers no passwords.
    let who = bed.trustee("pr.follower");
    bed.grant(domain, &aces::control(aces::GET_CHANGES, &who.sid));

    let who = bed.trustee("pr.changer");
    bed.expect("domain-takeover", domain);
    bed.grant(domain, &aces::allow("WD", &who.sid));

    let template = format!("CN=AdminSDHolder,CN=System,{domain}");
    let who = bed.trustee("pr.template");
    bed.expect("adminsdholder-entry", &template);
    bed.grant(&template, &aces::allow("WD", &who.sid));
    bed.grant(&template, &aces::write(aces::TELEPHONE, &bed.sid(513)));
}

/// PR10 with AC08: a service resets the password of a person, who fills Domain Admins.
fn way(bed: &mut Bed<'_>) {
    let object = bed.service("pr-climber");
    let climber = bed.plant(object, &["tier0-in-reach"]);
    let between = bed.trustee("pr.between");
    bed.grant(
        &between.dn,
        &aces::control(aces::RESET_PASSWORD, &climber.sid),
    );
    let admins = format!("CN=Domain Admins,CN=Users,{}", bed.base_dn());
    bed.grant(&admins, &aces::write(aces::MEMBER, &between.sid));
    bed.expect("group-takeover", "Domain Admins");

    // The same right over somebody from whom no way leads on.
    let object = bed.service("pr-helper");
    let helper = bed.plant(object, &[]);
    let nobody = bed.trustee("pr.nobody");
    bed.grant(
        &nobody.dn,
        &aces::control(aces::RESET_PASSWORD, &helper.sid),
    );
}
