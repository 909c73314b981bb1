//! Passkeys in the walks: the authenticators that hold them, how they answer, and what each answer
//! is worth.

use std::collections::BTreeSet;

use cognate_crypto::webauthn::authenticator::{Asked as AskedOf, Authenticator};
use proptest::sample::Index;

use super::super::passkeys;
use super::moves::Response;
use super::*;
use crate::passkey::{CredentialId, Hints};
use crate::second_factor::{MfaConfiguration, PasskeyFactor};
use crate::sign_in::{PasskeyResponse, PasskeyUse, WebAuthn};

/// The domains that pools may have passkeys for.
pub(super) const DOMAINS: [&str; 2] = ["example.com", "example.org"];
/// Pages that are none of these domains'.
const ELSEWHERE: [&str; 4] = [
    "http://example.com",
    "https://evilexample.com",
    "https://example.com.evil.example",
    "https://evil.example",
];

/// What an authenticator is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Make {
    /// It counts its signatures.
    pub(super) counts: bool,
    /// It is carried, and keeps its passkey.
    pub(super) is_carried: bool,
}

/// What is wrong with a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trick {
    None,
    /// The authenticator has not verified its user.
    Unverified,
    /// Nobody has touched it.
    Absent,
    /// Another authenticator's response, under its own id.
    OfAnother(Index),
    /// The same, under the id that is asked for.
    InItsPlace(Index),
    /// A passkey of the user's own that is not asked for.
    Unasked,
    /// A response that was sent before.
    Replayed,
    /// Made at another page.
    OtherPage(Index),
    /// Made for another domain.
    OtherDomain,
    /// By a copy, which counts on from an earlier count.
    Copied,
    /// Its signature is changed.
    Forged,
    /// With the handle of another user.
    OthersHandle,
}

/// An authenticator, whoever has registered it.
pub(super) struct Held {
    seed: [u8; 32],
    id: CredentialId,
    counter: u32,
    is_carried: bool,
}

impl Held {
    fn new(make: Make, random: &mut Random) -> Self {
        let seed = random.bytes::<32>();
        let authenticator = Authenticator::ed25519(&seed).unwrap();
        Self {
            seed,
            id: CredentialId::of_bytes(&authenticator.credential_id),
            counter: u32::from(make.counts),
            is_carried: make.is_carried,
        }
    }

    fn authenticator(&self) -> Authenticator {
        let mut authenticator = Authenticator::ed25519(&self.seed).unwrap();
        authenticator.counter = self.counter;
        authenticator.flags = if self.is_carried { 0x05 } else { 0x1d };
        authenticator
    }
}

/// A response, and what is true of it.
#[derive(Clone)]
pub(super) struct Made {
    id: CredentialId,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    handle: Option<&'static str>,
    /// The number of the authenticator that has signed it.
    by: usize,
    challenge: Vec<u8>,
    domain: String,
    origin: String,
    counter: u32,
    is_present: bool,
    is_verified: bool,
    is_forged: bool,
}

impl Made {
    fn answer(&self) -> PasskeyResponse {
        PasskeyResponse {
            id: self.id.clone(),
            client_data: self.client_data.clone(),
            authenticator_data: self.authenticator_data.clone(),
            signature: self.signature.clone(),
            user_handle: self.handle.map(|handle| handle.as_bytes().to_vec()),
        }
    }
}

/// What users do with their passkeys.
impl World {
    pub(super) fn add_passkey(&mut self, at: At, make: Make) {
        if self.slot(at).user.is_none() {
            return;
        }
        let held = Held::new(make, &mut self.random);
        let domain = Rules::passkey_domain(&self.pools[at.pool]).unwrap_or(DOMAINS[0]);
        let hints = Hints::of(&[], make.is_carried.then_some("cross-platform")).unwrap();
        let client = &self.clients[at.pool][at.client];
        let sub = Sub::parse(SUBS[at.name]).unwrap();
        let authenticator = held.authenticator();
        let passkey = passkeys::registered(client, &sub, domain, &authenticator, hints);
        self.slot_mut(at).passkeys.push(passkey);
        self.authenticators.push(held);
    }

    pub(super) fn drop_passkey(&mut self, at: At, which: Index) {
        let all = &mut self.slot_mut(at).passkeys;
        if !all.is_empty() {
            all.remove(which.index(all.len()));
        }
    }

