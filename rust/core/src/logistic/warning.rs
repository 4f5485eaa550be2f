//! What the user is told of a fit: that it did not converge, and why; that the classes are separable.

use super::pass;
use super::sample::Sample;
use super::settings::Settings;
use super::smooth::End;
use super::solve::Solution;
use super::workers::Workers;
use crate::error::Result;
use crate::matrix::Matrix;

/// Scales of columns further apart than this are worth a word.
const FAR_APART: f64 = 1e4;
/// Columns named, at most.
const NAMED: usize = 5;

/// The warning for a solution, if it needs one.
pub fn warning(
    sample: &Sample<'_>,
    settings: &Settings,
    solution: &Solution,
    workers: Workers<'_>,
) -> Result<Option<String>> {
    let point = &solution.standing.point;
    if settings.c.is_infinite() && pass::separates(sample, point, workers)? == Some(true) {
        return Ok(Some(
            "The classes are linearly separable: without a penalty the likelihood has no maximum, and the \
             parameters are those at which the search stopped. Set C to a finite value."
                .to_owned(),
        ));
    }
    if solution.converged() {
        return Ok(None);
    }
    let standing = &solution.standing;
    let what = format!(
        "max|gradient| = {:.1e} and the Newton decrement = {:.1e}, tol = {:.1e}",
        solution.worst, standing.decrement, settings.tol
    );
    let mut text = if standing.end == End::Stalled {
        format!(
            "Logistic regression stopped after {} steps because rounding hides any further progress: {what}. \
             Increase tol.",
            standing.steps
        )
    } else {
        format!(
            "Logistic regression did not converge in max_iter = {} steps: {what}. Increase max_iter or tol.",
            settings.max_iter
        )
    };
    let columns = Columns::new(sample);
    text.push_str(&columns.remark());
    let dependent: Vec<usize> = dependent(solution, sample.d);
    if !dependent.is_empty() {
        text.push_str(&format!(
            " {} made up by other columns or the intercept: remove {}.",
            named(&dependent, "is", "are"),
            if dependent.len() == 1 { "it" } else { "them" }
        ));
    }
    Ok(Some(text))
}

/// Columns of X that other columns make up, as the solver found.
fn dependent(solution: &Solution, d: usize) -> Vec<usize> {
    let mut columns: Vec<usize> = solution.dependent.iter().map(|v| v % (d + 1)).filter(|&j| j < d).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Least and greatest number of each column.
struct Columns {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Columns {
    fn new(sample: &Sample<'_>) -> Self {
        let d = sample.d;
        let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
        if let Matrix::Dense(_) = sample.x {
            let mut room = Vec::new();
            for rows in pass::blocks(sample, 0..sample.n()) {
                for row in sample.dense(rows, &mut room).chunks_exact(d) {
                    low.iter_mut().zip(row).for_each(|(low, &x)| *low = low.min(x));
                    high.iter_mut().zip(row).for_each(|(high, &x)| *high = high.max(x));
                }
            }
            return Columns { low, high };
        }
        let (mut stored, mut room) = (vec![0; d], Vec::new());
        for i in 0..sample.n() {
            let (columns, values) = sample.entries(i, &mut room);
            for (&j, &x) in columns.iter().zip(values) {
                let j = j as usize;
                (low[j], high[j]) = (low[j].min(x), high[j].max(x));
                stored[j] += 1;
            }
        }
        for (j, &stored) in stored.iter().enumerate() {
            if stored < sample.n() {
                (low[j], high[j]) = (low[j].min(0.0), high[j].max(0.0));
            }
        }
        Columns { low, high }
    }

    fn remark(&self) -> String {
        let widths: Vec<f64> = self.low.iter().zip(&self.high).map(|(low, high)| high - low).collect();
        let constant: Vec<usize> = (0..widths.len()).filter(|&j| widths[j] == 0.0).collect();
        let mut moving: Vec<usize> = (0..widths.len()).filter(|&j| widths[j] > 0.0).collect();
        moving.sort_by(|&a, &b| widths[a].total_cmp(&widths[b]));
        let mut text = String::new();
        if !constant.is_empty() {
            text.push_str(&format!(" {} constant.", named(&constant, "is", "are")));
        }
        if let (Some(&least), Some(&most)) = (moving.first(), moving.last())
            && widths[most] > FAR_APART * widths[least]
        {
            text.push_str(&format!(
                " Column {most} varies over {:.1e} and column {least} over {:.1e}: scale the columns \
                 alike (sklearn.preprocessing.StandardScaler).",
                widths[most], widths[least]
            ));
        }
        text
    }
}

/// `Column 3 is` or `Columns 3, 4 and 5 others are`.
fn named(columns: &[usize], one: &str, many: &str) -> String {
    let names: Vec<String> = columns.iter().take(NAMED).map(usize::to_string).collect();
    let others = match columns.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let (noun, verb) = if columns.len() == 1 { ("Column", one) } else { ("Columns", many) };
    format!("{noun} {}{others} {verb}", names.join(", "))
}
