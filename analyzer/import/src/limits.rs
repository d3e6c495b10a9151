//! How much of a foreign file is believed. Counts are checked against the bytes left before anything is allocated.

/// Bytes of a file.
pub const FILE_BYTES: u64 = 16 << 30;
/// Objects of an export.
pub const OBJECTS: u64 = 5_000_000;
/// Values of one attribute.
pub const VALUES: usize = 2_000_000;
/// Bytes of one value or line.
pub const VALUE_BYTES: usize = 64 << 20;
/// Depth of nested structures.
pub const DEPTH: usize = 32;
/// Files inside a zip.
pub const ZIP_MEMBERS: usize = 4_096;
/// Bytes of all files of a zip, inflated.
pub const ZIP_BYTES: u64 = 8 << 30;
/// Inflated bytes for each deflated one.
pub const ZIP_RATIO: u64 = 200;
