//! The endpoint that sends text messages: reached, and asked for nothing.

use cognate_outbound::HttpSms;
use cognate_outbound::probe;

use super::finding::Finding;
use super::patient::Patient;
use super::public_url::is_this_machine;

const SMS: &str = "sms";

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let Some(url) = &patient.configuration.sms_url else {
        return vec![Finding::ok(SMS, "no --sms-url: no text messages are sent")];
    };
    if let Err(error) = HttpSms::from_url(url) {
        return vec![Finding::error(
            SMS,
            error.to_string(),
            "mend --sms-url (docs/mail.md)",
        )];
    }
    let mut findings = Vec::new();
    if url.starts_with("http://") && !is_this_machine(url) {
        findings.push(Finding::warning(
            SMS,
            "the SMS endpoint is not HTTPS: who listens on the way reads codes",
            "let --sms-url begin with https://",
        ));
    }
    if patient.config.sms_prefixes.is_empty() {
        findings.push(Finding::warning(
            SMS,
            "text messages go to any country: strangers can make you pay for them",
            "--sms-prefixes with the countries that your users are in, as +1,+44",
        ));
    }
    findings.push(match probe::head(url).await {
        Err(error) => Finding::error(
            SMS,
            format!("the SMS endpoint does not answer: {error}"),
            "see whether it runs, and whether this machine reaches it",
        ),
        Ok(answer) if matches!(answer.status, 401 | 403) => Finding::warning(
            SMS,
            format!(
                "the SMS endpoint refuses a question without a message ({})",
                answer.status
            ),
            "see whether user and password in --sms-url are right",
        ),
        Ok(answer) => Finding::ok(
            SMS,
            format!(
                "the SMS endpoint answers ({} to a question without a message)",
                answer.status
            ),
        ),
    });
    findings
}
