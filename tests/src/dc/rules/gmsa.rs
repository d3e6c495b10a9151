//! GM: group managed service accounts.

use anyhow::Result;
use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::FOREIGN_SID;
use super::super::population::{AES, DISABLED};
use super::bed::{Bed, Grown};
use super::faultless::{flagged, instead, readers_of, without};
use super::{aces, dmsa};

/// RC4, MS-KILE 2.2.7.
const RC4: i64 = 0x4;
/// How many readers the limit allows.
const READER_LIMIT: usize = 50;

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let host = bed.computer("GMHOST");
    let host = bed.plant(host, &[]);
    readers(bed, &host)?;
    crowds(bed)?;
    surroundings(bed, &host)?;
    passwords(bed, &host)?;
    permissions(bed, &host)?;
    settings(bed, &host)
}

/// GM01, GM03 to GM06, GM10, GM12: who reads the password.
fn readers(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let object = bed.gmsa("gm-open", &["AU"])?;
    bed.plant(object, &[("gmsa-broad-readers", Critical)]);
    // Two groups deep, and a host in the end: nothing.
    let inner = bed.group("GG-GM-Inner", &[host]);
    let inner = bed.plant(inner, &[]);
    let outer = bed.group("GG-GM-Outer", &[&inner]);
    let outer = bed.plant(outer, &[]);
    let object = bed.gmsa("gm-fine", &[&outer.sid])?;
    bed.plant(object, &[]);

    let person = bed.trustee("gm.person");
    let object = bed.gmsa("gm-human", &[&host.sid, &person.sid])?;
    bed.plant(object, &[("gmsa-human-readers", High)]);

    // Nobody logs on with it, until somebody enables it.
    let former = flagged(bed.person("gm.former"), DISABLED);
    let former = bed.plant(former, &[]);
    let object = bed.gmsa("gm-former", &[&host.sid, &former.sid])?;
    bed.plant(object, &[("gmsa-human-readers", Medium)]);

    let gone = flagged(bed.computer("GMGONE"), DISABLED);
    let gone = bed.plant(gone, &[]);
    let object = bed.gmsa("gm-stale", &[&host.sid, &gone.sid])?;
    bed.plant(object, &[("gmsa-stale-readers", Medium)]);
    let away = instead(bed.computer("GMAWAY"), "pwdLastSet", bed.days_ago(80));
    let away = instead(away, "lastLogonTimestamp", bed.days_ago(80));
    let away = bed.plant(away, &[]);
    let object = bed.gmsa("gm-away", &[&away.sid])?;
    bed.plant(object, &[]);

    let dead = bed.dead_sid();
    let object = bed.gmsa("gm-dead", &[&host.sid, &dead])?;
    bed.plant(object, &[("gmsa-unresolved-readers", Medium)]);

    let object = bed.gmsa("gm-tier0", &[&host.sid])?.with("adminCount", 1);
    let facts = [("gmsa-privileged-open-readers", Critical)];
    let tier0 = bed.plant(object, &facts);
    bed.promote(&tier0);
    // Only domain controllers read it (S-1-5-9).
    let object = bed.gmsa("gm-tier0-dc", &["S-1-5-9"])?;
    let tier0 = bed.plant(object.with("adminCount", 1), &[]);
    bed.promote(&tier0);

    // Made today, so it may still be set up: information.
    let object = without(bed.gmsa("gm-nobody", &[])?, "msDS-GroupMSAMembership");
    bed.plant(object, &[("gmsa-no-readers", Info)]);
    let object = without(bed.gmsa("gm-forgotten", &[])?, "msDS-GroupMSAMembership");
    let forgotten = bed.plant(object, &[("gmsa-no-readers", Low)]);
    bed.age(&forgotten.dn, 60);

    let object = bed.gmsa("gm-foreign", &[&host.sid, FOREIGN_SID])?;
    bed.plant(object, &[("gmsa-foreign-readers", Medium)]);
    Ok(())
}

