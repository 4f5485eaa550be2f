//! The kernel: Matern 5/2 over numbers, with a length scale each, times a kernel over categories.
//!
//! ```text
//! k(x, z) = a (1 + t + t^2 / 3) exp(-t - c),   t = sqrt(5) r
//! r^2 = sum_j w_j (x_j - z_j)^2 over numbers,   c = sum_j w_j [x_j != z_j] over categories
//! ```
//!
//! exp(-c) is a product of exponential Hamming kernels, so k is positive definite. theta are the logarithms
//! of w_1, ..., w_d and of the amplitude a (w_j is 1 / length scale^2 of a number).
//!
//! A number that does not apply is put in the middle, a category that does not apply is one of its own: k is
//! a kernel of these features, whatever the conditions are.

use super::triangular::{for_each_width, start};
use crate::vectors::Vectors;

/// How the coordinates of a column are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Number,
    Category,
}

/// What stands for a coordinate in the kernel.
fn feature(axis: Axis, coordinate: f64) -> f64 {
    match axis {
        _ if !coordinate.is_nan() => coordinate,
        Axis::Number => 0.5,
        Axis::Category => -1.0,
    }
}

/// Points, column by column.
#[derive(Clone, Debug)]
pub struct Points {
    pub axes: Vec<Axis>,
    pub columns: Vec<Vec<f64>>,
    pub n: usize,
}

impl Points {
    /// No points yet.
    pub fn new(axes: Vec<Axis>) -> Self {
        Points { columns: vec![Vec::new(); axes.len()], axes, n: 0 }
    }

    /// Adds a point.
    pub fn push(&mut self, point: &[f64]) {
        for ((column, &axis), &coordinate) in self.columns.iter_mut().zip(&self.axes).zip(point) {
            column.push(feature(axis, coordinate));
        }
        self.n += 1;
    }
}

/// The kernel's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// w (d,).
    pub weights: Vec<f64>,
    pub amplitude: f64,
}

/// Scratch of one row of the kernel's matrix.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// k(x, x_i), (n,).
    pub values: Vec<f64>,
    /// -2 dk / d(r^2), (n,): dk / dx_j = -slopes w_j (x_j - x_ij).
    pub slopes: Vec<f64>,
    distances: Vec<f64>,
    mismatches: Vec<f64>,
}

impl Kernel {
    /// k between a point and the first `n` of `points`.
    pub fn row(&self, vectors: Vectors, points: &Points, n: usize, point: &[f64], out: &mut Row) {
        for part in [&mut out.distances, &mut out.mismatches] {
            part.clear();
            part.resize(n, 0.0);
        }
        for (j, (&axis, column)) in points.axes.iter().zip(&points.columns).enumerate() {
            let at = feature(axis, point[j]);
            match axis {
                Axis::Number => {
                    add_squares(vectors, &column[..n], at, self.weights[j], &mut out.distances);
                }
                Axis::Category => {
                    add_mismatches(vectors, &column[..n], at, self.weights[j], &mut out.mismatches);
                }
            }
        }
        out.values.resize(n, 0.0);
        out.slopes.resize(n, 0.0);
        matern(
            vectors,
            self.amplitude,
            &out.distances,
            &out.mismatches,
            &mut out.values[..n],
            &mut out.slopes[..n],
        );
    }

    /// The lower halves of the kernel's matrix and of its slopes.
    pub fn matrix(&self, vectors: Vectors, points: &Points, values: &mut [f64], slopes: &mut [f64]) {
        let mut row = Row::default();
        let mut point = vec![0.0; points.axes.len()];
        for i in 0..points.n {
            for (coordinate, column) in point.iter_mut().zip(&points.columns) {
                *coordinate = column[i];
            }
            self.row(vectors, points, i + 1, &point, &mut row);
            values[start(i)..start(i + 1)].copy_from_slice(&row.values[..=i]);
            slopes[start(i)..start(i + 1)].copy_from_slice(&row.slopes[..=i]);
        }
    }
}

for_each_width! {
    /// Adds w (x - at)^2.
    fn add_squares(column: &[f64], at: f64, weight: f64, out: &mut [f64]) {
        for (o, x) in out.iter_mut().zip(column) {
            *o += weight * (x - at) * (x - at);
        }
    }
}

