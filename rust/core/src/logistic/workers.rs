//! Where the pieces of a pass run: on several threads, or on the one that asks, where it is itself one of
//! several. Results are the same.

use std::sync::Mutex;

use crate::error::Result;
use crate::parallel::{Control, InOrder, for_each};

/// Runs pieces of work.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    pub control: &'a Control,
    pub n_threads: usize,
}

impl Workers<'_> {
    /// `take(sums, task(state, i))` for each i in [0, n_tasks) in this order, tasks in any. `None` once
    /// the work was stopped.
    pub fn fold<T, P: Send, S: Send>(
        self,
        n_tasks: usize,
        state: impl Fn() -> T + Sync,
        task: impl Fn(&mut T, usize) -> P + Sync,
        mut sums: S,
        take: impl Fn(&mut S, P) + Sync,
    ) -> Result<Option<S>> {
        if self.n_threads > 1 && n_tasks > 1 {
            let sums = InOrder::new(0, sums);
            // Whoever called the solver watches.
            for_each(self.n_threads, n_tasks, self.control, &mut |_, _| true, state, |state, i| {
                InOrder::put(&sums, i, task(state, i), |sums, _, part| take(sums, part));
            })?;
            return Ok(Mutex::into_inner(sums)
                .ok()
                .filter(|_| !self.control.stopped())
                .map(|sums| sums.state));
        }
        let mut state = state();
        for i in 0..n_tasks {
            if self.control.stopped() {
                return Ok(None);
            }
            take(&mut sums, task(&mut state, i));
        }
        Ok(Some(sums))
    }
}
