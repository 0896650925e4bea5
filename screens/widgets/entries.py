"""Entries in groups, each broken into as many lines as its words take; Enter unfolds the lines below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from screens.widgets.draw import lines_of
from screens.widgets.grown import Branches

DEPTH = 2
"""Columns by which an entry is moved in below its group, and its words behind the arrow."""

HANGS = 8
"""Columns by which the second line of what is unfolded is moved in, below the words of the first."""

LEAST = 20
"""Columns that words have on the narrowest page."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What is listed.

    Args:
        words: Shown at all times.
        below: Lines that are shown when it is unfolded.
        mark: Stands before the words, and stands out.
    """

    words: str
    below: Sequence[str] = ()
    mark: str = ""


class Entries(Branches[Entry]):
    """A tree in which no line is cut: a long one goes on in the next, moved in, where Textual's leads out of sight.

    Every line of an entry is a leaf of its group and keeps the entry, so that Enter does the same on each of them.
    """

    DEFAULT_CSS = "Entries { height: auto; background: $background; padding: 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select_cursor", show=False)]

    def __init__(self, key: str) -> None:
        super().__init__("", id=key)
        self.show_root = self.show_guides = False
        self.guide_depth = DEPTH
        self._groups: Sequence[tuple[str, Sequence[Entry]]] = ()
        self._unfolded: set[Entry] = set()
        self._width = 0

    def put(self, groups: Sequence[tuple[str, Sequence[Entry]]]) -> None:
        """Show these entries, a title with each group of them, instead of those before."""
        self._groups, self._unfolded = groups, set()
        self._fill()

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width != self._width:
            self._fill()

    def _fill(self) -> None:
        self.clear()
        self._width = self.size.width
        for title, entries in self._groups:
            group = self.root.add(Text(title, style="bold"), expand=True)
            for entry in entries:
                for line in self._lines(entry):
                    group.add_leaf(line, data=entry)
        self.root.expand()

    def _lines(self, entry: Entry) -> Iterable[Text]:
        """The lines of an entry as they are now."""
        is_open = entry in self._unfolded
        arrow = (self.ICON_NODE_EXPANDED if is_open else self.ICON_NODE) if entry.below else " " * DEPTH
        room = max(LEAST, self._width - 2 * DEPTH)
        first, *rest = lines_of(f"{entry.mark}{entry.words}", room)
        head = Text(f"{arrow}{first}")
        if entry.mark:
            head.stylize(f"bold {self.app.theme_variables['text-warning']}", DEPTH, DEPTH + len(entry.mark))
        yield head
        yield from (Text(" " * DEPTH + line) for line in rest)
        for words in entry.below if is_open else ():
            for line in lines_of(words, room - DEPTH, hangs=HANGS):
                yield Text(" " * 2 * DEPTH + line, style="dim")

    def on_tree_node_selected(self, event: Tree.NodeSelected[Entry]) -> None:
        event.stop()
        entry, group = event.node.data, event.node.parent
        if entry is not None and group is not None and entry.below:
            self._unfolded ^= {entry}
            self._draw_again(entry, group)

    def _draw_again(self, entry: Entry, group: TreeNode[Entry]) -> None:
        """Bring the lines of an entry up to date; the cursor goes to the first, as others may be gone."""
        head, *rest = (node for node in group.children if node.data is entry)
        for node in rest:
            node.remove()
        label, *lines = self._lines(entry)
        head.set_label(label)
        before = head
        for line in lines:
            before = group.add(line, data=entry, after=before, allow_expand=False)
        self.move_cursor(head)
        self.call_after_refresh(self._show, head.line, 1 + sum(1 for node in group.children if node.data is entry))

    def scroll_to_line(self, line: int, animate: bool = True) -> None:
        """Keep the cursor in sight: the list is as high as it is long, so it is the page that moves."""
        self._show(line, 1)

    def _show(self, line: int, lines: int) -> None:
        page = next((one for one in self.ancestors if isinstance(one, VerticalScroll)), None)
        if page is None:
            return
        if line <= 0:  # what stands above the list belongs to its beginning
            page.scroll_home(animate=False)
            return
        above = self.content_region.y - page.content_region.y + page.scroll_offset.y
        shown = Region(0, above + line, 1, min(lines, page.size.height))
        page.scroll_to_region(shown, animate=False, force=True)
