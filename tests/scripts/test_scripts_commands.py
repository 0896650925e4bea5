"""`auth0-migrate scripts` and `secrets rotate`, against a served practice tenant and a legacy API on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from fake_doorway import PROFILE, FakeDoorway, Reply, fake_doorway, refusal, user
from keyring.backend import KeyringBackend
from memory_keyring import MemoryKeyring

from wizard.__main__ import main
from wizard.clock import FastClock
from wizard.commands.scripts import command as scripts_command
from wizard.commands.secrets import command as secrets_command
from wizard.doorway.settings import secret_name
from wizard.journal import Journal
from wizard.practice.server import serve
from wizard.practice.tenant import PracticeTenant
from wizard.runner import apply_plan, make_plan
from wizard.steps import STEPS
from wizard.vault import Vault
from wizard.world import World, connected

SPEED = 20
"""Times as fast as the machine's clock: an Action takes seconds until it is live."""

ACCOUNT = ("--account", "ann@example.com")
ANSWERS = """
version = 1
[tenant]
domain = "{domain}"
client_id = "{client_id}"
client_secret = "env:PRACTICE_SECRET"
environment = "practice"
[source]
path = "users.csv"
[profile]
user_id = "id"
email = "mail"
[profile.app_metadata]
plan = "plan"
[passwords]
column = "hash"
[strategy]
way = "automatic"
[connection]
name = "acme-users"
[legacy_api]
url = "{url}"
audience = "https://legacy.example.com/api"
"""


@pytest.fixture(autouse=True)
def system_keyring() -> Iterator[MemoryKeyring]:
    """A keyring in memory as that of this system."""
    before: KeyringBackend = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


class Served:
    """A practice tenant and a legacy API with addresses of their own, and an operator's files."""

    def __init__(self, folder: Path, doorway: FakeDoorway, tenant: PracticeTenant, address: str) -> None:
        self.doorway = doorway
        self.tenant = tenant
        self.domain = address.removeprefix("http://")
        self.file = folder / "answers.toml"
        self.runs = folder / "runs"
        (folder / "users.csv").write_text("id,mail,hash,plan\n7,ann@example.com,x,gold\n", encoding="utf-8")
        text = ANSWERS.format(domain=self.domain, client_id=tenant.client_id, url=doorway.url)
        self.file.write_text(text, encoding="utf-8")

    def run(self, group: Any, *args: str, stdin: str = "") -> Result:
        environment = {"PRACTICE_SECRET": self.tenant.client_secret}
        name, *rest = args
        given = [name, str(self.file), *rest]
        return CliRunner().invoke(group, given, input=stdin, env=environment, standalone_mode=False)

    def set_up(self) -> None:
        """Carry out the steps that the scripts need, as a run does."""
        from wizard.answers import load
        from wizard.steps import SECTIONS

        steps = [
            one for one in STEPS if one.key in ("connection", "custom_database", "legacy_api", "scripts", "guards")
        ]
        answers = load(self.file, SECTIONS, environment={})
        world = World(environment={"PRACTICE_SECRET": self.tenant.client_secret}, clock=self.tenant.clock)

        async def work() -> None:
            journal = Journal(None, now=world.clock.now)
            async with connected(answers, journal, self.file.parent, self.file.parent, world) as tools:
                plan = await make_plan(steps, answers, tools)
                await apply_plan(plan.approval, steps, answers, tools)
            journal.close()

        asyncio.run(work())


