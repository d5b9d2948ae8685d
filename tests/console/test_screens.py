"""The console as people see it: lines of the screen at both sizes, keys, dialogs, refusals."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from textual.pilot import Pilot

from core.events.act import (
    GrowRun,
    LockBlocks,
    MakeBackup,
    PauseRun,
    RollBack,
    SetValues,
    StopRun,
    UndoLast,
    WithdrawAct,
)
from core.events.event import Change, Event, SettingsChanged
from core.events.fold import fold
from core.faces.demo import demo_folder
from core.run.start import Place, find
from core.store.folder import RunFolder
from core.store.journal import JournalWriter
from dfl_tui.app import Parting
from dfl_tui.making import make
from dfl_tui.program import Program
from tests.console.recorded import Recorded, born_events, serving

PATIENCE_S = 60.0
WIDE, SMALL = (120, 40), (80, 24)

pytestmark = pytest.mark.slow


def lines(app: Program) -> list[str]:
    """The screen's lines as text."""
    return ["".join(segment.text for segment in strip).rstrip()
            for strip in app.screen._compositor.render_strips()]


async def shows(pilot: Pilot[Parting], *texts: str, gone: str = "") -> str:
    """Wait until all of `texts` are on screen (and `gone` is not); the whole screen."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        screen = "\n".join(lines(pilot.app))
        if all(text in screen for text in texts) and not (gone and gone in screen):
            return screen
        assert time.monotonic() < deadline, f"{texts} is not on screen:\n{screen}"
        await pilot.pause(0.02)


async def until(pilot: Pilot[Parting], condition: Callable[[], bool]) -> None:
    """Wait until `condition`."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "\n".join(lines(pilot.app))
        await pilot.pause(0.02)


@asynccontextmanager
async def console(folder: Path, size: tuple[int, int] = WIDE, *,
                  notifications: bool = False) -> AsyncIterator[tuple[Recorded, Pilot[Parting]]]:
    """A console on a recorded run that stands still, with all its panels."""
    async with serving(folder, speed=0.0) as run:
        app = Program(folder, Place("anna-on-bo", folder))
        async with app.run_test(size=size, notifications=notifications) as pilot:
            await shows(pilot, "swap", "src ━")
            yield run, pilot


def toasts(app: Program) -> list[str]:
    return [str(note.message) for note in app._notifications]


def case(test):
    """Run a coroutine test on a loop of its own."""
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))
    run.__name__ = test.__name__
    return run


