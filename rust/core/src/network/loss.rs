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

use super::activation::logistic;
use crate::descent::functions::{exp, ln_1p};
use crate::descent::vector::{Float, Kernel, widest};
use crate::vectors::Vectors;

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
            Output::Softmax => widest(vectors, Softmax { z, k, targets: &[], losses: &mut [] }),
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
    /// z (n, k) becomes its slopes, `losses` (n,) the losses by row.
    pub fn slopes<T: Float>(
        self,
        output: Output,
        z: &mut [T],
        targets: &[T],
        losses: &mut [f64],
        vectors: Vectors,
    ) {
        debug_assert_eq!(z.len(), targets.len());
        let k = z.len() / losses.len().max(1);
        match (self, output) {
            (Loss::SquaredError, _) => widest(vectors, Squared { z, k, targets, losses, delta: None }),
            (Loss::Huber { delta }, _) => {
                widest(vectors, Squared { z, k, targets, losses, delta: Some(delta) });
            }
            (Loss::Poisson, _) => widest(vectors, Poisson { z, k, targets, losses }),
            (Loss::Log, Output::Softmax) => widest(vectors, Softmax { z, k, targets, losses }),
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

/// Probabilities; with targets, slopes and losses.
struct Softmax<'a, T> {
    z: &'a mut [T],
    k: usize,
    targets: &'a [T],
    losses: &'a mut [f64],
}

impl<T: Float> Kernel for Softmax<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Softmax { z, k, targets, losses } = self;
        for row in z.chunks_exact_mut(k) {
            let mut most = row[0];
            for &z in row.iter() {
                most = if z > most { z } else { most };
            }
            for z in row.iter_mut() {
                *z = *z - most;
            }
        }
        for (i, loss) in losses.iter_mut().enumerate() {
            // log p_y = z_y - log sum_j e^z_j; its first part now, while z is there.
            let (row, targets) = (&z[i * k..][..k], &targets[i * k..][..k]);
            let mut sum = T::of_f64(0.0);
            for j in 0..k {
                sum = sum + targets[j] * row[j];
            }
            *loss = -sum.to_f64();
        }
        // One loop over all rows: rows alone may be shorter than vectors.
        for z in z.iter_mut() {
            *z = exp(*z);
        }
        for (i, row) in z.chunks_exact_mut(k).enumerate() {
            let mut sum = T::of_f64(0.0);
            for &p in row.iter() {
                sum = sum + p;
            }
            let scale = T::of_f64(1.0) / sum;
            for p in row.iter_mut() {
                *p = *p * scale;
            }
            if let Some(loss) = losses.get_mut(i) {
                *loss += sum.to_f64().ln();
            }
        }
        if !targets.is_empty() {
            let n = z.len();
            let targets = &targets[..n];
            for i in 0..n {
                z[i] = z[i] - targets[i];
            }
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
        let (zero, one) = (T::of_f64(0.0), T::of_f64(1.0));
        for ((row, targets), loss) in z.chunks_exact_mut(k).zip(targets.chunks_exact(k)).zip(losses) {
            let mut sum = zero;
            for (z, &t) in row.iter_mut().zip(targets) {
                // log(1 + e^z) - t z, without overflow.
                let u = exp(-z.abs());
                let positive = if *z > zero { *z } else { zero };
                sum = sum + (positive + ln_1p(u) - t * *z);
                *z = (if *z > zero { one } else { u }) / (one + u) - t;
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
                loss.slopes(output, &mut slopes, &targets, &mut losses, vectors);
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
        let (mut z, mut losses) = ([1.0, 2.0, 0.5], [0.0]);
        Loss::Log.slopes(Output::Softmax, &mut z, &[0.0, 1.0, 0.0], &mut losses, vectors);
        assert!((losses[0] - (total.ln() - 2.0)).abs() < 1e-15);
        let (mut z, mut losses) = ([-800.0f64, 800.0], [0.0, 0.0]);
        Loss::Log.slopes(Output::Logistic, &mut z, &[0.0, 0.0], &mut losses, vectors);
        assert!(losses[0] < 1e-300 && (losses[1], z[1]) == (800.0, 1.0), "{losses:?}");
    }
}
