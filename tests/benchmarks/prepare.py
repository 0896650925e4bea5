"""Measure preparing against the script that people write, in interleaved rounds of one run; ratios, not seconds, count.

Usage: python tests/benchmarks/prepare.py [--users N] [--rounds R] [--workers 0,1,2] [--folder DIR]

Every contestant runs in a process of its own, all with the same niceness; so does `csv.reader` alone, which does nothing
with what it reads and tells how quick a machine is with such a file. Memory is the largest sum of the proportional
set sizes (resident where the system has none) of the whole process tree, sampled in a round of its own, which is not
timed: looking at a tree takes a core from those who need both. The last line is JSON.

Goals at 1,000,000 users: 1.8 times as fast as the script with one worker, 3.5 times with two; 160 MB, and at most a tenth
more at 10,000,000. A slow disk hides what is measured here: `--folder /dev/shm` keeps it out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
SAMPLE_SECONDS = 0.1
READ_ONLY = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], encoding='utf-8', newline='')): pass"


def main() -> None:
    options = _options()
    if options.contestant is not None:
        print(json.dumps(_contest(options.contestant, options.source, options.out)))  # noqa: T201
        return
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="prepare-") as name:
        folder = Path(name)
        source = folder / "users.csv"
        from wizard.practice.people.benchmark import write_benchmark_csv

        write_benchmark_csv(source, options.users)
        names = ["csv.reader", "baseline", *(f"{count} workers" for count in options.workers)]
        rounds: list[dict[str, dict[str, Any]]] = []
        for number in range(options.rounds):
            order = names if number % 2 == 0 else names[::-1]  # a machine that warms up favours nobody
            rounds.append({name: _timed(name, source, folder / "out") for name in order})
        peaks = {name: _peak(name, source, folder / "out") for name in names}
        _tell(names, rounds, peaks, options.users)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=lambda text: [int(part) for part in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--contestant", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _timed(name: str, source: Path, out: Path) -> dict[str, Any]:
    """Run one contestant; returns its seconds and what it tells."""
    began = time.monotonic()
    process = _started(name, source, out)
    told, _ = process.communicate()
    seconds = time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return {"seconds": seconds, **(json.loads(told) if told.strip() else {})}


def _peak(name: str, source: Path, out: Path) -> int:
    """Run one contestant and watch its memory, in bytes."""
    process, peak = _started(name, source, out), 0
    while process.poll() is None:
        peak = max(peak, _tree_bytes(process))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return peak


def _started(name: str, source: Path, out: Path) -> psutil.Popen:
    shutil.rmtree(out, ignore_errors=True)
    if name == "csv.reader":
        command = [sys.executable, "-c", READ_ONLY, str(source)]
    elif name == "baseline":
        command = [sys.executable, str(HERE / "baseline_prepare.py"), str(source), str(out)]
    else:
        parts = ["--contestant", name.split()[0], "--source", str(source), "--out", str(out)]
        command = [sys.executable, str(Path(__file__)), *parts]
    return psutil.Popen(
        command, stdout=subprocess.PIPE, preexec_fn=_nice, env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    )


def _nice() -> None:
    os.nice(10)


def _tree_bytes(process: psutil.Process) -> int:
    total = 0
    for each in [process, *_children(process)]:
        try:
            memory = each.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue
    return total


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return children


def _contest(workers: str, source: Path, out: Path) -> dict[str, Any]:
    """Prepare as the product does, facts and mapping included."""
    from wizard.bulk.manifest import require_manifest
    from wizard.bulk.preparation.chunks import IMPORT_FILE_BYTES
    from wizard.bulk.preparation.prepare import prepare
    from wizard.legacy import open_source
    from wizard.legacy.answers import SourceAnswers
    from wizard.mapping import compile_mapping
    from wizard.passwords.answers import PasswordsAnswers
    from wizard.practice.people.benchmark import ANSWERS
    from wizard.profile import ProfileAnswers

    store = open_source(SourceAnswers(kind="csv", path=str(source)), secret=lambda name: "", base=source.parent)
    profile = ProfileAnswers.model_validate(ANSWERS["profile"])
    mapping = compile_mapping(profile, PasswordsAnswers.model_validate(ANSWERS["passwords"]), store.columns)
    began = time.monotonic()
    facts = store.facts()
    looked = time.monotonic() - began
    prepared = prepare(store, facts, mapping, out, workers=int(workers))
    manifest = require_manifest(out)
    sizes = prepared.bytes - prepared.files  # without the opening brackets: users, each with a comma or bracket
    bound = math.ceil(sizes / (IMPORT_FILE_BYTES - 1))
    return {
        "facts_seconds": looked,
        "prepare_seconds": prepared.seconds,
        "rejected": prepared.rejected,
        "files": prepared.files,
        "bound": bound,
        "mean_bytes": sizes / max(1, prepared.prepared),
        "digest": manifest.fingerprint,
    }


def _tell(names: list[str], rounds: list[dict[str, dict[str, Any]]], peaks: dict[str, int], users: int) -> None:
    digests = {found["digest"] for each in rounds for found in each.values() if "digest" in found}
    result: dict[str, Any] = {"users": users, "rounds": len(rounds), "same_bytes": len(digests) == 1}
    _say(f"{users:,} users, {len(rounds)} rounds; the same bytes from all: {len(digests) == 1}")
    _say(f"{'':12} {'seconds':>8} {'[min-max]':>15} {'x baseline':>11} {'users/s':>9} {'MB tree':>8}")
    for name in names:
        seconds = [each[name]["seconds"] for each in rounds]
        ratio = statistics.median(each["baseline"]["seconds"] / each[name]["seconds"] for each in rounds)
        middle, peak = statistics.median(seconds), peaks[name]
        span = f"[{min(seconds):.1f}-{max(seconds):.1f}]"
        _say(f"{name:12} {middle:8.1f} {span:>15} {ratio:11.2f} {users / middle:9,.0f} {peak / 1e6:8.1f}")
        result[name] = {"seconds": middle, "times_baseline": ratio, "peak_megabytes": peak / 1e6}
    last = rounds[-1][names[-1]]
    if "files" in last:
        packing = last["files"] / last["bound"]
        _say(
            f"{last['files']} files, lower bound {last['bound']}: {packing:.4f}; mean {last['mean_bytes']:.0f} bytes a user"
        )
        result |= {"files": last["files"], "bound": last["bound"], "rejected": last["rejected"]}
    _say(json.dumps(result))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
