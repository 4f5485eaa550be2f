//! The one operation: fit many candidates on the same rows, and score them on rows held out.
//!
//! ```text
//! sweep(family, data, folds, candidates) -> scores (n_candidates, n_folds), models on request
//! ```
//!
//! A fit is a sweep of one candidate with nothing held out. What candidates share is the family's
//! business; that each gets what it would get alone is its promise.

use std::any::Any;
use std::sync::{Mutex, PoisonError};

use crate::candidate::Candidate;
use crate::data::{Data, Features, Fold, Table};
use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::parallel::{Control, Watcher, lock};

/// What to fit, on what, and what to keep of it.
pub struct Job<'a, X = Table<'a>> {
    pub data: Data<'a, X>,
    pub folds: &'a [Fold],
    pub candidates: &'a [Candidate],
    pub metrics: &'a [Metric],
    /// Score the training rows too.
    pub train_metrics: bool,
    pub keep_models: bool,
    pub keep_predictions: bool,
    pub n_threads: usize,
    /// Where trainings of an earlier sweep go on, and these are left for a later one.
    pub unfinished: Option<Place<'a>>,
}

impl<X> Job<'_, X> {
    /// One score per metric of the predictions (n_rows, n_values) of these rows.
    pub fn scores(&self, rows: &[u32], predictions: &[f64]) -> Vec<f64> {
        let data = &self.data;
        let y: Vec<f64> = rows.iter().map(|&i| data.y[i as usize * data.n_outputs]).collect();
        let k = data.n_classes.first().copied().unwrap_or(0);
        self.metrics.iter().map(|metric| metric.score(&y, predictions, k)).collect()
    }

    /// What became of a fit: scores and predictions of the rows held out, and of the training rows if these
    /// are scored. Model, warning and seconds are left to the family.
    pub fn evaluation<M>(&self, held_out: Scored, training: Option<Scored>) -> Evaluation<M> {
        let (train_scores, train_predictions) = training.unzip();
        Evaluation {
            scores: held_out.0,
            train_scores: train_scores.unwrap_or_default(),
            predictions: self.keep_predictions.then_some(held_out.1),
            train_predictions: train_predictions.filter(|_| self.keep_predictions),
            model: None,
            warning: None,
            fit_seconds: 0.0,
            score_seconds: 0.0,
        }
    }
}

/// Trainings that are over where a longer one of the same settings would only have passed by. Sweeps come in
/// rounds: each goes on with what the one before it left, and what it does not take is dropped.
#[derive(Default)]
pub struct Unfinished {
    earlier: Mutex<Vec<Left>>,
    later: Mutex<Vec<Left>>,
}

/// A training that was left.
struct Left {
    /// Names the data and the folds.
    data: String,
    bytes: usize,
    run: Box<dyn Any + Send>,
}

/// Where the trainings of some data and folds are left, which have a name.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub unfinished: &'a Unfinished,
    pub data: &'a str,
}

impl Unfinished {
    /// Most bytes that are kept; what finds no room is trained anew.
    const ROOM: usize = 1 << 30;

    /// Begins a round.
    pub fn turn(&self) {
        *lock(&self.earlier) = std::mem::take(&mut *lock(&self.later));
    }
}

impl Place<'_> {
    /// Takes out a training of the round before that `fits`.
    pub fn take<R: Any>(&self, fits: impl Fn(&R) -> bool) -> Option<R> {
        let mut earlier = lock(&self.unfinished.earlier);
        let fits = |left: &Left| left.data == self.data && left.run.downcast_ref().is_some_and(&fits);
        let place = earlier.iter().position(fits)?;
        earlier.swap_remove(place).run.downcast().ok().map(|run| *run)
    }

    /// Leaves a training of about so many bytes for the next round.
    pub fn put<R: Any + Send>(&self, run: R, bytes: usize) {
        let mut later = lock(&self.unfinished.later);
        let size = later.iter().fold(bytes, |sum, left| sum.saturating_add(left.bytes));
        if size <= Unfinished::ROOM {
            later.push(Left { data: self.data.to_owned(), bytes, run: Box::new(run) });
        }
    }
}

/// One score per metric of some rows, and the predictions (n, n_values) to keep.
pub type Scored = (Vec<f64>, Vec<f64>);

/// What became of one candidate on one fold.
#[derive(Clone, Debug)]
pub struct Evaluation<M> {
    /// One score per metric, greater is better.
    pub scores: Vec<f64>,
    pub train_scores: Vec<f64>,
    /// Held-out and training predictions (n, n_values), if kept.
    pub predictions: Option<Vec<f64>>,
    pub train_predictions: Option<Vec<f64>>,
    pub model: Option<M>,
    /// What the user should be told of this fit: that it did not converge, and the remedy.
    pub warning: Option<String>,
    /// This candidate's share of the seconds.
    pub fit_seconds: f64,
    pub score_seconds: f64,
}

