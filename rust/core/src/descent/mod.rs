//! Gradient descent by mini-batches, and linear models that learn by it.
//!
//! ```text
//! minimise over (w, b), for each column    1/n sum_i w_i l(x_i' w + b, t_i) + l1 |w|_1 + l2 |w|^2 / 2
//! ```
//!
//! A model of K > 2 classes has a column for each class (that class against the rest), else one. The
//! columns of all candidates that see the same batches go through them side by side.
//!
//! | file      | what it answers                                             |
//! |-----------|-------------------------------------------------------------|
//! | loss      | how wrong scores are, and which way is down                 |
//! | penalty   | what keeps coefficients small, and its proximal step        |
//! | schedule  | how long a step is                                          |
//! | optimiser | how parameters follow their gradients                       |
//! | batches   | which rows stand together, which are kept back              |
//! | products  | scores and gradient of a batch                              |
//! | state     | the numbers that training moves                             |
//! | lazy      | plain steps on sparse rows                                  |
//! | validate  | how good columns are on rows kept back                      |
//! | watch     | when a column has trained enough                            |
//! | run       | the one loop                                                |
//! | learned, advice | from columns to a model, and what to tell of it       |
//! | settings  | which hyperparameters there are and what is legal           |
//! | sweep     | many candidates on many folds; one on all rows              |
//!
//! Loss, penalty, schedule, optimiser and batches know nothing of linear models.

mod advice;
pub mod batches;
mod lazy;
mod learned;
pub mod loss;
pub mod optimiser;
pub mod penalty;
mod products;
mod run;
pub mod schedule;
pub mod settings;
mod state;
mod sweep;
mod validate;
mod watch;

pub use sweep::Descents;
