"""Is this an e-mail address by the format check of Auth0's import? Quick for plain ASCII, complete for the rest."""

from __future__ import annotations

import re

LOCAL_BYTES = 64
WHOLE_BYTES = 254

_plain = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]++)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})",
    re.IGNORECASE | re.ASCII,
)
_beyond = "\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0010ffff"
_atom = re.compile(rf"[a-z0-9!#$%&'*+/=?^_`{{|}}~{_beyond}-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{{|}}~{_beyond}-]+)*", re.I)
_quoted = re.compile(r'"(?:[^"\\\r\n]|\\.)+"')
_label = re.compile(rf"[a-z0-9{_beyond}](?:[a-z0-9{_beyond}-]*[a-z0-9{_beyond}])?", re.I)
_last = re.compile(rf"[a-z{_beyond}]{{2,}}|xn--[a-z0-9-]{{2,}}", re.I)


def is_email(value: str) -> bool:
    """Say whether Auth0 takes the address: a local part up to 64 bytes, a domain with a dot, 254 bytes in all."""
    if _plain.fullmatch(value):
        return len(value) <= WHOLE_BYTES and value.index("@") <= LOCAL_BYTES
    local, at, domain = value.rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > LOCAL_BYTES:
        return False
    if len(value.encode("utf-8", "replace")) > WHOLE_BYTES:
        return False
    labels = domain.split(".")
    return (
        (_atom.fullmatch(local) is not None or _quoted.fullmatch(local) is not None)
        and len(labels) > 1
        and all(len(label) <= 63 and _label.fullmatch(label) for label in labels)
        and _last.fullmatch(labels[-1]) is not None
    )
