//! OpenLDAP's `ldapsearch` asking what the collector asks: the yardstick. One process a query, all of the plan.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use coldcase_schemas::plan::{NamingContexts, QUERIES};
use coldcase_tests::dc::DomainController;

use crate::measure::{self, Cost};

/// LDAP_SERVER_SD_FLAGS_OID, critical, with SEQUENCE { INTEGER 7 } in base64: owner, group and DACL
/// (MS-ADTS 3.1.1.3.4.1.11).
const SD_FLAGS: &str = "!1.2.840.113556.1.4.801=::MAMCAQc=";
/// A query's base need not exist in every domain (RFC 4511, section 4.1.9: noSuchObject is 32).
const ANSWERED: [i32; 2] = [0, 32];

/// Writes the answers to every query of the plan to `ldif`.
pub(crate) fn run(
    controller: &DomainController,
    password_file: &Path,
    page_size: u32,
    ldif: &Path,
    folder: &Path,
) -> Result<Cost> {
    let _ = std::fs::remove_file(ldif);
    let base = controller.base_dn();
    let contexts = NamingContexts {
        domain: base.to_owned(),
        configuration: format!("CN=Configuration,{base}"),
        schema: format!("CN=Schema,CN=Configuration,{base}"),
    };
    let mut total = Cost::default();
    for query in QUERIES {
        let mut command = Command::new("ldapsearch");
        command
            .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H"])
            .arg(format!("ldaps://{}", controller.address()))
            .args(["-D", controller.admin_user(), "-y"])
            .arg(password_file)
            .args(["-E", &format!("pr={page_size}/noprompt"), "-E", SD_FLAGS])
            .args(["-s", query.scope.as_str(), "-b", &query.base(&contexts)])
            .arg(query.filter)
            .args(query.attributes())
            .env("LDAPTLS_CACERT", controller.ca_file());
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(ldif)
            .with_context(|| format!("{} cannot be written", ldif.display()))?;
        let cost = measure::run(&command, output, folder, &ANSWERED)
            .with_context(|| format!("the query {}", query.name))?;
        total = total.then(cost);
    }
    Ok(total)
}
