//! The hyperparameters of logistic regression, checked. What lies here needs no further check.

use crate::candidate::{Candidate, Reader, Value, wrong};
use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    None,
    Balanced,
    /// Per class code.
    Given(Vec<f64>),
}

/// The hyperparameters of one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Inverse strength of the penalty; infinite: none.
    pub c: f64,
    pub l1_ratio: f64,
    pub fit_intercept: bool,
    /// The constant feature whose weight makes the intercept, and is penalised like any other (LIBLINEAR);
    /// `None`: an intercept without a penalty.
    pub intercept_scaling: Option<f64>,
    pub class_weight: ClassWeight,
    pub tol: f64,
    pub max_iter: usize,
    /// Begin where the last fit ended.
    pub warm_start: bool,
}

impl Settings {
    /// Reads a candidate; errors name the hyperparameter.
    pub fn parse(candidate: &Candidate, n_classes: usize) -> Result<Self> {
        let mut reader = Reader::new(candidate);
        let settings = Settings {
            c: reader.float("C", 0.0, f64::INFINITY)?,
            l1_ratio: reader.float("l1_ratio", 0.0, 1.0)?,
            fit_intercept: reader.bool("fit_intercept")?,
            intercept_scaling: scaling(reader.take("intercept_scaling")?)?,
            class_weight: class_weight(reader.take("class_weight")?, n_classes)?,
            tol: reader.float("tol", 0.0, f64::INFINITY)?,
            max_iter: reader.count("max_iter", 0)?,
            warm_start: reader.bool("warm_start")?,
        };
        reader.finish()?;
        if settings.c == 0.0 {
            return Err(Error::invalid("C must be a number > 0; got 0"));
        }
        Ok(settings)
    }
}

fn scaling(value: &Value) -> Result<Option<f64>> {
    match value {
        Value::None => Ok(None),
        Value::Float(scaling) if *scaling > 0.0 && scaling.is_finite() => Ok(Some(*scaling)),
        Value::Int(scaling) if *scaling > 0 => Ok(Some(*scaling as f64)),
        _ => Err(wrong("intercept_scaling", value, "None or a number > 0")),
    }
}

fn class_weight(value: &Value, n_classes: usize) -> Result<ClassWeight> {
    match value {
        Value::None => Ok(ClassWeight::None),
        Value::Text(name) if name == "balanced" => Ok(ClassWeight::Balanced),
        Value::Lists(lists)
            if lists.len() == 1
                && lists[0].len() == n_classes
                && lists[0].iter().all(|weight| weight.is_finite() && *weight >= 0.0) =>
        {
            Ok(ClassWeight::Given(lists[0].clone()))
        }
        _ => Err(wrong("class_weight", value, "None, balanced or a weight >= 0 for every class")),
    }
}
