//! Second derivatives of the loss at one point, in full or in part.
//!
//! ```text
//! two classes   H = X' diag(w p (1 - p)) X
//! K classes     H = blockdiag_k(X' diag(w p_k) X) - M' M,   M_(i, kj) = sqrt(w_i) p_ik x_ij
//! ```
//!
//! X has the constant column of the intercept at its end. Sums over the rows, penalties left out.

use std::ops::Range;

use super::pass::{Query, Scratch, blocks};
use super::probabilities::{softmax, variances};
use super::sample::Sample;
use super::workers::Workers;
use crate::error::{Result, filled};
use crate::gemm::{Shape, View, ViewMut, gemm, gemm_lower};
use crate::vectors::Vectors;

/// Rows of one task, at least.
const TASK_ROWS: usize = 2048;

/// Which second derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// d^2 / dw_kj^2.
    Diagonal,
    /// All within one class.
    Blocks,
    /// All.
    Full,
}

/// What is asked for at a point.
pub struct Request<'a> {
    pub query: Query<'a>,
    pub part: Part,
    /// Of the full: only between these parameters, ascending; `None`: all.
    pub among: Option<&'a [u32]>,
}

impl Request<'_> {
    fn same(&self, other: &Request<'_>) -> bool {
        self.part == other.part
            && self.among == other.among
            && self.query.class_weight == other.query.class_weight
            && self.query.point == other.query.point
    }
}

/// Numbers that a part of the derivatives has, for `n` parameters in `k` classes.
pub fn n_numbers(part: Part, n: usize, k: usize) -> usize {
    match part {
        Part::Diagonal => n,
        Part::Blocks => n / k * n,
        Part::Full => n * n,
    }
}

/// The derivatives of each request: the diagonal; a square for each class; or one square, symmetric.
/// Requests that are the same are computed once. `None` once stopped.
pub fn curvatures(
    sample: &Sample<'_>,
    requests: &[Request<'_>],
    workers: Workers<'_>,
) -> Result<Option<Vec<Vec<f64>>>> {
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(requests.len());
    for (r, request) in requests.iter().enumerate() {
        if let Some(known) = requests[..r].iter().position(|other| other.same(request)) {
            done.push(done[known].clone());
            continue;
        }
        let Some(curvature) = curvature(sample, request, workers)? else { return Ok(None) };
        done.push(curvature);
    }
    Ok(Some(done))
}

fn curvature(sample: &Sample<'_>, request: &Request<'_>, workers: Workers<'_>) -> Result<Option<Vec<f64>>> {
    let own = Own::new(sample, request);
    let size = match own.sets.as_slice() {
        _ if request.part == Part::Diagonal => sample.n_parameters(),
        sets if request.part == Part::Blocks => sets.iter().map(|set| set.len() * set.len()).sum(),
        sets => sets.iter().map(Vec::len).sum::<usize>().pow(2),
    };
    let room = || filled(size, 0.0, "second derivatives of the loss");
    let rows = TASK_ROWS.max(4 * sample.d).next_multiple_of(sample.block_rows());
    let n_tasks = sample.n().div_ceil(rows);
    let sums = workers.fold(
        (n_tasks, size * size_of::<f64>()),
        Tools::default,
        |tools, i| {
            let mut sums = room()?;
            for rows in blocks(sample, i * rows..sample.n().min((i + 1) * rows)) {
                own.add(rows, &mut sums, tools);
            }
            Ok(sums)
        },
        room()?,
        |sums: &mut Vec<f64>, part: Vec<f64>| sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part),
    )?;
    Ok(sums.map(|sums| own.mirrored(sums)))
}

/// Memory that a task reuses.
#[derive(Default)]
struct Tools {
    scratch: Scratch,
    features: Vec<f64>,
    scaled: Vec<f64>,
    outer: Vec<f64>,
    h: Vec<f64>,
}

/// One request.
struct Own<'a> {
    sample: &'a Sample<'a>,
    request: &'a Request<'a>,
    k: usize,
    coef: Vec<f64>,
    /// The features, d being the constant, of each class that are asked for.
    sets: Vec<Vec<usize>>,
    vectors: Vectors,
}

impl<'a> Own<'a> {
    fn new(sample: &'a Sample<'a>, request: &'a Request<'a>) -> Self {
        let (k, q) = (sample.n_scores(), sample.d + 1);
        let mut sets = vec![Vec::new(); k];
        if request.part != Part::Diagonal {
            match request.among {
                Some(among) => among.iter().for_each(|&v| sets[v as usize / q].push(v as usize % q)),
                None => sets.iter_mut().for_each(|set| set.extend(0..q)),
            }
        }
        let coef = request.query.point.chunks_exact(q).flat_map(|row| &row[..q - 1]).copied().collect();
        Own { sample, request, k, coef, sets, vectors: Vectors::detect() }
    }

