"""Does a typed password belong to a stored one, in the legacy store itself? Also for formats that Auth0 cannot take.

What can be translated is checked as Auth0 would; the rest by libpass, and by what makers document about their own.
Source: documentation of each maker; WordPress 6.8, wp_check_password; Drupal 7, includes/password.inc; Spring Security,
StandardPasswordEncoder; Firebase Authentication Password Hashing (scrypt), in the form that GoTrue writes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wizard.passwords import kratos, magento, xenforo
from wizard.passwords.check import (
    MOST_COST,
    MOST_ROUNDS,
    CannotCheck,
    NoCheck,
    argon2_fits,
    argon2_of,
    bcrypt_fits,
    fits,
    scrypt_of,
)
from wizard.passwords.declared import LACKING, Declared
from wizard.passwords.described import Judge
from wizard.passwords.encoded import from_base64, from_dump, from_hex
from wizard.passwords.judging import judge_value

LONGEST_PASSWORD = 4096
"""Bytes; longer ones are wrong without a look, as libpass has it."""

Check = Callable[[str, str], bool]


class Verifier:
    """Checks passwords against cells of one source, as its operator declared them; picklable.

    Call it with the typed password, the cell of the hash, and the cells that `judge.declared.columns` names. Whether a hash
    is to be imported is no matter here.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = Judge(_all_imported(judge.declared))

    def __reduce__(self) -> tuple[type[Verifier], tuple[Judge]]:
        return Verifier, (self.judge,)

    def __call__(self, password: str, value: str, *beside: str) -> bool:
        """Say whether it fits; an account without a usable password fits none.

        Raises:
            CannotCheck: nobody here can compute this hash, or not in reasonable time; says why.
        """
        if len(password.encode("utf-8", "replace")) > LONGEST_PASSWORD:
            return False
        password = password.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        verdict = self.judge(value, *beside)
        nobody = verdict.code == "password_damaged" and verdict.scheme == "bcrypt"  # its form leaves no doubt
        if nobody or verdict.code in ("password_missing", "password_disabled"):
            return False
        if verdict.value is not None:
            return fits(password, verdict.value)
        if self.judge.declared.key_lost:
            raise NoCheck("the key of these hashes is lost")
        salt = beside[0].strip() if beside and self.judge.declared.salt is not None else ""
        value = from_dump(value.strip())
        check = _declared(self.judge.declared, salt) or _recognised(value)
        if check is None:  # also of one that seems damaged: to call the password wrong would count against its owner
            raise NoCheck(f"nothing here checks {verdict.scheme}")
        try:
            return check(password, value)
        except (ValueError, TypeError, LookupError):  # what reads a hash stumbles over one that is not as it begins
            raise CannotCheck("the hash is damaged: it only begins as its format does") from None


def _all_imported(declared: Declared) -> Declared:
    """The same, but that nothing stays behind because Auth0 does not document it."""
    return replace(declared, unconfirmed="import", also=tuple(map(_all_imported, declared.also)))


def _same(computed: bytes | str, expected: bytes | str) -> bool:
    one, other = (part.encode() if isinstance(part, str) else part for part in (computed, expected))
    return hmac.compare_digest(one, other)


def _md5(data: str | bytes) -> str:
    return hashlib.md5(data.encode() if isinstance(data, str) else data, usedforsecurity=False).hexdigest()


def _declared(declared: Declared, salt: str) -> Check | None:
    """The check of a format that is declared and hashes a hash, or is none.

    Raises:
        CannotCheck: it needs a salt or a key, and none is declared.
    """
    lacking = LACKING.get(declared.format)
    if lacking is not None and not getattr(declared, lacking):
        raise NoCheck(f"no {lacking} of {declared.format} is declared")
    typed: Mapping[str, Check] = {
        "plain": _same,
        "md5-md5": lambda password, value: _same(_md5(_md5(password)), value.lower()),
        "sha1-md5": lambda password, value: _same(
            hashlib.sha1(_md5(password).encode(), usedforsecurity=False).hexdigest(), value.lower()
        ),
        "mybb": lambda password, value: _same(_md5(_md5(salt) + _md5(password)), value.lower()),
        "vbulletin": lambda password, value: _same(_md5(_md5(password) + salt), value.lower()),
        "meteor": _meteor,
        "vbulletin5": lambda password, value: _inner(_md5(password), value),
        "matomo": lambda password, value: _inner(_md5(password), value),
        "suitecrm": lambda password, value: _inner(_md5(password), value),
        "pimcore": lambda password, value: _inner(_md5(f"{salt}:pimcore:{password}"), value),
        "nodebb": _nodebb,
        "myth-auth": lambda password, value: _inner(
            b64encode(hashlib.sha384(password.encode()).digest()).decode(), value
        ),
        "smf": lambda password, value: _smf(salt.lower() + password, value),
    }
    if declared.format == "blesta":
        return lambda password, value: _inner(hmac.new(declared.key, password.encode(), "sha256").hexdigest(), value)
    if declared.format == "flask-security":
        return lambda password, value: _inner(_of_flask(password, declared.key), value)
    return typed.get(declared.format)


