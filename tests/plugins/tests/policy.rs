//! Which plugins may run: by policy, by name and by the hash of the file.

#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{allow_any, open, registry};
use prollytree::plugin::{AllowedPlugin, PluginError, PluginSettings, Policy, inspect};
use prollytree_plugin_api::{OpenStorage, Options};
use prollytree_plugin_tests::{Variant, copy, plugin};

/// Why the probe is not opened.
#[track_caller]
fn refusal(settings: &PluginSettings) -> PluginError {
    let opened = registry(settings).open("probe", &OpenStorage::default());
    opened.map(drop).expect_err("the plugin is not trusted")
}

fn sha256(path: &Path) -> String {
    inspect(path).expect("the fixtures are in order").sha256
}

#[test]
fn the_default_policy_trusts_no_plugin() {
    let path = plugin(Variant::Current);
    let settings = PluginSettings {
        paths: vec![path.clone()],
        ..PluginSettings::default()
    };
    assert_eq!(
        refusal(&settings).to_string(),
        format!(
            "plugin `probe` at {} is not loaded: the policy is `builtin-only`; to trust this file, \
             set the policy `allowlist` and allow `probe` with sha256 = \"{}\"",
            path.display(),
            sha256(&path)
        )
    );
    assert!(
        registry(&settings)
            .backend("probe")
            .unwrap()
            .judge()
            .is_err()
    );
}

#[test]
fn a_plugin_that_is_not_in_the_allowlist() {
    let path = plugin(Variant::Current);
    let allowed = |name: &str, sha256: Option<String>, path: Option<PathBuf>| AllowedPlugin {
        name: name.to_owned(),
        sha256,
        path,
    };
    let hash = sha256(&path);
    let cases = [
        vec![],
        vec![allowed("acme", Some(hash.clone()), None)],
        vec![allowed("probe", None, None)],
        vec![allowed(
            "probe",
            Some(hash.clone()),
            Some("/nowhere/libprobe.so".into()),
        )],
    ];
    for allow in cases {
        let settings = PluginSettings {
            policy: Policy::Allowlist,
            allow,
            paths: vec![path.clone()],
            ..PluginSettings::default()
        };
        let error = refusal(&settings);
        let remedy = format!("to trust this file, allow `probe` with sha256 = \"{hash}\"");
        assert!(error.to_string().ends_with(&remedy), "{error}");
    }
}

#[test]
fn a_file_that_is_not_the_one_that_was_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = copy(Variant::Current, folder.path(), "probe");
    let trusted = sha256(&path);
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(0);
    fs::write(&path, bytes).unwrap();
    for policy in [Policy::Allowlist, Policy::Any] {
        let settings = PluginSettings {
            policy,
            allow: vec![AllowedPlugin {
                name: "probe".to_owned(),
                sha256: Some(trusted.clone()),
                path: Some(path.clone()),
            }],
            ..PluginSettings::default()
        };
        let error = refusal(&settings);
        let PluginError::HashMismatch {
            found, expected, ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((found, expected), (&sha256(&path), &trusted));
    }
}

#[test]
fn the_policy_any_trusts_a_file_whose_hash_nobody_gave() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    registry.backend("probe").unwrap().judge().unwrap();
    assert!(open(&registry, &Options::new()).is_ok());
}
