//! The hyperparameters of a candidate, and what candidates must have in common to see the same batches.

use super::activation::Activation;
use super::loss::{Loss, Output};
use super::plan::Start;
use super::sample::n_targets;
use crate::candidate::{Candidate, Reader, Value, wrong};
use crate::class_weight::ClassWeight;
use crate::data::Data;
use crate::descent::optimiser::Rule;
use crate::descent::schedule::{Rate, Schedule};
use crate::descent::settings::{optional, rate, rule};
use crate::error::{Error, Result};
use crate::matrix::Matrix;

/// Names of the schedules and the solvers.
const SCHEDULES: [&str; 6] = ["constant", "invscaling", "adaptive", "cosine", "step", "one_cycle"];
const SOLVERS: [&str; 5] = ["sgd", "adam", "adamw", "rmsprop", "lbfgs"];

/// What candidates that train side by side have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub single: bool,
    pub seed: u64,
    pub shuffle: bool,
    /// Rows of a batch; `None`: 200, or all if fewer.
    pub batch_size: Option<usize>,
    /// The share of the rows that is kept back, if any.
    pub held_back: Option<f64>,
    pub class_weight: ClassWeight,
    /// All rows at each step.
    pub lbfgs: bool,
}

/// Which parameters are kept in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Last,
    /// Those of the epoch with the best validation score, or without one the least training loss.
    Best,
}

/// What is taken over from a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    No,
    /// Parameters.
    Parameters,
    /// Parameters, memory of the optimiser, and the clock.
    All,
}

/// What one network has of its own, but for the number of epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    pub hidden: Vec<usize>,
    pub activations: Vec<Activation>,
    pub output: Output,
    pub loss: Loss,
    pub start: Start,
    pub norm: bool,
    pub dropout: f64,
    pub alpha: f64,
    pub rule: Rule,
    pub rate: Rate,
    pub clip: Option<f64>,
    pub tol: f64,
    pub patience: usize,
    pub early_stopping: bool,
    pub keep: Keep,
    pub resume: Resume,
    pub max_fun: usize,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub shared: Shared,
    pub own: Own,
    pub epochs: usize,
}

impl Settings {
    pub fn parse(candidate: &Candidate, data: &Data<'_, Matrix<'_>>) -> Result<Self> {
        let mut read = Reader::new(candidate);
        let early_stopping = read.bool("early_stopping")?;
        let fraction = read.float("validation_fraction", 0.0, 1.0)?;
        let solver = read.text("solver")?;
        let shared = Shared {
            single: match read.text("dtype")? {
                "float32" => true,
                "float64" => false,
                other => return Err(wrong("dtype", &Value::Text(other.into()), "float32 or float64")),
            },
            seed: read.seed("random_state")?,
            shuffle: read.bool("shuffle")?,
            batch_size: read.optional_count("batch_size", 1)?,
            held_back: (early_stopping && solver != "lbfgs").then_some(fraction),
            class_weight: ClassWeight::parse(read.take("class_weight")?, data.n_classes)?,
            lbfgs: solver == "lbfgs",
        };
        let hidden = sizes(&mut read)?;
        let activations = activations(&mut read, hidden.len())?;
        let (output, loss) = target(&mut read, data)?;
        let own = Own {
            hidden,
            activations,
            output,
            loss,
            start: start(&mut read)?,
            norm: read.bool("batch_norm")?,
            dropout: read.float("dropout", 0.0, 0.999_999)?,
            alpha: read.float("alpha", 0.0, f64::MAX)?,
            rule: rule(&mut read, ("solver", solver), &SOLVERS, "epsilon")?,
            rate: rate(&mut read, "learning_rate_init", &SCHEDULES, 0.0)?,
            clip: optional(&mut read, "clip_norm", f64::MIN_POSITIVE)?,
            tol: read.float("tol", 0.0, f64::MAX)?,
            patience: read.count("n_iter_no_change", 1)?,
            early_stopping,
            keep: match (read.text("keep")?, early_stopping) {
                ("best", _) | ("auto", true) => Keep::Best,
                ("last" | "auto", _) => Keep::Last,
                (other, _) => return Err(wrong("keep", &Value::Text(other.into()), "auto, last or best")),
            },
            resume: match read.text("resume")? {
                "no" => Resume::No,
                "parameters" => Resume::Parameters,
                "all" => Resume::All,
                other => return Err(wrong("resume", &Value::Text(other.into()), "no, parameters or all")),
            },
            max_fun: read.count("max_fun", 1)?,
        };
        let epochs = read.count("max_iter", 1)?;
        read.finish()?;
        if shared.lbfgs && (own.norm || own.dropout > 0.0) {
            return Err(Error::invalid("batch_norm and dropout need batches: use another solver than lbfgs"));
        }
        Ok(Settings { shared, own, epochs })
    }

