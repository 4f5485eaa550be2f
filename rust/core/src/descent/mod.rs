//! Mini-batch gradient descent.
//!
//! | file      | what it answers                                             |
//! |-----------|-------------------------------------------------------------|
//! | loss      | how wrong scores are, and which way is down                 |
//! | penalty   | what keeps coefficients small, and its proximal step        |
//! | schedule  | how long a step is                                          |
//! | optimiser | how parameters follow their gradients                       |
//! | batches   | which rows stand together, which are kept back              |
//! | vector, functions | loops compiled for each width of vectors, exp, log1p |

pub mod batches;
pub mod functions;
pub mod loss;
pub mod optimiser;
pub mod penalty;
pub mod schedule;
pub mod vector;
