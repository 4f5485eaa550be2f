//! Importance of hyperparameters as Python sees it: a fitted forest, its shares, curves and surfaces.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::importance::design::{Column, Design};
use setpoint_core::importance::variance;

use crate::arguments::slice2;
use crate::door::{enter, exception};

/// The functional analysis of variance of the scores of candidates.
#[pyclass(frozen, module = "setpoint._core")]
pub struct Anova {
    forest: variance::Anova,
    sizes: Vec<usize>,
    n_threads: usize,
}

#[pymethods]
impl Anova {
    /// Columns are pairs of the weights of their cells and whether these have an order.
    #[new]
    #[pyo3(signature = (columns, cells, scores, *, n_trees, seed, n_threads))]
    fn new(
        py: Python<'_>,
        columns: Vec<(Vec<f64>, bool)>,
        cells: PyReadonlyArray2<'_, i64>,
        scores: PyReadonlyArray1<'_, f64>,
        n_trees: usize,
        seed: u64,
        n_threads: usize,
    ) -> PyResult<Self> {
        if cells.shape() != [scores.len(), columns.len()] {
            return Err(PyValueError::new_err(format!(
                "cells must have shape ({}, {}), got {:?}",
                scores.len(),
                columns.len(),
                cells.shape()
            )));
        }
        let sizes = columns.iter().map(|(weights, _)| weights.len()).collect();
        let columns = columns.into_iter().map(|(weights, ordered)| Column { weights, ordered }).collect();
        let (cells, scores) = (slice2(&cells, "cells")?, scores.as_array().to_vec());
        let design = Design::new(columns, cells, scores).map_err(exception)?;
        let forest = enter(py, None, None, |control, watcher| {
            variance::Anova::fit(design, n_trees, seed, n_threads, control, watcher)
        })?;
        Ok(Anova { forest, sizes, n_threads })
    }

    /// Shares of the variance: `alone` (d,), its `deviation` over the trees (d,), `pairs` (d, d).
    fn shares<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let shares =
            enter(py, None, None, |control, watcher| self.forest.shares(self.n_threads, control, watcher))?;
        let d = self.sizes.len();
        let out = PyDict::new(py);
        out.set_item("alone", PyArray1::from_vec(py, shares.alone))?;
        out.set_item("deviation", PyArray1::from_vec(py, shares.deviation))?;
        out.set_item("pairs", PyArray1::from_vec(py, shares.pairs).reshape([d, d])?)?;
        Ok(out)
    }

    /// Mean score in each cell of a column, and its standard deviation over the trees.
    #[expect(clippy::type_complexity, reason = "a pair of arrays")]
    fn curve<'py>(
        &self,
        py: Python<'py>,
        column: usize,
    ) -> PyResult<(Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>)> {
        self.size(column)?;
        let (mean, deviation) = enter(py, None, None, |_, _| Ok(self.forest.curve(column)))?;
        Ok((PyArray1::from_vec(py, mean), PyArray1::from_vec(py, deviation)))
    }

    /// Mean score in each pair of cells of two columns.
    fn surface<'py>(&self, py: Python<'py>, first: usize, second: usize) -> PyResult<Bound<'py, PyAny>> {
        let shape = [self.size(first)?, self.size(second)?];
        if first == second {
            return Err(PyValueError::new_err(format!("a surface needs two columns, got {first} twice")));
        }
        let mean = enter(py, None, None, |_, _| Ok(self.forest.surface(first, second)))?;
        Ok(PyArray1::from_vec(py, mean).reshape(shape)?.into_any())
    }
}

impl Anova {
    fn size(&self, column: usize) -> PyResult<usize> {
        self.sizes.get(column).copied().ok_or_else(|| {
            PyIndexError::new_err(format!("there is no column {column} among {}", self.sizes.len()))
        })
    }
}
