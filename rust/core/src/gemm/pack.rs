//! Strips of A and B: read where they lie if that is well, else moved together. Nothing is computed here.

use std::ops::Range;

use super::kernels::{Kernels, MOST_VECTORS};
use super::{Number, Place};
use crate::vectors::Vectors;

/// A line of the caches.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Numbers in one memory that grows and stays, aligned to lines.
struct Aligned<T> {
    lines: Vec<Line>,
    numbers: std::marker::PhantomData<T>,
}

impl<T> Aligned<T> {
    fn new() -> Self {
        Aligned { lines: Vec::new(), numbers: std::marker::PhantomData }
    }

    /// Room for n numbers (of f32 or f64), whatever they are.
    fn room(&mut self, n: usize) -> *mut T {
        let n_lines = (n * size_of::<T>()).div_ceil(size_of::<Line>());
        if self.lines.len() < n_lines {
            self.lines.resize(n_lines, Line([0; 64]));
        }
        self.lines.as_mut_ptr().cast()
    }
}

/// Memory that products reuse from call to call: once warm, a product allocates nothing. One a thread.
pub struct Packing<T> {
    /// The processor's vectors.
    pub(super) vectors: Vectors,
    a: Aligned<T>,
    b: Aligned<T>,
    tile: Aligned<T>,
}

impl<T> Default for Packing<T> {
    fn default() -> Self {
        Packing { vectors: Vectors::detect(), a: Aligned::new(), b: Aligned::new(), tile: Aligned::new() }
    }
}

/// Where part i of n begins, of `total` things cut evenly.
pub(super) fn cut(total: usize, n: usize, i: usize) -> usize {
    total * i / n
}

/// Rows of A, some terms of each, in strips of as many rows as a tile has.
pub(super) struct Broadcast<T> {
    /// A[i, l] of row i = first + ... and term l of the block is at `start + (i - first) row + l step`;
    /// moved together, strip by strip.
    start: *const T,
    place: Option<(usize, usize)>,
    first: usize,
    rows: usize,
    terms: usize,
    pub n_strips: usize,
}

/// The rows of one tile.
pub(super) struct RowStrip<T> {
    pub start: *const T,
    pub row: usize,
    pub step: usize,
    pub first: usize,
    pub rows: usize,
    pub terms: usize,
}

impl<T> Broadcast<T> {
    pub fn strip(&self, strip: usize) -> RowStrip<T> {
        let begin = cut(self.rows, self.n_strips, strip);
        let rows = cut(self.rows, self.n_strips, strip + 1) - begin;
        let (offset, row, step) = match self.place {
            Some((row, step)) => (begin * row, row, step),
            None => (begin * self.terms, 1, rows),
        };
        // Wrapping, as nothing is read here: the strip begins inside of what `start` is valid for.
        let start = self.start.wrapping_add(offset);
        RowStrip { start, row, step, first: self.first + begin, rows, terms: self.terms }
    }
}

/// Columns of B, some terms of each, in strips of as many vectors as a tile has.
pub(super) struct Strips<T> {
    start: *const T,
    layout: Layout,
    first: usize,
    columns: usize,
    terms: usize,
    vectors: usize,
    width: usize,
    pub n_strips: usize,
}

/// How columns of B lie, with the step from term to term or from column to column.
#[derive(Clone, Copy)]
enum Layout {
    /// Where they were, terms apart.
    Rows(usize),
    /// Where they were, columns apart.
    Columns(usize),
    /// Moved together, strip by strip.
    Moved,
}

/// The columns of one tile.
pub(super) struct ColumnStrip<T> {
    pub start: *const T,
    /// From term to term, or `across`: from column to column.
    pub step: usize,
    pub across: bool,
    pub first: usize,
    pub columns: usize,
}

impl<T> Strips<T> {
    pub fn strip(&self, strip: usize) -> ColumnStrip<T> {
        let begin = cut(self.vectors, self.n_strips, strip);
        let vectors = cut(self.vectors, self.n_strips, strip + 1) - begin;
        let (begin, wide) = (begin * self.width, vectors * self.width);
        let (offset, step) = match self.layout {
            Layout::Rows(step) => (begin, step),
            Layout::Columns(step) => (begin * step, step),
            Layout::Moved => (begin * self.terms, wide),
        };
        ColumnStrip {
            start: self.start.wrapping_add(offset),
            step,
            across: matches!(self.layout, Layout::Columns(_)),
            first: self.first + begin,
            columns: wide.min(self.columns - begin),
        }
    }
}

