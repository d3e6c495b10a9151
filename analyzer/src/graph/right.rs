//! The rights that hand over an object, by kind of object: what each is called and which bits over which nodes it takes.
//!
//! Owns the vocabulary of the frames. Deliberately does not decide who holds them: [`super::effective`] does.

use coldcase_winsec::access::Node;
use coldcase_winsec::{AccessMask, Guid};

use crate::load::{Kind, Schema, well_known_guid};

macro_rules! rights {
    ($($variant:ident => $name:literal, $about:literal, $between:literal;)*) => {
        /// A right by the name that frames use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum RightKind { $(#[doc = $about] $variant,)* }

        impl RightKind {
            /// As frames spell it.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its holder may do, for people: "may reset its password".
            pub(crate) fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// The words between holder and object: "may reset the password of".
            pub(crate) fn between(self) -> &'static str {
                match self { $(Self::$variant => $between,)* }
            }
        }
    };
}

rights! {
    Owner => "owner", "owns it, and so may change its permissions", "owns";
    FullControl => "full-control", "has full control", "has full control of";
    WriteAll => "write-all", "may write every attribute", "may write every attribute of";
    WriteDacl => "write-dacl", "may change its permissions", "may change the permissions of";
    WriteOwner => "write-owner", "may take ownership", "may take ownership of";
    Delete => "delete", "may delete it", "may delete";
    ResetPassword => "reset-password", "may reset its password", "may reset the password of";
    WriteSpn => "write-spn", "may give it service principal names", "may give a service principal name to, and crack the ticket of,";
    WriteKeyCredential => "write-key-credential", "may add a key that logs on as it", "may add a key that logs on as";
    WriteAltIdentities => "write-alt-identities", "may add a certificate that logs on as it", "may name a certificate that logs on as";
    WriteAllowedToAct => "write-allowed-to-act", "may name who impersonates users to it", "may name who impersonates users to";
    WriteDelegateTo => "write-delegate-to", "may name services it impersonates users to (with a privilege)", "may name services of, given a privilege,";
    WriteAccountControl => "write-account-control", "may change its userAccountControl", "may switch off pre-authentication, and crack the reply, of";
    WriteLogonScript => "write-logon-script", "may name the script that runs when it logs on", "may name the logon script of";
    WriteReaders => "write-readers", "may name who reads its managed password", "may name who reads the password of";
    WritePredecessor => "write-predecessor", "may name the account it succeeds", "may name the account that is succeeded by";
    WriteSuccessor => "write-successor", "may name the dMSA that succeeds it", "may name the dMSA that succeeds";
    WriteMember => "write-member", "may change its members", "may change the members of";
    AddSelf => "add-self", "may add itself as a member", "may add itself to";
    CreateAny => "create-any", "may create objects of every class in it", "may create any object in";
    CreateDmsa => "create-dmsa", "may create delegated managed service accounts in it", "may create dMSAs in";
    CreateAccount => "create-account", "may create users, computers, gMSAs or sMSAs in it", "may create accounts in";
    CreateRootKey => "create-root-key", "may create KDS root keys in it", "may create root keys in";
    SetOwner => "set-owner", "may name the owner of every object of the domain", "may name the owner of every object of";
    DeleteChild => "delete-child", "may delete accounts in it", "may delete accounts in";
    WritePolicyPath => "write-policy-path", "may name the folder that its settings come from", "may name the folder of the settings of";
    WriteRootKey => "write-root-key", "may replace the key that passwords are derived from", "may replace the key material of";
    WriteGpLink => "write-gplink", "may link group policies to it", "may link policies to";
    ReplicateAll => "replicate-all", "may replicate every password of the domain", "may replicate every password of";
    ReadSecret => "read-secret", "may read the key that passwords are derived from", "may read the key material of";
    Recreate => "recreate", "may delete it and create another in its place", "may delete and create anew";
    Move => "move", "may move it to where other permissions are inherited", "may move under permissions of its own choice";
    ReadPassword => "read-password", "may read its managed password", "may read the password of";
    ActFor => "act-for", "may impersonate users to it", "may impersonate users to";
    WriteHostLink => "write-host-link", "may name the standalone managed accounts that it runs", "may name the standalone managed accounts of";
    WriteEncryptionTypes => "write-encryption-types", "may choose the ciphers of its tickets", "may choose the ciphers of tickets for";
    WriteDmsaState => "write-dmsa-state", "may say how far its migration is", "may say how far the migration is of";
}

