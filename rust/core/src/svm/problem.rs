//! The quadratic program that every kernel machine here solves.
//!
//! ```text
//! min  1/2 b' K b - t' b + epsilon sum_v |b_v|      over b (m,)
//! subject to  lo <= b <= hi,   sum of b over each group = what it is at the start
//! ```
//!
//! b_v is the signed dual coefficient of variable v, f = K b the decision value without its offset, and
//! g = t - f minus the gradient of the smooth part. With the multiplier o of a group (the offset), b is
//! optimal if and only if for all its v
//!
//! ```text
//! g_v + u_v <= o  where b_v may go up,     u_v = -epsilon if b_v >= 0, else epsilon
//! g_v + l_v >= o  where b_v may go down,   l_v = -epsilon if b_v > 0, else epsilon
//! ```
//!
//! so that max (g + u) - min (g + l), LIBSVM's m - M, says how far from optimal it is.
//!
//! | machine  | variables                 | t   | box                           | groups              |
//! |----------|---------------------------|-----|-------------------------------|---------------------|
//! | C-SVC    | rows of two classes       | +-1 | [0, C_i] or [-C_i, 0]         | one                 |
//! | epsilon-SVR | rows                   | y - mean | [-C_i, C_i], epsilon > 0 | one                 |
//! | one-class | rows                     | 0   | [0, w_i], sum nu sum w        | one                 |
//! | nu-SVC   | rows of two classes       | 0   | [0, w_i] or [-w_i, 0], sums +-nu sum w / 2 | each class |
//! | nu-SVR   | all rows twice            | y - mean | [0, C_i] and [-C_i, 0], sums +-nu sum C / 2 | each copy |
//!
//! The b of a regression sum to 0, so that what is taken off y only moves o: with its mean taken off, g has
//! the digits of y's spread and not of its distance from 0.
//!
//! A row that does not train has the box [0, 0]: its g still follows, and is minus its decision value where
//! t is 0.

use std::ops::Range;

/// A variable this close to an end of its box, as a part of it, is at that end.
const ROUNDING: f64 = 1e-10;

/// The program, and where its variables are among the columns of the kernel's rows.
pub struct Problem {
    /// Rows of the variables, one block after the other.
    pub blocks: Vec<Range<usize>>,
    /// Each block is a group of its own; else there is one group.
    pub grouped: bool,
    /// t (m,).
    pub target: Vec<f64>,
    /// What was taken off y to make t: the intercept has it.
    pub centre: f64,
    pub lo: Vec<f64>,
    pub hi: Vec<f64>,
    pub epsilon: f64,
}

impl Problem {
    /// Variables.
    pub fn m(&self) -> usize {
        self.target.len()
    }

    /// The row of variable v.
    pub fn row(&self, mut v: usize) -> usize {
        for block in &self.blocks {
            if v < block.len() {
                return block.start + v;
            }
            v -= block.len();
        }
        v
    }

    /// The variables of each group.
    pub fn groups(&self) -> Vec<Range<usize>> {
        if !self.grouped {
            return std::iter::once(0..self.m()).collect();
        }
        self.variables().collect()
    }

    /// The variables of each block.
    pub fn variables(&self) -> impl Iterator<Item = Range<usize>> {
        self.blocks.iter().scan(0, |start, block| {
            let range = *start..*start + block.len();
            *start = range.end;
            Some(range)
        })
    }

    /// Whether b_v may move at all; rows that do not train stay at 0.
    pub fn moves(&self, v: usize) -> bool {
        self.lo[v] < self.hi[v]
    }

    /// (u_v, l_v), infinite where b_v is at its bound.
    pub fn offsets(&self, v: usize, b: f64) -> (f64, f64) {
        let (e, lo, hi) = (self.epsilon, self.lo[v], self.hi[v]);
        let up = if b >= hi {
            f64::NEG_INFINITY
        } else if b >= 0.0 {
            -e
        } else {
            e
        };
        let down = if b <= lo {
            f64::INFINITY
        } else if b > 0.0 {
            -e
        } else {
            e
        };
        (up, down)
    }

    /// How far b_v may go up and down before it meets a bound, or 0 where |b| has its kink.
    pub fn room(&self, v: usize, b: f64) -> (f64, f64) {
        let kink = self.epsilon > 0.0;
        let up = if kink && b < 0.0 { -b } else { self.hi[v] - b };
        let down = if kink && b > 0.0 { b } else { b - self.lo[v] };
        (up, down)
    }

