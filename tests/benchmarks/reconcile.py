"""Measure the comparison with an export against preparing the same users and against a dictionary, in interleaved rounds.

Usage: python tests/benchmarks/reconcile.py [--users N] [--rounds R] [--without prepare,dictionary] [--folder DIR]

The users are prepared from the CSV file of the other benchmark; the export is made of what was prepared, with the fields
that the product asks Auth0 for: of ten thousand users 9 are missing, 10 changed, 50 have their metadata in another order
(which is no difference), 1 has another id, and 5 more were there before. Every contestant runs in a process tree of its
own with the same niceness; memory is the tree's, watched in a round that is not timed, as in `prepare.py`. Goals: half the
time of preparing, 400 MB. Where others use the machine too, processor time tells more than seconds. The last line is JSON.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import psutil

HERE = Path(__file__).parent
SAMPLE_SECONDS = 0.1
SAME = ("compared", "present", "missing", "different", "extra")


def main() -> None:
    options = _options()
    if options.contestant:
        _say(json.dumps(_reconcile(options.source, options.out)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="reconcile-") as name:
        folder = Path(name)
        from wizard.practice.people.benchmark import write_benchmark_csv

        write_benchmark_csv(folder / "users.csv", options.users)
        _run("prepare", folder)
        shutil.move(folder / "out", folder / "prepared")
        _write_export(folder / "prepared", folder / "export.ndjson.gz")
        names = [name for name in ("prepare", "dictionary", "reconcile") if name not in options.without]
        rounds: list[dict[str, dict[str, Any]]] = []
        for number in range(options.rounds):
            order = names if number % 2 == 0 else names[::-1]
            rounds.append({name: _run(name, folder) for name in order})
        peaks = {name: _run(name, folder, watched=True)["peak"] for name in names}
        _tell(names, rounds, peaks, options.users)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", default="")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--contestant", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, folder: Path, *, watched: bool = False) -> dict[str, Any]:
    shutil.rmtree(folder / "out", ignore_errors=True)
    prepared, export = folder / "prepared" / "users", folder / "export.ndjson.gz"
    scripts: dict[str, tuple[str, list[str | Path]]] = {
        "prepare": ("prepare.py", ["--contestant", "2", "--source", folder / "users.csv", "--out", folder / "out"]),
        "dictionary": ("baseline_reconcile.py", [prepared, export]),
        "reconcile": ("reconcile.py", ["--contestant", "--source", prepared, "--out", export]),
    }
    script, arguments = scripts[name]
    return _done([sys.executable, str(HERE / script), *map(str, arguments)], watched=watched)


def _done(command: list[str], *, watched: bool) -> dict[str, Any]:
    """Run a niced process tree; returns what it tells with its seconds, and the largest memory of the tree if watched."""
    began, spent, peak = time.monotonic(), _processor_seconds(), 0
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    process = psutil.Popen(["nice", "-n", "10", *command], stdout=subprocess.PIPE, env=environment)
    while watched and process.poll() is None:
        peak = max(peak, _tree_bytes(process))
        time.sleep(SAMPLE_SECONDS)
    told, _ = process.communicate()
    seconds = time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"{command[1]} failed")
    return {
        **json.loads(told.splitlines()[-1]),
        "seconds": seconds,
        "cpu": _processor_seconds() - spent,
        "peak": peak,
    }


def _processor_seconds() -> float:
    """Of all child processes that have ended, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree_bytes(process: psutil.Process) -> int:
    """Proportional set sizes of the tree; resident where the system does not know them."""
    total = 0
    try:
        for each in [process, *process.children(recursive=True)]:
            memory = each.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    except psutil.Error:
        return total  # one of them has just ended
    return total


def _reconcile(users: Path, export: Path) -> dict[str, Any]:
    from wizard.bulk.verification.reconcile import reconcile

    out = export.with_name("verify.ndjson")
    files = sorted(users.glob("*.json"))
    return asdict(
        reconcile(
            files, export, out, connection="acme-users", refused=None, emit=lambda event: None, stop=lambda: False
        )
    )


def _write_export(prepared: Path, export: Path) -> None:
    from wizard.bulk.verification.evidence import EXPORT_FIELDS

    number = 0
    with gzip.open(export, "wb", compresslevel=6) as out:
        for file in sorted(prepared.glob("users/*.json")):
            lines: list[bytes] = []
            for user in orjson.loads(file.read_bytes()):
                lines += map(orjson.dumps, _stored(user, number % 10_000, EXPORT_FIELDS))
                number += 1
            out.write(b"".join(line + b"\n" for line in lines))


def _stored(user: dict[str, Any], place: int, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What Auth0 holds, of these fields, of a user that was prepared at this place among ten thousand."""
    if place < 9:
        return
    email = user["email"].lower()
    everything = {
        "name": email,
        "nickname": email.partition("@")[0],
        "picture": f"https://s.gravatar.com/avatar/{crc32(email.encode()):032x}?s=480&r=pg&d=https%3A%2F%2F"
        f"cdn.auth0.com%2Favatars%2F{email[:2]}.png",
        **{key: value for key, value in user.items() if "hash" not in key and key != "mfa_factors"},
        "user_id": f"auth0|{user['user_id']}",
        "email": email,
    }
    line = {name: everything[name] for name in fields if name in everything}
    if place < 19:
        line["name"] = "Somebody Else"
        line["app_metadata"] = {**user.get("app_metadata", {}), "changed": place}
    elif place < 69:
        line |= {key: dict(reversed(user[key].items())) for key in ("app_metadata", "user_metadata") if key in user}
    elif place < 70:
        line["user_id"] = "auth0|63d16b60c55b3650a5c9fff9" + user["user_id"]
    elif place < 75:
        yield {**line, "user_id": f"auth0|before-{user['user_id']}", "email": f"before-{email}"}
    yield line


def _tell(names: list[str], rounds: list[dict[str, dict[str, Any]]], peaks: dict[str, int], users: int) -> None:
    last = rounds[-1]
    result: dict[str, Any] = {"users": users, "rounds": len(rounds)}
    if "dictionary" in names:
        result["same_answer"] = all(last["dictionary"][key] == last["reconcile"][key] for key in SAME)
    _say(f"{users:,} users, {len(rounds)} rounds: " + ", ".join(f"{key} {last['reconcile'][key]:,}" for key in SAME))
    _say(f"{'':12} {'seconds':>8} {'[min-max]':>15} {'x reconcile':>12} {'CPU s':>7} {'MB tree':>8}")
    for name in names:
        seconds = [each[name]["seconds"] for each in rounds]
        ratio = statistics.median(each[name]["seconds"] / each["reconcile"]["seconds"] for each in rounds)
        middle, peak = statistics.median(seconds), peaks[name] / 1e6
        cpu = statistics.median(each[name]["cpu"] for each in rounds)
        span = f"[{min(seconds):.1f}-{max(seconds):.1f}]"
        _say(f"{name:12} {middle:8.1f} {span:>15} {ratio:12.2f} {cpu:7.1f} {peak:8.1f}")
        result[name] = {"seconds": middle, "times_reconcile": ratio, "cpu_seconds": cpu, "peak_megabytes": peak}
    _say(json.dumps(result))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
