//! One network as it learns: steps, epochs, and when to stop.
//!
//! A batch is taken in parts of at most `PART` rows, whose gradients are summed in their order: so threads
//! can share a step, and how many there are leaves no trace.

use std::sync::{Mutex, RwLock};

use super::loss::Output;
use super::model::{Network, Numbers, Precision};
use super::pass::{Mode, Pass, Rows};
use super::pieces::{GROUP, LANES, Numbered, Unit, square, squares, units};
use super::plan::Plan;
use super::settings::{Keep, Own, Resume};
use super::team::Team;
use crate::descent::optimiser::{Pace, Rule};
use crate::descent::penalty::Penalty;
use crate::descent::schedule::{Clock, Rate, Schedule};
use crate::error::{Error, Result, filled};
use crate::gemm::Packing;
use crate::parallel::Control;
use crate::vectors::Vectors;

/// Most rows of a part of a batch.
const PART: usize = 128;

/// Memory and threads that all networks of a group use one after the other.
pub struct Tools<'a, 'b, T> {
    pub passes: Vec<RwLock<Pass<T>>>,
    packings: Vec<Mutex<Packing<T>>>,
    pub team: Option<&'a Team<'b>>,
    vectors: Vectors,
}

impl<'a, 'b, T> Tools<'a, 'b, T> {
    /// For batches of at most `rows` rows.
    pub fn new(rows: usize, team: Option<&'a Team<'b>>) -> Self {
        let n_threads = team.map_or(1, Team::n_threads);
        Tools {
            passes: (0..rows.div_ceil(PART).max(1)).map(|_| RwLock::default()).collect(),
            packings: (0..n_threads).map(|_| Mutex::default()).collect(),
            team,
            vectors: Vectors::detect(),
        }
    }

    fn n_threads(&self) -> usize {
        self.packings.len()
    }

    /// work(thread) on every thread.
    fn run(&self, work: impl Fn(usize) + Sync) {
        match self.team {
            Some(team) => team.run(&work),
            None => work(0),
        }
    }
}

/// How training went, by epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub losses: Vec<f64>,
    /// Of the rows kept back, if the rule is early stopping: then the best epoch is that of the best score.
    pub validation_losses: Vec<f64>,
    pub validation_scores: Vec<f64>,
    /// The best loss or score since early stopping was last switched, if ever.
    pub best: f64,
    /// The epoch of the parameters that are kept, from 1; 0 before the first.
    pub best_epoch: usize,
    /// Epochs without an improvement.
    pub unchanged: usize,
}

/// Why training is over.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Converged,
    Failed(String),
}

/// What is known of the rows kept back after an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Validation {
    pub loss: f64,
    pub score: f64,
}

/// A network and the state of its optimiser.
pub struct Learner<T> {
    pub plan: Plan,
    pub own: Own,
    seed: u64,
    /// Parameters (n_parameters,), placed by the plan, and running moments of normalised layers (n_moments,).
    pub w: Vec<T>,
    pub moments: Vec<T>,
    /// As w; what the optimiser remembers likewise, or nothing (optimiser.rs).
    gradient: Vec<T>,
    first: Vec<T>,
    second: Vec<T>,
    /// Of the weights: sums by group of rows, layer by layer.
    squares: Vec<f64>,
    /// Steps made, in all runs.
    t: u64,
    eta: f64,
    /// Batches of this epoch so far.
    batch: usize,
    /// Epochs of this run, and of earlier ones.
    pub epoch: usize,
    pub earlier: usize,
    /// Rows seen, in all runs.
    seen: u64,
    pub history: History,
    /// Sum over the batches of this epoch of mean losses times rows.
    loss: f64,
    best: Option<(Vec<T>, Vec<T>)>,
    paces: [Pace<T>; 2],
    pub steps: usize,
    pub epochs: usize,
}

