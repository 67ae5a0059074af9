//! Rows of every format, good and bad.

use std::convert::Infallible;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::output::{base64, json_bytes};

fn rule(key: &str, value: &str) -> EntryRule {
    EntryRule {
        key: (!key.is_empty()).then(|| key.parse().unwrap()),
        value: (!value.is_empty()).then(|| value.to_owned()),
    }
}

fn read(format: RowFormat, text: impl AsRef<[u8]>, rule: &EntryRule) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let read = read_entries::<Infallible>(text.as_ref(), format, rule, &mut |_, entry| {
        entries.push(entry);
        Ok(())
    });
    match read {
        Ok(()) => Ok(entries),
        Err(Stopped::Bad(bad)) => Err(format!("{}: {}", bad.place, bad.reason)),
    }
}

fn pairs(entries: Result<Vec<Entry>, String>) -> Vec<(String, String)> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    entries
        .unwrap()
        .into_iter()
        .map(|entry| (text(entry.key), text(entry.value)))
        .collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn the_same_facts_give_the_same_bytes_in_any_order() {
    let rule = rule("{type}/{subtype}", "");
    let jsonl = "\u{feff}{\"type\":\"text\",\"subtype\":\"html\"}\n\n{ \"subtype\": \"x\\u002dy\", \
                 \"type\": \"app\" }";
    let array = "[{\"subtype\":\"html\",\"type\":\"text\"},{\"type\":\"app\",\"subtype\":\"x-y\"}]";
    let csv = "subtype,type\nhtml,text\nx-y,app\n";
    let tsv = "type\tsubtype\r\ntext\thtml\r\napp\tx-y\r\n";
    let expected = [
        pair("text/html", "{\"subtype\":\"html\",\"type\":\"text\"}"),
        pair("app/x-y", "{\"subtype\":\"x-y\",\"type\":\"app\"}"),
    ];
    assert_eq!(pairs(read(RowFormat::Jsonl, jsonl, &rule)), expected);
    assert_eq!(pairs(read(RowFormat::Json, array, &rule)), expected);
    assert_eq!(pairs(read(RowFormat::Csv, csv, &rule)), expected);
    assert_eq!(pairs(read(RowFormat::Tsv, tsv, &rule)), expected);
}

#[test]
fn nothing_of_a_value_is_lost() {
    let row = "{\"id\": 7, \"n\": 12345678901234567890123.50, \"deep\": {\"b\": [1 , {\"y\":null,\
               \"x\":true}], \"a\": \"\\u00e9\\n\"}}";
    let entries = pairs(read(RowFormat::Jsonl, row, &rule("id", "")));
    let value = "{\"deep\":{\"a\":\"é\\n\",\"b\":[1,{\"x\":true,\"y\":null}]},\"id\":7,\
                 \"n\":12345678901234567890123.50}";
    assert_eq!(entries, [pair("7", value)]);
}

#[test]
fn one_column_can_be_the_value() {
    let row = "{\"k\":\"a\",\"v\":\"text\",\"w\":{\"b\":1,\"a\":2}}";
    assert_eq!(
        pairs(read(RowFormat::Jsonl, row, &rule("k", "v"))),
        [pair("a", "text")]
    );
    let object = pairs(read(RowFormat::Jsonl, row, &rule("k", "w")));
    assert_eq!(object, [pair("a", "{\"a\":2,\"b\":1}")]);
}

#[test]
fn what_export_wrote_is_read_back_byte_by_byte() {
    let row = "{\"key\":{\"base64\":\"/w==\"},\"value\":\"{}\"}";
    let entries = read(RowFormat::Jsonl, row, &rule("", "")).unwrap();
    assert_eq!(
        entries,
        [Entry {
            key: vec![0xff],
            value: b"{}".to_vec()
        }]
    );
    let entries = read(RowFormat::Csv, b"key,value\n\xff,\"a\nb\"\n", &rule("", "")).unwrap();
    assert_eq!(
        entries,
        [Entry {
            key: vec![0xff],
            value: b"a\nb".to_vec()
        }]
    );
}

