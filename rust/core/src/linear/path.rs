//! Coordinate descent along falling penalties, each solution the start of the next, with a certificate.
//!
//! Friedman, Hastie & Tibshirani, Regularization paths for generalized linear models via coordinate descent,
//! J. Stat. Softw. 33 (2010); the working set starts by the strong rule of Tibshirani et al., Strong rules for
//! discarding predictors in lasso-type problems, JRSS B 74 (2012), and grows until no column left out
//! violates its optimality condition. As scikit-learn's, the descent ends when a pass moves no coordinate by
//! more than tol times the largest, and the duality gap is at most tol times y'y.

use super::columns::Columns;
use super::settings::{Penalty, Shared};
use super::working::Working;
use crate::error::Result;
use crate::parallel::Control;
use crate::seed::Stream;

/// What was found for one penalty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub n_iter: usize,
    /// Duality gap of the sum of squares.
    pub gap: f64,
    pub converged: bool,
}

/// Passes after which the descent is slow enough for a linear system to be worth it.
const SLOW: usize = 64;
/// Passes between two looks for an interruption.
const LOOK: usize = 16;

/// One target's path.
pub struct Path<'a> {
    columns: &'a dyn Columns,
    shared: &'a Shared,
    target: usize,
    working: Working,
    stream: Stream,
    /// The solution (p,), and c - G b.
    pub b: Vec<f64>,
    gradient: Vec<f64>,
    /// l1 of the last solution.
    last: f64,
}

impl<'a> Path<'a> {
    /// From 0 on, or from `start`.
    pub fn new(columns: &'a dyn Columns, shared: &'a Shared, target: usize, start: Option<Vec<f64>>) -> Self {
        let p = columns.p();
        let stream = Stream::new(shared.shuffled.unwrap_or(0)).child(target as u64);
        let mut gradient = columns.xy(target).to_vec();
        let most = gradient.iter().fold(0.0, |most, g| f64::max(most, g.abs()));
        let last = if start.is_some() { 0.0 } else { most };
        if let Some(b) = &start {
            columns.gradient(target, b, &nonzero(b), &mut gradient);
        }
        let b = start.unwrap_or_else(|| vec![0.0; p]);
        Path { columns, shared, target, working: Working::new(p), stream, b, gradient, last }
    }

    /// The solution for the next penalty; `None` where interrupted.
    pub fn solve(&mut self, penalty: Penalty, control: &Control) -> Result<Option<Found>> {
        if self.shared.positive {
            self.b.iter_mut().for_each(|b| *b = b.max(0.0));
        }
        let (y2, tol) = (self.columns.y2(self.target), self.shared.tol);
        let mut active = nonzero(&self.b);
        if self.working.columns.len() > 2 * active.len() + 512 {
            self.working.clear();
        }
        let threshold = if self.last > penalty.l1 { 2.0 * penalty.l1 - self.last } else { penalty.l1 };
        self.join(&active.iter().map(|&j| (j, f64::INFINITY)).collect::<Vec<_>>(), usize::MAX)?;
        let by_rule = self.outside(threshold.max(0.0));
        self.join(&by_rule, self.columns.most_new(active.len()))?;
        self.last = penalty.l1;
        let (mut n_iter, mut polish_at) = (0, SLOW);
        loop {
            self.working.start(&self.b, self.columns.xy(self.target), &self.gradient);
            let mut still = false;
            while n_iter < self.shared.max_iter {
                if n_iter % LOOK == 0 && control.stopped() {
                    return Ok(None);
                }
                let order = self.shared.shuffled.map(|_| self.order());
                let moved = self.working.pass(order.as_deref(), penalty, self.shared.positive);
                n_iter += 1;
                still = moved.step == 0.0;
                if still || moved.step <= tol * moved.size || n_iter == polish_at {
                    break;
                }
            }
            if n_iter >= polish_at {
                self.working.polish(penalty)?;
                polish_at *= 2;
            }
            self.b.fill(0.0);
            for (&j, &b) in self.working.columns.iter().zip(&self.working.b) {
                self.b[j as usize] = b;
            }
            active = nonzero(&self.b);
            self.columns.gradient(self.target, &self.b, &active, &mut self.gradient);
            let gap = self.gap(penalty, y2);
            let found = |converged| Ok(Some(Found { n_iter, gap, converged }));
            if gap <= tol * y2 {
                return found(true);
            }
            let violating = self.outside(penalty.l1);
            if violating.is_empty() && still {
                return found(true); // no coordinate can move: this is the optimum to the last digit
            }
            if n_iter >= self.shared.max_iter {
                return found(false);
            }
            self.join(&violating, self.columns.most_new(active.len()))?;
        }
    }

    /// Columns outside of the working set whose gradient exceeds a threshold, and by how much.
    fn outside(&self, threshold: f64) -> Vec<(u32, f64)> {
        let positive = self.shared.positive;
        let size = |g: f64| if positive { g } else { g.abs() };
        let all = self.gradient.iter().enumerate().map(|(j, &g)| (j as u32, size(g)));
        all.filter(|&(j, size)| size > threshold && !self.working.has(j as usize)).collect()
    }

