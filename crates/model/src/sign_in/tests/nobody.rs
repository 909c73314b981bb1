//! A stranger cannot tell who has an account: unknown names, and users without a password, look
//! like a wrong password.

use cognate_crypto::digest::hex_decode;

use super::*;
use crate::attribute::Contact;
use crate::user_pool::AliasAttribute;

fn without_password() -> Scene {
    Scene {
        credentials: None,
        ..Scene::confirmed()
    }
}

fn aliases(names: &[AliasAttribute]) -> SignInNames {
    SignInNames::Username {
        aliases: names.iter().copied().collect(),
    }
}

/// The `USER_ID_FOR_SRP` that a name is answered with.
fn user_id(scene: &mut Scene, given: &'static str) -> String {
    scene.given = given;
    let pending = asked(scene.start_srp().1);
    password_step(&pending).user_id.clone()
}

fn is_random_uuid(text: &str) -> bool {
    Sub::parse(text).is_ok() && text[14..15] == *"4" && "89ab".contains(&text[19..20])
}

#[test]
fn unknown_names_and_wrong_passwords_are_refused_alike() {
    for mut scene in [Scene::nobody(), without_password(), Scene::confirmed()] {
        assert_eq!(
            refused(scene.start_with_password("Wrong-pass1")),
            Refusal::WrongPassword
        );
        let (pending, claim) = scene.challenge("Wrong-pass1");
        assert_eq!(
            refused(scene.claim(&pending, &claim)),
            Refusal::WrongPassword
        );
    }
}

#[test]
fn challenges_of_known_and_unknown_names_are_of_one_form() {
    let mut lengths = BTreeSet::new();
    for mut scene in [Scene::nobody(), without_password(), Scene::confirmed()] {
        let pending = asked(scene.start_srp().1);
        let step = password_step(&pending);
        let salt = hex_decode(&step.exchange.salt).unwrap();
        assert_eq!(step.user_id, "ana");
        assert!((0x40..0x80).contains(&salt[0]), "{}", step.exchange.salt);
        assert_eq!(
            step.exchange.server_public,
            step.exchange.server_public.to_lowercase()
        );
        // B may by chance begin with zeros; not so under this seed.
        lengths.insert((
            salt.len(),
            step.exchange.server_public.len(),
            step.exchange.secret_block.len(),
        ));
        assert_eq!(pending.expires_at, NOW.plus(seconds(180)));
    }
    assert_eq!(lengths, BTreeSet::from([(16, 768, 48)]));
}

#[test]
fn a_name_is_answered_with_one_salt_and_a_new_value_each_time() {
    for mut scene in [Scene::nobody(), without_password(), Scene::confirmed()] {
        let [first, second] = [(); 2].map(|()| asked(scene.start_srp().1));
        let (first, second) = (password_step(&first), password_step(&second));
        assert_eq!(first.exchange.salt, second.exchange.salt);
        assert_ne!(first.exchange.server_public, second.exchange.server_public);
        assert_ne!(first.exchange.secret_block, second.exchange.secret_block);
    }
}

#[test]
fn spellings_of_an_unknown_name_get_one_salt_and_other_names_and_pools_another() {
    let salt = |given, pool: &UserPool| {
        let mut scene = Scene {
            given,
            pool: pool.clone(),
            ..Scene::nobody()
        };
        let pending = asked(scene.start_srp().1);
        password_step(&pending).exchange.salt.clone()
    };
    let home = pool("us-east-1_Home");
    assert_eq!(salt("ana", &home), salt("ANA", &home));
    assert_ne!(salt("ana", &home), salt("bob", &home));
    assert_ne!(salt("ana", &home), salt("ana", &pool("us-east-1_Away")));
}

#[test]
fn the_spelling_of_a_name_does_not_tell_whether_it_is_taken() {
    for mut scene in [Scene::nobody(), without_password(), Scene::confirmed()] {
        for given in ["ana", "aNA", "ａｎａ"] {
            assert_eq!(user_id(&mut scene, given), "ana", "{given}");
        }
    }
    let mut scene = Scene::confirmed();
    scene.user_mut().username = "Ana".to_owned();
    scene.set_password(PASSWORD);
    assert_eq!(user_id(&mut scene, "aNA"), "ana");
}

