//! The terms that a user is found by, and the place of the user in each list of a term.

use std::collections::BTreeSet;

use cognate_crypto::digest::sha256;

use super::values::{fold, searched};
use crate::ids::Sub;
use crate::user::User;

/// A term: the hash of an attribute, of what the term says of it, and of a text. Two texts of one
/// hash lead to more users than those who match, who are not told.
pub type Term = i64;

/// Where a user stands in the list of a term. Two users may stand at one place.
pub type Place = i64;

/// Beginnings of these lengths, in characters, have terms.
const BEGINNINGS: [usize; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 24];
/// The characters of a part.
const GRAM: usize = 3;
/// Values of more characters have no terms of their parts: they are looked at each time.
const LONGEST_VALUE: usize = 128;
/// When the values of a user have so many parts, the further ones count as long.
const MOST_PARTS: usize = 600;
/// So many parts of what a value shall contain are looked up.
const LOOKED_UP: usize = 4;

/// The place of a user: the first sixty bits of the sub, so that places are in the order of subs.
#[must_use]
pub fn place(sub: &Sub) -> Place {
    let digits = sub.as_str().bytes().filter(u8::is_ascii_hexdigit).take(15);
    digits.fold(0, |place, digit| {
        let digit = char::from(digit).to_digit(16).unwrap_or_default();
        (place << 4) | Place::from(digit)
    })
}

/// The terms of a user, in a number that is bounded whatever the values are.
#[must_use]
pub fn terms(user: &User) -> BTreeSet<Term> {
    let mut terms = BTreeSet::new();
    let mut parts = 0;
    for (attribute, value) in searched(user) {
        let value = fold(value);
        terms.insert(whole(attribute, &value));
        let characters = value.chars().count();
        let lengths = BEGINNINGS.iter().filter(|length| **length <= characters);
        terms.extend(lengths.map(|length| of_beginning(attribute, first(&value, *length))));
        let is_long = characters > LONGEST_VALUE;
        if !is_long {
            parts += characters.saturating_sub(GRAM - 1);
        }
        if is_long || parts > MOST_PARTS {
            terms.insert(long(attribute));
        } else {
            terms.extend(windows(&value).map(|gram| of_gram(attribute, gram)));
        }
    }
    terms
}

/// The terms that a changed user has lost and gained.
#[must_use]
pub fn changed_terms(before: &User, after: &User) -> (Vec<Term>, Vec<Term>) {
    let (before, after) = (terms(before), terms(after));
    let lost = before.difference(&after).copied().collect();
    (lost, after.difference(&before).copied().collect())
}

/// The term of a whole value.
pub(super) fn whole(attribute: &str, value: &str) -> Term {
    hash("=", attribute, value)
}

/// The term of the longest beginning that has one; None for an empty value.
pub(super) fn beginning(attribute: &str, value: &str) -> Option<Term> {
    let characters = value.chars().count();
    let mut lengths = BEGINNINGS.iter().rev();
    let longest = lengths.find(|length| **length <= characters)?;
    Some(of_beginning(attribute, first(value, *longest)))
}

/// The terms of some parts of a text, spread over it; none for one that is too short.
pub(super) fn grams(attribute: &str, value: &str) -> impl Iterator<Item = Term> {
    let all: Vec<&str> = windows(value).collect();
    let step = all.len().div_ceil(LOOKED_UP).max(1);
    let terms: Vec<Term> = all
        .iter()
        .step_by(step)
        .map(|gram| of_gram(attribute, gram))
        .collect();
    terms.into_iter()
}

/// The term of values that have no terms of their parts.
pub(super) fn long(attribute: &str) -> Term {
    hash("long", attribute, "")
}

fn of_beginning(attribute: &str, text: &str) -> Term {
    hash("^", attribute, text)
}

fn of_gram(attribute: &str, text: &str) -> Term {
    hash("~", attribute, text)
}

fn hash(kind: &str, attribute: &str, text: &str) -> Term {
    // The lengths keep the three apart.
    let lengths = [kind.len(), attribute.len()].map(usize::to_be_bytes);
    let [kind_length, attribute_length] = &lengths;
    let digest = sha256(&[
        kind_length,
        attribute_length,
        kind.as_bytes(),
        attribute.as_bytes(),
        text.as_bytes(),
    ]);
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    i64::from_be_bytes(first)
}

/// The first characters of a text.
fn first(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters);
    end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Every part of a text.
fn windows(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(start, _)| start);
    let ends = text.char_indices().map(|(start, _)| start).skip(GRAM);
    let ends = ends.chain(std::iter::once(text.len()));
    let is_long = text.chars().nth(GRAM - 1).is_some();
    starts
        .zip(ends)
        .filter(move |_| is_long)
        .filter_map(move |(start, end)| text.get(start..end))
}
