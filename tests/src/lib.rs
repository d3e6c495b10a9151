//! Harnesses for the acceptance tests: a domain controller, a scripted LDAP server, the two programs.
//! Deliberately holds no test itself.

pub mod dc;
pub mod ldap_script;
pub mod programs;
