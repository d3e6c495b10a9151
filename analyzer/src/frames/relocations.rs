//! Two rights over an account that come together from several descriptors: moving it to where the mover's own permissions
//! are inherited, and deleting it and creating another in its place.
//!
//! Both are computed once for each distinct (descriptor, descriptor of the parent, class).

use std::collections::HashMap;
use std::sync::Arc;

use coldcase_winsec::access::Node;
use coldcase_winsec::{AccessMask, Control, Guid};

use super::analysis::Analysis;
use crate::graph::{Grantees, Held, Part, Prepared, RightKind};
use crate::load::{Kind, Object};

/// Descriptor, parent's descriptor, class.
type Key = (i64, i64, Guid);

/// Finds who may relocate accounts, and remembers.
pub(super) struct Relocations<'a> {
    analysis: &'a Analysis,
    /// Who controls some container in which objects of the class may be created.
    destinations: HashMap<Guid, Grantees>,
    known: HashMap<Key, Option<Arc<Vec<Held>>>>,
}

impl<'a> Relocations<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            destinations: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// Who may move or re-create the account, those aside who control it anyway (`controls`).
    pub(super) fn of(&mut self, object: &Object, controls: &[Held]) -> Option<Arc<Vec<Held>>> {
        let directory = &self.analysis.directory;
        let parent = directory
            .parent(object)
            .and_then(|place| self.analysis.object(place))?;
        let class = directory.classes.root(&object.classes)?;
        let key = (object.descriptor?, parent.descriptor?, class);
        if !self.known.contains_key(&key) {
            let found = self.find(key).map(Arc::new);
            self.known.insert(key, found);
        }
        let found = self.known.get(&key)?.clone()?;
        let controlled = |held: &&Held| {
            !controls.iter().any(|other| {
                other.holder == held.holder
                    && other.except.is_none()
                    && matches!(
                        other.right,
                        RightKind::Owner
                            | RightKind::FullControl
                            | RightKind::WriteDacl
                            | RightKind::WriteOwner
                    )
            })
        };
        let rest: Vec<Held> = found.iter().filter(controlled).cloned().collect();
        (!rest.is_empty()).then(|| Arc::new(rest))
    }

    fn find(&mut self, (id, parent_id, class): Key) -> Option<Vec<Held>> {
        let analysis = self.analysis;
        let effective = &analysis.effective;
        let account = analysis.prepared(id)?;
        let parent = analysis.prepared(parent_id)?;
        let child = |bit| {
            [Part {
                bit,
                node: Node::ChildClass(class),
            }]
        };
        // Either is enough (MS-ADTS 3.1.1.5.5.4 and 3.1.1.5.4.1).
        let mut taken = effective.reached(&account, &[Part::whole(AccessMask::DELETE)]);
        taken.unite(&effective.reached(&parent, &child(AccessMask::DELETE_CHILD)));
        if taken.is_empty() {
            return Some(Vec::new());
        }
        let trustees: Vec<_> = account.allowed().chain(parent.allowed()).collect();
        let mut found = Vec::new();

        let mut recreate = taken.clone();
        recreate.intersect(&effective.reached(&parent, &child(AccessMask::CREATE_CHILD)));
        found.extend(effective.together(RightKind::Recreate, &recreate, trustees.iter().copied()));

        // A protected DACL inherits nothing, wherever the object is.
        let descriptor = analysis.whole_descriptor(id)?;
        if let (false, Some(name)) = (
            descriptor.control.contains(Control::SE_DACL_PROTECTED),
            analysis.directory.schema.guid("name"),
        ) {
            let name = Node::Attribute {
                class: Some(class),
                property_set: analysis.directory.schema.property_set("name"),
                attribute: name,
            };
            taken.intersect(&effective.reached(
                &account,
                &[Part {
                    bit: AccessMask::WRITE_PROPERTY,
                    node: name,
                }],
            ));
            if !taken.is_empty() {
                taken.intersect(self.destination(class));
                found.extend(effective.together(RightKind::Move, &taken, trustees.into_iter()));
            }
        }
        Some(found)
    }

    /// Who may create objects of the class in some container whose permissions he may also change.
    fn destination(&mut self, class: Guid) -> &Grantees {
        let analysis = self.analysis;
        self.destinations.entry(class).or_insert_with(|| {
            let effective = &analysis.effective;
            let mut all = effective.reached_by_none();
            let mut seen = std::collections::HashSet::new();
            let containers = analysis.directory.objects.iter().filter(|object| {
                matches!(
                    object.kind,
                    Kind::OrganizationalUnit | Kind::Container | Kind::Domain
                )
            });
            for id in containers.filter_map(|object| object.descriptor) {
                let Some(prepared) = seen.insert(id).then(|| analysis.prepared(id)).flatten()
                else {
                    continue;
                };
                all.unite(&here(analysis, &prepared, class));
            }
            all
        })
    }
}

fn here(analysis: &Analysis, prepared: &Prepared, class: Guid) -> Grantees {
    let effective = &analysis.effective;
    let create = Part {
        bit: AccessMask::CREATE_CHILD,
        node: Node::ChildClass(class),
    };
    let mut reached = effective.reached(prepared, &[Part::whole(AccessMask::WRITE_DACL)]);
    reached.unite(&effective.reached_by_owner(prepared));
    reached.intersect(&effective.reached(prepared, &[create]));
    reached
}
