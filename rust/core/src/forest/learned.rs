//! A learned forest: its trees, and what it predicts.

use super::grow::{GrownTree, NONE};
use super::tree::{LEAF, Node, PURE, Tree};
use crate::error::{Result, filled};
use crate::parallel::{Control, Watcher, for_each};

/// Rows that go down one tree before the next: so many that fetching the tree costs little beside them, while
/// they themselves come in order.
const BLOCK: usize = 16384;
/// Nodes of a tree that are fetched in about the time in which a row goes down it.
const NODES_PER_ROW: usize = 2;
/// Walks from a root to a leaf that take less time than starting a thread.
const FEW_WALKS: usize = 2048;

/// A forest: trees in the order in which they are summed.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    pub n_features: usize,
    pub n_outputs: usize,
    /// Classes of each output; empty for regression.
    pub n_classes: Vec<usize>,
    pub trees: Vec<std::sync::Arc<Tree>>,
    /// Decrease of impurity by column, per tree (n_trees, d), each tree's sum normalised to 1.
    pub importances: Vec<f64>,
    /// What impurity means: views of inner nodes need it.
    pub criterion: super::settings::Criterion,
}

impl Forest {
    /// Numbers in one prediction.
    pub fn n_values(&self) -> usize {
        if self.n_classes.is_empty() { self.n_outputs } else { self.n_classes.iter().sum() }
    }

