//! The mathematics of setpoint: trains classical models and scores many configurations of them at
//! once. Knows no Python.
//!
//! Notation, used throughout: X (n, d) features, y (n,) targets, w (n,) weights of rows; K classes.
//!
//! | module    | what lives there                                                    |
//! |-----------|---------------------------------------------------------------------|
//! | sweep     | the one operation, and the trait that a family implements           |
//! | data      | X, y and folds as the core reads them                               |
//! | candidate | hyperparameters as named values                                     |
//! | metric    | scores of held-out predictions                                      |
//! | seed      | random streams named by what they are for                           |
//! | parallel  | threads, interruption, deadline, progress                           |
//! | vectors   | which vector instructions the processor has                         |
//! | forest    | random forests and extremely randomised trees                       |

pub mod candidate;
pub mod data;
pub mod error;
pub mod forest;
pub mod metric;
pub mod parallel;
pub mod seed;
pub mod sweep;
pub mod vectors;