impl RightKind {
    /// A right that holds anyway once `stronger` does, and is then not told again.
    pub(crate) fn follows_from(self, stronger: Self) -> bool {
        match stronger {
            Self::FullControl => !matches!(
                self,
                Self::FullControl
                    | Self::Owner
                    | Self::CreateAny
                    | Self::ReplicateAll
                    | Self::ReadSecret
            ),
            Self::WriteAll => matches!(
                self,
                Self::WriteSpn
                    | Self::WriteKeyCredential
                    | Self::WriteAltIdentities
                    | Self::WriteAllowedToAct
                    | Self::WriteDelegateTo
                    | Self::WriteAccountControl
                    | Self::WriteLogonScript
                    | Self::WriteReaders
                    | Self::WritePredecessor
                    | Self::WriteSuccessor
                    | Self::WriteMember
                    | Self::AddSelf
                    | Self::WriteGpLink
                    | Self::WritePolicyPath
                    | Self::WriteRootKey
                    | Self::WriteHostLink
                    | Self::WriteEncryptionTypes
                    | Self::WriteDmsaState
            ),
            Self::WriteMember => self == Self::AddSelf,
            Self::CreateAny => matches!(
                self,
                Self::CreateDmsa | Self::CreateAccount | Self::CreateRootKey
            ),
            _ => false,
        }
    }
}

/// The bits of a mask, one by one.
pub(crate) fn bits(mask: AccessMask) -> impl Iterator<Item = AccessMask> {
    (0..u32::BITS)
        .map(move |bit| AccessMask(mask.0 & (1 << bit)))
        .filter(|bit| !bit.is_empty())
}

/// One bit over one node of the object type tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bit: AccessMask,
    pub(crate) node: Node,
}

impl Part {
    /// The bit over the whole object.
    pub(crate) fn whole(bit: AccessMask) -> Self {
        Self {
            bit,
            node: Node::Object,
        }
    }
}

/// What must be granted for a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Every bit of the mask over the whole object, the root of its tree, through one trustee: several trustees that have
    /// it together are told by the weaker rights of each.
    Whole(AccessMask, Node),
    /// One of these.
    Any(Vec<Part>),
    /// All of these, also through several trustees.
    All(Vec<Part>),
}

/// A right with what it takes.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    pub(crate) kind: RightKind,
    pub(crate) form: Form,
}

/// An attribute as the object type tree has it.
#[derive(Debug, Clone, Copy)]
struct Attribute {
    guid: Option<Guid>,
    set: Option<Guid>,
}

/// The GUIDs of this forest, resolved once.
#[derive(Debug)]
pub(crate) struct Rights {
    write: Vec<(RightKind, Vec<Attribute>)>,
    member: Option<Guid>,
    root_key: Attribute,
    reset: Option<Guid>,
    get_changes: Option<Guid>,
    get_changes_all: Option<Guid>,
    set_owner: Option<Guid>,
    root_key_class: Option<Guid>,
    dmsa: Option<Guid>,
    accounts: Vec<Guid>,
}

/// Attributes whose writing hands over an account, group or container.
const WRITES: &[(RightKind, &[&str])] = &[
    (RightKind::WriteSpn, &["servicePrincipalName"]),
    (RightKind::WriteKeyCredential, &["msDS-KeyCredentialLink"]),
    (RightKind::WriteAltIdentities, &["altSecurityIdentities"]),
    (
        RightKind::WriteAllowedToAct,
        &["msDS-AllowedToActOnBehalfOfOtherIdentity"],
    ),
    (RightKind::WriteDelegateTo, &["msDS-AllowedToDelegateTo"]),
    (RightKind::WriteAccountControl, &["userAccountControl"]),
    (RightKind::WriteLogonScript, &["scriptPath", "profilePath"]),
    (RightKind::WriteReaders, &["msDS-GroupMSAMembership"]),
    (
        RightKind::WritePredecessor,
        &["msDS-ManagedAccountPrecededByLink"],
    ),
    (
        RightKind::WriteSuccessor,
        &["msDS-SupersededManagedAccountLink"],
    ),
    (RightKind::WriteMember, &["member"]),
    (RightKind::WriteGpLink, &["gPLink"]),
    (RightKind::WritePolicyPath, &["gPCFileSysPath"]),
    (RightKind::WriteRootKey, &["msKds-RootKeyData"]),
    (RightKind::WriteHostLink, &["msDS-HostServiceAccount"]),
    (
        RightKind::WriteEncryptionTypes,
        &["msDS-SupportedEncryptionTypes"],
    ),
    // No published constant: the forest's own schema tells its GUID, or nobody is found.
    (RightKind::WriteDmsaState, &["msDS-DelegatedMSAState"]),
];

