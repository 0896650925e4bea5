"""Invented people for the practice store: the same for the same seed, with names, addresses and telephones as in real stores."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from wizard.practice.people.chance import chance_of
from wizard.practice.people.hashes import Known, bcrypt_pool
from wizard.practice.people.names import LOCALES, Names

EXPORTED = datetime(2026, 7, 1, 12, tzinfo=UTC)
"""When a practice store was exported, unless that is told: no login is later."""
MOST_HASHES = 24
"""Distinct bcrypt hashes in a store; more would only cost time."""

PLANS = (("free", 70), ("plus", 22), ("pro", 8))
ROLES = (("member", 84), ("member;editor", 10), ("member;support", 4), ("member;editor;admin", 2))
MAIL_HOSTS = ("mail.example.com", "post.example.org", "inbox.example.net", "staff.example.com", "example.org")
THEMES = ("light", "dark", "system")
AREA_CODES = (
    201,
    202,
    206,
    212,
    213,
    215,
    303,
    305,
    312,
    313,
    404,
    408,
    412,
    415,
    503,
    504,
    512,
    602,
    617,
    702,
    713,
    808,
)

COLUMNS = (
    "id",
    "email",
    "email_verified",
    "phone",
    "username",
    "first_name",
    "last_name",
    "birth_date",
    "locale",
    "roles",
    "plan",
    "last_login",
    "preferences",
    "notes",
    "password_hash",
)


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the practice store as text, in the order of COLUMNS, and the password only the rehearsal knows."""

    id: str
    email: str
    email_verified: str
    phone: str
    username: str
    first_name: str
    last_name: str
    birth_date: str
    locale: str
    roles: str
    plan: str
    last_login: str
    preferences: str
    notes: str
    password_hash: str
    password: str

    @property
    def row(self) -> list[str]:
        """The cells of the row."""
        return [getattr(self, name) for name in COLUMNS]


def people(count: int, *, seed: int, exported: datetime = EXPORTED) -> Iterator[Person]:
    """Yield people with unique ids, addresses, usernames and telephones, all of which Auth0 would take.

    Passwords come from a pool of at most MOST_HASHES bcrypt hashes of cost 10.
    """
    chance = chance_of("people", seed)
    pool = bcrypt_pool(seed, max(1, min(count, MOST_HASHES)))
    phones = {locale.locale: _phones(locale.locale) for locale in LOCALES}
    weights = list(itertools.accumulate(locale.weight for locale in LOCALES))
    for number in range(1, count + 1):
        names = chance.choices(LOCALES, cum_weights=weights)[0]
        phone = next(phones[names.locale], "") if chance.random() < 0.6 else ""
        yield _person(number, names, phone, chance.choice(pool), chance, exported)


def _person(number: int, names: Names, phone: str, known: Known, chance: random.Random, exported: datetime) -> Person:
    first, first_latin = chance.choice(names.given)
    last, last_latin = chance.choice(names.family)
    password, password_hash = known
    return Person(
        id=f"c{number:07d}",
        email=f"{first_latin}.{last_latin}{number}@{chance.choice(MAIL_HOSTS)}",
        email_verified="true" if chance.random() < 0.8 else "false",
        phone=phone,
        username=f"{first_latin[:7]}{number}"[:15],
        first_name=first,
        last_name=last,
        birth_date=(date(1950, 1, 1) + timedelta(days=chance.randrange(20_000))).isoformat(),
        locale=names.locale,
        roles=chance.choices([role for role, _ in ROLES], [weight for _, weight in ROLES])[0],
        plan=chance.choices([plan for plan, _ in PLANS], [weight for _, weight in PLANS])[0],
        last_login=_last_login(chance, exported),
        preferences=json.dumps({"theme": chance.choice(THEMES), "newsletter": chance.random() < 0.4}),
        notes=_notes(chance),
        password_hash=password_hash,
        password=password,
    )


def _last_login(chance: random.Random, exported: datetime) -> str:
    """A few log in daily, most were here months ago, one in ten never came back after signing up."""
    if chance.random() < 0.1:
        return ""
    ago = timedelta(days=min(chance.lognormvariate(3.6, 1.6), 3000), seconds=chance.randrange(86_400))
    return (exported - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notes(chance: random.Random) -> str:
    """What support typed: line breaks, quotes, and what a spreadsheet would run as a formula."""
    kind = chance.random()
    if kind > 0.06:
        return ""
    if kind > 0.03:
        return "Called twice,\nprefers e-mail"
    return 'Says "call me later"' if kind > 0.01 else "=1+1"


def _phones(locale: str) -> Iterator[str]:
    """Numbers kept free for fiction, as long as they last.

    Source: North American Numbering Plan (555-0100 to 555-0199); Ofcom, "Telephone numbers for drama use"; Bundesnetzagentur,
    numbers for media; Arcep, numbers for audiovisual works; PTS, numbers for books and films.
    """
    if locale == "en-GB":
        return (f"+447700900{number:03d}" for number in range(1000))
    if locale == "de-DE":
        return (f"+493023125{number:03d}" for number in range(1000))
    if locale == "fr-FR":
        return (f"+3363998{number:04d}" for number in range(10_000))
    if locale == "sv-SE":
        return (f"+4670174{number:04d}" for number in range(605, 700))
    if locale == "en-US":
        return (f"+1{area}55501{number:02d}" for area in AREA_CODES for number in range(100))
    return iter(())
