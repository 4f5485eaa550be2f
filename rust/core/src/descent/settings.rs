//! The hyperparameters of descent on linear models, checked. What lies here needs no further check.
//!
//! Candidates with equal `Shared` see the same batches and go through the same loops: they run side by side.

use super::loss::Loss;
use super::optimiser::{Optimiser, Rule};
use super::penalty::Penalty;
use super::schedule::{Rate, Schedule};
use crate::candidate::{Candidate, Reader, Value, as_float, wrong};
use crate::class_weight::ClassWeight;
use crate::data::Data;
use crate::error::{Error, Result};

/// Names of the schedules and the optimisers.
const SCHEDULES: [&str; 6] = ["constant", "optimal", "invscaling", "adaptive", "cosine", "step"];
const OPTIMISERS: [&str; 3] = ["sgd", "adam", "adamw"];

/// What candidates must have in common to run side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shared {
    pub loss: Loss,
    pub optimiser: Optimiser,
    pub batch_size: usize,
    pub shuffle: bool,
    pub seed: u64,
    /// The share of the rows that tells when to stop; none: the training loss does.
    pub validation: Option<f64>,
    /// Whether means of the parameters are kept, and whether gradients are clipped.
    pub averaged: bool,
    pub clipped: bool,
    /// Go on from where the start's training stopped, instead of from its parameters alone.
    pub resume: bool,
}

/// What every candidate has for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    pub rate: Rate,
    pub rule: Rule,
    pub penalty: Penalty,
    /// Of the loss.
    pub epsilon: f64,
    pub clip_norm: f64,
    /// The first step whose parameters enter the mean; 0: no mean.
    pub average: u64,
    pub fit_intercept: bool,
    /// Improvement below this is none; minus infinity: never stop early.
    pub tol: f64,
    pub n_iter_no_change: usize,
    pub class_weight: ClassWeight,
    /// Epochs that the schedule plans with: `max_iter` if it looks at them, else 0.
    pub planned: usize,
}

/// The hyperparameters of one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub shared: Shared,
    pub own: Own,
    /// The only free one: fewer epochs are a prefix of more.
    pub max_iter: usize,
}

impl Settings {
    /// Reads a candidate; errors name the hyperparameter.
    pub fn parse<X>(candidate: &Candidate, data: &Data<'_, X>) -> Result<Self> {
        let mut reader = Reader::new(candidate);
        let max_iter = reader.count("max_iter", 1)?;
        let alpha = reader.float("alpha", 0.0, f64::INFINITY)?;
        let clip_norm = optional(&mut reader, "clip_norm", f64::MIN_POSITIVE)?;
        let early = reader.bool("early_stopping")?;
        let fraction = reader.float("validation_fraction", 0.0, 1.0)?;
        let average = average(reader.take("average")?)?;
        let rate = rate(&mut reader, "eta0", &SCHEDULES, alpha)?;
        let optimiser = ("optimizer", reader.text("optimizer")?);
        let rule = rule(&mut reader, optimiser, &OPTIMISERS, "adam_epsilon")?;
        let settings = Settings {
            shared: Shared {
                loss: loss(reader.text("loss")?, !data.n_classes.is_empty())?,
                optimiser: rule.optimiser,
                batch_size: reader.count("batch_size", 1)?,
                shuffle: reader.bool("shuffle")?,
                seed: reader.seed("random_state")?,
                validation: early.then_some(fraction),
                averaged: average > 0,
                clipped: clip_norm.is_some(),
                resume: reader.bool("resume")?,
            },
            own: Own {
                rate,
                rule,
                penalty: penalty(&mut reader, alpha)?,
                epsilon: reader.float("epsilon", 0.0, f64::INFINITY)?,
                clip_norm: clip_norm.unwrap_or(f64::INFINITY),
                average,
                fit_intercept: reader.bool("fit_intercept")?,
                tol: optional(&mut reader, "tol", 0.0)?.unwrap_or(f64::NEG_INFINITY),
                n_iter_no_change: reader.count("n_iter_no_change", 1)?,
                class_weight: ClassWeight::parse(reader.take("class_weight")?, data.n_classes)?,
                planned: if rate.schedule == Schedule::Cosine { max_iter } else { 0 },
            },
            max_iter,
        };
        reader.finish()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if self.shared.resume && self.own.rate.schedule == Schedule::Cosine {
            return Err(Error::invalid(
                "learning_rate='cosine' must know how many steps there will be: use fit, or another schedule",
            ));
        }
        Ok(())
    }
}

/// A finite number not below `least`, or none.
pub fn optional(reader: &mut Reader<'_>, name: &str, least: f64) -> Result<Option<f64>> {
    match reader.take(name)? {
        Value::None => Ok(None),
        value => match as_float(value) {
            Some(number) if number >= least && number.is_finite() => Ok(Some(number)),
            _ => Err(wrong(name, value, &format!("None or a number >= {least}"))),
        },
    }
}

