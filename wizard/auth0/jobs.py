"""Calls about import and export jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wizard.auth0.call import Answer, Call, json_body
from wizard.auth0.download import save
from wizard.auth0.errors import AnswerNotUnderstood
from wizard.auth0.models import Job, JobErrors, RefusedUser, read
from wizard.auth0.multipart import import_body
from wizard.auth0.refusals import is_busy_import
from wizard.auth0.session import Session
from wizard.events import Json


def _slots_busy(answer: Answer) -> bool:
    return is_busy_import(answer.status, answer.body)


class JobCalls(Session):
    """The part of `Management` about jobs."""

    async def import_users(
        self, body: bytes, *, filename: str, connection_id: str, external_id: str, upsert: bool = False
    ) -> Job:
        """Submit one file of users. No completion mail is sent.

        Args:
            body: A JSON array of users; with `multipart_overhead` it must stay within 512 000 bytes.
            filename: Shown in Auth0's logs.
            connection_id: A database connection that at least one application may use.
            external_id: Our name for the job.
            upsert: Whether users already there are updated.

        Raises:
            ImportSlotsBusy: two import jobs are active in the tenant, ours or others'.
            AnswerLost: it is in doubt whether Auth0 has the file.
            TooLarge: the file is over the limit.
        """
        content = import_body(
            body, filename=filename, connection_id=connection_id, external_id=external_id, upsert=upsert
        )
        call = Call(
            "POST",
            "/api/v2/jobs/users-imports",
            f"import the users of {filename}",
            content=lambda: content,
            as_it_is=_slots_busy,
        )
        return read(Job, await self._ask(call), "an import job")

    async def export_users(
        self, connection_id: str, fields: Sequence[str | tuple[str, str]], *, limit: int | None = None
    ) -> Job:
        """Start an export of a connection's users as gzipped lines of JSON.

        Args:
            connection_id: Whose users.
            fields: Names such as `email` or `identities[0].connection`, or pairs of name and name in the export.
            limit: Most users to export; all when not given.
        """
        wanted: list[Json] = [
            {"name": one} if isinstance(one, str) else {"name": one[0], "export_as": one[1]} for one in fields
        ]
        body: dict[str, Json] = {"connection_id": connection_id, "format": "json", "fields": wanted}
        body.update({"limit": limit} if limit is not None else {})
        call = Call(
            "POST",
            "/api/v2/jobs/users-exports",
            f"export the users of connection {connection_id}",
            content=json_body(body),
            repeatable=True,  # a second export costs time and changes nothing
        )
        return read(Job, await self._ask(call), "an export job")

    async def job(self, job_id: str) -> Job:
        """The state of a job.

        Raises:
            NotFound: there is none with this id, or it ended more than 24 hours ago.
        """
        call = Call("GET", "/api/v2/jobs/{id}", f"tell the state of job {job_id}", ids={"id": job_id})
        return read(Job, await self._ask(call), "a job")

    async def job_errors(self, job_id: str) -> JobErrors:
        """Why users of a file, or the whole file, were refused; Auth0 forgets it after 24 hours.

        Raises:
            NotFound: there is no such job (any more).
        """
        call = Call("GET", "/api/v2/jobs/{id}/errors", f"tell the errors of job {job_id}", ids={"id": job_id})
        body = await self._ask(call)
        if body is None:
            return JobErrors()
        if isinstance(body, list):
            return JobErrors(users=[read(RefusedUser, one, "the errors of a job") for one in body])
        job = read(Job, body, "the errors of a job")
        return JobErrors(whole_job=job.status_details or f"the job's status is {job.status}, without details")

    async def download(self, url: str, path: Path) -> int:
        """Fetch an export to a private file and return its size in bytes; the token is not sent.

        Args:
            url: `location` of the completed job, valid for a minute.
            path: The file to write, mode 0600; it appears only when it is whole, as it was sent (gzip).

        Raises:
            DownloadFailed: ask the job for a fresh `location` and try again.
        """
        started, status = self._http.now(), 0
        try:
            size = await save(self._http.client, url, path)
            status = 200
        finally:
            self._http.count("GET", "(export file)", status, started)
        if size == 0:
            raise AnswerNotUnderstood("An export is empty, not even compressed", remedy="Run the verification again.")
        return size