    /// Fills the box of some variables from one end until their sizes sum to `sum`: nu machines start so.
    pub fn fill(&self, variables: Range<usize>, sum: f64, b: &mut [f64]) {
        let mut left = sum;
        for v in variables {
            let size = self.hi[v].max(-self.lo[v]).min(left.max(0.0));
            b[v] = if self.hi[v] > 0.0 { size } else { -size };
            left -= size;
        }
    }
}

/// Where the solver is.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// b (m,).
    pub b: Vec<f64>,
    /// g = t - K b (m,).
    pub g: Vec<f64>,
}

/// What a solution says of itself.
#[derive(Clone, Debug, Default)]
pub struct Solution {
    pub point: Point,
    /// The multiplier of each group.
    pub offsets: Vec<f64>,
    /// max (g + u) - min (g + l) over the groups.
    pub violation: f64,
    /// Primal minus dual objective.
    pub gap: f64,
    /// The objective above.
    pub objective: f64,
    /// Steps of two variables.
    pub steps: usize,
    pub converged: bool,
}

impl Problem {
    /// b_v, or the bound or kink that it is at but for rounding.
    fn settled(&self, v: usize, b: f64) -> f64 {
        let near = ROUNDING * (self.hi[v] - self.lo[v]);
        let ends = [self.lo[v], self.hi[v], if self.epsilon > 0.0 { 0.0 } else { b }];
        ends.into_iter().find(|end| (b - end).abs() <= near).unwrap_or(b)
    }

    /// The multiplier of a group: the mean of g + u over its free variables, or the middle of what is
    /// allowed. What only rounding keeps off a bound is not free: it would pull the multiplier to one end.
    pub fn offset(&self, group: Range<usize>, point: &Point) -> f64 {
        let (mut sum, mut free) = (0.0, 0_usize);
        let (mut most, mut least) = (f64::NEG_INFINITY, f64::INFINITY);
        for v in group {
            let g = point.g[v];
            let (up, down) = self.offsets(v, self.settled(v, point.b[v]));
            most = most.max(g + up);
            least = least.min(g + down);
            if up == down {
                sum += g + up;
                free += 1;
            }
        }
        match (free, most.is_finite(), least.is_finite()) {
            (1.., _, _) => sum / free as f64,
            (_, true, true) => (most + least) / 2.0,
            (_, true, false) => most,
            (_, false, true) => least,
            _ => 0.0,
        }
    }

    /// Primal minus dual objective: how much the program linearised at b would still gain, given the
    /// multipliers. For C-SVC and epsilon-SVR it is the gap between the losses and their dual.
    pub fn gap(&self, point: &Point, offsets: &[f64]) -> f64 {
        let mut gap = 0.0;
        for (group, &o) in self.groups().into_iter().zip(offsets) {
            for v in group {
                let (b, slope) = (point.b[v], point.g[v] - o);
                let value = |b: f64| slope * b - self.epsilon * b.abs();
                let best = value(self.lo[v]).max(value(self.hi[v]));
                let best = if self.lo[v] < 0.0 && self.hi[v] > 0.0 { best.max(0.0) } else { best };
                gap += (best - value(b)).max(0.0);
            }
        }
        gap
    }

    /// 1/2 b'Kb - t'b + epsilon |b|, from f = t - g.
    pub fn objective(&self, point: &Point) -> f64 {
        let terms = point.b.iter().zip(&point.g).zip(&self.target);
        terms.map(|((&b, &g), &t)| -0.5 * b * (g + t) + self.epsilon * b.abs()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_at_a_bound_does_not_move_the_offset() {
        for epsilon in [0.0, 0.25] {
            let problem = Problem {
                blocks: std::iter::once(0..4).collect(),
                grouped: false,
                target: vec![0.0; 4],
                centre: 0.0,
                lo: vec![-1.0; 4],
                hi: vec![1.0; 4],
                epsilon,
            };
            let g = vec![2.0, 3.0, -2.0, -2.0];
            let ends = [1.0, 1.0, -1.0, -1.0];
            let offset = |b: [f64; 4]| problem.offset(0..4, &Point { b: b.to_vec(), g: g.clone() });
            assert!(offset(ends).abs() <= 1e-12);
            assert_eq!(offset(ends), offset(ends.map(|b| b * (1.0 - 1e-15))));
            let mut free = ends;
            free[0] = 0.5;
            assert_eq!(offset(free), 2.0 - epsilon);
            if epsilon > 0.0 {
                let kink = |b: f64| offset([b, 1.0, -1.0, -1.0]);
                assert_eq!(kink(0.0), kink(1e-15));
            }
        }
    }
}
