//! A forest as plain arrays, and back. What comes back is not trusted: a forest is only made if every
//! index in it can be followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::learned::Forest;
use super::settings::Criterion;
use super::tree::{CATEGORICAL, LEAF, Node, PURE, Tree};
use crate::error::{Error, Result};

/// Arrays by name. Integers: `shape` (n_features, n_outputs, criterion), `n_classes`, and for all trees
/// one after the other `tree_nodes`, `tree_values`, `tree_categories` (lengths), `split`, `data`, `right`,
/// `n_node_samples`, `categories`. Floats: `leaf_value`, `importances`.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub integers: BTreeMap<String, Vec<u32>>,
    pub floats: BTreeMap<String, Vec<f64>>,
    /// Per row of `leaf_value` of the trees that keep them; else none.
    pub impurities: Vec<f32>,
}

const CRITERIA: [Criterion; 5] = [
    Criterion::Gini,
    Criterion::Entropy,
    Criterion::SquaredError,
    Criterion::AbsoluteError,
    Criterion::Poisson,
];

impl Forest {
    /// Everything learned.
    pub fn state(&self) -> State {
        let criterion = CRITERIA.iter().position(|c| *c == self.criterion).unwrap_or(0) as u32;
        let all = |of: &dyn Fn(&Tree) -> Vec<u32>| {
            self.trees.iter().flat_map(|tree| of(tree)).collect::<Vec<u32>>()
        };
        let nodes = |of: fn(&Node) -> u32| all(&|tree| tree.nodes.iter().map(of).collect());
        let integers = [
            ("shape", vec![self.n_features as u32, self.n_outputs as u32, criterion]),
            ("n_classes", self.n_classes.iter().map(|&k| k as u32).collect()),
            ("tree_nodes", all(&|tree| vec![tree.nodes.len() as u32])),
            ("tree_values", all(&|tree| vec![tree.values.len() as u32])),
            ("tree_impurities", all(&|tree| vec![tree.impurities.len() as u32])),
            ("tree_categories", all(&|tree| vec![tree.categories.len() as u32])),
            ("split", nodes(|node| node.split)),
            ("data", nodes(|node| node.data)),
            ("right", nodes(|node| node.right)),
            ("n_node_samples", nodes(|node| node.n)),
            ("categories", all(&|tree| tree.categories.clone())),
        ];
        let values = self.trees.iter().flat_map(|tree| tree.values.iter().copied()).collect();
        State {
            integers: integers.into_iter().map(|(name, values)| (name.to_owned(), values)).collect(),
            floats: [("leaf_value".to_owned(), values), ("importances".to_owned(), self.importances.clone())]
                .into(),
            impurities: self.trees.iter().flat_map(|tree| tree.impurities.iter().copied()).collect(),
        }
    }

    /// The forest of a state, if it is one.
    pub fn from_state(mut state: State) -> Result<Forest> {
        let bad = |what: &str| Error::invalid(format!("this is not the state of a forest: {what}"));
        let mut integers = |name: &str| state.integers.remove(name).ok_or_else(|| bad(name));
        let shape = integers("shape")?;
        let &[n_features, n_outputs, criterion] = shape.as_slice() else { return Err(bad("shape")) };
        let n_classes: Vec<usize> = integers("n_classes")?.into_iter().map(|k| k as usize).collect();
        let sizes = [
            integers("tree_nodes")?,
            integers("tree_values")?,
            integers("tree_impurities")?,
            integers("tree_categories")?,
        ];
        let columns =
            [integers("split")?, integers("data")?, integers("right")?, integers("n_node_samples")?];
        let categories = integers("categories")?;
        let mut floats = |name: &str| state.floats.remove(name).ok_or_else(|| bad(name));
        let (values, importances) = (floats("leaf_value")?, floats("importances")?);
        let mut forest = Forest {
            n_features: n_features as usize,
            n_outputs: n_outputs as usize,
            n_classes,
            trees: Vec::new(),
            importances,
            criterion: *CRITERIA.get(criterion as usize).ok_or_else(|| bad("criterion"))?,
        };
        let counts_fit = forest.n_classes.is_empty() || forest.n_classes.len() == forest.n_outputs;
        if n_features == 0 || n_outputs == 0 || !counts_fit || forest.n_classes.contains(&0) {
            return Err(bad("shape"));
        }
        let n_trees = sizes[0].len();
        if n_trees == 0
            || sizes.iter().any(|size| size.len() != n_trees)
            || forest.importances.len() != n_trees * forest.n_features
        {
            return Err(bad("number of trees"));
        }
        let mut parts = Parts {
            columns: columns.each_ref().map(Vec::as_slice),
            values: &values,
            impurities: &state.impurities,
            categories: &categories,
        };
        for t in 0..n_trees {
            let size = sizes.each_ref().map(|size| size[t] as usize);
            let tree = parts.take(size).ok_or_else(|| bad("lengths"))?;
            if !forest.can_follow(&tree) {
                return Err(bad("an index leads nowhere"));
            }
            forest.trees.push(Arc::new(tree));
        }
        if !parts.empty() {
            return Err(bad("lengths"));
        }
        Ok(forest)
    }

