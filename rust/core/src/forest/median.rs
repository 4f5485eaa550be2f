//! Absolute deviations about the median, of all prefixes of a list of rows.
//!
//! Problem. Given targets `y (n,)` and weights `w (n,)`, `w > 0`, return for k = 1, .., n
//!
//! ```text
//! D_k = min over m of sum_{i < k} w_i |y_i - m|      and a minimiser m_k, the weighted median
//! ```
//!
//! The rows come in the order of a column; D of the two sides of all its cuts is that of the
//! prefixes and, with the rows reversed, of the suffixes. Which cut is best is decided elsewhere.
//!
//! With W the weight of the prefix, m_k is the first y (in the order of y) up to which there is
//! more than W / 2; where there is exactly W / 2 up to some y, it is halfway between that y and the
//! next, as in scikit-learn's `MAE` criterion. With the sums over the rows that lie below m and
//! those that do not,
//!
//! ```text
//! D = (sum_{not below} w y - m sum_{not below} w) + (m sum_{below} w - sum_{below} w y)
//! ```
//!
//! Algorithm. The sums live in a Fenwick tree over the ranks of y (Fenwick, A new data structure
//! for cumulative frequency tables, Software: Practice and Experience 24, 1994): a row is added,
//! and the median found, in O(log n). Short lists are kept sorted by insertion instead.

/// Up to as many rows insertion is faster.
const SHORT: usize = 32;

/// A row, or the sum of several: the weight and the weighted target.
#[derive(Clone, Copy, Default, Debug)]
struct Mass {
    w: f64,
    wy: f64,
}

impl Mass {
    fn add(&mut self, other: Self) {
        self.w += other.w;
        self.wy += other.wy;
    }
}

/// The solver with its buffers, to be used again and again.
#[derive(Default, Debug)]
pub struct Deviations {
    /// (target, row) in the order of the targets.
    sorted: Vec<(f64, u32)>,
    /// The position of every row in `sorted`.
    rank: Vec<u32>,
    tree: Fenwick,
}

impl Deviations {
    /// Sets `out_deviation[k - 1]` to D_k and `out_median[k - 1]` to m_k. All slices have the same
    /// length; targets are finite and weights positive.
    pub fn prefix(&mut self, y: &[f64], w: &[f64], out_deviation: &mut [f64], out_median: &mut [f64]) {
        debug_assert!([w.len(), out_deviation.len(), out_median.len()].iter().all(|&len| len == y.len()));
        debug_assert!(w.iter().all(|&weight| weight > 0.0) && y.iter().all(|v| v.is_finite()));
        let rows = y.iter().copied().zip(w.iter().copied());
        let out = out_deviation.iter_mut().zip(out_median);
        if y.len() <= SHORT {
            prefix_by_insertion(rows, out);
        } else {
            self.rank_by(y);
            self.prefix_by_rank(rows, out);
        }
    }

    fn rank_by(&mut self, y: &[f64]) {
        self.sorted.clear();
        self.sorted.extend(y.iter().copied().zip(0u32..));
        self.sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.rank.resize(y.len(), 0);
        for (&(_, row), rank) in self.sorted.iter().zip(0u32..) {
            self.rank[row as usize] = rank;
        }
    }

    fn prefix_by_rank<'a>(
        &mut self,
        rows: impl Iterator<Item = (f64, f64)>,
        out: impl Iterator<Item = (&'a mut f64, &'a mut f64)>,
    ) {
        let Self { sorted, rank, tree } = self;
        tree.clear(sorted.len());
        let target = |rank: usize| sorted[rank.min(sorted.len() - 1)].0;
        // D does not change when all targets move; about the middle one the sums do not cancel.
        let origin = target(sorted.len() / 2);
        let mut total = Mass::default();
        let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        for (((y, w), &rank), (deviation, median)) in rows.zip(rank.iter()).zip(out) {
            (least, greatest) = (y.min(least), y.max(greatest));
            let row = Mass { w, wy: w * (y - origin) };
            tree.add(rank as usize, row);
            total.add(row);
            // Invariant: tree and total hold the rows up to this one.
            let (lower, upper, below) = tree.split(total.w / 2.0);
            *median = if lower == upper { target(upper) } else { halfway(target(lower), target(upper)) };
            let m = *median - origin;
            let sum = ((total.wy - below.wy) - m * (total.w - below.w)) + (m * below.w - below.wy);
            // Rounding must leave no deviation, and no reason to split, where all targets are
            // equal.
            *deviation = if least == greatest { 0.0 } else { sum.max(0.0) };
        }
    }
}

