//! Names and words that are nobody's: they are the same in every domain and stay readable.
//!
//! Lists only. A domain in another language has other built-in names; the collector adds those that its server tells.

/// Objects that every domain starts with or that Microsoft's products add: MS-ADTS 6.1.1.4 and 6.1.1.6, MS-DTYP 2.4.2.4,
/// and the groups that rules know by name.
#[rustfmt::skip]
pub(super) const NAMES: &[&str] = &[
    // Containers of the domain.
    "Builtin", "Computers", "Deleted Objects", "Domain Controllers", "ForeignSecurityPrincipals", "Infrastructure", "Keys",
    "LostAndFound", "Managed Service Accounts", "Microsoft", "NTDS Quotas", "Program Data", "System", "TPM Devices", "Users",
    // Below CN=System.
    "AdminSDHolder", "AppCategories", "ComPartitions", "ComPartitionSets", "Default Domain Policy", "Dfs-Configuration",
    "DFSR-GlobalSettings", "DomainUpdates", "Domain System Volume (SYSVOL share)", "File Replication Service", "FileLinks",
    "IP Security", "Machine", "Meetings", "MicrosoftDNS", "ObjectMoveTable", "Operations", "Password Settings Container",
    "Policies", "PSPs", "RAS and IAS Servers Access Check", "RID Manager$", "RID Set", "RpcServices", "SOM", "User",
    "VolumeTable", "WinsockServices", "WMIPolicy", "PolicyTemplate", "PolicyType", "WMIGPO",
    // Group policies that every domain has.
    "Default Domain Controllers Policy",
    // Accounts.
    "Administrator", "Guest", "krbtgt", "DefaultAccount", "WDAGUtilityAccount",
    // Groups of the domain.
    "Domain Admins", "Domain Users", "Domain Guests", "Domain Computers", "Schema Admins", "Enterprise Admins",
    "Group Policy Creator Owners", "Read-only Domain Controllers", "Enterprise Read-only Domain Controllers",
    "Cloneable Domain Controllers", "Protected Users", "Key Admins", "Enterprise Key Admins", "Forest Trust Accounts",
    "External Trust Accounts", "Cert Publishers", "RAS and IAS Servers", "Allowed RODC Password Replication Group",
    "Denied RODC Password Replication Group", "DnsAdmins", "DnsUpdateProxy",
    // Groups of BUILTIN.
    "Administrators", "Guests", "Account Operators", "Server Operators", "Print Operators", "Backup Operators",
    "Replicator", "Pre-Windows 2000 Compatible Access", "Remote Desktop Users", "Network Configuration Operators",
    "Incoming Forest Trust Builders", "Performance Monitor Users", "Performance Log Users",
    "Windows Authorization Access Group", "Terminal Server License Servers", "Distributed COM Users", "IIS_IUSRS",
    "Cryptographic Operators", "Event Log Readers", "Certificate Service DCOM Access", "RDS Remote Access Servers",
    "RDS Endpoint Servers", "RDS Management Servers", "Hyper-V Administrators", "Access Control Assistance Operators",
    "Remote Management Users", "Storage Replica Administrators", "OpenSSH Users", "User Mode Hardware Operators",
    // Groups of Exchange.
    "Microsoft Exchange Security Groups", "Exchange Servers", "Exchange Trusted Subsystem",
    "Exchange Windows Permissions", "Organization Management", "Recipient Management", "View-Only Organization Management",
    "Exchange Install Domain Servers", "Managed Availability Servers",
    // Well-known SIDs by name.
    "Everyone", "Authenticated Users", "Enterprise Domain Controllers", "Creator Owner", "Self", "Anonymous Logon",
    "NT AUTHORITY",
];

/// Objects below CN=Configuration that every forest has (MS-ADTS 6.1.1.2).
#[rustfmt::skip]
pub(super) const CONFIGURATION: &[&str] = &[
    "Configuration", "Schema", "Partitions", "Enterprise Configuration", "Enterprise Schema", "Services", "Windows NT",
    "Directory Service", "Optional Features", "Group Key Distribution Service", "Master Root Keys",
    "Group Key Distribution Service Server Configuration", "Public Key Services", "AIA", "CDP",
    "Certification Authorities", "Certificate Templates", "Enrollment Services", "KRA", "OID", "NTAuthCertificates", "Claims Configuration",
    "Claim Types", "Resource Properties", "RRAS", "NetServices", "MsmqServices", "Shadow Principal Configuration",
    "AuthN Policy Configuration", "AuthN Silos", "AuthN Policies", "Microsoft Exchange", "Extended-Rights", "DisplaySpecifiers",
    "ForestUpdates", "LostAndFoundConfig", "NTDS Quotas", "Physical Locations", "WellKnown Security Principals", "Sites", "Servers",
    "NTDS Settings", "NTDS Site Settings", "Licensing Site Settings", "Subnets", "Inter-Site Transports", "IP", "SMTP",
    "DEFAULTIPSITELINK", "Default-First-Site-Name", "Default Query Policy", "Query-Policies",
];

