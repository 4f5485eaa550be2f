//! Targets that do not fit in a few registers: several outputs, more than 32 classes, absolute errors.
//!
//! The rows of a node are put in order by code, and the gain is taken at each change of code. A gain is
//! the mean over the outputs of the gains of criterion.rs; for absolute errors it is
//!
//! ```text
//! gain = D(T) - D(L) - D(R),    D(.) = min over m of sum w |y - m|
//! ```
//!
//! with D of every prefix from median.rs.

use super::median::Deviations;
use super::search::{Codes, Cut, Limits};
use super::settings::Criterion;
use super::targets::{GainRange, SetCut, Stats, Targets};

/// Orders of categories tried, at most.
const MAX_ORDERS: usize = 8;

/// The targets of the training rows.
pub struct Wide<'a> {
    /// y (n_train, n_outputs), row-major.
    pub y: &'a [f64],
    pub n_outputs: usize,
    /// Empty for regression.
    pub n_classes: &'a [usize],
    pub criterion: Criterion,
}

/// Which row, and its weight.
#[derive(Clone, Copy, Default, Debug)]
pub struct Weighed {
    row: u32,
    w: f64,
}

/// Sums over the rows of a node.
#[derive(Clone)]
pub struct WideNode {
    weight: f64,
    impurity: f64,
    /// Regression: means (medians for absolute errors) by output.
    centre: Vec<f64>,
    /// Class weights of all outputs side by side, or sums about `about`.
    sums: Vec<f64>,
    about: Vec<f64>,
}

/// A cut of an ordered node: after how many rows, up to which code.
#[derive(Clone, Copy)]
struct Boundary {
    rows: usize,
    code: u16,
}

