//! What each column is worth to a learned forest, measured on the rows that a tree has not seen.
//!
//! Notation: column j of d; a tree with nodes t; its drawn rows D with weights w; its out-of-bag rows O
//! (never drawn); y has a number per class (1 for the row's own class, else 0) or per output. For a
//! node: W_t the weight of its rows of D, m_t their mean y, m'_t the mean y of its rows of O.
//!
//! **Permutation** (Breiman, Random Forests, Machine Learning 45, 2001, section 10):
//!
//! ```text
//! P_j = mean over trees of  loss(O with x_j permuted among O) - loss(O),
//! loss = share of wrong classes, or mean squared error; a mean over the outputs
//! ```
//!
//! Only rows whose path asks for column j can change their leaf, and not before the first node that asks.
//!
//! **Unbiased** (Zhou and Hooker, Unbiased measurement of feature importance in tree-based methods, ACM
//! TKDD 15, 2021: one of the two factors in an impurity is taken out of bag). A split of t into l and r
//! decreases Gini's impurity, or the variance, by
//!
//! ```text
//! W_l |m_l|^2 + W_r |m_r|^2 - W_t |m_t|^2 = (W_l W_r / W_t) |m_l - m_r|^2      (mean decrease of impurity)
//! U_j = mean over trees of  sum over the nodes t that split on j of
//!       (W_l W_r / W_t) <m_l - m_r, m'_l - m'_r> / W_root
//! ```
//!
//! Where y does not depend on x_j within t, m'_l - m'_r has expectation 0 given D, whatever D made of
//! m_l - m_r: so has U_j, for any number of distinct values in the column. We depart from the paper in
//! one place: it takes m'_t from O, we combine it from m'_l and m'_r by W_l and W_r. The expectation is
//! the same; the noise from W'_l / W'_t not being W_l / W_t is gone, and adding a constant to y changes
//! nothing. As there, nodes with a child that no row of O reaches count 0. The impurity is Gini's or the
//! variance whatever the criterion: the argument needs a product of means.

use std::ops::Range;

use super::grower::{check, in_parallel};
use super::learned::Forest;
use super::sample::Sampling;
use super::settings::Settings;
use super::tree::{Node, Tree};
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result};
use crate::parallel::{Control, Watcher};
use crate::seed::Stream;

/// Names the streams of permutations: no number of a tree.
const PERMUTATION: u64 = u64::MAX;
/// Importances of single trees that are held at once, before they are added up in order: 8 GB.
const MOST_VALUES: usize = 1 << 30;

/// Which trees to ask, and how.
pub struct ImportanceOptions {
    /// Trees that were grown by the candidate given; tree i by its i-th draw of rows.
    pub trees: Range<usize>,
    /// Permutations of each column.
    pub n_repeats: usize,
    pub seed: u64,
    pub n_threads: usize,
}

/// Means over trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Importances {
    /// P_j of each repeat (d, n_repeats).
    pub permutation: Vec<f64>,
    /// U_j (d,).
    pub unbiased: Vec<f64>,
    /// Trees that have out-of-bag rows: the others say nothing and are not in the means.
    pub n_trees: usize,
}

impl Forest {
    /// Importances of the columns. `data` and `candidate` are those that the trees were grown from.
    pub fn oob_importances(
        &self,
        data: &Data<'_>,
        candidate: &Candidate,
        options: &ImportanceOptions,
        control: &Control,
        watcher: Watcher<'_>,
    ) -> Result<Importances> {
        check(data)?;
        let settings = Settings::parse(candidate, data)?;
        self.refuse(data, &settings, options)?;
        let whole = Fold::whole(data.n);
        let sampling = Sampling::new(data, &whole.train, &settings.shared)?;
        control.expect(options.trees.len());
        let first = options.trees.start;
        let parts = in_parallel(options.trees.len(), options.n_threads, control, watcher, |i| {
            let look = Look {
                forest: self,
                tree: &self.trees[first + i],
                number: first + i,
                data,
                options,
                control,
            };
            let part = look.part(&sampling);
            control.advance(1);
            part
        })?;
        let d = self.n_features;
        let mut sum =
            Importances { permutation: vec![0.0; d * options.n_repeats], unbiased: vec![0.0; d], n_trees: 0 };
        for part in parts {
            let Some(part) = part? else { continue };
            sum.permutation.iter_mut().zip(part.permutation).for_each(|(sum, one)| *sum += one);
            sum.unbiased.iter_mut().zip(part.unbiased).for_each(|(sum, one)| *sum += one);
            sum.n_trees += 1;
        }
        let n_trees = sum.n_trees.max(1) as f64;
        sum.permutation.iter_mut().chain(&mut sum.unbiased).for_each(|value| *value /= n_trees);
        Ok(sum)
    }