    fn add(&self, rows: Range<usize>, sums: &mut [f64], tools: &mut Tools) {
        let sample = self.sample;
        sample.weights(rows.clone(), self.request.query.class_weight, &mut tools.scratch.weight);
        let mut room = std::mem::take(&mut tools.scratch.rows);
        if sample.x.is_sparse() {
            self.sparse_scores(rows.clone(), &mut tools.scratch);
            self.probabilities(&mut tools.scratch);
            match self.request.part {
                Part::Diagonal => self.sparse_diagonal(rows, sums, tools),
                _ => self.add_squares(&[], rows, sums, tools),
            }
        } else {
            let x = sample.dense(rows.clone(), &mut room);
            self.scores(x, rows.len(), &mut tools.scratch);
            self.probabilities(&mut tools.scratch);
            match self.request.part {
                Part::Diagonal => self.diagonal(x, rows.len(), sums, tools),
                _ => self.add_squares(x, rows, sums, tools),
            }
        }
        tools.scratch.rows = room;
    }

    fn intercepts(&self, b: usize, scores: &mut Vec<f64>) {
        let q = self.sample.d + 1;
        scores.clear();
        for row in self.request.query.point.chunks_exact(q) {
            scores.extend(std::iter::repeat_n(row[q - 1], b));
        }
    }

    /// Scores (k, b).
    fn scores(&self, x: &[f64], b: usize, scratch: &mut Scratch) {
        let d = self.sample.d;
        self.intercepts(b, &mut scratch.scores);
        let (shape, coef) = (Shape { m: self.k, n: b, k: d }, View::rows(&self.coef, d));
        let out = ViewMut { values: &mut scratch.scores, row: b };
        gemm(shape, coef, View::rows(x, d).t(), out, true, &mut scratch.packing);
    }

    fn sparse_scores(&self, rows: Range<usize>, scratch: &mut Scratch) {
        let (d, b) = (self.sample.d, rows.len());
        self.intercepts(b, &mut scratch.scores);
        for (i, row) in rows.enumerate() {
            let (columns, values) = self.sample.entries(row, &mut scratch.sum);
            for (scores, coef) in scratch.scores.chunks_exact_mut(b).zip(self.coef.chunks_exact(d)) {
                scores[i] += columns.iter().zip(values).map(|(&j, v)| coef[j as usize] * v).sum::<f64>();
            }
        }
    }

    /// Scores become w p (1 - p), or probabilities of many classes.
    fn probabilities(&self, scratch: &mut Scratch) {
        let b = scratch.weight.len();
        if self.k == 1 {
            variances(self.vectors, &mut scratch.scores, &scratch.weight);
            return;
        }
        scratch.most.resize(b, 0.0);
        scratch.sum.resize(b, 0.0);
        softmax(self.vectors, &mut scratch.scores, &mut scratch.most[..b], &mut scratch.sum[..b]);
    }

    /// d^2 loss_i / dz_ik^2 for the rows of a block.
    fn within(&self, class: usize, scratch: &Scratch, h: &mut Vec<f64>) {
        let b = scratch.weight.len();
        let p = &scratch.scores[class * b..(class + 1) * b];
        h.clear();
        if self.k == 1 {
            h.extend_from_slice(p);
        } else {
            h.extend(p.iter().zip(&scratch.weight).map(|(p, weight)| weight * p * (1.0 - p)));
        }
    }

    fn diagonal(&self, x: &[f64], b: usize, sums: &mut [f64], tools: &mut Tools) {
        let d = self.sample.d;
        for (class, sums) in sums.chunks_exact_mut(d + 1).enumerate() {
            self.within(class, &tools.scratch, &mut tools.h);
            for (x, h) in x.chunks_exact(d).zip(&tools.h[..b]) {
                sums[..d].iter_mut().zip(x).for_each(|(sum, x)| *sum += h * x * x);
                sums[d] += h;
            }
        }
    }

    fn sparse_diagonal(&self, rows: Range<usize>, sums: &mut [f64], tools: &mut Tools) {
        let d = self.sample.d;
        for (class, sums) in sums.chunks_exact_mut(d + 1).enumerate() {
            self.within(class, &tools.scratch, &mut tools.h);
            for (row, h) in rows.clone().zip(&tools.h) {
                let (columns, values) = self.sample.entries(row, &mut tools.features);
                columns.iter().zip(values).for_each(|(&j, x)| sums[j as usize] += h * x * x);
                sums[d] += h;
            }
        }
    }

