//! Columns of a space: their values, when they apply, and points spread over them.

use super::kernel::Axis;
use crate::error::{Error, Result};

/// A column of coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub axis: Axis,
    /// All coordinates in rising order, or none where they are all of [0, 1].
    pub places: Option<Vec<f64>>,
    /// It applies where each of these columns has one of these coordinates.
    pub conditions: Vec<(usize, Vec<f64>)>,
}

/// Columns; each after those that its conditions read.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    columns: Vec<Column>,
}

impl Space {
    /// A space of these columns.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        for (number, column) in columns.iter().enumerate() {
            if column.conditions.iter().any(|(parent, _)| *parent >= number) {
                return Err(Error::invalid(format!("column {number} reads a column that is not before it")));
            }
            let empty = column.places.as_ref().is_some_and(Vec::is_empty);
            if empty || column.axis == Axis::Category && column.places.is_none() {
                return Err(Error::invalid(format!("column {number} has no coordinates")));
            }
        }
        Ok(Space { columns })
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How each column is compared.
    pub fn axes(&self) -> Vec<Axis> {
        self.columns.iter().map(|column| column.axis).collect()
    }

    /// Puts every coordinate on a place of its column: NaN where the column does not apply, the middle where
    /// it has come to apply, else the nearest.
    pub fn settle(&self, point: &mut [f64]) {
        for j in 0..self.columns.len() {
            let column = &self.columns[j];
            let applies = column.conditions.iter().all(|(parent, allowed)| allowed.contains(&point[*parent]));
            point[j] = match &column.places {
                _ if !applies => f64::NAN,
                Some(places) if point[j].is_nan() => places[places.len() / 2],
                Some(places) => places[nearest(places, point[j])],
                None if point[j].is_nan() => 0.5,
                None => point[j].clamp(0.0, 1.0),
            };
        }
    }

    /// The point at these shares, each in [0, 1): the nearest number, one of equally likely categories.
    pub fn at(&self, shares: impl Iterator<Item = f64>) -> Vec<f64> {
        let place = |(column, share): (&Column, f64)| match (&column.places, column.axis) {
            (Some(places), Axis::Category) => {
                places[((share * places.len() as f64) as usize).min(places.len() - 1)]
            }
            // Numbers are spread by their place in [0, 1]: `settle` takes the nearest.
            _ => share,
        };
        let mut point: Vec<f64> = self.columns.iter().zip(shares).map(place).collect();
        self.settle(&mut point);
        point
    }
}

/// The number of the nearest place, the lower of two.
pub fn nearest(places: &[f64], coordinate: f64) -> usize {
    let above = places.partition_point(|&place| place < coordinate);
    let Some(before) = above.checked_sub(1) else { return above };
    let is_nearer = |next: &f64| next - coordinate < coordinate - places[before];
    if places.get(above).is_some_and(is_nearer) { above } else { before }
}

/// Steps of an additive sequence of low discrepancy in d dimensions: powers of 1 / phi, where
/// phi^(d + 1) = phi + 1 generalises the golden ratio (Roberts, The unreasonable effectiveness of
/// quasirandom sequences, 2018).
pub fn steps(d: usize) -> Vec<f64> {
    let mut phi = 1.5_f64;
    for _ in 0..60 {
        phi = (1.0 + phi).powf(1.0 / (d as f64 + 1.0));
    }
    (1..=d).map(|j| phi.powi(-(j as i32))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditional() -> Space {
        let kernel = Column { axis: Axis::Category, places: Some(vec![0.0, 1.0, 2.0]), conditions: vec![] };
        let degree = Column {
            axis: Axis::Number,
            places: Some(vec![0.1, 0.5, 0.9]),
            conditions: vec![(0, vec![2.0])],
        };
        let c = Column { axis: Axis::Number, places: None, conditions: vec![] };
        Space::new(vec![kernel, degree, c]).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn settles_on_places_and_conditions() {
        let space = conditional();
        for (point, expected) in [
            ([0.0, 0.3, 1.2], [0.0, f64::NAN, 1.0]),
            ([2.0, f64::NAN, -1.0], [2.0, 0.5, 0.0]),
            ([1.6, 0.75, 0.3], [2.0, 0.9, 0.3]),
        ] {
            let mut settled = point;
            space.settle(&mut settled);
            assert_eq!(settled.map(f64::to_bits), expected.map(f64::to_bits), "{point:?}");
        }
    }

    #[test]
    fn nearest_places() {
        let places = [0.1, 0.5, 0.9];
        for (x, expected) in [(0.0, 0), (0.29, 0), (0.31, 1), (0.5, 1), (0.95, 2)] {
            assert_eq!(nearest(&places, x), expected);
        }
    }

    #[test]
    fn spread_points_leave_no_large_gap() {
        let step = steps(2);
        assert!((step[0] - 0.754_877_666).abs() < 1e-6);
        let mut cells = [0; 16];
        for i in 0..64 {
            let [x, y] = [0, 1].map(|j| (0.5 + step[j] * f64::from(i)).fract());
            cells[(x * 4.0) as usize * 4 + (y * 4.0) as usize] += 1;
        }
        assert!(cells.iter().all(|&count| (2..=6).contains(&count)), "{cells:?}");
    }

    #[test]
    fn what_is_no_space() {
        let number = |places, conditions| Column { axis: Axis::Number, places, conditions };
        assert!(Space::new(vec![number(Some(vec![]), vec![])]).is_err());
        assert!(Space::new(vec![number(None, vec![(0, vec![1.0])])]).is_err());
    }
}
