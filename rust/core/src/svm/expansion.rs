//! Decision values of rows: sums of the kernel's values with the support vectors.

use std::ops::Range;

use super::kernel::{Kernel, Kind};
use super::lanes;
use super::points::{Points, Scratch};
use crate::error::Result;
use crate::matrix::Matrix;
use crate::vectors::Vectors;

/// Rows that are predicted at a time.
pub const BLOCK: usize = 64;

/// Dual coefficients by class: what decision values are computed from.
pub struct Coefficients<'a> {
    pub n_classes: usize,
    /// Support vectors of each class.
    pub n_support: &'a [usize],
    pub dual_coef: &'a [f64],
    pub intercept: &'a [f64],
}

impl Coefficients<'_> {
    /// Decision values (P,) of one row: `dot(support vectors, coefficients)` sums its values of the kernel.
    pub fn decide(&self, dot: impl Fn(Range<usize>, &[f64]) -> f64, out: &mut [f64]) {
        let s = self.n_support.iter().sum();
        if self.intercept.len() == 1 {
            out[0] = dot(0..s, self.dual_coef) + self.intercept[0];
            return;
        }
        out.copy_from_slice(self.intercept);
        let mut start = 0;
        for (a, &count) in self.n_support.iter().enumerate() {
            let own = start..start + count;
            for b in (0..self.n_classes).filter(|&b| b != a) {
                let row = if b > a { b - 1 } else { b };
                let coef = &self.dual_coef[row * s..][own.clone()];
                out[pair_number(a.min(b), a.max(b), self.n_classes)] += dot(own.clone(), coef);
            }
            start = own.end;
        }
    }
}

/// The number of pair (a, b), a < b, in the order of `pairs`.
fn pair_number(a: usize, b: usize, k: usize) -> usize {
    a * (2 * k - a - 1) / 2 + b - a - 1
}

/// Support vectors with their coefficients.
pub struct Expansion<'a> {
    pub kernel: Kernel,
    /// The support vectors; of a precomputed kernel there are none.
    pub points: &'a Points,
    /// For a precomputed kernel: which columns of X belong to them.
    pub columns: &'a [u32],
    /// Columns of X.
    pub d: usize,
    pub coefficients: Coefficients<'a>,
}

/// Memory that blocks of rows reuse.
#[derive(Default)]
pub struct Block {
    k: Vec<Vec<f32>>,
    exact: Vec<Vec<f64>>,
    scratch: Scratch,
}

impl Expansion<'_> {
    /// Decision values of some rows of X: the first P of each `width` in `out`.
    pub fn decide(
        &self,
        x: &Matrix<'_>,
        rows: &[u32],
        width: usize,
        out: &mut [f64],
        block: &mut Block,
    ) -> Result<()> {
        let (vectors, s, p) = (Vectors::detect(), self.columns.len(), self.coefficients.intercept.len());
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let out = out.chunks_exact_mut(width).map(|out| &mut out[..p]);
        if self.kernel.kind.is_bounded() {
            let points = Points::take(x, rows, self.d)?;
            sized(&mut block.k, rows.len(), s);
            let distances = self.kernel.kind.of_distance();
            self.points.base(&points, &all, distances, vectors, &mut block.k, &mut block.scratch);
            for (k, out) in block.k.iter_mut().zip(out) {
                self.kernel.apply(vectors, k);
                self.coefficients.decide(|own, coef| lanes::dot(vectors, &k[own], coef), out);
            }
            return Ok(());
        }
        sized(&mut block.exact, rows.len(), s);
        if self.kernel.kind == Kind::Precomputed {
            let values = x.values();
            for (&i, k) in rows.iter().zip(&mut block.exact) {
                let value = |&j: &u32| values.get(i as usize * self.d + j as usize);
                k.iter_mut().zip(self.columns).for_each(|(k, j)| *k = value(j));
            }
        } else {
            let points = Points::take(x, rows, self.d)?;
            self.points.products(&points, &all, vectors, &mut block.exact, &mut block.scratch);
        }
        for (k, out) in block.exact.iter_mut().zip(out) {
            self.kernel.apply_exact(k);
            self.coefficients.decide(|own, coef| lanes::inner(vectors, &k[own], coef), out);
        }
        Ok(())
    }
}

/// Makes rows of s numbers; what they hold is of no use.
fn sized<T: Copy + Default>(rows: &mut Vec<Vec<T>>, n: usize, s: usize) {
    rows.resize(n, Vec::new());
    rows.iter_mut().for_each(|row| row.resize(s, T::default()));
}

#[cfg(test)]
mod tests {
    use super::super::machine::pairs;
    use super::*;

    #[test]
    fn pairs_have_their_numbers() {
        for k in 3..9 {
            for (number, pair) in pairs(k).into_iter().enumerate() {
                assert_eq!(pair_number(pair.positive, pair.negative, k), number);
            }
        }
    }
}
