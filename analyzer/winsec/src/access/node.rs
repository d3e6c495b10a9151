//! What a right is asked over: the nodes of the object type tree of MS-ADTS 5.1.3.3.3.
//!
//! Owns which object types cover a node. Knows no schema: the caller says where a node hangs.

use crate::guid::Guid;

/// A node of the object type tree, with the way from it to the root.
///
/// | node | an ACE covers it whose object type is absent, or is | MS-ADTS |
/// | --- | --- | --- |
/// | `Object` | nothing else | 5.1.3.3.3 |
/// | `ObjectOfClass` | the class of the object | 5.1.3.3.3 |
/// | `EveryAttribute` | the class of the object; for a deny, anything at all | 5.1.3.3.3 |
/// | `Attribute` | the attribute, its property set, the class of the object | 5.1.3.3.3 |
/// | `ChildClass` | the class of the child | 5.1.3.3.3 |
/// | `ControlRight` | the right | 5.1.3.3.4 |
/// | `ValidatedWrite` | the validated write | 5.1.3.3.5 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// The object as a whole, the root of its tree: standard rights, `DELETE_TREE`,
    /// `LIST_CHILDREN`, `LIST_OBJECT`. Asked for a property bit, for `CONTROL_ACCESS`,
    /// `CREATE_CHILD` and the like it means every attribute, right or class, save those that an
    /// ACE of their own treats otherwise: ACEs for parts of the object decide nothing about the
    /// whole, as in a tree that holds the root only. ACEs typed with the object's class are
    /// missed.
    Object,
    /// The same where the class of the object is known: the schemaIDGUID of its most specific
    /// structural class.
    ObjectOfClass(Guid),
    /// Every attribute of the object at once: `WRITE_PROPERTY` asks "may write every attribute".
    /// Granted, it is granted over each [`Node::Attribute`] of the same class too.
    ///
    /// An allow must be for the whole; a deny may be for any part, since a deny at a node of the
    /// tree takes the right away from the nodes above it as well, unless they were granted it
    /// before. So one attribute or property set denied before the whole is allowed denies this
    /// node. Knowing no schema, it takes every object type of a deny for an attribute of the
    /// object, even if it is none.
    ///
    /// Not seen, on purpose: that allows for each single attribute add up to the whole, as they do
    /// in the tree. A denied answer therefore says nothing about the single attributes: ask for
    /// those by [`Node::Attribute`], and neither simplification loses anything.
    EveryAttribute {
        /// As in `ObjectOfClass`. Without it, allows typed with the class are missed, and denies
        /// typed with it count as for a part.
        class: Option<Guid>,
    },
    /// An attribute of the object: reading and writing it, and `CONTROL_ACCESS` beside
    /// `READ_PROPERTY` if it is confidential (MS-ADTS 3.1.1.4.4).
    Attribute {
        /// As in `ObjectOfClass`. Without it, ACEs typed with the class are missed.
        class: Option<Guid>,
        /// attributeSecurityGUID, if the attribute is in a property set.
        property_set: Option<Guid>,
        /// schemaIDGUID of the attribute.
        attribute: Guid,
    },
    /// Children of the class with this schemaIDGUID: `CREATE_CHILD` and `DELETE_CHILD` on the
    /// parent. The class of the child is the root of the tree, and the parent's class is not in it.
    ChildClass(Guid),
    /// A control access right, by its rightsGuid: `CONTROL_ACCESS`. Property sets cover none.
    ControlRight(Guid),
    /// A validated write, by the schemaIDGUID of its attribute: `SELF_WRITE`. The attribute's
    /// property set does not cover it.
    ValidatedWrite(Guid),
}

impl Node {
    /// Whether an ACE that allows (else denies) with this object type covers the node. Which of the
    /// two it does matters for `EveryAttribute` only.
    pub(super) fn is_covered_by(&self, allow: bool, object_type: Option<Guid>) -> bool {
        let Some(guid) = object_type else {
            return true;
        };
        match *self {
            Node::Object => false,
            Node::EveryAttribute { class } => !allow || class == Some(guid),
            Node::Attribute {
                class,
                property_set,
                attribute,
            } => attribute == guid || property_set == Some(guid) || class == Some(guid),
            Node::ObjectOfClass(own)
            | Node::ChildClass(own)
            | Node::ControlRight(own)
            | Node::ValidatedWrite(own) => own == guid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_types_cover_their_node_and_what_is_below() {
        let [class, set, attribute, other] =
            [1, 2, 3, 4].map(|data| Guid::from_fields(data, 0, 0, [0; 8]));
        let part = Node::Attribute {
            class: Some(class),
            property_set: Some(set),
            attribute,
        };
        let by = |allow: bool, node: Node| {
            [None, Some(class), Some(set), Some(attribute), Some(other)]
                .map(|object_type| node.is_covered_by(allow, object_type))
        };
        let covers = |node: Node| {
            assert_eq!(by(true, node), by(false, node));
            by(true, node)
        };
        assert_eq!(covers(Node::Object), [true, false, false, false, false]);
        assert_eq!(
            covers(Node::ObjectOfClass(class)),
            [true, true, false, false, false]
        );
        assert_eq!(covers(part), [true, true, true, true, false]);
        for node in [
            Node::ChildClass(other),
            Node::ControlRight(other),
            Node::ValidatedWrite(other),
        ] {
            assert_eq!(covers(node), [true, false, false, false, true]);
        }
        for (class, typed_with_it) in [(Some(class), true), (None, false)] {
            let every = Node::EveryAttribute { class };
            assert_eq!(by(true, every), [true, typed_with_it, false, false, false]);
            assert_eq!(by(false, every), [true; 5]);
        }
    }
}
