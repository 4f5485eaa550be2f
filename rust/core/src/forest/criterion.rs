//! How good a split is.
//!
//! Problem. A node with sums T is cut into L and R = T - L. Maximise over the cuts
//!
//! ```text
//! gain(L) = W_T I(T) - W_L I(L) - W_R I(R),     W I(.) the weighted impurity, I(.) of:
//! ```
//!
//! | criterion     | W I(N)                                  | gain                                        |
//! |---------------|-----------------------------------------|---------------------------------------------|
//! | gini          | W - sum_k N_k^2 / W                     | sum_k (N_Lk - W_L N_Tk / W_T)^2 W_T / (W_L W_R) |
//! | squared_error | sum w (y - mean)^2                      | S_L^2 W_T / (W_L W_R), S about the node's mean  |
//! | entropy       | -sum_k N_k log2(N_k / W)                | by its definition                           |
//! | poisson       | sum w y log(y / mean)                   | by its definition                           |
//!
//! (Breiman et al., Classification and Regression Trees, 1984, chapters 4 and 8. The gains of the
//! first two rows follow from sum_k N_Lk^2/W_L + N_Rk^2/W_R - N_Tk^2/W_T; without the large terms
//! that cancel there.)
//!
//! Bound. In each row, gain is convex in L (sums of perspectives z^2/W and z log(z/W)). The cuts
//! inside a bin with sums B after `before` have L = before + x with x in a polytope that B fixes, so
//! the greatest value at its vertices bounds them all, and a bin whose bound is not above the best
//! gain found needs no closer look. (Bounding by intervals: Alsabti, Ranka and Singh, CLOUDS, KDD
//! 1998; they estimate the bound by ascent, here it is one.)

use super::pairs::{self, NARROW, Squared};
use super::sums::{Binary, Counts, Labelled, Moments, Sums, Tally, Weighted};
use crate::vectors::Vectors;

/// Up to this many rows the best of all partitions is worth computing.
const CEILING_ROWS: usize = 6;

/// Rounding must not hide a split from its bound.
const SLACK: f64 = 1.0 + 1e-9;

/// What the criterion needs of a node beyond its sums: the range of its targets about the centre.
#[derive(Clone, Copy, Default, Debug)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// A criterion on sums S, prepared for a node.
pub trait Criterion<S: Sums>: Copy + Send + Sync {
    /// Constants of a node.
    type Node: Copy;

    fn node(self, total: S, range: Range) -> Self::Node;
    /// I(T), from the sums or, where they do not tell it, from the rows.
    fn impurity(self, total: S, centre: f64, rows: &[S::Row]) -> f64;
    /// True if the sums are taken about the node's mean.
    const CENTRED: bool = false;
    /// W_T I(T) - W_L I(L) - W_R I(R); not a number if a side is empty.
    fn gain(node: &Self::Node, left: S) -> f64;
    /// No cut inside a bin with sums `bin` after `before` has a greater gain.
    fn bound(node: &Self::Node, before: S, bin: S) -> f64;
    /// No cut of these few rows at all has a greater gain; infinity if that is not worth knowing.
    fn ceiling(_node: &Self::Node, _rows: &[S::Row], _centre: f64) -> f64 {
        f64::INFINITY
    }

    /// True if vectors speed the gain up; logarithms are taken one by one.
    const VECTORS: bool = false;
    /// Up to this many rows are sorted rather than binned: where that was measured to be faster.
    const FEW_ROWS: usize;

    /// Up to this many rows are compared in pairs (pairs.rs) where nothing is missing or limited.
    const PAIRS: usize = 0;
    /// True if the pairs' sums hold the node.
    fn fits_pairs(_node: &Self::Node) -> bool {
        true
    }
    /// The gain of a cut after the code of each row; those of the greatest code mean nothing.
    fn gains<const N: usize>(
        _node: &Self::Node,
        _codes: &[u16; N],
        _rows: &[S::Row],
        _centre: f64,
        _vectors: Vectors,
    ) -> [f64; N] {
        [f64::NAN; N]
    }