/// DNS labels of the directory's own zones (MS-ADTS 6.1.1.1.5); those that begin with `_` are named in the RFCs.
pub(super) const ZONES: &[&str] = &[
    "ForestDnsZones",
    "DomainDnsZones",
    "_msdcs",
    "_tcp",
    "_udp",
    "_ldap",
    "_kerberos",
    "_sites",
];

/// Shares and folders that group policies and logon scripts are in.
pub(super) const SHARES: &[&str] = &["SYSVOL", "NETLOGON", "Policies", "scripts", "domain", "."];

/// What stands before well-known accounts (MS-DTYP 2.4.2.4).
#[rustfmt::skip]
pub(super) const AUTHORITIES: &[&str] = &[
    "BUILTIN", "NT AUTHORITY", "NT SERVICE", "NT VIRTUAL MACHINE", "IIS APPPOOL", "Window Manager", "Font Driver Host",
];

/// Variables in paths of profiles and scripts.
#[rustfmt::skip]
pub(super) const VARIABLES: &[&str] = &[
    "%username%", "%userprofile%", "%systemroot%", "%windir%", "%systemdrive%", "%homedrive%", "%homepath%", "%homeshare%",
    "%logonserver%", "%userdomain%", "%userdnsdomain%", "%computername%", "%programfiles%", "%temp%", "%tmp%",
];

/// Service classes: those that HOST stands for (sPNMappings, MS-ADTS 7.1.1.2.4.1.2), those of Windows, and of products
/// that many run. A class of the customer's own making is a name.
#[rustfmt::skip]
pub(super) const SERVICES: &[&str] = &[
    "host", "alerter", "appmgmt", "cisvc", "clipsrv", "browser", "dhcp", "dnscache", "replicator", "eventlog", "eventsystem",
    "policyagent", "oakley", "dmserver", "dns", "mcsvc", "fax", "msiserver", "ias", "messenger", "netlogon", "netman", "netdde",
    "netddedsm", "nmagent", "plugplay", "protectedstorage", "rasman", "rpclocator", "rpc", "rpcss", "remoteaccess", "rsvp",
    "samss", "scardsvr", "scesrv", "seclogon", "scm", "dcom", "cifs", "spooler", "snmp", "schedule", "tapisrv", "trksvr", "trkwks",
    "ups", "time", "wins", "www", "http", "w3svc", "iisadmin", "msdtc",
    "RestrictedKrbHost", "TERMSRV", "TERMSERV", "WSMAN", "ldap", "GC", "kadmin", "krbtgt", "kpasswd", "E3514235-4B06-11D1-AB04-00C04FC2DCD2",
    "NtFrs-88f5d2bd-b646-11d2-a6d3-00c04fc9b232", "Dfsr-12F9A27C-BF97-4787-9364-D31B6C55EB04", "Hyper-V Replica Service",
    "Microsoft Virtual Console Service", "Microsoft Virtual System Migration Service", "MSServerCluster",
    "MSServerClusterMgmtAPI", "MSClusterVirtualServer", "AcronisAgent", "afpserver", "afs", "AFServer", "AgpmServer", "amqp",
    "aradminsvc", "backup", "BICMS", "BOBJCentralMS", "BOSSO", "CAARCserveRHAEngine", "cdp", "cesremote", "CmRcService",
    "ckp_pdp", "ComputerManagement", "CONTROL", "CUSESSIONKEYSVR", "cvs", "DynamicsNAV", "exchangeAB", "exchangeMDB",
    "exchangeRFR", "fcsvr", "FIMService", "flume", "ftp", "GateKeeper", "hbase", "hdfs", "hdb", "hive", "hue", "httpfs", "IMAP", "imap4", "impala",
    "ipp", "iSCSITarget", "jboss", "jdbc", "kafka", "kafka_mirror_maker", "kudu", "LiveState Recovery 2.0", "LUCENE", "mapred", "mongod", "mongos", "mount", "MSOLAPDisco.3",
    "MSOLAPSvc", "MSOLAPSvc.3", "MSOMHSvc", "MSOMSdkSvc", "MSSQL", "MSSQLSvc", "nfs", "Norskale", "oozie", "oracle", "pcast", "PCNSCLNT", "POP", "POP3",
    "postgres", "postgresql", "PVSSoap", "RPC_NETLOGON", "SAP", "SAPService", "SAS", "sftp", "sentry", "SeapineLicenseSvr", "secshd", "SIP", "SMTP", "SMTPSVC",
    "SoftGrid", "solr", "spark", "SQLAgent$DB", "sqoop", "STS", "svn", "tnetd", "tapinego", "VeeamBackupSvc", "vmrc", "vnc", "VPN", "VProRecovery Backup Exec System Recovery Agent", "vpxd",
    "vssrvc", "xgrid", "xmpp", "yarn", "zeppelin", "zookeeper",
];

