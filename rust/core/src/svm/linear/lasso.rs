//! |w|_1 + sum_i c_i max(0, 1 - t_i z_i)^2 by coordinates of w: each goes along its Newton step with a line
//! search (Chang, Hsieh and Lin, Coordinate descent method for large-scale L2-loss linear support vector
//! machines, JMLR 9, 2008; Yuan, Chang, Hsieh and Lin, JMLR 11, 2010, section 4).
//!
//! It ends when the sum of the violations of the optimality conditions is tol times the share of the smaller
//! class times that at w = 0.

use super::problem::{Problem, Solved};
use crate::parallel::Control;
use crate::seed::Stream;

/// Solves from w on; `columns` are those of all rows, of which `problem.rows` train. `None` if stopped.
pub fn solve(
    problem: &Problem<'_>,
    columns: &[Vec<(u32, f64)>],
    start: Vec<f64>,
    tol: f64,
    max_iter: usize,
    seed: u64,
    control: &Control,
) -> Option<Solved> {
    let (n, d) = (problem.n(), problem.points.d);
    // By row of X: its cost, 0 where it does not train, and target; and what the hinge leaves, 1 - t z.
    let (mut cost, mut target) = (vec![0.0; problem.points.n], vec![0.0; problem.points.n]);
    let mut margin = vec![0.0; problem.points.n];
    let mut w = start;
    for (i, &row) in problem.rows.iter().enumerate() {
        let row = row as usize;
        cost[row] = problem.cost[i];
        target[row] = problem.target[i];
        margin[row] = 1.0 - problem.target[i] * problem.score(i, &w);
    }
    let bias: Vec<(u32, f64)> = problem.rows.iter().map(|&row| (row, problem.bias)).collect();
    let column = |j: usize| if j < d { &columns[j] } else { &bias };
    let positive = problem.target.iter().filter(|t| **t > 0.0).count();
    let share = positive.min(n - positive).max(1) as f64 / n as f64;
    let zero: Vec<f64> = target.iter().map(|t| t.abs()).collect();
    let n_weights = d + usize::from(problem.bias != 0.0);
    let violation_at_zero: f64 =
        (0..n_weights).map(|j| (slope(column(j), &cost, &target, &zero).0.abs() - 1.0).max(0.0)).sum();
    let limit = tol * share * violation_at_zero;
    let mut order: Vec<usize> = (0..n_weights).collect();
    let mut stream = Stream::new(seed).child(n as u64);
    let (mut n_iter, mut violation, mut converged) = (0, 0.0, violation_at_zero == 0.0);
    while n_iter < max_iter && !converged {
        n_iter += 1;
        stream.shuffle(&mut order);
        violation = 0.0;
        for &j in &order {
            if control.stopped() {
                return None;
            }
            let (g, h) = slope(column(j), &cost, &target, &margin);
            violation += if w[j] == 0.0 { (g.abs() - 1.0).max(0.0) } else { (g + w[j].signum()).abs() };
            let step = newton_step(g, h, w[j]);
            if step.abs() > 1e-12 {
                w[j] += search(column(j), &cost, &target, &mut margin, (g, step, w[j]));
            }
        }
        converged = violation <= limit;
    }
    // The gap that a scaled dual point proves: b such that |X' b|_inf <= 1.
    let b: Vec<f64> = (problem.rows.iter().enumerate())
        .map(|(i, &row)| 2.0 * problem.cost[i] * problem.target[i] * margin[row as usize].max(0.0))
        .collect();
    let gap = gap(problem, &w, &b);
    Some(Solved { w, b: Vec::new(), n_iter, gap, violation, converged })
}

/// Derivative and curvature of the loss along a column.
fn slope(column: &[(u32, f64)], cost: &[f64], target: &[f64], margin: &[f64]) -> (f64, f64) {
    let (mut g, mut h) = (0.0, 0.0);
    for &(row, x) in column {
        let row = row as usize;
        if margin[row] > 0.0 {
            g -= 2.0 * cost[row] * target[row] * x * margin[row];
            h += 2.0 * cost[row] * x * x;
        }
    }
    (g, h.max(1e-12))
}

/// The minimum of g s + h s^2 / 2 + |w + s|.
fn newton_step(g: f64, h: f64, w: f64) -> f64 {
    if g + 1.0 <= h * w {
        -(g + 1.0) / h
    } else if g - 1.0 >= h * w {
        -(g - 1.0) / h
    } else {
        -w
    }
}

/// Takes the step, halved until the objective falls enough, and keeps the margins up to date.
fn search(
    column: &[(u32, f64)],
    cost: &[f64],
    target: &[f64],
    margin: &mut [f64],
    (g, step, w): (f64, f64, f64),
) -> f64 {
    let expected = g * step + (w + step).abs() - w.abs();
    let mut length = 1.0;
    for _ in 0..30 {
        let s = length * step;
        let mut change = (w + s).abs() - w.abs();
        for &(row, x) in column {
            let row = row as usize;
            let (old, new) = (margin[row].max(0.0), (margin[row] - s * target[row] * x).max(0.0));
            change += cost[row] * (new * new - old * old);
        }
        if change <= 0.01 * length * expected {
            for &(row, x) in column {
                margin[row as usize] -= s * target[row as usize] * x;
            }
            return s;
        }
        length /= 2.0;
    }
    0.0
}

fn gap(problem: &Problem<'_>, w: &[f64], b: &[f64]) -> f64 {
    let mut combined = vec![0.0; problem.width()];
    let mut primal: f64 = w.iter().map(|w| w.abs()).sum();
    for (i, &b) in b.iter().enumerate() {
        primal += problem.loss(i, problem.residual(i, problem.score(i, w)));
        problem.add(i, b, &mut combined);
    }
    let scale = 1.0 / combined.iter().fold(1.0_f64, |most, v| most.max(v.abs()));
    let dual: f64 = (b.iter().enumerate())
        .filter(|(_, b)| **b != 0.0)
        .map(|(i, &b)| scale * b * problem.target[i] - (scale * b).powi(2) / (4.0 * problem.cost[i]))
        .sum();
    primal - dual
}
