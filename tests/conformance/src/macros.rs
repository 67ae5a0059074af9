//! One `#[test]` for each case, for crates that test their own backend with `cargo test`.

use std::io;

use crate::case::Outcome;
use crate::context::Profile;
use crate::launch::Launcher;
use crate::runner::child::child_main;
use crate::runner::{RunOptions, Runner, scratch_folder};
use crate::suite::Suite;

/// The environment variable that chooses the seed of the tests.
const SEED: &str = "PROLLYTREE_CONFORMANCE_SEED";
/// The environment variable that chooses the profile of the tests: `quick` or `full`.
const PROFILE: &str = "PROLLYTREE_CONFORMANCE_PROFILE";

/// Makes a module of tests, one for each case about backends.
///
/// The first argument names the module, the second one is a [`Subject`](crate::Subject). Cases run
/// in the test's own process; those that kill or need other processes start the test program
/// again. `PROLLYTREE_CONFORMANCE_SEED` repeats a run, `PROLLYTREE_CONFORMANCE_PROFILE=full` does
/// more.
///
/// ```no_run
/// # use prollytree_plugin_api::{Error, NodeStorage, OpenStorage};
/// # fn open(_: &OpenStorage) -> Result<std::sync::Arc<dyn NodeStorage>, Error> { panic!() }
/// use prollytree_conformance::{TemplateSubject, conformance_tests};
/// use serde_json::json;
///
/// conformance_tests!(acme, TemplateSubject::new("acme", json!({"path": "{folder}"}), open));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $subject:expr $(,)?) => {
        $crate::__tests_of!($name, $crate::Suite::storage($subject), __storage_cases);
    };
}

