//! Many candidates on many folds: those that see the same batches go through them side by side.
//!
//! Candidates that differ in `max_iter` alone are one model looked at several times. Models with the same
//! `Shared` are cut into tasks of about `COLUMNS` columns, which threads take up fold by fold.

use std::time::Instant;

use super::learned::{Learned, Start};
use super::run::{Task, scores_per_row};
use super::settings::Settings;
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Scratch};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, try_for_each, watched};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome};

/// Columns of one task, about: wide enough for products to be fast, and its numbers stay in the caches.
const COLUMNS: usize = 96;

/// The family of linear models that learn by gradient descent.
pub struct Descents;

/// A model and the candidates that it serves: (epochs, number), ascending.
struct Member {
    settings: Settings,
    served: Vec<(usize, usize)>,
}

impl Family for Descents {
    type Model = LinearModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<LinearModel>> {
        check(&job.data)?;
        let settings =
            job.candidates.iter().map(|c| Settings::parse(c, &job.data)).collect::<Result<Vec<_>>>()?;
        let members = members(settings);
        let groups = groups(&members, scores_per_row(&job.data));
        let epochs = |group: &[&Member]| group.iter().map(|m| m.served.last().map_or(0, |s| s.0)).max();
        let total: usize = groups.iter().map(|group| group.len() * epochs(group).unwrap_or(0)).sum();
        control.expect(total * job.folds.len());
        let found = Found::new(job);
        let n_tasks = groups.len() * job.folds.len();
        try_for_each(job.n_threads, n_tasks, control, watcher, Scratch::default, |scratch, i| {
            let (group, f) = (&groups[i / job.folds.len()], i % job.folds.len());
            fill(job, group, f, control, scratch, &found)
        })?;
        Ok(Outcome { n_fits: members.len() * job.folds.len(), ..found.outcome() })
    }
}

impl Fit for Descents {
    fn fit(
        &self,
        data: Data<'_, Matrix<'_>>,
        candidate: &Candidate,
        start: Option<&LinearModel>,
        _n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<(LinearModel, Option<String>)> {
        check(&data)?;
        let settings = Settings::parse(candidate, &data)?;
        let resume = settings.shared.resume;
        let start =
            start.map(|model| Start::new(model, data.d, scores_per_row(&data), resume)).transpose()?;
        let whole = Fold::whole(data.n);
        control.expect(settings.max_iter);
        let ran = watched(control, watcher, || {
            let task = Task {
                data: &data,
                models: vec![&settings],
                ends: vec![vec![settings.max_iter]],
                train: &whole.train,
                start: start.as_ref(),
            };
            let mut learned = None;
            task.run(control, &mut |_, _, model| learned = Some(model))?;
            learned.ok_or(Error::Interrupted)
        })?;
        let Learned { model, warning } = ran.unwrap_or(Err(Error::Interrupted))?;
        Ok((model, warning))
    }
}

fn check(data: &Data<'_, Matrix<'_>>) -> Result<()> {
    data.check()?;
    if data.n_outputs != 1 {
        return Err(Error::invalid(format!("y has {} outputs: gradient descent learns one", data.n_outputs)));
    }
    if data.n_classes.first() == Some(&1) {
        return Err(Error::invalid("y has one class: at least two are needed"));
    }
    Ok(())
}

/// One member for all candidates that differ in `max_iter` alone, in the order of the first of them.
fn members(settings: Vec<Settings>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (c, settings) in settings.into_iter().enumerate() {
        let same = |m: &&mut Member| m.settings.shared == settings.shared && m.settings.own == settings.own;
        let end = (settings.max_iter, c);
        match members.iter_mut().find(same) {
            Some(member) => member.served.push(end),
            None => members.push(Member { settings, served: vec![end] }),
        }
    }
    members.iter_mut().for_each(|member| member.served.sort_unstable());
    members
}

/// Members that see the same batches, some at a time.
fn groups(members: &[Member], n_scores: usize) -> Vec<Vec<&Member>> {
    let mut alike: Vec<Vec<&Member>> = Vec::new();
    for member in members {
        match alike.iter_mut().find(|group| group[0].settings.shared == member.settings.shared) {
            Some(group) => group.push(member),
            None => alike.push(vec![member]),
        }
    }
    let most = (COLUMNS / n_scores).max(1);
    // Evenly: no thin last part.
    let length = |n: usize| n.div_ceil(n.div_ceil(most));
    alike.iter().flat_map(|group| group.chunks(length(group.len())).map(<[_]>::to_vec)).collect()
}

/// Trains a group on a fold and evaluates its candidates.
fn fill(
    job: &Job<'_, Matrix<'_>>,
    group: &[&Member],
    f: usize,
    control: &Control,
    scratch: &mut Scratch,
    found: &Found<LinearModel>,
) -> Result<()> {
    let begin = Instant::now();
    let fold = &job.folds[f];
    let task = Task {
        data: &job.data,
        models: group.iter().map(|member| &member.settings).collect(),
        ends: group.iter().map(|member| distinct(&member.served)).collect(),
        train: &fold.train,
        start: None,
    };
    let mut evaluated: Vec<(usize, Evaluation<LinearModel>)> = Vec::new();
    let mut scoring = 0.0;
    let ran = task.run(control, &mut |model, end, learned| {
        let start = Instant::now();
        let evaluation = evaluate(job, fold, learned, scratch);
        let epochs = task.ends[model][end];
        let served = group[model].served.iter().filter(|(max_iter, _)| *max_iter == epochs);
        evaluated.extend(served.map(|&(_, c)| (c, evaluation.clone())));
        scoring += start.elapsed().as_secs_f64();
    });
    let fit_seconds = (begin.elapsed().as_secs_f64() - scoring).max(0.0) / evaluated.len().max(1) as f64;
    for (c, evaluation) in evaluated {
        found.put(c, f, Evaluation { fit_seconds, ..evaluation });
    }
    ran
}

fn evaluate(
    job: &Job<'_, Matrix<'_>>,
    fold: &Fold,
    learned: Learned,
    scratch: &mut Scratch,
) -> Evaluation<LinearModel> {
    let start = Instant::now();
    let Learned { model, warning } = learned;
    let mut of = |rows: &[u32]| {
        let mut z = vec![0.0; rows.len() * model.n_scores()];
        model.score_rows(&job.data.x, rows.iter().copied(), &mut z, scratch);
        (job.scores(rows, &model.link.values(&z, model.n_classes)), z)
    };
    let scored = job.evaluation(of(&fold.test), job.train_metrics.then(|| of(&fold.train)));
    Evaluation {
        model: job.keep_models.then_some(model),
        warning,
        score_seconds: start.elapsed().as_secs_f64(),
        ..scored
    }
}

fn distinct(served: &[(usize, usize)]) -> Vec<usize> {
    let mut epochs: Vec<usize> = served.iter().map(|(max_iter, _)| *max_iter).collect();
    epochs.dedup();
    epochs
}

#[cfg(test)]
mod tests;
