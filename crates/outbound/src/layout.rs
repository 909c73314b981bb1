//! The messages of pools without a template, and the frame of their mails.
//!
//! The words are templates like an operator's and have the same placeholders. The frame is plain
//! HTML without tables or images. Its style is inline, with one style block for dark mode that a
//! mail program may ignore.

use crate::Purpose;

/// The style of a link in our own mails; it looks like a button.
pub(crate) const LINK_STYLE: &str = "display:inline-block;padding:12px 20px;border-radius:8px;background:#2f5bea;\
     color:#ffffff;text-decoration:none;font-weight:600";

/// The subject and the HTML template of our own mail.
pub(crate) fn email(purpose: Purpose) -> (&'static str, String) {
    let code = r#"<p class="box" style="margin:24px 0;padding:16px;border-radius:8px;background:#eef1f7;text-align:center;font:700 28px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:4px">{####}</p>"#;
    let (subject, body, closing) = match purpose {
        Purpose::Verification => (
            "Your verification code",
            format!(
                "{}{code}",
                paragraph("Enter this code to finish signing up:")
            ),
            "If you did not sign up, you can ignore this message. Without the code nothing happens.",
        ),
        Purpose::LinkVerification => (
            "Confirm your email address",
            format!(
                "{}{}",
                paragraph(
                    "One step is left to finish signing up: tell us that this address is yours."
                ),
                paragraph("{##Confirm my address##}")
            ),
            "If you did not sign up, you can ignore this message. Without a click nothing happens.",
        ),
        Purpose::Invitation => (
            "Your new account",
            format!(
                "{}{}{}",
                paragraph(
                    "An account has been made for you. Sign in with this user name and temporary password:"
                ),
                r#"<p class="box" style="margin:24px 0;padding:16px;border-radius:8px;background:#eef1f7;overflow-wrap:anywhere">User name: <b>{username}</b><br>Temporary password: <b style="font-family:ui-monospace,Menlo,Consolas,monospace">{####}</b></p>"#,
                paragraph(
                    "When you sign in for the first time, you choose a password of your own."
                )
            ),
            "If you do not know what this is about, you can ignore this message.",
        ),
        Purpose::ForgotPassword => (
            "Reset your password",
            format!(
                "{}{code}",
                paragraph("Enter this code to choose a new password:")
            ),
            "If you did not ask for this, you can ignore this message. Your password stays as it is.",
        ),
        Purpose::AttributeVerification => (
            "Confirm this email address",
            format!(
                "{}{code}",
                paragraph("Enter this code to confirm that this address belongs to your account:")
            ),
            "If you did not ask for this, you can ignore this message. Without the code nothing changes.",
        ),
        Purpose::SignInCode => (
            "Your sign-in code",
            format!("{}{code}", paragraph("Enter this code to sign in:")),
            "If you are not signing in, do not give this code to anyone. Without it nobody gets in.",
        ),
    };
    (subject, frame(subject, &body, closing))
}

/// The template of our own text message: short, and with the code first, where phones look for it.
pub(crate) fn sms(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Verification | Purpose::LinkVerification => "{####} is your verification code.",
        Purpose::Invitation => {
            "An account has been made for you. User name: {username} Temporary password: {####}"
        }
        Purpose::ForgotPassword => "{####} is your code to choose a new password.",
        Purpose::AttributeVerification => "{####} is the code to confirm this phone number.",
        Purpose::SignInCode => "{####} is your sign-in code. Do not share it.",
    }
}

/// A paragraph of our own mails.
pub(crate) fn paragraph(html: &str) -> String {
    format!(r#"<p style="margin:16px 0">{html}</p>"#)
}

/// A mail of our own: heading, body and, smaller, what closes it.
pub(crate) fn frame(heading: &str, body: &str, closing: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{heading}</title>
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
  .page {{ background: #14161b !important; color: #e6e8ee !important; }}
  .card {{ background: #1e2128 !important; border-color: #343944 !important; }}
  .box {{ background: #2a2f3a !important; }}
  .quiet {{ color: #a2a9b8 !important; }}
}}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background:#f4f5f8;color:#1c2130;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div class="card" style="max-width:480px;margin:0 auto;padding:24px 28px;background:#ffffff;border:1px solid #dfe3ec;border-radius:12px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">{heading}</h1>
{body}
<p class="quiet" style="margin:24px 0 0;font-size:14px;color:#5d6679">{closing}</p>
</div>
</body>
</html>
"#
    )
}
