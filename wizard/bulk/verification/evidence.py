"""Evidence after an upload: an export compared user by user, some users looked up, a count, a login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wizard.aside import aside
from wizard.auth0.dates import moment
from wizard.counts import counted
from wizard.errors import Interrupted, WizardError
from wizard.events import CheckFailed, CheckPassed, CheckWithdrawn, UsersMovedSince, UsersReconciled
from wizard.progress import IN_ALL_THE_SAME, Progress
from wizard.runs import RunFolder
from wizard.step import Finding

if TYPE_CHECKING:
    from wizard.auth0.models import Connection, Job
    from wizard.bulk.verification.reconcile import Reconciliation
    from wizard.bulk.verification.residents import Residents
    from wizard.steps.verify import VerifyAnswers
    from wizard.tools import Tools

EXPORTED = "exported"
"""Journal fact: UNIX times, by Auth0's clock, of exports that were made while no import job of the run was running."""

EXPORT_FIELDS = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "blocked",
    "user_metadata",
    "app_metadata",
    "logins_count",
)
"""What an export has to bring for the comparison, and to tell who has logged in; hashes are never in one."""

CANARY = "canary "
"""What the names of the checks begin with that log in as a canary; its number follows."""

CANARY_REMEDY = (
    "See first that the account is one of this store, and its password, then how its hash was made. Another account is named "
    "under canaries in [verify], and that file applied again, or on the page Verify."
)

EXPORT_PATIENCE = 2 * 3600.0
"""Seconds after which an export job that does not end is given up; Auth0 stops its jobs after two hours itself."""

INDEX_PATIENCE = 60.0
"""Seconds that Auth0's search index is given to show what was imported; it lags behind by some seconds."""

HEARTBEAT = 0.5
"""Seconds after which a wait looks whether the run is to stop."""


async def compare_with_export(connection: Connection, tools: Tools) -> Sequence[Finding]:
    """Export the connection and compare every prepared user with it; details go to `verify.ndjson`.

    While users move at login, it also looks for those whom the import has brought back.

    Raises:
        WizardError: the export failed, or the prepared files are gone.
    """
    from wizard.bulk.verification.linked import linked_since, without_linked
    from wizard.bulk.verification.marked import marked_by_now
    from wizard.bulk.verification.moved import left_without_password, of_elsewhere
    from wizard.bulk.verification.returned import returned_users

    returned: list[str] | None = None
    elsewhere: list[str] | None = None
    async with marked_by_now(tools) as marked:

        async def look_closer(export: Path, unmoved: Residents | None) -> None:
            nonlocal returned, elsewhere
            returned = None if marked is None else await returned_users(export, marked, connection, tools)
            elsewhere = None if unmoved is None else await left_without_password(unmoved, tools)

        details = tools.folder / "verify.ndjson"
        result = await _compared(connection, tools, details, look_closer, marked)
        if result is None:
            return [Finding("export", False, "the prepared files are gone", "Verify before purging a run's files.")]
        result, linked = await without_linked(result, details, connection, tools)
        if Progress.of(tools.journal.events()).strategy != "bulk":
            result, others = await linked_since(result, details, marked, connection, tools)
            linked += others
    tools.emit(
        UsersReconciled(
            result.compared,
            result.missing,
            result.different,
            result.extra,
            taken=result.taken,
            unfound=result.unfound,
            linked=linked,
        )
    )
    known = Progress.of(tools.journal.events())
    moved = (result.moved_rejected, result.moved_skipped)
    if (moved, result.moved_codes) != (known.moved_since, known.moved_codes):
        tools.emit(UsersMovedSince(*moved, result.moved_codes))
    removed = known.removed
    good = result.missing <= removed and not result.different
    detail = f"{counted(result.compared, 'user')} compared: {result.missing:,} missing, {result.different:,} different"
    if result.fields:
        detail += " (" + ", ".join(f"{name} {users:,}" for name, users in sorted(result.fields.items())) + ")"
    detail += f"; {_linked(linked)}" if linked else ""
    detail += f"; {result.taken:,} not imported (see ids)" if result.taken else ""
    detail += f"; undo has deleted {removed:,}" if removed else ""
    remedy = "verify.ndjson names each of them and the fields that differ."
    if result.unfound:
        remedy += (
            f" Auth0 refused {result.unfound:,} of the missing as already there: another user of the tenant may have "
            "the username or phone number of one of them; find and change that user, then import the missing one anew."
        )
    compared = Finding("export", good, detail, "" if good else remedy)
    found = (*_of_taken(result.taken, connection, tools), *_of_returned(returned, tools))
    return [compared, *found, *of_elsewhere(elsewhere, tools)]


