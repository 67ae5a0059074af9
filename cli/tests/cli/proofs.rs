//! Proofs are made with a store and checked without one.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use prollytree_plugin_api::Hash;

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

/// Returns the id of a commit.
fn id(place: &Place, revision: &str) -> String {
    let shown = place.run(["show", revision, "--format", "json"]).json();
    shown["commit"].as_str().unwrap().to_owned()
}

/// Makes two commits that differ in a value of each kind.
fn two_commits() -> Place {
    let place = Place::with_store();
    for (key, value) in [("a", "1"), ("user/1", "Ada"), ("user/2", "Bob")] {
        place.ok(["set", key, value]);
    }
    place.ok(["commit", "-m", "one"]);
    place.ok(["delete", "user/2"]);
    place.ok(["set", "user/1", "Ada Lovelace"]);
    place.run_with(b"\xff\n", ["set", "b", "--stdin"]);
    place.ok(["commit", "-m", "two"]);
    place
}

#[test]
fn what_differs_is_proven_in_the_words_of_diff() {
    let place = two_commits();
    let (from, to) = (id(&place, "HEAD~1"), id(&place, "HEAD"));
    place.ok(["prove", "--from", "HEAD~1", "-o", "all.proof"]);
    let ran = place.run([
        "prove", "--from", "HEAD~1", "--to", "HEAD", "--prefix", "user/",
    ]);
    assert!(ran.err.contains(&format!("{from} to {to}")), "{}", ran.err);
    place.ok(["prove", "--from", "HEAD", "-o", "none.proof"]);
    let elsewhere = Place::new();
    elsewhere.write("all.proof", place.read("all.proof"));
    elsewhere.write("none.proof", place.read("none.proof"));
    elsewhere.write("users.proof", &ran.out);
    for format in ["compact", "detailed", "json"] {
        let shown = elsewhere.ok([
            "verify",
            "all.proof",
            "--from",
            &from,
            "--to",
            &to,
            "--format",
            format,
        ]);
        assert_eq!(
            shown,
            place.ok(["diff", "HEAD~1", "HEAD", "--format", format])
        );
        let users = elsewhere.ok([
            "verify",
            "users.proof",
            "--from",
            &from,
            "--to",
            &to,
            "--prefix",
            "user/",
            "--format",
            format,
        ]);
        let keys = ["--keys", "user/*", "--format", format];
        assert_eq!(
            users,
            place.ok(["diff", "HEAD~1", "HEAD"].iter().chain(&keys))
        );
    }
    let told = elsewhere.run(["verify", "none.proof", "--from", &to, "--to", &to]);
    assert_eq!((told.code, told.text().as_str()), (0, ""));
    assert_eq!(told.err, "proven: nothing differs\n");
}

#[test]
fn a_long_value_that_differs_is_named_by_its_address() {
    let place = Place::with_store();
    place.ok(["commit", "-m", "empty", "--allow-empty"]);
    place.write("long", [b'v'; 9_000]);
    place.ok(["set", "outside", "--file", "long"]);
    place.ok(["commit", "-m", "one"]);
    let (from, to) = (id(&place, "HEAD~1"), id(&place, "HEAD"));
    place.ok(["prove", "--from", "HEAD~1", "-o", "proof"]);
    let verify = ["verify", "proof", "--from", &from, "--to", &to, "--format"];
    let json = place.run(verify.iter().chain(&["json"])).json();
    let added = &json[0]["after"];
    assert_eq!(added["length"], 9_000);
    let told = place.ok(verify.iter().chain(&["detailed"]));
    let address = added["hash"].as_str().unwrap();
    let expected = format!("+ a value of 9000 bytes with the address {address}");
    assert!(told.contains(&expected), "{told}");
}

