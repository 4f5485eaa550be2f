//! What a layer does to its scores: z (n, h) becomes f(z + b), in place, and slopes on the way back.

use crate::elementary::{Float, exp, logistic, number};
use crate::seed::Stream;
use crate::vectors::{Kernel, Vectors, widest};

/// f.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// z
    Identity,
    /// 1 / (1 + e^-z)
    Logistic,
    Tanh,
    /// max(z, 0)
    Relu,
    /// z, or 0.01 z below 0
    LeakyRelu,
    /// z, or e^z - 1 below 0
    Elu,
    /// z / (1 + e^-z)
    Silu,
    /// z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2: Hendrycks and Gimpel (2016), section 2
    Gelu,
}

const NAMES: [(&str, Activation); 8] = [
    ("identity", Activation::Identity),
    ("logistic", Activation::Logistic),
    ("tanh", Activation::Tanh),
    ("relu", Activation::Relu),
    ("leaky_relu", Activation::LeakyRelu),
    ("elu", Activation::Elu),
    ("silu", Activation::Silu),
    ("gelu", Activation::Gelu),
];

impl Activation {
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, activation)| activation)
    }

    pub fn numbered(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|i| NAMES.get(i)).map(|&(_, activation)| activation)
    }

    /// Whether the slope needs z + b; else it is a function of f(z + b).
    pub fn keeps_scores(self) -> bool {
        matches!(self, Activation::Silu | Activation::Gelu)
    }

    /// z = f(z + b); `kept` gets what the slopes need, if it is not empty.
    pub fn forward<T: Float>(self, z: &mut [T], b: &[T], kept: &mut [T], vectors: Vectors) {
        debug_assert!(kept.is_empty() || kept.len() == z.len());
        match self {
            Activation::Identity => widest(vectors, Forward { z, b, kept, curve: Identity }),
            Activation::Logistic => widest(vectors, Forward { z, b, kept, curve: Logistic }),
            Activation::Tanh => widest(vectors, Forward { z, b, kept, curve: Tanh }),
            Activation::Relu => widest(vectors, Forward { z, b, kept, curve: Relu }),
            Activation::LeakyRelu => widest(vectors, Forward { z, b, kept, curve: LeakyRelu }),
            Activation::Elu => widest(vectors, Forward { z, b, kept, curve: Elu }),
            Activation::Silu => widest(vectors, Forward { z, b, kept, curve: Silu }),
            Activation::Gelu => widest(vectors, Forward { z, b, kept, curve: Gelu }),
        }
    }

    /// delta *= f', with what `forward` kept, or its outcome.
    pub fn backward<T: Float>(self, delta: &mut [T], kept: &[T], vectors: Vectors) {
        debug_assert_eq!(delta.len(), kept.len());
        match self {
            Activation::Identity => {}
            Activation::Logistic => widest(vectors, Backward { delta, kept, curve: Logistic }),
            Activation::Tanh => widest(vectors, Backward { delta, kept, curve: Tanh }),
            Activation::Relu => widest(vectors, Backward { delta, kept, curve: Relu }),
            Activation::LeakyRelu => widest(vectors, Backward { delta, kept, curve: LeakyRelu }),
            Activation::Elu => widest(vectors, Backward { delta, kept, curve: Elu }),
            Activation::Silu => widest(vectors, Backward { delta, kept, curve: Silu }),
            Activation::Gelu => widest(vectors, Backward { delta, kept, curve: Gelu }),
        }
    }
}

/// f and its slope.
trait Curve: Copy {
    /// Whether `slope` is given z, not f(z).
    const OF_SCORES: bool;
    fn value<T: Float>(self, z: T) -> T;
    fn slope<T: Float>(self, kept: T) -> T;
}

#[inline(always)]
fn tanh<T: Float>(z: T) -> T {
    let u = exp(number::<T>(-2.0) * z.abs());
    let size = (number::<T>(1.0) - u) / (number::<T>(1.0) + u);
    if z > number(0.0) { size } else { -size }
}

