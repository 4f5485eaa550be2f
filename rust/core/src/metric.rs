//! Scores of held-out predictions, as scikit-learn's scorers of the same names give them.
//!
//! Given `y (n,)` and `prediction`, return one number, the larger the better.
//!
//! ```text
//! classification   y_i in {0, .., K-1},  prediction (n, K): class probabilities, row by row
//! regression       y_i real,             prediction (n,)
//! ```
//!
//! scikit-learn is the specification, to the last digits: formulas are evaluated in its order of
//! operations and sums are numpy's (`pairwise_sum`). Only the logarithm may differ from numpy's by
//! its last bit. A score is NaN where scikit-learn's raises or is not defined (an AUC of one class,
//! R2 of one row, a class that is missing from the rows of a log loss) and when the input is not
//! what it should be (lengths, codes, numbers that are not finite).
//!
//! Weighted scores and multi-output targets do not live here.

use std::ops::Range;

/// A score of predictions; larger is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Share of the rows whose most probable class is the true one.
    Accuracy,
    /// Mean over the classes in `y` of their recalls.
    BalancedAccuracy,
    /// Minus the mean of `-log p(y_i)`, `p` clipped to `[eps, 1 - eps]`.
    NegLogLoss,
    /// Area under the ROC curve of class 1 of two.
    RocAuc,
    /// Mean over the classes of the area under the ROC curve of that class against the rest.
    RocAucOvr,
    /// F1 of class 1 of two.
    F1,
    /// Mean F1 over the classes in `y` or predicted.
    F1Macro,
    /// F1 of the pooled counts.
    F1Micro,
    /// Mean F1 weighted by the rows of each class in `y`.
    F1Weighted,
    /// Coefficient of determination.
    R2,
    /// Minus the mean squared error.
    NegMeanSquaredError,
    /// Minus the root of the mean squared error.
    NegRootMeanSquaredError,
    /// Minus the mean absolute error.
    NegMeanAbsoluteError,
}

/// Name and metric, in the order of the enum's variants.
const TABLE: [(&str, Metric); 13] = [
    ("accuracy", Metric::Accuracy),
    ("balanced_accuracy", Metric::BalancedAccuracy),
    ("neg_log_loss", Metric::NegLogLoss),
    ("roc_auc", Metric::RocAuc),
    ("roc_auc_ovr", Metric::RocAucOvr),
    ("f1", Metric::F1),
    ("f1_macro", Metric::F1Macro),
    ("f1_micro", Metric::F1Micro),
    ("f1_weighted", Metric::F1Weighted),
    ("r2", Metric::R2),
    ("neg_mean_squared_error", Metric::NegMeanSquaredError),
    ("neg_root_mean_squared_error", Metric::NegRootMeanSquaredError),
    ("neg_mean_absolute_error", Metric::NegMeanAbsoluteError),
];

/// The names of all metrics.
pub const NAMES: &[&str] = &{
    let mut names = [""; TABLE.len()];
    let mut i = 0;
    while i < TABLE.len() {
        names[i] = TABLE[i].0;
        i += 1;
    }
    names
};

impl Metric {
    /// The metric of a scikit-learn scorer name, if it is one of [`NAMES`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|(known, _)| *known == name).map(|&(_, metric)| metric)
    }

    /// scikit-learn's name of the scorer.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE[self as usize].0
    }

    /// Whether the metric is of class probabilities (else of real-valued predictions).
    #[must_use]
    pub fn for_classification(self) -> bool {
        !matches!(
            self,
            Self::R2 | Self::NegMeanSquaredError | Self::NegRootMeanSquaredError | Self::NegMeanAbsoluteError
        )
    }

    /// The score of n rows of which it needs to know no more than the sums of squares of the residuals and of
    /// the distances from the mean; `None` if it needs more.
    #[must_use]
    pub fn of_squares(self, residual: f64, total: f64, n: usize) -> Option<f64> {
        match self {
            Self::R2 => Some(if n < 2 { f64::NAN } else { r2(residual, total) }),
            Self::NegMeanSquaredError => Some(-residual / n as f64),
            Self::NegRootMeanSquaredError => Some(-(residual / n as f64).sqrt()),
            _ => None,
        }
    }

    /// The score of `prediction` against `y`; `n_classes` is K, or 0 for regression.
    #[must_use]
    pub fn score(self, y: &[f64], prediction: &[f64], n_classes: usize) -> f64 {
        let score = if self.for_classification() {
            Classified::new(y, prediction, n_classes).and_then(|rows| match self {
                Self::NegLogLoss => rows.neg_log_loss(),
                Self::RocAuc => rows.roc_auc(),
                Self::RocAucOvr => rows.roc_auc_ovr(),
                _ => rows.counts().score(self),
            })
        } else if n_classes == 0 {
            Regressed::new(y, prediction).and_then(|rows| rows.score(self))
        } else {
            None
        };
        score.unwrap_or(f64::NAN)
    }
}

