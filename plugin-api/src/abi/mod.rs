//! How the traits of this crate cross the boundary between a host and a compiled plugin.
//!
//! Both halves are here, because they must mirror each other: the half of the plugin, which serves
//! an author's trait object ([`export`], `served`), and the half of the host, which makes a trait
//! object of what was loaded ([`module`], `foreign`). No other folder names `abi_stable`, and no
//! type of it is in a signature that authors or users see.
//!
//! Rules, once for all files here: the names, fields and order of the types in `types`, `failure`
//! and `table` are the ABI; what may grow is a method at the end of a trait in `table` and a field
//! at the end of its root module; numbers are `u32` and never enums; cold data is JSON.
#![expect(unsafe_code, reason = "the two images share pointers, not types")]

mod failure;
mod foreign;
mod guard;
mod served;
mod table;
mod text;
mod types;

pub mod export;
pub mod module;

#[cfg(test)]
mod tests;

/// The line of ABIs that this crate speaks. Another number means another loader.
pub const MAJOR: u32 = 0;

/// How often the contract has been added to on this line. A higher number only appends.
///
/// The check of layouts also compares the versions of this crate, as cargo does: a change that
/// raises this number is a compatible release, and an incompatible one starts a new line.
pub const API: u32 = 1;

/// How this program was built, to compare plugins with.
#[must_use]
pub const fn host() -> crate::manifest::Build {
    crate::manifest::Build::THIS
}
