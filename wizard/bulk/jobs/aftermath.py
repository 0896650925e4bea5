"""What a run has left running in Auth0 when it is undone: its import jobs are followed to their end, and none is sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wizard.bulk.jobs.desk import Desk
from wizard.bulk.jobs.import_job import ImportJob
from wizard.bulk.jobs.ledger import Standing, ledger, never_told
from wizard.bulk.jobs.schedule import Pace
from wizard.bulk.repair.made import Imports, imports_of, require_kept
from wizard.errors import Interrupted

if TYPE_CHECKING:
    from wizard.auth0.models import Connection
    from wizard.bulk.manifest import PreparedFile
    from wizard.journal import Journal
    from wizard.tools import Tools


def running(journal: Journal, files: Sequence[PreparedFile]) -> list[tuple[Imports, Standing]]:
    """The parts whose jobs Auth0 had taken and whose end nobody has seen."""
    return [
        (imports, standing)
        for imports in imports_of(journal, files)
        for standing in ledger(imports.files, journal, imports.subject).to_do
        if standing.job
    ]


async def follow(journal: Journal, files: Sequence[PreparedFile], connection: Connection, tools: Tools) -> None:
    """Wait for the jobs that run, and take down the fate of every user of them.

    Raises:
        Interrupted: the operator stopped it.
        UsageError: the files of users were purged.
        WizardError: the tenant does not tell.
    """
    for imports, standing in running(journal, files):
        require_kept(tools.folder / imports.folder / standing.part.file.name)
        desk = Desk(
            tools.tenant,
            journal,
            tools.folder / imports.folder,
            connection.id,
            connection.name,
            tools.folder.name,
            bool(standing.open and standing.open.facts["upsert"]),
            1,
            tools.clock,
            tools.emit,
            tools.stop,
            lambda: tools.tenant.limiter.budget("other"),
            Pace(slots=1),
            imports.subject,
        )
        await ImportJob(desk, standing, lambda: None).carry()
        if tools.stop():
            raise Interrupted("Stopped as asked", state="Nothing was put back.", remedy="Undo again to go on.")


def untold(journal: Journal, files: Sequence[PreparedFile]) -> int:
    """How many users at most Auth0 may have taken without ever telling."""
    return sum(standing.part.users for standing in _untold(journal, files))


def _untold(journal: Journal, files: Sequence[PreparedFile]) -> Iterator[Standing]:
    for imports in imports_of(journal, files):
        names = never_told(journal, imports.subject)
        for standing in ledger(imports.files, journal, imports.subject).to_do:
            if standing.open or names.intersection(standing.part.names):
                yield standing
