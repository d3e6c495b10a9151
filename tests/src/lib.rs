//! Harnesses for the acceptance tests: domain controllers, a scripted LDAP server, a scripted DNS server, a proxy that
//! disturbs, a browser, a terminal, seeded numbers, the two programs. Deliberately holds no test itself.

pub mod browser;
pub mod dc;
pub mod dns;
pub mod ldap_script;
pub mod programs;
pub mod proxy;
pub mod seed;
pub mod terminal;
