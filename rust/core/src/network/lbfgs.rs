//! All rows at each step: L-BFGS (quasi_newton.rs) with a line search for the strong Wolfe conditions (Nocedal
//! and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6).
//!
//! ```text
//! minimise f(w);  stop when  max |gradient| <= tol  or  f no longer falls by more than ~1e-9 of itself
//! ```

use super::learner::{Learner, Tools};
use super::model::{Network, Precision};
use super::pass::Rows;
use super::sample::{Memory, Sample, n_targets};
use super::settings::Settings;
use super::team::Team;
use super::train::{Member, Trained};
use crate::algebra::{add_scaled, dot};
use crate::error::Result;
use crate::parallel::Control;
use crate::quasi_newton::Memory as Pairs;

/// Steps that are remembered.
const PAIRS: usize = 10;
/// A smaller decrease, relative to the value, ends the search (scipy's default).
const LEAST_DECREASE: f64 = 2.22e-9;
/// Sufficient decrease and curvature.
const C1: f64 = 1e-4;
const C2: f64 = 0.9;
const MOST_TRIALS: usize = 20;

/// Trains one network on all rows.
pub fn train<T: Precision>(
    sample: &Sample<'_, T>,
    rows: &[u32],
    member: &Member<'_>,
    start: Option<&Network>,
    n_threads: usize,
    control: &Control,
    done: &mut impl FnMut(Trained),
) -> Result<()> {
    let Settings { shared, own, epochs } = member.settings;
    let sizes = [sample.data.d, n_targets(sample.data)];
    let mut learner = Learner::<T>::new(own, sizes, shared.seed, start, [1, *epochs], control)?;
    let mut memory = Memory::default();
    let batch = sample.gather(rows, &mut memory, None);
    let outcome = Team::with(n_threads, |team| {
        let tools = Tools::new(rows.len(), Some(team));
        Search::new(&mut learner, &batch, &tools, control).run(*epochs)
    });
    let Some(converged) = outcome else { return Ok(()) };
    let model = learner.model(sample.data.n_classes);
    let checked = model.check().map_err(|error| error.to_string()).map(|()| model);
    for &(_, candidate) in &member.stops {
        done(Trained { candidate, model: checked.clone(), converged });
    }
    Ok(())
}

/// f and its gradient at a point.
#[derive(Clone)]
struct Point {
    w: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

struct Search<'a, 'b, 'c, 'd, T> {
    learner: &'a mut Learner<T>,
    rows: &'a Rows<'b, T>,
    tools: &'a Tools<'c, 'd, T>,
    control: &'a Control,
    sum: f64,
    calls: usize,
    pairs: Pairs,
}

impl<'a, 'b, 'c, 'd, T: Precision> Search<'a, 'b, 'c, 'd, T> {
    fn new(
        learner: &'a mut Learner<T>,
        rows: &'a Rows<'b, T>,
        tools: &'a Tools<'c, 'd, T>,
        control: &'a Control,
    ) -> Self {
        let sum = rows.weights.map_or(rows.n as f64, |weights| weights.iter().map(|w| w.to_f64()).sum());
        Search { learner, rows, tools, control, sum, calls: 0, pairs: Pairs::new(PAIRS) }
    }

    /// Whether it converged; `None` if it was stopped.
    fn run(mut self, most: usize) -> Option<bool> {
        let tol = self.learner.own.tol;
        let mut here = self.at(self.learner.w.iter().map(|w| w.to_f64()).collect());
        let mut converged = false;
        for _ in 0..most {
            if here.gradient.iter().all(|g| g.abs() <= tol) {
                converged = true;
                break;
            }
            if self.is_spent() {
                break;
            }
            let next = self.step(&here);
            if self.control.stopped() {
                return None;
            }
            let Some(next) = next else { break };
            let decrease = here.value - next.value;
            let scale = here.value.abs().max(next.value.abs()).max(1.0);
            let between =
                |to: &[f64], from: &[f64]| to.iter().zip(from).map(|(to, from)| to - from).collect();
            self.pairs.push(between(&next.w, &here.w), between(&next.gradient, &here.gradient));
            here = next;
            self.learner.epoch += 1;
            self.learner.history.losses.push(here.value);
            self.control.advance(1);
            if decrease <= LEAST_DECREASE * scale {
                converged = true;
                break;
            }
        }
        self.control.advance(most.saturating_sub(self.learner.epoch));
        let history = &mut self.learner.history;
        (history.best, history.best_epoch) = (here.value, history.losses.len());
        self.learner.w.iter_mut().zip(&here.w).for_each(|(w, &value)| *w = T::of_f64(value));
        Some(converged)
    }

