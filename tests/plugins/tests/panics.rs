//! What a panic in a plugin prints: nothing where it becomes an error, and once where it does not.

#![forbid(unsafe_code)]

mod common;

use std::env;
use std::process::Command;

use common::{allow_any, open, registry};
use prollytree_plugin_api::{Call, ErrorKind, Hash, Options, Report, Slot};
use prollytree_plugin_tests::{Variant, plugin};

const CHILD: &str = "PROLLYTREE_TEST_PANICS_HERE";

#[test]
fn a_panic_in_a_call_prints_nothing_and_one_on_a_thread_of_the_plugin_once() {
    if env::var_os(CHILD).is_some() {
        return panic_twice();
    }
    let test = env::current_exe().unwrap();
    let mut child = Command::new(test);
    child.args(["--exact", "--nocapture"]);
    child.arg("a_panic_in_a_call_prints_nothing_and_one_on_a_thread_of_the_plugin_once");
    let output = child.env(CHILD, "1").output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(!printed.contains("was told to panic"), "{printed}");
    assert_eq!(
        printed.matches("a thread of the probe panics").count(),
        1,
        "{printed}"
    );
}

fn panic_twice() {
    let registry = registry(&allow_any(&[plugin(Variant::Current)]));
    let options = [("panic_in".to_owned(), "get_many".into())]
        .into_iter()
        .collect::<Options>();
    let storage = open(&registry, &options).expect("the probe opens");
    let get = storage.get_many(&Call::UNLIMITED, &[Hash::ZERO], &mut Slot::empty(1));
    assert_eq!(get.map_err(|error| error.kind()), Err(ErrorKind::PANIC));
    let report = storage.maintain(&Call::UNLIMITED, "thread", &Report::new());
    report.expect("the panic of the thread is the plugin's own affair");
}
