//! Prints what the costly operations take: `cargo run --release -p cognate-crypto --example
//! timings`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a measurement is for reading"
)]

use std::time::Instant;

use cognate_crypto::{
    jwt::{SigningKey, peek},
    random::Random,
    seal::{DataKey, open, seal},
    srp::{self, ServerKey, client::ClientKey},
};

/// The fastest of 50 batches: what the machine does besides only ever adds.
fn time<T>(name: &str, work: impl Fn() -> T) {
    let batch = || {
        let start = Instant::now();
        (0..20).for_each(|_| drop(work()));
        start.elapsed()
    };
    let fastest = (0..50).map(|_| batch()).min().unwrap_or_default();
    println!("{name}: {:.1} µs", fastest.as_secs_f64() * 1e6 / 20.0);
}

fn main() {
    let start = Instant::now();
    srp::prepare();
    println!(
        "SRP table, once: {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    let mut random = Random::from_seed([1; 32]);
    let (salt, password) = (srp::new_salt(&mut random), "x".into());
    let verifier = srp::verifier("pool", "user", &password, &salt);
    let (client, server) = (
        ClientKey::generate(&mut random),
        ServerKey::generate(&mut random),
    );
    let (a, b) = (
        client.public_value(),
        server.public_value(&verifier).unwrap(),
    );
    let (salt_hex, b_hex) = (srp::number_hex(&salt), b.to_hex());
    time("SRP server: B", || server.public_value(&verifier).unwrap());
    time("SRP server: session keys", || {
        srp::session_keys(&a, &b, &server, &verifier).unwrap()
    });
    time("SRP server: password check", || {
        srp::password_matches("pool", "user", &password, &salt, &verifier)
    });
    time("SRP server: made-up user", || {
        srp::made_up(&[1; 32], "pool", "nobody")
    });
    time("SRP client: A", || client.public_value());
    time("SRP client: session key", || {
        client
            .session_key(&salt_hex, &b_hex, "pool", "user", &password)
            .unwrap()
    });

    let key = SigningKey::generate().unwrap();
    let claims = serde_json::json!({"sub": "5d8a6d3c-0000-4000-8000-1234567890ab", "token_use": "access", "exp": 1});
    let token = key.sign(&claims).unwrap();
    time("RS256: sign", || key.sign(&claims).unwrap());
    time("RS256: verify", || {
        key.public()
            .verify::<serde_json::Value>(&peek(&token).unwrap())
            .unwrap()
    });

    let data_key = DataKey::generate(1, &mut random);
    let sealed = seal(&data_key, &[b"users"], &[7; 400], &mut random).unwrap();
    time("seal: open 400 bytes", || {
        open(&data_key, &[b"users"], &sealed).unwrap()
    });
}
