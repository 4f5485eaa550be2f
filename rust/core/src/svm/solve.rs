//! The program of `problem` by decomposition: again and again a few hundred variables that violate most
//! are solved for while the others stay, and then all of g is brought up to date.
//!
//! The rows of the kernel that a round needs are those of its variables, so they are made in blocks; a
//! round's steps touch nothing outside the cache; and g meets each row once a round instead of once a
//! step. (Osuna, Freund and Girosi 1997; Joachims 1999; with whole blocks of rows Wen et al., ThunderSVM,
//! JMLR 19, 2018. Unlike there, nothing but m - M <= tol ends it early as converged.)

use super::lanes;
use super::problem::{Point, Problem, Solution};
use super::progress::{Progress, rounding};
use super::store::{Row, Store};
use super::working::{DIRECT, Working};
use crate::error::Result;
use crate::parallel::{Control, fill_blocks, for_each};

/// Up to so many variables all are at work at once.
const ALL: usize = 640;
/// How many are at work where there are more; between these as many as are free, and a half.
const FEWEST: usize = 512;
const MOST: usize = 2560;
/// A round ends when its own violation is this part of the whole one.
const PART: f64 = 0.1;
/// Steps times variables at work between two looks at the control: about a second.
const WORK: usize = 1_000_000_000;
/// Steps after which solving ends where no number is given: LIBSVM's.
const STEPS: usize = 10_000_000;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub tol: f64,
    /// Steps of two variables; `None` stops only where there is no hope.
    pub max_iter: Option<usize>,
    /// Up to so many variables all are at work at once; `None` leaves that to the solver.
    pub together: Option<usize>,
    pub n_threads: usize,
}

/// What solving one problem after the other reuses.
#[derive(Default)]
pub struct Solver {
    working: Working,
    chosen: Vec<bool>,
}

impl Solver {
    /// Forgets the rows of the last problem.
    pub fn begin(&mut self) {
        self.working.begin();
    }

    /// Solves from `point` on, whose g must be right; `None` if stopped.
    pub fn solve(
        &mut self,
        problem: &Problem,
        mut point: Point,
        store: &Store<'_>,
        limits: &Limits,
        control: &Control,
    ) -> Result<Option<Solution>> {
        let most_steps = limits.max_iter.unwrap_or(STEPS.max(100 * problem.m()));
        let (mut up, mut down) = offsets(problem, &point);
        let movable = (0..problem.m()).filter(|&v| problem.moves(v)).count();
        let largest = store.diagonal.iter().fold(0.0_f32, |most, k| most.max(k.abs()));
        let mut progress = Progress::new();
        let mut steps = 0;
        let violation = loop {
            if control.stopped() {
                return Ok(None);
            }
            let bounds = bounds(problem, &point.g, &up, &down, store);
            let violation = bounds.iter().map(|(most, least)| most - least).fold(0.0, f64::max);
            progress.see(problem.objective(&point), violation);
            let solved = violation <= limits.tol;
            let doubtful = violation.max(limits.tol) <= rounding(largest, &point.b);
            let most = most_steps - steps;
            if (most > 0 || solved) && progress.wants_float64(solved, doubtful) {
                let Some(g) = exact_gradient(problem, &point.b, store, limits.n_threads, control)? else {
                    return Ok(None);
                };
                point.g = g;
                progress.renew();
                continue;
            }
            if solved || most == 0 || violation.is_nan() || progress.is_over() {
                break violation;
            }
            let at_once = (movable, limits.together.unwrap_or(ALL));
            let variables = self.choose(problem, &point, (&up, &down), &bounds, store, at_once);
            let rows: Vec<u32> = variables.iter().map(|&v| problem.row(v as usize) as u32).collect();
            let rows = store.rows(&rows, limits.n_threads, control)?;
            if rows.len() < variables.len() {
                return Ok(None);
            }
            self.working.set(problem, &variables, &rows, &store.diagonal);
            self.working.load(problem, &point.b, &point.g);
            let whole = variables.len() >= movable;
            let tol = if whole { limits.tol } else { (PART * violation).max(0.5 * limits.tol) };
            let q = variables.len();
            let at_once = (100 * q).min(WORK / q).max(1);
            let done = self.working.solve(problem, tol, most.min(at_once), store.vectors);
            steps += done;
            let moved = self.take(problem, &mut point, (&mut up, &mut down), &rows);
            subtract(problem, &mut point.g, &moved, store, limits.n_threads, control)?;
            // Few at work at a time gain less a round.
            progress.round(done, problem.m() / variables.len());
        };
        let offsets: Vec<f64> =
            problem.groups().into_iter().map(|group| problem.offset(group, &point)).collect();
        Ok(Some(Solution {
            gap: problem.gap(&point, &offsets),
            objective: problem.objective(&point),
            offsets,
            violation,
            steps,
            converged: violation <= limits.tol,
            point,
        }))
    }

