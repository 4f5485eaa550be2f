//! Forward and backward over some rows of a batch.
//!
//! ```text
//! forward    Z_l = A_{l-1} W_l,  A_l = f_l(Z_l + b_l)
//! backward   D_L = slope of the loss by Z_L,  D_{l-1} = (D_l W_l') f'_{l-1}
//! gradient   dW_l = A_{l-1}' D_l,  db_l = 1' D_l
//!
//! normalised, before f_l:   H = (Z - mean) s,  s = 1 / sqrt(variance + 1e-5),  Z <- g H
//!            dg = sum H D,  D <- g s (D - mean(D) - H mean(H D))            (Ioffe and Szegedy 2015, section 3)
//! ```
//!
//! The memory of a pass is made once and serves networks of all sizes.

use super::activation::{Activation, Dropout};
use super::loss::Loss;
use super::plan::{Layer, Plan};
use crate::descent::vector::{Float, Kernel, widest};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::vectors::Vectors;

/// Added to variances.
const LEAST_VARIANCE: f64 = 1e-5;
/// Share of a batch's moments in the running ones.
const SHARE: f64 = 0.1;

/// How hidden layers behave.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Units are dropped, moments are those of the batch.
    Training { dropout: f64, seed: u64, step: u64, first_row: usize },
    /// All units work, moments are the running ones.
    Predicting,
}

/// Rows with their targets, as a network is given them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// (n, d), row-major.
    pub x: &'a [T],
    /// (n, k).
    pub targets: &'a [T],
    /// (n,); `None`: one each.
    pub weights: Option<&'a [T]>,
    pub n: usize,
}

impl Mode {
    /// The drops of hidden layer l of h units, and the number of its first unit.
    fn dropout(self, l: usize, h: usize) -> Option<(Dropout, usize)> {
        match self {
            Mode::Training { dropout, seed, step, first_row } => {
                Some((Dropout::new(dropout, seed, step, l)?, first_row * h))
            }
            Mode::Predicting => None,
        }
    }
}

/// What one layer leaves for the way back.
struct Left<T> {
    n_in: usize,
    n_out: usize,
    /// A_l (n, h).
    out: Vec<T>,
    /// What the slope of f needs, where A_l does not tell.
    kept: Vec<T>,
    is_kept: bool,
    /// H (n, h), where normalised.
    centred: Vec<T>,
    /// s (h,).
    scales: Vec<T>,
    /// sum D, sum H D (2, h), where normalised.
    sums: Vec<T>,
    /// D_l (n, h); of the last layer Z_L before.
    delta: Vec<T>,
}

/// Memory of one pass over some rows.
pub struct Pass<T> {
    left: Vec<Left<T>>,
    /// (n,), before weights.
    losses: Vec<f64>,
    /// sum_i w_i loss_i.
    pub loss: f64,
    n: usize,
    packing: Packing<T>,
    vectors: Vectors,
}

impl<T> Default for Pass<T> {
    fn default() -> Self {
        Pass {
            left: Vec::new(),
            losses: Vec::new(),
            loss: 0.0,
            n: 0,
            packing: Packing::default(),
            vectors: Vectors::detect(),
        }
    }
}

/// The first n numbers, of memory that only grows.
fn room<T: Float>(memory: &mut Vec<T>, n: usize) -> &mut [T] {
    if memory.len() < n {
        memory.resize(n, T::of_f64(0.0));
    }
    &mut memory[..n]
}

impl<T: Float> Pass<T> {
    /// The scores Z_L (n, k) of n rows; what the way back needs is kept.
    pub fn forward(
        &mut self,
        plan: &Plan,
        w: &[T],
        moments: &mut [T],
        x: &[T],
        n: usize,
        mode: Mode,
    ) -> &mut [T] {
        self.n = n;
        let (last, vectors) = (plan.layers.len() - 1, self.vectors);
        while self.left.len() <= last {
            self.left.push(Left::default());
        }
        for (l, layer) in plan.layers.iter().enumerate() {
            let (before, own) = self.left.split_at_mut(l);
            let left = &mut own[0];
            (left.n_in, left.n_out) = (layer.n_in, layer.n_out);
            let (weights, biases) = (&w[layer.weights.clone()], &w[layer.biases.clone()]);
            let shape = Shape { m: n, n: layer.n_out, k: layer.n_in };
            let a = View::rows(before.last().map_or(x, |left| &left.out), layer.n_in);
            let z = room(if l < last { &mut left.out } else { &mut left.delta }, n * layer.n_out);
            let c = ViewMut { values: z, row: layer.n_out };
            gemm(shape, a, View::rows(weights, layer.n_out), c, false, &mut self.packing);
            if l == last {
                Activation::Identity.forward(z, biases, &mut [], vectors);
                break;
            }
            if !layer.gains.is_empty() {
                let gains = &w[layer.gains.clone()];
                left.normalise(layer, gains, &mut moments[layer.moments.clone()], n, mode, vectors);
            }
            left.activate(plan.activations[l], l, biases, n, mode, vectors);
        }
        let k = plan.n_out();
        &mut self.left[last].delta[..n * k]
    }

