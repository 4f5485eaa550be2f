//! Least squares and ridge regression by normal equations, where these keep enough digits.
//!
//! Solve (G + l2 I) b = c. The error of b grows with the condition of G + l2 I, the square of that of X; where
//! it could reach the eighth digit the answer is `None`, and `orthogonal` takes over.

use super::factor::{self, Cholesky};
use super::quadratic::Quadratic;
use super::spectrum::{Spectrum, Wanted};
use crate::error::{Result, filled};
use crate::parallel::Control;

/// The largest condition that normal equations are trusted with.
const TRUSTED: f64 = 1e8;
/// From so many penalties on, one eigendecomposition is faster than a Cholesky factor each.
const MANY: usize = 5;
/// Steps of the inverse iteration that estimates a condition.
const STEPS: usize = 4;

/// Solutions (m, p) of those wanted (m,), or `None`. Stopped: `Error::Interrupted`.
pub fn solve(of: &Quadratic, wanted: &[Wanted], control: &Control) -> Result<Option<Vec<f64>>> {
    let mut penalties: Vec<f64> = wanted.iter().map(|wanted| wanted.l2).collect();
    penalties.sort_unstable_by(f64::total_cmp);
    penalties.dedup();
    if penalties.len() >= MANY {
        let found = factor::eigen(&of.gram, of.p(), control)?;
        let least = found.values.first().map_or(0.0, |value| value + penalties[0]);
        let spectrum = Spectrum::new(found.values, found.vectors, &of.xy);
        if spectrum.most() <= TRUSTED * least {
            return Ok(Some(spectrum.solve(wanted, 0.0)));
        }
    }
    let p = of.p();
    let mut out = filled(wanted.len() * p, 0.0, "coefficients")?;
    for l2 in penalties {
        let Some(scaled) = Scaled::new(of, l2, control)? else { return Ok(None) };
        for (wanted, b) in wanted.iter().zip(out.chunks_exact_mut(p.max(1))) {
            if wanted.l2 == l2 {
                b.copy_from_slice(&of.xy[wanted.target * p..][..p]);
                scaled.solve(b);
            }
        }
    }
    Ok(Some(out))
}

/// L L' = D (G + l2 I) D with ones on the diagonal: columns of very different scales do no harm.
struct Scaled {
    factor: Cholesky,
    scale: Vec<f64>,
}

impl Scaled {
    fn new(of: &Quadratic, l2: f64, control: &Control) -> Result<Option<Self>> {
        let p = of.p();
        let scale: Vec<f64> = (0..p).map(|j| 1.0 / (of.gram[j * p + j] + l2).sqrt()).collect();
        let mut matrix = filled(p * p, 0.0, "products of the columns of X")?;
        let mut most = 1.0f64;
        for (i, (row, from)) in
            matrix.chunks_exact_mut(p.max(1)).zip(of.gram.chunks_exact(p.max(1))).enumerate()
        {
            let mut sum = 0.0;
            for (j, (out, g)) in row.iter_mut().zip(from).enumerate() {
                *out = if i == j { 1.0 } else { scale[i] * g * scale[j] };
                sum += out.abs();
            }
            most = most.max(sum);
        }
        let Some(factor) = Cholesky::unless_stopped(matrix, p, control)? else { return Ok(None) };
        let scaled = Scaled { factor, scale };
        Ok((most * scaled.inverse_norm() <= TRUSTED).then_some(scaled))
    }

    fn solve(&self, b: &mut [f64]) {
        b.iter_mut().zip(&self.scale).for_each(|(b, scale)| *b *= scale);
        self.factor.solve_rows(b, self.scale.len());
        b.iter_mut().zip(&self.scale).for_each(|(b, scale)| *b *= scale);
    }

    /// The largest eigenvalue of the inverse, by power iteration.
    fn inverse_norm(&self) -> f64 {
        let p = self.scale.len();
        // No eigenvector of a matrix that occurs is orthogonal to this.
        let mut v: Vec<f64> = (0..p).map(|i| 1.0 + (i as f64 * 0.618).fract()).collect();
        let mut norm = 0.0;
        for _ in 0..STEPS {
            let before = v.iter().map(|v| v * v).sum::<f64>().sqrt();
            v.iter_mut().for_each(|v| *v /= before.max(f64::MIN_POSITIVE));
            self.factor.solve_rows(&mut v, p);
            norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        }
        norm
    }
}
