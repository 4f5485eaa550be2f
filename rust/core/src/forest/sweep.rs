//! Many forests on many folds, each group of candidates from the same grown trees.
//!
//! Candidates form a group if they differ only in what truncates (settings.rs). For a group and a
//! fold, the trees are grown once, by the loosest settings. As each tree is done, every held-out row
//! walks down once and leaves, for each truncation, the value of the node where it stops; the sums
//! over trees are taken in the order of the trees, whichever thread grew them. Where a candidate's
//! number of trees is reached, it is scored. Memory: a tree per thread and a sum per truncation and row.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use super::bins::{Column, Ranked};
use super::criterion::{Entropy, Poisson, Quadratic};
use super::grow::{Arena, Growth, GrownTree};
use super::learned::{Forest, compact, importances};
use super::rules::Truncation;
use super::sample::Sampling;
use super::settings::{Criterion, Settings};
use super::sums::{Binary, Counts, Moments};
use super::targets::{Single, Targets};
use super::tree::{MAX_COLUMNS, Node, Tree};
use super::truncate::{Stops, inner_nodes};
use super::wide::Wide;
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::metric::Metric;
use crate::parallel::{Control, Watcher, for_each};
use crate::sweep::{Evaluation, Family, Job, Outcome};

/// The family of forests.
pub struct Forests;

/// A fit of a single forest.
pub struct FitOptions {
    /// Sum the predictions of rows by the trees that did not see them.
    pub oob: bool,
    /// Trees before this one exist already.
    pub first_tree: usize,
    pub n_threads: usize,
}

/// A forest, and what its trees say of the rows that they did not see.
pub struct Fitted {
    pub forest: Forest,
    /// Sums of predictions (n, n_values) and number of trees (n,), if asked for.
    pub oob: Option<(Vec<f64>, Vec<u32>)>,
}

impl Family for Forests {
    type Model = Forest;

    fn sweep(&self, job: &Job<'_>, control: &Control, watcher: Watcher<'_>) -> Result<Outcome<Forest>> {
        check(&job.data)?;
        let settings = job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let groups = groups(&settings);
        let mut outcome = Outcome {
            evaluations: (job.candidates.iter()).map(|_| (job.folds.iter()).map(|_| None).collect()).collect(),
            n_fits: 0,
        };
        let trees: usize = groups.iter().map(|members| n_trees(&settings, members)).sum();
        control.expect(trees * job.folds.len());
        let ranked = rank(&job.data, job.n_threads, control, watcher)?;
        for (f, fold) in job.folds.iter().enumerate() {
            for members in &groups {
                let group = Group { job, settings: &settings, members, fold };
                let Some(evaluations) = group.evaluate(&ranked, control, watcher)? else {
                    return Ok(outcome);
                };
                outcome.n_fits += 1;
                for (&c, evaluation) in members.iter().zip(evaluations) {
                    outcome.evaluations[c][f] = evaluation;
                }
            }
        }
        Ok(outcome)
    }
}

pub(super) fn check(data: &Data<'_>) -> Result<()> {
    data.check()?;
    if data.d >= MAX_COLUMNS {
        return Err(Error::invalid(format!("X has {} columns: forests take fewer than {MAX_COLUMNS}", data.d)));
    }
    let bad = (0..data.d).filter(|&j| data.categorical[j]).find(|&j| {
        let codes = data.x.iter().skip(j).step_by(data.d);
        codes.into_iter().any(|&x| !x.is_nan() && (x < 0.0 || x.fract() != 0.0 || x > 16_777_216.0))
    });
    match bad {
        Some(j) => Err(Error::invalid(format!("column {j} of X is categorical: its codes must be integers in [0, 2^24]"))),
        None => Ok(()),
    }
}

/// Candidates that the same grown trees serve, in the order of their first member.
fn groups(settings: &[Settings]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (c, one) in settings.iter().enumerate() {
        match groups.iter_mut().find(|members| settings[members[0]].shared == one.shared) {
            Some(members) => members.push(c),
            None => groups.push(vec![c]),
        }
    }
    groups
}

fn n_trees(settings: &[Settings], members: &[usize]) -> usize {
    members.iter().map(|&c| settings[c].free.n_estimators).max().unwrap_or(0)
}

