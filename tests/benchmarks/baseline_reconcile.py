"""The comparison people write: all prepared users in a dictionary, the export line by line. Baseline of `reconcile.py`.

Usage: python tests/benchmarks/baseline_reconcile.py FILES EXPORT
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

FLAGS = ("email_verified", "phone_verified", "blocked")
NOT_COMPARED = ("user_id", "password_hash", "custom_password_hash", "mfa_factors", *FLAGS)


def main() -> None:
    folder, export = Path(sys.argv[1]), Path(sys.argv[2])
    prepared = {
        user["user_id"]: user for file in sorted(folder.glob("*.json")) for user in orjson.loads(file.read_bytes())
    }
    found: Counter[str] = Counter(compared=len(prepared))
    strangers = {}
    with gzip.open(export) as lines:
        for line in lines:
            stored = orjson.loads(line)
            user = prepared.pop(stored["user_id"].removeprefix("auth0|"), None)
            if user is None:
                strangers[stored["email"]] = stored
            else:
                found["different" if differs(user, stored) else "present"] += 1
    moved = [user for user in prepared.values() if user["email"].lower() in strangers]
    found["different"] += len(moved)
    found["missing"] = len(prepared) - len(moved)
    found["extra"] = len(strangers) - len(moved)
    print(json.dumps(found))  # noqa: T201


def differs(user: dict[str, Any], stored: dict[str, Any]) -> bool:
    if any(user.get(flag, False) != stored.get(flag, False) for flag in FLAGS):
        return True
    for name, value in user.items():
        if name in ("email", "username"):
            if value.lower() != stored.get(name):
                return True
        elif name not in NOT_COMPARED and value != stored.get(name):
            return True
    return False


if __name__ == "__main__":
    main()
