//! Factorisations of small dense matrices, row-major; faer computes them, each on one thread.
//!
//! faer cannot be stopped, and n^3 steps take their time (with n = 2000: Cholesky 0.1 s, eigenvectors 1.5 s, singular
//! vectors 5 s; with n = 4000 eight times as long). Factorisations of more than `LONG` rows are therefore
//! left behind once the control has stopped: `Error::Interrupted`, and their thread ends by itself.

use std::sync::Arc;

use faer::linalg::solvers::Solve;
use faer::{MatMut, MatRef, Side};

use crate::error::{Error, Result};
use crate::parallel::{Control, unless_stopped};

/// From more rows on a factorisation takes too long for a stop to wait: half a second.
const LONG: usize = 1024;

/// The factors of A (n, n), or more rows. Shared, as it must outlive a thread that is left behind.
fn stoppable<T: Send + 'static>(
    a: &Arc<Vec<f64>>,
    n: usize,
    control: &Control,
    factors: fn(&[f64], usize) -> Result<T>,
) -> Result<T> {
    if n <= LONG {
        return factors(a, n);
    }
    let a = Arc::clone(a);
    unless_stopped(control, move || factors(&a, n))
}

/// A = V' diag(values) V of a symmetric A (n, n): eigenvalues ascending, row i of V their vectors.
pub struct Eigen {
    pub values: Vec<f64>,
    pub vectors: Vec<f64>,
}

fn square(values: &[f64], n: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(values, n, n)
}

fn failed(what: &str) -> Error {
    Error::invalid(format!("{what} did not converge: X or y may hold values too large to compute with"))
}

/// Eigenvalues and eigenvectors of a symmetric A (n, n), of which the lower triangle is read.
pub fn eigen(a: &Arc<Vec<f64>>, n: usize, control: &Control) -> Result<Eigen> {
    stoppable(a, n, control, |a, n| {
        let found = square(a, n).self_adjoint_eigen(Side::Lower);
        let found = found.map_err(|_| failed("the eigendecomposition of X'X"))?;
        let (u, s) = (found.U(), found.S());
        let values = (0..n).map(|i| s[i]).collect();
        let vectors = (0..n).flat_map(|i| (0..n).map(move |j| u[(j, i)])).collect();
        Ok(Eigen { values, vectors })
    })
}

/// Eigenvalues of a symmetric A (n, n), ascending.
pub fn eigenvalues(a: &Arc<Vec<f64>>, n: usize, control: &Control) -> Result<Vec<f64>> {
    stoppable(a, n, control, |a, n| {
        square(a, n).self_adjoint_eigenvalues(Side::Lower).map_err(|_| failed("the eigenvalues of X'X"))
    })
}

/// A = L L' of a symmetric positive definite A (n, n).
pub struct Cholesky(faer::linalg::solvers::Llt<f64>);

impl Cholesky {
    /// `None` where A is not positive definite to working precision. The lower triangle is read.
    pub fn new(a: &[f64], n: usize) -> Option<Self> {
        square(a, n).llt(Side::Lower).ok().map(Cholesky)
    }

    /// The same of a matrix of any size.
    pub fn unless_stopped(a: Vec<f64>, n: usize, control: &Control) -> Result<Option<Self>> {
        stoppable(&Arc::new(a), n, control, |a, n| Ok(Cholesky::new(a, n)))
    }

    /// Overwrites the rows of B (m, n) with the solutions of A x = b.
    pub fn solve_rows(&self, b: &mut [f64], n: usize) {
        let m = b.len() / n.max(1);
        self.0.solve_in_place(MatMut::from_column_major_slice_mut(b, n, m));
    }
}

/// R (n, n) of A (m, n) = Q R, upper triangular; rows beyond m are zero.
pub fn triangle(a: &Arc<Vec<f64>>, n: usize, control: &Control) -> Result<Vec<f64>> {
    stoppable(a, n, control, |a, n| {
        let qr = MatRef::from_row_major_slice(a, a.len() / n, n).qr();
        let r = qr.thin_R();
        let at = |i: usize, j: usize| if i <= j && i < r.nrows() { r[(i, j)] } else { 0.0 };
        Ok((0..n).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect())
    })
}

/// A (n, n) = U' diag(values) V, singular values descending; vectors are the rows of U and V.
pub struct Singular {
    pub values: Vec<f64>,
    pub left: Vec<f64>,
    pub right: Vec<f64>,
}

pub fn singular(a: Vec<f64>, n: usize, control: &Control) -> Result<Singular> {
    stoppable(&Arc::new(a), n, control, |a, n| {
        let found = square(a, n).svd().map_err(|_| failed("the singular value decomposition of X"))?;
        let (u, s, v) = (found.U(), found.S(), found.V());
        let rows = |m: MatRef<'_, f64>| (0..n).flat_map(|i| (0..n).map(move |j| m[(j, i)])).collect();
        Ok(Singular { values: (0..n).map(|i| s[i]).collect(), left: rows(u), right: rows(v) })
    })
}
