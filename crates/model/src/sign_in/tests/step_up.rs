//! Sign-ins that are to reach a level.

mod person;

use std::collections::BTreeSet;

use proptest::prelude::*;

use self::person::{Having, Person, SESSION, method};
use super::*;
use crate::FirstFactor;
use crate::acr::{Level, Method, of_factors};
use crate::attribute::Contact;
use crate::demand::Demand;
use crate::ids::SessionId;
use crate::second_factor::{MfaConfiguration, SecondFactor};
use crate::session::TokenSession;
use crate::sign_in::{Choice, ConfirmedSignUp, Factor, FirstChallenge, SelectChallenge};
use Factor::{Passkey, Password};
use Level::{Four, One, Three, Two};
use MfaConfiguration::{Off, On, Optional};
use SecondFactor::{Email, Sms, SoftwareToken};

fn preferring(challenge: FirstChallenge) -> Choice {
    Choice {
        challenge: Some(challenge),
        ..Choice::default()
    }
}

#[track_caller]
fn offered(outcome: Outcome) -> Vec<FirstChallenge> {
    let step: SelectChallenge = asked(outcome).step.read().unwrap();
    step.available
}

const ALL_FIRST: [FirstFactor; 3] = [
    FirstFactor::EmailOtp,
    FirstFactor::SmsOtp,
    FirstFactor::WebAuthn,
];

#[test]
fn a_level_is_reached_from_scratch_by_the_password_and_the_app() {
    let mut ana = Person::new(&Having::second(&[Sms, SoftwareToken]));
    ana.scene.user_mut().mfa.preferred = Some(Sms);
    let (met, factors) = ana.reaches(&[Four], None);
    assert_eq!(met, ["select_challenge", "software_token_mfa"]);
    assert_eq!(factors, [Password, Factor::SoftwareToken]);
}

#[test]
fn only_passwords_begin_what_takes_a_password() {
    let mut ana = Person::new(&Having::first(&ALL_FIRST));
    let passwords = [FirstChallenge::Password, FirstChallenge::PasswordSrp];
    assert_eq!(offered(ana.begin(&[Four], None)), passwords);
    assert_eq!(
        offered(ana.begin(&[Four, Three], None)),
        FirstChallenge::ALL
    );
    // Nor is another begun because the client would like to.
    let passkey = preferring(FirstChallenge::WebAuthn);
    assert_eq!(
        offered(ana.begin_with(&[Four], None, passkey, None)),
        passwords
    );
}

#[test]
fn what_a_user_lacks_is_told_only_after_a_factor() {
    let mut ana = Person::new(&Having::a_password());
    let mut nobody = Person::new(&Having::a_password());
    (nobody.scene.user, nobody.scene.credentials) = (None, None);
    let begun = ana.begin(&[Four], None);
    assert_eq!(offered(nobody.begin(&[Four], None)), offered(begun));
    let begun = ana.begin(&[Four], None);
    assert_eq!(refused(ana.end_of(begun)), Refusal::TargetOutOfReach);
    let begun = nobody.begin(&[Four], None);
    assert_eq!(refused(nobody.end_of(begun)), Refusal::WrongPassword);
}

#[test]
fn the_first_level_that_can_be_reached_is() {
    let mut ana = Person::new(&Having::a_password());
    assert_eq!(ana.reaches(&[Four, Three, One], None).1, [Password]);
    let mut ana = Person::new(&Having::second(&[Email]));
    let (_, factors) = ana.reaches(&[Four, Three, One], None);
    assert_eq!(factors, [Password, Factor::Email]);
    // In the order in which they are named.
    let mut ana = Person::new(&Having::first(&[FirstFactor::WebAuthn]));
    assert_eq!(ana.reaches(&[One, Three], None).1, [Password]);
}

#[test]
fn a_session_counts_and_only_what_is_missing_is_asked() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let session = ana.session(&[Password], 60);
    let (met, factors) = ana.reaches(&[Four], Some(session));
    assert_eq!(met, ["software_token_mfa"]);
    assert_eq!(factors, [Password, Factor::SoftwareToken]);
    let mut ana = Person::new(&Having::first(&[FirstFactor::EmailOtp]));
    let session = ana.session(&[Factor::Email], 60);
    let (met, factors) = ana.reaches(&[Four, Three], Some(session));
    assert_eq!(met, ["select_challenge"]);
    assert_eq!(factors, [Factor::Email, Password]);
    let mut ana = Person::new(&Having::first(&[FirstFactor::WebAuthn]));
    let session = ana.session(&[Password], 60);
    let (met, factors) = ana.reaches(&[Three], Some(session));
    assert_eq!(met, ["select_challenge", "web_authn"]);
    assert_eq!(factors, [Password, Passkey]);
}

