//! The state of a model as plain arrays: they are read by name.

use numpy::PyReadonlyArray1;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An array by its name.
pub fn entry<'py, T: FromPyObjectOwned<'py>>(state: &Bound<'py, PyDict>, name: &str) -> PyResult<T> {
    let value = state.get_item(name)?;
    let value = value.ok_or_else(|| PyValueError::new_err(format!("the state has no {name}")))?;
    value.extract().map_err(|_| PyValueError::new_err(format!("{name} is not an array of the right type")))
}

/// The numbers of an array of float64.
pub fn numbers(state: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<f64>> {
    let values: PyReadonlyArray1<'_, f64> = entry(state, name)?;
    Ok(values.as_array().to_vec())
}

/// The numbers of an array of int64.
pub fn integers(state: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<i64>> {
    let values: PyReadonlyArray1<'_, i64> = entry(state, name)?;
    Ok(values.as_array().to_vec())
}

/// The numbers of an array of int64, none of them below 0.
#[cfg(any(feature = "network", feature = "svm"))]
pub fn counts(state: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<usize>> {
    let count = |value| usize::try_from(value);
    let counts: Result<_, _> = integers(state, name)?.into_iter().map(count).collect();
    counts.map_err(|_| PyValueError::new_err(format!("{name} holds numbers below 0")))
}