/// Ranks all columns, in parallel.
fn rank(data: &Data<'_>, n_threads: usize, control: &Control, watcher: Watcher<'_>) -> Result<Vec<Ranked>> {
    in_parallel(data.d, n_threads, control, watcher, |j| Ranked::new(data, j))
}

/// `make(0..n)`, in order. Short work: a deadline does not cut it off, an interruption does.
pub(super) fn in_parallel<T: Send + Sync>(
    n: usize,
    n_threads: usize,
    control: &Control,
    watcher: Watcher<'_>,
    make: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>> {
    let cells: Vec<OnceLock<T>> = (0..n).map(|_| OnceLock::new()).collect();
    for_each(n_threads, n, &control.without_deadline(), watcher, || (), |(), i| {
        let _ = cells[i].set(make(i));
    })?;
    cells.into_iter().map(|cell| cell.into_inner().ok_or(Error::Interrupted)).collect()
}

/// The training rows of a fold as a forest reads them.
struct Prepared<'a> {
    columns: Vec<Column>,
    /// y of the training rows (n_train, n_outputs).
    y: Vec<f64>,
    sampling: Sampling<'a>,
}

impl<'a> Prepared<'a> {
    fn new(
        data: &'a Data<'a>,
        ranked: &[Ranked],
        train: &'a [u32],
        settings: &'a Settings,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Self> {
        let max_bins = settings.shared.max_bins;
        let columns = in_parallel(data.d, n_threads, control, watcher, |j| ranked[j].bin(train, max_bins))?;
        let y = train.iter().flat_map(|&i| &data.y[i as usize * data.n_outputs..][..data.n_outputs]).copied().collect();
        Ok(Prepared { columns, y, sampling: Sampling::new(data, train, &settings.shared)? })
    }
}

/// Grows trees, and hands each to `consume` on the thread that grew it, with its bootstrap counts.
struct Grower<'a, F> {
    prepared: &'a Prepared<'a>,
    settings: &'a Settings,
    truncation: Truncation,
    trees: std::ops::Range<usize>,
    n_threads: usize,
    control: &'a Control,
    consume: F,
}

impl<F: Fn(usize, GrownTree, Option<&[u32]>) + Sync> Grower<'_, F> {
    /// Picks the sums that fit the targets.
    fn run(self, data: &Data<'_>, watcher: Watcher<'_>) -> Result<()> {
        let y = &self.prepared.y;
        let criterion = self.settings.shared.criterion;
        let classes = match data.n_classes {
            [k] => Some(*k),
            _ => None,
        };
        let whole = self.prepared.sampling.whole();
        macro_rules! single {
            ($sums:ty, $criterion:expr, $values:expr) => {
                self.grow(data.d, &Single::<$sums, _>::new(y, $values, $criterion), watcher)
            };
        }
        macro_rules! classes {
            ($criterion:expr) => {
                match (classes, whole) {
                    (Some(2), true) => single!(Binary, $criterion, 2),
                    (Some(2), false) => single!(Moments, $criterion, 2),
                    (Some(k @ ..=4), true) => single!(Counts<u32, 4>, $criterion, k),
                    (Some(k @ ..=8), true) => single!(Counts<u32, 8>, $criterion, k),
                    (Some(k @ ..=16), true) => single!(Counts<u32, 16>, $criterion, k),
                    (Some(k @ ..=32), true) => single!(Counts<u32, 32>, $criterion, k),
                    (Some(k @ ..=8), false) => single!(Counts<f64, 8>, $criterion, k),
                    (Some(k @ ..=32), false) => single!(Counts<f64, 32>, $criterion, k),
                    _ => self.grow(data.d, &self.wide(data), watcher),
                }
            };
        }
        match (criterion, data.n_outputs) {
            (Criterion::Gini, 1) => classes!(Quadratic),
            (Criterion::Entropy, 1) => classes!(Entropy),
            (Criterion::SquaredError, 1) => single!(Moments, Quadratic, 1),
            (Criterion::Poisson, 1) => single!(Moments, Poisson, 1),
            _ => self.grow(data.d, &self.wide(data), watcher),
        }
    }

    fn wide<'b>(&'b self, data: &'b Data<'_>) -> Wide<'b> {
        Wide {
            y: &self.prepared.y,
            n_outputs: data.n_outputs,
            n_classes: data.n_classes,
            criterion: self.settings.shared.criterion,
        }
    }

    fn grow<T: Targets>(&self, d: usize, targets: &T, watcher: Watcher<'_>) -> Result<()> {
        let rules = self.settings.shared.rules(self.prepared.columns[0].len(), d, self.truncation);
        let growth = Growth { targets, columns: &self.prepared.columns, rules: &rules, control: self.control };
        let sampling = &self.prepared.sampling;
        let first = self.trees.start;
        for_each(self.n_threads, self.trees.len(), self.control, watcher, Arena::<T>::default, |arena, i| {
            let counts = sampling.counts(first + i);
            let weights = sampling.weights(counts.as_deref());
            if let Some(tree) = growth.tree(weights, sampling.nodes(first + i), arena) {
                (self.consume)(first + i, tree, counts.as_deref());
                self.control.advance(1);
            }
        })
    }
}

