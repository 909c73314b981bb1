//! The password factor: what proves it and what does not.

use super::*;
use crate::sign_in::srp_exchange::SECRET_BLOCK_VALIDITY;

#[test]
fn the_right_password_signs_its_user_in_here_and_now() {
    let mut scene = Scene::confirmed();
    let proof = signed_in(scene.start_with_password(PASSWORD));
    assert_eq!(proof.sub.as_str(), SUB);
    assert_eq!(proof.pool, scene.pool.id);
    assert_eq!(proof.client, scene.client.id);
    assert_eq!(proof.at, NOW);
    assert!(proof.change.is_none());
    let factors: Vec<_> = proof.factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(factors, [crate::sign_in::Factor::Password]);
}

#[test]
fn near_misses_of_a_password_are_wrong() {
    let mut scene = Scene::confirmed();
    for wrong in [
        "",
        "right-pass1",
        "Right-pass1 ",
        " Right-pass1",
        "Right-pass1\0",
        "Right-pass",
    ] {
        let refusal = refused(scene.start_with_password(wrong));
        assert_eq!(refusal, Refusal::WrongPassword, "{wrong:?}");
        assert!(refusal.counts_as_failure() && !refusal.keeps_the_step());
    }
}

#[test]
fn a_right_claim_signs_in() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    let proof = signed_in(scene.claim(&pending, &claim));
    assert_eq!(proof.sub.as_str(), SUB);
    assert_eq!(proof.client, scene.client.id);
}

#[test]
fn a_claim_with_a_wrong_password_counts_and_uses_the_step_up() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge("Wrong-pass1");
    let refusal = refused(scene.claim(&pending, &claim));
    assert_eq!(refusal, Refusal::WrongPassword);
    assert!(refusal.counts_as_failure() && !refusal.keeps_the_step());
}

#[test]
fn a_claim_for_another_secret_block_is_wrong() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    let (other, other_claim) = scene.challenge(PASSWORD);
    let swapped = Claim {
        secret_block: other_claim.secret_block.clone(),
        ..claim.clone()
    };
    assert_eq!(
        refused(scene.claim(&pending, &swapped)),
        Refusal::WrongPassword
    );
    assert_eq!(refused(scene.claim(&other, &claim)), Refusal::WrongPassword);
    // The block as text is what a row is found by: another spelling of it is another block.
    let respelled = Claim {
        secret_block: format!("{}\n", claim.secret_block),
        ..claim.clone()
    };
    assert_eq!(
        refused(scene.claim(&pending, &respelled)),
        Refusal::WrongPassword
    );
    signed_in(scene.claim(&pending, &claim));
}

#[test]
fn a_claim_signed_for_a_step_of_the_same_user_answers_no_other_step() {
    let mut scene = Scene::confirmed();
    let (key, first) = scene.start_srp();
    let first = asked(first);
    let second = asked(start(
        Flow::Srp(Box::new(key.public_value())),
        &scene.facts(),
        &mut Random::from_seed([2; 32]),
    ));
    // The same A in both exchanges: B and the block still tie the claim to one of them.
    let claim = Claim::of(&scene.pool, &key, &password_step(&first), PASSWORD, NOW);
    let moved = Claim {
        secret_block: base64_encode(&password_step(&second).exchange.secret_block),
        ..claim
    };
    assert_eq!(
        refused(scene.claim(&second, &moved)),
        Refusal::WrongPassword
    );
}

#[test]
fn a_timestamp_counts_five_minutes_around_now_and_no_longer() {
    let mut scene = Scene::confirmed();
    let (key, outcome) = scene.start_srp();
    let pending = asked(outcome);
    let mut at = |at| {
        let claim = Claim::of(&scene.pool, &key, &password_step(&pending), PASSWORD, at);
        scene.claim(&pending, &claim)
    };
    for recent in [NOW, NOW.minus(seconds(300)), NOW.plus(seconds(300))] {
        signed_in(at(recent));
    }
    for far in [
        NOW.minus(seconds(301)),
        NOW.plus(seconds(301)),
        Timestamp(0),
    ] {
        assert_eq!(refused(at(far)), Refusal::Timestamp, "{far:?}");
    }
}

#[test]
fn another_timestamp_than_the_signed_one_is_wrong() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    for timestamp in [
        claim_time(NOW.plus(seconds(1))),
        // The same moment in other words.
        claim.timestamp.replace("Nov 14", "Nov  14"),
    ] {
        let other = Claim {
            timestamp,
            ..claim.clone()
        };
        assert_eq!(
            refused(scene.claim(&pending, &other)),
            Refusal::WrongPassword,
            "{}",
            other.timestamp
        );
    }
}

