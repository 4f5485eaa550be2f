//! Least squares and ridge regression where X has too many rows and columns for products of all of either.
//!
//! Solve (X'X + l2 I) b = X'y by conjugate gradients, preconditioned by the diagonal (Hestenes & Stiefel 1952;
//! Golub & Van Loan, Matrix Computations, algorithm 11.5.1). From b = 0 on, which without a penalty leads to
//! the solution of least norm of the scaled columns.

use super::columns::Columns;
use super::wide::Wide;
use crate::algebra::{add_scaled, dot};
use crate::parallel::Control;

/// The gradient to reach, relative to that at 0.
const TOLERANCE: f64 = 1e-9;
/// Steps, at most.
const STEPS: usize = 5000;

/// b (p,), and whether it converged; `None` where interrupted.
pub fn solve(of: &Wide, target: usize, l2: f64, control: &Control) -> Option<(Vec<f64>, bool)> {
    let p = of.p();
    let scale: Vec<f64> = (0..p).map(|j| of.square(j) + l2).collect();
    let scaled = |r: &[f64]| -> Vec<f64> {
        r.iter().zip(&scale).map(|(r, s)| if *s > 0.0 { r / s } else { 0.0 }).collect()
    };
    // Invariant: r = X'y - (X'X + l2 I) b, and v is conjugate to all steps before.
    let (mut b, mut r, mut product) = (vec![0.0; p], of.xy(target).to_vec(), vec![0.0; p]);
    let mut v = scaled(&r);
    let mut size = dot(&r, &v);
    let enough = TOLERANCE * TOLERANCE * size;
    for _ in 0..STEPS {
        if size <= enough {
            return Some((b, true));
        }
        if control.stopped() {
            return None;
        }
        of.squared(&v, &mut product);
        add_scaled(&mut product, l2, &v);
        let step = size / dot(&v, &product);
        if !step.is_finite() {
            break;
        }
        add_scaled(&mut b, step, &v);
        add_scaled(&mut r, -step, &product);
        let next = scaled(&r);
        let grown = dot(&r, &next);
        v.iter_mut().zip(&next).for_each(|(v, next)| *v = next + grown / size * *v);
        size = grown;
    }
    Some((b, false))
}
