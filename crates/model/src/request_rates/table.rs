//! The rates of a server: those that are there for nothing and those up to which they can be
//! raised, as its operator says; and what was provisioned between the two.

use std::fmt;

use super::Category;

/// How far Cognito's own rates can be raised where the operator says nothing else.
const RAISED_AT_MOST: u32 = 10;
/// The most that a rate can be: more than any server does.
const LARGEST: u32 = 1_000_000;

/// The bounds of one category's rate, in requests a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What is there without asking, at least 1.
    pub free: u32,
    /// Up to what it can be raised.
    pub maximum: u32,
}

/// The bounds of every category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTable([Bounds; Category::ALL.len()]);

/// A text that says no rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTableError(String);

impl fmt::Display for RateTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "«{}» must be off, cognito, CATEGORY=RATE or CATEGORY=RATE-MAXIMUM in requests a \
             second, as UserRead=500 or UserRead=500-2000",
            self.0
        )
    }
}

impl std::error::Error for RateTableError {}

impl RateTable {
    /// Cognito's own rates.
    #[must_use]
    pub fn cognitos() -> Self {
        Self(Category::ALL.map(|category| {
            let free = category.cognitos_rate();
            let raised = if category.is_adjustable() {
                RAISED_AT_MOST
            } else {
                1
            };
            Bounds {
                free,
                maximum: free * raised,
            }
        }))
    }

    /// Reads what an operator says: `off`, `cognito`, and categories whose rates are others than
    /// Cognito's. None where no rates are enforced.
    ///
    /// # Errors
    /// [`RateTableError`] for the first text that is none of these, and for `off` beside others.
    pub fn parse(texts: &[String]) -> Result<Option<Self>, RateTableError> {
        if texts.is_empty() || texts == ["off"] {
            return Ok(None);
        }
        let mut table = Self::cognitos();
        for text in texts {
            if text != "cognito" {
                let (category, bounds) = read(text).ok_or_else(|| RateTableError(text.clone()))?;
                table.0[category as usize] = bounds;
            }
        }
        Ok(Some(table))
    }

    /// The bounds of a category.
    #[must_use]
    pub fn bounds(&self, category: Category) -> Bounds {
        self.0[category as usize]
    }
}

impl Bounds {
    /// The rate in force where one was provisioned, by these bounds or by earlier ones.
    #[must_use]
    pub fn rate(self, provisioned: Option<u32>) -> u32 {
        provisioned.map_or(self.free, |rate| rate.clamp(self.free, self.maximum))
    }
}

fn read(text: &str) -> Option<(Category, Bounds)> {
    let (name, rates) = text.split_once('=')?;
    let category = Category::named(name)?;
    let (free, maximum) = match rates.split_once('-') {
        Some((free, maximum)) => (whole(free)?, Some(whole(maximum)?)),
        None => (whole(rates)?, None),
    };
    let cognitos = RateTable::cognitos().bounds(category).maximum;
    let maximum = maximum.unwrap_or(cognitos.max(free));
    let is_served = free >= 1 && free <= maximum && maximum <= LARGEST;
    is_served.then_some((category, Bounds { free, maximum }))
}

/// Digits and nothing else: no sign, no spaces.
fn whole(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
