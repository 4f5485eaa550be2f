//! How wrong scores are, and which way is down.
//!
//! With z the score, t the target (for classes +1 or -1), m = z t the margin:
//!
//! ```text
//! squared_error                 (z - t)^2 / 2
//! huber                         (z - t)^2 / 2 where |z - t| <= epsilon, else epsilon (|z - t| - epsilon / 2)
//! epsilon_insensitive           max(0, |z - t| - epsilon)
//! squared_epsilon_insensitive   max(0, |z - t| - epsilon)^2
//! log_loss                      log(1 + exp(-m))
//! hinge                         max(0, 1 - m)
//! squared_hinge                 max(0, 1 - m)^2
//! perceptron                    max(0, -m)
//! modified_huber                max(0, 1 - m)^2 where m >= -1, else -4 m         (Zhang, ICML 2004)
//! ```
//!
//! These are scikit-learn's, with its slopes where there is a kink, and its bound on slopes.

use crate::elementary::{Float, logistic, number, softplus};
use crate::vectors::{Kernel, Vectors, widest};

/// Which loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    SquaredError,
    Huber,
    EpsilonInsensitive,
    SquaredEpsilonInsensitive,
    Log,
    Hinge,
    SquaredHinge,
    Perceptron,
    ModifiedHuber,
}

/// Names, with those for numbers first.
const NAMES: [(&str, Loss); 9] = [
    ("squared_error", Loss::SquaredError),
    ("huber", Loss::Huber),
    ("epsilon_insensitive", Loss::EpsilonInsensitive),
    ("squared_epsilon_insensitive", Loss::SquaredEpsilonInsensitive),
    ("log_loss", Loss::Log),
    ("hinge", Loss::Hinge),
    ("squared_hinge", Loss::SquaredHinge),
    ("perceptron", Loss::Perceptron),
    ("modified_huber", Loss::ModifiedHuber),
];

impl Loss {
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, loss)| loss)
    }

    /// Whether it needs targets +1 and -1.
    pub fn is_of_margins(self) -> bool {
        self as usize >= Loss::Log as usize
    }
}

/// Value and slope by z at (z, t, epsilon).
trait Curve {
    fn at<T: Float>(z: T, t: T, epsilon: T) -> (T, T);
}

struct SquaredError;
struct Huber;
struct EpsilonInsensitive;
struct SquaredEpsilonInsensitive;
struct Log;
struct Hinge;
struct SquaredHinge;
struct Perceptron;
struct ModifiedHuber;

#[inline(always)]
fn positive<T: Float>(value: T) -> T {
    if value > number(0.0) { value } else { number(0.0) }
}

impl Curve for SquaredError {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let r = z - t;
        (number::<T>(0.5) * r * r, r)
    }
}

impl Curve for Huber {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, epsilon: T) -> (T, T) {
        let r = z - t;
        let beyond = positive(r.abs() - epsilon);
        let side = if r > number(0.0) { epsilon } else { -epsilon };
        let slope = if beyond > number(0.0) { side } else { r };
        // r^2 / 2 less what lies above the tangent: (|r| - epsilon)^2 / 2.
        (number::<T>(0.5) * (r * r - beyond * beyond), slope)
    }
}

impl Curve for EpsilonInsensitive {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, epsilon: T) -> (T, T) {
        let r = z - t;
        let beyond = positive(r.abs() - epsilon);
        let side = if r > number(0.0) { number(1.0) } else { number(-1.0) };
        (beyond, if beyond > number(0.0) { side } else { number(0.0) })
    }
}

impl Curve for SquaredEpsilonInsensitive {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, epsilon: T) -> (T, T) {
        let r = z - t;
        let beyond = positive(r.abs() - epsilon);
        let side = if r > number(0.0) { beyond } else { -beyond };
        (beyond * beyond, number::<T>(2.0) * side)
    }
}

impl Curve for Log {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let m = z * t;
        (softplus(-m), -t * logistic(-m))
    }
}

impl Curve for Hinge {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let short = number::<T>(1.0) - z * t;
        (positive(short), if short >= number(0.0) { -t } else { number(0.0) })
    }
}

impl Curve for SquaredHinge {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let short = positive(number::<T>(1.0) - z * t);
        (short * short, number::<T>(-2.0) * t * short)
    }
}

impl Curve for Perceptron {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let short = -(z * t);
        (positive(short), if short >= number(0.0) { -t } else { number(0.0) })
    }
}

impl Curve for ModifiedHuber {
    #[inline(always)]
    fn at<T: Float>(z: T, t: T, _: T) -> (T, T) {
        let m = z * t;
        let short = positive(number::<T>(1.0) - m);
        let far = m < number(-1.0);
        let value = if far { number::<T>(-4.0) * m } else { short * short };
        let slope = if far { number::<T>(-4.0) } else { number::<T>(-2.0) * short };
        (value, slope * t)
    }
}

/// Slopes are cut to this size: where steps are too long for a while, numbers stay finite.
const STEEPEST: f64 = 1e12;

