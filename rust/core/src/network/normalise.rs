//! Batch normalisation, column by column of a layer's scores (Ioffe and Szegedy 2015); the letters are those
//! of pass.rs.

use crate::elementary::Float;
use crate::vectors::Kernel;

/// Means and variances by column.
pub struct Moments<'a, T> {
    pub z: &'a [T],
    pub mean: &'a mut [T],
    pub variance: &'a mut [T],
}

impl<T: Float> Kernel for Moments<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Moments { z, mean, variance } = self;
        let h = mean.len();
        let variance = &mut variance[..h];
        let share = T::of_f64(h as f64 / z.len() as f64);
        mean.fill(T::of_f64(0.0));
        variance.fill(T::of_f64(0.0));
        for row in z.chunks_exact(h) {
            for j in 0..h {
                mean[j] = mean[j] + row[j];
            }
        }
        for mean in mean.iter_mut() {
            *mean = *mean * share;
        }
        for row in z.chunks_exact(h) {
            for j in 0..h {
                let r = row[j] - mean[j];
                variance[j] = variance[j] + r * r;
            }
        }
        for variance in variance.iter_mut() {
            *variance = *variance * share;
        }
    }
}

/// H, and Z <- g H.
pub struct Normalise<'a, T> {
    pub z: &'a mut [T],
    pub centred: &'a mut [T],
    pub mean: &'a [T],
    pub scales: &'a [T],
    pub gains: &'a [T],
}

impl<T: Float> Kernel for Normalise<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Normalise { z, centred, mean, scales, gains } = self;
        let h = mean.len();
        let (scales, gains) = (&scales[..h], &gains[..h]);
        for (row, centred) in z.chunks_exact_mut(h).zip(centred.chunks_exact_mut(h)) {
            for j in 0..h {
                centred[j] = (row[j] - mean[j]) * scales[j];
                row[j] = gains[j] * centred[j];
            }
        }
    }
}

/// Sums of D and H D by column, and D <- g s (D - mean(D) - H mean(H D)).
pub struct Denormalise<'a, T> {
    pub delta: &'a mut [T],
    pub centred: &'a [T],
    pub plain: &'a mut [T],
    pub with: &'a mut [T],
    pub gains: &'a [T],
    pub scales: &'a [T],
}

impl<T: Float> Kernel for Denormalise<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Denormalise { delta, centred, plain, with, gains, scales } = self;
        let h = plain.len();
        let (with, gains, scales) = (&mut with[..h], &gains[..h], &scales[..h]);
        let share = T::of_f64(h as f64 / delta.len() as f64);
        plain.fill(T::of_f64(0.0));
        with.fill(T::of_f64(0.0));
        for (row, centred) in delta.chunks_exact(h).zip(centred.chunks_exact(h)) {
            for j in 0..h {
                plain[j] = plain[j] + row[j];
                with[j] = with[j] + row[j] * centred[j];
            }
        }
        for (row, centred) in delta.chunks_exact_mut(h).zip(centred.chunks_exact(h)) {
            for j in 0..h {
                let rest = row[j] - share * plain[j] - centred[j] * (share * with[j]);
                row[j] = gains[j] * scales[j] * rest;
            }
        }
    }
}
