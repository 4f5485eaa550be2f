//! The data of one call as the core reads them, borrowed from the caller. Nothing here learns.
//!
//! Families read X in one of two forms: trees a [`Table`] (float32, with missing values and categories),
//! the others a [`Matrix`](crate::matrix::Matrix) (finite numbers, dense or sparse).

use crate::error::{Error, Result};

/// X (n, d) in the form that a family reads.
pub trait Features {
    /// Checks n, d and how the values are stored: whatever may be read is there.
    fn check_form(&self, n: usize, d: usize) -> Result<()>;

    /// Checks the values.
    fn check_values(&self) -> Result<()>;

    /// Both.
    fn check(&self, n: usize, d: usize) -> Result<()> {
        self.check_form(n, d)?;
        self.check_values()
    }
}

/// Columns of numbers and of categories, as trees read them.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// X (n, d), row-major; NaN is a missing value; categorical columns hold codes >= 0.
    pub values: &'a [f32],
    /// Which columns are categorical (d,).
    pub categorical: &'a [bool],
}

/// Features and targets of n rows.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a, X = Table<'a>> {
    /// X (n, d).
    pub x: X,
    /// y (n, n_outputs), row-major: class codes 0..K or numbers.
    pub y: &'a [f64],
    /// Rows.
    pub n: usize,
    /// Columns.
    pub d: usize,
    /// Targets per row.
    pub n_outputs: usize,
    /// Classes of each output; empty for regression.
    pub n_classes: &'a [usize],
    /// Weights of the rows (n,), >= 0; `None` is one each.
    pub sample_weight: Option<&'a [f64]>,
}

impl<X: Features> Data<'_, X> {
    /// Checks shapes and ranges once; everything behind relies on them.
    pub fn check(&self) -> Result<()> {
        self.check_form()?;
        self.x.check_values()
    }

    /// The same but for the values of X: for who finds out without another pass over them.
    pub fn check_form(&self) -> Result<()> {
        let invalid = |what: String| Err(Error::Invalid(what));
        if self.n == 0 || self.d == 0 || self.n_outputs == 0 {
            return invalid(format!(
                "X has shape ({}, {}) and y has {} outputs: at least one row, column and output are needed",
                self.n, self.d, self.n_outputs
            ));
        }
        if self.n > u32::MAX as usize / 2 {
            return invalid(format!("X has {} rows: at most 2147483647 are allowed", self.n));
        }
        if self.y.len() != self.n * self.n_outputs {
            return invalid("X and y have different numbers of rows".to_owned());
        }
        self.x.check_form(self.n, self.d)?;
        if self.y.iter().any(|value| !value.is_finite()) {
            return invalid("y contains NaN or infinity".to_owned());
        }
        if !self.n_classes.is_empty() {
            if self.n_classes.len() != self.n_outputs {
                return invalid("n_classes must have one entry per output of y".to_owned());
            }
            for row in self.y.chunks_exact(self.n_outputs) {
                for (&code, &k) in row.iter().zip(self.n_classes) {
                    if code < 0.0 || code >= k as f64 || code.fract() != 0.0 {
                        return invalid(format!("y holds {code}: class codes 0 to {} are allowed", k - 1));
                    }
                }
            }
        }
        if let Some(w) = self.sample_weight {
            if w.len() != self.n {
                return invalid(format!("sample_weight has {} entries for {} rows", w.len(), self.n));
            }
            if w.iter().any(|&w| !w.is_finite() || w < 0.0) {
                return invalid("sample_weight must hold finite numbers >= 0".to_owned());
            }
        }
        Ok(())
    }
}

impl<X> Data<'_, X> {
    /// Numbers in one prediction: all class probabilities side by side, or one per output.
    pub fn n_values(&self) -> usize {
        if self.n_classes.is_empty() { self.n_outputs } else { self.n_classes.iter().sum() }
    }
}

impl Features for Table<'_> {
    fn check_form(&self, n: usize, d: usize) -> Result<()> {
        if self.values.len() != n * d {
            return Err(Error::invalid("X and y have different numbers of rows"));
        }
        if self.categorical.len() != d {
            return Err(Error::invalid("categorical must have one entry per column of X"));
        }
        Ok(())
    }

    fn check_values(&self) -> Result<()> {
        if self.values.iter().any(|value| value.is_infinite()) {
            return Err(Error::invalid("X contains infinity or a value too large for float32"));
        }
        Ok(())
    }
}

/// One split of the rows: which train, which are held out.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Rows that train, in the order given.
    pub train: Vec<u32>,
    /// Rows held out, in the order given.
    pub test: Vec<u32>,
}

impl Fold {
    /// All n rows train, none is held out.
    pub fn whole(n: usize) -> Self {
        Fold { train: (0..n as u32).collect(), test: Vec::new() }
    }
}
