"""Import jobs: what is refused at the door, what happens to each user, and how a job ends."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from user_world import API, World, people

from wizard.practice.fault_rules import FailedJob, StuckJob
from wizard.practice.faults import Faults
from wizard.practice.job_times import exponential, fixed, lognormal
from wizard.practice.jobs.work import TIMEOUT_MS


async def test_a_job_goes_from_pending_to_completed_with_a_sum(world: World) -> None:
    started = await world.upload(people(4), external_id="file-1", send_completion_email="false")
    assert started.status_code == 202
    job = started.json()
    assert (job["type"], job["status"], job["external_id"], job["connection"]) == (
        "users_import",
        "pending",
        "file-1",
        "people",
    )
    assert "summary" not in await world.job(job["id"])
    world.clock.at += 0.6
    assert (await world.job(job["id"]))["status"] == "processing"
    world.clock.at += 1
    done = await world.job(job["id"])
    assert done["status"] == "completed"
    assert done["summary"] == {"failed": 0, "updated": 0, "inserted": 4, "total": 4}
    assert await world.errors(job["id"]) is None


async def test_users_appear_one_after_the_other(world: World) -> None:
    await world.upload(people(4))
    seen = []
    for _ in range(6):
        seen.append(len([1 for number in range(4) if await world.by_email(f"user{number}@example.com")]))
        world.clock.at += 0.275
    assert seen == [0, 1, 2, 3, 4, 4]


REFUSALS = [
    ({"files": {"other": ("users.json", b"[]")}}, "Must provide 'users' file as multipart part."),
    ({"files": {"users": (None, b"[]")}}, "Must provide 'users' file as multipart part."),
    ({"files": {"users": ("users.json", b"")}}, "Users file must not be empty."),
    ({"data": {"connection_id": ""}}, "Must provide 'connection_id' as multipart part."),
    (
        {"data": {"connection_id": "people"}},
        "Payload validation error: 'String does not match pattern ^con_[A-Za-z0-9]{16}$' on property connection_id.",
    ),
    ({"data": {"connection_id": "con_0000000000000000"}}, "The connection does not exist."),
    ({"content": b"{}", "files": None, "data": None}, "Payload validation error: 'Invalid multipart payload format'."),
    (
        {
            "headers": {"content-type": "multipart/form-data; boundary=x"},
            "content": b"no form",
            "files": None,
            "data": None,
        },
        "Payload validation error: 'Invalid multipart payload format'.",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
async def test_a_malformed_upload_is_refused_in_auth0s_words(
    world: World, change: dict[str, Any], message: str
) -> None:
    usual: dict[str, Any] = {"files": {"users": ("users.json", b"[]")}, "data": {"connection_id": world.connection_id}}
    answer = await world.client.post(f"{API}/jobs/users-imports", **usual | change)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


async def test_a_malformed_upload_is_told_to_its_sender_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A library's warnings would stand between the narration, also of `--quiet`."""
    answer = await world.client.post(
        f"{API}/jobs/users-imports",
        headers={"content-type": "multipart/form-data; boundary=XX"},
        content=b'--XX\nContent-Disposition: form-data; name="users"; filename="users.json"\n\n[]\n--XX--\n',
    )
    assert answer.json()["message"] == "Payload validation error: 'Invalid multipart payload format'."
    assert caplog.records == []


async def test_a_flag_is_true_or_false(world: World) -> None:
    answer = await world.upload([], upsert="yes")
    assert answer.status_code == 400
    assert "on property upsert" in answer.json()["message"]


async def test_a_connection_that_is_not_enabled_is_refused(world: World) -> None:
    other = await world.connection("hidden", enabled=False)
    answer = await world.upload([], connection_id=other)
    assert (answer.status_code, answer.json()["message"]) == (400, "Connection must be enabled.")


async def test_a_custom_database_needs_import_mode(world: World) -> None:
    closed = await world.connection("closed", enabledDatabaseCustomization=True)
    answer = await world.upload([], connection_id=closed)
    assert answer.json()["message"] == "Custom Database Connections without import mode are not allowed."
    opened = await world.connection("opened", enabledDatabaseCustomization=True, import_mode=True)
    assert (await world.upload([], connection_id=opened)).status_code == 202


