//! The best cut of a column among few rows, by comparing all pairs of them.
//!
//! The left side of a cut after the code of row j is a sum over the rows i with c_i <= c_j. Taken for all j at
//! once that is a comparison and an addition in vectors for each i: more work than to sort, but nothing of it
//! waits for anything else, and no row is moved.
//!
//! Squares of classes. With rows in order of code, row i adds to |N_L|^2 and to N_L . N_T
//!
//! ```text
//! a_i = w_i (2 m_i - w_i),    m_i = sum of w over the rows up to i of its class
//! b_i = w_i N_Tk,             k its class
//! ```
//!
//! and |N_R|^2 = |N_T|^2 - 2 N_L . N_T + |N_L|^2: three sums, however many classes there are.

use super::criterion::Criterion;
use super::search::{Cut, Scan};
use super::sums::{Labelled, Sums, Tally, Weighted};
use crate::vectors::Vectors;

#[cfg(target_arch = "x86_64")]
mod avx512;

/// The most rows that are compared in pairs.
pub const MOST: usize = 64;
/// Whole weights and their squares are summed in 16 bits: the node's weight is to be below this.
pub const NARROW: f64 = 256.0;

impl<S: Sums, C: Criterion<S>> Scan<'_, S, C> {
    /// The best of all cuts of up to `C::PAIRS` rows, none of them missing, limited by no more than rows.
    #[inline(always)]
    pub(super) fn compared(&self, best: &mut Cut<S>, vectors: Vectors) -> bool {
        match self.rows.len() {
            ..=16 => self.compare::<16>(best, vectors),
            17..=32 => self.compare::<32>(best, vectors),
            _ => self.compare::<MOST>(best, vectors),
        }
    }

    #[inline(always)]
    fn compare<const N: usize>(&self, best: &mut Cut<S>, vectors: Vectors) -> bool {
        // What is beyond the rows is the first code again: its gain is that of the first.
        let Some(codes) = self.column.padded.first_chunk::<N>() else { return false };
        let mut gains = C::gains(self.node, codes, self.rows, self.centre, vectors);
        for (gain, &code) in gains.iter_mut().zip(codes) {
            *gain = if code < self.column.high { *gain } else { f64::NEG_INFINITY };
        }
        if self.limits.min_rows > 1 {
            self.refuse_small_sides(&mut gains, codes);
        }
        let gain = greatest(gains);
        if gain <= best.gain {
            return false;
        }
        let mut code = u16::MAX;
        for j in 0..N {
            code = code.min(if gains[j] == gain { codes[j] } else { u16::MAX });
        }
        let mut left = S::default();
        for (&row, &at) in self.rows.iter().zip(codes) {
            if at <= code {
                left.add_row(row, self.centre);
            }
        }
        *best = Cut { gain, code, missing_left: false, perfect: false, left };
        true
    }

    /// Takes back the gains of cuts that leave too few rows on a side.
    #[inline(always)]
    fn refuse_small_sides<const N: usize>(&self, gains: &mut [f64; N], codes: &[u16; N]) {
        let n = self.rows.len();
        let mut n_left = [0u16; N];
        for &code in &codes[..n.min(N)] {
            for j in 0..N {
                n_left[j] += u16::from(code <= codes[j]);
            }
        }
        let least = self.limits.min_rows as usize;
        for (gain, n_left) in gains.iter_mut().zip(n_left) {
            let n_left = usize::from(n_left);
            *gain = if n_left >= least && n - n_left >= least { *gain } else { f64::NEG_INFINITY };
        }
    }
}

/// The greatest of N (a power of two) numbers.
#[inline(always)]
fn greatest<const N: usize>(mut values: [f64; N]) -> f64 {
    let mut half = N / 2;
    while half > 0 {
        for k in 0..half {
            values[k] = if values[k + half] > values[k] { values[k + half] } else { values[k] };
        }
        half /= 2;
    }
    values[0]
}