impl<T: Number> Packing<T> {
    /// Memory for products with other vectors than the processor's widest.
    #[cfg(test)]
    pub fn with(vectors: Vectors) -> Self {
        Packing { vectors, ..Default::default() }
    }

    /// A tile outside of C.
    pub(super) fn tile(&mut self, kernels: &Kernels<T>) -> *mut T {
        self.tile.room(kernels.rows * MOST_VECTORS * kernels.width)
    }

    /// Strips of rows of A, moved together if columns are apart and many tiles read them.
    pub(super) fn broadcast(
        &mut self,
        a: Place<*const T>,
        rows: Range<usize>,
        terms: Range<usize>,
        many: bool,
        kernels: &Kernels<T>,
    ) -> Broadcast<T> {
        // SAFETY: the view is valid for these rows and terms.
        let start = unsafe { a.start.add(rows.start * a.row + terms.start * a.column) };
        let mut out = Broadcast {
            start,
            place: Some((a.row, a.column)),
            first: rows.start,
            rows: rows.len(),
            terms: terms.len(),
            n_strips: rows.len().div_ceil(kernels.rows),
        };
        if a.column == 1 || !many {
            return out;
        }
        let packed = self.a.room(out.rows * out.terms);
        for strip in 0..out.n_strips {
            let strip = out.strip(strip);
            let begin = (strip.first - out.first) * out.terms;
            // SAFETY: the view is valid for the strip's rows and terms; strips follow one another in the
            // packed memory, which has room for all of them.
            unsafe {
                let to = packed.add(begin);
                if a.row == 1 {
                    (kernels.copy)(out.terms, strip.rows, strip.start, a.column, to, strip.rows);
                    continue;
                }
                for l in 0..out.terms {
                    let (from, to) = (strip.start.add(l * a.column), to.add(l * strip.rows));
                    for i in 0..strip.rows {
                        *to.add(i) = *from.add(i * a.row);
                    }
                }
            }
        }
        out.start = packed;
        out.place = None;
        out
    }

    /// Strips of columns of B for products with m rows, moved together where it is worth it: not where
    /// the caches hold it as it lies.
    pub(super) fn strips(
        &mut self,
        b: Place<*const T>,
        terms: Range<usize>,
        columns: Range<usize>,
        m: usize,
        near: bool,
        kernels: &Kernels<T>,
    ) -> Strips<T> {
        let width = kernels.width;
        let vectors = columns.len().div_ceil(width);
        // SAFETY: the view is valid for these terms and columns.
        let start = unsafe { b.start.add(terms.start * b.row + columns.start * b.column) };
        let mut out = Strips {
            start,
            layout: Layout::Moved,
            first: columns.start,
            columns: columns.len(),
            terms: terms.len(),
            vectors,
            width,
            n_strips: vectors.div_ceil(MOST_VECTORS),
        };
        if b.column == 1 && (near || m <= 8 * kernels.rows) {
            out.layout = Layout::Rows(b.row);
            return out;
        }
        if b.row == 1 && m <= kernels.across.len() {
            out.layout = Layout::Columns(b.column);
            return out;
        }
        out.start = self.b.room(vectors * width * out.terms);
        for strip in 0..out.n_strips {
            let strip = out.strip(strip);
            // SAFETY: the view is valid for the strip's columns and terms; strips follow one another in the
            // packed memory, which has room for all of them and is reached through this pointer only; the
            // packing holds a level that the processor has.
            unsafe {
                let from = start.add((strip.first - out.first) * b.column);
                let to = strip.start.cast_mut();
                if b.column == 1 {
                    (kernels.copy)(out.terms, strip.columns, from, b.row, to, strip.step);
                } else if b.row == 1 {
                    (kernels.transpose)(strip.columns, out.terms, from, b.column, to, strip.step, false);
                } else {
                    for l in 0..out.terms {
                        for j in 0..strip.columns {
                            *to.add(l * strip.step + j) = *from.add(l * b.row + j * b.column);
                        }
                    }
                }
            }
        }
        out
    }
}
