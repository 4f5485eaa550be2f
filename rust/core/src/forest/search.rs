//! The best cut of one column in one node.
//!
//! Problem. Given the codes c_i and targets of the n rows of a node, maximise gain(L) over
//! L = {i : c_i <= t} (and, where codes are missing, over the side that takes them), subject to the
//! limits on a leaf. Returns the first maximum in ascending t.
//!
//! Method. Few rows are sorted. More fall into up to `MAX_SLOTS` slots, each a range of codes; the
//! gains at the slots' edges are found by one scan, and only slots whose bound (criterion.rs) is above
//! the best of them are looked into code by code. The result is that of a full sort.
//!
//! Which way is taken depends on the node's own rows alone, never on threads or on other candidates.

use super::criterion::Criterion;
use super::sort::sort;
use super::sums::Sums;
use crate::vectors::Vectors;

/// The most rows that are sorted rather than binned; a criterion may say fewer.
pub const FEW_ROWS: usize = 256;
/// Gains this close, relative to their size, are the same but for rounding.
const TIE: f64 = 1e-12;
/// Columns with fewer values than rows / this are binned whatever the number of rows.
const VALUES_PER_ROW: usize = 2;
/// Rows per slot to aim for, and the least and the greatest number of slots (powers of two).
const ROWS_PER_SLOT: usize = 4;
const MIN_SLOTS: usize = 32;
const MAX_SLOTS: usize = 1024;

/// Up to so many slots are filled in so many copies.
const FEW_SLOTS: usize = 64;
const COPIES: usize = 4;

/// A cut of a column: codes up to `code` go left.
#[derive(Clone, Copy, Debug)]
pub struct Cut<L> {
    pub gain: f64,
    pub code: u16,
    pub missing_left: bool,
    /// Both sides hold a single class: no other cut can be better.
    pub perfect: bool,
    /// What went left.
    pub left: L,
}

/// What a leaf must hold, and how the means of the two sides must compare.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub min_rows: u32,
    pub min_weight: f64,
    /// Sign of the constraint on the column (0: none), and the range that ancestors leave.
    pub monotonic: i8,
    pub low: f64,
    pub high: f64,
}

impl Limits {
    /// True if some cut between rows may be refused.
    pub fn bind(&self) -> bool {
        self.min_rows > 1 || self.weigh()
    }

    /// True if a cut may be refused for other things than its numbers of rows.
    fn weigh(&self) -> bool {
        self.min_weight > 0.0 || self.monotonic != 0
    }

    /// True if the means of the two sides are in order and in range. As in scikit-learn, a column
    /// without a constraint may be cut anyhow: the values of its leaves are clipped instead.
    #[inline(always)]
    pub fn in_order(&self, left: f64, right: f64) -> bool {
        self.monotonic == 0
            || (left.min(right) >= self.low
                && left.max(right) <= self.high
                && (right - left) * f64::from(self.monotonic) >= 0.0)
    }
}

/// A column of a node: the codes of its rows, in the order of the rows.
#[derive(Clone, Copy)]
pub struct Codes<'a> {
    pub codes: &'a [u16],
    /// The same, followed by copies of the first up to a multiple of `LANES`.
    pub padded: &'a [u16],
    /// Least and greatest code that is not `missing`.
    pub low: u16,
    pub high: u16,
    /// The code of a missing value, if one occurs here.
    pub missing: Option<u16>,
}

/// Reusable buffers, and the vectors to use.
pub struct Scratch<S> {
    pub vectors: Vectors,
    pub(super) slots: Vec<S>,
    pub(super) sums: Vec<S>,
    pub(super) rows: Vec<u32>,
    pub(super) gains: Vec<f64>,
    pub(super) open: Vec<u8>,
    pub(super) picked: Vec<u32>,
    pub(super) keys: Vec<u64>,
}

