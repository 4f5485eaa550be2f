//! Where the pieces of a pass run: on several threads, or on the one that asks, where it is itself one of
//! several. Results are the same.

use crate::error::Result;
use crate::parallel::{Control, Watcher, fold};

/// Runs pieces of work.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    pub control: &'a Control,
    pub n_threads: usize,
}

impl Workers<'_> {
    /// `take(sum, task(state, i))` for each i in [0, n_tasks) in this order, tasks in any, whose results take so
    /// many bytes each. `None` once the work was stopped.
    pub fn fold<T, P: Send, S: Send>(
        self,
        (n_tasks, bytes): (usize, usize),
        state: impl Fn() -> T + Sync,
        task: impl Fn(&mut T, usize) -> Result<P> + Sync,
        mut sum: S,
        take: impl Fn(&mut S, P) + Sync,
    ) -> Result<Option<S>> {
        if self.n_threads > 1 && n_tasks > 1 {
            let take = |sum: &mut S, _: usize, part: P| take(sum, part);
            // Whoever called the solver watches.
            let watcher: Watcher<'_> = &mut |_, _| true;
            return fold(self.n_threads, (n_tasks, bytes), self.control, watcher, state, task, (sum, take));
        }
        let mut state = state();
        for i in 0..n_tasks {
            if self.control.stopped() {
                return Ok(None);
            }
            take(&mut sum, task(&mut state, i)?);
        }
        Ok(Some(sum))
    }
}
