//! Log expected improvement, without underflow.
//!
//! ```text
//! log E[max(best - f, 0)] = log s + log h(z),   f ~ N(m, s^2),   z = (best - m) / s
//! h(z) = phi(z) + z Phi(z)
//! ```
//!
//! h and its derivative Phi vanish fast to the left: at z = -40 both underflow, and an optimiser would see a
//! plain (Ament et al., Unexpected improvements to expected improvement, NeurIPS 2023). With t = -z and
//! Mills' ratio R(t) = (1 - Phi(t)) / phi(t) = 1 / (t + C(t)), where C(t) = 1 / (t + 2 / (t + 3 / ...))
//! (Laplace's continued fraction),
//!
//! ```text
//! h(z) = phi(z) (1 - t R(t)) = phi(z) C / (t + C),   d log h / dz = Phi(z) / h(z) = 1 / C
//! ```
//!
//! in which nothing cancels.

use std::f64::consts::{PI, SQRT_2};

/// Beyond this the continued fraction converges fast; before it the series does.
const FAR: f64 = 3.0;

/// Terms of the fraction: enough for full precision at `FAR`.
const TERMS: usize = 60;

/// Log expected improvement, and its derivatives with respect to the mean and to the standard deviation.
pub fn log_expected_improvement(best: f64, mean: f64, deviation: f64) -> (f64, f64, f64) {
    let z = (best - mean) / deviation;
    let (log_h, slope) = log_h(z);
    (deviation.ln() + log_h, -slope / deviation, (1.0 - slope * z) / deviation)
}

/// log h(z) and its derivative.
fn log_h(z: f64) -> (f64, f64) {
    let log_density = -0.5 * z * z - 0.5 * (2.0 * PI).ln();
    if z > -FAR {
        let density = log_density.exp();
        let below = normal_below(z);
        let h = density + z * below;
        (h.ln(), below / h)
    } else {
        let t = -z;
        // Backwards from the tail, C = 1 / (t + 2 / (t + 3 / ...)).
        let mut tail = 0.0;
        for k in (2..TERMS).rev() {
            tail = k as f64 / (t + tail);
        }
        let c = 1.0 / (t + tail);
        (log_density + (c / (t + c)).ln(), 1.0 / c)
    }
}

/// Phi(z) by its series around 0 (Marsaglia, Evaluating the normal distribution, J. Stat. Soft. 11, 2004).
fn normal_below(z: f64) -> f64 {
    if z > 9.0 {
        return 1.0;
    }
    let (mut sum, mut term, mut k) = (z, z, 1.0);
    while term.abs() > 1e-17 * sum.abs() && k < 400.0 {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * z * z).exp() / (PI.sqrt() * SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // By arbitrary precision arithmetic: log(phi(z) + z Phi(z)).
        for (z, expected) in [
            (3.0, 1.098_739_665_327_707_8),
            (0.0, -0.918_938_533_204_672_7),
            (-1.0, -2.485_121_025_712_641_3),
            (-3.0, -7.869_686_059_603_029),
            (-10.0, -55.553_122_036_122_36),
            (-40.0, -808.298_568_356_62),
        ] {
            let (found, _) = log_h(z);
            assert!((found - expected).abs() < 1e-13 * (1.0 + f64::abs(expected)), "{z}: {found}");
        }
    }

    #[test]
    fn both_ways_meet() {
        let (near, slope) = log_h(-FAR + 1e-9);
        let (far, steep) = log_h(-FAR - 1e-9);
        assert!((near - far - 2e-9 * slope).abs() < 1e-11 && (slope - steep).abs() < 1e-7);
    }

    #[test]
    fn derivatives() {
        for (best, mean, deviation) in [(0.0, -1.0, 0.5), (0.0, 0.3, 1.0), (0.0, 2.0, 0.3), (-1.0, 5.0, 0.1)]
        {
            let value = |m: f64, s: f64| log_expected_improvement(best, m, s).0;
            let (_, by_mean, by_deviation) = log_expected_improvement(best, mean, deviation);
            let e = 1e-6;
            let along_mean = (value(mean + e, deviation) - value(mean - e, deviation)) / (2.0 * e);
            let along_deviation = (value(mean, deviation + e) - value(mean, deviation - e)) / (2.0 * e);
            assert!((by_mean - along_mean).abs() < 1e-4 * (1.0 + by_mean.abs()));
            assert!((by_deviation - along_deviation).abs() < 1e-4 * (1.0 + by_deviation.abs()));
        }
    }

    #[test]
    fn grows_with_z() {
        let values: Vec<f64> = (-4000..400).map(|i| log_h(f64::from(i) / 100.0).0).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
