//! Random numbers: streams named by what they are for.
//!
//! Problem. Draws must depend on nothing but their purpose (seed, fold, tree, node, epoch, ...), so
//! that a fit is the same bit for bit alone or in a sweep, on one thread or on many. A generator
//! that is passed around cannot do that, a counter with a key can:
//!
//! ```text
//! x_i = mix(key + i * gamma),   i = 1, 2, ...,   key and odd gamma functions of the purpose
//! ```
//!
//! `mix` is the finaliser of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number
//! generators, OOPSLA 2014, figure 16), with the constants of Stafford's variant 13. `gamma`
//! depends on the key, as in that paper, so that streams do not run along the same orbit. The paper
//! splits one stream after another; here children have tags, so the order of the splits is
//! irrelevant.
//!
//! Here live the streams only. Which tags a draw is named by is written where it is drawn.

/// 2^64 divided by the golden ratio, rounded to an odd number.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finaliser: a bijection of the 64-bit words whose output bits each depend on all the
/// input bits.
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The step of a stream, odd, with at least 24 changes between neighbouring bits: a step with long
/// runs of equal bits is mixed badly (Steele et al. 2014, section 5). It goes through MurmurHash3's
/// finaliser so that it is not a function of the stream's own outputs.
#[inline]
const fn gamma_of(key: u64) -> u64 {
    let mut z = key.wrapping_add(GOLDEN);
    z = (z ^ (z >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    z = (z ^ (z >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    z = (z ^ (z >> 33)) | 1;
    if (z ^ (z >> 1)).count_ones() < 24 { z ^ 0xaaaa_aaaa_aaaa_aaaa } else { z }
}

/// A stream of random numbers, named by a seed and a path of tags.
///
/// Streams are small and `Copy`: make one where it is needed, from its name. A child depends on its
/// parent's name only, not on how many numbers were drawn from the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: u64,
    gamma: u64,
    /// `key + i * gamma` after `i` draws.
    state: u64,
}

impl Stream {
    /// The stream of a user's seed, the root of all others.
    #[inline]
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self::of_key(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The stream `tag` below this one. Distinct tags give distinct keys (a bijection of the tag).
    #[inline]
    #[must_use]
    pub const fn child(self, tag: u64) -> Self {
        // mix(key) is x_0, which is not among the parent's draws.
        Self::of_key(mix(mix(self.key).wrapping_add(tag.wrapping_mul(GOLDEN))))
    }

    #[inline]
    const fn of_key(key: u64) -> Self {
        Self { key, gamma: gamma_of(key), state: key }
    }

    /// A number that stands for the stream's name: distinct siblings have distinct ones.
    #[inline]
    #[must_use]
    pub const fn id(self) -> u64 {
        self.key
    }

    /// A uniform 64-bit word.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.gamma);
        mix(self.state)
    }

    /// A uniform integer in `0..n`, without bias; 0 when `n` is 0.
    ///
    /// Lemire, Fast random integer generation in an interval, ACM TOMACS 29 (2019), algorithm 5: of
    /// the 2^64 products `x * n` those whose low word falls short of `2^64 mod n` are drawn again,
    /// which leaves every high word equally many. The costly remainder is met with probability
    /// `n / 2^64`.
    #[inline]
    pub const fn below(&mut self, n: u32) -> u32 {
        let n = n as u64;
        let mut product = self.next_u64() as u128 * n as u128;
        if (product as u64) < n {
            let short = n.wrapping_neg() % n;
            while (product as u64) < short {
                product = self.next_u64() as u128 * n as u128;
            }
        }
        (product >> 64) as u32
    }

    /// A uniform number in `[0, 1)`, a multiple of 2^-53.
    #[inline]
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Puts `items` into a uniformly random order (Fisher and Yates; Knuth, The Art of Computer Programming 2,
    /// algorithm 3.4.2P).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pearson's statistic of `counts` against equal shares, standardised: about N(0, 1).
    fn chi_square(counts: &[u32]) -> f64 {
        let total: f64 = counts.iter().map(|&c| f64::from(c)).sum();
        let expected = total / counts.len() as f64;
        let chi: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
        let freedom = counts.len() as f64 - 1.0;
        (chi - freedom) / (2.0 * freedom).sqrt()
    }

    #[test]
    fn mix_is_splitmix64() {
        // SplitMix64 from state 0 (reference outputs of Vigna's splitmix64.c).
        let outputs: Vec<u64> = (1..=3u64).map(|i| mix(i.wrapping_mul(GOLDEN))).collect();
        let known = [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f];
        assert_eq!(outputs, known);
    }

    #[test]
    fn gammas_are_odd_and_busy() {
        for key in (0..10_000).map(mix) {
            let gamma = gamma_of(key);
            assert_eq!(gamma & 1, 1);
            assert!((gamma ^ (gamma >> 1)).count_ones() >= 24);
        }
    }

    #[test]
    fn every_bit_is_fair() {
        let mut stream = Stream::new(7).child(3);
        let n = 100_000;
        let mut ones = [0u32; 64];
        for _ in 0..n {
            let word = stream.next_u64();
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += (word >> bit & 1) as u32;
            }
        }
        for count in ones {
            let z = (f64::from(count) - 0.5 * f64::from(n)) / (0.25 * f64::from(n)).sqrt();
            assert!(z.abs() < 5.0, "z = {z}");
        }
    }

    #[test]
    fn below_is_uniform_and_in_range() {
        for n in [1u32, 2, 3, 7, 10, 64, 1000] {
            let mut stream = Stream::new(1).child(u64::from(n));
            let mut counts = vec![0u32; n as usize];
            for _ in 0..200 * n.max(100) {
                counts[stream.below(n) as usize] += 1;
            }
            assert!(n == 1 || chi_square(&counts).abs() < 5.0, "n = {n}");
        }
        let mut stream = Stream::new(1);
        assert_eq!(stream.below(0), 0);
        for n in [u32::MAX, u32::MAX - 1, 1 << 31, (1 << 31) + 1] {
            assert!((0..1000).all(|_| stream.below(n) < n));
        }
    }

    #[test]
    fn unit_is_uniform_and_in_range() {
        let mut stream = Stream::new(2);
        let mut counts = [0u32; 256];
        for _ in 0..100_000 {
            let u = stream.unit();
            assert!((0.0..1.0).contains(&u));
            counts[(u * 256.0) as usize] += 1;
        }
        assert!(chi_square(&counts).abs() < 5.0);
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut stream = Stream::new(4);
        let mut counts = [0u32; 256];
        for _ in 0..100_000 {
            let mut items = [0usize, 1, 2, 3];
            stream.shuffle(&mut items);
            counts[items.iter().fold(0, |code, item| code * 4 + item)] += 1;
        }
        let met: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(met.len(), 24);
        assert!(chi_square(&met).abs() < 5.0);
    }

    #[test]
    fn successive_pairs_are_uniform() {
        let mut stream = Stream::new(3);
        let mut counts = vec![0u32; 1024];
        for _ in 0..200_000 {
            counts[(stream.below(32) * 32 + stream.below(32)) as usize] += 1;
        }
        assert!(chi_square(&counts).abs() < 5.0);
    }

    /// What forests do: a few numbers each from many streams with adjacent names.
    #[test]
    fn draws_across_adjacent_tags_are_uniform() {
        let draws: [fn(u64) -> Stream; 3] =
            [Stream::new, |i| Stream::new(0).child(i), |i| Stream::new(0).child(i / 300).child(i % 300)];
        for stream in draws {
            let mut single = [0u32; 100];
            let mut neighbours = vec![0u32; 1024]; // (first draw of i, first draw of i + 1)
            let mut within = vec![0u32; 1024]; // (first, second) draw of i
            for i in 0..90_000 {
                let mut here = stream(i);
                single[stream(i).below(100) as usize] += 1;
                let (first, second) = (here.below(32), here.below(32));
                within[(first * 32 + second) as usize] += 1;
                neighbours[(first * 32 + stream(i + 1).below(32)) as usize] += 1;
            }
            assert!(chi_square(&single).abs() < 5.0);
            assert!(chi_square(&neighbours).abs() < 5.0);
            assert!(chi_square(&within).abs() < 5.0);
        }
    }

    #[test]
    fn adjacent_streams_are_uncorrelated() {
        let n = 10_000;
        let centred = |mut s: Stream| -> Vec<f64> { (0..n).map(|_| s.unit() - 0.5).collect() };
        let root = Stream::new(42);
        for tag in 0..20 {
            let (a, b) = (centred(root.child(tag)), centred(root.child(tag + 1)));
            for lag in 0..3 {
                let covariance: f64 = a[lag..].iter().zip(&b).map(|(x, y)| x * y).sum();
                let z = covariance * 12.0 / (n as f64).sqrt();
                assert!(z.abs() < 5.0, "tag {tag} lag {lag}: z = {z}");
            }
        }
    }

    #[test]
    fn names_are_distinct() {
        let root = Stream::new(5);
        let mut seen = std::collections::HashSet::from([root.key]);
        for a in 0..200 {
            assert!(seen.insert(root.child(a).key));
            for b in 0..200 {
                assert!(seen.insert(root.child(a).child(b).key));
            }
        }
        assert_ne!(root.child(1).child(2), root.child(2).child(1));
        assert_ne!(Stream::new(0).child(0), Stream::new(0));
    }

    #[test]
    fn children_do_not_depend_on_draws() {
        let mut drawn = Stream::new(9);
        let before = drawn.child(4);
        let first = drawn.next_u64();
        assert_eq!(drawn.child(4), before);
        assert_eq!(Stream::new(9).next_u64(), first);
        assert_ne!(drawn.next_u64(), first);
    }
}
