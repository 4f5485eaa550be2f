//! What keeps coefficients small.
//!
//! ```text
//! penalty(w) = l1 |w|_1 + l2 |w|_2^2 / 2,     l1 = alpha l1_ratio,  l2 = alpha (1 - l1_ratio)
//! ```
//!
//! The squared part is smooth and joins the gradient; the absolute part is not, and is taken by its
//! proximal step, which makes coefficients exactly zero:
//!
//! ```text
//! soft(w, eta l1) = argmin_v  (v - w)^2 / 2 + eta l1 |v|
//! ```

use super::vector::Float;

/// Weights of the two parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

impl Penalty {
    /// Its value at coefficients.
    pub fn value(&self, w: impl Iterator<Item = f64>) -> f64 {
        let (mut absolute, mut squared) = (0.0, 0.0);
        for w in w {
            absolute += w.abs();
            squared += w * w;
        }
        self.l1 * absolute + 0.5 * self.l2 * squared
    }
}

/// The proximal step of `threshold` |w|; w itself where the threshold is 0.
#[inline(always)]
pub fn soft<T: Float>(w: T, threshold: T) -> T {
    let below = if w < threshold { w } else { threshold };
    let inside = if below > -threshold { below } else { -threshold };
    w - inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_minimises_its_objective() {
        for w in [-2.0, -0.5, -0.1, 0.0, 0.3, 1.0, 7.5] {
            for threshold in [0.0, 0.1, 0.5, 3.0] {
                let objective = |v: f64| 0.5 * (v - w) * (v - w) + threshold * v.abs();
                let best = soft(w, threshold);
                for step in [-1e-1, -1e-4, 1e-4, 1e-1] {
                    assert!(
                        objective(best) <= objective(best + step) + 1e-15,
                        "w {w}, threshold {threshold}"
                    );
                }
                assert!(objective(best) <= objective(0.0) + 1e-15);
            }
            assert_eq!(soft(w, 0.0), w);
        }
    }

    #[test]
    fn value_is_the_elastic_net() {
        let penalty = Penalty { l1: 0.3, l2: 0.5 };
        assert!((penalty.value([1.0, -2.0].into_iter()) - (0.3 * 3.0 + 0.25 * 5.0)).abs() < 1e-15);
    }
}
