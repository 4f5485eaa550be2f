//! What to tell of a descent that did not converge: by how much, why perhaps, and the remedy.

use super::columns::Columns;
use super::path::Found;
use super::settings::Shared;

/// Columns of standard deviations this far apart are called badly scaled.
const SPREAD: f64 = 1e3;
/// Columns of at least this correlation are called collinear.
const ALIKE: f64 = 0.999;
/// Columns whose correlations are looked at.
const MOST: usize = 512;

/// The text of a warning; `names` are the numbers of the columns in X.
pub fn advice(
    found: &Found,
    shared: &Shared,
    y2: f64,
    columns: &dyn Columns,
    active: &[u32],
    names: &[u32],
) -> String {
    let mut text = format!(
        "Coordinate descent did not converge in max_iter={} passes: the duality gap is {:.3e}, and tol={} \
         allows {:.3e}.",
        found.n_iter,
        found.gap,
        shared.tol,
        shared.tol * y2
    );
    let name = |j: usize| names.get(j).copied().unwrap_or_default();
    if let Some((low, high, ratio)) = spread(columns) {
        text += &format!(
            " Column {} varies {ratio:.0e} times as much as column {}: scale the columns of X, for example \
             with StandardScaler.",
            name(high),
            name(low)
        );
    }
    if let Some((a, b, r)) = alike(columns, &active[..active.len().min(MOST)]) {
        text += &format!(
            " Columns {} and {} are collinear (correlation {r:.6}): drop one of them, or raise alpha.",
            name(a),
            name(b)
        );
    }
    text + " Or raise max_iter or tol."
}

/// The columns that vary least and most, if far apart, and the ratio of their standard deviations.
fn spread(columns: &dyn Columns) -> Option<(usize, usize, f64)> {
    let varying = || (0..columns.p()).filter(|&j| columns.square(j) > 0.0);
    let by_square = |a: &usize, b: &usize| columns.square(*a).total_cmp(&columns.square(*b));
    let (low, high) = (varying().min_by(by_square)?, varying().max_by(by_square)?);
    let ratio = (columns.square(high) / columns.square(low)).sqrt();
    (ratio > SPREAD).then_some((low, high, ratio))
}

/// The two columns of the largest correlation, if it is near 1.
fn alike(columns: &dyn Columns, some: &[u32]) -> Option<(usize, usize, f64)> {
    let m = some.len();
    let mut products = vec![0.0; m * m];
    columns.products(some, some, &mut products).ok()?;
    let mut best: Option<(usize, usize, f64)> = None;
    for i in 1..m {
        for j in 0..i {
            let r = products[i * m + j] / (products[i * m + i] * products[j * m + j]).sqrt();
            if r.abs() > best.map_or(ALIKE, |best| best.2.abs()) {
                best = Some((some[j] as usize, some[i] as usize, r));
            }
        }
    }
    best
}