def _of_taken(users: int, connection: Connection, tools: Tools, *, sampled: bool = False) -> Iterator[Finding]:
    """Tell of users who were not imported as somebody else has their id.

    Args:
        sampled: Whether that was found of some users who were looked up, so that there may be more.
    """
    run = RunFolder(tools.folder)
    if users:
        theirs = "its id is that of a user" if users == 1 else "their ids are those of users"
        addresses = "with another e-mail address" if users == 1 else "with other e-mail addresses"
        which = "sampled user" if sampled else "user"
        named = "; there may be more" if sampled else " (id_taken in verify.ndjson)"
        detail = (
            f"{counted(users, f'{which} was', f'{which}s were')} not imported: in {connection.name} {theirs} {addresses}"
            f"{named}"
        )
        remedy = (
            "Where that is somebody else, as of another store migrated before, these ids need a prefix: take back what this "
            f"run has imported (`{run.command('undo', run.id, '--users')}`), set user_id_prefix in [profile] (the page "
            'Profile), such as "shop|", and run anew. Where it is the same person with a new address, nobody is missing.'
        )
        yield Finding("ids", False, detail, remedy)
    elif "ids" in Progress.of(tools.journal.events()).failed_checks:
        yield Finding("ids", True, "no id is that of somebody else")


def _linked(users: int) -> str:
    return f"{users:,} linked to {'another account' if users == 1 else 'other accounts'}"


def _of_returned(returned: Sequence[str] | None, tools: Tools) -> Iterator[Finding]:
    """Name the users whom the import has brought back, in `verify.ndjson` too."""
    if returned:
        with (tools.folder / "verify.ndjson").open("ab") as out:
            for user_id in returned:
                out.write(orjson.dumps({"user_id": user_id, "status": "returned", "fields": []}) + b"\n")
        detail = f"{counted(len(returned), 'user')} may have moved at login and been deleted"
        remedy = (
            "The import has made those that verify.ndjson names as returned, though the legacy API had marked them. Delete "
            "whoever closed the account, no one whose login only broke off; then resume the run."
        )
        yield Finding("returned", False, detail, remedy)
    elif returned is not None and "returned" in Progress.of(tools.journal.events()).failed_checks:
        yield Finding("returned", True, "nobody is back whose account was deleted")


async def foresee_overwrites(connection: Connection, tools: Tools) -> Mapping[str, int]:
    """Which users an upload with upsert would change: `users`, a count for each field that differs, and all it would meet: `there`.

    Raises:
        WizardError: the export failed, or the prepared files are gone.
    """
    with private_file(tools.folder / "overwrites.ndjson") as details:
        result = await _compared(connection, tools, details)
    if result is None:
        raise WizardError("The prepared files are gone", state="No file was sent.", remedy="Start a new run.")
    there = result.present + result.different + result.taken
    return {"users": result.different, "there": there, **result.fields}


