//! Rows of X in the order that the solver wants them, and squared distances or inner products of many
//! pairs of rows at once: float64 throughout, rounded to float32 at the end.

use std::ops::Range;

use super::lanes;
use crate::error::{Error, Result, filled};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::matrix::{Floats, Matrix};
use crate::vectors::Vectors;

/// Rows and columns of a block of products, which stays in the second-level cache.
const TILE: usize = 256;
/// Rows that are spread out side by side where the others are sparse.
const SPREAD: usize = 16;

/// Rows with their squared norms.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    pub n: usize,
    pub d: usize,
    pub stored: Stored,
    pub norms: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// (n, d), row-major.
    Dense(Vec<f64>),
    /// The entries of row i are `starts[i]..starts[i + 1]`.
    Sparse { starts: Vec<usize>, columns: Vec<i32>, values: Vec<f64> },
}

impl Points {
    /// A copy of some rows of X.
    pub fn take(x: &Matrix<'_>, rows: &[u32], d: usize) -> Result<Self> {
        let stored = match x {
            Matrix::Dense(_) => {
                let mut values = filled(rows.len() * d, 0.0, "the rows of X")?;
                x.read_rows(rows, d, &mut values);
                Stored::Dense(values)
            }
            Matrix::Sparse { columns, values, .. } => {
                let total = rows.iter().map(|&i| x.entries(i as usize).len()).sum();
                let mut starts = vec![0];
                let (mut own_columns, mut own_values) =
                    (filled(total, 0, "the rows of X")?, filled(total, 0.0, "the rows of X")?);
                let mut end = 0;
                for &i in rows {
                    for e in x.entries(i as usize) {
                        own_columns[end] = columns[e];
                        own_values[end] = values.get(e);
                        end += 1;
                    }
                    starts.push(end);
                }
                Stored::Sparse { starts, columns: own_columns, values: own_values }
            }
        };
        let points = Points::of(rows.len(), d, stored);
        if points.norms.iter().all(|norm| norm.is_finite()) {
            return Ok(points);
        }
        Err(Error::invalid(
            "X holds values too large to be squared: standardise its columns, for example with \
             sklearn.preprocessing.StandardScaler",
        ))
    }

    pub fn of(n: usize, d: usize, stored: Stored) -> Self {
        let norm = |values: &[f64]| values.iter().map(|v| v * v).sum();
        let norms = match &stored {
            Stored::Dense(values) => values.chunks_exact(d.max(1)).map(norm).collect(),
            Stored::Sparse { starts, values, .. } => {
                starts.windows(2).map(|ends| norm(&values[ends[0]..ends[1]])).collect()
            }
        };
        Points { n, d, stored, norms }
    }

    /// Refuses what cannot have been written by [`Points::take`].
    pub fn check(&self) -> Result<()> {
        let (values, fits) = match &self.stored {
            Stored::Dense(values) => (values, values.len() == self.n * self.d),
            Stored::Sparse { starts, columns, values } => {
                let ends = starts.first() == Some(&0) && starts.last() == Some(&values.len());
                let ordered = starts.windows(2).all(|pair| pair[0] <= pair[1]);
                let inside = columns.iter().all(|&j| usize::try_from(j).is_ok_and(|j| j < self.d));
                let fits = starts.len() == self.n + 1 && columns.len() == values.len();
                (values, ends && ordered && inside && fits)
            }
        };
        if fits && values.iter().chain(&self.norms).all(|value| value.is_finite()) {
            Ok(())
        } else {
            Err(Error::invalid("the support vectors are damaged"))
        }
    }

    /// <x_i, w>
    pub fn inner(&self, i: usize, w: &[f64], vectors: Vectors) -> f64 {
        match &self.stored {
            Stored::Dense(values) => lanes::inner(vectors, &values[i * self.d..(i + 1) * self.d], w),
            Stored::Sparse { starts, columns, values } => {
                let entries = starts[i]..starts[i + 1];
                let pairs = columns[entries.clone()].iter().zip(&values[entries]);
                pairs.map(|(&j, value)| value * w[j as usize]).sum()
            }
        }
    }

