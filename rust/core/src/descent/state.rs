//! The numbers that training moves: parameters of many columns side by side, and what goes with each.

use super::optimiser::Optimiser;
use super::vector::Float;
use crate::error::{Result, filled};

/// One number for each coefficient and each bias, or none at all.
#[derive(Clone, Debug, Default)]
pub struct Plane<T> {
    /// (d, lanes), row-major.
    pub coef: Vec<T>,
    /// (lanes,).
    pub bias: Vec<T>,
}

impl<T: Float> Plane<T> {
    pub fn zero(d: usize, lanes: usize) -> Result<Self> {
        let zero = T::of_f64(0.0);
        let coef = filled(d * lanes, zero, "the parameters of all candidates")?;
        Ok(Plane { coef, bias: vec![zero; lanes] })
    }

    pub fn is_empty(&self) -> bool {
        self.bias.is_empty()
    }

    /// The coefficients of a lane and then its bias (d + 1).
    pub fn column(&self, lane: usize) -> Vec<f64> {
        let coef = self.coef.iter().skip(lane).step_by(self.bias.len().max(1));
        coef.chain(self.bias.get(lane)).map(|value| value.to_f64()).collect()
    }

    /// The reverse of `column`.
    pub fn put(&mut self, lane: usize, values: &[f64]) {
        let lanes = self.bias.len().max(1);
        let coef = self.coef.iter_mut().skip(lane).step_by(lanes);
        coef.chain(self.bias.get_mut(lane)).zip(values).for_each(|(to, &value)| *to = T::of_f64(value));
    }

    /// Keeps some lanes, in the order given, and makes `lanes` of them.
    fn keep(&mut self, kept: &[usize], lanes: usize) {
        let old = self.bias.len();
        if old == 0 {
            return;
        }
        // Row by row towards the front: kept is ascending and no row grows, so nothing is overwritten unread.
        let d = self.coef.len() / old;
        for j in 0..d {
            for (new, &lane) in kept.iter().enumerate() {
                self.coef[j * lanes + new] = self.coef[j * old + lane];
            }
            self.coef[j * lanes + kept.len()..(j + 1) * lanes].fill(T::of_f64(0.0));
        }
        self.coef.truncate(d * lanes);
        self.bias = kept.iter().map(|&lane| self.bias[lane]).collect();
        self.bias.resize(lanes, T::of_f64(0.0));
    }
}

/// All planes of the columns in training.
#[derive(Clone, Debug)]
pub struct State<T> {
    /// Numbers in a row: at least one for each column, the rest stay zero.
    pub lanes: usize,
    pub w: Plane<T>,
    pub gradient: Plane<T>,
    /// What the optimiser remembers.
    pub first: Plane<T>,
    pub second: Plane<T>,
    /// The mean of w over steps, if asked for.
    pub mean: Plane<T>,
    /// w at the beginning of the epoch.
    pub before: Plane<T>,
}

impl<T: Float> State<T> {
    pub fn zero(d: usize, n_columns: usize, optimiser: Optimiser, averaged: bool) -> Result<Self> {
        let lanes = lanes(n_columns);
        let plane = |wanted| if wanted { Plane::zero(d, lanes) } else { Ok(Plane::default()) };
        Ok(State {
            lanes,
            w: plane(true)?,
            gradient: plane(true)?,
            first: plane(optimiser.memory() > 0)?,
            second: plane(optimiser.memory() > 1)?,
            mean: plane(averaged)?,
            before: plane(true)?,
        })
    }

    /// Keeps the columns in these lanes, ascending.
    pub fn keep(&mut self, kept: &[usize]) {
        let lanes = lanes(kept.len()).min(self.lanes);
        let planes = [
            &mut self.w,
            &mut self.gradient,
            &mut self.first,
            &mut self.second,
            &mut self.mean,
            &mut self.before,
        ];
        planes.into_iter().for_each(|plane| plane.keep(kept, lanes));
        self.lanes = lanes;
    }

    /// Puts a lane at these parameters, without memory.
    pub fn restart(&mut self, lane: usize, w: &[f64]) {
        self.w.put(lane, w);
        self.mean.put(lane, w);
        let nothing = vec![0.0; w.len()];
        self.first.put(lane, &nothing);
        self.second.put(lane, &nothing);
    }

    /// Remembers w as it is.
    pub fn mark(&mut self) {
        self.before.coef.copy_from_slice(&self.w.coef);
        self.before.bias.copy_from_slice(&self.w.bias);
    }
}

/// Numbers in a row: whole vectors, except for a single column, whose rows are vectors themselves.
fn lanes(n_columns: usize) -> usize {
    match n_columns {
        0 | 1 => 1,
        2..=4 => 4,
        _ => n_columns.next_multiple_of(8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_survive_the_others() -> Result<()> {
        for n in [1, 2, 3, 7, 8, 20] {
            for kept in [vec![0], vec![n - 1], (0..n).step_by(3).collect::<Vec<_>>()] {
                let mut state = State::<f64>::zero(5, n, Optimiser::Adam, true)?;
                let column = |lane: usize| (0..6).map(|j| (10 * lane + j + 1) as f64).collect::<Vec<_>>();
                (0..n).for_each(|lane| state.w.put(lane, &column(lane)));
                state.keep(&kept);
                for (new, &lane) in kept.iter().enumerate() {
                    assert_eq!(state.w.column(new), column(lane));
                }
                let total: f64 = state.w.coef.iter().chain(&state.w.bias).sum();
                assert_eq!(total, kept.iter().flat_map(|&lane| column(lane)).sum::<f64>());
            }
        }
        Ok(())
    }
}
