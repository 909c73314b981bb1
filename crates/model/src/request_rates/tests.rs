//! Categories, tables and buckets.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::bucket::{Bucket, Share};
use super::table::{Bounds, RateTable};
use super::*;
use crate::time::Timestamp;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn each_category_has_its_place_and_its_name_and_no_operation_has_two() {
    for (place, known) in KNOWN.iter().enumerate() {
        assert_eq!(known.category as usize, place, "{}", known.name);
        assert_eq!(Category::named(known.name), Some(Category::ALL[place]));
    }
    let all: Vec<_> = KNOWN.iter().flat_map(|known| known.operations).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn an_operators_rates_stand_beside_cognitos() {
    for off in [&[][..], &["off"]] {
        assert_eq!(RateTable::parse(&texts(off)).unwrap(), None);
    }
    let given = ["cognito", "UserRead=500", "UserUpdate=30-300", "SignUps=1"];
    let table = RateTable::parse(&texts(&given[..3])).unwrap().unwrap();
    let bounds = |free, maximum| Bounds { free, maximum };
    assert_eq!(table.bounds(Category::UserRead), bounds(500, 1200));
    assert_eq!(table.bounds(Category::UserUpdate), bounds(30, 300));
    assert_eq!(table.bounds(Category::UserList), bounds(30, 30));
    assert_eq!(table.bounds(Category::UserCreation), bounds(50, 500));
    assert_eq!(table.bounds(Category::UserRead).rate(None), 500);
    assert_eq!(table.bounds(Category::UserRead).rate(Some(7)), 500);
    assert_eq!(table.bounds(Category::UserRead).rate(Some(700)), 700);
    assert_eq!(table.bounds(Category::UserRead).rate(Some(7000)), 1200);
    for wrong in [
        given[3],
        "UserRead",
        "UserRead=",
        "UserRead=0",
        "UserRead=-1",
        "UserRead=5-4",
        "UserRead=5-",
        "UserRead=5-1000001",
        "userread=5",
        "on",
    ] {
        let error = RateTable::parse(&texts(&[wrong])).unwrap_err().to_string();
        assert!(error.contains(&format!("«{wrong}»")), "{error}");
    }
    assert!(RateTable::parse(&texts(&["off", "cognito"])).is_err());
}

#[test]
fn a_second_s_worth_may_come_at_once_and_a_request_a_second_is_let_through_whole() {
    let share = Share { rate: 1, nodes: 3 };
    let mut bucket = Bucket::full(share, Timestamp(0));
    assert!(bucket.take(share, Timestamp(0)));
    assert!(!bucket.take(share, Timestamp(2999)));
    assert!(bucket.take(share, Timestamp(3000)));
    let share = Share { rate: 9, nodes: 3 };
    let mut bucket = Bucket::full(share, Timestamp(0));
    let taken = (0..10).filter(|_| bucket.take(share, Timestamp(0))).count();
    assert_eq!(taken, 3);
    bucket.give_back(share);
    assert!(bucket.take(share, Timestamp(0)) && !bucket.take(share, Timestamp(0)));
}

#[test]
fn nothing_is_let_through_at_the_rate_of_nothing() {
    let share = Share { rate: 0, nodes: 1 };
    let mut bucket = Bucket::full(share, Timestamp(0));
    assert!(!bucket.take(share, Timestamp(1_000_000)));
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let share = Share { rate: 1, nodes: 1 };
    let mut bucket = Bucket::full(share, Timestamp(1_000_000));
    assert!(bucket.take(share, Timestamp(1_000_000)));
    assert!(!bucket.take(share, Timestamp(0)));
    assert!(bucket.take(share, Timestamp(1000)));
}

proptest! {
    #[test]
    fn all_nodes_together_let_through_the_rate_and_a_second_s_worth_more(
        rate in 1_u32..500,
        nodes in 1_u32..6,
        pauses in proptest::collection::vec(0_u64..40, 1..400),
    ) {
        let share = Share { rate, nodes };
        let mut now = Timestamp(0);
        let mut buckets = vec![Bucket::full(share, now); nodes as usize];
        let mut taken = 0_u64;
        // At first at once: a full bucket takes nothing in.
        for pause in [0].into_iter().chain(pauses) {
            now = now.plus(Duration::from_millis(pause));
            for bucket in &mut buckets {
                while bucket.take(share, now) {
                    taken += 1;
                }
            }
        }
        let passed = u64::try_from(now.0).unwrap();
        let flowed = u64::from(rate) * passed / 1000;
        let most = flowed + u64::from(rate.max(nodes));
        prop_assert!(taken <= most, "{taken} of {most}");
        // Who asks all the time gets all of it, but for what each bucket has begun.
        let least = flowed + u64::from(rate);
        prop_assert!(taken + u64::from(nodes) >= least, "{taken} of {least}");
    }
}
