//! From data and settings to grown trees: the rows of a fold are prepared, the sums that fit the targets
//! are picked, and trees are grown in parallel and handed on one by one.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::bins::{Column, MAX_BINS, Ranked, Rows};
use super::criterion::{Entropy, Poisson, Quadratic};
use super::grow::{Arena, GrownTree, Growth};
use super::rules::Truncation;
use super::sample::Sampling;
use super::settings::{Criterion, Settings};
use super::sums::{Binary, Counts, Moments};
use super::targets::{Single, Targets};
use super::tree::MAX_COLUMNS;
use super::wide::Wide;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::parallel::{Control, Watcher, for_each};
use crate::vectors::Vectors;

/// Checks data for forests.
pub(super) fn check(data: &Data<'_>) -> Result<()> {
    data.check()?;
    if data.d >= MAX_COLUMNS {
        return Err(Error::invalid(format!(
            "X has {} columns: forests take fewer than {MAX_COLUMNS}",
            data.d
        )));
    }
    (0..data.d).filter(|&j| data.x.categorical[j]).try_for_each(|j| check_codes(data, j))
}

/// Checks the codes of the categorical column `j`.
fn check_codes(data: &Data<'_>, j: usize) -> Result<()> {
    let codes = || data.x.values.iter().skip(j).step_by(data.d).copied().filter(|code| !code.is_nan());
    if codes().any(|code| code < 0.0 || code.fract() != 0.0 || code > 16_777_216.0) {
        return Err(Error::invalid(format!(
            "column {j} of X is categorical: its codes must be integers in [0, 2^24]"
        )));
    }
    if codes().any(|code| code >= MAX_BINS as f32) {
        let n = codes().map(|code| code as u32).collect::<HashSet<_>>().len();
        if n > MAX_BINS {
            return Err(Error::invalid(format!(
                "categorical column {j} of X holds {n} categories: forests tell at most {MAX_BINS} apart. \
                 A column that is nearly unique for each row carries no category: drop it"
            )));
        }
    }
    Ok(())
}

/// Ranks all columns, in parallel.
pub fn rank(
    data: &Data<'_>,
    n_threads: usize,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Vec<Ranked>> {
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
pub struct Prepared<'a> {
    pub columns: Vec<Column>,
    /// The same codes row by row, where that helps.
    by_row: Option<Rows>,
    /// y of the training rows (n_train, n_outputs).
    pub y: Vec<f64>,
    pub sampling: Sampling<'a>,
}

impl<'a> Prepared<'a> {
    pub fn new(
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
        Self::of(data, columns, y, train, settings)
    }

    /// Of columns and targets of the rows `train` that are there already.
    pub fn of(
        data: &'a Data<'a>,
        columns: Vec<Column>,
        y: Vec<f64>,
        train: &'a [u32],
        settings: &'a Settings,
    ) -> Result<Self> {
        let by_row = Rows::new(&columns, settings.shared.max_features.columns(data.d));
        Ok(Prepared { columns, by_row, y, sampling: Sampling::new(data, train, &settings.shared)? })
    }
}

/// Grows trees, and hands each to `consume` on the thread that grew it, with its bootstrap counts.
pub struct Grower<'a, F> {
    pub prepared: &'a Prepared<'a>,
    pub settings: &'a Settings,
    /// All that are asked for of the trees.
    pub truncations: &'a [Truncation],
    pub trees: std::ops::Range<usize>,
    pub n_threads: usize,
    pub control: &'a Control,
    pub consume: F,
}

impl<F: Fn(usize, GrownTree, Option<&[u32]>) + Sync> Grower<'_, F> {
    /// Picks the sums that fit the targets.
    pub fn run(self, data: &Data<'_>, watcher: Watcher<'_>) -> Result<()> {
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
        let rules = self.settings.shared.rules(d, self.truncations);
        let growth = Growth {
            targets,
            codes: self.prepared.by_row.as_ref(),
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