    fn refuse(&self, data: &Data<'_>, settings: &Settings, options: &ImportanceOptions) -> Result<()> {
        let trees = &options.trees;
        if !settings.shared.bootstrap {
            return Err(Error::invalid(
                "out-of-bag importances need rows that a tree has not seen: set bootstrap=True and fit again",
            ));
        }
        if trees.start > trees.end || trees.end > self.trees.len() {
            let (first, last) = (trees.start, trees.end);
            return Err(Error::invalid(format!(
                "trees {first} to {last} were asked for; there are {}",
                self.trees.len()
            )));
        }
        let values =
            trees.len().max(1).checked_mul(self.n_features).and_then(|n| n.checked_mul(options.n_repeats));
        if values.is_none_or(|values| values > MOST_VALUES) {
            let (d, repeats) = (self.n_features, options.n_repeats);
            return Err(Error::Memory(format!(
                "n_repeats={repeats} of {d} columns in {} trees: too many",
                trees.len()
            )));
        }
        if data.d != self.n_features {
            return Err(Error::invalid(format!(
                "X has {} columns; the forest learned from {}",
                data.d, self.n_features
            )));
        }
        if data.n_outputs != self.n_outputs || data.n_classes != self.n_classes {
            return Err(Error::invalid(format!(
                "y has {} outputs of {:?} classes; the forest learned from {} of {:?}",
                data.n_outputs, data.n_classes, self.n_outputs, self.n_classes
            )));
        }
        Ok(())
    }
}

/// What one tree says.
struct Part {
    permutation: Vec<f64>,
    unbiased: Vec<f64>,
}

/// One tree, and what it is asked about.
struct Look<'a> {
    forest: &'a Forest,
    tree: &'a Tree,
    number: usize,
    data: &'a Data<'a>,
    options: &'a ImportanceOptions,
    control: &'a Control,
}

