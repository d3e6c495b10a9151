//! A recognisable value in every attribute that holds a secret, so that a test can search a snapshot for its bytes.
//!
//! Owns where such a value can lie and how Samba is made to take it. Deliberately looks into no snapshot.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use coldcase_schemas::attribute::SECRETS;

use super::planted::BASE_DN;
use super::{DomainController, command, ldb, ldif, packages};

const SCHEMA_ATTRIBUTES: &str = include_str!("secret-attributes.ldif");
const SCHEMA_CLASSES: &str = include_str!("secret-classes.ldif");
const LIMIT: Duration = Duration::from_secs(60);

/// A value that must not appear in any snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlantedSecret {
    /// The attribute, spelled as in [`SECRETS`].
    pub attribute: &'static str,
    /// The object that has it.
    pub dn: String,
    /// Bytes that occur nowhere else: 16 characters, or a piece of what Samba made itself.
    pub mark: Vec<u8>,
    /// The whole value, with the mark in it. The database files hold it, which was checked.
    pub value: Vec<u8>,
    /// Whether the domain administrator gets it over LDAP, when asking for it by name: a search was made. Samba keeps
    /// password hashes to itself, as Windows does.
    pub readable: bool,
}

/// An attribute that could not be given a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSecret {
    /// The attribute, spelled as in [`SECRETS`].
    pub attribute: &'static str,
    /// What Samba said.
    pub reason: String,
}

/// Every attribute of [`SECRETS`] is in exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// What is there now.
    pub planted: Vec<PlantedSecret>,
    /// What is not, and why.
    pub refused: Vec<RefusedSecret>,
}

/// The objects that carry the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    User,
    Computer,
    Gmsa,
    Trust,
    LsaSecret,
    RootKey,
    Recovery,
}

impl Carrier {
    const ALL: [Carrier; 7] = [
        Carrier::User,
        Carrier::Computer,
        Carrier::Gmsa,
        Carrier::Trust,
        Carrier::LsaSecret,
        Carrier::RootKey,
        Carrier::Recovery,
    ];

    fn of(attribute: &str) -> Option<Carrier> {
        Some(match attribute {
            "msDS-ManagedPassword" => Carrier::Gmsa,
            "unicodePwd" | "dBCSPwd" | "ntPwdHistory" | "lmPwdHistory" | "userPassword"
            | "unixUserPassword" | "msSFU30Password" => Carrier::User,
            "trustAuthIncoming"
            | "trustAuthOutgoing"
            | "initialAuthIncoming"
            | "initialAuthOutgoing" => Carrier::Trust,
            "currentValue" | "priorValue" => Carrier::LsaSecret,
            "msKds-RootKeyData" => Carrier::RootKey,
            "msFVE-RecoveryPassword" | "msFVE-KeyPackage" => Carrier::Recovery,
            "ms-Mcs-AdmPwd"
            | "msLAPS-Password"
            | "msLAPS-EncryptedPassword"
            | "msLAPS-EncryptedPasswordHistory"
            | "msLAPS-EncryptedDSRMPassword"
            | "msLAPS-EncryptedDSRMPasswordHistory" => Carrier::Computer,
            _ => return None,
        })
    }

    fn dn(self, base_dn: &str) -> String {
        let root_keys = format!(
            "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,{base_dn}"
        );
        match self {
            Carrier::User => format!("CN=secret-user,OU=Services,{base_dn}"),
            Carrier::Computer => format!("CN=SECRETPC,OU=Services,{base_dn}"),
            Carrier::Gmsa => format!("CN=secret-gmsa,CN=Managed Service Accounts,{base_dn}"),
            Carrier::Trust => format!("CN=secret.example,CN=System,{base_dn}"),
            Carrier::LsaSecret => format!("CN=G$SECRET Secret,CN=System,{base_dn}"),
            Carrier::RootKey => format!("CN=5ec2e700-0000-4000-8000-000000000001,{root_keys}"),
            Carrier::Recovery => format!("CN=secret-recovery,CN=SECRETPC,OU=Services,{base_dn}"),
        }
    }

