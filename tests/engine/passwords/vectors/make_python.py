"""Makes python.json: hashes by passlib (libpass), Django, Werkzeug, argon2-cffi and bcrypt. No code of this project is used.

Run it with each of two environments: `pip install "django==5.2.*" "werkzeug==3.*" libpass argon2-cffi bcrypt`, and
`pip install "django==4.1.*" "werkzeug==2.2.*"`; it adds what the environment can make to the file beside it.
"""

import hashlib
import json
import sys
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("python.json")
PLAIN = "copper-lantern-417"
SEVENTY_TWO = "0123456789ab" * 6
NFC = unicodedata.normalize("NFC", "Grüße, Zoë Ångström €5")
NFD = unicodedata.normalize("NFD", NFC)
PASSWORDS = {"plain": PLAIN, "72 bytes": SEVENTY_TWO, "NFC": NFC, "NFD": NFD}

KEYS = ("maker", "form", "password")
KNOWN = json.loads(FILE.read_text()) if FILE.exists() else []
found: dict[tuple[str, ...], dict[str, Any]] = {tuple(each[key] for key in KEYS): each for each in KNOWN}


def add(maker: str, form: str, make: Callable[[str], str], **declared: str) -> None:
    """One vector a password; `declared` is what an operator must say beside the value, and columns of the row."""
    for name, password in PASSWORDS.items():
        found[maker, form, name] = {
            "maker": maker,
            "form": form,
            "password": name,
            "typed": password,
            "row": {"hash": make(password)},
            "declared": declared,
        }


def with_django() -> None:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure()
        django.setup()
    from django.contrib.auth import hashers

    maker = f"Django {django.get_version()}"
    for hasher in (hashers.PBKDF2PasswordHasher(), hashers.PBKDF2SHA1PasswordHasher()):
        hasher.iterations = 1200
        add(maker, hasher.algorithm, partial(hasher.encode, salt="nAcl4Salt0fDjango"))
    scrypt = hashers.ScryptPasswordHasher()
    scrypt.work_factor = 2**10
    add(maker, "scrypt", lambda password: scrypt.encode(password, "nAcl4Salt0fDjango"))
    if django.VERSION >= (5,):
        argon = hashers.Argon2PasswordHasher()
        argon.time_cost, argon.memory_cost, argon.parallelism = 2, 1024, 2
        add(maker, "argon2", lambda password: argon.encode(password, "nAcl4Salt0fDjango"))
        plain_bcrypt = hashers.BCryptPasswordHasher()
        plain_bcrypt.rounds = 4
        add(maker, "bcrypt", lambda password: plain_bcrypt.encode(password, plain_bcrypt.salt()))
        over = hashers.BCryptSHA256PasswordHasher()
        over.rounds = 4
        add(maker, "bcrypt_sha256", lambda password: over.encode(password, over.salt()))
        add(maker, "md5", lambda password: hashers.MD5PasswordHasher().encode(password, "seasalt"), format="django")
        add(maker, "unusable", lambda password: hashers.make_password(None))
    else:
        add(maker, "sha1", lambda password: hashers.SHA1PasswordHasher().encode(password, "seasalt"), format="django")
        add(maker, "unsalted sha1", lambda password: hashers.UnsaltedSHA1PasswordHasher().encode(password, ""))


def with_werkzeug() -> None:
    from importlib.metadata import version

    from werkzeug.security import generate_password_hash

    maker = f"Werkzeug {version('werkzeug')}"
    methods = ["pbkdf2:sha256:1500", "pbkdf2:sha512:1500", "pbkdf2:sha1:1500", "scrypt:1024:8:1"]
    old = int(version("werkzeug").partition(".")[0]) < 3
    for method in methods[:3] if old else methods:
        add(maker, method, partial(generate_password_hash, method=method))
    if old:
        for method in ("sha256", "sha512"):
            add(maker, method, partial(generate_password_hash, method=method, salt_length=8))
        for method in ("sha1", "md5"):
            add(maker, method, partial(generate_password_hash, method=method), format="werkzeug")
        add(maker, "plain", lambda password: generate_password_hash(password, "plain"))


