//! Scores of a batch, and from their slopes the gradient.
//!
//! ```text
//! Z (m, lanes) = 1 b' + X_b W,        G (d, lanes) = X_b' R
//! ```
//!
//! The bits of a column depend on nothing but that column: products keep one order of summation whatever
//! stands beside it. A batch of one row is its own case, because a product of that shape is all overhead:
//! its scores are eight interleaved partial sums.

use super::state::Plane;
use super::vector::{Float, Kernel, widest};
use crate::gemm::{Packing, Shape, View, ViewMut, gemm};
use crate::matrix::Matrix;
use crate::vectors::Vectors;

/// Memory that products reuse from batch to batch.
pub struct Products<T> {
    /// X_b (m, d); of sparse X nothing.
    x: Vec<T>,
    packing: Packing<T>,
    vectors: Vectors,
}

impl<T: Float> Products<T> {
    pub fn new(vectors: Vectors) -> Self {
        Products { x: Vec::new(), packing: Packing::default(), vectors }
    }

    /// Scores of some rows, which become the batch.
    pub fn scores(&mut self, x: &Matrix<'_>, rows: &[u32], w: &Plane<T>, z: &mut Vec<T>) {
        let lanes = w.bias.len();
        let d = w.coef.len() / lanes;
        z.clear();
        rows.iter().for_each(|_| z.extend_from_slice(&w.bias));
        if let Matrix::Sparse { columns, values, .. } = x {
            for (&i, z) in rows.iter().zip(z.chunks_exact_mut(lanes)) {
                for e in x.entries(i as usize) {
                    let at = columns[e] as usize * lanes;
                    add_scaled(z, &w.coef[at..at + lanes], T::of_f64(values.get(e)));
                }
            }
            return;
        }
        self.x.resize(rows.len() * d, T::of_f64(0.0));
        x.read_rows(rows, d, &mut self.x);
        if rows.len() == 1 {
            widest(self.vectors, Dots { x: &self.x, coef: &w.coef, z });
        } else {
            let shape = Shape { m: rows.len(), n: lanes, k: d };
            let (a, b) = (View::rows(&self.x, d), View::rows(&w.coef, lanes));
            gemm(shape, a, b, ViewMut { values: z, row: lanes }, true, &mut self.packing);
        }
    }

    /// The gradient of the batch, given the slopes r (m, lanes) of its losses.
    pub fn gradient(&mut self, x: &Matrix<'_>, rows: &[u32], r: &[T], gradient: &mut [T]) {
        let lanes = r.len() / rows.len();
        if let Matrix::Sparse { columns, values, .. } = x {
            gradient.fill(T::of_f64(0.0));
            for (&i, r) in rows.iter().zip(r.chunks_exact(lanes)) {
                for e in x.entries(i as usize) {
                    let at = columns[e] as usize * lanes;
                    add_scaled(&mut gradient[at..at + lanes], r, T::of_f64(values.get(e)));
                }
            }
        } else if rows.len() == 1 {
            widest(self.vectors, Outer { x: &self.x, r, gradient });
        } else {
            let d = gradient.len() / lanes;
            let shape = Shape { m: d, n: lanes, k: rows.len() };
            let (a, b) = (View::rows(&self.x, d).t(), View::rows(r, lanes));
            gemm(shape, a, b, ViewMut { values: gradient, row: lanes }, false, &mut self.packing);
        }
    }
}

/// to += factor from
pub fn add_scaled<T: Float>(to: &mut [T], from: &[T], factor: T) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = *to + factor * from);
}

/// Partial sums of one score.
const PARTS: usize = 8;

/// z += W' x of one row: term j goes to partial sum j mod 8.
struct Dots<'a, T> {
    x: &'a [T],
    coef: &'a [T],
    z: &'a mut [T],
}

impl<T: Float> Kernel for Dots<'_, T> {
    #[inline(always)]
    fn run(self) {
        let lanes = self.z.len();
        match lanes {
            1 => {
                let parts = parts_of_one(self.x, self.coef);
                self.z[0] = self.z[0] + total(parts);
            }
            4 => lanes_at::<T, 4>(self.x, self.coef, lanes, 0, &mut self.z[..4]),
            _ => {
                for (block, z) in self.z.chunks_exact_mut(8).enumerate() {
                    lanes_at::<T, 8>(self.x, self.coef, lanes, 8 * block, z);
                }
            }
        }
    }
}

// Loops by index: closures would not be compiled for the vectors at hand.

#[inline(always)]
fn parts_of_one<T: Float>(x: &[T], coef: &[T]) -> [T; PARTS] {
    let mut parts = [T::of_f64(0.0); PARTS];
    let n_whole = x.len() / PARTS * PARTS;
    let mut j = 0;
    while j < n_whole {
        let (x, w) = (&x[j..j + PARTS], &coef[j..j + PARTS]);
        for p in 0..PARTS {
            parts[p] = parts[p] + x[p] * w[p];
        }
        j += PARTS;
    }
    for p in 0..x.len() - n_whole {
        parts[p] = parts[p] + x[n_whole + p] * coef[n_whole + p];
    }
    parts
}

