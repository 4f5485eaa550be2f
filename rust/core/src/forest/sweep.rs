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
use super::grow::{Arena, GrownTree, Growth};
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
use crate::vectors::Vectors;

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
        let settings =
            job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let groups = groups(&settings);
        let mut outcome = Outcome {
            evaluations: (job.candidates.iter())
                .map(|_| (job.folds.iter()).map(|_| None).collect())
                .collect(),
            n_fits: 0,
        };
        let trees: usize = groups.iter().map(|members| n_trees(&settings, members)).sum();
        control.expect(trees * job.folds.len());
        let ranked = rank(&job.data, job.n_threads, control, watcher)?;
        for members in &groups {
            // With a time limit, all folds come to the same number of trees before any grows more, so that
            // the smaller candidates are complete when time is up. Else a fold at a time, to save memory.
            let together = if control.has_deadline() { job.folds.len() } else { 1 };
            let stages = stages(&settings, members, control.has_deadline());
            for (batch, folds) in job.folds.chunks(together.max(1)).enumerate() {
                let group = |fold| Group { job, settings: &settings, members, fold };
                let mut runs = Vec::new();
                for fold in folds.iter().filter(|_| !control.expired()) {
                    runs.push(Run::new(group(fold), &ranked, control, watcher)?);
                }
                for stage in &stages {
                    for run in runs.iter_mut().filter(|_| !control.expired()) {
                        run.grow(stage.clone(), control, watcher)?;
                    }
                }
                for (f, run) in runs.into_iter().enumerate() {
                    let evaluations = run.finish();
                    outcome.n_fits += usize::from(evaluations.iter().any(Option::is_some));
                    for (&c, evaluation) in members.iter().zip(evaluations) {
                        outcome.evaluations[c][batch * together + f] = evaluation;
                    }
                }
            }
        }
        Ok(outcome)
    }
}

