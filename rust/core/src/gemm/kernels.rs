//! What runs innermost, compiled for each width of vectors: tiles of sums, and the transposition that
//! brings columns side by side.

// Loops over rows and vectors of a tile are counted: the compiler unrolls them and keeps the sums in registers.
#![allow(clippy::needless_range_loop)]

use super::lanes::{Lanes, Plain};
use crate::vectors::Vectors;

/// One tile: C (r, columns) = A (r, k) B (k, columns), or C += that; r and the number of vectors are those
/// of the kernel, of the last vector only the first `last` columns exist.
pub(super) struct Task<T> {
    pub k: usize,
    /// A[i, l] is at `a + i a_row + l a_step`.
    pub a: *const T,
    pub a_row: usize,
    pub a_step: usize,
    /// B[l, j] is at `b + l b_step + j`.
    pub b: *const T,
    pub b_step: usize,
    /// C[i, j] is at `c + i c_row + j`.
    pub c: *mut T,
    pub c_row: usize,
    pub last: usize,
    pub add: bool,
}

/// Fills one tile.
///
/// # Safety
/// The processor has the kernel's instructions, the task's pointers are valid for what it says, and C
/// overlaps neither A nor B.
pub(super) type Tile<T> = unsafe fn(&Task<T>);

/// to[l to_row + j] = from[j from_row + l] for j in [0, n), l in [0, k), or += that.
///
/// # Safety
/// The processor has the kernel's instructions, and both ranges are valid and apart.
pub(super) type Transpose<T> =
    unsafe fn(n: usize, k: usize, from: *const T, from_row: usize, to: *mut T, to_row: usize, add: bool);

/// to[l to_step + j] = from[l from_step + j] for j in [0, n), l in [0, k).
///
/// # Safety
/// As [`Transpose`].
pub(super) type Copy<T> =
    unsafe fn(k: usize, n: usize, from: *const T, from_step: usize, to: *mut T, to_step: usize);

/// Most vectors of a tile.
pub(super) const MOST_VECTORS: usize = 3;

/// Kernels of one type of numbers for one width of vectors.
pub struct Kernels<T: 'static> {
    /// Numbers in a vector.
    pub(super) width: usize,
    /// Most rows of a tile.
    pub(super) rows: usize,
    /// By vectors - 1 and rows - 1.
    pub(super) tiles: [[Tile<T>; 8]; MOST_VECTORS],
    /// Of a B whose columns lie together, by rows - 1, for as many rows as there are, and vectors - 1.
    pub(super) across: &'static [[Tile<T>; MOST_VECTORS]],
    pub(super) transpose: Transpose<T>,
    pub(super) copy: Copy<T>,
}

/// Every sum is one chain over l, whatever R and N: the tile that computes it leaves no trace in it.
///
/// # Safety
/// As [`Tile`].
#[inline(always)]
unsafe fn tile<V: Lanes, const R: usize, const N: usize>(task: &Task<V::Number>) {
    // SAFETY: the caller promises that A is valid for R rows and k terms, B for k rows of N vectors and C
    // for R rows of N vectors, the last vectors up to `last` columns.
    unsafe {
        let mask = V::first(task.last);
        let mut sums = [[V::splat(V::Number::default()); N]; R];
        let (mut a, mut b) = (task.a, task.b);
        for _ in 0..task.k {
            let mut row = [V::load_some(b.add((N - 1) * V::WIDTH), mask); N];
            for v in 0..N - 1 {
                row[v] = V::load(b.add(v * V::WIDTH));
            }
            for i in 0..R {
                let factor = V::splat(*a.add(i * task.a_row));
                for v in 0..N {
                    sums[i][v] = factor.mul_add(row[v], sums[i][v]);
                }
            }
            a = a.wrapping_add(task.a_step);
            b = b.wrapping_add(task.b_step);
        }
        finish(task, &sums, mask);
    }
}

