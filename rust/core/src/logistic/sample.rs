//! The rows that a solver looks at, and how they are read block by block: a fold's training rows, or
//! some of them drawn for a first approximation.

use std::borrow::Cow;
use std::ops::Range;

use crate::data::Data;
use crate::error::{Error, Result, filled};
use crate::matrix::{Floats, Matrix};
use crate::seed::Stream;

/// Numbers of X in one block, so that it stays in the second cache.
const BLOCK_NUMBERS: usize = 32 * 1024;
/// The stream of the rows that are drawn.
const DRAWN: u64 = 0x6c6f_6769_7374_6963;

/// Some rows of X with their classes and weights.
pub struct Sample<'a> {
    pub x: Matrix<'a>,
    pub d: usize,
    rows: Cow<'a, [u32]>,
    /// The rows of a dense X moved together, row-major, or nothing.
    together: Vec<f64>,
    /// Which of the classes among the rows, 0..K.
    pub y: Vec<f64>,
    /// Weights of the rows.
    pub weight: Vec<f64>,
    /// The codes of the classes among the rows, ascending.
    pub classes: Vec<usize>,
    /// The weight of each class.
    pub totals: Vec<f64>,
    /// The rows of each class.
    pub counts: Vec<usize>,
}

impl<'a> Sample<'a> {
    /// These rows of `data`, whose y holds class codes. Refuses fewer than two classes and weights that
    /// sum to 0.
    pub fn new(data: &Data<'a, Matrix<'a>>, rows: &'a [u32]) -> Result<Self> {
        let n_classes = data.n_classes.first().copied().unwrap_or(0);
        let code = |&i: &u32| data.y[i as usize] as usize;
        let mut counts = vec![0; n_classes];
        rows.iter().for_each(|row| counts[code(row)] += 1);
        let classes: Vec<usize> = (0..n_classes).filter(|&c| counts[c] > 0).collect();
        if classes.len() < 2 {
            return Err(Error::invalid(
                "logistic regression needs rows of at least 2 classes; the training rows have 1",
            ));
        }
        let mut index = vec![0; n_classes];
        classes.iter().enumerate().for_each(|(i, &c)| index[c] = i);
        let mut y = filled(rows.len(), 0.0, "the classes of the rows")?;
        y.iter_mut().zip(rows).for_each(|(y, row)| *y = index[code(row)] as f64);
        let mut weight = filled(rows.len(), 1.0, "the weights of the rows")?;
        if let Some(given) = data.sample_weight {
            weight.iter_mut().zip(rows).for_each(|(weight, &row)| *weight = given[row as usize]);
        }
        let sample = Self::of(data.x, data.d, Cow::Borrowed(rows), y, weight, classes);
        if sample.totals.iter().sum::<f64>() > 0.0 {
            Ok(sample)
        } else {
            Err(Error::invalid("sample_weight sums to 0 on the training rows"))
        }
    }

    fn of(
        x: Matrix<'a>,
        d: usize,
        rows: Cow<'a, [u32]>,
        y: Vec<f64>,
        weight: Vec<f64>,
        classes: Vec<usize>,
    ) -> Self {
        let (mut totals, mut counts) = (vec![0.0; classes.len()], vec![0; classes.len()]);
        for (&y, &weight) in y.iter().zip(&weight) {
            totals[y as usize] += weight;
            counts[y as usize] += 1;
        }
        Sample { x, d, rows, together: Vec::new(), y, weight, classes, totals, counts }
    }

