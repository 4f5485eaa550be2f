//! Many machines on many folds from the same kernel rows.
//!
//! Candidates of one kernel on one fold that differ in C only form a path, walked from the smallest C on,
//! each solution the start of the next. The tasks are (kernel, fold, class pair, path); those of one kernel
//! are neighbours, so that its rows are made once, used by all of them, and dropped when the last is done.
//! A candidate's fold is scored as soon as its last pair is solved.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::calibrate::{Calibrated, isotonic_of, sigmoid_of};
use super::kernel::{Kernel, Kind};
use super::machine::{Layout, Learned, Machine, Pair, expand, learned, pairs, program, undecided};
use super::model::{Coefficients, SvmModel, class_values, combine, no_points, probabilities_of};
use super::points::{Points, Source};
use super::problem::{Point, Problem, Solution};
use super::settings::{Calibration, ClassWeight, Settings, Which};
use super::solve::{Limits, Solver, gradient, subtract};
use super::store::{Base, Budget, Store};
use super::variance::{Spread, advice};
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::metric::Metric;
use crate::parallel::{Control, Watcher, for_each};
use crate::seed::Stream;
use crate::sweep::{Evaluation, Family, Fit, Job, Outcome};

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

impl Fit for Svms {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        _start: Option<&SvmModel>,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(SvmModel, Option<String>)> {
        let job = Job {
            data,
            folds: &[Fold::whole(data.n)],
            candidates: std::slice::from_ref(candidate),
            metrics: &[],
            train_metrics: false,
            keep_models: true,
            keep_predictions: false,
            n_threads,
        };
        let mut outcome = self.sweep(&job, control, watcher)?;
        let evaluation = outcome.evaluations.pop().and_then(|mut row| row.pop()).flatten();
        let evaluation = evaluation.ok_or(Error::Interrupted)?;
        Ok((evaluation.model.ok_or(Error::Interrupted)?, evaluation.warning))
    }
}

/// What is known before anything is solved.
struct Sweep<'a> {
    job: &'a Job<'a, Matrix<'a>>,
    settings: Vec<Settings>,
    layout: Layout,
    n_classes: usize,
    pairs: Vec<Pair>,
    /// How often each row trains, by fold and place.
    counts: Vec<Vec<f64>>,
    /// Sample weights by place.
    weights: Vec<f64>,
    kernels: Vec<Kernel>,
    tasks: Vec<Task>,
    spread: Spread,
}

/// Rows that are predicted at a time.
const BLOCK: usize = 512;

/// A path of candidates on one pair of one fold.
struct Task {
    kernel: usize,
    fold: usize,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
            evaluations: (0..self.settings.len() * job.folds.len()).map(|_| Mutex::new(None)).collect(),
            failed: Mutex::new(None),
            n_threads: (n_threads / self.tasks.len().max(1)).max(1),
            control,
        };
        control.expect(self.settings.len() * job.folds.len() * self.pairs.len());
        for_each(n_threads, self.tasks.len(), control, watcher, Solver::default, |solver, t| {
            if lock(&run.failed).is_some() {
                return;
            }
            if let Err(error) = run.task(solver, &self.tasks[t]) {
                lock(&run.failed).get_or_insert(error);
            }
        })?;
        if let Some(error) = run.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut cells = run.evaluations.into_iter().map(|e| e.into_inner().unwrap_or_default());
        let evaluations: Vec<Vec<_>> =
            (0..self.settings.len()).map(|_| cells.by_ref().take(job.folds.len()).collect()).collect();
        let n_fits = evaluations.iter().flatten().filter(|e| e.is_some()).count();
        Ok(Outcome { evaluations, n_fits })
    }

    /// Weights by place of a candidate on a fold: how often a row trains, times its own and its class's.
    fn training_weights(&self, settings: &Settings, fold: usize) -> Vec<f64> {
        let count = &self.counts[fold];
        let mut weights: Vec<f64> = count.iter().zip(&self.weights).map(|(c, w)| c * w).collect();
        if self.n_classes == 0 {
            return weights;
        }
        let sizes: Vec<f64> = self.layout.classes.iter().map(|c| count[c.clone()].iter().sum()).collect();
        let total: f64 = sizes.iter().sum();
        let present = sizes.iter().filter(|size| **size > 0.0).count() as f64;
        for (k, class) in self.layout.classes.iter().enumerate() {
            let factor = match &settings.class_weight {
                ClassWeight::None => 1.0,
                ClassWeight::Balanced => total / (present * sizes[k].max(1.0)),
                ClassWeight::Each(weights) => weights[k],
            };
            weights[class.clone()].iter_mut().for_each(|w| *w *= factor);
        }
        weights
    }
}