    /// The left side of a cut as it takes up row after row, and its gain.
    type Walk;
    /// True if a walk is nothing but sums.
    const WALKS_BY_SUMS: bool;
    fn walk(left: S, total: S) -> Self::Walk;
    fn step(walk: &mut Self::Walk, row: S::Row, centre: f64);
    fn left(walk: &Self::Walk) -> S;
    fn gain_of(node: &Self::Node, walk: &Self::Walk) -> f64;
}

/// A walk whose gain is taken from the sums.
macro_rules! walk_by_sums {
    ($sums:ty) => {
        type Walk = $sums;
        const WALKS_BY_SUMS: bool = true;

        #[inline(always)]
        fn walk(left: $sums, _total: $sums) -> $sums {
            left
        }

        #[inline(always)]
        fn step(walk: &mut $sums, row: <$sums as Sums>::Row, centre: f64) {
            walk.add_row(row, centre);
        }

        #[inline(always)]
        fn left(walk: &$sums) -> $sums {
            *walk
        }

        #[inline(always)]
        fn gain_of(node: &Self::Node, walk: &$sums) -> f64 {
            Self::gain(node, *walk)
        }
    };
}

/// Gini impurity or squared error.
#[derive(Clone, Copy, Debug)]
pub struct Quadratic;

/// Shannon entropy, in bits.
#[derive(Clone, Copy, Debug)]
pub struct Entropy;

/// Half the Poisson deviance.
#[derive(Clone, Copy, Debug)]
pub struct Poisson;

/// Constants of a node with two sums.
#[derive(Clone, Copy)]
pub struct TwoSums {
    w: f64,
    s: f64,
    mean: f64,
    range: Range,
}

impl TwoSums {
    /// Of sums about the node's centre.
    fn of(total: Moments, range: Range) -> Self {
        TwoSums { w: total.w, s: total.s, mean: 0.0, range }
    }
}

/// The greatest gain over the corners of a bin of two classes: all of one class first, or all of the other.
#[inline(always)]
fn corners(node: &TwoSums, before: Binary, bin: Binary, gain: impl Fn(&TwoSums, Binary) -> f64) -> f64 {
    let ones = bin.0 & 0xffff_ffff;
    let only_ones = Binary(before.0 + (ones << 32 | ones));
    let only_zeros = Binary(before.0 + bin.0 - (ones << 32 | ones));
    gain(node, only_ones).max(gain(node, only_zeros)) * SLACK
}

impl Criterion<Binary> for Quadratic {
    const VECTORS: bool = true;
    const FEW_ROWS: usize = 64;
    walk_by_sums!(Binary);
    type Node = TwoSums;

    #[inline(always)]
    fn node(self, total: Binary, range: Range) -> TwoSums {
        let (w, s) = total.split();
        TwoSums { w, s, mean: s / w, range }
    }

    #[inline(always)]
    fn impurity(self, total: Binary, _centre: f64, _rows: &[u64]) -> f64 {
        let share = total.mean();
        2.0 * share * (1.0 - share)
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Binary) -> f64 {
        let (w, s) = left.split();
        let q = s - w * node.mean;
        // Both classes have the same square: the sum over k doubles it.
        2.0 * q * q * node.w / (w * (node.w - w))
    }

    const PAIRS: usize = 64;

    #[inline(always)]
    fn fits_pairs(node: &TwoSums) -> bool {
        node.w < NARROW
    }

    #[inline(always)]
    fn gains<const N: usize>(
        node: &TwoSums,
        codes: &[u16; N],
        rows: &[u64],
        _centre: f64,
        vectors: Vectors,
    ) -> [f64; N] {
        let mut gains = [0.0; N];
        for (gain, left) in gains.iter_mut().zip(pairs::two_classes(codes, rows, vectors)) {
            *gain = Self::gain(node, Binary(u64::from(left >> 8) << 32 | u64::from(left & 0xff)));
        }
        gains
    }

