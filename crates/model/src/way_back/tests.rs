#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::attribute::Attributes;
use crate::user_pool::SignInNames;

const NOW: Timestamp = Timestamp(1_000);

fn pool() -> UserPool {
    crate::user::tests::pool(SignInNames::Attributes(BTreeSet::from(Contact::ALL)))
}

fn ana() -> User {
    let mut user = User {
        pool: pool().id,
        sub: Sub::of_free_bits(0),
        username: "ana".into(),
        attributes: Attributes::new(),
        kept_names: BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: crate::second_factor::MfaPreferences::default(),
        status: UserStatus::Confirmed,
        enabled: true,
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
        revision: 0,
    };
    set(&mut user, Contact::Email, "ana@example.com");
    user
}

/// Gives a user an address and its proof.
fn set(user: &mut User, contact: Contact, address: &str) {
    let attribute = contact.attribute().to_owned();
    user.attributes.insert(attribute, address.to_owned());
    user.mark_verified(contact, true);
    user.revision += 1;
}

/// The life of a user: each step gives an address with its proof. Gives the user, and what is kept
/// of the steps.
fn life(steps: &[(Contact, &str)]) -> (User, Vec<WayBack>) {
    let mut user = ana();
    let mut open: Vec<WayBack> = Vec::new();
    for (contact, address) in steps {
        let before = user.clone();
        set(&mut user, *contact, address);
        let mut change = WayBack::of_change(&pool(), &before, &user, *contact, NOW).unwrap();
        change.is_first = !open.iter().any(|other| other.contact == *contact);
        open.push(change);
    }
    (user, open)
}

/// Uses one of the open changes; gives those that are open afterwards.
fn use_one(user: &mut User, mut open: Vec<WayBack>, at: usize) -> Vec<WayBack> {
    let used = open.remove(at);
    assert!(used.restore(user, &pool(), &open));
    open.retain(|other| !used.ends(other));
    open
}

fn addresses(open: &[WayBack]) -> Vec<&str> {
    let addresses = open.iter().map(|change| change.address.as_deref());
    addresses.map(Option::unwrap_or_default).collect()
}

#[test]
fn the_first_address_comes_back_whatever_came_after_it_and_ends_the_later_ways() {
    let (mut user, open) = life(&[
        (Contact::Email, "one@thief.example"),
        (Contact::Email, "two@thief.example"),
    ]);
    let open = use_one(&mut user, open, 0);
    assert_eq!(user.attribute("email"), Some("ana@example.com"));
    assert!(user.has_verified(Contact::Email) && open.is_empty());
    assert_eq!(user.status, UserStatus::ResetRequired);
}

#[test]
fn a_thief_who_goes_back_to_their_own_address_leaves_the_first_way_open() {
    let (mut user, open) = life(&[
        (Contact::Email, "one@thief.example"),
        (Contact::Email, "two@thief.example"),
    ]);
    let open = use_one(&mut user, open, 1);
    assert_eq!(user.attribute("email"), Some("one@thief.example"));
    assert_eq!(addresses(&open), ["ana@example.com"]);
    let open = use_one(&mut user, open, 0);
    assert_eq!(user.attribute("email"), Some("ana@example.com"));
    assert!(open.is_empty());
}

#[test]
fn an_address_that_was_added_is_neither_verified_nor_a_name_once_the_other_has_come_back() {
    for order in [[0, 1], [1, 0]] {
        let steps = [
            (Contact::PhoneNumber, "+15550000000"),
            (Contact::Email, "one@thief.example"),
        ];
        let (mut user, open) = life(&order.map(|at| steps[at]));
        let at = open.iter().position(|change| change.address.is_some());
        use_one(&mut user, open, at.unwrap());
        assert!(!user.has_verified(Contact::PhoneNumber));
        let names = user.names(&pool());
        assert!(
            names
                .iter()
                .all(|(_, name)| name.as_str() != "+15550000000")
        );
    }
}

#[test]
fn a_thief_cannot_come_back_by_the_other_address() {
    let (mut user, open) = life(&[
        (Contact::PhoneNumber, "+15550000000"),
        (Contact::PhoneNumber, "+15550000001"),
        (Contact::Email, "one@thief.example"),
    ]);
    let open = use_one(&mut user, open, 2);
    // What is left leads nowhere: there was no number before the thief's.
    assert_eq!(addresses(&open), [""]);
}

#[test]
fn the_others_first_way_stays_open_and_their_name_is_the_one_of_before() {
    let mut user = ana();
    set(&mut user, Contact::PhoneNumber, "+15551234567");
    let mut open = Vec::new();
    for (contact, address) in [
        (Contact::PhoneNumber, "+15550000000"),
        (Contact::Email, "one@thief.example"),
    ] {
        let before = user.clone();
        set(&mut user, contact, address);
        open.push(WayBack::of_change(&pool(), &before, &user, contact, NOW).unwrap());
    }
    let open = use_one(&mut user, open, 1);
    let names = user.names(&pool());
    let names: Vec<_> = names.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["ana", "ana@example.com", "+15551234567"]);
    assert_eq!(addresses(&open), ["+15551234567"]);
    use_one(&mut user, open, 0);
    assert_eq!(user.attribute("phone_number"), Some("+15551234567"));
    assert!(user.has_verified(Contact::PhoneNumber) && user.has_verified(Contact::Email));
}

#[test]
fn what_was_not_verified_has_no_way_back() {
    let mut before = ana();
    before.mark_verified(Contact::Email, false);
    let mut after = before.clone();
    after.set_attributes(Attributes::from([(
        "email".into(),
        "new@example.com".into(),
    )]));
    assert!(WayBack::of_change(&pool(), &before, &after, Contact::Email, NOW).is_none());
}

#[test]
fn an_address_that_is_taken_away_has_a_way_back() {
    let before = ana();
    let mut after = before.clone();
    after.set_attributes(Attributes::from([("email".into(), String::new())]));
    let change = WayBack::of_change(&pool(), &before, &after, Contact::Email, NOW).unwrap();
    assert_eq!(change.address.as_deref(), Some("ana@example.com"));
    assert_eq!(change.name.as_deref(), Some("ana@example.com"));
}