/// GM07, GM08, GM11, GM20: what surrounds the list.
fn surroundings(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let seats = bed.group("GG-GM-Seats", &[host]);
    let seats = bed.plant(seats, &[("gmsa-reader-group-takeover", High)]);
    let who = bed.trustee("gm.seats");
    bed.grant(&seats.dn, &aces::write(aces::MEMBER, &who.sid));
    let object = bed.gmsa("gm-seats", &[&seats.sid])?;
    bed.plant(object, &[]);
    // The same right over a group that reads nothing.
    let idle = bed.group("GG-GM-Idle", &[host]);
    let idle = bed.plant(idle, &[]);
    bed.grant(&idle.dn, &aces::write(aces::MEMBER, &who.sid));

    // The group opens an account of tier 0, whose own list somebody else rewrites.
    let crowned = bed.group("GG-GM-Crown", &[host]);
    let crowned = bed.plant(crowned, &[("gmsa-reader-group-takeover", Critical)]);
    let who = bed.trustee("gm.crown-seats");
    bed.grant(&crowned.dn, &aces::write(aces::MEMBER, &who.sid));
    let object = bed.gmsa("gm-crown", &[&crowned.sid])?;
    let facts = [
        ("gmsa-privileged-open-readers", Critical),
        ("gmsa-readers-writable", Critical),
        ("gmsa-creator-rights", Critical),
    ];
    let crown = bed.plant(object.with("adminCount", 1), &facts);
    bed.promote(&crown);
    let who = bed.trustee("gm.crown-list");
    bed.grant(&crown.dn, &aces::write(aces::READERS, &who.sid));
    // Samba runs no SDProp, so that the creator's entry is still there, as it is until SDProp runs.
    let who = bed.trustee("gm.crown-made");
    bed.grant_unnoticed(&crown.dn, &aces::write(aces::RESTRICTIONS, &who.sid));

    let old = instead(
        bed.computer("GMOLD"),
        "operatingSystem",
        "Windows Server 2012 R2 Standard",
    );
    let old = bed.plant(old.with("operatingSystemVersion", "6.3 (9600)"), &[]);
    let object = bed.gmsa("gm-weak", &[&old.sid])?;
    bed.plant(object, &[("gmsa-weak-reader-host", High)]);
    let new = bed
        .computer("GMNEW")
        .with("operatingSystemVersion", "10.0 (20348)");
    let new = bed.plant(new, &[]);
    let object = bed.gmsa("gm-strong", &[&new.sid])?;
    bed.plant(object, &[]);

    let owner = bed.trustee("gm.listowner");
    let list = readers_of(&[&host.sid]).replace("O:BA", &format!("O:{}", owner.sid));
    let object = instead(bed.gmsa("gm-odd", &[])?, "msDS-GroupMSAMembership", list);
    bed.plant(object, &[("gmsa-malformed-readers", Medium)]);

    // Outside alone is nothing; a unit in which somebody makes and removes computers is.
    bed.unit("Estate");
    let object = bed.gmsa("gm-estate", &[&host.sid])?;
    let object = bed.moved(object, "OU=Estate");
    bed.plant(object, &[]);
    // He makes and removes what is in the unit, and does not control it.
    let who = bed.trustee("gm.joiner");
    let unit = bed.unit("Delegated");
    bed.grant(&unit.dn, &aces::manage(aces::COMPUTER, &who.sid));
    let object = bed.gmsa("gm-delegated", &[&host.sid])?;
    let object = bed.moved(object, "OU=Delegated");
    bed.plant(object, &[("gmsa-outside-container", Low)]);
    // Who changes the permissions of the unit controls what lies in it, and makes dMSAs there one step later.
    let who = bed.trustee("gm.tenant");
    let unit = bed.unit("Leased");
    dmsa::expect_controlled(bed, &unit);
    bed.grant(&unit.dn, &aces::allow("WD", &who.sid));
    let object = bed.gmsa("gm-leased", &[&host.sid])?;
    let object = bed.moved(object, "OU=Leased");
    bed.plant(object, &[("gmsa-outside-container", Medium)]);
    Ok(())
}

/// GM02: fifty readers are allowed, one more is not.
fn crowds(bed: &mut Bed<'_>) -> Result<()> {
    let mut farm = Vec::new();
    for number in 0..=READER_LIMIT {
        let object = bed.computer(&format!("GMFARM{number:02}"));
        farm.push(bed.plant(object, &[]));
    }
    let all: Vec<&Grown> = farm.iter().collect();
    let group = bed.group("GG-GM-Farm", &all);
    let group = bed.plant(group, &[]);
    let object = bed.gmsa("gm-crowd", &[&group.sid])?;
    bed.plant(object, &[("gmsa-many-readers", Medium)]);

    let most: Vec<&Grown> = farm.iter().take(READER_LIMIT).collect();
    let group = bed.group("GG-GM-Fifty", &most);
    let group = bed.plant(group, &[]);
    let object = bed.gmsa("gm-fifty", &[&group.sid])?;
    bed.plant(object, &[]);
    Ok(())
}

