//! The scores of columns on rows kept back.

use super::loss::Lanes;
use super::products::Products;
use super::run::Task;
use super::state::Plane;
use crate::elementary::{Float, number};
use crate::metric::r2;

/// Rows of one product.
const BLOCK: usize = 256;

/// The share of right signs, or R2, of the first `n_columns` columns of w on the rows `held`.
pub fn validate<T: Float>(
    task: &Task<'_>,
    held: &[u32],
    w: &Plane<T>,
    lanes: &Lanes<T>,
    n_columns: usize,
    products: &mut Products<T>,
) -> Vec<f64> {
    let (mut tallies, mut z) = (vec![Tally::default(); n_columns], Vec::new());
    for rows in held.chunks(BLOCK) {
        products.scores(&task.data.x, rows, w, &mut z);
        for (&i, z) in rows.iter().zip(z.chunks_exact(w.bias.len())) {
            let (weight, y) = (task.weight(i), task.data.y[i as usize]);
            for ((&z, &class), tally) in z.iter().zip(&lanes.class).zip(&mut tallies) {
                if lanes.classes {
                    let right = (z > number(0.0)) == (number::<T>(y) == class);
                    tally.add(weight, if right { 0.0 } else { 1.0 }, y);
                } else {
                    tally.add(weight, (z.to_f64() - y).powi(2), y);
                }
            }
        }
    }
    tallies.iter().map(|tally| if lanes.classes { tally.accuracy() } else { tally.r2() }).collect()
}

/// Weighted sums over rows.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    weight: f64,
    error: f64,
    mean: f64,
    /// Sum of weight (y - mean)^2, by West's update (1979).
    spread: f64,
}

impl Tally {
    fn add(&mut self, weight: f64, error: f64, y: f64) {
        self.weight += weight;
        self.error += weight * error;
        let away = y - self.mean;
        self.mean += away * weight / self.weight;
        self.spread += weight * away * (y - self.mean);
    }

    fn accuracy(&self) -> f64 {
        1.0 - self.error / self.weight
    }

    fn r2(&self) -> f64 {
        r2(self.error, self.spread)
    }
}
