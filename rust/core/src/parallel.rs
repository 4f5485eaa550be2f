//! Threads for independent tasks, and the control that a caller keeps over them: interruption, a
//! deadline, progress. No result may depend on which thread ran a task; nothing here is random.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often the calling thread looks for an interruption while others work.
const WATCH_EVERY: Duration = Duration::from_millis(25);

/// What the caller wants to know and may stop, shared by all threads of one call.
pub struct Control {
    shared: Arc<Shared>,
    deadline: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    interrupted: AtomicBool,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Control {
    /// A control whose work ends early once `time_limit` has passed.
    pub fn new(time_limit: Option<Duration>) -> Self {
        Control {
            shared: Arc::default(),
            deadline: time_limit.and_then(|limit| Instant::now().checked_add(limit)),
        }
    }

    /// Announces `units` more units of work.
    pub fn expect(&self, units: usize) {
        self.shared.total.fetch_add(units, Ordering::Relaxed);
    }

    /// Reports `units` of work as done.
    pub fn advance(&self, units: usize) {
        self.shared.done.fetch_add(units, Ordering::Relaxed);
    }

    /// True once the caller interrupted or the deadline passed: whoever sees it returns soon.
    pub fn stopped(&self) -> bool {
        self.shared.interrupted.load(Ordering::Relaxed) || self.expired()
    }

    /// True if the work may be cut off by a deadline.
    pub fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    /// True once the deadline has passed.
    pub fn expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// True once the caller interrupted.
    pub fn interrupted(&self) -> bool {
        self.shared.interrupted.load(Ordering::Relaxed)
    }

    /// The same control for work that a deadline must not cut off.
    pub fn without_deadline(&self) -> Self {
        Control { shared: Arc::clone(&self.shared), deadline: None }
    }

    fn watch(&self, watcher: Watcher<'_>) {
        let (done, total) =
            (self.shared.done.load(Ordering::Relaxed), self.shared.total.load(Ordering::Relaxed));
        if !watcher(done, total) {
            self.shared.interrupted.store(true, Ordering::Relaxed);
        }
    }
}

/// Called from the calling thread with (done, total); `false` interrupts.
pub type Watcher<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// Runs `task(state, i)` for every i in [0, n_tasks), each once, on `n_threads` threads that take the
/// next index when they are free. Each thread makes its own `state`. Returns `Error::Interrupted` if
/// the watcher said so; tasks not begun by then, or after the deadline, are not run.
pub fn for_each<T>(
    n_threads: usize,
    n_tasks: usize,
    control: &Control,
    watcher: Watcher<'_>,
    state: impl Fn() -> T + Sync,
    task: impl Fn(&mut T, usize) + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let n_threads = n_threads.clamp(1, n_tasks.max(1));
    let running = AtomicUsize::new(n_threads);
    let caller = std::thread::current();
    let work = || {
        let _left = Leave(&running, &caller);
        let mut own = state();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n_tasks || control.stopped() {
                break;
            }
            task(&mut own, i);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(work);
        }
        while running.load(Ordering::Acquire) > 0 {
            std::thread::park_timeout(WATCH_EVERY);
            control.watch(watcher);
        }
    });
    control.watch(watcher);
    if control.interrupted() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Runs one task on a thread of its own, while this one watches. `None` where it was not begun.
pub fn watched<T: Send>(
    control: &Control,
    watcher: Watcher<'_>,
    task: impl Fn() -> T + Sync,
) -> Result<Option<T>> {
    let out = Mutex::new(None);
    for_each(1, 1, control, watcher, || (), |(), _| *lock(&out) = Some(task()))?;
    Ok(out.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Fills values (n, width) in blocks of `block` rows: `fill(state, rows, out)`, out (rows, width). Returns the
/// error of one of the blocks, if any.
pub fn fill_blocks<S, T: Send>(
    (block, width): (usize, usize),
    values: &mut [T],
    n_threads: usize,
    control: &Control,
    watcher: Watcher<'_>,
    state: impl Fn() -> S + Sync,
    fill: impl Fn(&mut S, Range<usize>, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    let blocks: Vec<_> = values.chunks_mut(block * width).map(Mutex::new).collect();
    let failed = Mutex::new(None);
    for_each(n_threads, blocks.len(), control, watcher, state, |state, number| {
        let mut out = lock(&blocks[number]);
        let first = number * block;
        if let Err(error) = fill(state, first..first + out.len() / width, &mut out) {
            *lock(&failed) = Some(error);
        }
    })?;
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// What a mutex holds. Whoever panicked with it in hand is reported all the same: the panic goes on.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the caller that a worker has left, also when it unwinds.
struct Leave<'a>(&'a AtomicUsize, &'a std::thread::Thread);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.1.unpark();
        }
    }
}

/// Takes results in any order and uses them in the order of their numbers.
pub struct InOrder<D, S> {
    next: usize,
    waiting: BTreeMap<usize, D>,
    pub state: S,
}

impl<D, S> InOrder<D, S> {
    /// Starts at number `first`.
    pub fn new(first: usize, state: S) -> Mutex<Self> {
        Mutex::new(InOrder { next: first, waiting: BTreeMap::new(), state })
    }

    /// Takes item `number`, and every waiting one whose turn has come.
    pub fn put(this: &Mutex<Self>, number: usize, item: D, mut take: impl FnMut(&mut S, usize, D)) {
        // A poisoned lock means that another thread panicked: its panic is the one to report.
        let Ok(mut this) = this.lock() else { return };
        this.waiting.insert(number, item);
        let next = this.next;
        let mut number = next;
        while let Some(item) = this.waiting.remove(&number) {
            take(&mut this.state, number, item);
            number += 1;
        }
        this.next = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(n: usize, n_threads: usize, refused: usize) -> Result<Vec<usize>> {
        let mut values = vec![0; 3 * n];
        let work = |_: &mut (), rows: Range<usize>, out: &mut [usize]| {
            for (row, out) in rows.zip(out.chunks_exact_mut(3)) {
                if row == refused {
                    return Err(Error::invalid("refused"));
                }
                out.copy_from_slice(&[row, row + 1, row + 2]);
            }
            Ok(())
        };
        fill_blocks((4, 3), &mut values, n_threads, &Control::new(None), &mut |_, _| true, || (), work)?;
        Ok(values)
    }

    #[test]
    fn blocks_are_filled_by_their_rows_or_not_at_all() {
        for n in [0, 1, 4, 11] {
            let expected: Vec<usize> = (0..n).flat_map(|row| [row, row + 1, row + 2]).collect();
            for n_threads in [1, 3] {
                assert_eq!(fill(n, n_threads, usize::MAX), Ok(expected.clone()));
            }
        }
        assert_eq!(fill(11, 2, 9), Err(Error::invalid("refused")));
    }

    #[test]
    fn one_task_is_watched_and_can_be_stopped() {
        let control = Control::new(None);
        assert_eq!(watched(&control, &mut |_, _| true, || 7), Ok(Some(7)));
        let until_stopped = || while !control.stopped() {};
        assert_eq!(watched(&control, &mut |_, _| false, until_stopped), Err(Error::Interrupted));
        let late = Control::new(Some(Duration::ZERO));
        assert_eq!(watched(&late, &mut |_, _| true, || 7), Ok(None));
    }
}
