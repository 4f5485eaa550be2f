//! The weights that the rows of a fold have in each tree: bootstrap draws, sample and class weights.
//!
//! As in scikit-learn 1.9: with bootstrap, rows are drawn with probability proportional to
//! sample_weight x class_weight and count as often as they were drawn; without, they have that weight.

use super::settings::{ClassWeight, Shared};
use crate::candidate::Amount;
use crate::class_weight;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::seed::Stream;

/// Names of the streams of a tree.
const BOOTSTRAP: u64 = 1;
const NODES: u64 = 2;

/// How the trees of one forest weight the training rows of one fold.
pub struct Sampling<'a> {
    data: &'a Data<'a>,
    train: &'a [u32],
    shared: &'a Shared,
    /// Number of draws of a tree; `None` without bootstrap.
    n_draws: Option<usize>,
    /// sample_weight x class_weight (n_train,), where they are not all 1.
    weights: Option<Vec<f64>>,
    /// Running sums of `weights`, for drawing.
    cumulative: Option<Vec<f64>>,
}

impl<'a> Sampling<'a> {
    pub fn new(data: &'a Data<'a>, train: &'a [u32], shared: &'a Shared) -> Result<Self> {
        let n = train.len();
        let mut weights =
            data.sample_weight.map(|all| train.iter().map(|&i| all[i as usize]).collect::<Vec<_>>());
        if let Some(classes) = class_weights(data, train, shared) {
            match &mut weights {
                Some(weights) => weights.iter_mut().zip(&classes).for_each(|(w, c)| *w *= c),
                None => weights = Some(classes),
            }
        }
        let total = weights.as_ref().map_or(n as f64, |weights| weights.iter().sum());
        if !(total > 0.0 && total.is_finite()) {
            return Err(Error::invalid("the weights of the training rows must have a finite sum > 0"));
        }
        let n_draws = shared.bootstrap.then(|| match shared.max_samples {
            None => n,
            Some(Amount::Count(count)) => count,
            Some(Amount::Fraction(fraction)) => ((fraction * total) as usize).max(1),
        });
        if n_draws.is_some_and(|draws| draws > u32::MAX as usize) {
            return Err(Error::invalid("max_samples asks for more than 4294967295 draws"));
        }
        let cumulative = weights.as_ref().filter(|_| shared.bootstrap).map(|weights| {
            let mut sum = 0.0;
            weights
                .iter()
                .map(|w| {
                    sum += w;
                    sum
                })
                .collect()
        });
        Ok(Sampling { data, train, shared, n_draws, weights, cumulative })
    }

    /// True if every row's weight in a tree is a whole number.
    pub fn whole(&self) -> bool {
        match self.n_draws {
            Some(_) => self.shared.class_weight != ClassWeight::BalancedSubsample,
            None => self.weights.is_none(),
        }
    }

    fn stream(&self, tree: usize) -> Stream {
        Stream::new(self.shared.seed).child(tree as u64)
    }

    /// The stream that names the root of tree `tree`.
    pub fn nodes(&self, tree: usize) -> Stream {
        self.stream(tree).child(NODES)
    }

    /// How often each row is drawn for tree `tree` (n_train,); `None` without bootstrap.
    pub fn counts(&self, tree: usize) -> Option<Vec<u32>> {
        let n = self.train.len();
        let mut stream = self.stream(tree).child(BOOTSTRAP);
        let mut counts = vec![0u32; n];
        for _ in 0..self.n_draws? {
            let i = match &self.cumulative {
                None => stream.below(n as u32) as usize,
                Some(sums) => {
                    let at = stream.unit() * sums[n - 1];
                    sums.partition_point(|&sum| sum <= at).min(n - 1)
                }
            };
            counts[i] += 1;
        }
        Some(counts)
    }

    /// The weight of each row in a tree with these counts.
    pub fn weights(&self, counts: Option<&[u32]>) -> Vec<f64> {
        match (counts, &self.weights) {
            (None, None) => vec![1.0; self.train.len()],
            (None, Some(weights)) => weights.clone(),
            (Some(counts), _) if self.whole() => counts.iter().map(|&c| f64::from(c)).collect(),
            (Some(counts), _) => {
                let classes = balanced(self.data, self.train, |i| f64::from(counts[i]));
                counts.iter().zip(classes).map(|(&c, class)| f64::from(c) * class).collect()
            }
        }
    }

    /// The weight that each row would have in a tree with these counts, were it drawn once: what
    /// makes rows that were not drawn stand for the same population as those that were (n_train,).
    pub fn unseen_weights(&self, counts: &[u32]) -> Vec<f64> {
        let mut weights = self.weights.clone().unwrap_or_else(|| vec![1.0; self.train.len()]);
        if !self.whole() {
            let classes = balanced(self.data, self.train, |i| f64::from(counts[i]));
            weights.iter_mut().zip(classes).for_each(|(weight, class)| *weight *= class);
        }
        weights
    }
}

/// Weights by class (n_train,), where there are any for the whole fold.
fn class_weights(data: &Data<'_>, train: &[u32], shared: &Shared) -> Option<Vec<f64>> {
    match &shared.class_weight {
        ClassWeight::None => None,
        ClassWeight::BalancedSubsample if shared.bootstrap => None,
        ClassWeight::Balanced | ClassWeight::BalancedSubsample => Some(balanced(data, train, |_| 1.0)),
        ClassWeight::Given(lists) => Some(by_class(data, train, lists)),
    }
}

/// n / (K n_k) for each row's class, multiplied over the outputs (scikit-learn's "balanced").
fn balanced(data: &Data<'_>, train: &[u32], count: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut lists = Vec::new();
    for (output, &k) in data.n_classes.iter().enumerate() {
        let mut of_class = vec![0.0; k];
        for (i, &row) in train.iter().enumerate() {
            of_class[data.y[row as usize * data.n_outputs + output] as usize] += count(i);
        }
        lists.push(class_weight::balanced(&of_class));
    }
    by_class(data, train, &lists)
}

fn by_class(data: &Data<'_>, train: &[u32], lists: &[Vec<f64>]) -> Vec<f64> {
    let weight = |&row: &u32| {
        let y = &data.y[row as usize * data.n_outputs..][..data.n_outputs];
        y.iter().zip(lists).map(|(&code, list)| list[code as usize]).product()
    };
    train.iter().map(weight).collect()
}
