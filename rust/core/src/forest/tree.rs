//! A learned tree, as small as it can be: 16 bytes a node, and values for leaves of mixed targets.
//!
//! Nodes stand in pre-order, so a left child follows its parent. What an inner node would say of its
//! rows (value, impurity, weight) is not kept: `views.rs` adds it up from the leaves when asked.

/// In `Node::split`: set in leaves, in leaves of a single class, in categorical splits, and where
/// missing values go left. The rest is the column.
pub const LEAF: u32 = 1 << 31;
pub const PURE: u32 = 1 << 30;
pub const CATEGORICAL: u32 = 1 << 29;
pub const MISSING_LEFT: u32 = 1 << 28;
/// Columns are numbered below this.
pub const MAX_COLUMNS: usize = 1 << 28;

/// A split or a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Node {
    /// Flags and the column.
    pub split: u32,
    /// Split: the threshold's bits (x <= threshold goes left), or where its categories stand.
    /// Leaf: which row of `values`; if `PURE`, the class.
    pub data: u32,
    /// Split: the right child. Leaf: the bits of its weight (f32).
    pub right: u32,
    /// Training rows.
    pub n: u32,
}

impl Node {
    #[inline(always)]
    pub fn is_leaf(&self) -> bool {
        self.split & LEAF != 0
    }

    #[inline(always)]
    pub fn column(&self) -> usize {
        (self.split & (MAX_COLUMNS as u32 - 1)) as usize
    }

    #[inline(always)]
    pub fn threshold(&self) -> f32 {
        f32::from_bits(self.data)
    }

    pub fn weight(&self) -> f32 {
        f32::from_bits(self.right)
    }

    /// True if `x`, the row's value in this node's column, goes left.
    #[inline(always)]
    pub fn goes_left(&self, x: f32, categories: &[u32]) -> bool {
        if x.is_nan() {
            return self.split & MISSING_LEFT != 0;
        }
        if self.split & CATEGORICAL == 0 {
            x <= self.threshold()
        } else {
            in_set(categories, self.data as usize, x)
        }
    }
}

/// Writes a set of categories (ascending codes); returns where. A set is its length and then its codes.
pub fn write_set(categories: &mut Vec<u32>, codes: impl Iterator<Item = u32>) -> u32 {
    let at = categories.len();
    categories.push(0);
    categories.extend(codes);
    categories[at] = (categories.len() - at - 1) as u32;
    at as u32
}

/// The codes of the set at `at`.
pub fn set_at(categories: &[u32], at: usize) -> &[u32] {
    let length = categories[at] as usize;
    &categories[at + 1..at + 1 + length]
}

fn in_set(categories: &[u32], at: usize, x: f32) -> bool {
    x >= 0.0 && x.fract() == 0.0 && set_at(categories, at).binary_search(&(x as u32)).is_ok()
}

/// A tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// Rows of `n_values` numbers: the values of leaves that are not pure.
    pub values: Vec<f64>,
    /// Impurity of each row of `values`, where a leaf's impurity cannot be told from its value.
    pub impurities: Vec<f32>,
    /// Sets of categories that go left.
    pub categories: Vec<u32>,
}

/// `a` where the mask is set, else `b`.
#[inline(always)]
fn choose(mask: u32, a: u32, b: u32) -> u32 {
    b ^ ((a ^ b) & mask)
}

/// Rows that walk down a tree together, to hide the latency of its nodes.
const LANES: usize = 16;

impl Tree {
    /// The leaf of each row of X (n, d).
    #[inline(always)]
    pub fn leaves(&self, x: &[f32], d: usize, out: &mut [u32]) {
        assert_eq!(x.len(), out.len() * d);
        let numeric = self.categories.is_empty();
        let rows = x.chunks_exact(LANES * d);
        let rest = rows.remainder();
        let mut lanes = out.chunks_exact_mut(LANES);
        for (rows, out) in rows.zip(&mut lanes) {
            if numeric {
                self.walk_lanes(rows, d, out);
            } else {
                for (row, leaf) in rows.chunks_exact(d).zip(out) {
                    *leaf = self.leaf(row);
                }
            }
        }
        for (row, leaf) in rest.chunks_exact(d).zip(lanes.into_remainder()) {
            *leaf = self.leaf(row);
        }
    }

    /// All lanes take a step at a time, without a branch: a lane that is in a leaf stays there.
    #[inline(always)]
    fn walk_lanes(&self, rows: &[f32], d: usize, out: &mut [u32]) {
        let mut at = [0u32; LANES];
        loop {
            let mut moving = 0;
            for (lane, at) in at.iter_mut().enumerate() {
                debug_assert!((*at as usize) < self.nodes.len());
                // SAFETY: `at` is 0 or a child of a split, and children exist (grown that way, checked in
                // state.rs); the column of a split is below d, that of a leaf reads as 0 (below d: state.rs).
                let (node, value) = unsafe {
                    let node = self.nodes.get_unchecked(*at as usize);
                    (node, *rows.get_unchecked(lane * d + node.column()))
                };
                let missing_left = node.split & MISSING_LEFT != 0;
                let left = (value <= node.threshold()) | (value.is_nan() & missing_left);
                // Masks instead of branches: which way a row goes cannot be predicted.
                let inner = u32::from(node.split & LEAF == 0).wrapping_neg();
                let child = choose(u32::from(left).wrapping_neg(), *at + 1, node.right);
                moving |= inner;
                *at = choose(inner, child, *at);
            }
            if moving == 0 {
                break;
            }
        }
        out.copy_from_slice(&at);
    }

    /// The leaf of one row.
    pub fn leaf(&self, row: &[f32]) -> u32 {
        let mut here = 0;
        loop {
            let node = &self.nodes[here as usize];
            if node.is_leaf() {
                return here;
            }
            let left = node.goes_left(row[node.column()], &self.categories);
            here = if left { here + 1 } else { node.right };
        }
    }

    /// Adds the value of leaf `leaf` to `sum` (n_values,).
    #[inline(always)]
    pub fn add_value(&self, leaf: u32, sum: &mut [f64]) {
        let node = &self.nodes[leaf as usize];
        if node.split & PURE != 0 {
            sum[node.data as usize] += 1.0;
        } else {
            let at = node.data as usize * sum.len();
            for (total, value) in sum.iter_mut().zip(&self.values[at..]) {
                *total += value;
            }
        }
    }
}
