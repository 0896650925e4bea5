"""Compile answers to flat Python functions: nothing is looked up or interpreted for each user that could be before.

Beside each member of the profile that it writes for single records, it notes how the same is done for whole blocks.
Source of the rules: Auth0 docs, "Bulk User Import Database Schema and Examples" and "User Profile Structure".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from wizard.mapping import checks, column_checks, words
from wizard.mapping.compiled import Mapping
from wizard.mapping.loaded import Loaded, Wanted, unchecked
from wizard.mapping.memo import Memo
from wizard.mapping.parts import Check, Nested, Part, Rare
from wizard.mapping.passwords import BARE, Carrier, Password
from wizard.mapping.phones import MARK, Phones, possible_lengths, possible_lengths_of_bytes
from wizard.mapping.plan import Plan
from wizard.mapping.preference import preference_of
from wizard.mapping.table import Origin
from wizard.mapping.writer import Writer
from wizard.passwords import Judge
from wizard.passwords.answers import PasswordsAnswers
from wizard.passwords.bcrypt import PASSWORD_HASH
from wizard.passwords.cells import stored_text
from wizard.passwords.declared import declared
from wizard.profile import FieldRule, ProfileAnswers
from wizard.rejects import reject

VERSION = 6
"""Raised when the same answers begin to give other users, so that files prepared before are not taken for the same."""

USER_ID = re.compile(r"[^\s\x00-\x1f\x7f\ufeff]++")
KEYS = ("user_id", "email", "username", "phone_number")
LONGEST = {"given_name": 150, "family_name": 150, "name": 150, "nickname": 300}
"""Characters; where two pages of Auth0's documents differ, the smaller figure."""


def compile_answers(
    profile: ProfileAnswers,
    passwords: PasswordsAnswers,
    columns: Sequence[str],
    username_length: tuple[int, int],
    usernames_may_be_emails: bool,
    secret: Callable[[str], str] | None = None,
) -> Mapping:
    """See `wizard.mapping.compile_mapping`."""
    keys = tuple(key for key in KEYS if getattr(profile, key) is not None)
    judge = Judge(declared(passwords, secret, columns))
    compiler = _Compiler(profile, passwords, columns, (*username_length, usernames_may_be_emails), judge)
    compiler.write()
    decided = [VERSION, profile.model_dump(mode="json"), passwords.model_dump(mode="json"), list(columns)]
    decided += [
        list(username_length),
        usernames_may_be_emails,
        *[hashlib.sha256(key).hexdigest() for key in judge.declared.keys],
    ]
    return Mapping(
        compiler.writer.text(),
        compiler.writer.constants,
        columns=tuple(columns),
        fingerprint=hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest(),
        keys=keys,
        warning=profile.profile_bytes_warning,
        limit=profile.profile_bytes_limit,
        plan=compiler.plan(keys),
        preference=compiler.preference,
    )


