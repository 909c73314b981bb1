"""Prints the vectors of src/srp/tests.rs: SRP as Cognito speaks it, written from the RFCs with Python's own integers.

    python3 tests/data/srp_vectors.py

Nothing is shared with the Rust code: pi, and so N, comes from Machin's formula, powers from pow(). The client is the textbook's;
the server uses -2 where the textbook has 2 (see the module comment of srp.rs), which the client must not notice.
"""
import hashlib
import hmac


def arctan_of_inverse(x, one):
    total = term = one // x
    n, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // n)
        n, sign = n + 2, -sign
    return total


ONE = 1 << (2942 + 64)
PI = 4 * (4 * arctan_of_inverse(5, ONE) - arctan_of_inverse(239, ONE)) >> 64
N = 2**3072 - 2**3008 - 1 + 2**64 * (PI + 1690314)  # RFC 3526 section 5
G = 2


def pad(x):
    digits = "%x" % x
    digits = "0" * (len(digits) % 2) + digits
    return bytes.fromhex("00" + digits if digits[0] in "89abcdef" else digits)


def h(data):
    return int.from_bytes(hashlib.sha256(data).digest(), "big")


def hkdf(ikm, salt):
    key = hmac.digest(salt, ikm, "sha256")
    return hmac.digest(key, b"Caldera Derived Key\x01", "sha256")[:16]


def vector(salt, pool, user, password, a, b):
    k = h(pad(N) + pad(G))
    identity = hashlib.sha256((pool + user + ":" + password).encode()).digest()
    x = h(pad(int(salt, 16)) + identity)
    v = pow(G, x, N)
    public_a, public_b = pow(G, a, N), (k * v + pow(N - 2, b, N)) % N
    u = h(pad(public_a) + pad(public_b))
    s = pow((public_b - k * v) % N, a + u * x, N)
    key = hkdf(pad(s), pad(u))
    block, time = b"block", "Tue Sep 5 18:20:05 UTC 2017"
    signature = hmac.digest(key, pool.encode() + user.encode() + block + time.encode(), "sha256")
    server_s = pow(public_a * pow(v, u, N), b, N)
    assert s in (server_s, N - server_s)
    sha = lambda number: hashlib.sha256(number.to_bytes(384, "big")).hexdigest()
    sign = "+" if s == server_s else "-"
    print(f'    Vector {{ salt: "{salt}", password: "{password}", a: {a & 255:#04x}, b: {b & 255:#04x},')
    print(f'        verifier: "{sha(v)}",')
    print(f'        client: "{sha(public_a)}",')
    print(f'        server: "{sha(public_b)}",')
    print(f'        key: "{key.hex()}", // S is {sign}(A * v^u)^b')
    print(f'        signature: "{signature.hex()}" }},')


def repeated(byte):
    return int.from_bytes(bytes([byte]) * 32, "big")


if __name__ == "__main__":
    cases = [
        ("4f0123456789abcdef0123456789abcd", "Passw0rd!", 0x11, 0x22),
        ("000123456789abcdef0123456789abcd", "Passw0rd!", 0x13, 0x24),
        ("0000a23456789abcdef0123456789abc", "Passw0rd!", 0x7f, 0x81),
        ("ff0123456789abcdef0123456789abcd", "pässwörd ✓", 0xf1, 0x23),
        ("800000000000000000000000000000ff", "", 0xff, 0xff),
        ("00000000000000000000000000000000", " x ", 0x10, 0xf5),
    ]
    for salt, password, a, b in cases:
        vector(salt, "AbCdEfGhI", "5d8a6d3c-0000-4000-8000-1234567890ab", password, repeated(a), repeated(b))
