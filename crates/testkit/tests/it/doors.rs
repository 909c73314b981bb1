//! What every door has around it, tried on one that another crate could have written.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use axum::{Router, http::StatusCode};
use cognate_service::{Error, ErrorCode, Limit};
use cognate_testkit::TestServer;
use cognate_web::door::{Admitted, Door, Exchange};
use cognate_web::{Doorkeeper, InFlight, Observer};
use tokio::sync::Semaphore;
use tower_service::Service;

/// Takes a form with a word, waits until it may go on, and says the word in capitals.
struct Shout {
    may_go_on: Arc<Semaphore>,
    done: Arc<AtomicU32>,
}

#[derive(serde::Deserialize)]
struct Fields {
    word: String,
}

impl Door for Shout {
    type Subject = &'static str;
    type Output = String;

    const MAX_BODY: usize = 1000;

    fn subject(&self, head: &Parts, body: Option<&Bytes>) -> Result<Self::Subject, Error> {
        match head.uri.query() {
            Some("aloud") => Ok("aloud"),
            // As Query protocols name their operation.
            _ if body.is_some_and(|body| body.starts_with(b"Action=Whisper")) => Ok("whisper"),
            _ => Err(Error::unknown_operation()),
        }
    }

    fn name(&self, subject: Self::Subject) -> &'static str {
        subject
    }

    async fn work(self: Arc<Self>, _: Self::Subject, request: Admitted) -> Result<String, Error> {
        let (Fields { word }, _, _room) = request.form().await?;
        assert_ne!(word, "panic", "as it was asked to");
        let permit = self.may_go_on.acquire().await.unwrap();
        permit.forget();
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(word.to_uppercase())
    }

    fn success(&self, exchange: &Exchange<Self::Subject>, output: String) -> Response {
        format!("{} {output}", exchange.subject.unwrap()).into_response()
    }

    fn failure(&self, _: &Exchange<Self::Subject>, error: &Error) -> Response {
        (StatusCode::IM_A_TEAPOT, error.code.name()).into_response()
    }

    fn turned_away(&self, _: &Exchange<Self::Subject>, error: &Error) -> Response {
        (StatusCode::GONE, error.code.name()).into_response()
    }
}

type Told = (&'static str, Option<ErrorCode>);

struct House {
    server: TestServer,
    router: Router,
    in_flight: InFlight,
    may_go_on: Arc<Semaphore>,
    done: Arc<AtomicU32>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl House {
    /// With places for so many requests, of which so many may go on.
    async fn with(places: u32, go_on: usize) -> Self {
        let server = TestServer::start().await;
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let list = Arc::clone(&told);
        let observer = Observer::new(move |finished| {
            list.lock().unwrap().push((finished.name, finished.error));
        });
        let in_flight = InFlight::new(places);
        let app = Arc::clone(server.app());
        let keeper = Doorkeeper::new(app, Vec::new(), in_flight.clone(), observer);
        let (may_go_on, done) = (Arc::new(Semaphore::new(go_on)), Arc::default());
        let door = Shout {
            may_go_on: Arc::clone(&may_go_on),
            done: Arc::clone(&done),
        };
        Self {
            server,
            router: Router::new().route("/shout", keeper.on(MethodFilter::POST, door)),
            in_flight,
            may_go_on,
            done,
            told,
        }
    }

    async fn ask(&self, query: &str, body: impl Into<Body>) -> (u16, String) {
        self.ask_with(query, HeaderMap::new(), body).await
    }

    async fn ask_with(
        &self,
        query: &str,
        headers: HeaderMap,
        body: impl Into<Body>,
    ) -> (u16, String) {
        let mut request = Request::post(format!("/shout?{query}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into())
            .unwrap();
        request.headers_mut().extend(headers);
        let response = self.router.clone().call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// Runs on until the one request in it waits for its permission.
    async fn until_one_runs(&self) {
        while self.in_flight.running() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

fn answer(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

#[tokio::test]
async fn each_end_of_a_request_is_rendered_by_its_door_and_told_once_by_its_name() {
    let house = House::with(10, 2).await;
    for (query, body, expected, told) in [
        (
            "made-up",
            "Action=Whisper&word=tea",
            answer(200, "whisper TEA"),
            ("whisper", None),
        ),
        (
            "aloud",
            "word=tea",
            answer(200, "aloud TEA"),
            ("aloud", None),
        ),
        (
            "aloud",
            "milk=1",
            answer(418, "InvalidParameterException"),
            ("aloud", Some(ErrorCode::InvalidParameter)),
        ),
        (
            "made-up",
            "word=tea",
            answer(410, "UnknownOperationException"),
            ("-", Some(ErrorCode::UnknownOperation)),
        ),
        (
            "aloud",
            "word=panic",
            answer(418, "InternalErrorException"),
            ("aloud", Some(ErrorCode::InternalError)),
        ),
    ] {
        assert_eq!(house.ask(query, body).await, expected);
        assert_eq!(house.told(), [told]);
        assert_eq!(house.in_flight.running(), 0);
    }
}

#[tokio::test]
async fn a_body_above_the_doors_own_limit_is_turned_away() {
    let house = House::with(10, 2).await;
    let word = |length: usize| format!("word={}", "a".repeat(length - 5));
    assert_eq!(house.ask("aloud", word(1000)).await.0, 200);
    let too_large = answer(410, "RequestEntityTooLargeException");
    assert_eq!(house.ask("aloud", word(1001)).await, too_large);
    assert_eq!(house.done.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn without_a_place_a_request_is_turned_away_and_the_limit_counted() {
    let house = House::with(1, 0).await;
    let counts = Arc::clone(&house.server.app().counts);
    let (first, second) = tokio::join!(house.ask("aloud", "word=tea"), async {
        house.until_one_runs().await;
        let second = house.ask("aloud", "word=milk").await;
        house.may_go_on.add_permits(1);
        second
    });
    assert_eq!(first, answer(200, "aloud TEA"));
    assert_eq!(second, answer(410, "ServiceUnavailableException"));
    assert_eq!(counts.limits(Limit::CallsAtOnce), 1);
    assert_eq!(counts.limits(Limit::CallsOfOneAddress), 0);
}

#[tokio::test]
async fn work_that_has_begun_is_done_and_told_when_its_client_hangs_up() {
    let house = House::with(1, 0).await;
    {
        let asked = house.ask("aloud", "word=tea");
        tokio::pin!(asked);
        tokio::select! {
            _ = &mut asked => panic!("it may not go on yet"),
            () = house.until_one_runs() => {}
        }
    }
    assert_eq!(house.in_flight.running(), 1);
    house.may_go_on.add_permits(1);
    house.in_flight.drained().await;
    assert_eq!(house.done.load(Ordering::Relaxed), 1);
    assert_eq!(house.told(), [("aloud", None)]);
}

#[tokio::test]
async fn requests_that_are_read_draw_on_one_budget_of_memory() {
    let house = House::with(10, 0).await;
    let counts = Arc::clone(&house.server.app().counts);
    let mut headers = HeaderMap::new();
    // As much as the budget of a node, and a little.
    let line = axum::http::HeaderValue::from_bytes(&vec![b'a'; 1 << 20]).unwrap();
    for _ in 0..64 {
        headers.append("x-long", line.clone());
    }
    let turned_away = answer(410, "ServiceUnavailableException");
    let asked = house.ask_with("aloud", headers, Bytes::new()).await;
    assert_eq!(asked, turned_away);
    assert_eq!(counts.limits(Limit::RequestMemory), 1);
}
