//! The values, transformed to look like draws of a Gaussian process.
//!
//! Scores of models have long tails on the bad side, which a stationary process fits at the cost of the good
//! side. So Yeo and Johnson's power transformation (A new family of power transformations, Biometrika 87,
//! 2000) with the most likely power, after and before the median and the spread are made 0 and 1.

/// A monotone map of values, and its slope for variances.
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    centre: f64,
    spread: f64,
    power: f64,
    mean: f64,
    deviation: f64,
}

/// Powers that are tried: 1 leaves values as they are, less pulls in large values.
const POWERS: (f64, f64) = (-2.0, 2.0);

impl Transform {
    /// The transformation for these values.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let centre = quantile(0.5);
        let (_, whole) = moments(values);
        // Normal values lie with half of them within 1.349 standard deviations.
        let middle = (quantile(0.75) - quantile(0.25)) / 1.349;
        let spread = [middle, whole].into_iter().find(|s| *s > 1e-12 * (1.0 + centre.abs())).unwrap_or(1.0);
        let scaled: Vec<f64> = values.iter().map(|y| (y - centre) / spread).collect();
        let power = if values.len() < 5 { 1.0 } else { most_likely_power(&scaled) };
        let bent: Vec<f64> = scaled.iter().map(|&z| bend(z, power)).collect();
        let (mean, deviation) = moments(&bent);
        let deviation = if deviation > 1e-12 { deviation } else { 1.0 };
        Transform { centre, spread, power, mean, deviation }
    }

    /// The transformed value.
    pub fn forward(&self, y: f64) -> f64 {
        (bend((y - self.centre) / self.spread, self.power) - self.mean) / self.deviation
    }

    /// Its derivative.
    pub fn slope(&self, y: f64) -> f64 {
        let z = (y - self.centre) / self.spread;
        let by_scaled =
            if z >= 0.0 { (z + 1.0).powf(self.power - 1.0) } else { (1.0 - z).powf(1.0 - self.power) };
        by_scaled / (self.spread * self.deviation)
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n;
    (mean, square.sqrt())
}

/// Yeo and Johnson's transformation.
fn bend(z: f64, power: f64) -> f64 {
    // ((1 + |z|)^p - 1) / p, which is log(1 + |z|) at p = 0.
    let branch = |z: f64, p: f64| if p.abs() < 1e-9 { z.ln_1p() } else { (p * z.ln_1p()).exp_m1() / p };
    if z >= 0.0 { branch(z, power) } else { -branch(-z, 2.0 - power) }
}

/// Golden section on the likelihood of a normal distribution (their equation 3.1), which is concave in
/// practice.
fn most_likely_power(scaled: &[f64]) -> f64 {
    let jacobian: f64 = scaled.iter().map(|z| z.signum() * z.abs().ln_1p()).sum();
    let likelihood = |power: f64| {
        let bent: Vec<f64> = scaled.iter().map(|&z| bend(z, power)).collect();
        let (_, deviation) = moments(&bent);
        (power - 1.0) * jacobian - scaled.len() as f64 * deviation.max(1e-300).ln()
    };
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = POWERS;
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (likelihood(left), likelihood(right));
    for _ in 0..20 {
        if at_left > at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = likelihood(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = likelihood(right);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    fn skewed(n: usize) -> Vec<f64> {
        let mut stream = Stream::new(3);
        (0..n).map(|_| (4.0 * stream.unit()).exp() + 100.0).collect()
    }

    #[test]
    fn standard_and_in_order() {
        let mut values = skewed(200);
        let transform = Transform::of(&values);
        let (mean, deviation) = moments(&values.iter().map(|&y| transform.forward(y)).collect::<Vec<_>>());
        assert!(mean.abs() < 1e-12 && (deviation - 1.0).abs() < 1e-12);
        values.sort_by(f64::total_cmp);
        assert!(values.windows(2).all(|w| transform.forward(w[0]) < transform.forward(w[1])));
        assert!(transform.power < 0.5, "a long tail of large values is pulled in");
    }

    #[test]
    fn slopes_are_derivatives() {
        let transform = Transform::of(&skewed(50));
        for y in [90.0, 100.5, 103.0, 140.0] {
            let difference = (transform.forward(y + 1e-6) - transform.forward(y - 1e-6)) / 2e-6;
            assert!((transform.slope(y) - difference).abs() < 1e-6 * (1.0 + difference));
        }
    }

    #[test]
    fn scale_and_place_do_not_matter() {
        let values = skewed(40);
        let moved: Vec<f64> = values.iter().map(|y| 1e-3 * y - 7.0).collect();
        let (one, other) = (Transform::of(&values), Transform::of(&moved));
        for (y, z) in values.iter().zip(&moved) {
            assert!((one.forward(*y) - other.forward(*z)).abs() < 1e-6);
        }
    }

    #[test]
    fn equal_values() {
        let transform = Transform::of(&[3.0; 8]);
        assert_eq!(transform.forward(3.0), 0.0);
        assert!(transform.slope(3.0).is_finite());
    }
}