def with_passlib() -> None:
    import passlib
    from passlib import hash as schemes

    def in_capitals(hasher: Any, password: str) -> str:
        return str(hasher.hash(password)).upper()

    def short_for_des(hasher: Any, password: str) -> str:
        return str(hasher.hash(password[:64] if hasher.name == "des_crypt" else password))

    maker = f"passlib ({passlib.__version__})"
    fast = {"rounds": 1300}
    for name in (
        "pbkdf2_sha1",
        "pbkdf2_sha256",
        "pbkdf2_sha512",
        "grub_pbkdf2_sha512",
        "ldap_pbkdf2_sha1",
        "ldap_pbkdf2_sha256",
        "ldap_pbkdf2_sha512",
    ):
        add(maker, name, getattr(schemes, name).using(**fast).hash)
    for name in ("atlassian_pbkdf2_sha1", "ldap_md5", "ldap_salted_md5", "ldap_sha1", "ldap_salted_sha1", "bsd_nthash"):
        add(maker, name, getattr(schemes, name).hash)
    for name in ("ldap_salted_sha256", "ldap_salted_sha512"):
        if hasattr(schemes, name):
            add(maker, name, getattr(schemes, name).hash)
    add(maker, "scrypt", schemes.scrypt.using(rounds=10, block_size=8, parallelism=1).hash)
    add(maker, "nthash", schemes.nthash.hash, format="ntlm")
    for name in ("md5", "sha1", "sha256", "sha512"):
        add(maker, f"hex_{name}", partial(in_capitals, getattr(schemes, f"hex_{name}")), format=name)
    add(maker, "hex_md4", schemes.hex_md4.hash, format="md4")
    for name in ("django_salted_md5", "django_salted_sha1"):
        add(maker, name, getattr(schemes, name).hash, format="django")
    refused: dict[str, dict[str, int]] = {
        "md5_crypt": {},
        "apr_md5_crypt": {},
        "sha256_crypt": {"rounds": 1000},
        "sha512_crypt": {"rounds": 1000},
        "phpass": {"rounds": 7},
        "bcrypt_sha256": {"rounds": 4},
        "mysql41": {},
        "mssql2005": {},
        "ldap_sha512_crypt": {"rounds": 1000},
        "sha1_crypt": {"rounds": 100},
        "dlitz_pbkdf2_sha1": {"rounds": 100},
        "des_crypt": {},
        "mysql323": {},
        "ldap_hex_md5": {},
    }
    for name, settings in refused.items():
        hasher = getattr(schemes, name)
        add(maker, name, partial(short_for_des, hasher.using(**settings) if settings else hasher))


def with_bcrypt() -> None:
    import bcrypt

    def hashed(prefix: str, cost: int, password: str) -> str:
        return f"${prefix}$" + bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()[4:]

    for prefix in ("2a", "2b", "2y"):
        for cost in (4, 10):
            add("bcrypt", f"{prefix}, cost {cost}", partial(hashed, prefix, cost))
    pepper = "pepper-of-the-store"
    add(
        "bcrypt",
        "with the pepper of Devise",
        lambda password: bcrypt.hashpw((password + pepper).encode()[:72], bcrypt.gensalt(4)).decode(),
        format="devise",
        key="env:PEPPER",
    )

    def digest(password: str) -> str:
        return bcrypt.hashpw(hashlib.sha256(password.encode()).hexdigest().encode(), bcrypt.gensalt(4)).decode()

    add("bcrypt", "of Meteor", digest, format="meteor")


def with_argon2() -> None:
    from argon2 import PasswordHasher, Type

    for kind, name in ((Type.ID, "argon2id"), (Type.I, "argon2i"), (Type.D, "argon2d")):
        add("argon2-cffi", name, PasswordHasher(2, 1024, 1, 32, 16, type=kind).hash)
    add("argon2-cffi", "argon2id with four lanes", PasswordHasher(1, 64, 4, 24, 8).hash)
    add("argon2-cffi", "argon2id too long for libsodium", PasswordHasher(1, 64, 1, 64, 32).hash)


for work in (with_django, with_werkzeug, with_passlib, with_bcrypt, with_argon2):
    try:
        work()
    except ImportError as missing:
        print(f"left out: {work.__name__}: {missing}", file=sys.stderr)  # noqa: T201
FILE.write_text(json.dumps(list(found.values()), ensure_ascii=False, indent=0, sort_keys=True) + "\n")
print(len(found), "vectors")  # noqa: T201
