//! From rows and weights to the program of each machine, and from its solution back to coefficients.

use std::iter::once;
use std::ops::Range;

use super::problem::{Point, Problem, Solution};
use crate::error::{Error, Result};

/// Which program, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Machine {
    Penalised { c: f64 },
    Insensitive { c: f64, epsilon: f64 },
    NuClasses { nu: f64 },
    NuNumbers { c: f64, nu: f64 },
    OneClass { nu: f64 },
}

impl Machine {
    /// The penalty that a warm path walks along.
    pub fn c(&self) -> f64 {
        match *self {
            Machine::Penalised { c } | Machine::Insensitive { c, .. } => c,
            _ => 0.0,
        }
    }

    pub fn without_c(self) -> Self {
        match self {
            Machine::Penalised { .. } => Machine::Penalised { c: 0.0 },
            Machine::Insensitive { epsilon, .. } => Machine::Insensitive { c: 0.0, epsilon },
            other => other,
        }
    }
}

/// Two classes; the first is the positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub positive: usize,
    pub negative: usize,
}

/// The pairs of K classes in scikit-learn's order; one pair without a meaning for regression.
pub fn pairs(n_classes: usize) -> Vec<Pair> {
    match n_classes {
        0 | 1 => vec![Pair { positive: 0, negative: 0 }],
        // The decision value of two classes is that of the second.
        2 => vec![Pair { positive: 1, negative: 0 }],
        k => (0..k).flat_map(|a| (a + 1..k).map(move |b| Pair { positive: a, negative: b })).collect(),
    }
}

/// Rows in the solver's order: by class, and as they came within a class.
pub struct Layout {
    /// The row of each place.
    pub order: Vec<u32>,
    /// The place of each row.
    pub place: Vec<u32>,
    /// Places of each class; of all rows for regression.
    pub classes: Vec<Range<usize>>,
    /// y by place.
    pub y: Vec<f64>,
}

impl Layout {
    pub fn new(y: &[f64], n_classes: usize) -> Self {
        let mut order: Vec<u32> = (0..y.len() as u32).collect();
        let mut classes: Vec<_> = once(0..y.len()).collect();
        if n_classes > 0 {
            order.sort_by_key(|&i| y[i as usize] as usize);
            let count = |k: usize| y.iter().filter(|&&code| code as usize == k).count();
            classes.clear();
            let mut start = 0;
            for k in 0..n_classes {
                let end = start + count(k);
                classes.push(start..end);
                start = end;
            }
        }
        let mut place = vec![0; y.len()];
        order.iter().enumerate().for_each(|(p, &i)| place[i as usize] = p as u32);
        let y = order.iter().map(|&i| y[i as usize]).collect();
        Layout { order, place, classes, y }
    }
}

/// The program of a pair of classes, or of all rows, and where to start. `weights` by place are 0 where a
/// row does not train.
pub fn program(
    machine: Machine,
    layout: &Layout,
    pair: Pair,
    weights: &[f64],
) -> Result<(Problem, Vec<f64>)> {
    let n = layout.order.len();
    match machine {
        Machine::Penalised { c } => {
            let problem = two_classes(layout, pair, weights, c, 1.0, false);
            let m = problem.m();
            Ok((problem, vec![0.0; m]))
        }
        Machine::NuClasses { nu } => {
            let problem = two_classes(layout, pair, weights, 1.0, 0.0, true);
            let mut b = vec![0.0; problem.m()];
            let size = |v: &Range<usize>| v.clone().map(|v| problem.hi[v] - problem.lo[v]).sum::<f64>();
            let sizes: Vec<f64> = problem.variables().map(|v| size(&v)).collect();
            let sum = nu * sizes.iter().sum::<f64>() / 2.0;
            // LIBSVM refuses the same, up to rounding.
            if sizes.iter().all(|&size| size > 0.0) && sizes.iter().any(|size| sum > size * (1.0 + 1e-12)) {
                return Err(Error::invalid("specified nu is infeasible: one class has too little weight"));
            }
            problem.variables().for_each(|v| problem.fill(v, sum, &mut b));
            Ok((problem, b))
        }
        Machine::Insensitive { c, epsilon } => {
            let hi: Vec<f64> = weights.iter().map(|w| c * w).collect();
            let lo = hi.iter().map(|hi| -hi).collect();
            let blocks = once(0..n).collect();
            let (target, centre) = centred(&layout.y, weights);
            let problem = Problem { blocks, grouped: false, target, centre, lo, hi, epsilon };
            Ok((problem, vec![0.0; n]))
        }
        Machine::NuNumbers { c, nu } => {
            let size: Vec<f64> = weights.iter().map(|w| c * w).collect();
            let hi = [&size[..], &vec![0.0; n]].concat();
            let lo = vec![0.0; n].into_iter().chain(size.iter().map(|s| -s)).collect();
            let (target, centre) = centred(&layout.y, weights);
            let target = [&target[..], &target].concat();
            let blocks = vec![0..n, 0..n];
            let problem = Problem { blocks, grouped: true, target, centre, lo, hi, epsilon: 0.0 };
            let sum = nu * size.iter().sum::<f64>() / 2.0;
            let mut b = vec![0.0; 2 * n];
            problem.variables().for_each(|v| problem.fill(v, sum, &mut b));
            Ok((problem, b))
        }
        Machine::OneClass { nu } => {
            let (lo, hi, target) = (vec![0.0; n], weights.to_vec(), vec![0.0; n]);
            let blocks = once(0..n).collect();
            let problem = Problem { blocks, grouped: false, target, centre: 0.0, lo, hi, epsilon: 0.0 };
            let mut b = vec![0.0; n];
            problem.fill(0..n, nu * weights.iter().sum::<f64>(), &mut b);
            Ok((problem, b))
        }
    }
}

