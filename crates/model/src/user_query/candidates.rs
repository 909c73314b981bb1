//! From what the lists of single terms begin with to those who may match a query.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, Source, Term};

/// The beginning of a list of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// In rising order, each once.
    pub places: Vec<Place>,
    /// The last place up to which nobody is missing; None when nobody is missing at all.
    pub until: Option<Place>,
}

impl Source {
    /// The terms whose lists [`Source::candidates`] wants.
    #[must_use]
    pub fn terms(&self) -> BTreeSet<Term> {
        match self {
            Self::Term(term) => BTreeSet::from([*term]),
            Self::All(many) | Self::Any(many) => many.iter().flat_map(Self::terms).collect(),
        }
    }

    /// Those who may match, from the beginnings of the lists of all terms.
    #[must_use]
    pub fn candidates(&self, lists: &BTreeMap<Term, Places>) -> Places {
        match self {
            Self::Term(term) => lists.get(term).cloned().unwrap_or_default(),
            Self::All(all) => in_all(all.iter().map(|one| one.candidates(lists)).collect()),
            Self::Any(any) => in_any(any.iter().map(|one| one.candidates(lists)).collect()),
        }
    }
}

/// Goes by the list that reaches furthest, and leaves out who is known to be missing in another.
fn in_all(mut lists: Vec<Places>) -> Places {
    let furthest = lists.iter().enumerate().max_by_key(|(_, list)| {
        let fewest = std::cmp::Reverse(list.places.len());
        (list.until.is_none(), list.until, fewest)
    });
    let Some(furthest) = furthest.map(|(at, _)| at) else {
        return Places::default();
    };
    let mut kept = lists.swap_remove(furthest);
    for other in lists {
        let known: BTreeSet<Place> = other.places.into_iter().collect();
        let is_beyond = |place: &Place| other.until.is_some_and(|until| *place > until);
        kept.places
            .retain(|place| is_beyond(place) || known.contains(place));
    }
    kept
}

/// All of all lists, as far as each of them reaches.
fn in_any(lists: Vec<Places>) -> Places {
    let until = lists.iter().filter_map(|list| list.until).min();
    let all: BTreeSet<Place> = lists.into_iter().flat_map(|list| list.places).collect();
    let reaches = |place: &Place| until.is_none_or(|until| *place <= until);
    Places {
        places: all.into_iter().filter(reaches).collect(),
        until,
    }
}
