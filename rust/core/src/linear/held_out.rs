//! Errors on rows held out, from the sums of products that training takes anyway.
//!
//! ```text
//! sum_i (y_i - x_i w - c)^2 = v' M v,   v = (-w, 1, b - a w - c),   M = Z'Z of these rows (moments.rs)
//! ```
//!
//! takes q^2 products for a model instead of n q. Its terms cancel where the residuals are small beside what
//! is subtracted: then it is left to the predictions.

use crate::error::{Result, filled};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::linear_model::LinearModel;

/// Terms may be this many times as large as their sum.
const CANCELLATION: f64 = 1e4;
/// More columns than this are not worth a full copy of M.
const MANY: usize = 2_000;
/// So many rows a column take longer to predict than M to multiply.
const ROWS: usize = 4;

/// Whether sums of `n` rows tell the errors sooner than predictions do.
pub fn is_worth_it(n: usize, q: usize) -> bool {
    q <= MANY && n >= ROWS * q
}

/// The sum of squared residuals of each model of one target, where it is exact enough, from the lower triangle
/// of M (q, q) about the origin (a, b).
pub fn residuals(moments: &[f64], origin: &[f64], models: &[&LinearModel]) -> Result<Vec<Option<f64>>> {
    let (q, d, m) = (origin.len() + 1, origin.len() - 1, models.len());
    let what = "sums of products of rows held out";
    let mut whole = filled(q * q, 0.0, what)?;
    for i in 0..q {
        for j in 0..=i {
            (whole[i * q + j], whole[j * q + i]) = (moments[i * q + j], moments[i * q + j]);
        }
    }
    let mut v = filled(m * q, 0.0, what)?;
    for (model, v) in models.iter().zip(v.chunks_exact_mut(q)) {
        let along: f64 = model.coef.iter().zip(origin).map(|(w, a)| w * a).sum();
        v.iter_mut().zip(&model.coef).for_each(|(v, w)| *v = -w);
        v[d] = 1.0;
        v[d + 1] = origin[d] - along - model.intercept[0];
    }
    let mut products = filled(m * q, 0.0, what)?;
    let shape = Shape { m, n: q, k: q };
    let out = ViewMut { values: &mut products, row: q };
    gemm(shape, View::rows(&v, q), View::rows(&whole, q), out, false, &mut Packing::default());
    let sizes: Vec<f64> = (0..q).map(|j| whole[j * q + j].sqrt()).collect();
    let residual = |(v, products): (&[f64], &[f64])| {
        let sum: f64 = v.iter().zip(products).map(|(v, product)| v * product).sum();
        let terms: f64 = v.iter().zip(&sizes).map(|(v, size)| v.abs() * size).sum();
        (terms * terms <= CANCELLATION * sum).then_some(sum)
    };
    Ok(v.chunks_exact(q).zip(products.chunks_exact(q)).map(residual).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::Link;
    use crate::seed::Stream;

    fn model(coef: &[f64], intercept: f64) -> LinearModel {
        let (coef, d) = (coef.to_vec(), coef.len());
        let facts = std::collections::BTreeMap::new();
        LinearModel { coef, intercept: vec![intercept], d, n_classes: 0, link: Link::Identity, facts }
    }

    #[test]
    fn they_are_those_of_the_rows_or_left_open() -> Result<()> {
        let (n, d) = (200, 3);
        let mut stream = Stream::new(3);
        let rows: Vec<Vec<f64>> =
            (0..n).map(|_| (0..d).map(|j| 50.0 + (j as f64 + 1.0) * stream.unit()).collect()).collect();
        let w = [1.0, -2.0, 0.5];
        let score = |row: &[f64], w: &[f64]| row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
        let y: Vec<f64> = rows.iter().map(|row| score(row, &w) + 7.0 + stream.unit()).collect();
        let origin: Vec<f64> = (0..=d).map(|j| if j < d { 51.0 } else { y[0] }).collect();
        let q = d + 2;
        let mut moments = vec![0.0; q * q];
        for (row, y) in rows.iter().zip(&y) {
            let mut z: Vec<f64> = row.iter().chain([y]).zip(&origin).map(|(x, a)| x - a).collect();
            z.push(1.0);
            (0..q).for_each(|i| (0..=i).for_each(|j| moments[i * q + j] += z[i] * z[j]));
        }
        let models = [model(&w, 7.5), model(&[0.0; 3], 3.0), model(&[1e9, -2e9, 5e8], -5e8)];
        let found = residuals(&moments, &origin, &models.iter().collect::<Vec<_>>())?;
        for (model, found) in models.iter().zip(&found) {
            let error = |(row, y): (&Vec<f64>, &f64)| y - score(row, &model.coef) - model.intercept[0];
            let expected: f64 = rows.iter().zip(&y).map(error).map(|error| error * error).sum();
            if let Some(found) = found {
                assert!((found - expected).abs() <= 1e-9 * expected, "{found}, not {expected}");
            }
        }
        assert!(found[0].is_some() && found[1].is_some());
        // Rounding is all that is left of residuals that are nothing beside the terms.
        let exact: Vec<f64> = rows.iter().map(|row| score(row, &w)).collect();
        assert!(exact.iter().all(|value| value.is_finite()));
        let mut moments = vec![0.0; q * q];
        for (row, y) in rows.iter().zip(&exact) {
            let mut z: Vec<f64> = row.iter().chain([y]).zip(&origin).map(|(x, a)| x - a).collect();
            z.push(1.0);
            (0..q).for_each(|i| (0..=i).for_each(|j| moments[i * q + j] += z[i] * z[j]));
        }
        assert_eq!(residuals(&moments, &origin, &[&model(&w, 0.0)])?, [None]);
        Ok(())
    }
}
