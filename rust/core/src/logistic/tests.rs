//! The laws of the solvers: gradients by differences, optimality, together equals alone, threads.

use std::collections::BTreeMap;

use super::curvature::{Part, Request, curvatures};
use super::objective::Objective;
use super::pass::{Query, values};
use super::sample::Sample;
use super::settings::Settings;
use super::solve::{Solution, solve};
use super::sweep::Logistic;
use super::workers::Workers;
use crate::candidate::{Candidate, Value};
use crate::class_weight::ClassWeight;
use crate::data::{Data, Fold};
use crate::matrix::{Floats, Matrix};
use crate::metric::Metric;
use crate::parallel::Control;
use crate::seed::Stream;
use crate::sweep::{Family, Job};

/// Rows around a plane for each class.
struct Problem {
    x: Vec<f64>,
    y: Vec<f64>,
    weight: Vec<f64>,
    d: usize,
    n_classes: Vec<usize>,
    sparse: Option<(Vec<i64>, Vec<i32>, Vec<f64>)>,
}

impl Problem {
    fn new(n: usize, d: usize, k: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed);
        let mut normal =
            || (0..12).map(|_| stream.below(1 << 20) as f64 / (1 << 20) as f64).sum::<f64>() - 6.0;
        let x: Vec<f64> = (0..n * d).map(|i| normal() * (1.0 + (i % d) as f64) + (i % 3) as f64).collect();
        let w: Vec<f64> = (0..k * d).map(|_| normal() / (d as f64).sqrt()).collect();
        let y = x.chunks_exact(d).map(|x| {
            let score = |c: usize| x.iter().zip(&w[c * d..]).map(|(x, w)| x * w).sum::<f64>();
            let noisy: Vec<f64> = (0..k).map(|c| score(c) + 3.0 * normal()).collect();
            (0..k).max_by(|&a, &b| noisy[a].total_cmp(&noisy[b])).unwrap_or(0) as f64
        });
        let y = y.collect();
        let weight = (0..n).map(|_| normal().abs()).collect();
        Problem { x, y, weight, d, n_classes: vec![k], sparse: None }
    }

    /// The same with most numbers gone, stored sparse.
    fn sparse(mut self) -> Self {
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for (i, row) in self.x.chunks_exact_mut(self.d).enumerate() {
            for (j, x) in row.iter_mut().enumerate() {
                if (i * 7 + j * 13) % 4 == 0 {
                    columns.push(j as i32);
                    values.push(*x);
                } else {
                    *x = 0.0;
                }
            }
            starts.push(columns.len() as i64);
        }
        self.sparse = Some((starts, columns, values));
        self
    }

    fn data(&self) -> Data<'_, Matrix<'_>> {
        let x = match &self.sparse {
            None => Matrix::Dense(Floats::F64(&self.x)),
            Some((starts, columns, values)) => {
                Matrix::Sparse { starts, columns, values: Floats::F64(values) }
            }
        };
        Data {
            x,
            y: &self.y,
            n: self.y.len(),
            d: self.d,
            n_outputs: 1,
            n_classes: &self.n_classes,
            sample_weight: Some(&self.weight),
        }
    }

    fn rows(&self) -> Vec<u32> {
        (0..self.y.len() as u32).collect()
    }
}

fn settings(c: f64, l1_ratio: f64) -> Settings {
    Settings {
        c,
        l1_ratio,
        fit_intercept: true,
        intercept_scaling: None,
        class_weight: ClassWeight::None,
        tol: 1e-9,
        max_iter: 1000,
        warm_start: false,
    }
}

fn solved(problem: &Problem, settings: &[Settings], n_threads: usize) -> Vec<Solution> {
    let (rows, control) = (problem.rows(), Control::new(None));
    let sample = Sample::new(&problem.data(), &rows).expect("a problem");
    solve(&sample, settings, None, Workers { control: &control, n_threads })
        .expect("solved")
        .expect("not stopped")
}

