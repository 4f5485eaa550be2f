//! `fit` and `sweep`.

use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::candidate::Candidate;
use setpoint_core::forest::{self as core, FitOptions, Forests};
use setpoint_core::metric::Metric;
use setpoint_core::sweep::{Evaluation, Family, Job, Outcome};

use crate::arguments::{self, Arrays};
use crate::door::enter;
use crate::forest::Forest;

type FoldArrays<'py> = Vec<(PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, i64>)>;

fn known(family: &str) -> PyResult<()> {
    match family {
        "forest" => Ok(()),
        _ => Err(PyValueError::new_err(format!("family must be \"forest\"; got {family:?}"))),
    }
}

/// Learns one model on all rows.
#[pyfunction]
#[pyo3(signature = (family, X, y, *, n_classes, categorical, sample_weight, candidate, oob, first_tree, n_threads, progress))]
#[expect(non_snake_case, clippy::too_many_arguments, reason = "keyword arguments of a Python function")]
pub fn fit<'py>(
    py: Python<'py>,
    family: &str,
    X: PyReadonlyArray2<'py, f32>,
    y: PyReadonlyArray2<'py, f64>,
    n_classes: Vec<usize>,
    categorical: PyReadonlyArray1<'py, bool>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    candidate: &Bound<'py, PyDict>,
    oob: bool,
    first_tree: usize,
    n_threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    known(family)?;
    let arrays = Arrays::new(X, y, n_classes, categorical, sample_weight);
    let data = arrays.data()?;
    let candidate = arguments::candidate(candidate)?;
    let options = FitOptions { oob, first_tree, n_threads };
    let fitted = enter(py, None, progress, |control, watcher| {
        core::fit(&data, &candidate, &options, control, watcher)
    })?;

    let out = PyDict::new(py);
    let n_values = data.n_values();
    out.set_item("model", Py::new(py, Forest(fitted.forest))?)?;
    let (sums, counts) = fitted.oob.unzip();
    out.set_item("oob_prediction", sums.map(|sums| matrix(py, sums, n_values)).transpose()?)?;
    out.set_item("oob_count", counts.map(|counts| PyArray1::from_vec(py, counts)))?;
    Ok(out)
}

/// Fits every candidate on the training rows of every fold and scores it on the rows held out.
#[pyfunction]
#[pyo3(signature = (family, X, y, *, n_classes, categorical, sample_weight, folds, candidates, metrics, train_metrics, keep_models, keep_predictions, n_threads, time_limit, progress))]
#[expect(non_snake_case, clippy::too_many_arguments, reason = "keyword arguments of a Python function")]
pub fn sweep<'py>(
    py: Python<'py>,
    family: &str,
    X: PyReadonlyArray2<'py, f32>,
    y: PyReadonlyArray2<'py, f64>,
    n_classes: Vec<usize>,
    categorical: PyReadonlyArray1<'py, bool>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    folds: FoldArrays<'py>,
    candidates: Vec<Bound<'py, PyDict>>,
    metrics: Vec<String>,
    train_metrics: bool,
    keep_models: bool,
    keep_predictions: bool,
    n_threads: usize,
    time_limit: Option<f64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    known(family)?;
    let arrays = Arrays::new(X, y, n_classes, categorical, sample_weight);
    let data = arrays.data()?;
    let folds = arguments::folds(&folds, data.n)?;
    let candidates = candidates.iter().map(arguments::candidate).collect::<PyResult<Vec<Candidate>>>()?;
    let metrics = metrics.iter().map(|name| metric(name, data.n_outputs)).collect::<PyResult<Vec<_>>>()?;
    let job = Job {
        data,
        folds: &folds,
        candidates: &candidates,
        metrics: &metrics,
        train_metrics,
        keep_models,
        keep_predictions,
        n_threads,
    };
    let outcome = enter(py, time_limit, progress, |control, watcher| Forests.sweep(&job, control, watcher))?;
    report(py, &job, outcome)
}

