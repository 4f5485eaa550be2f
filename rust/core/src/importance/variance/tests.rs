use super::*;
use crate::error::Error;

fn fit(design: Design, n_trees: usize, seed: u64) -> Anova {
    Anova::fit(design, n_trees, seed, 2, &Control::new(None), &mut |_, _| true).expect("not stopped")
}

fn shares_of(anova: &Anova) -> Shares {
    anova.shares(2, &Control::new(None), &mut |_, _| true).expect("not stopped")
}

/// Every cell of a grid with these numbers of cells, and a score for each.
fn grid(sizes: &[usize], ordered: &[bool], score: impl Fn(&[usize]) -> f64) -> Design {
    let n: usize = sizes.iter().product();
    let (mut cells, mut scores) = (Vec::new(), Vec::new());
    for i in 0..n {
        let mut rest = i;
        let point: Vec<usize> = sizes
            .iter()
            .map(|&m| {
                let cell = rest % m;
                rest /= m;
                cell
            })
            .collect();
        scores.push(score(&point));
        cells.extend(point.iter().map(|&cell| cell as i64));
    }
    let mut stream = Stream::new(9);
    let columns = sizes
        .iter()
        .zip(ordered)
        .map(|(&m, &ordered)| Column { weights: (0..m).map(|_| 0.2 + stream.unit()).collect(), ordered })
        .collect();
    Design::new(columns, &cells, scores).expect("legal")
}

fn noise(point: &[usize]) -> f64 {
    let key = point.iter().fold(0, |key, &cell| key * 31 + cell as u64);
    Stream::new(key).unit()
}

/// One tree on all candidates, each once: it is the function itself.
fn exact(design: &Design) -> Anova {
    let leaves = grow(design, (0..design.n() as u32).collect(), Stream::new(0));
    Anova { columns: design.columns.clone(), trees: vec![leaves] }
}

fn value(leaves: &[Leaf], point: &[usize]) -> f64 {
    let holds = |leaf: &&Leaf| leaf.masks.iter().zip(point).all(|(mask, &cell)| mask >> cell & 1 == 1);
    let found: Vec<&Leaf> = leaves.iter().filter(holds).collect();
    assert_eq!(found.len(), 1, "leaves must be disjoint and cover the space");
    found[0].value
}

const SIZES: [usize; 3] = [4, 3, 5];
const KINDS: [bool; 3] = [true, false, true];

#[test]
fn leaves_cover_the_space_once() {
    let design = grid(&SIZES, &KINDS, noise);
    for tree in fit(design.clone(), 8, 3).trees {
        for i in 0..design.n() {
            let point: Vec<usize> = (0..3).map(|j| design.cell(i as u32, j)).collect();
            value(&tree, &point);
        }
    }
}

#[test]
fn a_full_tree_is_the_function() {
    let design = grid(&SIZES, &KINDS, noise);
    let tree = &exact(&design).trees[0];
    for i in 0..design.n() {
        let point: Vec<usize> = (0..3).map(|j| design.cell(i as u32, j)).collect();
        assert_eq!(value(tree, &point), design.scores[i]);
    }
}

/// The marginals, against sums over all points.
#[test]
fn marginals_are_expectations() {
    let design = grid(&SIZES, &KINDS, noise);
    let anova = exact(&design);
    let weight = |point: &[usize], left_out: &[usize]| -> f64 {
        (0..3).filter(|j| !left_out.contains(j)).map(|j| design.columns[j].weights[point[j]]).product()
    };
    let mut curve = vec![0.0; 3];
    let mut surface = vec![0.0; 4 * 5];
    for i in 0..design.n() {
        let point: Vec<usize> = (0..3).map(|j| design.cell(i as u32, j)).collect();
        curve[point[1]] += weight(&point, &[1]) * design.scores[i];
        surface[point[0] * 5 + point[2]] += weight(&point, &[0, 2]) * design.scores[i];
    }
    close(&anova.curve(1).0, &curve);
    close(&anova.surface(0, 2), &surface);
}

fn close(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (a, b) in got.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }
}

#[test]
fn the_shares_of_two_columns_and_their_pair_are_everything() {
    let design = grid(&[6, 5], &[true, false], noise);
    let shares = shares_of(&fit(design, 16, 1));
    close(&[shares.alone[0] + shares.alone[1] + shares.pairs[1]], &[1.0]);
}

