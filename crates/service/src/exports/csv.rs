//! A record of a CSV file, as the import of users reads it (RFC 4180).

use cognate_model::formula::guarded;

/// Adds a record. A value that a spreadsheet would run as a formula is guarded, and the import
/// takes the guard off again.
pub(super) fn record<'a>(values: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (number, value) in values.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        let value = guarded(value);
        let is_plain = !value.contains(['"', ',', '\n', '\r', '\\'])
            && !value.starts_with(char::is_whitespace)
            && !value.ends_with(char::is_whitespace);
        if is_plain {
            out.extend(value.as_bytes());
        } else {
            out.push(b'"');
            out.extend(value.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        }
    }
    out.extend(b"\r\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use cognate_model::formula::unguarded;
    use cognate_model::user_import::{Read, Step, read};
    use proptest::prelude::*;

    use super::*;

    fn written(values: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        record(values.iter().map(String::as_str), &mut out);
        out
    }

    #[test]
    fn a_record_has_quotation_marks_only_where_they_are_needed() {
        let values = [
            "ana",
            "",
            "a, b",
            "say \"hi\"",
            "two\nlines",
            "a\\,b",
            " a",
            "+15551234567",
        ];
        assert_eq!(
            String::from_utf8(written(&values.map(str::to_owned))).unwrap(),
            "ana,,\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\",\"a\\,b\",\" a\",+15551234567\r\n"
        );
    }

    proptest! {
        #[test]
        fn the_import_reads_back_what_was_written(
            values in proptest::collection::vec("[='+@a-c0-9,\"\\\\\r\n \t-]{0,9}|\\PC{0,9}", 2..6),
        ) {
            let bytes = written(&values);
            let Read::Advance(advance) = read(&bytes, true, false) else {
                panic!("no record");
            };
            prop_assert_eq!(advance.length, bytes.len());
            let Step::Record(Ok(read)) = advance.step else {
                panic!("{:?}", advance.step);
            };
            let back: Vec<String> = read.iter().map(|value| unguarded(value).to_owned()).collect();
            prop_assert_eq!(back, values);
        }
    }
}
