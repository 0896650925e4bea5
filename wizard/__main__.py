"""The command line: finds the subcommand, imports only that, and turns what it meets into exit codes."""

from __future__ import annotations

import sys

if __name__ == "__main__":  # before all that takes its time to import
    from wizard import entry

    entry.end_at_once()

import codecs
import io
import os
import signal
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from wizard import __version__, entry
from wizard.commands.help import Group, tell_and_exit
from wizard.stops import STOPS

COMMANDS = {
    "demo": "Run the whole main job on a practice tenant; no account needed.",
    "inspect": "Say what a legacy store holds and how to migrate it.",
    "passwords": "Prove that imported passwords will work.",
    "prepare": "Write only the files to import, rejects and manifest.",
    "scripts": "Save, compare and try the generated scripts.",
    "plan": "Show what would change.",
    "apply": "Carry out answers, headless.",
    "resume": "Go on with a run.",
    "status": "Say where a run stands.",
    "verify": "Gather the evidence of a finished run anew.",
    "undo": "Put back what a run has changed.",
    "report": "Write the report of a run.",
    "runs": "List runs, or purge a run's files of users.",
    "secrets": "Keep credentials in the keyring of the operating system.",
    "answers": "Write, check and describe answers files.",
    "practice": "Serve a practice tenant.",
    "legacy-api": "Serve the API in front of the legacy store.",
    "serve": "Open the wizard in a browser.",
}
"""Every subcommand, in the order of a migration; kept here so that help imports none of them."""


class Lazy(Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"wizard.commands.{cmd_name.replace('-', '_')}").command
        entry.raise_between_imports()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]}?" if near else " See auth0-migrate --help."
            ctx.fail(f"There is no command “{args[0]}”.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _tell_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        tell_and_exit(ctx, f"auth0-migrate, version {__version__}")


@click.group(cls=Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_tell_version,
    help="Show the version and exit.",
)
@click.option("--practice", is_flag=True, help="Open the wizard on a practice tenant; no account needed.")
@click.option(
    "--runs",
    "runs_folder",
    type=click.Path(path_type=Path),
    help="Folder of the runs that the wizard shows; default: the platform's state folder.",
)
@click.pass_context
def command(ctx: click.Context, practice: bool, runs_folder: Path | None) -> int | None:
    """Move the users of a legacy store into Auth0: no password reset, nobody lost.

    Without a command the wizard opens, and asks step by step. Try it first: `auth0-migrate --practice`, or without a
    terminal `auth0-migrate demo`.
    """
    if ctx.invoked_subcommand is None:
        return open_wizard(practice, runs_folder)
    if practice or runs_folder:
        ctx.fail("--practice and --runs before a command open the wizard; give options of the command after it.")
    return None


NOT_TO_DRAW_ON = ("", "dumb", "unknown")
"""What TERM says of a terminal that only writes line after line."""

SCREENS = "screens"
"""The one place where the engine names the screens: by name, so that it runs where they are not installed."""


def open_wizard(practice: bool, runs_folder: Path | None) -> int:
    """Open the wizard in this terminal.

    Raises:
        UsageError: there is no terminal, it is not one to draw on, or the screens are not installed.
    """
    from wizard.errors import UsageError

    _require_terminal()
    try:
        screens = import_module(SCREENS)
        import_module("textual")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in (SCREENS, "textual", "rich"):
            raise
        raise UsageError(
            "The wizard's screens are not installed here",
            why=f"there is no module {error.name}",
            state="Nothing was done.",
            remedy="install them with `pip install textual`; every other command works without.",
        ) from None
    entry.raise_between_imports()
    status: int = screens.open_wizard(practice=practice, runs=runs_folder)
    return status


def _require_terminal() -> None:
    """See that there is a terminal, and that it can show the wizard.

    Raises:
        UsageError: as it says.
    """
    from wizard.errors import UsageError

    instead = "name a command; `auth0-migrate --help` lists them, and `auth0-migrate apply ANSWERS` is the wizard without screens"
    piped = next((name for name in ("stdin", "stdout", "stderr") if not getattr(sys, name).isatty()), None)
    if piped:
        raise UsageError(
            "The wizard needs a terminal", why=f"{piped} is not one", state="Nothing was done.", remedy=f"{instead}."
        )
    kind = os.environ.get("TERM", "")
    if os.name == "posix" and kind in NOT_TO_DRAW_ON:
        raise UsageError(
            "The wizard cannot be drawn on this terminal",
            why=f"TERM is {kind}" if kind else "TERM is not set",
            state="Nothing was done.",
            remedy=f"if the terminal can do more, say so, as in `TERM=xterm-256color auth0-migrate`; otherwise {instead}.",
        )
    encoding = codecs.lookup(sys.stderr.encoding).name
    if encoding != "utf-8":
        raise UsageError(
            "The wizard cannot be drawn in the encoding of this terminal",
            why=f"that is {encoding}",
            state="Nothing was done.",
            remedy="where the terminal shows UTF-8, say so, as in `PYTHONIOENCODING= LC_ALL=C.UTF-8 auth0-migrate`; otherwise "
            f"{instead}.",
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _open_closed_streams()
        _write_anything()
        entry.end_at_once()
    try:
        status = command.main(args=args, standalone_mode=False)
    except SystemExit:
        raise
    except BaseException as error:
        if arguments is None:
            _hear_no_more_signals()
        from wizard.commands.failure import exit_code_of

        sys.exit(exit_code_of(error, as_json="--json" in args))
    if arguments is None:
        _hear_no_more_signals()
    sys.exit(status if isinstance(status, int) else 0)


def _hear_no_more_signals() -> None:
    """The exit code is known: a signal now would only put another one in its place."""
    for name in STOPS:
        signal.signal(name, signal.SIG_IGN)


def _open_closed_streams() -> None:
    """Give a standard stream that was closed, as `>&-` does, a place: nothing to read, and no room for a result.

    Otherwise the next file to be opened, such as a journal, would have its number, and whatever is written there.
    """
    for name, mode, access in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, access)  # the lowest that is free, and so the stream's own
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode))


def _write_anything() -> None:
    """Let a character that the encoding of a stream has not, as an arrow in Latin-1, be an escape and stop nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
