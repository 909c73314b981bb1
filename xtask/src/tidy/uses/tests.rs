#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

/// The uses of a crate whose files are these.
fn uses(files: &[(&str, &str)]) -> Uses {
    let read = |path: &str| {
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    Crate::read("lib.rs", read).unwrap().uses()
}

/// The same as arrows.
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let mut arrows = Vec::new();
    for (file, others) in uses(files) {
        arrows.extend(others.keys().map(|other| format!("{file} > {other}")));
    }
    arrows
}

#[test]
fn a_file_that_declares_and_reexports_its_children_uses_none() {
    let files = [
        ("lib.rs", "mod area; pub use area::Thing;"),
        (
            "area/mod.rs",
            "mod one; mod two; pub(crate) use one::Thing; pub use two::*;",
        ),
        ("area/one.rs", "use super::Other;\npub struct Thing;"),
        ("area/two.rs", "pub struct Other;"),
    ];
    assert_eq!(arrows(&files), ["area/one.rs > area/two.rs"]);
}

#[test]
fn a_file_that_says_what_it_reexports_uses_it() {
    let files = [
        ("lib.rs", "mod a; pub use a::A; pub fn f() -> A { A }"),
        ("a.rs", "use crate::f; pub struct A;"),
    ];
    assert_eq!(arrows(&files), ["a.rs > lib.rs", "lib.rs > a.rs"]);
}

#[test]
fn an_import_through_others_is_of_the_file_that_is_meant() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::inner::Deep as Shown;"),
        ("a/mod.rs", "pub mod inner;"),
        ("a/inner.rs", "pub struct Deep; fn f() { crate::b::g() }"),
        ("b.rs", "use crate::Shown as S; use crate::Error; fn g() {}"),
    ];
    let expected = ["a/inner.rs > b.rs", "b.rs > a/inner.rs", "b.rs > lib.rs"];
    assert_eq!(arrows(&files), expected);
}

#[test]
fn a_child_that_imports_from_its_parents_file_counts() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; const LIMIT: u32 = 1; fn f() { b::g() }"),
        ("a/b.rs", "use super::LIMIT; fn g() {}"),
    ];
    assert_eq!(arrows(&files), ["a.rs > a/b.rs", "a/b.rs > a.rs"]);
}

#[test]
fn a_part_in_braces_is_of_its_file() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "mod inner { use super::super::b::B; use super::X; } struct X;",
        ),
        ("b.rs", "use crate::a::inner::Y;"),
    ];
    assert_eq!(arrows(&files), ["a.rs > b.rs", "b.rs > a.rs"]);
}

#[test]
fn tests_comments_and_other_crates_count_nothing() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "//! [`crate::b::B`]\nuse cognate_store::b; fn f() { b::g(\"crate::b::B\") }\n\
             #[cfg(test)]\nmod tests { use crate::b::B; }",
        ),
        ("b.rs", "use crate::a::f;"),
    ];
    assert_eq!(arrows(&files), ["b.rs > a.rs"]);
}

#[test]
fn a_module_without_a_file_is_an_error() {
    let read = |path: &str| (path == "lib.rs").then(|| "mod lost;".to_owned());
    assert!(Crate::read("lib.rs", read).is_err());
}
