//! Mean and variance of f given the values.
//!
//! ```text
//! E f(x) = k(x)' alpha,   var f(x) = a - |M k(x)|^2,   M = L^-1,   L L' = K,   alpha = M' M y
//! ```
//!
//! with the gradients for a search, and one observation more in O(n^2).

use super::fit::Theta;
use super::kernel::{Axis, Kernel, Points, Row};
use super::triangular::{dot, factor, invert, start, times, transposed_times};
use crate::error::{Error, Result};
use crate::vectors::Vectors;

/// Variances below this share of the amplitude are rounding.
const LEAST_VARIANCE: f64 = 1e-12;

/// f given the values.
pub struct Posterior {
    vectors: Vectors,
    points: Points,
    kernel: Kernel,
    /// M y.
    whitened: Vec<f64>,
    m: Vec<f64>,
    alpha: Vec<f64>,
}

/// Scratch memory of predictions.
#[derive(Default)]
pub struct Scratch {
    row: Row,
    whitened: Vec<f64>,
    back: Vec<f64>,
}

impl Posterior {
    /// f given values (n,) at points (n, d), with the variances of their noise.
    pub fn new(
        vectors: Vectors,
        points: Points,
        values: &[f64],
        variances: &[f64],
        theta: &Theta,
    ) -> Result<Self> {
        let n = points.n;
        let (kernel, noise) = (theta.kernel(), theta.noise());
        let (mut k, mut m) = (vec![0.0; start(n)], vec![0.0; start(n)]);
        // A matrix that rounding makes indefinite gets more noise.
        let mut jitter = 0.0;
        for _ in 0..8 {
            // `m` is scratch for the slopes, which are not needed here.
            kernel.matrix(vectors, &points, &mut k, &mut m);
            for i in 0..n {
                k[start(i) + i] += variances[i] + noise + jitter;
            }
            if factor(vectors, &mut k, n) {
                invert(vectors, &k, n, &mut m);
                let mut whitened = vec![0.0; n];
                times(vectors, &m, values, &mut whitened);
                let mut made = Posterior { vectors, points, kernel, whitened, m, alpha: Vec::new() };
                made.solve();
                return Ok(made);
            }
            jitter = if jitter == 0.0 { 1e-8 } else { 10.0 * jitter };
        }
        Err(Error::invalid("the values of the evaluated points are not finite numbers"))
    }

    fn solve(&mut self) {
        self.alpha.resize(self.points.n, 0.0);
        transposed_times(self.vectors, &self.m, &self.whitened, &mut self.alpha);
    }

    /// The means at the evaluated points.
    pub fn means(&self) -> Vec<f64> {
        let mut scratch = Scratch::default();
        let d = self.points.axes.len();
        let point = |i: usize| (0..d).map(|j| self.points.columns[j][i]).collect::<Vec<f64>>();
        (0..self.points.n)
            .map(|i| {
                let row = &mut scratch.row;
                self.kernel.row(self.vectors, &self.points, self.points.n, &point(i), row);
                dot(self.vectors, &row.values, &self.alpha)
            })
            .collect()
    }

    /// Mean and standard deviation at a point.
    pub fn at(&self, point: &[f64], scratch: &mut Scratch) -> (f64, f64) {
        let n = self.points.n;
        self.kernel.row(self.vectors, &self.points, n, point, &mut scratch.row);
        scratch.whitened.resize(n, 0.0);
        times(self.vectors, &self.m, &scratch.row.values, &mut scratch.whitened);
        let explained = dot(self.vectors, &scratch.whitened, &scratch.whitened);
        let least = LEAST_VARIANCE * self.kernel.amplitude;
        let variance = (self.kernel.amplitude - explained).max(least);
        (dot(self.vectors, &scratch.row.values, &self.alpha), variance.sqrt())
    }

    /// The same, and the gradients with respect to the numbers of the point; 0 for categories.
    pub fn with_gradients(
        &self,
        point: &[f64],
        scratch: &mut Scratch,
        by_mean: &mut [f64],
        by_deviation: &mut [f64],
    ) -> (f64, f64) {
        let (mean, deviation) = self.at(point, scratch);
        scratch.back.resize(self.points.n, 0.0);
        transposed_times(self.vectors, &self.m, &scratch.whitened, &mut scratch.back);
        let slopes = &scratch.row.slopes[..self.points.n];
        for j in 0..point.len() {
            if self.points.axes[j] == Axis::Category || point[j].is_nan() {
                (by_mean[j], by_deviation[j]) = (0.0, 0.0);
                continue;
            }
            // dk_i / dx_j = -slope_i w_j (x_j - x_ij);  d var = -2 (K^-1 k)' dk
            let column = &self.points.columns[j];
            let first = slope(self.vectors, slopes, column, point[j], &self.alpha);
            let second = slope(self.vectors, slopes, column, point[j], &scratch.back);
            by_mean[j] = -self.kernel.weights[j] * first;
            by_deviation[j] = self.kernel.weights[j] * second / deviation;
        }
        (mean, deviation)
    }

