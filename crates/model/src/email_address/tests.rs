#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::NormalName;

fn envelope(text: &str) -> Option<String> {
    EmailAddress::parse(text)
        .ok()
        .map(|address| address.to_string())
}

#[test]
fn an_address_is_read_into_its_envelope() {
    for (text, expected) in [
        ("ana@example.com", "ana@example.com"),
        ("Ana+tag@Mail.Example.COM", "Ana+tag@mail.example.com"),
        ("o'neil/x=1?{y}@example.com", "o'neil/x=1?{y}@example.com"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("ana@XN--bcher-KVA.example", "ana@xn--bcher-kva.example"),
        ("ana@ｂücher.example", "ana@xn--bcher-kva.example"),
        ("ana@bu\u{308}cher.example", "ana@xn--bcher-kva.example"),
        ("ana@faß.example", "ana@xn--fa-hia.example"),
        ("संपर्क@example.com", "संपर्क@example.com"),
        ("añá@例え.jp", "añá@xn--r8jz45g.jp"),
        ("ana@мойдомен.рф", "ana@xn--d1acklchcc.xn--p1ai"),
        ("ana@हिन्दी.example", "ana@xn--j2bd4cyah0f.example"),
        ("ana@paral·lel.example", "ana@xn--parallel-koa.example"),
    ] {
        assert_eq!(envelope(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_delimiter_of_urls_in_the_domain_is_no_address_in_any_clothes() {
    for delimiter in "/?#@:\\%[]<>|^`{}()\"',;!$&*+=~_ ／？＃＠：＼％［］＜＞｜＾｀｛｝（）＂＇，；！＄＆＊＋＝～＿⁄∕‼⁇℀℅".chars() {
        for domain in [
            format!("evil.example{delimiter}ü.bank.example"),
            format!("evil.example{delimiter}.bücher.example"),
            format!("{delimiter}bücher.example"),
            format!("bücher.example{delimiter}"),
            format!("evil.example{delimiter}bank.example"),
        ] {
            let text = format!("ana@{domain}");
            let Ok(read) = EmailAddress::parse(&text) else { continue };
            // A second @ may end a local part only where that is one by itself.
            panic!("{text:?} is read as {read}");
        }
    }
}

#[test]
fn a_full_stop_of_another_script_would_give_one_mailbox_two_names_and_is_refused() {
    for text in ["ana@bücher。example", "ana@example｡com"] {
        assert_eq!(envelope(text), None, "{text}");
    }
}

#[test]
fn what_is_not_seen_is_in_no_address() {
    for unseen in "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
                   \u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{e0001}\u{e0041}\u{e0100}\
                   \0\t\r\n\u{7f}\u{85}\u{a0}\u{2028}\u{2029}\u{3000}\u{1b}".chars() {
        for text in [
            format!("a{unseen}na@example.com"),
            format!("ana@exa{unseen}mple.com"),
            format!("ana@büch{unseen}er.example"),
            format!("{unseen}ana@example.com"),
            format!("ana@example.com{unseen}"),
        ] {
            assert_eq!(envelope(&text), None, "{text:?}");
        }
    }
}

#[test]
fn what_mail_cannot_be_sent_to_is_no_address() {
    let long_label = format!("ana@{}.com", "a".repeat(64));
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_domain = format!("ana@{}com", "abcdefg.".repeat(31));
    let long_text = format!("ana@{}.com", "ü".repeat(1100));
    for text in [
        "",
        "@",
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "ana@com",
        "ana@@example.com",
        "ana@bob@example.com",
        "ana@example..com",
        "ana@.example.com",
        "ana@example.com.",
        "ana@-example.com",
        "ana@example-.com",
        "ana@ab--cd.com",
        "ana@exam_ple.com",
        "ana@127.0.0.1",
        "ana@[127.0.0.1]",
        "ana@[IPv6:::1]",
        "ana@１２７.0.0.1",
        "ana@2130706433",
        "ana@example.1",
        ".ana@example.com",
        "ana.@example.com",
        "a..na@example.com",
        "\"ana\"@example.com",
        "a(b)na@example.com",
        "a:b@example.com",
        "a[b]@example.com",
        "Ana <ana@example.com>",
        "ana@xn--a.example",
        "ana@xn--bcher-kva0.example",
        "ana@\u{301}x.example",
        "ana@xn--.example",
        "ana@א1b.example",
        // Compatibility forms of letters before the @ are other mailboxes under one name.
        "ａｎａ@example.com",
        "ﬁ@example.com",
        "an\u{301}a@example.com",
        "\u{212a}@example.com",
        // No character yet, and private ones.
        "\u{378}@example.com",
        "\u{e000}@example.com",
        "\u{fdd0}@example.com",
        // A last sigma in capitals: UTS 46 takes it to another letter than lower-casing does.
        "ana@ΟΔΟΣ-1.gr",
        // A mark without a letter would join what stands before it.
        "\u{308}@example.com",
        "ana.\u{308}x@example.com",
        // Symbols: some look like delimiters.
        "ana@bank\u{2044}ü.example",
        "ana@bank\u{2215}x.example",
        "ana@☕.example",
        "ana@xn--53h.example",
        &long_label,
        &long_local,
        &long_domain,
        &long_text,
    ] {
        assert_eq!(envelope(text), None, "{text:?}");
    }
    let longest = format!("{}@{}com", "a".repeat(64), "abcdefg.".repeat(23));
    assert!(envelope(&longest).is_some());
}

#[test]
fn an_operator_may_name_a_host_without_a_dot() {
    let address = EmailAddress::parse_of_operator("no-reply@localhost").unwrap();
    assert_eq!(address.to_string(), "no-reply@localhost");
    assert!(EmailAddress::parse_of_operator("no-reply@127.0.0.1").is_err());
}

#[test]
fn all_spellings_of_a_mailbox_are_one_destination() {
    let spellings = [
        "Ana@bücher.example",
        "ana@BÜCHER.example",
        "ANA@xn--bcher-kva.example",
        "ana@XN--BCHER-KVA.EXAMPLE",
        "ana@bu\u{308}cher.example",
    ];
    for spelling in spellings {
        assert_eq!(
            destination(spelling),
            "ana@xn--bcher-kva.example",
            "{spelling}"
        );
    }
    assert_eq!(destination("+15551234567"), "+15551234567");
    assert_eq!(destination("No Address"), "no address");
}

/// Text in which what matters here is frequent.
fn tricky() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        8 => "[a-zA-Z0-9]{1,4}",
        4 => Just(".".to_owned()),
        3 => Just("@".to_owned()),
        2 => Just("-".to_owned()),
        2 => Just("xn--".to_owned()),
        3 => "[/?#:\\\\%&=+<>\\[\\]()\"'_~|^{}!*;, ]",
        3 => "[／？＃＠：＼％．。｡ｅＡ０]",
        3 => "[üßÜẞςσΣİıſKéñ例えأבᾳŐ℀㏂ﬁ]",
        2 => "[\u{ad}\u{34f}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}\u{301}\u{308}\u{338}\u{feff}\u{e0041}]",
        2 => "\\PC",
        1 => any::<char>().prop_map(|c| c.to_string()),
    ];
    let free = proptest::collection::vec(piece.clone(), 1..8).prop_map(|parts| parts.concat());
    let shaped = (
        "[a-z.+/=üé]{1,6}",
        proptest::collection::vec(piece, 1..5).prop_map(|parts| parts.concat()),
    )
        .prop_map(|(local, domain)| format!("{local}@{domain}.com"));
    prop_oneof![free, shaped]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]

    #[test]
    fn an_envelope_is_letters_digits_hyphens_and_dots_after_the_at_and_reads_as_itself(text in tricky()) {
        if let Ok(address) = EmailAddress::parse(&text) {
            let envelope = address.to_string();
            proptest::prop_assert!(address.domain().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'));
            proptest::prop_assert!(envelope.len() <= 254 && envelope.matches('@').count() == 1);
            proptest::prop_assert_eq!(EmailAddress::parse(&envelope), Ok(address));
        }
    }

    #[test]
    fn a_sign_in_name_stands_for_one_mailbox(text in tricky()) {
        if let Ok(address) = EmailAddress::parse(&text) {
            let name = NormalName::with_case_rule(&text, false);
            let of_name = EmailAddress::parse(name.as_str());
            proptest::prop_assert_eq!(of_name.map(|read| read.mailbox()), Ok(address.mailbox()));
        }
    }
}
