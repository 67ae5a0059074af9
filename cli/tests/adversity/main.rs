//! What happens to people's stores: full disks, folders that may not be written to, kills, other
//! processes, damage, wrong paths. Every test runs the real program, on every engine that keeps its
//! data on a disk.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]
#![expect(
    clippy::print_stdout,
    reason = "a test says its seed and what it could not test"
)]

mod damage;
mod full_disk;
mod kill;
mod read_only;
mod sharing;
mod support;
mod wrong_place;
