//! Frame `descriptor_changes`: in what the explicit permissions of a service account differ from what its class starts with.
//!
//! The class's defaultSecurityDescriptor is taken from the snapshot's own schema, CREATOR OWNER standing for whoever made
//! the object (MS-ADTS 6.1.3, MS-DTYP 2.5.3.4); of an account that AdminSDHolder protects, the entries of that are taken
//! instead (MS-ADTS 3.1.1.6.1). Deliberately says nothing of inherited entries, nor of what an entry is worth.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::{
    Ace, AceBody, AceFlags, AceType, Control, KnownAce, SddlDomains, SecurityDescriptor, Sid,
};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::digest::digest_of;
use super::wording::{sddl_of, words_of};
use crate::load::{Kind, Object};

/// A row, without the object.
struct Change {
    added: bool,
    creator: bool,
    ace: Ace,
}

/// The changes of one descriptor.
struct Changes {
    list: Vec<Change>,
    digest: String,
}

/// What an account starts with.
struct Start {
    entries: Vec<Ace>,
    /// Entries for CREATOR OWNER, as they are once they are made out: trustee left open, flags none.
    creators: Vec<KnownAce>,
}

/// What the accounts of a directory start with.
pub(crate) struct Starts<'a> {
    analysis: &'a Analysis,
    template: Option<Start>,
    /// By the most special class.
    classes: HashMap<&'a str, Option<Start>>,
}

impl<'a> Starts<'a> {
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let template = analysis
            .admin_sd_holder()
            .and_then(|place| analysis.whole_descriptor(analysis.object(place)?.descriptor?))
            .map(Start::of);
        Self {
            analysis,
            template,
            classes: HashMap::new(),
        }
    }

    /// `None` if the snapshot does not hold the default of the class, or of a protected account AdminSDHolder's permissions, or
    /// they cannot be read.
    fn of(&mut self, object: &'a Object, protected: bool) -> Option<&Start> {
        if protected {
            return self.template.as_ref();
        }
        let class = class_of(object);
        self.classes
            .entry(class)
            .or_insert_with(|| start_of(self.analysis, class))
            .as_ref()
    }

    /// Whether it is known which entries the creator of the account is given. SDProp replaces them all by AdminSDHolder's
    /// (MS-ADTS 3.1.1.6.1.3), so that nothing need be known of that.
    pub(super) fn knows_creators(&mut self, object: &'a Object) -> bool {
        let descriptor = object
            .descriptor
            .and_then(|id| self.analysis.whole_descriptor(id));
        descriptor.is_some_and(|descriptor| is_protected(object, descriptor))
            || self.of(object, false).is_some()
    }

    /// Whether it is known what the account starts with, its own permissions aside.
    pub(crate) fn knows(&mut self, object: &'a Object) -> bool {
        let descriptor = object
            .descriptor
            .and_then(|id| self.analysis.whole_descriptor(id));
        let protected = descriptor.is_some_and(|descriptor| is_protected(object, descriptor));
        self.of(object, protected).is_some()
    }
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("descriptor_changes")?;
    let mut starts = Starts::new(analysis);
    let mut known: HashMap<(i64, &str, bool), Arc<Changes>> = HashMap::new();
    for (_, object) in analysis.service_accounts() {
        let Some((id, descriptor)) = object
            .descriptor
            .and_then(|id| Some((id, analysis.whole_descriptor(id)?)))
        else {
            continue;
        };
        let protected = is_protected(object, descriptor);
        let key = (id, class_of(object), protected);
        let changes = known.entry(key).or_insert_with(|| {
            let start = starts.of(object, protected);
            let list = start.map_or_else(Vec::new, |start| start.against(descriptor));
            let digest = digest_of(list.iter().map(|change| words(analysis, change)).collect());
            Arc::new(Changes { list, digest })
        });
        for change in &changes.list {
            push(
                &mut frame,
                analysis,
                object,
                (change, &changes.digest),
                protected,
            );
        }
    }
    frame.finish()
}