    /// Predictions (n, n_values) of the rows of X (n, d): means over the trees, added in their order.
    pub fn predict(
        &self,
        x: &[f32],
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<f64>> {
        let (d, v) = (self.n_features, self.n_values());
        let n = x.len() / d;
        let mut out = filled(n * v, 0.0, "predictions")?;
        self.blocks(&mut out, v, n_threads, control, watcher, |start, sums| {
            self.predict_block(&x[start * d..][..sums.len() / v * d], sums);
        })?;
        Ok(out)
    }

    /// The same for so few rows that a thread would cost more than they do; `None` for more.
    pub fn predict_few(&self, x: &[f32]) -> Option<Vec<f64>> {
        let n = x.len() / self.n_features;
        (n * self.trees.len() <= FEW_WALKS).then(|| {
            let mut out = vec![0.0; n * self.n_values()];
            self.predict_block(x, &mut out);
            out
        })
    }

    fn predict_block(&self, x: &[f32], sums: &mut [f64]) {
        let (d, v) = (self.n_features, self.n_values());
        let n = sums.len() / v;
        let mut leaves = vec![0; BLOCK.min(n)];
        for start in (0..n).step_by(BLOCK) {
            let size = BLOCK.min(n - start);
            let sums = &mut sums[start * v..(start + size) * v];
            for tree in &self.trees {
                tree.leaves(&x[start * d..(start + size) * d], d, &mut leaves[..size]);
                for (&leaf, sum) in leaves.iter().zip(sums.chunks_exact_mut(v)) {
                    tree.add_value(leaf, sum);
                }
            }
        }
        let n_trees = self.trees.len() as f64;
        sums.iter_mut().for_each(|sum| *sum /= n_trees);
    }

    /// The leaf of each row in each tree (n, n_trees).
    pub fn apply(
        &self,
        x: &[f32],
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Vec<i64>> {
        let (d, n_trees) = (self.n_features, self.trees.len());
        let mut out = filled(x.len() / d * n_trees, 0, "leaves of all rows and trees")?;
        self.blocks(&mut out, n_trees, n_threads, control, watcher, |start, block| {
            let n = block.len() / n_trees;
            let mut leaves = vec![0; n];
            for (t, tree) in self.trees.iter().enumerate() {
                tree.leaves(&x[start * d..(start + n) * d], d, &mut leaves);
                for (i, &leaf) in leaves.iter().enumerate() {
                    block[i * n_trees + t] = i64::from(leaf);
                }
            }
        })?;
        Ok(out)
    }

    /// Calls `work(first row, block)` for blocks of `width` numbers a row, in parallel.
    fn blocks<T: Send>(
        &self,
        out: &mut [T],
        width: usize,
        n_threads: usize,
        control: &Control,
        watcher: Watcher<'_>,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) -> Result<()> {
        // Small blocks part evenly among threads; but each block fetches every tree.
        let n = out.len() / width;
        let nodes: usize = self.trees.iter().map(|tree| tree.nodes.len()).sum();
        let worth_a_fetch = nodes / self.trees.len().max(1) / NODES_PER_ROW;
        let rows = n.div_ceil(2 * n_threads).max(worth_a_fetch).min(n.div_ceil(n_threads)).clamp(1, BLOCK);
        let blocks: Vec<_> = out.chunks_mut(rows * width).map(std::sync::Mutex::new).collect();
        for_each(
            n_threads,
            blocks.len(),
            control,
            watcher,
            || (),
            |(), i| {
                // Each block is taken once: the lock only hands it over.
                if let Ok(mut block) = blocks[i].lock() {
                    work(i * rows, &mut block);
                }
            },
        )
    }

    /// Mean decrease of impurity by column (d,), normalised to 1; zeros if no tree was split.
    pub fn mean_importances(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.n_features];
        for tree in self.importances.chunks_exact(self.n_features) {
            mean.iter_mut().zip(tree).for_each(|(sum, part)| *sum += part);
        }
        normalise(&mut mean);
        mean
    }
}

fn normalise(values: &mut [f64]) {
    let total: f64 = values.iter().sum();
    if total > 0.0 {
        values.iter_mut().for_each(|value| *value /= total);
    }
}

/// Share of each column in the decrease of impurity by the splits of a truncated tree (d,).
pub fn importances(tree: &GrownTree, inner: &[bool], d: usize) -> Vec<f64> {
    let mut shares = vec![0.0; d];
    for (node, _) in tree.nodes.iter().zip(inner).filter(|(_, inner)| **inner) {
        shares[as_node(node.split, 0).column()] += node.decrease;
    }
    normalise(&mut shares);
    shares
}

fn as_node(split: u32, data: u32) -> Node {
    Node { split, data, right: 0, n: 0 }
}

/// The tree that `inner` leaves of a grown one, in pre-order. `pure` if a leaf of one class needs no
/// values of its own (one output, classes).
pub fn compact(tree: &GrownTree, inner: &[bool], n_values: usize, pure: bool) -> Tree {
    let n_inner = inner.iter().filter(|&&inner| inner).count();
    let mut out = Tree { nodes: Vec::with_capacity(2 * n_inner + 1), ..Tree::default() };
    // (grown node, compact parent whose right child it is)
    let mut stack = vec![(0u32, NONE)];
    while let Some((at, parent)) = stack.pop() {
        let here = out.nodes.len() as u32;
        if parent != NONE {
            out.nodes[parent as usize].right = here;
        }
        let node = &tree.nodes[at as usize];
        if inner[at as usize] {
            let mut data = node.data;
            if node.split & super::tree::CATEGORICAL != 0 {
                let set = super::tree::set_at(&tree.categories, node.data as usize);
                data = super::tree::write_set(&mut out.categories, set.iter().copied());
            }
            out.nodes.push(Node { split: node.split, data, right: NONE, n: node.n });
            stack.push((node.left + 1, here));
            stack.push((node.left, NONE));
            continue;
        }
        let values = &tree.values[at as usize * n_values..][..n_values];
        let class = if pure { values.iter().position(|&share| share == 1.0) } else { None };
        let (flag, data) = match class {
            Some(class) => (PURE, class as u32),
            None => {
                out.values.extend_from_slice(values);
                out.impurities.push(node.impurity as f32);
                (0, (out.values.len() / n_values - 1) as u32)
            }
        };
        out.nodes.push(Node { split: LEAF | flag, data, right: (node.weight as f32).to_bits(), n: node.n });
    }
    // Classes tell their impurity themselves.
    if pure || out.impurities.iter().all(|&impurity| impurity == 0.0) {
        out.impurities = Vec::new();
    }
    out.values.shrink_to_fit();
    out
}
