"""The HTTP client with the proxies and certificate authorities that the environment names."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from wizard.errors import UsageError


def open_client(
    *,
    loopback: bool,
    transport: httpx.AsyncBaseTransport | None,
    timeout: httpx.Timeout,
    headers: Mapping[str, str],
) -> httpx.AsyncClient:
    """Open the client. A tenant on this machine is never reached through a proxy.

    Raises:
        UsageError: SSL_CERT_FILE, SSL_CERT_DIR or a proxy variable can not be used.
    """
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30.0)
    if transport is not None:
        return httpx.AsyncClient(transport=transport, timeout=timeout, headers=headers, trust_env=False)
    context = authorities(os.environ)
    try:
        return httpx.AsyncClient(
            verify=context, timeout=timeout, headers=headers, limits=limits, trust_env=not loopback
        )
    except (ValueError, ImportError):
        raise UsageError(
            "The proxy named in the environment can not be used",
            remedy="Set HTTPS_PROXY (or ALL_PROXY) to http://host:port or https://host:port.",
        ) from None


def authorities(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Trust the authorities in SSL_CERT_FILE and SSL_CERT_DIR, both where both are set, else the usual public ones.

    Left to itself, httpx ignores the folder when there is a file.

    Raises:
        UsageError: a variable names something that can not be read.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    for name, path, there in (
        ("SSL_CERT_FILE", file, file is not None and Path(file).is_file()),
        ("SSL_CERT_DIR", folder, folder is not None and all(Path(one).is_dir() for one in folder.split(os.pathsep))),
    ):
        if path and not there:
            raise UsageError(f"{name} names {path}, which is not there", remedy=f"Correct or unset {name}.")
    if not file and not folder:
        return httpx.create_ssl_context(trust_env=False)
    try:
        context = ssl.create_default_context(cafile=file or None)
        for one in (folder or "").split(os.pathsep):
            if one:
                context.load_verify_locations(capath=one)
    except (ssl.SSLError, OSError):
        raise UsageError(
            f"SSL_CERT_FILE names {file}, which holds no certificates", remedy="Give a file of PEM certificates."
        ) from None
    return context
