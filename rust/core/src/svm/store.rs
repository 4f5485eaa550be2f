//! Rows of the kernel matrix, made when they are first wanted and kept while memory lasts; shared by all
//! folds, class pairs and values of C that have the same kernel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::kernel::Kernel;
use super::points::{Scratch, Source};
use super::working::LANES;
use crate::error::{Error, Result};
use crate::parallel::{Control, for_each};
use crate::vectors::Vectors;

/// One row (n,).
pub type Row = Arc<Vec<f32>>;

/// Rows that are made one after the other by one thread.
const BLOCK: usize = 64;

/// How many bytes of rows all stores of a call may keep.
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    pub fn new(limit: usize) -> Self {
        Budget { limit, used: AtomicUsize::new(0) }
    }

    /// By how much the limit is passed once so many bytes more are used.
    fn over(&self, coming: usize) -> usize {
        (self.used.load(Ordering::Relaxed) + coming).saturating_sub(self.limit)
    }
}

/// Rows by number; those that were used last stay.
struct Cache<'a> {
    budget: &'a Budget,
    kept: Mutex<Kept>,
    row_bytes: usize,
}

struct Kept {
    rows: Vec<Option<Row>>,
    used: Vec<u64>,
    clock: u64,
}

impl<'a> Cache<'a> {
    fn new(n: usize, budget: &'a Budget) -> Self {
        let kept = Kept { rows: vec![None; n], used: vec![0; n], clock: 0 };
        Cache { budget, kept: Mutex::new(kept), row_bytes: n * size_of::<f32>() }
    }

    /// What a panicking thread left is as good as before: rows are put in whole.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, wanted: &[u32]) -> Vec<Option<Row>> {
        let mut kept = self.lock();
        kept.clock += 1;
        let clock = kept.clock;
        let get = |&i: &u32| {
            kept.used[i as usize] = clock;
            kept.rows[i as usize].clone()
        };
        wanted.iter().map(get).collect()
    }

    fn put(&self, rows: impl Iterator<Item = (u32, Row)>) {
        let mut kept = self.lock();
        let mut added = 0;
        for (i, row) in rows {
            let place = &mut kept.rows[i as usize];
            added += usize::from(place.is_none());
            *place = Some(row);
        }
        self.budget.used.fetch_add(added * self.row_bytes, Ordering::Relaxed);
        self.shrink(&mut kept, 0);
    }

    /// Makes room for `count` more rows; returns the memory of those that had to go, to be used again.
    fn reserve(&self, count: usize) -> Vec<Vec<f32>> {
        self.shrink(&mut self.lock(), count)
    }

    fn shrink(&self, kept: &mut Kept, coming: usize) -> Vec<Vec<f32>> {
        let over = self.budget.over(coming * self.row_bytes).div_ceil(self.row_bytes.max(1));
        if over > 0 { self.drop_oldest(kept, over) } else { Vec::new() }
    }

    /// Drops the rows that were used longest ago, except what somebody still works with.
    fn drop_oldest(&self, kept: &mut Kept, count: usize) -> Vec<Vec<f32>> {
        let idle = |row: &Option<Row>| row.as_ref().is_some_and(|row| Arc::strong_count(row) == 1);
        let mut candidates: Vec<usize> = (0..kept.rows.len()).filter(|&i| idle(&kept.rows[i])).collect();
        let count = count.min(candidates.len());
        if count > 0 && count < candidates.len() {
            candidates.select_nth_unstable_by_key(count - 1, |&i| (kept.used[i], i));
        }
        self.budget.used.fetch_sub(count * self.row_bytes, Ordering::Relaxed);
        let gone = candidates[..count].iter().filter_map(|&i| kept.rows[i].take());
        gone.filter_map(Arc::into_inner).collect()
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        let count = self.lock().rows.iter().flatten().count();
        self.budget.used.fetch_sub(count * self.row_bytes, Ordering::Relaxed);
    }
}

/// Squared distances or inner products, kept where several kernels are made of them.
pub struct Base<'a> {
    pub source: &'a Source<'a>,
    distances: bool,
    cache: Option<Cache<'a>>,
}

impl<'a> Base<'a> {
    /// `shared` says whether more than one kernel will ask.
    pub fn new(source: &'a Source<'a>, distances: bool, shared: bool, budget: &'a Budget) -> Self {
        let n = source.n();
        // Kept only where all of it fits in a half: else it would push out the kernel's rows.
        let fits = n.saturating_mul(n).saturating_mul(2 * size_of::<f32>()) <= budget.limit;
        Base { source, distances, cache: (shared && fits).then(|| Cache::new(n, budget)) }
    }

    fn make(
        &self,
        rows: &[u32],
        spare: &Mutex<Vec<Vec<f32>>>,
        vectors: Vectors,
        scratch: &mut Scratch,
    ) -> Result<Vec<Vec<f32>>> {
        let n = self.source.n();
        // Whole lanes, filled up with zeros.
        let length = n.next_multiple_of(LANES);
        let blank = |_| match spare.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            Some(row) => Ok(row),
            None => crate::error::filled(length, 0.0_f32, "rows of the kernel matrix"),
        };
        let Some(cache) = &self.cache else {
            let mut out = rows.iter().map(blank).collect::<Result<Vec<_>>>()?;
            self.source.base(rows, self.distances, vectors, &mut out, scratch);
            return Ok(out);
        };
        let found = cache.get(rows);
        let missing: Vec<u32> =
            rows.iter().zip(&found).filter(|(_, row)| row.is_none()).map(|(&i, _)| i).collect();
        let mut made = missing.iter().map(blank).collect::<Result<Vec<_>>>()?;
        self.source.base(&missing, self.distances, vectors, &mut made, scratch);
        let mut copies = made.clone().into_iter();
        cache.put(missing.iter().copied().zip(made.into_iter().map(Arc::new)));
        let copy = |row: Option<Row>| row.map_or_else(|| copies.next(), |row| Some(row.to_vec()));
        Ok(found.into_iter().filter_map(copy).collect())
    }
}