/// Classes of accounts that a service can run as.
const ACCOUNT_CLASSES: &[&str] = &[
    "user",
    "computer",
    "msDS-ManagedServiceAccount",
    "msDS-GroupManagedServiceAccount",
    "msDS-DelegatedManagedServiceAccount",
];

impl Rights {
    pub(crate) fn new(schema: &Schema) -> Self {
        let attribute = |name: &str| Attribute {
            guid: schema.guid(name),
            set: schema.property_set(name),
        };
        Self {
            write: WRITES
                .iter()
                .map(|(kind, names)| (*kind, names.iter().map(|name| attribute(name)).collect()))
                .collect(),
            member: schema.guid("member"),
            root_key: attribute("msKds-RootKeyData"),
            reset: well_known_guid("User-Force-Change-Password"),
            get_changes: well_known_guid("DS-Replication-Get-Changes"),
            get_changes_all: well_known_guid("DS-Replication-Get-Changes-All"),
            set_owner: well_known_guid("DS-Set-Owner"),
            root_key_class: schema.guid("msKds-ProvRootKey"),
            dmsa: schema.guid("msDS-DelegatedManagedServiceAccount"),
            accounts: ACCOUNT_CLASSES
                .iter()
                .filter_map(|name| schema.guid(name))
                .collect(),
        }
    }

