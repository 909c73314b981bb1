//! A request that was let in, and how its body is read.

use axum::extract::{Form, FromRequest, Request};
use bytes::Bytes;
use cognate_api::Error;
use cognate_service::Arrival;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::body;
use super::budget::Room;
use super::pieces::Pieces;

/// A request that was let in: read whole, with the memory that it takes accounted for.
pub struct Admitted {
    /// Its head.
    pub head: Parts,
    /// Its body as it came over the wire, which is what signatures are about.
    pub body: Bytes,
    /// When it came and from where; made into a context once it is known who calls.
    pub arrival: Arrival,
    pub(super) limit: usize,
    pub(super) room: Room,
    pub(super) pieces: Option<Pieces>,
}

impl Admitted {
    /// The body as it was meant: unpacked, when its head says that it is gzip'd.
    ///
    /// # Errors
    /// `RequestEntityTooLargeException`, `SerializationException`, `ServiceUnavailableException`.
    pub fn unpack(&mut self) -> Result<Bytes, Error> {
        body::unpack(
            &self.head.headers,
            self.body.clone(),
            self.limit,
            &mut self.room,
        )
    }

    /// The body of a door that takes it in pieces, once.
    ///
    /// # Errors
    /// `InternalErrorException` at any other door: a bug there.
    pub fn pieces(&mut self) -> Result<Pieces, Error> {
        let bug = || Error::internal().with_source("the body was read whole, or is gone");
        self.pieces.take().ok_or_else(bug)
    }

    /// The fields of a form (`application/x-www-form-urlencoded`), the arrival, and the room that
    /// they take, to be held as long as they are.
    ///
    /// # Errors
    /// `InvalidParameterException` when it is no form, or not of these fields.
    pub async fn form<T: DeserializeOwned>(self) -> Result<(T, Arrival, Room), Error> {
        let Self {
            head,
            body,
            arrival,
            room,
            ..
        } = self;
        let request = Request::from_parts(head, body.into());
        match Form::from_request(request, &()).await {
            Ok(Form(fields)) => Ok((fields, arrival, room)),
            Err(rejection) => Err(Error::invalid_parameter("The form cannot be read.")
                .with_source(rejection.to_string())),
        }
    }
}
