//! A learned support vector machine as Python sees it: parameters, predictions, its state as plain arrays.

use numpy::{PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::svm as core;
use setpoint_core::svm::calibrate::Calibrated;
use setpoint_core::svm::kernel::{Kernel, Kind};
use setpoint_core::svm::model::class_values;
use setpoint_core::svm::points::{Points, Stored};
use setpoint_core::svm::settings::Ties;

use crate::arguments::{Rows, slice2};
use crate::door::exception;
use crate::outcome::{Learned, matrix};
use crate::predict::predict;
use crate::state::{counts, entry, integers, numbers};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Svm>()?;
    module.add_function(wrap_pyfunction!(pair_votes, module)?)
}

/// The machines of a family by its name.
pub fn family(name: &str) -> core::Svms {
    core::Svms(match name {
        "nu_svm" => core::Which::Nu,
        "one_class_svm" => core::Which::OneClass,
        _ => core::Which::Penalised,
    })
}

/// A learned support vector machine.
#[pyclass(frozen, module = "setpoint._core")]
pub struct Svm(pub core::SvmModel);

impl Learned for core::SvmModel {
    fn wrap(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Svm(self))?.into_any())
    }
}

#[pymethods]
#[expect(non_snake_case, reason = "X is what the field calls it")]
impl Svm {
    #[getter]
    fn n_features(&self) -> usize {
        self.0.d
    }

    #[getter]
    fn n_outputs(&self) -> usize {
        1
    }

    /// Of its one output; empty for regression.
    #[getter]
    fn n_classes(&self) -> Vec<usize> {
        if self.0.n_classes == 0 { Vec::new() } else { vec![self.0.n_classes] }
    }

    #[getter]
    fn gamma(&self) -> f64 {
        self.0.kernel.gamma
    }

    #[getter]
    fn converged(&self) -> bool {
        self.0.converged
    }

    /// The arrays that describe it, by name.
    fn arrays<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        let model = &self.0;
        let integers = |values: &mut dyn Iterator<Item = i64>| PyArray1::from_iter(py, values);
        out.set_item("support", integers(&mut model.support.iter().map(|&i| i64::from(i))))?;
        out.set_item("n_support", integers(&mut model.n_support.iter().map(|&n| n as i64)))?;
        out.set_item("dual_coef", coefficients(py, model)?)?;
        for (name, values) in [
            ("intercept", &model.intercept),
            ("n_iter", &model.n_iter),
            ("dual_gap", &model.gap),
            ("violation", &model.violation),
            ("objective", &model.objective),
        ] {
            out.set_item(name, PyArray1::from_slice(py, values))?;
        }
        match &model.vectors.stored {
            Stored::Dense(values) => {
                let (n, d) = (model.vectors.n, model.vectors.d);
                let values = PyArray1::from_slice(py, values);
                out.set_item("support_vectors", numpy::PyArrayMethods::reshape(&values, [n, d])?)?;
            }
            Stored::Sparse { starts, columns, values } => {
                out.set_item("support_starts", integers(&mut starts.iter().map(|&i| i as i64)))?;
                out.set_item("support_columns", integers(&mut columns.iter().map(|&j| i64::from(j))))?;
                out.set_item("support_values", PyArray1::from_slice(py, values))?;
            }
        }
        calibrated_arrays(py, &model.calibrated, &out)?;
        Ok(out)
    }

    /// Everything learned, as plain arrays.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = self.arrays(py)?;
        let model = &self.0;
        let kernel = &model.kernel;
        out.set_item("kernel", PyArray1::from_slice(py, &[kernel.gamma, kernel.coef0]))?;
        let kind = [
            kernel.kind as i64,
            i64::from(kernel.degree),
            model.n_classes as i64,
            model.d as i64,
            model.ties as i64,
            i64::from(model.converged),
        ];
        out.set_item("kind", PyArray1::from_slice(py, &kind))?;
        Ok(out)
    }

    /// The model of a state; its shapes are checked.
    #[staticmethod]
    fn from_state(state: &Bound<'_, PyDict>) -> PyResult<Svm> {
        let model = read(state)?;
        model.check().map_err(exception)?;
        Ok(Svm(model))
    }

    /// Decision values, and probabilities if calibrated (n, P + K).
    fn predict<'py>(
        &self,
        py: Python<'py>,
        X: Rows<'py>,
        n_threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        predict(py, &X, self.0.d, self.0.n_values(), |x, n, control, watcher| {
            self.0.predict(x, n, n_threads, control, watcher)
        })
    }
}

/// Votes of the class pairs (n, K) of decision values (n, P); with `confidence`, as scikit-learn's
/// `decision_function_shape="ovr"` has them.
#[pyfunction]
#[pyo3(signature = (decisions, *, n_classes, confidence))]
pub fn pair_votes<'py>(
    py: Python<'py>,
    decisions: PyReadonlyArray2<'py, f64>,
    n_classes: usize,
    confidence: bool,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    if n_classes < 3 || decisions.shape()[1] != n_classes * (n_classes - 1) / 2 {
        return Err(PyValueError::new_err(format!(
            "decisions have {} columns for {n_classes} classes",
            decisions.shape()[1]
        )));
    }
    let ties = if confidence { Ties::Confidence } else { Ties::First };
    matrix(py, class_values(slice2(&decisions, "decisions")?, n_classes, ties), n_classes)
}

