//! The layer `config` alone: a `prolly.toml` becomes plain data, and each value says where it is from.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prollytree::config::{Config, ConfigRequest, Environment, PROJECT_FILE, SettingValue};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(
        folder.path().join(PROJECT_FILE),
        "[store]\nbackend = \"redb\"\npath = \"data/main.redb\"\ncache = \"64MiB\"\n",
    )?;
    let config = Config::load(&ConfigRequest {
        folder: folder.path().into(),
        file: None,
        store: None,
        environment: Environment::default(),
    })?;
    for setting in config.settings() {
        if let SettingValue::Plain(value) = &setting.value {
            println!("{} = {value}", setting.key);
        }
    }
    let store = config.store()?;
    println!(
        "the backend is {}, chosen in {}",
        store.backend.name, store.backend.origin
    );
    assert_eq!(
        (store.backend.name.as_str(), store.cache),
        ("redb", Some(64 << 20))
    );

    // A file that travels with data must not read variables of whoever opens it.
    std::fs::write(
        folder.path().join(PROJECT_FILE),
        "[store]\nbackend = \"file\"\npath = { env = \"HOME\" }\n",
    )?;
    let request = ConfigRequest {
        folder: folder.path().into(),
        file: None,
        store: None,
        environment: Environment::default(),
    };
    if let Err(refused) = Config::load(&request) {
        println!("refused: {refused}");
        return Ok(());
    }
    Err("a variable was read".into())
}
