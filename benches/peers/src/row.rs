//! The rows of the table, with their targets.

/// One kind of work.
pub(crate) struct Row {
    /// What it is called on the command line.
    pub(crate) id: &'static str,
    /// What it is called in the table.
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// What ours is to reach: at 100 k entries or fewer, and at more. In seconds, bytes or numbers;
    /// less is better.
    pub(crate) target: Option<[f64; 2]>,
}

/// What the figures of a row are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds for an entry, shown as entries in a second.
    Rate,
    /// Seconds.
    Time,
    Bytes,
    Number,
}

const MICRO: f64 = 1e-6;
const NANO: f64 = 1e-9;
const MEGA: f64 = 1e6;

const fn row(id: &'static str, title: &'static str, unit: Unit, target: Option<[f64; 2]>) -> Row {
    Row {
        id,
        title,
        unit,
        target,
    }
}

macro_rules! rows {
    ($($name:ident = $id:literal, $title:literal, $unit:ident, $target:expr;)*) => {
        $(pub(crate) static $name: Row = row($id, $title, Unit::$unit, $target);)*
        /// All rows, in the order of the table.
        pub(crate) static ROWS: &[&Row] = &[$(&$name),*];
    };
}

rows! {
    BUILD_SORTED = "build-sorted", "build from sorted", Rate, Some([1.0 / (4.5 * MEGA), 1.0 / (4.0 * MEGA)]);
    BUILD_UNSORTED = "build-unsorted", "build from unsorted", Rate, Some([1.0 / (3.0 * MEGA), 1.0 / (2.0 * MEGA)]);
    GET = "get", "get, warm", Time, Some([0.25 * MICRO, 0.55 * MICRO]);
    GET_COLD = "get-cold", "get, cold", Time, None;
    GET_SESSION = "get-session", "get, warm, in a read session", Time, Some([0.25 * MICRO, 0.55 * MICRO]);
    SCAN = "scan", "scan, per entry", Time, Some([4.0 * NANO, 6.0 * NANO]);
    SCAN_COLD = "scan-cold", "scan, cold, per entry", Time, None;
    PUT = "put", "put, existing key", Time, Some([13.0 * MICRO, 18.0 * MICRO]);
    PUT_COLD = "put-cold", "put, existing key, cold", Time, None;
    PUT_NEW = "put-new", "put, new key", Time, Some([20.0 * MICRO, 28.0 * MICRO]);
    BATCH = "batch", "batch of 1,000 scattered, per edit", Time, Some([4.5 * MICRO, 8.0 * MICRO]);
    DIFF_10_COLD = "diff-10-cold", "diff of 10 changes, cold", Time, Some([20.0 * MICRO, 30.0 * MICRO]);
    DIFF_10 = "diff-10-warm", "diff of 10 changes, warm", Time, Some([20.0 * MICRO, 30.0 * MICRO]);
    DIFF_1000_COLD = "diff-1000-cold", "diff of 1,000 changes, cold", Time, Some([1_500.0 * MICRO, 2_500.0 * MICRO]);
    DIFF_1000 = "diff-1000-warm", "diff of 1,000 changes, warm", Time, Some([1_500.0 * MICRO, 2_500.0 * MICRO]);
    MERGE_10_COLD = "merge-10-cold", "merge 10 + 10 scattered, cold", Time, Some([30.0 * MICRO, 50.0 * MICRO]);
    MERGE_10 = "merge-10-warm", "merge 10 + 10 scattered, warm", Time, Some([30.0 * MICRO, 50.0 * MICRO]);
    MERGE_1000_COLD = "merge-1000-cold", "merge 1,000 + 1,000 scattered, cold", Time, Some([3_000.0 * MICRO, 5_000.0 * MICRO]);
    MERGE_1000 = "merge-1000-warm", "merge 1,000 + 1,000 scattered, warm", Time, Some([3_000.0 * MICRO, 5_000.0 * MICRO]);
    MERGE_RESOLVER = "merge-1000-resolver", "merge 1,000 + 1,000 scattered, 10 conflicts, resolver", Time, Some([3_000.0 * MICRO, 5_000.0 * MICRO]);
    MERGE_RANGES = "merge-ranges", "merge 1,000 + 1,000, two ranges", Time, Some([30.0 * MICRO, 100.0 * MICRO]);
    NAME = "name", "name for a version, give", Time, None;
    NAMED = "named", "name for a version, open", Time, None;
    BRANCH = "branch", "branch, make", Time, None;
    CHECKOUT = "checkout", "branch, checkout", Time, None;
    PROVE = "proof-make", "proof of a key, make", Time, None;
    VERIFY = "proof-verify", "proof of a key, verify", Time, None;
    PROOF_BYTES = "proof-bytes", "proof of a key, size", Bytes, Some([16_384.0, 16_384.0]);
    STORED = "stored", "bytes stored / raw", Number, Some([1.05, 1.05]);
    REWRITTEN_MEAN = "rewritten-mean", "leaves rewritten by one insert, mean", Number, Some([1.4, 1.4]);
    REWRITTEN_P99 = "rewritten-p99", "leaves rewritten by one insert, p99", Number, Some([4.0, 4.0]);
    REWRITTEN_BYTES = "rewritten-bytes", "bytes of nodes written by one insert, mean", Bytes, None;
    DISK_BYTES = "disk-bytes", "bytes on disk / raw", Number, None;
    DISK_LOAD = "disk-load", "load of everything in one durable commit", Rate, None;
    DISK_GET = "disk-get", "get, cold", Time, None;
    DISK_SCAN = "disk-scan", "scan, cold, per entry", Time, None;
    COMMIT = "commit", "durable commit of one change", Time, Some([1_000.0 * MICRO, 1_000.0 * MICRO]);
    COMMIT_1000 = "commit-1000", "durable commit of 1,000 changes, per change", Time, None;
}