#[test]
fn in_a_case_sensitive_pool_the_spelling_stays() {
    for mut scene in [Scene::nobody(), Scene::confirmed()] {
        scene.pool.case_sensitive = true;
        if let Some(user) = &mut scene.user {
            user.username = "Ana".to_owned();
            scene.set_password(PASSWORD);
        }
        assert_eq!(user_id(&mut scene, "Ana"), "Ana");
    }
}

#[test]
fn an_address_that_is_a_plain_user_name_is_answered_with_itself() {
    let mut scene = Scene::nobody();
    assert_eq!(user_id(&mut scene, "ana@example.com"), "ana@example.com");
    scene.pool.sign_in_names = aliases(&[AliasAttribute::PhoneNumber]);
    assert_eq!(user_id(&mut scene, "ana@example.com"), "ana@example.com");
}

#[test]
fn an_unknown_alias_is_answered_with_one_id_that_is_not_the_alias() {
    let mut scene = Scene::nobody();
    scene.pool.sign_in_names = aliases(&[AliasAttribute::Email, AliasAttribute::PhoneNumber]);
    for given in ["ana@example.com", "+14155550123"] {
        let id = user_id(&mut scene, given);
        assert!(is_random_uuid(&id), "{id}");
        assert_eq!(id, user_id(&mut scene, given));
    }
}

#[test]
fn where_addresses_are_names_unknown_ones_are_answered_with_what_looks_like_a_sub() {
    let mut scene = Scene::nobody();
    scene.pool.sign_in_names = SignInNames::Attributes(BTreeSet::from([Contact::Email]));
    let id = user_id(&mut scene, "ana@example.com");
    assert!(is_random_uuid(&id), "{id}");
    assert_eq!(id, user_id(&mut scene, "ANA@example.com"));
    // A sub is a name too, and a real one would be answered with itself.
    assert_eq!(user_id(&mut scene, SUB), SUB);
    assert_eq!(
        user_id(&mut scene, "6F6F6F6F-1111-4222-8333-444444444444"),
        SUB
    );
}

#[test]
fn under_the_id_of_the_challenge_nobody_has_the_salt_and_the_id_that_they_have_under_the_name() {
    let mut scene = Scene::nobody();
    for sign_in_names in [
        aliases(&[]),
        aliases(&[AliasAttribute::Email, AliasAttribute::PhoneNumber]),
        SignInNames::Attributes(BTreeSet::from([Contact::Email, Contact::PhoneNumber])),
    ] {
        scene.pool.sign_in_names = sign_in_names;
        for given in ["ana@example.com", "+14155550123", "ana"] {
            scene.given = given;
            let by_name = asked(scene.start_srp().1);
            let id = password_step(&by_name).user_id.clone();
            scene.given = id.leak();
            let by_id = asked(scene.start_srp().1);
            let told = |pending: &Pending| {
                let step = password_step(pending);
                (step.user_id.clone(), step.exchange.salt.clone())
            };
            assert_eq!(told(&by_id), told(&by_name), "{given}");
            assert_eq!(by_id.holder, by_name.holder, "{given}");
        }
    }
}

#[test]
fn whoever_could_meet_a_decoy_is_refused_all_the_same() {
    // The decoy's verifier made real: a password that meets it.
    let scene = Scene::nobody();
    let real = Scene::confirmed().credentials.unwrap();
    let decoy = Decoy::meeting(&real).unwrap();
    let facts = Facts {
        account: Account::Unknown(kept(Sub::of_free_bits(1)), kept(decoy)),
        ..scene.facts()
    };
    let mut random = Random::from_seed([5; 32]);
    let outcome = start(Flow::Password(secret(PASSWORD)), &facts, &mut random);
    assert_eq!(refused(outcome), Refusal::WrongPassword);
}