/// GM13 to GM15, GM22: when it changes and whether anybody uses it.
fn passwords(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    // Forty days late, less the grace: more than thirty.
    let object = instead(
        bed.gmsa("gm-stalled", &[&host.sid])?,
        "pwdLastSet",
        bed.days_ago(70),
    );
    let object = instead(object, "msDS-ManagedPasswordId", bed.epoch(70)?);
    bed.plant(object, &[("gmsa-rotation-stalled", High)]);
    // Fourteen days late.
    let object = instead(
        bed.gmsa("gm-late", &[&host.sid])?,
        "pwdLastSet",
        bed.days_ago(50),
    );
    let object = instead(object, "msDS-ManagedPasswordId", bed.epoch(50)?);
    bed.plant(object, &[("gmsa-rotation-stalled", Medium)]);
    // Thirty days, and the grace of almost six.
    let object = instead(
        bed.gmsa("gm-due", &[&host.sid])?,
        "pwdLastSet",
        bed.days_ago(34),
    );
    let object = instead(object, "msDS-ManagedPasswordId", bed.epoch(34)?);
    bed.plant(object, &[]);

    let object = instead(
        bed.gmsa("gm-reset", &[&host.sid])?,
        "msDS-ManagedPasswordId",
        bed.epoch(60)?,
    );
    bed.plant(object, &[("gmsa-epoch-mismatch", Medium)]);

    let object = instead(
        bed.gmsa("gm-yearly", &[&host.sid])?,
        "msDS-ManagedPasswordInterval",
        365,
    );
    bed.plant(object, &[("gmsa-long-interval", Medium)]);
    let object = instead(
        bed.gmsa("gm-bimonthly", &[&host.sid])?,
        "msDS-ManagedPasswordInterval",
        60,
    );
    bed.plant(object, &[("gmsa-long-interval", Low)]);

    let object = instead(
        bed.gmsa("gm-unused", &[&host.sid])?,
        "lastLogonTimestamp",
        bed.days_ago(200),
    );
    bed.plant(object, &[("gmsa-unused", Low)]);
    let object = instead(
        bed.gmsa("gm-quiet", &[&host.sid])?,
        "lastLogonTimestamp",
        bed.days_ago(80),
    );
    bed.plant(object, &[]);
    Ok(())
}

/// GM09, GM17 to GM19: who may change what.
fn permissions(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let who = bed.trustee("gm.readers");
    let object = bed.gmsa("gm-list", &[&host.sid])?;
    let list = bed.plant(object, &[("gmsa-readers-writable", High)]);
    bed.grant(&list.dn, &aces::write(aces::READERS, &who.sid));
    let object = bed.gmsa("gm-list-denied", &[&host.sid])?;
    let list = bed.plant(object, &[]);
    bed.grant(&list.dn, &aces::write(aces::READERS, &who.sid));
    bed.grant(&list.dn, &aces::deny_write(aces::READERS, &who.sid));

    // What the class gives its creator, made out to somebody who is no administrator.
    let who = bed.trustee("gm.creator");
    let object = bed.gmsa("gm-made", &[&host.sid])?;
    let made = bed.plant(object, &[("gmsa-creator-rights", High)]);
    bed.grant_unnoticed(&made.dn, &aces::write(aces::RESTRICTIONS, &who.sid));

    let object = bed.gmsa("gm-undenied", &[&host.sid])?;
    let undenied = bed.plant(object, &[("gmsa-default-deny-removed", Medium)]);
    let denied = format!("(OD;;CR;{};;WD)", aces::RESET_PASSWORD);
    bed.revoke(&undenied.dn, &denied);
    Ok(())
}

/// GM16, GM21: ciphers and services.
fn settings(bed: &mut Bed<'_>, host: &Grown) -> Result<()> {
    let ciphers = "msDS-SupportedEncryptionTypes";
    let object = instead(bed.gmsa("gm-rc4", &[&host.sid])?, ciphers, RC4);
    bed.plant(object, &[("gmsa-weak-encryption", Medium)]);
    // What New-ADServiceAccount writes by itself is told, as information.
    let object = instead(bed.gmsa("gm-default", &[&host.sid])?, ciphers, AES | RC4);
    bed.plant(object, &[("gmsa-weak-encryption", Info)]);
    // The controller's default decides.
    let object = without(bed.gmsa("gm-plain", &[&host.sid])?, ciphers);
    bed.plant(object, &[("gmsa-weak-encryption", Low)]);

    let names = |classes: &[&str], host: &str| -> Vec<String> {
        let name = |class: &&str| format!("{class}/{host}.partner.example");
        classes.iter().map(name).collect()
    };
    let object = bed.gmsa("gm-shared", &[&host.sid])?;
    let spns = names(&["HTTP", "MSSQLSvc", "FTP"], "shared");
    bed.plant(
        object.with_all("servicePrincipalName", spns),
        &[("gmsa-shared-identity", Low)],
    );
    let object = bed.gmsa("gm-two", &[&host.sid])?;
    let spns = names(&["HTTP", "MSSQLSvc"], "two");
    bed.plant(object.with_all("servicePrincipalName", spns), &[]);

    // A list that names nobody it lets in twice is as good as one that names him once.
    let object = instead(
        bed.gmsa("gm-again", &[])?,
        "msDS-GroupMSAMembership",
        readers_of(&[&host.sid, &host.sid]),
    );
    bed.plant(object, &[]);
    Ok(())
}