/// Sum of the squared distances of y (n,) from its mean.
#[must_use]
pub fn total_of_squares(y: &[f64]) -> f64 {
    let centre = mean(y.len(), |i| y[i]);
    pairwise_sum(0..y.len(), &|i| (y[i] - centre) * (y[i] - centre))
}

/// numpy's sum of `term(i)` over a range, bit for bit: blocks of at most 128 terms with eight
/// running sums, added pairwise (`pairwise_sum` in numpy's `loops_utils.h.src`).
///
/// The error grows like `log n` rather than `n` (Higham, The accuracy of floating point summation,
/// SIAM J. Sci. Comput. 14, 1993).
pub(crate) fn pairwise_sum(range: Range<usize>, term: &impl Fn(usize) -> f64) -> f64 {
    const LANES: usize = 8;
    const BLOCK: usize = 128;
    let (start, n) = (range.start, range.len());
    if n > BLOCK {
        let half = n / 2 / LANES * LANES;
        return pairwise_sum(start..start + half, term) + pairwise_sum(start + half..range.end, term);
    }
    if n < LANES {
        return range.fold(0.0, |sum, i| sum + term(i));
    }
    let whole = range.end - n % LANES;
    let mut lane: [f64; LANES] = std::array::from_fn(|j| term(start + j));
    for i in (start + LANES..whole).step_by(LANES) {
        for (j, sum) in lane.iter_mut().enumerate() {
            *sum += term(i + j);
        }
    }
    let blocks = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    (whole..range.end).fold(blocks, |sum, i| sum + term(i))
}

/// numpy's mean of `term(i)`, `i` in `0..n`.
fn mean(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    pairwise_sum(0..n, &term) / n as f64
}

/// Real targets and their predictions: n > 0 rows, all finite.
struct Regressed<'a> {
    y: &'a [f64],
    prediction: &'a [f64],
}

impl<'a> Regressed<'a> {
    fn new(y: &'a [f64], prediction: &'a [f64]) -> Option<Self> {
        let fit = !y.is_empty() && y.len() == prediction.len();
        let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
        (fit && finite(y) && finite(prediction)).then_some(Self { y, prediction })
    }

    fn score(&self, metric: Metric) -> Option<f64> {
        let (n, error) = (self.y.len(), |i: usize| self.y[i] - self.prediction[i]);
        match metric {
            Metric::R2 => self.r2(),
            Metric::NegMeanSquaredError => Some(-mean(n, |i| error(i) * error(i))),
            Metric::NegRootMeanSquaredError => Some(-mean(n, |i| error(i) * error(i)).sqrt()),
            Metric::NegMeanAbsoluteError => Some(-mean(n, |i| error(i).abs())),
            _ => None,
        }
    }

    fn r2(&self) -> Option<f64> {
        let n = self.y.len();
        if n < 2 {
            return None;
        }
        let square = |x: f64| x * x;
        let residual = pairwise_sum(0..n, &|i| square(self.y[i] - self.prediction[i]));
        Some(r2(residual, total_of_squares(self.y)))
    }
}

/// R2 of `residual` = sum (y - p)^2 and `total` = sum (y - mean y)^2, both weighted or not: 1 if the first is 0,
/// else 0 if the second is.
pub(crate) fn r2(residual: f64, total: f64) -> f64 {
    match (residual == 0.0, total == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - residual / total,
    }
}

