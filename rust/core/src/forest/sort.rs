//! Few rows in the order of their codes.

use super::search::FEW_ROWS;
use crate::vectors::Vectors;

#[cfg(target_arch = "x86_64")]
mod avx512;

/// Puts keys[..n], codes above ascending numbers of rows, in ascending order. All keys after them are u32::MAX.
#[inline(always)]
pub fn sort(keys: &mut [u32; FEW_ROWS], n: usize, vectors: Vectors) {
    match n {
        ..=16 => sort_up_to::<16, 1>(keys, n, vectors),
        17..=32 => sort_up_to::<32, 2>(keys, n, vectors),
        33..=64 => sort_up_to::<64, 4>(keys, n, vectors),
        65..=128 => sort_up_to::<128, 8>(keys, n, vectors),
        _ => sort_up_to::<FEW_ROWS, 16>(keys, n, vectors),
    }
}

/// The same of N keys, which are V vectors.
#[inline(always)]
fn sort_up_to<const N: usize, const V: usize>(keys: &mut [u32; FEW_ROWS], n: usize, vectors: Vectors) {
    let Some(keys) = keys.first_chunk_mut::<N>() else { return };
    #[cfg(target_arch = "x86_64")]
    if vectors == Vectors::Avx512 {
        // SAFETY: `Vectors` says only what was detected.
        return unsafe { avx512::sort::<N, V>(keys) };
    }
    by_counting(keys, n);
}

/// A code's place is the number of smaller codes. To count them is more work than to sort, but all of it is in
/// vectors and nothing depends on a branch.
#[inline(always)]
fn by_counting<const N: usize>(keys: &mut [u32; N], n: usize) {
    let (mut codes, mut place, mut taken) = ([0u16; N], [0u16; N], [0u16; N]);
    for (code, key) in codes.iter_mut().zip(&*keys) {
        *code = (key >> 16) as u16;
    }
    for &code in &codes[..n] {
        for j in 0..N {
            place[j] += u16::from(code < codes[j]);
        }
    }
    let unsorted = *keys;
    for (&key, &place) in unsorted[..n].iter().zip(&place) {
        // Below n by construction: the mask changes nothing and spares the bounds check.
        let place = usize::from(place) & (N - 1);
        keys[(place + usize::from(taken[place])) & (N - 1)] = key;
        taken[place] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    #[test]
    fn keys_come_in_order_by_vectors_and_without() {
        for n in 1..=FEW_ROWS {
            for n_codes in [1, 2, 10, 1000, 65_536] {
                let mut stream = Stream::new(n as u64).child(u64::from(n_codes));
                let mut keys = [u32::MAX; FEW_ROWS];
                for (i, key) in keys[..n].iter_mut().enumerate() {
                    *key = stream.below(n_codes) << 16 | i as u32;
                }
                let mut expected = keys[..n].to_vec();
                expected.sort_unstable();
                for vectors in [Vectors::Baseline, Vectors::detect()] {
                    let mut sorted = keys;
                    sort(&mut sorted, n, vectors);
                    assert_eq!(sorted[..n], expected, "n {n}, {n_codes} codes");
                }
            }
        }
    }
}