async def _compared(
    connection: Connection,
    tools: Tools,
    out: Path,
    also: Callable[[Path, Residents | None], Awaitable[None]] | None = None,
    marked: Residents | None = None,
) -> Reconciliation | None:
    """The prepared users against an export of the connection; None when the files are gone.

    Args:
        also: Gets the export too, and who of it has not moved.
        marked: Who has been marked as moved; None where that is not told.
    """
    from wizard.bulk.manifest import MIGRATED, REJECTS, USERS, require_manifest
    from wizard.bulk.repair.made import duplicates
    from wizard.bulk.verification.moved import FIELDS, since_of, unmoved_in, with_there_before
    from wizard.bulk.verification.reconcile import reconcile_async

    manifest = require_manifest(tools.folder)
    files = [tools.folder / USERS / entry.name for entry in manifest.files]
    lists = [tools.folder / name for name in (MIGRATED, REJECTS)]
    live = Progress.of(tools.journal.events()).strategy != "bulk"
    known = [path for path in lists if live and path.is_file() and path.stat().st_size]
    if not all(file.is_file() for file in files) or (manifest.totals.get("migrated") and lists[0] not in known):
        return None
    with (
        private_file(tools.folder / "export.ndjson.gz") as export,
        private_file(tools.folder / "refused.ndjson") as refused,
        private_file(tools.folder / "duplicates.ndjson") as there,
        private_file(tools.folder / "left-out.ndjson") as left_out,
    ):
        fields = (*EXPORT_FIELDS, *(FIELDS if since_of(tools.journal) else ()))
        exported = await export_users(connection, export, tools, fields)
        if exported is not None:
            tools.journal.remember(EXPORTED, [*(tools.journal.recall(EXPORTED) or ()), exported])
        _write_refused(refused, tools)
        with there.open("wb") as lines:
            lines.writelines(
                orjson.dumps({"user_id": user_id}) + b"\n"
                for user_id in duplicates(tools.journal, manifest.files, tools.folder)
            )
        async with unmoved_in(export, connection, marked, tools) as unmoved:
            if unmoved is not None and lists[1] in known:
                await aside(partial(with_there_before, lists[1], unmoved, left_out))
                known = [left_out if path == lists[1] else path for path in known]
            result = await reconcile_async(
                files,
                export,
                out,
                connection=connection.name,
                refused=refused,
                known=known,
                duplicates=there,
                ids_may_be_taken=not live,
                emit=tools.emit,
                stop=tools.stop,
            )
            if also is not None:
                await also(export, unmoved)
        return result


async def look_up_sample(connection: Connection, count: int, tools: Tools, *, alone: bool = False) -> Sequence[Finding]:
    """Look up prepared users, spread evenly over the files, by e-mail; this answer is immediately consistent.

    Args:
        alone: Whether no export is compared, so that the sample tells whose id is another person's, too.

    No sample is enough where users count as already there and were not compared: Auth0 says so too of a user whose
    username or phone number another user has. Source: Auth0 docs, "Bulk User Imports".
    """
    from wizard.bulk.verification.linked import linked_apart

    refusals = tools.journal.refusals()
    refused = {refusal.user_id for refusal in refusals if refusal.code not in IN_ALL_THE_SAME}
    looked, absent, nobody = 0, list[dict[str, Any]](), list[dict[str, Any]]()
    for user in _spread(tools.folder, count):
        if user["user_id"] in refused:
            continue
        looked += 1
        there = await tools.tenant.users_by_email(user["email"])
        if not any(one.user_id == f"auth0|{user['user_id']}" and one.is_in(connection.name) for one in there):
            absent.append(user)
            nobody += [] if any(one.is_in(connection.name) for one in there) else [user]
    found = looked - len(absent)
    if absent and not alone:  # the check of the export tells of these, and whoever decides about it
        renamed = await aside(partial(_with_another_address, tools.folder / "verify.ndjson"))
        absent = [user for user in absent if user["user_id"] not in renamed]
    elsewhere = looked - found - len(absent)
    those_linked, taken = await linked_apart(connection, absent, tools)
    linked = len(those_linked)
    if alone:
        taken |= await _held_by_others(connection, nobody, tools)
    detail = f"{found} of {counted(looked, 'sampled user')} found by e-mail"
    detail += f", {elsewhere:,} by id with another e-mail address by now" if elsewhere else ""
    detail += f", {_linked(linked)}" if linked else ""
    progress = Progress.of(tools.journal.events())
    ids = list(_of_taken(len(taken), connection, tools, sampled=True)) if alone and progress.compared is None else []
    if progress.unproven:
        detail += f"; {counted(progress.already_there, 'user is', 'users are')} there already by Auth0's word alone"
        remedy = 'Set verify.depth = "full": another user may have the username or phone number of one of them.'
        return [Finding("sample", False, detail, remedy), *ids]
    good = len(absent) == linked
    return [Finding("sample", good, detail, "" if good else "Look at verify.ndjson for who is missing."), *ids]


