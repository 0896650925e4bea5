"""What a connection asks of new passwords, as far as length and kinds of characters go.

Source: Auth0 docs, "Password Strength" and Management API, "Connections": password_options, passwordPolicy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.practice.tenant import Connection

SHORTEST = {"none": 1, "low": 6, "fair": 8, "good": 8, "excellent": 10}
CLASSES: dict[str, Callable[[str], bool]] = {
    "lowercase": str.islower,
    "uppercase": str.isupper,
    "number": str.isdecimal,
    "special": lambda letter: not letter.isalnum(),
}
OF_POLICY = {"fair": ("lowercase", "uppercase", "number"), "good": (), "excellent": ()}


def weakness(connection: Connection, password: str) -> str | None:
    """Say why the password is too weak for a new one; None for one that is strong enough."""
    options = connection.options
    rules = (options.get("password_options") or {}).get("complexity")
    if rules is not None:
        shortest = rules.get("min_length", 8)
        needed = rules.get("character_types") or []
        enough = len(needed) if rules.get("character_type_rule", "all") == "all" else 3
    else:
        policy = options.get("passwordPolicy") or "none"
        own = (options.get("password_complexity_options") or {}).get("min_length")
        shortest = own or SHORTEST[policy]
        needed = list(OF_POLICY.get(policy, ())) or (list(CLASSES) if policy in {"good", "excellent"} else [])
        enough = 3
    if len(password) < shortest:
        return f"At least {shortest} characters in length"
    found = sum(any(CLASSES[name](letter) for letter in password) for name in needed)
    if found < min(enough, len(needed)):
        return f"Should contain: {', '.join(needed)}"
    return None
