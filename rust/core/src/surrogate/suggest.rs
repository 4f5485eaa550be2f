//! The points to evaluate next.
//!
//! A few points spread over the space and around the best ones are screened; from the most promising ones a
//! local search climbs by turns: a quasi-Newton method over the continuous numbers, and the best change of one
//! other coordinate. A small space is not searched but listed by the caller. Further points of a batch are
//! chosen as if the ones before had met their mean (Ginsbourger et al., Kriging is well-suited to parallelize
//! optimization, 2010).
//!
//! Cost stays bounded: theta is fitted to `MOST_FITTED` and f is conditioned on `MOST_KNOWN` of the evaluated
//! points, the best ones and the latest.

use std::collections::HashSet;

use super::fit::{Theta, fit};
use super::improvement::log_expected_improvement;
use super::kernel::{Axis, Points};
use super::minimise::{Limits, minimise};
use super::posterior::{Posterior, Scratch};
use super::space::{Space, nearest, steps};
use super::transform::Transform;
use crate::error::{Error, Result};
use crate::parallel::Control;
use crate::seed::Stream;
use crate::vectors::Vectors;

const MOST_FITTED: usize = 120;
const MOST_KNOWN: usize = 256;

/// Points that are screened: spread ones, and changes of the best ones.
const SPREAD: usize = 96;
const BEST: usize = 4;
const CHANGES: usize = 9;

/// Local searches, and turns of one.
const CLIMBS: usize = 3;
const TURNS: usize = 4;

/// Numbers with more places are moved by 1, 2, 4, ... places at a time.
const FEW_PLACES: usize = 12;

/// Iterations of a fit: from the prior, and from the fit before.
const COLD: usize = 40;
const WARM: usize = 10;

/// Streams below the seed.
const SHIFT: u64 = 0;
const CHANGE: u64 = 1;

/// What is asked.
pub struct Ask<'a> {
    pub space: &'a Space,
    /// Evaluated points, values to be made small, and variances of the values' noise.
    pub points: &'a [Vec<f64>],
    pub values: &'a [f64],
    pub variances: &'a [f64],
    /// Points that are being evaluated: they count as if they had met their mean.
    pub taken: &'a [Vec<f64>],
    /// The only points to choose from, if there are any.
    pub pool: Option<&'a [Vec<f64>]>,
    /// The fit before; fitted again if `refit`.
    pub theta: Option<Theta>,
    pub refit: bool,
    /// How many points.
    pub batch: usize,
    pub seed: u64,
}

/// What is answered. There are fewer points than asked for if no others could be found.
pub struct Answer {
    pub points: Vec<Vec<f64>>,
    /// Expected improvement over the best, in the values' own unit there.
    pub gains: Vec<f64>,
    pub theta: Theta,
}

