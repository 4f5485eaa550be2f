use super::*;
use crate::seed::Stream;

fn levels() -> Vec<Vectors> {
    let all = [Vectors::Baseline, Vectors::Avx2, Vectors::Avx512];
    all.into_iter().filter(|&level| level <= Vectors::detect()).collect()
}

fn draw<T: Number>(stream: &mut Stream, n: usize) -> Vec<T> {
    (0..n).map(|_| T::of_f64(2.0 * stream.unit() - 1.0)).collect()
}

/// What the module promises: blocks of terms cut by k alone, each a chain from zero, added in order.
fn one<T: Number>(
    k: usize,
    a: impl Fn(usize) -> T,
    b: impl Fn(usize) -> T,
    fused: fn(T, T, T) -> T,
) -> Vec<T> {
    let n_blocks = k.div_ceil(MOST_TERMS);
    (0..n_blocks)
        .map(|block| {
            let terms = cut(k, n_blocks, block)..cut(k, n_blocks, block + 1);
            terms.fold(T::default(), |sum, l| fused(a(l), b(l), sum))
        })
        .collect()
}

/// Compares every bit of products of many shapes and strides with the promise.
fn check<T: Number + std::fmt::Debug>(fused: fn(T, T, T) -> T, plain: fn(T, T, T) -> T) {
    let sizes = [1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 31, 33, 47, 48, 50, 65, 100, 130, 260];
    let terms = [1, 2, 3, 8, 15, 33, 100, 255, 256, 257, 600];
    let mut stream = Stream::new(7);
    for level in levels() {
        let mut packing = Packing::with(level);
        let fused = if level == Vectors::Baseline { plain } else { fused };
        for trial in 0..100 {
            let mut pick = |from: &[usize]| from[stream.below(from.len() as u32) as usize];
            let (mut m, n, k) = (pick(&sizes), pick(&sizes), pick(&terms));
            let (gap, layout_a, layout_b) = (pick(&[0, 0, 1, 5]), pick(&[0, 1, 2]), pick(&[0, 1, 2]));
            let (add, lower) = (pick(&[0, 1]) == 1, pick(&[0, 0, 0, 1]) == 1);
            if lower {
                m = n;
            }
            let strides = |layout: usize, rows: usize, columns: usize| match layout {
                0 => (columns + gap, 1),
                1 => (1, rows + gap),
                _ => (2 * columns + gap, 2),
            };
            let (a_row, a_column) = strides(layout_a, m, k);
            let (b_row, b_column) = strides(layout_b, k, n);
            let a_values: Vec<T> = draw(&mut stream, (m - 1) * a_row + (k - 1) * a_column + 1);
            let b_values: Vec<T> = draw(&mut stream, (k - 1) * b_row + (n - 1) * b_column + 1);
            let a = View { values: &a_values, row: a_row, column: a_column };
            let b = View { values: &b_values, row: b_row, column: b_column };
            let before: Vec<T> = draw(&mut stream, (m - 1) * (n + gap) + n);
            let mut c = before.clone();
            let run = if lower { gemm_lower } else { gemm };
            let view = ViewMut { values: &mut c, row: n + gap };
            run(Shape { m, n, k }, a, b, view, add, &mut packing);
            for (at, (&got, &was)) in c.iter().zip(&before).enumerate() {
                let (i, j) = (at / (n + gap), at % (n + gap));
                if j >= n {
                    assert_eq!(got, was, "between the rows of C");
                    continue;
                }
                let blocks = one(k, |l| a.at(i, l), |l| b.at(l, j), fused);
                let mut sum = if add { was + blocks[0] } else { blocks[0] };
                blocks[1..].iter().for_each(|&block| sum = sum + block);
                let untouched = lower && i < j && got == was;
                assert!(
                    got == sum || untouched,
                    "{level:?} {trial}: ({m}, {n}, {k}) C[{i}, {j}] = {got:?}, not {sum:?}"
                );
            }
        }
    }
}

#[test]
fn bits_depend_on_a_row_and_a_column_in_double() {
    check::<f64>(f64::mul_add, |a, b, c| a * b + c);
}

#[test]
fn bits_depend_on_a_row_and_a_column_in_single() {
    check::<f32>(f32::mul_add, |a, b, c| a * b + c);
}

#[test]
fn single_is_near_the_sum_in_double() {
    let (m, n, k) = (37, 53, 700);
    let mut stream = Stream::new(3);
    let (a, b): (Vec<f32>, Vec<f32>) = (draw(&mut stream, m * k), draw(&mut stream, k * n));
    for level in levels() {
        let mut c = vec![0.0f32; m * n];
        let view = ViewMut { values: &mut c, row: n };
        let shape = Shape { m, n, k };
        gemm(shape, View::rows(&a, k), View::rows(&b, n), view, false, &mut Packing::with(level));
        for i in 0..m {
            for j in 0..n {
                let sum: f64 = (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j])).sum();
                assert!((sum - f64::from(c[i * n + j])).abs() < 1e-4, "{level:?}");
            }
        }
    }
}

#[test]
fn a_transpose_has_columns_for_rows() {
    for level in levels() {
        for (rows, columns) in [(1, 1), (3, 17), (40, 10), (33, 16), (5, 0)] {
            let from: Vec<f32> = (0..rows * columns).map(|at| at as f32).collect();
            let mut to = vec![-1.0; from.len()];
            transpose(rows, columns, &from, &mut to, level);
            let expected = (0..columns).flat_map(|j| (0..rows).map(move |i| (i * columns + j) as f32));
            assert!(to.iter().copied().eq(expected), "{level:?} ({rows}, {columns})");
        }
    }
}

#[test]
fn nothing_to_add_up_is_zero() {
    let mut c = [1.0, 2.0, 3.0, 4.0, 5.0];
    let (empty, shape) = (View::rows(&[], 0), Shape { m: 2, n: 2, k: 0 });
    gemm(shape, empty, empty, ViewMut { values: &mut c, row: 3 }, true, &mut Packing::default());
    assert_eq!(c, [1.0, 2.0, 3.0, 4.0, 5.0]);
    gemm(shape, empty, empty, ViewMut { values: &mut c, row: 3 }, false, &mut Packing::default());
    assert_eq!(c, [0.0, 0.0, 3.0, 0.0, 0.0]);
}

#[test]
#[should_panic(expected = "B is too short")]
fn short_slices_are_refused() {
    let shape = Shape { m: 2, n: 2, k: 2 };
    let view = ViewMut { values: &mut [0.0; 4], row: 2 };
    gemm(shape, View::rows(&[1.0; 4], 2), View::rows(&[1.0; 3], 2), view, false, &mut Packing::default());
}
