//! The same work on many things, on every core.
//!
//! Owns the threads; what comes out is in the order of what went in, whoever was faster. Deliberately not rayon: a thread
//! of its pool that waits for the dataframe engine takes up another piece of work meanwhile, and two queries on one thread
//! wait for each other.

use std::sync::atomic::{AtomicUsize, Ordering};

/// `work` of each item, in the order of `items`, which are begun in that order. `None` if one of them panicked.
pub(crate) fn on_every_core<'a, T: Sync, R: Send>(
    items: &'a [T],
    work: impl Fn(&'a T) -> R + Sync,
) -> Option<Vec<R>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else {
                return done;
            };
            done.push((place, work(item)));
        }
    };
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(items.len()))
            .map(|_| scope.spawn(some))
            .collect();
        let done: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        done.into_iter().collect::<Result<Vec<_>, _>>()
    });
    let mut done: Vec<(usize, R)> = done.ok()?.into_iter().flatten().collect();
    done.sort_by_key(|(place, _)| *place);
    Some(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::on_every_core;

    #[test]
    fn what_comes_out_is_in_the_order_of_what_went_in() {
        let items: Vec<u64> = (0..500).rev().collect();
        let doubled: Vec<u64> = items.iter().map(|item| item * 2).collect();
        let slow_at_first = |item: &u64| {
            if *item > 490 {
                std::thread::yield_now();
            }
            item * 2
        };
        assert_eq!(on_every_core(&items, slow_at_first), Some(doubled));
        assert_eq!(on_every_core(&[], slow_at_first), Some(Vec::new()));
    }

    #[test]
    fn work_that_breaks_off_is_told() {
        assert_eq!(on_every_core(&[1, 2], |item| 1 / (item - 2)), None);
    }
}
