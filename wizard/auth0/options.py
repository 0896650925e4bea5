"""Merging our changes into a connection's options, which Auth0 replaces whole, and proving that nothing else changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

from wizard.events import Json

Options = Mapping[str, Json]

OLD_PASSWORD_KEYS = frozenset(
    {
        "passwordPolicy",
        "password_complexity_options",
        "password_history",
        "password_no_personal_info",
        "password_dictionary",
    }
)
NEW_PASSWORD_KEY = "password_options"  # noqa: S105 - the name of an option
"""Auth0 shows both families of password options at once and refuses to be sent both."""


def merged(current: Options, changes: Options) -> dict[str, Json]:
    """The options to send: the current ones, our keys changed at any depth, one family of password options.

    The newer family stays, unless our changes touch the older one.
    """
    options = _merge(current, changes)
    if NEW_PASSWORD_KEY in options and not OLD_PASSWORD_KEYS.isdisjoint(options):
        if OLD_PASSWORD_KEYS.isdisjoint(changes):
            return {key: value for key, value in options.items() if key not in OLD_PASSWORD_KEYS}
        del options[NEW_PASSWORD_KEY]
    return options


def changed_foreign_keys(before: Options, sent: Options, after: Options, changes: Options) -> tuple[str, ...]:
    """Name the keys that are not ours and differ after the change, or are gone.

    Only what was there before is compared: Auth0 adds options of its own. The family of password options that could not
    be sent is left out. Order in objects does not count.
    """
    kept = {key: value for key, value in before.items() if key in sent}
    return tuple(sorted(_differences(kept, after, changes)))


def foreign_configuration(current: Options, changes: Options) -> tuple[str, ...]:
    """Keys of configuration values that are not ours. Auth0 shows them encrypted only, and wants them sent back."""
    values, ours = current.get("configuration"), changes.get("configuration")
    if not isinstance(values, Mapping):
        return ()
    return tuple(sorted(set(values) - set(ours if isinstance(ours, Mapping) else ())))


def _merge(current: Options, changes: Options) -> dict[str, Json]:
    result = {key: deepcopy(value) for key, value in current.items()}
    for key, value in changes.items():
        there = result.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            result[key] = _merge(there, value)
        else:
            result[key] = deepcopy(value)
    return result


def _differences(before: Options, after: Options, changes: Options, path: str = "") -> Iterator[str]:
    for key, value in before.items():
        if key not in changes:
            if key not in after or after[key] != value:
                yield f"{path}{key}"
            continue
        ours, there = changes[key], after.get(key)
        if isinstance(value, dict) and isinstance(ours, dict):
            yield from _differences(value, there if isinstance(there, dict) else {}, ours, f"{path}{key}.")
