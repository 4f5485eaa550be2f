//! Sums of products of the columns, by cell, in one pass over the rows; and the training folds' sums.
//!
//! ```text
//! M = Z'Z (q, q),   Z = diag(sqrt(w)) [X - a, Y - b, 1],   q = d + t + 1
//! ```
//!
//! has X'X, X'Y, Y'Y, the columns' sums and the sum of the weights. The origin (a, b) is near the middle of
//! the rows, which keeps digits where columns lie far from 0; a sparse X keeps a = 0. A fold's M is the sum
//! of its cells', of k folds by prefix and suffix sums (Engstrom & Jensen, arXiv 2401.13185, subtract from
//! the total instead, which cancels).

use std::ops::Range;

use super::cells::Cells;
use crate::data::Data;
use crate::error::{Result, filled};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm_lower};
use crate::matrix::{Floats, Matrix};
use crate::parallel::{Control, Watcher, fold};

/// Rows that one task sums; not a matter of threads, so that sums are the same for any number of them.
const CHUNK: usize = 1024;
/// Rows that are multiplied at a time.
const BLOCK: usize = 128;
/// Numbers of a line of the caches: rows that begin with one are read fastest.
const LINE: usize = 8;
/// Bytes that the sums of all cells may take.
pub const MEMORY: usize = 1 << 30;
/// Rows that the origin is the mean of.
const SAMPLE: usize = 512;

/// The lower triangle of M (q, q).
pub type Moments = Vec<f64>;

/// What sums are taken over.
pub struct Source<'a> {
    pub data: &'a Data<'a, Matrix<'a>>,
    /// (a, b), shape (d + t,).
    pub origin: Vec<f64>,
}

impl<'a> Source<'a> {
    pub fn new(data: &'a Data<'a, Matrix<'a>>) -> Self {
        let (n, d, t) = (data.n, data.d, data.n_outputs);
        let mut origin = vec![0.0; d + t];
        let step = n.div_ceil(SAMPLE);
        let rows = (0..n).step_by(step);
        let share = 1.0 / rows.len() as f64;
        let mut row = vec![0.0; d];
        for i in rows {
            if !data.x.is_sparse() {
                data.x.read_row(i, &mut row);
            }
            let y = &data.y[i * t..(i + 1) * t];
            origin.iter_mut().zip(row.iter().chain(y)).for_each(|(mean, value)| *mean += share * value);
        }
        Source { data, origin }
    }

    /// Columns of Z.
    pub fn q(&self) -> usize {
        self.origin.len() + 1
    }

    /// Row i of Z, dense.
    fn read(&self, i: u32, out: &mut [f64]) {
        let (Matrix::Dense(values), data, i) = (&self.data.x, self.data, i as usize) else { return };
        let (d, t) = (data.d, data.n_outputs);
        let (origin_x, origin_y) = self.origin.split_at(d);
        let (x, rest) = out.split_at_mut(d);
        match values {
            Floats::F32(values) => {
                let row = x.iter_mut().zip(&values[i * d..(i + 1) * d]).zip(origin_x);
                row.for_each(|((out, &value), origin)| *out = f64::from(value) - origin);
            }
            Floats::F64(values) => {
                let row = x.iter_mut().zip(&values[i * d..(i + 1) * d]).zip(origin_x);
                row.for_each(|((out, value), origin)| *out = value - origin);
            }
        }
        let y = rest.iter_mut().zip(&data.y[i * t..(i + 1) * t]).zip(origin_y);
        y.for_each(|((out, value), origin)| *out = value - origin);
        rest[t] = 1.0;
        if let Some(w) = data.sample_weight {
            let root = w[i].sqrt();
            out.iter_mut().for_each(|value| *value *= root);
        }
    }

    /// Row i of a sparse Z as (column, value).
    fn read_entries(&self, i: u32, out: &mut Vec<(usize, f64)>) {
        let Matrix::Sparse { columns, values, .. } = &self.data.x else { return };
        let (d, t, i) = (self.data.d, self.data.n_outputs, i as usize);
        let root = self.data.sample_weight.map_or(1.0, |w| w[i].sqrt());
        out.clear();
        out.extend(self.data.x.entries(i).map(|e| (columns[e] as usize, root * values.get(e))));
        out.extend((d..d + t).map(|j| (j, root * (self.data.y[i * t + j - d] - self.origin[j]))));
        out.push((d + t, root));
    }

