//! Values that several objects share, decoded once.
//!
//! Owns a cache that is bounded in bytes. Deliberately forgets half of it at a time: what is asked for again stays.

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::value::{Layout, Values};

/// Bytes of one generation; there are two.
const GENERATION: usize = 12 << 20;

/// Values by where they lie and how they are read.
#[derive(Debug, Default)]
pub(super) struct Shared {
    young: HashMap<(u64, Layout), Rc<Values>, RandomState>,
    old: HashMap<(u64, Layout), Rc<Values>, RandomState>,
    bytes: usize,
}

impl Shared {
    pub(super) fn get(&mut self, key: (u64, Layout)) -> Option<Rc<Values>> {
        if let Some(values) = self.young.get(&key) {
            return Some(Rc::clone(values));
        }
        let values = self.old.remove(&key)?;
        self.put(key, Rc::clone(&values));
        Some(values)
    }

    pub(super) fn put(&mut self, key: (u64, Layout), values: Rc<Values>) {
        // A value and its place in two maps cost more than its bytes.
        let bytes = 96 + values.iter().map(|value| value.len() + 32).sum::<usize>();
        if self.bytes + bytes > GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        if bytes <= GENERATION {
            self.bytes += bytes;
            self.young.insert(key, values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_memory_is_bounded() {
        let mut shared = Shared::default();
        let value = || Rc::new(vec![vec![0; 1 << 20]]);
        shared.put((0, Layout::Text), value());
        for place in 1..100 {
            shared.put((place, Layout::Text), value());
            assert!(shared.get((0, Layout::Text)).is_some());
            assert!(shared.young.len() + shared.old.len() <= 2 * (GENERATION >> 20));
        }
        assert!(shared.get((1, Layout::Text)).is_none());
        assert!(shared.get((0, Layout::Octets)).is_none());
        shared.put((7, Layout::Text), Rc::new(vec![vec![0; GENERATION]]));
        assert!(
            shared.get((7, Layout::Text)).is_none(),
            "too large to be kept"
        );
    }
}
