//! The training rows of one fold, centred and weighted, as `diag(sqrt(w)) [X - mean, Y - mean]`; read piece
//! by piece, never stored. For what does not work on sums of products.

use std::ops::Range;

use super::quadratic::Quadratic;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::matrix::Matrix;

/// Rows that a product reads at a time.
const BLOCK: usize = 256;
/// Rows that are turned into columns at a time: their numbers in a column fill a line of the caches.
const TOGETHER: usize = 8;

pub struct Rows<'a> {
    data: &'a Data<'a, Matrix<'a>>,
    rows: &'a [u32],
    /// sqrt(w) (n,).
    pub root: Vec<f64>,
    /// The columns that count (p,), ascending, and their means.
    pub columns: Vec<u32>,
    pub mean_x: Vec<f64>,
    pub mean_y: Vec<f64>,
    /// Sum of the weights.
    pub weight: f64,
}

impl<'a> Rows<'a> {
    /// The rows of a problem whose sums are known.
    pub fn of(data: &'a Data<'a, Matrix<'a>>, rows: &'a [u32], quadratic: &Quadratic) -> Self {
        Rows {
            data,
            rows,
            root: roots(data, rows),
            columns: quadratic.columns.clone(),
            mean_x: quadratic.mean_x.clone(),
            mean_y: quadratic.mean_y.clone(),
            weight: quadratic.weight,
        }
    }

    /// All columns, and the rows' own means.
    pub fn new(data: &'a Data<'a, Matrix<'a>>, rows: &'a [u32], centre: bool) -> Result<Self> {
        let (d, t) = (data.d, data.n_outputs);
        let root = roots(data, rows);
        let weight: f64 = root.iter().map(|root| root * root).sum();
        if weight <= 0.0 {
            return Err(Error::invalid("sample_weight is zero for all rows of a fold"));
        }
        let mut out = Rows {
            data,
            rows,
            root,
            columns: (0..d as u32).collect(),
            mean_x: vec![0.0; d],
            mean_y: vec![0.0; t],
            weight,
        };
        if centre {
            let mut row = vec![0.0; d];
            for (&i, root) in rows.iter().zip(&out.root) {
                let share = root * root / weight;
                match &data.x {
                    Matrix::Sparse { columns, values, .. } => {
                        for e in data.x.entries(i as usize) {
                            out.mean_x[columns[e] as usize] += share * values.get(e);
                        }
                    }
                    x @ Matrix::Dense(_) => {
                        x.read_row(i as usize, &mut row);
                        out.mean_x.iter_mut().zip(&row).for_each(|(mean, x)| *mean += share * x);
                    }
                }
                let y = &data.y[i as usize * t..][..t];
                out.mean_y.iter_mut().zip(y).for_each(|(mean, y)| *mean += share * y);
            }
        }
        Ok(out)
    }

    pub fn n(&self) -> usize {
        self.rows.len()
    }

    pub fn p(&self) -> usize {
        self.columns.len()
    }

    pub fn n_targets(&self) -> usize {
        self.mean_y.len()
    }

    /// Row i (p,).
    pub fn read(&self, i: usize, out: &mut [f64]) {
        if self.p() == self.data.d {
            self.data.x.read_row(self.rows[i] as usize, out);
        } else {
            self.read_some(i, &self.columns, out);
        }
        let centred = out.iter_mut().zip(&self.mean_x);
        centred.for_each(|(value, mean)| *value = self.root[i] * (*value - mean));
    }

    /// Some columns of row i, not yet centred.
    fn read_some(&self, i: usize, columns: &[u32], out: &mut [f64]) {
        let row = self.rows[i] as usize;
        match &self.data.x {
            Matrix::Dense(values) => {
                let start = row * self.data.d;
                if let (Some(&first), Some(&last)) = (columns.first(), columns.last())
                    && (last - first) as usize + 1 == columns.len()
                {
                    return values.read(start + first as usize..start + last as usize + 1, out);
                }
                out.iter_mut().zip(columns).for_each(|(out, &j)| *out = values.get(start + j as usize));
            }
            Matrix::Sparse { columns: held, values, .. } => {
                out.fill(0.0);
                let entries = self.data.x.entries(row);
                let first = columns.first().copied().unwrap_or(0) as i32;
                let skipped = held[entries.clone()].partition_point(|&j| j < first);
                let mut e = entries.start + skipped;
                for (out, &j) in out.iter_mut().zip(columns) {
                    while e < entries.end && (held[e] as u32) < j {
                        e += 1;
                    }
                    if e < entries.end && held[e] as u32 == j {
                        *out = values.get(e);
                    }
                }
            }
        }
    }

