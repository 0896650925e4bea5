"""`auth0-migrate serve`: the wizard in a browser, behind a link that works once."""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib import import_module
from pathlib import Path

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.commands.running import runs_option
from wizard.errors import UsageError
from wizard.stops import heard

EXPOSES = (
    "Whoever opens this link first can do all that the wizard does, as {user}: read this account's files, use the\n"
    "credentials in its keyring, change tenants. It opens for one browser, once, {where}.\n"
    "Closing the page stops a run at a safe instant; Ctrl+C ends it all. Runs and answers are kept."
)


@click.command(cls=Command, short_help="Serve the wizard to a browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=8789, show_default=True, help="0 takes any free port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; without TLS, loopback only."
)
@click.option("--public-url", metavar="URL", help="Address of a proxy with TLS in front: https://wizard.example.com")
@click.option("--practice", is_flag=True, help="Open the practice tenant at once; no account needed.")
@runs_option
@common_options
def command(
    port: int, host: str, public_url: str | None, practice: bool, runs_folder: Path | None, output: Output
) -> int:
    """Serve the wizard to a browser until interrupted.

    Prints a link that works once, for one browser. With --json the object is on the first line of stdout, as soon as
    the link can be opened.
    """
    from wizard.__main__ import SCREENS

    try:
        browser = import_module(f"{SCREENS}.browser")
    except ModuleNotFoundError as error:
        raise UsageError(
            "The wizard cannot be served to a browser here",
            why=f"there is no module {error.name}",
            state="Nothing is served.",
            remedy="Install it with `pip install textual-serve`, or use the wizard in this terminal: `auth0-migrate`.",
        ) from None

    def ready(link: str) -> None:
        where = f"through {public_url}" if public_url else "from this computer"
        output.say(EXPOSES.format(user=_account(), where=where))
        output.result({"url": link, "practice": practice}, f"\n  {link}\n")
        sys.stdout.flush()

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in heard():
            try:
                loop.add_signal_handler(name, stop.set)
            except NotImplementedError:  # Windows: the signal arrives between two steps of the loop
                signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
        await browser.serve(host, port, public_url, practice=practice, runs=runs_folder, ready=ready, stop=stop)

    asyncio.run(serve())
    return 0


def _account() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "this account"
