//! Bayesian search as Python sees it: a space, and the points to evaluate next.

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use setpoint_core::error::Error;
use setpoint_core::parallel::watched;
use setpoint_core::surrogate::fit::Theta;
use setpoint_core::surrogate::kernel::Axis;
use setpoint_core::surrogate::space::{Column, Space};
use setpoint_core::surrogate::suggest::{Ask, suggest};

use crate::arguments::slice2;
use crate::door::{enter, exception};

/// Whether the coordinates are categories, all of them or None, and when the column applies.
type ColumnArguments = (bool, Option<Vec<f64>>, Vec<(usize, Vec<f64>)>);

/// The surrogate of a search over some columns.
#[pyclass(frozen, module = "setpoint._core")]
pub struct Surrogate(Space);

#[pymethods]
impl Surrogate {
    #[new]
    fn new(columns: Vec<ColumnArguments>) -> PyResult<Self> {
        let column = |(category, places, conditions)| Column {
            axis: if category { Axis::Category } else { Axis::Number },
            places,
            conditions,
        };
        Space::new(columns.into_iter().map(column).collect()).map(Surrogate).map_err(exception)
    }

    /// The points that promise the largest improvement on the least of the values.
    #[pyo3(signature = (points, values, variances, *, taken, pool, theta, refit, batch, seed))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of a Python function")]
    fn suggest<'py>(
        &self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f64>,
        values: PyReadonlyArray1<'py, f64>,
        variances: PyReadonlyArray1<'py, f64>,
        taken: PyReadonlyArray2<'py, f64>,
        pool: Option<PyReadonlyArray2<'py, f64>>,
        theta: Option<Vec<f64>>,
        refit: bool,
        batch: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let points = self.rows(&points, "points")?;
        let taken = self.rows(&taken, "taken")?;
        let pool = pool.map(|pool| self.rows(&pool, "pool")).transpose()?;
        let (values, variances) = (values.as_array().to_vec(), variances.as_array().to_vec());
        let ask = Ask {
            space: &self.0,
            points: &points,
            values: &values,
            variances: &variances,
            taken: &taken,
            pool: pool.as_deref(),
            theta: theta.map(|logs| Theta { logs }),
            refit,
            batch,
            seed,
        };
        let answer = enter(py, None, None, |control, watcher| {
            watched(control, watcher, || suggest(&ask, control))?.unwrap_or(Err(Error::Interrupted))
        })?;
        let out = PyDict::new(py);
        let found = if answer.points.is_empty() {
            PyArray2::zeros(py, [0, self.0.columns().len()], false)
        } else {
            PyArray2::from_vec2(py, &answer.points)?
        };
        out.set_item("points", found)?;
        out.set_item("gains", PyArray1::from_vec(py, answer.gains))?;
        out.set_item("theta", answer.theta.logs)?;
        Ok(out)
    }
}

impl Surrogate {
    fn rows(&self, array: &PyReadonlyArray2<'_, f64>, name: &str) -> PyResult<Vec<Vec<f64>>> {
        let d = self.0.columns().len();
        if array.shape()[1] != d {
            return Err(PyValueError::new_err(format!("{name} must have {d} columns")));
        }
        Ok(slice2(array, name)?.chunks_exact(d.max(1)).map(<[f64]>::to_vec).collect())
    }
}
