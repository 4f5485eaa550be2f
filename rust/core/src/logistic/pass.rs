//! One pass over the rows: the losses of many models and their gradients.
//!
//! ```text
//! z (K, n) = W X' + b,   loss = sum_i w_i l(y_i, z_i),   R = dloss / dz,   gradient = R X, R 1
//!
//! two classes   l = log(1 + exp(z)) - y z          R = w (p - y)
//! K classes     l = log sum_k exp(z_k) - z_y       R = w (p_k - [y = k])
//! ```
//!
//! The models' rows of W stand below one another, so that a block of X is read once for all of them. What
//! a model gets depends on its own parameters only, bit for bit (gemm.rs).

use std::ops::Range;

use super::probabilities::{Targets, residuals, softmax};
use super::sample::Sample;
use super::workers::Workers;
use crate::algebra;
use crate::error::Result;
use crate::gemm::{Packing, Shape, View, ViewMut, gemm, transpose};
use crate::vectors::Vectors;

/// Products and exponentials of one task, at least: threads take tasks.
const TASK_WORK: usize = 1 << 21;

/// A model whose loss is asked for.
pub struct Query<'a> {
    /// Coefficients and intercept of each column of scores (k, d + 1).
    pub point: &'a [f64],
    /// By class.
    pub class_weight: &'a [f64],
}

/// Sums over the rows.
#[derive(Clone, Debug)]
pub struct Value {
    pub loss: f64,
    /// As the point.
    pub gradient: Vec<f64>,
}

/// The loss of each query and its gradient; `None` once stopped.
pub fn values(
    sample: &Sample<'_>,
    queries: &[Query<'_>],
    workers: Workers<'_>,
) -> Result<Option<Vec<Value>>> {
    let pass = Pass::new(sample, queries);
    let tasks = tasks(sample, sample.n_scores());
    let zero = pass.zero();
    let sums = workers.fold(
        (tasks.len(), pass.n_scores * (sample.d + 2) * size_of::<f64>()),
        Scratch::default,
        |scratch, i| {
            let mut sums = pass.zero();
            for rows in blocks(sample, tasks[i].clone()) {
                pass.add(rows, &mut sums, scratch);
            }
            Ok(sums)
        },
        zero,
        Sums::add,
    )?;
    Ok(sums.map(|sums| pass.split(&sums)))
}

/// True if every row of positive weight has its greatest score in its own class. `None` once stopped.
pub fn separates(sample: &Sample<'_>, point: &[f64], workers: Workers<'_>) -> Result<Option<bool>> {
    let class_weight = vec![1.0; sample.classes.len()];
    let queries = [Query { point, class_weight: &class_weight }];
    let pass = Pass::new(sample, &queries);
    let tasks = tasks(sample, sample.n_scores());
    let all = |scratch: &mut Scratch, i: usize| {
        Ok(blocks(sample, tasks[i].clone()).all(|rows: Range<usize>| {
            pass.scores(rows.clone(), scratch);
            pass.all_own(rows, &scratch.scores)
        }))
    };
    workers.fold((tasks.len(), size_of::<bool>()), Scratch::default, all, true, |all, own| *all &= own)
}

/// Ranges of rows for one task each: the same whatever the number of threads and of models.
pub fn tasks(sample: &Sample<'_>, n_scores: usize) -> Vec<Range<usize>> {
    let n = sample.n();
    // Sums of a task are as many numbers as the parameters: they must not cost more than its rows.
    let work = sample.n_numbers() * n_scores * 4 + n * n_scores * 16;
    let least = TASK_WORK.max(16 * sample.n_parameters());
    let n_tasks = (work / least).clamp(1, n);
    let size = n.div_ceil(n_tasks).next_multiple_of(sample.block_rows());
    (0..n).step_by(size).map(|start| start..n.min(start + size)).collect()
}

/// The blocks of a task.
pub fn blocks(sample: &Sample<'_>, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let size = sample.block_rows();
    let end = rows.end;
    rows.step_by(size).map(move |start| start..end.min(start + size))
}

/// Sums of all models: the losses, and gradients by rows of W or, of a sparse X, by columns.
struct Sums {
    loss: Vec<f64>,
    coef: Vec<f64>,
    intercept: Vec<f64>,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        let pairs = [
            (&mut self.loss, other.loss),
            (&mut self.coef, other.coef),
            (&mut self.intercept, other.intercept),
        ];
        for (sum, part) in pairs {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
}

/// Memory that a task reuses from block to block.
#[derive(Default)]
pub struct Scratch {
    pub rows: Vec<f64>,
    pub scores: Vec<f64>,
    pub weight: Vec<f64>,
    pub most: Vec<f64>,
    pub sum: Vec<f64>,
    own: Vec<f64>,
    pub packing: Packing<f64>,
    gathered: Vec<f64>,
}

struct Pass<'a> {
    sample: &'a Sample<'a>,
    queries: &'a [Query<'a>],
    /// Columns of scores of one model, and of all.
    k: usize,
    n_scores: usize,
    /// (n_scores, d), or of a sparse X its transpose.
    coef: Vec<f64>,
    intercept: Vec<f64>,
    vectors: Vectors,
}

