//! From trained columns to a model, what it remembers, and what the user should be told.

use std::collections::BTreeMap;

use super::loss::Loss;
use super::settings::Settings;
use super::watch::{Column, Ended};
use crate::error::{Error, Result};
use crate::linear_model::{LinearModel, Link};

/// A column's numbers when it was last looked at: each (d + 1), the bias last; empty where there is none.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    pub w: Vec<f64>,
    pub mean: Vec<f64>,
    pub first: Vec<f64>,
    pub second: Vec<f64>,
}

/// A model, and what to tell of its training.
#[derive(Clone, Debug)]
pub struct Learned {
    pub model: LinearModel,
    pub warning: Option<String>,
}

/// What holds for a model as a whole.
pub struct Frame<'a> {
    pub settings: &'a Settings,
    pub n_classes: usize,
    pub d: usize,
    /// Steps in an epoch; steps and epochs before this training.
    pub steps: usize,
    pub past: Past,
}

/// Training that a model has behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    pub steps: u64,
    pub epochs: usize,
}

impl Frame<'_> {
    /// The model of these columns, in the order of their classes, after at most `max_iter` epochs.
    pub fn model(
        &self,
        columns: &[(&Column, Numbers)],
        max_iter: usize,
        advice: impl FnOnce() -> String,
    ) -> Learned {
        let n_iter = columns.iter().map(|(column, _)| column.epochs()).max().unwrap_or(0).min(max_iter);
        let steps = self.past.steps + (n_iter * self.steps) as u64;
        let averaged = self.settings.shared.averaged && self.settings.own.average <= steps;
        let (mut coef, mut intercept) = (Vec::new(), Vec::new());
        for (column, numbers) in columns {
            let diverged = column.ended == Some(Ended::Diverged);
            let of = if averaged && !diverged { &numbers.mean } else { &numbers.w };
            coef.extend(&of[..self.d]);
            intercept.push(of[self.d]);
        }
        let mut facts = BTreeMap::new();
        let mut put = |name: &str, values: Vec<f64>| {
            if !values.is_empty() {
                facts.insert(name.to_owned(), values);
            }
        };
        put("n_iter", vec![n_iter as f64]);
        put("t", vec![steps as f64 + 1.0]);
        put("epochs", vec![(self.past.epochs + n_iter) as f64]);
        put("loss_curve", mean_curve(columns.iter().map(|(column, _)| &column.objectives), n_iter));
        if self.settings.shared.validation.is_some() {
            put("validation_curve", mean_curve(columns.iter().map(|(column, _)| &column.scores), n_iter));
        }
        let all = |of: fn(&Numbers) -> &Vec<f64>| columns.iter().flat_map(|(_, n)| of(n)).copied().collect();
        if averaged {
            put("last", all(|numbers| &numbers.w));
        }
        put("mean", all(|numbers| &numbers.mean));
        put("first", all(|numbers| &numbers.first));
        put("second", all(|numbers| &numbers.second));
        let model = LinearModel {
            coef,
            intercept,
            d: self.d,
            n_classes: self.n_classes,
            link: link(self.settings.shared.loss, self.n_classes),
            facts,
        };
        let warning = self.warning(columns, max_iter).map(|warning| warning + &advice());
        Learned { model, warning }
    }

    fn warning(&self, columns: &[(&Column, Numbers)], max_iter: usize) -> Option<String> {
        if let Some((column, _)) =
            columns.iter().find(|(column, _)| column.astray && column.epochs() <= max_iter)
        {
            let eta0 = self.settings.own.rate.eta0;
            return Some(format!(
                "Gradient descent diverged in epoch {} with a learning rate of {}: steps were too long, the \
                 parameters are the last finite ones and of little use. Try eta0={} with learning_rate='constant', \
                 clip_norm=1.0, or standardise the columns of X",
                column.epochs(),
                column.last_rate,
                f64::min(eta0, column.last_rate) / 10.0,
            ));
        }
        let open = |(column, _): &(&Column, Numbers)| column.ended.is_none() || column.epochs() > max_iter;
        let asked = self.settings.own.tol > f64::NEG_INFINITY && !self.settings.shared.resume;
        (asked && columns.iter().any(open)).then(|| {
            format!(
                "Gradient descent still improved when max_iter={max_iter} epochs were over: raise max_iter or \
                 eta0, or standardise the columns of X (with tol=None, max_iter epochs are what is asked for)"
            )
        })
    }
}

/// The mean over columns by epoch; a column that has ended stays as it was. No curve is empty if n > 0.
fn mean_curve<'a>(curves: impl Iterator<Item = &'a Vec<f64>> + Clone, n: usize) -> Vec<f64> {
    let n_curves = curves.clone().count() as f64;
    let at = |curve: &Vec<f64>, epoch: usize| curve[epoch.min(curve.len() - 1)];
    (0..n).map(|epoch| curves.clone().map(|curve| at(curve, epoch)).sum::<f64>() / n_curves).collect()
}

fn link(loss: Loss, n_classes: usize) -> Link {
    match loss {
        _ if n_classes == 0 => Link::Identity,
        Loss::Log => Link::Logistic,
        Loss::ModifiedHuber => Link::Clipped,
        _ => Link::Decision,
    }
}

/// What a model was trained with before: to go on from.
pub struct Start<'a> {
    model: &'a LinearModel,
    resume: bool,
}

impl<'a> Start<'a> {
    /// Refuses a model of another shape.
    pub fn new(model: &'a LinearModel, d: usize, k: usize, resume: bool) -> Result<Self> {
        model.check()?;
        if model.d != d || model.n_scores() != k {
            return Err(Error::invalid(format!(
                "the model to go on from has {} columns and {} scores a row, the data {d} and {k}",
                model.d,
                model.n_scores()
            )));
        }
        let fits = |name| model.facts.get(name).is_none_or(|values| values.len() == k * (d + 1));
        if !["last", "mean", "first", "second"].into_iter().all(fits) {
            return Err(Error::invalid("the model to go on from is damaged: its facts have other lengths"));
        }
        Ok(Start { model, resume })
    }

    pub fn past(&self) -> Past {
        let count = |name: &str| self.model.facts.get(name).and_then(|values| values.first()).copied();
        if !self.resume {
            return Past::default();
        }
        Past {
            steps: (count("t").unwrap_or(1.0) - 1.0).max(0.0) as u64,
            epochs: count("epochs").unwrap_or(0.0).max(0.0) as usize,
        }
    }

    /// The numbers that a column goes on with.
    pub fn numbers(&self, class: usize) -> Numbers {
        let d = self.model.d;
        let fact = |name: &str| match self.model.facts.get(name) {
            Some(values) if self.resume => values[class * (d + 1)..][..d + 1].to_vec(),
            _ => Vec::new(),
        };
        let mut w = fact("last");
        if w.is_empty() {
            w.extend(&self.model.coef[class * d..][..d]);
            w.push(self.model.intercept[class]);
        }
        Numbers { w, mean: fact("mean"), first: fact("first"), second: fact("second") }
    }
}
