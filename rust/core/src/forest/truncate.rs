//! Many forests from one: which nodes of a grown tree each truncation turns into leaves.
//!
//! max_depth, min_samples_split and min_impurity_decrease are conditions on a node; max_leaf_nodes
//! replays best-first growth on what these leave; ccp_alpha prunes what is left then. A split that
//! survives is the one a tree grown alone with these settings has, since a node's split depends on
//! its rows and its path only (grow.rs).

use std::collections::BinaryHeap;

use super::grow::{GrownTree, NONE, Rank};
use super::prune;
use super::rules::Truncation;

/// For each truncation and node: does a row stop here? Bit t of the node's words.
pub struct Stops {
    /// 64-bit words per node.
    pub words: usize,
    bits: Vec<u64>,
}

impl Stops {
    /// The words of a node.
    #[inline(always)]
    pub fn of(&self, node: u32) -> &[u64] {
        &self.bits[node as usize * self.words..][..self.words]
    }

    pub fn new(tree: &GrownTree, truncations: &[Truncation]) -> Self {
        let words = truncations.len().div_ceil(64);
        let mut stops = Stops { words, bits: vec![0; tree.nodes.len() * words] };
        for (t, truncation) in truncations.iter().enumerate() {
            let inner = inner_nodes(tree, truncation);
            for (node, inner) in inner.iter().enumerate() {
                if !inner {
                    stops.bits[node * words + t / 64] |= 1 << (t % 64);
                }
            }
        }
        stops
    }
}

/// True for the nodes that are split in the truncated tree.
pub fn inner_nodes(tree: &GrownTree, truncation: &Truncation) -> Vec<bool> {
    let nodes = &tree.nodes;
    let mut inner = vec![false; nodes.len()];
    let mut reached = vec![false; nodes.len()];
    reached[0] = true;
    for (i, node) in nodes.iter().enumerate() {
        inner[i] = reached[i]
            && node.left != NONE
            && node.depth < truncation.max_depth
            && node.n >= truncation.min_samples_split
            && node.decrease + f64::EPSILON >= truncation.min_impurity_decrease;
        if inner[i] {
            reached[node.left as usize] = true;
            reached[node.left as usize + 1] = true;
        }
    }
    if let Some(limit) = truncation.max_leaf_nodes {
        inner = first_splits(tree, &inner, limit);
    }
    if truncation.ccp_alpha > 0.0 {
        let weight = nodes[0].weight;
        let children: Vec<[u32; 2]> = (nodes.iter().zip(&inner))
            .map(|(node, &inner)| if inner { [node.left, node.left + 1] } else { [NONE, NONE] })
            .collect();
        let risk: Vec<f64> = nodes.iter().map(|node| node.impurity * node.weight / weight).collect();
        let thresholds = prune::thresholds(&children, &risk);
        for (inner, threshold) in inner.iter_mut().zip(thresholds) {
            *inner &= truncation.ccp_alpha < threshold;
        }
    }
    inner
}

/// The splits made when the greatest decrease goes first, until there are `limit` leaves.
fn first_splits(tree: &GrownTree, allowed: &[bool], limit: u32) -> Vec<bool> {
    let rank = |node: u32| {
        let grown = &tree.nodes[node as usize];
        Rank { decrease: grown.decrease, path: grown.path, node }
    };
    let mut inner = vec![false; allowed.len()];
    let mut heap = BinaryHeap::new();
    let mut leaves = 1;
    if allowed[0] {
        heap.push(rank(0));
    }
    while leaves < limit {
        let Some(Rank { node, .. }) = heap.pop() else { break };
        inner[node as usize] = true;
        leaves += 1;
        let left = tree.nodes[node as usize].left;
        heap.extend([left, left + 1].into_iter().filter(|&child| allowed[child as usize]).map(rank));
    }
    inner
}