    fn add_squares(&self, x: &[f64], rows: Range<usize>, sums: &mut [f64], tools: &mut Tools) {
        let b = rows.len();
        let width: usize = self.sets.iter().map(Vec::len).sum();
        let full = self.request.part == Part::Full && self.k > 1;
        if full {
            tools.outer.clear();
            tools.outer.resize(2 * b * width, 0.0);
        }
        let (mut first, mut start) = (0, 0);
        for (class, set) in self.sets.iter().enumerate() {
            let m = set.len();
            let mut features = std::mem::take(&mut tools.features);
            self.features(x, rows.clone(), set, &mut features, &mut tools.scaled);
            let p = &tools.scratch.scores[class * b..(class + 1) * b];
            if full {
                tools.h.clear();
                tools.h.extend(p.iter().zip(&tools.scratch.weight).map(|(p, weight)| weight * p));
                let (minus, plus) = tools.outer.split_at_mut(b * width);
                for i in 0..b {
                    let (row, at) = (&features[i * m..(i + 1) * m], i * width + first..i * width + first + m);
                    let (weighted, p) = (-tools.h[i], p[i]);
                    minus[at.clone()].iter_mut().zip(row).for_each(|(out, x)| *out = weighted * x);
                    plus[at].iter_mut().zip(row).for_each(|(out, x)| *out = p * x);
                }
            } else {
                let mut h = std::mem::take(&mut tools.h);
                self.within(class, &tools.scratch, &mut h);
                tools.h = h;
            }
            tools.scaled.clear();
            for (row, h) in features.chunks_exact(m.max(1)).zip(&tools.h) {
                tools.scaled.extend(row.iter().map(|x| h * x));
            }
            let (at, row) = if full { (first * width + first, width) } else { (start, m) };
            let (shape, scaled) = (Shape { m, n: m, k: b }, View::rows(&tools.scaled, m).t());
            // Of an empty set nothing is computed, wherever it would begin.
            let at = at.min(sums.len());
            let out = ViewMut { values: &mut sums[at..], row };
            gemm_lower(shape, scaled, View::rows(&features, m), out, true, &mut tools.scratch.packing);
            tools.features = features;
            first += m;
            start += m * m;
        }
        if full {
            let (minus, plus) = tools.outer.split_at(b * width);
            let shape = Shape { m: width, n: width, k: b };
            let (minus, plus) = (View::rows(minus, width).t(), View::rows(plus, width));
            let out = ViewMut { values: sums, row: width };
            gemm_lower(shape, minus, plus, out, true, &mut tools.scratch.packing);
        }
    }

    /// The features of a set in the rows of a block (b, set.len()).
    fn features(
        &self,
        x: &[f64],
        rows: Range<usize>,
        set: &[usize],
        out: &mut Vec<f64>,
        room: &mut Vec<f64>,
    ) {
        let d = self.sample.d;
        out.clear();
        if !self.sample.x.is_sparse() {
            let all = set.len() == d + 1;
            for row in x.chunks_exact(d) {
                if all {
                    out.extend_from_slice(row);
                    out.push(1.0);
                } else {
                    out.extend(set.iter().map(|&j| if j < d { row[j] } else { 1.0 }));
                }
            }
            return;
        }
        out.resize(rows.len() * set.len(), 0.0);
        for (row, out) in rows.zip(out.chunks_exact_mut(set.len().max(1))) {
            let (columns, values) = self.sample.entries(row, room);
            // Both ascend: walk along the shorter and search in the longer would be the same numbers.
            for (&j, &value) in columns.iter().zip(values) {
                if let Ok(at) = set.binary_search(&(j as usize)) {
                    out[at] = value;
                }
            }
            if set.last() == Some(&d) {
                out[set.len() - 1] = 1.0;
            }
        }
    }

    /// The upper triangles from the lower ones.
    fn mirrored(&self, mut sums: Vec<f64>) -> Vec<f64> {
        let total = self.sets.iter().map(Vec::len).sum();
        let sizes: Vec<usize> = match self.request.part {
            Part::Diagonal => Vec::new(),
            Part::Blocks => self.sets.iter().map(Vec::len).collect(),
            Part::Full => vec![total],
        };
        let mut start = 0;
        for m in sizes {
            let square = &mut sums[start..start + m * m];
            for i in 0..m {
                for j in 0..i {
                    square[j * m + i] = square[i * m + j];
                }
            }
            start += m * m;
        }
        sums
    }
}
