"""What is shipped to deploy the legacy API: linted, as no container engine is at hand in tests."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from wizard.commands.legacy_api import command

ASSETS = Path(__file__).parents[2] / "assets" / "doorway"


def instructions() -> list[tuple[str, str]]:
    text = (ASSETS / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_has_a_pinned_base_no_root_and_a_health_check() -> None:
    found = instructions()
    words = [word for word, _ in found]
    known = {
        "FROM",
        "ENV",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
    }
    assert set(words) <= known
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", dict(found)["FROM"])
    assert int(dict(found)["USER"]) >= 1000
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "/readyz" in dict(found)["HEALTHCHECK"]


def test_nothing_shipped_holds_a_secret() -> None:
    for path in ASSETS.iterdir():
        assert not re.search(r"(secret|password|token)\s*=\s*[\"']?[A-Za-z0-9]{6,}", path.read_text(), re.IGNORECASE), (
            path
        )


def arguments_are_those_of_the_command(arguments: list[str]) -> bool:
    help_text = CliRunner().invoke(command, ["--help"]).output
    return all(option in help_text for option in arguments if option.startswith("--"))


def test_the_image_and_the_unit_start_the_command_as_it_is() -> None:
    entry = re.findall(r'"([^"]+)"', dict(instructions())["ENTRYPOINT"])
    unit = service()
    start = shlex.split(unit["Service"]["ExecStart"])
    assert entry[:2] == ["auth0-migrate", "legacy-api"]
    assert Path(start[0]).name == "auth0-migrate"
    assert start[1] == "legacy-api"
    assert arguments_are_those_of_the_command(entry)
    assert arguments_are_those_of_the_command(start)


def service() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ASSETS / "auth0-migrate-legacy-api.service")
    return parser


def test_the_unit_is_hardened() -> None:
    found = service()["Service"]
    for name in ("NoNewPrivileges", "DynamicUser", "PrivateTmp", "ProtectHome", "MemoryDenyWriteExecute"):
        assert found[name] == "yes"
    assert found["ProtectSystem"] == "strict"
    assert found["CapabilityBoundingSet"] == ""
    assert int(found["TimeoutStopSec"]) > 20  # the service itself waits that long for logins under way