impl<'a> Pass<'a> {
    fn new(sample: &'a Sample<'a>, queries: &'a [Query<'a>]) -> Self {
        let (k, d) = (sample.n_scores(), sample.d);
        let rows = || queries.iter().flat_map(|query| query.point.chunks_exact(d + 1));
        let coef: Vec<f64> = rows().flat_map(|row| &row[..d]).copied().collect();
        let (n_scores, vectors) = (queries.len() * k, Vectors::detect());
        Pass {
            sample,
            queries,
            k,
            n_scores,
            coef: if sample.x.is_sparse() { transposed(&coef, n_scores, d, vectors) } else { coef },
            intercept: rows().map(|row| row[d]).collect(),
            vectors,
        }
    }

    fn zero(&self) -> Sums {
        Sums {
            loss: vec![0.0; self.queries.len()],
            coef: vec![0.0; self.n_scores * self.sample.d],
            intercept: vec![0.0; self.n_scores],
        }
    }

    /// Scores (n_scores, b) of a block.
    fn scores(&self, rows: Range<usize>, scratch: &mut Scratch) {
        let (m, d, b) = (self.n_scores, self.sample.d, rows.len());
        scratch.scores.clear();
        self.intercept.iter().for_each(|&one| scratch.scores.extend(std::iter::repeat_n(one, b)));
        if self.sample.x.is_sparse() {
            self.sparse_scores(rows, scratch);
            return;
        }
        let x = self.sample.dense(rows, &mut scratch.rows);
        let out = ViewMut { values: &mut scratch.scores, row: b };
        let (shape, coef) = (Shape { m, n: b, k: d }, View::rows(&self.coef, d));
        gemm(shape, coef, View::rows(x, d).t(), out, true, &mut scratch.packing);
    }

    /// Adds a block.
    fn add(&self, rows: Range<usize>, sums: &mut Sums, scratch: &mut Scratch) {
        let (m, d, b) = (self.n_scores, self.sample.d, rows.len());
        self.scores(rows.clone(), scratch);
        self.residuals(rows.clone(), sums, scratch);
        if self.sample.x.is_sparse() {
            self.sparse_gradient(rows, sums, scratch);
            return;
        }
        // Still in the cache, or where `scores` moved it.
        let x = self.sample.dense_again(rows, &scratch.rows);
        let (shape, residuals) = (Shape { m, n: d, k: b }, View::rows(&scratch.scores, b));
        let out = ViewMut { values: &mut sums.coef, row: d };
        gemm(shape, residuals, View::rows(x, d), out, true, &mut scratch.packing);
    }

    /// Whether each row of a block scores highest in its own class.
    fn all_own(&self, rows: Range<usize>, scores: &[f64]) -> bool {
        let b = rows.len();
        rows.enumerate().filter(|&(_, row)| self.sample.weight[row] > 0.0).all(|(i, row)| {
            let y = self.sample.y[row];
            if self.k == 1 {
                return if y == 1.0 { scores[i] > 0.0 } else { scores[i] < 0.0 };
            }
            let own = scores[y as usize * b + i];
            (0..self.k).all(|class| class == y as usize || scores[class * b + i] < own)
        })
    }

    /// Scores (n_scores, b) become residuals.
    fn residuals(&self, rows: Range<usize>, sums: &mut Sums, scratch: &mut Scratch) {
        let b = rows.len();
        for (q, query) in self.queries.iter().enumerate() {
            self.sample.weights(rows.clone(), query.class_weight, &mut scratch.weight);
            let scores = &mut scratch.scores[q * self.k * b..(q + 1) * self.k * b];
            let y = &self.sample.y[rows.clone()];
            scratch.sum.resize(b, 0.0);
            scratch.most.resize(b, 0.0);
            let (loss, sum) = (&mut scratch.most[..b], &mut scratch.sum[..b]);
            if self.k == 1 {
                residuals(self.vectors, scores, loss, &Targets { y, weight: &scratch.weight });
            } else {
                scratch.own.clear();
                scratch.own.extend(y.iter().enumerate().map(|(i, &y)| scores[y as usize * b + i]));
                softmax(self.vectors, scores, loss, sum);
                for (i, (&y, &weight)) in y.iter().zip(&scratch.weight).enumerate() {
                    scores[y as usize * b + i] -= 1.0;
                    loss[i] = weight * (loss[i] - scratch.own[i] + sum[i].ln());
                }
                for scores in scores.chunks_exact_mut(b) {
                    scores.iter_mut().zip(&scratch.weight).for_each(|(r, weight)| *r *= weight);
                }
            }
            sums.loss[q] += algebra::sum(loss);
        }
        for (sum, residuals) in sums.intercept.iter_mut().zip(scratch.scores.chunks_exact(b)) {
            *sum += algebra::sum(residuals);
        }
    }

    fn sparse_scores(&self, rows: Range<usize>, scratch: &mut Scratch) {
        let (m, b) = (self.n_scores, rows.len());
        let mut one = vec![0.0; m];
        for (i, row) in rows.enumerate() {
            let (columns, values) = self.sample.entries(row, &mut scratch.gathered);
            one.fill(0.0);
            for (&j, &value) in columns.iter().zip(values) {
                let coef = &self.coef[j as usize * m..][..m];
                one.iter_mut().zip(coef).for_each(|(z, coef)| *z += value * coef);
            }
            one.iter().enumerate().for_each(|(c, z)| scratch.scores[c * b + i] += z);
        }
    }

    fn sparse_gradient(&self, rows: Range<usize>, sums: &mut Sums, scratch: &mut Scratch) {
        let (m, b) = (self.n_scores, rows.len());
        let mut one = vec![0.0; m];
        for (i, row) in rows.enumerate() {
            one.iter_mut().enumerate().for_each(|(c, r)| *r = scratch.scores[c * b + i]);
            let (columns, values) = self.sample.entries(row, &mut scratch.gathered);
            for (&j, &value) in columns.iter().zip(values) {
                let gradient = &mut sums.coef[j as usize * m..][..m];
                gradient.iter_mut().zip(&one).for_each(|(g, r)| *g += value * r);
            }
        }
    }

    /// Each model's part of the sums.
    fn split(&self, sums: &Sums) -> Vec<Value> {
        let (d, k) = (self.sample.d, self.k);
        let sparse =
            self.sample.x.is_sparse().then(|| transposed(&sums.coef, d, self.n_scores, self.vectors));
        let coef = sparse.as_ref().unwrap_or(&sums.coef);
        let of = |q: usize| {
            let rows = (q * k..(q + 1) * k)
                .flat_map(|c| coef[c * d..(c + 1) * d].iter().chain(std::iter::once(&sums.intercept[c])));
            Value { loss: sums.loss[q], gradient: rows.copied().collect() }
        };
        (0..self.queries.len()).map(of).collect()
    }
}

/// The transpose of a (m, n), row-major.
fn transposed(a: &[f64], m: usize, n: usize, vectors: Vectors) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    transpose(m, n, a, &mut out, vectors);
    out
}