    /// M += the share of at most `BLOCK` rows.
    fn add(&self, rows: &[u32], moments: &mut [f64], scratch: &mut Scratch) {
        let q = self.q();
        if self.data.x.is_sparse() {
            for &i in rows {
                self.read_entries(i, &mut scratch.entries);
                for (at, &(j, a)) in scratch.entries.iter().enumerate() {
                    let out = &mut moments[j * q..(j + 1) * q];
                    scratch.entries[..=at].iter().for_each(|&(l, b)| out[l] += a * b);
                }
            }
            return;
        }
        // An odd number of lines: rows below one another are then kept in different places of the cache.
        let wide = LINE * (q.div_ceil(LINE) | 1);
        scratch.block.resize(BLOCK * wide + LINE, 0.0);
        let skip = scratch.block.as_ptr().align_offset(LINE * size_of::<f64>()).min(LINE);
        let block = &mut scratch.block[skip..];
        for (&i, out) in rows.iter().zip(block.chunks_exact_mut(wide)) {
            self.read(i, &mut out[..q]);
        }
        let (shape, z) = (Shape { m: q, n: q, k: rows.len() }, View::rows(block, wide));
        gemm_lower(shape, z.t(), z, ViewMut { values: moments, row: q }, true, &mut scratch.packing);
    }

    /// M of each cell; `None` where time ran out.
    pub fn by_cell(
        &self,
        cells: &Cells,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Option<Vec<Moments>>> {
        let q = self.q();
        let sums = cells.rows.iter().map(|_| filled(q * q, 0.0, WHAT)).collect::<Result<Vec<_>>>()?;
        let tasks: Vec<(usize, Range<usize>)> =
            cells.rows.iter().enumerate().flat_map(|(cell, rows)| self.chunks(cell, rows.len())).collect();
        let part = |scratch: &mut Scratch, task: usize| {
            let (cell, rows) = tasks[task].clone();
            let mut part = filled(q * q, 0.0, WHAT)?;
            for rows in cells.rows[cell][rows].chunks(BLOCK) {
                if control.stopped() {
                    break;
                }
                self.add(rows, &mut part, scratch);
            }
            Ok(part)
        };
        let take =
            |sums: &mut Vec<Moments>, task: usize, part: Moments| add(&mut sums[tasks[task].0], &part, 1.0);
        let size = (tasks.len(), q * q * size_of::<f64>());
        fold(n_threads, size, control, watcher, Scratch::default, part, (sums, take))
    }

    fn chunks(&self, cell: usize, n: usize) -> Vec<(usize, Range<usize>)> {
        // Adding up the parts of a wide sparse X costs more than its rows do: take few.
        let size = if self.data.x.is_sparse() { CHUNK.max(n.div_ceil(4)) } else { CHUNK };
        (0..n).step_by(size).map(|start| (cell, start..(start + size).min(n))).collect()
    }
}

const WHAT: &str = "sums of products of the columns of X";

#[derive(Default)]
struct Scratch {
    block: Vec<f64>,
    entries: Vec<(usize, f64)>,
    packing: Packing<f64>,
}

fn add(sum: &mut [f64], part: &[f64], times: f64) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += times * part);
}

/// M of training folds, from those of their cells.
pub struct FoldSums<'a> {
    cells: &'a Cells,
    by_cell: &'a [Moments],
    /// Of k folds, sums over the cells before and from each on.
    ends: Option<Ends>,
}

struct Ends {
    left_out: Vec<usize>,
    prefix: Vec<Moments>,
    suffix: Vec<Moments>,
}

