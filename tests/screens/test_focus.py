"""Which field has the cursor can be seen in a terminal of sixteen colours too."""

from __future__ import annotations

from pathlib import Path

from rich.color import ColorSystem
from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Select

from screens.fields import Field
from screens.widgets.ticks import YesNo
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.tenant import TenantAnswers


class Fields(App[None]):
    CSS_PATH = Path(__file__).parents[2] / "screens" / "wizard.tcss"

    def compose(self) -> ComposeResult:
        yield Field(TenantAnswers, "domain")
        yield Field(TenantAnswers, "environment")
        yield Field(ConnectionAnswers, "disable_signup")


async def test_every_kind_of_field_shows_the_cursor_in_sixteen_colours() -> None:
    app = Fields()
    async with app.run_test() as pilot:
        for kind in (Input, Select, YesNo):
            control = app.query_one(kind)
            app.set_focus(None)
            without = await look(pilot, control)
            control.focus()
            assert await look(pilot, control) != without, kind


async def look(pilot: Pilot[None], control: Widget) -> list[tuple[str, int | None, bool | None]]:
    """Text, background and weight of the first characters of a control, as sixteen colours leave them."""
    await pilot.pause()
    strip = pilot.app.screen._compositor.render_strips()[control.region.y]
    part = strip.crop(control.region.x, control.region.x + 8)
    styles = [segment.style or Style() for segment in part]
    grounds = [style.bgcolor.downgrade(ColorSystem.STANDARD).number if style.bgcolor else None for style in styles]
    return list(zip([segment.text for segment in part], grounds, [style.bold for style in styles], strict=True))
