//! One step of descent: how parameters follow their gradients.
//!
//! With g the gradient of the loss, P = l1 |w|_1 + l2 |w|^2 / 2 the penalty, eta the learning rate, and
//! soft the proximal step (penalty.rs):
//!
//! ```text
//! plain        w+ = soft(w - eta (g + l2 w), eta l1)
//! heavy ball   w+ = soft(w + mu v - eta (g + l2 w), eta l1),            v+ = w+ - w
//! nesterov     c  = soft(w - eta (g + l2 w), eta l1) - w,  v+ = mu v + c,  w+ = w + c + mu v+
//! adam         h  = g + l2 w,  m+ = beta_1 m + (1 - beta_1) h,  s+ = beta_2 s + (1 - beta_2) h^2
//!              e  = eta sqrt(1 - beta_2^t) / (1 - beta_1^t) / (sqrt(s+) + epsilon)   (by coordinate)
//!              w+ = soft((1 - eta weight_decay) w - e m+, e l1)
//! rmsprop      adam with beta_1 = 0 and e = eta / (sqrt(s+) + epsilon)             (Tieleman and Hinton 2012)
//! ```
//!
//! Without l1 these are Polyak's (1964), Nesterov's (1983), Kingma and Ba's (2015, end of section 2) and,
//! with a weight decay, Loshchilov and Hutter's AdamW (2019). With l1 they have the penalised problem's
//! optimum as their fixed point: the velocity is the way really gone (Ochs et al., iPiano, 2014), and the
//! threshold is measured in the metric of the step (Yun, Lozano and Yang, Adaptive proximal gradient
//! methods, 2021). eta l2 counts as 1 at most: a penalty does not turn signs (as in scikit-learn).
//!
//! Parameters come in rows of `lanes` numbers, each lane with learning rate and penalty of its own: the
//! columns of many models side by side, or, with all lanes alike, the parameters of one.

use std::ops::Range;

use super::penalty::{Penalty, soft};
use crate::elementary::Float;
use crate::vectors::{Kernel, Vectors, widest};

/// Which step is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimiser {
    Plain,
    HeavyBall,
    Nesterov,
    Adam,
    /// Adam without momentum and without the correction for the start.
    RmsProp,
}

/// An optimiser with its hyperparameters; the ones that it does not know are not read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    pub optimiser: Optimiser,
    pub momentum: f64,
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
}

impl Optimiser {
    /// How many numbers it remembers of each parameter.
    pub fn memory(self) -> usize {
        match self {
            Optimiser::Plain => 0,
            Optimiser::HeavyBall | Optimiser::Nesterov => 1,
            Optimiser::Adam | Optimiser::RmsProp => 2,
        }
    }
}

/// What one step needs to know of each lane.
#[derive(Clone, Debug)]
pub struct Pace<T> {
    /// eta; for adam eta sqrt(1 - beta_2^t) / (1 - beta_1^t).
    pub(super) rate: Vec<T>,
    /// min(eta l2, 1); for adam l2.
    pub(super) shrink: Vec<T>,
    /// eta l1; for adam l1.
    pub(super) threshold: Vec<T>,
    /// mu; for adam 1 - eta weight_decay.
    keep: Vec<T>,
    beta_1: Vec<T>,
    beta_2: Vec<T>,
    epsilon: Vec<T>,
}

impl<T: Float> Pace<T> {
    /// Lanes that stand still.
    pub fn new(lanes: usize) -> Self {
        let zero = || vec![T::of_f64(0.0); lanes];
        Pace {
            rate: zero(),
            shrink: zero(),
            threshold: zero(),
            keep: zero(),
            beta_1: zero(),
            beta_2: zero(),
            epsilon: vec![T::of_f64(1.0); lanes],
        }
    }

    pub fn lanes(&self) -> usize {
        self.rate.len()
    }

    /// Sets all lanes as the first `lanes` are.
    pub fn repeat(&mut self, lanes: usize) {
        let n = self.lanes();
        if lanes == n {
            return;
        }
        let all = [
            &mut self.rate,
            &mut self.shrink,
            &mut self.threshold,
            &mut self.keep,
            &mut self.beta_1,
            &mut self.beta_2,
            &mut self.epsilon,
        ];
        for numbers in all {
            // In few long copies: this is done before every step of one row.
            if let &[one, ..] = numbers.as_slice()
                && lanes == 1
            {
                numbers.fill(one);
                continue;
            }
            let mut done = lanes;
            while done < n {
                let more = done.min(n - done);
                numbers.copy_within(..more, done);
                done += more;
            }
        }
    }

