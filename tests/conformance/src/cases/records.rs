//! Records: what is put is what is got, at every size, and absent is a value.

use prollytree_plugin_api::{Capabilities, Hash, Kind, MAX_RECORD_SIZE, Slot};

use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::store::CALL;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "records.put-then-get",
        promise: "A record is read back, byte for byte, as soon as `put_many` has returned.",
        why: "A commit reads nodes that it has just written.",
        needs: Capabilities::empty(),
        run: put_then_get,
    },
    Case {
        id: "records.absent-is-a-value",
        promise: "Asking for a record that is not there succeeds and finds nothing.",
        why: "Absent, corrupt and failed are three different things to the host.",
        needs: Capabilities::empty(),
        run: absent_is_a_value,
    },
    Case {
        id: "records.get-is-positional",
        promise: "`out[i]` belongs to `hashes[i]`, whatever the order and whichever are absent.",
        why: "A batch of children is matched to its parent's entries by position alone.",
        needs: Capabilities::empty(),
        run: get_is_positional,
    },
    Case {
        id: "records.get-the-same-hash-twice",
        promise: "A hash may be asked for several times in one call and is answered each time.",
        why: "Two entries of a node may have the same child.",
        needs: Capabilities::empty(),
        run: get_the_same_hash_twice,
    },
    Case {
        id: "records.get-clears-absent-slots",
        promise: "A slot that was full is emptied where there is no such record.",
        why: "Callers reuse their slots; an old buffer would pass for the wanted record.",
        needs: Capabilities::empty(),
        run: get_clears_absent_slots,
    },
    Case {
        id: "records.contains-agrees-with-get",
        promise: "`contains_many` says of every hash exactly what `get_many` would.",
        why: "The host skips writing what `contains_many` finds; a wrong yes loses data.",
        needs: Capabilities::empty(),
        run: contains_agrees_with_get,
    },
    Case {
        id: "records.contains-overwrites-its-answers",
        promise: "`contains_many` sets every answer, also those that held another one before.",
        why: "An answer left over from the last call would be taken for this one's.",
        needs: Capabilities::empty(),
        run: contains_overwrites,
    },
    Case {
        id: "records.put-again-changes-nothing",
        promise: "Storing a record that is there already succeeds and changes none of its bytes.",
        why: "Equal nodes are written again and again; that is what content addressing is for.",
        needs: Capabilities::empty(),
        run: put_again,
    },
    Case {
        id: "records.put-copies-the-bytes",
        promise: "The caller's memory may change as soon as `put_many` has returned.",
        why: "Across the plugin boundary nothing but this promise keeps the caller's buffer apart.",
        needs: Capabilities::empty(),
        run: put_copies,
    },
    Case {
        id: "records.size-0",
        promise: "A record without any bytes is stored, and is not an absent one.",
        why: "An empty value is a value.",
        needs: Capabilities::empty(),
        run: size_zero,
    },
    Case {
        id: "records.sizes-around-powers-of-two",
        promise: "Every size around the limits of integers and pages is stored exactly.",
        why: "Length fields of one or two bytes and page limits go wrong there.",
        needs: Capabilities::empty(),
        run: sizes_around_powers_of_two,
    },
    Case {
        id: "records.size-1-mib",
        promise: "A record of 1 MiB is stored.",
        why: "That is the size at which the host begins to cut values.",
        needs: Capabilities::empty(),
        run: |context| round_trip_of_size(context, 1 << 20),
    },
    Case {
        id: "records.size-64-mib",
        promise: "A record of 64 MiB, the largest that there is, is stored.",
        why: "The tree must not depend on the backend, so every backend takes every size.",
        needs: Capabilities::empty(),
        run: |context| round_trip_of_size(context, MAX_RECORD_SIZE),
    },
    Case {
        id: "records.bytes-are-not-interpreted",
        promise: "Any bytes are stored as they are: zeros, line ends, text, what looks like a format.",
        why: "A backend that escapes, trims or compresses must give back the same bytes.",
        needs: Capabilities::empty(),
        run: bytes_are_not_interpreted,
    },
    Case {
        id: "records.every-kind",
        promise: "Records of every kind are stored, also of kinds that the backend never saw.",
        why: "A newer host may use kinds that an older plugin does not know.",
        needs: Capabilities::empty(),
        run: every_kind,
    },
];