/// All evaluations (n_candidates, n_folds), `None` where time ran out.
#[derive(Clone, Debug)]
pub struct Outcome<M> {
    pub evaluations: Vec<Vec<Option<Evaluation<M>>>>,
    /// Trainings: one that serves several candidates counts once.
    pub n_fits: usize,
}

impl<M> Outcome<M> {
    /// Nothing yet.
    pub fn new<X>(job: &Job<'_, X>) -> Self {
        let row = || job.folds.iter().map(|_| None).collect();
        Outcome { evaluations: job.candidates.iter().map(|_| row()).collect(), n_fits: 0 }
    }
}

/// The outcome as the threads of a sweep find it.
pub struct Found<M>(Mutex<Outcome<M>>);

impl<M> Found<M> {
    /// Nothing yet.
    pub fn new<X>(job: &Job<'_, X>) -> Self {
        Found(Mutex::new(Outcome::new(job)))
    }

    /// Keeps an evaluation, of a model of its own.
    pub fn put(&self, candidate: usize, fold: usize, evaluation: Evaluation<M>) {
        let mut outcome = lock(&self.0);
        outcome.evaluations[candidate][fold] = Some(evaluation);
        outcome.n_fits += 1;
    }

    pub fn outcome(self) -> Outcome<M> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a sweep found, and by candidate the model of all rows, if it has them.
pub type Refitted<M> = (Outcome<M>, Vec<Option<M>>);

/// A family of models.
pub trait Family {
    /// What it learns.
    type Model;
    /// How it reads X.
    type Features<'a>: Features;

    /// Evaluates every candidate of `job` on every fold.
    fn sweep(
        &self,
        job: &Job<'_, Self::Features<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<Self::Model>>;

    /// The same, and by candidate the model of all rows, where the sweep has it for next to nothing: then the
    /// best need not be fitted once more. Empty, or `None`, where that would take another training.
    fn sweep_and_refit(
        &self,
        job: &Job<'_, Self::Features<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Refitted<Self::Model>> {
        Ok((self.sweep(job, control, watcher)?, Vec::new()))
    }
}

/// A family that learns a model in one go, or goes on from one.
pub trait Fit: Family {
    /// Learns one model on all rows, from `start` on where the candidate says so, and says what the user
    /// should be told of it. Families that never start elsewhere need no more than this: a sweep of one.
    fn fit(
        &self,
        data: Data<'_, Self::Features<'_>>,
        candidate: &Candidate,
        _start: Option<&Self::Model>,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(Self::Model, Option<String>)> {
        let folds = [Fold::whole(data.n)];
        let job = Job {
            data,
            folds: &folds,
            candidates: std::slice::from_ref(candidate),
            metrics: &[],
            train_metrics: false,
            keep_models: true,
            keep_predictions: false,
            n_threads,
            unfinished: None,
        };
        let mut outcome = self.sweep(&job, control, watcher)?;
        let evaluation = outcome.evaluations.pop().and_then(|mut row| row.pop()).flatten();
        let evaluation = evaluation.ok_or(Error::Interrupted)?;
        Ok((evaluation.model.ok_or(Error::Interrupted)?, evaluation.warning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_round_leaves_the_next_one_takes_once() {
        let unfinished = Unfinished::default();
        let (here, there) = (
            Place { unfinished: &unfinished, data: "here" },
            Place { unfinished: &unfinished, data: "there" },
        );
        here.put(1_u32, 8);
        here.put(2_u32, 8);
        here.put("other", 8);
        assert_eq!(here.take(|_: &u32| true), None, "taken in the round that left it");
        unfinished.turn();
        assert_eq!(there.take(|_: &u32| true), None, "taken for other data");
        assert_eq!(here.take(|run: &u32| *run == 2), Some(2));
        assert_eq!(here.take(|run: &u32| *run == 2), None);
        assert_eq!(here.take(|_: &&str| true), Some("other"));
        unfinished.turn();
        assert_eq!(here.take(|_: &u32| true), None, "kept for longer than a round");
    }

    #[test]
    fn there_is_room_for_so_much_only() {
        let unfinished = Unfinished::default();
        let place = Place { unfinished: &unfinished, data: "" };
        place.put(1_u32, Unfinished::ROOM);
        place.put(2_u32, 1);
        place.put(3_u32, usize::MAX);
        unfinished.turn();
        assert_eq!(place.take(|_: &u32| true), Some(1));
        assert_eq!(place.take(|_: &u32| true), None);
    }
}