/// The most promising points. Between two points of a batch it can be stopped.
pub fn suggest(ask: &Ask<'_>, control: &Control) -> Result<Answer> {
    let n = ask.points.len();
    if n == 0 || ask.values.len() != n || ask.variances.len() != n {
        return Err(Error::invalid("points, values and variances must be of one length, at least 1"));
    }
    if !ask.values.iter().chain(ask.variances).all(|value| value.is_finite()) {
        return Err(Error::invalid("values and variances must be finite"));
    }
    let vectors = Vectors::detect();
    let transform = Transform::of(ask.values);
    let values: Vec<f64> = ask.values.iter().map(|&y| transform.forward(y)).collect();
    let noise = |i: usize| ask.variances[i] * transform.slope(ask.values[i]).powi(2);
    let variances: Vec<f64> = (0..n).map(noise).collect();
    let axes = ask.space.axes();

    let theta = match &ask.theta {
        Some(theta) if theta.logs.len() != axes.len() + 2 => {
            return Err(Error::invalid("theta is of another space"));
        }
        Some(theta) if !ask.refit => theta.clone(),
        given => {
            let (points, values, variances) =
                chosen(&important(&values, MOST_FITTED), &axes, ask.points, &values, &variances);
            let iterations = if given.is_some() { WARM } else { COLD };
            let start = given.clone().unwrap_or_else(|| Theta::prior(&axes));
            fit(vectors, &points, &values, &variances, start, iterations)
        }
    };
    let known = important(&values, MOST_KNOWN);
    let (points, values, variances) = chosen(&known, &axes, ask.points, &values, &variances);
    let posterior = Posterior::new(vectors, points, &values, &variances, &theta)?;
    let means = posterior.means();
    let mut order: Vec<usize> = (0..known.len()).collect();
    order.sort_by(|&a, &b| means[a].total_cmp(&means[b]));
    let best = order.first().map_or(0, |&i| i);

    let mut search = Search {
        space: ask.space,
        posterior,
        best: means[best],
        taken: ask.points.iter().chain(ask.taken).map(|point| key(point)).collect(),
        scratch: Scratch::default(),
    };
    let incumbents: Vec<&Vec<f64>> = order.iter().take(BEST).map(|&i| &ask.points[known[i]]).collect();
    let unit = 1.0 / transform.slope(ask.values[known[best]]).max(f64::MIN_POSITIVE);
    let mut answer = Answer { points: Vec::new(), gains: Vec::new(), theta };
    let noise = answer.theta.noise();
    ask.taken.iter().for_each(|point| search.expect(point, noise));
    for number in 0..ask.batch {
        if control.stopped() {
            return Err(Error::Interrupted);
        }
        let stream = Stream::new(ask.seed).child(number as u64);
        let found = match ask.pool {
            Some(pool) => search.most_of(pool),
            None => search.climb(&incumbents, stream),
        };
        let Some((gain, point)) = found else { break };
        search.expect(&point, noise);
        answer.gains.push(gain.exp() * unit);
        answer.points.push(point);
    }
    Ok(answer)
}

/// At most `most` of the evaluated points: half of them the best, the others the latest; in their order.
fn important(values: &[f64], most: usize) -> Vec<usize> {
    let n = values.len();
    if n <= most {
        return (0..n).collect();
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut kept = vec![false; n];
    order[..most / 2].iter().for_each(|&i| kept[i] = true);
    let rest: Vec<usize> = (0..n).rev().filter(|&i| !kept[i]).take(most - most / 2).collect();
    rest.iter().for_each(|&i| kept[i] = true);
    (0..n).filter(|&i| kept[i]).collect()
}

fn chosen(
    numbers: &[usize],
    axes: &[Axis],
    points: &[Vec<f64>],
    values: &[f64],
    variances: &[f64],
) -> (Points, Vec<f64>, Vec<f64>) {
    let mut made = Points::new(axes.to_vec());
    numbers.iter().for_each(|&i| made.push(&points[i]));
    let pick = |from: &[f64]| numbers.iter().map(|&i| from[i]).collect();
    (made, pick(values), pick(variances))
}

/// A point's identity: equal coordinates, NaN equal to NaN.
fn key(point: &[f64]) -> Vec<u64> {
    point.iter().map(|x| if x.is_nan() { u64::MAX } else { (x + 0.0).to_bits() }).collect()
}

/// A point with its log expected improvement.
type Scored = (f64, Vec<f64>);

struct Search<'a> {
    space: &'a Space,
    posterior: Posterior,
    best: f64,
    taken: HashSet<Vec<u64>>,
    scratch: Scratch,
}

