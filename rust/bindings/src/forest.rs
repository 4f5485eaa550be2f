//! The learned forest as Python sees it: predictions, tree arrays, and its state as plain arrays.

use std::collections::HashMap;

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::forest as core;

use crate::arguments::{self, TableArrays, slice2};
use crate::door::{enter, exception};
use crate::outcome::{Learned, matrix};

/// What of forests the module has.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Forest>()?;
    module.add_function(wrap_pyfunction!(grow, module)?)?;
    module.add_function(wrap_pyfunction!(bootstrap_counts, module)?)
}

/// A learned forest.
#[pyclass(frozen, module = "setpoint._core")]
pub struct Forest(pub core::Forest);

impl Forest {
    /// X as a slice, checked against the forest.
    fn rows<'a>(&self, x: &'a PyReadonlyArray2<'_, f32>) -> PyResult<&'a [f32]> {
        if x.shape()[1] != self.0.n_features {
            return Err(PyValueError::new_err(format!(
                "X has {} columns; the forest learned from {}",
                x.shape()[1],
                self.0.n_features
            )));
        }
        slice2(x, "X")
    }
}

#[pymethods]
#[expect(non_snake_case, reason = "X is what the field calls it")]
impl Forest {
    #[getter]
    fn n_trees(&self) -> usize {
        self.0.trees.len()
    }

    #[getter]
    fn n_features(&self) -> usize {
        self.0.n_features
    }

    #[getter]
    fn n_outputs(&self) -> usize {
        self.0.n_outputs
    }

    #[getter]
    fn n_classes(&self) -> Vec<usize> {
        self.0.n_classes.clone()
    }

    #[getter]
    fn node_count(&self) -> usize {
        self.0.trees.iter().map(|tree| tree.nodes.len()).sum()
    }

    /// Predictions (n, n_values): class probabilities side by side, or numbers.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        X: PyReadonlyArray2<'py, f32>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let x = self.rows(&X)?;
        let values = match self.0.predict_few(x) {
            Some(values) => values,
            None => enter(py, None, None, |control, watcher| self.0.predict(x, n_threads, control, watcher))?,
        };
        matrix(py, values, self.0.n_values())
    }

    /// The leaf of each row in each tree (n, n_trees).
    fn apply<'py>(
        &self,
        py: Python<'py>,
        X: PyReadonlyArray2<'py, f32>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let x = self.rows(&X)?;
        let leaves = enter(py, None, None, |control, watcher| self.0.apply(x, n_threads, control, watcher))?;
        matrix(py, leaves, self.0.trees.len())
    }

    /// Tree `i` as arrays with an entry per node.
    fn tree<'py>(&self, py: Python<'py>, i: usize) -> PyResult<Bound<'py, PyDict>> {
        if i >= self.0.trees.len() {
            return Err(PyValueError::new_err(format!("tree {i} of {} does not exist", self.0.trees.len())));
        }
        let view = self.0.view(i);
        let out = PyDict::new(py);
        out.set_item("children_left", PyArray1::from_vec(py, view.children_left))?;
        out.set_item("children_right", PyArray1::from_vec(py, view.children_right))?;
        out.set_item("feature", PyArray1::from_vec(py, view.feature))?;
        out.set_item("threshold", PyArray1::from_vec(py, view.threshold))?;
        out.set_item("impurity", PyArray1::from_vec(py, view.impurity))?;
        out.set_item("n_node_samples", PyArray1::from_vec(py, view.n_node_samples))?;
        out.set_item("weighted_n_node_samples", PyArray1::from_vec(py, view.weighted_n_node_samples))?;
        out.set_item("missing_go_to_left", PyArray1::from_vec(py, view.missing_go_to_left))?;
        out.set_item("value", self.by_output(py, view.value)?)?;
        let categories: Vec<_> =
            view.categories.into_iter().map(|set| set.map(|set| PyArray1::from_vec(py, set))).collect();
        out.set_item("categories", categories)?;
        Ok(out)
    }

    /// Number of nodes of each tree (n_trees,).
    fn tree_sizes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        PyArray1::from_iter(py, self.0.trees.iter().map(|tree| tree.nodes.len() as i64))
    }

    /// Mean decrease of impurity by column (d,), normalised to 1.
    fn importances<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.0.mean_importances())
    }

    /// Importances measured on out-of-bag rows, as means over the trees first, ..., last - 1 that have
    /// any: "permutation" (d, n_repeats), "unbiased" (d,), "n_trees" (how many trees those are).
    #[pyo3(signature = (data, *, candidate, first, last, n_repeats, seed, n_threads, progress))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of a Python function")]
    fn oob_importances<'py>(
        &self,
        py: Python<'py>,
        data: TableArrays<'py>,
        candidate: &Bound<'py, PyDict>,
        first: usize,
        last: usize,
        n_repeats: usize,
        seed: u64,
        n_threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let data = data.data()?;
        let candidate = arguments::candidate(candidate)?;
        let options = core::ImportanceOptions { trees: first..last, n_repeats, seed, n_threads };
        let found = enter(py, None, progress, |control, watcher| {
            self.0.oob_importances(&data, &candidate, &options, control, watcher)
        })?;
        let out = PyDict::new(py);
        let permutation =
            PyArray1::from_vec(py, found.permutation).reshape([self.0.n_features, n_repeats])?;
        out.set_item("permutation", permutation)?;
        out.set_item("unbiased", PyArray1::from_vec(py, found.unbiased))?;
        out.set_item("n_trees", found.n_trees)?;
        Ok(out)
    }

    /// The trees of this forest, and then those of `other`.
    fn extend(&self, other: &Forest) -> PyResult<Forest> {
        self.0.extend(&other.0).map(Forest).map_err(exception)
    }

    /// The first `n` trees.
    fn first(&self, n: usize) -> PyResult<Forest> {
        self.0.first(n).map(Forest).map_err(exception)
    }

    /// Everything learned, as plain arrays.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.0.state();
        let out = PyDict::new(py);
        for (name, values) in state.integers {
            out.set_item(name, PyArray1::from_vec(py, values))?;
        }
        for (name, values) in state.floats {
            out.set_item(name, PyArray1::from_vec(py, values))?;
        }
        out.set_item("leaf_impurity", PyArray1::from_vec(py, state.impurities))?;
        Ok(out)
    }

    /// The forest of a state; every index in it is checked.
    #[staticmethod]
    fn from_state(state: &Bound<'_, PyDict>) -> PyResult<Forest> {
        let mut read = core::State::default();
        let (mut integers, mut floats) = (HashMap::new(), HashMap::new());
        for (name, array) in state {
            let name: String = name.extract()?;
            if let Ok(values) = array.extract::<PyReadonlyArray1<'_, u32>>() {
                integers.insert(name, values.as_array().to_vec());
            } else if let Ok(values) = array.extract::<PyReadonlyArray1<'_, f64>>() {
                floats.insert(name, values.as_array().to_vec());
            } else if let Ok(values) = array.extract::<PyReadonlyArray1<'_, f32>>() {
                read.impurities = values.as_array().to_vec();
            } else {
                return Err(PyValueError::new_err(format!(
                    "{name} must be an array of uint32, float32 or float64"
                )));
            }
        }
        read.integers = integers.into_iter().collect();
        read.floats = floats.into_iter().collect();
        core::Forest::from_state(read).map(Forest).map_err(exception)
    }
}

