//! How many nodes live: each counts up a number in the database once a second, and a node whose
//! number has stood still for some seconds is gone. Each node looks with its own clock only.

use std::collections::HashMap;
use std::time::Duration;

use cognate_model::Timestamp;
use cognate_store::nodes::Beat;

/// How often a node counts.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// A number that has stood still for so long is that of a node that is gone: a database that is
/// held up for a moment makes nobody dead.
const GONE_AFTER: Duration = Duration::from_secs(4);
/// After so long its row is taken away.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// What a node has seen of the others.
pub(super) struct LiveNodes {
    own: Beat,
    others: HashMap<String, Seen>,
}

/// The last number of a node, and since when it has stood.
struct Seen {
    number: i64,
    since: Timestamp,
}

/// What a look has shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// How many live, this node among them.
    pub(super) live: u32,
    /// Whose rows are to be taken away.
    pub(super) forgotten: Vec<Beat>,
}

impl LiveNodes {
    pub(super) fn new(node: String) -> Self {
        Self {
            own: Beat { node, number: 0 },
            others: HashMap::new(),
        }
    }

    /// The node's own next number.
    pub(super) fn next(&mut self) -> Beat {
        self.own.number += 1;
        self.own.clone()
    }

    /// The number that it has written last.
    pub(super) fn own(&self) -> Beat {
        self.own.clone()
    }

    /// Looks at all numbers. A node that is seen for the first time counts as one that lives.
    pub(super) fn look(&mut self, beats: &[Beat], now: Timestamp) -> Look {
        self.others
            .retain(|node, _| beats.iter().any(|beat| beat.node == *node));
        let mut look = Look {
            live: 1,
            forgotten: Vec::new(),
        };
        for beat in beats.iter().filter(|beat| beat.node != self.own.node) {
            let new = || Seen {
                number: beat.number,
                since: now,
            };
            let seen = self.others.entry(beat.node.clone()).or_insert_with(new);
            // A clock that was set back begins anew.
            if seen.number != beat.number || now < seen.since {
                *seen = new();
            }
            let stood = now.since(seen.since);
            if stood < GONE_AFTER {
                look.live += 1;
            } else if stood >= FORGOTTEN_AFTER {
                look.forgotten.push(beat.clone());
            }
        }
        look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(beats: &[(&str, i64)]) -> Vec<Beat> {
        let beat = |(node, number): &(&str, i64)| Beat {
            node: (*node).to_owned(),
            number: *number,
        };
        beats.iter().map(beat).collect()
    }

    fn live(nodes: &mut LiveNodes, seen: &[(&str, i64)], second: i64) -> u32 {
        nodes.look(&beats(seen), Timestamp(second * 1000)).live
    }

    #[test]
    fn a_node_lives_while_its_number_moves_and_is_gone_four_seconds_after_it_stands() {
        let mut nodes = LiveNodes::new("me".to_owned());
        assert_eq!(live(&mut nodes, &[], 0), 1);
        assert_eq!(live(&mut nodes, &[("me", 1), ("a", 7), ("b", 1)], 0), 3);
        assert_eq!(live(&mut nodes, &[("me", 2), ("a", 8), ("b", 1)], 3), 3);
        assert_eq!(live(&mut nodes, &[("me", 3), ("a", 9), ("b", 1)], 4), 2);
        assert_eq!(live(&mut nodes, &[("me", 3), ("a", 9), ("b", 2)], 5), 3);
        assert_eq!(live(&mut nodes, &[("me", 3), ("b", 3)], 6), 2);
    }

    #[test]
    fn a_node_that_was_gone_for_a_minute_is_taken_away() {
        let mut nodes = LiveNodes::new("me".to_owned());
        let dead = beats(&[("a", 7)]);
        assert_eq!(nodes.look(&dead, Timestamp(0)).forgotten, []);
        assert_eq!(nodes.look(&dead, Timestamp(59_999)).forgotten, []);
        assert_eq!(nodes.look(&dead, Timestamp(60_000)).forgotten, dead);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_live_longer() {
        let mut nodes = LiveNodes::new("me".to_owned());
        assert_eq!(live(&mut nodes, &[("a", 1)], 3600), 2);
        assert_eq!(live(&mut nodes, &[("a", 1)], 0), 2);
        assert_eq!(live(&mut nodes, &[("a", 1)], 4), 1);
    }
}