impl Search<'_> {
    /// Goes on as if a point had met its mean.
    fn expect(&mut self, point: &[f64], noise: f64) {
        let (mean, _) = self.posterior.at(point, &mut self.scratch);
        self.posterior.push(point, mean, noise);
        self.best = self.best.min(mean);
        self.taken.insert(key(point));
    }

    fn score(&mut self, point: &[f64]) -> f64 {
        let (mean, deviation) = self.posterior.at(point, &mut self.scratch);
        log_expected_improvement(self.best, mean, deviation).0
    }

    /// The most promising one that is not taken, the first of several.
    fn most_of(&mut self, points: &[Vec<f64>]) -> Option<Scored> {
        let mut most: Option<(f64, &Vec<f64>)> = None;
        for point in points.iter().filter(|point| !self.taken.contains(&key(point))).collect::<Vec<_>>() {
            let score = self.score(point);
            if most.is_none_or(|(best, _)| score.total_cmp(&best).is_gt()) {
                most = Some((score, point));
            }
        }
        most.map(|(score, point)| (score, point.clone()))
    }

    /// Those that are not taken, best first.
    fn best_of(&mut self, points: Vec<Vec<f64>>) -> Vec<Scored> {
        let mut scored: Vec<Scored> = Vec::with_capacity(points.len());
        let mut seen = HashSet::new();
        for point in points {
            let key = key(&point);
            if !self.taken.contains(&key) && seen.insert(key) {
                scored.push((self.score(&point), point));
            }
        }
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored
    }

    /// Screens points and climbs from the most promising ones.
    fn climb(&mut self, incumbents: &[&Vec<f64>], stream: Stream) -> Option<Scored> {
        let screened = self.best_of(self.candidates(incumbents, stream));
        let mut starts: Vec<&Scored> = Vec::new();
        for scored in &screened {
            if starts.len() == CLIMBS {
                break;
            }
            if starts.iter().all(|start| self.far(&start.1, &scored.1)) {
                starts.push(scored);
            }
        }
        let mut climbed: Vec<Scored> = Vec::new();
        for start in starts {
            climbed.push(self.local(start));
        }
        climbed.sort_by(|a, b| b.0.total_cmp(&a.0));
        climbed.into_iter().chain(screened.iter().cloned()).find(|(_, x)| !self.taken.contains(&key(x)))
    }

    /// Whether two points are so far apart that climbs from both may end at different places.
    fn far(&self, a: &[f64], b: &[f64]) -> bool {
        self.space.columns().iter().zip(a.iter().zip(b)).any(|(column, (x, y))| match column.axis {
            _ if x.is_nan() || y.is_nan() => x.is_nan() != y.is_nan(),
            Axis::Category => x != y,
            Axis::Number => (x - y).abs() > 0.1,
        })
    }

    /// Spread points, and the best points with some coordinates changed.
    fn candidates(&self, incumbents: &[&Vec<f64>], stream: Stream) -> Vec<Vec<f64>> {
        let d = self.space.columns().len();
        let mut shift = stream.child(SHIFT);
        let shift: Vec<f64> = (0..d).map(|_| shift.unit()).collect();
        let step = steps(d);
        let share = |i: usize, j: usize| (shift[j] + i as f64 * step[j]).fract();
        let mut found: Vec<Vec<f64>> =
            (0..SPREAD).map(|i| self.space.at((0..d).map(|j| share(i, j)))).collect();
        let mut change = stream.child(CHANGE);
        for incumbent in incumbents {
            for round in 0..CHANGES {
                // Small and large changes by turns.
                let reach = [0.01, 0.05, 0.2][round % 3];
                let mut point = (*incumbent).clone();
                for (x, column) in point.iter_mut().zip(self.space.columns()) {
                    if change.unit() > 0.5_f64.max(2.0 / d as f64) {
                        continue;
                    }
                    *x = match (&column.places, column.axis) {
                        (Some(places), Axis::Category) => places[change.below(places.len() as u32) as usize],
                        // A sum of uniform numbers looks normal enough.
                        _ => *x + reach * (0..4).map(|_| change.unit() - 0.5).sum::<f64>() * 2.0,
                    };
                }
                self.space.settle(&mut point);
                found.push(point);
            }
        }
        found
    }

    /// Climbs from a point.
    fn local(&mut self, start: &Scored) -> Scored {
        let mut current = start.clone();
        for turn in 0..TURNS {
            let moved = self.along_numbers(&mut current);
            let stepped = self.one_step(&mut current);
            if !stepped && (turn > 0 || !moved) {
                break;
            }
        }
        current
    }

    /// Moves the continuous numbers; whether that brought something.
    fn along_numbers(&mut self, current: &mut Scored) -> bool {
        let free: Vec<usize> = self
            .space
            .columns()
            .iter()
            .enumerate()
            .filter(|(j, column)| column.places.is_none() && !current.1[*j].is_nan())
            .map(|(j, _)| j)
            .collect();
        if free.is_empty() {
            return false;
        }
        let mut whole = current.1.clone();
        let d = whole.len();
        let (mut by_mean, mut by_deviation) = (vec![0.0; d], vec![0.0; d]);
        let mut x: Vec<f64> = free.iter().map(|&j| whole[j]).collect();
        let (lower, upper) = (vec![0.0; free.len()], vec![1.0; free.len()]);
        let limits = Limits { iterations: 12, gradient: 1e-3, decrease: 1e-3 };
        let (posterior, scratch, best) = (&self.posterior, &mut self.scratch, self.best);
        let value = minimise(
            |x, gradient| {
                free.iter().zip(x).for_each(|(&j, &value)| whole[j] = value);
                let (mean, deviation) =
                    posterior.with_gradients(&whole, scratch, &mut by_mean, &mut by_deviation);
                let (value, over_mean, over_deviation) = log_expected_improvement(best, mean, deviation);
                for (g, &j) in gradient.iter_mut().zip(&free) {
                    *g = -(over_mean * by_mean[j] + over_deviation * by_deviation[j]);
                }
                -value
            },
            &mut x,
            &lower,
            &upper,
            limits,
        );
        free.iter().zip(&x).for_each(|(&j, &value)| whole[j] = value);
        if -value > current.0 + 1e-6 && !self.taken.contains(&key(&whole)) {
            *current = (-value, whole);
            return true;
        }
        false
    }

    /// Makes the best change of one coordinate that has places; whether there was one.
    fn one_step(&mut self, current: &mut Scored) -> bool {
        let mut moves = Vec::new();
        for (j, column) in self.space.columns().iter().enumerate() {
            let Some(places) = &column.places else { continue };
            if current.1[j].is_nan() {
                continue;
            }
            let here = nearest(places, current.1[j]);
            let few = column.axis == Axis::Category || places.len() <= FEW_PLACES;
            for (place, &coordinate) in places.iter().enumerate() {
                let distance = place.abs_diff(here);
                if distance > 0 && (few || distance.is_power_of_two()) {
                    let mut point = current.1.clone();
                    point[j] = coordinate;
                    self.space.settle(&mut point);
                    moves.push(point);
                }
            }
        }
        match self.best_of(moves).into_iter().next() {
            Some(best) if best.0 > current.0 + 1e-6 => {
                *current = best;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::space::Column;
    use super::*;

    fn number() -> Column {
        Column { axis: Axis::Number, places: None, conditions: vec![] }
    }

    fn choice(k: usize) -> Column {
        let places = Some((0..k).map(|place| place as f64).collect());
        Column { axis: Axis::Category, places, conditions: vec![] }
    }

    fn steps_of(k: usize) -> Column {
        let places = Some((0..k).map(|place| (place as f64 + 0.5) / k as f64).collect());
        Column { axis: Axis::Number, places, conditions: vec![] }
    }

    /// Minimises f by `n` suggestions after a few spread points, and returns what was evaluated.
    fn run(
        columns: Vec<Column>,
        n: usize,
        seed: u64,
        f: impl Fn(&[f64]) -> f64,
    ) -> (Vec<Vec<f64>>, Vec<f64>) {
        let space = Space::new(columns).unwrap_or_else(|error| unreachable!("{error}"));
        let step = steps(space.columns().len());
        let mut points: Vec<Vec<f64>> =
            (0..5).map(|i| space.at(step.iter().map(|s| (0.3 + s * f64::from(i)).fract()))).collect();
        let mut values: Vec<f64> = points.iter().map(|x| f(x)).collect();
        let mut theta = None;
        for round in 0..n {
            let variances = vec![0.0; points.len()];
            let ask = Ask {
                space: &space,
                points: &points,
                values: &values,
                variances: &variances,
                taken: &[],
                pool: None,
                theta,
                refit: true,
                batch: 1,
                seed: seed + round as u64,
            };
            let answer = suggest(&ask, &Control::new(None)).unwrap_or_else(|error| unreachable!("{error}"));
            theta = Some(answer.theta);
            let Some(point) = answer.points.into_iter().next() else { break };
            values.push(f(&point));
            points.push(point);
        }
        (points, values)
    }

    fn least(values: &[f64]) -> f64 {
        values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn finds_the_bottom_of_a_bowl() {
        let bowl = |x: &[f64]| (x[0] - 0.3).powi(2) + (x[1] - 0.8).powi(2) + (x[2] - 0.55).powi(2);
        let (_, values) = run(vec![number(), number(), number()], 20, 1, bowl);
        assert!(least(&values) < 1e-3, "{}", least(&values));
    }

    #[test]
    fn finds_the_best_of_a_mixed_space() {
        let f = |x: &[f64]| (x[0] - 0.3).powi(2) + [0.5, 0.0, 0.3][x[1] as usize] + (x[2] - 0.65).abs();
        let (_, values) = run(vec![number(), choice(3), steps_of(10)], 25, 2, f);
        assert!(least(&values) < 1e-2, "{}", least(&values));
    }

    #[test]
    fn proposes_every_point_of_a_finite_space_once() {
        let (points, _) = run(vec![choice(3), steps_of(4)], 20, 3, |x| x[0] + x[1]);
        let different: HashSet<Vec<u64>> = points.iter().map(|point| key(point)).collect();
        assert_eq!(different.len(), 12);
        // The spread points at the start may repeat.
        assert!(points.len() <= 12 + 5);
    }

    #[test]
    fn follows_the_seed() {
        let f = |x: &[f64]| (x[0] - 0.3).powi(2) + x[1].sin();
        let one = run(vec![number(), number()], 6, 4, f);
        assert_eq!(one, run(vec![number(), number()], 6, 4, f));
        assert_ne!(one.0, run(vec![number(), number()], 6, 5, f).0);
    }

    #[test]
    fn a_batch_is_spread() {
        let space = Space::new(vec![number()]).unwrap_or_else(|error| unreachable!("{error}"));
        let points: Vec<Vec<f64>> = [0.0, 0.2, 0.9].map(|x| vec![x]).to_vec();
        let values: Vec<f64> = points.iter().map(|x| (5.0 * x[0]).cos()).collect();
        let ask = Ask {
            space: &space,
            points: &points,
            values: &values,
            variances: &[0.0; 3],
            taken: &[],
            pool: None,
            theta: None,
            refit: true,
            batch: 4,
            seed: 0,
        };
        let answer = suggest(&ask, &Control::new(None)).unwrap_or_else(|error| unreachable!("{error}"));
        let mut found: Vec<f64> = answer.points.iter().map(|point| point[0]).collect();
        found.sort_by(f64::total_cmp);
        assert_eq!(found.len(), 4);
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] > 1e-3), "{found:?}");
        assert!(answer.gains.iter().all(|&gain| gain >= 0.0));
    }

    #[test]
    fn points_that_are_out_count_as_met() {
        let space = Space::new(vec![number()]).unwrap_or_else(|error| unreachable!("{error}"));
        let points: Vec<Vec<f64>> = [0.0, 0.2, 0.9].map(|x| vec![x]).to_vec();
        let values: Vec<f64> = points.iter().map(|x| (5.0 * x[0]).cos()).collect();
        let next = |taken: &[Vec<f64>], batch: usize| {
            let ask = Ask {
                space: &space,
                points: &points,
                values: &values,
                variances: &[0.0; 3],
                taken,
                pool: None,
                theta: None,
                refit: true,
                batch,
                seed: 0,
            };
            suggest(&ask, &Control::new(None)).unwrap_or_else(|error| unreachable!("{error}")).points
        };
        let first = next(&[], 1);
        let second = next(&first, 1);
        assert!((first[0][0] - second[0][0]).abs() > 1e-2, "{first:?} {second:?}");
        // The second of a batch is climbed to from other places.
        assert!((next(&[], 2)[1][0] - second[0][0]).abs() < 1e-2);
    }

    #[test]
    fn important_points_are_the_best_and_the_latest() {
        let values: Vec<f64> = (0..10).map(f64::from).rev().collect();
        assert_eq!(important(&values, 4), [6, 7, 8, 9]);
        let rising: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(important(&rising, 4), [0, 1, 8, 9]);
        assert_eq!(important(&rising, 20), (0..10).collect::<Vec<_>>());
    }
}
