//! Registers of numbers: one type per width of vectors, all with the same few operations.
//!
//! The operations are inlined into kernels that are compiled for the instructions they use: nothing here
//! asks the processor what it has.

use super::Number;

/// `WIDTH` numbers side by side.
///
/// # Safety
/// Whoever calls an operation runs on a processor that has the instructions of this type, and gives
/// pointers that are valid for as many numbers as are read or written.
pub(crate) trait Lanes: Copy {
    type Number: Number;
    /// Which lanes are read or written.
    type Mask: Copy;
    const WIDTH: usize;

    unsafe fn splat(value: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    /// The first `count` lanes.
    unsafe fn first(count: usize) -> Self::Mask;
    /// Numbers outside the mask are zero, and not touched in memory.
    unsafe fn load_some(from: *const Self::Number, mask: Self::Mask) -> Self;
    unsafe fn store_some(self, to: *mut Self::Number, mask: Self::Mask);
    unsafe fn add(self, other: Self) -> Self;
    /// self * b + c, rounded once where the processor can.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// Exchanges the upper half of each block of 2h lanes of `a` with the lower half of that of `b`: one
    /// step of a transposition.
    unsafe fn exchange(a: Self, b: Self, h: usize) -> (Self, Self);
}

/// Vectors that every processor has, left to the compiler.
#[derive(Clone, Copy)]
pub(crate) struct Plain<T, const W: usize>([T; W]);

impl<T: Number, const W: usize> Lanes for Plain<T, W> {
    type Number = T;
    type Mask = usize;
    const WIDTH: usize = W;

    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Plain([value; W])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller's pointer is valid for W numbers; no alignment is assumed.
        unsafe { Plain(from.cast::<[T; W]>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[T; W]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn first(count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn load_some(from: *const T, count: usize) -> Self {
        let mut out = [T::default(); W];
        if count == W {
            // SAFETY: the pointer is valid for `count` numbers.
            return unsafe { Self::load(from) };
        }
        for (i, out) in out.iter_mut().enumerate().take(count) {
            // SAFETY: i < count.
            *out = unsafe { *from.add(i) };
        }
        Plain(out)
    }

    #[inline(always)]
    unsafe fn store_some(self, to: *mut T, count: usize) {
        for (i, value) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the pointer is valid for `count` numbers.
            unsafe { *to.add(i) = value };
        }
    }

    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a = *a + b;
        }
        self
    }

    #[inline(always)]
    unsafe fn mul_add(mut self, b: Self, c: Self) -> Self {
        for ((a, b), c) in self.0.iter_mut().zip(b.0).zip(c.0) {
            *a = *a * b + c;
        }
        self
    }

    #[inline(always)]
    unsafe fn exchange(a: Self, b: Self, h: usize) -> (Self, Self) {
        let (mut low, mut high) = (a, b);
        for i in 0..W {
            if i & h == 0 {
                high.0[i] = a.0[i + h];
            } else {
                low.0[i] = b.0[i - h];
            }
        }
        (low, high)
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x8, F32x16, F64x4, F64x8};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    /// One operation after the other is an intrinsic of this name.
    macro_rules! lanes {
        (
            $name:ident, $register:ty, $number:ty, $mask:ty, $width:literal,
            $splat:ident, $load:ident, $store:ident, $load_some:ident, $store_some:ident, $add:ident,
            $mul_add:ident, first($count:ident) $first:expr, exchange($a:ident, $b:ident, $h:ident) $exchange:expr
        ) => {
            #[derive(Clone, Copy)]
            pub(crate) struct $name($register);

            // SAFETY (of every block below): the trait's contract is that of the intrinsics: instructions
            // that the processor has, pointers valid for what is read or written, of any alignment.
            impl Lanes for $name {
                type Number = $number;
                type Mask = $mask;
                const WIDTH: usize = $width;

                #[inline(always)]
                unsafe fn splat(value: $number) -> Self {
                    // SAFETY: see above.
                    unsafe { $name($splat(value)) }
                }

                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: see above.
                    unsafe { $name($load(from)) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: see above.
                    unsafe { $store(to, self.0) }
                }

                #[inline(always)]
                unsafe fn first($count: usize) -> $mask {
                    $first
                }

                #[inline(always)]
                unsafe fn load_some(from: *const $number, mask: $mask) -> Self {
                    // SAFETY: see above.
                    unsafe { $name($load_some!(mask, from)) }
                }

                #[inline(always)]
                unsafe fn store_some(self, to: *mut $number, mask: $mask) {
                    // SAFETY: see above.
                    unsafe { $store_some(to, mask, self.0) }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $name($add(self.0, other.0)) }
                }

                #[inline(always)]
                unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $name($mul_add(self.0, b.0, c.0)) }
                }

