//! How much each hyperparameter matters to a score, alone and in pairs: functional analysis of variance of
//! a forest that is fitted to the evaluated candidates.
//!
//! Problem. Given candidates x_i, one cell a column, and scores y_i, i = 1, ..., n, fit f(x) ~ y and split its
//! variance over the whole space, not over where a search happened to look:
//!
//! ```text
//! a_U(x_U) = E[f(x) | x_U]                               marginals, U a set of columns
//! V = Var f(x),   V_j = Var a_j,   V_jk = Var a_jk - V_j - V_k
//! importance of j = V_j / V,   interaction of j and k = V_jk / V
//! ```
//!
//! The columns of x are independent and column j has cell c with probability w_j(c). A leaf is a box of cells,
//! so every expectation is a sum over the leaves and nothing is sampled.
//!
//! Hutter, Hoos and Leyton-Brown, An efficient approach for assessing hyperparameter importance, ICML 2014:
//! algorithm 2. There columns are intervals or categories; here an interval is cut into cells first, so that one
//! mask of 64 bits says which cells of a column a leaf covers, whatever the kind of the column.
//!
//! | module   | what lives there                               |
//! |----------|------------------------------------------------|
//! | design   | candidates as cells, checked                   |
//! | tree     | the leaves of one regression tree              |
//! | variance | marginals of a forest and what varies in them  |

pub mod design;
pub mod tree;
pub mod variance;
