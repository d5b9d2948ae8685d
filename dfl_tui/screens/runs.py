"""The runs of this home, and how each stands; enter opens one."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.run.start import Place, Summary, offline_summary, places
from core.settings.error import DflTuiError
from dfl_tui.binding import bindings
from dfl_tui.draw.line import fit
from dfl_tui.draw.number import duration, short
from dfl_tui.language import _
from dfl_tui.look import Look
from dfl_tui.model import Model
from dfl_tui.panels.listing import Listing, Row
from dfl_tui.phase import FAILED, FINISHED, PHASES, Phase
from dfl_tui.screens.list_screen import ListScreen
from dfl_tui.screens.model_screen import ModelScreen
from dfl_tui.thread import in_thread

LOOK_AGAIN_S = 5.0      # the journals are small, but there may be many, on a slow disk
Entries = tuple[tuple["Entry", ...] | None]

# Cells of name, state, iteration, losses, last sign; who is shown takes the rest.
WIDE, NARROW = (22, 16, 20, 15, 18), (13, 10, 21, 14, 16)
WIDE_ENOUGH = 110
STATES: dict[str, Phase] = {"failed": FAILED, "finished": FINISHED, **PHASES}


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as its folder tells it, or the reason why it cannot be read."""

    place: Place
    summary: Summary | None
    problem: str = ""


def read(home: Path) -> tuple[Entry, ...]:
    """Every run of the home; blocking."""
    found = []
    for place in places(home):
        try:
            found.append(Entry(place, offline_summary(place)))
        except DflTuiError as error:
            found.append(Entry(place, None, str(error)))
    return tuple(found)


def row(entry: Entry, now: float, look: Look, width: int) -> Row:
    """One run in a list of `width` cells. Pure."""
    cells = WIDE if width >= WIDE_ENOUGH else NARROW
    name = (f" {fit(entry.place.name, cells[0])}", look.strong)
    run = entry.summary
    if run is None:
        return Row(entry.place.name, (name, (f"✖ {entry.problem}", look.bad)))
    phase = STATES.get(run.state, PHASES["parked"])
    style = {"good": look.good, "calm": look.accent, "warn": look.warn, "bad": look.bad}[phase.mood]
    of = f" / {run.target_iter:,}" if run.target_iter else ""
    losses = f"{short(run.src_loss)} {short(run.dst_loss)}" \
        if run.src_loss is not None and run.dst_loss is not None else ""
    ago = duration(max(now - run.at, 0) // 10 * 10) if run.at else ""
    return Row(entry.place.name, (
        name, (f"{phase.glyph} {fit(_(phase.word), cells[1])}", style),
        (fit(f"{run.iteration:,}{of}", cells[2]), look.text), (fit(losses, cells[3]), look.pale),
        (fit(_("{time} ago").format(time=ago) if ago else "", cells[4]), look.pale),
        (_("{src} on {dst}").format(src=run.src_person, dst=run.dst_person), look.pale)))


class RunsList(Listing[Entries]):
    """The list."""

    ID = "runs"
    TITLE = "runs"
    BINDINGS = bindings("runs")

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] | None = None

    def select(self, model: Model) -> Entries:
        return (self.entries,)

    def rows(self, view: Entries, look: Look, width: int) -> list[Row]:
        if self.entries is None:
            return [Row("reading", ((" " + _("reading the runs"), look.pale),))]
        if not self.entries:
            return [Row("none", ((" " + _("there is no run here: n makes one"), look.pale),))]
        now = time.time()
        return [row(entry, now, look, width) for entry in self.entries]

    def note(self, view: Entries) -> str:
        return self.count_note("{n} run", "{n} runs") if self.entries else ""

    def action_open(self) -> None:
        """Open the run under the cursor."""
        chosen = [entry for entry in self.entries or () if self.current and entry.place.name == self.current.key]
        if chosen and isinstance(self.screen, RunsScreen):
            self.screen.dismiss(chosen[0].place)


class RunsScreen(ListScreen):
    """`R`; its result is the place of a run."""

    def __init__(self, home: Path) -> None:
        self.runs = RunsList()
        super().__init__(None, self.runs)
        self._home = home

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LOOK_AGAIN_S, self._look)
        self._look()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    def _look(self) -> None:
        self.run_worker(self._read(), exclusive=True)

    async def _read(self) -> None:
        try:
            self.runs.entries = await in_thread(partial(read, self._home))
        except DflTuiError as error:
            self.refuse(error)
        self.show_model(self.model)

    def action_back(self) -> None:
        """Back to the run that is open; without one there is nothing to go back to."""
        if isinstance(self.app.screen_stack[-2], ModelScreen):
            super().action_back()