fn put_then_get(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("put then get", 10);
    for item in &all {
        store.put([item])?;
        store.expect_items("put one record, then get it", std::slice::from_ref(item))?;
    }
    store.expect_items("put ten records one by one, then get all", &all)
}

fn absent_is_a_value(context: &Context) -> Verdict {
    let store = context.store()?;
    let absent = [Hash::ZERO, Hash::new([0xff; 32]), Hash::of(b"never put")];
    store.expect_absent("ask an empty store", &absent)?;
    store.put(&items("something else", 3))?;
    store.expect_absent("ask for what was never put", &absent)
}

fn get_is_positional(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("positional", 64);
    let (stored, absent) = all.split_at(40);
    store.put(stored)?;
    let mut wanted: Vec<(&Item, bool)> = stored.iter().map(|item| (item, true)).collect();
    wanted.extend(absent.iter().map(|item| (item, false)));
    context.random().shuffle(&mut wanted);
    let asked: Vec<_> = wanted.iter().map(|(item, _)| item.hash).collect();
    let did = "get 40 stored and 24 absent records in random order";
    for (index, ((item, there), found)) in wanted.iter().zip(store.get(&asked)?).enumerate() {
        let expected = there.then_some(&*item.bytes);
        let seen = found.as_deref();
        ensure!(
            seen == expected,
            did,
            "position {index} holds something else"
        );
    }
    Ok(())
}

fn get_the_same_hash_twice(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("twice", 3);
    store.put(&all)?;
    let absent = Item::blob("not there");
    let order = [
        &all[0], &all[1], &all[0], &absent, &all[2], &all[0], &absent, &all[1],
    ];
    let found = store.get(&order.map(|item| item.hash))?;
    for (index, (item, seen)) in order.iter().zip(found).enumerate() {
        let expected = (item.hash != absent.hash).then_some(&*item.bytes);
        let did = "get the same hashes several times in one call";
        ensure!(
            seen.as_deref() == expected,
            did,
            "position {index} holds something else"
        );
    }
    Ok(())
}

fn get_clears_absent_slots(context: &Context) -> Verdict {
    let store = context.store()?;
    let (there, absent) = (Item::blob("there"), Item::blob("absent"));
    store.put([&there])?;
    let mut slots = Slot::empty(2);
    for (first, second) in [(&there, &there), (&absent, &there), (&there, &absent)] {
        let call = store
            .raw()
            .get_many(&CALL, &[first.hash, second.hash], &mut slots);
        call.map_err(Failure::call("get_many into slots that were used before"))?;
        for (slot, item) in slots.iter().zip([first, second]) {
            let expected = (item.hash == there.hash).then_some(&*there.bytes);
            let did = "get_many into slots that were full";
            ensure!(
                slot.bytes() == expected,
                did,
                "a slot holds something else than was asked for"
            );
        }
    }
    Ok(())
}

fn contains_agrees_with_get(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("contains", 50);
    let stored: Vec<&Item> = all.iter().step_by(3).collect();
    store.put(stored.iter().copied())?;
    let mut asked = hashes(&all);
    asked.extend_from_within(10..20);
    let get: Vec<bool> = store.get(&asked)?.iter().map(Option::is_some).collect();
    let contains = store.contains(&asked)?;
    let expected: Vec<bool> = asked
        .iter()
        .map(|hash| stored.iter().any(|item| item.hash == *hash))
        .collect();
    ensure_same(
        "get_many of 60 hashes, a third of them stored",
        &expected,
        &get,
    )?;
    ensure_same("contains_many of the same hashes", &expected, &contains)
}

