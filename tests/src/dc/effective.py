# Asks a running controller what principals may do, each as itself: a simple bind over LDAPS.
#
#   effective.py SMB_CONF ADDRESS FILE SCOPE BASE [SCOPE BASE...]
#       each line of FILE: a name to bind with, a tab, a password. For each, in order, prints
#       `as NAME`, `sid SID` for every SID of the token the controller made, and for every object it shows
#       `on OBJECT RIGHTS ATTRIBUTES CLASSES`: a text's number, sDRightsEffective, and the numbers of two texts, the names in
#       allowedAttributesEffective and allowedChildClassesEffective, with a space between. `text TEXT` comes before the first
#       use of a text; texts count from 0. An object that is not shown has no line.
import sys

import ldb
from samba.credentials import DONT_USE_KERBEROS, Credentials
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

SCOPES = {"base": ldb.SCOPE_BASE, "one": ldb.SCOPE_ONELEVEL, "sub": ldb.SCOPE_SUBTREE}
RIGHTS = "sDRightsEffective"
ATTRIBUTES = "allowedAttributesEffective"
CLASSES = "allowedChildClassesEffective"
NO_SUCH_OBJECT = 32

smb_conf, address, path, *places = sys.argv[1:]
lp = LoadParm()
lp.load(smb_conf)
# The address is in the certificate, but Samba's client compares names with names only.
lp.set("tls verify peer", "ca_only")
out = sys.stdout
texts = {}


def number(text):
    if text not in texts:
        texts[text] = len(texts)
        out.write(f"text {text}\n")
    return texts[text]


def names(message, attribute):
    element = message.get(attribute)
    return number(" ".join(sorted(str(value) for value in element)) if element else "")


def connect(name, password):
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_kerberos_state(DONT_USE_KERBEROS)
    credentials.set_bind_dn(name)
    credentials.set_password(password)
    return SamDB(url=f"ldaps://{address}", lp=lp, credentials=credentials)


def ask(directory):
    token = directory.search("", ldb.SCOPE_BASE, "(objectClass=*)", ["tokenGroups"])[0]
    for sid in token["tokenGroups"]:
        out.write(f"sid {ndr_unpack(security.dom_sid, bytes(sid))}\n")
    for scope, base in zip(places[::2], places[1::2]):
        try:
            found = directory.search(base, SCOPES[scope], "(objectClass=*)", [RIGHTS, ATTRIBUTES, CLASSES])
        except ldb.LdbError as error:
            if error.args[0] != NO_SUCH_OBJECT:
                raise
            continue
        for message in found:
            dn = number(str(message.dn))
            attributes, classes = names(message, ATTRIBUTES), names(message, CLASSES)
            out.write(f"on {dn} {message[RIGHTS]} {attributes} {classes}\n")


with open(path, encoding="utf-8") as file:
    for line in file:
        name, password = line.rstrip("\n").split("\t")
        out.write(f"as {name}\n")
        ask(connect(name, password))
