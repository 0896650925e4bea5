"""The results: where every user is, as one picture that adds up, and tables of those to look at."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, DataTable, Input, Label, Static

from screens.faults import Fault, compared, faults_of, refusals_of, rejects_of
from screens.half_made import approve_repair, half_made
from screens.steps.base import StepView, unseen
from screens.tasks import begin
from screens.widgets.dialogs import FilePicker
from screens.widgets.draw import bar
from screens.widgets.grown import Table
from screens.widgets.hanging import Hanging
from wizard.bulk.verification.evidence import is_canary
from wizard.bulk.verification.sameness import ID_TAKEN
from wizard.counts import counted
from wizard.fates import UNACCOUNTED, WORDS, Fate, moves_still, parts, words_of_rest
from wizard.progress import IN_ALL_THE_SAME, Progress
from wizard.step import Change

if TYPE_CHECKING:
    from wizard.runs import RunFolder

COUNTS = (
    "These are the counts of the run. Strategy and Prepare could say at least how many stay out: who shares an address, id or "
    "username with others is found only when the files are made."
)
LISTED = 2000
HALF_MADE = "half-made users: their first login broke off; the repair is asked for and shown before it is done"
COLUMNS = ("what", "user_id", "reason", "details")
FORMULA = tuple("=+-@\t\r\n")
"""A cell that begins so is a formula to a spreadsheet, or becomes one once it has left the first character out."""
LISTED_COLUMNS = 3
"""Those that the table has room for; a line above it has the last too, of the user under the cursor."""


class ResultsView(StepView):
    """Bars that sum to the users read; a filter; export to CSV; checks made again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "verify", "Check"),
        Binding("f6", "export", "Export"),
    ]
    lead = "Where every user is, and why some stayed out."
    is_wide = True

    def __init__(self, stop: Any) -> None:
        super().__init__(stop)
        self._rows: Sequence[tuple[str, ...]] = ()
        self._chosen: Sequence[tuple[str, ...]] = ()
        self._faults: Sequence[Fault] = ()

    def content(self) -> ComposeResult:
        yield Static("", id="sum", classes="block")
        yield Hanging("", id="checks", classes="block")
        with unseen(Horizontal(id="half-made", classes="row")):
            yield Button("Repair…", id="repair", compact=True)
            yield Label(HALF_MADE, classes="hint")
        yield unseen(Table(id="reasons", cursor_type="row", show_header=False))
        yield unseen(Hanging("", id="remedy", classes="block", markup=False))
        yield unseen(Input(placeholder="type to filter: a user id, a code, “missing”", id="filter", compact=True))
        yield Static("", id="found", markup=False)
        yield Static("", id="about", classes="hint", markup=False)
        yield unseen(Table(id="users", cursor_type="row"))

    def on_mount(self) -> None:
        self.query_one("#users", DataTable).add_columns(*COLUMNS[:LISTED_COLUMNS])
        self.query_one("#reasons", DataTable).add_columns("", "")

    async def shown(self) -> None:
        run = self.wizard.work.run
        self._draw()
        if run is not None:
            self._rows = await asyncio.to_thread(lambda: list(islice(rows_of(run), LISTED)))
            self._fill(self.query_one("#filter", Input).value.lower())
            self._faults = await asyncio.to_thread(faults_of, run)
            self._draw_reasons()

    def refresh_work(self) -> None:
        self._draw()

    def _draw(self) -> None:
        now = self.wizard.work.progress
        width = max(12, self.query_one("#sum").size.width - 40)
        self.query_one("#sum", Static).update(picture(now, width))
        self.query_one("#checks", Static).update(checks(now))
        self.query_one("#half-made").display = half_made(now) > 0 and not self.wizard.is_busy

    def _draw_reasons(self) -> None:
        """Every reason with how many users it is of, those to act on first; what to do stands below, of the one with the cursor."""
        table = self.query_one("#reasons", DataTable)
        cursor = table.cursor_row
        table.clear()
        width = max((len(f"{fault.users:,}") for fault in self._faults), default=0)
        for fault in self._faults:
            table.add_row(f"{fault.users:>{width},}", words_of(fault), key=fault.key)
        table.move_cursor(row=cursor)
        table.display = self.query_one("#remedy").display = bool(self._faults)
        if self._faults and self.query_one("#next").has_focus:  # where it waited for something to begin with
            table.focus(scroll_visible=False)

    @on(DataTable.RowHighlighted, "#reasons")
    def _tell_remedy(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        if event.cursor_row < len(self._faults):
            self.query_one("#remedy", Static).update(f"→ {self._faults[event.cursor_row].remedy}")

    @on(DataTable.RowSelected, "#reasons")
    def _only_these(self, event: DataTable.RowSelected) -> None:
        """List the users of a reason below, and go there."""
        event.stop()
        self.query_one("#filter", Input).value = self._faults[event.cursor_row].code
        self.query_one("#users", DataTable).focus()

    @on(Button.Pressed, "#repair")
    def _repair(self, event: Button.Pressed) -> None:
        event.stop()
        begin(self, approve_repair, self.wizard, group="repair")

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value.lower())

    def _fill(self, words: str) -> None:
        table = self.query_one("#users", DataTable)
        table.clear()
        self.query_one("#about", Static).update("")
        self._chosen = chosen = [row for row in self._rows if words in " ".join(row).lower()]
        table.add_rows(row[:LISTED_COLUMNS] for row in chosen)
        table.display = bool(self._rows)
        self.query_one("#filter").display = bool(self._rows)
        shown = f"{len(chosen):,} of {counted(len(self._rows), 'user')} listed" if self._rows else "No user to look at."
        self.query_one("#found", Static).update(shown)

    @on(DataTable.RowHighlighted, "#users")
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        row = self._chosen[event.cursor_row] if event.cursor_row < len(self._chosen) else ()
        self.query_one("#about", Static).update(" · ".join(cell for cell in row[1:] if cell))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that do something now are there."""
        work = self.wizard.work
        may = {"verify": work.progress.ended and not work.is_busy, "export": work.run is not None}
        return may.get(action, True)

    def action_export(self) -> None:
        begin(self, self._export, group="export")

    async def _export(self) -> None:
        run = self.wizard.work.run
        if run is None:
            return
        path = await self.app.push_screen_wait(
            FilePicker(
                "Export these users as CSV",
                self.wizard.journey.base,
                name="users-to-look-at.csv",
                wanted="new",
                kinds=(".csv",),
            )
        )
        if path is None:
            return
        try:
            written = await asyncio.to_thread(write_csv, run, path)
        except OSError as error:
            self.trouble(f"{path} cannot be written: {error.strerror}. Choose another folder.")
            return
        self.app.notify(f"{counted(written, 'user')} written to {path}")

    def action_verify(self) -> None:
        self.wizard.verify_again()

    def says(self, changes: list[Change] | None) -> str | None:
        again = (
            "F5 gathers the evidence anew: an export of the connection, users looked up one by one, logins."
            if self.wizard.work.progress.ended
            else "The evidence is gathered when the run has done all else; from then on F5 gathers it anew."
        )
        counts = f"{COUNTS}\n\n" if self.wizard.work.progress.rejected else ""
        return (
            f"Nothing is changed here.\n\n{counts}{again}\n\nF6 writes the table to a CSV file: ids and reasons, no e-mail "
            "address, no hash."
        )

    def copied(self) -> str:
        table = self.query_one("#users", DataTable)
        return str(table.get_row_at(table.cursor_row)[1]) if table.has_focus and table.row_count else super().copied()

    def commands(self) -> Sequence[tuple[str, str, Any]]:
        return (
            ("Check again", "Gather the evidence anew", self.action_verify),
            ("Export CSV", "Write missing, different and rejected users to a file", self.action_export),
        )


def words_of(fault: Fault) -> str:
    """A reason as it is listed."""
    if fault.by_auth0:
        return f"{fault.code}  {_by_auth0(fault.code)}"
    return f"{fault.code}  {WORDS['skipped']}" if fault.decided else fault.code


def _by_auth0(code: str) -> str:
    """What Auth0 made of users with this code."""
    return "in Auth0 all the same" if code in IN_ALL_THE_SAME else "refused by Auth0"


COLOURS: Mapping[Fate | None, str] = {
    "imported": "$text-success",
    "removed": "$foreground-muted",
    "migrated": "$text-success",
    "already_there": "$text-primary",
    "taken": "$text-warning",
    "unfound": "$text-warning",
    "rejected": "$text-warning",
    "skipped": "$foreground-muted",
}


def parts_of(now: Progress) -> Sequence[tuple[str, int, str]]:
    """The parts that must add up to the users read: words, users, colour."""
    lost = "$text-error" if words_of_rest(now) == UNACCOUNTED else "$foreground-muted"
    return [
        (part.words, part.users, COLOURS.get(part.fate, lost))
        for part in parts(now)
        if part.users or part.fate in ("imported", "rejected")
    ]


def picture(now: Progress, width: int) -> Content:
    """A bar for each part, and the sum below the line."""
    lines: list[Any] = []
    for words, users, style in parts_of(now):
        share = users / now.read if now.read else 0.0
        lines += [f"{words:<24}", f"{users:>10,}  ", (bar(share, width), style), "\n"]
    lines += [("─" * 34 + "\n", "$foreground-muted"), (f"{'read':<24}{now.read:>10,}  ", "bold")]
    if moves_still(now):
        return Content.assemble(*lines, ("◌ users still move at login", "$text-warning"))
    if words_of_rest(now) != UNACCOUNTED:
        why = "◌ the run was undone" if now.was_undone else "◌ the run is not over"
        return Content.assemble(*lines, (why, "$text-warning"))
    good = now.adds_up
    lines.append(("✓ adds up", "$text-success") if good else ("✗ does not add up", "bold $text-error"))
    return Content.assemble(*lines)


def checks(now: Progress) -> Content:
    """What the comparison with Auth0 gave, and the checks that failed."""
    if now.compared is None:
        return Content.styled("Auth0 has not been compared yet.", "$foreground-muted")
    bad = now.missing or now.different or now.taken
    sign = ("! ", "$text-warning") if bad else ("✓ ", "$text-success")
    taken = f"{now.taken:,} not imported, as the id is taken, " if now.taken else ""
    lines: list[Any] = [
        sign, f"{counted(now.compared, 'user')} compared with Auth0: {now.missing:,} missing, {now.different:,} different, "
        f"{taken}{counted(now.extra, 'other')}",
    ]  # fmt: skip
    for name, detail in now.failed_checks.items():
        if name != "export":
            lines += ["\n", ("✗ ", "$text-error"), f"{name}: {detail}"]
    if hint := hint_of(now.failed_checks):
        lines += ["\n", (f"  {hint}", "$foreground-muted")]
    return Content.assemble(*lines)


def hint_of(failed_checks: Iterable[str]) -> str:
    """Where in the wizard something can be done about checks that failed, beyond what they say themselves."""
    names = list(failed_checks)
    hints = [
        (
            "ids" in names,
            "Where the ids are somebody else's: `auth0-migrate undo RUN --users`, then set “Prefix of user ids” on the page Profile and run anew.",
        ),
        ("missing" in names, "The report says what can be done about users who are found nowhere."),
        (
            any(map(is_canary, names)),
            "The accounts to log in with are on the page Verify: mend or remove them there, then press F5.",
        ),
    ]
    return " ".join(hint for failed, hint in hints if failed)


def rows_of(run: RunFolder) -> Iterator[tuple[str, ...]]:
    """Users to look at, as rows of COLUMNS: missing, different, refused and rejected ones, then those that are extra.

    Those whose id is taken come after the different ones.
    """
    for one in compared(run, "missing"):
        yield "missing", str(one["user_id"] or ""), "prepared, but not in Auth0", str(one["file"])
    for one in compared(run, "different"):
        place = f"{one['file']}, in Auth0 as {one['found_as']}" if "found_as" in one else str(one["file"])
        yield "different", str(one["user_id"] or ""), ", ".join(one["fields"]), place
    for one in compared(run, ID_TAKEN):
        yield "id taken", str(one["user_id"] or ""), "not imported: another user has this id", str(one["file"])
    for one in refusals_of(run):
        yield _by_auth0(one["code"]), str(one["user_id"] or ""), str(one["code"]), str(one["file"])
    for one in rejects_of(run):
        what = WORDS["skipped"] if one.get("decision") == "skip" else WORDS["rejected"]
        yield what, str(one.get("user_id") or ""), str(one["code"]), str(one.get("position", ""))
    for one in compared(run, "extra"):
        yield "extra", str(one["user_id"]), "in Auth0, but not of this run", ""


def write_csv(run: RunFolder, path: Path) -> int:
    """Write all of them to a new file for its owner only; returns how many.

    Raises:
        FileExistsError: there is a file already.
    """
    path.touch(mode=0o600, exist_ok=False)
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for row in rows_of(run):
            out.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row])
            written += 1
    return written
