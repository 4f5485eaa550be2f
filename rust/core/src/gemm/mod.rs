//! Products of small and large matrices with a fixed order of summation.
//!
//! ```text
//! C (m, n) = A (m, k) B (k, n)  or  C += A B,    every C[i, j] summed over k in one order
//! ```
//!
//! The bits of C[i, j] depend on row i of A, column j of B and the instructions of the processor only: not
//! on m, n, the strides, nor on who else computes. So a candidate's columns may stand side by side with
//! those of others and give what they give alone. One thread; callers run independent products side by
//! side.
//!
//! ```text
//! let mut packing = Packing::default();                       // kept from call to call
//! gemm(Shape { m, n, k }, View::rows(&a, k), View::rows(&b, n), ViewMut { values: &mut c, row: n },
//!      false, &mut packing);
//! ```
//!
//! Method (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008; Van Zee and van
//! de Geijn, BLIS, 2015): the terms are cut into blocks by k alone; within a block, tiles of C stay in
//! registers, the numbers of A are broadcast along rows of B. Departures: what lies well in memory is read
//! where it is; strips are cut evenly instead of leaving a thin last one; where C is narrow, the product is
//! computed transposed, with vectors along m (a b = b a, so the bits are the same).
//!
//! | file    | what lives there                        |
//! |---------|-----------------------------------------|
//! | lanes   | registers of numbers, for each width    |
//! | kernels | one tile of C, and the transposition    |
//! | pack    | memory for strips, and how they get there |

mod kernels;
pub(crate) mod lanes;
mod pack;

use crate::matrix::Real;
use crate::vectors::Vectors;
pub use kernels::Kernels;
use kernels::{MOST_VECTORS, Task};
pub use pack::Packing;
use pack::{Broadcast, Strips, cut};

/// Most terms of one block: a row strip of A and a column strip of B of this length stay in the caches.
const MOST_TERMS: usize = 256;
/// Rows of A and columns of B (in bytes) of one block.
const ROWS: usize = 128;
const COLUMNS: usize = 2048;
/// Bytes of one block of B that the caches hold: it is read where it lies. A triangle reads each half as
/// often, and takes twice as many.
const NEAR: usize = 1 << 18;
/// Strips of B that read a strip of A where it lies: to move it costs as much as to read it that often.
const FEW_STRIPS: usize = 2;

/// Numbers at a distance of `row` from row to row and of `column` from column to column.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    pub values: &'a [T],
    pub row: usize,
    pub column: usize,
}

impl<'a, T> View<'a, T> {
    /// Row-major with `columns` columns.
    pub fn rows(values: &'a [T], columns: usize) -> Self {
        View { values, row: columns, column: 1 }
    }

    /// The transpose, of the same numbers.
    pub fn t(self) -> Self {
        View { values: self.values, row: self.column, column: self.row }
    }

    /// The value in row i and column j.
    pub fn at(&self, i: usize, j: usize) -> T
    where
        T: Copy,
    {
        self.values[i * self.row + j * self.column]
    }
}

/// Where a product goes: row-major, `row` numbers from row to row.
pub struct ViewMut<'a, T> {
    pub values: &'a mut [T],
    pub row: usize,
}

/// Numbers of rows of A, columns of B, and of terms of each sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// What products are made of: f32 and f64.
pub trait Number:
    Real + Default + PartialEq + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self>
{
    /// The kernels for these vectors.
    #[doc(hidden)]
    fn kernels(vectors: Vectors) -> &'static Kernels<Self>;
}

impl Number for f32 {
    fn kernels(vectors: Vectors) -> &'static Kernels<f32> {
        kernels::single(vectors)
    }
}

impl Number for f64 {
    fn kernels(vectors: Vectors) -> &'static Kernels<f64> {
        kernels::double(vectors)
    }
}