/// Takes results in any order and uses them in the order of their numbers.
struct InOrder<D, S> {
    next: usize,
    waiting: BTreeMap<usize, D>,
    state: S,
}

impl<D, S> InOrder<D, S> {
    fn new(first: usize, state: S) -> Mutex<Self> {
        Mutex::new(InOrder { next: first, waiting: BTreeMap::new(), state })
    }

    fn put(this: &Mutex<Self>, number: usize, item: D, mut take: impl FnMut(&mut S, usize, D)) {
        // A poisoned lock means that another thread panicked: its panic is the one to report.
        let Ok(mut this) = this.lock() else { return };
        this.waiting.insert(number, item);
        let next = this.next;
        let mut number = next;
        while let Some(item) = this.waiting.remove(&number) {
            take(&mut this.state, number, item);
            number += 1;
        }
        this.next = number;
    }
}

/// Learns one forest. `None` of it is kept if the control stops the work.
pub fn fit(
    data: &Data<'_>,
    candidate: &Candidate,
    options: &FitOptions,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Fitted> {
    check(data)?;
    let settings = Settings::parse(candidate, data)?;
    let whole = Fold::whole(data.n);
    let trees = options.first_tree..settings.free.n_estimators.max(options.first_tree);
    control.expect(trees.len());
    // A single use: each column's ranks are dropped as soon as its codes are made.
    let columns = in_parallel(data.d, options.n_threads, control, watcher, |j| {
        Ranked::new(data, j).bin(&whole.train, settings.shared.max_bins)
    })?;
    let sampling = Sampling::new(data, &whole.train, &settings.shared)?;
    let prepared = Prepared { columns, y: data.y.to_vec(), sampling };
    let truncation = settings.truncation(data.n);
    let mut keep = Keep::new(data, &settings, trees.clone());
    let oob = options.oob.then(|| {
        InOrder::new(trees.start, (vec![0.0; data.n * data.n_values()], vec![0u32; data.n]))
    });
    Grower {
        prepared: &prepared,
        settings: &settings,
        truncation: Truncation::loosest(&[truncation]),
        trees: trees.clone(),
        n_threads: options.n_threads,
        control,
        consume: |number, grown: GrownTree, counts: Option<&[u32]>| {
            let tree = keep.put(number, &grown, &truncation);
            if let (Some(oob), Some(counts)) = (&oob, counts) {
                let unseen: Vec<u32> = (0..data.n as u32).filter(|&i| counts[i as usize] == 0).collect();
                let leaves: Vec<u32> = unseen.iter().map(|&i| tree.leaf(row(data, i))).collect();
                InOrder::put(oob, number, (tree, unseen, leaves), |(sums, n), _, (tree, unseen, leaves)| {
                    let v = data.n_values();
                    for (&i, leaf) in unseen.iter().zip(leaves) {
                        tree.add_value(leaf, &mut sums[i as usize * v..][..v]);
                        n[i as usize] += 1;
                    }
                });
            }
        },
    }
    .run(data, watcher)?;
    let forest = keep.forest().ok_or(Error::Interrupted)?;
    let oob = oob.and_then(|oob| oob.into_inner().ok()).map(|oob| oob.state);
    Ok(Fitted { forest, oob })
}

/// Row i of X.
fn row<'a>(data: &Data<'a>, i: u32) -> &'a [f32] {
    &data.x[i as usize * data.d..][..data.d]
}

/// A forest whose trees arrive in any order.
struct Keep {
    first: usize,
    trees: Vec<OnceLock<(Arc<Tree>, Vec<f64>)>>,
    empty: Forest,
}

