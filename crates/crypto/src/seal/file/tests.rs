#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

const KIND: FileKind = FileKind::Backup;

fn random() -> Random {
    Random::from_seed([9; 32])
}

fn master(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

/// A file of full frames and a short last one: its head and its sealed frames.
fn file(lock: Lock<'_>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (head, mut sealer) = FileSealer::new(KIND, lock, &mut random()).unwrap();
    let mut frames: Vec<Vec<u8>> = (0..3).map(|number| vec![number; FRAME]).collect();
    for frame in &mut frames {
        sealer.seal(frame).unwrap();
    }
    let mut last = b"the end".to_vec();
    sealer.finish(&mut last).unwrap();
    frames.push(last);
    (head, frames)
}

fn read(head: &[u8], frames: &[Vec<u8>], unlock: Unlock<'_>) -> Result<Vec<u8>, FileError> {
    let mut opener = FileOpener::new(KIND, head, unlock)?;
    let mut out = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let mut frame = frame.clone();
        opener.open(&mut frame, at + 1 == frames.len())?;
        out.extend(frame);
    }
    Ok(out)
}

#[test]
fn a_file_opens_under_what_it_was_sealed_under_and_nothing_else() {
    let words = SecretString::from("correct horse battery staple");
    let (key, other) = (master(1), master(2));
    let (head, frames) = file(Lock::MasterKey(&key));
    let content = read(&head, &frames, Unlock::MasterKey(&key)).unwrap();
    assert_eq!(content.len(), 3 * FRAME + 7);
    assert!(content.ends_with(b"\x02\x02the end"));
    assert_eq!(head_length(KIND, &head[..HEAD_START]).unwrap(), head.len());
    assert_eq!(
        sealed_under(KIND, &head).unwrap(),
        SealedUnder::MasterKey(key.id())
    );
    assert_eq!(
        read(&head, &frames, Unlock::MasterKey(&other)).unwrap_err(),
        FileError::WrongMasterKey {
            needed: key.id(),
            given: other.id()
        }
    );
    assert_eq!(
        read(&head, &frames, Unlock::Passphrase(&words)).unwrap_err(),
        FileError::NeedsMasterKey(key.id())
    );

    let (head, frames) = file(Lock::Passphrase(&words, CHEAP));
    assert_eq!(
        read(&head, &frames, Unlock::Passphrase(&words)).unwrap(),
        content
    );
    assert_eq!(head_length(KIND, &head[..HEAD_START]).unwrap(), head.len());
    assert_eq!(sealed_under(KIND, &head).unwrap(), SealedUnder::Passphrase);
    assert_eq!(
        read(&head, &frames, Unlock::Passphrase(&"correct horse".into())).unwrap_err(),
        FileError::WrongPassphrase
    );
    assert_eq!(
        read(&head, &frames, Unlock::MasterKey(&key)).unwrap_err(),
        FileError::NeedsPassphrase
    );
}

#[test]
fn a_changed_bit_anywhere_in_the_head_is_refused() {
    let words = SecretString::from("correct horse battery staple");
    let key = master(1);
    for (lock, unlock) in [
        (Lock::MasterKey(&key), Unlock::MasterKey(&key)),
        (Lock::Passphrase(&words, CHEAP), Unlock::Passphrase(&words)),
    ] {
        let (head, frames) = file(lock);
        for bit in 0..head.len() * 8 {
            let mut changed = head.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&changed, &frames, unlock).is_err(), "bit {bit}");
        }
        for length in 0..head.len() {
            assert!(read(&head[..length], &frames, unlock).is_err(), "{length}");
        }
    }
}

#[test]
fn a_head_that_asks_for_absurd_work_is_refused_before_it_is_done() {
    let words = SecretString::from("correct horse battery staple");
    let (head, _) = file(Lock::Passphrase(&words, CHEAP));
    for at in [HEAD_START, HEAD_START + 4, HEAD_START + 8] {
        let mut changed = head.clone();
        changed[at] = 0xff;
        assert_eq!(
            FileOpener::new(KIND, &changed, Unlock::Passphrase(&words)).err(),
            Some(FileError::AbsurdCost)
        );
    }
}

#[test]
fn a_changed_frame_is_named() {
    let key = master(1);
    let (head, frames) = file(Lock::MasterKey(&key));
    for (number, frame) in frames.iter().enumerate() {
        for at in [0, frame.len() / 2, frame.len() - 1] {
            let mut changed = frames.clone();
            changed[number][at] ^= 1;
            assert_eq!(
                read(&head, &changed, Unlock::MasterKey(&key)).unwrap_err(),
                FileError::Damaged(number as u64)
            );
        }
    }
}

#[test]
fn a_file_that_was_cut_at_a_frame_is_told_so() {
    let key = master(1);
    let (head, frames) = file(Lock::MasterKey(&key));
    for kept in 1..frames.len() {
        assert_eq!(
            read(&head, &frames[..kept], Unlock::MasterKey(&key)).unwrap_err(),
            FileError::Truncated
        );
    }
}

#[test]
fn frames_that_are_swapped_doubled_left_out_or_of_another_file_are_refused() {
    let key = master(1);
    let (head, frames) = file(Lock::MasterKey(&key));
    let (_, other) = {
        let (head, mut sealer) =
            FileSealer::new(KIND, Lock::MasterKey(&key), &mut Random::from_seed([8; 32])).unwrap();
        let mut frame = vec![0; FRAME];
        sealer.seal(&mut frame).unwrap();
        (head, frame)
    };
    let refused = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut changed = frames.clone();
        change(&mut changed);
        matches!(
            read(&head, &changed, Unlock::MasterKey(&key)),
            Err(FileError::Damaged(_))
        )
    };
    assert!(refused(&|frames| frames.swap(0, 1)));
    assert!(refused(&|frames| frames.insert(1, frames[0].clone())));
    assert!(refused(&|frames| drop(frames.remove(1))));
    assert!(refused(&|frames| frames[0].clone_from(&other)));
    assert!(refused(&|frames| frames.push(frames[0].clone())));
    assert!(refused(&|frames| frames.push(frames[3].clone())));
}

/// The value of the reference implementation in C, asked through argon2-cffi.
#[test]
fn stretching_is_argon2id_version_19() {
    let key = stretched(&"password".into(), CHEAP, b"somesaltsomesalt").unwrap();
    assert_eq!(
        digest::hex_encode(key.as_slice()),
        "e793d64ef75d58f503d4631b2b149f7f80127c5f3993d89b1c9b781e51d0b413"
    );
}
