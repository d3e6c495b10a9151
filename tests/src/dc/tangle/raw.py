# Writes security descriptors straight into the file of one naming context, past everything Samba makes of a descriptor
# on its way in: mapped generic rights, a replaced CREATOR OWNER, a default in place of a DACL that is not there.
#
#   raw.py DATABASE DOMAIN_SID FILE
#       each line of FILE: a distinguished name, a tab, `list` or `null`, a tab, SDDL. `null` makes the DACL present and
#       NULL, which SDDL cannot say; SDDL without D: has none. The server must not run.
import sys

import ldb
from samba.dcerpc import security
from samba.ndr import ndr_pack

database, domain, path = sys.argv[1:]
directory = ldb.Ldb(database, flags=ldb.FLG_DONT_CREATE_DB)
domain = security.dom_sid(domain)
directory.transaction_start()
with open(path, encoding="utf-8") as file:
    for line in file:
        dn, dacl, sddl = line.rstrip("\n").split("\t")
        descriptor = security.descriptor.from_sddl(sddl, domain)
        if dacl == "null":
            descriptor.dacl = None
            descriptor.type |= security.SEC_DESC_DACL_PRESENT
        message = ldb.Message(ldb.Dn(directory, dn))
        message["nTSecurityDescriptor"] = ldb.MessageElement(
            ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor"
        )
        directory.modify(message)
directory.transaction_commit()
