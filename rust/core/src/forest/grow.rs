//! The growth of one tree.
//!
//! Rows of a node stand in `rows[start..end]`, ascending, with their targets beside them in `load`;
//! a split parts them in place, keeping their order, so sums over a node are always taken in the same
//! order. Every random draw of a node comes from a stream named by the node's path from the root.
//! So a node's split is a function of its rows and its path: the order in which nodes are grown, and
//! what else is asked of the tree, cannot change it.

use std::collections::BinaryHeap;

use super::bins::{Codes as Stored, Column};
use super::rules::Rules;
use super::search::{Codes, Cut, Limits};
use super::targets::{Stats, Targets};
use super::tree::{CATEGORICAL, LEAF, MISSING_LEFT, write_set};
use crate::parallel::Control;
use crate::seed::Stream;

/// A node whose impurity is not above this is a leaf, as in scikit-learn.
const EPSILON: f64 = f64::EPSILON;
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
    pub n: u32,
    pub depth: u32,
    pub weight: f64,
    pub impurity: f64,
    /// Decrease of the impurity by the split, weighted by the node's share of the tree's weight.
    pub decrease: f64,
    /// Names the path: decides between equal decreases in best-first order.
    pub path: u64,
}

/// A tree just grown. Parents come before their children.
#[derive(Default)]
pub struct GrownTree {
    pub nodes: Vec<Grown>,
    /// A prediction per node (n_nodes, n_values).
    pub values: Vec<f64>,
    pub categories: Vec<u32>,
}

/// Buffers of a thread, reused from tree to tree.
pub struct Arena<T: Targets> {
    rows: Vec<u32>,
    load: Vec<T::Row>,
    spare_rows: Vec<u32>,
    spare_load: Vec<T::Row>,
    codes: Vec<u16>,
    sides: Vec<u8>,
    /// Columns, always put back in ascending order.
    columns: Vec<u32>,
    swaps: Vec<u32>,
    /// Bit sets of the columns known to be constant, one per depth.
    constants: Vec<u64>,
    scratch: T::Scratch,
}

impl<T: Targets> Default for Arena<T> {
    fn default() -> Self {
        Arena {
            rows: Vec::new(),
            load: Vec::new(),
            spare_rows: Vec::new(),
            spare_load: Vec::new(),
            codes: Vec::new(),
            sides: Vec::new(),
            columns: Vec::new(),
            swaps: Vec::new(),
            constants: Vec::new(),
            scratch: T::Scratch::default(),
        }
    }
}

/// A node that waits for its split.
struct Open<N> {
    id: u32,
    start: usize,
    end: usize,
    depth: u32,
    path: Stream,
    node: N,
    /// The range that monotonic constraints of ancestors leave to its mean.
    low: f64,
    high: f64,
}

/// The best split found for a node.
struct Split<L> {
    cut: Cut<L>,
    column: u32,
    set: Option<Vec<u16>>,
    /// A drawn threshold, where the cut was drawn.
    threshold: Option<f32>,
}

/// What growing needs beside the buffers.
pub struct Growth<'a, T: Targets> {
    pub targets: &'a T,
    pub columns: &'a [Column],
    pub rules: &'a Rules,
    pub control: &'a Control,
}

impl<T: Targets> Growth<'_, T> {
    /// Grows a tree on the rows whose weight is not 0, drawing from `stream`. `None` if stopped.
    pub fn tree(
        &self,
        weights: impl Iterator<Item = f64>,
        stream: Stream,
        arena: &mut Arena<T>,
    ) -> Option<GrownTree> {
        arena.rows.clear();
        arena.load.clear();
        for (i, weight) in weights.enumerate() {
            if weight > 0.0 {
                arena.rows.push(i as u32);
                arena.load.push(self.targets.row(i, weight));
            }
        }
        let n = arena.rows.len();
        arena.spare_rows.resize(n, 0);
        arena.spare_load.resize(n, T::Row::default());
        arena.codes.resize(n, 0);
        arena.sides.resize(n, 0);
        if arena.columns.len() != self.columns.len() {
            arena.columns = (0..self.columns.len() as u32).collect();
        }
        Work { growth: self, arena, tree: GrownTree::default(), weight: 0.0, min_weight: 0.0 }.run(n, stream)
    }
}

struct Work<'a, 'b, T: Targets> {
    growth: &'a Growth<'b, T>,
    arena: &'a mut Arena<T>,
    tree: GrownTree,
    /// Weight of the tree, and what a leaf must have of it.
    weight: f64,
    min_weight: f64,
}

