//! What one candidate minimises over its parameters (W, b).
//!
//! ```text
//! F = sum_i w_i l(y_i, z_i) / S + (1 - r) / 2 lambda |W|^2 + r lambda |W|_1
//! S = sum_i w_i,   lambda = 1 / (C S),   r = l1_ratio
//! ```
//!
//! which is scikit-learn's objective divided by C S. The smooth part f leaves the last term out.

use super::pass::{Query, Value};
use super::sample::Sample;
use super::settings::Settings;
use crate::class_weight::ClassWeight;

/// Strengths of the penalties on one parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

#[derive(Clone, Debug)]
pub struct Objective {
    /// (K,), of the classes that the training rows have.
    pub class_weight: Vec<f64>,
    /// 1 / S of the sample that is looked at.
    pub scale: f64,
    pub coef: Penalty,
    pub intercept: Penalty,
    pub fit_intercept: bool,
    /// Parameters of one class: d + 1, the intercept last.
    pub q: usize,
}

impl Objective {
    /// `sample` has all training rows.
    pub fn new(settings: &Settings, sample: &Sample<'_>) -> Self {
        let class_weight = class_weights(&settings.class_weight, sample);
        let total = total(sample, &class_weight);
        let strength = 1.0 / (settings.c * total);
        let coef = Penalty { l1: settings.l1_ratio * strength, l2: (1.0 - settings.l1_ratio) * strength };
        // b = s v for a constant feature s with the coefficient v.
        let intercept = settings
            .intercept_scaling
            .map_or(Penalty::default(), |s| Penalty { l1: coef.l1 / s, l2: coef.l2 / (s * s) });
        let fit_intercept = settings.fit_intercept;
        Objective { class_weight, scale: 1.0 / total, coef, intercept, fit_intercept, q: sample.d + 1 }
    }

    /// The same penalties with the mean loss of other rows.
    pub fn on(&self, sample: &Sample<'_>) -> Self {
        Objective { scale: 1.0 / total(sample, &self.class_weight), ..self.clone() }
    }

    pub fn has_l1(&self) -> bool {
        self.coef.l1 > 0.0
    }

    pub fn query<'a>(&'a self, point: &'a [f64]) -> Query<'a> {
        Query { point, class_weight: &self.class_weight }
    }

    /// The penalty on parameter v.
    pub fn penalty(&self, v: usize) -> Penalty {
        if v % self.q == self.q - 1 { self.intercept } else { self.coef }
    }

    /// False of the intercept where there is to be none.
    pub fn is_free(&self, v: usize) -> bool {
        self.fit_intercept || v % self.q != self.q - 1
    }

    /// The smooth part and its gradient, in the place of the sums over the rows.
    pub fn smooth(&self, point: &[f64], mut sums: Value) -> Value {
        sums.loss *= self.scale;
        let mut squares = 0.0;
        for (v, (g, &x)) in sums.gradient.iter_mut().zip(point).enumerate() {
            let l2 = self.penalty(v).l2;
            squares += l2 * x * x;
            *g = if self.is_free(v) { *g * self.scale + l2 * x } else { 0.0 };
        }
        sums.loss += 0.5 * squares;
        sums
    }

    /// r lambda |W|_1.
    pub fn l1_norm(&self, point: &[f64]) -> f64 {
        point.iter().enumerate().map(|(v, x)| self.penalty(v).l1 * x.abs()).sum()
    }

    /// How far 0 is from the subgradients of F in parameter v, whose value is x and smooth derivative g.
    pub fn violation(&self, v: usize, x: f64, g: f64) -> f64 {
        let l1 = self.penalty(v).l1;
        if x == 0.0 { (g.abs() - l1).max(0.0) } else { (g + l1 * x.signum()).abs() }
    }

    /// The greatest of all.
    pub fn worst(&self, point: &[f64], gradient: &[f64]) -> f64 {
        let each = point.iter().zip(gradient).enumerate();
        each.map(|(v, (&x, &g))| self.violation(v, x, g)).fold(0.0, f64::max)
    }

    /// H of f from the second derivatives of the summed loss between `among` (ascending), in place.
    pub fn hessian(&self, sums: &mut [f64], among: &[u32]) {
        let n = among.len();
        sums.iter_mut().for_each(|h| *h *= self.scale);
        for (a, &v) in among.iter().enumerate() {
            let v = v as usize;
            if self.is_free(v) {
                sums[a * n + a] += self.penalty(v).l2;
                continue;
            }
            for b in 0..n {
                sums[a * n + b] = 0.0;
                sums[b * n + a] = 0.0;
            }
            sums[a * n + a] = 1.0;
        }
    }
}

fn total(sample: &Sample<'_>, class_weight: &[f64]) -> f64 {
    sample.totals.iter().zip(class_weight).map(|(total, weight)| total * weight).sum()
}

/// Weights of the classes that the sample has (K,).
fn class_weights(given: &ClassWeight, sample: &Sample<'_>) -> Vec<f64> {
    let n_codes = sample.classes.last().map_or(0, |last| last + 1);
    let mut totals = vec![0.0; n_codes];
    sample.classes.iter().zip(&sample.totals).for_each(|(&code, total)| totals[code] = *total);
    let weights = given.of(0, &totals);
    sample.classes.iter().map(|&code| weights[code]).collect()
}
