"""What the figures of a page count, and why those of other pages differ, stands beside them."""

from __future__ import annotations

import re
from pathlib import Path

from stage import Rehearsal, go_on, opened, until
from textual.pilot import Pilot
from textual.widgets import Static

from screens.background import survey
from screens.steps.strategy import of_those_left, what_is_counted, whatever_the_password
from screens.widgets.ticks import Ticks
from wizard.legacy import open_source
from wizard.legacy.answers import SourceAnswers
from wizard.mapping import compile_mapping
from wizard.passwords.answers import PasswordsAnswers
from wizard.profile import ProfileAnswers
from wizard.strategy.ways import Ways

TALL = (80, 60)


async def said(pilot: Pilot[None], place: str, words: str) -> re.Match[str]:
    """What stands there, once it is these words."""
    static = pilot.app.screen.query_one(place, Static)
    await until(pilot, lambda: re.search(words, str(static.content)) is not None)
    found = re.search(words, str(static.content))
    assert found is not None
    return found


def number(text: str) -> int:
    return int(text.replace(",", ""))


async def test_the_totals_of_three_pages_explain_each_other(tmp_path: Path) -> None:
    rehearsal = Rehearsal(tmp_path, users=500, dirty=True)
    async with opened(rehearsal.app(), TALL) as pilot:
        for key in ("source", "profile"):
            await go_on(pilot, key)
        await said(pilot, "#tally", r"\d+ of the first 200 users can be imported\. Rejected: .* Strategy counts")
        await go_on(pilot, "passwords")
        hashes = await said(
            pilot,
            "#census",
            r"^(\d+) of (\d+) users have a hash that travels .*\n(\d+) of all (\d+) records cannot be read",
        )
        travelling, counted, unread, records = map(number, hashes.groups())
        assert counted + unread == records == 500
        await go_on(pilot, "strategy")
        refused = await said(pilot, "#counted", rf"Of the {travelling} whose hash travels .*, (\d+) are rejected")
        kept = await said(pilot, "#ways", r"keep password +≤ (\d+)")
        assert number(kept[1]) == travelling - number(refused[1])
        stay = await said(
            pilot, "#ways", rf"Of all {records} users, at least (\d+) stay behind: (\d+) .* (\d+) are rejected"
        )
        assert number(stay[1]) == number(stay[2]) + number(stay[3])
        passwords = await said(pilot, "#advice", rf"{travelling} of (\d+) passwords .*\n· (\d+) other users have no")
        assert number(passwords[1]) + number(passwords[2]) == counted
        for key in ("connection", "applications", "prepare"):
            await go_on(pilot, key)
        tried = await said(pilot, "#survey", rf"At most (\d+) of {records} records .* At least (\d+) cannot")
        assert number(tried[1]) + number(tried[2]) == records
        assert number(tried[2]) >= number(stay[1])
        listed = [row.words.plain.split() for row in pilot.app.screen.query_one("#skip", Ticks).rows]
        assert sum(number(users) for users, _ in listed if users != "?") == number(tried[2])
        assert {code for users, code in listed if users == "?"} >= {"duplicate_email", "duplicate_user_id"}
    rehearsal.close()


def test_the_total_is_told_also_where_nobody_is_rejected() -> None:
    assert of_those_left(Ways(60, 60, 1)) == "Of all 60 users, none is rejected so far."
    assert of_those_left(Ways(60, 50, 1, rejected=10)) == "Of all 60 users, 10 move at a login only."
    assert of_those_left(Ways(60, 59, 1, refused=1)).startswith("Of all 60 users, at least 1 is rejected either way;")


def test_only_who_can_log_in_at_the_legacy_store_can_still_move_at_a_login(tmp_path: Path) -> None:
    bcrypt, md5_crypt = "$2b$10$" + "a" * 53, "$1$abcdefgh$" + "a" * 22
    rows = [
        ("travels@example.com", bcrypt, ""),
        ("moves@example.com", md5_crypt, "no"),
        ("blocked@example.com", md5_crypt, "yes"),
        ("", md5_crypt, ""),  # no login can find an address
        ("marked@example.com", "!", ""),
        ("blocked-too@example.com", bcrypt, "yes"),  # is imported, and blocked in Auth0
    ]
    lines = (f"{number},{','.join(cells)}\n" for number, cells in enumerate(rows))
    (tmp_path / "users.csv").write_text("id,email,password,locked\n" + "".join(lines))
    source = open_source(SourceAnswers(path="users.csv"), secret=None, base=tmp_path)
    profile, passwords = (
        ProfileAnswers(user_id="id", email="email", blocked="locked"),
        PasswordsAnswers(column="password"),
    )
    mapping = compile_mapping(profile, passwords, source.columns)
    at_login = compile_mapping(profile, whatever_the_password(passwords), source.columns)
    found = survey(source, mapping, at_login)
    assert (found.read, found.rejected, found.movable, found.blocked) == (6, 4, 1, 1)
    ways = Ways(6, found.carried, 1, rejected=found.movable, refused=found.rejected - found.movable)
    assert of_those_left(ways, found.blocked) == (
        "Of all 6 users, at least 4 stay behind: 1 can still move at a login; 3 are rejected either way, 1 of them as blocked."
    )


def test_hashes_of_rejected_users_are_told_only_where_there_are_some() -> None:
    assert what_is_counted(1, 60).startswith("Of the 60 whose hash travels (Passwords), 1 is rejected")
    assert what_is_counted(0, 60).startswith("Prepare, which holds usernames against the connection")
