"""Stores by name: people say where their users come from, and the tool knows what that means.

To add one, write a `Store` beside the others, put it in `STORES`, and its key in `StoreKey`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wizard.legacy.stores import auth0, frameworks, hosted, keycloak
from wizard.legacy.stores.store import Store

STORES: Mapping[str, Store] = {
    store.key: store
    for store in (
        keycloak.STORE,
        hosted.FIREBASE,
        hosted.COGNITO,
        auth0.STORE,
        hosted.OKTA,
        hosted.SUPABASE,
        hosted.CLERK,
        hosted.FUSIONAUTH,
        frameworks.DJANGO_DUMPDATA,
        frameworks.DJANGO,
        frameworks.DEVISE,
        frameworks.LARAVEL,
        frameworks.WORDPRESS,
        frameworks.ASPNET,
        frameworks.METEOR,
        frameworks.MONGODB,
    )
}
"""In the order in which they are recognised: the last ones have the weakest signs."""


def recognised(columns: Collection[str], form: str) -> Store | None:
    """The store whose signs the columns show, if there is one."""
    there = {column[:end] for column in columns for end in (*_dots(column), None)}
    return next(
        (store for store in STORES.values() if form in store.forms and any(each <= there for each in store.signs)), None
    )


def _dots(column: str) -> Iterator[int]:
    """Where a name has dots: what comes before one names an object."""
    return (place for place, letter in enumerate(column) if letter == ".")


def preset(key: str, columns: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
    """The tables [profile] and [passwords] for a store, without what the given columns do not hold."""
    store = STORES[key]
    moments = {"created": store.created, "last_login": store.activity}
    known = {**store.profile, **{field: column for field, column in moments.items() if column}}
    profile = {field: rule for field, rule in known.items() if columns is None or _holds(rule, columns)}
    passwords = dict(store.passwords)
    if columns is not None and passwords.get("column") not in columns:
        passwords.pop("column", None)
    return {"profile": profile, **({"passwords": passwords} if passwords else {})}


def columns_named(store: Store) -> tuple[str, ...]:
    """All columns that the store's answers name, and those it is asked about."""
    named = [column for rule in store.profile.values() for column in columns_of(rule)]
    named += [str(store.passwords["column"])] if "column" in store.passwords else []
    named += [column for column in (store.activity, store.created, store.verified) if column]
    return tuple(dict.fromkeys(named))


def columns_of(rule: Any) -> Iterator[str]:
    """The columns that a rule of the answers reads, nested tables included."""
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, Mapping):
        if isinstance(rule.get("column"), str):
            yield rule["column"]
        elif isinstance(rule.get("template"), str):
            yield from _of_template(rule["template"])
        else:
            for part in rule.values():
                yield from columns_of(part)


def _of_template(template: str) -> Iterator[str]:
    from string import Formatter

    return (name for _, name, _, _ in Formatter().parse(template) if name)


def _holds(rule: Any, columns: Collection[str]) -> bool:
    return all(column in columns for column in columns_of(rule))
