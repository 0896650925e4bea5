"""A text whose points hang: the second line of `· so many words` goes on below the words, not below the sign."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual.content import Content
from textual.visual import Visual
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import RenderResult
    from textual.css.styles import RulesMap
    from textual.selection import Selection
    from textual.strip import Strip
    from textual.style import Style
    from textual.visual import RenderOptions

POINT = re.compile(r" *(?:(?:[·✓✗!?◌▸→○●]|\d+\.|\d+(?=  )) +)?")
"""The beginning of a line that is a point: a sign or a number; or that is moved in."""

LEAST = 12
"""Columns that words have behind the sign; where there are fewer, nothing hangs."""

AT_SPACE, IN_WORD = "\ue000", "\ue001"
"""Stand for the columns by which a line is moved in, where text is taken out: the line before it ended so."""


class Hung(Visual):
    """Words that are broken anew at each width."""

    def __init__(self, words: Content) -> None:
        self._words = words

    def at(self, width: int, *, marked: bool = False) -> Content:
        """The words with the lines of points broken to this width.

        Args:
            marked: Whether lines are moved in by `AT_SPACE` and `IN_WORD`, which tell them from those that were so before.
        """
        return Content("\n").join(_line(line, width, marked) for line in self._words.split("\n", allow_blank=True))

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self.at(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._words.get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self.at(width).get_height(rules, width)


def _line(line: Content, width: int, marked: bool) -> Content:
    """One line of the text; left alone where it is no point or fits, as it is then broken like any other."""
    found = POINT.match(line.plain)
    hangs = found.end() if found else 0
    if not hangs or line.cell_length <= width or width - hangs < LEAST:
        return line
    made, rest = line[:hangs], line[hangs:]
    while True:
        head = rest.wrap(width - hangs)[0].rstrip()
        made, rest = made + head, rest[len(head) :]
        behind = len(rest) - len(rest.plain.lstrip())
        rest = rest[behind:]
        if not rest:
            return made
        gap = (AT_SPACE if behind else IN_WORD) if marked else " "
        made += Content("\n" + gap * hangs)


class Hanging(Static):
    """A Static for texts with points; what is copied of it has no breaks but those of the text."""

    def render(self) -> RenderResult:
        visual = self.visual
        return Hung(visual) if isinstance(visual, Content) else visual

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        if not isinstance(self.visual, Content):
            return super().get_selection(selection)
        text = selection.extract(Hung(self.visual).at(self.size.width, marked=True).plain)
        text = re.sub(f"\n{AT_SPACE}+", " ", re.sub(f"\n{IN_WORD}+", "", text))
        return text.strip(AT_SPACE + IN_WORD), "\n"
