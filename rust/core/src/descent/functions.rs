//! exp and log1p by arithmetic alone, so that loops over them become vectors with the same bits in every
//! width. Errors are a few units in the last place.

use super::vector::Float;

/// ln 2 in two parts; the first has 20 zero bits at its end, so that small multiples are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Added and taken away, it rounds to an integer, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 1 / k! for k = 13 .. 0: the next term is below 2^-57 for |r| <= ln(2) / 2.
const EXP: [f64; 14] = [
    1.0 / 6_227_020_800.0,
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
];

/// e^x for x in [-708, 709]; what lies outside counts as the nearer end.
#[inline(always)]
pub fn exp<T: Float>(x: T) -> T {
    let x = x.to_f64();
    let x = if x > -708.0 { x } else { -708.0 };
    let x = if x < 709.0 { x } else { 709.0 };
    // x = k ln 2 + r
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut sum = EXP[0];
    for coefficient in &EXP[1..] {
        sum = sum * r + coefficient;
    }
    // 2^k: its exponent field is k + 1023.
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    T::of_f64(sum * power)
}

/// log(1 + u) for u in [0, 1].
#[inline(always)]
pub fn ln_1p<T: Float>(u: T) -> T {
    let u = u.to_f64();
    // 1 + u = 2^k (1 + v) with v in [-0.2929, 0.4143], and log(1 + v) = 2 artanh(v / (2 + v)).
    let large = u > std::f64::consts::SQRT_2 - 1.0;
    let v = if large { 0.5 * (u - 1.0) } else { u };
    let whole = if large { std::f64::consts::LN_2 } else { 0.0 };
    let s = v / (2.0 + v);
    let q = s * s;
    // artanh(s) / s = sum q^k / (2 k + 1), q <= 0.0295.
    let mut sum = 1.0 / 23.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * q + 1.0 / odd;
    }
    T::of_f64(whole + 2.0 * s * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exp() {
        for i in -70_799..70_900 {
            let x = f64::from(i) / 100.0 + 1e-3 / 7.0;
            let (got, expected) = (exp(x), x.exp());
            assert!((got / expected - 1.0).abs() < 1e-15, "exp({x}) = {got}, not {expected}");
        }
        assert_eq!((exp(0.0f64), exp(0.0f32)), (1.0, 1.0));
        assert_eq!(exp(f64::NEG_INFINITY), exp(-708.0));
        assert!(exp(-1e9f64) < 1e-300 && exp(1e9f64).is_finite());
    }

    #[test]
    fn ln_1p_is_ln_1p() {
        for i in 0..=100_000 {
            for u in [f64::from(i) / 100_000.0, f64::from(i) * 1e-14] {
                let (got, expected): (f64, f64) = (ln_1p(u), u.ln_1p());
                assert!((got - expected).abs() <= 1e-15 * expected, "{u}: {got}, not {expected}");
            }
        }
    }
}
