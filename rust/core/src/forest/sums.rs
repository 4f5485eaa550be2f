//! What a node knows of the targets of its rows: sums that can be added over rows and over bins.
//!
//! Notation. A row has weight w > 0 and target y; W is the sum of w, S the sum of w (y - c) about a
//! centre c that is fixed within a node, N_k the weight of class k.

/// Sums over a set of rows, and the row that they are made of.
pub trait Sums: Copy + Default + Send + Sync + 'static {
    /// What one row carries through the tree: its weight and its target.
    type Row: Copy + Default + Send + Sync;

    /// A row of weight `weight` with target or class code `y`.
    fn row(weight: f64, y: f64) -> Self::Row;
    fn add_row(&mut self, row: Self::Row, centre: f64);
    fn plus(self, other: Self) -> Self;
    /// `self - part`, where `part` is a subset.
    fn minus(self, part: Self) -> Self;
    /// W
    fn weight(&self) -> f64;
    /// The mean target about the centre, or the share of class 1: what monotonic constraints compare.
    fn mean(&self) -> f64;
    /// Number of orders in which categories are tried, and the share that the k-th order sorts by.
    const ORDERS: usize;
    fn order(&self, k: usize) -> f64;
    /// True if all rows are known to have the same class.
    fn one_class(&self) -> bool;
    /// True if a child's sums, taken from the scan, are exact (integers), so that its rows need not
    /// be visited to know whether it is a leaf.
    const EXACT: bool;
    /// True if `sum_of` is fast: the sum over the rows of one code.
    const SUMS_OF_CODE: bool = false;
    fn sum_of(_codes: &[u16], _rows: &[Self::Row], _code: u16) -> Self {
        Self::default()
    }
}

/// Two classes, integer weights: W in the high half, the weight of class 1 in the low half, so that
/// one addition serves both. Rows and sums have the same form.
#[derive(Clone, Copy, Default, Debug)]
pub struct Binary(pub u64);

impl Binary {
    /// (W, N_1)
    #[inline(always)]
    pub fn split(self) -> (f64, f64) {
        (f64::from((self.0 >> 32) as u32), f64::from(self.0 as u32))
    }
}

impl Sums for Binary {
    type Row = u64;
    const EXACT: bool = true;

    fn row(weight: f64, y: f64) -> u64 {
        let weight = weight as u64;
        weight << 32 | if y > 0.5 { weight } else { 0 }
    }

    #[inline(always)]
    fn add_row(&mut self, row: u64, _centre: f64) {
        self.0 += row;
    }

    const SUMS_OF_CODE: bool = true;

    #[inline(always)]
    fn sum_of(codes: &[u16], rows: &[u64], code: u16) -> Self {
        let mut sum = 0;
        for (&row, &at) in rows.iter().zip(codes) {
            sum += if at == code { row } else { 0 };
        }
        Binary(sum)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Binary(self.0 + other.0)
    }

    #[inline(always)]
    fn minus(self, part: Self) -> Self {
        Binary(self.0 - part.0)
    }

    #[inline(always)]
    fn weight(&self) -> f64 {
        f64::from((self.0 >> 32) as u32)
    }

    const ORDERS: usize = 1;

    #[inline(always)]
    fn mean(&self) -> f64 {
        let (w, s) = self.split();
        s / w
    }

    fn order(&self, _k: usize) -> f64 {
        self.mean()
    }

    #[inline(always)]
    fn one_class(&self) -> bool {
        let ones = self.0 as u32;
        ones == 0 || ones == (self.0 >> 32) as u32
    }
}

/// One number per row: regression, or two classes with fractional weights (y is 0 or 1).
#[derive(Clone, Copy, Default, Debug)]
pub struct Moments {
    /// W
    pub w: f64,
    /// S
    pub s: f64,
}

/// A row of `Moments`.
#[derive(Clone, Copy, Default, Debug)]
pub struct Weighted {
    pub w: f64,
    pub y: f64,
}

impl Sums for Moments {
    type Row = Weighted;
    const EXACT: bool = false;

    fn row(weight: f64, y: f64) -> Weighted {
        Weighted { w: weight, y }
    }

    #[inline(always)]
    fn add_row(&mut self, row: Weighted, centre: f64) {
        self.w += row.w;
        self.s += row.w * (row.y - centre);
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Moments { w: self.w + other.w, s: self.s + other.s }
    }

    #[inline(always)]
    fn minus(self, part: Self) -> Self {
        Moments { w: self.w - part.w, s: self.s - part.s }
    }

    #[inline(always)]
    fn weight(&self) -> f64 {
        self.w
    }

    const ORDERS: usize = 1;

    #[inline(always)]
    fn mean(&self) -> f64 {
        self.s / self.w
    }

    fn order(&self, _k: usize) -> f64 {
        self.mean()
    }

    #[inline(always)]
    fn one_class(&self) -> bool {
        false
    }
}

/// The weight of one class: an integer, or a float where weights are fractional.
pub trait Tally: Copy + Default + Send + Sync + PartialOrd + 'static {
    const EXACT: bool;
    fn of(weight: f64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn float(self) -> f64;
}

impl Tally for u32 {
    const EXACT: bool = true;

    fn of(weight: f64) -> Self {
        weight as u32
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn float(self) -> f64 {
        f64::from(self)
    }
}

impl Tally for f64 {
    const EXACT: bool = false;

    fn of(weight: f64) -> Self {
        weight
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn float(self) -> f64 {
        self
    }
}

/// N_k of at most P classes; classes that do not exist stay 0.
#[derive(Clone, Copy, Debug)]
pub struct Counts<T, const P: usize>(pub [T; P]);

impl<T: Tally, const P: usize> Default for Counts<T, P> {
    fn default() -> Self {
        Counts([T::default(); P])
    }
}

/// A row of `Counts`.
#[derive(Clone, Copy, Default, Debug)]
pub struct Labelled<T> {
    pub w: T,
    pub class: u32,
}

impl<T: Tally, const P: usize> Sums for Counts<T, P> {
    type Row = Labelled<T>;
    const EXACT: bool = T::EXACT;

    fn row(weight: f64, y: f64) -> Labelled<T> {
        Labelled { w: T::of(weight), class: y as u32 }
    }

    #[inline(always)]
    fn add_row(&mut self, row: Labelled<T>, _centre: f64) {
        // P is a power of two: the mask changes nothing and spares the bounds check.
        let n = &mut self.0[row.class as usize & (P - 1)];
        *n = n.plus(row.w);
    }

    #[inline(always)]
    fn plus(mut self, other: Self) -> Self {
        for k in 0..P {
            self.0[k] = self.0[k].plus(other.0[k]);
        }
        self
    }

    #[inline(always)]
    fn minus(mut self, part: Self) -> Self {
        for k in 0..P {
            self.0[k] = self.0[k].minus(part.0[k]);
        }
        self
    }

    #[inline(always)]
    fn weight(&self) -> f64 {
        let mut sum = T::default();
        for k in 0..P {
            sum = sum.plus(self.0[k]);
        }
        sum.float()
    }

    const ORDERS: usize = P;

    #[inline(always)]
    fn mean(&self) -> f64 {
        self.0[1].float() / self.weight()
    }

    fn order(&self, k: usize) -> f64 {
        self.0[k].float() / self.weight()
    }

    #[inline(always)]
    fn one_class(&self) -> bool {
        self.0.iter().filter(|&&n| n > T::default()).count() <= 1
    }
}
