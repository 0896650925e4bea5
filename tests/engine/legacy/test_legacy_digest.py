"""The digest of a stream that a thread works out."""

from __future__ import annotations

import hashlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.legacy.digest import AT_ONCE, Digest


@given(st.lists(st.integers(0, AT_ONCE * 5 // 4), max_size=6))
def test_it_is_that_of_all_bytes_in_order(sizes: list[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    with Digest() as digest:
        for piece in pieces:
            digest.update(piece)
    assert digest.digest() == hashlib.sha256(b"".join(pieces)).digest()


def test_no_thread_is_left_whatever_happens() -> None:
    before = threading.active_count()
    with pytest.raises(KeyError), Digest() as digest:
        digest.update(bytes(2 * AT_ONCE))
        raise KeyError
    assert threading.active_count() == before