    /// Lets the `most` of these with the largest gradients join the working set.
    fn join(&mut self, new: &[(u32, f64)], most: usize) -> Result<()> {
        let mut new: Vec<_> = new.iter().filter(|(j, _)| !self.working.has(*j as usize)).copied().collect();
        if new.len() > most {
            new.select_nth_unstable_by(most, |a, b| b.1.total_cmp(&a.1));
            new.truncate(most);
        }
        new.sort_unstable_by_key(|&(j, _)| j);
        if new.is_empty() {
            return Ok(());
        }
        let new: Vec<u32> = new.into_iter().map(|(j, _)| j).collect();
        self.working.join(&new, self.columns)
    }

    /// A random order of the working set.
    fn order(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.working.columns.len() as u32).collect();
        self.stream.shuffle(&mut order);
        order
    }

    /// Primal minus dual objective, from b and c - G b. With l1 the dual point is the residual shrunk until it
    /// is feasible (Mairal, PhD thesis 2010, appendix D.2); with l2 every residual is feasible, too. With
    /// neither penalty: what single coordinates could still gain.
    fn gap(&self, Penalty { l1, l2 }: Penalty, y2: f64) -> f64 {
        let (c, positive) = (self.columns.xy(self.target), self.shared.positive);
        let (mut cb, mut gb, mut norm1, mut norm2) = (0.0, 0.0, 0.0, 0.0);
        for ((&b, &g), &c) in self.b.iter().zip(&self.gradient).zip(c) {
            (cb, gb) = (cb + c * b, gb + g * b);
            (norm1, norm2) = (norm1 + b.abs(), norm2 + b * b);
        }
        // r'r and r'y of the residual r.
        let (rr, ry) = (y2 - cb - gb, y2 - cb);
        let size = |g: f64| if positive { g } else { g.abs() };
        if l1 == 0.0 && l2 == 0.0 {
            let left = |j: usize| {
                let (g, square) = (self.gradient[j], self.columns.square(j));
                let blocked = positive && self.b[j] == 0.0 && g < 0.0;
                if blocked || square <= 0.0 { 0.0 } else { 0.5 * g * g / square }
            };
            return (0..self.b.len()).map(left).sum();
        }
        let primal = 0.5 * (rr + l2 * norm2) + l1 * norm1;
        let mut gap = f64::INFINITY;
        if l2 > 0.0 {
            let over = self.gradient.iter().map(|&g| (size(g) - l1).max(0.0));
            gap = primal + 0.5 * rr - ry + over.map(|over| over * over).sum::<f64>() / (2.0 * l2);
        }
        if l1 > 0.0 {
            let shrunk = self.gradient.iter().zip(&self.b).map(|(g, b)| size(g - l2 * b));
            let most = shrunk.fold(0.0, f64::max);
            let scale = if most > l1 { l1 / most } else { 1.0 };
            gap = gap.min(primal + 0.5 * scale * scale * (rr + l2 * norm2) - scale * ry);
        }
        gap
    }
}

/// The coordinates that are not 0.
pub fn nonzero(b: &[f64]) -> Vec<u32> {
    (0..b.len()).filter(|&j| b[j] != 0.0).map(|j| j as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::quadratic::Quadratic;

    /// Correlated columns, and a y that some of them explain.
    fn problem(p: usize) -> Quadratic {
        let mut stream = Stream::new(7);
        let n = 3 * p;
        let mut x: Vec<Vec<f64>> = (0..p).map(|_| (0..n).map(|_| stream.unit() - 0.5).collect()).collect();
        for j in 1..p {
            let (before, column) = x.split_at_mut(j);
            column[0].iter_mut().zip(&before[j - 1]).for_each(|(x, before)| *x += 0.9 * before);
        }
        let y: Vec<f64> = (0..n).map(|i| x[0][i] - 2.0 * x[p / 2][i] + stream.unit()).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        Quadratic {
            columns: (0..p as u32).collect(),
            gram: x
                .iter()
                .flat_map(|a| x.iter().map(|b| dot(a, b)).collect::<Vec<_>>())
                .collect::<Vec<_>>()
                .into(),
            xy: x.iter().map(|x| dot(x, &y)).collect(),
            y2: vec![dot(&y, &y)],
            mean_x: vec![0.0; p],
            mean_y: vec![0.0],
            weight: n as f64,
        }
    }

    fn shared(positive: bool, shuffled: Option<u64>) -> Shared {
        Shared {
            fit_intercept: false,
            positive,
            l1_ratio: 0.5,
            tol: 1e-13,
            max_iter: 100_000,
            shuffled,
            orthogonal: false,
            cutoff: None,
        }
    }

    #[test]
    fn every_solution_of_a_path_is_optimal() {
        let of = problem(30);
        for (positive, shuffled) in [(false, None), (true, None), (false, Some(3))] {
            let shared = shared(positive, shuffled);
            let mut path = Path::new(&of, &shared, 0, None);
            for l1 in [20.0, 5.0, 1.0, 0.1, 0.0] {
                let penalty = Penalty { l1, l2: 0.3 * l1 };
                let found = path.solve(penalty, &Control::new(None));
                assert!(matches!(found, Ok(Some(Found { converged: true, .. }))), "{found:?}");
                for (&b, &g) in path.b.iter().zip(&path.gradient) {
                    let slope = g - penalty.l2 * b;
                    let left = if b != 0.0 {
                        (slope - l1.copysign(b)).abs()
                    } else {
                        (if positive { slope } else { slope.abs() } - l1).max(0.0)
                    };
                    assert!(left < 1e-5, "b = {b}: {left}");
                }
            }
        }
    }
}
