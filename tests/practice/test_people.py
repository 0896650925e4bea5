"""The practice legacy store holds what it says it holds: people, passwords and dirt."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bcrypt
import phonenumbers
import pytest

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.legacy.source import BadRecord
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.practice import legacy_store
from wizard.practice.legacy_store import Planted, write_benchmark_csv, write_csv, write_sqlite
from wizard.practice.people import benchmark as legacy_benchmark
from wizard.practice.people.dirt import KINDS
from wizard.practice.people.hashes import OTHER_SCHEMES
from wizard.practice.people.invented import people
from wizard.profile import ProfileAnswers

USERS = 300


@pytest.fixture(scope="module")
def csv_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Planted]:
    path = tmp_path_factory.mktemp("store") / "users.csv"
    return path, write_csv(path, users=USERS, seed=1)


def mapped(path: Path, answers: dict[str, dict[str, Any]], **source: Any) -> list[User | str]:
    """Every record as the user it becomes, or the code of its reject."""
    store = open_source(SourceAnswers(path=str(path), **source), secret=None, base=Path())
    mapping = compile_mapping(
        ProfileAnswers.model_validate(answers["profile"]),
        PasswordsAnswers.model_validate(answers["passwords"]),
        store.columns,
    )
    rows = itertools.chain.from_iterable(block.rows() for block in store.blocks())
    found = (row if isinstance(row, BadRecord) else mapping.map_one(row) for row in rows)
    return [each if isinstance(each, User) else each.code for each in found]


def test_the_same_seed_gives_the_same_bytes(csv_store: tuple[Path, Planted], tmp_path: Path) -> None:
    again = write_csv(tmp_path / "again.csv", users=USERS, seed=1)
    assert (tmp_path / "again.csv").read_bytes() == csv_store[0].read_bytes()
    assert again == csv_store[1]
    write_csv(tmp_path / "other.csv", users=8, seed=2)
    assert (tmp_path / "other.csv").read_bytes() != csv_store[0].read_bytes()


def test_the_store_is_private(csv_store: tuple[Path, Planted]) -> None:
    assert csv_store[0].stat().st_mode & 0o077 == 0


def test_every_kind_of_dirt_and_hash_is_planted(csv_store: tuple[Path, Planted]) -> None:
    planted = csv_store[1]
    assert {*planted.dirty, "profile_large"} == set(KINDS)
    assert set(planted.hashes) == set(OTHER_SCHEMES)
    assert planted.users == planted.clean + sum(planted.dirty.values()) + sum(planted.hashes.values()) == USERS


def test_each_dirty_row_becomes_the_reject_it_was_planted_for(csv_store: tuple[Path, Planted]) -> None:
    path, planted = csv_store
    found = mapped(path, legacy_store.ANSWERS)
    rejects = Counter(each for each in found if isinstance(each, str))
    # Duplicates only show across users, so mapping one by one lets them pass.
    wanted = {code: rows for code, rows in planted.dirty.items() if not code.startswith("duplicate_")}
    assert {code: rows for code, rows in rejects.items() if not code.startswith("password_")} == wanted
    assert rejects["password_missing"] == planted.hashes["empty"]
    assert len(found) == USERS


def test_planted_duplicates_are_the_only_ones(csv_store: tuple[Path, Planted]) -> None:
    path, planted = csv_store
    profiles = [each.profile for each in mapped(path, legacy_store.ANSWERS) if isinstance(each, User)]
    for field, code in (
        ("email", "duplicate_email"),
        ("user_id", "duplicate_user_id"),
        ("username", "duplicate_username"),
    ):
        counts = Counter(profile[field].lower() for profile in profiles if field in profile)
        assert sum(rows for rows in counts.values() if rows > 1) == planted.dirty[code]
    phones = Counter(profile["phone_number"] for profile in profiles if "phone_number" in profile)
    assert max(phones.values()) == 1


def test_known_accounts_are_clean_and_their_passwords_fit(csv_store: tuple[Path, Planted]) -> None:
    path, planted = csv_store
    profiles = {
        each.profile["user_id"]: each.profile for each in mapped(path, legacy_store.ANSWERS) if isinstance(each, User)
    }
    assert len(planted.accounts) == 20
    for account in planted.accounts[:3]:
        profile = profiles[account.user_id]
        assert profile["email"] == account.email
        assert re.match(r"\$2[ab]\$10\$", profile["password_hash"])
        assert bcrypt.checkpw(account.password.encode(), profile["password_hash"].encode())
        assert not bcrypt.checkpw(b"wrong", profile["password_hash"].encode())


def test_a_clean_store_has_no_reject(tmp_path: Path) -> None:
    planted = write_csv(tmp_path / "clean.csv", users=200, seed=1, dirty=False)
    found = mapped(tmp_path / "clean.csv", legacy_store.ANSWERS)
    assert all(isinstance(each, User) and "password_hash" in each.profile for each in found)
    assert (planted.clean, len(found)) == (200, 200)


def test_the_database_holds_the_same_people(tmp_path: Path) -> None:
    planted = write_sqlite(tmp_path / "users.db", users=USERS, seed=1)
    found = mapped(tmp_path / "users.db", legacy_store.ANSWERS, users_table=legacy_store.TABLE, kind="sql")
    assert len(found) == USERS
    assert "ragged_row" not in planted.dirty
    rejects = Counter(each for each in found if isinstance(each, str))
    assert rejects["email_missing"] == planted.dirty["email_missing"]
    emails = {each.profile["email"] for each in found if isinstance(each, User)}
    assert {account.email for account in planted.accounts} <= emails


@pytest.mark.parametrize("users", [0, 1, 2, 7, 40])
def test_a_small_store_is_still_mostly_clean(tmp_path: Path, users: int) -> None:
    planted = write_csv(tmp_path / "small.csv", users=users, seed=1)
    assert planted.users == users
    assert planted.clean >= users * 0.6


def test_telephones_can_be_dialled_and_names_come_in_many_scripts() -> None:
    everybody = list(people(2000, seed=1))
    numbers = [phonenumbers.parse(person.phone) for person in everybody if person.phone]
    assert len(numbers) > 500
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    text = "".join(person.first_name + person.last_name for person in everybody)
    assert all(re.search(script, text) for script in ("[À-ž]", "[А-я]", "[ء-ي]", "[一-龥]", "[가-힣]", "[α-ω]"))
    assert any(len(person.last_name) > 40 for person in everybody)


def test_addresses_are_of_example_domains_and_unique() -> None:
    addresses = [person.email for person in people(3000, seed=1)]
    assert len(set(addresses)) == len(addresses)
    assert all(re.search(r"[@.]example\.(com|org|net)$", address) for address in addresses)


def test_few_logged_in_lately_and_some_never() -> None:
    logins = [person.last_login for person in people(1000, seed=1)]
    assert 50 < logins.count("") < 200
    assert 0 < sum(login > "2026-06-24" for login in logins) < 300


def test_the_benchmark_file_has_its_size_and_its_rejects(tmp_path: Path) -> None:
    rejected = write_benchmark_csv(tmp_path / "many.csv", 2000)
    found = mapped(tmp_path / "many.csv", legacy_benchmark.ANSWERS)
    sizes = [len(each.data) for each in found if isinstance(each, User)]
    assert len(found) - len(sizes) == rejected == 16
    assert 210 < (tmp_path / "many.csv").stat().st_size / 2000 < 230
    assert 440 < sum(sizes) / len(sizes) < 480


@pytest.mark.parametrize("write", [write_csv, write_sqlite])
def test_logins_are_as_recent_as_the_export(write: Any, tmp_path: Path) -> None:
    exported = datetime(2031, 3, 1, tzinfo=UTC)
    write(tmp_path / "users.db", users=200, seed=1, exported=exported)
    years = re.findall(rb"(20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ", (tmp_path / "users.db").read_bytes())
    assert max(years) == b"2031"
    assert [person.password_hash for person in people(9, seed=1)] == [
        person.password_hash for person in people(9, seed=1, exported=exported)
    ]
