//! What several tasks have in common: made by the first that needs it, dropped by the last.

use std::sync::{Arc, Mutex};

use crate::error::Result;
use crate::parallel::lock;

/// Things by number.
pub struct Common<T>(Vec<Mutex<Slot<T>>>);

struct Slot<T> {
    /// Tasks that are still to come.
    left: usize,
    made: Option<Arc<T>>,
}

impl<T> Common<T> {
    /// Given how many tasks need each.
    pub fn new(needed: impl Iterator<Item = usize>) -> Self {
        Common(needed.map(|left| Mutex::new(Slot { left, made: None })).collect())
    }

    /// Thing i for one task. Other tasks that need it wait while it is made.
    pub fn take(&self, i: usize, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut slot = lock(&self.0[i]);
        debug_assert!(slot.left > 0, "more tasks than were announced");
        let thing = match slot.made.take() {
            Some(thing) => thing,
            None => Arc::new(make()?),
        };
        slot.left = slot.left.saturating_sub(1);
        if slot.left > 0 {
            slot.made = Some(Arc::clone(&thing));
        }
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn each_is_made_once_and_dropped_by_the_last() {
        let common = Common::new([2, 1].into_iter());
        let never = || -> Result<&str> { Err(Error::invalid("made again")) };
        let first = common.take(0, || Ok("a")).expect("made");
        let second = common.take(0, never).expect("kept");
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(Arc::strong_count(&first), 2, "none is kept after the last");
        assert_eq!(*common.take(1, || Ok("b")).expect("made"), "b");
    }
}