    /// w += a x_i
    pub fn add(&self, i: usize, a: f64, w: &mut [f64], vectors: Vectors) {
        match &self.stored {
            Stored::Dense(values) => lanes::add(vectors, w, &values[i * self.d..(i + 1) * self.d], a),
            Stored::Sparse { starts, columns, values } => {
                let entries = starts[i]..starts[i + 1];
                let pairs = columns[entries.clone()].iter().zip(&values[entries]);
                pairs.for_each(|(&j, value)| w[j as usize] += a * value);
            }
        }
    }

    /// w += a x_i^2, entry by entry
    pub fn add_squares(&self, i: usize, a: f64, w: &mut [f64]) {
        match &self.stored {
            Stored::Dense(values) => {
                let row = &values[i * self.d..(i + 1) * self.d];
                w.iter_mut().zip(row).for_each(|(w, x)| *w += a * x * x);
            }
            Stored::Sparse { starts, columns, values } => {
                let entries = starts[i]..starts[i + 1];
                let pairs = columns[entries.clone()].iter().zip(&values[entries]);
                pairs.for_each(|(&j, value)| w[j as usize] += a * value * value);
            }
        }
    }

    /// The entries of each column: rows and values.
    pub fn columns(&self) -> Vec<Vec<(u32, f64)>> {
        let mut out = vec![Vec::new(); self.d];
        for i in 0..self.n {
            match &self.stored {
                Stored::Dense(values) => {
                    let row = values[i * self.d..(i + 1) * self.d].iter().zip(&mut out);
                    row.filter(|(x, _)| **x != 0.0).for_each(|(&x, column)| column.push((i as u32, x)));
                }
                Stored::Sparse { starts, columns, values } => {
                    let entries = starts[i]..starts[i + 1];
                    for (&j, &x) in columns[entries.clone()].iter().zip(&values[entries]) {
                        out[j as usize].push((i as u32, x));
                    }
                }
            }
        }
        out
    }

    /// Row i in full.
    fn read(&self, i: usize, out: &mut [f64]) {
        match &self.stored {
            Stored::Dense(values) => out.copy_from_slice(&values[i * self.d..(i + 1) * self.d]),
            Stored::Sparse { starts, columns, values } => {
                out.fill(0.0);
                for e in starts[i]..starts[i + 1] {
                    out[columns[e] as usize] = values[e];
                }
            }
        }
    }

    /// Squared distances, or inner products, of some rows of `of` to all of these (rows, n).
    pub fn base(
        &self,
        of: &Points,
        rows: &[u32],
        distances: bool,
        vectors: Vectors,
        out: &mut [Vec<f32>],
        scratch: &mut Scratch,
    ) {
        self.each_product(of, rows, vectors, scratch, |r, columns, p| {
            let out = &mut out[r][columns.clone()];
            if distances {
                lanes::distances(vectors, p, &self.norms[columns], of.norms[rows[r] as usize], out);
            } else {
                out.iter_mut().zip(p).for_each(|(out, &p)| *out = p as f32);
            }
        });
    }

    /// Inner products of some rows of `of` with all of these (rows, n), not rounded.
    pub fn products(
        &self,
        of: &Points,
        rows: &[u32],
        vectors: Vectors,
        out: &mut [Vec<f64>],
        scratch: &mut Scratch,
    ) {
        self.each_product(of, rows, vectors, scratch, |r, columns, p| out[r][columns].copy_from_slice(p));
    }