fn contains_overwrites(context: &Context) -> Verdict {
    let store = context.store()?;
    let (there, absent) = (Item::blob("there"), Item::blob("absent"));
    store.put([&there])?;
    for before in [false, true] {
        let mut out = [before; 2];
        let call = store
            .raw()
            .contains_many(&CALL, &[there.hash, absent.hash], &mut out);
        call.map_err(Failure::call("contains_many"))?;
        ensure_same(
            "contains_many into answers that were set before",
            &[true, false],
            &out,
        )?;
    }
    Ok(())
}

fn put_again(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("again", 5);
    store.put(&all)?;
    store.put(&all)?;
    store.put(all.iter().rev())?;
    store.sync()?;
    store.put(&all)?;
    store.expect_items("put five records four times", &all)
}

fn put_copies(context: &Context) -> Verdict {
    let store = context.store()?;
    let original = Item::random(&mut context.random(), 10_000);
    let mut copy = original.clone();
    store.put([&copy])?;
    copy.bytes.fill(0xaa);
    store.expect_items(
        "put a record, then overwrite the memory it was put from",
        std::slice::from_ref(&original),
    )?;
    drop(copy);
    store.expect_items("the same, with that memory freed", &[original])
}

fn size_zero(context: &Context) -> Verdict {
    let store = context.store()?;
    let empty = Item::blob("");
    store.expect_absent("before it is put", &[empty.hash])?;
    store.put([&empty])?;
    ensure_same(
        "contains_many of an empty record",
        &vec![true],
        &store.contains(&[empty.hash])?,
    )?;
    store.expect_items("put a record of 0 bytes, then get it", &[empty])
}

fn sizes_around_powers_of_two(context: &Context) -> Verdict {
    let store = context.store()?;
    let mut random = context.random();
    let mut all = Vec::new();
    for power in [0_u32, 7, 8, 11, 12, 15, 16, 17] {
        let middle = 1_usize << power;
        for size in [middle - 1, middle, middle + 1] {
            all.push(Item::random(&mut random, size));
        }
    }
    store.put(&all)?;
    store.expect_items("put records of 0 to 131,073 bytes in one batch", &all)
}

fn round_trip_of_size(context: &Context, size: usize) -> Verdict {
    let store = context.store()?;
    let all = [
        Item::random(&mut context.random(), size),
        Item::blob("a small one beside it"),
    ];
    store.put(&all)?;
    let did = format!("put a record of {size} bytes, then get it");
    store.expect_items(&did, &all)?;
    store.sync()?;
    store.expect_items(&format!("{did} after a sync"), &all)
}

fn bytes_are_not_interpreted(context: &Context) -> Verdict {
    let store = context.store()?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let contents: [&[u8]; 10] = [
        b"\0",
        b"\0\0\0\0\0\0\0\0",
        b"\n",
        b"\r\n line \r\n",
        b"  spaces  ",
        b"\xff\xfe\xfd",
        b"\xef\xbb\xbfbom",
        b"blob 3\0abc",
        b"{\"json\": [1, 2]}",
        &every_byte,
    ];
    let mut all: Vec<Item> = contents.into_iter().map(Item::blob).collect();
    all.push(Item::blob(vec![0; 100_000]));
    all.push(Item::blob(vec![0xff; 100_000]));
    store.put(&all)?;
    store.expect_items("put contents that look special", &all)
}

fn every_kind(context: &Context) -> Verdict {
    let store = context.store()?;
    let kinds = [
        Kind::NODE,
        Kind::BLOB,
        Kind::COMMIT,
        Kind::TAG,
        Kind::META,
        Kind(77),
    ];
    let all: Vec<Item> = kinds
        .into_iter()
        .map(|kind| {
            Item::new(
                kind,
                Vec::new(),
                format!("a record of {kind:?}").into_bytes(),
            )
        })
        .collect();
    store.put(&all)?;
    store.expect_items(
        "put a record of each kind, and of the unknown kind 77",
        &all,
    )
}
