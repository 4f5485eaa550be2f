//! Many networks side by side on the same batches.
//!
//! Networks of a group read the same rows in the same order, so each batch is gathered once for all of them.
//! A network whose training is over leaves the group. Where candidates differ in the number of epochs only,
//! one network serves them all: what the shorter run would have learned is taken when its last epoch ends.

use super::learner::{End, Learner, Tools, Validation};
use super::loss::Output;
use super::model::{Network, Precision};
use super::pass::Mode;
use super::sample::{Memory, Sample, n_targets};
use super::settings::{Settings, Shared};
use super::team::Team;
use crate::data::Data;
use crate::descent::batches;
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::metric::{first_argmax, r2};
use crate::parallel::Control;
use crate::vectors::Vectors;

/// Rows of a batch unless told otherwise.
const BATCH: usize = 200;
/// Products of a step (rows times weights) from which on threads share it.
const WORTH_A_TEAM: usize = 1 << 20;
/// Rows validated at a time.
const BLOCK: usize = 256;

/// One network to train, for candidates that differ in their numbers of epochs.
pub struct Member<'a> {
    pub settings: &'a Settings,
    /// (epochs, candidate), ascending.
    pub stops: Vec<(usize, usize)>,
}

/// What became of a candidate.
pub struct Trained {
    pub candidate: usize,
    /// The network, or why there is none.
    pub model: std::result::Result<Network, String>,
    pub converged: bool,
}

/// Trains the members on some rows; `done` is called for each candidate as soon as it is.
pub fn train<T: Precision>(
    data: &Data<'_, Matrix<'_>>,
    rows: &[u32],
    members: &[Member<'_>],
    start: Option<&Network>,
    n_threads: usize,
    control: &Control,
    mut done: impl FnMut(Trained),
) -> Result<()> {
    let Some(shared) = members.first().map(|member| &member.settings.shared) else { return Ok(()) };
    let (rows, held) = part(data, rows, shared)?;
    let sample = Sample::new(data, shared, &rows);
    if sample.is_weightless(&rows) {
        return Err(Error::invalid("all sample weights are zero: no row is left to learn from"));
    }
    if shared.lbfgs {
        for member in members {
            super::lbfgs::train::<T>(&sample, &rows, member, start, n_threads, control, &mut done)?;
        }
        return Ok(());
    }
    let batch = shared.batch_size.unwrap_or(BATCH).min(rows.len());
    let steps = rows.len().div_ceil(batch);
    let mut group = Vec::new();
    for member in members {
        let Settings { own, epochs, .. } = member.settings;
        let sizes = [data.d, n_targets(data)];
        let learner = Learner::<T>::new(own, sizes, shared.seed, start, [steps, *epochs], control)?;
        group.push((learner, &member.stops[..]));
    }
    let work = batch * group.iter().map(|(learner, _)| learner.plan.n_weights).max().unwrap_or(0);
    let n_threads = if work < WORTH_A_TEAM { 1 } else { n_threads };
    Team::with(n_threads, |team| {
        let run = Run { sample, rows, held, batch, shared };
        run.train(group, &Tools::new(batch.max(BLOCK), Some(team)), control, &mut done);
    });
    Ok(())
}

/// Rows that train, and rows kept back.
fn part(data: &Data<'_, Matrix<'_>>, rows: &[u32], shared: &Shared) -> Result<(Vec<u32>, Vec<u32>)> {
    let Some(fraction) = shared.held_back else { return Ok((rows.to_vec(), Vec::new())) };
    let classes = (data.n_outputs == 1 && !data.n_classes.is_empty()).then_some(data.y);
    batches::hold_back(rows, fraction, classes, shared.seed)
}

struct Run<'a, T> {
    sample: Sample<'a, T>,
    rows: Vec<u32>,
    held: Vec<u32>,
    batch: usize,
    shared: &'a Shared,
}

/// A network, and the candidates that it has still to serve.
type Training<'a, T> = (Learner<T>, &'a [(usize, usize)]);

