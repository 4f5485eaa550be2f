//! The outcome of a sweep as Python has it: arrays (n_candidates, n_folds), NaN where not done.

use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::data::Fold;
use setpoint_core::sweep::{Evaluation, Job, Outcome};

/// A learned model as an object of Python.
pub trait Learned {
    fn wrap(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

type Grid<'a, M> = [Vec<Option<&'a Evaluation<M>>>];

/// The outcome of a job as a dict.
pub fn report<'py, X, M: Learned + Clone>(
    py: Python<'py>,
    job: &Job<'_, X>,
    outcome: &Outcome<M>,
) -> PyResult<Bound<'py, PyDict>> {
    let grid: Vec<Vec<_>> =
        outcome.evaluations.iter().map(|row| row.iter().map(Option::as_ref).collect()).collect();
    let out = PyDict::new(py);
    out.set_item("n_fits", outcome.n_fits)?;
    out.set_item("done", PyArray2::from_vec2(py, &each(&grid, |evaluation| evaluation.is_some()))?)?;
    for (name, seconds) in [("fit_seconds", true), ("score_seconds", false)] {
        let of = |e: &Evaluation<M>| if seconds { e.fit_seconds } else { e.score_seconds };
        out.set_item(name, PyArray2::from_vec2(py, &each(&grid, |e| e.map_or(f64::NAN, of)))?)?;
    }
    out.set_item("scores", scores(py, &grid, job, |e| &e.scores)?)?;
    let train = job.train_metrics.then(|| scores(py, &grid, job, |e| &e.train_scores)).transpose()?;
    out.set_item("train_scores", train)?;
    let held_out = job
        .keep_predictions
        .then(|| predictions(py, &grid, job, |e| &e.predictions, |fold| &fold.test))
        .transpose()?;
    out.set_item("predictions", held_out)?;
    let training = (job.keep_predictions && job.train_metrics)
        .then(|| predictions(py, &grid, job, |e| &e.train_predictions, |fold| &fold.train))
        .transpose()?;
    out.set_item("train_predictions", training)?;
    let warnings = each(&grid, |e| e.and_then(|e| e.warning.clone()));
    out.set_item("warnings", warnings.into_iter().flatten().flatten().collect::<Vec<String>>())?;
    let models = job.keep_models.then(|| {
        let wrap = |e: &Option<&Evaluation<M>>| {
            e.and_then(|e| e.model.clone()).map(|model| model.wrap(py)).transpose()
        };
        grid.iter().map(|row| row.iter().map(wrap).collect()).collect::<PyResult<Vec<Vec<_>>>>()
    });
    out.set_item("models", models.transpose()?)?;
    Ok(out)
}

fn each<M, T>(grid: &Grid<'_, M>, of: impl Fn(Option<&Evaluation<M>>) -> T) -> Vec<Vec<T>> {
    grid.iter().map(|row| row.iter().map(|e| of(*e)).collect()).collect()
}

/// (n_candidates, n_folds, n_metrics), NaN where not done.
fn scores<'py, X, M>(
    py: Python<'py>,
    grid: &Grid<'_, M>,
    job: &Job<'_, X>,
    of: impl Fn(&Evaluation<M>) -> &Vec<f64>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let none = vec![f64::NAN; job.metrics.len()];
    let values: Vec<f64> = grid.iter().flatten().flat_map(|e| e.map_or(&none, &of).iter().copied()).collect();
    PyArray1::from_vec(py, values).reshape([grid.len(), job.folds.len(), job.metrics.len()])
}

type Predictions<'py> = Vec<Vec<Option<Bound<'py, PyArray2<f64>>>>>;

/// By candidate and fold, with as many columns as the family has values for a row.
fn predictions<'py, X, M>(
    py: Python<'py>,
    grid: &Grid<'_, M>,
    job: &Job<'_, X>,
    of: impl Fn(&Evaluation<M>) -> &Option<Vec<f64>>,
    rows: impl Fn(&Fold) -> &[u32],
) -> PyResult<Predictions<'py>> {
    let array = |e: &Option<&Evaluation<M>>, n_rows: usize| {
        let values = e.and_then(|e| of(e).clone());
        values
            .map(|values| {
                let columns = values.len() / n_rows.max(1);
                matrix(py, values, columns)
            })
            .transpose()
    };
    let of_row =
        |row: &Vec<_>| row.iter().zip(job.folds).map(|(e, fold)| array(e, rows(fold).len())).collect();
    grid.iter().map(of_row).collect()
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
