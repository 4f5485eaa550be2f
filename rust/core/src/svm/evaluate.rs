//! What a candidate predicts for the rows of a fold, its scores there, and the model that it is.

use std::ops::Range;

use super::calibrate::Calibrated;
use super::expansion::{self, Block, Coefficients, Expansion};
use super::kernel::Kernel;
use super::lanes;
use super::machine::Learned;
use super::model::{SvmModel, class_values, no_points, probabilities_of};
use super::points::{Points, Source};
use super::settings::Settings;
use super::store::Store;
use super::train::{Run, Task};
use crate::error::Result;
use crate::metric::Metric;
use crate::parallel::{Control, fill_blocks};

/// Rows that are predicted at a time.
const BLOCK: usize = 512;

impl<'a> Run<'a> {
    /// Decision values, and probabilities if calibrated, of rows (n, P + K). Short work: a deadline does
    /// not cut it off, an interruption does.
    pub(super) fn predictions(
        &self,
        rows: &[u32],
        learned: &[&Learned],
        (places, n_support, dual_coef): &(Vec<u32>, Vec<usize>, Vec<f64>),
        calibrated: &[Calibrated],
        store: &Store<'a>,
    ) -> Result<Option<Vec<f64>>> {
        let sweep = self.sweep;
        let p = learned.len();
        let width = p + if calibrated.is_empty() { 0 } else { sweep.n_classes };
        let mut out = vec![0.0; rows.len() * width];
        let at: Vec<u32> = rows.iter().map(|&i| sweep.layout.place[i as usize]).collect();
        let intercept: Vec<f64> = learned.iter().map(|one| one.intercept).collect();
        let n_classes = sweep.n_classes;
        let coefficients = Coefficients { n_classes, n_support, dual_coef, intercept: &intercept };
        let control = self.control.without_deadline();
        if store.kernel.kind.is_bounded() {
            self.decide(&at, places, &coefficients, store, &control, (width, &mut out))?;
        } else {
            self.decide_exactly(rows, places, coefficients, store.kernel, &control, (width, &mut out))?;
        }
        if control.stopped() {
            return Ok(None);
        }
        for out in out.chunks_exact_mut(width) {
            let (decisions, probabilities) = out.split_at_mut(p);
            probabilities_of(calibrated, sweep.n_classes, decisions, probabilities);
        }
        Ok(Some(out))
    }

    /// Decision values from the store's rows, not all of them if stopped.
    fn decide(
        &self,
        at: &[u32],
        places: &[u32],
        coefficients: &Coefficients<'_>,
        store: &Store<'a>,
        control: &Control,
        (width, out): (usize, &mut [f64]),
    ) -> Result<()> {
        let p = coefficients.intercept.len();
        // Most of these rows train on other folds and are there already.
        let block = BLOCK.min(store.capacity());
        let mut k = vec![0.0; places.len()];
        for (at, out) in at.chunks(block).zip(out.chunks_mut(block * width)) {
            let kernel_rows = store.rows(at, self.n_threads, control)?;
            if kernel_rows.len() < at.len() {
                return Ok(());
            }
            for (row, out) in kernel_rows.iter().zip(out.chunks_exact_mut(width)) {
                k.iter_mut().zip(places).for_each(|(k, &place)| *k = row[place as usize]);
                let dot = |own: Range<usize>, coef: &[f64]| lanes::dot(store.vectors, &k[own], coef);
                coefficients.decide(dot, &mut out[..p]);
            }
        }
        Ok(())
    }

    /// Decision values as a model computes them, in float64, not all of them if stopped.
    fn decide_exactly(
        &self,
        rows: &[u32],
        places: &[u32],
        coefficients: Coefficients<'_>,
        kernel: Kernel,
        control: &Control,
        (width, out): (usize, &mut [f64]),
    ) -> Result<()> {
        let data = &self.sweep.job.data;
        let columns = self.rows_at(places);
        let points = match self.source {
            Source::Points(_) => Points::take(&data.x, &columns, data.d)?,
            Source::Gram { .. } => no_points(),
        };
        let expansion = Expansion { kernel, points: &points, columns: &columns, d: data.d, coefficients };
        let fill = |block: &mut Block, some: Range<usize>, out: &mut [f64]| {
            expansion.decide(&data.x, &rows[some], width, out, block)
        };
        let (size, mut watcher) = ((expansion::BLOCK, width), |_, _| true);
        fill_blocks(size, out, self.n_threads, control, &mut watcher, Block::default, fill)
    }

    /// The rows of X at some places.
    fn rows_at(&self, places: &[u32]) -> Vec<u32> {
        places.iter().map(|&place| self.sweep.layout.order[place as usize]).collect()
    }

    /// Probabilities for the metrics that need them, else values that rank the classes.
    pub(super) fn scores(
        &self,
        rows: &[u32],
        values: &[f64],
        calibrated: &[Calibrated],
        settings: &Settings,
    ) -> Vec<f64> {
        let (sweep, job) = (self.sweep, self.sweep.job);
        let k = sweep.n_classes;
        let p = sweep.pairs.len();
        let width = p + if calibrated.is_empty() { 0 } else { k };
        let parts = |from: usize, to: usize| -> Vec<f64> {
            values.chunks_exact(width).flat_map(|row| &row[from..to]).copied().collect()
        };
        let ranks = class_values(&parts(0, p), k, settings.ties);
        let probabilities = parts(p, width);
        let y: Vec<f64> = rows.iter().map(|&i| job.data.y[i as usize]).collect();
        let score = |metric: &Metric| {
            let certain = matches!(metric, Metric::NegLogLoss | Metric::RocAucOvr);
            metric.score(&y, if certain { &probabilities } else { &ranks }, k)
        };
        job.metrics.iter().map(score).collect()
    }

    pub(super) fn model(
        &self,
        task: &Task,
        settings: &Settings,
        learned: &[&Learned],
        (places, n_support, dual_coef): (Vec<u32>, Vec<usize>, Vec<f64>),
        calibrated: Vec<Calibrated>,
    ) -> Result<SvmModel> {
        let (sweep, data) = (self.sweep, &self.sweep.job.data);
        let rows = self.rows_at(&places);
        // A model knows the rows that it trained on and no others: their numbers are those in the fold.
        let train = &sweep.job.folds[task.fold].train;
        let mut number = vec![0; data.n];
        train.iter().enumerate().rev().for_each(|(at, &i)| number[i as usize] = at as u32);
        let support = rows.iter().map(|&i| number[i as usize]).collect();
        let (vectors, d) = match self.source {
            Source::Points(_) => (Points::take(&data.x, &rows, data.d)?, data.d),
            Source::Gram { .. } => (no_points(), train.len()),
        };
        let each = |of: fn(&Learned) -> f64| learned.iter().map(|one| of(one)).collect::<Vec<f64>>();
        Ok(SvmModel {
            kernel: sweep.kernels[task.kernel],
            n_classes: sweep.n_classes,
            d,
            support,
            n_support,
            vectors,
            dual_coef,
            intercept: each(|one| one.intercept),
            calibrated,
            ties: settings.ties,
            n_iter: each(|one| one.steps as f64),
            gap: each(|one| one.gap),
            violation: each(|one| one.violation),
            objective: each(|one| one.objective),
            converged: learned.iter().all(|one| one.converged),
        })
    }
}