impl<T: Precision> Learner<T> {
    /// `steps` an epoch, `epochs` at most. `Error::Interrupted` if the control stopped it as it drew parameters.
    pub fn new(
        own: &Own,
        sizes: [usize; 2],
        seed: u64,
        start: Option<&Network>,
        [steps, epochs]: [usize; 2],
        control: &Control,
    ) -> Result<Self> {
        let [d, k] = sizes;
        let sizes: Vec<usize> = std::iter::once(d).chain(own.hidden.iter().copied()).chain([k]).collect();
        let plan = Plan::new(&sizes, &own.activations, own.output, own.norm)?;
        let memory = own.rule.optimiser.memory();
        let zeros = |n| filled(n, T::of_f64(0.0), "the parameters of a network");
        let start = start.filter(|_| own.resume != Resume::No);
        let w = match start {
            Some(start) => start.parameters.to_vec(),
            None => plan.draw(own.start, seed, control)?,
        };
        let mut learner = Learner {
            w,
            moments: plan.first_moments(),
            gradient: zeros(plan.n_parameters)?,
            first: zeros(if memory > 0 { plan.n_parameters } else { 0 })?,
            second: zeros(if memory > 1 { plan.n_parameters } else { 0 })?,
            squares: vec![0.0; plan.layers.iter().map(|layer| layer.n_in.div_ceil(GROUP)).sum()],
            plan,
            own: own.clone(),
            seed,
            t: 0,
            eta: own.rate.eta0,
            batch: 0,
            epoch: 0,
            earlier: 0,
            seen: 0,
            history: History {
                best: if own.early_stopping { f64::NEG_INFINITY } else { f64::INFINITY },
                ..History::default()
            },
            loss: 0.0,
            best: None,
            paces: [Pace::new(LANES), Pace::new(LANES)],
            steps,
            epochs,
        };
        if let Some(start) = start {
            learner.go_on(start)?;
        }
        Ok(learner)
    }

    /// Takes over what a model learned beside its parameters.
    fn go_on(&mut self, start: &Network) -> Result<()> {
        if start.plan != self.plan {
            return Err(Error::invalid(format!(
                "the network has layers of sizes {:?}; to go on with it, these must stay as they are: got {:?}",
                start.plan.sizes(),
                self.plan.sizes()
            )));
        }
        self.moments = start.moments.to_vec();
        self.earlier = start.history.losses.len();
        self.seen = start.n_seen;
        // What was best by the rows kept back is not told by the loss, nor the reverse.
        let same_rule = start.history.validation_scores.is_empty() != self.own.early_stopping;
        self.history = match same_rule {
            true => History { unchanged: 0, ..start.history.clone() },
            false => History { losses: start.history.losses.clone(), ..self.history.clone() },
        };
        if self.own.resume == Resume::All && start.memory.len() == self.first.len() + self.second.len() {
            let memory: Vec<T> = start.memory.to_vec();
            let (first, second) = memory.split_at(self.first.len());
            self.first.copy_from_slice(first);
            self.second.copy_from_slice(second);
            self.t = start.t;
            if same_rule {
                self.history.unchanged = start.history.unchanged;
            }
            if self.own.rate.schedule == Schedule::Adaptive {
                self.eta = start.eta;
            }
            self.slow_down();
        }
        Ok(())
    }

    /// One step down the slope of a batch.
    pub fn step(&mut self, rows: &Rows<'_, T>, tools: &Tools<'_, '_, T>) {
        self.batch += 1;
        let sum = rows.weights.map_or(rows.n as f64, |weights| weights.iter().map(|w| w.to_f64()).sum());
        if sum <= 0.0 {
            return;
        }
        self.t += 1;
        let loss = self.slopes(rows, sum, tools);
        self.pace(sum);
        let follow = self.own.clip.is_none();
        let penalty = self.descend(rows, tools, follow);
        if !follow {
            self.shorten(tools.vectors);
            self.follow(tools.vectors);
        }
        self.loss += (loss + penalty / sum) * rows.n as f64;
    }

    /// The objective and its gradient, for rows whose weights sum to `sum`.
    pub fn objective(&mut self, rows: &Rows<'_, T>, sum: f64, tools: &Tools<'_, '_, T>) -> f64 {
        let loss = self.slopes(rows, sum, tools);
        let penalty = self.descend(rows, tools, false);
        // In a step the optimiser does this.
        let share = T::of_f64(self.own.alpha / sum);
        for (g, &w) in self.gradient.iter_mut().zip(&self.w[..self.plan.n_weights]) {
            *g = *g + share * w;
        }
        loss + penalty / sum
    }

    pub fn gradient(&self) -> &[T] {
        &self.gradient
    }

    /// Bytes that its arrays take, about.
    pub fn size(&self) -> usize {
        let best = self.best.as_ref().map_or(0, |(w, moments)| w.len() + moments.len());
        let n = self.w.len() + self.gradient.len() + self.first.len() + self.second.len() + best;
        n * size_of::<T>()
    }

    fn n_parts(&self, rows: &Rows<'_, T>) -> usize {
        if self.plan.is_normed() { 1 } else { rows.n.div_ceil(PART) }
    }

