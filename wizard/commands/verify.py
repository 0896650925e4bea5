"""`auth0-migrate verify RUN`: gather the evidence of a finished run anew."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.commands.help import Command
from wizard.commands.narration import Narrator
from wizard.commands.output import Output, common_options
from wizard.commands.running import answer_with, run_argument, run_until_stopped, runs_option, world


@click.command(cls=Command, short_help="Gather the evidence of a finished run anew.")
@run_argument
@runs_option
@common_options
def command(run_name: str, runs_folder: Path | None, output: Output) -> int:
    """Compare the tenant with what RUN prepared once more: export, sample, search, canaries."""
    from wizard.answers import load
    from wizard.commands.reporting import write_report_or_say
    from wizard.engine import verify_again
    from wizard.identity import origin_of
    from wizard.runs import Runs
    from wizard.steps import SECTIONS

    run = Runs(runs_folder).find(run_name)
    answers = load(run.answers, SECTIONS, environment={})
    narrator = Narrator(output.say, live=output.live)
    base = Path(origin_of(run).base)
    progress = run_until_stopped(
        lambda stop: verify_again(run, answers, base=base, world=world(output), watchers=[narrator.hear], stop=stop)
    )
    write_report_or_say(run, answers, progress, output)
    return answer_with(progress, run, output, narrator)