async def test_the_whole_body_counts_up_to_512000_bytes(world: World) -> None:
    def request(size: int) -> httpx.Request:
        filler = size - len(form(b"", world.connection_id))
        return world.client.build_request(
            "POST",
            f"{API}/jobs/users-imports",
            content=form(b"[" + b" " * (filler - 2) + b"]", world.connection_id),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )

    assert (await world.client.send(request(512_000))).status_code == 202
    answer = await world.client.send(request(512_001))
    assert answer.status_code == 413
    assert answer.json() == {
        "statusCode": 413,
        "error": "Request Entity Too Large",
        "message": "Payload content length greater than maximum allowed: 512000.",
    }


def form(users: bytes, connection_id: str) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="connection_id"\r\n\r\n' + connection_id.encode() + b"\r\n--b\r\n"
        b'Content-Disposition: form-data; name="users"; filename="u.json"\r\nContent-Type: application/json\r\n\r\n'
        + users
        + b"\r\n--b--\r\n"
    )


async def test_a_long_body_without_content_length_is_refused_too(world: World) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b"x" * 10_000

    answer = await world.client.post(
        f"{API}/jobs/users-imports", content=parts(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413


async def test_a_third_active_job_is_refused_and_a_free_slot_is_not(world: World) -> None:
    for _ in range(2):
        assert (await world.upload(people(1))).status_code == 202
    answer = await world.upload(people(1))
    assert answer.status_code == 429
    assert answer.json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "There are 2 active import users jobs, please wait until some of them are finished and try again",
    }
    world.clock.at += 1
    assert (await world.upload(people(1))).status_code == 202


async def test_import_jobs_need_their_scope(world: World) -> None:
    poor = world.client_with("read:users")
    answer = await poor.post(f"{API}/jobs/users-imports", files={"users": ("u.json", b"[]")})
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "insufficient_scope")
    assert (await poor.get(f"{API}/jobs/job_0000000000000000")).status_code == 404


@pytest.mark.parametrize("text", [b"{", b'{"users":[]}', b'"x"', b'{"email":"a@example.com"}\n{"email":"b@example.com"}',
                                  b"\xff\xfe", b"[NaN]", b"null"])  # fmt: skip
async def test_a_file_that_is_no_array_fails_without_summary_and_without_errors(world: World, text: bytes) -> None:
    job = await world.imported(text)
    assert job["status"] == "failed"
    assert "summary" not in job
    assert await world.errors(job["id"]) is None


async def test_an_empty_array_completes_with_nothing(world: World) -> None:
    job = await world.imported([])
    assert job["summary"] == {"failed": 0, "updated": 0, "inserted": 0, "total": 0}


async def test_a_failed_job_says_why_and_half_of_its_users_are_in(new_world: Callable[..., World]) -> None:
    world = new_world(faults=Faults([FailedJob(action="failed_job", message="Boom.")]))
    await world.connection()
    job = await world.imported(people(10))
    assert job["status"] == "failed"
    assert job["status_details"] == "Boom."
    assert "summary" not in job
    found = await world.errors(job["id"])
    assert found["status_details"] == "Boom."
    assert {"id", "type", "status", "connection_id", "created_at"} <= found.keys()
    there = [number for number in range(10) if await world.by_email(f"user{number}@example.com")]
    assert there == [0, 1, 2, 3, 4]


async def test_a_stuck_job_fails_after_two_hours(new_world: Callable[..., World]) -> None:
    world = new_world(faults=Faults([StuckJob(action="stuck_job")]))
    await world.connection()
    started = (await world.upload(people(3))).json()
    world.clock.at += TIMEOUT_MS / 1000 - 1
    assert (await world.job(started["id"]))["status"] == "processing"
    world.clock.at += 1
    assert (await world.job(started["id"]))["status"] == "failed"


async def test_a_slow_job_that_exceeds_two_hours_is_cut_off(new_world: Callable[..., World]) -> None:
    world = new_world(job_time=fixed(0, 3600))
    await world.connection()
    started = (await world.upload(people(4))).json()
    world.clock.at += 5 * 3600
    assert (await world.job(started["id"]))["status"] == "failed"
    there = [number for number in range(4) if await world.by_email(f"user{number}@example.com")]
    assert there == [0, 1]


