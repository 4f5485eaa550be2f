//! Many machines on many folds from the same kernel rows.
//!
//! Candidates of one kernel on one fold that differ in C only form a path, walked from the smallest C on,
//! each solution the start of the next. The tasks are (kernel, fold, class pair, path); those of one kernel
//! are neighbours, so that its rows are made once, used by all of them, and dropped when the last is done.
//! A candidate's fold is scored as soon as its last pair is solved.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::calibrate::Calibrated;
use super::kernel::{Kernel, Kind};
use super::left_out::Refit;
use super::machine::{Layout, Learned, Pair, expand, learned, pairs, program, undecided};
use super::model::{SvmModel, combine};
use super::points::Source;
use super::problem::{Point, Solution};
use super::settings::{Settings, Which};
use super::solve::{Limits, Solver, gradient};
use super::store::{Base, Budget, Store};
use super::variance::{Spread, advice};
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, lock, try_for_each};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome};

/// A family of kernel machines.
pub struct Svms(pub Which);

impl Family for Svms {
    type Model = SvmModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<SvmModel>> {
        let sweep = Sweep::new(job, self.0)?;
        let budget = Budget::new(sweep.settings.iter().map(|s| s.memory).max().unwrap_or(0));
        sweep.run(&budget, control, watcher)
    }
}

impl Fit for Svms {}

/// What is known before anything is solved.
pub(super) struct Sweep<'a> {
    pub(super) job: &'a Job<'a, Matrix<'a>>,
    settings: Vec<Settings>,
    pub(super) layout: Layout,
    pub(super) n_classes: usize,
    pub(super) pairs: Vec<Pair>,
    /// How often each row trains, by fold and place.
    counts: Vec<Vec<f64>>,
    /// Sample weights by place.
    weights: Vec<f64>,
    pub(super) kernels: Vec<Kernel>,
    tasks: Vec<Task>,
    spread: Spread,
}

/// A path of candidates on one pair of one fold.
pub(super) struct Task {
    pub(super) kernel: usize,
    pub(super) fold: usize,
    pair: usize,
    /// Candidates by ascending C.
    members: Vec<usize>,
}

/// What the pairs of one candidate learned on one fold.
#[derive(Default)]
struct Pending {
    pairs: Vec<Option<Learned>>,
    left: usize,
    seconds: f64,
}

impl<'a> Sweep<'a> {
    fn new(job: &'a Job<'a, Matrix<'a>>, which: Which) -> Result<Self> {
        let data = &job.data;
        data.check()?;
        if data.n_outputs != 1 {
            return Err(Error::invalid("support vector machines learn one output"));
        }
        let settings = job
            .candidates
            .iter()
            .map(|candidate| Settings::parse(candidate, which, data))
            .collect::<Result<Vec<_>>>()?;
        let n_classes = data.n_classes.first().copied().unwrap_or(0);
        let layout = Layout::new(data.y, n_classes);
        let spread = Spread::new(&data.x, data.n, data.d);
        let mut counts = Vec::new();
        let mut variances = Vec::new();
        for fold in job.folds {
            let mut count = vec![0.0; data.n];
            fold.train.iter().for_each(|&i| count[layout.place[i as usize] as usize] += 1.0);
            counts.push(count);
            variances.push(spread.variance(&fold.train));
        }
        let weights = layout.order.iter().map(|&i| data.sample_weight.map_or(1.0, |w| w[i as usize]));
        let weights: Vec<f64> = weights.collect();
        for count in &counts {
            if !count.iter().zip(&weights).any(|(c, w)| c * w > 0.0) {
                return Err(Error::invalid("Invalid input - all samples have zero or negative weights."));
            }
        }
        let mut sweep = Sweep {
            job,
            pairs: pairs(n_classes),
            settings,
            layout,
            n_classes,
            counts,
            weights,
            kernels: Vec::new(),
            tasks: Vec::new(),
            spread,
        };
        sweep.plan(&variances);
        Ok(sweep)
    }

    /// Kernels and tasks, the tasks of one kernel one after the other.
    fn plan(&mut self, variances: &[f64]) {
        for (f, &variance) in variances.iter().enumerate() {
            let mut paths: Vec<(usize, Vec<usize>)> = Vec::new();
            for (c, settings) in self.settings.iter().enumerate() {
                let kernel = settings.kernel(self.job.data.d, variance);
                let known = self.kernels.iter().position(|other| *other == kernel);
                let k = known.unwrap_or(self.kernels.len());
                if known.is_none() {
                    self.kernels.push(kernel);
                }
                let fits = |path: &&mut (usize, Vec<usize>)| {
                    path.0 == k && self.settings[path.1[0]].same_path(settings)
                };
                match paths.iter_mut().find(fits) {
                    Some(path) => path.1.push(c),
                    None => paths.push((k, vec![c])),
                }
            }
            for (kernel, mut members) in paths {
                members
                    .sort_by(|&a, &b| self.settings[a].machine.c().total_cmp(&self.settings[b].machine.c()));
                let task = |pair| Task { kernel, fold: f, pair, members: members.clone() };
                self.tasks.extend((0..self.pairs.len()).map(task));
            }
        }
        self.tasks.sort_by_key(|task| task.kernel);
    }

