//! The senders that pools may use: whoever may change a pool's settings must not send as anybody
//! through the operator's mail server.

use cognate_model::{EmailAddress, Sender};

use crate::EmailMessage;

/// The addresses that the operator lets pools send as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Senders {
    /// Any address.
    Anybody,
    /// Those that one of the rules names.
    Only(Vec<SenderRule>),
}

/// What an operator allows in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderRule {
    /// One mailbox.
    Address(EmailAddress),
    /// Every address of a domain, not of its subdomains.
    Domain(String),
}

/// A text that is no rule of senders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "«{0}» is neither an address, as no-reply@example.com, nor a domain, as example.com, nor *"
)]
pub struct SendersError(String);

impl Senders {
    /// Reads rules: `ADDRESS`, `DOMAIN`, or `*` for any. The operator's own sender is always
    /// allowed.
    ///
    /// # Errors
    /// [`SendersError`] with the first that is none of them.
    pub fn parse<T: AsRef<str>>(rules: &[T], own: &EmailAddress) -> Result<Self, SendersError> {
        let mut read = vec![SenderRule::Address(own.clone())];
        for rule in rules {
            let rule = rule.as_ref().trim();
            if rule == "*" {
                return Ok(Self::Anybody);
            }
            read.push(SenderRule::parse(rule)?);
        }
        Ok(Self::Only(read))
    }

    /// The addresses in the domain of the operator's own sender.
    #[must_use]
    pub fn in_domain_of(own: &EmailAddress) -> Self {
        Self::Only(vec![SenderRule::Domain(own.domain().to_owned())])
    }

    /// Whether a pool may send as an address.
    #[must_use]
    pub fn allow(&self, address: &EmailAddress) -> bool {
        match self {
            Self::Anybody => true,
            Self::Only(rules) => rules.iter().any(|rule| match rule {
                SenderRule::Address(allowed) => allowed.mailbox() == address.mailbox(),
                SenderRule::Domain(domain) => domain == address.domain(),
            }),
        }
    }

    /// Removes from a mail a sender that is not allowed, and a Reply-To that is no address. Both
    /// may come from settings that are older than the rule, or from a node with another rule. The
    /// mail then comes from the operator's own sender. Returns whether anything was removed.
    pub fn restrict(&self, mail: &mut EmailMessage) -> bool {
        let may_send =
            |from: &mut String| Sender::parse(from).is_ok_and(|sender| self.allow(&sender.address));
        let from = mail.from.take_if(|from| !may_send(from));
        let reply_to = mail
            .reply_to
            .take_if(|reply_to| Sender::parse(reply_to).is_err());
        from.is_some() || reply_to.is_some()
    }
}

impl SenderRule {
    fn parse(text: &str) -> Result<Self, SendersError> {
        let refused = |_| SendersError(text.to_owned());
        if text.contains('@') {
            return EmailAddress::parse_of_operator(text)
                .map(Self::Address)
                .map_err(refused);
        }
        let of_domain = EmailAddress::parse_of_operator(&format!("x@{text}")).map_err(refused)?;
        Ok(Self::Domain(of_domain.domain().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse_of_operator(text).unwrap()
    }

    fn only(rules: &[&str]) -> Senders {
        Senders::parse(rules, &address("no-reply@id.example.com")).unwrap()
    }

    #[test]
    fn a_rule_is_an_address_a_domain_or_anybody() {
        let senders = only(&["shop@example.net", "bücher.example", "mailhost"]);
        for allowed in [
            "Shop@example.net",
            "anybody@xn--bcher-kva.example",
            "a@BÜCHER.example",
            "root@mailhost",
            "no-reply@id.example.com",
        ] {
            assert!(senders.allow(&address(allowed)), "{allowed}");
        }
        for refused in [
            "other@example.net",
            "a@mail.bücher.example",
            "other@id.example.com",
            "a@notbücher.example",
        ] {
            assert!(!senders.allow(&address(refused)), "{refused}");
        }
        assert_eq!(only(&["a.example", "*"]), Senders::Anybody);
        assert!(Senders::in_domain_of(&address("a@b.example")).allow(&address("c@b.example")));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in [
            "",
            "a@",
            "*.example.com",
            "exa mple.com",
            "Name <a@b.example>",
            "127.0.0.1",
        ] {
            assert!(
                Senders::parse(&[rule], &address("a@b.example")).is_err(),
                "{rule:?}"
            );
        }
    }

    #[test]
    fn a_mail_loses_the_sender_that_it_may_not_have() {
        let mail = |from: &str, reply_to: &str| EmailMessage {
            to: "ana@example.com".to_owned(),
            from: Some(from.to_owned()),
            reply_to: Some(reply_to.to_owned()),
            subject: String::new(),
            text: String::new(),
            html: None,
        };
        let senders = only(&["example.net"]);
        let mut good = mail("Shop <shop@example.net>", "help@example.org");
        assert!(!senders.restrict(&mut good));
        assert_eq!(good.from.as_deref(), Some("Shop <shop@example.net>"));
        for from in ["boss@bank.example", "no sender", "Shop <boss@bank.example>"] {
            let mut bad = mail(from, "help@example.org");
            assert!(senders.restrict(&mut bad));
            assert_eq!(
                (bad.from, bad.reply_to.as_deref()),
                (None, Some("help@example.org"))
            );
        }
        let mut bad = mail("shop@example.net", "nobody");
        assert!(senders.restrict(&mut bad) && bad.reply_to.is_none() && bad.from.is_some());
    }
}