impl Forest {
    /// Values (n_nodes, n_values) as (n_nodes, n_outputs, most classes), filled up with zeros.
    fn by_output<'py>(
        &self,
        py: Python<'py>,
        values: Vec<f64>,
    ) -> PyResult<Bound<'py, numpy::PyArray3<f64>>> {
        let widths: Vec<usize> =
            if self.0.n_classes.is_empty() { vec![1; self.0.n_outputs] } else { self.0.n_classes.clone() };
        let most = widths.iter().copied().max().unwrap_or(1);
        let n_nodes = values.len() / self.0.n_values().max(1);
        let mut out = vec![0.0; n_nodes * widths.len() * most];
        let mut from = values.chunks_exact(self.0.n_values().max(1));
        for node in out.chunks_exact_mut(widths.len() * most) {
            let mut rest = from.next().unwrap_or_default();
            for (slot, &width) in node.chunks_exact_mut(most).zip(&widths) {
                slot[..width].copy_from_slice(&rest[..width]);
                rest = &rest[width..];
            }
        }
        PyArray1::from_vec(py, out).reshape([n_nodes, widths.len(), most])
    }
}

impl Learned for core::Forest {
    fn wrap(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Forest(self))?.into_any())
    }
}

/// Grows one forest on all rows, from tree `first_tree` on.
#[pyfunction]
#[pyo3(signature = (data, *, candidate, oob, first_tree, n_threads, progress))]
pub fn grow<'py>(
    py: Python<'py>,
    data: TableArrays<'py>,
    candidate: &Bound<'py, PyDict>,
    oob: bool,
    first_tree: usize,
    n_threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let data = data.data()?;
    let candidate = arguments::candidate(candidate)?;
    let options = core::FitOptions { oob, first_tree, n_threads };
    let fitted = enter(py, None, progress, |control, watcher| {
        core::fit(&data, &candidate, &options, control, watcher)
    })?;
    let out = PyDict::new(py);
    let n_values = data.n_values();
    out.set_item("model", fitted.forest.wrap(py)?)?;
    let (sums, counts) = fitted.oob.unzip();
    out.set_item("oob_prediction", sums.map(|sums| matrix(py, sums, n_values)).transpose()?)?;
    out.set_item("oob_count", counts.map(|counts| PyArray1::from_vec(py, counts)))?;
    Ok(out)
}

/// How often each row is drawn for tree `tree` (n,).
#[pyfunction]
#[pyo3(signature = (data, *, candidate, tree))]
pub fn bootstrap_counts<'py>(
    py: Python<'py>,
    data: TableArrays<'py>,
    candidate: &Bound<'py, PyDict>,
    tree: usize,
) -> PyResult<Bound<'py, PyArray1<u32>>> {
    let counts =
        core::bootstrap_counts(&data.data()?, &arguments::candidate(candidate)?, tree).map_err(exception)?;
    Ok(PyArray1::from_vec(py, counts))
}
