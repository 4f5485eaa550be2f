//! Many candidates on the same training rows: solvers side by side, served by common passes.
//!
//! Rows in great number are first stood for by some of them (`Sample::draw`): the parameters found there
//! and a model of the second derivatives made there are where the solvers begin on all rows. Each
//! candidate is certified on all rows by its own rule, whatever came before.
//!
//! No solver sees another, and the bits of a pass do not depend on who shares it: together equals alone,
//! bit for bit.

use super::curvature::{self, Request};
use super::effort::{Prices, Stop};
use super::objective::Objective;
use super::pass::{self, Value};
use super::proximal::Proximal;
use super::sample::Sample;
use super::settings::Settings;
use super::smooth::{End, Smooth, Standing, Want};
use super::workers::Workers;
use crate::error::{Error, Result};

/// A sample has this many rows for each parameter of a model, or this share of all, and no fewer than so many.
const ROWS_PER_PARAMETER: usize = 32;
const SHARE: usize = 16;
const LEAST_ROWS: usize = 4096;
/// Drawing pays if it leaves out most rows.
const WORTH_DRAWING: usize = 4;
/// Rows of the rarest class that a sample should have.
const LEAST_OF_CLASS: f64 = 20.0;
/// On a sample, parameters need not be better than its own error, (parameters / rows)^(1/2), times this.
const SAMPLE_TOLERANCE: f64 = 0.1;
const SAMPLE_STEPS: usize = 30;
/// Numbers of second derivatives that are held at a time.
const MOST_NUMBERS: usize = 1 << 25;

/// What was found for a candidate.
#[derive(Clone, Debug)]
pub struct Solution {
    pub objective: Objective,
    pub standing: Standing,
    /// The greatest entry of the subgradient nearest to 0.
    pub worst: f64,
    /// Parameters that others make up, as far as is known.
    pub dependent: Vec<usize>,
}

/// Minimises F for each of the settings, from `start` on if there is one; `None` once stopped.
pub fn solve(
    sample: &Sample<'_>,
    settings: &[Settings],
    start: Option<&[f64]>,
    workers: Workers<'_>,
) -> Result<Option<Vec<Solution>>> {
    let objectives: Vec<Objective> = settings.iter().map(|one| Objective::new(one, sample)).collect();
    if objectives.iter().any(|objective| !objective.scale.is_finite()) {
        return Err(Error::invalid("the rows' weights times those of their classes sum to 0 or overflow"));
    }
    let part = if start.is_none() { drawn(sample)? } else { None };
    let (rows, prices) = (part.as_ref().unwrap_or(sample), |sample: &Sample<'_>| Prices::new(sample));
    let start = start.map_or_else(|| vec![0.0; sample.n_parameters()], <[f64]>::to_vec);
    let begin = |(one, objective): (&Settings, &Objective)| {
        let stop = if part.is_some() { roughly(rows, one) } else { exactly(one) };
        Solver::new(objective.on(rows), start.clone(), stop, prices(rows))
    };
    let mut solvers: Vec<Solver> = settings.iter().zip(&objectives).map(begin).collect();
    if !run(rows, &mut solvers, workers)? {
        return Ok(None);
    }
    if part.is_some() {
        // The others have one of where they are.
        for solver in solvers.iter_mut().filter(|solver| solver.standing().steps > 0) {
            solver.ask_for_model();
        }
        if !run(rows, &mut solvers, workers)? {
            return Ok(None);
        }
        for ((solver, one), objective) in solvers.iter_mut().zip(settings).zip(&objectives) {
            solver.turn_to(objective.clone(), exactly(one), prices(sample));
        }
        if !run(sample, &mut solvers, workers)? {
            return Ok(None);
        }
    }
    Ok(Some(
        solvers.into_iter().zip(objectives).map(|(solver, objective)| solver.solution(objective)).collect(),
    ))
}

/// Some of the rows, if there are so many that the others can wait.
fn drawn<'a>(sample: &Sample<'a>) -> Result<Option<Sample<'a>>> {
    let n = sample.n();
    let m = (n / SHARE).max(ROWS_PER_PARAMETER * sample.n_parameters()).max(LEAST_ROWS);
    let rarest = sample.counts.iter().copied().min().unwrap_or(0) as f64;
    let drawn = WORTH_DRAWING * m <= n && rarest * m as f64 >= LEAST_OF_CLASS * n as f64;
    let part = if drawn { Some(sample.draw(m)?) } else { None };
    Ok(part.filter(|part| part.totals.iter().sum::<f64>() > 0.0))
}

fn exactly(settings: &Settings) -> Stop {
    Stop { gradient: settings.tol, decrement: settings.tol, steps: settings.max_iter }
}

