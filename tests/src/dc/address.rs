//! Reserves a loopback address for one server, against other servers of this and other processes.
//!
//! Nothing is added to the interface `lo`: Linux answers on all of 127.0.0.0/8, and Samba binds to an address it does not
//! find on an interface if smb.conf gives it with a mask (`127.0.0.N/8`). Without the mask it binds to nothing.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Kerberos, LDAP, LDAPS.
const PORTS: [u16; 3] = [88, 389, 636];
const FIRST: u32 = 2;
const LAST: u32 = 254;

/// An address nobody else uses while this value lives.
pub(super) struct LoopbackAddress {
    ip: Ipv4Addr,
    /// Locked; the lock ends with the process at the latest.
    _lock: File,
}

impl LoopbackAddress {
    /// The first free address, counted from a place that depends on the process.
    pub(super) fn reserve() -> Result<LoopbackAddress> {
        let count = LAST - FIRST + 1;
        for step in 0..count {
            let last = FIRST + (std::process::id() + step) % count;
            let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 0)) + last);
            if let Some(lock) = lock(ip)?
                && ports_are_free(ip)?
            {
                return Ok(LoopbackAddress { ip, _lock: lock });
            }
        }
        bail!(
            "every address from 127.0.0.{FIRST} to 127.0.0.{LAST} is taken on port 88, 389 or 636: is a server listening on all addresses?"
        )
    }

    pub(super) fn ip(&self) -> Ipv4Addr {
        self.ip
    }
}

fn lock(ip: Ipv4Addr) -> Result<Option<File>> {
    let path = std::env::temp_dir().join(format!("coldcase-dc-{ip}.lock"));
    let file = File::create(&path)
        .with_context(|| format!("cannot create the lock file {}", path.display()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

fn ports_are_free(ip: Ipv4Addr) -> Result<bool> {
    for port in PORTS {
        #[expect(
            clippy::disallowed_methods,
            reason = "asks whether a loopback port is free"
        )]
        let bound = TcpListener::bind((ip, port));
        match bound {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!(
                    "the domain controller of the tests listens on ports below 1024 ({ip}:{port}): run the tests as root"
                )
            }
            Err(_) => return Ok(false),
        }
    }
    Ok(true)
}