impl<'a> FoldSums<'a> {
    pub fn new(cells: &'a Cells, by_cell: &'a [Moments]) -> Result<Self> {
        let bytes = by_cell.len() * size_of_val(by_cell.first().map_or(&[][..], Vec::as_slice));
        let size = by_cell.first().map_or(0, Vec::len);
        let running = |order: &mut dyn Iterator<Item = &Moments>| -> Result<Vec<Moments>> {
            let mut sums = vec![filled(size, 0.0, WHAT)?];
            for part in order {
                let mut next = filled(size, 0.0, WHAT)?;
                add(&mut next, &sums[sums.len() - 1], 1.0);
                add(&mut next, part, 1.0);
                sums.push(next);
            }
            Ok(sums)
        };
        let ends = match cells.left_out() {
            // Of few folds each is summed as fast by itself.
            Some(left_out) if left_out.len() > 3 && 3 * bytes <= MEMORY => {
                let (prefix, suffix) = (running(&mut by_cell.iter())?, running(&mut by_cell.iter().rev())?);
                Some(Ends { left_out, prefix, suffix })
            }
            _ => None,
        };
        Ok(FoldSums { cells, by_cell, ends })
    }

    /// Of the rows of all cells.
    pub fn whole(&self) -> Result<Moments> {
        let mut sum = filled(self.by_cell[0].len(), 0.0, WHAT)?;
        self.by_cell.iter().for_each(|part| add(&mut sum, part, 1.0));
        Ok(sum)
    }

    pub fn of_fold(&self, fold: usize) -> Result<Moments> {
        let mut sum = filled(self.by_cell[0].len(), 0.0, WHAT)?;
        if let Some(Ends { left_out, prefix, suffix }) = &self.ends {
            let gap = left_out[fold];
            add(&mut sum, &prefix[gap], 1.0);
            add(&mut sum, &suffix[self.by_cell.len() - 1 - gap], 1.0);
        } else {
            for &(cell, times) in &self.cells.uses[fold] {
                add(&mut sum, &self.by_cell[cell as usize], times);
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Fold;
    use crate::matrix::Floats;
    use crate::seed::Stream;

    /// M of some rows, term by term.
    fn direct(source: &Source<'_>, rows: &[u32]) -> Moments {
        let q = source.q();
        let (mut sum, mut row) = (vec![0.0; q * q], vec![0.0; q]);
        for &i in rows {
            source.read(i, &mut row);
            (0..q).for_each(|a| (0..=a).for_each(|b| sum[a * q + b] += row[a] * row[b]));
        }
        sum
    }

    #[test]
    fn sums_of_folds_are_those_of_their_rows() {
        let (n, d, k) = (3000, 5, 7);
        let mut stream = Stream::new(1);
        let x: Vec<f64> = (0..n * d).map(|_| 100.0 + stream.unit()).collect();
        let (y, w): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (stream.unit(), stream.unit())).unzip();
        let data = Data {
            x: Matrix::Dense(Floats::F64(&x)),
            y: &y,
            n,
            d,
            n_outputs: 1,
            n_classes: &[],
            sample_weight: Some(&w),
        };
        let source = Source::new(&data);
        let q = source.q();
        let close = |got: &[f64], expected: &[f64]| {
            for (a, b) in (0..q).flat_map(|a| (0..=a).map(move |b| (a, b))) {
                let (got, expected) = (got[a * q + b], expected[a * q + b]);
                assert!((got - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{got} {expected}");
            }
        };
        let part = |f: u32| (0..n as u32).filter(move |i| i % k != f).collect::<Vec<_>>();
        let k_folds: Vec<Vec<u32>> = (0..k).map(part).collect();
        let overlapping: Vec<Vec<u32>> = vec![(0..900).collect(), (500..3000).collect(), vec![3, 3, 8]];
        for trains in [k_folds, overlapping] {
            let folds: Vec<_> =
                trains.iter().map(|train| Fold { train: train.clone(), test: Vec::new() }).collect();
            let cells = Cells::of(&folds, n);
            let run = |n_threads| {
                source.by_cell(&cells, n_threads, &Control::new(None), &mut |_, _| true).ok().flatten()
            };
            let (one, three) = (run(1), run(3));
            assert_eq!(one, three, "the number of threads changes no bit");
            let by_cell = one.unwrap_or_default();
            let sums = FoldSums::new(&cells, &by_cell);
            let whole = sums.as_ref().ok().and_then(|sums| sums.whole().ok()).unwrap_or_default();
            let all: Vec<u32> = cells.rows.iter().flatten().copied().collect();
            close(&whole, &direct(&source, &all));
            for (f, train) in trains.iter().enumerate() {
                let got = sums.as_ref().ok().and_then(|sums| sums.of_fold(f).ok()).unwrap_or_default();
                close(&got, &direct(&source, train));
            }
        }
    }
}
