//! Messages to users: rendered from the pool's texts, put into the outbox in the transaction that
//! needs them.

use cognate_api::idp::{CodeDeliveryDetailsType, DeliveryMediumType};
use cognate_model::attribute::Contact;
use cognate_model::{NormalName, Timestamp, UserPool};
use cognate_outbound::{
    AddressChange, ChangedAddress, Delivery, EmailMessage, Mailer, Purpose, Rendered, SmsMessage,
    SmsSender, Values, address_changed_email, address_changed_sms, mask_email, mask_phone_number,
    render_email, render_sms,
};
use cognate_store::{Tx, outbox};

use super::lanes::{MAIL, SMS, TO_NOBODY};
use crate::app::App;
use crate::{Cx, Error, Result};

/// A message that is ready to be put into the outbox.
#[derive(Clone)]
pub(crate) struct Message {
    id: String,
    kind: &'static str,
    payload: Vec<u8>,
    at: Timestamp,
}

/// What a message says and to whom.
pub(crate) struct Draft<'a> {
    pub(crate) pool: &'a UserPool,
    pub(crate) purpose: Purpose,
    pub(crate) contact: Contact,
    pub(crate) address: &'a str,
    pub(crate) values: Values<'a>,
}

impl Message {
    /// Renders a draft. To a phone number that this server does not send to, it is a message to
    /// nobody: where nobody may tell by a refusal that a user has such a number, it goes the way of
    /// all others. Who may be told calls [`check_destination`] first.
    ///
    /// # Errors
    /// `CodeDeliveryFailureException` when this server can send nothing of the kind: better told
    /// now than never delivered.
    pub(crate) fn render(cx: &Cx, draft: &Draft<'_>) -> Result<Self> {
        check_configured(&cx.app, draft.contact)?;
        let delivery = match draft.contact {
            Contact::Email => Delivery::Email(email(draft)),
            Contact::PhoneNumber => Delivery::Sms(SmsMessage {
                to: draft.address.to_owned(),
                message: render_sms(draft.purpose, sms_template(draft), &draft.values),
                user_pool_id: draft.pool.id.to_string(),
            }),
        };
        Ok(Self {
            id: cx.random().uuid_v4(),
            kind: match draft.contact {
                _ if !sends_to(&cx.app, draft.contact, draft.address) => TO_NOBODY,
                Contact::Email => MAIL,
                Contact::PhoneNumber => SMS,
            },
            payload: serde_json::to_vec(&delivery)?,
            at: cx.now,
        })
    }

    /// What an old address is told of a change; none where this server cannot send there.
    ///
    /// # Errors
    /// Only when it can't be written as JSON.
    pub(crate) fn of_change(
        cx: &Cx,
        pool: &UserPool,
        id: String,
        to: &str,
        change: &AddressChange<'_>,
    ) -> Result<Option<Self>> {
        let (contact, delivery) = match change.address {
            ChangedAddress::Email => {
                let rendered = address_changed_email(change);
                (Contact::Email, Delivery::Email(mail(pool, to, rendered)))
            }
            ChangedAddress::PhoneNumber => (
                Contact::PhoneNumber,
                Delivery::Sms(SmsMessage {
                    to: to.to_owned(),
                    message: address_changed_sms(change),
                    user_pool_id: pool.id.to_string(),
                }),
            ),
        };
        if check_configured(&cx.app, contact).is_err() || !sends_to(&cx.app, contact, to) {
            return Ok(None);
        }
        Ok(Some(Self {
            id,
            kind: match contact {
                Contact::Email => MAIL,
                Contact::PhoneNumber => SMS,
            },
            payload: serde_json::to_vec(&delivery)?,
            at: cx.now,
        }))
    }

    /// The same message, to be dropped where it would be delivered.
    pub(crate) fn addressed_to_nobody(mut self) -> Self {
        self.kind = TO_NOBODY;
        self
    }

    /// Puts it into the outbox: from the commit on it is delivered, whatever happens to this
    /// process.
    pub(crate) async fn enqueue(&self, tx: &mut Tx) -> Result<()> {
        let message = outbox::NewMessage {
            id: self.id.clone(),
            kind: self.kind,
            payload: &self.payload,
            created_at: self.at,
            next_at: self.at,
        };
        outbox::enqueue(tx, &message).await?;
        Ok(())
    }
}

