//! The way of scored rows down a tree that has just grown, for all truncations at once.

use super::bins::Column;
use super::grow::GrownTree;
use super::rules::Truncation;
use super::tree::Node;
use super::truncate::Stops;
use crate::data::Data;

/// Where a tree sends the rows that are scored.
pub struct Walked {
    pub values: Vec<f64>,
    /// Node by truncation and row (n_truncations, n_rows).
    pub nodes: Vec<u32>,
}

/// Row i of X.
pub fn row<'a>(data: &Data<'a>, i: u32) -> &'a [f32] {
    &data.x.values[i as usize * data.d..][..data.d]
}

/// The categories that a fold's training rows have: any other is missing to a model that learned there.
pub struct Known(Vec<Option<Vec<u32>>>);

impl Known {
    pub fn new(columns: &[Column]) -> Self {
        let categories = |column: &Column| column.low.iter().map(|&code| code as u32).collect();
        Known(columns.iter().map(|column| column.categorical.then(|| categories(column))).collect())
    }

    /// The value of a row in a column, NaN for an unknown category.
    fn read(&self, column: usize, row: &[f32]) -> f32 {
        match &self.0[column] {
            Some(known) if known.binary_search(&(row[column] as u32)).is_err() => f32::NAN,
            _ => row[column],
        }
    }
}

/// Sends every row down the tree once, noting where each truncation stops it.
pub fn walk(
    data: &Data<'_>,
    grown: GrownTree,
    truncations: &[Truncation],
    rows: &[u32],
    known: &Known,
) -> Walked {
    let stops = Stops::new(&grown, truncations);
    let n = rows.len();
    let mut nodes = vec![0; truncations.len() * n];
    let mut moving = vec![0u64; stops.words];
    for (i, &r) in rows.iter().enumerate() {
        let x = row(data, r);
        let mut here = 0;
        moving.fill(u64::MAX);
        if !truncations.len().is_multiple_of(64) {
            moving[stops.words - 1] = (1 << (truncations.len() % 64)) - 1;
        }
        loop {
            let mut left = 0;
            for (word, (moving, stop)) in moving.iter_mut().zip(stops.of(here)).enumerate() {
                let mut ending = *moving & stop;
                *moving &= !stop;
                left |= *moving;
                while ending != 0 {
                    let t = word * 64 + ending.trailing_zeros() as usize;
                    nodes[t * n + i] = here;
                    ending &= ending - 1;
                }
            }
            if left == 0 {
                break;
            }
            let node = &grown.nodes[here as usize];
            let split = Node { split: node.split, data: node.data, right: 0, n: 0 };
            let value = known.read(split.column(), x);
            here = node.left + u32::from(!split.goes_left(value, &grown.categories));
        }
    }
    Walked { values: grown.values, nodes }
}
