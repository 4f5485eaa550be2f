//! When a column has trained enough: scikit-learn's rules, a column at a time.

use super::settings::Own;

/// What has become of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Nothing improved any more.
    Converged,
    /// Its scores left all bounds; its parameters are the last finite ones.
    Diverged,
}

/// A column as it trains: one score of one model.
#[derive(Clone, Debug)]
pub struct Column {
    /// Which of the models, and which of its scores.
    pub model: usize,
    pub class: usize,
    /// eta0, or what `adaptive` made of it.
    pub eta: f64,
    /// The learning rate of the last step looked at.
    pub last_rate: f64,
    /// Objective by epoch, and score of the rows kept back.
    pub objectives: Vec<f64>,
    pub scores: Vec<f64>,
    best: f64,
    stale: usize,
    pub ended: Option<Ended>,
    /// Whether scores were out of all bounds in the last epoch.
    pub astray: bool,
}

impl Column {
    pub fn new(model: usize, class: usize, eta0: f64) -> Self {
        Column {
            model,
            class,
            eta: eta0,
            last_rate: eta0,
            objectives: Vec::new(),
            scores: Vec::new(),
            best: f64::INFINITY,
            stale: 0,
            ended: None,
            astray: false,
        }
    }

    /// Epochs so far.
    pub fn epochs(&self) -> usize {
        self.objectives.len()
    }

    /// Takes note of an epoch, and ends the column or lowers its rate if nothing improved for long.
    /// `score` of the rows kept back decides where there is one, else the objective.
    pub fn end_epoch(&mut self, own: &Own, objective: f64, score: Option<f64>) {
        self.objectives.push(objective);
        self.scores.extend(score);
        let loss = score.map_or(objective, |score| -score);
        self.stale = if loss <= self.best - own.tol { 0 } else { self.stale + 1 };
        self.best = self.best.min(loss);
        if self.stale >= own.n_iter_no_change {
            match own.rate.lower(self.eta) {
                Some(eta) => (self.eta, self.stale) = (eta, 0),
                None => self.ended = Some(Ended::Converged),
            }
        }
    }

    /// Takes note of an epoch in which the column went astray: its numbers are those of the epoch before, and
    /// in the first epoch none. `is_scored`: some rows are kept back.
    pub fn diverge(&mut self, is_scored: bool) {
        self.objectives.push(self.objectives.last().copied().unwrap_or(f64::MAX));
        if is_scored {
            self.scores.push(self.scores.last().copied().unwrap_or(f64::NAN));
        }
        (self.ended, self.astray) = (Some(Ended::Diverged), true);
    }
}
