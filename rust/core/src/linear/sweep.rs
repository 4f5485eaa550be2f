//! The families of linear regression: fits, and sweeps over many candidates.

use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

use super::settings::{Linear, Settings};
use super::train::{Trained, Training};
use crate::candidate::Candidate;
use crate::data::{Data, Features, Fold};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Link, Scratch};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, for_each};
use crate::sweep::{Evaluation, Family, Fit, Job, Outcome, Refitted};

/// Scores of a row that are computed at a time, and rows.
const COLUMNS: usize = 64;
const ROWS: usize = 512;

type MatrixJob<'a> = Job<'a, Matrix<'a>>;

impl Family for Linear {
    type Model = LinearModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &MatrixJob<'_>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<LinearModel>> {
        Ok(run(*self, job, false, control, watcher)?.0)
    }

    fn sweep_and_refit(
        &self,
        job: &MatrixJob<'_>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Refitted<LinearModel>> {
        run(*self, job, true, control, watcher)
    }
}

fn run(
    family: Linear,
    job: &MatrixJob<'_>,
    refit: bool,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Refitted<LinearModel>> {
    job.data.x.check_values()?;
    let settings = parse(family, &job.data, job.candidates)?;
    control.expect(settings.len() * job.folds.len());
    let training = Training {
        data: &job.data,
        folds: job.folds,
        settings: &settings,
        refit,
        start: None,
        n_threads: job.n_threads,
    };
    let (mut trained, n_fits) = training.run(control, watcher)?;
    let whole = trained.iter_mut().map(|folds| Some(folds.pop()??.model)).collect();
    Ok((Outcome { evaluations: evaluate(job, trained, control, watcher)?, n_fits }, whole))
}

impl Fit for Linear {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        start: Option<&LinearModel>,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(LinearModel, Option<String>)> {
        let settings = parse(*self, &data, std::slice::from_ref(candidate))?;
        control.expect(1);
        let folds = [Fold::whole(data.n)];
        let training =
            Training { data: &data, folds: &folds, settings: &settings, refit: false, start, n_threads };
        let (trained, _) = training.run(control, watcher)?;
        match trained.into_iter().flatten().next().flatten() {
            Some(Trained { model, warning, .. }) => Ok((model, warning)),
            None => Err(Error::Interrupted),
        }
    }
}

fn parse(family: Linear, data: &Data<'_, Matrix<'_>>, candidates: &[Candidate]) -> Result<Vec<Settings>> {
    data.check_form()?;
    if !data.n_classes.is_empty() {
        return Err(Error::invalid("linear regression is of numbers, not of classes"));
    }
    candidates.iter().map(|candidate| Settings::parse(family, candidate, data.n_outputs)).collect()
}

type Evaluations = Vec<Vec<Option<Evaluation<LinearModel>>>>;

/// Predicts the held-out rows with many models by one product, and scores them.
fn evaluate(
    job: &MatrixJob<'_>,
    trained: Vec<Vec<Option<Trained>>>,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Evaluations> {
    let step = (COLUMNS / job.data.n_outputs).max(1);
    let parts: Vec<(usize, Range<usize>)> = (0..job.folds.len())
        .flat_map(|f| (0..trained.len()).step_by(step).map(move |c| (f, c)))
        .map(|(f, c)| (f, c..(c + step).min(trained.len())))
        .collect();
    let scored: Vec<_> = parts.iter().map(|_| Mutex::new(Vec::new())).collect();
    // What is trained is scored, whatever the clock says: it does not take long.
    let unlimited = control.without_deadline();
    for_each(job.n_threads, parts.len(), &unlimited, watcher, Scratch::default, |scratch, part| {
        let (f, members) = parts[part].clone();
        let some: Vec<Option<&Trained>> = trained[members].iter().map(|folds| folds[f].as_ref()).collect();
        if let Ok(mut out) = scored[part].lock() {
            *out = score(job, &job.folds[f], &some, scratch);
        }
    })?;
    let mut out: Evaluations = trained.iter().map(|_| (0..job.folds.len()).map(|_| None).collect()).collect();
    for ((f, members), scored) in parts.into_iter().zip(scored) {
        let scored = scored.into_inner().map_err(|_| Error::Interrupted)?;
        for (c, evaluation) in members.zip(scored) {
            out[c][f] = evaluation;
        }
    }
    if job.keep_models {
        for (out, trained) in out.iter_mut().zip(trained) {
            for (out, trained) in out.iter_mut().zip(trained) {
                if let (Some(out), Some(trained)) = (out, trained) {
                    out.model = Some(trained.model);
                }
            }
        }
    }
    Ok(out)
}

/// Evaluations of some models on one fold.
fn score(
    job: &MatrixJob<'_>,
    fold: &Fold,
    some: &[Option<&Trained>],
    scratch: &mut Scratch,
) -> Vec<Option<Evaluation<LinearModel>>> {
    let start = Instant::now();
    let models: Vec<&LinearModel> = some.iter().flatten().map(|trained| &trained.model).collect();
    let held_out = predict(job, &models, &fold.test, scratch);
    let training = if job.train_metrics { predict(job, &models, &fold.train, scratch) } else { Vec::new() };
    let mut training = training.into_iter();
    let predicted = start.elapsed().as_secs_f64() / models.len().max(1) as f64;
    let mut held_out = held_out.into_iter();
    let mut evaluate = |trained: &Trained| {
        let clock = Instant::now();
        let test = held_out.next()?;
        let train = training.next();
        Some(Evaluation {
            scores: job.scores(&fold.test, &test),
            train_scores: train.as_ref().map_or_else(Vec::new, |train| job.scores(&fold.train, train)),
            predictions: job.keep_predictions.then_some(test),
            train_predictions: train.filter(|_| job.keep_predictions),
            model: None,
            warning: trained.warning.clone(),
            fit_seconds: trained.seconds,
            score_seconds: predicted + clock.elapsed().as_secs_f64(),
        })
    };
    some.iter().map(|trained| trained.and_then(&mut evaluate)).collect()
}

/// Predictions (rows, t) of each model.
fn predict(
    job: &MatrixJob<'_>,
    models: &[&LinearModel],
    rows: &[u32],
    scratch: &mut Scratch,
) -> Vec<Vec<f64>> {
    let (t, d) = (job.data.n_outputs, job.data.d);
    let together = LinearModel {
        coef: models.iter().flat_map(|model| model.coef.iter().copied()).collect(),
        intercept: models.iter().flat_map(|model| model.intercept.iter().copied()).collect(),
        d,
        n_classes: 0,
        link: Link::Identity,
        facts: std::collections::BTreeMap::new(),
    };
    let mut out: Vec<Vec<f64>> = models.iter().map(|_| Vec::with_capacity(rows.len() * t)).collect();
    let k = models.len() * t;
    let mut scores = vec![0.0; ROWS * k];
    for rows in rows.chunks(ROWS) {
        let scores = &mut scores[..rows.len() * k];
        together.score_rows(&job.data.x, rows.iter().copied(), scores, scratch);
        for (at, out) in out.iter_mut().enumerate() {
            scores.chunks_exact(k).for_each(|row| out.extend(&row[at * t..(at + 1) * t]));
        }
    }
    out
}
