//! Many candidates on many folds, and one on all rows: the same solvers, side by side or alone.
//!
//! A task is a fold and as many candidates as share a pass well. Where X is small, tasks run on threads of
//! their own; where it is large, one after the other, each pass on all threads.

use std::sync::Mutex;
use std::time::Instant;

use super::learned::{learned, start};
use super::sample::Sample;
use super::settings::Settings;
use super::solve::solve;
use super::warning::warning;
use super::workers::Workers;
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::linear::{LinearModel, Link, Scratch};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, for_each};
use crate::sweep::{Evaluation, Family, Fit, Job, Outcome};

/// Columns of scores that share a pass: so many that a block of X is read from memory once for what its
/// products cost, so few that their scores stay in the cache.
const COLUMNS: usize = 64;
/// Candidates of one task, at most.
const CANDIDATES: usize = 16;
/// With a deadline, fewer: those that are done when it comes stay.
const CANDIDATES_IN_TIME: usize = 4;
/// From so many numbers of X on, a pass occupies all threads.
const LARGE: usize = 1 << 22;

/// The family of logistic regressions.
pub struct Logistic;

impl Family for Logistic {
    type Model = LinearModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<LinearModel>> {
        let n_classes = check(&job.data)?;
        let settings = job
            .candidates
            .iter()
            .map(|candidate| Settings::parse(candidate, n_classes))
            .collect::<Result<Vec<_>>>()?;
        let most = if control.has_deadline() { CANDIDATES_IN_TIME } else { CANDIDATES };
        let together = (COLUMNS / n_scores(n_classes)).clamp(1, most);
        let groups: Vec<&[Settings]> = settings.chunks(together).collect();
        let n_folds = job.folds.len();
        control.expect(settings.len() * n_folds);
        let (outside, inside) = threads(&job.data, job.n_threads, groups.len() * n_folds);
        let done = Mutex::new(Vec::new());
        for_each(
            outside,
            groups.len() * n_folds,
            control,
            watcher,
            || (),
            |(), task| {
                let (g, f) = (task / n_folds, task % n_folds);
                let workers = Workers { control, n_threads: inside };
                let found = evaluate(job, n_classes, groups[g], &job.folds[f], workers);
                control.advance(groups[g].len());
                if let Ok(mut done) = done.lock() {
                    done.push((g * together, f, found));
                }
            },
        )?;
        let mut outcome = Outcome { evaluations: vec![vec![None; n_folds]; settings.len()], n_fits: 0 };
        for (first, f, found) in done.into_inner().unwrap_or_default() {
            for (c, evaluation) in found?.into_iter().enumerate() {
                outcome.evaluations[first + c][f] = Some(evaluation);
                outcome.n_fits += 1;
            }
        }
        Ok(outcome)
    }
}

impl Fit for Logistic {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        start_from: Option<&LinearModel>,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(LinearModel, Option<String>)> {
        let n_classes = check(&data)?;
        let settings = Settings::parse(candidate, n_classes)?;
        let all = Fold::whole(data.n);
        let (_, inside) = threads(&data, n_threads, 1);
        let workers = Workers { control, n_threads: inside };
        let found = Mutex::new(None);
        control.expect(1);
        for_each(
            1,
            1,
            control,
            watcher,
            || (),
            |(), _| {
                let learned = fit(&data, n_classes, &settings, start_from, &all.train, workers);
                if let Ok(mut found) = found.lock() {
                    *found = Some(learned);
                }
                control.advance(1);
            },
        )?;
        // Nothing was found if the work was stopped.
        found.into_inner().ok().flatten().unwrap_or(Err(Error::Interrupted))
    }
}

/// Threads for tasks, and for the passes of each.
fn threads(data: &Data<'_, Matrix<'_>>, n_threads: usize, n_tasks: usize) -> (usize, usize) {
    let large = data.x.values().len() >= LARGE;
    if large || n_tasks == 1 { (1, n_threads) } else { (n_threads, 1) }
}

/// Returns the number of classes.
fn check(data: &Data<'_, Matrix<'_>>) -> Result<usize> {
    data.check()?;
    match data.n_classes {
        [n_classes] => Ok(*n_classes),
        _ => Err(Error::invalid("logistic regression needs the classes of one output")),
    }
}

fn n_scores(n_classes: usize) -> usize {
    if n_classes <= 2 { 1 } else { n_classes }
}