fn loss(name: &str, classification: bool) -> Result<Loss> {
    match Loss::parse(name) {
        Some(loss) if classification || !loss.is_of_margins() => Ok(loss),
        _ => {
            let allowed = "squared_error, huber, epsilon_insensitive or squared_epsilon_insensitive; for \
                           classes also log_loss, hinge, squared_hinge, perceptron or modified_huber";
            Err(wrong("loss", &Value::Text(name.to_owned()), allowed))
        }
    }
}

/// How long steps are: `eta0` is what the first rate is called, `schedules` are the names to choose from, and
/// `alpha` is what `optimal` is computed from.
pub fn rate(reader: &mut Reader<'_>, eta0: &str, schedules: &[&str], alpha: f64) -> Result<Rate> {
    let power = reader.float("power_t", 0.0, f64::MAX)?;
    let every = reader.count("step_every", 1)?;
    let factor = reader.float("step_factor", 0.0, 1.0)?;
    let name = reader.text("learning_rate")?;
    let schedule = match name {
        "constant" => Some(Schedule::Constant),
        "invscaling" => Some(Schedule::InvScaling { power }),
        "adaptive" => Some(Schedule::Adaptive),
        "cosine" => Some(Schedule::Cosine),
        "step" => Some(Schedule::Step { every, factor }),
        "one_cycle" => Some(Schedule::OneCycle),
        "optimal" => Some(Schedule::optimal(alpha)),
        _ => None,
    };
    let schedule = among("learning_rate", name, schedules, schedule)?;
    if matches!(schedule, Schedule::Optimal { .. }) && alpha <= 0.0 {
        return Err(Error::invalid(
            "alpha must be > 0 with learning_rate='optimal', which is computed from it",
        ));
    }
    let eta0 = reader.float(eta0, f64::MIN_POSITIVE, f64::MAX)?;
    Ok(Rate { schedule, eta0, warmup: reader.count("warmup_epochs", 0)? })
}

/// How parameters follow their gradients: `given` is the value of the hyperparameter `name`, `optimisers` are
/// the names to choose from, and `epsilon` is what Adam's is called.
pub fn rule(
    reader: &mut Reader<'_>,
    (name, given): (&str, &str),
    optimisers: &[&str],
    epsilon: &str,
) -> Result<Rule> {
    let momentum = reader.float("momentum", 0.0, 1.0)?;
    let nesterov = reader.bool("nesterovs_momentum")?;
    let weight_decay = reader.float("weight_decay", 0.0, f64::MAX)?;
    let optimiser = match given {
        "sgd" if momentum == 0.0 => Some(Optimiser::Plain),
        "sgd" if nesterov => Some(Optimiser::Nesterov),
        // lbfgs makes steps of its own.
        "sgd" | "lbfgs" => Some(Optimiser::HeavyBall),
        "adam" | "adamw" => Some(Optimiser::Adam),
        "rmsprop" => Some(Optimiser::RmsProp),
        _ => None,
    };
    Ok(Rule {
        optimiser: among(name, given, optimisers, optimiser)?,
        momentum,
        beta_1: below_one(reader, "beta_1")?,
        beta_2: below_one(reader, "beta_2")?,
        epsilon: reader.float(epsilon, f64::MIN_POSITIVE, f64::MAX)?,
        weight_decay: if given == "adamw" { weight_decay } else { 0.0 },
    })
}

/// What a name stands for, if it is one of those allowed.
fn among<T>(name: &str, given: &str, allowed: &[&str], found: Option<T>) -> Result<T> {
    let refused = || wrong(name, &Value::Text(given.to_owned()), &format!("one of {}", allowed.join(", ")));
    found.filter(|_| allowed.contains(&given)).ok_or_else(refused)
}

/// A number in [0, 1): Adam's correction divides by 1 - beta^t.
fn below_one(reader: &mut Reader<'_>, name: &str) -> Result<f64> {
    let value = reader.float(name, 0.0, 1.0)?;
    if value < 1.0 { Ok(value) } else { Err(wrong(name, &Value::Float(value), "a number in [0, 1)")) }
}

fn penalty(reader: &mut Reader<'_>, alpha: f64) -> Result<Penalty> {
    let kind = reader.take("penalty")?;
    let l1_ratio = optional(reader, "l1_ratio", 0.0)?;
    let share = match (kind, l1_ratio) {
        (Value::None, _) => return Ok(Penalty::default()),
        (Value::Text(name), _) if name == "l2" => 0.0,
        (Value::Text(name), _) if name == "l1" => 1.0,
        (Value::Text(name), Some(share)) if name == "elasticnet" && share <= 1.0 => share,
        (Value::Text(name), _) if name == "elasticnet" => {
            return Err(Error::invalid("l1_ratio must be a number in [0, 1] with penalty='elasticnet'"));
        }
        _ => return Err(wrong("penalty", kind, "l2, l1, elasticnet or None")),
    };
    Ok(Penalty { l1: alpha * share, l2: alpha * (1.0 - share) })
}

/// True is from the first step on.
fn average(value: &Value) -> Result<u64> {
    match value {
        Value::Bool(on) => Ok(u64::from(*on)),
        Value::Int(first) if *first >= 0 => Ok(*first as u64),
        _ => Err(wrong("average", value, "True, False or an integer >= 1")),
    }
}
