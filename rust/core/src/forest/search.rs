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
use super::sums::Sums;

/// Up to this many rows are sorted rather than binned.
const FEW_ROWS: usize = 24;
/// Rows per slot to aim for, and the greatest number of slots (both powers of two).
const ROWS_PER_SLOT: usize = 4;
const MAX_SLOTS: usize = 1024;

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
        self.min_rows > 1 || self.min_weight > 0.0 || self.monotonic != 0 || self.low.is_finite() || self.high.is_finite()
    }
}

/// A column of a node: the codes of its rows, in the order of the rows.
#[derive(Clone, Copy)]
pub struct Codes<'a> {
    pub codes: &'a [u16],
    /// Least and greatest code that is not `missing`.
    pub low: u16,
    pub high: u16,
    /// The code of a missing value, if one occurs here.
    pub missing: Option<u16>,
}

/// Reusable buffers.
#[derive(Default)]
pub struct Scratch<S> {
    slots: Vec<S>,
    rows: Vec<u32>,
    gains: Vec<f64>,
    open: Vec<u8>,
    keys: Vec<u64>,
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
    /// The best cut with a gain above `floor`, if there is one.
    #[inline(always)]
    pub fn best(&self, floor: f64, scratch: &mut Scratch<S>) -> Option<Cut<S>> {
        let mut best = Cut { gain: floor, code: 0, missing_left: false, perfect: false, left: S::default() };
        let found = match (self.rows.len() <= FEW_ROWS, self.limits.bind()) {
            (true, false) => self.sorted::<false>(&mut best),
            (true, true) => self.sorted::<true>(&mut best),
            (false, false) => self.binned::<false>(&mut best, scratch),
            (false, true) => self.binned::<true>(&mut best, scratch),
        };
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
            *best = Cut { gain, code, missing_left, perfect: self.splits_classes(left), left };
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
        let enough = rows_left.min(rows_right) >= limits.min_rows
            && left.weight() >= limits.min_weight
            && right.weight() >= limits.min_weight;
        if !enough || (limits.monotonic == 0 && limits.low == f64::NEG_INFINITY && limits.high == f64::INFINITY) {
            return enough;
        }
        let (l, r) = (left.mean() + self.centre, right.mean() + self.centre);
        let inside = |mean: f64| limits.low <= mean && mean <= limits.high;
        inside(l) && inside(r) && (r - l) * f64::from(limits.monotonic) >= 0.0
    }

    /// All cuts between rows sorted by code; the missing ones are kept apart.
    #[inline(always)]
    fn sorted<const LIMITED: bool>(&self, best: &mut Cut<S>) -> bool {
        let mut keys = [u32::MAX; FEW_ROWS];
        let mut n = 0;
        let mut missing = S::default();
        for (i, &code) in self.column.codes.iter().enumerate() {
            if self.column.missing == Some(code) {
                missing.add_row(self.rows[i], self.centre);
            } else {
                keys[n] = u32::from(code) << 16 | i as u32;
                n += 1;
            }
        }
        sort_few(&mut keys[..n]);
        self.sweep::<LIMITED>(best, keys[..n].iter().map(|&key| u64::from(key >> 16) << 32 | u64::from(key & 0xffff)), missing, n)
    }

