//! Why an edge of the control graph is there, and how it reads.
//!
//! Deliberately keeps what many edges share once: the rights that one descriptor gives are the same over all its objects.

use crate::frames::Analysis;
use crate::graph::{Holder, RightKind};

/// Why whoever is the first node can act as, or control, the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// A member, by `member`, primaryGroupID or SID of the past; or as every controller adds it.
    Member,
    /// Everybody who logs on.
    Everybody,
    /// A right by an ACE, by ownership or for want of a DACL.
    Right {
        right: RightKind,
        descriptor: i64,
        ace: Option<u32>,
        /// Hangs on a condition.
        unknown: bool,
        /// Some members are denied it, too many to tell them from the others.
        some_denied: bool,
    },
    /// Has all rights in a group but for members who are denied them.
    NotDenied,
    /// msDS-HostServiceAccount: the account is installed on the host.
    Installed,
    /// msDS-AllowedToDelegateTo names a service of the target.
    Delegates,
    /// TRUSTED_FOR_DELEGATION: keeps the tickets of whoever calls it, a domain controller too.
    Unconstrained,
    /// A dMSA that names the account as its predecessor.
    Succeeds,
    /// The DACL of what lies in it inherits from it.
    Contains,
    /// A group policy linked here applies to what lies below.
    Linked,
    /// Inherits the policies of the unit above.
    BelowPolicy,
    /// The policies that apply here apply to it.
    Applies,
    /// Passwords of managed accounts are derived from the key.
    Derives,
    /// Its permissions are copied to every protected group and account.
    Protects,
    /// May do on domain controllers what leads to the domain: log on, back up, load drivers.
    Operates,
    /// May create accounts in a container, which are then members of Domain Computers.
    Joins {
        right: RightKind,
        descriptor: i64,
        ace: Option<u32>,
        unknown: bool,
        some_denied: bool,
    },
    /// ms-DS-MachineAccountQuota: whoever logs on may create a computer, which is then a member of Domain Computers.
    Quota,
    /// An export says so, and does not hold what it concluded it from.
    Claimed {
        right: RightKind,
        /// The exporter's name of it.
        says: &'static str,
    },
    /// A right of several parts by the DACL, of which an account holds some and groups that it can be put into the others
    /// (reading a confidential attribute, replicating secrets).
    Together {
        right: RightKind,
        descriptor: i64,
        /// The groups to be put into.
        groups: (Holder, Option<Holder>),
        /// The account is another that it controls.
        other: bool,
        unknown: bool,
    },
    /// May create dMSAs, which can name anybody as their predecessor (a Server 2025 controller without the update of
    /// August 2025).
    Creates {
        right: RightKind,
        descriptor: i64,
        ace: Option<u32>,
        unknown: bool,
        some_denied: bool,
    },
}

