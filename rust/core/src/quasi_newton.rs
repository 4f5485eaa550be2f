//! Limited-memory BFGS: -H^-1 g from a model of the second derivatives H and what the last steps did to the
//! gradient g (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4).

use std::collections::VecDeque;

use crate::algebra::{add_scaled, dot};

/// A step is remembered if the gradient changed along it, by this cosine at least: what is convex bends so,
/// but for rounding.
const LEAST_COSINE: f64 = 1e-10;

/// The last steps, the oldest first.
#[derive(Clone, Debug)]
pub struct Memory {
    pairs: VecDeque<Pair>,
    most: usize,
}

#[derive(Clone, Debug)]
struct Pair {
    /// (n,).
    step: Vec<f64>,
    /// Of the gradient (n,).
    change: Vec<f64>,
    /// 1 / step' change.
    rho: f64,
}

impl Memory {
    /// Remembers `most` steps.
    pub fn new(most: usize) -> Self {
        Memory { pairs: VecDeque::with_capacity(most), most }
    }

    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Remembers a step (n,) and the change of the gradient (n,), in the place of the oldest where there is no room.
    pub fn push(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let along = dot(&step, &change);
        if along > LEAST_COSINE * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if self.pairs.len() == self.most {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, rho: 1.0 / along });
        }
    }

    /// -H^-1 gradient (n,), by the two loops. `solve(x)` makes x (n,) what the model's inverse makes of it; the
    /// model may be far off in size, which is taken from the last step.
    pub fn direction(&self, gradient: &[f64], solve: impl Fn(&mut [f64])) -> Vec<f64> {
        let mut out: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let alpha = pair.rho * dot(&pair.step, &out);
            add_scaled(&mut out, -alpha, &pair.change);
            alphas.push(alpha);
        }
        solve(&mut out);
        if let Some(last) = self.pairs.back() {
            let mut solved = last.change.clone();
            solve(&mut solved);
            let size = 1.0 / (last.rho * dot(&last.change, &solved));
            if size.is_finite() && size > 0.0 {
                out.iter_mut().for_each(|x| *x *= size);
            }
        }
        for (pair, alpha) in self.pairs.iter().zip(alphas.iter().rev()) {
            let beta = pair.rho * dot(&pair.change, &out);
            add_scaled(&mut out, alpha - beta, &pair.step);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H = [[3, 1], [1, 2]].
    fn times(x: &[f64]) -> Vec<f64> {
        vec![3.0 * x[0] + x[1], x[0] + 2.0 * x[1]]
    }

    #[test]
    fn steps_of_a_quadratic_make_its_newton_direction() {
        let mut memory = Memory::new(2);
        // Conjugate steps: two of them tell all of H.
        for step in [[1.0, 0.0], [1.0, -3.0]] {
            memory.push(step.to_vec(), times(&step));
        }
        let direction = memory.direction(&times(&[0.7, -0.2]), |_| ());
        assert!((direction[0] + 0.7).abs() < 1e-14 && (direction[1] - 0.2).abs() < 1e-14, "{direction:?}");
    }

    #[test]
    fn follows_the_last_step_whatever_the_model() {
        let mut memory = Memory::new(1);
        for step in [[1.0, 0.0], [2.0, 1.0]] {
            memory.push(step.to_vec(), times(&step));
        }
        let direction = memory.direction(&times(&[2.0, 1.0]), |x| x[0] *= 50.0);
        assert!((direction[0] + 2.0).abs() < 1e-13 && (direction[1] + 1.0).abs() < 1e-13, "{direction:?}");
    }

    #[test]
    fn forgets_what_is_not_convex() {
        let mut memory = Memory::new(3);
        memory.push(vec![1.0, 0.0], vec![-1.0, 0.0]);
        memory.push(vec![1.0, 0.0], vec![0.0, 1.0]);
        assert!(memory.is_empty());
        assert_eq!(memory.direction(&[1.0, -2.0], |_| ()), [-1.0, 2.0]);
    }
}