const BAD_JSON: &[(&str, &str, &str)] = &[
    (
        "{\"k\":1}\n{\"k\":",
        "k",
        "line 2: EOF while parsing a value",
    ),
    ("{\"k\":1}\n\n[1]", "k", "line 3: expected an object"),
    (
        "{\"j\":1}",
        "k",
        "line 1: there is no column `k`; there are: j",
    ),
    (
        "{\"k\":null}",
        "k",
        "line 1: the column `k` is neither text nor",
    ),
    ("{\"k\":\"\"}", "k", "line 1: the key would be empty"),
    (
        "{\"k\":1,\"k\":2}",
        "k",
        "line 1: the field `k` is given twice",
    ),
    ("{\"k\":1}", "", "line 1: expected a `key` and a `value`"),
    (
        "{\"key\":1,\"value\":\"\"}",
        "",
        "line 1: the `key` is neither text",
    ),
];

const BAD_ARRAYS: &[(&str, &str, &str)] = &[
    (
        "[{\"k\":1},{\"j\":1}]",
        "k",
        "row 2: there is no column `k`",
    ),
    (
        "[{\"k\":1},\n{\"k\":}]",
        "k",
        "line 2: expected value at column 6",
    ),
    (
        "{\"k\":1}",
        "k",
        "line 1: invalid type: map, expected an array",
    ),
    ("[] x", "k", "line 1: trailing characters at column 4"),
];

const BAD_CSV: &[(&str, &str, &str)] = &[
    ("k,l\n1\n", "k", "line 2: expected 2 cells, found 1"),
    ("k,k\n1,2\n", "k", "line 1: two columns are named `k`"),
    ("k,,\n1,2,3\n", "k", "line 1: two columns are named ``"),
    // Also where there are no rows, which would leave nothing with --replace.
    (
        "a,b\n",
        "k",
        "line 1: there is no column `k`; there are: a, b",
    ),
    ("a,b\n", "", "line 1: expected a `key` and a `value`"),
    ("key\n", "", "line 1: expected a `key` and a `value`"),
    ("", "k", "line 1: the first row has to name the columns"),
    (
        "a,b\n\"x\ny\",1\n2,3\n",
        "k",
        "line 1: there is no column `k`",
    ),
];

#[test]
fn a_mark_that_begins_a_file_is_passed_over() {
    let mark = "\u{feff}";
    for (format, text) in [
        (RowFormat::Jsonl, "{\"k\":1}"),
        (RowFormat::Json, "[{\"k\":1}]"),
        (RowFormat::Csv, "k\n1\n"),
        (RowFormat::Tsv, "k\n1\n"),
    ] {
        let plain = read(format, text, &rule("k", "")).unwrap();
        assert_eq!(
            read(format, format!("{mark}{text}"), &rule("k", "")),
            Ok(plain)
        );
    }
    for cut in ["", "\u{feff}"] {
        assert!(read(RowFormat::Json, cut, &rule("k", "")).is_err());
    }
}

#[test]
fn a_number_is_a_key_as_it_is_written() {
    for number in ["1e400", "-0", "1.0", "123456789012345678901234567890.5"] {
        let entries = read(
            RowFormat::Jsonl,
            format!("{{\"k\":{number}}}"),
            &rule("k", "k"),
        );
        let expected = Entry {
            key: number.into(),
            value: number.into(),
        };
        assert_eq!(entries, Ok(vec![expected]));
    }
}

