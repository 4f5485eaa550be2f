//! One problem of the table in `mod`, its objective, and a bound on how far from optimal a w is.

use super::super::points::Points;
use crate::vectors::Vectors;

/// Rows that train, with their targets and costs.
pub struct Problem<'a> {
    pub points: &'a Points,
    pub rows: &'a [u32],
    /// t (n,): +-1 or numbers.
    pub target: Vec<f64>,
    /// c (n,).
    pub cost: Vec<f64>,
    /// The loss of t and z is 0 up to this.
    pub epsilon: f64,
    pub squared: bool,
    /// Whether t are +-1 and the loss is a hinge.
    pub hinge: bool,
    /// What the column of the intercept holds; 0 without an intercept.
    pub bias: f64,
    pub vectors: Vectors,
}

/// What solving found.
#[derive(Clone, Debug, Default)]
pub struct Solved {
    /// (d,), and the intercept's weight.
    pub w: Vec<f64>,
    /// The dual variables, signed (n,), where there are any.
    pub b: Vec<f64>,
    pub n_iter: usize,
    /// Primal minus dual objective, or what the solver measures optimality by.
    pub gap: f64,
    pub violation: f64,
    pub converged: bool,
}

impl Problem<'_> {
    pub fn n(&self) -> usize {
        self.rows.len()
    }

    /// Weights: one per column, and the intercept's.
    pub fn width(&self) -> usize {
        self.points.d + 1
    }

    /// z_i
    pub fn score(&self, i: usize, w: &[f64]) -> f64 {
        let d = self.points.d;
        self.points.inner(self.rows[i] as usize, &w[..d], self.vectors) + self.bias * w[d]
    }

    /// w += a (x_i, bias)
    pub fn add(&self, i: usize, a: f64, w: &mut [f64]) {
        let d = self.points.d;
        self.points.add(self.rows[i] as usize, a, &mut w[..d], self.vectors);
        w[d] += a * self.bias;
    }

    /// |x_i|^2 with the intercept's column.
    pub fn norm(&self, i: usize) -> f64 {
        self.points.norms[self.rows[i] as usize] + self.bias * self.bias
    }

    /// By how much z_i is on the wrong side, with the sign of the way back; 0 where nothing is lost.
    pub fn residual(&self, i: usize, z: f64) -> f64 {
        let t = self.target[i];
        if self.hinge { t * (1.0 - t * z).max(0.0) } else { excess(t - z, self.epsilon) }
    }

    /// c_i l(t_i, z_i) from the residual.
    pub fn loss(&self, i: usize, residual: f64) -> f64 {
        self.cost[i] * if self.squared { residual * residual } else { residual.abs() }
    }

    /// 1/2 |w|^2 + sum c l - (t'b - epsilon |b| - 1/2 |X'b|^2 - sum b^2 / 4 c).
    pub fn gap(&self, w: &[f64], b: &[f64]) -> f64 {
        let mut combined = vec![0.0; self.width()];
        let (mut primal, mut dual) = (0.0, 0.0);
        for (i, &b) in b.iter().enumerate() {
            primal += self.loss(i, self.residual(i, self.score(i, w)));
            if b != 0.0 {
                self.add(i, b, &mut combined);
                dual += self.target[i] * b - self.epsilon * b.abs();
                dual -= if self.squared { b * b / (4.0 * self.cost[i]) } else { 0.0 };
            }
        }
        let half = |w: &[f64]| 0.5 * w.iter().map(|w| w * w).sum::<f64>();
        primal + half(w) - (dual - half(&combined))
    }
}

/// What is left of r beyond epsilon on either side.
pub fn excess(r: f64, epsilon: f64) -> f64 {
    (r.abs() - epsilon).max(0.0).copysign(r)
}
