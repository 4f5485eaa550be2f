//! The singular values of the centred X by orthogonal transformations of its rows, which lose no digits.
//!
//! ```text
//! diag(sqrt(w)) [X - mean, Y - mean] = Q R,    R = U' diag(s) V    on the columns of X
//! ```
//!
//! R is updated block of rows by block of rows (Golub & Van Loan, Matrix Computations, section 5.2 on
//! Householder QR; Demmel et al., arXiv 0808.2664 on trees of them), so that X is read once and never stored.
//! With fewer rows than columns the same is done with the columns of X. Stopped: `Error::Interrupted`.

use std::sync::Arc;

use super::factor;
use super::rows::Rows;
use super::spectrum::Spectrum;
use crate::error::{Error, Result, filled};
use crate::parallel::Control;

/// Rows or columns that are transformed at a time, at least.
const BLOCK: usize = 512;

/// Of X'X: the spectrum of the columns that vary, with X'Y projected on it.
pub fn by_rows(rows: &Rows<'_>, control: &Control) -> Result<Spectrum> {
    let (p, t) = (rows.p(), rows.n_targets());
    let width = p + t;
    let size = BLOCK.max(width);
    // R of the rows before, above a block of rows.
    let mut stack = Arc::new(filled((width + size) * width, 0.0, "a triangular factor of X")?);
    for start in (0..rows.n()).step_by(size) {
        if control.stopped() {
            return Err(Error::Interrupted);
        }
        let some = start..(start + size).min(rows.n());
        let own = Arc::make_mut(&mut stack);
        own.truncate((width + some.len()) * width);
        for (i, out) in some.zip(own[width * width..].chunks_exact_mut(width)) {
            let (x, y) = out.split_at_mut(p);
            rows.read(i, x);
            rows.read_target(i, y);
        }
        let r = factor::triangle(&stack, width, control)?;
        Arc::make_mut(&mut stack)[..width * width].copy_from_slice(&r);
    }
    let part = |columns: std::ops::Range<usize>| {
        (0..p).flat_map(|i| stack[i * width..][..width][columns.clone()].to_vec()).collect::<Vec<f64>>()
    };
    let found = factor::singular(part(0..p), p, control)?;
    // X'Y = V' diag(s) U R_xy.
    let (sides, n) = (part(p..width), p);
    let sides: Vec<f64> = (0..t).flat_map(|k| (0..n).map(|i| sides[i * t + k]).collect::<Vec<_>>()).collect();
    let mut spectrum = Spectrum::new(found.values, found.left, &sides);
    spectrum.vectors = found.right;
    spectrum.projected.chunks_exact_mut(t).zip(&spectrum.values).for_each(|(row, s)| {
        row.iter_mut().for_each(|value| *value *= s);
    });
    spectrum.values.iter_mut().for_each(|s| *s *= *s);
    Ok(spectrum)
}

/// Of XX': the spectrum of the rows, with Y projected on it.
pub fn by_columns(rows: &Rows<'_>, control: &Control) -> Result<Spectrum> {
    let (n, p) = (rows.n(), rows.p());
    let size = BLOCK.max(n);
    let mut stack = Arc::new(filled((n + size) * n, 0.0, "a triangular factor of X")?);
    for start in (0..p).step_by(size) {
        if control.stopped() {
            return Err(Error::Interrupted);
        }
        let some = start..(start + size).min(p);
        let own = Arc::make_mut(&mut stack);
        own.truncate((n + some.len()) * n);
        rows.read_columns(some, &mut own[n * n..]);
        let r = factor::triangle(&stack, n, control)?;
        Arc::make_mut(&mut stack)[..n * n].copy_from_slice(&r);
    }
    let mut r = Arc::unwrap_or_clone(stack);
    r.truncate(n * n);
    let found = factor::singular(r, n, control)?;
    let values = found.values.iter().map(|s| s * s).collect();
    Ok(Spectrum::new(values, found.right, &rows.targets()))
}
