//! The rows of a fold as training reads them: X, targets and weights of batches, gathered.

use std::sync::Mutex;

use super::pass::Rows;
use super::settings::{Shared, Weighting};
use super::team::Team;
use crate::data::Data;
use crate::descent::vector::Float;
use crate::matrix::Matrix;

/// Data with targets as the losses take them.
pub struct Sample<'a, T> {
    pub data: &'a Data<'a, Matrix<'a>>,
    /// Targets in a row: K for K > 2 classes, else one per output.
    pub k: usize,
    /// (n, k): numbers, 0 and 1 of two classes or labels, or which of K classes.
    targets: Vec<T>,
    /// (n,): those given, times those of the classes; `None`: one each.
    pub weights: Option<Vec<T>>,
}

/// Numbers of the last layer.
pub fn n_targets(data: &Data<'_, Matrix<'_>>) -> usize {
    match data.n_classes {
        &[n_classes] if n_classes > 2 => n_classes,
        _ => data.n_outputs,
    }
}

impl<'a, T: Float> Sample<'a, T> {
    /// Class weights that are balanced are those of the training rows.
    pub fn new(data: &'a Data<'a, Matrix<'a>>, shared: &Shared, train: &[u32]) -> Self {
        let k = n_targets(data);
        let number = |value: f64| T::of_f64(value);
        let targets = if k == data.n_outputs {
            data.y.iter().map(|&y| number(y)).collect()
        } else {
            let mut targets = vec![number(0.0); data.n * k];
            for (row, &class) in targets.chunks_exact_mut(k).zip(data.y) {
                row[class as usize] = number(1.0);
            }
            targets
        };
        let by_class = class_weights(data, &shared.weighting, train);
        let weights = (data.sample_weight.is_some() || by_class.is_some()).then(|| {
            let weight = |i: usize| {
                let given = data.sample_weight.map_or(1.0, |weights| weights[i]);
                let classes = by_class.iter().flatten().zip(&data.y[i * data.n_outputs..]);
                classes.fold(given, |product, (weights, &class)| product * weights[class as usize])
            };
            (0..data.n).map(|i| number(weight(i))).collect()
        });
        Sample { data, k, targets, weights }
    }

    /// Rows side by side, the threads of the team each reading some.
    pub fn gather<'b>(
        &self,
        rows: &[u32],
        memory: &'b mut Memory<T>,
        team: Option<&Team<'_>>,
    ) -> Rows<'b, T> {
        let (d, k, n) = (self.data.d, self.k, rows.len());
        let zero = T::of_f64(0.0);
        memory.x.resize(n * d, zero);
        memory.targets.resize(n * k, zero);
        match team {
            Some(team) if team.n_threads() > 1 => {
                let part = rows.len().div_ceil(team.n_threads()).max(1);
                let parts = rows.chunks(part).zip(memory.x.chunks_mut(part * d));
                let parts: Vec<_> = parts.map(|(rows, x)| (rows, Mutex::new(x))).collect();
                team.run(&|thread| {
                    let Some((rows, x)) = parts.get(thread) else { return };
                    let Ok(mut x) = x.lock() else { return };
                    self.data.x.read_rows(rows, d, &mut x);
                });
            }
            _ => self.data.x.read_rows(rows, d, &mut memory.x),
        }
        for (&i, out) in rows.iter().zip(memory.targets.chunks_exact_mut(k)) {
            out.copy_from_slice(&self.targets[i as usize * k..][..k]);
        }
        if let Some(weights) = &self.weights {
            memory.weights.clear();
            memory.weights.extend(rows.iter().map(|&i| weights[i as usize]));
        }
        let weights = self.weights.as_ref().map(|_| &memory.weights[..]);
        Rows { x: &memory.x, targets: &memory.targets, weights, n }
    }
}

/// Weights by output and class.
fn class_weights(data: &Data<'_, Matrix<'_>>, weighting: &Weighting, train: &[u32]) -> Option<Vec<Vec<f64>>> {
    match weighting {
        Weighting::None => None,
        Weighting::Given(weights) => Some(weights.clone()),
        Weighting::Balanced => Some(
            (data.n_classes.iter().enumerate())
                .map(|(output, &n_classes)| {
                    let mut counts = vec![0.0f64; n_classes];
                    train.iter().for_each(|&i| {
                        counts[data.y[i as usize * data.n_outputs + output] as usize] += 1.0;
                    });
                    let share = train.len() as f64 / n_classes as f64;
                    counts.into_iter().map(|count| share / count.max(1.0)).collect()
                })
                .collect(),
        ),
    }
}

/// Memory of a gathered batch.
pub struct Memory<T> {
    x: Vec<T>,
    targets: Vec<T>,
    weights: Vec<T>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Memory { x: Vec::new(), targets: Vec::new(), weights: Vec::new() }
    }
}

impl<'a, T> Rows<'a, T> {
    /// Part of the rows.
    pub fn part(&self, d: usize, range: std::ops::Range<usize>) -> Rows<'a, T> {
        let k = self.targets.len() / self.n;
        Rows {
            x: &self.x[range.start * d..range.end * d],
            targets: &self.targets[range.start * k..range.end * k],
            weights: self.weights.map(|weights| &weights[range.clone()]),
            n: range.len(),
        }
    }
}
