//! What a step does to parameters, piece by piece: threads each take some rows of a layer's weights.

use std::ops::Range;
use std::sync::Mutex;

use super::plan::Plan;
use crate::descent::optimiser::{Block, Optimiser, Pace, step};
use crate::elementary::Float;
use crate::vectors::{Kernel, Vectors, widest};

/// Parameters that are updated side by side.
pub const LANES: usize = 64;
/// Rows of a layer's weights that one thread takes together: their squares are one sum.
pub const GROUP: usize = 32;

/// Parameters, with what belongs to them.
pub struct Numbered<'a, T> {
    pub w: &'a mut [T],
    pub gradient: &'a mut [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
}

impl<'a, T: Float> Numbered<'a, T> {
    /// Takes the first n away.
    pub fn cut(&mut self, n: usize) -> Self {
        let take = |from: &mut &'a mut [T]| {
            // Of an optimiser without memory there is nothing to take.
            let (own, others) = std::mem::take(from).split_at_mut_checked(n).unwrap_or_default();
            *from = others;
            own
        };
        Numbered {
            w: take(&mut self.w),
            gradient: take(&mut self.gradient),
            first: take(&mut self.first),
            second: take(&mut self.second),
        }
    }

    /// Makes the step that the gradient says.
    pub fn follow(&mut self, optimiser: Optimiser, pace: &Pace<T>, vectors: Vectors) {
        let Numbered { w, gradient, first, second } = self;
        step(optimiser, pace, Block { w, gradient, first, second }, vectors);
    }
}

/// Least numbers of a layer's weights that threads share.
const WORTH_SHARING: usize = 4096;

/// Rows of a layer's weights.
pub struct Unit<'a, T> {
    pub l: usize,
    pub rows: Range<usize>,
    pub numbers: Numbered<'a, T>,
    /// By group of rows.
    pub squares: &'a mut [f64],
}

/// Cuts the weights of all layers off from `rest`: units, each with the number of the thread that takes it.
pub fn units<'a, T: Float>(
    plan: &Plan,
    n_threads: usize,
    rest: &mut Numbered<'a, T>,
    mut squares: &'a mut [f64],
) -> Vec<(usize, Mutex<Unit<'a, T>>)> {
    let mut units = Vec::new();
    for (l, layer) in plan.layers.iter().enumerate() {
        let n_groups = layer.n_in.div_ceil(GROUP);
        let pieces = if layer.weights.len() < WORTH_SHARING { 1 } else { n_threads };
        for piece in 0..pieces {
            let groups = n_groups * piece / pieces..n_groups * (piece + 1) / pieces;
            let rows = groups.start * GROUP..layer.n_in.min(groups.end * GROUP);
            let numbers = rest.cut(rows.len() * layer.n_out);
            let (own, others) = squares.split_at_mut(groups.len());
            squares = others;
            units.push((piece, Mutex::new(Unit { l, rows, numbers, squares: own })));
        }
    }
    units
}

/// Sums of squares of groups of rows of `columns` numbers.
pub fn squares<T: Float>(w: &[T], columns: usize, out: &mut [f64], vectors: Vectors) {
    for (group, out) in w.chunks(GROUP * columns).zip(out) {
        *out = square(group, vectors);
    }
}

/// |values|^2.
pub fn square<T: Float>(values: &[T], vectors: Vectors) -> f64 {
    let mut sums = [T::of_f64(0.0); LANES];
    widest(vectors, Squares { values, sums: &mut sums });
    sums.iter().map(|sum| sum.to_f64()).sum()
}

struct Squares<'a, T> {
    values: &'a [T],
    sums: &'a mut [T; LANES],
}

impl<T: Float> Kernel for Squares<'_, T> {
    #[inline(always)]
    fn run(self) {
        let rows = self.values.chunks_exact(LANES);
        for (&value, sum) in rows.remainder().iter().zip(self.sums.iter_mut()) {
            *sum = *sum + value * value;
        }
        for row in rows {
            for (&value, sum) in row.iter().zip(self.sums.iter_mut()) {
                *sum = *sum + value * value;
            }
        }
    }
}
