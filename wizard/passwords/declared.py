"""What an operator declares about stored passwords, and what frameworks are known to do, as one set of settings.

Source: documentation of each framework; .NET's SqlMembershipProvider, EncodePassword; Devise README, "Configuring Models".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wizard.errors import UsageError
from wizard.passwords.digests import ONCE
from wizard.passwords.encoded import SIZES, from_base64, from_hex
from wizard.passwords.telltale import told_by

if TYPE_CHECKING:
    from wizard.passwords.answers import HowMade, PasswordsAnswers

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "aspnet-membership": {
        "format": "sha1",
        "encoding": "base64",
        "salt_encoding": "base64",
        "salt_position": "prefix",
        "password_encoding": "utf16le",
    },
    "aspnet-membership-hmac": {
        "format": "hmac-sha256",
        "encoding": "base64",
        "salt_encoding": "base64",
        "password_encoding": "utf16le",
        "key_size": 64,
    },
    "better-auth": {
        "format": "scrypt",
        "layout": "{salt}:{hash}",
        "salt_encoding": "utf8",
        "cost": 16384,
        "block_size": 16,
        "parallelization": 1,
    },
    "devise": {"format": "bcrypt", "key_position": "suffix"},
    "node-scrypt": {"format": "scrypt", "layout": "{salt}:{hash}", "salt_encoding": "utf8"},
    "ntlm": {"format": "md4", "encoding": "hex", "password_encoding": "utf16le"},
}
"""Names of `format` that stand for several settings; what the answers say beside them wins."""

NESTED: Mapping[str, str] = {
    "blesta": "Blesta applies bcrypt to an HMAC of the password",
    "md5-md5": "MD5 is applied to MD5",
    "meteor": "Meteor applies bcrypt or argon2 to SHA-256",
    "mybb": "MyBB applies MD5 to MD5",
    "flask-security": "Flask-Security hashes an HMAC of the password, unless SECURITY_PASSWORD_SINGLE_HASH is set",
    "matomo": "Matomo applies bcrypt to MD5",
    "myth-auth": "Myth:Auth applies bcrypt or argon2 to SHA-384",
    "pimcore": "Pimcore applies bcrypt to MD5 of the name and the password",
    "nodebb": "NodeBB applies bcrypt to SHA-512",
    "sha1-md5": "SHA-1 is applied to MD5",
    "smf": "Simple Machines Forum hashes the name in small letters before the password",
    "suitecrm": "SuiteCRM applies bcrypt to MD5",
    "vbulletin": "vBulletin applies MD5 to MD5",
    "vbulletin5": "vBulletin 5 applies bcrypt to MD5",
}
"""Formats that hash a hash, or more than the password; some are told by the columns beside them."""

DIGESTS_OF_DIGESTS = frozenset({"md5-md5", "mybb", "sha1-md5", "smf", "vbulletin"})
"""Those that have no other hash inside."""

LACKING: Mapping[str, str] = {
    **dict.fromkeys(("mybb", "pimcore", "smf", "vbulletin"), "salt"),
    **dict.fromkeys(("blesta", "flask-security"), "key"),
}
"""What nobody can check them without, by format: the column of the salt, or the key."""

METEOR_COLUMNS = ("services.password.bcrypt", "services.password.argon2")
"""Where Meteor's collection of users has them; the values themselves look like hashes of the password."""

DIGESTS = tuple(sorted(ONCE))
HMACS = tuple(f"hmac-{name}" for name in SIZES)
PBKDF2S = tuple(f"pbkdf2-{name}" for name in SIZES)
OF_BYTES = (*DIGESTS, *HMACS, *PBKDF2S, "scrypt")
"""Formats whose hashes are nothing but bytes, and a salt at most."""
AMBIGUOUS = ("django", "werkzeug")
FORMATS = (
    *DIGESTS,
    *HMACS,
    *PBKDF2S,
    "scrypt",
    "bcrypt",
    "argon2",
    "spring-pbkdf2",
    *AMBIGUOUS,
    *PRESETS,
    *NESTED,
    "plain",
)
"""What `format` may be."""

Bytes = Callable[[str], bytes | None]


def _utf8(text: str) -> bytes | None:
    return text.encode("utf-8", "replace")


