//! X as the families that compute with it read it: finite numbers in float32 or float64, dense or sparse,
//! borrowed from the caller. Products live in `gemm`.

use crate::data::Features;
use crate::error::{Error, Result};

/// Numbers in the precision that the caller has them in.
#[derive(Clone, Copy, Debug)]
pub enum Floats<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// X (n, d).
#[derive(Clone, Copy, Debug)]
pub enum Matrix<'a> {
    /// Row-major.
    Dense(Floats<'a>),
    /// Compressed sparse rows: the entries of row i are `starts[i]..starts[i + 1]`, by ascending column.
    Sparse { starts: &'a [i64], columns: &'a [i32], values: Floats<'a> },
}

/// A type of numbers that X is read in.
pub trait Real: Copy + Send + Sync + 'static {
    fn of_f32(value: f32) -> Self;
    fn of_f64(value: f64) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn of_f32(value: f32) -> Self {
        value
    }
    #[inline(always)]
    fn of_f64(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of_f32(value: f32) -> Self {
        f64::from(value)
    }
    #[inline(always)]
    fn of_f64(value: f64) -> Self {
        value
    }
}

impl Floats<'_> {
    pub fn len(&self) -> usize {
        match self {
            Floats::F32(values) => values.len(),
            Floats::F64(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the caller has float32.
    pub fn is_single(&self) -> bool {
        matches!(self, Floats::F32(_))
    }

    pub fn get(&self, i: usize) -> f64 {
        match self {
            Floats::F32(values) => f64::from(values[i]),
            Floats::F64(values) => values[i],
        }
    }

    /// `out = values[range]`, converted.
    pub fn read<T: Real>(&self, range: std::ops::Range<usize>, out: &mut [T]) {
        match self {
            Floats::F32(values) => {
                out.iter_mut().zip(&values[range]).for_each(|(out, &value)| *out = T::of_f32(value));
            }
            Floats::F64(values) => {
                out.iter_mut().zip(&values[range]).for_each(|(out, &value)| *out = T::of_f64(value));
            }
        }
    }

    fn read_rows<T: Real>(&self, rows: &[u32], d: usize, out: &mut [T]) {
        match self {
            Floats::F32(values) => read_rows(values, rows, d, out, T::of_f32),
            Floats::F64(values) => read_rows(values, rows, d, out, T::of_f64),
        }
    }

    fn all_finite(&self) -> bool {
        match self {
            Floats::F32(values) => all_finite(values, 0.0),
            Floats::F64(values) => all_finite(values, 0.0),
        }
    }
}

/// A product with 0 is 0, or NaN if the value is not finite; several sums of them at a time are vectors.
fn all_finite<T>(values: &[T], zero: T) -> bool
where
    T: Copy + PartialEq + std::ops::Mul<Output = T> + std::ops::AddAssign,
{
    const LANES: usize = 16;
    let chunks = values.chunks_exact(LANES);
    let mut sums = [zero; LANES];
    chunks.remainder().iter().for_each(|&value| sums[0] += value * zero);
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &value)| *sum += value * zero);
    }
    sums.iter().all(|&sum| sum == zero)
}

#[inline]
fn read_rows<S: Copy, T>(values: &[S], rows: &[u32], d: usize, out: &mut [T], of: impl Fn(S) -> T) {
    for (&i, out) in rows.iter().zip(out.chunks_exact_mut(d)) {
        let row = &values[i as usize * d..][..d];
        out.iter_mut().zip(row).for_each(|(out, &value)| *out = of(value));
    }
}

impl Matrix<'_> {
    /// The stored numbers.
    pub fn values(&self) -> &Floats<'_> {
        match self {
            Matrix::Dense(values) | Matrix::Sparse { values, .. } => values,
        }
    }

    pub fn is_sparse(&self) -> bool {
        matches!(self, Matrix::Sparse { .. })
    }

    /// Row i of d columns in full, converted.
    pub fn read_row<T: Real>(&self, i: usize, out: &mut [T]) {
        let d = out.len();
        match self {
            Matrix::Dense(values) => values.read(i * d..(i + 1) * d, out),
            Matrix::Sparse { columns, values, .. } => {
                out.fill(T::of_f32(0.0));
                for k in self.entries(i) {
                    out[columns[k] as usize] = T::of_f64(values.get(k));
                }
            }
        }
    }

    /// Rows in full (rows.len(), d), row-major, converted.
    pub fn read_rows<T: Real>(&self, rows: &[u32], d: usize, out: &mut [T]) {
        debug_assert_eq!(out.len(), rows.len() * d);
        if let Matrix::Dense(values) = self {
            return values.read_rows(rows, d, out);
        }
        for (&i, out) in rows.iter().zip(out.chunks_exact_mut(d)) {
            self.read_row(i as usize, out);
        }
    }

    /// Where the entries of row i are; of a dense matrix the whole row is not indexed this way.
    pub fn entries(&self, i: usize) -> std::ops::Range<usize> {
        match self {
            Matrix::Dense(_) => 0..0,
            Matrix::Sparse { starts, .. } => starts[i] as usize..starts[i + 1] as usize,
        }
    }
}

impl Features for Matrix<'_> {
    fn check(&self, n: usize, d: usize) -> Result<()> {
        match self {
            Matrix::Dense(values) if values.len() != n * d => {
                return Err(Error::invalid("X and y have different numbers of rows"));
            }
            Matrix::Dense(_) => {}
            Matrix::Sparse { starts, columns, values } => check_sparse(starts, columns, values.len(), n, d)?,
        }
        if self.values().all_finite() { Ok(()) } else { Err(Error::invalid("X contains NaN or infinity")) }
    }
}

fn check_sparse(starts: &[i64], columns: &[i32], n_values: usize, n: usize, d: usize) -> Result<()> {
    let ordered = starts.windows(2).all(|pair| pair[0] <= pair[1]);
    let ends = (starts.first(), starts.last().map(|&end| usize::try_from(end)));
    if starts.len() != n + 1
        || !ordered
        || ends != (Some(&0), Some(Ok(n_values)))
        || columns.len() != n_values
    {
        return Err(Error::invalid("the sparse X is damaged: its row starts do not match its entries"));
    }
    for row in starts.windows(2) {
        let row = &columns[row[0] as usize..row[1] as usize];
        let inside = row.iter().all(|&j| usize::try_from(j).is_ok_and(|j| j < d));
        if !inside || row.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(Error::invalid(
                "the sparse X must hold each row's column numbers in ascending order, none twice",
            ));
        }
    }
    Ok(())
}
