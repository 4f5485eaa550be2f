//! Coordinate descent with more columns than rows, or with too many for all their products: columns of the
//! centred X as they are, products of the working set only.

use super::columns::Columns;
use super::quadratic::too_large;
use super::rows::Rows;
use crate::algebra::{add_scaled, dot};
use crate::error::{Result, filled};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};

/// Columns that may join the working set at a time, at least.
const FEW: usize = 100;
/// A column whose squares sum to less than this share of what they are made of does not vary.
const CONSTANT: f64 = 1e-13;

/// diag(sqrt(w)) [X - mean, Y - mean] by columns.
pub struct Wide {
    x: Held,
    /// Y (t, n), and c = X'Y (t, p).
    y: Vec<f64>,
    xy: Vec<f64>,
    squares: Vec<f64>,
    n: usize,
}

enum Held {
    /// X' (p, n), centred.
    Dense(Vec<f64>),
    Sparse(Sparse),
}

/// Compressed sparse columns, not centred: entries of column j are `starts[j]..starts[j + 1]`.
struct Sparse {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f64>,
    mean: Vec<f64>,
    /// sqrt(w) (n,), and the sum of its squares.
    root: Vec<f64>,
    weight: f64,
}

impl Wide {
    pub fn new(rows: &Rows<'_>) -> Result<Self> {
        let (n, p, y) = (rows.n(), rows.p(), rows.targets());
        let x = if rows.is_sparse() {
            Held::Sparse(Sparse::new(rows)?)
        } else {
            let mut x = filled(n * p, 0.0, "the columns of X")?;
            rows.read_columns(0..p, &mut x);
            Held::Dense(x)
        };
        let mut out = Wide { x, xy: vec![0.0; y.len() / n * p], y, squares: vec![0.0; p], n };
        let mut xy = std::mem::take(&mut out.xy);
        for (xy, y) in xy.chunks_exact_mut(p).zip(out.y.chunks_exact(n)) {
            out.against(y, xy);
        }
        let squares: Vec<f64> = (0..p).map(|j| out.square_of(j, rows)).collect();
        if squares.iter().chain(&xy).any(|value| !value.is_finite()) {
            return Err(too_large());
        }
        (out.xy, out.squares) = (xy, squares);
        Ok(out)
    }

    fn square_of(&self, j: usize, rows: &Rows<'_>) -> f64 {
        let (raw, shift) = match &self.x {
            Held::Dense(x) => {
                let column = &x[j * self.n..][..self.n];
                (dot(column, column), 0.0)
            }
            Held::Sparse(x) => {
                let raw = x.values[x.starts[j]..x.starts[j + 1]].iter().map(|x| x * x).sum();
                (raw, x.weight * x.mean[j] * x.mean[j])
            }
        };
        let square = raw - shift;
        if !square.is_finite() {
            return f64::INFINITY;
        }
        let size = rows.weight * rows.mean_x[j] * rows.mean_x[j] * 1e-28;
        if square > CONSTANT * raw && square > size { square } else { 0.0 }
    }

    /// out (p,) = X'r.
    fn against(&self, r: &[f64], out: &mut [f64]) {
        match &self.x {
            Held::Dense(x) => {
                let shape = Shape { m: out.len(), n: 1, k: self.n };
                let out = ViewMut { values: out, row: 1 };
                gemm(shape, View::rows(x, self.n), View::rows(r, 1), out, false, &mut Packing::default());
            }
            Held::Sparse(x) => {
                let sum: f64 = r.iter().zip(&x.root).map(|(r, root)| r * root).sum();
                for (j, out) in out.iter_mut().enumerate() {
                    let product: f64 = x.column(j).map(|(i, value)| value * r[i]).sum();
                    *out = product - x.mean[j] * sum;
                }
            }
        }
    }
}

impl Wide {
    /// X'X v (p,).
    pub fn squared(&self, v: &[f64], out: &mut [f64]) {
        let active: Vec<u32> = (0..v.len() as u32).collect();
        let mut r = vec![0.0; self.n];
        self.subtract(&mut r, v, &active);
        self.against(&r, out);
        out.iter_mut().for_each(|out| *out = -*out);
    }

