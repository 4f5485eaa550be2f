//! Support vector machines: C-SVC, nu-SVC, epsilon-SVR, nu-SVR and one-class, with kernels.
//!
//! Notation: K (n, n) the kernel's values, b (m,) signed dual coefficients of m variables, g = t - K b, C the
//! penalty, o the offset. The program and its optimality conditions are in `problem`.
//!
//! | file      | what it answers                                                   |
//! |-----------|-------------------------------------------------------------------|
//! | settings  | which hyperparameters there are and what is legal                 |
//! | variance  | how X is spread: gamma = "scale", and advice on scales            |
//! | points    | squared distances and inner products, many at once                |
//! | kernel    | from those to the kernel's values                                 |
//! | store     | rows of the kernel matrix, within a limit of memory               |
//! | problem, machine | the quadratic program, and that of each machine            |
//! | working   | sequential minimal optimisation of a few variables                |
//! | solve     | decomposition into such few variables                             |
//! | progress  | when that is over, and when float32 is not enough for it          |
//! | lanes     | loops over whole rows, in vectors                                 |
//! | calibrate | probabilities                                                     |
//! | expansion | decision values from support vectors                              |
//! | model     | what was learned                                                  |
//! | left_out  | programs without some of their rows, for probabilities            |
//! | train     | many machines on many folds from the same rows; one on all rows   |
//! | evaluate  | what each of them predicts, scores and keeps                      |
//! | linear    | machines that are linear in X, without a kernel                   |

pub mod calibrate;
mod evaluate;
mod expansion;
pub mod kernel;
mod lanes;
mod left_out;
pub mod linear;
mod machine;
pub mod model;
pub mod points;
mod problem;
mod progress;
pub mod settings;
mod solve;
mod store;
mod train;
mod variance;
mod working;

pub use model::SvmModel;
pub use settings::Which;
pub use train::Svms;
