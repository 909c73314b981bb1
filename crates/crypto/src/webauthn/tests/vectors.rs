//! Responses that others made.

use super::*;

fn decoded(vector: &Value, member: &str) -> Vec<u8> {
    base64url_decode(vector[member].as_str().unwrap()).unwrap()
}

/// Made with Python's cryptography package (OpenSSL) and cbor2: see tests/data/webauthn_vectors.py.
#[test]
fn what_openssl_signed_verifies_for_each_algorithm() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/data/webauthn_vectors.json")).unwrap();
    assert_eq!(vectors.len(), Algorithm::ALL.len());
    for vector in &vectors {
        let name = &vector["name"];
        let challenge = decoded(vector, "challenge");
        let expected = Expected {
            challenge: &challenge,
            ..EXPECTED
        };
        let client_data = ClientData::read(&decoded(vector, "clientDataJSON")).unwrap();
        let object = decoded(vector, "attestationObject");
        let credential = verify_registration(&expected, &client_data, &object).unwrap();
        assert_eq!(credential.id, decoded(vector, "credential"), "{name}");
        assert_eq!(
            credential.public_key,
            decoded(vector, "publicKey"),
            "{name}"
        );
        assert_eq!(credential.algorithm.cose(), vector["alg"], "{name}");
        assert_eq!(hex_encode(&credential.aaguid), vector["aaguid"], "{name}");
        assert_eq!(credential.counter, 7, "{name}");
        let known = KnownCredential {
            public_key: &credential.public_key,
            counter: 7,
            backup_eligible: true,
        };
        for sign_in in vector["sign_ins"].as_array().unwrap() {
            let challenge = decoded(sign_in, "challenge");
            let expected = Expected {
                challenge: &challenge,
                ..EXPECTED
            };
            let mut signed = authenticator::SignedIn {
                client_data: decoded(sign_in, "clientDataJSON"),
                authenticator_data: decoded(sign_in, "authenticatorData"),
                signature: decoded(sign_in, "signature"),
            };
            let outcome = assert(&expected, &known, &signed);
            match sign_in["counter"].as_u64().unwrap() {
                0 => assert_eq!(outcome, Err(Refusal::Counter), "{name}"),
                counter => assert_eq!(u64::from(outcome.unwrap().counter), counter, "{name}"),
            }
            let last = signed.signature.len() - 1;
            signed.signature[last] ^= 1;
            assert_eq!(
                assert(&expected, &known, &signed),
                Err(Refusal::Signature),
                "{name}"
            );
        }
    }
}

/// Web Authentication Level 3, §16 (test vectors), "ES256 Credential with No Attestation".
#[test]
fn the_vector_of_the_recommendation_verifies() {
    let made = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354427258426941774a544c4535513d3d227d";
    let object = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
    let answered = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d";
    let data = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
    let signature = "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87";
    let hex = |text: &str| hex_decode(text).unwrap();
    let expected = |challenge: &'static [u8]| Expected {
        challenge,
        user_verification: false,
        ..EXPECTED
    };
    let client_data = ClientData::read(&hex(made)).unwrap();
    let challenge = base64url_decode(client_data.challenge()).unwrap().leak();
    let credential = verify_registration(&expected(challenge), &client_data, &hex(object)).unwrap();
    let id = "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4";
    assert_eq!(hex_encode(&credential.id), id);
    assert_eq!(credential.algorithm, Algorithm::Es256);
    let known = KnownCredential {
        public_key: &credential.public_key,
        counter: credential.counter,
        backup_eligible: credential.backup_eligible,
    };
    let challenge = hex("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408").leak();
    let signed = authenticator::SignedIn {
        client_data: hex(answered),
        authenticator_data: hex(data),
        signature: hex(signature),
    };
    let verified = assert(&expected(challenge), &known, &signed).unwrap();
    assert!(verified.backed_up && !verified.user_verified);
    assert_eq!(
        assert(
            &Expected {
                user_verification: true,
                ..expected(challenge)
            },
            &known,
            &signed
        ),
        Err(Refusal::UserNotVerified)
    );
}
