//! Models of the second derivatives that directions are found with.

use super::cholesky::{Cholesky, dot};
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

/// The last steps, and what they did to the gradient.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pairs: std::collections::VecDeque<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// 1 / step' change.
    rho: f64,
}

/// Steps remembered.
const MEMORY: usize = 10;

impl Memory {
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Remembers a step if the gradient grew along it, as it does of what is convex but for rounding.
    pub fn push(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let along = dot(&step, &change);
        if along > f64::EPSILON * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, rho: 1.0 / along });
        }
    }

    /// -H^-1 gradient, H being the model corrected by the pairs (Nocedal and Wright, Numerical optimization,
    /// algorithm 7.4, with the model in the place of H_0).
    pub fn direction(&self, gradient: &[f64], model: &Model) -> Vec<f64> {
        let mut out: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let alpha = pair.rho * dot(&pair.step, &out);
            out.iter_mut().zip(&pair.change).for_each(|(x, change)| *x -= alpha * change);
            alphas.push(alpha);
        }
        model.solve(&mut out);
        if let Some(last) = self.pairs.back() {
            // The model may have been made elsewhere: its size is that of the last step.
            let mut solved = last.change.clone();
            model.solve(&mut solved);
            let size = 1.0 / (last.rho * dot(&last.change, &solved));
            if size.is_finite() && size > 0.0 {
                out.iter_mut().for_each(|x| *x *= size);
            }
        }
        for (pair, alpha) in self.pairs.iter().zip(alphas.iter().rev()) {
            let beta = pair.rho * dot(&pair.change, &out);
            out.iter_mut().zip(&pair.step).for_each(|(x, step)| *x += (alpha - beta) * step);
        }
        out
    }
}
