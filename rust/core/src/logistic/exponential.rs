//! exp and log1p over whole slices, compiled for each width of vectors.
//!
//! ```text
//! exp(x)   = 2^n exp(r),  n = round(x / log 2),  r = x - n log 2 in two parts,  |r| <= 0.347
//! log1p(t) = 2 artanh(s),           s = t / (2 + t)         for t <= 0.4
//!          = log 2 + 2 artanh(s),   s = (t - 1) / (3 + t)   for t in (0.4, 1]
//! ```
//!
//! Both end in a Taylor series whose remainder is below 1e-17 of the value, so that the error is that of
//! a few roundings. Every number is computed by the same operations wherever it stands in its slice.

use crate::vectors::Vectors;

/// exp is not told apart from zero below; 2^n stays a normal number.
const LEAST: f64 = -708.0;
/// 1.5 * 2^52: adding it rounds to an integer and leaves that in the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// log 2 in two parts; the first has trailing zeros, so that n * LN_2_HIGH is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// a b + c, rounded once where the processor can.
#[inline(always)]
fn fused<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// exp(x) for x <= 0.
#[inline(always)]
fn exp<const FMA: bool>(x: f64) -> f64 {
    // NaN stays NaN.
    let x = if x < LEAST { LEAST } else { x };
    let shifted = fused::<FMA>(x, std::f64::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let r = fused::<FMA>(-n, LN_2_LOW, fused::<FMA>(-n, LN_2_HIGH, x));
    let mut sum = 1.0 / 6_227_020_800.0;
    for term in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = fused::<FMA>(sum, r, term);
    }
    // The lowest bits of `shifted` are n; 1023 is the exponent of 1.
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// log(1 + t) for t in [0, 1].
#[inline(always)]
fn log1p<const FMA: bool>(t: f64) -> f64 {
    let far = t > 0.4;
    let (above, below, offset) =
        if far { (t - 1.0, 3.0 + t, std::f64::consts::LN_2) } else { (t, 2.0 + t, 0.0) };
    let s = above / below;
    let square = s * s;
    let mut sum = 2.0 / 21.0;
    for term in [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 0.4] {
        sum = fused::<FMA>(sum, square, term);
    }
    sum = fused::<FMA>(sum, square, 2.0 / 3.0);
    offset + fused::<FMA>(s * square, sum, 2.0 * s)
}

/// The rows of one block as one column of scores sees them.
pub struct Rows<'a> {
    /// 0 or 1 for two classes, else the class.
    pub y: &'a [f64],
    /// Weights, those of the classes included.
    pub weight: &'a [f64],
}

/// Scores z of two classes become w (p - y), p = 1 / (1 + exp(-z)); `loss` w (log(1 + exp(z)) - y z).
#[inline(always)]
fn residuals<const FMA: bool>(z: &mut [f64], loss: &mut [f64], rows: &Rows<'_>) {
    // No sums in this loop: with them the compiler makes no vectors of it.
    for (((z, loss), &y), &weight) in z.iter_mut().zip(loss).zip(rows.y).zip(rows.weight) {
        let score = *z;
        let e = exp::<FMA>(-score.abs());
        let over = 1.0 / (1.0 + e);
        let p = if score >= 0.0 { over } else { e * over };
        let above = if score > 0.0 { score } else { 0.0 };
        *loss = weight * (log1p::<FMA>(e) + (above - y * score));
        *z = weight * (p - y);
    }
}

/// Scores z of two classes become w p (1 - p).
#[inline(always)]
fn variances<const FMA: bool>(z: &mut [f64], weight: &[f64]) {
    for (z, &weight) in z.iter_mut().zip(weight) {
        let e = exp::<FMA>(-z.abs());
        let over = 1.0 / (1.0 + e);
        *z = weight * (e * over * over);
    }
}

/// Scores z (K, b) become probabilities; `most` (b,) the greatest score and `sum` (b,) the sum of
/// exp(z - most) of each row.
#[inline(always)]
fn softmax<const FMA: bool>(z: &mut [f64], most: &mut [f64], sum: &mut [f64]) {
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
            *z = exp::<FMA>(*z - most);
            *sum += *z;
        }
    }
    for z in z.chunks_exact_mut(b) {
        for (z, &sum) in z.iter_mut().zip(&*sum) {
            *z /= sum;
        }
    }
}