    /// Calls `take(r, j, <row r, x_j>)` for stretches j of these rows, until each row has met all.
    fn each_product(
        &self,
        of: &Points,
        rows: &[u32],
        vectors: Vectors,
        scratch: &mut Scratch,
        mut take: impl FnMut(usize, Range<usize>, &[f64]),
    ) {
        debug_assert_eq!(self.d, of.d);
        let size = if matches!(self.stored, Stored::Dense(_)) { TILE } else { SPREAD };
        for (block, rows) in rows.chunks(size).enumerate() {
            let take = |r: usize, columns: Range<usize>, p: &[f64]| take(block * size + r, columns, p);
            match &self.stored {
                Stored::Dense(values) => self.dense_products(values, of, rows, scratch, take),
                Stored::Sparse { .. } => self.sparse_products(of, rows, vectors, scratch, take),
            }
        }
    }

    fn dense_products(
        &self,
        values: &[f64],
        of: &Points,
        rows: &[u32],
        scratch: &mut Scratch,
        mut take: impl FnMut(usize, Range<usize>, &[f64]),
    ) {
        let d = self.d;
        scratch.rows.resize(rows.len() * d, 0.0);
        for (&i, row) in rows.iter().zip(scratch.rows.chunks_exact_mut(d)) {
            of.read(i as usize, row);
        }
        scratch.products.resize(TILE * TILE, 0.0);
        for start in (0..self.n).step_by(TILE) {
            let end = self.n.min(start + TILE);
            let shape = Shape { m: rows.len(), n: end - start, k: d };
            let (a, b) = (View::rows(&scratch.rows, d), View::rows(&values[start * d..end * d], d).t());
            let c = ViewMut { values: &mut scratch.products, row: TILE };
            gemm(shape, a, b, c, false, &mut scratch.packing);
            let products = scratch.products.chunks_exact(TILE).take(rows.len()).enumerate();
            products.for_each(|(r, p)| take(r, start..end, &p[..end - start]));
        }
    }

    /// The rows of `of` are spread out side by side, so that each entry meets all of them at once.
    fn sparse_products(
        &self,
        of: &Points,
        rows: &[u32],
        vectors: Vectors,
        scratch: &mut Scratch,
        mut take: impl FnMut(usize, Range<usize>, &[f64]),
    ) {
        let Stored::Sparse { starts, columns, values } = &self.stored else { return };
        scratch.rows.clear();
        scratch.rows.resize(self.d * SPREAD, 0.0);
        let mut row = vec![0.0; self.d];
        for (r, &i) in rows.iter().enumerate() {
            of.read(i as usize, &mut row);
            row.iter().enumerate().for_each(|(j, &value)| scratch.rows[j * SPREAD + r] = value);
        }
        scratch.products.resize(SPREAD * self.n, 0.0);
        lanes::spread_products(vectors, &scratch.rows, starts, columns, values, &mut scratch.products);
        let mut p = vec![0.0; self.n];
        for r in 0..rows.len() {
            p.iter_mut().zip(scratch.products.chunks_exact(SPREAD)).for_each(|(p, all)| *p = all[r]);
            take(r, 0..self.n, &p);
        }
    }
}

/// Memory that products reuse.
#[derive(Default)]
pub struct Scratch {
    rows: Vec<f64>,
    products: Vec<f64>,
    packing: Packing<f64>,
}

/// What kernel rows are made of: rows of X, or the kernel's values themselves.
pub enum Source<'a> {
    Points(Points),
    /// The Gram matrix of all rows as the caller has it (n, width), and which of its rows and columns are
    /// read.
    Gram {
        values: Floats<'a>,
        width: usize,
        order: Vec<u32>,
    },
}

impl<'a> Source<'a> {
    /// Rows of X in the order given.
    pub fn new(x: &Matrix<'a>, order: &[u32], d: usize, precomputed: bool) -> Result<Self> {
        match x {
            Matrix::Dense(values) if precomputed => {
                Ok(Source::Gram { values: *values, width: d, order: order.to_vec() })
            }
            Matrix::Sparse { .. } if precomputed => {
                Err(Error::invalid("a precomputed kernel must be a dense matrix"))
            }
            _ => Ok(Source::Points(Points::take(x, order, d)?)),
        }
    }

    pub fn n(&self) -> usize {
        match self {
            Source::Points(points) => points.n,
            Source::Gram { order, .. } => order.len(),
        }
    }