fn coefficients<'py>(py: Python<'py>, model: &core::SvmModel) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let rows = model.n_classes.saturating_sub(1).max(1);
    let values = PyArray1::from_slice(py, &model.dual_coef);
    numpy::PyArrayMethods::reshape(&values, [rows, model.support.len()])
}

/// Of sigmoids (a, b) of each pair; of isotonic functions their steps, one pair after the other.
fn calibrated_arrays(py: Python<'_>, calibrated: &[Calibrated], out: &Bound<'_, PyDict>) -> PyResult<()> {
    let (mut sigmoids, mut lengths) = (Vec::new(), Vec::new());
    let (mut at, mut p): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for one in calibrated {
        match one {
            Calibrated::Sigmoid { a, b } => sigmoids.extend([*a, *b]),
            Calibrated::Isotonic { f, p: shares } => {
                lengths.push(f.len() as i64);
                at.extend(f);
                p.extend(shares);
            }
        }
    }
    if !sigmoids.is_empty() {
        out.set_item("sigmoid", matrix(py, sigmoids, 2)?)?;
    }
    if !lengths.is_empty() {
        out.set_item("isotonic_lengths", PyArray1::from_vec(py, lengths))?;
        out.set_item("isotonic_decisions", PyArray1::from_vec(py, at))?;
        out.set_item("isotonic_shares", PyArray1::from_vec(py, p))?;
    }
    Ok(())
}

fn read(state: &Bound<'_, PyDict>) -> PyResult<core::SvmModel> {
    let damaged = || PyValueError::new_err("the state of the support vector machine is damaged");
    let kind = integers(state, "kind")?;
    let &[kernel, degree, n_classes, d, ties, converged] = kind.as_slice() else { return Err(damaged()) };
    let kernel = Kind::numbered(kernel).ok_or_else(damaged)?;
    let degree = u32::try_from(degree).map_err(|_| damaged())?;
    let count = |value: i64| usize::try_from(value).map_err(|_| damaged());
    let &[gamma, coef0] = numbers(state, "kernel")?.as_slice() else { return Err(damaged()) };
    let small = |i: i64| u32::try_from(i).map_err(|_| damaged());
    let support = integers(state, "support")?.into_iter().map(small).collect::<PyResult<Vec<_>>>()?;
    let d = count(d)?;
    let vectors = if state.contains("support_vectors")? {
        let rows: PyReadonlyArray2<'_, f64> = entry(state, "support_vectors")?;
        let values = rows.as_array().iter().copied().collect();
        points(rows.shape()[0], rows.shape()[1], Stored::Dense(values))
    } else {
        let starts = counts(state, "support_starts")?;
        let narrow = |j: i64| i32::try_from(j).map_err(|_| damaged());
        let columns = integers(state, "support_columns")?.into_iter().map(narrow).collect::<PyResult<_>>()?;
        let values = numbers(state, "support_values")?;
        points(starts.len().saturating_sub(1), d, Stored::Sparse { starts, columns, values })
    };
    let dual_coef: PyReadonlyArray2<'_, f64> = entry(state, "dual_coef")?;
    let all = |name: &str| numbers(state, name);
    Ok(core::SvmModel {
        kernel: Kernel { kind: kernel, gamma, coef0, degree },
        n_classes: count(n_classes)?,
        d,
        support,
        n_support: counts(state, "n_support")?,
        vectors: vectors.map_err(exception)?,
        dual_coef: dual_coef.as_array().iter().copied().collect(),
        intercept: all("intercept")?,
        calibrated: calibrated(state)?,
        ties: if ties == Ties::First as i64 { Ties::First } else { Ties::Confidence },
        n_iter: all("n_iter")?,
        gap: all("dual_gap")?,
        violation: all("violation")?,
        objective: all("objective")?,
        converged: converged != 0,
    })
}

/// Rows whose shape is checked before their norms are taken.
fn points(n: usize, d: usize, stored: Stored) -> Result<Points, setpoint_core::error::Error> {
    Points { n, d, norms: Vec::new(), stored: stored.clone() }.check()?;
    Ok(Points::of(n, d, stored))
}

fn calibrated(state: &Bound<'_, PyDict>) -> PyResult<Vec<Calibrated>> {
    if state.contains("sigmoid")? {
        let sigmoid: PyReadonlyArray2<'_, f64> = entry(state, "sigmoid")?;
        let values: Vec<f64> = sigmoid.as_array().iter().copied().collect();
        return Ok(values.chunks_exact(2).map(|ab| Calibrated::Sigmoid { a: ab[0], b: ab[1] }).collect());
    }
    if !state.contains("isotonic_lengths")? {
        return Ok(Vec::new());
    }
    let at = numbers(state, "isotonic_decisions")?;
    let p = numbers(state, "isotonic_shares")?;
    let mut start = 0;
    let steps = |length: i64| {
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(start))?;
        let one = Calibrated::Isotonic { f: at.get(start..end)?.to_vec(), p: p.get(start..end)?.to_vec() };
        start = end;
        Some(one)
    };
    let all: Option<Vec<_>> = integers(state, "isotonic_lengths")?.into_iter().map(steps).collect();
    all.ok_or_else(|| PyValueError::new_err("isotonic_lengths does not fit isotonic_decisions"))
}