/// The functions above for one width of vectors. What carries target features is not generic over them,
/// hence the macro.
macro_rules! level {
    ($name:ident, $fma:literal, $(#[$feature:meta])*) => {
        mod $name {
            use super::Rows;

            $(#[$feature])*
            pub unsafe fn residuals(z: &mut [f64], loss: &mut [f64], rows: &Rows<'_>) {
                super::residuals::<$fma>(z, loss, rows);
            }

            $(#[$feature])*
            pub unsafe fn variances(z: &mut [f64], weight: &[f64]) {
                super::variances::<$fma>(z, weight);
            }

            $(#[$feature])*
            pub unsafe fn softmax(z: &mut [f64], most: &mut [f64], sum: &mut [f64]) {
                super::softmax::<$fma>(z, most, sum);
            }
        }
    };
}

level!(portable, false,);
#[cfg(target_arch = "x86_64")]
level!(avx2, true, #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "x86_64")]
level!(avx512, true, #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]);

macro_rules! dispatch {
    ($name:ident, $vectors:expr, $($argument:expr),*) => {
        // SAFETY: `Vectors` says only what was detected.
        unsafe {
            match $vectors {
                #[cfg(target_arch = "x86_64")]
                Vectors::Avx512 => avx512::$name($($argument),*),
                #[cfg(target_arch = "x86_64")]
                Vectors::Avx2 => avx2::$name($($argument),*),
                _ => portable::$name($($argument),*),
            }
        }
    };
}

/// The functions for the vectors of this processor.
#[derive(Clone, Copy)]
pub struct Exponential(Vectors);

impl Default for Exponential {
    fn default() -> Self {
        Exponential(Vectors::detect())
    }
}

impl Exponential {
    pub fn residuals(self, z: &mut [f64], loss: &mut [f64], rows: &Rows<'_>) {
        debug_assert!([loss.len(), rows.y.len(), rows.weight.len()] == [z.len(); 3]);
        dispatch!(residuals, self.0, z, loss, rows);
    }

    pub fn variances(self, z: &mut [f64], weight: &[f64]) {
        debug_assert_eq!(z.len(), weight.len());
        dispatch!(variances, self.0, z, weight);
    }

    pub fn softmax(self, z: &mut [f64], most: &mut [f64], sum: &mut [f64]) {
        debug_assert!(most.len() == sum.len() && z.len().is_multiple_of(most.len()));
        dispatch!(softmax, self.0, z, most, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Vec<Exponential> {
        let all = [Vectors::Baseline, Vectors::Avx2, Vectors::Avx512];
        let best = Vectors::detect();
        let last = all.iter().position(|v| *v == best).unwrap_or(0);
        all[..=last].iter().map(|&v| Exponential(v)).collect()
    }

    fn close(got: f64, expected: f64, what: &str) {
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{what}: {got} {expected}");
    }

    #[test]
    fn exp_and_log1p_are_those_of_the_standard_library() {
        for i in 0..=200_000 {
            let x = -700.0 * (f64::from(i) / 200_000.0).powi(3);
            close(exp::<true>(x), x.exp(), "exp");
            close(exp::<false>(x), x.exp(), "exp");
            let t = f64::from(i) / 200_000.0;
            close(log1p::<true>(t), t.ln_1p(), "log1p");
            close(log1p::<false>(t * 1e-9), (t * 1e-9).ln_1p(), "log1p");
        }
        assert_eq!(exp::<true>(0.0), 1.0);
        assert!(exp::<true>(f64::NEG_INFINITY) < 1e-300 && exp::<true>(f64::NAN).is_nan());
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
            level.residuals(&mut z, &mut loss, &Rows { y: &y, weight: &weight });
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
            level.softmax(&mut z, &mut most, &mut sum);
            assert_eq!(most, [1000.0, -999.0, 0.0]);
            close(z[0], 1.0 / (1.0 + (-1.0f64).exp()), "p");
            assert_eq!((z[2], z[5], z[8]), (1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0));
        }
    }
}
