//! Marginals of a forest, and how much of its variance each of them has.

use std::ops::Range;

use super::design::{Column, Design};
use super::tree::{Leaf, cells, grow};
use crate::error::Result;
use crate::parallel::{Control, Watcher, fill_blocks};
use crate::seed::Stream;

/// A forest of trees on bootstrap samples of the candidates.
pub struct Anova {
    columns: Vec<Column>,
    trees: Vec<Vec<Leaf>>,
}

/// Shares of the variance, as means over the trees whose predictions vary at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// (d,), of each column alone.
    pub alone: Vec<f64>,
    /// (d,), their standard deviations over the trees.
    pub deviation: Vec<f64>,
    /// (d, d), of each pair beyond its two columns alone; symmetric, 0 on the diagonal.
    pub pairs: Vec<f64>,
}

impl Anova {
    /// Fits `n_trees` trees; the draws depend on the seed and the number of the tree only.
    pub fn fit(
        design: Design,
        n_trees: usize,
        seed: u64,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Self> {
        let n = design.n() as u32;
        let mut trees = vec![Vec::new(); n_trees];
        let tree = |(): &mut (), numbers: Range<usize>, out: &mut [Vec<Leaf>]| {
            for (number, out) in numbers.zip(out) {
                let mut draws = Stream::new(seed).child(number as u64);
                let rows = (0..n).map(|_| draws.below(n)).collect();
                *out = grow(&design, rows, draws);
            }
            Ok(())
        };
        fill_blocks((1, 1), &mut trees, n_threads, control, watcher, || (), tree)?;
        Ok(Anova { columns: design.columns, trees })
    }

    /// How many columns there are.
    pub fn d(&self) -> usize {
        self.columns.len()
    }

    /// The shares of the variance of all columns and pairs.
    pub fn shares(&self, n_threads: usize, control: &Control, watcher: Watcher<'_>) -> Result<Shares> {
        let d = self.d();
        let mut of_trees = vec![None; self.trees.len()];
        let tree = |(): &mut (), numbers: Range<usize>, out: &mut [Option<(Vec<f64>, Vec<f64>)>]| {
            self.trees[numbers].iter().zip(out).for_each(|(leaves, out)| *out = self.of_tree(leaves));
            Ok(())
        };
        fill_blocks((1, 1), &mut of_trees, n_threads, control, watcher, || (), tree)?;
        let of_trees: Vec<_> = of_trees.into_iter().flatten().collect();
        let n = of_trees.len().max(1) as f64;
        let (mut alone, mut squares, mut pairs) = (vec![0.0; d], vec![0.0; d], vec![0.0; d * d]);
        for (own, joint) in &of_trees {
            add(&mut alone, own, 1.0 / n);
            add(&mut pairs, joint, 1.0 / n);
        }
        for (own, _) in &of_trees {
            for ((square, share), mean) in squares.iter_mut().zip(own).zip(&alone) {
                *square += (share - mean).powi(2) / n;
            }
        }
        Ok(Shares { alone, deviation: squares.into_iter().map(f64::sqrt).collect(), pairs })
    }

    /// Mean score in each cell of a column over all others, and its standard deviation over the trees.
    pub fn curve(&self, column: usize) -> (Vec<f64>, Vec<f64>) {
        let curves: Vec<Vec<f64>> = self.trees.iter().map(|leaves| self.marginal(leaves, column)).collect();
        let n = curves.len().max(1) as f64;
        let m = self.columns[column].weights.len();
        let (mut mean, mut square) = (vec![0.0; m], vec![0.0; m]);
        curves.iter().for_each(|curve| add(&mut mean, curve, 1.0 / n));
        for curve in &curves {
            for ((sum, value), mean) in square.iter_mut().zip(curve).zip(&mean) {
                *sum += (value - mean).powi(2) / n;
            }
        }
        (mean, square.into_iter().map(f64::sqrt).collect())
    }

    /// Mean score in each pair of cells of two different columns over all others, row by row of the first.
    pub fn surface(&self, first: usize, second: usize) -> Vec<f64> {
        debug_assert!(first != second);
        let size = self.columns[first].weights.len() * self.columns[second].weights.len();
        let mut mean = vec![0.0; size];
        for leaves in &self.trees {
            add(&mut mean, &self.joint(leaves, first, second), 1.0 / self.trees.len() as f64);
        }
        mean
    }

    /// Shares of columns (d,) and of pairs (d, d) in one tree; None if it does not vary.
    fn of_tree(&self, leaves: &[Leaf]) -> Option<(Vec<f64>, Vec<f64>)> {
        let d = self.d();
        // Deviations from the mean, so that no variance is a difference of two large numbers.
        let mean: f64 = leaves.iter().map(|leaf| self.volume(leaf) * leaf.value).sum();
        let centred: Vec<Leaf> =
            leaves.iter().map(|leaf| Leaf { value: leaf.value - mean, ..leaf.clone() }).collect();
        let total: f64 = centred.iter().map(|leaf| self.volume(leaf) * leaf.value.powi(2)).sum();
        if total <= 0.0 || leaves.len() < 2 {
            return None;
        }
        let alone: Vec<f64> = (0..d)
            .map(|j| {
                let marginal = self.marginal(&centred, j);
                marginal.iter().zip(&self.columns[j].weights).map(|(a, w)| w * a * a).sum::<f64>() / total
            })
            .collect();
        let mut pairs = vec![0.0; d * d];
        for j in 0..d {
            for k in j + 1..d {
                let joint = self.joint(&centred, j, k);
                let (first, second) = (&self.columns[j].weights, &self.columns[k].weights);
                let variance: f64 = joint
                    .chunks_exact(second.len())
                    .zip(first)
                    .map(|(row, w)| w * row.iter().zip(second).map(|(a, w)| w * a * a).sum::<f64>())
                    .sum();
                // Not negative but for rounding: marginals of independent columns are orthogonal.
                let share = (variance / total - alone[j] - alone[k]).max(0.0);
                (pairs[j * d + k], pairs[k * d + j]) = (share, share);
            }
        }
        Some((alone, pairs))
    }

    /// a_j of one tree, (cells of j,).
    fn marginal(&self, leaves: &[Leaf], column: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.columns[column].weights.len()];
        for leaf in leaves {
            let value = leaf.value * self.volume_without(leaf, &[column]);
            cells(leaf.masks[column]).for_each(|cell| out[cell] += value);
        }
        out
    }

    /// a_jk of one tree, (cells of j, cells of k).
    fn joint(&self, leaves: &[Leaf], first: usize, second: usize) -> Vec<f64> {
        let m = self.columns[second].weights.len();
        let mut out = vec![0.0; self.columns[first].weights.len() * m];
        for leaf in leaves {
            let value = leaf.value * self.volume_without(leaf, &[first, second]);
            for row in cells(leaf.masks[first]) {
                cells(leaf.masks[second]).for_each(|cell| out[row * m + cell] += value);
            }
        }
        out
    }

    fn volume(&self, leaf: &Leaf) -> f64 {
        self.volume_without(leaf, &[])
    }

    /// The probability that the columns other than `left_out` lie in a leaf.
    fn volume_without(&self, leaf: &Leaf, left_out: &[usize]) -> f64 {
        (0..self.d()).filter(|j| !left_out.contains(j)).map(|j| leaf.widths[j]).product()
    }
}

fn add(to: &mut [f64], values: &[f64], factor: f64) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += factor * value);
}

#[cfg(test)]
mod tests;
