"""Import and export jobs: bodies of known size, three shapes of errors, exports fetched to private files."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import httpx
import pytest
from auth0_stage import Stage, answers, recorded, refused
from hypothesis import given
from hypothesis import strategies as st

from wizard.auth0.client import multipart_overhead
from wizard.auth0.errors import AnswerNotUnderstood, DownloadFailed, NotFound, TooLarge
from wizard.auth0.models import Job
from wizard.auth0.multipart import import_body

JOB = {"id": "job_1", "type": "users_import", "status": "pending", "created_at": "2026-08-10T00:00:00.000Z"}
EXPORT = "https://store.example.com/export.json.gz?signature=abc"


def parts(content_type: str, body: bytes) -> dict[str, tuple[str | None, str, bytes]]:
    """File name, content type and content of each part, read by the standard library."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert not message.defects
    found: dict[str, tuple[str | None, str, bytes]] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        found[name] = (part.get_filename(), part.get_content_type(), content)
    return found


@given(
    users=st.binary(max_size=200),
    external_id=st.text(max_size=20).filter(lambda text: not set(text) & set("\r\n")),
    filename=st.text(min_size=1, max_size=20),
    upsert=st.booleans(),
)
def test_the_size_of_an_upload_is_known_before_it_is_packed(
    users: bytes, external_id: str, filename: str, upsert: bool
) -> None:
    try:
        external_id.encode()
        filename.encode()
    except UnicodeEncodeError:
        return
    _, body = import_body(users, filename=filename, connection_id="con_1", external_id=external_id, upsert=upsert)
    assert len(body) == len(users) + multipart_overhead("con_1", external_id, filename, upsert)


def test_a_boundary_never_occurs_in_the_users() -> None:
    content_type, body = import_body(b"x" * 100, filename="a", connection_id="c", external_id="", upsert=False)
    boundary = content_type.rpartition("=")[2].encode()
    assert body.count(boundary) == body.count(b"--" + boundary)


async def test_an_upload_carries_the_five_parts_and_asks_for_no_mail() -> None:
    stage = Stage(answers(httpx.Response(202, json=JOB)))
    users = '[{"email":"zoë@example.com"}]'.encode()
    async with stage.open() as tenant:
        job = await tenant.import_users(users, filename="00001.json", connection_id="con_1", external_id="run-1")
    request = stage.requests[0]
    assert parts(request.headers["content-type"], request.content) == {
        "connection_id": (None, "text/plain", b"con_1"),
        "upsert": (None, "text/plain", b"false"),
        "external_id": (None, "text/plain", b"run-1"),
        "send_completion_email": (None, "text/plain", b"false"),
        "users": ("00001.json", "application/json", users),
    }
    assert int(request.headers["content-length"]) == len(users) + multipart_overhead(
        "con_1", "run-1", "00001.json", False
    )
    assert (job.id, job.ended, job.summary) == ("job_1", False, None)


async def test_upsert_is_sent_when_asked_for() -> None:
    stage = Stage(answers(httpx.Response(202, json=JOB)))
    async with stage.open() as tenant:
        await tenant.import_users(b"[]", filename="1", connection_id="con_1", external_id="x", upsert=True)
    assert parts(stage.requests[0].headers["content-type"], stage.requests[0].content)["upsert"][2] == b"true"


async def test_a_file_over_the_limit_is_told_as_such() -> None:
    answer = refused(413, "Payload content length greater than maximum allowed: 512000.")
    async with Stage(answers(answer)).open() as tenant:
        with pytest.raises(TooLarge, match="512000"):
            await tenant.import_users(b"[]", filename="1", connection_id="con_1", external_id="x")


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("pending", False),
        ("processing", False),
        ("completed", True),
        ("failed", True),
        ("expired", True),
        ("something of tomorrow", False),
    ],
)
def test_a_status_that_is_not_known_means_the_job_still_runs(status: str, ended: bool) -> None:
    assert Job(id="job_1", status=status).ended is ended


async def test_a_real_finished_job_is_understood() -> None:
    body = recorded("job-import-ok")[1]["response"]["body"]
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        job = await tenant.job("job_6nNLiwFZksN0YmRR")
    assert job.ended
    assert job.summary is not None
    assert (job.summary.inserted, job.summary.failed, job.summary.total) == (1, 0, 1)


async def test_nulls_of_older_tenants_are_understood() -> None:
    body = {**JOB, "summary": None, "location": None, "status_details": None, "created_at": None}
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        assert (await tenant.job("job_1")).summary is None


async def test_a_job_that_is_gone_is_not_found() -> None:
    async with Stage(answers(refused(404, "The job does not exist"))).open() as tenant:
        with pytest.raises(NotFound):
            await tenant.job("job_1")


