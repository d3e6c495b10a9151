//! What provisioning itself leaves for rules to find.

use coldcase_schemas::report::Severity::{High, Info, Low, Medium};

use super::bed::Bed;

pub(super) fn expect(bed: &mut Bed<'_>) {
    let domain = bed.base_dn();
    // The level of a new Samba domain is that of Windows Server 2008 R2.
    bed.expect(("functional-level", Info), domain);
    // Samba sets the quota of 10, as Windows does.
    bed.expect(("machine-account-quota", Medium), domain);
    // Neither of two characters of dSHeuristics is set, as in every new forest.
    bed.expect_times(2, ("dmsa-directory-switches", Info), domain);
    // The account of the DNS service is an ordinary user with the name DNS/dc1.corp.example, and no ciphers are set.
    bed.expect(("spn-kerberoastable", Medium), "dns-dc1");
    bed.expect(("spn-weak-encryption", Medium), "dns-dc1");
    // That name is of a class that Windows registers for the controller itself, and the controller is alive.
    bed.expect(("spn-foreign-host", High), "dns-dc1");
    // No policy denies it a desktop, and the domain's policy asks for seven characters.
    bed.expect(("spn-interactive-logon", Low), "dns-dc1");
    bed.expect(("spn-short-password", Medium), "dns-dc1");
}
