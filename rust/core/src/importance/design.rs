//! Candidates as cells of columns, checked.

use crate::error::{Error, Result};

/// A column has at most so many cells: they fit the bits of a mask.
pub const MOST_CELLS: usize = 64;

/// Cells of a column.
#[derive(Clone, Debug)]
pub struct Column {
    /// The probability of each cell; they sum to 1.
    pub weights: Vec<f64>,
    /// Whether neighbours are alike, as with numbers. Otherwise the cells are categories.
    pub ordered: bool,
}

/// n candidates of d columns, and their scores.
#[derive(Clone, Debug)]
pub struct Design {
    pub columns: Vec<Column>,
    /// (n, d), the cell of each candidate in each column.
    pub cells: Vec<u8>,
    /// (n,), finite.
    pub scores: Vec<f64>,
}

impl Design {
    /// Checks the columns, (n, d) cells and (n,) scores; makes each column's weights sum to 1.
    pub fn new(mut columns: Vec<Column>, cells: &[i64], scores: Vec<f64>) -> Result<Self> {
        let (n, d) = (scores.len(), columns.len());
        if n == 0 || d == 0 || cells.len() != n * d {
            return Err(Error::invalid(format!(
                "importance needs at least one candidate and one column, and a cell for each; got {n} scores, {d} columns and {} cells",
                cells.len()
            )));
        }
        if let Some(i) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::invalid(format!("score {i} is {}; scores must be finite", scores[i])));
        }
        for (j, column) in columns.iter_mut().enumerate() {
            let m = column.weights.len();
            if !(1..=MOST_CELLS).contains(&m) {
                return Err(Error::invalid(format!(
                    "column {j} has {m} cells; 1 to {MOST_CELLS} are allowed"
                )));
            }
            let total: f64 = column.weights.iter().sum();
            if column.weights.iter().any(|&w| w.is_nan() || w <= 0.0) || !total.is_finite() {
                return Err(Error::invalid(format!("the weights of column {j} must be above 0 and finite")));
            }
            column.weights.iter_mut().for_each(|w| *w /= total);
        }
        let cell = |place: usize| {
            let (given, m) = (cells[place], columns[place % d].weights.len());
            match u8::try_from(given) {
                Ok(cell) if usize::from(cell) < m => Ok(cell),
                _ => Err(Error::invalid(format!(
                    "candidate {} names cell {given} of column {}, which has {m}",
                    place / d,
                    place % d
                ))),
            }
        };
        let cells = (0..n * d).map(cell).collect::<Result<_>>()?;
        Ok(Design { columns, cells, scores })
    }

    /// The number of candidates.
    pub fn n(&self) -> usize {
        self.scores.len()
    }

    /// The number of columns.
    pub fn d(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn cell(&self, row: u32, column: usize) -> usize {
        usize::from(self.cells[row as usize * self.d() + column])
    }
}
