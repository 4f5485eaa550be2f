//! Through here every call goes in and out: the GIL is released, a watcher looks for Ctrl-C and tells
//! the progress, errors and panics become Python exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use setpoint_core::error::Error;
use setpoint_core::parallel::{Control, Watcher};

/// Runs `work` without the GIL. `progress(done, total)` is called about 40 times a second, on the calling
/// thread; what it raises, and Ctrl-C, stop the work and are raised here.
pub fn enter<T: Send>(
    py: Python<'_>,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&Control, Watcher<'_>) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let limit = match time_limit {
        Some(seconds) if seconds.is_nan() || seconds < 0.0 => {
            return Err(PyValueError::new_err(format!(
                "time_limit must be a number of seconds >= 0; got {seconds}"
            )));
        }
        // Longer than anything runs: no limit.
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => None,
    };
    let control = Control::new(limit);
    let mut raised = None;
    let outcome = {
        let raised = &mut raised;
        py.detach(move || {
            let mut last = (usize::MAX, 0);
            let mut watcher = |done: usize, total: usize| {
                Python::attach(|py| {
                    let told = match &progress {
                        Some(progress) if last != (done, total) => {
                            progress.call1(py, (done, total)).map(drop)
                        }
                        _ => Ok(()),
                    };
                    last = (done, total);
                    match told.and_then(|()| py.check_signals()) {
                        Ok(()) => true,
                        Err(error) => {
                            *raised = Some(error);
                            false
                        }
                    }
                })
            };
            catch_unwind(AssertUnwindSafe(|| work(&control, &mut watcher)))
        })
    };
    match (outcome, raised) {
        (_, Some(error)) => Err(error),
        (Ok(Ok(value)), None) => Ok(value),
        (Ok(Err(error)), None) => Err(exception(error)),
        (Err(_), None) => Err(PyRuntimeError::new_err(
            "setpoint met a state that it takes for impossible; please report it with the call that led here",
        )),
    }
}

/// The exception of the same meaning.
pub fn exception(error: Error) -> PyErr {
    match error {
        Error::Invalid(message) => PyValueError::new_err(message),
        Error::Memory(message) => PyMemoryError::new_err(message),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
    }
}
