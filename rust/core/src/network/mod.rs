//! Fully connected networks, trained by mini-batch gradient descent.
//!
//! ```text
//! A_0 = X,   Z_l = A_{l-1} W_l + b_l,   A_l = f_l(Z_l)   for l = 1 .. L
//!
//! minimise over W, b    1/s sum_i w_i loss(A_L[i], y_i) + alpha / (2 s) sum_l |W_l|^2,   s = sum_i w_i
//! ```
//!
//! W_l (n_{l-1}, n_l), b_l (n_l,), n_0 = d; f_L and the loss belong together (loss.rs), so that the slope of
//! the loss by Z_L is A_L - y. With batch normalisation Z_l is centred and scaled by column before f_l, with
//! dropout numbers of A_l are set to zero at random.
//!
//! | file       | what it answers                                              |
//! |------------|--------------------------------------------------------------|
//! | settings   | a candidate's hyperparameters, and which candidates go together |
//! | plan       | which numbers are the weights of which layer, and their start |
//! | activation | f, its slope, dropout                                        |
//! | loss       | from the last layer to predictions, losses and slopes        |
//! | pass       | forward and backward over one batch                          |
//! | sample     | the rows of a fold as training reads them                    |
//! | learner    | one network as it learns: steps, epochs, when to stop        |
//! | lbfgs      | the solver that takes all rows at each step                  |
//! | team       | threads that share a step                                    |
//! | train      | many networks side by side on the same batches               |
//! | model      | what was learned, and its predictions                        |
//! | sweep      | many candidates on many folds                                |

mod activation;
mod lbfgs;
mod learner;
mod loss;
mod model;
mod pass;
mod plan;
mod sample;
mod settings;
mod sweep;
mod team;
#[cfg(test)]
mod tests;
mod train;

pub use activation::Activation;
pub use learner::History;
pub use loss::Output;
pub use model::{Network, Numbers};
pub use plan::Plan;
pub use sweep::Networks;
