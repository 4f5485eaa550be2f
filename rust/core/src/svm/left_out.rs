//! Probabilities from rows that are left out in turn: the program is solved again without a fifth of its
//! rows, from the whole solution less theirs.

use std::ops::Range;
use std::sync::Mutex;

use super::calibrate::{Calibrated, isotonic_of, sigmoid_of};
use super::machine::{Machine, learned, undecided};
use super::problem::{Problem, Solution};
use super::settings::{Calibration, Settings};
use super::solve::{Limits, Solver, subtract};
use super::store::Store;
use crate::error::Result;
use crate::parallel::{Control, for_each, lock};
use crate::seed::Stream;

/// Folds within the training rows that calibrate.
const FOLDS: usize = 5;

/// A solution, and what is needed to solve again without some of its rows.
pub struct Refit<'r, 'a> {
    pub settings: &'r Settings,
    pub problem: &'r Problem,
    pub solution: &'r Solution,
    pub store: &'r Store<'a>,
    /// Sample weights by place.
    pub weights: &'r [f64],
    /// Of the whole solution, with the threads that there are.
    pub limits: Limits,
    pub control: &'r Control,
}

impl Refit<'_, '_> {
    /// Learns probabilities from the decision values of rows that are left out in turn. Each of the five
    /// programs starts from the whole solution without its rows. `None` if stopped.
    pub fn calibrate(
        &self,
        solver: &mut Solver,
        how: Calibration,
        pair: usize,
    ) -> Result<Option<Calibrated>> {
        let problem = self.problem;
        let m = problem.m();
        let trains: Vec<usize> = (0..m).filter(|&v| problem.moves(v)).collect();
        let fold_of = self.folds(&trains, pair);
        let decisions = Mutex::new(vec![0.0; m]);
        let stopped = Mutex::new(Ok(false));
        let one = |solver: &mut Solver, f: usize| {
            solver.begin();
            match self.left_out(solver, |v| fold_of[v] == f as u8) {
                Ok(Some(found)) => {
                    let mut decisions = lock(&decisions);
                    for &v in trains.iter().filter(|&&v| fold_of[v] == f as u8) {
                        decisions[v] = found[v];
                    }
                }
                Ok(None) => *lock(&stopped) = Ok(true),
                Err(error) => *lock(&stopped) = Err(error),
            }
        };
        let (n_threads, control) = (self.limits.n_threads, self.control);
        if n_threads > 1 {
            for_each(n_threads, FOLDS, control, &mut |_, _| true, Solver::default, one)?;
        } else {
            (0..FOLDS).for_each(|f| one(solver, f));
        }
        if stopped.into_inner().unwrap_or(Ok(true))? || control.stopped() {
            return Ok(None);
        }
        let decisions = decisions.into_inner().unwrap_or_default();
        let f: Vec<f64> = trains.iter().map(|&v| decisions[v]).collect();
        let positive: Vec<bool> = trains.iter().map(|&v| problem.hi[v] > 0.0).collect();
        let weights: Vec<f64> = trains.iter().map(|&v| self.weights[problem.row(v)]).collect();
        Ok(Some(match how {
            Calibration::Sigmoid => sigmoid_of(&f, &positive, &weights),
            Calibration::Isotonic => isotonic_of(&f, &positive, &weights),
        }))
    }

    /// The fold of each variable; each class is shuffled and dealt out, so that all folds have both.
    fn folds(&self, trains: &[usize], pair: usize) -> Vec<u8> {
        let mut fold_of = vec![u8::MAX; self.problem.m()];
        for positive in [false, true] {
            let mut members: Vec<usize> =
                trains.iter().copied().filter(|&v| (self.problem.hi[v] > 0.0) == positive).collect();
            let mut stream = Stream::new(self.settings.seed).child(pair as u64).child(u64::from(positive));
            stream.shuffle(&mut members);
            members.iter().enumerate().for_each(|(i, &v)| fold_of[v] = (i % FOLDS) as u8);
        }
        fold_of
    }

    /// Decision values of all variables' rows, learned without those that are held out.
    fn left_out(&self, solver: &mut Solver, held_out: impl Fn(usize) -> bool) -> Result<Option<Vec<f64>>> {
        let (old, machine) = (self.problem, self.settings.machine);
        let keep = |bounds: &[f64]| -> Vec<f64> {
            bounds.iter().enumerate().map(|(v, &bound)| if held_out(v) { 0.0 } else { bound }).collect()
        };
        let problem = Problem {
            blocks: old.blocks.clone(),
            grouped: old.grouped,
            target: old.target.clone(),
            centre: old.centre,
            lo: keep(&old.lo),
            hi: keep(&old.hi),
            epsilon: old.epsilon,
        };
        if let Some(constant) = undecided(&problem) {
            return Ok(Some(constant.decisions));
        }
        let mut point = self.solution.point.clone();
        let before = point.b.clone();
        (0..problem.m()).for_each(|v| point.b[v] = point.b[v].clamp(problem.lo[v], problem.hi[v]));
        for group in problem.groups() {
            let sum = match machine {
                Machine::NuClasses { nu } => {
                    let size: f64 = problem.hi.iter().zip(&problem.lo).map(|(hi, lo)| hi - lo).sum();
                    let own: f64 = group.clone().map(|v| problem.hi[v] - problem.lo[v]).sum();
                    let sign = if problem.hi[group.clone()].iter().any(|&hi| hi > 0.0) { 1.0 } else { -1.0 };
                    sign * (nu * size / 2.0).min(own)
                }
                _ => 0.0,
            };
            repair(&problem, group, sum, &mut point.b);
        }
        let (n_threads, control) = (1, self.control);
        let changed: Vec<usize> = (0..problem.m()).filter(|&v| point.b[v] != before[v]).collect();
        for some in changed.chunks(256.min(self.store.capacity())) {
            let rows: Vec<u32> = some.iter().map(|&v| problem.row(v) as u32).collect();
            let rows = self.store.rows(&rows, n_threads, control)?;
            if rows.len() < some.len() {
                return Ok(None);
            }
            let moved: Vec<_> = rows.into_iter().zip(some.iter().map(|&v| point.b[v] - before[v])).collect();
            subtract(&problem, &mut point.g, &moved, self.store, n_threads, control)?;
        }
        let limits = Limits { n_threads, ..self.limits };
        let solution = solver.solve(&problem, point, self.store, &limits, control)?;
        Ok(solution.map(|solution| learned(machine, &problem, &solution).decisions))
    }
}

/// Moves variables of a group until they sum to `sum` again: free ones first.
fn repair(problem: &Problem, group: Range<usize>, sum: f64, b: &mut [f64]) {
    let mut left = sum - b[group.clone()].iter().sum::<f64>();
    for only_free in [true, false] {
        for v in group.clone() {
            if left == 0.0 {
                return;
            }
            let (lo, hi) = (problem.lo[v], problem.hi[v]);
            if only_free && !(b[v] > lo && b[v] < hi) {
                continue;
            }
            let step = if left > 0.0 { left.min(hi - b[v]) } else { left.max(lo - b[v]) };
            b[v] += step;
            left -= step;
        }
    }
}
