//! The domain as it grows, object by object and entry by entry, and what must be found in it.
//!
//! Deliberately knows only two rules: the one that finds every user with a service principal name, and the one that finds
//! every managed account whose permissions are not those of its class. What objects look like is in [`super::faultless`].

use std::cell::Cell;
use std::collections::BTreeMap;

use coldcase_schemas::report::Severity::{Critical, Info, Medium};

use super::super::cross_reference;
use super::super::planted::{Addition, Kind, Planted, PlantedObject};
use super::super::population::{DISABLED, Setting};
use super::faultless::password_settings;
use super::{ASSUMPTIONS, Expect, Expected, Fact, State};

/// The unit of the domain controllers.
pub(super) const CONTROLLERS: &str = "OU=Domain Controllers";
const FIRST_RID: u32 = 3_100;
/// In no object, and never handed out again.
const DEAD_RID: u32 = FIRST_RID - 1;

/// The states of the domain, by their place in [`Expected::states`].
pub(super) const PLANTED: usize = 0;
/// Every account names one root key, and the forest has a second domain.
pub(super) const ONE_KEY: usize = 1;
/// What creating a computer or owning one gives is enforced (dSHeuristics).
pub(super) const ENFORCED: usize = 2;
/// The same is switched off, and every controller has the update that somebody else's write on the victim takes.
pub(super) const UPDATED: usize = 3;
/// Somebody is in Account Operators. Since Samba runs no SDProp, they control every privileged group then, which they do
/// in no domain of Windows; so only their own rule is asked.
pub(super) const OPERATORS: usize = 4;

/// An object that was planted, for others to name.
#[derive(Debug, Clone)]
pub(super) struct Grown {
    pub(super) name: String,
    pub(super) dn: String,
    pub(super) sid: String,
}

/// The domain as it grows.
pub(super) struct Bed<'a> {
    setting: &'a Setting<'a>,
    next: Cell<u32>,
    objects: Vec<PlantedObject>,
    additions: Vec<Addition>,
    schema: String,
    permissions: String,
    past: String,
    states: [State; 5],
    /// Rights of the default domain policy, with whom it gives them to.
    logon_rights: String,
    /// Names of services whose password policy is the domain's.
    ungoverned: Vec<&'static str>,
}

