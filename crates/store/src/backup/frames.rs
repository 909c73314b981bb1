//! A sealed file as a stream of bytes: cut into frames on the way out, put together on the way in.

use std::io::{ErrorKind, Read, Write};

use cognate_crypto::seal::file::{
    FRAME, FRAME_OVERHEAD, FileError, FileKind, FileOpener, FileSealer, HEAD_START, Lock, Unlock,
    head_length,
};
use cognate_crypto::{random::Random, secret::SecretBytes};

use super::error::BackupError;

/// Seals what is written.
pub(crate) struct FrameWriter<W> {
    out: W,
    sealer: FileSealer,
    /// What is not sealed yet; never more than a frame.
    buffer: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    /// Writes the head of the file.
    pub(crate) fn new(
        kind: FileKind,
        mut out: W,
        lock: Lock<'_>,
        random: &mut Random,
    ) -> Result<Self, BackupError> {
        let (head, sealer) = FileSealer::new(kind, lock, random)?;
        out.write_all(&head)?;
        Ok(Self {
            out,
            sealer,
            buffer: Vec::with_capacity(FRAME + FRAME_OVERHEAD),
        })
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            // A full frame waits until there is more: it may be the last.
            if self.buffer.len() == FRAME {
                self.sealer.seal(&mut self.buffer)?;
                self.out.write_all(&self.buffer)?;
                self.buffer.clear();
            }
            let room = FRAME - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes bytes behind their length.
    pub(crate) fn write_sized(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(bytes.len())
            .map_err(|_| BackupError::Content("a record of more than 4 GiB".to_owned()))?;
        self.write(&length.to_be_bytes())?;
        self.write(bytes)
    }

    /// Seals the last frame; gives the file back, which the caller makes durable.
    pub(crate) fn finish(mut self) -> Result<W, BackupError> {
        self.sealer.finish(&mut self.buffer)?;
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Opens what is read.
pub(crate) struct FrameReader<R> {
    input: R,
    opener: FileOpener,
    /// The opened frame, and how much of it was taken.
    frame: Vec<u8>,
    taken: usize,
    /// The frame behind it, still sealed: whether there is one tells which is the last.
    next: Vec<u8>,
    is_at_last: bool,
}

impl<R: Read> FrameReader<R> {
    /// Reads the head of the file.
    pub(crate) fn new(
        kind: FileKind,
        mut input: R,
        unlock: Unlock<'_>,
    ) -> Result<Self, BackupError> {
        let head = read_head(kind, &mut input)?;
        let opener = FileOpener::new(kind, &head, unlock)?;
        let next = read_up_to(&mut input, FRAME + FRAME_OVERHEAD)?;
        if next.is_empty() {
            return Err(FileError::Truncated.into());
        }
        Ok(Self {
            input,
            opener,
            frame: Vec::new(),
            taken: 0,
            next,
            is_at_last: false,
        })
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        let mut filled = bytes.as_mut_slice();
        while !filled.is_empty() {
            let some = self.some(filled.len())?;
            let (now, later) = filled.split_at_mut(some.len());
            now.copy_from_slice(some);
            filled = later;
        }
        Ok(bytes)
    }

    /// Bytes behind their length.
    pub(crate) fn sized(&mut self) -> Result<Vec<u8>, BackupError> {
        let length = usize::try_from(u32::from_be_bytes(self.array()?))
            .map_err(|_| BackupError::Content("a length".to_owned()))?;
        let mut bytes = Vec::with_capacity(length.min(FRAME));
        while bytes.len() < length {
            bytes.extend_from_slice(self.some(length - bytes.len())?);
        }
        Ok(bytes)
    }

    pub(crate) fn sized_text(&mut self) -> Result<String, BackupError> {
        String::from_utf8(self.sized()?).map_err(|_| BackupError::Content("a text".to_owned()))
    }

    /// Fails unless all was read.
    pub(crate) fn check_end(&mut self) -> Result<(), BackupError> {
        if self.taken == self.frame.len() && self.is_at_last {
            Ok(())
        } else {
            Err(BackupError::Content("something behind its end".to_owned()))
        }
    }

    /// At least one byte and at most as many as asked for.
    fn some(&mut self, at_most: usize) -> Result<&[u8], BackupError> {
        if self.taken == self.frame.len() {
            self.next_frame()?;
        }
        let rest = self.frame.get(self.taken..).unwrap_or_default();
        let some = rest.get(..at_most).unwrap_or(rest);
        self.taken += some.len();
        Ok(some)
    }

    fn next_frame(&mut self) -> Result<(), BackupError> {
        if self.is_at_last {
            return Err(BackupError::Content("its end".to_owned()));
        }
        // It held secrets.
        drop(SecretBytes::new(std::mem::take(&mut self.frame)));
        let behind = read_up_to(&mut self.input, FRAME + FRAME_OVERHEAD)?;
        self.is_at_last = behind.is_empty();
        self.frame = std::mem::replace(&mut self.next, behind);
        self.taken = 0;
        self.opener.open(&mut self.frame, self.is_at_last)?;
        if self.frame.is_empty() {
            return Err(BackupError::Content("an empty frame".to_owned()));
        }
        Ok(())
    }
}

/// The head of a file, read to its end and no further.
pub(crate) fn read_head(kind: FileKind, input: &mut impl Read) -> Result<Vec<u8>, BackupError> {
    let mut head = read_up_to(input, HEAD_START)?;
    let length = head_length(kind, &head)?;
    head.extend(read_up_to(input, length - HEAD_START)?);
    Ok(head)
}

/// Fewer bytes only where the input ends.
fn read_up_to(input: &mut impl Read, number: usize) -> Result<Vec<u8>, BackupError> {
    let mut bytes = vec![0; number];
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}
