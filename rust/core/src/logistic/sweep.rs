//! Many candidates on many folds, and one on all rows: the same solvers, side by side or alone.
//!
//! A task is a fold and as many candidates as share a pass well. Where X is small, tasks run on threads of
//! their own; where it is large, one after the other, each pass on all threads.

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
use crate::linear_model::{LinearModel, Scratch, SideBySide};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, try_for_each, watched};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome, Scored};

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
        let found = Found::new(job);
        try_for_each(
            outside,
            groups.len() * n_folds,
            control,
            watcher,
            || (),
            |(), task| {
                let (g, f) = (task / n_folds, task % n_folds);
                let workers = Workers { control, n_threads: inside };
                let evaluated = evaluate(job, n_classes, groups[g], &job.folds[f], workers);
                control.advance(groups[g].len());
                let candidates = g * together..;
                candidates.zip(evaluated?).for_each(|(c, evaluation)| found.put(c, f, evaluation));
                Ok(())
            },
        )?;
        Ok(found.outcome())
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
        control.expect(1);
        let learned = watched(control, watcher, || {
            let learned = fit(&data, n_classes, &settings, start_from, &all.train, workers);
            control.advance(1);
            learned
        })?;
        learned.unwrap_or(Err(Error::Interrupted))
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
    let held_out = score(job, &models, &fold.test, workers)?;
    let training = if job.train_metrics { score(job, &models, &fold.train, workers)? } else { Vec::new() };
    let mut training = training.into_iter();
    let mut evaluations = Vec::new();
    for ((model, warning), held_out) in models.into_iter().zip(warnings).zip(held_out) {
        let of = |rows: &[u32], scores: Vec<f64>| -> Scored {
            (job.scores(rows, &model.link.values(&scores, model.n_classes)), scores)
        };
        let training = training.next().map(|scores| of(&fold.train, scores));
        let scored = job.evaluation(of(&fold.test, held_out), training);
        let model = job.keep_models.then_some(model);
        evaluations.push(Evaluation { model, warning, fit_seconds, ..scored });
    }
    let score_seconds = start.elapsed().as_secs_f64() / settings.len() as f64;
    evaluations.iter_mut().for_each(|evaluation| evaluation.score_seconds = score_seconds);
    Ok(evaluations)
}

/// Rows scored at a time.
const ROWS: usize = 2048;

/// Scores (rows, k) of some rows by each of the models.
fn score(
    job: &Job<'_, Matrix<'_>>,
    models: &[LinearModel],
    rows: &[u32],
    workers: Workers<'_>,
) -> Result<Vec<Vec<f64>>> {
    let Some(side) = SideBySide::new(models.iter()) else { return Ok(Vec::new()) };
    let parts: Vec<&[u32]> = rows.chunks(ROWS).collect();
    let size = (parts.len(), ROWS * side.width() * size_of::<f64>());
    let part = |scratch: &mut Scratch, i: usize| Ok(side.score(&job.data.x, parts[i], scratch));
    let room = vec![Vec::new(); models.len()];
    let take = |all: &mut Vec<Vec<f64>>, part: Vec<f64>| side.deal(&part, all);
    workers.fold(size, Scratch::default, part, room, take)?.ok_or(Error::Interrupted)
}
