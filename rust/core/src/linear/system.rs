//! Least squares and ridge regression of one fold: the way that keeps enough digits, fastest first.

use super::dual::Inner;
use super::factor;
use super::normal;
use super::orthogonal;
use super::quadratic::Quadratic;
use super::rows::Rows;
use super::settings::Shared;
use super::spectrum::{Spectrum, Wanted};
use crate::error::Result;
use crate::parallel::Control;

/// Solutions of one fold for several penalties and targets.
pub struct Solved {
    /// Over the columns that count, as wanted (m, p).
    pub coef: Vec<f64>,
    /// Of least squares the singular values of the centred X, descending.
    pub singular: Option<Vec<f64>>,
    /// Whether the solution came from orthogonal transformations.
    pub orthogonal: bool,
}

impl Solved {
    /// No column varies.
    pub fn nothing() -> Self {
        Solved { coef: Vec::new(), singular: None, orthogonal: false }
    }
}

/// Sums of products say at least this much of singular values: beyond, rounding errors do.
const CERTAIN: f64 = 1e-6;

impl Shared {
    /// Directions of less than this share of the largest singular value count as none.
    fn cutoff(&self, n: usize, p: usize) -> f64 {
        self.cutoff.unwrap_or(f64::EPSILON * n.max(p) as f64)
    }
}

/// Not fewer rows than columns. Stopped: `Error::Interrupted`.
pub fn tall<'a>(
    quadratic: &Quadratic,
    rows: impl Fn() -> Rows<'a>,
    wanted: &[Wanted],
    shared: &Shared,
    control: &Control,
) -> Result<Solved> {
    let known = if shared.orthogonal { None } else { by_products(quadratic, wanted, shared, control)? };
    if let Some(known) = known {
        return Ok(known);
    }
    let rows = rows();
    let cutoff = shared.cutoff(rows.n(), rows.p());
    let spectrum = orthogonal::by_rows(&rows, control)?;
    let singular = singular(&spectrum, shared);
    Ok(Solved { coef: spectrum.solve(wanted, cutoff * cutoff), singular, orthogonal: true })
}

/// By X'X, where that is certain.
fn by_products(
    quadratic: &Quadratic,
    wanted: &[Wanted],
    shared: &Shared,
    control: &Control,
) -> Result<Option<Solved>> {
    let mut singular = None;
    if let Some(cutoff) = shared.cutoff {
        let values = factor::eigenvalues(&quadratic.gram, quadratic.p(), control)?;
        let (least, most) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
        let certain = cutoff.max(CERTAIN);
        if least <= 4.0 * certain * certain * most {
            return Ok(None);
        }
        singular = Some(values.iter().rev().map(|value| value.max(0.0).sqrt()).collect());
    }
    let coef = normal::solve(quadratic, wanted, control)?;
    Ok(coef.map(|coef| Solved { coef, singular, orthogonal: false }))
}

/// Fewer rows than columns. Stopped: `Error::Interrupted`.
pub fn wide(
    inner: &Inner,
    rows: &Rows<'_>,
    train: &[u32],
    wanted: &[Wanted],
    shared: &Shared,
    control: &Control,
) -> Result<Solved> {
    let known = if shared.orthogonal { None } else { inner.solve(rows, train, wanted, control)? };
    if let Some(dual) = known {
        return Ok(Solved { coef: rows.combine(&dual), singular: None, orthogonal: false });
    }
    let cutoff = shared.cutoff(rows.n(), rows.p());
    let spectrum = orthogonal::by_columns(rows, control)?;
    let dual = spectrum.solve(wanted, cutoff * cutoff);
    Ok(Solved { coef: rows.combine(&dual), singular: singular(&spectrum, shared), orthogonal: true })
}

fn singular(spectrum: &Spectrum, shared: &Shared) -> Option<Vec<f64>> {
    shared.cutoff.map(|_| spectrum.values.iter().map(|value| value.max(0.0).sqrt()).collect())
}
