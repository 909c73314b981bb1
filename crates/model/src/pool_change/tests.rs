#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::NormalName;
use crate::attribute::Schema;
use crate::attribute::{Contact, DataType, SchemaAttribute};
use crate::ids::Sub;
use crate::user::NameKind;
use crate::user::User;
use crate::user::tests::{ana, pool};
use crate::user_pool::{AliasAttribute, SignInNames};

fn usernames<const N: usize>(aliases: [AliasAttribute; N]) -> SignInNames {
    SignInNames::Username {
        aliases: aliases.into(),
    }
}

fn addresses<const N: usize>(contacts: [Contact; N]) -> SignInNames {
    SignInNames::Attributes(contacts.into())
}

fn rule(sign_in_names: SignInNames, case_sensitive: bool) -> NameRule {
    NameRule {
        sign_in_names,
        case_sensitive,
    }
}

fn change_of(from: NameRule, to: NameRule) -> PoolChange {
    PoolChange {
        pool: UserPoolId::parse("us-east-1_Home").unwrap(),
        id: "a change".into(),
        change: Change::default(),
        from,
        to,
        renamed: Vec::new(),
        allowed: BTreeSet::new(),
        stage: Stage::Reserving,
        not_before: Timestamp(0),
        after: None,
        looked_at: 0,
        begun_at: Timestamp(0),
        ended_at: None,
        failure: None,
    }
}

fn pool_of(rule: &NameRule) -> UserPool {
    UserPool {
        case_sensitive: rule.case_sensitive,
        ..pool(rule.sign_in_names.clone())
    }
}

fn kinds(change: &PoolChange, user: &User) -> Vec<&'static str> {
    let conflicts = change.conflicts_of(&pool_of(&change.from), user);
    conflicts.iter().map(Conflict::kind).collect()
}

fn custom(name: &str) -> SchemaAttribute {
    SchemaAttribute {
        name: name.into(),
        data_type: DataType::String,
        developer_only: false,
        mutable: true,
        required: false,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
    }
}

#[test]
fn a_name_like_an_address_stands_in_the_way_unless_it_is_proved() {
    let change = change_of(
        rule(usernames([]), false),
        rule(addresses([Contact::Email]), false),
    );
    let mut user = ana(&[("email", "Bob@example.com")]);
    user.username = "bob@example.com".into();
    assert_eq!(kinds(&change, &user), ["name-like-address"]);
    user.mark_verified(Contact::Email, true);
    assert!(kinds(&change, &user).is_empty());
    user.attributes
        .insert("email".into(), "eve@example.com".into());
    assert_eq!(kinds(&change, &user), ["name-like-address"]);
}

#[test]
fn an_address_that_nobody_has_proved_becomes_no_name() {
    let to = rule(addresses([Contact::Email]), false);
    let change = change_of(rule(usernames([]), false), to.clone());
    let mut user = ana(&[("email", "victim@example.com")]);
    // From an earlier life of the pool.
    user.kept_names
        .insert(Contact::Email, "old@example.com".into());
    change.settle(&mut user);
    let names = user.names_by(&to, None);
    assert_eq!(names, [(NameKind::Username, to.normal("ana"))]);
}

#[test]
fn who_would_be_left_with_the_sub_alone_stands_in_the_way() {
    let change = change_of(
        rule(addresses([Contact::Email]), false),
        rule(usernames([AliasAttribute::Email]), false),
    );
    let mut user = ana(&[("email", "ana@example.com")]);
    user.username = user.sub.to_string();
    assert_eq!(kinds(&change, &user), ["lost-names"]);
    user.mark_verified(Contact::Email, true);
    assert!(kinds(&change, &user).is_empty());
}

#[test]
fn values_stand_in_the_way_of_a_schema_that_does_not_take_them() {
    let own = rule(usernames([]), false);
    let mut change = change_of(own.clone(), own.clone());
    let mut pool = pool_of(&own);
    pool.schema.0.push(custom("custom:level"));
    pool.schema.0.push(custom("custom:old"));
    change.change = Change {
        attributes: vec![
            AttributeChange {
                name: "custom:level".into(),
                data_type: Some(DataType::Number),
                max_value: Some("9".into()),
                ..AttributeChange::default()
            },
            AttributeChange {
                name: "email".into(),
                required: Some(true),
                ..AttributeChange::default()
            },
        ],
        removed: ["custom:old".to_owned()].into(),
        ..Change::default()
    };
    let user = ana(&[("custom:level", "high"), ("custom:old", "x")]);
    let found = |change: &PoolChange, user: &User| -> Vec<_> {
        let conflicts = change.conflicts_of(&pool, user);
        conflicts.iter().map(Conflict::kind).collect()
    };
    let all = ["missing-required", "broken-values", "lost-values"];
    assert_eq!(found(&change, &user), all);
    let right = ana(&[("custom:level", "9"), ("email", "ana@example.com")]);
    assert!(found(&change, &right).is_empty());
    change.allowed = Allowance::ALL.into();
    assert!(found(&change, &user).is_empty());
}