async def test_refused_users_come_with_codes() -> None:
    body = recorded("job-import-errors")[1]["response"]["body"]
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        errors = await tenant.job_errors("job_1")
    assert errors.whole_job is None
    assert [error.code for user in errors.users for error in user.errors] == ["DUPLICATED_USER"]
    assert errors.users[0].user.email == "chuck630@example.com"


async def test_a_reason_for_the_whole_file_is_told_apart() -> None:
    body = {**JOB, "status": "failed", "status_details": "Failed to parse users file"}
    async with Stage(answers(httpx.Response(200, json=body))).open() as tenant:
        errors = await tenant.job_errors("job_1")
    assert (errors.whole_job, errors.users) == ("Failed to parse users file", [])


async def test_no_content_means_no_errors() -> None:
    async with Stage(answers(httpx.Response(204))).open() as tenant:
        errors = await tenant.job_errors("job_1")
    assert (errors.whole_job, errors.users) == (None, [])


async def test_an_export_asks_for_lines_of_json_and_survives_a_cut_cable() -> None:
    body = recorded("job-export")[0]["response"]["body"]
    stage = Stage(answers(httpx.ReadError("cut"), httpx.Response(200, json=body)))
    async with stage.open() as tenant:
        job = await tenant.export_users("con_1", ["email", ("identities[0].connection", "connection")])
    assert job.type == "users_export"
    assert json.loads(stage.requests[1].content) == {
        "connection_id": "con_1",
        "format": "json",
        "fields": [{"name": "email"}, {"name": "identities[0].connection", "export_as": "connection"}],
    }


async def test_an_export_is_fetched_without_the_token_to_a_private_file(tmp_path: Path) -> None:
    content = gzip.compress(b'{"email":"ada@example.com"}\n')
    stage = Stage(answers(httpx.Response(200, content=content, headers={"content-type": "application/gzip"})))
    path = tmp_path / "export.json.gz"
    async with stage.open() as tenant:
        await tenant.scopes()
        assert await tenant.download(EXPORT, path) == len(content)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "authorization" not in stage.requests[0].headers
    assert str(stage.requests[0].url) == EXPORT
    assert [one.name for one in tmp_path.iterdir()] == ["export.json.gz"]


async def test_an_export_is_kept_as_it_was_sent_even_if_its_store_calls_gzip_an_encoding(tmp_path: Path) -> None:
    content = gzip.compress(b"{}\n")
    stage = Stage(answers(httpx.Response(200, content=b"")))
    stage._handler = lambda request: httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(content)
    )
    async with stage.open() as tenant:
        await tenant.download(EXPORT, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == content


@pytest.mark.parametrize(
    "url", ["http://store.example.com/x", "ftp://store.example.com/x", "file:///etc/hostname", "//x", ""]
)
async def test_users_never_travel_unencrypted(url: str, tmp_path: Path) -> None:
    stage = Stage(answers(httpx.Response(200)))
    async with stage.open() as tenant:
        with pytest.raises(DownloadFailed):
            await tenant.download(url, tmp_path / "x")
    assert not stage.requests


async def test_a_redirect_to_plain_http_is_not_followed(tmp_path: Path) -> None:
    stage = Stage(answers(httpx.Response(307, headers={"location": "http://store.example.com/x"})))
    async with stage.open() as tenant:
        with pytest.raises(DownloadFailed, match="could be read"):
            await tenant.download(EXPORT, tmp_path / "x")
    assert len(stage.requests) == 1


@pytest.mark.parametrize(
    "trouble", [httpx.Response(403), httpx.Response(500), httpx.ReadError("cut"), httpx.ConnectError("no")], ids=repr
)
async def test_a_broken_download_leaves_no_file_and_asks_for_a_fresh_address(
    trouble: httpx.Response | Exception, tmp_path: Path
) -> None:
    async with Stage(answers(trouble)).open() as tenant:
        with pytest.raises(DownloadFailed, match="fresh address") as failed:
            await tenant.download(EXPORT, tmp_path / "x")
    assert "signature" not in str(failed.value)
    assert not list(tmp_path.iterdir())


async def test_a_download_cut_in_the_middle_leaves_what_was_there_before(tmp_path: Path) -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"half"
            raise httpx.ReadError("cut")

    path = tmp_path / "x"
    path.write_bytes(b"older")
    stage = Stage(lambda request: httpx.Response(200, stream=Cut()))
    async with stage.open() as tenant:
        with pytest.raises(DownloadFailed):
            await tenant.download(EXPORT, path)
    assert path.read_bytes() == b"older"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


async def test_an_empty_export_is_not_taken_for_no_users(tmp_path: Path) -> None:
    async with Stage(answers(httpx.Response(200))).open() as tenant:
        with pytest.raises(AnswerNotUnderstood):
            await tenant.download(EXPORT, tmp_path / "x")
