//! Sequential minimal optimisation of a few variables while the others stay: two variables a step, the
//! second by the gain of the step (Fan, Chen and Lin, Working set selection using second order
//! information, JMLR 6, 2005, WSS 2).
//!
//! All of it is small enough to stay in the cache: the kernel among these variables (q, q), their g, b.

use std::ops::Range;

use super::lanes;
use super::problem::Problem;
use super::store::Row;
use crate::vectors::Vectors;

/// Lanes that the loops over variables take at once: lengths are multiples of it.
pub const LANES: usize = 16;
/// From so many variables on rows are read where they are, instead of side by side.
pub const DIRECT: usize = 1024;

/// The variables at work.
#[derive(Default)]
pub struct Working {
    /// Which they are, ascending.
    pub variables: Vec<u32>,
    k: Among,
    stride: usize,
    diagonal: Vec<f32>,
    g: Vec<f64>,
    pub b: Vec<f64>,
    up: Vec<f64>,
    down: Vec<f64>,
    /// Places of the variables of each group, padded to whole lanes.
    groups: Vec<Range<usize>>,
    /// The place of each variable.
    places: Vec<u32>,
}

/// The kernel among the variables at work, rows of `stride` numbers.
enum Among {
    /// Rows are put side by side when a step first wants them: many never move.
    Gathered(Gathered),
    /// All rows of the store are at work, in their order.
    Whole(Vec<Row>),
}

impl Default for Among {
    fn default() -> Self {
        Among::Gathered(Gathered::default())
    }
}

#[derive(Default)]
struct Gathered {
    k: Vec<f32>,
    /// Which rows of k are there.
    made: Vec<bool>,
    /// The store's row at each place.
    rows: Vec<Option<Row>>,
    /// The store's column at each place; where there is none, any.
    columns: Vec<u32>,
    /// Columns as stretches, where neighbours stay neighbours.
    runs: Vec<Run>,
}

impl Gathered {
    fn make(&mut self, i: usize, stride: usize) {
        self.made[i] = true;
        let own = &mut self.k[i * stride..][..stride];
        let Some(row) = &self.rows[i] else { return own.fill(0.0) };
        if self.runs.is_empty() {
            own.iter_mut().zip(&self.columns).for_each(|(own, &column)| *own = row[column as usize]);
            return;
        }
        own.fill(0.0);
        for run in &self.runs {
            own[run.to..run.to + run.length].copy_from_slice(&row[run.from..run.from + run.length]);
        }
    }
}

impl Among {
    /// A row's values at some places; all slices are whole lanes. It was wanted before.
    #[inline(always)]
    fn row(&self, i: usize, places: Range<usize>, stride: usize) -> &[f32] {
        match self {
            Among::Gathered(gathered) => &gathered.k[i * stride..][places],
            Among::Whole(rows) => &rows[i][places],
        }
    }
}

/// Neighbouring columns that go to neighbouring places.
struct Run {
    from: usize,
    to: usize,
    length: usize,
}

/// Two variables to move: one up, one down by as much.
struct Pair {
    up: usize,
    down: usize,
    /// g + u of the first minus g + l of the second.
    slope: f64,
    gain: f64,
}

impl Working {
    /// Forgets the variables and lets go of the store's rows.
    pub fn begin(&mut self) {
        self.variables.clear();
        self.k = Among::default();
    }