/// For each row the sum over the rows with codes up to its own: W above N_1, in 8 bits each.
#[inline(always)]
pub fn two_classes<const N: usize>(codes: &[u16; N], rows: &[u64], vectors: Vectors) -> [u16; N] {
    #[cfg(target_arch = "x86_64")]
    if vectors == Vectors::Avx512 {
        // SAFETY: `Vectors` says only what was detected.
        return unsafe { avx512::two_classes(codes, rows) };
    }
    let mut left = [0; N];
    for (&code, &row) in codes.iter().zip(rows) {
        let row = narrow(row);
        for j in 0..N {
            left[j] += if code <= codes[j] { row } else { 0 };
        }
    }
    left
}

/// W above N_1 in 8 bits each, of a row or a sum of `Binary`.
#[inline(always)]
fn narrow(row: u64) -> u16 {
    (row >> 24 | row) as u16
}

/// For each row W and S over the rows with codes up to its own, added in the order of the rows.
#[inline(always)]
pub fn moments<const N: usize>(
    codes: &[u16; N],
    rows: &[Weighted],
    centre: f64,
    vectors: Vectors,
) -> ([f64; N], [f64; N]) {
    #[cfg(target_arch = "x86_64")]
    if vectors == Vectors::Avx512 {
        // SAFETY: `Vectors` says only what was detected.
        return unsafe { avx512::moments(codes, rows, centre) };
    }
    let (mut w, mut s) = ([0.0; N], [0.0; N]);
    for (&code, row) in codes.iter().zip(rows) {
        let deviation = row.w * (row.y - centre);
        for j in 0..N {
            w[j] += if code <= codes[j] { row.w } else { 0.0 };
            s[j] += if code <= codes[j] { deviation } else { 0.0 };
        }
    }
    (w, s)
}

/// Rows of classes: weight, class and weight times N_T of the class.
struct Classes<const N: usize> {
    n: usize,
    w: [u16; N],
    class: [u16; N],
    share: [u16; N],
}

impl<const N: usize> Classes<N> {
    #[inline(always)]
    fn new<T: Tally, const P: usize>(rows: &[Labelled<T>], total: &[f64; P]) -> Self {
        let n = rows.len().min(N);
        let mut classes = Classes { n, w: [0; N], class: [u16::MAX; N], share: [0; N] };
        for (i, row) in rows[..n].iter().enumerate() {
            let w = row.w.float() as i32 as u16;
            classes.w[i] = w;
            classes.class[i] = row.class as u16;
            classes.share[i] = w * total[row.class as usize & (P - 1)] as i32 as u16;
        }
        classes
    }
}

/// Over the rows with codes up to that of each row: W, |N_L|^2 and N_L . N_T.
pub struct Squared<const N: usize> {
    pub w: [u16; N],
    pub square: [u16; N],
    pub cross: [u16; N],
}

#[inline(always)]
pub fn squares<T: Tally, const N: usize, const P: usize>(
    codes: &[u16; N],
    rows: &[Labelled<T>],
    total: &[f64; P],
    vectors: Vectors,
) -> Squared<N> {
    let rows = Classes::new(rows, total);
    #[cfg(target_arch = "x86_64")]
    if vectors == Vectors::Avx512 {
        // SAFETY: `Vectors` says only what was detected.
        return unsafe { avx512::squares(codes, &rows) };
    }
    let mut same = [0u16; N];
    for i in 0..rows.n {
        for j in 0..N {
            // Rows of the same code have an order too.
            let before = codes[i] < codes[j] || (codes[i] == codes[j] && i <= j);
            same[j] += if before && rows.class[i] == rows.class[j] { rows.w[i] } else { 0 };
        }
    }
    let mut sums = Squared { w: [0; N], square: [0; N], cross: [0; N] };
    for i in 0..rows.n {
        let rise = rows.w[i] * (2 * same[i] - rows.w[i]);
        for j in 0..N {
            let left = codes[i] <= codes[j];
            sums.w[j] += if left { rows.w[i] } else { 0 };
            sums.square[j] += if left { rise } else { 0 };
            sums.cross[j] += if left { rows.share[i] } else { 0 };
        }
    }
    sums
}
