"""How the start screen lists a run."""

from pathlib import Path

import pytest

from screens.start import Known, run_entry
from wizard.events import Event, RunStarted, RunUndone, StepStarted
from wizard.progress import Progress
from wizard.runs import RunFolder


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (StepStarted("custom_database"), "acme · automatic · custom database · ◌ can go on"),
        (RunUndone(0), "acme · automatic · ◌ undone"),
    ],
)
def test_a_run_is_told_by_where_it_goes_and_how_far_it_has_come(last: Event, line: str, tmp_path: Path) -> None:
    progress = Progress.of([RunStarted("r", "automatic", resumed=False), StepStarted("connection"), last])
    entry = run_entry(Known(RunFolder(tmp_path), progress, "acme", held=False))
    assert entry.plain.splitlines()[0] == line
