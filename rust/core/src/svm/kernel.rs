//! Kernels: from squared distances or inner products of two rows to the value that stands for the inner
//! product of their images.

use super::lanes;
use crate::error::{Error, Result};
use crate::vectors::Vectors;

/// Which kernel, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// <x, z>
    Linear,
    /// (gamma <x, z> + coef0)^degree
    Poly,
    /// exp(-gamma |x - z|^2)
    Rbf,
    /// tanh(gamma <x, z> + coef0)
    Sigmoid,
    /// X holds the values themselves.
    Precomputed,
}

const NAMES: [(&str, Kind); 5] = [
    ("linear", Kind::Linear),
    ("poly", Kind::Poly),
    ("rbf", Kind::Rbf),
    ("sigmoid", Kind::Sigmoid),
    ("precomputed", Kind::Precomputed),
];

impl Kind {
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, kind)| kind)
    }

    pub fn numbered(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|i| NAMES.get(i)).map(|&(_, kind)| kind)
    }

    /// Whether no value is beyond 1. Decision values of others are sums of large values that cancel, which
    /// float32 does not hold.
    pub fn is_bounded(self) -> bool {
        matches!(self, Kind::Rbf | Kind::Sigmoid)
    }

    /// Whether it is a function of the squared distance, else of the inner product.
    pub fn of_distance(self) -> bool {
        self == Kind::Rbf
    }
}

/// A kernel; numbers that its kind does not use are 0, so that equal kernels compare equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kernel {
    pub kind: Kind,
    pub gamma: f64,
    pub coef0: f64,
    pub degree: u32,
}

impl Kernel {
    pub fn new(kind: Kind, gamma: f64, coef0: f64, degree: u32) -> Self {
        let (gamma, coef0, degree) = match kind {
            Kind::Linear | Kind::Precomputed => (0.0, 0.0, 0),
            Kind::Rbf => (gamma, 0.0, 0),
            Kind::Sigmoid => (gamma, coef0, 0),
            Kind::Poly => (gamma, coef0, degree),
        };
        Kernel { kind, gamma, coef0, degree }
    }

    /// Squared distances or inner products become values of the kernel.
    pub fn apply(&self, vectors: Vectors, row: &mut [f32]) {
        let (gamma, coef0) = (self.gamma as f32, self.coef0 as f32);
        match self.kind {
            Kind::Linear | Kind::Precomputed => {}
            Kind::Poly => lanes::power(vectors, row, gamma, coef0, self.degree),
            Kind::Rbf => lanes::gaussian(vectors, row, gamma),
            Kind::Sigmoid => lanes::hyperbolic(vectors, row, gamma, coef0),
        }
    }

    /// The same in float64.
    pub fn apply_exact(&self, row: &mut [f64]) {
        let (gamma, coef0) = (self.gamma, self.coef0);
        let each = |f: &dyn Fn(f64) -> f64, row: &mut [f64]| row.iter_mut().for_each(|k| *k = f(*k));
        match self.kind {
            Kind::Linear | Kind::Precomputed => {}
            Kind::Poly => {
                for value in row {
                    let (mut result, mut square, mut left) = (1.0, gamma * *value + coef0, self.degree);
                    while left > 0 {
                        if left & 1 == 1 {
                            result *= square;
                        }
                        square *= square;
                        left >>= 1;
                    }
                    *value = result;
                }
            }
            Kind::Rbf => each(&|d| (-gamma * d).exp(), row),
            Kind::Sigmoid => each(&|p| (gamma * p + coef0).tanh(), row),
        }
    }

    /// K_ii of rows with these squared norms. They bound all other values, and four times the norms the
    /// squared distances; where float32 cannot hold them, nothing can be learned.
    pub fn diagonal(&self, vectors: Vectors, norms: &[f64]) -> Result<Vec<f32>> {
        let of_distance = self.kind.of_distance();
        let mut values: Vec<f32> = norms.iter().map(|&s| if of_distance { 0.0 } else { s as f32 }).collect();
        self.apply(vectors, &mut values);
        let far = of_distance && norms.iter().any(|&s| 4.0 * s > f64::from(f32::MAX));
        if far || values.iter().any(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "the values of the kernel, or the distances, are too large for float32: standardise the \
                 columns of X, for example with sklearn.preprocessing.StandardScaler, or choose a smaller \
                 gamma or degree",
            ));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_formulas() {
        let vectors = Vectors::detect();
        let p: Vec<f32> = (-40..40).map(|i| i as f32 * 0.11).collect();
        type Formula = fn(f64) -> f64;
        let cases: [(Kind, Formula); 4] = [
            (Kind::Linear, |p| p),
            (Kind::Poly, |p| (0.7 * p + 0.3).powi(3)),
            (Kind::Sigmoid, |p| (0.7 * p + 0.3).tanh()),
            (Kind::Rbf, |p| (-0.7 * p).exp()),
        ];
        for (kind, formula) in cases {
            let mut values = p.clone();
            Kernel::new(kind, 0.7, 0.3, 3).apply(vectors, &mut values);
            for (&p, &value) in p.iter().zip(&values) {
                let exact = formula(f64::from(p));
                let scale = exact.abs().max(1.0);
                assert!((f64::from(value) - exact).abs() < 5e-7 * scale, "{kind:?} of {p}: {value}");
                let mut in_float64 = [f64::from(p)];
                Kernel::new(kind, 0.7, 0.3, 3).apply_exact(&mut in_float64);
                assert!((in_float64[0] - exact).abs() < 1e-14 * scale);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_variants() {
        for (i, (name, kind)) in NAMES.into_iter().enumerate() {
            assert_eq!(i, kind as usize);
            assert_eq!(Kind::parse(name), Some(kind));
        }
    }
}
