//! Many linear machines on many folds. Candidates of one fold and class that differ in C only form a path,
//! walked from the smallest C on, each solution the start of the next; a path of a class is one task.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use super::super::points::Points;
use super::problem::{Problem, Solved};
use super::settings::{Loss, Settings, Solver};
use super::{crammer, dual, lasso, newton};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Link, Scratch};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, lock, try_for_each};
use crate::sweep::{Evaluation, Family, Fit, Found, Job, Outcome};
use crate::vectors::Vectors;

/// The family of linear machines.
pub struct LinearSvms;

impl Family for LinearSvms {
    type Model = LinearModel;
    type Features<'a> = Matrix<'a>;

    fn sweep(
        &self,
        job: &Job<'_, Matrix<'_>>,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Outcome<LinearModel>> {
        Sweep::new(job)?.run(control, watcher)
    }
}

impl Fit for LinearSvms {}

struct Sweep<'a> {
    job: &'a Job<'a, Matrix<'a>>,
    settings: Vec<Settings>,
    points: Points,
    /// Entries by column, where a solver wants them.
    columns: Vec<Vec<(u32, f64)>>,
    n_classes: usize,
    /// Problems of a candidate: one per class, or one.
    n_problems: usize,
    tasks: Vec<Task>,
}

/// A path of candidates on one class of one fold.
struct Task {
    fold: usize,
    class: usize,
    /// Candidates by ascending C.
    members: Vec<usize>,
}

/// What the problems of one candidate found on one fold.
#[derive(Default)]
struct Pending {
    solved: Vec<Option<Solved>>,
    left: usize,
    seconds: f64,
}

impl<'a> Sweep<'a> {
    fn new(job: &'a Job<'a, Matrix<'a>>) -> Result<Self> {
        let data = &job.data;
        data.check()?;
        if data.n_outputs != 1 {
            return Err(Error::invalid("support vector machines learn one output"));
        }
        let settings = job.candidates.iter().map(|c| Settings::parse(c, data)).collect::<Result<Vec<_>>>()?;
        let all: Vec<u32> = (0..data.n as u32).collect();
        let points = Points::take(&data.x, &all, data.d)?;
        let mut lasso = false;
        for settings in &settings {
            lasso |= settings.solver(data.n, data.d)? == Solver::Lasso;
        }
        let n_classes = data.n_classes.first().copied().unwrap_or(0);
        let mut sweep = Sweep {
            job,
            settings,
            columns: if lasso { points.columns() } else { Vec::new() },
            points,
            n_classes,
            n_problems: if n_classes > 2 { n_classes } else { 1 },
            tasks: Vec::new(),
        };
        sweep.plan();
        Ok(sweep)
    }

    fn plan(&mut self) {
        let mut paths: Vec<Vec<usize>> = Vec::new();
        for (c, settings) in self.settings.iter().enumerate() {
            match paths.iter_mut().find(|path| self.settings[path[0]].same_path(settings)) {
                Some(path) => path.push(c),
                None => paths.push(vec![c]),
            }
        }
        for path in &mut paths {
            path.sort_by(|&a, &b| self.settings[a].c.total_cmp(&self.settings[b].c));
        }
        for fold in 0..self.job.folds.len() {
            for members in &paths {
                let task = |class| Task { fold, class, members: members.clone() };
                let classes = if self.all_classes(members[0]) { 1 } else { self.n_problems };
                self.tasks.extend((0..classes).map(task));
            }
        }
    }

    /// Whether one problem has all classes.
    fn all_classes(&self, candidate: usize) -> bool {
        let (n, d) = (self.job.data.n, self.job.data.d);
        self.n_classes > 2 && self.settings[candidate].solver(n, d) == Ok(Solver::CrammerSinger)
    }

