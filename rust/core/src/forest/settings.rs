//! The hyperparameters of forests, checked. What lies here needs no further check.
//!
//! They fall in two parts: `Shared` must be equal for candidates to be served by the same grown
//! trees; `Free` only cuts those trees, or their number, short.

use super::bins::MAX_BINS;
use super::rules::{Rules, Truncation};
use crate::candidate::{Amount, Candidate, Reader, Value, as_amount, as_float, wrong};
use crate::data::Data;
use crate::error::{Error, Result};

/// Trees beyond this depth cannot be: every level parts at least one row.
const NO_LIMIT: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    Gini,
    Entropy,
    SquaredError,
    AbsoluteError,
    Poisson,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxFeatures {
    All,
    Sqrt,
    Log2,
    Of(Amount),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    None,
    Balanced,
    BalancedSubsample,
    /// Per output, per class code.
    Given(Vec<Vec<f64>>),
}

/// All that changes which splits are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    pub criterion: Criterion,
    pub random_cuts: bool,
    pub min_weight_fraction_leaf: f64,
    pub max_features: MaxFeatures,
    pub bootstrap: bool,
    pub max_samples: Option<Amount>,
    pub class_weight: ClassWeight,
    pub monotonic: Option<Vec<i8>>,
    pub max_bins: Option<usize>,
    pub seed: u64,
}

/// All that is a truncation.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    pub n_estimators: usize,
    pub max_depth: Option<usize>,
    pub min_samples_split: Amount,
    pub min_samples_leaf: Amount,
    pub min_impurity_decrease: f64,
    pub max_leaf_nodes: Option<usize>,
    pub ccp_alpha: f64,
}

/// The hyperparameters of one forest.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub shared: Shared,
    pub free: Free,
}

impl Settings {
    /// Reads a candidate; errors name the hyperparameter.
    pub fn parse(candidate: &Candidate, data: &Data<'_>) -> Result<Self> {
        let mut reader = Reader::new(candidate);
        let settings = Settings {
            free: Free {
                n_estimators: reader.count("n_estimators", 1)?,
                max_depth: reader.optional_count("max_depth", 1)?,
                min_samples_split: reader.amount("min_samples_split", 2)?,
                min_samples_leaf: reader.amount("min_samples_leaf", 1)?,
                min_impurity_decrease: reader.float("min_impurity_decrease", 0.0, f64::INFINITY)?,
                max_leaf_nodes: reader.optional_count("max_leaf_nodes", 2)?,
                ccp_alpha: reader.float("ccp_alpha", 0.0, f64::INFINITY)?,
            },
            shared: Shared {
                criterion: criterion(reader.text("criterion")?, !data.n_classes.is_empty())?,
                random_cuts: splitter(reader.text("splitter")?)?,
                min_weight_fraction_leaf: reader.float("min_weight_fraction_leaf", 0.0, 0.5)?,
                max_features: max_features(reader.take("max_features")?)?,
                bootstrap: reader.bool("bootstrap")?,
                max_samples: max_samples(reader.take("max_samples")?)?,
                class_weight: class_weight(reader.take("class_weight")?, data)?,
                monotonic: monotonic(reader.take("monotonic_cst")?, data)?,
                max_bins: max_bins(reader.take("max_bins")?)?,
                seed: reader.seed("random_state")?,
            },
        };
        reader.finish()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if self.shared.max_samples.is_some() && !self.shared.bootstrap {
            return Err(Error::invalid(
                "max_samples has no meaning without bootstrap: set bootstrap=True or max_samples=None",
            ));
        }
        Ok(())
    }

    /// The rules of truncation for n training rows.
    pub fn truncation(&self, n: usize) -> Truncation {
        let leaf = self.free.min_samples_leaf.rows(n).clamp(1, u32::MAX as usize);
        let split = self.free.min_samples_split.rows(n).max(2).max(2 * leaf);
        Truncation {
            max_depth: self.free.max_depth.map_or(NO_LIMIT, |depth| depth.min(NO_LIMIT as usize) as u32),
            min_samples_split: split.min(u32::MAX as usize) as u32,
            min_samples_leaf: leaf as u32,
            min_impurity_decrease: self.free.min_impurity_decrease,
            max_leaf_nodes: self.free.max_leaf_nodes.map(|leaves| leaves.min(NO_LIMIT as usize) as u32),
            ccp_alpha: self.free.ccp_alpha,
        }
    }
}

impl Shared {
    /// The rules by which trees on d columns grow that hold all of `truncations`.
    pub fn rules(&self, d: usize, truncations: &[Truncation]) -> Rules {
        let mut leaves: Vec<u32> = truncations.iter().map(|t| t.min_samples_leaf).collect();
        leaves.sort_unstable();
        leaves.dedup();
        Rules {
            truncation: Truncation::loosest(truncations),
            leaves,
            min_weight_fraction_leaf: self.min_weight_fraction_leaf,
            max_features: self.max_features.columns(d),
            random_cuts: self.random_cuts,
            monotonic: self.monotonic.clone(),
        }
    }
}

