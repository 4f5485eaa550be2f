//! The one loop: columns of many models through the same batches.
//!
//! ```text
//! minimise over (w, b), for each column    1/n sum_i w_i l(x_i' w + b, t_i) + l1 |w|_1 + l2 |w|^2 / 2
//! ```
//!
//! by steps along the gradient of the mean over a batch. All columns see the same batches; nothing else is
//! common to them, so that each trains as it would alone, bit for bit. A column that ends is taken out.

use super::advice::scales;
use super::batches::{hold_back, order};
use super::lazy::Lazy;
use super::learned::{Frame, Learned, Numbers, Past, Start};
use super::loss::{self, Sums};
use super::optimiser::{self, Block, Pace, average, clip, step};
use super::penalty::Penalty;
use super::products::{Products, add_scaled};
use super::schedule::Clock;
use super::settings::{Own, Settings, Shared};
use super::state::{Plane, State};
use super::validate::validate;
use super::watch::Column;
use crate::data::Data;
use crate::elementary::Float;
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::parallel::Control;
use crate::vectors::Vectors;

/// Scores beyond this, relative to the targets, are no scores any more.
const LIMIT: f64 = 1e12;
/// Loops over coefficients take rows of at least this many numbers at a time.
const ROW: usize = 64;
/// Rows between two looks at the control.
const ROWS_UNWATCHED: usize = 512;

/// Models to train side by side.
pub struct Task<'a> {
    pub data: &'a Data<'a, Matrix<'a>>,
    /// All with the same `shared`.
    pub models: Vec<&'a Settings>,
    /// For each model, ascending, after how many epochs it is asked for.
    pub ends: Vec<Vec<usize>>,
    pub train: &'a [u32],
    pub start: Option<&'a Start<'a>>,
}

impl Task<'_> {
    /// Trains, and hands over every model at each of its ends: (number of the model, of its end, learned).
    /// Those that were not complete when the control stopped the work are not handed over.
    pub fn run(&self, control: &Control, done: &mut dyn FnMut(usize, usize, Learned)) -> Result<()> {
        if self.data.x.values().is_single() {
            Run::<f32>::new(self)?.run(control, done)
        } else {
            Run::<f64>::new(self)?.run(control, done)
        }
    }

    fn shared(&self) -> &Shared {
        &self.models[0].shared
    }

    /// Scores per row of one model.
    fn n_scores(&self) -> usize {
        scores_per_row(self.data)
    }

    /// Of a row.
    pub fn weight(&self, i: u32) -> f64 {
        self.data.sample_weight.map_or(1.0, |weights| weights[i as usize])
    }
}

/// One for numbers and for two classes, else one per class.
pub fn scores_per_row<X>(data: &Data<'_, X>) -> usize {
    match data.n_classes {
        [] | [2] => 1,
        [n_classes, ..] => *n_classes,
    }
}

struct Run<'a, T> {
    task: &'a Task<'a>,
    /// Rows that train, and rows kept back.
    train: Vec<u32>,
    held: Vec<u32>,
    columns: Vec<Column>,
    /// Of each column that has ended, its numbers.
    ended: Vec<Numbers>,
    /// The column in each lane.
    live: Vec<usize>,
    state: State<T>,
    /// On sparse rows, where only some coefficients need to be looked at.
    lazy: Option<Lazy<T>>,
    /// Of coefficients (the lanes several times over, where they are few) and of biases.
    pace: Pace<T>,
    bias_pace: Pace<T>,
    lanes: loss::Lanes<T>,
    clip: Vec<T>,
    share: Vec<T>,
    batch: Batch<T>,
    past: Past,
    vectors: Vectors,
}

/// What is made anew for each batch.
struct Batch<T> {
    products: Products<T>,
    y: Vec<T>,
    weights: Vec<T>,
    /// Scores, then slopes (m, lanes).
    z: Vec<T>,
    sums: Sums<T>,
}

