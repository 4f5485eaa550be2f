//! Solving with a symmetric matrix that ought to be positive definite, and is made so where it is not.
//!
//! ```text
//! A = S L L' S,   S = diag(A)^(1/2)
//! ```
//!
//! The scaling makes columns of any units alike. A pivot that rounding could have made is replaced by 1, as
//! if that parameter had a penalty of its own size: it is one that the parameters before it make up.

use crate::gemm::{Packing, Shape, View, ViewMut, gemm};

/// Columns of one panel.
const PANEL: usize = 32;
/// Least pivot of a matrix with ones on its diagonal.
const LEAST_PIVOT: f64 = 1e-11;
/// Sums are kept side by side in this many lanes.
const LANES: usize = 8;

/// The factors of a symmetric matrix (n, n).
#[derive(Clone, Debug)]
pub struct Cholesky {
    n: usize,
    /// L, row-major; what is above the diagonal has no meaning.
    factor: Vec<f64>,
    /// 1 / S.
    scale: Vec<f64>,
    /// Rows whose pivot was replaced.
    pub dependent: Vec<usize>,
}

impl Cholesky {
    /// Factorises the lower triangle of `a`.
    pub fn new(mut a: Vec<f64>, n: usize) -> Self {
        debug_assert_eq!(a.len(), n * n);
        let of = |h: f64| if h > 0.0 && h.is_finite() { 1.0 / h.sqrt() } else { 0.0 };
        let scale: Vec<f64> = (0..n).map(|i| of(a[i * n + i])).collect();
        for i in 0..n {
            for j in 0..=i {
                a[i * n + j] *= scale[i] * scale[j];
            }
        }
        let mut out = Cholesky { n, factor: a, scale, dependent: Vec::new() };
        let (mut left, mut product, mut packing) = (Vec::new(), Vec::new(), Packing::default());
        for start in (0..n).step_by(PANEL) {
            let columns = PANEL.min(n - start);
            if start > 0 {
                out.subtract(start, columns, &mut left, &mut product, &mut packing);
            }
            out.factor_panel(start, columns);
        }
        // A column of zeros is in no other's span; nothing is to be done along it.
        for (i, scale) in out.scale.iter().enumerate() {
            if *scale == 0.0 {
                out.dependent.retain(|&row| row != i);
            }
        }
        out
    }

    /// A[start.., panel] -= L[start.., ..start] L[panel, ..start]'.
    fn subtract(
        &mut self,
        start: usize,
        columns: usize,
        left: &mut Vec<f64>,
        product: &mut Vec<f64>,
        packing: &mut Packing<f64>,
    ) {
        let (n, rows) = (self.n, self.n - start);
        left.clear();
        (start..start + columns).for_each(|i| left.extend_from_slice(&self.factor[i * n..i * n + start]));
        product.resize(rows * columns, 0.0);
        let above = View { values: &self.factor[start * n..], row: n, column: 1 };
        let out = ViewMut { values: product, row: columns };
        let shape = Shape { m: rows, n: columns, k: start };
        gemm(shape, above, View::rows(left, start).t(), out, false, packing);
        for (i, product) in product.chunks_exact(columns).enumerate() {
            let row = &mut self.factor[(start + i) * n + start..][..columns];
            row.iter_mut().zip(product).for_each(|(a, product)| *a -= product);
        }
    }

    /// Columns [start, start + columns) of L, from what is left of A there.
    fn factor_panel(&mut self, start: usize, columns: usize) {
        let n = self.n;
        for j in start..start + columns {
            let mut pivot = self.factor[j * n + j];
            if pivot.is_nan() || pivot <= LEAST_PIVOT {
                self.dependent.push(j);
                pivot = 1.0;
            }
            let root = pivot.sqrt();
            self.factor[j * n + j] = root;
            let end = start + columns;
            // Rows of the panel first: their entries in column j are what the others are reduced by.
            for i in j + 1..end {
                self.factor[i * n + j] /= root;
            }
            let column: Vec<f64> = (j + 1..end).map(|i| self.factor[i * n + j]).collect();
            for i in j + 1..n {
                if i >= end {
                    self.factor[i * n + j] /= root;
                }
                let l = self.factor[i * n + j];
                let row = &mut self.factor[i * n + j + 1..i * n + end];
                row.iter_mut().zip(&column).for_each(|(a, other)| *a -= l * other);
            }
        }
    }

    /// x = A^-1 x.
    pub fn solve(&self, x: &mut [f64]) {
        let n = self.n;
        x.iter_mut().zip(&self.scale).for_each(|(x, scale)| *x *= scale);
        for i in 0..n {
            let (before, rest) = x.split_at_mut(i);
            rest[0] = (rest[0] - dot(&self.factor[i * n..i * n + i], before)) / self.factor[i * n + i];
        }
        for i in (0..n).rev() {
            let (before, rest) = x.split_at_mut(i);
            rest[0] /= self.factor[i * n + i];
            let by = rest[0];
            let row = &self.factor[i * n..i * n + i];
            before.iter_mut().zip(row).for_each(|(x, l)| *x -= by * l);
        }
        x.iter_mut().zip(&self.scale).for_each(|(x, scale)| *x *= scale);
    }
}

/// a' b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B B' of numbers without structure, its rows in very different units.
    fn square(n: usize) -> Vec<f64> {
        let b: Vec<f64> = (0..n * n).map(|i| ((i * i + 7 * i) % 101) as f64 / 101.0 - 0.5).collect();
        let unit = |i: usize| 10f64.powi((i % 7) as i32 - 3);
        let at = |i: usize, j: usize| unit(i) * unit(j) * dot(&b[i * n..(i + 1) * n], &b[j * n..(j + 1) * n]);
        (0..n * n).map(|v| at(v / n, v % n) + f64::from(v / n == v % n) * unit(v / n).powi(2)).collect()
    }

    #[test]
    fn solves_what_it_factorised() {
        for n in [1, 2, 31, 32, 33, 100] {
            let a = square(n);
            let x: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
            let mut b: Vec<f64> = a.chunks_exact(n).map(|row| dot(row, &x)).collect();
            let factors = Cholesky::new(a, n);
            assert!(factors.dependent.is_empty());
            factors.solve(&mut b);
            assert!(b.iter().zip(&x).all(|(b, x)| (b - x).abs() < 1e-8), "{n}");
        }
    }

    #[test]
    fn names_rows_that_others_make_up() {
        let mut a = square(3);
        // The third parameter is the first again.
        for i in 0..3 {
            a[i * 3 + 2] = a[i * 3];
        }
        for j in 0..3 {
            a[6 + j] = a[j];
        }
        let factors = Cholesky::new(a, 3);
        assert_eq!(factors.dependent, [2]);
        let mut x = [1.0, 2.0, 3.0];
        factors.solve(&mut x);
        assert!(x.iter().all(|x| x.is_finite()));
    }
}
