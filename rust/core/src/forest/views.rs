//! What a compact tree says of its inner nodes, added up from its leaves: the arrays that exports,
//! plots and importances of other libraries read.

use super::learned::Forest;
use super::settings::Criterion;
use super::tree::{CATEGORICAL, MISSING_LEFT, PURE, Tree, set_at};

/// Marks in the arrays of a leaf, as scikit-learn has them.
const NO_CHILD: i64 = -1;
const NO_FEATURE: i64 = -2;

/// A tree as arrays with an entry per node, in pre-order.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub children_left: Vec<i64>,
    pub children_right: Vec<i64>,
    pub feature: Vec<i64>,
    pub threshold: Vec<f64>,
    pub impurity: Vec<f64>,
    pub n_node_samples: Vec<i64>,
    pub weighted_n_node_samples: Vec<f64>,
    pub missing_go_to_left: Vec<u8>,
    /// Predictions (n_nodes, n_values).
    pub value: Vec<f64>,
    /// Categories that go left, at categorical splits.
    pub categories: Vec<Option<Vec<i64>>>,
}

impl Forest {
    /// Tree `t` as arrays. Inner values and impurities follow from the leaves, but for absolute errors,
    /// where a median cannot be had from medians: there they are means over the leaves.
    pub fn view(&self, t: usize) -> View {
        let tree = &self.trees[t];
        let v = self.n_values();
        let n = tree.nodes.len();
        let mut view = View {
            value: vec![0.0; n * v],
            impurity: vec![0.0; n],
            weighted_n_node_samples: vec![0.0; n],
            ..View::default()
        };
        for (i, node) in tree.nodes.iter().enumerate() {
            let leaf = node.is_leaf();
            let categorical = !leaf && node.split & CATEGORICAL != 0;
            view.children_left.push(if leaf { NO_CHILD } else { i as i64 + 1 });
            view.children_right.push(if leaf { NO_CHILD } else { i64::from(node.right) });
            view.feature.push(if leaf { NO_FEATURE } else { node.column() as i64 });
            view.threshold.push(if leaf || categorical { -2.0 } else { f64::from(node.threshold()) });
            view.n_node_samples.push(i64::from(node.n));
            view.missing_go_to_left.push(u8::from(!leaf && node.split & MISSING_LEFT != 0));
            view.categories.push(categorical.then(|| {
                set_at(&tree.categories, node.data as usize).iter().map(|&code| i64::from(code)).collect()
            }));
        }
        // Children stand behind their parents, so backwards every child is done before its parent.
        for i in (0..n).rev() {
            self.fill(tree, i, &mut view);
        }
        view
    }

    fn fill(&self, tree: &Tree, i: usize, view: &mut View) {
        let v = self.n_values();
        let node = &tree.nodes[i];
        if node.is_leaf() {
            let mut value = vec![0.0; v];
            tree.add_value(i as u32, &mut value);
            view.weighted_n_node_samples[i] = f64::from(node.weight());
            view.impurity[i] = if node.split & PURE != 0 {
                0.0
            } else if self.n_classes.is_empty() {
                tree.impurities.get(node.data as usize).map_or(0.0, |&impurity| f64::from(impurity))
            } else {
                self.class_impurity(&value)
            };
            view.value[i * v..(i + 1) * v].copy_from_slice(&value);
            return;
        }
        let children = [i + 1, node.right as usize];
        let weights = children.map(|child| view.weighted_n_node_samples[child]);
        let weight = weights[0] + weights[1];
        let shares = weights.map(|w| w / weight);
        let values = children.map(|child| view.value[child * v..(child + 1) * v].to_vec());
        let value: Vec<f64> = (0..v).map(|k| shares[0] * values[0][k] + shares[1] * values[1][k]).collect();
        let within: f64 = (0..2).map(|side| shares[side] * view.impurity[children[side]]).sum();
        view.impurity[i] = if self.n_classes.is_empty() {
            let between: f64 = (0..2).map(|side| shares[side] * self.spread(&values[side], &value)).sum();
            within + between / self.n_outputs as f64
        } else {
            self.class_impurity(&value)
        };
        view.weighted_n_node_samples[i] = weight;
        view.value[i * v..(i + 1) * v].copy_from_slice(&value);
    }

    /// What moving from a child's values to its parent's adds to the impurity, summed over outputs.
    fn spread(&self, child: &[f64], parent: &[f64]) -> f64 {
        let pairs = child.iter().zip(parent);
        match self.criterion {
            Criterion::Poisson => pairs.map(|(&c, &p)| if c > 0.0 { c * (c / p).ln() } else { 0.0 }).sum(),
            Criterion::AbsoluteError => pairs.map(|(c, p)| (c - p).abs()).sum(),
            _ => pairs.map(|(c, p)| (c - p) * (c - p)).sum(),
        }
    }

    fn class_impurity(&self, value: &[f64]) -> f64 {
        let mut at = 0;
        let mut impurity = 0.0;
        for &k in &self.n_classes {
            let shares = &value[at..at + k];
            at += k;
            impurity += match self.criterion {
                Criterion::Entropy => {
                    -shares.iter().map(|&p| if p > 0.0 { p * p.log2() } else { 0.0 }).sum::<f64>()
                }
                _ => 1.0 - shares.iter().map(|p| p * p).sum::<f64>(),
            };
        }
        impurity / self.n_outputs as f64
    }
}
