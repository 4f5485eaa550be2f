//! theta: the kernel's parameters and the noise that are most probable given the values.
//!
//! ```text
//! min  y' K^-1 y / 2 + log det K / 2 - log p(theta),   K = k(X, X) + diag(v) + s I
//! d / d theta_j = -tr((alpha alpha' - K^-1) dK/d theta_j) / 2 - d log p / d theta_j,   alpha = K^-1 y
//! ```
//!
//! (Rasmussen and Williams, Gaussian Processes for Machine Learning, equations 5.8 and 5.9, with a prior.)
//! theta = (log w_1, ..., log w_d, log a, log s), each normal a priori. The distance of two random points grows
//! with d, so the length scales do (Hvarfner et al., Vanilla Bayesian optimization performs great in high
//! dimensions, ICML 2024): w_j is about 1 / d.

use super::kernel::{Axis, Kernel, Points};
use super::minimise::{Limits, minimise};
use super::triangular::{factor, gram, invert, start, times, transposed_times};
use crate::vectors::{Vectors, for_each_width};

/// Mean and standard deviation of the logarithm of a parameter.
type Prior = (f64, f64);

/// Of d w_j of a number: a length scale of sqrt(d) / 2, within a factor of 3 or so.
const NUMBER: Prior = (1.386, 1.5);

/// Of w_j of a category: two that differ correlate by about 0.6.
const CATEGORY: Prior = (-0.693, 1.0);

/// Of the amplitude; the values have variance 1.
const AMPLITUDE: Prior = (0.0, 0.7);

/// Of the noise beside the known one.
const NOISE: Prior = (-6.0, 1.5);

/// Parameters stay within a factor e^4 of their mean, and the noise above 10^-6.
const REACH: f64 = 4.0;
const LEAST_NOISE: f64 = -13.8;

/// The kernel's parameters and the variance of the noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Theta {
    /// Logarithms: w_1, ..., w_d, a, s.
    pub logs: Vec<f64>,
}

impl Theta {
    /// The mean of the prior.
    pub fn prior(axes: &[Axis]) -> Self {
        Theta { logs: priors(axes).into_iter().map(|(mean, _)| mean).collect() }
    }

    /// The kernel.
    pub fn kernel(&self) -> Kernel {
        let d = self.logs.len() - 2;
        Kernel { weights: self.logs[..d].iter().map(|w| w.exp()).collect(), amplitude: self.logs[d].exp() }
    }

    /// The variance of the noise beside the known one.
    pub fn noise(&self) -> f64 {
        self.logs[self.logs.len() - 1].exp()
    }
}

/// The most probable theta near `start`.
pub fn fit(
    vectors: Vectors,
    points: &Points,
    values: &[f64],
    variances: &[f64],
    start: Theta,
    iterations: usize,
) -> Theta {
    let priors = priors(&points.axes);
    let mut lower: Vec<f64> = priors.iter().map(|(mean, _)| mean - REACH).collect();
    if let Some(noise) = lower.last_mut() {
        *noise = LEAST_NOISE;
    }
    let upper: Vec<f64> = priors.iter().map(|(mean, _)| mean + REACH).collect();
    let mut objective = Objective::new(vectors, points, values, variances);
    let mut logs = start.logs;
    let limits = Limits { iterations, gradient: 1e-2, decrease: 1e-3 };
    minimise(|theta, gradient| objective.at(theta, gradient), &mut logs, &lower, &upper, limits);
    Theta { logs }
}

fn priors(axes: &[Axis]) -> Vec<Prior> {
    let d = axes.len() as f64;
    let weight = |axis: &Axis| match axis {
        Axis::Number => (NUMBER.0 - d.ln(), NUMBER.1),
        Axis::Category => CATEGORY,
    };
    axes.iter().map(weight).chain([AMPLITUDE, NOISE]).collect()
}

/// What is minimised, and its scratch memory.
struct Objective<'a> {
    vectors: Vectors,
    points: &'a Points,
    values: &'a [f64],
    variances: &'a [f64],
    priors: Vec<Prior>,
    matrix: Vec<f64>,
    slopes: Vec<f64>,
    factor: Vec<f64>,
    inverse: Vec<f64>,
}

impl<'a> Objective<'a> {
    fn new(vectors: Vectors, points: &'a Points, values: &'a [f64], variances: &'a [f64]) -> Self {
        let half = || vec![0.0; start(points.n)];
        Objective {
            vectors,
            points,
            values,
            variances,
            priors: priors(&points.axes),
            matrix: half(),
            slopes: half(),
            factor: half(),
            inverse: half(),
        }
    }

    /// The objective and its gradient; not a number where K is not positive definite.
    fn at(&mut self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (vectors, n, d) = (self.vectors, self.points.n, self.points.axes.len());
        let theta_now = Theta { logs: theta.to_vec() };
        let (kernel, noise) = (theta_now.kernel(), theta_now.noise());
        kernel.matrix(vectors, self.points, &mut self.matrix, &mut self.slopes);
        self.factor.copy_from_slice(&self.matrix);
        for i in 0..n {
            self.factor[start(i) + i] += self.variances[i] + noise;
        }
        if !factor(vectors, &mut self.factor, n) {
            return f64::NAN;
        }
        let log_det: f64 = (0..n).map(|i| self.factor[start(i) + i].ln()).sum();
        let mut m = vec![0.0; start(n)];
        invert(vectors, &self.factor, n, &mut m);
        gram(vectors, &m, n, &mut self.inverse);
        let (mut whitened, mut alpha) = (vec![0.0; n], vec![0.0; n]);
        times(vectors, &m, self.values, &mut whitened);
        transposed_times(vectors, &m, &whitened, &mut alpha);
        let misfit: f64 = whitened.iter().map(|u| u * u).sum();
        self.differentiate(&kernel, noise, &alpha, gradient);
        let mut value = 0.5 * misfit + log_det;
        for j in 0..d + 2 {
            let (mean, deviation) = self.priors[j];
            let z = (theta[j] - mean) / deviation;
            value += 0.5 * z * z;
            gradient[j] += z / deviation;
        }
        value
    }