fn metric(name: &str, n_outputs: usize) -> PyResult<Metric> {
    match Metric::parse(name) {
        Some(_) if n_outputs > 1 => Err(PyValueError::new_err("metrics are computed for one output only")),
        Some(metric) => Ok(metric),
        None => Err(PyValueError::new_err(format!("metrics must be among METRICS; got {name:?}"))),
    }
}

type Learned = setpoint_core::forest::Forest;
type Grid<'a> = [Vec<Option<&'a Evaluation<Learned>>>];

fn report<'py>(py: Python<'py>, job: &Job<'_>, outcome: Outcome<Learned>) -> PyResult<Bound<'py, PyDict>> {
    let n_values = job.data.n_values();
    let grid: Vec<Vec<_>> =
        outcome.evaluations.iter().map(|row| row.iter().map(Option::as_ref).collect()).collect();
    let out = PyDict::new(py);
    out.set_item("n_fits", outcome.n_fits)?;
    out.set_item("done", PyArray2::from_vec2(py, &each(&grid, |evaluation| evaluation.is_some()))?)?;
    for (name, seconds) in [("fit_seconds", true), ("score_seconds", false)] {
        let of = |e: &Evaluation<Learned>| if seconds { e.fit_seconds } else { e.score_seconds };
        out.set_item(name, PyArray2::from_vec2(py, &each(&grid, |e| e.map_or(f64::NAN, of)))?)?;
    }
    out.set_item("scores", scores(py, &grid, job, |e| &e.scores)?)?;
    let train = job.train_metrics.then(|| scores(py, &grid, job, |e| &e.train_scores)).transpose()?;
    out.set_item("train_scores", train)?;
    let held_out =
        job.keep_predictions.then(|| predictions(py, &grid, n_values, |e| &e.predictions)).transpose()?;
    out.set_item("predictions", held_out)?;
    let training = (job.keep_predictions && job.train_metrics)
        .then(|| predictions(py, &grid, n_values, |e| &e.train_predictions))
        .transpose()?;
    out.set_item("train_predictions", training)?;
    let models = job.keep_models.then(|| {
        let wrap = |e: Option<&Evaluation<Learned>>| {
            e.and_then(|e| e.model.clone()).map(|model| Py::new(py, Forest(model))).transpose()
        };
        grid.iter().map(|row| row.iter().map(|e| wrap(*e)).collect()).collect::<PyResult<Vec<Vec<_>>>>()
    });
    out.set_item("models", models.transpose()?)?;
    Ok(out)
}

fn each<T>(grid: &Grid<'_>, of: impl Fn(Option<&Evaluation<Learned>>) -> T) -> Vec<Vec<T>> {
    grid.iter().map(|row| row.iter().map(|e| of(*e)).collect()).collect()
}

/// (n_candidates, n_folds, n_metrics), NaN where not done.
fn scores<'py>(
    py: Python<'py>,
    grid: &Grid<'_>,
    job: &Job<'_>,
    of: impl Fn(&Evaluation<Learned>) -> &Vec<f64>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let none = vec![f64::NAN; job.metrics.len()];
    let values: Vec<f64> = grid.iter().flatten().flat_map(|e| e.map_or(&none, &of).iter().copied()).collect();
    PyArray1::from_vec(py, values).reshape([grid.len(), job.folds.len(), job.metrics.len()])
}

type Predictions<'py> = Vec<Vec<Option<Bound<'py, PyArray2<f64>>>>>;

fn predictions<'py>(
    py: Python<'py>,
    grid: &Grid<'_>,
    n_values: usize,
    of: impl Fn(&Evaluation<Learned>) -> &Option<Vec<f64>>,
) -> PyResult<Predictions<'py>> {
    let array = |e: &Option<&Evaluation<Learned>>| {
        e.and_then(|e| of(e).clone()).map(|values| matrix(py, values, n_values)).transpose()
    };
    grid.iter().map(|row| row.iter().map(array).collect()).collect()
}

/// Row-major values as an array of `columns` columns.
pub fn matrix<T: numpy::Element>(
    py: Python<'_>,
    values: Vec<T>,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    let rows = values.len() / columns.max(1);
    PyArray1::from_vec(py, values).reshape([rows, columns])
}
