//! A candidate's hyperparameters as the solvers read them.
//!
//! ```text
//! minimise   1/2 sum_i w_i (y_i - x_i b - b0)^2 + l1 |b|_1 + l2/2 |b|_2^2      over b (and b0)
//! subject to b >= 0 if positive
//! ```
//!
//! Ridge's alpha is l2. Lasso and elastic net penalise the mean loss: l1 = alpha l1_ratio sum(w) and
//! l2 = alpha (1 - l1_ratio) sum(w).

use crate::candidate::{Candidate, Reader, Value, as_float, wrong};
use crate::error::{Error, Result};

/// The families of linear regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linear {
    LeastSquares,
    Ridge,
    Lasso,
    ElasticNet,
}

impl Linear {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "linear" => Linear::LeastSquares,
            "ridge" => Linear::Ridge,
            "lasso" => Linear::Lasso,
            "elastic_net" => Linear::ElasticNet,
            _ => return None,
        })
    }
}

/// What candidates must have in common to share a factorisation or a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shared {
    pub fit_intercept: bool,
    pub positive: bool,
    pub l1_ratio: f64,
    pub tol: f64,
    pub max_iter: usize,
    /// The seed of the order of coordinates; `None` is cyclic.
    pub shuffled: Option<u64>,
    /// Never by normal equations.
    pub orthogonal: bool,
    /// Directions in which X varies by less than this share of the most are left out without a penalty;
    /// `None`: by less than rounding.
    pub cutoff: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// One for all targets, or one each.
    pub alpha: Vec<f64>,
    /// Whether the penalty is relative to the mean loss.
    pub of_mean: bool,
    pub shared: Shared,
}

/// The penalty of one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

/// Passes over the coordinates where no hyperparameter bounds them.
const MANY: usize = 100_000;
/// Least squares with b >= 0 are solved to this precision.
const EXACT: f64 = 1e-12;

impl Settings {
    pub fn parse(family: Linear, candidate: &Candidate, n_targets: usize) -> Result<Self> {
        let mut reader = Reader::new(candidate);
        let settings = match family {
            Linear::LeastSquares => least_squares(&mut reader)?,
            Linear::Ridge => ridge(&mut reader)?,
            Linear::Lasso => coordinate(&mut reader, Some(1.0))?,
            Linear::ElasticNet => coordinate(&mut reader, None)?,
        };
        reader.finish()?;
        let n_alphas = settings.alpha.len();
        if n_alphas != 1 && n_alphas != n_targets {
            return Err(Error::invalid(format!("alpha has {n_alphas} values for {n_targets} targets of y")));
        }
        Ok(settings)
    }

    /// The penalty of a target where the weights of the training rows sum to `weight`.
    pub fn penalty(&self, target: usize, weight: f64) -> Penalty {
        let alpha = if self.alpha.len() == 1 { self.alpha[0] } else { self.alpha[target] };
        let scale = if self.of_mean { alpha * weight } else { alpha };
        let share = self.shared.l1_ratio;
        Penalty { l1: share * scale, l2: (1.0 - share) * scale }
    }

    /// Whether a linear system has the solution.
    pub fn is_linear(&self) -> bool {
        !self.shared.positive && (self.shared.l1_ratio == 0.0 || self.alpha.iter().all(|&a| a == 0.0))
    }
}

fn least_squares(reader: &mut Reader<'_>) -> Result<Settings> {
    let (fit_intercept, positive) = (reader.bool("fit_intercept")?, reader.bool("positive")?);
    let cutoff = Some(reader.float("tol", 0.0, f64::INFINITY)?);
    let shared = Shared {
        fit_intercept,
        positive,
        l1_ratio: 0.0,
        tol: EXACT,
        max_iter: MANY,
        shuffled: None,
        orthogonal: false,
        cutoff,
    };
    Ok(Settings { alpha: vec![0.0], of_mean: false, shared })
}

fn ridge(reader: &mut Reader<'_>) -> Result<Settings> {
    let shared = Shared {
        fit_intercept: reader.bool("fit_intercept")?,
        positive: reader.bool("positive")?,
        l1_ratio: 0.0,
        tol: reader.float("tol", 0.0, f64::INFINITY)?,
        max_iter: reader.optional_count("max_iter", 1)?.unwrap_or(MANY),
        shuffled: None,
        orthogonal: reader.text("solver")? == "svd",
        cutoff: None,
    };
    Ok(Settings { alpha: alphas(reader)?, of_mean: false, shared })
}

fn coordinate(reader: &mut Reader<'_>, l1_ratio: Option<f64>) -> Result<Settings> {
    let l1_ratio = l1_ratio.map_or_else(|| reader.float("l1_ratio", 0.0, 1.0), Ok)?;
    let seed = reader.seed("random_state")?;
    let shared = Shared {
        fit_intercept: reader.bool("fit_intercept")?,
        positive: reader.bool("positive")?,
        l1_ratio,
        tol: reader.float("tol", 0.0, f64::INFINITY)?,
        max_iter: reader.optional_count("max_iter", 1)?.unwrap_or(MANY),
        shuffled: (reader.text("selection")? == "random").then_some(seed),
        orthogonal: false,
        cutoff: None,
    };
    Ok(Settings { alpha: alphas(reader)?, of_mean: true, shared })
}

fn alphas(reader: &mut Reader<'_>) -> Result<Vec<f64>> {
    let value = reader.take("alpha")?;
    let alphas = match value {
        Value::Lists(lists) if lists.len() == 1 => lists[0].clone(),
        other => as_float(other).into_iter().collect(),
    };
    if alphas.is_empty() || alphas.iter().any(|a| !a.is_finite() || *a < 0.0) {
        return Err(wrong("alpha", value, "a finite number >= 0, or one for each target"));
    }
    Ok(alphas)
}
