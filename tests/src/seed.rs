//! Numbers that look random and are the same for the same seed: for populations and for places to disturb.
//! Deliberately not good enough for anything else.

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.any().checked_rem(limit).unwrap_or(0)
    }

    /// One of `items`; `None` if there is none.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let place = self.below(items.len() as u64);
        items.get(usize::try_from(place).unwrap_or(0))
    }

    /// `count` ascending places in `1..length`, one in each of as many equal parts: spread, yet never at the same
    /// distance. Fewer where `length` does not hold as many.
    pub fn points(&mut self, count: u64, length: u64) -> Vec<u64> {
        let inner = length.saturating_sub(1);
        let count = count.min(inner);
        (0..count)
            .map(|part| {
                // In 128 bits, so that long streams do not overflow.
                let edge = |part: u64| {
                    u64::try_from(u128::from(inner) * u128::from(part) / u128::from(count.max(1)))
                        .unwrap_or(u64::MAX)
                };
                let (from, to) = (edge(part), edge(part + 1));
                1 + from + self.below(to - from)
            })
            .collect()
    }
}
