//! Slots of a column that may hold a better cut than their edges, looked into row by row.

use super::criterion::Criterion;
use super::search::{Codes, Cut, FEW_ROWS, Scan, Scratch};
use super::sort::sort;
use super::split::LANES;
use super::sums::Sums;
use crate::vectors::Vectors;

impl<S: Sums, C: Criterion<S>> Scan<'_, S, C> {
    /// The bound of a slot, with the missing rows on either side.
    #[inline(always)]
    fn bound(&self, before: S, upto: S, missing: S) -> f64 {
        let inside = upto.minus(before);
        let bound = C::bound(self.node, before, inside);
        if self.column.missing.is_none() {
            return bound;
        }
        bound.max(C::bound(self.node, before.plus(missing), inside))
    }

    /// Looks into the slots whose bound is above the best gain so far.
    #[inline(always)]
    pub(super) fn refine<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        shift: u32,
        n_slots: usize,
        missing: S,
        rows_missing: u32,
        scratch: &mut Scratch<S>,
    ) -> bool {
        let slots = &scratch.slots[..n_slots];
        let open = &mut scratch.open[..n_slots];
        let floor = best.gain;
        let mut any = u8::from(self.bound(S::default(), slots[0], missing) > floor);
        open[0] = any;
        for j in 1..n_slots {
            open[j] = u8::from(self.bound(slots[j - 1], slots[j], missing) > floor);
            any |= open[j];
        }
        if any == 0 {
            return false;
        }
        let n_keys = self.open_rows(shift, n_slots, scratch);
        if n_keys < 2 {
            return false;
        }
        if !LIMITED && C::WALKS_BY_SUMS && n_keys <= FEW_ROWS {
            return self.refine_few(best, shift, n_keys, missing, scratch);
        }
        self.refine_many::<LIMITED>(best, shift, n_keys, missing, rows_missing, scratch)
    }

    /// Writes the rows of open slots into `keys`, code above row number; returns how many they are.
    #[inline(always)]
    fn open_rows(&self, shift: u32, n_slots: usize, scratch: &mut Scratch<S>) -> usize {
        let Codes { codes, padded, low, missing, .. } = self.column;
        let (open, picked, keys) = (&scratch.open[..n_slots], &mut scratch.picked, &mut scratch.keys);
        if keys.len() < padded.len() {
            keys.resize(padded.len(), 0);
            picked.resize(padded.len(), 0);
        }
        // Open slots lie close together as a rule.
        let first = open.iter().position(|&is_open| is_open == 1).unwrap_or(0);
        let last = open.iter().rposition(|&is_open| is_open == 1).unwrap_or(0);
        let least = low + ((first as u32) << shift) as u16;
        let most = ((last - first + 1) << shift).min(usize::from(u16::MAX - least) + 1) - 1;
        let n_picked = rows_in(padded, codes.len(), least, most as u16, picked, scratch.vectors);
        let mut n_keys = 0;
        // Invariant: keys[..n_keys] are the rows picked so far that lie in open slots.
        for &i in &picked[..n_picked] {
            let code = codes[i as usize];
            keys[n_keys] = u64::from(code) << 32 | u64::from(i);
            let slot = usize::from((code - low) >> shift);
            let is_open = slot < open.len() && open[slot] == 1 && missing != Some(code);
            n_keys += usize::from(is_open);
        }
        n_keys
    }

    /// Cuts between few rows of open slots, without limits.
    #[inline(always)]
    fn refine_few(
        &self,
        best: &mut Cut<S>,
        shift: u32,
        n_keys: usize,
        missing: S,
        scratch: &mut Scratch<S>,
    ) -> bool {
        scratch.reserve(FEW_ROWS);
        let mut keys = [u32::MAX; FEW_ROWS];
        let Scratch { slots, sums, gains, keys: rows, .. } = scratch;
        for (k, (key, &row)) in keys.iter_mut().zip(&rows[..n_keys]).enumerate() {
            *key = (row >> 16) as u32 & 0xffff_0000 | k as u32;
        }
        sort(&mut keys, n_keys, scratch.vectors);
        let keys = &keys[..n_keys];
        let (sums, gains) = (&mut sums[..n_keys], &mut gains[..n_keys]);
        let (mut slot, mut left) = (usize::MAX, S::default());
        for (sum, &key) in sums.iter_mut().zip(keys) {
            let here = usize::from(((key >> 16) as u16 - self.column.low) >> shift);
            if here != slot {
                left = if here == 0 { S::default() } else { slots[here - 1] };
                slot = here;
            }
            left.add_row(self.rows[rows[key as usize & 0xffff] as u32 as usize], self.centre);
            *sum = left;
        }
        let found = self.pick(best, keys, sums, gains, false);
        if self.column.missing.is_none() {
            return found;
        }
        for sum in sums.iter_mut() {
            *sum = sum.plus(missing);
        }
        self.pick(best, keys, sums, gains, true) || found
    }

    /// Cuts between the rows of open slots.
    #[inline(always)]
    fn refine_many<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        shift: u32,
        n_keys: usize,
        missing: S,
        rows_missing: u32,
        scratch: &mut Scratch<S>,
    ) -> bool {
        let low = self.column.low;
        let has_missing = self.column.missing.is_some();
        let (slots, keys) = (&scratch.slots, &mut scratch.keys[..n_keys]);
        keys.sort_unstable();

        let mut found = false;
        let mut k = 0;
        while k < keys.len() {
            let slot = (((keys[k] >> 32) as u16 - low) >> shift) as usize;
            let before = if slot == 0 { S::default() } else { slots[slot - 1] };
            let rows_before = if LIMITED && slot > 0 { scratch.rows[slot - 1] } else { 0 };
            let end = k + keys[k..]
                .iter()
                .take_while(|&&key| (((key >> 32) as u16 - low) >> shift) as usize == slot)
                .count();
            found |= self.inside::<LIMITED>(best, &keys[k..end], before, rows_before, false);
            if has_missing {
                found |= self.inside::<LIMITED>(
                    best,
                    &keys[k..end],
                    before.plus(missing),
                    rows_before + rows_missing,
                    true,
                );
            }
            k = end;
        }
        found
    }

    /// Cuts between the sorted rows of a slot, with `before` to their left.
    #[inline(always)]
    fn inside<const LIMITED: bool>(
        &self,
        best: &mut Cut<S>,
        keys: &[u64],
        before: S,
        rows_before: u32,
        missing_left: bool,
    ) -> bool {
        let mut walk = C::walk(before, self.total);
        let mut found = false;
        let mut last = keys.first().map_or(0, |key| (key >> 32) as u16);
        for (done, &key) in keys.iter().enumerate() {
            let code = (key >> 32) as u16;
            if code != last {
                found |=
                    self.consider_walk::<LIMITED>(best, &walk, rows_before + done as u32, last, missing_left);
                last = code;
            }
            C::step(&mut walk, self.rows[key as u32 as usize], self.centre);
        }
        found
    }
}

