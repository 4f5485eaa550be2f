//! Which vector instructions the processor has, and functions compiled for each of them. One binary serves
//! all: what is chosen is chosen when it runs.

/// The widest vectors that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vectors {
    /// What every processor of the architecture has.
    Baseline,
    /// With fused multiply-add.
    Avx2,
    Avx512,
}

impl Vectors {
    /// What this processor has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let bits = has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt") && has!("fma");
            let wide = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
            if bits && wide {
                return Vectors::Avx512;
            }
            if bits && has!("avx2") {
                return Vectors::Avx2;
            }
        }
        Vectors::Baseline
    }
}

/// Compiles a function for each width of vectors. What it makes has one argument more, in front: the
/// [`Vectors`] to run with.
///
/// The body is loops without branches that the compiler turns into vectors. What it calls must be
/// `#[inline(always)]`, and no closure that is not inlined: else it stays compiled for the baseline. With
/// `<const FUSED: bool>` after its name, the body learns whether [`fused`] is one instruction; without, it
/// must fuse nothing, and gives the same bits with every width.
macro_rules! for_each_width {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<const $fused:ident: bool>($($arg:ident: $kind:ty),* $(,)?) $(-> $out:ty)?
        $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name(vectors: $crate::vectors::Vectors, $($arg: $kind),*) $(-> $out)? {
            #[inline(always)]
            fn body<const $fused: bool>($($arg: $kind),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
            fn avx2($($arg: $kind),*) $(-> $out)? {
                body::<true>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma,bmi1,bmi2,lzcnt,popcnt")]
            fn avx512($($arg: $kind),*) $(-> $out)? {
                body::<true>($($arg),*)
            }
            match vectors {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `Vectors` says only what was detected.
                $crate::vectors::Vectors::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::vectors::Vectors::Avx2 => unsafe { avx2($($arg),*) },
                _ => body::<false>($($arg),*),
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arguments:tt)*) $(-> $out:ty)? $body:block) => {
        $crate::vectors::for_each_width! {
            $(#[$meta])* $vis fn $name<const _FUSED: bool>($($arguments)*) $(-> $out)? $body
        }
    };
}
pub(crate) use for_each_width;

/// a b + c, rounded once where the processor does that in one instruction; elsewhere it would be a call.
#[inline(always)]
pub fn fused<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// A loop over numbers of one of several types, as its arguments: what `for_each_width` is to functions.
/// `run` and what it calls must be `#[inline(always)]`.
pub trait Kernel {
    fn run(self);
}

for_each_width! {
    /// Runs a loop with the vectors given.
    #[inline]
    pub fn widest(kernel: impl Kernel) {
        kernel.run();
    }
}
