//! Models that are linear in X, whoever learned them: parameters, scores, and what scores mean.
//!
//! ```text
//! z (n, k) = X coef' + intercept,    coef (k, d), intercept (k,)
//! ```
//!
//! k is the number of targets, of classes, or 1 for two classes. Nothing is learned here.
//!
//! | module       | what lives there                              |
//! |--------------|-----------------------------------------------|
//! | model        | learned parameters and their scores           |
//! | side_by_side | scores of many models from one product        |
//! | link         | from scores to classes and probabilities      |

mod link;
mod model;
mod side_by_side;

pub use link::Link;
pub use model::{LinearModel, Scratch};
pub use side_by_side::SideBySide;
