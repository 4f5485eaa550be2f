//! A learned network: its parameters, how training went, and its predictions.

use std::ops::Range;

use super::learner::History;
use super::loss::Output;
use super::pass::{Mode, Pass};
use super::plan::{Layer, Plan};
use crate::data::Features;
use crate::elementary::Float;
use crate::error::{Error, Result};
use crate::matrix::{Floats, Matrix};
use crate::parallel::{Control, Watcher, fill_blocks};
use crate::vectors::Vectors;

/// Rows predicted at a time.
const BLOCK: usize = 256;

/// Numbers in the precision that a network computes in.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// A precision of networks: f32 or f64.
pub trait Precision: Float {
    fn numbers(values: Vec<Self>) -> Numbers;
    /// The numbers, if they are in this precision.
    fn slice(numbers: &Numbers) -> Option<&[Self]>;
}

impl Precision for f32 {
    fn numbers(values: Vec<f32>) -> Numbers {
        Numbers::Single(values)
    }

    fn slice(numbers: &Numbers) -> Option<&[f32]> {
        match numbers {
            Numbers::Single(values) => Some(values),
            Numbers::Double(_) => None,
        }
    }
}

impl Precision for f64 {
    fn numbers(values: Vec<f64>) -> Numbers {
        Numbers::Double(values)
    }

    fn slice(numbers: &Numbers) -> Option<&[f64]> {
        match numbers {
            Numbers::Double(values) => Some(values),
            Numbers::Single(_) => None,
        }
    }
}

impl Numbers {
    pub fn of<T: Precision>(values: Vec<T>) -> Self {
        T::numbers(values)
    }

    pub fn len(&self) -> usize {
        self.floats().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn floats(&self) -> Floats<'_> {
        match self {
            Numbers::Single(values) => Floats::F32(values),
            Numbers::Double(values) => Floats::F64(values),
        }
    }

    /// In another precision.
    pub fn to_vec<T: Float>(&self) -> Vec<T> {
        let mut out = vec![T::of_f64(0.0); self.len()];
        self.floats().read(0..self.len(), &mut out);
        out
    }

    fn all_finite(&self) -> bool {
        match self {
            Numbers::Single(values) => values.iter().all(|value| value.is_finite()),
            Numbers::Double(values) => values.iter().all(|value| value.is_finite()),
        }
    }
}

/// What a network learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub plan: Plan,
    /// By output; empty for regression.
    pub n_classes: Vec<usize>,
    pub parameters: Numbers,
    /// Running moments of normalised layers.
    pub moments: Numbers,
    /// What the optimiser remembers of the parameters.
    pub memory: Numbers,
    /// Steps made in all.
    pub t: u64,
    /// Epochs of the last run.
    pub n_iter: usize,
    /// Rows seen in all.
    pub n_seen: u64,
    /// The learning rate that training ended with, where its schedule lowers it.
    pub eta: f64,
    pub history: History,
}

impl Network {
    /// Numbers in one prediction: all class probabilities side by side, or one per output.
    pub fn n_values(&self) -> usize {
        if self.n_classes.is_empty() { self.plan.n_out() } else { self.n_classes.iter().sum() }
    }

    /// Refuses what does not fit together: what was read from a file may be anything.
    pub fn check(&self) -> Result<()> {
        let k = self.plan.n_out();
        let classes = match (&self.n_classes[..], self.plan.output) {
            ([], Output::Identity | Output::Exponential) => true,
            (&[n_classes], Output::Softmax) => n_classes == k && k > 2,
            (outputs, Output::Logistic) => outputs.len() == k && outputs.iter().all(|&n| n == 1 || n == 2),
            _ => false,
        };
        let memory = self.memory.len();
        if !classes
            || self.parameters.len() != self.plan.n_parameters
            || self.moments.len() != self.plan.n_moments
            || ![0, 1, 2].map(|times| times * self.plan.n_parameters).contains(&memory)
        {
            return Err(Error::invalid(format!(
                "the network's numbers do not fit its layers {:?}",
                self.plan.sizes()
            )));
        }
        if !self.parameters.all_finite() || !self.moments.all_finite() {
            return Err(Error::invalid("the network's parameters hold NaN or infinity"));
        }
        let moments: Vec<f64> = self.moments.to_vec();
        let variances = |layer: &Layer| moments[layer.moments.clone()][layer.moments.len() / 2..].iter();
        if self.plan.layers.iter().flat_map(variances).any(|&variance| variance < 0.0) {
            return Err(Error::invalid("the network's moments hold a negative variance"));
        }
        Ok(())
    }