    /// One observation more.
    pub fn push(&mut self, point: &[f64], value: f64, variance: f64) {
        let mut scratch = Scratch::default();
        let (_, deviation) = self.at(point, &mut scratch);
        let n = self.points.n;
        // The new row of L is (M k, l) and that of M is (-(M k)' M / l, 1 / l).
        let l = (deviation * deviation + variance).sqrt();
        let value = (value - dot(self.vectors, &scratch.whitened, &self.whitened)) / l;
        let mut row = vec![0.0; n];
        transposed_times(self.vectors, &self.m, &scratch.whitened, &mut row);
        self.m.extend(row.iter().map(|entry| -entry / l));
        self.m.push(1.0 / l);
        self.whitened.push(value);
        self.points.push(point);
        self.solve();
    }
}

super::triangular::for_each_width! {
    /// sum_i slope_i (at - x_i) c_i, in four sums side by side.
    fn slope(slopes: &[f64], column: &[f64], at: f64, c: &[f64]) -> f64 {
        let mut sums = [0.0; 4];
        for (i, ((s, x), c)) in slopes.iter().zip(column).zip(c).enumerate() {
            sums[i % 4] += s * (at - x) * c;
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    const AXES: [Axis; 3] = [Axis::Number, Axis::Category, Axis::Number];

    fn observed(n: usize) -> (Vec<Vec<f64>>, Vec<f64>, Vec<f64>) {
        let mut stream = Stream::new(5);
        let points: Vec<Vec<f64>> =
            (0..n).map(|_| vec![stream.unit(), f64::from(stream.below(2)), stream.unit()]).collect();
        let values = points.iter().map(|x| (4.0 * x[0]).sin() + x[1] - x[2] * x[2]).collect();
        (points, values, vec![1e-6; n])
    }

    fn posterior(n: usize, theta: &Theta) -> Posterior {
        let (points, values, variances) = observed(n);
        let mut made = Points::new(AXES.to_vec());
        points.iter().for_each(|point| made.push(point));
        let made = Posterior::new(Vectors::detect(), made, &values, &variances, theta);
        made.unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn interpolates() {
        let theta = Theta { logs: vec![1.0, -0.5, 0.5, 0.0, -13.0] };
        let posterior = posterior(30, &theta);
        let (points, values, _) = observed(30);
        for ((point, value), own) in points.iter().zip(&values).zip(posterior.means()) {
            let (mean, deviation) = posterior.at(point, &mut Scratch::default());
            assert!((mean - value).abs() < 1e-2 && deviation < 1e-2);
            assert!((mean - own).abs() < 1e-12);
        }
    }

    #[test]
    fn gradients_are_differences() {
        let posterior = posterior(20, &Theta::prior(&AXES));
        let mut scratch = Scratch::default();
        let at = [0.37, 1.0, 0.61];
        let (mut by_mean, mut by_deviation) = ([0.0; 3], [0.0; 3]);
        let _ = posterior.with_gradients(&at, &mut scratch, &mut by_mean, &mut by_deviation);
        for j in [0, 2] {
            let mut value = |shift: f64| {
                let mut moved = at;
                moved[j] += shift;
                posterior.at(&moved, &mut scratch)
            };
            let ((high, wide), (low, narrow)) = (value(1e-5), value(-1e-5));
            assert!((by_mean[j] - (high - low) / 2e-5).abs() < 1e-5);
            assert!((by_deviation[j] - (wide - narrow) / 2e-5).abs() < 1e-4);
        }
    }

    #[test]
    fn one_more_is_as_from_the_start() {
        let theta = Theta::prior(&AXES);
        let (points, values, variances) = observed(21);
        let mut grown = posterior(20, &theta);
        grown.push(&points[20], values[20], variances[20] + theta.noise());
        let whole = posterior(21, &theta);
        let at = [0.2, 0.0, 0.9];
        let (one, other) = (grown.at(&at, &mut Scratch::default()), whole.at(&at, &mut Scratch::default()));
        assert!((one.0 - other.0).abs() < 1e-6 && (one.1 - other.1).abs() < 1e-6, "{one:?} {other:?}");
    }
}
