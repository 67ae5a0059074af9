//! Paths that do not lead to a store, or to one of another engine.

use std::fs;

use super::support::{Engine, Store};

const COMMANDS: &[&[&str]] = &[&["status"], &["get", "k"], &["set", "k", "v"], &["log"]];

/// Runs commands that must fail, name the place and change nothing.
fn refused(store: &Store, says: &[&str]) {
    let before = store.seen();
    for command in COMMANDS {
        let ran = store.run(*command);
        assert!(matches!(ran.code, Some(2 | 4)), "{command:?}: {ran:?}");
        assert!(ran.out.is_empty());
        assert!(ran.err.contains(store.path().to_str().unwrap()), "{ran:?}");
        for word in says {
            assert!(
                ran.err.contains(word),
                "{:?}: no `{word}` in {ran:?}",
                store.engine
            );
        }
    }
    assert!(
        store.seen() == before,
        "{:?}: something changed",
        store.engine
    );
}

#[test]
fn where_there_is_no_store_one_is_told_how_to_make_it() {
    for engine in Engine::ALL {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::absent(engine, temporary.path().to_owned());
        refused(&store, &["git-prolly init"]);
        let deeper = Store::absent(engine, temporary.path().join("no/such"));
        let ran = deeper.run(["status"]);
        assert!(ran.err.contains("git-prolly init"), "{ran:?}");
        assert!(!temporary.path().join("no").exists());
    }
}

#[test]
fn a_file_is_no_folder_and_a_folder_no_file() {
    for engine in Engine::ALL {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::absent(engine, temporary.path().to_owned());
        match engine {
            Engine::Redb => fs::create_dir(store.path()).unwrap(),
            Engine::File => fs::write(store.path(), "text").unwrap(),
        }
        refused(&store, &["file"]);
        let before = store.seen();
        assert!(matches!(store.run(["init"]).code, Some(2 | 4)));
        assert!(store.seen() == before);
        // On the way to the store there is a file.
        let below = Store::absent(engine, temporary.path().join("text"));
        fs::write(&below.folder, "text").unwrap();
        for command in [&["status"][..], &["init"]] {
            let ran = below.run(command);
            assert!(matches!(ran.code, Some(2 | 4)), "{ran:?}");
            assert!(ran.err.contains(below.path().to_str().unwrap()), "{ran:?}");
        }
    }
}

#[test]
fn the_store_of_another_engine_is_refused() {
    for engine in Engine::ALL {
        let store = Store::new(engine);
        store.commit("{\"k\":\"a\"}\n", "one");
        let [redb, file] = Engine::ALL;
        let other = if engine == redb { file } else { redb };
        refused(&Store::absent(other, store.folder.clone()), &["file"]);
        assert_eq!(store.ok(["list"]), "a\n");
    }
}

#[test]
fn a_folder_with_other_things_is_no_place_for_a_store() {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::absent(Engine::File, temporary.path().to_owned());
    fs::create_dir(store.path()).unwrap();
    fs::write(store.path().join("letter.txt"), "dear").unwrap();
    refused(&store, &["letter.txt"]);
    let before = store.seen();
    assert!(matches!(store.run(["init"]).code, Some(2 | 4)));
    assert!(store.seen() == before);
}
