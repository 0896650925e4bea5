"""A tenant's address as people write it, made into the URLs and the audience that Auth0 expects."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from wizard.errors import UsageError

_HOST = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")
_EXAMPLE = "Write the tenant's domain as on the Settings page of the tenant, such as acme.eu.auth0.com."


@dataclass(frozen=True, slots=True)
class Address:
    """Where a tenant is.

    `host` may carry a port; `url` has no slash at the end; `issuer` is the audience of signed client assertions;
    `audience` names the Management API and always belongs to the tenant's default domain.
    """

    host: str
    url: str
    audience: str
    loopback: bool

    @property
    def issuer(self) -> str:
        return f"{self.url}/"

    @classmethod
    def parse(cls, domain: str, *, audience: str | None = None) -> Address:
        """Read a domain with or without https:// and closing slash.

        Args:
            domain: The default or a custom domain; a token from a custom domain works on that domain only.
                Plain http is for a practice tenant on this machine.
            audience: Identifier of the Management API, or the tenant's default domain, when `domain` is a custom one.

        Raises:
            UsageError: it is not an address of a tenant.
        Source: Auth0 docs, "Configure Features to Use Custom Domains".
        """
        scheme, host, loopback = _split(domain)
        url = f"{scheme}://{host}"
        return cls(host, url, _audience(audience) if audience else f"{url}/api/v2/", loopback)


def _split(text: str) -> tuple[str, str, bool]:
    given = text.strip()
    try:
        if not given.isprintable():  # `urlsplit` leaves some of these out, which leads to another host than is shown
            raise ValueError
        parts = urlsplit(given if "://" in given else f"//{given}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise UsageError("The tenant's domain can not be read", remedy=_EXAMPLE) from None
    loopback = is_loopback(name)
    scheme = parts.scheme or ("http" if loopback else "https")
    if name == "manage.auth0.com":
        raise UsageError("manage.auth0.com is the address of the dashboard, not of a tenant", remedy=_EXAMPLE)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc or not _is_host(name):
        raise UsageError("The tenant's domain is not a plain domain, such as acme.eu.auth0.com", remedy=_EXAMPLE)
    if scheme not in ("http", "https"):
        raise UsageError(f"A tenant is not reached by {scheme}://", remedy=_EXAMPLE)
    if scheme == "http" and not loopback:
        raise UsageError(
            f"Plain http to {name} would show credentials and users to the network",
            remedy="Leave out http://; only a practice tenant on this machine is reached without TLS.",
        )
    shown = f"[{name}]" if ":" in name else name
    return scheme, shown if port is None else f"{shown}:{port}", loopback


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very machine."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(_HOST.match(name)) and (is_loopback(name) or "." in name)
    return True


def _audience(text: str) -> str:
    """An identifier is taken as it is; a bare domain becomes the identifier of its Management API."""
    given = text.strip()
    if "://" not in given:
        return Address.parse(given).audience
    return given if given.endswith("/") else f"{given}/"