    /// Variables to work on: those that violate most on each side, and of the last ones those that are
    /// free, ascending.
    fn choose(
        &mut self,
        problem: &Problem,
        point: &Point,
        (up, down): (&[f64], &[f64]),
        bounds: &[(f64, f64)],
        store: &Store<'_>,
        (movable, together): (usize, usize),
    ) -> Vec<u32> {
        let m = problem.m();
        let all = || (0..m as u32).filter(|&v| problem.moves(v as usize)).collect::<Vec<_>>();
        if movable <= together {
            return all();
        }
        // Free variables move at each other's cost: most of them should be at work together.
        let n_free = (0..m).filter(|&v| up[v].is_finite() && down[v].is_finite()).count();
        let wanted = n_free + n_free / 2;
        // Where that is a large part of all, gathering them costs more than stepping over all.
        if 2 * wanted >= movable && m <= store.capacity() / 2 {
            return if m < DIRECT { all() } else { (0..m as u32).collect() };
        }
        let size = wanted.clamp(FEWEST, MOST).min(store.capacity()).min(movable);
        self.chosen.clear();
        self.chosen.resize(m, false);
        let mut variables: Vec<u32> = Vec::with_capacity(size);
        let free = |&&v: &&u32| up[v as usize].is_finite() && down[v as usize].is_finite();
        let kept = self.working.variables.iter().filter(free).take(size - size / 4);
        for &v in kept {
            self.chosen[v as usize] = true;
            variables.push(v);
        }
        let groups = problem.groups();
        let share = (size - variables.len()) / (2 * groups.len());
        for (group, &(most, least)) in groups.iter().zip(bounds) {
            let violating_up = group.clone().map(|v| (point.g[v] + up[v], v)).filter(|&(g, _)| g > least);
            self.take_most(violating_up.map(|(g, v)| (-g, v as u32)).collect(), share, &mut variables);
            let violating_down = group.clone().map(|v| (point.g[v] + down[v], v)).filter(|&(g, _)| g < most);
            self.take_most(violating_down.map(|(g, v)| (g, v as u32)).collect(), share, &mut variables);
        }
        variables.sort_unstable();
        variables
    }

    /// The `count` least of the candidates that are not chosen yet.
    fn take_most(&mut self, mut candidates: Vec<(f64, u32)>, count: usize, variables: &mut Vec<u32>) {
        candidates.retain(|&(_, v)| !self.chosen[v as usize]);
        if count < candidates.len() {
            candidates.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            candidates.truncate(count);
        }
        for (_, v) in candidates {
            self.chosen[v as usize] = true;
            variables.push(v);
        }
    }

    /// Writes the new b back; returns the rows of what moved, and by how much.
    fn take(
        &self,
        problem: &Problem,
        point: &mut Point,
        (up, down): (&mut [f64], &mut [f64]),
        rows: &[Row],
    ) -> Vec<(Row, f64)> {
        let mut moved = Vec::new();
        for ((v, b), row) in self.working.moved().zip(rows) {
            let delta = b - point.b[v];
            if delta != 0.0 {
                point.b[v] = b;
                (up[v], down[v]) = problem.offsets(v, b);
                moved.push((row.clone(), delta));
            }
        }
        moved
    }
}

/// u and l of all variables.
fn offsets(problem: &Problem, point: &Point) -> (Vec<f64>, Vec<f64>) {
    (0..problem.m()).map(|v| problem.offsets(v, point.b[v])).unzip()
}

