//! Minimal cost-complexity pruning, for all values of `ccp_alpha` at once.
//!
//! Problem. Given a grown tree T and the risk `R(t)` of every node t (its impurity times its share
//! of the weight), let `R(T') + alpha * |leaves(T')|` be the cost of a tree T' that is T with some
//! nodes turned into leaves. For every alpha there is a smallest tree of least cost, and these
//! trees are nested as alpha grows (Breiman, Friedman, Olshen and Stone, Classification and
//! regression trees, 1984, section 3.3). Return, for every node, the alpha from which on it is not
//! split.
//!
//! ```text
//! T_t     the branch at t: t and its descendants that are still there
//! R(T_t)  sum of R over the leaves of T_t
//! g(t)    (R(t) - R(T_t)) / (|leaves(T_t)| - 1), the alpha at which a split t stops to pay
//! ```
//!
//! Algorithm (ibid., weakest link pruning): turn the node of least g into a leaf, until the root is
//! one. The threshold of a node is the largest g met up to the step that removed its split.
//!
//! The arithmetic is that of scikit-learn's `_cost_complexity_prune`, operation by operation and
//! with its choice among equals (the first node), so the thresholds are its `ccp_alphas`. Where it
//! scans all nodes in every step, a tournament keeps the least g: `O(n (depth + log n))` instead of
//! `O(n^2)`. What a tree predicts once it is pruned is not decided here.

/// The children of a leaf.
const LEAF: [u32; 2] = [u32::MAX; 2];

/// For every node the threshold such that, in the tree pruned with `ccp_alpha`, the node is a leaf
/// or gone exactly when `!(ccp_alpha < threshold)`. It is minus infinity for the leaves of
/// `children`.
///
/// `children` are the nodes' children (`[u32::MAX; 2]` for a leaf), the root first and every node
/// before its children; `risk` is R. A split whose g is not a number or infinite is never pruned by
/// itself.
///
/// Note that scikit-learn does not prune at all when `ccp_alpha` is 0: splits that gain nothing
/// stay.
#[must_use]
pub fn thresholds(children: &[[u32; 2]], risk: &[f64]) -> Vec<f64> {
    debug_assert_eq!(children.len(), risk.len());
    debug_assert!(
        children.iter().enumerate().all(|(t, &pair)| pair == LEAF
            || pair[0] != pair[1] && pair.iter().all(|&c| t < c as usize && (c as usize) < risk.len())),
        "a parent must come before its children"
    );
    let mut threshold = vec![f64::NEG_INFINITY; children.len()];
    let mut branches = Branches::new(children, risk);
    let mut weakest = Tournament::new((0..children.len()).map(|t| branches.link(t)).collect());
    let mut alpha = f64::NEG_INFINITY;
    let mut below = Vec::new();
    // Invariant: `branches` and `weakest` describe the tree that is left; the thresholds of the
    // nodes that are not split in it are final.
    while let Some((t, link)) = weakest.least() {
        alpha = alpha.max(link);
        branches.cut(t, |s, link| weakest.set(s, link));
        below.push(t);
        while let Some(s) = below.pop() {
            if branches.leaves[s] > 1 {
                branches.leaves[s] = 1;
                threshold[s] = alpha;
                weakest.set(s, f64::INFINITY);
                below.extend(children[s].map(|child| child as usize));
            }
        }
    }
    for (t, still_split) in branches.leaves.iter().map(|&count| count > 1).enumerate() {
        if still_split {
            threshold[t] = f64::INFINITY;
        }
    }
    threshold
}

/// R(t), R(T_t) and |leaves(T_t)| of every node, kept up to date as nodes become leaves.
struct Branches<'a> {
    risk: &'a [f64],
    branch_risk: Vec<f64>,
    leaves: Vec<u32>,
    parent: Vec<Option<u32>>,
}