/// Puts another value into a proof, under the seals that belong to it.
fn forged(mut proof: Vec<u8>) -> Vec<u8> {
    const SEAL: usize = 8;
    let value = b"Ada Lovelace";
    let at = proof.windows(value.len()).position(|part| part == value);
    proof[at.unwrap()] ^= 1;
    let inner = proof
        .windows(10)
        .rposition(|part| part == b"PROLPROF\x01\x03");
    let end = proof.len() - SEAL;
    for (start, end) in [(inner.unwrap(), end), (0, end + SEAL)] {
        let seal = Hash::of(&proof[start..end - SEAL]);
        proof[end - SEAL..end].copy_from_slice(&seal.as_bytes()[..SEAL]);
    }
    proof
}

#[test]
fn a_difference_that_is_not_proven_is_said_by_name() {
    let place = two_commits();
    let (from, to) = (id(&place, "HEAD~1"), id(&place, "HEAD"));
    place.ok(["prove", "--from", "HEAD~1", "-o", "all.proof"]);
    place.ok([
        "prove",
        "--from",
        "HEAD~1",
        "--prefix",
        "user/",
        "-o",
        "users.proof",
    ]);
    place.ok(["prove", "a", "-o", "key.proof"]);
    let ids = ["--from", &from, "--to", &to];
    let exchanged = ["--from", &to, "--to", &from];
    let verify = |file, ids: &[&str]| [&["verify", file][..], ids].concat().join(" ");
    let fails = |code, line: &str, told: &str| {
        let said = place.fails(code, line.split(' '));
        assert!(said.contains(told), "{line}: {said}");
    };
    let other = format!("not proven: the proof is about the commit {from}, not {to}");
    fails(1, &verify("all.proof", &exchanged), &other);
    fails(
        1,
        &verify("users.proof", &ids),
        "from `user/` on before `user0` and no others",
    );
    let wanted = verify("all.proof", &ids) + " --prefix user/";
    fails(1, &wanted, "the proof is about all keys");
    fails(
        2,
        &verify("key.proof", &ids),
        "this is the proof of a key; check it with --commit",
    );
    let key = format!("verify all.proof --commit {to} a");
    fails(2, &key, "check it with --from and --to");
    fails(
        2,
        &verify("all.proof", &["--from", &from[..12], "--to", &to]),
        "--from needs all 64",
    );
    fails(
        2,
        "prove --from nothing",
        "no branch, tag or commit `nothing`",
    );
    fails(
        2,
        "prove --from HEAD~1 --to nothing",
        "no branch, tag or commit `nothing`",
    );

    let mut bytes = place.read("all.proof");
    bytes[100] ^= 1;
    place.write("damaged.proof", &bytes);
    fails(2, &verify("damaged.proof", &ids), "not a proof");
    let mut later = place.read("all.proof");
    later[8] = 2;
    place.write("later.proof", &later);
    fails(2, &verify("later.proof", &ids), "format version 2 (proof)");
    place.write("forged.proof", forged(place.read("all.proof")));
    let told = "the proof is about the tree";
    fails(1, &verify("forged.proof", &ids), told);
}

#[test]
fn a_proof_of_a_difference_wants_two_commits_and_no_key() {
    let place = two_commits();
    for (wrong, told) in [
        ("prove", "<KEY|--from <REVISION>>"),
        ("prove a --from HEAD~1", "cannot be used with"),
        ("prove --from HEAD~1 --at HEAD", "cannot be used with"),
        ("prove a --to HEAD", "cannot be used with"),
        ("prove a --prefix b", "cannot be used with"),
        ("prove --to HEAD", "<KEY|--from <REVISION>>"),
        ("verify p", "<--commit <ID>|--from <ID>>"),
        ("verify p --commit x", "<KEY>"),
        ("verify p x", "--commit <ID>"),
        ("verify p --from x", "--to <ID>"),
        ("verify p --to x", "--from <ID>"),
        ("verify p --from x --to y a", "cannot be used with"),
        ("verify p --from x --to y --commit z", "cannot be used with"),
        ("verify p --from x --to y --absent", "cannot be used with"),
        ("verify p --commit z a --to b", "cannot be used with"),
        ("verify p --commit z a --prefix b", "cannot be used with"),
    ] {
        let said = place.fails(2, wrong.split(' '));
        assert!(said.contains(told), "{wrong}: {said}");
    }
}