impl<S> Default for Scratch<S> {
    fn default() -> Self {
        Scratch {
            vectors: Vectors::detect(),
            slots: Vec::new(),
            sums: Vec::new(),
            rows: Vec::new(),
            gains: Vec::new(),
            open: Vec::new(),
            picked: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl<S: Sums> Scratch<S> {
    #[inline(always)]
    pub(super) fn reserve(&mut self, n: usize) {
        if self.slots.len() < n {
            self.slots.resize(n, S::default());
            self.sums.resize(n, S::default());
            self.rows.resize(n, 0);
            self.gains.resize(n, 0.0);
            self.open.resize(n, 0);
        }
    }
}

/// The scan of one column of a node.
pub struct Scan<'a, S: Sums, C: Criterion<S>> {
    pub node: &'a C::Node,
    pub total: S,
    pub centre: f64,
    pub rows: &'a [S::Row],
    pub column: Codes<'a>,
    pub limits: &'a Limits,
}

impl<S: Sums, C: Criterion<S>> Scan<'_, S, C> {
    /// The best cut with a gain above `floor`, if there is one. `ceiling`: no cut has a greater gain.
    #[inline(always)]
    pub fn best(&self, floor: f64, ceiling: f64, scratch: &mut Scratch<S>) -> Option<Cut<S>> {
        let mut best = Cut { gain: floor, code: 0, missing_left: false, perfect: false, left: S::default() };
        let n = self.rows.len();
        let span = usize::from(self.column.high - self.column.low);
        // A column of few values needs few slots: then they cost less than to sort.
        let many_values = span > n / VALUES_PER_ROW;
        let sort = n <= C::FEW_ROWS && (n <= 8 || many_values);
        let limited = self.limits.bind();
        // How a sum is taken must not depend on `min_rows`: other values of it share the node (fork.rs).
        let plain = !self.limits.weigh() && self.column.missing.is_none();
        let compare = plain && n <= C::PAIRS && (n <= 16 || many_values) && C::fits_pairs(self.node);
        let found = match (sort, limited) {
            _ if plain && n == 2 => self.parted(&mut best),
            _ if compare => self.compared(&mut best, scratch.vectors),
            (true, false) => self.sorted::<false>(&mut best, scratch),
            (true, true) => self.sorted::<true>(&mut best, scratch),
            (false, false) => self.binned::<false>(&mut best, scratch),
            (false, true) => self.binned::<true>(&mut best, scratch),
        };
        best.perfect = found && (best.gain >= ceiling * (1.0 - TIE) || self.splits_classes(best.left));
        found.then_some(best)
    }

    /// Takes the cut if it is allowed and better.
    #[inline(always)]
    fn consider<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        left: S,
        rows_left: u32,
        code: u16,
        missing_left: bool,
    ) -> bool {
        let gain = C::gain(self.node, left);
        if gain > best.gain && (!LIMITED || self.allowed(left, rows_left)) {
            *best = Cut { gain, code, missing_left, perfect: false, left };
            return true;
        }
        false
    }

    #[inline(always)]
    fn splits_classes(&self, left: S) -> bool {
        left.one_class() && self.total.minus(left).one_class()
    }

    /// True if both sides may be leaves.
    #[inline(always)]
    pub fn allowed(&self, left: S, rows_left: u32) -> bool {
        let limits = self.limits;
        let right = self.total.minus(left);
        let rows_right = self.rows.len() as u32 - rows_left;
        rows_left.min(rows_right) >= limits.min_rows
            && left.weight() >= limits.min_weight
            && right.weight() >= limits.min_weight
            && limits.in_order(left.mean() + self.centre, right.mean() + self.centre)
    }

    /// The cut between two rows.
    #[inline(always)]
    fn parted(&self, best: &mut Cut<S>) -> bool {
        let low = usize::from(self.column.codes[0] != self.column.low);
        let mut walk = C::walk(S::default(), self.total);
        C::step(&mut walk, self.rows[low], self.centre);
        self.consider_walk::<false>(best, &walk, 1, self.column.low, false)
    }

    /// All cuts between rows sorted by code; the missing ones are kept apart.
    #[inline(always)]
    fn sorted<const LIMITED: bool>(&self, best: &mut Cut<S>, scratch: &mut Scratch<S>) -> bool {
        scratch.reserve(FEW_ROWS);
        let Scratch { slots, gains, .. } = scratch;
        let mut keys = [u32::MAX; FEW_ROWS];
        let n = self.keys(&mut keys);
        sort(&mut keys, n, scratch.vectors);
        let keys = &keys[..n];
        if self.column.missing.is_none() {
            if !LIMITED && C::WALKS_BY_SUMS {
                return self.sweep_sums(best, keys, slots, gains);
            }
            return self.sweep::<LIMITED>(best, keys, false);
        }
        let right = self.sweep::<LIMITED>(best, keys, false);
        self.sweep::<LIMITED>(best, keys, true) || right
    }

