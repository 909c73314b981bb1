//! What a passkey is called in its user's list, until somebody gives it a better name.

use super::attachment::Attachment;

/// Makes of authenticators that most passkeys lie with, by their AAGUIDs as hexadecimal digits,
/// which their makers publish. Nobody vouches for what an authenticator says of itself: it serves
/// to recognize one's own.
const MAKES: &[(u128, &str)] = &[
    (0xfbfc3007_154e_4ecc_8c0b_6e020557d7bd, "iCloud Keychain"),
    (0xdd4ec289_e01d_41c9_bb89_70fa845d4bf2, "iCloud Keychain"),
    (
        0xea9b8d66_4d01_1d21_3ce4_b6b48cb575d4,
        "Google Password Manager",
    ),
    (0xadce0002_35bc_c60a_648b_0b25f1f05503, "Chrome on Mac"),
    (0x771b48fd_d3d4_4f74_9232_fc157ab0507a, "Edge on Mac"),
    (0x08987058_cadc_4b81_b6e1_30de50dcbe96, "Windows Hello"),
    (0x9ddd1817_af5a_4672_a2b9_3e3dd95000a9, "Windows Hello"),
    (0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2, "Windows Hello"),
    (0xbada5566_a7aa_401f_bd96_45619a55120d, "1Password"),
    (0xd548826e_79b4_db40_a3d8_11116f7e8349, "Bitwarden"),
    (0x531126d6_e717_415c_9320_3d9aa6981239, "Dashlane"),
];

/// A name that none of the user's other passkeys has.
pub(super) fn friendly(
    aaguid: &[u8; 16],
    attachment: Option<Attachment>,
    transports: &[String],
    taken: impl Fn(&str) -> bool,
) -> String {
    let aaguid = u128::from_be_bytes(*aaguid);
    let make = MAKES.iter().find(|(known, _)| *known == aaguid);
    let is_key = attachment == Some(Attachment::CrossPlatform)
        && transports
            .iter()
            .any(|transport| ["usb", "nfc", "ble"].contains(&transport.as_str()));
    let base = match make {
        Some((_, name)) => name,
        None if is_key => "Security key",
        None => "Passkey",
    };
    if !taken(base) {
        return base.to_owned();
    }
    (2..)
        .map(|number| format!("{base} {number}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}