fn fit(
    data: &Data<'_, Matrix<'_>>,
    n_classes: usize,
    settings: &Settings,
    from: Option<&LinearModel>,
    rows: &[u32],
    workers: Workers<'_>,
) -> Result<(LinearModel, Option<String>)> {
    let sample = Sample::new(data, rows)?;
    let from = from.filter(|_| settings.warm_start);
    let begin = from.map(|model| start(&sample, model, settings.fit_intercept)).transpose()?;
    let one = std::slice::from_ref(settings);
    let found = solve(&sample, one, begin.as_deref(), workers)?.and_then(|mut found| found.pop());
    let solution = found.ok_or(Error::Interrupted)?;
    let text = warning(&sample, settings, &solution, workers)?;
    Ok((learned(&sample, &solution, n_classes), text))
}

/// Some candidates on one fold; empty if the work was stopped.
fn evaluate(
    job: &Job<'_, Matrix<'_>>,
    n_classes: usize,
    settings: &[Settings],
    fold: &Fold,
    workers: Workers<'_>,
) -> Result<Vec<Evaluation<LinearModel>>> {
    let start = Instant::now();
    let sample = Sample::new(&job.data, &fold.train)?;
    let Some(solutions) = solve(&sample, settings, None, workers)? else { return Ok(Vec::new()) };
    // What was found is worth its scores, also when time is up.
    let control = workers.control.without_deadline();
    let workers = Workers { control: &control, ..workers };
    let mut warnings = Vec::new();
    for (one, solution) in settings.iter().zip(&solutions) {
        warnings.push(warning(&sample, one, solution, workers)?);
    }
    let models: Vec<_> = solutions.iter().map(|one| learned(&sample, one, n_classes)).collect();
    let fit_seconds = start.elapsed().as_secs_f64() / settings.len() as f64;
    let start = Instant::now();
    let held_out = Scored::new(job, &models, &fold.test, workers)?;
    let training =
        if job.train_metrics { Some(Scored::new(job, &models, &fold.train, workers)?) } else { None };
    let mut evaluations = Vec::new();
    for (c, (model, warning)) in models.into_iter().zip(warnings).enumerate() {
        let (scores, predictions) = held_out.of(job, &model, c);
        let (train_scores, train_predictions) = match &training {
            Some(training) => training.of(job, &model, c),
            None => (Vec::new(), None),
        };
        evaluations.push(Evaluation {
            scores,
            train_scores,
            predictions,
            train_predictions,
            model: job.keep_models.then_some(model),
            warning,
            fit_seconds,
            score_seconds: 0.0,
        });
    }
    let score_seconds = start.elapsed().as_secs_f64() / settings.len() as f64;
    evaluations.iter_mut().for_each(|evaluation| evaluation.score_seconds = score_seconds);
    Ok(evaluations)
}

/// Scores of some rows by several models, side by side.
struct Scored<'a> {
    rows: &'a [u32],
    /// Columns of one model, and of all.
    k: usize,
    width: usize,
    scores: Vec<f64>,
}

/// Rows scored at a time.
const ROWS: usize = 2048;

impl<'a> Scored<'a> {
    /// One product for all models gives each the bits that it gives alone.
    fn new(
        job: &Job<'_, Matrix<'_>>,
        models: &[LinearModel],
        rows: &'a [u32],
        workers: Workers<'_>,
    ) -> Result<Self> {
        let k = models.first().map_or(1, LinearModel::n_scores);
        let all = LinearModel {
            coef: models.iter().flat_map(|model| &model.coef).copied().collect(),
            intercept: models.iter().flat_map(|model| &model.intercept).copied().collect(),
            d: job.data.d,
            n_classes: 0,
            link: Link::Identity,
            facts: std::collections::BTreeMap::new(),
        };
        let width = all.n_scores();
        let parts: Vec<&[u32]> = rows.chunks(ROWS).collect();
        let score = |scratch: &mut Scratch, i: usize| {
            let mut out = vec![0.0; parts[i].len() * width];
            all.score_rows(&job.data.x, parts[i].iter().copied(), &mut out, scratch);
            out
        };
        let room = Vec::with_capacity(rows.len() * width);
        let scores =
            workers.fold(parts.len(), Scratch::default, score, room, |all, part| all.extend(part))?;
        Ok(Scored { rows, k, width, scores: scores.ok_or(Error::Interrupted)? })
    }

    /// The metrics of model c, and its scores if they are kept.
    fn of(&self, job: &Job<'_, Matrix<'_>>, model: &LinearModel, c: usize) -> (Vec<f64>, Option<Vec<f64>>) {
        let columns = c * self.k..(c + 1) * self.k;
        let rows = self.scores.chunks_exact(self.width);
        let scores: Vec<f64> = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
        let metrics = job.scores(self.rows, &model.link.values(&scores, model.n_classes));
        (metrics, job.keep_predictions.then_some(scores))
    }
}
