//! The suite is tested too: each of these backends is broken in one way, and a named case must say
//! so. The backends that they are made from pass every case.
#![expect(clippy::unwrap_used, reason = "all of this is there to fail")]

mod deletion;
mod durability;
mod embedders;
mod fault;
mod listing;
mod one_file;
mod opening;
mod process;
mod records;
mod refs;
mod sharing;
mod verdict;

use prollytree_backend_memory::BACKEND as MEMORY;

use crate::fault::{in_memory, in_one_file};

/// One test for each mutant: what it is, the cases that must catch it, and how those cases end.
macro_rules! mutants {
    ($($name:ident: $suite:expr => $($case:literal $outcome:literal),+;)*) => {
        $(#[test]
        fn $name() {
            $(crate::verdict::expect(&$suite, stringify!($name), $case, $outcome);)+
        })*
    };
}

mutants! {
    forgets_the_last_of_a_batch: in_memory::<records::ForgetsTheLast>()
        => "batches.first-and-last" "fail",
           "records.sizes-around-powers-of-two" "fail",
           "closure.links-within-a-batch" "fail";
    answers_by_the_first_byte_of_a_hash: in_memory::<records::ConfusesHashes>()
        => "batches.ten-thousand-records" "fail";
    leaves_old_buffers_in_slots: in_memory::<records::LeavesOldBuffers>()
        => "records.get-clears-absent-slots" "fail";
    leaks_shared_buffers: in_memory::<records::LeaksSharedBuffers>()
        => "buffers.shared-with-the-store" "fail";
    drops_answers_of_repeated_hashes: in_memory::<records::AnswersOnce>()
        => "records.get-the-same-hash-twice" "fail";
    takes_an_empty_record_for_an_absent_one: in_memory::<records::EmptyIsAbsent>()
        => "records.size-0" "fail";
    refuses_large_records: in_memory::<records::RefusesLarge>()
        => "records.size-64-mib" "error";
    reads_up_to_the_shorter_length: in_memory::<records::IgnoresLengths>()
        => "batches.get-lengths-must-match" "fail";
    says_contains_for_what_was_ever_put: in_memory::<records::ContainsForever>()
        => "delete.absent-afterwards" "fail";

    takes_errors_for_absence: in_memory::<records::ErrorIsAbsent>()
        => "close.then-everything-refuses" "fail", "batches.get-lengths-must-match" "fail";
    demands_links_before_the_batch: in_memory::<records::DemandsLinksBefore>()
        => "closure.links-within-a-batch" "error";
    follows_links_by_recursion: in_memory::<records::FollowsLinks>()
        => "closure.deep-chain" "crashed";

    lists_in_no_order: in_memory::<listing::Reversed>()
        => "list.in-pages" "fail",
           "list.kind-and-size" "fail",
           "list.across-syncs" "fail";
    lists_the_cursor_again: in_memory::<listing::FromTheCursor>()
        => "list.strictly-after" "fail";
    lists_no_sizes: in_memory::<listing::NoSizes>()
        => "list.kind-and-size" "fail";
    skips_a_ref_between_pages: in_memory::<listing::SkipsARef>()
        => "refs.list-in-pages" "fail",
           "refs.list-after" "fail";
    takes_prefixes_for_components: in_memory::<listing::WholeComponents>()
        => "refs.list-prefix-is-plain-text" "fail";
    offers_a_listing_that_it_does_not_declare: in_memory::<listing::Undeclared>()
        => "list.in-pages" "fail";
    forgets_one_entry_of_pages_of_five: in_memory::<listing::PagesOfFive>()
        => "random.against-a-model" "fail";

    reads_what_is_deleted: in_memory::<deletion::ReadsWhatIsDeleted>()
        => "delete.absent-afterwards" "fail";
    deletes_the_young: in_memory::<deletion::DeletesTheYoung>()
        => "delete.spares-the-young" "fail",
           "delete.spares-the-renewed" "fail",
           "delete.spares-what-a-commit-renewed" "fail";
    does_not_renew: in_memory::<deletion::DoesNotRenew>()
        => "delete.spares-the-renewed" "fail",
           "delete.spares-what-a-commit-renewed" "fail";
    counts_what_was_asked: in_memory::<deletion::CountsWhatWasAsked>()
        => "delete.counts-and-repeats" "fail";

    swaps_in_two_steps: in_memory::<refs::SwapsInTwoSteps>()
        => "concurrency.counting-threads" "fail",
           "concurrency.one-creator-wins" "fail",
           "concurrency.one-deleter-wins" "fail";
    moves_a_lost_ref: in_memory::<refs::MovesALostRef>()
        => "swap.lost-names-current" "fail",
           "concurrency.one-creator-wins" "fail";
    tells_losers_nothing: in_memory::<refs::TellsLosersNothing>()
        => "swap.lost-names-current" "fail",
           "concurrency.one-creator-wins" "fail";
    accepts_names_that_exclude_each_other: in_memory::<refs::FlatNames>()
        => "refs.collision-below" "fail",
           "refs.collision-above" "fail";
    folds_case: in_memory::<refs::FoldsCase>()
        => "refs.names-are-exact" "fail";
    commits_refs_one_by_one: in_memory::<refs::OneByOne>()
        => "concurrency.commits-are-seen-whole" "fail",
           "commit.several-refs-all-or-none" "fail",
           "commit.collision-moves-nothing" "fail",
           "commit.duplicate-names" "fail";
    stores_the_records_of_a_lost_commit: in_memory::<refs::StoresFirst>()
        => "commit.lost-stores-nothing" "fail";
    moves_refs_before_records: in_memory::<refs::RefsFirst>()
        => "concurrency.refs-never-run-ahead" "fail";

    compares_names_outside_of_the_lock: in_memory::<refs::ComparesNamesFirst>()
        => "concurrency.collisions" "fail";

    hangs: in_memory::<process::Hangs>() => "records.put-again-changes-nothing" "timeout";
    panics: in_memory::<process::Panics>() => "list.limit-0" "crashed";
    exits: in_memory::<process::Exits>() => "list.limit-0" "crashed";
    aborts: in_memory::<process::Aborts>() => "list.limit-0" "crashed";
    works_after_closing: in_memory::<process::WorksAfterClosing>()
        => "close.then-everything-refuses" "fail";
    keeps_files_open: opening::keeps_files_open()
        => "instances.open-and-close-200-times" "fail";

    ignores_unknown_options: opening::ignores_options()
        => "options.unknown-is-refused" "fail";
    always_creates: opening::always_creates()
        => "open.never-creates" "fail";
    begins_anew_where_it_may_create: opening::begins_anew()
        => "open.creates-once" "fail";
    makes_a_lock_for_reading: opening::locks_for_reading()
        => "read-only.changes-nothing-on-disk" "fail";
    lets_go_when_it_is_dropped: opening::lets_go_late()
        => "close.lets-go" "error";
    leaves_its_lock_behind: opening::leaves_its_lock()
        => "kill.while-committing" "error";
    writes_although_read_only: opening::writes_although_read_only()
        => "read-only.refuses-to-write" "fail";

    remembers_what_was_absent: in_one_file::<sharing::RemembersAbsence>()
        => "visibility.synced-records" "fail";
    remembers_refs: in_one_file::<sharing::RemembersRefs>()
        => "visibility.committed-refs-and-records" "fail",
           "visibility.swapped-and-deleted-refs" "fail",
           "visibility.another-process" "fail",
           "sharing.two-writers" "fail",
           "sharing.a-writer-in-another-process" "fail";
    locks_instances_only: in_one_file::<sharing::LocksWithinTheInstance>()
        => "sharing.counting-instances" "fail",
           "sharing.counting-processes" "fail";
    claims_to_share: in_memory::<sharing::ClaimsToShare>()
        => "visibility.another-process" "error";
    renews_for_itself_only: in_one_file::<deletion::RenewsInMemory>()
        => "sharing.renewal-elsewhere" "fail";
    shares_in_secret: in_one_file::<sharing::SharesInSecret>()
        => "sharing.two-writers" "fail";

    claims_to_be_durable: in_memory::<durability::ClaimsToBeDurable>()
        => "reopen.after-sync-and-close" "error";
    puts_in_memory_and_ignores_sync: in_one_file::<durability::IgnoresSync>()
        => "kill.while-syncing" "fail",
           "reopen.after-sync-and-close" "fail",
           "visibility.synced-records" "fail",
           "sharing.renewal-elsewhere" "fail";
    acknowledges_before_it_commits: in_one_file::<durability::AcknowledgesEarly>()
        => "kill.while-committing" "fail",
           "reopen.after-commit-and-drop" "fail",
           "reopen.again-and-again" "fail";
    renews_until_it_is_closed: in_one_file::<deletion::RenewsInMemory>()
        => "delete.renewal-survives-reopening" "fail";
    deletes_until_it_is_closed: in_one_file::<deletion::DeletesInMemory>()
        => "reopen.deleted-records-stay-deleted" "fail";
    commits_in_two_transactions: in_one_file::<durability::TwoTransactions>()
        => "kill.while-committing-two-refs" "fail";
    forgets_deletions_of_refs: in_one_file::<durability::ForgetsDeletions>()
        => "reopen.deleted-refs-stay-deleted" "fail";

    embeds_batches_otherwise: embedders::suite(embedders::Flaw::Batch)
        => "batches.equal-single-texts" "fail";
    claims_to_normalize: embedders::suite(embedders::Flaw::Normalized)
        => "vectors.normalized" "fail";
    embeds_into_any_buffer: embedders::suite(embedders::Flaw::AnyLength)
        => "arguments.lengths-must-match" "fail";
    cuts_characters: embedders::suite(embedders::Flaw::CutsCharacters)
        => "texts.long" "crashed";
    embeds_at_random: embedders::suite(embedders::Flaw::Random)
        => "vectors.repeat" "fail";
}

#[test]
fn the_unbroken_backend_passes() {
    verdict::expect_all(
        &in_memory::<sharing::Nothing>(),
        "the_unbroken_backend_passes",
    );
}

#[test]
fn the_unbroken_embedder_passes() {
    verdict::expect_all(
        &embedders::suite(embedders::Flaw::None),
        "the_unbroken_embedder_passes",
    );
}

#[test]
fn a_failing_sequence_of_calls_is_made_short() {
    let suite = in_memory::<listing::PagesOfFive>();
    let message = verdict::message_of(
        &suite,
        "a_failing_sequence_of_calls_is_made_short",
        "random.against-a-model",
    );
    assert!(
        message.contains("with seed 42, of 250 random calls these "),
        "{message}"
    );
    let calls = message
        .lines()
        .filter(|line| line.starts_with("  "))
        .count();
    assert!(
        (1..=8).contains(&calls),
        "{calls} calls are left:\n{message}"
    );
}
