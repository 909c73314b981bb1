//! Looks at a backup without a database.

use std::io::Read;

use cognate_crypto::seal::file::{self, FileKind, SealedUnder, Unlock};

use super::{
    error::BackupError,
    format::Summary,
    frames,
    reader::{BackupReader, Record},
};

/// Reads a backup to its end and checks all of it, without a database.
///
/// # Errors
/// [`BackupError`].
pub fn verify(input: impl Read, unlock: Unlock<'_>) -> Result<Summary, BackupError> {
    let mut backup = BackupReader::new(FileKind::Backup, input, unlock)?;
    loop {
        if let Record::End(summary) = backup.next()? {
            return Ok(summary);
        }
    }
}

/// Under what the file was sealed, as its head says.
///
/// # Errors
/// [`BackupError`]: no backup.
pub fn sealed_under(mut input: impl Read) -> Result<SealedUnder, BackupError> {
    Ok(file::sealed_under(
        FileKind::Backup,
        &frames::read_head(FileKind::Backup, &mut input)?,
    )?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use cognate_crypto::{
        digest::sha256,
        random::Random,
        seal::{MasterKey, file::Lock},
    };

    use super::*;
    use crate::{
        backup::{
            format::{END, Manifest, ROW, TABLE, TABLE_END},
            frames::FrameWriter,
            layout::{self, Layout},
        },
        migrations,
    };

    fn key() -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    /// What is said of a file whose seal is whole and whose content is this, behind a manifest.
    fn refusal(content: &[u8]) -> Option<String> {
        let mut random = Random::from_seed([6; 32]);
        let mut out = FrameWriter::new(
            FileKind::Backup,
            Vec::new(),
            Lock::MasterKey(&key()),
            &mut random,
        )
        .unwrap();
        let manifest = Manifest {
            schema: migrations::newest(),
            made_at_ms: 0,
            made_by: String::new(),
            pool: None,
        };
        out.write_sized(&serde_json::to_vec(&manifest).unwrap())
            .unwrap();
        out.write(content).unwrap();
        let file = out.finish().unwrap();
        let refused = verify(file.as_slice(), Unlock::MasterKey(&key())).err();
        refused.map(|error| error.to_string())
    }

    fn begin(name: &str) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap();
        [&[TABLE][..], &length.to_be_bytes(), name.as_bytes()].concat()
    }

    fn end(rows: u64, checksum: [u8; 32]) -> Vec<u8> {
        [&[TABLE_END][..], &rows.to_be_bytes(), &checksum].concat()
    }

    /// Every table, without a row.
    fn empty_tables() -> Vec<u8> {
        let tables = layout::at_version(migrations::newest()).unwrap();
        let both = |table: &Layout| [begin(table.name), end(0, sha256(&[]))].concat();
        tables.iter().flat_map(both).collect()
    }

    #[test]
    fn content_that_is_not_in_order_is_refused_though_its_seal_is_whole() {
        let tables = empty_tables();
        assert_eq!(refusal(&[&tables[..], &[END]].concat()), None);
        let meta = begin("meta");
        for (content, words) in [
            (
                [&meta[..], &end(1, sha256(&[]))].concat(),
                "the checksum of meta",
            ),
            (
                [&meta[..], &end(0, [0; 32])].concat(),
                "the checksum of meta",
            ),
            (begin("users"), "the place of users"),
            (
                [&meta[..], &end(0, sha256(&[])), &[END]].concat(),
                "the number of its tables",
            ),
            ([&tables[..], &meta].concat(), "a table too many"),
            ([&meta[..], &meta].concat(), "the order of its records"),
            (vec![ROW], "the order of its records"),
            ([&meta[..], &[ROW, 9]].concat(), "a column of meta"),
            (
                [&tables[..], &[END, END]].concat(),
                "something behind its end",
            ),
            (tables.clone(), "its end"),
        ] {
            let refusal = refusal(&content).unwrap();
            assert!(refusal.ends_with(words), "{words}: {refusal}");
        }
    }
}