    pub(super) fn copy_passkey(&mut self, at: At, which: Index) {
        let all = &self.slot(at).passkeys;
        if !all.is_empty() {
            let id = all[which.index(all.len())].id.clone();
            self.distrust(at, &id);
        }
    }

    /// Takes a passkey away, or makes it another thing than it was. Where it is to be both factors
    /// from now on, an answer without the verification of the user is worth a try.
    pub(super) fn change_passkey(
        &mut self,
        at: At,
        id: &CredentialId,
        drawn: Index,
    ) -> Option<Trick> {
        let mfa = &mut self.pools[at.pool].settings.mfa;
        let drawn = drawn.index(10);
        match drawn {
            0 | 1 => self
                .slot_mut(at)
                .passkeys
                .retain(|passkey| passkey.id != *id),
            2 | 3 => self.distrust(at, id),
            4..=7 => {
                mfa.passkeys.factor = PasskeyFactor::MultiFactorWithUserVerification;
                self.change(at, |user| {
                    user.mfa.enabled.insert(SecondFactor::Sms);
                    user.mfa.passkey = true;
                });
            }
            8 => mfa.configuration = MfaConfiguration::On,
            _ => mfa.passkeys.relying_party_id = None,
        }
        matches!(drawn, 4..=6).then_some(Trick::Unverified)
    }

    /// A copy of a passkey was seen, in this sign-in or in another.
    pub(super) fn distrust(&mut self, at: At, id: &CredentialId) {
        let now = self.now;
        let mut all = self.slot_mut(at).passkeys.iter_mut();
        if let Some(passkey) = all.find(|passkey| passkey.id == *id) {
            passkey.distrusted_at = Some(now);
        }
    }

    /// Notes the use of a passkey, as the driver does.
    pub(super) fn use_passkey(&mut self, at: At, used: &PasskeyUse) {
        let mut all = self.slot_mut(at).passkeys.iter_mut();
        let passkey = all.find(|passkey| passkey.id == used.id);
        let passkey = passkey.expect("a passkey of the user's");
        let counter = used.verified.counter;
        let has_none = (counter, passkey.counter) == (0, 0);
        assert!(has_none || counter > passkey.counter, "a count, twice");
        passkey.counter = counter;
        assert_eq!(self.uses.0.take().as_ref(), Some(&used.id));
    }
}

/// The step.
impl World {
    /// The ids of the passkeys that an account may begin with.
    pub(super) fn offered_passkeys(&self, at: At) -> Vec<CredentialId> {
        let (pool, slot) = (&self.pools[at.pool], self.slot(at));
        let (Some(user), Some(domain)) = (&slot.user, Rules::passkey_domain(pool)) else {
            return Vec::new();
        };
        if !self.rules(at, user).may_begin_with_passkey() {
            return Vec::new();
        }
        let all = slot.passkeys.iter();
        all.filter(|passkey| passkey.relying_party_id == domain && passkey.distrusted_at.is_none())
            .map(|passkey| passkey.id.clone())
            .collect()
    }

    pub(super) fn must_ask_for_passkey(
        &mut self,
        step: Option<usize>,
        at: At,
        outcome: Outcome,
        truth: Truth,
    ) {
        let pending = asked(outcome);
        let asked_for: WebAuthn = pending.step.read().expect("a passkey is asked for");
        let settings = &self.pools[at.pool].settings.mfa.passkeys;
        let domain = settings.relying_party_id.as_deref();
        assert_eq!(domain, Some(asked_for.relying_party_id.as_str()));
        let is_required = Rules::requires_user_verification(settings);
        assert_eq!(asked_for.user_verification, is_required);
        let ids: Vec<_> = asked_for.allowed.into_iter().map(|it| it.id).collect();
        assert_eq!(ids, self.offered_passkeys(at));
        assert_eq!(asked_for.challenge.len(), 32);
        let earlier = self.issued.iter().filter_map(|it| it.pending.step.read());
        let challenges: BTreeSet<_> = earlier.map(|it: WebAuthn| it.challenge).collect();
        assert!(!challenges.contains(&asked_for.challenge), "asked twice");
        self.issue(step, at, pending, truth, None);
    }

