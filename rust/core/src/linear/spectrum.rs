//! Solutions for all penalties from one factorisation.
//!
//! ```text
//! (A + l2 I) x = r    for    A = V' diag(s) V    are    x = V' (V r / (s + l2))
//! ```
//!
//! A is X'X (p, p) of the centred X, or XX' (n, n) where there are fewer rows than columns. V and s come
//! from an eigendecomposition of A, or, where that has lost too many digits, from the singular values of X.

use crate::gemm::{Packing, Shape, View, ViewMut, gemm};

/// V, s, and V r for t right-hand sides r.
pub struct Spectrum {
    /// s (n,), >= 0 up to rounding.
    pub values: Vec<f64>,
    /// V (n, n), a vector a row.
    pub vectors: Vec<f64>,
    /// V r (n, t).
    pub projected: Vec<f64>,
}

/// A solution that is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    pub target: usize,
    pub l2: f64,
}

impl Spectrum {
    /// Of an eigendecomposition and right-hand sides (t, n).
    pub fn new(values: Vec<f64>, vectors: Vec<f64>, sides: &[f64]) -> Self {
        let n = values.len();
        let t = sides.len() / n.max(1);
        let mut projected = vec![0.0; n * t];
        let (a, b) = (View::rows(&vectors, n), View::rows(sides, n).t());
        let out = ViewMut { values: &mut projected, row: t };
        gemm(Shape { m: n, n: t, k: n }, a, b, out, false, &mut Packing::default());
        Spectrum { values, vectors, projected }
    }

    pub fn most(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// Solutions (m, n) of those wanted (m,). Directions whose s is not above `cutoff` times the largest are
    /// left out: their s is rounding errors, and without a penalty this gives the solution of least norm.
    pub fn solve(&self, wanted: &[Wanted], cutoff: f64) -> Vec<f64> {
        let (n, m) = (self.values.len(), wanted.len());
        let t = self.projected.len() / n.max(1);
        let least = cutoff * self.most();
        let weight = |i: usize, &Wanted { target, l2 }: &Wanted| {
            let (value, projected) = (self.values[i], self.projected[i * t + target]);
            if value <= least { 0.0 } else { projected / (value + l2) }
        };
        let weights: Vec<f64> =
            wanted.iter().flat_map(|wanted| (0..n).map(move |i| weight(i, wanted))).collect();
        let mut out = vec![0.0; m * n];
        let (a, b) = (View::rows(&weights, n), View::rows(&self.vectors, n));
        let product = ViewMut { values: &mut out, row: n };
        gemm(Shape { m, n, k: n }, a, b, product, false, &mut Packing::default());
        out
    }
}
