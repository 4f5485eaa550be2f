//! A bitonic sort (Batcher, Sorting networks and their applications, AFIPS 1968) of sixteen keys in a vector.

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_mask_max_epu32, _mm512_max_epu32, _mm512_min_epu32,
    _mm512_permutexvar_epi32, _mm512_setr_epi32, _mm512_setzero_si512, _mm512_shuffle_epi32,
    _mm512_shuffle_i64x2, _mm512_storeu_si512,
};

const LANES: usize = 16;
/// Lanes of a shuffle within four, in its notation: 1 0 3 2, 2 3 0 1 and 3 2 1 0.
const SWAP_ONES: i32 = 0b10_11_00_01;
const SWAP_TWOS: i32 = 0b01_00_11_10;
const REVERSE: i32 = 0b00_01_10_11;

/// N keys, which are V vectors, both powers of two.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn sort<const N: usize, const V: usize>(keys: &mut [u32; N]) {
    const { assert!(N == LANES * V) };
    let mut vectors = [_mm512_setzero_si512(); V];
    for (vector, keys) in vectors.iter_mut().zip(keys.chunks_exact(LANES)) {
        // SAFETY: `keys` has 16 elements of 32 bits.
        *vector = sort_lanes(unsafe { _mm512_loadu_si512(keys.as_ptr().cast()) });
    }
    let mut run = 1;
    // Invariant: each run of vectors is sorted.
    while run < V {
        for pair in vectors.chunks_exact_mut(2 * run) {
            merge(pair);
        }
        run *= 2;
    }
    for (vector, keys) in vectors.iter().zip(keys.chunks_exact_mut(LANES)) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(keys.as_mut_ptr().cast(), *vector) };
    }
}

/// Merges two sorted halves. The second is met in reverse: then the smaller of each two, and the greater of
/// each two, rise and fall but once, and so do the halves of those, down to a single key.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn merge(vectors: &mut [__m512i]) {
    let reverse = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let mut apart = vectors.len() / 2;
    let (low, high) = vectors.split_at_mut(apart);
    for (low, high) in low.iter_mut().zip(high.iter_mut().rev()) {
        let other = _mm512_permutexvar_epi32(reverse, *high);
        (*low, *high) = (_mm512_min_epu32(*low, other), _mm512_max_epu32(*low, other));
    }
    apart /= 2;
    while apart > 0 {
        for part in vectors.chunks_exact_mut(2 * apart) {
            let (low, high) = part.split_at_mut(apart);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (_mm512_min_epu32(*low, *high), _mm512_max_epu32(*low, *high));
            }
        }
        apart /= 2;
    }
    for vector in vectors {
        *vector = merge_lanes(*vector);
    }
}

/// Each lane with the one that `other` has in its place: the greater goes to the lanes of `upper`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn exchange(vector: __m512i, other: __m512i, upper: u16) -> __m512i {
    _mm512_mask_max_epu32(_mm512_min_epu32(vector, other), upper, vector, other)
}

/// Sorts lanes that rise and fall but once.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn merge_lanes(v: __m512i) -> __m512i {
    let v = exchange(v, _mm512_shuffle_i64x2::<SWAP_TWOS>(v, v), 0xff00);
    let v = exchange(v, _mm512_shuffle_i64x2::<SWAP_ONES>(v, v), 0xf0f0);
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_TWOS>(v), 0xcccc);
    exchange(v, _mm512_shuffle_epi32::<SWAP_ONES>(v), 0xaaaa)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sort_lanes(v: __m512i) -> __m512i {
    let eights = _mm512_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    let all = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    // Runs of two, four, eight and sixteen, each from two that meet in reverse.
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_ONES>(v), 0xaaaa);
    let v = exchange(v, _mm512_shuffle_epi32::<REVERSE>(v), 0xcccc);
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_ONES>(v), 0xaaaa);
    let v = exchange(v, _mm512_permutexvar_epi32(eights, v), 0xf0f0);
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_TWOS>(v), 0xcccc);
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_ONES>(v), 0xaaaa);
    let v = exchange(v, _mm512_permutexvar_epi32(all, v), 0xff00);
    let v = exchange(v, _mm512_shuffle_i64x2::<SWAP_ONES>(v, v), 0xf0f0);
    let v = exchange(v, _mm512_shuffle_epi32::<SWAP_TWOS>(v), 0xcccc);
    exchange(v, _mm512_shuffle_epi32::<SWAP_ONES>(v), 0xaaaa)
}