    /// -tr((alpha alpha' - K^-1) dK / d theta_j) / 2 for every j. Turns `inverse` into that matrix, times 2 off
    /// the diagonal, where each entry stands for two.
    fn differentiate(&mut self, kernel: &Kernel, noise: f64, alpha: &[f64], gradient: &mut [f64]) {
        let (n, d) = (self.points.n, self.points.axes.len());
        let (mut trace, mut amplitude) = (0.0, 0.0);
        for i in 0..n {
            let row = start(i)..start(i + 1);
            let (inverse, values) = (&mut self.inverse[row.clone()], &self.matrix[row]);
            for j in 0..=i {
                inverse[j] = (alpha[i] * alpha[j] - inverse[j]) * if j < i { 2.0 } else { 1.0 };
                amplitude += inverse[j] * values[j];
            }
            trace += inverse[i];
        }
        gradient[d] = -0.5 * amplitude;
        gradient[d + 1] = -0.5 * noise * trace;
        let mut weighted = vec![0.0; n];
        for (k, (&axis, column)) in self.points.axes.iter().zip(&self.points.columns).enumerate() {
            // dK / d log w = -slope w (x - z)^2 / 2 for numbers and -w [x != z] K for categories.
            let (table, factor) = match axis {
                Axis::Number => (&self.slopes, -0.5 * kernel.weights[k]),
                Axis::Category => (&self.matrix, -kernel.weights[k]),
            };
            let mut sum = 0.0;
            for i in 0..n {
                let row = start(i)..start(i + 1);
                let weighted = &mut weighted[..=i];
                product(self.vectors, &self.inverse[row.clone()], &table[row], weighted);
                sum += match axis {
                    Axis::Number => squares(self.vectors, weighted, &column[..=i], column[i]),
                    Axis::Category => mismatches(self.vectors, weighted, &column[..=i], column[i]),
                };
            }
            gradient[k] = -0.5 * factor * sum;
        }
    }
}

for_each_width! {
    /// Entry by entry.
    fn product(a: &[f64], b: &[f64], out: &mut [f64]) {
        for ((o, x), y) in out.iter_mut().zip(a).zip(b) {
            *o = x * y;
        }
    }
}

for_each_width! {
    /// sum_i g_i (x_i - at)^2, in four sums side by side.
    fn squares(weighted: &[f64], column: &[f64], at: f64) -> f64 {
        let mut sums = [0.0; 4];
        for (i, (g, x)) in weighted.iter().zip(column).enumerate() {
            sums[i % 4] += g * (x - at) * (x - at);
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

for_each_width! {
    /// sum_i g_i [x_i != at].
    fn mismatches(weighted: &[f64], column: &[f64], at: f64) -> f64 {
        let mut sums = [0.0; 4];
        for (i, (g, x)) in weighted.iter().zip(column).enumerate() {
            sums[i % 4] += if *x == at { 0.0 } else { *g };
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    fn problem(n: usize) -> (Points, Vec<f64>, Vec<f64>) {
        let mut stream = Stream::new(11);
        let mut points = Points::new(vec![Axis::Number, Axis::Category, Axis::Number]);
        let mut values = Vec::new();
        for i in 0..n {
            let (x, c) = (stream.unit(), f64::from(stream.below(3)));
            let other = if i % 5 == 0 { f64::NAN } else { stream.unit() };
            points.push(&[x, c, other]);
            values.push((6.0 * x).sin() + 0.3 * c + 0.01 * stream.unit() - 0.3);
        }
        (points, values, vec![1e-4; n])
    }

    #[test]
    fn gradients_are_differences() {
        let (points, values, variances) = problem(20);
        let mut objective = Objective::new(Vectors::detect(), &points, &values, &variances);
        for theta in [vec![0.5, -0.3, 1.0, 0.2, -4.0], vec![2.0, 0.4, -1.0, -0.5, -2.0]] {
            let mut gradient = vec![0.0; 5];
            let _ = objective.at(&theta, &mut gradient);
            for j in 0..5 {
                let mut at = |shift: f64| {
                    let mut moved = theta.clone();
                    moved[j] += shift;
                    objective.at(&moved, &mut [0.0; 5])
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((gradient[j] - difference).abs() < 1e-5 * (1.0 + difference.abs()), "{j}");
            }
        }
    }

    #[test]
    fn finds_out_which_columns_matter() {
        let (points, values, variances) = problem(40);
        let theta = fit(Vectors::detect(), &points, &values, &variances, Theta::prior(&points.axes), 50);
        let weights = theta.kernel().weights;
        assert!(weights[0] > 10.0 * weights[2], "{weights:?}");
        assert!(theta.noise() < 1e-2);
    }

    #[test]
    fn every_width_finds_the_same() {
        let (points, values, variances) = problem(25);
        let one = fit(Vectors::Baseline, &points, &values, &variances, Theta::prior(&points.axes), 20);
        let other = fit(Vectors::detect(), &points, &values, &variances, Theta::prior(&points.axes), 20);
        assert_eq!(one, other);
    }
}
