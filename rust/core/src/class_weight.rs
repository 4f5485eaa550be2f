//! The hyperparameter `class_weight`: what rows of a class count for.

use crate::candidate::{Value, wrong};
use crate::error::Result;

#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    None,
    /// See [`balanced`].
    Balanced,
    /// By output and class code.
    Given(Vec<Vec<f64>>),
}

impl ClassWeight {
    /// Given the number of classes of each output.
    pub fn parse(value: &Value, n_classes: &[usize]) -> Result<Self> {
        match value {
            Value::None => Ok(ClassWeight::None),
            Value::Text(name) if name == "balanced" => Ok(ClassWeight::Balanced),
            Value::Lists(lists) if fit(lists, n_classes) => Ok(ClassWeight::Given(lists.clone())),
            _ => Err(wrong("class_weight", value, "None, balanced or a weight >= 0 for every class")),
        }
    }

    /// Weights by class code of one output, given how many training rows each class has.
    pub fn of(&self, output: usize, totals: &[f64]) -> Vec<f64> {
        match self {
            ClassWeight::None => vec![1.0; totals.len()],
            ClassWeight::Balanced => balanced(totals),
            ClassWeight::Given(lists) => lists[output].clone(),
        }
    }
}

/// Whether there is a weight >= 0 for every class of every output.
pub fn fit(lists: &[Vec<f64>], n_classes: &[usize]) -> bool {
    lists.len() == n_classes.len()
        && lists.iter().zip(n_classes).all(|(list, &k)| list.len() == k)
        && lists.iter().flatten().all(|weight| weight.is_finite() && *weight >= 0.0)
}

/// n / (K n_k), K being the classes that have rows: all of them weigh the same (scikit-learn's "balanced").
pub fn balanced(totals: &[f64]) -> Vec<f64> {
    let n: f64 = totals.iter().sum();
    let present = totals.iter().filter(|&&total| total > 0.0).count() as f64;
    totals.iter().map(|&total| if total > 0.0 { n / (present * total) } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_weigh_the_same() {
        let totals = [6.0, 0.0, 2.0, 1.0];
        let weights = balanced(&totals);
        assert_eq!(weights, [0.5, 0.0, 1.5, 3.0]);
        let sum: f64 = totals.iter().zip(&weights).map(|(n, weight)| n * weight).sum();
        assert_eq!(sum, 9.0);
    }

    #[test]
    fn only_weights_of_all_classes_are_taken() {
        let parse = |lists: &[&[f64]], n_classes: &[usize]| {
            let lists = lists.iter().map(|list| list.to_vec()).collect();
            ClassWeight::parse(&Value::Lists(lists), n_classes)
        };
        let given = parse(&[&[1.0, 2.0], &[0.0, 1.0, 5.0]], &[2, 3]).expect("weights of two outputs");
        assert_eq!(given.of(1, &[9.0, 9.0, 9.0]), [0.0, 1.0, 5.0]);
        assert!(parse(&[&[1.0, 2.0]], &[2, 3]).is_err());
        assert!(parse(&[&[1.0, 2.0]], &[3]).is_err());
        assert!(parse(&[&[1.0, -2.0]], &[2]).is_err() && parse(&[&[1.0, f64::NAN]], &[2]).is_err());
        assert!(ClassWeight::parse(&Value::Text("even".to_owned()), &[2]).is_err());
    }
}
