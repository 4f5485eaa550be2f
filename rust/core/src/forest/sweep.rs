//! Many forests on many folds, each group of candidates from the same grown trees.
//!
//! Candidates form a group if they differ only in what truncates (settings.rs). For a group and a
//! fold, the trees are grown once, by the loosest settings. As each tree is done, every held-out row
//! walks down once and leaves, for each truncation, the value of the node where it stops; the sums
//! over trees are taken in the order of the trees, whichever thread grew them. Where a candidate's
//! number of trees is reached, it is scored. Memory: a tree per thread and a sum per truncation and row.
//! The sums are also all that a later sweep needs to go on with more trees.

use std::sync::Mutex;
use std::time::Instant;

use super::bins::Ranked;
use super::fit::Keep;
use super::grow::GrownTree;
use super::grower::{Grower, Prepared, check, rank};
use super::learned::Forest;
use super::rules::Truncation;
use super::settings::{Settings, Shared};
use super::walk::{Known, Walked, walk};
use crate::data::{Fold, Table};
use crate::error::{Result, filled};
use crate::parallel::{Control, InOrder, Watcher};
use crate::sweep::{Evaluation, Family, Job, Outcome, Place};

/// The family of forests.
pub struct Forests;

impl Family for Forests {
    type Model = Forest;
    type Features<'a> = Table<'a>;

    fn sweep(&self, job: &Job<'_>, control: &Control, watcher: Watcher<'_>) -> Result<Outcome<Forest>> {
        check(&job.data)?;
        let settings =
            job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let groups = groups(&settings);
        let mut outcome = Outcome::new(job);
        let trees: usize = groups.iter().map(|members| n_trees(&settings, members)).sum();
        control.expect(trees * job.folds.len());
        let ranked = rank(&job.data, job.n_threads, control, watcher)?;
        for members in &groups {
            // With a time limit, all folds come to the same number of trees before any grows more, so that
            // the smaller candidates are complete when time is up. Else a fold at a time, to save memory.
            let together = if control.has_deadline() { job.folds.len() } else { 1 };
            let stages = stages(&settings, members, control.has_deadline());
            let folds: Vec<usize> = (0..job.folds.len()).collect();
            for folds in folds.chunks(together.max(1)) {
                let mut runs = Vec::new();
                for &fold in folds.iter().filter(|_| !control.expired()) {
                    let group = Group { job, settings: &settings, members, fold };
                    runs.push(Run::new(group, &ranked, control, watcher)?);
                }
                for &end in &stages {
                    for run in runs.iter_mut().filter(|_| !control.expired()) {
                        run.grow(end, control, watcher)?;
                    }
                }
                for (&fold, run) in folds.iter().zip(runs) {
                    let is_new = !run.goes_on;
                    let evaluations = run.finish();
                    outcome.n_fits += usize::from(is_new && evaluations.iter().any(Option::is_some));
                    for (&c, evaluation) in members.iter().zip(evaluations) {
                        outcome.evaluations[c][fold] = evaluation;
                    }
                }
            }
        }
        Ok(outcome)
    }
}

/// Up to where trees are grown one after the other: to each number that a candidate wants, or at once to all.
fn stages(settings: &[Settings], members: &[usize], by_number: bool) -> Vec<usize> {
    let mut ends: Vec<usize> = members.iter().map(|&c| settings[c].free.n_estimators).collect();
    ends.sort_unstable();
    ends.dedup();
    if by_number { ends } else { ends.pop().into_iter().collect() }
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

/// Candidates of one group on one fold.
struct Group<'a> {
    job: &'a Job<'a>,
    settings: &'a [Settings],
    members: &'a [usize],
    /// Its number.
    fold: usize,
}

/// What trees of a group have said on a fold so far: for a later sweep that wants more of them.
struct Grown {
    shared: Shared,
    fold: usize,
    n_trees: usize,
    truncations: Vec<Truncation>,
    /// By truncation, row and value (n_truncations, n_rows, n_values).
    sums: Vec<f64>,
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
    /// The truncations that the members ask for, by their leaves, and which of them each member's is.
    truncations: Vec<Truncation>,
    which: Vec<usize>,
    rows: Vec<u32>,
    running: Mutex<InOrder<Vec<Walked>, Running>>,
    /// Trees whose growth was ordered; some of them may have been grown by an earlier sweep.
    n_trees: usize,
    goes_on: bool,
    /// The members' models, if kept.
    kept: Vec<Keep>,
    seconds: f64,
}