#[test]
fn a_bad_row_is_named_with_its_place() {
    let tables = [
        (RowFormat::Jsonl, BAD_JSON),
        (RowFormat::Json, BAD_ARRAYS),
        (RowFormat::Csv, BAD_CSV),
    ];
    for (format, cases) in tables {
        for (text, key, expected) in cases {
            let error = read(format, text, &rule(key, "")).unwrap_err();
            assert!(error.starts_with(expected), "{text}\n-> {error}");
        }
    }
    let deep = format!("{{\"k\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let error = read(RowFormat::Jsonl, deep, &rule("k", "")).unwrap_err();
    assert_eq!(error, "line 1: values are nested more than 128 deep");
    let error = read(RowFormat::Jsonl, b"\xff\n", &rule("k", "")).unwrap_err();
    assert_eq!(error, "line 1: it is not UTF-8");
}

#[test]
fn a_quote_that_stays_open_is_named_with_the_row_that_opens_it() {
    let rest = "x,y\n".repeat(20_000);
    let cut = [
        ("k,l\n1,2\n3,\"four".to_owned(), 3),
        ("k,l\n1,\"2\n3,4\n".to_owned(), 2),
        ("k,l\n1,\"two\"\"".to_owned(), 2),
        // Too few cells as well, but that is not what is wrong.
        ("k,l\n1,2\n\"3".to_owned(), 3),
        ("k,l\r\n1,2\r\n\"3,4\r\n5,6\r\n".to_owned(), 3),
        (format!("k,l\n1,2\n3,\"4\n{rest}"), 3),
        ("\"k,l\n1,2\n".to_owned(), 1),
        ("\u{feff}\"k\",\"l\n1,2\n".to_owned(), 1),
    ];
    for (text, line) in cut {
        let error = read(RowFormat::Csv, &text, &rule("k", "")).unwrap_err();
        let expected = format!("line {line}: a quote that this row opens is not closed");
        assert!(error.starts_with(&expected), "{text:.40}\n-> {error}");
    }
    let whole = [
        "k,l\n1,\"2\"",
        "k,l\n1,\"\"\"2\"\"\"",
        "k,l\n1,2\"\n",
        "k,l\n1,\"2\"x\"\n",
        "\u{feff}\"k\",\"l\"\n1,\"\"\n",
    ];
    for text in whole {
        let entries = read(RowFormat::Csv, text, &rule("k", ""));
        assert_eq!(entries.map(|entries| entries.len()), Ok(1), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("\\PC{0,3}", inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn a_row_has_one_form_and_means_the_same(value in any_json()) {
        let row = json!({"z": value, "a": 1});
        let once = canonical_row(row.to_string().as_bytes()).unwrap();
        prop_assert_eq!(canonical_row(once.as_bytes()).unwrap(), once.as_str());
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&once).unwrap(), row);
    }

    #[test]
    fn any_entry_comes_back_in_every_format(
        key in proptest::collection::vec(any::<u8>(), 0..12),
        value in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let row = json!({"key": json_bytes(&key), "value": json_bytes(&value)});
        let mut table = Vec::new();
        let mut writer = RowWriter::new(&mut table, RowFormat::Csv, &[]);
        writer.entry(&key, &value).unwrap();
        writer.end().unwrap();
        prop_assert_eq!(base64::decode(&base64::encode(&key)), Some(key.clone()));
        let entries = [Entry { key, value }];
        let rule = EntryRule::default();
        prop_assert_eq!(read(RowFormat::Jsonl, row.to_string(), &rule).unwrap(), &entries);
        prop_assert_eq!(read(RowFormat::Json, json!([row]).to_string(), &rule).unwrap(), &entries);
        prop_assert_eq!(read(RowFormat::Csv, table, &rule).unwrap(), &entries);
    }

    #[test]
    fn quotes_are_followed_as_the_reader_does(text in "[\"\",a\n\r]{0,16}") {
        // What follows an open quote is a part of its cell.
        let rows = |text: &str| {
            let mut reader = ::csv::ReaderBuilder::new();
            reader.has_headers(false).flexible(true);
            reader.from_reader(text.as_bytes()).into_byte_records().count()
        };
        let is_open = rows(&format!("{text}\nb\nb\nb")) < rows(&format!("{text}\nb")) + 2;
        let mut quotes = quotes::Quotes::new(text.as_bytes(), b',');
        std::io::copy(&mut quotes, &mut std::io::sink()).unwrap();
        prop_assert_eq!(quotes.open_row().is_some(), is_open, "{:?}", text);
    }

    #[test]
    fn no_input_makes_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for format in [RowFormat::Jsonl, RowFormat::Json, RowFormat::Csv, RowFormat::Tsv] {
            for key in ["", "a"] {
                drop(read(format, &bytes, &rule(key, "")));
            }
        }
    }
}
