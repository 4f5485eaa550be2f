//! From the scores z of the last layer to predictions, losses and slopes.
//!
//! ```text
//! output        prediction            losses of a row, summed over outputs                slope by z
//! identity      z                     squared_error  (z - t)^2 / 2                        z - t
//!                                     huber          squared within delta, then straight  clip(z - t, delta)
//! exponential   mu = e^z              poisson        t log(t / mu) - t + mu               mu - t
//! logistic      p = 1 / (1 + e^-z)    log_loss       -t log p - (1 - t) log(1 - p)        p - t
//! softmax       p_j = e^z_j / sum     log_loss       -sum_j t_j log p_j                   p - t
//! ```

use crate::elementary::{Float, exp, logistic, softplus};
use crate::gemm::transpose;
use crate::vectors::{Kernel, Vectors, widest};

/// What the last layer's scores mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Identity,
    Exponential,
    Logistic,
    Softmax,
}

impl Output {
    pub fn numbered(number: i64) -> Option<Self> {
        [Output::Identity, Output::Exponential, Output::Logistic, Output::Softmax]
            .into_iter()
            .find(|&output| output as i64 == number)
    }

    /// As scikit-learn's `out_activation_`.
    pub fn name(self) -> &'static str {
        match self {
            Output::Identity => "identity",
            Output::Exponential => "exp",
            Output::Logistic => "logistic",
            Output::Softmax => "softmax",
        }
    }

    /// Predictions from scores (n, k), in place.
    pub fn predict<T: Float>(self, z: &mut [T], k: usize, vectors: Vectors) {
        match self {
            Output::Identity => {}
            Output::Exponential => widest(vectors, Exponential { z }),
            Output::Logistic => widest(vectors, Logistic { z }),
            Output::Softmax => {
                let mut columns = Columns::default();
                columns.softmax(z, k, &[], &mut [], vectors);
            }
        }
    }
}

/// How wrong predictions are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    SquaredError,
    Huber { delta: f64 },
    Poisson,
    Log,
}

impl Loss {
    /// z (n, k) becomes its slopes, `losses` (n,) the losses by row. Targets are (n, k), for softmax (n,).
    pub fn slopes<T: Float>(
        self,
        output: Output,
        z: &mut [T],
        targets: &[T],
        losses: &mut [f64],
        columns: &mut Columns<T>,
        vectors: Vectors,
    ) {
        let k = z.len() / losses.len().max(1);
        match (self, output) {
            (Loss::SquaredError, _) => widest(vectors, Squared { z, k, targets, losses, delta: None }),
            (Loss::Huber { delta }, _) => {
                widest(vectors, Squared { z, k, targets, losses, delta: Some(delta) });
            }
            (Loss::Poisson, _) => widest(vectors, Poisson { z, k, targets, losses }),
            (Loss::Log, Output::Softmax) => columns.softmax(z, k, targets, losses, vectors),
            (Loss::Log, _) => widest(vectors, LogLoss { z, k, targets, losses }),
        }
    }
}

struct Exponential<'a, T> {
    z: &'a mut [T],
}

impl<T: Float> Kernel for Exponential<'_, T> {
    #[inline(always)]
    fn run(self) {
        for z in self.z {
            *z = exp(*z);
        }
    }
}

struct Logistic<'a, T> {
    z: &'a mut [T],
}

impl<T: Float> Kernel for Logistic<'_, T> {
    #[inline(always)]
    fn run(self) {
        for z in self.z {
            *z = logistic(*z);
        }
    }
}

/// Memory for scores column by column: rows are shorter than vectors, and there are more of them.
pub struct Columns<T> {
    /// (k, n).
    scores: Vec<T>,
    /// (n,).
    most: Vec<T>,
    sums: Vec<T>,
}

impl<T> Default for Columns<T> {
    fn default() -> Self {
        Columns { scores: Vec::new(), most: Vec::new(), sums: Vec::new() }
    }
}

impl<T: Float> Columns<T> {
    /// z (n, k) becomes probabilities; with classes (n,) their slopes, and `losses` (n,) those of the rows.
    fn softmax(&mut self, z: &mut [T], k: usize, classes: &[T], losses: &mut [f64], vectors: Vectors) {
        let n = z.len() / k;
        self.scores.resize(n * k, T::of_f64(0.0));
        self.most.resize(n, T::of_f64(0.0));
        self.sums.resize(n, T::of_f64(0.0));
        transpose(n, k, z, &mut self.scores, vectors);
        let Columns { scores, most, sums } = self;
        widest(vectors, Softmax { scores, most, sums, classes, losses });
        transpose(k, n, scores, z, vectors);
    }
}

/// Probabilities; with classes, slopes and losses.
struct Softmax<'a, T> {
    scores: &'a mut [T],
    most: &'a mut [T],
    sums: &'a mut [T],
    classes: &'a [T],
    losses: &'a mut [f64],
}

impl<T: Float> Kernel for Softmax<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Softmax { scores, most, sums, classes, losses } = self;
        let n = most.len();
        let (zero, one) = (T::of_f64(0.0), T::of_f64(1.0));
        let sums = &mut sums[..n];
        most.copy_from_slice(&scores[..n]);
        for column in scores.chunks_exact(n) {
            for i in 0..n {
                most[i] = if column[i] > most[i] { column[i] } else { most[i] };
            }
        }
        for column in scores.chunks_exact_mut(n) {
            for i in 0..n {
                column[i] = column[i] - most[i];
            }
        }
        for ((loss, &class), i) in losses.iter_mut().zip(classes).zip(0..n) {
            // log p_y = z_y - log sum_j e^z_j; its first part now, while z is there.
            *loss = -scores[class.to_f64() as usize * n + i].to_f64();
        }
        sums.fill(zero);
        for column in scores.chunks_exact_mut(n) {
            for i in 0..n {
                column[i] = exp(column[i]);
                sums[i] = sums[i] + column[i];
            }
        }
        for (loss, sum) in losses.iter_mut().zip(sums.iter()) {
            *loss += sum.to_f64().ln();
        }
        for sum in sums.iter_mut() {
            *sum = one / *sum;
        }
        for column in scores.chunks_exact_mut(n) {
            for i in 0..n {
                column[i] = column[i] * sums[i];
            }
        }
        for (i, &class) in classes.iter().enumerate() {
            let p = &mut scores[class.to_f64() as usize * n + i];
            *p = *p - one;
        }
    }
}

