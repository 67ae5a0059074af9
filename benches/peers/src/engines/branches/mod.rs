//! Stores with branches, where an engine has them.

mod ours;

mod prolly_map;

mod prollytree_04;

pub(super) use self::ours::Ours;
pub(super) use self::prolly_map::ProllyMap;
pub(super) use self::prollytree_04::ProllyTree04;
