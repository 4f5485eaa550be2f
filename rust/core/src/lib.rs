//! The mathematics of setpoint: trains classical models and scores many configurations of them at
//! once. Knows no Python.
//!
//! Notation, used throughout: X (n, d) features, y (n,) targets, w (n,) weights of rows; K classes.
//!
//! | module    | what lives there                                                    |
//! |-----------|---------------------------------------------------------------------|
//! | sweep     | the one operation, and the trait that a family implements           |
//! | data      | X, y and folds as the core reads them                               |
//! | matrix    | X as finite numbers, dense or sparse                                |
//! | gemm      | products with a fixed order of summation                            |
//! | candidate | hyperparameters as named values                                     |
//! | metric    | scores of held-out predictions                                      |
//! | seed      | random streams named by what they are for                           |
//! | parallel  | threads, interruption, deadline, progress                           |
//! | vectors   | which vector instructions the processor has                         |
//! | linear    | linear models: parameters, scores, links                            |
//! | descent   | mini-batch gradient descent: steps, batches, linear models             |
//! | network   | fully connected networks                                            |
//! | svm       | support vector machines with kernels, and linear ones               |
//! | forest    | random forests and extremely randomised trees                       |
//! | importance | how much each hyperparameter matters to the scores of a search   |
//! | surrogate | Bayesian search: a Gaussian process and the point to evaluate next  |

pub mod candidate;
pub mod data;
#[cfg(feature = "descent")]
pub mod descent;
pub mod error;
#[cfg(feature = "forest")]
pub mod forest;
pub mod gemm;
#[cfg(feature = "importance")]
pub mod importance;
pub mod linear;
#[cfg(feature = "logistic")]
pub mod logistic;
pub mod matrix;
pub mod metric;
#[cfg(feature = "network")]
pub mod network;
pub mod parallel;
pub mod seed;
#[cfg(feature = "surrogate")]
pub mod surrogate;
#[cfg(feature = "svm")]
pub mod svm;
pub mod sweep;
pub mod vectors;
