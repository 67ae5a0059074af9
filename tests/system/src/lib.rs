//! Real input for the tests that cross layers.
#![forbid(unsafe_code)]

pub mod debian;
