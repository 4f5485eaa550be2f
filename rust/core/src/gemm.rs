//! Products of small and large matrices with a fixed order of summation.
//!
//! ```text
//! C (m, n) = beta C + A (m, k) B (k, n),    every C[i, j] summed over k in one order
//! ```
//!
//! The bits of C[i, j] depend on row i of A and column j of B only: not on m, n, the strides, nor on who
//! else computes. One thread; callers run independent products side by side.

use crate::matrix::Real;

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

/// Memory that products reuse from call to call.
#[derive(Default)]
pub struct Packing<T> {
    _packed: Vec<T>,
}

/// What products are made of: f32 and f64.
pub trait Number: Real + Default + std::ops::Add<Output = Self> {
    fn mul_add(self, b: Self, c: Self) -> Self;
}

impl Number for f32 {
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c)
    }
}

impl Number for f64 {
    fn mul_add(self, b: Self, c: Self) -> Self {
        self.mul_add(b, c)
    }
}

/// C = A B, or C += A B if `add`.
pub fn gemm<T: Number>(
    shape: Shape,
    a: View<'_, T>,
    b: View<'_, T>,
    c: ViewMut<'_, T>,
    add: bool,
    _packing: &mut Packing<T>,
) {
    for i in 0..shape.m {
        for j in 0..shape.n {
            let sum = (0..shape.k).fold(T::default(), |sum, l| a.at(i, l).mul_add(b.at(l, j), sum));
            let out = &mut c.values[i * c.row + j];
            *out = if add { *out + sum } else { sum };
        }
    }
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
    gemm(shape, a, b, c, add, packing);
}