    /// The loss of a batch without its penalty; leaves slopes in the passes.
    fn slopes(&mut self, rows: &Rows<'_, T>, sum: f64, tools: &Tools<'_, '_, T>) -> f64 {
        let n_parts = self.n_parts(rows);
        let part = |p: usize| rows.n * p / n_parts..rows.n * (p + 1) / n_parts;
        let (plan, own, w, d) = (&self.plan, &self.own, &self.w, self.plan.n_in());
        // Moments move only where there is one part.
        let moments = Mutex::new(&mut self.moments);
        let (seed, t) = (self.seed, self.t);
        tools.run(|thread| {
            for p in (thread..n_parts).step_by(tools.n_threads()) {
                let Ok(mut pass) = tools.passes[p].write() else { return };
                let range = part(p);
                let first_row = range.start;
                let rows = rows.part(d, range);
                let mode = Mode::Training { dropout: own.dropout, seed, step: t, first_row };
                if plan.is_normed() {
                    let Ok(mut moments) = moments.lock() else { return };
                    pass.forward(plan, w, &mut moments, rows.x, rows.n, mode);
                } else {
                    pass.forward(plan, w, &mut [], rows.x, rows.n, mode);
                }
                pass.slopes(plan, own.loss, &rows, 1.0 / sum);
                pass.backward(plan, w, mode);
            }
        });
        let passes = tools.passes[..n_parts].iter();
        let total: f64 = passes.filter_map(|pass| pass.read().ok()).map(|pass| pass.loss).sum();
        total / (sum * self.outputs())
    }

    /// Losses of several numbers are reported by number, those of classes and labels by row.
    pub fn outputs(&self) -> f64 {
        match self.plan.output {
            Output::Identity | Output::Exponential => self.plan.n_out() as f64,
            Output::Logistic | Output::Softmax => 1.0,
        }
    }

    /// alpha |W|^2 / 2.
    pub fn penalty(&mut self, vectors: Vectors) -> f64 {
        if self.own.alpha > 0.0 {
            let mut left = &mut self.squares[..];
            for layer in &self.plan.layers {
                let (own, others) = std::mem::take(&mut left).split_at_mut(layer.n_in.div_ceil(GROUP));
                squares(&self.w[layer.weights.clone()], layer.n_out, own, vectors);
                left = others;
            }
        }
        self.penalty_by_squares()
    }

    fn penalty_by_squares(&self) -> f64 {
        0.5 * self.own.alpha * self.squares.iter().sum::<f64>()
    }

    /// Sets the learning rate of a step whose rows have weights that sum to `sum`.
    fn pace(&mut self, sum: f64) {
        let Own { rule, rate, alpha, .. } = &self.own;
        let clock = Clock {
            // Batches of this run, those without weight too: a schedule begins anew, and ends with the run.
            t: (self.epoch * self.steps + self.batch) as u64,
            epoch: self.epoch,
            steps: self.steps,
            epochs: self.epochs,
        };
        let eta = match rate.schedule {
            Schedule::InvScaling { .. } => {
                Rate { schedule: Schedule::Constant, ..*rate }.at(&clock, self.eta)
            }
            _ => rate.at(&clock, self.eta),
        };
        self.paces[0].set_all(rule, Penalty { l1: 0.0, l2: alpha / sum }, eta, self.t);
        let rule = Rule { weight_decay: 0.0, ..*rule };
        self.paces[1].set_all(&rule, Penalty::default(), eta, self.t);
    }

