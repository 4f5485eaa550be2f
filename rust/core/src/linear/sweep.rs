//! The families of linear regression: fits, and sweeps over many candidates.

use std::ops::Range;
use std::time::Instant;

use super::settings::{Linear, Settings};
use super::train::{Trained, Training};
use crate::candidate::Candidate;
use crate::data::{Data, Features, Fold};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Scratch, SideBySide};
use crate::matrix::Matrix;
use crate::metric::{Metric, total_of_squares};
use crate::parallel::{Control, Watcher, for_each};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome, Refitted};

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
        residuals: by_squares(job),
        start: None,
        n_threads: job.n_threads,
    };
    let (mut trained, n_fits) = training.run(control, watcher)?;
    let whole = trained.iter_mut().map(|folds| Some(folds.pop()??.model)).collect();
    Ok((Outcome { n_fits, ..evaluate(job, trained, control, watcher)? }, whole))
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
        let training = Training {
            data: &data,
            folds: &folds,
            settings: &settings,
            refit: false,
            residuals: false,
            start,
            n_threads,
        };
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

/// Whether sums of squares are all that is wanted of the rows held out.
fn by_squares(job: &MatrixJob<'_>) -> bool {
    let told = |metric: &Metric| metric.of_squares(1.0, 1.0, 1).is_some();
    !job.train_metrics && !job.keep_predictions && job.metrics.iter().all(told)
}

/// Predicts the held-out rows with many models by one product, and scores them; or scores them by the sums of
/// squares that are known.
fn evaluate(
    job: &MatrixJob<'_>,
    trained: Vec<Vec<Option<Trained>>>,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Outcome<LinearModel>> {
    let step = (COLUMNS / job.data.n_outputs).max(1);
    let parts: Vec<(usize, Range<usize>)> = (0..job.folds.len())
        .flat_map(|f| (0..trained.len()).step_by(step).map(move |c| (f, c)))
        .map(|(f, c)| (f, c..(c + step).min(trained.len())))
        .collect();
    let found = Found::new(job);
    // What is trained is scored, whatever the clock says: it does not take long.
    let unlimited = control.without_deadline();
    for_each(job.n_threads, parts.len(), &unlimited, watcher, Scratch::default, |scratch, part| {
        let (f, members) = parts[part].clone();
        let some = members.filter_map(|c| trained[c][f].as_ref().map(|trained| (c, trained)));
        let (known, open): (Vec<_>, Vec<_>) = some.partition(|(_, trained)| trained.residual.is_some());
        let fold = &job.folds[f];
        let scored = score_by_squares(job, fold, &known).into_iter().chain(score(job, fold, &open, scratch));
        scored.for_each(|(c, evaluation)| found.put(c, f, evaluation));
    })?;
    let mut out = found.outcome();
    if job.keep_models {
        for (out, trained) in out.evaluations.iter_mut().zip(trained) {
            for (out, trained) in out.iter_mut().zip(trained) {
                if let (Some(out), Some(trained)) = (out, trained) {
                    out.model = Some(trained.model);
                }
            }
        }
    }
    Ok(out)
}

/// Evaluations of some candidates' models on one fold, from the sums of their squared residuals.
fn score_by_squares(
    job: &MatrixJob<'_>,
    fold: &Fold,
    some: &[(usize, &Trained)],
) -> Vec<(usize, Evaluation<LinearModel>)> {
    let y: Vec<f64> = fold.test.iter().map(|&i| job.data.y[i as usize]).collect();
    let total = total_of_squares(&y);
    let evaluate = |&(c, trained): &(usize, &Trained)| {
        let residual = trained.residual?;
        let scores: Option<Vec<f64>> =
            job.metrics.iter().map(|metric| metric.of_squares(residual, total, y.len())).collect();
        let warning = trained.warning.clone();
        let scored = job.evaluation((scores?, Vec::new()), None);
        Some((c, Evaluation { warning, fit_seconds: trained.seconds, ..scored }))
    };
    some.iter().filter_map(evaluate).collect()
}

/// Evaluations of some candidates' models on one fold.
fn score(
    job: &MatrixJob<'_>,
    fold: &Fold,
    some: &[(usize, &Trained)],
    scratch: &mut Scratch,
) -> Vec<(usize, Evaluation<LinearModel>)> {
    let start = Instant::now();
    let models: Vec<&LinearModel> = some.iter().map(|(_, trained)| &trained.model).collect();
    let held_out = predict(job, &models, &fold.test, scratch);
    let training = if job.train_metrics { predict(job, &models, &fold.train, scratch) } else { Vec::new() };
    let mut training = training.into_iter();
    let predicted = start.elapsed().as_secs_f64() / models.len().max(1) as f64;
    let of = |rows: &[u32], predictions: Vec<f64>| (job.scores(rows, &predictions), predictions);
    let evaluate = |(&(c, trained), predictions): (&(usize, &Trained), Vec<f64>)| {
        let clock = Instant::now();
        let training = training.next().map(|predictions| of(&fold.train, predictions));
        let scored = job.evaluation(of(&fold.test, predictions), training);
        let evaluation = Evaluation {
            warning: trained.warning.clone(),
            fit_seconds: trained.seconds,
            score_seconds: predicted + clock.elapsed().as_secs_f64(),
            ..scored
        };
        (c, evaluation)
    };
    some.iter().zip(held_out).map(evaluate).collect()
}

/// Predictions (rows, t) of each model.
fn predict(
    job: &MatrixJob<'_>,
    models: &[&LinearModel],
    rows: &[u32],
    scratch: &mut Scratch,
) -> Vec<Vec<f64>> {
    let Some(side) = SideBySide::new(models.iter().copied()) else { return Vec::new() };
    let room = || Vec::with_capacity(rows.len() * job.data.n_outputs);
    let mut out: Vec<Vec<f64>> = models.iter().map(|_| room()).collect();
    for rows in rows.chunks(ROWS) {
        side.deal(&side.score(&job.data.x, rows, scratch), &mut out);
    }
    out
}