impl Keep {
    fn new(data: &Data<'_>, settings: &Settings, trees: std::ops::Range<usize>) -> Self {
        Keep {
            first: trees.start,
            trees: trees.map(|_| OnceLock::new()).collect(),
            empty: Forest {
                n_features: data.d,
                n_outputs: data.n_outputs,
                n_classes: data.n_classes.to_vec(),
                trees: Vec::new(),
                importances: Vec::new(),
                criterion: settings.shared.criterion,
            },
        }
    }

    fn put(&self, number: usize, grown: &GrownTree, truncation: &Truncation) -> Arc<Tree> {
        let inner = inner_nodes(grown, truncation);
        let pure = self.empty.n_classes.len() == 1;
        let tree = Arc::new(compact(grown, &inner, self.empty.n_values(), pure));
        let shares = importances(grown, &inner, self.empty.n_features);
        let _ = self.trees[number - self.first].set((Arc::clone(&tree), shares));
        tree
    }

    /// The forest, if all its trees have arrived.
    fn forest(&mut self) -> Option<Forest> {
        let mut forest = self.empty.clone();
        for cell in std::mem::take(&mut self.trees) {
            let (tree, shares) = cell.into_inner()?;
            forest.trees.push(tree);
            forest.importances.extend(shares);
        }
        Some(forest)
    }
}

/// Candidates of one group on one fold.
struct Group<'a> {
    job: &'a Job<'a>,
    settings: &'a [Settings],
    members: &'a [usize],
    fold: &'a Fold,
}

/// Where a tree sends the rows that are scored.
struct Walked {
    values: Vec<f64>,
    /// Node by truncation and row (n_truncations, n_rows).
    nodes: Vec<u32>,
}

/// Running sums, and what was scored on the way.
struct Running {
    /// By truncation, row and value (n_truncations, n_rows, n_values).
    sums: Vec<f64>,
    scored: Vec<Option<Evaluation<Forest>>>,
}

