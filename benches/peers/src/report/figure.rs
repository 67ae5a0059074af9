//! How figures are written.

use super::{Clock, Outcome};
use crate::row::{Row, Unit};

/// Fewer repetitions than this are marked.
const ENOUGH: usize = 5;

/// A figure with its unit.
pub(super) fn show(row: &Row, outcome: &Outcome, clock: Clock) -> String {
    let number = outcome.figure(clock).map(|figure| number(row.unit, figure));
    match (outcome, number) {
        (Outcome::Wrong(reason), _) => format!("**wrong**: {reason}"),
        (Outcome::Time { repetitions, .. }, Some(text)) if *repetitions < ENOUGH => {
            format!("{text} (×{repetitions})")
        }
        (_, text) => text.unwrap_or_default(),
    }
}

/// Ours divided by a peer's: below 1, ours is ahead.
pub(super) fn ratio(ours: Option<&Outcome>, peer: Option<&Outcome>, clock: Clock) -> String {
    let of = |outcome: Option<&Outcome>| outcome.and_then(|outcome| outcome.figure(clock));
    match (of(ours), of(peer)) {
        (Some(ours), Some(peer)) if peer > 0.0 => {
            let ratio = significant(ours / peer);
            if ours > peer {
                format!("**{ratio}**")
            } else {
                ratio
            }
        }
        _ => "—".to_owned(),
    }
}

/// The target and whether all of ours hold it.
pub(super) fn target(row: &Row, entries: usize, ours: &[&Outcome]) -> [String; 2] {
    let Some(targets) = row.target else {
        return ["—".to_owned(), "—".to_owned()];
    };
    let target = targets[usize::from(entries > 100_000)];
    let sign = if row.unit == Unit::Rate { "≥" } else { "≤" };
    let reaches = |outcome: &&Outcome| {
        let figure = outcome.figure(Clock::Cpu);
        figure.is_some_and(|figure| figure <= target)
    };
    let holds = if ours.is_empty() {
        "—"
    } else if ours.iter().all(reaches) {
        "yes"
    } else {
        "**no**"
    };
    [
        format!("{sign} {}", number(row.unit, target)),
        holds.to_owned(),
    ]
}

/// A number of entries.
pub(super) fn size(entries: usize) -> String {
    match entries {
        million if million % 1_000_000 == 0 => format!("{} M", million / 1_000_000),
        thousand if thousand % 1_000 == 0 => format!("{} k", thousand / 1_000),
        other => other.to_string(),
    }
}

fn number(unit: Unit, figure: f64) -> String {
    match unit {
        Unit::Rate => format!("{} M/s", significant(1e-6 / figure)),
        Unit::Time => time(figure),
        Unit::Bytes if figure >= 1024.0 => format!("{} KiB", significant(figure / 1024.0)),
        Unit::Bytes => format!("{figure:.0} B"),
        Unit::Number => format!("{figure:.3}"),
    }
}

fn time(seconds: f64) -> String {
    let (factor, unit) = match seconds {
        s if s < 1e-6 => (1e9, "ns"),
        s if s < 1e-3 => (1e6, "µs"),
        s if s < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", significant(seconds * factor))
}

/// Three digits, or the whole number if it has more.
fn significant(number: f64) -> String {
    let decimals = match number.abs() {
        n if n >= 100.0 => 0,
        n if n >= 10.0 => 1,
        n if n >= 1.0 => 2,
        n if n >= 0.1 => 3,
        n if n >= 0.01 => 4,
        _ => 5,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{ratio, show, target};
    use crate::clock::Time;
    use crate::report::{Clock, Outcome};
    use crate::row::{BUILD_SORTED, GET, STORED};

    fn time(cpu: f64) -> Outcome {
        Outcome::Time {
            time: Time {
                cpu,
                wall: 2.0 * cpu,
            },
            repetitions: 5,
        }
    }

    #[test]
    fn a_figure_has_three_digits_and_a_unit() {
        assert_eq!(show(&GET, &time(1.234_5e-6), Clock::Cpu), "1.23 µs");
        assert_eq!(show(&GET, &time(0.612_3), Clock::Wall), "1.22 s");
        assert_eq!(show(&BUILD_SORTED, &time(0.5e-6), Clock::Cpu), "2.00 M/s");
        assert_eq!(show(&STORED, &Outcome::Figure(1.0512), Clock::Cpu), "1.051");
    }

    #[test]
    fn a_ratio_above_one_stands_out_and_a_wrong_answer_has_none() {
        assert_eq!(
            ratio(Some(&time(1.0)), Some(&time(4.0)), Clock::Cpu),
            "0.250"
        );
        assert_eq!(
            ratio(Some(&time(4.0)), Some(&time(1.0)), Clock::Cpu),
            "**4.00**"
        );
        let wrong = Outcome::Wrong("finds 0 of 10".to_owned());
        assert_eq!(ratio(Some(&time(1.0)), Some(&wrong), Clock::Cpu), "—");
    }

    #[test]
    fn a_target_holds_if_the_figure_is_no_more() {
        assert_eq!(
            target(&GET, 100_000, &[&time(0.25e-6)]),
            ["≤ 250 ns", "yes"]
        );
        assert_eq!(
            target(&GET, 1_000_000, &[&time(0.56e-6)]),
            ["≤ 550 ns", "**no**"]
        );
        assert_eq!(target(&GET, 100_000, &[]), ["≤ 250 ns", "—"]);
    }
}