    /// The object without its secrets, except those it must have.
    fn record(self, base_dn: &str) -> String {
        let attributes = match self {
            Carrier::User => {
                "objectClass: user\nsAMAccountName: secret-user\nuserAccountControl: 512\n"
            }
            Carrier::Computer => {
                "objectClass: computer\nsAMAccountName: SECRETPC$\nuserAccountControl: 4096\n"
            }
            Carrier::Gmsa => {
                "objectClass: msDS-GroupManagedServiceAccount\nsAMAccountName: secret-gmsa$\n\
                 userAccountControl: 4096\nmsDS-ManagedPasswordInterval: 30\n"
            }
            // Without a SID, Samba's key distribution centre answers nobody any more.
            Carrier::Trust => {
                "objectClass: trustedDomain\ntrustPartner: secret.example\nflatName: SECRET\ntrustType: 2\n\
                 trustDirection: 3\ntrustAttributes: 8\nsecurityIdentifier: S-1-5-21-1-2-3\n"
            }
            // By default, only the system reads an object of this class.
            Carrier::LsaSecret => {
                "objectClass: secret\n\
                 nTSecurityDescriptor: O:DAG:DAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)\n"
            }
            Carrier::RootKey => {
                "objectClass: msKds-ProvRootKey\nmsKds-Version: 1\nmsKds-CreateTime: 134000000000000000\n\
                 msKds-UseStartTime: 134000000000000000\nmsKds-KDFAlgorithmID: SP800_108_CTR_HMAC\n\
                 msKds-SecretAgreementAlgorithmID: DH\nmsKds-PublicKeyLength: 2048\n\
                 msKds-PrivateKeyLength: 512\nmsKds-RootKeyData: to be replaced\n"
            }
            Carrier::Recovery => {
                "objectClass: msFVE-RecoveryInformation\nmsFVE-RecoveryGuid: 0123456789abcdef\n\
                 msFVE-RecoveryPassword: to be replaced\n"
            }
        };
        let domain = match self {
            Carrier::RootKey => {
                format!("msKds-DomainID: OU=Domain Controllers,{base_dn}\n")
            }
            _ => String::new(),
        };
        format!("dn: {}\n{attributes}{domain}\n", self.dn(base_dn))
    }
}

/// See [`DomainController::add_secrets`].
pub(super) fn plant(directory: &Path, controller: &DomainController) -> Result<Secrets> {
    let base_dn = controller.base_dn();
    let mut secrets = Secrets {
        planted: Vec::new(),
        refused: Vec::new(),
    };
    let mut wanted = Vec::new();
    for (number, attribute) in SECRETS.iter().copied().enumerate() {
        if attribute == "supplementalCredentials" {
            secrets.planted.push(made_by_samba(controller, attribute)?);
            continue;
        }
        let Some(carrier) = Carrier::of(attribute) else {
            bail!(
                "{attribute} is among the secrets, but secrets.rs does not say which object carries it"
            );
        };
        let mark = format!("cc-secret-{:06x}", 0xa1_b2c0 + number);
        ensure!(mark.len() == 16, "{mark} has not the length of a hash");
        // Histories are lists of hashes.
        let times = if attribute.ends_with("PwdHistory") {
            2
        } else {
            1
        };
        wanted.push(PlantedSecret {
            attribute,
            dn: carrier.dn(base_dn),
            value: mark.repeat(times).into_bytes(),
            mark: mark.into_bytes(),
            readable: false,
        });
    }

    let of_domain = |text: &str| text.replace(BASE_DN, base_dn);
    ldb::apply(
        directory,
        vec![
            ("1-schema-attributes.ldif", of_domain(SCHEMA_ATTRIBUTES)),
            ("2-schema-classes.ldif", of_domain(SCHEMA_CLASSES)),
            ("3-carriers.ldif", carriers(directory, base_dn)?),
        ],
    )
    .context("cannot plant the objects that carry secrets")?;

    let mut text = ldif::OBJECT_CONTROLS.to_owned();
    for secret in &wanted {
        ldif::modify(&mut text, &secret.dn, "replace", secret.attribute);
        ldif::line(&mut text, secret.attribute, &secret.value);
        text.push('\n');
    }
    let outcomes = ldb::try_each(directory, text).context("cannot plant the secrets")?;
    ensure!(
        outcomes.len() == wanted.len(),
        "samdb.py answered {} of {} records",
        outcomes.len(),
        wanted.len()
    );

    for (secret, outcome) in wanted.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => secrets.planted.push(secret),
            Err(reason) => secrets.refused.push(RefusedSecret {
                attribute: secret.attribute,
                reason,
            }),
        }
    }
    let carriers: BTreeSet<String> = secrets
        .planted
        .iter()
        .map(|secret| secret.dn.clone())
        .collect();
    for dn in carriers {
        look_back(directory, controller, &dn, &mut secrets.planted)?;
    }
    Ok(secrets)
}

