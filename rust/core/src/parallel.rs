//! Threads for independent tasks, and the control that a caller keeps over them: interruption, a
//! deadline, progress. No result may depend on which thread ran a task; nothing here is random.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
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
/// next index when they are free; on fewer where the system gives no more. Each thread makes its own
/// `state`. Returns `Error::Interrupted` if the watcher said so; tasks not begun by then, or after the
/// deadline, are not run.
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
    let work = |look: &mut dyn FnMut()| {
        let mut own = state();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n_tasks || control.stopped() {
                break;
            }
            task(&mut own, i);
            look();
        }
    };
    let on_its_own = || {
        let _left = Leave(&running, &caller);
        work(&mut || ());
    };
    std::thread::scope(|scope| {
        let started = (0..n_threads).take_while(|_| Builder::new().spawn_scoped(scope, on_its_own).is_ok());
        let started = started.count();
        running.fetch_sub(n_threads - started, Ordering::AcqRel);
        if started == 0 {
            work(&mut || control.watch(watcher));
        }
        while running.load(Ordering::Acquire) > 0 {
            std::thread::park_timeout(WATCH_EVERY);
            control.watch(watcher);
        }
    });
    control.watch(watcher);
    if control.interrupted() { Err(Error::Interrupted) } else { Ok(()) }
}

/// The same for tasks that may fail: none begins after an error, and the first is returned.
pub fn try_for_each<T>(
    n_threads: usize,
    n_tasks: usize,
    control: &Control,
    watcher: Watcher<'_>,
    state: impl Fn() -> T + Sync,
    task: impl Fn(&mut T, usize) -> Result<()> + Sync,
) -> Result<()> {
    let failed = OnceLock::new();
    for_each(n_threads, n_tasks, control, watcher, state, |state, i| {
        if failed.get().is_none()
            && let Err(error) = task(state, i)
        {
            failed.get_or_init(|| error);
        }
    })?;
    failed.into_inner().map_or(Ok(()), Err)
}

/// Bytes of results that wait for their turn in a `fold`, at most, where these are not fewer than the threads.
const WAITING: usize = 1 << 28;

/// `take(sum, i, task(state, i))` for every i in [0, n_tasks) in this order, so that a sum has the same bits for any
/// number of threads; the tasks run in any order, but none so far ahead that results of `bytes` each heap up.
/// `None` once stopped: what a task returns after that is not used.
pub fn fold<T, P: Send, S: Send>(
    n_threads: usize,
    (n_tasks, bytes): (usize, usize),
    control: &Control,
    watcher: Watcher<'_>,
    state: impl Fn() -> T + Sync,
    task: impl Fn(&mut T, usize) -> Result<P> + Sync,
    (sum, take): (S, impl Fn(&mut S, usize, P) + Sync),
) -> Result<Option<S>> {
    let ahead = (WAITING / bytes.max(1)).max(n_threads);
    let (order, moved, broken) = (InOrder::new(0, sum), Condvar::new(), AtomicBool::new(false));
    // False where the turn will not come: the work was stopped, or a task before this one has failed.
    let may_begin = |i: usize| {
        let mut order = lock(&order);
        while i >= order.next.saturating_add(ahead) {
            if control.stopped() || broken.load(Ordering::Acquire) {
                return false;
            }
            let woken = moved.wait_timeout(order, WATCH_EVERY);
            order = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    };
    try_for_each(n_threads, n_tasks, control, watcher, state, |state, i| {
        let unless_put = Break(&broken);
        if !may_begin(i) {
            return Ok(());
        }
        let part = task(state, i)?;
        if control.stopped() {
            return Ok(());
        }
        InOrder::put(&order, i, part, &take);
        moved.notify_all();
        std::mem::forget(unless_put);
        Ok(())
    })?;
    let InOrder { next, state, .. } = order.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((next == n_tasks).then_some(state))
}

/// Says that a result will not come, also when its task unwinds.
struct Break<'a>(&'a AtomicBool);

impl Drop for Break<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
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

