//! When a node becomes a leaf, and what a split must satisfy: hyperparameters with every fraction
//! resolved for the number of training rows.

/// The rules of one forest (or of the loosest one of a group).
#[derive(Clone, Debug)]
pub struct Rules {
    /// The loosest truncation that is asked for.
    pub truncation: Truncation,
    /// All values of `min_samples_leaf` that are asked for, ascending.
    pub leaves: Vec<u32>,
    /// As a share of the weight of the tree's rows.
    pub min_weight_fraction_leaf: f64,
    pub max_features: usize,
    /// Cuts are drawn, not searched.
    pub random_cuts: bool,
    /// Sign per column, where any is not 0.
    pub monotonic: Option<Vec<i8>>,
}

/// What only cuts a grown tree short: any such tree is a part of a deeper one, if the deeper one keeps
/// branches of their own for nodes whose split leaves fewer than `min_samples_leaf` rows on a side (fork.rs).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncation {
    pub max_depth: u32,
    pub min_samples_split: u32,
    pub min_samples_leaf: u32,
    pub min_impurity_decrease: f64,
    pub max_leaf_nodes: Option<u32>,
    pub ccp_alpha: f64,
}

impl Truncation {
    /// The tightest truncation that is no tighter than any of `all`. A number of leaves is a limit
    /// only where nothing else differs: the order of growth depends on the rest.
    pub fn loosest(all: &[Truncation]) -> Truncation {
        let first = all[0];
        let mut out = first;
        let mut same_but_leaves = true;
        for t in all {
            same_but_leaves &= t.max_depth == first.max_depth
                && t.min_samples_split == first.min_samples_split
                && t.min_samples_leaf == first.min_samples_leaf
                && t.min_impurity_decrease == first.min_impurity_decrease;
            out.max_depth = out.max_depth.max(t.max_depth);
            out.min_samples_split = out.min_samples_split.min(t.min_samples_split);
            out.min_samples_leaf = out.min_samples_leaf.min(t.min_samples_leaf);
            out.min_impurity_decrease = out.min_impurity_decrease.min(t.min_impurity_decrease);
            out.max_leaf_nodes = match (out.max_leaf_nodes, t.max_leaf_nodes) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
        }
        if !same_but_leaves {
            out.max_leaf_nodes = None;
        }
        out.ccp_alpha = 0.0;
        out
    }
}
