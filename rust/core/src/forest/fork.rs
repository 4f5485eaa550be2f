//! Several values of `min_samples_leaf` from one growth.
//!
//! The best split of a node whose sides both have at least m rows is the best one for every
//! `min_samples_leaf` up to m: the splits allowed for larger values are among those allowed for smaller
//! ones. So a node is split once for all values that its best split satisfies. For the others it is
//! searched again, as a twin that stands `instead` of it, and grows branches of its own; most nodes of a
//! tree need no twin.

use super::grow::{Grown, GrownTree, NONE, Open, Work};
use super::rules::Rules;
use super::targets::Targets;

impl Rules {
    /// leaves[..this] can part n rows.
    pub(super) fn leaves_that_part(&self, n: usize) -> usize {
        self.leaves.partition_point(|&leaf| 2 * leaf as usize <= n)
    }
}

impl<T: Targets> Work<'_, '_, T> {
    /// Appends a twin of a node that is not yet split, for `leaves[first..open.last]`. It waits below all
    /// that `fresh` is given from here on, with the rows as they are now.
    pub(super) fn fork(
        &mut self,
        open: &Open<T::Node, T::Row>,
        first: usize,
        fresh: &mut Vec<Open<T::Node, T::Row>>,
    ) {
        let n_values = self.tree.values.len() / self.tree.nodes.len();
        let (at, rows) = (open.id as usize, open.start..open.end);
        let id = self.tree.nodes.len() as u32;
        self.tree.nodes.push(self.tree.nodes[at]);
        self.tree.values.extend_from_within(at * n_values..(at + 1) * n_values);
        self.tree.nodes[at].instead = id;
        fresh.push(Open {
            id,
            node: open.node.clone(),
            first,
            saved: Some(Box::new((self.arena.rows[rows.clone()].to_vec(), self.arena.load[rows].to_vec()))),
            ..*open
        });
    }

    /// Puts the rows of a twin back in their order.
    #[inline(always)]
    pub(super) fn restore(&mut self, open: &Open<T::Node, T::Row>) {
        if let Some(saved) = &open.saved {
            let (rows, load) = &**saved;
            self.arena.rows[open.start..open.end].copy_from_slice(rows);
            self.arena.load[open.start..open.end].copy_from_slice(load);
        }
    }
}

impl GrownTree {
    /// A tree for each of the values of `min_samples_leaf` that it grew for.
    pub fn by_leaf(self, leaves: &[u32]) -> Vec<GrownTree> {
        match leaves {
            [_] => vec![self],
            _ => leaves.iter().map(|&leaf| self.with_leaves_of(leaf)).collect(),
        }
    }

    fn with_leaves_of(&self, leaf: u32) -> GrownTree {
        let n_values = self.values.len() / self.nodes.len();
        let mut out = GrownTree { categories: self.categories.clone(), ..GrownTree::default() };
        let push = |out: &mut GrownTree, at: u32| {
            let at = self.standing(at, leaf);
            out.nodes.push(Grown { instead: NONE, ..self.nodes[at] });
            out.values.extend_from_slice(&self.values[at * n_values..(at + 1) * n_values]);
        };
        push(&mut out, 0);
        // Invariant: nodes[..i] have their children in `out`; the others still name those in `self`.
        let mut i = 0;
        while let Some(&node) = out.nodes.get(i) {
            if node.left != NONE && self.smaller_side(&node) < leaf {
                out.nodes[i] = Grown { split: super::tree::LEAF, data: 0, left: NONE, decrease: 0.0, ..node };
            } else if node.left != NONE {
                out.nodes[i].left = out.nodes.len() as u32;
                push(&mut out, node.left);
                push(&mut out, node.left + 1);
            }
            i += 1;
        }
        out
    }

    /// The node that stands instead of `at` where leaves have at least `leaf` rows.
    fn standing(&self, at: u32, leaf: u32) -> usize {
        let node = &self.nodes[at as usize];
        if node.instead != NONE && self.smaller_side(node) < leaf {
            self.standing(node.instead, leaf)
        } else {
            at as usize
        }
    }

    fn smaller_side(&self, node: &Grown) -> u32 {
        let [left, right] = [node.left, node.left + 1].map(|child| self.nodes[child as usize].n);
        left.min(right)
    }
}
