//! From scores to probabilities and residuals, over the whole slices of a block of rows. Every number is
//! computed by the same operations wherever it stands in its slice.

use crate::elementary::{exp_fused, log1p_fused};
use crate::vectors::for_each_width;

/// The rows of one block as one column of scores sees them.
pub struct Targets<'a> {
    /// 0 or 1 for two classes, else the class.
    pub y: &'a [f64],
    /// Weights, those of the classes included.
    pub weight: &'a [f64],
}

for_each_width! {
    /// Scores z of two classes become w (p - y), p = 1 / (1 + exp(-z)); `loss` w (log(1 + exp(z)) - y z).
    pub fn residuals<const FUSED: bool>(z: &mut [f64], loss: &mut [f64], rows: &Targets<'_>) {
        debug_assert!([loss.len(), rows.y.len(), rows.weight.len()] == [z.len(); 3]);
        // No sums in this loop: with them the compiler makes no vectors of it.
        for (((z, loss), &y), &weight) in z.iter_mut().zip(loss).zip(rows.y).zip(rows.weight) {
            let score = *z;
            let e = exp_fused::<FUSED>(-score.abs());
            let over = 1.0 / (1.0 + e);
            let p = if score >= 0.0 { over } else { e * over };
            let above = if score > 0.0 { score } else { 0.0 };
            *loss = weight * (log1p_fused::<FUSED>(e) + (above - y * score));
            *z = weight * (p - y);
        }
    }
}

for_each_width! {
    /// Scores z of two classes become w p (1 - p).
    pub fn variances<const FUSED: bool>(z: &mut [f64], weight: &[f64]) {
        debug_assert_eq!(z.len(), weight.len());
        for (z, &weight) in z.iter_mut().zip(weight) {
            let e = exp_fused::<FUSED>(-z.abs());
            let over = 1.0 / (1.0 + e);
            *z = weight * (e * over * over);
        }
    }
}

for_each_width! {
    /// Scores z (K, b) become probabilities; `most` (b,) the greatest score and `sum` (b,) the sum of
    /// exp(z - most) of each row.
    pub fn softmax<const FUSED: bool>(z: &mut [f64], most: &mut [f64], sum: &mut [f64]) {
        debug_assert!(most.len() == sum.len() && z.len().is_multiple_of(most.len()));
        let b = most.len();
        most.fill(f64::NEG_INFINITY);
        for z in z.chunks_exact(b) {
            for (most, &z) in most.iter_mut().zip(z) {
                // NaN wins, so that it is not overlooked.
                *most = if z <= *most { *most } else { z };
            }
        }
        sum.fill(0.0);
        for z in z.chunks_exact_mut(b) {
            for ((z, &most), sum) in z.iter_mut().zip(&*most).zip(&mut *sum) {
                *z = exp_fused::<FUSED>(*z - most);
                *sum += *z;
            }
        }
        for z in z.chunks_exact_mut(b) {
            for (z, &sum) in z.iter_mut().zip(&*sum) {
                *z /= sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Vectors;

    fn levels() -> impl Iterator<Item = Vectors> {
        let best = Vectors::detect();
        [Vectors::Baseline, Vectors::Avx2, Vectors::Avx512].into_iter().filter(move |&v| v <= best)
    }

    fn close(got: f64, expected: f64, what: &str) {
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{what}: {got} {expected}");
    }

    #[test]
    fn residuals_and_loss_are_exact_far_out() {
        for level in levels() {
            let mut z = [-800.0, -30.0, -1.0, 0.0, 1e-9, 2.0, 40.0, 800.0, 3.0];
            let (y, weight) = ([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], [2.0; 9]);
            let expected: f64 = z
                .iter()
                .zip(y)
                .map(|(&z, y): (&f64, f64)| 2.0 * ((-z.abs()).exp().ln_1p() + z.max(0.0) - y * z))
                .sum();
            let mut loss = [0.0; 9];
            residuals(level, &mut z, &mut loss, &Targets { y: &y, weight: &weight });
            close(loss.iter().sum(), expected, "loss");
            assert_eq!((z[0], z[7]), (-2.0, 0.0));
            close(z[1], 2.0 * (-30.0f64).exp() / (1.0 + (-30.0f64).exp()), "residual");
        }
    }

    #[test]
    fn softmax_of_large_scores_is_finite() {
        for level in levels() {
            let mut z = [1000.0, -1000.0, 0.0, 999.0, -999.0, 0.0, -1000.0, -1000.0, 0.0];
            let (mut most, mut sum) = ([0.0; 3], [0.0; 3]);
            softmax(level, &mut z, &mut most, &mut sum);
            assert_eq!(most, [1000.0, -999.0, 0.0]);
            close(z[0], 1.0 / (1.0 + (-1.0f64).exp()), "p");
            assert_eq!((z[2], z[5], z[8]), (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0));
        }
    }
}