    pub(super) fn answer_passkey(&mut self, index: usize, at: At, with: Response) {
        let made = self.respond(index, at, with);
        self.responses.push(made.clone());
        let Some(outcome) = self.put::<WebAuthn>(index, at, made.answer()) else {
            return;
        };
        let step: WebAuthn = self.issued[index].pending.step.read().unwrap();
        let truth = self.passkey_truth(index, at, &step, &made);
        if let Err(Refusal::WrongPasskey(_)) = &truth {
            // Why is for the log alone.
            let Outcome::Refuse(refusal @ Refusal::WrongPasskey(_)) = &outcome else {
                panic!("a wrong response was taken: {}", told(&outcome));
            };
            let refusal = refusal.clone();
            return self.must_refuse(Some(index), outcome, &refusal);
        }
        let is_copied = matches!(&truth, Err(Refusal::CopiedPasskey(_)));
        self.judge(Some(index), at, outcome, truth);
        if is_copied {
            self.distrust(at, &made.id);
        }
    }

    /// A response to a step, as it was drawn.
    fn respond(&mut self, index: usize, at: At, with: Response) -> Made {
        let step = self.issued[index].pending.step.read::<WebAuthn>();
        if let (Trick::Replayed, false) = (with.trick, self.responses.is_empty()) {
            let which = with.passkey.index(self.responses.len());
            return self.responses[which].clone();
        }
        let mut ids = step.iter().flat_map(|step| &step.allowed);
        let count = ids.clone().count().max(1);
        let asked_for = ids.nth(with.passkey.index(count)).map(|it| it.id.clone());
        let is_it = |held: &Held| Some(&held.id) == asked_for.as_ref();
        let asked_of = self.authenticators.iter().position(is_it);
        let by = match (with.trick, asked_of) {
            (Trick::OfAnother(other) | Trick::InItsPlace(other), _) => self.another(other),
            (Trick::Unasked, Some(by)) => self.unasked(at, step.as_ref()).unwrap_or(by),
            (_, Some(by)) => by,
            (_, None) => self.another(with.passkey),
        };
        let signer = self.authenticators[by].id.clone();
        let id = match with.trick {
            Trick::InItsPlace(_) => asked_for.unwrap_or(signer),
            _ => signer,
        };
        let (origin, domain) = page_of(step.as_ref(), with.trick);
        let challenge = step.as_ref().map_or(&[1; 32][..], |it| &it.challenge);
        let challenge = match with.trick {
            Trick::Replayed => &[1; 32],
            _ => challenge,
        };
        let mut authenticator = self.authenticators[by].authenticator();
        match with.trick {
            Trick::Unverified => authenticator.flags &= !0x04,
            Trick::Absent => authenticator.flags &= !0x01,
            Trick::Copied => {
                let mut stored = self.slot(at).passkeys.iter();
                let stored = stored.find(|passkey| passkey.id == id);
                authenticator.counter = stored.map_or(0, |it| it.counter.saturating_sub(1));
            }
            _ => self.authenticators[by].counter += u32::from(authenticator.counter > 0),
        }
        let mut signed = authenticator.sign_in(&AskedOf {
            challenge,
            relying_party_id: &domain,
            origin: &origin,
        });
        let is_forged = matches!(with.trick, Trick::Forged);
        signed.signature[7] ^= u8::from(is_forged);
        let handle = match with.trick {
            Trick::OthersHandle => Some(SUBS[(at.name + 1) % SUBS.len()]),
            _ => (with.passkey.index(2) == 0).then_some(SUBS[at.name]),
        };
        Made {
            id,
            client_data: signed.client_data,
            authenticator_data: signed.authenticator_data,
            signature: signed.signature,
            handle,
            by,
            challenge: challenge.to_vec(),
            domain,
            origin,
            counter: authenticator.counter,
            is_present: authenticator.flags & 0x01 != 0,
            is_verified: authenticator.flags & 0x04 != 0,
            is_forged,
        }
    }

    /// An authenticator of the user's with a passkey that a step does not ask for.
    fn unasked(&self, at: At, step: Option<&WebAuthn>) -> Option<usize> {
        let asked_for =
            |id: &CredentialId| step.is_some_and(|it| it.allowed.iter().any(|one| one.id == *id));
        let mut own = self.slot(at).passkeys.iter();
        let unasked = own.find(|passkey| !asked_for(&passkey.id))?;
        let mut all = self.authenticators.iter();
        all.position(|held| held.id == unasked.id)
    }