    /// Squared norms in the space of the kernel's argument: what [`super::kernel::Kernel::diagonal`] reads.
    pub fn norms(&self) -> Vec<f64> {
        match self {
            Source::Points(points) => points.norms.clone(),
            Source::Gram { values, width, order } => {
                order.iter().map(|&i| values.get(i as usize * width + i as usize)).collect()
            }
        }
    }

    /// Squared distances or inner products of row i to some others, in float64: what [`Source::base`] rounds.
    pub fn exact(
        &self,
        i: usize,
        others: &[u32],
        distances: bool,
        vectors: Vectors,
        row: &mut Vec<f64>,
        out: &mut [f64],
    ) {
        match self {
            Source::Points(points) => {
                row.resize(points.d, 0.0);
                points.read(i, row);
                for (&j, out) in others.iter().zip(out) {
                    let j = j as usize;
                    let p = points.inner(j, row, vectors);
                    let distance = || (points.norms[i] + points.norms[j] - 2.0 * p).max(0.0);
                    *out = match distances {
                        true if i == j => 0.0,
                        true => distance(),
                        false => p,
                    };
                }
            }
            Source::Gram { values, width, order } => {
                let start = order[i] as usize * width;
                let pairs = out.iter_mut().zip(others);
                pairs.for_each(|(out, &j)| *out = values.get(start + order[j as usize] as usize));
            }
        }
    }

    /// Distances or products of some rows to all (rows, n).
    pub fn base(
        &self,
        rows: &[u32],
        distances: bool,
        vectors: Vectors,
        out: &mut [Vec<f32>],
        scratch: &mut Scratch,
    ) {
        match self {
            Source::Points(points) => {
                points.base(points, rows, distances, vectors, out, scratch);
                if distances {
                    // Rounding must not part a row from itself.
                    rows.iter().zip(out).for_each(|(&i, out)| out[i as usize] = 0.0);
                }
            }
            Source::Gram { values, width, order } => {
                for (&i, out) in rows.iter().zip(out) {
                    let start = order[i as usize] as usize * width;
                    let pairs = out.iter_mut().zip(order);
                    pairs.for_each(|(out, &j)| *out = values.get(start + j as usize) as f32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn dense_and_sparse_rows_give_the_distances_of_the_definition() -> Result<()> {
        let (n, d) = (37, 11);
        let mut stream = Stream::new(4);
        let values: Vec<f64> =
            (0..n * d).map(|_| if stream.below(3) == 0 { stream.unit() } else { 0.0 }).collect();
        let (mut starts, mut columns, mut entries) = (vec![0], Vec::new(), Vec::new());
        for row in values.chunks_exact(d) {
            for (j, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                columns.push(j as i32);
                entries.push(value);
            }
            starts.push(entries.len() as i64);
        }
        let dense = Matrix::Dense(Floats::F64(&values));
        let sparse = Matrix::Sparse { starts: &starts, columns: &columns, values: Floats::F64(&entries) };
        let order: Vec<u32> = (0..n as u32).rev().collect();
        let rows: Vec<u32> = (0..n as u32).step_by(2).collect();
        for x in [dense, sparse] {
            let source = Source::new(&x, &order, d, false)?;
            for distances in [false, true] {
                let mut out = vec![vec![0.0; n]; rows.len()];
                source.base(&rows, distances, Vectors::detect(), &mut out, &mut Scratch::default());
                for (&i, out) in rows.iter().zip(&out) {
                    for (j, &value) in out.iter().enumerate() {
                        let a = &values[order[i as usize] as usize * d..][..d];
                        let b = &values[order[j] as usize * d..][..d];
                        let terms = a.iter().zip(b);
                        let exact: f64 = if distances {
                            terms.map(|(a, b)| (a - b).powi(2)).sum()
                        } else {
                            terms.map(|(a, b)| a * b).sum()
                        };
                        assert!((f64::from(value) - exact).abs() < 1e-6);
                    }
                }
            }
        }
        Ok(())
    }
}
