"""Passwords checked against hashes that reference libraries and Auth0's own examples made."""

import base64
import hashlib
import hmac
import shutil
import subprocess
import time
from typing import Any

import bcrypt
import pytest
from argon2.low_level import Type, hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st
from passlib.crypto.digest import lookup_hash

from wizard.practice.hashes.digests import UnsupportedDigest, digest, pbkdf2
from wizard.practice.hashes.rules import validate_hash
from wizard.practice.hashes.verify import LDAP_STRING, UnsupportedHash, verify

PASSWORD = "Grüße, Jürgen 42"
TYPED = PASSWORD.encode()


def hashed(name: str, value: bytes) -> bytes:
    return hashlib.new(name, value).digest()


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def phc(value: bytes) -> str:
    return b64(value).rstrip("=")


def plain(algorithm: str, value: bytes, encoding: str = "hex", **more: Any) -> dict[str, Any]:
    text = value.hex() if encoding == "hex" else b64(value)
    return {"algorithm": algorithm, "hash": {"value": text, "encoding": encoding}, **more}


def as_text(algorithm: str, value: str, **more: Any) -> dict[str, Any]:
    return {"algorithm": algorithm, "hash": {"value": value}, **more}


def ldap(scheme: str, name: str, salt: bytes = b"") -> dict[str, Any]:
    return as_text("ldap", f"{{{scheme}}}{b64(hashlib.new(name, TYPED + salt).digest() + salt)}")


def hmac_hash(name: str, key: dict[str, str], raw_key: bytes, **more: Any) -> dict[str, Any]:
    value = hmac.new(raw_key, TYPED, digest(name)).hexdigest()
    return {"algorithm": "hmac", "hash": {"value": value, "encoding": "hex", "digest": name, "key": key}, **more}


