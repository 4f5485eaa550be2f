//! The growth of one tree.
//!
//! Rows of a node stand in `rows[start..end]`, ascending, with their targets beside them in `load`;
//! a split parts them in place, keeping their order, so sums over a node are always taken in the same
//! order. Every random draw of a node comes from a stream named by the node's path from the root.
//! So a node's split is a function of its rows and its path: the order in which nodes are grown, and
//! what else is asked of the tree, cannot change it.

use std::collections::BinaryHeap;

use super::bins::{Column, Rows};
use super::rules::Rules;
use super::split::{LANES, Split, greatest, least, padded};
use super::targets::{Stats, Targets};
use super::tree::{CATEGORICAL, LEAF, MAX_COLUMNS, MISSING_LEFT, write_set};
use crate::parallel::Control;
use crate::seed::Stream;
use crate::vectors::Vectors;

/// A node whose impurity is not above this is a leaf, as in scikit-learn.
pub(super) const EPSILON: f64 = f64::EPSILON;
/// Codes that are read between two looks at the control.
pub(super) const CHECK_EVERY: usize = 1 << 18;
/// No node.
pub const NONE: u32 = u32::MAX;

/// A node of a tree just grown: everything that truncation, pruning and importances need.
#[derive(Clone, Copy, Debug)]
pub struct Grown {
    /// Flags and column as in `tree::Node`, without `PURE`.
    pub split: u32,
    /// Threshold bits, or where the categories stand.
    pub data: u32,
    /// The left child; the right one follows it.
    pub left: u32,
    /// The same node for trees whose leaves must be larger than this split makes them.
    pub instead: u32,
    pub n: u32,
    pub depth: u32,
    pub weight: f64,
    pub impurity: f64,
    /// Decrease of the impurity by the split, weighted by the node's share of the tree's weight.
    pub decrease: f64,
    /// Names the path: decides between equal decreases in best-first order.
    pub path: u64,
}

/// A tree just grown, or several in one where nodes have others `instead` (fork.rs). Parents come before their children.
#[derive(Default)]
pub struct GrownTree {
    pub nodes: Vec<Grown>,
    /// A prediction per node (n_nodes, n_values).
    pub values: Vec<f64>,
    pub categories: Vec<u32>,
}

/// Buffers of a thread, reused from tree to tree.
pub struct Arena<T: Targets> {
    pub(super) rows: Vec<u32>,
    pub(super) load: Vec<T::Row>,
    spare_rows: Vec<u32>,
    spare_load: Vec<T::Row>,
    pub(super) codes: Vec<u16>,
    /// The node and the column that `codes` are of.
    pub(super) gathered: (u32, u32),
    pub(super) sides: Vec<u8>,
    /// Columns, always put back in ascending order.
    pub(super) columns: Vec<u32>,
    pub(super) swaps: Vec<u32>,
    /// Bit sets of the columns known to be constant, one per depth.
    pub(super) constants: Vec<u64>,
    pub(super) scratch: T::Scratch,
    /// Nodes and values of the tree before: about as many as the next one has.
    sizes: (usize, usize),
}

impl<T: Targets> Default for Arena<T> {
    fn default() -> Self {
        Arena {
            rows: Vec::new(),
            load: Vec::new(),
            spare_rows: Vec::new(),
            spare_load: Vec::new(),
            codes: Vec::new(),
            gathered: (NONE, NONE),
            sides: Vec::new(),
            columns: Vec::new(),
            swaps: Vec::new(),
            constants: Vec::new(),
            scratch: T::Scratch::default(),
            sizes: (0, 0),
        }
    }
}

/// A node that waits for its split: rows[start..end].
pub struct Open<N, R> {
    pub id: u32,
    pub start: usize,
    pub end: usize,
    pub depth: u32,
    pub path: Stream,
    pub node: N,
    /// The range that monotonic constraints of ancestors leave to its mean.
    pub low: f64,
    pub high: f64,
    /// For which of the rules' `leaves` it is split: leaves[first..last].
    pub first: usize,
    pub last: usize,
    /// Its rows, where another split of the node has parted them since.
    pub saved: Option<Box<(Vec<u32>, Vec<R>)>>,
}

