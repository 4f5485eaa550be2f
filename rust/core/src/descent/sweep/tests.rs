use super::*;
use crate::candidate::Value;
use crate::matrix::Floats;
use crate::metric::Metric;
use crate::seed::Stream;

/// n rows of d numbers, targets by a plane with noise: numbers, or K classes of about equal size.
struct Problem {
    x: Vec<f64>,
    y: Vec<f64>,
    weights: Vec<f64>,
    n_classes: Vec<usize>,
    d: usize,
}

impl Problem {
    fn new(n: usize, d: usize, k: usize) -> Self {
        let mut draw = Stream::new(77).child(n as u64).child(d as u64);
        let x: Vec<f64> = (0..n * d).map(|_| 2.0 * draw.unit() - 1.0).collect();
        let slope: Vec<f64> = (0..d).map(|_| 2.0 * draw.unit() - 1.0).collect();
        let score = |row: &[f64]| row.iter().zip(&slope).map(|(x, b)| x * b).sum::<f64>();
        let scores: Vec<f64> = x.chunks_exact(d).map(|row| score(row) + 0.1 * draw.unit()).collect();
        let y = match k {
            0 => scores,
            _ => {
                let mut order: Vec<usize> = (0..n).collect();
                order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
                let mut y = vec![0.0; n];
                order.iter().enumerate().for_each(|(rank, &i)| y[i] = (rank * k / n) as f64);
                y
            }
        };
        let weights = (0..n).map(|_| (3.0 * draw.unit()).floor()).collect();
        Problem { x, y, weights, n_classes: if k > 0 { vec![k] } else { Vec::new() }, d }
    }

    fn data(&self, weighted: bool) -> Data<'_, Matrix<'_>> {
        Data {
            x: Matrix::Dense(Floats::F64(&self.x)),
            y: &self.y,
            n: self.y.len(),
            d: self.d,
            n_outputs: 1,
            n_classes: &self.n_classes,
            sample_weight: weighted.then_some(&self.weights),
        }
    }

