#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ids::Sub;
use crate::second_factor::{EmailMfa, MfaPreferences, PasskeySettings, PoolMfa};
use crate::time::Timestamp;
use crate::user::{User, UserStatus, tests::pool as pool_with_names};
use crate::user_pool::{RecoveryMechanism, SignInNames};

use MfaConfiguration::{Off, On, Optional};
use SecondFactor::{Email, Sms, SoftwareToken};

const ANA: &str = "ana@example.com";
const PHONE: &str = "+15551234567";

/// A pool that offers some factors.
fn pool(configuration: MfaConfiguration, offered: &[SecondFactor]) -> UserPool {
    let mut pool = pool_with_names(SignInNames::Username {
        aliases: BTreeSet::new(),
    });
    pool.settings.mfa = PoolMfa {
        configuration,
        software_token: offered.contains(&SoftwareToken).then_some(true),
        sms: offered.contains(&Sms),
        email: offered.contains(&Email).then(EmailMfa::default),
        passkeys: PasskeySettings::default(),
    };
    pool
}

fn recovering(mut pool: UserPool, mechanisms: &[RecoveryMechanism]) -> UserPool {
    pool.settings.recovery = Some(mechanisms.to_vec());
    pool
}

/// A user with addresses, who has switched some factors on.
fn ana(contacts: &[Contact], enabled: &[SecondFactor], preferred: Option<SecondFactor>) -> User {
    let address = |contact: &Contact| match contact {
        Contact::Email => ANA,
        Contact::PhoneNumber => PHONE,
    };
    let attributes = contacts
        .iter()
        .map(|contact| (contact.attribute().to_owned(), address(contact).to_owned()));
    User {
        pool: crate::ids::UserPoolId::parse("us-east-1_Home").unwrap(),
        sub: Sub::of_free_bits(0),
        username: "ana".into(),
        attributes: attributes.collect(),
        kept_names: BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: MfaPreferences {
            enabled: enabled.iter().copied().collect(),
            preferred,
            passkey: false,
        },
        status: UserStatus::Confirmed,
        enabled: true,
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
        revision: 0,
    }
}

#[test]
fn a_pool_that_is_off_asks_nobody() {
    let user = ana(&Contact::ALL, &SecondFactor::ALL, Some(Sms));
    let pool = pool(Off, &SecondFactor::ALL);
    assert_eq!(pool.second_factor_of(&user, true), Demand::Nothing);
    assert_eq!(pool.second_factors(), BTreeSet::new());
}

#[test]
fn an_optional_pool_asks_who_has_switched_a_factor_on() {
    let pool = pool(Optional, &SecondFactor::ALL);
    let asked = |user: &User| pool.second_factor_of(user, true);
    assert_eq!(asked(&ana(&Contact::ALL, &[], None)), Demand::Nothing);
    let user = ana(&Contact::ALL, &[Email], None);
    assert_eq!(asked(&user), Demand::Factor(Email));
    let user = ana(&Contact::ALL, &[Email, SoftwareToken], None);
    assert_eq!(asked(&user), Demand::Choice(vec![SoftwareToken, Email]));
    let user = ana(&Contact::ALL, &[Email, SoftwareToken], Some(SoftwareToken));
    assert_eq!(asked(&user), Demand::Factor(SoftwareToken));
}

#[test]
fn a_factor_whose_address_is_gone_is_no_reason_to_ask_for_none() {
    let pool = pool(Optional, &[Sms, SoftwareToken]);
    let user = ana(&[], &[Sms], Some(Sms));
    assert_eq!(pool.second_factor_of(&user, false), Demand::Impossible);
    let user = ana(&[], &[Sms, SoftwareToken], Some(Sms));
    let token = Demand::Factor(SoftwareToken);
    assert_eq!(pool.second_factor_of(&user, true), token);
    assert_eq!(pool.second_factor_of(&user, false), Demand::Impossible);
}

#[test]
fn an_app_serves_on_when_the_pool_offers_none_any_more_and_a_message_does_not() {
    let pool = pool(Optional, &[Email]);
    let user = ana(&Contact::ALL, &[SoftwareToken], Some(SoftwareToken));
    let token = Demand::Factor(SoftwareToken);
    assert_eq!(pool.second_factor_of(&user, true), token);
    let user = ana(&Contact::ALL, &[Sms], Some(Sms));
    assert_eq!(pool.second_factor_of(&user, true), Demand::Nothing);
}