/// Writes the rows of codes [least, least + range] into `picked`, which is as long as `padded`; returns how
/// many they are.
#[inline(always)]
fn rows_in(padded: &[u16], n: usize, least: u16, range: u16, picked: &mut [u32], vectors: Vectors) -> usize {
    #[cfg(target_arch = "x86_64")]
    if vectors == Vectors::Avx512 {
        // SAFETY: `Vectors` says only what was detected.
        return unsafe { rows_in_avx512(padded, n, least, range, picked) };
    }
    let mut n_picked = 0;
    for (i, &code) in padded[..n].iter().enumerate() {
        picked[n_picked] = i as u32;
        n_picked += usize::from(code.wrapping_sub(least) <= range);
    }
    n_picked
}

/// The same, sixteen rows at a time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
fn rows_in_avx512(padded: &[u16], n: usize, least: u16, range: u16, picked: &mut [u32]) -> usize {
    use std::arch::x86_64::{
        _mm256_cmple_epu16_mask, _mm256_loadu_si256, _mm256_set1_epi16, _mm256_sub_epi16, _mm512_add_epi32,
        _mm512_maskz_compress_epi32, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_storeu_si512,
    };
    const HALF: usize = LANES / 2;
    assert!(padded.len() <= picked.len());
    let (least, range) = (_mm256_set1_epi16(least as i16), _mm256_set1_epi16(range as i16));
    let mut rows = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let mut n_picked = 0;
    for (c, chunk) in padded.chunks_exact(HALF).enumerate() {
        // SAFETY: `chunk` has 16 elements of 16 bits.
        let codes = unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) };
        let there = n.saturating_sub(HALF * c);
        let all = if there < HALF { (1 << there) - 1 } else { u16::MAX };
        let is_in = _mm256_cmple_epu16_mask(_mm256_sub_epi16(codes, least), range) & all;
        // SAFETY: n_picked <= 16 c, and `picked` has room for all chunks.
        unsafe {
            let to = picked.as_mut_ptr().add(n_picked).cast();
            _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(is_in, rows));
        }
        n_picked += is_in.count_ones() as usize;
        rows = _mm512_add_epi32(rows, _mm512_set1_epi32(HALF as i32));
    }
    n_picked
}
