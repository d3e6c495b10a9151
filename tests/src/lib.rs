//! Harnesses for the acceptance tests. Deliberately holds no test itself.

pub mod dc;