/// y less its mean over the rows that train, and that mean.
fn centred(y: &[f64], weights: &[f64]) -> (Vec<f64>, f64) {
    let train = || y.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let mean = train().map(|(y, _)| y).sum::<f64>() / train().count() as f64;
    // The sum of very large targets is not finite.
    let centre = if mean.is_finite() { mean } else { 0.0 };
    (y.iter().map(|y| y - centre).collect(), centre)
}

/// Blocks are in the order of the classes.
fn two_classes(layout: &Layout, pair: Pair, weights: &[f64], c: f64, target: f64, grouped: bool) -> Problem {
    let first = pair.positive.min(pair.negative);
    let second = pair.positive.max(pair.negative);
    let blocks: Vec<_> = [first, second].iter().map(|&k| layout.classes[k].clone()).collect();
    let none = Vec::new;
    let mut problem =
        Problem { blocks, grouped, target: none(), centre: 0.0, lo: none(), hi: none(), epsilon: 0.0 };
    for class in [first, second] {
        let sign = if class == pair.positive { 1.0 } else { -1.0 };
        for place in layout.classes[class].clone() {
            let size = sign * c * weights[place];
            problem.target.push(sign * target);
            problem.lo.push(size.min(0.0));
            problem.hi.push(size.max(0.0));
        }
    }
    // One contiguous block is quicker to go through than two.
    if !grouped && problem.blocks[0].end == problem.blocks[1].start {
        problem.blocks = once(problem.blocks[0].start..problem.blocks[1].end).collect();
    }
    problem
}

/// A start at a larger C from the solution at a smaller one: as it is, or stretched, so that what was at its
/// bound is there again; whichever has the smaller objective.
pub fn expand(problem: &Problem, old: &Solution, ratio: f64) -> Point {
    let point = &old.point;
    let (mut linear, mut curve) = (0.0, 0.0);
    for (v, &b) in point.b.iter().enumerate() {
        linear += problem.epsilon * b.abs() - problem.target[v] * b;
        curve += b * (problem.target[v] - point.g[v]);
    }
    let objective = |scale: f64| scale * linear + 0.5 * scale * scale * curve;
    if objective(ratio) > objective(1.0) {
        return point.clone();
    }
    let scale = |(&b, v): (&f64, usize)| (b * ratio).clamp(problem.lo[v], problem.hi[v]);
    let b = point.b.iter().zip(0..).map(scale).collect();
    let g = point.g.iter().zip(&problem.target).map(|(g, t)| t - ratio * (t - g)).collect();
    Point { b, g }
}

/// What a pair of classes, or a regression, learned.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// Signed dual coefficients by place; those that are 0 are left out.
    pub coefficients: Vec<(u32, f64)>,
    pub intercept: f64,
    /// Decision values of the program's rows.
    pub decisions: Vec<f64>,
    pub steps: usize,
    pub violation: f64,
    pub gap: f64,
    /// The dual objective that LIBSVM minimises.
    pub objective: f64,
    pub converged: bool,
    /// Platt's (A, B), or the steps of an isotonic function.
    pub calibrated: Option<super::calibrate::Calibrated>,
}

/// The decision function of a solution: for nu-SVC divided by its margin (Schoelkopf et al., New support
/// vector algorithms, Neural Computation 12, 2000; Chang and Lin 2001).
pub fn learned(machine: Machine, problem: &Problem, solution: &Solution) -> Learned {
    let (o, point) = (&solution.offsets, &solution.point);
    let (mut scale, mut intercept) = (1.0, problem.centre + o[0]);
    match machine {
        Machine::NuClasses { .. } => {
            // The groups are in the order of the classes; the margin is half their distance.
            let margin = (o[1] - o[0]).abs() / 2.0;
            scale = if margin > 0.0 { 1.0 / margin } else { 1.0 };
            intercept = scale * (o[0] + o[1]) / 2.0;
        }
        Machine::NuNumbers { .. } => intercept = problem.centre + (o[0] + o[1]) / 2.0,
        _ => {}
    }
    let mut coefficients: Vec<(u32, f64)> = Vec::new();
    let n = problem.blocks[0].len();
    let doubled = matches!(machine, Machine::NuNumbers { .. });
    for v in 0..if doubled { n } else { problem.m() } {
        let b = if doubled { point.b[v] + point.b[v + n] } else { point.b[v] };
        if b != 0.0 {
            coefficients.push((problem.row(v) as u32, b * scale));
        }
    }
    let decision = |(&t, &g): (&f64, &f64)| (t - g) * scale + intercept;
    Learned {
        coefficients,
        intercept,
        decisions: problem
            .target
            .iter()
            .zip(&point.g)
            .map(decision)
            .take(if doubled { n } else { usize::MAX })
            .collect(),
        steps: solution.steps,
        violation: solution.violation,
        gap: solution.gap * scale * scale,
        objective: solution.objective * scale * scale,
        converged: solution.converged,
        calibrated: None,
    }
}

/// The decision of a pair of which at least one class has no training row: for the other one.
pub fn undecided(problem: &Problem) -> Option<Learned> {
    let up = problem.hi.iter().any(|&hi| hi > 0.0);
    let down = problem.lo.iter().any(|&lo| lo < 0.0);
    if up && down {
        return None;
    }
    let intercept = f64::from(i8::from(up) - i8::from(down));
    Some(Learned {
        intercept,
        decisions: vec![intercept; problem.m()],
        converged: true,
        ..Learned::default()
    })
}
