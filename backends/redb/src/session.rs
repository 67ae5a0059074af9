//! One opened store: who may enter, whose turn it is to write, and how it recovers.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};
use prollytree_plugin_api::log::{Level, log};
use prollytree_plugin_api::{
    Call, Error, ErrorKind, Hash, Record, RefUpdate, Result, Swap, Timestamp,
};
use redb::Database;

use crate::fault::{fault, guarded, needs_reopening};
use crate::nodes::{self, Dated};
use crate::open::{Engine, Place, read_only};
use crate::pending::Pending;
use crate::refs;

/// One opened store.
pub(crate) struct RedbStorage {
    pub(crate) place: Place,
    /// Held for reading by every running call, so that closing waits for them.
    state: RwLock<State>,
    /// Whether redb must be opened again before anything else.
    failed: AtomicBool,
    /// Held by the one call that writes to the database.
    turn: Mutex<()>,
    pub(crate) pending: Pending,
}

enum State {
    Open(Engine),
    /// redb gave up after a failed read or write, and could not be opened again yet.
    Failed,
    Closed,
}

/// The engine, for the duration of one call.
type Reading<'a> = MappedRwLockReadGuard<'a, Engine>;

impl RedbStorage {
    pub(crate) fn new(place: Place, engine: Engine) -> Self {
        Self {
            place,
            state: RwLock::new(State::Open(engine)),
            failed: AtomicBool::new(false),
            turn: Mutex::new(()),
            pending: Pending::default(),
        }
    }

    /// Admits a call that reads.
    pub(crate) fn reading(&self, call: &Call<'_>) -> Result<Reading<'_>> {
        self.recover()?;
        let engine = RwLockReadGuard::try_map(self.state.read(), |state| match state {
            State::Open(engine) => Some(engine),
            State::Failed | State::Closed => None,
        })
        .map_err(|state| refusal(&state))?;
        call.check()?;
        Ok(engine)
    }

    /// Admits a call that writes.
    pub(crate) fn writing(&self, call: &Call<'_>) -> Result<MappedRwLockReadGuard<'_, Database>> {
        MappedRwLockReadGuard::try_map(self.reading(call)?, |engine| match engine {
            Engine::Writing(database) => Some(database),
            Engine::Reading(_) => None,
        })
        .map_err(|_| read_only())
    }

    /// Admits a call that must be alone.
    pub(crate) fn alone(&self, call: &Call<'_>) -> Result<MappedRwLockWriteGuard<'_, Database>> {
        self.recover()?;
        call.check()?;
        let state = self.state.write();
        match &*state {
            State::Open(Engine::Writing(_)) => {}
            State::Open(Engine::Reading(_)) => return Err(read_only()),
            refused => return Err(refusal(refused)),
        }
        RwLockWriteGuard::try_map(state, |state| match state {
            State::Open(Engine::Writing(database)) => Some(database),
            _ => None,
        })
        .map_err(|state| refusal(&state))
    }

    /// Waits for the turn to write to the database.
    fn turn(&self, call: &Call<'_>) -> Result<MutexGuard<'_, ()>> {
        let turn = match call.deadline {
            None => Some(self.turn.lock()),
            Some(deadline) => self.turn.try_lock_until(deadline),
        };
        call.check()?;
        turn.ok_or_else(|| Error::new(ErrorKind::TIMEOUT, "the deadline of the call passed"))
    }

    /// Does work with redb, and notes an error after which redb must be opened again.
    pub(crate) fn watch<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        guarded(work).map_err(|error| {
            if !needs_reopening(&error) {
                return error;
            }
            self.failed.store(true, Ordering::Release);
            error.with("path", self.place.path.display())
        })
    }

    /// Ends the instance when the running calls have ended.
    pub(crate) fn end(&self) -> Result<()> {
        let mut state = self.state.write();
        let engine = std::mem::replace(&mut *state, State::Closed);
        guarded(|| {
            drop(engine);
            Ok(())
        })
    }

    /// Opens redb again if it has given up. What waits in memory is not touched.
    fn recover(&self) -> Result<()> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut state = self.state.write();
        if matches!(*state, State::Closed) || !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        // The old one must be gone first: it holds the lock of the file.
        let engine = std::mem::replace(&mut *state, State::Failed);
        let engine = guarded(|| {
            drop(engine);
            self.place.open(false)
        })?;
        *state = State::Open(engine);
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// Makes what waits, the records and the moves of refs durable in one transaction, or nothing.
    pub(crate) fn write(
        &self,
        call: &Call<'_>,
        database: &Database,
        records: &[Record<'_>],
        updates: &[RefUpdate],
    ) -> Result<Swap> {
        let _turn = self.turn(call)?;
        let waiting = self.pending.all();
        if waiting.is_empty() && records.is_empty() && updates.is_empty() {
            return Ok(Swap::Done);
        }
        let transaction = database.begin_write().map_err(fault("begin to write"))?;
        let swap = refs::apply(&transaction, updates)?;
        if swap != Swap::Done {
            return Ok(swap);
        }
        let now = Timestamp::now();
        let mut arriving: Vec<_> = records.iter().collect();
        arriving.sort_by_key(|record| record.hash);
        let arriving = arriving.into_iter().map(|record| Dated::new(record, now));
        nodes::store(
            &transaction,
            waiting.iter().map(Dated::held).chain(arriving),
        )?;
        transaction.commit().map_err(fault("commit"))?;
        self.pending.settle(&waiting);
        Ok(swap)
    }

    /// Makes what waits durable.
    pub(crate) fn store_pending(&self, call: &Call<'_>, database: &Database) -> Result<()> {
        // Without a ref to move nothing can be lost.
        self.write(call, database, &[], &[]).map(drop)
    }

    /// Deletes what was put last before `not_younger_than`, waiting or not.
    pub(crate) fn delete(
        &self,
        call: &Call<'_>,
        database: &Database,
        hashes: &[Hash],
        not_younger_than: Timestamp,
    ) -> Result<u64> {
        let _turn = self.turn(call)?;
        let transaction = database.begin_write().map_err(fault("begin to write"))?;
        let deleted = nodes::delete(&transaction, &self.pending, hashes, not_younger_than)?;
        if deleted.stored {
            transaction.commit().map_err(fault("commit"))?;
        }
        Ok(deleted.count)
    }
}

impl Drop for RedbStorage {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            log(Level::ERROR, crate::BACKEND.name, format_args!("{error}"));
        }
    }
}

fn refusal(state: &State) -> Error {
    match state {
        State::Closed => Error::closed(),
        State::Open(_) | State::Failed => Error::new(
            ErrorKind::IO,
            "the store could not be opened again after a failed read or write",
        )
        .retryable(),
    }
}

#[cfg(test)]
mod tests;
