//! This machine's clock, against the database's and against that of whoever answers at the public
//! URL.

use cognate_crypto::sigv4::parse_http_date;
use cognate_model::Timestamp;
use cognate_store::condition::{self, Engine};

use super::finding::Finding;
use super::patient::{Patient, now};

const CLOCK: &str = "clock";
/// Beyond this something is wrong with the clocks; nodes lease work from one another by them.
const NOTABLE_MS: u64 = 2_000;
/// Beyond this sign-ins and signatures begin to fail.
const HARMFUL_MS: u64 = 60_000;

pub(super) async fn check(patient: &Patient, public_url_ahead: Option<i64>) -> Vec<Finding> {
    let mut compared = Vec::new();
    if let Some(db) = &patient.db
        && let Ok(condition) = condition::find(db, || now().0).await
        && let Engine::Postgres(server) = condition.engine
    {
        compared.extend(
            server
                .clock_ahead_ms
                .map(|ahead| ("the database's clock", ahead)),
        );
    }
    compared.extend(public_url_ahead.map(|ahead| ("the clock at the public URL", ahead)));
    compared
        .into_iter()
        .map(|(whose, ahead)| judge(whose, ahead))
        .collect()
}

/// How far a Date header is ahead of a moment between question and answer: nothing where it lies
/// within. It tells whole seconds.
pub(super) fn ahead_of(date: &str, asked_at: Timestamp, answered_at: Timestamp) -> Option<i64> {
    let told = parse_http_date(date)?;
    let (first, last) = (told, told.saturating_add(999));
    Some(if last < asked_at.0 {
        last - asked_at.0
    } else if first > answered_at.0 {
        first - answered_at.0
    } else {
        0
    })
}

fn judge(whose: &str, ahead_ms: i64) -> Finding {
    let seconds = ahead_ms.unsigned_abs().div_ceil(1000);
    let direction = if ahead_ms > 0 { "ahead of" } else { "behind" };
    let what = format!("{whose} is {seconds} s {direction} this machine's");
    let mend = "let both machines follow a time server (chrony, systemd-timesyncd)";
    match ahead_ms.unsigned_abs() {
        off if off <= NOTABLE_MS => Finding::ok(CLOCK, format!("{whose} and this machine's agree")),
        off if off <= HARMFUL_MS => Finding::warning(CLOCK, what, mend),
        _ => Finding::error(CLOCK, what, mend),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much() {
        assert_eq!(judge("its clock", -1_500).level, Level::Ok);
        let off = judge("its clock", 9_200);
        assert_eq!(
            (off.level, off.what.as_str()),
            (Level::Warning, "its clock is 10 s ahead of this machine's")
        );
        assert_eq!(judge("its clock", -120_000).level, Level::Error);
    }

    #[test]
    fn a_date_is_compared_with_the_time_that_the_question_took() {
        let second: i64 = 1_440_938_160_000;
        let ahead = |asked, answered| {
            ahead_of(
                "Sun, 30 Aug 2015 12:36:00 GMT",
                Timestamp(second + asked),
                Timestamp(second + answered),
            )
        };
        assert_eq!(ahead(500, 600), Some(0));
        assert_eq!(ahead(-3_000, -2_000), Some(2_000));
        assert_eq!(ahead(-3_000, 10), Some(0));
        assert_eq!(ahead(5_999, 7_000), Some(-5_000));
        assert_eq!(ahead_of("now", Timestamp(0), Timestamp(0)), None);
    }
}
