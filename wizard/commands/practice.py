"""`auth0-migrate practice`: serve a practice tenant on this machine."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wizard.commands.help import Command
from wizard.commands.output import Output, common_options
from wizard.errors import UsageError
from wizard.stops import heard

if TYPE_CHECKING:
    from wizard.practice.server import Certificate
    from wizard.practice.switches import Switches
    from wizard.practice.tenant import PracticeTenant


@click.command(cls=Command, short_help="Serve a practice tenant.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; no other is served.")
@click.option("--domain", metavar="NAME", help="The tenant's own domain, of which issuer and audience are made.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Serve https with this certificate (PEM); needs --key.",
)
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False), help="Key of the certificate (PEM).")
@click.option(
    "--state", type=click.Path(path_type=Path, dir_okay=False), help="File that keeps the tenant over restarts."
)
@click.option(
    "--plan", default="enterprise-production", show_default=True, help="Subscription whose rate limits apply."
)
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 100000),
    default=1.0,
    show_default=True,
    help="How fast its clock runs; a legacy-api of its own beside it takes tokens at 1 alone.",
)
@click.option(
    "--faults", type=click.Path(path_type=Path, dir_okay=False), help="File that says what goes wrong, and when."
)
@click.option(
    "--modules",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with npm modules that scripts and Actions may require.",
)
@click.option(
    "--set",
    "flags",
    multiple=True,
    metavar="SWITCH=VALUE",
    help="How it behaves where Auth0's behaviour is not confirmed.",
)
@common_options
def command(
    port: int,
    host: str,
    domain: str | None,
    certificate: Path | None,
    key: Path | None,
    state: Path | None,
    plan: str,
    speed: float,
    faults: Path | None,
    modules: Path | None,
    flags: tuple[str, ...],
    output: Output,
) -> int:
    """Serve a practice tenant: Auth0's Management and Authentication API as far as a migration touches them.

    Prints its address and the credentials of its machine-to-machine application, then serves until it is interrupted.
    With --json the object is on the first line of stdout, as soon as requests are answered.
    """
    from wizard.clock import FastClock, RealClock
    from wizard.practice.faults import Faults
    from wizard.practice.samples import APPLICATIONS, CANARY, add_samples
    from wizard.practice.store import last_moment
    from wizard.practice.tenant import DOMAIN, PracticeTenant

    pair = _pair(certificate, key)
    since = last_moment(state) if state else 0.0
    tenant = PracticeTenant(
        state,
        domain=DOMAIN if domain is None else _domain(domain),
        plan=plan,
        clock=RealClock() if speed == 1.0 and since <= time.time() else FastClock(speed, since),
        faults=Faults.from_file(faults) if faults else None,
        switches=_switches(flags),
        modules=None if modules is None else _with_modules(modules),
    )

    samples = add_samples(tenant)

    def ready(address: str) -> None:
        reached_at = address.partition("//")[2]
        output.result(
            {
                "address": address,
                "domain": reached_at,
                "client_id": tenant.client_id,
                "client_secret": tenant.client_secret,
                "issuer": tenant.issuer,
                "audience": tenant.audience,
                "plan": plan,
                "speed": speed,
                "applications": [name for name, _, _ in APPLICATIONS] + [CANARY],
                "login_client_id": samples.login_client_id,
                "login_client_secret": samples.login_client_secret,
            },
            f"Practice tenant at {address}\n"
            f"  domain         {reached_at}\n"
            f"  client id      {tenant.client_id}\n"
            f"  client secret  {tenant.client_secret}\n"
            f"  issuer         {tenant.issuer}\n"
            f"  audience       {tenant.audience}\n"
            f"  applications   {', '.join(name for name, _, _ in APPLICATIONS)}\n"
            f"  logins         {CANARY}, for the password grants: {samples.login_client_id} {samples.login_client_secret}\n"
            f"  state          {state or 'in memory, gone at the end'}",
        )
        sys.stdout.flush()

    try:
        asyncio.run(_serve(tenant, host, port, ready, pair))
    finally:
        tenant.close()
    return 0


def _pair(certificate: Path | None, key: Path | None) -> Certificate | None:
    """The certificate to serve TLS with, None for plain HTTP.

    Raises:
        UsageError: one of the two is missing, or they are of no use.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            f"{'--key' if key else '--certificate'} is of no use alone", remedy="Give --certificate and --key, both."
        )
    from wizard.practice.server import Certificate

    pair = Certificate(certificate, key)
    pair.check()
    return pair


def _with_modules(folder: Path) -> Path:
    """The folder, if npm has installed something in it.

    Raises:
        UsageError: it has no `node_modules`.
    """
    if not (folder / "node_modules").is_dir():
        raise UsageError(
            f"--modules {folder} has no folder node_modules",
            remedy=f"Install there what the scripts require: npm install --prefix {folder} bcrypt",
        )
    return folder


def _domain(name: str) -> str:
    """The name, if it can be the host of an issuer.

    Raises:
        UsageError: it is no host, nor host:port.
    """
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?", name):
        raise UsageError(
            f"--domain {name} is no domain", remedy="Give a name such as acme.example.com or localhost:8787."
        )
    return name.lower()


async def _serve(
    tenant: PracticeTenant, host: str, port: int, ready: Callable[[str], None], certificate: Certificate | None
) -> None:
    """Serve until a signal asks to stop."""
    from wizard.practice.server import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in heard():
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows: the signal arrives between two steps of the loop
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    await serve(tenant, host, port, ready, stop, certificate)


def _switches(flags: tuple[str, ...]) -> Switches:
    """The switches as set on the command line.

    Raises:
        UsageError: an unknown switch or a value it does not take; names both and what it could be.
    """
    from difflib import get_close_matches

    from pydantic import ValidationError

    from wizard.practice.switches import Switches

    values = {}
    for flag in flags:
        name, equals, value = flag.partition("=")
        if not equals or name not in Switches.model_fields:
            near = get_close_matches(name, Switches.model_fields, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(Switches.model_fields)}."
            raise UsageError(f"--set {flag} is no switch of the practice tenant", remedy=remedy)
        values[name] = value
    try:
        return Switches.model_validate_strings(values)
    except ValidationError as error:
        wrong = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise UsageError(
            "A switch of the practice tenant has a wrong value", why=wrong, remedy="Correct --set."
        ) from None