    /// Whether f was evaluated as often as it may be.
    fn is_spent(&self) -> bool {
        self.calls >= self.learner.own.max_fun
    }

    fn at(&mut self, w: Vec<f64>) -> Point {
        self.calls += 1;
        self.learner.w.iter_mut().zip(&w).for_each(|(own, &value)| *own = T::of_f64(value));
        let value = self.learner.objective(self.rows, self.sum, self.tools);
        let gradient = self.learner.gradient().iter().map(|g| g.to_f64()).collect();
        Point { w, value, gradient }
    }

    /// The next point; `None` if there is none lower.
    fn step(&mut self, here: &Point) -> Option<Point> {
        let direction = self.pairs.direction(&here.gradient, |_| ());
        let slope = dot(&direction, &here.gradient);
        if slope < 0.0 {
            let first = if self.pairs.is_empty() { 1.0 / dot(&direction, &direction).sqrt() } else { 1.0 };
            if let Some(next) = self.search(here, &direction, slope, first) {
                return Some(next);
            }
        }
        if self.pairs.is_empty() {
            return None;
        }
        // What is remembered misleads: begin anew.
        self.pairs.clear();
        self.step(here)
    }

    /// A point along the direction with f(a) <= f(0) + C1 a f'(0) and |f'(a)| <= C2 |f'(0)|; failing that, the
    /// lowest with the first, if there is one when trials or evaluations of f are used up or the work is to stop.
    fn search(&mut self, here: &Point, direction: &[f64], slope: f64, first: f64) -> Option<Point> {
        // Invariant: `low` has sufficient decrease, and a good length lies between `low` and `high`.
        let (mut low, mut low_value) = (0.0, here.value);
        let mut high: Option<f64> = None;
        let (mut length, mut best) = (first, None);
        for _ in 0..MOST_TRIALS {
            if self.is_spent() || self.control.stopped() {
                break;
            }
            let mut w = here.w.clone();
            add_scaled(&mut w, length, direction);
            let trial = self.at(w);
            let trial_slope = dot(direction, &trial.gradient);
            let falls = trial.value <= here.value + C1 * length * slope && trial.value < low_value;
            if !falls || !trial.value.is_finite() {
                high = Some(length);
            } else {
                if trial_slope.abs() <= -C2 * slope {
                    return Some(trial);
                }
                if trial_slope * (length - low) >= 0.0 {
                    high = Some(low);
                }
                (low, low_value) = (length, trial.value);
                best = Some(trial);
            }
            length = match high {
                None => 2.0 * length,
                Some(high) => 0.5 * (low + high),
            };
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{Problem, candidate, text};
    use super::*;
    use crate::candidate::Value;

    /// A search whose f was evaluated at its start, under this control: (evaluations after a step, whether the
    /// step led anywhere).
    fn one_step(max_fun: i64, control: &Control) -> Result<(usize, bool)> {
        let problem = Problem::new(1, &[]);
        let data = problem.data();
        let changes = [
            ("solver", text("lbfgs")),
            ("max_fun", Value::Int(max_fun)),
            ("hidden_layer_sizes", Value::Ints(Vec::new())),
            ("activation", text("")),
        ];
        let settings = Settings::parse(&candidate(&problem, &changes), &data)?;
        let sample = Sample::<f64>::new(&data, &settings.shared, &[]);
        let mut learner =
            Learner::<f64>::new(&settings.own, [data.d, sample.k], 5, None, [1, 1], &Control::new(None))?;
        // A parabola, far from its minimum: the first trial is much too short, and others follow.
        learner.w.fill(100.0);
        let (rows, mut memory) = ((0..70).collect::<Vec<u32>>(), Memory::default());
        let batch = sample.gather(&rows, &mut memory, None);
        Ok(Team::with(1, |team| {
            let tools = Tools::new(70, Some(team));
            let mut search = Search::new(&mut learner, &batch, &tools, control);
            let here = search.at(search.learner.w.clone());
            let next = search.step(&here);
            (search.calls, next.is_some())
        }))
    }

    #[test]
    fn a_line_search_keeps_to_its_evaluations_and_its_time() -> Result<()> {
        let (calls, found) = one_step(100, &Control::new(None))?;
        assert!(found && calls > 3, "{calls} evaluations");
        for most in 1..calls {
            assert_eq!(one_step(most as i64, &Control::new(None))?.0, most);
        }
        assert_eq!(one_step(100, &Control::new(Some(Duration::ZERO)))?, (1, false));
        Ok(())
    }
}
