//! Keys and values are bytes, and stay what they are.

use std::ffi::OsStr;

use serde_json::json;

use super::support::Place;

#[test]
fn a_value_comes_back_byte_by_byte() {
    let place = Place::with_store();
    let value: Vec<u8> = (0..=255).chain(*b"\r\n\n").collect();
    let ran = place.run_with(&value, ["set", "all", "--stdin"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(place.run(["get", "all"]).out, value);
    place.write("value", &value);
    place.ok(["set", "from-file", "--file", "value"]);
    assert_eq!(place.run(["get", "from-file"]).out, value);
    place.ok(["set", "empty", ""]);
    let ran = place.run(["get", "empty"]);
    assert_eq!((ran.code, ran.out.as_slice()), (0, b"".as_slice()));
}

#[test]
fn a_large_value_comes_back_piece_by_piece() {
    let place = Place::with_store();
    let numbers = (0_u32..2_000_000).map(|n| n.wrapping_mul(2_654_435_761));
    let value: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    place.write("value", &value);
    place.ok(["set", "from-file", "--file", "value"]);
    assert!(place.run(["get", "from-file"]).out == value);
    let longer = [&value[..], b"more"].concat();
    let ran = place.run_with(&longer, ["set", "from-input", "--stdin"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.ok(["commit", "-m", "two large values"]);
    assert!(place.run(["get", "from-input", "--at", "HEAD"]).out == longer);
    let said = place.fails(2, ["set", "folder", "--file", "."]);
    assert!(said.contains("is a directory"), "{said}");
}

#[test]
fn what_is_not_text_survives_json() {
    let place = Place::with_store();
    place.ok(["set", "--base64", "/wA=", "gIA="]);
    place.ok(["set", "text", "{\"base64\": \"x\"}"]);
    let listed = place.run(["list", "--values", "--format", "json"]).json();
    assert_eq!(
        listed,
        json!([
            {"key": "text", "value": "{\"base64\": \"x\"}"},
            {"key": {"base64": "/wA="}, "value": {"base64": "gIA="}},
        ])
    );
    assert_eq!(place.run(["get", "--base64", "/wA="]).out, b"\x80\x80");
    let got = place
        .run(["get", "--base64", "/wA=", "--format", "json"])
        .json();
    assert_eq!(got, listed[1]);
    assert_eq!(place.ok(["list"]), "text\n\\xff\\x00\n");
    assert_eq!(
        place.fails(2, ["get", "--base64", "?"]),
        "error: `?` is not Base64\n"
    );
}

#[cfg(unix)]
#[test]
fn an_argument_can_be_any_bytes() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::with_store();
    let key = OsStr::from_bytes(b"a\xff");
    place.ok([OsStr::new("set"), key, OsStr::from_bytes(b"\xfe")]);
    assert_eq!(place.run([OsStr::new("get"), key]).out, b"\xfe");
    assert_eq!(
        place.ok(["list", "--base64", "--prefix", "Yf8="]),
        "a\\xff\n"
    );
}

#[test]
fn nothing_that_a_terminal_obeys_gets_there() {
    let place = Place::with_store();
    place.ok(["set", "a\u{1b}[2Jb\tc\nd", "\u{202e}x"]);
    assert_eq!(
        place.ok(["list", "--values"]),
        "a\\x1b[2Jb\\tc\\nd\t\\xe2\\x80\\xaex\n"
    );
    let message = "first\u{1b}]0;title\u{7}";
    let ran = place.run(["commit", "-m", message]);
    assert!(!ran.text().contains(['\u{1b}', '\u{7}']), "{}", ran.text());
    assert!(!place.ok(["log"]).contains(['\u{1b}', '\u{7}']));
}