@contextmanager
def served(folder: Path, **replies: Reply | list[Reply]) -> Iterator[Served]:
    ready: list[tuple[FakeDoorway, PracticeTenant, str]] = []
    started, stop_from = threading.Event(), []

    async def live() -> None:
        tenant = PracticeTenant(plan="private-basic-100", clock=FastClock(SPEED), seed=7)
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        stop_from.append((asyncio.get_running_loop(), stop))
        async with fake_doorway(**replies) as doorway:
            server = asyncio.create_task(serve(tenant, port=0, ready=address.set_result, stop=stop))
            ready.append((doorway, tenant, await address))
            started.set()
            await server
        tenant.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert started.wait(30)
    try:
        yield Served(folder, *ready[0])
    finally:
        loop, stop = stop_from[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


def told(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout.splitlines()[-1])


def test_saving_writes_every_file_and_asks_no_tenant(tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(ANSWERS.format(domain="nowhere.example.com", client_id="x", url="https://legacy.example.com"))
    answer = told(
        CliRunner().invoke(
            scripts_command, ["save", str(file), "--out", str(tmp_path / "out"), "--json"], standalone_mode=False
        )
    )
    assert answer["files"] == [
        "actions/deny_audience.js",
        "actions/fetch_metadata.js",
        "actions/mark_migrated.js",
        "rules/deny_audience.js",
        "rules/fetch_metadata.js",
        "rules/mark_migrated.js",
        "scripts/after/get_user.js",
        "scripts/after/login.js",
        "scripts/before/get_user.js",
        "scripts/before/login.js",
        "scripts/get_user.js",
        "scripts/login.js",
    ]
    for name in answer["files"]:
        assert (tmp_path / "out" / name).read_text(encoding="utf-8").strip()


def test_what_is_saved_is_what_is_sent(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        told(place.run(scripts_command, "save", "--out", str(tmp_path / "out"), "--json"))
        place.set_up()
        [row] = place.tenant.db.execute("select body from connections")
        sent = json.loads(row["body"])["options"]["customScripts"]
    for script, text in sent.items():
        assert (tmp_path / "out" / "scripts" / f"{script}.js").read_text(encoding="utf-8") == text


def test_a_diff_shows_what_is_absent_the_same_and_different(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        before = told(place.run(scripts_command, "diff", "--json"))
        assert {one["state"] for one in before["files"]} == {"absent"}
        place.set_up()
        assert told(place.run(scripts_command, "diff", "--json"))["different"] == 0
        place.tenant.db.execute(
            "update connections set body = json_set(body, '$.options.customScripts.login', 'function mine() {}')"
        )
        after = told(place.run(scripts_command, "diff", "--json"))
        text = place.run(scripts_command, "diff").stdout
    assert after["different"] == 1
    assert "-function mine() {}" in text
    assert "+function login(identifier, password, callback) {" in text


def test_a_guard_that_was_changed_and_not_deployed_is_compared_by_what_logins_run(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        place.set_up()
        place.tenant.db.execute("update actions set body = json_set(body, '$.code', 'draft', '$.revision', 99)")
        assert told(place.run(scripts_command, "diff", "--json"))["different"] == 0
        place.tenant.db.execute("delete from action_versions")
        found = told(place.run(scripts_command, "diff", "--json"))["files"]
    assert {one["state"] for one in found if one["path"].startswith("actions/")} == {"absent"}


def test_trying_shows_profile_and_timing(tmp_path: Path) -> None:
    with served(tmp_path, login=user(), users=user()) as place:
        place.set_up()
        result = place.run(scripts_command, "try", *ACCOUNT, "--json", stdin="her password\n")
        answer = told(result)
        calls = place.doorway.calls
    login, get_user = answer["scripts"]
    assert result.return_value == 0
    assert login["result"] == get_user["result"] == "user"
    assert login["profile"] == get_user["profile"] == PROFILE
    assert login["callbacks"] == get_user["callbacks"] == 1
    assert login["milliseconds"] > 0
    assert calls[0].body == {"identifier": "ann@example.com", "password": "her password"}
    assert str(calls[0].bearer).count(".") == 2, "a token of the tenant"


def test_trying_tells_how_a_login_fails(tmp_path: Path) -> None:
    replies = [
        refusal(403, "wrong_password", user_id="7"),
        refusal(404, "unknown_user"),
        refusal(503, "store_unavailable"),
    ]
    with served(tmp_path, login=replies, users=refusal(404, "unknown_user")) as place:
        place.set_up()
        results = [place.run(scripts_command, "try", *ACCOUNT, "--json", stdin="x\n") for _ in range(3)]
    assert [told(one)["scripts"][0]["result"] for one in results] == ["wrong_password", "unknown_user", "error"]
    assert [one.return_value for one in results] == [0, 0, 3]
    assert told(results[0])["scripts"][1]["result"] == "not_found"


def test_trying_leaves_nothing_personal_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with served(tmp_path, login=user({**PROFILE, "name": "Ann Ångström"}), users=user()) as place:
        place.set_up()
        told(place.run(scripts_command, "try", *ACCOUNT, "--json", "--log-file", str(log), stdin="her password\n"))
    for personal in ("ann@example.com", "ngstr", "her password", "gold"):
        assert personal not in log.read_text(encoding="utf-8")


def test_the_password_may_be_named_as_where_passwords_are_proven(tmp_path: Path) -> None:
    with served(tmp_path, login=user(), users=user()) as place:
        place.set_up()
        named = ("--account", "ann@example.com=env:PRACTICE_SECRET")
        assert told(place.run(scripts_command, "try", *named, "--json"))["scripts"][0]["result"] == "user"
        asked = place.doorway.calls[0].body
        assert asked == {"identifier": "ann@example.com", "password": place.tenant.client_secret}


def test_trying_before_anything_is_set_up_says_what_is_missing(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        result = place.run(scripts_command, "try", *ACCOUNT, stdin="x\n")
    assert "LEGACY_API_CLIENT_ID" in str(result.exception)


def test_rotating_brings_the_new_secret_everywhere(tmp_path: Path) -> None:
    with served(tmp_path, login=user(), users=user()) as place:
        place.set_up()
        vault = Vault(place.domain)
        old = vault.get(secret_name("acme-users")).reveal()
        answer = told(place.run(secrets_command, "rotate", "--yes", "--json", "--runs", str(place.runs)))
        new = vault.get(secret_name("acme-users")).reveal()
        [row] = place.tenant.db.execute("select body from connections")
        sealed = json.loads(row["body"])["options"]["configuration"]
        assert place.tenant.keys.unseal(sealed["LEGACY_API_CLIENT_SECRET"]) == new != old
        tried = place.run(scripts_command, "try", *ACCOUNT, "--json", stdin="her password\n")
    assert told(tried)["scripts"][0]["result"] == "user"
    assert [change.split(" ")[0] for change in answer["changed"]] == ["set", "build", "build"]
    assert new not in json.dumps(answer)


def test_rotating_without_an_application_changes_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        result = place.run(secrets_command, "rotate", "--yes", "--runs", str(place.runs))
    assert "no application whose secret could be rotated" in str(result.exception)


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["scripts", "--help"])
    assert {"save", "diff", "try"} <= set(capsys.readouterr().out.split())