impl<T: Targets> Work<'_, '_, T> {
    fn run(mut self, n: usize, stream: Stream) -> Option<GrownTree> {
        let node = self.growth.targets.node(&self.arena.load[..n]);
        let stats = self.growth.targets.stats(&node);
        self.weight = stats.weight;
        self.min_weight = self.growth.rules.min_weight_fraction_leaf * stats.weight;
        let root = Open {
            id: 0,
            start: 0,
            end: n,
            depth: 0,
            path: stream,
            node,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
        };
        self.record(&root, stats);
        match self.growth.rules.truncation.max_leaf_nodes {
            None => self.depth_first(root, stats)?,
            Some(limit) => self.best_first(root, stats, limit)?,
        }
        Some(self.tree)
    }

    fn depth_first(&mut self, root: Open<T::Node>, stats: Stats) -> Option<()> {
        let mut stack = Vec::new();
        if self.may_split(root.end - root.start, root.depth, stats) {
            stack.push(root);
        }
        let mut until_check = 0;
        while let Some(open) = stack.pop() {
            until_check += open.end - open.start;
            if until_check > 1 << 16 {
                until_check = 0;
                if self.growth.control.stopped() {
                    return None;
                }
            }
            self.inherit_constants(open.depth as usize);
            let Some(split) = self.search(&open, true) else { continue };
            let [left, right] = self.divide(open, split);
            stack.extend(right);
            stack.extend(left);
        }
        Some(())
    }

    /// Splits the node of the greatest decrease first, until there are `limit` leaves.
    fn best_first(&mut self, root: Open<T::Node>, stats: Stats, limit: u32) -> Option<()> {
        let mut open = Vec::new();
        let mut heap = BinaryHeap::new();
        let mut leaves = 1;
        let mut fresh = Vec::new();
        if self.may_split(root.end - root.start, root.depth, stats) {
            fresh.push(root);
        }
        loop {
            for node in fresh.drain(..) {
                if self.growth.control.stopped() {
                    return None;
                }
                if let Some(split) = self.search(&node, false) {
                    heap.push(Rank {
                        decrease: split.cut.gain / self.weight,
                        path: self.tree.nodes[node.id as usize].path,
                        node: open.len() as u32,
                    });
                    open.push(Some((node, split)));
                }
            }
            let Some(Rank { node, .. }) = heap.pop().filter(|_| leaves < limit) else { break };
            if let Some((node, split)) = open[node as usize].take() {
                fresh.extend(self.divide(node, split).into_iter().flatten());
                leaves += 1;
            }
        }
        Some(())
    }

    /// Appends a node, a leaf until it is split.
    fn record(&mut self, open: &Open<T::Node>, stats: Stats) {
        let (low, high) = (open.low, open.high);
        let at = self.tree.values.len();
        self.growth.targets.values(&open.node, &mut self.tree.values);
        if low > f64::NEG_INFINITY || high < f64::INFINITY {
            clip(&mut self.tree.values[at..], low, high);
        }
        self.tree.nodes.push(Grown {
            split: LEAF,
            data: 0,
            left: NONE,
            n: (open.end - open.start) as u32,
            depth: open.depth,
            weight: stats.weight,
            impurity: stats.impurity,
            decrease: 0.0,
            path: open.path.id(),
        });
    }

    fn may_split(&self, n: usize, depth: u32, stats: Stats) -> bool {
        let rules = self.growth.rules;
        depth < rules.truncation.max_depth
            && n >= 2
            && n >= rules.truncation.min_samples_split as usize
            && n >= 2 * rules.min_samples_leaf as usize
            && stats.weight >= 2.0 * self.min_weight
            && stats.impurity > EPSILON
    }

    fn words(&self) -> usize {
        self.growth.columns.len().div_ceil(64)
    }

    /// Columns constant in the parent are constant here. In depth-first order the parent's set, one
    /// level up, is still the one that its search left.
    fn inherit_constants(&mut self, depth: usize) {
        let words = self.words();
        self.arena.constants.resize(self.arena.constants.len().max((depth + 1) * words), 0);
        if depth == 0 {
            self.arena.constants[..words].fill(0);
        } else {
            self.arena.constants.copy_within((depth - 1) * words..depth * words, depth * words);
        }
    }