    /// Some authenticator, or one that nobody has registered.
    fn another(&mut self, which: Index) -> usize {
        let count = self.authenticators.len();
        let by = which.index(count + 1);
        if by == count {
            let make = Make {
                counts: false,
                is_carried: false,
            };
            let held = Held::new(make, &mut self.random);
            self.authenticators.push(held);
        }
        by
    }

    /// What a response is worth.
    fn passkey_truth(
        &mut self,
        index: usize,
        at: At,
        step: &WebAuthn,
        made: &Made,
    ) -> Result<Truth, Refusal> {
        let slot = self.slot(at);
        let is_its = |passkey: &&crate::passkey::Passkey| passkey.id == made.id;
        let stored = slot.passkeys.iter().find(is_its);
        let user = slot.user.as_ref().expect("nobody is asked here");
        let is_for_both = self.rules(at, user).passkey_is_both();
        if !step.allowed.iter().any(|offered| offered.id == made.id) {
            let is_theirs = stored.is_some();
            self.seen.met(if is_theirs {
                "a passkey of theirs that was not asked for"
            } else {
                "a passkey of another user"
            });
            return Err(Refusal::WrongPasskey(None));
        }
        if Rules::passkey_domain(&self.pools[at.pool]) != Some(&step.relying_party_id) {
            self.seen
                .met("a passkey for a domain that is the pool's no more");
            return Err(Refusal::NoSuchStep);
        }
        let counter = stored.map_or(0, |passkey| passkey.counter);
        let is_another = self.authenticators[made.by].id != made.id;
        let faults = faults(step, made, stored, at, is_another);
        if let [fault] = faults.as_slice() {
            self.seen.met(fault);
        }
        if !faults.is_empty() {
            return Err(Refusal::WrongPasskey(None));
        }
        if (made.counter, counter) != (0, 0) && made.counter <= counter {
            return Err(Refusal::CopiedPasskey(made.id.clone()));
        }
        if is_for_both && !made.is_verified {
            self.seen
                .met("a passkey without the verification of the user where it would be both");
        }
        let factor = match made.is_verified && is_for_both {
            true => Factor::PasskeyForBoth,
            false => Factor::Passkey,
        };
        self.uses.0 = Some(made.id.clone());
        let mut truth = self.truth(index);
        truth.factors.push(Proved {
            factor,
            at: self.now,
            carried: self.authenticators[made.by].is_carried,
        });
        Ok(truth)
    }
}

/// Where the response to a step is made: the page, and the domain that the authenticator is told.
fn page_of(step: Option<&WebAuthn>, trick: Trick) -> (String, String) {
    let domain = step.map_or(DOMAINS[0], |it| &it.relying_party_id);
    let origin = match trick {
        Trick::OtherPage(which) => ELSEWHERE[which.index(4)].to_owned(),
        _ => format!("https://login.{domain}:8443"),
    };
    let domain = match trick {
        Trick::OtherDomain => DOMAINS[usize::from(domain == DOMAINS[0])],
        _ => domain,
    };
    (origin, domain.to_owned())
}

/// What is wrong with a response to a passkey that was asked for, `stored` where it is still there.
fn faults(
    step: &WebAuthn,
    made: &Made,
    stored: Option<&crate::passkey::Passkey>,
    at: At,
    is_another: bool,
) -> Vec<&'static str> {
    let of_domain = |origin: &str| {
        let (domain, below) = (&step.relying_party_id, ".");
        let host = origin.strip_prefix("https://login");
        host.is_some_and(|host| host == format!("{below}{domain}:8443"))
    };
    [
        ("a passkey that was deleted", stored.is_none()),
        (
            "a passkey of which there are two",
            stored.is_some_and(|passkey| passkey.distrusted_at.is_some()),
        ),
        (
            "a response that another authenticator has signed",
            is_another,
        ),
        (
            "a response to another challenge",
            made.challenge != step.challenge,
        ),
        ("a response of another page", !of_domain(&made.origin)),
        (
            "a response for another domain",
            made.domain != step.relying_party_id,
        ),
        ("a response of an absent user", !made.is_present),
        (
            "a response without the verification of the user",
            step.user_verification && !made.is_verified,
        ),
        ("a response with a changed signature", made.is_forged),
        (
            "a response with the handle of another",
            made.handle.is_some_and(|handle| handle != SUBS[at.name]),
        ),
    ]
    .into_iter()
    .filter_map(|(fault, is_so)| is_so.then_some(fault))
    .collect()
}
