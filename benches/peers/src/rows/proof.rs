//! Proofs that a key has a value.

use crate::Result;
use crate::bench::{Bench, Check};
use crate::clock::median;
use crate::engine::Engine;
use crate::row::{PROOF_BYTES, PROVE, VERIFY};

const PROOFS: usize = 1_000;

pub(crate) fn run<E: Engine>(bench: &mut Bench<'_>, engine: &E, base: &E::Map) -> Result<()> {
    let keys = bench.data.some_keys(0, PROOFS);
    if ![&PROVE, &VERIFY, &PROOF_BYTES]
        .iter()
        .any(|row| bench.wants(row))
        || engine.prove(base, keys[0]).is_none()
    {
        return Ok(());
    }
    let prove = || {
        keys.iter()
            .map(|key| engine.prove(base, key))
            .collect::<Option<Result<Vec<_>>>>()
    };
    bench.time(
        &PROVE,
        PROOFS,
        |_| Ok(()),
        |()| prove(),
        |(), proofs| Ok(Check::count(proofs.len() as u64, PROOFS as u64)),
    )?;
    let proofs = prove().unwrap_or_else(|| Ok(Vec::new()))?;
    verify(bench, engine, base, &proofs)
}

/// Measures proofs and verifies what is true, if what is false is refused: the value of the next key.
fn verify<E: Engine>(
    bench: &mut Bench<'_>,
    engine: &E,
    base: &E::Map,
    proofs: &[E::Proof],
) -> Result<()> {
    let data = bench.data;
    let keys = data.some_keys(0, PROOFS);
    let count = |entries: &[(&[u8], &[u8])]| -> Result<u64> {
        let mut verified = 0;
        for (proof, &entry) in proofs.iter().zip(entries) {
            verified += u64::from(engine.verify(base, proof, entry)?);
        }
        Ok(verified)
    };
    let value = |key: &[u8]| {
        let at = data
            .entries
            .partition_point(|(other, _)| other.as_slice() < key);
        data.entries[at].1.as_slice()
    };
    let truths: Vec<_> = keys.iter().map(|key| (*key, value(key))).collect();
    let lies: Vec<_> = keys
        .iter()
        .map(|key| (*key, data.value_of_next(key)))
        .collect();
    let sizes: Vec<_> = proofs
        .iter()
        .map(|proof| engine.proof_bytes(proof))
        .collect::<Result<_>>()?;
    let size = median(sizes.iter().map(|&size| size as f64).collect());
    let forged = count(&lies)?;
    if forged > 0 {
        bench.wrong(&PROOF_BYTES, format!("{size} B that show nothing"));
        bench.wrong(&VERIFY, format!("accepts {forged} of {PROOFS} lies"));
        return Ok(());
    }
    bench.figure(&PROOF_BYTES, size);
    bench.time(
        &VERIFY,
        PROOFS,
        |_| Ok(()),
        |()| Some(count(&truths)),
        |(), &verified| Ok(Check::count(verified, PROOFS as u64)),
    )
}
