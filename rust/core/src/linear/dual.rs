//! Ridge regression and least squares with fewer rows than columns: by inner products of the rows.
//!
//! ```text
//! b = X'a,    (XX' + l2 I) a = y      (n, n) instead of (d, d)
//! ```

use std::ops::Range;
use std::sync::Arc;

use super::factor;
use super::moments::Source;
use super::quadratic::too_large;
use super::rows::Rows;
use super::spectrum::{Spectrum, Wanted};
use crate::data::Data;
use crate::error::{Result, filled};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm_lower};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, fold};

/// Columns that one task sums over, and how many at a time; rows of a sparse X that one task multiplies.
const CHUNK: usize = 1024;
const BLOCK: usize = 256;
/// The largest condition that inner products are trusted with.
const TRUSTED: f64 = 1e8;
const WHAT: &str = "inner products of the rows of X";

/// Inner products of all rows about an origin, the lower triangle (n, n); they serve all folds.
pub struct Inner {
    products: Vec<f64>,
    n: usize,
    centre: bool,
}

impl Inner {
    /// `None` where time ran out.
    pub fn new(
        data: &Data<'_, Matrix<'_>>,
        centre: bool,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Option<Self>> {
        let (n, d) = (data.n, data.d);
        let mut origin = if centre { Source::new(data).origin } else { vec![0.0; d] };
        origin.truncate(d);
        let by_rows = data.x.is_sparse();
        let total = if by_rows { n } else { d };
        let tasks: Vec<_> = (0..total).step_by(CHUNK).map(|i| i..(i + CHUNK).min(total)).collect();
        let part = |packing: &mut Packing<f64>, task: usize| {
            let some = tasks[task].clone();
            if by_rows { sparse(data, some, control) } else { dense(data, &origin, some, packing, control) }
        };
        let take = |sum: &mut Vec<f64>, task: usize, part: Vec<f64>| {
            let first = if by_rows { tasks[task].start * n } else { 0 };
            sum[first..].iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
        };
        let sum = filled(n * n, 0.0, WHAT)?;
        let size = (tasks.len(), if by_rows { CHUNK.min(n) } else { n } * n * size_of::<f64>());
        let sum = fold(n_threads, size, control, watcher, Packing::default, part, (sum, take))?;
        let Some(products) = sum else { return Ok(None) };
        if (0..n).any(|i| !products[i * n + i].is_finite()) {
            return Err(too_large());
        }
        Ok(Some(Inner { products, n, centre }))
    }

    /// XX' of a fold's training rows, centred and weighted: symmetric (m, m).
    fn of_fold(&self, rows: &[u32], fold: &Rows<'_>) -> Result<Vec<f64>> {
        let m = rows.len();
        let at = |i: u32, j: u32| self.products[i.max(j) as usize * self.n + i.min(j) as usize];
        let mut out = filled(m * m, 0.0, WHAT)?;
        for (out, &i) in out.chunks_exact_mut(m).zip(rows) {
            out.iter_mut().zip(rows).for_each(|(out, &j)| *out = at(i, j));
        }
        let share: Vec<f64> = fold.root.iter().map(|root| root * root / fold.weight).collect();
        let mut mean = vec![0.0; m];
        if self.centre {
            for (mean, row) in mean.iter_mut().zip(out.chunks_exact(m)) {
                *mean = row.iter().zip(&share).map(|(k, share)| k * share).sum();
            }
        }
        let whole: f64 = mean.iter().zip(&share).map(|(mean, share)| mean * share).sum();
        for (i, out) in out.chunks_exact_mut(m).enumerate() {
            for (j, out) in out.iter_mut().enumerate() {
                *out = fold.root[i] * fold.root[j] * (*out - mean[i] - mean[j] + whole);
            }
        }
        Ok(out)
    }

    /// Dual coefficients (m, n) of those wanted (m,), or `None` where inner products have lost too many digits.
    /// Stopped: `Error::Interrupted`.
    pub fn solve(
        &self,
        fold: &Rows<'_>,
        train: &[u32],
        wanted: &[Wanted],
        control: &Control,
    ) -> Result<Option<Vec<f64>>> {
        // X'X has as many zero eigenvalues as columns beyond the rows: without a penalty nothing is certain.
        if wanted.iter().any(|wanted| wanted.l2 == 0.0) {
            return Ok(None);
        }
        let found = factor::eigen(&Arc::new(self.of_fold(train, fold)?), train.len(), control)?;
        let spectrum = Spectrum::new(found.values, found.vectors, &fold.targets());
        let least = wanted.iter().map(|wanted| wanted.l2).fold(f64::INFINITY, f64::min);
        Ok((spectrum.most() <= TRUSTED * least).then(|| spectrum.solve(wanted, 0.0)))
    }
}

/// The share of some columns in the products of all rows.
fn dense(
    data: &Data<'_, Matrix<'_>>,
    origin: &[f64],
    columns: Range<usize>,
    packing: &mut Packing<f64>,
    control: &Control,
) -> Result<Vec<f64>> {
    let (n, Matrix::Dense(values)) = (data.n, &data.x) else { return Ok(Vec::new()) };
    let mut out = filled(n * n, 0.0, WHAT)?;
    let mut block = filled(n * BLOCK, 0.0, WHAT)?;
    for start in columns.clone().step_by(BLOCK) {
        if control.stopped() {
            break;
        }
        let some = start..(start + BLOCK).min(columns.end);
        let width = some.len();
        for (i, row) in block.chunks_exact_mut(width).take(n).enumerate() {
            values.read(i * data.d + some.start..i * data.d + some.end, row);
            row.iter_mut().zip(&origin[some.clone()]).for_each(|(value, origin)| *value -= origin);
        }
        let (shape, z) = (Shape { m: n, n, k: width }, View::rows(&block, width));
        gemm_lower(shape, z, z.t(), ViewMut { values: &mut out, row: n }, true, packing);
    }
    Ok(out)
}

/// Products of some rows of a sparse X with all rows up to them (rows.len(), n).
fn sparse(data: &Data<'_, Matrix<'_>>, rows: Range<usize>, control: &Control) -> Result<Vec<f64>> {
    let Matrix::Sparse { columns, values, .. } = &data.x else { return Ok(Vec::new()) };
    let mut out = filled(rows.len() * data.n, 0.0, WHAT)?;
    let mut one = filled(data.d, 0.0, "a row of X")?;
    for (i, out) in rows.zip(out.chunks_exact_mut(data.n)) {
        if control.stopped() {
            break;
        }
        data.x.entries(i).for_each(|e| one[columns[e] as usize] = values.get(e));
        for (j, out) in out[..=i].iter_mut().enumerate() {
            *out = data.x.entries(j).map(|e| one[columns[e] as usize] * values.get(e)).sum();
        }
        data.x.entries(i).for_each(|e| one[columns[e] as usize] = 0.0);
    }
    Ok(out)
}
