"""Judge one stored password: by the value alone where it speaks for itself, else by what the operator declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from wizard.passwords import argon2, aspnet, bcrypt, digests, families, kratos, ldap, pbkdf2, records, scrypt, spring
from wizard.passwords.declared import DIGESTS, HMACS, NESTED, PBKDF2S, READERS, Declared
from wizard.passwords.encoded import SIZES, SQL_SERVER, from_base64, from_dump, from_hex
from wizard.passwords.recipe import WAY_OUT, Recipe, Verdict, damaged, refused

HEAD = re.compile(r"[$:{]?[A-Za-z0-9_.@-]*[$:}]?")

_django_pbkdf2 = {f"pbkdf2_{name}$": pbkdf2.django for name in ("sha1", "sha256", "sha512")}
_passlib_pbkdf2 = {f"$pbkdf2{name}$": pbkdf2.passlib for name in ("", *(f"-{each}" for each in SIZES))}
_argon2 = {f"${name}$": argon2.judge for name in ("argon2id", "argon2i", "argon2d")}
_bcrypt = {f"${name}$": bcrypt.judge for name in ("2", "2a", "2b", "2x", "2y")}
_ldap = {f"{{{name}}}": ldap.judge for name in ("SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")}
_ldap |= {f"{{S{name}}}": ldap.judge for name in ("SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD5")}
_spring = {f"{{{name}@SpringSecurity_v5_8}}": spring.delegated for name in ("argon2", "scrypt", "bcrypt")}


def _php(value: str) -> Verdict:
    """What password_hash of PHP made, and others that write bcrypt and argon2 as it does."""
    return argon2.judge(value) if value.startswith("$argon2") else bcrypt.judge(value)


def _unwrapped(head: str, inner: Recipe) -> Recipe:
    """What stands behind a wrapping that adds nothing."""
    return lambda value: inner(value[len(head) :])


HEADS: Mapping[str, Recipe] = {
    **_bcrypt,
    "bcrypt$": _unwrapped("bcrypt$", bcrypt.judge),
    "{BLF-CRYPT}": _unwrapped("{BLF-CRYPT}", bcrypt.judge),
    **_argon2,
    "argon2$": lambda value: argon2.judge(value[len("argon2") :]),
    ":argon2:": _unwrapped(":argon2:", argon2.judge),
    **{head: _unwrapped(head, argon2.judge) for head in ("{ARGON2}", "{ARGON2I}", "{ARGON2ID}")},
    **_django_pbkdf2,
    **_passlib_pbkdf2,
    "pbkdf2:": pbkdf2.werkzeug,
    "{PKCS5S2}": pbkdf2.atlassian,
    **{f"{{PBKDF2{name}}}": pbkdf2.openldap for name in ("", "-SHA1", "-SHA256", "-SHA512")},
    **{f"{{PBKDF2-HMAC-SHA{bits}}}": pbkdf2.openldap for bits in (256, 512)},
    "{PBKDF2_SHA256}": pbkdf2.directory_389,
    "grub.pbkdf2.sha512.": pbkdf2.grub,
    ":pbkdf2:": pbkdf2.mediawiki,
    **{f"PBKDF2WithHmacSHA{bits}:": pbkdf2.jakarta for bits in (1, 224, 256, 384, 512)},
    "scrypt:": scrypt.werkzeug,
    "scrypt$": scrypt.django,
    "$scrypt$": scrypt.phc,
    "s2:": scrypt.lucia,
    "$bcrypt$": bcrypt.phc,
    "$shiro2$": lambda value: _php(value[len("$shiro2") :]),
    **_ldap,
    **{f"{head[:-1]}.{form}}}": ldap.encoded for head in (*_ldap, "{MD5}") for form in ("HEX", "B64", "BASE64")},
    **{f"{{{name}-MD5}}": ldap.md5 for name in ("PLAIN", "LDAP")},
    "{CRYPT}": ldap.crypt,
    "{crypt}": ldap.crypt,
    **{f"{name}$": digests.dollars for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    "$3$": digests.nthash,
    "{NTLM}": digests.nthash,
    ":A:": digests.mediawiki,
    **_spring,
    **{f"{{{name}}}": spring.delegated for name in ("bcrypt", "argon2", "scrypt")},
    **{f"{{{name}}}": spring.digests for name in ("MD4", "MD5", "SHA-1", "SHA-256", "SHA-512")},
    "{ldap}": spring.inside_ldap,
    "{pbkdf2}": spring.pbkdf2,
    "{pbkdf2@SpringSecurity_v5_8}": spring.pbkdf2,
    "{sha256}": spring.iterated,
    **families.REFUSED,
    **{f"${name}$": kratos.patterned for name in ("md5", "sha1", "sha256", "sha512")},
    **{f"$hmac-{name}$": kratos.keyed for name in ("md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
}
"""What a value begins with, to its recipe. A new format is a row here, and a vector that proves it."""

CAPITALS: Mapping[str, Recipe] = {head.upper(): recipe for head, recipe in HEADS.items() if head[0] == "{"} | {
    "{SHA256}": ldap.judge
}
"""LDAP's schemes are the same in any case."""

