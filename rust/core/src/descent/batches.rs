//! Which rows stand together: the order of the rows in an epoch, and rows kept back to watch progress.
//!
//! Both depend on the seed, on their purpose and on the number of rows only, so that every candidate of a
//! fold with the same seed sees the same batches, alone or among others.

use crate::error::{Error, Result};
use crate::seed::Stream;

/// What random numbers are for.
const ORDER: u64 = 1;
const VALIDATION: u64 = 2;

/// The rows in the order in which epoch `epoch` (from 0) takes them; batches are its pieces.
pub fn order(rows: &[u32], seed: u64, epoch: usize, shuffle: bool, out: &mut Vec<u32>) {
    out.clear();
    out.extend_from_slice(rows);
    if shuffle {
        Stream::new(seed).child(ORDER).child(epoch as u64).shuffle(out);
    }
}

/// Parts rows into those that train and a `fraction` to watch progress by, both in the order given. With
/// classes (a code per row of the data), each class gives its share as nearly as whole rows allow.
pub fn hold_back(
    rows: &[u32],
    fraction: f64,
    classes: Option<&[f64]>,
    seed: u64,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let n = rows.len();
    let wanted = (fraction * n as f64).ceil() as usize;
    if wanted == 0 || wanted >= n {
        return Err(Error::invalid(format!(
            "validation_fraction={fraction} of {n} rows leaves no rows to train on or none to validate on: \
             change it, or set early_stopping=False"
        )));
    }
    let mut places: Vec<u32> = (0..n as u32).collect();
    Stream::new(seed).child(VALIDATION).shuffle(&mut places);
    if let Some(codes) = classes {
        spread(&mut places, |place| codes[rows[place as usize] as usize] as usize);
    }
    let mut held = vec![false; n];
    places[..wanted].iter().for_each(|&place| held[place as usize] = true);
    let of =
        |value: bool| rows.iter().zip(&held).filter(|(_, held)| **held == value).map(|(&i, _)| i).collect();
    Ok((of(false), of(true)))
}

/// Reorders so that every beginning holds each class in proportion: the k-th of n_c rows of a class goes to
/// about (k + 1/2) / n_c of the way.
fn spread(places: &mut [u32], class: impl Fn(u32) -> usize) {
    let n_classes = places.iter().map(|&place| class(place) + 1).max().unwrap_or(0);
    let mut counts = vec![0usize; n_classes];
    places.iter().for_each(|&place| counts[class(place)] += 1);
    let mut seen = vec![0usize; n_classes];
    let mut keyed: Vec<(f64, usize, u32)> = places
        .iter()
        .enumerate()
        .map(|(i, &place)| {
            let c = class(place);
            seen[c] += 1;
            ((seen[c] as f64 - 0.5) / counts[c] as f64, i, place)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    places.iter_mut().zip(keyed).for_each(|(place, (_, _, kept))| *place = kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_of_its_own() {
        let rows: Vec<u32> = (100..200).collect();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        order(&rows, 3, 0, true, &mut first);
        order(&rows, 3, 1, true, &mut second);
        assert_ne!(first, second);
        let again = {
            let mut again = Vec::new();
            order(&rows, 3, 0, true, &mut again);
            again
        };
        assert_eq!(first, again);
        order(&rows, 3, 0, false, &mut second);
        assert_eq!(second, rows);
        first.sort_unstable();
        assert_eq!(first, rows);
    }

    #[test]
    fn every_place_is_equally_likely() {
        let rows: Vec<u32> = (0..5).collect();
        let mut counts = [[0u32; 5]; 5];
        let mut out = Vec::new();
        for epoch in 0..5000 {
            order(&rows, 1, epoch, true, &mut out);
            out.iter().enumerate().for_each(|(place, &row)| counts[row as usize][place] += 1);
        }
        assert!(counts.iter().flatten().all(|count| (880..1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn each_class_gives_its_share() -> Result<()> {
        let classes: Vec<f64> = (0..100).map(|i| if i % 10 == 0 { 1.0 } else { 0.0 }).collect();
        let rows: Vec<u32> = (0..100).collect();
        for seed in 0..20 {
            let (train, held) = hold_back(&rows, 0.2, Some(&classes), seed)?;
            assert_eq!((train.len(), held.len()), (80, 20));
            assert_eq!(held.iter().filter(|&&i| classes[i as usize] == 1.0).count(), 2);
            let mut all: Vec<u32> = train.iter().chain(&held).copied().collect();
            all.sort_unstable();
            assert_eq!(all, rows);
        }
        assert!(hold_back(&rows[..1], 0.5, None, 0).is_err());
        Ok(())
    }
}
