//! How long steps are: learning rates by step and epoch.
//!
//! ```text
//! constant     eta0
//! invscaling   eta0 / t^power_t
//! optimal      1 / (alpha (start + t - 1)),  start = 1 / (alpha typical),  typical = alpha^(-1/4)
//! adaptive     eta0, divided by 5 whenever n_iter_no_change epochs did not improve
//! cosine       eta0 (1 + cos(pi (t - 1) / T)) / 2,  T the steps of all epochs
//! step         eta0 step_factor^floor(epoch / step_every)
//! one_cycle    from eta0 / 25 up to eta0 in 0.3 T steps, then down to eta0 / 250000, both along cosines
//! ```
//!
//! t counts steps from 1. `optimal` is Bottou's (Stochastic gradient descent tricks, 2012) as scikit-learn
//! starts it; `one_cycle` is Smith and Topin's (Super-convergence, 2019) as PyTorch has it. During a warm-up
//! of E epochs, each is multiplied by t / (steps of E epochs).

/// Below this rate `adaptive` gives up.
const LEAST_RATE: f64 = 1e-6;
/// Of `one_cycle`: the share of the steps that rise, and what the rate is divided by at start and end.
const CYCLE_RISE: f64 = 0.3;
const CYCLE_START: f64 = 25.0;
const CYCLE_END: f64 = 1e4;

/// How a rate changes from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    Constant,
    InvScaling { power: f64 },
    Optimal { alpha: f64, start: f64 },
    Adaptive,
    Cosine,
    Step { every: usize, factor: f64 },
    OneCycle,
}

impl Schedule {
    /// Bottou's schedule for a penalty of weight alpha > 0.
    pub fn optimal(alpha: f64) -> Self {
        let typical = (1.0 / alpha.sqrt()).sqrt();
        Schedule::Optimal { alpha, start: 1.0 / (typical * alpha) }
    }
}

/// The learning rate of one model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub schedule: Schedule,
    pub eta0: f64,
    /// Epochs over which the rate rises from 0.
    pub warmup: usize,
}

/// Where training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Number of this step, from 1.
    pub t: u64,
    /// Number of this epoch, from 0.
    pub epoch: usize,
    /// Steps in an epoch.
    pub steps: usize,
    /// Epochs there will be at most.
    pub epochs: usize,
}

impl Rate {
    /// The rate of a step; `eta` is eta0, or what [`Rate::lower`] made of it.
    pub fn at(&self, clock: &Clock, eta: f64) -> f64 {
        let t = clock.t as f64;
        let rate = match self.schedule {
            Schedule::Constant | Schedule::Adaptive => eta,
            Schedule::InvScaling { power } => eta / t.powf(power),
            Schedule::Optimal { alpha, start } => 1.0 / (alpha * (start + t - 1.0)),
            Schedule::Cosine => {
                let gone = (t - 1.0) / (clock.steps as f64 * clock.epochs as f64);
                eta * 0.5 * (1.0 + (std::f64::consts::PI * gone.min(1.0)).cos())
            }
            Schedule::OneCycle => {
                let last = (clock.steps as f64 * clock.epochs as f64 - 1.0).max(1.0);
                let (gone, top) = ((t - 1.0).min(last), (CYCLE_RISE * (last + 1.0) - 1.0).max(0.0));
                let half_way = |from: f64, to: f64, share: f64| {
                    to + 0.5 * (from - to) * (1.0 + (std::f64::consts::PI * share).cos())
                };
                if gone < top {
                    half_way(eta / CYCLE_START, eta, gone / top)
                } else {
                    let end = eta / CYCLE_START / CYCLE_END;
                    half_way(eta, end, (gone - top) / (last - top).max(1.0))
                }
            }
            Schedule::Step { every, factor } => eta * factor.powi((clock.epoch / every) as i32),
        };
        let warm = (self.warmup * clock.steps) as f64;
        if t < warm { rate * (t / warm) } else { rate }
    }

