//! What to tell of X where descent does badly.

use crate::matrix::Matrix;

/// Columns that vary this many times as much as the typical one are named.
const FAR: f64 = 30.0;

/// A sentence that names columns on another scale than the rest, or nothing.
pub fn scales(x: &Matrix<'_>, rows: &[u32], d: usize) -> String {
    let (mut squares, mut row) = (vec![0.0; d], vec![0.0; d]);
    for &i in rows {
        x.read_row(i as usize, &mut row);
        row.iter().zip(&mut squares).for_each(|(&value, square): (&f64, _)| *square += value * value);
    }
    let n = rows.len() as f64;
    // The root mean square: an offset far from 0 slows descent down as a wide spread does.
    let sizes: Vec<f64> = squares.iter().map(|square| (square / n).sqrt()).collect();
    let mut sorted: Vec<f64> = sizes.iter().copied().filter(|size| *size > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(&typical) = sorted.get(sorted.len() / 2) else { return String::new() };
    let far: Vec<String> =
        (0..d).filter(|&j| sizes[j] > FAR * typical).take(5).map(|j| j.to_string()).collect();
    match far.len() {
        0 => String::new(),
        1 => format!(". Column {} (from 0) is on a far larger scale than the others", far[0]),
        _ => format!(". Columns {} (from 0) are on a far larger scale than the others", far.join(", ")),
    }
}
