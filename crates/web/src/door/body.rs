//! A request's body: read within limits of size, time and memory, and unpacked when it is gzip'd.

use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use flate2::bufread::GzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::budget::Room;

/// How much of a larger body is read before it is refused.
const MAX_DRAINED: u64 = 8 << 20;

/// How long a body may take to arrive.
pub(super) const MAX_TIME: Duration = Duration::from_secs(30);

/// The memory that the first bytes of a body get; it doubles as more come.
const FIRST_CAPACITY: usize = 1 << 10;

/// Reads the body as it comes over the wire, into memory that `room` accounts for as it grows: a
/// length that is only announced takes nothing from others. The room comes back with the body, to
/// be held as long as the request lasts. More than `limit` bytes are not taken.
///
/// # Errors
/// `RequestEntityTooLargeException`, `RequestTimeoutException`, `SerializationException` when it is
/// cut, or `ServiceUnavailableException` when there is no room.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    room: Room,
) -> Result<(Bytes, Room), Error> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limit as u64) {
        drain(headers, body).await;
        return Err(Error::request_too_large(limit));
    }
    let expected = announced
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(limit);
    let reading = collect(&mut body, expected, limit, room);
    match tokio::time::timeout(MAX_TIME, reading).await {
        Err(_) => Err(Error::request_timeout()),
        // What was read and its room are free again before the rest is waited for.
        Ok(Err(error)) if error.code != ErrorCode::Serialization => {
            drain(headers, body).await;
            Err(error)
        }
        Ok(outcome) => outcome,
    }
}

/// Copies the frames together: frames of a byte each, kept as they come, would take many times what
/// they carry.
async fn collect(
    body: &mut Body,
    expected: usize,
    limit: usize,
    mut room: Room,
) -> Result<(Bytes, Room), Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Error::malformed_json().with_source(error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = read.len() + data.len();
        if length > limit {
            return Err(Error::request_too_large(limit));
        }
        if length > read.capacity() {
            let doubled = (2 * read.capacity()).max(FIRST_CAPACITY);
            let capacity = doubled.min(expected).max(length);
            room.take(capacity - read.capacity())?;
            read.reserve_exact(capacity - read.len());
        }
        read.extend_from_slice(&data);
    }
    Ok((read.into(), room))
}

/// How long the body is, where its head says so.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Reads what is left of a body that is not taken, and keeps nothing of it. Many clients send all
/// before they read anything, and find a broken pipe in place of the error when the connection is
/// closed on them.
pub(super) async fn drain(headers: &HeaderMap, mut body: Body) {
    let is_hopeless = announced(headers).is_some_and(|length| length > MAX_DRAINED);
    if is_hopeless || headers.contains_key(header::EXPECT) {
        return;
    }
    let reading = async {
        let mut left = MAX_DRAINED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            left = left.saturating_sub(length);
            if left == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(MAX_TIME, reading).await;
}

/// The body as it was meant: unpacked, when its head says that it is gzip'd.
///
/// # Errors
/// `RequestEntityTooLargeException` when it would be larger than `limit`, of which no more is
/// unpacked; `SerializationException` when it is no gzip or of another encoding;
/// `ServiceUnavailableException` when there is no room for what it is unpacked.
pub(crate) fn unpack(
    headers: &HeaderMap,
    raw: Bytes,
    limit: usize,
    room: &mut Room,
) -> Result<Bytes, Error> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(encoding) = encodings.next() else {
        return Ok(raw);
    };
    if encodings.next().is_some() {
        return Err(Error::unknown_encoding());
    }
    match encoding.as_bytes() {
        encoding if encoding.eq_ignore_ascii_case(b"identity") => Ok(raw),
        encoding if encoding.eq_ignore_ascii_case(b"gzip") => {
            let plain = gunzip(&raw, limit)?;
            room.take(plain.len())?;
            Ok(plain)
        }
        _ => Err(Error::unknown_encoding()),
    }
}

