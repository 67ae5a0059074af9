//! Proofs taken apart and put together again, as somebody does who forges one.

use prollytree_plugin_api::Hash;

/// The bytes of a seal.
pub(crate) const SEAL: usize = 8;

/// Returns the parts of a proof about a store: a commit and a catalog, of one side or of both, and what
/// is said of the namespace.
pub(crate) fn parts(proof: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &proof[10..proof.len() - SEAL];
    let mut parts = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let (part, behind) = behind.split_at(u32::from_le_bytes(*len) as usize);
        parts.push(part.to_vec());
        rest = behind;
    }
    parts
}

/// Makes a proof of a kind of parts, with the seals that whoever forges one gives it, outside and inside.
/// What is too short for a seal gets none.
pub(crate) fn joined(kind: u8, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    let mut bytes = [&b"PROLPROF\x01"[..], &[kind]].concat();
    for part in &mut parts {
        if part.starts_with(b"PROLPROF") && part.len() >= 10 + SEAL {
            part.truncate(part.len() - SEAL);
            *part = sealed(std::mem::take(part));
        }
        bytes.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(part);
    }
    sealed(bytes)
}

pub(crate) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let seal = Hash::of(&bytes);
    bytes.extend(&seal.as_bytes()[..SEAL]);
    bytes
}