#[test]
fn a_timestamp_of_no_known_form_is_no_guess_whatever_was_signed() {
    let mut scene = Scene::confirmed();
    let (key, outcome) = scene.start_srp();
    let pending = asked(outcome);
    let step = password_step(&pending);
    let session_key = key
        .session_key(
            &step.exchange.salt,
            &step.exchange.server_public,
            "Home",
            &step.user_id,
            &secret(PASSWORD),
        )
        .unwrap();
    for timestamp in [
        "",
        "now",
        "2023-11-14T22:13:20Z",
        "Tue Nov 14 22:13:20 CET 2023",
        "Mon Nov 14 22:13:20 UTC 2023",
        "Tue Nov 14 22:13:20 UTC 99999999999999999999",
        "Tue Nov -1 22:13:20 UTC 2023",
    ] {
        let signature = srp::claim_signature(
            &session_key,
            "Home",
            &step.user_id,
            &step.exchange.secret_block,
            timestamp,
        );
        for signature in [base64_encode(&signature), "no signature".to_owned()] {
            let claim = Claim {
                secret_block: base64_encode(&step.exchange.secret_block),
                timestamp: timestamp.to_owned(),
                signature,
            };
            let refusal = refused(scene.claim(&pending, &claim));
            assert_eq!(refusal, Refusal::Timestamp, "{timestamp}");
            assert!(!refusal.counts_as_failure() && refusal.keeps_the_step());
        }
    }
}

#[test]
fn garbage_in_a_claim_is_wrong_and_nothing_worse() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    for signature in [
        "",
        "=",
        "====",
        "not base64!",
        "AAAA",
        "é",
        "\0",
        &"A".repeat(100_000),
        &base64_encode(&[0; 32]),
    ] {
        let other = Claim {
            signature: signature.to_owned(),
            ..claim.clone()
        };
        assert_eq!(
            refused(scene.claim(&pending, &other)),
            Refusal::WrongPassword
        );
    }
    for block in ["", "=", "é", &"A".repeat(100_000)] {
        let other = Claim {
            secret_block: block.to_owned(),
            ..claim.clone()
        };
        assert_eq!(
            refused(scene.claim(&pending, &other)),
            Refusal::WrongPassword
        );
    }
}

#[test]
fn an_srp_challenge_is_answered_within_three_minutes() {
    let mut scene = Scene::confirmed();
    let (key, outcome) = scene.start_srp();
    let pending = asked(outcome);
    let mut after = |span: Duration| {
        scene.now = NOW.plus(span);
        let claim = Claim::of(
            &scene.pool,
            &key,
            &password_step(&pending),
            PASSWORD,
            scene.now,
        );
        scene.claim(&pending, &claim)
    };
    signed_in(after(SECRET_BLOCK_VALIDITY - Duration::from_millis(1)));
    assert_eq!(refused(after(SECRET_BLOCK_VALIDITY)), Refusal::NoSuchStep);
}

#[test]
fn a_password_changed_during_an_exchange_ends_it() {
    let mut scene = Scene::confirmed();
    let (key, outcome) = scene.start_srp();
    let pending = asked(outcome);
    scene.set_password("Newer-pass1");
    for password in [PASSWORD, "Newer-pass1"] {
        let claim = Claim::of(&scene.pool, &key, &password_step(&pending), password, NOW);
        assert_eq!(
            refused(scene.claim(&pending, &claim)),
            Refusal::WrongPassword
        );
    }
}

#[test]
fn a_step_survives_its_way_through_the_database() {
    let mut scene = Scene::confirmed();
    let (pending, claim) = scene.challenge(PASSWORD);
    let stored = serde_json::to_vec(&pending).unwrap();
    let pending: Pending = serde_json::from_slice(&stored).unwrap();
    signed_in(scene.claim(&pending, &claim));
}

#[test]
fn a_damaged_verifier_signs_nobody_in() {
    for verifier in [vec![], vec![0; 384], vec![1; 383], vec![0xff; 384], {
        let mut one = vec![0; 384];
        *one.last_mut().unwrap() = 1;
        one
    }] {
        let mut scene = Scene::confirmed();
        let (pending, claim) = scene.challenge(PASSWORD);
        scene.credentials.as_mut().unwrap().verifier = verifier;
        assert_eq!(
            refused(scene.claim(&pending, &claim)),
            Refusal::WrongPassword
        );
        assert_eq!(
            refused(scene.start_with_password(PASSWORD)),
            Refusal::WrongPassword
        );
    }
}
