"""Judge one stored password by what the operator declared, or by the value alone where it speaks for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from wizard.passwords import digests, families, pbkdf2, scrypt, spring
from wizard.passwords.declared import (
    DIGESTS,
    DIGESTS_OF_DIGESTS,
    HMACS,
    LACKING,
    NESTED,
    OF_BYTES,
    READERS,
    Declared,
    size_of,
)
from wizard.passwords.encoded import from_base64, from_dump, from_hex
from wizard.passwords.judging import HEAD, HEADS, HEX_DIGEST, NOTHING, bare, judge_value, of_maker, rounds_in
from wizard.passwords.recipe import Verdict, damaged, refused, unchecked

DECLARED = "what is declared in [passwords]"
LEAST_KEY = 14
"""Bytes of what PBKDF2 and scrypt make; what is shorter is a word or damaged."""
LEAST_HEX = 32
"""Letters; so long a text of nothing but hex is no base64."""

OTHERWISE = (
    "describe how it was made in also of [passwords], or let a proof with an account whose password you know find it out "
    "(passwords prove)"
)


class Judge:
    """Judges the cells of one source as its operator declared them; picklable.

    Call it with the value, and with the cells, as text, of the further columns that `declared.columns` names.
    """

    def __init__(self, declared: Declared | None = None) -> None:
        self.declared = declared or Declared()
        self._first = _One(self.declared)
        self._others = tuple(map(_One, self.declared.also))

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
        if not self._others:
            return self._first(value, *beside)
        return self._of_several(value, beside)

    def _of_several(self, value: str, beside: tuple[str, ...]) -> Verdict:
        """By the first description that the value is of, or by the first of all."""
        verdicts = []
        for number, one in enumerate((self._first, *self._others)):
            cells, beside = beside[: one.cells], beside[one.cells :]
            verdict = one(value, *cells)
            if number:
                verdict = replace(verdict, described=number, proven=one.declared.proven)
            if not verdict.unlike and verdict.code != "password_undeclared":
                return verdict
            verdicts.append(verdict)
        undeclared = (verdict for verdict in verdicts if verdict.code == "password_undeclared")
        return next(undeclared, verdicts[0])


class _One:
    """Judges by one description."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.cells = len(declared.columns) - sum(len(other.columns) for other in declared.also)
        self._of = self._chosen()

    def __call__(self, value: str, *beside: str) -> Verdict:
        if not beside:
            verdict = self._of(value, "", "")
        elif self.declared.salt is None:
            verdict = self._of(value, "", beside[0].strip())
        else:
            salt = "" if not beside[0].strip() or beside[0].strip() in NOTHING else self._salt(beside[0])
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
        if wanted in OF_BYTES:
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
        why = "it was made with a key (pepper) that is lost, without which nobody can check it"
        return unchecked(refused(found.scheme, found.parameters, why))

    def _nested(self, value: str, salt: str, iterations: str) -> Verdict:
        found = judge_value(value)
        if found.code in ("password_missing", "password_disabled") or found.scheme == "hidden":
            return found
        wanted = self.declared.format
        other = found.value is None and found.code != "password_unsupported"
        if other and (wanted not in DIGESTS_OF_DIGESTS or value.startswith("$2")):
            return found
        lacking = LACKING.get(wanted)
        if lacking is not None and not getattr(self.declared, lacking):
            why = f"{NESTED[wanted]}, which Auth0 cannot; for a login to check it, declare {lacking} in [passwords]"
            return refused(wanted, "", why, "password_undeclared")
        return refused(wanted, "", f"{NESTED[wanted]}: {families.NESTED}")

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
        if not value or value in NOTHING or families.DISABLED.fullmatch(value):
            return judge_value(value)
        head = HEAD.match(value)[0]  # type: ignore[index]  # all parts are optional, so it always matches
        if not self._laid_out(value):
            if value[0] in "${:" or head in HEADS:
                return judge_value(value)
            if (found := of_maker(value)) is not None and found.code != "password_damaged":
                return found
        whole = value
        if declared.layout is not None:
            laid_out = declared.layout.fullmatch(value)
            if laid_out is None:
                return self._unlike(value, "it has not the declared layout")
            parts = laid_out.groupdict()
            value, salt, iterations = parts["hash"], parts.get("salt", salt), parts.get("iterations", iterations)
        hashed = self._hash(value)
        salted = bool(declared.salt) or (declared.layout is not None and "salt" in declared.layout.groupindex)
        if declared.salt_encoding in ("hex", "base64"):
            salt = salt.strip()
        data = READERS[declared.salt_encoding](salt) if salt else b""
        if hashed is None:
            return self._unlike(whole, f"it is not {declared.encoding or 'hex or base64'} of this digest's length")
        if salted and not salt:
            return replace(damaged(scheme, why="its salt is empty"), unlike=True)
        if salted and not data:
            return damaged(scheme, why=f"its salt is not {declared.salt_encoding}")
        return self._translated(hashed, data or b"", iterations)

    def _unlike(self, value: str, why: str) -> Verdict:
        """A hash that is not as declared: damaged, but for what looks like one of another kind."""
        scheme, other = self.declared.format, bare(value)
        if other is not None:
            return replace(other, why=f"it is no {scheme} as declared ({why}): {OTHERWISE}", unlike=True)
        return replace(damaged(scheme, why=why), unlike=True)

    def _laid_out(self, value: str) -> bool:
        """Whether it is of the declared layout and begins with a text of that layout, not with what could be anything."""
        layout = self.declared.layout
        return layout is not None and not layout.pattern.startswith("(?P<") and layout.fullmatch(value) is not None

    def _hash(self, value: str) -> bytes | None:
        declared = self.declared
        size = size_of(declared.format)
        readers = (from_hex, from_base64) if declared.encoding is None else (READERS[declared.encoding],)
        if (
            declared.encoding is None
            and len(value) >= LEAST_HEX
            and len(value) % 2 == 0
            and HEX_DIGEST.fullmatch(value)
        ):
            readers = (from_hex,)
        for read in readers:
            data = read(value)
            if data and (len(data) >= LEAST_KEY if size is None else len(data) == size):
                return data
        return None

    def _translated(self, hashed: bytes, salt: bytes, iterations: str) -> Verdict:
        declared = self.declared
        told_rounds = iterations.strip() or str(declared.rounds or "")
        once = declared.format in DIGESTS or declared.format in HMACS
        if once and told_rounds not in ("", "0", "1", "1.0", *NOTHING):
            return replace(unchecked(refused(declared.format, "iterated", families.ITERATED)), unlike=True)
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
                why = "the column of iterations tells of another algorithm, or none"
                return replace(unchecked(refused(declared.format, "", why)), unlike=True)
            if not rounds:
                return replace(damaged(declared.format, why="it does not say how many iterations it has"), unlike=True)
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