/// Whether this server can send to a kind of address.
///
/// # Errors
/// `CodeDeliveryFailureException`.
fn check_configured(app: &App, contact: Contact) -> Result<()> {
    match contact {
        Contact::Email if matches!(app.outbound.mail, Mailer::None) => Err(
            Error::code_delivery_failure("no mail server is configured (--smtp-url)"),
        ),
        Contact::PhoneNumber if matches!(app.outbound.sms, SmsSender::None) => Err(
            Error::code_delivery_failure("no SMS endpoint is configured (--sms-url)"),
        ),
        Contact::Email | Contact::PhoneNumber => Ok(()),
    }
}

/// Whether this server sends to an address, for those who may know.
///
/// # Errors
/// `InvalidParameterException` for a phone number that begins with none of the prefixes that are
/// served.
pub(crate) fn check_destination(app: &App, contact: Contact, address: &str) -> Result<()> {
    if sends_to(app, contact, address) {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        "This server sends no messages to phone numbers of this prefix (--sms-prefixes).",
    ))
}

fn sends_to(app: &App, contact: Contact, address: &str) -> bool {
    match contact {
        Contact::Email => true,
        Contact::PhoneNumber => app.config.sends_to(address),
    }
}

fn email(draft: &Draft<'_>) -> EmailMessage {
    let messages = &draft.pool.settings.messages;
    let (template, subject) = match draft.purpose {
        Purpose::LinkVerification => (&messages.link_email, &messages.link_email_subject),
        Purpose::Invitation => (
            &messages.invitation_email,
            &messages.invitation_email_subject,
        ),
        Purpose::SignInCode => {
            let texts = draft.pool.settings.mfa.email.as_ref();
            (
                texts.map_or(&None, |texts| &texts.message),
                texts.map_or(&None, |texts| &texts.subject),
            )
        }
        Purpose::Verification | Purpose::ForgotPassword | Purpose::AttributeVerification => (
            &messages.verification_email,
            &messages.verification_email_subject,
        ),
    };
    let rendered = render_email(
        draft.purpose,
        template.as_deref(),
        subject.as_deref(),
        &draft.values,
    );
    mail(draft.pool, draft.address, rendered)
}

/// A mail from a pool.
fn mail(pool: &UserPool, to: &str, rendered: Rendered) -> EmailMessage {
    let settings = &pool.settings.email;
    EmailMessage {
        to: to.to_owned(),
        from: settings.sender().map(str::to_owned),
        reply_to: settings.reply_to.clone(),
        subject: rendered.subject,
        text: rendered.text,
        html: Some(rendered.html),
    }
}

fn sms_template<'a>(draft: &Draft<'a>) -> Option<&'a str> {
    let messages = &draft.pool.settings.messages;
    match draft.purpose {
        Purpose::Invitation => messages.invitation_sms.as_deref(),
        Purpose::SignInCode => messages.authentication_sms.as_deref(),
        Purpose::Verification
        | Purpose::LinkVerification
        | Purpose::ForgotPassword
        | Purpose::AttributeVerification => messages.verification_sms.as_deref(),
    }
}

/// What an answer tells of where a code has gone. Letters are in lower case: how somebody wrote
/// their address would tell them from nobody.
pub(crate) fn details(contact: Contact, address: &str) -> CodeDeliveryDetailsType {
    let address = NormalName::with_case_rule(address, false);
    let medium = match contact {
        Contact::Email => DeliveryMediumType::Email,
        Contact::PhoneNumber => DeliveryMediumType::Sms,
    };
    CodeDeliveryDetailsType {
        destination: Some(mask(contact, address.as_str())),
        delivery_medium: Some(medium),
        attribute_name: Some(contact.attribute().to_owned()),
    }
}

/// What may be shown of an address.
pub(crate) fn mask(contact: Contact, address: &str) -> String {
    match contact {
        Contact::Email => mask_email(address),
        Contact::PhoneNumber => mask_phone_number(address),
    }
}
