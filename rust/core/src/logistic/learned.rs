//! From parameters to a model, and from a model to where a warm start begins.

use std::collections::BTreeMap;

use super::sample::Sample;
use super::solve::Solution;
use crate::error::{Error, Result};
use crate::linear::{LinearModel, Link};

/// The intercept of a class that the training rows do not have: its probability is 0.
const NEVER: f64 = -1e9;

/// The model of a solution, for the classes of the whole data set.
pub fn learned(sample: &Sample<'_>, solution: &Solution, n_classes: usize) -> LinearModel {
    let (d, standing) = (sample.d, &solution.standing);
    let mut rows: Vec<(Vec<f64>, f64)> =
        standing.point.chunks_exact(d + 1).map(|row| (row[..d].to_vec(), row[d])).collect();
    if sample.classes.len() < n_classes {
        // Two of several classes: the second's scores against none of the first.
        if rows.len() == 1 {
            rows.insert(0, (vec![0.0; d], 0.0));
        }
        let mut known = rows.into_iter().zip(&sample.classes).peekable();
        rows = (0..n_classes)
            .map(|code| match known.next_if(|(_, class)| **class == code) {
                Some((row, _)) => row,
                None => (vec![0.0; d], NEVER),
            })
            .collect();
    }
    let facts = [
        ("n_iter", standing.steps as f64),
        ("max_gradient", solution.worst),
        ("newton_decrement", standing.decrement),
        ("objective", standing.value + solution.objective.l1_norm(&standing.point)),
    ];
    LinearModel {
        coef: rows.iter().flat_map(|(coef, _)| coef).copied().collect(),
        intercept: rows.iter().map(|(_, intercept)| *intercept).collect(),
        d,
        n_classes,
        link: if n_classes == 2 { Link::Logistic } else { Link::Softmax },
        facts: facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), vec![value]))
            .collect::<BTreeMap<_, _>>(),
    }
}

/// The parameters of a model as a solver has them.
pub fn start(sample: &Sample<'_>, model: &LinearModel, fit_intercept: bool) -> Result<Vec<f64>> {
    if model.n_scores() != sample.n_scores() || model.d != sample.d {
        return Err(Error::invalid(format!(
            "the model to start from has {} rows of {} coefficients; the data need {} of {}",
            model.n_scores(),
            model.d,
            sample.n_scores(),
            sample.d
        )));
    }
    let rows = model.coef.chunks_exact(model.d).zip(&model.intercept);
    let intercept = |value: f64| std::iter::once(if fit_intercept { value } else { 0.0 });
    Ok(rows.flat_map(|(coef, &value)| coef.iter().copied().chain(intercept(value))).collect())
}