impl Reason {
    /// Names the kind of edge, as the frames and JSON have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Everybody => "everybody",
            Self::Right { right, .. } => right.as_str(),
            Self::NotDenied => "member-not-denied",
            Self::Installed => "installed-on",
            Self::Delegates => "delegates",
            Self::Unconstrained => "unconstrained",
            Self::Succeeds => "succeeds",
            Self::Contains => "contains",
            Self::Linked => "policy-linked",
            Self::BelowPolicy => "policy-inherited",
            Self::Applies => "policy-applies",
            Self::Derives => "derives-passwords",
            Self::Protects => "adminsdholder",
            Self::Operates => "operates",
            Self::Joins { .. } => "creates-member",
            Self::Quota => "machine-account-quota",
            Self::Creates { .. } => "badsuccessor",
            Self::Claimed { right, .. } | Self::Together { right, .. } => right.as_str(),
        }
    }

    /// The words between the names of the two nodes.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Member | Self::Everybody => "is in",
            Self::NotDenied => "is in, and not among the denied of,",
            Self::Right { right, .. } => right.between(),
            Self::Installed => "is the host of",
            Self::Delegates => "may impersonate anybody to a service of",
            Self::Unconstrained => {
                "keeps the tickets of callers (a controller can be made to call), and so reaches"
            }
            Self::Succeeds => "is the successor of, and so acts as,",
            Self::Contains => "passes its permissions down to",
            Self::Linked => "is linked to",
            Self::BelowPolicy => "passes its policies down to",
            Self::Applies => "has policies that apply to",
            Self::Derives => "is what the password is derived from of",
            Self::Protects => "is the template for the permissions of",
            Self::Operates => "works on the controllers of",
            Self::Joins { .. } | Self::Quota => "may create a computer of its own, and so be in",
            Self::Creates { .. } => "may create a dMSA that succeeds anybody in",
            Self::Claimed { right, .. } | Self::Together { right, .. } => right.between(),
        }
    }

    /// What proves it: the ACE, or where it is written.
    pub(crate) fn evidence(self, analysis: &Analysis) -> String {
        match self {
            Self::Right {
                right: RightKind::Move | RightKind::Recreate,
                ..
            } => "deleting here and creating there come together".to_owned(),
            Self::Right {
                right,
                descriptor,
                ace,
                unknown,
                some_denied,
            }
            | Self::Joins {
                right,
                descriptor,
                ace,
                unknown,
                some_denied,
            }
            | Self::Creates {
                right,
                descriptor,
                ace,
                unknown,
                some_denied,
            } => {
                let text = match ace {
                    Some(ace) => usize::try_from(ace)
                        .ok()
                        .and_then(|ace| analysis.evidence(right, descriptor, ace)),
                    None => analysis.without_ace(descriptor, right),
                };
                let doubt = if unknown {
                    "; hangs on a condition"
                } else {
                    ""
                };
                let denied = if some_denied {
                    "; some members are denied it, who are too many to be told from the others"
                } else {
                    ""
                };
                format!("{}{doubt}{denied}", text.unwrap_or_default())
            }
            Self::Together {
                groups,
                other,
                unknown,
                ..
            } => {
                let name = |group: Holder| {
                    let sid = analysis.sid_of(group);
                    sid.map_or_else(String::new, |sid| analysis.name_of(sid))
                };
                let and = groups.1.map(|group| format!(" and {}", name(group)));
                let and = and.unwrap_or_default();
                let who = if other {
                    "an account that it controls"
                } else {
                    "it"
                };
                let doubt = if unknown {
                    "; hangs on a condition"
                } else {
                    ""
                };
                format!(
                    "the right takes several entries of the DACL; {who} has all of them once it is put into {}{and}{doubt}",
                    name(groups.0)
                )
            }
            Self::Claimed { says, .. } => {
                format!("{says}, an export says; the entry is not in it, nor any that denies it")
            }
            Self::Member => "member, primaryGroupID or sIDHistory".to_owned(),
            Self::Everybody => "in the token of whoever logs on".to_owned(),
            Self::Installed => "msDS-HostServiceAccount".to_owned(),
            Self::Delegates => "msDS-AllowedToDelegateTo".to_owned(),
            Self::Quota => "ms-DS-MachineAccountQuota".to_owned(),
            Self::Unconstrained => "userAccountControl, TRUSTED_FOR_DELEGATION".to_owned(),
            Self::Succeeds => "msDS-ManagedAccountPrecededByLink".to_owned(),
            Self::Linked => "gPLink".to_owned(),
            Self::Contains => "inheritance is not blocked there".to_owned(),
            Self::Derives => "msDS-ManagedPasswordId".to_owned(),
            Self::Protects => "SDProp copies it every hour".to_owned(),
            Self::Operates => "default privileges on domain controllers".to_owned(),
            Self::NotDenied | Self::BelowPolicy | Self::Applies => String::new(),
        }
    }

    /// The same right of a group of whom some are denied it.
    pub(crate) fn of_some(mut self) -> Self {
        if let Self::Right { some_denied, .. }
        | Self::Joins { some_denied, .. }
        | Self::Creates { some_denied, .. } = &mut self
        {
            *some_denied = true;
        }
        self
    }

    /// What one is in already, at the moment of logging on.
    pub(crate) fn is_membership(self) -> bool {
        matches!(self, Self::Member | Self::Everybody | Self::NotDenied)
    }

    /// Of a step to a group: whoever takes it can put himself in, and nobody else.
    pub(crate) fn adds_itself(self) -> bool {
        let by = match self {
            Self::Right { right, .. } | Self::Claimed { right, .. } => right,
            _ => return false,
        };
        by == RightKind::AddSelf
    }

    /// Of a step to a group: whoever takes it can put anybody in.
    pub(crate) fn adds_anybody(self) -> bool {
        let gives = matches!(
            self,
            Self::Right { .. } | Self::Claimed { .. } | Self::Contains | Self::Protects
        );
        gives && !self.adds_itself()
    }

    /// True if the step is one to be carried out, not one that is there already, such as a membership.
    pub(crate) fn is_an_act(self) -> bool {
        !matches!(
            self,
            Self::Member
                | Self::Everybody
                | Self::NotDenied
                | Self::BelowPolicy
                | Self::Applies
                | Self::Linked
        )
    }
}