    /// Whether the rate is the same at every step of an epoch.
    pub fn is_level(&self, clock: &Clock) -> bool {
        let level = matches!(self.schedule, Schedule::Constant | Schedule::Adaptive | Schedule::Step { .. });
        level && clock.epoch >= self.warmup
    }

    /// Whether the rate falls for as long as steps are too long, so that what went astray can come back.
    pub fn falls(&self) -> bool {
        matches!(self.schedule, Schedule::InvScaling { .. } | Schedule::Optimal { .. } | Schedule::Adaptive)
    }

    /// What to go on with when nothing improves any more, if anything.
    pub fn lower(&self, eta: f64) -> Option<f64> {
        (self.schedule == Schedule::Adaptive && eta > LEAST_RATE).then_some(eta / 5.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(schedule: Schedule, warmup: usize, t: u64) -> f64 {
        let clock = Clock { t, epoch: (t as usize - 1) / 10, steps: 10, epochs: 8 };
        Rate { schedule, eta0: 0.5, warmup }.at(&clock, 0.5)
    }

    #[test]
    fn schedules_follow_their_formulas() {
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-15 * b.abs(), "{a} is not {b}");
        for t in [1, 2, 9, 10, 11, 37, 80] {
            let u = t as f64;
            near(at(Schedule::Constant, 0, t), 0.5);
            near(at(Schedule::Adaptive, 0, t), 0.5);
            near(at(Schedule::InvScaling { power: 0.25 }, 0, t), 0.5 / u.sqrt().sqrt());
            near(at(Schedule::optimal(0.0001), 0, t), 1.0 / (0.0001 * (1000.0 + u - 1.0)));
            near(at(Schedule::Cosine, 0, t), 0.25 * (1.0 + ((u - 1.0) / 80.0 * std::f64::consts::PI).cos()));
            let halvings = ((t - 1) / 20) as i32;
            near(at(Schedule::Step { every: 2, factor: 0.5 }, 0, t), 0.5 * 0.5f64.powi(halvings));
        }
        // torch.optim.lr_scheduler.OneCycleLR(max_lr=0.5, total_steps=80)
        near(at(Schedule::OneCycle, 0, 1), 0.02);
        near(at(Schedule::OneCycle, 0, 24), 0.5);
        assert!((at(Schedule::OneCycle, 0, 80) - 2e-6).abs() < 1e-15);
        assert_eq!(at(Schedule::Constant, 2, 5), 0.125);
        assert_eq!(at(Schedule::Constant, 2, 20), 0.5);
        assert_eq!(at(Schedule::Cosine, 0, 90), 0.0);
    }

    #[test]
    fn level_rates_are_level() {
        let schedules = [
            Schedule::Constant,
            Schedule::InvScaling { power: 0.5 },
            Schedule::optimal(0.1),
            Schedule::Adaptive,
            Schedule::Cosine,
            Schedule::Step { every: 1, factor: 0.9 },
            Schedule::OneCycle,
        ];
        for schedule in schedules {
            for warmup in [0, 2] {
                let rate = Rate { schedule, eta0: 0.5, warmup };
                for epoch in 0..4 {
                    let clock = |step| Clock { t: (epoch * 5 + step + 1) as u64, epoch, steps: 5, epochs: 4 };
                    let first = rate.at(&clock(0), 0.5);
                    let same = (0..5).all(|step| rate.at(&clock(step), 0.5) == first);
                    assert_eq!(rate.is_level(&clock(0)), same, "{rate:?} in epoch {epoch}");
                }
            }
        }
    }

    #[test]
    fn adaptive_gives_up_below_the_least_rate() {
        let rate = Rate { schedule: Schedule::Adaptive, eta0: 0.1, warmup: 0 };
        let rates: Vec<f64> = std::iter::successors(Some(0.1), |&eta| rate.lower(eta)).collect();
        assert_eq!(rates.len(), 9);
        assert!(rates[8] <= LEAST_RATE && rates[7] > LEAST_RATE);
        assert_eq!(Rate { schedule: Schedule::Constant, ..rate }.lower(0.1), None);
    }
}
