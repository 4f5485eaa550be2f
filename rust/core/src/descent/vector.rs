//! Loops over numbers, compiled for each width of vectors. What the loops compute lives with its meaning.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::gemm::Number;
use crate::vectors::Vectors;

/// Numbers that descent computes with: f32 and f64. No operation is fused, so that vectors of every width
/// give the same bits.
pub trait Float:
    Number
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn to_f64(self) -> f64;
}

impl Float for f32 {
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// A loop without branches that the compiler turns into vectors. `run` and what it calls must be
/// `#[inline(always)]`: only then are they compiled for the instructions at hand.
pub trait Kernel {
    fn run(self);
}

/// Runs a loop with the widest vectors that the processor has.
#[inline]
pub fn widest(vectors: Vectors, kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    match vectors {
        // SAFETY: `Vectors` says only what was detected.
        Vectors::Avx512 => return unsafe { avx512(kernel) },
        // SAFETY: as above.
        Vectors::Avx2 => return unsafe { avx2(kernel) },
        Vectors::Baseline => {}
    }
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
fn avx512(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx2(kernel: impl Kernel) {
    kernel.run();
}