NOTHING = frozenset({"NULL", "null", "\\N"})
"""What exports of databases write where there is nothing."""

HEX_DIGEST = re.compile(r"[0-9a-fA-F]+")
LEAST_HEX = 48
"""Letters; longer hex than this is no password that somebody typed."""

ASK = (
    'a bare digest does not say how it was made: declare format in [passwords], such as "md5" or "sha256", and salt if there '
    "is one, or let a proof with an account whose password you know find it out (passwords prove)"
)
LAYOUT = re.compile(r"[0-9a-fA-F]{32,}[:.$|][!-~]{1,64}(?:[:.$|][!-~]{1,64})?|[!-~]{1,64}[:.$|][0-9a-fA-F]{32,}")
NUMBERED = re.compile(r"[1-3]\|(?=\$)")
"""What Nextcloud and ownCloud write before what PHP made: the number of their way of hashing."""

JENKINS = "#jbcrypt:"
"""What Jenkins writes before bcrypt."""

_NAMED_ROUNDS = re.compile(r"(?:^|[$:,;|/ ])(?:i|t|w|c|iter|iterations?|rounds?)=([1-9][0-9]{0,9})\b", re.IGNORECASE)
_ROUNDS = re.compile(r"(?<![A-Za-z0-9=-])[1-9][0-9]{2,9}(?![A-Za-z0-9])")
_DIGEST = re.compile(r"sha[-_]?(1|224|256|384|512)(?![0-9])", re.IGNORECASE)


def rounds_in(told: str, digest: str) -> int:
    """The iterations of PBKDF2 that a cell tells: a number, or words such as `$pbkdf2-sha256$i=64000,l=32$`; 0 for none.

    Words that tell of another algorithm or digest tell none of this one.
    """
    told = told.strip()
    if told.isascii() and told.isdecimal() and len(told) <= 10:
        return int(told)
    named = _DIGEST.search(told)
    if "pbkdf2" not in told.lower() or (named and f"sha{named[1]}" != digest):
        return 0
    if by_name := _NAMED_ROUNDS.search(told):
        return int(by_name[1])
    return max(map(int, _ROUNDS.findall(told)), default=0)


def judge_value(value: str) -> Verdict:
    """Judge what is in one cell, without white space around it, by itself."""
    if not value or value in NOTHING:
        return Verdict("none", "", "none", "there is no password", None, "password_missing")
    head = HEAD.match(value)[0]  # type: ignore[index]  # all parts are optional, so it always matches
    recipe = HEADS.get(head)
    if recipe is not None:
        return recipe(value)
    return _without_head(value, head)


