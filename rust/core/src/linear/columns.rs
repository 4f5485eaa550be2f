//! What coordinate descent needs of the data: products of columns, all of them or as many as it asks for.

use super::quadratic::Quadratic;
use crate::error::Result;

/// The problem 1/2 b'Gb - c'b + 1/2 y2 for each target, seen column by column.
pub trait Columns {
    /// Columns.
    fn p(&self) -> usize;

    /// G_jj.
    fn square(&self, j: usize) -> f64;

    /// c (p,) of a target.
    fn xy(&self, target: usize) -> &[f64];

    /// y2 of a target.
    fn y2(&self, target: usize) -> f64;

    /// out (p,) = c - G b, where b is 0 but for the `active`.
    fn gradient(&self, target: usize, b: &[f64], active: &[u32], out: &mut [f64]);

    /// out (new.len(), set.len()) = G on these rows and columns.
    fn products(&self, new: &[u32], set: &[u32], out: &mut [f64]) -> Result<()>;

    /// How many columns may join the working set at a time, where `active` are not 0.
    fn most_new(&self, active: usize) -> usize;
}

impl Columns for Quadratic {
    fn p(&self) -> usize {
        self.columns.len()
    }

    fn square(&self, j: usize) -> f64 {
        self.gram[j * self.columns.len() + j]
    }

    fn xy(&self, target: usize) -> &[f64] {
        &self.xy[target * self.columns.len()..][..self.columns.len()]
    }

    fn y2(&self, target: usize) -> f64 {
        self.y2[target]
    }

    fn gradient(&self, target: usize, b: &[f64], active: &[u32], out: &mut [f64]) {
        out.copy_from_slice(self.xy(target));
        for &j in active {
            let (j, p) = (j as usize, self.columns.len());
            let row = &self.gram[j * p..(j + 1) * p];
            out.iter_mut().zip(row).for_each(|(out, g)| *out -= b[j] * g);
        }
    }

    fn products(&self, new: &[u32], set: &[u32], out: &mut [f64]) -> Result<()> {
        for (out, &i) in out.chunks_exact_mut(set.len()).zip(new) {
            let row = &self.gram[i as usize * self.columns.len()..];
            out.iter_mut().zip(set).for_each(|(out, &j)| *out = row[j as usize]);
        }
        Ok(())
    }

    fn most_new(&self, _: usize) -> usize {
        usize::MAX
    }
}
