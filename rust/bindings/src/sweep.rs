//! `fit` and `sweep`: the families by their names.

use pyo3::PyClass;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::PyDict;
use setpoint_core::candidate::Candidate;
use setpoint_core::data::Data;
use setpoint_core::matrix::Matrix;
use setpoint_core::metric::Metric;
use setpoint_core::sweep as core;
use setpoint_core::sweep::{Family, Fit, Job, Place};

use crate::arguments::{self, FoldArrays, MatrixArrays};
use crate::door::enter;
#[cfg(any(feature = "descent", feature = "linear", feature = "logistic", feature = "svm"))]
use crate::linear::LinearModel;
use crate::outcome::{Learned, report};

/// The families that read a matrix, each with the class of its models: `$with!(family, class)` of the name's.
macro_rules! of_matrix {
    ($name:expr, $with:ident) => {
        match $name {
            #[cfg(feature = "linear")]
            "linear" | "ridge" | "lasso" | "elastic_net" => $with!(regression($name)?, LinearModel),
            #[cfg(feature = "logistic")]
            "logistic" => $with!(setpoint_core::logistic::Logistic, LinearModel),
            #[cfg(feature = "descent")]
            "descent" => $with!(setpoint_core::descent::Descents, LinearModel),
            #[cfg(feature = "network")]
            "network" => $with!(setpoint_core::network::Networks, crate::network::Network),
            #[cfg(feature = "svm")]
            "svm" | "nu_svm" | "one_class_svm" => $with!(crate::svm::family($name), crate::svm::Svm),
            #[cfg(feature = "svm")]
            "linear_svm" => $with!(setpoint_core::svm::linear::LinearSvms, LinearModel),
            _ => Err(unknown($name)),
        }
    };
}

/// Trainings that the next round of a search may go on with.
#[pyclass(frozen, module = "setpoint._core")]
#[derive(Default)]
pub struct Unfinished(core::Unfinished);

#[pymethods]
impl Unfinished {
    #[new]
    fn new() -> Self {
        Unfinished::default()
    }

    /// Begins a round: what the one before the last has left is dropped.
    fn turn(&self) {
        self.0.turn();
    }
}

/// What is asked of a sweep, whatever the family.
struct Request<'py> {
    folds: FoldArrays<'py>,
    candidates: Vec<Bound<'py, PyDict>>,
    metrics: Vec<String>,
    train_metrics: bool,
    keep_models: bool,
    keep_predictions: bool,
    refit: bool,
    n_threads: usize,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
    unfinished: Option<(Py<Unfinished>, String)>,
}

/// Fits every candidate on the training rows of every fold and scores it on the rows held out. If `refit`, the
/// dict has as "refitted", by candidate, the model of all rows, where the sweep has it for next to nothing. With
/// `unfinished` (and a name of the data and folds), forests and networks go on where the round before left them.
#[pyfunction]
#[pyo3(signature = (family, data, *, folds, candidates, metrics, train_metrics, keep_models, keep_predictions, n_threads, time_limit, progress, refit=false, unfinished=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of a Python function")]
pub fn sweep<'py>(
    py: Python<'py>,
    family: &str,
    data: &Bound<'py, PyAny>,
    folds: FoldArrays<'py>,
    candidates: Vec<Bound<'py, PyDict>>,
    metrics: Vec<String>,
    train_metrics: bool,
    keep_models: bool,
    keep_predictions: bool,
    n_threads: usize,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
    refit: bool,
    unfinished: Option<(Py<Unfinished>, String)>,
) -> PyResult<Bound<'py, PyDict>> {
    let request = Request {
        folds,
        candidates,
        metrics,
        train_metrics,
        keep_models,
        keep_predictions,
        refit,
        n_threads,
        time_limit,
        progress,
        unfinished,
    };
    #[cfg(feature = "forest")]
    if family == "forest" {
        let arrays: arguments::TableArrays<'_> = data.extract()?;
        return run(py, &setpoint_core::forest::Forests, arrays.data()?, request);
    }
    let arrays: MatrixArrays<'_> = data.extract()?;
    macro_rules! sweep {
        ($family:expr, $class:ty) => {
            run(py, &$family, arrays.data()?, request)
        };
    }
    of_matrix!(family, sweep)
}