    /// Takes these variables, with the rows of the kernel that belong to them.
    pub fn set(&mut self, problem: &Problem, variables: &[u32], rows: &[Row], diagonal: &[f32]) {
        if self.variables == variables {
            return;
        }
        self.variables.clear();
        self.variables.extend_from_slice(variables);
        self.groups.clear();
        self.places.clear();
        let mut place = 0;
        for group in problem.groups() {
            let start = place;
            let members = variables.iter().filter(|&&v| group.contains(&(v as usize))).count();
            self.places.extend(place as u32..(place + members) as u32);
            place = (place + members).next_multiple_of(LANES);
            self.groups.push(start..place);
        }
        self.stride = place;
        self.diagonal.clear();
        self.diagonal.resize(place, 1.0);
        let columns: Vec<u32> = variables.iter().map(|&v| problem.row(v as usize) as u32).collect();
        for (&column, &p) in columns.iter().zip(&self.places) {
            self.diagonal[p as usize] = diagonal[column as usize];
        }
        // Rows end with as many zeros as whole lanes need, so they may be read where they are.
        let whole = problem.blocks.len() == 1 && variables.len() == diagonal.len();
        if whole && variables.len() >= DIRECT {
            self.k = Among::Whole(rows.to_vec());
            return;
        }
        let mut gathered = match std::mem::take(&mut self.k) {
            Among::Gathered(gathered) => gathered,
            Among::Whole(_) => Gathered::default(),
        };
        gathered.made.clear();
        gathered.made.resize(place, false);
        gathered.rows.clear();
        gathered.rows.resize(place, None);
        for (row, &p) in rows.iter().zip(&self.places) {
            gathered.rows[p as usize] = Some(row.clone());
        }
        if gathered.k.len() < place * place {
            gathered.k.resize(place * place, 0.0);
        }
        gathered.runs = runs(&columns, &self.places);
        // Copying pays where neighbours stay neighbours.
        if 8 * gathered.runs.len() >= columns.len() {
            gathered.runs.clear();
        }
        gathered.columns.clear();
        gathered.columns.resize(place, 0);
        let pairs = columns.iter().zip(&self.places);
        pairs.for_each(|(&column, &p)| gathered.columns[p as usize] = column);
        self.k = Among::Gathered(gathered);
    }

    /// Makes a row ready to be read.
    #[inline(always)]
    fn want(&mut self, i: usize) {
        if let Among::Gathered(gathered) = &mut self.k
            && !gathered.made[i]
        {
            gathered.make(i, self.stride);
        }
    }

    /// Reads g and b of the variables.
    pub fn load(&mut self, problem: &Problem, b: &[f64], g: &[f64]) {
        for (values, blank) in [
            (&mut self.g, 0.0),
            (&mut self.b, 0.0),
            (&mut self.up, f64::NEG_INFINITY),
            (&mut self.down, f64::INFINITY),
        ] {
            values.clear();
            values.resize(self.stride, blank);
        }
        for (&v, &p) in self.variables.iter().zip(&self.places) {
            let (v, p) = (v as usize, p as usize);
            self.b[p] = b[v];
            self.g[p] = g[v];
            (self.up[p], self.down[p]) = problem.offsets(v, b[v]);
        }
    }

    /// Steps until max (g + u) - min (g + l) <= tol among these variables, or `most_steps` are done.
    /// Returns the steps.
    pub fn solve(&mut self, problem: &Problem, tol: f64, most_steps: usize, vectors: Vectors) -> usize {
        let mut variable_at = vec![0; self.stride];
        self.places.iter().zip(&self.variables).for_each(|(&p, &v)| variable_at[p as usize] = v as usize);
        let groups = self.groups.clone();
        let mut last = (0, 0, 0.0);
        for steps in 0..most_steps {
            let mut best: Option<Pair> = None;
            for group in groups.iter().filter(|group| !group.is_empty()) {
                let pair = self.pair(group.clone(), last, tol, vectors);
                best = match (best, pair) {
                    (Some(best), Some(pair)) if pair.gain <= best.gain => Some(best),
                    (best, None) => best,
                    (_, pair) => pair,
                };
            }
            let Some(pair) = best else { return steps };
            last = self.step(problem, &pair, &variable_at);
        }
        most_steps
    }