impl Wide<'_> {
    fn target(&self, row: u32, output: usize) -> f64 {
        self.y[row as usize * self.n_outputs + output]
    }

    fn width(&self) -> usize {
        if self.n_classes.is_empty() { self.n_outputs } else { self.n_classes.iter().sum() }
    }

    fn add(&self, sums: &mut [f64], about: &[f64], row: Weighed) {
        let mut at = 0;
        for output in 0..self.n_outputs {
            let y = self.target(row.row, output);
            match self.n_classes.get(output) {
                Some(&k) => {
                    sums[at + y as usize] += row.w;
                    at += k;
                }
                None => sums[output] += row.w * (y - about[output]),
            }
        }
    }

    /// Gain of parting sums into `left` of weight w and the rest, mean over the outputs.
    fn gain(&self, node: &WideNode, left: &[f64], w: f64) -> f64 {
        let right_w = node.weight - w;
        let mut at = 0;
        let mut gain = 0.0;
        for output in 0..self.n_outputs {
            let k = self.n_classes.get(output).copied().unwrap_or(1);
            let (l, t) = (&left[at..at + k], &node.sums[at..at + k]);
            at += k;
            gain += match self.criterion {
                Criterion::Entropy => {
                    let part = |f: &dyn Fn(usize) -> f64| (0..k).map(|k| x_log_x(f(k))).sum::<f64>();
                    part(&|k| l[k]) - x_log_x(w) + part(&|k| t[k] - l[k])
                        - x_log_x(right_w)
                        - (part(&|k| t[k]) - x_log_x(node.weight))
                }
                Criterion::Poisson => {
                    let right = t[0] - l[0];
                    if l[0] <= 0.0 || right <= 0.0 {
                        return f64::NAN;
                    }
                    l[0] * (l[0] / w).ln() + right * (right / right_w).ln() - t[0] * (t[0] / node.weight).ln()
                }
                _ => {
                    let q = |k: usize| l[k] - w * (t[k] / node.weight);
                    (0..k).map(|k| q(k) * q(k)).sum::<f64>() * node.weight / (w * right_w)
                }
            };
        }
        gain / self.n_outputs as f64
    }

    /// Impurity, mean over the outputs.
    fn impurity(&self, node: &WideNode, rows: &[Weighed]) -> f64 {
        let mut at = 0;
        let mut impurity = 0.0;
        for output in 0..self.n_outputs {
            let k = self.n_classes.get(output).copied().unwrap_or(1);
            let shares = node.sums[at..at + k].iter().map(|n| n / node.weight);
            at += k;
            let mean = node.centre.get(output).copied().unwrap_or(0.0);
            let over_rows = |term: &dyn Fn(f64) -> f64| {
                rows.iter().map(|row| row.w * term(self.target(row.row, output))).sum::<f64>() / node.weight
            };
            impurity += match self.criterion {
                Criterion::Gini => 1.0 - shares.map(|share| share * share).sum::<f64>(),
                Criterion::Entropy => -shares.map(x_log_x).sum::<f64>(),
                Criterion::SquaredError => over_rows(&|y| (y - mean) * (y - mean)),
                Criterion::AbsoluteError => over_rows(&|y| (y - mean).abs()),
                Criterion::Poisson => over_rows(&|y| if y > 0.0 { y * (y / mean).ln() } else { 0.0 }),
            };
        }
        (impurity / self.n_outputs as f64).max(0.0)
    }

    /// Gains at the boundaries of an order of the node's rows; NaN where a cut is not allowed.
    fn gains(
        &self,
        node: &WideNode,
        rows: &[Weighed],
        order: &[u32],
        boundaries: &[Boundary],
        limits: &Limits,
    ) -> Vec<f64> {
        let mut gains = if self.criterion == Criterion::AbsoluteError {
            self.absolute_gains(rows, order, boundaries, limits)
        } else {
            let mut left = vec![0.0; node.sums.len()];
            let (mut done, mut w) = (0, 0.0);
            let mut at = |boundary: &Boundary| {
                for &i in &order[done..boundary.rows] {
                    self.add(&mut left, &node.about, rows[i as usize]);
                    w += rows[i as usize].w;
                }
                done = boundary.rows;
                self.gain(node, &left, w)
            };
            boundaries.iter().map(&mut at).collect()
        };
        let (mut done, mut w) = (0, 0.0);
        for (boundary, gain) in boundaries.iter().zip(&mut gains) {
            w += order[done..boundary.rows].iter().map(|&i| rows[i as usize].w).sum::<f64>();
            done = boundary.rows;
            let smaller = boundary.rows.min(order.len() - boundary.rows);
            if smaller < limits.min_rows as usize || w.min(node.weight - w) < limits.min_weight {
                *gain = f64::NAN;
            }
        }
        gains
    }

    fn absolute_gains(
        &self,
        rows: &[Weighed],
        order: &[u32],
        boundaries: &[Boundary],
        limits: &Limits,
    ) -> Vec<f64> {
        let n = order.len();
        let mut gains = vec![0.0; boundaries.len()];
        let mut deviations = Deviations::default();
        let mut buffers = [(); 4].map(|()| vec![0.0; n]);
        for output in 0..self.n_outputs {
            let mut y: Vec<f64> = order.iter().map(|&i| self.target(rows[i as usize].row, output)).collect();
            let mut w: Vec<f64> = order.iter().map(|&i| rows[i as usize].w).collect();
            let [left, left_median, right, right_median] = &mut buffers;
            deviations.prefix(&y, &w, left, left_median);
            y.reverse();
            w.reverse();
            deviations.prefix(&y, &w, right, right_median);
            let total = left[n - 1];
            for (boundary, gain) in boundaries.iter().zip(&mut gains) {
                let (l, r) = (boundary.rows - 1, n - boundary.rows - 1);
                *gain += (total - left[l] - right[r]) / self.n_outputs as f64;
                if !limits.in_order(left_median[l], right_median[r]) {
                    *gain = f64::NAN;
                }
            }
        }
        gains
    }

    /// The first greatest gain above `floor` and where it is.
    fn best(gains: &[f64], floor: f64) -> Option<usize> {
        let mut best = (floor, None);
        for (j, &gain) in gains.iter().enumerate() {
            if gain > best.0 {
                best = (gain, Some(j));
            }
        }
        best.1
    }

    /// Shares or means by which categories are put in order, one list per order.
    fn keys(&self, node: &WideNode, groups: &[(u16, Vec<u32>)], rows: &[Weighed]) -> Vec<Vec<f64>> {
        let sums: Vec<(Vec<f64>, f64)> = (groups.iter())
            .map(|(_, members)| {
                let mut sums = vec![0.0; self.width()];
                let mut w = 0.0;
                for &i in members {
                    self.add(&mut sums, &node.about, rows[i as usize]);
                    w += rows[i as usize].w;
                }
                (sums, w)
            })
            .collect();
        let mut columns: Vec<usize> = (0..self.width()).collect();
        columns.sort_by(|&a, &b| node.sums[b].abs().total_cmp(&node.sums[a].abs()).then(a.cmp(&b)));
        columns.truncate(MAX_ORDERS);
        columns.iter().map(|&k| sums.iter().map(|(sums, w)| sums[k] / w).collect()).collect()
    }
}

