//! From scores z (n, k) to one value per class or target. Nothing is learned here.

use crate::elementary::logistic;

/// What scores mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Scores are the predicted numbers.
    Identity,
    /// Scores rank the classes and are no probabilities: one score for two classes, else one per class.
    Decision,
    /// p = 1 / (1 + exp(-z)): one score for two classes; else one per class, normalised to sum 1.
    Logistic,
    /// p_j = exp(z_j) / sum_l exp(z_l).
    Softmax,
    /// p = (clip(z, -1, 1) + 1) / 2, normalised: the modified Huber loss's estimate (Zhang 2004).
    Clipped,
}

const NAMES: [(&str, Link); 5] = [
    ("identity", Link::Identity),
    ("decision", Link::Decision),
    ("logistic", Link::Logistic),
    ("softmax", Link::Softmax),
    ("clipped", Link::Clipped),
];

impl Link {
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, link)| link)
    }

    /// The link of a number that `self as i64` gave.
    pub fn numbered(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|i| NAMES.get(i)).map(|&(_, link)| link)
    }

    pub fn name(self) -> &'static str {
        NAMES[self as usize].0
    }

    /// Values by class or target: (n, K) from scores (n, k), where k is 1 for two classes.
    pub fn values(self, scores: &[f64], n_classes: usize) -> Vec<f64> {
        if n_classes == 0 {
            return scores.to_vec();
        }
        if n_classes == 2 {
            return scores.iter().flat_map(|&z| self.of_two(z)).collect();
        }
        let mut values = scores.to_vec();
        values.chunks_exact_mut(n_classes).for_each(|row| self.of_many(row));
        values
    }

    fn of_two(self, z: f64) -> [f64; 2] {
        match self {
            Link::Identity | Link::Decision => [-z, z],
            Link::Logistic | Link::Softmax => [logistic(-z), logistic(z)],
            Link::Clipped => [clipped(-z), clipped(z)],
        }
    }

    fn of_many(self, row: &mut [f64]) {
        match self {
            Link::Identity | Link::Decision => {}
            Link::Softmax => {
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter_mut().for_each(|z| *z = (*z - most).exp());
                normalise(row);
            }
            Link::Logistic => {
                row.iter_mut().for_each(|z| *z = logistic(*z));
                normalise(row);
            }
            Link::Clipped => {
                row.iter_mut().for_each(|z| *z = clipped(*z));
                normalise(row);
            }
        }
    }
}

fn clipped(z: f64) -> f64 {
    (z.clamp(-1.0, 1.0) + 1.0) / 2.0
}

/// To sum 1; all alike where all are 0.
fn normalise(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    let n = row.len() as f64;
    row.iter_mut().for_each(|p| *p = if sum > 0.0 { *p / sum } else { 1.0 / n });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_variants() {
        for (i, (name, link)) in NAMES.into_iter().enumerate() {
            assert_eq!(i, link as usize);
            assert_eq!(Link::parse(name), Some(link));
            assert_eq!(Link::numbered(i as i64), Some(link));
            assert_eq!(link.name(), name);
        }
    }

    #[test]
    fn probabilities_sum_to_one() {
        let scores = [-800.0, -1.5, 0.0, 0.3, 2.0, 900.0];
        for link in [Link::Logistic, Link::Softmax, Link::Clipped] {
            for (n_classes, name) in [(2, "two"), (3, "many")] {
                for row in link.values(&scores, n_classes).chunks_exact(n_classes) {
                    let sum: f64 = row.iter().sum();
                    assert!((sum - 1.0).abs() < 1e-15 && row.iter().all(|p| *p >= 0.0), "{link:?} of {name}");
                }
            }
        }
    }
}