    fn run(&self, budget: &Budget, control: &Control, watcher: Watcher<'_>) -> Result<Outcome<SvmModel>> {
        let (job, data) = (self.job, &self.job.data);
        let precomputed = self.kernels.iter().any(|kernel| kernel.kind == Kind::Precomputed);
        if precomputed && (data.n != data.d || self.kernels.iter().any(|k| k.kind != Kind::Precomputed)) {
            return Err(Error::invalid(format!(
                "Precomputed matrix must be a square matrix. Input is a {}x{} matrix.",
                data.n, data.d
            )));
        }
        let source = Source::new(&data.x, &self.layout.order, data.d, precomputed)?;
        let base = |distances: bool| {
            let users = self.kernels.iter().filter(|k| k.kind.of_distance() == distances).count();
            Base::new(&source, distances, users > 1, budget)
        };
        let bases = [base(false), base(true)];
        let n_threads = job.n_threads.max(1);
        let run = Run {
            sweep: self,
            source: &source,
            bases: &bases,
            budget,
            stores: self.kernels.iter().map(|_| Mutex::new(None)).collect(),
            left: (0..self.kernels.len())
                .map(|k| AtomicUsize::new(self.tasks.iter().filter(|task| task.kernel == k).count()))
                .collect(),
            pending: (0..self.settings.len() * job.folds.len())
                .map(|_| {
                    let pairs = self.pairs.iter().map(|_| None).collect();
                    Mutex::new(Pending { pairs, left: self.pairs.len(), seconds: 0.0 })
                })
                .collect(),
            found: Found::new(job),
            n_threads: (n_threads / self.tasks.len().max(1)).max(1),
            control,
        };
        control.expect(self.settings.len() * job.folds.len() * self.pairs.len());
        try_for_each(n_threads, self.tasks.len(), control, watcher, Solver::default, |solver, t| {
            run.task(solver, &self.tasks[t])
        })?;
        Ok(run.found.outcome())
    }

    /// Weights by place of a candidate on a fold: how often a row trains, times its own and its class's.
    fn training_weights(&self, settings: &Settings, fold: usize) -> Vec<f64> {
        let count = &self.counts[fold];
        let mut weights: Vec<f64> = count.iter().zip(&self.weights).map(|(c, w)| c * w).collect();
        if self.n_classes == 0 {
            return weights;
        }
        let sizes: Vec<f64> = self.layout.classes.iter().map(|c| count[c.clone()].iter().sum()).collect();
        for (class, factor) in self.layout.classes.iter().zip(settings.class_weight.of(0, &sizes)) {
            weights[class.clone()].iter_mut().for_each(|w| *w *= factor);
        }
        weights
    }
}

/// A sweep at work.
pub(super) struct Run<'a> {
    pub(super) sweep: &'a Sweep<'a>,
    pub(super) source: &'a Source<'a>,
    bases: &'a [Base<'a>; 2],
    budget: &'a Budget,
    stores: Vec<Mutex<Option<Arc<Store<'a>>>>>,
    left: Vec<AtomicUsize>,
    pending: Vec<Mutex<Pending>>,
    found: Found<SvmModel>,
    /// Threads within a task.
    pub(super) n_threads: usize,
    pub(super) control: &'a Control,
}

impl<'a> Run<'a> {
    fn store(&self, k: usize) -> Result<Arc<Store<'a>>> {
        let mut store = lock(&self.stores[k]);
        if let Some(store) = &*store {
            return Ok(Arc::clone(store));
        }
        let kernel = self.sweep.kernels[k];
        let base = &self.bases[usize::from(kernel.kind.of_distance())];
        let made = Arc::new(Store::new(base, kernel, self.budget)?);
        *store = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Walks a path; candidates that are not reached stay undone.
    fn task(&self, solver: &mut Solver, task: &Task) -> Result<()> {
        let store = self.store(task.kernel)?;
        let walked = self.walk(solver, task, &store);
        if self.left[task.kernel].fetch_sub(1, Ordering::AcqRel) == 1 {
            *lock(&self.stores[task.kernel]) = None;
        }
        walked
    }

