//! A learned linear model: its parameters, how training went, and its scores.

use std::collections::BTreeMap;

use super::link::Link;
use crate::data::Features;
use crate::error::{Error, Result};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::matrix::{Floats, Matrix};
use crate::parallel::{Control, Watcher, fill_blocks};

/// Rows scored at a time.
const BLOCK: usize = 512;

/// What a linear model learned.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    /// (k, d), row-major.
    pub coef: Vec<f64>,
    /// (k,).
    pub intercept: Vec<f64>,
    /// Columns of X.
    pub d: usize,
    /// K, or 0 for regression.
    pub n_classes: usize,
    pub link: Link,
    /// How training went (`n_iter`, `dual_gap`, `loss_curve`, ...), and what goes on where it stopped.
    pub facts: BTreeMap<String, Vec<f64>>,
}

impl LinearModel {
    /// Scores per row.
    pub fn n_scores(&self) -> usize {
        self.intercept.len()
    }

    /// Refuses shapes that do not fit together: what was read from a file may be anything.
    pub fn check(&self) -> Result<()> {
        let k = self.n_scores();
        let expected = match self.n_classes {
            0 => k,
            1 | 2 => 1,
            n_classes => n_classes,
        };
        if k == 0 || self.d == 0 || self.coef.len() != k * self.d || k != expected {
            return Err(Error::invalid(format!(
                "coef has {} numbers and intercept {k}, for {} columns and {} classes",
                self.coef.len(),
                self.d,
                self.n_classes
            )));
        }
        if self.coef.iter().chain(&self.intercept).any(|value| !value.is_finite()) {
            return Err(Error::invalid("coef or intercept holds NaN or infinity"));
        }
        Ok(())
    }

    /// Scores z (n, k) of the n rows of X.
    pub fn predict(
        &self,
        x: &Matrix<'_>,
        n: usize,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<f64>> {
        x.check_form(n, self.d)?;
        let mut scores = vec![0.0; n * self.n_scores()];
        let fill = |scratch: &mut Scratch, rows: std::ops::Range<usize>, out: &mut [f64]| {
            match x {
                // Rows that follow one another are read where they are.
                Matrix::Dense(Floats::F64(values)) => {
                    let some = &values[rows.start * self.d..rows.end * self.d];
                    self.score_dense(some, out, &mut scratch.packing);
                }
                _ => self.score_rows(x, rows.map(|i| i as u32), out, scratch),
            }
            Ok(())
        };
        let shape = (BLOCK, self.n_scores());
        fill_blocks(shape, &mut scores, n_threads, control, watcher, Scratch::default, fill)?;
        // What is not finite in a row is not finite in its scores: so much less to look through.
        if scores.iter().any(|score| !score.is_finite()) {
            x.check_values()?;
        }
        Ok(scores)
    }

    /// Scores (rows, k) of some rows; they depend on nothing but the row.
    pub fn score_rows(
        &self,
        x: &Matrix<'_>,
        rows: impl ExactSizeIterator<Item = u32>,
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let k = self.n_scores();
        debug_assert_eq!(out.len(), rows.len() * k);
        if let Matrix::Sparse { columns, values, .. } = x {
            out.chunks_exact_mut(k).for_each(|row| row.copy_from_slice(&self.intercept));
            for (i, out) in rows.zip(out.chunks_exact_mut(k)) {
                for e in x.entries(i as usize) {
                    let (j, value) = (columns[e] as usize, values.get(e));
                    for (z, coef) in out.iter_mut().zip(self.coef.chunks_exact(self.d)) {
                        *z += value * coef[j];
                    }
                }
            }
            return;
        }
        scratch.rows.resize(rows.len() * self.d, 0.0);
        for (i, row) in rows.zip(scratch.rows.chunks_exact_mut(self.d)) {
            x.read_row(i as usize, row);
        }
        self.score_dense(&scratch.rows, out, &mut scratch.packing);
    }

    /// Scores (rows, k) of rows (rows, d).
    fn score_dense(&self, rows: &[f64], out: &mut [f64], packing: &mut Packing<f64>) {
        let k = self.n_scores();
        out.chunks_exact_mut(k).for_each(|row| row.copy_from_slice(&self.intercept));
        let shape = Shape { m: rows.len() / self.d, n: k, k: self.d };
        let (a, b) = (View::rows(rows, self.d), View::rows(&self.coef, self.d).t());
        gemm(shape, a, b, ViewMut { values: out, row: k }, true, packing);
    }
}

/// Memory that scoring reuses from block to block.
#[derive(Default)]
pub struct Scratch {
    rows: Vec<f64>,
    packing: Packing<f64>,
}