    /// True if the nodes are a tree in pre-order, whose columns, values and categories exist.
    fn can_follow(&self, tree: &Tree) -> bool {
        let v = self.n_values();
        let rows = tree.values.len() / v;
        let sound = |node: &Node| {
            if node.column() >= self.n_features {
                return false; // of leaves too: a row that has arrived still reads the column
            }
            if node.split & LEAF != 0 {
                return if node.split & PURE != 0 {
                    self.n_classes.len() == 1 && (node.data as usize) < v
                } else {
                    (node.data as usize) < rows
                };
            }
            node.split & CATEGORICAL == 0 || {
                let rest = tree.categories.get(node.data as usize..).unwrap_or_default();
                rest.first().is_some_and(|&length| (length as usize) < rest.len())
            }
        };
        tree.values.len().is_multiple_of(v)
            && (tree.impurities.is_empty() || tree.impurities.len() == rows)
            && tree.values.iter().all(|value| value.is_finite())
            && tree.nodes.iter().all(sound)
            && is_preorder(&tree.nodes)
    }

    /// The trees of this forest and of `other`, which must have been learned from like data.
    pub fn extend(&self, other: &Forest) -> Result<Forest> {
        let alike = |f: &Forest| (f.n_features, f.n_outputs, f.n_classes.clone());
        if alike(self) != alike(other) {
            return Err(Error::invalid("forests of different data cannot be joined"));
        }
        let mut out = self.clone();
        out.trees.extend(other.trees.iter().cloned());
        out.importances.extend(&other.importances);
        Ok(out)
    }

    /// The first `n` trees.
    pub fn first(&self, n: usize) -> Result<Forest> {
        if n == 0 || n > self.trees.len() {
            return Err(Error::invalid(format!("n must be in [1, {}]; got {n}", self.trees.len())));
        }
        let mut out = self.clone();
        out.trees.truncate(n);
        out.importances.truncate(n * self.n_features);
        Ok(out)
    }
}

/// True if the right child of every split stands where its left subtree ends, and the root's subtree is all.
fn is_preorder(nodes: &[Node]) -> bool {
    // Backwards; the subtrees of nodes i + 1 and further are known, and those not yet part of a larger one
    // end at the numbers on the stack, the next one on top.
    let mut ends: Vec<usize> = Vec::new();
    for (i, node) in nodes.iter().enumerate().rev() {
        if node.is_leaf() {
            ends.push(i + 1);
            continue;
        }
        let (Some(left), Some(right)) = (ends.pop(), ends.pop()) else { return false };
        if node.right as usize != left {
            return false;
        }
        ends.push(right);
    }
    ends == [nodes.len()]
}

/// What is left of the arrays as trees are taken from them.
struct Parts<'a> {
    columns: [&'a [u32]; 4],
    values: &'a [f64],
    impurities: &'a [f32],
    categories: &'a [u32],
}

impl Parts<'_> {
    fn take(&mut self, [nodes, values, impurities, categories]: [usize; 4]) -> Option<Tree> {
        let mut columns = [[].as_slice(); 4];
        for (rest, column) in self.columns.iter_mut().zip(&mut columns) {
            (*column, *rest) = rest.split_at_checked(nodes)?;
        }
        let [split, data, right, n] = columns;
        Some(Tree {
            nodes: (0..nodes)
                .map(|i| Node { split: split[i], data: data[i], right: right[i], n: n[i] })
                .collect(),
            values: front(&mut self.values, values)?,
            impurities: front(&mut self.impurities, impurities)?,
            categories: front(&mut self.categories, categories)?,
        })
    }

    fn empty(&self) -> bool {
        self.columns.iter().all(|rest| rest.is_empty())
            && self.values.is_empty()
            && self.impurities.is_empty()
            && self.categories.is_empty()
    }
}

fn front<T: Copy>(rest: &mut &[T], n: usize) -> Option<Vec<T>> {
    let (front, behind) = rest.split_at_checked(n)?;
    *rest = behind;
    Some(front.to_vec())
}