SALT = b"s\xc3\xa4lt"
MD4 = lookup_hash("md4").const
GOOD: dict[str, dict[str, Any]] = {
    **{name: plain(name, hashlib.new(name, TYPED).digest()) for name in ("md5", "sha1", "sha256", "sha512")},
    "md4": plain("md4", MD4(TYPED).digest()),
    "base64": plain("sha256", hashlib.sha256(TYPED).digest(), "base64"),
    "salt before": plain("sha1", hashed("sha1", SALT + TYPED), salt={"value": SALT.decode()}),
    "salt after": plain("md5", hashed("md5", TYPED + SALT), salt={"value": SALT.decode(), "position": "suffix"}),
    "salt in hex": plain(
        "sha512", hashlib.sha512(SALT + TYPED).digest(), salt={"value": SALT.hex(), "encoding": "hex"}
    ),
    "salt in base64": plain(
        "sha512", hashlib.sha512(SALT + TYPED).digest(), salt={"value": b64(SALT), "encoding": "base64"}
    ),
    "utf16": plain("sha256", hashlib.sha256(PASSWORD.encode("utf-16-le")).digest(), password={"encoding": "utf16le"}),
    "ucs2": plain("md4", MD4(PASSWORD.encode("utf-16-le")).digest(), password={"encoding": "ucs2"}),
    "latin1": plain("md5", hashed("md5", PASSWORD.encode("latin-1")), password={"encoding": "latin1"}),
    "binary": plain("md5", hashed("md5", PASSWORD.encode("latin-1")), password={"encoding": "binary"}),
    "ascii": plain("md5", hashed("md5", PASSWORD.encode("latin-1")), password={"encoding": "ascii"}),
    "bcrypt": as_text("bcrypt", bcrypt.hashpw(TYPED, bcrypt.gensalt(4)).decode()),
    "bcrypt 2a": as_text("bcrypt", bcrypt.hashpw(TYPED, bcrypt.gensalt(4, b"2a")).decode()),
    "bcrypt 2y": as_text("bcrypt", bcrypt.hashpw(TYPED, bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")),
    "bcrypt salt before": as_text(
        "bcrypt", bcrypt.hashpw(SALT + TYPED, bcrypt.gensalt(4)).decode(), salt={"value": SALT.decode()}
    ),
    "bcrypt salt after": as_text(
        "bcrypt",
        bcrypt.hashpw(TYPED + SALT, bcrypt.gensalt(4)).decode(),
        salt={"value": SALT.hex(), "encoding": "hex", "position": "suffix"},
    ),
    "hmac": hmac_hash("sha256", {"value": "key"}, b"key"),
    "hmac md4": hmac_hash("md4", {"value": "key"}, b"key"),
    "hmac ripemd160": hmac_hash("ripemd160", {"value": "6b6579", "encoding": "hex"}, b"key"),
    "hmac whirlpool": hmac_hash("whirlpool", {"value": b64(b"key"), "encoding": "base64"}, b"key"),
    "ldap md5": ldap("MD5", "md5"),
    "ldap smd5": ldap("SMD5", "md5", b"1234"),
    "ldap sha": ldap("SHA", "sha1"),
    "ldap ssha": ldap("ssha", "sha1", b"12345678"),
    "ldap sha256": ldap("SHA256", "sha256"),
    "ldap ssha384": ldap("SSHA384", "sha384", b"12345678"),
    "ldap ssha512": ldap("SSHA512", "sha512", b"1"),
    "pbkdf2": as_text(
        "pbkdf2",
        f"$pbkdf2-sha256$i=1000,l=32${phc(SALT)}${phc(hashlib.pbkdf2_hmac('sha256', TYPED, SALT, 1000, 32))}",
    ),
    "pbkdf2 by another name": as_text(
        "pbkdf2",
        f"$pbkdf2-sha512WithRSAEncryption$i=10,l=64${phc(SALT)}${phc(hashlib.pbkdf2_hmac('sha512', TYPED, SALT, 10))}",
    ),
    "pbkdf2 defaults": as_text(
        "pbkdf2",
        f"$pbkdf2-sha1${phc(SALT)}${phc(hashlib.pbkdf2_hmac('sha1', TYPED, SALT, 100_000, 64))}",
    ),
    "argon2id": as_text("argon2", hash_secret(TYPED, b"0123456789abcdef", 1, 64, 1, 32, Type.ID).decode()),
    "scrypt": plain(
        "scrypt",
        hashlib.scrypt(TYPED, salt=SALT, n=1024, r=8, p=1, dklen=48),
        salt={"value": SALT.decode()},
        keylen=48,
        cost=1024,
    ),
    "scrypt defaults": plain(
        "scrypt",
        hashlib.scrypt(TYPED, salt=SALT, n=16384, r=8, p=1, dklen=32, maxmem=1 << 26),
        "base64",
        salt={"value": SALT.decode()},
        keylen=32,
    ),
}


@pytest.mark.parametrize("stored", GOOD.values(), ids=GOOD.keys())
def test_the_right_password_is_recognised(stored: dict[str, Any]) -> None:
    assert verify(PASSWORD, stored)


@pytest.mark.parametrize("stored", GOOD.values(), ids=GOOD.keys())
def test_a_wrong_password_is_not(stored: dict[str, Any]) -> None:
    assert not verify("Grüße, Jürgen 43", stored)


@pytest.mark.parametrize("stored", GOOD.values(), ids=GOOD.keys())
def test_an_import_takes_every_hash_that_can_be_checked(stored: dict[str, Any]) -> None:
    assert validate_hash(stored) == []


DOCUMENTED = {
    "bcrypt": ("hello", as_text("bcrypt", "$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K")),
    "hmac": (
        "test",
        {
            "algorithm": "hmac",
            "hash": {
                "value": "cg7f42jH39/2EaAU4wNd4s2lKIk=",
                "encoding": "base64",
                "digest": "sha1",
                "key": {"value": "736868", "encoding": "hex"},
            },
        },
    ),
    "scrypt": (
        "password",
        {
            "algorithm": "scrypt",
            "hash": {
                "value": "097f6197e1b41538f723e32aa7a68e8d76227d8e432ce5faa4882a913032db29",
                "encoding": "hex",
            },
            "salt": {"value": "abc123", "encoding": "utf8"},
            "keylen": 32,
            "cost": 4096,
        },
    ),
    "salt in front, in capitals": (
        "password",
        {
            "algorithm": "md5",
            "hash": {"value": "67A1E09BB1F83F5007DC119C14D663AA", "encoding": "hex"},
            "salt": {"value": "salt", "position": "prefix"},
        },
    ),
}


@pytest.mark.parametrize(("password", "stored"), DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_the_examples_of_the_documents_hold(password: str, stored: dict[str, Any]) -> None:
    assert verify(password, stored)
    assert not verify(password + "x", stored)


def test_bcrypt_reads_72_bytes_and_the_salt_counts() -> None:
    stored = as_text(
        "bcrypt", bcrypt.hashpw(b"0123456789" + b"a" * 62, bcrypt.gensalt(4)).decode(), salt={"value": "0123456789"}
    )
    assert verify("a" * 62 + "ignored", stored)
    assert not verify("a" * 61, stored)


def test_a_password_hash_is_bcrypt_of_utf8() -> None:
    stored = bcrypt.hashpw(TYPED, bcrypt.gensalt(4)).decode()
    assert verify(PASSWORD, stored)
    assert not verify("x", stored)
    assert not verify("x", "not a hash")


def test_url_safe_base64_and_missing_padding_are_read() -> None:
    value = hashlib.sha256(b"password 6").digest()
    urlsafe = base64.urlsafe_b64encode(value).decode()
    assert set("-_") & set(urlsafe)
    for text in (urlsafe, urlsafe.rstrip("=")):
        stored = {"algorithm": "sha256", "hash": {"value": text, "encoding": "base64"}}
        assert validate_hash(stored) == []
        assert verify("password 6", stored)


def test_lone_surrogates_become_replacement_characters_as_in_javascript() -> None:
    stored = plain("sha256", hashlib.sha256("a\ufffdb".encode()).digest())
    assert verify("a\ud800b", stored)


def test_a_key_length_that_differs_from_the_hash_never_verifies() -> None:
    value = hashlib.pbkdf2_hmac("sha256", b"x", b"salt", 10, 32)
    assert not verify("x", as_text("pbkdf2", f"$pbkdf2-sha256$i=10,l=64${phc(b'salt')}${phc(value)}"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", "19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a7"),
        (b"abc", "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"),
        (b"abcdbcdecdefdefgefghfghighijhijk", "2a987ea40f917061f5d6f0a0e4644f488a7a5a52deee656207c562f988e95c69"),
    ],
)
def test_whirlpool_gives_the_published_values(message: bytes, expected: str) -> None:
    assert digest("whirlpool")(message).hexdigest().startswith(expected)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
@pytest.mark.parametrize(("name", "length"), [("whirlpool", 200), ("whirlpool", 64), ("md4", 100), ("ripemd160", 3)])
def test_rare_digests_agree_with_openssl(name: str, length: int) -> None:
    command = ["openssl", "dgst", "-provider", "legacy", "-provider", "default", f"-{name}", "-r"]
    run = subprocess.run(command, input=b"q" * length, capture_output=True, check=False)
    if run.returncode:
        pytest.skip("openssl has no legacy provider")
    assert digest(name)(b"q" * length).hexdigest() == run.stdout.split()[0].decode()


def test_pbkdf2_without_openssl_gives_the_same_as_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 50, 80)

    def refuse(*_: object) -> bytes:
        raise ValueError("unsupported hash type")

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", refuse)
    assert pbkdf2("sha256", b"password", b"salt", 50, 80) == expected


def test_what_cannot_be_checked_says_so() -> None:
    value = phc(b"x" * 16)
    for text in (f"$pbkdf2-mdc2$i=1,l=16${value}${value}", f"$pbkdf2-whirlpool$i=100000,l=16${value}${value}"):
        assert validate_hash(as_text("pbkdf2", text)) == []
        with pytest.raises(UnsupportedHash):
            verify("x", as_text("pbkdf2", text))
    with pytest.raises(UnsupportedHash):
        verify("x", plain("scrypt", b"x" * 32, salt={"value": "s"}, keylen=32, cost=1 << 26))
    with pytest.raises(UnsupportedDigest):
        digest("mdc2")


@pytest.mark.parametrize(
    "stored",
    [
        as_text("bcrypt", "$2b$17$" + "a" * 53),
        as_text("argon2", "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA"),
        as_text("argon2", "$argon2id$v=19$m=1024,t=4294967295,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA"),
        as_text("pbkdf2", "$pbkdf2-sha256$i=99999999,l=4$c2FsdA$c2FsdA"),
        plain("scrypt", b"x" * 32, keylen=32, parallelization=1 << 20),
    ],
)
def test_a_hash_made_to_exhaust_the_machine_is_not_checked(stored: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedHash):
        verify("x", stored)


hex_or_base64 = st.sampled_from(["hex", "base64"])
wild = st.one_of(
    st.from_regex(LDAP_STRING, fullmatch=True).map(lambda value: as_text("ldap", value)),
    st.builds(
        lambda name, salt, value: as_text("pbkdf2", f"$pbkdf2-{name}$i=2,l=4${salt}${value}"),
        st.sampled_from(["sha1", "sha512", "md4", "whirlpool", "rmd160"]),
        st.text("AZaz09+/", max_size=9),
        st.text("AZaz09+/", min_size=1, max_size=9),
    ),
    st.builds(
        lambda name, value, encoding, salt: {
            "algorithm": name,
            "hash": {"value": value, "encoding": encoding},
            "salt": {"value": salt, "encoding": encoding},
        },
        st.sampled_from(["md4", "md5", "sha1", "sha256", "sha512"]),
        st.text("0aAfF9-_=", min_size=1, max_size=12),
        hex_or_base64,
        st.text("0aAfF9-_=", min_size=1, max_size=12),
    ),
    st.text("./aZ09", min_size=53, max_size=53).map(lambda value: as_text("bcrypt", f"$2y$04${value}")),
    st.text("aZ+/09", min_size=1, max_size=30).map(
        lambda value: as_text("argon2", f"$argon2id$v=19$m=8,t=1,p=1${value}${value}")
    ),
)


@settings(deadline=None)
@given(wild, st.text(max_size=8))
def test_whatever_an_import_takes_can_be_asked(stored: dict[str, Any], password: str) -> None:
    if validate_hash(stored) == []:
        assert verify(password, stored) in {True, False}


def test_who_logs_in_again_does_not_wait_for_bcrypt_again_and_only_with_that_password_and_hash() -> None:
    stored, other = (bcrypt.hashpw(TYPED, bcrypt.gensalt(10)).decode() for _ in range(2))
    wrong = bcrypt.hashpw(b"another", bcrypt.gensalt(10)).decode()
    began = time.thread_time()
    assert verify(PASSWORD, stored)
    first = time.thread_time() - began
    began = time.thread_time()
    assert all(verify(PASSWORD, stored) for _ in range(10))
    assert time.thread_time() - began < first / 2
    assert not verify(PASSWORD + "!", stored)
    assert not verify(PASSWORD, wrong)
    assert verify(PASSWORD, other)
