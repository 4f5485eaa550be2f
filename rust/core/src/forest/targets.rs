//! What a tree asks of its targets, and the answer for a single output: one number or up to 32 classes.
//! Several outputs, more classes and absolute errors are in `wide.rs`.

use super::criterion::{Criterion, Range, lanes};
use super::search::{Codes, Cut, Limits, Scan, Scratch};
use super::sums::Sums;

/// A node's rows in one number each.
#[derive(Clone, Copy, Debug)]
pub struct Stats {
    pub weight: f64,
    pub impurity: f64,
    /// The mean target, or the share of class 1: what monotonic constraints compare.
    pub mean: f64,
}

/// A cut by a set of categories: the codes that go left.
pub struct SetCut<L> {
    pub cut: Cut<L>,
    pub set: Vec<u16>,
}

/// What is known of the gains of a node: cuts at or below `floor` are of no use, none is above `ceiling`.
#[derive(Clone, Copy, Debug)]
pub struct GainRange {
    pub floor: f64,
    pub ceiling: f64,
}

/// The targets of a forest, as the growth of a tree sees them.
pub trait Targets: Sync {
    /// What a row carries: weight and target.
    type Row: Copy + Default + Send + Sync;
    /// What is known of a node.
    type Node: Clone;
    /// A node with what every search in it uses.
    type Ready;
    /// What is known of the left side of a cut.
    type Left: Copy + Default;
    type Scratch: Default;
    /// True if growth is worth compiling for wide vectors.
    const VECTORS: bool;

    /// Training row i with weight `weight`.
    fn row(&self, i: usize, weight: f64) -> Self::Row;
    fn node(&self, rows: &[Self::Row]) -> Self::Node;
    fn stats(&self, node: &Self::Node) -> Stats;
    fn ready(&self, node: &Self::Node) -> Self::Ready;
    /// Appends the prediction of a leaf.
    fn values(&self, node: &Self::Node, out: &mut Vec<f64>);
    /// The best cut of a numeric column with a gain above `range.floor`.
    fn best_cut(
        &self,
        node: &Self::Ready,
        rows: &[Self::Row],
        column: Codes<'_>,
        limits: &Limits,
        range: GainRange,
        scratch: &mut Self::Scratch,
    ) -> Option<Cut<Self::Left>>;
    /// No cut of this node has a greater gain; infinity if that is not known.
    fn ceiling(&self, node: &Self::Ready, rows: &[Self::Row]) -> f64;
    /// The best set of categories with a gain above `floor`.
    fn best_set(
        &self,
        node: &Self::Ready,
        rows: &[Self::Row],
        column: Codes<'_>,
        limits: &Limits,
        floor: f64,
    ) -> Option<SetCut<Self::Left>>;
    /// The gain of sending left the rows where `left` is 1, if that is allowed.
    fn gain_of(
        &self,
        node: &Self::Ready,
        rows: &[Self::Row],
        left: &[u8],
        limits: &Limits,
    ) -> Option<(f64, Self::Left)>;
    /// Both children, where the sums of the cut tell them exactly.
    fn children(&self, node: &Self::Node, left: &Self::Left) -> Option<[Self::Node; 2]>;
}

/// One output with sums S.
pub struct Single<'a, S, C> {
    /// Class codes or numbers of the training rows (n_train,).
    pub y: &'a [f64],
    /// 1 for a number, else the number of classes.
    pub n_values: usize,
    pub criterion: C,
    sums: std::marker::PhantomData<fn() -> S>,
}

/// A node of `Single`.
#[derive(Clone)]
pub struct SingleNode<S> {
    total: S,
    centre: f64,
    impurity: f64,
    range: Range,
}

/// A node of `Single` with the criterion's constants.
pub struct SingleReady<S, N> {
    total: S,
    centre: f64,
    prepared: N,
}

impl<'a, S, C> Single<'a, S, C> {
    pub fn new(y: &'a [f64], n_values: usize, criterion: C) -> Self {
        Single { y, n_values, criterion, sums: std::marker::PhantomData }
    }
}

/// Sums that know their classes.
pub trait Values: Sums {
    /// The mean of the rows, and the range of their targets (empty sums where it has no use).
    fn mean_and_range(rows: &[Self::Row]) -> (f64, Range);
    fn write(&self, centre: f64, n_values: usize, out: &mut Vec<f64>);
}

impl Values for super::sums::Binary {
    fn mean_and_range(_rows: &[u64]) -> (f64, Range) {
        (0.0, Range::default())
    }

    #[inline(always)]
    fn write(&self, _centre: f64, _n_values: usize, out: &mut Vec<f64>) {
        let (w, s) = self.split();
        out.extend([(w - s) / w, s / w]);
    }
}

impl Values for super::sums::Moments {
    #[inline(always)]
    fn mean_and_range(rows: &[super::sums::Weighted]) -> (f64, Range) {
        if let [row] = rows {
            return (row.y, Range { low: row.y, high: row.y });
        }
        let mean = lanes(rows, |row| row.w * row.y) / lanes(rows, |row| row.w);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for row in rows {
            low = low.min(row.y);
            high = high.max(row.y);
        }
        // Rows that agree have their common target as mean, to the last bit.
        (mean.clamp(low, high), Range { low, high })
    }

