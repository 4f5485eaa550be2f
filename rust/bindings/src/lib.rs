//! `setpoint._core`: the one door between Python and the core. It borrows arrays, releases the GIL,
//! serves Ctrl-C and progress, and maps errors. No mathematics.

mod arguments;
mod door;
#[cfg(feature = "forest")]
mod forest;
#[cfg(feature = "importance")]
mod importance;
mod linear;
#[cfg(feature = "network")]
mod network;
mod outcome;
mod predict;
mod state;
#[cfg(feature = "surrogate")]
mod surrogate;
#[cfg(feature = "svm")]
mod svm;
mod sweep;

use pyo3::prelude::*;

/// The compiled core of setpoint.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("METRICS", pyo3::types::PyTuple::new(module.py(), setpoint_core::metric::NAMES)?)?;
    #[cfg(feature = "forest")]
    forest::register(module)?;
    #[cfg(feature = "importance")]
    module.add_class::<importance::Anova>()?;
    #[cfg(feature = "network")]
    network::register(module)?;
    #[cfg(feature = "surrogate")]
    module.add_class::<surrogate::Surrogate>()?;
    module.add_class::<linear::LinearModel>()?;
    module.add_function(wrap_pyfunction!(linear::class_values, module)?)?;
    #[cfg(feature = "svm")]
    svm::register(module)?;
    module.add_class::<sweep::Unfinished>()?;
    module.add_function(wrap_pyfunction!(sweep::fit, module)?)?;
    module.add_function(wrap_pyfunction!(sweep::sweep, module)?)?;
    Ok(())
}
