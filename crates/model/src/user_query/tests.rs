#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::ids::Sub;
use crate::user::tests::user;

fn is_known(name: &str) -> bool {
    ["email", "name", "custom:team", "custom:note"].contains(&name)
}

fn parse(text: &str) -> Result<UserQuery, QueryError> {
    UserQuery::parse(text, is_known)
}

fn ana() -> User {
    user(
        "Ana",
        &[
            ("email", "Ana.Smith@Example.com"),
            ("name", "Ana Smith"),
            ("custom:team", "Engineering"),
        ],
    )
}

/// Whether the terms that a user has lead to them.
fn leads_to(source: &Source, terms: &BTreeSet<Term>) -> bool {
    match source {
        Source::Term(term) => terms.contains(term),
        Source::All(all) => all.iter().all(|one| leads_to(one, terms)),
        Source::Any(any) => any.iter().any(|one| leads_to(one, terms)),
    }
}

#[test]
fn a_query_means_what_it_says() {
    let ana = ana();
    for text in [
        r#"custom:team = "engineering""#,
        r#"custom:team ^= "eng" and email contains "smith@ex""#,
        r#"name = "x" or custom:team = "Engineering""#,
        r#"name = "x" and name = "y" or name = "ana smith""#,
        r#"email contains "example" and not custom:team = "sales""#,
        r#"not (name = "x" or name = "y") AND username = "ana""#,
        r#"status = "enabled" and cognito:user_status ^= "conf""#,
        r#"(((name contains "na s")))"#,
        "sort created desc",
        r#"name ^= "a" sort modified"#,
    ] {
        let query = parse(text).unwrap();
        assert!(query.matches(&ana), "{text}");
        let source = query.source().unwrap();
        assert!(
            source.is_none_or(|source| leads_to(&source, &terms(&ana))),
            "{text}"
        );
    }
    for text in [
        r#"name = "x" and (name = "y" or custom:team = "engineering")"#,
        r#"custom:note ^= """#,
        r#"name contains "smith ana""#,
        r#"not name = "ana smith""#,
    ] {
        assert!(!parse(text).unwrap().matches(&ana), "{text}");
    }
}

