//! Merging JSON: whatever nobody changed stays as it was written, to the last digit.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::merge::resolved;
use super::*;

/// What becomes of a value that begins as `base`; `None` if it stays in conflict.
fn merged(base: Option<&str>, ours: &str, theirs: &str) -> Option<String> {
    // No resolver is asked about two that are the same.
    if ours == theirs {
        return Some(ours.to_owned());
    }
    let handle = |text: &str| {
        let bytes = Buffer::from(text.as_bytes().to_vec());
        ValueHandle::from(Value::from(bytes))
    };
    let conflict = Conflict {
        key: b"k".to_vec(),
        base: base.map(handle),
        ours: Some(handle(ours)),
        theirs: Some(handle(theirs)),
    };
    match MergeJson.resolve(&conflict).unwrap() {
        Resolution::Unresolved => None,
        Resolution::Ours => Some(ours.to_owned()),
        Resolution::Theirs => Some(theirs.to_owned()),
        Resolution::Base => base.map(str::to_owned),
        Resolution::Put(value) => Some(String::from_utf8(value).unwrap()),
        Resolution::Delete => panic!("nothing is removed"),
    }
}

/// Merges, and again with the sides exchanged: nobody can tell who merged.
#[track_caller]
fn merges(base: impl Into<Option<&'static str>>, sides: [&str; 2], expected: &str) {
    let base = base.into();
    let [ours, theirs] = sides;
    assert_eq!(merged(base, ours, theirs).as_deref(), Some(expected));
    assert_eq!(merged(base, theirs, ours).as_deref(), Some(expected));
}

#[track_caller]
fn stays(base: impl Into<Option<&'static str>>, sides: [&str; 2]) {
    let base = base.into();
    let [ours, theirs] = sides;
    assert_eq!(merged(base, ours, theirs), None);
    assert_eq!(merged(base, theirs, ours), None);
}

