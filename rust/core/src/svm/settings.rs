//! Hyperparameters of the kernel machines: which there are and what is legal.

use super::kernel::{Kernel, Kind};
use super::machine::Machine;
use crate::candidate::{Candidate, Reader, Value, as_float, wrong};
use crate::class_weight::ClassWeight;
use crate::data::Data;
use crate::error::{Error, Result};

/// Which machines a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// C-SVC for classes, epsilon-SVR for numbers.
    Penalised,
    /// nu-SVC for classes, nu-SVR for numbers.
    Nu,
    OneClass,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gamma {
    /// 1 / (d var(X)) over the training rows.
    Scale,
    /// 1 / d
    Auto,
    Value(f64),
}

/// How decision values become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibration {
    /// Platt's sigmoid.
    Sigmoid,
    Isotonic,
}

/// How class pairs decide together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The first class of most votes.
    First,
    /// Of the classes of most votes that with the greatest sum of decision values.
    Confidence,
}

/// One candidate, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub machine: Machine,
    pub kind: Kind,
    pub gamma: Gamma,
    pub coef0: f64,
    pub degree: u32,
    pub tol: f64,
    pub max_iter: Option<usize>,
    pub shrinking: bool,
    /// Bytes of kernel rows that are kept.
    pub memory: usize,
    pub class_weight: ClassWeight,
    pub calibration: Option<Calibration>,
    pub ties: Ties,
    pub seed: u64,
}

impl Settings {
    pub fn parse<X>(candidate: &Candidate, which: Which, data: &Data<'_, X>) -> Result<Self> {
        let mut read = Reader::new(candidate);
        let classes = data.n_classes.first().copied();
        let positive = f64::MIN_POSITIVE;
        let machine = match (which, classes) {
            (Which::Penalised, Some(_)) => Machine::Penalised { c: read.float("C", positive, f64::MAX)? },
            (Which::Penalised, None) => Machine::Insensitive {
                c: read.float("C", positive, f64::MAX)?,
                epsilon: read.float("epsilon", 0.0, f64::MAX)?,
            },
            (Which::Nu, Some(_)) => Machine::NuClasses { nu: read.float("nu", positive, 1.0)? },
            (Which::Nu, None) => Machine::NuNumbers {
                c: read.float("C", positive, f64::MAX)?,
                nu: read.float("nu", positive, 1.0)?,
            },
            (Which::OneClass, None) => Machine::OneClass { nu: read.float("nu", positive, 1.0)? },
            (Which::OneClass, Some(_)) => return Err(Error::invalid("a one-class machine takes no classes")),
        };
        let kernel = read.text("kernel")?;
        let kind = Kind::parse(kernel)
            .ok_or_else(|| Error::invalid(format!("the kernel {kernel:?} is not known")))?;
        let gamma = match read.take("gamma")? {
            Value::Text(text) if text == "scale" => Gamma::Scale,
            Value::Text(text) if text == "auto" => Gamma::Auto,
            value => match as_float(value) {
                Some(gamma) if (0.0..=f64::MAX).contains(&gamma) => Gamma::Value(gamma),
                _ => return Err(wrong("gamma", value, "'scale', 'auto' or a number >= 0")),
            },
        };
        let max_iter = match read.take("max_iter")? {
            Value::Int(-1) => None,
            Value::Int(n) if *n >= 0 => Some(*n as usize),
            value => return Err(wrong("max_iter", value, "an integer >= -1")),
        };
        let with_classes = |read: &mut Reader<'_>| -> Result<_> {
            let weight = ClassWeight::parse(read.take("class_weight")?, data.n_classes)?;
            let calibration = match read.text("probability")? {
                "none" => None,
                "sigmoid" => Some(Calibration::Sigmoid),
                "isotonic" => Some(Calibration::Isotonic),
                other => return Err(Error::invalid(format!("probability {other:?} is not known"))),
            };
            let ties = if read.bool("break_ties")? { Ties::Confidence } else { Ties::First };
            Ok((weight, calibration, ties, read.seed("random_state")?))
        };
        let (class_weight, calibration, ties, seed) = match classes {
            Some(_) => with_classes(&mut read)?,
            None => (ClassWeight::None, None, Ties::First, 0),
        };
        let settings = Settings {
            machine,
            kind,
            gamma,
            coef0: read.float("coef0", f64::MIN, f64::MAX)?,
            degree: u32::try_from(read.count("degree", 0)?)
                .map_err(|_| Error::invalid("degree is too large"))?,
            tol: read.float("tol", positive, f64::MAX)?,
            max_iter,
            shrinking: read.bool("shrinking")?,
            memory: (read.float("cache_size", positive, f64::MAX)? * f64::from(1 << 20)) as usize,
            class_weight,
            calibration,
            ties,
            seed,
        };
        read.finish()?;
        Ok(settings)
    }

    /// The kernel, given d and the variance of X over the training rows.
    pub fn kernel(&self, d: usize, variance: f64) -> Kernel {
        let gamma = match self.gamma {
            Gamma::Scale if variance > 0.0 => 1.0 / (d as f64 * variance),
            Gamma::Scale => 1.0,
            Gamma::Auto => 1.0 / d as f64,
            Gamma::Value(gamma) => gamma,
        };
        Kernel::new(self.kind, gamma, self.coef0, self.degree)
    }

    /// Whether the solution depends on C alone and not on where solving starts: a kernel that is no inner
    /// product may have several.
    fn one_solution(&self) -> bool {
        match self.kind {
            Kind::Sigmoid => false,
            Kind::Poly => self.coef0 >= 0.0,
            _ => true,
        }
    }

    /// The same machine at another C: what one warm path serves.
    pub fn same_path(&self, other: &Self) -> bool {
        if self.machine.c() == 0.0 || !self.one_solution() {
            return false;
        }
        let same = |a: &Self| Settings { machine: a.machine.without_c(), ..a.clone() };
        same(self) == same(other)
    }
}
