//! The rates that requests are let through at: of an account by category of operation, of a pool,
//! an app client and a user. Off unless the operator switches them on.
//!
//! Each node lets through its share: the rate divided by the nodes that live. What is counted is in
//! memory, so a request that is let through costs no look into the database.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cognate_model::request_rates::bucket::{Bucket, Share};
use cognate_model::request_rates::table::RateTable;
use cognate_model::request_rates::{ANSWERS_PER_SIGN_IN, Access, Category};
use cognate_model::{ClientId, Timestamp, UserPoolId};
use cognate_store::nodes::Beat;
use quick_cache::sync::Cache;

use super::live_nodes::{LiveNodes, Look};
use crate::{Entropy, Error, Result};

/// The most pools, app clients and users that are counted at once; those that were not seen for
/// long go first.
const CAPACITY: usize = 65_536;

/// The rates of a node.
pub(crate) struct RequestRates(Option<Enforced>);

/// The rates of a node that enforces them.
pub(crate) struct Enforced {
    pub(super) table: RateTable,
    known: Mutex<Known>,
    nodes: Mutex<LiveNodes>,
    wide: [Mutex<Option<Bucket>>; Wide::NUMBER],
    narrow: Cache<Narrow, Arc<Mutex<Bucket>>>,
}

/// What all nodes have in common, as this one has read it.
#[derive(Clone, Copy)]
struct Known {
    nodes: u32,
    provisioned: [Option<u32>; Category::ALL.len()],
}

/// What is counted of all that the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wide {
    Category(Category),
    /// Answers to challenges, of which each sign-in has some.
    Answers,
}

impl Wide {
    const NUMBER: usize = Category::ALL.len() + 1;

    fn place(self) -> usize {
        match self {
            Self::Category(category) => category as usize,
            Self::Answers => Category::ALL.len(),
        }
    }
}

/// What is counted of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Narrow {
    /// An operation on a pool.
    Operation(UserPoolId, &'static str),
    /// A pool.
    Pool(UserPoolId),
    /// An app client.
    Client(ClientId),
    /// A user, by the name that the request gives.
    User(UserPoolId, String, Access),
}

/// What a request is counted under.
pub(super) struct Counted {
    /// What it is about, each with its rate, the nearest first.
    pub(super) narrow: Vec<(Narrow, u32)>,
    pub(super) category: Category,
    /// Whether it answers a challenge.
    pub(super) is_answer: bool,
}

impl RequestRates {
    pub(crate) fn new(table: Option<RateTable>, entropy: &Entropy) -> Self {
        Self(table.map(|table| Enforced {
            table,
            known: Mutex::new(Known {
                nodes: 1,
                provisioned: [None; Category::ALL.len()],
            }),
            nodes: Mutex::new(LiveNodes::new(entropy.generator().uuid_v4())),
            wide: std::array::from_fn(|_| Mutex::new(None)),
            narrow: Cache::new(CAPACITY),
        }))
    }

    /// The rates, where the operator has switched them on.
    pub(crate) fn enforced(&self) -> Option<&Enforced> {
        self.0.as_ref()
    }
}

impl Enforced {
    /// Lets a request through, or refuses it: then it has taken nothing of any rate.
    ///
    /// # Errors
    /// `TooManyRequestsException`.
    pub(super) fn let_through(&self, request: Counted, now: Timestamp) -> Result<()> {
        let nodes = self.known().nodes;
        let mut taken = Vec::new();
        for (narrow, rate) in request.narrow {
            let share = Share { rate, nodes };
            let bucket = self.bucket_of(&narrow, share, now);
            if !held(&bucket).take(share, now) {
                give_back(&taken);
                return Err(Error::too_many_requests());
            }
            taken.push((bucket, share));
        }
        if self.take_of_all(request.category, request.is_answer, now) {
            Ok(())
        } else {
            give_back(&taken);
            Err(Error::too_many_requests())
        }
    }

    /// Takes of the category. Answers to challenges have an allowance of their own, and take of the
    /// category what is beyond it.
    fn take_of_all(&self, category: Category, is_answer: bool, now: Timestamp) -> bool {
        let share = self.share_of(category);
        let of_answers = Share {
            rate: share.rate.saturating_mul(ANSWERS_PER_SIGN_IN),
            ..share
        };
        (is_answer && self.take_wide(Wide::Answers, of_answers, now))
            || self.take_wide(Wide::Category(category), share, now)
    }

    fn take_wide(&self, wide: Wide, share: Share, now: Timestamp) -> bool {
        let mut bucket = held(&self.wide[wide.place()]);
        let bucket = bucket.get_or_insert_with(|| Bucket::full(share, now));
        bucket.take(share, now)
    }

    fn bucket_of(&self, narrow: &Narrow, share: Share, now: Timestamp) -> Arc<Mutex<Bucket>> {
        let full = || Ok::<_, Infallible>(Arc::new(Mutex::new(Bucket::full(share, now))));
        let Ok(bucket) = self.narrow.get_or_insert_with(narrow, full);
        bucket
    }

    fn share_of(&self, category: Category) -> Share {
        let known = self.known();
        let provisioned = known.provisioned[category as usize];
        Share {
            rate: self.table.bounds(category).rate(provisioned),
            nodes: known.nodes,
        }
    }

    /// The node's own next number, to be written.
    pub(super) fn next_beat(&self) -> Beat {
        held(&self.nodes).next()
    }

    /// The number that the node has written last.
    pub(super) fn last_beat(&self) -> Beat {
        held(&self.nodes).own()
    }

    /// Takes in what the database says: which nodes there are and what was provisioned.
    pub(super) fn look(
        &self,
        beats: &[Beat],
        provisioned: &[(String, u32)],
        now: Timestamp,
    ) -> Look {
        let look = held(&self.nodes).look(beats, now);
        let rate_of = |category: Category| {
            let found = provisioned
                .iter()
                .find(|(name, _)| *name == category.name());
            found.map(|(_, rate)| *rate)
        };
        let known = Known {
            nodes: look.live,
            provisioned: Category::ALL.map(rate_of),
        };
        *held(&self.known) = known;
        look
    }

    /// A rate that was provisioned just now, which holds on this node at once.
    pub(super) fn provision(&self, category: Category, rate: Option<u32>) {
        held(&self.known).provisioned[category as usize] = rate;
    }

    fn known(&self) -> Known {
        *held(&self.known)
    }
}

fn give_back(taken: &[(Arc<Mutex<Bucket>>, Share)]) {
    for (bucket, share) in taken {
        held(bucket).give_back(*share);
    }
}

/// Nothing is half done while a lock is held, so that a panic elsewhere does no harm to it.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
