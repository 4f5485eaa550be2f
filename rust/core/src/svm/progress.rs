//! How solving one program gets on: when it is over, and when float32 is not enough.
//!
//! Rows of float32 solve another program than the one that is asked for. Where the kernel leaves directions
//! flat (more rows than columns of X, a polynomial of few of them), those of the rounded rows are not, and
//! steps along them never end, or end elsewhere. So where tol is less than the rounding of K b, and the
//! violation has come down to it or does not fall any more, g is made anew in float64 from b, and steps go on
//! from there until that is solved: rounded is then the product with the small change since, no longer that
//! with all of b. (Iterative refinement, as for linear equations: Wilkinson, Rounding Errors in Algebraic
//! Processes, 1963.)

/// Rounds without any gain after which rounding is taken for the cause.
const IDLE: usize = 30;
/// Rounds without a smaller violation after which g is made anew.
const SLOW: usize = 5;
/// How much K b is off where K is rounded to float32 and no value is larger than `largest`: two units of the
/// last place of each, some up and some down, so that they add up as in a random walk.
pub fn rounding(largest: f32, b: &[f64]) -> f64 {
    2.0 * f64::from(f32::EPSILON * largest) * b.iter().map(|b| b * b).sum::<f64>().sqrt()
}

pub struct Progress {
    /// The lowest objective and the least violation that count.
    lowest: f64,
    least: f64,
    /// How often nothing was gained, and how often that may be.
    idle: usize,
    patience: usize,
    /// The least violation since g was made anew, and how often it did not fall since.
    near: f64,
    slow: usize,
    /// Whether only what float64 says counts.
    exact: bool,
    /// Whether g is what float64 says.
    fresh: bool,
}

impl Progress {
    pub fn new() -> Self {
        Progress {
            lowest: f64::INFINITY,
            least: f64::INFINITY,
            idle: 0,
            patience: usize::MAX,
            near: f64::INFINITY,
            slow: 0,
            exact: false,
            fresh: false,
        }
    }

    /// Takes note of where solving is.
    pub fn see(&mut self, objective: f64, violation: f64) {
        self.slow = if violation < 0.9 * self.near { 0 } else { self.slow + 1 };
        self.near = self.near.min(violation);
        if self.fresh || !self.exact {
            let gained = objective < self.lowest - 1e-13 * self.lowest.abs() || violation < 0.9 * self.least;
            self.idle = if gained { 0 } else { self.idle + 1 };
            (self.lowest, self.least) = (self.lowest.min(objective), self.least.min(violation));
        }
    }

    /// Whether g should be made anew, given whether it looks solved, and whether a violation so small may be
    /// rounding.
    pub fn wants_float64(&self, solved: bool, doubtful: bool) -> bool {
        !self.fresh && (solved || self.slow >= SLOW) && (self.exact || doubtful)
    }

    /// g was made anew.
    pub fn renew(&mut self) {
        if !self.exact {
            // What float32 said does not count.
            *self = Progress { patience: self.patience, ..Progress::new() };
        }
        (self.near, self.slow, self.exact, self.fresh) = (f64::INFINITY, 0, true, true);
    }

    /// A round of so many steps was made, one of so many that it takes for all variables.
    pub fn round(&mut self, steps: usize, rounds: usize) {
        self.fresh &= steps == 0;
        self.patience = if steps > 0 { IDLE + 8 * rounds } else { 0 };
    }

    /// Whether nothing more is to be gained.
    pub fn is_over(&self) -> bool {
        self.idle > self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float64_is_asked_where_float32_cannot_tell() {
        let mut progress = Progress::new();
        for round in 0..=SLOW {
            assert!(!progress.wants_float64(false, true), "round {round}");
            assert!(progress.wants_float64(true, true) && !progress.wants_float64(true, false));
            progress.see(-1.0, 1e-6);
            progress.round(100, 1);
        }
        assert!(progress.wants_float64(false, true) && !progress.wants_float64(false, false));
        progress.renew();
        progress.see(-1.0, 1e-6);
        assert!(!progress.wants_float64(true, true), "g is new");
        progress.round(100, 1);
        progress.see(-1.0, 1e-9);
        assert!(progress.wants_float64(true, false), "what float32 solved is checked");
        assert!(!progress.wants_float64(false, true));
    }

    #[test]
    fn no_gain_ends_it() {
        let mut progress = Progress::new();
        for _ in 0..IDLE + 10 {
            assert!(!progress.is_over());
            progress.see(-1.0, 1.0);
            progress.round(100, 1);
        }
        progress.see(-1.0, 1.0);
        progress.see(-1.0, 1.0);
        assert!(progress.is_over());
        progress.see(-2.0, 1.0);
        assert!(!progress.is_over());
    }
}