#[test]
fn a_pool_that_asks_everybody_finds_a_factor_for_who_chose_none() {
    let asked = |offered: &[SecondFactor], contacts: &[Contact], has_token: bool| {
        let pool = recovering(pool(On, offered), &[RecoveryMechanism::VerifiedEmail]);
        pool.second_factor_of(&ana(contacts, &[], None), has_token)
    };
    let (email, phone) = ([Contact::Email], [Contact::PhoneNumber]);
    let setup = Demand::SetUp(vec![SoftwareToken]);
    // The factor of the recovery is not offered, as long as there is another.
    assert_eq!(
        asked(&[Sms, Email], &Contact::ALL, false),
        Demand::Factor(Sms)
    );
    assert_eq!(asked(&SecondFactor::ALL, &email, false), setup);
    assert_eq!(asked(&[Email], &email, false), Demand::Factor(Email));
    assert_eq!(
        asked(&[Sms, SoftwareToken], &phone, false),
        Demand::Factor(Sms)
    );
    let choice = Demand::Choice(vec![Sms, SoftwareToken]);
    assert_eq!(asked(&SecondFactor::ALL, &Contact::ALL, true), choice);
    assert_eq!(
        asked(&[SoftwareToken], &[], true),
        Demand::Factor(SoftwareToken)
    );
    assert_eq!(asked(&[SoftwareToken], &[], false), setup);
    assert_eq!(asked(&[Sms], &[], false), Demand::Impossible);
    // An app counts only where the pool offers it, unless the user has chosen it.
    assert_eq!(asked(&[Sms], &phone, true), Demand::Factor(Sms));
}

#[test]
fn mail_can_be_set_up_by_who_has_no_address() {
    let pool = recovering(
        pool(On, &[Email, SoftwareToken]),
        &[RecoveryMechanism::AdminOnly],
    );
    let setup = Demand::SetUp(vec![SoftwareToken, Email]);
    assert_eq!(pool.second_factor_of(&ana(&[], &[], None), false), setup);
}

#[test]
fn no_password_is_recovered_by_the_mailbox_of_the_second_factor() {
    use RecoveryMechanism::{VerifiedEmail, VerifiedPhoneNumber};
    let pool = recovering(
        pool(Optional, &SecondFactor::ALL),
        &[VerifiedEmail, VerifiedPhoneNumber],
    );
    let order = |enabled: &[SecondFactor], preferred| {
        pool.recovery_order_of(&ana(&Contact::ALL, enabled, preferred))
    };
    assert_eq!(order(&[], None), [Contact::Email, Contact::PhoneNumber]);
    assert_eq!(order(&[Email], None), [Contact::PhoneNumber]);
    assert_eq!(order(&[Email, Sms], Some(Sms)), [Contact::Email]);
    assert_eq!(order(&[Email, Sms], None), []);
    let both = order(&[Email, SoftwareToken], Some(SoftwareToken));
    assert_eq!(both, [Contact::Email, Contact::PhoneNumber]);
}

#[test]
fn under_the_older_rule_the_mailbox_of_the_second_factor_comes_last() {
    let pool = pool(Optional, &[Sms]);
    let user = ana(&Contact::ALL, &[Sms], None);
    let order = [Contact::Email, Contact::PhoneNumber];
    assert_eq!(pool.recovery_order_of(&user), order);
}

fn subset() -> impl Strategy<Value = Vec<SecondFactor>> {
    proptest::sample::subsequence(SecondFactor::ALL.to_vec(), 0..=3)
}

fn configurations() -> impl Strategy<Value = MfaConfiguration> {
    prop_oneof![Just(Off), Just(Optional), Just(On)]
}

fn recoveries() -> impl Strategy<Value = Option<Vec<RecoveryMechanism>>> {
    let both = vec![
        RecoveryMechanism::VerifiedEmail,
        RecoveryMechanism::VerifiedPhoneNumber,
    ];
    let some = proptest::sample::subsequence(both, 1..=2).prop_shuffle();
    prop_oneof![
        Just(None),
        Just(Some(vec![RecoveryMechanism::AdminOnly])),
        some.prop_map(Some)
    ]
}

proptest! {
    #[test]
    fn whoever_must_prove_a_second_factor_is_never_let_in_without(
        configuration in configurations(), offered in subset(), enabled in subset(), which in 0..4usize,
        contacts in proptest::sample::subsequence(Contact::ALL.to_vec(), 0..=2), has_token: bool,
        recovery in recoveries(),
    ) {
        let mut pool = pool(configuration, &offered);
        pool.settings.recovery = recovery;
        let preferred = enabled.get(which).copied();
        let user = ana(&contacts, &enabled, preferred);
        let demand = pool.second_factor_of(&user, has_token);
        let offers_chosen = enabled.iter().any(|factor| pool.settings.mfa.offers(*factor));
        let must = match configuration {
            Off => false,
            On => true,
            Optional => offers_chosen || (has_token && enabled.contains(&SoftwareToken)),
        };
        prop_assert_eq!(demand != Demand::Nothing, must);
        for factor in demand.factors() {
            let has = factor.contact().map_or(has_token, |contact| contacts.contains(&contact));
            prop_assert!(has, "{factor:?} cannot be proved");
        }
        if let Demand::Choice(factors) = &demand {
            prop_assert!(factors.len() > 1);
        }
        if let Demand::SetUp(factors) = &demand {
            prop_assert!(!factors.is_empty() && configuration == On);
        }
        // Apps of users are enabled only while they are there.
        let order = pool.recovery_order_of(&user);
        let asked = pool.second_factor_of(&user, enabled.contains(&SoftwareToken));
        if pool.settings.recovery.is_some() {
            for factor in asked.factors() {
                prop_assert!(factor.contact().is_none_or(|contact| !order.contains(&contact)));
            }
        }
    }
}