/// What growing needs beside the buffers.
pub struct Growth<'a, T: Targets> {
    pub targets: &'a T,
    pub columns: &'a [Column],
    /// The same codes row by row, where that helps.
    pub codes: Option<&'a Rows>,
    pub rules: &'a Rules,
    pub control: &'a Control,
    pub vectors: Vectors,
}

impl<T: Targets> Growth<'_, T> {
    /// Grows a tree on the rows whose weight is not 0, drawing from `stream`. `None` if stopped.
    pub fn tree(&self, weights: &[f64], stream: Stream, arena: &mut Arena<T>) -> Option<GrownTree> {
        arena.gathered = (NONE, NONE);
        arena.rows.resize(weights.len(), 0);
        arena.load.resize(weights.len(), T::Row::default());
        let mut n = 0;
        // Each row is written where the next one with a weight belongs: without a branch that none can predict.
        for (i, &weight) in weights.iter().enumerate() {
            arena.rows[n] = i as u32;
            arena.load[n] = self.targets.row(i, weight);
            n += usize::from(weight > 0.0);
        }
        arena.rows.truncate(n);
        arena.load.truncate(n);
        arena.spare_rows.resize(n, 0);
        arena.spare_load.resize(n, T::Row::default());
        arena.codes.resize(n + LANES, 0);
        arena.sides.resize(n + LANES, 0);
        if arena.columns.len() != self.columns.len() {
            arena.columns = (0..self.columns.len() as u32).collect();
        }
        let (nodes, values) = arena.sizes;
        let tree = GrownTree {
            nodes: Vec::with_capacity(nodes + nodes / 8),
            values: Vec::with_capacity(values + values / 8),
            categories: Vec::new(),
        };
        let work = Work { growth: self, arena, tree, weight: 0.0, min_weight: 0.0, unwatched: 0 };
        let tree = work.run(n, stream)?;
        arena.sizes = (tree.nodes.len(), tree.values.len());
        Some(tree)
    }
}

pub(super) struct Work<'a, 'b, T: Targets> {
    pub(super) growth: &'a Growth<'b, T>,
    pub(super) arena: &'a mut Arena<T>,
    pub(super) tree: GrownTree,
    /// Weight of the tree, and what a leaf must have of it.
    pub(super) weight: f64,
    pub(super) min_weight: f64,
    /// Codes read since the last look at the control.
    pub(super) unwatched: usize,
}

/// The control stops the work.
pub(super) struct Stopped;