    /// Turns the scores into slopes, each row's times `scale` w_i, and sums the losses.
    pub fn slopes(&mut self, plan: &Plan, loss: Loss, rows: &Rows<'_, T>, scale: f64) {
        let (k, n) = (plan.n_out(), rows.n);
        if self.losses.len() < n {
            self.losses.resize(n, 0.0);
        }
        let z = &mut self.left[plan.layers.len() - 1].delta[..n * k];
        let losses = &mut self.losses[..n];
        loss.slopes(plan.output, z, rows.targets, losses, self.vectors);
        let scale = T::of_f64(scale);
        self.loss = match rows.weights {
            None => {
                z.iter_mut().for_each(|z| *z = *z * scale);
                losses.iter().sum()
            }
            Some(weights) => {
                for (row, &weight) in z.chunks_exact_mut(k).zip(weights) {
                    row.iter_mut().for_each(|z| *z = *z * (scale * weight));
                }
                losses.iter().zip(weights).map(|(loss, weight)| loss * weight.to_f64()).sum()
            }
        };
    }

    /// From D_L to the D_l of all layers.
    pub fn backward(&mut self, plan: &Plan, w: &[T], mode: Mode) {
        let (n, vectors) = (self.n, self.vectors);
        for (l, layer) in plan.layers.iter().enumerate().rev() {
            let (before, own) = self.left.split_at_mut(l);
            if !layer.gains.is_empty() {
                own[0].denormalise(layer, &w[layer.gains.clone()], n, vectors);
            }
            let Some(left) = before.last_mut() else { break };
            let d = View::rows(&own[0].delta, layer.n_out);
            let weights = View::rows(&w[layer.weights.clone()], layer.n_out).t();
            let shape = Shape { m: n, n: layer.n_in, k: layer.n_out };
            let delta = room(&mut left.delta, n * layer.n_in);
            let c = ViewMut { values: delta, row: layer.n_in };
            gemm(shape, d, weights, c, false, &mut self.packing);
            if let Some((dropout, first)) = mode.dropout(l - 1, layer.n_in) {
                dropout.apply(delta, first, vectors);
            }
            let kept = if left.is_kept { &left.kept } else { &left.out };
            plan.activations[l - 1].backward(delta, &kept[..n * layer.n_in], vectors);
        }
    }

    /// Rows of dW_l, or += them; x (n, d) are the rows of this pass.
    pub fn weights_gradient(
        &self,
        l: usize,
        x: &[T],
        rows: std::ops::Range<usize>,
        out: &mut [T],
        add: bool,
        packing: &mut Packing<T>,
    ) {
        let (n_in, n_out) = (self.left[l].n_in, self.left[l].n_out);
        let a = l.checked_sub(1).map_or(x, |before| &self.left[before].out);
        let a = View { values: &a[rows.start..], row: 1, column: n_in };
        let d = View::rows(&self.left[l].delta, n_out);
        let shape = Shape { m: rows.len(), n: n_out, k: self.n };
        gemm(shape, a, d, ViewMut { values: out, row: n_out }, add, packing);
    }

    /// db_l, or += it.
    pub fn biases_gradient(&self, plan: &Plan, l: usize, out: &mut [T], add: bool) {
        let left = &self.left[l];
        if !add {
            out.fill(T::of_f64(0.0));
        }
        if plan.layers[l].gains.is_empty() {
            widest(self.vectors, SumRows { rows: &left.delta[..self.n * out.len()], out });
        } else {
            widest(self.vectors, SumRows { rows: &left.sums[..out.len()], out });
        }
    }

    /// dg_l of a normalised layer.
    pub fn gains_gradient(&self, l: usize, out: &mut [T]) {
        let h = out.len();
        out.copy_from_slice(&self.left[l].sums[h..2 * h]);
    }
}

impl<T> Default for Left<T> {
    fn default() -> Self {
        Left {
            n_in: 0,
            n_out: 0,
            out: Vec::new(),
            kept: Vec::new(),
            is_kept: false,
            centred: Vec::new(),
            scales: Vec::new(),
            sums: Vec::new(),
            delta: Vec::new(),
        }
    }
}

impl<T: Float> Left<T> {
    /// A = f(Z + b), with drops.
    fn activate(
        &mut self,
        activation: Activation,
        l: usize,
        b: &[T],
        n: usize,
        mode: Mode,
        vectors: Vectors,
    ) {
        let h = b.len();
        let z = &mut self.out[..n * h];
        let dropout = mode.dropout(l, h);
        self.is_kept =
            matches!(mode, Mode::Training { .. }) && (activation.keeps_scores() || dropout.is_some());
        let kept = room(&mut self.kept, if self.is_kept { n * h } else { 0 });
        activation.forward(z, b, kept, vectors);
        if let Some((dropout, first)) = dropout {
            dropout.apply(z, first, vectors);
        }
    }