/// Words of messages: of the collector itself, of domain controllers' extended errors, and names of LDAP result codes
/// (RFC 4511, appendix A). None of them tells whose directory it is.
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "a", "accepted", "access", "accept", "account", "acceptsecuritycontext", "active", "additional", "address", "administrative", "after", "again",
    "alias", "all", "allowed", "already", "an", "and", "answer", "answered", "any", "are", "as", "asked", "at", "attempt", "attempts",
    "attribute", "attributes", "auth", "authentication", "authorization", "back-off", "bad", "base", "be", "because", "been", "before", "began",
    "best", "bind", "binding", "bit", "broke", "broken", "busy", "but", "by", "bytes", "canceled", "cannot", "certificate", "channel",
    "choice", "client", "closed", "cn", "code", "comment", "compare", "complete", "completed", "confidentiality", "connect", "connection",
    "constraint", "control", "controls", "cookie", "could", "count", "critical", "cut", "data", "dc", "decode", "decoded", "decrypt", "default", "deleted",
    "denied", "dereferencing", "did", "different", "directory", "dn", "do", "does", "domain", "down", "due", "during", "early", "empty", "encrypt",
    "end", "ended", "enough", "entries", "entry", "err", "error", "errors", "exceeded", "exceed", "exist", "exists", "expired", "extended", "failed",
    "failure", "false", "feature", "filter", "finished", "first", "for", "forever", "format", "found", "from", "full", "gave", "goes", "got", "had", "has", "have",
    "if", "in", "inappropriate", "incomplete", "inside", "insufficient", "interrupted", "integrity", "internal", "into", "invalid", "invalidcredentials", "io",
    "is", "it", "its", "kept", "last", "ldap", "ldaperr", "leaf", "least", "length", "less", "level", "limit", "limits", "loop", "lost", "lower",
    "made", "malformed", "many", "match", "matching", "memory", "message", "met", "method", "missing", "mod", "modify", "more", "most", "must", "name", "nameerr", "naming",
    "network", "never", "new", "next", "no", "non", "none", "not", "nothing", "null", "number", "object", "objects", "of", "off", "ok", "on", "one", "only", "open", "operation",
    "operations", "option", "or", "order", "other", "out", "over", "page", "paged", "pages", "parameter", "parse", "part", "partial", "password", "peer", "perform", "permitted", "pipe",
    "point", "points", "possible", "prefix", "previous", "problem", "prohibited", "prohibits", "protocol", "queries", "query", "range", "ranges", "rdn", "reached", "read", "reading", "reason", "received", "ref", "referr", "referral",
    "referrals", "refused", "reply", "request", "requested", "required", "requires", "reset", "result", "results", "retry", "returned", "rights", "row", "same", "sasl", "schema", "scope", "seal",
    "search", "seccerr", "second", "seconds", "secerr", "section", "sent", "server", "servers", "service", "sign", "signing", "size", "some", "sort", "specified", "started", "state", "status", "stopped", "stream", "strong", "stronger", "success",
    "successful", "such", "support", "supported", "svcerr", "syntax", "system", "taken", "than", "that", "the", "them", "there", "they", "this", "time", "timed", "timeout", "times", "tls", "to", "too", "true", "try", "type", "unable", "unavailable",
    "under", "undefined", "unexpected", "unexpectedly", "unknown", "unsupported", "until", "unwilling", "up", "user", "value", "values", "vendor", "version", "violation", "wait", "waiting", "was", "were", "what", "when", "which", "while", "whole", "will", "win32", "with", "within",
    "without", "would", "write", "wrong", "yet",
];

#[cfg(test)]
mod tests {
    use super::*;
    use coldcase_schemas::pseudonym::fold;
    use std::collections::BTreeSet;

    #[test]
    fn no_list_says_anything_twice() {
        for list in [
            NAMES,
            CONFIGURATION,
            ZONES,
            SHARES,
            AUTHORITIES,
            VARIABLES,
            SERVICES,
            WORDS,
        ] {
            let mut seen = BTreeSet::new();
            for entry in list {
                assert!(seen.insert(fold(entry)), "{entry} twice");
            }
        }
    }
}