    /// Goes through all rows in the order of their codes.
    #[inline(always)]
    fn sweep<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        keys: impl Iterator<Item = u64>,
        missing: S,
        n: usize,
    ) -> bool {
        let has_missing = self.column.missing.is_some();
        let rows_missing = self.rows.len() as u32 - n as u32;
        let mut found = false;
        let mut left = S::default();
        let mut last = self.column.low;
        for (done, key) in keys.enumerate() {
            let (code, i) = ((key >> 32) as u16, key as u32 as usize);
            if code != last {
                found |= self.consider::<LIMITED>(best, left, done as u32, last, false);
                if has_missing {
                    found |= self.consider::<LIMITED>(best, left.plus(missing), done as u32 + rows_missing, last, true);
                }
                last = code;
            }
            left.add_row(self.rows[i], self.centre);
        }
        if has_missing {
            found |= self.consider::<LIMITED>(best, left, n as u32, last, false);
        }
        found
    }

    /// Cuts at the edges of slots, then inside the slots that may hold a better one.
    #[inline(always)]
    fn binned<const LIMITED: bool>(&self, best: &mut Cut<S>, scratch: &mut Scratch<S>) -> bool {
        let Codes { codes, low, high, .. } = self.column;
        let span = u32::from(high - low);
        let wanted = (codes.len() / ROWS_PER_SLOT).next_power_of_two().min(MAX_SLOTS) as u32;
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
                    found |= self.consider::<LIMITED>(best, slots[j].plus(extra), rows_left, edge(j), side == 1);
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
        let Codes { codes, low, .. } = self.column;
        if scratch.slots.len() < n_slots {
            scratch.slots.resize(n_slots, S::default());
            scratch.rows.resize(n_slots, 0);
            scratch.gains.resize(n_slots, 0.0);
            scratch.open.resize(n_slots, 0);
        }
        let slots = &mut scratch.slots[..n_slots];
        slots.fill(S::default());
        let counts = &mut scratch.rows[..n_slots];
        if LIMITED {
            counts.fill(0);
        }
        let (mut missing, mut rows_missing) = (S::default(), 0);
        let mut put = |code: u16, row: S::Row| {
            let j = ((code - low) >> shift) as usize;
            debug_assert!(j < n_slots);
            // SAFETY: low <= code <= high by the contract of `Codes`, so j <= (high - low) >> shift,
            // which is n_slots - 1.
            unsafe {
                slots.get_unchecked_mut(j).add_row(row, self.centre);
                if LIMITED {
                    *counts.get_unchecked_mut(j) += 1;
                }
            }
        };
        match self.column.missing {
            None => {
                for (&code, &row) in codes.iter().zip(self.rows) {
                    put(code, row);
                }
            }
            Some(absent) => {
                for (&code, &row) in codes.iter().zip(self.rows) {
                    if code == absent {
                        missing.add_row(row, self.centre);
                        rows_missing += 1;
                    } else {
                        put(code, row);
                    }
                }
            }
        }
        (missing, rows_missing)
    }

    /// Looks into the slots whose bound is above the best gain so far.
    #[inline(always)]
    fn refine<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        shift: u32,
        n_slots: usize,
        missing: S,
        rows_missing: u32,
        scratch: &mut Scratch<S>,
    ) -> bool {
        let Codes { codes, low, .. } = self.column;
        let has_missing = self.column.missing.is_some();
        let slots = &scratch.slots[..n_slots];
        let open = &mut scratch.open[..n_slots];
        let mut before = S::default();
        let mut any = 0;
        for j in 0..n_slots {
            let inside = slots[j].minus(before);
            let mut bound = C::bound(self.node, before, inside);
            if has_missing {
                bound = bound.max(C::bound(self.node, before.plus(missing), inside));
            }
            open[j] = u8::from(bound > best.gain);
            any |= open[j];
            before = slots[j];
        }
        if any == 0 {
            return false;
        }
        // Invariant: keys[..n_keys] are the rows before i that lie in open slots.
        if scratch.keys.len() < codes.len() {
            scratch.keys.resize(codes.len(), 0);
        }
        let mut n_keys = 0;
        for (i, &code) in codes.iter().enumerate() {
            scratch.keys[n_keys] = u64::from(code) << 32 | i as u64;
            let slot = (code.wrapping_sub(low) >> shift) as usize;
            let is_open = open.get(slot).copied().unwrap_or(0);
            n_keys += usize::from(is_open) * usize::from(self.column.missing != Some(code));
        }
        let keys = &mut scratch.keys[..n_keys];
        keys.sort_unstable();

        let mut found = false;
        let mut k = 0;
        while k < keys.len() {
            let slot = (((keys[k] >> 32) as u16 - low) >> shift) as usize;
            let (mut left, mut rows_left) = if slot == 0 {
                (S::default(), 0)
            } else {
                (slots[slot - 1], if LIMITED { scratch.rows[slot - 1] } else { 0 })
            };
            let mut last = (keys[k] >> 32) as u16;
            while k < keys.len() {
                let (code, i) = ((keys[k] >> 32) as u16, keys[k] as u32 as usize);
                if code != last {
                    if ((code - low) >> shift) as usize != slot {
                        break;
                    }
                    found |= self.consider::<LIMITED>(best, left, rows_left, last, false);
                    if has_missing {
                        found |= self.consider::<LIMITED>(best, left.plus(missing), rows_left + rows_missing, last, true);
                    }
                    last = code;
                }
                left.add_row(self.rows[i], self.centre);
                rows_left += 1;
                k += 1;
            }
        }
        found
    }
}

/// Insertion sort: the fastest for a handful of keys.
#[inline(always)]
fn sort_few(keys: &mut [u32]) {
    for i in 1..keys.len() {
        let key = keys[i];
        let mut j = i;
        while j > 0 && keys[j - 1] > key {
            keys[j] = keys[j - 1];
            j -= 1;
        }
        keys[j] = key;
    }
}