#[test]
fn what_no_index_answers_is_refused_in_words() {
    let refused = |text: &str| parse(text).unwrap().source().unwrap_err();
    for text in [
        r#"not name = "x""#,
        r#"name = "x" or not name = "y""#,
        r#"not name = "x" and not name = "y""#,
        r#"not not name = "x""#,
    ] {
        assert_eq!(refused(text), QueryError::NotAlone, "{text}");
    }
    assert_eq!(refused(r#"name contains "ab""#), QueryError::TooShort);
    assert_eq!(
        refused(r#"name = "a" or name contains "ab""#),
        QueryError::TooShort
    );
    assert_eq!(refused(r#"name ^= """#), QueryError::Empty);
    assert!(
        parse(r#"name contains "ab" and name = "x""#)
            .unwrap()
            .source()
            .is_ok()
    );
}

#[test]
fn what_is_no_query_is_told_so() {
    for text in [
        "",
        "and",
        "name",
        r#"name = "x" and"#,
        r#"(name = "x""#,
        r#"name = "x")"#,
        r#"name = "x" name = "y""#,
        r#"name contains x"#,
        r#"name ~ "x""#,
        r#"name = "x" sort"#,
        r#"name = "x" sort name"#,
        r#"name = "x" sort created down"#,
        r#"sort created name = "x""#,
        "name = \"\0\"",
    ] {
        assert_eq!(parse(text).unwrap_err(), QueryError::Form, "{text}");
    }
    let deep = format!("{}name = \"x\"{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(parse(&deep).unwrap_err(), QueryError::Form);
    let unknown = parse(r#"custom:none = "x""#).unwrap_err();
    assert_eq!(unknown.to_string(), "Invalid search attribute: custom:none");
    let many = ["name = \"x\""; MOST_COMPARISONS + 1].join(" or ");
    assert_eq!(parse(&many).unwrap_err(), QueryError::TooMany);
}

#[test]
fn the_terms_of_a_user_are_bounded_and_miss_no_long_value() {
    let long = "ab c".repeat(512);
    let mut hostile = user("a", &[]);
    for number in 0..70 {
        let value = format!("{number}{long}");
        hostile.attributes.insert(format!("custom:{number}"), value);
    }
    hostile.attributes.insert("name".to_owned(), long);
    let terms = terms(&hostile);
    assert!(terms.len() < 2000, "{}", terms.len());
    let source = parse(r#"name contains "c ab""#)
        .unwrap()
        .source()
        .unwrap()
        .unwrap();
    assert!(leads_to(&source, &terms));
}

#[test]
fn places_are_in_the_order_of_subs() {
    let sub = |text: &str| Sub::parse(text).unwrap();
    let subs = [
        "00000000-0000-4000-8000-000000000000",
        "0fffffff-0000-4000-8000-000000000000",
        "7a000000-0000-4000-8000-000000000000",
        "ffffffff-ffff-4fff-bfff-ffffffffffff",
    ];
    let places: Vec<Place> = subs.iter().map(|text| place(&sub(text))).collect();
    assert!(
        places.is_sorted() && places[0] >= 0 && places[2] < places[3],
        "{places:?}"
    );
}

/// Sources over five terms.
fn source() -> impl Strategy<Value = Source> {
    let term = (0..5_i64).prop_map(Source::Term);
    term.prop_recursive(3, 12, 3, |inner| {
        let many = prop::collection::vec(inner, 1..4);
        prop_oneof![
            many.clone().prop_map(Source::All),
            many.prop_map(Source::Any)
        ]
    })
}

proptest! {
    #[test]
    fn candidates_miss_nobody_up_to_where_they_reach_and_they_get_on(
        source in source(),
        users in prop::collection::btree_map(0..40_i64, prop::collection::btree_set(0..5_i64, 0..5), 0..30),
        limit in 1..6_usize,
    ) {
        let (mut after, mut found) = (-1, BTreeSet::new());
        loop {
            let list = |term: Term| {
                let having = users.iter().filter(|(place, terms)| **place > after && terms.contains(&term));
                let places: Vec<Place> = having.map(|(place, _)| *place).take(limit).collect();
                let until = (places.len() == limit).then(|| places[limit - 1]);
                (term, Places { places, until })
            };
            let lists = (0..5).map(list).collect();
            let Places { places, until } = source.candidates(&lists);
            prop_assert!(places.is_sorted());
            found.extend(places);
            match until {
                Some(until) => {
                    prop_assert!(until > after);
                    after = until;
                }
                None => break,
            }
        }
        for (place, terms) in &users {
            prop_assert!(!leads_to(&source, terms) || found.contains(place));
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    "[abBé\u{301}\\\\\" \u{fdfa}]{0,6}"
}

fn comparison() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec!["email", "name", "custom:team", "username", "status"]);
    let how = prop::sample::select(vec!["=", "^=", "contains"]);
    (names, how, text()).prop_map(|(name, how, value)| {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name} {how} \"{escaped}\"")
    })
}

fn expression() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
            inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

proptest! {
    #[test]
    fn whoever_matches_is_led_to(
        query in expression(), username in text(), name in text(), email in text(), team in text()
    ) {
        let user = user(&username, &[("name", &name), ("email", &email), ("custom:team", &team)]);
        let query = parse(&query).unwrap();
        if query.matches(&user) && let Ok(Some(source)) = query.source() {
            prop_assert!(leads_to(&source, &terms(&user)));
        }
    }

    #[test]
    fn a_changed_user_has_the_terms_of_what_they_are(one in text(), other in text()) {
        let (before, after) = (user("a", &[("name", &one)]), user("a", &[("name", &other)]));
        let (lost, gained) = changed_terms(&before, &after);
        let mut kept = terms(&before);
        lost.iter().for_each(|term| { kept.remove(term); });
        kept.extend(gained);
        prop_assert_eq!(kept, terms(&after));
    }

    #[test]
    fn a_text_that_is_no_query_is_told_so_and_nothing_worse(text in any::<String>()) {
        let _ = parse(&text);
    }
}
