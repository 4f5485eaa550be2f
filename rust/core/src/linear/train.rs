//! Trains many candidates on many folds: what they share is computed once.
//!
//! | on a fold        | solved by linear systems                      | solved by coordinate descent           |
//! |------------------|-----------------------------------------------|----------------------------------------|
//! | rows >= columns  | X'X of all folds in one pass, a factorisation | the same X'X, a path per `Shared`      |
//! | rows < columns   | XX' of all folds in one pass, a factorisation | columns of X, a path per `Shared`      |
//! | many of both     | conjugate gradients                           | columns of X, a path per `Shared`      |
//!
//! Candidates that differ in alpha only are members of one group: a factorisation or a path serves them all.

use std::sync::Mutex;
use std::time::Instant;

use super::advice::advice;
use super::cells::Cells;
use super::columns::Columns;
use super::common::Common;
use super::dual::Inner;
use super::held_out;
use super::iterative;
use super::moments::{FoldSums, MEMORY, Moments, Source};
use super::path::{Found, Path, nonzero};
use super::quadratic::Quadratic;
use super::rows::Rows;
use super::settings::{Settings, Shared};
use super::spectrum::Wanted;
use super::system::{self, Solved};
use super::wide::Wide;
use crate::data::{Data, Features, Fold};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Link};
use crate::matrix::Matrix;
use crate::parallel::{Control, Watcher, try_for_each};

/// A model, and how it came about.
#[derive(Clone, Debug)]
pub struct Trained {
    pub model: LinearModel,
    pub warning: Option<String>,
    pub seconds: f64,
    /// Sum of the squared residuals on the rows held out, where sums of products told it.
    pub residual: Option<f64>,
}

impl Trained {
    fn new(model: LinearModel, warning: Option<String>, seconds: f64) -> Self {
        Trained { model, warning, seconds, residual: None }
    }
}

/// Products of more columns, or rows, than this are not all formed.
const MANY: usize = 10_000;
/// A sum of products costs as much to add as this many rows' share of it costs to compute.
const ADDITION: usize = 8;

/// What is trained, on what.
pub struct Training<'a> {
    pub data: &'a Data<'a, Matrix<'a>>,
    pub folds: &'a [Fold],
    pub settings: &'a [Settings],
    /// Whether models of all rows are wanted too, where a factorisation gives those of many candidates.
    pub refit: bool,
    /// Whether the residuals on rows held out are wanted, where sums of products tell them.
    pub residuals: bool,
    /// The model to start from.
    pub start: Option<&'a LinearModel>,
    pub n_threads: usize,
}

/// Candidates that one factorisation or path serves.
struct Group<'a> {
    members: Vec<usize>,
    shared: &'a Shared,
    linear: bool,
}

/// By candidate and fold, and then of all rows.
type Slots = Mutex<Vec<Vec<Option<Trained>>>>;

