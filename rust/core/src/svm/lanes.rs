//! Loops over whole rows, compiled for each width of vectors and chosen when they run. All of them are
//! written as loops over lanes that the compiler turns into vectors; sums are taken lane by lane, so that
//! on one machine the same numbers give the same bits.
//!
//! Notation: g (m,) gradients, k a row of kernel values, u and l what is added to g where a variable may
//! go up or down, and an infinity where it may not.

use crate::vectors::Vectors;

/// Lanes of float32 numbers that the widest vectors hold, and of float64 numbers.
const WIDE: usize = 16;
const HALF: usize = 8;

/// Where fused multiplication and addition is one instruction it is used; elsewhere it would be a call.
#[inline(always)]
fn fused<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn fused32<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// A function that runs `$body`, compiled for the vectors given.
macro_rules! by_vectors {
    ($(#[$doc:meta])* $name:ident, $body:ident, ($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        $(#[$doc])*
        #[expect(clippy::allow_attributes, reason = "not every kernel has many arguments")]
        #[allow(clippy::too_many_arguments)]
        pub fn $name(vectors: Vectors, $($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn avx512($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                fn avx2($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                match vectors {
                    // SAFETY: `Vectors` says only what was detected.
                    Vectors::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    Vectors::Avx2 => return unsafe { avx2($($arg),*) },
                    Vectors::Baseline => {}
                }
            }
            let _ = vectors;
            $body::<false>($($arg),*)
        }
    };
}

by_vectors! {
    /// g -= delta (ki - kj); returns max(g + u) and where it is.
    step, step_lanes, (g: &mut [f64], ki: &[f32], kj: &[f32], delta: f64, u: &[f64]) -> (f64, usize)
}

#[inline(always)]
fn step_lanes<const FUSED: bool>(
    g: &mut [f64],
    ki: &[f32],
    kj: &[f32],
    delta: f64,
    u: &[f64],
) -> (f64, usize) {
    let (g, u) = (g.as_chunks_mut::<HALF>().0, u.as_chunks::<HALF>().0);
    let (ki, kj) = (ki.as_chunks::<HALF>().0, kj.as_chunks::<HALF>().0);
    let blocks = g.len().min(u.len()).min(ki.len()).min(kj.len());
    let (mut best, mut at) = ([f64::NEG_INFINITY; HALF], [0_u64; HALF]);
    for block in 0..blocks {
        let (g, u, ki, kj) = (&mut g[block], u[block], ki[block], kj[block]);
        let mut new = *g;
        for lane in 0..HALF {
            new[lane] = fused::<FUSED>(-delta, f64::from(ki[lane]) - f64::from(kj[lane]), new[lane]);
        }
        *g = new;
        for lane in 0..HALF {
            let up = new[lane] + u[lane];
            let better = up > best[lane];
            best[lane] = if better { up } else { best[lane] };
            at[lane] = if better { block as u64 } else { at[lane] };
        }
    }
    let lane = first_best(&best);
    (best[lane], at[lane] as usize * HALF + lane)
}

/// The first of the largest.
#[inline(always)]
fn first_best<T: PartialOrd + Copy, const N: usize>(best: &[T; N]) -> usize {
    let mut halves = *best;
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            let other = halves[lane + half];
            halves[lane] = if other > halves[lane] { other } else { halves[lane] };
        }
        half /= 2;
    }
    let mut equal = 0_u32;
    for (lane, &value) in best.iter().enumerate() {
        equal |= u32::from(value == halves[0]) << lane;
    }
    equal.trailing_zeros().min(N as u32 - 1) as usize
}

by_vectors! {
    /// The partner j of i: of those that may go down and have g_j + l_j < most, the one with the largest
    /// gain (most - g_j - l_j)^2 / (K_ii + K_jj - 2 K_ij); and the least g + l of all.
    partner, partner_lanes,
    (g: &[f64], l: &[f64], k: &[f32], diagonal: &[f32], kii: f32, most: f64, scale: f64) -> (f64, usize)
}

#[inline(always)]
fn partner_lanes<const FUSED: bool>(
    g: &[f64],
    l: &[f64],
    k: &[f32],
    diagonal: &[f32],
    kii: f32,
    most: f64,
    scale: f64,
) -> (f64, usize) {
    let (g, l) = (g.as_chunks::<WIDE>().0, l.as_chunks::<WIDE>().0);
    let (k, diagonal) = (k.as_chunks::<WIDE>().0, diagonal.as_chunks::<WIDE>().0);
    let blocks = g.len().min(l.len()).min(k.len()).min(diagonal.len());
    // Gains are not negative, so their bits are ordered as they are.
    let (mut best, mut at) = ([0_u32; WIDE], [u32::MAX; WIDE]);
    let mut least = [f64::INFINITY; WIDE];
    for block in 0..blocks {
        let (g, l, k, diagonal) = (g[block], l[block], k[block], diagonal[block]);
        let mut violation = [0.0_f32; WIDE];
        for lane in 0..WIDE {
            let down = g[lane] + l[lane];
            least[lane] = if down < least[lane] { down } else { least[lane] };
            // The gain only ranks: float32 is enough. An infinite `down` becomes a negative difference.
            violation[lane] = ((most - down) * scale) as f32;
        }
        for lane in 0..WIDE {
            let slope = if violation[lane] > 0.0 { violation[lane] } else { 0.0 };
            let curve = fused32::<FUSED>(-2.0, k[lane], kii + diagonal[lane]);
            let curve = if curve > FLAT { curve } else { FLAT };
            let gain = (slope * slope / curve).to_bits();
            at[lane] = if gain > best[lane] { block as u32 } else { at[lane] };
            best[lane] = best[lane].max(gain);
        }
    }
    let lane = first_best(&best);
    let mut half = WIDE / 2;
    while half > 0 {
        for lane in 0..half {
            let other = least[lane + half];
            least[lane] = if other < least[lane] { other } else { least[lane] };
        }
        half /= 2;
    }
    (least[0], if at[lane] == u32::MAX { usize::MAX } else { at[lane] as usize * WIDE + lane })
}

/// The least curvature that a gain is divided by: LIBSVM's TAU.
pub const FLAT: f32 = 1e-12;

by_vectors! {
    /// (max(g + u), min(g + l)).
    extremes, extremes_lanes, (g: &[f64], u: &[f64], l: &[f64]) -> (f64, f64)
}

#[inline(always)]
fn extremes_lanes<const FUSED: bool>(g: &[f64], u: &[f64], l: &[f64]) -> (f64, f64) {
    let (mut most, mut least) = ([f64::NEG_INFINITY; WIDE], [f64::INFINITY; WIDE]);
    let ((g, g_rest), (u, u_rest)) = (g.as_chunks::<WIDE>(), u.as_chunks::<WIDE>());
    let (l, l_rest) = l.as_chunks::<WIDE>();
    for block in 0..g.len().min(u.len()).min(l.len()) {
        let (g, u, l) = (g[block], u[block], l[block]);
        for lane in 0..WIDE {
            let (up, down) = (g[lane] + u[lane], g[lane] + l[lane]);
            most[lane] = if up > most[lane] { up } else { most[lane] };
            least[lane] = if down < least[lane] { down } else { least[lane] };
        }
    }
    for ((g, u), l) in g_rest.iter().zip(u_rest).zip(l_rest) {
        most[0] = most[0].max(g + u);
        least[0] = least[0].min(g + l);
    }
    let (mut up, mut down) = (most[0], least[0]);
    for lane in 1..WIDE {
        up = if most[lane] > up { most[lane] } else { up };
        down = if least[lane] < down { least[lane] } else { down };
    }
    (up, down)
}

/// Rows of kernel values that [`subtract`] takes at a time.
pub const AT_ONCE: usize = 8;

by_vectors! {
    /// g -= sum_r delta_r k_r.
    subtract, subtract_lanes, (g: &mut [f64], rows: &[&[f32]; AT_ONCE], delta: &[f64; AT_ONCE])
}

#[inline(always)]
fn subtract_lanes<const FUSED: bool>(g: &mut [f64], rows: &[&[f32]; AT_ONCE], delta: &[f64; AT_ONCE]) {
    let m = g.len();
    let [a, b, c, d, e, f, h, o] = rows.map(|row| &row[..m]);
    for i in 0..m {
        let mut sum = g[i];
        sum = fused::<FUSED>(-delta[0], f64::from(a[i]), sum);
        sum = fused::<FUSED>(-delta[1], f64::from(b[i]), sum);
        sum = fused::<FUSED>(-delta[2], f64::from(c[i]), sum);
        sum = fused::<FUSED>(-delta[3], f64::from(d[i]), sum);
        sum = fused::<FUSED>(-delta[4], f64::from(e[i]), sum);
        sum = fused::<FUSED>(-delta[5], f64::from(f[i]), sum);
        sum = fused::<FUSED>(-delta[6], f64::from(h[i]), sum);
        sum = fused::<FUSED>(-delta[7], f64::from(o[i]), sum);
        g[i] = sum;
    }
}

by_vectors! {
    /// sum_i k_i w_i
    dot, dot_lanes, (k: &[f32], w: &[f64]) -> f64
}

#[inline(always)]
fn dot_lanes<const FUSED: bool>(k: &[f32], w: &[f64]) -> f64 {
    let mut sums = [0.0; WIDE];
    let ((k, k_rest), (w, w_rest)) = (k.as_chunks::<WIDE>(), w.as_chunks::<WIDE>());
    for block in 0..k.len().min(w.len()) {
        let (k, w) = (k[block], w[block]);
        for lane in 0..WIDE {
            sums[lane] = fused::<FUSED>(f64::from(k[lane]), w[lane], sums[lane]);
        }
    }
    // The rest is filled up with zeros.
    let (mut k_last, mut w_last) = ([0.0; WIDE], [0.0; WIDE]);
    let rest = k_rest.len().min(w_rest.len());
    k_last[..rest].copy_from_slice(&k_rest[..rest]);
    w_last[..rest].copy_from_slice(&w_rest[..rest]);
    for lane in 0..WIDE {
        sums[lane] = fused::<FUSED>(f64::from(k_last[lane]), w_last[lane], sums[lane]);
    }
    let mut half = WIDE / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

/// Rows that [`spread_products`] takes at a time.
const SPREAD: usize = 16;

by_vectors! {
    /// Inner products of sparse rows with 16 rows that are spread out side by side (d, 16): out (n, 16).
    spread_products, spread_lanes,
    (spread: &[f64], starts: &[usize], columns: &[i32], values: &[f64], out: &mut [f64])
}

#[inline(always)]
fn spread_lanes<const FUSED: bool>(
    spread: &[f64],
    starts: &[usize],
    columns: &[i32],
    values: &[f64],
    out: &mut [f64],
) {
    for (ends, out) in starts.windows(2).zip(out.chunks_exact_mut(SPREAD)) {
        let mut sums = [0.0; SPREAD];
        let entries = ends[0]..ends[1];
        for (&j, &value) in columns[entries.clone()].iter().zip(&values[entries]) {
            let row = &spread[j as usize * SPREAD..][..SPREAD];
            for lane in 0..SPREAD {
                sums[lane] = fused::<FUSED>(value, row[lane], sums[lane]);
            }
        }
        out.copy_from_slice(&sums);
    }
}

by_vectors! {
    /// sum_j x_j w_j
    inner, inner_lanes, (x: &[f64], w: &[f64]) -> f64
}

#[inline(always)]
fn inner_lanes<const FUSED: bool>(x: &[f64], w: &[f64]) -> f64 {
    let mut sums = [0.0; WIDE];
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<WIDE>(), w.as_chunks::<WIDE>());
    for block in 0..x.len().min(w.len()) {
        let (x, w) = (x[block], w[block]);
        for lane in 0..WIDE {
            sums[lane] = fused::<FUSED>(x[lane], w[lane], sums[lane]);
        }
    }
    for (lane, (&x, &w)) in x_rest.iter().zip(w_rest).enumerate() {
        sums[lane] = fused::<FUSED>(x, w, sums[lane]);
    }
    let mut half = WIDE / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

by_vectors! {
    /// w += a x
    add, add_lanes, (w: &mut [f64], x: &[f64], a: f64)
}

#[inline(always)]
fn add_lanes<const FUSED: bool>(w: &mut [f64], x: &[f64], a: f64) {
    for (w, &x) in w.iter_mut().zip(x) {
        *w = fused::<FUSED>(a, x, *w);
    }
}

by_vectors! {
    /// d = max(0, si + s_j - 2 p_j): squared distances from inner products.
    distances, distances_lanes, (p: &[f64], s: &[f64], si: f64, out: &mut [f32])
}

#[inline(always)]
fn distances_lanes<const FUSED: bool>(p: &[f64], s: &[f64], si: f64, out: &mut [f32]) {
    for ((out, &p), &s) in out.iter_mut().zip(p).zip(s) {
        let d = fused::<FUSED>(-2.0, p, si + s);
        *out = if d > 0.0 { d } else { 0.0 } as f32;
    }
}

by_vectors! {
    /// k = exp(-gamma d), d >= 0.
    gaussian, gaussian_lanes, (d: &mut [f32], gamma: f32)
}

#[inline(always)]
fn gaussian_lanes<const FUSED: bool>(d: &mut [f32], gamma: f32) {
    for value in d {
        *value = exp::<FUSED>(-gamma * *value);
    }
}

by_vectors! {
    /// k = (gamma p + c)^degree
    power, power_lanes, (p: &mut [f32], gamma: f32, c: f32, degree: u32)
}

#[inline(always)]
fn power_lanes<const FUSED: bool>(p: &mut [f32], gamma: f32, c: f32, degree: u32) {
    for value in p {
        let base = fused32::<FUSED>(gamma, *value, c);
        let (mut result, mut square, mut left) = (1.0, base, degree);
        while left > 0 {
            if left & 1 == 1 {
                result *= square;
            }
            square *= square;
            left >>= 1;
        }
        *value = result;
    }
}

by_vectors! {
    /// k = tanh(gamma p + c)
    hyperbolic, hyperbolic_lanes, (p: &mut [f32], gamma: f32, c: f32)
}

#[inline(always)]
fn hyperbolic_lanes<const FUSED: bool>(p: &mut [f32], gamma: f32, c: f32) {
    for value in p {
        let t = fused32::<FUSED>(gamma, *value, c);
        // tanh t = 1 - 2 / (exp(2 t) + 1); beyond 20 it is 1 in float32.
        let t = if t > 20.0 { 20.0 } else { t };
        let t = if t < -20.0 { -20.0 } else { t };
        *value = 1.0 - 2.0 / (exp::<FUSED>(2.0 * t) + 1.0);
    }
}

/// exp(t) for t <= 88, within 3 units of the last place; 0 below -87, where it would be subnormal.
///
/// t = n ln 2 + r, |r| <= ln 2 / 2, exp(t) = 2^n exp(r); exp(r) by its Taylor polynomial of degree 7, whose
/// remainder is below 6e-9 of it. ln 2 is taken off in two parts (Cody and Waite), so that n ln 2 is exact
/// enough; n is rounded by adding and taking off 1.5 * 2^23.
#[inline(always)]
fn exp<const FUSED: bool>(t: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let shifted = fused32::<FUSED>(t, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fused32::<FUSED>(n, -LN2_LOW, fused32::<FUSED>(n, -LN2_HIGH, t));
    let mut p = 1.0 / 5040.0;
    p = fused32::<FUSED>(p, r, 1.0 / 720.0);
    p = fused32::<FUSED>(p, r, 1.0 / 120.0);
    p = fused32::<FUSED>(p, r, 1.0 / 24.0);
    p = fused32::<FUSED>(p, r, 1.0 / 6.0);
    p = fused32::<FUSED>(p, r, 0.5);
    p = fused32::<FUSED>(p, r, 1.0);
    p = fused32::<FUSED>(p, r, 1.0);
    // The low bits of `shifted` are n: into the exponent with them.
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if t < -87.0 { 0.0 } else { p * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Vectors; 3] = [Vectors::Baseline, Vectors::Avx2, Vectors::Avx512];

    fn here() -> impl Iterator<Item = Vectors> {
        let widest = Vectors::detect() as usize;
        ALL.into_iter().filter(move |&v| v as usize <= widest)
    }

    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut stream = crate::seed::Stream::new(seed);
        (0..n).map(|_| stream.unit() * 2.0 - 1.0).collect()
    }

    #[test]
    fn exponentials_are_within_three_units_of_the_last_place() {
        for vectors in here() {
            let arguments: Vec<f32> = (0..1_000_000).map(|i| i as f32 * 8.7e-5).collect();
            let mut values = arguments.clone();
            gaussian(vectors, &mut values, 1.0);
            for (&d, &value) in arguments.iter().zip(&values) {
                let exact = f64::from(-d).exp();
                let error = (f64::from(value) - exact).abs() / exact;
                assert!(error <= 3.0 * f64::from(f32::EPSILON) / 2.0 + 1e-12, "exp(-{d}) = {value}");
            }
            let mut ends = [0.0, 1e-30, 100.0, 3e38, f32::INFINITY];
            gaussian(vectors, &mut ends, 1.0);
            assert_eq!(ends, [1.0, 1.0, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn steps_are_those_of_plain_loops() {
        let m = 160;
        let row = |seed| numbers(m, seed).iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (ki, kj, u) = (row(1), row(2), numbers(m, 3));
        for vectors in here() {
            let mut g = numbers(m, 4);
            let old = g.clone();
            let (most, at) = step(vectors, &mut g, &ki, &kj, 0.3, &u);
            for i in 0..m {
                let expected = old[i] - 0.3 * (f64::from(ki[i]) - f64::from(kj[i]));
                assert!((g[i] - expected).abs() < 1e-12 && g[i] + u[i] <= most);
            }
            assert_eq!(g[at] + u[at], most);
            let least = (0..m).map(|i| g[i] + u[i]).fold(f64::INFINITY, f64::min);
            assert_eq!(extremes(vectors, &g, &u, &u), (most, least));
            let diagonal = vec![2.0; m];
            let (lowest, j) = partner(vectors, &g, &u, &ki, &diagonal, 2.0, most, 1.0);
            assert_eq!(lowest, least);
            let gain =
                |i: usize| (most - g[i] - u[i]).powi(2) / (4.0 - 2.0 * f64::from(ki[i])).max(f64::from(FLAT));
            assert!((0..m).all(|i| gain(i) <= gain(j) * (1.0 + 1e-5)));
            let w = numbers(m, 5);
            let plain: f64 = ki.iter().zip(&w).map(|(&k, w)| f64::from(k) * w).sum();
            assert!((dot(vectors, &ki[..m - 7], &w[..m - 7]) - plain).abs() < 8.0);
            assert!((dot(vectors, &ki, &w) - plain).abs() < 1e-12);
        }
    }

    #[test]
    fn no_partner_where_none_violates() {
        let (g, l, k) = ([0.0; 16], [f64::INFINITY; 16], [0.0; 16]);
        for vectors in here() {
            let found = partner(vectors, &g, &l, &k, &[1.0; 16], 1.0, 0.5, 1.0);
            assert_eq!(found, (f64::INFINITY, usize::MAX));
        }
    }
}
