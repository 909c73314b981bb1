"""Prints the vectors that qr.test.mjs reads (qr_vectors.json): codes that another implementation has
made, so that qr.js can be checked against it.

    python3 -m venv VENV && VENV/bin/pip install qrcode==8.2
    VENV/bin/python e2e/demo-js/qr_reference.py > e2e/demo-js/qr_vectors.json

For each of the forty versions the longest text, and one that leaves room for padding; the modules
as a SHA-256 of their rows ('1' for dark), joined by line ends. Then a text such as the demo shows,
with its modules whole, under the mask of the fewest penalty points.
"""

import hashlib
import json

import qrcode
from qrcode.util import MODE_8BIT_BYTE, QRData, lost_point

URI = (
    "otpauth://totp/Lighthouse%20Notes:ana%40example.com"
    "?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Lighthouse%20Notes"
)


def code(text, version, mask):
    made = qrcode.QRCode(
        version=version, error_correction=qrcode.constants.ERROR_CORRECT_M, mask_pattern=mask
    )
    made.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE), optimize=0)
    made.make(fit=version is None)
    return made


def rows(made):
    return ["".join("1" if dark else "0" for dark in row) for row in made.modules]


def most_bytes(version):
    bits = qrcode.util.BIT_LIMIT_TABLE[qrcode.constants.ERROR_CORRECT_M][version]
    return (bits - 4 - (8 if version < 10 else 16)) // 8


def text_of(length):
    """Text without a pattern that the correction could hide behind; qr.test.mjs makes the same."""
    return "".join(chr(33 + (at * at * 7 + length * 13 + at) % 90) for at in range(length))


def main():
    vectors = []
    for version in range(1, 41):
        for length in (most_bytes(version), most_bytes(version) - 3):
            mask = (version + length) % 8
            digest = hashlib.sha256("\n".join(rows(code(text_of(length), version, mask))).encode())
            vectors.append(
                {"length": length, "version": version, "mask": mask, "sha256": digest.hexdigest()}
            )
    best = min((code(URI, None, mask) for mask in range(8)), key=lambda c: lost_point(c.modules))
    print(json.dumps({"vectors": vectors, "uri": URI, "rows": rows(best)}, indent=1))


main()