/// The most special one.
fn class_of(object: &Object) -> &str {
    object.classes.rsplit('\n').next().unwrap_or_default()
}

/// SDProp has put the template's permissions on it: adminCount is 1, and nothing is inherited.
pub(super) fn is_protected(object: &Object, descriptor: &SecurityDescriptor) -> bool {
    object.admin_count == Some(1) && descriptor.control.contains(Control::SE_DACL_PROTECTED)
}

fn push(
    frame: &mut Builder,
    analysis: &Analysis,
    object: &Object,
    (change, digest): (&Change, &str),
    template: bool,
) {
    let AceBody::Known(known) = &change.ace.body else {
        return;
    };
    let trustee = &known.trustee;
    let expected = analysis
        .principals
        .is_expected(&analysis.directory, trustee);
    // The administrator who made the account holds more than this anyway.
    if change.creator && expected {
        return;
    }
    frame.row([
        object.id.into(),
        if change.added { "added" } else { "missing" }.into(),
        sddl_of(&change.ace).into(),
        trustee.to_string().into(),
        analysis.by_sid(trustee).map(|object| object.id).into(),
        analysis.name_of(trustee).into(),
        expected.into(),
        words_of(known, &analysis.directory.schema).into(),
        (change.creator && makes_objects(analysis, trustee)).into(),
        template.into(),
        digest.into(),
    ]);
}

/// All of a change, for the digest.
fn words(analysis: &Analysis, change: &Change) -> String {
    let ace = sddl_of(&change.ace).or_else(|| match &change.ace.body {
        AceBody::Known(known) => Some(format!(
            "{} {}",
            known.trustee,
            words_of(known, &analysis.directory.schema)
        )),
        AceBody::Unknown { .. } => None,
    });
    format!("{} {}", change.added, ace.unwrap_or_default())
}

/// Somebody who can be the creator: objects that a group owns are those of administrators (the default owner in their token), who are
/// expected. Of a SID without an object that is not known.
fn makes_objects(analysis: &Analysis, sid: &Sid) -> bool {
    let group = analysis
        .by_sid(sid)
        .is_some_and(|object| object.kind == Kind::Group);
    sid.domain().is_some() && !group
}

fn start_of(analysis: &Analysis, class: &str) -> Option<Start> {
    let names = SddlDomains {
        domain: analysis.directory.domain_sid.clone(),
        forest_root: None,
        machine: None,
    };
    let text = analysis.directory.classes.default_descriptor(class)?;
    let default = SecurityDescriptor::from_sddl(text, &names).ok()?;
    Some(Start::of(&default))
}

impl Start {
    fn of(descriptor: &SecurityDescriptor) -> Self {
        let mut start = Self {
            entries: Vec::new(),
            creators: Vec::new(),
        };
        for ace in explicit(descriptor) {
            match &ace.body {
                AceBody::Known(known) if is_creator(&known.trustee) => {
                    start.creators.push(known.clone());
                }
                _ => start.entries.push(ace),
            }
        }
        start
    }

    /// In the order of the DACL, what is missing last. That the creator's entries are gone is no change.
    fn against(&self, descriptor: &SecurityDescriptor) -> Vec<Change> {
        let mut left: Vec<&Ace> = self.entries.iter().collect();
        let mut changes = Vec::new();
        for ace in explicit(descriptor) {
            if let Some(place) = left.iter().position(|known| **known == ace) {
                left.remove(place);
                continue;
            }
            let creator = self.is_made_out(&ace);
            let still = matches!(&ace.body, AceBody::Known(known) if is_creator(&known.trustee));
            if !(creator && still) {
                changes.push(Change {
                    added: true,
                    creator,
                    ace,
                });
            }
        }
        changes.extend(left.into_iter().map(|ace| Change {
            added: false,
            creator: false,
            ace: ace.clone(),
        }));
        changes
    }

    fn is_made_out(&self, ace: &Ace) -> bool {
        let AceBody::Known(known) = &ace.body else {
            return false;
        };
        self.creators.iter().any(|creator| {
            KnownAce {
                trustee: known.trustee.clone(),
                ..creator.clone()
            } == *known
        })
    }
}

