//! Proofs are made with a store and checked without one.

use crate::support::Place;

#[test]
fn a_proof_is_checked_elsewhere_with_the_id_of_the_commit_alone() {
    let place = Place::with_store();
    place.ok(["set", "greeting", "hello"]);
    place.ok(["commit", "-m", "one"]);
    let commit = place.run(["log", "--format", "json"]).json()[0]["commit"].clone();
    let commit = commit.as_str().unwrap().to_owned();
    place.ok(["set", "greeting", "good bye"]);
    place.ok(["commit", "-m", "two"]);
    place.ok(["prove", "greeting", "--at", "HEAD~1", "-o", "one.proof"]);
    place.ok(["prove", "nothing", "--at", "HEAD~1", "-o", "none.proof"]);

    let elsewhere = Place::new();
    for file in ["one.proof", "none.proof"] {
        elsewhere.write(file, place.read(file));
    }
    let verify = |rest: &[&'static str]| -> Vec<String> {
        let (file, rest) = rest.split_first().unwrap();
        let words = ["verify", file, "--commit", &commit];
        words
            .iter()
            .chain(rest)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let good = ["one.proof", "greeting", "hello"];
    assert_eq!(
        elsewhere.ok(verify(&good)),
        "proven: `greeting` has this value\n"
    );
    assert_eq!(
        elsewhere.ok(verify(&["one.proof", "greeting"])),
        "proven: `greeting` is hello\n"
    );
    elsewhere.ok(verify(&["none.proof", "nothing", "--absent"]));
    for (wrong, said) in [
        (
            &["one.proof", "greeting", "good bye"][..],
            "has another value",
        ),
        (&["one.proof", "greeting", "--absent"], "has a value"),
        (&["one.proof", "nothing"], "not about this key"),
        (&["none.proof", "nothing", "x"], "has no value"),
    ] {
        let told = elsewhere.fails(1, verify(wrong));
        assert!(told.contains(said), "{told}");
    }
    let json = elsewhere
        .run(verify(&["one.proof", "greeting", "--format", "json"]))
        .json();
    assert_eq!(json["value"], "hello");

    let mut bytes = place.read("one.proof");
    bytes[100] ^= 1;
    elsewhere.write("one.proof", bytes);
    let told = elsewhere.fails(2, verify(&good));
    assert!(told.contains("not a proof"), "{told}");
}