/// The same tile of a B whose columns, not rows, lie together: B[l, j] is at `b + l + j b_step`. Squares of
/// it are transposed in registers, for R so small that moving B together would cost more.
///
/// # Safety
/// As [`Tile`].
#[inline(always)]
unsafe fn across<V: Lanes, const W: usize, const R: usize, const N: usize>(task: &Task<V::Number>) {
    // SAFETY: as in `tile`, with rows and columns of B exchanged.
    unsafe {
        let (all, mask) = (V::first(W), V::first(task.last));
        let mut sums = [[V::splat(V::Number::default()); N]; R];
        let whole = task.k - task.k % W;
        for l in (0..whole).step_by(W) {
            for v in 0..N {
                let columns = if v + 1 < N { W } else { task.last };
                let b = task.b.add(l + v * W * task.b_step);
                let square = square::<V, W>(b, task.b_step, columns, all);
                for t in 0..W {
                    for i in 0..R {
                        let factor = V::splat(*task.a.add(i * task.a_row + (l + t) * task.a_step));
                        sums[i][v] = factor.mul_add(square[t], sums[i][v]);
                    }
                }
            }
        }
        if whole < task.k {
            let terms = task.k - whole;
            for v in 0..N {
                let columns = if v + 1 < N { W } else { task.last };
                let b = task.b.add(whole + v * W * task.b_step);
                let square = square::<V, W>(b, task.b_step, columns, V::first(terms));
                for (t, &row) in square.iter().enumerate().take(terms) {
                    for i in 0..R {
                        let factor = V::splat(*task.a.add(i * task.a_row + (whole + t) * task.a_step));
                        sums[i][v] = factor.mul_add(row, sums[i][v]);
                    }
                }
            }
        }
        finish(task, &sums, mask);
    }
}

/// Writes a tile, or adds it to what is there.
///
/// # Safety
/// As [`Tile`].
#[inline(always)]
unsafe fn finish<V: Lanes, const R: usize, const N: usize>(
    task: &Task<V::Number>,
    sums: &[[V; N]; R],
    mask: V::Mask,
) {
    // SAFETY: C is valid for R rows of N vectors, the last up to `last` columns, which the mask says.
    unsafe {
        for i in 0..R {
            let c = task.c.add(i * task.c_row);
            for v in 0..N - 1 {
                let c = c.add(v * V::WIDTH);
                if task.add { V::load(c).add(sums[i][v]) } else { sums[i][v] }.store(c);
            }
            let c = c.add((N - 1) * V::WIDTH);
            let sum = sums[i][N - 1];
            if task.add { V::load_some(c, mask).add(sum) } else { sum }.store_some(c, mask);
        }
    }
}

/// Squares of W x W in registers: blocks change places at distance W / 2, W / 4, ..., 1.
///
/// # Safety
/// As [`Transpose`].
#[inline(always)]
unsafe fn transpose<V: Lanes, const W: usize>(
    n: usize,
    k: usize,
    from: *const V::Number,
    from_row: usize,
    to: *mut V::Number,
    to_row: usize,
    add: bool,
) {
    for j in (0..n).step_by(W) {
        let columns = W.min(n - j);
        for l in (0..k).step_by(W) {
            let terms = W.min(k - l);
            // SAFETY: rows [j, j + columns) of `from` hold terms [l, l + terms), `to` the reverse; nothing
            // else is read or written, as the masks of other rows are empty.
            unsafe {
                let (written, none) = (V::first(columns), V::first(0));
                let from = from.wrapping_add(j * from_row + l);
                let square = square::<V, W>(from, from_row, columns, V::first(terms));
                for i in 0..W {
                    let to = to.wrapping_add((l + i) * to_row + j);
                    let mask = if i < terms { written } else { none };
                    let row = if add { V::load_some(to, mask).add(square[i]) } else { square[i] };
                    row.store_some(to, mask);
                }
            }
        }
    }
}

/// The transpose of `rows` rows, of which the numbers under the mask are read.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn square<V: Lanes, const W: usize>(
    from: *const V::Number,
    from_row: usize,
    rows: usize,
    read: V::Mask,
) -> [V; W] {
    // SAFETY: the caller's promise; of rows that do not exist nothing is read, as their mask is empty.
    unsafe {
        let none = V::first(0);
        let mut square = [V::splat(V::Number::default()); W];
        for i in 0..W {
            let from = from.wrapping_add(i * from_row);
            square[i] = V::load_some(from, if i < rows { read } else { none });
        }
        if W > 8 {
            exchange(&mut square, 8);
        }
        if W > 4 {
            exchange(&mut square, 4);
        }
        if W > 2 {
            exchange(&mut square, 2);
        }
        exchange(&mut square, 1);
        square
    }
}

/// One step of the transposition of a square.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
unsafe fn exchange<V: Lanes, const W: usize>(square: &mut [V; W], h: usize) {
    for i in 0..W {
        if i & h == 0 {
            // SAFETY: the caller's promise.
            (square[i], square[i + h]) = unsafe { V::exchange(square[i], square[i + h], h) };
        }
    }
}

