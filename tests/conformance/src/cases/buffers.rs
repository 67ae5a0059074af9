//! Buffers: bytes that were given out stay as they are for as long as somebody holds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use prollytree_plugin_api::{Buffer, Capabilities, Record};

use super::delete::far_future;
use crate::case::{Case, Failure, StorageCase, Verdict, ensure};
use crate::context::Context;
use crate::item::{Item, hashes, items};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "buffers.outlive-the-store",
        promise: "A buffer stays valid and unchanged after the store is closed and dropped.",
        why: "The host's cache keeps buffers without knowing what they came from.",
        needs: Capabilities::empty(),
        run: outlive_the_store,
    },
    Case {
        id: "buffers.outlive-deletion",
        promise: "A buffer stays valid and unchanged after its record is deleted.",
        why: "A sweep runs beside readers.",
        needs: Capabilities::DELETE,
        run: outlive_deletion,
    },
    Case {
        id: "buffers.never-change",
        promise: "A buffer does not change, whatever is stored and read afterwards.",
        why: "A buffer that is reused inside the backend turns one node into another.",
        needs: Capabilities::empty(),
        run: never_change,
    },
    Case {
        id: "buffers.cross-threads",
        promise: "A buffer may be read, cloned and dropped on any thread.",
        why: "Nodes are fetched on one thread and decoded on another.",
        needs: Capabilities::empty(),
        run: cross_threads,
    },
    Case {
        id: "buffers.shared-with-the-store",
        promise: "A buffer that the host shares when it puts a record is kept and let go like any other: what is read stays right after the host drops it, and nobody holds it after its record is deleted and the store closed.",
        why: "An engine in memory may keep a clone in place of a copy; a count that is lost is memory that never comes back.",
        needs: Capabilities::DELETE,
        run: shared_with_the_store,
    },
];

/// Bytes that say when they are dropped.
struct Watched(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

fn shared_with_the_store(context: &Context) -> Verdict {
    let store = context.store()?;
    let all = items("shared", 20);
    let drops = Arc::new(AtomicUsize::new(0));
    let buffers: Vec<Buffer> = all
        .iter()
        .map(|item| Buffer::from_owner(Watched(item.bytes.clone(), Arc::clone(&drops))))
        .collect();
    let records: Vec<Record<'_>> = all
        .iter()
        .zip(&buffers)
        .map(|(item, buffer)| Record {
            shared: Some(buffer),
            ..item.record()
        })
        .collect();
    let did = "put 20 records whose buffers are shared, and drop the buffers";
    // Twice, so that buffers of records that are there already are let go as well.
    for _ in 0..2 {
        let put = store.raw().put_many(&crate::store::CALL, &records);
        put.map_err(Failure::call(did))?;
    }
    drop(records);
    drop(buffers);
    store.expect_items(did, &all)?;
    store.delete(&hashes(&all), far_future())?;
    store.close()?;
    drop(store);
    let dropped = drops.load(Ordering::SeqCst);
    let did = "delete records whose buffers were shared, and close and drop the store";
    ensure!(
        dropped == all.len(),
        did,
        "{dropped} of 20 buffers were let go"
    );
    Ok(())
}

fn outlive_the_store(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all: Vec<Item> = [10, 5_000, 300_000]
        .map(|size| Item::random(&mut context.random(), size))
        .into();
    store.put(&all)?;
    store.sync()?;
    let held = store.get(&hashes(&all))?;
    store.close()?;
    drop(store);
    let did = "hold buffers while the store is closed, dropped and opened again";
    for (item, buffer) in all.iter().zip(&held) {
        ensure!(
            buffer.as_deref() == Some(&*item.bytes),
            did,
            "a buffer has changed"
        );
    }
    let again = context.create(&place)?;
    again.put(&items("something else", 100))?;
    for (item, buffer) in all.iter().zip(held) {
        ensure!(
            buffer.as_deref() == Some(&*item.bytes),
            did,
            "a buffer has changed"
        );
    }
    Ok(())
}

fn outlive_deletion(context: &Context) -> Verdict {
    let store = context.store()?;
    let all: Vec<Item> = [10, 5_000, 300_000]
        .map(|size| Item::random(&mut context.random(), size))
        .into();
    store.put(&all)?;
    let held = store.get(&hashes(&all))?;
    store.delete(&hashes(&all), far_future())?;
    store.sync()?;
    store.put(&items("what takes the place of the deleted", 200))?;
    for (item, buffer) in all.iter().zip(held) {
        let did = "hold buffers while their records are deleted and others are put";
        ensure!(
            buffer.as_deref() == Some(&*item.bytes),
            did,
            "a buffer has changed"
        );
    }
    Ok(())
}

fn never_change(context: &Context) -> Verdict {
    let store = context.store()?;
    let mut random = context.random();
    let all: Vec<Item> = (0..20).map(|_| Item::random(&mut random, 4096)).collect();
    store.put(&all)?;
    let mut held = Vec::new();
    for item in &all {
        held.extend(store.get(&[item.hash])?);
        store.put([&Item::random(&mut random, 4096)])?;
    }
    store.put(&all)?;
    store.sync()?;
    for (index, (item, buffer)) in all.iter().zip(&held).enumerate() {
        let did = "hold the buffers of 20 records while others are put and got";
        ensure!(
            buffer.as_deref() == Some(&*item.bytes),
            did,
            "buffer {index} has changed"
        );
    }
    Ok(())
}

fn cross_threads(context: &Context) -> Verdict {
    let store = context.store()?;
    let all: Vec<Item> = items("across threads", 32);
    store.put(&all)?;
    let held = store.get(&hashes(&all))?;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (held, all) = (held.clone(), all.clone());
            thread::spawn(move || {
                all.iter().zip(held).all(|(item, buffer)| {
                    let clone = buffer.clone();
                    drop(buffer);
                    clone.as_deref() == Some(&*item.bytes)
                })
            })
        })
        .collect();
    drop(held);
    for thread in threads {
        let same = thread
            .join()
            .map_err(|_| Failure::Setup("a reading thread panicked".into()))?;
        let did = "read, clone and drop buffers on four other threads";
        ensure!(same, did, "a buffer with other bytes than were put");
    }
    Ok(())
}
