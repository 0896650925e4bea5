"""`auth0-migrate demo`: the whole main job, headless, on a practice tenant and a practice legacy store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from wizard.commands.output import Output, common_options
from wizard.commands.running import carry_out_and_report, plan_text, runs_option
from wizard.errors import UsageError

if TYPE_CHECKING:
    from wizard.answers import Answers
    from wizard.practice.legacy_store import Account, Planted
    from wizard.practice.samples import Samples
    from wizard.practice.tenant import PracticeTenant
    from wizard.runner import Plan
    from wizard.runs import RunFolder
    from wizard.tools import Stop

SPEED = 100.0
"""How much faster than the machine's the clock of the rehearsal runs: a job of a minute takes less than a second."""

FILE_BYTES = 60_000
"""Small files, so that a small store still shows how jobs follow one another."""

CANARIES = 3

LEFT_PASSWORDS = ("password_unsupported", "password_missing", "password_disabled")
"""Why users whose hash is of another scheme are left behind."""


@click.command(short_help="Run the whole main job on a practice tenant; no account needed.")
@click.option(
    "--users", type=click.IntRange(20, 1_000_000), default=2_000, show_default=True, help="Users of the legacy store."
)
@click.option(
    "--strategy",
    type=click.Choice(["bulk", "automatic", "two-phase"]),
    default="bulk",
    show_default=True,
    help="How users move.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed invents the same people.")
@click.option(
    "--undecided", is_flag=True, help="Include the dirty rows without a decision about them; ends with status 3."
)
@runs_option
@common_options
def command(users: int, strategy: str, seed: int, undecided: bool, runs_folder: Path | None, output: Output) -> int:
    """Rehearse a whole migration: an invented legacy store with real password hashes and a few dirty rows of every
    kind, a practice tenant with Auth0's limits, and the run that moves one into the other and proves it.
    """
    if strategy != "bulk":
        raise UsageError(
            f"The strategy “{strategy}” is not in this version",
            state="Nothing was done.",
            remedy="Leave --strategy out; automatic and two-phase migration come with a later version.",
        )
    from wizard.clock import FastClock
    from wizard.engine import Origin, World, run_of
    from wizard.practice.legacy_store import write_csv
    from wizard.practice.samples import add_samples
    from wizard.practice.tenant import PracticeTenant
    from wizard.runs import Runs, rehearsals

    with TemporaryDirectory(prefix="auth0-migrate-demo-") as scratch:
        folder = Path(scratch)
        output.say(f"Inventing a legacy store of {users:,} users")
        planted = write_csv(folder / "users.csv", users=users, seed=seed)
        clock = FastClock(SPEED)
        tenant = PracticeTenant(clock=clock, seed=seed)
        try:
            samples = add_samples(tenant)
            canaries = planted.accounts[:CANARIES]
            environment = {
                "PRACTICE_CLIENT_SECRET": tenant.client_secret,
                "PRACTICE_LOGIN_SECRET": samples.login_client_secret,
                **{f"CANARY_{number}": account.password for number, account in enumerate(canaries, 1)},
            }
            answers = answers_of(tenant, samples, canaries, planted, undecided=undecided)
            world = World(environment=environment, clock=clock, transport=tenant.transport())

            async def open_run(_: Stop) -> RunFolder:
                return await run_of(
                    answers, Origin(scratch), world=world, runs=Runs(runs_folder or rehearsals()), fresh=True
                )

            def approve(plan: Plan) -> bool:
                output.say(plan_text(plan))
                return True

            return carry_out_and_report(
                open_run,
                answers,
                base=folder,
                world=world,
                approve=approve,
                output=output,
                again=lambda _: "run the demo again; its practice tenant lived in this process",
            )
        finally:
            tenant.close()


def answers_of(
    tenant: PracticeTenant, samples: Samples, canaries: Sequence[Account], planted: Planted, *, undecided: bool
) -> Answers:
    """Complete answers for the practice store and tenant, as an operator would have given them."""
    from wizard.answers import from_tables
    from wizard.practice.legacy_store import ANSWERS
    from wizard.practice.samples import APPLICATIONS, CANARY
    from wizard.steps import SECTIONS

    left_behind = sorted({*planted.dirty, *(LEFT_PASSWORDS if planted.hashes else [])})
    tables: Mapping[str, Any] = {
        **ANSWERS,
        "tenant": {
            "domain": tenant.domain,
            "client_id": tenant.client_id,
            "client_secret": "env:PRACTICE_CLIENT_SECRET",
            "environment": "practice",
            "plan": tenant.plan,
        },
        "source": {"path": "users.csv"},
        "strategy": {"way": "bulk"},
        "connection": {"name": "legacy-users", "requires_username": True},
        "applications": {"enable": [APPLICATIONS[0][0], CANARY]},
        "prepare": {"skip": [] if undecided else left_behind, "max_file_bytes": FILE_BYTES},
        "verify": {
            "canaries": [
                {"login": account.email, "password": f"env:CANARY_{number}"}
                for number, account in enumerate(canaries, 1)
            ],
            "login_client_id": samples.login_client_id,
            "login_client_secret": "env:PRACTICE_LOGIN_SECRET",
        },
    }
    return from_tables(tables, SECTIONS)
