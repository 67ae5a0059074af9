//! A simulation of boundary rules on random hashes: a measurement, and no test.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes far below 2^52"
)]

use prollytree_plugin_api::Hash;

/// The chance that a node ends with an entry, for its sizes before and after.
type Chance = fn(f64, f64) -> f64;

const TARGET: f64 = 4096.0;
const MAX: f64 = 16384.0;

fn weibull(gamma: f64, shape: i32, before: f64, after: f64) -> f64 {
    let hazard = |size: f64| (gamma * size / TARGET).powi(shape);
    1.0 - (hazard(before) - hazard(after)).exp()
}

fn ours(before: f64, after: f64) -> f64 {
    let hazard = |size: f64| (0.892_979_5 * size / TARGET).powi(3);
    let growth = hazard(after) - hazard(before);
    (2.0 * growth / (2.0 + growth)).min(1.0)
}

fn random(seed: u64) -> f64 {
    let word = *Hash::of(&seed.to_le_bytes())
        .as_bytes()
        .first_chunk()
        .unwrap();
    (u64::from_le_bytes(word) >> 11) as f64 / (1_u64 << 53) as f64
}

#[derive(Clone, Copy)]
struct Row {
    weight: f64,
    draw: f64,
}

struct Rule {
    chance: Chance,
    min: f64,
}

impl Rule {
    fn ends(&self, before: f64, row: Row) -> bool {
        let after = before + row.weight;
        after >= MAX || after >= self.min && row.draw < (self.chance)(before, after)
    }

    /// Returns the positions behind which a node ends.
    fn cuts(&self, rows: &[Row]) -> Vec<usize> {
        let mut size = 0.0;
        let mut cuts = Vec::new();
        for (index, &row) in rows.iter().enumerate() {
            if self.ends(size, row) {
                cuts.push(index + 1);
                size = 0.0;
            } else {
                size += row.weight;
            }
        }
        cuts
    }

    /// Returns the bytes and the nodes that are written when a row is inserted.
    fn rewritten(&self, rows: &[Row], cuts: &[usize], at: usize, new: Row) -> (f64, usize) {
        let next = cuts.partition_point(|&cut| cut <= at);
        let start = if next == 0 { 0 } else { cuts[next - 1] };
        let (mut size, mut bytes, mut nodes) = (0.0, 0.0, 0);
        let mut index = start;
        let mut inserted = false;
        while index < rows.len() || !inserted {
            let insert = index == at && !inserted;
            let row = if insert { new } else { rows[index] };
            inserted |= insert;
            index += usize::from(!insert);
            bytes += row.weight;
            let ends = self.ends(size, row);
            size = if ends { 0.0 } else { size + row.weight };
            nodes += usize::from(ends);
            if ends && inserted && cuts.binary_search(&index).is_ok() && !insert {
                break;
            }
        }
        (bytes, nodes)
    }
}

/// Prints the table of `docs/decisions/0002-boundary-rule.md`.
#[test]
#[ignore = "a measurement"]
fn measure_shapes() {
    let rules: [(&str, Chance, f64); 6] = [
        ("K = 2, 512 B", |a, b| weibull(0.886_226_9, 2, a, b), 512.0),
        ("K = 2, 1 KiB", |a, b| weibull(0.886_226_9, 2, a, b), 1024.0),
        ("K = 3, 512 B", |a, b| weibull(0.892_979_5, 3, a, b), 512.0),
        ("K = 3, 1 KiB", |a, b| weibull(0.892_979_5, 3, a, b), 1024.0),
        ("K = 4, 1 KiB", |a, b| weibull(0.906_402_5, 4, a, b), 1024.0),
        ("ours (K = 3, 1 KiB)", ours, 1024.0),
    ];
    for (rows, fixed) in [("116 B", true), ("30..600 B", false)] {
        let row = |n: u64| Row {
            weight: if fixed {
                116.0
            } else {
                (30.0 + 570.0 * random(n << 32)).floor()
            },
            draw: random(n << 32 | 1),
        };
        let all: Vec<Row> = (0..200_000).map(row).collect();
        for (name, chance, min) in rules {
            let rule = Rule { chance, min };
            let cuts = rule.cuts(&all);
            let ends = cuts.iter().copied();
            let starts = std::iter::once(0).chain(ends.clone());
            let mut sizes: Vec<f64> = starts
                .zip(ends)
                .map(|(start, end)| all[start..end].iter().map(|row| row.weight).sum())
                .collect();
            let (mean, deviation) = moments(&sizes);
            let seen =
                sizes.iter().map(|size| size * size).sum::<f64>() / sizes.iter().sum::<f64>();
            sizes.sort_by(f64::total_cmp);
            let inserts = (0..3_000_u64).map(|n| {
                let at = (random(n << 32 | 2) * all.len() as f64) as usize;
                rule.rewritten(&all, &cuts, at, row(1_000_000 + n))
            });
            let (mut bytes, nodes): (Vec<f64>, Vec<usize>) = inserts.unzip();
            let written = moments(&bytes).0;
            bytes.sort_by(f64::total_cmp);
            let mean_nodes = nodes.iter().sum::<usize>() as f64 / nodes.len() as f64;
            println!(
                "| {rows} | {name} | {mean:.0} | {:.2} | {:.0} | {:.0} | {seen:.0} | \
                 {written:.0} | {:.0} | {mean_nodes:.2} |",
                deviation / mean,
                sizes[sizes.len() * 99 / 100],
                sizes[sizes.len() - 1],
                bytes[bytes.len() * 99 / 100],
            );
        }
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (squares / count).sqrt())
}