    /// Predictions (n, n_values) of the n rows of X.
    pub fn predict(
        &self,
        x: &Matrix<'_>,
        n: usize,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<f64>> {
        x.check(n, self.plan.n_in())?;
        match &self.parameters {
            Numbers::Single(w) => self.predict_all(w, x, n, n_threads, control, watcher),
            Numbers::Double(w) => self.predict_all(w, x, n, n_threads, control, watcher),
        }
    }

    fn predict_all<T: Precision>(
        &self,
        w: &[T],
        x: &Matrix<'_>,
        n: usize,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<f64>> {
        let k = self.n_values();
        let mut values = vec![0.0; n * k];
        let fill = |scratch: &mut Scratch<T>, rows: Range<usize>, out: &mut [f64]| {
            let rows: Vec<u32> = rows.map(|i| i as u32).collect();
            self.predict_block(w, x, &rows, out, scratch);
            Ok(())
        };
        fill_blocks((BLOCK, k), &mut values, n_threads, control, watcher, Scratch::default, fill)?;
        Ok(values)
    }

    /// Predictions (rows, n_values) of some rows; they depend on nothing but the row.
    pub fn predict_rows<T: Precision>(
        &self,
        x: &Matrix<'_>,
        rows: &[u32],
        scratch: &mut Scratch<T>,
    ) -> Vec<f64> {
        let k = self.n_values();
        let mut values = vec![0.0; rows.len() * k];
        if let Some(w) = T::slice(&self.parameters) {
            for (rows, out) in rows.chunks(BLOCK).zip(values.chunks_mut(BLOCK * k)) {
                self.predict_block(w, x, rows, out, scratch);
            }
        }
        values
    }

    fn predict_block<T: Precision>(
        &self,
        w: &[T],
        x: &Matrix<'_>,
        rows: &[u32],
        out: &mut [f64],
        scratch: &mut Scratch<T>,
    ) {
        let d = self.plan.n_in();
        scratch.x.resize(rows.len() * d, T::of_f64(0.0));
        x.read_rows(rows, d, &mut scratch.x);
        let mut moments: Vec<T> = self.moments.to_vec();
        let pass = &mut scratch.pass;
        let z = pass.forward(&self.plan, w, &mut moments, &scratch.x, rows.len(), Mode::Predicting);
        let k = self.plan.n_out();
        self.plan.output.predict(z, k, Vectors::detect());
        for (out, z) in out.chunks_exact_mut(self.n_values()).zip(z.chunks_exact(k)) {
            self.spread(z, out);
        }
    }

    /// From the last layer's numbers to those of a prediction: two classes have one probability there.
    fn spread<T: Float>(&self, z: &[T], out: &mut [f64]) {
        if self.plan.output != Output::Logistic {
            out.iter_mut().zip(z).for_each(|(out, z)| *out = z.to_f64());
            return;
        }
        let mut rest = out;
        for (p, &n_classes) in z.iter().zip(&self.n_classes) {
            let (own, others) = rest.split_at_mut(n_classes);
            match own {
                [first, second] => (*first, *second) = (1.0 - p.to_f64(), p.to_f64()),
                own => own.fill(1.0),
            }
            rest = others;
        }
    }
}

/// Memory that predicting reuses from block to block.
pub struct Scratch<T> {
    x: Vec<T>,
    pass: Pass<T>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Scratch { x: Vec::new(), pass: Pass::default() }
    }
}