fn run<'py, F>(
    py: Python<'py>,
    family: &F,
    data: Data<'_, F::Features<'_>>,
    request: Request<'py>,
) -> PyResult<Bound<'py, PyDict>>
where
    F: Family + Sync,
    F::Model: Learned + Clone + Send,
    for<'a> F::Features<'a>: Sync,
{
    let folds = arguments::folds(&request.folds, data.n)?;
    let candidates = request.candidates.iter().map(arguments::candidate).collect::<PyResult<Vec<_>>>()?;
    let metric = |name: &String| metric(name, data.n_outputs);
    let metrics = request.metrics.iter().map(metric).collect::<PyResult<Vec<_>>>()?;
    let job = Job {
        data,
        folds: &folds,
        candidates: &candidates,
        metrics: &metrics,
        train_metrics: request.train_metrics,
        keep_models: request.keep_models,
        keep_predictions: request.keep_predictions,
        n_threads: request.n_threads,
        unfinished: request.unfinished.as_ref().map(|(of, data)| Place { unfinished: &of.get().0, data }),
    };
    let (outcome, refitted) = enter(py, request.time_limit, request.progress, |control, watcher| {
        if request.refit {
            family.sweep_and_refit(&job, control, watcher)
        } else {
            Ok((family.sweep(&job, control, watcher)?, Vec::new()))
        }
    })?;
    let out = report(py, &job, &outcome)?;
    let wrap = |model: Option<F::Model>| model.map(|model| model.wrap(py)).transpose();
    out.set_item("refitted", refitted.into_iter().map(wrap).collect::<PyResult<Vec<_>>>()?)?;
    Ok(out)
}

/// Learns one model on all rows, or goes on from `start`. The dict has the model, and as "warning" what the
/// user should be told of it.
#[pyfunction]
#[pyo3(signature = (family, data, *, candidate, start, n_threads, progress))]
pub fn fit<'py>(
    py: Python<'py>,
    family: &str,
    data: MatrixArrays<'py>,
    candidate: &Bound<'py, PyDict>,
    start: Option<&Bound<'py, PyAny>>,
    n_threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let data = data.data()?;
    let candidate = arguments::candidate(candidate)?;
    let ask = Ask { candidate, start, n_threads, progress };
    macro_rules! fit {
        ($family:expr, $class:ty) => {
            learn(py, &$family, data, ask, |model: &$class| &model.0)
        };
    }
    of_matrix!(family, fit)
}

/// What is asked of a fit, whatever the family.
struct Ask<'a, 'py> {
    candidate: Candidate,
    start: Option<&'a Bound<'py, PyAny>>,
    n_threads: usize,
    progress: Option<Py<PyAny>>,
}

/// `model` takes the core's model out of the object that wraps it.
fn learn<'py, F, C>(
    py: Python<'py>,
    family: &F,
    data: Data<'_, Matrix<'_>>,
    ask: Ask<'_, 'py>,
    model: impl Fn(&C) -> &F::Model,
) -> PyResult<Bound<'py, PyDict>>
where
    F: for<'a> Fit<Features<'a> = Matrix<'a>> + Sync,
    F::Model: Learned + Send + Sync,
    C: PyClass<Frozen = True> + Sync,
{
    let start = ask.start.map(|start| start.cast::<C>()).transpose()?;
    let start = start.map(|start| model(start.get()));
    let (learned, warning) = enter(py, None, ask.progress, |control, watcher| {
        family.fit(data, &ask.candidate, start, ask.n_threads, control, watcher)
    })?;
    let out = PyDict::new(py);
    out.set_item("model", learned.wrap(py)?)?;
    out.set_item("warning", warning)?;
    Ok(out)
}

#[cfg(feature = "linear")]
fn regression(family: &str) -> PyResult<setpoint_core::linear::Linear> {
    setpoint_core::linear::Linear::parse(family).ok_or_else(|| unknown(family))
}

fn unknown(family: &str) -> PyErr {
    PyValueError::new_err(format!("family {family:?} is not known"))
}

fn metric(name: &str, n_outputs: usize) -> PyResult<Metric> {
    match Metric::parse(name) {
        Some(_) if n_outputs > 1 => Err(PyValueError::new_err("metrics are computed for one output only")),
        Some(metric) => Ok(metric),
        None => Err(PyValueError::new_err(format!("metrics must be among METRICS; got {name:?}"))),
    }
}