fn halfway(a: f64, b: f64) -> f64 {
    (a + b) / 2.0
}

/// The rows so far are kept in the order of y, and D is summed anew for every prefix.
fn prefix_by_insertion<'a>(
    rows: impl Iterator<Item = (f64, f64)>,
    out: impl Iterator<Item = (&'a mut f64, &'a mut f64)>,
) {
    let mut sorted = [(0.0, 0.0); SHORT];
    let mut total = 0.0;
    for ((k, row), (deviation, median)) in rows.enumerate().zip(out) {
        // Invariant: sorted[..k] are the rows before this one, in the order of y.
        let place = sorted[..k].iter().rposition(|other| other.0 <= row.0).map_or(0, |j| j + 1);
        sorted.copy_within(place..k, place + 1);
        sorted[place] = row;
        total += row.1;
        let prefix = &sorted[..=k];
        *median = median_of(prefix, total / 2.0);
        *deviation = prefix.iter().map(|&(y, w)| w * (y - *median).abs()).sum();
    }
}

/// The weighted median of sorted `(y, w)` whose weights sum to twice `half`.
fn median_of(sorted: &[(f64, f64)], half: f64) -> f64 {
    let mut below = 0.0;
    for (j, &(y, w)) in sorted.iter().enumerate() {
        below += w;
        if below > half {
            return y;
        }
        if below == half {
            return sorted.get(j + 1).map_or(y, |next| halfway(y, next.0));
        }
    }
    sorted.last().map_or(f64::NAN, |last| last.0)
}

/// Sums of masses by rank: `node[i]` sums the `i & -i` ranks that end with rank `i - 1`.
#[derive(Default, Debug)]
struct Fenwick {
    node: Vec<Mass>,
}

impl Fenwick {
    fn clear(&mut self, n: usize) {
        self.node.clear();
        self.node.resize(n + 1, Mass::default());
    }

    fn add(&mut self, rank: usize, mass: Mass) {
        let mut i = rank + 1;
        while let Some(node) = self.node.get_mut(i) {
            node.add(mass);
            i += i & i.wrapping_neg();
        }
    }

    /// The most ranks whose weights, one after another, fit in `room` (a sum may be all of it if
    /// `closed`, else it must be less), with their mass and the room that is left.
    fn descend(&self, mut room: f64, closed: bool) -> (usize, Mass, f64) {
        let (mut ranks, mut mass) = (0, Mass::default());
        let mut step = self.node.len().next_power_of_two() / 2;
        while step > 0 {
            if let Some(node) = self.node.get(ranks + step)
                && (node.w < room || closed && node.w == room)
            {
                room -= node.w;
                mass.add(*node);
                ranks += step;
            }
            step /= 2;
        }
        (ranks, mass, room)
    }

