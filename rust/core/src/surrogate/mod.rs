//! The surrogate of Bayesian search: a Gaussian process over evaluated points, and the point to evaluate
//! next.
//!
//! Problem. Given points x_i and noisy values y_i = f(x_i) + e_i, i = 1, ..., n, of a function that is dear
//! to evaluate, find the x at which the improvement over the best is largest in expectation:
//!
//! ```text
//! f ~ GP(0, k),   e_i ~ N(0, v_i + s),   y transformed to look normal,   best = min_i E[f(x_i) | y]
//! next = argmax_x log E[max(best - f(x), 0) | y]
//! ```
//!
//! Notation: X (n, d) points, y (n,) values to be made small, v (n,) known variances of the noise, theta the
//! kernel's parameters. A coordinate is a number in [0, 1], the number of a category, or NaN where the column
//! does not apply.
//!
//! | module      | what lives there                                                     |
//! |-------------|----------------------------------------------------------------------|
//! | space       | columns: their values, when they apply, points spread over them      |
//! | kernel      | k, and its derivatives with respect to theta and to x                |
//! | triangular  | Cholesky factors and their inverses, packed                          |
//! | transform   | the values, transformed                                              |
//! | fit         | theta: the most probable given y                                     |
//! | posterior   | mean and variance of f at a point, with gradients; more observations |
//! | improvement | log expected improvement                                             |
//! | minimise    | a quasi-Newton method in a box                                       |
//! | suggest     | the search for the next point                                        |

pub mod fit;
pub mod improvement;
pub mod kernel;
pub mod minimise;
pub mod posterior;
pub mod space;
pub mod suggest;
pub mod transform;
pub mod triangular;