fn roughly(rows: &Sample<'_>, settings: &Settings) -> Stop {
    let error = (rows.n_parameters() as f64 / rows.n() as f64).sqrt();
    Stop {
        gradient: f64::INFINITY,
        decrement: (SAMPLE_TOLERANCE * error).max(settings.tol),
        steps: SAMPLE_STEPS.min(settings.max_iter),
    }
}

/// Serves the solvers until they want nothing more; false once stopped.
fn run(sample: &Sample<'_>, solvers: &mut [Solver], workers: Workers<'_>) -> Result<bool> {
    loop {
        let wanting: Vec<usize> = (0..solvers.len()).filter(|&s| solvers[s].asks_curvature()).collect();
        for group in by_size(&wanting, solvers, sample.n_scores()) {
            let requests: Vec<Request<'_>> = group.iter().filter_map(|&s| solvers[s].request()).collect();
            let Some(found) = curvature::curvatures(sample, &requests, workers)? else { return Ok(false) };
            if found.iter().flatten().any(|h| !h.is_finite()) {
                return Err(too_large());
            }
            group.iter().zip(found).for_each(|(&s, sums)| solvers[s].take_curvature(sums));
        }
        if !wanting.is_empty() {
            continue;
        }
        let trying: Vec<usize> = (0..solvers.len()).filter(|&s| *solvers[s].want() == Want::Value).collect();
        if trying.is_empty() {
            return Ok(true);
        }
        let query = |&s: &usize| solvers[s].objective().query(&solvers[s].standing().trial);
        let queries: Vec<_> = trying.iter().map(query).collect();
        let Some(values) = pass::values(sample, &queries, workers)? else { return Ok(false) };
        for (&s, value) in trying.iter().zip(values) {
            let first = solvers[s].standing().value.is_infinite();
            if first && !finite(&value) {
                return Err(too_large());
            }
            solvers[s].take_value(value);
        }
    }
}

fn too_large() -> Error {
    Error::invalid("X or sample_weight has numbers so large that the loss overflows: scale them")
}

fn finite(value: &Value) -> bool {
    value.loss.is_finite() && value.gradient.iter().all(|g| g.is_finite())
}

/// Solvers whose second derivatives fit into memory side by side.
fn by_size(wanting: &[usize], solvers: &[Solver], k: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for &s in wanting {
        let size = match solvers[s].want() {
            Want::Curvature(_, Some(among)) => among.len() * among.len(),
            Want::Curvature(part, None) => curvature::n_numbers(*part, solvers[s].standing().point.len(), k),
            _ => 0,
        };
        match groups.last_mut() {
            Some(group) if size <= room => {
                room -= size;
                group.push(s);
            }
            _ => {
                groups.push(vec![s]);
                room = MOST_NUMBERS.saturating_sub(size);
            }
        }
    }
    groups
}

/// The solver that a penalty needs.
enum Solver {
    Smooth(Smooth),
    Proximal(Proximal),
}

/// The same call to either.
macro_rules! either {
    ($solver:expr, $one:ident => $call:expr) => {
        match $solver {
            Solver::Smooth($one) => $call,
            Solver::Proximal($one) => $call,
        }
    };
}

impl Solver {
    fn new(objective: Objective, start: Vec<f64>, stop: Stop, prices: Prices) -> Self {
        if objective.has_l1() {
            Solver::Proximal(Proximal::new(objective, start, stop, prices))
        } else {
            Solver::Smooth(Smooth::new(objective, start, stop, prices))
        }
    }

    fn standing(&self) -> &Standing {
        either!(self, one => &one.standing)
    }

    fn objective(&self) -> &Objective {
        either!(self, one => &one.objective)
    }

    fn want(&self) -> &Want {
        either!(self, one => &one.want)
    }

    fn asks_curvature(&self) -> bool {
        matches!(self.want(), Want::Curvature(..))
    }

    fn request(&self) -> Option<Request<'_>> {
        let Want::Curvature(part, among) = self.want() else { return None };
        let query = self.objective().query(&self.standing().point);
        Some(Request { query, part: *part, among: among.as_deref() })
    }

    fn take_curvature(&mut self, sums: Vec<f64>) {
        either!(self, one => one.take_curvature(sums));
    }

    fn take_value(&mut self, sums: Value) {
        either!(self, one => one.take_value(sums));
    }

    fn ask_for_model(&mut self) {
        either!(self, one => one.ask_for_model());
    }

    fn turn_to(&mut self, objective: Objective, stop: Stop, prices: Prices) {
        either!(self, one => one.turn_to(objective, stop, prices));
    }

    fn solution(self, objective: Objective) -> Solution {
        let dependent = match &self {
            Solver::Smooth(one) => one.dependent(),
            Solver::Proximal(_) => Vec::new(),
        };
        let standing = either!(self, one => one.standing);
        let worst = objective.worst(&standing.point, &standing.gradient);
        Solution { objective, standing, worst, dependent }
    }
}

impl Solution {
    pub fn converged(&self) -> bool {
        self.standing.end == End::Converged
    }
}