impl<T: Targets> Work<'_, '_, T> {
    /// Grows the tree, by the widest vectors that the processor has. Nothing is fused or reordered: every
    /// width gives the same bits.
    fn run(self, n: usize, stream: Stream) -> Option<GrownTree> {
        #[cfg(target_arch = "x86_64")]
        if T::VECTORS {
            match self.growth.vectors {
                // SAFETY: `Vectors` says only what was detected.
                Vectors::Avx512 => return unsafe { self.run_avx512(n, stream) },
                // SAFETY: as above.
                Vectors::Avx2 => return unsafe { self.run_avx2(n, stream) },
                Vectors::Baseline => {}
            }
        }
        self.run_here(n, stream)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    fn run_avx512(self, n: usize, stream: Stream) -> Option<GrownTree> {
        self.run_here(n, stream)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn run_avx2(self, n: usize, stream: Stream) -> Option<GrownTree> {
        self.run_here(n, stream)
    }

    #[inline(always)]
    fn run_here(mut self, n: usize, stream: Stream) -> Option<GrownTree> {
        let node = self.growth.targets.node(&self.arena.load[..n]);
        let stats = self.growth.targets.stats(&node);
        self.weight = stats.weight;
        self.min_weight = self.growth.rules.min_weight_fraction_leaf * stats.weight;
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let last = self.growth.rules.leaves_that_part(n);
        let (first, saved) = (0, None);
        let root =
            Open { id: 0, start: 0, end: n, depth: 0, path: stream, node, low, high, first, last, saved };
        self.record(&root.node, stats, n, 0, stream, (low, high));
        // Depth first, what was found is carried out at once, left before right. With a limit to the
        // leaves it waits, and the greatest decrease goes first.
        let limit = self.growth.rules.truncation.max_leaf_nodes;
        let mut fresh = Vec::new();
        let mut waiting = Waiting::default();
        let mut leaves = 1;
        if self.may_split(n, 0, stats) {
            fresh.push(root);
        }
        loop {
            let (open, split) = if let Some(open) = fresh.pop() {
                self.restore(&open);
                let Some(split) = self.search(&open, limit.is_none()).ok()? else { continue };
                if limit.is_some() {
                    waiting.put(split.cut.gain / self.weight, open, split);
                    continue;
                }
                (open, split)
            } else {
                match waiting.take().filter(|_| limit.is_some_and(|limit| leaves < limit)) {
                    Some(next) => next,
                    None => break,
                }
            };
            self.divide(&open, split, &mut fresh);
            leaves += 1;
        }
        if !self.growth.rules.random_cuts {
            self.write_thresholds();
        }
        Some(self.tree)
    }

    /// Replaces the codes beside each cut by a threshold: halfway between the values that part, as a
    /// float32 that parts them. All at once, since each looks up two values far from all others.
    fn write_thresholds(&mut self) {
        for node in &mut self.tree.nodes {
            if node.left == NONE || node.split & CATEGORICAL != 0 {
                continue;
            }
            let column = &self.growth.columns[(node.split & (MAX_COLUMNS as u32 - 1)) as usize];
            let (last_left, first_right) = (node.data >> 16, node.data & 0xffff);
            // Beyond the last bin only missing values are left to go right.
            let threshold = match column.low.get(first_right as usize) {
                Some(&right) => halfway(column.high[last_left as usize], right),
                None => f32::INFINITY,
            };
            node.data = threshold.to_bits();
        }
    }

    /// Appends a node, a leaf until it is split.
    #[inline(always)]
    fn record(
        &mut self,
        node: &T::Node,
        stats: Stats,
        n: usize,
        depth: u32,
        path: Stream,
        (low, high): (f64, f64),
    ) {
        let at = self.tree.values.len();
        self.growth.targets.values(node, &mut self.tree.values);
        if low > f64::NEG_INFINITY || high < f64::INFINITY {
            clip(&mut self.tree.values[at..], low, high);
        }
        self.tree.nodes.push(Grown {
            split: LEAF,
            data: 0,
            left: NONE,
            instead: NONE,
            n: n as u32,
            depth,
            weight: stats.weight,
            impurity: stats.impurity,
            decrease: 0.0,
            path: path.id(),
        });
    }

    #[inline(always)]
    fn may_split(&self, n: usize, depth: u32, stats: Stats) -> bool {
        let rules = self.growth.rules;
        depth < rules.truncation.max_depth
            && n >= 2
            && n >= rules.truncation.min_samples_split as usize
            && n >= 2 * rules.truncation.min_samples_leaf as usize
            && stats.weight >= 2.0 * self.min_weight
            && stats.impurity > EPSILON
    }

    /// Carries a split out: records both children, and appends those that may be split, right then left.
    #[inline(always)]
    fn divide(
        &mut self,
        open: &Open<T::Node, T::Row>,
        split: Split<T::Left>,
        fresh: &mut Vec<Open<T::Node, T::Row>>,
    ) {
        let (start, end, depth) = (open.start, open.end, open.depth + 1);
        let n = end - start;
        let column = &self.growth.columns[split.column as usize];
        if self.arena.gathered != (open.id, split.column) {
            self.gather(start, end, split.column as usize);
            self.arena.gathered = (open.id, split.column);
        }
        let missing = column.n_bins() as u16;
        let (n_left, codes) = self.choose_sides(n, &split, missing);
        // Where no value was missing, one that is missing later follows the larger side.
        let any_missing = column.has_missing && self.arena.codes[..n].contains(&missing);
        let missing_left = if any_missing { split.cut.missing_left } else { n_left > n - n_left };
        let sizes = [n_left, n - n_left];
        let last = self.growth.rules.leaves.partition_point(|&leaf| leaf as usize <= n_left.min(sizes[1]));
        if last < open.last {
            self.fork(open, last, fresh);
        }
        let last = last.min(open.last);
        self.link(open.id, &split, codes, missing_left);

        let targets = self.growth.targets;
        let bounds = [(start, start + n_left), (start + n_left, end)];
        let exact = targets.children(&open.node, &split.cut.left);
        // Closures would not be compiled for the vectors of this function: hence the pairs.
        let nodes = if let Some(nodes) = exact {
            // Rows are parted unless both children are known to be leaves without a look at their rows.
            let stats = [targets.stats(&nodes[0]), targets.stats(&nodes[1])];
            if self.may_split(sizes[0], depth, stats[0]) || self.may_split(sizes[1], depth, stats[1]) {
                self.part(start, end);
            }
            nodes
        } else {
            self.part(start, end);
            let (left, right) = self.arena.load[start..end].split_at(n_left);
            [targets.node(left), targets.node(right)]
        };
        let stats = [targets.stats(&nodes[0]), targets.stats(&nodes[1])];
        let goes_on = [self.may_split(sizes[0], depth, stats[0]), self.may_split(sizes[1], depth, stats[1])];
        let ranges = self.child_ranges(open, split.column as usize, stats);
        let first = self.tree.nodes.len() as u32;
        let paths = [open.path.child(1), open.path.child(2)];
        for side in 0..2 {
            self.record(&nodes[side], stats[side], sizes[side], depth, paths[side], ranges[side]);
        }
        for (side, node) in nodes.into_iter().enumerate().rev() {
            let last = last.min(self.growth.rules.leaves_that_part(sizes[side]));
            if goes_on[side] && open.first < last {
                let ((start, end), (low, high)) = (bounds[side], ranges[side]);
                fresh.push(Open {
                    id: first + side as u32,
                    start,
                    end,
                    depth,
                    path: paths[side],
                    node,
                    low,
                    high,
                    first: open.first,
                    last,
                    saved: None,
                });
            }
        }
    }

    /// Makes the node `id` a split; its children are the next two nodes to be recorded.
    #[inline(always)]
    fn link(&mut self, id: u32, split: &Split<T::Left>, codes: u32, missing_left: bool) {
        let column = &self.growth.columns[split.column as usize];
        let data = match &split.set {
            Some(set) => {
                let set = set.iter().filter(|&&code| (code as usize) < column.n_bins());
                write_set(&mut self.tree.categories, set.map(|&code| column.low[code as usize] as u32))
            }
            None => split.threshold.map_or(codes, f32::to_bits),
        };
        let first = self.tree.nodes.len() as u32;
        let parent = &mut self.tree.nodes[id as usize];
        parent.split = split.column
            | if split.set.is_some() { CATEGORICAL } else { 0 }
            | if missing_left { MISSING_LEFT } else { 0 };
        parent.data = data;
        parent.left = first;
        parent.decrease = split.cut.gain / self.weight;
    }

    /// Writes 1 into `sides` for rows that go left; returns how many do and, at a numeric column, the last
    /// code on the left above the first on the right.
    #[inline(always)]
    fn choose_sides(&mut self, n: usize, split: &Split<T::Left>, missing: u16) -> (usize, u32) {
        let column = &self.growth.columns[split.column as usize];
        let (codes, sides) = (&self.arena.codes[..padded(n)], &mut self.arena.sides[..padded(n)]);
        let mut between = 0;
        if let Some(set) = &split.set {
            for (side, code) in sides.iter_mut().zip(codes) {
                *side = u8::from(set.binary_search(code).is_ok());
            }
        } else {
            // Present values and the missing code alike: the code after the last value is missing.
            between = sides_of_cut(codes, split.cut.code, sides);
            if column.has_missing {
                let missing_left = u8::from(split.cut.missing_left);
                for (side, &code) in sides.iter_mut().zip(codes) {
                    *side = if code == missing { missing_left } else { *side };
                }
            }
        }
        // The padding goes where the first row goes.
        (count(sides) - usize::from(sides[0]) * (padded(n) - n), between)
    }

    /// Parts rows[start..end] by `sides`, left ones first, both in their order.
    #[inline(always)]
    fn part(&mut self, start: usize, end: usize) {
        let n = end - start;
        let rows = &mut self.arena.rows[start..end];
        let load = &mut self.arena.load[start..end];
        let (spare_rows, spare_load) = (&mut self.arena.spare_rows[..n], &mut self.arena.spare_load[..n]);
        let (mut left, mut right) = (0, 0);
        // Invariant: rows[..left] and spare[..right] hold what rows[..i] held; left + right = i.
        for (i, &side) in self.arena.sides[..n].iter().enumerate() {
            let side = usize::from(side);
            debug_assert!(side <= 1 && left + right == i);
            // SAFETY: left + right = i < n by the invariant, and all slices have n elements.
            unsafe {
                let (row, item) = (*rows.get_unchecked(i), *load.get_unchecked(i));
                *rows.get_unchecked_mut(left) = row;
                *load.get_unchecked_mut(left) = item;
                *spare_rows.get_unchecked_mut(right) = row;
                *spare_load.get_unchecked_mut(right) = item;
            }
            left += side;
            right += 1 - side;
        }
        rows[left..].copy_from_slice(&spare_rows[..right]);
        load[left..].copy_from_slice(&spare_load[..right]);
    }

    /// Ranges of the children's means: a split of a constrained column parts its node's range between
    /// the two means.
    #[inline(always)]
    fn child_ranges(
        &self,
        open: &Open<T::Node, T::Row>,
        column: usize,
        stats: [Stats; 2],
    ) -> [(f64, f64); 2] {
        let whole = (open.low, open.high);
        let middle = (stats[0].mean + stats[1].mean) / 2.0;
        match self.growth.rules.monotonic.as_ref().map_or(0, |signs| signs[column]) {
            0 => [whole, whole],
            sign if sign > 0 => [(whole.0, middle), (middle, whole.1)],
            _ => [(middle, whole.1), (whole.0, middle)],
        }
    }
}

/// Writes 1 for codes up to `up_to` and 0 for others; returns the greatest of the former above the least of
/// the latter. Both have whole steps.
#[inline(always)]
fn sides_of_cut(codes: &[u16], up_to: u16, sides: &mut [u8]) -> u32 {
    let (mut last_left, mut first_right) = ([0u16; LANES], [u16::MAX; LANES]);
    for (codes, sides) in codes.chunks_exact(LANES).zip(sides.chunks_exact_mut(LANES)) {
        for k in 0..LANES {
            let left = codes[k] <= up_to;
            sides[k] = u8::from(left);
            last_left[k] = last_left[k].max(if left { codes[k] } else { 0 });
            first_right[k] = first_right[k].min(if left { u16::MAX } else { codes[k] });
        }
    }
    u32::from(greatest(last_left)) << 16 | u32::from(least(first_right))
}

/// How many of `sides`, whole steps of zeros and ones, are one.
#[inline(always)]
fn count(sides: &[u8]) -> usize {
    let mut n = 0;
    for part in sides.chunks(255 * LANES) {
        // In bytes as far as they go: that is what vectorises.
        let mut sums = [0u8; LANES];
        for chunk in part.chunks_exact(LANES) {
            for k in 0..LANES {
                sums[k] += chunk[k];
            }
        }
        n += sums.iter().map(|&sum| usize::from(sum)).sum::<usize>();
    }
    n
}

/// A float32 t with a <= t < b, halfway between them where float32 allows.
pub fn halfway(a: f32, b: f32) -> f32 {
    let middle = ((f64::from(a) + f64::from(b)) / 2.0) as f32;
    if middle >= b { a } else { middle.max(a) }
}

/// Clips a prediction to the range of its node: one number, or the shares of two classes.
fn clip(values: &mut [f64], low: f64, high: f64) {
    match values {
        [mean] => *mean = mean.clamp(low, high),
        [other, share] => {
            *share = share.clamp(low, high);
            *other = 1.0 - *share;
        }
        _ => {}
    }
}

/// Splits that wait for their turn in best-first growth.
struct Waiting<N, R, L> {
    heap: BinaryHeap<Rank>,
    found: Vec<Option<Found<N, R, L>>>,
}

type Found<N, R, L> = (Open<N, R>, Split<L>);

impl<N, R, L> Default for Waiting<N, R, L> {
    fn default() -> Self {
        Waiting { heap: BinaryHeap::new(), found: Vec::new() }
    }
}

impl<N, R, L> Waiting<N, R, L> {
    fn put(&mut self, decrease: f64, open: Open<N, R>, split: Split<L>) {
        self.heap.push(Rank { decrease, path: open.path.id(), node: self.found.len() as u32 });
        self.found.push(Some((open, split)));
    }

    fn take(&mut self) -> Option<Found<N, R, L>> {
        let rank = self.heap.pop()?;
        self.found[rank.node as usize].take()
    }
}

/// Order of best-first growth: the greatest decrease, then the smaller name of the path.
#[derive(PartialEq)]
pub struct Rank {
    pub decrease: f64,
    pub path: u64,
    pub node: u32,
}

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.decrease.total_cmp(&other.decrease).then_with(|| other.path.cmp(&self.path))
    }
}
