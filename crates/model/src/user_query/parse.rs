//! From the text of a query to its meaning.
//!
//! `query = [expression] ["sort" ("created" | "modified") ["asc" | "desc"]]`,
//! `expression = all {"or" all}`, `all = one {"and" one}`,
//! `one = "not" one | "(" expression ")" | name ("=" | "^=" | "contains") value`. Words may be
//! written in any case; values stand in quotation marks. A filter has 256 characters at most, so
//! that parentheses are never deep.

use super::values::{OF_ALL_USERS, fold};
use super::{Comparison, Expression, How, MOST_COMPARISONS, Order, OrderBy, QueryError, UserQuery};
use crate::user_filter::read_quoted;

/// More parentheses are refused, whatever the length.
const DEEPEST: usize = 64;

/// One word of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name or a keyword.
    Word(String),
    /// A text in quotation marks.
    Value(String),
    Equals,
    BeginsWith,
    Open,
    Close,
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    comparisons: usize,
    depth: usize,
    is_known: &'a dyn Fn(&str) -> bool,
}

impl UserQuery {
    /// Reads a query. `is_known` tells whether the pool has an attribute.
    ///
    /// # Errors
    /// [`QueryError`], but for what the index does not answer.
    pub fn parse(text: &str, is_known: impl Fn(&str) -> bool) -> Result<Self, QueryError> {
        query(text, &is_known)
    }
}

fn query(text: &str, is_known: &dyn Fn(&str) -> bool) -> Result<UserQuery, QueryError> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        comparisons: 0,
        depth: 0,
        is_known,
    };
    let expression = if parser.sees_word("sort") {
        None
    } else {
        Some(parser.any()?)
    };
    let order = parser.order()?;
    if parser.tokens.next().is_some() {
        return Err(QueryError::Form);
    }
    Ok(UserQuery { expression, order })
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Expression, QueryError> {
        let mut any = vec![self.all()?];
        while self.takes_word("or") {
            any.push(self.all()?);
        }
        Ok(one_or(any, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, QueryError> {
        let mut all = vec![self.one()?];
        while self.takes_word("and") {
            all.push(self.one()?);
        }
        Ok(one_or(all, Expression::All))
    }

    fn one(&mut self) -> Result<Expression, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::Form);
        }
        let read = match self.tokens.next() {
            Some(Token::Open) => {
                let inner = self.any()?;
                match self.tokens.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err(QueryError::Form),
                }
            }
            Some(Token::Word(word)) if is(&word, "not") => {
                Ok(Expression::Not(Box::new(self.one()?)))
            }
            Some(Token::Word(name) | Token::Value(name)) => self.comparison(name),
            _ => Err(QueryError::Form),
        };
        self.depth -= 1;
        read
    }

    fn comparison(&mut self, attribute: String) -> Result<Expression, QueryError> {
        let how = match self.tokens.next() {
            Some(Token::Equals) => How::Equals,
            Some(Token::BeginsWith) => How::BeginsWith,
            Some(Token::Word(word)) if is(&word, "contains") => How::Contains,
            _ => return Err(QueryError::Form),
        };
        let Some(Token::Value(value)) = self.tokens.next() else {
            return Err(QueryError::Form);
        };
        if !OF_ALL_USERS.contains(&attribute.as_str()) && !(self.is_known)(&attribute) {
            return Err(QueryError::Attribute(attribute));
        }
        self.comparisons += 1;
        if self.comparisons > MOST_COMPARISONS {
            return Err(QueryError::TooMany);
        }
        Ok(Expression::Comparison(Comparison {
            attribute,
            how,
            value: fold(&value),
        }))
    }

    fn order(&mut self) -> Result<Option<Order>, QueryError> {
        if !self.takes_word("sort") {
            return Ok(None);
        }
        let by = match self.tokens.next() {
            Some(Token::Word(word)) if is(&word, "created") => OrderBy::Created,
            Some(Token::Word(word)) if is(&word, "modified") => OrderBy::Modified,
            _ => return Err(QueryError::Form),
        };
        let descending = self.takes_word("desc");
        if !descending {
            self.takes_word("asc");
        }
        Ok(Some(Order { by, descending }))
    }

    fn sees_word(&mut self, wanted: &str) -> bool {
        matches!(self.tokens.peek(), Some(Token::Word(word)) if is(word, wanted))
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let sees = self.sees_word(wanted);
        if sees {
            self.tokens.next();
        }
        sees
    }
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn one_or(mut many: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match many.len() {
        1 => many.remove(0),
        _ => join(many),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    // No attribute has a NUL, and no database takes one.
    if text.contains('\0') {
        return Err(QueryError::Form);
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = move |signs: &str| rest.get(signs.len()..).unwrap_or_default();
        let (token, left) = match first {
            '(' => (Token::Open, after("(")),
            ')' => (Token::Close, after(")")),
            '=' => (Token::Equals, after("=")),
            '^' if rest.starts_with("^=") => (Token::BeginsWith, after("^=")),
            '"' => {
                let (value, left) = read_quoted(rest).ok_or(QueryError::Form)?;
                (Token::Value(value), left)
            }
            '^' => return Err(QueryError::Form),
            _ => {
                let ends =
                    |character: char| character.is_whitespace() || "()=^\"".contains(character);
                let (word, left) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                (Token::Word(word.to_owned()), left)
            }
        };
        tokens.push(token);
        rest = left.trim_start();
    }
    Ok(tokens)
}