    /// Sets all lanes alike.
    pub fn set_all(&mut self, rule: &Rule, penalty: Penalty, eta: f64, t: u64) {
        self.fill(0..self.lanes(), Numbers::new(rule, penalty, eta, t));
    }

    /// Sets lanes alike.
    pub fn fill(&mut self, lanes: Range<usize>, numbers: Numbers) {
        let put = |to: &mut Vec<T>, value: f64| to[lanes.clone()].fill(T::of_f64(value));
        put(&mut self.rate, numbers.rate);
        put(&mut self.shrink, numbers.shrink);
        put(&mut self.threshold, numbers.threshold);
        put(&mut self.keep, numbers.keep);
        if let Some(adam) = numbers.adam {
            put(&mut self.beta_1, adam.beta_1);
            put(&mut self.beta_2, adam.beta_2);
            put(&mut self.epsilon, adam.epsilon);
        }
    }
}

/// One lane of a [`Pace`].
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    rate: f64,
    shrink: f64,
    threshold: f64,
    keep: f64,
    adam: Option<Rule>,
}

impl Numbers {
    /// For step t (from 1) with learning rate eta.
    pub fn new(rule: &Rule, penalty: Penalty, eta: f64, t: u64) -> Self {
        let (shrink, threshold) = (penalty.l2, penalty.l1);
        let keep = (1.0 - eta * rule.weight_decay).max(0.0);
        match rule.optimiser {
            Optimiser::Adam => {
                let steps = i32::try_from(t).unwrap_or(i32::MAX);
                let bias = (1.0 - rule.beta_2.powi(steps)).sqrt() / (1.0 - rule.beta_1.powi(steps));
                return Numbers { rate: eta * bias, shrink, threshold, keep, adam: Some(*rule) };
            }
            Optimiser::RmsProp => {
                let adam = Some(Rule { beta_1: 0.0, ..*rule });
                return Numbers { rate: eta, shrink, threshold, keep, adam };
            }
            Optimiser::Plain | Optimiser::HeavyBall | Optimiser::Nesterov => {}
        }
        Numbers {
            rate: eta,
            shrink: (eta * penalty.l2).min(1.0),
            threshold: eta * penalty.l1,
            keep: rule.momentum,
            adam: None,
        }
    }
}

/// Parameters, their gradient, and what the optimiser remembers of them: v, or m and s (else empty).
pub struct Block<'a, T> {
    pub w: &'a mut [T],
    pub gradient: &'a [T],
    pub first: &'a mut [T],
    pub second: &'a mut [T],
}

/// Makes one step. The last row may be shorter than the others.
pub fn step<T: Float>(optimiser: Optimiser, pace: &Pace<T>, block: Block<'_, T>, vectors: Vectors) {
    debug_assert_eq!(block.w.len(), block.gradient.len());
    widest(vectors, Step { optimiser, pace, block });
}

struct Step<'a, T> {
    optimiser: Optimiser,
    pace: &'a Pace<T>,
    block: Block<'a, T>,
}

impl<T: Float> Kernel for Step<'_, T> {
    #[inline(always)]
    fn run(self) {
        let lanes = self.pace.lanes();
        let Block { w, gradient, first, second } = self.block;
        match self.optimiser {
            Optimiser::Plain => {
                for (w, g) in w.chunks_mut(lanes).zip(gradient.chunks(lanes)) {
                    plain(self.pace, w, g);
                }
            }
            Optimiser::HeavyBall => {
                for ((w, g), v) in
                    w.chunks_mut(lanes).zip(gradient.chunks(lanes)).zip(first.chunks_mut(lanes))
                {
                    heavy_ball(self.pace, w, g, v);
                }
            }
            Optimiser::Nesterov => {
                for ((w, g), v) in
                    w.chunks_mut(lanes).zip(gradient.chunks(lanes)).zip(first.chunks_mut(lanes))
                {
                    nesterov(self.pace, w, g, v);
                }
            }
            Optimiser::Adam | Optimiser::RmsProp => {
                let moments = first.chunks_mut(lanes).zip(second.chunks_mut(lanes));
                for ((w, g), (m, s)) in w.chunks_mut(lanes).zip(gradient.chunks(lanes)).zip(moments) {
                    adam(self.pace, w, g, m, s);
                }
            }
        }
    }
}

#[inline(always)]
fn plain<T: Float>(pace: &Pace<T>, w: &mut [T], g: &[T]) {
    let n = w.len();
    let (g, rate, shrink, threshold) = (&g[..n], &pace.rate[..n], &pace.shrink[..n], &pace.threshold[..n]);
    for i in 0..n {
        w[i] = soft(w[i] - (rate[i] * g[i] + shrink[i] * w[i]), threshold[i]);
    }
}

