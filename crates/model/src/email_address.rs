//! E-mail addresses: the one strict parser for every address that the product accepts, sends to and
//! sends as.
//!
//! The validated form is the mailed form. The parser gives the two halves of the envelope's
//! address, and nothing parses them again by other rules. So a token that calls an address verified
//! names the mailbox that received the code.

#[cfg(test)]
mod tests;

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{is_combining_mark, is_public_assigned};

use crate::normal_form::normal_form;

/// The longest text that is parsed, in bytes: the longest value of an attribute.
const MAX_TEXT: usize = 2048;
/// RFC 5321 §4.5.3.1.1, in octets.
const MAX_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1.3 without the angle brackets, in octets.
const MAX_ADDRESS: usize = 254;

/// A mailbox: the address of a mail's envelope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    local: String,
    domain: String,
}

/// The text is no e-mail address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmailAddress;

impl EmailAddress {
    /// Reads an address: a local part of RFC 5321 and RFC 6531 without quotes, and a domain of at
    /// least two labels.
    ///
    /// The domain is brought to ASCII by UTS 46 with its strict settings (STD3 rules, hyphens and
    /// DNS lengths checked, not transitional) before it is judged, so a character that maps to a
    /// delimiter is one.
    ///
    /// # Errors
    /// [`NotAnEmailAddress`].
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        let address = Self::parse_of_operator(text)?;
        let is_in_a_domain = address.domain.contains('.');
        is_in_a_domain.then_some(address).ok_or(NotAnEmailAddress)
    }

    /// As [`EmailAddress::parse`], but the domain may be a single label such as `localhost`: for
    /// addresses that the operator names.
    ///
    /// # Errors
    /// [`NotAnEmailAddress`].
    pub fn parse_of_operator(text: &str) -> Result<Self, NotAnEmailAddress> {
        if text.len() > MAX_TEXT || text.chars().any(is_unfit) {
            return Err(NotAnEmailAddress);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmailAddress)?;
        // UTS 46 takes full stops of other scripts for dots, and sign-in names do not, so one
        // mailbox would have two names.
        if domain.contains(['\u{3002}', '\u{ff61}']) {
            return Err(NotAnEmailAddress);
        }
        let domain = ascii_domain(domain).ok_or(NotAnEmailAddress)?;
        let is_short = local.len() + "@".len() + domain.len() <= MAX_ADDRESS;
        if !is_local_part(local) || !is_short || !is_one_mailbox_by_name(text, &domain) {
            return Err(NotAnEmailAddress);
        }
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// What stands before the `@`, as it was given.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in ASCII and lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether every mail server accepts the address; others need SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }

    /// The one text for all spellings of a mailbox. Few servers distinguish upper and lower case
    /// before the `@`, so this text does not.
    #[must_use]
    pub fn mailbox(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }
}

/// The address as it stands in an envelope.
impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// The one text under which a destination is counted and compared: the mailbox of an address, or
/// any other text in lower case.
#[must_use]
pub fn destination(address: &str) -> String {
    EmailAddress::parse(address).map_or_else(|_| address.to_lowercase(), |read| read.mailbox())
}

/// Whether a character is invisible or unsafe in a header: controls, white space, and Unicode's
/// default-ignorable code points, which include the bidirectional controls. UTS 46 drops some of
/// these, so the check comes before it.
fn is_unfit(c: char) -> bool {
    c.is_control() || c.is_whitespace() || is_default_ignorable(c)
}

/// Default_Ignorable_Code_Point of Unicode, and the interlinear annotation characters, which are no
/// letters either.
fn is_default_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Atoms with single dots between them (RFC 5322 §3.2.3), of ASCII or beyond (RFC 6531 §3.3).
fn is_local_part(local: &str) -> bool {
    local.len() <= MAX_LOCAL
        && local
            .split('.')
            .all(|atom| atom.starts_with(|c| !is_combining_mark(c)))
        && local.chars().all(|c| c == '.' || is_atom_text(c))
        // A compatibility form would be another mailbox under the same sign-in name.
        && (local.is_ascii() || local.nfkc().eq(local.chars()))
}

fn is_atom_text(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        is_public_assigned(c)
    }
}

/// The domain in ASCII, as DNS has it. An IP address is none: a top-level domain begins with a
/// letter.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Check,
            DnsLength::Verify,
        )
        .ok()?;
    let top = ascii.rsplit('.').next()?;
    let is_domain = top.starts_with(|c: char| c.is_ascii_alphabetic()) && is_of_letters(&ascii);
    is_domain.then(|| ascii.into_owned())
}

/// Whether a domain in ASCII encodes letters, digits, hyphens and dots. UTS 46 alone would allow
/// symbols that look like delimiters.
fn is_of_letters(ascii: &str) -> bool {
    if !ascii.contains("xn--") {
        return true;
    }
    let (unicode, outcome) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    // The middle dots and quotes are parts of words in Catalan, Greek, Hebrew and Japanese (RFC
    // 5892 appendix A).
    let is_letter = |c: char| {
        c.is_alphanumeric()
            || is_combining_mark(c)
            || "-.\u{b7}\u{375}\u{5f3}\u{5f4}\u{30fb}".contains(c)
    };
    outcome.is_ok() && unicode.chars().all(is_letter)
}

/// Whether the sign-in name of the address names the same mailbox. UTS 46 and lower-casing turn a
/// few letters into different ones, such as the final sigma of a word, and two mailboxes could then
/// share one name.
fn is_one_mailbox_by_name(text: &str, domain: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let name = normal_form(text, false);
    let of_name = name.rsplit_once('@');
    of_name
        .and_then(|(_, of_name)| ascii_domain(of_name))
        .as_deref()
        == Some(domain)
}