for_each_width! {
    /// Adds w [x != at].
    fn add_mismatches(column: &[f64], at: f64, weight: f64, out: &mut [f64]) {
        for (o, x) in out.iter_mut().zip(column) {
            *o += if *x == at { 0.0 } else { weight };
        }
    }
}

for_each_width! {
    /// k and -2 dk / d(r^2) = (5/3) a (1 + t) exp(-t - c), from r^2 and c.
    fn matern(amplitude: f64, squares: &[f64], mismatches: &[f64], values: &mut [f64], slopes: &mut [f64]) {
        let n = values.len();
        let (squares, mismatches, slopes) = (&squares[..n], &mismatches[..n], &mut slopes[..n]);
        for i in 0..n {
            let t = (5.0 * squares[i]).sqrt();
            let decay = amplitude * exp(-t - mismatches[i]);
            values[i] = decay * (1.0 + t + t * t / 3.0);
            slopes[i] = decay * (1.0 + t) * (5.0 / 3.0);
        }
    }
}

/// exp(x) for x <= 0, in operations that vectors have: x = m log 2 + r, |r| <= log(2) / 2, and Taylor's
/// polynomial of degree 13, whose error 0.35^14 / 14! is below the rounding.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52: adding it rounds to whole numbers
    const LOG2_HIGH: f64 = 0.693_145_751_953_125;
    const LOG2_LOW: f64 = 1.428_606_820_309_417_3e-6;
    let x = x.max(-700.0);
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let m = shifted - MAGIC;
    let r = x - m * LOG2_HIGH - m * LOG2_LOW;
    let mut p = 1.0;
    let mut k = 13.0;
    while k > 0.0 {
        p = 1.0 + p * r / k;
        k -= 1.0;
    }
    p * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn exp_is_exp() {
        for i in 0..100_000 {
            let x = -f64::from(i) * 0.006_7;
            assert!((exp(x) - x.exp()).abs() <= 4e-16 * x.exp(), "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e9) < 1e-300);
    }

    fn points(n: usize, seed: u64) -> Points {
        let mut stream = Stream::new(seed);
        let mut points = Points::new(vec![Axis::Number, Axis::Category, Axis::Number]);
        for i in 0..n {
            let inactive = if i % 4 == 0 { f64::NAN } else { stream.unit() };
            points.push(&[stream.unit(), f64::from(stream.below(3)), inactive]);
        }
        points
    }

    const WEIGHTS: [f64; 3] = [3.0, 0.7, 1.3];

    #[test]
    fn matrices_are_positive_definite_and_every_width_agrees() {
        let points = points(30, 0);
        let kernel = Kernel { weights: WEIGHTS.to_vec(), amplitude: 2.0 };
        let mut made = Vec::new();
        for vectors in [Vectors::Baseline, Vectors::detect()] {
            let (mut values, mut slopes) = (vec![0.0; start(30)], vec![0.0; start(30)]);
            kernel.matrix(vectors, &points, &mut values, &mut slopes);
            assert!((values[start(9) + 9] - 2.0).abs() < 1e-15);
            made.push(values.clone());
            for i in 0..30 {
                values[start(i) + i] += 1e-10;
            }
            assert!(super::super::triangular::factor(vectors, &mut values, 30));
        }
        assert_eq!(made[0], made[1]);
    }

    #[test]
    fn slopes_are_derivatives() {
        let points = points(10, 1);
        let kernel = Kernel { weights: WEIGHTS.to_vec(), amplitude: 1.5 };
        let value = |point: &[f64], row: &mut Row| {
            kernel.row(Vectors::Baseline, &points, 10, point, row);
            row.values.clone()
        };
        let mut row = Row::default();
        let at = [0.3, 1.0, 0.8];
        let _ = value(&at, &mut row);
        let slopes = row.slopes.clone();
        for j in [0, 2] {
            let (mut up, mut down) = (at, at);
            up[j] += 1e-6;
            down[j] -= 1e-6;
            let (high, low) = (value(&up, &mut row), value(&down, &mut row));
            for i in 0..10 {
                let analytic = -slopes[i] * WEIGHTS[j] * (at[j] - points.columns[j][i]);
                assert!((analytic - (high[i] - low[i]) / 2e-6).abs() < 1e-7);
            }
        }
    }
}