/// A sweep at work.
struct Run<'a> {
    sweep: &'a Sweep<'a>,
    source: &'a Source<'a>,
    bases: &'a [Base<'a>; 2],
    budget: &'a Budget,
    stores: Vec<Mutex<Option<Arc<Store<'a>>>>>,
    left: Vec<AtomicUsize>,
    pending: Vec<Mutex<Pending>>,
    evaluations: Vec<Mutex<Option<Evaluation<SvmModel>>>>,
    failed: Mutex<Option<Error>>,
    /// Threads within a task.
    n_threads: usize,
    control: &'a Control,
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
                        let fit =
                            Refit { run: self, settings, problem: &problem, solution: &solution, store };
                        let Some(calibrated) = fit.calibrate(solver, how, task.pair)? else { return Ok(()) };
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
        let evaluation = self.evaluate(task, &self.sweep.settings[c], &learned, pending.seconds, store)?;
        *lock(&self.evaluations[cell]) = evaluation;
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
        let scores = |rows: &[u32], values: &Option<Vec<f64>>| {
            values.as_ref().map_or_else(Vec::new, |v| self.scores(rows, v, &calibrated, settings))
        };
        let (scores, train_scores) = (scores(&fold.test, &test), scores(&fold.train, &train));
        let model = job.keep_models.then(|| self.model(task, settings, learned, combined, calibrated));
        let worst = learned.iter().filter(|one| !one.converged);
        let worst = worst.max_by(|a, b| a.violation.total_cmp(&b.violation));
        Ok(Some(Evaluation {
            scores,
            train_scores,
            predictions: test.filter(|_| job.keep_predictions),
            train_predictions: train.filter(|_| job.keep_predictions),
            model: model.transpose()?,
            warning: worst.map(|one| {
                advice(settings, one.steps, one.violation, &sweep.spread, &job.data.x, &fold.train)
            }),
            fit_seconds: seconds,
            score_seconds: start.elapsed().as_secs_f64(),
        }))
    }

    /// Decision values, and probabilities if calibrated, of rows (n, P + K).
    fn predictions(
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
        // Most of these rows train on other folds and are there already.
        let block = BLOCK.min(store.capacity());
        let mut k = vec![0.0; places.len()];
        for (at, out) in at.chunks(block).zip(out.chunks_mut(block * width)) {
            let kernel_rows = store.rows(at, self.n_threads, self.control)?;
            if kernel_rows.len() < at.len() {
                return Ok(None);
            }
            for (row, out) in kernel_rows.iter().zip(out.chunks_exact_mut(width)) {
                k.iter_mut().zip(places).for_each(|(k, &place)| *k = row[place as usize]);
                coefficients.decide(&k, store.vectors, &mut out[..p]);
            }
        }
        for out in out.chunks_exact_mut(width) {
            let (decisions, probabilities) = out.split_at_mut(p);
            probabilities_of(calibrated, sweep.n_classes, decisions, probabilities);
        }
        Ok(Some(out))
    }

    /// Probabilities for the metrics that need them, else values that rank the classes.
    fn scores(
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

    fn model(
        &self,
        task: &Task,
        settings: &Settings,
        learned: &[&Learned],
        (places, n_support, dual_coef): (Vec<u32>, Vec<usize>, Vec<f64>),
        calibrated: Vec<Calibrated>,
    ) -> Result<SvmModel> {
        let (sweep, data) = (self.sweep, &self.sweep.job.data);
        let rows: Vec<u32> = places.iter().map(|&place| sweep.layout.order[place as usize]).collect();
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

/// Folds within the training rows that calibrate.
const FOLDS: usize = 5;

/// A solution, and what is needed to solve again without some of its rows.
struct Refit<'r, 'a> {
    run: &'r Run<'a>,
    settings: &'r Settings,
    problem: &'r Problem,
    solution: &'r Solution,
    store: &'r Store<'a>,
}

impl Refit<'_, '_> {
    /// Learns probabilities from the decision values of rows that are left out in turn. Each of the five
    /// programs starts from the whole solution without its rows. `None` if stopped.
    fn calibrate(&self, solver: &mut Solver, how: Calibration, pair: usize) -> Result<Option<Calibrated>> {
        let problem = self.problem;
        let m = problem.m();
        let trains: Vec<usize> = (0..m).filter(|&v| problem.moves(v)).collect();
        let fold_of = self.folds(&trains, pair);
        let decisions = Mutex::new(vec![0.0; m]);
        let stopped = Mutex::new(Ok(false));
        let one = |solver: &mut Solver, f: usize| {
            solver.begin();
            match self.left_out(solver, |v| fold_of[v] == f as u8) {
                Ok(Some(found)) => {
                    let mut decisions = lock(&decisions);
                    for &v in trains.iter().filter(|&&v| fold_of[v] == f as u8) {
                        decisions[v] = found[v];
                    }
                }
                Ok(None) => *lock(&stopped) = Ok(true),
                Err(error) => *lock(&stopped) = Err(error),
            }
        };
        let (n_threads, control) = (self.run.n_threads, self.run.control);
        if n_threads > 1 {
            for_each(n_threads, FOLDS, control, &mut |_, _| true, Solver::default, one)?;
        } else {
            (0..FOLDS).for_each(|f| one(solver, f));
        }
        if stopped.into_inner().unwrap_or(Ok(true))? || control.stopped() {
            return Ok(None);
        }
        let decisions = decisions.into_inner().unwrap_or_default();
        let f: Vec<f64> = trains.iter().map(|&v| decisions[v]).collect();
        let positive: Vec<bool> = trains.iter().map(|&v| problem.hi[v] > 0.0).collect();
        let weights: Vec<f64> = trains.iter().map(|&v| self.run.sweep.weights[problem.row(v)]).collect();
        Ok(Some(match how {
            Calibration::Sigmoid => sigmoid_of(&f, &positive, &weights),
            Calibration::Isotonic => isotonic_of(&f, &positive, &weights),
        }))
    }

    /// The fold of each variable; each class is shuffled and dealt out, so that all folds have both.
    fn folds(&self, trains: &[usize], pair: usize) -> Vec<u8> {
        let mut fold_of = vec![u8::MAX; self.problem.m()];
        for positive in [false, true] {
            let mut members: Vec<usize> =
                trains.iter().copied().filter(|&v| (self.problem.hi[v] > 0.0) == positive).collect();
            let mut stream = Stream::new(self.settings.seed).child(pair as u64).child(u64::from(positive));
            for i in (1..members.len()).rev() {
                members.swap(i, stream.below(i as u32 + 1) as usize);
            }
            members.iter().enumerate().for_each(|(i, &v)| fold_of[v] = (i % FOLDS) as u8);
        }
        fold_of
    }

    /// Decision values of all variables' rows, learned without those that are held out.
    fn left_out(&self, solver: &mut Solver, held_out: impl Fn(usize) -> bool) -> Result<Option<Vec<f64>>> {
        let (old, machine) = (self.problem, self.settings.machine);
        let keep = |bounds: &[f64]| -> Vec<f64> {
            bounds.iter().enumerate().map(|(v, &bound)| if held_out(v) { 0.0 } else { bound }).collect()
        };
        let problem = Problem {
            blocks: old.blocks.clone(),
            grouped: old.grouped,
            target: old.target.clone(),
            lo: keep(&old.lo),
            hi: keep(&old.hi),
            epsilon: old.epsilon,
        };
        if let Some(constant) = undecided(&problem) {
            return Ok(Some(constant.decisions));
        }
        let mut point = self.solution.point.clone();
        let before = point.b.clone();
        (0..problem.m()).for_each(|v| point.b[v] = point.b[v].clamp(problem.lo[v], problem.hi[v]));
        for group in problem.groups() {
            let sum = match machine {
                Machine::NuClasses { nu } => {
                    let size: f64 = problem.hi.iter().zip(&problem.lo).map(|(hi, lo)| hi - lo).sum();
                    let own: f64 = group.clone().map(|v| problem.hi[v] - problem.lo[v]).sum();
                    let sign = if problem.hi[group.clone()].iter().any(|&hi| hi > 0.0) { 1.0 } else { -1.0 };
                    sign * (nu * size / 2.0).min(own)
                }
                _ => 0.0,
            };
            repair(&problem, group, sum, &mut point.b);
        }
        let (n_threads, control) = (1, self.run.control);
        let changed: Vec<usize> = (0..problem.m()).filter(|&v| point.b[v] != before[v]).collect();
        for some in changed.chunks(256.min(self.store.capacity())) {
            let rows: Vec<u32> = some.iter().map(|&v| problem.row(v) as u32).collect();
            let rows = self.store.rows(&rows, n_threads, control)?;
            if rows.len() < some.len() {
                return Ok(None);
            }
            let moved: Vec<_> = rows.into_iter().zip(some.iter().map(|&v| point.b[v] - before[v])).collect();
            subtract(&problem, &mut point.g, &moved, self.store, n_threads, control)?;
        }
        let limits = Limits { n_threads, ..self.run.limits(self.settings) };
        let solution = solver.solve(&problem, point, self.store, &limits, control)?;
        Ok(solution.map(|solution| learned(machine, &problem, &solution).decisions))
    }
}

/// Moves variables of a group until they sum to `sum` again: free ones first.
fn repair(problem: &Problem, group: std::ops::Range<usize>, sum: f64, b: &mut [f64]) {
    let mut left = sum - b[group.clone()].iter().sum::<f64>();
    for only_free in [true, false] {
        for v in group.clone() {
            if left == 0.0 {
                return;
            }
            let (lo, hi) = (problem.lo[v], problem.hi[v]);
            if only_free && !(b[v] > lo && b[v] < hi) {
                continue;
            }
            let step = if left > 0.0 { left.min(hi - b[v]) } else { left.max(lo - b[v]) };
            b[v] += step;
            left -= step;
        }
    }
}
