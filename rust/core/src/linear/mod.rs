//! Linear regression: least squares, ridge regression, lasso and elastic net, of t targets.
//!
//! ```text
//! minimise   1/2 sum_i w_i (y_i - x_i b - b0)^2 + l1 |b|_1 + l2/2 |b|_2^2      over b (and b0)
//! subject to b >= 0 if positive
//! ```
//!
//! | module     | what lives there                                                                 |
//! |------------|----------------------------------------------------------------------------------|
//! | settings   | hyperparameters of least squares, ridge regression, lasso and elastic net        |
//! | cells      | which sums over rows the folds have in common                                    |
//! | moments    | those sums, in one pass over X                                                   |
//! | quadratic  | the problem of one fold, made of them                                            |
//! | rows       | the rows of one fold, for what does not work on sums                             |
//! | system     | b without l1: by `normal` equations, by `dual` ones, or `orthogonal`ly           |
//! | factor     | the factorisations that these need                                               |
//! | spectrum   | solutions for all penalties from one of them                                     |
//! | iterative  | the same for very many rows and columns                                          |
//! | path       | b with l1 or b >= 0: coordinate descent on a `working` set of `columns`          |
//! | wide       | those columns where there are fewer rows, or too many for all their products     |
//! | advice     | what to tell of a descent that did not converge                                  |
//! | common     | what several tasks share while they need it                                      |
//! | held_out   | errors on rows held out, from sums over them                                     |
//! | train      | all candidates on all folds                                                      |
//! | sweep      | and their scores                                                                 |

mod advice;
mod cells;
mod columns;
mod common;
mod dual;
mod factor;
mod held_out;
mod iterative;
mod moments;
mod normal;
mod orthogonal;
mod path;
mod quadratic;
mod rows;
mod settings;
mod spectrum;
mod sweep;
mod system;
mod train;
mod wide;
mod working;

pub use settings::Linear;
