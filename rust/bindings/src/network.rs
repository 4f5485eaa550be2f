//! A learned network as Python sees it: its layers, how training went, and its state as plain arrays.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::network as core;

use crate::arguments::Rows;
use crate::door::{enter, exception};
use crate::outcome::{Learned, matrix};

/// A learned network.
#[pyclass(frozen, module = "setpoint._core")]
pub struct Network(pub core::Network);

impl Learned for core::Network {
    fn wrap(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Network(self))?.into_any())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Network>()
}

#[pymethods]
#[expect(non_snake_case, reason = "X is what the field calls it")]
impl Network {
    #[getter]
    fn n_features(&self) -> usize {
        self.0.plan.n_in()
    }

    #[getter]
    fn n_outputs(&self) -> usize {
        if self.0.n_classes.is_empty() { self.0.plan.n_out() } else { self.0.n_classes.len() }
    }

    /// By output; empty for regression.
    #[getter]
    fn n_classes(&self) -> Vec<usize> {
        self.0.n_classes.clone()
    }

    /// Units of the input, the hidden layers and the output.
    #[getter]
    fn sizes(&self) -> Vec<usize> {
        self.0.plan.sizes()
    }

    /// What is done to the last layer's scores.
    #[getter]
    fn out_activation(&self) -> &'static str {
        self.0.plan.output.name()
    }

    /// (n_in, n_out) by layer.
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let layers = self.0.plan.layers.iter();
        layers.map(|layer| shaped(py, &self.0.parameters, layer.weights.clone(), layer.n_out)).collect()
    }

    /// (n_out,) by layer.
    fn biases<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyAny>> {
        let layers = self.0.plan.layers.iter();
        layers.map(|layer| numbers(py, &self.0.parameters, layer.biases.clone())).collect()
    }

    /// (n_out,) by normalised layer.
    fn gains<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyAny>> {
        let layers = self.0.plan.layers.iter().filter(|layer| !layer.gains.is_empty());
        layers.map(|layer| numbers(py, &self.0.parameters, layer.gains.clone())).collect()
    }

    /// Running means and variances (2, n_out) by normalised layer.
    fn moments<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let layers = self.0.plan.layers.iter().filter(|layer| !layer.gains.is_empty());
        layers.map(|layer| shaped(py, &self.0.moments, layer.moments.clone(), layer.n_out)).collect()
    }

    /// How training went: numbers and, by epoch, arrays.
    #[getter]
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (out, history) = (PyDict::new(py), &self.0.history);
        out.set_item("n_iter", self.0.n_iter)?;
        out.set_item("n_seen", self.0.n_seen)?;
        out.set_item("best", history.best)?;
        out.set_item("best_epoch", history.best_epoch)?;
        out.set_item("losses", &history.losses)?;
        out.set_item("validation_losses", &history.validation_losses)?;
        out.set_item("validation_scores", &history.validation_scores)?;
        Ok(out)
    }

    /// Everything learned, as plain arrays.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (out, history, plan) = (PyDict::new(py), &self.0.history, &self.0.plan);
        let whole =
            |values: Vec<usize>| -> Vec<i64> { values.into_iter().map(|value| value as i64).collect() };
        let array = |values: Vec<i64>| PyArray1::from_vec(py, values);
        out.set_item("sizes", array(whole(plan.sizes())))?;
        let activations = plan.activations.iter().map(|&activation| activation as i64);
        let kind = [plan.output as i64, i64::from(plan.is_normed())];
        out.set_item("kind", array(kind.into_iter().chain(activations).collect()))?;
        out.set_item("n_classes", array(whole(self.0.n_classes.clone())))?;
        let counts = [self.0.t as i64, self.0.n_iter as i64, self.0.n_seen as i64];
        let epochs = [history.best_epoch as i64, history.unchanged as i64];
        out.set_item("counts", array([&counts[..], &epochs].concat()))?;
        let all =
            [("parameters", &self.0.parameters), ("moments", &self.0.moments), ("memory", &self.0.memory)];
        for (name, values) in all {
            out.set_item(name, numbers(py, values, 0..values.len()))?;
        }
        let curves = [&history.losses, &history.validation_losses, &history.validation_scores];
        for (name, values) in CURVES.into_iter().zip(curves) {
            out.set_item(name, PyArray1::from_slice(py, values))?;
        }
        out.set_item("best", PyArray1::from_vec(py, vec![history.best]))?;
        Ok(out)
    }

    /// The network of a state; its shapes are checked.
    #[staticmethod]
    fn from_state(state: &Bound<'_, PyDict>) -> PyResult<Network> {
        let whole = |name: &str| -> PyResult<Vec<i64>> {
            let array: PyReadonlyArray1<'_, i64> = entry(state, name)?;
            Ok(array.as_array().to_vec())
        };
        let counts = |name: &str| -> PyResult<Vec<usize>> {
            let values = whole(name)?.into_iter();
            values.map(|value| usize::try_from(value).map_err(|_| damaged(name))).collect()
        };
        let curve = |name: &str| -> PyResult<Vec<f64>> {
            let array: PyReadonlyArray1<'_, f64> = entry(state, name)?;
            Ok(array.as_array().to_vec())
        };
        let kind = whole("kind")?;
        let [output, norm, activations @ ..] = &kind[..] else { return Err(damaged("kind")) };
        let output = core::Output::numbered(*output).ok_or_else(|| damaged("kind"))?;
        let activations: Option<Vec<_>> =
            activations.iter().map(|&number| core::Activation::numbered(number)).collect();
        let activations = activations.ok_or_else(|| damaged("kind"))?;
        let sizes = counts("sizes")?;
        if sizes.len() != activations.len() + 2 || sizes.contains(&0) {
            return Err(damaged("sizes"));
        }
        let numbers = counts("counts")?;
        let &[t, n_iter, n_seen, best_epoch, unchanged] = &numbers[..] else { return Err(damaged("counts")) };
        let [losses, validation_losses, validation_scores] = CURVES;
        let network = core::Network {
            plan: core::Plan::new(&sizes, &activations, output, *norm != 0).map_err(exception)?,
            n_classes: counts("n_classes")?,
            parameters: floats(state, "parameters")?,
            moments: floats(state, "moments")?,
            memory: floats(state, "memory")?,
            t: t as u64,
            n_iter,
            n_seen: n_seen as u64,
            history: core::History {
                losses: curve(losses)?,
                validation_losses: curve(validation_losses)?,
                validation_scores: curve(validation_scores)?,
                best: curve("best")?.first().copied().ok_or_else(|| damaged("best"))?,
                best_epoch,
                unchanged,
            },
        };
        network.check().map_err(exception)?;
        Ok(Network(network))
    }

    /// Predictions (n, n_values): probabilities of all classes, or numbers.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        X: Rows<'py>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let [n, d] = X.shape();
        if d != self.n_features() {
            return Err(PyValueError::new_err(format!(
                "X has {d} columns; the network learned from {}",
                self.n_features()
            )));
        }
        let x = X.matrix()?;
        let values =
            enter(py, None, None, |control, watcher| self.0.predict(&x, n, n_threads, control, watcher))?;
        matrix(py, values, self.0.n_values())
    }
}