    #[inline(always)]
    fn write(&self, centre: f64, n_values: usize, out: &mut Vec<f64>) {
        let mean = centre + self.mean();
        if n_values == 1 {
            out.push(mean);
        } else {
            out.extend([1.0 - mean, mean]);
        }
    }
}

impl<T: super::sums::Tally, const P: usize> Values for super::sums::Counts<T, P> {
    fn mean_and_range(_rows: &[super::sums::Labelled<T>]) -> (f64, Range) {
        (0.0, Range::default())
    }

    #[inline(always)]
    fn write(&self, _centre: f64, n_values: usize, out: &mut Vec<f64>) {
        let w = self.weight();
        let mut shares = [0.0; P];
        for (share, count) in shares.iter_mut().zip(&self.0) {
            *share = count.float() / w;
        }
        out.extend_from_slice(&shares[..n_values]);
    }
}

impl<S: Values, C: Criterion<S>> Single<'_, S, C> {
    #[inline(always)]
    fn of_sums(&self, total: S, centre: f64, range: Range, rows: &[S::Row]) -> SingleNode<S> {
        SingleNode { total, centre, impurity: self.criterion.impurity(total, centre, rows), range }
    }

    #[inline(always)]
    fn scan<'b>(
        &self,
        node: &'b SingleReady<S, C::Node>,
        rows: &'b [S::Row],
        column: Codes<'b>,
        limits: &'b Limits,
    ) -> Scan<'b, S, C> {
        Scan { node: &node.prepared, total: node.total, centre: node.centre, rows, column, limits }
    }
}

impl<S: Values, C: Criterion<S>> Targets for Single<'_, S, C> {
    type Row = S::Row;
    type Node = SingleNode<S>;
    type Ready = SingleReady<S, C::Node>;
    type Left = S;
    type Scratch = Scratch<S>;
    const VECTORS: bool = C::VECTORS;

    #[inline(always)]
    fn row(&self, i: usize, weight: f64) -> S::Row {
        S::row(weight, self.y[i])
    }

    #[inline(always)]
    fn node(&self, rows: &[S::Row]) -> Self::Node {
        let (mean, range) = S::mean_and_range(rows);
        let centre = if C::CENTRED { mean } else { 0.0 };
        let mut total = S::default();
        for &row in rows {
            total.add_row(row, centre);
        }
        self.of_sums(total, centre, range, rows)
    }

    #[inline(always)]
    fn stats(&self, node: &Self::Node) -> Stats {
        Stats { weight: node.total.weight(), impurity: node.impurity, mean: node.centre + node.total.mean() }
    }

    #[inline(always)]
    fn ready(&self, node: &Self::Node) -> Self::Ready {
        let Range { low, high } = node.range;
        let about = Range { low: low - node.centre, high: high - node.centre };
        SingleReady {
            total: node.total,
            centre: node.centre,
            prepared: self.criterion.node(node.total, about),
        }
    }

    #[inline(always)]
    fn values(&self, node: &Self::Node, out: &mut Vec<f64>) {
        node.total.write(node.centre, self.n_values, out);
    }

    #[inline(always)]
    fn best_cut(
        &self,
        node: &Self::Ready,
        rows: &[S::Row],
        column: Codes<'_>,
        limits: &Limits,
        range: GainRange,
        scratch: &mut Scratch<S>,
    ) -> Option<Cut<S>> {
        self.scan(node, rows, column, limits).best(range.floor, range.ceiling, scratch)
    }

    #[inline(always)]
    fn ceiling(&self, node: &Self::Ready, rows: &[S::Row]) -> f64 {
        C::ceiling(&node.prepared, rows, node.centre)
    }

    fn best_set(
        &self,
        node: &Self::Ready,
        rows: &[S::Row],
        column: Codes<'_>,
        limits: &Limits,
        floor: f64,
    ) -> Option<SetCut<S>> {
        self.scan(node, rows, column, limits).best_set(floor)
    }

    #[inline(always)]
    fn gain_of(&self, node: &Self::Ready, rows: &[S::Row], left: &[u8], limits: &Limits) -> Option<(f64, S)> {
        let mut sums = S::default();
        let mut n_left = 0;
        for (&row, &side) in rows.iter().zip(left) {
            if side == 1 {
                sums.add_row(row, node.centre);
                n_left += 1;
            }
        }
        let scan =
            self.scan(node, rows, Codes { codes: &[], padded: &[], low: 0, high: 0, missing: None }, limits);
        let gain = C::gain(&node.prepared, sums);
        (!gain.is_nan() && scan.allowed(sums, n_left)).then_some((gain, sums))
    }

    #[inline(always)]
    fn children(&self, node: &Self::Node, left: &S) -> Option<[Self::Node; 2]> {
        if !S::EXACT {
            return None;
        }
        let of = |sums| self.of_sums(sums, 0.0, Range::default(), &[]);
        Some([of(*left), of(node.total.minus(*left))])
    }
}
