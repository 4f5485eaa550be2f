//! Newton's method on w for squared losses, whose gradient is piecewise linear:
//!
//! ```text
//! g = w - 2 sum_i c_i r_i x_i,    H = 1 + 2 sum_{r_i != 0} c_i x_i x_i'
//! ```
//!
//! with the residuals r of `problem`. H s = -g is solved by conjugate gradients, preconditioned by its
//! diagonal; steps are halved until the objective falls enough. (Keerthi and DeCoste, A modified finite
//! Newton method for fast solution of large scale linear SVMs, JMLR 6, 2005; Lin, Weng and Keerthi, Trust
//! region Newton method for logistic regression, JMLR 9, 2008.) It ends when |g| <= tol times the share of
//! the smaller class times |g| at w = 0: LIBLINEAR's rule.

use super::problem::{Problem, Solved};
use crate::parallel::Control;

/// What rounding may leave of a sum of losses, relative to it.
const ROUNDING: f64 = 1e-13;

/// Solves from w on; `None` if stopped.
pub fn solve(
    problem: &Problem<'_>,
    start: Vec<f64>,
    tol: f64,
    max_iter: usize,
    control: &Control,
) -> Option<Solved> {
    let n = problem.n();
    let mut w = start;
    let at_zero = State::new(problem, &vec![0.0; problem.width()]);
    let positive = problem.target.iter().filter(|t| **t > 0.0).count();
    let share = if problem.hinge { positive.min(n - positive).max(1) as f64 / n as f64 } else { 1.0 };
    let limit = tol * share * norm(&at_zero.gradient);
    let mut state = State::new(problem, &w);
    let mut n_iter = 0;
    let mut stuck = false;
    while n_iter < max_iter && norm(&state.gradient) > limit && !stuck {
        if control.stopped() {
            return None;
        }
        n_iter += 1;
        let step = conjugate_gradients(problem, &state, control);
        let slope: f64 = inner(&step, &state.gradient);
        let mut length = 1.0;
        stuck = true;
        while length > 1e-10 {
            let tried: Vec<f64> = w.iter().zip(&step).map(|(w, s)| w + length * s).collect();
            let new = State::new(problem, &tried);
            // Where rounding hides the objective's fall, the gradient's has to do.
            let rounding = ROUNDING * state.objective.abs();
            let falls = if slope.abs() > rounding {
                new.objective <= state.objective + 1e-4 * length * slope
            } else {
                norm(&new.gradient) < 0.9 * norm(&state.gradient)
            };
            if falls {
                (w, state, stuck) = (tried, new, false);
                break;
            }
            length /= 2.0;
        }
    }
    let b: Vec<f64> = (0..n).map(|i| 2.0 * problem.cost[i] * state.residuals[i]).collect();
    let violation = norm(&state.gradient);
    let gap = problem.gap(&w, &b);
    // A smaller gradient than float64 can show is as good as none.
    let converged = violation <= limit || (stuck && gap <= ROUNDING * state.objective.abs());
    Some(Solved { gap, w, b, n_iter, violation, converged })
}

/// What is known at a w.
struct State {
    residuals: Vec<f64>,
    gradient: Vec<f64>,
    objective: f64,
}

impl State {
    fn new(problem: &Problem<'_>, w: &[f64]) -> Self {
        let mut gradient = w.to_vec();
        let mut objective = 0.5 * inner(w, w);
        let mut residuals = vec![0.0; problem.n()];
        for (i, residual) in residuals.iter_mut().enumerate() {
            *residual = problem.residual(i, problem.score(i, w));
            if *residual != 0.0 {
                objective += problem.loss(i, *residual);
                problem.add(i, -2.0 * problem.cost[i] * *residual, &mut gradient);
            }
        }
        State { residuals, gradient, objective }
    }
}

/// s with |H s + g| a tenth of |g| or less.
fn conjugate_gradients(problem: &Problem<'_>, state: &State, control: &Control) -> Vec<f64> {
    let width = problem.width();
    let d = problem.points.d;
    let active: Vec<usize> = (0..problem.n()).filter(|&i| state.residuals[i] != 0.0).collect();
    let mut diagonal = vec![1.0; width];
    for &i in &active {
        let cost = 2.0 * problem.cost[i];
        problem.points.add_squares(problem.rows[i] as usize, cost, &mut diagonal[..d]);
        diagonal[d] += cost * problem.bias * problem.bias;
    }
    let mut step = vec![0.0; width];
    let mut left: Vec<f64> = state.gradient.iter().map(|g| -g).collect();
    let scaled = |left: &[f64]| left.iter().zip(&diagonal).map(|(r, m)| r / m).collect::<Vec<f64>>();
    let mut direction = scaled(&left);
    let mut size = inner(&left, &direction);
    let slope = norm(&state.gradient);
    let enough = 0.1 * slope.min(slope.sqrt());
    for _ in 0..width.max(100) {
        if norm(&left) <= enough || control.stopped() {
            break;
        }
        let mut product = direction.clone();
        for &i in &active {
            let along = problem.score(i, &direction);
            problem.add(i, 2.0 * problem.cost[i] * along, &mut product);
        }
        let length = size / inner(&direction, &product);
        step.iter_mut().zip(&direction).for_each(|(s, p)| *s += length * p);
        left.iter_mut().zip(&product).for_each(|(r, q)| *r -= length * q);
        let next = scaled(&left);
        let new_size = inner(&left, &next);
        let keep = new_size / size;
        direction.iter_mut().zip(&next).for_each(|(p, z)| *p = z + keep * *p);
        size = new_size;
    }
    step
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    inner(a, a).sqrt()
}