fn gunzip(packed: &[u8], limit: usize) -> Result<Bytes, Error> {
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(packed);
    // One byte beyond the limit tells that there is more; of a bomb nothing else is ever unpacked.
    decoder
        .by_ref()
        .take(limit as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|error| Error::malformed_json().with_source(error))?;
    if plain.len() > limit {
        return Err(Error::request_too_large(limit));
    }
    // A second member is legal gzip, and nobody sends one; thousands of empty ones would cost more
    // than they weigh.
    if decoder.into_inner().is_empty() {
        Ok(plain.into())
    } else {
        Err(Error::malformed_json())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::io::Write;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use flate2::{Compression, write::GzEncoder};
    use http::{Extensions, HeaderName};
    use hyper::body::Frame;

    use super::*;
    use crate::door::budget::Budget;

    const MAX_BYTES: usize = 1 << 20;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(encoding: &str, raw: Vec<u8>) -> Result<Bytes, ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
        unpack(&headers, raw.into(), MAX_BYTES, &mut room()).map_err(|error| error.code)
    }

    fn room() -> Room {
        Budget::default().room(&Extensions::new())
    }

    async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
        let (body, _) = super::read(headers, body, MAX_BYTES, room()).await?;
        Ok(body)
    }

    #[test]
    fn a_gzipd_body_is_unpacked() {
        assert_eq!(unpacked("gzip", gzip(b"{}")).unwrap(), "{}");
        assert_eq!(
            unpacked("GZIP", gzip(&[b' '; MAX_BYTES])).unwrap().len(),
            MAX_BYTES
        );
    }

    #[test]
    fn a_gzip_bomb_is_refused() {
        let bomb = gzip(&vec![0; 512 * MAX_BYTES]);
        assert!(bomb.len() < MAX_BYTES);
        assert_eq!(
            unpacked("gzip", bomb),
            Err(ErrorCode::RequestEntityTooLarge)
        );
        assert_eq!(
            unpacked("gzip", gzip(&[b' '; MAX_BYTES + 1])),
            Err(ErrorCode::RequestEntityTooLarge)
        );
    }

    #[test]
    fn what_is_no_gzip_is_refused() {
        let mut two = gzip(b"{}");
        two.extend(gzip(b""));
        let cut = gzip(b"{}")[..10].to_vec();
        for raw in [b"{}".to_vec(), Vec::new(), two, cut] {
            assert_eq!(unpacked("gzip", raw), Err(ErrorCode::Serialization));
        }
    }

    #[test]
    fn another_encoding_is_refused() {
        for encoding in ["br", "deflate", "gzip, gzip", ""] {
            assert_eq!(
                unpacked(encoding, gzip(b"{}")),
                Err(ErrorCode::Serialization),
                "{encoding}"
            );
        }
        assert_eq!(unpacked("identity", b"{}".to_vec()).unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_refused_with_and_without_its_length() {
        let body = || Body::from(vec![b' '; MAX_BYTES + 1]);
        assert_eq!(
            read(&HeaderMap::new(), body()).await.unwrap_err().code,
            ErrorCode::RequestEntityTooLarge
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, "1048577".parse().unwrap());
        assert_eq!(
            read(&headers, Body::empty()).await.unwrap_err().code,
            ErrorCode::RequestEntityTooLarge
        );
        assert_eq!(
            read(&HeaderMap::new(), Body::from(vec![b' '; MAX_BYTES]))
                .await
                .unwrap()
                .len(),
            MAX_BYTES
        );
    }

    /// A client that sends frames of 1 MiB for ever, or a few, and counts them.
    struct Sender {
        left: usize,
        sent: Arc<AtomicUsize>,
    }

    impl axum::body::HttpBody for Sender {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let Some(left) = self.left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.left = left;
            self.sent.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(vec![b' '; MAX_BYTES].into()))))
        }
    }

    /// A client that sends so many frames of one byte, and then falls silent or ends.
    struct Trickle {
        left: usize,
        ends: bool,
    }

    impl axum::body::HttpBody for Trickle {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
                }
                None if self.ends => Poll::Ready(None),
                None => Poll::Pending,
            }
        }
    }

    /// Reads with so large a budget; what is left of it while the body is held or awaited.
    async fn left_of(
        budget: usize,
        headers: &[(HeaderName, &str)],
        body: Body,
    ) -> (Option<Result<(Bytes, Room), Error>>, usize) {
        let budget = Budget::of(budget);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        let room = budget.room(&Extensions::new());
        let mut reading = Box::pin(super::read(&headers, body, MAX_BYTES, room));
        let outcome = tokio::time::timeout(Duration::from_secs(1), &mut reading).await;
        let left = budget.left();
        drop(reading);
        (outcome.ok(), left)
    }

    #[tokio::test(start_paused = true)]
    async fn a_length_that_is_only_announced_takes_no_room() {
        let announced = [(header::CONTENT_LENGTH, "1048576")];
        let (outcome, left) = left_of(MAX_BYTES, &announced, Body::new(Silent)).await;
        assert!(outcome.is_none());
        assert_eq!(left, MAX_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_awaited_holds_room_for_all_that_came() {
        let trickle = Trickle {
            left: 5000,
            ends: false,
        };
        let (outcome, left) = left_of(MAX_BYTES, &[], Body::new(trickle)).await;
        assert!(outcome.is_none());
        assert_eq!(left, MAX_BYTES - 8192);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_holds_its_room_until_it_is_dropped_and_no_more_than_its_length() {
        let body = || {
            Body::new(Trickle {
                left: 5000,
                ends: true,
            })
        };
        let announced = [(header::CONTENT_LENGTH, "5000")];
        let (outcome, left) = left_of(5000, &announced, body()).await;
        assert_eq!(outcome.unwrap().unwrap().0.len(), 5000);
        assert_eq!(left, 0);
        let (outcome, _) = left_of(4999, &announced, body()).await;
        assert_eq!(
            outcome.unwrap().unwrap_err().code,
            ErrorCode::ServiceUnavailable
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_room_is_read_to_its_end_and_holds_nothing_meanwhile() {
        let endless = Trickle {
            left: 6000,
            ends: false,
        };
        let (outcome, left) = left_of(5000, &[], Body::new(endless)).await;
        assert!(outcome.is_none(), "it reads on");
        assert_eq!(left, 5000);
    }

    #[test]
    fn what_a_gzipd_body_unpacks_to_takes_room() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        let budget = Budget::of(MAX_BYTES);
        let mut room = budget.room(&Extensions::new());
        let packed = Bytes::from(gzip(&[b' '; MAX_BYTES]));
        unpack(&headers, packed.clone(), MAX_BYTES, &mut room).unwrap();
        assert_eq!(budget.left(), 0);
        let error = unpack(&headers, packed, MAX_BYTES, &mut room).unwrap_err();
        assert_eq!(error.code, ErrorCode::ServiceUnavailable);
    }

    async fn frames_read(headers: &[(HeaderName, &str)], left: usize) -> usize {
        let sent = Arc::new(AtomicUsize::new(0));
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        let error = read(
            &headers,
            Body::new(Sender {
                left,
                sent: Arc::clone(&sent),
            }),
        )
        .await
        .unwrap_err();
        assert_eq!(error.code, ErrorCode::RequestEntityTooLarge);
        sent.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_read_to_its_end_so_that_its_sender_reads_the_answer() {
        assert_eq!(frames_read(&[], 5).await, 5);
        assert_eq!(
            frames_read(&[(header::CONTENT_LENGTH, "5242880")], 5).await,
            5
        );
    }

    #[tokio::test]
    async fn a_body_far_above_the_limit_is_not_read_to_its_end() {
        assert!(frames_read(&[], usize::MAX).await < 12);
        assert_eq!(
            frames_read(&[(header::CONTENT_LENGTH, "99999999")], usize::MAX).await,
            0
        );
    }

    #[tokio::test]
    async fn who_asks_first_whether_to_send_is_told_at_once() {
        let headers = [
            (header::CONTENT_LENGTH, "5242880"),
            (header::EXPECT, "100-continue"),
        ];
        assert_eq!(frames_read(&headers, 5).await, 0);
    }

    /// A client that has fallen silent.
    struct Silent;

    impl axum::body::HttpBody for Silent {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let error = read(&HeaderMap::new(), Body::new(Silent))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::RequestTimeout);
    }
}