impl<'a> Branches<'a> {
    fn new(children: &[[u32; 2]], risk: &'a [f64]) -> Self {
        let n = children.len();
        let mut parent = vec![None; n];
        for (t, &pair) in children.iter().enumerate().filter(|&(_, &pair)| pair != LEAF) {
            pair.iter().for_each(|&child| parent[child as usize] = Some(t as u32));
        }
        let mut branches = Self { risk, branch_risk: vec![0.0; n], leaves: vec![0; n], parent };
        for leaf in (0..n).filter(|&t| children[t] == LEAF) {
            branches.branch_risk[leaf] = risk[leaf];
            branches.leaves[leaf] = 1;
            let mut above = branches.parent[leaf];
            while let Some(s) = above.map(|s| s as usize) {
                branches.branch_risk[s] += risk[leaf];
                branches.leaves[s] += 1;
                above = branches.parent[s];
            }
        }
        branches
    }

    /// g(t), infinite for a leaf.
    fn link(&self, t: usize) -> f64 {
        match self.leaves[t] {
            0 | 1 => f64::INFINITY,
            leaves => (self.risk[t] - self.branch_risk[t]) / f64::from(leaves - 1),
        }
    }

    /// Takes the branch below t away from every node above t, and tells their new g. The nodes of
    /// the branch itself are the caller's to turn into leaves.
    fn cut(&mut self, t: usize, mut changed: impl FnMut(usize, f64)) {
        let gone = self.leaves[t] - 1;
        let rise = self.risk[t] - self.branch_risk[t];
        self.branch_risk[t] = self.risk[t];
        let mut above = self.parent[t];
        while let Some(s) = above.map(|s| s as usize) {
            self.leaves[s] -= gone;
            self.branch_risk[s] += rise;
            changed(s, self.link(s));
            above = self.parent[s];
        }
    }
}

/// The least of n values and the first position that has it, while single values change.
///
/// A complete binary tree over the positions: `winner[i]` is the position of the least value below
/// node i, whose children are 2i and 2i + 1; the positions are the leaves. Changing a value replays
/// the matches above it, up to the first that neither was nor is won by that position.
struct Tournament {
    value: Vec<f64>,
    winner: Vec<u32>,
}

impl Tournament {
    /// Values that are not numbers count as infinite.
    fn new(value: Vec<f64>) -> Self {
        let size = value.len().next_power_of_two();
        let mut tournament = Self { value, winner: vec![0; 2 * size] };
        for (place, winner) in tournament.winner[size..].iter_mut().enumerate() {
            *winner = place as u32;
        }
        for match_up in (1..size).rev() {
            tournament.winner[match_up] = tournament.play(match_up);
        }
        tournament
    }

    fn value(&self, place: u32) -> f64 {
        self.value.get(place as usize).copied().unwrap_or(f64::INFINITY)
    }

    fn play(&self, match_up: usize) -> u32 {
        let (left, right) = (self.winner[2 * match_up], self.winner[2 * match_up + 1]);
        let (a, b) = (self.value(left), self.value(right));
        if b < a || a.is_nan() { right } else { left }
    }

    fn set(&mut self, place: usize, value: f64) {
        self.value[place] = value;
        let mut match_up = (self.winner.len() / 2 + place) / 2;
        while match_up > 0 {
            let (before, now) = (self.winner[match_up], self.play(match_up));
            if before != place as u32 && now != place as u32 {
                break;
            }
            self.winner[match_up] = now;
            match_up /= 2;
        }
    }

