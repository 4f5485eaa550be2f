//! How good a split is.
//!
//! Problem. A node with sums T is cut into L and R = T - L. Maximise over the cuts
//!
//!     gain(L) = W_T I(T) - W_L I(L) - W_R I(R),     W I(.) the weighted impurity, I(.) of:
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

use super::sums::{Binary, Counts, Labelled, Moments, Sums, Tally, Weighted};

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

impl Criterion<Binary> for Quadratic {
    type Node = TwoSums;

    fn node(self, total: Binary, range: Range) -> TwoSums {
        let (w, s) = total.split();
        TwoSums { w, s, mean: s / w, range }
    }

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

    #[inline(always)]
    fn bound(node: &TwoSums, before: Binary, bin: Binary) -> f64 {
        let ones = bin.0 & 0xffff_ffff;
        let only_ones = Binary(before.0 + (ones << 32 | ones));
        let only_zeros = Binary(before.0 + bin.0 - (ones << 32 | ones));
        Self::gain(node, only_ones).max(Self::gain(node, only_zeros)) * SLACK
    }
}

impl Criterion<Moments> for Quadratic {
    type Node = TwoSums;
    const CENTRED: bool = true;

    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums { w: total.w, s: total.s, mean: 0.0, range }
    }

    /// Squares about the mean, not a difference of squares: the mean may be large.
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
fn vertices(
    node: &TwoSums,
    before: Moments,
    bin: Moments,
    gain: impl Fn(&TwoSums, Moments) -> f64,
) -> f64 {
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
    type Node = TwoSums;

    fn node(self, total: Binary, range: Range) -> TwoSums {
        Quadratic.node(total, range)
    }

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
        let ones = bin.0 & 0xffff_ffff;
        let only_ones = Binary(before.0 + (ones << 32 | ones));
        let only_zeros = Binary(before.0 + bin.0 - (ones << 32 | ones));
        Self::gain(node, only_ones).max(Self::gain(node, only_zeros)) * SLACK
    }
}

impl Criterion<Moments> for Entropy {
    type Node = TwoSums;

    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums { w: total.w, s: total.s, mean: 0.0, range }
    }

    fn impurity(self, total: Moments, _centre: f64, _rows: &[Weighted]) -> f64 {
        (-negentropy_of_two(total.w, total.s) / total.w).max(0.0)
    }

    #[inline(always)]
    fn gain(node: &TwoSums, left: Moments) -> f64 {
        let (w, s) = (node.w - left.w, node.s - left.s);
        if left.w <= 0.0 || w <= 0.0 {
            return f64::NAN;
        }
        negentropy_of_two(left.w, left.s) + negentropy_of_two(w, s)
            - negentropy_of_two(node.w, node.s)
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
    type Node = TwoSums;

    fn node(self, total: Moments, range: Range) -> TwoSums {
        TwoSums { w: total.w, s: total.s, mean: 0.0, range }
    }

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
    /// sum_k N_Tk^2 / W_T
    square: f64,
}

#[inline(always)]
fn floats<T: Tally, const P: usize>(counts: &Counts<T, P>) -> [f64; P] {
    let mut out = [0.0; P];
    for k in 0..P {
        out[k] = counts.0[k].float();
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

impl<const P: usize> Shares<P> {
    fn new(total: [f64; P]) -> Self {
        let w = sum(total);
        Shares { total, share: total.map(|n| n / w), w, square: sum(total.map(|n| n * n)) / w }
    }
}

impl<T: Tally, const P: usize> Criterion<Counts<T, P>> for Quadratic {
    type Node = Shares<P>;

    fn node(self, total: Counts<T, P>, _range: Range) -> Shares<P> {
        Shares::new(floats(&total))
    }

    fn impurity(self, total: Counts<T, P>, _centre: f64, _rows: &[Labelled<T>]) -> f64 {
        let node = Shares::new(floats(&total));
        let squares = node.share.map(|share| share * share);
        (1.0 - sum(squares)).max(0.0)
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

    /// With s of the bin's weight b on the left, |L + x|^2 <= |L|^2 + s M, M = max_k (2 L_k + B_k)
    /// over the classes of the bin; (|L|^2 + s M) / (W_L + s) is monotone in s, so an end bounds it.
    #[inline(always)]
    fn bound(node: &Shares<P>, before: Counts<T, P>, bin: Counts<T, P>) -> f64 {
        let (l, b) = (floats(&before), floats(&bin));
        let (mut m_l, mut m_r): (f64, f64) = (0.0, 0.0);
        let (mut sq_l, mut sq_r) = ([0.0; P], [0.0; P]);
        for k in 0..P {
            let r = node.total[k] - l[k] - b[k];
            sq_l[k] = l[k] * l[k];
            sq_r[k] = r * r;
            let present = if b[k] > 0.0 { 1.0 } else { 0.0 };
            m_l = m_l.max(present * (2.0 * l[k] + b[k]));
            m_r = m_r.max(present * (2.0 * r + b[k]));
        }
        let (w_l, w_b) = (before.weight(), bin.weight());
        let w_r = node.w - w_l - w_b;
        let end = |square: f64, w: f64, m: f64| {
            (square / w).max((square + w_b * m) / (w + w_b))
        };
        let (left, right) = (end(sum(sq_l), w_l, m_l), end(sum(sq_r), w_r, m_r));
        (left + right) * SLACK - node.square
    }
}

impl<T: Tally, const P: usize> Criterion<Counts<T, P>> for Entropy {
    type Node = Shares<P>;

    fn node(self, total: Counts<T, P>, _range: Range) -> Shares<P> {
        Shares::new(floats(&total))
    }

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
