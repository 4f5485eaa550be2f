//! The search for the split of a node over its columns.

use super::bins::{Codes as Stored, Column, Rows};
use super::grow::{CHECK_EVERY, EPSILON, Open, Stopped, Work};
use super::search::{Codes, Cut, Limits};
use super::targets::{GainRange, Targets};

/// The best split found for a node.
pub struct Split<L> {
    pub cut: Cut<L>,
    pub column: u32,
    /// The codes that go left, at a categorical column.
    pub set: Option<Vec<u16>>,
    /// A drawn threshold, where the cut was drawn.
    pub threshold: Option<f32>,
}

impl<T: Targets> Work<'_, '_, T> {
    fn words(&self) -> usize {
        self.growth.columns.len().div_ceil(64)
    }

    /// Columns constant in the parent are constant here. In depth-first order the parent's set, one
    /// level up, is still the one that its search left.
    fn inherit_constants(&mut self, depth: usize) {
        let words = self.words();
        self.arena.constants.resize(self.arena.constants.len().max((depth + 1) * words), 0);
        if depth == 0 {
            self.arena.constants[..words].fill(0);
        } else {
            self.arena.constants.copy_within((depth - 1) * words..depth * words, depth * words);
        }
    }

    /// Puts the codes of column `j` in rows[start..end] into `codes`.
    #[inline(always)]
    pub(super) fn gather(&mut self, start: usize, end: usize, j: usize) -> (u16, u16, usize) {
        let growth = self.growth;
        gather(&growth.columns[j], j, growth.codes, &self.arena.rows[start..end], &mut self.arena.codes)
    }

    /// The best split of a node: columns are visited in random order until `max_features` were seen
    /// and one of them was not constant, as in scikit-learn.
    #[inline(always)]
    pub(super) fn search(
        &mut self,
        open: &Open<T::Node, T::Row>,
        cached: bool,
    ) -> Result<Option<Split<T::Left>>, Stopped> {
        let d = self.growth.columns.len();
        let constants = open.depth as usize * self.words();
        let mut stream = open.path;
        if cached {
            self.inherit_constants(open.depth as usize);
        }
        let mut best: Option<Split<T::Left>> = None;
        let (mut varied, mut stopped) = (false, false);
        let mut visited = 0;
        let node = self.growth.targets.ready(&open.node);
        let ceiling = self.growth.targets.ceiling(&node, &self.arena.load[open.start..open.end]);
        self.arena.swaps.clear();
        while visited < d && (visited < self.growth.rules.max_features || !varied) {
            // Fisher-Yates: columns[..visited] are drawn, the rest is not.
            let k = visited + stream.below((d - visited) as u32) as usize;
            self.arena.columns.swap(visited, k);
            self.arena.swaps.push(k as u32);
            let j = self.arena.columns[visited] as usize;
            visited += 1;
            let bit = 1u64 << (j % 64);
            if cached && self.arena.constants[constants + j / 64] & bit != 0 {
                continue;
            }
            let n = open.end - open.start;
            self.unwatched += n;
            if self.unwatched > CHECK_EVERY {
                self.unwatched = 0;
                stopped = self.growth.control.stopped();
                if stopped {
                    break;
                }
            }
            let column = &self.growth.columns[j];
            let (low, high, missing) = self.gather(open.start, open.end, j);
            self.arena.gathered = (open.id, j as u32);
            if low >= high && (missing == 0 || missing == n) {
                if cached {
                    self.arena.constants[constants + j / 64] |= bit;
                }
                continue;
            }
            varied = true;
            let codes = Codes {
                codes: &self.arena.codes[..n],
                padded: &self.arena.codes[..padded(n)],
                low,
                high,
                missing: (missing > 0).then_some(column.n_bins() as u16),
            };
            let rules = self.growth.rules;
            let limits = Limits {
                min_rows: rules.leaves[open.first],
                min_weight: self.min_weight,
                monotonic: rules.monotonic.as_ref().map_or(0, |signs| signs[j]),
                low: open.low,
                high: open.high,
            };
            // A cut that gains nothing is still a cut: two of them may part what one cannot.
            let floor = best.as_ref().map_or(f64::NEG_INFINITY, |best| best.cut.gain);
            let load = &self.arena.load[open.start..open.end];
            let targets = self.growth.targets;
            let found = if rules.random_cuts {
                let sides = &mut self.arena.sides[..n];
                super::random::cut(
                    targets,
                    &node,
                    load,
                    column,
                    codes,
                    &limits,
                    floor,
                    stream.child(j as u64 + 3),
                    sides,
                )
                .map(|(cut, set, threshold)| Split { cut, column: j as u32, set, threshold })
            } else if column.categorical {
                targets.best_set(&node, load, codes, &limits, floor).map(|found| Split {
                    cut: found.cut,
                    column: j as u32,
                    set: Some(found.set),
                    threshold: None,
                })
            } else {
                targets
                    .best_cut(
                        &node,
                        load,
                        codes,
                        &limits,
                        GainRange { floor, ceiling },
                        &mut self.arena.scratch,
                    )
                    .map(|cut| Split { cut, column: j as u32, set: None, threshold: None })
            };
            if let Some(found) = found {
                let perfect = found.cut.perfect;
                best = Some(found);
                if perfect {
                    break;
                }
            }
        }
        for place in (0..self.arena.swaps.len()).rev() {
            self.arena.columns.swap(place, self.arena.swaps[place] as usize);
        }
        if stopped {
            return Err(Stopped);
        }
        let rules = &self.growth.rules.truncation;
        // A gain of nothing may come out a little below it.
        if let Some(best) = &mut best {
            best.cut.gain = best.cut.gain.max(0.0);
        }
        Ok(best.filter(|split| split.cut.gain / self.weight + EPSILON >= rules.min_impurity_decrease))
    }
}