def _meteor(password: str, value: str) -> bool:
    return _inner(hashlib.sha256(password.encode()).hexdigest(), value)


def _nodebb(password: str, value: str) -> bool:
    """SHA-512 first, but for hashes of before NodeBB did so."""
    return _inner(hashlib.sha512(password.encode()).hexdigest(), value) or _inner(password, value)


def _of_flask(password: str, key: bytes) -> str:
    """What Flask-Security hands to the hash: HMAC with SECURITY_PASSWORD_SALT as key."""
    return b64encode(hmac.digest(key, password.encode(), "sha512")).decode()


def _smf(whole: str, value: str) -> bool:
    """SMF 2.1 has bcrypt of name and password, 2.0 SHA-1."""
    if value.startswith("$2"):
        return _inner(whole, value)
    return _same(hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest(), value.lower())


def _inner(inner: str, value: str) -> bool:
    """What was made of the password, against what looks like a hash of the password itself."""
    verdict = judge_value(value)
    if verdict.value is not None:
        return fits(inner, verdict.value)
    check = _recognised(value)
    if check is None:
        raise NoCheck(f"nothing here checks {verdict.scheme}")
    return check(inner, value)


def _libpass(*names: str) -> Check:
    """A check by libpass, by the names of its hashers."""

    def check(password: str, value: str) -> bool:
        import passlib.hash

        for name in names:
            hasher = getattr(passlib.hash, name)
            if hasher.identify(value) and _reads(hasher, value):
                _bounded(hasher, value)
                return bool(hasher.verify(password.replace("\0", "\ufffd"), value))
        raise CannotCheck("the hash is cut short, or of a form that nothing here reads")

    return check


def _reads(hasher: Any, value: str) -> bool:
    """Whether it is of this hasher's form; some begin alike."""
    if not hasattr(hasher, "from_string"):
        return True
    try:
        hasher.from_string(value)
    except (ValueError, IndexError):  # some of libpass index what is not there
        return False
    return True


def _bounded(hasher: Any, value: str) -> None:
    """Refuse what would take minutes."""
    rounds = getattr(hasher.from_string(value), "rounds", 0) if hasattr(hasher, "from_string") else 0
    costly = rounds > MOST_COST if "bcrypt" in hasher.name else rounds > MOST_ROUNDS
    if costly or (getattr(hasher, "rounds_cost", "") == "log2" and "bcrypt" not in hasher.name and rounds > 20):
        raise CannotCheck(f"{hasher.name} with these rounds takes too long")


def _after(head: str) -> Check:
    """What stands behind a head that adds nothing."""

    def check(password: str, value: str) -> bool:
        inner = value[len(head) :]
        found = _recognised(inner)
        if found is None:
            raise NoCheck("nothing here checks what is wrapped")
        return found(password, inner)

    return check


def _plain(head: str) -> Check:
    return lambda password, value: _same(password, value[len(head) :])


def _plain_of_werkzeug(password: str, value: str) -> bool:
    """`plain$$<password>`, with an empty salt between."""
    return _same(password, value.removeprefix("plain$").removeprefix("$"))


def _over_md5(password: str, value: str) -> bool:
    """phpass that Drupal 7 made of the MD5 of older versions, behind a U."""
    return _libpass("phpass")(_md5(password), value[1:])


ITOA64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _drupal(password: str, value: str) -> bool:
    """Portable hashes over SHA-512, cut to 55 characters; U stands before those that were made over MD5."""
    secret = password.encode()
    if value.startswith("U$"):
        secret, value = _md5(secret).encode(), value[1:]
    rounds, salt = ITOA64.index(value[3]), value[4:12].encode()
    if not 7 <= rounds <= 24 or len(salt) != 8:
        return False
    digest = hashlib.sha512(salt + secret).digest()
    for _ in range(1 << rounds):
        digest = hashlib.sha512(digest + secret).digest()
    return _same(_itoa64(digest)[:43], value[12:55])


def _itoa64(data: bytes) -> str:
    """Base64 of phpass: groups of three bytes, the low bits first."""
    letters = []
    for at in range(0, len(data), 3):
        group = data[at : at + 3]
        number = int.from_bytes(group, "little")
        letters += [ITOA64[number >> shift & 63] for shift in (0, 6, 12, 18)[: len(group) + 1]]
    return "".join(letters)


