"""Real password hashes of invented passwords, made once and shared: bcrypt is slow on purpose."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable
from functools import lru_cache

from wizard.practice.people.chance import chance_of

WORDS = [
    "copper",
    "lantern",
    "willow",
    "harbour",
    "thistle",
    "marble",
    "falcon",
    "ember",
    "quartz",
    "meadow",
    "saffron",
    "juniper",
]
BCRYPT64 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)

Known = tuple[str, str]
"""A password and its hash."""


@lru_cache(maxsize=8)
def bcrypt_pool(seed: int, size: int) -> tuple[Known, ...]:
    """Passwords with bcrypt hashes of cost 10, most `$2b$` and some `$2a$`; the same for the same seed.

    Each takes about 60 ms. bcrypt lets go of Python's lock, so threads share the work.
    """
    from concurrent.futures import ThreadPoolExecutor

    chance = chance_of("bcrypt", seed)
    wanted = [(_password(chance), _salt(chance, b"$2a$10$" if i % 6 == 5 else b"$2b$10$")) for i in range(size)]
    with ThreadPoolExecutor() as threads:
        return tuple(threads.map(_bcrypt, wanted))


def _bcrypt(wanted: tuple[str, bytes]) -> Known:
    import bcrypt

    password, salt = wanted
    return password, bcrypt.hashpw(password.encode(), salt).decode()


def _password(chance: random.Random) -> str:
    return f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{chance.randrange(100, 1000)}"


def _salt(chance: random.Random, start: bytes) -> bytes:
    """bcrypt writes its 16 bytes of salt in an alphabet of its own."""
    return start + base64.b64encode(chance.randbytes(16)).translate(BCRYPT64)[:22]


def _bcrypt_of(prefix: str, cost: int) -> Callable[[str, random.Random], str]:
    def make(password: str, chance: random.Random) -> str:
        import bcrypt

        made = bcrypt.hashpw(password.encode(), _salt(chance, b"$2b$%02d$" % cost)).decode()
        # PHP writes 2y for what others call 2b; the digits are the same.
        return made.replace("$2b$", prefix, 1)

    return make


def _django(password: str, chance: random.Random) -> str:
    salt = chance.randbytes(6).hex()
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 20_000)
    return f"pbkdf2_sha256$20000${salt}${base64.b64encode(digest).decode()}"


def _md5_crypt(password: str, chance: random.Random) -> str:
    from passlib.hash import md5_crypt

    return str(md5_crypt.using(salt=chance.randbytes(4).hex()).hash(password))


def _argon2(password: str, chance: random.Random) -> str:
    from argon2.low_level import Type, hash_secret

    return hash_secret(password.encode(), chance.randbytes(16), 2, 1024, 1, 32, Type.ID).decode()


def _phpass(password: str, chance: random.Random) -> str:
    from passlib.hash import phpass

    return str(phpass.using(salt=chance.randbytes(4).hex(), rounds=7).hash(password))


OTHER_SCHEMES: dict[str, Callable[[str, random.Random], str]] = {
    "bcrypt of cost 6": _bcrypt_of("$2b$", 6),
    "bcrypt 2y": _bcrypt_of("$2y$", 6),
    "pbkdf2 of Django": _django,
    "crypt(3) md5": _md5_crypt,
    "argon2id": _argon2,
    "phpass": _phpass,
    "empty": lambda password, chance: "",
    "disabled": lambda password, chance: "!",
}
"""Hashes that `password_hash` does not take; the last two let nobody in."""


@lru_cache(maxsize=8)
def other_pools(seed: int, size: int) -> dict[str, tuple[Known, ...]]:
    """Passwords and hashes by scheme, for each of OTHER_SCHEMES."""
    chance = chance_of("others", seed)
    pools = {}
    for scheme, make in OTHER_SCHEMES.items():
        passwords = [_password(chance) for _ in range(size)]
        pools[scheme] = tuple((password, make(password, chance)) for password in passwords)
    return pools
