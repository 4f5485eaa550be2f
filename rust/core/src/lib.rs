//! The mathematics of setpoint: trains classical models and scores many configurations of them at
//! once. Knows no Python.
//!
//! Notation, used throughout: X (n, d) features, y (n,) targets, w (n,) weights of rows; K classes.
//!
//! | module       | what lives there                                                     |
//! |--------------|----------------------------------------------------------------------|
//! | sweep        | the one operation, and the trait that a family implements            |
//! | data         | X, y and folds as the core reads them                                |
//! | matrix       | X as finite numbers, dense or sparse                                 |
//! | gemm         | products with a fixed order of summation                             |
//! | algebra      | inner products of vectors, likewise                                  |
//! | elementary   | exp, log1p and what is made of them                                  |
//! | quasi_newton | the memory of L-BFGS                                                 |
//! | candidate    | hyperparameters as named values                                      |
//! | class_weight | the one that all classifiers have                                    |
//! | metric       | scores of held-out predictions                                       |
//! | seed         | random streams named by what they are for                            |
//! | parallel     | threads, interruption, deadline, progress                            |
//! | vectors      | which vector instructions the processor has                          |
//! | linear_model | learned parameters and scores of any linear model                    |
//! | linear       | linear regression                                                    |
//! | logistic     | logistic regression                                                  |
//! | descent      | mini-batch gradient descent: steps, batches, linear models           |
//! | network      | fully connected networks                                             |
//! | svm          | support vector machines with kernels, and linear ones                |
//! | forest       | random forests and extremely randomised trees                        |
//! | importance   | how much each hyperparameter matters to the scores of a search       |
//! | surrogate    | Bayesian search: a Gaussian process and the point to evaluate next   |

pub mod algebra;
pub mod candidate;
pub mod class_weight;
pub mod data;
#[cfg(feature = "descent")]
pub mod descent;
pub mod elementary;
pub mod error;
#[cfg(feature = "forest")]
pub mod forest;
pub mod gemm;
#[cfg(feature = "importance")]
pub mod importance;
#[cfg(feature = "linear")]
pub mod linear;
pub mod linear_model;
#[cfg(feature = "logistic")]
pub mod logistic;
pub mod matrix;
pub mod metric;
#[cfg(feature = "network")]
pub mod network;
pub mod parallel;
pub mod quasi_newton;
pub mod seed;
#[cfg(feature = "surrogate")]
pub mod surrogate;
#[cfg(feature = "svm")]
pub mod svm;
pub mod sweep;
pub mod vectors;