macro_rules! curves {
    ($($name:ident, $of_scores:literal, |$z:ident| $value:expr, |$kept:ident| $slope:expr;)*) => {$(
        #[derive(Clone, Copy)]
        struct $name;

        impl Curve for $name {
            const OF_SCORES: bool = $of_scores;
            #[inline(always)]
            fn value<T: Float>(self, $z: T) -> T {
                $value
            }
            #[inline(always)]
            fn slope<T: Float>(self, $kept: T) -> T {
                $slope
            }
        }
    )*};
}

const LEAK: f64 = 0.01;
/// sqrt(2 / pi)
const GELU: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

curves! {
    Identity, false, |z| z, |_a| number(1.0);
    Logistic, false, |z| logistic(z), |a| a * (number::<T>(1.0) - a);
    Tanh, false, |z| tanh(z), |a| number::<T>(1.0) - a * a;
    Relu, false,
        |z| if z > number(0.0) { z } else { number(0.0) },
        |a| if a > number(0.0) { number(1.0) } else { number(0.0) };
    LeakyRelu, false,
        |z| if z > number(0.0) { z } else { number::<T>(LEAK) * z },
        |a| if a > number(0.0) { number(1.0) } else { number(LEAK) };
    Elu, false,
        |z| {
            let below = exp(z) - number(1.0);
            if z > number(0.0) { z } else { below }
        },
        |a| if a > number(0.0) { number(1.0) } else { a + number(1.0) };
    Silu, true,
        |z| z * logistic(z),
        |z| {
            let p = logistic(z);
            p + z * p * (number::<T>(1.0) - p)
        };
    Gelu, true,
        |z| {
            let inner = number::<T>(GELU) * (z + number::<T>(CUBIC) * z * z * z);
            number::<T>(0.5) * z * (number::<T>(1.0) + tanh(inner))
        },
        |z| {
            let inner = number::<T>(GELU) * (z + number::<T>(CUBIC) * z * z * z);
            let steep = number::<T>(GELU) * (number::<T>(1.0) + number::<T>(3.0 * CUBIC) * z * z);
            let t = tanh(inner);
            number::<T>(0.5) * (number::<T>(1.0) + t + z * (number::<T>(1.0) - t * t) * steep)
        };
}

struct Forward<'a, T, C> {
    z: &'a mut [T],
    b: &'a [T],
    kept: &'a mut [T],
    curve: C,
}

impl<T: Float, C: Curve> Kernel for Forward<'_, T, C> {
    #[inline(always)]
    fn run(self) {
        let Forward { z, b, kept, curve } = self;
        let h = b.len();
        if kept.is_empty() {
            for row in z.chunks_exact_mut(h) {
                for i in 0..h {
                    row[i] = curve.value(row[i] + b[i]);
                }
            }
            return;
        }
        for (row, kept) in z.chunks_exact_mut(h).zip(kept.chunks_exact_mut(h)) {
            for i in 0..h {
                let score = row[i] + b[i];
                let value = curve.value(score);
                kept[i] = if C::OF_SCORES { score } else { value };
                row[i] = value;
            }
        }
    }
}

struct Backward<'a, T, C> {
    delta: &'a mut [T],
    kept: &'a [T],
    curve: C,
}

impl<T: Float, C: Curve> Kernel for Backward<'_, T, C> {
    #[inline(always)]
    fn run(self) {
        let Backward { delta, kept, curve } = self;
        let n = delta.len();
        let kept = &kept[..n];
        for i in 0..n {
            delta[i] = delta[i] * curve.slope(kept[i]);
        }
    }
}

/// Which units of a layer are dropped, row by row: a function of seed, step, layer, row and unit.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    keys: [u32; 2],
    /// Words below are dropped.
    below: u32,
    /// 1 / (1 - rate): the mean stays.
    scale: f64,
}

/// What the random numbers are for.
const DROPOUT: u64 = 12;

impl Dropout {
    /// `None` for a rate of 0.
    pub fn new(rate: f64, seed: u64, step: u64, layer: usize) -> Option<Self> {
        if rate <= 0.0 {
            return None;
        }
        let word = Stream::new(seed).child(DROPOUT).child(step).child(layer as u64).id();
        Some(Dropout {
            keys: [word as u32, (word >> 32) as u32],
            below: (rate * f64::from(u32::MAX)) as u32,
            scale: 1.0 / (1.0 - rate),
        })
    }