    /// The rows that are not missing as code above row number; returns how many they are.
    #[inline(always)]
    fn keys(&self, keys: &mut [u32; FEW_ROWS]) -> usize {
        let codes = self.column.codes;
        let Some(missing) = self.column.missing else {
            for (i, (key, &code)) in keys.iter_mut().zip(codes).enumerate() {
                *key = u32::from(code) << 16 | i as u32;
            }
            return codes.len();
        };
        let mut n = 0;
        for (i, &code) in codes.iter().enumerate() {
            keys[n & (FEW_ROWS - 1)] = u32::from(code) << 16 | i as u32;
            n += usize::from(code != missing);
        }
        if n < FEW_ROWS {
            keys[n] = u32::MAX;
        }
        n
    }

    /// Goes through all rows in the order of their codes, the missing ones on the side given.
    #[inline(always)]
    fn sweep<const LIMITED: bool>(&self, best: &mut Cut<S>, keys: &[u32], missing_left: bool) -> bool {
        let mut walk = C::walk(S::default(), self.total);
        let mut rows_left = 0;
        if missing_left {
            for (&code, &row) in self.column.codes.iter().zip(self.rows) {
                if Some(code) == self.column.missing {
                    C::step(&mut walk, row, self.centre);
                    rows_left += 1;
                }
            }
        }
        let mut found = false;
        let mut last = self.column.low;
        for &key in keys {
            let code = (key >> 16) as u16;
            if code != last {
                found |= self.consider_walk::<LIMITED>(best, &walk, rows_left, last, missing_left);
                last = code;
            }
            C::step(&mut walk, self.rows[(key & 0xffff) as usize], self.centre);
            rows_left += 1;
        }
        if (rows_left as usize) < self.rows.len() {
            // What is missing against all the rest.
            found |= self.consider_walk::<LIMITED>(best, &walk, rows_left, last, missing_left);
        }
        found
    }

    /// The same where the gain of all cuts can be taken at once, without missing values or limits.
    #[inline(always)]
    fn sweep_sums(&self, best: &mut Cut<S>, keys: &[u32], sums: &mut [S], gains: &mut [f64]) -> bool {
        let (sums, gains) = (&mut sums[..keys.len()], &mut gains[..keys.len()]);
        let mut left = S::default();
        for (sum, &key) in sums.iter_mut().zip(keys) {
            left.add_row(self.rows[(key & 0xffff) as usize], self.centre);
            *sum = left;
        }
        self.pick(best, keys, sums, gains, false)
    }

    /// The best cut after rows sorted by code, `sums` on its left; one after the greatest code is none.
    #[inline(always)]
    pub(super) fn pick(
        &self,
        best: &mut Cut<S>,
        keys: &[u32],
        sums: &[S],
        gains: &mut [f64],
        missing_left: bool,
    ) -> bool {
        for (gain, &sum) in gains.iter_mut().zip(sums) {
            *gain = C::gain(self.node, sum);
        }
        let mut found = false;
        for j in 0..keys.len() - 1 {
            if gains[j] > best.gain && keys[j] >> 16 != keys[j + 1] >> 16 {
                let code = (keys[j] >> 16) as u16;
                *best = Cut { gain: gains[j], code, missing_left, perfect: false, left: sums[j] };
                found = true;
            }
        }
        found
    }

