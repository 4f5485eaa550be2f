//! Elementary functions by arithmetic alone, so that loops over them become vectors.
//!
//! ```text
//! exp(x)   = 2^n exp(r),  n = round(x / log 2),  r = x - n log 2 in two parts,  |r| <= 0.347
//! log1p(t) = 2 artanh(s),           s = t / (2 + t)         for t <= 0.4
//!          = log 2 + 2 artanh(s),   s = (t - 1) / (3 + t)   for t in (0.4, 1]
//! ```
//!
//! Both end in a Taylor series whose remainder is below 1e-17 of the value, so that the error is that of a
//! few roundings. [`exp`], [`log1p`] and what is made of them fuse nothing: vectors of every width give the
//! same bits. [`exp_fused`] and [`log1p_fused`] are faster, and theirs are the bits of one machine.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::gemm::Number;
use crate::vectors::fused;

/// f32 and f64.
pub trait Float:
    Number
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn to_f64(self) -> f64;
}

/// A number of the type that is computed in.
#[inline(always)]
pub fn number<T: Float>(value: f64) -> T {
    T::of_f64(value)
}

macro_rules! float {
    ($($kind:ident)*) => {$(
        impl Float for $kind {
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }
        }
    )*};
}
float!(f32 f64);

/// exp is told apart from zero, and 2^n is a normal number, from here ...
const LEAST: f64 = -708.0;
/// ... to here.
const GREATEST: f64 = 709.0;
/// 1.5 * 2^52: adding it rounds to an integer and leaves that in the lowest bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// log 2 in two parts; the first has trailing zeros, so that n * LN_2_HIGH is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// exp(x) for x in [-708, 709]; what lies outside counts as the nearer end, NaN stays NaN.
#[inline(always)]
pub fn exp_fused<const FUSED: bool>(x: f64) -> f64 {
    let x = if x < LEAST { LEAST } else { x };
    let x = if x > GREATEST { GREATEST } else { x };
    let shifted = fused::<FUSED>(x, std::f64::consts::LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let r = fused::<FUSED>(-n, LN_2_LOW, fused::<FUSED>(-n, LN_2_HIGH, x));
    // 1 / k!
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
        sum = fused::<FUSED>(sum, r, term);
    }
    // The lowest bits of `shifted` are n; 1023 is the exponent of 1.
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// log(1 + t) for t in [0, 1].
#[inline(always)]
pub fn log1p_fused<const FUSED: bool>(t: f64) -> f64 {
    let far = t > 0.4;
    let (above, below, offset) =
        if far { (t - 1.0, 3.0 + t, std::f64::consts::LN_2) } else { (t, 2.0 + t, 0.0) };
    let s = above / below;
    let square = s * s;
    let mut sum = 2.0 / 21.0;
    for term in [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 0.4] {
        sum = fused::<FUSED>(sum, square, term);
    }
    sum = fused::<FUSED>(sum, square, 2.0 / 3.0);
    offset + fused::<FUSED>(s * square, sum, 2.0 * s)
}

/// exp(x), computed in f64.
#[inline(always)]
pub fn exp<T: Float>(x: T) -> T {
    T::of_f64(exp_fused::<false>(x.to_f64()))
}

/// log(1 + t) for t in [0, 1], computed in f64.
#[inline(always)]
pub fn log1p<T: Float>(t: T) -> T {
    T::of_f64(log1p_fused::<false>(t.to_f64()))
}

/// log(1 + exp(z)), without overflow.
#[inline(always)]
pub fn softplus<T: Float>(z: T) -> T {
    let zero = T::of_f64(0.0);
    let above = if z > zero { z } else { zero };
    above + log1p(exp(-z.abs()))
}

/// 1 / (1 + exp(-z)), without overflow and without cancellation for z far below 0.
#[inline(always)]
pub fn logistic<T: Float>(z: T) -> T {
    let (zero, one) = (T::of_f64(0.0), T::of_f64(1.0));
    let u = exp(-z.abs());
    (if z > zero { one } else { u }) / (one + u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exp() {
        for i in -70_799..70_900 {
            let x = f64::from(i) / 100.0 + 1e-3 / 7.0;
            for got in [exp(x), exp_fused::<true>(x)] {
                assert!((got / x.exp() - 1.0).abs() <= 4e-16, "exp({x}) = {got}, not {}", x.exp());
            }
        }
        assert_eq!((exp(0.0f64), exp(0.0f32)), (1.0, 1.0));
        assert_eq!(exp(f64::NEG_INFINITY), exp(-708.0));
        assert!(exp(-1e9f64) < 1e-300 && exp(1e9f64).is_finite() && exp(f64::NAN).is_nan());
    }

    #[test]
    fn log1p_is_log1p() {
        for i in 0..=100_000 {
            for t in [f64::from(i) / 100_000.0, f64::from(i) * 1e-14] {
                for got in [log1p(t), log1p_fused::<true>(t)] {
                    assert!((got - t.ln_1p()).abs() <= 5e-16 * t.ln_1p(), "{t}: {got}, not {}", t.ln_1p());
                }
            }
        }
    }

    #[test]
    fn logistic_and_softplus_are_exact_far_out() {
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-15 * b, "{a} is not {b}");
        for i in -700..700 {
            let z = f64::from(i);
            near(logistic(z), 1.0 / (1.0 + (-z).exp()));
            near(softplus(z), z.max(0.0) + (-z.abs()).exp().ln_1p());
        }
        assert_eq!((logistic(-1e9) < 1e-300, logistic(1e9), softplus(1e9)), (true, 1.0, 1e9));
    }
}