    /// Brings g of a group up to date with the last step, and chooses two of its variables; `None` if none
    /// violate by more than `tol`.
    fn pair(
        &mut self,
        group: Range<usize>,
        last: (usize, usize, f64),
        tol: f64,
        vectors: Vectors,
    ) -> Option<Pair> {
        let (most, i) = self.update(group.clone(), last, vectors);
        if most == f64::NEG_INFINITY {
            return None;
        }
        let i = group.start + i;
        self.want(i);
        let row = self.k.row(i, group.clone(), self.stride);
        let (g, down) = (&self.g[group.clone()], &self.down[group.clone()]);
        let kii = self.diagonal[i];
        // Differences are scaled to about 1, so that float32 holds their squares.
        let scale = 1.0 / most.abs().max(1.0);
        let (least, j) =
            lanes::partner(vectors, g, down, row, &self.diagonal[group.clone()], kii, most, scale);
        if j == usize::MAX || most - least <= tol {
            return None;
        }
        let j = group.start + j;
        let slope = most - (self.g[j] + self.down[j]);
        let gain = slope * slope / self.curve(i, j);
        Some(Pair { up: i, down: j, slope, gain })
    }

    fn update(
        &mut self,
        group: Range<usize>,
        (i, j, delta): (usize, usize, f64),
        vectors: Vectors,
    ) -> (f64, usize) {
        self.want(i);
        self.want(j);
        let row = |i: usize| self.k.row(i, group.clone(), self.stride);
        let (ki, kj) = (row(i), row(j));
        lanes::step(vectors, &mut self.g[group.clone()], ki, kj, delta, &self.up[group])
    }

    /// K_ii + K_jj - 2 K_ij > 0
    fn curve(&self, i: usize, j: usize) -> f64 {
        let k = f64::from(self.k.row(i, j..j + 1, self.stride)[0]);
        (f64::from(self.diagonal[i]) + f64::from(self.diagonal[j]) - 2.0 * k).max(f64::from(lanes::FLAT))
    }

    /// Moves a pair to its optimum within the box, and says by how much.
    fn step(&mut self, problem: &Problem, pair: &Pair, variable_at: &[usize]) -> (usize, usize, f64) {
        let (i, j) = (pair.up, pair.down);
        let (vi, vj) = (variable_at[i], variable_at[j]);
        let (room_i, _) = problem.room(vi, self.b[i]);
        let (_, room_j) = problem.room(vj, self.b[j]);
        let delta = (pair.slope / self.curve(i, j)).min(room_i).min(room_j);
        // What reaches a bound is put on it exactly.
        self.b[i] = if delta == room_i { end(problem, vi, self.b[i], true) } else { self.b[i] + delta };
        self.b[j] = if delta == room_j { end(problem, vj, self.b[j], false) } else { self.b[j] - delta };
        (self.up[i], self.down[i]) = problem.offsets(vi, self.b[i]);
        (self.up[j], self.down[j]) = problem.offsets(vj, self.b[j]);
        (i, j, delta)
    }

    /// The variables with their new b.
    pub fn moved(&self) -> impl Iterator<Item = (usize, f64)> {
        self.variables.iter().zip(&self.places).map(|(&v, &p)| (v as usize, self.b[p as usize]))
    }
}

/// Where b_v stops on its way up or down.
fn end(problem: &Problem, v: usize, b: f64, up: bool) -> f64 {
    let kink = problem.epsilon > 0.0 && (if up { b < 0.0 } else { b > 0.0 });
    match (kink, up) {
        (true, _) => 0.0,
        (_, true) => problem.hi[v],
        (_, false) => problem.lo[v],
    }
}

/// Columns and where they go, as stretches.
fn runs(columns: &[u32], places: &[u32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (&from, &to) in columns.iter().zip(places) {
        let (from, to) = (from as usize, to as usize);
        match runs.last_mut() {
            Some(run) if run.from + run.length == from && run.to + run.length == to => run.length += 1,
            _ => runs.push(Run { from, to, length: 1 }),
        }
    }
    runs
}
