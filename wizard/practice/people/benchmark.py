"""Write large CSV files of plausible users quickly, for measuring; their hashes look like bcrypt but belong to no password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard.practice.people.chance import chance_of
from wizard.practice.people.names import LOCALES

COLUMNS = "id,email,email_verified,phone,username,first_name,last_name,birth_date,locale,plan,last_login,created,password_hash"

ANSWERS: dict[str, dict[str, Any]] = {
    "profile": {
        "user_id": "id",
        "email": "email",
        "email_verified": {"column": "email_verified", "transforms": ["strip", "bool"]},
        "phone_number": "phone",
        "username": "username",
        "given_name": "first_name",
        "family_name": "last_name",
        "name": {"template": "{first_name} {last_name}"},
        "app_metadata": {"plan": "plan", "legacy_created": "created", "legacy_last_login": "last_login"},
        "user_metadata": {
            "locale": "locale",
            "birth_date": {"column": "birth_date", "transforms": ["strip", "date('%Y-%m-%d')"]},
        },
    },
    "passwords": {"column": "password_hash"},
}
"""The tables [profile] and [passwords] that fit this file and give users of about 460 bytes."""

REJECTED_IN_1000 = 8
_BATCH = 5000
_BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def write_benchmark_csv(path: Path, users: int, *, seed: int = 1) -> int:
    """Write users with unique ids, addresses, usernames and telephones, about 219 bytes each.

    Eight in a thousand are to be rejected, in turn for address, telephone, birth date and hash.

    Returns:
        How many of the users are to be rejected.
    """
    chance = chance_of("benchmark", seed)
    given = [pair for names in LOCALES for pair in names.given]
    family = [pair for names in LOCALES for pair in names.family]
    tails = ["".join(chance.choices(_BCRYPT, k=53)) for _ in range(997)]
    people = [(*chance.choice(given), *chance.choice(family)) for _ in range(991)]
    rejected = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(COLUMNS + "\n")
        for start in range(0, users, _BATCH):
            rows = [
                _row(number, people[number % 991], tails[number % 997])
                for number in range(start, min(start + _BATCH, users))
            ]
            for number in range(start, start + len(rows)):
                if number % 125 == 60:
                    rows[number - start] = _spoilt(rows[number - start], number // 125 % 4)
                    rejected += 1
            file.writelines(rows)
    return rejected


def _row(number: int, person: tuple[str, str, str, str], tail: str) -> str:
    first, first_latin, last, last_latin = person
    day, month = 1 + number % 28, 1 + number % 12
    return (
        f"u{number:08d},{first_latin}.{last_latin}{number}@mail.example.com,{'true' if number % 5 else 'false'},"
        f"+4930{number * 7919 % 100_000_000:08},{first_latin[:6]}{number},{first},{last},{1950 + number % 55}-{month:02d}-{day:02d},"
        f"en-GB,{('free', 'plus', 'pro')[number % 3]},2026-{month:02d}-{day:02d}T08:15:{number % 60:02d}Z,"
        f"20{10 + number % 15}-{month:02d}-{day:02d}T17:30:{number % 60:02d}Z,$2b$10${tail}\n"
    )


def _spoilt(row: str, kind: int) -> str:
    cells = row.split(",")
    place, value = ((1, "nobody at example.com"), (3, "n/a"), (7, "0000-00-00"), (12, "!\n"))[kind]
    cells[place] = value
    return ",".join(cells)
