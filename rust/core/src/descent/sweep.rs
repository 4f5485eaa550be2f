//! Many candidates on many folds: those that see the same batches go through them side by side.
//!
//! Candidates that differ in `max_iter` alone are one model looked at several times. Models with the same
//! `Shared` are cut into tasks of about `COLUMNS` columns, which threads take up fold by fold.

use std::sync::Mutex;
use std::time::Instant;

use super::learned::{Learned, Start};
use super::run::{Task, scores_per_row};
use super::settings::Settings;
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::linear::{LinearModel, Scratch};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, for_each};
use crate::sweep::{Evaluation, Family, Fit, Job, Outcome};

/// Columns of one task, about: wide enough for products to be fast, and its numbers stay in the caches.
const COLUMNS: usize = 96;

/// The family of linear models that learn by gradient descent.
pub struct Descents;

/// A model and the candidates that it serves: (epochs, number), ascending.
struct Member {
    settings: Settings,
    served: Vec<(usize, usize)>,
}

impl Family for Descents {
    type Model = LinearModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<LinearModel>> {
        check(&job.data)?;
        let settings =
            job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let members = members(settings);
        let groups = groups(&members, scores_per_row(&job.data));
        let epochs = |group: &[&Member]| group.iter().map(|m| m.served.last().map_or(0, |s| s.0)).max();
        let total: usize = groups.iter().map(|group| group.len() * epochs(group).unwrap_or(0)).sum();
        control.expect(total * job.folds.len());
        let table = Table::new(job);
        let n_tasks = groups.len() * job.folds.len();
        for_each(job.n_threads, n_tasks, control, watcher, Scratch::default, |scratch, i| {
            let (group, f) = (&groups[i / job.folds.len()], i % job.folds.len());
            table.fill(group, f, control, scratch);
        })?;
        table.outcome(members.len() * job.folds.len())
    }
}

impl Fit for Descents {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        start: Option<&LinearModel>,
        _n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(LinearModel, Option<String>)> {
        check(&data)?;
        let settings = Settings::parse(candidate, &data)?;
        let resume = settings.shared.resume;
        let start =
            start.map(|model| Start::new(model, data.d, scores_per_row(&data), resume)).transpose()?;
        let whole = Fold::whole(data.n);
        let outcome = Mutex::new(Ok(None));
        control.expect(settings.max_iter);
        for_each(
            1,
            1,
            control,
            watcher,
            || (),
            |(), _| {
                let task = Task {
                    data: &data,
                    models: vec![&settings],
                    ends: vec![vec![settings.max_iter]],
                    train: &whole.train,
                    start: start.as_ref(),
                };
                let mut learned = None;
                let ran = task.run(control, &mut |_, _, model| learned = Some(model));
                if let Ok(mut outcome) = outcome.lock() {
                    *outcome = ran.map(|()| learned);
                }
            },
        )?;
        match outcome.into_inner() {
            Ok(Ok(Some(Learned { model, warning }))) => Ok((model, warning)),
            Ok(Err(error)) => Err(error),
            _ => Err(Error::Interrupted),
        }
    }
}

fn check(data: &Data<'_, Matrix<'_>>) -> Result<()> {
    data.check()?;
    if data.n_outputs != 1 {
        return Err(Error::invalid(format!("y has {} outputs: gradient descent learns one", data.n_outputs)));
    }
    if data.n_classes.first() == Some(&1) {
        return Err(Error::invalid("y has one class: at least two are needed"));
    }
    Ok(())
}

/// One member for all candidates that differ in `max_iter` alone, in the order of the first of them.
fn members(settings: Vec<Settings>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (c, settings) in settings.into_iter().enumerate() {
        let same = |m: &&mut Member| m.settings.shared == settings.shared && m.settings.own == settings.own;
        let end = (settings.max_iter, c);
        match members.iter_mut().find(same) {
            Some(member) => member.served.push(end),
            None => members.push(Member { settings, served: vec![end] }),
        }
    }
    members.iter_mut().for_each(|member| member.served.sort_unstable());
    members
}