async def test_jobs_are_forgotten_after_a_day(world: World) -> None:
    job = await world.imported([{"email": "bad"}])
    world.clock.at += 86_400
    for path in (f"{API}/jobs/{job['id']}", f"{API}/jobs/{job['id']}/errors"):
        answer = await world.client.get(path)
        assert (answer.status_code, answer.json()["message"]) == (404, "The job does not exist")


async def test_an_old_job_may_answer_expired_instead(new_world: Callable[..., World]) -> None:
    world = new_world(expired_state=True, processing_state=False, job_progress=True)
    await world.connection()
    started = (await world.upload(people(10))).json()
    world.clock.at += 1.3
    running = await world.job(started["id"])
    assert running["status"] == "pending"
    assert running["percentage_done"] == 50
    assert running["time_left_seconds"] == 1
    world.clock.at += 86_400
    assert (await world.job(started["id"]))["status"] == "expired"


async def test_a_job_id_has_a_pattern(world: World) -> None:
    answer = await world.client.get(f"{API}/jobs/job_1")
    assert answer.status_code == 400


async def test_users_of_a_deleted_connection_fail(world: World) -> None:
    started = (await world.upload(people(2))).json()
    await world.client.delete(f"{API}/connections/{world.connection_id}")
    world.clock.at += 60
    job = await world.job(started["id"])
    assert job["summary"]["failed"] == 2
    assert (await world.errors(job["id"]))[0]["errors"][0]["code"] == "CONNECTION_NOT_FOUND"


async def test_two_jobs_share_time_whoever_asks_and_however_often(new_world: Callable[..., World]) -> None:
    async def ends(pause: float) -> list[tuple[str, str]]:
        world = new_world(job_time=lambda kind, count: 3.0 if count == 6 else 2.0)
        await world.connection()
        await world.upload(people(6))
        world.clock.at += 0.3
        await world.upload([{**user, "name": "second"} for user in people(4, start=2)])
        end = world.clock.at + 10
        while world.clock.at < end:
            world.clock.at += pause
            await world.client.get(f"{API}/users-by-email", params={"email": "nobody@example.com"})
        found = [await world.by_email(f"user{number}@example.com") for number in range(6)]
        return [(user["name"], user["created_at"]) for [user] in found]

    assert await ends(0.1) == await ends(20.0)


async def test_a_tenant_opened_again_goes_on_with_its_jobs(tmp_path: Any, new_world: Callable[..., World]) -> None:
    first = new_world(state=tmp_path / "tenant.db")
    connection_id = await first.connection()
    started = (await first.upload([*people(6), people(1)[0]])).json()
    first.clock.at += 1
    await first.job(started["id"])
    first.tenant.close()
    again = new_world(state=tmp_path / "tenant.db")
    again.connection_id = connection_id
    again.clock.at = first.clock.at + 60
    assert (await again.job(started["id"]))["summary"] == {"failed": 1, "updated": 0, "inserted": 6, "total": 7}
    again.tenant.close()


def test_job_times_have_the_mean_they_were_asked_for() -> None:
    for spread in (lognormal(20, 0.5, seed=3), exponential(20, seed=3)):
        drawn = [spread("users_import", 1000) for _ in range(4000)]
        assert 19 < sum(drawn) / len(drawn) < 21
        assert min(drawn) > 0
    assert fixed(1, 0.5)("users_import", 10) == 6
    assert lognormal(20, 0.5, seed=3)("x", 1) == lognormal(20, 0.5, seed=3)("x", 1)


async def test_client_libraries_may_write_true_in_their_own_way(world: World) -> None:
    await world.imported([{"email": "a@example.com"}])
    job = await world.imported([{"email": "a@example.com", "name": "New"}], upsert="True")
    assert job["summary"]["updated"] == 1


async def test_the_log_tells_which_jobs_ended_well(world: World) -> None:
    await world.imported(people(1))
    await world.imported(b"{")
    rows = world.tenant.db.execute("select type from logs where type in ('sui', 'fui') order by rowid").fetchall()
    assert [row["type"] for row in rows] == ["sui", "fui"]
