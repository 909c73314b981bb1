//! The product, tried from outside: each test is a server of its own, spoken to through its doors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod sign_up;