#[test]
fn a_sum_has_no_interactions() {
    let design = grid(&SIZES, &KINDS, |p| p[0] as f64 + [3.0, -1.0, 0.5][p[1]] + (p[2] as f64).powi(2));
    let shares = shares_of(&exact(&design));
    close(&shares.pairs, &[0.0; 9]);
    close(&[shares.alone.iter().sum()], &[1.0]);
}

#[test]
fn what_does_nothing_has_no_share() {
    let design = grid(&SIZES, &KINDS, |p| (p[0] * p[2]) as f64);
    let shares = shares_of(&exact(&design));
    close(&[shares.alone[1], shares.pairs[1], shares.pairs[5]], &[0.0; 3]);
    assert!(shares.alone[0] > 0.1 && shares.alone[2] > 0.1 && shares.pairs[2] > 0.01);
}

#[test]
fn shares_do_not_change_with_scale_and_shift() {
    let design = grid(&SIZES, &KINDS, noise);
    let mut other = design.clone();
    other.scores.iter_mut().for_each(|score| *score = 1e4 + 4.0 * *score);
    let (one, two) = (shares_of(&fit(design, 8, 5)), shares_of(&fit(other, 8, 5)));
    for (a, b) in one.alone.iter().chain(&one.pairs).zip(two.alone.iter().chain(&two.pairs)) {
        assert!((a - b).abs() < 1e-8);
    }
}

#[test]
fn the_order_of_categories_says_nothing() {
    let renamed = [2, 0, 1];
    let design = grid(&SIZES, &KINDS, noise);
    let mut other = design.clone();
    for i in 0..other.n() {
        other.cells[3 * i + 1] = renamed[design.cell(i as u32, 1)] as u8;
    }
    for (cell, &to) in renamed.iter().enumerate() {
        other.columns[1].weights[to] = design.columns[1].weights[cell];
    }
    let (one, two) = (shares_of(&exact(&design)), shares_of(&exact(&other)));
    close(&one.alone, &two.alone);
    close(&one.pairs, &two.pairs);
}

/// Two candidates that differ in every column: each column may be the reason, and none more than others.
#[test]
fn columns_that_cannot_be_told_apart_share() {
    let columns = vec![Column { weights: vec![1.0; 2], ordered: true }; 4];
    let design = Design::new(columns, &[0, 0, 0, 0, 1, 1, 1, 1], vec![0.0, 1.0]).expect("legal");
    for share in shares_of(&fit(design, 2000, 0)).alone {
        assert!((share - 0.25).abs() < 0.05, "{share}");
    }
}

#[test]
fn equal_scores_and_a_single_candidate_have_no_variance() {
    let design = grid(&SIZES, &KINDS, |_| 0.1);
    assert_eq!(shares_of(&fit(design, 4, 0)).alone, [0.0; 3]);
    let single = Design::new(vec![Column { weights: vec![1.0; 64], ordered: true }], &[63], vec![2.0]);
    let anova = fit(single.expect("legal"), 4, 0);
    assert_eq!(shares_of(&anova).alone, [0.0]);
    close(&anova.curve(0).0, &[2.0; 64]);
}

#[test]
fn what_is_illegal_is_refused() {
    let column = |m: usize| Column { weights: vec![1.0; m], ordered: true };
    let cases = [
        (vec![], vec![], vec![], "at least one"),
        (vec![column(2)], vec![0], vec![1.0, 2.0], "a cell for each"),
        (vec![column(2)], vec![0], vec![f64::NAN], "finite"),
        (vec![column(2)], vec![2], vec![1.0], "cell 2"),
        (vec![column(2)], vec![-1], vec![1.0], "cell -1"),
        (vec![column(65)], vec![0], vec![1.0], "65 cells"),
        (vec![column(0)], vec![0], vec![1.0], "0 cells"),
        (vec![Column { weights: vec![0.0, 1.0], ordered: true }], vec![0], vec![1.0], "weights"),
        (vec![Column { weights: vec![f64::NAN, 1.0], ordered: true }], vec![0], vec![1.0], "weights"),
        (vec![Column { weights: vec![f64::MAX; 2], ordered: true }], vec![0], vec![1.0], "weights"),
    ];
    for (columns, cells, scores, part) in cases {
        let refused = Design::new(columns, &cells, scores).expect_err(part);
        assert!(matches!(&refused, Error::Invalid(message) if message.contains(part)), "{refused}");
    }
}
