//! Probabilities from decision values: Platt's sigmoid or an isotonic function, learned on decision values
//! of rows that did not train, and the coupling of class pairs.

use crate::elementary::logistic;

/// How one pair's decision values become the probability of its positive class.
#[derive(Clone, Debug, PartialEq)]
pub enum Calibrated {
    /// p = 1 / (1 + exp(a f + b))
    Sigmoid { a: f64, b: f64 },
    /// p between these decision values is interpolated, beyond them constant.
    Isotonic { f: Vec<f64>, p: Vec<f64> },
}

/// What keeps a pair's probability off 0 and 1: LIBSVM's.
const LEAST: f64 = 1e-7;

impl Calibrated {
    /// The probability of the positive class.
    pub fn probability(&self, f: f64) -> f64 {
        let p = match self {
            Calibrated::Sigmoid { a, b } => logistic(-(a * f + b)),
            Calibrated::Isotonic { f: at, p } => interpolate(at, p, f),
        };
        p.clamp(LEAST, 1.0 - LEAST)
    }
}

fn interpolate(at: &[f64], p: &[f64], f: f64) -> f64 {
    let after = at.partition_point(|&known| known < f);
    match (after.checked_sub(1), at.get(after)) {
        (None, _) => p.first().copied().unwrap_or(0.5),
        (Some(before), None) => p[before],
        (Some(before), Some(&next)) => {
            let share = (f - at[before]) / (next - at[before]);
            p[before] + share * (p[after] - p[before])
        }
    }
}