#[inline(always)]
fn lanes_at<T: Float, const L: usize>(x: &[T], coef: &[T], lanes: usize, first: usize, z: &mut [T]) {
    let mut parts = [[T::of_f64(0.0); L]; PARTS];
    let n_whole = x.len() / PARTS * PARTS;
    let mut j = 0;
    while j < n_whole {
        for p in 0..PARTS {
            let w = &coef[(j + p) * lanes + first..][..L];
            for l in 0..L {
                parts[p][l] = parts[p][l] + x[j + p] * w[l];
            }
        }
        j += PARTS;
    }
    for p in 0..x.len() - n_whole {
        let w = &coef[(j + p) * lanes + first..][..L];
        for l in 0..L {
            parts[p][l] = parts[p][l] + x[j + p] * w[l];
        }
    }
    for l in 0..L {
        let mut of_lane = [T::of_f64(0.0); PARTS];
        for p in 0..PARTS {
            of_lane[p] = parts[p][l];
        }
        z[l] = z[l] + total(of_lane);
    }
}

#[inline(always)]
fn total<T: Float>(p: [T; PARTS]) -> T {
    ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]))
}

/// G = x r' of one row.
struct Outer<'a, T> {
    x: &'a [T],
    r: &'a [T],
    gradient: &'a mut [T],
}

impl<T: Float> Kernel for Outer<'_, T> {
    #[inline(always)]
    fn run(self) {
        let (x, r, gradient) = (self.x, self.r, self.gradient);
        let lanes = r.len();
        if lanes == 1 {
            let (x, r) = (&x[..gradient.len()], r[0]);
            for j in 0..gradient.len() {
                gradient[j] = x[j] * r;
            }
            return;
        }
        for j in 0..x.len() {
            let gradient = &mut gradient[j * lanes..(j + 1) * lanes];
            for l in 0..lanes {
                gradient[l] = x[j] * r[l];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Floats;

    /// Awkward numbers, whose sums depend on the order.
    fn numbers(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919 + 13) % 1009) as f64 / 97.0 - 5.0).collect()
    }

    #[test]
    fn a_column_does_not_see_the_others() {
        let (n, d) = (37, 29);
        let x = numbers(n * d);
        let matrix = Matrix::Dense(Floats::F64(&x));
        let all: Vec<u32> = (0..n as u32).rev().collect();
        let mut products = Products::<f64>::new(Vectors::detect());
        for rows in [&all[..], &all[..5], &all[..1]] {
            let plane = |lanes: usize| {
                let mut plane = Plane { coef: vec![0.0; d * lanes], bias: vec![0.0; lanes] };
                (0..lanes).for_each(|c| plane.put(c, &numbers(d + 1 + c)[c..]));
                plane
            };
            let mut results: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
            for lanes in [1, 4, 8, 24] {
                let (w, mut z) = (plane(lanes), Vec::new());
                products.scores(&matrix, rows, &w, &mut z);
                let mut gradient = plane(lanes);
                products.gradient(&matrix, rows, &z, &mut gradient.coef);
                results.push((z.iter().step_by(lanes).copied().collect(), gradient.column(0)));
            }
            assert!(results.iter().all(|result| *result == results[0]), "{} rows", rows.len());
            let w = plane(1).column(0);
            for (&i, z) in rows.iter().zip(&results[0].0) {
                let row = &x[i as usize * d..][..d];
                let expected: f64 = w[d] + row.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>();
                assert!((z - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn sparse_rows_give_what_dense_rows_give() {
        let (n, d, lanes) = (6, 5, 4);
        let dense: Vec<f64> = numbers(n * d).iter().map(|v| if *v > 0.0 { *v } else { 0.0 }).collect();
        let (mut starts, mut columns, mut values) = (vec![0i64], Vec::new(), Vec::new());
        for row in dense.chunks_exact(d) {
            for (j, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                columns.push(j as i32);
                values.push(value);
            }
            starts.push(values.len() as i64);
        }
        let sparse = Matrix::Sparse { starts: &starts, columns: &columns, values: Floats::F64(&values) };
        let w = Plane { coef: numbers(d * lanes), bias: numbers(lanes) };
        let mut products = Products::<f64>::new(Vectors::detect());
        let rows: Vec<u32> = (0..n as u32).collect();
        let mut run = |x: &Matrix<'_>| {
            let (mut z, mut gradient) = (Vec::new(), w.clone());
            products.scores(x, &rows, &w, &mut z);
            products.gradient(x, &rows, &z, &mut gradient.coef);
            z.extend(&gradient.coef);
            z
        };
        for (a, b) in run(&Matrix::Dense(Floats::F64(&dense))).iter().zip(run(&sparse)) {
            assert!((a - b).abs() < 1e-10 * (1.0 + a.abs()));
        }
    }
}
