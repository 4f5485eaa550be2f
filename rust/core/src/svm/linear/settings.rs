//! Hyperparameters of the linear machines: which there are and what is legal.

use crate::candidate::{Candidate, Reader, Value, wrong};
use crate::class_weight::ClassWeight;
use crate::data::Data;
use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Hinge,
    SquaredHinge,
    Insensitive,
    SquaredInsensitive,
}

impl Loss {
    pub fn squared(self) -> bool {
        matches!(self, Loss::SquaredHinge | Loss::SquaredInsensitive)
    }
}

/// Which algorithm solves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    Dual,
    Newton,
    Lasso,
    CrammerSinger,
}

/// One candidate, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub c: f64,
    pub loss: Loss,
    pub epsilon: f64,
    lasso: bool,
    crammer_singer: bool,
    /// `None` chooses by the shape of X.
    dual: Option<bool>,
    pub tol: f64,
    pub max_iter: usize,
    /// What the column of the intercept holds; 0 without an intercept.
    pub bias: f64,
    pub class_weight: ClassWeight,
    pub seed: u64,
}

impl Settings {
    pub fn parse<X>(candidate: &Candidate, data: &Data<'_, X>) -> Result<Self> {
        let mut read = Reader::new(candidate);
        let classes = data.n_classes.first().copied();
        let loss = match (read.text("loss")?, classes) {
            ("hinge", Some(_)) => Loss::Hinge,
            ("squared_hinge", Some(_)) => Loss::SquaredHinge,
            ("epsilon_insensitive", None) => Loss::Insensitive,
            ("squared_epsilon_insensitive", None) => Loss::SquaredInsensitive,
            (other, _) => return Err(Error::invalid(format!("loss='{other}' is not supported"))),
        };
        let dual = match read.take("dual")? {
            Value::Text(text) if text == "auto" => None,
            Value::Bool(dual) => Some(*dual),
            value => return Err(wrong("dual", value, "'auto', True or False")),
        };
        let (lasso, crammer_singer, class_weight) = match classes {
            None => (false, false, ClassWeight::None),
            Some(k) => {
                let lasso = match read.text("penalty")? {
                    "l1" => true,
                    "l2" => false,
                    other => return Err(Error::invalid(format!("penalty='{other}' is not supported"))),
                };
                let crammer = match read.text("multi_class")? {
                    "ovr" => false,
                    "crammer_singer" => true,
                    other => return Err(Error::invalid(format!("multi_class='{other}' is not supported"))),
                };
                (lasso, crammer, ClassWeight::parse(read.take("class_weight")?, &[k])?)
            }
        };
        let epsilon = if classes.is_none() { read.float("epsilon", 0.0, f64::MAX)? } else { 0.0 };
        let scaling = read.float("intercept_scaling", f64::MIN, f64::MAX)?;
        let bias = if read.bool("fit_intercept")? { scaling } else { 0.0 };
        let settings = Settings {
            c: read.float("C", f64::MIN_POSITIVE, f64::MAX)?,
            loss,
            epsilon,
            lasso,
            crammer_singer,
            dual,
            tol: read.float("tol", f64::MIN_POSITIVE, f64::MAX)?,
            max_iter: read.count("max_iter", 0)?,
            bias,
            class_weight,
            seed: read.seed("random_state")?,
        };
        read.finish()?;
        settings.solver(data.n, data.d)?;
        Ok(settings)
    }

    /// What solves it on n rows and d columns; an error names the combination that has no solver.
    pub fn solver(&self, n: usize, d: usize) -> Result<Solver> {
        if self.crammer_singer {
            return Ok(Solver::CrammerSinger);
        }
        let refuse = |what: &str| Err(Error::invalid(format!("Unsupported set of arguments: {what}")));
        match (self.lasso, self.loss.squared(), self.dual) {
            (true, false, _) => refuse("The combination of penalty='l1' and loss='hinge' is not supported"),
            (true, true, Some(true)) => refuse(
                "The combination of penalty='l1' and loss='squared_hinge' are not supported when dual=True",
            ),
            (true, true, _) => Ok(Solver::Lasso),
            (false, false, Some(false)) => {
                let loss = if self.loss == Loss::Hinge { "hinge" } else { "epsilon_insensitive" };
                refuse(&format!(
                    "The combination of penalty='l2' and loss='{loss}' are not supported when dual=False"
                ))
            }
            (false, false, _) | (false, true, Some(true)) => Ok(Solver::Dual),
            (false, true, Some(false)) => Ok(Solver::Newton),
            (false, true, None) => Ok(if n < d { Solver::Dual } else { Solver::Newton }),
        }
    }

    /// The same problem at another C: what one warm path serves.
    pub fn same_path(&self, other: &Self) -> bool {
        Settings { c: 0.0, ..self.clone() } == Settings { c: 0.0, ..other.clone() }
    }
}
