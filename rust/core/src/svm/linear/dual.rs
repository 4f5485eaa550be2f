//! The dual by coordinates.
//!
//! ```text
//! min  1/2 |w|^2 + sum_i (1/2 m_i b_i^2 - t_i b_i + epsilon |b_i|),   w = sum_i b_i x_i,   lo <= b <= hi
//! ```
//!
//! hinge: b_i between 0 and t_i c_i; epsilon-insensitive: |b_i| <= c_i; squared losses: no upper bound and
//! m_i = 1 / (2 c_i), else m_i = 0. (Hsieh et al., A dual coordinate descent method for large-scale linear
//! SVM, ICML 2008; Ho and Lin, Large-scale linear support vector regression, JMLR 13, 2012.)
//!
//! Coordinates at a bound that clearly stay there are set aside; at the end all are looked at again. It ends
//! when no coordinate would move its derivative by more than tol times the largest of w = 0, or times the
//! spread of the targets where that is less: numbers far from 0 are as close together as others.

use super::problem::{Problem, Solved, excess};
use crate::parallel::Control;
use crate::seed::Stream;

/// What rounding may leave of a derivative, relative to the largest.
const ROUNDING: f64 = 1e-14;
/// Targets are taken to spread by this part of their size at least: they may all be alike.
const NARROWEST: f64 = 1e-6;

/// Solves from `start` on (b of the same rows); `None` if stopped.
pub fn solve(
    problem: &Problem<'_>,
    start: Vec<f64>,
    tol: f64,
    max_iter: usize,
    seed: u64,
    control: &Control,
) -> Option<Solved> {
    let n = problem.n();
    let (mut b, mut w) = (start, vec![0.0; problem.width()]);
    (0..n).filter(|&i| b[i] != 0.0).for_each(|i| problem.add(i, b[i], &mut w));
    let coordinates: Vec<Coordinate> = (0..n).map(|i| Coordinate::new(problem, i)).collect();
    let largest = problem.target.iter().map(|t| excess(*t, problem.epsilon).abs()).fold(0.0, f64::max);
    let limit = (tol * largest.min(spread(problem).max(NARROWEST * largest))).max(ROUNDING * largest);
    let mut stream = Stream::new(seed).child(n as u64);
    let mut active: Vec<usize> = (0..n).filter(|&i| problem.cost[i] > 0.0).collect();
    let all = active.clone();
    let (mut aside, mut n_iter, mut last) = (f64::INFINITY, 0, f64::INFINITY);
    let (mut violation, mut converged) = (0.0, active.is_empty() || largest == 0.0);
    while n_iter < max_iter && !converged {
        n_iter += 1;
        stream.shuffle(&mut active);
        violation = 0.0;
        let mut kept = 0;
        for at in 0..active.len() {
            if at % 4096 == 0 && control.stopped() {
                return None;
            }
            let i = active[at];
            let it = &coordinates[i];
            let slope = problem.target[i] - problem.score(i, &w) - it.ridge * b[i];
            let new = it.minimise(b[i], slope, problem.epsilon);
            let moved = (new - b[i]).abs() * it.curve;
            if moved == 0.0 && it.stays(b[i], slope, problem.epsilon, aside) {
                continue;
            }
            active[kept] = i;
            kept += 1;
            violation = moved.max(violation);
            if new != b[i] {
                problem.add(i, new - b[i], &mut w);
                b[i] = new;
            }
        }
        active.truncate(kept);
        aside = last.min(violation);
        last = violation;
        if violation <= limit {
            converged = active.len() == all.len();
            active.clone_from(&all);
            (aside, last) = (f64::INFINITY, f64::INFINITY);
        }
    }
    let gap = problem.gap(&w, &b);
    Some(Solved { w, b, n_iter, gap, violation, converged })
}

/// max t - min t over the rows that cost something.
fn spread(problem: &Problem<'_>) -> f64 {
    let targets = problem.target.iter().zip(&problem.cost).filter(|(_, cost)| **cost > 0.0).map(|(t, _)| *t);
    targets.clone().fold(f64::NEG_INFINITY, f64::max) - targets.fold(f64::INFINITY, f64::min)
}

/// What a coordinate needs to know of its row.
struct Coordinate {
    lo: f64,
    hi: f64,
    /// m_i
    ridge: f64,
    /// |x_i|^2 + m_i
    curve: f64,
}

impl Coordinate {
    fn new(problem: &Problem<'_>, i: usize) -> Self {
        let (t, c) = (problem.target[i], problem.cost[i]);
        let most = if problem.squared { f64::INFINITY } else { c };
        let (lo, hi) = match (problem.hinge, t > 0.0) {
            (true, true) => (0.0, most),
            (true, false) => (-most, 0.0),
            _ => (-most, most),
        };
        let ridge = if problem.squared { 0.5 / c } else { 0.0 };
        Coordinate { lo, hi, ridge, curve: (problem.norm(i) + ridge).max(1e-300) }
    }

    /// The best b, the others as they are; `slope` is minus the derivative of the smooth part.
    fn minimise(&self, b: f64, slope: f64, epsilon: f64) -> f64 {
        let free = b + slope / self.curve;
        excess(free, epsilon / self.curve).clamp(self.lo, self.hi)
    }

    /// Whether b is where it is by more than `aside`.
    fn stays(&self, b: f64, slope: f64, epsilon: f64, aside: f64) -> bool {
        let down = if b > 0.0 { slope - epsilon } else { slope + epsilon };
        let up = if b < 0.0 { slope + epsilon } else { slope - epsilon };
        let no_way_up = b >= self.hi || up < -aside;
        let no_way_down = b <= self.lo || down > aside;
        let at_corner = b >= self.hi || b <= self.lo || (b == 0.0 && epsilon > 0.0);
        at_corner && no_way_up && no_way_down && (b < self.hi || down > aside) && (b > self.lo || up < -aside)
    }
}
