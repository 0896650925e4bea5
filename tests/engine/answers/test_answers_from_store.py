"""`answers new --from`: an answers file made of what a store shows."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from survey_stage import BCRYPT, PEOPLE, run

from wizard.profile import ProfileAnswers


def test_answers_made_from_a_store_are_filled_in_and_explained(tmp_path: Path) -> None:
    path, out = tmp_path / "realm.json", tmp_path / "answers.toml"
    path.write_text(json.dumps({"users": PEOPLE}))
    run("answers", "new", "--from", str(path), "--out", str(out))
    tables = tomllib.loads(out.read_text())
    assert (tables["source"]["path"], tables["source"]["store"]) == ("realm.json", "keycloak")
    assert tables["profile"]["email_verified"] == "emailVerified"
    assert tables["passwords"]["column"] == "password"
    assert "# " in out.read_text()


def test_what_was_found_stands_in_place_of_its_example(tmp_path: Path) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    path.write_text(f"id,email,password\n1,ann@example.com,{BCRYPT}\n")
    run("answers", "new", "--from", str(path), "--out", str(out))
    assert tomllib.loads(out.read_text())["source"] == {"path": "users.csv"}
    lines = out.read_text().splitlines()
    assert lines[lines.index('user_id = "id"') - 1].startswith("# User id: ")
    assert not [line for line in lines if line.startswith("#user_id =")]


def test_the_column_of_the_last_login_is_filled_in_as_inspect_finds_it(tmp_path: Path) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    path.write_text(f"id,email,password,Last-Login\n1,ann@example.com,{BCRYPT},2026-01-01\n")
    run("answers", "new", "--from", str(path), "--out", str(out))
    assert tomllib.loads(out.read_text())["profile"]["last_login"] == "Last-Login"


def test_columns_that_feed_nothing_are_listed_with_what_could_be_done_about_each(tmp_path: Path) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    columns = "id,email,password,created_at,plan,account.status,api_token,last_login"
    path.write_text(f"{columns}\n1,ann@example.com,{BCRYPT},2020-01-01,gold,ok,hush,2026-01-01\n")
    run("answers", "new", "--from", str(path), "--out", str(out))
    text = out.read_text()
    assert "app_metadata" not in tomllib.loads(text)["profile"]
    assert "# Columns that feed nothing yet, and so are left behind:" in text
    assert '# - plan: app_metadata.plan = "plan"' in text
    assert (
        '# - created_at: created = "created_at" for same_email, or app_metadata.legacy.created_at = "created_at"'
        in text
    )
    assert (
        '# - account.status: blocked, if it says who is disabled; or app_metadata.account_status = "account.status"'
        in text
    )
    assert "# - api_token: by its name a secret, which belongs in no profile" in text
    assert "# - last_login" not in text and "# - email" not in text and "hush" not in text
    named = re.findall(r"app_metadata\.\S+ = .+", text)
    kept = tomllib.loads("\n".join([*named, 'user_id = "id"', 'email = "email"']))
    assert set(ProfileAnswers.model_validate(kept).app_metadata) == {"plan", "legacy", "account_status"}


@pytest.mark.parametrize("begin", ["", "sqlite:///"])
def test_a_database_in_a_file_is_named_as_the_answers_file_sees_it(
    tmp_path: Path, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    with closing(sqlite3.connect("legacy.db")) as database:
        database.execute("create table users (id integer primary key, email text, password text)")
        database.execute("insert into users values (1, 'ann@example.com', ?)", [BCRYPT])
        database.commit()
    run("answers", "new", "--from", f"{begin}legacy.db#users", "--out", "sub/answers.toml")
    found = tomllib.loads(Path("sub/answers.toml").read_text())["source"]
    assert (Path("sub") / found["path"]).resolve() == (tmp_path / "legacy.db").resolve()
    assert "url" not in found


def test_answers_made_of_a_column_of_addresses_that_are_none_say_so(tmp_path: Path) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    path.write_text(f"id,mail,password\n1,Ann <ann@example.com>,{BCRYPT}\n2,bo@example.com,{BCRYPT}\n")
    made = run("answers", "new", "--from", str(path), "--out", str(out))
    assert (
        "mail is named as one of e-mail addresses, but 1 of the first 2 cells in it holds no plain address"
        in made.stderr
    )


def test_secrets_and_states_of_dynamodb_are_known_by_their_names(tmp_path: Path) -> None:
    path, out = tmp_path / "table.json", tmp_path / "answers.toml"
    item = {
        "userId": {"S": "u1"},
        "email": {"S": "ann@example.com"},
        "passwordHash": {"S": BCRYPT},
        "apiToken": {"S": "hush"},
        "status": {"S": "ok"},
    }
    path.write_text(json.dumps({"Item": item}) + "\n")
    run("answers", "new", "--from", str(path), "--out", str(out))
    text = out.read_text()
    assert "# - Item.apiToken.S: by its name a secret" in text
    assert "# - Item.status.S: blocked, if it says who is disabled" in text


def test_answers_made_without_a_column_of_ids_leave_it_to_be_named(tmp_path: Path) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    path.write_text(f"reference,group,email,password\nk1,a,ann@example.com,{BCRYPT}\nk2,a,bo@example.com,{BCRYPT}\n")
    made = run("answers", "new", "--from", str(path), "--out", str(out))
    assert made.return_value in (0, None)
    assert "No column for user_id was found" in made.stderr
    assert "one of these could be user_id: reference." in made.stderr
    tables = tomllib.loads(out.read_text())
    assert (tables["profile"], tables["passwords"]) == ({"email": "email"}, {"column": "password"})
    assert '#user_id = "id"' in out.read_text().splitlines()


def test_answers_leave_out_what_the_store_does_not_hold(tmp_path: Path) -> None:
    path, out = tmp_path / "realm.json", tmp_path / "answers.toml"
    path.write_text(json.dumps({"users": PEOPLE}))
    run("answers", "new", "--from", str(path), "--out", str(out))
    assert "given_name" not in tomllib.loads(out.read_text())["profile"]


def test_answers_are_made_from_an_export_without_the_hashes_that_its_store_has(tmp_path: Path) -> None:
    path, out = tmp_path / "users.ndjson", tmp_path / "answers.toml"
    person = {"user_id": "auth0|a1", "email": "ann@example.com", "identities": [], "app_metadata": {"plan": "gold"}}
    path.write_text(json.dumps(person) + "\n")
    run("answers", "new", "--from", str(path), "--out", str(out))
    assert tomllib.loads(out.read_text())["passwords"]["column"] == "passwordHash"
    assert tomllib.loads(out.read_text())["profile"]["app_metadata"] == {"plan": "app_metadata.plan"}


@pytest.mark.parametrize(
    ("dates", "order", "why"),
    [
        (["24/12/2025", "05/06/2025", ""], "day", "# 1 date of 2 in last_login can only begin with the day"),
        (["12/24/2025", "05/06/2025", "-"], "month", "# 1 date of 2 in last_login can only begin with the month"),
        (["04/05/2025", "05/06/2025", "?"], None, "# Nothing in 2 dates of last_login shows which comes first"),
        (["24/12/2025", "12/24/2025", ""], None, "# In last_login 1 date can only begin with the day and 1 only with"),
        (["2025-12-24", "24.12.2025", "?"], None, ""),
    ],
    ids=["the day", "the month", "nothing shows it", "both", "needs none"],
)
def test_which_part_of_dates_comes_first_is_filled_in_where_the_dates_show_it(
    tmp_path: Path, dates: list[str], order: str | None, why: str
) -> None:
    path, out = tmp_path / "users.csv", tmp_path / "answers.toml"
    rows = "".join(f"{number},p{number}@example.com,{date}\n" for number, date in enumerate(dates))
    path.write_text(f"id,email,last_login\n{rows}")
    made = run("answers", "new", "--from", str(path), "--out", str(out))
    assert tomllib.loads(out.read_text())["profile"].get("date_order") == order
    written = out.read_text().split("\n[passwords]")[0]
    assert why in written
    assert ("as no part is above 12" in made.stderr or "only with the month" in made.stderr) == (
        order is None and bool(why)
    )
    if not why:
        assert "dates of last_login" not in written
