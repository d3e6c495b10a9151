//! Frames about who may do what to whom.
//!
//! Owns names, types and meanings. Deliberately does not list them in order: that is [`super::FRAMES`].

use super::Type::{Boolean as B, Integer as I, Text as T};
use super::{Frame, column};

#[rustfmt::skip]
pub(super) const CONTROLS: Frame = Frame { name: "controls", about: "A right that a principal has over a service account, one of its hosts, a KDS root key, container, group policy, group that is privileged, reads a managed password or has a service account in it (broad ones as in readers aside), or the domain, as the domain controller computes it: denies, order, object types and nested groups honoured", columns: &[
    column("object_id", I, "The object controlled"),
    column("trustee_sid", T, "Who"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("trustee_expected", B, "SYSTEM, Administrators, Domain, Enterprise or Schema Admins, domain controllers, SELF, the account itself, or tier 0"),
    column("trustee_broad", B, "As in readers"),
    column("right", T, "owner, full-control, write-all, write-dacl, write-owner, delete, reset-password, write-spn, write-key-credential, write-alt-identities, write-allowed-to-act, write-delegate-to, write-account-control, write-logon-script, write-readers, write-predecessor, write-successor, write-member, add-self, create-any, create-dmsa, create-account, create-root-key, delete-child, write-gplink, set-owner, replicate-all, read-secret, recreate, move, write-host-link, write-encryption-types, write-dmsa-state; what follows from a stronger right of the same trustee is left out"),
    column("inherited", B, "The deciding ACE is inherited"),
    column("ace", I, "Position of the deciding ACE in the DACL, from 0; NULL for an owner, a missing DACL, or rights that come together from several"),
    column("unknown", B, "A conditional ACE decides, which only the domain controller can evaluate"),
    column("except_members", I, "Members of the trustee who are denied the right"),
    column("ace_sddl", T, "The deciding ACE in SDDL, SIDs of the domain written out; NULL as ace, and for an ACE that SDDL has no words for"),
]};

#[rustfmt::skip]
pub(super) const TAKEOVERS: Frame = Frame { name: "takeovers", about: "A service account in the control graph: rights, memberships and attributes by which one object takes over another", columns: &[
    column("account_id", I, "object_id of the account"),
    column("tier0_hops", I, "Steps of the shortest way to tier 0; 0 in tier 0, NULL if no way is seen"),
    column("tier0_way", T, "That way in words"),
    column("untold_hops", I, "Steps of the shortest way to tier 0 that is more than one fact: neither one step of delegation or migration, nor memberships only, up to operators of the controllers; NULL in tier 0 and if no such way is seen"),
    column("untold_way", T, "That way in words"),
    column("taken_over_by", I, "Users, computers and managed accounts outside tier 0 that can take it over; NULL if its permissions were not readable, or its list of readers is malformed"),
    column("reaches_accounts", I, "Service accounts that it can take over"),
    column("by_everybody", B, "Whoever logs on can take it over; NULL if that is not known"),
]};

#[rustfmt::skip]
pub(super) const DMSA_CREATION: Frame = Frame { name: "dmsa_creation", about: "Somebody who is not expected to and may create a delegated managed service account (dMSA) in a container, or come to that", columns: &[
    column("container_id", I, "object_id of the unit, container or domain head"),
    column("trustee_sid", T, "Who"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("trustee_broad", B, "As in readers"),
    column("right", T, "create-dmsa or create-any, as in controls, decided for the class; else what leads there: full-control, write-dacl, write-owner, owner, create-container (creates a unit of its own in the container, and the dMSA in that)"),
    column("inherited", B, "The deciding ACE is inherited"),
    column("ace", I, "As in controls"),
    column("unknown", B, "As in controls"),
    column("except_members", I, "As in controls"),
    column("creates", B, "The right is create-dmsa or create-any: a dMSA can be created there as things are"),
    column("creates_container", B, "It may create a unit or container there too, which a deny of the class does not bind and dSHeuristics neither"),
    column("controls_created", B, "It may write who reads the new dMSA's keys and whom that succeeds: on creation, or as its owner, or by what it inherits, dSHeuristics 28 and 29 as they are"),
    column("controls_enforced", B, "The same if dSHeuristics 28 and 29 were both enforced"),
    column("writes_victim", B, "It may name the successor of some service account or tier-0 account, or give itself the right to"),
    column("before_update", T, "What it comes to while a Server 2025 domain controller lacks the update of August 2025 (CVE-2025-53779): domain, no, unknown (a conditional ACE decides)"),
    column("after_update", T, "What it comes to when none does: domain, needs a write on the victim, no, unknown (as before, or the permissions of some tier-0 account were not seen)"),
    column("assumes", T, "What the snapshot shows of the circumstances, and what it cannot"),
    column("ace_sddl", T, "As in controls"),
]};

#[rustfmt::skip]
pub(super) const DELEGATIONS: Frame = Frame { name: "delegations", about: "A right to impersonate, one row a target", columns: &[
    column("object_id", I, "The account that may impersonate; for resource-based, the account impersonated to"),
    column("kind", T, "unconstrained, constrained, protocol-transition, resource-based"),
    column("target", T, "Target SPN; for resource-based, the SID that may impersonate, groups expanded (NULL for kind outside)"),
    column("target_kind", T, "Resource-based: kind as in readers"),
    column("target_id", I, "object_id of the owner of the target SPN, or of the SID"),
    column("target_name", T, "Its name"),
    column("target_tier0", B, "The target is tier 0; for resource-based, the trusted principal is"),
    column("target_known", B, "Some account holds the SPN, itself or as a HOST alias (sPNMappings); or the SID belongs to an object or is well known"),
    column("broad", B, "Resource-based: the trusted principal is broad as in readers"),
    column("to_domain_controller", B, "The target SPN belongs to a domain controller"),
]};

#[rustfmt::skip]
pub(super) const COMPUTER_CONTROLS: Frame = Frame { name: "computer_controls", about: "A right over computers of one unit or container, held by somebody who is not expected to, denies and order honoured as in controls; what a computer may do to itself is left out. Who holds a right by a stronger one is told with that alone", columns: &[
    column("container_id", I, "object_id of the unit or container that the computers lie in; NULL if it is not in the snapshot"),
    column("trustee_sid", T, "Who"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("trustee_broad", B, "As in readers"),
    column("right", T, "full-control, write-all or write-host-link, as in controls"),
    column("computers", I, "Computers directly in the container over which it is held"),
    column("first_computer", T, "sAMAccountName of one of them"),
    column("inherited", B, "The deciding ACE is inherited on each of them"),
    column("unknown", B, "On each of them a conditional ACE decides, which only the domain controller can evaluate"),
    column("except_members", I, "Members of the trustee who are denied the right: the fewest over all of them"),
    column("ace_sddl", T, "The deciding ACEs in SDDL, each once, of many the first four; NULL as in controls"),
    column("list_digest", T, "Sixteen hexadecimal digits that are others when one of the deciding ACEs is another, or when one stands on another computer itself instead of being inherited"),
]};

#[rustfmt::skip]
pub(super) const DESCRIPTOR_CHANGES: Frame = Frame { name: "descriptor_changes", about: "An explicit ACE of a service account that its class does not start with (defaultSecurityDescriptor in the schema of the snapshot), or one that the class starts with and the account does not have; no row where the descriptor or the default is not readable", columns: &[
    column("object_id", I, "object_id of the account"),
    column("change", T, "added or missing"),
    column("ace", T, "The ACE in SDDL, spelled as ace_sddl in controls; NULL for what SDDL has no words for"),
    column("trustee_sid", T, "Whom it names"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("trustee_expected", B, "As in controls"),
    column("rights", T, "What it is about, in words: write property User-Account-Restrictions"),
    column("creator", B, "The class gives this to CREATOR OWNER, and here it is made out to the trustee, who made the account (entries of trustee_expected are left out, and that a creator's entry is gone)"),
    column("template", B, "The account is protected (adminCount 1, no inheritance) and was compared with AdminSDHolder instead of its class"),
    column("list_digest", T, "Sixteen hexadecimal digits that are others when any entry in which the account differs is another, whatever the order"),
]};

#[rustfmt::skip]
pub(super) const SPN_JACKS: Frame = Frame { name: "spn_jacks", about: "A target of constrained delegation that the delegating account can exchange: its own token may take the SPN from its owner and give it to an account in tier 0; no row where the permissions of either are not readable", columns: &[
    column("object_id", I, "object_id of the account that may delegate"),
    column("spn", T, "Target SPN (msDS-AllowedToDelegateTo)"),
    column("ghost", B, "Nobody holds the SPN, so that nobody has to lose it"),
    column("owner_id", I, "object_id of the owner of the SPN; NULL if nobody holds it"),
    column("owner_tier0", B, "The owner is tier 0; NULL if nobody holds it"),
    column("target_id", I, "object_id of one account in tier 0 whose SPNs it may write, or whose permissions"),
    column("target_name", T, "Name of that account"),
    column("unknown", B, "A conditional ACE decides, which only the domain controller can evaluate"),
]};

#[rustfmt::skip]
pub(super) const DMSA_PAIRS: Frame = Frame { name: "dmsa_pairs", about: "Somebody who is not expected to and holds both halves of a succession: he creates a dMSA or names the predecessor of one, and writes both attributes by which the predecessor names its successor; those aside who control the predecessor anyway", columns: &[
    column("victim_id", I, "object_id of the account that would be succeeded: a service account, or one of tier 0"),
    column("victim_tier0", B, "It is tier 0"),
    column("trustee_sid", T, "Who, by one group or by several together"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("through", T, "create (a dMSA of his own, see dmsa_creation) or predecessor (that of a dMSA which is there)"),
    column("container_id", I, "object_id of a container in which he creates one; NULL if none is seen for the trustee as such"),
    column("dmsa_id", I, "object_id of a dMSA whose predecessor he names; NULL if none is seen for the trustee as such"),
    column("except_members", I, "Members of the trustee who do not hold both"),
    column("unknown", B, "A conditional ACE decides, which only the domain controller can evaluate"),
]};

#[rustfmt::skip]
pub(super) const DMSA_INHERITANCE: Frame = Frame { name: "dmsa_inheritance", about: "A right that somebody would hold over a dMSA which an administrator creates in a unit or container, by an entry that is set there and handed down (denies and order honoured); no row if the schema has no such class", columns: &[
    column("container_id", I, "object_id of the unit, container or domain head that sets the entry"),
    column("trustee_sid", T, "Who"),
    column("trustee_id", I, "object_id of the trustee, if it is in the snapshot"),
    column("trustee_name", T, "Name of the trustee"),
    column("trustee_expected", B, "As in controls"),
    column("trustee_broad", B, "As in readers"),
    column("right", T, "full-control, write-all, write-dacl, write-owner, write-readers, write-predecessor or write-dmsa-state, as in controls"),
    column("ace", I, "Position of the deciding ACE in the DACL of the container, from 0"),
    column("ace_sddl", T, "As in controls"),
    column("unknown", B, "As in controls"),
    column("except_members", I, "As in controls"),
    column("dmsas", I, "dMSAs below the container over which the trustee holds the right already by an inherited entry; controls has those"),
]};

#[rustfmt::skip]
pub(super) const INTERPRETED_RIGHTS: Frame = Frame { name: "interpreted_rights", about: "A right that an export says somebody has (SharpHound, RustHound-CE, BloodHound.py), without the entry it was concluded from: what denies it is not in the export. No rule reads it; the control graph does, where the descriptor itself is not known", columns: &[
    column("object_id", I, "The object; NULL if the snapshot has none of this identity"),
    column("name", T, "Its name, or its SID or objectGUID"),
    column("trustee_sid", T, "Who is said to hold it"),
    column("trustee_name", T, "Their name; NULL if unknown"),
    column("right", T, "As the exporter spells it: GenericAll, ReadGMSAPassword"),
    column("inherited", B, "By an inherited entry; NULL if it does not say"),
    column("export", T, "Which export says so"),
]};
