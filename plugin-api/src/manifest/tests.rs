//! Manifests are written by constants and read by a parser that knows nothing of the writer.

use serde_json::json;

use super::*;

const FIELDS: &[OptionField] = &[
    OptionField {
        name: "path",
        value_type: "path",
        default: None,
        optional: false,
        doc: " Where \"it\" is,\n on two lines.\n\n     indented \\ and \u{1}",
    },
    OptionField {
        name: "wait",
        value_type: "duration",
        default: Some("5s"),
        optional: true,
        doc: "Wie lange → ü",
    },
];
const OFFER: Offer = Offer {
    kind: ExportKind::Backend,
    name: "acme-2",
    version: "1.2.3",
    about: "Tab\there",
    options: FIELDS,
};
const BUILD: Build = Build {
    abi: 4_294_967_295,
    api: 10,
    target: "t",
    rustc: "r",
    panic: "unwind",
    symbol: "s",
};
const TEXT: [u8; write::length(&OFFER, &BUILD)] = write::array(&OFFER, &BUILD);

#[test]
fn a_manifest_made_by_a_constant_is_json_with_every_character_kept() {
    let value: serde_json::Value = serde_json::from_slice(&TEXT).unwrap();
    let expected = json!({
        "manifest": 1,
        "kind": "backend",
        "name": "acme-2",
        "version": "1.2.3",
        "about": "Tab\there",
        "options": [
            {
                "name": "path",
                "type": "path",
                "optional": false,
                "doc": "Where \"it\" is,\non two lines.\n\n    indented \\ and \u{1}",
            },
            {
                "name": "wait",
                "type": "duration",
                "default": "5s",
                "optional": true,
                "doc": "Wie lange → ü",
            },
        ],
        "abi": 4_294_967_295_u32,
        "api": 10,
        "target": "t",
        "rustc": "r",
        "panic": "unwind",
        "symbol": "s",
    });
    assert_eq!(value, expected);
}

#[test]
fn a_section_holds_any_number_of_manifests() {
    assert_eq!(Manifest::parse_section(b"").unwrap(), []);
    let one = Manifest::parse(std::str::from_utf8(&TEXT).unwrap()).unwrap();
    let section = [&TEXT[..], &TEXT, b"\0\0", &TEXT, b"\0"].concat();
    assert_eq!(
        Manifest::parse_section(&section).unwrap(),
        [one.clone(), one.clone(), one]
    );
}

#[test]
fn what_is_no_manifest_is_refused_with_the_reason() {
    let good: serde_json::Value = serde_json::from_slice(&TEXT).unwrap();
    let cases = [
        (
            "manifest",
            json!(2),
            "it has form 2, and this host reads form 1",
        ),
        ("name", json!("../x"), "`../x` is not a name"),
        (
            "kind",
            json!("sorcerer"),
            "this host knows no kind `sorcerer`",
        ),
        (
            "abi",
            json!(-1),
            "its field `abi` is missing or of another type",
        ),
        (
            "options",
            json!([1]),
            "its field `options` is missing or of another type",
        ),
        (
            "panic",
            json!(null),
            "its field `panic` is missing or of another type",
        ),
    ];
    for (name, value, expected) in cases {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(
            Manifest::parse(&bad.to_string()).unwrap_err().to_string(),
            expected
        );
    }
    assert!(Manifest::parse_section(b"{\"manifest\":").is_err());
    assert!(Manifest::parse_section(b"\xff").is_err());
}

#[test]
fn a_field_of_a_later_version_is_passed_over() {
    let mut later: serde_json::Value = serde_json::from_slice(&TEXT).unwrap();
    later["licence"] = json!("MIT");
    assert_eq!(Manifest::parse(&later.to_string()).unwrap().name, "acme-2");
}

#[test]
fn names_are_what_a_config_file_can_use() {
    for name in ["a", "redb", "s3", "acme-2"] {
        assert!(is_name(name), "{name}");
    }
    for name in [
        "",
        "S3",
        "3s",
        "-a",
        "a_b",
        "a b",
        "a/b",
        "ü",
        &"a".repeat(65),
    ] {
        assert!(!is_name(name), "{name}");
    }
}
