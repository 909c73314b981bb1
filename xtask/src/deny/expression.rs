//! A licence expression of SPDX: identifiers with AND, OR, WITH and parentheses. Older manifests
//! write a slash for OR.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

/// Whether the allowed licences are enough for what an expression asks.
///
/// # Errors
/// When it is no expression.
pub(super) fn is_satisfied(expression: &str, allowed: &BTreeSet<String>) -> Result<bool> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = Words {
        rest: spaced.split_whitespace().collect(),
        allowed,
    };
    words.rest.reverse();
    let satisfied = words.any()?;
    match words.rest.last() {
        None => Ok(satisfied),
        Some(word) => bail!("{word} stands where the expression should end"),
    }
}

/// What is left of an expression, the next word last.
struct Words<'a> {
    rest: Vec<&'a str>,
    allowed: &'a BTreeSet<String>,
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest.last() == Some(&word);
        if is_next {
            self.rest.pop();
        }
        is_next
    }

    /// Terms between OR, which binds less than AND.
    fn any(&mut self) -> Result<bool> {
        let mut satisfied = self.all()?;
        while self.take("OR") {
            satisfied |= self.all()?;
        }
        Ok(satisfied)
    }

    fn all(&mut self) -> Result<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let satisfied = self.any()?;
            if !self.take(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(satisfied);
        }
        let mut licence = self.identifier()?.to_owned();
        if self.take("WITH") {
            let exception = self.identifier()?;
            licence = format!("{licence} WITH {exception}");
        }
        Ok(self.allowed.contains(&licence))
    }

    fn identifier(&mut self) -> Result<&str> {
        match self.rest.pop() {
            None => bail!("it ends where a licence should stand"),
            Some(word @ ("AND" | "OR" | "WITH" | "(" | ")")) => {
                bail!("{word} stands where a licence should")
            }
            Some(licence) => Ok(licence),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn satisfied(expression: &str) -> Result<bool> {
        let allowed = ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        is_satisfied(expression, &allowed.map(str::to_owned).into())
    }

    #[test]
    fn one_side_of_or_is_enough_and_both_sides_of_and_are_asked_for() {
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("MIT/GPL-2.0", true),
            ("GPL-2.0 / MIT", true),
            ("MIT AND GPL-3.0-only", false),
            ("ISC AND (GPL-3.0-only OR MIT)", true),
            ("(MIT OR ISC) AND GPL-3.0-only", false),
            ("GPL-3.0-only AND MIT OR ISC", true),
            ("ISC OR GPL-3.0-only AND MIT", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
        ] {
            assert_eq!(satisfied(expression).unwrap(), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for expression in [
            "", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH",
        ] {
            assert!(satisfied(expression).is_err(), "{expression}");
        }
    }
}
