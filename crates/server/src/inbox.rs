//! Turns the stored messages of a development server into the rows of the inbox page.

use std::sync::Arc;

use cognate_outbound::{Delivery, Inbox, Received};
use cognate_service::{App, fill_inbox};
use cognate_web::InboxPage;
use cognate_web::pages::inbox::{Awaited, InboxChannel, InboxEntry, Listing};

/// The page over an inbox. `public_host` is a name by which browsers may reach it besides local
/// ones.
///
/// Who looks has what was caused before the look: messages that still lie in the outbox are
/// delivered first.
pub(crate) fn page(app: Arc<App>, inbox: Inbox, public_host: Option<String>) -> InboxPage {
    let messages = move |awaited: Option<Awaited>| {
        let (app, inbox) = (Arc::clone(&app), inbox.clone());
        let list = async move {
            if let Err(error) = fill_inbox(&app).await {
                tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "the inbox may lack messages");
            }
            if let Some(awaited) = awaited {
                let to = awaited.to.as_deref();
                inbox.arrival(to, awaited.after, awaited.at_most).await;
            }
            inbox.list().into_iter().map(entry).collect()
        };
        Box::pin(list) as Listing
    };
    InboxPage {
        public_host,
        messages: Box::new(messages),
    }
}

fn entry(
    Received {
        number: id,
        at,
        delivery,
    }: Received,
) -> InboxEntry {
    match delivery {
        Delivery::Email(mail) => InboxEntry {
            id,
            channel: InboxChannel::Mail,
            to: mail.to,
            subject: Some(mail.subject),
            text: mail.text,
            html: mail.html,
            at,
        },
        Delivery::Sms(sms) => InboxEntry {
            id,
            channel: InboxChannel::Sms,
            to: sms.to,
            subject: None,
            text: sms.message,
            html: None,
            at,
        },
    }
}
