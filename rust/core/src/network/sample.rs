//! The rows of a fold as training reads them: X, targets and weights of batches, gathered.

use std::sync::Mutex;

use super::pass::Rows;
use super::settings::Shared;
use super::team::Team;
use crate::class_weight::ClassWeight;
use crate::data::Data;
use crate::elementary::Float;
use crate::matrix::Matrix;

/// Data with targets as the losses take them.
pub struct Sample<'a, T> {
    pub data: &'a Data<'a, Matrix<'a>>,
    /// Numbers of the last layer: K for K > 2 classes, else one per output.
    pub k: usize,
    /// (n, n_outputs): numbers, 0 and 1 of two classes or labels, or which of K classes.
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
        let targets = data.y.iter().map(|&y| number(y)).collect();
        let by_class = class_weights(data, &shared.class_weight, train);
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

    /// Whether none of these rows has a weight.
    pub fn is_weightless(&self, rows: &[u32]) -> bool {
        let zero = T::of_f64(0.0);
        self.weights.as_ref().is_some_and(|weights| rows.iter().all(|&i| weights[i as usize] <= zero))
    }

    /// Rows side by side, the threads of the team each reading some.
    pub fn gather<'b>(
        &self,
        rows: &[u32],
        memory: &'b mut Memory<T>,
        team: Option<&Team<'_>>,
    ) -> Rows<'b, T> {
        let (d, k, n) = (self.data.d, self.data.n_outputs, rows.len());
        let zero = T::of_f64(0.0);
        memory.x.resize(n * d, zero);
        memory.targets.resize(n * k, zero);
        let read = |rows: &[u32], x: &mut [T], targets: &mut [T]| {
            self.data.x.read_rows(rows, d, x);
            for (&i, out) in rows.iter().zip(targets.chunks_exact_mut(k)) {
                out.copy_from_slice(&self.targets[i as usize * k..][..k]);
            }
        };
        match team {
            Some(team) if team.n_threads() > 1 => {
                let part = n.div_ceil(team.n_threads()).max(1);
                let parts = memory.x.chunks_mut(part * d).zip(memory.targets.chunks_mut(part * k));
                let parts: Vec<_> = rows.chunks(part).zip(parts.map(Mutex::new)).collect();
                team.run(&|thread| {
                    let Some((rows, memory)) = parts.get(thread) else { return };
                    let Ok(mut memory) = memory.lock() else { return };
                    let (x, targets) = &mut *memory;
                    read(rows, x, targets);
                });
            }
            _ => read(rows, &mut memory.x, &mut memory.targets),
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
fn class_weights(data: &Data<'_, Matrix<'_>>, given: &ClassWeight, train: &[u32]) -> Option<Vec<Vec<f64>>> {
    let of = |(output, &n_classes)| {
        let mut counts = vec![0.0; n_classes];
        train.iter().for_each(|&i| counts[data.y[i as usize * data.n_outputs + output] as usize] += 1.0);
        given.of(output, &counts)
    };
    (*given != ClassWeight::None).then(|| data.n_classes.iter().enumerate().map(of).collect())
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