    /// Drops of all units of a batch (n, h), the first of them number `first`: forward, and backward the same.
    pub fn apply<T: Float>(self, values: &mut [T], first: usize, vectors: Vectors) {
        widest(vectors, Drop { values, first: first as u32, dropout: self });
    }
}

struct Drop<'a, T> {
    values: &'a mut [T],
    first: u32,
    dropout: Dropout,
}

impl<T: Float> Kernel for Drop<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Dropout { keys, below, scale } = self.dropout;
        let scale = T::of_f64(scale);
        let n = self.values.len() as u32;
        for (i, value) in (0..n).zip(self.values) {
            let word = scramble(scramble(self.first.wrapping_add(i) ^ keys[0]) ^ keys[1]);
            *value = if word < below { T::of_f64(0.0) } else { *value * scale };
        }
    }
}

/// A bijection of words whose bits each depend on all (MurmurHash3's finaliser).
#[inline(always)]
fn scramble(mut z: u32) -> u32 {
    z = (z ^ (z >> 16)).wrapping_mul(0x85eb_ca6b);
    z = (z ^ (z >> 13)).wrapping_mul(0xc2b2_ae35);
    z ^ (z >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_variants() {
        for (i, (name, activation)) in NAMES.into_iter().enumerate() {
            assert_eq!((i, Activation::parse(name)), (activation as usize, Some(activation)));
            assert_eq!(Activation::numbered(i as i64), Some(activation));
        }
        assert_eq!(Activation::numbered(8), None);
    }

    #[test]
    fn slopes_are_those_of_the_values() {
        let vectors = Vectors::detect();
        for (name, activation) in NAMES {
            for z in [-5.0, -1.2, -0.3, 0.2, 0.9, 4.0] {
                let value = |z: f64| {
                    let mut out = [z];
                    activation.forward(&mut out, &[0.25], &mut [], vectors);
                    out[0]
                };
                let (mut out, mut kept, mut slope) = ([z], [0.0], [1.0]);
                activation.forward(&mut out, &[0.25], &mut kept, vectors);
                activation.backward(&mut slope, &kept, vectors);
                let numeric = (value(z + 1e-6) - value(z - 1e-6)) / 2e-6;
                assert!((slope[0] - numeric).abs() < 1e-8, "{name} at {z}: {} not {numeric}", slope[0]);
            }
        }
    }

    #[test]
    fn known_values() {
        let value = |activation: Activation, z: f64| {
            let mut out = [z];
            activation.forward(&mut out, &[0.0], &mut [], Vectors::detect());
            out[0]
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} is not {b}");
        near(value(Activation::Logistic, 1.0), 1.0 / (1.0 + (-1.0f64).exp()));
        near(value(Activation::Logistic, -40.0), 1.0 / (1.0 + 40.0f64.exp()));
        near(value(Activation::Tanh, -0.7), (-0.7f64).tanh());
        near(value(Activation::Elu, -2.0), (-2.0f64).exp_m1());
        near(value(Activation::Silu, 3.0), 3.0 / (1.0 + (-3.0f64).exp()));
        near(value(Activation::Relu, -3.0), 0.0);
    }

    #[test]
    fn dropout_keeps_the_mean_and_names_its_draws() {
        let drop = |step| {
            let mut values = vec![1.0f32; 40_000];
            if let Some(dropout) = Dropout::new(0.3, 5, step, 1) {
                dropout.apply(&mut values, 0, Vectors::detect());
            }
            values
        };
        let values = drop(1);
        let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64 / 40_000.0;
        assert!((dropped - 0.3).abs() < 0.01, "{dropped}");
        assert!(values.iter().all(|&value| value == 0.0 || (value - 1.0 / 0.7).abs() < 1e-6));
        assert_eq!(values, drop(1));
        assert_ne!(values, drop(2));
        let mut later = vec![1.0f32; 100];
        if let Some(dropout) = Dropout::new(0.3, 5, 1, 1) {
            dropout.apply(&mut later, 300, Vectors::detect());
        }
        assert_eq!(later, values[300..400]);
        assert!(Dropout::new(0.0, 5, 1, 1).is_none());
    }
}
