//! Models of the second derivatives that directions are found with.

use super::cholesky::Cholesky;
use super::curvature::Part;
use super::objective::Objective;

/// Something like H, positive definite, that is easy to solve with.
#[derive(Clone, Debug)]
pub enum Model {
    /// 1 / diag(H).
    Diagonal(Vec<f64>),
    /// A square for each class, or one for all.
    Squares { size: usize, squares: Vec<Cholesky> },
}

impl Model {
    /// From the second derivatives of the summed loss at some point.
    pub fn new(part: Part, mut sums: Vec<f64>, objective: &Objective) -> Self {
        let q = objective.q;
        if part == Part::Diagonal {
            let inverse = sums.iter().enumerate().map(|(v, h)| {
                let h = h * objective.scale + objective.penalty(v).l2;
                if objective.is_free(v) && h > 0.0 { 1.0 / h } else { 0.0 }
            });
            return Model::Diagonal(inverse.collect());
        }
        let n = match part {
            Part::Full => (sums.len() as f64).sqrt().round() as usize,
            _ => q,
        };
        let among: Vec<u32> = (0..n as u32).collect();
        for square in sums.chunks_exact_mut(n * n) {
            objective.hessian(square, &among);
            if n > q {
                pin_down(square, n, objective);
            }
        }
        let squares = sums.chunks_exact(n * n).map(|square| Cholesky::new(square.to_vec(), n)).collect();
        Model::Squares { size: n, squares }
    }

    /// x = H^-1 x.
    pub fn solve(&self, x: &mut [f64]) {
        match self {
            Model::Diagonal(inverse) => x.iter_mut().zip(inverse).for_each(|(x, inverse)| *x *= inverse),
            Model::Squares { size, squares } => {
                x.chunks_exact_mut(*size).zip(squares).for_each(|(x, square)| square.solve(x));
            }
        }
    }

    /// Parameters that others make up, where that is known.
    pub fn dependent(&self) -> Vec<usize> {
        match self {
            Model::Diagonal(_) => Vec::new(),
            Model::Squares { size, squares } => {
                let of = |(i, square): (usize, &Cholesky)| {
                    square.dependent.iter().map(|row| i * size + row).collect::<Vec<_>>()
                };
                squares.iter().enumerate().flat_map(of).collect()
            }
        }
    }
}

/// Adding the same to the parameters of all classes changes no probability: H is 0 along that where there
/// is no penalty. There it is given the size of its diagonal. Gradients have no part along it, so that
/// directions are what they would be.
fn pin_down(square: &mut [f64], n: usize, objective: &Objective) {
    let (q, k) = (objective.q, n / objective.q);
    for j in (0..q).filter(|&j| objective.penalty(j).l2 == 0.0 && objective.is_free(j)) {
        let own = (0..k).map(|c| square[(c * q + j) * (n + 1)]).sum::<f64>() / (k * k) as f64;
        for a in 0..k {
            for b in 0..k {
                square[(a * q + j) * n + b * q + j] += own;
            }
        }
    }
}