/// The rows of one kernel's matrix.
pub struct Store<'a> {
    base: &'a Base<'a>,
    pub kernel: Kernel,
    cache: Cache<'a>,
    pub diagonal: Vec<f32>,
    pub vectors: Vectors,
}

impl<'a> Store<'a> {
    pub fn new(base: &'a Base<'a>, kernel: Kernel, budget: &'a Budget) -> Result<Self> {
        let vectors = Vectors::detect();
        let diagonal = kernel.diagonal(vectors, &base.source.norms())?;
        Ok(Store { base, kernel, cache: Cache::new(base.source.n(), budget), diagonal, vectors })
    }

    /// Values of the kernel of row i with some others, in float64 and not kept.
    pub fn exact(&self, i: usize, others: &[u32], row: &mut Vec<f64>, out: &mut [f64]) {
        self.base.source.exact(i, others, self.base.distances, self.vectors, row, out);
        self.kernel.apply_exact(out);
    }

    /// How many rows the budget holds; never fewer than it takes to work at all.
    pub fn capacity(&self) -> usize {
        (self.cache.budget.limit / self.cache.row_bytes.max(1)).max(BLOCK)
    }

    /// Rows by their numbers, made on `n_threads` threads where they are missing. Empty if stopped.
    pub fn rows(&self, wanted: &[u32], n_threads: usize, control: &Control) -> Result<Vec<Row>> {
        let mut found = self.cache.get(wanted);
        let missing: Vec<usize> = (0..wanted.len()).filter(|&k| found[k].is_none()).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        let spare = Mutex::new(self.cache.reserve(missing.len()));
        let numbers: Vec<u32> = missing.iter().map(|&k| wanted[k]).collect();
        let block = numbers.len().div_ceil(n_threads.max(1)).clamp(1, 4 * BLOCK);
        let blocks: Vec<&[u32]> = numbers.chunks(block).collect();
        let made: Vec<Mutex<Result<Vec<Row>>>> = blocks.iter().map(|_| Mutex::new(Ok(Vec::new()))).collect();
        let make = |scratch: &mut Scratch, b: usize| {
            let rows = self.base.make(blocks[b], &spare, self.vectors, scratch).map(|rows| {
                let value = |mut row: Vec<f32>| {
                    self.kernel.apply(self.vectors, &mut row[..self.diagonal.len()]);
                    Arc::new(row)
                };
                rows.into_iter().map(value).collect()
            });
            *made[b].lock().unwrap_or_else(PoisonError::into_inner) = rows;
        };
        if n_threads <= 1 || blocks.len() == 1 {
            let mut scratch = Scratch::default();
            (0..blocks.len()).take_while(|_| !control.stopped()).for_each(|b| make(&mut scratch, b));
        } else {
            for_each(n_threads, blocks.len(), control, &mut |_, _| true, Scratch::default, make)?;
        }
        let mut rows = Vec::with_capacity(numbers.len());
        for made in made {
            rows.extend(made.into_inner().unwrap_or_else(PoisonError::into_inner)?);
        }
        if rows.len() < numbers.len() {
            return if control.interrupted() { Err(Error::Interrupted) } else { Ok(Vec::new()) };
        }
        self.cache.put(numbers.iter().copied().zip(rows.iter().cloned()));
        missing.into_iter().zip(rows).for_each(|(k, row)| found[k] = Some(row));
        Ok(found.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Kind;
    use super::super::points::{Points, Stored};
    use super::*;

    #[test]
    fn rows_are_the_same_with_little_memory_and_with_much() -> Result<()> {
        let (n, d) = (50, 3);
        let values = (0..n * d).map(|i| ((i * 37) % 101) as f64 / 100.0).collect();
        let source = Source::Points(Points::of(n, d, Stored::Dense(values)));
        let control = Control::new(None);
        let all: Vec<u32> = (0..n as u32).collect();
        let mut seen = Vec::new();
        for (limit, shared) in [(0, false), (2_000, true), (1 << 20, false), (1 << 20, true)] {
            let budget = Budget::new(limit);
            let base = Base::new(&source, true, shared, &budget);
            let store = Store::new(&base, Kernel::new(Kind::Rbf, 1.5, 0.0, 0), &budget)?;
            for wanted in all.chunks(7).chain([&all[..], &all[3..4]]) {
                let rows = store.rows(wanted, 2, &control)?;
                assert_eq!(rows.len(), wanted.len());
                for (&i, row) in wanted.iter().zip(&rows) {
                    assert_eq!(row[i as usize], 1.0);
                }
            }
            let rows = store.rows(&all, 1, &control)?;
            seen.push(rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
            drop(rows);
            store.rows(&all[..1], 1, &control)?;
            store.cache.put(std::iter::empty());
            assert!(budget.used.load(Ordering::Relaxed) <= limit);
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
        Ok(())
    }
}