/// The trees to grow one after the other: up to each number that a candidate wants, or all at once.
fn stages(settings: &[Settings], members: &[usize], by_number: bool) -> Vec<std::ops::Range<usize>> {
    let mut ends: Vec<usize> = members.iter().map(|&c| settings[c].free.n_estimators).collect();
    ends.sort_unstable();
    ends.dedup();
    if !by_number {
        ends = ends.pop().into_iter().collect();
    }
    let starts = std::iter::once(0).chain(ends.clone());
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

pub(super) fn check(data: &Data<'_>) -> Result<()> {
    data.check()?;
    if data.d >= MAX_COLUMNS {
        return Err(Error::invalid(format!(
            "X has {} columns: forests take fewer than {MAX_COLUMNS}",
            data.d
        )));
    }
    let bad = (0..data.d).filter(|&j| data.categorical[j]).find(|&j| {
        let codes = data.x.iter().skip(j).step_by(data.d);
        codes.into_iter().any(|&x| !x.is_nan() && (x < 0.0 || x.fract() != 0.0 || x > 16_777_216.0))
    });
    match bad {
        Some(j) => Err(Error::invalid(format!(
            "column {j} of X is categorical: its codes must be integers in [0, 2^24]"
        ))),
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
    for_each(
        n_threads,
        n,
        &control.without_deadline(),
        watcher,
        || (),
        |(), i| {
            let _ = cells[i].set(make(i));
        },
    )?;
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
        let y = train
            .iter()
            .flat_map(|&i| &data.y[i as usize * data.n_outputs..][..data.n_outputs])
            .copied()
            .collect();
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
                    (Some(k @ ..=8), true) => single!(Counts<u32, 8>, $criterion, k),
                    (Some(k @ ..=16), true) => single!(Counts<u32, 16>, $criterion, k),
                    (Some(k @ ..=32), true) => single!(Counts<u32, 32>, $criterion, k),
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
        let growth = Growth {
            targets,
            columns: &self.prepared.columns,
            rules: &rules,
            control: self.control,
            vectors: Vectors::detect(),
        };
        let sampling = &self.prepared.sampling;
        let first = self.trees.start;
        for_each(self.n_threads, self.trees.len(), self.control, watcher, Arena::<T>::default, |arena, i| {
            let counts = sampling.counts(first + i);
            let weights = sampling.weights(counts.as_deref());
            if let Some(tree) = growth.tree(&weights, sampling.nodes(first + i), arena) {
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
    let oob = options
        .oob
        .then(|| InOrder::new(trees.start, (vec![0.0; data.n * data.n_values()], vec![0u32; data.n])));
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

/// A group on a fold as its trees grow.
struct Run<'a> {
    group: Group<'a>,
    prepared: Prepared<'a>,
    known: Known,
    /// The truncations that the members ask for, and which of them each member's is.
    truncations: Vec<Truncation>,
    which: Vec<usize>,
    rows: Vec<u32>,
    running: Mutex<InOrder<Walked, Running>>,
    /// The members' models, if kept.
    kept: Vec<Keep>,
    seconds: f64,
}

impl<'a> Run<'a> {
    fn new(group: Group<'a>, ranked: &[Ranked], control: &Control, watcher: Watcher<'_>) -> Result<Self> {
        let start = Instant::now();
        let (job, train, members) = (group.job, &group.fold.train, group.members);
        let first = &group.settings[members[0]];
        let prepared = Prepared::new(&job.data, ranked, train, first, job.n_threads, control, watcher)?;
        let mut truncations: Vec<Truncation> = Vec::new();
        let mut which = Vec::new();
        for &c in members {
            let truncation = group.settings[c].truncation(train.len());
            let known = truncations.iter().position(|t| *t == truncation);
            which.push(known.unwrap_or(truncations.len()));
            if known.is_none() {
                truncations.push(truncation);
            }
        }
        let rows = group.scored_rows();
        let keep =
            |&c: &usize| Keep::new(&job.data, &group.settings[c], 0..group.settings[c].free.n_estimators);
        let running = Running {
            sums: vec![0.0; truncations.len() * rows.len() * job.data.n_values()],
            scored: vec![None; members.len()],
        };
        Ok(Run {
            known: Known::new(&prepared.columns),
            prepared,
            truncations,
            which,
            rows,
            running: InOrder::new(0, running),
            kept: if job.keep_models { members.iter().map(keep).collect() } else { Vec::new() },
            seconds: start.elapsed().as_secs_f64(),
            group,
        })
    }

    /// Grows more trees and scores the members that want no more than these.
    fn grow(&mut self, trees: std::ops::Range<usize>, control: &Control, watcher: Watcher<'_>) -> Result<()> {
        let start = Instant::now();
        let group = &self.group;
        let (data, members) = (&group.job.data, group.members);
        Grower {
            prepared: &self.prepared,
            settings: &group.settings[members[0]],
            truncation: Truncation::loosest(&self.truncations),
            trees,
            n_threads: group.job.n_threads,
            control,
            consume: |number, grown: GrownTree, _: Option<&[u32]>| {
                for (keep, (&c, &t)) in self.kept.iter().zip(members.iter().zip(&self.which)) {
                    if number < group.settings[c].free.n_estimators {
                        keep.put(number, &grown, &self.truncations[t]);
                    }
                }
                let walked = walk(data, grown, &self.truncations, &self.rows, &self.known);
                InOrder::put(&self.running, number, walked, |running, number, walked| {
                    group.add(running, &walked);
                    group.score(running, number + 1, &self.which, self.rows.len());
                });
            },
        }
        .run(data, watcher)?;
        self.seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// An evaluation for each member that was scored.
    fn finish(mut self) -> Vec<Option<Evaluation<Forest>>> {
        let n_members = self.group.members.len();
        let Ok(running) = self.running.into_inner() else { return vec![None; n_members] };
        let mut scored = running.state.scored;
        let share = self.seconds / n_members as f64;
        for (m, evaluation) in scored.iter_mut().enumerate() {
            if let Some(evaluation) = evaluation {
                evaluation.fit_seconds = (share - evaluation.score_seconds).max(0.0);
                evaluation.model = self.kept.get_mut(m).and_then(Keep::forest);
            }
        }
        scored
    }
}

impl Group<'_> {
    /// Held-out rows, and then the training rows where these are scored too.
    fn scored_rows(&self) -> Vec<u32> {
        let mut rows = self.fold.test.clone();
        if self.job.train_metrics {
            rows.extend(&self.fold.train);
        }
        rows
    }

    fn add(&self, running: &mut Running, walked: &Walked) {
        let v = self.job.data.n_values();
        debug_assert_eq!(running.sums.len(), walked.nodes.len() * v);
        for (&node, sum) in walked.nodes.iter().zip(running.sums.chunks_exact_mut(v)) {
            let value = &walked.values[node as usize * v..][..v];
            sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Scores the members that want just `n_trees` trees.
    fn score(&self, running: &mut Running, n_trees: usize, which: &[usize], n_rows: usize) {
        let (job, data) = (self.job, &self.job.data);
        let width = n_rows * data.n_values();
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

/// The categories that a fold's training rows have: any other is missing to a model that learned there.
struct Known(Vec<Option<Vec<u32>>>);

impl Known {
    fn new(columns: &[Column]) -> Self {
        let categories = |column: &Column| column.low.iter().map(|&code| code as u32).collect();
        Known(columns.iter().map(|column| column.categorical.then(|| categories(column))).collect())
    }

    /// The value of a row in a column, NaN for an unknown category.
    fn read(&self, column: usize, row: &[f32]) -> f32 {
        match &self.0[column] {
            Some(known) if known.binary_search(&(row[column] as u32)).is_err() => f32::NAN,
            _ => row[column],
        }
    }
}

/// Sends every row down the tree once, noting where each truncation stops it.
fn walk(
    data: &Data<'_>,
    grown: GrownTree,
    truncations: &[Truncation],
    rows: &[u32],
    known: &Known,
) -> Walked {
    let stops = Stops::new(&grown, truncations);
    let n = rows.len();
    let mut nodes = vec![0; truncations.len() * n];
    let mut moving = vec![0u64; stops.words];
    for (i, &r) in rows.iter().enumerate() {
        let x = row(data, r);
        let mut here = 0;
        moving.fill(u64::MAX);
        if !truncations.len().is_multiple_of(64) {
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
            let value = known.read(split.column(), x);
            here = node.left + u32::from(!split.goes_left(value, &grown.categories));
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
