//! The mail server: reached, encrypted, logged in to, and the sender accepted. Nothing is sent.

use cognate_outbound::{SmtpGreeting, SmtpMailer};

use super::finding::Finding;
use super::patient::Patient;
use super::public_url::is_this_machine;

const MAIL: &str = "mail";

pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let from = patient.config.mail_from.as_str();
    let Some(url) = &patient.configuration.smtp_url else {
        return vec![Finding::warning(
            MAIL,
            "there is no mail server: codes and invitations reach nobody",
            "--smtp-url (docs/mail.md), better in the environment than in a flag",
        )];
    };
    let mailer = match SmtpMailer::from_url(url, from) {
        Ok(mailer) => mailer,
        Err(error) => {
            return vec![Finding::error(
                MAIL,
                error.to_string(),
                "mend --smtp-url or --mail-from (docs/mail.md)",
            )];
        }
    };
    let mut findings = Vec::new();
    if from.ends_with("@localhost") {
        findings.push(Finding::warning(
            MAIL,
            format!("mail comes from {from}, where no answer goes and which most servers refuse"),
            "--mail-from with an address of a domain of yours",
        ));
    }
    match mailer.greet().await {
        Ok(greeting) => findings.push(greeted(greeting, from, url)),
        Err(error) => findings.push(Finding::error(
            MAIL,
            error.to_string(),
            "try host, port, user and password of --smtp-url with the mail server's operator; docs/mail.md tells what each refusal means",
        )),
    }
    findings
}

fn greeted(greeting: SmtpGreeting, from: &str, url: &str) -> Finding {
    let SmtpGreeting {
        is_encrypted,
        is_authenticated,
    } = greeting;
    if !is_encrypted && !is_this_machine(url) {
        return Finding::warning(
            MAIL,
            "the connection to the mail server is not encrypted: who listens on the way reads codes and links",
            "smtps://, or starttls=required in --smtp-url, and a mail server that offers it",
        );
    }
    let login = if is_authenticated {
        "takes user and password"
    } else {
        "asks for no password"
    };
    Finding::ok(
        MAIL,
        format!("the mail server {login} and mail from {from}; nothing was sent"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_way_in_the_clear_to_another_machine_is_told() {
        let level = |url, is_encrypted| {
            let greeting = SmtpGreeting {
                is_encrypted,
                is_authenticated: false,
            };
            greeted(greeting, "a@b.example", url).level
        };
        assert_eq!(
            level("smtp://mail.example?starttls=never", false),
            Level::Warning
        );
        assert_eq!(level("smtp://u:p@mail.example", true), Level::Ok);
        assert_eq!(
            level("smtp://u:p@127.0.0.1:25?starttls=never", false),
            Level::Ok
        );
    }
}
