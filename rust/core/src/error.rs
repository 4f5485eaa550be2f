//! What can go wrong in the core, as values. Messages name the argument, what was given and what is
//! allowed; the bindings turn each kind into the Python exception of the same meaning.

use std::fmt;

/// Why a sweep did not return a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// An argument is outside what is allowed.
    Invalid(String),
    /// The work needs more memory than can be had.
    Memory(String),
    /// The caller asked for the work to stop.
    Interrupted,
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An argument outside its domain.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::Invalid(message.into())
    }
}

/// n copies of `value`, or an error where memory does not suffice: an allocation that fails would end the
/// interpreter. `what` says what they are for.
pub fn filled<T: Clone>(n: usize, value: T, what: &str) -> Result<Vec<T>> {
    let mut out = Vec::new();
    out.try_reserve_exact(n).map_err(|_| {
        Error::Memory(format!(
            "{what} need {:.1} GB, more than can be had",
            (n * size_of::<T>()) as f64 / 1e9
        ))
    })?;
    out.resize(n, value);
    Ok(out)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid(message) | Error::Memory(message) => f.write_str(message),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}