    fn run(self, control: &Control, watcher: Watcher<'_>) -> Result<Outcome<LinearModel>> {
        let job = self.job;
        let (n_candidates, n_folds) = (self.settings.len(), job.folds.len());
        let pending: Vec<Mutex<Pending>> = (0..n_candidates * n_folds)
            .map(|cell| {
                let problems = if self.all_classes(cell / n_folds) { 1 } else { self.n_problems };
                let solved = (0..problems).map(|_| None).collect();
                Mutex::new(Pending { solved, left: problems, seconds: 0.0 })
            })
            .collect();
        let found = Found::new(job);
        control.expect(self.tasks.iter().map(|task| task.members.len()).sum());
        try_for_each(job.n_threads, self.tasks.len(), control, watcher, Scratch::default, |scratch, t| {
            self.walk(&self.tasks[t], &pending, &found, scratch, control)
        })?;
        Ok(found.outcome())
    }

    fn walk(
        &self,
        task: &Task,
        pending: &[Mutex<Pending>],
        found: &Found<LinearModel>,
        scratch: &mut Scratch,
        control: &Control,
    ) -> Result<()> {
        let mut last: Option<(f64, Solved)> = None;
        for &c in &task.members {
            let start = Instant::now();
            let settings = &self.settings[c];
            let Some(solved) = self.solve(task, settings, last.as_ref(), control)? else { return Ok(()) };
            last = Some((settings.c, solved.clone()));
            let cell = c * self.job.folds.len() + task.fold;
            let done = {
                let mut pending = lock(&pending[cell]);
                pending.solved[task.class] = Some(solved);
                pending.left -= 1;
                pending.seconds += start.elapsed().as_secs_f64();
                (pending.left == 0).then(|| std::mem::take(&mut *pending))
            };
            if let Some(done) = done {
                found.put(c, task.fold, self.evaluate(task.fold, settings, &done, scratch)?);
            }
            control.advance(1);
        }
        Ok(())
    }

    fn solve(
        &self,
        task: &Task,
        settings: &Settings,
        last: Option<&(f64, Solved)>,
        control: &Control,
    ) -> Result<Option<Solved>> {
        let data = &self.job.data;
        let problem = self.problem(task, settings);
        let (tol, most) = (settings.tol, settings.max_iter);
        let solver = settings.solver(problem.n(), data.d)?;
        let w = || last.map_or_else(|| vec![0.0; problem.width()], |(_, old)| old.w.clone());
        Ok(match solver {
            Solver::Dual => {
                let b = match last {
                    Some((c, old)) => old.b.iter().map(|b| b * settings.c / c).collect(),
                    None => vec![0.0; problem.n()],
                };
                dual::solve(&problem, b, tol, most, settings.seed, control)
            }
            Solver::Newton => newton::solve(&problem, w(), tol, most, control),
            Solver::Lasso => lasso::solve(&problem, &self.columns, w(), tol, most, settings.seed, control),
            Solver::CrammerSinger => {
                let k = self.n_classes.max(2);
                crammer::solve(&problem, k, tol, most, settings.seed, control)
            }
        })
    }

