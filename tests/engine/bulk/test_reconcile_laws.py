"""The comparison against the plainest one there is, dictionaries, for populations of every kind."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.bulk.verification.comparison import Comparison, Task

User = dict[str, Any]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
NUMBER = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = {
    "email_verified": st.booleans(),
    "blocked": st.booleans(),
    "name": TEXT,
    "picture": TEXT,
    "username": st.text("abXY", min_size=1, max_size=4),
    "phone_number": st.sampled_from(["+15550001", "+15550002"]),
    "user_metadata": st.dictionaries(TEXT, JSON, max_size=3),
    "app_metadata": st.dictionaries(TEXT, JSON, max_size=3),
}
PROFILE = st.fixed_dictionaries({}, optional=FIELDS)
FATES = st.sampled_from(["same", "same", "changed", "missing", "refused", "moved", "twice", "extra"])
POPULATION = st.lists(st.tuples(FATES, PROFILE, PROFILE, st.integers(0, 2**32)), max_size=12)


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with keys in another order and whole numbers spelled another way."""
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(part, chance) for key, part in items}
    if isinstance(value, list):
        return [shuffled(part, chance) for part in value]
    if type(value) is int and abs(value) < 2**53:
        return float(value) if chance.random() < 0.5 else value
    return value


def scene(population: list[Any]) -> tuple[list[User], list[User], list[User]]:
    """Prepared users, export lines in any order, and refused users."""
    prepared: list[User] = []
    exported: list[User] = []
    refused: list[User] = []
    chance = random.Random(len(population))
    for number, (fate, profile, other, seed) in enumerate(population):
        user = {"user_id": f"legacy|{number}", "email": f"ada{number}@example.com", **profile}
        line = shuffled({**user, "user_id": f"auth0|legacy|{number}"}, random.Random(seed))
        if fate != "extra":
            prepared.append(user)
        if fate == "refused":
            refused.append({"user_id": user["user_id"], "code": "FORMAT"})
        if fate == "moved":
            line["user_id"] = f"auth0|{seed}-{number}"
        if fate in ("changed", "twice"):
            exported.append({**line, **other})
        if fate in ("same", "moved", "twice", "extra"):
            exported.append(line)
    chance.shuffle(exported)
    return prepared, exported, refused


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return set(left) == set(right) and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def differing(user: User, line: User) -> set[str]:
    names = set()
    for flag in ("email_verified", "blocked", "phone_verified"):
        if bool(user.get(flag)) != bool(line.get(flag)):
            names.add(flag)
    for name in ("email", "username"):
        if name in user and user[name].lower() != str(line.get(name, "")).lower():
            names.add(name)
    for name in ("name", "picture", "phone_number"):
        if name in user and user[name] != line.get(name):
            names.add(name)
    for name in ("user_metadata", "app_metadata"):
        if name in user and not equal(user[name], line.get(name, {})):
            names.add(name)
    return names


def plainly(prepared: list[User], exported: list[User], refused: list[User]) -> dict[tuple[str, str], set[str]]:
    """Who is not present as prepared, and in what."""
    by_id: dict[str, list[User]] = {}
    for line in exported:
        by_id.setdefault(line["user_id"].removeprefix("auth0|"), []).append(line)
    ids = {user["user_id"] for user in prepared}
    strangers = {line["user_id"]: line for line in exported if line["user_id"].removeprefix("auth0|") not in ids}
    by_mail = {line["email"]: line for line in strangers.values()}
    given_up = {user["user_id"] for user in refused}
    found: dict[tuple[str, str], set[str]] = {}
    for user in prepared:
        names: set[str] = set()
        if lines := by_id.get(user["user_id"]):
            names = set().union(*(differing(user, line) for line in lines))
        elif stranger := by_mail.get(user["email"]):
            names = differing(user, stranger) | {"user_id"}
            strangers.pop(stranger["user_id"], None)
        else:
            found[user["user_id"], "refused" if user["user_id"] in given_up else "missing"] = set()
        if names:
            found[user["user_id"], "different"] = names
    return found | {(user_id, "extra"): set() for user_id in strangers}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POPULATION)
def test_the_comparison_finds_what_dictionaries_find(population: list[Any]) -> None:
    prepared, exported, refused = scene(population)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / f"{start:05}.json" for start in range(0, max(1, len(prepared)), 4)]
        for number, file in enumerate(files):
            file.write_text(json.dumps(prepared[4 * number : 4 * number + 4]))
        (folder / "refused.ndjson").write_text("".join(json.dumps(user) + "\n" for user in refused))
        lines = "".join(json.dumps(user) + "\n" for user in exported)
        (folder / "export.gz").write_bytes(gzip.compress(lines.encode()))
        (folder / "work").mkdir()
        export, out, work, given_up = (
            str(folder / part) for part in ("export.gz", "out.ndjson", "work", "refused.ndjson")
        )
        task = Task([str(file) for file in files], export, out, work, "acme-users", given_up, 230, 1)
        with closing(Comparison(task, lambda stage, done, total: None)) as comparison:
            outcome = comparison.run()
        listed = [json.loads(line) for line in (folder / "out.ndjson").read_text().splitlines()]
    wanted = plainly(prepared, exported, refused)
    assert {(line["user_id"], line["status"]): set(line["fields"]) for line in listed} == wanted
    assert len(listed) == len(wanted)
    statuses = Counter(status for _, status in wanted)
    assert statuses == +Counter({name: getattr(outcome, name) for name in ("missing", "refused", "different", "extra")})
    assert outcome.compared == len(prepared)
    assert outcome.present + outcome.missing + outcome.different + outcome.refused == outcome.compared
    assert Counter(outcome.fields) == Counter(field for fields in wanted.values() for field in fields)