impl Training<'_> {
    /// Of X only the form has been checked: where not all values are read by sums of products, which tell,
    /// they are looked through.
    ///
    /// By candidate and fold, `None` where time ran out, with a last fold of all rows; and how many
    /// factorisations and descents the folds took.
    pub fn run(&self, control: &Control, watcher: Watcher<'_>) -> Result<(Vec<Vec<Option<Trained>>>, usize)> {
        if self.data.d > MANY || self.folds.iter().any(|fold| fold.train.len() < self.data.d) {
            self.data.x.check_values()?;
        }
        let slots: Slots = Mutex::new(vec![vec![None; self.folds.len() + 1]; self.settings.len()]);
        let groups = groups(self.settings);
        let (linear, descents): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.linear);
        let all: Vec<&Group<'_>> = linear.iter().chain(&descents).collect();
        let (linear, descents): (Vec<_>, Vec<_>) = (linear.iter().collect(), descents.iter().collect());
        let rows = |f: usize| self.folds[f].train.len();
        let (tall, wide): (Vec<usize>, Vec<usize>) =
            (0..self.folds.len()).partition(|&f| rows(f) >= self.data.d);
        let (wide, huge): (Vec<usize>, Vec<usize>) = wide.into_iter().partition(|&f| rows(f) <= MANY);
        if self.data.d <= MANY {
            self.by_products(&tall, &all, &slots, control, watcher)?;
        } else {
            self.by_columns(&tall, &all, &slots, control, watcher)?;
        }
        self.by_rows(&wide, &linear, &slots, control, watcher)?;
        self.by_columns(&wide, &descents, &slots, control, watcher)?;
        self.by_columns(&huge, &all, &slots, control, watcher)?;
        let slots = slots.into_inner().map_err(|_| Error::Interrupted)?;
        let done = |group: &Group<'_>, f: usize| {
            let n_done = group.members.iter().filter(|&&c| slots[c][f].is_some()).count();
            let factorised = group.linear && rows(f).min(self.data.d) <= MANY;
            if factorised { n_done.min(1) } else { n_done }
        };
        let n_fits = all.iter().flat_map(|&group| (0..self.folds.len()).map(move |f| (group, f)));
        let n_fits = n_fits.map(|(group, f)| done(group, f)).sum();
        Ok((slots, n_fits))
    }

    /// Folds with their cells: together where that is less work, else one by one.
    fn shares(&self, folds: &[usize]) -> Vec<(Vec<usize>, Cells)> {
        if let &[f] = folds {
            return vec![(folds.to_vec(), Cells::alone(&self.folds[f]))];
        }
        let some: Vec<Fold> = folds.iter().map(|&f| self.folds[f].clone()).collect();
        let cells = Cells::of(&some, self.data.n);
        let q = self.data.d + self.data.n_outputs + 1;
        let rows = |cells: &Cells| cells.rows.iter().map(Vec::len).sum::<usize>();
        let together = rows(&cells) + ADDITION * (cells.n_additions() + cells.rows.len());
        let alone: usize = some.iter().map(|fold| fold.train.len()).sum();
        let bytes = cells.rows.len() * q * q * size_of::<f64>();
        if together <= alone && bytes <= MEMORY {
            return vec![(folds.to_vec(), cells)];
        }
        folds.iter().zip(&some).map(|(&f, fold)| (vec![f], Cells::alone(fold))).collect()
    }

    /// Not fewer rows than columns.
    fn by_products(
        &self,
        folds: &[usize],
        groups: &[&Group<'_>],
        slots: &Slots,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<()> {
        if folds.is_empty() || groups.is_empty() {
            return Ok(());
        }
        let source = Source::new(self.data);
        let all: Vec<u32> = if self.refit { (0..self.data.n as u32).collect() } else { Vec::new() };
        for (folds, cells) in self.shares(folds) {
            // Where the cells hold all rows, these take no more than another factorisation.
            let whole = self.refit && cells.rows.iter().map(Vec::len).sum::<usize>() == all.len();
            let places: Vec<usize> = folds.iter().copied().chain(whole.then_some(self.folds.len())).collect();
            let start = Instant::now();
            let Some(by_cell) = source.by_cell(&cells, self.n_threads, control, watcher)? else {
                return Ok(());
            };
            if by_cell.iter().flatten().any(|sum| !sum.is_finite()) {
                self.data.x.check_values()?;
            }
            let sums = FoldSums::new(&cells, &by_cell)?;
            let share = start.elapsed().as_secs_f64() / (folds.len() * self.settings.len()) as f64;
            // Of all rows there is nothing but systems to be solved.
            let tasks: Vec<(usize, &Group<'_>)> = (0..places.len())
                .flat_map(|at| groups.iter().map(move |&group| (at, group)))
                .filter(|&(at, group)| at < folds.len() || group.linear)
                .collect();
            let problem =
                |&(at, group): &(usize, &Group<'_>)| 2 * at + usize::from(group.shared.fit_intercept);
            let needed = |i| tasks.iter().filter(|task| problem(task) == i).count();
            let quadratics = Common::new((0..2 * places.len()).map(needed));
            let run = |(): &mut (), task: usize| {
                let (at, group) = tasks[task];
                let quadratic = quadratics.take(problem(&tasks[task]), || {
                    let moments = if at < folds.len() { sums.of_fold(at)? } else { sums.whole()? };
                    Quadratic::new(&moments, &source.origin, self.data.d, group.shared.fit_intercept)
                })?;
                let train = self.folds.get(places[at]).map_or(&all, |fold| &fold.train);
                self.of_products(group, &quadratic, train, &Place { fold: places[at], slots, share, control })
            };
            try_for_each(self.n_threads, tasks.len(), control, watcher, || (), run)?;
            if self.residuals && self.data.n_outputs == 1 && self.data.sample_weight.is_none() {
                self.judge(&folds, &cells, &by_cell, &source.origin, slots)?;
            }
        }
        Ok(())
    }

    /// The residuals on each fold's rows held out, where these are a cell.
    fn judge(
        &self,
        folds: &[usize],
        cells: &Cells,
        by_cell: &[Moments],
        origin: &[f64],
        slots: &Slots,
    ) -> Result<()> {
        let (Some(left_out), Ok(mut slots)) = (cells.left_out(), slots.lock()) else { return Ok(()) };
        for (&f, &cell) in folds.iter().zip(&left_out) {
            let mut test = self.folds[f].test.clone();
            test.sort_unstable();
            if test != cells.rows[cell] || !held_out::is_worth_it(test.len(), origin.len() + 1) {
                continue;
            }
            let models: Vec<&LinearModel> =
                slots.iter().flat_map(|row| &row[f]).map(|one| &one.model).collect();
            let found = held_out::residuals(&by_cell[cell], origin, &models)?;
            let trained = slots.iter_mut().flat_map(|row| &mut row[f]);
            trained.zip(found).for_each(|(trained, residual)| trained.residual = residual);
        }
        Ok(())
    }

    /// One group on one fold, or on all rows.
    fn of_products(
        &self,
        group: &Group<'_>,
        quadratic: &Quadratic,
        train: &[u32],
        place: &Place<'_>,
    ) -> Result<()> {
        let of = Of {
            columns: &quadratic.columns,
            mean_x: &quadratic.mean_x,
            mean_y: &quadratic.mean_y,
            weight: quadratic.weight,
        };
        if !group.linear {
            return self.descend(group, &of, quadratic, place);
        }
        let rows = || Rows::of(self.data, train, quadratic);
        let solve = |wanted: &[Wanted]| system::tall(quadratic, rows, wanted, group.shared, place.control);
        self.solve(group, &of, solve, place)
    }

    /// Fewer rows than columns, linear systems.
    fn by_rows(
        &self,
        folds: &[usize],
        groups: &[&Group<'_>],
        slots: &Slots,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<()> {
        for centre in [true, false] {
            let some: Vec<_> =
                groups.iter().copied().filter(|group| group.shared.fit_intercept == centre).collect();
            if folds.is_empty() || some.is_empty() {
                continue;
            }
            let start = Instant::now();
            let inner = Inner::new(self.data, centre, self.n_threads, control, watcher)?;
            let Some(inner) = inner else { return Ok(()) };
            let share = start.elapsed().as_secs_f64() / (folds.len() * self.settings.len()) as f64;
            try_for_each(
                self.n_threads,
                folds.len() * some.len(),
                control,
                watcher,
                || (),
                |(), task| {
                    let (f, group) = (folds[task / some.len()], some[task % some.len()]);
                    let train = &self.folds[f].train;
                    let rows = Rows::new(self.data, train, centre)?;
                    let solve =
                        |wanted: &[Wanted]| system::wide(&inner, &rows, train, wanted, group.shared, control);
                    let fold = Place { fold: f, slots, share, control };
                    self.solve(group, &Of::rows(&rows), solve, &fold)
                },
            )?;
        }
        Ok(())
    }

    /// Coordinate descent with fewer rows than columns; and whatever has very many of both.
    fn by_columns(
        &self,
        folds: &[usize],
        groups: &[&Group<'_>],
        slots: &Slots,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<()> {
        let problem = |at: usize, group: &Group<'_>| 2 * at + usize::from(group.shared.fit_intercept);
        let needed = |i| groups.iter().filter(|group| problem(i / 2, group) == i).count();
        let problems = Common::new((0..2 * folds.len()).map(needed));
        let run = |(): &mut (), task: usize| {
            let (at, group) = (task / groups.len(), &groups[task % groups.len()]);
            let shared = problems.take(problem(at, group), || {
                let train = &self.folds[folds[at]].train;
                let rows = Rows::new(self.data, train, group.shared.fit_intercept)?;
                let columns = Wide::new(&rows)?;
                Ok((rows, columns))
            })?;
            let (rows, columns) = &*shared;
            let (of, place) = (Of::rows(rows), Place { fold: folds[at], slots, share: 0.0, control });
            if group.linear {
                self.iterate(group, &of, columns, &place)
            } else {
                self.descend(group, &of, columns, &place)
            }
        };
        try_for_each(self.n_threads, folds.len() * groups.len(), control, watcher, || (), run)
    }

    /// All members of a group from one factorisation.
    fn solve(
        &self,
        group: &Group<'_>,
        of: &Of<'_>,
        solve: impl Fn(&[Wanted]) -> Result<Solved>,
        place: &Place<'_>,
    ) -> Result<()> {
        let (start, t, p) = (Instant::now(), self.data.n_outputs, of.columns.len());
        let wanted: Vec<Wanted> = group
            .members
            .iter()
            .flat_map(|&c| (0..t).map(move |target| (c, target)))
            .map(|(c, target)| Wanted { target, l2: self.settings[c].penalty(target, of.weight).l2 })
            .collect();
        let solved = match if p == 0 { Ok(Solved::nothing()) } else { solve(&wanted) } {
            Err(Error::Interrupted) => return Ok(()),
            solved => solved?,
        };
        let seconds = place.share + start.elapsed().as_secs_f64() / group.members.len() as f64;
        for (at, &c) in group.members.iter().enumerate() {
            let mut model = of.model(&solved.coef[at * t * p..][..t * p], self.data.d);
            if let Some(singular) = &solved.singular {
                model.facts.insert("singular".to_owned(), singular.clone());
            }
            model.facts.insert("orthogonal".to_owned(), vec![f64::from(solved.orthogonal)]);
            place.put(c, Trained::new(model, None, seconds))?;
        }
        Ok(())
    }

    /// All members of a group, one by one.
    fn iterate(&self, group: &Group<'_>, of: &Of<'_>, wide: &Wide, place: &Place<'_>) -> Result<()> {
        for &c in &group.members {
            let (clock, mut coef, mut done) = (Instant::now(), Vec::new(), true);
            for target in 0..self.data.n_outputs {
                let l2 = self.settings[c].penalty(target, of.weight).l2;
                let solved = iterative::solve(wide, target, l2, place.control);
                let Some((b, converged)) = solved else { return Ok(()) };
                coef.extend(b);
                done &= converged;
            }
            let warning = (!done).then(|| {
                "Conjugate gradients did not converge: scale the columns of X, for example with StandardScaler, \
                 or raise alpha."
                    .to_owned()
            });
            let seconds = place.share + clock.elapsed().as_secs_f64();
            place.put(c, Trained::new(of.model(&coef, self.data.d), warning, seconds))?;
        }
        Ok(())
    }

    /// A path through the members of a group, by falling penalty.
    fn descend(
        &self,
        group: &Group<'_>,
        of: &Of<'_>,
        columns: &dyn Columns,
        place: &Place<'_>,
    ) -> Result<()> {
        let (t, p) = (self.data.n_outputs, columns.p());
        let start = self.start.filter(|start| start.d == self.data.d && start.n_scores() == t);
        let start = |target: usize| {
            let coef = start.map(|start| &start.coef[target * start.d..][..start.d])?;
            Some(of.columns.iter().map(|&j| coef[j as usize]).collect())
        };
        let mut paths: Vec<_> =
            (0..t).map(|target| Path::new(columns, group.shared, target, start(target))).collect();
        let mut order = group.members.clone();
        let alpha = |c: usize| self.settings[c].alpha.iter().copied().fold(0.0, f64::max);
        order.sort_by(|&a, &b| alpha(b).total_cmp(&alpha(a)));
        for c in order {
            let clock = Instant::now();
            let (mut coef, mut found) = (Vec::with_capacity(t * p), Vec::new());
            for (target, path) in paths.iter_mut().enumerate() {
                let penalty = self.settings[c].penalty(target, of.weight);
                let Some(each) = path.solve(penalty, place.control)? else { return Ok(()) };
                coef.extend(&path.b);
                found.push(each);
            }
            let mut model = of.model(&coef, self.data.d);
            let fact = |value: &dyn Fn(&Found) -> f64| found.iter().map(value).collect();
            model.facts.insert("n_iter".to_owned(), fact(&|found| found.n_iter as f64));
            model.facts.insert("dual_gap".to_owned(), fact(&|found| found.gap / of.weight));
            let failed = found.iter().position(|found| !found.converged);
            let warning = failed.map(|target| {
                let (active, y2) = (nonzero(&paths[target].b), columns.y2(target));
                advice(&found[target], group.shared, y2, columns, &active, of.columns)
            });
            let seconds = place.share + clock.elapsed().as_secs_f64();
            place.put(c, Trained::new(model, warning, seconds))?;
        }
        Ok(())
    }
}

/// Where the models of one fold go.
struct Place<'a> {
    fold: usize,
    slots: &'a Slots,
    /// Each model's share of what all have in common, in seconds.
    share: f64,
    control: &'a Control,
}

impl Place<'_> {
    fn put(&self, candidate: usize, trained: Trained) -> Result<()> {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if !finite(&trained.model.coef) || !finite(&trained.model.intercept) {
            return Err(Error::invalid(
                "the coefficients became infinite: X or y hold values too large to compute with; scale them",
            ));
        }
        let Ok(mut slots) = self.slots.lock() else { return Ok(()) };
        slots[candidate][self.fold] = Some(trained);
        // All rows are nobody's evaluation.
        self.control.advance(usize::from(self.fold + 1 < slots[candidate].len()));
        Ok(())
    }
}

/// From coefficients of the centred columns that count to a model of X.
struct Of<'a> {
    columns: &'a [u32],
    mean_x: &'a [f64],
    mean_y: &'a [f64],
    weight: f64,
}

impl<'a> Of<'a> {
    fn rows(rows: &'a Rows<'_>) -> Self {
        Of { columns: &rows.columns, mean_x: &rows.mean_x, mean_y: &rows.mean_y, weight: rows.weight }
    }

    /// Of coefficients (t, p).
    fn model(&self, coef: &[f64], d: usize) -> LinearModel {
        let (t, p) = (self.mean_y.len(), self.columns.len());
        let mut model = LinearModel {
            coef: vec![0.0; t * d],
            intercept: self.mean_y.to_vec(),
            d,
            n_classes: 0,
            link: Link::Identity,
            facts: std::collections::BTreeMap::new(),
        };
        for k in 0..t {
            for ((&j, &b), &mean) in self.columns.iter().zip(&coef[k * p..]).zip(self.mean_x) {
                model.coef[k * d + j as usize] = b;
                model.intercept[k] -= b * mean;
            }
        }
        model
    }
}

/// Members in the order of the candidates.
fn groups(settings: &[Settings]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (c, one) in settings.iter().enumerate() {
        let (linear, shared) = (one.is_linear(), &one.shared);
        let same = |other: &Shared| {
            if linear {
                let of = |s: &Shared| (s.fit_intercept, s.orthogonal, s.cutoff);
                of(shared) == of(other)
            } else {
                shared == other
            }
        };
        match groups.iter_mut().find(|group| group.linear == linear && same(group.shared)) {
            Some(group) => group.members.push(c),
            None => groups.push(Group { members: vec![c], shared, linear }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Floats;

    #[test]
    fn sums_of_all_folds_are_taken_together_only_where_they_fit() {
        let (n, k) = (200_000, 5u32);
        let part = |f: u32| (0..n as u32).filter(|i| i % k != f).collect();
        let folds: Vec<Fold> = (0..k).map(|f| Fold { train: part(f), test: Vec::new() }).collect();
        for (d, together) in [(10, true), (3_000, true), (6_000, false), (10_000, false)] {
            // The shape decides, not the numbers.
            let data = Data {
                x: Matrix::Dense(Floats::F64(&[])),
                y: &[],
                n,
                d,
                n_outputs: 1,
                n_classes: &[],
                sample_weight: None,
            };
            let training = Training {
                data: &data,
                folds: &folds,
                settings: &[],
                refit: false,
                residuals: false,
                start: None,
                n_threads: 1,
            };
            let shares = training.shares(&[0, 1, 2, 3, 4]);
            assert_eq!(shares.len(), if together { 1 } else { 5 }, "{d} columns");
            for (_, cells) in shares {
                assert!(cells.rows.len() == 1 || cells.rows.len() * d * d * 8 <= MEMORY);
            }
        }
    }
}
