//! Many networks on many folds.
//!
//! Candidates that read the same batches form a group (settings.rs), those of them that differ in the number
//! of epochs alone one network. A task is a group, or a share of it, on a fold; tasks run side by side, and a
//! single one shares its steps among the threads. Neither leaves a trace in the outcome.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::model::{Network, Precision, Scratch};
use super::settings::{Resume, Settings, Shared};
use super::train::{Member, Start, Trained, train};
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, try_for_each, watched};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome};

/// Numbers that the networks of a task may hold: they should stay in the caches, as all of them are read at
/// each step.
const CACHED: usize = 1 << 19;
/// Tasks a thread, if there are enough networks.
const TASKS: usize = 4;

/// The family of networks.
pub struct Networks;

/// A group, or part of it, on a fold.
struct Task<'a> {
    fold: usize,
    members: Vec<Member<'a>>,
}

impl Family for Networks {
    type Model = Network;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<Network>> {
        job.data.check()?;
        let settings =
            job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let tasks = tasks(&settings, job);
        let epochs = |member: &Member<'_>| member.stops.last().map_or(0, |&(epochs, _)| epochs);
        control.expect(tasks.iter().flat_map(|task| &task.members).map(epochs).sum());
        let found = Found::new(job);
        let n_resumed = AtomicUsize::new(0);
        // Threads that are left over share the steps of a task.
        let inner = (job.n_threads / tasks.len().max(1)).max(1);
        try_for_each(
            job.n_threads,
            tasks.len(),
            control,
            watcher,
            || (),
            |(), i| {
                let task = &tasks[i];
                let single = task.members.first().is_some_and(|member| member.settings.shared.single);
                let resumed = if single {
                    evaluate::<f32>(job, task, inner, control, &found)?
                } else {
                    evaluate::<f64>(job, task, inner, control, &found)?
                };
                n_resumed.fetch_add(resumed, Ordering::Relaxed);
                Ok(())
            },
        )?;
        let n_fits = tasks.iter().map(|task| task.members.len()).sum::<usize>() - n_resumed.into_inner();
        Ok(Outcome { n_fits, ..found.outcome() })
    }
}

/// Trains a task's networks and scores them; returns how many of them an earlier sweep began.
fn evaluate<T: Precision>(
    job: &Job<'_, Matrix<'_>>,
    task: &Task<'_>,
    n_threads: usize,
    control: &Control,
    found: &Found<Network>,
) -> Result<usize> {
    let fold = &job.folds[task.fold];
    let mut scratch = Scratch::default();
    let mut begin = Instant::now();
    let n_candidates = task.members.iter().map(|member| member.stops.len()).sum::<usize>();
    let done = |trained: Trained| {
        let fit_seconds = begin.elapsed().as_secs_f64() / n_candidates as f64;
        let start = Instant::now();
        let candidate = trained.candidate;
        let mut evaluation = score::<T>(job, fold, trained, &mut scratch);
        evaluation.fit_seconds = fit_seconds;
        evaluation.score_seconds = start.elapsed().as_secs_f64();
        // Scoring is no part of the training of others.
        begin += start.elapsed();
        found.put(candidate, task.fold, evaluation);
    };
    let start = job.unfinished.map_or(Start::Anew, |place| Start::Earlier { place, fold: task.fold });
    match train::<T>(&job.data, &fold.train, &task.members, start, n_threads, control, done) {
        // What was stopped is not evaluated; the others are what they are.
        Err(Error::Interrupted) => Ok(0),
        ran => ran,
    }
}

fn score<T: Precision>(
    job: &Job<'_, Matrix<'_>>,
    fold: &Fold,
    trained: Trained,
    scratch: &mut Scratch<T>,
) -> Evaluation<Network> {
    let Trained { model, converged, .. } = trained;
    let mut of = |rows: &[u32]| {
        let predictions = match &model {
            Ok(model) => model.predict_rows(&job.data.x, rows, scratch),
            // What has no prediction has no score.
            Err(_) => vec![f64::NAN; rows.len() * job.data.n_values()],
        };
        (job.scores(rows, &predictions), predictions)
    };
    let scored = job.evaluation(of(&fold.test), job.train_metrics.then(|| of(&fold.train)));
    let warning = match &model {
        Err(reason) => Some(format!("A network was given up: {reason}.")),
        Ok(model) if !converged => Some(unfinished(model.n_iter)),
        Ok(_) => None,
    };
    Evaluation { model: model.ok().filter(|_| job.keep_models), warning, ..scored }
}

