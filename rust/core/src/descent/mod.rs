//! Mini-batch gradient descent.
//!
//! | file      | what it answers                                             |
//! |-----------|-------------------------------------------------------------|
//! | penalty   | what keeps coefficients small, and its proximal step        |
//! | schedule  | how long a step is                                          |
//! | optimiser | how parameters follow their gradients                       |
//! | batches   | which rows stand together, which are kept back              |
//! | vector    | loops compiled for each width of vectors                    |

pub mod batches;
pub mod optimiser;
pub mod penalty;
pub mod schedule;
pub mod vector;
