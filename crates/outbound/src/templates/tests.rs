#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const ALL: [Purpose; 6] = [
    Purpose::Verification,
    Purpose::LinkVerification,
    Purpose::Invitation,
    Purpose::ForgotPassword,
    Purpose::AttributeVerification,
    Purpose::SignInCode,
];

fn values() -> Values<'static> {
    Values {
        code: Some("123456"),
        username: Some("ana"),
        link: Some("https://id.example.com/confirmUser?client_id=1&user_name=ana"),
    }
}

fn email(template: &str, values: &Values<'_>) -> Rendered {
    render_email(Purpose::Verification, Some(template), None, values)
}

#[test]
fn placeholders_are_replaced_in_both_halves() {
    let mail = email(
        "<p>Dear {username}, your code is <b>{####}</b>.</p>",
        &values(),
    );
    assert_eq!(mail.html, "<p>Dear ana, your code is <b>123456</b>.</p>");
    assert_eq!(mail.text, "Dear ana, your code is 123456.");
}

#[test]
fn text_between_the_signs_becomes_the_link() {
    let mail = email("Please {##Verify Email##}.", &values());
    assert_eq!(
        mail.html,
        "Please <a href=\"https://id.example.com/confirmUser?client_id=1&amp;user_name=ana\">Verify Email</a>."
    );
    assert_eq!(
        mail.text,
        "Please Verify Email https://id.example.com/confirmUser?client_id=1&user_name=ana ."
    );
}

#[test]
fn two_links_and_a_code_are_told_apart() {
    let mail = email("{####} {##One##} {##Two##}", &values());
    assert_eq!(mail.html.matches("<a href").count(), 2);
    assert!(mail.html.starts_with("123456 <a"));
}

#[test]
fn html_in_a_user_name_is_shown_and_not_obeyed() {
    let name = "<script>alert('x')</script><a href=\"//evil\">";
    let mail = email(
        "Hello {username}!",
        &Values {
            username: Some(name),
            ..values()
        },
    );
    assert!(!mail.html.contains('<'), "{}", mail.html);
    assert_eq!(mail.text, format!("Hello {name}!"));
}

#[test]
fn a_temporary_password_survives_both_halves_letter_for_letter() {
    for password in [
        "a&b<c>d{e}#f",
        "&amp;lt;",
        "{####}",
        "{username}",
        "{##x##}",
        "a  b",
        "p\"q'r;=%20",
    ] {
        let mail = render_email(
            Purpose::Invitation,
            Some("Password: {####} for {username}"),
            None,
            &Values {
                code: Some(password),
                ..values()
            },
        );
        assert_eq!(mail.text, format!("Password: {password} for ana"));
        assert_eq!(crate::html_text::text_from_html(&mail.html), mail.text);
    }
}

#[test]
fn a_template_tells_its_placeholders() {
    let of = |template| {
        let Placeholders {
            code,
            username,
            link,
        } = Placeholders::of(template);
        (code, username, link)
    };
    assert_eq!(of("Hello"), (false, false, false));
    assert_eq!(of("{####}"), (true, false, false));
    assert_eq!(of("{##Go##} for {username}"), (false, true, true));
    assert_eq!(of("{## ##} {###} {Username}"), (false, false, false));
}

#[test]
fn inserted_values_are_never_expanded_again() {
    let mail = email(
        "{username} {####}",
        &Values {
            username: Some("{####}{##x##}"),
            ..values()
        },
    );
    assert_eq!(mail.text, "{####}{##x##} 123456");
    let tricky = Values {
        username: Some("{"),
        code: Some("####}"),
        link: None,
    };
    assert_eq!(email("{username}{####}", &tricky).text, "{####}");
    assert_eq!(
        render_sms(Purpose::SignInCode, Some("{username}{####}"), &tricky),
        "{####}"
    );
}

#[test]
fn a_value_in_an_address_cannot_add_parameters() {
    let mail = email(
        "<a class=\"x\" href=\"https://app.example/v?u={username}&amp;c={####}\">Go</a>",
        &Values {
            username: Some("a&admin=1#\"b@c"),
            ..values()
        },
    );
    assert_eq!(
        mail.html,
        "<a class=\"x\" href=\"https://app.example/v?u=a%26admin%3D1%23%22b%40c&amp;c=123456\">Go</a>"
    );
    assert_eq!(
        mail.text,
        "Go https://app.example/v?u=a%26admin%3D1%23%22b%40c&c=123456"
    );
}

