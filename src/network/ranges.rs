//! Sets of integers as sorted, disjoint, merged inclusive ranges: the arithmetic below prefixes and ports.
//!
//! Knows nothing of what the integers mean. The tests for overlap and containment allocate nothing, and neither
//! do the empty set and the full one, which are by far the most frequent sets of a rule.

use std::borrow::Cow;

/// An integer type whose values are the points of a set.
pub(super) trait Point: Copy + Ord + 'static {
    /// The one range of the full set.
    const FULL: &'static [(Self, Self)];

    /// The point after this one, unless this is the last.
    fn successor(self) -> Option<Self>;

    /// The point before this one, unless this is the first.
    fn predecessor(self) -> Option<Self>;
}

macro_rules! point {
    ($($int:ty),*) => {$(
        impl Point for $int {
            const FULL: &'static [(Self, Self)] = &[(Self::MIN, Self::MAX)];

            fn successor(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn predecessor(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    )*};
}

point!(u16, u32, u128);

/// A set of points. No two ranges touch, so equal sets have equal ranges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ranges<T: Point>(Cow<'static, [(T, T)]>);

impl<T: Point> Ranges<T> {
    pub(super) const EMPTY: Self = Self(Cow::Borrowed(&[]));
    pub(super) const FULL: Self = Self(Cow::Borrowed(T::FULL));

    /// A set known when the program is built; `ranges` must be sorted, with a gap between neighbours.
    pub(super) const fn fixed(ranges: &'static [(T, T)]) -> Self {
        Self(Cow::Borrowed(ranges))
    }

    /// The union of inclusive ranges in any order; a reversed range holds nothing.
    pub(super) fn from_unsorted(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|&(first, last)| first <= last);
        ranges.sort_unstable();
        Self::from_sorted(ranges)
    }

    fn from_sorted(mut ranges: Vec<(T, T)>) -> Self {
        ranges.dedup_by(|next, kept| {
            let joins = kept.1.successor().is_none_or(|after| next.0 <= after);
            if joins {
                kept.1 = kept.1.max(next.1);
            }
            joins
        });
        if ranges.as_slice() == T::FULL { Self::FULL } else { Self(Cow::Owned(ranges)) }
    }

    pub(super) fn as_slice(&self) -> &[(T, T)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        *self.0 == *T::FULL
    }

    pub(super) fn first(&self) -> Option<T> {
        self.0.first().map(|range| range.0)
    }

    pub(super) fn last(&self) -> Option<T> {
        self.0.last().map(|range| range.1)
    }

    pub(super) fn contains(&self, point: T) -> bool {
        let at = self.0.partition_point(|range| range.1 < point);
        self.0.get(at).is_some_and(|range| range.0 <= point)
    }

    /// Whether every point of `other` is in this set.
    pub(super) fn contains_set(&self, other: &Self) -> bool {
        let mut mine: &[(T, T)] = &self.0;
        other.0.iter().all(|&(first, last)| {
            let at = mine.partition_point(|range| range.1 < first);
            mine = mine.get(at..).unwrap_or_default();
            mine.first().is_some_and(|range| range.0 <= first && last <= range.1)
        })
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (mut mine, mut theirs): (&[_], &[_]) = (&self.0, &other.0);
        while let ([a, mine_rest @ ..], [b, theirs_rest @ ..]) = (mine, theirs) {
            if a.1 < b.0 {
                mine = mine_rest;
            } else if b.1 < a.0 {
                theirs = theirs_rest;
            } else {
                return true;
            }
        }
        false
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        if other.is_empty() || self.is_full() {
            self.clone()
        } else if self.is_empty() || other.is_full() {
            other.clone()
        } else {
            Self::from_unsorted([self.as_slice(), other.as_slice()].concat())
        }
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        if self.is_full() {
            return other.clone();
        }
        if other.is_full() {
            return self.clone();
        }
        let (mut mine, mut theirs): (&[_], &[_]) = (&self.0, &other.0);
        let mut common = Vec::new();
        while let ([a, mine_rest @ ..], [b, theirs_rest @ ..]) = (mine, theirs) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                common.push((first, last));
            }
            if a.1 <= b.1 {
                mine = mine_rest;
            } else {
                theirs = theirs_rest;
            }
        }
        Self(Cow::Owned(common))
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        if !self.overlaps(other) {
            return self.clone();
        }
        let mut theirs: &[(T, T)] = &other.0;
        let mut left = Vec::new();
        for &(first, last) in self.as_slice() {
            while let [b, rest @ ..] = theirs
                && b.1 < first
            {
                theirs = rest;
            }
            let mut from = Some(first);
            // A range of `other` may reach into the next range of `self`: it is looked at again there.
            for b in theirs.iter().take_while(|b| b.0 <= last) {
                if let (Some(from), Some(until)) = (from, b.0.predecessor())
                    && from <= until
                {
                    left.push((from, until));
                }
                from = b.1.successor();
            }
            if let Some(from) = from
                && from <= last
            {
                left.push((from, last));
            }
        }
        Self(Cow::Owned(left))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Sixteen points at either end of the type, so that the ends are met as often as the middle.
    fn spread(point: u16) -> u16 {
        if point < 8 { point } else { u16::MAX - (15 - point) }
    }

    fn set() -> impl Strategy<Value = (Ranges<u16>, BTreeSet<u16>)> {
        prop::collection::vec((0_u16..8, 0_u16..8, any::<bool>()), 0..5).prop_map(|parts| {
            let shift = |high| if high { 8 } else { 0 };
            let ranges = parts.iter().map(|&(a, b, high)| (spread(a + shift(high)), spread(b + shift(high)))).collect();
            let points = parts.iter().flat_map(|&(a, b, high)| (a + shift(high)..=b + shift(high)).map(spread));
            (Ranges::from_unsorted(ranges), points.collect())
        })
    }

    fn points(ranges: &Ranges<u16>) -> BTreeSet<u16> {
        ranges.as_slice().iter().flat_map(|&(first, last)| first..=last).collect()
    }

    fn canonical(ranges: &Ranges<u16>) -> bool {
        ranges.as_slice().iter().all(|range| range.0 <= range.1)
            && ranges.as_slice().windows(2).all(|pair| pair[0].1.checked_add(1).is_some_and(|after| after < pair[1].0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn algebra_equals_that_of_sets_of_points((a, points_a) in set(), (b, points_b) in set()) {
            prop_assert_eq!(points(&a), points_a.clone());
            for (got, want) in [
                (a.union(&b), points_a.union(&points_b).copied().collect::<BTreeSet<_>>()),
                (a.intersection(&b), points_a.intersection(&points_b).copied().collect()),
                (a.difference(&b), points_a.difference(&points_b).copied().collect()),
            ] {
                prop_assert!(canonical(&got), "{:?}", got);
                prop_assert_eq!(points(&got), want);
            }
            prop_assert_eq!(a.overlaps(&b), !points_a.is_disjoint(&points_b));
            prop_assert_eq!(a.contains_set(&b), points_a.is_superset(&points_b));
            prop_assert_eq!(a.is_empty(), points_a.is_empty());
            prop_assert_eq!((a.first(), a.last()), (points_a.first().copied(), points_a.last().copied()));
            for point in (0..16).map(spread) {
                prop_assert_eq!(a.contains(point), points_a.contains(&point));
            }
        }

        #[test]
        fn complements_meet_nowhere_and_fill_everything((a, _) in set()) {
            let rest = Ranges::FULL.difference(&a);
            prop_assert!(canonical(&rest));
            prop_assert!(!rest.overlaps(&a));
            prop_assert!(rest.union(&a).is_full());
            prop_assert_eq!(rest.union(&a), Ranges::FULL);
            prop_assert_eq!(Ranges::FULL.difference(&rest), a);
        }
    }
}