/// Makes a module of tests, one for each case about embedders. The first argument names the
/// module, the second one is an [`EmbedderSubject`](crate::EmbedderSubject).
#[macro_export]
macro_rules! embedder_conformance_tests {
    ($name:ident, $subject:expr $(,)?) => {
        $crate::__tests_of!($name, $crate::Suite::embedder($subject), __embedder_cases);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests_of {
    ($name:ident, $suite:expr, $list:ident) => {
        mod $name {
            #[allow(
                unused_imports,
                reason = "what the subject is made of is known outside only"
            )]
            use super::*;

            fn suite() -> $crate::Suite {
                $suite
            }

            $crate::$list!($crate::__test_groups);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test_groups {
    ($($group:ident { $($case:ident)* })*) => {
        $(mod $group {
            $(#[test]
            fn $case() {
                $crate::run_test(&super::suite(), module_path!(), stringify!($case));
            })*
        })*
    };
}

/// Runs one case as a test: the last part of `module` is its group, `case` the rest of its id, with
/// `_` for `-`. What [`conformance_tests!`](crate::conformance_tests) expands to.
///
/// # Panics
/// If the subject does not do what it has to.
pub fn run_test(suite: &Suite, module: &str, case: &str) {
    child_main(suite);
    let group = module.rsplit("::").next().unwrap_or(module);
    let id = format!("{group}.{case}").replace('_', "-");
    let in_crate = module.split_once("::").map_or("", |(_, rest)| rest);
    let options = options_from_environment();
    let outcome = run_in_test(suite, &id, &format!("{in_crate}::{case}"), &options);
    let outcome = outcome.expect("a test can make a temporary folder and find its own program");
    let promise = suite
        .cases()
        .into_iter()
        .find(|case| case.id == id)
        .map(|case| case.promise);
    assert!(
        outcome.is_good(),
        "{} {id}\npromised: {}\n{}\nrepeat with {SEED}={}",
        outcome.word(),
        promise.unwrap_or("nothing: there is no such case"),
        outcome.message(),
        options.seed,
    );
}

fn run_in_test(suite: &Suite, id: &str, test: &str, options: &RunOptions) -> io::Result<Outcome> {
    let (scratch, launcher) = (scratch_folder()?, Launcher::test(test)?);
    let ran = Runner::new(suite, options, &launcher).run_case(id, &scratch.path().join(id));
    Ok(ran.outcome)
}

fn options_from_environment() -> RunOptions {
    let read = |name| std::env::var(name).ok();
    let seed = read(SEED).map(|text| text.parse().expect("the seed is a number"));
    let profile = match read(PROFILE).as_deref() {
        Some("full") => Profile::Full,
        Some("quick") | None => Profile::Quick,
        Some(other) => panic!("{PROFILE} is `quick` or `full`, not `{other}`"),
    };
    let usual = RunOptions::default();
    RunOptions {
        isolated: false,
        profile,
        seed: seed.unwrap_or(usual.seed),
        ..usual
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __storage_cases {
    ($($then:tt)*) => {
        $($then)*! {
            info {
                names_the_backend is_constant ordinary_instances_write writers_include_readers
                stats_are_named
            }
            maintain {
                unknown_operation changes_no_content
            }
            options {
                unknown_is_refused wrong_type_is_refused
            }
            open {
                never_creates read_only_never_creates creates_once
            }
            records {
                put_then_get absent_is_a_value get_is_positional get_the_same_hash_twice
                get_clears_absent_slots contains_agrees_with_get contains_overwrites_its_answers
                put_again_changes_nothing put_copies_the_bytes size_0 sizes_around_powers_of_two
                size_1_mib size_64_mib bytes_are_not_interpreted every_kind
            }
            buffers {
                outlive_the_store outlive_deletion never_change cross_threads
                shared_with_the_store
            }
            batches {
                empty ten_thousand_records first_and_last larger_than_preferred duplicate_records
                get_lengths_must_match contains_lengths_must_match
            }
            closure {
                links_within_a_batch links_to_earlier_batches many_links deep_chain
            }
            refs {
                absent_is_a_value names_up_to_200_bytes names_are_exact collision_below
                collision_above collision_ends_with_deletion no_collision_between_neighbours
                list_is_ordered list_prefix_is_plain_text list_after list_in_pages
                list_follows_moves
            }
            swap {
                creates_moves_deletes lost_names_current to_where_it_is compares_values_only
                moves_one_ref_only recreates_what_was_deleted
            }
            commit {
                records_and_a_ref either_may_be_empty records_that_are_there large
                lost_moves_nothing duplicate_names several_refs hundreds_of_refs
                several_refs_all_or_none lost_stores_nothing collision_moves_nothing
                judged_in_order
            }
            list {
                empty_store kind_and_size in_pages strictly_after limit_0 during_inserts
                during_deletions across_syncs
            }
            delete {
                absent_afterwards counts_and_repeats leaves_the_others spares_the_young
                spares_the_renewed spares_what_a_commit_renewed renewal_survives_reopening
                put_again
            }
            close {
                then_everything_refuses twice during_calls lets_go
            }
            instances {
                are_apart open_and_close_200_times
            }
            calls {
                cancelled past_the_deadline
            }
            reopen {
                after_sync_and_close after_commit_and_drop after_swap_and_drop
                unsynced_is_whole_or_absent deleted_refs_stay_deleted deleted_records_stay_deleted
                large_and_many again_and_again
            }
            read_only {
                declares_itself reads refuses_to_write changes_nothing_on_disk
            }
            visibility {
                synced_records committed_refs_and_records swapped_and_deleted_refs listings
                deletions another_process
            }
            sharing {
                two_writers a_writer_in_another_process counting_instances counting_processes
                renewal_elsewhere
            }
            concurrency {
                counting_threads one_creator_wins one_deleter_wins collisions refs_never_run_ahead
                commits_are_seen_whole the_same_records put_get_and_delete many_refs
            }
            random {
                against_a_model copy_there_and_back
            }
            kill {
                while_committing while_committing_two_refs while_swapping while_syncing
                beside_another_writer
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __embedder_cases {
    ($($then:tt)*) => {
        $($then)*! {
            identity {
                is_complete is_constant
            }
            vectors {
                are_finite repeat tell_texts_apart normalized
            }
            batches {
                equal_single_texts order_does_not_matter empty overwrite_the_buffer
            }
            texts {
                empty unicode long
            }
            arguments {
                lengths_must_match
            }
            threads {
                embed_at_once
            }
            instances {
                open_and_drop
            }
            calls {
                past_the_deadline
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{CaseInfo, embedder_cases, storage_cases};

    macro_rules! ids {
        ($($group:ident { $($case:ident)* })*) => {
            [$($(concat!(stringify!($group), ".", stringify!($case)),)*)*]
        };
    }

    fn same(listed: &[&str], cases: &[CaseInfo]) {
        let listed: Vec<String> = listed.iter().map(|id| id.replace('_', "-")).collect();
        let cases: Vec<&str> = cases.iter().map(|case| case.id).collect();
        assert_eq!(
            listed, cases,
            "the list of the macro and the table of cases are the same"
        );
    }

    #[test]
    fn the_macros_know_every_case() {
        same(&__storage_cases!(ids), &storage_cases());
        same(&__embedder_cases!(ids), &embedder_cases());
    }
}
