//! A learned kernel machine: support vectors, dual coefficients, and the decision values that they give.

use std::ops::Range;

use super::calibrate::{Calibrated, couple};
use super::expansion::{BLOCK, Block, Coefficients, Expansion};
use super::kernel::{Kernel, Kind};
use super::machine::{Learned, Pair, pairs};
use super::points::{Points, Stored};
use super::settings::Ties;
use crate::data::Features;
use crate::error::{Error, Result, filled};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, fill_blocks};

/// What a machine learned. K classes, or none; P pairs of classes, 1 for two classes and for regression.
#[derive(Clone, Debug, PartialEq)]
pub struct SvmModel {
    pub kernel: Kernel,
    /// K, or 0.
    pub n_classes: usize,
    /// Columns of X.
    pub d: usize,
    /// Support vectors as rows of the training set, by class and ascending within (s,).
    pub support: Vec<u32>,
    /// How many of each class; of all for regression.
    pub n_support: Vec<usize>,
    /// The support vectors; of a precomputed kernel none are kept (d = 0).
    pub vectors: Points,
    /// (max(K - 1, 1), s) as in LIBSVM: of a vector of class a, row b - 1 (or b, if b < a) is its
    /// coefficient against class b.
    pub dual_coef: Vec<f64>,
    /// (P,)
    pub intercept: Vec<f64>,
    /// One per pair, or none.
    pub calibrated: Vec<Calibrated>,
    pub ties: Ties,
    /// Steps, duality gap and final violation of each pair, (P,) each.
    pub n_iter: Vec<f64>,
    pub gap: Vec<f64>,
    pub violation: Vec<f64>,
    /// The dual objective of each pair (P,), as LIBSVM minimises it.
    pub objective: Vec<f64>,
    pub converged: bool,
}

/// Support places by class and dual coefficients, from what the pairs learned.
pub fn combine(learned: &[&Learned], classes: &[std::ops::Range<usize>]) -> (Vec<u32>, Vec<usize>, Vec<f64>) {
    let mut places: Vec<u32> = learned.iter().flat_map(|one| one.coefficients.iter().map(|c| c.0)).collect();
    places.sort_unstable();
    places.dedup();
    let within =
        |class: &std::ops::Range<usize>| places.iter().filter(|&&p| class.contains(&(p as usize))).count();
    let n_support = classes.iter().map(within).collect();
    let s = places.len();
    let n_rows = if classes.len() > 2 { classes.len() - 1 } else { 1 };
    let mut dual_coef = vec![0.0; n_rows * s];
    let pairs = if classes.len() > 2 { pairs(classes.len()) } else { pairs(0) };
    for (one, Pair { positive: a, negative: b }) in learned.iter().zip(pairs) {
        for &(place, value) in &one.coefficients {
            let of_a = n_rows == 1 || classes[a].contains(&(place as usize));
            let row = match (n_rows, of_a) {
                (1, _) => 0,
                (_, true) => b - 1,
                (_, false) => a,
            };
            // Every place is among them.
            let column = places.partition_point(|&p| p < place);
            dual_coef[row * s + column] = value;
        }
    }
    (places, n_support, dual_coef)
}