    fn walk(&self, solver: &mut Solver, task: &Task, store: &Store<'a>) -> Result<()> {
        let sweep = self.sweep;
        let pair = sweep.pairs[task.pair];
        let weights = sweep.training_weights(&sweep.settings[task.members[0]], task.fold);
        let mut last: Option<(f64, Solution)> = None;
        solver.begin();
        for &c in &task.members {
            let start = Instant::now();
            let settings = &sweep.settings[c];
            let (problem, b) = program(settings.machine, &sweep.layout, pair, &weights)?;
            let result = match (sweep.n_classes > 1).then(|| undecided(&problem)).flatten() {
                Some(result) => result,
                None => {
                    let limits = self.limits(settings);
                    let point = match &last {
                        Some((old, solution)) => expand(&problem, solution, settings.machine.c() / old),
                        None => {
                            let g = gradient(&problem, &b, store, self.n_threads, self.control)?;
                            let Some(g) = g else { return Ok(()) };
                            Point { b, g }
                        }
                    };
                    let Some(solution) = solver.solve(&problem, point, store, &limits, self.control)? else {
                        return Ok(());
                    };
                    let mut result = learned(settings.machine, &problem, &solution);
                    if let Some(how) = settings.calibration {
                        let refit = Refit {
                            settings,
                            problem: &problem,
                            solution: &solution,
                            store,
                            weights: &sweep.weights,
                            limits,
                            control: self.control,
                        };
                        let Some(calibrated) = refit.calibrate(solver, how, task.pair)? else {
                            return Ok(());
                        };
                        result.calibrated = Some(calibrated);
                        solver.begin();
                    }
                    last = Some((settings.machine.c(), solution));
                    result
                }
            };
            self.put(task, c, result, start.elapsed().as_secs_f64(), store)?;
            self.control.advance(1);
        }
        Ok(())
    }

    fn limits(&self, settings: &Settings) -> Limits {
        Limits {
            tol: settings.tol,
            max_iter: settings.max_iter,
            n_threads: self.n_threads,
            together: if settings.shrinking { None } else { Some(4096) },
        }
    }

    /// Keeps what a pair learned; scores the candidate on this fold if it is the last one.
    fn put(&self, task: &Task, c: usize, result: Learned, seconds: f64, store: &Store<'a>) -> Result<()> {
        let cell = c * self.sweep.job.folds.len() + task.fold;
        let pending = {
            let mut pending = lock(&self.pending[cell]);
            pending.pairs[task.pair] = Some(result);
            pending.left -= 1;
            pending.seconds += seconds;
            if pending.left > 0 {
                return Ok(());
            }
            std::mem::take(&mut *pending)
        };
        let learned: Vec<&Learned> = pending.pairs.iter().flatten().collect();
        let settings = &self.sweep.settings[c];
        if let Some(evaluation) = self.evaluate(task, settings, &learned, pending.seconds, store)? {
            self.found.put(c, task.fold, evaluation);
        }
        Ok(())
    }

    fn evaluate(
        &self,
        task: &Task,
        settings: &Settings,
        learned: &[&Learned],
        seconds: f64,
        store: &Store<'a>,
    ) -> Result<Option<Evaluation<SvmModel>>> {
        let start = Instant::now();
        let (sweep, job) = (self.sweep, self.sweep.job);
        let combined = combine(learned, &sweep.layout.classes);
        let calibrated: Vec<Calibrated> = learned.iter().filter_map(|one| one.calibrated.clone()).collect();
        let fold = &job.folds[task.fold];
        let predicted = |rows: &[u32]| -> Result<Option<Vec<f64>>> {
            self.predictions(rows, learned, &combined, &calibrated, store)
        };
        let wanted = !job.metrics.is_empty() || job.keep_predictions;
        let (mut test, mut train) = (None, None);
        if wanted {
            let (Some(held_out), Some(training)) =
                (predicted(&fold.test)?, predicted(if job.train_metrics { &fold.train } else { &[] })?)
            else {
                return Ok(None);
            };
            test = Some(held_out);
            train = job.train_metrics.then_some(training);
        }
        let scored =
            |rows: &[u32], values: Vec<f64>| (self.scores(rows, &values, &calibrated, settings), values);
        let held_out = test.map(|values| scored(&fold.test, values));
        let training = train.map(|values| scored(&fold.train, values));
        let evaluation = job.evaluation(held_out.unwrap_or_default(), training);
        let model = job.keep_models.then(|| self.model(task, settings, learned, combined, calibrated));
        let worst = learned.iter().filter(|one| !one.converged);
        let worst = worst.max_by(|a, b| a.violation.total_cmp(&b.violation));
        Ok(Some(Evaluation {
            model: model.transpose()?,
            warning: worst.map(|one| {
                advice(settings, one.steps, one.violation, &sweep.spread, &job.data.x, &fold.train)
            }),
            fit_seconds: seconds,
            score_seconds: start.elapsed().as_secs_f64(),
            ..evaluation
        }))
    }
}
