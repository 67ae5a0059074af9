//! Configurations as users write them: what is in force, where it came from, what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use prollytree_plugin_api::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

mod travelling;

const FIELDS: &[Field<'_>] = &[
    field("path", "path", None, false),
    field("lock_wait", "duration", Some("5s"), false),
    field("pages", "integer", None, true),
    field("size", "size", None, true),
    field("sure", "boolean", None, true),
    field("region", "string", None, true),
    field("token", "secret", None, true),
    field("endpoint", "endpoint", None, true),
];

const fn field(
    name: &'static str,
    value_type: &'static str,
    default: Option<&'static str>,
    optional: bool,
) -> Field<'static> {
    Field {
        name,
        value_type,
        default,
        optional,
    }
}

/// A home, a project inside it, and an environment.
struct Place {
    home: TempDir,
    variables: Vec<(String, String)>,
    explicit: Option<PathBuf>,
    store: Option<String>,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("project/deep/er")).unwrap();
        let variables = vec![("HOME".to_owned(), home.path().to_str().unwrap().to_owned())];
        Self {
            home,
            variables,
            explicit: None,
            store: None,
        }
    }

    fn with_project(text: &str) -> Self {
        Self::new().file("project/prolly.toml", text)
    }

    fn with_user(text: &str) -> Self {
        Self::new().file(".config/prollytree/config.toml", text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn project(&self) -> PathBuf {
        self.home.path().join("project")
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&ConfigRequest {
            folder: self.project().join("deep/er"),
            file: self.explicit.clone(),
            store: self.store.clone(),
            environment: self.variables.iter().cloned().collect(),
        })
    }

    fn options(&self) -> Result<Options, ConfigError> {
        self.load()?.store()?.backend.options(FIELDS)
    }

    /// Returns the error's text with the home's path taken out.
    fn refused(&self) -> String {
        let text = self.options().unwrap_err().to_string();
        let home = self.home.path().canonicalize().unwrap();
        text.replace(home.to_str().unwrap(), "~")
            .replace(self.home.path().to_str().unwrap(), "~")
    }

    fn origin(&self, key: &str) -> String {
        let config = self.load().unwrap();
        let text = config.setting(key).unwrap().origin.to_string();
        text.replace(self.home.path().to_str().unwrap(), "~")
    }
}

const REDB: &str = "[store]\nbackend = \"redb\"\npath = \"data/main.redb\"\n";

#[test]
fn the_nearest_project_file_is_read_and_paths_start_from_its_folder() {
    let place = Place::with_project(REDB).file("prolly.toml", "not even TOML");
    let settings = place.load().unwrap().store().unwrap();
    assert_eq!(settings.backend.name, "redb");
    let inside = place
        .project()
        .canonicalize()
        .unwrap()
        .join("data/main.redb");
    assert_eq!(place.options().unwrap()["path"], json!(inside));
    assert_eq!(place.origin("store.backend"), "~/project/prolly.toml:2:11");
}

#[test]
fn a_stronger_source_wins_and_the_weaker_value_is_still_known() {
    let user = "[store]\ncache = \"1GiB\"\n[user]\nname = \"Ada\"\nemail = \"a@x\"\n";
    let place = Place::with_project(&format!("{REDB}cache = \"64MiB\"\n"))
        .file(".config/prollytree/config.toml", user)
        .var("PROLLYTREE_USER_NAME", "Grace");
    let config = place.load().unwrap();
    assert_eq!(config.store().unwrap().cache, Some(64 << 20));
    assert_eq!(config.user().unwrap().unwrap().name, "Grace");
    assert_eq!(
        place.origin("user.name"),
        "environment variable PROLLYTREE_USER_NAME"
    );
    let overridden: Vec<_> = config.overridden().iter().map(|s| s.key.as_str()).collect();
    assert_eq!(overridden, ["store.cache", "user.name"]);
    let files: Vec<_> = config.files().map(|(_, scope)| scope.name()).collect();
    assert_eq!(files, ["user", "project"]);
}

#[test]
fn a_source_that_chooses_a_backend_brings_its_own_options() {
    let mut place = Place::with_project(&format!("{REDB}[store.options]\nlock_wait = \"1s\"\n"))
        .var("PROLLYTREE_STORE", "file:shared?cache=1MiB&read_only=true");
    let settings = place.load().unwrap().store().unwrap();
    assert_eq!((settings.cache, settings.read_only), (Some(1 << 20), true));
    let start = place.project().join("deep/er");
    let shared = json!({"path": start.join("shared")});
    assert_eq!(Value::from(place.options().unwrap()), shared);
    place.store = Some("acme:/x?pages=7".to_owned());
    assert_eq!(
        Value::from(place.options().unwrap()),
        json!({"path": "/x", "pages": "7"})
    );
    assert_eq!(place.origin("store.backend"), "--store");
    // What is not an option of the backend stays.
    assert_eq!(place.load().unwrap().store().unwrap().cache, Some(1 << 20));
}