    #[inline(always)]
    fn bound(node: &TwoSums, before: Binary, bin: Binary) -> f64 {
        corners(node, before, bin, Self::gain)
    }
}

impl Criterion<Moments> for Quadratic {
    const VECTORS: bool = true;
    const FEW_ROWS: usize = 128;
    walk_by_sums!(Moments);
    type Node = TwoSums;
    const CENTRED: bool = true;

    #[inline(always)]
    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums::of(total, range)
    }

    /// Squares about the mean, not a difference of squares: the mean may be large.
    #[inline(always)]
    fn impurity(self, total: Moments, centre: f64, rows: &[Weighted]) -> f64 {
        let mean = centre + total.mean();
        let square = |row: &Weighted| row.w * (row.y - mean) * (row.y - mean);
        lanes(rows, square) / total.w
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Moments) -> f64 {
        left.s * left.s * node.w / (left.w * (node.w - left.w))
    }

    #[inline(always)]
    fn bound(node: &TwoSums, before: Moments, bin: Moments) -> f64 {
        vertices(node, before, bin, Self::gain)
    }

    const PAIRS: usize = 32;

    #[inline(always)]
    fn gains<const N: usize>(
        node: &TwoSums,
        codes: &[u16; N],
        rows: &[Weighted],
        centre: f64,
        vectors: Vectors,
    ) -> [f64; N] {
        let (w, s) = pairs::moments(codes, rows, centre, vectors);
        let mut gains = [0.0; N];
        for j in 0..N {
            gains[j] = Self::gain(node, Moments { w: w[j], s: s[j] });
        }
        gains
    }

    /// The best of all partitions of a set parts it where its targets are sorted (Fisher 1958).
    #[inline(always)]
    fn ceiling(node: &TwoSums, rows: &[Weighted], centre: f64) -> f64 {
        if rows.len() > CEILING_ROWS {
            return f64::INFINITY;
        }
        let mut sorted = [Weighted::default(); CEILING_ROWS];
        for (n, &row) in rows.iter().enumerate() {
            let mut j = n;
            while j > 0 && sorted[j - 1].y > row.y {
                sorted[j] = sorted[j - 1];
                j -= 1;
            }
            sorted[j] = row;
        }
        let mut left = Moments::default();
        let mut best: f64 = 0.0;
        for &row in &sorted[..rows.len() - 1] {
            left.add_row(row, centre);
            best = best.max(Self::gain(node, left));
        }
        best
    }
}

/// A sum over rows in four lanes: an order that vectorises and is always the same.
#[inline(always)]
pub fn lanes<R>(rows: &[R], term: impl Fn(&R) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let chunks = rows.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, row) in sums.iter_mut().zip(chunk) {
            *sum += term(row);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest.iter().map(term).sum::<f64>()
}

/// The greatest gain over the vertices of {(w, s) : low w <= s <= high w, and the same for what the
/// bin leaves}: first all the high targets, or first all the low ones.
#[inline(always)]
fn vertices(node: &TwoSums, before: Moments, bin: Moments, gain: impl Fn(&TwoSums, Moments) -> f64) -> f64 {
    let Range { low, high } = node.range;
    if high <= low {
        return f64::INFINITY;
    }
    let w_high = ((bin.s - bin.w * low) / (high - low)).clamp(0.0, bin.w);
    let highs = Moments { w: w_high, s: w_high * high };
    let lows = Moments { w: bin.w - w_high, s: (bin.w - w_high) * low };
    gain(node, before.plus(highs)).max(gain(node, before.plus(lows))) * SLACK
}

#[inline(always)]
fn x_log_x(x: f64) -> f64 {
    if x > 0.0 { x * x.log2() } else { 0.0 }
}

/// -W I(N) of the entropy of two classes.
#[inline(always)]
fn negentropy_of_two(w: f64, s: f64) -> f64 {
    x_log_x(s) + x_log_x(w - s) - x_log_x(w)
}

