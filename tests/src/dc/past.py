# Writes values straight into the file of one naming context, past everything that Samba's modules put in their place or
# refuse: when an object was made, a service principal name that another object has.
#
#   past.py DATABASE FILE
#       each line of FILE: a distinguished name, a tab, an attribute, a tab, its only value. The server must not run.
import sys

import ldb

database, path = sys.argv[1:]
directory = ldb.Ldb(database, flags=ldb.FLG_DONT_CREATE_DB)
directory.transaction_start()
with open(path, encoding="utf-8") as file:
    for line in file:
        dn, attribute, value = line.rstrip("\n").split("\t")
        message = ldb.Message(ldb.Dn(directory, dn))
        message[attribute] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
        directory.modify(message)
directory.transaction_commit()
