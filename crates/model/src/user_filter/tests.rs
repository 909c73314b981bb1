#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::user::UserStatus;
use crate::user::tests::user;

fn parse(text: &str) -> Option<UserFilter> {
    UserFilter::parse(text).unwrap()
}

fn finds(text: &str, user: &User) -> bool {
    parse(text).unwrap().matches(user, false)
}

#[test]
fn spaces_may_stand_wherever_a_word_ends() {
    let wanted = parse(r#"given_name = "Jon""#);
    assert!(wanted.is_some());
    for text in [
        r#"given_name="Jon""#,
        r#"  given_name   =   "Jon"  "#,
        "given_name\t=\n\"Jon\"",
        r#""given_name" = "Jon""#,
    ] {
        assert_eq!(parse(text), wanted, "{text}");
    }
    for empty in ["", " ", "\n"] {
        assert_eq!(parse(empty), None);
    }
}

#[test]
fn a_backslash_escapes_quotation_marks_and_backslashes() {
    let value = |text: &str| parse(text).unwrap().value;
    assert_eq!(value(r#"name = "a \"b\" c""#), r#"a "b" c"#);
    assert_eq!(value(r#"name = "a\\""#), r"a\");
    assert_eq!(value(r#"name = "a\\\"b""#), r#"a\"b"#);
    assert_eq!(value(r#"name = "a\b""#), r"a\b");
    assert_eq!(value(r#"name ^= """#), "");
}

#[test]
fn what_is_no_filter_is_told_apart_from_what_cannot_be_searched() {
    for text in [
        "username = foo",
        "username=",
        "username",
        "=",
        r#"= "a""#,
        r#""" = "a""#,
        r#"name == "a""#,
        r#"name != "a""#,
        r#"name ^ = "a""#,
        r#"name ~= "a""#,
        r#"name = 'a'"#,
        r#"name = "a"#,
        r#"name = "a\""#,
        r#"name = "a" b"#,
        r#"name = "a" and email = "b""#,
        r#"(name = "a")"#,
        "name = \"\0\"",
        r#"custom:a = x"#,
    ] {
        assert_eq!(
            UserFilter::parse(text).unwrap_err(),
            FilterError::Form,
            "{text}"
        );
    }
    for name in ["custom:a", "address", "Email", "email_verified", "dev:x"] {
        let error = UserFilter::parse(&format!("{name} = \"a\"")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Invalid search attribute: {name}")
        );
    }
}

#[test]
fn case_counts_where_it_is_documented_to_and_in_user_names_by_the_rule_of_the_pool() {
    let ana = user("Ana", &[("email", "Ana@Example.com"), ("name", "ANA")]);
    for text in [
        r#"email = "ana@example.COM""#,
        r#"email ^= "ANA@""#,
        r#"name = "ana""#,
        r#"cognito:user_status = "confirmed""#,
        r#"cognito:user_status ^= "Conf""#,
        r#"status = "Enabled""#,
        r#"status ^= "En""#,
        r#"username = "ana""#,
    ] {
        assert!(finds(text, &ana), "{text}");
    }
    for text in [
        r#"status = "enabled""#,
        r#"status = "Disabled""#,
        r#"family_name ^= """#,
        r#"family_name = """#,
        r#"email = "ana@example.co""#,
    ] {
        assert!(!finds(text, &ana), "{text}");
    }
    let by_case = |text: &str| parse(text).unwrap().matches(&ana, true);
    assert!(by_case(r#"username ^= "An""#) && !by_case(r#"username ^= "an""#));
    assert!(by_case(r#"email = "ana@example.com""#));
}

#[test]
fn a_span_ends_where_no_text_begins_with_the_prefix_any_more() {
    for (prefix, end) in [
        ("a", "b"),
        ("az", "a{"),
        ("\u{d7ff}", "\u{e000}"),
        ("a\u{10ffff}", "b"),
    ] {
        assert_eq!(above(prefix), end);
    }
    let end = above("\u{10ffff}");
    assert!(end > "\u{10ffff}".repeat(LONGEST_KEY / 4));
    assert_eq!(above(""), end);
}

#[test]
fn a_key_is_never_longer_than_an_index_takes() {
    // One character that becomes eighteen.
    let long = user("a", &[("name", &"\u{fdfa}".repeat(2048))]);
    let key = key(&long, KeyedAttribute::Name).unwrap();
    assert!(key.len() <= LONGEST_KEY && key.len() > LONGEST_KEY - 4);
    assert!(finds(
        &format!("name ^= \"{}\"", "\u{fdfa}".repeat(100)),
        &long
    ));
}

/// Texts that meet each other often, with what is easily done wrong.
fn text() -> impl Strategy<Value = String> {
    "[aAbéß\u{301}\\\\\"@.\u{10ffff}\u{fdfa} ]{0,4}"
}

fn any_filter() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "username",
        "email",
        "phone_number",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "cognito:user_status",
        "status",
        "sub",
    ]);
    let words = prop::sample::select(vec![
        "CONFIRMED",
        "conf",
        "Enabled",
        "D",
        "0000",
        "00000000-",
    ]);
    let value = prop_oneof![3 => text(), 1 => words.prop_map(str::to_owned)];
    (names, prop::sample::select(vec!["=", "^="]), value).prop_map(|(name, how, value)| {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name} {how} \"{escaped}\"")
    })
}

fn any_user() -> impl Strategy<Value = User> {
    let statuses = prop::sample::select(vec![UserStatus::Confirmed, UserStatus::Unconfirmed]);
    (text(), text(), text(), statuses, any::<bool>()).prop_map(
        |(username, name, email, status, enabled)| User {
            status,
            enabled,
            ..user(&username, &[("name", &name), ("email", &email)])
        },
    )
}

/// Whether the index leads to a user, by what it keeps.
fn leads_to(lookup: &Lookup, user: &User) -> bool {
    let within = |span: &Span, text: &str| match span {
        Span::One(one) => text == one,
        Span::FromTo(from, to) => text >= from.as_str() && text < to.as_str(),
    };
    match lookup {
        Lookup::Everyone => true,
        Lookup::Nobody => false,
        Lookup::Enabled(enabled) => user.enabled == *enabled,
        Lookup::Sub(span) => within(span, user.sub.as_str()),
        Lookup::Status(span) => within(span, user.status.as_str()),
        Lookup::Key(attribute, span) => key(user, *attribute).is_some_and(|key| within(span, &key)),
    }
}

proptest! {
    #[test]
    fn who_matches_is_where_the_index_is_asked_and_hardly_anybody_else_is(
        filter in any_filter(), user in any_user(), case_sensitive in any::<bool>()
    ) {
        let filter = parse(&filter).unwrap();
        let (matches, is_there) = (filter.matches(&user, case_sensitive), leads_to(&filter.lookup(), &user));
        prop_assert!(is_there || !matches);
        // Only names that differ by case stand beside those who match, and long values.
        if !case_sensitive {
            prop_assert_eq!(is_there, matches);
        }
    }

    #[test]
    fn a_text_that_is_no_filter_is_told_so_and_nothing_worse(text in any::<String>()) {
        let _ = UserFilter::parse(&text);
        let _ = UserFilter::parse(&format!("name = \"{text}"));
    }
}
