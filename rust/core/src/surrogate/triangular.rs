//! Lower triangular matrices, packed row by row: row i begins at i (i + 1) / 2. Sums have a fixed order, so
//! results are the same with every width of vectors.

use crate::vectors::Vectors;

/// Numbers that a sum runs over side by side.
const LANES: usize = 8;

/// Compiles a function for each width of vectors. The first argument of what it makes chooses.
macro_rules! for_each_width {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),*) $(-> $out:ty)? $body:block) => {
        $(#[$doc])*
        pub fn $name(vectors: Vectors, $($arg: $kind),*) $(-> $out)? {
            #[inline(always)]
            fn body($($arg: $kind),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $kind),*) $(-> $out)? { body($($arg),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
            fn avx512($($arg: $kind),*) $(-> $out)? { body($($arg),*) }
            match vectors {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `Vectors` says only what was detected.
                Vectors::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Vectors::Avx2 => unsafe { avx2($($arg),*) },
                _ => body($($arg),*),
            }
        }
    };
}
pub(crate) use for_each_width;

/// Where row i begins.
#[inline(always)]
pub const fn start(i: usize) -> usize {
    i * (i + 1) / 2
}

#[inline(always)]
fn dot_body(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a8, b8) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut tail = 0.0;
    for (x, y) in a8.remainder().iter().zip(b8.remainder()) {
        tail += x * y;
    }
    for (x, y) in a8.zip(b8) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + tail
}

#[inline(always)]
fn add_scaled_body(out: &mut [f64], factor: f64, row: &[f64]) {
    for (o, r) in out.iter_mut().zip(row) {
        *o += factor * r;
    }
}

for_each_width! {
    /// The inner product.
    fn dot(a: &[f64], b: &[f64]) -> f64 {
        dot_body(a, b)
    }
}

for_each_width! {
    /// Overwrites the lower half of a symmetric matrix by its Cholesky factor L, A = L L'. False if A is not
    /// positive definite to working precision.
    fn factor(a: &mut [f64], n: usize) -> bool {
        for i in 0..n {
            let (above, here) = a.split_at_mut(start(i));
            // Invariant: rows [0, i) and columns [0, j) of row i hold L.
            for j in 0..i {
                let row = &above[start(j)..start(j) + j + 1];
                here[j] = (here[j] - dot_body(&here[..j], &row[..j])) / row[j];
            }
            let pivot = here[i] - dot_body(&here[..i], &here[..i]);
            // Also refuses NaN.
            if pivot > 0.0 {
                here[i] = pivot.sqrt();
            } else {
                return false;
            }
        }
        true
    }
}

for_each_width! {
    /// M = L^-1: row i of L M = I says M_i = (e_i - sum_(k < i) L_ik M_k) / L_ii.
    fn invert(l: &[f64], n: usize, m: &mut [f64]) {
        for i in 0..n {
            let (above, rest) = m.split_at_mut(start(i));
            let (row, here) = (&l[start(i)..start(i + 1)], &mut rest[..=i]);
            here.fill(0.0);
            for k in 0..i {
                add_scaled_body(&mut here[..=k], -row[k], &above[start(k)..start(k + 1)]);
            }
            here[i] = 1.0;
            for value in here {
                *value /= row[i];
            }
        }
    }
}

for_each_width! {
    /// The lower half of M' M; of A^-1 if M = L^-1.
    fn gram(m: &[f64], n: usize, out: &mut [f64]) {
        out.fill(0.0);
        for k in 0..n {
            let row = &m[start(k)..start(k + 1)];
            for i in 0..=k {
                add_scaled_body(&mut out[start(i)..start(i + 1)], row[i], &row[..=i]);
            }
        }
    }
}

for_each_width! {
    /// M v.
    fn times(m: &[f64], v: &[f64], out: &mut [f64]) {
        for (i, o) in out.iter_mut().enumerate() {
            *o = dot_body(&m[start(i)..start(i + 1)], &v[..=i]);
        }
    }
}

for_each_width! {
    /// M' v.
    fn transposed_times(m: &[f64], v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (i, &factor) in v.iter().enumerate() {
            add_scaled_body(&mut out[..=i], factor, &m[start(i)..start(i + 1)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Stream;

    /// A random positive definite matrix, as its lower half.
    fn definite(n: usize, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed);
        let b: Vec<f64> = (0..n * n).map(|_| stream.unit() - 0.5).collect();
        let mut a = vec![0.0; start(n)];
        for i in 0..n {
            for j in 0..=i {
                let product: f64 = (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum();
                a[start(i) + j] = product + if i == j { 0.1 } else { 0.0 };
            }
        }
        a
    }

    fn at(a: &[f64], i: usize, j: usize) -> f64 {
        if i >= j { a[start(i) + j] } else { a[start(j) + i] }
    }

    #[test]
    fn factor_inverse_and_products() {
        for vectors in [Vectors::Baseline, Vectors::detect()] {
            for n in [1, 2, 7, 8, 9, 40] {
                let a = definite(n, n as u64);
                let mut l = a.clone();
                assert!(factor(vectors, &mut l, n));
                let (mut m, mut inverse) = (vec![0.0; start(n)], vec![0.0; start(n)]);
                invert(vectors, &l, n, &mut m);
                gram(vectors, &m, n, &mut inverse);
                for i in 0..n {
                    for j in 0..n {
                        let product: f64 = (0..n).map(|k| at(&a, i, k) * at(&inverse, k, j)).sum();
                        assert!((product - f64::from(i == j)).abs() < 1e-9);
                    }
                }
                let v: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
                let (mut whitened, mut back) = (vec![0.0; n], vec![0.0; n]);
                times(vectors, &m, &v, &mut whitened);
                transposed_times(vectors, &m, &whitened, &mut back);
                for (i, found) in back.iter().enumerate() {
                    let expected: f64 = (0..n).map(|j| at(&inverse, i, j) * v[j]).sum();
                    assert!((found - expected).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn every_width_gives_the_same_bits() {
        let a = definite(33, 1);
        let (mut one, mut other) = (a.clone(), a);
        assert!(factor(Vectors::Baseline, &mut one, 33) && factor(Vectors::detect(), &mut other, 33));
        assert_eq!(one, other);
    }

    #[test]
    fn indefinite_matrices_are_refused() {
        assert!(!factor(Vectors::Baseline, &mut [1.0, 2.0, 1.0], 2));
        assert!(!factor(Vectors::Baseline, &mut [f64::NAN], 1));
    }
}