#[test]
fn an_attribute_for_developers_has_another_name_and_keeps_its_value() {
    let own = rule(usernames([]), false);
    let mut change = change_of(own.clone(), own);
    change.change.attributes = vec![AttributeChange {
        name: "custom:score".into(),
        developer_only: Some(true),
        ..AttributeChange::default()
    }];
    change.renamed = change.change.renamed();
    let mut user = ana(&[("custom:score", "7")]);
    change.settle(&mut user);
    assert_eq!(user.attribute("custom:score"), Some("7"));
    assert_eq!(user.attribute("dev:custom:score"), Some("7"));
    change.stage = Stage::Tidying;
    change.settle(&mut user);
    assert_eq!(user.attribute("custom:score"), None);
    assert_eq!(user.attribute("dev:custom:score"), Some("7"));
    let mut schema = Schema::default();
    schema.0.push(custom("custom:score"));
    let schema = change.change.schema(&schema).unwrap();
    assert!(schema.find("dev:custom:score").unwrap().developer_only);
}

#[test]
fn what_a_schema_cannot_be_is_refused() {
    let attribute = |change: AttributeChange| Change {
        attributes: vec![change],
        ..Change::default()
    };
    let named = |name: &str| AttributeChange {
        name: name.into(),
        ..AttributeChange::default()
    };
    let mut schema = Schema::default();
    schema.0.push(custom("custom:x"));
    let refused = |change: Change| change.schema(&schema).unwrap_err();
    let name = "email".to_owned();
    assert_eq!(
        refused(Change {
            removed: [name.clone()].into(),
            ..Change::default()
        }),
        ChangeError::Standard(name.clone())
    );
    let number = AttributeChange {
        data_type: Some(DataType::Number),
        ..named("email")
    };
    assert_eq!(
        refused(attribute(number)),
        ChangeError::StandardMember(name)
    );
    assert_eq!(refused(attribute(named("sub"))), ChangeError::Sub);
    let unknown = ChangeError::NoSuchAttribute("custom:y".into());
    assert_eq!(refused(attribute(named("custom:y"))), unknown);
    let required = AttributeChange {
        required: Some(true),
        ..named("custom:x")
    };
    assert!(matches!(
        refused(attribute(required)),
        ChangeError::Schema(_)
    ));
    let crossed = AttributeChange {
        min_length: Some("5".into()),
        max_length: Some("3".into()),
        ..named("custom:x")
    };
    assert!(matches!(
        refused(attribute(crossed)),
        ChangeError::Schema(_)
    ));
}

fn any_rule() -> impl Strategy<Value = NameRule> {
    let bits = any::<(bool, bool, bool, bool, bool)>();
    bits.prop_map(|(aliases, email, phone, preferred, case_sensitive)| {
        let contacts = [(email, Contact::Email), (phone, Contact::PhoneNumber)];
        let contacts: BTreeSet<_> = contacts
            .into_iter()
            .filter_map(|(is_in, contact)| is_in.then_some(contact))
            .collect();
        let names = if aliases || contacts.is_empty() {
            let mut aliases: BTreeSet<_> = contacts
                .iter()
                .map(|contact| match contact {
                    Contact::Email => AliasAttribute::Email,
                    Contact::PhoneNumber => AliasAttribute::PhoneNumber,
                })
                .collect();
            if preferred {
                aliases.insert(AliasAttribute::PreferredUsername);
            }
            SignInNames::Username { aliases }
        } else {
            SignInNames::Attributes(contacts)
        };
        rule(names, case_sensitive)
    })
}

/// Few names, so that they meet.
fn any_user() -> impl Strategy<Value = User> {
    let name = prop::sample::select(vec!["ana", "Ana", "bob", "a@b.cd", "A@b.cd", "e@f.gh"]);
    let address = prop::sample::select(vec!["", "a@b.cd", "A@B.cd", "e@f.gh"]);
    let preferred = prop::sample::select(vec!["", "ana", "BOB", "zoe", "Zoe"]);
    let bits = any::<(u64, bool, bool)>();
    (name, address, preferred, bits).prop_map(|(name, email, preferred, (sub, proved, made))| {
        let mut user = ana(&[("email", email), ("preferred_username", preferred)]);
        user.attributes.retain(|_, value| !value.is_empty());
        user.sub = Sub::of_free_bits(u128::from(sub));
        user.username = if made {
            user.sub.to_string()
        } else {
            name.into()
        };
        if user.attribute("email").is_some() {
            user.mark_verified(Contact::Email, proved);
        }
        user
    })
}

