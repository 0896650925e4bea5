"""Exports that are damaged or odd, or find no place on the disk."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from phases_stage import stage_of
from rehearsal import CountingTransport, Rehearsal, person

from wizard.errors import WizardError


class OddExports(CountingTransport):
    """Serves exports changed; everything else goes on to the tenant."""

    def __init__(self, inner: httpx.AsyncBaseTransport, change: Callable[[bytes], bytes]) -> None:
        super().__init__(inner)
        self.change = change
        self.changed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        whole = await response.aread()
        if not whole.startswith(b"\x1f\x8b"):
            return response
        self.changed += 1
        return httpx.Response(200, content=self.change(whole))


def with_half_a_surrogate(export: bytes) -> bytes:
    """JSON of JavaScript may hold what no strict reader takes."""
    return gzip.compress(gzip.decompress(export).replace(b"SMILE", rb"\ud83d"))


@pytest.fixture
def stage(tmp_path: Path) -> Rehearsal:
    """A run that has ended."""
    stage = Rehearsal(tmp_path)
    stage.write_people([person(number) for number in range(1, 5)])
    stage.apply()
    return stage


def test_half_a_surrogate_of_somebody_who_moved_holds_up_neither_the_rest_nor_the_cutover(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, 6)
    stage.apply()
    stage.log_in([1], nickname="SMILE")
    stage.log_in([2], user_metadata={"motto": "SMILE"})
    stage.pass_days(1)
    stage.transport = odd = OddExports(stage.tenant.transport(), with_half_a_surrogate)
    progress = stage.resume("trickle.go_on=true")
    assert odd.changed
    assert (progress.verdict, progress.imported, progress.migrated) == ("complete", 4, 2)


def test_a_damaged_export_leaves_the_connection_of_an_undo_and_is_named(stage: Rehearsal) -> None:
    stage.transport = odd = OddExports(stage.tenant.transport(), lambda export: export[: len(export) // 2])
    with pytest.raises(WizardError, match="not whole"):
        stage.undo(users=True)
    assert odd.changed
    undone = stage.undo()
    assert [words for words in undone.left if "not whole" in words]
    assert stage.ask("GET", "connections", params={"name": "acme-users"})
    stage.transport = stage.tenant.transport()
    assert stage.undo(users=True).left == ()
    assert not stage.ask("GET", "connections", params={"name": "acme-users"})


def test_an_undo_for_which_an_export_does_not_tell_who_is_in_use_changes_nothing(stage: Rehearsal) -> None:
    stage.transport = OddExports(stage.tenant.transport(), lambda export: export[: len(export) // 2])
    with pytest.raises(WizardError, match="not whole") as caught:
        stage.undo(users=True)
    assert "Nothing was changed." in str(caught.value)
    assert caught.value.remedy.startswith("Undo again")
    assert len(stage.users()) == 4


def test_an_export_that_finds_no_place_on_the_disk_is_told_with_the_way_out(stage: Rehearsal) -> None:
    in_the_way = stage.run.path / "export.ndjson.gz.part"

    class InTheWay(CountingTransport):
        """Once an export is asked for: what was there before is cleared away as left by a killed process."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/users-exports"):
                in_the_way.mkdir()
            return await super().handle_async_request(request)

    stage.transport = InTheWay(stage.tenant.transport())
    with pytest.raises(WizardError, match="cannot be kept") as caught:
        stage.verify()
    assert str(stage.run.path) in caught.value.what
    assert "Make room" in caught.value.remedy
    stage.transport = stage.tenant.transport()
    assert stage.verify().verdict == "complete"


@pytest.fixture
def small_files() -> Iterator[None]:
    """As on a full disk, no file grows beyond two megabytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_who_is_in_use_finds_no_place_on_the_disk_and_an_undo_tells_the_way_out(stage: Rehearsal) -> None:
    others = "".join(f'{{"user_id": "auth0|{number:02000}"}}\n' for number in range(15_000)).encode()
    stage.transport = odd = OddExports(
        stage.tenant.transport(), lambda export: gzip.compress(gzip.decompress(export) + others)
    )
    with pytest.raises(WizardError, match="cannot be kept") as caught:
        stage.undo(users=True)
    assert odd.changed
    assert str(stage.run.path) in caught.value.what
    assert "Make room" in caught.value.remedy
    assert not list(stage.run.path.glob("export.*")), "users' data are not left behind"
    stage.transport = stage.tenant.transport()
    assert stage.undo(users=True).users == 4