def _wordpress(password: str, value: str) -> bool:
    """bcrypt over HMAC, since WordPress 6.8; white space around the password does not count."""
    inner = hmac.new(b"wp-sha384", password.strip().encode(), "sha384").digest()
    return bcrypt_fits(b64encode(inner), value[3:])


def _django_bcrypt(password: str, value: str) -> bool:
    return bcrypt_fits(hashlib.sha256(password.encode()).hexdigest().encode(), value.removeprefix("bcrypt_sha256$"))


def _mediawiki_b(password: str, value: str) -> bool:
    """`:B:<salt>:<hex>`: MD5 of the salt, a hyphen, and MD5 of the password."""
    _, _, salt, digest = value.split(":", 3)
    return _same(_md5(f"{salt}-{_md5(password)}"), digest.lower())


def _spring_sha256(password: str, value: str) -> bool:
    """8 bytes of salt, then SHA-256 applied 1024 times, in hex."""
    data = from_hex(value.rpartition("}")[2]) or b""
    if len(data) != 40:
        raise CannotCheck("the hash is damaged: it has not the length of Spring's salt and digest")
    digest = data[:8] + password.encode()
    for _ in range(1024):
        digest = hashlib.sha256(digest).digest()
    return _same(digest, data[8:])


def _argon2(password: str, value: str) -> bool:
    """Also the kinds and the version that Auth0 does not take."""
    return argon2_fits(password.encode(), value)


def _firebase(password: str, value: str) -> bool:
    """scrypt whose output encrypts the project's key; parameters as GoTrue writes them: n, r, p, ss (separator), sk (key)."""
    _, _, numbers, salt, stored = value.split("$")
    given = dict(part.partition("=")[::2] for part in numbers.split(","))
    key = from_base64(given.get("sk", "").rstrip("="))
    if not key:
        raise NoCheck("Firebase's scrypt needs the project's key, and the store does not hold it")
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cost, block, lanes = 1 << min(int(given.get("n", 14)), 40), int(given.get("r", 8)), int(given.get("p", 1))
    salted = (from_base64(salt) or b"") + (from_base64(given.get("ss", "Bw==")) or b"")
    derived = scrypt_of(password.encode(), salted, (cost, block, lanes), 32)
    encryptor = Cipher(algorithms.AES(derived), modes.CTR(bytes(16))).encryptor()
    return _same(encryptor.update(key) + encryptor.finalize(), from_base64(stored) or b"")


def _kratos_firebase(password: str, value: str) -> bool:
    """The same as Ory Kratos writes it: `$firescrypt$ln=14,r=8,p=1$<salt>$<hash>$<separator>$<key>`."""
    _, _, numbers, salt, stored, separator, key = value.split("$")
    numbers = numbers.replace("ln=", "n=")
    return _firebase(password, f"$fbscrypt$v=1,{numbers},ss={separator},sk={key}${salt}${stored}")


def _kratos_pattern(password: str, value: str) -> bool:
    """A single digest of Ory Kratos: what its pattern puts together of password and salt."""
    found = kratos.BY_PATTERN.fullmatch(value)
    parts = [from_base64(part) for part in found.groups()[1:]] if found else []
    if found is None or len(parts) != 3 or None in parts:
        raise CannotCheck("it is not written as Ory Kratos writes it")
    pattern, salt, stored = (part or b"" for part in parts)
    with_salt = {kratos.SALT: salt, kratos.PASSWORD: password.encode()}
    pieces = re.split(rb"(\{SALT\}|\{PASSWORD\})", pattern)
    whole = b"".join(with_salt.get(piece, piece) for piece in pieces)
    return _same(hashlib.new(found[1], whole, usedforsecurity=False).digest(), stored)


def _named_crypt(head: str, real: str) -> Check:
    """crypt(3) with a name of Ory Kratos's own before it."""
    return lambda password, value: _crypt(password, real + value[len(head) :])


_crypt = _libpass("md5_crypt", "sha256_crypt", "sha512_crypt", "sha1_crypt", "apr_md5_crypt", "sun_md5_crypt")