/// What `work` returns, on a thread of its own where the system gives one. Of work that does not look at the
/// control itself: once that has stopped, the thread is left behind to end by itself, and the answer is
/// `Error::Interrupted`.
pub fn unless_stopped<T: Send + 'static>(
    control: &Control,
    work: impl Fn() -> Result<T> + Send + Sync + 'static,
) -> Result<T> {
    let work = Arc::new(work);
    let (sender, receiver) = mpsc::channel();
    let own = Arc::clone(&work);
    let Ok(thread) = Builder::new().spawn(move || sender.send(own())) else { return work() };
    loop {
        match receiver.recv_timeout(WATCH_EVERY) {
            Err(RecvTimeoutError::Timeout) if control.stopped() => return Err(Error::Interrupted),
            Err(RecvTimeoutError::Timeout) => {}
            // Whoever waits for the thread finds what it borrowed free again; if it panicked, so does this one.
            found => {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
                return found.unwrap_or(Err(Error::Interrupted));
            }
        }
    }
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
    try_for_each(n_threads, blocks.len(), control, watcher, state, |state, number| {
        let mut out = lock(&blocks[number]);
        let first = number * block;
        fill(state, first..first + out.len() / width, &mut out)
    })
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
    fn nothing_begins_after_an_error() {
        let n_begun = AtomicUsize::new(0);
        let run = |failing: usize| {
            n_begun.store(0, Ordering::Relaxed);
            let control = Control::new(None);
            let task = |_: &mut (), i: usize| {
                n_begun.fetch_add(1, Ordering::Relaxed);
                if i >= failing { Err(Error::invalid(format!("task {i}"))) } else { Ok(()) }
            };
            try_for_each(1, 100, &control, &mut |_, _| true, || (), task)
        };
        assert_eq!(run(3), Err(Error::invalid("task 3")));
        assert_eq!(n_begun.load(Ordering::Relaxed), 4);
        assert_eq!(run(100), Ok(()));
        assert_eq!(n_begun.load(Ordering::Relaxed), 100);
    }

    #[test]
    fn a_fold_takes_results_in_order_and_lets_few_wait() {
        // A result of half the room: none begins more than `n_threads` after the one whose turn it is.
        let (n_threads, n_tasks) = (3, 40);
        let done = AtomicUsize::new(0);
        let far = AtomicUsize::new(0);
        let run = |control: &Control, failing: usize| {
            done.store(0, Ordering::Relaxed);
            let task = |_: &mut (), i: usize| {
                far.fetch_max(i - done.load(Ordering::Relaxed), Ordering::Relaxed);
                if i.is_multiple_of(7) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                if i == failing { Err(Error::invalid("failing")) } else { Ok(i) }
            };
            let take = |taken: &mut Vec<usize>, i: usize, part: usize| {
                assert_eq!(i, part);
                taken.push(part);
                done.store(taken.len(), Ordering::Relaxed);
            };
            let size = (n_tasks, WAITING / 2);
            fold(n_threads, size, control, &mut |_, _| true, || (), task, (Vec::new(), take))
        };
        assert_eq!(run(&Control::new(None), n_tasks), Ok(Some((0..n_tasks).collect())));
        assert!(far.load(Ordering::Relaxed) < n_threads, "{far:?}");
        // Whoever waits for the turn of a failed task is let go.
        for failing in [0, 7, 21] {
            assert_eq!(run(&Control::new(None), failing), Err(Error::invalid("failing")));
        }
        assert_eq!(run(&Control::new(Some(Duration::ZERO)), n_tasks), Ok(None));
    }

    #[test]
    fn a_fold_passes_on_a_panic() {
        let task = |_: &mut (), i: usize| {
            assert!(i > 0, "on purpose");
            Ok(i)
        };
        let run = || {
            let (control, sum) = (Control::new(None), (0, |sum: &mut usize, _, i| *sum += i));
            fold(2, (9, WAITING), &control, &mut |_, _| true, || (), task, sum)
        };
        assert!(std::panic::catch_unwind(run).is_err());
    }

    #[test]
    fn work_that_cannot_be_stopped_is_left_behind() {
        assert_eq!(unless_stopped(&Control::new(None), || Ok(7)), Ok(7));
        let refused = Error::invalid("refused");
        let refuses = refused.clone();
        assert_eq!(unless_stopped::<()>(&Control::new(None), move || Err(refuses.clone())), Err(refused));
        let (sender, receiver) = mpsc::channel::<()>();
        let receiver = Mutex::new(receiver);
        let endless = move || lock(&receiver).recv().map_err(|_| Error::invalid("the test is over"));
        let soon = Control::new(Some(Duration::from_millis(50)));
        assert_eq!(unless_stopped(&soon, endless), Err(Error::Interrupted));
        drop(sender);
        let begin = Instant::now();
        let panics = move || {
            assert!(Instant::now() < begin, "on purpose");
            Ok(())
        };
        assert!(std::panic::catch_unwind(|| unless_stopped(&Control::new(None), panics)).is_err());
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