/// Class codes and class probabilities: n > 0 rows, codes in `0..k`, all finite.
struct Classified<'a> {
    y: &'a [f64],
    probability: &'a [f64],
    k: usize,
}

impl<'a> Classified<'a> {
    fn new(y: &'a [f64], probability: &'a [f64], k: usize) -> Option<Self> {
        let fit = k > 0 && !y.is_empty() && y.len().checked_mul(k) == Some(probability.len());
        let is_code = |&v: &f64| v >= 0.0 && v < k as f64 && v.fract() == 0.0;
        let valid = fit && y.iter().all(is_code) && probability.iter().all(|p| p.is_finite());
        valid.then_some(Self { y, probability, k })
    }

    fn code(&self, i: usize) -> usize {
        self.y[i] as usize
    }

    /// (true class, probabilities) of every row.
    fn rows(&self) -> impl Iterator<Item = (usize, &'a [f64])> {
        self.y.iter().map(|&v| v as usize).zip(self.probability.chunks_exact(self.k))
    }

    fn has_every_class(&self) -> bool {
        let mut seen = vec![false; self.k];
        self.y.iter().for_each(|&v| seen[v as usize] = true);
        seen.iter().all(|&s| s)
    }

    /// With two classes scikit-learn is given the probability of class 1 and takes that of class 0
    /// for its complement.
    fn neg_log_loss(&self) -> Option<f64> {
        let binary = self.k == 2;
        let in_range = |p: &f64| (0.0..=1.0).contains(p);
        let valid = if binary {
            self.probability.iter().skip(1).step_by(2).all(in_range)
        } else {
            self.probability.iter().all(in_range)
        };
        if self.k < 2 || !valid || !self.has_every_class() {
            return None;
        }
        let of_truth = |i: usize| match (binary, self.code(i)) {
            (true, 0) => 1.0 - self.probability[2 * i + 1],
            (_, code) => self.probability[self.k * i + code],
        };
        let loss = |i: usize| -of_truth(i).clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        Some(-mean(self.y.len(), loss))
    }

    fn roc_auc(&self) -> Option<f64> {
        (self.k == 2).then(|| self.roc_auc_of(1)).flatten()
    }

    fn roc_auc_ovr(&self) -> Option<f64> {
        if self.k <= 2 {
            return self.roc_auc();
        }
        // numpy.allclose(1, row sums), without which scikit-learn refuses the probabilities.
        let sums_to_one = |row: &[f64]| {
            let sum: f64 = row.iter().sum();
            (1.0 - sum).abs() <= 1e-8 + 1e-5 * sum.abs()
        };
        if !self.has_every_class() || !self.rows().all(|(_, row)| sums_to_one(row)) {
            return None;
        }
        let areas = (0..self.k).map(|class| self.roc_auc_of(class)).collect::<Option<Vec<_>>>()?;
        Some(mean(self.k, |class| areas[class]))
    }

    fn roc_auc_of(&self, class: usize) -> Option<f64> {
        area_under_roc(self.rows().map(|(code, row)| (row[class], code == class)).collect())
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts {
            n: self.y.len(),
            right: vec![0; self.k],
            predicted: vec![0; self.k],
            actual: vec![0; self.k],
        };
        for (code, row) in self.rows() {
            let class = first_argmax(row);
            counts.right[code] += usize::from(class == code);
            counts.predicted[class] += 1;
            counts.actual[code] += 1;
        }
        counts
    }
}

/// The first of the places with the greatest number.
pub(crate) fn first_argmax(row: &[f64]) -> usize {
    let mut best = 0;
    for (class, &p) in row.iter().enumerate() {
        if p > row[best] {
            best = class;
        }
    }
    best
}

