//! The minimum of a quadratic with an L1 penalty: what a proximal Newton step goes to.
//!
//! ```text
//! minimise over t   g't + t'Bt / 2 + sum_a l1_a |x_a + t_a|
//! ```
//!
//! Coordinate descent finds which parameters are not 0, and soon their signs; among these the minimum is
//! the solution of a linear system. So rounds of the one alternate with steps of the other, on which who
//! would change its sign stays at 0: columns that are nearly alike do not hold up the search.

use super::cholesky::Cholesky;
use super::objective::Objective;

/// Systems solved one after the other, each without a parameter that reached 0.
/// The larger they are, the fewer: rounds cost less then.
const MOST_SYSTEMS: usize = 16;
const SYSTEM_ROWS: usize = 1024;
/// Rounds of coordinate descent, at most.
const MOST_ROUNDS: usize = 100;
/// A system is solved after so many rounds, or after as many as cost as much.
const ROUNDS: usize = 5;
const ROUNDS_PER_PARAMETER: usize = 24;
/// It is the minimum if no parameter moves by more than this, and no violation is above this share of the
/// greatest at the start. In units of the Newton decrement.
const STILL: f64 = 0.01;
const INNER: f64 = 0.02;

pub struct Quadratic<'a> {
    pub objective: &'a Objective,
    /// The parameters, ascending, and x.
    pub set: &'a [u32],
    pub point: &'a [f64],
    /// B (set, set), symmetric.
    pub matrix: &'a [f64],
    /// By the place in the set.
    pub t: Vec<f64>,
    /// g + B t.
    pub slope: Vec<f64>,
}

/// What a round saw and did.
#[derive(Clone, Copy, Default)]
struct Round {
    /// The greatest violation before its parameter was changed.
    worst: f64,
    /// The greatest B_aa by^2.
    moved: f64,
}

impl<'a> Quadratic<'a> {
    /// At t = 0.
    pub fn new(
        objective: &'a Objective,
        set: &'a [u32],
        point: &'a [f64],
        gradient: &[f64],
        matrix: &'a [f64],
    ) -> Self {
        let slope = set.iter().map(|&v| gradient[v as usize]).collect();
        Quadratic { objective, set, point, matrix, t: vec![0.0; set.len()], slope }
    }

    /// Goes to the minimum. Violations of `small` need not be removed.
    pub fn minimise(&mut self, gradient: &[f64], small: f64) {
        let n = self.set.len();
        let start = (0..n).map(|a| self.violation(a)).fold(0.0, f64::max);
        let goal = (INNER * start).max(small);
        let mut active: Vec<usize> = (0..n).collect();
        let mut since = 0;
        for _ in 0..MOST_ROUNDS {
            let round = self.round(&active);
            let still = round.moved <= STILL * STILL * -self.promise(gradient);
            let whole = active.len() == n;
            if round.worst <= goal && still {
                if whole {
                    return;
                }
                active = (0..n).collect();
                continue;
            }
            if whole {
                active.retain(|&a| self.value(a) != 0.0);
            }
            since += 1;
            if since >= ROUNDS.max(active.len() / ROUNDS_PER_PARAMETER) {
                self.solve();
                since = 0;
            }
        }
    }

    /// What F changes by at first order, with the L1 norm in full.
    pub fn promise(&self, gradient: &[f64]) -> f64 {
        let each = self.set.iter().zip(&self.t).map(|(&v, t)| {
            let (v, l1) = (v as usize, self.objective.penalty(v as usize).l1);
            gradient[v] * t + l1 * ((self.point[v] + t).abs() - self.point[v].abs())
        });
        each.sum()
    }

    fn value(&self, a: usize) -> f64 {
        self.point[self.set[a] as usize] + self.t[a]
    }

    fn l1(&self, a: usize) -> f64 {
        self.objective.penalty(self.set[a] as usize).l1
    }

    fn violation(&self, a: usize) -> f64 {
        self.objective.violation(self.set[a] as usize, self.value(a), self.slope[a])
    }

