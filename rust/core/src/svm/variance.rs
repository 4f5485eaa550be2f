//! How X is spread: the variance behind gamma = "scale", and what to tell a user whose columns differ so
//! much that no solver gets through.

use super::settings::Settings;
use crate::matrix::Matrix;

/// Sums over the entries of each row, about one centre for all.
pub struct Spread {
    d: usize,
    centre: f64,
    /// sum_j (x_ij - centre) and sum_j (x_ij - centre)^2.
    sums: Vec<(f64, f64)>,
}

impl Spread {
    pub fn new(x: &Matrix<'_>, n: usize, d: usize) -> Self {
        let values = x.values();
        let total: f64 = (0..values.len()).map(|e| values.get(e)).sum();
        let centre = total / (n as f64 * d as f64);
        let row = |i: usize| {
            let entries = if x.is_sparse() { x.entries(i) } else { i * d..(i + 1) * d };
            // The entries that a sparse row does not have are 0.
            let absent = (d - entries.len()) as f64;
            let (mut sum, mut squares) = (-absent * centre, absent * centre * centre);
            for e in entries {
                let value = values.get(e) - centre;
                sum += value;
                squares += value * value;
            }
            (sum, squares)
        };
        Spread { d, centre, sums: (0..n).map(row).collect() }
    }

    /// The variance of all entries of some rows.
    pub fn variance(&self, rows: &[u32]) -> f64 {
        let count = rows.len() as f64 * self.d as f64;
        let (sum, squares) = rows.iter().fold((0.0, 0.0), |(sum, squares), &i| {
            let row = self.sums[i as usize];
            (sum + row.0, squares + row.1)
        });
        let variance = squares / count - (sum / count).powi(2);
        // What rounding leaves of entries that are all alike is no spread.
        if variance > 1e-28 * (squares / count + self.centre * self.centre) { variance } else { 0.0 }
    }
}

/// Columns may differ this much in their standard deviations.
const RATIO: f64 = 100.0;

/// What to tell the user of a fit that did not converge.
pub fn advice(
    settings: &Settings,
    steps: usize,
    violation: f64,
    spread: &Spread,
    x: &Matrix<'_>,
    rows: &[u32],
) -> String {
    let (mut least, mut most) = ((f64::INFINITY, 0), (0.0_f64, 0));
    for (j, deviation) in deviations(x, rows, spread.d).into_iter().enumerate() {
        if deviation > 0.0 && deviation < least.0 {
            least = (deviation, j);
        }
        if deviation > most.0 {
            most = (deviation, j);
        }
    }
    let remedy = if most.0 > RATIO * least.0 {
        format!(
            "The standard deviations of the columns of X go from {:.3e} (column {}) to {:.3e} (column {}): \
             standardise X, for example with sklearn.preprocessing.StandardScaler",
            least.0, least.1, most.0, most.1
        )
    } else if most.0 > RATIO {
        "Consider pre-processing your data with StandardScaler or MinMaxScaler".to_owned()
    } else {
        "Raise max_iter or tol, or choose a smaller C; pre-processing the data with StandardScaler or \
         MinMaxScaler may help"
            .to_owned()
    };
    format!(
        "Solver terminated early after {steps} iterations: the optimality conditions are violated by \
         {violation:.3e}, more than tol={:.3e}. {remedy}.",
        settings.tol
    )
}

fn deviations(x: &Matrix<'_>, rows: &[u32], d: usize) -> Vec<f64> {
    let (mut sums, mut squares) = (vec![0.0; d], vec![0.0; d]);
    let mut row = vec![0.0; d];
    let first = rows.first().map_or_else(
        || row.clone(),
        |&i| {
            let mut first = row.clone();
            x.read_row(i as usize, &mut first);
            first
        },
    );
    for &i in rows {
        x.read_row(i as usize, &mut row);
        for j in 0..d {
            let value: f64 = row[j] - first[j];
            sums[j] += value;
            squares[j] += value * value;
        }
    }
    let n = rows.len() as f64;
    let deviation = |(sum, square): (&f64, &f64)| (square / n - (sum / n).powi(2)).max(0.0).sqrt();
    sums.iter().zip(&squares).map(deviation).collect()
}