#[inline(always)]
fn heavy_ball<T: Float>(pace: &Pace<T>, w: &mut [T], g: &[T], v: &mut [T]) {
    let n = w.len();
    let (g, v, momentum) = (&g[..n], &mut v[..n], &pace.keep[..n]);
    let (rate, shrink, threshold) = (&pace.rate[..n], &pace.shrink[..n], &pace.threshold[..n]);
    for i in 0..n {
        let way = momentum[i] * v[i] - (rate[i] * g[i] + shrink[i] * w[i]);
        let free = w[i] + way;
        let new = soft(free, threshold[i]);
        v[i] = way + (new - free);
        w[i] = new;
    }
}

#[inline(always)]
fn nesterov<T: Float>(pace: &Pace<T>, w: &mut [T], g: &[T], v: &mut [T]) {
    let n = w.len();
    let (g, v, momentum) = (&g[..n], &mut v[..n], &pace.keep[..n]);
    let (rate, shrink, threshold) = (&pace.rate[..n], &pace.shrink[..n], &pace.threshold[..n]);
    for i in 0..n {
        let way = -(rate[i] * g[i] + shrink[i] * w[i]);
        let free = w[i] + way;
        let new = soft(free, threshold[i]);
        v[i] = momentum[i] * v[i] + (way + (new - free));
        w[i] = new + momentum[i] * v[i];
    }
}

#[inline(always)]
fn adam<T: Float>(pace: &Pace<T>, w: &mut [T], g: &[T], m: &mut [T], s: &mut [T]) {
    let n = w.len();
    let (g, m, s) = (&g[..n], &mut m[..n], &mut s[..n]);
    let (rate, l2, l1, keep) = (&pace.rate[..n], &pace.shrink[..n], &pace.threshold[..n], &pace.keep[..n]);
    let (beta_1, beta_2, epsilon) = (&pace.beta_1[..n], &pace.beta_2[..n], &pace.epsilon[..n]);
    let one = T::of_f64(1.0);
    for i in 0..n {
        let h = g[i] + l2[i] * w[i];
        m[i] = beta_1[i] * m[i] + (one - beta_1[i]) * h;
        s[i] = beta_2[i] * s[i] + (one - beta_2[i]) * (h * h);
        let e = rate[i] / (s[i].sqrt() + epsilon[i]);
        w[i] = soft(keep[i] * w[i] - e * m[i], e * l1[i]);
    }
}

/// Moves running means a (rows of lanes) towards w: a += share (w - a), by lane.
pub fn average<T: Float>(share: &[T], w: &[T], mean: &mut [T], vectors: Vectors) {
    widest(vectors, Average { share, w, mean });
}

struct Average<'a, T> {
    share: &'a [T],
    w: &'a [T],
    mean: &'a mut [T],
}

impl<T: Float> Kernel for Average<'_, T> {
    #[inline(always)]
    fn run(self) {
        let lanes = self.share.len();
        for (w, mean) in self.w.chunks(lanes).zip(self.mean.chunks_mut(lanes)) {
            for ((&w, mean), &share) in w.iter().zip(mean).zip(self.share) {
                *mean = *mean + share * (w - *mean);
            }
        }
    }
}

/// Shortens the gradient of each lane to length `longest` at most; its parts are several blocks.
pub fn clip<T: Float>(longest: &[T], parts: &mut [&mut [T]], vectors: Vectors) {
    let lanes = longest.len();
    let mut squares = vec![T::of_f64(0.0); lanes];
    for part in parts.iter() {
        widest(vectors, Squares { part, sums: &mut squares });
    }
    for (square, &longest) in squares.iter_mut().zip(longest) {
        let norm = square.sqrt();
        *square = if norm > longest { longest / norm } else { T::of_f64(1.0) };
    }
    for part in parts.iter_mut() {
        widest(vectors, Scale { part, by: &squares });
    }
}

struct Squares<'a, T> {
    part: &'a [T],
    sums: &'a mut [T],
}

impl<T: Float> Kernel for Squares<'_, T> {
    #[inline(always)]
    fn run(self) {
        for row in self.part.chunks(self.sums.len()) {
            for (&value, sum) in row.iter().zip(self.sums.iter_mut()) {
                *sum = *sum + value * value;
            }
        }
    }
}

struct Scale<'a, T> {
    part: &'a mut [T],
    by: &'a [T],
}

impl<T: Float> Kernel for Scale<'_, T> {
    #[inline(always)]
    fn run(self) {
        for row in self.part.chunks_mut(self.by.len()) {
            for (value, &by) in row.iter_mut().zip(self.by) {
                *value = *value * by;
            }
        }
    }
}

#[cfg(test)]
mod tests;
