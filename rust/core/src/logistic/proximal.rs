//! Minimising F with an L1 penalty: proximal Newton steps (Lee, Sun and Saunders 2014).
//!
//! ```text
//! minimise over t   g't + t'Bt / 2 + sum_v l1_v |x_v + t_v|      (quadratic.rs)
//! x <- x + length t
//! ```
//!
//! B is the matrix of second derivatives between the parameters that are looked at, kept up to date by
//! BFGS from step to step and made anew where that pays. Which parameters are looked at: those that
//! are not 0 and those that violate the optimality condition most; every pass tells of all of them.
//! The solver asks for what it needs as `Smooth` does.

use super::cholesky::dot;
use super::curvature::Part;
use super::effort::{MOST_PARAMETERS, Pace, Prices, Stop};
use super::objective::Objective;
use super::pass::Value;
use super::quadratic::Quadratic;
use super::smooth::{End, Standing, Want};

const SUFFICIENT: f64 = 1e-4;
const ROUNDING: f64 = 1e-11;
const SHORTEST: f64 = 1e-10;
/// With no more parameters than this, all are looked at from the start.
const FEW: usize = 256;
/// Those looked at first, and by how much their number grows.
const FIRST: usize = 64;
pub struct Proximal {
    pub standing: Standing,
    pub objective: Objective,
    stop: Stop,
    prices: Prices,
    /// The parameters that are looked at, ascending.
    set: Vec<u32>,
    /// B (set, set), symmetric; empty: to be made.
    matrix: Vec<f64>,
    pace: Pace,
    /// t, by the place in the set.
    direction: Vec<f64>,
    /// What F falls by at first order, < 0, and how far along is tried.
    slope: f64,
    length: f64,
    begun: bool,
    pub want: Want,
}

impl Proximal {
    pub fn new(objective: Objective, start: Vec<f64>, stop: Stop, prices: Prices) -> Self {
        Proximal {
            standing: Standing::at(start),
            objective,
            stop,
            prices,
            set: Vec::new(),
            matrix: Vec::new(),
            pace: Pace::default(),
            direction: Vec::new(),
            slope: 0.0,
            length: 1.0,
            begun: false,
            want: Want::Value,
        }
    }

    /// Goes on with the mean loss of other rows; B is kept.
    pub fn turn_to(&mut self, objective: Objective, stop: Stop, prices: Prices) {
        self.standing = Standing::at(std::mem::take(&mut self.standing.point));
        (self.objective, self.stop, self.prices) = (objective, stop, prices);
        self.pace = Pace::default();
        self.begun = false;
        self.want = Want::Value;
    }

    pub fn ask_for_model(&mut self) {
        self.want = Want::Curvature(Part::Full, Some(self.set.clone()));
    }

    pub fn take_curvature(&mut self, mut sums: Vec<f64>) {
        self.objective.hessian(&mut sums, &self.set);
        self.matrix = sums;
        self.pace = Pace::default();
        self.want = if self.standing.end == End::Open { self.choose() } else { Want::Nothing };
    }

    pub fn take_value(&mut self, sums: Value) {
        let found = self.objective.smooth(&self.standing.trial, sums);
        self.want = if self.accepts(&found) { self.accept(found) } else { self.shorten(&found) };
    }

    fn accepts(&self, found: &Value) -> bool {
        if !self.begun {
            return true;
        }
        let now = &self.standing;
        let before = now.value + self.objective.l1_norm(&now.point);
        let after = found.loss + self.objective.l1_norm(&now.trial);
        after <= before + SUFFICIENT * self.length * self.slope
            || (after <= before + ROUNDING * before.abs()
                && self.worst_of(&now.trial, &found.gradient) < self.worst())
    }

    fn worst(&self) -> f64 {
        self.worst_of(&self.standing.point, &self.standing.gradient)
    }

    fn worst_of(&self, point: &[f64], gradient: &[f64]) -> f64 {
        self.objective.worst(point, gradient)
    }

    fn accept(&mut self, found: Value) -> Want {
        if self.begun {
            self.learn(&found.gradient);
            let now = &mut self.standing;
            now.point.copy_from_slice(&now.trial);
            now.steps += 1;
        }
        self.begun = true;
        (self.standing.value, self.standing.gradient) = (found.loss, found.gradient);
        if self.look_further() {
            self.ask_for_model();
            return self.want.clone();
        }
        self.choose()
    }

