//! Conditions of conditional ACEs: text (MS-DTYP 2.5.1.1) to byte code in postfix order
//! (2.4.4.17) and back.
//!
//! Owns grammar and byte code: [`compile`] reads the text, [`decompile`] the code, and
//! [`attribute`] spells the names of attributes for both. Evaluates nothing.
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 4 | `artx` |
//! | 4 | | tokens: one byte of code, then the operand, if any |
//! | | 0 to 3 | zeros up to a multiple of four |

mod attribute;
mod compile;
mod decompile;
#[cfg(test)]
mod tests;

pub(super) use compile::compile;
pub(super) use decompile::decompile;