    /// The rights to look for on an object of `kind`, strongest first. `root` is the GUID of its class.
    pub(crate) fn of(&self, kind: Kind, root: Option<Guid>) -> Vec<Right> {
        let object = whole_object(root);
        let bit = |kind, bit| one(kind, bit, object);
        let mut rights = vec![
            Right {
                kind: RightKind::FullControl,
                form: Form::Whole(AccessMask::DS_FULL_CONTROL, object),
            },
            // An attribute that is denied by name is not written: then the others are told one by one.
            one(
                RightKind::WriteAll,
                AccessMask::WRITE_PROPERTY,
                Node::EveryAttribute { class: root },
            ),
            bit(RightKind::WriteDacl, AccessMask::WRITE_DACL),
            bit(RightKind::WriteOwner, AccessMask::WRITE_OWNER),
        ];
        let mut writes = |kinds: &[RightKind]| {
            let wanted = self.write.iter().filter(|(kind, _)| kinds.contains(kind));
            rights.extend(wanted.map(|(kind, attributes)| {
                Right {
                    kind: *kind,
                    form: Form::Any(
                        attributes
                            .iter()
                            .filter_map(|attribute| {
                                part(AccessMask::WRITE_PROPERTY, root, *attribute)
                            })
                            .collect(),
                    ),
                }
            }));
        };
        match kind {
            Kind::Gmsa | Kind::Dmsa | Kind::Smsa | Kind::User | Kind::Computer => {
                writes(&[
                    RightKind::WriteSpn,
                    RightKind::WriteKeyCredential,
                    RightKind::WriteAltIdentities,
                    RightKind::WriteAllowedToAct,
                    RightKind::WriteDelegateTo,
                    RightKind::WriteAccountControl,
                    RightKind::WriteSuccessor,
                ]);
                match kind {
                    Kind::Gmsa => writes(&[RightKind::WriteReaders]),
                    Kind::Dmsa => writes(&[
                        RightKind::WriteReaders,
                        RightKind::WritePredecessor,
                        RightKind::WriteDmsaState,
                    ]),
                    Kind::User => {
                        writes(&[RightKind::WriteLogonScript, RightKind::WriteEncryptionTypes])
                    }
                    Kind::Computer => writes(&[RightKind::WriteHostLink]),
                    _ => (),
                }
                rights.extend(self.reset.map(|guid| {
                    one(
                        RightKind::ResetPassword,
                        AccessMask::CONTROL_ACCESS,
                        Node::ControlRight(guid),
                    )
                }));
                rights.push(bit(RightKind::Delete, AccessMask::DELETE));
            }
            Kind::Group => {
                writes(&[RightKind::WriteMember]);
                rights.extend(self.member.map(|guid| {
                    one(
                        RightKind::AddSelf,
                        AccessMask::SELF_WRITE,
                        Node::ValidatedWrite(guid),
                    )
                }));
            }
            Kind::OrganizationalUnit | Kind::Container | Kind::Domain | Kind::Gpo => {
                writes(&[if kind == Kind::Gpo {
                    RightKind::WritePolicyPath
                } else {
                    RightKind::WriteGpLink
                }]);
                // Every class: an ACE typed with one is for that class.
                rights.push(one(
                    RightKind::CreateAny,
                    AccessMask::CREATE_CHILD,
                    Node::Object,
                ));
                let child = |kind, bit, classes: &[Guid]| Right {
                    kind,
                    form: Form::Any(
                        classes
                            .iter()
                            .map(|guid| Part {
                                bit,
                                node: Node::ChildClass(*guid),
                            })
                            .collect(),
                    ),
                };
                rights.push(child(
                    RightKind::CreateDmsa,
                    AccessMask::CREATE_CHILD,
                    self.dmsa.as_slice(),
                ));
                // dMSAs have a right of their own.
                let others: Vec<Guid> = self
                    .accounts
                    .iter()
                    .filter(|guid| Some(**guid) != self.dmsa)
                    .copied()
                    .collect();
                rights.push(child(
                    RightKind::CreateAccount,
                    AccessMask::CREATE_CHILD,
                    &others,
                ));
                rights.push(child(
                    RightKind::CreateRootKey,
                    AccessMask::CREATE_CHILD,
                    self.root_key_class.as_slice(),
                ));
                rights.push(child(
                    RightKind::DeleteChild,
                    AccessMask::DELETE_CHILD,
                    &self.accounts,
                ));
            }
            Kind::KdsRootKey => {
                writes(&[RightKind::WriteRootKey]);
                rights.push(Right {
                    kind: RightKind::ReadSecret,
                    // Reading a confidential attribute takes CONTROL_ACCESS over it too (MS-ADTS 3.1.1.4.4).
                    form: Form::All(
                        [AccessMask::READ_PROPERTY, AccessMask::CONTROL_ACCESS]
                            .into_iter()
                            .filter_map(|bit| part(bit, root, self.root_key))
                            .collect(),
                    ),
                });
            }
            _ => (),
        }
        if kind == Kind::Domain {
            // On the head of the domain it stands for WRITE_OWNER on every object (MS-ADTS 6.1.3.5).
            rights.extend(self.set_owner.map(|guid| {
                one(
                    RightKind::SetOwner,
                    AccessMask::CONTROL_ACCESS,
                    Node::ControlRight(guid),
                )
            }));
            let both = [self.get_changes, self.get_changes_all];
            rights.push(Right {
                kind: RightKind::ReplicateAll,
                form: Form::All(
                    both.into_iter()
                        .flatten()
                        .map(|guid| Part {
                            bit: AccessMask::CONTROL_ACCESS,
                            node: Node::ControlRight(guid),
                        })
                        .collect(),
                ),
            });
        }
        rights
    }
}

fn part(bit: AccessMask, root: Option<Guid>, attribute: Attribute) -> Option<Part> {
    Some(Part {
        bit,
        node: Node::Attribute {
            class: root,
            property_set: attribute.set,
            attribute: attribute.guid?,
        },
    })
}

/// The root of the object type tree. An ACE typed with the class of the object covers all of it (MS-ADTS 5.1.3.3.3).
pub(crate) fn whole_object(root: Option<Guid>) -> Node {
    root.map_or(Node::Object, Node::ObjectOfClass)
}

fn one(kind: RightKind, bit: AccessMask, node: Node) -> Right {
    Right {
        kind,
        form: Form::Any(vec![Part { bit, node }]),
    }
}