def _utf16le(text: str) -> bytes | None:
    return text.encode("utf-16-le", "replace")


READERS: Mapping[str, Bytes] = {"utf8": _utf8, "utf16le": _utf16le, "hex": from_hex, "base64": from_base64}


@dataclass(frozen=True)
class Declared:
    """Settings with the presets filled in and the secret at hand; picklable.

    Args:
        format: One of FORMATS that is no preset; "" judges by the value alone.
        salt, iterations: Columns; `rounds` is the number if it is the same for all.
        key: The secret; left out of `repr`.
        letters: The encoding of the typed password.
        layout: How one cell holds several parts, as a pattern with groups; None if it is the hash alone.
        proven: Of one in `also`: whether an account has shown that it is right.
        also: What is tried next, where a hash is not of this kind; each of them has none of its own.
    """

    format: str = ""
    salt: str | None = None
    iterations: str | None = None
    rounds: int | None = None
    key: bytes = field(default=b"", repr=False)
    key_lost: bool = False
    key_size: int | None = None
    key_position: str = "suffix"
    encoding: str | None = None
    salt_encoding: str = "utf8"
    salt_position: str = "prefix"
    letters: str = "utf8"
    layout: re.Pattern[str] | None = None
    cost: int = 16384
    block_size: int = 8
    parallelization: int = 1
    unconfirmed: str | None = None
    proven: bool = False
    also: tuple[Declared, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Further columns that a password is judged by: those of this kind, then those of each other."""
        own = tuple(column for column in (self.salt, self.iterations) if column is not None)
        return own + tuple(column for other in self.also for column in other.columns)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The secrets of all kinds, b"" for none."""
        return self.key, *(other.key for other in self.also)


def declared(
    answers: PasswordsAnswers, secret: Callable[[str], str] | None = None, columns: Collection[str] = ()
) -> Declared:
    """The settings of these answers.

    Args:
        secret: Finds the value of a reference; needed where the answers name a key.
        columns: Of the source, which may give away how the hashes were made.

    Raises:
        UsageError: a key is named and cannot be found here, or is not of its encoding.
    """
    wanted = _settings(answers)
    del wanted["proven"]  # names of formats, where a description in also has yes or no
    if (answers.column or "").endswith(METEOR_COLUMNS) and not answers.format:
        wanted["format"] = "meteor"
    elif not answers.format:
        wanted = {**told_by(columns, answers.column), **wanted}
    others = tuple(
        _filled_in(
            {**_settings(other), "unconfirmed": answers.unconfirmed, "proven": bool(other.counts(answers.column))},
            other,
            secret,
        )
        for other in answers.also
    )
    return _filled_in({**wanted, "also": others}, answers, secret)


def _settings(described: HowMade) -> dict[str, Any]:
    """What is described, with the preset filled in."""
    given = described.model_dump(exclude_none=True, exclude={"also"})
    preset = PRESETS.get(given.get("format", ""), {})
    return {**preset, **given, **({"format": preset["format"]} if preset else {})}


def meaning(described: HowMade) -> dict[str, Any]:
    """What is described, without what is usual and need not be said; a secret is there by its name."""
    from wizard.passwords.answers import HowMade

    usual = {name: each.default for name, each in Declared.__dataclass_fields__.items()}
    usual |= {"key_encoding": "utf8", "password_encoding": "utf8"}
    told = HowMade.model_fields.keys() | {"key_size"}
    settings = _settings(described).items()
    return {name: value for name, value in settings if name in told and (name not in usual or value != usual[name])}


def _filled_in(wanted: dict[str, Any], described: HowMade, secret: Callable[[str], str] | None) -> Declared:
    wanted["letters"] = wanted.get("password_encoding", "utf8")
    rounds = wanted.pop("iterations", None)
    if isinstance(rounds, int):
        wanted["rounds"] = rounds
    elif rounds is not None:
        wanted["iterations"] = rounds
    if "layout" in wanted:
        wanted["layout"] = layout_pattern(wanted["layout"])
    wanted["key"] = _key(described, secret)
    names = Declared.__dataclass_fields__
    return Declared(**{name: value for name, value in wanted.items() if name in names})


def require_distinct(first: HowMade, *others: HowMade) -> None:
    """Refuse a description that would never be tried, as one before it takes all that looks as it does.

    Raises:
        ValueError: says which.
    """
    if not others:
        return
    if first.inner not in (*OF_BYTES, "bcrypt"):
        raise ValueError(
            f"also goes with a format of digests, HMAC, PBKDF2, scrypt or bcrypt, not {first.format or 'none'}"
        )
    before: list[HowMade] = [first]
    for each in others:
        if each.inner not in OF_BYTES:
            raise ValueError(
                f"also describes digests, HMAC, PBKDF2 and scrypt; {each.format or 'one without format'} may only come first"
            )
        for earlier in before:
            if _takes_all(_settings(earlier), _settings(each)):
                raise ValueError(
                    f"also: {each.format} would never be tried, as the {earlier.format} before it takes all that looks "
                    "like it; put first what is told by a layout, or by a column that is empty for the others"
                )
        before.append(each)


def _takes_all(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether the earlier of two kinds takes all hashes that look like the later."""
    if earlier["format"] == "bcrypt" or earlier.get("layout") != later.get("layout"):
        return False
    if size_of(earlier["format"]) not in (None, size_of(later["format"])):
        return False
    if earlier.get("encoding") not in (None, later.get("encoding")):
        return False
    told = [name for name in ("salt", "iterations") if isinstance(earlier.get(name), str)]
    if "iterations" in told and earlier["format"] != later["format"]:
        return False  # words in that column tell the one from the other
    return all(earlier[name] == later.get(name) for name in told)


def in_order(descriptions: Iterable[HowMade]) -> list[HowMade]:
    """The descriptions in the order in which most can be told apart: what looks special before what looks like many."""
    return sorted(descriptions, key=_generality)


def _generality(described: HowMade) -> tuple[bool, bool, bool, int]:
    wanted = _settings(described)
    told = sum(isinstance(wanted.get(name), str) for name in ("salt", "iterations", "layout"))
    any_size = size_of(wanted.get("format", "")) is None
    return described.inner != "bcrypt", any_size, wanted.get("encoding") is None, -told


def size_of(scheme: str) -> int | None:
    """The bytes of a digest of this format; None if it may have any number."""
    return None if scheme.startswith("pbkdf2") else SIZES.get(scheme.rpartition("-")[2])


def _key(answers: HowMade, secret: Callable[[str], str] | None) -> bytes:
    if answers.key is None:
        return b""
    if secret is None:
        raise UsageError(
            "The key of the password hashes is not at hand here",
            why=f"[passwords] names {answers.key}, which is only looked up where users are prepared",
            state="Nothing was written.",
            remedy="use prepare, apply or passwords prove.",
        )
    key = READERS[answers.key_encoding](secret(answers.key))
    if not key:
        raise UsageError(
            f"The secret {answers.key} is not {answers.key_encoding}",
            state="Nothing was written.",
            remedy="correct key_encoding in [passwords], or the secret.",
        )
    return key


PART = re.compile(r"(\{(?:hash|salt|iterations)\})")


def layout_pattern(layout: str) -> re.Pattern[str]:
    """The pattern of a layout such as `{salt}:{hash}`; the last part may hold the separator, others may not.

    Raises:
        ValueError: no part, a part twice, no {hash}, or nothing between two parts.
    """
    pieces = PART.split(layout)
    literals, parts = pieces[::2], pieces[1::2]
    if "{hash}" not in parts or len(set(parts)) != len(parts) or not all(literals[1:-1]):
        raise ValueError(
            'must hold {hash} once, and {salt} and {iterations} at most once, with text between: "{salt}:{hash}"'
        )
    pattern = re.escape(literals[0])
    for part, literal in zip(parts, literals[1:], strict=True):
        name = part[1:-1]
        if name == "iterations":
            pattern += "(?P<iterations>[1-9][0-9]{0,9})"
        elif literal:
            pattern += f"(?P<{name}>[^{re.escape(literal[0])}]{'+' if name == 'hash' else '*'})"
        else:
            pattern += f"(?P<{name}>.{'+' if name == 'hash' else '*'})"
        pattern += re.escape(literal)
    return re.compile(pattern, re.DOTALL)