fn unfinished(n_iter: usize) -> String {
    format!(
        "Maximum iterations ({n_iter}) reached and the optimization hasn't converged yet. Increase max_iter, \
         scale the columns of X, or raise tol."
    )
}

/// Groups on folds, large ones cut. With a time limit, smaller numbers of epochs are complete first anyway:
/// they are taken on the way.
fn tasks<'a>(settings: &'a [Settings], job: &Job<'_, Matrix<'_>>) -> Vec<Task<'a>> {
    let mut members: Vec<Member<'a>> = Vec::new();
    for (candidate, one) in settings.iter().enumerate() {
        match members.iter_mut().find(|member| one.is_prefix_of(member.settings)) {
            Some(member) => {
                member.stops.push((one.epochs, candidate));
                if one.epochs > member.settings.epochs {
                    member.settings = one;
                }
            }
            None => members.push(Member { settings: one, stops: vec![(one.epochs, candidate)] }),
        }
    }
    members.iter_mut().for_each(|member| member.stops.sort_unstable());
    let size = |member: &Member<'_>| numbers(&member.settings.own.hidden, job.data.d);
    let total = members.iter().map(size).fold(0, usize::saturating_add);
    let most = CACHED.min(total.div_ceil(shares(&members, job)));
    let mut groups: Vec<(usize, Vec<&Member<'a>>)> = Vec::new();
    for member in &members {
        let size = size(member);
        let fits = |(total, group): &&mut (usize, Vec<&Member<'a>>)| {
            group[0].settings.shared == member.settings.shared && *total + size <= most
        };
        match groups.iter_mut().find(fits) {
            Some((total, group)) => {
                *total += size;
                group.push(member);
            }
            None => groups.push((size, vec![member])),
        }
    }
    let copy = |member: &&Member<'a>| Member { settings: member.settings, stops: member.stops.clone() };
    (0..job.folds.len())
        .flat_map(|fold| groups.iter().map(move |(_, group)| (fold, group)))
        .map(|(fold, group)| Task { fold, members: group.iter().map(copy).collect() })
        .collect()
}

/// How often groups are cut so that no thread ends long before the others.
fn shares(members: &[Member<'_>], job: &Job<'_, Matrix<'_>>) -> usize {
    if job.n_threads == 1 {
        return 1;
    }
    let mut kinds: Vec<&Shared> = Vec::new();
    for member in members {
        if !kinds.contains(&&member.settings.shared) {
            kinds.push(&member.settings.shared);
        }
    }
    (TASKS * job.n_threads).div_ceil((job.folds.len() * kinds.len()).max(1))
}

/// Weights of the first and the hidden layers, about.
fn numbers(hidden: &[usize], d: usize) -> usize {
    let sizes = std::iter::once(d).chain(hidden.iter().copied());
    sizes.zip(hidden).fold(0usize, |sum, (a, &b)| sum.saturating_add(a.saturating_mul(b)))
}

impl Fit for Networks {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        start: Option<&Network>,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(Network, Option<String>)> {
        data.check()?;
        let settings = Settings::parse(candidate, &data)?;
        control.expect(settings.epochs);
        let fold = Fold::whole(data.n);
        let ran = watched(control, watcher, || {
            let members = [Member { settings: &settings, stops: vec![(settings.epochs, 0)] }];
            let mut last = None;
            let done = |trained| last = Some(trained);
            let start = start.map_or(Start::Anew, Start::Model);
            if settings.shared.single {
                train::<f32>(&data, &fold.train, &members, start, n_threads, control, done)?;
            } else {
                train::<f64>(&data, &fold.train, &members, start, n_threads, control, done)?;
            }
            last.ok_or(Error::Interrupted)
        })?;
        let trained = ran.unwrap_or(Err(Error::Interrupted))?;
        match trained.model {
            Err(reason) => Err(Error::invalid(format!(
                "Solver produced non-finite parameter weights. The input data may contain large values and \
                 need to be preprocessed: {reason}"
            ))),
            Ok(model) => {
                // Of one run among many it says nothing that it did not converge.
                let told = !trained.converged && settings.own.resume != Resume::All;
                let warning = told.then(|| unfinished(model.n_iter));
                Ok((model, warning))
            }
        }
    }
}
