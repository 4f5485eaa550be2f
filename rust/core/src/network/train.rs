//! Many networks side by side on the same batches.
//!
//! Networks of a group read the same rows in the same order, so each batch is gathered once for all of them.
//! A network whose training is over leaves the group. Where candidates differ in the number of epochs only,
//! one network serves them all: what the shorter run would have learned is taken when its last epoch ends.

use std::collections::BTreeMap;

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
use crate::sweep::Place;
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

/// Where networks begin.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    Anew,
    /// At a learned network, as far as the settings say so.
    Model(&'a Network),
    /// Where an earlier sweep left them on the fold, if it did; and they are left there again.
    Earlier {
        place: Place<'a>,
        fold: usize,
    },
}

/// A network whose last epoch was the last only because no more were asked for.
struct Paused<T> {
    fold: usize,
    settings: Settings,
    learner: Learner<T>,
}

/// Trains the members on some rows; `done` is called for each candidate as soon as it is. Returns how many of
/// them an earlier sweep began.
pub fn train<T: Precision>(
    data: &Data<'_, Matrix<'_>>,
    rows: &[u32],
    members: &[Member<'_>],
    start: Start<'_>,
    n_threads: usize,
    control: &Control,
    mut done: impl FnMut(Trained),
) -> Result<usize> {
    let Some(shared) = members.first().map(|member| &member.settings.shared) else { return Ok(0) };
    let (rows, held) = part(data, rows, shared)?;
    let sample = Sample::new(data, shared, &rows);
    if sample.is_weightless(&rows) {
        return Err(Error::invalid("all sample weights are zero: no row is left to learn from"));
    }
    let model = if let Start::Model(model) = start { Some(model) } else { None };
    if shared.lbfgs {
        for member in members {
            super::lbfgs::train::<T>(&sample, &rows, member, model, n_threads, control, &mut done)?;
        }
        return Ok(0);
    }
    let batch = shared.batch_size.unwrap_or(BATCH).min(rows.len());
    let steps = rows.len().div_ceil(batch);
    // Those of a group are at the same epoch all the time.
    let mut groups: BTreeMap<usize, Vec<Training<'_, T>>> = BTreeMap::new();
    for member in members {
        let Settings { own, epochs, .. } = member.settings;
        let sizes = [data.d, n_targets(data)];
        let learner = match resumed(start, member) {
            Some(learner) => learner,
            None => Learner::<T>::new(own, sizes, shared.seed, model, [steps, *epochs], control)?,
        };
        control.advance(learner.epoch);
        groups.entry(learner.epoch).or_default().push((learner, member, &member.stops));
    }
    let all = || groups.values().flatten();
    let n_resumed = all().filter(|(learner, ..)| learner.epoch > 0).count();
    let work = batch * all().map(|(learner, ..)| learner.plan.n_weights).max().unwrap_or(0);
    let n_threads = if work < WORTH_A_TEAM { 1 } else { n_threads };
    Team::with(n_threads, |team| {
        let run = Run { sample, rows, held, batch, start, shared };
        let tools = Tools::new(batch.max(BLOCK), Some(team));
        for group in groups.into_values() {
            run.train(group, &tools, control, &mut done);
        }
    });
    Ok(n_resumed)
}

/// The network that an earlier sweep trained for less than the member asks for.
fn resumed<T: Precision>(start: Start<'_>, member: &Member<'_>) -> Option<Learner<T>> {
    let Start::Earlier { place, fold } = start else { return None };
    let first = member.stops.first()?.0;
    let fits = |paused: &Paused<T>| {
        paused.fold == fold && paused.learner.epoch < first && paused.settings.is_prefix_of(member.settings)
    };
    let Paused { mut learner, .. } = place.take(fits)?;
    learner.epochs = member.settings.epochs;
    Some(learner)
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
    start: Start<'a>,
    shared: &'a Shared,
}

/// A network, whose it is, and the candidates that it has still to serve.
type Training<'a, T> = (Learner<T>, &'a Member<'a>, &'a [(usize, usize)]);

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
            let epoch = group.first().map_or(0, |(learner, ..)| learner.earlier + learner.epoch);
            batches::order(&self.rows, self.shared.seed, epoch, self.shared.shuffle, &mut order);
            for rows in order.chunks(self.batch) {
                let batch = self.sample.gather(rows, &mut memory, tools.team);
                for (learner, ..) in &mut group {
                    if control.stopped() {
                        return;
                    }
                    learner.step(&batch, tools);
                }
            }
            for (mut learner, member, mut stops) in std::mem::take(&mut group) {
                let validation = (!self.held.is_empty()).then(|| self.validate(&mut learner, tools));
                let end = learner.end_epoch(self.rows.len(), validation);
                control.advance(1);
                let is_over = end.is_some();
                if self.tell(&learner, &mut stops, end, control, done) {
                    group.push((learner, member, stops));
                } else if !is_over {
                    self.leave(learner, member);
                }
            }
        }
    }

    /// Leaves a network for a later sweep that asks for more epochs.
    fn leave(&self, learner: Learner<T>, member: &Member<'_>) {
        if let Start::Earlier { place, fold } = self.start {
            let bytes = learner.size();
            place.put(Paused { fold, settings: member.settings.clone(), learner }, bytes);
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