    /// The first position of the least value, unless no value is finite.
    fn least(&self) -> Option<(usize, f64)> {
        let place = *self.winner.get(1)?;
        let value = self.value(place);
        (value < f64::INFINITY).then_some((place as usize, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    /// A random tree of about `n` nodes and a risk that falls from a node to its children; risks
    /// that are small integers make many links equal.
    fn random_tree(stream: &mut Stream, n: usize, integers: bool) -> (Vec<[u32; 2]>, Vec<f64>) {
        let (mut children, mut risk) = (vec![LEAF], vec![if integers { 64.0 } else { 1.0 }]);
        while children.len() < n {
            let t = stream.below(children.len() as u32) as usize;
            if children[t] == LEAF {
                let first = children.len() as u32;
                children[t] = [first, first + 1];
                let kept = risk[t] * (0.5 + 0.5 * stream.unit());
                let left = kept * stream.unit();
                let shares = [left, kept - left];
                risk.extend(shares.map(|share| if integers { share.floor() } else { share }));
                children.extend([LEAF, LEAF]);
            }
        }
        (children, risk)
    }

    /// The definition: all branches are summed and all links are computed anew in every step.
    fn by_definition(children: &[[u32; 2]], risk: &[f64]) -> Vec<f64> {
        fn branch(children: &[[u32; 2]], risk: &[f64], split: &[bool], t: usize) -> (f64, f64) {
            if !split[t] {
                return (risk[t], 1.0);
            }
            let [a, b] = children[t].map(|c| branch(children, risk, split, c as usize));
            (a.0 + b.0, a.1 + b.1)
        }
        let mut split: Vec<bool> = children.iter().map(|&pair| pair != LEAF).collect();
        let mut threshold = vec![f64::NEG_INFINITY; risk.len()];
        let mut alpha = f64::NEG_INFINITY;
        while split[0] {
            let mut weakest = (f64::INFINITY, 0);
            for t in (0..risk.len()).filter(|&t| split[t]) {
                let (sum, leaves) = branch(children, risk, &split, t);
                let link = (risk[t] - sum) / (leaves - 1.0);
                if link < weakest.0 {
                    weakest = (link, t);
                }
            }
            alpha = alpha.max(weakest.0);
            let mut gone = vec![weakest.1];
            while let Some(t) = gone.pop() {
                if split[t] {
                    (split[t], threshold[t]) = (false, alpha);
                    gone.extend(children[t].map(|child| child as usize));
                }
            }
        }
        threshold
    }

    #[test]
    fn agrees_with_the_definition() {
        for case in 0..200 {
            let mut stream = Stream::new(11).child(case);
            let integers = case % 2 == 0;
            let (children, risk) = random_tree(&mut stream, 3 + case as usize / 2, integers);
            let (fast, slow) = (thresholds(&children, &risk), by_definition(&children, &risk));
            for (a, b) in fast.iter().zip(&slow) {
                // The order of the additions differs, so sums of reals may differ by rounding.
                assert!(a == b || (a - b).abs() < 1e-12 * risk[0], "case {case}: {a} {b}");
            }
        }
    }

    #[test]
    fn pruned_trees_are_nested() {
        for case in 0..50 {
            let (children, risk) = random_tree(&mut Stream::new(12).child(case), 201, case % 2 == 0);
            let threshold = thresholds(&children, &risk);
            for (t, pair) in children.iter().enumerate().filter(|&(_, &pair)| pair != LEAF) {
                assert!(threshold[t].is_finite());
                assert!(pair.iter().all(|&child| threshold[child as usize] <= threshold[t]));
            }
        }
    }

    /// What the thresholds are for: no tree costs less, and of those that cost the same none is
    /// smaller.
    #[test]
    fn pruned_trees_are_optimal() {
        // (least cost, its smallest number of leaves) of the branch at t, by dynamic programming.
        fn best(children: &[[u32; 2]], risk: &[f64], alpha: f64, t: usize) -> (f64, u32) {
            let leaf = (risk[t] + alpha, 1);
            if children[t] == LEAF {
                return leaf;
            }
            let [a, b] = children[t].map(|child| best(children, risk, alpha, child as usize));
            if a.0 + b.0 < leaf.0 { (a.0 + b.0, a.1 + b.1) } else { leaf }
        }
        fn pruned(c: &[[u32; 2]], risk: &[f64], cut: &[f64], alpha: f64, t: usize) -> (f64, u32) {
            if alpha >= cut[t] {
                return (risk[t] + alpha, 1);
            }
            let [a, b] = c[t].map(|child| pruned(c, risk, cut, alpha, child as usize));
            (a.0 + b.0, a.1 + b.1)
        }
        for case in 0..50 {
            let mut stream = Stream::new(13).child(case);
            let (children, risk) = random_tree(&mut stream, 61, true);
            let cut = thresholds(&children, &risk);
            for alpha in (0..40).map(|step| f64::from(step) * 0.25) {
                let (ours, least) =
                    (pruned(&children, &risk, &cut, alpha, 0), best(&children, &risk, alpha, 0));
                assert_eq!(ours, least, "case {case}, alpha {alpha}");
            }
        }
    }

    /// `DecisionTreeClassifier(random_state=3)` on iris, its pruning path and the node counts of
    /// the trees that scikit-learn 1.9.1 prunes at each alpha of the path.
    #[test]
    fn agrees_with_scikit_learn() {
        let splits = [(0, 1, 2), (2, 3, 12), (3, 4, 7), (4, 5, 6), (7, 8, 9), (9, 10, 11)];
        let splits = splits.into_iter().chain([(12, 13, 16), (13, 14, 15)]);
        let mut children = [LEAF; 17];
        splits.for_each(|(t, left, right)| children[t] = [left, right]);
        let mut risk = [0.0; 17];
        for (t, r) in [
            (0, 0.6666666666666667),
            (2, 0.3333333333333333),
            (3, 0.06049382716049384),
            (4, 0.013055555555555572),
            (7, 0.017777777777777778),
            (9, 0.008888888888888889),
            (12, 0.013043478260869554),
            (13, 0.008888888888888889),
        ] {
            risk[t] = r;
        }
        let path = [
            (0.006521739130434777, 13),
            (0.008888888888888889, 9),
            (0.013055555555555572, 7),
            (0.02966049382716049, 5),
            (0.25979602791196993, 3),
            (0.3333333333333334, 1),
        ];
        let threshold = thresholds(&children, &risk);
        let mut distinct: Vec<f64> = threshold.iter().copied().filter(|a| a.is_finite()).collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        assert_eq!(distinct, path.map(|(alpha, _)| alpha));
        for (alpha, nodes) in path {
            assert_eq!(1 + 2 * threshold.iter().filter(|&&limit| alpha < limit).count(), nodes);
        }
    }

    #[test]
    fn degenerate_trees() {
        assert!(thresholds(&[], &[]).is_empty());
        assert_eq!(thresholds(&[LEAF], &[1.0]), [f64::NEG_INFINITY]);
        // A split that gains nothing has threshold 0, one whose risk is unknown is never pruned.
        assert_eq!(thresholds(&[[1, 2], LEAF, LEAF], &[1.0, 0.5, 0.5])[0], 0.0);
        assert_eq!(thresholds(&[[1, 2], LEAF, LEAF], &[f64::NAN, 0.5, 0.5])[0], f64::INFINITY);
    }

    #[test]
    fn tournament_finds_the_first_least() {
        let mut stream = Stream::new(14);
        for n in [1, 2, 3, 7, 8, 33] {
            let mut value: Vec<f64> = (0..n).map(|_| f64::from(stream.below(5))).collect();
            let mut tournament = Tournament::new(value.clone());
            for _ in 0..300 {
                let place = stream.below(n) as usize;
                value[place] = [f64::from(stream.below(5)), f64::INFINITY][stream.below(2) as usize];
                tournament.set(place, value[place]);
                let least = value.iter().copied().fold(f64::INFINITY, f64::min);
                let first = value.iter().position(|&v| v == least && v < f64::INFINITY);
                assert_eq!(tournament.least(), first.map(|place| (place, least)));
            }
        }
    }
}
