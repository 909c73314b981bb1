#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

/// All that a file gives, with the number of the line on which each begins; `chunk` bytes come at a
/// time, and no more are held than a record may have and a chunk.
fn all(file: &[u8], chunk: usize) -> Vec<(u64, Result<Vec<String>, BadRecord>)> {
    let (mut window, mut rest, mut line, mut skipping) = (Vec::new(), file, 1, false);
    let mut found = Vec::new();
    loop {
        match read(&window, rest.is_empty(), skipping) {
            Read::End => return found,
            Read::NeedsMore => {
                assert!(window.len() < LONGEST_RECORD);
                let (more, left) = rest.split_at(chunk.min(rest.len()));
                window.extend_from_slice(more);
                rest = left;
            }
            Read::Advance(advance) => {
                assert!(advance.length > 0);
                if let Step::Record(record) = advance.step {
                    found.push((line, record));
                }
                line += advance.lines;
                skipping = advance.skipping;
                window.drain(..advance.length);
            }
        }
    }
}

fn records(file: &str) -> Vec<(u64, Result<Vec<String>, BadRecord>)> {
    all(file.as_bytes(), 7)
}

fn values(texts: &[&str]) -> Result<Vec<String>, BadRecord> {
    Ok(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn a_comma_in_a_value_is_written_in_two_ways() {
    assert_eq!(
        records("a\\,b,\"c,d\",e\\f,g\"h\n\"i\\,\"\"j\",\\\\,k"),
        [
            (1, values(&["a,b", "c,d", "e\\f", "g\"h"])),
            (2, values(&["i\\,\"j", "\\,k"])),
        ]
    );
}

#[test]
fn lines_end_as_unix_and_windows_end_them_and_blank_ones_are_none() {
    assert_eq!(
        records("a,b\r\n\r\n \n\n\"c\r\nd\",e\r\n,\r\nf"),
        [
            (1, values(&["a", "b"])),
            (5, values(&["c\r\nd", "e"])),
            (7, values(&["", ""])),
            (8, values(&["f"])),
        ]
    );
}

#[test]
fn a_quotation_mark_that_is_not_closed_costs_its_own_row_alone() {
    assert_eq!(
        records("a,\"b\nc,d\n\"e\"f,g\nh,i\n"),
        [
            (1, Err(BadRecord::BehindQuotes)),
            (2, values(&["c", "d"])),
            (3, Err(BadRecord::BehindQuotes)),
            (4, values(&["h", "i"])),
        ]
    );
    assert_eq!(
        records("a,\"b\nc,d\n"),
        [(1, Err(BadRecord::Unclosed)), (2, values(&["c", "d"]))]
    );
    let far = format!("\"a\n{}b,c\n", "d\n".repeat(LONGEST_RECORD));
    let found = records(&far);
    assert_eq!(found[0], (1, Err(BadRecord::Unclosed)));
    assert_eq!(found[1], (2, values(&["d"])));
    assert_eq!(found.len(), LONGEST_RECORD + 2);
}

#[test]
fn a_row_has_16_000_characters_at_most_and_a_longer_one_is_not_held() {
    let records = |file: &str| all(file.as_bytes(), 4000);
    for character in ["a", "€", "😀"] {
        let longest = character.repeat(MAX_CHARACTERS);
        assert_eq!(
            records(&format!("{longest}\r\nb")),
            [(1, values(&[&longest])), (2, values(&["b"]))]
        );
        assert_eq!(
            records(&format!("{longest}c\nb")),
            [(1, Err(BadRecord::TooLong)), (2, values(&["b"]))]
        );
    }
    let endless = "a".repeat(40 * LONGEST_RECORD);
    assert_eq!(
        records(&format!("{endless}\nb")),
        [(1, Err(BadRecord::TooLong)), (2, values(&["b"]))]
    );
}

#[test]
fn what_is_no_text_costs_its_own_row_alone() {
    assert_eq!(
        all(b"a\0b,c\n\xff\xfe,d\ne\n", 3),
        [
            (1, Err(BadRecord::Nul)),
            (2, Err(BadRecord::NotUtf8)),
            (3, values(&["e"]))
        ]
    );
}

#[test]
fn a_formula_is_text() {
    assert_eq!(
        records("=1+1,+2,-3,@SUM(A1),\"=cmd|' /C calc'!A0\""),
        [(
            1,
            values(&["=1+1", "+2", "-3", "@SUM(A1)", "=cmd|' /C calc'!A0"])
        )]
    );
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_each_is_read_once_and_in_chunks_of_any_size(
        bytes in prop::collection::vec(prop_oneof![
            Just(b'"'), Just(b','), Just(b'\\'), Just(b'\n'), Just(b'\r'), any::<u8>(), Just(b'a'),
        ], 0..400),
        chunk in 1_usize..50,
    ) {
        let whole = all(&bytes, bytes.len().max(1));
        prop_assert_eq!(&whole, &all(&bytes, chunk));
        let lines = 1 + line_ends(&bytes);
        prop_assert!(whole.iter().all(|(line, _)| *line <= lines));
        prop_assert!(whole.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn what_a_program_writes_by_rfc_4180_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a-c\", \n\r\\\\€=]{0,8}", 2..5), 1..6),
        chunk in 1_usize..50,
    ) {
        let quoted = |value: &String| format!("\"{}\"", value.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
        let file = rows.iter().map(line).collect::<Vec<_>>().join("\r\n");
        let read: Vec<_> = all(file.as_bytes(), chunk)
            .into_iter()
            .map(|(_, row)| row.unwrap())
            .collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn what_is_written_as_cognito_asks_for_is_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a-c, €=]{1,8}", 2..5), 1..6),
    ) {
        let escaped = |value: &String| value.replace(',', "\\,");
        let line = |row: &Vec<String>| row.iter().map(escaped).collect::<Vec<_>>().join(",");
        let file = rows.iter().map(line).collect::<Vec<_>>().join("\n");
        let read: Vec<_> = all(file.as_bytes(), 9)
            .into_iter()
            .map(|(_, row)| row.unwrap())
            .collect();
        prop_assert_eq!(read, rows);
    }
}
