"""Whether there is still a terminal: one that goes without a signal would leave the wizard reading nothing, over and over."""

from __future__ import annotations

import errno
import sys


def is_gone() -> bool:
    """Whether the terminal of this process has been taken away; what never was a terminal does not count."""
    try:
        import termios
    except ImportError:  # not a platform with such terminals
        return False
    if sys.__stdin__ is None:
        return False
    try:
        termios.tcgetattr(sys.__stdin__.fileno())
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)
    except (OSError, ValueError):
        return False
    return False