/// Area under the ROC curve of `(score, positive)` rows, by the trapezoidal rule over the distinct
/// scores; `None` unless both classes are there.
///
/// Points collinear with both neighbours are left out, as scikit-learn's `roc_curve` does by
/// default: the area is the same, its last digits are not.
fn area_under_roc(mut rows: Vec<(f64, bool)>) -> Option<f64> {
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut fps, mut tps) = (0.0, 0.0);
    let mut corners = Vec::with_capacity(rows.len() + 1);
    // Invariant: fps and tps count the negatives and positives of rows[..=i].
    for (i, &(score, positive)) in rows.iter().enumerate() {
        *(if positive { &mut tps } else { &mut fps }) += 1.0;
        if rows.get(i + 1).is_none_or(|next| next.0 != score) {
            corners.push((fps, tps));
        }
    }
    if fps == 0.0 || tps == 0.0 {
        return None;
    }
    let bend = |a: f64, b: f64, c: f64| (c - b) - (b - a) != 0.0;
    let is_corner = |j: usize| {
        let (Some(a), Some(c)) = (j.checked_sub(1).map(|h| corners[h]), corners.get(j + 1)) else {
            return true;
        };
        let b = corners[j];
        bend(a.0, b.0, c.0) || bend(a.1, b.1, c.1)
    };
    let kept = (0..corners.len()).filter(|&j| is_corner(j)).map(|j| corners[j]);
    let curve: Vec<(f64, f64)> =
        std::iter::once((0.0, 0.0)).chain(kept).map(|(x, y)| (x / fps, y / tps)).collect();
    let strip = |i: usize| (curve[i + 1].0 - curve[i].0) * (curve[i + 1].1 + curve[i].1) / 2.0;
    Some(pairwise_sum(0..curve.len() - 1, &strip))
}

/// Rows of each class that were predicted right, that were predicted, that there are.
struct Counts {
    n: usize,
    right: Vec<usize>,
    predicted: Vec<usize>,
    actual: Vec<usize>,
}

impl Counts {
    fn score(&self, metric: Metric) -> Option<f64> {
        let all_right = || self.right.iter().sum::<usize>();
        match metric {
            Metric::Accuracy => Some(all_right() as f64 / self.n as f64),
            Metric::BalancedAccuracy => {
                let present: Vec<usize> = self.classes(|c| self.actual[c] > 0);
                Some(mean(present.len(), |j| self.right[present[j]] as f64 / self.actual[present[j]] as f64))
            }
            Metric::F1 => self.f1_binary(),
            Metric::F1Macro => {
                let labels = self.labels();
                Some(mean(labels.len(), |j| self.f1_of(labels[j])))
            }
            Metric::F1Micro => Some(f1(all_right(), self.n, self.n)),
            Metric::F1Weighted => {
                let labels = self.labels();
                let weight = |j: usize| self.actual[labels[j]] as f64;
                let weighted = |j: usize| self.f1_of(labels[j]) * weight(j);
                Some(pairwise_sum(0..labels.len(), &weighted) / self.n as f64)
            }
            _ => None,
        }
    }

    fn classes(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.actual.len()).filter(|&c| keep(c)).collect()
    }

    /// The classes in `y` or predicted.
    fn labels(&self) -> Vec<usize> {
        self.classes(|c| self.actual[c] + self.predicted[c] > 0)
    }

    fn f1_of(&self, class: usize) -> f64 {
        f1(self.right[class], self.actual[class], self.predicted[class])
    }

    /// F1 of class 1; scikit-learn refuses more than two labels, and two that are not class 1.
    fn f1_binary(&self) -> Option<f64> {
        let labels = self.labels();
        match labels.len() {
            1 if labels[0] != 1 => Some(0.0),
            1 | 2 if labels.contains(&1) => Some(self.f1_of(1)),
            _ => None,
        }
    }
}

