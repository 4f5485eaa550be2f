//! Arguments as Python has them, read into what the core borrows.

use std::collections::BTreeMap;

use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use setpoint_core::candidate::{Candidate, Value};
#[cfg(feature = "forest")]
use setpoint_core::data::Table;
use setpoint_core::data::{Data, Fold};
use setpoint_core::matrix::{Floats, Matrix};

/// A training set as trees read it: an object with these attributes, borrowed for as long as the call runs.
#[cfg(feature = "forest")]
#[derive(FromPyObject)]
pub struct TableArrays<'py> {
    #[pyo3(attribute("X"))]
    x: PyReadonlyArray2<'py, f32>,
    categorical: PyReadonlyArray1<'py, bool>,
    #[pyo3(attribute("y"))]
    y: PyReadonlyArray2<'py, f64>,
    n_classes: Vec<usize>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
}

#[cfg(feature = "forest")]
impl TableArrays<'_> {
    pub fn data(&self) -> PyResult<Data<'_, Table<'_>>> {
        Ok(Data {
            x: Table { values: slice2(&self.x, "X")?, categorical: slice(&self.categorical, "categorical")? },
            y: slice2(&self.y, "y")?,
            n: self.x.shape()[0],
            d: self.x.shape()[1],
            n_outputs: self.y.shape()[1],
            n_classes: &self.n_classes,
            sample_weight: weights(self.sample_weight.as_ref())?,
        })
    }
}

/// A training set as the other families read it.
#[derive(FromPyObject)]
pub struct MatrixArrays<'py> {
    #[pyo3(attribute("X"))]
    x: Rows<'py>,
    #[pyo3(attribute("y"))]
    y: PyReadonlyArray2<'py, f64>,
    n_classes: Vec<usize>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
}

impl MatrixArrays<'_> {
    pub fn data(&self) -> PyResult<Data<'_, Matrix<'_>>> {
        let [n, d] = self.x.shape();
        Ok(Data {
            x: self.x.matrix()?,
            y: slice2(&self.y, "y")?,
            n,
            d,
            n_outputs: self.y.shape()[1],
            n_classes: &self.n_classes,
            sample_weight: weights(self.sample_weight.as_ref())?,
        })
    }
}

/// X (n, d): an array, or scipy's compressed sparse rows.
#[derive(FromPyObject)]
pub enum Rows<'py> {
    Single(PyReadonlyArray2<'py, f32>),
    Double(PyReadonlyArray2<'py, f64>),
    Sparse(SparseRows<'py>),
}

/// scipy's `csr_matrix` or `csr_array`, with its row starts in 64 and its columns in 32 bits.
#[derive(FromPyObject)]
pub struct SparseRows<'py> {
    shape: [usize; 2],
    indptr: Index<'py, i64>,
    indices: Index<'py, i32>,
    data: Numbers<'py>,
}

#[derive(FromPyObject)]
enum Numbers<'py> {
    Single(PyReadonlyArray1<'py, f32>),
    Double(PyReadonlyArray1<'py, f64>),
}

impl Rows<'_> {
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Rows::Single(x) => [x.shape()[0], x.shape()[1]],
            Rows::Double(x) => [x.shape()[0], x.shape()[1]],
            Rows::Sparse(x) => x.shape,
        }
    }

    pub fn matrix(&self) -> PyResult<Matrix<'_>> {
        Ok(match self {
            Rows::Single(x) => Matrix::Dense(Floats::F32(slice2(x, "X")?)),
            Rows::Double(x) => Matrix::Dense(Floats::F64(slice2(x, "X")?)),
            Rows::Sparse(x) => Matrix::Sparse {
                starts: x.indptr.values()?,
                columns: x.indices.values()?,
                values: match &x.data {
                    Numbers::Single(values) => Floats::F32(slice(values, "X.data")?),
                    Numbers::Double(values) => Floats::F64(slice(values, "X.data")?),
                },
            },
        })
    }
}

/// Numbers of rows or columns in the width that the core reads, copied where scipy has the other width.
enum Index<'py, T: numpy::Element> {
    Borrowed(PyReadonlyArray1<'py, T>),
    Copied(Vec<T>),
}

impl<T: numpy::Element> Index<'_, T> {
    fn values(&self) -> PyResult<&[T]> {
        match self {
            Index::Borrowed(array) => slice(array, "an index of X"),
            Index::Copied(values) => Ok(values),
        }
    }
}

impl<'a, 'py, T> FromPyObject<'a, 'py> for Index<'py, T>
where
    T: numpy::Element + TryFrom<i64> + Copy,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.extract::<PyReadonlyArray1<'py, T>>() {
            return Ok(Index::Borrowed(array));
        }
        let wide = |value: i64| {
            T::try_from(value)
                .map_err(|_| PyValueError::new_err(format!("X has an index {value}: it is too large")))
        };
        if let Ok(array) = object.extract::<PyReadonlyArray1<'py, i32>>() {
            return array
                .as_array()
                .iter()
                .map(|&value| wide(i64::from(value)))
                .collect::<PyResult<_>>()
                .map(Index::Copied);
        }
        let array = object.extract::<PyReadonlyArray1<'py, i64>>()?;
        array.as_array().iter().map(|&value| wide(value)).collect::<PyResult<_>>().map(Index::Copied)
    }
}

fn weights<'a>(weights: Option<&'a PyReadonlyArray1<'_, f64>>) -> PyResult<Option<&'a [f64]>> {
    weights.map(|weights| slice(weights, "sample_weight")).transpose()
}

fn slice<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>, name: &str) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| contiguous(name))
}

pub fn slice2<'a, T: numpy::Element>(array: &'a PyReadonlyArray2<'_, T>, name: &str) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| contiguous(name))
}

fn contiguous(name: &str) -> PyErr {
    PyValueError::new_err(format!("{name} must be C-contiguous"))
}

pub type FoldArrays<'py> = Vec<(PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, i64>)>;

/// Row numbers of folds, checked against n rows.
pub fn folds(pairs: &FoldArrays<'_>, n: usize) -> PyResult<Vec<Fold>> {
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
