"""Which keyring of the system may hold secrets, and what its errors mean for the operator."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wizard.errors import CredentialsError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

WAYS_OUT = (
    "do one of three things: write env:NAME in the answers and pass the secret in that environment variable; "
    "install a keyring backend (on Linux gnome-keyring or KWallet; macOS and Windows have one); "
    "or run in a session that has one, unlocked (a desktop session, or `dbus-run-session` with "
    "`gnome-keyring-daemon --unlock`)."
)

BACKEND_ERRORS: Mapping[str, str] = {
    "keyring.errors": "KeyringError",
    "secretstorage.exceptions": "SecretStorageException",
    "jeepney.wrappers": "DBusErrorResponse",
    "jeepney.auth": "AuthenticationError",
    "pywintypes": "error",
}
"""What backends raise, by module; some let errors of the libraries below them through."""


class KeyringUnavailable(CredentialsError):
    """There is no keyring, it is locked, or it went away."""


def of_this_system() -> KeyringBackend:
    """The keyring that the system or the operator's settings choose.

    Raises:
        KeyringUnavailable: the settings name a backend that cannot be loaded.
    """
    import keyring  # slow to import, and commands that need no secret go without

    try:
        return keyring.get_keyring()
    except (OSError, ImportError, AttributeError, ValueError, TypeError, RuntimeError) as error:
        raise KeyringUnavailable(
            "The keyring backend of PYTHON_KEYRING_BACKEND or keyringrc.cfg cannot be loaded",
            why=f"{type(error).__name__}.",
            remedy=f"correct or remove that setting, or {WAYS_OUT}",
        ) from None


def usable(backend: KeyringBackend) -> KeyringBackend:
    """The backend itself, or the first good one of a chain.

    Raises:
        KeyringUnavailable: there is none, or it would keep secrets in a plain file or nowhere.
    """
    from keyring.backends.chainer import ChainerBackend

    candidates = list(backend.backends) if isinstance(backend, ChainerBackend) else [backend]
    for candidate in candidates:
        if not _reason_against(candidate):
            return candidate
    why = "; ".join(_reason_against(candidate) for candidate in candidates) or "this system offers none"
    raise KeyringUnavailable("No keyring can be used here", why=f"{why}.", state="Nothing was stored.", remedy=WAYS_OUT)


def _reason_against(backend: KeyringBackend) -> str:
    """Why a backend is no place for secrets; "" if it is one."""
    lineage = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(backend).__mro__]
    if "keyring.backends.fail.Keyring" in lineage:
        return "this system offers none"
    if "keyring.backends.null.Keyring" in lineage:
        return "the null backend is configured, which forgets what it is given"
    if any(name.startswith("keyrings.alt.") for name in lineage):
        return f"{lineage[0]} keeps secrets in files, which this program does not do"
    return ""


@contextmanager
def told_apart(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """Turn what a backend raises into an error that says what to do; without its cause, which may quote a value."""
    try:
        yield backend
    except _backend_errors() as error:
        kind = type(error).__name__
        locked = kind in ("KeyringLocked", "LockedException", "PromptDismissedException")
        what = "The keyring is locked" if locked else "The keyring did not answer as it should"
        why = f"{type(backend).__module__}: {kind}"
        raise KeyringUnavailable(what, why=why, remedy=f"unlock it, or {WAYS_OUT}" if locked else WAYS_OUT) from None


def _backend_errors() -> tuple[type[Exception], ...]:
    """The kinds of error that loaded backends may raise; what is not loaded cannot have raised."""
    loaded = {module: vars(sys.modules[module]) for module in BACKEND_ERRORS if module in sys.modules}
    kinds = (names.get(BACKEND_ERRORS[module]) for module, names in loaded.items())
    return (OSError, *(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)))
