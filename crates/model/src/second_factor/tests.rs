#![allow(clippy::unwrap_used)]

use super::*;

use MfaConfiguration::{On, Optional};
use SecondFactor::{Email, Sms, SoftwareToken};

fn wishes<const N: usize>(wishes: [(SecondFactor, bool, bool); N]) -> BTreeMap<SecondFactor, Wish> {
    let wish = |(factor, enabled, preferred)| (factor, Wish { enabled, preferred });
    wishes.into_iter().map(wish).collect()
}

#[test]
fn one_factor_is_preferred_at_most_and_only_one_that_is_on() {
    let mut chosen = MfaPreferences::default();
    let two = wishes([(Sms, true, true), (Email, true, true)]);
    assert_eq!(chosen.set(&two, Optional), Err(RefusedWish::TwoPreferred));
    let off = wishes([(Sms, false, true), (Email, true, false)]);
    let refused = Err(RefusedWish::PreferredAndOff(Sms));
    assert_eq!(chosen.set(&off, Optional), refused);
    assert!(chosen.is_empty(), "a refused wish changes nothing");
    chosen.set(&wishes([(Sms, true, true)]), Optional).unwrap();
    chosen
        .set(&wishes([(Email, true, true)]), Optional)
        .unwrap();
    assert_eq!(chosen.preferred, Some(Email));
    chosen
        .set(&wishes([(Email, true, false)]), Optional)
        .unwrap();
    assert_eq!(chosen.preferred, None);
    chosen
        .set(&wishes([(Sms, false, false)]), Optional)
        .unwrap();
    assert_eq!(chosen.enabled, BTreeSet::from([Email]));
}

#[test]
fn where_everybody_is_asked_no_factor_is_switched_off() {
    let mut chosen = MfaPreferences::default();
    let on = wishes([(Sms, true, false), (SoftwareToken, true, true)]);
    chosen.set(&on, On).unwrap();
    let before = chosen.clone();
    let off = wishes([(Sms, false, false), (SoftwareToken, false, false)]);
    chosen.set(&off, On).unwrap();
    assert_eq!(chosen, before);
    chosen.set(&wishes([(Sms, true, true)]), On).unwrap();
    assert_eq!(chosen.preferred, Some(Sms));
}

#[test]
fn a_passkey_stands_for_both_factors_only_beside_another() {
    let mut chosen = MfaPreferences::default();
    chosen.set(&wishes([(Sms, true, false)]), Optional).unwrap();
    chosen.passkey = true;
    chosen
        .set(&wishes([(Email, true, false)]), Optional)
        .unwrap();
    chosen.lose(Sms);
    assert!(chosen.passkey);
    chosen.lose(Email);
    assert!(chosen.is_empty());
}
