//! Moments as people write them in a revision: dates, times and "2 days ago".

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use prollytree_plugin_api::Timestamp;

use super::clock::Clock;

/// A moment that may depend on the clock or on the local time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A moment that was given in full.
    At(Timestamp),
    /// A local date and time.
    Local(DateTime),
    /// So long before the present.
    Ago(Duration),
}

impl Moment {
    /// Reads `2024-01-31T10:00:00Z`, `2024-01-31 10:00` in local time, `2024-01-31` (its first
    /// moment in local time), `now`, `yesterday` (a day ago, as in Git), or `3 hours ago` with
    /// seconds, minutes, hours, days or weeks; dots may stand for spaces. `None` if it is none of
    /// these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(full) = text.parse::<jiff::Timestamp>() {
            return Some(Self::At(Timestamp(full.as_microsecond())));
        }
        if let Ok(local) = text.parse::<DateTime>() {
            return Some(Self::Local(local));
        }
        if let Ok(date) = text.parse::<Date>() {
            return Some(Self::Local(date.to_datetime(Time::midnight())));
        }
        match text.to_ascii_lowercase().as_str() {
            "now" => Some(Self::Ago(Duration::ZERO)),
            "yesterday" => Some(Self::Ago(Duration::from_hours(24))),
            other => ago(other).map(Self::Ago),
        }
    }

    /// Returns the moment that is meant now and here.
    #[must_use]
    pub fn resolve(&self, clock: &dyn Clock) -> Timestamp {
        match self {
            Self::At(moment) => *moment,
            Self::Local(local) => to_utc(*local, clock),
            Self::Ago(duration) => clock.now().before(*duration),
        }
    }
}

const MINUTE: i64 = 60_000_000;

fn ago(text: &str) -> Option<Duration> {
    let text = text.replace(['.', '_'], " ");
    let mut words = text.split_whitespace();
    let (count, unit) = (words.next()?, words.next()?);
    if words.next() != Some("ago") || words.next().is_some() {
        return None;
    }
    let count: u32 = if count == "a" || count == "an" {
        1
    } else {
        count.parse().ok()?
    };
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => 1,
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        "week" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(seconds).saturating_mul(count))
}

/// Finds the moment at which local clocks show `local`. The offset is that of the moment itself,
/// found by guessing twice; in the hour that a change of clocks skips or repeats, either is right.
fn to_utc(local: DateTime, clock: &dyn Clock) -> Timestamp {
    // A civil time always lies within the range of timestamps widened by a day's offset.
    let as_utc = local.to_zoned(jiff::tz::TimeZone::UTC).map_or_else(
        |_| if local.year() < 0 { i64::MIN } else { i64::MAX },
        |zoned| zoned.timestamp().as_microsecond(),
    );
    let minus_offset = |guess: Timestamp| {
        Timestamp(as_utc.saturating_sub(i64::from(clock.offset_minutes(guess)) * MINUTE))
    };
    minus_offset(minus_offset(Timestamp(as_utc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Berlin;

    impl Clock for Berlin {
        fn now(&self) -> Timestamp {
            at("2024-01-31T23:30:00Z")
        }

        fn offset_minutes(&self, at: Timestamp) -> i16 {
            // Summer time from the last Sunday of March 2024.
            if at.0 >= self::at("2024-03-31T01:00:00Z").0 {
                120
            } else {
                60
            }
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let cases = [
            ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
            ("2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00Z"),
            ("2024-01-31T10:00:00.000001Z", "2024-01-31T10:00:00.000001Z"),
            ("2024-01-31 10:00", "2024-01-31T09:00:00Z"),
            ("2024-07-01T10:00:00", "2024-07-01T08:00:00Z"),
            ("2024-01-31", "2024-01-30T23:00:00Z"),
            ("now", "2024-01-31T23:30:00Z"),
            ("Yesterday", "2024-01-30T23:30:00Z"),
            ("2 hours ago", "2024-01-31T21:30:00Z"),
            ("1.day.ago", "2024-01-30T23:30:00Z"),
            ("a week ago", "2024-01-24T23:30:00Z"),
        ];
        for (text, expected) in cases {
            let moment = Moment::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(moment.resolve(&Berlin), at(expected), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_moment() {
        for text in [
            "",
            "1",
            "-1",
            "tomorrow",
            "today",
            "2024-13-01",
            "ago",
            "2 fortnights ago",
            "x days ago",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert!(Moment::parse("4294967295 weeks ago").is_some(), "saturates");
        let earliest = Moment::parse("-009999-01-01").unwrap().resolve(&Berlin);
        assert!(earliest < Moment::parse("9999-12-31").unwrap().resolve(&Berlin));
    }
}