impl Criterion<Binary> for Entropy {
    const FEW_ROWS: usize = 64;
    walk_by_sums!(Binary);
    type Node = TwoSums;

    #[inline(always)]
    fn node(self, total: Binary, range: Range) -> TwoSums {
        Quadratic.node(total, range)
    }

    #[inline(always)]
    fn impurity(self, total: Binary, _centre: f64, _rows: &[u64]) -> f64 {
        let (w, s) = total.split();
        (-negentropy_of_two(w, s) / w).max(0.0)
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Binary) -> f64 {
        let (w, s) = left.split();
        if w == 0.0 || w == node.w {
            return f64::NAN;
        }
        negentropy_of_two(w, s) + negentropy_of_two(node.w - w, node.s - s)
            - negentropy_of_two(node.w, node.s)
    }

    #[inline(always)]
    fn bound(node: &TwoSums, before: Binary, bin: Binary) -> f64 {
        corners(node, before, bin, Self::gain)
    }
}

impl Criterion<Moments> for Entropy {
    const FEW_ROWS: usize = 128;
    walk_by_sums!(Moments);
    type Node = TwoSums;

    #[inline(always)]
    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums::of(total, range)
    }

    #[inline(always)]
    fn impurity(self, total: Moments, _centre: f64, _rows: &[Weighted]) -> f64 {
        (-negentropy_of_two(total.w, total.s) / total.w).max(0.0)
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Moments) -> f64 {
        let (w, s) = (node.w - left.w, node.s - left.s);
        if left.w <= 0.0 || w <= 0.0 {
            return f64::NAN;
        }
        negentropy_of_two(left.w, left.s) + negentropy_of_two(w, s) - negentropy_of_two(node.w, node.s)
    }

    #[inline(always)]
    fn bound(node: &TwoSums, before: Moments, bin: Moments) -> f64 {
        vertices(node, before, bin, Self::gain)
    }
}

/// -W I(N) of the Poisson deviance, but for the part that no split changes.
#[inline(always)]
fn log_mean(w: f64, s: f64) -> f64 {
    if s > 0.0 && w > 0.0 { s * (s / w).ln() } else { 0.0 }
}

impl Criterion<Moments> for Poisson {
    const FEW_ROWS: usize = 128;
    walk_by_sums!(Moments);
    type Node = TwoSums;

    #[inline(always)]
    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums::of(total, range)
    }

    #[inline(always)]
    fn impurity(self, total: Moments, _centre: f64, rows: &[Weighted]) -> f64 {
        let mean = total.mean();
        let deviance = |row: &Weighted| if row.y > 0.0 { row.w * row.y * (row.y / mean).ln() } else { 0.0 };
        if mean > 0.0 { lanes(rows, deviance) / total.w } else { 0.0 }
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Moments) -> f64 {
        let right = Moments { w: node.w - left.w, s: node.s - left.s };
        // A side without events has no finite deviance about its mean 0: scikit-learn refuses it too.
        if left.s <= 0.0 || right.s <= 0.0 || left.w <= 0.0 || right.w <= 0.0 {
            return f64::NAN;
        }
        log_mean(left.w, left.s) + log_mean(right.w, right.s) - log_mean(node.w, node.s)
    }

    #[inline(always)]
    fn bound(_node: &TwoSums, _before: Moments, _bin: Moments) -> f64 {
        f64::INFINITY
    }
}

/// Constants of a node with K classes.
#[derive(Clone, Copy)]
pub struct Shares<const P: usize> {
    total: [f64; P],
    share: [f64; P],
    w: f64,
    /// sum_k N_Tk^2, and that over W_T
    squares: f64,
    square: f64,
}

#[inline(always)]
fn floats<T: Tally, const P: usize>(counts: &Counts<T, P>) -> [f64; P] {
    let mut out = [0.0; P];
    for (out, count) in out.iter_mut().zip(&counts.0) {
        *out = count.float();
    }
    out
}

