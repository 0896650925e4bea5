"""Pages one by one: errors beside the field, nothing lost on Back, drafts that survive, production that asks for more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stage import NARROW, WIDE, Rehearsal, at_rest, frame, go_on, opened, page_is, shows, until
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Button, DataTable, Input, Label, Static

from screens.app import WizardApp
from screens.drafts import Draft, Drafts
from screens.form import Form
from screens.frame import JourneyScreen
from screens.guide import Journey, State
from screens.masking import masked
from screens.steps.rules import flat, nested, origin_of, rule_of, split_transforms
from screens.widgets.draw import bar, spark
from wizard.answers import Answers
from wizard.aside import aside
from wizard.durations import between
from wizard.events import Event, RunEnded, RunStarted, RunUndone, StepFinished, StepStarted
from wizard.progress import Progress
from wizard.runs import Runs
from wizard.steps.connection import ConnectionAnswers
from wizard.steps.strategy import StrategyAnswers
from wizard.steps.tenant import TenantAnswers
from wizard.vault import Secret
from wizard.world import World


def tenant(environment: str = "practice") -> TenantAnswers:
    return TenantAnswers.model_validate(
        {
            "domain": "acme.eu.auth0.com", "client_id": "abc", "client_secret": "env:SECRET", "environment": environment,
        }
    )  # fmt: skip


async def test_what_a_thread_tells_such_as_that_the_keyring_is_waited_for_is_shown(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, NARROW) as pilot:
        await aside(lambda: app.world.tell("Waiting for the keyring"))
        await until(pilot, lambda: any("Waiting for the keyring" in note.message for note in app._notifications))


async def test_a_value_longer_than_its_field_can_be_read(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await shows(pilot, rehearsal.tenant.client_id[:24])


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_an_empty_tenant_page_says_beside_each_field_what_is_missing(
    rehearsal: Rehearsal, size: tuple[int, int]
) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("n")
        await shows(pilot, "Client ID")
        await pilot.press("ctrl+n")
        words = await shows(pilot, "✗ Is missing.", "▸ Tenant", "here", "no tenant yet")
        assert ("What will happen" in words) == (size == WIDE)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_the_first_frame_has_the_layout_of_its_size(
    rehearsal: Rehearsal, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    mounted = JourneyScreen.on_mount

    async def look(screen: JourneyScreen) -> None:
        seen.append((screen.has_class("-narrow"), screen.has_class("-wide")))
        await mounted(screen)

    monkeypatch.setattr(JourneyScreen, "on_mount", look)
    async with opened(rehearsal.app(), size):
        assert seen == [(size == NARROW, size == WIDE)]


async def test_what_was_typed_is_still_there_after_going_back(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        url = app.screen.query_one("#source #field-url Input", Input)
        url.value = "postgresql://half-typed"
        await pilot.press("escape")
        await until(pilot, lambda: app.journey.here == "tenant")
        await pilot.press("f3")
        assert app.screen.query_one("#source #field-url Input", Input).value == "postgresql://half-typed"
        await until(pilot, lambda: "PRACTICE" in frame(app))


async def test_names_of_columns_and_files_are_told_as_they_are_on_every_page(rehearsal: Rehearsal) -> None:
    store = rehearsal.practice_folder / "customers.csv"
    head, *lines = store.read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"addr[street],a[/b],{head}", *(f"x[/y],z[red],{line}" for line in lines)])
    (rehearsal.practice_folder / "users[red].csv").write_text(text, encoding="utf-8")
    app = rehearsal.app()
    async with opened(app, WIDE) as pilot:
        await go_on(pilot, "source")
        await at_rest(pilot)
        app.screen.query_one("#source #field-path Input", Input).value = "users[red].csv"
        app.screen.query_one("#source #look", Button).press()
        await shows(pilot, "addr[street]", "a[/b]", "x[/y]", "z[red]")
        await go_on(pilot, "profile")
        await at_rest(pilot)
        table = app.screen.query_one("#profile #fields", DataTable)
        for name in ("addr[street]", "a[/b]"):
            table.move_cursor(row=table.get_row_index(f"· {name}"))
            which = app.screen.query_one("#profile #which", Label)
            await until(pilot, lambda: str(which.render()).strip() == f"app_metadata.{name}")  # noqa: B023
            await pilot.press("f8")
            await shows(pilot, f"Which column feeds app_metadata.{name}?", "addr[street]", "a[/b]")
            await pilot.press("escape", "tab", "tab")
            table.focus()
        await go_on(pilot, "passwords")
        await shows(pilot, "travels as")
        app.screen.query_one("#passwords #field-column Input", Input).value = ""
        await shows(pilot, "are: addr[street], a[/b], id, email,")
        app.screen.query_one("#passwords #field-column Input", Input).value = "none[/x]"
        await pilot.press("ctrl+n")
        await shows(pilot, "none[/x]", "there are: addr[street],")


async def test_keys_that_come_faster_than_pages_turn_are_not_lost(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        for _ in range(3):
            app.screen.action_next()  # type: ignore[attr-defined]
            await until(pilot, lambda: app.journey.here != "tenant")
            app.screen.action_next()  # type: ignore[attr-defined]
        await until(pilot, lambda: app.journey.here not in ("tenant", "source"))
        await go_on(pilot, app.journey.beside(app.journey.here, 1))


class Alone(App[None]):
    """The form of the tenant and nothing else."""

    def __init__(self, given: dict[str, str] | None = None) -> None:
        super().__init__()
        self.given = given or {}

    def compose(self) -> ComposeResult:
        yield Form(TenantAnswers, self.given)


@pytest.mark.parametrize(("domain", "kept"), [("acme", []), ("acme.eu.auth0.com", ["client_secret"])])
async def test_a_typed_secret_is_kept_only_when_all_else_is_right(domain: str, kept: list[str]) -> None:
    app, names = Alone(), []
    async with app.run_test(size=WIDE) as pilot:
        form = app.query_one(Form)
        form.put({"domain": domain, "client_id": "abc"})
        form.field("client_secret").control.value = "typed, not a reference"
        await pilot.pause()
        found = await form.answer(lambda name, secret: names.append(name))
        assert (names, found is not None) == (kept, bool(kept))


async def typed(memory: dict[tuple[str, str], Secret], secret: str, given: str = "", *, times: int = 1) -> str:
    """The reference that a secret gets on a page of other answers, or of those that have this one."""
    world, domain = World(environment={}, memory=memory), "acme.eu.auth0.com"
    app = Alone({"client_secret": given} if given else {})
    async with app.run_test(size=WIDE) as pilot:
        form = app.query_one(Form)
        form.put({"domain": domain, "client_id": "abc"})
        reference = ""
        for _ in range(times):
            form.field("client_secret").control.value = secret
            await pilot.pause()
            found = await form.answer(world.keep_secret(domain), world.known_secret(domain))
            assert isinstance(found, TenantAnswers)
            reference = str(found.client_secret)
        assert reference == form.field("client_secret").value
        return reference


async def test_a_secret_of_other_answers_for_the_same_tenant_is_not_overwritten() -> None:
    memory: dict[tuple[str, str], Secret] = {}

    def kept(reference: str) -> str:
        return memory["acme.eu.auth0.com", reference.removeprefix("keyring:")].reveal()

    first = await typed(memory, "one")
    assert first == "keyring:client_secret"
    second = await typed(memory, "two", times=3)
    assert second.startswith("keyring:client_secret_")
    assert (kept(first), kept(second), len(memory)) == ("one", "two", 2)
    assert await typed(memory, "one") == first
    assert await typed(memory, "two, renewed", second) == second
    assert await typed(memory, "one, renewed", first) == first
    assert (kept(first), kept(second), len(memory)) == ("one, renewed", "two, renewed", 2)


async def test_a_secret_that_auth0_refuses_leaves_nothing_behind_in_the_keyring(rehearsal: Rehearsal) -> None:
    memory: dict[tuple[str, str], Secret] = {}
    app = WizardApp(runs=rehearsal.runs, world=replace(rehearsal.world, memory=memory), base=rehearsal.folder)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "New migration")
        await pilot.press("n")
        await until(pilot, lambda: page_is(app, "tenant"))
        form = app.screen.query_one("#tenant Form", Form)
        given = rehearsal.practice.suggested["tenant"]
        form.put({key: given[key] for key in ("domain", "client_id", "plan", "environment")})
        for wrong in ("wrong", "wrong again"):
            form.field("client_secret").control.value = wrong
            await pilot.press("ctrl+n")
            await until(pilot, lambda: wrong in [secret.reveal() for secret in memory.values()])  # noqa: B023
            await until(pilot, lambda: "✗" in str(app.screen.query_one("#tenant .trouble", Static).content))
            await at_rest(pilot)
        form.field("client_secret").control.value = rehearsal.tenant.client_secret
        await go_on(pilot, "source")
        assert {name: secret.reveal() for (_, name), secret in memory.items()} == {
            "client_secret": rehearsal.tenant.client_secret
        }


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("1.5", 1.5), ("1,500", 1500.0), ("1,234.5", 1234.5), ("1_000", 1000.0), ("12", 12.0),
        ("1,5", None), ("7,5", None), ("1,50", None), ("1500,000", None), ("1.234,5", None), ("1,,500", None),
    ],
)  # fmt: skip
async def test_a_comma_parts_thousands_and_is_never_silently_left_out(typed: str, taken: float | None) -> None:
    app = Alone()
    async with app.run_test(size=WIDE) as pilot:
        form = app.query_one(Form)
        form.put({"domain": "acme.eu.auth0.com", "client_id": "abc", "plan": "custom", "burst": 10})
        form.put({"client_secret": "env:SECRET", "requests_per_second": typed})
        await pilot.pause()
        found = await form.answer(lambda name, secret: None)
        told = str(form.field("requests_per_second").query_one(".problem", Static).content)
        if taken is None:
            assert found is None
            assert told == "✗ Must be a number. Decimals stand behind a point, such as 7.5; a comma parts thousands."
        else:
            assert isinstance(found, TenantAnswers)
            assert (found.requests_per_second, told) == (taken, "")


async def test_quitting_keeps_the_answers_and_the_place(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        await go_on(pilot, "profile")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    again = rehearsal.app(practice=False)
    async with again.run_test(size=NARROW) as pilot:
        assert "2 of 10 pages answered" in await shows(pilot, "BEGUN")
        await pilot.press("down", "down", "down", "enter")
        await shows(pilot, "▸ Profile", "● Tenant       answered")
        assert again.journey.answers == app.journey.answers


async def test_answers_that_were_begun_are_deleted_after_a_question(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await go_on(pilot, "source")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    again = rehearsal.app(practice=False)
    async with again.run_test(size=NARROW) as pilot:
        await shows(pilot, "BEGUN")
        await pilot.press("down", "d")
        await pilot.pause(0.3)
        assert "Delete these answers?" not in frame(again), "the cursor is not on them"
        await pilot.press("down", "down")
        await shows(pilot, "d Delete")
        await pilot.press("d")
        await shows(pilot, "Delete these answers?")
        await pilot.press("enter")
        await until(pilot, lambda: "Delete these answers?" not in frame(again))
        assert again.drafts.all()
        await pilot.press("d")
        await shows(pilot, "Delete these answers?")
        for name in ("left", "enter", "enter"):  # the second enter finds nothing to open
            again.post_message(events.Key(name, None))
        await until(pilot, lambda: not again.drafts.all())
        await until(pilot, lambda: "pages answered" not in frame(again) and "BEGUN" not in frame(again))


async def test_keys_that_arrive_at_once_go_where_they_would_one_by_one(rehearsal: Rehearsal) -> None:
    """As over a slow connection, which delivers several at a time."""
    app = rehearsal.app()
    async with opened(app) as pilot:
        for key in ("source", "profile", "passwords", "strategy", "connection", "applications", "prepare", "upload",
                    "verify"):  # fmt: skip
            await go_on(pilot, key)
        await at_rest(pilot)
        for name, letter in (("tab", None), ("tab", None), ("9", "9"), ("backspace", None), ("2", "2")):
            app.post_message(events.Key(name, letter))
        sampled, repaired = list(app.screen.query("#verify Input").results(Input))[:2]
        await until(pilot, lambda: repaired.value == "2")
        assert sampled.value == "20"


async def test_keys_behind_a_closing_window_do_not_close_the_page_too(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await at_rest(pilot)
        for name in ("ctrl+p", *"help", "enter", "escape"):
            app.post_message(events.Key(name, name if len(name) == 1 else None))
        await pilot.pause(1.0)
        await until(pilot, lambda: not app.is_at_keys)
        assert any(isinstance(screen, JourneyScreen) for screen in app.screen_stack), app.screen_stack


async def test_help_is_one_key_away_and_says_where_in_the_dashboard(rehearsal: Rehearsal) -> None:
    app = rehearsal.app()
    async with opened(app) as pilot:
        await pilot.press("f1")
        await shows(pilot, "Esc closes")
        await until(pilot, lambda: "machine" in frame(app).lower())


def test_a_changed_answer_marks_the_later_steps_it_touches() -> None:
    journey = Journey(Path("/nowhere"))
    journey.give("tenant", tenant())
    journey.give("strategy", StrategyAnswers())
    journey.give("connection", ConnectionAnswers(name="acme-users"))
    journey.here = "source"
    touched = journey.give("tenant", replace_domain(tenant(), "other.eu.auth0.com"))
    assert [stop.key for stop in touched] == ["connection"]
    assert journey.state("connection") is State.ATTENTION
    assert journey.state("strategy") is State.ANSWERED


def test_what_is_answered_is_done_only_when_the_run_has_carried_it_out() -> None:
    journey = Journey(Path("/nowhere"), here="run")
    journey.give("tenant", tenant())
    journey.give("strategy", StrategyAnswers())
    journey.give("connection", ConnectionAnswers(name="acme-users"))
    journey.approve("a plan")

    def states(*events: Event) -> list[State]:
        journey.progress = Progress.of([RunStarted("run-1", "bulk", resumed=False), *events])
        return [journey.state(key) for key in ("tenant", "connection")]

    past_tenant = (StepStarted("tenant"), StepFinished("tenant"), StepStarted("connection"))
    all_done = (*past_tenant, StepFinished("connection"), RunEnded())
    assert states() == [State.ANSWERED, State.ANSWERED]
    assert states(*past_tenant) == [State.DONE, State.ANSWERED]
    assert states(*all_done) == [State.DONE, State.DONE]
    assert states(*all_done, RunUndone(left=0)) == [State.ANSWERED, State.ANSWERED]
    journey.give("connection", ConnectionAnswers(name="other-users"))
    assert states(*all_done) == [State.DONE, State.ANSWERED]
    journey.approve("another plan")
    assert states(*all_done) == [State.DONE, State.DONE]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
async def test_the_list_of_steps_has_room_for_what_is_answered(rehearsal: Rehearsal, size: tuple[int, int]) -> None:
    app = rehearsal.app()
    async with opened(app, size) as pilot:
        for key in ("source", "profile", "passwords", "strategy"):
            await go_on(pilot, key)
        await at_rest(pilot)
        app.screen.query_one("#way").focus()
        await pilot.press("end", "space")
        await shows(pilot, "· Automatic phase to do")
        for key in (
            "connection",
            "applications",
            "custom_database",
            "legacy_api",
            "scripts",
            "guards",
            "trickle",
            "prepare",
        ):
            await go_on(pilot, key)
        await shows(pilot, "● Own database answered", "● Automatic pha… answered")


def replace_domain(section: TenantAnswers, domain: str) -> TenantAnswers:
    return TenantAnswers.model_validate({**section.model_dump(), "domain": domain})


def test_a_draft_survives_being_written_and_read(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    begun = {"source": {"path": "users.csv"}}
    draft = replace(drafts.new(), base=tmp_path, here="source", practice=True, begun=begun)
    draft.keep(Answers([tenant()]))
    assert [found.load() for found in drafts.all()] == [Answers([tenant()])]
    assert drafts.all()[0] == Draft(draft.folder, tmp_path, "source", True, begun)
    draft.forget()
    assert not drafts.all()


def test_without_runs_the_start_screen_still_offers_what_to_begin(tmp_path: Path) -> None:
    app = WizardApp(runs=Runs(tmp_path / "none"), base=tmp_path)
    assert app.journey.here == "tenant"


async def test_brackets_in_what_is_told_are_told(rehearsal: Rehearsal) -> None:
    app = rehearsal.app(practice=False)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shows(pilot, "New migration")
        app.screen.notify("Correct the table [profile] of the answers.")
        await pilot.pause()
        assert [note.markup for note in app._notifications] == [False]


def test_masking_keeps_the_shape_and_hides_the_person() -> None:
    assert masked({"email": "ann@example.com", "email_verified": True, "n": 42}) == {
        "email": "a••@e••••••.c••", "email_verified": True, "n": "••",
    }  # fmt: skip


def test_rules_read_back_as_they_were_typed() -> None:
    for origin, transforms in (("mail", ""), ("{a} {b}", "strip, lower"), ("=legacy", ""), ("d", 'date("%d, %m")')):
        rule = rule_of(origin, transforms, None)
        assert origin_of(rule) == origin
    assert split_transforms('replace("a", "b"), date("%d, %m")') == ['replace("a", "b")', 'date("%d, %m")']
    table = {"plan": "plan", "legacy": {"id": "id"}}
    assert nested(flat(table, "app_metadata")) == {"app_metadata": table}


def test_drawings_fill_their_width_and_ranges_read_as_words() -> None:
    assert bar(0.5, 10) == "█████░░░░░"
    assert len(spark([1, 2, 3], 8)) == 8
    assert between(120, 300) == "2 to 5 min"
    assert between(200, 205) == "about 3 min"
