//! The best set of categories to send left.
//!
//! Problem. Maximise gain(L) over the sets of categories of a node, L their rows.
//!
//! Method. With one number or two classes the best set is a prefix of the categories in the order of
//! their means (Fisher, On grouping for maximum homogeneity, 1958; Breiman et al. 1984, theorem 4.5),
//! so a scan in that order is exact. With K classes each class gives an order, by its share, and the
//! best prefix of the K orders is taken: no longer exact. A missing value is a category of its own.

use super::criterion::Criterion;
use super::search::{Cut, Scan};
use super::sums::Sums;
use super::targets::SetCut;

/// The rows of one category.
#[derive(Clone, Copy)]
struct Group<S> {
    code: u16,
    sums: S,
    rows: u32,
}

impl<S: Sums, C: Criterion<S>> Scan<'_, S, C> {
    /// The best set with a gain above `floor`. The lighter side goes left, so that a category never
    /// seen in the node, which is in no set, follows the heavier one.
    pub fn best_set(&self, floor: f64) -> Option<SetCut<S>> {
        let mut groups = self.groups();
        let mut best: Option<SetCut<S>> = None;
        for k in 0..S::ORDERS {
            if S::ORDERS > 1 && groups.iter().all(|group| group.sums.order(k) == 0.0) {
                continue;
            }
            groups.sort_by(|a, b| a.sums.order(k).total_cmp(&b.sums.order(k)).then(a.code.cmp(&b.code)));
            let floor = best.as_ref().map_or(floor, |best| best.cut.gain);
            if let Some(better) = self.best_prefix(&groups, floor) {
                best = Some(better);
            }
        }
        best
    }

    fn best_prefix(&self, groups: &[Group<S>], floor: f64) -> Option<SetCut<S>> {
        let (mut gain, mut at) = (floor, None);
        let (mut left, mut rows_left) = (S::default(), 0);
        for (j, group) in groups[..groups.len().saturating_sub(1)].iter().enumerate() {
            left = left.plus(group.sums);
            rows_left += group.rows;
            let here = C::gain(self.node, left);
            if here > gain && self.allowed(left, rows_left) {
                (gain, at) = (here, Some((j + 1, left)));
            }
        }
        let (length, left) = at?;
        let right = self.total.minus(left);
        let swap = left.weight() > right.weight();
        let (left, side) = if swap { (right, &groups[length..]) } else { (left, &groups[..length]) };
        let missing_left = side.iter().any(|group| Some(group.code) == self.column.missing);
        let mut set: Vec<u16> = side.iter().map(|group| group.code).collect();
        set.sort_unstable();
        let cut = Cut { gain, code: 0, missing_left, perfect: false, left };
        Some(SetCut { cut, set })
    }

    /// One group per category that occurs, its rows added in their order.
    fn groups(&self) -> Vec<Group<S>> {
        let mut keys: Vec<u64> = (self.column.codes.iter().enumerate())
            .map(|(i, &code)| u64::from(code) << 32 | i as u64)
            .collect();
        keys.sort_unstable();
        let mut groups: Vec<Group<S>> = Vec::new();
        for key in keys {
            let (code, i) = ((key >> 32) as u16, key as u32 as usize);
            if groups.last().is_none_or(|group| group.code != code) {
                groups.push(Group { code, sums: S::default(), rows: 0 });
            }
            if let Some(group) = groups.last_mut() {
                group.sums.add_row(self.rows[i], self.centre);
                group.rows += 1;
            }
        }
        groups
    }
}