#[test]
fn the_new_session_keeps_the_time_of_each_factor_and_rests_on_the_old_one() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let session = ana.session(&[Password], 60);
    let begun = ana.begin(&[Four], Some(session));
    let Outcome::SignedIn(proof, _) = ana.end_of(begun) else {
        panic!("not signed in");
    };
    assert_eq!(proof.rests_on(), SessionId::parse(SESSION).ok().as_ref());
    let parts = proof.into_parts();
    let times: Vec<_> = parts.factors.iter().map(|proved| proved.at).collect();
    assert_eq!(times, [NOW.minus(seconds(60)), NOW]);
    assert_eq!(parts.at, NOW);
}

#[test]
fn a_session_that_meets_the_level_begins_no_other() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let both = ana.session(&[Password, Factor::SoftwareToken], 60);
    for level in Level::ALL {
        let outcome = ana.begin(&[level], Some(both.clone()));
        assert_eq!(refused(outcome), Refusal::TargetMet, "{level:?}");
    }
    // Nor where it is met after all that cannot be reached.
    let mut ana = Person::new(&Having::a_password());
    let password = ana.session(&[Password], 60);
    let outcome = ana.begin(&[Four, One], Some(password.clone()));
    assert_eq!(refused(outcome), Refusal::TargetMet);
    let outcome = ana.begin(&[Four], Some(password));
    assert_eq!(refused(outcome), Refusal::TargetOutOfReach);
}

#[test]
fn a_session_of_another_user_client_or_pool_counts_for_nothing() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let own = ana.session(&[Password], 60);
    let others = [
        TokenSession {
            sub: Sub::of_free_bits(1),
            ..own.clone()
        },
        TokenSession {
            client: ClientId::parse("mobile").unwrap(),
            ..own.clone()
        },
        TokenSession {
            pool: UserPoolId::parse("eu-west-1_Home").unwrap(),
            ..own.clone()
        },
    ];
    for other in others {
        let outcome = ana.begin(&[Four], Some(other));
        assert_eq!(refused(outcome), Refusal::AnothersToken);
    }
    let mut nobody = Person::new(&Having::a_password());
    (nobody.scene.user, nobody.scene.credentials) = (None, None);
    let outcome = nobody.begin(&[Four], Some(own));
    assert_eq!(refused(outcome), Refusal::AnothersToken);
}

#[test]
fn a_session_counts_only_while_its_sign_in_is_recent() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    for (max_age, counts) in [
        (None, true),
        (Some(60), true),
        (Some(59), false),
        (Some(0), false),
    ] {
        let session = ana.session(&[Password], 60);
        let max_age = max_age.map(seconds);
        let begun = ana.begin_with(&[Four], Some(session), Choice::default(), max_age);
        let step = asked(begun).step;
        let first = if counts {
            "software_token_mfa"
        } else {
            "select_challenge"
        };
        assert_eq!(step.name(), first, "{max_age:?}");
    }
    // One that proved what makes no level, or does not tell what, counts for nothing either.
    for factors in [&[][..], &[Factor::Custom]] {
        let session = ana.session(factors, 60);
        let begun = ana.begin(&[Four], Some(session));
        assert_eq!(asked(begun).step.name(), "select_challenge");
    }
    let session = ana.session(&[Password], 0);
    let begun = ana.begin_with(&[Four], Some(session), Choice::default(), Some(seconds(0)));
    assert_eq!(asked(begun).step.name(), "select_challenge");
}

