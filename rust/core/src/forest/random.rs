//! Drawn cuts, for extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006):
//! a threshold uniform between the least and the greatest value in the node and a random side for missing
//! values, or a random side for each category that occurs, missing values being one more category.

use super::bins::Column;
use super::search::{Codes, Cut, Limits};
use super::targets::Targets;
use crate::seed::Stream;

/// A cut with its set or its threshold.
pub type Drawn<L> = (Cut<L>, Option<Vec<u16>>, Option<f32>);

/// Draws a cut; returns it with its set or its threshold if its gain is above `floor`.
#[expect(clippy::too_many_arguments, reason = "one call site, all of them borrowed from its state")]
#[inline(always)]
pub fn cut<T: Targets>(
    targets: &T,
    node: &T::Ready,
    rows: &[T::Row],
    column: &Column,
    codes: Codes<'_>,
    limits: &Limits,
    floor: f64,
    mut stream: Stream,
    sides: &mut [u8],
) -> Option<Drawn<T::Left>> {
    let mut missing_left = codes.missing.is_some() && stream.next_u64() & 1 == 1;
    let (set, threshold, code) = if column.categorical {
        let set = draw_set(codes, &mut stream)?;
        missing_left = codes.missing.is_some_and(|missing| set.binary_search(&missing).is_ok());
        (Some(set), None, 0)
    } else {
        let (threshold, code) = draw_threshold(column, codes, &mut stream)?;
        (None, Some(threshold), code)
    };
    for (side, value) in sides.iter_mut().zip(codes.codes) {
        *side = u8::from(match &set {
            Some(set) => set.binary_search(value).is_ok(),
            None if Some(*value) == codes.missing => missing_left,
            None => *value <= code,
        });
    }
    let (gain, left) = targets.gain_of(node, rows, sides, limits)?;
    let cut = Cut { gain, code, missing_left, perfect: false, left };
    (gain > floor).then_some((cut, set, threshold))
}

/// Uniform in [least, greatest), and the last bin that goes left; `None` where only missing values
/// differ from the rest. A bin of several values cannot be parted: a threshold within one moves to the
/// end of the bins to its left, and the least bin in the node always goes left.
fn draw_threshold(column: &Column, codes: Codes<'_>, stream: &mut Stream) -> Option<(f32, u16)> {
    if codes.low >= codes.high {
        return None;
    }
    let (low, high) = (column.low[codes.low as usize], column.low[codes.high as usize]);
    let (low64, high64) = (f64::from(low), f64::from(high));
    let drawn = (low64 + stream.unit() * (high64 - low64)) as f32;
    let drawn = if drawn >= high { low } else { drawn };
    let code = column.bins_up_to(drawn).max(codes.low as usize + 1) - 1;
    let end = column.high[code];
    let between = drawn >= end && drawn < column.low[code + 1];
    Some((if between { drawn } else { end }, code as u16))
}

/// A side for each category that occurs, a missing value among them; ascending, and both sides get at
/// least one. `None` where there is only one.
fn draw_set(codes: Codes<'_>, stream: &mut Stream) -> Option<Vec<u16>> {
    let mut present = codes.codes.to_vec();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        return None;
    }
    let set: Vec<u16> = present.iter().copied().filter(|_| stream.next_u64() & 1 == 1).collect();
    if set.is_empty() || set.len() == present.len() {
        return Some(vec![present[stream.below(present.len() as u32) as usize]]);
    }
    Some(set)
}