    /// Whether a run of more epochs begins with this one.
    pub fn is_prefix_of(&self, other: &Settings) -> bool {
        let bound = matches!(self.own.rate.schedule, Schedule::Cosine | Schedule::OneCycle);
        self.shared == other.shared
            && self.own == other.own
            && (self.epochs == other.epochs || !(bound || self.shared.lbfgs))
    }
}

fn sizes(read: &mut Reader<'_>) -> Result<Vec<usize>> {
    let name = "hidden_layer_sizes";
    match read.take(name)? {
        Value::Ints(sizes) if sizes.iter().all(|&size| size > 0) => {
            Ok(sizes.iter().map(|&size| size as usize).collect())
        }
        // A list without entries may be read as any list.
        Value::Lists(lists) if lists.is_empty() => Ok(Vec::new()),
        other => Err(wrong(name, other, "a list of integers > 0")),
    }
}

/// Names by hidden layer, between commas.
fn activations(read: &mut Reader<'_>, n: usize) -> Result<Vec<Activation>> {
    let names = read.text("activation")?;
    let found: Option<Vec<Activation>> =
        names.split(',').filter(|name| !name.is_empty()).map(Activation::parse).collect();
    match found {
        Some(activations) if activations.len() == n => Ok(activations),
        _ => Err(wrong("activation", &Value::Text(names.to_owned()), &format!("{n} known names"))),
    }
}

fn target(read: &mut Reader<'_>, data: &Data<'_, Matrix<'_>>) -> Result<(Output, Loss)> {
    let loss = read.text("loss")?;
    let delta = read.float("huber_delta", f64::MIN_POSITIVE, f64::MAX)?;
    let classes = !data.n_classes.is_empty();
    if classes && data.n_outputs > 1 && data.n_classes.iter().any(|&n_classes| n_classes > 2) {
        return Err(Error::invalid("several outputs must have two classes each"));
    }
    match loss {
        "log_loss" if classes && n_targets(data) > data.n_outputs => Ok((Output::Softmax, Loss::Log)),
        "log_loss" if classes => Ok((Output::Logistic, Loss::Log)),
        "squared_error" if !classes => Ok((Output::Identity, Loss::SquaredError)),
        "huber" if !classes => Ok((Output::Identity, Loss::Huber { delta })),
        "poisson" if !classes && data.y.iter().any(|&y| y < 0.0) => Err(Error::invalid(
            "Some value(s) of y are out of the valid range of the loss 'poisson': they must not be negative",
        )),
        "poisson" if !classes => Ok((Output::Exponential, Loss::Poisson)),
        other => Err(wrong("loss", &Value::Text(other.to_owned()), "a loss of the task")),
    }
}

fn start(read: &mut Reader<'_>) -> Result<Start> {
    match read.text("init")? {
        "glorot" => Ok(Start::Glorot),
        "he" => Ok(Start::He),
        "orthogonal" => Ok(Start::Orthogonal),
        other => Err(wrong("init", &Value::Text(other.to_owned()), "glorot, he or orthogonal")),
    }
}