type Holders = BTreeMap<NormalName, Sub>;

/// Gives the users the names that they can have; those who can have none of theirs stay out.
fn pool_full_of(rule: &NameRule, users: Vec<User>) -> (Vec<User>, Holders) {
    let (mut all, mut held) = (Vec::new(), Holders::new());
    for user in users {
        let names = user.names_by(rule, None);
        if names.iter().all(|(_, name)| !held.contains_key(name)) {
            held.extend(names.into_iter().map(|(_, name)| (name, user.sub.clone())));
            all.push(user);
        }
    }
    (all, held)
}

/// The change as the steps make it, with a map for the table of names: None where it is undone.
fn made(change: &mut PoolChange, users: &mut [User], held: &mut Holders) -> Option<()> {
    let pool = pool_of(&change.from);
    for user in users.iter_mut() {
        if !change.conflicts_of(&pool, user).is_empty() {
            return None;
        }
        change.settle(user);
        for (_, name) in user.names_under(change.rules()) {
            if *held.entry(name).or_insert_with(|| user.sub.clone()) != user.sub {
                return None;
            }
        }
    }
    change.stage = Stage::Tidying;
    for user in users.iter_mut() {
        change.settle(user);
        let names = user.names_under(change.rules());
        held.retain(|name, sub| *sub != user.sub || names.iter().any(|(_, own)| own == name));
    }
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn after_a_change_each_name_is_one_users_and_nobody_has_anothers(
        from in any_rule(), to in any_rule(), users in prop::collection::vec(any_user(), 1..6),
    ) {
        let (mut users, mut held) = pool_full_of(&from, users);
        let before = held.clone();
        let mut change = change_of(from.clone(), to.clone());
        change.allowed = [Allowance::LostNames].into();
        if made(&mut change, &mut users, &mut held).is_some() {
            let mut after = Holders::new();
            for user in &users {
                for (_, name) in user.names_by(&to, None) {
                    // Two users never end up behind one name.
                    let other = after.insert(name.clone(), user.sub.clone());
                    prop_assert!(other.is_none_or(|other| other == user.sub));
                    // What nobody has proved is no new name.
                    let is_new = before.get(&name) != Some(&user.sub);
                    if is_new && name.is_email() && !from.takes_unproved(Contact::Email) {
                        let folded = |text: &str| NormalName::with_case_rule(text, false);
                        prop_assert!(
                            user.has_verified(Contact::Email)
                                && folded(user.attribute("email").unwrap()) == folded(name.as_str())
                                || from.normal(&user.username).as_str().eq_ignore_ascii_case(name.as_str())
                        );
                    }
                }
            }
            prop_assert_eq!(&after, &held);
            // A name that stands under both rules finds whom it found.
            for (name, sub) in &before {
                if let Some(now) = after.get(name) {
                    prop_assert_eq!(now, sub);
                }
            }
        }
    }

    #[test]
    fn who_has_proved_their_names_keeps_those_that_stand_under_both_rules(
        from in any_rule(), to in any_rule(), user in any_user(),
    ) {
        let mut users = vec![user];
        let mut held = Holders::new();
        let before = users[0].names_by(&from, None);
        held.extend(before.iter().map(|(_, name)| (name.clone(), users[0].sub.clone())));
        let mut change = change_of(from, to.clone());
        if users[0].has_verified(Contact::Email)
            && made(&mut change, &mut users, &mut held).is_some()
        {
            for (kind, name) in before {
                let stands = match kind.contact() {
                    Some(contact) => to.signs_in_by(contact),
                    None => kind == NameKind::Username || to.has_alias(AliasAttribute::PreferredUsername),
                };
                let given = match kind {
                    NameKind::Username => users[0].username.clone(),
                    other => users[0].attribute(other.as_str()).unwrap().to_owned(),
                };
                if stands && to.normal(&given) == name {
                    prop_assert!(held.contains_key(&name), "{name:?}");
                }
            }
        }
    }

    #[test]
    fn a_change_that_was_undone_leaves_the_names_as_they_were(
        from in any_rule(), to in any_rule(), user in any_user(),
    ) {
        let names = user.names_by(&from, None);
        let mut change = change_of(from.clone(), to);
        let mut after = user.clone();
        change.settle(&mut after);
        change.stage = Stage::Undoing;
        change.settle(&mut after);
        prop_assert_eq!(after.names_by(&from, None), names);
    }
}
