//! Which numbers are the parameters of which layer, and where they start.
//!
//! All parameters of a network stand in one array: the weights of its layers, then their biases, then, with
//! batch normalisation, the gains of the hidden layers.

use std::ops::Range;

use super::activation::Activation;
use super::loss::Output;
use crate::elementary::Float;
use crate::error::{Error, Result, filled};
use crate::parallel::Control;
use crate::seed::Stream;

/// Where the parameters of a layer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub n_in: usize,
    pub n_out: usize,
    /// (n_in, n_out), row-major.
    pub weights: Range<usize>,
    /// (n_out,).
    pub biases: Range<usize>,
    /// (n_out,), empty without normalisation.
    pub gains: Range<usize>,
    /// Means, then variances, among the running moments (2, n_out); empty without normalisation.
    pub moments: Range<usize>,
}

/// The layers of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub layers: Vec<Layer>,
    /// Of the hidden layers.
    pub activations: Vec<Activation>,
    pub output: Output,
    pub n_weights: usize,
    pub n_parameters: usize,
    pub n_moments: usize,
}

/// How weights start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Uniform with variance 2 / (n_in + n_out), for logistic layers a third of that; biases likewise
    /// (Glorot and Bengio 2010, equation 16, as in scikit-learn).
    Glorot,
    /// Uniform with variance 2 / n_in (He et al. 2015, equation 10).
    He,
    /// Orthogonal rows or columns (Saxe et al. 2014).
    Orthogonal,
}

/// What the random numbers are for.
const WEIGHTS: u64 = 11;

impl Plan {
    /// `sizes` are those of the input, the hidden layers and the output.
    pub fn new(sizes: &[usize], activations: &[Activation], output: Output, norm: bool) -> Result<Self> {
        let too_large = || Error::invalid("hidden_layer_sizes: the network has too many parameters");
        let mut weights = 0usize;
        for pair in sizes.windows(2) {
            let more = pair[0].checked_mul(pair[1]).ok_or_else(too_large)?;
            weights = weights.checked_add(more).filter(|&n| n < 1 << 40).ok_or_else(too_large)?;
        }
        let (mut weight, mut bias, mut moment) = (0, weights, 0);
        let mut gain = weights + sizes[1..].iter().sum::<usize>();
        let last = sizes.len() - 2;
        let layers: Vec<Layer> = (0..=last)
            .map(|l| {
                let (n_in, n_out) = (sizes[l], sizes[l + 1]);
                let normed = if norm && l < last { n_out } else { 0 };
                let take = |from: &mut usize, n: usize| {
                    *from += n;
                    *from - n..*from
                };
                Layer {
                    n_in,
                    n_out,
                    weights: take(&mut weight, n_in * n_out),
                    biases: take(&mut bias, n_out),
                    gains: take(&mut gain, normed),
                    moments: take(&mut moment, 2 * normed),
                }
            })
            .collect();
        let (n_parameters, n_moments) = (gain, moment);
        let activations = activations.to_vec();
        Ok(Plan { layers, activations, output, n_weights: weights, n_parameters, n_moments })
    }

    pub fn n_in(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.n_in)
    }

    pub fn n_out(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.n_out)
    }

    /// Input, hidden layers, output.
    pub fn sizes(&self) -> Vec<usize> {
        std::iter::once(self.n_in()).chain(self.layers.iter().map(|layer| layer.n_out)).collect()
    }

    pub fn is_normed(&self) -> bool {
        self.n_moments > 0
    }

    /// First parameters: a function of seed and shapes only. `Error::Interrupted` if the control stopped it.
    pub fn draw<T: Float>(&self, start: Start, seed: u64, control: &Control) -> Result<Vec<T>> {
        let mut w = filled(self.n_parameters, T::of_f64(0.0), "the parameters of a network")?;
        for (l, layer) in self.layers.iter().enumerate() {
            let mut stream = Stream::new(seed).child(WEIGHTS).child(l as u64);
            let (n_in, n_out) = (layer.n_in, layer.n_out);
            let mut uniform = |bound: f64, out: &mut [T]| {
                out.iter_mut().for_each(|w| *w = T::of_f64(bound * (2.0 * stream.unit() - 1.0)));
            };
            match start {
                Start::Glorot => {
                    let is_logistic = self.activations.get(l) == Some(&Activation::Logistic)
                        || (l > 0
                            && l == self.activations.len()
                            && self.activations[l - 1] == Activation::Logistic);
                    let factor = if is_logistic { 2.0 } else { 6.0 };
                    let bound = (factor / (n_in + n_out) as f64).sqrt();
                    uniform(bound, &mut w[layer.weights.clone()]);
                    if layer.gains.is_empty() {
                        uniform(bound, &mut w[layer.biases.clone()]);
                    }
                }
                Start::He => uniform((6.0 / n_in as f64).sqrt(), &mut w[layer.weights.clone()]),
                Start::Orthogonal => {
                    let columns = orthogonal(n_in.max(n_out), n_in.min(n_out), &mut stream, control)?;
                    for (at, w) in w[layer.weights.clone()].iter_mut().enumerate() {
                        let (i, j) = (at / n_out, at % n_out);
                        let (long, short) = if n_in >= n_out { (i, j) } else { (j, i) };
                        *w = T::of_f64(columns[short * n_in.max(n_out) + long]);
                    }
                }
            }
            w[layer.gains.clone()].fill(T::of_f64(1.0));
        }
        Ok(w)
    }

    /// Moments before any row was seen: mean 0, variance 1.
    pub fn first_moments<T: Float>(&self) -> Vec<T> {
        let mut moments = vec![T::of_f64(0.0); self.n_moments];
        for layer in &self.layers {
            moments[layer.moments.clone()][layer.moments.len() / 2..].fill(T::of_f64(1.0));
        }
        moments
    }
}

