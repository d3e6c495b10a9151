//! Edges by membership, by attributes that name another object, and by where an object lies.
//!
//! Deliberately looks at no ACE: [`super::rights`] does.

use std::collections::HashMap;

use coldcase_winsec::ManagedPasswordId;

use super::super::reason::Reason;
use super::Builder;
use crate::graph::{is_domain_controller, operates_controllers};
use crate::load::Kind;

impl Builder<'_> {
    pub(super) fn add_memberships(&mut self) {
        let tokens = &self.analysis.effective.tokens;
        let everybody = tokens.everybody().to_vec();
        // Authenticated Users stands for all who log on: one edge each is enough.
        let authenticated = tokens.authenticated();
        for holder in 0..u32::try_from(tokens.len()).unwrap_or(u32::MAX) {
            for group in tokens.groups(holder) {
                self.edge(holder, *group, Reason::Member);
            }
            let logs_on = match tokens.place(holder) {
                Some(place) => self
                    .analysis
                    .object(place)
                    .is_some_and(|object| object.kind.is_principal()),
                None => false,
            };
            if logs_on && let Some(authenticated) = authenticated {
                self.edge(holder, authenticated, Reason::Everybody);
            }
        }
        let quota = self.analysis.directory.domain.machine_account_quota;
        if let (Some(1..), Some(authenticated), Some(computers)) =
            (quota, authenticated, self.domain_computers())
        {
            self.edge(authenticated, computers, Reason::Quota);
        }
        for other in everybody {
            if let Some(authenticated) = authenticated {
                self.edge(authenticated, other, Reason::Everybody);
            }
        }
    }

    pub(super) fn add_attributes(&mut self) {
        let directory = &self.analysis.directory;
        let node = |id: i64| {
            directory
                .place(id)
                .and_then(|place| u32::try_from(place).ok())
        };
        for (host, account) in directory.links("msDS-HostServiceAccount") {
            if let (Some(host), Some(account)) = (node(*host), node(*account)) {
                self.edge(host, account, Reason::Installed);
            }
        }
        for (dmsa, predecessor) in directory.links("msDS-ManagedAccountPrecededByLink") {
            if let (Some(dmsa), Some(predecessor)) = (node(*dmsa), node(*predecessor)) {
                self.edge(dmsa, predecessor, Reason::Succeeds);
            }
        }
        let keys: HashMap<String, u32> = directory
            .kds_keys
            .iter()
            .filter_map(|key| Some((key.key_id.to_lowercase(), node(key.object_id)?)))
            .collect();
        let owners = self.analysis.owners();
        let head = self.head();
        for (place, object) in directory.objects.iter().enumerate() {
            let Ok(this) = u32::try_from(place) else {
                break;
            };
            let id = object
                .password_id
                .as_deref()
                .and_then(|bytes| ManagedPasswordId::decode(bytes).ok());
            if let Some(key) = id.and_then(|id| {
                keys.get(&id.root_key_id.to_string().to_lowercase())
                    .copied()
            }) {
                self.edge(key, this, Reason::Derives);
            }
            for spn in &object.delegates_to {
                if let Some(target) = owners.of(spn).and_then(|target| u32::try_from(target).ok()) {
                    self.edge(this, target, Reason::Delegates);
                }
            }
            let Some(head) = head else { continue };
            if object.kind.is_principal()
                && object.is_trusted_for_delegation() == Some(true)
                && object.enabled() != Some(false)
                && !is_domain_controller(object)
            {
                self.edge(this, head, Reason::Unconstrained);
            }
            if operates_controllers(directory, object) {
                self.edge(this, head, Reason::Operates);
            }
        }
    }

    /// What lies in a container inherits its permissions, unless its DACL is protected. AdminSDHolder's are copied.
    pub(super) fn add_containers(&mut self) {
        let directory = &self.analysis.directory;
        let holder = self
            .analysis
            .admin_sd_holder()
            .and_then(|place| u32::try_from(place).ok());
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(this) = self.controlled(place) else {
                break;
            };
            let protected = object
                .descriptor
                .and_then(|id| directory.descriptors.get(id))
                .is_some_and(|descriptor| {
                    descriptor
                        .control
                        .contains(coldcase_winsec::Control::SE_DACL_PROTECTED)
                });
            let parent = directory.parent(object).filter(|_| !protected);
            if let Some(parent) = parent.and_then(|parent| u32::try_from(parent).ok()) {
                self.edge(parent, this, Reason::Contains);
            }
            let copied = object.admin_count == Some(1)
                || (object.kind == Kind::Group && self.analysis.principals.is_tier0(place));
            if let Some(holder) = holder.filter(|_| copied) {
                self.edge(holder, this, Reason::Protects);
            }
        }
    }
}