#[test]
fn the_client_says_how_it_would_like_to_go_on() {
    let mut having = Having::second(&[Sms, Email]);
    having.first = ALL_FIRST.to_vec();
    having.passkey = true;
    having.mfa = Off;
    let mut ana = Person::new(&having);
    let asked_for = |ana: &mut Person, challenge: FirstChallenge| {
        let session = ana.session(&[Password], 60);
        let begun = ana.begin_with(&[Three], Some(session), preferring(challenge), None);
        asked(begun).step.name().to_owned()
    };
    assert_eq!(asked_for(&mut ana, FirstChallenge::WebAuthn), "web_authn");
    assert_eq!(asked_for(&mut ana, FirstChallenge::SmsOtp), "sms_otp");
    // What adds nothing is not asked.
    let session = ana.session(&[Password], 60);
    let password = preferring(FirstChallenge::Password);
    let begun = ana.begin_with(&[Three], Some(session), password, None);
    let without_password = [
        FirstChallenge::EmailOtp,
        FirstChallenge::SmsOtp,
        FirstChallenge::WebAuthn,
    ];
    assert_eq!(offered(begun), without_password);
    // As second factors they are asked as such.
    ana.scene.pool.settings.mfa.configuration = Optional;
    assert_eq!(asked_for(&mut ana, FirstChallenge::EmailOtp), "email_otp");
    assert_eq!(asked_for(&mut ana, FirstChallenge::SmsOtp), "sms_mfa");
    let session = ana.session(&[Password], 60);
    let begun = ana.begin(&[Three], Some(session));
    assert_eq!(asked(begun).step.name(), "select_mfa_type");
}

#[test]
fn a_low_level_is_no_way_around_a_second_factor() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let (met, factors) = ana.reaches(&[One], None);
    assert_eq!(met, ["select_challenge", "software_token_mfa"]);
    assert_eq!(factors, [Password, Factor::SoftwareToken]);
    // Nor do two factors that begin a sign-in stand for it: the session is older than the app.
    let mut having = Having::second(&[SoftwareToken]);
    having.first = vec![FirstFactor::EmailOtp];
    let mut ana = Person::new(&having);
    let session = ana.session(&[Factor::Email], 60);
    let (met, factors) = ana.reaches(&[Three], Some(session));
    assert_eq!(met, ["select_challenge", "software_token_mfa"]);
    assert_eq!(factors, [Factor::Email, Password, Factor::SoftwareToken]);
}

#[test]
fn a_second_factor_that_is_switched_on_meanwhile_is_asked() {
    let mut having = Having::first(&[FirstFactor::EmailOtp]);
    (having.mfa, having.app) = (Optional, true);
    let mut ana = Person::new(&having);
    let email = preferring(FirstChallenge::EmailOtp);
    let by_mail = asked(ana.begin_with(&[Three], None, email, None));
    let choose = asked(ana.answer(&by_mail, true));
    ana.scene.user_mut().mfa.enabled = [SoftwareToken].into();
    let pending = asked(ana.answer(&choose, true));
    assert_eq!(pending.step.name(), "software_token_mfa");
}

#[test]
fn nobody_is_signed_in_who_has_proved_nothing_here() {
    let mut ana = Person::new(&Having::a_password());
    let turn = crate::sign_in::turn::Turn::first(crate::sign_in::Way::Choice);
    let outcome = ana.driven(Outcome::Proved(turn));
    assert_eq!(refused(outcome), Refusal::WrongPassword);
}

#[test]
fn where_everybody_needs_a_second_factor_it_is_set_up_on_the_way_to_a_low_level_only() {
    let mut having = Having::a_password();
    (having.mfa, having.contacts) = (On, Vec::new());
    let mut ana = Person::new(&having);
    let begun = ana.begin(&[One], None);
    let end = ana.end_of(begun);
    assert_eq!(asked(end).step.name(), "mfa_setup");
    let begun = ana.begin(&[Four], None);
    assert_eq!(refused(ana.end_of(begun)), Refusal::TargetOutOfReach);
}

#[test]
fn a_confirmed_sign_up_goes_on_to_a_level() {
    let ana = Person::new(&Having::a_password());
    let user = ana.scene.user.clone().unwrap();
    let pending = ConfirmedSignUp::pending(
        &ana.scene.client,
        (&user, None),
        Contact::Email,
        "ana@example.com",
        NOW,
    );
    let mut ana = ana;
    let begun = ana.confirmed(&pending, vec![Four, Three]);
    let factors = signed_in(ana.end_of(begun)).factors;
    let factors: Vec<_> = factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(factors, [Factor::Email, Password]);
}

