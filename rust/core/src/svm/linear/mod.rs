//! Support vector machines that are linear in X: LinearSVC and LinearSVR.
//!
//! ```text
//! min  R(w) + sum_i c_i l(t_i, z_i)      z_i = <x_i, w>,   c_i = C times the weight of row i
//! ```
//!
//! | loss                        | l(t, z)                      | t       |
//! |-----------------------------|------------------------------|---------|
//! | hinge                       | max(0, 1 - t z)              | +-1     |
//! | squared_hinge               | max(0, 1 - t z)^2            | +-1     |
//! | epsilon_insensitive         | max(0, |t - z| - epsilon)    | numbers |
//! | squared_epsilon_insensitive | max(0, |t - z| - epsilon)^2  | numbers |
//!
//! R is 1/2 |w|^2 or |w|_1. The intercept is the weight of one more column, of the value
//! `intercept_scaling`, and is penalised as the others: as in LIBLINEAR, whose problem and stopping rules
//! these are (Fan, Chang, Hsieh, Wang and Lin, JMLR 9, 2008).
//!
//! | file     | what it answers                                                    |
//! |----------|--------------------------------------------------------------------|
//! | settings | which hyperparameters there are and what is legal                  |
//! | problem  | objectives, and the gap between them                               |
//! | dual     | R = 1/2 |w|^2, by coordinates of the dual                          |
//! | newton   | R = 1/2 |w|^2 and a squared loss, by Newton's method               |
//! | lasso    | R = |w|_1 and the squared hinge, by coordinates of w               |
//! | crammer  | all classes in one problem                                         |
//! | train    | many candidates on many folds; one on all rows                     |

mod crammer;
mod dual;
mod lasso;
mod newton;
mod problem;
mod settings;
mod train;

pub use train::LinearSvms;