def _with_another_address(details: Path) -> frozenset[str]:
    """The ids of those whom the comparison of an export has found with another e-mail address."""
    if not details.is_file():
        return frozenset()
    with details.open("rb") as lines:
        found = map(orjson.loads, lines)
        return frozenset(one["user_id"] for one in found if one["status"] == "different" and "email" in one["fields"])


async def _held_by_others(connection: Connection, users: Sequence[dict[str, Any]], tools: Tools) -> frozenset[str]:
    """The ids of those that Auth0 refused as duplicates and that are another person's in the connection.

    Args:
        users: Whose e-mail addresses nobody in the connection has.
    """
    from wizard.bulk.repair.half_made import holder_of
    from wizard.bulk.verification.linked import doubtful_among

    doubtful, taken = doubtful_among((user["user_id"] for user in users), tools), set[str]()
    for user in users:
        if user["user_id"] in doubtful:
            holder = await holder_of(user, tools)
            if holder is not None and holder.has(connection.name, user["user_id"]):
                taken.add(user["user_id"])
    return frozenset(taken)


async def count_by_search(connection: Connection, tools: Tools) -> Finding:
    """Ask the search how many users the connection has; one request a try, as only totals are read.

    Search shows at most 1,000 users but counts them all.
    """
    progress = Progress.of(tools.journal.events())
    # Those who are linked to one another count as one.
    expected = progress.imported + progress.migrated + progress.already_there - progress.linked
    query = f'identities.connection:"{connection.name}"'
    waited, pause, total = 0.0, 1.0, await tools.tenant.count_users(query)
    while total < expected and waited < INDEX_PATIENCE:
        await wait(pause, tools)
        waited, pause = waited + pause, min(pause * 1.5, 10.0)
        total = await tools.tenant.count_users(query)
    good = total >= expected
    detail = f"search counts {counted(total, 'user')} in the connection; expected: at least {expected:,}"
    remedy = (
        "Auth0's search index may lag; verify again in a few minutes. Users who are linked to one another count as one."
    )
    return Finding("search", good, detail, "" if good else remedy)


async def log_in(connection: Connection, wanted: VerifyAnswers, tools: Tools) -> Sequence[Finding]:
    """Log in as each canary once; the accounts are named by number only.

    That it was the wizard who has logged in is noted: see `own_logins`. What was found of one that is not listed any more is withdrawn.
    """
    from wizard.bulk.repair.own_logins import canary_of, note_login

    findings = []
    named = wanted.login_client_secret
    secret = await aside(partial(tools.secret, named)) if named else None
    for number, canary in enumerate(wanted.canaries, 1):
        password = await aside(partial(tools.secret, canary.password))
        before = await canary_of(connection, canary.login, tools)
        result = await tools.tenant.login(connection.name, canary.login, password, wanted.login_client_id or "", secret)
        if result.accepted:
            note_login(before, await canary_of(connection, canary.login, tools), tools.journal)
        name = canary_name(number)
        detail = f"{name}: " + ("logged in" if result.accepted else f"{result.outcome} ({result.why})")
        findings.append(Finding(name, result.accepted, detail, "" if result.accepted else CANARY_REMEDY))
    listed = {finding.name for finding in findings}
    for name in _canaries_before(tools) - listed:
        tools.emit(CheckWithdrawn(name))
    return findings