/// Names of the curves in a state.
const CURVES: [&str; 3] = ["losses", "validation_losses", "validation_scores"];

fn numbers<'py>(py: Python<'py>, values: &core::Numbers, range: std::ops::Range<usize>) -> Bound<'py, PyAny> {
    match values {
        core::Numbers::Single(values) => PyArray1::from_slice(py, &values[range]).into_any(),
        core::Numbers::Double(values) => PyArray1::from_slice(py, &values[range]).into_any(),
    }
}

fn shaped<'py>(
    py: Python<'py>,
    values: &core::Numbers,
    range: std::ops::Range<usize>,
    columns: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = range.len() / columns;
    Ok(match values {
        core::Numbers::Single(values) => {
            PyArray1::from_slice(py, &values[range]).reshape([rows, columns])?.into_any()
        }
        core::Numbers::Double(values) => {
            PyArray1::from_slice(py, &values[range]).reshape([rows, columns])?.into_any()
        }
    })
}

fn floats(state: &Bound<'_, PyDict>, name: &str) -> PyResult<core::Numbers> {
    if let Ok(array) = entry::<PyReadonlyArray1<'_, f32>>(state, name) {
        return Ok(core::Numbers::Single(array.as_array().to_vec()));
    }
    let array: PyReadonlyArray1<'_, f64> = entry(state, name)?;
    Ok(core::Numbers::Double(array.as_array().to_vec()))
}

fn entry<'a, 'py, T>(state: &'a Bound<'py, PyDict>, name: &str) -> PyResult<T>
where
    T: pyo3::conversion::FromPyObjectOwned<'py>,
{
    let value = state.get_item(name)?.ok_or_else(|| damaged(name))?;
    value.extract().map_err(|_| damaged(name))
}

fn damaged(name: &str) -> PyErr {
    PyValueError::new_err(format!("the state of the network is damaged: {name}"))
}