impl Look<'_> {
    /// `None` if the tree has no out-of-bag rows of positive weight.
    fn part(&self, sampling: &Sampling<'_>) -> Result<Option<Part>> {
        let Some(counts) = sampling.counts(self.number) else { return Ok(None) };
        let mut leaves = vec![0; self.data.n];
        self.tree.leaves(self.data.x.values, self.data.d, &mut leaves);
        let by_leaf = ByLeaf::new(&leaves, self.tree.nodes.len());
        self.check_leaves(&counts, &by_leaf)?;
        let score = |i: u32| self.data.sample_weight.map_or(1.0, |weights| weights[i as usize]);
        let unseen: Vec<u32> =
            (0..self.data.n as u32).filter(|&i| counts[i as usize] == 0 && score(i) > 0.0).collect();
        if unseen.is_empty() {
            return Ok(None);
        }
        let weights = sampling.weights(Some(&counts));
        Ok(Some(Part {
            unbiased: self.unbiased(&counts, &weights, &sampling.unseen_weights(&counts), &by_leaf),
            permutation: self.permutation(&unseen, unseen.iter().map(|&i| score(i)).collect(), &leaves),
        }))
    }

    /// The drawn rows must fall as they fell when the tree was grown: other rows would give numbers too,
    /// but no importances.
    fn check_leaves(&self, counts: &[u32], by_leaf: &ByLeaf) -> Result<()> {
        let known = self.tree.nodes.iter().enumerate().all(|(i, node)| {
            let drawn = by_leaf.rows(i).iter().filter(|&&row| counts[row as usize] > 0).count();
            !node.is_leaf() || drawn == node.n as usize
        });
        if known {
            return Ok(());
        }
        Err(Error::invalid(
            "X, y or sample_weight are not those that the forest learned from: pass the training set, in its order",
        ))
    }

    /// This tree's term of U_j (d,).
    fn unbiased(&self, counts: &[u32], drawn: &[f64], unseen: &[f64], by_leaf: &ByLeaf) -> Vec<f64> {
        let mut out = vec![0.0; self.data.d];
        let v = self.data.n_values();
        // Per node: weight and sum of y, of D and then of O.
        let (half, frame) = (1 + v, 2 * (1 + v));
        let mut stack: Vec<f64> = Vec::new();
        // Children stand behind their parents in pre-order. Backwards, then, the stack holds the roots of
        // the subtrees in [i, n_nodes) that have no parent there, the leftmost on top.
        for (i, node) in self.tree.nodes.iter().enumerate().rev() {
            if node.is_leaf() {
                let at = stack.len();
                stack.resize(at + frame, 0.0);
                let (seen_sums, unseen_sums) = stack[at..].split_at_mut(half);
                for &row in by_leaf.rows(i) {
                    let row = row as usize;
                    let (weight, sums) = if counts[row] > 0 {
                        (drawn[row], &mut *seen_sums)
                    } else {
                        (unseen[row], &mut *unseen_sums)
                    };
                    self.add(row, weight, sums);
                }
                continue;
            }
            let right_at = stack.len() - 2 * frame;
            let (right, left) = stack[right_at..].split_at_mut(frame);
            out[node.column()] += decrease(left, right, half);
            right.iter_mut().zip(left).for_each(|(sum, part)| *sum += *part);
            stack.truncate(right_at + frame);
        }
        debug_assert_eq!(stack.len(), frame);
        let scale = stack[0] * self.data.n_outputs as f64;
        out.iter_mut().for_each(|value| *value /= scale);
        out
    }

    /// Adds a row's weight and weighted y to `sums` (1 + n_values,).
    fn add(&self, row: usize, weight: f64, sums: &mut [f64]) {
        sums[0] += weight;
        let mut at = 1;
        for (o, &y) in self.y(row).iter().enumerate() {
            match self.data.n_classes.get(o) {
                Some(&k) => {
                    sums[at + y as usize] += weight;
                    at += k;
                }
                None => {
                    sums[at] += weight * y;
                    at += 1;
                }
            }
        }
    }

    fn y(&self, row: usize) -> &[f64] {
        &self.data.y[row * self.data.n_outputs..][..self.data.n_outputs]
    }

    fn x(&self, row: u32) -> &[f32] {
        &self.data.x.values[row as usize * self.data.d..][..self.data.d]
    }

    /// This tree's term of P_j for each repeat (d, n_repeats).
    fn permutation(&self, unseen: &[u32], weights: Vec<f64>, leaves: &[u32]) -> Vec<f64> {
        let repeats = self.options.n_repeats;
        let mut out = vec![0.0; self.data.d * repeats];
        if repeats == 0 {
            return out;
        }
        let predicted = self.predictions();
        let scale = weights.iter().sum::<f64>() * self.data.n_outputs as f64;
        let stream = Stream::new(self.options.seed).child(PERMUTATION).child(self.number as u64);
        for (j, visits) in
            self.first_visits(unseen).iter().enumerate().filter(|(_, visits)| !visits.is_empty())
        {
            let own: Vec<f32> = unseen.iter().map(|&row| self.x(row)[j]).collect();
            for repeat in 0..repeats {
                if self.control.interrupted() {
                    return out;
                }
                let mut values = own.clone();
                stream.child(j as u64).child(repeat as u64).shuffle(&mut values);
                let mut worse = 0.0;
                for &(at, node) in visits {
                    let (row, before) = (unseen[at as usize], leaves[unseen[at as usize] as usize]);
                    let after = self.leaf_below(node, self.x(row), j, values[at as usize]);
                    if after != before {
                        let change = self.loss(&predicted, after, row) - self.loss(&predicted, before, row);
                        worse += weights[at as usize] * change;
                    }
                }
                out[j * repeats + repeat] = worse / scale;
            }
        }
        out
    }

    /// For each column, the rows of O (by position) whose path asks for it, and the first node that does.
    fn first_visits(&self, unseen: &[u32]) -> Vec<Vec<(u32, u32)>> {
        let mut visits = vec![Vec::new(); self.data.d];
        for (at, &row) in unseen.iter().enumerate() {
            let (x, mut here) = (self.x(row), 0);
            while let Some(node) = self.split(here) {
                let of_column: &mut Vec<(u32, u32)> = &mut visits[node.column()];
                if of_column.last().is_none_or(|&(last, _)| last != at as u32) {
                    of_column.push((at as u32, here));
                }
                here = self.next(here, node, x[node.column()]);
            }
        }
        visits
    }

    /// The leaf below node `here` that a row reaches with `value` in column j.
    fn leaf_below(&self, mut here: u32, row: &[f32], j: usize, value: f32) -> u32 {
        while let Some(node) = self.split(here) {
            let column = node.column();
            here = self.next(here, node, if column == j { value } else { row[column] });
        }
        here
    }

    fn split(&self, here: u32) -> Option<&Node> {
        Some(&self.tree.nodes[here as usize]).filter(|node| !node.is_leaf())
    }

    fn next(&self, here: u32, node: &Node, x: f32) -> u32 {
        if node.goes_left(x, &self.tree.categories) { here + 1 } else { node.right }
    }

    /// What each leaf predicts (n_nodes, n_outputs): the first class of most weight, or a number.
    fn predictions(&self) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.tree.nodes.len() * self.data.n_outputs);
        let mut value = vec![0.0; self.forest.n_values()];
        for (i, node) in self.tree.nodes.iter().enumerate() {
            value.fill(0.0);
            if node.is_leaf() {
                self.tree.add_value(i as u32, &mut value);
            }
            if self.data.n_classes.is_empty() {
                out.extend_from_slice(&value);
                continue;
            }
            let mut rest = &value[..];
            for &k in self.data.n_classes {
                let (shares, behind) = rest.split_at(k);
                out.push((1..k).fold(0, |best, c| if shares[c] > shares[best] { c } else { best }) as f64);
                rest = behind;
            }
        }
        out
    }

    /// Wrong classes, or squared errors, of a row in a leaf: a sum over the outputs.
    fn loss(&self, predicted: &[f64], leaf: u32, row: u32) -> f64 {
        let predicted = &predicted[leaf as usize * self.data.n_outputs..];
        let pairs = predicted.iter().zip(self.y(row as usize));
        if self.data.n_classes.is_empty() {
            pairs.map(|(p, y)| (p - y) * (p - y)).sum()
        } else {
            pairs.filter(|(p, y)| p != y).count() as f64
        }
    }
}

