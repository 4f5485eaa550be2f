//! When a solver stops, and when a better model of the second derivatives is worth its price.

use super::curvature::Part;
use super::sample::Sample;

/// A product in a pass costs about so many of those in the second derivatives, whose matrices are square.
const PASS: f64 = 4.0;
/// Steps that are still expected where nothing is gained, and the most that are.
const MOST_STEPS: f64 = 200.0;
/// Rounds of coordinate descent of a proximal step, about.
const ROUNDS: f64 = 40.0;
/// Steps after which an incomplete model is made anew.
const LONG: u32 = 40;
/// Models with more parameters than this are not made.
pub const MOST_PARAMETERS: usize = 2048;
/// A first model may cost as much as this many passes.
const FIRST_MODEL: f64 = 24.0;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Greatest entry of the gradient, or of the subgradient nearest to 0.
    pub gradient: f64,
    /// Greatest Newton decrement.
    pub decrement: f64,
    /// Most steps.
    pub steps: usize,
}

impl Stop {
    pub fn holds(&self, worst: f64, decrement: f64) -> bool {
        worst <= self.gradient && decrement <= self.decrement
    }
}

/// Prices of what can be computed of a sample, in products.
#[derive(Clone, Copy, Debug)]
pub struct Prices {
    pass: f64,
    rows: f64,
    k: f64,
    q: f64,
}

impl Prices {
    pub fn new(sample: &Sample<'_>) -> Self {
        let (k, q) = (sample.n_scores() as f64, (sample.d + 1) as f64);
        let pass = PASS * 4.0 * (sample.n_numbers() as f64 * k + 8.0 * sample.n() as f64 * k);
        Prices { pass, rows: sample.n() as f64, k, q }
    }

    /// The price of second derivatives and of solving with them; infinite where they are not made.
    pub fn of(&self, part: Part) -> f64 {
        let (size, squares) = match part {
            Part::Diagonal => return self.pass,
            Part::Blocks => (self.q, self.k),
            Part::Full => (self.k * self.q, 1.0),
        };
        if size > MOST_PARAMETERS as f64 { f64::INFINITY } else { squares * self.square(size) }
    }

    /// The price of one square matrix of second derivatives.
    pub fn square(&self, size: f64) -> f64 {
        self.rows * size * size + size.powi(3) / 3.0
    }

    /// The price of a step of the proximal solver, whose quadratic has so many parameters.
    fn proximal_step(&self, size: f64) -> f64 {
        self.pass + ROUNDS * size * size + size.powi(3) / 3.0
    }

    /// The best model that costs no more than a few passes.
    pub fn first(&self) -> Part {
        self.best(FIRST_MODEL * self.pass).unwrap_or(Part::Diagonal)
    }

    /// The best model that costs no more than `budget`. Of two classes there is one block.
    fn best(&self, budget: f64) -> Option<Part> {
        let all = [Part::Full, Part::Blocks, Part::Diagonal];
        let parts = all.into_iter().filter(|&part| part != Part::Blocks || self.k > 1.0);
        parts.into_iter().find(|&part| self.of(part).is_finite() && self.of(part) <= budget)
    }
}

/// Steps since the last model, and how fast they got nearer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    steps: u32,
    first: f64,
    last: f64,
}

impl Pace {
    pub fn note(&mut self, decrement: f64) {
        if self.steps == 0 {
            self.first = decrement;
        }
        self.last = decrement;
        self.steps += 1;
    }

    /// The steps to `goal` if they go on as the last ones did.
    fn outlook(&self, goal: f64) -> f64 {
        if self.steps < 3 || self.last <= goal {
            return 0.0;
        }
        let rate = (self.last / self.first).powf(1.0 / f64::from(self.steps - 1));
        let steps = if rate < 1.0 { (goal / self.last).ln() / rate.ln() } else { MOST_STEPS };
        steps.min(MOST_STEPS)
    }

    /// A model that is worth its price: a better part if one is, else the same part made anew. Of an
    /// incomplete part, what the steps taught of the rest is worth more for long.
    pub fn renewal(&self, goal: f64, left: usize, part: Part, prices: &Prices) -> Option<Part> {
        let budget = self.saved(goal, left) * prices.pass;
        let best = prices.best(budget).filter(|_| budget > 0.0)?;
        let again = best == part && (part == Part::Full || self.steps >= LONG);
        (best > part || again).then_some(best)
    }

    /// The same of one square of this size.
    pub fn renews_square(&self, goal: f64, left: usize, size: usize, prices: &Prices) -> bool {
        prices.square(size as f64) <= self.saved(goal, left) * prices.proximal_step(size as f64)
    }

    /// The steps that may be paid for a model: no more than it saves, nor than were made since the last
    /// one, times four: the pace of the first steps says little. Any number, where there are not `left`
    /// enough.
    fn saved(&self, goal: f64, left: usize) -> f64 {
        let steps = self.outlook(goal);
        if steps > left as f64 {
            return f64::INFINITY;
        }
        // A new model does not end the search at once either.
        (steps - 3.0).min(4.0 * f64::from(self.steps))
    }
}