/// The entries that are not inherited, in one form: generic rights as the directory stores them (MS-ADTS 5.1.3.2), an
/// object entry without GUIDs as the plain one that it is.
fn explicit(descriptor: &SecurityDescriptor) -> impl Iterator<Item = Ace> + '_ {
    let aces = descriptor.dacl.iter().flat_map(|acl| &acl.aces);
    aces.filter(|ace| !ace.flags.contains(AceFlags::INHERITED))
        .map(|ace| {
            let mut ace = ace.clone();
            if let AceBody::Known(known) = &mut ace.body {
                known.mask = known.mask.map_generic_ds();
                if known.object_type.is_none() && known.inherited_object_type.is_none() {
                    known.ace_type = match known.ace_type {
                        AceType::AccessAllowedObject => AceType::AccessAllowed,
                        AceType::AccessDeniedObject => AceType::AccessDenied,
                        other => other,
                    };
                }
            }
            ace
        })
}

/// CREATOR OWNER.
fn is_creator(sid: &Sid) -> bool {
    (sid.authority(), sid.sub_authorities()) == (3, &[0])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const OWNER: &str = "S-1-5-21-1-2-3-1104";
    const DEFAULT: &str = "D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)(A;;GA;;;SY)(OA;;RP;;;AU)\
         (A;CI;RPSD;;;CO)(OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;CO)";

    fn read(text: &str) -> SecurityDescriptor {
        SecurityDescriptor::from_sddl(text, &SddlDomains::default()).unwrap()
    }

    /// `+` added, `-` missing, `c` the creator's, with the ACE.
    fn told(found: &str) -> Vec<String> {
        let changes = Start::of(&read(DEFAULT)).against(&read(found));
        let mark = |change: &Change| match (change.added, change.creator) {
            (true, true) => 'c',
            (true, false) => '+',
            (false, _) => '-',
        };
        changes
            .iter()
            .map(|change| format!("{}{}", mark(change), sddl_of(&change.ace).unwrap()))
            .collect()
    }

    #[test]
    fn the_default_in_another_spelling_is_no_change() {
        let found = "D:AI(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)(A;;RP;;;AU)\
             (A;CIIO;RPSD;;;CO)(A;CIID;GA;;;BA)";
        assert_eq!(told(found), [] as [&str; 0]);
    }

    #[test]
    fn what_is_added_missing_or_made_out_to_the_creator_is_told() {
        let found = format!(
            "O:{OWNER}D:(A;;GA;;;SY)(A;;GA;;;SY)(A;;RP;;;AU)(A;;RPSD;;;{OWNER})\
             (OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;{OWNER})(A;;WP;;;{OWNER})"
        );
        assert_eq!(
            told(&found),
            [
                "+(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)".to_owned(),
                format!("c(A;;RPSD;;;{OWNER})"),
                format!("c(OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;{OWNER})"),
                format!("+(A;;WP;;;{OWNER})"),
                "-(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)".to_owned(),
            ]
        );
        assert_eq!(told("D:").len(), 3);
    }

    #[test]
    fn what_a_creator_is_given_does_not_hang_on_the_template() {
        use crate::load::made::{HEAD, Made};
        let mut made = Made::new();
        let place = made.principal("msDS-GroupManagedServiceAccount", "g$", HEAD, 1103);
        made.protect(place, "O:DAD:P(A;;GA;;;DA)");
        let mut asked = |admin_count| {
            made.objects.get_mut(place).unwrap().admin_count = admin_count;
            let analysis = Analysis::new(made.clone().directory());
            let object = analysis.object(place).unwrap();
            let mut starts = Starts::new(&analysis);
            (starts.knows(object), starts.knows_creators(object))
        };
        // Neither AdminSDHolder nor the class is in the snapshot.
        assert_eq!(asked(Some(1)), (false, true));
        assert_eq!(asked(None), (false, false));
    }
}
