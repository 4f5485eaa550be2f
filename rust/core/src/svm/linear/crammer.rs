//! All classes in one problem (Crammer and Singer, JMLR 2, 2001):
//!
//! ```text
//! min  1/2 sum_k |w_k|^2 + sum_i c_i max_k (w_k - w_{y_i}) x_i + [k != y_i]
//! ```
//!
//! by its dual: b (n, K) with sum_k b_ik = 0 and b_ik <= c_i [k = y_i], w_k = sum_i b_ik x_i. One row after
//! the other is solved for exactly (Keerthi et al., A sequential dual method for large scale multi-class
//! linear SVMs, KDD 2008). It ends when no row violates optimality by more than tol.

use super::problem::{Problem, Solved};
use crate::parallel::Control;
use crate::seed::Stream;

/// Solves from nothing; `problem.target` holds class codes. w is (K, d + 1). `None` if stopped.
pub fn solve(
    problem: &Problem<'_>,
    n_classes: usize,
    tol: f64,
    max_iter: usize,
    seed: u64,
    control: &Control,
) -> Option<Solved> {
    let (n, width) = (problem.n(), problem.width());
    let mut b = vec![0.0; n * n_classes];
    let mut w = vec![0.0; n_classes * width];
    let mut order: Vec<usize> = (0..n).filter(|&i| problem.cost[i] > 0.0).collect();
    let mut stream = Stream::new(seed).child(n as u64);
    let mut scores = vec![0.0; n_classes];
    let (mut n_iter, mut violation, mut converged) = (0, 0.0, order.is_empty());
    while n_iter < max_iter && !converged {
        n_iter += 1;
        stream.shuffle(&mut order);
        violation = 0.0_f64;
        for &i in &order {
            if control.stopped() {
                return None;
            }
            let y = problem.target[i] as usize;
            let own = &mut b[i * n_classes..(i + 1) * n_classes];
            let curve = problem.norm(i).max(1e-300);
            for (k, score) in scores.iter_mut().enumerate() {
                *score = problem.score(i, &w[k * width..(k + 1) * width]) + f64::from(u8::from(k != y));
            }
            violation = violation.max(of_row(&scores, own, y, problem.cost[i]));
            let most = |k: usize| if k == y { problem.cost[i] } else { 0.0 };
            let wanted: Vec<f64> = (0..n_classes).map(|k| own[k] - scores[k] / curve).collect();
            let shift = shift(&wanted, y, problem.cost[i]);
            for k in 0..n_classes {
                let new = (wanted[k] - shift).min(most(k));
                if new != own[k] {
                    problem.add(i, new - own[k], &mut w[k * width..(k + 1) * width]);
                    own[k] = new;
                }
            }
        }
        converged = violation <= tol;
    }
    let gap = gap(problem, &w, &b, n_classes);
    Some(Solved { w, b: Vec::new(), n_iter, gap, violation, converged })
}

/// The greatest derivative less the least of a variable that may still grow.
fn of_row(scores: &[f64], b: &[f64], y: usize, cost: f64) -> f64 {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let grows = |k: usize| b[k] < if k == y { cost } else { 0.0 };
    let least = (0..scores.len()).filter(|&k| grows(k)).map(|k| scores[k]).fold(f64::INFINITY, f64::min);
    if least.is_finite() { most - least } else { 0.0 }
}

/// s with sum_k min(wanted_k - s, most_k) = 0, where most is `cost` for y and 0 for the others.
fn shift(wanted: &[f64], y: usize, cost: f64) -> f64 {
    // Variables reach their bounds in the order of wanted - most; the sum falls in s, piece by piece.
    let most = |k: usize| if k == y { cost } else { 0.0 };
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&i, &j| (wanted[j] - most(j)).total_cmp(&(wanted[i] - most(i))));
    // At s above all of these nobody is at a bound; going down, those with the largest are first.
    let (mut bounded, mut sum, mut free) = (0.0, wanted.iter().sum::<f64>(), wanted.len());
    for &k in &order {
        let s = (sum + bounded) / free as f64;
        if s >= wanted[k] - most(k) || free == 1 {
            return s;
        }
        bounded += most(k);
        sum -= wanted[k];
        free -= 1;
    }
    sum + bounded
}

fn gap(problem: &Problem<'_>, w: &[f64], b: &[f64], n_classes: usize) -> f64 {
    let width = problem.width();
    let (mut losses, mut linear) = (0.0, 0.0);
    for i in 0..problem.n() {
        let y = problem.target[i] as usize;
        let score = |k: usize| problem.score(i, &w[k * width..(k + 1) * width]);
        let own = score(y);
        let most = (0..n_classes).map(|k| score(k) - own + f64::from(u8::from(k != y))).fold(0.0, f64::max);
        losses += problem.cost[i] * most;
        linear -= (0..n_classes).filter(|&k| k != y).map(|k| b[i * n_classes + k]).sum::<f64>();
    }
    w.iter().map(|w| w * w).sum::<f64>() + losses - linear
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_balance_rows() {
        let mut stream = Stream::new(2);
        for _ in 0..200 {
            let k = 2 + stream.below(6) as usize;
            let wanted: Vec<f64> = (0..k).map(|_| 4.0 * stream.unit() - 2.0).collect();
            let (y, cost) = (stream.below(k as u32) as usize, stream.unit());
            let s = shift(&wanted, y, cost);
            let sum: f64 = (0..k).map(|i| (wanted[i] - s).min(if i == y { cost } else { 0.0 })).sum();
            assert!(sum.abs() < 1e-12, "{sum}");
        }
    }
}
