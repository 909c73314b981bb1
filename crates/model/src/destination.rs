//! The addresses that an account's codes go to, or seem to go to, and the part that an answer
//! shows.
//!
//! Where answers hide who exists, each account and each unknown name has one set of contacts, and
//! every operation chooses from it by its own rule. A user's contacts are their attributes,
//! whatever the account's status. Those of an unknown name are drawn in the likeness of other users
//! of the pool: which contacts they have, which are verified, the first letter of the domain, and
//! the length of the number. Nothing else of those users shows.

use std::collections::BTreeSet;

use cognate_crypto::digest::hmac_sha256;

use crate::attribute::Contact;
use crate::ids::Sub;
use crate::name::NormalName;
use crate::nobody::{Nobody, Trace};
use crate::user::User;
use crate::user_pool::{AliasAttribute, SignInNames, UserPool};

/// How many users, next to an account in the order of subs, the likeness is chosen from.
pub const NEIGHBOURS: i64 = 16;

/// First letters of made-up addresses, about as often as people's names begin with them.
const INITIALS: &[u8] = b"aaaaaabbbccccdddeeefgghhiijjjjjkkklllmmmmmmnnooppqrrrrsssssttttuvvwxyz";
/// First letters of made-up domains, in a pool that has no addresses to go by.
const DOMAINS: &[u8] = b"ggggggggyyyhhooiicemapt";

/// The state of a contact attribute in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ContactState {
    Absent,
    Unverified,
    Verified,
}

/// The contacts of an account, or of nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacts {
    email: Shown,
    phone_number: Shown,
}

/// One contact. An absent one has a made-up address, for an operation whose rule leaves no other
/// contact.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    state: ContactState,
    address: String,
}

impl Contacts {
    /// The contacts of a user. `others` are the user's neighbours in the pool.
    #[must_use]
    pub fn of_user(secret: &[u8; 32], pool: &UserPool, user: &User, others: &[User]) -> Self {
        let name = NormalName::new(pool, &user.username);
        let trace = if Sub::parse(name.as_str()).is_ok() {
            Trace::Nothing
        } else {
            Trace::of(&name)
        };
        let maker = Maker {
            secret,
            pool,
            sub: &user.sub,
            trace,
            others,
        };
        Self::each(|contact| Shown {
            state: state(user, contact),
            address: match shown_of(user, contact) {
                Some(address) => address.to_owned(),
                None => maker.address(contact),
            },
        })
    }

    /// The contacts of an unknown name. `others` are the users who would be its neighbours in the
    /// pool.
    #[must_use]
    pub fn of_nobody(secret: &[u8; 32], pool: &UserPool, nobody: &Nobody, others: &[User]) -> Self {
        let maker = Maker::of_nobody(secret, pool, nobody, others);
        let like = maker.like();
        Self::each(|contact| {
            let state =
                like.map_or_else(|| usual_state(pool, contact), |user| state(user, contact));
            let own = address_of(nobody.trace, contact)
                .filter(|_| like.is_none_or(|user| is_own(pool, user, contact)));
            match own {
                Some(address) => Shown {
                    state: state.max(least_state(pool, contact)),
                    address,
                },
                None => Shown {
                    state,
                    address: maker.address(contact),
                },
            }
        })
    }

    /// The contact that a reset code goes to, or seems to: the first verified one in the pool's
    /// order; else the first that the account has; else the first of the order.
    #[must_use]
    pub fn for_reset(&self, order: &[Contact]) -> Option<(Contact, &str)> {
        self.first(order, ContactState::Verified)
            .or_else(|| self.first(order, ContactState::Unverified))
            .or_else(|| self.first(order, ContactState::Absent))
    }

    /// The contact that a sign-up's code goes to, or seems to: the phone before the mailbox, among
    /// those that the pool verifies.
    #[must_use]
    pub fn for_confirmation(&self, verified: &BTreeSet<Contact>) -> Option<(Contact, &str)> {
        let mut order = vec![Contact::PhoneNumber, Contact::Email];
        order.retain(|contact| verified.contains(contact));
        self.first(&order, ContactState::Unverified)
            .or_else(|| self.first(&order, ContactState::Absent))
    }