#[test]
fn variables_override_single_keys() {
    let place = Place::with_project(REDB)
        .var("PROLLYTREE_CACHE", "2MiB")
        .var("PROLLYTREE_READ_ONLY", "1")
        .var("PROLLYTREE_DURABILITY", "durable")
        .var("PROLLYTREE_PLUGIN_POLICY", "any")
        .var("PROLLYTREE_PLUGIN_PATH", "/a:b")
        .var("PROLLYTREE_USER_EMAIL", "");
    let config = place.load().unwrap();
    let store = config.store().unwrap();
    assert_eq!((store.cache, store.read_only), (Some(2 << 20), true));
    assert_eq!(store.durability, Durability::Durable);
    let rules = config.plugins();
    assert_eq!(rules.policy.as_deref(), Some("any"));
    let start = place.project().join("deep/er");
    assert_eq!(rules.environment, [PathBuf::from("/a"), start.join("b")]);
    assert_eq!(config.user().unwrap(), None);
}

#[test]
fn the_users_file_says_which_plugins_may_run() {
    let sha256 = "9F".repeat(32);
    let text = format!(
        "[plugins]\npolicy = \"allowlist\"\npaths = [\"more\"]\n\
         [plugins.allow.acme]\npath = \"libacme.so\"\n\
         [plugins.allow.other]\nsha256 = \"{sha256}\"\n"
    );
    let place = Place::with_user(&text);
    let folder = place.home.path().join(".config/prollytree");
    let rules = place.load().unwrap().plugins();
    assert_eq!(rules.policy.as_deref(), Some("allowlist"));
    assert_eq!(rules.paths, [folder.join("more")]);
    let [acme, other] = rules.allow.as_slice() else {
        panic!("{rules:?}")
    };
    assert_eq!((acme.name.as_str(), &acme.sha256), ("acme", &None));
    assert_eq!(acme.path.as_ref(), Some(&folder.join("libacme.so")));
    assert_eq!((other.name.as_str(), &other.path), ("other", &None));
    assert_eq!(
        other.sha256.as_deref(),
        Some(sha256.to_ascii_lowercase().as_str())
    );
}

#[test]
fn a_person_has_a_name_and_an_address() {
    let place = Place::with_user("[user]\nemail = \"a@x\"\n");
    let error = place.load().unwrap().user().unwrap_err().to_string();
    assert!(
        error.ends_with("`user.email` is given, but nothing says `user.name`"),
        "{error}"
    );
}

#[test]
fn an_embedder_is_chosen_like_a_backend() {
    let place = Place::with_project(
        "[embedder.default]\nname = \"hash\"\n[embedder.default.options]\npages = 64\n",
    );
    let config = place.load().unwrap();
    assert_eq!(config.embedders(), ["default"]);
    let chosen = config.embedder("default").unwrap();
    assert_eq!(chosen.name, "hash");
    let fields = [field("pages", "integer", Some("384"), false)];
    assert_eq!(
        Value::from(chosen.options(&fields).unwrap()),
        json!({"pages": 64})
    );
    let error = config.embedder("other").unwrap_err().to_string();
    assert!(
        error.starts_with("no embedder `other` is configured"),
        "{error}"
    );
}