    /// `m` of the rows, each drawn with the same probability, always the same. They lie far apart: a dense X
    /// is copied.
    pub fn draw(&self, m: usize) -> Result<Sample<'a>> {
        let (n, mut stream) = (self.n(), Stream::new(DRAWN));
        // Selection sampling: row i is taken with probability wanted / left.
        let (mut wanted, mut chosen) = (m.min(n), Vec::with_capacity(m.min(n)));
        for i in 0..n {
            if (stream.below((n - i) as u32) as usize) < wanted {
                chosen.push(i);
                wanted -= 1;
            }
        }
        let pick = |values: &[f64]| chosen.iter().map(|&i| values[i]).collect();
        let rows: Vec<u32> = chosen.iter().map(|&i| self.rows[i]).collect();
        let mut together = Vec::new();
        if !self.x.is_sparse() {
            together = filled(rows.len() * self.d, 0.0, "some of the rows")?;
            self.x.read_rows(&rows, self.d, &mut together);
        }
        let (y, weight) = (pick(&self.y), pick(&self.weight));
        let sample = Self::of(self.x, self.d, Cow::Owned(rows), y, weight, self.classes.clone());
        Ok(Sample { together, ..sample })
    }

    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// Columns of scores: one for two classes, else one for each.
    pub fn n_scores(&self) -> usize {
        if self.classes.len() == 2 { 1 } else { self.classes.len() }
    }

    /// Parameters of a model: coefficients and intercept for each column of scores.
    pub fn n_parameters(&self) -> usize {
        self.n_scores() * (self.d + 1)
    }

    /// Numbers of X that a pass over the rows reads.
    pub fn n_numbers(&self) -> usize {
        match &self.x {
            Matrix::Dense(_) => self.n() * self.d,
            Matrix::Sparse { .. } => self.rows.iter().map(|&i| self.x.entries(i as usize).len()).sum(),
        }
    }

    /// Rows of one block; a function of d alone.
    pub fn block_rows(&self) -> usize {
        (BLOCK_NUMBERS / self.d.max(1)).clamp(16, 256) / 8 * 8
    }

    /// The weights of `rows` where class k counts `class_weight[k]` times.
    pub fn weights(&self, rows: Range<usize>, class_weight: &[f64], out: &mut Vec<f64>) {
        let weighted = self.weight[rows.clone()].iter().zip(&self.y[rows]);
        out.clear();
        out.extend(weighted.map(|(weight, &y)| weight * class_weight[y as usize]));
    }

    /// These rows of a dense X, row-major: where they lie if that is possible, else moved to `room`.
    pub fn dense<'r>(&'r self, rows: Range<usize>, room: &'r mut Vec<f64>) -> &'r [f64] {
        if let Some(values) = self.in_place(rows.clone()) {
            return values;
        }
        let rows = &self.rows[rows];
        room.resize(rows.len() * self.d, 0.0);
        self.x.read_rows(rows, self.d, room);
        room
    }

    /// What `dense` returned for the same rows; `room` is what it was given, and left alone since.
    pub fn dense_again<'r>(&'r self, rows: Range<usize>, room: &'r [f64]) -> &'r [f64] {
        self.in_place(rows).unwrap_or(room)
    }

    /// Rows of float64 that follow one another.
    fn in_place(&self, rows: Range<usize>) -> Option<&[f64]> {
        if !self.together.is_empty() {
            return Some(&self.together[rows.start * self.d..rows.end * self.d]);
        }
        let Matrix::Dense(Floats::F64(values)) = &self.x else { return None };
        let rows = &self.rows[rows];
        let first = *rows.first()? as usize;
        let together = rows.windows(2).all(|pair| pair[1] == pair[0] + 1);
        together.then(|| &values[first * self.d..(first + rows.len()) * self.d])
    }

    /// The columns and numbers of the entries of row i of a sparse X, converted in `room` if need be.
    pub fn entries<'r>(&'r self, i: usize, room: &'r mut Vec<f64>) -> (&'r [i32], &'r [f64]) {
        let Matrix::Sparse { columns, values, .. } = &self.x else { return (&[], &[]) };
        let range = self.x.entries(self.rows[i] as usize);
        let columns = &columns[range.clone()];
        match values {
            Floats::F64(values) => (columns, &values[range]),
            Floats::F32(_) => {
                room.resize(range.len(), 0.0);
                values.read(range, room);
                (columns, room)
            }
        }
    }
}