    /// r -= X b, where b is 0 but for the `active`.
    fn subtract(&self, r: &mut [f64], b: &[f64], active: &[u32]) {
        match &self.x {
            Held::Dense(x) => {
                for &j in active {
                    let column = &x[j as usize * self.n..][..self.n];
                    add_scaled(r, -b[j as usize], column);
                }
            }
            Held::Sparse(x) => {
                let shift: f64 = active.iter().map(|&j| b[j as usize] * x.mean[j as usize]).sum();
                r.iter_mut().zip(&x.root).for_each(|(r, root)| *r += shift * root);
                for &j in active {
                    x.column(j as usize).for_each(|(i, value)| r[i] -= b[j as usize] * value);
                }
            }
        }
    }
}

impl Sparse {
    fn new(from: &Rows<'_>) -> Result<Self> {
        let mut counts = filled(from.p() + 1, 0usize, "the columns of X")?;
        from.entries(|_, j, _| counts[j + 1] += 1);
        (1..counts.len()).for_each(|j| counts[j] += counts[j - 1]);
        let n_values = counts[from.p()];
        let mut rows = filled(n_values, 0u32, "the columns of X")?;
        let mut values = filled(n_values, 0.0, "the columns of X")?;
        let mut next = counts.clone();
        from.entries(|i, j, x| {
            (rows[next[j]], values[next[j]]) = (i as u32, x);
            next[j] += 1;
        });
        let (mean, root) = (from.mean_x.clone(), from.root.clone());
        Ok(Sparse { starts: counts, rows, values, mean, root, weight: from.weight })
    }

    /// (row, value) of a column's entries.
    fn column(&self, j: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[j]..self.starts[j + 1];
        self.rows[range.clone()].iter().map(|&i| i as usize).zip(self.values[range].iter().copied())
    }
}

impl Columns for Wide {
    fn p(&self) -> usize {
        self.squares.len()
    }

    fn square(&self, j: usize) -> f64 {
        self.squares[j]
    }

    fn xy(&self, target: usize) -> &[f64] {
        &self.xy[target * self.p()..][..self.p()]
    }

    fn y2(&self, target: usize) -> f64 {
        let y = &self.y[target * self.n..][..self.n];
        dot(y, y)
    }

    fn gradient(&self, target: usize, b: &[f64], active: &[u32], out: &mut [f64]) {
        let mut r = self.y[target * self.n..][..self.n].to_vec();
        self.subtract(&mut r, b, active);
        self.against(&r, out);
    }

    fn products(&self, new: &[u32], set: &[u32], out: &mut [f64]) -> Result<()> {
        let n = self.n;
        match &self.x {
            Held::Dense(x) => {
                let gather = |some: &[u32]| -> Result<Vec<f64>> {
                    let mut out = filled(some.len() * n, 0.0, "the working set of columns")?;
                    let each = out.chunks_exact_mut(n).zip(some);
                    each.for_each(|(out, &j)| out.copy_from_slice(&x[j as usize * n..][..n]));
                    Ok(out)
                };
                let (a, b) = (gather(new)?, gather(set)?);
                let shape = Shape { m: new.len(), n: set.len(), k: n };
                let out = ViewMut { values: out, row: set.len() };
                gemm(shape, View::rows(&a, n), View::rows(&b, n).t(), out, false, &mut Packing::default());
            }
            Held::Sparse(x) => {
                let mut one = vec![0.0; n];
                for (out, &i) in out.chunks_exact_mut(set.len()).zip(new) {
                    let i = i as usize;
                    x.column(i).for_each(|(row, value)| one[row] = value);
                    for (out, &j) in out.iter_mut().zip(set) {
                        let product: f64 = x.column(j as usize).map(|(row, value)| one[row] * value).sum();
                        *out = product - x.weight * x.mean[i] * x.mean[j as usize];
                    }
                    x.column(i).for_each(|(row, _)| one[row] = 0.0);
                }
            }
        }
        // A column that does not vary has rounding errors for products: they must not move it.
        for (out, &i) in out.chunks_exact_mut(set.len()).zip(new) {
            for (out, &j) in out.iter_mut().zip(set) {
                if self.squares[i as usize] == 0.0 || self.squares[j as usize] == 0.0 {
                    *out = 0.0;
                }
            }
        }
        Ok(())
    }

    fn most_new(&self, active: usize) -> usize {
        FEW.max(active)
    }
}