    /// The address of a contact that is verified, or seems to be.
    #[must_use]
    pub fn verified(&self, contact: Contact) -> Option<&str> {
        let shown = self.of(contact);
        (shown.state == ContactState::Verified).then_some(shown.address.as_str())
    }

    fn first(&self, order: &[Contact], at_least: ContactState) -> Option<(Contact, &str)> {
        order
            .iter()
            .map(|contact| (*contact, self.of(*contact)))
            .find(|(_, shown)| shown.state >= at_least)
            .map(|(contact, shown)| (contact, shown.address.as_str()))
    }

    fn of(&self, contact: Contact) -> &Shown {
        match contact {
            Contact::Email => &self.email,
            Contact::PhoneNumber => &self.phone_number,
        }
    }

    fn each(shown: impl Fn(Contact) -> Shown) -> Self {
        Self {
            email: shown(Contact::Email),
            phone_number: shown(Contact::PhoneNumber),
        }
    }
}

/// The user in whose likeness nobody's contacts are drawn, if there is one: what else is made up
/// for nobody is drawn in the likeness of the same.
#[must_use]
pub fn like<'a>(
    secret: &'a [u8; 32],
    pool: &'a UserPool,
    nobody: &'a Nobody,
    others: &'a [User],
) -> Option<&'a User> {
    Maker::of_nobody(secret, pool, nobody, others).like()
}

/// The address of a user that an answer may show. While a new one waits for its proof the old name
/// still signs in, and its address is shown, as for an unknown name.
fn shown_of(user: &User, contact: Contact) -> Option<&str> {
    let kept = user.kept_names.get(&contact).map(String::as_str);
    kept.filter(|name| !name.is_empty() && !user.has_verified(contact))
        .or_else(|| user.attribute(contact.attribute()))
}

fn state(user: &User, contact: Contact) -> ContactState {
    if user.has_verified(contact) {
        ContactState::Verified
    } else if user.attribute(contact.attribute()).is_some() {
        ContactState::Unverified
    } else {
        ContactState::Absent
    }
}

/// The likely state in a pool without users.
fn usual_state(pool: &UserPool, contact: Contact) -> ContactState {
    let verified = &pool.settings.auto_verified;
    let is_usual = if verified.is_empty() {
        pool.recovery_order().contains(&contact)
    } else {
        verified.contains(&contact)
    };
    if is_usual {
        ContactState::Verified
    } else {
        ContactState::Absent
    }
}

/// The least state of an address that found a user: an alias counts once it is verified.
fn least_state(pool: &UserPool, contact: Contact) -> ContactState {
    if is_alias(pool, contact) {
        ContactState::Verified
    } else {
        ContactState::Unverified
    }
}

fn is_alias(pool: &UserPool, contact: Contact) -> bool {
    let alias = match contact {
        Contact::Email => AliasAttribute::Email,
        Contact::PhoneNumber => AliasAttribute::PhoneNumber,
    };
    matches!(&pool.sign_in_names, SignInNames::Username { aliases } if aliases.contains(&alias))
}

/// Whether a name that is written like an address would be the attribute, too, of somebody like
/// this user: where names are addresses or aliases always, else where this user has it so.
fn is_own(pool: &UserPool, like: &User, contact: Contact) -> bool {
    let name = NormalName::new(pool, &like.username);
    if pool.names_are_attributes()
        || is_alias(pool, contact)
        || address_of(Trace::of(&name), contact).is_none()
    {
        return true;
    }
    like.attribute(contact.attribute())
        .is_some_and(|address| NormalName::new(pool, address) == name)
}

/// An address that shows what is known of a name; None of a name that is no such address.
fn address_of(trace: Trace, contact: Contact) -> Option<String> {
    match (trace, contact) {
        (Trace::Email { local, domain }, Contact::Email) => Some(email(local, domain)),
        (Trace::PhoneNumber { digits, last }, Contact::PhoneNumber) => {
            Some(phone_number(usize::from(digits), last))
        }
        _ => None,
    }
}

fn email(local: char, domain: char) -> String {
    format!("{local}x@{domain}x.example")
}