    /// Rows of weight 0 cost nothing and stay out of every sum.
    fn problem(&self, task: &Task, settings: &Settings) -> Problem<'_> {
        let data = &self.job.data;
        let rows = &self.job.folds[task.fold].train;
        let y = |i: u32| data.y[i as usize];
        let together = settings.solver(rows.len(), data.d) == Ok(Solver::CrammerSinger);
        let positive = if self.n_classes == 2 { 1 } else { task.class };
        let target = |&i: &u32| match self.n_classes {
            0 => y(i),
            _ if together => y(i),
            _ if y(i) as usize == positive => 1.0,
            _ => -1.0,
        };
        let weights = self.class_weights(settings, rows);
        // One against the rest: only the one class is weighted, as in LIBLINEAR.
        let all = self.n_classes == 2 || together;
        let cost = |&i: &u32| {
            let weight = data.sample_weight.map_or(1.0, |w| w[i as usize]);
            let class = y(i) as usize;
            let of_class =
                if self.n_classes > 0 && (all || class == positive) { weights[class] } else { 1.0 };
            settings.c * weight * of_class
        };
        Problem {
            points: &self.points,
            rows,
            target: rows.iter().map(target).collect(),
            cost: rows.iter().map(cost).collect(),
            epsilon: settings.epsilon,
            squared: settings.loss.squared(),
            hinge: matches!(settings.loss, Loss::Hinge | Loss::SquaredHinge),
            bias: settings.bias,
            vectors: Vectors::detect(),
        }
    }

    fn class_weights(&self, settings: &Settings, rows: &[u32]) -> Vec<f64> {
        // scikit-learn counts the sample weights here.
        let data = &self.job.data;
        let mut sizes = vec![0.0; self.n_classes];
        let weight = |i: u32| data.sample_weight.map_or(1.0, |w| w[i as usize]);
        if self.n_classes > 0 {
            rows.iter().for_each(|&i| sizes[data.y[i as usize] as usize] += weight(i));
        }
        settings.class_weight.of(0, &sizes)
    }

    fn evaluate(
        &self,
        fold: usize,
        settings: &Settings,
        done: &Pending,
        scratch: &mut Scratch,
    ) -> Result<Evaluation<LinearModel>> {
        let start = Instant::now();
        let (job, data) = (self.job, &self.job.data);
        let solved: Vec<&Solved> = done.solved.iter().flatten().collect();
        let model = self.model(settings, &solved);
        if model.check().is_err() {
            return Err(Error::invalid(
                "the coefficients are not finite: the columns of X are too large; standardise them, for \
                 example with sklearn.preprocessing.StandardScaler",
            ));
        }
        let mut of = |rows: &[u32]| {
            let mut z = vec![0.0; rows.len() * model.n_scores()];
            model.score_rows(&data.x, rows.iter().copied(), &mut z, scratch);
            (job.scores(rows, &model.link.values(&z, self.n_classes)), z)
        };
        let fold = &job.folds[fold];
        let scored = job.evaluation(of(&fold.test), job.train_metrics.then(|| of(&fold.train)));
        let worst = solved.iter().filter(|one| !one.converged);
        let worst = worst.max_by(|a, b| a.violation.total_cmp(&b.violation));
        let warning = worst.map(|one| {
            format!(
                "Liblinear's problem is not solved after {} iterations: the optimality conditions are \
                 violated by {:.3e} at tol={:.3e}. Increase max_iter, or standardise the columns of X, for \
                 example with sklearn.preprocessing.StandardScaler.",
                one.n_iter, one.violation, settings.tol
            )
        });
        Ok(Evaluation {
            model: job.keep_models.then_some(model),
            warning,
            fit_seconds: done.seconds,
            score_seconds: start.elapsed().as_secs_f64(),
            ..scored
        })
    }

    fn model(&self, settings: &Settings, solved: &[&Solved]) -> LinearModel {
        let d = self.job.data.d;
        let mut weights: Vec<Vec<f64>> = if self.n_classes > 2 && solved.len() == 1 {
            solved[0].w.chunks_exact(d + 1).map(<[f64]>::to_vec).collect()
        } else {
            solved.iter().map(|one| one.w.clone()).collect()
        };
        // Two classes in one problem: the difference of their scores.
        if self.n_classes == 2 && weights[0].len() == 2 * (d + 1) {
            let (first, second) = weights[0].split_at(d + 1);
            weights = vec![second.iter().zip(first).map(|(b, a)| b - a).collect()];
        }
        let facts = |of: fn(&Solved) -> f64| solved.iter().map(|one| of(one)).collect::<Vec<f64>>();
        LinearModel {
            coef: weights.iter().flat_map(|w| &w[..d]).copied().collect(),
            intercept: weights.iter().map(|w| settings.bias * w[d]).collect(),
            d,
            n_classes: self.n_classes,
            link: if self.n_classes > 0 { Link::Decision } else { Link::Identity },
            facts: BTreeMap::from([
                ("n_iter".to_owned(), facts(|one| one.n_iter as f64)),
                ("dual_gap".to_owned(), facts(|one| one.gap)),
                ("violation".to_owned(), facts(|one| one.violation)),
            ]),
        }
    }
}
