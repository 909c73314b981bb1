#![allow(clippy::unwrap_used, clippy::expect_used)]

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

fn message() -> SmsMessage {
    SmsMessage {
        to: "+15551234567".to_owned(),
        message: "Code 987654 \"é\"".to_owned(),
        user_pool_id: "us-east-1_Example".to_owned(),
    }
}

/// Answers one request with `answer` and gives what was asked. With no answer it keeps the
/// connection open and silent.
async fn endpoint(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !request.ends_with(b"}") {
            let n = socket.read(&mut chunk).await.unwrap();
            assert!(n > 0, "closed before the request was whole");
            request.extend_from_slice(&chunk[..n]);
        }
        if answer.is_empty() {
            let _ = socket.read(&mut chunk).await;
        }
        let _ = socket.write_all(answer.as_bytes()).await;
        if answer.contains("999999999999") {
            // More was announced than comes; the client is left waiting until it hangs up.
            let _ = socket.read(&mut chunk).await;
        }
        String::from_utf8(request).unwrap()
    });
    (address, served)
}

async fn send_and_get(answer: &'static str) -> Result<(), SendError> {
    let (address, served) = endpoint(answer).await;
    let sms = HttpSms::from_url(&format!("http://{address}/sms")).unwrap();
    let result = sms.send(&message()).await;
    served.await.unwrap();
    result
}

#[tokio::test]
async fn the_endpoint_gets_number_message_and_pool_as_json() {
    let (address, served) = endpoint("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok").await;
    let sms = HttpSms::from_url(&format!("http://{address}/hook?key=1")).unwrap();
    sms.send(&message()).await.unwrap();
    let request = served.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?key=1 HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("content-type: application/json"),
        "{head}"
    );
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "phoneNumber": "+15551234567", "message": "Code 987654 \"é\"", "userPoolId": "us-east-1_Example"
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn user_and_password_become_basic_authentication_and_leave_the_address() {
    let (address, served) = endpoint("HTTP/1.1 204 No Content\r\n\r\n").await;
    let sms = HttpSms::from_url(&format!("http://gate:p%40ss@{address}/")).unwrap();
    sms.send(&message()).await.unwrap();
    let request = served.await.unwrap();
    // base64 of gate:p@ss
    assert!(request.contains("Basic Z2F0ZTpwQHNz"), "{request}");
    assert!(!request.contains("p%40ss"));
    assert!(!format!("{sms:?}").contains("p%40ss"));
}

#[test]
fn statuses_say_whether_to_try_again() {
    let of = |code: u16| outcome(StatusCode::from_u16(code).unwrap());
    for code in [200, 201, 202, 204, 299] {
        assert_eq!(of(code), Ok(()));
    }
    for code in [408, 425, 429, 500, 502, 503, 504] {
        assert!(matches!(of(code), Err(SendError::Temporary(_))), "{code}");
    }
    for code in [301, 302, 307, 400, 401, 403, 404, 410, 413, 422] {
        assert!(matches!(of(code), Err(SendError::Permanent(_))), "{code}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (target, target_served) = endpoint("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n"
    );
    let result = send_and_get(answer.leak()).await;
    assert_eq!(
        result,
        Err(SendError::Permanent(
            "the SMS endpoint answered 307".to_owned()
        ))
    );
    assert!(!target_served.is_finished());
    target_served.abort();
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sms = HttpSms::from_url(&format!("http://u:topsecret@{address}/path")).unwrap();
    let Err(SendError::Temporary(text)) = sms.send(&message()).await else {
        panic!("not temporary");
    };
    assert!(text.contains("refused"), "{text}");
    assert!(
        !text.contains("topsecret") && !text.contains("987654") && !text.contains("path"),
        "{text}"
    );
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    let (address, served) = endpoint("").await;
    let limits = HttpLimits {
        connect: Duration::from_secs(5),
        request: Duration::from_millis(100),
    };
    let sms = HttpSms::with_limits(&format!("http://{address}/"), limits).unwrap();
    let result = sms.send(&message()).await;
    assert_eq!(
        result,
        Err(SendError::Temporary(
            "the SMS endpoint: no answer in time".to_owned()
        ))
    );
    served.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_tried_again() {
    let result = send_and_get("220 mail.example.com ESMTP\r\n").await;
    assert!(matches!(result, Err(SendError::Temporary(_))), "{result:?}");
}

#[tokio::test]
async fn an_endless_answer_does_not_make_a_taken_message_a_failed_one() {
    // The announced length never comes: the status counts, or the message would be sent twice.
    let started = std::time::Instant::now();
    let result = send_and_get("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nstart").await;
    assert_eq!(result, Ok(()));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn other_schemes_are_refused() {
    for url in ["ftp://h/", "h.example/sms", "file:///etc/passwd", ""] {
        assert_eq!(
            HttpSms::from_url(url).err(),
            Some(SmsUrlError::Form),
            "{url}"
        );
    }
}

#[tokio::test]
async fn without_an_endpoint_a_message_is_refused_in_words() {
    let result = SmsSender::None.send(&message()).await;
    assert_eq!(
        result,
        Err(SendError::Permanent(
            "no SMS endpoint configured".to_owned()
        ))
    );
}

#[test]
fn the_message_does_not_show_in_debug_output() {
    assert!(!format!("{:?}", Delivery::Sms(message())).contains("987654"));
}