impl<'a, T: Float> Run<'a, T> {
    fn new(task: &'a Task<'a>) -> Result<Self> {
        let (data, shared) = (task.data, task.shared());
        // A row of weight 0 is no row.
        let rows: Vec<u32> = task.train.iter().copied().filter(|&i| task.weight(i) > 0.0).collect();
        if rows.is_empty() {
            return Err(Error::invalid("all sample weights are zero: no row is left to learn from"));
        }
        let classes = (!data.n_classes.is_empty()).then_some(data.y);
        let (train, held) = match shared.validation {
            Some(fraction) => hold_back(&rows, fraction, classes, shared.seed)?,
            None => (rows, Vec::new()),
        };
        let k = task.n_scores();
        let eta0 = |model: usize| task.models[model].own.rate.eta0;
        let columns: Vec<Column> = (0..task.models.len())
            .flat_map(|model| (0..k).map(move |class| (model, class)))
            .map(|(model, class)| Column::new(model, class, eta0(model)))
            .collect();
        let mut state = State::zero(data.d, columns.len(), shared.optimiser, shared.averaged)?;
        if let Some(start) = task.start {
            for (lane, column) in columns.iter().enumerate() {
                let numbers = start.numbers(column.class);
                state.w.put(lane, &numbers.w);
                state.mean.put(lane, &numbers.mean);
                state.first.put(lane, &numbers.first);
                state.second.put(lane, &numbers.second);
            }
        }
        let vectors = Vectors::detect();
        let mut run = Run {
            task,
            train,
            held,
            ended: vec![Numbers::default(); columns.len()],
            live: (0..columns.len()).collect(),
            columns,
            state,
            lazy: None,
            pace: Pace::new(0),
            bias_pace: Pace::new(0),
            lanes: loss::Lanes::default(),
            clip: Vec::new(),
            share: Vec::new(),
            batch: Batch {
                products: Products::new(vectors),
                y: Vec::new(),
                weights: Vec::new(),
                z: Vec::new(),
                sums: Sums::default(),
            },
            past: task.start.map(Start::past).unwrap_or_default(),
            vectors,
        };
        run.set_lanes()?;
        Ok(run)
    }