/// # Safety
/// As [`Copy`].
#[inline(always)]
unsafe fn copy<V: Lanes>(
    k: usize,
    n: usize,
    from: *const V::Number,
    from_step: usize,
    to: *mut V::Number,
    to_step: usize,
) {
    for j in (0..n).step_by(V::WIDTH) {
        // SAFETY: rows [0, k) hold columns [j, n) on both sides.
        unsafe {
            let mask = V::first(V::WIDTH.min(n - j));
            for l in 0..k {
                V::load_some(from.add(l * from_step + j), mask).store_some(to.add(l * to_step + j), mask);
            }
        }
    }
}

/// The kernels of one width. Functions with target features are not generic over them, hence the macro.
macro_rules! level {
    ($name:ident, $rows:literal, [$($r:literal)*], [$($across:literal)*], $(#[$feature:meta])*) => {
        mod $name {
            use super::*;

            $(#[$feature])*
            unsafe fn tile<V: Lanes, const R: usize, const N: usize>(task: &Task<V::Number>) {
                // SAFETY: the caller's promise.
                unsafe { super::tile::<V, R, N>(task) }
            }

            $(#[$feature])*
            unsafe fn across<V: Lanes, const W: usize, const R: usize, const N: usize>(
                task: &Task<V::Number>,
            ) {
                // SAFETY: the caller's promise.
                unsafe { super::across::<V, W, R, N>(task) }
            }

            $(#[$feature])*
            unsafe fn transpose<V: Lanes, const W: usize>(
                n: usize,
                k: usize,
                from: *const V::Number,
                from_row: usize,
                to: *mut V::Number,
                to_row: usize,
                add: bool,
            ) {
                // SAFETY: the caller's promise.
                unsafe { super::transpose::<V, W>(n, k, from, from_row, to, to_row, add) }
            }

            $(#[$feature])*
            unsafe fn copy<V: Lanes>(
                k: usize,
                n: usize,
                from: *const V::Number,
                from_step: usize,
                to: *mut V::Number,
                to_step: usize,
            ) {
                // SAFETY: the caller's promise.
                unsafe { super::copy::<V>(k, n, from, from_step, to, to_step) }
            }

            pub(super) const fn kernels<V: Lanes + 'static, const W: usize>() -> Kernels<V::Number> {
                Kernels {
                    width: W,
                    rows: $rows,
                    tiles: [[$(tile::<V, $r, 1>),*], [$(tile::<V, $r, 2>),*], [$(tile::<V, $r, 3>),*]],
                    across: &[
                        $([across::<V, W, $across, 1>, across::<V, W, $across, 2>, across::<V, W, $across, 3>]),*
                    ],
                    transpose: transpose::<V, W>,
                    copy: copy::<V>,
                }
            }
        }
    };
}

// As many rows as leave registers for one row of B: 24 sums of 32 registers, 12 of 16.
level!(portable, 4, [1 2 3 4 4 4 4 4], [1],);
#[cfg(target_arch = "x86_64")]
level!(avx2, 4, [1 2 3 4 4 4 4 4], [1], #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]);
#[cfg(target_arch = "x86_64")]
level!(avx512, 8, [1 2 3 4 5 6 7 8], [1 2 3 4],
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma,bmi1,bmi2,lzcnt,popcnt")]);

/// The kernels of f32.
pub(super) fn single(vectors: Vectors) -> &'static Kernels<f32> {
    static PORTABLE: Kernels<f32> = portable::kernels::<Plain<f32, 4>, 4>();
    #[cfg(target_arch = "x86_64")]
    {
        use super::lanes::{F32x8, F32x16};
        static AVX2: Kernels<f32> = avx2::kernels::<F32x8, 8>();
        static AVX512: Kernels<f32> = avx512::kernels::<F32x16, 16>();
        match vectors {
            Vectors::Baseline => &PORTABLE,
            Vectors::Avx2 => &AVX2,
            Vectors::Avx512 => &AVX512,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = vectors;
        &PORTABLE
    }
}

/// The kernels of f64.
pub(super) fn double(vectors: Vectors) -> &'static Kernels<f64> {
    static PORTABLE: Kernels<f64> = portable::kernels::<Plain<f64, 2>, 2>();
    #[cfg(target_arch = "x86_64")]
    {
        use super::lanes::{F64x4, F64x8};
        static AVX2: Kernels<f64> = avx2::kernels::<F64x4, 4>();
        static AVX512: Kernels<f64> = avx512::kernels::<F64x8, 8>();
        match vectors {
            Vectors::Baseline => &PORTABLE,
            Vectors::Avx2 => &AVX2,
            Vectors::Avx512 => &AVX512,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = vectors;
        &PORTABLE
    }
}