                #[inline(always)]
                unsafe fn exchange(a: Self, b: Self, $h: usize) -> (Self, Self) {
                    let ($a, $b) = (a.0, b.0);
                    // SAFETY: see above.
                    let (low, high) = unsafe { $exchange };
                    ($name(low), $name(high))
                }
            }
        };
    }

    // AVX-512 gives the mask first, AVX the pointer.
    macro_rules! load_ps {
        ($mask:ident, $from:ident) => {
            _mm512_maskz_loadu_ps($mask, $from)
        };
    }
    macro_rules! load_pd {
        ($mask:ident, $from:ident) => {
            _mm512_maskz_loadu_pd($mask, $from)
        };
    }
    macro_rules! load_ps_256 {
        ($mask:ident, $from:ident) => {
            _mm256_maskload_ps($from, $mask)
        };
    }
    macro_rules! load_pd_256 {
        ($mask:ident, $from:ident) => {
            _mm256_maskload_pd($from, $mask)
        };
    }

    lanes!(
        F32x16, __m512, f32, __mmask16, 16,
        _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, load_ps, _mm512_mask_storeu_ps, _mm512_add_ps,
        _mm512_fmadd_ps,
        first(count) ((1u32 << count) - 1) as __mmask16,
        exchange(a, b, h) match h {
            1 => (_mm512_mask_moveldup_ps(a, 0xaaaa, b), _mm512_mask_movehdup_ps(b, 0x5555, a)),
            2 => (_mm512_shuffle_ps(a, b, 0b01_00_01_00), _mm512_shuffle_ps(a, b, 0b11_10_11_10)),
            4 => (
                _mm512_mask_shuffle_f32x4(a, 0xf0f0, b, b, 0b10_10_00_00),
                _mm512_mask_shuffle_f32x4(b, 0x0f0f, a, a, 0b11_11_01_01),
            ),
            _ => (
                _mm512_shuffle_f32x4(a, b, 0b01_00_01_00),
                _mm512_shuffle_f32x4(a, b, 0b11_10_11_10),
            ),
        }
    );

    lanes!(
        F64x8, __m512d, f64, __mmask8, 8,
        _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, load_pd, _mm512_mask_storeu_pd, _mm512_add_pd,
        _mm512_fmadd_pd,
        first(count) ((1u32 << count) - 1) as __mmask8,
        exchange(a, b, h) match h {
            1 => (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b)),
            2 => (
                _mm512_mask_shuffle_f64x2(a, 0b1100_1100, b, b, 0b10_10_00_00),
                _mm512_mask_shuffle_f64x2(b, 0b0011_0011, a, a, 0b11_11_01_01),
            ),
            _ => (
                _mm512_shuffle_f64x2(a, b, 0b01_00_01_00),
                _mm512_shuffle_f64x2(a, b, 0b11_10_11_10),
            ),
        }
    );

    lanes!(
        F32x8, __m256, f32, __m256i, 8,
        _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, load_ps_256, _mm256_maskstore_ps, _mm256_add_ps,
        _mm256_fmadd_ps,
        first(count) {
            // SAFETY: see above.
            unsafe {
                let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane)
            }
        },
        exchange(a, b, h) match h {
            1 => (
                _mm256_blend_ps(a, _mm256_moveldup_ps(b), 0b1010_1010),
                _mm256_blend_ps(_mm256_movehdup_ps(a), b, 0b1010_1010),
            ),
            2 => (_mm256_shuffle_ps(a, b, 0b01_00_01_00), _mm256_shuffle_ps(a, b, 0b11_10_11_10)),
            _ => (_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31)),
        }
    );

    lanes!(
        F64x4, __m256d, f64, __m256i, 4,
        _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, load_pd_256, _mm256_maskstore_pd, _mm256_add_pd,
        _mm256_fmadd_pd,
        first(count) {
            // SAFETY: see above.
            unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
        },
        exchange(a, b, h) match h {
            1 => (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)),
            _ => (_mm256_permute2f128_pd(a, b, 0x20), _mm256_permute2f128_pd(a, b, 0x31)),
        }
    );
}