/// What the losses of some rows need to know.
pub struct Rows<'a, T> {
    /// Targets or class codes, one a row.
    pub y: &'a [T],
    /// Weights of the rows.
    pub weights: &'a [T],
    /// What slopes are divided by: the number of rows, for a mean.
    pub divisor: T,
}

/// What losses need to know of each lane.
#[derive(Clone, Debug, Default)]
pub struct Lanes<T> {
    /// The class that is +1, all others are -1; numbers are taken as they are where `classes` is false.
    pub class: Vec<T>,
    pub classes: bool,
    /// Weights of +1 and of -1.
    pub positive: Vec<T>,
    pub negative: Vec<T>,
    pub epsilon: Vec<T>,
    /// Scores beyond this in size have gone astray.
    pub limit: T,
}

/// Sums over rows, by lane.
#[derive(Clone, Debug, Default)]
pub struct Sums<T> {
    /// Weighted losses.
    pub loss: Vec<T>,
    /// Scores that are beyond the limit, or NaN.
    pub astray: Vec<T>,
}

impl<T: Float> Sums<T> {
    pub fn reset(&mut self, lanes: usize) {
        for sums in [&mut self.loss, &mut self.astray] {
            sums.clear();
            sums.resize(lanes, T::of_f64(0.0));
        }
    }
}

/// Turns scores z (rows, lanes) into slopes w l'(z) / divisor, and adds up the losses w l(z).
pub fn slopes<T: Float>(
    loss: Loss,
    rows: &Rows<'_, T>,
    lanes: &Lanes<T>,
    z: &mut [T],
    sums: &mut Sums<T>,
    vectors: Vectors,
) {
    match loss {
        Loss::SquaredError => of::<T, SquaredError>(rows, lanes, z, sums, vectors),
        Loss::Huber => of::<T, Huber>(rows, lanes, z, sums, vectors),
        Loss::EpsilonInsensitive => of::<T, EpsilonInsensitive>(rows, lanes, z, sums, vectors),
        Loss::SquaredEpsilonInsensitive => of::<T, SquaredEpsilonInsensitive>(rows, lanes, z, sums, vectors),
        Loss::Log => of::<T, Log>(rows, lanes, z, sums, vectors),
        Loss::Hinge => of::<T, Hinge>(rows, lanes, z, sums, vectors),
        Loss::SquaredHinge => of::<T, SquaredHinge>(rows, lanes, z, sums, vectors),
        Loss::Perceptron => of::<T, Perceptron>(rows, lanes, z, sums, vectors),
        Loss::ModifiedHuber => of::<T, ModifiedHuber>(rows, lanes, z, sums, vectors),
    }
}

fn of<T: Float, C: Curve>(
    rows: &Rows<'_, T>,
    lanes: &Lanes<T>,
    z: &mut [T],
    sums: &mut Sums<T>,
    vectors: Vectors,
) {
    debug_assert_eq!(z.len(), rows.y.len() * lanes.class.len());
    if lanes.classes {
        widest(vectors, Slopes::<'_, T, C, true> { rows, lanes, z, sums, curve: std::marker::PhantomData });
    } else {
        widest(vectors, Slopes::<'_, T, C, false> { rows, lanes, z, sums, curve: std::marker::PhantomData });
    }
}

struct Slopes<'a, T, C, const CLASSES: bool> {
    rows: &'a Rows<'a, T>,
    lanes: &'a Lanes<T>,
    z: &'a mut [T],
    sums: &'a mut Sums<T>,
    curve: std::marker::PhantomData<C>,
}

impl<T: Float, C: Curve, const CLASSES: bool> Kernel for Slopes<'_, T, C, CLASSES> {
    #[inline(always)]
    fn run(self) {
        let (rows, lanes) = (self.rows, self.lanes);
        let n = lanes.class.len();
        let (class, epsilon) = (&lanes.class[..n], &lanes.epsilon[..n]);
        let (positive, negative) = (&lanes.positive[..n], &lanes.negative[..n]);
        let (losses, astray) = (&mut self.sums.loss[..n], &mut self.sums.astray[..n]);
        let (zero, one) = (number::<T>(0.0), number::<T>(1.0));
        let share = one / rows.divisor;
        let steepest = number::<T>(STEEPEST);
        for ((z, &y), &weight) in self.z.chunks_exact_mut(n).zip(rows.y).zip(rows.weights) {
            for c in 0..n {
                let (t, weight) = if CLASSES {
                    let same = y == class[c];
                    (if same { one } else { -one }, weight * if same { positive[c] } else { negative[c] })
                } else {
                    (y, weight)
                };
                let (value, slope) = C::at(z[c], t, epsilon[c]);
                losses[c] = losses[c] + weight * value;
                astray[c] = astray[c] + if z[c].abs() <= lanes.limit { zero } else { one };
                let slope = if slope < steepest { slope } else { steepest };
                let slope = if slope > -steepest { slope } else { -steepest };
                z[c] = weight * slope * share;
            }
        }
    }
}

#[cfg(test)]
mod tests;
