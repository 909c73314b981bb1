//! What happens around the sign-ins of the walks.

use std::cell::RefCell;

use super::moves::Preferences;
use super::*;

thread_local! {
    /// What was made of passwords, by pool, name and number. It costs powers, and serves each walk
    /// as well as another.
    static MADE: RefCell<BTreeMap<(usize, usize, u32), Credentials>> =
        const { RefCell::new(BTreeMap::new()) };
}

impl World {
    pub(super) fn take(&mut self, a_move: Move) {
        match a_move {
            Move::Begin(at, way, named) => self.begin(at, way, named),
            Move::Answer { step, by, with } => self.answer(step, by, with),
            Move::Confirm(at, contact) => self.confirm(at, contact),
            Move::Wait(span) => self.now = self.now.plus(Duration::from_millis(span)),
            Move::SignUp(at, status, contacts) => self.sign_up(at, status, contacts),
            Move::SetPool(pool, draw) => draw.set(&mut self.pools[pool]),
            Move::SetDevices(place, settings) => {
                let at = self.at(place);
                self.pools[at.pool].settings.devices = settings;
            }
            Move::SetPassword(place, temporary) => self.set_password(self.at(place), temporary),
            Move::DropPassword(place) => self.slot_mut(self.at(place)).credentials = None,
            Move::SetStatus(place, status) => {
                self.change(self.at(place), |user| user.status = status);
            }
            Move::SetEnabled(place, enabled) => {
                self.change(self.at(place), |user| user.enabled = enabled);
            }
            Move::SetAddress(place, contact, address) => {
                self.set_address(self.at(place), contact, address);
            }
            Move::Prefer(place, wished) => self.prefer(self.at(place), wished),
            Move::SetApp(place, has_app) => self.set_app(self.at(place), has_app),
            Move::Delete(place) => {
                let slot = self.slot_mut(self.at(place));
                (slot.user, slot.credentials, slot.app) = (None, None, None);
                slot.passkeys.clear();
                slot.devices.clear();
            }
            Move::Lock(place, span) => {
                let until = self.now.plus(Duration::from_millis(span));
                self.slot_mut(self.at(place)).locked_until = until;
            }
            Move::AddPasskey(place, make) => self.add_passkey(self.at(place), make),
            Move::CopyPasskey(place, which) => self.copy_passkey(self.at(place), which),
            Move::DropPasskey(place, which) => self.drop_passkey(self.at(place), which),
            Move::AddDevice(place, is_wished) => self.add_device(self.at(place), is_wished),
            Move::Remember(place, which) => self.remember(self.at(place), which),
            Move::Forget(place, which) => self.forget(self.at(place), which),
        }
    }

    /// A place: the one whose step waits last, if it is not another.
    fn at(&self, place: moves::Place) -> At {
        let last = self.issued.last().map(|issued| issued.at);
        place.or(last).unwrap_or(At {
            pool: 0,
            client: 0,
            name: 0,
        })
    }

    pub(super) fn change(&mut self, at: At, change: impl FnOnce(&mut User)) {
        if let Some(user) = &mut self.slot_mut(at).user {
            change(user);
        }
    }

    pub(super) fn sign_up(&mut self, at: At, status: UserStatus, contacts: Contacts) {
        if self.slot(at).user.is_some() {
            return;
        }
        let mut user = user(&self.pools[at.pool], SUBS[at.name], NAMES[at.name], status);
        for contact in Contact::ALL {
            if let Some(is_verified) = contacts.of(contact) {
                let address = self.address(at, contact);
                let attribute = contact.attribute().to_owned();
                user.attributes.insert(attribute, address);
                user.mark_verified(contact, is_verified);
            }
        }
        let mut random = self.random.derive();
        let (list, paper) = recovery_codes::draw(&user.pool, &user.sub, &mut random);
        let slot = self.slot_mut(at);
        (slot.recovery, slot.paper) = ((list, UsedCodes::default()), paper);
        slot.user = Some(user);
        let temporary = (status == UserStatus::ForceChangePassword).then_some(700_000);
        self.set_password(at, temporary);
    }

    /// An address that nobody had before.
    pub(super) fn address(&mut self, at: At, contact: Contact) -> String {
        self.counter += 1;
        match contact {
            Contact::Email => format!("{}{}@example.com", NAMES[at.name], self.counter),
            Contact::PhoneNumber => format!("+1555{:07}", self.counter),
        }
    }