    fn folds(&self) -> Vec<Fold> {
        let all = 0..self.y.len() as u32;
        let part = |f: u32| {
            let (test, train) = all.clone().partition(|i| i % 3 == f);
            Fold { train, test }
        };
        (0..3).map(part).collect()
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// scikit-learn's defaults, but few epochs.
fn candidate(classification: bool, changes: &[(&str, Value)]) -> Candidate {
    let mut values = std::collections::BTreeMap::from(
        [
            ("loss", text(if classification { "hinge" } else { "squared_error" })),
            ("penalty", text("l2")),
            ("alpha", Value::Float(1e-4)),
            ("l1_ratio", Value::Float(0.15)),
            ("fit_intercept", Value::Bool(true)),
            ("max_iter", Value::Int(4)),
            ("tol", Value::None),
            ("shuffle", Value::Bool(true)),
            ("epsilon", Value::Float(0.1)),
            ("random_state", Value::Int(3)),
            ("learning_rate", text("constant")),
            ("eta0", Value::Float(0.01)),
            ("power_t", Value::Float(0.25)),
            ("early_stopping", Value::Bool(false)),
            ("validation_fraction", Value::Float(0.2)),
            ("n_iter_no_change", Value::Int(2)),
            ("average", Value::Bool(false)),
            ("batch_size", Value::Int(8)),
            ("optimizer", text("sgd")),
            ("momentum", Value::Float(0.0)),
            ("nesterovs_momentum", Value::Bool(false)),
            ("beta_1", Value::Float(0.9)),
            ("beta_2", Value::Float(0.999)),
            ("adam_epsilon", Value::Float(1e-8)),
            ("weight_decay", Value::Float(0.01)),
            ("clip_norm", Value::None),
            ("warmup_epochs", Value::Int(0)),
            ("step_every", Value::Int(2)),
            ("step_factor", Value::Float(0.5)),
            ("resume", Value::Bool(false)),
            ("class_weight", Value::None),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    values.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Candidate(values)
}

fn fit(data: Data<'_, Matrix<'_>>, candidate: &Candidate) -> (LinearModel, Option<String>) {
    Descents.fit(data, candidate, None, 1, &Control::new(None), &mut |_, _| true).expect("a legal fit")
}

/// Candidates that differ in many ways, several of them sharing batches.
fn candidates(classification: bool) -> Vec<Candidate> {
    let mut out = Vec::new();
    let losses: &[&str] = match classification {
        true => &["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"],
        false => &["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"],
    };
    let mut draw = Stream::new(5);
    for i in 0..40 {
        let mut pick = |names: &[&str]| text(names[draw.below(names.len() as u32) as usize]);
        let mut changes = vec![
            ("loss", if i % 2 == 0 { text(losses[0]) } else { pick(losses) }),
            ("penalty", pick(&["l2", "l1", "elasticnet"])),
            ("learning_rate", pick(&["constant", "optimal", "invscaling", "adaptive", "cosine", "step"])),
            ("optimizer", pick(&["sgd", "sgd", "adam", "adamw"])),
        ];
        changes.push(("alpha", Value::Float(10f64.powf(-4.0 * draw.unit()))));
        changes.push(("eta0", Value::Float(10f64.powf(-4.0 * draw.unit()))));
        changes.push(("momentum", Value::Float([0.0, 0.0, 0.9][draw.below(3) as usize])));
        changes.push(("nesterovs_momentum", Value::Bool(draw.below(2) == 1)));
        changes.push(("max_iter", Value::Int(1 + i64::from(draw.below(9)))));
        changes.push(("batch_size", Value::Int([1, 1, 7, 1000][draw.below(4) as usize])));
        changes.push(("tol", if draw.below(2) == 1 { Value::None } else { Value::Float(1e-3) }));
        changes.push(("early_stopping", Value::Bool(draw.below(4) == 0)));
        changes.push(("average", Value::Int([0, 0, 1, 20][draw.below(4) as usize])));
        changes.push(("clip_norm", if draw.below(3) == 0 { Value::Float(0.1) } else { Value::None }));
        changes.push(("warmup_epochs", Value::Int([0, 0, 2][draw.below(3) as usize])));
        changes.push(("fit_intercept", Value::Bool(draw.below(4) > 0)));
        out.push(candidate(classification, &changes));
    }
    // One diverges beside others that do not.
    let wild = if classification { "squared_hinge" } else { "squared_error" };
    out.push(candidate(classification, &[("eta0", Value::Float(50.0)), ("loss", text(wild))]));
    out.push(candidate(classification, &[("eta0", Value::Float(0.02)), ("loss", text(wild))]));
    out
}

#[test]
fn together_equals_alone() {
    for (n, d, k) in [(91, 7, 0), (83, 19, 2), (95, 5, 4)] {
        let problem = Problem::new(n, d, k);
        let (folds, candidates) = (problem.folds(), candidates(k > 0));
        for weighted in [false, true] {
            let sweep = |n_threads| {
                let job = Job {
                    data: problem.data(weighted),
                    folds: &folds,
                    candidates: &candidates,
                    metrics: if k > 0 { &[Metric::Accuracy] } else { &[Metric::R2] },
                    train_metrics: true,
                    keep_models: true,
                    keep_predictions: true,
                    n_threads,
                    unfinished: None,
                };
                Descents.sweep(&job, &Control::new(None), &mut |_, _| true).expect("a legal sweep")
            };
            let outcome = sweep(3);
            let again = sweep(1);
            for (c, candidate) in candidates.iter().enumerate() {
                for (f, fold) in folds.iter().enumerate() {
                    let together = outcome.evaluations[c][f].as_ref().expect("an evaluation");
                    let serial = again.evaluations[c][f].as_ref().expect("an evaluation");
                    assert_eq!(together.predictions, serial.predictions);
                    // Alone: the fold's training rows as a data set of their own.
                    let rows = |of: &[f64], width: usize| -> Vec<f64> {
                        fold.train.iter().flat_map(|&i| &of[i as usize * width..][..width]).copied().collect()
                    };
                    let (x, y, weights) =
                        (rows(&problem.x, d), rows(&problem.y, 1), rows(&problem.weights, 1));
                    let data = Data {
                        x: Matrix::Dense(Floats::F64(&x)),
                        y: &y,
                        n: fold.train.len(),
                        sample_weight: weighted.then_some(&weights),
                        ..problem.data(weighted)
                    };
                    let (alone, warning) = fit(data, candidate);
                    assert_eq!(together.model.as_ref(), Some(&alone), "candidate {c}: {candidate:?}");
                    assert_eq!(together.warning, warning);
                    assert!(alone.check().is_ok());
                }
            }
        }
    }
}

/// Descent by a single row at a time, written once more as its textbook has it.
#[test]
fn single_rows_follow_a_hand_written_loop() {
    let problem = Problem::new(60, 9, 0);
    let data = problem.data(false);
    let changes =
        [("batch_size", Value::Int(1)), ("shuffle", Value::Bool(false)), ("alpha", Value::Float(0.1))];
    let (model, _) = fit(data, &candidate(false, &changes));
    let (mut w, mut b) = ([0.0; 9], 0.0);
    for _ in 0..4 {
        for (row, y) in problem.x.chunks_exact(9).zip(&problem.y) {
            let z: f64 = b + row.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>();
            w.iter_mut().zip(row).for_each(|(w, x)| *w -= 0.01 * ((z - y) * x + 0.1 * *w));
            b -= 0.01 * (z - y);
        }
    }
    for (got, expected) in model.coef.iter().zip(w) {
        assert!((got - expected).abs() < 1e-13, "{got} is not {expected}");
    }
    assert!((model.intercept[0] - b).abs() < 1e-13);
}

/// Half of the entries set to zero: dense, and as sparse rows (starts, columns, values).
fn thinned(problem: &mut Problem) -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let mut draw = Stream::new(9);
    problem.x.iter_mut().for_each(|x| *x = if draw.unit() < 0.5 { 0.0 } else { *x });
    let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in problem.x.chunks_exact(problem.d) {
        for (j, &x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            columns.push(j as i32);
            values.push(x);
        }
        starts.push(values.len() as i64);
    }
    (starts, columns, values)
}

#[test]
fn sparse_rows_give_what_dense_rows_give() {
    for k in [0, 2, 3] {
        let mut problem = Problem::new(70, 9, k);
        let (starts, columns, values) = thinned(&mut problem);
        let x = Matrix::Sparse { starts: &starts, columns: &columns, values: Floats::F64(&values) };
        for (c, candidate) in candidates(k > 0).iter().enumerate() {
            let (dense, _) = fit(problem.data(true), candidate);
            let (sparse, _) = fit(Data { x, ..problem.data(true) }, candidate);
            let size = dense.coef.iter().fold(1.0, |most: f64, w| most.max(w.abs()));
            // What diverges, or nearly so, multiplies the last bits.
            if size < 1e3 {
                for (a, b) in dense.coef.iter().zip(&sparse.coef) {
                    assert!((a - b).abs() < 1e-6 * size, "candidate {c}: {a}, {b}, {candidate:?}");
                }
            }
        }
    }
}

#[test]
fn sparse_together_equals_alone() {
    let mut problem = Problem::new(70, 9, 3);
    let (starts, columns, values) = thinned(&mut problem);
    let x = Matrix::Sparse { starts: &starts, columns: &columns, values: Floats::F64(&values) };
    let data = Data { x, ..problem.data(true) };
    let (whole, candidates) = (vec![Fold::whole(70)], candidates(true));
    let job = Job {
        data,
        folds: &whole,
        candidates: &candidates,
        metrics: &[],
        train_metrics: false,
        keep_models: true,
        keep_predictions: false,
        n_threads: 2,
        unfinished: None,
    };
    let outcome = Descents.sweep(&job, &Control::new(None), &mut |_, _| true).expect("a legal sweep");
    for (candidate, evaluations) in candidates.iter().zip(&outcome.evaluations) {
        let together = evaluations[0].as_ref().and_then(|e| e.model.clone());
        assert_eq!(together, Some(fit(data, candidate).0), "{candidate:?}");
    }
}

#[test]
fn passes_in_parts_are_a_whole_fit() {
    let problem = Problem::new(50, 6, 3);
    for changes in [
        vec![],
        vec![("optimizer", text("adam")), ("average", Value::Int(10))],
        vec![("momentum", Value::Float(0.9)), ("learning_rate", text("invscaling"))],
    ] {
        let (whole, _) = fit(problem.data(true), &candidate(true, &changes));
        let once = [("max_iter", Value::Int(1)), ("resume", Value::Bool(true))];
        let one = candidate(true, &[&changes[..], &once].concat());
        let mut parts: Option<LinearModel> = None;
        for _ in 0..4 {
            let control = Control::new(None);
            let next = Descents.fit(problem.data(true), &one, parts.as_ref(), 1, &control, &mut |_, _| true);
            parts = Some(next.expect("a legal fit").0);
        }
        let parts = parts.expect("four passes");
        assert_eq!((&parts.coef, &parts.intercept), (&whole.coef, &whole.intercept));
        assert_eq!(parts.facts["t"], whole.facts["t"]);
    }
}

#[test]
fn optima_meet_their_conditions() {
    // Least squares with an elastic net: the subgradient is zero at the end.
    let problem = Problem::new(80, 6, 0);
    for optimizer in ["sgd", "adam"] {
        for momentum in [0.0, 0.9] {
            let changes = [
                ("penalty", text("elasticnet")),
                ("alpha", Value::Float(0.4)),
                ("l1_ratio", Value::Float(0.5)),
                ("batch_size", Value::Int(80)),
                ("max_iter", Value::Int(4000)),
                ("eta0", Value::Float(0.05)),
                ("learning_rate", text("cosine")),
                ("optimizer", text(optimizer)),
                ("momentum", Value::Float(momentum)),
            ];
            let (model, warning) = fit(problem.data(false), &candidate(false, &changes));
            assert_eq!(warning, None);
            let mut gradient = [0.0; 7];
            for (row, y) in problem.x.chunks_exact(6).zip(&problem.y) {
                let r = model.intercept[0] - y + row.iter().zip(&model.coef).map(|(x, w)| x * w).sum::<f64>();
                row.iter().chain(&[1.0]).zip(&mut gradient).for_each(|(x, g)| *g += r * x / 80.0);
            }
            assert!(gradient[6].abs() < 1e-6, "{optimizer}, {momentum}: {gradient:?}");
            assert!(model.coef.contains(&0.0), "{:?}", model.coef);
            for (&w, g) in model.coef.iter().zip(gradient) {
                let g = g + 0.2 * w;
                let gap = if w == 0.0 { (g.abs() - 0.2).max(0.0) } else { (g + 0.2 * w.signum()).abs() };
                assert!(gap < 1e-6, "{optimizer}, momentum {momentum}: subgradient {gap} at {w}");
            }
        }
    }
}

#[test]
fn divergence_says_what_to_try() {
    let problem = Problem::new(80, 6, 0);
    let changes = [("eta0", Value::Float(100.0)), ("max_iter", Value::Int(50))];
    let (model, warning) = fit(problem.data(false), &candidate(false, &changes));
    let warning = warning.expect("a warning");
    assert!(warning.contains("learning rate of 100") && warning.contains("eta0"), "{warning}");
    assert!(model.check().is_ok() && model.facts["n_iter"][0] < 50.0);
}

#[test]
fn progress_is_complete_where_columns_end_early() {
    let problem = Problem::new(60, 4, 3);
    let changes = |epochs| [("tol", Value::Float(1e3)), ("max_iter", Value::Int(epochs))];
    let candidates = [candidate(true, &changes(50)), candidate(true, &changes(70))];
    let (mut last, folds) = ((0, 1), problem.folds());
    let job = Job {
        data: problem.data(false),
        folds: &folds,
        candidates: &candidates,
        metrics: &[Metric::Accuracy],
        train_metrics: false,
        keep_models: false,
        keep_predictions: false,
        n_threads: 2,
        unfinished: None,
    };
    let mut watcher = |done, total| {
        last = (done, total);
        true
    };
    Descents.sweep(&job, &Control::new(None), &mut watcher).expect("a legal sweep");
    assert_eq!(last, (3 * 70, 3 * 70));
}

#[test]
fn a_deadline_ends_epochs_of_few_rows() {
    let problem = Problem::new(60, 4, 0);
    let (folds, candidates) = (problem.folds(), [candidate(false, &[("max_iter", Value::Int(1 << 40))])]);
    let job = Job {
        data: problem.data(false),
        folds: &folds,
        candidates: &candidates,
        metrics: &[Metric::R2],
        train_metrics: false,
        keep_models: false,
        keep_predictions: false,
        n_threads: 1,
        unfinished: None,
    };
    let soon = Control::new(Some(std::time::Duration::from_millis(50)));
    let outcome = Descents.sweep(&job, &soon, &mut |_, _| true).expect("a legal sweep");
    assert!(outcome.evaluations[0].iter().all(Option::is_none));
}

#[test]
fn divergence_in_the_first_epoch_leaves_no_score() {
    for k in [0, 2, 3] {
        let mut problem = Problem::new(80, 6, k);
        problem.x.iter_mut().for_each(|x| *x *= 1e6);
        let loss = if k > 0 { "squared_hinge" } else { "squared_error" };
        let changes =
            [("eta0", Value::Float(1.0)), ("loss", text(loss)), ("early_stopping", Value::Bool(true))];
        let (model, warning) = fit(problem.data(false), &candidate(k > 0, &changes));
        assert!(warning.is_some_and(|text| text.contains("diverged in epoch 1")));
        assert!(model.check().is_ok() && model.facts["validation_curve"][0].is_nan());
    }
}

#[test]
fn badly_scaled_columns_are_named() {
    let mut problem = Problem::new(80, 6, 0);
    problem.x.iter_mut().skip(4).step_by(6).for_each(|x| *x *= 1000.0);
    let (_, warning) = fit(problem.data(false), &candidate(false, &[("tol", Value::Float(1e-3))]));
    assert!(warning.is_some_and(|text| text.contains("Column 4 (from 0)")));
}

#[test]
fn single_precision_is_near_double() {
    let problem = Problem::new(80, 6, 2);
    let single: Vec<f32> = problem.x.iter().map(|&x| x as f32).collect();
    let rounded: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    let run = |x| fit(Data { x: Matrix::Dense(x), ..problem.data(false) }, &candidate(true, &[])).0;
    let (single, double) = (run(Floats::F32(&single)), run(Floats::F64(&rounded)));
    for (a, b) in single.coef.iter().zip(&double.coef) {
        assert!((a - b).abs() < 1e-5);
    }
}