def _canaries_before(tools: Tools) -> set[str]:
    """The names of the logins of which something was found that still stands."""
    standing = set[str]()
    for event in tools.journal.events():
        if isinstance(event, CheckPassed | CheckFailed) and is_canary(event.name):
            standing.add(event.name)
        elif isinstance(event, CheckWithdrawn):
            standing.discard(event.name)
    return standing


def canary_name(number: int) -> str:
    """What the check of the canary with this number is called."""
    return f"{CANARY}{number}"


def is_canary(name: str) -> bool:
    """Whether the check of this name is the login of a canary."""
    return name.startswith(CANARY)


@contextmanager
def private_file(path: Path) -> Iterator[Path]:
    """A file for users' data that is gone afterwards, however that comes.

    Raises:
        WizardError: the disk does not take what is written there.
    """
    try:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        yield path
    except OSError as error:
        raise WizardError(
            f"The users to compare cannot be kept in {path.parent} for a while",
            why=error.strerror or type(error).__name__,
            state="What was done so far is kept.",
            remedy="Make room on that disk, and see that this account may write there; then give the same command again.",
        ) from None
    finally:
        path.unlink(missing_ok=True)


async def export_users(
    connection: Connection, path: Path, tools: Tools, fields: Sequence[str] = EXPORT_FIELDS
) -> float | None:
    """Run an export job and download its file; a link that ran out is asked for anew. Returns when the job was made.

    That is UNIX time by Auth0's clock; None where Auth0 does not say.
    """
    job = await tools.tenant.export_users(connection.id, fields)
    made = moment(job.created_at)
    job = await _ended(job, tools)
    for attempt in range(3):
        if job.status != "completed" or not job.location:
            break
        try:
            await tools.tenant.download(job.location, path)
            return made
        except WizardError:
            if attempt == 2:
                raise
            job = await tools.tenant.job(job.id)
    run = RunFolder(tools.folder)
    raise WizardError(
        "The export of the connection failed",
        why=f"job {job.id} is {job.status}",
        state="Everything that was uploaded is kept.",
        remedy=f"Verify again: `{run.command('verify', run.id)}`.",
    )


async def _ended(job: Job, tools: Tools) -> Job:
    """The job once it has ended, polled calmly: no user waits for it."""
    waited, pause = 0.0, 1.0
    while not job.ended and waited < EXPORT_PATIENCE:
        await wait(pause, tools)
        waited, pause = waited + pause, min(pause * 1.5, 15.0)
        job = await tools.tenant.job(job.id)
    return job


async def wait(seconds: float, tools: Tools) -> None:
    """Wait, but not longer than the operator wants to go on."""
    while seconds > 0 and not tools.stop():
        await tools.clock.sleep(min(seconds, HEARTBEAT))
        seconds -= HEARTBEAT
    if tools.stop():
        raise Interrupted(
            "Stopped while evidence was gathered",
            state="Everything that was uploaded is kept.",
            remedy="Resume the run.",
        )


def _write_refused(path: Path, tools: Tools) -> None:
    """The users Auth0 refused: they are expected to be absent."""
    with path.open("wb") as file:
        for refusal in tools.journal.refusals():
            if refusal.code in IN_ALL_THE_SAME:
                continue
            file.write(orjson.dumps({"user_id": refusal.user_id, "code": refusal.code}) + b"\n")


def _spread(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Up to `count` prepared users at even distances; each file is read at most once."""
    from wizard.bulk.manifest import read_file, require_manifest

    entries = require_manifest(folder).files
    total = sum(entry.users for entry in entries)
    wanted = [total * number // count for number in range(min(count, total))] if count else []
    if count > total:
        wanted = list(range(total))
    before = 0
    for entry in entries:
        here = [place - before for place in wanted if before <= place < before + entry.users]
        if here:
            users = orjson.loads(read_file(folder, entry))
            yield from (users[place] for place in here)
        before += entry.users
