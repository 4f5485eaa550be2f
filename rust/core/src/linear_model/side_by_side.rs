//! Scores of the same rows by several linear models, from one product for all.

use super::model::{LinearModel, Scratch};
use crate::matrix::Matrix;

/// Models of the same columns and outputs, their coefficients below one another. Each gets the bits that it gets
/// alone.
pub struct SideBySide {
    all: LinearModel,
    /// Scores of one model.
    k: usize,
}

impl SideBySide {
    pub fn new<'a>(models: impl Iterator<Item = &'a LinearModel> + Clone) -> Option<Self> {
        let first = models.clone().next()?;
        let all = LinearModel {
            coef: models.clone().flat_map(|model| &model.coef).copied().collect(),
            intercept: models.flat_map(|model| &model.intercept).copied().collect(),
            facts: std::collections::BTreeMap::new(),
            ..first.clone()
        };
        Some(SideBySide { all, k: first.n_scores() })
    }

    /// Scores of a row by all models.
    pub fn width(&self) -> usize {
        self.all.n_scores()
    }

    /// Scores (rows, width) of some rows of X.
    pub fn score(&self, x: &Matrix<'_>, rows: &[u32], scratch: &mut Scratch) -> Vec<f64> {
        let mut scores = vec![0.0; rows.len() * self.width()];
        self.all.score_rows(x, rows.iter().copied(), &mut scores, scratch);
        scores
    }

    /// Appends to `of`, model by model (rows, k), what `score` returned.
    pub fn deal(&self, scores: &[f64], of: &mut [Vec<f64>]) {
        for (at, of) in of.iter_mut().enumerate() {
            scores.chunks_exact(self.width()).for_each(|row| of.extend(&row[at * self.k..(at + 1) * self.k]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::Link;
    use crate::matrix::Floats;

    #[test]
    fn each_model_gets_its_own_scores() {
        let model = |from: f64| LinearModel {
            coef: (0..6).map(|j| from + 0.1 * f64::from(j)).collect(),
            intercept: vec![from, -from],
            d: 3,
            n_classes: 0,
            link: Link::Identity,
            facts: std::collections::BTreeMap::new(),
        };
        let x: Vec<f64> = (0..15).map(|i| (f64::from(i)).sin()).collect();
        let x = Matrix::Dense(Floats::F64(&x));
        let (models, rows) = ([model(0.3), model(-2.0), model(7.0)], [4, 0, 2]);
        let side = SideBySide::new(models.iter()).expect("models");
        let mut dealt = vec![Vec::new(); 3];
        // As if in two blocks.
        for rows in [&rows[..2], &rows[2..]] {
            side.deal(&side.score(&x, rows, &mut Scratch::default()), &mut dealt);
        }
        for (model, dealt) in models.iter().zip(dealt) {
            let mut alone = vec![0.0; 6];
            model.score_rows(&x, rows.iter().copied(), &mut alone, &mut Scratch::default());
            assert_eq!(alone, dealt);
        }
        assert!(SideBySide::new([].iter()).is_none());
    }
}
