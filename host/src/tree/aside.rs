//! Work that is done on other threads, with its results in the order in which it was given.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Threads that do the same work with one input after the other. They end when this is dropped.
pub(super) struct Aside<In, Out> {
    work: fn(&In) -> Out,
    jobs: Sender<Job<In, Out>>,
    /// So many inputs are left to the threads, and more are done here.
    most: usize,
    /// Oldest first.
    given: VecDeque<Given<In, Out>>,
}

struct Job<In, Out> {
    input: Arc<In>,
    done: Sender<Out>,
}

struct Given<In, Out> {
    input: Arc<In>,
    output: Output<Out>,
}

enum Output<Out> {
    Done(Out),
    Coming(Receiver<Out>),
}

/// So many inputs wait for each thread.
const AHEAD: usize = 3;

impl<In: Send + Sync + 'static, Out: Send + 'static> Aside<In, Out> {
    /// Starts so many threads; `None` if that is none, or none can be had.
    pub(super) fn start(work: fn(&In) -> Out, threads: usize) -> Option<Self> {
        let (jobs, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let threads = (0..threads)
            .filter(|_| start_thread(work, Arc::clone(&taken)))
            .count();
        (threads > 0).then_some(Self {
            work,
            jobs,
            most: threads * AHEAD,
            given: VecDeque::new(),
        })
    }

    /// Gives an input to the threads; where they have enough to do, the work is done at once.
    pub(super) fn give(&mut self, input: In) {
        let input = Arc::new(input);
        let output = if self.given.len() < self.most {
            let (done, output) = channel();
            let job = Job {
                input: Arc::clone(&input),
                done,
            };
            // A job that nobody takes is dropped, and `take` does it.
            drop(self.jobs.send(job));
            Output::Coming(output)
        } else {
            Output::Done((self.work)(&input))
        };
        self.given.push_back(Given { input, output });
    }

    /// Returns the oldest input that has not been taken, and what came of it, if that is known or
    /// many are waiting for it; with `all`, until there are none.
    pub(super) fn take(&mut self, all: bool) -> Option<(Arc<In>, Out)> {
        let is_late = all || self.given.len() > 2 * self.most;
        let Given { input, output } = self.given.pop_front()?;
        let output = match output {
            Output::Done(output) => Some(output),
            Output::Coming(coming) if is_late => coming.recv().ok(),
            Output::Coming(coming) => match coming.try_recv() {
                Ok(output) => Some(output),
                Err(TryRecvError::Disconnected) => None,
                Err(TryRecvError::Empty) => {
                    let output = Output::Coming(coming);
                    self.given.push_front(Given { input, output });
                    return None;
                }
            },
        };
        // Where a thread has ended, its work is done here.
        let output = output.unwrap_or_else(|| (self.work)(&input));
        Some((input, output))
    }

    /// Returns how many inputs have been given and not been taken.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.given.len()
    }
}

/// Says whether a thread could be started.
fn start_thread<In, Out>(work: fn(&In) -> Out, jobs: Arc<Mutex<Receiver<Job<In, Out>>>>) -> bool
where
    In: Send + Sync + 'static,
    Out: Send + 'static,
{
    let next = move || {
        let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.recv().ok()
    };
    let run = move || {
        while let Some(Job { input, done }) = next() {
            let output = work(&input);
            // Who gets the output may want the input for itself.
            drop(input);
            // Nobody may be waiting any more.
            drop(done.send(output));
        }
    };
    let thread = thread::Builder::new().name("prollytree-build".to_owned());
    thread.spawn(run).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_what_was_given() {
        // The later of ten are done before the first, if somebody else does them.
        let work = |n: &u64| {
            thread::sleep(Duration::from_micros(90 - 10 * (n % 10)));
            n + 1
        };
        for threads in [1, 4] {
            let mut aside = Aside::start(work, threads).unwrap();
            let mut taken = Vec::new();
            for n in 0..1_000 {
                aside.give(n);
                while let Some((n, done)) = aside.take(false) {
                    assert_eq!(done, *n + 1);
                    taken.push(Arc::into_inner(n).unwrap());
                }
            }
            while let Some((n, _)) = aside.take(true) {
                taken.push(*n);
            }
            assert!(taken.into_iter().eq(0..1_000));
        }
    }

    #[test]
    fn what_waits_for_a_slow_one_is_bounded() {
        let work = |(n, go): &(u64, Arc<AtomicBool>)| {
            while *n == 0 && !go.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
        };
        let go = Arc::new(AtomicBool::new(false));
        let mut aside = Aside::start(work, 2).unwrap();
        let later = Arc::clone(&go);
        let slow = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            later.store(true, Ordering::Relaxed);
        });
        let mut taken = 0;
        for n in 0..1_000 {
            aside.give((n, Arc::clone(&go)));
            taken += std::iter::from_fn(|| aside.take(false)).count();
            assert!(aside.waiting() <= 2 * aside.most);
        }
        taken += std::iter::from_fn(|| aside.take(true)).count();
        assert_eq!(taken, 1_000);
        slow.join().unwrap();
    }

    #[test]
    fn what_a_thread_has_left_undone_is_done_here() {
        let caller = thread::current().id();
        let work = |&caller: &thread::ThreadId| {
            assert_eq!(thread::current().id(), caller, "this thread is to end");
            7
        };
        let mut aside = Aside::start(work, 2).unwrap();
        for _ in 0..30 {
            aside.give(caller);
        }
        for _ in 0..30 {
            assert_eq!(aside.take(true).map(|(_, done)| done), Some(7));
        }
        assert!(aside.take(true).is_none());
    }

    #[test]
    fn without_threads_there_is_nobody_to_work() {
        assert!(Aside::start(|(): &()| (), 0).is_none());
    }
}
