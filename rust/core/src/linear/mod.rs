//! Models that are linear in X: what they learn, and how their scores become predictions.
//!
//! ```text
//! z (n, k) = X coef' + intercept,    coef (k, d), intercept (k,)
//! ```
//!
//! k is the number of targets, of classes, or 1 for two classes.

mod link;
mod model;

pub use link::Link;
pub use model::{LinearModel, Scratch};
