//! One forest on all rows: a sweep of one candidate with nothing held out, whose trees are kept.

use std::sync::{Arc, OnceLock};

use super::bins::Ranked;
use super::grow::GrownTree;
use super::grower::{Grower, Prepared, check, in_parallel};
use super::learned::{Forest, compact, importances};
use super::rules::Truncation;
use super::sample::Sampling;
use super::settings::Settings;
use super::tree::Tree;
use super::truncate::inner_nodes;
use super::walk::row;
use crate::candidate::Candidate;
use crate::data::{Data, Fold};
use crate::error::{Error, Result, filled};
use crate::parallel::{Control, InOrder, Watcher};

/// A fit of a single forest.
pub struct FitOptions {
    /// Sum the predictions of rows by the trees that did not see them.
    pub oob: bool,
    /// Trees before this one exist already.
    pub first_tree: usize,
    pub n_threads: usize,
}

/// A forest, and what its trees say of the rows that they did not see.
pub struct Fitted {
    pub forest: Forest,
    /// Sums of predictions (n, n_values) and number of trees (n,), if asked for.
    pub oob: Option<(Vec<f64>, Vec<u32>)>,
}

/// Learns one forest. `None` of it is kept if the control stops the work.
pub fn fit(
    data: &Data<'_>,
    candidate: &Candidate,
    options: &FitOptions,
    control: &Control,
    watcher: Watcher<'_>,
) -> Result<Fitted> {
    check(data)?;
    let settings = Settings::parse(candidate, data)?;
    let whole = Fold::whole(data.n);
    let trees = options.first_tree..settings.free.n_estimators.max(options.first_tree);
    control.expect(trees.len());
    // A single use: each column's ranks are dropped as soon as its codes are made.
    let columns = in_parallel(data.d, options.n_threads, control, watcher, |j| {
        Ranked::new(data, j).bin(&whole.train, settings.shared.max_bins)
    })?;
    let prepared = Prepared::of(data, columns, data.y.to_vec(), &whole.train, &settings)?;
    let truncation = settings.truncation(data.n);
    let mut keep = Keep::new(data, &settings, trees.clone())?;
    let oob = options
        .oob
        .then(|| {
            let sums = filled(data.n * data.n_values(), 0.0, "out-of-bag predictions")?;
            Ok(InOrder::new(trees.start, (sums, vec![0u32; data.n])))
        })
        .transpose()?;
    Grower {
        prepared: &prepared,
        settings: &settings,
        truncations: &[truncation],
        trees: trees.clone(),
        n_threads: options.n_threads,
        control,
        consume: |number, grown: GrownTree, counts: Option<&[u32]>| {
            let tree = keep.put(number, &grown, &truncation);
            if let (Some(oob), Some(counts)) = (&oob, counts) {
                let unseen: Vec<u32> = (0..data.n as u32).filter(|&i| counts[i as usize] == 0).collect();
                let leaves: Vec<u32> = unseen.iter().map(|&i| tree.leaf(row(data, i))).collect();
                InOrder::put(oob, number, (tree, unseen, leaves), |(sums, n), _, (tree, unseen, leaves)| {
                    let v = data.n_values();
                    for (&i, leaf) in unseen.iter().zip(leaves) {
                        tree.add_value(leaf, &mut sums[i as usize * v..][..v]);
                        n[i as usize] += 1;
                    }
                });
            }
        },
    }
    .run(data, watcher)?;
    let forest = keep.forest().ok_or(Error::Interrupted)?;
    let oob = oob.and_then(|oob| oob.into_inner().ok()).map(|oob| oob.state);
    Ok(Fitted { forest, oob })
}

/// A forest whose trees arrive in any order.
pub struct Keep {
    first: usize,
    trees: Vec<OnceLock<(Arc<Tree>, Vec<f64>)>>,
    empty: Forest,
}

impl Keep {
    pub fn new(data: &Data<'_>, settings: &Settings, trees: std::ops::Range<usize>) -> Result<Self> {
        Ok(Keep {
            first: trees.start,
            trees: filled(trees.len(), OnceLock::new(), "the trees of n_estimators")?,
            empty: Forest {
                n_features: data.d,
                n_outputs: data.n_outputs,
                n_classes: data.n_classes.to_vec(),
                trees: Vec::new(),
                importances: Vec::new(),
                criterion: settings.shared.criterion,
            },
        })
    }

    pub fn put(&self, number: usize, grown: &GrownTree, truncation: &Truncation) -> Arc<Tree> {
        let inner = inner_nodes(grown, truncation);
        let pure = self.empty.n_classes.len() == 1;
        let tree = Arc::new(compact(grown, &inner, self.empty.n_values(), pure));
        let shares = importances(grown, &inner, self.empty.n_features);
        let _ = self.trees[number - self.first].set((Arc::clone(&tree), shares));
        tree
    }

    /// The forest, if all its trees have arrived.
    pub fn forest(&mut self) -> Option<Forest> {
        let mut forest = self.empty.clone();
        for cell in std::mem::take(&mut self.trees) {
            let (tree, shares) = cell.into_inner()?;
            forest.trees.push(tree);
            forest.importances.extend(shares);
        }
        Some(forest)
    }
}

/// How often each training row is drawn for a tree (n,): once each without bootstrap.
pub fn bootstrap_counts(data: &Data<'_>, candidate: &Candidate, tree: usize) -> Result<Vec<u32>> {
    check(data)?;
    let settings = Settings::parse(candidate, data)?;
    let whole = Fold::whole(data.n);
    let sampling = Sampling::new(data, &whole.train, &settings.shared)?;
    Ok(sampling.counts(tree).unwrap_or_else(|| vec![1; data.n]))
}
