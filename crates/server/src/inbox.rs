//! From the messages that a development server keeps to what the inbox page shows.

use cognate_outbound::{Delivery, Inbox, Received};
use cognate_web::InboxDoor;
use cognate_web::pages::inbox::{InboxChannel, InboxEntry};

/// The page over an inbox. `public_host` is a name by which browsers may reach it besides local ones.
pub(crate) fn door(inbox: Inbox, public_host: Option<String>) -> InboxDoor {
    let messages = move || inbox.list().into_iter().map(entry).collect();
    InboxDoor {
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
