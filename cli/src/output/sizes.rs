//! Sizes for people.

/// Returns a size as in `1234567 (1.2 MiB)`.
pub(crate) fn exact_bytes(bytes: u64) -> String {
    match rounded(bytes) {
        None => bytes.to_string(),
        Some(rounded) => format!("{bytes} ({rounded})"),
    }
}

/// Returns a size as in `1.2 MiB`.
pub(crate) fn short_bytes(bytes: u64) -> String {
    rounded(bytes).unwrap_or_else(|| format!("{bytes} B"))
}

/// Returns a size in the unit that fits, if that is not the byte.
fn rounded(bytes: u64) -> Option<String> {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, None);
    for name in UNITS {
        if whole < 1024 {
            break;
        }
        (whole, rest, unit) = (whole / 1024, whole % 1024, Some(name));
    }
    unit.map(|unit| format!("{whole}.{} {unit}", rest * 10 / 1024))
}
