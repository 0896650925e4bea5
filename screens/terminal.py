"""A terminal that goes without a signal: whether it is still there, and a driver that goes on writing until that is seen."""

from __future__ import annotations

import errno
import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.driver import Driver


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


class Outlived:
    """The stream to a terminal; what is written after the terminal has gone goes nowhere.

    Textual (8.2) writes in a thread, which would end with the first error, and whoever has something to draw would wait for
    that thread, forever: also the run, and whoever looks whether the terminal is gone.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            _require_gone(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            _require_gone(error)


def _require_gone(error: OSError) -> None:
    if error.errno != errno.EIO:
        raise error


def outliving(driver: type[Driver]) -> type[Driver]:
    """The driver of a terminal, made so that it outlives the terminal; any other as it is."""
    if driver.__name__ != "LinuxDriver":
        return driver

    class OutlivingDriver(driver):  # type: ignore[valid-type,misc]  # the one of this platform
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._file = Outlived(vars(self)["_file"])

    return OutlivingDriver