impl<'a> Bed<'a> {
    /// The units and the ordinary user that every population has.
    pub(super) fn new(setting: &'a Setting<'a>) -> Bed<'a> {
        let mut objects: Vec<PlantedObject> = ["Services", "Servers", "Groups", "People"]
            .into_iter()
            .map(|name| setting.unit(name))
            .collect();
        objects.push(setting.lowpriv());
        Bed {
            setting,
            next: Cell::new(FIRST_RID),
            objects,
            additions: vec![setting.service_name()],
            schema: "# schema\n\n".to_owned(),
            permissions: String::new(),
            past: String::new(),
            states: [
                state("as planted", &[]),
                state("one key", &[]),
                state(
                    "enforced",
                    &[
                        "dmsa-directory-switches",
                        "dmsa-create-child",
                        "dmsa-container-takeover",
                    ],
                ),
                State {
                    assumptions: "[controllers]\nupdated = \"yes\"\n",
                    ..state(
                        "switched off, updated",
                        &[
                            "dmsa-directory-switches",
                            "dmsa-controller-update",
                            "dmsa-create-child",
                            "dmsa-container-takeover",
                            "dmsa-predecessor-writable",
                        ],
                    )
                },
                state("operators", &["account-operators-filled"]),
            ],
            logon_rights: String::new(),
            ungoverned: Vec::new(),
        }
    }

    /// `DC=corp,DC=example`.
    pub(super) fn base_dn(&self) -> &'a str {
        self.setting.domain.base_dn()
    }

    /// `corp.example`.
    pub(super) fn dns(&self) -> &'a str {
        self.setting.domain.dns()
    }

    /// A SID of this domain.
    pub(super) fn sid(&self, rid: u32) -> String {
        self.setting.domain.principal(rid)
    }

    /// A SID of this domain that belongs to nothing.
    pub(super) fn dead_sid(&self) -> String {
        self.sid(DEAD_RID)
    }

    /// The DN of the domain controller.
    pub(super) fn controller(&self) -> String {
        let host = self.setting.domain.host().to_ascii_uppercase();
        format!("CN={host},{CONTROLLERS},{}", self.base_dn())
    }

    /// Its DNS name.
    pub(super) fn controller_host(&self) -> String {
        self.setting.domain.host_name()
    }

    /// A moment so many days before planting.
    pub(super) fn days_ago(&self, days: i64) -> i64 {
        self.setting.now.days_ago(days)
    }

    /// Adds the object, in which these facts must be found. A user with a service principal name is found by
    /// `spn-kerberoastable` in any case, unless it is disabled.
    pub(super) fn plant(&mut self, object: PlantedObject, facts: &[Fact]) -> Grown {
        for fact in facts {
            self.expect(*fact, &object.name);
        }
        let enabled = object
            .text("userAccountControl")
            .and_then(|flags| flags.parse::<i64>().ok())
            .is_some_and(|flags| flags & DISABLED == 0);
        if object.kind == Kind::User && enabled && !object.values("servicePrincipalName").is_empty()
        {
            self.expect(("spn-kerberoastable", Medium), &object.name);
        }
        let grown = Grown {
            name: object.name.clone(),
            dn: object.dn.clone(),
            sid: object.sid.clone().unwrap_or_default(),
        };
        self.objects.push(object);
        grown
    }

    /// The fact must be found in `subject`, whenever all rules are asked.
    pub(super) fn expect(&mut self, fact: Fact, subject: &str) {
        self.expect_times(1, fact, subject);
    }

    /// The same, so many times.
    pub(super) fn expect_times(&mut self, times: usize, fact: Fact, subject: &str) {
        self.expect_in(PLANTED, times, fact, subject);
        self.expect_in(ONE_KEY, times, fact, subject);
    }

    /// The forest has a domain beside this one, from the state in which every account names one root key.
    pub(super) fn second_domain(&mut self) {
        let head = format!("DC=child,{}", self.base_dn());
        let name = format!("child.{}", self.dns());
        let ldif = cross_reference::ldif(self.setting.domain, &name, "CHILD", &head);
        self.change(ONE_KEY, &format!("{ldif}\n"));
    }

    /// Only in one state of the domain.
    pub(super) fn expect_in(
        &mut self,
        state: usize,
        times: usize,
        (rule, severity): Fact,
        subject: &str,
    ) {
        if let Some(state) = self.states.get_mut(state) {
            let expect = Expect {
                rule,
                subject: subject.to_owned(),
                severity,
            };
            state.findings.insert(expect, times);
        }
    }

    /// Adds to what leads to a state.
    pub(super) fn change(&mut self, state: usize, ldif: &str) {
        if let Some(state) = self.states.get_mut(state) {
            state.change.push_str(ldif);
        }
    }

    /// The object is gone in a state, and what was found in it from there on.
    pub(super) fn delete(&mut self, state: usize, grown: &Grown) {
        self.change(state, &format!("dn: {}\nchangetype: delete\n\n", grown.dn));
        for state in self.states.iter_mut().skip(state) {
            state
                .findings
                .retain(|expect, _| expect.subject != grown.name);
        }
    }

    /// A security principal with the next SID.
    pub(super) fn account(
        &self,
        kind: Kind,
        name: &str,
        common_name: &str,
        parent: &str,
    ) -> PlantedObject {
        let rid = self.next.replace(self.next.get() + 1);
        self.setting.account(kind, name, common_name, parent, rid)
    }

    /// A person who is planted to hold a right.
    pub(super) fn trustee(&mut self, name: &str) -> Grown {
        let person = self.person(name);
        self.plant(person, &[])
    }

    /// An organizational unit directly below the head of the domain.
    pub(super) fn unit(&mut self, name: &str) -> Grown {
        let unit = self.setting.unit(name);
        self.plant(unit, &[])
    }

    /// Puts the object into a group that every domain has, below CN=Users or CN=Builtin.
    pub(super) fn join(&mut self, group: &str, member: &Grown) {
        self.additions.push(Addition {
            dn: format!("{group},{}", self.base_dn()),
            attribute: "member",
            value: member.dn.clone(),
        });
    }

    /// Makes it a domain administrator. That Domain Admins is in Administrators is no second finding of a service account.
    pub(super) fn appoint(&mut self, member: &Grown) {
        self.join("CN=Domain Admins,CN=Users", member);
        let service = self.objects.iter().any(|object| {
            object.dn == member.dn
                && (is_managed(object)
                    || object.kind == Kind::User
                        && !object.values("servicePrincipalName").is_empty())
        });
        if service {
            self.expect(("privileged-membership", Critical), &member.name);
        }
    }

    /// Makes it a domain administrator as one should be: nobody may impersonate it.
    pub(super) fn promote(&mut self, member: &Grown) {
        self.appoint(member);
        self.join("CN=Protected Users,CN=Users", member);
    }

    /// Adds an entry to the permissions of an object that exists, explicit ones before inherited, denies first. On a
    /// managed account it is found as a difference to the permissions of its class.
    pub(super) fn grant(&mut self, dn: &str, ace: &str) {
        self.differ(dn);
        self.describe(dn, "add", ace);
    }

    /// Adds an entry that is no such difference.
    pub(super) fn grant_unnoticed(&mut self, dn: &str, ace: &str) {
        self.describe(dn, "add", ace);
    }

    /// Takes an entry away, which must be there.
    pub(super) fn revoke(&mut self, dn: &str, ace: &str) {
        self.differ(dn);
        self.describe(dn, "remove", ace);
    }

    /// Makes it the property of somebody else.
    pub(super) fn give(&mut self, dn: &str, owner: &str) {
        self.describe(dn, "owner", owner);
    }

    fn differ(&mut self, dn: &str) {
        let managed = self
            .objects
            .iter()
            .find(|object| object.dn == dn && is_managed(object));
        if let Some(name) = managed.map(|object| object.name.clone()) {
            self.expect(("gmsa-changed-permissions", Info), &name);
        }
    }

    fn describe(&mut self, dn: &str, change: &str, value: &str) {
        self.permissions
            .push_str(&format!("{dn}\t{change}\t{value}\n"));
    }

    /// Writes a value past Samba, which would refuse it or put its own there.
    pub(super) fn write_past(&mut self, dn: &str, attribute: &str, value: &str) {
        self.past.push_str(&format!("{dn}\t{attribute}\t{value}\n"));
    }

    /// The object was made so many days ago.
    pub(super) fn age(&mut self, dn: &str, days: i64) {
        let made = self.setting.now.generalized_days_ago(days);
        self.write_past(dn, "whenCreated", &made);
    }

    /// A class of the forest's own, whose objects may lie below computers.
    pub(super) fn class(&mut self, name: &str, number: u32, parent: &str) {
        let dn = format!("CN={name},CN=Schema,CN=Configuration,{}", self.base_dn());
        // Below the arc that Microsoft leaves to those who have none of their own.
        self.schema.push_str(&format!(
            "dn: {dn}\nobjectClass: classSchema\ncn: {name}\nlDAPDisplayName: {name}\n\
             governsID: 1.2.840.113556.1.8000.2554.40711.1.{number}\nsubClassOf: {parent}\n\
             objectClassCategory: 1\nrDNAttID: cn\nschemaIDGUID: c01dca5e-0000-4000-8000-{number:012}\n\
             possSuperiors: computer\nsystemOnly: FALSE\nshowInAdvancedViewOnly: TRUE\n\
             defaultHidingValue: FALSE\ndefaultObjectCategory: {dn}\n\
             defaultSecurityDescriptor: D:(A;;RPLCLORC;;;AU)\n\n"
        ));
    }

    /// The default domain policy gives this logon right to these SIDs, or takes it from them.
    pub(super) fn logon_right(&mut self, right: &str, sids: &[&str]) {
        let sids: Vec<String> = sids.iter().map(|sid| format!("*{sid}")).collect();
        self.logon_rights
            .push_str(&format!("{right} = {}\r\n", sids.join(",")));
    }

    /// The policy of the domain, which asks for a short password, applies to this service.
    pub(super) fn ungovern(&mut self, name: &'static str) {
        self.ungoverned.push(name);
    }

    /// Everything that was planted.
    pub(super) fn harvest(mut self) -> Planted {
        self.govern();
        let settings = format!(
            "[Unicode]\r\nUnicode=yes\r\n[Privilege Rights]\r\n{}",
            self.logon_rights
        );
        Planted {
            objects: self.objects,
            additions: self.additions,
            schema: self.schema,
            permissions: self.permissions,
            past: self.past,
            expected: Expected {
                states: self.states.into(),
                settings,
            },
            ..Planted::default()
        }
    }

    /// A policy for long passwords, and a group that it applies to.
    fn govern(&mut self) {
        let services: Vec<String> = self
            .objects
            .iter()
            .filter(|object| {
                object.kind == Kind::User
                    && !object.values("servicePrincipalName").is_empty()
                    && !self.ungoverned.contains(&object.name.as_str())
            })
            .map(|object| object.dn.clone())
            .collect();
        let group = self.group("GG-Services", &[]).with_all("member", services);
        let group = self.plant(group, &[]);
        let policy = password_settings("PSO-Services", self.base_dn())
            .with("msDS-PSOAppliesTo", group.dn.as_str());
        self.plant(policy, &[]);
    }
}

fn state(name: &'static str, rules: &'static [&'static str]) -> State {
    State {
        name,
        change: String::new(),
        assumptions: ASSUMPTIONS,
        rules,
        findings: BTreeMap::new(),
    }
}

fn is_managed(object: &PlantedObject) -> bool {
    matches!(object.kind, Kind::Gmsa | Kind::Smsa | Kind::Dmsa)
}
