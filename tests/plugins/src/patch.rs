//! Writes the workspace of a variant: copied sources with some lines replaced. Every replacement
//! must find its place, so that it is not forgotten when the contract changes.

use std::fs;
use std::path::Path;

use crate::Variant;

const CRATES: [&str; 2] = ["plugin-api", "tests/plugins/probe"];
const ABI: &str = "plugin-api/src/abi";

/// Writes the sources below `to`. Files that are the same already keep their time, so that nothing
/// is compiled again.
pub(crate) fn write_workspace(root: &Path, to: &Path, variant: Variant) {
    for name in CRATES {
        copy_folder(&root.join(name), &to.join(name), &|path, text| {
            let path = path.strip_prefix(root).expect("below the root");
            patched(&path.to_string_lossy().replace('\\', "/"), text, variant)
        });
    }
    let manifest = read(&root.join("Cargo.toml"));
    write(&to.join("Cargo.toml"), &workspace_manifest(&manifest));
    // Only the first time: cargo removes what this workspace does not need.
    if !to.join("Cargo.lock").exists() {
        write(&to.join("Cargo.lock"), &read(&root.join("Cargo.lock")));
    }
}

fn workspace_manifest(manifest: &str) -> String {
    let (before, rest) = manifest
        .split_once("members = [")
        .expect("the workspace has members");
    let (_, after) = rest.split_once(']').expect("the list ends");
    let members = CRATES.map(|name| format!("\"{name}\"")).join(", ");
    format!("{before}members = [{members}]{after}")
}

fn patched(path: &str, text: String, variant: Variant) -> String {
    if path == "tests/plugins/probe/Cargo.toml" {
        // Libraries of one name would overwrite each other.
        let name = "name = \"prollytree-plugin-probe\"";
        let own = format!("name = \"prollytree-plugin-probe-{}\"", variant.name());
        return replaced(&text, name, &own);
    }
    let Some(file) = path
        .strip_prefix(ABI)
        .and_then(|path| path.strip_prefix('/'))
    else {
        return text;
    };
    let text = match file {
        "mod.rs" => replaced(
            &text,
            "pub const API: u32 = 1;",
            &format!("pub const API: u32 = {};", variant.api()),
        ),
        _ => text,
    };
    match (variant, file) {
        (Variant::Older, "mod.rs") => {
            // The host's half calls what an older plugin does not have.
            [
                "mod foreign;",
                "pub mod module;",
                "#[cfg(test)]\nmod tests;",
            ]
            .iter()
            .fold(text, |text, line| replaced(&text, line, ""))
        }
        (Variant::Older, "table.rs") => {
            let text = without_function(&text, "    fn maintain(");
            replaced(&text, OPEN_EMBEDDER, "")
        }
        (Variant::Older, "served.rs") => without_function(&text, "    fn maintain("),
        (Variant::Older, "export.rs") => {
            replaced(&text, "        open_embedder: open_embedder::<E>,\n", "")
        }
        (Variant::Newer, "table.rs") => {
            let text = replaced(
                &text,
                "    fn maintain(",
                "    fn later(&self, _call: &AbiCall) -> Outcome {\n        Outcome::OK\n    }\n\n    \
                 fn maintain(",
            );
            let text = moved_behind(&text, "    fn later(", "    fn maintain(");
            replaced(
                &text,
                OPEN_EMBEDDER,
                &format!("{OPEN_EMBEDDER}    pub(super) later: extern \"C\" fn(),\n"),
            )
        }
        (Variant::Newer, "export.rs") => {
            let line = "        open_embedder: open_embedder::<E>,\n";
            let text = replaced(&text, line, &format!("{line}        later,\n"));
            text + "\nextern \"C\" fn later() {}\n"
        }
        (Variant::OtherLayout, "types.rs") => replaced(
            &text,
            "    links: RSlice<'a, AbiHash>,\n    bytes: RSlice<'a, u8>,\n",
            "    bytes: RSlice<'a, u8>,\n    links: RSlice<'a, AbiHash>,\n",
        ),
        _ => text,
    }
}

const OPEN_EMBEDDER: &str = "    /// Loads an embedder; the options are JSON.
    pub(super) open_embedder: extern \"C\" fn(options: RStr<'_>) -> RResult<EmbedderObject, Outcome>,
";

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "the line is not there once:\n{from}"
    );
    text.replace(from, to)
}

/// Removes the function whose first line begins with `begin`.
fn without_function(text: &str, begin: &str) -> String {
    let (start, end) = function(text, begin);
    format!("{}{}", &text[..start], &text[end..])
}

/// Moves one function behind another.
fn moved_behind(text: &str, begin: &str, other: &str) -> String {
    let (start, end) = function(text, begin);
    let moved = text[start..end].to_owned();
    let rest = without_function(text, begin);
    let (_, end) = function(&rest, other);
    format!("{}\n{}{}", &rest[..end], moved, &rest[end..])
}

/// Finds a function in an `impl` or a trait, from the beginning of its line to the end of its body.
fn function(text: &str, begin: &str) -> (usize, usize) {
    const END: &str = "\n    }\n";
    let start = text
        .find(begin)
        .unwrap_or_else(|| panic!("there is no {begin}"));
    let end = text[start..].find(END).expect("a function ends") + start + END.len();
    (start, end)
}

fn copy_folder(from: &Path, to: &Path, change: &dyn Fn(&Path, String) -> String) {
    for entry in fs::read_dir(from).expect("the sources are there") {
        let path = entry.expect("the sources can be read").path();
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_folder(&path, &to, change);
        } else {
            write(&to, &change(&path, read(&path)));
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("the target folder can be written");
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