fn x_log_x(x: f64) -> f64 {
    if x > 0.0 { x * x.log2() } else { 0.0 }
}

/// Rows by code, equal codes in their order; the missing ones apart.
fn sorted(column: Codes<'_>) -> (Vec<u32>, Vec<u32>) {
    let (mut keys, mut missing) = (Vec::new(), Vec::new());
    for (i, &code) in column.codes.iter().enumerate() {
        if Some(code) == column.missing {
            missing.push(i as u32);
        } else {
            keys.push(u64::from(code) << 32 | i as u64);
        }
    }
    keys.sort_unstable();
    (keys.into_iter().map(|key| key as u32).collect(), missing)
}

/// Where the code changes along `order`, whose first `skip` rows are missing ones.
fn boundaries(order: &[u32], codes: &[u16], skip: usize, end: usize) -> Vec<Boundary> {
    let code = |j: usize| codes[order[j] as usize];
    let inside = (skip + 1..end).filter(|&j| code(j) != code(j - 1));
    inside.map(|j| Boundary { rows: j, code: code(j - 1) }).collect()
}

impl Targets for Wide<'_> {
    type Row = Weighed;
    type Node = WideNode;
    type Ready = WideNode;
    type Left = ();
    type Scratch = ();
    const VECTORS: bool = false;

    fn row(&self, i: usize, weight: f64) -> Weighed {
        Weighed { row: i as u32, w: weight }
    }

    fn node(&self, rows: &[Weighed]) -> WideNode {
        let weight: f64 = rows.iter().map(|row| row.w).sum();
        let mut centre = Vec::new();
        if self.n_classes.is_empty() {
            centre.extend((0..self.n_outputs).map(|output| self.centre(rows, weight, output)));
        }
        let about = match self.criterion {
            Criterion::Poisson => vec![0.0; self.n_outputs],
            _ => centre.clone(),
        };
        let mut sums = vec![0.0; self.width()];
        for &row in rows {
            self.add(&mut sums, &about, row);
        }
        let mut node = WideNode { weight, impurity: 0.0, centre, sums, about };
        node.impurity = self.impurity(&node, rows);
        node
    }

    fn stats(&self, node: &WideNode) -> Stats {
        let mean = node
            .centre
            .first()
            .copied()
            .unwrap_or_else(|| node.sums[1.min(node.sums.len() - 1)] / node.weight);
        Stats { weight: node.weight, impurity: node.impurity, mean }
    }

    fn ready(&self, node: &WideNode) -> WideNode {
        node.clone()
    }

    fn values(&self, node: &WideNode, out: &mut Vec<f64>) {
        if self.n_classes.is_empty() {
            out.extend(&node.centre);
        } else {
            out.extend(node.sums.iter().map(|n| n / node.weight));
        }
    }

    fn best_cut(
        &self,
        node: &WideNode,
        rows: &[Weighed],
        column: Codes<'_>,
        limits: &Limits,
        range: GainRange,
        _scratch: &mut (),
    ) -> Option<Cut<()>> {
        let (present, missing) = sorted(column);
        let mut best: Option<Cut<()>> = None;
        let mut order = present.clone();
        order.extend(&missing);
        let mut cuts = boundaries(&order, column.codes, 0, present.len());
        if !missing.is_empty() {
            cuts.push(Boundary { rows: present.len(), code: column.high });
        }
        let mut take = |order: &[u32], cuts: &[Boundary], missing_left: bool| {
            let gains = self.gains(node, rows, order, cuts, limits);
            let floor = best.map_or(range.floor, |best| best.gain);
            if let Some(j) = Self::best(&gains, floor) {
                best =
                    Some(Cut { gain: gains[j], code: cuts[j].code, missing_left, perfect: false, left: () });
            }
        };
        take(&order, &cuts, false);
        if !missing.is_empty() {
            let order: Vec<u32> = missing.iter().chain(&present).copied().collect();
            let cuts = boundaries(&order, column.codes, missing.len(), order.len());
            take(&order, &cuts, true);
        }
        best
    }

    fn ceiling(&self, _node: &WideNode, _rows: &[Weighed]) -> f64 {
        f64::INFINITY
    }

    fn best_set(
        &self,
        node: &WideNode,
        rows: &[Weighed],
        column: Codes<'_>,
        limits: &Limits,
        floor: f64,
    ) -> Option<SetCut<()>> {
        let (order, _) = sorted(Codes { missing: None, ..column });
        let mut groups: Vec<(u16, Vec<u32>)> = Vec::new();
        for i in order {
            let code = column.codes[i as usize];
            match groups.last_mut() {
                Some((last, members)) if *last == code => members.push(i),
                _ => groups.push((code, vec![i])),
            }
        }
        let mut best: Option<SetCut<()>> = None;
        for key in self.keys(node, &groups, rows) {
            let mut ranked: Vec<usize> = (0..groups.len()).collect();
            ranked.sort_by(|&a, &b| key[a].total_cmp(&key[b]).then(a.cmp(&b)));
            let order: Vec<u32> = ranked.iter().flat_map(|&g| groups[g].1.iter().copied()).collect();
            let mut seen = 0;
            let mut cuts = Vec::new();
            for &g in &ranked[..ranked.len() - 1] {
                seen += groups[g].1.len();
                cuts.push(Boundary { rows: seen, code: 0 });
            }
            let gains = self.gains(node, rows, &order, &cuts, limits);
            let floor = best.as_ref().map_or(floor, |best| best.cut.gain);
            if let Some(j) = Self::best(&gains, floor) {
                // The side of fewer rows is the set: unseen categories follow the other.
                let (head, tail) = ranked.split_at(j + 1);
                let side = if 2 * cuts[j].rows > order.len() { tail } else { head };
                let mut set: Vec<u16> = side.iter().map(|&g| groups[g].0).collect();
                set.sort_unstable();
                let missing_left = column.missing.is_some_and(|missing| set.contains(&missing));
                best = Some(SetCut {
                    cut: Cut { gain: gains[j], code: 0, missing_left, perfect: false, left: () },
                    set,
                });
            }
        }
        best
    }

    fn gain_of(&self, node: &WideNode, rows: &[Weighed], left: &[u8], limits: &Limits) -> Option<(f64, ())> {
        let side = |wanted: u8| (0..rows.len() as u32).filter(move |&i| left[i as usize] == wanted);
        let order: Vec<u32> = side(1).chain(side(0)).collect();
        let n_left = left.iter().filter(|&&side| side == 1).count();
        if n_left == 0 || n_left == rows.len() {
            return None;
        }
        let gain = self.gains(node, rows, &order, &[Boundary { rows: n_left, code: 0 }], limits)[0];
        (!gain.is_nan()).then_some((gain, ()))
    }

    fn children(&self, _node: &WideNode, _left: &()) -> Option<[WideNode; 2]> {
        None
    }
}

