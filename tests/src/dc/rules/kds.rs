//! KD: root keys of the key distribution service. All accounts but one name the key that is old.

use anyhow::Result;
use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};

use super::super::planted::{KDS_ROOT_KEY, KDS_ROOT_KEY_DATA, Kind, PlantedObject};
use super::aces;
use super::bed::{Bed, Grown, ONE_KEY, PLANTED};
use super::faultless::instead;

/// Named by an account, and not there.
const MISSING: &str = "0f4a2c11-5b1e-4d56-9a53-6a1c1f0f7e11";
const READABLE: &str = "2d9be3c4-7a1b-4c0d-8b60-3f0f5c9d2a22";
const CONTROLLED: &str = "3e7cf4d5-8b2c-4d1e-9c71-401f6dae3b33";
const FUTURE: &str = "5a9e16f7-ad4e-4f30-9e93-62308fc05d55";
const KEPT: &str = "6bae27e8-be5f-4041-8fa4-734190d16e66";
const OWNED: &str = "4f8d05e6-9c3d-4e2f-8d82-512f7ebf4c44";

pub(super) fn plant(bed: &mut Bed<'_>) -> Result<()> {
    let keys = containers(bed);
    // Six that are there, and one that an account names as long as the account is there.
    let domain = bed.base_dn();
    bed.expect_in(PLANTED, 7, ("kds-root-key-presence", Info), domain);
    bed.expect_in(ONE_KEY, 6, ("kds-root-key-presence", Info), domain);

    // Five and a half years. As long as one account names another key, it is not the key of all.
    let old = key(bed, &keys, KDS_ROOT_KEY, 2_000);
    bed.expect_in(ONE_KEY, 1, ("kds-key-blast-radius", Low), &old.dn);
    let host = bed.computer("KDHOST");
    let host = bed.plant(host, &[]);
    let object = bed.gmsa("kd-dangling", &[&host.sid])?;
    let object = instead(object, "msDS-ManagedPasswordId", bed.epoch_of(MISSING, 5)?);
    let dangling = bed.plant(object, &[("kds-dangling-key", Medium)]);
    bed.second_domain();
    bed.delete(ONE_KEY, &dangling);
    bed.expect_in(ONE_KEY, 1, ("kds-forest-scope", Info), bed.base_dn());

    let readable = key(bed, &keys, READABLE, 25);
    bed.expect(("kds-root-key-readable", Critical), &readable.dn);
    let who = bed.trustee("kd.reader");
    bed.grant(&readable.dn, &aces::allow("RPCR", &who.sid));
    // Reading without control access does not show what is confidential.
    let who = bed.trustee("kd.looker");
    bed.grant(&readable.dn, &aces::allow("RP", &who.sid));

    let controlled = key(bed, &keys, CONTROLLED, 22);
    bed.expect(("kds-root-key-control", Critical), &controlled.dn);
    let who = bed.trustee("kd.changer");
    bed.grant(&controlled.dn, &aces::allow("WD", &who.sid));

    let owned = key(bed, &keys, OWNED, 20);
    bed.expect(("kds-root-key-owner", High), &owned.dn);
    let who = bed.trustee("kd.owner");
    bed.give(&owned.dn, &who.sid);

    // A domain administrator in person could take the key anyway.
    let kept = key(bed, &keys, KEPT, 18);
    bed.expect(("kds-root-key-owner", Low), &kept.dn);
    let object = bed.person("kd.admin").with("adminCount", 1);
    let admin = bed.plant(object, &[]);
    bed.promote(&admin);
    bed.give(&kept.dn, &admin.sid);

    // Made ten days ago, for next week.
    let object = root_key(bed, &keys, FUTURE, 10);
    let later = instead(object, "msKds-UseStartTime", bed.days_ago(-7));
    let later = bed.plant(later, &[]);
    bed.expect(("kds-key-hygiene", Low), &later.dn);
    Ok(())
}

/// Returns the DN of the container that keys lie in.
fn containers(bed: &mut Bed<'_>) -> String {
    let configuration = "Group Key Distribution Service Server Configuration";
    let service = format!(
        "CN=Group Key Distribution Service,CN=Services,CN=Configuration,{}",
        bed.base_dn()
    );
    let keys = format!("CN=Master Root Keys,{service}");
    let objects = [
        PlantedObject::new(
            Kind::Container,
            "Group Key Distribution Service",
            service.clone(),
        ),
        PlantedObject::new(Kind::Container, "Master Root Keys", keys.clone()),
        PlantedObject::new(
            Kind::KdsConfiguration,
            configuration,
            format!("CN={configuration},{service}"),
        )
        .with("msKds-Version", 1),
    ];
    for object in objects {
        bed.plant(object, &[]);
    }
    keys
}

/// A root key that was made so many days ago and was in effect a day later.
fn key(bed: &mut Bed<'_>, keys: &str, name: &str, days: i64) -> Grown {
    let object = root_key(bed, keys, name, days);
    bed.plant(object, &[])
}

fn root_key(bed: &Bed<'_>, keys: &str, name: &str, days: i64) -> PlantedObject {
    PlantedObject::new(Kind::KdsRootKey, name, format!("CN={name},{keys}"))
        .with("msKds-Version", 1)
        .with("msKds-CreateTime", bed.days_ago(days))
        .with("msKds-UseStartTime", bed.days_ago(days - 1))
        .with("msKds-DomainID", bed.controller())
        .with("msKds-KDFAlgorithmID", "SP800_108_CTR_HMAC")
        .with("msKds-SecretAgreementAlgorithmID", "DH")
        .with("msKds-PublicKeyLength", 2048)
        .with("msKds-PrivateKeyLength", 512)
        .with("msKds-RootKeyData", KDS_ROOT_KEY_DATA.to_vec())
}
