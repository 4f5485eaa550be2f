//! A learned linear model as Python sees it: parameters, scores, and its state as plain arrays.

use std::collections::BTreeMap;

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::linear as core;

use crate::arguments::{Rows, slice2};
use crate::door::{enter, exception};
use crate::outcome::{Learned, matrix};

/// A learned linear model.
#[pyclass(frozen, module = "setpoint._core")]
pub struct LinearModel(pub core::LinearModel);

impl Learned for core::LinearModel {
    fn wrap(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, LinearModel(self))?.into_any())
    }
}

#[pymethods]
#[expect(non_snake_case, reason = "X is what the field calls it")]
impl LinearModel {
    /// A model of these numbers; their shapes are checked.
    #[new]
    #[pyo3(signature = (coef, intercept, *, n_classes, link, facts))]
    fn new(
        coef: PyReadonlyArray2<'_, f64>,
        intercept: PyReadonlyArray1<'_, f64>,
        n_classes: usize,
        link: &str,
        facts: BTreeMap<String, Vec<f64>>,
    ) -> PyResult<Self> {
        let model = core::LinearModel {
            coef: slice2(&coef, "coef")?.to_vec(),
            intercept: intercept.as_array().to_vec(),
            d: coef.shape()[1],
            n_classes,
            link: parse(link)?,
            facts,
        };
        model.check().map_err(exception)?;
        Ok(LinearModel(model))
    }

    #[getter]
    fn coef<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        matrix(py, self.0.coef.clone(), self.0.d)
    }

    #[getter]
    fn intercept<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, &self.0.intercept)
    }

    #[getter]
    fn n_features(&self) -> usize {
        self.0.d
    }

    /// 0 for regression.
    #[getter]
    fn n_classes(&self) -> usize {
        self.0.n_classes
    }

    #[getter]
    fn link(&self) -> &'static str {
        self.0.link.name()
    }

    /// How training went, by name.
    #[getter]
    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        for (name, values) in &self.0.facts {
            out.set_item(name, PyArray1::from_slice(py, values))?;
        }
        Ok(out)
    }

    /// Scores (n, k).
    fn predict<'py>(
        &self,
        py: Python<'py>,
        X: Rows<'py>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let [n, d] = X.shape();
        if d != self.0.d {
            return Err(PyValueError::new_err(format!(
                "X has {d} columns; the model learned from {}",
                self.0.d
            )));
        }
        let x = X.matrix()?;
        let scores =
            enter(py, None, None, |control, watcher| self.0.predict(&x, n, n_threads, control, watcher))?;
        matrix(py, scores, self.0.n_scores())
    }
}

/// Values by class (n, K) of scores (n, k).
#[pyfunction]
#[pyo3(signature = (scores, *, link, n_classes))]
pub fn class_values<'py>(
    py: Python<'py>,
    scores: PyReadonlyArray2<'py, f64>,
    link: &str,
    n_classes: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let k = scores.shape()[1];
    if n_classes == 0 || k != if n_classes <= 2 { 1 } else { n_classes } {
        return Err(PyValueError::new_err(format!("scores have {k} columns for {n_classes} classes")));
    }
    matrix(py, parse(link)?.values(slice2(&scores, "scores")?, n_classes), n_classes)
}

fn parse(link: &str) -> PyResult<core::Link> {
    core::Link::parse(link).ok_or_else(|| PyValueError::new_err(format!("link {link:?} is not known")))
}
