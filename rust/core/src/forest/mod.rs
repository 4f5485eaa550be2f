//! Forests of trees: random forests (Breiman, Random Forests, Machine Learning 45, 2001) and extremely
//! randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006).
//!
//! Notation: n training rows, d columns, K classes; a node has rows T with weight W_T, a cut parts them
//! into L and R.
//!
//! | file          | what it answers                                                |
//! |---------------|----------------------------------------------------------------|
//! | settings      | which hyperparameters there are and what is legal              |
//! | bins          | how columns become ordered integer codes                       |
//! | sample        | which rows a tree sees, with what weight                       |
//! | sums, criterion | what a node knows of its targets, how good a cut is          |
//! | search, pairs, refine | the best cut of a numeric column; categories, random: of others |
//! | targets, wide | the above for one output; for several, and absolute errors     |
//! | split, grow   | the best split of a node; a tree                               |
//! | fork          | several sizes of leaves from one growth                        |
//! | truncate, prune | which smaller trees are contained in a tree                  |
//! | tree, learned, views | a learned tree, a learned forest, what they say         |
//! | importance    | what each column is worth on rows that a tree has not seen     |
//! | grower        | from data and settings to grown trees, in parallel             |
//! | fit           | one forest on all rows                                         |
//! | sweep, walk   | many candidates on many folds; the way of rows down their trees |

mod bins;
mod categories;
mod criterion;
mod fit;
mod fork;
mod grow;
mod grower;
mod importance;
pub mod learned;
mod median;
mod pairs;
mod prune;
mod random;
mod refine;
mod rules;
mod sample;
mod search;
pub mod settings;
mod sort;
mod split;
mod state;
mod sums;
mod sweep;
mod targets;
pub mod tree;
mod truncate;
pub mod views;
mod walk;
mod wide;

pub use fit::{FitOptions, Fitted, bootstrap_counts, fit};
pub use importance::{ImportanceOptions, Importances};
pub use learned::Forest;
pub use state::State;
pub use sweep::Forests;
