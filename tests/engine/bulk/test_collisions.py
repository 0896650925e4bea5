"""Finding users who share a key: exact, whatever the buckets, workers and flushes."""

import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bulk.files import Opened
from wizard.bulk.preparation import collisions, keys
from wizard.bulk.preparation.collisions import CollisionFiles, Collisions, Ranks, find
from wizard.bulk.preparation.keys import Keys, KeySpool, buckets_for

KEYS = st.lists(
    st.sampled_from(["", "a", "b", "c", "ä", "ab", "a b", "long" * 9]) | st.text("xyz", max_size=3), max_size=60
)

RANKED = st.lists(st.text("ab01", min_size=1, max_size=4), max_size=60, unique=True).map(
    lambda keys: sorted(keys, key=lambda key: (len(key), key))
)
"""Keys in order, as ids mostly are, here and there with none, or one that breaks the order."""
ALMOST = st.tuples(
    RANKED, st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["", "a", "0b", "11"])), max_size=3)
).map(lambda drawn: [key for at, key in sorted([*enumerate(drawn[0]), *drawn[1]], key=lambda pair: pair[0])])


def found_by_buckets(listed: list[str], folder: Path, *, workers: int, buckets: int, block: int) -> dict[int, int]:
    """Spool the keys in blocks that go round the workers, and find records in groups: number to size of the group."""
    paths = [folder / f"email.{worker}" for worker in range(workers)]
    spools = [KeySpool(path, buckets) for path in paths]
    for turn, start in enumerate(range(0, len(listed), block)):
        part = listed[start : start + block]
        spools[turn % workers].add([key.encode() for key in part], start + 1)
    for spool in spools:
        spool.show()
    for spool in spools:
        spool.settle(paths)
    opened = Opened()
    kind = Keys(paths, opened)
    result = {}
    for some in keys.batches(buckets):
        for number, size, members, _ in find(kind.shared(some, buckets)):
            assert number not in result
            assert set(members) <= {index for index, key in enumerate(listed, 1) if key == listed[number - 1]}
            assert len(members) == min(size, collisions.NAMED)
            result[number] = size
    opened.close()
    return result


@given(
    listed=KEYS | RANKED | ALMOST,
    workers=st.integers(1, 3),
    buckets=st.sampled_from([1, 2, 8]),
    block=st.integers(1, 20),
    held=st.integers(1, 30),
    weak=st.booleans(),
)
def test_collisions_are_those_a_dictionary_finds(
    listed: list[str], workers: int, buckets: int, block: int, held: int, weak: bool
) -> None:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(listed, 1):
        groups[key].append(number)
    expected = {n: len(group) for key, group in groups.items() if key and len(group) > 1 for n in group}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "HELD", held)
        patch.setattr(keys, "MOST_SUSPECTS", held)
        patch.setattr(keys, "TOGETHER", workers)
        if weak:
            patch.setattr(keys, "crc32", len)
        assert found_by_buckets(listed, Path(folder), workers=workers, buckets=buckets, block=block) == expected


def test_ids_in_order_are_not_looked_at_one_by_one(tmp_path: Path) -> None:
    paths = [tmp_path / "user_id.0", tmp_path / "user_id.1"]
    spools = [KeySpool(path, 8) for path in paths]
    for turn, start in enumerate(range(950, 1050, 20)):
        spools[turn % 2].add([b"%d" % number for number in range(start, start + 20)], start)
    for spool in spools:
        spool.show()
    for spool in spools:
        spool.settle(paths)
    assert [path.with_name(f"{path.name}.checks").stat().st_size for path in paths] == [0, 0]


def test_members_named_are_the_first_whatever_worker_met_them_first(tmp_path: Path) -> None:
    paths = [tmp_path / "email.0", tmp_path / "email.1"]
    spools = [KeySpool(path, 1) for path in paths]
    for spool, numbers in zip(spools, [(2, 7, 9), (1, 3, 8)], strict=True):
        for number in numbers:
            spool.add([b"same"], number)
    for spool in spools:
        spool.show()
    for spool in spools:
        spool.settle(paths)
    opened = Opened()
    found = find(Keys(paths, opened).shared([0], 1))
    assert {members for _, _, members, _ in found} == {(1, 2, 3, 7)}
    opened.close()


def test_collisions_are_looked_up_by_ranges_of_records(tmp_path: Path) -> None:
    far = collisions.RANGE * 3 + 5
    for worker, (kind, number) in enumerate([(1, 4), (0, 4), (0, far)]):
        files = CollisionFiles(tmp_path, worker)
        files.add(kind, (number, 2, (4, far), 0))
        files.flush()
    looked_up = Collisions(tmp_path)
    assert [each.kind for each in looked_up.between(1, 5)[4]] == [0, 1]
    assert looked_up.between(5, far) == {}
    assert looked_up.between(far - 1, far + 1)[far][0].members == (4, far)


def test_more_users_mean_more_buckets_not_larger_ones() -> None:
    assert all(users / buckets_for(users) <= keys.USERS_PER_BUCKET for users in (0, 1, 10**5, 10**6, 4 * 10**6))


def test_ranks_written_in_any_order_are_read_by_record(tmp_path: Path) -> None:
    ranks, others = Ranks(tmp_path), Ranks(tmp_path)
    ranks.write(70_000, (3, 4))
    others.write(1, (7,))
    assert [ranks.rank(number) for number in (1, 2, 70_000, 70_001)] == [7, 0, 3, 4]
    assert ranks.prefer([1, 70_001]) == 1
    assert others.is_left_out(70_001)
    ranks.close()
    others.close()


ONLY_POSIX = {"pread", "pwrite", "fork", "sendfile", "posix_fadvise", "geteuid", "getuid", "mkfifo", "killpg", "setsid"}


def test_the_bulk_path_asks_the_system_for_nothing_that_windows_lacks() -> None:
    import ast

    used = {
        node.attr
        for path in (Path(__file__).parents[3] / "wizard" / "bulk").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert "lseek" in used
    assert not used & ONLY_POSIX
