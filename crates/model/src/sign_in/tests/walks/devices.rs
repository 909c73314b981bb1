//! Devices in the walks: who has which, which one a request names, how they prove themselves, and
//! what each answer must lead to.

use std::cell::RefCell;

use proptest::sample::Index;

use super::super::device;
use super::moves::{Guess, Named, Response, Twist};
use super::*;
use crate::device::{DeviceSecret, DeviceSettings, group_key};
use crate::ids::DeviceKey;
use crate::sign_in::{DeviceClaim, DevicePasswordVerifier, DeviceSrp, DeviceSrpAuth, DeviceUse};

/// A device that somebody has confirmed, whether it is known still or forgotten.
pub(super) struct Thing {
    key: DeviceKey,
    pool: usize,
    name: usize,
}

thread_local! {
    /// What was made of the secrets of devices. It costs powers, and is the same in each walk.
    static SECRETS: RefCell<BTreeMap<DeviceKey, DeviceSecret>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// What only the device itself knows.
fn made_of(key: &DeviceKey) -> String {
    format!("the secret of {}", key.as_str())
}

/// What users do with their devices.
impl World {
    /// Confirms a device, where the pool remembers devices.
    pub(super) fn add_device(&mut self, at: At, is_wished: bool) {
        let pool = &self.pools[at.pool];
        let (Some(user), Some(settings)) = (&self.slot(at).user, pool.settings.devices) else {
            return;
        };
        let number = u8::try_from(self.things.len()).unwrap();
        let key = DeviceKey::random(&pool.id, &mut Random::from_seed([number; 32]));
        let is_remembered = is_wished || !settings.remembered_on_prompt;
        let mut device = device::confirmed(&pool.id, &user.sub, &key, is_remembered);
        device.after_second_factor = number % 4 != 0;
        let make = || device::secret_of(&pool.id, &key, &made_of(&key));
        let secret =
            SECRETS.with_borrow_mut(|all| all.entry(key.clone()).or_insert_with(make).clone());
        self.slot_mut(at).devices.push((device, secret));
        let (pool, name) = (at.pool, at.name);
        self.things.push(Thing { key, pool, name });
    }

    pub(super) fn remember(&mut self, at: At, which: Index) {
        let all = &mut self.slot_mut(at).devices;
        if !all.is_empty() {
            let which = which.index(all.len());
            all[which].0.remembered ^= true;
        }
    }

    pub(super) fn forget(&mut self, at: At, which: Index) {
        let all = &mut self.slot_mut(at).devices;
        if !all.is_empty() {
            all.remove(which.index(all.len()));
        }
    }

    /// Forgets a device, or has it spare its user nothing any more.
    pub(super) fn change_device(&mut self, at: At, key: &DeviceKey, drawn: Index) {
        let (all, now) = (
            &mut self.slots[at.pool][at.name].devices,
            &mut self.pools[at.pool],
        );
        match drawn.index(7) {
            0 | 1 => all.retain(|(device, _)| device.key != *key),
            2 | 3 => {
                let it = all.iter_mut().find(|(device, _)| device.key == *key);
                it.into_iter()
                    .for_each(|(device, _)| device.remembered = false);
            }
            4 | 5 => now.settings.devices = Some(DeviceSettings::default()),
            _ => now.settings.devices = None,
        }
    }

    /// The device of that key, if it is the user's and not forgotten.
    fn device(&self, at: At, key: &DeviceKey) -> Option<&Device> {
        let mut all = self.slot(at).devices.iter();
        all.find(|(device, _)| device.key == *key)
            .map(|(device, _)| device)
    }

    /// Whether a proved device of that key would spare its user the second factor.
    fn stands_in(&self, at: At, key: &DeviceKey) -> bool {
        let may = |device: &Device| device.remembered && device.after_second_factor;
        let settings = self.pools[at.pool].settings.devices;
        self.device(at, key).is_some_and(may)
            && settings.is_some_and(|settings| settings.stands_in_for_mfa)
    }

    /// Notes the use of a device, as the driver does.
    pub(super) fn use_device(&mut self, at: At, used: &DeviceUse) {
        let all = &mut self.slots[at.pool][at.name].devices;
        let it = all.iter_mut().find(|(device, _)| device.key == used.key);
        let (device, _) = it.expect("a device of the user's");
        device.after_second_factor |= used.after_second_factor;
        let expected = self.uses.1.take().expect("a device is used");
        assert_eq!(expected, (used.key.clone(), used.after_second_factor));
    }
}

/// Which device a request names.
impl World {
    /// The key that a request says. `said` is what the sign-in has said before, or is asked for.
    fn key(&mut self, at: At, named: Named, said: Option<&DeviceKey>) -> Option<DeviceKey> {
        let is_own = |thing: &&Thing| (thing.pool, thing.name) == (at.pool, at.name);
        let is_kept = |thing: &&Thing| self.device(at, &thing.key).is_some();
        let all = self.things.iter();
        let (those, which): (Vec<_>, _) = match named {
            Named::None => return None,
            Named::Said => return said.cloned(),
            Named::Unknown => {
                let pool = self.pools[at.pool].id.clone();
                return Some(DeviceKey::random(&pool, &mut self.random));
            }
            Named::Own(which) => (all.filter(is_own).filter(is_kept).collect(), which),
            Named::Forgotten(which) => {
                let own = all.filter(is_own);
                (own.filter(|thing| !is_kept(thing)).collect(), which)
            }
            Named::OfAnother(which) => (all.filter(|thing| !is_own(thing)).collect(), which),
        };
        (!those.is_empty()).then(|| those[which.index(those.len())].key.clone())
    }

    /// Notes the device that the first request of a sign-in names.
    pub(super) fn begin_on(&mut self, at: At, named: Named) {
        let key = self.key(at, named, None);
        self.request_on(at, key);
    }

    /// Notes the one that an answer names.
    pub(super) fn answer_on(&mut self, index: usize, at: At, named: Named) {
        let said = self.asked_of(index);
        let truth = &self.issued[index].truth;
        let said = said.or_else(|| truth.device.clone());
        // Nobody has reason to name another device once one is proved, but may.
        let named = match named {
            Named::None | Named::Said if truth.has(Factor::Device) => Named::Unknown,
            named => named,
        };
        let key = self.key(at, named, said.as_ref());
        self.request_on(at, key);
    }

    /// A request begins. Where the pool remembers no devices the driver reads no key.
    fn request_on(&mut self, at: At, key: Option<DeviceKey>) {
        let is_read = self.pools[at.pool].settings.devices.is_some();
        self.device = key.filter(|_| is_read);
        self.public = None;
        self.uses = (None, None);
    }

    /// The device that a step asks to prove itself.
    pub(super) fn asked_of(&self, index: usize) -> Option<DeviceKey> {
        let step = &self.issued[index].pending.step;
        let begins = step.read::<DeviceSrpAuth>().map(|step| step.device_key);
        let proves = || step.read::<DevicePasswordVerifier>();
        begins.or_else(|| proves().map(|step| step.device_key))
    }

    /// What a sign-in has proved before, and the device that it says it is on, once an answer has
    /// named another. One that has proved itself stays.
    pub(super) fn truth(&self, index: usize) -> Truth {
        let mut truth = self.issued[index].truth.clone();
        if self.device.is_some() && !truth.has(Factor::Device) {
            truth.device.clone_from(&self.device);
        }
        truth
    }

    /// Whether this request, which goes on with a sign-in, names its device.
    fn names_device(&self, step: Option<usize>) -> bool {
        let has_proved = |step: usize| self.issued[step].truth.has(Factor::Device);
        self.device.is_some() && step.is_some_and(|step| !has_proved(step))
    }

    /// Whether this request names another device than the one that has proved itself.
    pub(super) fn names_another(&self, truth: &Truth) -> bool {
        truth.has(Factor::Device) && self.device.is_some() && self.device != truth.device
    }

    /// Notes what a device is worth where a second factor is asked for: one that is named and may
    /// stand in, and in this case does, or has proved itself before.
    pub(super) fn note_device(
        &mut self,
        at: At,
        truth: &Truth,
        is_named: bool,
        (stands_in, is_spared): (bool, bool),
    ) {
        let named = truth.device.as_ref().and_then(|key| self.device(at, key));
        if named.is_some_and(|it| it.remembered && !it.after_second_factor) {
            self.seen
                .met("a remembered device on which no second factor was proved");
        }
        let proved = truth.device.as_ref().filter(|_| truth.has(Factor::Device));
        let remembered = proved.map(|key| self.device(at, key).is_some_and(|it| it.remembered));
        self.seen.met(match (stands_in, remembered) {
            (true, _) if is_spared => "a device in the place of the second factor",
            (true, _) => "a device that would stand in for a factor that is not there",
            (false, Some(true)) => {
                "a remembered device that has proved itself where none stands in any more"
            }
            (false, Some(false)) => "a device that has proved itself and is remembered no more",
            (false, None) if is_named => "a second factor on a device that stands in for none",
            (false, None) => "a second factor on no device",
        });
    }

    /// The device that has to prove itself before the end, and whether one spares its user the
    /// second factor. A device that is none of the user's is told or passed over.
    pub(super) fn find_device(
        &mut self,
        step: Option<usize>,
        at: At,
        truth: &mut Truth,
    ) -> Result<(Option<DeviceKey>, bool), Refusal> {
        if truth.has(Factor::Device) {
            return Ok((None, truth.device_stands_in));
        }
        let are_known = self.pools[at.pool].settings.devices.is_some();
        let Some(key) = truth.device.clone().filter(|_| are_known) else {
            return Ok((None, false));
        };
        if self.device(at, &key).is_some() {
            let stands_in = self.stands_in(at, &key);
            return Ok((Some(key), stands_in));
        }
        if self.names_device(step) {
            self.seen
                .met("a device that is none of theirs, named by an answer");
            return Err(Refusal::UnknownDevice);
        }
        self.seen
            .met("a device that is none of theirs, passed over");
        truth.device = None;
        Ok((None, false))
    }
}

/// The steps.
impl World {
    pub(super) fn must_ask_device(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        truth: Truth,
        key: &DeviceKey,
    ) {
        let Outcome::Ask(pending, effects) = outcome else {
            panic!("a device has not proved itself: {}", told(&outcome));
        };
        let begins: DeviceSrpAuth = pending.step.read().expect("a device is asked");
        assert_eq!(begins.device_key, *key);
        // By A alone only that device may begin whose user has just proved a password with it.
        assert_eq!(begins.client_public, self.public);
        assert!(LAST_SENT.with_borrow(Option::is_none));
        self.apply(at, &effects);
        self.issue(step, at, pending, truth, None);
    }

    /// A device begins an exchange.
    pub(super) fn answer_device_srp(&mut self, index: usize, at: At) {
        let (key, client) = (self.answering(index, at), self.client_key());
        let begin = DeviceSrp {
            device_key: key.clone(),
            client_public: Box::new(client.1),
        };
        let Some(outcome) = self.put::<DeviceSrpAuth>(index, at, begin) else {
            return;
        };
        if let Err(refusal) = self.is_asked(index, at, &key) {
            return self.must_refuse(Some(index), outcome, &refusal);
        }
        let pending = asked(outcome);
        let step: DevicePasswordVerifier = pending.step.read().expect("an exchange");
        assert_eq!(step.device_key, key);
        assert_eq!(step.group_key, group_key(&self.pools[at.pool].id));
        assert_eq!(step.exchange.salt, "8f".repeat(16));
        let blocks = self.issued.iter().filter_map(|it| it.pending.step.read());
        let mut blocks = blocks.map(|it: DevicePasswordVerifier| it.exchange.secret_block);
        assert!(blocks.all(|block| block != step.exchange.secret_block));
        assert_eq!(step.exchange.secret_block.len(), 48);
        let truth = self.truth(index);
        self.issue(Some(index), at, pending, truth, Some(client.0));
    }

    /// A device ends it.
    pub(super) fn answer_device_claim(&mut self, index: usize, at: At, with: Response) {
        let key = self.answering(index, at);
        let claimed = match with.twist {
            Twist::OtherExchange => self.other_exchange::<DevicePasswordVerifier>(index),
            _ => Some(index),
        };
        let made_of = match with.guess {
            Guess::Right => claimed
                .and_then(|at| self.asked_of(at))
                .map(|key| made_of(&key)),
            Guess::Former => self.things.iter().map(|it| made_of(&it.key)).rev().nth(1),
            Guess::OfTheOtherPool => Some(self.slot(at).password.clone()),
            Guess::Wrong => None,
        };
        let made_of = made_of.unwrap_or_else(|| "a guess".to_owned());
        let signed_at = with.twist.signed_at(self.now);
        let issued = claimed.map(|at| &self.issued[at]);
        let exchange = issued.and_then(|it| Some((it.key.as_ref()?, it.pending.step.read()?)));
        let claim = match exchange {
            Some((client, step)) => {
                let pool = &self.pools[at.pool].id;
                device::claim_of(pool, client, &step, &made_of, signed_at)
            }
            None => Claim::empty(signed_at),
        };
        let answer = DeviceClaim {
            device_key: key.clone(),
            claim: with.twist.of(claim, self.now).answer(),
        };
        let Some(outcome) = self.put::<DevicePasswordVerifier>(index, at, answer) else {
            return;
        };
        if with.twist.is_of_time() {
            return self.must_refuse(Some(index), outcome, &Refusal::Timestamp);
        }
        if let Err(refusal) = self.is_asked(index, at, &key) {
            return self.must_refuse(Some(index), outcome, &refusal);
        }
        let is_right = made_of == self::made_of(&key);
        self.seen.met(match with.twist {
            Twist::None if is_right => "a right claim of a device",
            Twist::None => "a claim with the wrong secret of a device",
            Twist::OtherExchange if claimed.is_some() => "a claim of a device of another exchange",
            _ => "a claim of a device that is changed",
        });
        let truth = if is_right && with.twist == Twist::None {
            Ok(self.by_device(index, at, key))
        } else {
            Err(Refusal::WrongPassword)
        };
        self.judge(Some(index), at, outcome, truth);
    }

    /// A sign-in whose device has proved itself just now.
    fn by_device(&mut self, index: usize, at: At, key: DeviceKey) -> Truth {
        let mut truth = self.truth(index).with(Factor::Device, self.now);
        truth.device_stands_in = self.stands_in(at, &key);
        truth.device = Some(key.clone());
        self.uses.1 = Some((key, truth.is_of_two_factors()));
        truth
    }

    /// The device that an answer comes from: its own where it names none.
    fn answering(&mut self, index: usize, at: At) -> DeviceKey {
        let named = self.device.clone().or_else(|| self.asked_of(index));
        let pool = &self.pools[at.pool].id;
        named.unwrap_or_else(|| DeviceKey::random(pool, &mut self.random))
    }

    /// Whether a device is the one that is asked, and is not forgotten.
    fn is_asked(&mut self, index: usize, at: At, key: &DeviceKey) -> Result<(), Refusal> {
        if self.asked_of(index).as_ref() != Some(key) {
            self.seen.met("another device than the one that is asked");
            return Err(Refusal::UnknownDevice);
        }
        if self.device(at, key).is_none() {
            self.seen
                .met("a device that was forgotten while it proves itself");
            return Err(Refusal::UnknownDevice);
        }
        Ok(())
    }
}