class _Compiler:
    def __init__(
        self,
        profile: ProfileAnswers,
        passwords: PasswordsAnswers,
        columns: Sequence[str],
        usernames: tuple[int, int, bool],
        judge: Judge,
    ) -> None:
        self.writer = Writer(columns)
        self._profile = profile
        self._passwords = passwords
        self._usernames = usernames
        self._judge = judge
        self._lengths = Memo(possible_lengths)
        self._parts: list[Part | None] = []
        self._notes: tuple[str, ...] = ()
        self.preference = preference_of(profile, self.writer.column)
        self._absent: tuple[tuple[str, str], ...] = ()

    def plan(self, keys: tuple[str, ...]) -> Plan | None:
        parts = tuple(part for part in self._parts if part is not None)
        if len(parts) < len(self._parts):
            return None
        limit = self._profile.profile_bytes_limit
        warning = self._profile.profile_bytes_warning
        return Plan(parts, keys, self._notes, self._absent, warning if limit is None else min(warning, limit))

    def write(self) -> None:
        """Write both functions.

        Raises:
            UsageError: the answers do not fit the columns.
        """
        self._write_user()
        self.writer.refuse_problems()
        parts = self._parts
        self._parts = []
        self._write_keys()
        self._parts = parts

    def _write_keys(self) -> None:
        """What must be unique, and what decides between those who share it: each by itself, whatever the others hold."""
        writer = self.writer
        with writer.block("def to_keys(row):"):
            writer.line("user, notes = {}, []")
            for write in (self._user_id, self._address, self._phone_number, self._user_name):
                with writer.block("try:"):
                    write()
                    writer.line("pass")
                with writer.block("except Refused:"):
                    writer.line("pass")
            writer.line("return user")

    def _write_user(self) -> None:
        profile, line = self._profile, self.writer.line
        with self.writer.block("def to_user(row, notes):"):
            line("user_id = None")
            with self.writer.block("try:"):
                self._user_id()
                self._address()
                self._phone_number()
                self._boolean("phone_verified")
                self._user_name()
                for name, most in LONGEST.items():
                    self._member(name, partial(self._length, most), partial(column_checks.at_most, most))
                self._member("picture", self._picture, column_checks.pictures)
                self._boolean("blocked")
                self._factors()
                self._password()
                self._metadata(profile.app_metadata, "app_metadata")
                self._metadata(profile.user_metadata, "user_metadata")
                line("return user")
            with self.writer.block("except Refused as refused:"):
                line("return refused.reject, user_id")

    @contextmanager
    def _present(self, mapped: str | FieldRule, field: str, *, wants: Wanted, missing: str = "") -> Iterator[Loaded]:
        """Load the value; lines written inside run when there is one, the others as the rule says."""
        rule = _rule(mapped)
        omit = rule.when_invalid == "omit"
        with self.writer.block("try:" if omit else ""):
            loaded = self.writer.load(rule, field, wants=wants)
            if field == "email" and self._profile.without_email is not None:
                self._make_up(self._profile.without_email)
            with self.writer.block(f"if {loaded.is_there}:"):
                yield loaded
            if missing or rule.when_empty == "reject":
                with self.writer.block("else:"):
                    self.writer.refuse(missing or "value_missing", field)
        if omit:
            with self.writer.block("except Refused as refused:"):
                self.writer.line(f"notes.append({self.writer.constant(f'omitted {field}')})")

    def _make_up(self, template: str) -> None:
        """Load an address of the template where there is none; in blocks such records are odd, as one is required."""
        self.writer.line("made_up = not v")
        with self.writer.block("if made_up:"):
            self.writer.load(FieldRule(template=template), "without_email", wants="text")
            self.writer.line(f'notes.append("{words.MADE_UP}")')

    def _member(self, field: str, write_check: Callable[[str], None], check: Check, missing: str = "") -> None:
        """A text of the schema, with its check for one value and for a column."""
        mapped = getattr(self._profile, field)
        if mapped is None:
            return
        with self._present(mapped, field, wants="text", missing=missing) as loaded:
            write_check(field)
            self.writer.line(f'user["{field}"] = v')
        self._parts.append(loaded.part(field, check=check, required=bool(missing) or _required(mapped)))

    def _boolean(self, field: str) -> None:
        mapped = getattr(self._profile, field)
        if mapped is not None:
            with self._present(mapped, field, wants="boolean") as loaded:
                self.writer.line(f'user["{field}"] = v')
            self._parts.append(loaded.part(field, check=unchecked, required=_required(mapped)))

    def _user_id(self) -> None:
        writer, prefix = self.writer, self._profile.user_id_prefix or ""
        with self._present(self._profile.user_id, "user_id", wants="text", missing="user_id_missing") as loaded:
            with writer.block('if v.startswith("auth0|"):'):
                writer.refuse("user_id_has_prefix")
            with writer.block(
                f'if ("E+" in v or "e+" in v) and {writer.constant(words.ROUNDED.fullmatch)}(v) is not None:'
            ):
                writer.refuse("user_id_rounded")
            if prefix:
                writer.line(f"v = {writer.constant(prefix)} + v")
            with writer.block("if len(v) > 255:"):
                writer.refuse("user_id_too_long")
            plain = 'v.isascii() and v.isprintable() and " " not in v'  # four times faster than the pattern
            with writer.block(f"if not ({plain}) and {writer.constant(USER_ID.fullmatch)}(v) is None:"):
                writer.refuse("user_id_invalid")
            writer.line("user_id = v")
            writer.line('user = {"user_id": v}')
        self._parts.append(
            loaded.part("user_id", check=partial(column_checks.user_ids, prefix.encode()), required=True)
        )

    def _address(self) -> None:
        made_up = self._profile.without_email is not None
        self._member("email", self._email, column_checks.emails, missing="email_missing")
        with self.writer.block("if not made_up:" if made_up and self._profile.email_verified is not None else ""):
            self._boolean("email_verified")

    def _phone_number(self) -> None:
        self._member("phone_number", self._phone, partial(column_checks.phones, Memo(possible_lengths_of_bytes)))

    def _user_name(self) -> None:
        shortest, longest, _ = self._usernames
        self._member("username", self._username, partial(column_checks.usernames, shortest, longest))

    def _email(self, field: str) -> None:
        writer = self.writer
        refusals = ", ".join(writer.constant(reject(code, field)) for code in ("email_invalid", "email_too_long"))
        self._lower()
        with writer.block(f"if len(v) > 64 or {writer.constant(words.EMAIL.fullmatch)}(v) is None:"):
            writer.line(f"v = {writer.constant(checks.email)}(v, {refusals})")

    def _lower(self) -> None:
        self.writer.line(f"v = v.lower() if v.isascii() else {self.writer.constant(words.lowered)}(v)")

    def _phone(self, field: str) -> None:
        parse = self.writer.constant(Phones(self._profile.default_country, reject("phone_number_invalid", field)))
        lengths = self.writer.constant(self._lengths)
        with self.writer.block(f"if len(v) not in {lengths}[v[:{MARK}]] or not v.isascii() or not v[1:].isdecimal():"):
            self.writer.line(f"v = {parse}(v)")

    def _username(self, field: str) -> None:
        shortest, longest, emails = self._usernames
        self._lower()
        with self.writer.block(f"if not ({shortest} <= len(v) <= {longest} and v.isascii() and v.isalnum()):"):
            self.writer.line(f"v = {self.writer.constant(checks.username)}(v, {shortest}, {longest}, {emails})")

    def _length(self, most: int, field: str) -> None:
        with self.writer.block(f"if len(v) > {most}:"):
            self.writer.refuse(f"{field}_too_long")

    def _picture(self, field: str) -> None:
        with self.writer.block(f"if {self.writer.constant(words.PICTURE.fullmatch)}(v) is None:"):
            self.writer.refuse("picture_invalid")

    def _totp(self, field: str) -> None:
        self.writer.line(f"v = {self.writer.constant(checks.totp)}(v)")

    def _factors(self) -> None:
        rules = self._profile.mfa
        self._left_factor()
        if rules is None:
            return
        self.writer.line("factors = []")
        kinds = (("totp", "secret", self._totp), ("phone", "value", self._phone), ("email", "value", self._email))
        for kind, member, write_check in kinds:
            mapped = getattr(rules, kind)
            if mapped is not None:
                with self._present(mapped, f"mfa.{kind}", wants="text") as loaded:
                    write_check(f"mfa.{kind}")
                    self.writer.line(f'factors.append({{"{kind}": {{"{member}": v}}}})')
                self._rare(mapped, "mfa_factors", loaded)
        with self.writer.block("if factors:"):
            self.writer.line('user["mfa_factors"] = factors')

    def _left_factor(self) -> None:
        """Note who has a second factor that an import cannot carry; codes by SMS are carried where mfa.phone is mapped."""
        writer, rules = self.writer, self._profile.mfa
        if words.LEFT_FACTOR not in writer.columns:
            return
        place = writer.column(words.LEFT_FACTOR, words.LEFT_FACTOR)
        carried = ("", None, "sms") if rules is not None and rules.phone is not None else ("", None)
        with writer.block(f"if row[{place}] not in {carried!r}:"):
            writer.line(f'notes.append("{words.LEFT_FACTOR}")')
        origin = Origin((place,), (str.strip,), reject("value_not_text", words.LEFT_FACTOR))
        self._parts.append(Rare(words.LEFT_FACTOR, origin))

    def _rare(self, mapped: str | FieldRule, key: str, loaded: Loaded) -> None:
        """Leave records that have this to the function; all of them, if none may be without."""
        usual = loaded.origin is not None and not _required(mapped)
        self._parts.append(Rare(key, loaded.origin) if usual and loaded.origin is not None else None)

    def _password(self) -> None:
        answers, writer = self._passwords, self.writer
        if answers.column is None:
            if answers.missing == "reject":
                writer.problems.append(
                    "no column of password hashes is named, and users without one are rejected; name it in [passwords], "
                    'or decide with missing = "without_password" to import everybody without a password, which is final'
                )
            writer.line(f'notes.append("{BARE}")')
            self._notes = (BARE,)
            return
        index = writer.column(answers.column, "passwords.column")
        not_text = reject("value_not_text", "the password hash")
        tried = answers.proven_formats if answers.unproven == "ask" else None
        carrier = Carrier(self._judge, answers.unsupported, dict(answers.decisions), answers.missing, tried)
        beside = [writer.column(name, "passwords") for name in self._judge.declared.columns]
        stored, refusal = writer.constant(stored_text), writer.constant(not_text)
        cells = [f"w{number}" for number in range(len(beside))]
        for variable, place in zip(("v", *cells), (index, *beside), strict=True):
            writer.line(f"{variable} = row[{place}]")
            with writer.block(f"if type({variable}) is not str:"):
                writer.line(f"{variable} = {stored}({variable}, {refusal})")
        writer.line("v = v.strip()")
        with writer.block("if not v:"):
            if answers.missing == "reject":
                writer.refuse("password_missing")
            else:
                writer.line(f'notes.append("{BARE}")')
        if self._judge.plain_bcrypt:
            with writer.block(f"elif {writer.constant(PASSWORD_HASH.fullmatch)}(v) is not None:"):
                writer.line('user["password_hash"] = v')
        with writer.block("else:"):
            writer.line(f"{writer.constant(carrier)}.carry({', '.join(('user', 'notes', 'v', *cells))})")
        # White space may be part of a salt.
        others = tuple(Origin((place,), (), not_text, stored_text) for place in beside)
        required = answers.missing == "reject"
        origin = Origin((index,), (str.strip,), not_text, stored_text)
        self._parts.append(Password(origin, others, self._judge, required, tried))
        self._absent = (("password_hash", BARE),)

    def _metadata(self, metadata: Any, field: str) -> None:
        writer = self.writer
        if isinstance(metadata, FieldRule):
            with self._present(metadata, field, wants="cell") as loaded:
                with writer.block("if type(v) is not dict:"):
                    writer.refuse("metadata_not_object", field)
                if field == "app_metadata":
                    with writer.block(f"if not {writer.constant(words.FORBIDDEN_APP_METADATA)}.isdisjoint(v):"):
                        writer.refuse("metadata_key_forbidden", field)
                with writer.block("if v:"):
                    writer.line(f'user["{field}"] = v')
            self._rare(metadata, field, loaded)
        elif metadata:
            parts = self._table(metadata, field, depth=0)
            with writer.block("if m0:"):
                writer.line(f'user["{field}"] = m0')
            self._parts.append(_nested(field, parts))

    def _table(self, table: dict[str, Any], field: str, *, depth: int) -> list[Part | None]:
        """Fill the variable m<depth>; tables that stay empty are left out."""
        parts: list[Part | None] = []
        self.writer.line(f"m{depth} = {{}}")
        for key, value in table.items():
            name, place = self.writer.constant(key), f"{field}.{key}"
            if isinstance(value, dict):
                inner = self._table(value, place, depth=depth + 1)
                with self.writer.block(f"if m{depth + 1}:"):
                    self.writer.line(f"m{depth}[{name}] = m{depth + 1}")
                if inner:
                    parts.append(_nested(key, inner))
            else:
                with self._present(value, place, wants="cell") as loaded:
                    self.writer.line(f"m{depth}[{name}] = v")
                parts.append(loaded.part(key, check=unchecked, required=_required(value)))
        return parts


def _rule(mapped: str | FieldRule) -> FieldRule:
    return FieldRule(column=mapped) if isinstance(mapped, str) else mapped


def _required(mapped: str | FieldRule) -> bool:
    return _rule(mapped).when_empty == "reject"


def _nested(key: str, parts: Sequence[Part | None]) -> Nested | None:
    known = tuple(part for part in parts if part is not None)
    return Nested(key, known) if known and len(known) == len(parts) else None