#[test]
fn who_uses_a_recovery_code_has_lost_what_it_stands_in_for() {
    let recover = |ana: &mut Person, pending: &Pending| {
        let code = ana.draw_recovery_code();
        ana.type_app_code(pending, &code)
    };
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let choose = ana.begin(&[Four, One], None);
    let asked_for_app = asked(ana.answer(&asked(choose), true));
    let factors = signed_in(recover(&mut ana, &asked_for_app)).factors;
    let factors: Vec<_> = factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(factors, [Password, Factor::RecoveryCode]);
    // Nothing is used up where it leads nowhere.
    let choose = ana.begin(&[Four], None);
    let asked_for_app = asked(ana.answer(&asked(choose), true));
    let outcome = recover(&mut ana, &asked_for_app);
    assert_eq!(refused(outcome), Refusal::TargetOutOfReach);
    let session = ana.session(&[Password, Factor::RecoveryCode], 60);
    let asked_for_app = asked(ana.begin(&[Four, One], Some(session)));
    let outcome = recover(&mut ana, &asked_for_app);
    assert_eq!(refused(outcome), Refusal::TargetMet);
}

#[test]
fn an_account_that_is_disabled_or_reset_steps_up_no_more() {
    let mut ana = Person::new(&Having::second(&[SoftwareToken]));
    let session = ana.session(&[Password], 60);
    let pending = asked(ana.begin(&[Four], Some(session.clone())));
    ana.scene.user_mut().enabled = false;
    let outcome = ana.begin(&[Four], Some(session.clone()));
    assert_eq!(refused(outcome), Refusal::Disabled);
    assert_eq!(refused(ana.answer(&pending, true)), Refusal::Disabled);
    ana.scene.user_mut().enabled = true;
    for (status, refusal) in [
        (UserStatus::ResetRequired, Refusal::ResetRequired),
        (UserStatus::ForceChangePassword, Refusal::WrongPassword),
    ] {
        ana.scene.user_mut().status = status;
        assert_eq!(refused(ana.begin(&[Four], Some(session.clone()))), refusal);
    }
}

fn havings() -> impl Strategy<Value = Having> {
    let second = || proptest::sample::subsequence(SecondFactor::ALL.to_vec(), 0..=3);
    (
        prop_oneof![Just(Off), Just(Optional), Just(On)],
        proptest::sample::subsequence(ALL_FIRST.to_vec(), 0..=3),
        second(),
        any::<bool>(),
        proptest::sample::subsequence(Contact::ALL.to_vec(), 0..=2),
        any::<bool>(),
    )
        .prop_map(|(mfa, first, enabled, app, contacts, passkey)| Having {
            mfa,
            first,
            // No app is switched on that is not there.
            app: app || enabled.contains(&SoftwareToken),
            enabled,
            contacts,
            passkey,
        })
}

fn credits() -> impl Strategy<Value = Vec<Factor>> {
    let all = vec![
        Password,
        Factor::Email,
        Factor::Sms,
        Factor::SoftwareToken,
        Passkey,
        Factor::Custom,
    ];
    proptest::sample::subsequence(all, 0..=3)
}

fn targets() -> impl Strategy<Value = Vec<Level>> {
    proptest::sample::subsequence(Level::ALL.to_vec(), 1..=4).prop_shuffle()
}

/// Walks to the end, with one wrong answer on the way, and looks at what came of it.
fn walk(
    having: &Having,
    credit: Option<&[Factor]>,
    levels: &[Level],
    chooses: usize,
    wrong: Option<usize>,
) -> &'static str {
    let mut ana = Person::new(having);
    ana.chooses = chooses;
    let session = credit.map(|factors| ana.session(factors, 60));
    let credited = session.as_ref().map(|session| of_factors(&session.factors));
    let credited = credited.unwrap_or_default();
    let mut counted = credited.clone();
    let mut outcome = ana.begin(levels, session);
    while let Outcome::Ask(pending, _) = &outcome {
        let (pending, name) = (pending.clone(), pending.step.name().to_owned());
        if name == "mfa_setup" {
            return "set up";
        }
        let chosen = asked_by_choice(&ana, &pending);
        if let Some(method) = method(&name) {
            assert!(!counted.contains(&method), "{name} is asked twice");
        }
        let goes_wrong =
            wrong == Some(ana.met.len()) && (chosen.is_some() || method(&name).is_some());
        if goes_wrong && chosen.is_none_or(|chosen| chosen == Method::Password) {
            refused(ana.answer(&pending, false));
        }
        outcome = ana.answer(&pending, true);
        ana.met.push(name.clone());
        assert!(ana.met.len() < 9, "no end: {:?}", ana.met);
        // A right answer to it proves it, and nothing else does.
        counted.extend(method(&name));
        if chosen == Some(Method::Password) {
            counted.insert(Method::Password);
        }
    }
    judge(&ana, levels, &credited, &counted, outcome)
}

