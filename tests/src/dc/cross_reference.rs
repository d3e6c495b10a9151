//! A crossRef object that names another domain of the forest. Knows what Samba needs to take one for a naming context
//! it does not hold; does not make that domain.

use super::domain::Domain;

/// FLAG_CR_NTDS_NC | FLAG_CR_NTDS_DOMAIN (MS-ADTS 2.2.13).
const SYSTEM_FLAGS: u32 = 3;

/// See [`super::DomainController::add_cross_reference`].
pub(super) fn ldif(domain: &Domain, dns_root: &str, netbios: &str, nc_name: &str) -> String {
    let partitions = format!("CN=Partitions,CN=Configuration,{}", domain.base_dn());
    let parent = domain.netbios();
    // Without a SID in the nCName, Samba's key distribution centre answers nobody any more. With a GUID besides, it does
    // not show the value to anybody, since there is no object of that GUID. The SID is what [`Options`] would derive.
    let other = Domain::new(dns_root, Some(netbios), None, "dc1");
    let head = format!("<SID={}>;{nc_name}", other.sid());
    format!(
        "# controls: relax:0\n\n\
         dn: CN={netbios},{partitions}\n\
         objectClass: crossRef\n\
         cn: {netbios}\n\
         nCName: {head}\n\
         dnsRoot: {dns_root}\n\
         nETBIOSName: {netbios}\n\
         trustParent: CN={parent},{partitions}\n\
         systemFlags: {SYSTEM_FLAGS}\n"
    )
}
