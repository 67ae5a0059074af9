//! Vectors that may never change, and what holds for every vector.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use prollytree_embedder_hash::EMBEDDER;
use prollytree_plugin_api::{Call, Embedder, ErrorKind, Hash, Options};

const CALL: &Call<'static> = &Call::UNLIMITED;

fn open(dim: u32, seed: u64) -> Arc<dyn Embedder> {
    let mut options = Options::new();
    options.insert("dim".into(), dim.into());
    options.insert("seed".into(), seed.into());
    (EMBEDDER.open)(&options).unwrap()
}

fn embed(embedder: &dyn Embedder, texts: &[&str]) -> Vec<f32> {
    let mut out = vec![f32::NAN; texts.len() * embedder.info().dimensions];
    embedder.embed_many(CALL, texts, &mut out).unwrap();
    out
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|number| number.to_bits()).collect()
}

/// The numbers come from twenty lines of Python (hashlib, struct, math.sqrt).
#[test]
fn the_vectors_are_the_golden_ones() {
    let cases: [(&str, u64, [u32; 4]); 4] = [
        ("", 0, [0xbdea_d5fc, 0x3f02_cc6c, 0x3e02_499e, 0x3f57_a686]),
        (
            "hello",
            0,
            [0xbeae_defd, 0xbe0c_3137, 0xbc50_619f, 0x3f6e_0456],
        ),
        (
            "hello",
            7,
            [0xbf08_9beb, 0xbf19_c07c, 0x3dfd_dbcf, 0x3f15_16a7],
        ),
        (
            "grüße, 世界",
            u64::MAX,
            [0xbf11_588c, 0x3ef0_a8bf, 0xbd09_2864, 0x3f2c_cb59],
        ),
    ];
    for (text, seed, expected) in cases {
        let vector = embed(&*open(4, seed), &[text]);
        assert_eq!(bits(&vector), expected, "{text:?} with seed {seed}");
    }
}

#[test]
fn the_default_vector_of_hello_is_the_golden_one() {
    let embedder = (EMBEDDER.open)(&Options::new()).unwrap();
    let vector = embed(&*embedder, &["hello"]);
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(
        Hash::of(&bytes).to_string(),
        "2ee1e23e4ea0d3899f22162997888393ffb2967adb7a6c16c275777d843c2395"
    );
}

#[test]
fn the_identity_names_dimensions_and_seed() {
    let info = (EMBEDDER.open)(&Options::new()).unwrap().info();
    assert_eq!(info.id, "prollytree:hash-embedder/v1");
    assert_eq!(info.version, "dim=384;seed=0");
    assert_eq!((info.dimensions, info.max_input), (384, None));
    assert!(info.normalized);
    assert_eq!(open(8, 42).info().version, "dim=8;seed=42");
}

#[test]
fn a_batch_gives_what_single_calls_give() {
    let embedder = open(37, 3);
    let long = "x".repeat(100_000);
    let texts = ["", "a", "b", "a", &long, "\0"];
    let batch = embed(&*embedder, &texts);
    let single: Vec<f32> = texts
        .iter()
        .flat_map(|text| embed(&*embedder, &[text]))
        .collect();
    assert_eq!(bits(&batch), bits(&single));
    assert_eq!(bits(&batch[37..74]), bits(&batch[3 * 37..4 * 37]));
}

#[test]
fn every_vector_has_the_length_one() {
    for dim in [1, 2, 384, 65_536] {
        let embedder = open(dim, 0);
        for text in ["", "a", "ü", "a longer text"] {
            let vector = embed(&*embedder, &[text]);
            let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            assert!((squares - 1.0).abs() < 1e-6, "{text:?} in {dim}: {squares}");
        }
    }
}

#[test]
fn impossible_options_are_refused() {
    let cases = [
        ("dim", 0_u64),
        ("dim", 65_537),
        ("dim", u64::MAX),
        ("dimensions", 4),
    ];
    for (name, value) in cases {
        let mut options = Options::new();
        options.insert(name.into(), value.into());
        let error = (EMBEDDER.open)(&options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::INVALID_CONFIG);
        assert_eq!(error.context("option"), Some(name), "{error}");
    }
}

#[test]
fn wrong_room_for_the_answer_is_refused() {
    let embedder = open(4, 0);
    for room in [0, 3, 5, 8] {
        let result = embedder.embed_many(CALL, &["a"], &mut vec![0.0; room]);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::INVALID_ARGUMENT);
    }
    embedder.embed_many(CALL, &[], &mut []).unwrap();
}

#[test]
fn a_cancelled_call_stops() {
    let flag = AtomicBool::new(true);
    let call = Call::UNLIMITED.with_cancel(&flag);
    let result = open(4, 0).embed_many(&call, &["a"], &mut [0.0; 4]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::CANCELLED);
}
