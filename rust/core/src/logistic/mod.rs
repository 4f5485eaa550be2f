//! Logistic regression of two and of more classes: no penalty, L2, L1 or both.
//!
//! ```text
//! minimise over W, b   sum_i w_i l(y_i, W x_i + b) / S + penalty(W) / (C S)      (objective, pass)
//! ```
//!
//! Notation: z = W x + b the scores, k columns of them (one for two classes, else one for each class),
//! q = d + 1 parameters of a column, H the second derivatives.
//!
//! | file             | what it answers                                                       |
//! |------------------|-----------------------------------------------------------------------|
//! | settings         | which hyperparameters there are and what is legal                     |
//! | sample           | which rows are looked at, and how they are read                       |
//! | objective        | what is minimised, and its optimality condition                       |
//! | exponential      | exp and log1p over slices                                             |
//! | pass, curvature  | the loss, its gradient, its second derivatives; over all rows         |
//! | cholesky, model  | directions from second derivatives                                    |
//! | effort           | when to stop, when a better model pays                                |
//! | smooth, proximal | the solver without and with an L1 penalty, one candidate each         |
//! | quadratic        | where a proximal Newton step goes                                     |
//! | solve            | many candidates on the same rows                                      |
//! | learned, warning | the model that comes of it, and what the user should know             |
//! | sweep, workers   | many folds; which work runs on which threads                          |

mod cholesky;
mod curvature;
mod effort;
mod exponential;
mod learned;
mod model;
mod objective;
mod pass;
mod proximal;
mod quadratic;
mod sample;
mod settings;
mod smooth;
mod solve;
mod sweep;
#[cfg(test)]
mod tests;
mod warning;
mod workers;

pub use sweep::Logistic;