impl Amount {
    /// The number of rows, a fraction rounded up.
    fn rows(self, n: usize) -> usize {
        match self {
            Amount::Count(count) => count,
            Amount::Fraction(fraction) => (fraction * n as f64).ceil() as usize,
        }
    }
}

impl MaxFeatures {
    /// The number of columns tried at a node.
    pub fn columns(self, d: usize) -> usize {
        let columns = match self {
            MaxFeatures::All => d,
            MaxFeatures::Sqrt => (d as f64).sqrt() as usize,
            MaxFeatures::Log2 => (d as f64).log2() as usize,
            MaxFeatures::Of(Amount::Count(count)) => count,
            MaxFeatures::Of(Amount::Fraction(fraction)) => (fraction * d as f64) as usize,
        };
        columns.clamp(1, d)
    }
}

fn criterion(name: &str, classification: bool) -> Result<Criterion> {
    let allowed = if classification {
        "one of gini, entropy, log_loss"
    } else {
        "one of squared_error, absolute_error, poisson"
    };
    match (name, classification) {
        ("gini", true) => Ok(Criterion::Gini),
        ("entropy" | "log_loss", true) => Ok(Criterion::Entropy),
        ("squared_error", false) => Ok(Criterion::SquaredError),
        ("absolute_error", false) => Ok(Criterion::AbsoluteError),
        ("poisson", false) => Ok(Criterion::Poisson),
        _ => Err(wrong("criterion", &Value::Text(name.to_owned()), allowed)),
    }
}

fn splitter(name: &str) -> Result<bool> {
    match name {
        "best" => Ok(false),
        "random" => Ok(true),
        _ => Err(wrong("splitter", &Value::Text(name.to_owned()), "best or random")),
    }
}

fn max_features(value: &Value) -> Result<MaxFeatures> {
    let refuse = || wrong("max_features", value, "sqrt, log2, None, an integer >= 1 or a fraction in (0, 1]");
    match value {
        Value::None => Ok(MaxFeatures::All),
        Value::Text(name) if name == "sqrt" => Ok(MaxFeatures::Sqrt),
        Value::Text(name) if name == "log2" => Ok(MaxFeatures::Log2),
        _ => as_amount(value, 1).map(MaxFeatures::Of).ok_or_else(refuse),
    }
}

/// A fraction may exceed 1: rows are drawn with replacement.
fn max_samples(value: &Value) -> Result<Option<Amount>> {
    match value {
        Value::None => Ok(None),
        Value::Int(count) if *count >= 1 => Ok(Some(Amount::Count(*count as usize))),
        Value::Float(fraction) if *fraction > 0.0 && fraction.is_finite() => {
            Ok(Some(Amount::Fraction(*fraction)))
        }
        _ => Err(wrong("max_samples", value, "None, an integer >= 1 or a fraction > 0")),
    }
}

fn class_weight(value: &Value, data: &Data<'_>) -> Result<ClassWeight> {
    match value {
        Value::None => Ok(ClassWeight::None),
        Value::Text(name) if name == "balanced" => Ok(ClassWeight::Balanced),
        Value::Text(name) if name == "balanced_subsample" => Ok(ClassWeight::BalancedSubsample),
        Value::Lists(lists)
            if lists.len() == data.n_classes.len()
                && lists.iter().zip(data.n_classes).all(|(list, &k)| list.len() == k)
                && lists.iter().flatten().all(|weight| weight.is_finite() && *weight >= 0.0) =>
        {
            Ok(ClassWeight::Given(lists.clone()))
        }
        _ => Err(wrong(
            "class_weight",
            value,
            "None, balanced, balanced_subsample or a weight >= 0 for every class",
        )),
    }
}

fn monotonic(value: &Value, data: &Data<'_>) -> Result<Option<Vec<i8>>> {
    let refuse = || wrong("monotonic_cst", value, "None or one of -1, 0, 1 for every column");
    let signs = match value {
        Value::None => return Ok(None),
        Value::Ints(signs) => signs,
        _ => return Err(refuse()),
    };
    if signs.len() != data.d || signs.iter().any(|sign| !(-1..=1).contains(sign)) {
        return Err(refuse());
    }
    if data.n_outputs > 1 || data.n_classes.first().is_some_and(|&k| k > 2) {
        return Err(Error::invalid("monotonic_cst is supported for one output and at most two classes"));
    }
    if signs.iter().zip(data.x.categorical).any(|(&sign, &categorical)| sign != 0 && categorical) {
        return Err(Error::invalid("monotonic_cst must be 0 for categorical columns: they have no order"));
    }
    Ok(signs.iter().any(|&sign| sign != 0).then(|| signs.iter().map(|&sign| sign as i8).collect()))
}

fn max_bins(value: &Value) -> Result<Option<usize>> {
    match (value, as_float(value)) {
        (Value::None, _) => Ok(None),
        (Value::Int(bins), _) if (2..=MAX_BINS as i64).contains(bins) => Ok(Some(*bins as usize)),
        _ => Err(wrong("max_bins", value, "None or an integer in [2, 65535]")),
    }
}