@case
async def test_everything_is_on_one_screen_at_120x40(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        screen = await shows(pilot, "1 stages", "2 locks", "3 loss", "4 previews", "5 series", "6 events", "CPU 93%")
        for text in ("anna-on-bo   ▶ training   3,512 of 20,000", "nobody steers", "● inter_b", "3 of 20 locked",
                     "◌ 12,000", "rate", "it/s", "▲", "q detach"):
            assert text in screen
        assert "…" not in lines(pilot.app)[2]


@case
async def test_at_80x24_chart_one_tile_sparklines_and_events_are_seen_at_once(tmp_path):
    async with console(tmp_path, SMALL) as (_run, pilot):
        screen = await shows(pilot, "src ━", "swap", "masks", "it/s", "6 events", "CPU", "1-7 panels")
        assert all(len(line) <= 80 for line in screen.splitlines())
        await pilot.press("2")
        await shows(pilot, "[2 locks]", "● inter_b", gone="6 events ─")
        await pilot.press("2")
        await shows(pilot, "esc back", gone="[2 locks]")
        await pilot.press("escape", "escape")
        await shows(pilot, "6 events ─", gone="[2 locks]")


@case
async def test_a_terminal_that_is_too_small_says_so(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.resize_terminal(60, 20)
        await shows(pilot, "60x20, too small", "80x24", gone="3 loss")
        await pilot.resize_terminal(200, 60)
        await shows(pilot, "3 loss", "CPU 93%")


@case
async def test_a_digit_focuses_the_same_digit_zooms_and_escape_comes_back(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.press("6")
        await shows(pilot, "▌6 events")
        await pilot.press("6")
        await shows(pilot, "▌6 events", gone="3 loss")
        await pilot.press("escape")
        await shows(pilot, "3 loss", "▌6 events")
        await pilot.press("shift+tab", "shift+tab")
        await shows(pilot, "▌4 previews", " 6 events")


@case
async def test_space_locks_a_part_and_u_says_what_it_takes_back(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("2", "space")
        await shows(pilot, "● encoder", "8/20", "you steer")
        assert run.commands == [LockBlocks("encoder.*")]
        await pilot.press("u")
        await shows(pilot, "○ encoder", "taken back (event 8)")
        assert toasts(pilot.app)[-1] == "Taken back: locked encoder.* (5 blocks) (of iteration 3,512)."
        assert isinstance(run.commands[-1], UndoLast)


@case
async def test_the_tree_unfolds_and_filters(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.press("2", "2", "j", "j", "l")
        await shows(pilot, "▾ ● inter_b", "● dense1", "anna since 2,400")
        await pilot.press("h")
        await shows(pilot, "▸ ● inter_b", gone="● dense1")
        await pilot.press("slash", *"upscale0", "enter")
        await shows(pilot, "only upscale0: ", "upscale0", gone="inter_ab")
        await pilot.press("escape")
        await shows(pilot, "inter_ab")


@case
async def test_a_refusal_is_a_toast_with_its_hint(tmp_path):
    async with console(tmp_path) as (run, pilot):
        run.refuse = "the disk is full: 12.3 MB are missing"
        await pilot.press("s")
        await until(pilot, lambda: bool(toasts(pilot.app)))
        assert toasts(pilot.app) == ["the disk is full: 12.3 MB are missing\ntry something else"]


@pytest.mark.parametrize("size", [WIDE, (80, 24)], ids=["120x40", "80x24"])
def test_a_toast_is_whole_and_does_not_lie_over_the_newest_events(size, tmp_path):
    async def steps():
        async with console(tmp_path, size, notifications=True) as (run, pilot):
            run.refuse = "the disk is full: 12.3 MB are missing for the next save of this run"
            await pilot.press("s")
            await shows(pilot, "the disk is full", "try something else", "6 events", "src ━")
            (toast,), (events,) = pilot.app.screen.query("Toast"), pilot.app.screen.query("#events")
            assert toast.region.area
            assert not toast.region.overlaps(events.region)
            assert "the disk is full" not in "".join(lines(pilot.app)[:6])      # verdict, header, tabs, losses
    asyncio.run(steps())


@case
async def test_stop_asks_and_only_y_agrees(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("S")
        await shows(pilot, "Stop anna-on-bo?", "saved at iteration 3,512", "y save and stop")
        await pilot.press("enter", "escape")
        await shows(pilot, "3 loss", gone="Stop anna-on-bo?")
        assert run.commands == []
        await pilot.press("S", "y")
        await shows(pilot, "■ stopped", "Stopped at 3,512, saved")
        assert run.commands == [StopRun()]


@case
async def test_growing_says_what_it_costs_and_only_y_agrees(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("O")
        await shows(pilot, "Grow to ", "times the work", "while the old blocks are locked", "y grow")
        await pilot.press("escape")
        await shows(pilot, "3 loss", gone="Grow to ")
        assert run.commands == []
        await pilot.press("O", "y")
        await until(pilot, lambda: run.commands == [GrowRun()])


@case
async def test_a_backup_asks_for_its_name(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("b", "enter")
        await shows(pilot, "nothing was typed")
        await pilot.press(*"good", "enter")
        await until(pilot, lambda: run.commands == [MakeBackup("good")])


@case
async def test_settings_are_switched_edited_and_set_for_an_iteration(tmp_path):
    async with console(tmp_path, SMALL) as (run, pilot):
        await pilot.press("e")
        await shows(pilot, "▌  batch_size", "Faces of each person", "Cost: Memory and time")
        await pilot.press("j", "space")
        await until(pilot, lambda: run.commands[-1:] == [SetValues({"random_warp": False})])
        await pilot.press("k", "enter")
        await shows(pilot, "at iteration (empty: now")
        await pilot.press(*"900")
        await shows(pilot, "│   900 ")                    # what is typed is seen
        await pilot.press("enter")
        await shows(pilot, "900 is out of range")
        await pilot.press(*["backspace"] * 3, *"16", "tab", *"9000", "enter")
        await shows(pilot, "▌  batch_size", gone="at iteration (empty")
        await until(pilot, lambda: run.commands[-1:] == [SetValues({"batch_size": 16})])
        assert run.events[-1].body.at == 9_000


@case
async def test_going_back_to_a_save_says_how_many_iterations_that_gives_up(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("a")
        await shows(pilot, "3,360", "before-warp-off")
        await pilot.press("j", "j", "B")
        await shows(pilot, "Go back to save 7?", "gives up 152 iterations")
        await pilot.press("y")
        await until(pilot, lambda: run.commands == [RollBack(7)])
        await pilot.press("escape")
        await shows(pilot, "life 1", "~ lr 5e-05", "back to generation 7")


@case
async def test_the_event_log_and_the_chart_reach_the_whole_journal(tmp_path):
    async with serving(tmp_path, speed=0.0) as run:
        first = run.events[:3]
        many = [Event(n, 2 * n, 0, 1_700_000_000.0, "person:bo@box", SettingsChanged([Change("lr", 5e-5, 1e-4)]))
                for n in range(4, 1_204)]
        run.events[:] = [*first, *many]
        run.state = fold(run.events)
        app = Program(tmp_path, Place("anna-on-bo", tmp_path))
        async with app.run_test(size=WIDE) as pilot:
            await shows(pilot, "1,203 events", "src ━")
            await pilot.press("6", "g")
            await shows(pilot, "run anna-on-bo was made: Anna on Bo")
            await pilot.press("j", "j", "j", "enter")
            await shows(pilot, "Event 4", "lr 5e-05 -> 0.0001", "Iteration 8, life 0, 2023-11-1", "by bo@box")
            await pilot.press("escape", "3", "home", "right_curly_bracket")
            await shows(pilot, "▌3 loss", "◆ 8: lr 5e-05")


@case
async def test_one_picture_takes_the_whole_screen_and_escape_gives_it_back(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.press("4", "enter")
        await shows(pilot, "▌4 previews", "face 1 of 8", gone="3 loss")
        await pilot.press("comma")
        await shows(pilot, "swap at 3,200", "swap at 3,400", "3,200 beside 3,400")
        await pilot.press("escape")
        await shows(pilot, "3 loss", "swap at 3,200")
        await pilot.press("escape")
        await shows(pilot, "dst'", gone="swap at")


@case
async def test_an_act_that_waits_can_be_withdrawn(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("1", "G", "x")
        await until(pilot, lambda: run.commands == [WithdrawAct(6)])
        await shows(pilot, "1 stages", gone="◌ 12,000")


@case
async def test_help_shows_the_keys_of_the_focused_panel_first(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.press("2", "question_mark")
        screen = await shows(pilot, "Lock or open the part", "Save now.")
        assert screen.index("Lock or open") < screen.index("Save now.")
        await pilot.press("escape")
        await shows(pilot, "3 loss")


@case
async def test_the_palette_finds_keys_and_settings(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("colon", *"stand still")
        await shows(pilot, "Let the run stand still")
        await pilot.press("enter")
        await until(pilot, lambda: run.commands == [PauseRun()])
        await pilot.press("ctrl+p", *"set mouth")
        await shows(pilot, "Set mouth_prio")
        await pilot.press("enter")
        await shows(pilot, "The same for the mouth", "at iteration (empty")
        await pilot.press(*"true", "enter")
        await until(pilot, lambda: run.commands[-1:] == [SetValues({"mouth_prio": True})])


@case
async def test_the_logs_are_read(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        await pilot.press("L")
        await shows(pilot, "trainer line=59", "120 lines")
        await pilot.press("escape")
        await shows(pilot, "3 loss")


@case
async def test_a_second_console_sees_who_steers_and_can_take_over(tmp_path):
    async with console(tmp_path) as (run, pilot):
        other = Program(tmp_path, Place("anna-on-bo", tmp_path))
        await pilot.press("w")
        await shows(pilot, "you steer")
        async with other.run_test(size=WIDE) as second:
            await shows(second, "steers, you watch", "warp       off")
            await second.press("p")
            await until(second, lambda: any("somebody else steers" in text for text in toasts(other)))
            await second.press("t")
            await shows(second, "you steer")
        assert run.driver == 2


@case
async def test_a_supervisor_that_is_gone_is_said_and_found_again(tmp_path):
    async with serving(tmp_path, speed=0.0):
        app = Program(tmp_path, Place("anna-on-bo", tmp_path))
        manager = app.run_test(size=WIDE)
        pilot = await manager.__aenter__()
        await shows(pilot, "nobody steers", "▶ training")
    await shows(pilot, "The supervisor is gone: reconnecting; the training goes on.")
    async with serving(tmp_path, speed=0.0):
        await shows(pilot, "All is well", "▶ training")
        await manager.__aexit__(None, None, None)


@case
async def test_an_idle_console_draws_nothing(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        drawn = 0

        def count(*_arguments: object) -> None:
            nonlocal drawn
            drawn += 1

        await pilot.pause(1.5)
        for panel in pilot.app.screen.query("Panel"):
            panel.refresh = count
        await pilot.pause(2.2)
        assert drawn == 0


@case
async def test_a_run_is_made_in_the_form_from_real_faces(tmp_path):
    app = Program(tmp_path, None)
    async with app.run_test(size=WIDE) as pilot:
        await shows(pilot, "there is no run here: n makes one")
        await pilot.press("n")
        await shows(pilot, "the run has no name")
        form = app.screen.form
        values = {"name": "made", "src.folder": str(demo_folder() / "src"), "src.ground": "synthetic",
                  "dst.folder": str(tmp_path), "dst.ground": "synthetic"}
        for key, value in values.items():
            app.screen.put(key, value)
        await shows(pilot, "complete")
        form.go_to("check")
        await pilot.press("enter")
        await shows(pilot, "holds no usable face")
        form.go_to("dst.folder")
        await pilot.press("enter")
        await pilot.press("ctrl+a", *["delete"] * 3)
        await pilot.press("escape")
        app.screen.put("dst.folder", str(demo_folder() / "dst"))
        form.go_to("check")
        await pilot.press("enter")
        await shows(pilot, "src: 96 faces (96 whole_face)", "dst: 96 faces")
        place = await asyncio.to_thread(make, form.draft, tmp_path, lambda _sentence: None)
        await pilot.press("escape")
        await shows(pilot, "Throw the form away?", "5 fields that you filled in are lost.")
        await pilot.press("y")
        await shows(pilot, "made", "synthetic on synthetic")
        assert find(tmp_path, "made") == place


@case
async def test_another_run_is_picked_from_the_list_and_escape_comes_back_without(_tmp_path):
    home = Path(mkdtemp(prefix="h-"))       # tmp_path can be too long for a socket in it
    folder = home / "runs" / "anna-on-bo"
    folder.mkdir(parents=True)
    journal = JournalWriter(folder / "journal.jsonl")
    for event in born_events(0.0):
        journal.append(event)
    journal.close()
    # the lock says that the run has its supervisor: on a slow machine another would be started beside it
    with RunFolder(folder).lock_run():
        async with serving(folder, speed=0.0):
            app = Program(home, Place("anna-on-bo", folder))
            async with app.run_test(size=WIDE) as pilot:
                await shows(pilot, "swap", "src ━")
                await pilot.press("R")
                await shows(pilot, "anna-on-bo", "Anna on Bo", "1 run")
                await pilot.press("escape")
                await shows(pilot, "3 loss")
                await pilot.press("R")
                await shows(pilot, "Anna on Bo")
                await pilot.press("enter")
                await shows(pilot, "3 loss", "▶ training", "swap", gone="▌runs")
                await pilot.press("R", "escape", "2")
                await shows(pilot, "▌2 locks")
    rmtree(home)


@case
async def test_q_says_that_the_training_goes_on(tmp_path):
    async with console(tmp_path) as (run, pilot):
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_value is not None)
        assert pilot.app.return_value.sentence == ("detached: the training goes on; dfl-tui attach anna-on-bo "
                                                   "comes back")
        assert run.commands == []           # nothing was asked of the run, and above all no stop


@case
async def test_a_panel_that_cannot_be_drawn_says_so_and_the_others_live(tmp_path):
    async with console(tmp_path) as (_run, pilot):
        panel = pilot.app.screen.query_one("#locks")

        def fail(*_arguments: object) -> None:
            raise ValueError("a wrong number")

        panel.draw = fail
        panel.redraw()
        await shows(pilot, "this panel cannot be drawn: a wrong n", "3 loss")


@case
async def test_pictures_follow_the_colours_of_the_terminal(tmp_path):
    async with serving(tmp_path, speed=0.0):
        app = Program(tmp_path, Place("anna-on-bo", tmp_path), picture_mode="ascii")
        async with app.run_test(size=WIDE) as pilot:
            await shows(pilot, "swap", "@@@")
            await pilot.press("c")
            await shows(pilot, "▀▀▀", gone="@@@")
