//! What a config file that may have come with somebody else's data is kept from.

use super::Place;

#[test]
fn a_file_that_travels_runs_nothing_reads_nothing_and_leaks_nothing() {
    let sha256 = "0".repeat(64);
    let store = "[store]\nbackend = \"acme\"\npath = \"x\"\n";
    let cases = [
        (
            "[plugins]\npolicy = \"any\"\n".to_owned(),
            "say which code may run",
        ),
        (
            "[plugins]\npaths = [\"plugins\"]\n".to_owned(),
            "say which code may run",
        ),
        (
            "[plugins.allow.acme]\npath = \"libacme.so\"\n".to_owned(),
            "say which code may run",
        ),
        (
            format!("[plugins.allow.acme]\nsha256 = \"{sha256}\"\n"),
            "say which code may run",
        ),
        ("[user]\nname = \"Mallory\"\n".to_owned(), "say who you are"),
        (
            format!("{store}options.region = {{ env = \"HOME\" }}\n"),
            "read an environment variable",
        ),
        (
            format!("{store}options.region = {{ file = \"inside\" }}\n"),
            "read another file",
        ),
        (
            "[embedder.e]\nname = \"hash\"\noptions.model = { env = \"HOME\" }\n".to_owned(),
            "read an environment variable",
        ),
        (
            format!("{store}options.token = \"hunter2\"\n"),
            "hold a secret",
        ),
        (
            format!("{store}options.endpoint = \"https://evil\"\n"),
            "say where credentials are sent",
        ),
        (store.replace("\"x\"", "\"../x\""), "leads out of ~/project"),
        (
            store.replace("\"x\"", "\"/etc/passwd\""),
            "leads out of ~/project",
        ),
        (
            store.replace("\"x\"", "\"deep/../../x\""),
            "leads out of ~/project",
        ),
        #[cfg(unix)]
        (
            store.replace("\"x\"", "\"deep/link/x\""),
            "leads out of ~/project",
        ),
    ];
    for (text, expected) in cases {
        let place = Place::with_project(&text);
        #[cfg(unix)]
        std::os::unix::fs::symlink(place.home.path(), place.project().join("deep/link")).unwrap();
        let message = place.refused();
        assert!(message.contains(expected), "{text}\n-> {message}");
        assert!(message.starts_with("~/project/prolly.toml:"), "{message}");
        assert!(!message.contains("hunter2"));

        // The same file, named by the user, is the user's word.
        let mut trusted = Place::new().var("HOME_OF", "x");
        trusted.explicit = Some(place.project().join("prolly.toml"));
        if let Err(error) = trusted.options() {
            let text = error.to_string();
            assert!(!text.contains("found beside data"), "{text}");
        }
    }
}

#[test]
fn references_in_a_travelling_file_are_refused_before_they_are_followed() {
    // A pipe would block whoever reads it; a directory would fail with another error.
    let place = Place::with_project(
        "[store]\nbackend = \"acme\"\npath = \"x\"\noptions.token = { file = \"../deep\" }\n",
    );
    let message = place.load().unwrap_err().to_string();
    assert!(message.contains("cannot read another file"), "{message}");
}
