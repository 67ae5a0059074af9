//! Stores with branches, or in which versions have names, where an engine has them.

mod our_names;

mod ours;

mod prolly_map;

pub(super) use self::our_names::OurNames;
pub(super) use self::ours::Ours;
pub(super) use self::prolly_map::ProllyMap;
