//! Minimise a smooth function in a box.
//!
//! ```text
//! min f(x),   lower <= x <= upper
//! ```
//!
//! Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4) on the coordinates that
//! are not held at a bound, with a backtracking search along the projected direction (Bertsekas, Projected
//! Newton methods, SIAM J. Control Optim. 20, 1982).

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 8;

/// Sufficient decrease (Nocedal and Wright, equation 3.4).
const DECREASE: f64 = 1e-4;

/// Halvings of a step before it is given up.
const HALVINGS: usize = 20;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub iterations: usize,
    /// Largest component of the projected gradient.
    pub gradient: f64,
    /// Decrease of f in an iteration.
    pub decrease: f64,
}

/// Moves `x` to a minimiser nearby and returns f there. `f(x, gradient)` fills in the gradient; where it is
/// not finite a step is taken back.
pub fn minimise(
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
    x: &mut Vec<f64>,
    lower: &[f64],
    upper: &[f64],
    limits: Limits,
) -> f64 {
    let d = x.len();
    clip(x, lower, upper);
    let mut gradient = vec![0.0; d];
    let mut value = f(x, &mut gradient);
    let mut pairs: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let mut next_gradient = vec![0.0; d];
    for _ in 0..limits.iterations {
        let free: Vec<bool> = (0..d)
            .map(|j| !(x[j] <= lower[j] && gradient[j] > 0.0 || x[j] >= upper[j] && gradient[j] < 0.0))
            .collect();
        let steepest: Vec<f64> = (0..d).map(|j| if free[j] { gradient[j] } else { 0.0 }).collect();
        let largest = steepest.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        if largest <= limits.gradient || !value.is_finite() {
            break;
        }
        let mut direction = direction(&steepest, &pairs);
        for j in 0..d {
            if !free[j] {
                direction[j] = 0.0;
            }
        }
        if product(&direction, &gradient) >= 0.0 {
            pairs.clear();
            direction = steepest.iter().map(|g| -g).collect();
        }
        // The first step has no curvature to go by: a tenth of the box at most.
        let mut step = if pairs.is_empty() { (0.1 / largest).min(1.0) } else { 1.0 };
        let mut moved = None;
        for _ in 0..HALVINGS {
            let mut candidate: Vec<f64> = (0..d).map(|j| x[j] + step * direction[j]).collect();
            clip(&mut candidate, lower, upper);
            let ahead = f(&candidate, &mut next_gradient);
            let descent: f64 = (0..d).map(|j| gradient[j] * (candidate[j] - x[j])).sum();
            if ahead <= value + DECREASE * descent && descent < 0.0 {
                moved = Some((candidate, ahead));
                break;
            }
            step *= 0.5;
        }
        let Some((candidate, ahead)) = moved else { break };
        let s: Vec<f64> = (0..d).map(|j| candidate[j] - x[j]).collect();
        let y: Vec<f64> = (0..d).map(|j| next_gradient[j] - gradient[j]).collect();
        if product(&s, &y) > 1e-10 * product(&y, &y) {
            if pairs.len() == MEMORY {
                pairs.remove(0);
            }
            pairs.push((s, y));
        }
        let decrease = value - ahead;
        *x = candidate;
        value = ahead;
        gradient.copy_from_slice(&next_gradient);
        if decrease <= limits.decrease {
            break;
        }
    }
    value
}

/// -H g by the two-loop recursion.
fn direction(gradient: &[f64], pairs: &[(Vec<f64>, Vec<f64>)]) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut alphas = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let alpha = product(s, &q) / product(s, y);
        add_scaled(&mut q, -alpha, y);
        alphas.push(alpha);
    }
    if let Some((s, y)) = pairs.last() {
        let scale = product(s, y) / product(y, y);
        q.iter_mut().for_each(|value| *value *= scale);
    }
    for ((s, y), alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let beta = product(y, &q) / product(s, y);
        add_scaled(&mut q, alpha - beta, s);
    }
    q.iter_mut().for_each(|value| *value = -*value);
    q
}

fn clip(x: &mut [f64], lower: &[f64], upper: &[f64]) {
    for ((value, low), high) in x.iter_mut().zip(lower).zip(upper) {
        *value = value.max(*low).min(*high);
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn add_scaled(out: &mut [f64], factor: f64, row: &[f64]) {
    for (o, r) in out.iter_mut().zip(row) {
        *o += factor * r;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { iterations: 200, gradient: 1e-8, decrease: 0.0 };

    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = -2.0 * a - 400.0 * x[0] * b;
        g[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn finds_a_minimum_inside() {
        let mut x = vec![-1.2, 1.0];
        let value = minimise(rosenbrock, &mut x, &[-5.0; 2], &[5.0; 2], LIMITS);
        assert!(value < 1e-12 && (x[0] - 1.0).abs() < 1e-5, "{value} at {x:?}");
    }

    #[test]
    fn finds_a_minimum_on_the_boundary() {
        let mut x = vec![-1.2, 1.0];
        minimise(rosenbrock, &mut x, &[-5.0; 2], &[0.5, 5.0], LIMITS);
        // With x_0 = 1/2 held, the best x_1 is 1/4.
        assert!((x[0] - 0.5).abs() < 1e-12 && (x[1] - 0.25).abs() < 1e-6, "{x:?}");
    }

    #[test]
    fn takes_back_steps_to_where_there_is_no_value() {
        let f = |x: &[f64], g: &mut [f64]| {
            g[0] = 1.0 - 1.0 / x[0];
            if x[0] <= 0.0 { f64::NAN } else { x[0] - x[0].ln() }
        };
        let mut x = vec![30.0];
        minimise(f, &mut x, &[-100.0], &[100.0], LIMITS);
        assert!((x[0] - 1.0).abs() < 1e-5, "{x:?}");
    }
}
