"""`inspect`: what a store is, what is wrong in it, and who is active."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from pathlib import Path

import pytest
from survey_stage import BCRYPT, NOW, PEOPLE, looked, mapped, profile_of, run

from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import User, compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.strategy.survey import open_and_recognise, suggestion_for, survey


def test_the_page_says_which_last_logins_cannot_be_read_and_what_to_do(tmp_path: Path) -> None:
    seen = ("24.12.2023 17:30", "12/24/2023", "05/06/2023", "never", "")
    lines = [f"{number},u{number}@example.com,{words}" for number, words in enumerate(seen)]
    page = page_of(tmp_path, "\n".join(["id,email,last_login", *lines]) + "\n")
    assert "2 values of last_login cannot be read as a moment" in page
    assert "Set date_order in [profile] to month" in page
    page = page_of(tmp_path, "id,email,last_login\n1,ann@example.com,last week\n")
    assert "1 value of last_login cannot be read as a moment" in page
    assert "ISO 8601" in page


def test_every_figure_of_the_page_says_what_it_is_of(tmp_path: Path) -> None:
    lines = [f"{number},u{number}@example.com,{BCRYPT},2026-06-20" for number in range(4)]
    page = page_of(tmp_path, "\n".join(["id,email,password,last_login", *lines, "5,ragged"]) + "\n")
    for words in (
        "5 records (csv",
        "Password hashes of 4 records; 1 more cannot be read",
        "Records that would be rejected: 1 of 5",
        "Last login (last_login) of 4 records; 1 more cannot be read",
        "of 5 records Bulk Automatic Two-phase",
    ):
        assert words in page
    page = page_of(tmp_path, "\n".join(["id,email,password,last_login", *lines]) + "\n")
    assert "Password hashes of 4 records bcrypt" in page


def test_the_page_says_where_telephone_numbers_need_a_country(tmp_path: Path) -> None:
    lines = [f"{number},u{number}@example.com,030 12345{number}" for number in range(5)]
    page = page_of(tmp_path, "\n".join(["id,email,phone", *lines]) + "\n")
    assert "phone → phone_number likely" in page
    assert 'set default_country in [profile], such as "DE"' in page


def test_a_named_store_needs_a_country_too(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("phone_number,sub,email\n030 123456,1,ann@example.com\n")
    found = suggestion_for(*open_and_recognise(SourceAnswers(path=str(path), store="cognito"), None, Path()))
    [guess] = [guess for guess in found.guesses if guess.field == "phone_number"]
    assert (guess.needs, guess.confidence < 0.9) == ("default_country", True)


def test_moments_of_creation_are_told_too_where_a_named_store_has_them(tmp_path: Path) -> None:
    people = [{**person, "createdTimestamp": "05/06/2023"} for person in PEOPLE]
    page = page_of(tmp_path, json.dumps({"users": people}))
    assert "3 values of createdTimestamp cannot be read as a moment" in page


def test_dirty_rows_and_collisions_are_counted(tmp_path: Path) -> None:
    found = looked(tmp_path, json.dumps({"users": PEOPLE}))
    assert found.store is not None
    assert found.store.key == "keycloak"
    assert found.prepared is not None
    assert found.prepared.reasons == {"duplicate_email": 2, "email_missing": 1}


def test_a_store_that_withholds_hashes_is_migrated_at_login(tmp_path: Path) -> None:
    found = looked(tmp_path, json.dumps([{"id": "1", "status": "ACTIVE", "profile": {"login": "a@example.com"}}]))
    assert found.recommendation.strategy == "automatic"


def test_the_ways_tell_those_without_any_password_from_those_who_can_log_in(tmp_path: Path) -> None:
    lines = [f"1,ann@example.com,{BCRYPT}", f"2,bob@example.com,$1$abcdefgh${'a' * 22}", "3,kim@example.com,"]
    page = page_of(tmp_path, "\n".join(["id,email,password", *lines]) + "\n")
    assert "stay behind 2 the others ≤ 2" in page
    assert "keep password 1 who logs in 1+" in page
    assert "1 other user has no password that a login could check" in page
    bare = page_of(tmp_path, f"id,email,password\n1,ann@example.com,{BCRYPT}\n3,kim@example.com,\n")
    assert "keep password 1 who logs in 1 no" in bare


def test_the_json_of_inspect_has_its_keys_and_the_name_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "realm.json"
    path.write_text(json.dumps({"users": PEOPLE}))
    answer = json.loads(run("inspect", str(path), "--json").stdout.splitlines()[-1])
    assert list(answer) == ["users", "columns", "suggested_mapping", "passwords", "recommendation"]
    assert answer["users"] == 3
    assert answer["suggested_mapping"]["store"] == "keycloak"
    assert answer["suggested_mapping"]["profile"]["email_verified"] == "emailVerified"


def test_the_page_says_what_it_is_what_is_wrong_and_how_long_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(f"id,email,password,last_login\n1,ann@example.com,{BCRYPT},2026-01-01\n2,,{BCRYPT},\n")
    page = run("inspect", str(path)).stdout
    for words in (
        "2 records (csv",
        "email_missing",
        "Last login (last_login)",
        "travels as password_hash",
        "Enterprise, prod",
        "Two-phase",
        "the rest after 90 days",
    ):
        assert words in page


def test_a_store_that_does_not_tell_who_is_active_is_forecast_without_that(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(f"id,email,password\n1,ann@example.com,{BCRYPT}\n")
    page = run("inspect", str(path)).stdout
    assert "no password" in page and "Two-phase" in page
    assert "the rest after" not in page


def test_whose_password_cannot_travel_stays_behind_in_bulk_unless_it_is_decided_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    cells = (BCRYPT, BCRYPT, "$1$abc$defghi", "")
    rows = [f"{number},person{number}@example.com,{cell}\n" for number, cell in enumerate(cells)]
    path.write_text("id,email,password\n" + "".join(rows))
    page = run("inspect", str(path)).stdout
    assert "and 2 users whose password cannot travel are left out unless you decide otherwise" in " ".join(page.split())
    figures = {line[:15].strip(): line[15:].split() for line in page.splitlines()}
    assert figures["keep password"] == ["2", "who", "logs", "in", "2+"]
    assert figures["no password"] == ["none", "none", "none"]
    assert figures["stay behind"] == ["2", "the", "others", "≤", "2"]


def test_people_who_share_a_telephone_are_no_others_to_remove(tmp_path: Path) -> None:
    rows = "".join(f"{number},person{number}@example.com,+4930123456\n" for number in range(2))
    page = page_of(tmp_path, f"id,email,phone\n{rows}")
    assert "duplicate_phone 2" in page
    assert "If people share it, leave phone_number out of [profile]" in page
    assert "remove the others" not in page


def test_a_forecast_is_of_all_rows_also_of_those_that_would_be_rejected(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    rows = ("1,ann@example.com", "2,", "3,ann@example.com", "4,bob@example.com")
    path.write_text("id,email,password\n" + "".join(f"{row},{BCRYPT}\n" for row in rows))
    page = run("inspect", str(path)).stdout
    figures = next(line.split() for line in page.splitlines() if "no password" in line)
    assert figures == ["no", "password", "none", "none", "none"], page
    assert "Records that would be rejected: 3 of 4" in page


def test_a_database_url_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT)")
        connection.execute("INSERT INTO people VALUES (1, 'ann@example.com')")
    connection.close()
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{path}")
    assert json.loads(run("inspect", "env:SHOP_URL#people", "--json").stdout.splitlines()[-1])["columns"] == [
        "id",
        "email",
    ]
    tables = tomllib.loads(run("answers", "new", "--from", "env:SHOP_URL#people").stdout)
    assert tables["source"] == {"url": "env:SHOP_URL", "table": "people"}


@pytest.mark.parametrize("reference", ["env:NO_SUCH_URL", "keyring:shop"])
def test_a_secret_that_cannot_be_had_is_named(reference: str) -> None:
    assert reference.partition(":")[2] in str(run("inspect", f"{reference}#people").exception)


def test_what_databases_write_for_nothing_is_nothing(tmp_path: Path) -> None:
    head = "id,name,email,email_verified_at,password,remember_token,created_at"
    cells = ("NULL", "\\N", "0000-00-00 00:00:00", "", "2024-01-01 10:00:00")
    lines = [f"{n},A,p{n}@example.com,{cell},NULL,NULL,2024-01-01" for n, cell in enumerate(cells)]
    (tmp_path / "users.csv").write_text("\n".join([head, *lines]) + "\n")
    found = survey(SourceAnswers(path="users.csv"), secret=None, base=tmp_path, now=NOW)
    assert found.store is not None and found.store.key == "laravel"
    assert [(group.code, group.users) for group in found.groups] == [("password_missing", 5)]
    mapping = compile_mapping(
        found.suggestion.profile, PasswordsAnswers(missing="without_password"), found.facts.columns
    )
    source = open_source(found.answers, secret=None, base=tmp_path)
    made = [mapping.map_one(record.values) for record in source.sample()]
    assert [user.profile.get("email_verified", False) for user in made if isinstance(user, User)] == [False] * 4 + [
        True
    ]


def test_bcrypt_of_meteor_is_not_said_to_travel(tmp_path: Path) -> None:
    person = {
        "_id": "m1",
        "emails": [{"address": "ann@example.com", "verified": True}],
        "services": {"password": {"bcrypt": "$2b$10$" + "a" * 53}},
    }
    (tmp_path / "users.json").write_text(json.dumps([person]))
    found = survey(SourceAnswers(path="users.json"), secret=None, base=tmp_path, now=NOW)
    assert [(group.scheme, group.carried_by) for group in found.groups] == [("meteor", "none")]
    assert found.recommendation.strategy == "automatic"


def test_the_page_fits_a_terminal_of_80_columns_and_says_what_is_uncertain(tmp_path: Path) -> None:
    hashes = (
        "$2b$12$" + "a" * 53,
        "$P$B" + "a" * 30,
        "PBKDF2WithHmacSHA256:2048:"
        + "YWFhYWFhYWFhYWFhYWFhYQ=="
        + ":"
        + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=",
        "{pbkdf2}" + "0f" * 40,
    )
    lines = [f"{n},person{n // 2}@example.com,{stored}" for n, stored in enumerate(hashes * 30)]
    (tmp_path / "users.csv").write_text("\n".join(["id,email,password", *lines]) + "\n")
    shown = run("inspect", str(tmp_path / "users.csv")).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    text = " ".join(" ".join(shown).split())
    assert "✓ travels as custom_password_hash ? Auth0's documents name no cost but 10" in text
    assert "✗ stays: Auth0 applies digests once" in text
    assert "? assumes 185,000 iterations and no secret" in text
    assert "! few rounds for today's machines" in text
    assert "duplicate_email" in text and "keep_most_recently_active" in text


def page_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "users.csv"
    path.write_text(text)
    return " ".join(run("inspect", str(path)).stdout.split())


def test_users_whose_password_cannot_travel_are_told_below_the_rejects(tmp_path: Path) -> None:
    lines = [
        f"1,ann@example.com,{BCRYPT}",
        "2,bob@example.com,$1$abcdefgh$" + "a" * 22,
        "3,cem@example.com,",
        f"4,,{BCRYPT}",
    ]
    page = page_of(tmp_path, "\n".join(["id,email,password", *lines]) + "\n")
    assert "Records that would be rejected: 1 of 4 email_missing 1" in page
    assert "and 2 more users whose password cannot travel are left out unless you decide otherwise" in page
    assert "An import of 1 user is about 1 file of 0.0 MB." in page
    page = page_of(tmp_path, "\n".join(["id,email,password", *lines[:2]]) + "\n")
    assert "share an id or address, and 1 user whose password cannot travel is left out" in page


def test_ways_that_need_a_custom_database_are_not_advised_without_saying_that_it_depends_on_the_subscription(
    tmp_path: Path,
) -> None:
    stays = "$1$abcdefgh$" + "a" * 22
    lines = [f"1,ann@example.com,{BCRYPT}", f"2,bob@example.com,{stays}"]
    told = "It needs a custom database, a paid feature of Auth0"
    for rows, way in ((lines, "two-phase"), (lines[1:], "automatic"), (lines[:1], "bulk")):
        page = page_of(tmp_path, "\n".join(["id,email,password", *rows]) + "\n")
        assert f"Advised: {way}" in page
        assert (told in page) == (way != "bulk")


def test_of_each_reason_the_first_record_is_named_by_its_place_and_nothing_that_it_holds(tmp_path: Path) -> None:
    cells = ["ann@example.com", "nobody", "", "ANN@example.com", *(f"user{number}@example.com" for number in range(20))]
    lines = [f'{number},{mail},"of two\nlines",{BCRYPT}' for number, mail in enumerate(cells)]
    page = page_of(tmp_path, "\n".join(["id,email,note,password", *lines]) + "\n")
    assert "duplicate_email 2 first: line 2" in page
    assert "email_invalid 1 line 4" in page
    assert "email_missing 1 line 6" in page


def test_the_figures_of_an_import_are_all_of_the_users_that_it_brings(tmp_path: Path) -> None:
    bare = [f"{number},user{number}@example.com," for number in range(4_000)]
    others = [f"{number},user{number}@example.com,{BCRYPT}" for number in range(4_000, 5_000)]
    text = "\n".join(["id,email,password", *bare, *others, "a,,", f"b,,{BCRYPT}"]) + "\n"
    page = page_of(tmp_path, text)
    assert "Records that would be rejected: 2 of 5,002" in page
    assert "and 4,000 more users whose password cannot travel are left out" in page, "one of all 4,001 is told above"
    assert "keep password 1,000" in page and "stay behind 4,002" in page and "import jobs 1 " in page
    assert "An import of 1,000 users is about 1 file of 0.1 MB." in page
    assert "everybody" not in page
    all_of_them = page_of(tmp_path, "\n".join(["id,email,password", *others]) + "\n")
    assert "An import of 1,000 users is 1 file of 0.1 MB." in all_of_them


def test_where_an_import_would_bring_nobody_nothing_is_said_of_its_files(tmp_path: Path) -> None:
    page = page_of(tmp_path, "id,email,password\n1,ann@example.com,$1$abcdefgh$" + "a" * 22 + "\n")
    assert "stay behind 1 " in page and "An import of" not in page


def test_the_page_shows_the_transforms_that_it_suggests(tmp_path: Path) -> None:
    page = page_of(tmp_path, "id,email,Bestätigt\n1,ann@example.com,ja\n2,bob@example.com,nein\n")
    assert """email_verified sure transforms = ["strip", 'bool(true=["ja"], false=["nein"])']""" in page


def test_damaged_hashes_are_told_from_good_ones(tmp_path: Path) -> None:
    page = page_of(tmp_path, f"id,email,password\n1,a@example.com,{BCRYPT}\n2,b@example.com,{BCRYPT[:-1]}\n")
    assert "bcrypt 2b, cost 10 1 █" in page
    assert "bcrypt 2b, cost 10, damaged 1 █" in page


def test_without_a_column_of_ids_rows_are_judged_and_candidates_named(tmp_path: Path) -> None:
    lines = [
        f"k{n},{n % 2},{'' if n == 3 else n},{mail},{BCRYPT}"
        for n, mail in enumerate(["a@example.com", "A@example.com", "", "d@example.com"])
    ]
    page = page_of(tmp_path, "\n".join(["reference,group,number,email,password", *lines]) + "\n")
    assert "No column for user_id was found; name it yourself" in page
    assert "one of these could be user_id: reference. Take one" in page
    assert "Records that would be rejected: 3 of 4 duplicate_email 2" in page
    assert "email_missing 1" in page


def test_a_column_that_is_named_for_addresses_and_holds_other_things_is_told(tmp_path: Path) -> None:
    cells = ["Ann Lee <a@example.com>", "mailto:b@example.com", "c@example.com", "", "NULL"]
    lines = [f"{n},{cell},{BCRYPT}" for n, cell in enumerate(cells)]
    page = page_of(tmp_path, "\n".join(["id,E-Mail,password", *lines]) + "\n")
    assert "No column for email was found" in page
    assert (
        "E-Mail is named as one of e-mail addresses, but 3 of the first 4 cells in it hold no plain address (name@example.com)."
        in page
    )
    assert "Ann" not in page


def test_without_a_column_of_addresses_nothing_is_counted(tmp_path: Path) -> None:
    assert "No column for user_id and email was found" in page_of(tmp_path, "a,b\nx y,z\n")


def test_users_without_an_address_may_get_one(tmp_path: Path) -> None:
    people = f"id,email,password\n1,ann@example.com,{BCRYPT}\n2,,{BCRYPT}\n"
    assert 'without_email = "{id}@no-email.example.com"' in page_of(tmp_path, people)
    answers = tmp_path / "answers.toml"
    answers.write_text(
        'version = 1\n[source]\npath = "users.csv"\n[passwords]\ncolumn = "password"\n'
        '[profile]\nuser_id = "id"\nemail = "email"\nwithout_email = "{id}@no-email.example.com"\n'
    )
    told = run("prepare", str(answers), "--out", str(tmp_path / "out"))
    assert told.return_value == 0
    assert "1 user has no e-mail address and gets one made by without_email" in told.output
    assert b'"email":"2@no-email.example.com"' in (tmp_path / "out/users/00001.json").read_bytes()


def test_who_is_not_active_is_blocked_and_other_columns_that_may_say_so_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "id,email,is_active,status,deleted_at,colour\n"
        "1,ann@example.com,true,ok,,red\n2,bob@example.com,false,gone,2024-01-01,\n"
    )
    found = survey(SourceAnswers(path=str(path)), secret=None, base=Path(), now=NOW)
    assert [user["blocked"] for user in mapped(found, tmp_path)] == [False, True]
    page = " ".join(run("inspect", str(path)).stdout.split())
    assert "! status feeds nothing" in page and "! deleted_at feeds nothing" in page and "! is_active" not in page
    assert "Not mapped: status, deleted_at, colour" in page


def test_a_column_with_more_than_yes_and_no_is_not_taken_for_active(tmp_path: Path) -> None:
    found = looked(tmp_path, "id,email,active\n1,ann@example.com,true\n2,bob@example.com,pending\n")
    assert "blocked" not in profile_of(found) and found.suggestion.states == ("active",)
