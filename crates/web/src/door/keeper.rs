//! The doorkeeper: lets requests in, and sees to it that each is answered, logged and counted.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use cognate_service::{App, Arrival, ClientAddress, Limit};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use tracing::Instrument;

use super::admitted::Admitted;
use super::body;
use super::budget::{Budget, Room, head_size};
use super::definition::Door;
use super::exchange::{Exchange, Failure};
use super::in_flight::{InFlight, Place};
use super::observer::Observer;
use super::peer::{self, Network};
use super::pieces::Pieces;

/// What all doors of a node have in common; a clone is the same one. The listener puts a
/// [`Peer`](super::Peer) and its connection's [`Allowance`](super::Allowance) into the extensions
/// of each request.
#[derive(Clone)]
pub struct Doorkeeper(Arc<Common>);

struct Common {
    app: Arc<App>,
    proxies: Vec<Network>,
    in_flight: InFlight,
    budget: Budget,
    observer: Observer,
}

impl Doorkeeper {
    /// One for a node, with a budget of memory of its own. The word of `trusted_proxies` on where a
    /// request comes from is believed; `observer` is told of every request.
    #[must_use]
    pub fn new(
        app: Arc<App>,
        trusted_proxies: Vec<Network>,
        in_flight: InFlight,
        observer: Observer,
    ) -> Self {
        Self(Arc::new(Common {
            app,
            proxies: trusted_proxies,
            in_flight,
            budget: Budget::default(),
            observer,
        }))
    }

    /// The node.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// The proxies that are trusted.
    pub(crate) fn proxies(&self) -> &[Network] {
        &self.0.proxies
    }

    /// The address that a request came from, where there is one.
    pub(crate) fn client_address(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<ClientAddress> {
        peer::client_address(extensions, headers, &self.0.proxies)
    }

    /// A route that leads to a door.
    pub fn on<D: Door>(&self, method: MethodFilter, door: D) -> MethodRouter {
        let (keeper, door) = (self.clone(), Arc::new(door));
        on(method, async move |request: Request| {
            keeper.answer(door, request).await
        })
    }

    /// One request. The work is a task of its own, which runs on to its end when the client hangs
    /// up: a future that is dropped half way would leave undone what has begun.
    pub async fn answer<D: Door>(&self, door: Arc<D>, request: Request) -> Response {
        let started = Instant::now();
        let common = &self.0;
        let (head, body) = request.into_parts();
        let address = self.client_address(&head.extensions, &head.headers);
        let user_agent = head.headers.get(USER_AGENT);
        let user_agent = user_agent.and_then(|header| header.to_str().ok());
        let arrival = Arrival::new(&common.app, address, user_agent);
        let mut head_room = common.budget.room(&head.extensions);
        let mut pieces = None;
        let body = match head_room.take(head_size(&head.headers)) {
            Ok(()) => {
                let room = || common.budget.room(&head.extensions);
                if D::IN_PIECES {
                    let headers = head.headers.clone();
                    pieces = Some(Pieces::new(headers, body, D::MAX_BODY, room()));
                    Ok((Bytes::new(), room()))
                } else {
                    body::read(&head.headers, body, D::MAX_BODY, room()).await
                }
            }
            // Nothing is read: to wait for a body would be to hold the head.
            Err(error) => Err(error),
        };
        let subject = door.subject(&head, body.as_ref().ok().map(|(bytes, _)| bytes));
        let exchange = common.begin(&*door, subject.as_ref().ok().copied(), &arrival, started);
        let task = {
            let (common, door, exchange) =
                (Arc::clone(common), Arc::clone(&door), exchange.clone());
            let span = exchange.span.clone();
            let work = async move {
                // A request that its client has left holds its memory until it ends.
                let _head_room = head_room;
                let body = body.map(|(bytes, room)| (bytes, room, pieces));
                let admitted = common.admit::<D>(subject, head, body, arrival);
                let outcome = match admitted {
                    Ok((subject, request, _place)) => {
                        door.work(subject, request).await.map_err(Failure::AtWork)
                    }
                    Err(error) => Err(Failure::AtTheDoor(error)),
                };
                exchange.end(&outcome);
                outcome
            };
            tokio::spawn(work.instrument(span))
        };
        let outcome = match task.await {
            Ok(outcome) => outcome,
            // It panicked. The panic was rolled back where it happened; here it is an error like
            // any other.
            Err(error) => exchange.span.in_scope(|| {
                let outcome = Err(Failure::AtWork(error.into()));
                exchange.end(&outcome);
                outcome
            }),
        };
        match outcome {
            Ok(output) => door.success(&exchange, output),
            Err(Failure::AtWork(error)) => door.failure(&exchange, &error),
            Err(Failure::AtTheDoor(error)) => door.turned_away(&exchange, &error),
        }
    }
}

impl Common {
    fn begin<D: Door>(
        &self,
        door: &D,
        subject: Option<D::Subject>,
        arrival: &Arrival,
        started: Instant,
    ) -> Exchange<D::Subject> {
        let name = subject.map(|subject| door.name(subject));
        let is_of_operators = subject.is_some_and(|subject| door.is_of_operators(subject));
        let observer = self.observer.clone();
        Exchange::new((subject, name), is_of_operators, arrival, observer, started)
    }

    /// Lets a request in that was read, if it asks for something and there is a place for it.
    fn admit<D: Door>(
        &self,
        subject: Result<D::Subject, Error>,
        head: Parts,
        body: Result<(Bytes, Room, Option<Pieces>), Error>,
        arrival: Arrival,
    ) -> Result<(D::Subject, Admitted, Place), Error> {
        let subject = subject?;
        let (body, room, pieces) = body.inspect_err(|error| {
            if error.code == ErrorCode::ServiceUnavailable {
                self.app.counts.meet(Limit::RequestMemory);
            }
        })?;
        let place = self.place(arrival.address)?;
        let admitted = Admitted {
            head,
            body,
            arrival,
            limit: D::MAX_BODY,
            room,
            pieces,
        };
        Ok((subject, admitted, place))
    }

    fn place(&self, address: Option<ClientAddress>) -> Result<Place, Error> {
        self.in_flight.enter(address).inspect_err(|error| {
            let is_full = error.code == ErrorCode::ServiceUnavailable;
            self.app.counts.meet(if is_full {
                Limit::CallsAtOnce
            } else {
                Limit::CallsOfOneAddress
            });
        })
    }
}