/// Members that see the same batches, some at a time.
fn groups(members: &[Member], n_scores: usize) -> Vec<Vec<&Member>> {
    let mut alike: Vec<Vec<&Member>> = Vec::new();
    for member in members {
        match alike.iter_mut().find(|group| group[0].settings.shared == member.settings.shared) {
            Some(group) => group.push(member),
            None => alike.push(vec![member]),
        }
    }
    let most = (COLUMNS / n_scores).max(1);
    // Evenly: no thin last part.
    let length = |n: usize| n.div_ceil(n.div_ceil(most));
    alike.iter().flat_map(|group| group.chunks(length(group.len())).map(<[_]>::to_vec)).collect()
}

/// What became of the candidates so far.
struct Table<'a> {
    job: &'a Job<'a, Matrix<'a>>,
    /// By candidate and fold.
    evaluations: Mutex<Vec<Vec<Option<Evaluation<LinearModel>>>>>,
    error: Mutex<Option<Error>>,
}

impl<'a> Table<'a> {
    fn new(job: &'a Job<'a, Matrix<'a>>) -> Self {
        let row = || job.folds.iter().map(|_| None).collect();
        Table {
            job,
            evaluations: Mutex::new(job.candidates.iter().map(|_| row()).collect()),
            error: Mutex::new(None),
        }
    }

    /// Trains a group on a fold and evaluates its candidates.
    fn fill(&self, group: &[&Member], f: usize, control: &Control, scratch: &mut Scratch) {
        let begin = Instant::now();
        let fold = &self.job.folds[f];
        let task = Task {
            data: &self.job.data,
            models: group.iter().map(|member| &member.settings).collect(),
            ends: group.iter().map(|member| distinct(&member.served)).collect(),
            train: &fold.train,
            start: None,
        };
        let mut found: Vec<(usize, Evaluation<LinearModel>)> = Vec::new();
        let mut scoring = 0.0;
        let ran = task.run(control, &mut |model, end, learned| {
            let start = Instant::now();
            let evaluation = self.evaluate(fold, learned, scratch);
            let epochs = task.ends[model][end];
            let served = group[model].served.iter().filter(|(max_iter, _)| *max_iter == epochs);
            found.extend(served.map(|&(_, c)| (c, evaluation.clone())));
            scoring += start.elapsed().as_secs_f64();
        });
        let seconds = (begin.elapsed().as_secs_f64() - scoring).max(0.0) / found.len().max(1) as f64;
        if let Ok(mut evaluations) = self.evaluations.lock() {
            for (c, evaluation) in found {
                evaluations[c][f] = Some(Evaluation { fit_seconds: seconds, ..evaluation });
            }
        }
        if let (Err(error), Ok(mut first)) = (ran, self.error.lock()) {
            first.get_or_insert(error);
        }
    }

    fn evaluate(&self, fold: &Fold, learned: Learned, scratch: &mut Scratch) -> Evaluation<LinearModel> {
        let start = Instant::now();
        let (job, Learned { model, warning }) = (self.job, learned);
        let mut of = |rows: &[u32]| {
            let mut z = vec![0.0; rows.len() * model.n_scores()];
            model.score_rows(&job.data.x, rows.iter().copied(), &mut z, scratch);
            (job.scores(rows, &model.link.values(&z, model.n_classes)), z)
        };
        let (scores, predictions) = of(&fold.test);
        let (train_scores, train_predictions) =
            if job.train_metrics { of(&fold.train) } else { (Vec::new(), Vec::new()) };
        Evaluation {
            scores,
            train_scores,
            predictions: job.keep_predictions.then_some(predictions),
            train_predictions: (job.keep_predictions && job.train_metrics).then_some(train_predictions),
            model: job.keep_models.then_some(model),
            warning,
            fit_seconds: 0.0,
            score_seconds: start.elapsed().as_secs_f64(),
        }
    }

    fn outcome(self, n_fits: usize) -> Result<Outcome<LinearModel>> {
        if let Ok(Some(error)) = self.error.into_inner() {
            return Err(error);
        }
        let evaluations = self.evaluations.into_inner().unwrap_or_default();
        Ok(Outcome { evaluations, n_fits })
    }
}

fn distinct(served: &[(usize, usize)]) -> Vec<usize> {
    let mut epochs: Vec<usize> = served.iter().map(|(max_iter, _)| *max_iter).collect();
    epochs.dedup();
    epochs
}

#[cfg(test)]
mod tests;