#[test]
fn gradients_and_second_derivatives_are_differences() {
    for (k, sparse) in [(2, false), (2, true), (3, false), (3, true)] {
        let problem = Problem::new(300, 4, k, 1);
        let problem = if sparse { problem.sparse() } else { problem };
        let (rows, control) = (problem.rows(), Control::new(None));
        let workers = Workers { control: &control, n_threads: 1 };
        let sample = Sample::new(&problem.data(), &rows).expect("a problem");
        let class_weight = [0.5, 2.0, 1.0];
        let p = sample.n_parameters();
        let point: Vec<f64> = (0..p).map(|v| (v as f64).cos() / 4.0).collect();
        let value = |point: &[f64]| {
            let query = Query { point, class_weight: &class_weight };
            values(&sample, &[query], workers).expect("values").expect("not stopped").remove(0)
        };
        let derivatives = |part, among| {
            let query = Query { point: &point, class_weight: &class_weight };
            let request = [Request { query, part, among }];
            curvatures(&sample, &request, workers).expect("derivatives").expect("not stopped").remove(0)
        };
        let (here, full) = (value(&point), derivatives(Part::Full, None));
        let (blocks, diagonal) = (derivatives(Part::Blocks, None), derivatives(Part::Diagonal, None));
        let some: Vec<u32> = (0..p as u32).filter(|v| v % 3 != 1).collect();
        let among = derivatives(Part::Full, Some(&some));
        let q = problem.d + 1;
        for v in 0..p {
            let moved = |by: f64| {
                let mut point = point.clone();
                point[v] += by;
                value(&point)
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            let slope = (up.loss - down.loss) / 2e-5;
            assert!((slope - here.gradient[v]).abs() < 1e-4 * (1.0 + slope.abs()), "gradient {v}");
            for u in 0..p {
                let second = (up.gradient[u] - down.gradient[u]) / 2e-5;
                let close = |h: f64| (h - second).abs() < 1e-4 * (1.0 + second.abs());
                assert!(close(full[u * p + v]), "second derivative {u} {v}: {} {second}", full[u * p + v]);
                if u / q == v / q {
                    assert!(close(blocks[(u / q) * q * q + (u % q) * q + v % q]), "block {u} {v}");
                }
                if let (Ok(a), Ok(b)) = (some.binary_search(&(u as u32)), some.binary_search(&(v as u32))) {
                    assert!(close(among[a * some.len() + b]), "among {u} {v}");
                }
            }
            assert!((diagonal[v] - full[v * p + v]).abs() < 1e-9 * (1.0 + diagonal[v]), "diagonal {v}");
        }
    }
}

#[test]
fn the_optimality_condition_holds() {
    for (n, d, k) in [(400, 5, 2), (400, 5, 4), (30_000, 6, 2), (30_000, 6, 3), (60, 300, 2), (60, 120, 3)] {
        for sparse in [false, true] {
            let problem = Problem::new(n, d, k, 2);
            let problem = if sparse { problem.sparse() } else { problem };
            let mut all: Vec<Settings> =
                [(1e-3, 0.0), (1.0, 0.0), (0.01, 1.0), (0.1, 0.5)].map(|(c, r)| settings(c, r)).into();
            all.push(Settings { fit_intercept: false, ..settings(0.5, 0.0) });
            all.push(Settings { class_weight: ClassWeight::Balanced, ..settings(0.1, 0.3) });
            all.push(Settings { intercept_scaling: Some(2.0), ..settings(0.1, 1.0) });
            for (one, solution) in all.iter().zip(solved(&problem, &all, 1)) {
                assert!(
                    solution.converged(),
                    "{n} {d} {k} {one:?}: {:?} {:e}",
                    solution.standing.end,
                    solution.worst
                );
                assert!(solution.worst <= 1e-9, "{one:?}");
                let intercepts: Vec<f64> = solution.standing.point.chunks(d + 1).map(|row| row[d]).collect();
                assert!(one.fit_intercept || intercepts.iter().all(|b| *b == 0.0));
                if one.l1_ratio == 1.0 && d > n {
                    // In general position no more are left than there are residuals.
                    let (point, k) = (&solution.standing.point, solution.standing.point.len() / (d + 1));
                    let kept = point.iter().filter(|x| **x != 0.0).count();
                    let small = point.iter().filter(|x| x.abs() > 1e-10).count();
                    assert!(kept <= (n + 1) * k && kept == small, "L1 leaves columns out: {kept} {small}");
                }
            }
        }
    }
}

#[test]
fn no_point_nearby_is_better() {
    let problem = Problem::new(200, 3, 3, 3);
    let all = [settings(1.0, 0.0), settings(0.2, 0.4), settings(f64::INFINITY, 0.0)];
    let (rows, control) = (problem.rows(), Control::new(None));
    let sample = Sample::new(&problem.data(), &rows).expect("a problem");
    for (one, solution) in all.iter().zip(solved(&problem, &all, 1)) {
        let objective = Objective::new(one, &sample);
        let value = |point: &[f64]| {
            let workers = Workers { control: &control, n_threads: 1 };
            let sums = values(&sample, &[objective.query(point)], workers).expect("values").expect("all");
            objective.smooth(point, sums[0].clone()).loss + objective.l1_norm(point)
        };
        let best = value(&solution.standing.point);
        for v in 0..solution.standing.point.len() {
            for by in [-1e-3, 1e-3] {
                let mut point = solution.standing.point.clone();
                point[v] += by;
                assert!(value(&point) >= best, "{one:?} {v}");
            }
        }
    }
}

#[test]
fn together_is_alone_and_threads_change_nothing() {
    for (n, d, k) in [(300, 7, 2), (300, 7, 3), (40_000, 9, 2)] {
        let problem = Problem::new(n, d, k, 4);
        let mut all: Vec<Settings> = Vec::new();
        for c in [0.01, 1.0, 100.0] {
            all.extend([settings(c, 0.0), settings(c, 0.7)]);
        }
        all.push(Settings { class_weight: ClassWeight::Balanced, tol: 1e-4, ..settings(1.0, 0.0) });
        let together = solved(&problem, &all, 3);
        for (one, solution) in all.iter().zip(together) {
            let alone = solved(&problem, std::slice::from_ref(one), 1).remove(0);
            assert_eq!(alone.standing.point, solution.standing.point, "{one:?}");
            assert_eq!(alone.standing.steps, solution.standing.steps);
        }
    }
}

#[test]
fn a_duplicate_and_a_constant_column_change_no_prediction() {
    let problem = Problem::new(200, 3, 2, 5);
    let mut wide = Problem::new(200, 3, 2, 5);
    wide.d = 5;
    wide.x = problem.x.chunks_exact(3).flat_map(|row| [row[0], row[1], row[2], row[0], 4.0]).collect();
    let one = settings(f64::INFINITY, 0.0);
    let (narrow, wide) = (solved(&problem, std::slice::from_ref(&one), 1), solved(&wide, &[one], 1));
    assert!((narrow[0].standing.value - wide[0].standing.value).abs() < 1e-10);
    assert!(wide[0].converged() && wide[0].standing.point.iter().all(|x| x.is_finite()));
}

#[test]
fn separable_classes_end_finite() {
    let mut problem = Problem::new(100, 2, 2, 6);
    problem.y = problem.x.chunks_exact(2).map(|row| f64::from(row[0] > 0.5)).collect();
    for tol in [1e-4, 1e-8] {
        let one = Settings { tol, max_iter: 100, ..settings(f64::INFINITY, 0.0) };
        let solution = solved(&problem, &[one], 1).remove(0);
        assert!(solution.standing.point.iter().all(|x| x.is_finite()), "{:?}", solution.standing);
    }
}

#[test]
fn balanced_weights_count_the_classes_that_weigh() {
    let mut problem = Problem::new(60, 2, 3, 8);
    problem.weight = problem.y.iter().map(|&y| if y == 1.0 { 0.0 } else { 1.0 + y }).collect();
    let rows = problem.rows();
    let sample = Sample::new(&problem.data(), &rows).expect("a problem");
    let balanced = Settings { class_weight: ClassWeight::Balanced, ..settings(1.0, 0.0) };
    let weights = Objective::new(&balanced, &sample).class_weight;
    let totals = &sample.totals;
    let sum = totals[0] + totals[2];
    assert_eq!(weights, [sum / (2.0 * totals[0]), 0.0, sum / (2.0 * totals[2])]);
    // Two classes that weigh share all of the weight, as if the third were not there.
    assert!((weights[0] * totals[0] - weights[2] * totals[2]).abs() < 1e-12 * sum);
}

fn candidate(c: f64, l1_ratio: f64) -> Candidate {
    let values = [
        ("C", Value::Float(c)),
        ("l1_ratio", Value::Float(l1_ratio)),
        ("fit_intercept", Value::Bool(true)),
        ("intercept_scaling", Value::None),
        ("class_weight", Value::None),
        ("tol", Value::Float(1e-6)),
        ("max_iter", Value::Int(100)),
        ("warm_start", Value::Bool(false)),
    ];
    Candidate(BTreeMap::from(values.map(|(name, value)| (name.to_owned(), value))))
}

#[test]
fn a_class_that_a_fold_lacks_has_probability_zero() {
    let problem = Problem::new(120, 3, 3, 7);
    let without = |class: f64| (0..120u32).filter(|&i| problem.y[i as usize] != class).collect::<Vec<_>>();
    let folds: Vec<Fold> =
        (0..3).map(|class| Fold { train: without(f64::from(class)), test: problem.rows() }).collect();
    let candidates = [candidate(1.0, 0.0), candidate(0.1, 1.0)];
    let job = Job {
        data: problem.data(),
        folds: &folds,
        candidates: &candidates,
        metrics: &[Metric::Accuracy],
        train_metrics: false,
        keep_models: true,
        keep_predictions: true,
        n_threads: 2,
        unfinished: None,
    };
    let outcome = Logistic.sweep(&job, &Control::new(None), &mut |_, _| true).expect("swept");
    for row in &outcome.evaluations {
        for (class, evaluation) in row.iter().enumerate() {
            let evaluation = evaluation.as_ref().expect("done");
            let model = evaluation.model.as_ref().expect("kept");
            model.check().expect("a sound model");
            let predictions = evaluation.predictions.as_ref().expect("kept");
            for p in model.link.values(predictions, 3).chunks_exact(3) {
                assert_eq!(p[class], 0.0);
            }
        }
    }
}