/// (W_l W_r / W_t) <m_l - m_r, m'_l - m'_r> of two children; 0 if one has no row of O.
fn decrease(left: &[f64], right: &[f64], half: usize) -> f64 {
    let ((l, l_unseen), (r, r_unseen)) = (left.split_at(half), right.split_at(half));
    if [l[0], r[0], l_unseen[0], r_unseen[0]].iter().any(|&weight| weight <= 0.0) {
        return 0.0;
    }
    let gap = |l: &[f64], r: &[f64], k: usize| l[k] / l[0] - r[k] / r[0];
    let product: f64 = (1..half).map(|k| gap(l, r, k) * gap(l_unseen, r_unseen, k)).sum();
    l[0] * r[0] / (l[0] + r[0]) * product
}

/// Rows sorted by their leaf, ascending within it.
struct ByLeaf {
    /// Rows of node i: [starts[i], starts[i + 1]).
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl ByLeaf {
    fn new(leaves: &[u32], n_nodes: usize) -> Self {
        let mut starts = vec![0u32; n_nodes + 1];
        leaves.iter().for_each(|&leaf| starts[leaf as usize + 1] += 1);
        for i in 0..n_nodes {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; leaves.len()];
        for (row, &leaf) in leaves.iter().enumerate() {
            rows[next[leaf as usize] as usize] = row as u32;
            next[leaf as usize] += 1;
        }
        ByLeaf { starts, rows }
    }

    fn rows(&self, node: usize) -> &[u32] {
        &self.rows[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::{FitOptions, fit};
    use super::*;
    use crate::candidate::Value;
    use crate::data::Table;

    const N: usize = 300;
    const D: usize = 4;
    const TREES: usize = 30;

    /// X: a column that tells y, a noise column of many values, one of two values, a constant one.
    struct Made {
        x: Vec<f32>,
        y: Vec<f64>,
        weights: Vec<f64>,
        n_classes: Vec<usize>,
        n_outputs: usize,
    }

    impl Made {
        /// Classes if `n_classes` has any; `informed`: the share of y that follows x_0.
        fn new(seed: u64, n_classes: &[usize], n_outputs: usize, informed: f64) -> Self {
            let mut draw = Stream::new(seed).child(99);
            let (mut x, mut y, mut weights) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..N {
                let signal = draw.unit();
                x.extend([signal as f32, draw.unit() as f32, draw.below(2) as f32, 1.0]);
                for o in 0..n_outputs {
                    let target = if draw.unit() < informed { signal } else { draw.unit() };
                    y.push(n_classes.get(o).map_or(target, |&k| (target * k as f64).floor()));
                }
                weights.push(f64::from(draw.below(3)));
            }
            Made { x, y, weights, n_classes: n_classes.to_vec(), n_outputs }
        }

        fn data(&self, weighted: bool) -> Data<'_> {
            Data {
                x: Table { values: &self.x, categorical: &[false, false, true, false] },
                y: &self.y,
                n: N,
                d: D,
                n_outputs: self.n_outputs,
                n_classes: &self.n_classes,
                sample_weight: weighted.then_some(&self.weights),
            }
        }
    }

    fn candidate(data: &Data<'_>, changes: &[(&str, Value)]) -> Candidate {
        let criterion = if data.n_classes.is_empty() { "squared_error" } else { "gini" };
        let mut all = Candidate(
            [
                ("n_estimators", Value::Int(TREES as i64)),
                ("criterion", Value::Text(criterion.to_owned())),
                ("splitter", Value::Text("best".to_owned())),
                ("max_depth", Value::None),
                ("min_samples_split", Value::Int(2)),
                ("min_samples_leaf", Value::Int(1)),
                ("min_weight_fraction_leaf", Value::Float(0.0)),
                ("max_features", Value::Int(2)),
                ("max_leaf_nodes", Value::None),
                ("min_impurity_decrease", Value::Float(0.0)),
                ("bootstrap", Value::Bool(true)),
                ("max_samples", Value::None),
                ("class_weight", Value::None),
                ("ccp_alpha", Value::Float(0.0)),
                ("monotonic_cst", Value::None),
                ("max_bins", Value::None),
                ("random_state", Value::Int(7)),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        );
        all.0.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        all
    }

    fn learn(data: &Data<'_>, candidate: &Candidate) -> Result<Forest> {
        let options = FitOptions { oob: false, first_tree: 0, n_threads: 2 };
        fit(data, candidate, &options, &Control::new(None), &mut |_, _| true).map(|fitted| fitted.forest)
    }

    fn ask(forest: &Forest, data: &Data<'_>, candidate: &Candidate, n_threads: usize) -> Result<Importances> {
        let options = ImportanceOptions { trees: 0..forest.trees.len(), n_repeats: 3, seed: 5, n_threads };
        forest.oob_importances(data, candidate, &options, &Control::new(None), &mut |_, _| true)
    }

    fn both(data: &Data<'_>, changes: &[(&str, Value)]) -> Result<(Forest, Importances)> {
        let candidate = candidate(data, changes);
        let forest = learn(data, &candidate)?;
        let importances = ask(&forest, data, &candidate, 2)?;
        Ok((forest, importances))
    }

    #[test]
    fn noise_is_worth_nothing_out_of_bag_but_much_in_the_bag() -> Result<()> {
        // y follows no column: over data sets, what is found must scatter about 0.
        for n_classes in [&[2][..], &[]] {
            let mut found = Vec::new();
            let mut in_bag: f64 = 1.0;
            for seed in 0..20 {
                let made = Made::new(seed, n_classes, 1, 0.0);
                let (forest, importances) = both(&made.data(false), &[])?;
                in_bag = in_bag.min(forest.mean_importances()[1]);
                found.push(importances.unbiased[1]);
            }
            let mean = found.iter().sum::<f64>() / 20.0;
            let variance = found.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 19.0;
            let z = mean / (variance / 20.0).sqrt();
            assert!(in_bag > 0.2, "{in_bag}");
            assert!(z.abs() < 4.0, "mean {mean}, z {z}");
        }
        Ok(())
    }

    #[test]
    fn the_column_that_tells_y_is_worth_more_than_noise() -> Result<()> {
        for (n_classes, n_outputs) in [(&[2][..], 1), (&[3, 2], 2), (&[], 1), (&[], 2)] {
            let made = Made::new(1, n_classes, n_outputs, 0.9);
            for weighted in [false, true] {
                let (_, importances) = both(&made.data(weighted), &[])?;
                let mean = |j: usize| importances.permutation[j * 3..][..3].iter().sum::<f64>() / 3.0;
                for noise in [1, 2] {
                    assert!(importances.unbiased[0] > 10.0 * importances.unbiased[noise].abs());
                    assert!(mean(0) > 5.0 * mean(noise).abs());
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_column_that_no_tree_uses_is_worth_exactly_nothing() -> Result<()> {
        let made = Made::new(2, &[2], 1, 0.8);
        let (_, importances) = both(&made.data(false), &[])?;
        assert_eq!(importances.unbiased[3], 0.0);
        assert_eq!(importances.permutation[9..], [0.0; 3]);
        Ok(())
    }

    #[test]
    fn threads_do_not_matter() -> Result<()> {
        let made = Made::new(3, &[3], 1, 0.5);
        let data = made.data(true);
        let candidate = candidate(&data, &[]);
        let forest = learn(&data, &candidate)?;
        let alone = ask(&forest, &data, &candidate, 1)?;
        for n_threads in [2, 5] {
            assert_eq!(ask(&forest, &data, &candidate, n_threads)?, alone);
        }
        Ok(())
    }

    /// The definition, row by row, with none of the shortcuts.
    #[test]
    fn permutation_is_what_it_is_defined_as() -> Result<()> {
        let made = Made::new(4, &[3], 1, 0.7);
        let data = made.data(true);
        let candidate = candidate(&data, &[]);
        let forest = learn(&data, &candidate)?;
        let found = ask(&forest, &data, &candidate, 1)?;
        let settings = Settings::parse(&candidate, &data)?;
        let whole = Fold::whole(N);
        let sampling = Sampling::new(&data, &whole.train, &settings.shared)?;
        let mut expected = [0.0; D * 3];
        for (t, tree) in forest.trees.iter().enumerate() {
            let counts = sampling.counts(t).unwrap_or_default();
            let unseen: Vec<usize> = (0..N).filter(|&i| counts[i] == 0 && made.weights[i] > 0.0).collect();
            let total: f64 = unseen.iter().map(|&i| made.weights[i]).sum();
            let right = |row: &[f32], i: usize| {
                let mut shares = [0.0; 3];
                tree.add_value(tree.leaf(row), &mut shares);
                let best = shares.iter().cloned().fold(0.0, f64::max);
                let class = shares.iter().position(|&share| share == best).unwrap_or(3);
                if class as f64 == made.y[i] { made.weights[i] / total } else { 0.0 }
            };
            for j in 0..D {
                for repeat in 0..3 {
                    let mut values: Vec<f32> = unseen.iter().map(|&i| made.x[i * D + j]).collect();
                    let root = Stream::new(5).child(PERMUTATION);
                    root.child(t as u64).child(j as u64).child(repeat as u64).shuffle(&mut values);
                    for (&i, &value) in unseen.iter().zip(&values) {
                        let mut row = made.x[i * D..][..D].to_vec();
                        let before = right(&row, i);
                        row[j] = value;
                        expected[j * 3 + repeat] += (before - right(&row, i)) / TREES as f64;
                    }
                }
            }
        }
        for (found, expected) in found.permutation.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        Ok(())
    }

    #[test]
    fn a_constant_added_to_y_changes_nothing() -> Result<()> {
        let mut made = Made::new(5, &[], 1, 0.7);
        let candidate = candidate(&made.data(false), &[]);
        let forest = learn(&made.data(false), &candidate)?;
        let before = ask(&forest, &made.data(false), &candidate, 1)?;
        made.y.iter_mut().for_each(|y| *y += 1000.0);
        let after = ask(&forest, &made.data(false), &candidate, 1)?;
        for (before, after) in before.unbiased.iter().zip(&after.unbiased) {
            assert!((before - after).abs() < 1e-9, "{before} {after}");
        }
        Ok(())
    }

    #[test]
    fn seen_rows_fall_where_they_fell() -> Result<()> {
        // Every way to cut: the check of the leaves must know the training set as such.
        let text = |name: &str| Value::Text(name.to_owned());
        let mut made = Made::new(6, &[2], 1, 0.5);
        made.x.iter_mut().step_by(7).for_each(|x| *x = f32::NAN);
        for weighted in [false, true] {
            for changes in [
                vec![("splitter", text("random"))],
                vec![("max_bins", Value::Int(5))],
                vec![("max_bins", Value::Int(5)), ("splitter", text("random"))],
                vec![("max_leaf_nodes", Value::Int(9)), ("min_samples_leaf", Value::Int(4))],
                vec![("ccp_alpha", Value::Float(0.005)), ("max_samples", Value::Float(0.4))],
                vec![("class_weight", text("balanced"))],
                vec![("class_weight", text("balanced_subsample"))],
                vec![("class_weight", Value::Lists(vec![vec![0.0, 2.0]]))],
            ] {
                both(&made.data(weighted), &changes)?;
            }
        }
        Ok(())
    }

    #[test]
    fn what_makes_no_sense_is_refused() -> Result<()> {
        let (made, other) = (Made::new(7, &[2], 1, 0.5), Made::new(8, &[2], 1, 0.5));
        let data = made.data(false);
        let drawn = candidate(&data, &[]);
        let forest = learn(&data, &drawn)?;
        let message = |outcome: Result<Importances>| match outcome {
            Err(Error::Invalid(message)) => message,
            other => format!("not refused: {other:?}"),
        };
        let all = candidate(&data, &[("bootstrap", Value::Bool(false))]);
        assert!(message(ask(&forest, &data, &all, 1)).contains("bootstrap=True"));
        assert!(message(ask(&forest, &other.data(false), &drawn, 1)).contains("training set"));
        assert!(message(ask(&forest, &made.data(true), &drawn, 1)).contains("training set"));
        let numbers = Made::new(7, &[], 1, 0.5);
        let regression = candidate(&numbers.data(false), &[]);
        assert!(message(ask(&forest, &numbers.data(false), &regression, 1)).contains("outputs"));
        let narrow = Data { x: Table { values: &made.x[..N * 2], categorical: &[false; 2] }, d: 2, ..data };
        assert!(message(ask(&forest, &narrow, &drawn, 1)).contains("2 columns"));
        let options = ImportanceOptions { trees: 0..TREES + 1, n_repeats: 1, seed: 0, n_threads: 1 };
        let beyond = forest.oob_importances(&data, &drawn, &options, &Control::new(None), &mut |_, _| true);
        assert!(message(beyond).contains("there are 30"));
        let options = ImportanceOptions { trees: 0..TREES, n_repeats: usize::MAX / 2, seed: 0, n_threads: 1 };
        let endless = forest.oob_importances(&data, &drawn, &options, &Control::new(None), &mut |_, _| true);
        assert!(matches!(endless, Err(Error::Memory(_))));
        Ok(())
    }
}
