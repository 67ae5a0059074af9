//! Moments for people and for programs.

use prollytree_plugin_api::Timestamp;
use serde_json::Value;

use jiff::tz::{Offset, TimeZone};

/// Returns a moment as in `2026-01-31 10:00:00 +0100`.
pub(crate) fn shown_time(time: Timestamp, offset_minutes: i16) -> String {
    zoned(time, offset_minutes).map_or_else(
        || out_of_range(time),
        |zoned| zoned.strftime("%F %T %z").to_string(),
    )
}

/// Returns a moment as RFC 3339 writes it, to the microsecond.
pub(crate) fn json_time(time: Timestamp, offset_minutes: i16) -> Value {
    let text = zoned(time, offset_minutes).map_or_else(
        || out_of_range(time),
        |zoned| zoned.strftime("%FT%T%.6f%:z").to_string(),
    );
    Value::from(text)
}

fn zoned(time: Timestamp, offset_minutes: i16) -> Option<jiff::Zoned> {
    let moment = jiff::Timestamp::from_microsecond(time.0).ok()?;
    let offset = Offset::from_seconds(i32::from(offset_minutes) * 60).ok()?;
    Some(moment.to_zoned(TimeZone::fixed(offset)))
}

fn out_of_range(time: Timestamp) -> String {
    format!("{} microseconds from 1970", time.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_the_zone_of_its_author() {
        let time = Timestamp(1_769_850_000_000_007);
        assert_eq!(shown_time(time, 60), "2026-01-31 10:00:00 +0100");
        assert_eq!(
            json_time(time, -330),
            Value::from("2026-01-31T03:30:00.000007-05:30")
        );
        assert_eq!(
            shown_time(Timestamp(i64::MAX), 0),
            "9223372036854775807 microseconds from 1970"
        );
    }
}