impl Wide<'_> {
    /// The prediction of a leaf for an output: the mean, or the median for absolute errors.
    fn centre(&self, rows: &[Weighed], weight: f64, output: usize) -> f64 {
        if self.criterion != Criterion::AbsoluteError {
            let sum: f64 = rows.iter().map(|row| row.w * self.target(row.row, output)).sum();
            let targets = || rows.iter().map(|row| self.target(row.row, output));
            let (low, high) =
                (targets().fold(f64::INFINITY, f64::min), targets().fold(f64::NEG_INFINITY, f64::max));
            return (sum / weight).clamp(low, high);
        }
        let mut sorted: Vec<(f64, f64)> =
            rows.iter().map(|row| (self.target(row.row, output), row.w)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        weighted_median(&sorted, weight)
    }
}

/// Median of (y, w) sorted by y: halfway between two where the weight parts evenly between them.
fn weighted_median(sorted: &[(f64, f64)], weight: f64) -> f64 {
    let mut below = 0.0;
    for (j, &(y, w)) in sorted.iter().enumerate() {
        below += w;
        if below > weight / 2.0 {
            return y;
        }
        if below == weight / 2.0 {
            return sorted.get(j + 1).map_or(y, |next| (y + next.0) / 2.0);
        }
    }
    sorted.last().map_or(0.0, |last| last.0)
}