/// C = A B, or C += A B if `add`. Panics where a slice is too short for its shape.
pub fn gemm<T: Number>(
    shape: Shape,
    a: View<'_, T>,
    b: View<'_, T>,
    c: ViewMut<'_, T>,
    add: bool,
    packing: &mut Packing<T>,
) {
    let Some(product) = Product::new(shape, &a, &b, c, add, packing) else { return };
    let width = T::kernels(packing.vectors).width;
    let transposed = product.transposed();
    let product = if transposed.cost(width) < product.cost(width) { transposed } else { product };
    product.run(false, packing);
}

/// The lower triangle (i >= j) of the same product where it is symmetric (m = n); the upper is left alone
/// or overwritten with the same numbers.
pub fn gemm_lower<T: Number>(
    shape: Shape,
    a: View<'_, T>,
    b: View<'_, T>,
    c: ViewMut<'_, T>,
    add: bool,
    packing: &mut Packing<T>,
) {
    debug_assert_eq!(shape.m, shape.n);
    if let Some(product) = Product::new(shape, &a, &b, c, add, packing) {
        product.run(true, packing);
    }
}

/// to (columns, rows) = the transpose of from (rows, columns), both row-major.
pub fn transpose<T: Number>(rows: usize, columns: usize, from: &[T], to: &mut [T], vectors: Vectors) {
    assert!(from.len() == rows * columns && to.len() == rows * columns, "the shape is another");
    debug_assert!(vectors <= Vectors::detect());
    // SAFETY: both slices hold rows x columns numbers, and `Vectors` says only what was detected.
    unsafe {
        let (from, to) = (from.as_ptr(), to.as_mut_ptr());
        (T::kernels(vectors).transpose)(rows, columns, from, columns, to, rows, false);
    }
}

/// Numbers anywhere in memory: [i, j] is at `start + i row + j column`.
#[derive(Clone, Copy)]
struct Place<P> {
    start: P,
    row: usize,
    column: usize,
}

impl<P> Place<P> {
    fn t(self) -> Self {
        Place { start: self.start, row: self.column, column: self.row }
    }
}

/// A product whose pointers are valid for its shape. m, n, k > 0.
#[derive(Clone, Copy)]
struct Product<T> {
    shape: Shape,
    a: Place<*const T>,
    b: Place<*const T>,
    c: Place<*mut T>,
    add: bool,
}

impl<T: Number> Product<T> {
    /// Checks the slices; `None` where there is nothing left to compute.
    fn new(
        shape: Shape,
        a: &View<'_, T>,
        b: &View<'_, T>,
        c: ViewMut<'_, T>,
        add: bool,
        packing: &Packing<T>,
    ) -> Option<Self> {
        let Shape { m, n, k } = shape;
        if m == 0 || n == 0 {
            return None;
        }
        let fits = |values: usize, rows: usize, row: usize, columns: usize, column: usize| {
            (rows - 1)
                .checked_mul(row)
                .zip((columns - 1).checked_mul(column))
                .and_then(|(down, across)| down.checked_add(across))
                .is_some_and(|last| last < values)
        };
        assert!(fits(c.values.len(), m, c.row, n, 1) && (m == 1 || c.row >= n), "C is too short");
        if k == 0 {
            if !add {
                c.values.chunks_mut(c.row.max(n)).take(m).for_each(|row| row[..n].fill(T::default()));
            }
            return None;
        }
        assert!(fits(a.values.len(), m, a.row, k, a.column), "A is too short");
        assert!(fits(b.values.len(), k, b.row, n, b.column), "B is too short");
        debug_assert!(packing.vectors <= Vectors::detect());
        Some(Product {
            shape,
            a: Place { start: a.values.as_ptr(), row: a.row, column: a.column },
            b: Place { start: b.values.as_ptr(), row: b.row, column: b.column },
            c: Place { start: c.values.as_mut_ptr(), row: c.row, column: 1 },
            add,
        })
    }

    /// C' = B' A'.
    fn transposed(&self) -> Self {
        let Shape { m, n, k } = self.shape;
        Product { shape: Shape { m: n, n: m, k }, a: self.b.t(), b: self.a.t(), c: self.c.t(), ..*self }
    }

