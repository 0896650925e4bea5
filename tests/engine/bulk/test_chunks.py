"""Cutting users into files: limits, order and fullness."""

import json
import math

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bulk.preparation.chunks import BODY_LIMIT, IMPORT_FILE_BYTES, Chunk, Run, chunks, largest_user

USERS = st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=30), max_size=3), max_size=40)


def spooled(users: list[bytes], lengths: list[int]) -> tuple[bytes, list[Run]]:
    """The users as a spool file, and as runs of these lengths."""
    spool = b"".join(user + b"," for user in users)
    runs, start, offset = [], 0, 0
    for length in [*lengths, len(users)]:
        sizes = [len(user) + 1 for user in users[start : start + length]]
        if sizes:
            runs.append(Run(0, offset, sizes))
        start, offset = start + length, offset + sum(sizes)
    return spool, runs


def file_of(spool: bytes, chunk: Chunk) -> bytes:
    return b"[" + b"".join(spool[offset : offset + size] for _, offset, size in chunk.pieces)[:-1] + b"]"


@given(users=USERS, limit=st.integers(150, 900), lengths=st.lists(st.integers(1, 9), max_size=20))
def test_files_hold_all_users_in_order_within_the_limit_in_bytes(
    users: list[dict[str, str]], limit: int, lengths: list[int]
) -> None:
    written = [json.dumps(user, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") for user in users]
    kept = [user for user in written if len(user) <= largest_user(limit)]
    spool, runs = spooled(kept, lengths)
    made = list(chunks(runs, limit=limit))
    files = [file_of(spool, chunk) for chunk in made]
    assert [user for file in files for user in json.loads(file)] == [json.loads(user) for user in kept]
    assert all(len(file) == chunk.bytes <= limit for file, chunk in zip(files, made, strict=True))
    assert [chunk.users for chunk in made] == [len(json.loads(file)) for file in files]
    assert [chunk.number for chunk in made] == list(range(1, len(made) + 1))


@given(users=USERS, lengths=st.lists(st.integers(1, 9), max_size=20))
def test_files_do_not_depend_on_how_users_were_spooled(users: list[dict[str, str]], lengths: list[int]) -> None:
    written = [json.dumps(user).encode() for user in users]
    spool, runs = spooled(written, lengths)
    whole_spool, whole = spooled(written, [])
    assert [file_of(spool, chunk) for chunk in chunks(runs, limit=700)] == [
        file_of(whole_spool, chunk) for chunk in chunks(whole, limit=700)
    ]


@given(sizes=st.lists(st.integers(10, 2000), min_size=1, max_size=3000))
def test_files_are_nearly_as_few_as_can_be(sizes: list[int]) -> None:
    made = list(chunks([Run(0, 0, sizes)], limit=50_000))
    bound = math.ceil(sum(sizes) / 49_999)
    assert len(made) <= bound * 50_000 / 48_000 + 1


def test_a_file_is_as_full_as_the_next_user_allows() -> None:
    first, second = chunks([Run(0, 0, [40, 59, 1])], limit=100)
    assert (first.bytes, first.users, second.bytes, second.users) == (100, 2, 2, 1)


def test_a_user_larger_than_a_file_is_refused() -> None:
    assert [chunk.bytes for chunk in chunks([Run(0, 0, [largest_user(100) + 1])], limit=100)] == [100]
    with pytest.raises(ValueError, match="does not fit"):
        list(chunks([Run(0, 0, [largest_user(100) + 2])], limit=100))


def test_the_whole_request_stays_below_what_auth0_takes() -> None:
    form = {
        "connection_id": "con_" + "a" * 16,
        "upsert": "false",
        "external_id": "x" * 128,
        "send_completion_email": "false",
    }
    file = ("users", ("00001.json", b"x" * IMPORT_FILE_BYTES, "application/json"))
    request = httpx.Request("POST", "https://tenant.example.com/jobs/users-imports", data=form, files=[file])
    assert int(request.headers["content-length"]) <= BODY_LIMIT < 500_000