    /// Z <- g H.
    fn normalise(
        &mut self,
        layer: &Layer,
        gains: &[T],
        moments: &mut [T],
        n: usize,
        mode: Mode,
        vectors: Vectors,
    ) {
        let h = layer.n_out;
        let z = &mut self.out[..n * h];
        let (means, variances) = moments.split_at_mut(h);
        let scales = room(&mut self.scales, h);
        let centred = room(&mut self.centred, n * h);
        let sums = room(&mut self.sums, 2 * h);
        if let Mode::Training { .. } = mode {
            let (mean, variance) = sums.split_at_mut(h);
            widest(vectors, Moments { z, mean, variance });
            let unbiased = T::of_f64(n as f64 / (n as f64 - 1.0).max(1.0));
            for j in 0..h {
                let share = T::of_f64(SHARE);
                means[j] = means[j] + share * (mean[j] - means[j]);
                variances[j] = variances[j] + share * (variance[j] * unbiased - variances[j]);
            }
        } else {
            sums[..h].copy_from_slice(means);
            sums[h..].copy_from_slice(variances);
        }
        let one = T::of_f64(1.0);
        for j in 0..h {
            scales[j] = one / (sums[h + j] + T::of_f64(LEAST_VARIANCE)).sqrt();
        }
        widest(vectors, Normalise { z, centred, mean: &sums[..h], scales, gains });
    }

    /// Sums of D and H D, and D <- g s (D - mean(D) - H mean(H D)).
    fn denormalise(&mut self, layer: &Layer, gains: &[T], n: usize, vectors: Vectors) {
        let h = layer.n_out;
        let (delta, centred) = (&mut self.delta[..n * h], &self.centred[..n * h]);
        let (plain, with) = self.sums[..2 * h].split_at_mut(h);
        widest(vectors, Denormalise { delta, centred, plain, with, gains, scales: &self.scales[..h] });
    }
}

struct SumRows<'a, T> {
    rows: &'a [T],
    out: &'a mut [T],
}

impl<T: Float> Kernel for SumRows<'_, T> {
    #[inline(always)]
    fn run(self) {
        let SumRows { rows, out } = self;
        let h = out.len();
        for row in rows.chunks_exact(h) {
            for j in 0..h {
                out[j] = out[j] + row[j];
            }
        }
    }
}

/// Means and variances by column.
struct Moments<'a, T> {
    z: &'a [T],
    mean: &'a mut [T],
    variance: &'a mut [T],
}

impl<T: Float> Kernel for Moments<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Moments { z, mean, variance } = self;
        let h = mean.len();
        let variance = &mut variance[..h];
        let share = T::of_f64(h as f64 / z.len() as f64);
        mean.fill(T::of_f64(0.0));
        variance.fill(T::of_f64(0.0));
        for row in z.chunks_exact(h) {
            for j in 0..h {
                mean[j] = mean[j] + row[j];
            }
        }
        for mean in mean.iter_mut() {
            *mean = *mean * share;
        }
        for row in z.chunks_exact(h) {
            for j in 0..h {
                let r = row[j] - mean[j];
                variance[j] = variance[j] + r * r;
            }
        }
        for variance in variance.iter_mut() {
            *variance = *variance * share;
        }
    }
}

struct Normalise<'a, T> {
    z: &'a mut [T],
    centred: &'a mut [T],
    mean: &'a [T],
    scales: &'a [T],
    gains: &'a [T],
}

impl<T: Float> Kernel for Normalise<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Normalise { z, centred, mean, scales, gains } = self;
        let h = mean.len();
        let (scales, gains) = (&scales[..h], &gains[..h]);
        for (row, centred) in z.chunks_exact_mut(h).zip(centred.chunks_exact_mut(h)) {
            for j in 0..h {
                centred[j] = (row[j] - mean[j]) * scales[j];
                row[j] = gains[j] * centred[j];
            }
        }
    }
}

struct Denormalise<'a, T> {
    delta: &'a mut [T],
    centred: &'a [T],
    plain: &'a mut [T],
    with: &'a mut [T],
    gains: &'a [T],
    scales: &'a [T],
}

impl<T: Float> Kernel for Denormalise<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Denormalise { delta, centred, plain, with, gains, scales } = self;
        let h = plain.len();
        let (with, gains, scales) = (&mut with[..h], &gains[..h], &scales[..h]);
        let share = T::of_f64(h as f64 / delta.len() as f64);
        plain.fill(T::of_f64(0.0));
        with.fill(T::of_f64(0.0));
        for (row, centred) in delta.chunks_exact(h).zip(centred.chunks_exact(h)) {
            for j in 0..h {
                plain[j] = plain[j] + row[j];
                with[j] = with[j] + row[j] * centred[j];
            }
        }
        for (row, centred) in delta.chunks_exact_mut(h).zip(centred.chunks_exact(h)) {
            for j in 0..h {
                let rest = row[j] - share * plain[j] - centred[j] * (share * with[j]);
                row[j] = gains[j] * scales[j] * rest;
            }
        }
    }
}