HEADS: Sequence[tuple[str, Check]] = (
    *((f"${name}$pf=", _kratos_pattern) for name in ("md5", "sha1", "sha256", "sha512")),
    *(
        (f"${name}-crypt$", _named_crypt(f"${name}-crypt$", real))
        for name, real in (("md5", "$1$"), ("sha256", "$5$"), ("sha512", "$6$"))
    ),
    ("$firescrypt$", _kratos_firebase),
    *((head, _crypt) for head in ("$1$", "$5$", "$6$", "$sha1$", "$apr1$", "$md5$", "$md5,")),
    ("$P$", _libpass("phpass")),
    ("$H$", _libpass("phpass")),
    ("$S$", _drupal),
    ("U$S$", _drupal),
    ("U$P$", _over_md5),
    ("U$H$", _over_md5),
    ("$wp$", _wordpress),
    ("$bcrypt-sha256$", _libpass("bcrypt_sha256")),
    ("bcrypt_sha256$", _django_bcrypt),
    ("$argon2", _argon2),
    ("argon2$argon2", lambda password, value: _argon2(password, value[len("argon2") :])),
    ("$fbscrypt$", _firebase),
    ("$p5k2$", _libpass("dlitz_pbkdf2_sha1", "cta_pbkdf2_sha1")),
    ("SCRAM-SHA-256$", lambda password, value: _scram(password, value)),
    (":B:", _mediawiki_b),
    (xenforo.BEGINNING, lambda password, value: _xenforo(password, value)),
    ("{sha256}", _spring_sha256),
    *((head, _plain(head)) for head in ("{noop}", "{CLEARTEXT}", "{CLEAR}", "{PLAIN}")),
    ("plain$", _plain_of_werkzeug),
    ("0x0100", _libpass("mssql2000", "mssql2005")),
    ("crypt$", _libpass("django_des_crypt")),
    *((f"{{{name}CRYPT}}", _after(f"{{{name}CRYPT}}")) for name in ("", "DES-", "MD5-", "SHA256-", "SHA512-")),
    *((head, _after(head)) for head in ("{MD5}", "{ARGON2}", "{ARGON2I}", "{ARGON2ID}", ":argon2:", "1|", "2|", "3|")),
    ("{argon2@SpringSecurity_v5_8}", _after("{argon2@SpringSecurity_v5_8}")),
    ("$shiro2$", _after("$shiro2")),
)
"""What a value begins with, to its check, for what Auth0 cannot take."""

IN_BRACES = {head.upper(): check for head, check in HEADS if head[0] == "{"}
"""LDAP's schemes are the same in any case."""

MYSQL = re.compile(r"\*[0-9A-F]{40}")
DES = re.compile(r"[./0-9A-Za-z]{13}")
BSDI = re.compile(r"_[./0-9A-Za-z]{19}")


def _xenforo(password: str, value: str) -> bool:
    """What XenForo 1 did itself, a digest over a digest; a hash that stands alone is what others write."""
    members = xenforo.members_of(value) or {}
    hashed, digest = members.get("hash", ""), members.get("hashFunc", "")
    if members.keys() == {"hash"} and (check := _recognised(hashed)) is not None:
        return check(password, hashed)
    if digest not in ("sha1", "sha256") or "salt" not in members:
        raise NoCheck("it does not say which forum hashed it")
    inner = hashlib.new(digest, password.encode(), usedforsecurity=False).hexdigest()
    outer = hashlib.new(digest, (inner + members["salt"]).encode(), usedforsecurity=False).hexdigest()
    return _same(outer, hashed)


def _magento(password: str, value: str) -> bool:
    """Each version over the hex that the one before it gives."""
    parts = magento.parts_of(value)
    if parts is None:
        raise CannotCheck("it is not written as Magento writes it")
    made = password.encode()
    for version in parts.versions:
        if version in magento.DIGESTS:
            digest = hashlib.new(magento.DIGESTS[version], parts.salt + made, usedforsecurity=False).digest()
        else:
            salt, size, passes, memory = parts.argon2(version)
            digest = argon2_of(made, salt, (memory, passes, 1), size)
        made = digest.hex().encode()
    if len(digest) != len(parts.hashed):
        raise CannotCheck("the hash is damaged: it has not the length that its version tells")
    return _same(digest, parts.hashed)


def _recognised(value: str) -> Check | None:
    for head, check in HEADS:
        if value.startswith(head):
            return check
    if value[:1] == "{" and (found := IN_BRACES.get(f"{value.partition('}')[0]}}}".upper())) is not None:
        return found
    if MYSQL.fullmatch(value):
        return _libpass("mysql41")
    if magento.judge(value) is not None:
        return _magento
    if DES.fullmatch(value):
        return _libpass("des_crypt")
    return _libpass("bsdi_crypt") if BSDI.fullmatch(value) else None


def _scram(password: str, value: str) -> bool:
    """PostgreSQL's verifier: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>` (RFC 5802)."""
    from passlib.utils import saslprep

    _, head, keys = value.split("$")
    rounds, salt = head.split(":")
    if int(rounds) > MOST_ROUNDS:
        raise CannotCheck("SCRAM with these rounds takes too long")
    derived = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), from_base64(salt) or b"", int(rounds))
    client = hmac.new(derived, b"Client Key", "sha256").digest()
    return _same(hashlib.sha256(client).digest(), from_base64(keys.partition(":")[0]) or b"")