    fn set_password(&mut self, at: At, temporary: Option<u64>) {
        if self.slot(at).user.is_none() {
            return;
        }
        self.counter += 1;
        let password = format!("Pass-word{}", self.counter);
        let (pool, name) = (&self.pools[at.pool], NAMES[at.name]);
        let random = &mut self.random;
        let is_hash = random.bytes::<1>()[0] < 64;
        let place = (at.pool, at.name, self.counter);
        let new = if is_hash {
            imported::waiting(pool, name, &password, random)
        } else {
            let make = || credentials(pool, name, &password, random);
            MADE.with_borrow_mut(|all| all.entry(place).or_insert_with(make).clone())
        };
        let temporary_until = temporary.map(|span| self.now.plus(Duration::from_millis(span)));
        let new = Credentials {
            temporary_until,
            ..new
        };
        self.store_password(at, new, password);
    }

    pub(super) fn store_password(&mut self, at: At, credentials: Credentials, password: String) {
        let slot = self.slot_mut(at);
        slot.former = std::mem::replace(&mut slot.password, password);
        slot.hash_waits = credentials.imported.is_some();
        slot.credentials = Some(credentials);
        slot.generation += 1;
    }

    /// Changes, verifies or takes away an address.
    fn set_address(&mut self, at: At, contact: Contact, address: moves::Address) {
        let new = self.address(at, contact);
        self.change(at, |user| {
            let attribute = contact.attribute().to_owned();
            match address {
                moves::Address::Gone => {
                    user.attributes.remove(&attribute);
                    user.mark_verified(contact, false);
                }
                moves::Address::New(is_verified) => {
                    user.attributes.insert(attribute, new);
                    user.mark_verified(contact, is_verified);
                }
                moves::Address::Verified if user.attributes.contains_key(&attribute) => {
                    user.mark_verified(contact, true);
                }
                moves::Address::Verified => {}
            }
        });
    }

    pub(super) fn prefer(&mut self, at: At, wished: Preferences) {
        let Preferences {
            factors,
            preferred,
            passkey,
        } = wished;
        let has_app = self.slot(at).app.is_some();
        let enabled = SecondFactor::ALL.into_iter().zip(factors);
        let enabled: BTreeSet<_> = enabled
            .filter(|(factor, is_on)| *is_on && (has_app || *factor != SecondFactor::SoftwareToken))
            .map(|(factor, _)| factor)
            .collect();
        let all: Vec<_> = enabled.iter().copied().collect();
        let preferred = preferred.filter(|_| !all.is_empty());
        let preferred = preferred.map(|index| all[index.index(all.len())]);
        self.change(at, |user| {
            user.mfa.enabled = enabled;
            user.mfa.preferred = preferred;
            user.mfa.passkey = passkey && !user.mfa.enabled.is_empty();
        });
    }

    pub(super) fn set_app(&mut self, at: At, has_app: bool) {
        if self.slot(at).user.is_none() {
            return;
        }
        if has_app {
            let secret = totp::new_secret(&mut self.random);
            self.slot_mut(at).app = Some(secret);
        } else {
            self.slot_mut(at).app = None;
            self.change(at, |user| user.mfa.lose(SecondFactor::SoftwareToken));
        }
    }

    /// A code of the sign-up came back: the session of ConfirmSignUp.
    fn confirm(&mut self, at: At, contact: Contact) {
        let now = self.now;
        let client = self.clients[at.pool][at.client].clone();
        let slot = self.slot_mut(at);
        let credentials = slot.credentials.clone();
        // It ends with the password.
        let generation = credentials.is_some().then_some(slot.generation);
        let user = slot.user.as_mut();
        let Some(user) = user.filter(|user| user.status == UserStatus::Unconfirmed) else {
            return;
        };
        let Some(address) = user.attribute(contact.attribute()).map(str::to_owned) else {
            return;
        };
        user.mark_verified(contact, true);
        user.status = UserStatus::Confirmed;
        let of = (&*user, credentials.as_ref());
        let pending = ConfirmedSignUp::pending(&client, of, contact, &address, now);
        let truth = Truth {
            generation,
            ..Truth::default()
        };
        self.issue(None, at, pending, truth, None);
    }
}