#[test]
fn references_are_followed_in_the_users_own_files() {
    let mut place = Place::new()
        .file(
            "mine/config.toml",
            "[store]\nbackend = \"acme\"\npath = { env = \"WHERE\" }\n\
             [store.options]\ntoken = { file = \"token\" }\npages = { env = \"PAGES\" }\n",
        )
        .file("mine/token", "hunter2\n")
        .var("WHERE", "data")
        .var("PAGES", "9");
    place.explicit = Some(place.home.path().join("mine/config.toml"));
    let expected = json!({
        "path": place.home.path().join("mine/data"),
        "token": "hunter2",
        "pages": "9",
    });
    assert_eq!(Value::from(place.options().unwrap()), expected);
    let config = place.load().unwrap();
    let shown: Vec<_> = config
        .settings()
        .map(|s| format!("{} = {}", s.key, s.value))
        .collect();
    assert!(shown.contains(&"store.options.token = { file = \"token\" }".to_owned()));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place_and_a_remedy() {
    let cases = [
        ("[store\n", "~/project/prolly.toml:1:7: not valid TOML: "),
        (
            "[store]\nbakend = \"redb\"\n",
            "~/project/prolly.toml:2:1: unknown key `store.bakend`; did you mean `backend`?",
        ),
        (
            "[stroe]\nbackend = \"redb\"\n",
            "~/project/prolly.toml:1:2: unknown key `stroe`; did you mean `store`?",
        ),
        (
            "colour = 1\n",
            "~/project/prolly.toml:1:1: unknown key `colour`; there are: store, embedder, plugins, \
             user",
        ),
        (
            "[store]\nbackend = 7\n",
            "~/project/prolly.toml:2:11: `store.backend`: expected a name of lower-case letters, \
             digits and dashes, found integer",
        ),
        (
            "store = \"redb\"\n",
            "~/project/prolly.toml:1:1: `store`: expected a table, found string",
        ),
        (
            "[store]\nbackend = \"redb\"\nread_only = \"yes\"\n",
            "~/project/prolly.toml:3:13: `store.read_only`: expected true or false, found string",
        ),
        (
            "[store]\nbackend = \"redb\"\ncache = \"64 parsecs\"\n",
            "~/project/prolly.toml:3:9: `store.cache`: expected a size",
        ),
        (
            "[store]\nbackend = \"redb\"\ndurability = \"durabel\"\n",
            "~/project/prolly.toml:3:14: `store.durability`: unknown word; did you mean \
             \"durable\"?",
        ),
        (
            "[store]\nbackend = \"redb\"\npath = { evn = \"X\" }\n",
            "~/project/prolly.toml:3:8: `store.path`: expected text, a whole number, a boolean",
        ),
        (
            "[store]\npath = \"x\"\n",
            "~/project/prolly.toml:2:8: `store.path` is given, but nothing says `store.backend`",
        ),
        (
            "[store]\nbackend = \"acme\"\n",
            "~/project/prolly.toml:2:11: the backend `acme` needs the option `path`",
        ),
        (
            "[store]\nbackend = \"acme\"\npath = \"x\"\noptions.lock_wiat = \"1s\"\n",
            "~/project/prolly.toml:4:21: the backend `acme` has no option `lock_wiat`; did you \
             mean `lock_wait`?",
        ),
        (
            "[store]\nbackend = \"acme\"\npath = \"x\"\noptions.lock_wait = 5\n",
            "~/project/prolly.toml:4:21: `store.options.lock_wait`: expected a duration",
        ),
        (
            "[store]\nbackend = \"acme\"\npath = \"x\"\noptions.path = \"y\"\n",
            "`: the option `path` is given twice",
        ),
        (
            "[store]\nbackend = \"acme\"\n[store.options]\n\"a.b\" = 1\n",
            "~/project/prolly.toml:4:1: `store.options.a.b`: a name is made of letters",
        ),
    ];
    for (text, expected) in cases {
        let message = Place::with_project(text).refused();
        assert!(message.contains(expected), "{text}\n-> {message}");
    }
}

#[test]
fn what_a_reference_needs_and_is_not_there_is_named() {
    let place = |value: &str| {
        let text = format!("[store]\nbackend = \"acme\"\npath = \"x\"\noptions.token = {value}\n");
        let mut place = Place::new().file("mine.toml", &text);
        place.explicit = Some(place.home.path().join("mine.toml"));
        place.refused()
    };
    assert_eq!(
        place("{ env = \"ACME_TOKEN\" }"),
        "~/mine.toml:4:17: `store.options.token` is taken from the environment variable \
         ACME_TOKEN, which is not set"
    );
    let message = place("{ file = \"nowhere\" }");
    assert!(
        message.starts_with(
            "~/mine.toml:4:17: `store.options.token` is taken from the file ~/nowhere: "
        ),
        "{message}"
    );
    assert!(place("{ file = \".\" }").contains("is taken from the file"));
}

#[test]
fn wrong_variables_and_arguments_are_named() {
    let with = |name, value| Place::with_project(REDB).var(name, value).refused();
    assert!(with("PROLLYTREE_STORE", "data.redb").starts_with(
        "environment variable PROLLYTREE_STORE: a store is named by its backend and a colon"
    ));
    assert!(with("PROLLYTREE_CACHE", "lots").contains("PROLLYTREE_CACHE: `store.cache`: expected"));
    assert!(with("PROLLYTREE_READ_ONLY", "yes").contains("expected true or false"));
    assert!(with("PROLLYTREE_PLUGIN_POLICY", "anny").contains("did you mean \"any\"?"));
    assert!(with("PROLLYTREE_CONFIG", "gone.toml").contains("cannot read the config file ~/"));
    let mut place = Place::new();
    place.store = Some("redb:x?durability=often".to_owned());
    assert!(
        place
            .refused()
            .starts_with("--store: `store.durability`: expected one of any")
    );
}

#[test]
fn nothing_configured_is_said_so() {
    let message = Place::new().refused();
    assert!(
        message.starts_with("no store is chosen: there is no prolly.toml in ~/"),
        "{message}"
    );
    assert!(message.contains("git-prolly init"), "{message}");
}

#[test]
fn what_is_no_folder_or_no_file_is_named() {
    let request = |folder: &Path| ConfigRequest {
        folder: folder.to_owned(),
        file: None,
        store: None,
        environment: Environment::default(),
    };
    let place = Place::with_project(REDB);
    let file = place.project().join("prolly.toml");
    let error = Config::load(&request(&file)).unwrap_err().to_string();
    assert!(error.contains("as the folder to start from"), "{error}");

    let folder = place.project().join("deep/prolly.toml");
    fs::create_dir(&folder).unwrap();
    let error = Config::load(&request(&place.project().join("deep")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot read the config file"), "{error}");
}

#[test]
fn a_store_can_be_named_without_any_file() {
    let settings =
        StoreSettings::of_uri("redb:x.redb", Path::new("/data"), Environment::default()).unwrap();
    let options = settings.backend.options(&FIELDS[..2]).unwrap();
    assert_eq!(Value::from(options), json!({"path": "/data/x.redb"}));
}