/// (max (g + u), min (g + l)) of each group.
fn bounds(problem: &Problem, g: &[f64], up: &[f64], down: &[f64], store: &Store<'_>) -> Vec<(f64, f64)> {
    let extremes =
        |v: std::ops::Range<usize>| lanes::extremes(store.vectors, &g[v.clone()], &up[v.clone()], &down[v]);
    problem.groups().into_iter().map(extremes).collect()
}

/// Variables whose g one thread brings up to date at a time; in float64.
const STRIPE: usize = 8192;
const EXACT: usize = 256;

/// g -= sum delta k over the rows that moved.
pub fn subtract(
    problem: &Problem,
    g: &mut [f64],
    moved: &[(Row, f64)],
    store: &Store<'_>,
    n_threads: usize,
    control: &Control,
) -> Result<()> {
    let mut stripes = Vec::new();
    let mut rest = g;
    for block in &problem.blocks {
        let (mut own, after) = rest.split_at_mut(block.len());
        rest = after;
        let mut start = block.start;
        while !own.is_empty() {
            let (stripe, after) = own.split_at_mut(STRIPE.min(own.len()));
            own = after;
            stripes.push(std::sync::Mutex::new((start, stripe)));
            start += STRIPE;
        }
    }
    let work = |(): &mut (), s: usize| {
        let Ok(mut stripe) = stripes[s].lock() else { return };
        let (start, ref mut g) = *stripe;
        let columns = start..start + g.len();
        for rows in moved.chunks(lanes::AT_ONCE) {
            let first = &rows[0].0[columns.clone()];
            let (mut some, mut delta) = ([first; lanes::AT_ONCE], [0.0; lanes::AT_ONCE]);
            for (r, (row, by)) in rows.iter().enumerate() {
                some[r] = &row[columns.clone()];
                delta[r] = *by;
            }
            lanes::subtract(store.vectors, g, &some, &delta);
        }
    };
    let worth = n_threads > 1 && stripes.len() > 1 && moved.len() > 16;
    if worth {
        for_each(n_threads, stripes.len(), &control.without_deadline(), &mut |_, _| true, || (), work)
    } else {
        (0..stripes.len()).for_each(|s| work(&mut (), s));
        Ok(())
    }
}

/// g = t - K b in float64 throughout, from nothing but b; `None` if stopped.
fn exact_gradient(
    problem: &Problem,
    b: &[f64],
    store: &Store<'_>,
    n_threads: usize,
    control: &Control,
) -> Result<Option<Vec<f64>>> {
    let active: Vec<usize> = (0..b.len()).filter(|&v| b[v] != 0.0).collect();
    let rows: Vec<u32> = (0..b.len()).map(|v| problem.row(v) as u32).collect();
    let mut g = problem.target.clone();
    let fill = |(row, k): &mut (Vec<f64>, Vec<f64>), v: std::ops::Range<usize>, g: &mut [f64]| {
        k.resize(g.len(), 0.0);
        for &u in active.iter().take_while(|_| !control.stopped()) {
            store.exact(rows[u] as usize, &rows[v.clone()], row, k);
            g.iter_mut().zip(&*k).for_each(|(g, k)| *g -= b[u] * k);
        }
        Ok(())
    };
    let stripe = (EXACT, 1);
    fill_blocks(stripe, &mut g, n_threads, control, &mut |_, _| true, Default::default, fill)?;
    Ok((!control.stopped()).then_some(g))
}

/// g = t - K b from nothing but b; `None` if stopped.
pub fn gradient(
    problem: &Problem,
    b: &[f64],
    store: &Store<'_>,
    n_threads: usize,
    control: &Control,
) -> Result<Option<Vec<f64>>> {
    let mut g = problem.target.clone();
    let active: Vec<usize> = (0..b.len()).filter(|&v| b[v] != 0.0).collect();
    for some in active.chunks(FEWEST.min(store.capacity())) {
        let rows: Vec<u32> = some.iter().map(|&v| problem.row(v) as u32).collect();
        let rows = store.rows(&rows, n_threads, control)?;
        if rows.len() < some.len() {
            return Ok(None);
        }
        let moved: Vec<(Row, f64)> = rows.into_iter().zip(some.iter().map(|&v| b[v])).collect();
        subtract(problem, &mut g, &moved, store, n_threads, control)?;
    }
    Ok(Some(g))
}
