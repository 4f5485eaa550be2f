use std::collections::BTreeMap;

use super::learner::{Learner, Tools};
use super::model::Network;
use super::pass::Rows;
use super::settings::Settings;
use super::sweep::Networks;
use super::team::Team;
use crate::candidate::{Candidate, Value};
use crate::data::{Data, Fold};
use crate::error::Result;
use crate::matrix::{Floats, Matrix};
use crate::metric::Metric;
use crate::parallel::Control;
use crate::seed::Stream;
use crate::sweep::{Family, Fit, Job, Outcome};

const N: usize = 90;
const D: usize = 7;

/// A problem with classes, labels, or numbers.
pub struct Problem {
    x: Vec<f64>,
    y: Vec<f64>,
    n_outputs: usize,
    n_classes: Vec<usize>,
    weights: Option<Vec<f64>>,
}

impl Problem {
    pub fn new(n_outputs: usize, n_classes: &[usize]) -> Self {
        let mut stream = Stream::new(3);
        let x: Vec<f64> = (0..N * D).map(|_| 2.0 * stream.unit() - 1.0).collect();
        let y = (0..N * n_outputs)
            .map(|at| {
                let row = &x[at / n_outputs * D..][..D];
                let signal = row[at % n_outputs] + row[3] * row[4] + 0.2 * stream.unit();
                match n_classes.get(at % n_outputs) {
                    None => signal.abs(),
                    Some(&k) => ((signal + 1.2) / 2.4 * k as f64).floor().clamp(0.0, k as f64 - 1.0),
                }
            })
            .collect();
        Problem { x, y, n_outputs, n_classes: n_classes.to_vec(), weights: None }
    }

    pub fn data(&self) -> Data<'_, Matrix<'_>> {
        Data {
            x: Matrix::Dense(Floats::F64(&self.x)),
            y: &self.y,
            n: N,
            d: D,
            n_outputs: self.n_outputs,
            n_classes: &self.n_classes,
            sample_weight: self.weights.as_deref(),
        }
    }

    fn loss(&self) -> &'static str {
        if self.n_classes.is_empty() { "squared_error" } else { "log_loss" }
    }
}

pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// A candidate of few epochs, with changes.
pub fn candidate(problem: &Problem, changes: &[(&str, Value)]) -> Candidate {
    let mut values = BTreeMap::from(
        [
            ("dtype", text("float64")),
            ("random_state", Value::Int(5)),
            ("shuffle", Value::Bool(true)),
            ("batch_size", Value::Int(20)),
            ("early_stopping", Value::Bool(false)),
            ("validation_fraction", Value::Float(0.2)),
            ("class_weight", Value::None),
            ("solver", text("adam")),
            ("hidden_layer_sizes", Value::Ints(vec![6, 5])),
            ("activation", text("tanh,tanh")),
            ("loss", text(problem.loss())),
            ("huber_delta", Value::Float(0.3)),
            ("init", text("glorot")),
            ("batch_norm", Value::Bool(false)),
            ("dropout", Value::Float(0.0)),
            ("alpha", Value::Float(0.01)),
            ("momentum", Value::Float(0.9)),
            ("nesterovs_momentum", Value::Bool(true)),
            ("beta_1", Value::Float(0.9)),
            ("beta_2", Value::Float(0.999)),
            ("epsilon", Value::Float(1e-8)),
            ("weight_decay", Value::Float(0.0)),
            ("power_t", Value::Float(0.5)),
            ("step_every", Value::Int(2)),
            ("step_factor", Value::Float(0.5)),
            ("learning_rate", text("constant")),
            ("learning_rate_init", Value::Float(0.01)),
            ("warmup_epochs", Value::Int(0)),
            ("clip_norm", Value::None),
            ("tol", Value::Float(1e-4)),
            ("n_iter_no_change", Value::Int(10)),
            ("keep", text("auto")),
            ("resume", text("no")),
            ("max_fun", Value::Int(15000)),
            ("max_iter", Value::Int(6)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    for (name, value) in changes {
        assert!(values.insert((*name).to_owned(), value.clone()).is_some(), "{name}");
    }
    Candidate(values)
}

fn fit(
    problem: &Problem,
    changes: &[(&str, Value)],
    start: Option<&Network>,
    n_threads: usize,
) -> Result<Network> {
    let (control, candidate) = (Control::new(None), candidate(problem, changes));
    let fit = Networks.fit(problem.data(), &candidate, start, n_threads, &control, &mut |_, _| true);
    fit.map(|(model, _)| model)
}

fn sweep(problem: &Problem, candidates: &[Candidate], n_threads: usize) -> Result<Outcome<Network>> {
    sweep_under(&Control::new(None), problem, candidates, n_threads)
}

fn sweep_under(
    control: &Control,
    problem: &Problem,
    candidates: &[Candidate],
    n_threads: usize,
) -> Result<Outcome<Network>> {
    let rows: Vec<u32> = (0..N as u32).collect();
    let fold = |at: usize| Fold {
        train: [&rows[..at], &rows[at + 20..]].concat(),
        test: rows[at..at + 20].to_vec(),
    };
    let job = Job {
        data: problem.data(),
        folds: &[fold(0), fold(30), fold(70)],
        candidates,
        metrics: &[Metric::Accuracy],
        train_metrics: false,
        keep_models: true,
        keep_predictions: true,
        n_threads,
        unfinished: None,
    };
    Networks.sweep(&job, control, &mut |_, _| true)
}

/// The reported loss and, up to a factor for several numbers, its gradient.
fn objective(problem: &Problem, changes: &[(&str, Value)]) -> Result<f64> {
    let data = problem.data();
    let settings = Settings::parse(&candidate(problem, changes), &data)?;
    let sample = super::sample::Sample::<f64>::new(&data, &settings.shared, &[]);
    let mut learner =
        Learner::<f64>::new(&settings.own, [D, sample.k], 5, None, [1, 1], &Control::new(None))?;
    let mut memory = super::sample::Memory::default();
    let rows: Vec<u32> = (0..70).collect();
    let batch: Rows<'_, f64> = sample.gather(&rows, &mut memory, None);
    let sum = batch.weights.map_or(70.0, |weights| weights.iter().sum());
    let mut worst: f64 = 0.0;
    Team::with(1, |team| {
        let tools = Tools::new(70, Some(team));
        let w = learner.w.clone();
        // Losses of several numbers are reported by number; the slopes are those of their sum.
        let value = |learner: &mut Learner<f64>, w: &[f64]| {
            learner.w.copy_from_slice(w);
            let penalty = learner.penalty(crate::vectors::Vectors::detect()) / sum;
            let loss = learner.objective(&batch, sum, &tools);
            (loss - penalty) * learner.outputs() + penalty
        };
        value(&mut learner, &w);
        let gradient = learner.gradient().to_vec();
        for i in 0..w.len() {
            let mut at = |step: f64| {
                let mut moved = w.clone();
                moved[i] += step;
                value(&mut learner, &moved)
            };
            let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
            worst = worst.max((gradient[i] - numeric).abs());
        }
    });
    Ok(worst)
}

#[test]
fn gradients_are_those_of_the_objective() -> Result<()> {
    let numbers = Problem::new(2, &[]);
    let cases = [
        (&Problem::new(1, &[3]), vec![]),
        (&Problem::new(1, &[2]), vec![]),
        (&Problem::new(3, &[2, 2, 2]), vec![]),
        (&numbers, vec![]),
        (&numbers, vec![("loss", text("huber"))]),
        (&numbers, vec![("loss", text("poisson"))]),
        (&numbers, vec![("dropout", Value::Float(0.3))]),
        (&numbers, vec![("batch_norm", Value::Bool(true))]),
        (&numbers, vec![("batch_norm", Value::Bool(true)), ("dropout", Value::Float(0.2))]),
        (&numbers, vec![("hidden_layer_sizes", Value::Ints(vec![])), ("activation", text(""))]),
    ];
    for (problem, changes) in cases {
        let worst = objective(problem, &changes)?;
        assert!(worst < 1e-8, "{changes:?} of {:?}: {worst}", problem.n_classes);
    }
    for activation in ["identity", "logistic", "relu", "leaky_relu", "elu", "silu", "gelu"] {
        for dropout in [0.0, 0.3] {
            let names = text(&format!("{activation},tanh"));
            let worst = objective(&numbers, &[("activation", names), ("dropout", Value::Float(dropout))])?;
            assert!(worst < 1e-8, "{activation}: {worst}");
        }
    }
    let mut weighted = Problem::new(1, &[3]);
    weighted.weights = Some((0..N).map(|i| (i % 4) as f64).collect());
    assert!(objective(&weighted, &[])? < 1e-8);
    Ok(())
}

/// Candidates of all kinds, some of which share batches.
fn mixed(problem: &Problem) -> Vec<Candidate> {
    let one = |changes: &[(&str, Value)]| candidate(problem, changes);
    vec![
        one(&[]),
        one(&[("max_iter", Value::Int(3))]),
        one(&[("max_iter", Value::Int(9))]),
        one(&[("hidden_layer_sizes", Value::Ints(vec![40, 3])), ("learning_rate_init", Value::Float(0.05))]),
        one(&[("solver", text("sgd")), ("learning_rate", text("adaptive"))]),
        one(&[
            ("solver", text("sgd")),
            ("momentum", Value::Float(0.0)),
            ("learning_rate", text("invscaling")),
        ]),
        one(&[("solver", text("rmsprop")), ("activation", text("relu,gelu"))]),
        one(&[("solver", text("adamw")), ("weight_decay", Value::Float(0.1))]),
        one(&[("learning_rate", text("cosine")), ("warmup_epochs", Value::Int(2))]),
        one(&[("learning_rate", text("cosine")), ("max_iter", Value::Int(4))]),
        one(&[("learning_rate", text("one_cycle")), ("clip_norm", Value::Float(0.1))]),
        one(&[("dropout", Value::Float(0.3)), ("learning_rate", text("step"))]),
        one(&[("batch_norm", Value::Bool(true)), ("init", text("he"))]),
        one(&[("batch_size", Value::None), ("init", text("orthogonal"))]),
        one(&[("early_stopping", Value::Bool(true))]),
        one(&[("early_stopping", Value::Bool(true)), ("max_iter", Value::Int(2))]),
        one(&[("dtype", text("float32"))]),
        one(&[("dtype", text("float32")), ("alpha", Value::Float(1.0)), ("keep", text("best"))]),
        one(&[("solver", text("lbfgs"))]),
        one(&[("solver", text("lbfgs")), ("max_iter", Value::Int(3))]),
        one(&[("class_weight", text("balanced"))]),
        one(&[("learning_rate_init", Value::Float(1e30)), ("dtype", text("float32"))]),
    ]
}

#[test]
fn together_equals_alone() -> Result<()> {
    let problem = Problem::new(1, &[3]);
    let candidates = mixed(&problem);
    let together = sweep(&problem, &candidates, 2)?;
    for (c, candidate) in candidates.iter().enumerate() {
        let alone = sweep(&problem, std::slice::from_ref(candidate), 1)?;
        for (a, b) in alone.evaluations[0].iter().zip(&together.evaluations[c]) {
            let (Some(a), Some(b)) = (a, b) else { panic_of(c) };
            assert_eq!(a.model, b.model, "candidate {c}");
            let bits = |values: &Option<Vec<f64>>| -> Vec<u64> {
                values.iter().flatten().map(|value| value.to_bits()).collect()
            };
            assert_eq!(bits(&a.predictions), bits(&b.predictions), "candidate {c}");
            assert_eq!(a.warning, b.warning);
        }
    }
    Ok(())
}

#[expect(clippy::panic, reason = "a test")]
fn panic_of(candidate: usize) -> ! {
    panic!("candidate {candidate} was not evaluated")
}

#[test]
fn a_diverging_network_is_told_and_the_others_go_on() -> Result<()> {
    let problem = Problem::new(1, &[3]);
    let diverging = [("learning_rate_init", Value::Float(1e30)), ("dtype", text("float32"))];
    let candidates = [candidate(&problem, &diverging), candidate(&problem, &[("dtype", text("float32"))])];
    let outcome = sweep(&problem, &candidates, 1)?;
    for (bad, good) in outcome.evaluations[0].iter().zip(&outcome.evaluations[1]) {
        let told = bad.as_ref().and_then(|bad| bad.warning.clone()).unwrap_or_default();
        assert!(told.contains("lower learning_rate_init"), "{told}");
        assert!(bad.as_ref().is_some_and(|bad| bad.scores[0].is_nan() && bad.model.is_none()));
        assert!(good.as_ref().is_some_and(|good| good.scores[0].is_finite() && good.model.is_some()));
    }
    assert!(fit(&problem, &diverging, None, 1).is_err());
    Ok(())
}

#[test]
fn threads_leave_no_trace() -> Result<()> {
    let problem = Problem::new(1, &[3]);
    // Large enough for threads to share a step.
    for changes in [vec![], vec![("dropout", Value::Float(0.2))], vec![("clip_norm", Value::Float(0.1))]] {
        let wide = [
            ("hidden_layer_sizes", Value::Ints(vec![300, 150])),
            ("batch_size", Value::Int(90)),
            ("max_iter", Value::Int(3)),
        ];
        let changes = [&wide[..], &changes].concat();
        assert_eq!(fit(&problem, &changes, None, 1)?, fit(&problem, &changes, None, 3)?);
    }
    Ok(())
}

#[test]
fn training_goes_on_where_it_stopped() -> Result<()> {
    let problem = Problem::new(1, &[2]);
    let changes = |epochs: i64, resume: &str| [("max_iter", Value::Int(epochs)), ("resume", text(resume))];
    let whole = fit(&problem, &changes(5, "no"), None, 1)?;
    let first = fit(&problem, &changes(2, "no"), None, 1)?;
    let rest = fit(&problem, &changes(3, "all"), Some(&first), 1)?;
    assert_eq!((&rest.parameters, &rest.memory, rest.t), (&whole.parameters, &whole.memory, whole.t));
    assert_eq!(rest.history.losses, whole.history.losses);
    let fresh = fit(&problem, &changes(3, "parameters"), Some(&first), 1)?;
    assert_ne!(fresh.parameters, whole.parameters);
    let wide =
        [("hidden_layer_sizes", Value::Ints(vec![4])), ("activation", text("relu")), ("resume", text("all"))];
    assert!(fit(&problem, &wide, Some(&first), 1).is_err());
    Ok(())
}

#[test]
fn every_solver_learns() -> Result<()> {
    for (problem, best) in [(Problem::new(1, &[3]), 0.2), (Problem::new(2, &[]), 0.04)] {
        for (solver, rate) in
            [("sgd", 0.05), ("adam", 0.01), ("adamw", 0.01), ("rmsprop", 0.01), ("lbfgs", 0.1)]
        {
            let model = fit(
                &problem,
                &[
                    ("solver", text(solver)),
                    ("learning_rate_init", Value::Float(rate)),
                    ("max_iter", Value::Int(200)),
                    ("alpha", Value::Float(0.0)),
                    ("n_iter_no_change", Value::Int(300)),
                ],
                None,
                1,
            )?;
            let last = model.history.losses.last().copied().unwrap_or(f64::NAN);
            assert!(last < best, "{solver}: {last}");
        }
    }
    Ok(())
}

#[test]
fn the_best_epoch_is_kept() -> Result<()> {
    let problem = Problem::new(1, &[2]);
    let changes = |epochs: usize| {
        [
            ("early_stopping", Value::Bool(true)),
            ("max_iter", Value::Int(epochs as i64)),
            ("n_iter_no_change", Value::Int(50)),
            ("learning_rate_init", Value::Float(0.3)),
        ]
    };
    let model = fit(&problem, &changes(40), None, 1)?;
    let (scores, best) = (&model.history.validation_scores, model.history.best_epoch);
    assert!(best < 40 && scores.len() == 40);
    let first = scores.iter().position(|&score| score == model.history.best).map(|at| at + 1);
    assert_eq!(first, Some(best));
    assert_eq!(fit(&problem, &changes(best), None, 1)?.parameters, model.parameters);
    Ok(())
}

/// The learning rate of each batch of plain descent: how far it moves the bias of the last layer, by its slope.
fn rates(problem: &Problem, changes: &[(&str, Value)], start: Option<&Network>) -> Result<Vec<f64>> {
    let data = problem.data();
    let Settings { shared, own, epochs } = Settings::parse(&candidate(problem, changes), &data)?;
    let sample = super::sample::Sample::<f64>::new(&data, &shared, &[]);
    let (size, steps) = (20, N.div_ceil(20));
    let mut learner =
        Learner::<f64>::new(&own, [D, sample.k], 5, start, [steps, epochs], &Control::new(None))?;
    let (mut memory, rows) = (super::sample::Memory::default(), (0..N as u32).collect::<Vec<_>>());
    let mut rates = Vec::new();
    Team::with(1, |team| {
        let tools = Tools::new(size, Some(team));
        for _ in 0..epochs {
            for rows in rows.chunks(size) {
                let before = learner.w.last().copied().unwrap_or(f64::NAN);
                learner.step(&sample.gather(rows, &mut memory, Some(team)), &tools);
                let after = learner.w.last().copied().unwrap_or(f64::NAN);
                rates.push((before - after) / learner.gradient().last().copied().unwrap_or(f64::NAN));
            }
            learner.end_epoch(N, None);
        }
    });
    Ok(rates)
}

#[test]
fn schedules_go_by_the_batches_of_their_run() -> Result<()> {
    let mut problem = Problem::new(1, &[2]);
    for schedule in ["cosine", "one_cycle", "constant"] {
        let changes = [
            ("solver", text("sgd")),
            ("momentum", Value::Float(0.0)),
            ("learning_rate", text(schedule)),
            ("warmup_epochs", Value::Int(1)),
            ("max_iter", Value::Int(3)),
        ];
        problem.weights = None;
        let expected = rates(&problem, &changes, None)?;
        assert_eq!(expected.len(), 15);
        // The second batch of each epoch weighs nothing: no step, and the others have the rates that they had.
        problem.weights = Some((0..N).map(|i| if (20..40).contains(&i) { 0.0 } else { 1.0 }).collect());
        let weighted = rates(&problem, &changes, None)?;
        // A run before this one, of 4 batches an epoch where this one has 5.
        problem.weights = None;
        let earlier = [("batch_size", Value::Int(25)), ("max_iter", Value::Int(1))];
        let earlier = fit(&problem, &[&changes[..2], &earlier].concat(), None, 1)?;
        assert_eq!(earlier.t, 4);
        let later = rates(&problem, &[&changes[..], &[("resume", text("all"))]].concat(), Some(&earlier))?;
        for (i, &rate) in expected.iter().enumerate() {
            let near = |other: f64| (other - rate).abs() < 1e-9;
            assert!(if i % 5 == 1 { weighted[i] == 0.0 } else { near(weighted[i]) }, "{schedule}, batch {i}");
            assert!(near(later[i]), "{schedule}, batch {i}");
        }
    }
    Ok(())
}

#[test]
fn a_start_by_another_rule_is_no_best_to_beat() -> Result<()> {
    let problem = Problem::new(1, &[2]);
    let run = |early: bool, start: Option<&Network>| {
        let changes = [
            ("early_stopping", Value::Bool(early)),
            ("resume", text(if start.is_some() { "parameters" } else { "no" })),
            ("keep", text("last")),
        ];
        fit(&problem, &changes, start, 1)
    };
    for early in [false, true] {
        let first = run(early, None)?;
        let same = run(early, Some(&first))?;
        let other = run(!early, Some(&first))?;
        for model in [&first, &same, &other] {
            let history = &model.history;
            let of = if history.validation_scores.is_empty() {
                &history.losses
            } else {
                &history.validation_scores
            };
            assert!(of.contains(&history.best), "{} is none of {of:?}", history.best);
        }
        assert_eq!((same.history.losses.len(), other.history.losses.len()), (12, 12));
        assert_eq!(same.history.validation_scores.len(), if early { 12 } else { 0 });
        assert_eq!(other.history.validation_scores.len(), if early { 0 } else { 6 });
        assert!(other.history.best_epoch > 6);
    }
    Ok(())
}

#[test]
fn a_fold_without_weight_is_refused() {
    let mut problem = Problem::new(1, &[2]);
    // The last fold of `sweep` holds the rows from 70 on out.
    problem.weights = Some((0..N).map(|i| if i < 70 { 0.0 } else { 1.0 }).collect());
    for solver in ["adam", "lbfgs"] {
        let candidates = [candidate(&problem, &[("solver", text(solver))])];
        let refused = sweep(&problem, &candidates, 1).map(|_| ()).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|told| told.contains("weights are zero")), "{solver}");
    }
}

#[test]
fn a_mean_that_never_moves_is_refused() {
    let problem = Problem::new(1, &[2]);
    for name in ["beta_1", "beta_2"] {
        let refused = fit(&problem, &[(name, Value::Float(1.0))], None, 1).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|told| told.contains(&format!("{name} must be a number in [0, 1)"))));
    }
}

#[test]
fn a_deadline_ends_a_slow_start_without_an_error() -> Result<()> {
    let problem = Problem::new(1, &[2]);
    let wide = Value::Ints(vec![3000, 3000]);
    let candidates = [candidate(&problem, &[("hidden_layer_sizes", wide), ("init", text("orthogonal"))])];
    let soon = Control::new(Some(std::time::Duration::from_millis(50)));
    let outcome = sweep_under(&soon, &problem, &candidates, 1)?;
    assert!(outcome.evaluations[0].iter().all(Option::is_none));
    Ok(())
}