#[test]
fn a_value_in_an_attribute_cannot_leave_it() {
    let mail = email(
        "<p title='{username}'>x</p>",
        &Values {
            username: Some("' onclick='x"),
            ..values()
        },
    );
    assert_eq!(mail.html, "<p title='&#39; onclick=&#39;x'>x</p>");
}

#[test]
fn a_placeholder_without_a_value_stays_as_written() {
    let mail = email("{####} {username} {##x##}", &Values::default());
    assert_eq!(mail.html, "{####} {username} {##x##}");
}

#[test]
fn what_only_resembles_a_placeholder_is_text() {
    for text in [
        "{###}",
        "{Username}",
        "{##never closed",
        "{",
        "{{####",
        "a{b}c",
    ] {
        assert_eq!(email(text, &values()).html, text);
    }
    assert_eq!(email("{{####}}", &values()).html, "{123456}");
}

#[test]
fn a_subject_with_line_breaks_becomes_one_line() {
    let mail = render_email(
        Purpose::Verification,
        None,
        Some(" Hello\r\nBcc: x@example.com\u{2028}y "),
        &values(),
    );
    assert_eq!(mail.subject, "Hello Bcc: x@example.com y");
}

#[test]
fn a_subject_shows_no_code() {
    let mail = render_email(Purpose::SignInCode, None, Some("Code {####}"), &values());
    assert_eq!(mail.subject, "Code {####}");
}

#[test]
fn blank_templates_fall_back_to_our_own() {
    let own = render_email(Purpose::Verification, None, None, &values());
    assert!(own == render_email(Purpose::Verification, Some("  \n"), Some(""), &values()));
}

#[test]
fn our_own_mails_say_what_they_must_and_leave_no_placeholder() {
    for purpose in ALL {
        let mail = render_email(purpose, None, None, &values());
        let needed = match purpose {
            Purpose::LinkVerification => values().link.unwrap(),
            _ => "123456",
        };
        assert!(mail.text.contains(needed), "{purpose:?}: {}", mail.text);
        assert!(
            !mail.html.contains("##") && !mail.text.contains("##"),
            "{purpose:?}"
        );
        assert!(!mail.html.contains("{username}"), "{purpose:?}");
        assert!(
            !mail.text.contains(['<', '>', '{', '}']),
            "{purpose:?}: {}",
            mail.text
        );
        assert!(!mail.subject.is_empty());
    }
    let invitation = render_email(Purpose::Invitation, None, None, &values());
    assert!(
        invitation
            .text
            .contains("User name: ana\nTemporary password: 123456"),
        "{}",
        invitation.text
    );
}

#[test]
fn our_own_text_messages_fit_one_sms_and_hold_the_code() {
    for purpose in ALL {
        let message = render_sms(purpose, None, &values());
        assert!(
            message.contains("123456") && message.is_ascii() && message.len() <= 140,
            "{message}"
        );
    }
}

#[test]
fn a_text_message_is_plain_and_escapes_nothing() {
    let message = render_sms(
        Purpose::Invitation,
        Some("{username}: {####}"),
        &Values {
            code: Some("a&<b>"),
            username: Some("o'neil"),
            link: None,
        },
    );
    assert_eq!(message, "o'neil: a&<b>");
}

proptest::proptest! {
    #[test]
    fn any_value_reaches_the_reader_letter_for_letter(name in "[^\\p{C}]{0,40}", code in "[ -~]{0,40}") {
        let values = Values { username: Some(&name), code: Some(&code), link: None };
        let mail = email("<p>for [{username}] it is [{####}]</p>", &values);
        proptest::prop_assert_eq!(&mail.text, &format!("for [{name}] it is [{code}]"));
        let tags = mail.html.replace("<span style=\"white-space:pre-wrap\">", "").replace("</span>", "");
        proptest::prop_assert_eq!(tags.matches('<').count(), 2);
    }

    #[test]
    fn no_template_makes_rendering_fail(template in "([<>{}#/a-z'\"=&; !-]|\\{####\\}|\\{username\\}|<a href=|&#|<style>|é){0,60}") {
        let mail = email(&template, &values());
        let _ = (mail.text, render_sms(Purpose::SignInCode, Some(&template), &values()));
    }
}