/// Codes are read this many at a time: a column is followed by as many copies of its first code, which change
/// neither its range nor where it can be cut, so that no loop over it ends in single steps.
pub const LANES: usize = 32;

/// A node whose share of the rows is not above 1 / this reads codes row by row.
const FAR_APART: usize = 8;

/// `n` rounded up to whole steps.
#[inline(always)]
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

/// Puts the codes of `rows` into `codes`, which is `LANES` longer, and pads them; returns the least and the
/// greatest code of a value that is not missing (65535 and 0 if there is none), and how many are missing.
/// `all`, if there, holds the same codes row by row.
#[inline(always)]
pub fn gather(
    column: &Column,
    j: usize,
    all: Option<&Rows>,
    rows: &[u32],
    codes: &mut [u16],
) -> (u16, u16, usize) {
    let n = rows.len();
    let all = all.filter(|_| n * FAR_APART <= column.len());
    match (&column.codes, all.map(|all| (&all.codes, all.d))) {
        (_, Some((Stored::U8(stored), d))) => gather_from(stored, rows, d, j, codes),
        (_, Some((Stored::U16(stored), d))) => gather_from(stored, rows, d, j, codes),
        (Stored::U8(stored), None) => gather_from(stored, rows, 1, 0, codes),
        (Stored::U16(stored), None) => gather_from(stored, rows, 1, 0, codes),
    }
    let first = codes[0];
    codes[n..n + LANES].fill(first);
    let codes = &codes[..padded(n)];
    if !column.has_missing {
        let (low, high) = range(codes);
        return (low, high, 0);
    }
    range_of_present(codes, n, column.n_bins() as u16)
}

/// Column `j` of (n, d) codes.
#[inline(always)]
fn gather_from<C: Copy + Into<u16>>(stored: &[C], rows: &[u32], d: usize, j: usize, codes: &mut [u16]) {
    for (out, &row) in codes.iter_mut().zip(rows) {
        debug_assert!((row as usize * d + j) < stored.len());
        // SAFETY: the rows of a tree are numbered below the length of every column, and j < d.
        *out = unsafe { *stored.get_unchecked(row as usize * d + j) }.into();
    }
}

#[inline(always)]
fn range(codes: &[u16]) -> (u16, u16) {
    let (mut low, mut high) = ([u16::MAX; LANES], [0; LANES]);
    for chunk in codes.chunks_exact(LANES) {
        for k in 0..LANES {
            low[k] = low[k].min(chunk[k]);
            high[k] = high[k].max(chunk[k]);
        }
    }
    (least(low), greatest(high))
}

#[inline(always)]
fn range_of_present(codes: &[u16], n: usize, missing: u16) -> (u16, u16, usize) {
    let (mut low, mut high) = (u16::MAX, 0);
    let mut n_missing = 0;
    for &code in codes {
        let is_missing = code == missing;
        low = low.min(if is_missing { u16::MAX } else { code });
        high = high.max(if is_missing { 0 } else { code });
        n_missing += usize::from(is_missing);
    }
    let counted_twice = if codes[0] == missing { codes.len() - n } else { 0 };
    (low, high, n_missing - counted_twice)
}

#[inline(always)]
pub fn least(codes: [u16; LANES]) -> u16 {
    codes.into_iter().fold(u16::MAX, u16::min)
}

#[inline(always)]
pub fn greatest(codes: [u16; LANES]) -> u16 {
    codes.into_iter().fold(0, u16::max)
}
