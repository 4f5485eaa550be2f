//! Threads that stand ready for many short pieces of work, such as the two halves of a training step.
//!
//! Starting a thread takes as long as a step of a small network; these wait instead, awake for some
//! microseconds and then asleep.

use std::cell::UnsafeCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;

use crate::parallel::lock;

/// How often a thread looks for work before it sleeps (tests want it to), and how often before it lets others
/// run.
const LOOKS: u32 = if cfg!(test) { 2_100 } else { 20_000 };
const BUSY_LOOKS: u32 = 2_000;

type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// What the threads of a team share.
struct Shared {
    /// The work of this round; written by the caller while no other thread works.
    work: UnsafeCell<Option<Work<'static>>>,
    /// Whether a caller is in `run`: there is room for one.
    busy: AtomicBool,
    round: AtomicU64,
    left: AtomicUsize,
    closed: AtomicBool,
    failed: AtomicBool,
    sleepers: Mutex<Vec<Thread>>,
}

// SAFETY: `work` is written only between rounds, by the one caller that found `busy` unset and has set it
// (acquire, and release where it is unset), when every worker waits for `round` to change; workers read it
// after they have seen that change (release and acquire on `round`), and the caller goes on, and unsets `busy`,
// only when all have left the round (release and acquire on `left`).
unsafe impl Sync for Shared {}

/// Threads that run the same work, each with its number.
pub struct Team<'a> {
    shared: &'a Shared,
    n_threads: usize,
}

impl Team<'_> {
    /// Runs `body` with a team of n threads, the calling one included; of fewer where the system gives no more.
    pub fn with<R>(n_threads: usize, body: impl FnOnce(&Team<'_>) -> R) -> R {
        let shared = Shared {
            work: UnsafeCell::new(None),
            busy: AtomicBool::new(false),
            round: AtomicU64::new(0),
            left: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            sleepers: Mutex::new(Vec::new()),
        };
        std::thread::scope(|scope| {
            let shared = &shared;
            let _closing = Closing(shared);
            let start = |&number: &usize| {
                std::thread::Builder::new().spawn_scoped(scope, move || shared.serve(number)).is_ok()
            };
            let n_started = (1..n_threads).take_while(start).count();
            body(&Team { shared, n_threads: 1 + n_started })
        })
    }

    pub fn n_threads(&self) -> usize {
        self.n_threads
    }

    /// work(number) for each number in [0, n_threads), all at once; returns when all are done. Panics if the
    /// team is at work: `work` must not call it, nor may two threads.
    pub fn run(&self, work: Work<'_>) {
        if self.n_threads == 1 {
            return work(0);
        }
        let shared = self.shared;
        assert!(!shared.busy.swap(true, Ordering::Acquire), "the team is at work");
        // SAFETY: no worker reads `work` now (see `Shared`); it is used until `left` is 0, which `Waiting`
        // waits for before this function ends, even by unwinding: so the lifetime may be forgotten.
        unsafe {
            *shared.work.get() = Some(std::mem::transmute::<Work<'_>, Work<'static>>(work));
        }
        shared.left.store(self.n_threads - 1, Ordering::Relaxed);
        shared.round.fetch_add(1, Ordering::Release);
        shared.wake();
        {
            let _waiting = Waiting(shared);
            work(0);
        }
        assert!(!shared.failed.load(Ordering::Relaxed), "a thread of the team panicked");
    }
}

impl Shared {
    fn serve(&self, number: usize) {
        let mut seen = 0;
        while let Some(round) = self.next(seen) {
            seen = round;
            let _leaving = Leaving(self);
            // SAFETY: written before the round that was just seen, and kept until this thread leaves.
            if let Some(work) = unsafe { *self.work.get() } {
                work(number);
            }
        }
    }