impl Group<'_> {
    /// One evaluation per member; `None` if time ran out before any.
    fn evaluate(
        &self,
        ranked: &[Ranked],
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Option<Vec<Option<Evaluation<Forest>>>>> {
        if control.expired() {
            return Ok(None);
        }
        let (job, data, train) = (self.job, &self.job.data, &self.fold.train);
        let start = Instant::now();
        let first = &self.settings[self.members[0]];
        let prepared = Prepared::new(data, ranked, train, first, job.n_threads, control, watcher)?;

        let mut truncations: Vec<Truncation> = Vec::new();
        let which: Vec<usize> = (self.members.iter())
            .map(|&c| {
                let truncation = self.settings[c].truncation(train.len());
                truncations.iter().position(|t| *t == truncation).unwrap_or_else(|| {
                    truncations.push(truncation);
                    truncations.len() - 1
                })
            })
            .collect();

        let rows = self.scored_rows();
        let trees = 0..n_trees(self.settings, self.members);
        let mut kept: Vec<Keep> = if job.keep_models {
            self.members.iter().map(|&c| Keep::new(data, &self.settings[c], 0..self.settings[c].free.n_estimators)).collect()
        } else {
            Vec::new()
        };
        let running = InOrder::new(0, Running {
            sums: vec![0.0; truncations.len() * rows.len() * data.n_values()],
            scored: vec![None; self.members.len()],
        });
        Grower {
            prepared: &prepared,
            settings: first,
            truncation: Truncation::loosest(&truncations),
            trees,
            n_threads: job.n_threads,
            control,
            consume: |number, grown: GrownTree, _: Option<&[u32]>| {
                for (keep, (&c, &t)) in kept.iter().zip(self.members.iter().zip(&which)) {
                    if number < self.settings[c].free.n_estimators {
                        keep.put(number, &grown, &truncations[t]);
                    }
                }
                let walked = walk(data, grown, &truncations, &rows);
                InOrder::put(&running, number, walked, |running, number, walked| {
                    self.add(running, &walked, &rows);
                    self.score(running, number + 1, &which, &rows);
                });
            },
        }
        .run(data, watcher)?;

        let Ok(running) = running.into_inner() else { return Ok(None) };
        let mut scored = running.state.scored;
        let share = start.elapsed().as_secs_f64() / self.members.len() as f64;
        for (m, evaluation) in scored.iter_mut().enumerate() {
            if let Some(evaluation) = evaluation {
                evaluation.fit_seconds = (share - evaluation.score_seconds).max(0.0);
                evaluation.model = kept.get_mut(m).and_then(Keep::forest);
            }
        }
        Ok(scored.iter().any(Option::is_some).then_some(scored))
    }

    /// Held-out rows, and then the training rows where these are scored too.
    fn scored_rows(&self) -> Vec<u32> {
        let mut rows = self.fold.test.clone();
        if self.job.train_metrics {
            rows.extend(&self.fold.train);
        }
        rows
    }

    fn add(&self, running: &mut Running, walked: &Walked, rows: &[u32]) {
        let v = self.job.data.n_values();
        debug_assert_eq!(running.sums.len(), walked.nodes.len() * v);
        debug_assert_eq!(walked.nodes.len() % rows.len().max(1), 0);
        for (&node, sum) in walked.nodes.iter().zip(running.sums.chunks_exact_mut(v)) {
            let value = &walked.values[node as usize * v..][..v];
            sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Scores the members that want just `n_trees` trees.
    fn score(&self, running: &mut Running, n_trees: usize, which: &[usize], rows: &[u32]) {
        let (job, data) = (self.job, &self.job.data);
        let width = rows.len() * data.n_values();
        for (m, &c) in self.members.iter().enumerate() {
            if self.settings[c].free.n_estimators != n_trees {
                continue;
            }
            let start = Instant::now();
            let sums = &running.sums[which[m] * width..][..width];
            let means: Vec<f64> = sums.iter().map(|sum| sum / n_trees as f64).collect();
            let (test, train) = means.split_at(self.fold.test.len() * data.n_values());
            let scores = |rows: &[u32], prediction: &[f64]| -> Vec<f64> {
                let y: Vec<f64> = rows.iter().map(|&i| data.y[i as usize * data.n_outputs]).collect();
                let k = data.n_classes.first().copied().unwrap_or(0);
                job.metrics.iter().map(|metric: &Metric| metric.score(&y, prediction, k)).collect()
            };
            let keep = |values: &[f64]| job.keep_predictions.then(|| values.to_vec());
            running.scored[m] = Some(Evaluation {
                scores: scores(&self.fold.test, test),
                train_scores: if job.train_metrics { scores(&self.fold.train, train) } else { Vec::new() },
                predictions: keep(test),
                train_predictions: if job.train_metrics { keep(train) } else { None },
                model: None,
                fit_seconds: 0.0,
                score_seconds: start.elapsed().as_secs_f64(),
            });
        }
    }
}

/// Sends every row down the tree once, noting where each truncation stops it.
fn walk(data: &Data<'_>, grown: GrownTree, truncations: &[Truncation], rows: &[u32]) -> Walked {
    let stops = Stops::new(&grown, truncations);
    let n = rows.len();
    let mut nodes = vec![0; truncations.len() * n];
    let mut moving = vec![0u64; stops.words];
    for (i, &r) in rows.iter().enumerate() {
        let x = row(data, r);
        let mut here = 0;
        moving.fill(u64::MAX);
        if truncations.len() % 64 != 0 {
            moving[stops.words - 1] = (1 << (truncations.len() % 64)) - 1;
        }
        loop {
            let mut left = 0;
            for (word, (moving, stop)) in moving.iter_mut().zip(stops.of(here)).enumerate() {
                let mut ending = *moving & stop;
                *moving &= !stop;
                left |= *moving;
                while ending != 0 {
                    let t = word * 64 + ending.trailing_zeros() as usize;
                    nodes[t * n + i] = here;
                    ending &= ending - 1;
                }
            }
            if left == 0 {
                break;
            }
            let node = &grown.nodes[here as usize];
            let split = Node { split: node.split, data: node.data, right: 0, n: 0 };
            here = node.left + u32::from(!split.goes_left(x[split.column()], &grown.categories));
        }
    }
    Walked { values: grown.values, nodes }
}

/// How often each training row is drawn for a tree (n,): once each without bootstrap.
pub fn bootstrap_counts(data: &Data<'_>, candidate: &Candidate, tree: usize) -> Result<Vec<u32>> {
    check(data)?;
    let settings = Settings::parse(candidate, data)?;
    let whole = Fold::whole(data.n);
    let sampling = Sampling::new(data, &whole.train, &settings.shared)?;
    Ok(sampling.counts(tree).unwrap_or_else(|| vec![1; data.n]))
}
