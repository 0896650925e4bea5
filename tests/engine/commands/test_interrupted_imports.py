"""A signal in the first second, while modules are being imported, ends a command quietly, with the code that says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("processes are interrupted the POSIX way", allow_module_level=True)

HOOK = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), getattr(signal, os.environ["INTERRUPT_BY"]))
        return None

sys.meta_path.insert(0, Interrupting())
"""
TOLD = "\nInterrupted.\nNext: Give the same command again; a run goes on where it was.\n"


def write_store(folder: Path) -> None:
    """So many people that looking at them outlives an import by far."""
    lines = [f"{number},person{number}@example.com" for number in range(20_000)]
    (folder / "people.csv").write_text("\n".join(["id,email", *lines]))


def interrupted(folder: Path, module: str, *command: str, by: str = "SIGINT") -> subprocess.CompletedProcess[str]:
    """The command, which gets the signal as it begins to import the module."""
    (folder / "sitecustomize.py").write_text(HOOK)
    environment = {**os.environ, "PYTHONPATH": str(folder), "INTERRUPT_AT": module, "INTERRUPT_BY": by}
    return subprocess.run(
        [sys.executable, "-m", "wizard", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("by", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "module", ["click", "click.types", "wizard.commands.plan", "asyncio.base_events", "asyncio.unix_events"]
)
def test_before_the_command_is_there(tmp_path: Path, module: str, by: str) -> None:
    ended = interrupted(tmp_path, module, "plan", "answers.toml", by=by)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", TOLD)


@pytest.mark.parametrize("module", ["pydantic.main", "wizard.strategy.survey"])
def test_when_the_command_imports_what_it_works_with(tmp_path: Path, module: str) -> None:
    write_store(tmp_path)
    ended = interrupted(tmp_path, module, "inspect", "people.csv")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", TOLD)


def test_the_object_is_the_same_whenever_it_came(tmp_path: Path) -> None:
    write_store(tmp_path)
    early = interrupted(tmp_path, "click", "inspect", "people.csv", "--json")
    late = interrupted(tmp_path, "pydantic.main", "inspect", "people.csv", "--json")
    assert early.returncode == late.returncode == 130
    assert early.stdout == late.stdout
    assert json.loads(early.stdout)["error"]["exit"] == 130