impl<'a> Run<'a> {
    fn new(group: Group<'a>, ranked: &[Ranked], control: &Control, watcher: Watcher<'_>) -> Result<Self> {
        let start = Instant::now();
        let (job, train, members) = (group.job, &group.fold().train, group.members);
        let first = &group.settings[members[0]];
        let prepared = Prepared::new(&job.data, ranked, train, first, job.n_threads, control, watcher)?;
        let asked: Vec<Truncation> =
            members.iter().map(|&c| group.settings[c].truncation(train.len())).collect();
        let mut truncations: Vec<Truncation> = Vec::new();
        for truncation in &asked {
            if !truncations.contains(truncation) {
                truncations.push(*truncation);
            }
        }
        truncations.sort_by_key(|truncation| truncation.min_samples_leaf);
        let place = |one: &Truncation| truncations.iter().position(|other| other == one).unwrap_or(0);
        let which = asked.iter().map(place).collect();
        let rows = group.scored_rows();
        let keep =
            |&c: &usize| Keep::new(&job.data, &group.settings[c], 0..group.settings[c].free.n_estimators);
        let width = rows.len() * job.data.n_values();
        let mut sums = filled(truncations.len() * width, 0.0, "predictions of all candidates")?;
        let earlier = group.earlier(&truncations);
        if let Some(earlier) = &earlier {
            for (truncation, sums) in truncations.iter().zip(sums.chunks_exact_mut(width.max(1))) {
                let place = earlier.truncations.iter().position(|one| one == truncation).unwrap_or(0);
                sums.copy_from_slice(&earlier.sums[place * width..][..width]);
            }
        }
        let n_trees = earlier.as_ref().map_or(0, |earlier| earlier.n_trees);
        control.advance(n_trees);
        let running = Running { sums, scored: vec![None; members.len()] };
        Ok(Run {
            known: Known::new(&prepared.columns),
            prepared,
            truncations,
            which,
            rows,
            running: InOrder::new(n_trees, running),
            n_trees,
            goes_on: earlier.is_some(),
            kept: if job.keep_models { members.iter().map(keep).collect::<Result<_>>()? } else { Vec::new() },
            seconds: start.elapsed().as_secs_f64(),
            group,
        })
    }

    /// Grows trees up to number `end` and scores the members that want no more than these.
    fn grow(&mut self, end: usize, control: &Control, watcher: Watcher<'_>) -> Result<()> {
        let trees = self.n_trees..end;
        self.n_trees = end;
        let start = Instant::now();
        let group = &self.group;
        let (data, members) = (&group.job.data, group.members);
        let same_leaf = |a: &Truncation, b: &Truncation| a.min_samples_leaf == b.min_samples_leaf;
        let by_leaf: Vec<&[Truncation]> = self.truncations.chunk_by(same_leaf).collect();
        let leaves: Vec<u32> = by_leaf.iter().map(|truncations| truncations[0].min_samples_leaf).collect();
        Grower {
            prepared: &self.prepared,
            settings: &group.settings[members[0]],
            truncations: &self.truncations,
            trees,
            n_threads: group.job.n_threads,
            control,
            consume: |number, grown: GrownTree, _: Option<&[u32]>| {
                let mut walked = Vec::new();
                for (tree, &truncations) in grown.by_leaf(&leaves).into_iter().zip(&by_leaf) {
                    for (keep, (&c, &t)) in self.kept.iter().zip(members.iter().zip(&self.which)) {
                        let truncation = &self.truncations[t];
                        if truncations.contains(truncation) && number < group.settings[c].free.n_estimators {
                            keep.put(number, &tree, truncation);
                        }
                    }
                    walked.push(walk(data, tree, truncations, &self.rows, &self.known));
                }
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
        let Running { sums, mut scored } = running.state;
        let unfinished = self.group.unfinished().filter(|_| scored.iter().all(Option::is_some));
        if let Some(unfinished) = unfinished {
            let (fold, n_trees, truncations) = (self.group.fold, self.n_trees, self.truncations);
            let bytes = sums.len() * size_of::<f64>();
            let shared = self.group.shared().clone();
            unfinished.put(Grown { shared, fold, n_trees, truncations, sums }, bytes);
        }
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

impl<'a> Group<'a> {
    fn fold(&self) -> &'a Fold {
        &self.job.folds[self.fold]
    }

    /// What all members have in common.
    fn shared(&self) -> &'a Shared {
        &self.settings[self.members[0]].shared
    }

    /// Held-out rows, and then the training rows where these are scored too.
    fn scored_rows(&self) -> Vec<u32> {
        let mut rows = self.fold().test.clone();
        if self.job.train_metrics {
            rows.extend(&self.fold().train);
        }
        rows
    }

    /// Where trainings go on. Models do not, as their trees are not kept.
    fn unfinished(&self) -> Option<Place<'a>> {
        self.job.unfinished.filter(|_| !self.job.keep_models)
    }

    /// What an earlier sweep has of all these truncations, if every member wants more trees.
    fn earlier(&self, truncations: &[Truncation]) -> Option<Grown> {
        let fewest = self.members.iter().map(|&c| self.settings[c].free.n_estimators).min()?;
        self.unfinished()?.take(|grown: &Grown| {
            (grown.fold, &grown.shared) == (self.fold, self.shared())
                && grown.n_trees < fewest
                && truncations.iter().all(|truncation| grown.truncations.contains(truncation))
        })
    }

    fn add(&self, running: &mut Running, walked: &[Walked]) {
        let v = self.job.data.n_values();
        let mut sums = running.sums.chunks_exact_mut(v);
        for one in walked {
            for (&node, sum) in one.nodes.iter().zip(&mut sums) {
                let value = &one.values[node as usize * v..][..v];
                sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
            }
        }
        debug_assert!(sums.next().is_none());
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
            let (test, train) = means.split_at(self.fold().test.len() * data.n_values());
            let of = |rows: &[u32], values: &[f64]| (job.scores(rows, values), values.to_vec());
            let training = job.train_metrics.then(|| of(&self.fold().train, train));
            let scored = job.evaluation(of(&self.fold().test, test), training);
            running.scored[m] = Some(Evaluation { score_seconds: start.elapsed().as_secs_f64(), ..scored });
        }
    }
}