    /// The best split of a node: columns are visited in random order until `max_features` were seen
    /// and one of them was not constant, as in scikit-learn.
    #[inline(always)]
    fn search(&mut self, open: &Open<T::Node>, cached: bool) -> Option<Split<T::Left>> {
        let d = self.growth.columns.len();
        let constants = open.depth as usize * self.words();
        let mut stream = open.path;
        let mut best: Option<Split<T::Left>> = None;
        let mut varied = false;
        let mut visited = 0;
        self.arena.swaps.clear();
        while visited < d && (visited < self.growth.rules.max_features || !varied) {
            // Fisher-Yates: columns[..visited] are drawn, the rest is not.
            let k = visited + stream.below((d - visited) as u32) as usize;
            self.arena.columns.swap(visited, k);
            self.arena.swaps.push(k as u32);
            let j = self.arena.columns[visited] as usize;
            visited += 1;
            let bit = 1u64 << (j % 64);
            if cached && self.arena.constants[constants + j / 64] & bit != 0 {
                continue;
            }
            let n = open.end - open.start;
            let column = &self.growth.columns[j];
            let (low, high, missing) = gather(column, &self.arena.rows[open.start..open.end], &mut self.arena.codes[..n]);
            if low >= high && (missing == 0 || missing == n) {
                if cached {
                    self.arena.constants[constants + j / 64] |= bit;
                }
                continue;
            }
            varied = true;
            let codes = Codes {
                codes: &self.arena.codes[..n],
                low,
                high,
                missing: (missing > 0).then_some(column.n_bins() as u16),
            };
            let rules = self.growth.rules;
            let limits = Limits {
                min_rows: rules.min_samples_leaf,
                min_weight: self.min_weight,
                monotonic: rules.monotonic.as_ref().map_or(0, |signs| signs[j]),
                low: open.low,
                high: open.high,
            };
            let floor = best.as_ref().map_or(0.0, |best| best.cut.gain);
            let load = &self.arena.load[open.start..open.end];
            let targets = self.growth.targets;
            let found = if rules.random_cuts {
                let sides = &mut self.arena.sides[..n];
                super::random::cut(targets, &open.node, load, column, codes, &limits, floor, stream.child(j as u64 + 3), sides)
                    .map(|(cut, set, threshold)| Split { cut, column: j as u32, set, threshold })
            } else if column.categorical {
                targets.best_set(&open.node, load, codes, &limits, floor)
                    .map(|found| Split { cut: found.cut, column: j as u32, set: Some(found.set), threshold: None })
            } else {
                targets.best_cut(&open.node, load, codes, &limits, floor, &mut self.arena.scratch)
                    .map(|cut| Split { cut, column: j as u32, set: None, threshold: None })
            };
            if let Some(found) = found {
                let perfect = found.cut.perfect;
                best = Some(found);
                if perfect {
                    break;
                }
            }
        }
        for place in (0..self.arena.swaps.len()).rev() {
            self.arena.columns.swap(place, self.arena.swaps[place] as usize);
        }
        let rules = &self.growth.rules.truncation;
        best.filter(|split| split.cut.gain / self.weight + EPSILON >= rules.min_impurity_decrease)
    }

    /// Carries a split out: records both children and returns those that may be split further.
    fn divide(&mut self, open: Open<T::Node>, split: Split<T::Left>) -> [Option<Open<T::Node>>; 2] {
        let Open { id, start, end, depth, .. } = open;
        let n = end - start;
        let column = &self.growth.columns[split.column as usize];
        gather(column, &self.arena.rows[start..end], &mut self.arena.codes[..n]);
        let missing = column.n_bins() as u16;
        let (n_left, threshold) = self.choose_sides(n, &split, missing);
        let data = match &split.set {
            Some(set) => {
                let codes = set.iter().filter(|&&code| code != missing).map(|&code| column.low[code as usize] as u32);
                write_set(&mut self.tree.categories, codes)
            }
            None => split.threshold.unwrap_or(threshold).to_bits(),
        };
        // Where no value was missing, one that is missing later follows the larger side.
        let any_missing = column.has_missing && self.arena.codes[..n].contains(&missing);
        let missing_left = if any_missing { split.cut.missing_left } else { n_left > n - n_left };

        let targets = self.growth.targets;
        let exact = targets.children(&open.node, &split.cut.left);
        let splits_on = |work: &Self, node: &T::Node, n: usize| work.may_split(n, depth + 1, targets.stats(node));
        let both_leaves = exact.as_ref().is_some_and(|(left, right)| {
            !splits_on(self, left, n_left) && !splits_on(self, right, n - n_left)
        });
        if !both_leaves {
            self.part(start, end);
        }
        let middle = start + n_left;
        let (left, right) = exact.unwrap_or_else(|| {
            (targets.node(&self.arena.load[start..middle]), targets.node(&self.arena.load[middle..end]))
        });

        let stats = [targets.stats(&left), targets.stats(&right)];
        let ranges = self.child_ranges(&open, split.column as usize, stats);
        let first = self.tree.nodes.len() as u32;
        let parent = &mut self.tree.nodes[id as usize];
        parent.split = split.column
            | if split.set.is_some() { CATEGORICAL } else { 0 }
            | if missing_left { MISSING_LEFT } else { 0 };
        parent.data = data;
        parent.left = first;
        parent.decrease = split.cut.gain / self.weight;

        let bounds = [(start, middle), (middle, end)];
        let mut nodes = [Some(left), Some(right)];
        std::array::from_fn(|side| {
            let child = Open {
                id: first + side as u32,
                start: bounds[side].0,
                end: bounds[side].1,
                depth: depth + 1,
                path: open.path.child(side as u64 + 1),
                node: nodes[side].take()?,
                low: ranges[side].0,
                high: ranges[side].1,
            };
            self.record(&child, stats[side]);
            self.may_split(child.end - child.start, child.depth, stats[side]).then_some(child)
        })
    }

