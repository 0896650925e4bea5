"""Starts wizard processes without waiting for imports: this one imports everything once, and every process is a fork of it.

A line of JSON on stdin starts one: {"command": "apply" | "resume", "folder", "runs", "secret", "speed", "out", "err"};
the answers are lines {"pid"} and, when that process has ended, {"status"} as `os.waitpid` tells it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    import httpx  # noqa: F401 - what every run needs, imported once

    import wizard.auth0.client
    import wizard.bulk.jobs.upload
    import wizard.bulk.preparation.background
    import wizard.bulk.verification.evidence
    import wizard.bulk.verification.reconcile
    import wizard.commands.reporting
    import wizard.commands.resume
    import wizard.engine  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_process(order))
        _tell({"pid": pid})
        _tell({"status": os.waitpid(pid, 0)[1]})


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


def _process(order: dict[str, Any]) -> int:
    """One wizard process, a session of its own, so that what it starts can be found."""
    from wizard.commands.failure import exit_code_of

    os.setsid()
    for descriptor, path in ((1, order["out"]), (2, order["err"])):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, descriptor)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    try:
        return run(order)
    except BaseException as error:  # noqa: BLE001 - as the main program does
        return exit_code_of(error, as_json=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def run(order: dict[str, Any]) -> int:
    """What `apply ANSWERS --yes --json` or `resume latest --json` does, on a clock that runs faster."""
    from wizard.answers import load
    from wizard.clock import FastClock
    from wizard.commands.output import Output
    from wizard.commands.running import carry_out_and_report
    from wizard.identity import Origin, origin_of, require_unedited, run_of
    from wizard.runs import RunFolder, Runs
    from wizard.steps import SECTIONS
    from wizard.tools import Stop
    from wizard.world import World

    runs = Runs(Path(order["runs"]))
    world = World(environment={"PRACTICE_SECRET": order["secret"]}, clock=FastClock(order["speed"]))
    output = Output(as_json=True)
    if order["command"] == "apply":
        file = Path(order["folder"]) / "answers.toml"
        answers, base = load(file, SECTIONS, environment={}), file.parent

        async def open_run(_: Stop) -> RunFolder:
            return await run_of(answers, Origin(str(base), str(file)), world=world, runs=runs)

        return carry_out_and_report(open_run, answers, base=base, world=world, approve=lambda plan: True, output=output)
    found = runs.find("latest")
    answers = load(found.answers, SECTIONS, environment={})
    require_unedited(found, answers, {})

    async def open_found(_: Stop) -> RunFolder:
        return found

    base = Path(origin_of(found).base)
    return carry_out_and_report(open_found, answers, base=base, world=world, approve=None, output=output)


if __name__ == "__main__":
    main()
