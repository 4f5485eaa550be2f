//! Many forests on many folds, each group of candidates from the same grown trees.
//!
//! Candidates form a group if they differ only in what truncates (settings.rs). For a group and a
//! fold, the trees are grown once, by the loosest settings. As each tree is done, every held-out row
//! walks down once and leaves, for each truncation, the value of the node where it stops; the sums
//! over trees are taken in the order of the trees, whichever thread grew them. Where a candidate's
//! number of trees is reached, it is scored. Memory: a tree per thread and a sum per truncation and row.

use std::sync::Mutex;
use std::time::Instant;

use super::bins::Ranked;
use super::fit::Keep;
use super::grow::GrownTree;
use super::grower::{Grower, Prepared, check, rank};
use super::learned::Forest;
use super::rules::Truncation;
use super::settings::Settings;
use super::walk::{Known, Walked, walk};
use crate::data::{Fold, Table};
use crate::error::{Result, filled};
use crate::parallel::{Control, InOrder, Watcher};
use crate::sweep::{Evaluation, Family, Job, Outcome};

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
    fold: &'a Fold,
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
        let running = Running {
            sums: filled(
                truncations.len() * rows.len() * job.data.n_values(),
                0.0,
                "predictions of all candidates",
            )?,
            scored: vec![None; members.len()],
        };
        Ok(Run {
            known: Known::new(&prepared.columns),
            prepared,
            truncations,
            which,
            rows,
            running: InOrder::new(0, running),
            kept: if job.keep_models { members.iter().map(keep).collect::<Result<_>>()? } else { Vec::new() },
            seconds: start.elapsed().as_secs_f64(),
            group,
        })
    }

    /// Grows more trees and scores the members that want no more than these.
    fn grow(&mut self, trees: std::ops::Range<usize>, control: &Control, watcher: Watcher<'_>) -> Result<()> {
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
            let (test, train) = means.split_at(self.fold.test.len() * data.n_values());
            let keep = |values: &[f64]| job.keep_predictions.then(|| values.to_vec());
            running.scored[m] = Some(Evaluation {
                scores: job.scores(&self.fold.test, test),
                train_scores: if job.train_metrics {
                    job.scores(&self.fold.train, train)
                } else {
                    Vec::new()
                },
                predictions: keep(test),
                train_predictions: if job.train_metrics { keep(train) } else { None },
                model: None,
                warning: None,
                fit_seconds: 0.0,
                score_seconds: start.elapsed().as_secs_f64(),
            });
        }
    }
}