impl SvmModel {
    pub fn coefficients(&self) -> Coefficients<'_> {
        Coefficients {
            n_classes: self.n_classes,
            n_support: &self.n_support,
            dual_coef: &self.dual_coef,
            intercept: &self.intercept,
        }
    }

    /// Values per row of a prediction: P decision values, and K probabilities if calibrated.
    pub fn n_values(&self) -> usize {
        self.intercept.len() + if self.calibrated.is_empty() { 0 } else { self.n_classes }
    }

    /// Refuses what does not fit together: what was read from a file may be anything.
    pub fn check(&self) -> Result<()> {
        let (s, p) = (self.support.len(), self.intercept.len());
        let k = self.n_classes;
        let expected = if k < 2 { 1 } else { k * (k - 1) / 2 };
        let rows = if k > 2 { k - 1 } else { 1 };
        let total = self.n_support.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n));
        let precomputed = self.kernel.kind == Kind::Precomputed;
        let support_inside = !precomputed || self.support.iter().all(|&i| (i as usize) < self.d);
        let vectors = if precomputed { self.vectors.n == 0 } else { self.vectors.n == s };
        let calibrated = self.calibrated.is_empty() || (k >= 2 && self.calibrated.len() == p);
        let facts = [&self.n_iter, &self.gap, &self.violation, &self.objective];
        let isotonic = self.calibrated.iter().all(|one| match one {
            Calibrated::Sigmoid { a, b } => a.is_finite() && b.is_finite(),
            Calibrated::Isotonic { f, p } => {
                f.len() == p.len()
                    && f.iter().all(|f| f.is_finite())
                    && f.is_sorted()
                    && p.iter().all(|p| (0.0..=1.0).contains(p))
            }
        });
        let fits = p == expected
            && self.d > 0
            && self.n_support.len() == k.max(1)
            && total == Some(s)
            && self.dual_coef.len() == rows * s
            && support_inside
            && vectors
            && (precomputed || self.vectors.d == self.d)
            && calibrated
            && isotonic
            && facts.iter().all(|fact| fact.len() == p);
        let numbers = self.dual_coef.iter().chain(&self.intercept);
        let kernel = [self.kernel.gamma, self.kernel.coef0];
        if !fits || numbers.chain(&kernel).any(|value| !value.is_finite()) {
            return Err(Error::invalid("the parameters of the support vector machine do not fit together"));
        }
        self.vectors.check()
    }

    /// Decision values, and probabilities if calibrated (n, P + K).
    pub fn predict(
        &self,
        x: &Matrix<'_>,
        n: usize,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<f64>> {
        x.check(n, self.d)?;
        let width = self.n_values();
        let p = self.intercept.len();
        let expansion = Expansion {
            kernel: self.kernel,
            points: &self.vectors,
            columns: &self.support,
            d: self.d,
            coefficients: self.coefficients(),
        };
        let mut values = filled(n * width, 0.0, "predictions")?;
        let fill = |block: &mut Block, rows: Range<usize>, out: &mut [f64]| {
            let rows: Vec<u32> = rows.map(|i| i as u32).collect();
            expansion.decide(x, &rows, width, out, block)?;
            for out in out.chunks_exact_mut(width) {
                let (decisions, probabilities) = out.split_at_mut(p);
                probabilities_of(&self.calibrated, self.n_classes, decisions, probabilities);
            }
            Ok(())
        };
        fill_blocks((BLOCK, width), &mut values, n_threads, control, watcher, Block::default, fill)?;
        Ok(values)
    }
}

/// Class probabilities (K,) of a row's decision values (P,); nothing if not calibrated.
pub fn probabilities_of(calibrated: &[Calibrated], n_classes: usize, decisions: &[f64], out: &mut [f64]) {
    if calibrated.is_empty() {
        return;
    }
    let p: Vec<f64> = calibrated.iter().zip(decisions).map(|(one, &f)| one.probability(f)).collect();
    if n_classes == 2 {
        out.copy_from_slice(&[1.0 - p[0], p[0]]);
        return;
    }
    let mut r = vec![vec![0.0; n_classes]; n_classes];
    for (Pair { positive, negative }, p) in pairs(n_classes).into_iter().zip(p) {
        r[positive][negative] = p;
        r[negative][positive] = 1.0 - p;
    }
    out.copy_from_slice(&couple(&r));
}

/// Values by class (n, K) of decision values (n, P): the votes of the pairs, and where ties are broken by
/// confidence a part of a vote for that, as in scikit-learn's `decision_function_shape="ovr"`.
pub fn class_values(decisions: &[f64], n_classes: usize, ties: Ties) -> Vec<f64> {
    match n_classes {
        0 | 1 => decisions.to_vec(),
        2 => decisions.iter().flat_map(|&f| [-f, f]).collect(),
        k => {
            let pairs = pairs(k);
            decisions.chunks_exact(pairs.len()).flat_map(|row| votes(row, &pairs, k, ties)).collect()
        }
    }
}

fn votes(decisions: &[f64], pairs: &[Pair], n_classes: usize, ties: Ties) -> Vec<f64> {
    let (mut votes, mut sums) = (vec![0.0; n_classes], vec![0.0; n_classes]);
    for (&Pair { positive, negative }, &f) in pairs.iter().zip(decisions) {
        // At 0 LIBSVM's vote goes to the second class of a pair, scikit-learn's to the first.
        let first = f > 0.0 || (f == 0.0 && ties == Ties::Confidence);
        votes[if first { positive } else { negative }] += 1.0;
        sums[positive] += f;
        sums[negative] -= f;
    }
    if ties == Ties::Confidence {
        votes.iter_mut().zip(sums).for_each(|(vote, sum)| *vote += sum / (3.0 * (sum.abs() + 1.0)));
    }
    votes
}

/// No support vectors: a precomputed kernel keeps none.
pub fn no_points() -> Points {
    Points { n: 0, d: 0, stored: Stored::Dense(Vec::new()), norms: Vec::new() }
}
