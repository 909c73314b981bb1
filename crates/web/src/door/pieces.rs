//! A request's body that comes piece by piece: no more than one piece is held, and each is waited
//! for only so long. For files, which would fill the memory that all requests share.

use axum::body::Body;
use bytes::{Buf, Bytes};
use cognate_api::Error;
use http::HeaderMap;
use http_body_util::BodyExt;

use super::body::{MAX_TIME, announced, drain};
use super::budget::Room;

/// The body of a request, and what of it is held.
pub struct Pieces {
    headers: HeaderMap,
    body: Body,
    /// What came beyond the last piece.
    rest: Bytes,
    limit: usize,
    left: usize,
    room: Room,
    /// What the room was taken for.
    held: usize,
}

impl Pieces {
    pub(super) fn new(headers: HeaderMap, body: Body, limit: usize, room: Room) -> Self {
        Self {
            headers,
            body,
            rest: Bytes::new(),
            limit,
            left: limit,
            room,
            held: 0,
        }
    }

    /// The next piece: of this size, but for the last one; none at the end.
    ///
    /// # Errors
    /// `RequestEntityTooLargeException` when the body is too large, before anything is read where
    /// its head says so; `RequestTimeoutException`, `SerializationException` when it is cut, or
    /// `ServiceUnavailableException` when there is no room.
    pub async fn next(&mut self, size: usize) -> Result<Option<Vec<u8>>, Error> {
        if announced(&self.headers).is_some_and(|length| length > self.limit as u64) {
            return Err(Error::request_too_large(self.limit));
        }
        if size > self.held {
            self.room.take(size - self.held)?;
            self.held = size;
        }
        let piece = tokio::time::timeout(MAX_TIME, self.collect(size)).await;
        let piece = piece.map_err(|_| Error::request_timeout())??;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    async fn collect(&mut self, size: usize) -> Result<Vec<u8>, Error> {
        let mut piece = Vec::with_capacity(size);
        loop {
            let taken = self.rest.split_to(self.rest.len().min(size - piece.len()));
            piece.extend_from_slice(&taken);
            if piece.len() == size {
                return Ok(piece);
            }
            let Some(frame) = self.body.frame().await else {
                return Ok(piece);
            };
            let frame = frame.map_err(|error| Error::malformed_json().with_source(error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.left = self
                .left
                .checked_sub(data.remaining())
                .ok_or_else(|| Error::request_too_large(self.limit))?;
            self.rest = data;
        }
    }

    /// Reads some of what is left, for clients that send all before they read anything.
    pub async fn drain(self) {
        drain(&self.headers, self.body).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use cognate_api::ErrorCode;
    use http::{Extensions, header};
    use hyper::body::Frame;

    use super::*;
    use crate::door::budget::Budget;

    /// A client that sends these frames, and then ends or falls silent.
    struct Sender {
        frames: VecDeque<Bytes>,
        ends: bool,
    }

    impl axum::body::HttpBody for Sender {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.frames.pop_front() {
                Some(frame) => Poll::Ready(Some(Ok(Frame::data(frame)))),
                None if self.ends => Poll::Ready(None),
                None => Poll::Pending,
            }
        }
    }

    fn body(frames: &[&str]) -> Body {
        let frames = frames
            .iter()
            .map(|frame| Bytes::copy_from_slice(frame.as_bytes()));
        Body::new(Sender {
            frames: frames.collect(),
            ends: true,
        })
    }

    fn pieces(body: Body, limit: usize, budget: &Budget) -> Pieces {
        let room = budget.room(&Extensions::new());
        Pieces::new(HeaderMap::new(), body, limit, room)
    }

    async fn all(mut pieces: Pieces) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(piece) = pieces.next(4).await.unwrap() {
            all.push(String::from_utf8(piece).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn pieces_are_of_one_size_whatever_the_frames_are_and_one_is_held() {
        let budget = Budget::of(4);
        let frames = ["a", "", "bcdefghij", "k", "l"];
        let read = all(pieces(body(&frames), 100, &budget)).await;
        assert_eq!(read, ["abcd", "efgh", "ijkl"]);
        assert_eq!(
            all(pieces(body(&["abcde"]), 5, &budget)).await,
            ["abcd", "e"]
        );
        assert!(all(pieces(body(&[]), 5, &budget)).await.is_empty());
        assert_eq!(budget.left(), 4);
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused_with_and_without_its_length() {
        let budget = Budget::of(4);
        let mut unannounced = pieces(body(&["abcd", "ef"]), 5, &budget);
        assert!(unannounced.next(4).await.is_ok());
        let refused = unannounced.next(4).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::RequestEntityTooLarge);
        drop(unannounced);
        let mut announced = pieces(body(&[]), 5, &budget);
        announced
            .headers
            .insert(header::CONTENT_LENGTH, "6".parse().unwrap());
        let refused = announced.next(4).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::RequestEntityTooLarge);
        assert_eq!(budget.left(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn who_falls_silent_is_not_waited_for() {
        let silent = Body::new(Sender {
            frames: [Bytes::from_static(b"a")].into(),
            ends: false,
        });
        let refused = pieces(silent, 5, &Budget::of(4)).next(4).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::RequestTimeout);
    }

    #[tokio::test]
    async fn a_piece_without_room_is_not_read() {
        let refused = pieces(body(&["a"]), 5, &Budget::of(3)).next(4).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::ServiceUnavailable);
    }
}
