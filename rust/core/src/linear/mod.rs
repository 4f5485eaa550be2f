//! Models that are linear in X: what they learn, how their scores become predictions, and linear regression.
//!
//! ```text
//! z (n, k) = X coef' + intercept,    coef (k, d), intercept (k,)
//! ```
//!
//! k is the number of targets, of classes, or 1 for two classes. Linear regression, here of t targets:
//!
//! ```text
//! minimise   1/2 sum_i w_i (y_i - x_i b - b0)^2 + l1 |b|_1 + l2/2 |b|_2^2      over b (and b0)
//! subject to b >= 0 if positive
//! ```
//!
//! | module     | what lives there                                                                 |
//! |------------|----------------------------------------------------------------------------------|
//! | model      | learned parameters and their scores, of any family that is linear                |
//! | link       | from scores to classes                                                           |
//! | settings   | hyperparameters of least squares, ridge regression, lasso and elastic net        |
//! | cells      | which sums over rows the folds have in common                                    |
//! | moments    | those sums, in one pass over X                                                   |
//! | quadratic  | the problem of one fold, made of them                                            |
//! | rows       | the rows of one fold, for what does not work on sums                             |
//! | system     | b without l1: by `normal` equations, by `dual` ones, or `orthogonal`ly           |
//! | iterative  | the same for very many rows and columns                                          |
//! | path       | b with l1 or b >= 0: coordinate descent on a `working` set of `columns`          |
//! | train      | all candidates on all folds                                                      |
//! | sweep      | and their scores                                                                 |

mod link;
mod model;

#[cfg(feature = "linear")]
mod advice;
#[cfg(feature = "linear")]
mod cells;
#[cfg(feature = "linear")]
mod columns;
#[cfg(feature = "linear")]
mod dual;
#[cfg(feature = "linear")]
mod factor;
#[cfg(feature = "linear")]
mod failure;
#[cfg(feature = "linear")]
mod iterative;
#[cfg(feature = "linear")]
mod moments;
#[cfg(feature = "linear")]
mod normal;
#[cfg(feature = "linear")]
mod orthogonal;
#[cfg(feature = "linear")]
mod path;
#[cfg(feature = "linear")]
mod quadratic;
#[cfg(feature = "linear")]
mod rows;
#[cfg(feature = "linear")]
mod settings;
#[cfg(feature = "linear")]
mod spectrum;
#[cfg(feature = "linear")]
mod sweep;
#[cfg(feature = "linear")]
mod system;
#[cfg(feature = "linear")]
mod train;
#[cfg(feature = "linear")]
mod wide;
#[cfg(feature = "linear")]
mod working;

pub use link::Link;
pub use model::{LinearModel, Scratch};
#[cfg(feature = "linear")]
pub use settings::Linear;
