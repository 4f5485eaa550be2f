//! Plain descent on sparse rows, at a cost by the entries of a batch instead of by the columns of X.
//!
//! A step of the optimiser `plain` moves every coefficient, w+ = soft((1 - eta l2) w - eta g, eta l1), but g
//! is zero wherever the batch has no entry. With w = s v, these steps are v+ = soft(v, eta l1 / s+) with
//! s+ = (1 - eta l2) s, and soft thresholds add up; so only s and their sum u are kept for all coefficients
//! together, and what u was when a coefficient was last brought up to date:
//!
//! ```text
//! w_j = s soft(v_j, u - u_j)
//! ```
//!
//! (Bottou, Stochastic gradient descent tricks, 2012, for s; Duchi and Singer, 2009, for u.) Every lane has
//! its own s and u, and nothing of a lane depends on another.

use super::optimiser::{Pace, clip};
use super::penalty::soft;
use super::products::add_scaled;
use super::state::Plane;
use crate::elementary::{Float, number};
use crate::error::{Result, filled};
use crate::matrix::Matrix;
use crate::vectors::Vectors;

/// Below this scale s, coefficients are brought up to date: v must not grow without bounds.
const SMALLEST: f64 = 1e-6;

/// What is known of all coefficients together. Those of the plane it goes with are v.
pub struct Lazy<T> {
    /// s and u (lanes,).
    scale: Vec<T>,
    due: Vec<T>,
    /// u_j (d, lanes), or nothing where no lane has an l1.
    seen: Vec<T>,
    /// The columns with entries in the batch, and 1 + the place of each among them (d,), 0 for the others.
    touched: Vec<u32>,
    place: Vec<u32>,
    /// The gradient of the touched columns.
    gradient: Vec<T>,
    vectors: Vectors,
}

impl<T: Float> Lazy<T> {
    /// All coefficients are up to date: v = w.
    pub fn new(d: usize, lanes: usize, l1: bool, vectors: Vectors) -> Result<Self> {
        Ok(Lazy {
            scale: vec![number(1.0); lanes],
            due: vec![number(0.0); lanes],
            seen: filled(if l1 { d * lanes } else { 0 }, number(0.0), "the penalties of all candidates")?,
            touched: Vec::new(),
            place: filled(d, 0, "the columns of a batch")?,
            gradient: Vec::new(),
            vectors,
        })
    }

    /// Scores of some rows, which become the batch.
    pub fn scores(&mut self, x: &Matrix<'_>, rows: &[u32], w: &mut Plane<T>, z: &mut Vec<T>) {
        let lanes = self.scale.len();
        let Matrix::Sparse { columns, values, .. } = x else { return };
        z.clear();
        z.resize(rows.len() * lanes, number(0.0));
        for (&i, z) in rows.iter().zip(z.chunks_exact_mut(lanes)) {
            for e in x.entries(i as usize) {
                let j = columns[e] as usize;
                if self.place[j] == 0 {
                    self.touched.push(j as u32);
                    self.place[j] = self.touched.len() as u32;
                    self.refresh(j, w);
                }
                add_scaled(z, &w.coef[j * lanes..][..lanes], T::of_f64(values.get(e)));
            }
            for (z, (&bias, &scale)) in z.iter_mut().zip(w.bias.iter().zip(&self.scale)) {
                *z = bias + scale * *z;
            }
        }
    }

    /// The step of the batch, given the slopes r of its losses and the gradient of the biases.
    pub fn step(
        &mut self,
        (x, rows, r): (&Matrix<'_>, &[u32], &[T]),
        pace: &Pace<T>,
        longest: Option<&[T]>,
        bias: &mut [T],
        w: &mut Plane<T>,
    ) {
        let lanes = self.scale.len();
        let Matrix::Sparse { columns, values, .. } = x else { return };
        self.gradient.clear();
        self.gradient.resize(self.touched.len() * lanes, number(0.0));
        for (&i, r) in rows.iter().zip(r.chunks_exact(lanes)) {
            for e in x.entries(i as usize) {
                let place = self.place[columns[e] as usize] as usize - 1;
                add_scaled(&mut self.gradient[place * lanes..][..lanes], r, T::of_f64(values.get(e)));
            }
        }
        if let Some(longest) = longest {
            clip(longest, &mut [&mut self.gradient, bias], self.vectors);
        }
        for l in 0..lanes {
            self.scale[l] = self.scale[l] * (number::<T>(1.0) - pace.shrink[l]);
            if self.scale[l] < number(SMALLEST) {
                self.settle(l, w);
            }
        }
        for (&j, g) in self.touched.iter().zip(self.gradient.chunks_exact(lanes)) {
            let v = &mut w.coef[j as usize * lanes..][..lanes];
            for l in 0..lanes {
                v[l] = v[l] - pace.rate[l] * g[l] / self.scale[l];
            }
            self.place[j as usize] = 0;
        }
        self.touched.clear();
        for l in 0..lanes {
            self.due[l] = self.due[l] + pace.threshold[l] / self.scale[l];
        }
    }

    /// Takes from the v of column j what is due.
    fn refresh(&mut self, j: usize, w: &mut Plane<T>) {
        if self.seen.is_empty() {
            return;
        }
        let lanes = self.scale.len();
        let (v, seen) = (&mut w.coef[j * lanes..][..lanes], &mut self.seen[j * lanes..][..lanes]);
        for l in 0..lanes {
            v[l] = soft(v[l], self.due[l] - seen[l]);
            seen[l] = self.due[l];
        }
    }

    /// Makes w of the v of a lane.
    fn settle(&mut self, l: usize, w: &mut Plane<T>) {
        let lanes = self.scale.len();
        for j in 0..self.place.len() {
            let v = &mut w.coef[j * lanes + l];
            if let Some(seen) = self.seen.get_mut(j * lanes + l) {
                *v = soft(*v, self.due[l] - *seen);
                *seen = number(0.0);
            }
            *v = *v * self.scale[l];
        }
        (self.scale[l], self.due[l]) = (number(1.0), number(0.0));
    }

    /// Makes w of all v.
    pub fn settle_all(&mut self, w: &mut Plane<T>) {
        (0..self.scale.len()).for_each(|l| self.settle(l, w));
    }

    /// The coefficients and the bias of a lane, from its v as a column of numbers.
    pub fn column(&self, lane: usize, v: &mut [f64]) {
        let lanes = self.scale.len();
        for (j, v) in v.iter_mut().enumerate().take(self.place.len()) {
            let due = self.seen.get(j * lanes + lane).map_or(0.0, |seen| (self.due[lane] - *seen).to_f64());
            *v = soft(*v, due) * self.scale[lane].to_f64();
        }
    }
}