/// `2 tp / (actual + predicted)`, the harmonic mean of precision and recall; 0 for 0 / 0.
fn f1(right: usize, actual: usize, predicted: usize) -> f64 {
    if actual + predicted == 0 { 0.0 } else { 2.0 * right as f64 / (actual as f64 + predicted as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 targets and predictions, the same in Python: exact integers, +, -, * and / only.
    fn regression() -> (Vec<f64>, Vec<f64>) {
        let share = |i: u32, a: u32, b: u32, m: u32| f64::from((i * a + b) % m) / f64::from(m);
        let y: Vec<f64> = (0..300).map(|i| share(i, 7919, 13, 1009) * 100.0 - 50.0).collect();
        let noise = |i| (share(i, 104_729, 7, 997) - 0.5) * 30.0;
        let p = (0..300).zip(&y).map(|(i, y)| y + noise(i)).collect();
        (y, p)
    }

    /// 300 rows of two classes with many tied probabilities.
    fn binary() -> (Vec<f64>, Vec<f64>) {
        let a = |i: u32| (i * 37 + i * i) % 41;
        let y = (0..300).map(|i| f64::from(u8::from(i * 29 % 50 + a(i) > 45))).collect();
        let row = |i| [1.0 - f64::from(a(i)) / 40.0, f64::from(a(i)) / 40.0];
        (y, (0..300).flat_map(row).collect())
    }

    /// 300 rows of five classes, some predicted more often than others.
    fn multiclass() -> (Vec<f64>, Vec<f64>) {
        let (mut y, mut p) = (vec![], vec![]);
        for i in 0..300u32 {
            let a: Vec<f64> = (0..5).map(|c| f64::from(1 + (i * 31 + c * 17 * i + i * i * 7) % 23)).collect();
            let sum: f64 = a.iter().sum();
            y.push(if i % 3 == 0 { first_argmax(&a) as f64 } else { f64::from((i * 13 + i * i) % 5) });
            p.extend(a.iter().map(|v| v / sum));
        }
        (y, p)
    }

    /// `expected` are the bits of scikit-learn 1.9.1's values (numpy 2.4.6). numpy's vectorised
    /// logarithm may round differently from the C library's, so a log loss may differ by 4 ulp.
    fn assert_scores(data: &(Vec<f64>, Vec<f64>), k: usize, expected: &[(&str, u64)]) {
        for &(name, bits) in expected {
            let metric = Metric::parse(name).expect("known name");
            let (score, ulps) = (metric.score(&data.0, &data.1, k), u64::from(name.contains("log")) * 4);
            assert!(
                score.to_bits().abs_diff(bits) <= ulps,
                "{name}, {k} classes: {score} is not {}",
                f64::from_bits(bits)
            );
        }
    }

    #[test]
    fn regression_agrees_with_scikit_learn() {
        let expected = [
            ("r2", 0x3fed_16a8_f31a_51ff),                          // 0.9090161083318548
            ("neg_mean_squared_error", 0xc053_0f49_37fb_bfe0),      // -76.2388439138881
            ("neg_root_mean_squared_error", 0xc021_7685_4dd7_0d50), // -8.731485779286828
            ("neg_mean_absolute_error", 0xc01e_5002_7709_e94f),     // -7.5781344032096305
        ];
        assert_scores(&regression(), 0, &expected);
    }

    #[test]
    fn binary_agrees_with_scikit_learn() {
        let expected = [
            ("accuracy", 0x3fe7_ae14_7ae1_47ae),          // 0.74
            ("balanced_accuracy", 0x3fe7_aeb6_aabe_15ea), // 0.7400773367705231
            ("neg_log_loss", 0xbfe1_447d_ffac_bcd8),      // -0.5396108621261204
            ("roc_auc", 0x3fea_0005_d35f_d6db),           // 0.81250277790124
            ("roc_auc_ovr", 0x3fea_0005_d35f_d6db),       // 0.81250277790124
            ("f1", 0x3fe7_bc2f_785e_f0be),                // 0.7417218543046358
            ("f1_macro", 0x3fe7_adfc_3ec3_3a85),          // 0.7399884439308414
            ("f1_micro", 0x3fe7_ae14_7ae1_47ae),          // 0.74
            ("f1_weighted", 0x3fe7_ade4_02a5_2d5c),       // 0.7399768878616828
        ];
        assert_scores(&binary(), 2, &expected);
    }

    #[test]
    fn multiclass_agrees_with_scikit_learn() {
        let expected = [
            ("accuracy", 0x3fe0_6d3a_06d3_a06d),          // 0.5133333333333333
            ("balanced_accuracy", 0x3fe5_d5cb_8306_4693), // 0.6823480185577914
            ("neg_log_loss", 0xbff8_f9a5_f4c3_43b3),      // -1.5609492836995116
            ("roc_auc_ovr", 0x3fe8_521b_680d_d655),       // 0.7600228340440461
            ("f1_macro", 0x3fe0_28d8_2012_da30),          // 0.5049858690679851
            ("f1_micro", 0x3fe0_6d3a_06d3_a06d),          // 0.5133333333333333
            ("f1_weighted", 0x3fe0_1a7d_370e_d42c),       // 0.5032335353231523
        ];
        assert_scores(&multiclass(), 5, &expected);
    }

    #[test]
    fn names_round_trip() {
        assert_eq!(NAMES.len(), TABLE.len());
        for (i, &name) in NAMES.iter().enumerate() {
            let metric = Metric::parse(name).expect("a listed name");
            assert_eq!((metric as usize, metric.name()), (i, name));
        }
        assert_eq!(Metric::parse("Accuracy"), None);
        assert_eq!(
            NAMES.iter().filter(|n| Metric::parse(n).is_some_and(|m| !m.for_classification())).count(),
            4
        );
    }

    #[test]
    fn undefined_scores_are_nan() {
        let score = |name: &str, y: &[f64], p: &[f64], k| Metric::parse(name).map(|m| m.score(y, p, k));
        let undefined = |name, y: &[f64], p: &[f64], k| {
            assert!(score(name, y, p, k).is_some_and(f64::is_nan), "{name} {y:?} {p:?} {k}");
        };
        let two = [0.2, 0.8, 0.6, 0.4];
        for name in ["neg_log_loss", "roc_auc", "roc_auc_ovr"] {
            undefined(name, &[1.0, 1.0], &two, 2);
        }
        let three = [0.2, 0.3, 0.5, 0.6, 0.3, 0.1];
        for name in ["neg_log_loss", "roc_auc", "roc_auc_ovr", "f1"] {
            undefined(name, &[0.0, 2.0], &three, 3);
        }
        undefined("r2", &[1.0], &[1.0], 0);
        for &name in NAMES {
            let k = if Metric::parse(name).is_some_and(Metric::for_classification) { 2 } else { 0 };
            undefined(name, &[], &[], k);
            undefined(name, &[0.0, 1.0], &[0.5], k);
            undefined(name, &[0.0, f64::NAN], &two[..2 * k.max(1)], k);
            undefined(name, &[0.0, 1.0], &[f64::INFINITY; 4][..2 * k.max(1)], k);
            undefined(name, &[0.0, 1.0], &two, 2 - k);
        }
        for code in [2.0, -1.0, 0.5] {
            undefined("accuracy", &[0.0, code], &two, 2);
        }
    }

    #[test]
    fn conventions_at_the_edges() {
        let r2 = |y: &[f64], p: &[f64]| Metric::R2.score(y, p, 0);
        assert_eq!(r2(&[3.0, 3.0], &[3.0, 3.0]), 1.0);
        assert_eq!(r2(&[3.0, 3.0], &[3.0, 4.0]), 0.0);
        // A class that is neither in y nor predicted takes no part in a macro mean.
        let p = [0.8, 0.2, 0.0, 0.1, 0.9, 0.0];
        assert_eq!(Metric::F1Macro.score(&[0.0, 1.0], &p, 3), 1.0);
        assert_eq!(Metric::BalancedAccuracy.score(&[0.0, 0.0], &p, 3), 0.5);
        // Nothing of class 1, in truth or predicted.
        assert_eq!(Metric::F1.score(&[0.0, 0.0], &[0.9, 0.1, 0.8, 0.2], 2), 0.0);
        // All scores tied: the area of the diagonal. A tie of classes goes to the first.
        assert_eq!(Metric::RocAuc.score(&[0.0, 1.0, 1.0], &[0.5; 6], 2), 0.5);
        assert_eq!(Metric::Accuracy.score(&[0.0, 1.0], &[0.5; 4], 2), 0.5);
        // A probability of 0 of the true class costs log(1 / eps), not infinity.
        let worst = Metric::NegLogLoss.score(&[0.0, 1.0], &[0.0, 1.0, 1.0, 0.0], 2);
        assert_eq!(worst, f64::EPSILON.ln());
    }

    #[test]
    fn pairwise_sum_is_exact_on_integers() {
        for n in [0, 1, 7, 8, 9, 127, 128, 129, 1000, 4099] {
            assert_eq!(pairwise_sum(3..3 + n, &|i| i as f64), (3..3 + n).sum::<usize>() as f64);
        }
    }
}
