//! The first error of tasks that run side by side.

use std::sync::Mutex;

use crate::error::{Error, Result};

#[derive(Default)]
pub struct Failure(Mutex<Option<Error>>);

impl Failure {
    /// The value, or `None` with the error kept.
    pub fn note<T>(&self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if let Ok(mut first) = self.0.lock() {
                    first.get_or_insert(error);
                }
                None
            }
        }
    }

    /// The error that was kept.
    pub fn raise(self) -> Result<()> {
        match self.0.into_inner() {
            Ok(Some(error)) => Err(error),
            _ => Ok(()),
        }
    }
}
