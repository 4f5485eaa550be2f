//! A learned linear model as Python sees it: parameters, scores, and its state as plain arrays.

use std::collections::BTreeMap;

use numpy::{PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::linear_model as core;

use crate::arguments::{Rows, slice2};
use crate::door::exception;
use crate::outcome::{Learned, matrix};
use crate::predict::predict;
use crate::state::{entry, integers, numbers};

/// Before the names of facts in a state.
const FACT: &str = "fact.";

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

    #[getter]
    fn n_outputs(&self) -> usize {
        if self.0.n_classes == 0 { self.0.n_scores() } else { 1 }
    }

    /// Of its one output; empty for regression.
    #[getter]
    fn n_classes(&self) -> Vec<usize> {
        if self.0.n_classes == 0 { Vec::new() } else { vec![self.0.n_classes] }
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

    /// Everything learned, as plain arrays.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("coef", self.coef(py)?)?;
        out.set_item("intercept", self.intercept(py))?;
        out.set_item("kind", PyArray1::from_vec(py, vec![self.0.n_classes as i64, self.0.link as i64]))?;
        for (name, values) in &self.0.facts {
            out.set_item(format!("{FACT}{name}"), PyArray1::from_slice(py, values))?;
        }
        Ok(out)
    }

    /// The model of a state; its shapes are checked.
    #[staticmethod]
    fn from_state(state: &Bound<'_, PyDict>) -> PyResult<LinearModel> {
        let coef: PyReadonlyArray2<'_, f64> = entry(state, "coef")?;
        let (n_classes, link) = match integers(state, "kind")?[..] {
            [n_classes, link] => (usize::try_from(n_classes).ok(), core::Link::numbered(link)),
            _ => (None, None),
        };
        let (Some(n_classes), Some(link)) = (n_classes, link) else {
            return Err(PyValueError::new_err("kind must hold the number of classes and that of a link"));
        };
        let mut facts = BTreeMap::new();
        for (name, _) in state {
            let name: String = name.extract()?;
            if let Some(fact) = name.strip_prefix(FACT) {
                facts.insert(fact.to_owned(), numbers(state, &name)?);
            }
        }
        let model = core::LinearModel {
            coef: coef.as_array().iter().copied().collect(),
            intercept: numbers(state, "intercept")?,
            d: coef.shape()[1],
            n_classes,
            link,
            facts,
        };
        model.check().map_err(exception)?;
        Ok(LinearModel(model))
    }

    /// Scores (n, k).
    fn predict<'py>(
        &self,
        py: Python<'py>,
        X: Rows<'py>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        predict(py, &X, self.0.d, self.0.n_scores(), |x, n, control, watcher| {
            self.0.predict(x, n, n_threads, control, watcher)
        })
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