def _without_head(value: str, head: str) -> Verdict:
    """Judge by the shape of the whole value."""
    if head[:1] == "{" and (recipe := CAPITALS.get(head.upper())) is not None:
        return recipe(value)
    if value[0] == "{" and (found := records.judge(value)) is not None:
        return found
    if (numbered := NUMBERED.match(value)) is not None:
        return _php(value[numbered.end() :])
    if value.startswith(JENKINS):
        return bcrypt.judge(value[len(JENKINS) :])
    if value[0] == "$" and (found := scrypt.spring(value)).carried_by != "none":
        return replace(found, assumes="that Spring wrote it")
    if value.startswith("grub.pbkdf2.sha512."):
        return pbkdf2.grub(value)
    if SQL_SERVER.fullmatch(value):
        return families.REFUSED[value[:6]](value)
    if families.MYSQL.fullmatch(value):
        return families.mysql(value)
    if families.MASKED.fullmatch(value):
        return families.masked(value)
    if families.DISABLED.fullmatch(value):
        return families.disabled(value)
    if (blob := aspnet.judge(value)) is not None:
        return blob
    return _bare(value)


def _bare(value: str) -> Verdict:
    """A digest that does not say how it was made is asked about."""
    if HEX_DIGEST.fullmatch(value) and len(value) // 2 in SIZES.values() and len(value) % 2 == 0:
        return refused(f"hex digest of {len(value) * 4} bits", "", ASK, "password_undeclared")
    if HEX_DIGEST.fullmatch(value) and len(value) >= LEAST_HEX and len(value) % 2 == 0:
        return refused(f"hex of {len(value) * 4} bits", "", ASK, "password_undeclared")
    if len(value) % 4 == 0 and value.endswith("=") and (data := from_base64(value)) and len(data) in SIZES.values():
        return refused(f"base64 digest of {len(data) * 8} bits", "", ASK, "password_undeclared")
    if LAYOUT.fullmatch(value):
        return refused("hex digest with salt", "", ASK, "password_undeclared")
    return families.unknown(value)


