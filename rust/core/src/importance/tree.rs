//! One regression tree, of which only the leaves are kept: boxes of cells, and a value in each.
//!
//! Splits make the sum of squares within the two sides least. Cells of an ordered column stay in their order.
//! Cells of others are ordered by their mean score first: the best of all splits is then a cut of that order
//! (Fisher, On grouping for maximum homogeneity, JASA 53, 1958).

use super::design::{Column, Design};
use crate::seed::Stream;

/// Gains that differ by less, relative to their size, are equal: several columns often make the same two
/// sides, above all of few rows, and rounding must not choose between them.
const TIE: f64 = 1e-9;

/// A box of cells: `masks[j]` has the bits of the cells of column j that it covers, `widths[j]` is the
/// probability of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub masks: Vec<u64>,
    pub widths: Vec<f64>,
    pub value: f64,
}

/// Grows a tree on these rows, which may repeat, until the scores in each leaf are equal or no column tells
/// its rows apart. The leaves are disjoint and cover the whole space. Where columns split equally well, one is
/// drawn: taking the first would make it important.
pub fn grow(design: &Design, rows: Vec<u32>, mut draws: Stream) -> Vec<Leaf> {
    let whole = design.columns.iter().map(|column| low_bits(column.weights.len())).collect();
    let mut leaves = Vec::new();
    let mut waiting: Vec<(Vec<u32>, Vec<u64>)> = vec![(rows, whole)];
    while let Some((rows, masks)) = waiting.pop() {
        match best_split(design, &rows, &masks, &mut draws) {
            None => {
                let sum: f64 = rows.iter().map(|&row| design.scores[row as usize]).sum();
                let width = |(column, &mask): (&Column, &u64)| cells(mask).map(|c| column.weights[c]).sum();
                let widths = design.columns.iter().zip(&masks).map(width).collect();
                leaves.push(Leaf { masks, widths, value: sum / rows.len() as f64 });
            }
            Some(Split { column, left, .. }) => {
                let (mut to_left, mut to_right) = (masks.clone(), masks);
                to_left[column] &= left;
                to_right[column] &= !left;
                let (left, right) = rows.iter().partition(|&&row| left >> design.cell(row, column) & 1 == 1);
                waiting.push((right, to_right));
                waiting.push((left, to_left));
            }
        }
    }
    leaves
}

struct Split {
    column: usize,
    /// The cells that go left.
    left: u64,
    gain: f64,
}

/// What the rows of a node say in one cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    number: usize,
    n: f64,
    sum: f64,
}

fn best_split(design: &Design, rows: &[u32], masks: &[u64], draws: &mut Stream) -> Option<Split> {
    let first = design.scores[*rows.first()? as usize];
    if rows.iter().all(|&row| design.scores[row as usize] == first) {
        return None;
    }
    // Sums of differences from the mean: that of all rows is 0, and nothing is lost to cancellation.
    let mean = rows.iter().map(|&row| design.scores[row as usize]).sum::<f64>() / rows.len() as f64;
    let mut found: Vec<Split> = (0..masks.len())
        .filter_map(|column| best_of_column(design, rows, column, masks[column], mean))
        .collect();
    let most = found.iter().map(|split| split.gain).fold(0.0, f64::max);
    found.retain(|split| split.gain >= (1.0 - TIE) * most);
    let drawn = draws.below(found.len() as u32) as usize;
    found.into_iter().nth(drawn)
}

/// The cut that lets the squares fall most, the first of several.
fn best_of_column(design: &Design, rows: &[u32], column: usize, mask: u64, mean: f64) -> Option<Split> {
    let present = occupied(design, rows, column, mean);
    let (n, total) = present.iter().fold((0.0, 0.0), |(n, sum), cell| (n + cell.n, sum + cell.sum));
    let (mut n_left, mut sum_left, mut best) = (0.0, 0.0, (0, -1.0));
    // n_left and sum_left are those of present[..cut].
    for cut in 1..present.len() {
        n_left += present[cut - 1].n;
        sum_left += present[cut - 1].sum;
        let (n_right, sum_right): (f64, f64) = (n - n_left, total - sum_left);
        let gain = sum_left * sum_left / n_left + sum_right * sum_right / n_right;
        if gain > best.1 {
            best = (cut, gain);
        }
    }
    let (cut, gain) = best;
    (cut > 0).then(|| Split { column, left: left_side(design, column, mask, &present, cut), gain })
}

/// The cells that rows are in, in the order in which they are cut.
fn occupied(design: &Design, rows: &[u32], column: usize, mean: f64) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); design.columns[column].weights.len()];
    for &row in rows {
        let number = design.cell(row, column);
        let cell = &mut cells[number];
        *cell = Cell { number, n: cell.n + 1.0, sum: cell.sum + design.scores[row as usize] - mean };
    }
    cells.retain(|cell| cell.n > 0.0);
    if !design.columns[column].ordered {
        cells.sort_by(|a, b| (a.sum / a.n).total_cmp(&(b.sum / b.n)));
    }
    cells
}

/// The cells to the left of a cut. Those without rows: halfway between the neighbours of the cut where
/// cells have an order, else on the side that has more rows.
fn left_side(design: &Design, column: usize, mask: u64, present: &[Cell], cut: usize) -> u64 {
    if design.columns[column].ordered {
        let (last, next) = (present[cut - 1].number, present[cut].number);
        return mask & low_bits(last + 1 + (next - last - 1) / 2);
    }
    let bits = |cells: &[Cell]| cells.iter().fold(0, |bits, cell| bits | 1 << cell.number);
    let count = |cells: &[Cell]| cells.iter().map(|cell| cell.n).sum::<f64>();
    let (left, right): (u64, u64) = (bits(&present[..cut]), bits(&present[cut..]));
    if count(&present[..cut]) >= count(&present[cut..]) { mask & !right } else { left }
}

fn low_bits(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// The numbers of the bits that are set, ascending.
pub fn cells(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let cell = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            cell
        })
    })
}