    /// BFGS: B becomes what maps the step to the change of the gradient.
    fn learn(&mut self, gradient: &[f64]) {
        let (now, n) = (&self.standing, self.set.len());
        let of = |&v: &u32| now.trial[v as usize] - now.point[v as usize];
        let step: Vec<f64> = self.set.iter().map(of).collect();
        let of = |&v: &u32| gradient[v as usize] - now.gradient[v as usize];
        let change: Vec<f64> = self.set.iter().map(of).collect();
        let image: Vec<f64> = self.matrix.chunks_exact(n.max(1)).map(|row| dot(row, &step)).collect();
        let (along, modelled) = (dot(&change, &step), dot(&image, &step));
        if !(along > 1e-8 * modelled && modelled > 0.0) {
            return;
        }
        for ((row, &change_i), &image_i) in self.matrix.chunks_exact_mut(n).zip(&change).zip(&image) {
            let (plus, minus) = (change_i / along, image_i / modelled);
            for ((b, change), image) in row.iter_mut().zip(&change).zip(&image) {
                *b += plus * change - minus * image;
            }
        }
    }

    /// Takes more parameters into the set if those outside are further from optimal than those inside.
    fn look_further(&mut self) -> bool {
        let (now, total) = (&self.standing, self.standing.point.len());
        if self.set.len() == total {
            return false;
        }
        let violation = |v: usize| self.objective.violation(v, now.point[v], now.gradient[v]);
        let mut outside: Vec<(f64, u32)> = Vec::new();
        let mut inside: f64 = 0.0;
        let mut members = self.set.iter().peekable();
        for v in 0..total as u32 {
            if members.next_if_eq(&&v).is_some() {
                inside = inside.max(violation(v as usize));
            } else if violation(v as usize) > self.stop.gradient || now.point[v as usize] != 0.0 {
                outside.push((violation(v as usize), v));
            }
        }
        let free = self.objective.fit_intercept;
        let worst = outside.iter().map(|(violation, _)| *violation).fold(0.0, f64::max);
        if !self.set.is_empty() && worst <= self.stop.gradient.max(0.3 * inside) {
            return false;
        }
        let q = self.objective.q;
        let keep = |v: &u32| now.point[*v as usize] != 0.0 || (free && *v as usize % q == q - 1);
        let mut set: Vec<u32> = if total <= FEW {
            (0..total as u32).collect()
        } else {
            let kept = (0..total as u32).filter(keep);
            let mut set: Vec<u32> = kept.collect();
            outside.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let room = FIRST.max(set.len()).max(self.set.len());
            set.extend(outside.iter().take(room).map(|(_, v)| v));
            set
        };
        set.sort_unstable();
        set.dedup();
        if set.len() > MOST_PARAMETERS {
            // Too many for one matrix: the worst of them now, others when it is their turn.
            set.sort_by(|&a, &b| violation(b as usize).total_cmp(&violation(a as usize)).then(a.cmp(&b)));
            set.truncate(MOST_PARAMETERS);
            set.sort_unstable();
        }
        self.set = set;
        true
    }

    /// What to do at a point whose gradient is known.
    fn choose(&mut self) -> Want {
        let worst = self.worst();
        self.minimise_model();
        let now = &mut self.standing;
        now.decrement = (-self.slope).max(0.0).sqrt();
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
        if self.pace.renews_square(self.stop.decrement, left, self.set.len(), &self.prices) {
            self.ask_for_model();
            return self.want.clone();
        }
        self.length = 1.0;
        self.try_length()
    }

    /// Finds the direction.
    fn minimise_model(&mut self) {
        let now = &self.standing;
        let mut quadratic =
            Quadratic::new(&self.objective, &self.set, &now.point, &now.gradient, &self.matrix);
        quadratic.minimise(&now.gradient, 0.1 * self.stop.gradient);
        self.slope = quadratic.promise(&now.gradient);
        self.direction = quadratic.t;
    }

    fn try_length(&mut self) -> Want {
        let now = &mut self.standing;
        now.trial.copy_from_slice(&now.point);
        for (&v, t) in self.set.iter().zip(&self.direction) {
            now.trial[v as usize] += self.length * t;
        }
        Want::Value
    }

    fn shorten(&mut self, found: &Value) -> Want {
        self.length *= if found.loss.is_finite() { 0.5 } else { 0.1 };
        if self.length >= SHORTEST { self.try_length() } else { self.finish(End::Stalled) }
    }

    fn finish(&mut self, end: End) -> Want {
        self.standing.end = end;
        Want::Nothing
    }
}