fn phone_number(digits: usize, last: u16) -> String {
    match digits.checked_sub(4) {
        None | Some(0) => format!("+{}", "5".repeat(digits)),
        Some(before) => format!("+{}{last:04}", "5".repeat(before)),
    }
}

/// Makes addresses up, the same each time.
struct Maker<'a> {
    secret: &'a [u8; 32],
    pool: &'a UserPool,
    sub: &'a Sub,
    trace: Trace,
    others: &'a [User],
}

impl<'a> Maker<'a> {
    fn of_nobody(
        secret: &'a [u8; 32],
        pool: &'a UserPool,
        nobody: &'a Nobody,
        others: &'a [User],
    ) -> Self {
        Self {
            secret,
            pool,
            sub: &nobody.sub,
            trace: nobody.trace,
            others,
        }
    }

    /// The user whose likeness is drawn: one with a name of the same kind, if there is one.
    fn like(&self) -> Option<&'a User> {
        self.choose(|user| self.is_of_one_kind_with(user))
            .or_else(|| self.choose(|_| true))
    }

    fn is_of_one_kind_with(&self, user: &User) -> bool {
        let contact = match self.trace {
            Trace::Email { .. } => Some(Contact::Email),
            Trace::PhoneNumber { .. } => Some(Contact::PhoneNumber),
            Trace::Name(_) | Trace::Nothing => None,
        };
        let name = NormalName::new(self.pool, &user.username);
        match contact {
            Some(contact) if self.pool.names_are_attributes() => {
                user.attribute(contact.attribute()).is_some()
            }
            Some(contact) if is_alias(self.pool, contact) => user.has_verified(contact),
            Some(contact) => address_of(Trace::of(&name), contact).is_some(),
            None => {
                let is_sub = Sub::parse(name.as_str()).is_ok();
                let is_address = name.is_email() || name.is_phone_number();
                is_sub == (self.trace == Trace::Nothing) && !is_address
            }
        }
    }

    /// One of the neighbours that satisfy `holds`, each with the same chance. A user who joins or
    /// leaves changes the choice for few.
    fn choose(&self, holds: impl Fn(&User) -> bool) -> Option<&'a User> {
        self.others
            .iter()
            .filter(|user| holds(user))
            .max_by_key(|user| self.draw(user.sub.as_str()))
    }

    fn address(&self, contact: Contact) -> String {
        let like = self.choose(|user| user.attribute(contact.attribute()).is_some());
        let theirs = like.and_then(|user| user.attribute(contact.attribute()));
        let [first, second, third, ..] = self.draw(contact.attribute());
        match contact {
            Contact::Email => {
                let shown = theirs.map(|address| Trace::of(&of_any_case(address)));
                let (local, domain) = match shown {
                    Some(Trace::Email { local, domain }) => (Some(local), domain),
                    _ => (None, drawn(DOMAINS, second)),
                };
                let initial = like.and_then(|user| user.username.chars().next());
                let begins_like_the_name =
                    local.is_some() && local == initial.and_then(in_lower_case);
                let local = match self.trace {
                    Trace::Name(initial) if begins_like_the_name => initial,
                    _ => drawn(INITIALS, first),
                };
                email(local, domain)
            }
            Contact::PhoneNumber => {
                let digits = theirs.map_or(11, |number| number.trim_start_matches('+').len());
                phone_number(digits, u16::from_be_bytes([second, third]) % 10_000)
            }
        }
    }

    fn draw(&self, what: &str) -> [u8; 32] {
        let pool = self.pool.id.as_str();
        let parts = [pool, "\0", self.sub.as_str(), "\0", what];
        hmac_sha256(self.secret, &parts.map(str::as_bytes))
    }
}

fn of_any_case(text: &str) -> NormalName {
    NormalName::with_case_rule(text, false)
}

fn in_lower_case(letter: char) -> Option<char> {
    of_any_case(letter.encode_utf8(&mut [0; 4]))
        .as_str()
        .chars()
        .next()
}

fn drawn(letters: &[u8], byte: u8) -> char {
    let at = usize::from(byte) * letters.len() / 256;
    char::from(letters.get(at).copied().unwrap_or(b'a'))
}