/// What choosing proves at once: a password comes along with the choice.
fn asked_by_choice(ana: &Person, pending: &Pending) -> Option<Method> {
    let step: SelectChallenge = pending.step.read()?;
    let mut offered = step.available;
    offered.retain(|challenge| *challenge != FirstChallenge::PasswordSrp);
    Some(offered[ana.chooses % offered.len()].method())
}

fn judge(
    ana: &Person,
    levels: &[Level],
    credited: &BTreeSet<Method>,
    counted: &BTreeSet<Method>,
    outcome: Outcome,
) -> &'static str {
    let reached = Level::met_by(counted);
    let met_before = |level: &Level| Level::met_by(credited) >= Some(*level);
    match outcome {
        Outcome::SignedIn(proof, _) => {
            let factors = proof.into_parts().factors;
            assert_eq!(of_factors(&factors), *counted, "counted as proved");
            assert!(counted.len() > credited.len(), "nothing new");
            let least = levels.iter().min().unwrap();
            assert!(reached >= Some(*least));
            let goal = levels.iter().find(|level| reached >= Some(**level));
            assert!(goal.is_some_and(|goal| !met_before(goal)));
            let user = ana.scene.user.as_ref().unwrap();
            let has_token = ana.has_app();
            let pool = &ana.scene.pool;
            if pool.second_factor_of(user, has_token) != Demand::Nothing {
                let taken = pool.second_factors_of(user, has_token);
                assert!(counted.len() > 1);
                let is_proved = |factor: &SecondFactor| counted.contains(&factor.method());
                assert!(taken.iter().any(is_proved), "{taken:?} {counted:?}");
            }
            "signed in"
        }
        Outcome::Refuse(Refusal::TargetMet) => {
            assert!(levels.iter().any(met_before));
            assert_eq!(counted, credited, "asked in vain");
            "met before"
        }
        Outcome::Refuse(Refusal::TargetOutOfReach) => {
            assert!(!levels.iter().any(|level| reached >= Some(*level)));
            assert!(counted.len() <= credited.len() + 1, "asked in vain");
            "out of reach"
        }
        Outcome::Refuse(Refusal::NoSecondFactor) => {
            let mfa = ana.scene.pool.settings.mfa.configuration;
            assert_ne!(mfa, Off);
            "no second factor"
        }
        other => panic!("{}", told(&other)),
    }
}

#[test]
fn who_reaches_a_level_has_proved_all_of_it_and_something_of_it_now() {
    use proptest::test_runner::{Config, TestRunner};
    let seen = std::cell::RefCell::new(BTreeMap::<&str, u32>::new());
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(400)
    });
    let walks = (
        havings(),
        proptest::option::of(credits()),
        targets(),
        0..6usize,
        proptest::option::of(0..4usize),
    );
    let result = runner.run(&walks, |(having, credit, levels, chooses, wrong)| {
        let end = walk(&having, credit.as_deref(), &levels, chooses, wrong);
        *seen.borrow_mut().entry(end).or_default() += 1;
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    for end in ["signed in", "met before", "out of reach", "set up"] {
        assert!(seen.contains_key(end), "{seen:?}");
    }
}

#[test]
fn two_is_reached_by_one_code() {
    let mut ana = Person::new(&Having::first(&[FirstFactor::EmailOtp]));
    let (met, factors) = ana.reaches(&[Two], None);
    assert_eq!((met.len(), factors), (2, vec![Factor::Email]));
    ana.chooses = 1;
    // After a password it takes the code as well.
    assert_eq!(ana.reaches(&[Two], None).1, [Password, Factor::Email]);
}