/// Platt's sigmoid: maximum likelihood with targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2), by Newton's
/// method with backtracking (Lin, Lin and Weng, A note on Platt's probabilistic outputs for support vector
/// machines, Machine Learning 68, 2007).
pub fn sigmoid_of(f: &[f64], positive: &[bool], weights: &[f64]) -> Calibrated {
    let mass = |side: bool| -> f64 {
        positive.iter().zip(weights).filter(|(p, _)| **p == side).map(|(_, w)| w).sum()
    };
    let (up, down) = (mass(true), mass(false));
    let target = |is: bool| if is { (up + 1.0) / (up + 2.0) } else { 1.0 / (down + 2.0) };
    let rows = || f.iter().zip(positive).zip(weights).map(|((&f, &is), &w)| (f, target(is), w));
    // sum w (t z + log(1 + exp(-z))), z = a f + b
    let loss = |a: f64, b: f64| -> f64 {
        let term = |(f, t, w): (f64, f64, f64)| {
            let z = a * f + b;
            let log = if z >= 0.0 { t * z + (-z).exp().ln_1p() } else { (t - 1.0) * z + z.exp().ln_1p() };
            w * log
        };
        rows().map(term).sum()
    };
    let (mut a, mut b) = (0.0, ((down + 1.0) / (up + 1.0)).ln());
    let mut least = loss(a, b);
    for _ in 0..100 {
        let (mut haa, mut hbb, mut hab, mut ga, mut gb) = (1e-12, 1e-12, 0.0, 0.0, 0.0);
        for (f, t, w) in rows() {
            let p = logistic(-(a * f + b));
            let (curve, slope) = (w * p * (1.0 - p), w * (t - p));
            haa += f * f * curve;
            hbb += curve;
            hab += f * curve;
            ga += f * slope;
            gb += slope;
        }
        if ga.abs() < 1e-5 && gb.abs() < 1e-5 {
            break;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = (-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant);
        let slope = ga * da + gb * db;
        let mut length = 1.0;
        loop {
            let new = loss(a + length * da, b + length * db);
            if new < least + 1e-4 * length * slope {
                (a, b, least) = (a + length * da, b + length * db, new);
                break;
            }
            length /= 2.0;
            if length < 1e-10 {
                return Calibrated::Sigmoid { a, b };
            }
        }
    }
    Calibrated::Sigmoid { a, b }
}

/// The rising function of least squares: pools of adjacent violators (Ayer et al. 1955).
pub fn isotonic_of(f: &[f64], positive: &[bool], weights: &[f64]) -> Calibrated {
    let mut order: Vec<usize> = (0..f.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_by(|&i, &j| f[i].total_cmp(&f[j]));
    // Pools of equal probability: weight, sum, first and last decision value.
    let mut pools: Vec<(f64, f64, f64, f64)> = Vec::new();
    for i in order {
        let y = if positive[i] { weights[i] } else { 0.0 };
        let mut pool = (weights[i], y, f[i], f[i]);
        while let Some(last) = pools.last() {
            if last.1 / last.0 < pool.1 / pool.0 && last.3 < pool.2 {
                break;
            }
            pool = (last.0 + pool.0, last.1 + pool.1, last.2, pool.3);
            pools.pop();
        }
        pools.push(pool);
    }
    let (mut at, mut p) = (Vec::new(), Vec::new());
    for (weight, sum, first, last) in pools {
        at.push(first);
        p.push(sum / weight);
        if last > first {
            at.push(last);
            p.push(sum / weight);
        }
    }
    Calibrated::Isotonic { f: at, p }
}

/// Of the slopes by which coupling may miss the minimum: some ten turns. libsvm stops at 0.005, where the
/// third digit of a probability depends on the number of turns.
const NEAR: f64 = 1e-9;

/// Class probabilities (K,) from those of pairs, `r[i][j] = P(i | i or j)`: the minimum of
/// sum_ij (r_ji p_i - r_ij p_j)^2 (Wu, Lin and Weng, Probability estimates for multi-class classification by
/// pairwise coupling, JMLR 5, 2004, algorithm 2).
pub fn couple(r: &[Vec<f64>]) -> Vec<f64> {
    let k = r.len();
    let mut q = vec![vec![0.0; k]; k];
    for i in 0..k {
        for j in (0..k).filter(|&j| j != i) {
            q[i][i] += r[j][i] * r[j][i];
            q[i][j] = -r[j][i] * r[i][j];
        }
    }
    let mut p = vec![1.0 / k as f64; k];
    for _ in 0..100.max(k) {
        let mut qp: Vec<f64> = q.iter().map(|row| row.iter().zip(&p).map(|(q, p)| q * p).sum()).collect();
        let mut value: f64 = p.iter().zip(&qp).map(|(p, q)| p * q).sum();
        let error = qp.iter().map(|q| (q - value).abs()).fold(0.0, f64::max);
        if error < NEAR / k as f64 {
            break;
        }
        for t in 0..k {
            let step = (value - qp[t]) / q[t][t];
            p[t] += step;
            let norm = 1.0 + step;
            value = (value + step * (step * q[t][t] + 2.0 * qp[t])) / (norm * norm);
            for j in 0..k {
                qp[j] = (qp[j] + step * q[t][j]) / norm;
                p[j] /= norm;
            }
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    fn noisy(n: usize) -> (Vec<f64>, Vec<bool>) {
        let mut stream = Stream::new(3);
        let f: Vec<f64> = (0..n).map(|_| 6.0 * stream.unit() - 3.0).collect();
        let y = f.iter().map(|&f| stream.unit() < logistic(1.5 * f - 0.4)).collect();
        (f, y)
    }

    #[test]
    fn a_sigmoid_is_found_again() {
        let (f, y) = noisy(20_000);
        let found = sigmoid_of(&f, &y, &vec![1.0; f.len()]);
        let close = |a: f64, b: f64| (a + 1.5).abs() < 0.06 && (b - 0.4).abs() < 0.06;
        assert!(matches!(found, Calibrated::Sigmoid { a, b } if close(a, b)), "{found:?}");
    }

    #[test]
    fn isotonic_probabilities_rise_and_are_shares() {
        let (f, y) = noisy(5_000);
        let calibrated = isotonic_of(&f, &y, &vec![1.0; f.len()]);
        let grid: Vec<f64> = (-40..=40).map(|i| calibrated.probability(f64::from(i) * 0.1)).collect();
        assert!(grid.windows(2).all(|pair| pair[0] <= pair[1]));
        let mean: f64 = f.iter().map(|&f| calibrated.probability(f)).sum::<f64>() / f.len() as f64;
        let share = y.iter().filter(|y| **y).count() as f64 / f.len() as f64;
        assert!((mean - share).abs() < 1e-6);
    }

    #[test]
    fn coupling_finds_probabilities_that_made_the_pairs() {
        let p = [0.5, 0.3, 0.15, 0.05];
        let r: Vec<Vec<f64>> = p.iter().map(|a| p.iter().map(|b| a / (a + b)).collect()).collect();
        for (found, p) in couple(&r).iter().zip(p) {
            assert!((found - p).abs() < 0.01);
        }
    }
}
