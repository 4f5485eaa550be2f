//! Hyperparameters as they arrive: named values. A family reads the names that it declares, each
//! exactly once; a name that is missing or left over is an error, never a default.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A value of a hyperparameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An unsigned seed.
    Seed(u64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    /// One list of numbers per output.
    Lists(Vec<Vec<f64>>),
}

/// A count, or a fraction of some total.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Count(usize),
    Fraction(f64),
}

/// One configuration: hyperparameters by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate(pub BTreeMap<String, Value>);

/// Reads a candidate's values by name, and knows what was not read.
pub struct Reader<'a> {
    left: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Reader<'a> {
    pub fn new(candidate: &'a Candidate) -> Self {
        Reader { left: candidate.0.iter().map(|(name, value)| (name.as_str(), value)).collect() }
    }

    pub fn take(&mut self, name: &str) -> Result<&'a Value> {
        self.left.remove(name).ok_or_else(|| Error::invalid(format!("the hyperparameter {name} is missing")))
    }

    /// Refuses what no one read.
    pub fn finish(self) -> Result<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("{name} is not a hyperparameter of this family"))),
        }
    }

    pub fn bool(&mut self, name: &str) -> Result<bool> {
        match self.take(name)? {
            Value::Bool(value) => Ok(*value),
            other => Err(wrong(name, other, "True or False")),
        }
    }

    pub fn seed(&mut self, name: &str) -> Result<u64> {
        match self.take(name)? {
            Value::Seed(seed) => Ok(*seed),
            Value::Int(seed) if *seed >= 0 => Ok(*seed as u64),
            other => Err(wrong(name, other, "an integer >= 0")),
        }
    }

    pub fn text(&mut self, name: &str) -> Result<&'a str> {
        match self.take(name)? {
            Value::Text(text) => Ok(text),
            other => Err(wrong(name, other, "a string")),
        }
    }

    /// A number in [least, greatest].
    pub fn float(&mut self, name: &str, least: f64, greatest: f64) -> Result<f64> {
        let value = self.take(name)?;
        match as_float(value) {
            Some(number) if number >= least && number <= greatest => Ok(number),
            _ => Err(wrong(name, value, &format!("a number in [{least}, {greatest}]"))),
        }
    }

    /// An integer not below `least`.
    pub fn count(&mut self, name: &str, least: usize) -> Result<usize> {
        self.optional_count(name, least)?
            .ok_or_else(|| wrong(name, &Value::None, &format!("an integer >= {least}")))
    }

    /// An integer not below `least`, or none.
    pub fn optional_count(&mut self, name: &str, least: usize) -> Result<Option<usize>> {
        match self.take(name)? {
            Value::None => Ok(None),
            Value::Int(n) if *n >= 0 && *n as usize >= least => Ok(Some(*n as usize)),
            other => Err(wrong(name, other, &format!("an integer >= {least}"))),
        }
    }

    /// An integer not below `least`, or a fraction in (0, 1].
    pub fn amount(&mut self, name: &str, least: usize) -> Result<Amount> {
        let value = self.take(name)?;
        as_amount(value, least)
            .ok_or_else(|| wrong(name, value, &format!("an integer >= {least} or a fraction in (0, 1]")))
    }
}

pub fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        _ => None,
    }
}

pub fn as_amount(value: &Value, least: usize) -> Option<Amount> {
    match value {
        Value::Int(n) if *n >= 0 && *n as usize >= least => Some(Amount::Count(*n as usize)),
        Value::Float(f) if *f > 0.0 && *f <= 1.0 => Some(Amount::Fraction(*f)),
        _ => None,
    }
}

/// The error of a value outside its domain.
pub fn wrong(name: &str, given: &Value, allowed: &str) -> Error {
    let given = match given {
        Value::None => "None".to_owned(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Seed(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(value) => format!("{value:?}"),
        Value::Ints(_) | Value::Lists(_) => "a list".to_owned(),
    };
    Error::invalid(format!("{name} must be {allowed}; got {given}"))
}
