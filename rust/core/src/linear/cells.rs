//! Which sums over rows the folds have in common.
//!
//! A cell is a set of rows that every fold uses alike: each fold trains on all of a cell's rows equally
//! often. What is summed once per cell gives every fold's sum, whatever the folds are: k folds have k
//! cells, repeated k folds and random splits have more.

use std::collections::HashMap;

use crate::data::Fold;
use crate::seed::Stream;

/// Cells of rows, and how often each fold trains on each.
pub struct Cells {
    pub rows: Vec<Vec<u32>>,
    /// By fold: (cell, how often), cells ascending; never 0 times.
    pub uses: Vec<Vec<(u32, f64)>>,
}

impl Cells {
    pub fn of(folds: &[Fold], n: usize) -> Self {
        // Rows of equal fingerprints are used alike: two sums of 128 random bits agree by no accident.
        let mut print = vec![0u128; n];
        for (f, fold) in folds.iter().enumerate() {
            let mut stream = Stream::new(0).child(f as u64);
            let key = (u128::from(stream.next_u64()) << 64) | u128::from(stream.next_u64());
            fold.train.iter().for_each(|&i| print[i as usize] = print[i as usize].wrapping_add(key));
        }
        let mut known = HashMap::new();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for (i, &print) in print.iter().enumerate().filter(|(_, print)| **print != 0) {
            let cell = *known.entry(print).or_insert(rows.len());
            if cell == rows.len() {
                rows.push(Vec::new());
            }
            rows[cell].push(i as u32);
        }
        let mut first_of = vec![u32::MAX; n];
        rows.iter().enumerate().for_each(|(c, rows)| first_of[rows[0] as usize] = c as u32);
        let uses = |fold: &Fold| {
            let mut counts: HashMap<u32, f64> = HashMap::new();
            let firsts = fold.train.iter().map(|&i| first_of[i as usize]).filter(|&c| c != u32::MAX);
            firsts.for_each(|c| *counts.entry(c).or_insert(0.0) += 1.0);
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_unstable_by_key(|&(cell, _)| cell);
            counts
        };
        let uses = folds.iter().map(uses).collect();
        Cells { rows, uses }
    }

    /// A cell per fold, for folds that have too little in common.
    pub fn alone(fold: &Fold) -> Self {
        Cells { rows: vec![fold.train.clone()], uses: vec![vec![(0, 1.0)]] }
    }

    /// By fold the one cell that it leaves out, if each leaves out one and uses all others once: then
    /// prefix and suffix sums give all folds for the price of one.
    pub fn left_out(&self) -> Option<Vec<usize>> {
        let m = self.rows.len();
        self.uses
            .iter()
            .map(|uses| {
                let once = uses.len() + 1 == m && uses.iter().all(|&(_, count)| count == 1.0);
                let gap = uses.iter().enumerate().position(|(i, &(cell, _))| cell as usize != i);
                once.then(|| gap.unwrap_or(m - 1))
            })
            .collect()
    }

    /// Additions of whole sums that the folds take.
    pub fn n_additions(&self) -> usize {
        match self.left_out() {
            Some(_) => 2 * self.rows.len() + self.uses.len(),
            None => self.uses.iter().map(Vec::len).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(train: &[u32]) -> Fold {
        Fold { train: train.to_vec(), test: Vec::new() }
    }

    #[test]
    fn cells_give_back_the_folds() {
        let folds = [fold(&[0, 1, 2, 5]), fold(&[2, 2, 3, 5, 5]), fold(&[5, 0, 1])];
        let cells = Cells::of(&folds, 7);
        for (fold, uses) in folds.iter().zip(&cells.uses) {
            let mut rows: Vec<u32> = Vec::new();
            for &(cell, count) in uses {
                (0..count as usize).for_each(|_| rows.extend(&cells.rows[cell as usize]));
            }
            let mut expected = fold.train.clone();
            rows.sort_unstable();
            expected.sort_unstable();
            assert_eq!(rows, expected);
        }
        assert!(cells.left_out().is_none());
    }

    #[test]
    fn k_folds_leave_out_one_cell_each() {
        let folds = [fold(&[2, 3, 4, 5]), fold(&[0, 1, 4, 5]), fold(&[0, 1, 2, 3])];
        let cells = Cells::of(&folds, 6);
        assert_eq!(cells.rows, [vec![0, 1], vec![2, 3], vec![4, 5]]);
        assert_eq!(cells.left_out(), Some(vec![0, 1, 2]));
    }
}
