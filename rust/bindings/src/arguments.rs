//! Arguments as Python has them, read into what the core borrows.

use std::collections::BTreeMap;

use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use setpoint_core::candidate::{Candidate, Value};
use setpoint_core::data::{Data, Fold};

/// The arrays of one call, borrowed from Python for as long as it runs.
pub struct Arrays<'py> {
    x: PyReadonlyArray2<'py, f32>,
    y: PyReadonlyArray2<'py, f64>,
    n_classes: Vec<usize>,
    categorical: PyReadonlyArray1<'py, bool>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
}

impl<'py> Arrays<'py> {
    pub fn new(
        x: PyReadonlyArray2<'py, f32>,
        y: PyReadonlyArray2<'py, f64>,
        n_classes: Vec<usize>,
        categorical: PyReadonlyArray1<'py, bool>,
        sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    ) -> Self {
        Arrays { x, y, n_classes, categorical, sample_weight }
    }

    pub fn data(&self) -> PyResult<Data<'_>> {
        Ok(Data {
            x: self.x.as_slice().map_err(|_| contiguous("X"))?,
            y: self.y.as_slice().map_err(|_| contiguous("y"))?,
            n: self.x.shape()[0],
            d: self.x.shape()[1],
            n_outputs: self.y.shape()[1],
            n_classes: &self.n_classes,
            categorical: self.categorical.as_slice().map_err(|_| contiguous("categorical"))?,
            sample_weight: match &self.sample_weight {
                Some(weights) => Some(weights.as_slice().map_err(|_| contiguous("sample_weight"))?),
                None => None,
            },
        })
    }
}

pub fn contiguous(name: &str) -> PyErr {
    PyValueError::new_err(format!("{name} must be C-contiguous"))
}

/// Row numbers of folds, checked against n rows.
pub fn folds(
    pairs: &[(PyReadonlyArray1<'_, i64>, PyReadonlyArray1<'_, i64>)],
    n: usize,
) -> PyResult<Vec<Fold>> {
    let rows = |array: &PyReadonlyArray1<'_, i64>| -> PyResult<Vec<u32>> {
        array
            .as_array()
            .iter()
            .map(|&i| match u32::try_from(i) {
                Ok(row) if (row as usize) < n => Ok(row),
                _ => Err(PyValueError::new_err(format!(
                    "a fold names row {i}; rows 0 to {} exist",
                    n.saturating_sub(1)
                ))),
            })
            .collect()
    };
    pairs
        .iter()
        .map(|(train, test)| {
            let fold = Fold { train: rows(train)?, test: rows(test)? };
            if fold.train.is_empty() {
                return Err(PyValueError::new_err("a fold has no training rows"));
            }
            Ok(fold)
        })
        .collect()
}

/// Hyperparameters by name.
pub fn candidate(dict: &Bound<'_, PyDict>) -> PyResult<Candidate> {
    let mut values = BTreeMap::new();
    for (name, given) in dict {
        let name: String = name.extract()?;
        let value = value(&given).map_err(|_| {
            PyTypeError::new_err(format!(
                "{name} has a value of type {} that no hyperparameter takes",
                given.get_type()
            ))
        })?;
        values.insert(name, value);
    }
    Ok(Candidate(values))
}

fn value(given: &Bound<'_, PyAny>) -> PyResult<Value> {
    if given.is_none() {
        Ok(Value::None)
    } else if let Ok(flag) = given.cast::<PyBool>() {
        Ok(Value::Bool(flag.is_true()))
    } else if given.is_instance_of::<PyInt>() {
        given.extract().map(Value::Int).or_else(|_| given.extract().map(Value::Seed))
    } else if given.is_instance_of::<PyFloat>() {
        given.extract().map(Value::Float)
    } else if given.is_instance_of::<PyString>() {
        given.extract().map(Value::Text)
    } else {
        given.extract().map(Value::Ints).or_else(|_| given.extract().map(Value::Lists))
    }
}