    /// Eighths of a cycle by term, about: products of vectors, columns to be brought side by side, and
    /// sums to be scattered.
    fn cost(&self, width: usize) -> usize {
        let Shape { m, n, k } = self.shape;
        let vectors = n.div_ceil(width);
        let product = 8 * (m * vectors).max(4);
        let transposition = if self.b.column == 1 { 0 } else { 3 * n };
        let scattering = if self.c.column == 1 { 0 } else { 4 * m * n / k };
        product + transposition + scattering
    }

    /// Computes it, in full or the blocks that reach the lower triangle.
    fn run(&self, lower: bool, packing: &mut Packing<T>) {
        let Shape { m, n, k } = self.shape;
        let kernels = T::kernels(packing.vectors);
        let width = kernels.width;
        let most_columns = (COLUMNS / size_of::<T>()).next_multiple_of(MOST_VECTORS * width);
        let n_blocks = k.div_ceil(MOST_TERMS);
        for columns in (0..n).step_by(most_columns).map(|j| j..n.min(j + most_columns)) {
            for block in 0..n_blocks {
                let terms = cut(k, n_blocks, block)..cut(k, n_blocks, block + 1);
                let add = self.add || block > 0;
                let block_bytes = self.b.row * terms.len() * size_of::<T>();
                let near = block_bytes <= if lower { 2 * NEAR } else { NEAR };
                let strips = packing.strips(self.b, terms.clone(), columns.clone(), m, near, kernels);
                for rows in (0..m).step_by(ROWS).map(|i| i..m.min(i + ROWS)) {
                    if lower && rows.end <= columns.start {
                        continue;
                    }
                    let stays = lower && near && self.a.row == 1;
                    let many = columns.len() > FEW_STRIPS * MOST_VECTORS * width && !stays;
                    let broadcast = packing.broadcast(self.a, rows, terms.clone(), many, kernels);
                    self.block(&broadcast, &strips, add, lower, packing.tile(kernels), kernels);
                }
            }
        }
    }

    /// The block of C of these rows and columns, over one block of terms.
    fn block(
        &self,
        a: &Broadcast<T>,
        b: &Strips<T>,
        add: bool,
        lower: bool,
        scratch: *mut T,
        kernels: &Kernels<T>,
    ) {
        let direct = self.c.column == 1;
        for strip in 0..a.n_strips {
            let a = a.strip(strip);
            for strip in 0..b.n_strips {
                let b = b.strip(strip);
                if lower && a.first + a.rows <= b.first {
                    continue;
                }
                // SAFETY: [first, first + rows) x [first, first + columns) lies in C.
                let c = unsafe { self.c.start.add(a.first * self.c.row + b.first * self.c.column) };
                // Of the tile that the diagonal leaves through, only the vectors that reach it.
                let below = if lower { a.first + a.rows - b.first } else { b.columns };
                let columns = b.columns.min(below.next_multiple_of(kernels.width));
                let vectors = columns.div_ceil(kernels.width);
                let wide = vectors * kernels.width;
                let task = Task {
                    k: a.terms,
                    a: a.start,
                    a_row: a.row,
                    a_step: a.step,
                    b: b.start,
                    b_step: b.step,
                    c: if direct { c } else { scratch },
                    c_row: if direct { self.c.row } else { wide },
                    last: kernels.width - (wide - columns),
                    add: add && direct,
                };
                let tile = if b.across {
                    kernels.across[a.rows - 1][vectors - 1]
                } else {
                    kernels.tiles[vectors - 1][a.rows - 1]
                };
                // SAFETY: the packing holds a level that the processor has; the strips are valid for their
                // rows, terms and columns; C and the scratch tile are exclusive.
                unsafe { tile(&task) };
                if !direct {
                    // SAFETY: as above; the scratch tile has `rows` rows of `wide` numbers, and where
                    // columns of C are apart, rows are not.
                    unsafe {
                        (kernels.transpose)(a.rows, columns, scratch, wide, c, self.c.column, add);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