    #[inline(always)]
    pub(super) fn consider_walk<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        walk: &C::Walk,
        rows_left: u32,
        code: u16,
        missing_left: bool,
    ) -> bool {
        let gain = C::gain_of(self.node, walk);
        let better = gain > best.gain && (!LIMITED || self.allowed(C::left(walk), rows_left));
        if better {
            *best = Cut { gain, code, missing_left, perfect: false, left: C::left(walk) };
        }
        better
    }

    /// Cuts at the edges of slots, then inside the slots that may hold a better one.
    #[inline(always)]
    fn binned<const LIMITED: bool>(&self, best: &mut Cut<S>, scratch: &mut Scratch<S>) -> bool {
        let Codes { codes, low, high, .. } = self.column;
        let span = u32::from(high - low);
        let wanted = (codes.len() / ROWS_PER_SLOT).next_power_of_two().clamp(MIN_SLOTS, MAX_SLOTS) as u32;
        let shift = (span / wanted + 1).next_power_of_two().trailing_zeros();
        let n_slots = (span >> shift) as usize + 1;
        let (missing, rows_missing) = self.fill::<LIMITED>(shift, n_slots, scratch);

        // Slot j becomes the sums of all rows up to its upper edge.
        let slots = &mut scratch.slots[..n_slots];
        for j in 1..n_slots {
            slots[j] = slots[j - 1].plus(slots[j]);
        }
        let edge = |j: usize| low + ((((j as u32) + 1) << shift) - 1).min(span) as u16;
        let mut found = false;
        let rows = &mut scratch.rows;
        if LIMITED {
            for j in 1..n_slots {
                rows[j] += rows[j - 1];
            }
        }
        let sides = if self.column.missing.is_some() { 2 } else { 1 };
        for side in 0..sides {
            let (extra, rows_extra) = if side == 0 { (S::default(), 0) } else { (missing, rows_missing) };
            // Without missing values the last edge leaves nothing on the right.
            let n_edges = if sides == 2 && side == 0 { n_slots } else { n_slots - 1 };
            let gains = &mut scratch.gains[..n_edges];
            for j in 0..n_edges {
                gains[j] = C::gain(self.node, slots[j].plus(extra));
            }
            for j in 0..n_edges {
                if gains[j] > best.gain {
                    let rows_left = if LIMITED { rows[j] + rows_extra } else { 0 };
                    found |=
                        self.consider::<LIMITED>(best, slots[j].plus(extra), rows_left, edge(j), side == 1);
                }
            }
        }
        if shift > 0 {
            found |= self.refine::<LIMITED>(best, shift, n_slots, missing, rows_missing, scratch);
        }
        found
    }

    /// Adds every row to its slot; returns the sums and the number of the missing ones.
    #[inline(always)]
    fn fill<const LIMITED: bool>(&self, shift: u32, n_slots: usize, scratch: &mut Scratch<S>) -> (S, u32) {
        scratch.reserve(COPIES * n_slots);
        let n = self.rows.len();
        if !LIMITED && self.column.missing.is_none() {
            if n_slots == 2 && S::SUMS_OF_CODE {
                let high = S::sum_of(self.column.codes, self.rows, self.column.high);
                scratch.slots[..2].copy_from_slice(&[self.total.minus(high), high]);
            } else if size_of::<S>() <= 16 && n_slots <= FEW_SLOTS && n >= COPIES * n_slots {
                self.fill_copies(shift, n_slots, &mut scratch.slots);
            } else {
                self.fill_once(shift, &mut scratch.slots[..n_slots]);
            }
            return (S::default(), 0);
        }
        let Codes { codes, low, missing: absent, .. } = self.column;
        let (slots, counts) = (&mut scratch.slots[..n_slots], &mut scratch.rows[..n_slots]);
        slots.fill(S::default());
        counts.fill(0);
        let (mut missing, mut rows_missing) = (S::default(), 0);
        for (&code, &row) in codes.iter().zip(self.rows) {
            if Some(code) == absent {
                missing.add_row(row, self.centre);
                rows_missing += 1;
            } else {
                let j = usize::from((code - low) >> shift);
                slots[j].add_row(row, self.centre);
                counts[j] += 1;
            }
        }
        (missing, rows_missing)
    }

    #[inline(always)]
    fn fill_once(&self, shift: u32, slots: &mut [S]) {
        slots.fill(S::default());
        let Codes { codes, low, .. } = self.column;
        for (&code, &row) in codes.iter().zip(self.rows) {
            let j = usize::from((code - low) >> shift);
            debug_assert!(j < slots.len());
            // SAFETY: low <= code <= high by the contract of `Codes`, so j <= (high - low) >> shift,
            // which is the number of slots less 1.
            unsafe { slots.get_unchecked_mut(j) }.add_row(row, self.centre);
        }
    }

    /// Neighbouring rows go to different copies of the slots: one of few slots need not wait for the last
    /// sum to be written.
    #[inline(always)]
    fn fill_copies(&self, shift: u32, n_slots: usize, slots: &mut [S]) {
        let slots = &mut slots[..COPIES * n_slots];
        slots.fill(S::default());
        let Codes { codes, low, .. } = self.column;
        let (codes, rows) = (codes.chunks_exact(COPIES), self.rows.chunks_exact(COPIES));
        for (&code, &row) in codes.remainder().iter().zip(rows.remainder()) {
            slots[usize::from((code - low) >> shift)].add_row(row, self.centre);
        }
        for (codes, rows) in codes.zip(rows) {
            for k in 0..COPIES {
                let j = k * n_slots + usize::from((codes[k] - low) >> shift);
                debug_assert!(j < (k + 1) * n_slots);
                // SAFETY: as above, (code - low) >> shift < n_slots.
                unsafe { slots.get_unchecked_mut(j) }.add_row(rows[k], self.centre);
            }
        }
        for k in 1..COPIES {
            let (first, copies) = slots.split_at_mut(k * n_slots);
            for (slot, &copy) in first.iter_mut().zip(copies.iter()) {
                *slot = slot.plus(copy);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::criterion::{Entropy, Quadratic, Range};
    use crate::forest::split::padded;
    use crate::forest::sums::{Binary, Counts, Moments};
    use crate::seed::Stream;

    const FREE: Limits =
        Limits { min_rows: 1, min_weight: 0.0, monotonic: 0, low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// A node of n rows whose codes have about `n_codes` values, every seventh of them missing.
    /// Codes, targets and weights; the weights are 1, 2 or 3 units.
    fn node(
        n: usize,
        n_codes: u32,
        n_classes: u32,
        unit: f64,
        stream: &mut Stream,
    ) -> (Vec<u16>, Vec<f64>, Vec<f64>) {
        let codes: Vec<u16> = (0..n).map(|_| stream.below(n_codes) as u16).collect();
        // The target follows the code, so that the best cut lies inside.
        let y =
            |&code: &u16| f64::from((u32::from(code) * n_classes / n_codes + stream.below(2)) % n_classes);
        let y = codes.iter().map(y).collect();
        let w = (0..n).map(|_| unit * f64::from(1 + stream.below(3))).collect();
        (codes, y, w)
    }

    /// Not inlined: the search is large.
    #[inline(never)]
    fn by_vectors<S: Sums, C: Criterion<S>>(scan: &Scan<'_, S, C>, vectors: Vectors) -> Option<Cut<S>> {
        scan.best(0.0, f64::INFINITY, &mut Scratch { vectors, ..Scratch::default() })
    }

    /// Checks `best` and `bound` on a node against all cuts, one by one.
    fn check<S: Sums, C: Criterion<S>>(
        criterion: C,
        n: usize,
        n_codes: u32,
        n_classes: u32,
        unit: f64,
        limits: Limits,
        missing: bool,
    ) {
        let mut stream = Stream::new(n as u64).child(u64::from(n_codes) + 1000 * u64::from(n_classes));
        let (mut codes, y, w) = node(n, n_codes, n_classes, unit, &mut stream);
        let absent = n_codes as u16;
        if missing {
            codes.iter_mut().step_by(7).for_each(|code| *code = absent);
        }
        let rows: Vec<S::Row> = w.iter().zip(&y).map(|(&w, &y)| S::row(w, y)).collect();
        let centre = if C::CENTRED {
            w.iter().zip(&y).map(|(w, y)| w * y).sum::<f64>() / w.iter().sum::<f64>()
        } else {
            0.0
        };
        let sum = |take: &dyn Fn(u16) -> bool| {
            let (mut sums, mut count) = (S::default(), 0);
            for (&row, &code) in rows.iter().zip(&codes).filter(|(_, code)| take(**code)) {
                sums.add_row(row, centre);
                count += usize::from(code != u16::MAX);
            }
            (sums, count)
        };
        let total = sum(&|_| true).0;
        let range = Range { low: -centre, high: f64::from(n_classes - 1) - centre };
        let prepared = criterion.node(total, range);
        let present = || codes.iter().copied().filter(|&code| code != absent);
        let mut stored = codes.clone();
        stored.resize(padded(n), codes[0]);
        let column = Codes {
            codes: &codes,
            padded: &stored,
            low: present().min().unwrap_or(0),
            high: present().max().unwrap_or(0),
            missing: missing.then_some(absent),
        };
        let scan: Scan<S, C> = Scan { node: &prepared, total, centre, rows: &rows, column, limits: &limits };
        let found = by_vectors(&scan, Vectors::Baseline);
        let vectorised = by_vectors(&scan, Vectors::detect());
        let told =
            |cut: Cut<S>| (cut.gain.to_bits(), cut.code, cut.missing_left, cut.left.weight().to_bits());
        assert_eq!(found.map(told), vectorised.map(told), "n {n}, codes {n_codes}: other bits by vectors");

        let mut best: f64 = 0.0;
        let mut gain_at = std::collections::HashMap::new();
        for code in column.low..=column.high {
            for missing_left in [false, true] {
                let goes_left = |c: u16| if c == absent { missing_left } else { c <= code };
                let (left, n_left) = sum(&goes_left);
                let allowed = n_left > 0 && n_left < n && scan.allowed(left, n_left as u32);
                let gain = C::gain(&prepared, left);
                if allowed && gain.is_finite() {
                    best = best.max(gain);
                    gain_at.insert((code, missing_left), gain);
                }
            }
        }
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
        match found {
            Some(cut) => {
                assert!(close(cut.gain, best), "n {n}, codes {n_codes}: {} instead of {best}", cut.gain);
                let there = gain_at[&(cut.code, cut.missing_left)];
                assert!(
                    close(there, best),
                    "n {n}, codes {n_codes}: the cut named gains {there}, not {best}"
                );
            }
            None => assert!(best <= 1e-9, "n {n}, codes {n_codes}: missed a gain of {best}"),
        }

        // Any range of codes is a slot: no cut inside it gains more than its bound.
        let width = (column.high - column.low) / 5 + 1;
        for low in (column.low..=column.high).step_by(usize::from(width)) {
            let before = sum(&|c| c < low).0;
            let slot = sum(&|c| c >= low && c < low + width && c != absent).0;
            let bound = C::bound(&prepared, before, slot);
            for code in low..low + width - 1 {
                let gain = C::gain(&prepared, sum(&|c| c <= code).0);
                // With nothing on the right the gain is not a number, or rounding over nothing.
                assert!(
                    !(gain.is_finite() && gain > bound + 1e-9),
                    "n {n}: gain {gain} above the bound {bound}"
                );
            }
        }
    }

    fn check_all(limits: Limits) {
        for n in [2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64, 65, 128, 129, 200, 256, 257, 500, 3000] {
            for n_codes in [2, 5, 30, 300, 3000] {
                for missing in [false, true] {
                    check::<Binary, _>(Quadratic, n, n_codes, 2, 1.0, limits, missing);
                    check::<Binary, _>(Entropy, n, n_codes, 2, 1.0, limits, missing);
                    check::<Moments, _>(Quadratic, n, n_codes, 9, 1.0, limits, missing);
                    check::<Counts<u32, 8>, _>(Quadratic, n, n_codes, 7, 1.0, limits, missing);
                    check::<Counts<u32, 32>, _>(Quadratic, n, n_codes, 26, 1.0, limits, missing);
                    check::<Counts<f64, 8>, _>(Entropy, n, n_codes, 5, 0.07, limits, missing);
                    check::<Counts<f64, 8>, _>(Quadratic, n, n_codes, 7, 0.07, limits, missing);
                    check::<Counts<f64, 32>, _>(Quadratic, n, n_codes, 26, 0.07, limits, missing);
                }
            }
        }
    }

    #[test]
    fn the_best_cut_is_that_of_trying_all() {
        check_all(FREE);
    }

    #[test]
    fn limits_are_kept_and_the_best_cut_within_them_is_found() {
        check_all(Limits { min_rows: 3, min_weight: 4.5, ..FREE });
    }
}