/// A sum in an order that vectorises and is always the same.
#[inline(always)]
fn sum<const P: usize>(values: [f64; P]) -> f64 {
    let mut values = values;
    let mut half = P / 2;
    while half > 0 {
        for k in 0..half {
            values[k] += values[k + half];
        }
        half /= 2;
    }
    values[0]
}

#[inline(always)]
fn squares<const P: usize>(mut values: [f64; P]) -> [f64; P] {
    for value in &mut values {
        *value *= *value;
    }
    values
}

impl<const P: usize> Shares<P> {
    #[inline(always)]
    fn new(total: [f64; P]) -> Self {
        let w = sum(total);
        let mut share = total;
        for part in &mut share {
            *part /= w;
        }
        let squares = sum(squares(total));
        Shares { total, share, w, squares, square: squares / w }
    }
}

/// Both sides of a cut with their sums of squares: a row changes one class of each.
pub struct Squares<T, const P: usize> {
    left: Counts<T, P>,
    right: Counts<T, P>,
    w: [f64; 2],
    square: [f64; 2],
}

impl<T: Tally, const P: usize> Criterion<Counts<T, P>> for Quadratic {
    const VECTORS: bool = true;
    const FEW_ROWS: usize = 256;
    type Walk = Squares<T, P>;
    const WALKS_BY_SUMS: bool = false;

    #[inline(always)]
    fn walk(left: Counts<T, P>, total: Counts<T, P>) -> Squares<T, P> {
        let right = total.minus(left);
        let (l, r) = (floats(&left), floats(&right));
        Squares { left, right, w: [sum(l), sum(r)], square: [sum(squares(l)), sum(squares(r))] }
    }

    #[inline(always)]
    fn step(walk: &mut Squares<T, P>, row: Labelled<T>, _centre: f64) {
        let k = row.class as usize & (P - 1);
        let (w, l, r) = (row.w.float(), walk.left.0[k].float(), walk.right.0[k].float());
        // (l + w)^2 - l^2 and r^2 - (r - w)^2
        walk.square[0] += w * (2.0 * l + w);
        walk.square[1] -= w * (2.0 * r - w);
        walk.w[0] += w;
        walk.w[1] -= w;
        walk.left.0[k] = walk.left.0[k].plus(row.w);
        walk.right.0[k] = walk.right.0[k].minus(row.w);
    }

    #[inline(always)]
    fn left(walk: &Squares<T, P>) -> Counts<T, P> {
        walk.left
    }

    #[inline(always)]
    fn gain_of(node: &Shares<P>, walk: &Squares<T, P>) -> f64 {
        walk.square[0] / walk.w[0] + walk.square[1] / walk.w[1] - node.square
    }

    const PAIRS: usize = if T::EXACT { 64 } else { 0 };

    #[inline(always)]
    fn fits_pairs(node: &Shares<P>) -> bool {
        node.w < NARROW
    }

    #[inline(always)]
    fn gains<const N: usize>(
        node: &Shares<P>,
        codes: &[u16; N],
        rows: &[Labelled<T>],
        _centre: f64,
        vectors: Vectors,
    ) -> [f64; N] {
        let Squared { w, square, cross } = pairs::squares(codes, rows, &node.total, vectors);
        let mut gains = [0.0; N];
        for j in 0..N {
            let (w_l, sq_l) = (f64::from(w[j]), f64::from(square[j]));
            let sq_r = node.squares - 2.0 * f64::from(cross[j]) + sq_l;
            gains[j] = sq_l / w_l + sq_r / (node.w - w_l) - node.square;
        }
        gains
    }

    type Node = Shares<P>;

    #[inline(always)]
    fn node(self, total: Counts<T, P>, _range: Range) -> Shares<P> {
        Shares::new(floats(&total))
    }

    #[inline(always)]
    fn impurity(self, total: Counts<T, P>, _centre: f64, _rows: &[Labelled<T>]) -> f64 {
        let counts = floats(&total);
        let w = sum(counts);
        (1.0 - sum(squares(counts)) / (w * w)).max(0.0)
    }