/// Samba takes only a well-formed value of `supplementalCredentials`: it is the one it made itself from the ordinary
/// user's password, and the mark is a part of the keys in it.
fn made_by_samba(controller: &DomainController, attribute: &'static str) -> Result<PlantedSecret> {
    let filter = "(sAMAccountName=lowpriv)";
    let found = controller.ldbsearch(controller.base_dn(), "sub", filter, &[attribute])?;
    let record = found.first().context("there is no user lowpriv")?;
    let value = record
        .values(attribute)
        .first()
        .with_context(|| format!("lowpriv has no {attribute}"))?;
    // Past the names of the packages lie hashes.
    let place = value.len() * 3 / 4;
    let mark = value
        .get(place..place + 32)
        .with_context(|| format!("{attribute} of lowpriv is too short"))?;
    Ok(PlantedSecret {
        attribute,
        dn: record.dn.clone(),
        mark: mark.to_vec(),
        value: value.clone(),
        readable: false,
    })
}

/// The objects that carry the values, with the folders of the key distribution service where they are missing.
fn carriers(directory: &Path, base_dn: &str) -> Result<String> {
    let mut text = ldif::OBJECT_CONTROLS.to_owned();
    let services = format!("CN=Services,CN=Configuration,{base_dn}");
    let service = format!("CN=Group Key Distribution Service,{services}");
    let known = "(cn=Group Key Distribution Service)";
    if ldb::search(directory, &services, "one", known, &["cn"])?.is_empty() {
        for dn in [service.clone(), format!("CN=Master Root Keys,{service}")] {
            text.push_str(&format!("dn: {dn}\nobjectClass: container\n\n"));
        }
    }
    for carrier in Carrier::ALL {
        text.push_str(&carrier.record(base_dn));
    }
    Ok(text)
}

/// Checks that the database files hold the secrets of the object `dn`, and asks the running server for them, as the
/// administrator, over LDAPS.
fn look_back(
    directory: &Path,
    controller: &DomainController,
    dn: &str,
    planted: &mut [PlantedSecret],
) -> Result<()> {
    let mut here: Vec<&mut PlantedSecret> = planted
        .iter_mut()
        .filter(|secret| secret.dn == dn)
        .collect();
    let attributes: Vec<&str> = here.iter().map(|secret| secret.attribute).collect();
    if attributes.is_empty() {
        // Without a name, every attribute would come.
        return Ok(());
    }
    let stored = controller.ldbsearch(dn, "base", "(objectClass=*)", &attributes)?;
    let folder = tempfile::tempdir_in(directory)?;
    let mut search = Command::new(packages::program_path("ldapsearch")?);
    search
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H"])
        .arg(format!("ldaps://{}", controller.address()))
        .args(["-D", controller.admin_user()])
        .args(["-w", controller.admin_password()])
        .args(["-s", "base", "-b", dn])
        .args(attributes)
        .env("LDAPTLS_CACERT", controller.ca_file());
    let answer = command::run(&mut search, folder.path(), "ldapsearch", LIMIT)
        .with_context(|| format!("cannot ask for the secrets of {dn}"))?;
    let answer = String::from_utf8_lossy(&answer);
    for secret in &mut here {
        let is_stored = stored
            .iter()
            .any(|record| record.values(secret.attribute).contains(&secret.value));
        ensure!(
            is_stored,
            "Samba took {} and does not hold it",
            secret.attribute
        );
        // ldapsearch writes passwords in base64 even where they are plain text.
        let mut encoded = String::new();
        ldif::base64(&mut encoded, &secret.value);
        let plain = String::from_utf8_lossy(&secret.mark);
        secret.readable = answer.contains(plain.as_ref()) || answer.contains(&encoded);
    }
    Ok(())
}