impl<T: Precision> Run<'_, T> {
    fn train(
        &self,
        mut group: Vec<Training<'_, T>>,
        tools: &Tools<'_, '_, T>,
        control: &Control,
        done: &mut impl FnMut(Trained),
    ) {
        let (mut order, mut memory) = (Vec::new(), Memory::default());
        while !group.is_empty() {
            // All have made as many epochs: those of a group start together.
            let epoch = group.first().map_or(0, |(learner, _)| learner.earlier + learner.epoch);
            batches::order(&self.rows, self.shared.seed, epoch, self.shared.shuffle, &mut order);
            for rows in order.chunks(self.batch) {
                let batch = self.sample.gather(rows, &mut memory, tools.team);
                for (learner, _) in &mut group {
                    if control.stopped() {
                        return;
                    }
                    learner.step(&batch, tools);
                }
            }
            group.retain_mut(|(learner, stops)| {
                let validation = (!self.held.is_empty()).then(|| self.validate(learner, tools));
                let end = learner.end_epoch(self.rows.len(), validation);
                control.advance(1);
                self.tell(learner, stops, end, control, done)
            });
        }
    }

    /// Serves the candidates whose epochs are over, all of them if the network's training is; says if there
    /// are any left.
    fn tell(
        &self,
        learner: &Learner<T>,
        stops: &mut &[(usize, usize)],
        end: Option<End>,
        control: &Control,
        done: &mut impl FnMut(Trained),
    ) -> bool {
        while let [(epochs, candidate), rest @ ..] = *stops {
            if end.is_none() && learner.epoch < *epochs {
                return true;
            }
            if end.is_some() {
                control
                    .advance(epochs.saturating_sub(learner.epoch).min(usize::from(rest.is_empty()) * epochs));
            }
            let model = match &end {
                Some(End::Failed(reason)) => Err(reason.clone()),
                _ => Ok(learner.model(self.sample.data.n_classes)),
            };
            done(Trained {
                candidate: *candidate,
                model: model.and_then(|model| match model.check() {
                    Ok(()) => Ok(model),
                    Err(error) => Err(error.to_string()),
                }),
                converged: end == Some(End::Converged),
            });
            *stops = rest;
        }
        false
    }

    /// Loss and score of the rows kept back.
    fn validate(&self, learner: &mut Learner<T>, tools: &Tools<'_, '_, T>) -> Validation {
        let nothing = Validation { loss: f64::NAN, score: f64::NAN };
        let Some(Ok(mut pass)) = tools.passes.first().map(|pass| pass.write()) else { return nothing };
        let (k, vectors) = (self.sample.k, Vectors::detect());
        let mut memory = Memory::default();
        let (mut loss, mut total) = (0.0, 0.0);
        let mut values: Vec<f64> = Vec::new();
        for rows in self.held.chunks(BLOCK) {
            let rows = self.sample.gather(rows, &mut memory, tools.team);
            let Learner { plan, w, moments, own, .. } = learner;
            let z = pass.forward(plan, w, moments, rows.x, rows.n, Mode::Predicting);
            let start = values.len();
            values.extend(z.iter().map(|z| z.to_f64()));
            if plan.output == Output::Exponential {
                values[start..].iter_mut().for_each(|z| *z = z.exp());
            }
            total += rows.weights.map_or(rows.n as f64, |w| w.iter().map(|w| w.to_f64()).sum());
            pass.slopes(plan, own.loss, &rows, 1.0);
            loss += pass.loss;
        }
        let loss = loss / (total * learner.outputs()) + learner.penalty(vectors) / total;
        let score =
            if values.iter().all(|value| value.is_finite()) { self.score(&values, k) } else { f64::NAN };
        Validation { loss, score }
    }

    /// Accuracy, or R2, of the scores or predictions (held, k).
    fn score(&self, values: &[f64], k: usize) -> f64 {
        let data = self.sample.data;
        let weight =
            |i: u32| self.sample.weights.as_ref().map_or(1.0, |weights| weights[i as usize].to_f64());
        let target = |i: u32| &data.y[i as usize * data.n_outputs..][..data.n_outputs];
        if data.n_classes.is_empty() {
            let weights: Vec<f64> = self.held.iter().map(|&i| weight(i)).collect();
            let score = |j: usize| {
                let column: Vec<f64> = values.iter().skip(j).step_by(k).copied().collect();
                let y: Vec<f64> = self.held.iter().map(|&i| target(i)[j]).collect();
                weighted_r2(&y, &column, &weights)
            };
            return (0..k).map(score).sum::<f64>() / k as f64;
        }
        let (mut right, mut total) = (0.0, 0.0);
        for (&i, z) in self.held.iter().zip(values.chunks_exact(k)) {
            let hit = if k == data.n_outputs {
                z.iter().zip(target(i)).all(|(&z, &y)| f64::from(u8::from(z > 0.0)) == y)
            } else {
                first_argmax(z) as f64 == target(i)[0]
            };
            right += if hit { weight(i) } else { 0.0 };
            total += weight(i);
        }
        right / total
    }
}

/// R2 of predictions p of y, of weights w: all (n,).
fn weighted_r2(y: &[f64], p: &[f64], w: &[f64]) -> f64 {
    let total: f64 = w.iter().sum();
    let mean = y.iter().zip(w).map(|(y, w)| y * w).sum::<f64>() / total;
    let residual: f64 = y.iter().zip(p).zip(w).map(|((y, p), w)| w * (y - p) * (y - p)).sum();
    let around: f64 = y.iter().zip(w).map(|(y, w)| w * (y - mean) * (y - mean)).sum();
    r2(residual, around)
}
