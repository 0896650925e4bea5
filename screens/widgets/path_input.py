"""A place for the path of a file, which can be dropped on the terminal too."""

from __future__ import annotations

import os
import re
import shlex
from urllib.parse import urlsplit
from urllib.request import url2pathname

from textual import events
from textual.widgets import Input

ROOTED = ("/", "~")
"""How a path begins that does not depend on a folder."""
DRIVE = re.compile(r'"[A-Za-z]:\\[^"]*"')
"""A path of Windows in quotes."""


class PathInput(Input):
    """Takes a pasted path as a terminal writes that of a file dropped on it: in quotes, with backslashes, or as a URL."""

    def _on_paste(self, event: events.Paste) -> None:
        event.text = dropped(event.text)  # Textual's own does the rest


def dropped(pasted: str) -> str:
    """The path itself, where what was pasted is one as a shell would need it; anything else as it is."""
    line = next(iter(pasted.strip().splitlines()), "")
    if line.startswith("file://"):
        return url2pathname(urlsplit(line).path)
    if DRIVE.fullmatch(line):  # backslashes are no escapes there
        return line[1:-1]
    if not line.startswith((*ROOTED, "'", '"')) or os.path.lexists(line):
        return pasted
    try:
        words = shlex.split(line)
    except ValueError:
        return pasted
    return words[0] if len(words) == 1 and words[0].startswith(ROOTED) else pasted
