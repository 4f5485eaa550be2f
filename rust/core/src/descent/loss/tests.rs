use super::*;

const EPSILON: f64 = 0.3;

/// Value and slope of one loss at one score, through the same loops that training uses.
fn at<T: Float + Default>(loss: Loss, z: f64, t: f64, n: usize, vectors: Vectors) -> (f64, f64) {
    let of = |value: f64| vec![T::of_f64(value); n];
    let lanes = Lanes {
        class: of(1.0),
        classes: loss.is_of_margins(),
        positive: of(1.0),
        negative: of(1.0),
        epsilon: of(EPSILON),
        limit: T::of_f64(1e12),
    };
    let y = if loss.is_of_margins() { f64::max(t, 0.0) } else { t };
    let rows = Rows { y: &[T::of_f64(y)], weights: &[T::of_f64(1.0)], divisor: T::of_f64(1.0) };
    let (mut scores, mut sums) = (of(z), Sums::default());
    sums.reset(n);
    slopes(loss, &rows, &lanes, &mut scores, &mut sums, vectors);
    assert!(scores.iter().all(|slope| *slope == scores[0]));
    (sums.loss[0].to_f64(), scores[0].to_f64())
}

fn points() -> impl Iterator<Item = (f64, f64)> {
    let scores = (-80..=80).map(|i| f64::from(i) / 20.0 + 0.0123);
    scores.flat_map(|z| [(z, 1.0), (z, -1.0)])
}

#[test]
fn slopes_are_central_differences() {
    let h = 1e-6;
    for (name, loss) in NAMES {
        assert_eq!(Loss::parse(name), Some(loss));
        for (z, t) in points() {
            let value = |z| at::<f64>(loss, z, t, 1, Vectors::Baseline).0;
            let difference = (value(z + h) - value(z - h)) / (2.0 * h);
            let slope = at::<f64>(loss, z, t, 1, Vectors::Baseline).1;
            assert!(
                (slope - difference).abs() < 1e-8,
                "{name} at z = {z}, t = {t}: {slope}, not {difference}"
            );
        }
    }
}

#[test]
fn values_follow_their_formulas() {
    for (z, t) in points() {
        let (m, r): (f64, f64) = (z * t, z - t);
        let beyond = f64::max(0.0, r.abs() - EPSILON);
        let huber = if r.abs() <= EPSILON { 0.5 * r * r } else { EPSILON * (r.abs() - 0.5 * EPSILON) };
        let modified = if m >= -1.0 { f64::max(0.0, 1.0 - m).powi(2) } else { -4.0 * m };
        let expected = [
            0.5 * r * r,
            huber,
            beyond,
            beyond * beyond,
            (-m).exp().ln_1p(),
            f64::max(0.0, 1.0 - m),
            f64::max(0.0, 1.0 - m).powi(2),
            f64::max(0.0, -m),
            modified,
        ];
        for ((name, loss), expected) in NAMES.into_iter().zip(expected) {
            let value = at::<f64>(loss, z, t, 1, Vectors::Baseline).0;
            assert!((value - expected).abs() < 1e-14 * (1.0 + expected), "{name}: {value}, not {expected}");
        }
    }
}

#[test]
fn every_width_gives_the_same_bits() {
    for (_, loss) in NAMES {
        for (z, t) in points() {
            let one = at::<f64>(loss, z, t, 1, Vectors::Baseline);
            let many = at::<f64>(loss, z, t, 19, Vectors::detect());
            assert_eq!(one, many);
            let single = at::<f32>(loss, z, t, 33, Vectors::detect());
            assert!(
                (single.0 - one.0).abs() < 1e-4 && (single.1 - one.1).abs() < 1e-4,
                "{loss:?} in float32"
            );
        }
    }
}

#[test]
fn weights_and_divisor_scale() {
    let lanes = Lanes {
        class: vec![1.0, 0.0],
        classes: true,
        positive: vec![3.0, 1.0],
        negative: vec![1.0, 1.0],
        epsilon: vec![0.0; 2],
        limit: 1e12,
    };
    let rows = Rows { y: &[1.0], weights: &[2.0], divisor: 4.0 };
    let (mut z, mut sums) = (vec![0.0, f64::NAN], Sums::default());
    sums.reset(2);
    slopes(Loss::Hinge, &rows, &lanes, &mut z, &mut sums, Vectors::detect());
    assert_eq!((z[0], sums.loss[0]), (-1.5, 6.0));
    assert_eq!(sums.astray, [0.0, 1.0]);
    let (value, slope) = at::<f64>(Loss::SquaredError, 1e20, 0.0, 3, Vectors::detect());
    assert_eq!((value, slope), (5e39, STEEPEST));
}
