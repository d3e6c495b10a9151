# Opens a Samba directory database straight from its files, without the network and without LDAP.
#
#   samdb.py SMB_CONF SAM_LDB apply FILE...
#       applies LDIF files in order, each in one transaction. The first line of a file may name the controls
#       of all its records: `# controls: relax:0 ...`. A file whose first line is `# schema` reloads the schema.
#   samdb.py SMB_CONF SAM_LDB try FILE...
#       the same with one transaction a record, and goes on after a refusal: prints `ok` or Samba's reason for each.
#   samdb.py SMB_CONF SAM_LDB describe FILE...
#       changes permissions. Each line: a distinguished name, a tab, `add`, `remove`, `owner` or `protect`, a tab, an ACE or
#       a SID in SDDL, or nothing. Added denies stand first, added allows before what is inherited; what is removed must be
#       there. What is protected inherits nothing and keeps nothing that it inherited.
#   samdb.py SMB_CONF SAM_LDB search BASE SCOPE FILTER [ATTRIBUTE...]
#       prints records, values in hexadecimal, exactly as the directory holds them:
#       `dn HEX`, then `NAME HEX` per value, then an empty line.
import re
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

SCOPES = {"base": ldb.SCOPE_BASE, "one": ldb.SCOPE_ONELEVEL, "sub": ldb.SCOPE_SUBTREE}
# All four parts of a security descriptor except the SACL: what a collector asks for.
SD_WITHOUT_SACL = "sd_flags:1:7"


# Without room for its indexes, a long transaction slows down with every object.
PLANTING = ["batch_mode:1", "transaction_index_cache_size:200000", "nosync:1"]


def connect(smb_conf, sam, options=()):
    lp = LoadParm()
    lp.load(smb_conf)
    lp.set("dsdb:schema update allowed", "true")
    return SamDB(url=sam, lp=lp, session_info=system_session(), options=list(options))


def read(samdb, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    head = text.split("\n", 1)[0]
    controls = head[len("# controls:"):].split() if head.startswith("# controls:") else []
    return head, controls, samdb.parse_ldif(text)


def change(samdb, kind, message, controls):
    if kind == ldb.CHANGETYPE_MODIFY:
        samdb.modify(message, controls)
    elif kind == ldb.CHANGETYPE_DELETE:
        samdb.delete(message.dn, controls)
    elif "newrdn" in message:
        # The module has no name for the change type modrdn.
        parent = message.get("newsuperior", idx=0)
        new = ldb.Dn(samdb, message["newrdn"][0].decode())
        new.add_base(ldb.Dn(samdb, parent.decode()) if parent else message.dn.parent())
        samdb.rename(message.dn, new, controls)
    else:
        samdb.add(message, controls)


def apply(smb_conf, sam, paths):
    samdb = connect(smb_conf, sam, PLANTING)
    for path in paths:
        head, controls, records = read(samdb, path)
        samdb.transaction_start()
        for kind, message in records:
            try:
                change(samdb, kind, message, controls)
            except ldb.LdbError as error:
                samdb.transaction_cancel()
                sys.exit(f"{path}: {message.dn}: {error.args[1]} (LDAP code {error.args[0]})")
        samdb.transaction_commit()
        if head.startswith("# schema"):
            samdb = connect(smb_conf, sam, PLANTING)


def try_each(smb_conf, sam, paths):
    samdb = connect(smb_conf, sam)
    for path in paths:
        _, controls, records = read(samdb, path)
        for kind, message in records:
            try:
                change(samdb, kind, message, controls)
                print("ok")
            except ldb.LdbError as error:
                reason = " ".join(error.args[1].split())
                print(f"{reason} (LDAP code {error.args[0]})")


SDDL = re.compile(r"O:(.+?)G:(.+?)D:([A-Z]*)((?:\([^()]*\))*)(?:S:.*)?")


def described(sddl, change, value):
    owner, group, flags, entries = SDDL.fullmatch(sddl).groups()
    entries = re.findall(r"\([^()]*\)", entries)
    if change == "owner":
        owner = value
    elif change == "protect":
        flags = "P" + flags.replace("P", "")
        entries = [entry for entry in entries if "ID" not in entry.split(";")[1]]
    elif change == "remove":
        entries.remove(value)
    elif value.startswith(("(D;", "(OD;")):
        entries.insert(0, value)
    else:
        own = [entry for entry in entries if "ID" not in entry.split(";")[1]]
        entries.insert(len(own), value)
    return f"O:{owner}G:{group}D:{flags}{''.join(entries)}"


def describe(smb_conf, sam, paths):
    samdb = connect(smb_conf, sam)
    domain = security.dom_sid(samdb.get_domain_sid())
    samdb.transaction_start()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        for line in lines:
            dn, change, value = line.split("\t")
            [found] = samdb.search(dn, ldb.SCOPE_BASE, None, ["nTSecurityDescriptor"], [SD_WITHOUT_SACL])
            before = ndr_unpack(security.descriptor, found["nTSecurityDescriptor"][0]).as_sddl(domain)
            if change == "remove":
                # Rights in the order in which Samba writes them.
                value = security.descriptor.from_sddl(f"D:{value}", domain).as_sddl(domain).removeprefix("D:")
            try:
                after = described(before, change, value)
            except (AttributeError, ValueError):
                sys.exit(f"{path}: {dn}: cannot {change} {value}: {before}")
            message = ldb.Message(found.dn)
            message["nTSecurityDescriptor"] = ldb.MessageElement(
                ndr_pack(security.descriptor.from_sddl(after, domain)), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor"
            )
            samdb.modify(message, [SD_WITHOUT_SACL])
    samdb.transaction_commit()


def search(smb_conf, sam, base, scope, expression, attributes):
    samdb = connect(smb_conf, sam)
    out = sys.stdout
    for message in samdb.search(base, SCOPES[scope], expression, attributes or ["*"], [SD_WITHOUT_SACL]):
        out.write(f"dn {str(message.dn).encode().hex()}\n")
        for name in message.keys():
            if name == "dn":
                continue
            for value in message[name]:
                out.write(f"{name} {bytes(value).hex()}\n")
        out.write("\n")


def main(arguments):
    smb_conf, sam, command, *rest = arguments
    if command == "apply":
        apply(smb_conf, sam, rest)
    elif command == "try":
        try_each(smb_conf, sam, rest)
    elif command == "describe":
        describe(smb_conf, sam, rest)
    elif command == "search":
        base, scope, expression, *attributes = rest
        search(smb_conf, sam, base, scope, expression, attributes)
    else:
        sys.exit(f"samdb.py knows apply, try, describe and search, not {command}")


main(sys.argv[1:])
