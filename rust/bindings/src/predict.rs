//! Predictions of rows, for the models that read a matrix.

use numpy::PyArray2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use setpoint_core::error::Error;
use setpoint_core::matrix::Matrix;
use setpoint_core::parallel::{Control, Watcher};

use crate::arguments::Rows;
use crate::door::enter;
use crate::outcome::matrix;

/// `of(x, n)`, with `width` numbers a row, of the n rows of X; the model learned from `n_features` columns.
pub fn predict<'py>(
    py: Python<'py>,
    x: &Rows<'py>,
    n_features: usize,
    width: usize,
    of: impl FnOnce(&Matrix<'_>, usize, &Control, Watcher<'_>) -> Result<Vec<f64>, Error> + Send,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let [n, d] = x.shape();
    if d != n_features {
        return Err(PyValueError::new_err(format!("X has {d} columns; the model learned from {n_features}")));
    }
    let x = x.matrix()?;
    let values = enter(py, None, None, |control, watcher| of(&x, n, control, watcher))?;
    matrix(py, values, width)
}