#[test]
fn json_objects_are_merged_member_by_member() {
    let merge = |base, ours, theirs| resolved([base, Some(ours), Some(theirs)], MergeJson);
    let (merged, conflict) = merge(
        Some(r#"{"a":1,"b":{"x":1,"y":2},"gone":0}"#),
        r#"{"a":2,"b":{"x":1,"y":3},"gone":0,"mine":[1]}"#,
        r#"{ "a": 1, "b": {"x": 9, "y": 2}, "theirs": null }"#,
    );
    assert!(!conflict);
    assert_eq!(
        merged.unwrap(),
        r#"{"a":2,"b":{"x":9,"y":3},"mine":[1],"theirs":null}"#
    );
    let (kept, conflict) = merge(Some(r#"{"a":1}"#), r#"{"a":2}"#, r#"{"a":3}"#);
    assert_eq!((kept.unwrap().as_str(), conflict), (r#"{"a":2}"#, true));
    let removed = [Some("{}"), None, Some(r#"{"a":1}"#)];
    assert_eq!(resolved(removed, MergeJson), (None, true));
    merges(
        None,
        [r#"{"a":1,"c":{"x":1}}"#, r#"{"b":2,"c":{"y":2}}"#],
        r#"{"a":1,"b":2,"c":{"x":1,"y":2}}"#,
    );
    stays("[1]", ["[1,2]", "[1,3]"]);
    stays(r#"{"a":1}"#, [r#"{"a":{"x":1}}"#, r#"{"a":{"y":1}}"#]);
    // One removed what the other changed, or added to.
    stays(r#"{"a":1}"#, ["{}", r#"{"a":2}"#]);
    stays(r#"{"a":{"x":1}}"#, ["{}", r#"{"a":{"x":1,"y":2}}"#]);
    merges(
        r#"{"a":{"x":1},"b":1}"#,
        [r#"{"b":1}"#, r#"{"b":2,"a":{"x":1}}"#],
        r#"{"b":2}"#,
    );
}

#[test]
fn a_number_that_nobody_changed_keeps_its_digits() {
    for number in [
        "12345678901234567890123",
        "1.10",
        "1e400",
        "-0",
        "1E+05",
        "0.1e-999",
    ] {
        let base: &'static str = format!(r#"{{"id":{number},"a":1,"b":1}}"#).leak();
        let ours = format!(r#"{{"id":{number},"a":2,"b":1}}"#);
        let theirs = format!(r#"{{"id":{number},"a":1,"b":2}}"#);
        let both = format!(r#"{{"id":{number},"a":2,"b":2}}"#);
        merges(base, [&ours, &theirs], &both);
        // One side writes it anew; so does one that has it in an array.
        let array: &'static str = r#"{"a":1,"b":[0]}"#;
        let (ours, both) = (
            format!(r#"{{"a":1,"b":[{number},{{"n":{number}}}]}}"#),
            format!(r#"{{"a":2,"b":[{number},{{"n":{number}}}]}}"#),
        );
        merges(array, [&ours, r#"{"a":2,"b":[0]}"#], &both);
    }
}

#[test]
fn numbers_that_differ_in_a_digit_are_in_conflict() {
    let with = |number: &str| format!(r#"{{"id":{number},"a":1}}"#);
    for [ours, theirs] in [
        ["12345678901234567890123", "12345678901234567890124"],
        ["0.1", "0.1000000000000000055511151231257827"],
        ["1e400", "1e401"],
        ["1.1", "1.10"],
        ["1", "1.0"],
        ["0", "-0"],
    ] {
        stays(r#"{"id":5,"a":1}"#, [&with(ours), &with(theirs)]);
        stays(None, [&with(ours), &with(theirs)]);
        let base: &'static str = with(ours).leak();
        let other = with(ours).replace("\"a\":1", "\"a\":2");
        let expected = with(theirs).replace("\"a\":1", "\"a\":2");
        merges(base, [&with(theirs), &other], &expected);
    }
}

#[test]
fn how_a_value_is_written_makes_no_conflict() {
    // Spaces, the order of members, and characters that are written as escapes.
    merges(
        r#"{"a":[1,{"x":1,"y":2}],"\u0062":"é","c":1}"#,
        [
            "{ \"c\" : 2,\r\n\t\"b\":\"\\u00e9\", \"a\" : [ 1 , { \"y\":2 , \"x\":1 } ] }",
            r#"{"a":[1,{"x":1,"y":2}],"b":"é","c":1,"d":0}"#,
        ],
        r#"{"a":[1,{"x":1,"y":2}],"\u0062":"é","c":2,"d":0}"#,
    );
    // What only one side changed is taken from there as it is, also if it is no object.
    merges("[1,2]", ["[ 1, 2 ]", "[ 1,3 ]"], "[ 1,3 ]");
    merges(
        r#"{"a":1,"b":2}"#,
        [r#"{"b":2, "a":1}"#, r#"{ "a": 1 }"#],
        r#"{ "a": 1 }"#,
    );
    // What nobody changed, stays.
    merges(
        r#"{"a":1,"b":2}"#,
        [r#"{"b":2,"a":1}"#, r#"{ "a":1, "b":2 }"#],
        r#"{"a":1,"b":2}"#,
    );
    // What both changed alike, too: the shorter text of two.
    merges("[]", [r#"["\u0061", 1]"#, r#"[ "a",1]"#], r#"["a",1]"#);
    merges(
        None,
        [r#"{"\u0061":"\u0062"}"#, r#"{"a":"b"}"#],
        r#"{"a":"b"}"#,
    );
    stays(r#""a""#, [r#""a ""#, r#""b""#]);
}

#[test]
fn what_stands_in_a_string_is_not_taken_apart() {
    merges(
        r#"{"a,]}:":" ,]}{[: \" \\","\\":"\\\\","b":1,"c":1,"":[]}"#,
        [
            r#"{"a,]}:":" ,]}{[: \" \\","\\":"\\\\","b":2,"c":1,"":[]}"#,
            r#"{"a,]}:" : " ,]}{[: \u0022 \\" , "\\" : "\\\\" , "b" : 1 , "c" : "\\" , "" : [ ] }"#,
        ],
        r#"{"a,]}:":" ,]}{[: \" \\","\\":"\\\\","b":2,"c":"\\","":[]}"#,
    );
}

#[test]
fn members_stand_in_the_order_of_the_base_and_new_ones_by_name() {
    merges(
        r#"{"z":1,"m":1,"a":1}"#,
        [
            r#"{"a":1,"m":1,"z":2,"y":1,"b":1}"#,
            r#"{"n":1,"c":1,"z":1,"m":1,"a":3}"#,
        ],
        r#"{"z":2,"m":1,"a":3,"b":1,"c":1,"n":1,"y":1}"#,
    );
}

#[test]
fn a_name_that_is_given_twice_leaves_the_conflict() {
    let good = [r#"{"a":1,"b":1}"#, r#"{"a":2,"b":1}"#, r#"{"a":1,"b":2}"#];
    merges(good[0], [good[1], good[2]], r#"{"a":2,"b":2}"#);
    for twice in [
        r#"{"a":1,"b":1,"b":1}"#,
        r#"{"a":1,"b":1,"c":1,"\u0063":2}"#,
        r#"{"a":1,"b":1,"c":{"x":1,"x":1}}"#,
        r#"{"a":1,"b":1,"c":[[{"x":1,"x":2}]]}"#,
    ] {
        stays(twice, [good[1], good[2]]);
        stays(good[0], [good[1], twice]);
        stays(None, [r#"{"q":1}"#, twice]);
    }
}

#[test]
fn what_is_no_json_stays_in_conflict() {
    let (base, good) = (r#"{"b":1}"#, r#"{"a":1,"b":1}"#);
    for bad in [
        "",
        " ",
        "{}x",
        "{} {}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":NaN}",
        "{\"a\":nul}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"",
        "{\"a\":\"\\ud800\"}",
        "{\"\\udc00\":1}",
        "{\"a\":1",
        "\u{feff}{}",
        "{,}",
        "{:}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1:2}",
        "]",
        "\"\\\"",
        "{\"a\":1}// no",
    ] {
        stays(base, [good, bad]);
        stays(None, [good, bad]);
        stays(&*bad.to_owned().leak(), [good, r#"{"b":2}"#]);
    }
    let not_text = Resolution::Unresolved;
    let value = |bytes: &[u8]| Some(ValueHandle::from(Value::from(Buffer::from(bytes.to_vec()))));
    let conflict = Conflict {
        key: Vec::new(),
        base: None,
        ours: value(b"{\"a\":\"\xff\"}"),
        theirs: value(b"{}"),
    };
    assert_eq!(MergeJson.resolve(&conflict).unwrap(), not_text);
}

#[test]
fn what_is_nested_too_deep_stays_in_conflict_and_is_no_danger() {
    let nested = |open: &str, inside: &str, close: &str, depth: usize| {
        [&open.repeat(depth), inside, &close.repeat(depth)].concat()
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let base: &'static str =
            format!(r#"{{"x":{},"y":1}}"#, nested(open, "1", close, 127)).leak();
        let (ours, theirs) = (
            base.replace("\"y\":1", "\"y\":2"),
            format!(r#"{{"z":1,{}"#, &base[1..]),
        );
        let expected = format!(r#"{},"z":1}}"#, &ours[..ours.len() - 1]);
        merges(base, [&ours, &theirs], &expected);
        for depth in [128, 1_000_000] {
            let deep = format!(r#"{{"x":{}}}"#, nested(open, "1", close, depth));
            stays(base, [&ours, &deep]);
            stays(None, [r#"{"q":1}"#, &deep]);
        }
    }
}

/// A document as an oracle knows it: numbers are their digits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Document {
    Number(String),
    Object(BTreeMap<String, Document>),
}

use Document::{Number, Object};

/// What two sides that began from one document are together; an error if they are in conflict.
fn merge_documents(
    base: Option<&Document>,
    ours: Option<&Document>,
    theirs: Option<&Document>,
) -> Result<Option<Document>, ()> {
    if base == theirs || ours == theirs {
        return Ok(ours.cloned());
    }
    if base == ours {
        return Ok(theirs.cloned());
    }
    let nothing = Object(BTreeMap::new());
    let (Object(base), Some(Object(ours)), Some(Object(theirs))) =
        (base.unwrap_or(&nothing), ours, theirs)
    else {
        return Err(());
    };
    let names: BTreeSet<_> = base
        .keys()
        .chain(ours.keys())
        .chain(theirs.keys())
        .collect();
    let mut merged = BTreeMap::new();
    for name in names {
        let member = merge_documents(base.get(name), ours.get(name), theirs.get(name))?;
        merged.extend(member.map(|member| (name.clone(), member)));
    }
    Ok(Some(Object(merged)))
}

/// Writes a document in one of several ways.
fn written(document: &Document, style: u8) -> String {
    let members = match document {
        Number(digits) => return digits.clone(),
        Object(members) => members,
    };
    let space = [" ", "\n\t", "", ""][usize::from(style % 4)];
    let mut texts: Vec<String> = (members.iter())
        .map(|(name, value)| {
            let name = match style & 4 {
                0 => name.clone(),
                _ => format!("\\u{:04x}", name.as_bytes()[0]),
            };
            let value = written(value, style.rotate_left(1));
            format!("{space}\"{name}\"{space}:{space}{value}{space}")
        })
        .collect();
    if style & 8 != 0 {
        texts.reverse();
    }
    format!("{{{}}}", texts.join(","))
}

/// Reads a document, in which no name is given twice.
fn read(text: &str) -> Document {
    fn members(text: &str) -> Document {
        if !text.starts_with('{') {
            return Number(text.to_owned());
        }
        let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
        Object(
            raw.into_iter()
                .map(|(name, value)| (name, members(value.get())))
                .collect(),
        )
    }
    let document = members(text);
    let mut places = BTreeMap::new();
    flatten(Some(&document), "", &mut places);
    // No name and no number has a colon.
    assert_eq!(places.len() - 1, text.matches(':').count(), "{text}");
    document
}

/// Returns what a document has at each place.
fn flatten(document: Option<&Document>, place: &str, places: &mut BTreeMap<String, String>) {
    match document {
        None => {}
        Some(Number(digits)) => drop(places.insert(place.to_owned(), digits.clone())),
        Some(Object(members)) => {
            places.insert(place.to_owned(), "{}".to_owned());
            for (name, value) in members {
                flatten(Some(value), &format!("{place}/{name}"), places);
            }
        }
    }
}

fn numbers() -> impl Strategy<Value = Document> {
    let digits = prop_oneof![
        3 => (0..4).prop_map(|n| format!("1234567890123456789012{n}")),
        1 => prop::sample::select(vec!["1", "1.0", "1.10", "1e400", "0.1", "0.10000000000000001"])
            .prop_map(str::to_owned),
    ];
    digits.prop_map(Number)
}

fn objects() -> impl Strategy<Value = Document> {
    let members = |value| prop::collection::btree_map("[a-d]", value, 0..4).prop_map(Object);
    let inner = members(numbers().boxed()).boxed();
    let middle = members(prop_oneof![numbers(), inner].boxed());
    members(prop_oneof![numbers(), middle].boxed())
}

/// Changes a document here and there.
fn edited(document: &Document, edits: &[(Vec<String>, Option<Document>)]) -> Document {
    let mut document = document.clone();
    for (path, value) in edits {
        let mut at = &mut document;
        for (index, name) in path.iter().enumerate() {
            let Object(members) = at else { break };
            if index + 1 < path.len() && matches!(members.get(name), Some(Object(_))) {
                at = members.get_mut(name).unwrap();
                continue;
            }
            match value {
                Some(value) => drop(members.insert(name.clone(), value.clone())),
                None => drop(members.remove(name)),
            }
            break;
        }
    }
    document
}

fn edits() -> impl Strategy<Value = Vec<(Vec<String>, Option<Document>)>> {
    let path = prop::collection::vec("[a-e]", 1..4);
    let value = prop_oneof![4 => numbers(), 1 => objects()];
    prop::collection::vec((path, prop::option::weighted(0.8, value)), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_merge_of_json_is_the_merge_of_the_documents(
        base in objects(),
        ours in edits(),
        theirs in edits(),
        both_added in prop::bool::weighted(0.2),
        styles in any::<[u8; 3]>(),
    ) {
        let (ours, theirs) = (edited(&base, &ours), edited(&base, &theirs));
        let base = (!both_added).then_some(&base);
        let base_text = base.map(|base| written(base, styles[0]));
        let base_text = base_text.as_deref();
        let (our_text, their_text) = (written(&ours, styles[1]), written(&theirs, styles[2]));
        let found = merged(base_text, &our_text, &their_text);
        prop_assert_eq!(&merged(base_text, &their_text, &our_text), &found);
        let expected = merge_documents(base, Some(&ours), Some(&theirs)).ok();
        prop_assert_eq!(found.as_deref().map(read), expected.map(Option::unwrap));
        let Some(found) = found else { return Ok(()) };
        for side in [&our_text, &their_text, &found] {
            let again = merged(base_text, &found, side);
            prop_assert_eq!(again.as_deref().map(read), Some(read(&found)), "again");
        }

        // Place by place: what one side left alone is as the other side has it.
        let places = [base, Some(&ours), Some(&theirs), Some(&read(&found))].map(|document| {
            let mut places = BTreeMap::new();
            flatten(document, "", &mut places);
            places
        });
        for place in places.iter().flat_map(BTreeMap::keys) {
            let [base, ours, theirs, found] = places.each_ref().map(|places| places.get(place));
            prop_assert!(found == ours || found == theirs, "{} is invented", place);
            prop_assert!(base != ours || found == theirs, "{} is not theirs", place);
            prop_assert!(base != theirs || found == ours, "{} is not ours", place);
        }
    }

    /// Members that only one side touched are never in conflict.
    #[test]
    fn changes_of_different_members_are_both_taken(
        base in objects(),
        ours in objects(),
        theirs in objects(),
        styles in any::<[u8; 3]>(),
    ) {
        let (Object(base), Object(ours), Object(theirs)) = (base, ours, theirs) else { panic!() };
        let is_ours = |name: &str| name < "c";
        let mine = |ours: &BTreeMap<String, Document>, theirs: &BTreeMap<String, Document>| {
            let (mut all, theirs) = (ours.clone(), theirs.clone());
            all.retain(|name, _| is_ours(name));
            all.extend(theirs.into_iter().filter(|(name, _)| !is_ours(name)));
            Object(all)
        };
        let (our_text, their_text) = (
            written(&mine(&ours, &base), styles[0]),
            written(&mine(&base, &theirs), styles[1]),
        );
        let base = written(&Object(base), styles[2]);
        let found = merged(Some(&base), &our_text, &their_text);
        prop_assert_eq!(found.as_deref().map(read), Some(mine(&ours, &theirs)));
    }
}
