#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::Method::{App, Email, Passkey, Password, Sms};
use super::*;
use crate::sign_in::{Factor, Proved};
use crate::time::Timestamp;

const ALL: [Method; 5] = [Password, Sms, Email, App, Passkey];

fn names(given: &[(Level, &str)]) -> Result<AcrNames, SameName> {
    let given = given
        .iter()
        .map(|(level, name)| (*level, (*name).to_owned()));
    AcrNames::new(given.collect())
}

fn proved(factor: Factor) -> Proved {
    Proved {
        factor,
        at: Timestamp(0),
        carried: false,
    }
}

/// All sets of methods.
fn sets() -> impl Iterator<Item = BTreeSet<Method>> {
    (0..1u32 << ALL.len()).map(|bits| {
        let is_in = |index: &usize| bits >> index & 1 == 1;
        (0..ALL.len())
            .filter(is_in)
            .map(|index| ALL[index])
            .collect()
    })
}

/// The guide's table, line by line.
fn by_the_table(has: &BTreeSet<Method>) -> Option<Level> {
    let code = has.contains(&Sms) || has.contains(&Email);
    let password = has.contains(&Password);
    if password && has.contains(&App) {
        Some(Level::Four)
    } else if has.contains(&Passkey) || (password && code) {
        Some(Level::Three)
    } else if code {
        Some(Level::Two)
    } else if password {
        Some(Level::One)
    } else {
        None
    }
}

#[test]
fn every_set_of_methods_meets_the_level_of_the_table() {
    for set in sets() {
        assert_eq!(Level::met_by(&set), by_the_table(&set), "{set:?}");
    }
}

#[test]
fn what_is_missing_for_a_level_makes_it_and_nothing_else_does() {
    for (set, level) in sets().flat_map(|set| Level::ALL.map(|level| (set.clone(), level))) {
        let is_met = Level::met_by(&set) >= Some(level);
        let missing = level.missing(&set);
        assert_eq!(missing.iter().any(BTreeSet::is_empty), is_met, "{set:?}");
        for way in &missing {
            let with: BTreeSet<_> = set.union(way).copied().collect();
            assert!(Level::met_by(&with) >= Some(level), "{set:?} {way:?}");
        }
        // Whatever else meets it holds one of the ways.
        for other in sets().filter(|other| Level::met_by(other) >= Some(level)) {
            let mut ways = level.ways().iter();
            assert!(ways.any(|way| way.iter().all(|method| other.contains(method))));
        }
    }
}

#[test]
fn methods_are_told_in_the_words_of_the_guide() {
    use Factor::{Custom, Email, Passkey, PasskeyForBoth, Password, Sms, SoftwareToken};
    let told = |factors: &[Factor]| {
        let factors: Vec<_> = factors.iter().copied().map(proved).collect();
        amr(&factors)
    };
    assert_eq!(told(&[]), [""; 0]);
    assert_eq!(told(&[Custom]), [""; 0]);
    assert_eq!(told(&[Password]), ["pwd"]);
    assert_eq!(told(&[Sms]), ["sms"]);
    assert_eq!(told(&[Email]), ["email_otp"]);
    assert_eq!(told(&[Password, SoftwareToken]), ["pwd", "otp", "mfa"]);
    assert_eq!(told(&[Password, Custom]), ["pwd"]);
    assert_eq!(told(&[Email, Password]), ["email_otp", "pwd", "mfa"]);
    assert_eq!(told(&[Passkey]), ["swk"]);
    // One factor, whatever the pool takes it for.
    assert_eq!(told(&[PasskeyForBoth]), ["swk"]);
    let carried = Proved {
        carried: true,
        ..proved(Passkey)
    };
    assert_eq!(amr(&[carried]), ["hwk"]);
}

#[test]
fn a_factor_that_comes_twice_counts_once() {
    let twice = [proved(Factor::Email), proved(Factor::Email)];
    assert_eq!(amr(&twice), ["email_otp"]);
    assert_eq!(of_factors(&twice).len(), 1);
    let both = [proved(Factor::Passkey), proved(Factor::PasskeyForBoth)];
    assert_eq!(amr(&both), ["swk"]);
}

#[test]
fn levels_have_cognitos_names_unless_the_owner_gives_others() {
    let default = AcrNames::default();
    for (level, number) in Level::ALL.into_iter().zip(1..) {
        assert_eq!(default.name(level), format!("urn:cognito:loa:{number}"));
        assert_eq!(level.key(), format!("Level{number}"));
        assert_eq!(Level::parse(level.key()), Some(level));
        assert_eq!(default.find(default.name(level)), Some(level));
    }
    assert_eq!(Level::parse("Level5"), None);
    let own = names(&[(Level::Two, "gold")]).unwrap();
    assert_eq!(own.name(Level::Two), "gold");
    assert_eq!(own.find("gold"), Some(Level::Two));
    assert_eq!(own.find("urn:cognito:loa:2"), None);
    assert_eq!(own.name(Level::Four), "urn:cognito:loa:4");
    assert!(!own.are_default() && default.are_default());
}

#[test]
fn a_default_name_that_is_given_is_no_name_of_the_owners() {
    let given = Level::ALL.map(|level| (level, level.default_name()));
    assert!(names(&given).unwrap().are_default());
}

#[test]
fn no_two_levels_have_one_name_default_ones_included() {
    let two = [(Level::One, "x"), (Level::Two, "x")];
    assert_eq!(names(&two), Err(SameName));
    assert_eq!(names(&[(Level::One, "urn:cognito:loa:3")]), Err(SameName));
    // The default ones may change places.
    let swapped = [
        (Level::One, "urn:cognito:loa:2"),
        (Level::Two, "urn:cognito:loa:1"),
    ];
    assert_eq!(
        names(&swapped).unwrap().find("urn:cognito:loa:1"),
        Some(Level::Two)
    );
}

#[test]
fn targets_keep_their_order_and_lose_what_nobody_knows() {
    let own = names(&[(Level::Three, "gold")]).unwrap();
    assert_eq!(
        own.targets("urn:x  gold urn:cognito:loa:3 urn:cognito:loa:1\tgold GOLD"),
        [Level::Three, Level::One]
    );
    assert_eq!(own.targets(" urn:x "), []);
    assert_eq!(own.targets(""), []);
}

proptest! {
    #[test]
    fn names_are_distinct_and_found_again(
        given in proptest::collection::btree_map(
            proptest::sample::select(Level::ALL.to_vec()),
            prop_oneof!["[a-c]", "urn:cognito:loa:[1-4]"],
            0..=4,
        ),
    ) {
        let effective: BTreeSet<_> = Level::ALL
            .iter()
            .map(|level| given.get(level).map_or(level.default_name(), String::as_str))
            .map(str::to_owned)
            .collect();
        match AcrNames::new(given) {
            Ok(names) => {
                prop_assert_eq!(effective.len(), 4);
                for level in Level::ALL {
                    prop_assert_eq!(names.find(names.name(level)), Some(level));
                }
            }
            Err(SameName) => prop_assert!(effective.len() < 4),
        }
    }

    #[test]
    fn one_more_factor_never_lowers_a_level(
        bits in 0..32usize, another in proptest::sample::select(ALL.to_vec()),
    ) {
        let set = sets().nth(bits).unwrap();
        let before = Level::met_by(&set);
        let mut more = set;
        more.insert(another);
        prop_assert!(Level::met_by(&more) >= before);
    }
}
