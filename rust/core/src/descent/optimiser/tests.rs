use super::*;

const GRADIENTS: [f64; 5] = [0.3, -0.8, 0.5, 0.1, -0.2];

fn rule(optimiser: Optimiser) -> Rule {
    Rule { optimiser, momentum: 0.9, beta_1: 0.8, beta_2: 0.95, epsilon: 1e-3, weight_decay: 0.0 }
}

/// The trajectory from w = 0.4 along the gradients, in every lane of rows of `lanes`.
fn trajectory(rule: &Rule, penalty: Penalty, eta: f64, lanes: usize, vectors: Vectors) -> Vec<f64> {
    let n = 2 * lanes + 1; // The last row is short.
    let mut w = vec![0.4; n];
    let (mut first, mut second) = (vec![0.0; n], vec![0.0; n]);
    let mut pace = Pace::new(lanes);
    (1..)
        .zip(GRADIENTS)
        .map(|(t, gradient)| {
            pace.set_all(rule, penalty, eta, t);
            let gradient = vec![gradient; n];
            let block = Block { w: &mut w, gradient: &gradient, first: &mut first, second: &mut second };
            step(rule.optimiser, &pace, block, vectors);
            assert!(w.iter().all(|value| *value == w[0]));
            w[0]
        })
        .collect()
}

fn near(got: &[f64], expected: &[f64]) {
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
    }
}

fn run(rule: &Rule, penalty: Penalty, eta: f64) -> Vec<f64> {
    let one = trajectory(rule, penalty, eta, 1, Vectors::Baseline);
    for lanes in [1, 3, 8, 17] {
        assert_eq!(trajectory(rule, penalty, eta, lanes, Vectors::detect()), one);
    }
    one
}

#[test]
fn plain_descends() {
    let penalty = Penalty { l1: 0.0, l2: 0.5 };
    let mut w = 0.4;
    let expected = GRADIENTS.map(|g| {
        w -= 0.1 * (g + 0.5 * w);
        w
    });
    near(&run(&rule(Optimiser::Plain), penalty, 0.1), &expected);
    // A penalty takes a coefficient to zero at most, and no further.
    near(&run(&rule(Optimiser::Plain), Penalty { l1: 0.0, l2: 30.0 }, 0.1)[..1], &[-0.1 * 0.3]);
}

#[test]
fn heavy_ball_is_polyaks() {
    let (mut w, mut v) = (0.4, 0.0);
    let expected = GRADIENTS.map(|g| {
        v = 0.9 * v - 0.1 * (g + 0.5 * w);
        w += v;
        w
    });
    near(&run(&rule(Optimiser::HeavyBall), Penalty { l1: 0.0, l2: 0.5 }, 0.1), &expected);
}

#[test]
fn nesterov_looks_ahead() {
    // In two sequences: x descends from y, y is x and a bit further.
    let (mut x, mut y) = (0.4, 0.4);
    let expected = GRADIENTS.map(|g| {
        let new = y - 0.1 * (g + 0.5 * y);
        y = new + 0.9 * (new - x);
        x = new;
        y
    });
    near(&run(&rule(Optimiser::Nesterov), Penalty { l1: 0.0, l2: 0.5 }, 0.1), &expected);
}

#[test]
fn adam_is_kingmas_and_bas() {
    let rule = Rule { weight_decay: 0.2, ..rule(Optimiser::Adam) };
    let (mut w, mut m, mut s) = (0.4f64, 0.0f64, 0.0f64);
    let mut t = 0;
    let expected = GRADIENTS.map(|g| {
        t += 1;
        let h = g + 0.5 * w;
        m = 0.8 * m + 0.2 * h;
        s = 0.95 * s + 0.05 * h * h;
        let rate = 0.1 * (1.0 - 0.95f64.powi(t)).sqrt() / (1.0 - 0.8f64.powi(t));
        w = (1.0 - 0.1 * 0.2) * w - rate * m / (s.sqrt() + 1e-3);
        w
    });
    near(&run(&rule, Penalty { l1: 0.0, l2: 0.5 }, 0.1), &expected);
}

/// min (w - 1)^2 / 2 + P(w) has the optimum (1 - l1) / (1 + l2), or 0 for l1 >= 1.
#[test]
fn every_optimiser_ends_at_the_penalised_optimum() {
    for optimiser in [Optimiser::Plain, Optimiser::HeavyBall, Optimiser::Nesterov, Optimiser::Adam] {
        for (l1, l2) in [(0.0, 0.0), (0.3, 0.0), (0.3, 0.7), (1.2, 0.1)] {
            let (mut w, mut first, mut second) = ([0.2f64], [0.0], [0.0]);
            let mut pace = Pace::new(1);
            for t in 1..20_000 {
                let eta = 0.05 / (1.0 + t as f64 / 100.0);
                pace.set_all(&rule(optimiser), Penalty { l1, l2 }, eta, t);
                let gradient = [w[0] - 1.0];
                let block = Block { w: &mut w, gradient: &gradient, first: &mut first, second: &mut second };
                step(optimiser, &pace, block, Vectors::detect());
            }
            let optimum = f64::max(1.0 - l1, 0.0) / (1.0 + l2);
            assert!((w[0] - optimum).abs() < 1e-6, "{optimiser:?}, l1 {l1}, l2 {l2}: {}", w[0]);
        }
    }
}

#[test]
fn averages_are_means() {
    let mut mean = vec![0.0; 5];
    for t in 1..=4u32 {
        let w = vec![f64::from(t); 5];
        average(&[1.0 / f64::from(t), 0.0], &w, &mut mean, Vectors::detect());
    }
    near(&mean, &[2.5, 0.0, 2.5, 0.0, 2.5]);
}

#[test]
fn clipping_keeps_the_direction() {
    let (mut a, mut b) = (vec![3.0, 3.0, 0.0, 0.0], vec![4.0, 4.0]);
    clip(&[1.0, 100.0], &mut [&mut a, &mut b], Vectors::detect());
    near(&a, &[0.6, 3.0, 0.0, 0.0]);
    near(&b, &[0.8, 4.0]);
}

#[test]
fn single_precision_follows_double() {
    let mut pace = Pace::<f32>::new(2);
    pace.set_all(&rule(Optimiser::Adam), Penalty { l1: 0.1, l2: 0.1 }, 0.1, 1);
    let (mut w, mut first, mut second) = ([0.4f32; 2], [0.0; 2], [0.0; 2]);
    let block = Block { w: &mut w, gradient: &[0.3; 2], first: &mut first, second: &mut second };
    step(Optimiser::Adam, &pace, block, Vectors::detect());
    let double = trajectory(&rule(Optimiser::Adam), Penalty { l1: 0.1, l2: 0.1 }, 0.1, 1, Vectors::Baseline);
    assert!((w[0].to_f64() - double[0]).abs() < 1e-6);
}
