//! Pairs of rows in AVX-512: sixteen codes of 16 bits in a vector, the comparison a mask.

use std::arch::x86_64::{
    __m256i, __m512d, _mm256_cmpeq_epi16_mask, _mm256_cmple_epu16_mask, _mm256_cmplt_epu16_mask,
    _mm256_loadu_si256, _mm256_mask_add_epi16, _mm256_mask_cmpeq_epi16_mask, _mm256_set1_epi16,
    _mm256_setzero_si256, _mm256_storeu_si256, _mm512_mask_add_pd, _mm512_set1_pd, _mm512_setzero_pd,
    _mm512_storeu_pd,
};

use super::super::sums::Weighted;
use super::{Classes, MOST, Squared, narrow};

const LANES: usize = 16;
/// Vectors of the most rows.
const VECTORS: usize = MOST / LANES;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn load<const N: usize>(values: &[u16; N]) -> [__m256i; VECTORS] {
    let mut vectors = [_mm256_setzero_si256(); VECTORS];
    for (v, part) in values.chunks_exact(LANES).enumerate() {
        // SAFETY: `part` has 16 elements of 16 bits.
        vectors[v] = unsafe { _mm256_loadu_si256(part.as_ptr().cast()) };
    }
    vectors
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn store<const N: usize>(vectors: [__m256i; VECTORS]) -> [u16; N] {
    let mut values = [0; N];
    for (v, part) in values.chunks_exact_mut(LANES).enumerate() {
        // SAFETY: `part` has 16 elements of 16 bits.
        unsafe { _mm256_storeu_si256(part.as_mut_ptr().cast(), vectors[v]) };
    }
    values
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn two_classes<const N: usize>(codes: &[u16; N], rows: &[u64]) -> [u16; N] {
    let all = load(codes);
    let mut left = [_mm256_setzero_si256(); VECTORS];
    for (&code, &row) in codes.iter().zip(rows) {
        let (code, row) = (_mm256_set1_epi16(code as i16), _mm256_set1_epi16(narrow(row) as i16));
        for v in 0..N / LANES {
            let is_left = _mm256_cmple_epu16_mask(code, all[v]);
            left[v] = _mm256_mask_add_epi16(left[v], is_left, left[v], row);
        }
    }
    store(left)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn moments<const N: usize>(codes: &[u16; N], rows: &[Weighted], centre: f64) -> ([f64; N], [f64; N]) {
    let all = load(codes);
    let mut w = [[_mm512_setzero_pd(); 2]; VECTORS];
    let mut s = w;
    for (&code, row) in codes.iter().zip(rows) {
        let code = _mm256_set1_epi16(code as i16);
        let (weight, deviation) = (_mm512_set1_pd(row.w), _mm512_set1_pd(row.w * (row.y - centre)));
        for v in 0..N / LANES {
            let is_left = _mm256_cmple_epu16_mask(code, all[v]);
            let [low, high] = is_left.to_le_bytes();
            w[v][0] = _mm512_mask_add_pd(w[v][0], low, w[v][0], weight);
            w[v][1] = _mm512_mask_add_pd(w[v][1], high, w[v][1], weight);
            s[v][0] = _mm512_mask_add_pd(s[v][0], low, s[v][0], deviation);
            s[v][1] = _mm512_mask_add_pd(s[v][1], high, s[v][1], deviation);
        }
    }
    (numbers(w), numbers(s))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn numbers<const N: usize>(vectors: [[__m512d; 2]; VECTORS]) -> [f64; N] {
    let mut values = [0.0; N];
    for (part, &vector) in values.chunks_exact_mut(LANES / 2).zip(vectors.as_flattened()) {
        // SAFETY: `part` has 8 elements of 64 bits.
        unsafe { _mm512_storeu_pd(part.as_mut_ptr(), vector) };
    }
    values
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) fn squares<const N: usize>(codes: &[u16; N], rows: &Classes<N>) -> Squared<N> {
    let (all, class) = (load(codes), load(&rows.class));
    let mut same = [_mm256_setzero_si256(); VECTORS];
    for (i, &code) in codes.iter().enumerate().take(rows.n) {
        let (code, weight) = (_mm256_set1_epi16(code as i16), _mm256_set1_epi16(rows.w[i] as i16));
        let own = _mm256_set1_epi16(rows.class[i] as i16);
        for v in 0..N / LANES {
            // Rows of the same code have an order too: i is before or at j where j >= i.
            let from_here = (u64::MAX << i >> (LANES * v)) as u16;
            let tied = _mm256_cmpeq_epi16_mask(code, all[v]) & from_here;
            let before = _mm256_cmplt_epu16_mask(code, all[v]) | tied;
            let of_class = _mm256_mask_cmpeq_epi16_mask(before, own, class[v]);
            same[v] = _mm256_mask_add_epi16(same[v], of_class, same[v], weight);
        }
    }
    let same: [u16; N] = store(same);
    let mut w = [_mm256_setzero_si256(); VECTORS];
    let (mut square, mut cross) = (w, w);
    for i in 0..rows.n {
        let rise = rows.w[i] * (2 * same[i] - rows.w[i]);
        let code = _mm256_set1_epi16(codes[i] as i16);
        let (weight, share) = (_mm256_set1_epi16(rows.w[i] as i16), _mm256_set1_epi16(rows.share[i] as i16));
        let rise = _mm256_set1_epi16(rise as i16);
        for v in 0..N / LANES {
            let is_left = _mm256_cmple_epu16_mask(code, all[v]);
            w[v] = _mm256_mask_add_epi16(w[v], is_left, w[v], weight);
            square[v] = _mm256_mask_add_epi16(square[v], is_left, square[v], rise);
            cross[v] = _mm256_mask_add_epi16(cross[v], is_left, cross[v], share);
        }
    }
    Squared { w: store(w), square: store(square), cross: store(cross) }
}