struct LogLoss<'a, T> {
    z: &'a mut [T],
    k: usize,
    targets: &'a [T],
    losses: &'a mut [f64],
}

impl<T: Float> Kernel for LogLoss<'_, T> {
    #[inline(always)]
    fn run(self) {
        let LogLoss { z, k, targets, losses } = self;
        for ((row, targets), loss) in z.chunks_exact_mut(k).zip(targets.chunks_exact(k)).zip(losses) {
            let mut sum = T::of_f64(0.0);
            for (z, &t) in row.iter_mut().zip(targets) {
                sum = sum + (softplus(*z) - t * *z);
                *z = logistic(*z) - t;
            }
            *loss = sum.to_f64();
        }
    }
}

struct Squared<'a, T> {
    z: &'a mut [T],
    k: usize,
    targets: &'a [T],
    losses: &'a mut [f64],
    /// Where the loss goes on straight.
    delta: Option<f64>,
}

impl<T: Float> Kernel for Squared<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Squared { z, k, targets, losses, delta } = self;
        let (zero, half) = (T::of_f64(0.0), T::of_f64(0.5));
        for ((row, targets), loss) in z.chunks_exact_mut(k).zip(targets.chunks_exact(k)).zip(losses) {
            let mut sum = zero;
            for (z, &t) in row.iter_mut().zip(targets) {
                let r = *z - t;
                *z = r;
                sum = sum + half * r * r;
                if let Some(delta) = delta {
                    let delta = T::of_f64(delta);
                    let beyond = r.abs() - delta;
                    let beyond = if beyond > zero { beyond } else { zero };
                    sum = sum - half * beyond * beyond;
                    *z = if r > zero { r - beyond } else { r + beyond };
                }
            }
            *loss = sum.to_f64();
        }
    }
}

struct Poisson<'a, T> {
    z: &'a mut [T],
    k: usize,
    targets: &'a [T],
    losses: &'a mut [f64],
}

impl<T: Float> Kernel for Poisson<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Poisson { z, k, targets, losses } = self;
        for ((row, targets), loss) in z.chunks_exact_mut(k).zip(targets.chunks_exact(k)).zip(losses) {
            let mut sum = 0.0;
            for (z, &t) in row.iter_mut().zip(targets) {
                let (mu, t) = (exp(*z), t.to_f64());
                let entropy = if t > 0.0 { t * t.ln() } else { 0.0 };
                sum += entropy - t * z.to_f64() - t + mu.to_f64();
                *z = mu - T::of_f64(t);
            }
            *loss = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_losses() {
        let cases = [
            (Loss::SquaredError, Output::Identity, [0.5, -1.0, 2.0]),
            (Loss::Huber { delta: 0.7 }, Output::Identity, [0.5, -1.0, 2.0]),
            (Loss::Poisson, Output::Exponential, [0.0, 1.0, 4.0]),
            (Loss::Log, Output::Logistic, [1.0, 0.0, 1.0]),
            (Loss::Log, Output::Softmax, [0.0, 1.0, 0.0]),
        ];
        let vectors = Vectors::detect();
        for (loss, output, targets) in cases {
            let z = [0.9, -0.7, 1.5];
            let value = |z: [f64; 3]| {
                let (mut slopes, mut losses) = (z, [0.0]);
                let targets = if output == Output::Softmax { &[1.0] } else { &targets[..] };
                loss.slopes(output, &mut slopes, targets, &mut losses, &mut Columns::default(), vectors);
                (losses[0], slopes)
            };
            let (_, slopes) = value(z);
            for j in 0..3 {
                let at = |step: f64| {
                    let mut moved = z;
                    moved[j] += step;
                    value(moved).0
                };
                let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((slopes[j] - numeric).abs() < 1e-8, "{loss:?} {output:?}: {slopes:?}, {numeric}");
            }
        }
    }

    #[test]
    fn probabilities_and_losses_are_known() {
        let vectors = Vectors::detect();
        let mut z = [1.0f64, 2.0, 0.5, 1000.0, 0.0, -1000.0];
        Output::Softmax.predict(&mut z, 3, vectors);
        let total = 1f64.exp() + 2f64.exp() + 0.5f64.exp();
        assert!((z[1] - 2f64.exp() / total).abs() < 1e-15 && z[3] == 1.0 && z[5] < 1e-300, "{z:?}");
        let mut columns = Columns::default();
        let (mut z, mut losses) = ([1.0, 2.0, 0.5], [0.0]);
        Loss::Log.slopes(Output::Softmax, &mut z, &[1.0], &mut losses, &mut columns, vectors);
        assert!((losses[0] - (total.ln() - 2.0)).abs() < 1e-15);
        let (mut z, mut losses) = ([-800.0f64, 800.0], [0.0, 0.0]);
        Loss::Log.slopes(Output::Logistic, &mut z, &[0.0, 0.0], &mut losses, &mut columns, vectors);
        assert!(losses[0] < 1e-300 && (losses[1], z[1]) == (800.0, 1.0), "{losses:?}");
    }
}
