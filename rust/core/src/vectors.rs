//! Which vector instructions the processor has. One binary serves all of them: kernels are compiled for
//! each width and choose when they run.

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