    #[inline(always)]
    fn gain(node: &Shares<P>, left: Counts<T, P>) -> f64 {
        let left_f = floats(&left);
        let w = left.weight();
        let mut q = [0.0; P];
        for k in 0..P {
            let deviation = left_f[k] - w * node.share[k];
            q[k] = deviation * deviation;
        }
        sum(q) * node.w / (w * (node.w - w))
    }

    /// F(x) = |L + x|^2 / W(L + x) + |R - x|^2 / W(R - x), R = T - L, is to be bounded for 0 <= x <= B.
    /// By the mean value theorem F(x) - F(0) <= sum_k B_k max(0, D_k) with D_k no less than
    ///
    /// ```text
    /// dF/dx_k = 2 l_k / W_l - |l|^2 / W_l^2 - 2 r_k / W_r + |r|^2 / W_r^2,    l = L + x, r = R - x,
    /// ```
    ///
    /// each term at its extreme over the bin. The error is of second order in B.
    #[inline(always)]
    fn bound(node: &Shares<P>, before: Counts<T, P>, bin: Counts<T, P>) -> f64 {
        let (l, b) = (floats(&before), floats(&bin));
        let (w_l, w_b) = (before.weight(), bin.weight());
        let w_r = node.w - w_l - w_b;
        let (mut sq_l, mut sq_r, mut rise) = ([0.0; P], [0.0; P], [0.0; P]);
        for k in 0..P {
            let r = node.total[k] - l[k];
            sq_l[k] = l[k] * l[k];
            sq_r[k] = r * r;
        }
        let (sq_l, sq_r) = (sum(sq_l), sum(sq_r));
        let (w_l_most, w_r_most) = (w_l + w_b, w_r + w_b);
        let level = sq_r / (w_r * w_r) - sq_l / (w_l_most * w_l_most);
        for k in 0..P {
            let r = node.total[k] - l[k] - b[k];
            let slope = 2.0 * ((l[k] + b[k]) / (w_l + b[k]) - r / (w_r_most - b[k])) + level;
            rise[k] = if slope > 0.0 { b[k] * slope } else { 0.0 };
        }
        // At an end of the node one side may be empty: no slope there, look inside.
        if w_l == 0.0 || w_r == 0.0 {
            return f64::INFINITY;
        }
        (sq_l / w_l + sq_r / w_r_most + sum(rise)) * SLACK - node.square
    }
}

impl<T: Tally, const P: usize> Criterion<Counts<T, P>> for Entropy {
    const FEW_ROWS: usize = 256;
    walk_by_sums!(Counts<T, P>);
    type Node = Shares<P>;

    #[inline(always)]
    fn node(self, total: Counts<T, P>, _range: Range) -> Shares<P> {
        Shares::new(floats(&total))
    }

    #[inline(always)]
    fn impurity(self, total: Counts<T, P>, _centre: f64, _rows: &[Labelled<T>]) -> f64 {
        let node = Shares::new(floats(&total));
        -sum(node.share.map(x_log_x))
    }

    #[inline(always)]
    fn gain(node: &Shares<P>, left: Counts<T, P>) -> f64 {
        let w = left.weight();
        if w == 0.0 || w == node.w {
            return f64::NAN;
        }
        let left = floats(&left);
        let (mut l, mut r, mut t) = ([0.0; P], [0.0; P], [0.0; P]);
        for k in 0..P {
            l[k] = x_log_x(left[k]);
            r[k] = x_log_x(node.total[k] - left[k]);
            t[k] = x_log_x(node.total[k]);
        }
        (sum(l) - x_log_x(w)) + (sum(r) - x_log_x(node.w - w)) - (sum(t) - x_log_x(node.w))
    }

    #[inline(always)]
    fn bound(_node: &Shares<P>, _before: Counts<T, P>, _bin: Counts<T, P>) -> f64 {
        f64::INFINITY
    }
}