    /// Minimises along each of the parameters in turn.
    fn round(&mut self, active: &[usize]) -> Round {
        let (n, mut round) = (self.set.len(), Round::default());
        for &a in active {
            let curvature = self.matrix[a * n + a];
            if curvature.is_nan() || curvature <= 0.0 {
                continue;
            }
            round.worst = round.worst.max(self.violation(a));
            let from = self.value(a);
            let to = shrink(from - self.slope[a] / curvature, self.l1(a) / curvature);
            let by = to - from;
            if by != 0.0 {
                round.moved = round.moved.max(curvature * by * by);
                self.t[a] = to - self.point[self.set[a] as usize];
                let row = &self.matrix[a * n..(a + 1) * n];
                self.slope.iter_mut().zip(row).for_each(|(slope, b)| *slope += by * b);
            }
        }
        round
    }

    /// Goes to the minimum over the parameters that are not 0, without those that reach 0 on the way.
    fn solve(&mut self) {
        for _ in 0..(SYSTEM_ROWS / self.set.len().max(1)).clamp(1, MOST_SYSTEMS) {
            let n = self.set.len();
            let moving: Vec<usize> = (0..n)
                .filter(|&a| (self.value(a) != 0.0 || self.l1(a) == 0.0) && self.matrix[a * n + a] > 0.0)
                .collect();
            if moving.is_empty() {
                return;
            }
            let by = self.newton(&moving);
            // All the way, those that would change their sign left at 0; or as far as none changes it.
            let step: Vec<f64> = moving.iter().zip(&by).map(|(&a, &by)| self.up_to_zero(a, by)).collect();
            if self.take(&moving, &step) || step == by {
                return;
            }
            let share = step.iter().zip(&by).map(|(step, by)| if step == by { 1.0 } else { step / by });
            let length = share.fold(1.0, f64::min);
            let part: Vec<f64> = moving
                .iter()
                .zip(step.iter().zip(&by))
                .map(|(&a, (step, by))| if step / by == length { -self.value(a) } else { length * by })
                .collect();
            if !self.take(&moving, &part) {
                return;
            }
        }
    }

    /// From where it is to the minimum over some parameters, signs kept.
    fn newton(&self, moving: &[usize]) -> Vec<f64> {
        let n = self.set.len();
        let rows = moving.iter().flat_map(|&a| moving.iter().map(move |&b| a * n + b));
        let factors = Cholesky::new(rows.map(|at| self.matrix[at]).collect(), moving.len());
        let slope = |&a: &usize| self.slope[a] + self.l1(a) * self.value(a).signum();
        let mut by: Vec<f64> = moving.iter().map(|a| -slope(a)).collect();
        factors.solve(&mut by);
        by
    }

    /// The step of a parameter that has a penalty ends at 0.
    fn up_to_zero(&self, a: usize, by: f64) -> f64 {
        let value = self.value(a);
        if self.l1(a) > 0.0 && value * (value + by) < 0.0 { -value } else { by }
    }

    /// Takes the step if that makes the objective smaller.
    fn take(&mut self, moving: &[usize], step: &[f64]) -> bool {
        let n = self.set.len();
        let mut image = vec![0.0; n];
        for (&a, by) in moving.iter().zip(step) {
            let row = &self.matrix[a * n..(a + 1) * n];
            image.iter_mut().zip(row).for_each(|(image, b)| *image += by * b);
        }
        let change = moving.iter().zip(step).map(|(&a, by)| {
            let value = self.value(a);
            by * (self.slope[a] + 0.5 * image[a]) + self.l1(a) * ((value + by).abs() - value.abs())
        });
        if change.sum::<f64>() >= 0.0 {
            return false;
        }
        for (&a, by) in moving.iter().zip(step) {
            let x = self.point[self.set[a] as usize];
            // Exactly -x where the value becomes 0.
            self.t[a] = if *by == -self.value(a) { -x } else { self.t[a] + by };
        }
        self.slope.iter_mut().zip(image).for_each(|(slope, image)| *slope += image);
        true
    }
}

/// x moved towards 0 by `by`, not past it.
fn shrink(x: f64, by: f64) -> f64 {
    x.signum() * (x.abs() - by).max(0.0)
}
