//! Minimising F without an L1 penalty: steps of L-BFGS that begin from a model of the second derivatives,
//! and are Newton's where the model is fresh and complete.
//!
//! The solver asks for what it needs (`Want`) and is told it, so that one pass over the rows serves
//! many of them. It never looks at the others: what it does is what it would do alone.

use super::cholesky::dot;
use super::curvature::Part;
use super::effort::{Pace, Prices, Stop};
use super::model::{Memory, Model};
use super::objective::Objective;
use super::pass::Value;

/// A step must lower F by this share of what its slope promises (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Where rounding hides what F does: the slope at the end may be this share of that at the start (Hager and
/// Zhang 2005, the approximate Wolfe conditions).
const FLAT: f64 = 0.8;
/// Relative changes of F that may be rounding.
const ROUNDING: f64 = 1e-11;
/// Steps shorter than this share of a direction are none.
const SHORTEST: f64 = 1e-10;

/// What a solver needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// The loss and its gradient at `trial`.
    Value,
    /// Second derivatives at `point`; between some parameters only.
    Curvature(Part, Option<Vec<u32>>),
    Nothing,
}

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    Converged,
    OutOfSteps,
    /// No step makes F smaller, though the rule does not hold: rounding.
    Stalled,
}

/// Where a search stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub point: Vec<f64>,
    pub trial: Vec<f64>,
    /// Of f, without an L1 penalty.
    pub value: f64,
    pub gradient: Vec<f64>,
    pub steps: usize,
    pub decrement: f64,
    pub end: End,
}

impl Standing {
    pub fn at(point: Vec<f64>) -> Self {
        Standing {
            trial: point.clone(),
            gradient: vec![0.0; point.len()],
            point,
            value: f64::INFINITY,
            steps: 0,
            decrement: f64::INFINITY,
            end: End::Open,
        }
    }
}

pub struct Smooth {
    pub standing: Standing,
    pub objective: Objective,
    stop: Stop,
    prices: Prices,
    part: Part,
    model: Option<Model>,
    memory: Memory,
    pace: Pace,
    direction: Vec<f64>,
    /// gradient' direction < 0, and how far along is tried.
    slope: f64,
    length: f64,
    /// No gradient is known yet.
    begun: bool,
    pub want: Want,
}

impl Smooth {
    pub fn new(objective: Objective, start: Vec<f64>, stop: Stop, prices: Prices) -> Self {
        Smooth {
            standing: Standing::at(start),
            objective,
            stop,
            prices,
            part: prices.first(),
            model: None,
            memory: Memory::default(),
            pace: Pace::default(),
            direction: Vec::new(),
            slope: 0.0,
            length: 1.0,
            begun: false,
            want: Want::Value,
        }
    }

    /// Goes on with the mean loss of other rows; a model is kept.
    pub fn turn_to(&mut self, objective: Objective, stop: Stop, prices: Prices) {
        self.standing = Standing::at(std::mem::take(&mut self.standing.point));
        (self.objective, self.stop, self.prices) = (objective, stop, prices);
        self.memory.clear();
        self.pace = Pace::default();
        self.begun = false;
        self.want = Want::Value;
    }

    /// Asks for a fresh model at the point where it ended.
    pub fn ask_for_model(&mut self) {
        self.want = Want::Curvature(self.part, None);
    }

    /// Takes second derivatives of the summed loss at the point.
    pub fn take_curvature(&mut self, sums: Vec<f64>) {
        self.model = Some(Model::new(self.part, sums, &self.objective));
        self.memory.clear();
        self.pace = Pace::default();
        self.want = if self.standing.end == End::Open { self.choose() } else { Want::Nothing };
    }

    /// Takes the sums of the loss and its gradient at the trial point.
    pub fn take_value(&mut self, sums: Value) {
        let found = self.objective.smooth(&self.standing.trial, sums);
        self.want = if self.accepts(&found) { self.accept(found) } else { self.shorten(&found) };
    }

    fn accepts(&self, found: &Value) -> bool {
        if !self.begun {
            return true;
        }
        let (before, promised) = (self.standing.value, self.length * self.slope);
        let along = dot(&found.gradient, &self.direction);
        found.loss <= before + SUFFICIENT * promised
            || (found.loss <= before + ROUNDING * before.abs() && along <= FLAT * -self.slope)
    }

    fn accept(&mut self, found: Value) -> Want {
        let now = &mut self.standing;
        if self.begun {
            let step = now.trial.iter().zip(&now.point).map(|(to, from)| to - from).collect();
            let change = found.gradient.iter().zip(&now.gradient).map(|(to, from)| to - from).collect();
            self.memory.push(step, change);
            now.point.copy_from_slice(&now.trial);
            now.steps += 1;
        }
        self.begun = true;
        (now.value, now.gradient) = (found.loss, found.gradient);
        self.choose()
    }

    /// What to do at a point whose gradient is known.
    fn choose(&mut self) -> Want {
        let Some(model) = &self.model else { return Want::Curvature(self.part, None) };
        let now = &mut self.standing;
        self.direction = self.memory.direction(&now.gradient, model);
        self.slope = dot(&now.gradient, &self.direction);
        if self.slope.is_nan() || self.slope > 0.0 {
            // Rounding: the model alone is positive definite.
            self.memory.clear();
            self.direction = self.memory.direction(&now.gradient, model);
            self.slope = dot(&now.gradient, &self.direction);
        }
        now.decrement = (-self.slope).max(0.0).sqrt();
        let worst = self.objective.worst(&now.point, &now.gradient);
        if self.stop.holds(worst, now.decrement) {
            return self.finish(End::Converged);
        }
        if now.steps >= self.stop.steps {
            return self.finish(End::OutOfSteps);
        }
        if self.slope.is_nan() || self.slope >= 0.0 {
            return self.finish(End::Stalled);
        }
        self.pace.note(now.decrement);
        let left = self.stop.steps - now.steps;
        if let Some(part) = self.pace.renewal(self.stop.decrement, left, self.part, &self.prices) {
            self.part = part;
            return Want::Curvature(part, None);
        }
        self.length = 1.0;
        self.try_length()
    }

    fn try_length(&mut self) -> Want {
        let now = &mut self.standing;
        for ((trial, point), along) in now.trial.iter_mut().zip(&now.point).zip(&self.direction) {
            *trial = point + self.length * along;
        }
        Want::Value
    }

    /// The minimum of the parabola through both values and the slope, within bounds.
    fn shorten(&mut self, found: &Value) -> Want {
        let above = found.loss - self.standing.value - self.length * self.slope;
        let best = -0.5 * self.slope * self.length * self.length / above;
        let bounds = (0.1 * self.length, 0.5 * self.length);
        self.length = if best.is_finite() { best.clamp(bounds.0, bounds.1) } else { bounds.0 };
        if self.length >= SHORTEST {
            return self.try_length();
        }
        if self.memory.is_empty() {
            return self.finish(End::Stalled);
        }
        Want::Curvature(self.part, None)
    }

    fn finish(&mut self, end: End) -> Want {
        self.standing.end = end;
        Want::Nothing
    }

    /// Parameters that others make up, as far as is known.
    pub fn dependent(&self) -> Vec<usize> {
        self.model.as_ref().map(Model::dependent).unwrap_or_default()
    }
}
