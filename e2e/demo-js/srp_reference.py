"""Cognito's SRP in plain Python, written apart from srp.js and from the server, so that each can be
checked against it.

`python3 srp_reference.py` prints the vectors that srp.test.mjs reads (vectors.json). The group's
prime is computed from its definition (RFC 3526 section 5) and not copied, so a mistyped digit in a
constant elsewhere shows. Standard library only.
"""

import base64
import hashlib
import hmac
import json


def pi_times_power_of_two(bits):
    """floor(2^bits * pi), by Machin's formula on integers with spare bits."""
    spare = 64
    one = 1 << (bits + spare)

    def arctan_of_inverse(n):
        term = one // n
        total, k, sign = term, 1, 1
        while term:
            term //= n * n
            k += 2
            sign = -sign
            total += sign * (term // k)
        return total

    return (4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))) >> spare


N = 2**3072 - 2**3008 - 1 + 2**64 * (pi_times_power_of_two(2942) + 1690314)
G = 2


def pad(number):
    """Big-endian bytes, with a zero byte in front when the top bit is set (as Java prints a
    positive BigInteger)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def sha256_number(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = sha256_number(pad(N), bytes([G]))


def private_value_of_password(pool_name, user_id, password, salt):
    inner = hashlib.sha256(f"{pool_name}{user_id}:{password}".encode()).digest()
    return sha256_number(pad(salt), inner)


def scramble(big_a, big_b):
    return sha256_number(pad(big_a), pad(big_b))


def hkdf(shared, u):
    pseudo_random_key = hmac.new(pad(u), pad(shared), hashlib.sha256).digest()
    return hmac.new(pseudo_random_key, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]


def server_public(verifier, b):
    return (K * verifier + pow(G, b, N)) % N


def server_key(big_a, verifier, b):
    """What the server derives: it never sees the password, so agreement with the client proves both
    sides."""
    big_b = server_public(verifier, b)
    u = scramble(big_a, big_b)
    return hkdf(pow(big_a * pow(verifier, u, N), b, N), u)


def claim_signature(key, pool_name, user_id, secret_block, timestamp):
    message = pool_name.encode() + user_id.encode() + secret_block + timestamp.encode()
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def from_seed(label, size=32):
    """A fixed number that looks random; the vectors must come out the same on every run."""
    return int.from_bytes(hashlib.sha512(label.encode()).digest()[:size], "big")


def vector(name, pool_name, user_id, password, salt, a, b):
    x = private_value_of_password(pool_name, user_id, password, salt)
    verifier = pow(G, x, N)
    big_a = pow(G, a, N)
    big_b = server_public(verifier, b)
    secret_block = hashlib.sha512(name.encode()).digest() * 3
    timestamp = "Tue Sep 5 18:20:05 UTC 2017"
    key = server_key(big_a, verifier, b)
    return {
        "name": name,
        "poolName": pool_name,
        "userId": user_id,
        "password": password,
        # Java's and JavaScript's number printing both drop leading zeros; a server may keep them.
        # Both must be understood.
        "salt": f"{salt:032x}",
        "a": f"{a:x}",
        "b": f"{b:x}",
        "A": f"{big_a:x}",
        "B": f"{big_b:x}",
        "u": f"{scramble(big_a, big_b):x}",
        "x": f"{x:x}",
        "verifier": f"{verifier:x}",
        "key": key.hex(),
        "secretBlock": base64.b64encode(secret_block).decode(),
        "timestamp": timestamp,
        "signature": claim_signature(key, pool_name, user_id, secret_block, timestamp),
    }


def first(label, wanted):
    """The first of a row of seeded numbers for which `wanted` holds."""
    return next(n for n in (from_seed(f"{label} {i}") for i in range(100_000)) if wanted(n))


def vectors():
    salt = from_seed("salt", 16)
    a, b = from_seed("a"), from_seed("b")
    plain = ("AbCdEfGhI", "9f2b7c3e-1d4a-4a55-9a0e-3c1f5f0c9b11", "Correct-Horse-7")

    def u_of(b_candidate, x_salt=salt):
        verifier = pow(G, private_value_of_password(*plain, x_salt), N)
        return scramble(pow(G, a, N), server_public(verifier, b_candidate))

    rows = [
        vector("an ordinary sign-in", *plain, salt, a, b),
        vector("a password outside ASCII", plain[0], "ana", "Grüße-从-🗝-7", salt, a, b),
        vector("an empty password", plain[0], "ana", "", salt, a, b),
        vector("a salt with its top bit set", *plain, salt | 1 << 127, a, b),
        vector("a salt that begins with zero bytes", *plain, (salt & (1 << 108) - 1), a, b),
        vector(
            "a salt with zeros before a set bit", *plain, (salt & (1 << 112) - 1) | 1 << 111, a, b
        ),
        vector(
            "A with its top bit clear",
            *plain,
            salt,
            first("short A", lambda n: pow(G, n, N).bit_length() <= 3064),
            b,
        ),
        vector(
            "A with its top bit set",
            *plain,
            salt,
            first("long A", lambda n: pow(G, n, N).bit_length() == 3072),
            b,
        ),
        vector(
            "u below its top byte",
            *plain,
            salt,
            a,
            first("short u", lambda n: u_of(n).bit_length() <= 248),
        ),
        vector(
            "u with its top bit set",
            *plain,
            salt,
            a,
            first("long u", lambda n: u_of(n).bit_length() == 256),
        ),
    ]
    return {"N": f"{N:x}", "k": f"{K:x}", "vectors": rows}


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1, ensure_ascii=False))