/// `count` orthonormal vectors of length n >= count, one after the other: Gaussian ones, made orthogonal
/// twice over (Giraud et al. 2005: twice is enough). That takes 4 n count^2 operations: of wide layers minutes.
fn orthogonal(n: usize, count: usize, stream: &mut Stream, control: &Control) -> Result<Vec<f64>> {
    let mut out = filled(n * count, 0.0, "the parameters of a network")?;
    for j in 0..count {
        if control.stopped() {
            return Err(Error::Interrupted);
        }
        let (done, rest) = out.split_at_mut(j * n);
        let own = &mut rest[..n];
        own.iter_mut().for_each(|value| *value = gaussian(stream));
        for _ in 0..2 {
            for other in done.chunks_exact(n) {
                let product: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(other).for_each(|(a, b)| *a -= product * b);
            }
        }
        let norm = own.iter().map(|value| value * value).sum::<f64>().sqrt();
        own.iter_mut().for_each(|value| *value /= norm);
    }
    Ok(out)
}

/// Box and Muller (1958).
fn gaussian(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * (1.0 - stream.unit()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * stream.unit()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(norm: bool) -> Result<Plan> {
        Plan::new(&[10, 20, 5, 1], &[Activation::Relu, Activation::Tanh], Output::Logistic, norm)
    }

    #[test]
    fn every_parameter_has_one_place() -> Result<()> {
        for norm in [false, true] {
            let plan = plan(norm)?;
            let mut places: Vec<usize> = (plan.layers.iter())
                .flat_map(|layer| [&layer.weights, &layer.biases, &layer.gains])
                .flat_map(|range| range.clone())
                .collect();
            places.sort_unstable();
            assert_eq!(places, (0..plan.n_parameters).collect::<Vec<_>>());
            assert_eq!(plan.n_weights, 200 + 100 + 5);
            assert_eq!(plan.n_parameters, 305 + 26 + if norm { 25 } else { 0 });
            assert_eq!(plan.n_moments, if norm { 50 } else { 0 });
            assert_eq!(plan.sizes(), [10, 20, 5, 1]);
        }
        Ok(())
    }

    #[test]
    fn starts_have_their_variance() -> Result<()> {
        let plan = Plan::new(&[200, 100, 50], &[Activation::Relu], Output::Softmax, false)?;
        for (start, expected) in
            [(Start::Glorot, 2.0 / 300.0), (Start::He, 2.0 / 200.0), (Start::Orthogonal, 1.0 / 200.0)]
        {
            let w: Vec<f64> = plan.draw(start, 1, &Control::new(None))?;
            let weights = &w[plan.layers[0].weights.clone()];
            let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
            assert!((variance / expected - 1.0).abs() < 0.05, "{start:?}: {variance}, {expected}");
        }
        Ok(())
    }

    #[test]
    fn a_slow_start_can_be_stopped() -> Result<()> {
        let late = Control::new(Some(std::time::Duration::ZERO));
        assert_eq!(plan(false)?.draw::<f64>(Start::Orthogonal, 1, &late), Err(Error::Interrupted));
        Ok(())
    }

    #[test]
    fn orthogonal_is_orthogonal() -> Result<()> {
        let q = orthogonal(30, 20, &mut Stream::new(1), &Control::new(None))?;
        for (i, a) in q.chunks_exact(30).enumerate() {
            for (j, b) in q.chunks_exact(30).enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
        Ok(())
    }
}
