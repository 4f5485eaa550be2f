//! The columns that coordinate descent works on, and its passes over them.
//!
//! ```text
//! b_j <- S(c_j - q_j + G_jj b_j, l1) / (G_jj + l2),    q = G b,    S(x, l) = sign(x) max(|x| - l, 0)
//! ```
//!
//! A coordinate that stays at 0 costs O(1), one that moves O(m) for m columns.

use super::columns::Columns;
use super::factor::Cholesky;
use super::settings::Penalty;
use crate::error::{Result, filled};
use crate::vectors::Vectors;

/// Coordinates that one `polish` drops at most, and that it solves for.
const TRIES: usize = 16;
const MOST: usize = 1024;

/// A working set: columns, G on them, and the state of the descent.
pub struct Working {
    pub columns: Vec<u32>,
    /// Whether each of all columns is in the set.
    inside: Vec<bool>,
    /// G (m, m) with `stride` numbers from row to row.
    gram: Vec<f64>,
    stride: usize,
    pub b: Vec<f64>,
    c: Vec<f64>,
    q: Vec<f64>,
    vectors: Vectors,
}

/// The largest step of a pass, and the largest coordinate after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    pub step: f64,
    pub size: f64,
}

impl Working {
    pub fn new(p: usize) -> Self {
        Working {
            columns: Vec::new(),
            inside: vec![false; p],
            gram: Vec::new(),
            stride: 0,
            b: Vec::new(),
            c: Vec::new(),
            q: Vec::new(),
            vectors: Vectors::detect(),
        }
    }

    pub fn has(&self, j: usize) -> bool {
        self.inside[j]
    }

    pub fn clear(&mut self) {
        self.columns.iter().for_each(|&j| self.inside[j as usize] = false);
        self.columns.clear();
        self.b.clear();
    }

    /// Lets columns join.
    pub fn join(&mut self, new: &[u32], from: &dyn Columns) -> Result<()> {
        let (old, m) = (self.columns.len(), self.columns.len() + new.len());
        if m > self.stride {
            let stride = m.max((2 * self.stride).min(from.p()));
            let mut gram = filled(stride * stride, 0.0, "products of the columns of X")?;
            for (to, from) in
                gram.chunks_exact_mut(stride).zip(self.gram.chunks_exact(self.stride.max(1))).take(old)
            {
                to[..old].copy_from_slice(&from[..old]);
            }
            (self.gram, self.stride) = (gram, stride);
        }
        self.columns.extend(new);
        new.iter().for_each(|&j| self.inside[j as usize] = true);
        let mut rows = filled(new.len() * m, 0.0, "products of the columns of X")?;
        from.products(new, &self.columns, &mut rows)?;
        for (i, row) in (old..m).zip(rows.chunks_exact(m)) {
            self.gram[i * self.stride..][..m].copy_from_slice(row);
            row[..old].iter().enumerate().for_each(|(l, &g)| self.gram[l * self.stride + i] = g);
        }
        Ok(())
    }

    /// Takes up coefficients and gradient c - G b of all columns.
    pub fn start(&mut self, b: &[f64], xy: &[f64], gradient: &[f64]) {
        let of = |all: &[f64]| self.columns.iter().map(|&j| all[j as usize]).collect::<Vec<_>>();
        (self.b, self.c) = (of(b), of(xy));
        self.q = of(gradient).iter().zip(&self.c).map(|(gradient, c)| c - gradient).collect();
    }

    /// One pass over the coordinates in order, or in that of `order`.
    pub fn pass(&mut self, order: Option<&[u32]>, penalty: Penalty, positive: bool) -> Moved {
        #[cfg(target_arch = "x86_64")]
        match self.vectors {
            // SAFETY: the processor has these instructions, says `detect`.
            Vectors::Avx512 => return unsafe { self.pass_avx512(order, penalty, positive) },
            // SAFETY: as above.
            Vectors::Avx2 => return unsafe { self.pass_avx2(order, penalty, positive) },
            Vectors::Baseline => {}
        }
        self.pass_any(order, penalty, positive)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
    fn pass_avx512(&mut self, order: Option<&[u32]>, penalty: Penalty, positive: bool) -> Moved {
        self.pass_any(order, penalty, positive)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn pass_avx2(&mut self, order: Option<&[u32]>, penalty: Penalty, positive: bool) -> Moved {
        self.pass_any(order, penalty, positive)
    }

    #[inline(always)]
    fn pass_any(&mut self, order: Option<&[u32]>, Penalty { l1, l2 }: Penalty, positive: bool) -> Moved {
        let m = self.columns.len();
        let mut moved = Moved::default();
        for at in 0..m {
            let i = order.map_or(at, |order| order[at] as usize);
            let row = &self.gram[i * self.stride..][..m];
            let (square, old) = (row[i], self.b[i]);
            if square + l2 <= 0.0 {
                continue;
            }
            let free = self.c[i] - self.q[i] + square * old;
            let shrunk = if positive { free - l1 } else { free.abs() - l1 };
            let new = if shrunk > 0.0 { shrunk.copysign(free) / (square + l2) } else { 0.0 };
            let step = new - old;
            if step != 0.0 {
                self.b[i] = new;
                for (q, g) in self.q.iter_mut().zip(row) {
                    *q += step * g;
                }
                moved.step = moved.step.max(step.abs());
            }
            moved.size = moved.size.max(new.abs());
        }
        moved
    }

    /// Solves for the coordinates that are not 0 with their signs kept, or goes as far towards that solution as
    /// signs allow, drops the coordinate that stopped it, and tries again. The objective falls all the way; where
    /// these are the right coordinates it ends at its minimum.
    pub fn polish(&mut self, penalty: Penalty) -> Result<()> {
        for _ in 0..TRIES {
            let Some(stopped_by) = self.newton(penalty)? else { return Ok(()) };
            self.b[stopped_by] = 0.0;
        }
        Ok(())
    }

    /// A step of `polish`, and the coordinate that cut it short.
    fn newton(&mut self, Penalty { l1, l2 }: Penalty) -> Result<Option<usize>> {
        let some: Vec<usize> = (0..self.b.len()).filter(|&i| self.b[i] != 0.0).collect();
        let m = some.len();
        if m > MOST {
            return Ok(None);
        }
        let mut gram = filled(m * m, 0.0, "products of the columns of X")?;
        for (out, &i) in gram.chunks_exact_mut(m.max(1)).zip(&some) {
            out.iter_mut().zip(&some).for_each(|(out, &j)| *out = self.gram[i * self.stride + j]);
        }
        (0..m).for_each(|i| gram[i * m + i] += l2);
        let mut aim: Vec<f64> = some.iter().map(|&i| self.c[i] - l1.copysign(self.b[i])).collect();
        let Some(factor) = Cholesky::new(&gram, m) else { return Ok(None) };
        factor.solve_rows(&mut aim, m);
        let (mut share, mut stopped_by) = (1.0, None);
        for (&aim, &i) in aim.iter().zip(&some) {
            if aim * self.b[i] <= 0.0 {
                let limit = self.b[i] / (self.b[i] - aim);
                if limit < share {
                    (share, stopped_by) = (limit, Some(i));
                }
            }
        }
        if share.is_finite() {
            some.iter().zip(aim).for_each(|(&i, aim)| self.b[i] += share * (aim - self.b[i]));
        }
        Ok(stopped_by)
    }
}