class Judge:
    """Judges the cells of one source as its operator declared them; picklable.

    Call it with the value, and with the cells, as text, of the further columns that `declared.columns` names.
    """

    def __init__(self, declared: Declared | None = None) -> None:
        self.declared = declared or Declared()
        self._of = self._chosen()

    def __reduce__(self) -> tuple[type[Judge], tuple[Declared]]:
        return Judge, (self.declared,)

    @property
    def plain_bcrypt(self) -> bool:
        """Whether a bcrypt hash of cost 10 is taken as it is, whatever else the row holds."""
        declared = self.declared
        return not (
            declared.key_lost
            or declared.format in (*NESTED, "plain")
            or (declared.format == "bcrypt" and (declared.key or declared.salt))
        )

    def __call__(self, value: str, *beside: str) -> Verdict:
        """Say what becomes of one stored password; surrounding white space does not count."""
        value = from_dump(value.strip())
        if not beside:
            verdict = self._of(value, "", "")
        elif self.declared.salt is None:
            verdict = self._of(value, "", beside[0].strip())
        else:
            salt = "" if beside[0].strip() in NOTHING else self._salt(beside[0])
            verdict = self._of(value, salt, beside[1].strip() if len(beside) > 1 else "")
        if (verdict.unconfirmed and self.declared.unconfirmed is not None) or verdict.likely == "refused":
            return self._decided(verdict)
        return verdict

    def _salt(self, cell: str) -> str:
        """The cell, in which white space may be part of the salt; text that PostgreSQL keeps as bytes is that text."""
        if self.declared.salt_encoding != "utf8" or not cell.startswith("\\x"):
            return cell
        data = from_hex(cell.strip())
        return data.decode() if data and data.isascii() and data.decode().isprintable() else cell

    def _decided(self, verdict: Verdict) -> Verdict:
        """Follow the operator where Auth0's behaviour is unconfirmed; left open, what it probably does."""
        wanted = self.declared.unconfirmed or ("import" if verdict.likely == "accepted" else "reject")
        if wanted == "import":
            return verdict
        why = f'{verdict.unconfirmed}; unconfirmed = "import" in [passwords] tries it'
        return replace(verdict, carried_by="none", why=why, value=None, code="password_unconfirmed")

    def _chosen(self) -> Callable[[str, str, str], Verdict]:
        wanted = self.declared.format
        if self.declared.key_lost:
            return self._lost
        if wanted in NESTED:
            return self._nested
        if wanted == "plain":
            return lambda value, salt, iterations: families.REFUSED["{noop}"](value) if value else judge_value("")
        if wanted in (*DIGESTS, *HMACS, *PBKDF2S, "scrypt"):
            return self._bytes
        if wanted == "bcrypt":
            return self._bcrypt
        if wanted == "spring-pbkdf2":
            return self._spring
        if wanted in ("django", "werkzeug"):
            return self._dollars
        return lambda value, salt, iterations: judge_value(value)

    def _lost(self, value: str, salt: str, iterations: str) -> Verdict:
        found = judge_value(value)
        if found.code in ("password_missing", "password_disabled"):
            return found
        why = f"it was made with a key (pepper) that is lost, without which nobody can check it; {WAY_OUT}"
        return refused(found.scheme, found.parameters, why)

    def _nested(self, value: str, salt: str, iterations: str) -> Verdict:
        found = judge_value(value)
        if found.code in ("password_missing", "password_disabled") or found.scheme == "hidden":
            return found
        return refused(self.declared.format, "", f"{NESTED[self.declared.format]}: {families.NESTED}")

    def _dollars(self, value: str, salt: str, iterations: str) -> Verdict:
        """Read what Django and Werkzeug write alike as the declared one means it; other forms speak for themselves."""
        if digests.DOLLARS.fullmatch(value) and "$$" not in value:
            return digests.of_django(value) if self.declared.format == "django" else digests.of_werkzeug(value)
        return judge_value(value)

    def _spring(self, value: str, salt: str, iterations: str) -> Verdict:
        declared = self.declared
        if value.startswith("{pbkdf2") or HEX_DIGEST.fullmatch(value):
            return spring.pbkdf2(value, secret=declared.key, iterations=declared.rounds)
        return judge_value(value)

    def _bcrypt(self, value: str, salt: str, iterations: str) -> Verdict:
        """bcrypt over the password and a pepper or a salt, which goes as its salt; 72 bytes count, this one's too."""
        declared = self.declared
        found = judge_value(value)
        if found.scheme != "bcrypt" or found.carried_by == "none" or not (declared.key or declared.salt):
            return found
        name, position = ("pepper", declared.key_position) if declared.key else ("salt", declared.salt_position)
        data = declared.key or READERS[declared.salt_encoding](salt)
        if not data:
            return damaged("bcrypt", found.parameters, f"its salt is empty or not {declared.salt_encoding}")
        hashed = found.value if isinstance(found.value, str) else (found.value or {})["hash"]["value"]
        stored = {
            "algorithm": "bcrypt",
            "hash": {"value": hashed},
            "salt": {**digests.as_member(data), "position": position},
        }
        why = f"Auth0 takes it as a custom hash with the {name} as salt, and makes its own at the first login"
        parameters = f"{found.parameters}, with a {name}"
        return replace(
            found, carried_by="custom_password_hash", value=stored, why=why, parameters=parameters, assumes=DECLARED
        )

    def _bytes(self, value: str, salt: str, iterations: str) -> Verdict:
        """A hash in hex or base64 with its salt beside it, or both in one cell by the declared layout."""
        declared = self.declared
        scheme = declared.format
        if not value or families.DISABLED.fullmatch(value):
            return judge_value(value)
        head = HEAD.match(value)[0]  # type: ignore[index]  # all parts are optional, so it always matches
        if not self._laid_out(value) and (value[0] in "${:" or head in HEADS):
            return judge_value(value)
        if declared.layout is not None:
            found = declared.layout.fullmatch(value)
            if found is None:
                return damaged(scheme, why="it has not the declared layout")
            parts = found.groupdict()
            value, salt, iterations = parts["hash"], parts.get("salt", salt), parts.get("iterations", iterations)
        hashed = self._hash(value)
        salted = bool(declared.salt) or (declared.layout is not None and "salt" in declared.layout.groupindex)
        if declared.salt_encoding in ("hex", "base64"):
            salt = salt.strip()
        data = READERS[declared.salt_encoding](salt) if salt else b""
        if hashed is None:
            return damaged(scheme, why=f"it is not {declared.encoding or 'hex or base64'} of this digest's length")
        if salted and not data:
            return damaged(scheme, why=f"its salt is empty or not {declared.salt_encoding}")
        return self._translated(hashed, data or b"", iterations)

    def _laid_out(self, value: str) -> bool:
        """Whether it is of the declared layout and begins with a text of that layout, not with what could be anything."""
        layout = self.declared.layout
        return layout is not None and not layout.pattern.startswith("(?P<") and layout.fullmatch(value) is not None

    def _hash(self, value: str) -> bytes | None:
        declared = self.declared
        size = SIZES.get(declared.format.rpartition("-")[2]) if not declared.format.startswith("pbkdf2") else None
        readers = (from_hex, from_base64) if declared.encoding is None else (READERS[declared.encoding],)
        for read in readers:
            data = read(value)
            if data and (size is None or len(data) == size):
                return data
        return None

    def _translated(self, hashed: bytes, salt: bytes, iterations: str) -> Verdict:
        declared = self.declared
        told_rounds = iterations.strip() or str(declared.rounds or "")
        once = declared.format in DIGESTS or declared.format in HMACS
        if once and told_rounds not in ("", "0", "1", "1.0", *NOTHING):
            return refused(declared.format, "iterated", families.ITERATED)
        kind, _, algorithm = declared.format.partition("-")
        where = {"prefix": "salt before", "suffix": "salt after"}[declared.salt_position] if salt else "without salt"
        told = f"{where}, {declared.letters}" if declared.letters != "utf8" else where
        options = {"position": declared.salt_position, "letters": declared.letters}
        if kind == "hmac":
            key, rest = (declared.key, salt) if declared.key else (salt, b"")
            if declared.key_size and key:
                key = (key * (declared.key_size // len(key) + 1))[: declared.key_size]
            return digests.hmac(
                declared.format, algorithm, hashed, key, rest, parameters=told, assumes=DECLARED, **options
            )  # fmt: skip
        if kind == "pbkdf2":
            rounds = rounds_in(iterations, algorithm) if iterations.strip() else declared.rounds or 0
            if not rounds and re.search("[a-z]", iterations, re.IGNORECASE):
                return refused(
                    declared.format, "", f"the column of iterations tells of another algorithm, or none; {WAY_OUT}"
                )
            if not rounds:
                return damaged(declared.format, why="it does not say how many iterations it has")
            found = pbkdf2.pbkdf2(declared.format, algorithm, rounds, salt + declared.key, hashed, assumes=DECLARED)
        elif kind == "scrypt":
            numbers = (declared.cost, declared.block_size, declared.parallelization)
            found = scrypt.scrypt("scrypt", numbers, salt + declared.key, hashed, assumes=DECLARED)
        else:
            salt = salt or declared.key
            return digests.digest(kind, kind, hashed, salt, parameters=told, assumes=DECLARED, **options)
        if declared.letters != "utf8" and isinstance(found.value, Mapping):
            stored = {**found.value, "password": {"encoding": declared.letters}}
            return replace(found, value=stored)
        return found


DECLARED = "what is declared in [passwords]"