    /// The targets of row i (t,).
    pub fn read_target(&self, i: usize, out: &mut [f64]) {
        let t = self.n_targets();
        let y = &self.data.y[self.rows[i] as usize * t..][..t];
        for ((out, y), mean) in out.iter_mut().zip(y).zip(&self.mean_y) {
            *out = self.root[i] * (y - mean);
        }
    }

    /// All targets (t, n).
    pub fn targets(&self) -> Vec<f64> {
        let (n, t) = (self.n(), self.n_targets());
        let (mut out, mut one) = (vec![0.0; n * t], vec![0.0; t]);
        for i in 0..n {
            self.read_target(i, &mut one);
            one.iter().enumerate().for_each(|(k, y)| out[k * n + i] = *y);
        }
        out
    }

    /// Some columns in full (some.len(), n).
    pub fn read_columns(&self, some: Range<usize>, out: &mut [f64]) {
        let (n, p, mean_x) = (self.n(), some.len(), &self.mean_x[some.clone()]);
        let mut block = vec![0.0; TOGETHER * p];
        for start in (0..n).step_by(TOGETHER) {
            let rows = start..(start + TOGETHER).min(n);
            for (i, row) in rows.clone().zip(block.chunks_exact_mut(p.max(1))) {
                self.read_some(i, &self.columns[some.clone()], row);
                let centred = row.iter_mut().zip(mean_x);
                centred.for_each(|(value, mean)| *value = self.root[i] * (*value - mean));
            }
            for (j, out) in out.chunks_exact_mut(n).enumerate() {
                let values = block[j..].iter().step_by(p);
                out[rows.clone()].iter_mut().zip(values).for_each(|(out, value)| *out = *value);
            }
        }
    }

    /// Takes (row, column, sqrt(w) x) of each entry of a sparse X, not centred, by ascending row.
    pub fn entries(&self, mut take: impl FnMut(usize, usize, f64)) {
        let Matrix::Sparse { columns, values, .. } = &self.data.x else { return };
        let mut place = vec![usize::MAX; self.data.d];
        self.columns.iter().enumerate().for_each(|(at, &j)| place[j as usize] = at);
        for (i, (&row, root)) in self.rows.iter().zip(&self.root).enumerate() {
            for e in self.data.x.entries(row as usize) {
                let at = place[columns[e] as usize];
                if at != usize::MAX {
                    take(i, at, root * values.get(e));
                }
            }
        }
    }

    pub fn is_sparse(&self) -> bool {
        self.data.x.is_sparse()
    }

    /// A X (m, p) of A (m, n).
    pub fn combine(&self, a: &[f64]) -> Vec<f64> {
        let (n, p) = (self.n(), self.p());
        let m = a.len() / n.max(1);
        let mut out = vec![0.0; m * p];
        if self.is_sparse() {
            self.entries(|i, j, x| (0..m).for_each(|k| out[k * p + j] += a[k * n + i] * x));
            for (out, a) in out.chunks_exact_mut(p).zip(a.chunks_exact(n)) {
                let sum: f64 = a.iter().zip(&self.root).map(|(a, root)| a * root).sum();
                out.iter_mut().zip(&self.mean_x).for_each(|(out, mean)| *out -= sum * mean);
            }
            return out;
        }
        let (mut block, mut packing) = (vec![0.0; BLOCK * p], Packing::default());
        for start in (0..n).step_by(BLOCK) {
            let some = start..(start + BLOCK).min(n);
            for (i, row) in some.clone().zip(block.chunks_exact_mut(p.max(1))) {
                self.read(i, row);
            }
            let a = View { values: &a[start..], row: n, column: 1 };
            let shape = Shape { m, n: p, k: some.len() };
            gemm(shape, a, View::rows(&block, p), ViewMut { values: &mut out, row: p }, true, &mut packing);
        }
        out
    }
}

fn roots(data: &Data<'_, Matrix<'_>>, rows: &[u32]) -> Vec<f64> {
    rows.iter().map(|&i| data.sample_weight.map_or(1.0, |w| w[i as usize].sqrt())).collect()
}