    /// The ranks between which `half` of the weight ends (the same one twice when it ends within a
    /// row), and the mass below the second.
    fn split(&self, half: f64) -> (usize, usize, Mass) {
        let (upper, below, room) = self.descend(half, true);
        let lower = if room == 0.0 { self.descend(half, false).0 } else { upper };
        (lower, upper, below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    fn prefixes(y: &[f64], w: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut deviation, mut median) = (vec![f64::NAN; y.len()], vec![f64::NAN; y.len()]);
        Deviations::default().prefix(y, w, &mut deviation, &mut median);
        (deviation, median)
    }

    fn deviation_about(m: f64, y: &[f64], w: &[f64]) -> f64 {
        y.iter().zip(w).map(|(y, w)| w * (y - m).abs()).sum()
    }

    /// The definition: D is convex and piecewise linear, so some y is a minimiser; the minimisers
    /// are an interval and the median is its middle.
    fn by_definition(y: &[f64], w: &[f64]) -> (f64, f64) {
        let at: Vec<f64> = y.iter().map(|&m| deviation_about(m, y, w)).collect();
        let least = at.iter().copied().fold(f64::INFINITY, f64::min);
        let best = || y.iter().zip(&at).filter(|&(_, &d)| d == least).map(|(&m, _)| m);
        let (low, high) = (best().fold(f64::INFINITY, f64::min), best().fold(f64::NEG_INFINITY, f64::max));
        (least, halfway(low, high))
    }

    /// Lists on both sides of `SHORT`, with and without ties; integers make all sums exact.
    #[test]
    fn agrees_with_the_definition() {
        for case in 0..300 {
            let mut s = Stream::new(21).child(case);
            let n = 1 + s.below(100) as usize;
            let (values, weights) = ([3, 50, 100_000][case as usize % 3], [1, 2, 9][case as usize / 3 % 3]);
            let y: Vec<f64> = (0..n).map(|_| f64::from(s.below(values)) - 7.0).collect();
            let w: Vec<f64> = (0..n).map(|_| f64::from(1 + s.below(weights))).collect();
            let (deviation, median) = prefixes(&y, &w);
            for k in 1..=n {
                let expected = by_definition(&y[..k], &w[..k]);
                assert_eq!((deviation[k - 1], median[k - 1]), expected, "case {case}, prefix {k} of {n}");
            }
        }
    }

    /// Real targets and weights: least deviation up to rounding, reached at the median.
    #[test]
    fn real_weights() {
        for case in 0..100 {
            let mut s = Stream::new(22).child(case);
            let n = 1 + s.below(150) as usize;
            let y: Vec<f64> = (0..n).map(|_| (s.unit() - 0.5) * 20.0).collect();
            let w: Vec<f64> = (0..n).map(|_| f64::from(1 + s.below(20)) / 10.0).collect();
            let (deviation, median) = prefixes(&y, &w);
            for k in 1..=n {
                let (least, _) = by_definition(&y[..k], &w[..k]);
                let reached = deviation_about(median[k - 1], &y[..k], &w[..k]);
                let tolerance = 1e-11 * (1.0 + least);
                assert!((deviation[k - 1] - least).abs() <= tolerance, "case {case}, prefix {k}");
                assert!((reached - least).abs() <= tolerance, "case {case}, prefix {k}");
            }
        }
    }

    #[test]
    fn both_algorithms_agree() {
        for case in 0..200 {
            let mut s = Stream::new(23).child(case);
            let n = 1 + s.below(SHORT as u32) as usize;
            let y: Vec<f64> = (0..n).map(|_| f64::from(s.below(30))).collect();
            let w: Vec<f64> = (0..n).map(|_| f64::from(1 + s.below(3))).collect();
            let mut ranked = (vec![0.0; n], vec![0.0; n]);
            let mut solver = Deviations::default();
            solver.rank_by(&y);
            let rows = y.iter().copied().zip(w.iter().copied());
            solver.prefix_by_rank(rows, ranked.0.iter_mut().zip(&mut ranked.1));
            assert_eq!(ranked, prefixes(&y, &w));
        }
    }

    #[test]
    fn moving_the_targets_does_not_matter() {
        let mut s = Stream::new(24);
        let y: Vec<f64> = (0..200).map(|_| f64::from(s.below(1000)) / 8.0).collect();
        let far: Vec<f64> = y.iter().map(|v| v + 2f64.powi(40)).collect();
        let w = vec![1.0; 200];
        assert_eq!(prefixes(&far, &w).0, prefixes(&y, &w).0);
    }

    #[test]
    fn equal_targets_have_no_deviation() {
        for n in [1, 2, 31, 32, 33, 500] {
            let mut y = vec![0.1; n];
            y.push(7.3);
            let w: Vec<f64> = (0..=n).map(|i| 0.1 + i as f64 / 3.0).collect();
            let (deviation, median) = prefixes(&y, &w);
            assert!(deviation[..n].iter().all(|&d| d == 0.0) && deviation[n] > 0.0);
            assert!(median[..n].iter().all(|&m| m == 0.1));
        }
    }

    #[test]
    fn buffers_are_reused() {
        let mut s = Stream::new(25);
        let mut solver = Deviations::default();
        for n in [300, 40, 7, 0, 64, 301] {
            let y: Vec<f64> = (0..n).map(|_| s.unit()).collect();
            let w = vec![1.0; n];
            let (mut deviation, mut median) = (vec![0.0; n], vec![0.0; n]);
            solver.prefix(&y, &w, &mut deviation, &mut median);
            assert_eq!((deviation, median), prefixes(&y, &w));
        }
    }
}