    fn own(&self, lane: usize) -> &'a Own {
        &self.task.models[self.columns[self.live[lane]].model].own
    }

    /// What each lane has for itself, from the columns that are alive.
    fn set_lanes(&mut self) -> Result<()> {
        let (data, shared, lanes) = (self.task.data, self.task.shared(), self.state.lanes);
        let plain = shared.optimiser == optimiser::Optimiser::Plain && !shared.averaged;
        if plain && data.x.is_sparse() && !self.live.is_empty() {
            let l1 = (0..self.live.len()).any(|lane| self.own(lane).penalty.l1 > 0.0);
            self.lazy = Some(Lazy::new(data.d, lanes, l1, self.vectors)?);
        }
        let of = |value: f64| vec![T::of_f64(value); lanes];
        let width = lanes * ROW.div_ceil(lanes);
        (self.pace, self.bias_pace) = (Pace::new(width), Pace::new(lanes));
        self.share = vec![T::of_f64(0.0); width];
        self.clip = of(f64::INFINITY);
        let greatest = self.train.iter().fold(1.0, |most: f64, &i| most.max(data.y[i as usize].abs()));
        let k = data.n_classes.first().copied().unwrap_or(0);
        let mut counts = vec![0.0; k];
        if k > 0 {
            self.train.iter().for_each(|&i| counts[data.y[i as usize] as usize] += 1.0);
        }
        self.lanes = loss::Lanes {
            class: of(0.0),
            classes: k > 0,
            positive: of(1.0),
            negative: of(1.0),
            epsilon: of(0.0),
            limit: T::of_f64(LIMIT * if k > 0 { 1.0 } else { greatest }),
        };
        for lane in 0..self.live.len() {
            let own = self.own(lane);
            self.clip[lane] = T::of_f64(own.clip_norm);
            self.lanes.epsilon[lane] = T::of_f64(own.epsilon);
            if k > 0 {
                let class = if k == 2 { 1 } else { self.columns[self.live[lane]].class };
                let weights = own.class_weight.of(0, &counts);
                self.lanes.class[lane] = T::of_f64(class as f64);
                self.lanes.positive[lane] = T::of_f64(weights[class]);
                // Of one class against many, the many weigh 1 (as in scikit-learn).
                self.lanes.negative[lane] = T::of_f64(if k == 2 { weights[0] } else { 1.0 });
            }
        }
        Ok(())
    }

    fn run(mut self, control: &Control, done: &mut dyn FnMut(usize, usize, Learned)) -> Result<()> {
        let mut given = vec![0; self.task.models.len()];
        let last = self.task.ends.iter().filter_map(|ends| ends.last()).copied().max().unwrap_or(0);
        let mut rows = Vec::new();
        let shared = self.task.shared();
        for epoch in 0..last {
            if self.live.is_empty() {
                // Epochs that no column needs are over as well.
                control.advance((last - epoch) * self.task.models.len());
                break;
            }
            // An epoch of few rows does not look by itself.
            if control.stopped() {
                return Ok(());
            }
            order(&self.train, shared.seed, self.past.epochs + epoch, shared.shuffle, &mut rows);
            if !self.epoch(&rows, epoch, control) {
                return Ok(());
            }
            for (model, ends) in self.task.ends.iter().enumerate() {
                if ends.get(given[model]) == Some(&(epoch + 1)) {
                    done(model, given[model], self.learned(model, epoch + 1));
                    given[model] += 1;
                }
            }
            self.take_out()?;
            control.advance(self.task.models.len());
        }
        for (model, ends) in self.task.ends.iter().enumerate() {
            for (end, &max_iter) in ends.iter().enumerate().skip(given[model]) {
                done(model, end, self.learned(model, max_iter));
            }
        }
        Ok(())
    }

    /// All batches of an epoch; false if the work is to stop.
    fn epoch(&mut self, rows: &[u32], epoch: usize, control: &Control) -> bool {
        let batch_size = self.task.shared().batch_size;
        let steps = rows.len().div_ceil(batch_size);
        self.state.mark();
        let lanes = self.state.lanes;
        self.batch.sums.reset(lanes);
        let mut losses = vec![0.0; lanes];
        let mut unwatched = 0;
        for (number, rows) in rows.chunks(batch_size).enumerate() {
            unwatched += rows.len();
            if unwatched >= ROWS_UNWATCHED {
                unwatched = 0;
                if control.stopped() {
                    return false;
                }
                self.collect(&mut losses);
                if self.all_lost() {
                    break;
                }
            }
            let t = self.past.steps + (epoch * steps + number) as u64 + 1;
            let clock = Clock { t, epoch: self.past.epochs + epoch, steps, epochs: 0 };
            self.set_pace(&clock, number == 0);
            self.descend(rows, t);
        }
        self.collect(&mut losses);
        if let Some(lazy) = &mut self.lazy {
            lazy.settle_all(&mut self.state.w);
        }
        self.end_epoch(&losses);
        true
    }

    /// Adds the losses of some batches to those of the epoch, in double precision.
    fn collect(&mut self, losses: &mut [f64]) {
        for (total, loss) in losses.iter_mut().zip(&mut self.batch.sums.loss) {
            *total += loss.to_f64();
            *loss = T::of_f64(0.0);
        }
    }

    /// Whether no column is left that the rest of the epoch is for.
    fn all_lost(&self) -> bool {
        self.live.iter().all(|&c| !self.ended[c].w.is_empty())
    }

    /// Learning rates and penalties of a step; those that stay the same through an epoch are left alone.
    fn set_pace(&mut self, clock: &Clock, first: bool) {
        let adam = self.task.shared().optimiser == optimiser::Optimiser::Adam;
        let mut changed = false;
        let mut known: Option<(usize, f64, f64, [optimiser::Numbers; 2])> = None;
        for lane in 0..self.live.len() {
            let own = self.own(lane);
            let column = &self.columns[self.live[lane]];
            if !first && !adam && own.rate.is_level(clock) {
                continue;
            }
            // The columns of a model stand together and mostly have the same rate.
            let (eta, numbers) = match known {
                Some((model, eta0, eta, numbers)) if model == column.model && eta0 == column.eta => {
                    (eta, numbers)
                }
                _ => {
                    let (model, eta0) = (column.model, column.eta);
                    let eta = own.rate.at(&Clock { epochs: own.planned, ..*clock }, eta0);
                    let bias_eta = if own.fit_intercept { eta } else { 0.0 };
                    let undecayed = optimiser::Rule { weight_decay: 0.0, ..own.rule };
                    let numbers = [
                        optimiser::Numbers::new(&own.rule, own.penalty, eta, clock.t),
                        optimiser::Numbers::new(&undecayed, Penalty::default(), bias_eta, clock.t),
                    ];
                    known = Some((model, eta0, eta, numbers));
                    (eta, numbers)
                }
            };
            self.columns[self.live[lane]].last_rate = eta;
            self.pace.fill(lane..lane + 1, numbers[0]);
            self.bias_pace.fill(lane..lane + 1, numbers[1]);
            changed = true;
        }
        if changed {
            self.pace.repeat(self.state.lanes);
        }
    }

    /// One step.
    fn descend(&mut self, rows: &[u32], t: u64) {
        let (data, shared, vectors) = (self.task.data, self.task.shared(), self.vectors);
        let (batch, state) = (&mut self.batch, &mut self.state);
        batch.read(self.task, rows);
        match &mut self.lazy {
            Some(lazy) => lazy.scores(&data.x, rows, &mut state.w, &mut batch.z),
            None => batch.products.scores(&data.x, rows, &state.w, &mut batch.z),
        }
        let about =
            loss::Rows { y: &batch.y, weights: &batch.weights, divisor: T::of_f64(rows.len() as f64) };
        loss::slopes(shared.loss, &about, &self.lanes, &mut batch.z, &mut batch.sums, vectors);
        if batch.sums.astray.iter().any(|count| *count > T::of_f64(0.0)) {
            self.keep_the_finite();
        }
        let (batch, state) = (&mut self.batch, &mut self.state);
        bias_gradient(&batch.z, &mut state.gradient.bias);
        if let Some(lazy) = &mut self.lazy {
            let longest = shared.clipped.then_some(&self.clip[..]);
            let bias = &mut state.gradient.bias;
            lazy.step((&data.x, rows, &batch.z), &self.pace, longest, bias, &mut state.w);
            self.step_biases();
            return;
        }
        batch.products.gradient(&data.x, rows, &batch.z, &mut state.gradient.coef);
        if shared.clipped {
            let Plane { coef, bias } = &mut state.gradient;
            clip(&self.clip, &mut [coef, bias], vectors);
        }
        let coef = Block {
            w: &mut state.w.coef,
            gradient: &state.gradient.coef,
            first: &mut state.first.coef,
            second: &mut state.second.coef,
        };
        step(shared.optimiser, &self.pace, coef, vectors);
        self.step_biases();
        if shared.averaged {
            self.average(t);
        }
    }

    fn step_biases(&mut self) {
        let state = &mut self.state;
        let bias = Block {
            w: &mut state.w.bias,
            gradient: &state.gradient.bias,
            first: &mut state.first.bias,
            second: &mut state.second.bias,
        };
        step(self.task.shared().optimiser, &self.bias_pace, bias, self.vectors);
    }

    /// Remembers the parameters of columns whose scores have just gone astray, and will not come back.
    fn keep_the_finite(&mut self) {
        for lane in 0..self.live.len() {
            let c = self.live[lane];
            let new = self.batch.sums.astray[lane] > T::of_f64(0.0) && self.ended[c].w.is_empty();
            if new && !self.own(lane).rate.falls() {
                let mut numbers = self.numbers(lane);
                if let Some(lazy) = &self.lazy {
                    lazy.column(lane, &mut numbers.w);
                }
                if numbers.w.iter().all(|w| w.is_finite()) {
                    self.ended[c] = numbers;
                }
            }
        }
    }

    /// Moves the means: step t is number t - first + 1 of those that count.
    fn average(&mut self, t: u64) {
        for lane in 0..self.live.len() {
            let first = self.own(lane).average;
            let share = if t >= first { 1.0 / (t - first + 1) as f64 } else { 0.0 };
            self.share[lane] = T::of_f64(share);
        }
        let state = &mut self.state;
        let copies = (state.lanes..self.share.len()).step_by(state.lanes);
        copies.for_each(|at| self.share.copy_within(..state.lanes, at));
        average(&self.share, &state.w.coef, &mut state.mean.coef, self.vectors);
        average(&self.share[..state.lanes], &state.w.bias, &mut state.mean.bias, self.vectors);
    }

    /// Takes note of the epoch in each column.
    fn end_epoch(&mut self, losses: &[f64]) {
        let n = self.train.len() as f64;
        let (w, lanes, n_columns) = (&self.state.w, &self.lanes, self.live.len());
        let scores = match self.held.is_empty() {
            true => Vec::new(),
            false => validate(self.task, &self.held, w, lanes, n_columns, &mut self.batch.products),
        };
        for (lane, loss) in losses.iter().enumerate().take(self.live.len()) {
            let own = self.own(lane);
            let w = self.state.w.coef.iter().skip(lane).step_by(self.state.lanes);
            let objective = loss / n + own.penalty.value(w.clone().map(|w| w.to_f64()));
            let astray = self.batch.sums.astray[lane] > T::of_f64(0.0);
            let finite = objective.is_finite()
                && w.chain(&self.state.w.bias[lane..=lane]).all(|w| w.to_f64().is_finite());
            let c = self.live[lane];
            if finite && (!astray || own.rate.falls()) {
                self.columns[c].end_epoch(own, objective, scores.get(lane).copied());
                self.columns[c].astray = astray;
                continue;
            }
            self.columns[c].diverge(!scores.is_empty());
            let kept = std::mem::take(&mut self.ended[c].w);
            let last = if kept.is_empty() { self.state.before.column(lane) } else { kept };
            self.state.restart(lane, &last);
        }
    }

    /// Takes out the columns that have ended.
    fn take_out(&mut self) -> Result<()> {
        let open: Vec<usize> =
            (0..self.live.len()).filter(|&lane| self.columns[self.live[lane]].ended.is_none()).collect();
        if open.len() == self.live.len() {
            return Ok(());
        }
        for lane in (0..self.live.len()).filter(|lane| !open.contains(lane)) {
            self.ended[self.live[lane]] = self.numbers(lane);
        }
        self.live = open.iter().map(|&lane| self.live[lane]).collect();
        self.state.keep(&open);
        self.set_lanes()
    }

    fn numbers(&self, lane: usize) -> Numbers {
        let of = |plane: &Plane<T>| if plane.is_empty() { Vec::new() } else { plane.column(lane) };
        let State { w, mean, first, second, .. } = &self.state;
        Numbers { w: of(w), mean: of(mean), first: of(first), second: of(second) }
    }

    /// A model as it is after at most `max_iter` epochs.
    fn learned(&self, model: usize, max_iter: usize) -> Learned {
        let k = self.task.n_scores();
        let columns: Vec<(&Column, Numbers)> = (model * k..(model + 1) * k)
            .map(|c| match self.live.iter().position(|&live| live == c) {
                Some(lane) => (&self.columns[c], self.numbers(lane)),
                None => (&self.columns[c], self.ended[c].clone()),
            })
            .collect();
        let frame = Frame {
            settings: self.task.models[model],
            n_classes: self.task.data.n_classes.first().copied().unwrap_or(0),
            d: self.task.data.d,
            steps: self.train.len().div_ceil(self.task.shared().batch_size),
            past: self.past,
        };
        let advice = || scales(&self.task.data.x, &self.train, self.task.data.d);
        frame.model(&columns, max_iter, advice)
    }
}

/// g_b = R' 1
fn bias_gradient<T: Float>(r: &[T], gradient: &mut [T]) {
    gradient.fill(T::of_f64(0.0));
    r.chunks_exact(gradient.len()).for_each(|r| add_scaled(gradient, r, T::of_f64(1.0)));
}

impl<T: Float> Batch<T> {
    fn read(&mut self, task: &Task<'_>, rows: &[u32]) {
        self.y.clear();
        self.y.extend(rows.iter().map(|&i| T::of_f64(task.data.y[i as usize])));
        self.weights.clear();
        self.weights.extend(rows.iter().map(|&i| T::of_f64(task.weight(i))));
    }
}