    /// The gradient from the passes; where it is to be followed at once, the step of each parameter too.
    /// Returns the penalty before the step.
    fn descend(&mut self, rows: &Rows<'_, T>, tools: &Tools<'_, '_, T>, follow: bool) -> f64 {
        let n_parts = self.n_parts(rows);
        let (plan, d, vectors) = (&self.plan, self.plan.n_in(), tools.vectors);
        let (optimiser, is_penalised) = (self.own.rule.optimiser, self.own.alpha > 0.0);
        let x = |p: usize| rows.part(d, rows.n * p / n_parts..rows.n * (p + 1) / n_parts).x;
        let mut rest = Numbered {
            w: &mut self.w,
            gradient: &mut self.gradient,
            first: &mut self.first,
            second: &mut self.second,
        };
        let units = units(plan, tools.n_threads(), &mut rest, &mut self.squares);
        let pace = &self.paces[0];
        let weights = |unit: &mut Unit<'_, T>, packing: &mut Packing<T>| {
            for p in 0..n_parts {
                let Ok(pass) = tools.passes[p].read() else { return };
                let rows = unit.rows.clone();
                pass.weights_gradient(unit.l, x(p), rows, unit.numbers.gradient, p > 0, packing);
            }
            if is_penalised {
                squares(unit.numbers.w, plan.layers[unit.l].n_out, unit.squares, vectors);
            }
            if follow {
                unit.numbers.follow(optimiser, pace, vectors);
            }
        };
        tools.run(|thread| {
            let Ok(mut packing) = tools.packings[thread].lock() else { return };
            for (_, unit) in units.iter().filter(|(piece, _)| *piece == thread) {
                let Ok(mut unit) = unit.lock() else { return };
                weights(&mut unit, &mut packing);
            }
        });
        drop(units);
        other_gradients(plan, &tools.passes[..n_parts], rest.gradient);
        if follow {
            rest.follow(optimiser, &self.paces[1], vectors);
        }
        self.penalty_by_squares()
    }

    /// Shortens the gradient to the length that is allowed.
    fn shorten(&mut self, vectors: Vectors) {
        let norm = square(&self.gradient, vectors).sqrt();
        if let Some(longest) = self.own.clip.filter(|&longest| norm > longest) {
            let by = T::of_f64(longest / norm);
            self.gradient.iter_mut().for_each(|g| *g = *g * by);
        }
    }

    /// The step of all parameters.
    fn follow(&mut self, vectors: Vectors) {
        let optimiser = self.own.rule.optimiser;
        let mut rest = Numbered {
            w: &mut self.w,
            gradient: &mut self.gradient,
            first: &mut self.first,
            second: &mut self.second,
        };
        rest.cut(self.plan.n_weights).follow(optimiser, &self.paces[0], vectors);
        rest.follow(optimiser, &self.paces[1], vectors);
    }

    /// The schedule that goes by the rows seen.
    fn slow_down(&mut self) {
        if let Schedule::InvScaling { power } = self.own.rate.schedule {
            self.eta = self.own.rate.eta0 / ((self.seen + 1) as f64).powf(power);
        }
    }

    /// Ends an epoch of n rows; says if training is over.
    pub fn end_epoch(&mut self, n: usize, validation: Option<Validation>) -> Option<End> {
        let loss = self.loss / n as f64;
        (self.loss, self.batch) = (0.0, 0);
        self.epoch += 1;
        self.history.losses.push(loss);
        self.seen += n as u64;
        self.slow_down();
        if let Some(validation) = validation {
            self.history.validation_losses.push(validation.loss);
            self.history.validation_scores.push(validation.score);
        }
        if !loss.is_finite() {
            return Some(End::Failed(format!(
                "the loss was {loss} after {} epochs: lower learning_rate_init, set clip_norm, or scale X",
                self.epoch
            )));
        }
        let tol = self.own.tol;
        let history = &mut self.history;
        let (better, enough) = match validation {
            Some(Validation { score, .. }) => (score > history.best, score >= history.best + tol),
            None => (loss < history.best, loss <= history.best - tol),
        };
        history.unchanged = if enough { 0 } else { history.unchanged + 1 };
        if better {
            history.best = validation.map_or(loss, |validation| validation.score);
            history.best_epoch = self.earlier + self.epoch;
            if self.own.keep == Keep::Best {
                let (w, moments) = self.best.get_or_insert_with(Default::default);
                w.clone_from(&self.w);
                moments.clone_from(&self.moments);
            }
        }
        if self.history.unchanged > self.own.patience {
            match self.own.rate.lower(self.eta) {
                Some(eta) => {
                    self.eta = eta;
                    self.history.unchanged = 0;
                }
                None => return Some(End::Converged),
            }
        }
        None
    }

    /// What was learned so far.
    pub fn model(&self, n_classes: &[usize]) -> Network {
        let (w, moments) = match &self.best {
            Some((w, moments)) if self.own.keep == Keep::Best => (w, moments),
            _ => (&self.w, &self.moments),
        };
        let memory: Vec<T> = self.first.iter().chain(&self.second).copied().collect();
        Network {
            plan: self.plan.clone(),
            n_classes: n_classes.to_vec(),
            parameters: Numbers::of(w.clone()),
            moments: Numbers::of(moments.clone()),
            memory: Numbers::of(memory),
            t: self.t,
            n_iter: self.epoch,
            n_seen: self.seen,
            eta: self.eta,
            history: self.history.clone(),
        }
    }
}

/// The gradient of the biases and then of the gains, which the passes have by part of a batch.
fn other_gradients<T: Precision>(plan: &Plan, passes: &[RwLock<Pass<T>>], gradient: &mut [T]) {
    for (p, pass) in passes.iter().enumerate() {
        let Ok(pass) = pass.read() else { return };
        let mut left = &mut *gradient;
        for (l, layer) in plan.layers.iter().enumerate() {
            let (own, others) = std::mem::take(&mut left).split_at_mut(layer.n_out);
            pass.biases_gradient(plan, l, own, p > 0);
            left = others;
        }
        for (l, layer) in plan.layers.iter().enumerate().filter(|(_, layer)| !layer.gains.is_empty()) {
            let (own, others) = std::mem::take(&mut left).split_at_mut(layer.n_out);
            pass.gains_gradient(l, own);
            left = others;
        }
    }
}