    /// Waits for the round after `seen`, awake for `LOOKS` looks and then asleep; `None` once the team is closed.
    fn next(&self, seen: u64) -> Option<u64> {
        let mut looks = 0;
        loop {
            let round = self.round.load(Ordering::Acquire);
            if round != seen {
                return Some(round);
            }
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            looks += 1;
            if looks < LOOKS {
                if looks < BUSY_LOOKS {
                    std::hint::spin_loop()
                } else {
                    std::thread::yield_now()
                }
                continue;
            }
            self.lie_down();
            // Work that came before this thread was among the sleepers did not wake it, and is seen now: who
            // brought it has held their lock before.
            if self.round.load(Ordering::Acquire) == seen && !self.closed.load(Ordering::Acquire) {
                std::thread::park();
            }
            // Awake for nothing, as threads may be: back to sleep after one look.
            looks = LOOKS - 1;
        }
    }

    /// Puts this thread among the sleepers, once.
    fn lie_down(&self) {
        let this = std::thread::current();
        let mut sleepers = lock(&self.sleepers);
        if sleepers.iter().all(|sleeper| sleeper.id() != this.id()) {
            sleepers.push(this);
        }
    }

    fn wake(&self) {
        lock(&self.sleepers).drain(..).for_each(|thread| thread.unpark());
    }
}

/// Takes a worker out of its round, also when it unwinds.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Relaxed);
        }
        self.0.left.fetch_sub(1, Ordering::Release);
    }
}

/// Waits until all workers have left the round, which ends it.
struct Waiting<'a>(&'a Shared);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut looks = 0;
        while self.0.left.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < BUSY_LOOKS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        self.0.busy.store(false, Ordering::Release);
    }
}

/// Lets the workers go, also when the caller unwinds.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_works_in_every_round() {
        for n_threads in [1, 2, 3] {
            let counts: Vec<AtomicUsize> = (0..n_threads).map(|_| AtomicUsize::new(0)).collect();
            let rounds = Team::with(n_threads, |team| {
                for round in 0..200 {
                    if round == 100 {
                        std::thread::sleep(std::time::Duration::from_millis(30));
                    }
                    team.run(&|number| {
                        counts[number].fetch_add(1, Ordering::Relaxed);
                    });
                }
                200
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == rounds));
        }
    }

    #[test]
    fn idle_threads_sleep_and_wake() {
        const N: usize = 4;
        let n_sleepers = |team: &Team<'_>| lock(&team.shared.sleepers).len();
        Team::with(N, |team| {
            while n_sleepers(team) < N - 1 {
                std::thread::yield_now();
            }
            // Woken for nothing, they do not lie down a second time.
            for _ in 0..100 {
                lock(&team.shared.sleepers).iter().for_each(Thread::unpark);
                std::thread::sleep(std::time::Duration::from_micros(100));
                assert_eq!(n_sleepers(team), N - 1);
            }
            let count = AtomicUsize::new(0);
            team.run(&|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.load(Ordering::Relaxed), N);
        });
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let panicked = |culprit: usize| {
            std::panic::catch_unwind(|| {
                Team::with(2, |team| team.run(&|number| assert!(number != culprit)));
            })
            .is_err()
        };
        assert!(panicked(0) && panicked(1) && !panicked(2));
    }

    #[test]
    fn a_team_at_work_takes_no_other() {
        Team::with(2, |team| {
            let (inside, refused) = (AtomicBool::new(false), AtomicBool::new(false));
            team.run(&|number| {
                if number == 0 {
                    let nested = || team.run(&|_| inside.store(true, Ordering::Relaxed));
                    let nested = std::panic::catch_unwind(std::panic::AssertUnwindSafe(nested));
                    refused.store(nested.is_err(), Ordering::Relaxed);
                }
            });
            assert!(refused.load(Ordering::Relaxed) && !inside.load(Ordering::Relaxed));
            // And goes on as before.
            team.run(&|_| inside.store(true, Ordering::Relaxed));
            assert!(inside.load(Ordering::Relaxed));
        });
    }
}
