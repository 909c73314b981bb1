//! All that leaves the process: mail by SMTP and text messages by HTTP.
//!
//! [`templates`] and [`destination`] are pure: they turn a pool's message template into text, and an address into what
//! may be shown of it.

mod destination;
mod html_text;
mod layout;
mod retry;
mod templates;

pub use crate::{
    destination::{mask_email, mask_phone_number},
    retry::retry_after,
    templates::{Purpose, Rendered, Values, render_email, render_sms},
};
