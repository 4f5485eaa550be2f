//! Columns as small integer codes that keep their order: what the split search reads instead of X.
//!
//! Once per data set every column is ranked (dense ranks of its distinct values). Once per fold the
//! ranks that occur in the training rows become codes: one code per distinct value where these are no
//! more than `max_bins`, else quantile bins. No held-out row has any influence on the codes.

use crate::data::Data;
use crate::error::filled;

/// Most codes of a column; the code after the last value stands for "missing".
pub const MAX_BINS: usize = 65_535;

/// A column of the whole data set: dense ranks of its distinct values.
pub struct Ranked {
    /// Rank of each row (n,); `values.len()` where the value is missing.
    rank: Vec<u32>,
    /// The distinct values, ascending.
    values: Vec<f32>,
    categorical: bool,
}

/// A column of the training rows of one fold.
pub struct Column {
    /// Code of each training row (n_train,): [0, n_bins), or n_bins for a missing value.
    pub codes: Codes,
    /// Smallest and greatest value of each bin.
    pub low: Vec<f32>,
    pub high: Vec<f32>,
    pub has_missing: bool,
    pub categorical: bool,
}

/// Codes in the narrowest type that holds them.
pub enum Codes {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// The codes of all columns, row by row (n_train, d): what nodes read whose rows lie far apart.
pub struct Rows {
    pub d: usize,
    pub codes: Codes,
}

impl Rows {
    /// `None` where the `n_read` columns that a node reads would seldom share a line of the cache.
    pub fn new(columns: &[Column], n_read: usize) -> Option<Self> {
        let narrow = columns.iter().all(|column| matches!(column.codes, Codes::U8(_)));
        let (d, n) = (columns.len(), columns[0].len());
        let per_line = if narrow { LINE } else { LINE / 2 };
        if n_read * per_line < 2 * d {
            return None;
        }
        Some(Rows {
            d,
            codes: if narrow { Codes::U8(by_row(columns, n)?) } else { Codes::U16(by_row(columns, n)?) },
        })
    }
}

/// Bytes that the cache fetches together.
const LINE: usize = 64;
/// Rows that are transposed together.
const BLOCK: usize = 64;

fn by_row<C: Copy + Default + TryFrom<u16>>(columns: &[Column], n: usize) -> Option<Vec<C>> {
    let d = columns.len();
    let mut codes = filled(n * d, C::default(), "codes by row").ok()?;
    for (b, block) in codes.chunks_mut(BLOCK * d).enumerate() {
        for (j, column) in columns.iter().enumerate() {
            for (k, code) in block[j..].iter_mut().step_by(d).enumerate() {
                *code = C::try_from(column.code(b * BLOCK + k)).unwrap_or_default();
            }
        }
    }
    Some(codes)
}

impl Column {
    #[inline(always)]
    fn code(&self, row: usize) -> u16 {
        match &self.codes {
            Codes::U8(codes) => codes[row].into(),
            Codes::U16(codes) => codes[row],
        }
    }

    /// Number of training rows.
    pub fn len(&self) -> usize {
        match &self.codes {
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
        }
    }

    pub fn n_bins(&self) -> usize {
        self.low.len()
    }

    /// Number of bins that lie at or below `value` entirely: those that `x <= value` sends left.
    pub fn bins_up_to(&self, value: f32) -> usize {
        self.high.partition_point(|&high| high <= value)
    }
}

/// An order-preserving map of finite floats to integers; -0 and +0 are one value.
fn sortable(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn from_sortable(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

impl Ranked {
    /// Ranks column `j`.
    pub fn new(data: &Data<'_>, j: usize) -> Self {
        let mut missing = Vec::new();
        let mut keys: Vec<u64> = Vec::with_capacity(data.n);
        for (i, &value) in data.x.values.iter().skip(j).step_by(data.d).enumerate() {
            if value.is_nan() {
                missing.push(i as u32);
            } else {
                keys.push(u64::from(sortable(value)) << 32 | i as u64);
            }
        }
        keys.sort_unstable();
        let mut rank = vec![0; data.n];
        let mut values = Vec::new();
        let mut last = None;
        for key in keys {
            let value = (key >> 32) as u32;
            if last != Some(value) {
                values.push(from_sortable(value));
                last = Some(value);
            }
            rank[key as u32 as usize] = values.len() as u32 - 1;
        }
        for i in missing {
            rank[i as usize] = values.len() as u32;
        }
        Ranked { rank, values, categorical: data.x.categorical[j] }
    }

    /// Codes of the rows `train`. Categories, no more than `MAX_BINS` of them, keep one code each.
    pub fn bin(&self, train: &[u32], max_bins: Option<usize>) -> Column {
        let mut count = vec![0u32; self.values.len() + 1];
        for &i in train {
            count[self.rank[i as usize] as usize] += 1;
        }
        let has_missing = count.pop().is_some_and(|missing| missing > 0);
        let limit = if self.categorical { MAX_BINS } else { max_bins.unwrap_or(MAX_BINS) };
        let (code_of, low, high) = self.assign(&count, limit);
        let missing_code = low.len() as u16;
        let code = |&i: &u32| code_of.get(self.rank[i as usize] as usize).copied().unwrap_or(missing_code);
        let codes = if low.len() < 256 {
            Codes::U8(train.iter().map(|i| code(i) as u8).collect())
        } else {
            Codes::U16(train.iter().map(code).collect())
        };
        Column { codes, low, high, has_missing, categorical: self.categorical }
    }

    /// Code of each rank, and the least and greatest value of each bin. Ranks that occur fill a bin
    /// until it holds its share of the rows left, so no more than `limit` bins are made.
    fn assign(&self, count: &[u32], limit: usize) -> (Vec<u16>, Vec<f32>, Vec<f32>) {
        let n_distinct = count.iter().filter(|&&c| c > 0).count();
        let mut rows_left: u64 = count.iter().map(|&c| u64::from(c)).sum();
        let mut code_of = vec![0; count.len()];
        let (mut low, mut high) = (Vec::new(), Vec::new());
        let (mut in_bin, mut share) = (0, 0);
        for (rank, &c) in count.iter().enumerate() {
            if c > 0 {
                if in_bin >= share {
                    let bins_left = (limit - low.len()).max(1) as u64;
                    share = if n_distinct <= limit { 0 } else { rows_left.div_ceil(bins_left) };
                    low.push(self.values[rank]);
                    high.push(self.values[rank]);
                    in_bin = 0;
                }
                in_bin += u64::from(c);
                rows_left -= u64::from(c);
                if let Some(last) = high.last_mut() {
                    *last = self.values[rank];
                }
            }
            code_of[rank] = low.len().saturating_sub(1) as u16;
        }
        (code_of, low, high)
    }
}