    /// Writes 1 into `sides` for rows that go left; returns how many do and the threshold: halfway
    /// between the values that part, as a float32 that parts them.
    fn choose_sides(&mut self, n: usize, split: &Split<T::Left>, missing: u16) -> (usize, f32) {
        let column = &self.growth.columns[split.column as usize];
        let (codes, sides) = (&self.arena.codes[..n], &mut self.arena.sides[..n]);
        let missing_left = split.cut.missing_left;
        let (mut last_left, mut first_right) = (0u16, u16::MAX);
        if let Some(set) = &split.set {
            for (side, code) in sides.iter_mut().zip(codes) {
                *side = u8::from(set.binary_search(code).is_ok());
            }
        } else {
            for (side, &code) in sides.iter_mut().zip(codes) {
                let (is_missing, below) = (code == missing, code <= split.cut.code);
                *side = u8::from(if is_missing { missing_left } else { below });
                last_left = last_left.max(if below && !is_missing { code } else { 0 });
                first_right = first_right.min(if below || is_missing { u16::MAX } else { code });
            }
        }
        let n_left = sides.iter().map(|&side| usize::from(side)).sum();
        let threshold = if split.set.is_some() || first_right == u16::MAX {
            // Everything but the missing values goes left.
            f32::INFINITY
        } else {
            halfway(column.high[last_left as usize], column.low[first_right as usize])
        };
        (n_left, threshold)
    }

    /// Parts rows[start..end] by `sides`, left ones first, both in their order.
    #[inline(always)]
    fn part(&mut self, start: usize, end: usize) {
        let n = end - start;
        let rows = &mut self.arena.rows[start..end];
        let load = &mut self.arena.load[start..end];
        let (mut left, mut right) = (0, 0);
        // Invariant: rows[..left] and spare[..right] hold what rows[..i] held; left + right = i.
        for i in 0..n {
            let (row, item) = (rows[i], load[i]);
            rows[left] = row;
            load[left] = item;
            self.arena.spare_rows[right] = row;
            self.arena.spare_load[right] = item;
            let side = self.arena.sides[i] as usize;
            left += side;
            right += 1 - side;
        }
        rows[left..].copy_from_slice(&self.arena.spare_rows[..right]);
        load[left..].copy_from_slice(&self.arena.spare_load[..right]);
    }

    /// Ranges of the children's means: a split of a constrained column parts its node's range between
    /// the two means.
    fn child_ranges(&self, open: &Open<T::Node>, column: usize, stats: [Stats; 2]) -> [(f64, f64); 2] {
        let whole = (open.low, open.high);
        let middle = (stats[0].mean + stats[1].mean) / 2.0;
        match self.growth.rules.monotonic.as_ref().map_or(0, |signs| signs[column]) {
            0 => [whole, whole],
            sign if sign > 0 => [(whole.0, middle), (middle, whole.1)],
            _ => [(middle, whole.1), (whole.0, middle)],
        }
    }
}

/// Puts the codes of `rows` into `codes`; returns the least and the greatest code of a value that is
/// not missing (65535 and 0 if there is none), and how many are missing.
#[inline(always)]
fn gather(column: &Column, rows: &[u32], codes: &mut [u16]) -> (u16, u16, usize) {
    let missing = if column.has_missing { Some(column.n_bins() as u16) } else { None };
    match &column.codes {
        Stored::U8(stored) => gather_from(stored, missing, rows, codes),
        Stored::U16(stored) => gather_from(stored, missing, rows, codes),
    }
}

#[inline(always)]
fn gather_from<C: Copy + Into<u16>>(
    stored: &[C],
    missing: Option<u16>,
    rows: &[u32],
    codes: &mut [u16],
) -> (u16, u16, usize) {
    let (mut low, mut high, mut n_missing) = (u16::MAX, 0, 0);
    for (out, &row) in codes.iter_mut().zip(rows) {
        debug_assert!((row as usize) < stored.len());
        // SAFETY: the rows of a tree are numbered below the length of every column.
        *out = unsafe { *stored.get_unchecked(row as usize) }.into();
    }
    match missing {
        None => {
            for &code in codes.iter() {
                low = low.min(code);
                high = high.max(code);
            }
        }
        Some(missing) => {
            for &code in codes.iter() {
                let is_missing = code == missing;
                low = low.min(if is_missing { u16::MAX } else { code });
                high = high.max(if is_missing { 0 } else { code });
                n_missing += usize::from(is_missing);
            }
        }
    }
    (low, high, n_missing)
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
