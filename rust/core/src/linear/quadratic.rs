//! Least squares as a quadratic of the coefficients, which no longer knows the rows.
//!
//! ```text
//! 1/2 sum_i w_i (y_i - x_i b - b0)^2  =  1/2 b'Gb - c'b + 1/2 y2     at the best b0
//! ```

use std::sync::Arc;

use crate::error::{Error, Result, filled};

/// A column that varies by less than this share of its size does not vary: what is left are rounding errors.
const CONSTANT: f64 = 1e-13;

/// Squares that overflow.
pub fn too_large() -> Error {
    Error::invalid("X or y holds values too large to be squared: scale them")
}

/// One fold's problem, for t targets, over the columns that vary.
pub struct Quadratic {
    /// The columns that vary (p,), ascending.
    pub columns: Vec<u32>,
    /// G (p, p), symmetric; shared with factorisations that are left behind.
    pub gram: Arc<Vec<f64>>,
    /// c (t, p).
    pub xy: Vec<f64>,
    /// Sums of the squares of the centred targets (t,).
    pub y2: Vec<f64>,
    /// What X and Y are centred on: zeros without an intercept.
    pub mean_x: Vec<f64>,
    pub mean_y: Vec<f64>,
    /// Sum of the weights.
    pub weight: f64,
}

impl Quadratic {
    /// From M (q, q) about an origin; `d` columns of X.
    pub fn new(moments: &[f64], origin: &[f64], d: usize, centre: bool) -> Result<Self> {
        let q = origin.len() + 1;
        let (sums, weight) = (&moments[(q - 1) * q..q * q - 1], moments[q * q - 1]);
        if weight <= 0.0 {
            return Err(Error::invalid("sample_weight is zero for all rows of a fold"));
        }
        if (0..q).any(|j| !moments[j * q + j].is_finite()) {
            return Err(too_large());
        }
        // About the mean: M_ij - m_i m_j / W. About zero: M_ij + o_i m_j + m_i o_j + W o_i o_j.
        let about = |i: usize, j: usize| {
            let product = moments[i.max(j) * q + i.min(j)];
            if centre {
                product - sums[i] * sums[j] / weight
            } else {
                product + origin[i] * sums[j] + sums[i] * origin[j] + weight * origin[i] * origin[j]
            }
        };
        let varies = |j: usize| {
            let (square, size) = (about(j, j), origin[j] * 1e-14);
            square > CONSTANT * moments[j * q + j] && square > weight * size * size
        };
        let columns: Vec<u32> = (0..d).filter(|&j| varies(j)).map(|j| j as u32).collect();
        let p = columns.len();
        let mut gram = filled(p * p, 0.0, "products of the columns of X")?;
        for (a, &i) in columns.iter().enumerate() {
            for (b, &j) in columns[..=a].iter().enumerate() {
                let value = about(i as usize, j as usize);
                gram[a * p + b] = value;
                gram[b * p + a] = value;
            }
        }
        // A target that does not vary has no products with the columns, only rounding errors.
        let product = |t: usize, j: usize| if varies(t) { about(t, j) } else { 0.0 };
        let xy = (d..q - 1).flat_map(|t| columns.iter().map(move |&j| product(t, j as usize))).collect();
        let mean = |j: usize| if centre { origin[j] + sums[j] / weight } else { 0.0 };
        Ok(Quadratic {
            gram: Arc::new(gram),
            xy,
            y2: (d..q - 1).map(|t| product(t, t)).collect(),
            mean_x: columns.iter().map(|&j| mean(j as usize)).collect(),
            mean_y: (d..q - 1).map(mean).collect(),
            weight,
            columns,
        })
    }

    /// Columns that vary.
    pub fn p(&self) -> usize {
        self.columns.len()
    }
}
