//! A number of places that are given out in turns: whoever waits for many gets one, then the next
//! in turn gets one. Who waits alone gets all places that are free, so that nothing stands idle for
//! fairness' sake.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Whose turn a place is taken in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn<K> {
    /// In the turn that all of one kind share.
    Of(K),
    /// In a turn of its own, behind those that wait now.
    Own,
}

/// What shared turns are told apart by.
pub(crate) trait Kind: Clone + Eq + Hash {}

impl<K: Clone + Eq + Hash> Kind for K {}

/// The places; a clone is the same ones.
pub(crate) struct FairTurns<K: Kind>(Arc<Mutex<Waiting<K>>>);

impl<K: Kind> Clone for FairTurns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Waiting<K: Kind> {
    free: usize,
    /// Who is next; each shared turn stands here once while somebody waits in it.
    turns: VecDeque<Queued<K>>,
    shared: HashMap<K, VecDeque<Waiter<K>>>,
}

type Waiter<K> = oneshot::Sender<Place<K>>;

enum Queued<K: Kind> {
    Shared(K),
    Own(Waiter<K>),
}

/// A place, which is free again when this is dropped.
pub(crate) struct Place<K: Kind>(Option<FairTurns<K>>);

impl<K: Kind> FairTurns<K> {
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Waiting {
            free: places,
            turns: VecDeque::new(),
            shared: HashMap::new(),
        })))
    }

    /// Waits for a place.
    pub(crate) async fn enter(&self, turn: Turn<K>) -> Place<K> {
        let waiting = {
            let mut state = self.state();
            if state.free > 0 {
                // A place is free only while nobody waits.
                state.free -= 1;
                return self.place();
            }
            let (waiter, waiting) = oneshot::channel();
            state.queue(turn, waiter);
            waiting
        };
        // The other end is kept until it has sent a place.
        waiting.await.unwrap_or(Place(None))
    }

    fn place(&self) -> Place<K> {
        Place(Some(self.clone()))
    }

    /// Gives a place to the next who still waits, or sets it free.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.next();
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some(waiter) = next else { return };
            match waiter.send(self.place()) {
                Ok(()) => return,
                // Nobody waits there any more; the place is not given back twice.
                Err(mut place) => place.0 = None,
            }
        }
    }

    /// Nothing is half done while the lock is held.
    fn state(&self) -> MutexGuard<'_, Waiting<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Kind> Waiting<K> {
    fn queue(&mut self, turn: Turn<K>, waiter: Waiter<K>) {
        match turn {
            Turn::Own => self.turns.push_back(Queued::Own(waiter)),
            Turn::Of(of) => {
                let waiters = self.shared.entry(of.clone()).or_default();
                if waiters.is_empty() {
                    self.turns.push_back(Queued::Shared(of));
                }
                waiters.push_back(waiter);
            }
        }
    }

    fn next(&mut self) -> Option<Waiter<K>> {
        match self.turns.pop_front()? {
            Queued::Own(waiter) => Some(waiter),
            Queued::Shared(of) => {
                let waiters = self.shared.get_mut(&of)?;
                let next = waiters.pop_front();
                if waiters.is_empty() {
                    self.shared.remove(&of);
                } else {
                    self.turns.push_back(Queued::Shared(of));
                }
                next
            }
        }
    }
}

impl<K: Kind> Drop for Place<K> {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    type Entering<'a> = Pin<Box<dyn Future<Output = Place<char>> + 'a>>;

    fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn at_once(turns: &FairTurns<char>, turn: Turn<char>) -> Place<char> {
        match poll(pin!(turns.enter(turn))) {
            Poll::Ready(place) => place,
            Poll::Pending => panic!("it has to wait"),
        }
    }

    /// Waits in these turns, `.` for one of its own, and gives the order in which they get the one
    /// place.
    fn order(turns: &FairTurns<char>, held: Place<char>, waiting: &str) -> String {
        let turn = |of| match of {
            '.' => Turn::Own,
            of => Turn::Of(of),
        };
        let mut all: Vec<(char, Entering<'_>)> = waiting
            .chars()
            .map(|of| (of, Box::pin(turns.enter(turn(of))) as Entering<'_>))
            .collect();
        for (_, waiting) in &mut all {
            assert!(poll(waiting.as_mut()).is_pending());
        }
        drop(held);
        let mut order = String::new();
        while !all.is_empty() {
            let ready = all.iter_mut().position(|(_, waiting)| {
                let place = poll(waiting.as_mut());
                place.is_ready()
            });
            order.push(all.remove(ready.unwrap()).0);
        }
        order
    }

    #[test]
    fn one_who_waits_for_many_places_delays_another_by_one() {
        let turns = FairTurns::new(1);
        let held = at_once(&turns, Turn::Of('a'));
        assert_eq!(order(&turns, held, "aaaaaaaab"), "abaaaaaaa");
    }

    #[test]
    fn all_who_wait_take_turns() {
        let turns = FairTurns::new(1);
        let held = at_once(&turns, Turn::Of('a'));
        assert_eq!(order(&turns, held, "aaabbc"), "abcaba");
    }

    #[test]
    fn who_stands_for_nobody_in_particular_has_a_turn_each() {
        let turns = FairTurns::new(1);
        let held = at_once(&turns, Turn::Of('a'));
        assert_eq!(order(&turns, held, "aaa..."), "a...aa");
    }

    #[test]
    fn one_alone_has_all_places() {
        let turns = FairTurns::new(3);
        let _held = [(); 3].map(|()| at_once(&turns, Turn::Of('a')));
    }

    #[test]
    fn a_place_is_not_lost_with_one_who_waits_no_more() {
        let turns = FairTurns::new(1);
        let held = at_once(&turns, Turn::Of('a'));
        let mut gone: Entering<'_> = Box::pin(turns.enter(Turn::Of('b')));
        assert!(poll(gone.as_mut()).is_pending());
        drop(gone);
        drop(held);
        let held = at_once(&turns, Turn::Of('c'));
        // One who has been given the place and goes before taking it.
        let mut gone: Entering<'_> = Box::pin(turns.enter(Turn::Own));
        assert!(poll(gone.as_mut()).is_pending());
        drop(held);
        drop(gone);
        drop(at_once(&turns, Turn::Own));
    }
}
